import Bytes
import Definitions
import Findings
import Records
import Testing
import Transform

/// Each rule accepts its accepted example and refuses its refused one with its own code and no other.
@Suite struct CatalogueTests {
  /// Examples that one visit cannot show: they need other visits or the warehouse.
  static let warehouse: Set<String> = ["C19", "G25", "G27"]

  static let codes: [String] = {
    guard let examples = try? Examples.shared.get() else { return ["examples"] }
    return examples.entries.map(\.code).filter { $0 < "H" && !warehouse.contains($0) }
  }()

  /// Invented catalogues, for rules that are idle without one.
  static func lists(for code: String) throws -> CodeLists {
    var codes = try Examples.shared.get().definitions.codes
    func catalogue(_ names: String...) -> CodeSet { CodeSet(entries: names.map { CodeSet.Entry(code: $0) }) }
    switch code {
    case "B18": codes.catalogues["traditional_disease"] = catalogue("U62.392")
    case "B33": codes.catalogues["practitioner"] = catalogue("000123/DNA-GPHN", "000001/DNA-GPHN")
    case "A02", "B14", "G18": codes.catalogues["facility"] = catalogue("48001", "48002", "48003")
    default: break
    }
    return codes
  }

  @Test func baseHasNoFinding() throws {
    let found = try Examples.shared.get().base.findings()
    #expect(found.isEmpty, "\(found.map { "\($0.code) \($0.table ?? "") \($0.row) \($0.field ?? "")" })")
  }

  @Test(arguments: codes) func acceptedExampleHasNoFinding(_ code: String) throws {
    let examples = try Examples.shared.get()
    let entry = try examples.entry(code)
    guard !entry.accepted.isText else { return }
    let found = try examples.base.with(entry.accepted).findings(try Self.lists(for: code))
    #expect(found.isEmpty, "\(code): \(found.map { "\($0.code) \($0.table ?? "") \($0.row) \($0.field ?? "")" })")
  }

  @Test(arguments: codes) func refusedExampleHasItsCodeOnly(_ code: String) throws {
    let examples = try Examples.shared.get()
    let entry = try examples.entry(code)
    guard !entry.refused.isText else { return }
    let found = try examples.base.with(entry.refused).findings(try Self.lists(for: code))
    #expect(
      Set(found.map(\.code.description)) == entry.also.union([code]),
      "\(code): \(found.map { "\($0.code) \($0.table ?? "") \($0.row) \($0.field ?? "")" })")
    // in its own severity; milder cases have tests of their own
    #expect(found.contains { $0.code.description == code && $0.severity.name == entry.severity }, "\(code)")
  }

  /// An example in words has a test by hand, or needs more than one visit.
  @Test func everyExampleInWordsIsKnown() throws {
    let inWords = try Examples.shared.get().entries.filter { $0.refused.isText && $0.code < "H" }.map(\.code)
    #expect(Set(inWords).subtracting(Self.warehouse) == FileTests.byHand.union(["F13"]))
  }
}
