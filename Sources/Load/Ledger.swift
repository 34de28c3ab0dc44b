internal import Crypto
internal import Failpoints
package import Files
package import Postgres

/// What the ledger knows of a delivered file.
package struct Claim: Sendable {
  package enum Outcome: Sendable {
    /// Ours to load; every later change carries the epoch.
    case claimed
    /// The same bytes were loaded before, as that file.
    case duplicate(of: Int64)
    /// Another process works on these bytes.
    case busy
    /// The delivery is not there any more: another run has finished it.
    case gone
    /// Three attempts have failed.
    case exhausted
    /// Judged before; only its source is still there.
    case ended(state: String)
  }
  package var outcome: Outcome
  package var fileID: Int64
  package var epoch: Int64
  package var attempts: Int

  package init(outcome: Outcome, fileID: Int64, epoch: Int64, attempts: Int) {
    self.outcome = outcome
    self.fileID = fileID
    self.epoch = epoch
    self.attempts = attempts
  }
}

/// The ledger of files (`intake.file`, `intake.file_event`), by statements that can all be repeated.
package enum Ledger {
  /// What happens to a file, in the words of its story.
  package enum Event: String, Sendable {
    case claimed
    case loaded
    case duplicate
    case refused
    case quarantined
    case waiting
    case released
    case receiptWritten = "receipt written"
    case sourceRemoved = "source removed"
    case originalPruned = "original pruned"
    case receiptPruned = "receipt pruned"
    case parcelPruned = "parcel pruned"
    case rejectPruned = "reject pruned"
  }

  /// For commits that may be lost with the machine, though not with this process: an attempt counts deaths of the process, and what is done
  /// after a file's commit is done again when its mark is gone. The file's own commit always waits for the disk.
  package static let relaxed: StaticString = "SET LOCAL synchronous_commit = off"

  /// Locks a file's row, before a statement that adds to its story: one that itself waited for the row would see the story as it was before it
  /// waited, and follow an event that is not the last any more.
  package static let holding: StaticString = "SELECT FROM intake.file WHERE file_id = $1 FOR NO KEY UPDATE"

  /// Attempts after which a file is quarantined.
  package static let mostAttempts = 3

  /// Takes a file for this connection: advisory lock on the content (try, never wait), then the attempt, committed before parsing starts.
  ///
  /// The lock is the session's, whatever the outcome but `.busy`: ``release(_:on:)`` gives it back once the file's receipt is written and its
  /// source removed, and so does the end of the connection.
  ///
  /// - Parameter modified: of the delivered file, nanoseconds since 1970.
  package static func claim(
    facility: String, name: String, feed: String, hash: ContentHash, size: Int, modified: Int64, run: Int64,
    on connection: Connection,
    isStillThere: () -> Bool
  ) throws(ServerFailure) -> Claim {
    var isLocked = false
    var isNew = false
    // apart: what others committed before they gave the lock away must be seen
    try connection.execute(
      together: [
        Connection.Statement("SELECT pg_try_advisory_lock($1)", [.integer(key(hash))]),
        Connection.Statement(
          "SELECT FROM intake.file WHERE facility_code = $1 AND content_sha256 = $2::bytea LIMIT 1",
          [.text(facility), .bytes(hash.bytes)]),
      ], apart: true
    ) { number, rows in
      if number == 0 { isLocked = rows.flag(0, 0) ?? false } else { isNew = rows.isEmpty }
    }
    failpoint("ledger.locked")
    guard isLocked else { return Claim(outcome: .busy, fileID: 0, epoch: 0, attempts: 0) }
    guard isStillThere() else {
      try release(hash, on: connection)
      return Claim(outcome: .gone, fileID: 0, epoch: 0, attempts: 0)
    }
    do throws(ServerFailure) {
      if isNew {
        return try insert(
          facility: facility, name: name, feed: feed, hash: hash, size: size, modified: modified, run: run,
          on: connection)
      }
      try connection.begin()
      try connection.execute(relaxed)
      let claim = try claimLocked(
        facility: facility, name: name, feed: feed, hash: hash, size: size, modified: modified, run: run, connection)
      failpoint("ledger.before-claim")
      try connection.commit()
      failpoint("ledger.claimed")
      return claim
    } catch {
      connection.rollback()
      if connection.isUsable { try? release(hash, on: connection) }
      throw error
    }
  }

  private static func claimLocked(
    facility: String, name: String, feed: String, hash: ContentHash, size: Int, modified: Int64, run: Int64,
    _ connection: Connection
  ) throws(ServerFailure) -> Claim {
    // a run that ended between its commit and the removal of the source finds its own file again
    let known = try connection.execute(
      """
      SELECT file_id, epoch, attempts, state FROM intake.file
      WHERE facility_code = $1 AND content_sha256 = $2::bytea AND file_name = $3 AND source_removed_at IS NULL
        AND state IN ('loaded', 'duplicate', 'refused', 'quarantined') ORDER BY file_id LIMIT 1
      """, [.text(facility), .bytes(hash.bytes), .text(name)], prepared: true)
    if let id = known.isEmpty ? nil : known.integer(0, 0) {
      return Claim(
        outcome: .ended(state: known.text(0, 3) ?? ""), fileID: id, epoch: known.integer(0, 1) ?? 0,
        attempts: Int(known.integer(0, 2) ?? 0))
    }
    // loaded before: the same bytes under any name are a duplicate, a delivery with a line and a receipt of its own
    let loaded = try connection.execute(
      "SELECT file_id, file_name FROM intake.file WHERE facility_code = $1 AND content_sha256 = $2::bytea AND state = 'loaded'",
      [.text(facility), .bytes(hash.bytes)], prepared: true)
    if let original = loaded.isEmpty ? nil : loaded.integer(0, 0) {
      let inserted = try connection.execute(
        """
        INSERT INTO intake.file (facility_code, file_name, feed, content_sha256, size_in_bytes, state, reason, duplicate_of, run_id,
          claimed_at, finished_at)
        VALUES ($1, $2, $3, $4::bytea, $5, 'duplicate', 'S16', $6, $7, clock_timestamp(), clock_timestamp()) RETURNING file_id
        """,
        [
          .text(facility), .text(name), .text(feed), .bytes(hash.bytes), .integer(Int64(size)), .integer(original),
          .integer(run),
        ])
      let id = inserted.integer(0, 0) ?? 0
      try event(.duplicate, file: id, epoch: 0, run: run, on: connection)
      return Claim(outcome: .duplicate(of: original), fileID: id, epoch: 0, attempts: 0)
    }
    // begun before and not ended: the next attempt
    let open = try connection.execute(
      """
      SELECT file_id, attempts, state = 'claimed' AND (claimed_at < pg_postmaster_start_time() OR run_id = $3) FROM intake.file
      WHERE facility_code = $1 AND content_sha256 = $2::bytea AND state IN ('claimed', 'waiting') ORDER BY file_id LIMIT 1 FOR UPDATE
      """, [.text(facility), .bytes(hash.bytes), .integer(run)])
    if let id = open.isEmpty ? nil : open.integer(0, 0) {
      // an attempt under which the server itself went away says nothing about the file; nor does one of this very run, which lost its
      // connection and lives
      let attempts = max(Int(open.integer(0, 1) ?? 0) - (open.flag(0, 2) == true ? 1 : 0), 0)
      let updated = try connection.execute(
        """
        UPDATE intake.file SET attempts = $5::integer + 1, epoch = epoch + 1, run_id = $2, state = 'claimed', file_name = $3, feed = $4,
          claimed_at = clock_timestamp(), modified_ns = $6 WHERE file_id = $1 RETURNING epoch
        """,
        [
          .integer(id), .integer(run), .text(name), .text(feed), .integer(Int64(attempts)), .integer(modified),
        ])
      let epoch = updated.integer(0, 0) ?? 0
      try event(.claimed, file: id, epoch: epoch, run: run, on: connection)
      return Claim(
        outcome: attempts >= mostAttempts ? .exhausted : .claimed, fileID: id, epoch: epoch, attempts: attempts + 1)
    }
    return try insert(
      facility: facility, name: name, feed: feed, hash: hash, size: size, modified: modified, run: run, isOpen: true,
      on: connection)
  }

  /// Makes the row of a delivery whose bytes were never claimed before, with its first event.
  ///
  /// - Parameter isOpen: in the open transaction; else in one of its own.
  private static func insert(
    facility: String, name: String, feed: String, hash: ContentHash, size: Int, modified: Int64, run: Int64,
    isOpen: Bool = false, on connection: Connection
  ) throws(ServerFailure) -> Claim {
    var statements = [
      Connection.Statement(
        """
        WITH file AS (
          INSERT INTO intake.file (facility_code, file_name, feed, content_sha256, size_in_bytes, state, attempts, epoch, run_id,
            claimed_at, modified_ns)
          VALUES ($1, $2, $3, $4::bytea, $5, 'claimed', 1, 1, $6::bigint, clock_timestamp(), $7) RETURNING file_id
        ), event AS (
          INSERT INTO intake.file_event (file_id, at, kind, run_id, epoch, form, hash)
          SELECT e.file_id, e.at, 'claimed', $6::bigint, 1, 2, sha256(convert_to(concat_ws('|', 2, e.file_id, 'claimed', $6::bigint, 1,
            (extract(epoch FROM e.at) * 1000000)::bigint, ''), 'UTF8'))
          FROM (SELECT file_id, clock_timestamp() AS at FROM file) AS e
        )
        SELECT file_id FROM file
        """,
        [
          .text(facility), .text(name), .text(feed), .bytes(hash.bytes), .integer(Int64(size)), .integer(run),
          .integer(modified),
        ]),
      // what waited under this name was the beginning of an upload: it is no delivery of its own, and gets no receipt
      Connection.Statement(
        "SELECT FROM intake.file WHERE facility_code = $1 AND file_name = $2 AND state = 'waiting' FOR NO KEY UPDATE",
        [.text(facility), .text(name)]),
      Connection.Statement(
        """
        WITH beginning AS (
          UPDATE intake.file SET state = 'refused', receipt = NULL, source_removed_at = clock_timestamp(),
            finished_at = clock_timestamp()
          WHERE facility_code = $1 AND file_name = $2 AND state = 'waiting' AND content_sha256 <> $3::bytea
          RETURNING file_id, epoch
        )
        INSERT INTO intake.file_event (file_id, at, kind, run_id, epoch, form, previous_hash, hash)
        SELECT e.file_id, e.at, 'refused', $4::bigint, e.epoch, 2, e.previous, sha256(coalesce(e.previous, ''::bytea)
          || convert_to(concat_ws('|', 2, e.file_id, 'refused', $4::bigint, e.epoch,
            (extract(epoch FROM e.at) * 1000000)::bigint, ''), 'UTF8'))
        FROM (SELECT b.file_id, b.epoch, clock_timestamp() AS at,
          (SELECT hash FROM intake.file_event f WHERE f.file_id = b.file_id ORDER BY event_id DESC LIMIT 1) AS previous
          FROM beginning b) AS e
        """, [.text(facility), .text(name), .bytes(hash.bytes), .integer(run)]),
    ]
    if !isOpen {
      statements =
        [Connection.Statement("BEGIN"), Connection.Statement(relaxed)] + statements + [Connection.Statement("COMMIT")]
    }
    var id: Int64?
    try connection.execute(together: statements) { number, rows in
      if number == (isOpen ? 0 : 2) { id = rows.integer(0, 0) }
    }
    return Claim(outcome: .claimed, fileID: id ?? 0, epoch: 1, attempts: 1)
  }

  /// Makes the row of a file whose dossiers are judged again, in the open transaction: until its commit nobody sees it.
  package static func openAgain(
    kind: String, origin: Int64, facility: String, name: String, feed: String, hash: ContentHash, size: Int, run: Int64,
    on connection: Connection
  ) throws(ServerFailure) -> Claim {
    let inserted = try connection.execute(
      """
      INSERT INTO intake.file (facility_code, file_name, feed, content_sha256, size_in_bytes, state, attempts, epoch, run_id, claimed_at,
        source_removed_at, kind, origin_file_id)
      VALUES ($1, $2, $3, $4::bytea, $5, 'claimed', 1, 1, $6, clock_timestamp(), clock_timestamp(), $7, $8) RETURNING file_id
      """,
      [
        .text(facility), .text(name), .text(feed), .bytes(hash.bytes), .integer(Int64(size)), .integer(run),
        .text(kind),
        .integer(origin),
      ])
    let id = inserted.integer(0, 0) ?? 0
    try event(
      .claimed, file: id, epoch: 1, run: run, detail: "{\"kind\":\"\(kind)\",\"origin\":\(origin)}", on: connection)
    failpoint("ledger.opened-again")
    return Claim(outcome: .claimed, fileID: id, epoch: 1, attempts: 1)
  }

  /// Writes down which files make the delivery: a run that is cut off while it takes them away knows the rest by it.
  ///
  /// - Parameter members: a JSON list of objects.
  package static func setMembers(_ members: String, _ claim: Claim, on connection: Connection) throws(ServerFailure) {
    try connection.execute(
      "UPDATE intake.file SET members = $2::jsonb WHERE file_id = $1 AND members IS DISTINCT FROM $2::jsonb",
      [.integer(claim.fileID), .text(members)])
  }

  /// Deliveries of several files whose fate is committed while some of their files still lie in the inbox.
  package static func removing(on connection: Connection) throws(ServerFailure) -> [(
    facility: String, name: String, claim: Claim, hash: ContentHash, members: String
  )] {
    let rows = try connection.execute(
      """
      SELECT facility_code, file_name, file_id, epoch, state, encode(content_sha256, 'hex'), members::text FROM intake.file
      WHERE members IS NOT NULL AND source_removed_at IS NULL AND state IN ('loaded', 'duplicate', 'refused', 'quarantined')
      ORDER BY file_id LIMIT 10000
      """)
    return (0..<rows.count).compactMap { row in
      guard let facility = rows.text(row, 0), let name = rows.text(row, 1), let id = rows.integer(row, 2),
        let hash = rows.text(row, 5).flatMap({ ContentHash(hex: $0) }), let members = rows.text(row, 6)
      else { return nil }
      return (
        facility, name,
        Claim(
          outcome: .ended(state: rows.text(row, 4) ?? ""), fileID: id, epoch: rows.integer(row, 3) ?? 0, attempts: 0),
        hash, members
      )
    }
  }

  /// Takes a delivery for judging it again: an advisory lock of the session, tried, never waited for.
  package static func lockAgain(_ origin: Int64, on connection: Connection) throws(ServerFailure) -> Bool {
    try lock(ContentHash(of: Array("again \(origin)".utf8)), on: connection)
  }

  package static func releaseAgain(_ origin: Int64, on connection: Connection) throws(ServerFailure) {
    try release(ContentHash(of: Array("again \(origin)".utf8)), on: connection)
  }

  /// Files whose fate is committed while a receipt or a parcel is not written yet: what an interrupted run left, or another process is at.
  package static func unfinished(on connection: Connection) throws(ServerFailure) -> [(
    claim: Claim, hash: ContentHash?
  )] {
    let rows = try connection.execute(
      """
      SELECT file_id, epoch, encode(content_sha256, 'hex'), state FROM intake.file
      WHERE receipt IS NOT NULL AND receipt_written_at IS NULL AND state IN ('loaded', 'duplicate', 'refused', 'quarantined')
      UNION
      SELECT f.file_id, f.epoch, encode(f.content_sha256, 'hex'), f.state FROM outbox.parcel p
      JOIN intake.file f USING (file_id) WHERE p.state = 'prepared' AND p.content IS NOT NULL
      ORDER BY 1 LIMIT 10000
      """)
    return (0..<rows.count).map { row in
      (
        Claim(
          outcome: .ended(state: rows.text(row, 3) ?? ""), fileID: rows.integer(row, 0) ?? 0,
          epoch: rows.integer(row, 1) ?? 0, attempts: 0), rows.text(row, 2).flatMap { ContentHash(hex: $0) }
      )
    }
  }

  /// Files that are answered while nobody noted that their source is gone: the process died between the two, or is just about to do it.
  package static func unremoved(on connection: Connection) throws(ServerFailure) -> [(
    claim: Claim, hash: ContentHash?, facility: String, name: String
  )] {
    let rows = try connection.execute(
      """
      SELECT file_id, epoch, encode(content_sha256, 'hex'), state, facility_code, file_name FROM intake.file
      WHERE source_removed_at IS NULL AND receipt_written_at IS NOT NULL AND members IS NULL AND state IN ('loaded', 'duplicate', 'refused', 'quarantined')
      ORDER BY file_id LIMIT 10000
      """)
    return (0..<rows.count).map { row in
      (
        Claim(
          outcome: .ended(state: rows.text(row, 3) ?? ""), fileID: rows.integer(row, 0) ?? 0,
          epoch: rows.integer(row, 1) ?? 0, attempts: 0), rows.text(row, 2).flatMap { ContentHash(hex: $0) },
        rows.text(row, 4) ?? "", rows.text(row, 5) ?? ""
      )
    }
  }

  /// Tries to take the lock of a content; another process that has it is at work on the file.
  package static func lock(_ hash: ContentHash, on connection: Connection) throws(ServerFailure) -> Bool {
    try connection.execute("SELECT pg_try_advisory_lock($1)", [.integer(key(hash))], prepared: true).flag(0, 0) ?? false
  }

  package static func release(_ hash: ContentHash, on connection: Connection) throws(ServerFailure) {
    try connection.execute("SELECT pg_advisory_unlock($1)", [.integer(key(hash))], prepared: true)
  }

  private static func key(_ hash: ContentHash) -> Int64 {
    Int64(bitPattern: hash.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// Deliveries, as facility and name, whose last attempt has not ended: its process died, or is at it still.
  package static func died(on connection: Connection) throws(ServerFailure) -> Set<String> {
    let rows = try connection.execute(
      "SELECT facility_code, file_name FROM intake.file WHERE state = 'claimed' AND attempts > 0 AND kind = 'delivery'")
    return Set((0..<rows.count).map { "\(rows.text($0, 0) ?? "")/\(rows.text($0, 1) ?? "")" })
  }

  /// Gives an attempt back that ended for a reason outside of the file (the server went away, the disk was full), so that it does not count.
  package static func forgive(_ claim: Claim, run: Int64, on connection: Connection) throws(ServerFailure) {
    try connection.begin()
    do throws(ServerFailure) {
      // the next claim, also one of this run, has nothing to give back any more
      let updated = try connection.execute(
        """
        UPDATE intake.file SET attempts = greatest(attempts - 1, 0), claimed_at = NULL, run_id = NULL
        WHERE file_id = $1 AND epoch = $2 AND state = 'claimed' RETURNING file_id
        """, [.integer(claim.fileID), .integer(claim.epoch)])
      failpoint("ledger.forgiving")
      if updated.count == 1 { try event(.released, file: claim.fileID, epoch: claim.epoch, run: run, on: connection) }
      try connection.commit()
    } catch {
      connection.rollback()
      throw error
    }
    failpoint("ledger.forgiven")
  }

  /// A file that waits for its rest has not failed: its attempts begin anew.
  package static func forgiveWaiting(_ claim: Claim, on connection: Connection) throws(ServerFailure) {
    try connection.execute(
      "UPDATE intake.file SET attempts = 0 WHERE file_id = $1 AND epoch = $2 AND state = 'waiting'",
      [.integer(claim.fileID), .integer(claim.epoch)])
    failpoint("ledger.forgiven-waiting")
  }

  /// The state the ledger has for a claim: what decides when a COMMIT's answer was lost.
  package static func state(of claim: Claim, on connection: Connection) throws(ServerFailure) -> (
    state: String, isOurs: Bool
  )? {
    let rows = try connection.execute(
      "SELECT state, epoch FROM intake.file WHERE file_id = $1", [.integer(claim.fileID)])
    guard !rows.isEmpty, let state = rows.text(0, 0), let epoch = rows.integer(0, 1) else { return nil }
    return (state, epoch == claim.epoch)
  }

  /// Notes a delivered file that could not be read at all (too large).
  ///
  /// - Returns: its number.
  package static func recordUnread(
    _ state: Event, facility: String, name: String, size: Int, reason: String, run: Int64, on connection: Connection
  ) throws(ServerFailure) -> Int64 {
    // the line and the event that tells of it, or neither; and one line of two hosts that see the file at the same moment
    try connection.begin()
    do throws(ServerFailure) {
      try connection.execute(
        "SELECT pg_advisory_xact_lock($1)", [.integer(key(ContentHash(of: Array("unread \(facility) \(name)".utf8))))])
      let known = try connection.execute(
        """
        SELECT file_id FROM intake.file WHERE facility_code = $1 AND file_name = $2 AND size_in_bytes = $3 AND reason = $4
          AND content_sha256 IS NULL AND source_removed_at IS NULL
        """, [.text(facility), .text(name), .integer(Int64(size)), .text(reason)])
      if let id = known.isEmpty ? nil : known.integer(0, 0) {
        try connection.commit()
        return id
      }
      let inserted = try connection.execute(
        """
        INSERT INTO intake.file (facility_code, file_name, size_in_bytes, state, reason, run_id, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp()) RETURNING file_id
        """,
        [.text(facility), .text(name), .integer(Int64(size)), .text(state.rawValue), .text(reason), .integer(run)])
      let id = inserted.integer(0, 0) ?? 0
      failpoint("ledger.recording-unread")
      try event(state, file: id, epoch: 0, run: run, on: connection)
      try connection.commit()
      failpoint("ledger.recorded-unread")
      return id
    } catch {
      connection.rollback()
      throw error
    }
  }

  /// Keeps the receipt's JSON of a file that is not loaded in the same transaction as its state (duplicates, unread files).
  package static func setReceipt(_ receipt: String, file: Int64, on connection: Connection) throws(ServerFailure) {
    try connection.execute(
      "UPDATE intake.file SET receipt = $2 WHERE file_id = $1 AND receipt IS NULL", [.integer(file), .text(receipt)])
    failpoint("ledger.receipt-kept")
  }

  /// Something that was done after a file's commit, for the ledger.
  package struct Mark: Sendable {
    package var event: Event
    /// JSON: where the source went, or the hashes of the receipt's files.
    package var detail: String?

    package init(_ event: Event, detail: String? = nil) {
      self.event = event
      self.detail = detail
    }
  }

  /// Marks what was done with the file's receipt and source after the commit, in one transaction and one round trip.
  package static func mark(_ marks: [Mark], file: Int64, epoch: Int64, run: Int64, on connection: Connection)
    throws(ServerFailure)
  {
    var statements = [
      Connection.Statement("BEGIN"), Connection.Statement(relaxed), Connection.Statement(holding, [.integer(file)]),
    ]
    for mark in marks {
      statements.append(
        Connection.Statement(
          """
          WITH marked AS (
            UPDATE intake.file SET
              receipt_written_at = CASE $2::text WHEN 'receipt written' THEN clock_timestamp() ELSE receipt_written_at END,
              source_removed_at = CASE $2::text WHEN 'source removed' THEN clock_timestamp() ELSE source_removed_at END
            WHERE file_id = $1::bigint
              AND CASE $2::text WHEN 'receipt written' THEN receipt_written_at ELSE source_removed_at END IS NULL
            RETURNING file_id
          )
          INSERT INTO intake.file_event (file_id, at, kind, run_id, epoch, detail, form, previous_hash, hash)
          SELECT e.file_id, e.at, e.kind, e.run_id, e.epoch, e.detail, 2, e.previous,
            sha256(coalesce(e.previous, ''::bytea) || convert_to(concat_ws('|', 2, e.file_id, e.kind, e.run_id, e.epoch,
              (extract(epoch FROM e.at) * 1000000)::bigint, coalesce(e.detail::text, '')), 'UTF8'))
          FROM (SELECT file_id, clock_timestamp() AS at, $2::text AS kind, $3::bigint AS run_id, $4::bigint AS epoch,
            $5::jsonb AS detail,
            (SELECT hash FROM intake.file_event WHERE file_id = $1::bigint ORDER BY event_id DESC LIMIT 1) AS previous
            FROM marked) AS e
          """,
          [
            .integer(file), .text(mark.event.rawValue), .integer(run), .integer(epoch),
            mark.detail.map { .text($0) } ?? .null,
          ]))
    }
    statements.append(Connection.Statement("COMMIT"))
    do throws(ServerFailure) {
      failpoint("ledger.before-mark")
      try connection.execute(together: statements)
      failpoint("ledger.marked")
    } catch {
      connection.rollback()
      throw error
    }
  }

  /// Ends a claimed file without loading it; counts and findings are kept, nothing else is.
  package static func end(
    _ state: Event, _ claim: Claim, reason: String, detail: String?, receipt: String?, seen: Int,
    findings: [FileLoad.LedgerFinding], counts: [FileLoad.CodeCount], run: Int64, on connection: Connection
  ) throws(LoadFailure) {
    do throws(ServerFailure) {
      try connection.begin()
      // a file that waited for its rest was judged before
      if claim.attempts > 1 || claim.epoch > 1 {
        try connection.execute("DELETE FROM intake.finding WHERE file_id = $1", [.integer(claim.fileID)])
        try connection.execute("DELETE FROM intake.finding_count WHERE file_id = $1", [.integer(claim.fileID)])
      }
      try FileLoad.write(findings, file: claim.fileID, on: connection)
      if !counts.isEmpty {
        try connection.execute(together: [FileLoad.statement(counts, file: claim.fileID)])
      }
      let updated = try connection.execute(
        """
        UPDATE intake.file SET state = $3, reason = $4, reason_detail = $5::jsonb, receipt = $6, finished_at = clock_timestamp(),
          dossiers_seen = $7, dossiers_rejected = $7, dossiers_accepted = 0, dossiers_duplicate = 0, dossiers_superseding = 0
        WHERE file_id = $1 AND epoch = $2 AND state = 'claimed' RETURNING file_id
        """,
        [
          .integer(claim.fileID), .integer(claim.epoch), .text(state.rawValue), .text(reason),
          detail.map { .text($0) } ?? .null, receipt.map { .text($0) } ?? .null, .integer(Int64(seen)),
        ]
      ).count
      guard updated == 1 else {
        connection.rollback()
        throw ServerFailure.refused(Refusal("SH001"))
      }
      try event(state, file: claim.fileID, epoch: claim.epoch, run: run, on: connection)
      failpoint("ledger.before-end")
      try connection.commit()
      failpoint("ledger.ended")
    } catch {
      connection.rollback()
      if error.state == "SH001" { throw .claimLost }
      throw .server(error)
    }
  }

  /// Appends an event to the file's story; see ``statement(_:file:epoch:run:detail:)``.
  package static func event(
    _ event: Event, file: Int64, epoch: Int64, run: Int64, detail: String? = nil, on connection: Connection
  ) throws(ServerFailure) {
    try connection.execute(together: [statement(event, file: file, epoch: epoch, run: run, detail: detail)])
  }

  /// Appends an event to the file's story; its hash covers its time and words, and the hash of the file's event before.
  ///
  /// The server computes the hash, since it gives the time; ``LedgerEvent/hash(after:)`` is the same in Swift. An earlier statement of the same
  /// transaction has written or locked the file's row (``holding``).
  static func statement(_ event: Event, file: Int64, epoch: Int64, run: Int64, detail: String? = nil)
    -> Connection.Statement
  {
    Connection.Statement(
      """
      INSERT INTO intake.file_event (file_id, at, kind, run_id, epoch, detail, form, previous_hash, hash)
      SELECT e.file_id, e.at, e.kind, e.run_id, e.epoch, e.detail, 2, e.previous,
        sha256(coalesce(e.previous, ''::bytea) || convert_to(concat_ws('|', 2, e.file_id, e.kind, e.run_id, e.epoch,
          (extract(epoch FROM e.at) * 1000000)::bigint, coalesce(e.detail::text, '')), 'UTF8'))
      FROM (SELECT $1::bigint AS file_id, clock_timestamp() AS at, $2::text AS kind, $3::bigint AS run_id, $4::bigint AS epoch,
        $5::jsonb AS detail,
        (SELECT hash FROM intake.file_event WHERE file_id = $1::bigint ORDER BY event_id DESC LIMIT 1) AS previous) AS e
      """,
      [
        .integer(file), .text(event.rawValue), .integer(run), .integer(epoch), detail.map { .text($0) } ?? .null,
      ])
  }

  /// Anchors the events of a run that ends, in the open transaction: whoever takes events away later, or whole files with theirs, cannot make the
  /// anchor fit again without the report of the run, in which it stands too.
  ///
  /// - Returns: nil when the run wrote no event.
  package static func anchor(_ run: Int64, on connection: Connection) throws(ServerFailure) -> Anchor? {
    // runs that end at the same moment take their numbers one after the other
    try connection.execute("SELECT pg_advisory_xact_lock(7206, 2)")
    let last = try connection.execute(
      "SELECT anchor_number, encode(anchor, 'hex') FROM intake.run WHERE anchor_number IS NOT NULL ORDER BY anchor_number DESC LIMIT 1"
    )
    let previous = last.isEmpty ? nil : last.text(0, 1).flatMap { ContentHash(hex: $0) }
    let number = (last.isEmpty ? 0 : last.integer(0, 0) ?? 0) + 1
    guard let anchor = try anchor(run, number: number, after: previous, on: connection) else { return nil }
    try connection.execute(
      "UPDATE intake.run SET anchor_number = $2, anchored_events = $3, anchor = $4::bytea WHERE run_id = $1",
      [.integer(run), .integer(number), .integer(anchor.events), .bytes(anchor.hash.bytes)])
    return anchor
  }

  /// What the anchor of a run is, from its events as they stand there now; nil without events.
  package static func anchor(
    _ run: Int64, number: Int64, after previous: ContentHash?, on connection: Connection
  ) throws(ServerFailure) -> Anchor? {
    var hasher = SHA256()
    var count: Int64 = 0
    // the events are counted first, since their number stands before them
    let found = try connection.execute(
      """
      SELECT count(*), min(event_id) FROM intake.file_event
      WHERE run_id = $1 AND event_id > (SELECT coalesce(first_event_id, 0) FROM intake.run WHERE run_id = $1)
      """, [.integer(run)])
    count = found.integer(0, 0) ?? 0
    guard count > 0, let first = found.integer(0, 1) else { return nil }
    hasher.update(data: previous?.bytes ?? [])
    hasher.update(data: Array("\(number)|\(run)|\(count)".utf8))
    var last = first - 1
    while true {
      let rows = try connection.execute(
        """
        SELECT event_id, encode(hash, 'hex') FROM intake.file_event WHERE run_id = $1 AND event_id > $2
        ORDER BY event_id LIMIT 5000
        """, [.integer(run), .integer(last)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        last = rows.integer(row, 0) ?? last
        hasher.update(data: rows.text(row, 1).flatMap { ContentHash(hex: $0) }?.bytes ?? [])
      }
    }
    return Anchor(number: number, run: run, events: count, hash: ContentHash(hasher.finalize()))
  }

  /// The seal over all events of one run and over the anchors before it.
  package struct Anchor: Sendable {
    package var number: Int64
    package var run: Int64
    package var events: Int64
    package var hash: ContentHash
  }
}

/// One event as the ledger keeps it, and what its hash must be.
package struct LedgerEvent: Sendable {
  package var eventID: Int64
  package var fileID: Int64
  package var kind: String
  package var run: Int64
  package var epoch: Int64
  /// Microseconds since 1970.
  package var at: Int64
  /// The text of the jsonb column.
  package var detail: String?
  package var form: Int64

  package init(
    eventID: Int64, fileID: Int64, kind: String, run: Int64, epoch: Int64, at: Int64, detail: String?, form: Int64
  ) {
    self.eventID = eventID
    self.fileID = fileID
    self.kind = kind
    self.run = run
    self.epoch = epoch
    self.at = at
    self.detail = detail
    self.form = form
  }

  package func hash(after previous: ContentHash?) -> ContentHash {
    var hasher = SHA256()
    hasher.update(data: previous?.bytes ?? [])
    let words =
      form == 1
      ? "\(fileID)|\(kind)|\(run)|\(epoch)|\(LedgerEvent.compact(detail ?? ""))"
      : "2|\(fileID)|\(kind)|\(run)|\(epoch)|\(at)|\(detail ?? "")"
    hasher.update(data: Array(words.utf8))
    return ContentHash(hasher.finalize())
  }

  /// The text of a jsonb without the spaces that PostgreSQL puts behind `:` and `,`: form 1 hashed what was sent.
  private static func compact(_ text: String) -> String {
    var result = ""
    var isInString = false
    var previous: Character = " "
    for character in text {
      if character == "\"" && previous != "\\" { isInString.toggle() }
      if !(character == " " && !isInString && (previous == ":" || previous == ",")) { result.append(character) }
      previous = character
    }
    return result
  }
}
