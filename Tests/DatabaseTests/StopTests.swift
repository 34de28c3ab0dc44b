import Foundation
import Glibc
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// A run that is asked to end does so, whatever it waits for; one that is killed leaves nothing behind that keeps the next from its work.
  @Suite struct StopTests {
    /// The program, working on an inbox whose visits it cannot load because somebody holds the table.
    private final class Held {
      let process = Process()
      let holder: Connection
      private let log = Pipe()

      init(_ house: House, _ arguments: [String] = []) throws {
        try house.drop(try SampleFolder.named("utf8").renamed("a")[0].bytes, as: "export.xml")
        holder = try house.connect()
        try holder.begin()
        _ = try holder.executeGenerated("LOCK TABLE health.encounter IN ACCESS EXCLUSIVE MODE")
        process.executableURL = House.program
        process.arguments = ["run", "--assume-settled"] + arguments
        process.currentDirectoryURL = URL(filePath: house.project.root)
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try StopTests.until("the run waits for the lock") {
          try house.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \(StopTests.ownDatabase)")
            > 0
        }
      }

      /// How long it takes until the process has ended.
      func seconds(_ action: () -> Void) -> Double {
        let start = ContinuousClock.now
        action()
        process.waitUntilExit()
        let (seconds, attoseconds) = start.duration(to: .now).components
        return Double(seconds) + Double(attoseconds) / 1e18
      }

      func release() { holder.rollback() }
    }

    private static let ownDatabase = "(SELECT oid FROM pg_database WHERE datname = current_database())"

    private static func until(_ what: String, seconds: Int = 60, _ holds: () throws -> Bool) throws {
      let start = ContinuousClock.now
      while try !holds() {
        guard start.duration(to: .now) < .seconds(seconds) else {
          Issue.record("not within \(seconds) s: \(what)")
          return
        }
        usleep(50_000)
      }
    }

    private func loadsAfterwards(_ house: House) throws {
      #expect(try house.program(["run", "--assume-settled"]).code == 0)
      #expect(try house.rows("SELECT state FROM intake.file") == [["loaded"]])
    }

    @Test(arguments: [(SIGTERM, Int32(143)), (SIGINT, Int32(130))])
    func signalEndsAWaitForTheServer(signal: Int32, code: Int32) throws {
      try House.open { house in
        let held = try Held(house)
        let seconds = held.seconds { kill(held.process.processIdentifier, signal) }
        #expect(held.process.terminationStatus == code && held.process.terminationReason == .exit)
        #expect(seconds < 15, "five seconds are promised; a machine under load gets more")
        held.release()
        // a wish to end is no failed attempt
        #expect(try house.rows("SELECT state, attempts FROM intake.file") == [["claimed", "0"]])
        try loadsAfterwards(house)
      }
    }

    /// The workers make new connections when theirs are lost; the run's own is asked for only at its end.
    @Test func runEndsInTheLedgerThoughItsConnectionWasLost() throws {
      try House.open { house in
        try house.drop(try SampleFolder.named("utf8"))
        let holder = try house.connect()
        try holder.begin()
        try holder.execute("LOCK TABLE intake.file IN SHARE MODE")
        let running = Running { try house.run() }
        try house.waitForALock()
        let ended = try house.number(
          """
          SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'songhan' AND state = 'idle'
          """)
        try holder.commit()
        let result = try running.end()
        #expect(ended == 1 && result.failure == nil && result.exitCode == 0)
        #expect(result.report.files.map(\.state) == [.loaded])
        #expect(try house.rows("SELECT state, anchor IS NOT NULL FROM intake.run") == [["done", "t"]])
      }
    }

    @Test func timeLimitEndsAWaitForTheServer() throws {
      try House.open { house in
        let held = try Held(house, ["--timeout", "3"])
        #expect(held.seconds {} < 20)
        #expect(held.process.terminationStatus == 75 && held.process.terminationReason == .exit)
        held.release()
        try loadsAfterwards(house)
      }
    }

    /// A server that does not even answer the request to stop is not waited for.
    @Test func signalEndsAWaitForAServerThatHangs() throws {
      try House.openApart { house in
        let held = try Held(house)
        let backends = try house.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'songhan'").compactMap
        {
          $0[0].flatMap { pid_t($0) }
        }
        #expect(!backends.isEmpty)
        for backend in backends { kill(backend, SIGSTOP) }
        let seconds = held.seconds { kill(held.process.processIdentifier, SIGTERM) }
        for backend in backends { kill(backend, SIGCONT) }
        #expect(held.process.terminationStatus == 143 && held.process.terminationReason == .exit)
        #expect(seconds < 15)
        held.release()
        try Self.until("the dead run's locks are free") {
          try house.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        }
        try loadsAfterwards(house)
      }
    }

    /// The server notices that a process is gone also while it works for it: the claim is free, and the next run is at work.
    @Test func killedRunLeavesNoClaim() throws {
      try House.open { house in
        let held = try Held(house)
        _ = held.seconds { kill(held.process.processIdentifier, SIGKILL) }
        try Self.until("the dead run's claim is free, though its statement still waits", seconds: 20) {
          try house.number(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \(Self.ownDatabase)") == 0
        }
        held.release()
        try loadsAfterwards(house)
      }
    }

    /// A mistake of ours in the middle of a load ends the process: no memory is printed, no core is left, whatever the environment says.
    @Test(arguments: [SIGSEGV, SIGTRAP, SIGABRT])
    func crashShowsNothing(signal: Int32) throws {
      try House.open { house in
        try CanaryTests.deliver(house)
        let ending = try house.program(
          ["run", "--assume-settled", "--jobs", "1"],
          environment: [
            "SONGHAN_FAILPOINT": "load.rows", "SONGHAN_FAILPOINT_SIGNAL": "\(signal)",
            "SWIFT_BACKTRACE": "enable=yes,color=no,interactive=no,threads=all,registers=all,output-to=stderr",
          ])
        #expect(ending.code == -signal)
        // the delivered file itself still lies where it was dropped
        let sightings = try CanaryTests.sightings(house, [("stdout", ending.output), ("stderr", ending.log)])
          .filter { !$0.hasPrefix("inbox/") }
        #expect(sightings.isEmpty, "\(sightings)")
        #expect(!ending.log.contains("0x") && !ending.log.contains("Thread 0"), "a report of a crash shows memory")
        #expect(house.files("").allSatisfy { !($0 as NSString).lastPathComponent.hasPrefix("core") })
        _ = try house.program(["run", "--assume-settled"])
      }
    }
  }
}
