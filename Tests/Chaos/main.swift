// `make chaos`: random scenarios of everything that may go wrong, each from its seed, each compared with a model of the ledger.
import ChaosKit
import Foundation
import Glibc
import SampleKit
import Synchronization

func option(_ name: String, _ otherwise: Int) -> Int {
  guard let index = CommandLine.arguments.firstIndex(of: name), index + 1 < CommandLine.arguments.count else {
    return otherwise
  }
  guard let number = Int(CommandLine.arguments[index + 1]) else {
    print("\(name) takes a number")
    exit(64)
  }
  return number
}

let scenarios = option("--scenarios", 500)
let lanes = option("--lanes", 2)
let single = option("--seed", -1)
let first = single >= 0 ? single : option("--from", 1)
let count = single >= 0 ? 1 : scenarios
let points = try Scenario.points(of: repository)
let started = ContinuousClock.now
let state = Mutex((next: first, tally: Tally()))
let group = DispatchGroup()
for _ in 0..<min(lanes, count) {
  group.enter()
  let thread = Thread {
    defer { group.leave() }
    do {
      let arena = try Arena()
      defer { arena.end() }
      while true {
        let seed = state.withLock { state in
          state.next += 1
          return state.next - 1
        }
        if seed >= first + count { break }
        var tally: Tally
        do {
          tally = try Scenario(seed: UInt64(seed), points: points).play(in: arena)
        } catch {
          tally = Tally()
          tally.scenarios = 1
          tally.wrong = 1
          tally.failures = [(UInt64(seed), ["it could not be played: \(error)"])]
        }
        for failure in tally.failures {
          print("seed \(failure.seed):")
          for complaint in failure.complaints { print("  \(complaint)") }
          print("  again: make chaos SEED=\(failure.seed)")
        }
        let done = state.withLock { state in
          state.tally += tally
          return state.tally.scenarios
        }
        if done % 25 == 0 || !tally.failures.isEmpty {
          print("\(done) scenarios, \(started.duration(to: .now).components.seconds) s")
        }
        fflush(nil)
      }
    } catch {
      print("no server for the scenarios: \(error)")
      state.withLock { $0.tally.wrong += 1 }
    }
  }
  thread.stackSize = 8 << 20
  thread.start()
}
group.wait()
let tally = state.withLock { $0.tally }
print("\nseeds \(first) to \(first + count - 1), \(started.duration(to: .now).components.seconds) s")
print(tally.table)
if !tally.failures.isEmpty {
  print("failing seeds: \(tally.failures.map { "\($0.seed)" }.joined(separator: " "))")
}
exit(tally.failures.isEmpty && tally.wrong == 0 && tally.scenarios == count ? 0 : 1)
