import Foundation
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// `verify` and `audit verify` agree with a house that was left alone, and find whatever is done to one behind its back.
  @Suite struct VerifyTests {
    static let destinations = "destinations: { lake: { format: common-ndjson }, ministry: { format: source } }"
    static let names = [
      "several-dossiers", "broken-inner-document", "resent-with-changed-price", "base64-lines-76", "check-in",
      "assessment",
    ]

    static func load(_ house: House) throws {
      for name in names { try house.drop(try SampleFolder.named(name).renamed(name)) }
      try house.run()
      // a file that is quarantined, and a duplicate
      try house.drop("<NHAM/>".utf8, as: "nham.xml")
      try house.drop(try SampleFolder.named(names[0]).renamed("again"))
      try house.run()
    }

    static func verify(_ house: House, rows: Bool = true, since: String? = nil) throws -> VerifyReport {
      var options = VerifyOptions()
      options.comparesRows = rows
      options.since = since
      return try Verification(project: house.project, options: options, cancellation: Cancellation()).run()
    }

    @Test(arguments: ["feed-csv-comma", "feed-csv-three-files", "feed-xml-rows"])
    func rowsOfTablesAgree(_ name: String) throws {
      try House.open { house in
        try house.drop(try SampleFolder.named(name))
        try house.run()
        let report = try Self.verify(house)
        #expect(report.agrees, "\(report.disagreements)")
      }
    }

    /// Changes append-only tables too, as somebody with all rights would.
    static func tamper(_ house: House, _ statements: String...) throws {
      let connection = try house.connect()
      try connection.execute("SET session_replication_role = replica")
      for statement in statements {
        let rows = try connection.executeGenerated(statement)
        #expect(rows.affected > 0, "\(statement)")
      }
    }

    @Test func houseLeftAloneAgrees() throws {
      try House.open(Self.destinations) { house in
        try Self.load(house)
        let report = try Self.verify(house)
        #expect(report.agrees, "\(report.disagreements)")
        let checked = Dictionary(uniqueKeysWithValues: report.parts.map { ($0.part, $0.checked) })
        for part in [
          "events", "anchors", "reports", "counts", "batches", "rejects", "parcels", "receipts", "originals", "rows",
          "mapped rows",
        ] {
          #expect(checked[part] ?? 0 > 0, "\(part) was looked at: \(checked)")
        }
        // a row a cell of the common schema, all of them counted and mapped again
        #expect(checked["rows"] == checked["mapped rows"])
        #expect(try house.rowCounts().values.reduce(0, +) == checked["rows"])
        #expect(report.parts.allSatisfy { $0.note == nil }, "\(report.parts.compactMap(\.note))")
        // a replay and a reload agree as well
        try Self.again(house)
        let after = try Self.verify(house)
        #expect(after.agrees, "\(after.disagreements)")
        let later = try Self.verify(house, since: "2100-01-01")
        #expect(later.agrees && later.parts.first { $0.part == "batches" }?.checked == 0)
      }
    }

    static func again(_ house: House) throws {
      let run = Run(project: house.project, options: RunOptions(), journal: House.silence)
      _ = try run.replay(RejectSelection())
      let file = Int64(try house.number("SELECT min(file_id) FROM intake.file WHERE state = 'loaded'"))
      #expect(try run.reload(file: file).failure == nil)
    }

    /// What is done, and the part that must tell it, with a word of the place.
    struct Breakage: Sendable {
      var name: String
      var part: String
      var place: String
      var sql: String?
      var file: (@Sendable (House) throws -> Void)?
    }

    static let breakages: [Breakage] = [
      Breakage(
        name: "a flipped byte in a batch", part: "batches", place: "file 1, batch 1",
        sql: "UPDATE intake.batch SET content = set_byte(content, 40, get_byte(content, 40) # 1) WHERE file_id = 1"),
      Breakage(
        name: "a batch replaced together with its hashes", part: "batches", place: "file 1",
        sql: """
          UPDATE intake.batch b SET (dossiers, source_bytes, stored_bytes, source_sha256, stored_sha256, content)
            = (SELECT o.dossiers, o.source_bytes, o.stored_bytes, o.source_sha256, o.stored_sha256, o.content
              FROM intake.batch o WHERE o.file_id = 5) WHERE b.file_id = 1
          """),
      Breakage(
        name: "a deleted batch", part: "counts", place: "file 1", sql: "DELETE FROM intake.batch WHERE file_id = 1"),
      Breakage(
        name: "a flipped byte in a reject", part: "rejects", place: "reject",
        sql: "UPDATE intake.reject SET content = set_byte(content, 30, get_byte(content, 30) # 1)"),
      Breakage(name: "a deleted reject", part: "counts", place: "file", sql: "DELETE FROM intake.reject"),
      Breakage(
        name: "a deleted parcel row", part: "counts", place: "file 1",
        sql: "DELETE FROM outbox.parcel WHERE file_id = 1 AND destination = 'lake'"),
      Breakage(
        name: "a deleted parcel file", part: "parcels", place: "for ministry",
        file: { house in
          let name = try #require(house.files("outbox").first { $0.hasSuffix(".xml.gz") })
          try FileManager.default.removeItem(atPath: house.path("outbox/\(name)"))
        }),
      Breakage(
        name: "a changed parcel file", part: "parcels", place: "for lake",
        file: { house in
          let name = try #require(house.files("outbox").first { $0.hasSuffix(".ndjson.gz") })
          try house.append("x", to: "outbox/\(name)")
        }),
      Breakage(
        name: "a changed manifest", part: "parcels", place: "for lake",
        file: { house in
          let name = try #require(house.files("outbox").first { $0.hasPrefix("lake/") && $0.hasSuffix(".json") })
          try house.append(" ", to: "outbox/\(name)")
        }),
      Breakage(
        name: "a deleted row", part: "rows", place: "dossier",
        sql: "DELETE FROM health.medication WHERE ctid = (SELECT min(ctid) FROM health.medication)"),
      Breakage(
        name: "a row too many", part: "rows", place: "dossier",
        sql: """
          INSERT INTO health.encounter_diagnosis SELECT (r.d).* FROM (SELECT d #= hstore('row_number', '99') AS d FROM
            health.encounter_diagnosis d LIMIT 1) r
          """),
      Breakage(
        name: "a changed value", part: "mapped rows", place: "dossier",
        sql: "UPDATE health.encounter SET total_hospital_amount = total_hospital_amount + 1 WHERE file_id = 1"),
      Breakage(
        name: "a changed content hash", part: "mapped rows", place: "file 6, dossier",
        sql: "UPDATE intake.dossier SET content_sha256 = sha256('x') WHERE file_id = 6 AND is_current"),
      Breakage(
        name: "changed counts", part: "counts", place: "file 5",
        sql: "UPDATE intake.file SET dossiers_seen = 9, dossiers_accepted = 9 WHERE file_id = 5"),
      Breakage(
        name: "an edited event", part: "events", place: "file 2",
        sql: "UPDATE intake.file_event SET kind = 'waiting' WHERE file_id = 2 AND kind = 'loaded'"),
      Breakage(
        name: "an event of another time", part: "events", place: "file 2",
        sql: "UPDATE intake.file_event SET at = at - interval '1 hour' WHERE file_id = 2 AND kind = 'loaded'"),
      Breakage(
        name: "an event taken out of the middle", part: "events", place: "file 2",
        sql: "DELETE FROM intake.file_event WHERE file_id = 2 AND kind = 'loaded'"),
      Breakage(
        name: "a cut tail", part: "anchors", place: "run 1",
        sql: "DELETE FROM intake.file_event WHERE file_id = 2 AND kind IN ('source removed', 'receipt written')"),
      Breakage(
        name: "a whole file taken away with its events", part: "anchors", place: "run",
        sql: """
          WITH f AS (DELETE FROM intake.file WHERE state = 'refused' RETURNING file_id)
          DELETE FROM intake.file_event e USING f WHERE e.file_id = f.file_id
          """),
      Breakage(
        name: "the last run taken away", part: "reports", place: "run-2.json",
        sql: "UPDATE intake.run SET anchor = NULL, anchor_number = NULL, anchored_events = NULL WHERE run_id = 2"),
      Breakage(
        name: "a deleted receipt", part: "receipts", place: "1.json",
        file: { house in try FileManager.default.removeItem(atPath: house.path("receipts/48001/1.json")) }),
      Breakage(
        name: "an edited receipt", part: "receipts", place: "1.txt",
        file: { house in try house.append("P.S.", to: "receipts/48001/1.txt") }),
      Breakage(
        name: "a receipt edited in the ledger", part: "receipts", place: "file 1",
        sql: "UPDATE intake.file SET receipt = replace(receipt, 'loaded', 'loaded ') WHERE file_id = 1"),
      Breakage(
        name: "a missing original", part: "originals", place: "archive/48001",
        file: { house in
          let name = try #require(house.files("archive").first)
          try FileManager.default.removeItem(atPath: house.path("archive/\(name)"))
        }),
      Breakage(
        name: "a changed original", part: "originals", place: "archive/48001",
        file: { house in try house.append(" ", to: "archive/\(try #require(house.files("archive").first))") }),
      Breakage(
        name: "a missing quarantined file", part: "originals", place: "quarantine/48001",
        file: { house in
          let name = try #require(house.files("quarantine").first)
          try FileManager.default.removeItem(atPath: house.path("quarantine/\(name)"))
        }),
      Breakage(
        name: "an original that the ledger does not know", part: "originals", place: "archive/48001",
        file: { house in
          try Data("x".utf8).write(to: URL(filePath: house.path("archive/48001/" + String(repeating: "a", count: 64))))
        }),
    ]

    /// Every fourth breakage is made in one house: each must be told, whatever else is broken there.
    @Test(arguments: 0..<4) func breakagesAreFound(_ group: Int) throws {
      let house = try House.unguarded(Self.destinations)
      defer { house.remove() }
      try Self.load(house)
      _ = try house.connect().executeGenerated("CREATE EXTENSION hstore")
      let breakages = Self.breakages.enumerated().filter { $0.offset % 4 == group }.map(\.element)
      for breakage in breakages {
        if let sql = breakage.sql { try Self.tamper(house, sql) }
        try breakage.file?(house)
      }
      let report = try Self.verify(house)
      for breakage in breakages {
        #expect(
          report.disagreements.contains { $0.part == breakage.part && $0.place.contains(breakage.place) },
          "\(breakage.name): \(report.disagreements)")
      }
      #expect(report.disagreements.allSatisfy { !$0.mend.isEmpty })
    }

    /// The command says which event is broken first, and both commands end with 70.
    @Test func commandsSayWhatIsWrong() throws {
      let house = try House.unguarded(Self.destinations)
      defer { house.remove() }
      try Self.load(house)
      #expect(try house.program(["verify"]).code == 0)
      #expect(try house.program(["audit", "verify"]).code == 0)
      let event = try house.number("SELECT event_id FROM intake.file_event WHERE file_id = 2 ORDER BY event_id LIMIT 1")
      try Self.tamper(house, "UPDATE intake.file_event SET run_id = 77 WHERE event_id = \(event)")
      let audit = try house.program(["audit", "verify"])
      #expect(audit.code == 70 && audit.output.contains("first broken event: \(event)\n"), "\(audit.output)")
      let verify = try house.program(["verify", "--json", "--since", "2025-01-01"])
      #expect(verify.code == 70)
      let report = try JSONDecoder().decode(VerifyReport.self, from: Data(verify.output.utf8))
      #expect(report.firstBrokenEvent == Int64(event) || report.disagreements.contains { $0.part == "events" })
      #expect(try house.program(["verify", "--since", "yesterday"]).code == 64)
    }

    /// Rows that differ because the mapping was changed since are told as that, not as damage.
    @Test func changedMappingIsNoDamage() throws {
      try House.open { house in
        try Self.load(house)
        try Self.tamper(
          house, "UPDATE health.encounter SET total_hospital_amount = total_hospital_amount + 1 WHERE file_id = 1")
        #expect(!(try Self.verify(house)).agrees)
        let folder = house.path("definitions")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["Schemas", "Pipelines"] {
          try FileManager.default.copyItem(atPath: "\(repository)/\(name)", toPath: "\(folder)/\(name)")
        }
        try house.append("# changed\n", to: "definitions/Schemas/common/encounter.yaml")
        let ending = try house.program(["verify", "--rows"], environment: ["SONGHAN_DEFINITIONS": folder])
        #expect(ending.code == 0 && ending.output.contains("mapping changed since 1 files"), "\(ending.output)")
        try Self.tamper(
          house, "UPDATE health.encounter SET total_hospital_amount = total_hospital_amount - 1 WHERE file_id = 1")
      }
    }

    /// Events of before form 2 keep their hashes, and the chain goes on from them.
    @Test func eventsOfTheFirstFormAreChecked() throws {
      let house = try House.unguarded("")
      defer { house.remove() }
      try Self.load(house)
      try Self.tamper(
        house,
        "UPDATE intake.run SET anchor = NULL, anchor_number = NULL, anchored_events = NULL",
        """
        UPDATE intake.file_event SET form = 1, detail = '{"kind":"replay","origin":3}', previous_hash = NULL,
          hash = sha256(convert_to(file_id || '|' || kind || '|' || run_id || '|' || epoch || '|{"kind":"replay","origin":3}', 'UTF8'))
        WHERE file_id = 1 AND kind = 'claimed'
        """,
        """
        UPDATE intake.file_event e SET form = 1, detail = NULL, previous_hash = p.hash,
          hash = sha256(p.hash || convert_to(e.file_id || '|' || e.kind || '|' || e.run_id || '|' || e.epoch || '|', 'UTF8'))
        FROM intake.file_event p WHERE e.file_id = 1 AND e.kind = 'loaded' AND p.file_id = 1 AND p.kind = 'claimed'
        """,
        "DELETE FROM intake.file_event WHERE file_id = 1 AND kind NOT IN ('claimed', 'loaded')",
        "UPDATE intake.file SET receipt_written_at = NULL, source_removed_at = NULL WHERE file_id = 1")
      for name in house.files("reports") { try FileManager.default.removeItem(atPath: house.path("reports/\(name)")) }
      let audit = try Audit.examine(house.project, Cancellation())
      #expect(audit.agrees, "\(audit.disagreements)")
      try Self.tamper(house, "UPDATE intake.file_event SET epoch = 7 WHERE file_id = 1 AND kind = 'loaded'")
      #expect(try Audit.examine(house.project, Cancellation()).disagreements.first?.place.contains("file 1") == true)
    }
  }
}
