import Definitions
import Findings
import Records
import Testing
import Transform

/// Long dossiers: every rule finishes, and says of each row what it says of one.
@Suite struct LinearityTests {
  /// The base visit with its rows repeated; the totals follow.
  private func long(_ rows: Int, services half: Int) throws -> Sample {
    var sample = try Examples.shared.get().base
    sample.writesBlanks = false
    let drug = try #require(sample.tables["XML2"]?[0])
    sample.tables["XML2"] = (1...rows).map { drug.merging(["STT": "\($0)"]) { $1 } }
    let test = try #require(sample.tables["XML3"]?[2])
    let supply = try #require(sample.tables["XML3"]?[3])
    let first = Array((sample.tables["XML3"] ?? []).prefix(2))
    var services = first
    var readings: [[String: String]] = []
    for number in 1...half {
      services.append(test.merging(["STT": "\(services.count + 1)"]) { $1 })
      services.append(
        supply.merging([
          "STT": "\(services.count + 1)", "MA_DICH_VU": "23.0003.1494", "GOI_VTYT": "G\(number % 99 + 1)",
          "T_TRANTT": "99999999",
        ]) { $1 })
      readings.append((sample.tables["XML4"]?[0] ?? [:]).merging(["STT": "\(number)"]) { $1 })
    }
    sample.tables["XML3"] = services
    sample.tables["XML4"] = readings
    let total = 12_000 * rows + 650_000 + 70_000 * half
    sample.change([
      "XML1.T_THUOC": "\(12_000 * rows)", "XML1.T_VTYT": "\(30_000 * half)", "XML1.T_TONGCHI_BV": "\(total)",
      "XML1.T_TONGCHI_BH": "\(total)", "XML1.T_BNCCT": "\(total / 5)", "XML1.T_BHTT": "\(total / 5 * 4)",
      "XML1.T_BHTT_GDV": "\(total / 5 * 4)",
    ])
    return sample
  }

  @Test(arguments: [(1_000, 500), (10_000, 100), (100, 2_500)])
  func cleanRowsHaveNoFinding(_ drugs: Int, _ services: Int) throws {
    #expect(try long(drugs, services: services).codes() == [])
  }

  @Test func oneFaultInEachRowIsOneFindingInEachRow() throws {
    var sample = try long(1_000, services: 100)
    for row in 0..<1_000 { sample.tables["XML2"]?[row]["NGUON_CTRA"] = "5" }
    let found = try sample.findings()
    #expect(found.count == 1_000)
    #expect(Set(found.map(\.code)) == [.B15])
  }
}
