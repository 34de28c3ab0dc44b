import ChaosKit
import Foundation
import SampleKit
import Testing

extension ChaosTests {
  /// The short form of `make chaos`.
  @Suite struct ScenarioTests {
    @Test func randomScenariosEndAsTheModelSays() async throws {
      let points = try Scenario.points(of: repository)
      let arenas = [try Arena(), try Arena()]
      defer { for arena in arenas { arena.end() } }
      // the fourth stops the server, which must not be another one's
      let complaints = await withTaskGroup(of: [String].self) { group in
        for (lane, arena) in arenas.enumerated() {
          group.addTask {
            await onThread {
              var complaints: [String] = []
              for seed in 1...(8 * effort) where seed % arenas.count == lane {
                do {
                  let tally = try Scenario(seed: UInt64(seed), points: points).play(in: arena)
                  for failure in tally.failures {
                    complaints.append("make chaos SEED=\(failure.seed): \(failure.complaints.joined(separator: "\n"))")
                  }
                } catch {
                  complaints.append("seed \(seed): \(error)")
                }
              }
              return complaints
            }
          }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
      record(complaints)
    }

    /// The model itself, on a ledger that a person can work out.
    @Test func modelKnowsVersionsAndDuplicates() throws {
      typealias D = Model.Dossier
      func d(_ key: String, _ edition: Int, _ isRejected: Bool = false) -> D {
        D(key: key, edition: edition, isRejected: isRejected)
      }
      func load(_ id: Int, _ facility: String, run: Int? = nil, place: Int = 0, _ dossiers: [D]) -> Model.Load {
        Model.Load(id: id, facility: facility, run: run ?? id, place: place, dossiers: dossiers)
      }
      let files = Model.ledger([
        load(1, "48001", [d("a", 0), d("b", 0), d("a", 0), d("c", 0, true)]),
        load(2, "48001", [d("a", 1), d("b", 0)]),
        load(3, "48002", [d("a", 0)]),
        load(4, "48001", run: 4, place: 8, [d("a", 0), d("a", 1)]),
        load(5, "48001", run: 4, place: 7, [d("a", 2)]),
      ])
      #expect(files[5]?.lines.map(\.outcome) == ["duplicate"])
      #expect(files[1]?.counts == Model.Counts(seen: 4, accepted: 2, rejected: 1, duplicate: 1, superseding: 0))
      #expect(files[2]?.counts == Model.Counts(seen: 2, accepted: 1, rejected: 0, duplicate: 1, superseding: 1))
      #expect(files[3]?.counts == Model.Counts(seen: 1, accepted: 1, rejected: 0, duplicate: 0, superseding: 0))
      #expect(files[4]?.counts == Model.Counts(seen: 2, accepted: 2, rejected: 0, duplicate: 0, superseding: 2))
      #expect(files[1]?.lines.map(\.outcome) == ["accepted", "accepted", "duplicate", "rejected"])
      #expect(files[1]?.lines.map(\.isCurrent) == [false, true, false, false])
      #expect(files[1]?.lines[0].supersededBy == 2 && files[2]?.lines[0].supersededBy == 4)
      #expect(files[4]?.lines.map(\.version) == [3, 4] && files[4]?.lines.map(\.isCurrent) == [false, true])
    }
  }
}
