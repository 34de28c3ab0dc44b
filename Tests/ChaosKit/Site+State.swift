internal import CommonSchema
internal import Definitions
internal import SampleKit

extension Site {
  private static func visitTables() throws -> [Entity] {
    try SampleKit.ownDefinitions().common.entities.filter { $0.kind == .visit }
  }

  /// Everything that a run leaves, without what may differ from run to run: numbers of files and runs, times.
  package func state() throws -> [String] {
    var lines: [String] = []
    for entity in try Site.visitTables() {
      let columns = entity.columns.map(\.name).filter { $0 != "file_id" }.map { "\"\($0)\"" }.joined(separator: ", ")
      let found = try rows(
        "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT \(columns) FROM health.\"\(entity.name)\") t"
      )
      if found[0][0] != "0" { lines.append("\(entity.name) \(found[0].map { $0 ?? "" })") }
    }
    let questions = [
      "SELECT 'file', facility_code, file_name, state, reason, kind, dossiers_seen, dossiers_accepted, dossiers_rejected, "
        + "dossiers_duplicate, dossiers_superseding, rows::text, finding_counts::text, receipt IS NOT NULL, "
        + "receipt_written_at IS NOT NULL, source_removed_at IS NOT NULL FROM intake.file",
      "SELECT 'dossier', dossier_number, dossier_kind, facility_code, encounter_key, version, outcome, encode(content_sha256, 'hex'), "
        + "is_current, superseded_by_file_id IS NOT NULL FROM intake.dossier",
      "SELECT 'batch', dossiers, encode(source_sha256, 'hex'), encode(stored_sha256, 'hex') FROM intake.batch",
      "SELECT 'finding', dossier_number, code, severity FROM intake.finding",
      "SELECT 'count', code, severity, findings, dossiers FROM intake.finding_count",
      "SELECT 'reject', dossier_number, encounter_key, codes::text, encode(sha256(content), 'hex'), state FROM intake.reject",
      // rows of the common schema carry the number of their file, which may differ
      "SELECT 'parcel', destination, format, dossiers, CASE WHEN format = 'source' THEN encode(content_sha256, 'hex') END, state "
        + "FROM outbox.parcel",
      "SELECT 'facility', facility_code, name, feed FROM health.facility",
      "SELECT 'practitioner', facility_code, practitioner_code FROM health.practitioner",
      "SELECT 'last event', f.file_name, e.kind FROM intake.file f JOIN LATERAL (SELECT kind, count(*) FROM intake.file_event e "
        + "WHERE e.file_id = f.file_id AND kind NOT IN ('claimed', 'released') GROUP BY kind) e ON true",
    ]
    for question in questions {
      lines += try rows(question).map { row in row.map { $0 ?? "–" }.joined(separator: " ") }.sorted()
    }
    for folder in ["inbox", "spool", "archive", "quarantine"] {
      // what was not read is named by its line's number, and a claim that was rolled back takes a number with it
      lines += files(folder).map { "\(folder)/\($0.replacing(#/unread-[0-9]+/#, with: "unread-*"))" }
    }
    // names of receipts, reports and of parcels of rows carry numbers of files and runs; each name of theirs has a known ending, and
    // nothing else may lie there
    for folder in ["outbox", "receipts"] {
      lines += files(folder).map { name in
        let place = name.split(separator: "/").first ?? ""
        return "\(folder)/\(place)/*.\(name.split(separator: ".").dropFirst().joined(separator: "."))"
      }.sorted()
    }
    lines += files("reports").filter { $0.hasSuffix(".part") }.map { "reports/\($0)" }
    return lines
  }

  /// What holds in every ledger, whatever happened: sentences about what does not.
  package func flaws() throws -> [String] {
    var flaws: [String] = []
    func demand(_ what: String, _ sql: String) throws {
      let found = try rows(sql)
      if !found.isEmpty {
        flaws.append("\(what): \(found.prefix(3).map { $0.map { $0 ?? "–" }.joined(separator: " ") })")
      }
    }
    try demand(
      "the counts of a file do not add up",
      """
      SELECT f.file_id FROM intake.file f LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE outcome = 'accepted') AS accepted, count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
          count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate FROM intake.dossier d WHERE d.file_id = f.file_id) d ON true
      WHERE f.dossiers_seen <> f.dossiers_accepted + f.dossiers_rejected + f.dossiers_duplicate
        OR (f.state = 'loaded' AND (f.dossiers_accepted, f.dossiers_rejected, f.dossiers_duplicate)
          IS DISTINCT FROM (d.accepted, d.rejected, d.duplicate))
        OR (f.state <> 'loaded' AND d.accepted + d.rejected + d.duplicate > 0)
      """)
    let tables = try Site.visitTables()
    try demand(
      "rows of no current version",
      tables.map { entity in
        """
        SELECT '\(entity.name)' FROM health."\(entity.name)" r WHERE NOT EXISTS (
          SELECT FROM intake.dossier d WHERE d.file_id = r.file_id AND d.dossier_number = r.dossier_number AND d.is_current
            AND d.facility_code = r.facility_code AND d.encounter_key = r.encounter_key AND d.care_month = r.care_month)
        """
      }.joined(separator: " UNION ALL "))
    try demand(
      "a current version without its rows",
      """
      SELECT file_id, dossier_number FROM intake.dossier d WHERE is_current AND dossier_kind = 'visit' AND NOT EXISTS (
        SELECT FROM health.encounter e WHERE e.file_id = d.file_id AND e.dossier_number = d.dossier_number)
      """)
    try demand(
      "a loaded file whose rows are not those it counted",
      """
      SELECT f.file_id FROM intake.file f WHERE state = 'loaded' AND coalesce((rows->>'encounter')::bigint, 0) <>
        (SELECT count(*) FROM intake.dossier d WHERE d.file_id = f.file_id AND outcome = 'accepted' AND dossier_kind = 'visit')
      """)
    try demand(
      "stored source bytes that do not have their hash",
      "SELECT file_id FROM intake.batch WHERE sha256(content) <> stored_sha256 OR dossiers <> (SELECT count(*) FROM intake.dossier d "
        + "WHERE d.file_id = batch.file_id AND d.batch_number = batch.batch_number AND outcome = 'accepted')")
    try demand(
      "a story with a link missing",
      """
      SELECT e.file_id, e.event_id FROM (SELECT *, lag(hash) OVER (PARTITION BY file_id ORDER BY event_id) AS before
        FROM intake.file_event) e WHERE e.previous_hash IS DISTINCT FROM e.before
      """)
    try demand(
      "a story with something done twice",
      """
      SELECT file_id, kind FROM intake.file_event WHERE kind IN ('loaded', 'duplicate', 'quarantined', 'receipt written', 'source removed')
      GROUP BY 1, 2 HAVING count(*) > 1
      """)
    return flaws
  }
}
