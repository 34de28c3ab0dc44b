import Foundation
import Runs
import SampleKit
import Synthesis
import Testing

extension DatabaseTests {
  /// A generated file with planted faults: what the warehouse holds is what the generator's list says.
  @Suite struct GeneratedFileTests {
    /// The entities that the rows of a table go to, one row each.
    static let entities: [String: [String]] = [
      "XML1": ["encounter"], "XML2": ["medication"], "XML3": ["service", "supply"], "XML4": ["observation"],
      "XML5": ["clinical_note"], "XML6": ["hiv_care"], "XML7": ["discharge"], "XML8": ["medical_summary"],
      "XML9": ["birth"],
      "XML10": ["maternity_leave"], "XML11": ["sick_leave"], "XML13": ["referral"], "XML14": ["appointment"],
      "XML15": ["tuberculosis_care"],
    ]

    /// Rows by source table; tables without rows left out.
    static func byTable(_ rows: [String: Int]) -> [String: Int] {
      entities.mapValues { names in names.reduce(0) { $0 + (rows[$1] ?? 0) } }.filter { $0.value > 0 }
    }

    /// Remarks of the ledger, which the generator does not count.
    static let remarks: Set<String> = ["S17", "S18", "S24"]

    /// Each planted fault where it was planted: `visit code`, and how often.
    static func planted(_ tally: FileTally) -> [String: Int] {
      var result: [String: Int] = [:]
      for fault in tally.planted {
        for (code, count) in fault.kind.codes where !remarks.contains(code) {
          result["\(fault.visit) \(code)", default: 0] += count
        }
      }
      return result
    }

    /// What the ledger says was found, the same way.
    static func found(_ house: House) throws -> [String: Int] {
      var result: [String: Int] = [:]
      let rows = try house.rows(
        "SELECT dossier_number::text, code, count(*)::text FROM intake.finding WHERE dossier_number IS NOT NULL GROUP BY 1, 2"
      )
      for row in rows {
        guard let dossier = row[0], let code = row[1], let count = row[2], !remarks.contains(code) else { continue }
        result["\(dossier) \(code)"] = Int(count)
      }
      return result
    }

    @Test(arguments: 1...effort) func countsOfARunAreThoseOfTheList(_ seed: Int) throws {
      try House.open { house in
        let generator = SampleGenerator(facility: "48001", seed: UInt64(seed), faults: 0.05)
        var bytes: [UInt8] = []
        let tally = generator.write(file: 1, visits: 400) { piece in
          for i in piece.indices { bytes.append(piece[i]) }
        }
        #expect(tally.planted.count == 20)
        try house.drop(bytes, as: "generated.xml")
        let result = try house.run()
        let report = try #require(result.report.files.first)
        #expect(report.state == .loaded)
        let d = report.dossiers
        #expect(d.seen == tally.visits)
        #expect(d.accepted == tally.outcomes[.accepted] ?? 0)
        #expect(d.rejected == tally.outcomes[.rejected] ?? 0)
        #expect(d.duplicate == tally.outcomes[.duplicate] ?? 0)
        #expect(d.superseding == tally.superseded)
        // rows of the current visits, table by table; and the report's own: all accepted ones
        let counts = try house.rowCounts()
        #expect(Self.byTable(counts) == tally.currentRows.filter { Self.entities[$0.key] != nil })
        #expect(Self.byTable(report.rows) == tally.acceptedRows.filter { Self.entities[$0.key] != nil })
        #expect(counts["patient"] == counts["encounter"])
        let sum = try house.rows("SELECT trim_scale(sum(total_hospital_amount))::text FROM health.encounter")[0][0]
        #expect(sum == tally.currentTotal)
        #expect(try Self.found(house) == Self.planted(tally))
      }
    }
  }
}
