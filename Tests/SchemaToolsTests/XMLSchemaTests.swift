import Bytes
import Definitions
import ExtractXML
import Findings
import Foundation
import Records
import SchemaTools
import Synthesis
import Testing
import Transform

/// The exported XML Schemas, judged by xmllint, against our own check of the same documents.
@Suite(.enabled(if: Tool.xmllint != nil, "xmllint is not there; make test installs it"))
struct XMLSchemaTests {
  /// What one document is, and what our check finds in it that XML Schema can say.
  struct Document {
    var label: String
    var table: String
    var text: [UInt8]
    var faults: [String]
  }

  private static func schema() throws -> SourceSchema { try #require(try ownDefinitions.get().schemas["qd3176"]) }

  /// Writes the schemas of 3176 and says which of the documents xmllint refuses; those it cannot even parse are left out.
  private func refused(_ documents: [Document], in folder: Folder) throws -> (refused: Set<Int>, unread: Set<Int>) {
    let own = try #require(ownFolder)
    let export = XMLSchemaExport(codes: own.codeLists)
    var refused: Set<Int> = []
    var unread: Set<Int> = []
    for table in try #require(own.set("qd3176")).tables {
      let numbers = documents.indices.filter { documents[$0].table == table.name }
      if numbers.isEmpty { continue }
      let schema = try folder.write(try #require(export.document(table, of: "qd3176")), as: "\(table.name).xsd")
      for number in numbers {
        try Data(documents[number].text).write(to: URL(filePath: folder.path + "/\(number).xml"))
      }
      for group in stride(from: 0, to: numbers.count, by: 400) {
        let part = numbers[group..<min(group + 400, numbers.count)]
        let outcome = try Tool.run(
          #require(Tool.xmllint), ["--noout", "--nonet", "--schema", schema] + part.map { "\($0).xml" }, in: folder)
        try #require(!outcome.errors.contains("failed to compile"), "\(table.name): \(outcome.errors.prefix(400))")
        var seen = 0
        for line in outcome.errors.split(separator: "\n") {
          for (ending, isGood) in [(".xml validates", true), (".xml fails to validate", false)]
          where line.hasSuffix(ending) {
            guard let number = Int(line.dropLast(ending.count)) else { continue }
            seen += 1
            if !isGood { refused.insert(number) }
          }
        }
        if seen < part.count {
          for number in part
          where !outcome.errors.contains("\n\(number).xml ") && !outcome.errors.hasPrefix("\(number).xml ") {
            unread.insert(number)
          }
        }
      }
    }
    return (refused, unread)
  }

  /// The findings of the field check that XML Schema 1.0 can say, as «code field».
  private static func faults(of dossier: Dossier, _ schema: SourceSchema, _ check: FieldCheck, table: Int) throws
    -> [String]
  {
    let own = try #require(ownFolder)
    var log = FindingLog(policy: SeverityPolicy(defaults: try ownDefinitions.get().catalogue.severities))
    check.check(dossier, &log)
    return log.findings.filter { Int($0.table) == table }.compactMap { finding in
      guard schema.tables[table].columns.indices.contains(Int(finding.column)) else { return nil }  // unknown elements
      let column = schema.tables[table].columns[Int(finding.column)]
      switch finding.code {
      // a condition over fields; a required field that an earlier edition does not have
      case .B02: return nil
      case .B01 where column.since != nil: return nil
      // warnings: above the decision's length, too many decimals
      case .B03 where finding.severity == .warn: return nil
      case .B05: return nil
      default: break
      }
      // a code that was valid on another day
      if let list = column.codeList.flatMap({ own.codeLists[$0] }), finding.code != .B01, finding.code != .B03,
        finding.code != .A12
      {
        let cell = dossier.tables[table].cell(max(Int(finding.row) - 1, 0), Int(finding.column))
        let value = String(decoding: dossier.text[cell.range], as: UTF8.self)
        let parts =
          column.separator == nil
          ? [value] : value.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
        if !list.values.isEmpty && parts.allSatisfy({ list.codes.contains($0) }) { return nil }
      }
      return "\(finding.code) \(column.name)"
    }
  }

  // MARK: samples

  /// Samples whose documents mean more to our reader than XML Schema can say, and why.
  private static let beyond = [
    "attributes-and-groups": "fields as attributes of the row and inside groups",
    "odd-namespaces": "names count in any namespace",
    "wrong-inner-root": "refused as a document, not for a field",
  ]

  @Test func samplesAreJudgedAsTheCheckJudgesThem() throws {
    let definitions = try ownDefinitions.get()
    let schema = try Self.schema()
    let schemas = definitions.readerSchemas(of: try #require(definitions.feeds["qd3176"]))
    let check = FieldCheck(schema: schema, codes: definitions.codes)
    var documents: [Document] = []
    let names = try FileManager.default.contentsOfDirectory(atPath: repository + "Samples").sorted()
    for name in names where Self.beyond[name] == nil {
      let input = repository + "Samples/\(name)/input"
      for file in (FileManager.default.subpaths(atPath: input) ?? []).sorted() where file.hasSuffix(".xml") {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: input + "/" + file)))
        documents += try read(bytes, "\(name)/\(file)", schemas, schema, check)
      }
    }
    for faults in [0.0, 0.2] {
      var bytes: [UInt8] = []
      let generator = SampleGenerator(facility: "48001", seed: 11, faults: faults)
      _ = generator.write(file: 1, visits: 60) { piece in for i in piece.indices { bytes.append(piece[i]) } }
      documents += try read(bytes, "generated \(faults)", schemas, schema, check)
    }
    try compare(documents, unread: 40)
    #expect(documents.count > 400)
    #expect(documents.contains { !$0.faults.isEmpty })
  }

  /// Every inner document of a file of this edition.
  private func read(
    _ bytes: [UInt8], _ label: String, _ schemas: [SourceSchema], _ schema: SourceSchema, _ check: FieldCheck
  ) throws -> [Document] {
    var at = 0
    let reader = EnvelopeReader(
      schemas: schemas,
      source: { most, target in
        let end = min(at + most, bytes.count)
        target.append(contentsOf: bytes[at..<end])
        defer { at = end }
        return end - at
      })
    var documents: [Document] = []
    let dossier = Dossier()
    while try reader.next(into: dossier) {
      guard schemas[dossier.schema].name == schema.name else { continue }
      for part in dossier.parts {
        guard let table = part.table, dossier.tables[table].rowCount > 0 else { continue }
        // a table that came in two documents would be judged as one
        if dossier.parts.filter({ $0.table == table }).count > 1 { continue }
        documents.append(
          Document(
            label: "\(label) \(dossier.number)", table: schema.tables[table].name,
            text: Array(dossier.text[part.document]),
            faults: try Self.faults(of: dossier, schema, check, table: table)))
      }
    }
    return documents
  }

  private func compare(_ documents: [Document], unread most: Int) throws {
    let folder = try Folder()
    let (refused, unread) = try refused(documents, in: folder)
    #expect(unread.count <= most)
    for (number, document) in documents.enumerated() where !unread.contains(number) {
      #expect(
        refused.contains(number) == !document.faults.isEmpty,
        "\(document.label) \(document.table): the check says \(document.faults)")
    }
  }

  // MARK: every field

  /// Texts that are right for some types and wrong for others, among them the boundaries.
  private static let values = [
    "", " ", "1", "0", "-1", "-0", "1.5", "1,5", "1.", ".5", "12345678901234.5", "123456789012345", "1a", "20240229",
    "20230229", "20240431", "00000101", "00010101", "202402292359", "202402292400", "202402301200", "198000000000",
    "198000001200", "189912310000", "19000229", "48001", "4800", "48001;48002", "48001;;480", "20240229;20230229",
    "ZZ", "2024-02-29", "1; 2;", "0.00005", "-0.00004",
  ]

  @Test func everyFieldIsJudgedAsTheCheckJudgesIt() throws {
    let definitions = try ownDefinitions.get()
    let own = try #require(ownFolder)
    let schema = try Self.schema()
    let check = FieldCheck(schema: schema, codes: definitions.codes)
    var documents: [Document] = []
    for (number, table) in schema.tables.enumerated() {
      let shape = TableShape(table, number: number, rootIsRow: false)
      // a row with a right value in every field
      let base = table.columns.map { column in (column.name, Self.rightValue(column, own)) }
      func add(_ cells: [(String, String?)], _ label: String) throws {
        let text = Self.text(table, cells)
        let dossier = Dossier()
        dossier.use(schema, number: 0)
        dossier.text = Array(text.utf8)
        let outcome = try DocumentReader().read(0..<dossier.text.count, of: dossier, as: shape)
        try #require(outcome.fault == nil)
        documents.append(
          Document(
            label: label, table: table.name, text: Array(text.utf8),
            faults: try Self.faults(of: dossier, schema, check, table: number)))
      }
      try add(base, "base")
      #expect(documents.last?.faults == [], "\(table.name)")
      for (index, column) in table.columns.enumerated() {
        var values = Self.values
        if let length = column.maxLength, length <= 4000 {
          values += [String(repeating: "ế", count: length), String(repeating: "ế", count: length + 1)]
        }
        values += (column.codeList.flatMap { own.codeLists[$0] }?.codes ?? []).suffix(2)
        for value in values {
          var cells: [(String, String?)] = base
          cells[index].1 = value
          try add(cells, "\(column.name) «\(value.prefix(24))»")
        }
        var cells: [(String, String?)] = base
        cells[index].1 = nil
        try add(cells, "\(column.name) absent")
        try add(base + [(column.name, "1")], "\(column.name) twice")
      }
      try add(base.reversed() + [("LA_LUNG", "x")], "other order, and an unknown element")
    }
    try compare(documents, unread: 0)
    #expect(documents.count > 15_000)
  }

  private static func rightValue(_ column: SourceColumn, _ own: SchemaFolder) -> String {
    if let list = column.codeList.flatMap({ own.codeLists[$0] }) {
      if let code = list.values.first(where: { $0.validTo.isEmpty })?.code ?? list.values.first?.code { return code }
      if list.name == "MA_GIUONG" { return "H001" }
      if list.name == "MA_KHOA" { return "K01" }
    }
    switch column.logical {
    case .integer, .decimal, .decimalList: return "1"
    case .date, .dateList, .dateOrDatetime: return "20250301"
    case .datetime, .birthDatetime: return "202503011200"
    default: return column.catalogue == "facility" ? "48001" : "1"
    }
  }

  private static func text(_ table: SourceTable, _ cells: [(String, String?)]) -> String {
    var text = "<\(table.row)>"
    for (name, value) in cells { if let value { text += "<\(name)>\(value)</\(name)>" } }
    text += "</\(table.row)>"
    // where no root is known the reader cuts out the rows
    if let list = table.list, table.root != nil { text = "<\(list)>\(text)</\(list)>" }
    if let root = table.root, root != table.row { text = "<\(root)>\(text)</\(root)>" }
    return text
  }

  // MARK: the other forms

  @Test func strictSchemasTakeTheFieldsOfTheDecisionOnly() throws {
    let own = try #require(ownFolder)
    let folder = try Folder()
    let table = try #require(own.set("qd3176")?.table("XML5"))
    let export = XMLSchemaExport(codes: own.codeLists, strict: true)
    let schema = try folder.write(try #require(export.document(table, of: "qd3176")), as: "XML5.xsd")
    let source = try #require(Self.schema().tables.first { $0.name == "XML5" })
    let cells = source.columns.map { ($0.name, Optional(Self.rightValue($0, own))) }
    for (name, more, isGood) in [("good", [], true), ("unknown", [("LA", Optional("1"))], false)] {
      let file = try folder.write(Self.text(source, cells + more), as: name + ".xml")
      let outcome = try Tool.run(#require(Tool.xmllint), ["--noout", "--schema", schema, file], in: folder)
      #expect((outcome.code == 0) == isGood, "\(name): \(outcome.errors)")
    }
  }

  @Test func theEnvelopeOfGeneratedFilesIsValid() throws {
    let own = try #require(ownFolder)
    let folder = try Folder()
    let schema = try folder.write(XMLSchemaExport(codes: own.codeLists).envelope(), as: "envelope.xsd")
    var bytes: [UInt8] = []
    let generator = SampleGenerator(facility: "48001", seed: 3)
    _ = generator.write(file: 1, visits: 5) { piece in for i in piece.indices { bytes.append(piece[i]) } }
    let good = String(decoding: bytes, as: UTF8.self)
    try folder.write(good, as: "good.xml")
    try folder.write(
      good.replacing("<LOAIHOSO>", with: "<LOAI>").replacing("</LOAIHOSO>", with: "</LOAI>"), as: "bad.xml")
    for (name, isGood) in [("good", true), ("bad", false)] {
      let outcome = try Tool.run(#require(Tool.xmllint), ["--noout", "--schema", schema, name + ".xml"], in: folder)
      #expect((outcome.code == 0) == isGood, "\(name): \(outcome.errors.prefix(300))")
    }
    let samples = ["utf8", "inline-xml", "edition-130", "edition-4750", "edition-3176", "several-dossiers", "signed"]
    for sample in samples {
      let file = repository + "Samples/\(sample)/input/export.xml"
      let outcome = try Tool.run(#require(Tool.xmllint), ["--noout", "--schema", schema, file], in: folder)
      #expect(outcome.code == 0, "\(sample): \(outcome.errors.prefix(300))")
    }
  }
}
