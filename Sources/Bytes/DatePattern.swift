/// How a date or a moment is written, after `strptime`: compiled once, read without a `String`.
///
/// Known are `%Y` (four digits), `%y` (two: 69–99 are 1969–1999), `%m`, `%d`, `%H`, `%I` with `%p`, `%M` (one or two digits), `%S`, `%f`,
/// `%z` (`Z`, `+07:00`, `+0700`), `%%` and plain text; a blank stands for any white space. Two names besides: `excel` (serial days) and
/// `iso` (ISO 8601 date with or without time and zone). A moment with a zone becomes local time of Viet Nam; seconds are read and left out.
public struct DatePattern: Sendable, Hashable {
  private enum Step: Sendable, Hashable {
    case year4, year2, month, day, hour24, hour12, half, minute, second, fraction, zone

    var isNumber: Bool {
      switch self {
      case .year4, .year2, .month, .day, .hour24, .hour12, .minute, .second, .fraction: true
      case .half, .zone, .blanks, .byte: false
      }
    }
    case blanks
    case byte(UInt8)
  }

  private enum Shape: Sendable, Hashable {
    case steps
    /// `%Y-%m-%d`
    case isoDate
    /// `%d/%m/%Y`
    case dayFirst
    case excel
    case iso
    /// ISO 8601 with seconds, as Table Schema writes a `datetime`.
    case isoSeconds
  }

  /// As written.
  package let text: String
  private let shape: Shape
  private let steps: [Step]
  /// Whether it says an hour.
  package let hasTime: Bool
  /// True when only the year is known.
  package let isYearOnly: Bool

  /// What Table Schema takes without a `format`.
  package static let isoDate = DatePattern("%Y-%m-%d") ?? iso
  package static let isoSeconds = DatePattern(
    text: "default", shape: .isoSeconds, steps: [], hasTime: true, isYearOnly: false)
  private static let iso = DatePattern(text: "iso", shape: .iso, steps: [], hasTime: true, isYearOnly: false)

  private init(text: String, shape: Shape, steps: [Step], hasTime: Bool, isYearOnly: Bool) {
    (self.text, self.shape, self.steps) = (text, shape, steps)
    (self.hasTime, self.isYearOnly) = (hasTime, isYearOnly)
  }

  /// Nil when the pattern says no date: it uses what is not listed above, names a part twice, or lacks the year or a day without its month.
  package init?(_ text: String) {
    if text == "excel" || text == "iso" {
      self.init(
        text: text, shape: text == "excel" ? .excel : .iso, steps: [], hasTime: true, isYearOnly: false)
      return
    }
    var steps: [Step] = []
    var bytes = Array(text.utf8)[...]
    while let byte = bytes.popFirst() {
      if byte == 0x20 || byte == 0x09 {
        if steps.last != .blanks { steps.append(.blanks) }
        continue
      }
      guard byte == UInt8(ascii: "%") else {
        steps.append(.byte(byte))
        continue
      }
      guard let letter = bytes.popFirst() else { return nil }
      switch letter {
      case UInt8(ascii: "Y"): steps.append(.year4)
      case UInt8(ascii: "y"): steps.append(.year2)
      case UInt8(ascii: "m"): steps.append(.month)
      case UInt8(ascii: "d"): steps.append(.day)
      case UInt8(ascii: "H"): steps.append(.hour24)
      case UInt8(ascii: "I"): steps.append(.hour12)
      case UInt8(ascii: "p"): steps.append(.half)
      case UInt8(ascii: "M"): steps.append(.minute)
      case UInt8(ascii: "S"): steps.append(.second)
      case UInt8(ascii: "f"): steps.append(.fraction)
      case UInt8(ascii: "z"): steps.append(.zone)
      case UInt8(ascii: "%"): steps.append(.byte(letter))
      case UInt8(ascii: "F"): steps += [.year4, .byte(0x2D), .month, .byte(0x2D), .day]
      case UInt8(ascii: "T"): steps += [.hour24, .byte(0x3A), .minute, .byte(0x3A), .second]
      default: return nil
      }
    }
    let parts = steps.filter { if case .byte = $0 { false } else { $0 != .blanks } }
    let hasHour = parts.contains(.hour24) || parts.contains(.hour12)
    guard Set(parts).count == parts.count, parts.contains(.year4) != parts.contains(.year2),
      parts.contains(.month) || !parts.contains(.day), parts.contains(.hour12) == parts.contains(.half),
      !(parts.contains(.hour24) && parts.contains(.hour12)), !parts.contains(.minute) || hasHour,
      !parts.contains(.second) || parts.contains(.minute), !parts.contains(.fraction) || parts.contains(.second),
      !hasHour || parts.contains(.day), !parts.contains(.zone) || hasHour
    else { return nil }
    let shape: Shape =
      steps == [.year4, .byte(0x2D), .month, .byte(0x2D), .day]
      ? .isoDate : steps == [.day, .byte(0x2F), .month, .byte(0x2F), .year4] ? .dayFirst : .steps
    self.init(text: text, shape: shape, steps: steps, hasTime: hasHour, isYearOnly: !parts.contains(.month))
  }

  /// The ways most files are written in.
  package enum Usual: UInt8, Sendable {
    case none
    /// `2025-03-01`, `2025-03-01 08:30`
    case isoDate, isoMinutes
    /// `01/03/2025`, `01/03/2025 08:30`
    case dayFirst, dayFirstMinutes
  }

  package var usual: Usual {
    switch shape {
    case .isoDate: .isoDate
    case .dayFirst: .dayFirst
    case .steps:
      switch text {
      case "%Y-%m-%d %H:%M": .isoMinutes
      case "%d/%m/%Y %H:%M": .dayFirstMinutes
      default: .none
      }
    case .excel, .iso, .isoSeconds: .none
    }
  }

  /// As people write it in a manual: `dd/MM/yyyy HH:mm`.
  package var spelled: String {
    switch shape {
    case .excel: return "45721.5 (Excel)"
    case .iso: return "yyyy-MM-ddTHH:mm:ss+07:00"
    case .isoSeconds: return "yyyy-MM-ddTHH:mm:ss"
    case .steps, .isoDate, .dayFirst: break
    }
    var result: [UInt8] = []
    for step in steps {
      switch step {
      case .year4: result += "yyyy".utf8
      case .year2: result += "yy".utf8
      case .month: result += "MM".utf8
      case .day: result += "dd".utf8
      case .hour24: result += "HH".utf8
      case .hour12: result += "hh".utf8
      case .half: result += "AM/PM".utf8
      case .minute: result += "mm".utf8
      case .second: result += "ss".utf8
      case .fraction: result += "fff".utf8
      case .zone: result += "+07:00".utf8
      case .blanks: result.append(0x20)
      case .byte(let byte): result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// What a text says: minutes of local time since the epoch, and whether it names an hour.
  package struct Reading: Sendable, Hashable {
    package var minutesSinceEpoch: Int64
    package var hasTime: Bool

    package var day: CivilDate { CivilMinute(minutesSinceEpoch: minutesSinceEpoch).day }
  }

  /// Reads the whole text; nil when it is written in another way or is no date.
  package func read(_ text: Span<UInt8>) -> Reading? {
    switch shape {
    case .isoDate:
      if text.count == 10, text[4] == 0x2D, text[7] == 0x2D, let year = CivilDate.number(text, 0, 4),
        let month = CivilDate.number(text, 5, 2), let day = CivilDate.number(text, 8, 2)
      {
        return DatePattern.reading(CivilDate(year: year, month: month, day: day))
      }
      return readSteps(text)
    case .dayFirst:
      if text.count == 10, text[2] == 0x2F, text[5] == 0x2F, let year = CivilDate.number(text, 6, 4),
        let month = CivilDate.number(text, 3, 2), let day = CivilDate.number(text, 0, 2)
      {
        return DatePattern.reading(CivilDate(year: year, month: month, day: day))
      }
      return readSteps(text)
    case .steps: return readSteps(text)
    case .excel: return DatePattern.readSerial(text)
    case .iso: return DatePattern.readISO(text)
    case .isoSeconds:
      return text.count >= 19 && text[16] == 0x3A ? DatePattern.readISO(text) : nil
    }
  }

  private static func reading(_ day: CivilDate?) -> Reading? {
    day.map { Reading(minutesSinceEpoch: Int64($0.daysSinceEpoch) * 1440, hasTime: false) }
  }

  /// One to `most` digits at `at`, which moves behind them.
  private static func digits(_ text: Span<UInt8>, _ at: inout Int, most: Int) -> Int32? {
    var value: Int32 = 0
    let start = at
    while at < text.count, at - start < most {
      let digit = text[at] &- UInt8(ascii: "0")
      if digit > 9 { break }
      value = value &* 10 &+ Int32(digit)
      at += 1
    }
    return at > start ? value : nil
  }

  private func readSteps(_ text: Span<UInt8>) -> Reading? {
    var at = 0
    var (year, month, day): (Int32, Int32, Int32) = (1, 1, 1)
    var (hour, minute): (Int32, Int32) = (0, 0)
    var isNarrow = false
    var isAfternoon: Bool?
    var zone: Int64?
    for (number, step) in steps.enumerated() {
      // digits that touch other digits keep their full width
      let width = number + 1 < steps.count && steps[number + 1].isNumber || number > 0 && steps[number - 1].isNumber
      let start = at
      defer { if width, step.isNumber, step != .year4, step != .fraction, at - start == 1 { isNarrow = true } }
      switch step {
      case .year4:
        guard at + 4 <= text.count, let value = CivilDate.number(text, at, 4) else { return nil }
        at += 4
        year = value
      case .year2:
        guard at + 2 <= text.count, let value = CivilDate.number(text, at, 2) else { return nil }
        at += 2
        year = value + (value < 69 ? 2000 : 1900)
      case .month:
        guard let value = DatePattern.digits(text, &at, most: 2) else { return nil }
        month = value
      case .day:
        guard let value = DatePattern.digits(text, &at, most: 2) else { return nil }
        day = value
      case .hour24:
        guard let value = DatePattern.digits(text, &at, most: 2), value < 24 else { return nil }
        hour = value
      case .hour12:
        guard let value = DatePattern.digits(text, &at, most: 2), value >= 1, value <= 12 else { return nil }
        hour = value
      case .half:
        guard at + 2 <= text.count, text[at + 1] | 0x20 == UInt8(ascii: "m") else { return nil }
        switch text[at] | 0x20 {
        case UInt8(ascii: "a"): isAfternoon = false
        case UInt8(ascii: "p"): isAfternoon = true
        default: return nil
        }
        at += 2
      case .minute:
        guard let value = DatePattern.digits(text, &at, most: 2), value < 60 else { return nil }
        minute = value
      case .second:
        guard let value = DatePattern.digits(text, &at, most: 2), value <= 61 else { return nil }
      case .fraction:
        guard DatePattern.digits(text, &at, most: 6) != nil else { return nil }
      case .zone:
        guard let value = DatePattern.zone(text, &at) else { return nil }
        zone = value
      case .blanks:
        let start = at
        while at < text.count, Text.isSpace(text[at]) { at += 1 }
        if at == start { return nil }
      case .byte(let byte):
        guard at < text.count, text[at] == byte else { return nil }
        at += 1
      }
    }
    guard at == text.count, !isNarrow, let date = CivilDate(year: year, month: month, day: day) else { return nil }
    if let isAfternoon { hour = hour % 12 + (isAfternoon ? 12 : 0) }
    var minutes = Int64(date.daysSinceEpoch) * 1440 + Int64(hour * 60 + minute)
    if let zone { minutes += 420 - zone }
    return Reading(minutesSinceEpoch: minutes, hasTime: hasTime)
  }

  /// `Z`, `+07:00`, `+0700` or `+07`, in minutes east of Greenwich.
  private static func zone(_ text: Span<UInt8>, _ at: inout Int) -> Int64? {
    guard at < text.count else { return nil }
    if text[at] | 0x20 == UInt8(ascii: "z") {
      at += 1
      return 0
    }
    let sign = text[at]
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), at + 3 <= text.count,
      let hours = CivilDate.number(text, at + 1, 2), hours < 24
    else { return nil }
    at += 3
    var minutes: Int32 = 0
    let colon = at < text.count && text[at] == UInt8(ascii: ":") ? 1 : 0
    if at + colon + 2 <= text.count, let value = CivilDate.number(text, at + colon, 2) {
      guard value < 60 else { return nil }
      minutes = value
      at += colon + 2
    } else if colon == 1 {
      return nil
    }
    let offset = Int64(hours * 60 + minutes)
    return sign == UInt8(ascii: "-") ? -offset : offset
  }

  /// `2025-03-01`, `2025-03-01T08:30`, `…:15`, `…:15.250`, each with or without a zone; a blank may stand for the `T`.
  private static func readISO(_ text: Span<UInt8>) -> Reading? {
    guard text.count >= 10, text[4] == 0x2D, text[7] == 0x2D, let year = CivilDate.number(text, 0, 4),
      let month = CivilDate.number(text, 5, 2), let day = CivilDate.number(text, 8, 2),
      let date = CivilDate(year: year, month: month, day: day)
    else { return nil }
    var minutes = Int64(date.daysSinceEpoch) * 1440
    if text.count == 10 { return Reading(minutesSinceEpoch: minutes, hasTime: false) }
    guard text.count >= 16, text[10] | 0x20 == UInt8(ascii: "t") || text[10] == 0x20, text[13] == 0x3A,
      let hour = CivilDate.number(text, 11, 2), let minute = CivilDate.number(text, 14, 2), hour < 24, minute < 60
    else { return nil }
    minutes += Int64(hour * 60 + minute)
    var at = 16
    if at < text.count, text[at] == 0x3A {
      guard at + 3 <= text.count, let second = CivilDate.number(text, at + 1, 2), second <= 60 else { return nil }
      at += 3
      if at < text.count, text[at] == UInt8(ascii: ".") || text[at] == UInt8(ascii: ",") {
        at += 1
        guard digits(text, &at, most: 9) != nil else { return nil }
      }
    }
    if at < text.count {
      guard let zone = zone(text, &at), at == text.count else { return nil }
      minutes += 420 - zone
    }
    return Reading(minutesSinceEpoch: minutes, hasTime: true)
  }

  /// Days since 30 December 1899 as spreadsheets count them, with a fraction for the time. Below 61 two counts differ (1900 was taken for a
  /// leap year): such a number is none.
  private static func readSerial(_ text: Span<UInt8>) -> Reading? {
    var at = 0
    guard let days = digits(text, &at, most: 7), days >= 61, days <= 2_958_465 else { return nil }
    var minutes = Int64(days - 25_569) * 1440
    if at == text.count { return Reading(minutesSinceEpoch: minutes, hasTime: false) }
    guard text[at] == UInt8(ascii: ".") || text[at] == UInt8(ascii: ","), at + 1 < text.count else { return nil }
    at += 1
    // tenths of a billionth of a day, rounded to the minute
    var fraction: Int64 = 0
    var scale: Int64 = 1
    while at < text.count {
      let digit = text[at] &- UInt8(ascii: "0")
      if digit > 9 { return nil }
      if scale < 10_000_000_000 {
        fraction = fraction * 10 + Int64(digit)
        scale *= 10
      }
      at += 1
    }
    minutes += (fraction * 1440 * 2 + scale) / (scale * 2)
    return Reading(minutesSinceEpoch: minutes, hasTime: true)
  }
}
