import Bytes
import ExtractXML
import Records
import Testing

/// One way of writing the usual visit.
struct Shape: Sendable, CustomTestStringConvertible {
  var name: String
  var file: [UInt8]
  /// What is expected beside the usual rows.
  var dossierFindings: [String] = []
  var fileFindings: [String] = []
  var labels = ["XML1", "XML2"]

  init(
    _ name: String, _ file: String, dossierFindings: [String] = [], fileFindings: [String] = [], labels: [String]? = nil
  ) {
    self.init(name, Array(file.utf8), dossierFindings: dossierFindings, fileFindings: fileFindings, labels: labels)
  }
  init(
    _ name: String, _ file: [UInt8], dossierFindings: [String] = [], fileFindings: [String] = [],
    labels: [String]? = nil
  ) {
    (self.name, self.file) = (name, file)
    (self.dossierFindings, self.fileFindings) = (dossierFindings, fileFindings)
    self.labels = labels ?? ["XML1", "XML2"]
  }
  var testDescription: String { name }

  static func inner(_ name: String, xml1: String = Sample.xml1, xml2: String = Sample.xml2) -> Shape {
    Shape(
      name,
      Sample.envelope(Sample.visit(Sample.file("XML1", Sample.base64(xml1)), Sample.file("XML2", Sample.base64(xml2)))))
  }
  static func contents(_ name: String, _ write: (String) -> String, dossierFindings: [String] = []) -> Shape {
    Shape(
      name,
      Sample.envelope(Sample.visit(Sample.file("XML1", write(Sample.xml1)), Sample.file("XML2", write(Sample.xml2)))),
      dossierFindings: dossierFindings)
  }
  static func labelled(_ first: String, _ second: String, _ labels: [String]? = nil) -> Shape {
    Shape(
      "LOAIHOSO \(first), \(second)",
      Sample.envelope(
        Sample.visit(Sample.file(first, Sample.base64(Sample.xml1)), Sample.file(second, Sample.base64(Sample.xml2)))),
      labels: labels ?? [first, second])
  }

  /// The shapes of section 2 of the envelope page that say the same thing in other words.
  static let equivalent: [Shape] = {
    typealias S = Sample
    let spaced = S.usual.replacing("<HOSO>", with: "<HOSO >").replacing("</LOAIHOSO>", with: "</LOAIHOSO\n>")
      .replacing("</NOIDUNGFILE>", with: "</NOIDUNGFILE >")
    let cdata1 =
      "<TONG_HOP>"
      + S.visitFields.map { "<\($0.0)>" + ($0.1.isEmpty ? "" : "<![CDATA[\($0.1)]]>") + "</\($0.0)>" }.joined()
      + "</TONG_HOP>"
    let pretty2 = S.xml2.replacing("><", with: ">\r\n  <").replacing(">\r\n  </DU_PHONG>", with: "></DU_PHONG>")
    let attributes = S.drugs(
      S.drugFields.map { row in
        "<CHI_TIET_THUOC "
          + row.map { "\($0.0)=\"\(S.escaped($0.1).replacing("\"", with: "&quot;"))\"" }.joined(separator: " ") + "/>"
      }.joined())
    let grouped =
      "<TONG_HOP><HANHCHINH>\(S.elements(Array(S.visitFields[..<8])))</HANHCHINH>"
      + "<CHUYENMON><TIEN>\(S.elements(Array(S.visitFields[8...])))</TIEN></CHUYENMON></TONG_HOP>"
    let utf16: (String, Bool, Bool) -> [UInt8] = { text, isLittle, hasMark in
      ((hasMark ? [0xFEFF] : []) + Array(text.utf16)).flatMap { unit -> [UInt8] in
        let (low, high) = (UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8))
        return isLittle ? [low, high] : [high, low]
      }
    }
    let wide = S.usual.replacing("encoding=\"utf-8\"", with: "encoding=\"utf-16\"")
    return [
      Shape("usual", S.usual),
      Shape("byte order mark outside", "\u{FEFF}" + S.usual),
      Shape("no declaration", S.usual.replacing(S.declaration, with: "")),
      Shape("white space before the root, no declaration", "\n\n  " + S.usual.replacing(S.declaration, with: "")),
      Shape("standalone", S.usual.replacing("encoding=\"utf-8\"", with: "encoding=\"UTF-8\" standalone=\"yes\"")),
      Shape(
        "declaration in apostrophes", S.usual.replacing(S.declaration, with: "<?xml version='1.0' encoding='UTF-8' ?>")),
      Shape("US-ASCII", S.usual.replacing("utf-8", with: "us-ascii")),
      Shape(
        "namespaces",
        S.envelope(
          S.visit(S.file("XML1", S.base64(S.xml1)), S.file("XML2", S.base64(S.xml2))),
          root:
            "GIAMDINHHS xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
        )),
      Shape(
        "odd namespaces",
        S.envelope(
          S.visit(S.file("XML1", S.base64(S.xml1)), S.file("XML2", S.base64(S.xml2))),
          root: "GIAMDINHHS xmlns:xsi=\"XMLSchema\" xmlns:xsd='not a URI \\ at all' xmlns=\"urn:mau\""
        )),
      Shape("attributes on the frame", S.usual.replacing("<HOSO>", with: "<HOSO so='>1' x=\"a>b'c\">")),
      Shape("spaces inside tags", spaced),
      Shape(
        "comments and instructions",
        S.usual.replacing("<HOSO>", with: "<!-- <HOSO> > --><?mau <HOSO> ?><HOSO><!--x-->")
          .replacing("<LOAIHOSO>", with: "<LOAIHOSO><!-- kind -->").replacing(
            S.declaration, with: S.declaration + "<!-- made -->")),
      Shape("comments behind the root", S.usual + "\n<!-- end -->\n"),
      Shape("one line", S.usual.replacing("\n", with: "")),
      Shape("CRLF", S.usual.replacing("\n", with: "\r\n")),
      contents("Base64 of 64 letters, LF") { S.base64($0, .lines(length: 64, carriageReturn: false, trailing: true)) },
      contents("Base64 of 76 letters, CRLF") {
        S.base64($0, .lines(length: 76, carriageReturn: true, trailing: false))
      },
      contents("Base64 with white space around") { "\n      \(S.base64($0))\n   " },
      contents("Base64 in CDATA") { "<![CDATA[\(S.base64($0))]]>" },
      contents("Base64 with a comment") { "<!-- b -->" + S.base64($0) },
      contents("Base64 with a reference") {
        S.base64($0, .lines(length: 64, carriageReturn: false, trailing: false))
          .replacing("\n", with: "&#10;")
      },
      contents("embedded") { $0 },
      contents("embedded, with a comment") { "\n<!-- viewer -->" + $0 + "\n" },
      contents("escaped") { S.escaped($0) },
      contents("escaped, with a declaration") { S.escaped("\n" + $0).replacing("\n", with: S.escaped(S.declaration)) },
      contents("CDATA") { "<![CDATA[\(S.declaration)\($0)]]>" },
      contents("CDATA in pieces") {
        "<![CDATA[\($0.prefix(30))]]>\n<![CDATA[".replacing("\n", with: "") + "\($0.dropFirst(30))]]>"
      },
      inner("inner declaration", xml1: S.declaration + S.xml1, xml2: S.declaration + "\n" + S.xml2),
      inner("inner byte order mark", xml1: "\u{FEFF}" + S.xml1, xml2: "\u{FEFF}" + S.declaration + S.xml2),
      inner("inner standalone", xml1: "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\"?>" + S.xml1),
      inner("inner wide declaration", xml1: "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n" + S.xml1),
      inner("inner white space", xml1: "\r\n" + S.xml1 + "\n\n"),
      inner(
        "inner namespaces",
        xml2: S.xml2.replacing("<CHITIEU_CHITIET_THUOC>", with: "<CHITIEU_CHITIET_THUOC xmlns:xsd=\"x\">")),
      inner("inner CDATA", xml1: cdata1),
      inner(
        "inner CDATA and plain text mixed",
        xml1: S.xml1.replacing("Viêm phổi", with: "Viêm<![CDATA[ ]]>ph<![CDATA[]]>ổi")),
      inner("inner references", xml1: S.xml1.replacing("Viêm phổi", with: "Vi&#234;m&#x20;ph&#x1ED5;i")),
      inner(
        "inner CRLF and indentation",
        xml1: S.xml1.replacing("><", with: ">\r\n\t<").replacing(">\r\n\t</", with: "></"), xml2: pretty2),
      inner(
        "inner white space around values",
        xml1: S.xml1.replacing("Viêm phổi", with: " \r\n Viêm phổi\n").replacing(
          "<DU_PHONG></DU_PHONG>", with: "<DU_PHONG> \n</DU_PHONG>")),
      inner(
        "self-closing",
        xml1: S.xml1.replacing("<NHOM_MAU></NHOM_MAU>", with: "<NHOM_MAU/>").replacing(
          "<DU_PHONG></DU_PHONG>", with: "<DU_PHONG />")),
      inner("other order", xml1: "<TONG_HOP>\(S.elements(S.visitFields.reversed()))</TONG_HOP>"),
      inner("attributes", xml2: attributes),
      inner("groups", xml1: grouped),
      Shape(
        "inner UTF-16",
        S.envelope(
          S.visit(
            S.file("XML1", S.base64(utf16(S.xml1, true, true))),
            S.file("XML2", S.base64(utf16("<?xml version='1.0' encoding='utf-16'?>" + S.xml2, false, true)))))),
      Shape(
        "inner UTF-16 without mark",
        S.envelope(
          S.visit(
            S.file("XML1", S.base64(utf16(S.xml1, true, false))), S.file("XML2", S.base64(utf16(S.xml2, false, false))))
        )),
      Shape("UTF-16 LE", utf16(wide, true, true)), Shape("UTF-16 BE", utf16(wide, false, true)),
      Shape("UTF-16 LE without mark", utf16(wide, true, false)),
      Shape("UTF-16 BE without mark", utf16(wide, false, false)),
      Shape("wide declaration", wide),
      labelled("XML01", "xml02"), labelled("1", "2"), labelled("XML 1", "XML-2"),
      labelled(" XML1\n", "XML_2", ["XML1", "XML_2"]),
      labelled("<![CDATA[XML1]]>", "XML&#50;", ["XML1", "XML2"]),
      Shape(
        "empty contents",
        S.envelope(
          S.visit(
            S.file("XML1", S.base64(S.xml1)), S.file("XML2", S.base64(S.xml2)), S.file("XML3", ""),
            S.file("XML4", "\n  "),
            "<FILEHOSO><LOAIHOSO>XML5</LOAIHOSO><NOIDUNGFILE/></FILEHOSO>", S.file("XML7", "<![CDATA[ ]]>"),
            "<FILEHOSO/>"))),
      Shape(
        "empty lists",
        S.envelope(
          S.visit(
            S.file("XML1", S.base64(S.xml1)), S.file("XML2", S.base64(S.xml2)),
            S.file(
              "XML3",
              S.base64(
                "<CHITIEU_CHITIET_DVKT_VTYT><DSACH_CHI_TIET_DVKT></DSACH_CHI_TIET_DVKT></CHITIEU_CHITIET_DVKT_VTYT>")),
            S.file(
              "XML4",
              S.base64("<CHITIEU_CHITIET_DICHVUCANLAMSANG><DSACH_CHI_TIET_CLS/></CHITIEU_CHITIET_DICHVUCANLAMSANG>")),
            S.file("XML5", S.base64("<CHITIEU_CHITIET_DIENBIENLAMSANG/>")))),
        labels: ["XML1", "XML2", "XML3", "XML4", "XML5"]),
      Shape(
        "content without a FILEHOSO",
        S.envelope(
          "<HOSO><LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>\(S.base64(S.xml1))</NOIDUNGFILE>\(S.file("XML2", S.base64(S.xml2)))</HOSO>"
        )),
      Shape(
        "LOAIHOSO behind its content",
        S.envelope(
          S.visit(
            "<FILEHOSO><NOIDUNGFILE>\(S.base64(S.xml1))</NOIDUNGFILE><LOAIHOSO>XML1</LOAIHOSO></FILEHOSO>",
            S.file("XML2", S.base64(S.xml2))))),
      Shape(
        "root HOSO", S.visit(S.file("XML1", S.base64(S.xml1)), S.file("XML2", S.base64(S.xml2))),
        fileFindings: ["S11 warn"]),
      Shape(
        "root THONGTINHOSO",
        "<THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO>"
          + S.visit(S.file("XML1", S.base64(S.xml1)), S.file("XML2", S.base64(S.xml2)))
          + "</DANHSACHHOSO></THONGTINHOSO>",
        fileFindings: ["S11 warn"]),
      Shape(
        "control characters",
        S.envelope(
          S.visit(
            S.file("XML1", S.base64(S.xml1.replacing("Viêm phổi", with: "\u{0}Viêm\u{1F}phổi\u{1}"))),
            S.file("XML2", S.base64(S.xml2)))), dossierFindings: ["A13 warn table 1"]),
    ]
  }()
}

@Suite struct ShapeTests {
  static let usual = Result { try Reading(Sample.usual) }

  @Test func readsTheUsualEnvelope() throws {
    let reading = try ShapeTests.usual.get()
    #expect(reading.refusal == nil)
    #expect(reading.findings == [])
    #expect(reading.form == "envelope")
    #expect(reading.facility == "48001")
    #expect(reading.createdOn == "20250306")
    #expect(reading.declared == 1)
    #expect(reading.dossiers == 1)
    #expect(!reading.isSigned)
    let visit = try #require(reading.visits.first)
    #expect(visit.kind == "visit")
    #expect(visit.edition == "qd3176")
    #expect(visit.findings == [])
    #expect(visit.extras == [] && visit.repeated == [])
    #expect(visit.rows["XML1"] == [Dictionary(uniqueKeysWithValues: Sample.visitFields)])
    #expect(visit.rows["XML2"] == Sample.drugFields.map { Dictionary(uniqueKeysWithValues: $0) })
    #expect(visit.rows.count == 2)
  }

  /// However a visit is written, and in whatever pieces it arrives, its rows are the same, and its bytes can be restored.
  @Test(arguments: Shape.equivalent, [1, 7, 4096, Int.max])
  func readsTheSameRows(shape: Shape, pieces: Int) throws {
    let usual = try ShapeTests.usual.get()
    let reading = try Reading(shape.file, pieces: pieces)
    #expect(reading.refusal == nil)
    #expect(reading.findings == shape.fileFindings)
    #expect(reading.dossiers == 1)
    let visit = try #require(reading.visits.first)
    #expect(reading.visits.count == 1)
    #expect(visit.rows == usual.visits[0].rows)
    #expect(visit.extras == [] && visit.repeated == [])
    #expect(visit.findings == shape.dossierFindings)
    #expect(visit.edition == "qd3176")
    #expect(visit.labels == shape.labels)
    if reading.encoding == "UTF-8" {
      #expect(visit.restored == Array(shape.file[visit.byteOffset..<visit.byteOffset + visit.restored.count]))
      #expect(visit.restored.starts(with: "<HOSO".utf8) && visit.restored.last == UInt8(ascii: ">"))
      for (offset, label) in zip(visit.partOffsets, visit.labels) where label != "XML1" || !shape.name.contains("HOSO")
      {
        #expect(shape.file[..<offset].suffix(13).elementsEqual("<NOIDUNGFILE>".utf8))
      }
    }
    #expect(try Reading(shape.file, usesLibraryOnly: true).visits.first?.rows == visit.rows)
  }

  /// Shape 12: an empty field is there, a field left out is not.
  @Test(arguments: [
    "<HO_TEN></HO_TEN>", "<HO_TEN/>", "<HO_TEN />", "<HO_TEN> \n</HO_TEN>", "<HO_TEN><![CDATA[]]></HO_TEN>",
  ])
  func tellsEmptyFromMissing(field: String) throws {
    let file = Sample.envelope(
      Sample.visit(Sample.file("XML1", Sample.base64("<TONG_HOP><MA_LK>1</MA_LK>\(field)</TONG_HOP>"))))
    for usesLibraryOnly in [false, true] {
      let visit = try #require(try Reading(file, usesLibraryOnly: usesLibraryOnly).visits.first)
      #expect(visit.rows["XML1"] == [["MA_LK": "1", "HO_TEN": ""]])
    }
  }

  /// Shapes 14, 15, 19: rows keep their order, XML1 may come last, a file holds any number of visits.
  @Test(arguments: [1, 7, 4096, Int.max])
  func readsSeveralVisits(pieces: Int) throws {
    let other = Sample.xml1.replacing("MAU0001", with: "MAU0002")
    let unsorted = Sample.drugs(
      Sample.drugFields.reversed().map { "<CHI_TIET_THUOC>\(Sample.elements($0))</CHI_TIET_THUOC>" }.joined())
    let file = Sample.envelope(
      Sample.visit(Sample.file("XML2", Sample.base64(unsorted)), Sample.file("XML1", Sample.base64(Sample.xml1))),
      "<HOSO/>", Sample.visit(Sample.file("XML1", Sample.base64(other))))
    let reading = try Reading(file, pieces: pieces)
    #expect(reading.refusal == nil && reading.findings == [] && reading.dossiers == 3)
    #expect(reading.visits.map { $0["XML1", 1, "MA_LK"] } == ["MAU0001", nil, "MAU0002"])
    #expect(reading.visits[0].rows["XML2"]?.map { $0["STT"] } == ["2", "1"])
    #expect(reading.visits[1].labels == [] && reading.visits[1].restored == Array("<HOSO/>".utf8))
    for visit in reading.visits {
      #expect(Array(file.utf8)[visit.byteOffset...].starts(with: visit.restored))
      #expect(visit.restored.starts(with: "<HOSO".utf8))
    }
  }

  /// Shape 25: letters and tone marks stay as they were delivered.
  @Test func keepsDecomposedText() throws {
    let name = "Nguye\u{302}\u{303}n Thi\u{323} Ma\u{302}\u{303}u"
    let file = Sample.envelope(
      Sample.visit(Sample.file("XML1", Sample.base64(Sample.xml1.replacing("Nguyễn Thị Mẫu", with: name)))))
    let value = try #require(try Reading(file).visits.first?["XML1", 1, "HO_TEN"])
    #expect(Array(value.utf8) == Array(name.utf8))
  }

  /// Shape 17: a table nobody knows is reported, kept, and harms nothing.
  @Test(arguments: ["XML18", "XML16", "XML0", "XML12", "PHIEU_RIENG", "", "XML1000", "XML99999999999999999999"])
  func keepsUnknownTables(label: String) throws {
    let file = Sample.envelope(
      Sample.visit(
        Sample.file("XML1", Sample.base64(Sample.xml1)), Sample.file(label, Sample.base64("<RIENG>x</RIENG>"))))
    let visit = try #require(try Reading(file).visits.first)
    #expect(visit.findings == ["A08 warn"])
    #expect(visit.labels == ["XML1", label])
    #expect(visit.partDocuments[1] == Array("<RIENG>x</RIENG>".utf8))
    #expect(visit.rows.count == 1)
  }

  /// A table sent twice is reported; the rows of both count.
  @Test func readsATableTwice() throws {
    let file = Sample.envelope(
      Sample.visit(
        Sample.file("XML2", Sample.base64(Sample.xml2)), Sample.file("XML1", Sample.base64(Sample.xml1)),
        Sample.file("2", Sample.base64(Sample.xml2))))
    let visit = try #require(try Reading(file).visits.first)
    #expect(visit.findings == ["A07 warn table 2"])
    #expect(visit.rows["XML2"]?.map { $0["STT"] } == ["1", "2", "1", "2"])
  }

  /// The second NOIDUNGFILE of a FILEHOSO is a part of its own, of no known table.
  @Test func keepsASecondContent() throws {
    let content = "<NOIDUNGFILE>\(Sample.base64(Sample.xml1))</NOIDUNGFILE>"
    let file = Sample.envelope(Sample.visit("<FILEHOSO><LOAIHOSO>XML1</LOAIHOSO>\(content)\(content)</FILEHOSO>"))
    let visit = try #require(try Reading(file).visits.first)
    #expect(visit.labels == ["XML1", ""])
    #expect(visit.findings == ["A08 warn"])
    #expect(visit.rows["XML1"]?.count == 1)
    #expect(Array(file.utf8)[visit.byteOffset...].starts(with: visit.restored))
  }

  /// What the schema does not know goes to the extras; what stands twice goes there too, and the first counts.
  @Test func keepsUnknownAndRepeatedFields() throws {
    let inner =
      "<TONG_HOP TU_THEM='a' xml:space='preserve'><MA_LK>1</MA_LK><RIENG>b</RIENG><MA_LK>2</MA_LK>"
      + "<NHOM loai='c'>d<HO_TEN>Mẫu</HO_TEN>e</NHOM><CHAN_DOAN_RV>trước <b>đậm</b> sau</CHAN_DOAN_RV><LA-MA.1/></TONG_HOP>"
    let visit = try #require(try Reading(Sample.envelope(Sample.visit(Sample.file("XML1", inner)))).visits.first)
    #expect(visit.rows["XML1"] == [["MA_LK": "1", "HO_TEN": "Mẫu", "CHAN_DOAN_RV": "trước"]])
    #expect(
      visit.extras == [
        "XML1[1].TU_THEM=a", "XML1[1].RIENG=b", "XML1[1].MA_LK=2", "XML1[1].loai=c", "XML1[1].NHOM=d", "XML1[1].NHOM=e",
        "XML1[1].b=đậm", "XML1[1].CHAN_DOAN_RV=sau", "XML1[1].LA-MA.1=",
      ])
    #expect(visit.repeated == ["XML1[1].MA_LK", "XML1[1].CHAN_DOAN_RV"])
    #expect(visit.findings == [])
  }

  /// Text outside of any row is in no table, so it is reported: the rows may be called otherwise there.
  @Test func reportsTextOutsideOfRows() throws {
    let inner = Sample.drugs("<THUOC><MA_LK>1</MA_LK><STT>1</STT></THUOC>")
    let visit = try #require(
      try Reading(Sample.envelope(Sample.visit(Sample.file("XML2", Sample.base64(inner))))).visits.first)
    #expect(visit.rows == [:])
    #expect(visit.findings == ["A12 error table 2 found 2"])
  }

  /// Documents and fields in CDATA may be as large as any other.
  @Test func readsLargeCDATA() throws {
    let field = String(repeating: "ộ", count: 100_000)
    let document = "<TONG_HOP><MA_LK>1</MA_LK><DU_PHONG>\(field)</DU_PHONG></TONG_HOP>"
    let fieldInCDATA = document.replacing(field, with: "<![CDATA[\(field)]]>")
    for content in ["<![CDATA[\(document)]]>", fieldInCDATA, Sample.base64(fieldInCDATA), Sample.escaped(fieldInCDATA)]
    {
      for usesLibraryOnly in [false, true] {
        let file = Sample.envelope(Sample.visit(Sample.file("XML1", content)))
        let reading = try Reading(file, usesLibraryOnly: usesLibraryOnly)
        #expect(reading.refusal == nil && reading.visits.first?.findings == [])
        #expect(reading.visits.first?["XML1", 1, "DU_PHONG"] == field)
      }
    }
    // what is wrong in it is wrong with the dossier
    let control = try Reading(
      Sample.envelope(Sample.visit(Sample.file("XML1", "<![CDATA[<TONG_HOP>\u{1}</TONG_HOP>]]>"))))
    #expect(control.refusal == nil && control.visits.first?.findings == ["A13 warn table 1"])
  }

  /// Prefixes that the envelope declared hold inside an embedded document.
  @Test func readsEmbeddedDocumentsWithPrefixes() throws {
    let root = "GIAMDINHHS xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    let inner = Sample.xml1.replacing("<NHOM_MAU></NHOM_MAU>", with: "<NHOM_MAU xsi:nil=\"true\"/>")
    let embedded = try Reading(Sample.envelope(Sample.visit(Sample.file("XML1", inner)), root: root))
    #expect(embedded.visits.first?.rows["XML1"] == [Dictionary(uniqueKeysWithValues: Sample.visitFields)])
    #expect(embedded.visits.first?.findings == [])
    let alone = try Reading(Sample.envelope(Sample.visit(Sample.file("XML1", Sample.base64(inner))), root: root))
    #expect(alone.visits.first?.findings == ["A03 reject table 1"])
  }

  /// The facility's facts may be written as CDATA or with references too.
  @Test func readsTheFrame() throws {
    let file = Sample.usual.replacing("48001", with: "<![CDATA[ 48002 ]]>").replacing("20250306", with: "&#50;0250307")
      .replacing("<SOLUONGHOSO>1", with: "<SOLUONGHOSO><!-- one -->\n1")
    let reading = try Reading(file)
    #expect(reading.facility == "48002" && reading.createdOn == "20250307" && reading.declared == 1)
    #expect(try Reading(Sample.usual.replacing("20250306", with: "06/03/2025")).createdOn == "")
    #expect(try Reading(Sample.usual.replacing("<MACSKCB>48001</MACSKCB>", with: "")).facility == nil)
    #expect(try Reading(Sample.usual.replacing("48001</MACSKCB>", with: "</MACSKCB>")).facility == "")
  }

  /// A signature is anything inside CHUKYDONVI.
  @Test(arguments: [
    ("", false), ("\n  ", false), ("<!-- -->", false), ("abc", true), ("<![CDATA[abc]]>", true),
    ("<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignatureValue>QUJD</SignatureValue></Signature>", true),
    ("<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>", true),
  ])
  func seesSignatures(content: String, isSigned: Bool) throws {
    let visit = Sample.visit(Sample.file("XML1", Sample.base64(Sample.xml1)))
    for pieces in [1, Int.max] {
      let reading = try Reading(
        Array(Sample.envelope(visit, signature: "<CHUKYDONVI>\(content)</CHUKYDONVI>").utf8), pieces: pieces)
      #expect(reading.isSigned == isSigned && reading.refusal == nil && reading.dossiers == 1)
    }
  }

  /// libxml2 hands an ampersand of an attribute on as a reference.
  @Test func readsReferencesInAttributes() throws {
    let row = "<CHI_TIET_THUOC STT=\"1\" TEN_THUOC=\"a &amp; b &#38; &amp;#38; &lt;&#x1ED9;\"/>"
    let file = Sample.visit(
      Sample.file("XML1", Sample.base64(Sample.xml1)), Sample.file("XML2", Sample.base64(Sample.drugs(row))))
    let reading = try Reading(Sample.envelope(file))
    #expect(reading.visits.first?["XML2", 1, "TEN_THUOC"] == "a & b & &#38; <ộ")
  }
}
