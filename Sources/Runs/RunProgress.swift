internal import Synchronization

/// How far a run is: counted by the workers, shown by the terminal.
package final class RunProgress: Sendable {
  package struct Snapshot: Sendable {
    package var files = 0
    package var totalFiles = 0
    package var bytes = 0
    package var totalBytes = 0
    package var dossiers = 0
  }
  private struct State {
    var snapshot = Snapshot()
    var failure: RunFailure?
  }
  private let state = Mutex(State())

  package init() {}

  package var snapshot: Snapshot { state.withLock { $0.snapshot } }
  /// The first trouble with local files that did not end the run.
  package var failure: RunFailure? { state.withLock { $0.failure } }

  func expect(files: Int, bytes: Int) {
    state.withLock {
      $0.snapshot.totalFiles = files
      $0.snapshot.totalBytes = bytes
    }
  }

  func add(dossiers: Int, bytes: Int) {
    state.withLock {
      $0.snapshot.dossiers += dossiers
      $0.snapshot.bytes += bytes
    }
  }

  func addFile() { state.withLock { $0.snapshot.files += 1 } }
  func note(_ failure: RunFailure) { state.withLock { if $0.failure == nil { $0.failure = failure } } }
}

/// A wish to end soon: set by a signal or a time limit, looked at between dossiers and pieces; it cuts waits for the server short.
package final class Cancellation: Sendable {
  private struct State {
    var reason: Int32 = 0
    var next = 0
    var waits: [Int: @Sendable () -> Void] = [:]
  }
  private let state = Mutex(State())

  package init() {}

  /// Once set, a reason stays; asking again cuts short once more what waits.
  package func request(_ exitCode: Int32) {
    let waits = state.withLock { state in
      if state.reason == 0 { state.reason = exitCode }
      return Array(state.waits.values)
    }
    for cutShort in waits { cutShort() }
  }
  package var isRequested: Bool { state.withLock { $0.reason != 0 } }
  /// The exit code that belongs to the reason: 143, 130 or 75; 0 when there is none.
  package var exitCode: Int32 { state.withLock { $0.reason } }

  /// Calls `cutShort` with every request until ``forget(_:)`` gets the number that this answers.
  func whenRequested(replacing old: Int? = nil, _ cutShort: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      if let old { state.waits[old] = nil }
      state.next += 1
      state.waits[state.next] = cutShort
      return state.next
    }
  }

  func forget(_ number: Int) { state.withLock { $0.waits[number] = nil } }
}
