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

/// A wish to end soon: set by a signal or a time limit, looked at between dossiers.
package final class Cancellation: Sendable {
  private let reason = Mutex<Int32>(0)

  package init() {}

  package func request(_ exitCode: Int32) { reason.withLock { if $0 == 0 { $0 = exitCode } } }
  package var isRequested: Bool { reason.withLock { $0 != 0 } }
  /// The exit code that belongs to the reason: 143, 130 or 75; 0 when there is none.
  package var exitCode: Int32 { reason.withLock { $0 } }
}
