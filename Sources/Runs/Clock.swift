package import Bytes
internal import Foundation

/// The time of day, for people and for rules about «not in the future»; never for order, names or leases.
package enum Clock {
  /// Now, local time of Viet Nam.
  package static func now() -> CivilMinute {
    CivilMinute(minutesSinceEpoch: Int64(Date.now.timeIntervalSince1970 / 60) + 420)
  }

  /// `2026-11-22T10:54+07:00`
  package static func text() -> String { now().description }
}
