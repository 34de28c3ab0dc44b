import Definitions
import Findings
import Foundation
import Records
import Testing
import Transform

/// Every function of the mapping language: what it takes, what it refuses, and where it changes.
@Suite struct FunctionTests {
  private static let table = """
    name: visits
    primaryKey: id
    fields:
      - { name: id, type: string }
      - { name: day, type: date, format: "%d/%m/%Y" }
      - { name: at, type: datetime, format: "%d/%m/%Y %H:%M" }
      - { name: a, type: string }
      - { name: b, type: string }
      - { name: n, type: number }
      - { name: m, type: number }
      - { name: i, type: integer }
      - { name: y, type: year }
    """
  private static let other = """
    name: patients
    primaryKey: code
    fields: [{ name: code }, { name: sex }, { name: born, type: date, format: "%d/%m/%Y" }]
    """
  private static let list = "code,to\nNam,1\nNữ,2\n"

  static func bench(_ column: String, _ formula: String) throws -> Workbench {
    try Workbench([
      "Schemas/tiny/visits.yaml": table, "Schemas/tiny/patients.yaml": other, "Schemas/codes/sex.csv": list,
      "Pipelines/tiny.yaml": """
      feed: tiny
      reader: csv
      source: tiny
      files: { visits: "{delivery}_v.csv", patients: "{delivery}_p.csv" }
      dossier: { table: visits, key: id, careDate: day }
      rows:
        - entity: encounter
          from: visits
          columns:
            discharged_at: day
            \(column): \(formula)
      """,
    ])
  }

  /// The troubles of one case: `record` beside id and day, `expected` of the column, findings.
  static func troubles(
    _ column: String, _ formula: String, _ record: String, _ expected: String, _ findings: String = "",
    extra: String? = nil
  ) throws -> [String] {
    let bench = try bench(column, formula)
    let definitions = try bench.load()
    let feed = try #require(definitions.feeds["tiny"])
    let text = """
      - name: one
        records:
          visits: [{ id: V1, day: "01/03/2025"\(record.isEmpty ? "" : ", " + record) }]
          patients: [{ code: P1, sex: Nam, born: "05/02/1980" }]
        rows: { encounter: [{ \(column): \(expected)\(extra.map { ", extra: \($0)" } ?? "") }] }
        findings: [\(findings)]
      """
    return try definitions.cases(text, of: feed).flatMap { definitions.outcome(of: $0, feed).troubles }
  }

  @Test(arguments: [
    // const, case, white space, composition
    ("{ trim: a }", "a: x", "x"), ("{ const: chờ }", "", "chờ"), ("{ upper: a }", "a: viêm phổi", "VIÊM PHỔI"),
    ("{ lower: a }", "a: ĐẶNG THỊ", "đặng thị"), ("{ upper: { trim: a } }", "a: straße", "STRAßE"),
    ("{ nfc: a }", "a: \"e\\u0302\"", "ê"), ("{ upper: a }", "", "null"),
    // replace
    ("{ replace: a, from: \"-\", to: \"\" }", "a: 01-02-03", "\"010203\""),
    ("{ replace: a, from: aa, to: b }", "a: aaa", "ba"), ("{ replace: a, from: x, to: \"\" }", "a: x", "null"),
    // match
    ("{ match: a, pattern: \"([A-Z][0-9]{2})\" }", "a: \"viêm phổi (J18)\"", "J18"),
    ("{ match: a, pattern: \"^(\\\\w+) (\\\\w+)\", group: 2 }", "a: Trần Mẫu", "Mẫu"),
    ("{ match: a, pattern: \"[0-9]+\" }", "a: abc", "null"), ("{ match: a, pattern: \"b+\" }", "a: abbc", "bb"),
    // split
    ("{ split: a, by: \";\", part: 1 }", "a: \"x ; y;z\"", "x"),
    ("{ split: a, by: \";\", part: -1 }", "a: \"x;y;z\"", "z"),
    ("{ split: a, by: \";\", part: 4 }", "a: \"x;y;z\"", "null"),
    ("{ split: a, by: \", \", part: 2 }", "a: \"x, y\"", "y"),
    ("{ split: a, by: \";\", part: -4 }", "a: \"x;y;z\"", "null"),
    // join, concat
    ("{ join: [a, b], with: \"; \" }", "a: x, b: y", "\"x; y\""), ("{ join: [a, b], with: \"; \" }", "b: y", "y"),
    ("{ concat: [a, { const: \"-\" }, b] }", "a: x, b: y", "x-y"), ("{ concat: [a, b] }", "a: x", "null"),
    ("{ join: [day, n], with: \" \" }", "n: 1.5", "01/03/2025 1.5"),
    // substring
    ("{ substring: a, from: 2, length: 3 }", "a: Đặng Thị", "ặng"), ("{ substring: a, from: -2 }", "a: abc", "bc"),
    ("{ substring: a, from: 4 }", "a: abc", "null"), ("{ substring: a, from: 1, length: 99 }", "a: abc", "abc"),
    // lookup
    ("{ lookup: a, list: sex }", "a: Nữ", "2"), ("{ lookup: a, list: sex, default: \"3\" }", "a: khác", "3"),
    ("{ lookup: a, list: sex.csv, default: { keep: true } }", "a: khác", "khác"),
    ("{ lookup: a, list: sex }", "", "null"),
    ("{ lookup: a, list: sex }", "a: \"Nu\\u031B\\u0303\"", "2"),
    // coalesce, when
    ("{ coalesce: [a, b, { const: z }] }", "b: y", "y"), ("{ coalesce: [a, b, { const: z }] }", "a: x, b: y", "x"),
    ("{ coalesce: [a, b, { const: z }] }", "", "z"),
    ("{ when: \"a in (1, 2)\", then: b, otherwise: { const: no } }", "a: 2, b: y", "y"),
    ("{ when: \"a in (1, 2)\", then: b, otherwise: { const: no } }", "a: 3, b: y", "no"),
    ("{ when: \"filled(a) and b not in (x)\", then: a }", "a: v, b: x", "null"),
    ("{ when: \"patients.sex in (Nam)\", then: { const: \"1\" }, otherwise: { const: \"2\" } }", "", "1"),
    // other rows
    ("{ ref: a, take: patients.sex }", "a: P1", "Nam"),
    ("{ lookup: { ref: a, take: patients.sex }, list: sex }", "a: P1", "1"),
    ("{ ref: { const: Nam }, take: patients.code, on: sex }", "", "P1"), ("{ ref: a, take: patients.sex }", "", "null"),
  ])
  func givesText(_ formula: String, _ record: String, _ expected: String) throws {
    #expect(try Self.troubles("visit_reason", formula, record, expected) == [])
  }

  @Test(arguments: [
    ("{ number: a, decimalChar: \",\", groupChar: \".\" }", "a: \"1.250.000,5\"", "1250000.5"),
    ("{ number: a }", "a: -3", "-3"),
    ("{ number: a }", "a: .5", "0.5"), ("{ add: [n, m] }", "n: 1.5, m: 2", "3.5"),
    ("{ add: [n, m, i] }", "n: 1, m: 2, i: 3", "6"),
    ("{ subtract: [n, m] }", "n: 1, m: 2.25", "-1.25"), ("{ multiply: [n, i] }", "n: 0.3333, i: 3", "0.9999"),
    ("{ divide: [n, i] }", "n: 2, i: 3", "0.6667"), ("{ divide: [n, i] }", "n: -2, i: 3", "-0.6667"),
    ("{ divide: [n, { const: \"8\" }] }", "n: 0.0004", "0.0001"),
    ("{ multiply: [n, m] }", "n: 0.01, m: 0.005", "0.0001"),
    ("{ add: [n, m] }", "n: 1", "null"), ("{ coalesce: [n, i] }", "i: 4", "4"), ("{ trim: a }", "a: 12.5", "12.5"),
    ("{ multiply: [n, i] }", "n: 99999999999999, i: 1", "99999999999999"),
  ])
  func givesNumbers(_ formula: String, _ record: String, _ expected: String) throws {
    #expect(try Self.troubles("total_hospital_amount", formula, record, expected) == [])
  }

  @Test(arguments: [
    ("{ date: a, formats: [\"%d/%m/%Y %H:%M\", \"%d/%m/%Y\"] }", "a: 04/03/2025 08:30", "2025-03-04T08:30+07:00"),
    ("{ date: a, formats: [\"%d/%m/%Y %H:%M\", \"%d/%m/%Y\"] }", "a: 04/03/2025", "2025-03-04T00:00+07:00"),
    ("{ date: a, formats: iso }", "a: \"2025-03-04T01:30:59Z\"", "2025-03-04T08:30+07:00"),
    ("{ date: a, formats: iso }", "a: \"2025-03-04T08:30:00.250+07:00\"", "2025-03-04T08:30+07:00"),
    ("{ date: a, formats: excel }", "a: \"45720.5\"", "2025-03-04T12:00+07:00"), ("day", "", "2025-03-01T00:00+07:00"),
    ("{ coalesce: [at, day] }", "", "2025-03-01T00:00+07:00"),
    ("{ coalesce: [at, day] }", "at: 02/03/2025 10:05", "2025-03-02T10:05+07:00"),
    ("{ date: { ref: a, take: patients.born } }", "a: P1", "1980-02-05T00:00+07:00"),
    ("{ date: a, formats: [\"%d/%m/%Y\", \"%m/%d/%Y\"] }", "a: 04/04/2025", "2025-04-04T00:00+07:00"),
    (
      "{ date: { join: [a, b], with: \" \" }, formats: \"%Y-%m-%d %I:%M %p\" }", "a: 2025-03-04, b: 12:05 AM",
      "2025-03-04T00:05+07:00"
    ),
  ])
  func givesMoments(_ formula: String, _ record: String, _ expected: String) throws {
    #expect(try Self.troubles("admitted_at", formula, record, "\"\(expected)\"") == [])
  }

  /// What cannot be worked out leaves the column empty, is said about the field that was sent, and keeps what was sent.
  @Test(arguments: [
    ("visit_reason", "{ lookup: a, list: sex }", "a: M", "T40 visits.a", "{ a: M }"),
    ("total_hospital_amount", "{ divide: [n, m] }", "n: 1, m: 0", "T41 visits.n", "{ n: \"1\", m: \"0\" }"),
    (
      "total_hospital_amount", "{ multiply: [n, m] }", "n: 99999999999, m: 10000", "T41 visits.n",
      "{ n: \"99999999999\", m: \"10000\" }"
    ),
    ("total_hospital_amount", "{ number: a }", "a: \"1,5\"", "B04 visits.a", "{ a: \"1,5\" }"),
    ("total_hospital_amount", "{ add: [a, n] }", "a: x, n: 1", "T41 visits.a", "{ a: x, n: \"1\" }"),
    (
      "admitted_at", "{ date: a, formats: [\"%d/%m/%Y\", \"%m/%d/%Y\"] }", "a: 04/03/2025", "T36 visits.a",
      "{ a: 04/03/2025 }"
    ),
    ("visit_reason", "{ ref: a, take: patients.sex }", "a: P9", "T42 visits.a", "{ a: P9 }"),
    ("sequence_number", "{ multiply: [n, { const: \"1\" }] }", "n: 1.5", "T41 visits.n", "{ n: \"1.5\" }"),
    (
      "total_hospital_amount", "{ number: a, decimalChar: \",\", groupChar: \".\" }", "a: \"12.5\"", "T37 visits.a",
      "null"
    ),
  ])
  func saysWhatCannotBeWorkedOut(
    _ column: String, _ formula: String, _ record: String, _ finding: String, _ extra: String
  ) throws {
    let isOdd = finding.hasPrefix("T37")
    #expect(try Self.troubles(column, formula, record, isOdd ? "125" : "null", finding, extra: extra) == [])
  }

  /// A value that is in no list is told once, whoever asks: the schema, or several lookups.
  @Test(arguments: [
    ("{ enum: [Nam, Nữ] }", "{ lookup: a, list: sex }", "M", "T31 visits.a"),
    ("{ enum: [Nam, Nữ] }", "{ lookup: { trim: a }, list: sex }", "M", "T31 visits.a"),
    ("{ enum: [Nam, X] }", "{ lookup: a, list: sex }", "X", "T40 visits.a"),
    ("{}", "{ concat: [{ lookup: a, list: sex }, { lookup: { upper: a }, list: sex }] }", "M", "T40 visits.a"),
    // another field's value is another matter
    (
      "{ enum: [Nam] }", "{ concat: [{ lookup: a, list: sex }, { lookup: b, list: sex }] }", "M",
      "T31 visits.a, T40 visits.b"
    ),
    // as the schema allows, and in the list
    ("{ enum: [Nam, Nữ] }", "{ lookup: a, list: sex }", "Nam", ""),
  ])
  func tellsOneWrongValueOnce(_ constraints: String, _ formula: String, _ value: String, _ findings: String) throws {
    let bench = try Workbench([
      "Schemas/tiny/visits.yaml": Self.table.replacing(
        "{ name: a, type: string }", with: "{ name: a, type: string, constraints: \(constraints) }"),
      "Schemas/codes/sex.csv": Self.list,
      "Pipelines/tiny.yaml": """
      feed: tiny
      reader: csv
      source: tiny
      dossier: { table: visits, key: id, careDate: day }
      rows: [{ entity: encounter, from: visits, columns: { discharged_at: day, visit_reason: \(formula) } }]
      """,
    ])
    let definitions = try bench.load()
    let feed = try #require(definitions.feeds["tiny"])
    let text = """
      - name: one
        records: { visits: [{ id: V1, day: "01/03/2025", a: \(value), b: \(value) }] }
        findings: [\(findings)]
      """
    #expect(try definitions.cases(text, of: feed).flatMap { definitions.outcome(of: $0, feed).troubles } == [])
  }

  /// How a value is to be written is said as the hospital knows it, of the field's type or of the function that reads it.
  @Test func saysHowDatesAndNumbersAreWritten() throws {
    let bench = try Workbench([
      "Schemas/tiny/visits.yaml": Self.table,
      "Pipelines/tiny.yaml": """
      feed: tiny
      reader: csv
      source: tiny
      dialect: { decimalChar: ",", groupChar: "." }
      dossier: { table: visits, key: id, careDate: day }
      rows:
        - entity: encounter
          from: visits
          columns:
            discharged_at: at
            admitted_at: { date: { trim: a }, formats: ["%d-%m-%Y", "%Y"] }
            total_hospital_amount: { number: b, decimalChar: "." }
      """,
    ])
    let definitions = try bench.load()
    let schema = try #require(definitions.plans["tiny"]).schema
    func form(_ code: FindingCode, _ column: String) -> String? {
      schema.named(Finding(code, .reject, table: 0, column: schema.tables[0].column(column) ?? -1, row: 1)).form
    }
    #expect(form(.B06, "day") == "dd/MM/yyyy" && form(.B06, "at") == "dd/MM/yyyy HH:mm" && form(.B06, "y") == "yyyy")
    #expect(form(.B06, "a") == "dd-MM-yyyy, yyyy" && form(.B04, "b") == "1234567.5")
    #expect(form(.B04, "n") == "1.234.567,5" && form(.B04, "i") == "1.234.567")
    // only where it is asked for
    #expect(form(.B01, "day") == nil && form(.T31, "n") == nil)
  }

  /// A date that is none keeps the dossier out, as in the decisions' feeds.
  @Test func rejectsWhatIsNoDate() throws {
    let troubles = try Self.troubles(
      "admitted_at", "{ date: a, formats: \"%d/%m/%Y\" }", "a: 31/02/2025", "null", "B06 visits.a")
    #expect(troubles == ["the dossier is rejected"])
    let allowed = try Self.troubles(
      "admitted_at", "{ date: a, formats: \"%d/%m/%Y\" }", "a: 28/02/2025", "2025-02-28T00:00+07:00")
    #expect(allowed == [])
  }

  @Test func surrogatesAreStableAndDiffer() throws {
    func surrogate(_ formula: String, _ record: String) throws -> String {
      let found = try Self.troubles("visit_reason", formula, record, "nobody").first ?? ""
      return String(found.split(separator: "found ").last ?? "")
    }
    let one = try surrogate("{ surrogate: [a, b], prefix: \"P-\" }", "a: x, b: y")
    #expect(one.hasPrefix("«P-") && one.count == 2 + 2 + 32)
    #expect(try surrogate("{ surrogate: [a, b], prefix: \"P-\" }", "a: x, b: y") == one)
    // where one part ends and the next begins matters, and so does the prefix
    #expect(try surrogate("{ surrogate: [a, b], prefix: \"P-\" }", "a: xy") != one)
    #expect(try surrogate("{ surrogate: [a, b], prefix: \"Q-\" }", "a: x, b: y").dropFirst(3) != one.dropFirst(3))
    #expect(try surrogate("{ surrogate: [a, b] }", "") == "nothing")
  }

  @Test func birthsKnowTheirPrecision() throws {
    let bench = try Self.bench("visit_reason", "a")
    _ = try bench.load()
    let born = "{ date: a, formats: [\"%d/%m/%Y %H:%M\", \"%d/%m/%Y\", \"%Y\"] }"
    let feed = """
      feed: tiny
      reader: csv
      source: tiny
      files: { visits: "{delivery}_v.csv", patients: "{delivery}_p.csv" }
      dossier: { table: visits, key: id, careDate: day }
      rows:
        - entity: patient
          from: visits
          columns: { birth_date: { birthDate: \(born) }, birth_precision: { birthPrecision: \(born) }, birth_at: { birthMoment: \(born) } }
        - entity: patient
          from: visits
          columns: { birth_date: { birthDate: y }, birth_precision: { birthPrecision: y } }
        - entity: patient
          from: visits
          columns: { birth_date: { birthDate: day }, birth_precision: { birthPrecision: day } }
      """
    try feed.write(toFile: bench.folder + "/Pipelines/tiny.yaml", atomically: true, encoding: .utf8)
    let definitions = try bench.load()
    for (text, day, precision, at) in [
      ("05/02/1980 10:30", "1980-02-05", "minute", "1980-02-05T10:30+07:00"),
      ("05/02/1980", "1980-02-05", "day", "null"),
      ("1980", "1980-01-01", "year", "null"),
    ] {
      let cases = try definitions.cases(
        """
        - name: births
          records: { visits: [{ id: V1, day: "01/03/2025", a: "\(text)", y: "1975" }] }
          rows:
            patient:
              - { birth_date: \(day), birth_precision: \(precision), birth_at: \(at == "null" ? at : "\"\(at)\"") }
              - { birth_date: 1975-01-01, birth_precision: year }
              - { birth_date: 2025-03-01, birth_precision: day }
        """, of: try #require(definitions.feeds["tiny"]))
      #expect(cases.flatMap { definitions.outcome(of: $0, definitions.feeds["tiny"]!).troubles } == [])
    }
  }

  /// Mistakes in functions are told with their place and how to mend them.
  @Test(arguments: [
    ("{ trimm: a }", "11:21: not a way to fill a column; did you mean «trim»?"),
    ("{ trim: x }", "11:29: row set 1, column visit_reason: visits has no field «x»"),
    ("{ trim: a, upper: b }", "two functions in one map"),
    ("{ replace: a, from: x }", "replace needs «to»; add it beside replace"),
    ("{ match: a, pattern: \"(\" }", "11:42: the pattern cannot be read"),
    ("{ match: a, pattern: \"a\", group: 1 }", "the pattern has 0 groups"),
    ("{ split: a, by: \";\", part: 0 }", "a part from 1"), ("{ substring: a, from: 0 }", "characters count from 1"),
    (
      "{ lookup: a, list: nothing }", "there is no list Schemas/codes/nothing.csv; add it, with the columns code and to"
    ),
    ("{ date: a }", "how the date is written is not said"),
    ("{ date: a, formats: dd/MM/yyyy }", "says no date; write %d/%m/%Y"),
    ("{ add: [n] }", "at least 2 are expected"), ("{ divide: [n, n, n] }", "divide takes two"),
    ("{ add: [n, day] }", "add takes numbers, and this is a date"),
    ("{ when: \"a = 1\", then: b }", "the condition cannot be read"),
    ("{ when: \"filled(zz)\", then: b }", "the condition names a field «visits.zz»"),
    ("{ ref: a, take: patients }", "write take: TABLE.FIELD"),
    ("{ ref: a, take: patients.age }", "patients has no field «age»"),
    ("{ ref: a, take: people.age }", "there is no table «people»"),
    ("{ number: a, decimalChar: \".\", groupChar: \".\" }", "are the same"),
    ("{ trim: a, form: b }", "unknown key «form»"), ("[a, b]", "a field or a function is expected"),
  ])
  func namesMistakes(_ formula: String, _ expected: String) throws {
    let faults = try Self.bench("visit_reason", formula).faults()
    #expect(faults.contains { $0.contains(expected) }, "\(faults)")
  }

  @Test(arguments: [
    ("admitted_at", "{ trim: a }", "a date is needed here; say how it is written"),
    ("total_hospital_amount", "{ date: day }", "a number is needed here"),
    ("follow_up_dates", "{ trim: a }", "a function cannot fill a column of type date[]"),
  ])
  func namesTypesThatDoNotFit(_ column: String, _ formula: String, _ expected: String) throws {
    let faults = try Self.bench(column, formula).faults()
    #expect(faults.contains { $0.contains(expected) }, "\(faults)")
  }

  @Test func keysCareDatesAndFacilitiesMayBeFunctions() throws {
    let bench = try Self.bench("visit_reason", "b")
    let path = bench.folder + "/Pipelines/tiny.yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8).replacing(
      "{ table: visits, key: id, careDate: day }",
      "{ table: visits, key: { concat: [a, { const: \"/\" }, id] }, careDate: [{ date: b, formats: \"%Y%m%d\" }, day], facility: { substring: a, from: 1, length: 5 } }"
    )
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let definitions = try bench.load()
    let feed = try #require(definitions.feeds["tiny"])
    let cases = try definitions.cases(
      """
      - name: whole
        records: { visits: [{ id: V1, a: 48001x, b: "20250415", day: 01/03/2025 }] }
        rows: { encounter: [{ encounter_key: 48001x/V1, care_month: 2025-04-01 }] }
      - name: no key
        records: { visits: [{ id: V1, day: 01/03/2025 }] }
        rejected: true
        findings: [B01 visits.a]
      """, of: feed)
    #expect(cases.flatMap { definitions.outcome(of: $0, feed).troubles } == [])
  }
}
