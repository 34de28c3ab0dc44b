import Bytes
import ExtractXML
import Findings
import Records
import Testing

/// What refuses a file or a dossier of rows, and what a hostile one can cost.
@Suite struct RowsRefusalTests {
  static let good = Export.visits(
    "<Visit id='1'><Sex>1</Sex><Medicines><Medicine no='1'><Dose>2</Dose></Medicine></Medicines></Visit>",
    "<Visit id='2'><Note>mẫu</Note></Visit>")

  static func replacing(_ old: String, _ new: String) -> String { good.replacing(old, with: new, maxReplacements: 1) }

  static let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;\">]>"

  static let files: [(String, String, String)] = [
    ("nothing", "", "S01"), ("blank", " \r\n\t ", "S01"), ("only a byte order mark", "\u{FEFF}", "S01"),
    ("JSON", "{\"visits\": []}", "S02"), ("CSV", "id;sex", "S02"), ("zero bytes", "\0\0\0\0\0\0\0\0", "S02"),
    ("blanks without end", String(repeating: " ", count: 1 << 20) + "<Export/>", "S02"),
    ("DOCTYPE", "<!DOCTYPE Export>" + good, "S12"), ("DOCTYPE cut off", "<!DOCTYPE Export [", "S12"),
    ("billion laughs", bomb + good, "S12"), ("DOCTYPE inside", replacing("<Visit ", "<!DOCTYPE a><Visit "), "S12"),
    ("DOCTYPE inside a dossier", replacing("<Sex>", "<!DOCTYPE a><Sex>"), "S12"),
    (
      "external entity", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>" + replacing("mẫu", "&x;"), "S12"
    ),
    ("another declaration", "<?xml version='1.0' encoding='koi8-r'?>" + good, "S20"),
    ("unknown entity", replacing("mẫu", "&mau;"), "A01"), ("bare ampersand", replacing("mẫu", "a & b"), "A01"),
    ("undeclared prefix", replacing("<Sex>1</Sex>", "<x:Sex/>"), "A01"),
    ("undeclared prefix of an attribute", replacing("<Sex>", "<Sex x:a='1'>"), "A01"),
    ("two roots", good + "<Export/>", "A01"), ("text behind the root", good + "x", "A01"),
    ("CDATA behind the root", good + "<![CDATA[]]>", "A01"), ("CDATA before the root", "<![CDATA[]]>" + good, "A01"),
    ("text before the root", "<!-- a -->x" + good, "A01"), ("end tag first", "</Export>", "A01"),
    ("mismatched tags", replacing("</Sex>", "</Se>"), "A01"),
    ("overlapping tags", replacing("</Sex><Medicines>", "<Medicines></Sex>"), "A01"),
    ("mismatched tags around", replacing("</Visits>", "</Visit>"), "A01"),
    ("one end tag too many", good + "</Export>", "A01"),
    ("duplicate attribute", replacing("id='1'", "id='1' id='1'"), "A01"),
    ("unquoted attribute", replacing("'1'", "1"), "A01"), ("a tag in an attribute", replacing("'1'", "'<a>'"), "A01"),
    ("blank before the name", replacing("<Sex>", "< Sex>"), "A01"),
    ("double hyphen", replacing("<Sex>", "<!-- a -- b --><Sex>"), "A01"),
    ("CDATA end in text", replacing("mẫu", "]]>"), "A01"),
    ("a second declaration", replacing("<Sex>", "<?xml version='1.0'?><Sex>"), "A01"),
    ("declaration behind a blank", " <?xml version='1.0'?>" + good, "A01"),
    ("declaration without version", "<?xml encoding='utf-8'?>" + good, "A01"),
    (
      "depth 65",
      replacing("<Sex>", String(repeating: "<a>", count: 62) + String(repeating: "</a>", count: 62) + "<Sex>"), "A01"
    ),
    ("depth without end", replacing("<Sex>", String(repeating: "<a>", count: 100_000)), "A01"),
    ("depth without end around", "<Export>" + String(repeating: "<a>", count: 100_000), "A01"),
    ("names without end", replacing("<Sex>", (0..<10_000).map { "<a\($0)/>" }.joined() + "<Sex>"), "A01"),
    ("long tag", replacing("'1'", "'\(String(repeating: "a", count: 100_000))'"), "S10"),
    ("long name", replacing("<Sex>", "<\(String(repeating: "a", count: 100_000))>"), "S10"),
    ("long comment", replacing("<Sex>", "<!--\(String(repeating: " ", count: 140_000))--><Sex>"), "A01"),
    ("another root", "<html><body/></html>", "T51 /Export/Visits/Visit"),
    ("root in another case", "<export/>", "T51 /Export/Visits/Visit"),
    ("no dossier", "<Export><Visits/><Visit/></Export>", "T51 /Export/Visits/Visit"),
    ("dossiers elsewhere", "<Export><Visit id='1'/></Export>", "T51 /Export/Visits/Visit"),
    ("long root", replacing("hospital=\"48001\"", "hospital=\"\(String(repeating: "1", count: 17_000))\""), "T54"),
    (
      "many elements around",
      "<Export><Visits>" + String(repeating: "<Patient><Name>a</Name></Patient>", count: 1000)
        + "<Visit/></Visits></Export>", "T54"
    ),
    ("cut in a tag", String(good.prefix(60)), "S04"), ("cut in a dossier", String(good.prefix(good.count - 40)), "S04"),
    ("cut behind a dossier", String(good.prefix(good.count - 18)), "S04"),
    ("cut in the root's end", String(good.dropLast()), "S04"),
    (
      "cut in CDATA", replacing("mẫu", "<![CDATA[a").prefix { $0 != "\u{0}" }.split(separator: "</Note>")[0] + "", "S04"
    ),
  ]

  @Test(arguments: files) func refusesFiles(name: String, file: String, code: String) throws {
    let reading = try RowsReading(file)
    #expect(reading.refusal == code, "\(name)")
    // what was handed on before does not count, and none of it is odd
    for dossier in reading.dossiers { #expect(dossier.tables["visits"]?.count == 1) }
    if file.utf8.count < 20_000 {
      for pieces in [1, 7] { #expect(try RowsReading(file, pieces: pieces).refusal == code, "\(name)") }
    }
  }

  /// A file cut anywhere is refused, whatever was read before; it is whole only where white space follows.
  @Test func refusesEveryCut() throws {
    let file = Array(("\u{FEFF}<?xml version='1.0'?>\n" + Self.good).utf8)
    for end in 4..<file.count {
      let reading = try RowsReading(Array(file[..<end]))
      #expect(reading.refusal == "S04" || (end < 27 && ["S01", "S02", "S04"].contains(reading.refusal)), "\(end)")
    }
    #expect(try RowsReading(file).refusal == nil)
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC2], [0xED, 0xA0, 0x80], [0xEF, 0xBF, 0xBF], [0xF5, 0x80, 0x80, 0x80], [0xFF],
    ] as [[UInt8]])
  func refusesWhatIsNotText(bytes: [UInt8]) throws {
    for (before, after) in [
      ("<Export><Visits><Visit><Note>", "</Note></Visit></Visits></Export>"),
      ("<Export><Visits><Visit><Note><![CDATA[", "]]></Note></Visit></Visits></Export>"),
      ("<Export><Visits><Visit><!-- ", " --></Visit></Visits></Export>"),
      ("<Export><Visits><Visit id='", "'/></Visits></Export>"), ("<Export><Visits><Visit/></Visits></Export>", ""),
    ] {
      #expect(try RowsReading(Array(before.utf8) + bytes + Array(after.utf8)).refusal == "A01", "\(before)")
    }
  }

  // MARK: limits of one dossier

  @Test func longValues() throws {
    let fits = String(repeating: "a", count: 1 << 20)
    for (note, isKept) in [(fits, true), (fits + "b", false)] {
      for content in [note, "<![CDATA[\(note)]]>", "  \(note)\n"] {
        let reading = try RowsReading(Export.visits("<Visit id='1'><Note>\(content)</Note></Visit>", "<Visit id='2'/>"))
        #expect(reading.refusal == nil && reading.dossiers.count == 2)
        #expect(reading["visits", 0, "note"] == (isKept ? note : nil) && reading["visits", 0, "id"] == "1")
        #expect(reading.dossiers[0].findings == (isKept ? [] : ["T52 reject table 0 column 5"]))
        #expect(reading.dossiers[1].findings == [])
      }
      let other = try RowsReading(Export.visits("<Visit><Other>\(note)</Other></Visit>"))
      #expect(other.dossiers[0].findings == (isKept ? [] : ["T52 reject table 0"]))
    }
    let parts = String(
      repeating: "<Diagnosis><Code>\(String(repeating: "a", count: 1023))</Code></Diagnosis>", count: 1024)
    #expect(try RowsReading(Export.visits("<Visit>\(parts)</Visit>")).dossiers[0].findings == [])
    let more = parts + "<Diagnosis><Code>a</Code></Diagnosis>"
    #expect(
      try RowsReading(Export.visits("<Visit>\(more)</Visit>")).dossiers[0].findings == ["T52 reject table 0 column 3"])
  }

  @Test func rowsWithoutEnd() throws {
    let columns = Export.schema.tables[2].columns.count
    let most = 1_000_000 / columns
    func visit(_ count: Int) -> String {
      Export.visits(
        "<Visit id='1'><Medicines><Medicine>\(String(repeating: "<Dose/>", count: count))</Medicine></Medicines></Visit>",
        "<Visit id='2'/>")
    }
    let fits = try RowsReading(visit(most))
    #expect(fits.dossiers[0].findings == [] && fits.dossiers[0].tables["doses"]?.count == most)
    #expect(fits["doses", most - 1, "visit"] == "1")
    let exceeds = try RowsReading(visit(most + 1))
    #expect(exceeds.dossiers[0].findings == ["T52 reject table 2"] && exceeds.refusal == nil)
    #expect(exceeds.dossiers[1].findings == [] && exceeds.dossiers[1].tables["visits"]?[0].cells["id"] == "2")
  }

  @Test func unknownElementsWithoutEnd() throws {
    func visit(_ count: Int) -> String {
      Export.visits("<Visit>\(String(repeating: "<X a='1'/>", count: count))</Visit>")
    }
    #expect(try RowsReading(visit(10_000)).dossiers[0].findings == [])
    #expect(try RowsReading(visit(10_001)).dossiers[0].findings == ["T52 reject table 0"])
  }

  @Test func repetitionsWithoutEnd() throws {
    let medicines = String(repeating: "<Medicine><Code>1</Code><Code/></Medicine>", count: 5000)
    let reading = try RowsReading(Export.visits("<Visit><Medicines>\(medicines)</Medicines></Visit>"))
    #expect(reading.dossiers[0].findings.count == 1000 && reading.dossiers[0].tables["medicines"]?.count == 5000)
  }

  /// 16 MiB of a dossier are read, more refuse the file.
  @Test func largeDossiers() throws {
    let note = "<Other>\(String(repeating: "a", count: 1 << 16))</Other>"
    func file(_ notes: Int, _ rest: Int) -> String {
      Export.visits(
        "<Visit>\(String(repeating: note, count: notes))<!--\(String(repeating: " ", count: rest))--></Visit>")
    }
    let frame = "<Visit><!----></Visit>".utf8.count
    let notes = (16 << 20) / note.utf8.count
    let rest = (16 << 20) - notes * note.utf8.count - frame
    let fits = try RowsReading(file(notes, rest))
    #expect(fits.refusal == nil && fits.dossiers.first?.delivered.count == 16 << 20)
    #expect(fits.extras("visits").count == notes)
    #expect(try RowsReading(file(notes, rest + 1)).refusal == "S10")
    #expect(
      try RowsReading(Export.visits("<Visit>" + String(repeating: "a", count: 25 << 20) + "</Visit>")).refusal == "S10")
  }

  /// Mixed content, values to be joined and defaults cost no more than their bytes.
  @Test(.timeLimit(.minutes(15))) func costsGrowWithTheBytes() throws {
    let mixed = try RowsReading(
      Export.visits("<Visit><Note>\(String(repeating: "a<!-- --><?b?>", count: 200_000))</Note></Visit>"))
    #expect(mixed["visits", 0, "note"]?.utf8.count == 200_000)
    let joined = try RowsReading(
      Export.visits("<Visit><Diagnosis>\(String(repeating: "<Code>a</Code>", count: 400_000))</Diagnosis></Visit>"))
    #expect(joined["visits", 0, "diagnosis"]?.utf8.count == 799_999)
    let pieces = try RowsReading(
      Export.visits("<Visit><Note>\(String(repeating: "a<X/>", count: 9_999))</Note></Visit>"))
    #expect(pieces["visits", 0, "note"]?.utf8.count == 19_997)
  }

  // MARK: stored dossiers

  @Test(arguments: [
    ("", "T51 /Export/Visits/Visit"), ("5", "S04"), ("5\n", "S04"), ("57\n<Export><Visits><Visit/>", "S04"),
    ("x\n", "A01"), ("\n", "A01"), ("-1\n", "A01"), ("99999999999999999999\n", "A01"),
    ("42\n<Export><Visits><Visit/></Visits></Export>x", "A01"),
    ("42\n<Export><Visits><Visit/></Visits></Expo", "S04"), ("43\n<Export><Visits><Visit/></Visits></Exportx>", "A01"),
    ("42\n<Export><Visits><Visit/></Visits></Export>40\n", "S04"), ("0\n", "S01"),
    ("9\n<Report/>", "T51 /Export/Visits/Visit"),
  ])
  func refusesDamagedStores(rest: String, code: String) throws {
    for pieces in [Int.max, 1] {
      #expect(try RowsReading(StoredRows.magic + Array(rest.utf8), pieces: pieces).refusal == code)
    }
  }

  // MARK: mutations

  /// Good files with a few bytes changed, left out, doubled or moved: never a trap, the same in any pieces, and what is taken can be kept.
  @Test(arguments: 0..<4) func surviveMutations(seed: Int) throws {
    var dice = Dice(state: UInt64(seed))
    let snippets = [
      "<", ">", "&", ";", "/", "]]>", "<![CDATA[", "\r", "\n", " ", "</", "/>", "&#", "<!--", "-->", "\"", "=", "\u{0}",
      "\u{1}",
      "ộ", "<b>", "</b>", "<Visit>", "</Visit>", "<Visit id='9'/>", "x", "&amp;", "xmlns='a'", "<Sex>", "</Sex>",
      "<?a?>", "7\n", "\u{FEFF}",
    ].map { Array($0.utf8) }
    let good = [
      Array(Self.good.utf8), Array(RowsShapeTests.nested.utf8),
      try RowsReading(RowsShapeTests.nested).stored,
    ]
    var taken = 0
    var refused = 0
    for _ in 0..<1000 {
      var file = good.randomElement(using: &dice) ?? []
      for _ in 0...Int.random(in: 0...1, using: &dice) where !file.isEmpty {
        let at = Int.random(in: 0..<file.count, using: &dice)
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: file[at] = UInt8.random(in: Bool.random(using: &dice) ? 0...255 : 0x20...0x7E, using: &dice)
        case 1: file.remove(at: at)
        case 2: file.insert(contentsOf: snippets.randomElement(using: &dice) ?? [], at: at)
        case 3:
          let end = min(file.count, at + Int.random(in: 1...40, using: &dice))
          file.insert(contentsOf: file[at..<end], at: Int.random(in: 0..<file.count, using: &dice))
        case 4: file.removeSubrange(at..<min(file.count, at + Int.random(in: 1...4, using: &dice)))
        default: file[at] = file.randomElement(using: &dice) ?? 0
        }
      }
      let whole = try RowsReading(file)
      let cut = try RowsReading(file, pieces: Int.random(in: 1...9, using: &dice))
      if whole != cut { Issue.record("\(String(decoding: file, as: UTF8.self))\n\(whole)\n\(cut)") }
      if whole.refusal == nil {
        taken += 1
        let again = try RowsReading(whole.stored)
        if again.refusal != nil || again.said != whole.said {
          Issue.record("\(String(decoding: file, as: UTF8.self))\n\(whole)\n\(again)")
        }
      } else {
        refused += 1
      }
    }
    #expect(taken > 50 && refused > 100, "\(taken) taken, \(refused) refused")
  }
}

/// Memory does not depend on the size of the file.
@Suite struct RowsMemoryTests {
  @Test(arguments: [
    (
      20_000,
      "<Visit id='1'><Note>\(String(repeating: "ộ", count: 500))</Note><Medicines><Medicine/></Medicines></Visit>\n"
    ),
    (100_000, "<Visit/><!-- \(String(repeating: "a", count: 100)) -->"),
    (100_000, "<Visit id='1'/><Visitor>a</Visitor>"),
  ])
  func keepsTheWindowSmall(count: Int, visit: String) throws {
    let head = Array("<Export hospital='48001'><Visits>".utf8)
    let tail = Array("</Visits></Export>".utf8)
    let body = Array(visit.utf8)
    var number = -1
    var at = 0
    let reader = XMLRowsReader(
      layout: Export.layout, schema: Export.schema,
      source: { most, target in
        let before = target.count
        while target.count - before < most, number <= count {
          let text = number < 0 ? head : number < count ? body : tail
          let taken = min(most - (target.count - before), text.count - at)
          target.append(contentsOf: text[at..<at + taken])
          at += taken
          if at == text.count { (at, number) = (0, number + 1) }
        }
        return target.count - before
      })
    let dossier = Dossier()
    var visits = 0
    var largest = 0
    while try reader.next(into: dossier) {
      visits += 1
      largest = max(largest, dossier.text.capacity + dossier.skeleton.capacity + dossier.tables[0].cells.capacity)
      #expect(dossier.number == visits)
    }
    #expect(visits == count && reader.facts.refusal == nil && reader.facts.dossiers == count)
    #expect(reader.largestWindow > 0 && reader.largestWindow <= 3 * 256 * 1024)
    #expect(largest < 64 * 1024)
  }

  /// Between the dossiers nothing is held either.
  @Test func forgetsWhatStandsBetweenDossiers() throws {
    var pieces = 0
    let between = Array("<!-- mau --><a>b</a>\n".utf8)
    let reader = XMLRowsReader(
      layout: Export.layout, schema: Export.schema,
      source: { _, target in
        pieces += 1
        switch pieces {
        case 1: target.append(contentsOf: "<Export><Visits><Visit/>".utf8)
        case 2..<200_000: target.append(contentsOf: between)
        case 200_000: target.append(contentsOf: "</Visits></Export>".utf8)
        default: return 0
        }
        return 1
      })
    let dossier = Dossier()
    #expect(try reader.next(into: dossier))
    #expect(try !reader.next(into: dossier))
    #expect(reader.facts.refusal == nil && reader.largestWindow <= 2 * 256 * 1024)
  }
}
