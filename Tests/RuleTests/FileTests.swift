import Definitions
import Findings
import Foundation
import Records
import Testing
import Transform

/// Rules about the file and the dossier as a whole, whose examples stand in words in the catalogue.
@Suite struct FileTests {
  static let byHand: Set<String> = ["A01", "A02", "A03", "A05", "A06", "A07", "A08", "A11"]

  private func base() throws -> (sample: Sample, schema: SourceSchema) {
    let examples = try Examples.shared.get()
    return (examples.base, try #require(examples.definitions.schemas["qd3176"]))
  }

  private func codes(_ file: String, _ lists: CodeLists? = nil) throws -> [String] {
    try judged(file, codes: lists).map(\.code.description)
  }

  @Test func a01OverlappingTags() throws {
    let (sample, schema) = try base()
    let good = sample.envelope(schema)
    #expect(
      try codes(good.replacingOccurrences(of: "<?xml version=\"1.0\" encoding=\"utf-8\"?>", with: "\u{FEFF}")) == [])
    let bad = good.replacingOccurrences(of: "</HOSO></DANHSACHHOSO>", with: "</DANHSACHHOSO></HOSO>")
    #expect(try codes(bad).contains("A01"))
  }

  @Test(arguments: [("48001", []), ("4800", ["A02"]), ("48999", ["A02"])])
  func a02FacilityOfTheFile(_ facility: String, _ expected: [String]) throws {
    var (sample, schema) = try base()
    sample.facility = facility
    // the dossier names its own facility, which is another rule
    let found = try codes(sample.envelope(schema), CatalogueTests.lists(for: "A02")).filter { $0 != "A10" }
    #expect(found == expected)
  }

  @Test func a03DocumentOfAnotherTable() throws {
    let (sample, schema) = try base()
    var parts = sample.parts(schema)
    let services = try #require(parts.first { $0.label == "XML3" }).document
    parts = parts.map { $0.label == "XML2" ? ($0.label, services) : $0 }
    #expect(try codes(Envelope(dossiers: [parts]).text).contains("A03"))
    parts = sample.parts(schema) + [("XML6", "")]
    #expect(try codes(Envelope(dossiers: [parts]).text) == [])
  }

  @Test(arguments: [(2, []), (1, ["A05"]), (3, ["S06"])])
  func a05DeclaredNumberOfDossiers(_ declared: Int, _ expected: [String]) throws {
    let (sample, schema) = try base()
    var second = sample
    for (table, rows) in sample.tables { for row in rows.indices { second.tables[table]?[row]["MA_LK"] = "MAU0002" } }
    let file = Envelope(declared: declared, dossiers: [sample.parts(schema), second.parts(schema)])
    #expect(try codes(file.text) == expected)
  }

  @Test(arguments: [
    ("20250303", []), ("20250302", ["A06"]), ("20250307", []), ("20250308", ["A06"]), ("20250230", ["A06"]),
    ("", ["A06"]), ("202503071130", []),
  ])
  func a06DayOfTheFile(_ createdOn: String, _ expected: [String]) throws {
    var (sample, schema) = try base()
    sample.createdOn = createdOn
    #expect(try codes(sample.envelope(schema)) == expected)
  }

  @Test func a07TableTwice() throws {
    let (sample, schema) = try base()
    var first = sample
    first.tables["XML5"] = [sample.tables["XML5"]?[0] ?? [:]]
    var second = sample
    second.tables = ["XML5": [sample.tables["XML5"]?[1] ?? [:]]]
    #expect(try codes(Envelope(dossiers: [first.parts(schema) + second.parts(schema)]).text) == ["A07"])
  }

  @Test(arguments: [("xml 02", []), ("XML-2", []), ("XML16", ["A08"])])
  func a08KindOfDocument(_ label: String, _ expected: [String]) throws {
    let (sample, schema) = try base()
    var parts = sample.parts(schema)
    if expected.isEmpty {
      parts = parts.map { $0.label == "XML2" ? (label, $0.document) : $0 }
    } else {
      parts.append((label, "<X></X>"))
    }
    #expect(try codes(Envelope(dossiers: [parts]).text) == expected)
  }

  @Test func a11SameVisitTwiceInOneFile() throws {
    let (sample, schema) = try base()
    let second = sample.changed(["XML1.GHI_CHU": "Khác"])
    #expect(try codes(Envelope(dossiers: [sample.parts(schema), second.parts(schema)]).text) == ["A11"])
    #expect(try codes(Envelope(dossiers: [sample.parts(schema), sample.parts(schema)]).text) == ["S24"])
  }
}
