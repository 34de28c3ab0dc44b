import Definitions
import Foundation
import Records
import Testing

/// Fields of plain Table Schema files: which cells are wrong.
@Suite struct PlainSchemaTests {
  static func bench(_ field: String) throws -> Workbench {
    try Workbench([
      "Schemas/tiny/visits.yaml": """
      name: visits
      missingValues: ["", "NULL"]
      fields: [{ name: id }, { name: day, type: date }, { name: a, \(field) }]
      """,
      "Pipelines/tiny.yaml": """
      feed: tiny
      reader: csv
      source: tiny
      dossier: { table: visits, key: id, careDate: day }
      rows: [{ entity: encounter, from: visits, columns: { visit_reason: a } }]
      """,
    ])
  }

  /// Codes of findings about the cells of `a`, one dossier with all of them as rows.
  static func findings(_ definitions: Definitions, _ texts: [String?]) throws -> [[String]] {
    let feed = try #require(definitions.feeds["tiny"])
    let rows = texts.map { "{ id: V, day: 2025-03-01, a: \($0.map { "\"\($0)\"" } ?? "null") }" }
    let one = try definitions.cases("[{ name: one, records: { visits: [\(rows.joined(separator: ", "))] } }]", of: feed)
    return definitions.findings(of: one[0], feed, table: "visits", field: "a", rows: texts.count)
  }

  /// What frictionless-py 5.21 says of the same cells of the same fields.
  ///
  /// We refuse more in few places: what a number of the warehouse cannot hold, and what is a number to Python only.
  @Test func agreesWithFrictionless() throws {
    let rows = SimpleCSV.rows(
      try String(contentsOfFile: repository + "Tests/DefinitionsTests/Fixtures/frictionless.csv", encoding: .utf8))
    var compared = 0
    for (spec, rows) in Dictionary(grouping: rows.dropFirst(), by: { $0[0] }) {
      let definitions = try Self.bench(rows[0][1]).load()
      let found = try Self.findings(definitions, rows.map { $0[2] })
      for (row, codes) in zip(rows, found) {
        // doubts are no faults
        let isWrong = !codes.filter { $0 != "B05" && $0 != "T37" }.isEmpty
        #expect(isWrong == (row[3] == "no"), "\(spec): «\(row[2])» \(codes)")
        compared += 1
      }
    }
    #expect(compared > 5000)
  }

  @Test(arguments: [
    ("type: integer", ["12", "-5", "+5", "007"], ["1.5", "1_000", "1234567890123456789"], "B04"),
    ("type: integer, groupChar: \".\"", ["1.000", "12"], ["1,000"], "B04"),
    ("type: integer, bareNumber: false", ["12 cái", "#5"], ["không"], "B04"),
    ("type: number", ["12.5", ".5", "1e3", "99999999999999"], ["1,5", "NaN", "1e", "100000000000000"], "B04"),
    ("type: number, decimalChar: \",\", groupChar: \" \"", ["1 250,5", "1,5"], ["1.5", "1,5,5"], "B04"),
    ("type: number, bareNumber: false", ["95 %", "đ 12000"], ["một"], "B04"),
    ("type: boolean", ["true", "0"], ["yes"], "T35"),
    ("type: boolean, trueValues: [Có], falseValues: [Không]", ["Có"], ["1"], "T35"),
    ("type: date", ["2025-03-01"], ["01/03/2025", "2025-02-29"], "B06"),
    ("type: date, format: \"%d/%m/%Y\"", ["29/02/2024", "1/3/2025"], ["29/02/2025", "2025-03-01"], "B06"),
    ("type: date, format: \"%Y\"", ["1980"], ["80"], "B06"),
    ("type: date, format: excel", ["45717"], ["60", "x"], "B06"),
    ("type: date, format: \"%Y%m%d\"", ["20250301"], ["2025031"], "B06"),
    ("type: datetime, format: \"%d/%m/%Y %H:%M\"", ["01/03/2025 08:30"], ["01/03/2025", "01/03/2025 24:00"], "B06"),
    (
      "type: datetime, format: iso", ["2025-03-01", "2025-03-01T08:30Z", "2025-03-01 08:30:15.5+07:00"],
      ["01/03/2025", "2025-03-01T08"], "B06"
    ),
    ("type: datetime, format: excel", ["45717", "45717.354167"], ["45717.x"], "B06"),
    ("type: year", ["1980"], ["80", "19800"], "B06"),
    ("constraints: { minLength: 2 }", ["ắn"], ["ắ"], "T33"), ("constraints: { maxLength: 2 }", ["ắn"], ["ắng"], "B03"),
    (
      "constraints: { pattern: \"[A-Z][0-9]{2}([.][0-9])?\" }", ["J18", "J18.9"], ["J1", "j18", "J18.", "xJ18"], "T30"
    ),
    ("constraints: { enum: [Nam, Nữ] }", ["Nữ"], ["nam"], "T31"),
    ("type: integer, constraints: { enum: [1, 2] }", ["2", "02"], ["3"], "T31"),
    ("type: number, constraints: { minimum: 0, maximum: 10 }", ["0", "10"], ["-0.0001", "10.0001"], "T32"),
    (
      "type: number, constraints: { exclusiveMinimum: 0, exclusiveMaximum: 10 }", ["0.0001", "9.9999"], ["0", "10"],
      "T32"
    ),
    ("type: date, constraints: { minimum: 2025-01-01 }", ["2025-01-01"], ["2024-12-31"], "T32"),
    ("constraints: { required: true }", ["x"], [], "B01"), ("constraints: { unique: true }", ["x", "y"], [], "T34"),
  ])
  func holdsToTheField(_ field: String, _ good: [String], _ bad: [String], _ code: String) throws {
    let definitions = try Self.bench(field).load()
    let found = try Self.findings(definitions, good + bad)
    #expect(found == good.map { _ in [] } + bad.map { _ in [code] }, "\(found)")
  }

  @Test func knowsWhatIsMissing() throws {
    let required = try Self.bench("type: integer, constraints: { required: true }").load()
    #expect(try Self.findings(required, ["NULL", nil, "1"]) == [["B01"], ["B01"], []])
    let own = try Self.bench("type: integer, missingValues: [\"-\", \"n/a\"]").load()
    #expect(try Self.findings(own, ["-", "n/a", "NULL", "--"]) == [[], [], [], ["B04"]])
  }

  @Test func findsWhatStandsTwice() throws {
    let text = try Self.bench("constraints: { unique: true }").load()
    #expect(try Self.findings(text, ["x", "y", "x", nil, nil]) == [[], [], ["T34"], [], []])
    // values are compared, not how they are written
    let number = try Self.bench("type: number, constraints: { unique: true }").load()
    #expect(try Self.findings(number, ["1", "1.0", "2"]) == [[], ["T34"], []])
  }

  @Test func warnsOfOddNumbers() throws {
    let definitions = try Self.bench("type: number, decimalChar: \",\", groupChar: \".\"").load()
    #expect(try Self.findings(definitions, ["1.250", "12.5", "1.2500", "1,23456"]) == [[], ["T37"], ["T37"], ["B05"]])
  }

  @Test func codesOfAListOfTheirOwn() throws {
    let bench = try Self.bench("codeList: la")
    try "code,vi\n1,Một\n".write(toFile: bench.folder + "/Schemas/codes/la.csv", atomically: true, encoding: .utf8)
    #expect(try Self.findings(bench.load(), ["1", "2"]) == [[], ["B15"]])
  }

  /// The edition of a list is that of the day of care: here 1 March 2025.
  @Test func codesAreThoseOfTheDayOfCare() throws {
    let bench = try Self.bench("codeList: la")
    let list = """
      code,vi,valid_from,valid_to
      1,Một,,
      2,Hai,,2025-02-28
      3,Ba,2025-03-01,2025-03-01
      4,Bốn,2025-03-02,
      2,Hai mới,2026-01-01,

      """
    try list.write(toFile: bench.folder + "/Schemas/codes/la.csv", atomically: true, encoding: .utf8)
    #expect(try Self.findings(bench.load(), ["1", "2", "3", "4"]) == [[], ["B15"], [], ["B15"]])
    // a day that a function reads is not known when fields are checked: any edition will do
    let feed = bench.folder + "/Pipelines/tiny.yaml"
    try String(contentsOfFile: feed, encoding: .utf8)
      .replacing("careDate: day", with: "careDate: { date: id, formats: [\"V%d/%m/%Y\"] }")
      .write(toFile: feed, atomically: true, encoding: .utf8)
    #expect(try Self.findings(bench.load(), ["2", "4", "5"]) == [[], [], ["B15"]])
  }
}
