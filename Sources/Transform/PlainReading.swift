internal import Bytes
package import Records

/// Reads single values as plain Table Schema fields write them; what is a value and what is none follows the standard as frictionless-py reads it.
package enum PlainReading {
  /// Whether a text written in a schema (a bound, a choice) is a value of its field.
  package static func isValue(_ text: String, of field: PlainField) -> Bool { value(text, of: field) != nil }

  /// A text written in a schema as the number that a cell's value is.
  package static func value(_ text: String, of field: PlainField) -> Int64? {
    let bytes = Array(text.utf8)
    switch field.form {
    case .text: return CellValue.text
    case .integer: return integer(bytes.span, groupMark: field.groupMark ?? [], isBare: field.isBareNumber)
    case .number:
      // bounds of a schema are written with a point, whatever the file does
      let plain = number(bytes.span, decimalMark: UInt8(ascii: "."), groupMark: [], isBare: true)
      return
        (plain
        ?? number(
          bytes.span, decimalMark: field.decimalMark ?? UInt8(ascii: "."), groupMark: field.groupMark ?? [],
          isBare: field.isBareNumber))?.units
    case .boolean: return boolean(bytes.span, field.trueValues, field.falseValues)
    case .year: return year(bytes.span)
    case .date:
      for pattern in field.patterns {
        if let reading = pattern.read(bytes.span) { return Int64(reading.day.daysSinceEpoch) }
      }
      return nil
    case .datetime:
      for pattern in field.patterns {
        if let reading = pattern.read(bytes.span) { return reading.minutesSinceEpoch }
      }
      return nil
    }
  }

  /// The range of a text without the signs that stand around its number.
  private static func bare(_ text: Span<UInt8>) -> Range<Int> {
    var low = 0
    var high = text.count
    while low < high, text[low] &- 0x30 > 9, text[low] != UInt8(ascii: "-") { low += 1 }
    while high > low, text[high - 1] &- 0x30 > 9 { high -= 1 }
    return low..<high
  }

  @inline(__always)
  private static func hasMark(_ text: Span<UInt8>, _ at: Int, _ mark: [UInt8]) -> Bool {
    if mark.isEmpty || text[at] != mark[0] { return false }
    if mark.count == 1 { return true }
    guard at + mark.count <= text.count else { return false }
    for i in 1..<mark.count where text[at + i] != mark[i] { return false }
    return true
  }

  /// A whole number of at most 18 digits, with or without a sign.
  package static func integer(_ whole: Span<UInt8>, groupMark: [UInt8], isBare: Bool) -> Int64? {
    let text = isBare ? whole : whole.extracting(bare(whole))
    var at = 0
    var isNegative = false
    if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") {
      isNegative = text[at] == UInt8(ascii: "-")
      at = 1
    }
    var value: Int64 = 0
    var digits = 0
    while at < text.count {
      let digit = text[at] &- 0x30
      if digit > 9 {
        guard hasMark(text, at, groupMark) else { return nil }
        at += groupMark.count
        continue
      }
      if digits == 18 { return nil }
      if value > 0 || digit > 0 { digits += 1 }
      value = value &* 10 &+ Int64(digit)
      at += 1
    }
    guard digits > 0 || (value == 0 && at > 0 && text[at - 1] == 0x30) else { return nil }
    return isNegative ? 0 - value : value
  }

  /// A number in ten-thousandths, with what there is to say about it.
  package struct Number: Sendable, Hashable {
    package var units: Int64
    /// Decimals as written.
    package var decimals: Int
    /// Groups of digits are not of three: `12.5` where the point is said to divide groups.
    package var hasOddGroups: Bool
  }

  package static func number(
    _ whole: Span<UInt8>, decimalMark: UInt8, groupMark: [UInt8], isBare: Bool
  ) -> Number? {
    let text = isBare ? whole : whole.extracting(bare(whole))
    var at = 0
    var isNegative = false
    if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") {
      isNegative = text[at] == UInt8(ascii: "-")
      at = 1
    }
    var mantissa: Int64 = 0
    var significant = 0
    var digits = 0
    var decimals = 0
    var dropped = 0
    var hasMark = false
    var hasOddGroups = false
    var sinceGroup = -1
    var exponent = 0
    while at < text.count {
      let byte = text[at]
      let digit = byte &- 0x30
      if digit <= 9 {
        digits += 1
        if sinceGroup >= 0 { sinceGroup += 1 }
        if significant < 18 {
          mantissa = mantissa &* 10 &+ Int64(digit)
          if mantissa > 0 { significant += 1 }
          if hasMark { decimals += 1 }
        } else if hasMark {
          // beyond what the warehouse keeps
          dropped += 1
        } else {
          return nil
        }
        at += 1
      } else if PlainReading.hasMark(text, at, groupMark) {
        if hasMark || digits == 0 || (sinceGroup < 0 ? digits > 3 : sinceGroup != 3) { hasOddGroups = true }
        sinceGroup = 0
        at += groupMark.count
      } else if byte == decimalMark, !hasMark {
        if sinceGroup >= 0, sinceGroup != 3 { hasOddGroups = true }
        sinceGroup = -1
        hasMark = true
        at += 1
      } else if byte | 0x20 == UInt8(ascii: "e"), digits > 0 {
        let rest = text.extracting((at + 1)...)
        guard rest.count <= 4, let value = integer(rest, groupMark: [], isBare: true) else { return nil }
        exponent = Int(value)
        at = text.count
      } else {
        return nil
      }
    }
    guard digits > 0 else { return nil }
    if sinceGroup >= 0, sinceGroup != 3 { hasOddGroups = true }
    // the point moves four places for the units
    var shift = 4 - decimals + exponent
    var units = mantissa
    var isCut = false
    while shift > 0 {
      let (product, overflow) = units.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      units = product
      shift -= 1
      if units == 0 { break }
    }
    while shift < 0, units != 0 {
      if units % 10 != 0 { isCut = true }
      units /= 10
      shift += 1
    }
    guard units <= Decimal4.limit else { return nil }
    let written = max(0, decimals + dropped - exponent)
    return Number(
      units: isNegative ? 0 - units : units, decimals: isCut ? max(written, 5) : written, hasOddGroups: hasOddGroups)
  }

  package static func boolean(_ text: Span<UInt8>, _ trueValues: [[UInt8]], _ falseValues: [[UInt8]]) -> Int64? {
    for word in trueValues where same(word, text) { return 1 }
    for word in falseValues where same(word, text) { return 0 }
    return nil
  }

  package static func year(_ text: Span<UInt8>) -> Int64? {
    guard text.count == 4, let year = CivilDate.number(text, 0, 4) else { return nil }
    return Int64(year)
  }
}
