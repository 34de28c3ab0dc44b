internal import Files

/// The processor time a file may take: so many seconds, and one more for each so many bytes read (reliability rules, section 6).
package struct CPUAllowance: Sendable, Hashable {
  package var seconds: Double
  package var secondsPerTenMegabytes: Double

  package init(seconds: Int = 5, secondsPerTenMegabytes: Int = 1) {
    (self.seconds, self.secondsPerTenMegabytes) = (Double(seconds), Double(secondsPerTenMegabytes))
  }

  /// A debug build computes some thirty times slower; its files are no larger.
  #if DEBUG
    static let slowness = 30.0
  #else
    static let slowness = 1.0
  #endif

  func seconds(forBytes count: Int) -> Double {
    (seconds + secondsPerTenMegabytes * Double(count) / 10_000_000) * CPUAllowance.slowness
  }
}

/// Counts what one pass over a file has used, on the thread that reads it.
final class CPUMeter {
  private let allowance: CPUAllowance
  private let start = ProcessLimits.threadSeconds
  private var bytes = 0
  private(set) var isExceeded = false
  private var asked = 0

  init(_ allowance: CPUAllowance) { self.allowance = allowance }

  func add(bytes count: Int) { bytes += count }

  /// Whether the file may go on. Asking the clock costs a call of the kernel.
  func mayGoOn() -> Bool {
    if !isExceeded, ProcessLimits.threadSeconds - start > allowance.seconds(forBytes: bytes) { isExceeded = true }
    return !isExceeded
  }

  /// As ``mayGoOn()``, at every sixteenth call: for dossiers.
  func mayGoOnForAWhile() -> Bool {
    asked += 1
    return asked % 16 == 0 ? mayGoOn() : !isExceeded
  }
}
