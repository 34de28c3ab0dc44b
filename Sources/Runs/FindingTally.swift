package import Findings
package import Load
package import Records

/// Counts the findings of one file and keeps the first of them one by one.
package struct FindingTally: Sendable {
  private struct Slot: Hashable {
    var code: FindingCode
    var severity: Severity
  }
  private struct Count {
    var findings = 0
    var dossiers = 0
    var lastDossier = -1
  }
  private var counts: [Slot: Count] = [:]
  package typealias Kept = (dossier: Int?, key: String?, finding: NamedFinding)
  /// What keeps dossiers out goes before everything else, so that no flood of remarks hides it.
  private var rejecting: [Kept] = []
  private var others: [Kept] = []
  private var total = 0
  /// Dossiers with a finding of at least warn.
  package private(set) var dossiersWithFindings = 0
  private var lastWithFinding = -1

  /// The findings that are kept one by one: the first thousand, those that keep dossiers out before the rest.
  package var kept: [Kept] {
    (rejecting + others.prefix(FileReport.mostDetails - rejecting.count)).sorted {
      ($0.dossier ?? .max) < ($1.dossier ?? .max)
    }
  }

  /// How many findings are only counted.
  package var more: Int { total - min(FileReport.mostDetails, rejecting.count + others.count) }

  package init() {}

  /// Takes a finding about a dossier, or about the file.
  package mutating func add(_ finding: Finding, dossier: Int?, key: String?, schema: SourceSchema) {
    count(finding.code, finding.severity, dossier, 1)
    total += 1
    if finding.severity == .reject {
      if rejecting.count < FileReport.mostDetails { rejecting.append((dossier, key, schema.named(finding))) }
    } else if others.count < FileReport.mostDetails {
      others.append((dossier, key, schema.named(finding)))
    }
  }

  /// Takes findings beyond those that are kept one by one.
  package mutating func add(_ code: FindingCode, _ severity: Severity, times: Int, dossier: Int) {
    count(code, severity, dossier, times)
    total += times
  }

  private mutating func count(_ code: FindingCode, _ severity: Severity, _ dossier: Int?, _ times: Int) {
    var count = counts[Slot(code: code, severity: severity)] ?? Count()
    count.findings += times
    if let dossier, dossier != count.lastDossier {
      count.dossiers += 1
      count.lastDossier = dossier
    }
    counts[Slot(code: code, severity: severity)] = count
    if severity >= .warn, let dossier, dossier != lastWithFinding {
      dossiersWithFindings += 1
      lastWithFinding = dossier
    }
  }

  /// Findings by code.
  package var byCode: [String: Int] {
    var result: [String: Int] = [:]
    for (slot, count) in counts { result[slot.code.description, default: 0] += count.findings }
    return result
  }

  package var codeCounts: [FileLoad.CodeCount] {
    counts.map { slot, count in
      FileLoad.CodeCount(code: slot.code, severity: slot.severity, findings: count.findings, dossiers: count.dossiers)
    }.sorted { ($0.code, $0.severity) < ($1.code, $1.severity) }
  }

  package var ledgerFindings: [FileLoad.LedgerFinding] {
    kept.map { FileLoad.LedgerFinding(dossier: $0.dossier, finding: $0.finding) }
  }

  /// The kept findings as a report shows them.
  package func details(_ catalogue: FindingCatalogue, _ language: Language) -> [FileReport.Detail] {
    kept.map { dossier, key, finding in
      FileReport.Detail(
        code: finding.code.description, severity: finding.severity.name, table: finding.table,
        row: finding.row > 0 ? finding.row : nil, field: finding.field, other: finding.other, dossier: dossier,
        key: key,
        byteOffset: finding.byteOffset >= 0 ? finding.byteOffset : nil,
        difference: finding.difference.map { FindingCatalogue.money($0, .english).replacing(",", with: "") },
        found: finding.found, limit: finding.limit, form: finding.form, message: catalogue.message(finding, language))
    }
  }
}
