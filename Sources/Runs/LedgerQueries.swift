internal import Compression
internal import Files
internal import Findings
internal import Foundation
internal import Postgres
internal import Records

/// Questions to the ledger, answered for people.
package struct LedgerQueries {
  private let connection: Connection

  package init(project: Project) throws(RunFailure) {
    connection = try Warehouse(project: project).connect()
  }

  package struct FileLine: Sendable, Codable {
    package var fileID: Int64
    package var facility: String
    package var name: String
    package var state: String
    package var reason: String?
    package var receivedAt: String
    package var dossiers: Int64
    package var accepted: Int64
    package var rejected: Int64
    package var duplicate: Int64
    package var superseding: Int64
    package var attempts: Int64
    package var sha256: String?
    package var sizeInBytes: Int64?
    package var edition: String?
    package var duplicateOf: Int64?
    package var run: Int64?
    /// `delivery`, or `replay` and `reload` of the file `origin`.
    package var kind: String
    package var origin: Int64?
  }

  package struct EventLine: Sendable, Codable {
    package var at: String
    package var kind: String
    package var run: Int64?
    package var epoch: Int64?
  }

  package struct RunLine: Sendable, Codable {
    package var run: Int64
    package var startedAt: String
    package var endedAt: String?
    package var state: String
    package var exitCode: Int64?
    package var files: Int64
    package var dossiers: Int64
  }

  package struct DossierLine: Sendable, Codable {
    package var fileID: Int64
    package var dossier: Int64
    package var kind: String
    package var version: Int64?
    package var outcome: String
    package var isCurrent: Bool
    package var careMonth: String?
  }

  private func server<R: ~Copyable>(_ body: () throws(ServerFailure) -> R) throws(RunFailure) -> R {
    do throws(ServerFailure) { return try body() } catch { throw .server(error) }
  }

  package func files(facility: String? = nil, state: String? = nil, limit: Int = 50, id: Int64? = nil)
    throws(RunFailure) -> [FileLine]
  {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(
        """
        SELECT file_id, facility_code, file_name, state, reason,
          to_char(received_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD HH24:MI:SS'), dossiers_seen, dossiers_accepted,
          dossiers_rejected, dossiers_duplicate, dossiers_superseding, attempts, encode(content_sha256, 'hex'), size_in_bytes,
          format_version, duplicate_of, run_id, kind, origin_file_id
        FROM intake.file
        WHERE ($1::text IS NULL OR facility_code = $1) AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR file_id = $3)
        ORDER BY file_id DESC LIMIT $4
        """,
        [
          facility.map { .text($0) } ?? .null, state.map { .text($0) } ?? .null, id.map { .integer($0) } ?? .null,
          .integer(Int64(limit)),
        ])
    }
    return (0..<rows.count).map { row in
      FileLine(
        fileID: rows.integer(row, 0) ?? 0, facility: rows.text(row, 1) ?? "", name: rows.text(row, 2) ?? "",
        state: rows.text(row, 3) ?? "", reason: rows.text(row, 4), receivedAt: rows.text(row, 5) ?? "",
        dossiers: rows.integer(row, 6) ?? 0, accepted: rows.integer(row, 7) ?? 0, rejected: rows.integer(row, 8) ?? 0,
        duplicate: rows.integer(row, 9) ?? 0, superseding: rows.integer(row, 10) ?? 0,
        attempts: rows.integer(row, 11) ?? 0,
        sha256: rows.text(row, 12), sizeInBytes: rows.integer(row, 13), edition: rows.text(row, 14),
        duplicateOf: rows.integer(row, 15), run: rows.integer(row, 16), kind: rows.text(row, 17) ?? "",
        origin: rows.integer(row, 18))
    }
  }

  package func events(of file: Int64) throws(RunFailure) -> [EventLine] {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(
        """
        SELECT to_char(at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD HH24:MI:SS.MS'), kind, run_id, epoch
        FROM intake.file_event WHERE file_id = $1 ORDER BY event_id
        """, [.integer(file)])
    }
    return (0..<rows.count).map { row in
      EventLine(
        at: rows.text(row, 0) ?? "", kind: rows.text(row, 1) ?? "", run: rows.integer(row, 2),
        epoch: rows.integer(row, 3))
    }
  }

  /// How many rejects wait for being mended or replayed.
  package func openRejects() throws(RunFailure) -> Int64 {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute("SELECT count(*) FROM intake.reject WHERE state = 'open'")
    }
    return rows.integer(0, 0) ?? 0
  }

  /// Counts of delivered files by state; what was judged again counts under `replay` and `reload`.
  package func states() throws(RunFailure) -> [(state: String, files: Int64)] {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(
        "SELECT CASE kind WHEN 'delivery' THEN state ELSE kind END, count(*) FROM intake.file GROUP BY 1 ORDER BY 1")
    }
    return (0..<rows.count).map { (rows.text($0, 0) ?? "", rows.integer($0, 1) ?? 0) }
  }

  package func parcels() throws(RunFailure) -> [(destination: String, state: String, parcels: Int64)] {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute("SELECT destination, state, count(*) FROM outbox.parcel GROUP BY 1, 2 ORDER BY 1, 2")
    }
    return (0..<rows.count).map { (rows.text($0, 0) ?? "", rows.text($0, 1) ?? "", rows.integer($0, 2) ?? 0) }
  }

  package func runs(limit: Int = 20, id: Int64? = nil) throws(RunFailure) -> [RunLine] {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(
        """
        SELECT run_id, to_char(started_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD HH24:MI:SS'),
          to_char(ended_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD HH24:MI:SS'), state, exit_code,
          coalesce((SELECT sum(n::bigint) FROM jsonb_each_text(totals->'files') AS f (s, n)), 0),
          coalesce((totals->'dossiers'->>'seen')::bigint, 0)
        FROM intake.run WHERE ($1::bigint IS NULL OR run_id = $1) ORDER BY run_id DESC LIMIT $2
        """, [id.map { .integer($0) } ?? .null, .integer(Int64(limit))])
    }
    return (0..<rows.count).map { row in
      RunLine(
        run: rows.integer(row, 0) ?? 0, startedAt: rows.text(row, 1) ?? "", endedAt: rows.text(row, 2),
        state: rows.text(row, 3) ?? "",
        exitCode: rows.integer(row, 4), files: rows.integer(row, 5) ?? 0, dossiers: rows.integer(row, 6) ?? 0)
    }
  }

  /// The totals of a run as JSON text, as the ledger keeps them.
  package func totals(of run: Int64) throws(RunFailure) -> String? {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute("SELECT totals::text FROM intake.run WHERE run_id = $1", [.integer(run)])
    }
    return rows.isEmpty ? nil : rows.text(0, 0)
  }

  /// The receipt of a file as JSON text; nil when there is none.
  package func receipt(of file: Int64) throws(RunFailure) -> String? {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute("SELECT receipt FROM intake.file WHERE file_id = $1", [.integer(file)])
    }
    return rows.isEmpty ? nil : rows.text(0, 0)
  }

  /// Current, replaced, sent once more, rejected: each part is what one index holds, and together they are all there is.
  package static let versions: StaticString = """
    WITH d AS (
      SELECT * FROM intake.dossier WHERE facility_code = $1 AND encounter_key = $2 AND is_current
      UNION ALL
      SELECT * FROM intake.dossier WHERE facility_code = $1 AND encounter_key = $2 AND version IS NOT NULL AND NOT is_current
      UNION ALL
      SELECT * FROM intake.dossier WHERE facility_code = $1 AND encounter_key = $2 AND outcome = 'duplicate'
      UNION ALL
      SELECT * FROM intake.dossier WHERE facility_code = $1 AND encounter_key = $2 AND outcome = 'rejected'
        AND dossier_kind IN ('visit', 'check_in', 'assessment'))
    SELECT file_id, dossier_number, dossier_kind, version, outcome, is_current, care_month FROM d
    ORDER BY dossier_kind, version NULLS LAST, file_id, dossier_number
    """

  /// All versions of a dossier, oldest first.
  package func versions(facility: String, key: String) throws(RunFailure) -> [DossierLine] {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(LedgerQueries.versions, [.text(facility), .text(key)])
    }
    return (0..<rows.count).map { row in
      DossierLine(
        fileID: rows.integer(row, 0) ?? 0, dossier: rows.integer(row, 1) ?? 0, kind: rows.text(row, 2) ?? "",
        version: rows.integer(row, 3), outcome: rows.text(row, 4) ?? "", isCurrent: rows.flag(row, 5) ?? false,
        careMonth: rows.text(row, 6))
    }
  }

  /// Without a version the current one.
  package static let source: StaticString = """
    SELECT d.dossier_number, b.content FROM intake.dossier d
    JOIN intake.batch b ON b.file_id = d.file_id AND b.batch_number = d.batch_number
    WHERE d.facility_code = $1 AND d.encounter_key = $2
      AND (d.is_current AND coalesce($3::integer, d.version) = d.version
        OR d.version IS NOT NULL AND NOT d.is_current AND d.version = $3::integer)
    ORDER BY d.dossier_kind DESC LIMIT 1
    """

  /// The delivered bytes of one version of a dossier, from the batch that holds them.
  package func source(facility: String, key: String, version: Int64?) throws(RunFailure) -> [UInt8]? {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(
        LedgerQueries.source, [.text(facility), .text(key), version.map { .integer($0) } ?? .null])
    }
    guard !rows.isEmpty, let number = rows.integer(0, 0), let content = rows.bytes(0, 1) else { return nil }
    guard let archive = try? Zstandard.expand(content, ceiling: 1 << 30),
      let entries = try? SourceArchive.entries(archive, wanted: [Int(number)])
    else { throw .internalMistake("the batch that holds this dossier is damaged") }
    return entries.first?.bytes
  }
}
