import CommonSchema
import Foundation
import Glibc
import Load
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// The program or its server ends in the middle of a run; one more run makes everything right. (ChaosTests kill it at every failpoint.)
  @Suite struct CrashTests {
    /// Everything that ends a file: loads, a rejected and a repeated dossier, a version, a duplicate, a refusal, a quarantine, parcels.
    static let samples = [
      "resent-with-changed-price", "broken-inner-document", "duplicate-in-one-file", "same-file-other-name",
      "empty-file",
      "unknown-facility-folder", "lookalike-papers",
    ]

    static func delivered(_ body: (House) throws -> Void) throws {
      try House.open(ParcelTests.destinations) { house in
        for name in samples { try house.drop(try SampleFolder.named(name).renamed(name)) }
        try body(house)
      }
    }

    static let run = ["run", "--assume-settled", "--jobs", "1"]

    /// What an undisturbed run leaves, without what may differ: numbers of files and runs, times.
    static func state(_ house: House) throws -> [String] {
      var lines: [String] = []
      for entity in try House.visitEntities() {
        let columns = entity.columns.map(\.name).filter { $0 != "file_id" }.map { "\"\($0)\"" }.joined(separator: ", ")
        let found = try house.rows(
          "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT \(columns) FROM health.\"\(entity.name)\") t"
        )
        lines.append("\(entity.name) \(found[0].map { $0 ?? "" })")
      }
      let questions = [
        "SELECT 'file', facility_code, file_name, state, reason, dossiers_seen, dossiers_accepted, dossiers_rejected, dossiers_duplicate, "
          + "dossiers_superseding, rows::text, finding_counts::text, receipt IS NOT NULL, receipt_written_at IS NOT NULL FROM intake.file",
        "SELECT 'dossier', dossier_number, dossier_kind, facility_code, encounter_key, version, outcome, encode(content_sha256, 'hex'), "
          + "is_current, superseded_by_file_id IS NOT NULL FROM intake.dossier",
        "SELECT 'batch', dossiers, encode(source_sha256, 'hex'), encode(stored_sha256, 'hex') FROM intake.batch",
        "SELECT 'finding', dossier_number, code, severity FROM intake.finding",
        "SELECT 'count', code, severity, findings, dossiers FROM intake.finding_count",
        "SELECT 'reject', dossier_number, encounter_key, codes::text, encode(sha256(content), 'hex') FROM intake.reject",
        // rows of the common schema carry the number of their file, which may differ
        "SELECT 'parcel', destination, format, dossiers, CASE WHEN format = 'source' THEN encode(content_sha256, 'hex') END, state "
          + "FROM outbox.parcel",
      ]
      for question in questions {
        let rows = try house.rows(question)
        lines += rows.map { row in row.map { $0 ?? "–" }.joined(separator: " ") }.sorted()
      }
      for folder in ["inbox", "spool", "outbox", "archive", "quarantine"] {
        lines += house.files(folder).map { $0.hasPrefix("lake/") ? "outbox/lake/" : "\(folder)/\($0)" }
      }
      lines += house.files("receipts").filter { $0.hasSuffix(".txt") }.map { _ in "a receipt" }
      return lines
    }

    /// Says what is too little and what too much.
    static func same(_ found: [String], _ wanted: [String], _ point: String) throws {
      let missing = Set(wanted).subtracting(found).sorted()
      let surplus = Set(found).subtracting(wanted).sorted()
      #expect(missing.isEmpty && surplus.isEmpty, "\(point) missing: \(missing) surplus: \(surplus)")
      #expect(found.count == wanted.count, "\(point)")
    }

    /// The server dies in the middle of a load and comes back: the next run makes everything right.
    @Test(arguments: ["load.rows", "load.before-commit", "outbox.content-written"])
    func serverThatDiesInMidLoadLosesNothing(_ point: String) throws {
      var wanted: [String] = []
      try Self.delivered { house in
        try house.run()
        wanted = try Self.state(house)
      }
      try House.openApart(ParcelTests.destinations) { house in
        for name in Self.samples { try house.drop(try SampleFolder.named(name).renamed(name)) }
        // the program stops at the point and the server with it; whatever was not committed is gone
        let fatal = try house.program(Self.run, environment: ["SONGHAN_FAILPOINT": "\(point):2"])
        #expect(fatal.code == -SIGKILL)
        try house.cluster.stop(.immediate)
        let without = try house.program(Self.run)
        #expect(without.code == 75, "\(without.log)")
        try house.cluster.start()
        let again = try house.program(Self.run)
        #expect(again.code == 3, "\(again.log)")
        try Self.same(try Self.state(house), wanted, "")
      }
    }

    /// The server is shot while runs go on: they end with 75 or go on when it is back, and the last one makes everything right.
    @Test func serverThatIsShotDuringARunLosesNothing() throws {
      var wanted: [String] = []
      try Self.delivered { house in
        try house.run()
        wanted = try Self.state(house)
      }
      try House.openApart(ParcelTests.destinations) { house in
        for name in Self.samples { try house.drop(try SampleFolder.named(name).renamed(name)) }
        for delay in [0.5, 0.8, 1.1] {
          let killer = Thread {
            Thread.sleep(forTimeInterval: delay)
            _ = try? house.cluster.stop(.immediate)
            _ = try? house.cluster.start()
          }
          killer.start()
          let ending = try house.program(Self.run)
          #expect([0, 3, 75].contains(ending.code), "\(ending.log)")
          while !killer.isFinished { usleep(50_000) }
        }
        let last = try house.program(Self.run)
        #expect(last.code == 0 || last.code == 3, "\(last.log)")
        try Self.same(try Self.state(house), wanted, "")
      }
    }

    /// A signal ends the run between two dossiers; what was committed stays, and the next run goes on.
    @Test func signalEndsARunAndTheNextGoesOn() throws {
      var wanted: [String] = []
      try Self.delivered { house in
        try house.run()
        wanted = try Self.state(house)
      }
      try Self.delivered { house in
        let stopped = try house.program(
          Self.run, environment: ["SONGHAN_FAILPOINT": "none"], signal: (SIGTERM, after: 0.6))
        #expect([3, 143].contains(stopped.code), "\(stopped.log)")
        #expect(try [0, 3].contains(house.program(Self.run).code))
        try Self.same(try Self.state(house), wanted, "")
      }
    }
  }
}
