internal import Bytes
internal import Findings
internal import Records

extension FieldCheck {
  /// What nearly every cell of a column of a plain schema is like: reads such a cell eight bytes at a time, and leaves all others, and all that
  /// there is something to say about, to a closer look.
  struct Quick: Sendable {
    enum Form: UInt8, Sendable {
      /// Nothing is quick about it.
      case none
      /// Any text of at most ``mostBytes``.
      case text
      /// One of a few texts of at most seven bytes.
      case choice
      /// At most twelve digits.
      case digits
      /// At most eight digits, and up to ``decimals`` (no more than four) behind the mark.
      case units
      case isoDate, isoMinutes, dayFirst, dayFirstMinutes
    }
    private var form = Form.none
    private(set) var isRequired: Bool
    private var mark: UInt8 = 0
    private var decimals: UInt8 = 0
    private var mostBytes: UInt32 = 0
    /// Bit n: a cell of n bytes (63: or more) may be one that means «missing».
    private var missing: UInt64 = 0
    private var minimum = Int64.min
    private var maximum = Int64.max
    /// Of ``Form/choice``: which of the table's.
    private var choices: Range<Int32> = 0..<0
    /// A date's value is its day.
    private var isDay = false

    /// The cell asks for a closer look.
    static let unknown = Int64.min + 3

    /// A column each cell of which is looked at closely.
    init(isRequired: Bool) { self.isRequired = isRequired }

    /// - Parameter choices: those of the table's columns so far.
    init(
      _ column: SourceColumn, _ field: PlainField, _ rest: PlainRest, warnAboveLength: Int, hasCodes: Bool,
      _ choices: inout [UInt64]
    ) {
      isRequired = column.isRequired
      (minimum, maximum) = (rest.minimum, rest.maximum)
      mark = rest.decimalMark
      decimals = UInt8(clamping: min(rest.scale, 4))
      // a text has no more characters than bytes
      mostBytes = UInt32(clamping: warnAboveLength)
      missing = rest.missing.reduce(0) { $0 | 1 << UInt64(min($1.count, 63)) }
      let isPlainNumber = field.isBareNumber && rest.groupMark.isEmpty && rest.choices.isEmpty
      switch field.form {
      case .text where hasCodes || field.minLength != nil || field.pattern != nil: break
      case .text where field.choices.isEmpty: form = .text
      case .text:
        let words = rest.texts.compactMap { text in
          unsafe text.withUnsafeBufferPointer { unsafe Quick.word($0, 0, text.count) }
        }
        if words.count == rest.texts.count {
          form = .choice
          self.choices = Int32(choices.count)..<Int32(choices.count + words.count)
          choices += words
        }
      case .integer where isPlainNumber: form = .digits
      case .number where isPlainNumber: form = .units
      case .date where rest.pattern.hasTime: break
      case .date where rest.choices.isEmpty, .datetime where rest.choices.isEmpty:
        switch rest.pattern.usual {
        case .isoDate: form = .isoDate
        case .isoMinutes: form = .isoMinutes
        case .dayFirst: form = .dayFirst
        case .dayFirstMinutes: form = .dayFirstMinutes
        case .none: break
        }
      case .integer, .number, .boolean, .year, .date, .datetime: break
      }
      isDay = field.form == .date
    }
  }
}

extension FieldCheck.Quick {
  private static let zeros: UInt64 = 0x3030_3030_3030_3030

  /// The value of a filled cell, or ``unknown``.
  @inline(__always)
  func read(_ cell: TableRecords.Cell, _ text: UnsafeBufferPointer<UInt8>, _ choices: [UInt64]) -> Int64 {
    let (start, count) = (Int(cell.offset), Int(cell.length))
    if missing &>> UInt64(min(cell.length, 63)) & 1 != 0 { return FieldCheck.Quick.unknown }
    if form == .text { return cell.length <= mostBytes ? CellValue.text : FieldCheck.Quick.unknown }
    guard form != .none, start &+ count <= text.count else { return FieldCheck.Quick.unknown }
    return unsafe read(text, start, count, choices)
  }

  private func read(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int, _ choices: [UInt64]) -> Int64 {
    let value: Int64?
    switch form {
    case .none, .text: return FieldCheck.Quick.unknown
    case .choice:
      guard let word = unsafe FieldCheck.Quick.word(text, start, count), count <= mostBytes else {
        return FieldCheck.Quick.unknown
      }
      for place in self.choices where choices[Int(place)] == word { return CellValue.text }
      return FieldCheck.Quick.unknown
    case .digits: value = unsafe FieldCheck.Quick.digits(text, start, count)
    case .units: value = unsafe units(text, start, count)
    case .isoDate, .isoMinutes: value = unsafe isoMinutes(text, start, count).map { isDay ? $0 / 1440 : $0 }
    case .dayFirst, .dayFirstMinutes:
      value = unsafe dayFirstMinutes(text, start, count).map { isDay ? $0 / 1440 : $0 }
    }
    guard let value else { return FieldCheck.Quick.unknown }
    return value >= minimum && value <= maximum ? value : FieldCheck.Quick.unknown
  }

  /// The text of a cell of at most seven bytes, and how many they are.
  @inline(__always)
  private static func word(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> UInt64? {
    guard count <= 7 else { return nil }
    var word = UInt64(count)
    for i in start..<start &+ count { word = unsafe word &<< 8 | UInt64(text[i]) }
    return word
  }

  /// The eight bytes that end before `end`, the first of them lowest.
  @inline(__always)
  private static func bytes(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> UInt64? {
    guard end >= 8, let base = text.baseAddress else { return nil }
    return unsafe UInt64(littleEndian: UnsafeRawPointer(base + (end &- 8)).loadUnaligned(as: UInt64.self))
  }

  /// Eight digits as a number; nil when one of them is none.
  @inline(__always)
  private static func number(_ word: UInt64) -> UInt64? {
    let digits = word ^ zeros
    guard (digits | (digits &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0 == 0 else { return nil }
    // neighbours to pairs, pairs to fours, fours to eight
    let pairs = digits &* 10 &+ digits &>> 8
    let high = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let low = (pairs &>> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (high &+ low) &>> 32
  }

  /// The word with zeros in the place of all but its last `count` bytes, one to eight.
  @inline(__always)
  private static func last(_ count: Int, of word: UInt64) -> UInt64 {
    let kept = UInt64.max &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    return word & kept | zeros & ~kept
  }

  /// One to sixteen digits.
  @inline(__always)
  private static func digits(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int64? {
    guard let word = unsafe bytes(text, before: start &+ count), count <= 16 else { return nil }
    if count <= 8 { return number(last(count, of: word)).map(Int64.init) }
    guard let front = unsafe bytes(text, before: start &+ count &- 8), let low = number(word),
      let high = number(last(count &- 8, of: front))
    else { return nil }
    return Int64(high &* 100_000_000 &+ low)
  }

  /// One to twelve digits, and behind a mark up to so many as the column has: in ten-thousandths.
  @inline(__always)
  private func units(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int64? {
    guard let word = unsafe FieldCheck.Quick.bytes(text, before: start &+ count) else { return nil }
    // the mark among the last five bytes: high bits where one is it, right for the lowest of them
    let x = FieldCheck.Quick.last(min(count, 5), of: word) ^ UInt64(mark) &* 0x0101_0101_0101_0101
    let found = (x &- 0x0101_0101_0101_0101) & ~x & 0x8080_8080_8080_8080
    if found == 0 {
      guard count <= 12, let whole = unsafe FieldCheck.Quick.digits(text, start, count) else { return nil }
      return whole &* 10_000
    }
    let behind = 7 &- found.trailingZeroBitCount &>> 3
    let before = count &- behind &- 1
    guard behind >= 1, behind <= decimals, before >= 1, before <= 12,
      let whole = unsafe FieldCheck.Quick.digits(text, start, before),
      let part = FieldCheck.Quick.number(FieldCheck.Quick.last(behind, of: word))
    else { return nil }
    var fraction = Int64(part)
    for _ in behind..<4 { fraction = fraction &* 10 }
    return whole &* 10_000 &+ fraction
  }

  // MARK: dates

  /// Two digits of a word whose bytes are their values.
  @inline(__always)
  private static func pair(_ digits: UInt64, _ place: UInt64) -> Int32 {
    Int32(truncatingIfNeeded: (digits &>> (8 &* place) & 0xFF) &* 10 &+ (digits &>> (8 &* place &+ 8) & 0xFF))
  }

  /// Whether all bytes are values of digits, and those of `none` zero.
  @inline(__always)
  private static func areDigits(_ digits: UInt64, none: UInt64) -> Bool {
    (digits | (digits &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0 | digits & none == 0
  }

  /// `2025-03-01`, `2025-03-01 08:30` in minutes since the epoch.
  @inline(__always)
  private func isoMinutes(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int64? {
    typealias Quick = FieldCheck.Quick
    guard count == (form == .isoDate ? 10 : 16), let front = unsafe Quick.bytes(text, before: start &+ 8),
      let back = unsafe Quick.bytes(text, before: start &+ count)
    else { return nil }
    let date = front ^ 0x2D30_302D_3030_3030  // 0000-00-
    guard Quick.areDigits(date, none: 0xFF00_00FF_0000_0000) else { return nil }
    let year = Quick.pair(date, 0) &* 100 &+ Quick.pair(date, 2)
    if form == .isoDate {
      let rest = Quick.last(2, of: back) ^ Quick.zeros
      guard Quick.areDigits(rest, none: 0) else { return nil }
      return Quick.minutes(year, Quick.pair(date, 5), Quick.pair(rest, 6), 0)
    }
    let rest = back ^ 0x3030_3A30_3020_3030  // 00 00:00
    guard Quick.areDigits(rest, none: 0x0000_FF00_00FF_0000) else { return nil }
    return Quick.minutes(year, Quick.pair(date, 5), Quick.pair(rest, 0), rest)
  }

  /// `01/03/2025`, `01/03/2025 08:30` in minutes since the epoch.
  @inline(__always)
  private func dayFirstMinutes(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int64? {
    typealias Quick = FieldCheck.Quick
    guard count == (form == .dayFirst ? 10 : 16), let front = unsafe Quick.bytes(text, before: start &+ 8),
      let back = unsafe Quick.bytes(text, before: start &+ count)
    else { return nil }
    let date = front ^ 0x3030_2F30_302F_3030  // 00/00/00
    guard Quick.areDigits(date, none: 0x0000_FF00_00FF_0000) else { return nil }
    let (day, month, century) = (Quick.pair(date, 0), Quick.pair(date, 3), Quick.pair(date, 6) &* 100)
    if form == .dayFirst {
      let rest = Quick.last(2, of: back) ^ Quick.zeros
      guard Quick.areDigits(rest, none: 0) else { return nil }
      return Quick.minutes(century &+ Quick.pair(rest, 6), month, day, 0)
    }
    let rest = back ^ 0x3030_3A30_3020_3030  // 00 00:00
    guard Quick.areDigits(rest, none: 0x0000_FF00_00FF_0000) else { return nil }
    return Quick.minutes(century &+ Quick.pair(rest, 0), month, day, rest)
  }

  /// - Parameter time: hour and minute at the bytes 3 and 6; 0: midnight.
  @inline(__always)
  private static func minutes(_ year: Int32, _ month: Int32, _ day: Int32, _ time: UInt64) -> Int64? {
    let (hour, minute) = (pair(time, 3), pair(time, 6))
    guard hour < 24, minute < 60, let date = CivilDate(year: year, month: month, day: day) else { return nil }
    return Int64(date.daysSinceEpoch) &* 1440 &+ Int64(hour &* 60 &+ minute)
  }
}
