import Foundation
import Testing

@testable import Inspection

/// A folder for one test, with invented files.
private final class Folder {
  let path: String
  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "inspection-\(UUID().uuidString)").path(
      percentEncoded: false)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func add(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }
  func add(_ name: String, _ text: String) throws -> String { try add(name, Array(text.utf8)) }
}

private func inspect(_ text: String) throws -> FileInspection {
  let folder = try Folder()
  return try Inspection([folder.add("f.csv", text)]).files[0]
}

private func column(_ values: [String], name: String = "x") throws -> ColumnProfile {
  try inspect("\(name);y\n" + values.map { "\($0);v\n" }.joined()).columns[0]
}

@Suite struct InspectionTests {
  @Test(arguments: [
    (["1", "20", "-3"], "integer", nil), (["01", "20"], "code", nil), (["1.5", "2"], "decimal", "."),
    (["1,5", "2"], "decimal", ","), (["1.234,5", "12"], "decimal", ","), (["1,234.5", "1"], "decimal", "."),
    (["1.234", "5.678"], "ambiguous", nil), (["1.234", "5.67"], "decimal", "."), (["1.2.3", "4"], "text", nil),
    (["2025-03-31", "2024-02-29"], "date", "%Y-%m-%d"), (["31/03/2025", "01/02/2025"], "date", "%d/%m/%Y"),
    (["03/31/2025", "01/02/2025"], "date", "%m/%d/%Y"), (["03/04/2025", "01/02/2025"], "ambiguous", nil),
    (["20250331", "20240229"], "date", "%Y%m%d"), (["20250331", "20250332"], "integer", nil),
    (["202503310830", "202402292359"], "datetime", "%Y%m%d%H%M"), (["31/03/2025 08:30"], "datetime", "%d/%m/%Y %H:%M"),
    (["2025-03-31T08:30:00"], "datetime", "%Y-%m-%dT%H:%M:%S"), (["true", "False"], "boolean", nil),
    (["", "NULL"], "empty", nil),
    (["a", "1"], "text", nil), (["12345678901234567890", "1"], "code", nil),
  ])
  func tellsTypes(values: [String], kind: String, detail: String?) throws {
    let found = try column(values)
    #expect(found.kind.rawValue == kind)
    if let detail { #expect(found.format ?? found.decimalChar == detail) }
  }

  @Test func readsCodesByTheirNames() throws {
    #expect(try column(["12", "7"], name: "MA_KHOA").kind == .code)
    #expect(try column(["40.10", "40.9"], name: "Mã thuốc").kind == .code)
    #expect(try column(["12", "7"], name: "MAU_SO").kind == .integer)
  }

  @Test func countsWhatIsMissingAndDifferent() throws {
    let found = try column(["a", "NULL", "", "bb", "a"])
    #expect(found.missing == 2 && found.missingMarks == ["NULL": 1] && found.values == 3)
    #expect(found.minLength == 1 && found.maxLength == 2 && found.distinct == 2 && found.isUnique == false)
    #expect(try column(["a", "b"]).isUnique == true)
    #expect(try column(["a", ""]).isUnique == false)
  }

  @Test func estimatesManyValues() throws {
    let found = try column((0..<20_000).map { "\($0 % 10_000)" })
    #expect(found.isEstimated && (9000...11_000).contains(found.distinct) && found.isUnique == false)
    let unique = try column((0..<9000).map(String.init))
    #expect(unique.isUnique == true && unique.distinct == 9000 && !unique.isEstimated)
  }

  /// No value is shown: letters and digits are shapes.
  @Test func masksExamples() throws {
    let values = ["Nguyễn Văn Mẫu", "BN-0042/x", "Đỗ\u{301} 7"]
    let inspection = try inspect("t;y\n" + values.map { "\($0);1\n" }.joined())
    #expect(inspection.columns[0].examples.sorted() == ["AA-9999/a", "Aaaaaa Aaa Aaa", "Aa 9"].sorted())
    let folder = try Folder()
    let text = try Inspection([folder.add("f.csv", "t;y\n" + values.map { "\($0);1\n" }.joined())]).text
    for word in ["Mẫu", "0042", "Nguy"] { #expect(!text.contains(word)) }
  }

  @Test(arguments: [
    ("a,b\n1,2\n3,4\n", ",", "\""), ("a;b\n\"1;2\";3\n4;5\n", ";", "\""), ("a\tb\n1,5\t2\n3,4\t5\n", "\t", "\""),
    ("a|b|c\n1|2|3\n", "|", "\""), ("a;b\n'x;y';1\n'z';2\n", ";", "'"), ("a,b\n1,5;2,5\n", ",", "\""),
  ])
  func findsTheDelimiter(text: String, delimiter: String, quote: String) throws {
    let dialect = try #require(try inspect(text).dialect)
    #expect(dialect.delimiter == delimiter)
    if text.contains(quote) { #expect(dialect.quoteChar == quote) }
  }

  @Test func findsTitlesAndTotals() throws {
    let report = try inspect("BÁO CÁO THÁNG\r\n\r\nsố,tên,tiền\r\n1,a,5\r\n2,b,6\r\nTổng cộng: 2,,11\r\n")
    #expect(report.dialect?.skipLines == 2 && report.dialect?.lineEnds == ["CRLF"])
    #expect(report.columns.map(\.name) == ["số", "tên", "tiền"])
    let plain = try inspect("# made by x\na,b,c\n1,2,3\n4,5,6\nTotal\n")
    #expect(plain.dialect?.commentChar == "#" && plain.dialect?.footers == ["Total"] && plain.rows == 2)
    let trailing = try inspect("a,b,c,\n1,2,3,\n4,5,6,\n")
    #expect(trailing.dialect?.trailingDelimiter == true && trailing.columns.count == 3 && trailing.raggedRows == 0)
  }

  @Test func tellsAHeaderFromData() throws {
    #expect(try inspect("1;2025-01-02;x\n2;2025-01-03;y\n").dialect?.header == false)
    #expect(try inspect("id;day;word\n2;2025-01-03;y\n").dialect?.header == true)
  }

  private static let text =
    "id;tên\n" + String(repeating: "1;Bệnh nhân Nguyễn Thị Mẫu, trường hợp đặc biệt\n", count: 40)

  @Test(arguments: [
    (
      "vni-windows", "id;teân\n",
      "1;Beänh nhaân Nguyeãn Th\u{F2} Maãu, tr\u{F6}\u{F4}øng h\u{F4}\u{EF}p \u{F1}aëc bieät\n"
    ),
    (
      "tcvn3", "id;t\u{AA}n\n",
      "1;B\u{D6}nh nh\u{A9}n Nguy\u{D4}n Th\u{DE} M\u{C9}u, tr\u{AD}\u{EA}ng h\u{EE}p \u{AE}\u{C6}c bi\u{D6}t\n"
    ),
    ("windows-1252", "id;nom\n", "1;français, élève, à côté\n"),
  ])
  func weighsEncodings(encoding: String, header: String, row: String) throws {
    let folder = try Folder()
    let bytes = (header + String(repeating: row, count: 40)).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let found = try #require(try Inspection([folder.add("f.csv", bytes)]).files[0].encoding)
    #expect(found.isCertain == (encoding != "windows-1252"))
    if found.isCertain { #expect(found.encoding == encoding) }
    #expect(found.reasons.count >= 5)
  }

  @Test func believesUTF8AndMarks() throws {
    let folder = try Folder()
    #expect(try Inspection([folder.add("a.csv", InspectionTests.text)]).files[0].encoding?.encoding == "utf-8")
    var wide: [UInt8] = [0xFF, 0xFE]
    for unit in InspectionTests.text.utf16 {
      wide += [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)]
    }
    let report = try Inspection([folder.add("b.csv", wide)]).files[0]
    #expect(
      report.encoding?.encoding == "utf-16le" && report.columns.map(\.name) == ["id", "tên"] && report.rows == 40)
  }

  @Test(arguments: ["bệnh", "nguyễn", "đường", "khuỷu", "quyết", "giờ", "ở", "ướt", "thuở", "nghiêng", "yếu"])
  func knowsSyllables(word: String) { #expect(Syllables.isSyllable(word)) }

  @Test(arguments: ["beänh", "nguyeãn", "français", "é́", "bệnhh", "ñieàu"])
  func knowsWhatIsNoSyllable(word: String) { #expect(!Syllables.isSyllable(word)) }

  @Test(arguments: [
    ("", "empty"), ("PK\u{3}\u{4}", "other"), ("<?xml version=\"1.0\"?>\n<!-- x -->\n<GIAMDINHHS>", "envelope"),
    ("\u{FEFF} <Export><a/></Export>", "xml"),
  ])
  func knowsOtherFormats(text: String, form: String) throws {
    #expect(try inspect(text).form.rawValue == form)
  }

  @Test func proposesReferencesThatHoldForEveryRow() throws {
    let folder = try Folder()
    let visits = try folder.add("v.csv", "id,bn\nV1,P1\nV2,P2\nV3,P1\n")
    let patients = try folder.add("p.csv", "bn,ten\nP1,a\nP2,b\nP3,c\n")
    let found = try Inspection([visits, patients])
    #expect(found.references == [.init(file: 0, column: 1, toFile: 1, toColumn: 0, values: 2)])
    let others = try folder.add("v2.csv", "id,bn\nV1,P1\nV2,P9\n")
    #expect(try Inspection([others, patients]).references.isEmpty)
    let twice = try folder.add("p2.csv", "bn,ten\nP1,a\nP2,b\nP2,c\n")
    #expect(try Inspection([visits, twice]).references.isEmpty)
  }

  @Test func saysWhichFileCannotBeRead() {
    #expect(throws: InspectionFailure.unreadable("none.csv")) { _ = try Inspection(["/nowhere/none.csv"]) }
  }

  /// The header may lack the delimiter with which every row ends.
  @Test func rowsMayEndWithADelimiterThatTheHeaderLacks() throws {
    let found = try inspect("Danh sách\n\na;b;c\n1;x;u;\n2;y;v;\n3;z;w;\nTổng;;;\n")
    let dialect = try #require(found.dialect)
    #expect(dialect.header && dialect.trailingDelimiter && dialect.skipLines == 2 && dialect.footers == ["Tổng"])
    #expect(found.columns.map(\.name) == ["a", "b", "c"] && found.rows == 3)
  }

  /// A footer that rows of the table begin with would take them away.
  @Test func aShortRowIsNoFooter() throws {
    let found = try inspect("id,b,c\nHS1,x,u\nHS2,y,v\nHS3,z\n")
    #expect(found.dialect?.footers == [])
    #expect(found.rows == 3 && found.raggedRows == 1)
  }

  /// A last row that was cut is a patient's: nothing of it is shown, and reading does not end there.
  @Test(arguments: [
    "Nguyen Van Binh\n", "Tống Văn Mẫu;1\n", "Tong Van Mau;1\n", "Công;1\n", "Cong Thi Mau\n", "Totaly;2\n",
    "Sum Thi Mau;3\n",
    "Nguyen Van Binh\nTổng\n",
  ])
  func aCutRowIsShownNowhere(last: String) throws {
    let folder = try Folder()
    let found = try Inspection([folder.add("f.csv", "ten;b;c\nAn;x;u\nChi;y;v\n" + last)])
    let dialect = try #require(found.files[0].dialect)
    #expect(dialect.footers == (last.hasSuffix("Tổng\n") ? ["Tổng"] : []))
    #expect(
      found.files[0].doubts.contains { $0.hasPrefix("rows at the end that are none of the table: 1;") },
      "\(found.files[0].doubts)")
    let json = String(decoding: try JSONEncoder().encode(found), as: UTF8.self)
    for word in ["Nguyen", "Binh", "Tống", "Tong", "Công", "Cong", "Mẫu", "Mau", "Sum Thi", "Totaly"] {
      #expect(!found.text.contains(word) && !json.contains(word), "\(word)")
    }
    #expect(found.files[0].rows == 3 && found.files[0].raggedRows == 1)
  }

  /// Of a line of totals only its first words are proposed, as they stand there; names and amounts behind them are not.
  @Test(arguments: [
    ("Tổng cộng: 2 bệnh nhân;", "Tổng cộng"), ("TỔNG SỐ Nguyen Van Binh;9", "TỔNG SỐ"), ("Tổng Nguyễn Mẫu", "Tổng"),
    ("Cộng (3);", "Cộng"), ("tong cong;5", "tong cong"), ("TONG: 5", "TONG"), ("cong 2", "cong"), ("Total;;", "Total"),
    ("GRAND TOTAL 5", "GRAND TOTAL"), ("Grand total for Binh", "Grand total"), ("Subtotal", "Subtotal"), ("sum", "sum"),
    ("Tô\u{309}ng", "Tổng"),
  ])
  func proposesFootersOfKnownWords(last: String, footer: String) throws {
    let found = try inspect("ten;b;c\nAn;x;u\nChi;y;v\n\(last)\n")
    #expect(found.dialect?.footers == [footer] && found.rows == 2 && found.raggedRows == 0)
  }

  /// A number of nine digits may be somebody's identity number: it is in no range, however it is written.
  @Test func longNumbersHaveNoRange() throws {
    let found = try inspect(
      "a;b;c;d;e\n12345678;123456789;123.456.789;123456789,0;-123456789\n1;1;1.000;1,5;5\n2;2;2.000;2,5;6\n"
    ).columns
    #expect(found.map(\.kind) == [.integer, .integer, .decimal, .decimal, .integer])
    #expect(found.map(\.most) == ["12345678", nil, nil, nil, nil])
    #expect(found.map(\.least) == ["1", nil, nil, nil, nil])
  }

  /// Numbers and dates have a range, dates by the month; names, codes and what is ambiguous have none.
  @Test func tellsRanges() throws {
    let found = try inspect(
      "ten;tien;can;ngay;so_cccd\nAn;1.250.000,5;-3;31/01/1980;048000000001\nBình;1,25;12;15/12/2001;048000000002\nChi;20;7;01/02/1999;048000000003\n"
    ).columns
    #expect(found.map(\.least) == [nil, "1.25", "-3", "1980-01", nil])
    #expect(found.map(\.most) == [nil, "1250000.5", "12", "2001-12", nil])
    #expect(try inspect("ngay\n01/02/2020\n03/04/2021\n").columns[0].least == nil)
  }
}
