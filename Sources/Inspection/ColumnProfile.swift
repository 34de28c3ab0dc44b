internal import Bytes
internal import Foundation

/// What a column holds, told from all its cells; the memory it takes does not depend on their number.
package struct ColumnProfile: Codable, Sendable {
  package enum Kind: String, Codable, Sendable {
    case empty
    case integer
    case decimal
    case date
    case datetime
    /// Digits that are no number: leading zeros, or a name that says code.
    case code
    case boolean
    case text
    /// Several readings fit every value; a person has to say which.
    case ambiguous
  }

  package var name: String
  package var kind = Kind.text
  /// How a date is written.
  package var format: String?
  package var decimalChar: String?
  package var groupChar: String?
  /// The readings of an ambiguous column.
  package var readings: [String] = []
  package var values = 0
  package var missing = 0
  /// Marks for a missing value, and how often each stands.
  package var missingMarks: [String: Int] = [:]
  /// The smallest and the largest number as it is, date by its month; nil for texts, codes and numbers of nine digits or more.
  package var least: String?
  package var most: String?
  package var minLength = 0
  package var maxLength = 0
  package var distinct = 0
  /// The number of distinct values is an estimate.
  package var isEstimated = false
  /// No value stands twice and none is missing; nil when there were too many to know.
  package var isUnique: Bool? = true
  /// No value stands twice, but some are missing.
  package var isUniqueWhereFilled = false
  /// Values that are not of the type that the others are of.
  package var misfits = 0
  /// Most frequent shapes of values: A and a for letters, 9 for digits.
  package var examples: [String] = []

  package init(name: String) { self.name = name }

  private enum CodingKeys: CodingKey {
    case name, kind, format, decimalChar, groupChar, readings, values, missing, missingMarks, least, most, minLength,
      maxLength,
      distinct,
      isEstimated, isUnique, isUniqueWhereFilled, misfits, examples
  }

  // MARK: while reading

  /// What is only needed while cells come.
  final class Work {
    /// All values, as long as none stands twice.
    var unique: Set<Int>? = []
    /// The smallest hashes: how close they lie says how many there are.
    fileprivate var smallest: Set<UInt64> = []
    fileprivate var bound = UInt64.max
    fileprivate var masks: [String: Int] = [:]
    /// What each value may still be, and how many it does not fit.
    fileprivate var dates = ColumnProfile.patterns.map {
      (pattern: $0, misfits: 0, low: Int32.max, high: Int32.min)
    }
    fileprivate var numbers = Dictionary(uniqueKeysWithValues: NumberForm.allCases.map { ($0, 0) })
    /// By form, the numbers that fit it.
    fileprivate var ranges: [NumberForm: ClosedRange<Double>] = [:]
    fileprivate var isInteger = true
    fileprivate var hasLeadingZero = false
    /// A separator stood with other than three digits behind it.
    fileprivate var showsDecimals = false
    fileprivate var hasSeparator = false
    fileprivate var isBoolean = true
    fileprivate var longestNumber = 0
  }

  static let missingMarks: Set<String> = [
    "NULL", "null", "Null", "N/A", "n/a", "NA", "#N/A", "NaN", "nan", "\\N", "-", "--", "None",
  ]
  /// A slip in every tenth value, or one in a few, does not hide what a column is.
  static func isSlip(_ misfits: Int, of values: Int) -> Bool {
    misfits == 0 || values >= 5 && misfits <= max(1, values / 10)
  }
  /// The same while not all values are known.
  private static func mayBeSlip(_ misfits: Int, of values: Int) -> Bool { misfits <= 1 + values / 10 }
  private static let mostKept = 2048
  private static let mostMasks = 256

  /// How numbers are written.
  fileprivate enum NumberForm: CaseIterable {
    case point, comma, pointGrouped, commaGrouped
  }

  fileprivate static let patterns: [DatePattern] = {
    let days = [
      "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y",
    ]
    var all = days + days.flatMap { ["\($0) %H:%M", "\($0) %H:%M:%S"] }
    all += ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"]
    return all.compactMap { DatePattern($0) }
  }()

  /// - Returns: whether a value was kept to know if they differ.
  mutating func add(_ text: [UInt8], _ work: Work, mayKeep: Bool) -> Bool {
    let string = String(decoding: text, as: UTF8.self)
    guard !text.isEmpty, !ColumnProfile.missingMarks.contains(string) else {
      missing += 1
      if !text.isEmpty { missingMarks[string, default: 0] += 1 }
      return false
    }
    values += 1
    let length = string.unicodeScalars.count
    minLength = values == 1 ? length : min(minLength, length)
    maxLength = max(maxLength, length)
    let hash = ColumnProfile.mixed(text)
    if hash < work.bound || work.smallest.count < ColumnProfile.mostKept {
      work.smallest.insert(hash)
      if work.smallest.count > ColumnProfile.mostKept {
        work.smallest.remove(work.smallest.max() ?? 0)
        isEstimated = true
      }
      if isEstimated { work.bound = work.smallest.max() ?? .max }
    } else if !work.smallest.contains(hash) {
      isEstimated = true
    }
    var kept = false
    if work.unique != nil {
      if !mayKeep {
        (work.unique, isUnique) = (nil, nil)
      } else if work.unique?.insert(Int(truncatingIfNeeded: hash)).inserted == true {
        kept = true
      } else {
        (work.unique, isUnique) = (nil, false)
      }
    }
    if values <= 10_000 || work.masks.count < 8 {
      let mask = ColumnProfile.mask(string)
      if work.masks[mask] != nil || work.masks.count < ColumnProfile.mostMasks { work.masks[mask, default: 0] += 1 }
    }
    judge(text, string, work)
    return kept
  }

  private func judge(_ text: [UInt8], _ string: String, _ work: Work) {
    if work.isBoolean, !["true", "false"].contains(string.lowercased()) { work.isBoolean = false }
    if !work.dates.isEmpty {
      for number in work.dates.indices {
        // digits alone are a date only in a year that people live in
        let day = work.dates[number].pattern.read(text.span)?.day.daysSinceEpoch
        if let day, day >= -25_567, day < 47_847 {  // 1900 to 2100
          work.dates[number].low = min(work.dates[number].low, day)
          work.dates[number].high = max(work.dates[number].high, day)
        } else {
          work.dates[number].misfits += 1
        }
      }
      work.dates.removeAll { !ColumnProfile.mayBeSlip($0.misfits, of: values) }
    }
    guard !work.numbers.isEmpty else { return }
    defer { work.numbers = work.numbers.filter { ColumnProfile.mayBeSlip($0.value, of: values) } }
    let digits = text.count { $0 >= 0x30 && $0 <= 0x39 }
    let body = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? text.dropFirst() : text[...]
    guard digits > 0, body.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2E || $0 == 0x2C }) else {
      for form in NumberForm.allCases { work.numbers[form]? += 1 }
      return
    }
    work.longestNumber = max(work.longestNumber, digits)
    let isNegative = text.first == UInt8(ascii: "-")
    /// Takes a number that fits a form.
    func fits(_ forms: [NumberForm], _ decimal: UInt8) {
      let plain = body.compactMap { $0 == decimal ? UInt8(ascii: ".") : $0 == 0x2E || $0 == 0x2C ? nil : $0 }
      guard let size = Double(String(decoding: plain, as: UTF8.self)) else { return }
      let number = isNegative ? -size : size
      for form in forms {
        let range = work.ranges[form] ?? number...number
        work.ranges[form] = min(range.lowerBound, number)...max(range.upperBound, number)
      }
    }
    if digits == body.count {
      if body.count > 1, body.first == 0x30 { work.hasLeadingZero = true }
      fits(NumberForm.allCases, 0x2E)
      return
    }
    work.isInteger = false
    work.hasSeparator = true
    let points = body.split(separator: 0x2E, omittingEmptySubsequences: false)
    let commas = body.split(separator: 0x2C, omittingEmptySubsequences: false)
    /// Digits in groups of three between `mark`, then perhaps decimals behind `decimal`.
    func isGrouped(_ mark: UInt8, _ decimal: UInt8) -> Bool {
      let halves = body.split(separator: decimal, omittingEmptySubsequences: false)
      guard halves.count <= 2, let whole = halves.first, halves.last?.contains(mark) != true || halves.count == 1 else {
        return false
      }
      let groups = whole.split(separator: mark, omittingEmptySubsequences: false)
      return groups.count == 1
        ? !whole.isEmpty : (1...3).contains(groups[0].count) && groups.dropFirst().allSatisfy { $0.count == 3 }
    }
    func take(_ form: NumberForm, _ decimal: UInt8, _ isFit: Bool) {
      if isFit { fits([form], decimal) } else { work.numbers[form]? += 1 }
    }
    take(.point, 0x2E, commas.count == 1 && points.count == 2 && points.allSatisfy { !$0.isEmpty })
    take(.comma, 0x2C, points.count == 1 && commas.count == 2 && commas.allSatisfy { !$0.isEmpty })
    take(.pointGrouped, 0x2E, isGrouped(0x2C, 0x2E))
    take(.commaGrouped, 0x2C, isGrouped(0x2E, 0x2C))
    let last = body.split(whereSeparator: { $0 == 0x2E || $0 == 0x2C }).last ?? []
    if last.count != 3 || points.count > 1 && commas.count > 1 { work.showsDecimals = true }
  }

  /// Says what the column is, once all cells were seen.
  mutating func finish(_ work: Work) {
    distinct = isEstimated ? ColumnProfile.estimate(work.smallest) : work.smallest.count
    if isUnique == true { (distinct, isEstimated) = (values, false) }
    if missing > 0, isUnique == true { (isUnique, isUniqueWhereFilled) = (false, values > 0) }
    if values == 0 { isUnique = false }
    examples = work.masks.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(3).map(\.key)
    func decide(_ kind: Kind, format: String? = nil) { (self.kind, self.format) = (kind, format) }
    if values == 0 { return decide(.empty) }
    if work.isBoolean { return decide(.boolean) }
    if let least = work.dates.map(\.misfits).min(), ColumnProfile.isSlip(least, of: values) {
      let fitting = work.dates.filter { $0.misfits == least }
      let patterns = fitting.map(\.pattern)
      if fitting.count == 1, fitting[0].low <= fitting[0].high {
        (self.least, most) = (ColumnProfile.month(fitting[0].low), ColumnProfile.month(fitting[0].high))
      }
      misfits = least
      if patterns.count == 1 { return decide(patterns[0].hasTime ? .datetime : .date, format: patterns[0].text) }
      readings = patterns.map(\.text)
      return decide(.ambiguous)
    }
    guard let least = work.numbers.values.min(), ColumnProfile.isSlip(least, of: values), work.longestNumber > 0 else {
      return decide(.text)
    }
    let numbers = work.numbers.filter { $0.value == least }
    // what is a code anyway has no slips
    if ColumnProfile.saysCode(name) { return decide(least == 0 ? .code : .text) }
    if work.isInteger {
      let isCode = work.hasLeadingZero || work.longestNumber > 15
      if !isCode {
        misfits = least
        tellRange(work.ranges[.point])
      }
      return decide(!isCode ? .integer : least == 0 ? .code : .text)
    }
    guard work.longestNumber <= 15 else { return decide(.text) }
    misfits = least
    if !work.showsDecimals, numbers[.point] != nil || numbers[.comma] != nil {
      // 1.234 may be one and a bit, or a thousand and more
      readings = numbers[.point] != nil ? ["decimalChar .", "groupChar ."] : ["decimalChar ,", "groupChar ,"]
      return decide(.ambiguous)
    }
    let form = [NumberForm.point, .comma, .pointGrouped].first { numbers[$0] != nil } ?? .commaGrouped
    switch form {
    case .point: decimalChar = "."
    case .comma: decimalChar = ","
    case .pointGrouped: (decimalChar, groupChar) = (".", ",")
    case .commaGrouped: (decimalChar, groupChar) = (",", ".")
    }
    tellRange(work.ranges[form])
    decide(.decimal)
  }

  // MARK: small things

  private mutating func tellRange(_ range: ClosedRange<Double>?) {
    guard let range, max(abs(range.lowerBound), abs(range.upperBound)) < ColumnProfile.longNumber else { return }
    (least, most) = (ColumnProfile.text(range.lowerBound), ColumnProfile.text(range.upperBound))
  }

  /// Numbers of nine digits may be those of identity cards.
  private static let longNumber = 100_000_000.0

  private static func text(_ number: Double) -> String {
    var text = String(format: "%.4f", number)
    while text.last == "0" { text.removeLast() }
    return text.last == "." ? String(text.dropLast()) : text
  }

  /// A day would be somebody's birthday.
  private static func month(_ day: Int32) -> String {
    let date = CivilDate(daysSinceEpoch: day).components
    return "\(date.year)-\(date.month < 10 ? "0" : "")\(date.month)"
  }

  /// Whether a text is a number or a date: no name of a column.
  static func looksLikeValue(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    if bytes.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || ".,-/: ".utf8.contains($0) }) { return true }
    return patterns.contains { $0.read(bytes.span) != nil }
  }

  /// Numbers that are names of something: `MA_KHOA`, `so_cccd`, `patient_id`.
  private static func saysCode(_ name: String) -> Bool {
    let words = FoldedName.words(name)
    return !Set(words).isDisjoint(with: ["ma", "id", "code", "cccd", "cmnd", "the", "phone", "sdt", "thoai", "ms"])
  }

  static func mask(_ text: String) -> String {
    var mask = ""
    for scalar in text.unicodeScalars {
      if mask.unicodeScalars.count == 32 { return mask + "…" }
      let properties = scalar.properties
      if properties.numericType != nil {
        mask.append("9")
      } else if properties.isAlphabetic {
        mask.append(properties.isUppercase ? "A" : "a")
      } else if scalar.value < 0x20 || properties.generalCategory == .nonspacingMark {
        continue
      } else {
        mask.unicodeScalars.append(scalar)
      }
    }
    return mask
  }

  /// The same for the same bytes in every process, and evenly spread.
  private static func mixed(_ text: [UInt8]) -> UInt64 {
    var h: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text { h = (h ^ UInt64(byte)) &* 0x100_0000_01B3 }
    h ^= h >> 33
    h = h &* 0xFF51_AFD7_ED55_8CCD
    h ^= h >> 33
    h = h &* 0xC4CE_B9FE_1A85_EC53
    return h ^ h >> 33
  }

  static func hash(_ text: [UInt8]) -> Int { Int(truncatingIfNeeded: mixed(text)) }

  /// How many values there are when these are the smallest hashes of them.
  private static func estimate(_ smallest: Set<UInt64>) -> Int {
    guard let largest = smallest.max(), largest > 0 else { return smallest.count }
    return Int(Double(smallest.count - 1) / (Double(largest) / Double(UInt64.max)))
  }
}

/// Names without marks, case and signs.
enum FoldedName {
  /// `Mã bệnh nhân` and `MA_BENH_NHAN` are the same words.
  static func words(_ name: String) -> [String] {
    name.replacingOccurrences(of: "đ", with: "d").replacingOccurrences(of: "Đ", with: "D")
      .decomposedStringWithCanonicalMapping.lowercased()
      .unicodeScalars.filter { $0.properties.generalCategory != .nonspacingMark }
      .split { !($0.value >= 0x30 && $0.value <= 0x39 || $0.value >= 0x61 && $0.value <= 0x7A) }
      .map { String(String.UnicodeScalarView($0)) }
  }

  static func plain(_ name: String) -> String { words(name).joined(separator: "_") }
}
