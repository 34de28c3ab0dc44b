import Bytes
import Foundation
import Glibc
import Postgres
import Runs
import SampleKit
import Synthesis
import Testing

extension DatabaseTests {
  /// Files made to do harm, and files that only look as if they did.
  @Suite struct HostileTests {
    /// One visit with a change, as an envelope.
    private func envelope(_ number: Int, facility: String = "48001", _ change: (inout Visit) -> Void) -> [UInt8] {
      let generator = SampleGenerator(facility: facility, seed: 99)
      var visit = generator.visit(number)
      change(&visit)
      var bytes: [UInt8] = []
      Visit.write(
        [visit], facility: facility, day: SampleGenerator.lastDay,
        into: { piece in
          for i in piece.indices { bytes.append(piece[i]) }
        })
      return bytes
    }

    /// Text that does not compress: what an index row cannot hold.
    private func noise(_ count: Int) -> String {
      var state: UInt64 = 88_172_645_463_325_252
      return String(
        decoding: (0..<count).map { _ in
          state ^= state << 13
          state ^= state >> 7
          state ^= state << 17
          return Array("ABCDEFGHJKMNPQRSTUVWXYZ23456789".utf8)[Int(state % 31)]
        }, as: UTF8.self)
    }

    /// A key longer than any index row rejects its dossier, with a code, and the files behind it are loaded.
    @Test func overlongKeyIsNoKey() throws {
      try House.open { house in
        let key = noise(20_000)
        try house.drop(
          envelope(1) { visit in
            for table in visit.tables.map(\.layout.code) {
              for row in visit[table].indices { visit[table][row]["MA_LK"] = key }
            }
          }, as: "a.xml")
        try house.drop(envelope(2) { _ in }, as: "b.xml")
        let report = try house.run().report
        #expect(report.files.map(\.state) == [.loaded, .loaded])
        #expect(report.files.map(\.dossiers.rejected) == [1, 0])
        #expect(report.files[0].findings["B03"] ?? 0 > 0)
        try house.holdsTheInvariant()
      }
    }

    /// Practitioner codes that are no codes stand in their rows and not in the registry.
    @Test func overlongPractitionerCodeStaysOutOfTheRegistry() throws {
      try House.open { house in
        let code = noise(240) + ";" + noise(8)
        try house.drop(envelope(3) { visit in visit["XML1"][0]["MA_TTDV"] = code }, as: "a.xml")
        #expect(try house.run().report.files.map(\.state) == [.loaded])
        #expect(try house.number("SELECT count(*) FROM health.practitioner WHERE length(practitioner_code) > 255") == 0)
      }
    }

    /// What kills the process quarantines itself in the end, and nothing that was worked on beside it; other hospitals' files do not wait for
    /// that, and the later ones of its own stay behind it.
    @Test func attemptsOfAKillerAreItsOwn() throws {
      try House.open { house in
        for number in 1...3 { try house.drop(envelope(20 + number) { _ in }, as: "f\(number).xml") }
        func die(_ hit: Int) throws {
          let ending = try house.program(
            ["run", "--assume-settled", "--jobs", "2"], environment: ["SONGHAN_FAILPOINT": "run.claimed:\(hit)"])
          #expect(ending.code == -SIGKILL)
        }
        func attempts() throws -> [[String?]] {
          try house.rows("SELECT file_name, attempts FROM intake.file WHERE state = 'claimed' ORDER BY 1")
        }
        // the first time two were worked on, and nobody knows which of them it was
        try die(2)
        #expect(try attempts() == [["f1.xml", "1"], ["f2.xml", "1"]])
        // then another hospital comes first, and this one's files one by one
        try house.drop(envelope(31, facility: "48002") { _ in }, as: "g1.xml", facility: "48002")
        try die(2)
        #expect(try house.rows("SELECT file_name FROM intake.file WHERE state = 'loaded'") == [["g1.xml"]])
        #expect(try attempts() == [["f1.xml", "2"], ["f2.xml", "1"]])
        try die(1)
        let report = try house.run(jobs: 2).report
        #expect(report.files.first { $0.state == .quarantined }?.reason == "S13")
        #expect(
          try house.rows("SELECT file_name, state FROM intake.file WHERE facility_code = '48001' ORDER BY finished_at")
            == [
              ["f1.xml", "quarantined"], ["f2.xml", "loaded"], ["f3.xml", "loaded"],
            ])
      }
    }

    /// An attempt under which the server itself was restarted says nothing about the file; three that died by themselves quarantine it.
    @Test(arguments: [(true, FileReport.State.loaded), (false, .quarantined)])
    func attemptsUnderARestartedServerDoNotCount(restarted: Bool, state: FileReport.State) throws {
      try House.open { house in
        let bytes = envelope(4) { _ in }
        try house.drop(bytes, as: "a.xml")
        let connection = try house.connect()
        try connection.execute(
          """
          INSERT INTO intake.file (facility_code, file_name, feed, content_sha256, size_in_bytes, state, attempts, epoch, claimed_at)
          VALUES ('48001', 'a.xml', 'qd3176', sha256($1::bytea), $2, 'claimed', 3, 3,
            CASE WHEN $3 THEN pg_postmaster_start_time() - interval '1 minute' ELSE clock_timestamp() END)
          """, [.bytes(bytes), .integer(Int64(bytes.count)), .flag(restarted)])
        let report = try house.run().report
        #expect(report.files.map(\.state) == [state])
        #expect(report.files[0].reason == (restarted ? nil : "S13"))
      }
    }
  }
}
