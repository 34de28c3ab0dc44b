import ChaosKit
import Foundation
import Glibc
import Synchronization
import Testing

/// The program is broken on purpose, in every way we know; afterwards one more run makes everything right.
///
/// `SONGHAN_TEST_EFFORT=n` goes n times as deep (1 when left out).
@Suite(.serialized) struct ChaosTests {}

let effort = max(1, Int(ProcessInfo.processInfo.environment["SONGHAN_TEST_EFFORT"] ?? "") ?? 1)

/// Runs `body` for each item on two threads of their own, since it waits for processes; what it complains of is the test's to record.
func spread<Item: Sendable>(
  _ items: [Item], _ body: @escaping @Sendable (Item, inout [String]) throws -> Void
) async -> [String] {
  let list = WorkList(items.count)
  let complaints = await withTaskGroup(of: [String].self) { group in
    for _ in 0..<2 {
      group.addTask {
        await onThread {
          var complaints: [String] = []
          while let index = list.next() {
            do { try body(items[index], &complaints) } catch { complaints.append("\(error)") }
          }
          return complaints
        }
      }
    }
    return await group.reduce(into: []) { $0 += $1 }
  }
  return complaints
}

/// Runs `body` on a thread of its own: what blocks stays off the shared pool.
func onThread<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
  await withCheckedContinuation { continuation in
    let thread = Thread { continuation.resume(returning: body()) }
    thread.stackSize = 4 << 20
    thread.start()
  }
}

/// Waits for a process, though not for ever.
///
/// - Returns: its status; -9 when it had to be killed.
func status(of process: Process, within seconds: Int = 60) -> Int32 {
  let end = ContinuousClock.now + .seconds(seconds)
  while process.isRunning, ContinuousClock.now < end { usleep(2000) }
  guard process.isRunning else { return process.terminationStatus }
  kill(process.processIdentifier, SIGKILL)
  return -SIGKILL
}

/// Each complaint as an issue of its own.
func record(_ complaints: [String]) {
  for complaint in complaints {
    print("chaos: \(complaint)")
    Issue.record("\(complaint)")
  }
}

final class WorkList: Sendable {
  private let state = Mutex(0)
  private let count: Int
  init(_ count: Int) { self.count = count }
  func next() -> Int? {
    state.withLock { next in
      guard next < count else { return nil }
      next += 1
      return next - 1
    }
  }
}
