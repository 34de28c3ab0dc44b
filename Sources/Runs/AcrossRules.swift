package import Bytes
package import Findings
internal import Postgres

/// The rules that need several visits (C19, G25, G27, H01–H06), asked of the warehouse. Counts by hospital and month of care; no value of a patient.
///
/// H07 asks for nothing here: every file is judged by the editions of the day of discharge.
package struct AcrossReport: Sendable, Codable {
  package struct Row: Sendable, Codable, Hashable {
    package var facility: String
    /// `yyyy-MM`.
    package var month: String
    package var visits: Int64
  }

  package struct Rule: Sendable, Codable {
    package var code: String
    package var severity: String
    package var title: String
    package var visits: Int64
    package var rows: [Row]
  }

  /// A visit that a rule found.
  package struct Visit: Sendable, Codable, Hashable {
    package var facility: String
    package var month: String
    package var key: String
  }

  /// First and last month, `yyyy-MM`.
  package var from: String
  package var to: String
  package var rules: [Rule]
  /// The visits themselves, when one code was asked for.
  package var visits: [Visit]?
}

extension AcrossReport {
  /// The codes that are asked here, in the order of the list.
  package static var codes: [FindingCode] { statements.map(\.code) }

  /// Asks the warehouse.
  ///
  /// - Parameters:
  ///   - from: any day of the first month of care.
  ///   - to: any day of the last one.
  ///   - listed: the code whose visits are named one by one, up to `limit`.
  package static func read(
    _ project: Project, facility: String?, from: CivilDate, to: CivilDate, listed: FindingCode?, limit: Int,
    _ catalogue: FindingCatalogue, _ language: Language
  ) throws(RunFailure) -> AcrossReport {
    let connection = try Warehouse(project: project).connect()
    let first = from.firstOfMonth
    let last = to.firstOfMonth
    var report = AcrossReport(
      from: String(first.description.prefix(7)), to: String(last.description.prefix(7)), rules: [])
    do throws(ServerFailure) {
      let values: [Parameter] = [
        .text(first.description), .text(last.description), facility.map { .text($0) } ?? .null,
      ]
      for (code, hits) in statements where listed.map({ $0 == code }) ?? true {
        let rows = try connection.executeGenerated(
          """
          \(hits)
          SELECT facility_code, to_char(care_month, 'YYYY-MM'), count(DISTINCT encounter_key) FROM hits
          WHERE care_month BETWEEN $1::date AND $2::date AND ($3::text IS NULL OR facility_code = $3)
          GROUP BY 1, 2 ORDER BY 1, 2
          """, values)
        var rule = Rule(
          code: code.description, severity: catalogue[code]?.severity.name ?? "",
          title: catalogue[code]?.title[language] ?? "", visits: 0, rows: [])
        for row in 0..<rows.count {
          rule.rows.append(
            Row(facility: rows.text(row, 0) ?? "", month: rows.text(row, 1) ?? "", visits: rows.integer(row, 2) ?? 0))
        }
        rule.visits = rule.rows.reduce(0) { $0 + $1.visits }
        report.rules.append(rule)
        guard listed == code else { continue }
        let visits = try connection.executeGenerated(
          """
          \(hits)
          SELECT DISTINCT facility_code, to_char(care_month, 'YYYY-MM'), encounter_key FROM hits
          WHERE care_month BETWEEN $1::date AND $2::date AND ($3::text IS NULL OR facility_code = $3)
          ORDER BY 1, 2, 3 LIMIT $4
          """, values + [.integer(Int64(limit))])
        report.visits = (0..<visits.count).map {
          Visit(facility: visits.text($0, 0) ?? "", month: visits.text($0, 1) ?? "", key: visits.text($0, 2) ?? "")
        }
      }
    } catch {
      throw .server(error)
    }
    return report
  }

  /// Rules with their counts, then hospitals and months.
  package func table() -> [String] {
    var lines = ["months of care \(from) … \(to)", ""]
    var rows = [["code", "severity", "visits", "title"]]
    for rule in rules { rows.append([rule.code, rule.severity, String(rule.visits), rule.title]) }
    lines += ReportText.columns(rows, rightAligned: [2])
    var all = [["facility", "month", "code", "visits"]]
    for rule in rules { for row in rule.rows { all.append([row.facility, row.month, rule.code, String(row.visits)]) } }
    if all.count > 1 { lines += [""] + ReportText.columns(all, rightAligned: [3]) }
    if let visits {
      lines.append("")
      lines += ReportText.columns([["facility", "month", "MA_LK"]] + visits.map { [$0.facility, $0.month, $0.key] })
    }
    return lines
  }

  /// A person by identity number or insurance card. A stay or course may begin up to half a year before the months that are asked for.
  private static let persons = """
    WITH persons AS MATERIALIZED (
      SELECT facility_code, encounter_key, care_month, 'i' || identity_number AS person FROM health.patient
      WHERE identity_number ~ '[0-9]' AND care_month BETWEEN $1::date - interval '6 months' AND $2::date
      UNION
      SELECT facility_code, encounter_key, care_month, 'c' || card_number FROM health.coverage
      WHERE length(card_number) = 15 AND care_month BETWEEN $1::date - interval '6 months' AND $2::date)
    """

  /// For each rule the beginning of a statement whose last part, `hits`, has facility_code, encounter_key and care_month of the visits it
  /// finds. Parameters: first month, last month.
  private static let statements: [(code: FindingCode, hits: String)] = [
    (
      .C19,
      // a day of a bed belongs to one patient, unless the rate says that it was shared
      """
      WITH beds AS MATERIALIZED (
        SELECT s.facility_code, s.encounter_key, s.care_month, s.department_code, bed,
          (s.ordered_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, e.admitted_at, e.discharged_at
        FROM health.service s
          JOIN health.encounter e ON e.encounter_key = s.encounter_key AND e.facility_code = s.facility_code AND e.care_month = s.care_month,
          unnest(s.bed_codes) AS bed
        WHERE s.care_month BETWEEN $1::date AND $2::date AND bed <> '' AND coalesce(s.service_rate, 100) NOT IN (50, 33)),
      hits AS (
        SELECT a.facility_code, a.encounter_key, a.care_month FROM beds a JOIN beds b
          ON b.facility_code = a.facility_code AND b.department_code IS NOT DISTINCT FROM a.department_code AND b.bed = a.bed AND b.day = a.day
        WHERE b.encounter_key <> a.encounter_key AND a.admitted_at < b.discharged_at AND b.admitted_at < a.discharged_at)
      """
    ),
    (
      .G25,
      """
      WITH checks AS MATERIALIZED (
        SELECT DISTINCT facility_code, encounter_key, patient_number, admitted_at, stated_facility_code FROM health.check_in
        WHERE care_month BETWEEN $1::date - interval '6 months' AND $2::date),
      hits AS (
        SELECT e.facility_code, e.encounter_key, e.care_month FROM health.encounter e
          JOIN health.patient p ON p.encounter_key = e.encounter_key AND p.facility_code = e.facility_code AND p.care_month = e.care_month
          JOIN checks c ON c.encounter_key = e.encounter_key AND c.facility_code = e.facility_code
        WHERE e.care_month BETWEEN $1::date AND $2::date
          AND (c.patient_number, c.admitted_at, c.stated_facility_code)
            IS DISTINCT FROM (p.patient_number, e.admitted_at, e.stated_facility_code))
      """
    ),
    (
      .G27,
      // only where the hospital delivers check-ins at all
      """
      WITH checks AS MATERIALIZED (
        SELECT DISTINCT facility_code, encounter_key FROM health.check_in
        WHERE care_month BETWEEN $1::date - interval '6 months' AND $2::date),
      senders AS MATERIALIZED (SELECT DISTINCT facility_code FROM checks),
      insured AS MATERIALIZED (
        SELECT DISTINCT facility_code, encounter_key FROM health.coverage WHERE care_month BETWEEN $1::date AND $2::date),
      hits AS (
        SELECT e.facility_code, e.encounter_key, e.care_month FROM health.encounter e
          JOIN senders USING (facility_code)
          JOIN insured USING (facility_code, encounter_key)
          LEFT JOIN checks c ON c.facility_code = e.facility_code AND c.encounter_key = e.encounter_key
        WHERE e.care_month BETWEEN $1::date AND $2::date AND c.encounter_key IS NULL AND e.entitlement_code IS DISTINCT FROM '2')
      """
    ),
    (
      .H01,
      """
      \(persons),
      stays AS MATERIALIZED (
        SELECT p.person, e.facility_code, e.encounter_key, e.care_month, e.admitted_at, e.discharged_at FROM health.encounter e
          JOIN persons p ON p.encounter_key = e.encounter_key AND p.facility_code = e.facility_code AND p.care_month = e.care_month
        WHERE e.care_type_code IN ('03', '04', '06') AND e.care_month BETWEEN $1::date - interval '6 months' AND $2::date),
      walked AS (
        SELECT *, max(discharged_at) OVER (PARTITION BY person ORDER BY admitted_at, facility_code, encounter_key
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_end FROM stays),
      hits AS (SELECT facility_code, encounter_key, care_month FROM walked WHERE earlier_end > admitted_at)
      """
    ),
    (
      .H02,
      // a year alone agrees with any day of it
      """
      \(persons),
      visits AS MATERIALIZED (
        SELECT p.person, d.facility_code, d.encounter_key, d.care_month, d.sex_code, d.birth_date, d.birth_precision, e.admitted_at
        FROM health.patient d
          JOIN health.encounter e ON e.encounter_key = d.encounter_key AND e.facility_code = d.facility_code AND e.care_month = d.care_month
          JOIN persons p ON p.encounter_key = d.encounter_key AND p.facility_code = d.facility_code AND p.care_month = d.care_month),
      walked AS (
        SELECT *, lag(sex_code) OVER w AS sex_before, lag(birth_date) OVER w AS birth_before, lag(birth_precision) OVER w AS precision_before
        FROM visits WINDOW w AS (PARTITION BY person ORDER BY admitted_at, facility_code, encounter_key)),
      hits AS (
        SELECT facility_code, encounter_key, care_month FROM walked
        WHERE sex_code <> sex_before OR extract(year FROM birth_date) <> extract(year FROM birth_before)
          OR (birth_precision <> 'year' AND precision_before <> 'year' AND birth_date <> birth_before))
      """
    ),
    (
      .H03,
      """
      \(persons),
      drugs AS MATERIALIZED (
        SELECT DISTINCT p.person, m.facility_code, m.encounter_key, m.care_month, substance, m.ordered_at,
          CASE WHEN e.care_type_code IN ('05', '07') THEN e.discharged_at END AS course_end
        FROM health.medication m
          JOIN health.encounter e ON e.encounter_key = m.encounter_key AND e.facility_code = m.facility_code AND e.care_month = m.care_month
          JOIN persons p ON p.encounter_key = m.encounter_key AND p.facility_code = m.facility_code AND p.care_month = m.care_month,
          unnest(m.active_substance_codes) AS substance
        WHERE substance <> ''),
      hits AS (
        SELECT later.facility_code, later.encounter_key, later.care_month FROM drugs course JOIN drugs later
          ON later.person = course.person AND later.substance = course.substance
        WHERE (later.facility_code, later.encounter_key) <> (course.facility_code, course.encounter_key)
          AND later.ordered_at > course.ordered_at AND later.ordered_at < course.course_end)
      """
    ),
    (
      .H04,
      """
      WITH keys AS MATERIALIZED (
        SELECT encounter_key FROM health.encounter GROUP BY encounter_key HAVING count(DISTINCT facility_code) > 1),
      hits AS (SELECT e.facility_code, e.encounter_key, e.care_month FROM health.encounter e JOIN keys USING (encounter_key))
      """
    ),
    (
      .H05,
      """
      WITH hits AS (
        SELECT facility_code, encounter_key, care_month FROM intake.dossier
        WHERE is_current AND version > 1 AND dossier_kind = 'visit')
      """
    ),
    (
      .H06,
      // laboratory devices (cost group 1) work on many samples at once
      """
      WITH work AS MATERIALIZED (
        SELECT facility_code, encounter_key, care_month, performed_at, 'd' || device AS worker
        FROM health.service, unnest(device_codes) AS device
        WHERE care_month BETWEEN $1::date AND $2::date AND device <> '' AND cost_group_code IN ('2', '3', '8', '18')
        UNION ALL
        SELECT facility_code, encounter_key, care_month, performed_at, 'p' || performer
        FROM health.service, unnest(performer_codes) AS performer
        WHERE care_month BETWEEN $1::date AND $2::date AND performer <> '' AND cost_group_code IN ('2', '3', '8', '18')),
      busy AS MATERIALIZED (
        SELECT facility_code, worker, performed_at FROM work GROUP BY 1, 2, 3 HAVING count(DISTINCT encounter_key) > 1),
      hits AS (
        SELECT w.facility_code, w.encounter_key, w.care_month FROM work w
          JOIN busy b ON b.facility_code = w.facility_code AND b.worker = w.worker AND b.performed_at = w.performed_at)
      """
    ),
  ]
}
