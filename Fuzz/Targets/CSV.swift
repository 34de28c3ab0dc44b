import Bytes
import Findings
import Records

@testable import ExtractCSV

private let columns = ["MA_LK", "HO_TEN", "NGAY_VAO", "TIEN"]
private let schema = SourceSchema(
  name: "fuzz",
  tables: [
    SourceTable(
      name: "t", root: nil, list: nil, row: "row", hasManyRows: true,
      columns: columns.map { SourceColumn(name: $0, logical: .string, isRequired: $0 == "MA_LK") })
  ])

private struct Seen: Equatable {
  var rows: [[[UInt8]?]] = []
  var extras: [[UInt8]] = []
  var findings: [[String]] = []
  var refusal: String?
  var stored: [UInt8] = StoredRows.magic
}

private func read(_ layout: TabularLayout, _ bytes: [UInt8], piece: Int) throws -> Seen {
  let reader = TabularReader(layout: layout, schema: schema, source: source(bytes, piece: piece))
  var seen = Seen()
  let dossier = Dossier()
  while try reader.next(into: dossier) {
    for table in dossier.tables {
      must(table.cells.count == table.rowCount * table.columnCount, "a row has as many cells as its table has columns")
      for cell in table.cells where !cell.isMissing {
        must(cell.range.upperBound <= dossier.text.count, "a cell stands in the text")
      }
      seen.rows.append(table.cells.map { $0.isMissing ? nil : Array(dossier.text[$0.range]) })
      seen.extras += table.extras.map { Array(dossier.text[$0.cell.range]) }
    }
    seen.findings.append(dossier.findings.map(\.code.description))
    seen.stored += StoredRows.opening(sizeInBytes: dossier.skeleton.count) + dossier.skeleton
    if seen.rows.count > 20_000 { break }
  }
  seen.refusal = reader.facts.refusal?.code.description
  return seen
}

/// Delimited text in any dialect: pieces do not matter, and what is stored says the same.
@Sendable func fuzzCSV(_ input: [UInt8]) throws {
  var choices = Choices(input)
  var dialect = TabularDialect()
  let flags = choices.byte()
  dialect.delimiter = Array(",;\t|".utf8)[Int(flags & 3)]
  if flags & 4 != 0 { dialect.quote = nil }
  if flags & 8 != 0 { (dialect.escape, dialect.doublesQuotes) = (UInt8(ascii: "\\"), false) }
  if flags & 16 != 0 { dialect.comment = Array("#".utf8) }
  if flags & 32 != 0 { dialect.skipsInitialSpace = true }
  if flags & 64 != 0 { dialect.allowsTrailingDelimiter = true }
  if flags & 128 != 0 { dialect.footers = [Array("Tổng".utf8)] }
  let more = choices.byte()
  dialect.hasHeader = more & 1 == 0
  dialect.linesToSkip = Int(more >> 1 & 3)
  dialect.isHeaderCaseSensitive = more & 8 == 0
  if more & 16 != 0 { dialect.missingValues = [Array("NULL".utf8)] }
  var layout = TabularLayout(files: [TabularLayout.File(table: "t", pattern: "", dialect: dialect)], root: "t")
  let encodings: [TextEncoding?] = [nil, nil] + TextEncoding.allCases.map { $0 }
  layout.encoding = encodings[choices.number(below: encodings.count)]
  let piece = [1, 2, 3, 7, 64, 511, 4096, 65_536][choices.number(below: 8)]
  let text = choices.bytes
  let whole = try read(layout, text, piece: .max)
  if piece > 1 || text.count < 4096 {
    let pieces = try read(layout, text, piece: piece)
    // nothing of a refused file counts; an unreadable byte at its end is found before or after the row in front of it
    if [whole.refusal, pieces.refusal].contains("T07"), whole.refusal != nil, pieces.refusal != nil { return }
    must(pieces == whole, "what is read does not depend on the pieces")
  }
  guard whole.refusal == nil else { return }
  var again = try read(layout, whole.stored, piece: .max)
  again.stored = whole.stored
  must(again == whole, "what is stored says the same")
}

/// Encodings: what is decoded is UTF-8, and letters can be written again.
@Sendable func fuzzEncodings(_ input: [UInt8]) throws {
  var choices = Choices(input)
  let encoding = TextEncoding.allCases[choices.number(below: TextEncoding.allCases.count)]
  let bytes = choices.bytes
  if let table = LetterTable.of(encoding) {
    var decoded: [UInt8] = []
    unsafe bytes.withUnsafeBufferPointer { unsafe table.decode($0, onto: &decoded) }
    guard let text = String(validating: decoded, as: UTF8.self) else { fatalError("what is decoded is UTF-8") }
    let fault = unsafe bytes.withUnsafeBufferPointer {
      unsafe table.firstUnreadable($0, from: 0, previous: 0, isStrict: false)
    }
    if fault == nil {
      guard let encoded = table.encode(text) else { fatalError("what was read can be written") }
      var again: [UInt8] = []
      unsafe encoded.withUnsafeBufferPointer { unsafe table.decode($0, onto: &again) }
      must(again == decoded, "what was written is read as before")
    }
  } else if encoding != .utf8 {
    var decoded: [UInt8] = []
    let (taken, isBad) = WideText.decode(bytes, isBigEndian: encoding == .utf16BE, isLast: true, onto: &decoded)
    must(taken <= bytes.count, "no more is taken than there is")
    must(String(validating: decoded, as: UTF8.self) != nil, "what is decoded is UTF-8")
    if !isBad { must(taken == bytes.count, "all of it is taken") }
  }
}
