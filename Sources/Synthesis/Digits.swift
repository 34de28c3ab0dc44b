internal import Bytes

/// Numbers and dates as the hospital's files write them.
enum Digits {
  /// `yyyyMMdd`.
  static func date(_ day: CivilDate) -> String {
    let (year, month, day) = day.components
    return String(year * 10_000 + month * 100 + day)
  }

  /// `yyyyMMddHHmm`.
  static func minute(_ moment: CivilMinute) -> String {
    let (year, month, day) = moment.day.components
    let time = moment.minuteOfDay
    return String(Int64(year * 10_000 + month * 100 + day) * 10_000 + time / 60 * 100 + time % 60)
  }

  /// Thousandths with three decimals: `12.000`.
  static func thousandths(_ value: Int64) -> String {
    let fraction = value % 1000
    let whole = String(value / 1000)
    if fraction == 0 { return whole + ".000" }
    return whole + "." + padded(Int(fraction), 3)
  }

  /// Hundredths without trailing zeros: `1234.5`.
  static func hundredths(_ value: Int64) -> String {
    let fraction = value % 100
    let whole = String(value / 100)
    if fraction == 0 { return whole }
    return fraction % 10 == 0 ? whole + "." + String(fraction / 10) : whole + "." + padded(Int(fraction), 2)
  }

  static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return digits.utf8.count >= width ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
  }
}

extension CivilMinute {
  init(_ day: CivilDate, minute: Int) {
    self.init(minutesSinceEpoch: Int64(day.daysSinceEpoch) * 1440 + Int64(minute))
  }

  static func + (moment: CivilMinute, minutes: Int) -> CivilMinute {
    CivilMinute(minutesSinceEpoch: moment.minutesSinceEpoch + Int64(minutes))
  }
}

extension CivilDate {
  static func + (day: CivilDate, days: Int) -> CivilDate {
    CivilDate(daysSinceEpoch: day.daysSinceEpoch + Int32(days))
  }

  static func - (a: CivilDate, b: CivilDate) -> Int { Int(a.daysSinceEpoch) - Int(b.daysSinceEpoch) }
}

extension Digits {
  /// A `yyyyMMddHHmm` so many minutes later.
  static func moved(_ moment: String, by minutes: Int) -> String {
    guard let start = CivilMinute(compact: Array(moment.utf8).span) else { return moment }
    return minute(start + minutes)
  }
}
