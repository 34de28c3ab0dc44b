internal import Crypto
internal import Failpoints
internal import Glibc

/// Writes one file that is there whole and durable, or not at all.
///
/// The steps: unnamed file in the target directory, write, fsync, link, close, fsync of the directory. Dropped without
/// ``commit(as:)`` or ``commit(replacing:)``, it leaves nothing behind. After a failure the file is given up: begin
/// again from the source. Bytes are buffered up to 256 KiB.
package struct DurableWriter: ~Copyable, Sendable {
  /// What became of a file that is never changed once it is there.
  package enum Outcome: Sendable, Hashable {
    case written
    /// A file of that name was there, with the same bytes; it is durable now.
    case alreadyThere
    /// A file of that name was there, with other bytes; it was left alone.
    case conflict
  }

  private let directory: Directory
  private let mode: UInt32
  private var scratch: Scratch
  private var pending: [UInt8] = []
  private var hasher = SHA256()
  private var failure: FileFailure?
  package private(set) var sizeInBytes = 0

  /// - Parameters:
  ///   - temporary: a folder on the same volume for the temporary name that some file systems need; nil for `.tmp`
  /// inside `directory`.
  ///   - mode: the permission bits, whatever the umask.
  package init(in directory: Directory, mode: UInt32 = 0o600, temporary: Directory? = nil) throws(FileFailure) {
    self.directory = directory
    self.mode = mode
    scratch = try Scratch.open(in: directory, temporary: temporary)
  }

  /// The hash of everything appended so far; costs one block of SHA-256 and may be asked for before naming the file by
  /// it.
  package var contentHash: ContentHash { ContentHash(hasher.finalize()) }

  package mutating func append(_ bytes: Span<UInt8>) throws(FileFailure) {
    if let failure { throw failure }
    hasher.update(bytes)
    sizeInBytes += bytes.count
    if pending.count + bytes.count <= SourceFile.pieceSize {
      unsafe bytes.withUnsafeBufferPointer { unsafe pending.append(contentsOf: $0) }
      return
    }
    try flush()
    if bytes.count > SourceFile.pieceSize / 2 {
      try write(bytes)
    } else {
      unsafe bytes.withUnsafeBufferPointer { unsafe pending.append(contentsOf: $0) }
    }
  }

  private mutating func flush() throws(FileFailure) {
    let full = pending
    pending = []
    if !full.isEmpty { try write(full.span) }
    pending = consume full
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func write(_ bytes: Span<UInt8>) throws(FileFailure) {
    do throws(FileFailure) {
      try scratch.write(bytes)
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func sync() throws(FileFailure) {
    if let failure { throw failure }
    try flush()
    failpoint("files.written")
    try scratch.sync(mode: mode)
  }

  /// Gives a file that will never change its name. Returns when it is durable, unless the outcome is `conflict`.
  package consuming func commit(as name: FileName) throws(FileFailure) -> Outcome {
    try sync()
    guard try scratch.link(as: name) else {
      guard try directory.holds(name, sizeInBytes, contentHash) else { return .conflict }
      // Whoever wrote it may not have come as far as this.
      try directory.sync()
      failpoint("files.already-there")
      return .alreadyThere
    }
    failpoint("files.linked")
    try scratch.close()
    try directory.sync()
    failpoint("files.durable")
    return .written
  }

  /// Gives a file that does change its name, in place of the one that had it: readers see the old one or the new one,
  /// whole.
  package consuming func commit(replacing name: FileName) throws(FileFailure) {
    try sync()
    try scratch.replace(name)
    failpoint("files.replaced")
    try scratch.close()
    try directory.sync()
    failpoint("files.replaced-durably")
  }

  /// Gives a file that tells the present and is worth nothing after a power cut: readers see the old one or the new one, whole, and nobody
  /// waits for the disk.
  fileprivate consuming func commit(showing name: FileName) throws(FileFailure) {
    if let failure { throw failure }
    try flush()
    try scratch.setMode(mode)
    try scratch.replace(name)
    failpoint("files.shown")
    try scratch.close()
  }

  package consuming func abandon() {}
}

extension Directory {
  /// Writes a file that will never change; see ``DurableWriter/commit(as:)``.
  package func writeDurably(
    _ content: Span<UInt8>, as name: FileName, mode: UInt32 = 0o600, temporary: Directory? = nil
  ) throws(FileFailure) -> DurableWriter.Outcome {
    var writer = try DurableWriter(in: self, mode: mode, temporary: temporary)
    try writer.append(content)
    return try writer.commit(as: name)
  }

  /// Writes a file that changes from time to time; see ``DurableWriter/commit(replacing:)``.
  package func replaceDurably(
    _ name: FileName, with content: Span<UInt8>, mode: UInt32 = 0o600, temporary: Directory? = nil
  ) throws(FileFailure) {
    var writer = try DurableWriter(in: self, mode: mode, temporary: temporary)
    try writer.append(content)
    try writer.commit(replacing: name)
  }

  /// Replaces a file that tells the present (metrics): atomically, without waiting for the disk. Never for records, batches or receipts.
  package func replaceAtomically(_ name: FileName, with content: Span<UInt8>, mode: UInt32) throws(FileFailure) {
    var writer = try DurableWriter(in: self, mode: mode)
    try writer.append(content)
    try writer.commit(showing: name)
  }

  /// Whether `name` is an ordinary file of exactly this content.
  func holds(_ name: FileName, _ sizeInBytes: Int, _ hash: ContentHash) throws(FileFailure) -> Bool {
    let file: SourceFile
    do throws(FileFailure) {
      file = try SourceFile(ours: name, in: self)
    } catch {
      switch error {
      case .refused(.symbolicLink), .refused(.notRegular): return false
      default: throw error
      }
    }
    guard file.stamp.sizeInBytes == sizeInBytes else { return false }
    var hasher = SHA256()
    try file.forEachPiece { (piece) throws(FileFailure) in hasher.update(piece) }
    return ContentHash(hasher.finalize()) == hash
  }
}
