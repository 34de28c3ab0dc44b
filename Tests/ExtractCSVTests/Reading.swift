import Bytes
import Findings
import Records

@testable import ExtractCSV

/// What a test sees of a dossier: rows as lists of cells, nil for a missing one.
struct SeenDossier: Equatable {
  var number: Int
  var tables: [String: [[String?]]] = [:]
  var extras: [String: [[String: String]]] = [:]
  var origins: [String: [Int]] = [:]
  var findings: [String] = []
  var byteOffset = 0
  var sizeInBytes = 0
}

struct SeenFile: Equatable {
  var dossiers: [SeenDossier] = []
  var refusal: String?
  var refusedAt: Int64?
  var notes: [String] = []
  var encoding = ""
  /// The stored forms of all dossiers as one file.
  var stored: [UInt8] = []

  /// The rows of a table with one row a dossier; a dossier without one counts as an empty row.
  func rows(_ table: String = "t") -> [[String?]] { dossiers.map { $0.tables[table]?.first ?? [] } }
}

/// A finding as one line: code, row, found and limit.
private func line(_ finding: Finding, _ schema: SourceSchema) -> String {
  let named = schema.named(finding)
  var words = [finding.code.description]
  let field = finding.column >= 0 ? "\(named.table ?? "").\(named.field ?? "")" : named.field ?? named.table
  if let field { words.append(field) }
  if finding.row > 0 { words.append("row \(finding.row)") }
  if let found = finding.found { words.append("found \(found)") }
  if let limit = finding.limit { words.append("limit \(limit)") }
  return words.joined(separator: " ")
}

func see(_ reader: TabularReader, _ schema: SourceSchema) throws -> SeenFile {
  var seen = SeenFile()
  seen.stored = StoredRows.magic
  let dossier = Dossier()
  while try reader.next(into: dossier) {
    var one = SeenDossier(number: dossier.number)
    for (number, records) in dossier.tables.enumerated() where records.rowCount > 0 {
      func text(_ cell: TableRecords.Cell) -> String? {
        cell.isMissing ? nil : String(decoding: dossier.text[cell.range], as: UTF8.self)
      }
      let name = schema.tables[number].name
      one.tables[name] = (0..<records.rowCount).map { row in
        (0..<records.columnCount).map { text(records.cell(row, $0)) }
      }
      one.origins[name] = records.origins.map(\.number)
      if !records.extras.isEmpty {
        one.extras[name] = (0..<records.rowCount).map { row in
          Dictionary(
            records.extras.filter { $0.row == row }.map { ($0.name, text($0.cell) ?? "") },
            uniquingKeysWith: { first, _ in first })
        }
      }
    }
    one.findings = dossier.findings.map { line($0, schema) }
    (one.byteOffset, one.sizeInBytes) = (dossier.byteOffset, dossier.sizeInBytes)
    seen.dossiers.append(one)
    seen.stored += StoredRows.opening(sizeInBytes: dossier.skeleton.count) + dossier.skeleton
  }
  seen.refusal = reader.facts.refusal.map { line($0, schema) }
  seen.refusedAt = reader.facts.refusal?.byteOffset
  seen.notes = reader.facts.findings.map { line($0, schema) }
  seen.encoding = reader.facts.encoding
  return seen
}

func table(_ name: String, _ columns: [String], required: [String] = []) -> SourceTable {
  SourceTable(
    name: name, root: nil, list: nil, row: "row", hasManyRows: true,
    columns: columns.map { SourceColumn(name: $0, logical: .string, isRequired: required.contains($0)) })
}

/// Yields bytes in pieces of at most `piece`.
func source(
  _ bytes: [UInt8], piece: Int = .max
) -> (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
  var at = 0
  return { (most, target) in
    let count = min(piece, most, bytes.count - at)
    target.append(contentsOf: bytes[at..<at + count])
    at += count
    return count
  }
}

/// Reads a text as a file of the table `t`.
func read(
  _ bytes: [UInt8], _ columns: [String], required: [String] = [], encoding: TextEncoding? = nil, piece: Int = .max,
  headers: [String: String] = [:], _ change: (inout TabularDialect) -> Void = { _ in }
) throws -> SeenFile {
  let schema = SourceSchema(name: "test", tables: [table("t", columns, required: required)])
  var dialect = TabularDialect()
  change(&dialect)
  var file = TabularLayout.File(table: "t", pattern: "", dialect: dialect)
  file.headers = headers
  var layout = TabularLayout(files: [file], root: "t")
  layout.encoding = encoding
  let seen = try see(TabularReader(layout: layout, schema: schema, source: source(bytes, piece: piece)), schema)
  // what is stored says the same
  var again = try see(TabularReader(layout: layout, schema: schema, source: source(seen.stored, piece: piece)), schema)
  if seen.refusal == nil {
    (again.notes, again.encoding) = (seen.notes, seen.encoding)
    precondition(again == seen, "the stored form differs: \(again.dossiers) and \(seen.dossiers)")
  }
  return seen
}

func read(
  _ text: String, _ columns: [String], required: [String] = [], encoding: TextEncoding? = nil, piece: Int = .max,
  headers: [String: String] = [:], _ change: (inout TabularDialect) -> Void = { _ in }
) throws -> SeenFile {
  try read(
    Array(text.utf8), columns, required: required, encoding: encoding, piece: piece, headers: headers, change)
}
