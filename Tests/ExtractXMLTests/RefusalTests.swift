import Bytes
import ExtractXML
import Findings
import Glibc
import Records
import Testing

@Suite struct RefusalTests {
  static let frame = Sample.usual
  static let visit = Sample.visit(Sample.file("XML1", Sample.base64("<TONG_HOP/>")))
  static let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;\">]>"

  static func deep(_ depth: Int) -> String {
    String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
  }

  static let files: [(String, String, String)] = [
    ("nothing", "", "S01"), ("blank", " \r\n\t ", "S01"), ("only a byte order mark", "\u{FEFF}", "S01"),
    ("JSON", "{\"HOSO\": []}", "S02"), ("text", "MA_LK;STT", "S02"), ("zero bytes", "\0\0\0\0\0\0\0\0", "S02"),
    ("binary", "PK\u{3}\u{4}", "S02"),
    ("blanks without end", String(repeating: " ", count: 1 << 20) + "<GIAMDINHHS/>", "S02"),
    ("DOCTYPE", frame.replacing("<GIAMDINHHS>", with: "<!DOCTYPE GIAMDINHHS><GIAMDINHHS>"), "S12"),
    ("DOCTYPE cut off", "<!DOCTYPE GIAMDINHHS [", "S12"),
    ("billion laughs", frame.replacing("<GIAMDINHHS>", with: bomb + "<GIAMDINHHS>"), "S12"),
    (
      "external entity",
      frame.replacing("<GIAMDINHHS>", with: "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><GIAMDINHHS>"),
      "S12"
    ),
    ("DOCTYPE inside", frame.replacing("<HOSO>", with: "<!DOCTYPE a><HOSO>"), "S12"),
    ("DOCTYPE inside a dossier", frame.replacing("<LOAIHOSO>", with: "<!DOCTYPE a><LOAIHOSO>"), "S12"),
    (
      "DOCTYPE inside an embedded document", Sample.envelope(Sample.visit(Sample.file("XML1", "<!DOCTYPE a><a/>"))),
      "S12"
    ),
    ("DOCTYPE behind the root", frame + "<!DOCTYPE a>", "S12"),
    ("unknown entity", frame.replacing("48001", with: "&mau;"), "A01"),
    ("undeclared prefix", frame.replacing("<CHUKYDONVI/>", with: "<ds:CHUKYDONVI/>"), "A01"),
    ("undeclared prefix of an attribute", frame.replacing("<HOSO>", with: "<HOSO xsi:nil=\"true\">"), "A01"),
    ("two roots", frame + "<GIAMDINHHS/>", "A01"), ("text behind the root", frame + "x", "A01"),
    ("text before the root", "<!-- a -->x" + frame, "A01"), ("end tag first", "</GIAMDINHHS>", "A01"),
    ("mismatched tags", frame.replacing("</LOAIHOSO>", with: "</LOAI>"), "A01"),
    ("mismatched tags outside of dossiers", frame.replacing("</THONGTINDONVI>", with: "</THONGTIN>"), "A01"),
    (
      "mismatched tags in an embedded document", Sample.envelope(Sample.visit(Sample.file("XML1", "<a><b></a></b>"))),
      "A01"
    ),
    ("one end tag too many", frame.replacing("<CHUKYDONVI/>", with: "</GIAMDINHHS></GIAMDINHHS>"), "A01"),
    ("duplicate attribute", frame.replacing("<HOSO>", with: "<HOSO a='1' a='2'>"), "A01"),
    ("unquoted attribute", frame.replacing("<HOSO>", with: "<HOSO a=1>"), "A01"),
    ("blank before the name", frame.replacing("<HOSO>", with: "< HOSO>"), "A01"),
    ("control character", frame.replacing("48001", with: "48\u{1}001"), "A01"),
    ("forbidden reference", frame.replacing("48001", with: "&#1;"), "A01"),
    ("double hyphen in a comment", frame.replacing("<HOSO>", with: "<HOSO><!-- a -- b -->"), "A01"),
    ("CDATA end in text", frame.replacing("48001", with: "]]>"), "A01"),
    ("reserved instruction", frame.replacing("<HOSO>", with: "<?xml version='1.0'?><HOSO>"), "A01"),
    ("declaration behind a blank", " " + frame, "A01"),
    ("declaration without version", frame.replacing(" version=\"1.0\"", with: ""), "A01"),
    ("declaration with a stranger", frame.replacing("utf-8\"", with: "utf-8\" mau=\"1\""), "A01"),
    ("declaration of version 2", frame.replacing("version=\"1.0\"", with: "version=\"2.0\""), "A01"),
    ("nested HOSO", frame.replacing("<FILEHOSO><LOAIHOSO>XML2", with: "<HOSO/><FILEHOSO><LOAIHOSO>XML2"), "A01"),
    ("depth 65", frame.replacing("<CHUKYDONVI/>", with: deep(64)), "A01"),
    ("depth 65 in an embedded document", Sample.envelope(Sample.visit(Sample.file("XML1", deep(65)))), "A01"),
    ("depth without end", frame.replacing("<CHUKYDONVI/>", with: String(repeating: "<a>", count: 100_000)), "A01"),
    (
      "depth without end in a dossier",
      frame.replacing("<LOAIHOSO>", with: String(repeating: "<a>", count: 100_000)), "A01"
    ),
    ("long tag", frame.replacing("<HOSO>", with: "<HOSO a=\"\(String(repeating: "a", count: 100_000))\">"), "S10"),
    ("long name", frame.replacing("<HOSO>", with: "<\(String(repeating: "a", count: 100_000))>"), "S10"),
    (
      "long comment", frame.replacing("<HOSO>", with: "<!-- \(String(repeating: "a", count: 100_000)) --><HOSO>"), "A01"
    ),
    ("fewer HOSO than declared", Sample.envelope(visit, visit, count: 3), "S06 found 2 limit 3"),
    ("no HOSO at all", Sample.envelope(count: 1), "S06 found 0 limit 1"),
    ("health checks", "<KHAMSUCKHOE><a/></KHAMSUCKHOE>", "S03"), ("catalogues", "<HSDANHMUC/>", "S03"),
    ("social insurance", Sample.declaration + "<HSCHUNGTU></HSCHUNGTU>", "S03"),
    (
      "signature inside the facility", frame.replacing("</MACSKCB>", with: "</MACSKCB><CHUKYDONVI></CHUKYDONVI>"), "S03"
    ),
    ("empty signature inside the facility", frame.replacing("</MACSKCB>", with: "</MACSKCB><CHUKYDONVI />"), "S03"),
    ("unknown root", "<html><body/></html>", "S09"),
    ("unknown root with a prefix", "<x:GIAMDINHHS xmlns:x='x'/>", "S09"),
    ("unsupported encoding", frame.replacing("utf-8", with: "ISO-8859-15"), "S20"),
    ("unknown encoding", frame.replacing("utf-8", with: "mau"), "S20"),
  ]

  @Test(arguments: files, [1, 4096, Int.max])
  func refuses(file: (name: String, text: String, code: String), pieces: Int) throws {
    if pieces == 1 && file.text.utf8.count > 200_000 { return }
    let reading = try Reading(file.text, pieces: pieces)
    #expect(reading.refusal == file.code)
    // nothing is handed on once the trouble has been seen
    #expect(reading.visits.count <= 2)
  }

  /// The byte offset of a refusal lies in the file.
  @Test func saysWhereItStopped() throws {
    let file = RefusalTests.frame.replacing("</LOAIHOSO>", with: "</LOAI>")
    let reader = EnvelopeReader(schemas: Tables.schemas, source: once(file))
    #expect(try !reader.next(into: Dossier()))
    let offset = try #require(reader.facts.refusal?.byteOffset)
    #expect(offset > 0 && offset <= file.utf8.count)
    #expect(try !reader.next(into: Dossier()))
  }

  /// More HOSO than declared, or none declared, is only noted.
  @Test func notesCountsThatDiffer() throws {
    let visit = RefusalTests.visit
    let more = try Reading(Sample.envelope(visit, visit, count: 1))
    #expect(more.refusal == nil && more.findings == ["A05 warn found 2 limit 1"] && more.dossiers == 2)
    let none = try Reading(Sample.envelope(visit).replacing("<SOLUONGHOSO>1</SOLUONGHOSO>", with: ""))
    #expect(none.refusal == nil && none.findings == ["A05 warn found 1"])
    let text = try Reading(Sample.envelope(visit).replacing("<SOLUONGHOSO>1", with: "<SOLUONGHOSO>một"))
    #expect(text.refusal == nil && text.findings == ["A05 warn found 1"] && text.declared == nil)
    #expect(try Reading("<GIAMDINHHS/>").findings == ["A05 warn found 0"])
  }

  /// Cut anywhere, an envelope is refused; it is accepted only where nothing but white space is missing.
  @Test(arguments: [
    Sample.envelope(visit, Sample.visit(Sample.file("XML1", "<TONG_HOP><MA_LK>ộ</MA_LK></TONG_HOP>"))) + "\n",
    Sample.envelope(
      Sample.visit(Sample.file("XML1", "<![CDATA[<TONG_HOP/>]]>")), signature: "<CHUKYDONVI>ổ<!-- --></CHUKYDONVI>"),
    "\u{FEFF}" + Sample.declaration + "<!-- a --><?b c?><CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB>"
      + "<MA_LK>1</MA_LK></TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB></CHI_TIEU_TRANG_THAI_KCB>",
    Sample.declaration + "<TONG_HOP><MA_LK>ộ</MA_LK></TONG_HOP>",
    visit,
  ])
  func refusesCutFiles(text: String) throws {
    let file = Array(text.utf8)
    let end = Text.trimmed(file.span).upperBound
    let whole = try Reading(file)
    #expect(whole.refusal == nil)
    for cut in 0..<file.count {
      for pieces in [1, Int.max] {
        let reading = try Reading(Array(file[..<cut]), pieces: pieces)
        if cut >= end {
          #expect(reading.refusal == nil)
        } else {
          let code = try #require(reading.refusal, "accepted, cut at \(cut)")
          // nothing, or a byte order mark and nothing, is an empty file; half a mark is nothing known
          let allowed =
            cut == 0 || cut == 3 && file[0] == 0xEF ? ["S01"] : cut < 3 && file[0] == 0xEF ? ["S02"] : ["S04", "A01"]
          #expect(allowed.contains(code), "\(code), cut at \(cut)")
        }
      }
    }
  }

  /// A file cut off is told from a broken one wherever that can be told.
  @Test func tellsCutFromBroken() throws {
    let file = Array(RefusalTests.frame.utf8)
    var codes: [String: Int] = [:]
    for cut in 1..<file.count { codes[try Reading(Array(file[..<cut])).refusal ?? "accepted", default: 0] += 1 }
    #expect(codes == ["S04": file.count - 1])
  }

  static let documents: [(String, String)] = [
    ("DOCTYPE", "<!DOCTYPE a><TONG_HOP/>"), ("billion laughs", bomb + "<TONG_HOP><MA_LK>&d;</MA_LK></TONG_HOP>"),
    (
      "external entity",
      "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><TONG_HOP><MA_LK>&x;</MA_LK></TONG_HOP>"
    ),
    ("external DTD", "<!DOCTYPE TONG_HOP SYSTEM \"http://localhost/a.dtd\"><TONG_HOP/>"),
    ("undeclared prefix", "<TONG_HOP><a:MA_LK/></TONG_HOP>"), ("two roots", "<TONG_HOP/><TONG_HOP/>"),
    ("text behind the root", "<TONG_HOP/>x"), ("mismatched tags", "<TONG_HOP><MA_LK></STT></TONG_HOP>"),
    ("cut off", "<TONG_HOP><MA_LK>1</MA_LK>"), ("wrong root", Sample.xml2), ("wrong case", "<tong_hop/>"),
    ("depth 65", "<TONG_HOP>\(deep(64))</TONG_HOP>"),
    ("depth without end", "<TONG_HOP>" + String(repeating: "<a>", count: 100_000)),
    ("a field of 2 MB", "<TONG_HOP><DU_PHONG>\(String(repeating: "a", count: 2 << 20))</DU_PHONG></TONG_HOP>"),
    ("an unknown field of 2 MB", "<TONG_HOP><RIENG>\(String(repeating: "a", count: 2 << 20))</RIENG></TONG_HOP>"),
    ("many names", "<TONG_HOP>" + (0..<9000).map { "<a\($0)/>" }.joined() + "</TONG_HOP>"),
    ("long name", "<TONG_HOP><\(String(repeating: "a", count: 100_000))/></TONG_HOP>"),
    ("unsupported encoding", "<?xml version='1.0' encoding='ISO-8859-15'?><TONG_HOP/>"),
    ("broken declaration", "<?xml encoding='utf-8'?><TONG_HOP/>"),
    ("blank before the declaration", " " + Sample.declaration + "<TONG_HOP/>"),
    ("only a blank", "  \n"), ("only a byte order mark", "\u{FEFF}"), ("not XML", "MA_LK;STT"),
    ("another envelope", frame), ("U+FFFE", "<TONG_HOP><MA_LK>\u{FFFE}</MA_LK></TONG_HOP>"),
  ]

  /// Trouble inside one document rejects its dossier, not the file.
  @Test(arguments: documents)
  func rejectsTheDossier(name: String, document: String) throws {
    let good = Sample.visit(Sample.file("XML1", Sample.base64(Sample.xml1)))
    let file = Sample.envelope(
      good, Sample.visit(Sample.file("XML1", Sample.base64(document)), Sample.file("XML2", Sample.base64(Sample.xml2))),
      good)
    for usesLibraryOnly in [false, true] {
      let reading = try Reading(file, usesLibraryOnly: usesLibraryOnly)
      #expect(reading.refusal == nil && reading.dossiers == 3)
      #expect(reading.visits.map(\.findings) == [[], ["A03 reject table 1"], []])
      #expect(reading.visits[1].rows["XML1"] == nil && reading.visits[1].extras == [])
      #expect(reading.visits[1].rows["XML2"]?.count == 2)
      #expect(reading.visits[1].partDocuments[0] == Array(document.utf8))
    }
  }

  /// Bytes that are no UTF-8: inside Base64 they reject the dossier, outside the file.
  @Test(
    arguments: [
      [0xFF], [0xC3], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
    ] as [[UInt8]])
  func refusesWhatIsNoUTF8(bytes: [UInt8]) throws {
    let document = Array("<TONG_HOP><MA_LK>".utf8) + bytes + Array("</MA_LK></TONG_HOP>".utf8)
    let inside = try Reading(Sample.envelope(Sample.visit(Sample.file("XML1", Sample.base64(document)))))
    #expect(inside.visits.first?.findings == ["A03 reject table 1"])
    for place in ["48001", "<LOAIHOSO>XML1", "PFRP"] {
      // the marker is a byte that the envelope does not have
      let marked = Array(RefusalTests.frame.replacing(place, with: place + "|").utf8)
      let outside = marked.flatMap { $0 == UInt8(ascii: "|") ? bytes : [$0] }
      #expect(try Reading(outside).refusal == "A01")
    }
  }

  /// NOIDUNGFILE that is neither Base64 nor XML.
  @Test(arguments: ["TWF", "TWFu=", "không phải", "&lt;", "&#65;", "<![CDATA[TWF]]>", "%%%%", "TONG_HOP"])
  func rejectsBrokenBase64(content: String) throws {
    let reading = try Reading(Sample.envelope(Sample.visit(Sample.file("XML1", content))))
    #expect(reading.refusal == nil)
    #expect(reading.visits.first?.findings == ["A03 reject table 1"])
    #expect(reading.visits.first?.labels == ["XML1"])
  }

  /// `<!` that begins nothing known is not well-formed, however large the file is and however it comes.
  @Test(
    arguments: ["<!doctype html>", "<!Doctype html>", "<!ELEMENT a>", "<![cdata[a]]>", "<!-a->", "<!>"], [0, 1 << 20])
  func refusesUnknownDeclarations(declaration: String, filler: Int) throws {
    let blanks = String(repeating: " ", count: filler)
    func expect(_ code: String, _ before: String, _ after: String) throws {
      for pieces in [1, 4096, Int.max] where pieces > 1 || filler == 0 {
        #expect(try Reading(before + declaration + after, pieces: pieces).refusal == code, "\(before) \(pieces)")
      }
    }
    try expect("A01", "", "<html><body>\(blanks)</body></html>")
    try expect("A01", "<GIAMDINHHS>", "\(blanks)</GIAMDINHHS>")
    try expect("A01", "<GIAMDINHHS><HOSO>", "\(blanks)</HOSO></GIAMDINHHS>")
    try expect("A01", "<GIAMDINHHS><HOSO><FILEHOSO><NOIDUNGFILE><a>", "\(blanks)</a>")
    try expect("A01", "<GIAMDINHHS/>", blanks)
    for pieces in [1, 4096, Int.max] where pieces > 1 || filler == 0 {
      for (before, after) in [
        ("", "<Export>\(blanks)</Export>"), ("<Export><Visits><Visit>", "\(blanks)</Visit></Visits></Export>"),
        (Export.visits("<Visit/>"), blanks),
      ] {
        #expect(try RowsReading(before + declaration + after, pieces: pieces).refusal == "A01", "\(before) \(pieces)")
      }
    }
  }

  /// Cut inside the first letters of a comment, CDATA or DOCTYPE, a file is cut, not broken.
  @Test(arguments: ["<!", "<!-", "<![", "<![CDATA", "<!D", "<!DOCTYP"], [1, Int.max])
  func tellsCutDeclarations(beginning: String, pieces: Int) throws {
    #expect(try Reading("<GIAMDINHHS>" + beginning, pieces: pieces).refusal == "S04")
    #expect(try RowsReading("<Export>" + beginning, pieces: pieces).refusal == "S04")
  }

  /// A dossier that is larger than any record may be.
  @Test func refusesTooLargeDossiers() throws {
    let filler = [UInt8](repeating: UInt8(ascii: "A"), count: 1 << 20)
    for (before, after) in [
      ("<GIAMDINHHS><HOSO><FILEHOSO><NOIDUNGFILE>", ""), ("<GIAMDINHHS><HOSO><FILEHOSO><NOIDUNGFILE><a>", ""),
      ("<GIAMDINHHS><HOSO><LOAIHOSO>", ""), ("<GIAMDINHHS><HOSO><!--", ""), ("<TONG_HOP><MA_LK>", ""),
      ("<GIAMDINHHS>", ""),
      ("<GIAMDINHHS><![CDATA[", "]]></GIAMDINHHS>"),
    ] {
      var pieces = [Array(before.utf8)] + Array(repeating: filler, count: 40) + [Array(after.utf8)]
      pieces.reverse()
      let reader = EnvelopeReader(
        schemas: Tables.schemas,
        source: { _, target in
          guard let piece = pieces.popLast() else { return 0 }
          target.append(contentsOf: piece)
          return piece.count
        })
      #expect(try !reader.next(into: Dossier()))
      #expect(reader.facts.refusal?.code == FindingCode("S", 10))
      #expect(reader.largestWindow < 28 << 20)
    }
  }

  /// Windows-1258 and UTF-16 are read only where every byte means something.
  @Test func readsOtherEncodings() throws {
    let text = RefusalTests.frame.replacing("utf-8", with: "windows-1258").replacing("48001", with: "48001 ")
    let narrow = try Reading(text)
    #expect(narrow.refusal == nil && narrow.encoding == "CP1258" && narrow.visits.count == 1)
    #expect(narrow.visits[0].rows == (try Reading(RefusalTests.frame).visits[0].rows))
    // "Đ" is D0, "ộ" is F4 with F2 (dot below) behind
    let embedded =
      Array("<?xml version='1.0' encoding='windows-1258'?><TONG_HOP><HO_TEN>".utf8) + [0xD0, 0xF4, 0xF2]
      + Array("</HO_TEN></TONG_HOP>".utf8)
    for pieces in [1, Int.max] {
      let bare = try Reading(embedded, pieces: pieces)
      #expect(bare.visits.first?["XML1", 1, "HO_TEN"] == "Độ" && bare.refusal == nil)
    }
    let inner = try Reading(Sample.envelope(Sample.visit(Sample.file("XML1", Sample.base64(embedded)))))
    #expect(inner.visits.first?["XML1", 1, "HO_TEN"] == "Độ")
    // 8A is not taken in windows-1258
    #expect(try Reading(embedded.map { $0 == 0xF4 ? 0x8A : $0 }).refusal == "A01")
    // a letter behind the end waits for its tone mark inside iconv
    #expect(try Reading(embedded + Array("a".utf8)).refusal == "A01")
    // half a pair, half a character
    let wide = Array("<GIAMDINHHS/>".utf16).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    #expect(try Reading([0xFF, 0xFE] + wide).refusal == nil)
    #expect(try Reading([0xFF, 0xFE] + wide + [0x00, 0xD8]).refusal == "A01")
    #expect(try Reading([0xFF, 0xFE] + wide + [0x20]).refusal == "A01")
    #expect(try Reading([0xFF, 0xFE] + Array(wide.dropLast(2))).refusal == "S04")
    #expect(try Reading([0xFF, 0xFE, 0, 0] + wide).refusal == "S20")
  }

  /// What the first bytes say goes before what a declaration says: nothing is decoded twice.
  @Test(arguments: [1, Int.max]) func decodesOnce(pieces: Int) throws {
    let text = "<?xml version='1.0' encoding='windows-1258'?><TONG_HOP><HO_TEN>Độ</HO_TEN></TONG_HOP>"
    let wide = Array(text.utf16).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let swapped = Array(text.utf16).flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    for document in [[0xFF, 0xFE] + wide, wide, [0xFE, 0xFF] + swapped, swapped] {
      let inner = try Reading(
        Array(Sample.envelope(Sample.visit(Sample.file("XML1", Sample.base64(document)))).utf8), pieces: pieces)
      #expect(inner.visits.first?["XML1", 1, "HO_TEN"] == "Độ" && inner.visits.first?.findings == [])
      let bare = try Reading(document, pieces: pieces)
      #expect(bare.visits.first?["XML1", 1, "HO_TEN"] == "Độ" && bare.refusal == nil)
    }
    // the mark of UTF-8 and a declaration of single bytes contradict each other, also where all letters are ASCII
    for marked in ["\u{FEFF}" + text, "\u{FEFF}" + text.replacing("Độ", with: "Do")] {
      let inner = try Reading(
        Array(Sample.envelope(Sample.visit(Sample.file("XML1", Sample.base64(marked)))).utf8), pieces: pieces)
      #expect(inner.visits.first?.findings == ["A03 reject table 1"] && inner.visits.first?.rows == [:])
      #expect(try Reading(marked, pieces: pieces).refusal == "S20")
    }
    let envelope = "\u{FEFF}" + RefusalTests.frame.replacing("utf-8", with: "windows-1258")
    #expect(try Reading(envelope, pieces: pieces).refusal == "S20")
    let rows = "\u{FEFF}<?xml version='1.0' encoding='windows-1258'?>" + Export.visits("<Visit id='1'/>")
    #expect(try RowsReading(rows, pieces: pieces).refusal == "S20")
    #expect(try RowsReading(rows.replacing("windows-1258", with: "utf-8"), pieces: pieces).refusal == nil)
  }

  /// A document that stands as text in the outer one was decoded with it.
  @Test(arguments: ["windows-1258", "utf-8", "UTF-16", "ISO-8859-15"], ["utf-8", "windows-1258"])
  func decodesTextOnce(declared: String, outer: String) throws {
    let document = "<?xml version='1.0' encoding='\(declared)'?><TONG_HOP><HO_TEN>Độ</HO_TEN></TONG_HOP>"
    for content in ["<![CDATA[\(document)]]>", Sample.escaped(document), "<![CDATA[\u{FEFF}\(document)]]>"] {
      if outer != "utf-8", content.contains("\u{FEFF}") { continue }
      let text = Sample.envelope(Sample.visit(Sample.file("XML1", content))).replacing("utf-8\"", with: outer + "\"")
      // "Đ" is D0, "ộ" is F4 with F2 (dot below) behind
      let narrow = text.replacing("Độ", with: "\u{D0}\u{F4}\u{F2}").unicodeScalars.map {
        UInt8(truncatingIfNeeded: $0.value)
      }
      let reading = try Reading(outer == "utf-8" ? Array(text.utf8) : narrow)
      #expect(reading.refusal == nil && reading.visits.first?.findings == [], "\(content)")
      #expect(reading.visits.first?["XML1", 1, "HO_TEN"] == "Độ", "\(content)")
    }
  }

  /// What is kept of a bare document is read again as what it was.
  @Test func keepsBareDocumentsReadable() throws {
    let text = "<?xml version='1.0' encoding='NAME'?>\n<TONG_HOP><HO_TEN>Độ</HO_TEN></TONG_HOP>\n"
    let narrow = text.replacing("NAME", with: "windows-1258").replacing("Độ", with: "\u{D0}\u{F4}\u{F2}")
      .unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let wide = text.replacing("NAME", with: "utf-16").utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    for file in [narrow, [0xFF, 0xFE] + wide, Array(text.replacing("NAME", with: "utf-8").utf8)] {
      let first = try #require(try Reading(file).visits.first)
      let again = try Reading(first.restored)
      #expect(first["XML1", 1, "HO_TEN"] == "Độ" && again.visits.first?.rows == first.rows && again.refusal == nil)
      #expect(again.visits.first?.restored == first.restored)
    }
  }

  /// Bytes that windows-1258 does not have cost the same each, however many there are: four times as many, four times the work.
  @Test func undecodableBytesCostTheSameEach() throws {
    func seconds(_ count: Int) throws -> Double {
      let document =
        Array("<?xml version=\"1.0\" encoding=\"windows-1258\"?><TONG_HOP><HO_TEN>".utf8)
        + [UInt8](repeating: 0x81, count: count)
      let file = Sample.envelope(Sample.visit(Sample.file("XML1", Sample.base64(document))))
      var least = Double.infinity
      for _ in 1...2 {
        let start = threadSeconds()
        let reading = try Reading(file)
        least = min(least, threadSeconds() - start)
        #expect(reading.visits.first?.findings == ["A03 reject table 1"])
      }
      return least
    }
    let few = try seconds(64 << 10)
    #expect(try seconds(256 << 10) < few * 6)
  }

  /// A failure of the source is thrown as it is, wherever it happens.
  @Test(arguments: [0, 1, 100, 700])
  func passesOnInputFailures(after: Int) throws {
    let file = Array(RefusalTests.frame.utf8)
    var at = 0
    let reader = EnvelopeReader(
      schemas: Tables.schemas,
      source: { _, target throws(ReaderFailure) in
        guard at < after else { throw .input(5) }
        target.append(file[at])
        at += 1
        return 1
      })
    #expect(throws: ReaderFailure.input(5)) {
      while try reader.next(into: Dossier()) {}
    }
  }
}

/// The processor time of this thread: what other tests do meanwhile is not in it.
func threadSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func once(_ text: String) -> (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
  var isGiven = false
  return { _, target in
    if isGiven { return 0 }
    isGiven = true
    target.append(contentsOf: text.utf8)
    return text.utf8.count
  }
}
