import Foundation
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// Every folder of `Samples/` through a run.
  @Suite struct SampleFolderTests {
    @Test(arguments: SampleFolder.all) func runFindsWhatIsExpected(_ folder: SampleFolder) throws {
      try House.open(sharing: "samples") { house in
        try house.drop(folder)
        let result = try house.run()
        #expect(result.failure == nil)
        var found: [String: Outcome] = [:]
        for delivery in folder.deliveries {
          let report = try #require(
            result.report.files.first { $0.name == delivery.name && $0.facility == delivery.facility })
          #expect(report.dossiers.addsUp)
          found[delivery.label] = Outcome(report)
        }
        if isRecording {
          return try folder.record { expectation in
            for (label, outcome) in found { expectation.files[label, default: Expectation.Of()].run = outcome }
          }
        }
        let expected = try folder.expectation()
        for (label, outcome) in found {
          let of = try #require(expected.files[label])
          #expect(outcome == of.run, "\(label)")
          // the ledger apart, check and run find the same
          if let check = of.check, outcome.state != "duplicate",
            outcome.state != "quarantined" || check.state == "refused"
          {
            #expect(outcome.findings == check.findings, "\(label)")
            #expect(outcome.severities == check.severities, "\(label)")
            #expect(
              outcome.dossiers.seen == check.dossiers.seen && outcome.dossiers.rejected == check.dossiers.rejected)
          }
        }
        // what the reports say is what is there
        let ids = result.report.files.compactMap(\.fileID).map(String.init).joined(separator: ", ")
        if result.report.totals.dossiers.superseding == 0 {
          #expect(result.report.totals.rows == (try house.rowCounts(where: "file_id IN (\(ids))")))
        }
        for file in result.report.files {
          let id = try #require(file.fileID)
          let line = try house.rows(
            """
            SELECT state, coalesce(reason, ''), dossiers_seen, dossiers_accepted, dossiers_rejected, dossiers_duplicate, dossiers_superseding
            FROM intake.file WHERE file_id = $1
            """, [.integer(id)]
          ).first
          let d = file.dossiers
          #expect(
            line == [
              file.state.rawValue, file.reason ?? "", "\(d.seen)", "\(d.accepted)", "\(d.rejected)", "\(d.duplicate)",
              "\(d.superseding)",
            ])
        }
        // each file has its receipt, and none lies in the inbox any more
        #expect(house.files("receipts").count == 2 * folder.deliveries.count)
        #expect(house.files("inbox").isEmpty)
        let isShort = result.report.files.contains {
          $0.dossiers.rejected > 0 || $0.state == .refused || $0.state == .quarantined
        }
        #expect(result.exitCode == (isShort ? 3 : 0))
      }
    }
  }
}
