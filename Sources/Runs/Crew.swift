internal import Foundation
internal import Synchronization

/// Threads that work through a list together; blocking calls stay off the shared pool.
enum Crew {
  /// Runs `body` on `count` threads, each with its number, and waits for all of them.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    if count == 1 { return body(0) }
    let done = DispatchGroup()
    for number in 0..<count {
      done.enter()
      let thread = Thread {
        body(number)
        done.leave()
      }
      thread.stackSize = 4 << 20
      thread.start()
    }
    done.wait()
  }
}

/// Hands out the numbers of a list's items, each once, until it is told to stop.
final class WorkList: Sendable {
  private struct State {
    var next = 0
    var isStopped = false
  }
  private let state = Mutex(State())
  private let count: Int

  init(count: Int) { self.count = count }

  func next() -> Int? {
    state.withLock { state in
      guard !state.isStopped, state.next < count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  func stop() { state.withLock { $0.isStopped = true } }
}
