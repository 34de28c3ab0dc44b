internal import Foundation

/// A thread that loads one batch while its worker fills the next: the parser and the server work at the same time.
///
/// Whatever is handed over (connection, batch, partitions) belongs to the lane until ``wait()`` has returned.
final class LoadingLane {
  /// What both threads see. `@unchecked`: one of them writes before a semaphore is signalled, the other reads behind its wait.
  private final class Desk: @unchecked Sendable {
    let begins = DispatchSemaphore(value: 0)
    let ends = DispatchSemaphore(value: 0)
    var job: (() -> Void)?
    var hasEnded = false
  }

  private let desk = Desk()
  private var isStarted = false
  private var isAtWork = false

  deinit {
    wait()
    desk.hasEnded = true
    desk.begins.signal()
  }

  /// True when what is under way would have to be waited for.
  func wouldWait() -> Bool {
    guard isAtWork else { return false }
    guard desk.ends.wait(timeout: .now()) == .success else { return true }
    isAtWork = false
    return false
  }

  /// Does something on the lane's thread; the first time starts it.
  func begin(_ body: @escaping () -> Void) {
    precondition(!isAtWork, "a lane does one thing at a time")
    isAtWork = true
    desk.job = body
    if !isStarted {
      isStarted = true
      let thread = Thread { [desk] in
        while true {
          desk.begins.wait()
          if desk.hasEnded { return }
          desk.job?()
          desk.job = nil
          desk.ends.signal()
        }
      }
      thread.stackSize = 4 << 20
      thread.start()
    }
    desk.begins.signal()
  }

  /// Waits for what is under way, if anything is.
  func wait() {
    guard isAtWork else { return }
    desk.ends.wait()
    isAtWork = false
  }
}
