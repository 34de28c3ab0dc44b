internal import Crypto
internal import Failpoints
internal import Glibc

/// Our own copy of a delivered file, hashed while it was made: the writer's descriptor does not reach it, and it has no
/// name on disk, so it vanishes with the process. A small file is copied to memory, a larger one to an unnamed file in
/// the spool.
///
/// It is not made durable. After a crash the copy is gone and the file in the inbox is taken up again; the source is
/// moved only after COMMIT, and nothing that is committed refers to the copy.
package final class SpoolCopy: Sendable {
  /// Up to so many bytes a copy is kept in memory: written out and read again, a byte costs as much as its hash.
  package static let mostInMemory = 32 << 20

  private let descriptor: Descriptor?
  /// The whole content of a copy without a descriptor.
  private let memory: [UInt8]
  /// The source's stamp, before and after copying: moving the source away asks for it.
  package let source: Stamp
  package let sizeInBytes: Int
  package let contentHash: ContentHash
  /// Whether it begins as gzip does (RFC 1952, section 2.3.1: ID1, ID2 and the only method there is).
  package let isGzip: Bool

  /// Copies `file`, in memory that does not depend on its size once it is larger than `mostInMemory`.
  ///
  /// - Parameter mayGoOn: asked before each piece.
  /// - Throws: ``FileFailure/refused(_:)`` with `changedWhileReading` when somebody wrote to the file meanwhile, with `stopped` when it may not go on.
  package init(
    of file: borrowing SourceFile, in spool: Directory, mostInMemory: Int = SpoolCopy.mostInMemory,
    mayGoOn: () -> Bool = { true }
  ) throws(FileFailure) {
    var hasher = SHA256()
    if file.stamp.sizeInBytes <= mostInMemory, FaultPlan.next(.memory) == nil {
      var content: [UInt8] = []
      content.reserveCapacity(file.stamp.sizeInBytes)
      try file.forEachPiece { (piece) throws(FileFailure) in
        guard mayGoOn() else { throw .refused(.stopped) }
        hasher.update(piece)
        unsafe piece.withUnsafeBufferPointer { unsafe content.append(contentsOf: $0) }
      }
      failpoint("files.held")
      descriptor = nil
      memory = content
      source = file.stamp
      sizeInBytes = content.count
      contentHash = ContentHash(hasher.finalize())
      isGzip = content.starts(with: [0x1F, 0x8B, 0x08])
      return
    }
    let copy = try Self.privateFile(in: spool)
    var head: [UInt8] = []
    var written = 0
    try file.forEachPiece { (piece) throws(FileFailure) in
      guard mayGoOn() else { throw .refused(.stopped) }
      hasher.update(piece)
      for i in 0..<min(3 - head.count, piece.count) { head.append(piece[i]) }
      try Kernel.write(copy.raw, piece)
      written += piece.count
    }
    failpoint("files.spooled")
    descriptor = .some(copy)
    memory = []
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
    descriptor = .some(copy)
    memory = []
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
    guard wanted > 0 else { return 0 }
    let raw: Int32
    switch descriptor {
    case .some(let descriptor): raw = descriptor.raw
    case nil: raw = -1
    }
    let result: Result<Int, FileFailure> = unsafe target.withUnsafeMutableBytes { buffer in
      do throws(FileFailure) {
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        if raw < 0 {
          unsafe memory.withUnsafeBytes {
            unsafe part.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + wanted]))
          }
          return .success(wanted)
        }
        return .success(try unsafe Kernel.read(raw, into: part, at: offset))
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

    /// Appends up to `most` bytes to `target`; how many came, 0 at the end.
    package mutating func append(_ most: Int, to target: inout [UInt8]) throws(FileFailure) -> Int {
      let wanted = min(most, copy.sizeInBytes - offset)
      guard wanted > 0 else { return 0 }
      if copy.isInMemory {
        target.append(contentsOf: copy.memory[offset..<offset + wanted])
        offset += wanted
        return wanted
      }
      var piece = [UInt8](repeating: 0, count: wanted)
      let count = try read(into: &piece)
      target.append(contentsOf: piece[..<count])
      return count
    }

    package mutating func rewind() {
      offset = 0
    }
  }

  private var isInMemory: Bool {
    switch descriptor {
    case .some: false
    case nil: true
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
