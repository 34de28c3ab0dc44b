import ChaosKit
import Foundation
import Testing

extension ChaosTests {
  /// The network is cut at each COMMIT of a run, before the server gets it and before its answer comes back: nobody may guess which it was.
  @Suite struct NetworkTests {
    static let run = ["run", "--assume-settled", "--jobs", "1"]

    struct Case: Sendable {
      /// 0: the run's own connection; 1: the loader's.
      var connection: Int
      var nth: Int
      var isDelivered: Bool
    }

    static func drop(_ site: Site) throws {
      for name in ["resent-with-changed-price", "same-file-other-name", "broken-inner-document"] {
        try site.drop(sample: name)
      }
    }

    static func through(_ proxy: Proxy, _ site: Site) -> [String: String] {
      let place = "host=127.0.0.1 port=\(proxy.port) user=songhan dbname=\(site.database)"
      return ["SONGHAN_WAREHOUSE": place + " sslmode=disable gssencmode=disable"]
    }

    @Test func lostAnswerOfACommitIsLookedUpAndNotGuessed() async throws {
      let arena = try Arena()
      defer { arena.end() }
      let undisturbed = await onThread { () -> Result<(state: [String], commits: [Int]), any Error> in
        Result {
          let site = try arena.site()
          defer { site.remove() }
          try Self.drop(site)
          let proxy = try Proxy(to: arena.socket, cuts: [:])
          defer { proxy.close() }
          _ = try site.run(Self.run, Self.through(proxy, site))
          return (try site.state(), [proxy.commits(of: 0), proxy.commits(of: 1)])
        }
      }
      let (wanted, commits) = try undisturbed.get()
      #expect(commits.allSatisfy { $0 >= 2 }, "\(commits)")
      let cases = [true, false].flatMap { isDelivered in
        commits.enumerated().flatMap { connection, count in
          (0..<count).map { Case(connection: connection, nth: $0 + 1, isDelivered: isDelivered) }
        }
      }
      record(
        await spread(cases) { test, complaints in
          let site = try arena.site()
          defer { site.remove() }
          try Self.drop(site)
          let proxy = try Proxy(
            to: arena.socket, cuts: [test.connection: .commit(nth: test.nth, isDelivered: test.isDelivered)])
          defer { proxy.close() }
          let cut = try site.run(Self.run, Self.through(proxy, site))
          if ![0, 3, 75].contains(cut.code) { complaints.append("\(test): \(cut.code) \(cut.log)") }
          if proxy.made != 1 { complaints.append("\(test): \(proxy.made) cuts") }
          // this process lived on: what the network did to it is no attempt of the file's
          let attempts = try site.number("SELECT max(attempts) FROM intake.file")
          if attempts > 1 { complaints.append("\(test): \(attempts) attempts") }
          let last = try site.run(Self.run)
          if ![0, 3].contains(last.code) { complaints.append("\(test): \(last.code) \(last.log)") }
          let found = try site.state() + site.flaws()
          let missing = Set(wanted).subtracting(found).sorted()
          let surplus = Set(found).subtracting(wanted).sorted()
          if !missing.isEmpty || !surplus.isEmpty || found.count != wanted.count {
            complaints.append("\(test): missing \(missing), surplus \(surplus)")
          }
        })
      print("commits: \(commits), cut at \(cases.count) places")
    }
  }
}
