import Definitions
import Foundation
import Testing

@Suite struct CaseTests {
  /// Every case beside a feed of this repository.
  @Test func casesOfOurOwnFeedsPass() throws {
    let definitions = try DefinitionsTests.definitions.get()
    for feed in definitions.feeds.values.sorted(by: { $0.name < $1.name }) {
      let cases = try definitions.cases(of: feed)
      for one in cases { #expect(definitions.outcome(of: one, feed).troubles == [], "\(feed.name): \(one.name)") }
      // each hospital with an export of its own has records that are right, and records that are not
      guard feed.reader != "envelope" else { continue }
      #expect(cases.count { $0.expectsFindings } >= 3, "\(feed.name)")
      #expect(cases.count { !$0.expectsFindings } >= 1, "\(feed.name)")
    }
  }

  /// What is left over of a record is said once, where the mapper leaves it.
  @Test func theMappingInWordsNamesWhatIsLeftOverOnce() throws {
    let definitions = try DefinitionsTests.definitions.get()
    let feed = try #require(definitions.feeds["hoa-sen"])
    let sets = try #require(definitions.explanation(of: feed)).rowSets
    #expect(sets.count { $0.extra.contains("gioi_tinh") } == 1)
    #expect(sets.first { $0.extra.contains("gioi_tinh") }?.entity == "encounter")
  }

  private static func troubles(_ text: String) throws -> [String] {
    let bench = try Workbench([
      "Schemas/hoa-sen/visits.yaml": Invented.table, "Pipelines/hoa-sen.yaml": Invented.feed,
      "Pipelines/hoa-sen.cases.yaml": text,
    ])
    let definitions = try bench.load()
    let feed = try #require(definitions.feeds["hoa-sen"])
    do throws(DefinitionFaults) {
      return try definitions.cases(of: feed).flatMap { definitions.outcome(of: $0, feed).troubles }
    } catch {
      return error.faults.map(\.description)
    }
  }

  private static let good = """
    - name: one
      records: { visits: [{ ma_luot: L1, ma_cskcb: "48001", ngay_vao: 03/03/2025 08:30, tien: "1.250,50", ghi_chu: NULL, la: x }] }
      rows:
        encounter:
          - encounter_key: L1
            care_month: 2025-03-01
            admitted_at: "2025-03-03T08:30+07:00"
            discharged_at: null
            total_hospital_amount: 1250.5
            extra: { la: x }
      findings: [A12 visits.la]
    """

  @Test func passesWhenAllIsAsExpected() throws {
    #expect(try Self.troubles(Self.good) == [])
  }

  @Test(arguments: [
    ("1250.5\n", "1250\n", "encounter row 1, total_hospital_amount: expected «1250»; found «1250.5»"),
    ("discharged_at: null", "discharged_at: x", "encounter row 1, discharged_at: expected «x»; found nothing"),
    ("{ la: x }\n", "{ la: y }\n", "encounter row 1, extra: expected {la: «y»}; found {la: «x»}"),
    ("[A12 visits.la]", "[]", "findings: expected none; found A12 visits.la"),
    ("[A12 visits.la]", "[A12, B06 visits.tien]", "findings: expected A12, B06 visits.tien; found A12 visits.la"),
    ("findings: [A12 visits.la]", "rejected: true\n  findings: [A12]", "the dossier is accepted"),
    ("03/03/2025", "33/03/2025", "the dossier is rejected"),
    ("encounter:\n", "encounter:\n      - {}\n", "encounter: expected 2 rows; found 1"),
    // faults of the file itself
    ("visits: [", "visit: [", "2:14: there is no table «visit» in Schemas/hoa-sen"),
    ("encounter:", "encountre:", "there is no entity «encountre»"),
    ("care_month", "care_moon", "6:9: encounter has no column «care_moon»"),
    ("[A12 visits.la]", "[nothing]", "a code and a field are expected"),
    ("name: one", "nam: one", "unknown key «nam»; did you mean «name»?"),
  ])
  func saysWhatIsNotAsExpected(_ from: String, _ to: String, _ expected: String) throws {
    #expect(Self.good.contains(from))
    let troubles = try Self.troubles(Self.good.replacing(from, to))
    #expect(troubles.contains { $0.contains(expected) }, "\(troubles)")
  }
}
