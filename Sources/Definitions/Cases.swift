internal import Bytes
internal import CommonSchema
internal import Findings
internal import Foundation
internal import Records
package import Transform

/// One case of `Pipelines/<feed>.cases.yaml`: the records of one dossier, and what must come of them.
package struct FeedCase: Sendable {
  package var name: String
  package var place: Place?
  /// By table: rows of (column, value); nil where the cell is not there.
  var records: [(table: String, rows: [[(column: String, value: String?)]])] = []
  /// By entity: the rows expected, in order; columns that are not named are not compared.
  var rows: [(entity: String, rows: [[(column: String, value: Expectation)]])] = []
  /// `B06 visits.ngay_ra`, all of them, in any order.
  var findings: [String] = []
  var isRejected: Bool?

  package var expectsFindings: Bool { !findings.isEmpty }

  indirect enum Expectation: Sendable, Hashable {
    case null
    case text(String)
    case list([Expectation])
    case map([String: Expectation])
  }
}

/// What became of a case.
package struct CaseOutcome: Sendable {
  package var name: String
  package var place: Place?
  /// What was not as expected; empty when it passed.
  package var troubles: [String]
}

extension Definitions {
  /// What surrogates of cases are made by.
  package static let caseKey = Array("songhan pipeline test".utf8)

  /// When cases are received: exceptions of a feed that hold on that day hold for them.
  static var caseTime: CivilMinute {
    CivilMinute(minutesSinceEpoch: Int64(CivilDate(year: 2025, month: 6, day: 1)?.daysSinceEpoch ?? 0) * 1440)
  }

  /// The case that a text says, for tests that need no file.
  package func cases(_ text: String, of feed: Feed) throws(DefinitionFaults) -> [FeedCase] {
    try cases(text, "cases", feed)
  }

  /// The cases of a feed; empty when it has none.
  package func cases(of feed: Feed) throws(DefinitionFaults) -> [FeedCase] {
    let path = "Pipelines/\(feed.name).cases.yaml"
    guard FileManager.default.fileExists(atPath: folder + "/" + path) else { return [] }
    guard let data = FileManager.default.contents(atPath: folder + "/" + path),
      let text = String(validating: data, as: UTF8.self)
    else {
      throw DefinitionFaults(faults: [DefinitionFault(file: path, message: "the file cannot be read as UTF-8")])
    }
    return try cases(text, path, feed)
  }

  private func cases(_ text: String, _ path: String, _ feed: Feed) throws(DefinitionFaults) -> [FeedCase] {
    let (node, document) = DefinitionNode.read(text, file: path)
    var result: [FeedCase] = []
    if let node {
      if !node.isList { node.fault("a list of cases is expected", mend: "write - name: …") }
      for item in node.items { if let one = oneCase(item, feed) { result.append(one) } }
    }
    if !document.faults.isEmpty { throw DefinitionFaults(faults: document.faults) }
    return result
  }

  private func oneCase(_ node: DefinitionNode, _ feed: Feed) -> FeedCase? {
    node.allow(only: ["name", "records", "rows", "findings", "rejected", "description"])
    guard let name = node.requiredString("name"), let records = node.required("records"),
      let schema = schemas[feed.source]
    else { return nil }
    var result = FeedCase(name: name, place: node.place)
    for (key, value) in records.pairs {
      guard let table = key.string else { continue }
      if schema.table(table) == nil {
        key.fault(
          "there is no table «\(table)» in Schemas/\(schema.name)",
          mend: "one of \(schema.tables.map(\.name).joined(separator: ", "))")
        continue
      }
      var rows: [[(column: String, value: String?)]] = []
      for row in value.isList ? value.items : [value] {
        var cells: [(column: String, value: String?)] = []
        for (key, value) in row.pairs {
          guard let column = key.string else { continue }
          if value.string == nil && !value.isNull { value.fault("a text is expected") }
          cells.append((column, value.isNull ? nil : value.string))
        }
        rows.append(cells)
      }
      result.records.append((table, rows))
    }
    for (key, value) in node["rows"]?.pairs ?? [] {
      guard let name = key.string else { continue }
      guard let entity = common.entity(name) else {
        key.fault("there is no entity «\(name)» in Schemas/common")
        continue
      }
      var rows: [[(column: String, value: FeedCase.Expectation)]] = []
      for row in value.isList ? value.items : [value] {
        var columns: [(column: String, value: FeedCase.Expectation)] = []
        for (key, value) in row.pairs {
          guard let column = key.string else { continue }
          if common.entities[entity].column(column) == nil { key.fault("\(name) has no column «\(column)»") }
          columns.append((column, Definitions.expectation(value)))
        }
        rows.append(columns)
      }
      result.rows.append((name, rows))
    }
    for item in node["findings"]?.items ?? [] {
      let words = (item.string ?? "").split(separator: " ")
      if words.isEmpty || words.count > 2 || FindingCode(String(words[0])) == nil {
        item.fault("a code and a field are expected", mend: "write B06 TABLE.FIELD")
      } else {
        result.findings.append(words.joined(separator: " "))
      }
    }
    if let rejected = node["rejected"] { result.isRejected = PlainTable.bool(rejected) }
    return result
  }

  fileprivate static func expectation(_ node: DefinitionNode) -> FeedCase.Expectation {
    if node.isNull { return .null }
    if node.isList { return .list(node.items.map(expectation)) }
    if node.isMap {
      return .map(
        Dictionary(node.pairs.map { ($0.key.string ?? "", expectation($0.value)) }, uniquingKeysWith: { a, _ in a }))
    }
    return .text(node.string ?? "")
  }

  /// Judges and maps the records of a case as a run would.
  package func outcome(of one: FeedCase, _ feed: Feed) -> CaseOutcome {
    var outcome = CaseOutcome(name: one.name, place: one.place, troubles: [])
    guard let plan = plans[feed.name] else {
      outcome.troubles.append("the feed has faults of its own")
      return outcome
    }
    let dossier = Definitions.dossier(one, plan.schema)
    let received = Definitions.caseTime
    var judge = Judge(
      rulings: rulings(of: feed, on: received.day, surrogateKey: Definitions.caseKey), receivedAt: received,
      statedFacility: { nil })
    let verdict = judge.judge(dossier)
    let isRejected = verdict.outcome == .rejected
    if isRejected && !(one.isRejected ?? one.rows.isEmpty) {
      outcome.troubles.append("the dossier is rejected")
    } else if !isRejected && one.isRejected == true {
      outcome.troubles.append("the dossier is accepted")
    }
    let found = judge.log.findings.map { Definitions.label(plan.schema.named($0)) }.sorted()
    let expected = one.findings.sorted()
    func matches(_ found: [String], _ expected: [String]) -> Bool {
      guard found.count == expected.count else { return false }
      var rest = found
      for wanted in expected {
        guard let index = rest.firstIndex(where: { $0 == wanted || (!wanted.contains(" ") && $0.hasPrefix(wanted)) })
        else { return false }
        rest.remove(at: index)
      }
      return true
    }
    if !matches(found, expected) {
      func list(_ all: [String]) -> String { all.isEmpty ? "none" : all.joined(separator: ", ") }
      outcome.troubles.append("findings: expected \(list(expected)); found \(list(found))")
    }
    if isRejected { return outcome }
    guard let month = verdict.careMonth, let mapper = try? mappers(of: feed).first else { return outcome }
    var batch = RowBatch(schema: common)
    var counts = [Int](repeating: 0, count: common.entities.count)
    mapper.map(
      dossier,
      Mapper.Identity(
        encounterKey: verdict.key, careMonth: month, facilityCode: Array("48001".utf8), fileID: 1, dossierNumber: 1),
      into: &batch, counts: &counts)
    for (name, rows) in one.rows {
      guard let entity = common.entity(name) else { continue }
      compare(rows, name, RowDecoder(common.entities[entity]), batch.entities[entity], &outcome)
    }
    return outcome
  }

  /// The codes of a case's findings about one field, row by row.
  package func findings(of one: FeedCase, _ feed: Feed, table: String, field: String, rows: Int) -> [[String]] {
    guard let plan = plans[feed.name] else { return [] }
    let received = Definitions.caseTime
    var judge = Judge(
      rulings: rulings(of: feed, on: received.day, surrogateKey: Definitions.caseKey), receivedAt: received,
      statedFacility: { nil })
    _ = judge.judge(Definitions.dossier(one, plan.schema))
    var result = [[String]](repeating: [], count: rows)
    for finding in judge.log.findings.map({ plan.schema.named($0) })
    where finding.table == table && finding.field == field && (1...rows).contains(finding.row) {
      result[finding.row - 1].append(finding.code.description)
    }
    return result
  }

  private func compare(
    _ expected: [[(column: String, value: FeedCase.Expectation)]], _ name: String, _ decoder: RowDecoder,
    _ rows: EntityRows, _ outcome: inout CaseOutcome
  ) {
    var lines = OutputBuffer()
    decoder.appendLines(of: rows.buffer.bytes.span, to: &lines)
    // what is JSON is YAML
    let found = String(decoding: lines.bytes, as: UTF8.self).split(separator: "\n").map { line in
      DefinitionNode.read(String(line), file: "").0
    }
    if found.count != expected.count {
      outcome.troubles.append("\(name): expected \(expected.count) rows; found \(found.count)")
    }
    for (number, (wanted, row)) in zip(expected, found).enumerated() {
      for (column, value) in wanted {
        let actual = row?.value(column).map(Definitions.expectation) ?? .null
        if !Definitions.agree(value, actual) {
          outcome.troubles.append(
            "\(name) row \(number + 1), \(column): expected \(value.description); found \(actual.description)")
        }
      }
    }
  }

  private static func agree(_ a: FeedCase.Expectation, _ b: FeedCase.Expectation) -> Bool {
    switch (a, b) {
    case (.text(let a), .text(let b)):
      if a == b { return true }
      // 12.50 is 12.5, but 01 is not 1
      if a.first == "0" && !a.hasPrefix("0.") && a != "0" { return false }
      guard let x = Loader.amount(a), let y = Loader.amount(b) else { return false }
      return x == y
    case (.list(let a), .list(let b)): return a.count == b.count && zip(a, b).allSatisfy(agree)
    default: return a == b
    }
  }

  private static func label(_ finding: NamedFinding) -> String {
    let field = [finding.table, finding.field].compactMap(\.self).joined(separator: ".")
    return field.isEmpty ? finding.code.description : "\(finding.code) \(field)"
  }

  private static func dossier(_ one: FeedCase, _ schema: SourceSchema) -> Dossier {
    let dossier = Dossier()
    dossier.use(schema, number: 0)
    dossier.number = 1
    for (name, rows) in one.records {
      guard let table = schema.table(name) else { continue }
      for row in rows {
        dossier.tables[table].appendRow()
        let number = dossier.tables[table].rowCount - 1
        dossier.tables[table].origins.append(TableRecords.Origin(number: number + 1, byteOffset: -1))
        for (column, value) in row {
          guard let value else { continue }
          let bytes = Array(value.utf8)
          let trimmed = bytes[Text.trimmed(bytes.span)]
          let cell = TableRecords.Cell(offset: UInt32(dossier.text.count), length: UInt32(trimmed.count))
          dossier.text.append(contentsOf: trimmed)
          if let index = schema.tables[table].column(column), !schema.tables[table].columns[index].isDerived {
            dossier.tables[table].cells[number * schema.tables[table].columns.count + index] = cell
          } else {
            dossier.tables[table].extras.append(TableRecords.Extra(row: number, name: column, cell: cell))
          }
        }
      }
    }
    return dossier
  }
}

extension FeedCase.Expectation {
  var description: String {
    switch self {
    case .null: "nothing"
    case .text(let text): "«\(text)»"
    case .list(let items): "[\(items.map(\.description).joined(separator: ", "))]"
    case .map(let map):
      "{\(map.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.description)" }.joined(separator: ", "))}"
    }
  }
}
