package import Findings

/// Takes the findings of one dossier, each with the severity the feed gives its code.
package struct FindingLog: Sendable {
  package private(set) var findings: [Finding] = []
  /// Findings beyond ``most``: counted by code only.
  package private(set) var uncounted: [FindingCode: Int] = [:]
  package private(set) var worst: Severity?
  private let policy: SeverityPolicy

  /// How many findings of one dossier are kept one by one.
  package static let most = 5_000

  package init(policy: SeverityPolicy) { self.policy = policy }

  package mutating func removeAll() {
    if !findings.isEmpty { findings.removeAll(keepingCapacity: true) }
    if !uncounted.isEmpty { uncounted.removeAll() }
    worst = nil
  }

  /// Takes a finding with the severity that the policy gives it; one of a code that is switched off, or within its tolerance, is dropped.
  package mutating func note(_ finding: Finding) {
    guard let severity = policy.weigh(finding) else { return }
    var finding = finding
    finding.severity = severity
    if worst == nil || worst! < finding.severity { worst = finding.severity }
    if findings.count < FindingLog.most {
      findings.append(finding)
    } else {
      uncounted[finding.code, default: 0] += 1
    }
  }

  /// Whether one of these codes was noted about one of these columns of the row (from 0); not told once the dossier has as many as are kept.
  package func has(_ codes: [FindingCode], _ table: Int, _ columns: [Int], row: Int) -> Bool {
    findings.count < FindingLog.most
      && findings.contains {
        Int($0.row) == row + 1 && Int($0.table) == table && codes.contains($0.code) && columns.contains(Int($0.column))
      }
  }

  /// Takes a finding as it is, whatever the policy says.
  package mutating func insist(_ finding: Finding) {
    worst = max(worst ?? finding.severity, finding.severity)
    findings.append(finding)
  }

  /// Takes a finding about a field.
  ///
  /// - Parameter row: from 0.
  package mutating func note(
    _ code: FindingCode, _ field: Field, _ severity: Severity = .reject, row: Int, found: Int? = nil, limit: Int? = nil,
    difference: Int64? = nil, other: Field? = nil
  ) {
    var finding = Finding(
      code, severity, table: field.table, column: field.column, row: row + 1, found: found, limit: limit,
      difference: difference)
    if let other { finding.other = (Int16(truncatingIfNeeded: other.table), Int16(truncatingIfNeeded: other.column)) }
    note(finding)
  }
}

/// A column of a table, both by number.
package struct Field: Sendable, Hashable {
  package var table: Int
  package var column: Int

  package init(table: Int, column: Int) {
    self.table = table
    self.column = column
  }
}
