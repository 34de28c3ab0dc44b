import Definitions
import Findings
import Foundation
import Runs
import Synthesis
import Testing

extension ToolsDatabase {
  /// Rejects that are judged again after a code list was mended.
  @Suite struct ReplayTests {
    /// Ten visits, the third and the seventh with a sex that no list knows.
    static let faulty = changing(
      "GIOI_TINH", in: 7, of: changing("GIOI_TINH", in: 3, of: export(visits: 10), to: "7"), to: "8")

    @Test func mendedDossierIsLoadedOnceAndLinked() throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      try house.drop(Self.faulty, as: "a.xml")
      let first = try house.run()
      #expect(first.exitCode == 3)
      #expect(first.report.totals.dossiers.rejected == 2)
      #expect(
        try house.text("SELECT array_to_string(codes, ',') FROM intake.reject ORDER BY dossier_number") == "B15 B15")

      // nothing was mended: nothing changes
      let before = try house.content()
      #expect(try house.replay().report.files.map(\.state) == [.judged])
      #expect(try house.content() == before && house.number("SELECT count(*) FROM intake.file") == 1)

      try house.addSex("7")
      let dry = try house.replay(dryRun: true)
      #expect(dry.report.run == nil && dry.report.files.first?.dossiers.accepted == 1)
      #expect(try house.content() == before && house.number("SELECT count(*) FROM intake.run") == 2)

      let replayed = try house.replay()
      let file = try #require(replayed.report.files.first)
      #expect(replayed.exitCode == 3 && file.state == .loaded && file.kind == "replay" && file.origin == 1)
      #expect(file.dossiers.seen == 1 && file.dossiers.accepted == 1 && file.stillRejected == 1)
      #expect(try house.number("SELECT count(*) FROM health.encounter") == 9)
      #expect(
        try house.text(
          """
          SELECT concat_ws(',', file_id, dossier_number, version, first_reject_file_id, first_reject_dossier_number) FROM intake.dossier
          WHERE file_id = 2
          """) == "2,3,1,1,3")
      #expect(
        try house.text(
          """
          SELECT concat_ws(',', dossier_number, state, replayed_file_id, replayed_dossier_number, replay_note) FROM intake.reject
          ORDER BY dossier_number
          """) == "3,replayed,2,3,loaded 7,open")
      let receipt = try String(contentsOfFile: house.root + "/receipts/48001/2.txt", encoding: .utf8)
      #expect(receipt.contains("Kiểm tra lại các hồ sơ bị trả lại của mã tiếp nhận 1"))
      #expect(receipt.contains("Còn 1 hồ sơ vẫn bị trả lại"))

      let after = try house.content()
      let again = try house.replay()
      #expect(again.report.files.map(\.state) == [.judged])
      #expect(try house.content() == after && house.number("SELECT count(*) FROM intake.file") == 2)

      try house.addSex("8")
      #expect(try house.replay(RejectSelection(file: 1, facility: "48001", code: "B15")).exitCode == 0)
      #expect(try house.number("SELECT count(*) FROM health.encounter") == 10)
      #expect(try house.replay().report.files.isEmpty)
    }

    @Test func selectionLimitsTheReplay() throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      try house.drop(Self.faulty, as: "a.xml")
      try house.run()
      try house.addSex("7")
      for selection in [RejectSelection(file: 2), RejectSelection(facility: "48002"), RejectSelection(code: "A03")] {
        #expect(try house.replay(selection).report.files.isEmpty)
      }
      #expect(try house.number("SELECT count(*) FROM intake.reject WHERE state = 'open'") == 2)
    }

    /// The hospital mended the visit itself and delivered it again: the reject of the first delivery must not come back over it.
    @Test func rejectOlderThanTheCurrentVersionStaysOut() throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      try house.drop(changing("GIOI_TINH", in: 1, of: export(visits: 1), to: "7"), as: "a.xml")
      try house.run()
      try house.drop(export(visits: 1), as: "b.xml")
      try house.run()
      try house.addSex("7")
      let rows = try house.text("SELECT md5(string_agg(e.*::text, '')) FROM health.encounter e")
      let file = try #require(try house.replay().report.files.first)
      #expect(file.dossiers.accepted == 0 && file.dossiers.duplicate == 1 && file.older == 1)
      #expect(try house.text("SELECT state || ' ' || replay_note FROM intake.reject") == "replayed older")
      #expect(try house.text("SELECT md5(string_agg(e.*::text, '')) FROM health.encounter e") == rows)
      #expect(try house.number("SELECT max(version) FROM intake.dossier") == 1)
      #expect(try house.replay().report.files.isEmpty)
    }

    /// Two rejected deliveries of one visit: whichever is replayed first, the later delivery is current in the end.
    @Test(arguments: [true, false]) func orderOfDeliveriesDecides(newerFirst: Bool) throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      let older = changing("GIOI_TINH", in: 1, of: export(visits: 1), to: "7")
      try house.drop(older, as: "a.xml")
      try house.run()
      try house.drop(changing("CHAN_DOAN_VAO", in: 1, of: older, to: "Lan hai"), as: "b.xml")
      try house.run()
      try house.addSex("7")
      for file: Int64 in newerFirst ? [2, 1] : [1, 2] { try house.replay(RejectSelection(file: file)) }
      #expect(try house.number("SELECT count(*) FROM health.encounter") == 1)
      #expect(try house.text("SELECT admission_diagnosis FROM health.encounter") == "Lan hai")
      #expect(
        try house.text("SELECT replay_note FROM intake.reject ORDER BY file_id")
          == (newerFirst ? "older loaded" : "loaded loaded"))
    }

    /// A content that was sent once more after the reject is the newer one.
    @Test func contentSentAgainAfterTheRejectStays() throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      let good = export(visits: 1)
      try house.drop(good, as: "a.xml")
      try house.run()
      try house.drop(changing("GIOI_TINH", in: 1, of: good, to: "7"), as: "b.xml")
      try house.run()
      try house.drop(good + "\n", as: "c.xml")
      try house.run()
      try house.addSex("7")
      #expect(try house.replay().report.files.first?.older == 1)
      #expect(try house.number("SELECT max(version) FROM intake.dossier") == 1)
    }

    @Test func rejectedCheckInsAreReplayedInTheirOwnForm() throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      var bytes: [UInt8] = []
      SampleGenerator(facility: "48001", seed: 4).writeCheckIn(rows: 5) { piece in
        for i in piece.indices { bytes.append(piece[i]) }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let row = try #require(text.contains("<TRANG_THAI_KCB>") ? "TRANG_THAI_KCB" : nil)
      try house.drop(changing("GIOI_TINH", in: 2, of: text, to: "7", dossier: row), as: "checkins.xml")
      #expect(try house.run().report.totals.dossiers.rejected == 1)
      try house.addSex("7")
      #expect(try house.replay().exitCode == 0)
      #expect(try house.number("SELECT count(*) FROM health.check_in") == 5)
    }

    @Test func rejectsAreShownAndExported() throws {
      let house = try House()
      try house.setFeed(rules: House.strict)
      try house.drop(Self.faulty, as: "a.xml")
      try house.run()
      let queries = try RejectQueries(project: house.project)
      let lines = try queries.list(RejectSelection(facility: "48001", code: "B15"), state: "open")
      #expect(lines.map(\.dossier) == [3, 7] && lines.allSatisfy { $0.key != nil && $0.codes == ["B15"] })
      let catalogue = try house.project.definitions().catalogue
      let findings = try queries.findings(file: 1, dossier: 3, catalogue, .vietnamese)
      #expect(findings.first.map { $0.code == "B15" && $0.field == "GIOI_TINH" } == true)
      let source = try #require(try queries.source(file: 1, dossier: 3))
      #expect(String(decoding: source, as: UTF8.self).hasPrefix("<HOSO>"))
      #expect(try queries.source(file: 1, dossier: 4) == nil)

      let folder = house.root + "/out"
      let files = try queries.export(RejectSelection(), state: "open", to: folder)
      #expect(files.map(\.dossiers) == [2])
      let path = folder + "/" + (files.first?.name ?? "")
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      let report = try Check(definitions: house.project.definitions()).judge(path: path, feed: "qd3176")
      #expect(report.state == .invalid && report.dossiers.seen == 2 && report.dossiers.rejected == 2)
      #expect(report.findings["A05"] == nil)
    }
  }
}
