import Bytes
import Definitions
import Findings
import Foundation
import Postgres
import Runs
import Testing

extension ToolsDatabase {
  /// Whole files that are judged again.
  @Suite struct ReloadTests {
    /// - Parameter hasOriginal: false when archive/ was cleared: the file is put together from batches and rejects.
    @Test(arguments: [true, false]) func unchangedFileIsAllDuplicates(hasOriginal: Bool) throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      try house.drop(ToolsDatabase.ReplayTests.faulty, as: "a.xml")
      try house.run()
      if !hasOriginal { try FileManager.default.removeItem(atPath: house.root + "/archive/48001") }
      let before = try house.content()
      for file: Int64 in 2...3 {
        let result = try house.reload(1)
        let report = try #require(result.report.files.first)
        #expect(result.exitCode == 3 && report.fileID == file && report.kind == "reload" && report.origin == 1)
        #expect(report.dossiers.duplicate == 8 && report.dossiers.rejected == 2 && report.dossiers.accepted == 0)
        #expect(try house.content() == before)
      }
      // of a reload: the same delivery
      #expect(try house.reload(3, dryRun: true).report.files.first?.origin == 1)
      // its own file is still known as delivered
      try house.drop(ToolsDatabase.ReplayTests.faulty, as: "again.xml")
      #expect(try house.run().report.files.first?.state == .duplicate)
      #expect(try house.content() == before)
    }

    @Test(arguments: [true, false]) func mendedRejectIsLoadedByAReload(hasOriginal: Bool) throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      try house.drop(ToolsDatabase.ReplayTests.faulty, as: "a.xml")
      try house.run()
      if !hasOriginal { try FileManager.default.removeItem(atPath: house.root + "/archive/48001") }
      try house.addSex("7")
      let report = try #require(try house.reload(1).report.files.first)
      #expect(report.dossiers.accepted == 1 && report.dossiers.duplicate == 8 && report.dossiers.rejected == 1)
      #expect(
        try house.text(
          "SELECT concat_ws(',', file_id, dossier_number, state, replayed_file_id) FROM intake.reject ORDER BY 1")
          == "1,3,replayed,2 1,7,open")
      #expect(try house.number("SELECT count(*) FROM health.encounter") == 9)
      #expect(try house.replay().report.files.map(\.state) == [.judged])
    }

    /// A rule became stricter: what is loaded stays loaded, and its reject is noted once.
    @Test func newlyRejectedDossierKeepsItsVersion() throws {
      let house = try House()
      try house.drop(ToolsDatabase.ReplayTests.faulty, as: "a.xml")
      #expect(try house.run().report.totals.dossiers.accepted == 10)
      try house.setFeed(rules: House.strict)
      try house.reload(1)
      try house.reload(1)
      #expect(try house.number("SELECT count(*) FROM health.encounter") == 10)
      #expect(try house.text("SELECT file_id || ',' || dossier_number FROM intake.reject ORDER BY 1") == "2,3 2,7")
      try house.setFeed()
      #expect(try house.replay().report.totals.dossiers.duplicate == 2)
      #expect(try house.text("SELECT DISTINCT state || ' ' || replay_note FROM intake.reject") == "replayed duplicate")
    }

    @Test func olderFileDoesNotComeBack() throws {
      let house = try House()
      try house.drop(export(visits: 3), as: "a.xml")
      try house.run()
      try house.drop(changing("CHAN_DOAN_VAO", in: 2, of: export(visits: 3), to: "Lan hai"), as: "b.xml")
      #expect(try house.run().report.totals.dossiers.superseding == 1)
      let before = try house.content()
      let report = try #require(try house.reload(1).report.files.first)
      #expect(report.dossiers.duplicate == 3 && report.older == 1 && report.dossiers.accepted == 0)
      #expect(try house.content() == before)
    }

    @Test func refusedFileIsLoadedOnceTheBudgetAllowsIt() throws {
      let house = try House()
      try house.setFeed(rules: House.strict, maxRejected: "10%")
      try house.drop(ToolsDatabase.ReplayTests.faulty, as: "a.xml")
      let refused = try #require(try house.run().report.files.first)
      #expect(refused.state == .refused && refused.reason == "S23")
      #expect(try house.number("SELECT count(*) FROM health.encounter") == 0)
      #expect(try house.number("SELECT count(*) FROM intake.dossier") == 0)
      #expect(try house.number("SELECT count(*) FROM intake.batch") == 0)
      // the receipt names each rejected dossier all the same
      let receipt = try Receipt.read(String(contentsOfFile: house.root + "/receipts/48001/1.json", encoding: .utf8))
      #expect(receipt.rejected.map(\.dossier) == [3, 7] && receipt.reason == "S23")
      let text = try String(contentsOfFile: house.root + "/receipts/48001/1.txt", encoding: .utf8)
      #expect(text.contains("Có 2 hồ sơ bị từ chối, vượt mức 1"))
      // check says the same
      let path = house.root + "/a.xml"
      try ToolsDatabase.ReplayTests.faulty.write(toFile: path, atomically: true, encoding: .utf8)
      let checked = try Check(definitions: house.project.definitions()).judge(path: path, feed: "qd3176")
      #expect(checked.state == .refused && checked.findings == refused.findings)
      // and so does a reload, which leaves no trace
      #expect(try house.reload(1).report.files.first?.reason == "S23")
      #expect(try house.number("SELECT count(*) FROM intake.file") == 1)

      try house.setFeed(rules: House.strict, maxRejected: "20%")
      let report = try #require(try house.reload(1).report.files.first)
      #expect(report.state == .loaded && report.dossiers.accepted == 8 && report.dossiers.rejected == 2)
      try house.drop(ToolsDatabase.ReplayTests.faulty, as: "b.xml")
      #expect(try house.run().report.files.first?.state == .duplicate)
      try house.addSex("7")
      #expect(try house.replay().report.totals.dossiers.accepted == 1)
      #expect(try house.number("SELECT count(*) FROM health.encounter") == 9)
    }

    @Test func unknownFileIsSaidToBeMissing() throws {
      let house = try House()
      #expect(throws: RunFailure.self) { try house.reload(99) }
    }
  }
}

extension ToolsDatabase {
  /// What reports, status and the quality report show.
  @Suite struct ReportTests {
    @Test func runReportShowsExceptionsAndWhatIsNotEvaluated() throws {
      let house = try House()
      try house.setFeed(
        rules: """
          { F03: { severity: off, reason: "old defect", until: 2020-01-31 }, F01: { tolerance: 10, reason: rounding, until: 2999-12-31 } }
          """)
      try house.drop(export(visits: 2), as: "a.xml")
      let report = try house.run().report
      #expect(report.exceptions?.map { "\($0.code) \($0.isExpired)" } == ["F03 true", "F01 false"])
      #expect(report.notEvaluated?.contains { $0.code == "C19" && $0.missing == ["warehouse"] } == true)
      let text = try String(contentsOfFile: house.root + "/reports/run-1.txt", encoding: .utf8)
      #expect(text.contains("expired:   qd3176 F03 off EXPIRED on 2020-01-31: old defect"))
      #expect(text.contains("exception: qd3176 F01 tolerance 10 until 2999-12-31: rounding"))
      #expect(text.contains("idle:      B18 "))
      #expect(house.project.exceptions().count == 2)
      let lines = Doctor.examine(
        configuration: house.root + "/songhan.yaml",
        environment: ["SONGHAN_WAREHOUSE": try #require(Server.current).conninfo])
      #expect(lines.filter { $0.what == "exception of qd3176" }.map { $0.mend != nil } == [true, false])
    }

    @Test func qualityCountsDeliveriesOnce() throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      try house.drop(ToolsDatabase.ReplayTests.faulty, as: "a.xml")
      let run = try house.run().report.totals
      try house.addSex("7")
      try house.replay()
      try house.reload(1)
      let today = Clock.now().day
      let report = try QualityReport.read(house.project, facility: nil, from: today, to: today, by: .day, top: 3)
      var counted: [String: Int] = [:]
      for row in report.rows { counted[row.code, default: 0] += Int(row.findings) }
      #expect(counted == run.findings)
      let line = try #require(report.facilities.first)
      #expect(line.files == 1 && line.dossiers == 10 && line.rejected == 2 && line.previousDossiers == 0)
      #expect(line.sharePercent.map { $0 >= 20 } == true && line.previousSharePercent == nil)
      #expect(
        line.top.first { $0.code == "B15" }.map { $0.findings >= 2 && $0.dossiers == 2 && $0.previousFindings == 0 }
          == true)
      #expect(report.csv.hasPrefix("period,facility,code,severity,findings,dossiers\r\n\(today),48001,"))
      for step in QualityReport.Step.allCases {
        let other = try QualityReport.read(house.project, facility: "48002", from: today, to: today, by: step, top: 3)
        #expect(other.rows.isEmpty && other.facilities.isEmpty)
      }
      // a day later the same deliveries are the period before
      let tomorrow = CivilDate(daysSinceEpoch: today.daysSinceEpoch + 1)
      let later = try QualityReport.read(house.project, facility: nil, from: tomorrow, to: tomorrow, by: .week, top: 3)
      let before = try #require(later.facilities.first)
      #expect(before.files == 0 && before.previousDossiers == 10 && before.previousSharePercent == line.sharePercent)
      #expect(
        before.top.first { $0.code == "B15" }?.previousFindings == line.top.first { $0.code == "B15" }?.findings
          && later.rows.isEmpty)
    }
  }
}
