import ChaosKit
import Files
import Foundation
import Glibc
import Logging
import Runs
import Synchronization
import Testing

extension ChaosTests {
  /// Each call into the kernel that a run makes fails once, the first, the second, and so on; the next run makes everything right.
  @Suite struct FaultTests {
    static let calls: [(call: SystemCall, faults: [String])] = [
      (.write, ["ENOSPC", "EIO", "half"]), (.fsync, ["EIO", "ENOSPC"]), (.linkat, ["EIO", "ENOSPC"]),
      (.renameat, ["EIO", "ENOSPC"]), (.renameat2, ["EIO", "ENOSPC"]), (.unlinkat, ["EIO"]),
      (.mkdirat, ["ENOSPC", "EIO"]), (.fchmod, ["EIO"]), (.tmpfile, ["ENOSPC", "EIO"]), (.close, ["EIO"]),
      (.flock, ["EIO"]), (.pread, ["EIO", "half"]), (.readdir, ["EIO"]),
    ]

    static let run = ["run", "--assume-settled", "--jobs", "1"]

    /// A delivery for every way a run leaves a file: loaded with parcels, a duplicate, a refusal.
    static func drop(_ number: Int, _ exports: [(name: String, bytes: [UInt8])], _ site: Site) throws {
      let bytes = exports[number % exports.count].bytes
      try site.drop(bytes, as: "new-\(number).xml")
      try site.drop(bytes, as: "same-\(number).xml")
      try site.drop(Array("no export \(number)".utf8), as: "broken-\(number).xml")
    }

    /// How often a run makes each call, without any fault.
    static func count(_ site: Site) throws -> FaultPlan {
      let plan = FaultPlan([.init(.memory, nth: nil, .failing(ENOMEM))])
      var options = RunOptions()
      options.jobs = 1
      options.assumesSettled = true
      let journal = Journal(Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
      let run = Run(project: try site.project(), options: options, journal: journal)
      let result = try plan.run { try run.execute() }
      guard result.exitCode == 3 else { throw ChaosError("the undisturbed run ended with \(result.exitCode)") }
      return plan
    }

    struct Fault: Sendable {
      var number: Int
      var plan: String
    }

    @Test func oneMoreRunMendsWhateverCallFailed() async throws {
      let arena = try Arena()
      defer { arena.end() }
      let setup = await onThread { Result { try Self.faults(arena) } }
      let (faults, exports) = try setup.get()
      #expect(faults.count > 40)
      let sites = [try arena.site(), try arena.site()]
      defer { for site in sites { site.remove() } }
      let free = Mutex(sites)
      let complaints = await spread(faults) { fault, complaints in
        guard let site = free.withLock({ $0.popLast() }) else { throw ChaosError("no site is free") }
        defer { free.withLock { $0.append(site) } }
        try Self.fail(fault, exports, site, &complaints)
      }
      record(complaints)
      print("failpoints: \(faults.count) planted faults")
    }

    static func faults(_ arena: Arena) throws -> ([Fault], [(name: String, bytes: [UInt8])]) {
      let exports = try Scenario.exports(facility: "48001", files: 200, seed: 11)
      let site = try arena.site()
      defer { site.remove() }
      try drop(0, exports, site)
      let plan = try count(site)
      var faults: [Fault] = []
      for (call, kinds) in calls {
        let count = plan.callCount(of: call)
        for nth in stride(from: 1, through: count, by: 1) {
          // each call fails once in one way, and with more effort in every way
          for (index, kind) in kinds.enumerated() where effort > 1 || index == nth % kinds.count {
            faults.append(Fault(number: faults.count + 1, plan: "\(call.rawValue):\(nth)=\(kind)"))
          }
        }
      }
      return (faults, exports)
    }

    static func fail(
      _ fault: Fault, _ exports: [(name: String, bytes: [UInt8])], _ site: Site, _ complaints: inout [String]
    ) throws {
      try drop(fault.number, exports, site)
      let ending = try site.run(run, ["SONGHAN_FAULTS": "memory:every=ENOMEM,\(fault.plan)"])
      let codes: [Int32] = fault.plan.hasSuffix("half") ? [3] : [3, 74]
      if !codes.contains(ending.code) { complaints.append("\(fault.plan): ended with \(ending.code) \(ending.log)") }
      let mended = try site.run(run)
      if ![0, 3].contains(mended.code) { complaints.append("after \(fault.plan): \(mended.code) \(mended.log)") }
      let states = try site.rows(
        "SELECT state, reason, attempts, receipt_written_at IS NOT NULL, source_removed_at IS NOT NULL FROM intake.file "
          + "WHERE file_name LIKE '%-\(fault.number).xml' ORDER BY state"
      ).map { row in "\(row[0] ?? "") \(row[1] ?? "–") \(row[3] ?? "")\(row[4] ?? "")" }
      if states != ["duplicate S16 tt", "loaded – tt", "refused S02 tt"] {
        complaints.append("after \(fault.plan): \(states)")
      }
      let left = site.files("inbox") + site.files("spool")
      if !left.isEmpty { complaints.append("after \(fault.plan): \(left)") }
      for folder in ["receipts", "outbox", "archive", "quarantine"] {
        let torn = site.files(folder).filter { $0.hasSuffix(".part") }
        if !torn.isEmpty { complaints.append("after \(fault.plan): \(folder) \(torn)") }
      }
      complaints += try site.flaws().map { "after \(fault.plan): \($0)" }
      if try site.number("SELECT count(*) FROM outbox.parcel WHERE state <> 'materialised'") > 0 {
        complaints.append("after \(fault.plan): a parcel was not written")
      }
    }
  }
}
