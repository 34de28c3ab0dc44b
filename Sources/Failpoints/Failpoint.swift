internal import Glibc
internal import Synchronization

/// Marks a step whose effect is outside the process, so that tests can end the process right there.
///
/// `SONGHAN_FAILPOINT=name[:n]` kills the process with SIGKILL at the nth hit of that point (first when n is missing).
/// `SONGHAN_FAILPOINT_LOG=path` gets a line with the point's name at every hit: that is how a test learns which points a
/// run passes, and how often. With neither set, a point costs one look at a flag.
///
/// Each name stands at one place only; a test kills the program at every name that the sources hold.
package func failpoint(_ name: StaticString) {
  guard let failpoints = Failpoints.ofEnvironment else { return }
  failpoints.hit(name.description)
}

private final class Failpoints: Sendable {
  static let ofEnvironment: Failpoints? = {
    let fatal = value("SONGHAN_FAILPOINT")
    let log = value("SONGHAN_FAILPOINT_LOG")
    return fatal == nil && log == nil ? nil : Failpoints(fatal: fatal, log: log)
  }()

  private static func value(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  private let fatalName: String?
  private let fatalHit: Int
  private let log: String?
  private let hits = Mutex<[String: Int]>([:])

  private init(fatal: String?, log: String?) {
    let parts = (fatal ?? "").split(separator: ":", maxSplits: 1)
    fatalName = parts.first.map(String.init)
    fatalHit = parts.count == 2 ? Int(parts[1]) ?? 1 : 1
    self.log = log
  }

  func hit(_ name: String) {
    let count = hits.withLock { hits in
      hits[name, default: 0] += 1
      return hits[name] ?? 1
    }
    if let log { append(name, to: log) }
    guard name == fatalName, count == fatalHit else { return }
    _ = kill(getpid(), SIGKILL)
    while true { _ = pause() }
  }

  /// Written with plain calls: neither fault plans nor failures of the log are part of what is tested.
  private func append(_ name: String, to log: String) {
    let file = unsafe open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { return }
    let line = Array((name + "\n").utf8)
    _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
    _ = Glibc.close(file)
  }
}
