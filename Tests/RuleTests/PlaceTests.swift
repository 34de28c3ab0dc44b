import Definitions
import Findings
import Records
import Testing
import Transform

/// Where each of the 157 codes is looked at, and which are not.
@Suite struct PlaceTests {
  @Test func everyCodeOfTheListHasAPlace() throws {
    let list = try Examples.shared.get().entries.map(\.code).filter { $0 < "I" }
    #expect(RuleBook.places.map(\.code.description) == list)
    #expect(list.count == 157)
  }

  @Test func rulesAreExactlyThoseTheBookDeclares() throws {
    let schema = try #require(try Examples.shared.get().definitions.schemas["qd3176"])
    var codes = try Examples.shared.get().definitions.codes
    for name in ["traditional_disease", "practitioner"] { codes.catalogues[name] = CodeSet(entries: []) }
    let rules = RuleBook.rules(Columns(schema: schema, codes: codes)).map(\.code)
    #expect(Set(rules).count == rules.count)
    let declared = RuleBook.places.filter { place in
      if case .catalogue = place.place { true } else { place.place == .rule }
    }
    // the second half of B07 and the fields of D14 and D15 that the list knows are rules beside the field check
    #expect(Set(rules) == Set(declared.map(\.code)))
  }

  @Test func withoutCataloguesTheirRulesAreNotEvaluated() throws {
    let definitions = try Examples.shared.get().definitions
    let schema = try #require(definitions.schemas["qd3176"])
    var codes = definitions.codes
    codes.catalogues = [:]
    let idle = ["B18", "B33", "C19", "F13", "G25", "G27", "H01", "H02", "H03", "H04", "H05", "H06", "H07"]
    #expect(RuleBook.notEvaluated(Columns(schema: schema, codes: codes)).map(\.description) == idle)
    codes.catalogues["practitioner"] = CodeSet(entries: [.init(code: "000123/DNA-GPHN")])
    #expect(!RuleBook.notEvaluated(Columns(schema: schema, codes: codes)).contains(.B33))
  }

  /// Codes that a rule without its catalogue would have found stay silent, never wrong.
  @Test(arguments: ["B18", "B33"]) func withoutItsCatalogueTheRefusedExamplePasses(_ code: String) throws {
    let examples = try Examples.shared.get()
    let sample = examples.base.with(try examples.entry(code).refused)
    #expect(try sample.codes() == [])
  }
}
