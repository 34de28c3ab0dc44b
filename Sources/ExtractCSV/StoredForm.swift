internal import Bytes
internal import Findings
internal import Records

/// The stored form of a dossier: its rows as delivered, and what has to be known to read them without their files.
///
/// A line begins each section, its words separated by tabs; sizes are in bytes.
///
///     table⇥encoding⇥lines before the header⇥cells of a row⇥size of the preamble⇥rows⇥name
///     (the preamble: byte order mark, lines before the header, header)
///     number of the row⇥its place in its file⇥its size
///     (the row)
///     finding⇥code⇥severity⇥row⇥found⇥limit⇥column⇥table
///
/// Findings are those that only the whole delivery could show.
enum StoredForm {
  /// What opens the section of a table, the number of its rows left out; and what stands behind that number.
  static func opening(_ file: TableFile) -> (before: [UInt8], behind: [UInt8]) {
    let head =
      "table\t\(file.input.encoding.rawValue)\t\(file.preambleLines)\t\(file.columns?.width ?? 0)\t\(file.preamble.count)\t"
    return (Array(head.utf8), Array("\t\(file.source.name)\n".utf8) + file.preamble)
  }

  static func appendOrigin(_ origin: TableRecords.Origin, sizeInBytes: Int, to output: inout [UInt8]) {
    // once a row: put together from its end in a place of its own
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { line in
      var at = line.count - 1
      unsafe line.initialize(repeating: 0x0A)
      unsafe put(sizeInBytes, before: &at, in: line)
      at -= 1
      unsafe line[at] = 0x09
      unsafe put(origin.byteOffset, before: &at, in: line)
      at -= 1
      unsafe line[at] = 0x09
      unsafe put(origin.number, before: &at, in: line)
      unsafe output.append(contentsOf: UnsafeMutableBufferPointer(rebasing: line[at...]))
    }
  }

  static func append(_ number: Int, to output: inout [UInt8]) { output.append(contentsOf: String(number).utf8) }

  @inline(__always)
  private static func put(_ number: Int, before at: inout Int, in line: UnsafeMutableBufferPointer<UInt8>) {
    var rest = number.magnitude
    repeat {
      at -= 1
      unsafe line[at] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
      rest /= 10
    } while rest > 0
  }

  static func append(_ finding: Finding, _ schema: SourceSchema, to output: inout [UInt8]) {
    let named = schema.named(finding)
    let words = [
      "finding", finding.code.description, finding.severity.name, String(finding.row),
      finding.found.map(String.init) ?? "", finding.limit.map(String.init) ?? "", named.field ?? "", named.table ?? "",
    ]
    output.append(contentsOf: words.joined(separator: "\t").utf8)
    output.append(0x0A)
  }

  /// Why a stored dossier cannot be read.
  enum Fault: Error {
    case damaged
  }

  /// A table's section.
  struct Section {
    var encoding: TextEncoding
    var lines: Int
    var width: Int
    var table: String
    /// Preamble and rows, one after the other, a line end between rows.
    var text: [UInt8]
    var rows: [(origin: TableRecords.Origin, sizeInBytes: Int)]
  }

  struct Content {
    var sections: [Section] = []
    var findings: [Finding] = []
  }

  static func read(_ bytes: [UInt8], _ schema: SourceSchema) throws(Fault) -> Content {
    var content = Content()
    var at = 0
    func line() throws(Fault) -> [Substring] {
      guard let end = bytes[at...].firstIndex(of: 0x0A) else { throw .damaged }
      let words = String(decoding: bytes[at..<end], as: UTF8.self)
        .split(separator: "\t", omittingEmptySubsequences: false)
      at = end + 1
      return words
    }
    func number(_ word: Substring) throws(Fault) -> Int {
      guard let number = Int(word), number >= 0 else { throw .damaged }
      return number
    }
    func take(_ count: Int) throws(Fault) -> ArraySlice<UInt8> {
      guard count <= bytes.count - at else { throw .damaged }
      defer { at += count }
      return bytes[at..<at + count]
    }
    while at < bytes.count {
      let words = try line()
      switch words.first {
      case "table" where words.count == 7:
        guard let encoding = TextEncoding(rawValue: String(words[1])) else { throw .damaged }
        var section = try Section(
          encoding: encoding, lines: number(words[2]), width: number(words[3]), table: String(words[6]), text: [],
          rows: [])
        section.text = try Array(take(number(words[4])))
        let rowCount = try number(words[5])
        guard section.lines <= section.text.count, section.width <= Tokenizer.mostCells, rowCount <= bytes.count else {
          throw .damaged
        }
        let lineEnd: [UInt8] =
          switch encoding {
          case .utf16LE: [0x0A, 0]
          case .utf16BE: [0, 0x0A]
          default: [0x0A]
          }
        for _ in 0..<rowCount {
          let words = try line()
          guard words.count == 3 else { throw .damaged }
          let origin = try TableRecords.Origin(number: number(words[0]), byteOffset: number(words[1]))
          // the last row of a file may have no line end: it gets none as the last of all either, where an escape would take it
          let unit = section.text.suffix(lineEnd.count)
          if !section.rows.isEmpty, !unit.elementsEqual(lineEnd),
            !unit.elementsEqual(lineEnd.map { $0 == 0x0A ? 0x0D : $0 })
          {
            section.text.append(contentsOf: lineEnd)
          }
          let row = try take(number(words[2]))
          section.rows.append((origin, row.count))
          section.text.append(contentsOf: row)
        }
        content.sections.append(section)
      case "finding" where words.count == 8:
        guard let code = FindingCode(String(words[1])), let severity = Severity(name: String(words[2])) else {
          throw .damaged
        }
        // a table or a reference that the schema does not have any more says nothing any more
        guard let table = schema.table(String(words[7])) else { continue }
        let column = schema.tables[table].column(String(words[6])) ?? -1
        if code == .T03,
          !schema.tables[table].foreignKeys.contains(where: { $0.fields.first.map { $0 == words[6] } ?? false })
        {
          continue
        }
        content.findings.append(
          try Finding(
            code, severity, table: table, column: column, row: number(words[3]), found: Int(words[4]),
            limit: Int(words[5])))
      default: throw .damaged
      }
    }
    return content
  }
}

/// Takes stored dossiers apart, one after the other.
struct StoredFile {
  private let source: ByteSource
  private var bytes: [UInt8]
  private var at = StoredRows.magic.count
  private var hasEnded = false

  static let longest = 256 << 20

  /// - Parameter head: the bytes that were read already; they begin with ``StoredRows/magic``.
  init(head: [UInt8], source: @escaping ByteSource) {
    (bytes, self.source) = (head, source)
  }

  enum Next {
    case dossier([UInt8])
    case end
    case damaged
  }

  mutating func next() throws(ReaderFailure) -> Next {
    var size = 0
    var digits = 0
    while true {
      guard try fill(1) else { return digits == 0 ? .end : .damaged }
      let byte = bytes[at]
      at += 1
      if byte == 0x0A, digits > 0 { break }
      guard byte >= 0x30, byte <= 0x39, digits < 10 else { return .damaged }
      size = size * 10 + Int(byte - 0x30)
      digits += 1
    }
    guard size <= StoredFile.longest, try fill(size) else { return .damaged }
    defer { at += size }
    return .dossier(Array(bytes[at..<at + size]))
  }

  private mutating func fill(_ count: Int) throws(ReaderFailure) -> Bool {
    while bytes.count - at < count, !hasEnded {
      if at > TextInput.piece {
        bytes.removeSubrange(0..<at)
        at = 0
      }
      if try source(TextInput.piece, &bytes) == 0 { hasEnded = true }
    }
    return bytes.count - at >= count
  }
}
