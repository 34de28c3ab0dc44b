import Bytes
import Definitions
import ExtractXML
import Findings
import Foundation
import Records
import Transform
import Yams

/// The repository, where `Schemas` stands.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path(percentEncoded: false)

/// The definitions and the catalogue's examples, read once.
struct Examples: Sendable {
  static let shared: Result<Examples, any Error> = Result { try Examples() }

  let definitions: Definitions
  let base: Sample
  let entries: [Entry]

  struct Entry: Sendable {
    var code: String
    /// That of the refused example.
    var severity: String
    var accepted: Change
    var refused: Change
    /// Codes that the refused example cannot keep quiet, with the reason in the catalogue.
    var also: Set<String>
  }

  /// One example: changes to the base visit in their order, or a description for people.
  enum Change: Sendable {
    case text
    case overrides([(key: String, value: Value)])

    init(_ node: Node?) {
      let pairs = node?.mapping.map { $0.map { ($0.key.string ?? "", $0.value) } } ?? []
      self = pairs.contains { $0.0 == "text" } ? .text : .overrides(pairs.map { (key: $0.0, value: Value($0.1)) })
    }

    var isText: Bool { if case .text = self { true } else { false } }
  }

  init() throws {
    definitions = try Definitions.load(repository)
    let text = try String(contentsOfFile: repository + "Schemas/findings.yaml", encoding: .utf8)
    let root = try Yams.compose(yaml: text)?.mapping ?? [:]
    var base = Sample()
    for (name, value) in root["base"]?.mapping ?? [:] { base.set(name.string ?? "", Value(value)) }
    self.base = base
    entries = (root["findings"]?.sequence ?? []).map { entry in
      Entry(
        code: entry["code"]?.string ?? "",
        severity: entry["refusedSeverity"]?.string ?? entry["severity"]?.string ?? "",
        accepted: Change(entry["accepted"]), refused: Change(entry["refused"]),
        also: Set(entry["also"]?.array().compactMap(\.string) ?? []))
    }
  }

  func entry(_ code: String) throws -> Entry {
    guard let entry = entries.first(where: { $0.code == code }) else { throw Missing(code: code) }
    return entry
  }

  struct Missing: Error { var code: String }
}

/// What the catalogue puts in the place of a table, a row or a cell.
enum Value: Sendable {
  case blank
  case cell(String)
  case row([String: String], copyOf: Int?)
  case rows([[String: String]])

  init(_ node: Node) {
    if let rows = node.sequence {
      self = .rows(rows.map(Value.cells))
    } else if let map = node.mapping {
      self = .row(Value.cells(node), copyOf: map["copyOf"]?.int)
    } else {
      let text = Value.text(node)
      self = text.isEmpty ? .blank : .cell(text)
    }
  }

  private static func cells(_ node: Node) -> [String: String] {
    var cells = Dictionary(
      (node.mapping ?? [:]).map { ($0.key.string ?? "", text($0.value)) }, uniquingKeysWith: { $1 })
    cells["copyOf"] = nil
    return cells
  }

  private static func text(_ node: Node) -> String {
    guard let scalar = node.scalar else { return "" }
    return scalar.style == .plain && scalar.string == "null" ? "" : scalar.string
  }
}

/// The rows of an invented visit by table, as texts; written into an envelope when it is judged.
struct Sample: Sendable {
  var tables: [String: [[String: String]]] = [:]
  /// What stands around the dossier.
  var facility = "48001"
  var createdOn = "20250307"
  var receivedAt = "202503071200"
  /// Whether blank fields are written as empty elements.
  var writesBlanks = true

  /// Applies one line of the catalogue: a table, a row or a cell; blank removes it.
  mutating func set(_ path: String, _ value: Value) {
    if let dot = path.firstIndex(of: ".") {
      let (table, row) = Sample.place(path[..<dot])
      let text: String = if case .cell(let text) = value { text } else { "" }
      put(table, row ?? 0, [String(path[path.index(after: dot)...]): text])
      return
    }
    let (table, row) = Sample.place(path[...])
    switch value {
    case .rows(let rows): tables[table] = rows
    case .row(let cells, let source):
      put(table, row ?? 0, source.map { (tables[table]?[$0 - 1] ?? [:]).merging(cells) { $1 } } ?? cells)
    case .blank, .cell: tables[table] = nil
    }
  }

  /// Changes cells by `TABLE[row].FIELD` (row from 1); an empty text blanks a field.
  mutating func change(_ changes: KeyValuePairs<String, String>) {
    for (path, value) in changes {
      let dot = path.firstIndex(of: ".") ?? path.endIndex
      let (table, row) = Sample.place(path[..<dot])
      put(table, row ?? 0, [String(path[dot...].dropFirst()): value])
    }
  }

  func changed(_ changes: KeyValuePairs<String, String>) -> Sample {
    var copy = self
    copy.change(changes)
    return copy
  }

  func with(_ change: Examples.Change) -> Sample {
    var copy = self
    if case .overrides(let pairs) = change {
      for (key, value) in pairs { copy.set(key, value) }
    }
    return copy
  }

  /// The same visit some days later; births stay.
  func shifted(days: Int, schema: SourceSchema) -> Sample {
    var copy = self
    for (name, rows) in tables {
      guard let table = schema.tables.first(where: { $0.name == name }) else { continue }
      copy.tables[name] = rows.map { row in
        var row = row
        for column in table.columns {
          guard let text = row[column.name], !text.isEmpty, column.name != "NGAYSINH_NND" else { continue }
          switch column.logical {
          case .date, .datetime, .dateOrDatetime, .dateList:
            row[column.name] = text.split(separator: ";").map { Sample.shift($0, days) }.joined(separator: ";")
          default: continue
          }
        }
        return row
      }
    }
    if let left = copy.tables["XML1"]?[0]["NGAY_RA"] {
      copy.change([
        "XML1.NAM_QT": String(left.prefix(4)), "XML1.THANG_QT": String(Int(left.dropFirst(4).prefix(2)) ?? 0),
      ])
    }
    copy.createdOn = Sample.shift(createdOn[...], days)
    copy.receivedAt = Sample.shift(receivedAt[...], days)
    return copy
  }

  private static func shift(_ text: Substring, _ days: Int) -> String {
    guard let day = CivilDate(compact: Array(text.utf8).span, at: 0) else { return String(text) }
    let moved = CivilDate(daysSinceEpoch: day.daysSinceEpoch + Int32(days)).description.filter { $0 != "-" }
    return moved + text.dropFirst(8)
  }

  private mutating func put(_ table: String, _ row: Int, _ cells: [String: String]) {
    var rows = tables[table] ?? []
    while rows.count <= row { rows.append([:]) }
    rows[row].merge(cells) { $1 }
    tables[table] = rows
  }

  /// `XML2[3]` → XML2, 2; `XML1` → XML1, nil.
  private static func place(_ text: Substring) -> (table: String, row: Int?) {
    guard let bracket = text.firstIndex(of: "[") else { return (String(text), nil) }
    return (String(text[..<bracket]), (Int(text[text.index(after: bracket)...].dropLast()) ?? 1) - 1)
  }

  // MARK: files

  /// The inner document of a table: every field of the decision, and what else a row holds.
  func document(_ table: SourceTable) -> String {
    func escaped(_ text: String) -> String {
      text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }
    var text = ""
    for row in tables[table.name] ?? [] {
      let names = table.columns.map(\.name)
      let unknown = row.keys.filter { !names.contains($0) }.sorted()
      text += "<\(table.row)>"
      for name in names + unknown where writesBlanks || row[name]?.isEmpty == false || name == "NHOM_MAU" {
        text += "<\(name)>\(escaped(row[name] ?? ""))</\(name)>"
      }
      text += "</\(table.row)>"
    }
    if let list = table.list { text = "<\(list)>\(text)</\(list)>" }
    if let root = table.root, root != table.row { text = "<\(root)>\(text)</\(root)>" }
    return text
  }

  /// The FILEHOSO of every table there is.
  func parts(_ schema: SourceSchema) -> [(label: String, document: String)] {
    schema.tables.filter { tables[$0.name] != nil && $0.name != "XML0" && $0.name != "XML12" }
      .map { ($0.name, document($0)) }
  }

  func envelope(_ schema: SourceSchema) -> String {
    Envelope(facility: facility, createdOn: createdOn, dossiers: [parts(schema)]).text
  }

  /// All findings of the visit's envelope, and of its check-in file when it has XML0.
  func findings(_ codes: CodeLists? = nil, schema name: String = "qd3176") throws -> [NamedFinding] {
    let definitions = try Examples.shared.get().definitions
    guard let schema = definitions.schemas[name] else { throw Examples.Missing(code: name) }
    var result: [NamedFinding] = []
    if tables.keys.contains(where: { $0 != "XML0" }) {
      result += try judged(envelope(schema), receivedAt: receivedAt, codes: codes)
    }
    if tables["XML0"] != nil {
      let checkIns = schema.tables.first { $0.name == "XML0" }.map(document) ?? ""
      result += try judged(checkIns, receivedAt: receivedAt, codes: codes)
    }
    return result
  }

  func codes(_ codes: CodeLists? = nil) throws -> [String] {
    Array(Set(try findings(codes).map(\.code.description))).sorted()
  }
}

/// An envelope of QĐ 3176 around documents.
struct Envelope {
  var facility = "48001"
  var createdOn = "20250307"
  var declared: Int?
  var dossiers: [[(label: String, document: String)]]

  var text: String {
    var hosos = ""
    for parts in dossiers {
      let files = parts.map {
        let content = Data($0.document.utf8).base64EncodedString()
        return "<FILEHOSO><LOAIHOSO>\($0.label)</LOAIHOSO><NOIDUNGFILE>\(content)</NOIDUNGFILE></FILEHOSO>"
      }
      hosos += "<HOSO>\(files.joined())</HOSO>"
    }
    return """
      <?xml version="1.0" encoding="utf-8"?><GIAMDINHHS><THONGTINDONVI><MACSKCB>\(facility)</MACSKCB></THONGTINDONVI>\
      <THONGTINHOSO><NGAYLAP>\(createdOn)</NGAYLAP><SOLUONGHOSO>\(declared ?? dossiers.count)</SOLUONGHOSO>\
      <DANHSACHHOSO>\(hosos)</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>
      """
  }
}

/// Everything that reader, judge and file check find in a file.
func judged(_ file: String, receivedAt: String = "202503071200", codes: CodeLists? = nil) throws -> [NamedFinding] {
  let definitions = try Examples.shared.get().definitions
  guard let feed = definitions.feeds["qd3176"],
    let received = CivilMinute(compact: Array(receivedAt.utf8).span)
  else { throw Examples.Missing(code: "qd3176") }
  let schemas = definitions.readerSchemas(of: feed)
  let codes = codes ?? definitions.codes
  let rulings = Rulings(
    schemas: schemas, codes: codes, policy: SeverityPolicy(defaults: definitions.catalogue.severities))
  let bytes = Array(file.utf8)
  var at = 0
  let reader = EnvelopeReader(
    schemas: schemas,
    source: { most, target in
      let end = min(at + most, bytes.count)
      target.append(contentsOf: bytes[at..<end])
      defer { at = end }
      return end - at
    })
  var judge = Judge(rulings: rulings, receivedAt: received) { reader.facts.facility.map { Array($0.utf8) } }
  var found: [NamedFinding] = []
  let dossier = Dossier()
  while try reader.next(into: dossier) {
    _ = judge.judge(dossier)
    found += judge.log.findings.map { schemas[dossier.schema].named($0) }
  }
  let facts = reader.facts
  var ofFile = facts.findings + (facts.refusal.map { [$0] } ?? [])
  if facts.refusal == nil {
    ofFile += FileCheck.findings(facts, codes: codes, lastAdmitted: judge.lastAdmitted, receivedAt: received)
  }
  return found + ofFile.map { schemas[0].named($0) }
}
