import Definitions
import Records
import Testing
import Transform

@Suite struct FeedTests {
  private static let files = [
    "Schemas/hoa-sen/visits.yaml": Invented.table, "Pipelines/hoa-sen.yaml": Invented.feed,
  ]

  @Test func readsATabularFeed() throws {
    let bench = try Workbench(Self.files)
    let definitions = try bench.load()
    let feed = try #require(definitions.feeds["hoa-sen"])
    let layout = try #require(feed.reading.tabular)
    #expect(layout.root == "visits")
    #expect(layout.encoding == nil && layout.encodingCandidates == [.utf8, .windows1258])
    let file = try #require(layout.files.first)
    #expect(layout.files.count == 1 && file.table == "visits" && file.pattern.isEmpty)
    #expect(file.dialect.delimiter == UInt8(ascii: ";"))
    #expect(file.dialect.missingValues == [Array("NULL".utf8)])
    let schema = try #require(definitions.readerSchemas(of: feed).first)
    #expect(schema.tables[0].primaryKey == ["ma_luot"])
    let number = try #require(schema.tables[0].columns[4].plain)
    #expect(number.decimalMark == UInt8(ascii: ",") && number.groupMark == Array(".".utf8))
    #expect(try definitions.mappers(of: feed).count == 1)
    #expect(feed.drift == .allow)
    // a field that nothing takes stays in extra
    #expect(definitions.plans["hoa-sen"]?.mapping.rowSets[0].extra == ["ghi_chu"])
  }

  @Test func readsADeliveryOfSeveralFiles() throws {
    var files = Self.files
    files["Schemas/hoa-sen/medicines.yaml"] = """
      name: medicines
      foreignKeys: [{ fields: ma_luot, reference: { resource: visits, fields: ma_luot } }]
      fields: [{ name: ma_luot }, { name: ma_thuoc }]
      """
    files["Pipelines/hoa-sen.yaml"] = Invented.feed.replacing(
      "dossier:\n",
      """
      files:
        visits: "{delivery}_luotkham.csv"
        medicines: { pattern: "{delivery}_thuoc*.csv", optional: true, dialect: { delimiter: "\\t" }, headers: { "Mã thuốc": ma_thuoc } }
      dossier:

      """)
    let bench = try Workbench(files)
    let definitions = try bench.load()
    let layout = try #require(definitions.feeds["hoa-sen"]?.reading.tabular)
    #expect(layout.isSplit && layout.files.map(\.table) == ["visits", "medicines"])
    #expect(layout.files.map(\.isOptional) == [false, true])
    #expect(layout.files.map(\.dialect.delimiter) == [UInt8(ascii: ";"), 9])
    #expect(layout.files[1].headers == ["Mã thuốc": "ma_thuoc"])
    let key = SourceTable.ForeignKey(fields: ["ma_luot"], table: "visits", tableFields: ["ma_luot"])
    #expect(definitions.schemas["hoa-sen"]?.tables.first { $0.name == "medicines" }?.foreignKeys == [key])
  }

  @Test func readsXMLRows() throws {
    var files = Self.files
    files["Pipelines/hoa-sen.yaml"] = Invented.feed.replacing("reader: csv", "reader: xml-rows")
      .replacing("encodings: [utf-8, windows-1258]\n", "")
      .replacing("dialect: { delimiter: \";\", decimalChar: \",\", groupChar: \".\" }\n", "")
      .replacing(
        "dossier:\n",
        """
        records:
          dossier: /Export/Visits/Visit
          namespaces: { h: "urn:example:his" }
          tables:
            visits:
              path: "."
              columns: { ma_luot: "@id", ngay_vao: "Period/@start", ghi_chu: { path: "h:Note", join: ";", absent: "" } }
        dossier:

        """)
    let bench = try Workbench(files)
    guard case .xmlRows(let layout) = try #require(bench.load().feeds["hoa-sen"]).reading else {
      Issue.record("not xml-rows")
      return
    }
    #expect(layout.dossier == "/Export/Visits/Visit" && layout.namespaces == ["h": "urn:example:his"])
    #expect(layout.tables[0].columns.map(\.path) == ["@id", "Period/@start", "h:Note"])
    #expect(layout.tables[0].columns[2].join == ";" && layout.tables[0].columns[2].absent == "")
  }

  /// Each change breaks the definitions in one place; the fault says where and how to mend it.
  @Test(arguments: [
    ("key: ma_luot", "key: ma_lot", "Pipelines/hoa-sen.yaml:9:8: visits has no field «ma_lot»"),
    ("table: visits", "table: visit", "Pipelines/hoa-sen.yaml:8:3: there is no table «visit» in Schemas/hoa-sen"),
    ("careDate: [ngay_ra, ngay_vao]", "careDate: tien", "10:13: careDate needs a date; tien is a decimal"),
    ("encodings: [utf-8, windows-1258]", "encoding: cp1258", "5:11: unknown encoding «cp1258»; write windows-1258"),
    ("delimiter: \";\"", "delimeter: \";\"", "6:12: unknown key «delimeter»; did you mean «delimiter»?"),
    ("reader: csv", "reader: excel", "3:9: unknown reader «excel»; one of envelope, csv, xml-rows"),
    ("source: hoa-sen", "source: hoasen", "4:9: there is no folder Schemas/hoasen"),
    ("feed: hoa-sen", "feed: hoa", "1:7: the file of the feed «hoa» is named otherwise; name it hoa.yaml"),
    (
      "admitted_at: ngay_vao", "admitted_at: tien", "17:20: row set 1, column admitted_at: tien (decimal) cannot become"
    ),
    ("admitted_at: ngay_vao", "admited_at: ngay_vao", "17:19: row set 1, column admited_at: encounter has no column"),
    ("facility: ma_cskcb", "facility: macskcb", "11:13: visits has no field «macskcb»"),
    ("title: Hoa Sen", "drift: never", "2:8: unknown policy; one of freeze, quarantine, allow"),
    ("dialect: {", "files: { visits: \"a b.csv\" }\ndialect: {", "6:18: a file name has letters"),
    ("dialect: {", "predecessor: hoa-sen\ndialect: {", "only envelopes have a predecessor"),
  ])
  func namesThePlaceOfAFault(_ from: String, _ to: String, _ expected: String) throws {
    var files = Self.files
    files["Pipelines/hoa-sen.yaml"] = Invented.feed.replacing(from, to)
    let bench = try Workbench(files)
    let faults = bench.faults()
    #expect(faults.contains { $0.contains(expected) }, "\(faults)")
  }

  @Test(arguments: [
    ("type: number", "type: any", "10:25: the type any is not read"),
    ("type: number", "type: numbre", "unknown type «numbre»"),
    (
      "format: \"%d/%m/%Y %H:%M\" }\n  - { name: ngay_ra", "format: any }\n  - { name: ngay_ra",
      "format any leaves open"
    ),
    (
      "format: \"%d/%m/%Y %H:%M\" }\n  - { name: tien", "format: dd/MM/yyyy HH:mm }\n  - { name: tien",
      "says no date; write %d/%m/%Y %H:%M"
    ),
    ("type: number", "type: number, constraints: { minimum: x }", "«x» is no value of this field's type"),
    ("type: number", "type: number, constraints: { minLength: 1 }", "minLength is for texts; use minimum and maximum"),
    ("type: number", "type: number, constraints: { minumum: 1 }", "did you mean «minimum»?"),
    (
      "name: ghi_chu, type: string", "name: ghi_chu, constraints: { pattern: \"a(b\" }",
      "a «(» without its «)», at character 4"
    ),
    ("name: ghi_chu", "name: tien", "the field tien stands twice"),
    ("primaryKey: ma_luot", "primaryKey: [luot]", "4:13: visits has no field «luot» for its primaryKey"),
    (
      "primaryKey: ma_luot", "foreignKeys: [{ fields: ma_luot, reference: { resource: patients, fields: id } }]",
      "4:15: there is no table «patients» in Schemas/hoa-sen"
    ),
    ("type: number", "type: number, groupChar: \".\"", "decimalChar and groupChar are the same"),
    (
      "name: ghi_chu, type: string", "name: ghi_chu, type: string, codeList: la",
      "names a code list «la» that is not there"
    ),
  ])
  func namesThePlaceOfAFaultInASchema(_ from: String, _ to: String, _ expected: String) throws {
    var files = Self.files
    #expect(Invented.table.contains(from))
    files["Schemas/hoa-sen/visits.yaml"] = Invented.table.replacing(from, to)
    let bench = try Workbench(files)
    let faults = bench.faults()
    #expect(faults.contains { $0.contains(expected) }, "\(faults)")
  }

  @Test func tellsAllFaultsAtOnce() throws {
    var files = Self.files
    files["Pipelines/hoa-sen.yaml"] = Invented.feed.replacing("key: ma_luot", "key: x").replacing(": tien", ": y")
      .replacing("delimiter", "delimit")
    let bench = try Workbench(files)
    #expect(bench.faults().count == 3)
  }

  @Test func casesAreNoFeed() throws {
    var files = Self.files
    files["Pipelines/hoa-sen.cases.yaml"] = "- name: one\n"
    let bench = try Workbench(files)
    #expect(try bench.load().feeds.keys.sorted() == ["hoa-sen"])
  }
}

extension String {
  func replacing(_ from: String, _ to: String) -> String {
    var result = ""
    var rest = self[...]
    while let range = rest.firstRange(of: from) {
      result += rest[..<range.lowerBound] + to
      rest = rest[range.upperBound...]
    }
    return result + rest
  }
}
