import ChaosKit
import Foundation
import Glibc
import Testing

extension ChaosTests {
  /// Several hosts with spools of their own share an inbox and a warehouse.
  @Suite struct HostsTests {
    static func host(_ number: Int) -> [String: String] {
      ["SONGHAN_FOLDERS_SPOOL": "spool-\(number)", "SONGHAN_FOLDERS_REPORTS": "reports-\(number)"]
    }

    static let run = ["run", "--assume-settled", "--jobs", "2"]

    /// Two hosts take 200 files; one of them is killed in the middle. Each file is loaded once, by the other or by the next run.
    @Test func twoHostsShareAnInboxAndOneIsKilled() async throws {
      let complaints = await onThread {
        var complaints: [String] = []
        do { try Self.share(&complaints) } catch { complaints.append("\(error)") }
        return complaints
      }
      record(complaints)
    }

    static func share(_ complaints: inout [String]) throws {
      let count = 200
      let arena = try Arena()
      defer { arena.end() }
      let site = try arena.site()
      defer { site.remove() }
      for (name, bytes) in try Scenario.exports(facility: "48001", files: count, seed: 7) {
        try site.drop(bytes, as: name)
      }
      func loaded() throws -> Int { try site.number("SELECT count(*) FROM intake.file WHERE state = 'loaded'") }

      let hosts = [try site.start(run, host(1)), try site.start(run, host(2))]
      let end = ContinuousClock.now + .seconds(120)
      while try loaded() < count / 3, hosts.contains(where: \.isRunning), ContinuousClock.now < end { usleep(20_000) }
      hosts[0].send(SIGKILL)
      let killed = try hosts[0].wait()
      let atDeath = try loaded()
      if killed.code != -SIGKILL { complaints.append("the first host was done before it was killed: \(killed.code)") }
      if atDeath >= count { complaints.append("everything was loaded before the kill") }
      let other = try hosts[1].wait()
      if other.code != 0 { complaints.append("the second host ended with \(other.code): \(other.log)") }
      let share = try site.rows(
        "SELECT run_id, count(*) FROM intake.file_event WHERE kind = 'loaded' GROUP BY 1 ORDER BY 1")
      if share.count != 2 { complaints.append("one host did everything: \(share)") }
      // whatever the dead one held is loaded by the next run, on either host
      let last = try site.run(run, host(2))
      if last.code != 0 { complaints.append("the last run ended with \(last.code): \(last.log)") }
      let events = try site.number("SELECT count(*) FROM intake.file_event WHERE kind = 'loaded'")
      let names = try site.number("SELECT count(DISTINCT file_name) FROM intake.file WHERE state = 'loaded'")
      let visits = try site.number("SELECT count(*) FROM health.encounter")
      let total = try loaded()
      if (events, names, visits, total) != (count, count, count, count) {
        complaints.append("\(events) loads, \(names) files, \(visits) visits of \(count)")
      }
      if try site.number("SELECT count(*) FROM intake.file") != count { complaints.append("a file has two lines") }
      if try site.number("SELECT max(attempts) FROM intake.file") > 2 {
        complaints.append("more than one death was counted")
      }
      complaints += try site.flaws()
      if !site.files("inbox").isEmpty { complaints.append("files left: \(site.files("inbox"))") }
      if site.files("archive").count != count || site.files("receipts").count != 2 * count {
        complaints.append("\(site.files("archive").count) originals, \(site.files("receipts").count) receipts")
      }
    }
  }
}
