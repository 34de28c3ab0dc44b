internal import Failpoints
internal import Glibc

/// A file being written: unnamed in the directory it is meant for, or under a unique name in a `tmp` folder where the
/// file system cannot do that. Dropped before it is linked, it leaves nothing behind.
struct Scratch: ~Copyable, Sendable {
  /// -1 once closed.
  private var raw: Int32
  private let directory: Directory
  /// The place of its temporary name; nil while it is unnamed and after it got its final name.
  private var temporary: Place?

  struct Place: Sendable {
    var folder: Directory
    var name: String
  }

  /// - Parameter temporary: where a temporary name goes when one is needed, on the same volume; nil for `.tmp` inside
  ///   `directory`.
  static func open(in directory: Directory, temporary: Directory?) throws(FileFailure) -> Scratch {
    if let unnamed = try unnamedFile(in: directory) {
      return Scratch(raw: unnamed, directory: directory, temporary: nil)
    }
    let folder = if let temporary { temporary } else { try Self.folder(of: directory) }
    let place = Place(folder: folder, name: uniqueName())
    let file = try newFile(place.name, in: folder, O_WRONLY)
    let scratch = Scratch(raw: file.release(), directory: directory, temporary: place)
    failpoint("files.temporary-made")
    try scratch.claim()
    return scratch
  }

  /// The descriptor of a file without a name; nil where there cannot be one that gets a name later.
  private static func unnamedFile(in directory: Directory) throws(FileFailure) -> Int32? {
    guard Kernel.canNameUnnamedFiles else { return nil }
    do throws(FileFailure) {
      return try Kernel.openat(directory.raw, ".", O_WRONLY | Kernel.unnamedFile, mode: 0o600).release()
    } catch {
      if cannotBeUnnamed(error) { return nil }
      throw error
    }
  }

  static func newFile(_ name: String, in folder: Directory, _ access: Int32) throws(FileFailure) -> Descriptor {
    try Kernel.openat(folder.raw, name, access | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
  }

  /// The file system or the kernel does not know unnamed files: these are the answers the manual page lists, and EINVAL
  /// from some network file systems. Where the true cause is another, the named file meets it too.
  static func cannotBeUnnamed(_ failure: FileFailure) -> Bool {
    failure.isError(EOPNOTSUPP, EISDIR, ENOENT, EINVAL, ENOSYS)
  }

  /// Locks a file that has a temporary name as long as we live, so that ``Directory/removeLeftovers()`` can tell it
  /// from a dead process's. A file system without locks has no leftovers removed either.
  private func claim() throws(FileFailure) {
    do throws(FileFailure) {
      try Kernel.lock(raw)
    } catch {
      if error.isError(EWOULDBLOCK) { throw error }
    }
  }

  static let namePrefix = ".songhan-"
  static let nameSuffix = ".part"

  static func uniqueName() -> String {
    let number = String(UInt64.random(in: .min ... .max), radix: 16)
    return namePrefix + String(repeating: "0", count: 16 - number.count) + number + nameSuffix
  }

  static func folder(of directory: Directory) throws(FileFailure) -> Directory {
    try Directory(text: folderName, in: directory, creating: true)
  }

  static let folderName = ".tmp"

  func write(_ bytes: Span<UInt8>) throws(FileFailure) {
    try Kernel.write(raw, bytes)
  }

  func setMode(_ mode: UInt32) throws(FileFailure) {
    // The umask of a hardened process would take away what `openat` was asked for.
    if mode != 0o600 { try Kernel.fchmod(raw, mode) }
  }

  /// Makes content and mode durable. Called once: after a failure the file is given up.
  func sync(mode: UInt32) throws(FileFailure) {
    try setMode(mode)
    try Kernel.fsync(raw)
    failpoint("files.synced")
  }

  /// Gives it its final name; false when the name is taken.
  mutating func link(as name: FileName) throws(FileFailure) -> Bool {
    do throws(FileFailure) {
      guard let place = temporary else {
        try Kernel.link(raw, to: directory.raw, name.text)
        return true
      }
      do throws(FileFailure) {
        try Kernel.renameNoReplace(place.folder.raw, place.name, to: directory.raw, name.text)
        temporary = nil
      } catch {
        guard error.isError(EINVAL, ENOSYS) else { throw error }
        // The temporary name is left to `deinit`, or after a crash to `removeLeftovers`.
        try Kernel.link(place.folder.raw, place.name, to: directory.raw, name.text)
      }
    } catch {
      if error.isError(EEXIST) { return false }
      throw error
    }
    return true
  }

  /// Gives it its final name, whatever had that name before.
  mutating func replace(_ name: FileName) throws(FileFailure) {
    if temporary == nil {
      let place = Place(folder: directory, name: Self.uniqueName())
      try claim()
      try Kernel.link(raw, to: directory.raw, place.name)
      temporary = place
      failpoint("files.temporary-named")
    }
    guard let place = temporary else { return }
    try Kernel.rename(place.folder.raw, place.name, to: directory.raw, name.text)
    temporary = nil
  }

  mutating func close() throws(FileFailure) {
    let raw = self.raw
    self.raw = -1
    try Kernel.close(raw)
  }

  deinit {
    if let temporary { try? Kernel.unlink(temporary.folder.raw, temporary.name) }
    if raw >= 0 { try? Kernel.close(raw) }
  }
}

extension Directory {
  /// Removes temporary names that a process left which was killed or lost power while it wrote here; how many. Those of
  /// living processes are locked and stay.
  package func removeLeftovers() throws(FileFailure) -> Int {
    var count = try removeOwnLeftovers()
    do throws(FileFailure) {
      count += try Directory(text: Scratch.folderName, in: self, creating: false).removeOwnLeftovers()
    } catch {
      guard error.isError(ENOENT) else { throw error }
    }
    return count
  }

  /// As ``removeLeftovers()``, in each folder that stands in this one.
  package func removeLeftoversOfFolders() throws(FileFailure) -> Int {
    var count = 0
    for bytes in try names() {
      guard let name = try? FileName(bytes), case .directory? = try entry(name)?.kind else { continue }
      count += try Directory(name, in: self).removeLeftovers()
    }
    return count
  }

  private func removeOwnLeftovers() throws(FileFailure) -> Int {
    var count = 0
    for bytes in try names() {
      let name = String(decoding: bytes, as: UTF8.self)
      guard name.hasPrefix(Scratch.namePrefix), name.hasSuffix(Scratch.nameSuffix) else { continue }
      do throws(FileFailure) {
        let file = try Kernel.openat(raw, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        try Kernel.lock(file.raw)
        try Kernel.unlink(raw, name)
        failpoint("files.leftover-removed")
        count += 1
      } catch {
        guard error.isError(ENOENT, EWOULDBLOCK, ENOLCK, EOPNOTSUPP, ENOSYS) else { throw error }
      }
    }
    return count
  }
}
