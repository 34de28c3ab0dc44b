import ChaosKit
import Compression
import Definitions
import Files
import Foundation
import Load
import Postgres
import SampleKit
import Testing

extension ChaosTests {
  /// A process that was taken for dead must change nothing more, and counts that do not add up are never committed.
  @Suite struct FencingTests {
    /// A claimed file, and a load of it that has nothing to do but commit.
    static func claimed(_ site: Site) throws -> (connection: Connection, claim: Claim, load: FileLoad, run: Int64) {
      let connection = try Connection(site.arena.cluster.conninfo(database: site.database), applicationName: "tests")
      let run = try connection.execute(
        "INSERT INTO intake.run (program_version, process_key) VALUES ('test', 'test') RETURNING run_id"
      ).integer(0, 0)
      let hash = ContentHash(of: Array("made up".utf8))
      let claim = try Ledger.claim(
        facility: "48001", name: "a.xml", feed: "qd3176", hash: hash, size: 7, modified: 0, run: run ?? 0,
        on: connection
      ) { true }
      let load = FileLoad(
        connection: connection, schema: try ownDefinitions().common, fileID: claim.fileID, epoch: claim.epoch,
        facility: "48001", compressor: ZstandardCompressor())
      return (connection, claim, load, run ?? 0)
    }

    static func closing(seen: Int, run: Int64) -> FileLoad.Closing {
      FileLoad.Closing(
        seen: seen, accepted: 0, rejected: 0, duplicate: 0, superseding: 0, withFindings: 0, rows: "{}",
        findingCounts: "{}", editions: "", receipt: "{}", findings: [], counts: [], runID: run, practitioners: [],
        mapping: "")
    }

    /// Runs a body at a site of its own; what it complains of fails the test.
    private func onSite(_ body: @escaping @Sendable (Site, inout [String]) throws -> Void) async {
      record(
        await onThread {
          var complaints: [String] = []
          do {
            let arena = try Arena()
            defer { arena.end() }
            try body(try arena.site(), &complaints)
          } catch {
            complaints.append("\(error)")
          }
          return complaints
        })
    }

    /// Runs a body that must fail; says how it did.
    static func failure(_ body: () throws(LoadFailure) -> Void) -> String {
      do throws(LoadFailure) {
        try body()
        return "nothing"
      } catch {
        return switch error {
        case .claimLost: "claim lost"
        case .countsDoNotAddUp: "counts"
        default: "something else"
        }
      }
    }

    @Test func staleClaimCommitsNothing() async throws {
      await onSite { site, complaints in
        let (connection, claim, load, run) = try Self.claimed(site)
        // another process has taken the file over
        let other = try Connection(site.arena.cluster.conninfo(database: site.database), applicationName: "tests")
        _ = try other.execute("UPDATE intake.file SET epoch = epoch + 1")
        let committed = Self.failure { () throws(LoadFailure) in try load.commit(Self.closing(seen: 0, run: run)) }
        if committed != "claim lost" { complaints.append("the stale load ended with \(committed)") }
        let ended = Self.failure { () throws(LoadFailure) in
          try Ledger.end(
            .refused, claim, reason: "S02", detail: nil, receipt: "{}", seen: 0, findings: [], counts: [], run: run,
            on: connection)
        }
        if ended != "claim lost" { complaints.append("the stale ending ended with \(ended)") }
        try Ledger.forgive(claim, run: run, on: connection)
        let found = try site.rows("SELECT state, attempts FROM intake.file")
        if found != [["claimed", "1"]] { complaints.append("the file is \(found)") }
      }
    }

    /// What was given back is not given back once more by the next claim of the same run.
    @Test func attemptIsGivenBackOnce() async throws {
      await onSite { site, complaints in
        let (connection, claim, _, run) = try Self.claimed(site)
        try Ledger.release(ContentHash(of: Array("made up".utf8)), on: connection)
        // two runs have died under it
        _ = try connection.execute("UPDATE intake.file SET attempts = 2, run_id = NULL")
        for _ in 1...2 {
          let again = try Ledger.claim(
            facility: "48001", name: "a.xml", feed: "qd3176", hash: ContentHash(of: Array("made up".utf8)), size: 7,
            modified: 0, run: run, on: connection
          ) { true }
          if again.attempts != 3 || again.fileID != claim.fileID {
            complaints.append("attempts: \(again.attempts)")
          }
          try Ledger.forgive(again, run: run, on: connection)
          try Ledger.release(ContentHash(of: Array("made up".utf8)), on: connection)
        }
      }
    }

    /// After a lost connection a process may mark a file that another one is at by now: their events follow one another all the same.
    @Test func eventsOfTwoWritersStandInOneRow() async throws {
      await onSite { site, complaints in
        let (connection, claim, _, run) = try Self.claimed(site)
        let other = try Connection(site.arena.cluster.conninfo(database: site.database), applicationName: "tests")
        try other.begin()
        try other.execute("SELECT FROM intake.file WHERE file_id = $1 FOR UPDATE", [.integer(claim.fileID)])
        let marking = Marking(connection, claim, run)
        marking.begin()
        let end = ContinuousClock.now + .seconds(60)
        while try site.rows("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == [["0"]] {
          guard ContinuousClock.now < end else { throw CocoaError(.userCancelled) }
          Thread.sleep(forTimeInterval: 0.01)
        }
        try Ledger.event(.receiptWritten, file: claim.fileID, epoch: claim.epoch, run: run, on: other)
        try other.commit()
        if let failure = marking.end() { complaints.append(failure) }
        let story = try site.rows(
          """
          SELECT kind, previous_hash IS NOT DISTINCT FROM lag(hash) OVER (ORDER BY event_id) FROM intake.file_event
          ORDER BY event_id
          """)
        if story != [["claimed", "t"], ["receipt written", "t"], ["source removed", "t"]] {
          complaints.append("the story is \(story)")
        }
      }
    }

    /// Marks a file on a thread of its own, as it may have to wait.
    ///
    /// `@unchecked`: between ``begin()`` and ``end()`` only the thread touches the connection and the failure.
    final class Marking: @unchecked Sendable {
      private let connection: Connection
      private let claim: Claim
      private let run: Int64
      private let done = DispatchSemaphore(value: 0)
      private var failure: String?

      init(_ connection: Connection, _ claim: Claim, _ run: Int64) {
        self.connection = connection
        self.claim = claim
        self.run = run
      }

      func begin() {
        Thread { [self] in
          do throws(ServerFailure) {
            try Ledger.mark(
              [Ledger.Mark(.sourceRemoved)], file: claim.fileID, epoch: claim.epoch, run: run, on: connection)
          } catch {
            failure = "\(error)"
          }
          done.signal()
        }.start()
      }

      func end() -> String? {
        done.wait()
        return failure
      }
    }

    @Test func countsThatDoNotAddUpAreNotCommitted() async throws {
      await onSite { site, complaints in
        let (connection, _, load, run) = try Self.claimed(site)
        let failure = Self.failure { () throws(LoadFailure) in try load.commit(Self.closing(seen: 1, run: run)) }
        if failure != "counts" { complaints.append("the load ended with \(failure)") }
        connection.rollback()
        let found = try site.rows("SELECT state FROM intake.file")
        if found != [["claimed"]] { complaints.append("the file is \(found)") }
      }
    }
  }
}
