/// What a feed makes of the codes: the severity of each, or that it is switched off, and how much an amount may differ.
///
/// A feed may raise, lower or switch off a code, never redefine it (architecture, section 4).
package struct SeverityPolicy: Sendable {
  /// Indexed by letter (A = 0 … Z = 25) × 100 + number; 0xFF = switched off.
  private var table: [UInt8]
  /// The catalogue's own severities, the same way.
  private let usual: [UInt8]
  /// By code, in ten-thousandths of a đồng; mostly empty.
  private var tolerances: [FindingCode: Int64] = [:]
  package static let off: UInt8 = 0xFF

  /// Every code with the severity of its catalogue entry; a code that is not listed counts as `.error`.
  package init(defaults: [FindingCode: Severity]) {
    table = [UInt8](repeating: Severity.error.rawValue, count: 2600)
    for (code, severity) in defaults { table[SeverityPolicy.slot(code)] = severity.rawValue }
    usual = table
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

  /// Lets amounts of the code differ by so many ten-thousandths of a đồng more than the rule does.
  package mutating func set(_ code: FindingCode, tolerance: Int64) { tolerances[code] = tolerance }

  /// The severity of a finding, or nil when it is dropped: its code is switched off, or its difference lies within the tolerance.
  ///
  /// A rule states the milder severity of a milder case itself: that is never raised. Its full case follows the feed.
  package func weigh(_ finding: Finding) -> Severity? {
    let slot = SeverityPolicy.slot(finding.code)
    guard let severity = Severity(rawValue: table[slot]) else { return nil }
    if !tolerances.isEmpty, let tolerance = tolerances[finding.code], let difference = finding.difference,
      difference.magnitude <= tolerance.magnitude
    {
      return nil
    }
    return finding.severity.rawValue >= usual[slot] ? severity : min(severity, finding.severity)
  }
}
