/// A day of the proleptic Gregorian calendar, without a time zone.
@frozen
public struct CivilDate: Sendable, Hashable, Comparable {
  /// Days since 1970-01-01.
  public var daysSinceEpoch: Int32

  @inlinable public init(daysSinceEpoch: Int32) { self.daysSinceEpoch = daysSinceEpoch }

  /// The day `day` of `month` of `year`, or nil when there is no such day; years 1 to 9999.
  @inlinable
  public init?(year: Int32, month: Int32, day: Int32) {
    guard year >= 1, year <= 9999, month >= 1, month <= 12, day >= 1, day <= 31 else { return nil }
    if day > 28 && day > CivilDate.days(inMonth: month, year: year) { return nil }
    daysSinceEpoch = CivilDate.count(year: year, month: month, day: day)
  }

  /// Reads a date written `yyyyMMdd`: exactly eight ASCII digits.
  @inlinable
  public init?(compact text: Span<UInt8>) {
    guard text.count == 8 else { return nil }
    self.init(compact: text, at: 0)
  }

  @inlinable
  public init?(compact text: Span<UInt8>, at start: Int) {
    guard let year = CivilDate.number(text, start, 4), let month = CivilDate.number(text, start + 4, 2),
      let day = CivilDate.number(text, start + 6, 2)
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// `count` ASCII digits at `start`, or nil.
  @inlinable
  public static func number(_ text: Span<UInt8>, _ start: Int, _ count: Int) -> Int32? {
    var value: Int32 = 0
    for i in start..<start + count {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ Int32(digit)
    }
    return value
  }

  @inlinable
  public static func < (a: CivilDate, b: CivilDate) -> Bool { a.daysSinceEpoch < b.daysSinceEpoch }

  @inlinable
  public static func isLeap(_ year: Int32) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  @inlinable
  public static func days(inMonth month: Int32, year: Int32) -> Int32 {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 (after Howard Hinnant, «chrono-compatible low-level date algorithms»).
  @inlinable
  static func count(year: Int32, month: Int32, day: Int32) -> Int32 {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// Year, month (1–12) and day (1–31).
  @inlinable
  public var components: (year: Int32, month: Int32, day: Int32) {
    let z = daysSinceEpoch + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let mp = (5 * dayOfYear + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * mp + 2) / 5 + 1)
  }

  /// The first day of this day's month.
  @inlinable
  public var firstOfMonth: CivilDate {
    CivilDate(daysSinceEpoch: daysSinceEpoch - (components.day - 1))
  }

  /// The first day of the month after this day's month.
  public var firstOfNextMonth: CivilDate {
    let (year, month, _) = components
    return CivilDate(
      daysSinceEpoch: month == 12
        ? CivilDate.count(year: year + 1, month: 1, day: 1) : CivilDate.count(year: year, month: month + 1, day: 1))
  }
}

extension CivilDate: CustomStringConvertible {
  /// `2025-03-01` (ISO 8601).
  public var description: String {
    let (year, month, day) = components
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }
}

@usableFromInline
func padded(_ number: some BinaryInteger, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A minute of local time in Viet Nam (UTC+7, no daylight saving): what `yyyyMMddHHmm` says.
@frozen
public struct CivilMinute: Sendable, Hashable, Comparable {
  /// Minutes since 1970-01-01 00:00 local time.
  public var minutesSinceEpoch: Int64

  @inlinable public init(minutesSinceEpoch: Int64) { self.minutesSinceEpoch = minutesSinceEpoch }

  /// Reads exactly twelve ASCII digits `yyyyMMddHHmm`, hour 00–23.
  @inlinable
  public init?(compact text: Span<UInt8>) {
    guard text.count == 12, let day = CivilDate(compact: text, at: 0), let hour = CivilDate.number(text, 8, 2),
      let minute = CivilDate.number(text, 10, 2), hour < 24, minute < 60
    else { return nil }
    minutesSinceEpoch = Int64(day.daysSinceEpoch) * 1440 + Int64(hour * 60 + minute)
  }

  @inlinable
  public static func < (a: CivilMinute, b: CivilMinute) -> Bool { a.minutesSinceEpoch < b.minutesSinceEpoch }

  @inlinable
  public var day: CivilDate {
    let (q, r) = minutesSinceEpoch.quotientAndRemainder(dividingBy: 1440)
    return CivilDate(daysSinceEpoch: Int32(truncatingIfNeeded: r < 0 ? q - 1 : q))
  }

  /// Minute of the day, 0–1439.
  @inlinable
  public var minuteOfDay: Int64 {
    let r = minutesSinceEpoch % 1440
    return r < 0 ? r + 1440 : r
  }

  /// Seconds since 1970-01-01 00:00 UTC.
  @inlinable
  public var unixSeconds: Int64 { (minutesSinceEpoch - 420) * 60 }
}

extension CivilMinute: CustomStringConvertible {
  /// `2025-03-01T08:30+07:00` (ISO 8601).
  public var description: String {
    "\(day)T\(padded(minuteOfDay / 60, 2)):\(padded(minuteOfDay % 60, 2))+07:00"
  }
}

/// A birth date as the decisions write it: twelve digits, where unknown parts are zeros (QĐ 130, field NGAY_SINH).
@frozen
public struct BirthDate: Sendable, Hashable {
  @frozen
  public enum Precision: UInt8, Sendable, Hashable {
    case year
    case day
    case minute
  }
  /// The day of birth; 1 January of the year when only the year is known.
  public var day: CivilDate
  public var precision: Precision
  /// Minute of the day when `precision` is `.minute`, else 0.
  public var minuteOfDay: Int32

  /// Reads 12 digits `yyyyMMddHHmm` (or 8 digits): month and day both real or both `00`; time `0000` is taken as unknown.
  @inlinable
  public init?(compact text: Span<UInt8>) {
    guard text.count == 12 || text.count == 8, let year = CivilDate.number(text, 0, 4),
      let month = CivilDate.number(text, 4, 2), let dayOfMonth = CivilDate.number(text, 6, 2)
    else { return nil }
    var minutes: Int32 = 0
    if text.count == 12 {
      guard let hour = CivilDate.number(text, 8, 2), let minute = CivilDate.number(text, 10, 2), hour < 24, minute < 60
      else { return nil }
      minutes = hour * 60 + minute
    }
    if month == 0 && dayOfMonth == 0 {
      guard minutes == 0, let first = CivilDate(year: year, month: 1, day: 1) else { return nil }
      self.init(day: first, precision: .year, minuteOfDay: 0)
    } else {
      guard let day = CivilDate(year: year, month: month, day: dayOfMonth) else { return nil }
      self.init(day: day, precision: minutes == 0 ? .day : .minute, minuteOfDay: minutes)
    }
  }

  @inlinable
  public init(day: CivilDate, precision: Precision, minuteOfDay: Int32) {
    self.day = day
    self.precision = precision
    self.minuteOfDay = minuteOfDay
  }

  @inlinable
  public var moment: CivilMinute {
    CivilMinute(minutesSinceEpoch: Int64(day.daysSinceEpoch) * 1440 + Int64(minuteOfDay))
  }
}
