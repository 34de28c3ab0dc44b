package import Bytes
package import Records

/// The days on which the decisions changed what is right. Every rule that depends on the date of care asks here; the editions of codes stand
/// in the code lists (`valid_from`, `valid_to`).
package enum Switches {
  /// 4750 in force; 130 until the day before.
  package static let qd4750 = day(2024, 7, 1)
  /// Hospitals could try 4750 from this day.
  package static let trialOf4750 = day(2024, 4, 1)
  /// 3176 in use everywhere.
  package static let qd3176 = day(2025, 1, 1)
  /// Decimals in MUC_HUONG (decision 1931 of 2026, as reported by secondary sources).
  package static let decimalRates = day(2026, 7, 1)

  /// Whether data are worked out by the rules from before 4750. Before the trial they all are; during the trial the layout of the dossier
  /// tells; a dossier without a date of care counts as new.
  package static func isBefore4750(_ care: CivilDate?, _ edition: Dossier.Edition) -> Bool {
    guard let care else { return false }
    if care >= qd4750 { return false }
    return care < trialOf4750 || edition == .qd130 || edition == .qd4210
  }

  /// Rule C12: how many days after discharge a result may come.
  package static func lateResultDays(_ care: CivilDate?) -> Int {
    guard let care, care < qd4750 else { return 60 }
    return 30
  }

  package static func isFrom3176(_ care: CivilDate?) -> Bool { care.map { $0 >= qd3176 } ?? true }

  package static func allowsDecimalRates(_ care: CivilDate?) -> Bool { care.map { $0 >= decimalRates } ?? true }

  private static func day(_ year: Int32, _ month: Int32, _ day: Int32) -> CivilDate {
    CivilDate(year: year, month: month, day: day) ?? CivilDate(daysSinceEpoch: 0)
  }
}
