import Definitions
import Findings
import Foundation
import Runs
import Testing

@Suite struct RulesPageTests {
  static let catalogue: Result<FindingCatalogue, DefinitionFaults> = {
    do throws(DefinitionFaults) { return .success(try Definitions.catalogue(repository)) } catch {
      return .failure(error)
    }
  }()

  /// A01–A13, B01–B33 … H01–H07: the numbering of the list, none missing.
  @Test func listHoldsEveryNumber() throws {
    let codes = try Self.catalogue.get().entries.map { RuleLine($0, isWhole: false).code }
    var expected: [String] = []
    for (letter, count) in [("A", 13), ("B", 33), ("C", 19), ("D", 25), ("E", 20), ("F", 13), ("G", 27), ("H", 7)] {
      for number in 1...count { expected.append("\(letter)\(number < 10 ? "0" : "")\(number)") }
    }
    #expect(codes.filter { $0 < "I" } == expected)
    // our own codes stand behind those of the list, each once
    let own = codes.filter { $0 >= "I" }
    #expect(Array(codes.suffix(own.count)) == own && Set(own).count == own.count)
    #expect(own.allSatisfy { $0.hasPrefix("S") || $0.hasPrefix("T") })
  }

  @Test func pageOfTheManualIsThatOfTheCatalogue() throws {
    let page = try String(contentsOfFile: repository + "docs/manual/rules.md", encoding: .utf8)
    #expect(page == RulesPage.markdown(try Self.catalogue.get()), "make pages")
  }

  @Test(arguments: Language.allCases) func everyCodeIsExplained(_ language: Language) throws {
    for entry in try Self.catalogue.get().entries {
      let text = RulesPage.explain(entry, language).joined(separator: "\n")
      #expect(text.contains(entry.title[language]) && text.contains(entry.explanation[language]))
      #expect(!text.contains("{"), "\(entry.code)")
      #expect(!entry.accepted.changes.isEmpty || entry.accepted.text != nil, "\(entry.code)")
      #expect(!entry.refused.changes.isEmpty || entry.refused.text != nil, "\(entry.code)")
    }
  }
}
