/// What a feed makes of the codes: the severity of each, or that it is switched off.
///
/// A feed may raise, lower or switch off a code, never redefine it (architecture, section 4).
package struct SeverityPolicy: Sendable {
  /// Indexed by letter (A = 0 … Z = 25) × 100 + number; 0xFF = switched off.
  private var table: [UInt8]
  package static let off: UInt8 = 0xFF

  /// Every code with the severity of its catalogue entry; a code that is not listed counts as `.error`.
  package init(defaults: [FindingCode: Severity]) {
    table = [UInt8](repeating: Severity.error.rawValue, count: 2600)
    for (code, severity) in defaults { table[SeverityPolicy.slot(code)] = severity.rawValue }
  }

  @inline(__always)
  private static func slot(_ code: FindingCode) -> Int {
    let letter = Int(code.rawValue >> 8) - 0x41
    let number = Int(code.rawValue & 0xFF)
    return letter >= 0 && letter < 26 && number < 100 ? letter * 100 + number : 0
  }

  /// The severity now in force, or nil when the code is switched off.
  package func severity(of code: FindingCode) -> Severity? {
    Severity(rawValue: table[SeverityPolicy.slot(code)])
  }

  package mutating func set(_ code: FindingCode, to severity: Severity?) {
    table[SeverityPolicy.slot(code)] = severity?.rawValue ?? SeverityPolicy.off
  }
}
