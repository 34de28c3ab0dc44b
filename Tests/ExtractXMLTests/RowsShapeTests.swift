import ExtractXML
import Records
import Testing

/// Any XML, cut into rows by element paths.
@Suite struct RowsShapeTests {
  /// One visit, what its row says, and what stands beside it.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var visit: String
    var cells: [String: String]
    var extras: [String] = []
    var findings: [String] = []
    var testDescription: String { name }

    init(
      _ name: String, _ visit: String, _ cells: [String: String], extras: [String] = [], findings: [String] = []
    ) {
      (self.name, self.visit, self.cells, self.extras, self.findings) = (name, visit, cells, extras, findings)
    }
  }

  static let cases = [
    Case("an attribute", "<Visit id='1'/>", ["id": "1"]),
    Case(
      "an attribute with references", "<Visit id=' &lt;a&amp;b&#38;&quot;&#x1ED9;&amp;#38; '/>", ["id": "<a&b&\"ộ&#38;"]
    ),
    Case("an empty attribute is not a missing one", "<Visit id=''/>", ["id": ""]),
    Case("an attribute of an element within", "<Visit><Period start='2025'/></Visit>", ["admitted": "2025"]),
    Case("nothing at all", "<Visit/>", [:]),
    Case("a default is not for what is empty", "<Visit><Sex/></Visit>", ["sex": ""]),
    Case("nor for blanks", "<Visit><Sex> \n </Sex></Visit>", ["sex": ""]),
    Case("trimmed text", "<Visit><Note>\r\n\t a  b \n</Note></Visit>", ["note": "a  b"]),
    Case("CDATA", "<Visit><Note><![CDATA[ <b> & ]]></Note></Visit>", ["note": "<b> &"]),
    Case("CDATA between texts", "<Visit><Note>x<![CDATA[]]]]>&gt;<![CDATA[y]]>z</Note></Visit>", ["note": "x]]>yz"]),
    Case("a bracket behind CDATA", "<Visit><Note>]]<![CDATA[]]>><![CDATA[]]]>]></Note></Visit>", ["note": "]]>]]>"]),
    Case(
      "line ends", "<Visit><Note>a\r\nb\rc&#13;d<![CDATA[\r\ne\rf\r]]>\n<![CDATA[\n]]>g</Note></Visit>",
      ["note": "a\nb\nc\rd\ne\nf\n\n\ng"]),
    Case("a return before CDATA", "<Visit><Note>a\r<![CDATA[\nb]]></Note></Visit>", ["note": "a\n\nb"]),
    Case("comments and instructions", "<Visit><!-- a --><Note>x<!-- y -->z<?w?></Note><?v?></Visit>", ["note": "xz"]),
    Case(
      "mixed text keeps its pieces", "<Visit><Note> a <b/> c <d>e</d>f</Note></Visit>", ["note": "a c f"],
      extras: ["Note.b=", "Note.d=e"]),
    Case(
      "several values, joined",
      "<Visit><Diagnosis><Code>A</Code><Code/></Diagnosis><Diagnosis><Code>B</Code><Name>b</Name></Diagnosis></Visit>",
      ["diagnosis": "A;B", "names": "b"]),
    Case("only empty values, joined", "<Visit><Diagnosis><Code/><Code> </Code></Diagnosis></Visit>", ["diagnosis": ""]),
    Case(
      "several values, of which the first counts", "<Visit><Sex>1</Sex><Sex>2</Sex><Sex/><Sex>3</Sex></Visit>",
      ["sex": "1"],
      extras: ["Sex=2", "Sex=3"], findings: ["T50 warn table 0 column 2 row 1"]),
    Case(
      "the first counts though it is empty", "<Visit><Sex/><Sex>2</Sex></Visit>", ["sex": ""], extras: ["Sex=2"],
      findings: ["T50 warn table 0 column 2 row 1"]),
    Case(
      "the same name deeper is another element", "<Visit><Other><Sex>2</Sex></Other></Visit>", [:],
      extras: ["Other.Sex=2"]),
    Case("names are told apart by case", "<Visit ID='1'><sex>2</sex></Visit>", [:], extras: ["@ID=1", "sex=2"]),
    Case(
      "what no path names", "<Visit a='1'><B c='2'>d</B><E><F g='3'><H>i</H></F></E><J/></Visit>", [:],
      extras: ["@a=1", "B.@c=2", "B=d", "E.F.@g=3", "E.F.H=i", "J="]),
    Case(
      "text beside elements", "<Visit>a<Sex>1</Sex>b<Medicines>c</Medicines></Visit>", ["sex": "1"],
      extras: ["Medicines=c", "Visit=a b"]),
    Case(
      "attributes about the document",
      "<Visit id='1' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='x' xml:lang='vi'><Sex xsi:nil='true'/></Visit>",
      ["id": "1", "sex": ""]),
    Case("another namespace", "<v:Visit xmlns:v='urn:a' v:id='1'><v:Sex>2</v:Sex></v:Visit>", ["id": "1", "sex": "2"]),
    Case("names that are not ASCII", "<Visit><Họ>a</Họ></Visit>", [:], extras: ["?=a"]),
    Case(
      "control characters", "<Visit><Note>a\u{1}b&#x1F;c<![CDATA[\u{2}&#1;]]>d</Note></Visit>",
      ["note": "a b      c &#1;d"], findings: ["A13 warn table 0"]),
  ]

  @Test(arguments: cases) func readsOneVisit(example: Case) throws {
    var expected = example.cells
    expected["hospital"] = "48001"
    if expected["sex"] == nil { expected["sex"] = "9" }
    for pieces in [Int.max, 1, 7] {
      let reading = try RowsReading(Export.visits(example.visit), pieces: pieces)
      #expect(reading.refusal == nil && reading.findings == [] && reading.counted == 1)
      let visit = try #require(reading.dossiers.first)
      #expect(visit.tables.keys.sorted() == ["visits"])
      #expect(reading.dossiers[0].tables["visits"]?.map(\.cells) == [expected])
      #expect(reading.extras("visits") == example.extras)
      #expect(visit.findings == example.findings)
      let again = try RowsReading(reading.stored, pieces: pieces)
      #expect(again.refusal == nil && again.said == reading.said)
      #expect(again.dossiers.map(\.findings) == reading.dossiers.map(\.findings))
      #expect(again.dossiers.map(\.kept) == reading.dossiers.map(\.kept))
    }
  }

  static let nested = """
    <Export hospital="48001" made="today"><Patient><Name>Mẫu</Name><Born>1980</Born></Patient>
    <Visits><Patient><Name>Nguyễn &amp; Mẫu</Name><Born>1980</Born></Patient>
      <Visit id="v1"><Medicines><Medicine no="1"><Code>A</Code>Thuốc A<Dose hour="8">1</Dose><Dose hour="20">2</Dose></Medicine>
        <Medicine no="2">Thuốc B<Dose>3</Dose><Code>B</Code></Medicine><Advice>sau ăn</Advice></Medicines><Sex>1</Sex></Visit>
      <Visit><Medicines/></Visit>
      <Visit id="v3"><Medicines><Medicine><Dose/></Medicine></Medicines></Visit></Visits></Export>
    """

  @Test func givesChildrenWhatTheirParentsSay() throws {
    let file = Array(Self.nested.utf8)
    let reading = try RowsReading(file)
    #expect(reading.refusal == nil && reading.dossiers.count == 3 && reading.counted == 3)
    let first = reading.dossiers[0]
    #expect(
      first.tables["visits"]?.map(\.cells) == [
        ["id": "v1", "sex": "1", "hospital": "48001", "patient": "Nguyễn & Mẫu"]
      ])
    // what comes behind the children is theirs too
    #expect(
      first.tables["medicines"]?.map(\.cells) == [
        ["visit": "v1", "number": "1", "code": "A", "name": "Thuốc A", "advice": "sau ăn"],
        ["visit": "v1", "number": "2", "code": "B", "name": "Thuốc B", "advice": "sau ăn"],
      ])
    #expect(
      first.tables["doses"]?.map(\.cells) == [
        ["visit": "v1", "medicine": "A", "hour": "8", "amount": "1"],
        ["visit": "v1", "medicine": "A", "hour": "20", "amount": "2"],
        ["visit": "v1", "medicine": "B", "amount": "3"],
      ])
    // nothing of one visit in the next
    #expect(reading.dossiers[1].tables.keys.sorted() == ["visits"])
    #expect(
      reading.dossiers[2].tables["medicines"]?.map(\.cells) == [["visit": "v3", "name": "", "advice": "none"]])
    #expect(reading.dossiers[2].tables["doses"]?.map(\.cells) == [["visit": "v3", "amount": ""]])
    // rows count over the file, and say where they stand
    #expect(reading.dossiers.map { $0.tables["visits"]?.map(\.number) ?? [] } == [[1], [2], [3]])
    #expect(first.tables["doses"]?.map(\.number) == [1, 2, 3])
    #expect(reading.dossiers[2].tables["doses"]?.map(\.number) == [4])
    for dossier in reading.dossiers {
      for (table, tag) in [("visits", "<Visit"), ("medicines", "<Medicine"), ("doses", "<Dose")] {
        for row in dossier.tables[table] ?? [] { #expect(file[row.byteOffset...].starts(with: tag.utf8)) }
      }
      #expect(file[dossier.delivered].starts(with: "<Visit".utf8))
      #expect(
        dossier.delivered.count < 10 || file[dossier.delivered].reversed().starts(with: "</Visit>".utf8.reversed()))
    }
  }

  /// Each kept dossier is a document of its own, and says the same.
  @Test func keepsEachDossierAsADocument() throws {
    let reading = try RowsReading(Self.nested)
    #expect(
      String(decoding: reading.dossiers[1].kept, as: UTF8.self)
        == "<Export hospital=\"48001\" made=\"today\"><Visits><Patient><Name>Nguyễn &amp; Mẫu</Name></Patient><Visit><Medicines/></Visit></Visits></Export>"
    )
    for dossier in reading.dossiers {
      let alone = try RowsReading(dossier.kept)
      #expect(alone.refusal == nil && alone.dossiers.count == 1)
      #expect(alone.said[0].mapValues { $0.map(\.cells) } == dossier.tables.mapValues { $0.map(\.cells) })
      #expect(alone.dossiers[0].kept == dossier.kept)
    }
    for pieces in [Int.max, 1, 7, 4096] {
      let again = try RowsReading(reading.stored, pieces: pieces)
      #expect(again.refusal == nil && again.said == reading.said && again.dossiers.map(\.number) == [1, 2, 3])
    }
  }

  @Test(arguments: [1, 7, 4096]) func doesNotDependOnPieces(pieces: Int) throws {
    let visits = (0..<200).map { number in
      "<Visit id='\(number)'><Note>\(String(repeating: "ộ\r\n", count: number))</Note><Medicines>"
        + String(repeating: "<Medicine no='1'><Code>&#x1ED9;</Code><Dose>1</Dose></Medicine>", count: number % 7)
        + "</Medicines></Visit>\r\n"
    }
    let file = Array("<?xml version='1.0'?>\r\n<!-- mẫu -->\(Export.visits(visits.joined()))\r\n<!-- hết -->\r\n".utf8)
    let whole = try RowsReading(file)
    #expect(whole.dossiers.count == 200 && whole.refusal == nil)
    #expect(try RowsReading(file, pieces: pieces) == whole)
  }

  /// What stands around the dossiers is known to those behind it, and only as long as its element is open.
  @Test func takesWhatStandsAroundDossiers() throws {
    let layout = XMLRowLayout(
      dossier: "/Export/Ward/Visit",
      tables: [
        XMLRowLayout.Table(
          table: "visits", path: ".",
          columns: [
            Export.column("id", "@id"), Export.column("hospital", "../@code", absent: "–"),
            Export.column("patient", "../Head/Name"), Export.column("note", "../Head/Phone", join: ","),
            Export.column("admitted", "../../Day"), Export.column("sex", "../Head/@sex"),
          ])
      ])
    let file = """
      <Export><Day><![CDATA[<1>]]></Day><Ward code="A"><Head sex="1"><Rest>x</Rest><Name>a</Name><Phone>1</Phone><Phone/><Phone>2</Phone></Head>
      <Visit id="1"/><Head><Name>b</Name><Phone>3</Phone></Head><Visit id="2"/></Ward><Day>2</Day>
      <Ward><Visit id="3"/><Head><Name>c</Name></Head></Ward></Export>
      """
    for pieces in [Int.max, 1] {
      let reading = try RowsReading(file, pieces: pieces, layout: layout)
      #expect(
        reading.dossiers.map { $0.tables["visits"]?.map(\.cells) ?? [] } == [
          [["id": "1", "hospital": "A", "patient": "a", "note": "1,2", "admitted": "<1>", "sex": "1"]],
          [["id": "2", "hospital": "A", "patient": "a", "note": "1,2,3", "admitted": "<1>", "sex": "1"]],
          [["id": "3", "hospital": "–", "admitted": "<1>"]],
        ])
      #expect(reading.findings == ["T50 warn table 0 column 7", "T50 warn table 0 column 1"])
      let again = try RowsReading(reading.stored, layout: layout)
      #expect(again.said == reading.said && again.refusal == nil)
    }
  }

  /// Without a row around it, what no path names is only counted; the delivered bytes stay.
  @Test func countsWhatStandsInNoRow() throws {
    let layout = XMLRowLayout(
      dossier: "/Export/Visits/Visit", tables: [Export.tables[1]])
    let reading = try RowsReading(
      Export.visits("<Visit id='1' a='2'>b<c>d</c><e/><Medicines><Medicine>x<y>z</y></Medicine></Medicines></Visit>"),
      layout: layout)
    #expect(reading.dossiers[0].findings == ["T53 warn found 3"])
    #expect(reading.extras("medicines") == ["y=z"])
    #expect(reading["medicines", 0, "visit"] == "1")
  }

  @Test func rootMayBeTheDossier() throws {
    let layout = XMLRowLayout(
      dossier: "/Visit",
      tables: [XMLRowLayout.Table(table: "visits", path: ".", columns: [Export.column("id", "@id")])])
    let reading = try RowsReading("<?xml version=\"1.0\"?>\n<Visit id='1'><a/></Visit>\n", layout: layout)
    #expect(reading["visits", 0, "id"] == "1" && reading.counted == 1 && reading.refusal == nil)
    #expect(String(decoding: reading.dossiers[0].kept, as: UTF8.self) == "<Visit id='1'><a/></Visit>")
  }

  // MARK: namespaces

  static let prefixed = XMLRowLayout(
    dossier: "/h:Export/h:Visit",
    tables: [
      XMLRowLayout.Table(
        table: "visits", path: ".",
        columns: [
          Export.column("id", "@h:id"), Export.column("sex", "h:Sex"), Export.column("note", "Note"),
          Export.column("names", "h:Sex/@xml:lang"),
        ])
    ])

  @Test(
    arguments: [
      (
        "<h:Export xmlns:h='urn:mau:his'><h:Visit h:id='1' id='2'><h:Sex xml:lang='vi'>3</h:Sex><Sex>4</Sex><Note>5</Note></h:Visit></h:Export>",
        ["id": "1", "sex": "3", "note": "5", "names": "vi"], ["@id=2", "Sex=4"]
      ),
      // the prefix of the file is its own business
      (
        "<x:Export xmlns:x='urn:mau:his'><Visit xmlns='urn:mau:his' x:id='1'><Sex>3</Sex><n:Note xmlns:n='urn:b'>5</n:Note></Visit></x:Export>",
        ["id": "1", "sex": "3", "note": "5"], []
      ),
      (
        "<Export xmlns='urn:mau:his'><Visit id='1' xmlns:b='urn:b' b:id='2'><b:Sex>4</b:Sex></Visit></Export>", [:],
        ["@id=1", "@id=2", "Sex=4"]
      ),
    ] as [(String, [String: String], [String])])
  func tellsNamespacesApart(file: String, cells: [String: String], extras: [String]) throws {
    var layout = Self.prefixed
    layout.namespaces = ["h": Export.namespace]
    let reading = try RowsReading(file, layout: layout)
    #expect(reading.dossiers.first?.tables["visits"]?.map(\.cells) == [cells])
    #expect(reading.extras("visits") == extras)
    let again = try RowsReading(reading.stored, layout: layout)
    #expect(again.said == reading.said && again.refusal == nil)
  }

  @Test(arguments: ["<Export><Visit/></Export>", "<h:Export xmlns:h='urn:mau'><h:Visit/></h:Export>"])
  func refusesTheRootOfAnotherNamespace(file: String) throws {
    var layout = Self.prefixed
    layout.namespaces = ["h": Export.namespace]
    #expect(try RowsReading(file, layout: layout).refusal == "T51 /h:Export/h:Visit")
  }

  // MARK: encodings

  @Test func readsOtherEncodings() throws {
    let text = Export.visits("<Visit id='1'><Note>Mau é</Note></Visit>")
    func wide(_ littleEndian: Bool, mark: Bool) -> [UInt8] {
      ((mark ? "\u{FEFF}" : "") + "<?xml version='1.0' encoding='UTF-16'?>" + text).utf16.flatMap {
        littleEndian ? [UInt8($0 & 0xFF), UInt8($0 >> 8)] : [UInt8($0 >> 8), UInt8($0 & 0xFF)]
      }
    }
    let files: [(String, [UInt8])] = [
      ("UTF-8", Array("\u{FEFF}<?xml version='1.0' encoding='utf-8'?>\n\(text)".utf8)),
      ("UTF-16", wide(true, mark: true)), ("UTF-16", wide(false, mark: true)), ("UTF-16LE", wide(true, mark: false)),
      ("UTF-16BE", wide(false, mark: false)),
      ("CP1258", Array("<?xml version='1.0' encoding='windows-1258'?>\(text)".unicodeScalars.map { UInt8($0.value) })),
    ]
    for (encoding, file) in files {
      for pieces in [Int.max, 1, 7] {
        let reading = try RowsReading(file, pieces: pieces)
        #expect(reading.encoding == encoding && reading.refusal == nil)
        #expect(reading["visits", 0, "note"] == "Mau é", "\(encoding)")
        // kept in UTF-8, whatever it was delivered in
        let again = try RowsReading(reading.stored, pieces: pieces)
        #expect(again.said == reading.said && again.encoding == "UTF-8" && again.refusal == nil)
      }
    }
  }

  // MARK: layouts that cannot be

  @Test(
    arguments: [
      ("Export/Visit", [], "must begin at the document's root"), ("/", [], "must begin at the document's root"),
      ("/Export//Visit", [], "empty step"), ("/Export/Visit/", [], "empty step"), ("/Export/*", [], "no name"),
      ("/Export/@id", [], "attribute"), ("/Export/../Visit", [], "no name"), ("/x:Export", [], "prefix «x»"),
      ("/Export/Visit", [("id", "a//b")], "empty step"), ("/Export/Visit", [("id", "")], "empty step"),
      ("/Export/Visit", [("id", "/a")], "empty step"), ("/Export/Visit", [("id", "a/..")], "no name"),
      ("/Export/Visit", [("id", "..")], "ends with"), ("/Export/Visit", [("id", "../")], "empty step"),
      ("/Export/Visit", [("id", "../../../@a")], "further than"), ("/Export/Visit", [("id", "@a/b")], "before its end"),
      ("/Export/Visit", [("id", "@")], "empty step"), ("/Export/Visit", [("id", "a[1]")], "no name"),
      ("/Export/Visit", [("id", "x:a")], "prefix «x»"), ("/Export/Visit", [("id", "a:b:c")], "no name"),
      ("/Export/Visit", [("id", "../Visit/@id")], "into it again"),
      ("/Export/Visit", [("id", "../.")], "only known behind"),
      ("/Export/Visit", [("id", "1a")], "no name"), ("/Export/Visit", [("id", "a b")], "no name"),
      ("/Export/Visit", [("id", "@id"), ("id", "@no")], "given twice"),
      ("/Export/Visit", [("nobody", "@id")], "no such column"),
      ("/Export/Visit", [("id", "h:a"), ("sex", "a")], "with a prefix in one path"),
      ("/Export/Visit", [("id", "@h:a"), ("sex", "@a")], "with a prefix in one path"),
    ] as [(String, [(String, String)], String)])
  func namesFaults(dossier: String, columns: [(String, String)], expected: String) throws {
    var layout = XMLRowLayout(
      dossier: dossier,
      tables: [
        XMLRowLayout.Table(table: "visits", path: ".", columns: columns.map { Export.column($0.0, $0.1) })
      ])
    layout.namespaces = ["h": Export.namespace]
    let faults = XMLRowsReader.faults(of: layout, in: Export.schema)
    #expect(faults.count == 1 && faults.first?.contains(expected) == true, "\(faults)")
    // and read with it all the same, nothing traps
    _ = try RowsReading("<Export><Visit id='1'><a>2</a></Visit></Export>", layout: layout)
  }

  @Test(arguments: [
    ("nobody", ".", "none of this name"), ("visits", "../Visit", "cannot go up"), ("visits", "@id", "attribute"),
  ])
  func namesFaultsOfTables(table: String, path: String, expected: String) {
    let layout = XMLRowLayout(
      dossier: "/Export/Visit", tables: [XMLRowLayout.Table(table: table, path: path, columns: [])])
    let faults = XMLRowsReader.faults(of: layout, in: Export.schema)
    #expect(faults.count == 1 && faults.first?.contains(expected) == true, "\(faults)")
  }

  @Test func namesEveryFaultAtOnce() {
    var layout = Export.layout
    layout.tables[0].columns.append(Export.column("nobody", "a//b"))
    layout.tables[1].columns.append(Export.column("visit", "a//b"))
    layout.tables.append(Export.tables[0])
    #expect(XMLRowsReader.faults(of: Export.layout, in: Export.schema) == [])
    #expect(XMLRowsReader.faults(of: layout, in: Export.schema).count == 3)
    #expect(XMLRowsReader.faults(of: XMLRowLayout(dossier: "/a", tables: []), in: Export.schema).count == 1)
  }
}
