import Definitions
import Foundation
import Runs
import SchemaTools
import Testing

/// frictionless and our own check of one delimited file with planted faults: the same cells are wrong for both.
@Suite(.enabled(if: Tool.frictionless != nil, "make test sets up frictionless")) struct AgreementTests {
  /// A cell by its row (from 1, the header not counted) and column.
  private struct Cell: Hashable, CustomStringConvertible {
    var row: Int
    var field: String
    var description: String { "\(row).\(field)" }
  }

  private static let schema = """
    name: visits
    title: Lượt khám
    missingValues: ["", "NA"]
    fields:
      - { name: id, type: string, title: Mã, constraints: { required: true, unique: true } }
      - { name: arrived, type: date, title: Ngày vào, constraints: { required: true } }
      - { name: departed, type: datetime, format: "%d/%m/%Y %H:%M", title: Ngày ra }
      - { name: born, type: year, title: Năm sinh }
      - { name: nights, type: integer, title: Số đêm, constraints: { minimum: 0, maximum: 400 } }
      - { name: price, type: number, decimalChar: ",", groupChar: ".", title: Giá }
      - { name: weight, type: number, title: Cân nặng, constraints: { minimum: 0.3 } }
      - { name: sex, type: string, title: Giới tính, constraints: { enum: [Nam, Nữ] } }
      - { name: insured, type: boolean, trueValues: [có], falseValues: [không], title: Có thẻ }
      - { name: ward, type: string, title: Khoa, constraints: { pattern: "K[0-9]{2}" } }
      - { name: note, type: string, title: Ghi chú, constraints: { minLength: 2, maxLength: 12 } }

    """

  private static let feed = """
    feed: corpus
    title: Made-up rows
    reader: csv
    source: corpus
    encoding: utf-8
    dossier: { table: visits, key: id, careDate: [arrived] }
    rows:
      - entity: encounter
        from: visits
        columns: { medical_record_number: id }
        extra: [arrived, departed, born, nights, price, weight, sex, insured, ward, note]

    """

  /// Values that are right, and values that are not, or only nearly.
  private static let values: [(field: String, right: [String], doubtful: [String])] = [
    (
      "arrived", ["2025-03-01", "2024-02-29", "1999-12-31"],
      ["2025-02-29", "2025-13-01", "01/03/2025", "20250301", "2025-03-01T00:00", "x", "", "NA"]
    ),
    (
      "departed", ["01/03/2025 08:05", "29/02/2024 23:59", "", "NA"],
      [
        "31/04/2025 10:00", "03/13/2025 10:00", "01/03/2025", "01/03/2025 24:00", "2025-03-01 08:05",
        "01-03-2025 08:05",
      ]
    ),
    ("born", ["1980", "2024", ""], ["198", "19800", "x", "80", "1980.0"]),
    ("nights", ["0", "12", "400", "NA"], ["401", "-1", "1.5", "1,0", "zwei", "4 0", "0x1"]),
    ("price", ["1.234,50", "12", "0,5", "-3,25", ""], ["1,2,3", "12 đ", "abc", ",", "--1"]),
    ("weight", ["0.3", "61.5", "100", ""], ["0.29", "-5", "61,5", "6l.5", "."]),
    ("sex", ["Nam", "Nữ", ""], ["nam", "Nam ơi", "F"]),
    ("insured", ["có", "không", ""], ["true", "1", "Có", "x"]),
    ("ward", ["K01", "K99", ""], ["K1", "K001", "k01", "XK01", "K01x"]),
    ("note", ["ổn", "khám lại", "mười hai chữ", ""], ["x", "mười ba chữ ạ", "một câu quá dài để ghi"]),
  ]

  /// 12,000 rows with some 900 doubtful cells, always the same.
  private static func corpus() -> (text: String, planted: Int) {
    var state: UInt64 = 20_250_301
    func next(_ most: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % most
    }
    var text = "id," + values.map(\.field).joined(separator: ",") + "\n"
    var planted = 0
    for row in 1...12_000 {
      var cells = ["V\(row)"]
      if next(400) == 0 {
        cells[0] = row > 1 && next(2) == 0 ? "V\(row - 1)" : ""
        planted += 1
      }
      for column in values {
        let isDoubtful = next(140) == 0
        if isDoubtful { planted += 1 }
        let choice = isDoubtful ? column.doubtful : column.right
        let value = choice[next(choice.count)]
        cells.append(value.contains(",") ? "\"\(value)\"" : value)
      }
      text += cells.joined(separator: ",") + "\n"
    }
    return (text, planted)
  }

  @Test func frictionlessAndCheckFindTheSameCells() throws {
    let folder = try Folder()
    for name in ["common", "codes", "findings.yaml", "warehouse"] {
      try FileManager.default.createDirectory(atPath: folder.path + "/Schemas", withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/Schemas/" + name, withDestinationPath: repository + "Schemas/" + name)
    }
    try folder.write(["Schemas/corpus/visits.yaml": Self.schema, "Pipelines/corpus.yaml": Self.feed])
    let (text, planted) = Self.corpus()
    try folder.write(text, as: "corpus.csv")
    let theirs = try frictionless(folder)
    let ours = try check(folder)
    #expect(planted > 800)
    #expect(theirs.count > 600)
    let onlyTheirs = theirs.subtracting(ours)
    let onlyOurs = ours.subtracting(theirs)
    #expect(onlyTheirs.isEmpty, "only frictionless: \(Self.shown(onlyTheirs, text))")
    #expect(onlyOurs.isEmpty, "only songhan check: \(Self.shown(onlyOurs, text))")
  }

  /// The cells in question with their rows; all of it is made up.
  private static func shown(_ cells: Set<Cell>, _ text: String) -> String {
    let lines = text.split(separator: "\n")
    return cells.sorted { ($0.field, $0.row) < ($1.field, $1.row) }.prefix(12).map { "\($0) in «\(lines[$0.row])»" }
      .joined(separator: "; ")
  }

  private func frictionless(_ folder: Folder) throws -> Set<Cell> {
    let own = try #require(SchemaFolder(folder.path))
    for file in DataPackageExport(codes: [:]).files(try #require(own.set("corpus"))) {
      try folder.write(file.text, as: file.path)
    }
    try FileManager.default.createDirectory(atPath: folder.path + "/data", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder.path + "/corpus.csv", toPath: folder.path + "/data/visits.csv")
    let outcome = try Tool.run(
      #require(Tool.frictionless), ["validate", "datapackage.json", "--json", "--limit-errors", "100000"], in: folder)
    struct Report: Decodable {
      struct Task: Decodable {
        struct Fault: Decodable {
          var type: String
          var rowNumber: Int?
          var fieldName: String?
        }
        var errors: [Fault]
      }
      var tasks: [Task]
    }
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    try #require(report.tasks.count == 1)
    return Set(
      try report.tasks[0].errors.map { fault in
        Cell(row: try #require(fault.rowNumber) - 1, field: try #require(fault.fieldName, "\(fault.type)"))
      })
  }

  private func check(_ folder: Folder) throws -> Set<Cell> {
    let definitions = try Definitions.load(folder.path)
    let report = try Check(definitions: definitions).judge(path: folder.path + "/corpus.csv", feed: "corpus")
    #expect(report.reason == nil)
    #expect(report.dossiers.seen == 12_000)
    #expect(report.moreDetails ?? 0 == 0)
    var cells: Set<Cell> = []
    for detail in try #require(report.details) {
      guard let dossier = detail.dossier else { continue }
      // the second dossier with a key: what frictionless tells of the key's cell
      if detail.code == "A11" { cells.insert(Cell(row: dossier, field: "id")) }
      guard let field = detail.field, "BT".contains(detail.code.prefix(1)) else { continue }
      cells.insert(Cell(row: dossier, field: field))
    }
    return cells
  }
}
