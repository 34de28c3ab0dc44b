internal import Failpoints
internal import Files
internal import Foundation
internal import Glibc
internal import Load
internal import Outbox
internal import Postgres

/// Days that things are kept; nil: for ever.
package struct Retention: Sendable {
  package var archive: Int?
  package var quarantine: Int?
  package var receipts: Int?
  package var reports: Int?
  package var outbox: Int?
  package var rejects: Int?
  /// Also parcels that nobody has taken yet.
  package var takesAllParcels = false

  package init() {}
}

/// Takes away what has been kept long enough: originals, receipts, reports, parcels, bytes of replayed rejects. Hashes, counts, versions and
/// source bytes of accepted dossiers stay, so that duplicates are recognised for ever.
///
/// A thing is removed first and marked then: whatever an interruption leaves is done by the next one.
package struct Prune {
  /// One kind of thing that is kept, and how much of it is too old.
  package struct Item: Sendable, Codable {
    package var what: String
    /// Nil: kept for ever.
    package var days: Int?
    package var count = 0
    package var bytes: Int64 = 0
    /// The day of the oldest one.
    package var oldest: String?

    mutating func add(_ bytes: Int64, _ day: String?) {
      count += 1
      self.bytes += bytes
      if let day { oldest = min(oldest ?? day, day) }
    }
  }

  package struct Report: Sendable, Codable {
    /// Nil for a plan.
    package var run: Int64?
    package var items: [Item] = []
    package var anchor: AnchorLine?
  }

  private let project: Project
  private let cancellation: Cancellation
  private let connection: Connection
  private let isPlan: Bool
  private var run: Int64 = 0

  /// - Parameter isPlan: says what would be removed, and removes nothing.
  package init(project: Project, isPlan: Bool, cancellation: Cancellation) throws(RunFailure) {
    self.project = project
    self.isPlan = isPlan
    self.cancellation = cancellation
    connection = try Warehouse(project: project).connect()
    do throws(ServerFailure) { try Run.checkVersion(on: connection) } catch {
      throw .notReady("the warehouse has no schema yet, or an older one. Run «songhan warehouse migrate».")
    }
  }

  package mutating func execute() throws(RunFailure) -> Report {
    do {
      var report = Report()
      if !isPlan {
        // alone, and not while somebody verifies
        guard try connection.execute("SELECT pg_try_advisory_lock(7206, 3)").flag(0, 0) == true else {
          throw ServerFailure.refused(Refusal("55P03"))
        }
        run = try begin()
        report.run = run
      }
      let retention = project.configuration.retention
      report.items.append(try originals("archive", retention.archive))
      report.items.append(try originals("quarantine", retention.quarantine))
      report.items.append(try receipts(retention.receipts))
      report.items.append(try reports(retention.reports))
      report.items.append(try parcels(retention.outbox))
      report.items.append(try rejects(retention.rejects))
      if !isPlan { try end(&report) }
      return report
    } catch {
      throw RunFailure(error, otherwise: "pruning could not be done; what was removed is marked by the next one")
    }
  }

  private func begin() throws -> Int64 {
    let rows = try connection.execute(
      """
      INSERT INTO intake.run (program_version, process_key, options, first_event_id)
      VALUES ($1, $2, '{"prune": true}', (SELECT coalesce(max(event_id), 0) FROM intake.file_event)) RETURNING run_id
      """,
      [
        .text(Program.version),
        .text("\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0...UInt64.max))"),
      ])
    return rows.integer(0, 0) ?? 0
  }

  private func end(_ report: inout Report) throws {
    try connection.begin()
    let anchor = try Ledger.anchor(run, on: connection)
    try connection.execute(
      """
      UPDATE intake.run SET ended_at = clock_timestamp(), state = $2, exit_code = $3, totals = $4::jsonb WHERE run_id = $1
      """,
      [
        .integer(run), .text(cancellation.isRequested ? "stopped" : "done"),
        .integer(Int64(cancellation.isRequested ? cancellation.exitCode : 0)),
        .text("{\"pruned\":\(report.items.json(pretty: false))}"),
      ])
    try connection.commit()
    report.anchor = anchor.map { AnchorLine(number: $0.number, events: $0.events, sha256: $0.hash.hex) }
    let text = Array((report.json() + "\n").utf8)
    try project.directory(project.configuration.reports).replaceDurably(
      try FileName("prune-\(run).json"), with: text.span, mode: 0o640)
  }

  /// Marks something as removed, with its event, in one transaction.
  private func mark(_ event: Ledger.Event, file: Int64, detail: String, _ body: () throws -> Void) throws {
    try connection.transaction {
      try connection.execute(Ledger.relaxed)
      try connection.execute(Ledger.holding, [.integer(file)])
      try body()
      try Ledger.event(event, file: file, epoch: 0, run: run, detail: detail, on: connection)
    }
    failpoint("prune.marked")
  }

  private func folder(_ name: String, _ facility: String) throws -> Directory? {
    do {
      return try Directory(try FileName(facility), in: project.directory(name))
    } catch FileFailure.kernel(_, ENOENT) {
      return nil
    }
  }

  // MARK: originals

  private func originals(_ place: String, _ days: Int?) throws -> Item {
    var item = Item(what: place, days: days)
    guard let days else { return item }
    let label = place == "archive" ? project.configuration.archive : project.configuration.quarantine
    var last: Int64 = 0
    while !cancellation.isRequested {
      // the same bytes may have been delivered again: the younger line keeps the file
      let rows = try connection.execute(
        """
        SELECT f.file_id, f.facility_code, encode(f.content_sha256, 'hex'), coalesce(f.size_in_bytes, 0),
          to_char(f.source_removed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD'),
          coalesce(e.detail->>'name', encode(f.content_sha256, 'hex')),
          CASE WHEN e.detail->>'sealing' IS NULL THEN '' ELSE '.cms' END,
          (SELECT string_agg(m->>'table', ',') FROM jsonb_array_elements(f.members) AS m)
        FROM intake.file f JOIN LATERAL (SELECT detail, form FROM intake.file_event e WHERE e.file_id = f.file_id
          AND e.kind = 'source removed' ORDER BY event_id DESC LIMIT 1) e ON true
        WHERE f.file_id > $1 AND f.kind = 'delivery' AND f.original_removed_at IS NULL
          AND f.source_removed_at < clock_timestamp() - make_interval(days => $2::integer)
          AND (e.detail->>'to' = $3 OR ($3 = 'archive' AND e.form = 1 AND f.state = 'loaded'))
          AND NOT EXISTS (SELECT FROM intake.file y WHERE y.facility_code = f.facility_code
            AND y.content_sha256 = f.content_sha256 AND y.kind = 'delivery' AND y.state <> 'duplicate'
            AND coalesce(y.source_removed_at, 'infinity') >= clock_timestamp() - make_interval(days => $2::integer))
        ORDER BY f.file_id LIMIT 200
        """, [.integer(last), .integer(Int64(days)), .text(place)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        guard !cancellation.isRequested, let file = rows.integer(row, 0), let facility = rows.text(row, 1),
          let name = rows.text(row, 5)
        else { continue }
        last = file
        let size = rows.integer(row, 3) ?? 0
        guard !isPlan else {
          item.add(size, rows.text(row, 4))
          continue
        }
        let suffix = rows.text(row, 6) ?? ""
        let tables = (rows.text(row, 7) ?? "").split(separator: ",")
        let names = tables.isEmpty ? [name + suffix] : tables.map { "\(name)-\($0)\(suffix)" }
        let hash = rows.text(row, 2).flatMap { ContentHash(hex: $0) }
        // a run that has the same bytes in hand would put them there again, or rely on them
        if let hash, try !Ledger.lock(hash, on: connection) { continue }
        defer { if let hash, connection.isUsable { try? Ledger.release(hash, on: connection) } }
        guard try isStillOld(file, days) else { continue }
        if let target = try folder(label, facility) {
          for name in names { _ = try target.removeDurably(try FileName(name)) }
        }
        failpoint("prune.original-removed")
        try mark(.originalPruned, file: file, detail: "{\"from\":\"\(place)\",\"bytes\":\(size)}") {
          try connection.execute(
            "UPDATE intake.file SET original_removed_at = clock_timestamp() WHERE file_id = $1", [.integer(file)])
        }
        item.add(size, rows.text(row, 4))
      }
    }
    return item
  }

  /// Under the lock of the content: whether nobody delivered the same bytes meanwhile.
  private func isStillOld(_ file: Int64, _ days: Int) throws -> Bool {
    let rows = try connection.execute(
      """
      SELECT NOT EXISTS (SELECT FROM intake.file f JOIN intake.file y ON y.facility_code = f.facility_code
        AND y.content_sha256 = f.content_sha256 AND y.kind = 'delivery' AND y.state <> 'duplicate'
        WHERE f.file_id = $1 AND coalesce(y.source_removed_at, 'infinity')
          >= clock_timestamp() - make_interval(days => $2::integer))
      """, [.integer(file), .integer(Int64(days))])
    return rows.flag(0, 0) ?? false
  }

  // MARK: receipts and reports

  private func receipts(_ days: Int?) throws -> Item {
    var item = Item(what: "receipts", days: days)
    guard let days else { return item }
    var last: Int64 = 0
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT file_id, facility_code, octet_length(receipt),
          to_char(receipt_written_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD')
        FROM intake.file WHERE file_id > $1 AND receipt_removed_at IS NULL
          AND receipt_written_at < clock_timestamp() - make_interval(days => $2::integer)
        ORDER BY file_id LIMIT 200
        """, [.integer(last), .integer(Int64(days))])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        guard !cancellation.isRequested, let file = rows.integer(row, 0), let facility = rows.text(row, 1) else {
          continue
        }
        last = file
        if !isPlan {
          if let target = try folder(project.configuration.receipts, facility) {
            for name in ["\(file).json", "\(file).txt"] { _ = try target.removeDurably(try FileName(name)) }
          }
          failpoint("prune.receipt-removed")
          try mark(.receiptPruned, file: file, detail: "{}") {
            try connection.execute(
              "UPDATE intake.file SET receipt_removed_at = clock_timestamp() WHERE file_id = $1", [.integer(file)])
          }
        }
        item.add(rows.integer(row, 2) ?? 0, rows.text(row, 3))
      }
    }
    return item
  }

  /// Reports of runs that ended long ago, but the last one that there is.
  private func reports(_ days: Int?) throws -> Item {
    var item = Item(what: "reports", days: days)
    guard let days else { return item }
    let folder = try project.directory(project.configuration.reports)
    var byRun: [Int64: [FileName]] = [:]
    for bytes in try folder.names() {
      guard let name = try? FileName(bytes) else { continue }
      let parts = name.text.split(separator: ".")
      guard parts.count == 2, parts[1] == "json" || parts[1] == "txt",
        let number = parts[0].split(separator: "-").last.flatMap({ Int64($0) }),
        parts[0] == "run-\(number)" || parts[0] == "prune-\(number)"
      else { continue }
      byRun[number, default: []].append(name)
    }
    guard let newest = byRun.keys.max() else { return item }
    let old = try connection.execute(
      """
      SELECT run_id, to_char(ended_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD') FROM intake.run
      WHERE run_id = ANY ($1::bigint[]) AND run_id <> $2 AND ended_at < clock_timestamp() - make_interval(days => $3::integer)
      ORDER BY run_id
      """, [.integers(byRun.keys.sorted().map { $0 }), .integer(newest), .integer(Int64(days))])
    for row in 0..<old.count where !cancellation.isRequested {
      for name in byRun[old.integer(row, 0) ?? 0] ?? [] {
        guard let entry = try folder.entry(name) else { continue }
        if !isPlan { _ = try folder.removeDurably(name) }
        item.add(Int64(entry.stamp.sizeInBytes), old.text(row, 1))
      }
    }
    return item
  }

  // MARK: parcels and rejects

  private func parcels(_ days: Int?) throws -> Item {
    var item = Item(what: "outbox", days: days)
    guard let days else { return item }
    let states: [String] =
      project.configuration.retention.takesAllParcels
      ? ["materialised", "sent", "accepted", "refused", "superseded", "parked"] : ["sent", "accepted"]
    let outbox = OutboxFolder(try project.directory(project.configuration.outbox))
    var last: Int64 = 0
    while !cancellation.isRequested {
      // the same content may be another parcel's too: the youngest keeps the file
      let rows = try connection.execute(
        """
        SELECT p.parcel_id, p.file_id, p.destination, p.format, encode(p.content_sha256, 'hex'), p.size_in_bytes,
          to_char(p.created_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD')
        FROM outbox.parcel p
        WHERE p.parcel_id > $1 AND p.removed_at IS NULL AND p.state = ANY ($3::text[])
          AND p.created_at < clock_timestamp() - make_interval(days => $2::integer)
          AND NOT EXISTS (SELECT FROM outbox.parcel y WHERE y.destination = p.destination
            AND y.content_sha256 = p.content_sha256 AND y.removed_at IS NULL AND (y.state <> ALL ($3::text[])
              OR y.created_at >= clock_timestamp() - make_interval(days => $2::integer)))
        ORDER BY p.parcel_id LIMIT 200
        """, [.integer(last), .integer(Int64(days)), .texts(states)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        guard !cancellation.isRequested, let parcel = rows.integer(row, 0), let file = rows.integer(row, 1),
          let destination = rows.text(row, 2), let format = rows.text(row, 3),
          let hash = rows.text(row, 4).flatMap({ ContentHash(hex: $0) })
        else { continue }
        last = parcel
        if !isPlan {
          try outbox.remove(destination: destination, format: format, hash: hash, parcel: parcel)
          failpoint("prune.parcel-removed")
          try mark(.parcelPruned, file: file, detail: "{\"parcel\":\(parcel),\"sha256\":\"\(hash.hex)\"}") {
            try connection.execute(
              "UPDATE outbox.parcel SET content = NULL, removed_at = clock_timestamp() WHERE parcel_id = $1",
              [.integer(parcel)])
          }
        }
        item.add(rows.integer(row, 5) ?? 0, rows.text(row, 6))
      }
    }
    return item
  }

  /// The bytes of rejects that were taken in, or found to be there already.
  private func rejects(_ days: Int?) throws -> Item {
    var item = Item(what: "rejects", days: days)
    guard let days else { return item }
    var last: Int64 = 0
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT file_id, count(*), sum(octet_length(content)),
          to_char(min(replayed_at) AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD')
        FROM intake.reject WHERE file_id > $1 AND state = 'replayed' AND content IS NOT NULL
          AND replayed_at < clock_timestamp() - make_interval(days => $2::integer)
        GROUP BY file_id ORDER BY file_id LIMIT 200
        """, [.integer(last), .integer(Int64(days))])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        guard !cancellation.isRequested, let file = rows.integer(row, 0), let count = rows.integer(row, 1) else {
          continue
        }
        last = file
        if !isPlan {
          try mark(.rejectPruned, file: file, detail: "{\"rejects\":\(count)}") {
            try connection.execute(
              """
              UPDATE intake.reject SET content = NULL, content_removed_at = clock_timestamp()
              WHERE file_id = $1 AND state = 'replayed' AND content IS NOT NULL
                AND replayed_at < clock_timestamp() - make_interval(days => $2::integer)
              """, [.integer(file), .integer(Int64(days))])
          }
        }
        item.count += Int(count)
        item.bytes += rows.integer(row, 2) ?? 0
        if let day = rows.text(row, 3) { item.oldest = min(item.oldest ?? day, day) }
      }
    }
    return item
  }
}
