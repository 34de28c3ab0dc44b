import Foundation
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// What is kept long enough goes, by plan; what versions and duplicates need stays.
  @Suite struct PruneTests {
    static let settings = """
      destinations: { lake: { format: common-ndjson }, ministry: { format: source } }
      retention: { archive: 30, quarantine: 30, receipts: 30, reports: 30, outbox: 30, outboxState: all, rejects: 30 }
      """

    /// Lets forty days pass for everything that is there.
    static func age(_ house: House) throws {
      for statement in [
        "UPDATE intake.file SET source_removed_at = source_removed_at - interval '40 days', receipt_written_at = receipt_written_at - interval '40 days'",
        "UPDATE intake.run SET ended_at = ended_at - interval '40 days'",
        "UPDATE outbox.parcel SET created_at = created_at - interval '40 days'",
        "UPDATE intake.reject SET replayed_at = replayed_at - interval '40 days'",
      ] {
        _ = try house.connect().executeGenerated(statement)
      }
    }

    static func prune(_ house: House, plan: Bool) throws -> [String: Int] {
      var prune = try Prune(project: house.project, isPlan: plan, cancellation: Cancellation())
      return Dictionary(uniqueKeysWithValues: try prune.execute().items.map { ($0.what, $0.count) })
    }

    static let folders = ["archive", "quarantine", "receipts", "reports", "outbox"]
    static func lying(_ house: House) -> [String] {
      folders.flatMap { folder in house.files(folder).map { "\(folder)/\($0)" } }
    }

    @Test func planRemovesNothingAndPruningRemovesWhatItNames() throws {
      try House.open(Self.settings) { house in
        try VerifyTests.load(house)
        // a reject that is closed: the visit came again, mended
        _ = try house.connect().executeGenerated(
          """
          UPDATE intake.reject SET state = 'replayed', replay_note = 'loaded', replayed_file_id = 1, replayed_dossier_number = 1,
            replayed_at = clock_timestamp()
          """)
        let fresh = try Self.prune(house, plan: true)
        #expect(fresh.values.allSatisfy { $0 == 0 }, "\(fresh)")
        try Self.age(house)
        let before = Self.lying(house)
        let plan = try house.program(["prune"])
        #expect(plan.code == 0 && plan.output.contains("nothing was removed"), "\(plan.output)")
        #expect(Self.lying(house) == before)
        let planned = try Self.prune(house, plan: true)
        #expect(planned.allSatisfy { $0.value > 0 }, "\(planned)")

        let done = try house.program(["prune", "--yes"])
        #expect(done.code == 0 && done.output.contains("removed"), "\(done.log)")
        let left = Self.lying(house)
        #expect(left.allSatisfy { $0.hasPrefix("reports/") }, "\(left)")
        #expect(left.contains { $0.hasPrefix("reports/prune-") } && left.contains("reports/run-2.json"))
        #expect(!left.contains("reports/run-1.json"))
        #expect(
          try house.number("SELECT count(*) FROM outbox.parcel WHERE content IS NOT NULL OR removed_at IS NULL") == 0)
        #expect(try house.number("SELECT count(*) FROM intake.reject WHERE content IS NOT NULL") == 0)
        #expect(try house.number("SELECT count(*) FROM intake.file_event WHERE kind LIKE '%pruned'") > 0)
        #expect(try house.number("SELECT count(*) FROM intake.run WHERE totals ? 'pruned' AND state = 'done'") == 1)
        // what is gone on purpose is no disagreement, and nothing is left to remove
        let report = try VerifyTests.verify(house)
        #expect(report.agrees, "\(report.disagreements)")
        // the reports of the run before the pruning were the newest then, and are kept by it
        let rest = try Self.prune(house, plan: true).filter { $0.key != "reports" }
        #expect(rest.values.allSatisfy { $0 == 0 }, "\(rest)")
        // duplicates are known still, versions are readable, and what is reloaded comes from the batches
        try house.drop(try SampleFolder.named(VerifyTests.names[0]).renamed("later"))
        let run = try house.run().report
        #expect(run.files.map(\.state) == [.duplicate])
        let reloaded = try Run(project: house.project, options: RunOptions(), journal: House.silence).reload(file: 1)
        #expect(reloaded.failure == nil && reloaded.report.files.first?.dossiers.accepted == 0)
      }
    }

    @Test func interruptedPruningIsFinishedByTheNext() throws {
      for point in ["prune.original-removed", "prune.receipt-removed", "prune.parcel-removed", "prune.marked"] {
        try House.open(Self.settings) { house in
          try VerifyTests.load(house)
          try Self.age(house)
          let fatal = try house.program(["prune", "--yes"], environment: ["SONGHAN_FAILPOINT": "\(point):2"])
          #expect(fatal.code == -9, "\(point)")
          #expect(try house.program(["prune", "--yes"]).code == 0)
          #expect(Self.lying(house).allSatisfy { $0.hasPrefix("reports/") }, "\(point)")
          let report = try VerifyTests.verify(house, rows: false)
          #expect(report.agrees, "\(point): \(report.disagreements)")
        }
      }
    }

    /// Bytes that were delivered again keep their file; what is not named is kept for ever.
    @Test func youngerDeliveryOfTheSameBytesKeepsTheFile() throws {
      try House.open("retention: { quarantine: 30 }") { house in
        try house.drop("<NHAM/>".utf8, as: "a.xml")
        try house.run()
        try Self.age(house)
        try house.drop("<NHAM/>".utf8, as: "b.xml")
        try house.run()
        #expect(house.files("quarantine").count == 1)
        #expect(try Self.prune(house, plan: false)["quarantine"] == 0)
        #expect(house.files("quarantine").count == 1)
        try Self.age(house)
        #expect(try Self.prune(house, plan: false)["quarantine"] == 2)
        #expect(house.files("quarantine").isEmpty && !house.files("receipts").isEmpty)
      }
    }
  }
}
