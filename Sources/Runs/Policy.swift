package import Bytes
package import Definitions
internal import Findings
internal import Transform

/// An exception of a feed as reports show it.
package struct ExceptionLine: Sendable, Codable, Hashable {
  package var feed: String
  package var code: String
  /// `off`, a severity, or nil when only a tolerance was set.
  package var severity: String?
  /// In đồng.
  package var tolerance: String?
  package var reason: String
  /// The last day it holds.
  package var until: String
  package var isExpired: Bool

  /// In one line: what changes, until when, and why.
  package var text: String {
    var what: [String] = []
    if let severity { what.append(severity) }
    if let tolerance { what.append("tolerance \(tolerance)") }
    return "\(code) \(what.joined(separator: ", ")) \(isExpired ? "EXPIRED on" : "until") \(until): \(reason)"
  }
}

/// A code that nobody looked at, or not wholly, and what was missing.
package struct NotEvaluated: Sendable, Codable, Hashable {
  package var code: String
  /// Catalogues from outside that the city has not supplied, or `warehouse`: the rule needs other visits.
  package var missing: [String]
  /// Nobody looked at the code at all; else only a part of it was left out.
  package var isWhole: Bool
}

extension Definitions {
  /// The exceptions of a feed on a day, also those that no longer hold.
  package func exceptions(of feed: Feed, on day: CivilDate) -> [ExceptionLine] {
    feed.exceptions.map { exception in
      var line = ExceptionLine(
        feed: feed.name, code: exception.code.description, reason: exception.reason, until: exception.until.description,
        isExpired: !exception.holds(on: day))
      switch exception.weight {
      case .off: line.severity = "off"
      case .severity(let severity): line.severity = severity.name
      case nil: break
      }
      if let tolerance = exception.tolerance { line.tolerance = Decimal4(units: tolerance).description }
      return line
    }.sorted { ($0.isExpired ? 0 : 1, $0.code) < ($1.isExpired ? 0 : 1, $1.code) }
  }

  /// Codes that are not evaluated, or only in part, because what they need is not at hand. They never count as passed.
  package func notEvaluated() -> [NotEvaluated] {
    let schema = schemas["qd3176"] ?? schemas.values.first
    let idle = Set(schema.map { RuleBook.notEvaluated(Columns(schema: $0, codes: codes)) } ?? [])
    let elsewhere = Set(RuleBook.places.filter { $0.place == .warehouse }.map(\.code))
    return catalogue.entries.compactMap { entry in
      var missing = entry.needs.filter { codes.catalogues[$0] == nil }
      if elsewhere.contains(entry.code) && !missing.contains("warehouse") { missing.append("warehouse") }
      guard !missing.isEmpty else { return nil }
      return NotEvaluated(code: entry.code.description, missing: missing, isWhole: idle.contains(entry.code))
    }
  }
}
