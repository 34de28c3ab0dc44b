internal import Compression
internal import ExtractCSV
internal import Files
internal import Findings
internal import Glibc
internal import Records

/// Our private copy of a delivery as a pass reads it: one file, or several that belong together, one behind the other.
///
/// A delivery of several files is one content with one hash: the files in the order of the feed, without compression, and behind them which
/// table stands where. So the same files under other names are the same delivery.
struct DeliveredCopy: Sendable {
  /// Where the rows of a table stand in the copy.
  struct Part: Sendable {
    var table: String
    var offset: Int
    var sizeInBytes: Int
  }

  let spooled: SpoolCopy
  /// Empty for a delivery of one file.
  var parts: [Part] = []
  /// Why nothing of it can be read: a compressed file that is damaged, or becomes too large.
  var damage: FindingCode?

  var contentHash: Files.ContentHash { spooled.contentHash }
  var sizeInBytes: Int { spooled.sizeInBytes }
  var source: Stamp { spooled.source }

  init(_ spooled: SpoolCopy) { self.spooled = spooled }

  /// Copies the files of a delivery, in this order.
  ///
  /// - Throws: ``FileFailure`` when a file is not one we take in. What is wrong with compressed content stands in ``damage`` instead.
  init(
    of files: [(table: String, name: FileName)], in folder: Directory, owners: Set<UInt32>?, spool: Directory,
    mayGoOn: () -> Bool = { true }
  ) throws {
    var parts: [Part] = []
    var offset = 0
    var damage: FindingCode?
    spooled = try SpoolCopy(in: spool) { append in
      for (table, name) in files {
        let start = offset
        let source = try SourceFile(name, in: folder, owners: owners)
        let plain = PlainBytes()
        try source.forEachPiece { (piece) throws(FileFailure) in
          guard mayGoOn() else { throw .refused(.stopped) }
          try plain.take(piece) { (plain) throws(FileFailure) in
            offset += plain.count
            if offset <= FilePass.expandedLimit { try append(plain) }
          }
        }
        damage = damage ?? plain.damage
        if offset > FilePass.expandedLimit { damage = .S05 }
        parts.append(Part(table: table, offset: start, sizeInBytes: offset - start))
        if damage != nil { break }
      }
      let contents = parts.map { "\($0.table) \($0.sizeInBytes)\n" }.joined() + (damage?.description ?? "")
      try append(Array(contents.utf8).span)
    }
    self.parts = parts
    self.damage = damage
  }

  /// The copy without its compression, as one part: for readers that jump.
  func expanded(as table: String, in spool: Directory) throws -> DeliveredCopy {
    guard spooled.isGzip else {
      var same = self
      same.parts = [Part(table: table, offset: 0, sizeInBytes: sizeInBytes)]
      return same
    }
    let plain = PlainBytes()
    var size = 0
    var expanded = DeliveredCopy(
      try SpoolCopy(in: spool) { append in
        var reader = spooled.reader()
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        while true {
          let count = try reader.read(into: &piece)
          if count == 0 { break }
          try plain.take(piece.span.extracting(..<count)) { (plain) throws(FileFailure) in
            size += plain.count
            try append(plain)
          }
        }
      })
    expanded.parts = [Part(table: table, offset: 0, sizeInBytes: size)]
    expanded.damage = plain.damage
    return expanded
  }

  /// The bytes of one part, for a reader that jumps.
  func store(_ part: Part) -> any ByteStore {
    CopyStore(copy: spooled, offset: part.offset, sizeInBytes: part.sizeInBytes)
  }
}

/// Takes gzip off, where there is any.
final class PlainBytes {
  private var expander: Gzip.Expander?
  private var head: [UInt8]? = []
  private var failure: FindingCode?

  /// Hands on what comes out of the next piece.
  func take(_ piece: Span<UInt8>, _ body: (Span<UInt8>) throws(FileFailure) -> Void) throws(FileFailure) {
    if head != nil, piece.count > 0 {
      head = nil
      if piece.count > 1, Gzip.isGzip([piece[0], piece[1]]) {
        expander = Gzip.Expander(ceiling: FilePass.expandedLimit)
      }
    }
    guard let expander else { return try body(piece) }
    guard failure == nil else { return }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(piece.count)
    unsafe piece.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    var plain: [UInt8] = []
    do throws(ExpandFailure) { try expander.expand(bytes, onto: &plain) } catch {
      failure = FindingCode(error)
    }
    if !plain.isEmpty { try body(plain.span) }
  }

  /// What is wrong, once everything was taken.
  var damage: FindingCode? { failure ?? (expander?.isComplete ?? true ? nil : .S22) }
}

/// A part of a private copy.
private final class CopyStore: ByteStore {
  private let copy: SpoolCopy
  private let offset: Int
  let sizeInBytes: Int

  init(copy: SpoolCopy, offset: Int, sizeInBytes: Int) {
    self.copy = copy
    self.offset = offset
    self.sizeInBytes = sizeInBytes
  }

  func read(at place: Int, _ most: Int, into target: inout [UInt8]) throws(ReaderFailure) -> Int {
    let count = min(most, sizeInBytes - place)
    guard count > 0 else { return 0 }
    let before = target.count
    target.append(contentsOf: repeatElement(0, count: count))
    do throws(FileFailure) {
      var span = target.mutableSpan
      var part = span._mutatingExtracting(before...)
      _ = try copy.read(into: &part, at: offset + place)
    } catch {
      if case .kernel(_, let number) = error { throw .input(number) }
      throw .input(EIO)
    }
    return count
  }
}
