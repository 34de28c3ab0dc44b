import Bytes
import ExtractXML
import Findings
import Records

/// A made-up export: visits with medicines, and each medicine with doses.
enum Export {
  static func table(_ name: String, _ fields: String) -> SourceTable {
    SourceTable(
      name: name, root: nil, list: nil, row: name, hasManyRows: true,
      columns: fields.split(separator: " ").map { SourceColumn(name: String($0), logical: .string) })
  }

  /// The last column of `visits` stands for a derived one: no layout names it.
  static let schema = SourceSchema(
    name: "mau",
    tables: [
      table("visits", "id admitted sex diagnosis names note hospital patient =derived"),
      table("medicines", "visit number code name advice"),
      table("doses", "visit medicine hour amount"),
    ])

  static let namespace = "urn:mau:his"

  static func column(_ name: String, _ path: String, absent: String? = nil, join: String? = nil)
    -> XMLRowLayout.Column
  {
    XMLRowLayout.Column(name: name, path: path, absent: absent, join: join)
  }

  static let tables = [
    XMLRowLayout.Table(
      table: "visits", path: ".",
      columns: [
        column("id", "@id"), column("admitted", "Period/@start"), column("sex", "Sex", absent: "9"),
        column("diagnosis", "Diagnosis/Code", join: ";"), column("names", "Diagnosis/Name", join: " / "),
        column("note", "Note"), column("hospital", "../../@hospital"), column("patient", "../Patient/Name"),
      ]),
    XMLRowLayout.Table(
      table: "medicines", path: "Medicines/Medicine",
      columns: [
        column("visit", "../../@id"), column("number", "@no"), column("code", "Code"), column("name", "."),
        column("advice", "../Advice", absent: "none"),
      ]),
    XMLRowLayout.Table(
      table: "doses", path: "Medicines/Medicine/Dose",
      columns: [
        column("visit", "../../../@id"), column("medicine", "../Code"), column("hour", "@hour"), column("amount", "."),
      ]),
  ]

  static let layout = XMLRowLayout(dossier: "/Export/Visits/Visit", tables: tables)

  static func visits(_ visits: String...) -> String {
    "<Export hospital=\"48001\"><Visits>\(visits.joined())</Visits></Export>"
  }
}

/// A file as the reader took it, in values that can be compared.
struct RowsReading: Equatable {
  struct Row: Equatable {
    var cells: [String: String] = [:]
    var extras: [String] = []
    var number = 0
    var byteOffset = 0
  }

  struct Taken: Equatable {
    var number: Int
    /// By table; a cell that is missing is not there.
    var tables: [String: [Row]] = [:]
    var findings: [String]
    var kept: [UInt8]
    var delivered: Range<Int>

    init(_ dossier: Dossier, _ schema: SourceSchema) {
      func text(_ cell: TableRecords.Cell) -> String { String(decoding: dossier.text[cell.range], as: UTF8.self) }
      number = dossier.number
      for (table, records) in zip(schema.tables, dossier.tables) where records.rowCount > 0 {
        tables[table.name] = (0..<records.rowCount).map { number in
          var row = Row()
          for (index, column) in table.columns.enumerated() {
            let cell = records.cell(number, index)
            if !cell.isMissing { row.cells[column.name] = text(cell) }
          }
          row.extras = records.extras.filter { $0.row == number }.map { "\($0.name)=\(text($0.cell))" }
          if records.origins.indices.contains(number) {
            (row.number, row.byteOffset) = (records.origins[number].number, records.origins[number].byteOffset)
          }
          return row
        }
      }
      findings = dossier.findings.map(RowsReading.describe)
      kept = dossier.skeleton
      delivered = dossier.byteOffset..<dossier.byteOffset + dossier.sizeInBytes
    }
  }

  var dossiers: [Taken] = []
  var refusal: String?
  /// Of the refusal.
  var byteOffset = -1
  var findings: [String] = []
  var encoding = ""
  var counted = 0

  static func describe(_ finding: Finding) -> String {
    var text = "\(finding.code) \(finding.severity.name)"
    if finding.table >= 0 { text += " table \(finding.table)" }
    if finding.column >= 0 { text += " column \(finding.column)" }
    if finding.row > 0 { text += " row \(finding.row)" }
    if let name = finding.unknownName { text += " \(name)" }
    if let found = finding.found { text += " found \(found)" }
    return text
  }

  init(
    _ file: [UInt8], pieces: Int = .max, layout: XMLRowLayout = Export.layout, schema: SourceSchema = Export.schema
  ) throws {
    var at = 0
    let reader = XMLRowsReader(
      layout: layout, schema: schema,
      source: { most, target in
        let count = min(most, pieces, file.count - at)
        target.append(contentsOf: file[at..<at + count])
        at += count
        return count
      })
    let dossier = Dossier()
    while try reader.next(into: dossier) {
      dossiers.append(Taken(dossier, schema))
      if dossiers.count > 100_000 { break }
    }
    refusal = reader.facts.refusal.map { RowsReading.describe($0).replacing(" reject", with: "") }
    byteOffset = Int(reader.facts.refusal?.byteOffset ?? -1)
    findings = reader.facts.findings.map(RowsReading.describe)
    encoding = reader.facts.encoding
    counted = reader.facts.dossiers
  }

  init(_ file: String, pieces: Int = .max, layout: XMLRowLayout = Export.layout) throws {
    try self.init(Array(file.utf8), pieces: pieces, layout: layout)
  }

  /// The file that the kept dossiers make.
  var stored: [UInt8] {
    dossiers.reduce(into: StoredRows.magic) { file, dossier in
      file += StoredRows.opening(sizeInBytes: dossier.kept.count)
      file += dossier.kept
    }
  }

  /// What a dossier says, without where it stood.
  var said: [[String: [Row]]] {
    dossiers.map { dossier in
      dossier.tables.mapValues { rows in
        rows.map { row in
          var row = row
          row.byteOffset = 0
          return row
        }
      }
    }
  }

  subscript(_ table: String, _ row: Int, _ column: String) -> String? {
    guard let first = dossiers.first, let rows = first.tables[table], rows.indices.contains(row) else { return nil }
    return rows[row].cells[column]
  }

  func extras(_ table: String, _ row: Int = 0) -> [String] { dossiers.first?.tables[table]?[row].extras ?? [] }
}
