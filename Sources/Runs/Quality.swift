package import Bytes
package import Findings
internal import Postgres

/// Findings of deliveries by hospital, code and time: what is wrong, where, and whether it gets better. No value of a patient.
package struct QualityReport: Sendable, Codable {
  package enum Step: String, Sendable, CaseIterable {
    case day
    case week
    case month
  }

  /// One code of one hospital in one day, week or month.
  package struct Row: Sendable, Codable, Hashable {
    /// First day of the period.
    package var period: String
    package var facility: String
    package var code: String
    package var severity: String
    package var findings: Int64
    package var dossiers: Int64
  }

  /// A code of a hospital over the whole period, and before.
  package struct Top: Sendable, Codable, Hashable {
    package var code: String
    package var severity: String
    package var findings: Int64
    package var dossiers: Int64
    package var previousFindings: Int64
  }

  package struct Facility: Sendable, Codable, Hashable {
    package var facility: String
    package var files: Int64
    package var dossiers: Int64
    package var rejected: Int64
    /// Dossiers with a finding of at least warn, in per cent with one decimal; nil when nothing was delivered.
    package var sharePercent: Double?
    package var previousDossiers: Int64
    package var previousSharePercent: Double?
    /// The most frequent codes.
    package var top: [Top]
  }

  package var from: String
  package var to: String
  package var by: String
  /// The period of the same length before.
  package var previousFrom: String
  package var previousTo: String
  package var facilities: [Facility]
  package var rows: [Row]
}

extension QualityReport {
  /// Asks the ledger.
  ///
  /// - Parameters:
  ///   - from: first day, local time of Viet Nam.
  ///   - to: last day, inclusive.
  ///   - top: so many codes a hospital.
  package static func read(
    _ project: Project, facility: String?, from: CivilDate, to: CivilDate, by step: Step, top: Int
  ) throws(RunFailure) -> QualityReport {
    let connection = try Warehouse(project: project).connect()
    let length = to.daysSinceEpoch - from.daysSinceEpoch + 1
    let before = CivilDate(daysSinceEpoch: from.daysSinceEpoch - length)
    let dayBefore = CivilDate(daysSinceEpoch: from.daysSinceEpoch - 1)
    do throws(ServerFailure) {
      let only: Parameter = facility.map { .text($0) } ?? .null
      let rows = try rows(connection, from, to, step, only)
      let facilities = try facilities(connection, before, from, to, only, top)
      return QualityReport(
        from: from.description, to: to.description, by: step.rawValue, previousFrom: before.description,
        previousTo: dayBefore.description, facilities: facilities, rows: rows)
    } catch {
      throw .server(error)
    }
  }

  private static func rows(
    _ connection: Connection, _ from: CivilDate, _ to: CivilDate, _ step: Step, _ only: Parameter
  ) throws(ServerFailure) -> [Row] {
    let rows = try connection.execute(
      """
      SELECT to_char(date_trunc($4, f.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh'), 'YYYY-MM-DD'), f.facility_code, c.code, c.severity,
        sum(c.findings)::bigint, sum(c.dossiers)::bigint
      FROM intake.file f JOIN intake.finding_count c ON c.file_id = f.file_id
      WHERE f.kind = 'delivery' AND f.state IN ('loaded', 'refused', 'quarantined')
        AND f.received_at >= $1::date::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
        AND f.received_at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
        AND ($3::text IS NULL OR f.facility_code = $3)
      GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      """, [.text(from.description), .text(to.description), only, .text(step.rawValue)])
    return (0..<rows.count).map { row in
      Row(
        period: rows.text(row, 0) ?? "", facility: rows.text(row, 1) ?? "", code: rows.text(row, 2) ?? "",
        severity: rows.text(row, 3) ?? "", findings: rows.integer(row, 4) ?? 0, dossiers: rows.integer(row, 5) ?? 0)
    }
  }

  private static func facilities(
    _ connection: Connection, _ before: CivilDate, _ from: CivilDate, _ to: CivilDate, _ only: Parameter, _ top: Int
  ) throws(ServerFailure) -> [Facility] {
    let days: [Parameter] = [.text(before.description), .text(from.description), .text(to.description), only]
    let totals = try connection.execute(
      """
      WITH delivered AS (
        SELECT *, received_at >= $2::date::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS is_now FROM intake.file
        WHERE kind = 'delivery' AND state IN ('loaded', 'refused', 'quarantined')
          AND received_at >= $1::date::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
          AND received_at < ($3::date + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
          AND ($4::text IS NULL OR facility_code = $4))
      SELECT facility_code, count(*) FILTER (WHERE is_now),
        coalesce(sum(dossiers_seen) FILTER (WHERE is_now), 0)::bigint,
        coalesce(sum(dossiers_rejected) FILTER (WHERE is_now), 0)::bigint,
        (1000 * sum(dossiers_with_findings) FILTER (WHERE is_now)
          / nullif(sum(dossiers_seen) FILTER (WHERE is_now AND dossiers_with_findings IS NOT NULL), 0))::bigint,
        coalesce(sum(dossiers_seen) FILTER (WHERE NOT is_now), 0)::bigint,
        (1000 * sum(dossiers_with_findings) FILTER (WHERE NOT is_now)
          / nullif(sum(dossiers_seen) FILTER (WHERE NOT is_now AND dossiers_with_findings IS NOT NULL), 0))::bigint
      FROM delivered GROUP BY 1 ORDER BY 1
      """, days)
    let codes = try connection.execute(
      """
      WITH counted AS (
        SELECT f.facility_code, c.code, c.severity, c.findings, c.dossiers,
          f.received_at >= $2::date::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS is_now
        FROM intake.file f JOIN intake.finding_count c ON c.file_id = f.file_id
        WHERE f.kind = 'delivery' AND f.state IN ('loaded', 'refused', 'quarantined')
          AND f.received_at >= $1::date::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
          AND f.received_at < ($3::date + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
          AND ($4::text IS NULL OR f.facility_code = $4))
      SELECT facility_code, code, severity, coalesce(sum(findings) FILTER (WHERE is_now), 0)::bigint,
        coalesce(sum(dossiers) FILTER (WHERE is_now), 0)::bigint, coalesce(sum(findings) FILTER (WHERE NOT is_now), 0)::bigint
      FROM counted GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3
      """, days)
    var byFacility: [String: [Top]] = [:]
    for row in 0..<codes.count {
      let top = Top(
        code: codes.text(row, 1) ?? "", severity: codes.text(row, 2) ?? "", findings: codes.integer(row, 3) ?? 0,
        dossiers: codes.integer(row, 4) ?? 0, previousFindings: codes.integer(row, 5) ?? 0)
      byFacility[codes.text(row, 0) ?? "", default: []].append(top)
    }
    return (0..<totals.count).map { row in
      let code = totals.text(row, 0) ?? ""
      return Facility(
        facility: code, files: totals.integer(row, 1) ?? 0, dossiers: totals.integer(row, 2) ?? 0,
        rejected: totals.integer(row, 3) ?? 0, sharePercent: totals.integer(row, 4).map { Double($0) / 10 },
        previousDossiers: totals.integer(row, 5) ?? 0,
        previousSharePercent: totals.integer(row, 6).map { Double($0) / 10 },
        top: Array((byFacility[code] ?? []).prefix(top)))
    }
  }

  // MARK: forms

  /// Hospitals, their most frequent codes, then every row.
  package func table(_ catalogue: FindingCatalogue?, _ language: Language) -> [String] {
    var lines = ["\(from) … \(to), compared with \(previousFrom) … \(previousTo)", ""]
    var rows = [["facility", "files", "dossiers", "rejected", "with findings", "before", "trend"]]
    for line in facilities {
      rows.append([
        line.facility, String(line.files), String(line.dossiers), String(line.rejected), percent(line.sharePercent),
        percent(line.previousSharePercent), trend(line.sharePercent, line.previousSharePercent),
      ])
    }
    lines += ReportText.columns(rows, rightAligned: [1, 2, 3, 4, 5, 6])
    for line in facilities where !line.top.isEmpty {
      lines += ["", "most frequent codes of \(line.facility)"]
      var rows = [["code", "severity", "findings", "dossiers", "before", "title"]]
      for top in line.top {
        let title = FindingCode(top.code).flatMap { catalogue?[$0]?.title[language] } ?? ""
        rows.append([
          top.code, top.severity, String(top.findings), String(top.dossiers), String(top.previousFindings), title,
        ])
      }
      lines += ReportText.columns(rows, rightAligned: [2, 3, 4])
    }
    lines.append("")
    var all = [[by, "facility", "code", "severity", "findings", "dossiers"]]
    for row in self.rows {
      all.append([row.period, row.facility, row.code, row.severity, String(row.findings), String(row.dossiers)])
    }
    return lines + ReportText.columns(all, rightAligned: [4, 5])
  }

  /// The rows alone, RFC 4180.
  package var csv: String {
    var text = "period,facility,code,severity,findings,dossiers\r\n"
    for row in rows {
      text += "\(row.period),\(row.facility),\(row.code),\(row.severity),\(row.findings),\(row.dossiers)\r\n"
    }
    return text
  }

  private func percent(_ share: Double?) -> String { share.map { "\($0) %" } ?? "–" }

  private func trend(_ now: Double?, _ before: Double?) -> String {
    guard let now, let before else { return "–" }
    let points = ((now - before) * 10).rounded() / 10
    return points > 0 ? "+\(points)" : "\(points)"
  }
}
