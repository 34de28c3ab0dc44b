import Findings
import Records
import Testing

@testable import ExtractCSV

/// One text and what it says; the cases of csv-spectrum among them, written anew.
struct DialectCase: CustomTestStringConvertible, Sendable {
  var name: String
  var text: String
  var columns = ["a", "b", "c"]
  var rows: [[String?]]
  var findings: [[String]]?
  var dialect: @Sendable (inout TabularDialect) -> Void = { _ in }
  var testDescription: String { name }
}

private let cases: [DialectCase] = [
  .init(name: "simple", text: "a,b,c\n1,2,3\n", rows: [["1", "2", "3"]]),
  .init(name: "CRLF", text: "a,b,c\r\n1,2,3\r\n4,5,6\r\n", rows: [["1", "2", "3"], ["4", "5", "6"]]),
  .init(name: "CR", text: "a,b,c\r1,2,3\r4,5,6", rows: [["1", "2", "3"], ["4", "5", "6"]]),
  .init(
    name: "mixed line ends", text: "a,b,c\r1,2,3\n4,5,6\r\n7,8,9",
    rows: [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]]),
  .init(name: "no line end at the end", text: "a,b,c\n1,2,3", rows: [["1", "2", "3"]]),
  .init(
    name: "comma in quotes", text: "a,b,c\nJohn,\"120 any st.\",\"Anytown, WW\"\n",
    rows: [["John", "120 any st.", "Anytown, WW"]]),
  .init(name: "empty", text: "a,b,c\n1,\"\",\"\"\n2,,3\n", rows: [["1", "", ""], ["2", "", "3"]]),
  .init(
    name: "escaped quotes", text: "a,b,c\n1,\"ha \"\"ha\"\" ha\",\"\"\"\"\n", rows: [["1", "ha \"ha\" ha", "\""]]),
  .init(
    name: "JSON", text: "a,b,c\n1,\"{\"\"type\"\": \"\"Point\"\", \"\"coordinates\"\": [102.0, 0.5]}\",x\n",
    rows: [["1", "{\"type\": \"Point\", \"coordinates\": [102.0, 0.5]}", "x"]]),
  .init(
    name: "newlines in quotes", text: "a,b,c\n1,2,3\n\"Once upon \na time\",5,6\n7,\"x\r\ny\",9\n",
    rows: [["1", "2", "3"], ["Once upon \na time", "5", "6"], ["7", "x\r\ny", "9"]]),
  .init(
    name: "quotes and newlines", text: "a,b,c\n1,\"ha \n\"\"ha\"\" \nha\",3\n", rows: [["1", "ha \n\"ha\" \nha", "3"]]),
  .init(
    name: "UTF-8", text: "a,b,c\n1,2,ʤ\nBệnh viện,Đà Nẵng,中\n",
    rows: [["1", "2", "ʤ"], ["Bệnh viện", "Đà Nẵng", "中"]]),
  .init(name: "blanks around", text: "a,b,c\n 1 ,\t2 , \"3\"\n", rows: [["1", "2", "\"3\""]]),
  .init(name: "blanks behind a quote", text: "a,b,c\n\"1\" ,\"2\"\t,\" 3 \" \n", rows: [["1", "2", "3"]]),
  .init(
    name: "initial space", text: "a, b, c\n1, \"2,\", 3\n", rows: [["1", "2,", "3"]],
    dialect: { $0.skipsInitialSpace = true }
  ),
  .init(name: "quote inside", text: "a,b,c\n5\",x\"y\"z,'3'\n", rows: [["5\"", "x\"y\"z", "'3'"]]),
  .init(
    name: "text behind a quote", text: "a,b,c\n1,\"2\"x,3\n4,5,6\n", rows: [[], ["4", "5", "6"]],
    findings: [["T08 t row 1"], []]),
  .init(
    name: "ragged", text: "a,b,c\n1,2\n1,2,3,4\n4,5,6\n1\n", rows: [[], [], ["4", "5", "6"], []],
    findings: [["T01 t row 1 found 2 limit 3"], ["T01 t row 2 found 4 limit 3"], [], ["T01 t row 4 found 1 limit 3"]]),
  .init(
    name: "blank rows", text: "\n \na,b,c\n\n1,2,3\n  \n,,\n\"\",,\" \"\n4,5,6\n\n",
    rows: [["1", "2", "3"], ["4", "5", "6"]]),
  .init(
    name: "trailing delimiters", text: "a,b,c,\n1,2,3,\n4,5,6\n7,8,9,x\n",
    rows: [["1", "2", "3"], ["4", "5", "6"], []],
    findings: [[], [], ["T01 t row 3 found 4 limit 3"]], dialect: { $0.allowsTrailingDelimiter = true }),
  .init(
    name: "semicolons", text: "a;b;c\n1,5;2;\"3;4\"\n", rows: [["1,5", "2", "3;4"]],
    dialect: { $0.delimiter = UInt8(ascii: ";") }),
  .init(
    name: "tabs", text: "a\tb\tc\n1\t2 \t3\n\t\t3\n", rows: [["1", "2", "3"], ["", "", "3"]],
    dialect: { $0.delimiter = UInt8(ascii: "\t") }),
  .init(
    name: "bars without quotes", text: "a|b|c\n\"1|2|\"\"3\n", rows: [["\"1", "2", "\"\"3"]],
    dialect: { ($0.delimiter, $0.quote) = (UInt8(ascii: "|"), nil) }),
  .init(
    name: "single quotes", text: "a,b,c\n'1,2','it''s',3\n", rows: [["1,2", "it's", "3"]],
    dialect: { $0.quote = UInt8(ascii: "'") }),
  .init(
    name: "escapes", text: "a,b,c\n\"a \\\"b\\\" c\",x\\,y,z\\\\\n", rows: [["a \"b\" c", "x,y", "z\\"]],
    dialect: { ($0.escape, $0.doublesQuotes) = (UInt8(ascii: "\\"), false) }),
  .init(
    name: "an escape at the end", text: "a,b,c\n1,2,3\\", rows: [["1", "2", "3\\"]],
    dialect: { ($0.escape, $0.doublesQuotes) = (UInt8(ascii: "\\"), false) }),
  .init(
    name: "escapes behind a closing quote", text: "a,b,c\n1,\"x\"y\\\"z\\,w,3\n4,5,6\n",
    rows: [[], ["4", "5", "6"]], findings: [["T08 t row 1"], []],
    dialect: { ($0.escape, $0.doublesQuotes) = (UInt8(ascii: "\\"), false) }),
  .init(
    name: "beginnings of files in the middle", text: "1,2,3\n\u{FEFF}4,5,6\n<?xml,8,9\n",
    rows: [["1", "2", "3"], ["\u{FEFF}4", "5", "6"], ["<?xml", "8", "9"]], dialect: { $0.hasHeader = false }),
  .init(
    name: "comments", text: "# title\na,b,c\n# \"not open\n1,2,3\n#\n4,#5,6\n#",
    rows: [["1", "2", "3"], ["4", "#5", "6"]],
    dialect: { $0.comment = Array("#".utf8) }),
  .init(
    name: "lines to skip", text: "BÁO CÁO \"quý\r\n\r\na,b,c\r\n1,2,3\r\n", rows: [["1", "2", "3"]],
    dialect: { $0.linesToSkip = 2 }),
  .init(
    name: "footers", text: "a,b,c\n1,2,3\n,Tổng cộng: 1,\n\nĐà Nẵng,ngày 1\n,Người lập,\nTổng,1,2\n",
    rows: [["1", "2", "3"]],
    dialect: { $0.footers = [Array("Tổng".utf8)] }),
  .init(
    name: "ragged footer", text: "a,b,c\n1,2,3\nEND\n", rows: [["1", "2", "3"]],
    dialect: { $0.footers = [Array("END".utf8)] }),
  .init(
    name: "no header", text: "1,2,3\n4,5\n", rows: [["1", "2", "3"], []],
    findings: [[], ["T01 t row 2 found 2 limit 3"]], dialect: { $0.hasHeader = false }),
  .init(
    name: "no header, fewer columns", text: "1,2\n4,5,6\n", rows: [["1", "2", nil], []],
    findings: [[], ["T01 t row 2 found 3 limit 2"]], dialect: { $0.hasHeader = false }),
  .init(
    name: "missing values", text: "a,b,c\nNULL,-,- \nNULLS,\"NULL\",x\n", rows: [["", "", ""], ["NULLS", "", "x"]],
    dialect: { $0.missingValues = [Array("NULL".utf8), Array("-".utf8)] }),
  .init(name: "byte order mark", text: "\u{FEFF}a,b,c\n1,2,3\n", rows: [["1", "2", "3"]]),
  .init(name: "columns in another order", text: "c,a\n3,1\n", rows: [["1", nil, "3"]]),
  .init(
    name: "control characters", text: "a,b,c\n1,\u{0},3\n4,5,6\n7,\u{1F},9\n1,2,3",
    rows: [[], ["4", "5", "6"], [], ["1", "2", "3"]],
    findings: [["T20 t row 1"], [], ["T20 t row 3"], []]),
]

@Suite struct DialectTests {
  @Test(arguments: cases, [1, 2, 3, 7, 4096])
  func readsDialects(_ one: DialectCase, piece: Int) throws {
    let seen = try read(one.text, one.columns, piece: piece, one.dialect)
    #expect(seen.refusal == nil)
    #expect(seen.rows() == one.rows)
    #expect(seen.dossiers.map(\.findings) == one.findings ?? one.rows.map { _ in [] })
    #expect(seen.dossiers.map(\.number) == Array(1..<one.rows.count + 1))
  }

  /// A footer ends the table. What looks like rows behind it would be lost without a word.
  @Test(
    arguments: [
      ("a,b,c\n1,2,3\nTổng,,\n4,5,6\n7,,9\nTổng,1,2\n1,2,3", "T25 t row 3 found 3", 21),
      ("a,b,c\n1,2,3\nTổng,,\n\nTHÁNG 4\na,b,c\n4,5,6\n", "T25 t row 4 found 2", 31),
      ("a,b,c\nTổng,,\n4,5,6\n", "T25 t row 2 found 1", 15),
      ("a,b,c\n1,2,3\nTổng,,\n4,\"5\n6,7,8\n", "T11 t limit 1048576", 21),
    ] as [(String, String, Int64)], [1, 7, 4096])
  func refusesRowsBehindAFooter(_ one: (text: String, refusal: String, place: Int64), piece: Int) throws {
    let seen = try read(one.text, ["a", "b", "c"], piece: piece) { $0.footers = [Array("Tổng".utf8)] }
    #expect(seen.refusal == one.refusal && seen.refusedAt == one.place)
  }

  /// A spreadsheet gives every row the width of the table, also those in which people sign.
  @Test func leavesSignaturesBehindAFooterAlone() throws {
    let text =
      "a,b,c,d,e,f\n1,2,3,4,5,6\nTổng,,,4,5,6\n,,,,Đà Nẵng ngày 1,\nNgười lập,,Kế toán,,Giám đốc,\nLan,,Mai,,Hoa,\n"
    let seen = try read(text, ["a", "b", "c", "d", "e", "f"]) { $0.footers = [Array("Tổng".utf8)] }
    #expect(seen.refusal == nil && seen.dossiers.count == 1)
  }

  @Test func refusesRowsBehindAFooterOfANarrowTable() throws {
    #expect(try read("a\n1\nEND\n2\n", ["a"]) { $0.footers = [Array("END".utf8)] }.refusal == "T25 t row 3 found 1")
    let bare = try read("END,\n1,2\n", ["a", "b"]) { ($0.footers, $0.hasHeader) = ([Array("END".utf8)], false) }
    #expect(bare.refusal == "T25 t row 2 found 1")
  }

  @Test func tellsWhereRowsStand() throws {
    let seen = try read("\u{FEFF}a,b\r\n1,\"x\ny\"\r\n\r\n3,4", ["a", "b"])
    #expect(seen.dossiers.map(\.byteOffset) == [8, 19])
    #expect(seen.dossiers.map(\.sizeInBytes) == [9, 3])
    #expect(seen.dossiers.map(\.origins) == [["t": [1]], ["t": [2]]])
  }

  @Test func keepsWhatTheTableDoesNotKnow() throws {
    let seen = try read("a,Ghi  chú ,b,,x,x\n1,một,2,,5,6\n3,,4,y,,\n", ["a", "b"])
    #expect(seen.rows() == [["1", "2"], ["3", "4"]])
    #expect(
      seen.dossiers.map { $0.extras["t"] ?? [] } == [[["Ghi chú": "một", "x": "5", "x_6": "6"]], [["column_4": "y"]]])
    #expect(seen.notes == ["T10 ? found 4"])
  }

  /// The first row of a file that lost its header is a patient's: none of it may stand in a finding.
  @Test(arguments: [
    ("048199012345,GD4797933180045,0905123456,19900101,AN", ["?", "?", "?", "?", "?"]),
    ("a,048199012345,GD4797933180045,1990.01.01,BN0001,ghi_chu", ["?", "?", "?", "?", "ghi_chu"]),
    ("a,b,c,19900101,Ghi chú 2", ["?", "Ghi chú 2"]),
  ])
  func namesNothingThatMayBeAValue(header: String, shown: [String]) throws {
    let schema = SourceSchema(name: "test", tables: [table("t", ["a", "b", "c"])])
    let layout = TabularLayout(files: [.init(table: "t", pattern: "")], root: "t")
    let text = Array((header + "\n" + header + "\n").utf8)
    let reader = TabularReader(layout: layout, schema: schema, source: source(text))
    let dossier = Dossier()
    #expect(try reader.next(into: dossier))
    #expect(reader.facts.otherColumns.map(\.unknown) == [shown])
    #expect(dossier.tables[0].extras.map(\.tellableName) == shown)
    #expect(try !reader.next(into: dossier))
    #expect(reader.facts.findings.map(\.unknownName) == [shown[0]])
  }

  @Test func findsColumnsByTheirHeaders() throws {
    let headers = ["Mã bệnh nhân": "a", "Ngày  vào": "b"]
    #expect(try read("Ngày vào,Mã bệnh nhân\n2,1\n", ["a", "b"], headers: headers).rows() == [["1", "2"]])
    // decomposed
    let text = "Nga\u{300}y va\u{300}o,MÃ BỆNH NHÂN\n2,1\n"
    #expect(try read(text, ["a", "b"], headers: headers).rows() == [[nil, "2"]])
    let folded = try read(text, ["a", "b"], headers: headers) { $0.isHeaderCaseSensitive = false }
    #expect(folded.rows() == [["1", "2"]])
  }

  @Test func namesMissingColumns() throws {
    let seen = try read("x,b\n1,2\n", ["a", "b", "c", "d"], required: ["a", "b", "d"])
    #expect(seen.refusal == "T05 t.a found 2")
    #expect(seen.notes == ["T05 t.d found 2", "T10 x found 1"])
    #expect(seen.dossiers.isEmpty)
  }

  @Test func refusesAColumnThatStandsTwice() throws {
    #expect(try read("a,b, a\n1,2,3\n", ["a", "b"]).refusal == "T15 t.a")
    #expect(try read("a,Mã\n1,2\n", ["a", "b"], headers: ["Mã": "a"]).refusal == "T15 t.a")
  }
}
