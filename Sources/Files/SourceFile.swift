internal import Crypto
internal import Failpoints
internal import Glibc

/// A delivered file, opened without following links and without waiting, and found to be an ordinary one.
package struct SourceFile: ~Copyable, Sendable {
  /// The largest file taken in, as it is delivered.
  package static let sizeLimit = 2 << 30

  /// Files are read in pieces of this many bytes.
  static let pieceSize = 256 << 10

  private let descriptor: Descriptor
  /// As it was when the file was opened.
  package let stamp: Stamp

  /// - Parameter owners: the accounts that may deliver; nil when any may.
  /// - Throws: ``FileFailure/refused(_:)`` when the file is not one we take in.
  package init(
    _ name: FileName, in directory: Directory, owners: Set<UInt32>?, sizeLimit: Int = Self.sizeLimit
  ) throws(FileFailure) {
    try self.init(name, in: directory, owners: owners, sizeLimit: sizeLimit, isOurs: false)
  }

  /// A file that we wrote: of any size, and with a second name when a crash left the temporary one.
  init(ours name: FileName, in directory: Directory) throws(FileFailure) {
    try self.init(name, in: directory, owners: nil, sizeLimit: .max, isOurs: true)
  }

  private init(
    _ name: FileName, in directory: Directory, owners: Set<UInt32>?, sizeLimit: Int, isOurs: Bool
  ) throws(FileFailure) {
    let opened: Descriptor
    do throws(FileFailure) {
      opened = try Kernel.openat(directory.raw, name.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch {
      switch error {
      case .kernel(_, ENOENT): throw .refused(.gone)
      case .kernel(_, ELOOP): throw .refused(.symbolicLink)
      case .kernel(_, ENXIO), .kernel(_, ENODEV): throw .refused(.notRegular)
      case .kernel(_, EACCES), .kernel(_, EPERM): throw .refused(.unreadable)
      default: throw error
      }
    }
    let entry = try Entry(Kernel.fstat(opened.raw))
    guard entry.kind == .file else { throw .refused(.notRegular) }
    guard entry.linkCount > 0 else { throw .refused(.gone) }
    guard entry.linkCount == 1 || isOurs else { throw .refused(.hardLinked) }
    if let owners, !owners.contains(entry.owner) { throw .refused(.foreignOwner) }
    guard entry.stamp.sizeInBytes <= sizeLimit else { throw .refused(.tooLarge) }
    descriptor = opened
    stamp = entry.stamp
  }

  /// Whether the open file still is in the state of `earlier`.
  package func isUnchanged(since earlier: Stamp) throws(FileFailure) -> Bool {
    try Stamp(Kernel.fstat(descriptor.raw)) == earlier
  }

  /// Hands over the whole content in order, a piece at a time, and throws `changedWhileReading` unless the file was
  /// left alone meanwhile.
  ///
  /// A write inside the same tick of the kernel's clock as an earlier one (4 ms at worst) that keeps the size is not
  /// seen: intake has to leave alone what was modified a moment ago.
  package func forEachPiece(_ body: (Span<UInt8>) throws(FileFailure) -> Void) throws(FileFailure) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 16)
    defer { unsafe buffer.deallocate() }
    var offset = 0
    while true {
      let count = try unsafe Kernel.read(descriptor.raw, into: buffer, at: offset)
      offset += count
      // A file that grows is given up at once, not followed to its end.
      guard offset <= stamp.sizeInBytes else { throw .refused(.changedWhileReading) }
      if count > 0 { try unsafe body(Span(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]))) }
      if count < buffer.count { break }
    }
    failpoint("files.source-read")
    guard offset == stamp.sizeInBytes, try isUnchanged(since: stamp) else { throw .refused(.changedWhileReading) }
  }

  /// The SHA-256 of the whole content, in memory that does not depend on its size.
  package func contentHash() throws(FileFailure) -> ContentHash {
    var hasher = SHA256()
    try forEachPiece { (piece) throws(FileFailure) in hasher.update(piece) }
    return ContentHash(hasher.finalize())
  }

  /// The whole content at once: for small files.
  package func content() throws(FileFailure) -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(stamp.sizeInBytes)
    try forEachPiece { (piece) throws(FileFailure) in
      unsafe piece.withUnsafeBufferPointer { unsafe content.append(contentsOf: $0) }
    }
    return content
  }
}
