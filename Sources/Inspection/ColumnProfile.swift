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
  package var minLength = 0
  package var maxLength = 0
  package var distinct = 0
  /// The number of distinct values is an estimate.
  package var isEstimated = false
  /// No value stands twice and none is missing; nil when there were too many to know.
  package var isUnique: Bool? = true
  /// Most frequent shapes of values: A and a for letters, 9 for digits.
  package var examples: [String] = []

  package init(name: String) { self.name = name }

  private enum CodingKeys: CodingKey {
    case name, kind, format, decimalChar, groupChar, readings, values, missing, missingMarks, minLength, maxLength,
      distinct,
      isEstimated, isUnique, examples
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
    fileprivate var dates = ColumnProfile.patterns
    fileprivate var numbers = Set(NumberForm.allCases)
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
      work.dates.removeAll { pattern in
        guard let reading = pattern.read(text.span) else { return true }
        // digits alone are a date only in a year that people live in
        return reading.day.daysSinceEpoch < -25_567 || reading.day.daysSinceEpoch >= 47_847  // 1900 to 2100
      }
    }
    guard !work.numbers.isEmpty else { return }
    let digits = text.count { $0 >= 0x30 && $0 <= 0x39 }
    work.longestNumber = max(work.longestNumber, digits)
    let body = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? text.dropFirst() : text[...]
    guard digits > 0, body.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2E || $0 == 0x2C }) else {
      (work.numbers, work.isInteger) = ([], false)
      return
    }
    if digits == body.count {
      if body.count > 1, body.first == 0x30 { work.hasLeadingZero = true }
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
    if !(commas.count == 1 && points.count == 2 && points.allSatisfy { !$0.isEmpty }) { work.numbers.remove(.point) }
    if !(points.count == 1 && commas.count == 2 && commas.allSatisfy { !$0.isEmpty }) { work.numbers.remove(.comma) }
    if !isGrouped(0x2C, 0x2E) { work.numbers.remove(.pointGrouped) }
    if !isGrouped(0x2E, 0x2C) { work.numbers.remove(.commaGrouped) }
    let last = body.split(whereSeparator: { $0 == 0x2E || $0 == 0x2C }).last ?? []
    if last.count != 3 || points.count > 1 && commas.count > 1 { work.showsDecimals = true }
  }

  /// Says what the column is, once all cells were seen.
  mutating func finish(_ work: Work) {
    distinct = isEstimated ? ColumnProfile.estimate(work.smallest) : work.smallest.count
    if isUnique == true { (distinct, isEstimated) = (values, false) }
    if missing > 0, isUnique == true { isUnique = false }
    if values == 0 { isUnique = false }
    examples = work.masks.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(3).map(\.key)
    func decide(_ kind: Kind, format: String? = nil) { (self.kind, self.format) = (kind, format) }
    if values == 0 { return decide(.empty) }
    if work.isBoolean { return decide(.boolean) }
    if !work.dates.isEmpty {
      if work.dates.count == 1 {
        return decide(work.dates[0].hasTime ? .datetime : .date, format: work.dates[0].text)
      }
      readings = work.dates.map(\.text)
      return decide(.ambiguous)
    }
    if work.isInteger {
      let isCode = work.hasLeadingZero || work.longestNumber > 15 || ColumnProfile.saysCode(name)
      return decide(isCode ? .code : .integer)
    }
    guard !work.numbers.isEmpty, work.longestNumber <= 15 else { return decide(.text) }
    if ColumnProfile.saysCode(name) { return decide(.code) }
    if !work.showsDecimals, work.numbers.contains(.point) || work.numbers.contains(.comma) {
      // 1.234 may be one and a bit, or a thousand and more
      readings = work.numbers.contains(.point) ? ["decimalChar .", "groupChar ."] : ["decimalChar ,", "groupChar ,"]
      return decide(.ambiguous)
    }
    if work.numbers.contains(.point) {
      decimalChar = "."
    } else if work.numbers.contains(.comma) {
      decimalChar = ","
    } else if work.numbers.contains(.pointGrouped) {
      (decimalChar, groupChar) = (".", ",")
    } else {
      (decimalChar, groupChar) = (",", ".")
    }
    decide(.decimal)
  }

  // MARK: small things

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
