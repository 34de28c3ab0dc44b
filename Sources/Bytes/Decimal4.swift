/// A decimal number as a count of ten-thousandths: what the warehouse's `numeric(18,4)` holds, exactly.
@frozen
public struct Decimal4: Sendable, Hashable, Comparable {
  /// The number times 10,000.
  public var units: Int64

  @inlinable public init(units: Int64) { self.units = units }

  @inlinable
  public static func < (a: Decimal4, b: Decimal4) -> Bool { a.units < b.units }

  /// The largest magnitude that `numeric(18,4)` holds, in units.
  public static let limit: Int64 = 999_999_999_999_999_999

  /// Why a text is no decimal number.
  @frozen
  public enum Fault: Error, Hashable {
    case blank
    case notANumber
    /// More than 14 digits before the point.
    case tooLarge
  }

  /// A number together with how many decimals were written.
  @frozen
  public struct Reading: Sendable {
    public var value: Decimal4
    public var decimals: Int
    /// False when digits after the fourth decimal, other than zeros, were written: `value` is then cut short.
    public var isExact: Bool

    @inlinable
    public init(value: Decimal4, decimals: Int, isExact: Bool) {
      self.value = value
      self.decimals = decimals
      self.isExact = isExact
    }
  }

  /// Reads `-?digits[.digits]`: ASCII only, decimal point, no separators, no exponent, at least one digit on each side of a point.
  @inlinable
  public static func read(_ text: Span<UInt8>) -> Result<Reading, Fault> {
    var index = 0
    let end = text.count
    guard end > 0 else { return .failure(.blank) }
    var negative = false
    if text[0] == UInt8(ascii: "-") {
      negative = true
      index = 1
    }
    var units: Int64 = 0
    let firstDigit = index
    while index < end {
      let digit = text[index] &- UInt8(ascii: "0")
      if digit > 9 { break }
      units = units &* 10 &+ Int64(digit)
      if units > 99_999_999_999_999 { return .failure(.tooLarge) }
      index += 1
    }
    guard index > firstDigit else { return .failure(.notANumber) }
    var decimals = 0
    var isExact = true
    if index < end {
      guard text[index] == UInt8(ascii: ".") else { return .failure(.notANumber) }
      index += 1
      guard index < end else { return .failure(.notANumber) }
      while index < end {
        let digit = text[index] &- UInt8(ascii: "0")
        if digit > 9 { return .failure(.notANumber) }
        if decimals < 4 {
          units = units &* 10 &+ Int64(digit)
        } else if digit != 0 {
          isExact = false
        }
        decimals += 1
        index += 1
      }
    }
    var scale = decimals
    while scale < 4 {
      units = units &* 10
      scale += 1
    }
    return .success(
      Reading(value: Decimal4(units: negative ? 0 &- units : units), decimals: decimals, isExact: isExact))
  }
}

extension Decimal4: CustomStringConvertible {
  /// `-12.5`, without trailing zeros.
  public var description: String {
    let magnitude = units.magnitude
    let whole = magnitude / 10_000
    let fraction = magnitude % 10_000
    var text = units < 0 ? "-\(whole)" : "\(whole)"
    if fraction != 0 {
      var digits = String(fraction + 10_000).dropFirst()
      while digits.last == "0" { digits.removeLast() }
      text += "." + digits
    }
    return text
  }
}
