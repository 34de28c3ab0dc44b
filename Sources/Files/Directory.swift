internal import Failpoints
internal import Glibc

/// An open directory. Files in it are reached by one name from its descriptor, so nobody can swap a folder on the way.
package final class Directory: Sendable {
  private let descriptor: Descriptor
  var raw: Int32 { descriptor.raw }

  /// Opens a directory; links on the way are followed, the last component may not be one.
  ///
  /// - Parameter creating: makes the last component with mode 0700 when it is missing.
  package init(path: String, creating: Bool = false) throws(FileFailure) {
    var path = Substring(path)
    // With a slash at its end O_NOFOLLOW would not keep the kernel from following the link before it.
    while path.count > 1, path.last == "/" { path.removeLast() }
    // The calls below would stop at the zero byte and make or open another directory.
    guard !path.utf8.contains(0) else { throw .kernel(.openat, EINVAL) }
    if creating { try Self.create(path) }
    descriptor = try Self.open(String(path), in: Kernel.currentDirectory)
  }

  package convenience init(_ name: FileName, in parent: Directory, creating: Bool = false) throws(FileFailure) {
    try self.init(text: name.text, in: parent, creating: creating)
  }

  /// For names of ours that start with a dot.
  init(text: String, in parent: Directory, creating: Bool) throws(FileFailure) {
    if creating { try Self.create(text, in: parent) }
    descriptor = try Self.open(text, in: parent.raw)
  }

  private static func open(_ path: String, in parent: Int32) throws(FileFailure) -> Descriptor {
    try Kernel.openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  }

  private static func create(_ path: Substring) throws(FileFailure) {
    guard let slash = path.lastIndex(of: "/") else {
      return try create(String(path), in: Directory(path: "."))
    }
    let name = path[path.index(after: slash)...]
    guard !name.isEmpty else { return }
    // "/" when that is all there is; links are followed here, as everywhere before the last component.
    let parent = try Kernel.openat(Kernel.currentDirectory, String(path[...slash]), O_RDONLY | O_DIRECTORY)
    try create(String(name), in: Directory(parent))
  }

  private static func create(_ name: String, in parent: Directory) throws(FileFailure) {
    do throws(FileFailure) {
      try Kernel.mkdir(parent.raw, name, mode: 0o700)
    } catch {
      guard error.isError(EEXIST) else { throw error }
    }
    failpoint("files.directory-made")
    // Also when it was there: an earlier run may have been stopped before this line.
    try parent.sync()
  }

  private init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  /// The names in it, sorted by their bytes, without `.` and `..`. They are bytes: nothing says that they are text.
  ///
  /// - Parameter limit: stops after so many, which ones is then up to the file system.
  package func names(limit: Int = .max) throws(FileFailure) -> [[UInt8]] {
    try Kernel.names(raw, limit: limit).sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// What `name` refers to; nil when there is nothing of that name.
  package func entry(_ name: FileName) throws(FileFailure) -> Entry? {
    try Kernel.fstatat(raw, name.text).map { Entry($0) }
  }

  /// The directory itself: its owner and mode.
  package func entry() throws(FileFailure) -> Entry {
    try Entry(Kernel.fstat(raw))
  }

  /// Makes the names in it durable.
  /// Sets who may pass and look.
  package func setMode(_ mode: UInt32) throws(FileFailure) {
    try Kernel.fchmod(raw, mode)
  }

  package func sync() throws(FileFailure) {
    try Kernel.fsync(raw)
  }

  /// What is left on the volume for an account without privileges, and how large the volume is.
  package func space() throws(FileFailure) -> Space {
    let status = try Kernel.fstatvfs(raw)
    return Space(
      available: Self.bytes(UInt64(status.f_bavail), of: UInt64(status.f_frsize)),
      total: Self.bytes(UInt64(status.f_blocks), of: UInt64(status.f_frsize)))
  }

  private static func bytes(_ count: UInt64, of size: UInt64) -> Int {
    let (product, hasOverflowed) = count.multipliedReportingOverflow(by: size)
    return hasOverflowed ? .max : Int(clamping: product)
  }

  /// In bytes.
  package struct Space: Sendable, Hashable {
    package var available: Int
    package var total: Int
  }

  /// Removes a file's name for good; false when there was none.
  package func removeDurably(_ name: FileName) throws(FileFailure) -> Bool {
    var isThere = true
    do throws(FileFailure) {
      try Kernel.unlink(raw, name.text)
    } catch {
      guard error.isError(ENOENT) else { throw error }
      isThere = false
    }
    failpoint("files.removed")
    // Also when it was gone: an earlier run may have been stopped before this line.
    try sync()
    return isThere
  }
}
