import ExtractXML
import Records
import Testing

/// Check-in files, assessment files, bare documents, editions.
@Suite struct OtherFilesTests {
  static let row =
    "<TRANG_THAI_KCB><MA_LK>MAU0001</MA_LK><HO_TEN><![CDATA[Nguyễn Mẫu]]></HO_TEN><LY_DO_VNT/><RIENG>a</RIENG></TRANG_THAI_KCB>"
  static func checkIns(
    _ rows: String, root: String = "CHI_TIEU_TRANG_THAI_KCB", inside: String = "", behind: String = ""
  ) -> String {
    """
    \(Sample.declaration)
    <\(root)>
      <DSACH_TRANG_THAI_KCB>
    \(rows)
      </DSACH_TRANG_THAI_KCB>\(inside)
    </CHI_TIEU_TRANG_THAI_KCB>\(behind)
    """
  }

  @Test(arguments: [1, 7, 4096, Int.max])
  func readsCheckIns(pieces: Int) throws {
    let file = Array(
      OtherFilesTests.checkIns(
        [OtherFilesTests.row, OtherFilesTests.row.replacing("0001", with: "0002"), "<TRANG_THAI_KCB/>"].joined(
          separator: "\n"),
        inside: "<CHUKYDONVI/>"
      ).utf8)
    let reading = try Reading(file, pieces: pieces)
    #expect(reading.refusal == nil && reading.findings == [] && reading.form == "check_ins" && !reading.isSigned)
    #expect(reading.dossiers == 3 && reading.visits.allSatisfy { $0.kind == "check_in" && $0.findings == [] })
    #expect(reading.visits.map { $0["XML0", 1, "MA_LK"] } == ["MAU0001", "MAU0002", nil])
    #expect(reading.visits[0].rows["XML0"] == [["MA_LK": "MAU0001", "HO_TEN": "Nguyễn Mẫu", "LY_DO_VNT": ""]])
    #expect(reading.visits[0].extras == ["XML0[1].RIENG=a"])
    #expect(reading.visits[2].rows["XML0"] == [[:]])
    for visit in reading.visits {
      #expect(visit.labels == ["XML0"] && visit.partOffsets == [visit.byteOffset])
      #expect(file[visit.byteOffset...].starts(with: visit.restored))
      #expect(visit.restored.starts(with: "<TRANG_THAI_KCB".utf8))
    }
  }

  static let behind: [(String, Bool, String?)] = [
    ("<CHUKYDONVI/>", false, nil), ("\n<CHUKYDONVI></CHUKYDONVI>\n", false, nil),
    ("<CHUKYDONVI>abc</CHUKYDONVI>", true, nil),
    ("<!-- a --><CHUKYDONVI><Signature><a/></Signature></CHUKYDONVI><!-- b -->", true, nil),
    ("<CHUKYDONVI><TRANG_THAI_KCB/></CHUKYDONVI>", true, nil),
    ("<CHUKYDONVI>\(row)</CHUKYDONVI>", true, nil), ("<CHUKYDONVI><CHUKYDONVI/>\(row)</CHUKYDONVI>", false, nil),
    ("<CHUKYDONVI><Signature></CHUKYDONVI>", true, "A01"), ("<CHUKYDONVI>", false, "S04"),
    ("<CHUKYDONVI", false, "A01"),
    ("<CHUKYDONVI/><CHUKYDONVI/>", false, "A01"), ("<CHUKYDONVI/>x", false, "A01"), ("x<CHUKYDONVI/>", false, "A01"),
  ]

  /// One variant puts CHUKYDONVI behind the root, which is not well-formed XML.
  @Test(arguments: behind)
  func acceptsASignatureBehindTheRoot(behind: String, isSigned: Bool, refusal: String?) throws {
    for pieces in [1, Int.max] {
      let reading = try Reading(
        Array(OtherFilesTests.checkIns(OtherFilesTests.row, behind: behind).utf8), pieces: pieces)
      #expect(reading.refusal == refusal)
      #expect(reading.visits.count == 1)
      if refusal == nil {
        #expect(reading.findings == ["S26 warn"] && reading.isSigned == isSigned && reading.dossiers == 1)
      }
    }
    // of an envelope it is refused
    #expect(try Reading(Sample.usual + "<CHUKYDONVI/>").refusal == "A01")
  }

  /// Nothing behind the root is a dossier, also where the root had none.
  @Test(arguments: ["<TRANG_THAI_KCB/>", "<CHUKYDONVI/>\(row)\(row)", "<a>\(row)</a>"], [1, Int.max])
  func takesNoRowFromASignatureBehindTheRoot(inside: String, pieces: Int) throws {
    let root = "<CHI_TIEU_TRANG_THAI_KCB></CHI_TIEU_TRANG_THAI_KCB>"
    let reading = try Reading("\(root)<CHUKYDONVI>\(inside)</CHUKYDONVI>", pieces: pieces)
    #expect(reading.visits == [] && reading.dossiers == 0)
    #expect(reading.refusal == nil && reading.findings == ["S26 warn"])
    #expect(try Reading("\(root)<CHUKYDONVI>\(inside)", pieces: pieces).refusal == "S04")
  }

  @Test func readsCheckInsWithPrefixes() throws {
    let file = OtherFilesTests.checkIns(
      OtherFilesTests.row.replacing("<LY_DO_VNT/>", with: "<LY_DO_VNT xsi:nil='true'/>"),
      root: "CHI_TIEU_TRANG_THAI_KCB xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'",
      inside: "<CHUKYDONVI>abc</CHUKYDONVI>")
    let reading = try Reading(file)
    #expect(reading.visits.first?["XML0", 1, "HO_TEN"] == "Nguyễn Mẫu" && reading.visits.first?.findings == [])
    #expect(reading.isSigned && reading.refusal == nil)
  }

  @Test func refusesNestedCheckIns() throws {
    let nested = OtherFilesTests.row.replacing("<RIENG>", with: "<RIENG><TRANG_THAI_KCB/>")
    #expect(try Reading(OtherFilesTests.checkIns(nested)).refusal == "A01")
  }

  @Test(arguments: [
    "<DSACH_GIAM_DINH_Y_KHOA>ROW</DSACH_GIAM_DINH_Y_KHOA>",
    "<CHI_TIEU_GIAM_DINH_Y_KHOA><DS>ROW</DS></CHI_TIEU_GIAM_DINH_Y_KHOA>",
    "ROW",
  ])
  func readsAssessments(frame: String) throws {
    let row = "<GIAM_DINH_Y_KHOA><HO_TEN>Mẫu</HO_TEN><DU_PHONG></DU_PHONG></GIAM_DINH_Y_KHOA>"
    let file = Sample.declaration + frame.replacing("ROW", with: frame == "ROW" ? row : row + "\n" + row)
    for pieces in [1, Int.max] {
      let reading = try Reading(Array(file.utf8), pieces: pieces)
      #expect(reading.refusal == nil && reading.findings == [] && reading.form == "assessments")
      #expect(reading.visits.count == (frame == "ROW" ? 1 : 2))
      for visit in reading.visits {
        #expect(visit.kind == "assessment" && visit.rows["XML12"] == [["HO_TEN": "Mẫu", "DU_PHONG": ""]])
        #expect(visit.restored == Array(row.utf8))
      }
    }
  }

  @Test(arguments: [("XML1", Sample.xml1), ("XML2", Sample.xml2)], [1, 7, 4096, Int.max])
  func readsBareDocuments(document: (table: String, text: String), pieces: Int) throws {
    let usual = try Reading(Sample.usual)
    for before in ["", "\u{FEFF}", Sample.declaration, "\u{FEFF}" + Sample.declaration + "<!-- a -->\n", "\n"] {
      let file = Array((before + document.text + "\n").utf8)
      let reading = try Reading(file, pieces: pieces)
      #expect(
        reading.refusal == nil && reading.findings == ["S11 warn"] && reading.form == "bare" && reading.dossiers == 1)
      let visit = try #require(reading.visits.first)
      #expect(visit.rows == [document.table: usual.visits[0].rows[document.table] ?? []])
      #expect(visit.labels == [document.table] && visit.byteOffset == 0 && visit.restored == file)
    }
  }

  /// A bare document is judged as leniently as one in an envelope, and as strictly.
  @Test func judgesBareDocuments() throws {
    let control = try Reading(Sample.xml1.replacing("Viêm", with: "Viêm\u{0}"))
    #expect(control.visits.first?.findings == ["A13 warn table 1"] && control.refusal == nil)
    #expect(try Reading(Sample.xml1 + Sample.xml1).refusal == "A01")
    #expect(try Reading(Sample.xml1.replacing("</MA_LK>", with: "</STT>")).refusal == "A01")
    #expect(try Reading(String(Sample.xml1.dropLast(20))).refusal == "S04")
    #expect(try Reading("<!DOCTYPE TONG_HOP>" + Sample.xml1).refusal == "S12")
    let empty = try Reading("<TONG_HOP/>")
    #expect(empty.visits.first?.rows == ["XML1": [[:]]] && empty.refusal == nil)
    let long = try Reading("<TONG_HOP><DU_PHONG>\(String(repeating: "a", count: 2 << 20))</DU_PHONG></TONG_HOP>")
    #expect(long.visits.first?.findings == ["A03 reject table 1"] && long.refusal == nil)
  }

  // MARK: editions

  static let old1 =
    "<TONG_HOP><MA_LK>MAU1</MA_LK><STT>1</STT><MA_THE>DN4480000000001</MA_THE><MA_BENH>J18</MA_BENH>"
    + "<NGAY_RA>202403061000</NGAY_RA><T_TONGCHI>27000</T_TONGCHI></TONG_HOP>"
  static let old2 =
    "<DSACH_CHI_TIET_THUOC><CHI_TIET_THUOC><MA_LK>MAU1</MA_LK><STT>1</STT><THANH_TIEN>27000</THANH_TIEN>"
    + "</CHI_TIET_THUOC></DSACH_CHI_TIET_THUOC>"

  @Test(arguments: [
    [("XML1", old1), ("XML2", old2)], [("XML2", old2), ("XML1", old1)], [("XML1", old1)], [("XML2", old2)],
  ])
  func readsThePredecessor(documents: [(label: String, text: String)]) throws {
    let files = documents.map { Sample.file($0.label, Sample.base64($0.text)) }.joined()
    let reading = try Reading(
      Sample.envelope("<HOSO>\(files)</HOSO>", Sample.visit(Sample.file("XML1", Sample.base64(Sample.xml1)))))
    let visit = try #require(reading.visits.first)
    #expect(visit.edition == "qd4210" && visit.findings == [] && visit.extras == [])
    for (label, _) in documents { #expect(visit[label, 1, "MA_LK"] == "MAU1") }
    #expect(visit["XML1", 1, "T_TONGCHI"] == (visit.rows["XML1"] == nil ? nil : "27000"))
    // the next one is judged for itself
    #expect(reading.visits.last?.edition == "qd3176" && reading.visits.last?["XML1", 1, "T_BHTT"] == "597600.00")
  }

  /// Parts and findings of a predecessor's dossier are numbered by the predecessor's schema.
  @Test func numbersTablesOfThePredecessor() throws {
    let file = Sample.envelope(
      Sample.visit(
        Sample.file("XML1", Sample.base64(OtherFilesTests.old1)), Sample.file("XML2", Sample.base64("<a/>")),
        Sample.file("XML4", Sample.base64("<b/>"))))
    let reader = EnvelopeReader(schemas: Tables.schemas, source: once(file))
    let dossier = Dossier()
    #expect(try reader.next(into: dossier))
    #expect(dossier.schema == 1 && dossier.parts.map(\.table) == [0, 1, nil])
    #expect(dossier.findings.map(Visit.describe) == ["A03 reject table 1", "A08 warn"])
  }

  @Test func readsBarePredecessors() throws {
    let drugs = try Reading(OtherFilesTests.old2)
    #expect(drugs.form == "bare" && drugs.visits.first?.edition == "qd4210")
    #expect(drugs.visits.first?["XML2", 1, "THANH_TIEN"] == "27000")
    #expect(try Reading(OtherFilesTests.old1).visits.first?["XML1", 1, "MA_THE"] == "DN4480000000001")
  }

  static let noBlood = "<TONG_HOP><MA_LK>1</MA_LK><NGAY_RA>DAY</NGAY_RA></TONG_HOP>"
  static let blood = noBlood.replacing("<NGAY_RA>", with: "<NHOM_MAU/><NGAY_RA>")
  static let carriedOut = Sample.drugs("<CHI_TIET_THUOC><NGAY_TH_YL/></CHI_TIET_THUOC>")
  static let notCarriedOut = Sample.drugs("<CHI_TIET_THUOC><NGAY_YL/></CHI_TIET_THUOC>")
  static func referral(_ field: String) -> String {
    "<CHI_TIEU_GIAYCHUYENTUYEN><MA_LK>1</MA_LK><\(field)/></CHI_TIEU_GIAYCHUYENTUYEN>"
  }

  @Test(arguments: [
    ("202503061000", blood, "", "", "qd3176"), ("202501010000", blood, "", "", "qd3176"),
    ("202412312359", blood, "", "", "qd4750"),
    ("202407010000", noBlood, "", "", "qd4750"), ("202406302359", noBlood, "", "", "qd130"),
    ("202406302359", blood, "", "", "qd4750"),
    ("202406302359", noBlood, notCarriedOut, "", "qd130"), ("202406302359", noBlood, carriedOut, "", "qd4750"),
    // blank fields may be left out altogether
    ("202503061000", noBlood, notCarriedOut, "", "qd3176"),
    ("202503061000", blood, "", "MA_NOI_DEN", "qd4750"), ("202503061000", blood, "", "PP_DIEU_TRI", "qd4750"),
    ("202411061000", blood, "", "MA_CSKCB_DEN", "qd3176"), ("", blood, "", "", "qd3176"),
    ("06/03/2025", blood, "", "", "qd3176"),
    ("", noBlood, "", "", "qd130"),
  ])
  func tellsEditions(day: String, xml1: String, xml2: String, referralField: String, edition: String) throws {
    var files = Sample.file("XML1", Sample.base64(xml1.replacing("DAY", with: day)))
    if !xml2.isEmpty { files += Sample.file("XML2", Sample.base64(xml2)) }
    if !referralField.isEmpty { files += Sample.file("XML13", Sample.base64(OtherFilesTests.referral(referralField))) }
    #expect(try Reading(Sample.envelope("<HOSO>\(files)</HOSO>")).visits.first?.edition == edition)
  }
}
