import Records
import Testing

@testable import ExtractCSV

/// The same numbers for the same seed.
struct Dice: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

private struct Dialect: Sendable {
  var delimiter: Character
  var quote: Character? = "\""
  var escape: Character?
  var lineEnd = "\n"
  var hasHeader = true
  var hasTrailingDelimiter = false

  func apply(to dialect: inout TabularDialect) {
    dialect.delimiter = delimiter.asciiValue ?? 0
    dialect.quote = quote?.asciiValue
    dialect.escape = escape?.asciiValue
    dialect.doublesQuotes = escape == nil
    dialect.hasHeader = hasHeader
    dialect.allowsTrailingDelimiter = hasTrailingDelimiter
  }

  /// Writes a cell; quotes it when it must be, or when the dice say so.
  func write(_ cell: String, _ dice: inout Dice) -> String {
    let special = "\(delimiter)\(quote ?? "\u{0}")\(escape ?? "\u{0}")\r\n"
    let mustQuote = cell.unicodeScalars.contains { special.unicodeScalars.contains($0) }
    guard let quote, mustQuote || Int.random(in: 0..<3, using: &dice) == 0 else { return cell }
    var text = ""
    for scalar in cell.unicodeScalars {
      if scalar == quote.unicodeScalars.first || escape != nil && scalar == escape?.unicodeScalars.first {
        text.append(escape ?? quote)
      }
      text.unicodeScalars.append(scalar)
    }
    return "\(quote)\(text)\(quote)"
  }
}

private let dialects: [Dialect] = [
  Dialect(delimiter: ","), Dialect(delimiter: ";", lineEnd: "\r\n"), Dialect(delimiter: "\t", lineEnd: "\r"),
  Dialect(delimiter: "|", quote: "'", hasHeader: false), Dialect(delimiter: "~", escape: "\\", lineEnd: "\r\n"),
  Dialect(delimiter: ",", hasTrailingDelimiter: true), Dialect(delimiter: "\t", quote: nil, lineEnd: "\n"),
]

/// A cell that the encoding and the dialect can say; blanks around it would be trimmed, so there are none.
private func cell(_ encoding: TextEncoding, _ dialect: Dialect, _ dice: inout Dice) -> String {
  let words: [String] =
    switch encoding {
    case .ascii: ["a", "Zz", "0", "12.5", "\"", "'", ",", ";", "|", "\t", "\\", "~", "\n", "\r\n", " ", "#", "-"]
    case .windows1252: ["é", "ÿ", "€", "“", "x", "\"", ",", ";", "\n", " ", "'", "\\"]
    case .tcvn3: ["Bệnh", "viện", "đã", "ừ", "ỵ", "\"", ",", ";", "\n", " ", "'", "|", "~"]
    case .vni: ["Bệnh", "VIỆN", "Đã", "ừ", "Ỵ", "ơ", "\"", ",", ";", "\n", " ", "'", "|", "~"]
    case .windows1258: ["Bệnh", "VIỆN", "Đã", "ừ", "Ỵ", "₫", "\"", ",", ";", "\n", " ", "'", "|", "~"]
    default: ["Bệnh", "VIỆN", "Đã", "中文", "𝄞", "\u{2028}", "\"", ",", ";", "\n", "\r\n", " ", "'", "|", "~", "\t"]
    }
  var text = ""
  for _ in 0..<Int.random(in: 0..<6, using: &dice) { text += words.randomElement(using: &dice) ?? "" }
  if dialect.quote == nil {
    text = text.replacing("\t", with: "").replacing("\n", with: "").replacing("\r\n", with: "")
  }
  let bytes = Array(text.utf8)
  guard let first = bytes.firstIndex(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }),
    let last = bytes.lastIndex(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) })
  else { return "" }
  return String(decoding: bytes[first...last], as: UTF8.self)
}

@Suite struct PropertyTests {
  /// What is written in any dialect and encoding is read back, whatever the pieces.
  @Test(arguments: 0..<dialects.count, TextEncoding.allCases)
  func readsBackWhatIsWritten(number: Int, encoding: TextEncoding) throws {
    let dialect = dialects[number]
    var dice = Dice(seed: UInt64(number * 100 + (TextEncoding.allCases.firstIndex(of: encoding) ?? 0)))
    for _ in 0..<10 {
      let columns = (0..<Int.random(in: 1..<7, using: &dice)).map { "c\($0)" }
      var rows: [[String]] = []
      for _ in 0..<Int.random(in: 0..<12, using: &dice) {
        let row = columns.map { _ in cell(encoding, dialect, &dice) }
        if row.contains(where: { !$0.isEmpty }) { rows.append(row) }
      }
      var text = ""
      for row in (dialect.hasHeader ? [columns] : []) + rows {
        text += row.map { dialect.write($0, &dice) }.joined(separator: String(dialect.delimiter))
        if dialect.hasTrailingDelimiter { text.append(dialect.delimiter) }
        text += dialect.lineEnd
      }
      if !rows.isEmpty, Bool.random(using: &dice) {
        text.unicodeScalars.removeLast(dialect.lineEnd.unicodeScalars.count)
      }
      let bytes = try encode(text, encoding)
      for piece in [1, 7, 4096] {
        let seen = try read(bytes, columns, encoding: encoding, piece: piece) { dialect.apply(to: &$0) }
        #expect(seen.refusal == nil)
        #expect(seen.rows().map { $0.map { Array(($0 ?? "–").utf8) } } == rows.map { $0.map { Array($0.utf8) } })
      }
    }
  }

  /// Damaged bytes end in rows, findings or a refusal, the same ones whatever the pieces.
  @Test(arguments: TextEncoding.allCases)
  func bearsDamage(encoding: TextEncoding) throws {
    var dice = Dice(seed: 7)
    let sound = try encode(
      "# x\na;b;c\n" + String(repeating: "1;\"a \"\"b\"\"\";c\\;d\n;\"x\ny\";\n", count: 6) + "END;;\n", encoding)
    for _ in 0..<80 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1..<6, using: &dice) {
        let place = Int.random(in: 0..<bytes.count, using: &dice)
        switch Int.random(in: 0..<4, using: &dice) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
        case 1: bytes[place] = [0x22, 0x3B, 0x0A, 0x0D, 0x5C, 0x00, 0xFF].randomElement(using: &dice) ?? 0
        case 2: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &dice), at: place)
        }
      }
      let stated = Bool.random(using: &dice) ? encoding : nil
      let seen = try [1, 7, 4096].map { piece in
        try read(bytes, ["a", "b", "c"], encoding: stated, piece: piece) {
          ($0.delimiter, $0.escape) = (UInt8(ascii: ";"), UInt8(ascii: "\\"))
          ($0.comment, $0.footers) = (Array("#".utf8), [Array("END".utf8)])
        }
      }
      #expect(seen[0] == seen[1] && seen[1] == seen[2])
      // what was handed on lies in the file, row behind row
      for (one, next) in zip(seen[0].dossiers, seen[0].dossiers.dropFirst()) {
        #expect(one.byteOffset + one.sizeInBytes <= next.byteOffset)
      }
    }
  }

  /// The same for a delivery of two files, and for what was stored.
  @Test func bearsDamagedDeliveries() throws {
    var dice = Dice(seed: 8)
    var root = table("r", ["id", "look"])
    var child = table("c", ["id", "x"])
    root.primaryKey = ["id"]
    child.foreignKeys = [.init(fields: ["id"], table: "r", tableFields: ["id"])]
    root.foreignKeys = [.init(fields: ["look"], table: "c", tableFields: ["x"])]
    let schema = SourceSchema(name: "test", tables: [root, child])
    let layout = TabularLayout(files: [.init(table: "r", pattern: ""), .init(table: "c", pattern: "")], root: "r")
    let sound = ["id,look\n1,a\n2,b\n3,\n", "id,x\n1,a\n1,b\n2,c\n9,d\n"].map { Array($0.utf8) }
    for _ in 0..<150 {
      var files = sound
      for _ in 0..<Int.random(in: 1..<4, using: &dice) {
        let file = Int.random(in: 0..<2, using: &dice)
        files[file][Int.random(in: 0..<files[file].count, using: &dice)] = UInt8.random(in: 0x21..<0x7F, using: &dice)
      }
      let seen = try see(
        TabularReader(
          layout: layout, schema: schema, parts: [("r", MemoryStore(files[0])), ("c", MemoryStore(files[1]))]),
        schema)
      var stored = seen.stored
      #expect(
        try see(TabularReader(layout: layout, schema: schema, source: source(stored)), schema).dossiers == seen.dossiers
      )
      if seen.refusal == nil {
        // every row of the files is somewhere
        let rows = seen.dossiers.flatMap { $0.origins["c"] ?? [] }
        let others = seen.dossiers.filter {
          $0.findings.contains { $0.hasPrefix("T01 c") || $0.hasPrefix("T08 c") || $0.hasPrefix("T20 c") }
        }
        let lines = String(decoding: files[1], as: UTF8.self)
          .split(whereSeparator: \.isNewline).dropFirst().filter {
            !$0.allSatisfy { $0.isWhitespace || $0 == "," || $0 == "\"" }
          }
        if !files[1].contains(UInt8(ascii: "\"")) { #expect(Set(rows).count + others.count == lines.count) }
      }
      for _ in 0..<(stored.count > 8 ? 3 : 0) {
        stored[Int.random(in: 8..<stored.count, using: &dice)] = UInt8.random(in: 9..<128, using: &dice)
      }
      _ = try see(TabularReader(layout: layout, schema: schema, source: source(stored)), schema)
    }
  }
}
