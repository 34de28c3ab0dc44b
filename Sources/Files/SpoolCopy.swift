internal import Crypto
internal import Failpoints
internal import Glibc

/// Our own copy of a delivered file, hashed while it was made: the writer's descriptor does not reach it, and it has no
/// name on disk, so it vanishes with the process.
///
/// It is not made durable. After a crash the copy is gone and the file in the inbox is taken up again; the source is
/// moved only after COMMIT, and nothing that is committed refers to the copy.
package final class SpoolCopy: Sendable {
  private let descriptor: Descriptor
  /// The source's stamp, before and after copying: moving the source away asks for it.
  package let source: Stamp
  package let sizeInBytes: Int
  package let contentHash: ContentHash
  /// Whether it begins as gzip does (RFC 1952, section 2.3.1: ID1, ID2 and the only method there is).
  package let isGzip: Bool

  /// Copies `file` into `spool`, in memory that does not depend on its size.
  ///
  /// - Throws: ``FileFailure/refused(_:)`` with `changedWhileReading` when somebody wrote to the file meanwhile.
  package init(of file: borrowing SourceFile, in spool: Directory) throws(FileFailure) {
    let copy = try Self.privateFile(in: spool)
    var hasher = SHA256()
    var head: [UInt8] = []
    var written = 0
    try file.forEachPiece { (piece) throws(FileFailure) in
      hasher.update(piece)
      for i in 0..<min(3 - head.count, piece.count) { head.append(piece[i]) }
      try Kernel.write(copy.raw, piece)
      written += piece.count
    }
    failpoint("files.spooled")
    descriptor = copy
    source = file.stamp
    sizeInBytes = written
    contentHash = ContentHash(hasher.finalize())
    isGzip = head == [0x1F, 0x8B, 0x08]
  }

  /// Writes content of ours, which is then read like a delivered file.
  ///
  /// - Parameter body: gets what appends bytes to it.
  package init(
    in spool: Directory, _ body: (_ append: (Span<UInt8>) throws(FileFailure) -> Void) throws -> Void
  ) throws {
    let copy = try Self.privateFile(in: spool)
    var hasher = SHA256()
    var head: [UInt8] = []
    var written = 0
    try body { (piece) throws(FileFailure) in
      hasher.update(piece)
      for i in 0..<min(3 - head.count, piece.count) { head.append(piece[i]) }
      try Kernel.write(copy.raw, piece)
      written += piece.count
    }
    source = Stamp(try Kernel.fstat(copy.raw))
    descriptor = copy
    sizeInBytes = written
    contentHash = ContentHash(hasher.finalize())
    isGzip = head == [0x1F, 0x8B, 0x08]
  }

  private static func privateFile(in spool: Directory) throws(FileFailure) -> Descriptor {
    do throws(FileFailure) {
      // O_EXCL: can never be given a name.
      return try Kernel.openat(spool.raw, ".", O_RDWR | O_EXCL | Kernel.unnamedFile, mode: 0o600)
    } catch {
      guard Scratch.cannotBeUnnamed(error) else { throw error }
    }
    let name = Scratch.uniqueName()
    let folder = try Scratch.folder(of: spool)
    let copy = try Scratch.newFile(name, in: folder, O_RDWR)
    failpoint("files.spool-named")
    try Kernel.unlink(folder.raw, name)
    return copy
  }

  /// Reads from `offset` until `target` is full or the copy ends; how many bytes came. Any number of threads may read
  /// at once.
  package func read(into target: inout MutableSpan<UInt8>, at offset: Int) throws(FileFailure) -> Int {
    precondition(offset >= 0, "files begin at 0")
    let wanted = min(target.count, max(0, sizeInBytes - offset))
    let result: Result<Int, FileFailure> = unsafe target.withUnsafeMutableBytes { buffer in
      do throws(FileFailure) {
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        return .success(try unsafe Kernel.read(descriptor.raw, into: part, at: offset))
      } catch {
        return .failure(error)
      }
    }
    let count = try result.get()
    guard count == wanted else { throw .kernel(.pread, EIO) }  // the volume lost what we wrote
    return count
  }

  /// A place in a copy that moves on with every read.
  package struct Reader: Sendable {
    package let copy: SpoolCopy
    package private(set) var offset = 0

    /// Fills `target` from its start; how many bytes came, 0 at the end.
    package mutating func read(into target: inout MutableSpan<UInt8>) throws(FileFailure) -> Int {
      let count = try copy.read(into: &target, at: offset)
      offset += count
      return count
    }

    /// As above; the count of `target` says how much is wanted and does not change.
    package mutating func read(into target: inout [UInt8]) throws(FileFailure) -> Int {
      var span = target.mutableSpan
      return try read(into: &span)
    }

    package mutating func rewind() {
      offset = 0
    }
  }

  /// Reads from the beginning.
  package func reader() -> Reader {
    Reader(copy: self)
  }
}

extension Kernel {
  static func write(_ raw: Int32, _ bytes: Span<UInt8>) throws(FileFailure) {
    let result: Result<Void, FileFailure> = unsafe bytes.withUnsafeBytes { buffer in
      do throws(FileFailure) {
        return .success(try unsafe write(raw, buffer))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
}
