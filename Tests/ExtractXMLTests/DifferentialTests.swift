import Bytes
import ExtractXML
import Records
import Testing

/// The reader of our own against libxml2: it may leave a document to the library, never read it otherwise.
@Suite struct DifferentialTests {
  /// Everything that came of a document.
  struct Result: Equatable {
    var fault: DocumentFault?
    var hadControls: Bool
    var strays: Int
    /// Cells one after the other: nil where missing.
    var cells: [[UInt8]?] = []
    var rowCount = 0
    var extras: [[UInt8]] = []
    var repeated: [Int] = []
    var isPlain: Bool

    static func == (a: Result, b: Result) -> Bool {
      a.fault == b.fault && a.hadControls == b.hadControls && a.strays == b.strays && a.cells == b.cells
        && a.rowCount == b.rowCount && a.extras == b.extras && a.repeated == b.repeated
    }
  }

  /// Reads documents of one table over and over.
  final class Bench {
    let shape: TableShape
    let dossier = Dossier()
    let ours = DocumentReader()
    let library = DocumentReader(usesLibraryOnly: true)

    init(_ table: String) {
      let number = Tables.current.table(table) ?? 0
      shape = TableShape(Tables.current.tables[number], number: number, rootIsRow: false)
    }

    func read(_ document: [UInt8], with reader: DocumentReader) throws -> Result {
      dossier.removeAll()
      dossier.use(Tables.current, number: 0)
      // something stands before it, so that offsets must be right
      dossier.text = Array("before".utf8) + document + Array("</behind>".utf8)
      let range = 6..<6 + document.count
      let outcome = try reader.read(range, of: dossier, as: shape)
      let table = dossier.tables[shape.number]
      func bytes(_ cell: TableRecords.Cell) -> [UInt8] { Array(dossier.text[cell.range]) }
      return Result(
        fault: outcome.fault, hadControls: outcome.hadControls, strays: outcome.strays,
        cells: table.cells.map { $0.isMissing ? nil : bytes($0) }, rowCount: table.rowCount,
        extras: table.extras.map { Array("\($0.row) \($0.name) ".utf8) + bytes($0.cell) },
        repeated: table.repeated.flatMap { [$0.row, $0.column] }, isPlain: outcome.isPlain)
    }

    /// Both readings; an issue where they differ.
    @discardableResult
    func compare(_ document: [UInt8]) throws -> Result {
      let mine = try read(document, with: ours)
      let theirs = try read(document, with: library)
      if mine != theirs {
        let text = String(decoding: document.prefix(400), as: UTF8.self)
        Issue.record("\(document.count) bytes: \(text)\n\("\(mine)".prefix(400))\n\("\(theirs)".prefix(400))")
      }
      return mine
    }
  }

  /// What may stand in a field.
  static let values: [String] = [
    "", " ", "a", " a ", "a b", "\ta\n", "&amp;", "&lt;&gt;&quot;&apos;", "a&amp;b", " &amp; ", "&#65;", "&#x41;",
    "&#X41;", "&#x1ED9;",
    "&#32;a&#32;", "&#9;", "&#10;&#13;", "a&#13;b", "&#0;", "&#1;", "&#x1F;", "&#127;", "&#x80;", "&#xD7FF;",
    "&#xD800;", "&#xDFFF;",
    "&#xE000;", "&#xFFFD;", "&#xFFFE;", "&#xFFFF;", "&#x10000;", "&#x10FFFF;", "&#x110000;", "&#99999999999999;",
    "&#x00000041;",
    "&#0000000065;", "&#;", "&#x;", "&#xG;", "&#6 5;", "&#-65;", "&#+65;", "&;", "&", "& ", "&&amp;", "&amp", "&amp ;",
    "& amp;",
    "&AMP;", "&nbsp;", "&eacute;", "&mau;", "&#65", "&#65;&#66;", "&amp;amp;", "&amp;#65;", "a;b", ";", "#65;",
    "<![CDATA[]]>", "<![CDATA[a]]>", "<![CDATA[ a ]]>", " <![CDATA[a]]> ", "x<![CDATA[y]]>z",
    "<![CDATA[a]]><![CDATA[b]]>",
    "<![CDATA[a]]]]><![CDATA[>b]]>", "<![CDATA[]]]>", "<![CDATA[]]]]>", "<![CDATA[<b>&amp;</b>]]>",
    "<![CDATA[ \r\n ]]>",
    "<![CDATA[a\r\nb\rc]]>", "<![CDATA[a\r]]><![CDATA[\nb]]>", "<b/><![CDATA[a\r\nb\r]]>&#13;\n<![CDATA[\n]]>",
    "<![CDATA[a]]>&amp;<![CDATA[b]]>", "&amp;<![CDATA[&amp;]]>&amp;", "<![CDATA[a",
    "<![CDATA[a]]",
    "<![CDATA[a]] >", "<![CDATA [a]]>", "<![cdata[a]]>", "<! [CDATA[a]]>", "<![CDATA[]]><![CDATA[]]>a", "a<![CDATA[]]>",
    "<![CDATA[a\u{FFFE}]]>",
    "]]>", "a]]>b", "]]", "]]&gt;", "]>", "]] >", "]", "a]", "]]]>", "]<![CDATA[]]>]>", "]]<!-- -->>", ">", ">>", "a>b",
    "\"", "'",
    "<!-- c -->", "a<!-- c -->b", "<!---->", "<!-- a -- b -->", "<!--->", "<!-- a --->", "<!- a -->", "<!", "<!>",
    "<!-", "<!a>",
    "<?pi?>", "a<?pi b?>c", "<??>", "<?xml?>", "<?XML a?>", "<?pi", "<? pi?>", "<?p:i a?>",
    "a\rb", "a\r\nb", "a\r\r\nb", "\r", "\r\n", "a\r", "\ra", "a\nb", "a\n\rb", "\r\u{85}", "a\u{85}b", "\u{85}",
    "\u{A0}a\u{A0}", "\u{2028}",
    "\u{FEFF}", "a\u{FEFF}b", "\u{7F}", "\u{80}", "\u{9F}", "\u{FFFD}", "\u{FFFE}", "\u{FFFF}", "\u{1FFFE}",
    "\u{10FFFF}", "\u{0}", "\u{1}a",
    "a\u{B}b", "a\u{C}b", "\u{1F}", "ộ", "Nguyễn Thị Mẫu", "e\u{302}\u{301}", "😀", "\u{E000}",
    "<b/>", "<b>c</b>", "a<b>c</b>d", "<b><c>d</c></b>", "<b> </b>", "<b><![CDATA[x]]></b>", "<MA_BN>x</MA_BN>",
    "a<MA_BN>x</MA_BN>",
    "<MA_LK>x</MA_LK>", "<HO_TEN>x</HO_TEN>", "<TONG_HOP>x</TONG_HOP>", "<b>", "</b>", "<b></c></b>", "<b/><b/>",
    "<b></b", "<b", "<",
    "<>", "</>", "< b>", "<b >c</b >", "<b\n/>", "<b/ >", "<b / >", "</ b>", "<1/>", "<-b/>", "<.b/>", "<_b/>",
    "<b1.-_/>", "<b:c/>", "<:b/>",
    "<b:/>", "<ộ/>", "<b·/>", "<b c='d'/>", "<b c=\"d\">e</b>", "<b c='1' c='2'/>", "<b c/>", "<b c=d/>", "<b c='<'/>",
    "<b c='&lt;'/>",
    "<b c='&mau;'/>", "<b c='a'd='e'/>", "<b xml:space='preserve'> x </b>", "<b xmlns='urn:a'>c</b>",
    "<b xmlns:a='urn:a' a:c='d'/>",
    "<b a:c='d'/>", "<a:b xmlns:a='urn:a'>c</a:b>", "<b xmlns:a=''/>", "<b xmlns=''/>", "<b xmlns:xml='urn:a'/>",
    "<b xmlns:xmlns='urn:a'/>",
    "<b MA_BN='x'/>", "<b\tc='d'\r\n>e</b\t>", "<b\u{0}/>", "<b\u{A0}/>",
  ]

  /// Whole documents of XML1.
  static let documents: [String] = [
    "", " ", "<", "<T", "<TONG_HOP", "<TONG_HOP>", "<TONG_HOP/>", "<TONG_HOP />", "<TONG_HOP></TONG_HOP>",
    " <TONG_HOP/> ", "\r\n<TONG_HOP/>\r\n",
    "x<TONG_HOP/>", "<TONG_HOP/>x", "<TONG_HOP/><TONG_HOP/>", "<TONG_HOP/></TONG_HOP>",
    "<TONG_HOP></TONG_HOP></TONG_HOP>", "</TONG_HOP>",
    "<TONG_HOP></TONG_HO>", "<TONG_HOP></TONG_HOPP>", "<TONG_HOP></TONG_HOP x>", "<TONG_HOP></TONG_HOP", "<TONG_HOP></",
    "<TONG_HOP><",
    "<TONG_HOP/", "<TONG_HOP>&amp;</TONG_HOP>", "<TONG_HOP>abc<MA_LK>1</MA_LK>def</TONG_HOP>",
    "<TONG_HOP><![CDATA[x]]></TONG_HOP>",
    "<TONG_HOP><![CDATA[ ]]><MA_LK>1</MA_LK></TONG_HOP>", "<TONG_HOP>&#32;<MA_LK>1</MA_LK>&#9;</TONG_HOP>",
    "<!-- a --><TONG_HOP/>",
    "<TONG_HOP/><!-- a -->", "<?a b?><TONG_HOP/><?a b?>", "<!DOCTYPE TONG_HOP><TONG_HOP/>",
    "<TONG_HOP/><!DOCTYPE TONG_HOP>", "<!-- a --> x <TONG_HOP/>",
    "<?xml version='1.0'?><TONG_HOP/>", "<tong_hop/>", "<TONG_HOP2/>", "<TONG/>", "<a><TONG_HOP/></a>",
    "&amp;<TONG_HOP/>", "<TONG_HOP/>&amp;",
    "<TONG_HOP/>\u{0}", "\u{FEFF}<TONG_HOP/>", "<TONG_HOP/>\u{FEFF}", "<TONG_HOP MA_LK='1'/>",
    "<TONG_HOP MA_LK='1' MA_LK2=' a '><MA_LK>2</MA_LK></TONG_HOP>",
    "<TONG_HOP xmlns='urn:a'><MA_LK>1</MA_LK></TONG_HOP>", "<TONG_HOP xmlns:a='urn:a'><a:MA_LK>1</a:MA_LK></TONG_HOP>",
    "<a:TONG_HOP xmlns:a='urn:a'><MA_LK>1</MA_LK></a:TONG_HOP>",
    "<TONG_HOP><MA_LK>1</MA_LK><MA_LK>2</MA_LK><MA_LK/></TONG_HOP>",
    "<TONG_HOP><RIENG>1</RIENG><RIENG>1</RIENG></TONG_HOP>",
    "<TONG_HOP><NHOM><MA_LK>1</MA_LK></NHOM><NHOM/></TONG_HOP>",
    "<TONG_HOP><STT><MA_LK>1</MA_LK></STT><STT>2</STT></TONG_HOP>", "<TONG_HOP><MA_LK>1</MA_LK>",
    "<TONG_HOP><MA_LK>1</TONG_HOP></MA_LK>",
    "<TONG_HOP><ma_lk>1</ma_lk></TONG_HOP>", "<TONG_HOP\n><MA_LK\n>1</MA_LK\n></TONG_HOP\n>",
    "<TONG_HOP>\u{B}</TONG_HOP>", "<TONG_HOP>\u{A0}</TONG_HOP>",
    String(repeating: " ", count: 2000) + "<TONG_HOP/>", String(repeating: "\n", count: 100_000) + "<TONG_HOP/>",
    "<TONG_HOP/>" + String(repeating: "\n", count: 100_000),
    "<TONG_HOP" + String(repeating: " ", count: 100_000) + "/>",
    "<TONG_HOP><MA_LK></MA_LK" + String(repeating: " ", count: 100_000) + "></TONG_HOP>",
    "<TONG_HOP>" + String(repeating: " ", count: 100_000) + "</TONG_HOP>",
    "<TONG_HOP><!--" + String(repeating: "-a", count: 50_000) + "--></TONG_HOP>",
    "<TONG_HOP><MA_LK>\(String(repeating: "ộ", count: 50_000))</MA_LK></TONG_HOP>",
    "<TONG_HOP><\(String(repeating: "a", count: 900))/></TONG_HOP>",
    "<TONG_HOP><\(String(repeating: "a", count: 60_000))/></TONG_HOP>",
    "<TONG_HOP>" + (0..<5000).map { "<a\($0)/>" }.joined() + "</TONG_HOP>",
    "<TONG_HOP>" + (0..<9000).map { "<a\($0)/>" }.joined() + "</TONG_HOP>",
    "<TONG_HOP>" + String(repeating: "<a>", count: 63) + String(repeating: "</a>", count: 63) + "</TONG_HOP>",
    "<TONG_HOP>" + String(repeating: "<a>", count: 64) + String(repeating: "</a>", count: 64) + "</TONG_HOP>",
    "<TONG_HOP>" + String(repeating: "<a>", count: 300) + String(repeating: "</a>", count: 300) + "</TONG_HOP>",
    "<TONG_HOP><DU_PHONG>\(String(repeating: "a", count: 1 << 20))</DU_PHONG></TONG_HOP>",
    "<TONG_HOP><DU_PHONG>\(String(repeating: "a", count: 1 + 1 << 20))</DU_PHONG></TONG_HOP>",
    "<TONG_HOP><DU_PHONG>" + String(repeating: " ", count: 1 << 20) + "a</DU_PHONG></TONG_HOP>",
    "<TONG_HOP><DU_PHONG><![CDATA[\(String(repeating: "ộ", count: 100_000))]]></DU_PHONG></TONG_HOP>",
  ]

  /// Whole documents of XML2, which has many rows.
  static let lists: [String] = [
    Sample.xml2, Sample.drugs(""), "<CHITIEU_CHITIET_THUOC/>", Sample.drugs("<CHI_TIET_THUOC/>"),
    Sample.drugs("<CHI_TIET_THUOC/><CHI_TIET_THUOC/>"),
    Sample.drugs("<CHI_TIET_THUOC><CHI_TIET_THUOC><STT>1</STT></CHI_TIET_THUOC></CHI_TIET_THUOC>"),
    Sample.drugs("<THUOC><STT>1</STT></THUOC>"),
    Sample.drugs("x"), Sample.drugs("<STT>1</STT><CHI_TIET_THUOC><STT>2</STT></CHI_TIET_THUOC><STT>3</STT>"),
    "<CHITIEU_CHITIET_THUOC><CHI_TIET_THUOC><STT>1</STT></CHI_TIET_THUOC></CHITIEU_CHITIET_THUOC>",
    "<CHITIEU_CHITIET_THUOC>" + Sample.drugs("<CHI_TIET_THUOC><STT>1</STT></CHI_TIET_THUOC>")
      + "</CHITIEU_CHITIET_THUOC>",
    "<CHI_TIET_THUOC><STT>1</STT></CHI_TIET_THUOC>", Sample.drugs("<CHI_TIET_THUOC><STT>1</STT>"),
    Sample.drugs("<CHI_TIET_THUOC>&#32;<STT>1</STT></CHI_TIET_THUOC>&#32;"),
    Sample.drugs("<CHI_TIET_THUOC STT='1'><STT>2</STT></CHI_TIET_THUOC>"),
    Sample.drugs("<CHI_TIET_THUOC><STT>1</STT></CHI_TIET_THUOC><a/><b>x</b>"),
    Sample.drugs(
      (0..<100).map { "<CHI_TIET_THUOC><STT>\($0)</STT><TEN_THUOC>Thuốc mẫu số \($0) – ộ</TEN_THUOC></CHI_TIET_THUOC>" }
        .joined(separator: "\r\n")),
  ]

  @Test func agreesOnValues() throws {
    let bench = Bench("XML1")
    var plain = 0
    for value in DifferentialTests.values {
      if try bench.compare(Array("<TONG_HOP><MA_LK>1</MA_LK><STT>\(value)</STT><HO_TEN>x</HO_TEN></TONG_HOP>".utf8))
        .isPlain
      {
        plain += 1
      }
      if try bench.compare(Array("<TONG_HOP><RIENG>\(value)</RIENG></TONG_HOP>".utf8)).isPlain { plain += 1 }
      try bench.compare(Array("<TONG_HOP>\(value)</TONG_HOP>".utf8))
      try bench.compare(Array("<TONG_HOP/>\(value)".utf8))
      try bench.compare(Array("\(value)<TONG_HOP/>".utf8))
    }
    #expect(plain > 150 && plain < 2 * DifferentialTests.values.count, "\(plain)")
  }

  @Test func agreesOnDocuments() throws {
    let bench = Bench("XML1")
    var plain = 0
    for document in DifferentialTests.documents where try bench.compare(Array(document.utf8)).isPlain { plain += 1 }
    let lists = Bench("XML2")
    for document in DifferentialTests.lists where try lists.compare(Array(document.utf8)).isPlain { plain += 1 }
    #expect(plain > 20, "\(plain)")
  }

  /// Bytes that are not UTF-8, in a value, in a name, in CDATA.
  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xDF, 0xBF], [0xE0, 0x80, 0x80],
      [0xE0, 0x9F, 0xBF], [0xE0, 0xA0, 0x80],
      [0xE1, 0x80], [0xE1, 0xBB, 0x41], [0xED, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF, 0xBD],
      [0xEF, 0xBF, 0xBE],
      [0xEF, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80],
      [0xF0, 0x9F, 0x98], [0xF4, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xC3, 0xA1],
      [0xE1, 0xBB, 0x99],
    ] as [[UInt8]])
  func agreesOnBytes(bytes: [UInt8]) throws {
    let bench = Bench("XML1")
    for (before, after) in [
      ("<TONG_HOP><STT>", "</STT></TONG_HOP>"), ("<TONG_HOP><STT>a", "b</STT></TONG_HOP>"),
      ("<TONG_HOP><STT>1234567", "</STT></TONG_HOP>"),
      ("<TONG_HOP><STT><![CDATA[", "]]></STT></TONG_HOP>"), ("<TONG_HOP><a", "/></TONG_HOP>"),
      ("<TONG_HOP>", "</TONG_HOP>"), ("<TONG_HOP/>", ""),
      ("", "<TONG_HOP/>"), ("<TONG_HOP><STT>", ""),
    ] {
      let document = Array(before.utf8) + bytes + Array(after.utf8)
      let result = try bench.compare(document)
      if Text.firstInvalidUTF8(document.span) != nil { #expect(result.fault == .notWellFormed) }
    }
  }

  /// Pieces of 8 KB are what libxml2 is fed: letters and tags that lie across their ends come out whole.
  @Test func agreesAcrossPieces() throws {
    let bench = Bench("XML1")
    for shift in 0..<12 {
      let filler = String(repeating: "x", count: 8192 - 60 + shift * 5)
      try bench.compare(
        Array("<TONG_HOP><DU_PHONG>\(filler)ộ\r\nộ&amp;😀]]&gt;<![CDATA[ộ]]>ộ</DU_PHONG><STT>ộ</STT></TONG_HOP>".utf8))
    }
    let rows = (0..<60).map { "<CHI_TIET_THUOC>\(Sample.elements(Sample.drugFields[$0 % 2]))</CHI_TIET_THUOC>" }.joined(
      separator: "\r\n")
    let result = try Bench("XML2").compare(Array(Sample.drugs(rows).utf8))
    #expect(result.rowCount == 60 && result.isPlain)
  }

  /// Good documents with a few bytes changed, left out, doubled or moved.
  @Test(arguments: 0..<4)
  func agreesOnMutations(seed: Int) throws {
    var dice = Dice(state: UInt64(seed))
    let snippets = [
      "<", ">", "&", ";", "/", "]]>", "<![CDATA[", "\r", "\n", " ", "</", "/>", "&#", "<!--", "-->", "\"", "=", "\u{0}",
      "ộ", "<b>", "</b>",
      "<STT>", "</STT>", "x", "&amp;",
    ].map { Array($0.utf8) }
    let bench = Bench(seed % 2 == 0 ? "XML1" : "XML2")
    let good = [
      [
        "<TONG_HOP><MA_LK>MAU1</MA_LK><STT>1</STT><HO_TEN>Nguyễn &amp; Mẫu</HO_TEN><NHOM_MAU/><DIA_CHI><![CDATA[Số 1 < 2]]></DIA_CHI></TONG_HOP>",
        "<TONG_HOP>\r\n  <MA_LK>1</MA_LK>\r\n  <RIENG>a&#x1ED9;b\r\nc</RIENG>\r\n  <DU_PHONG> </DU_PHONG>\r\n</TONG_HOP>\r\n",
      ],
      [
        Sample.drugs(
          "<CHI_TIET_THUOC><MA_LK>1</MA_LK><STT>1</STT></CHI_TIET_THUOC>\n<CHI_TIET_THUOC><STT>2</STT><TEN_THUOC>Mẫu</TEN_THUOC></CHI_TIET_THUOC>"
        )
      ],
    ][seed % 2].map { Array($0.utf8) }
    var plain = 0
    var wellFormed = 0
    for _ in 0..<5000 {
      var document = good.randomElement(using: &dice) ?? []
      for _ in 0...Int.random(in: 0...2, using: &dice) {
        var at = Int.random(in: 0..<document.count, using: &dice)
        if Bool.random(using: &dice), let tagEnd = document[at...].firstIndex(of: UInt8(ascii: ">")) {
          at = min(tagEnd + 1, document.count - 1)  // where a value or a tag begins
        }
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: document[at] = UInt8.random(in: Bool.random(using: &dice) ? 0...255 : 0x20...0x7E, using: &dice)
        case 1: document.remove(at: at)
        case 2: document.insert(contentsOf: snippets.randomElement(using: &dice) ?? [], at: at)
        case 3:
          let end = min(document.count, at + Int.random(in: 1...20, using: &dice))
          document.insert(contentsOf: document[at..<end], at: Int.random(in: 0..<document.count, using: &dice))
        case 4: document.removeSubrange(at..<min(document.count, at + Int.random(in: 1...20, using: &dice)))
        default: document[at] = document.randomElement(using: &dice) ?? 0
        }
        if document.isEmpty { break }
      }
      let result = try bench.compare(document)
      if result.isPlain { plain += 1 }
      if result.fault != .notWellFormed { wellFormed += 1 }
    }
    #expect(plain > 100 && wellFormed > plain, "\(plain) plain, \(wellFormed) well-formed")
  }
}
