internal import Bytes
internal import CommonSchema
internal import Compression
internal import Crypto
internal import Definitions
internal import Files
internal import Findings
internal import Foundation
internal import Load
internal import Outbox
internal import Postgres
internal import Records
internal import Transform

/// What a person asks of a verification.
package struct VerifyOptions: Sendable {
  /// Only files received on this day or later, `yyyy-MM-dd`.
  package var since: String?
  /// Compares the rows themselves with what mapping the stored bytes again gives.
  package var comparesRows = false

  package init() {}
}

/// Reads everything again that is kept, and compares it with the ledger: batches, rejects, parcels, receipts, originals, rows, and the ledger with
/// itself. It changes nothing. Memory: one batch at a time.
package struct Verification {
  private let project: Project
  private let options: VerifyOptions
  private let cancellation: Cancellation
  private let connection: Connection
  private let definitions: Definitions
  /// The first file that is looked at.
  private let first: Int64

  package init(project: Project, options: VerifyOptions, cancellation: Cancellation) throws(RunFailure) {
    self.project = project
    self.options = options
    self.cancellation = cancellation
    do { definitions = try project.definitions() } catch { throw .notReady("\(error)") }
    connection = try Warehouse(project: project).connect()
    do throws(ServerFailure) {
      do throws(ServerFailure) { try Run.checkVersion(on: connection) } catch {
        throw .refused(Refusal("42P01"))
      }
      // many verifications at the same time, and no pruning meanwhile
      guard try connection.execute("SELECT pg_try_advisory_lock_shared(7206, 3)").flag(0, 0) == true else {
        throw .refused(Refusal("55P03"))
      }
      guard let since = options.since else {
        first = 0
        return
      }
      first =
        try connection.execute(
          """
          SELECT coalesce(min(file_id), 9223372036854775807) FROM intake.file
          WHERE received_at >= ($1::date)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
          """, [.text(since)]
        ).integer(0, 0) ?? 0
    } catch {
      if error.state == "42P01" {
        throw .notReady("the warehouse has no schema yet, or an older one. Run «songhan warehouse migrate».")
      }
      throw .server(error)
    }
  }

  package func run() throws(RunFailure) -> VerifyReport {
    let started = ContinuousClock.now
    do {
      try RowCheck.prepare(definitions.common, on: connection)
      // one state of the ledger, whatever is loaded meanwhile
      try connection.begin()
      try connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
      try connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
      defer { connection.rollback() }
      var report = try Audit(project: project, connection: connection).run(cancellation)
      for part in [counts, batches, rejects, parcels, receipts, originals, rowCounts] {
        if cancellation.isRequested { break }
        let log = try part()
        report.add(log.part, log.found)
      }
      if options.comparesRows, !cancellation.isRequested {
        var check = try RowCheck(
          project: project, definitions: definitions, connection: connection, first: first, cancellation: cancellation)
        let log = try check.run()
        report.add(log.part, log.found)
      }
      report.seconds = started.duration(to: .now).inSeconds
      return report
    } catch {
      throw RunFailure(error, otherwise: "the verification could not be done")
    }
  }

  // MARK: counts

  /// The counts of each file against its dossiers, rejects and batches, and against its event `loaded`, which the chain protects.
  private func counts() throws -> PartLog {
    var log = PartLog("counts")
    var file = first - 1
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT f.file_id, f.state, f.kind, f.dossiers_seen, f.dossiers_accepted, f.dossiers_rejected, f.dossiers_duplicate,
          d.accepted, d.rejected, d.duplicate, d.batches, b.batches, b.dossiers, r.rejects, p.parcels, e.detail::text
        FROM intake.file f
        LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
          count(*) FILTER (WHERE outcome = 'rejected') AS rejected, count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
          count(DISTINCT batch_number) AS batches FROM intake.dossier d WHERE d.file_id = f.file_id) d ON true
        LEFT JOIN LATERAL (SELECT count(*) AS batches, coalesce(sum(dossiers), 0) AS dossiers
          FROM intake.batch b WHERE b.file_id = f.file_id) b ON true
        LEFT JOIN LATERAL (SELECT count(*) AS rejects FROM intake.reject r WHERE r.file_id = f.file_id) r ON true
        LEFT JOIN LATERAL (SELECT count(*) AS parcels FROM outbox.parcel p WHERE p.file_id = f.file_id) p ON true
        LEFT JOIN LATERAL (SELECT detail FROM intake.file_event e WHERE e.file_id = f.file_id AND e.kind = 'loaded' AND e.form = 2
          ORDER BY event_id DESC LIMIT 1) e ON true
        WHERE f.file_id > $1 ORDER BY f.file_id LIMIT 500
        """, [.integer(file)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        func number(_ column: Int) -> Int64 { rows.integer(row, column) ?? 0 }
        file = number(0)
        log.part.checked += 1
        let isLoaded = rows.text(row, 1) == "loaded"
        let restore = "restore the rows of this file from a backup, or reload it: songhan files reload \(file)"
        if isLoaded {
          if number(4) != number(7) || number(5) != number(8) || number(6) != number(9) {
            log.note(
              "file \(file)",
              "the file has \(number(4)) + \(number(5)) + \(number(6)) dossiers (accepted, rejected, duplicate), the ledger lists \(number(7)) + \(number(8)) + \(number(9))",
              restore)
          }
        } else if number(7) + number(8) + number(9) > 0 {
          log.note("file \(file)", "dossiers are listed of a file that is not loaded", restore)
        }
        if number(10) != number(11) || number(12) != number(7) {
          log.note(
            "file \(file)",
            "its dossiers stand in \(number(10)) batches; \(number(11)) batches with \(number(12)) of \(number(7)) dossiers are there",
            restore)
        }
        let areRejectsKept = rows.text(row, 2) == "delivery"
        if isLoaded, areRejectsKept ? number(13) != number(8) : number(13) > number(8) {
          log.note(
            "file \(file)", "\(number(8)) dossiers were rejected, \(number(13)) rejects are kept", restore)
        }
        if isLoaded, let text = rows.text(row, 15),
          let loaded = try? JSONDecoder().decode(Loaded.self, from: Data(text.utf8))
        {
          if loaded.seen != number(3) || loaded.accepted != number(4) || loaded.rejected != number(5)
            || loaded.duplicate != number(6)
          {
            log.note("file \(file)", "its counts are not those of its event «loaded»", restore)
          }
          if loaded.parcels != number(14) {
            log.note(
              "file \(file)", "\(loaded.parcels) parcels were made, the ledger has \(number(14))",
              "restore table outbox.parcel from a backup, and ask the destination what it got")
          }
        }
      }
    }
    return log
  }

  /// What an event `loaded` says.
  struct Loaded: Decodable {
    var seen: Int64
    var accepted: Int64
    var rejected: Int64
    var duplicate: Int64
    var batches: Int64
    var batchSeal: String
    var parcels: Int64
    var parcelSeal: String
    var mapping: String
  }

  private func loaded(_ file: Int64) throws -> Loaded? {
    let rows = try connection.execute(
      """
      SELECT detail::text FROM intake.file_event WHERE file_id = $1 AND kind = 'loaded' AND form = 2
      ORDER BY event_id DESC LIMIT 1
      """, [.integer(file)], prepared: true)
    guard !rows.isEmpty, let text = rows.text(0, 0) else { return nil }
    return try? JSONDecoder().decode(Loaded.self, from: Data(text.utf8))
  }

  // MARK: batches

  /// Every batch: hash of the stored and of the expanded bytes, and the dossiers in it.
  private func batches() throws -> PartLog {
    var log = PartLog("batches")
    var file = first - 1
    var batch = Int64(Int32.max)
    var seal = SHA256()
    var sealed: Int64 = 0
    func close() throws {
      guard sealed > 0, let loaded = try loaded(file) else { return }
      if loaded.batches != sealed || loaded.batchSeal != Files.ContentHash(seal.finalize()).hex {
        log.note(
          "file \(file)", "its batches are not those that were loaded",
          "restore table intake.batch from a backup, or reload the file from archive/: songhan files reload \(file)")
      }
    }
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT file_id, batch_number, dossiers, source_bytes, encode(source_sha256, 'hex'), encode(stored_sha256, 'hex'), content
        FROM intake.batch WHERE (file_id, batch_number) > ($1, $2) ORDER BY file_id, batch_number LIMIT 1
        """, [.integer(file), .integer(batch)], prepared: true)
      guard !rows.isEmpty, let nextFile = rows.integer(0, 0), let number = rows.integer(0, 1),
        let content = rows.bytes(0, 6)
      else { break }
      if nextFile != file {
        try close()
        (seal, sealed) = (SHA256(), 0)
      }
      (file, batch) = (nextFile, number)
      log.part.checked += 1
      log.part.bytes += content.count
      let stored = Files.ContentHash(of: content)
      seal.update(data: stored.bytes)
      sealed += 1
      if let fault = try fault(
        content, stored, file, number, dossiers: rows.integer(0, 2) ?? 0, delivered: rows.integer(0, 3) ?? 0,
        source: rows.text(0, 4), expected: rows.text(0, 5))
      {
        log.note(
          "file \(file), batch \(number)", fault,
          "restore this row of intake.batch from a backup, or reload the file from archive/: songhan files reload \(file)"
        )
      }
    }
    try close()
    return log
  }

  private func fault(
    _ content: [UInt8], _ stored: Files.ContentHash, _ file: Int64, _ batch: Int64, dossiers: Int64, delivered: Int64,
    source: String?, expected: String?
  ) throws -> String? {
    guard stored.hex == expected else { return "the stored bytes are not those that were written (SHA-256)" }
    guard let archive = try? Zstandard.expand(content, ceiling: 1 << 30) else {
      return "the stored bytes cannot be expanded"
    }
    guard Files.ContentHash(of: archive).hex == source else {
      return "the source bytes are not those that came (SHA-256)"
    }
    guard let entries = try? SourceArchive.entries(archive) else { return "the source bytes cannot be read" }
    guard entries.count == Int(dossiers) else { return "\(entries.count) dossiers are in it, \(dossiers) should be" }
    // rows of tables are kept in a form of their own, with what stands around them
    let isOfTables = entries.contains { $0.bytes.starts(with: StoredRows.mark) }
    let size = entries.reduce(0) { $0 + $1.bytes.count }
    guard isOfTables || size == Int(delivered) else {
      return "\(size) delivered bytes are in it, \(delivered) should be"
    }
    let listed = try connection.execute(
      "SELECT dossier_number FROM intake.dossier WHERE file_id = $1 AND batch_number = $2 ORDER BY 1",
      [.integer(file), .integer(batch)], prepared: true)
    let numbers = (0..<listed.count).map { Int(listed.integer($0, 0) ?? 0) }
    return entries.map(\.number).sorted() == numbers ? nil : "other dossiers are in it than the ledger says"
  }

  // MARK: rejects

  private func rejects() throws -> PartLog {
    var log = PartLog("rejects")
    var file = first - 1
    var dossier = Int64(Int32.max)
    var unsealed = 0
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT file_id, dossier_number, sealing, encode(stored_sha256, 'hex'), content FROM intake.reject
        WHERE (file_id, dossier_number) > ($1, $2) ORDER BY file_id, dossier_number LIMIT 4
        """, [.integer(file), .integer(dossier)], prepared: true)
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        (file, dossier) = (rows.integer(row, 0) ?? file, rows.integer(row, 1) ?? dossier)
        // removed when its time was up
        guard let content = rows.bytes(row, 4) else { continue }
        log.part.checked += 1
        log.part.bytes += content.count
        let place = "file \(file), reject \(dossier)"
        let mend = "restore this row of intake.reject from a backup, or let the hospital deliver the dossier again"
        if let expected = rows.text(row, 3), Files.ContentHash(of: content).hex != expected {
          log.note(place, "the stored bytes are not those that were written (SHA-256)", mend)
        } else if rows.text(row, 2) == nil {
          let entries = (try? Zstandard.expand(content, ceiling: 1 << 30)).flatMap { try? SourceArchive.entries($0) }
          if entries?.count != 1 || entries?.first?.number != Int(dossier) {
            log.note(place, "the stored bytes are not one dossier of this number", mend)
          }
        } else {
          unsealed += 1
        }
      }
    }
    if unsealed > 0 { log.part.note = "\(unsealed) sealed ones by their hash only" }
    return log
  }

  // MARK: parcels

  private func parcels() throws -> PartLog {
    var log = PartLog("parcels")
    let outbox = try project.directory(project.configuration.outbox)
    var file = first - 1
    var parcel: Int64 = .max
    var seal = SHA256()
    var sealed: Int64 = 0
    func close() throws {
      guard sealed > 0, let loaded = try loaded(file) else { return }
      if loaded.parcels == sealed, loaded.parcelSeal != Files.ContentHash(seal.finalize()).hex {
        log.note(
          "file \(file)", "its parcels are not those that were made",
          "restore table outbox.parcel from a backup, and ask the destination what it got")
      }
    }
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT file_id, parcel_id, destination, format, state, size_in_bytes, encode(content_sha256, 'hex'), manifest, content,
          removed_at IS NOT NULL
        FROM outbox.parcel WHERE (file_id, parcel_id) > ($1, $2) ORDER BY file_id, parcel_id LIMIT 1
        """, [.integer(file), .integer(parcel)], prepared: true)
      guard !rows.isEmpty, let nextFile = rows.integer(0, 0), let id = rows.integer(0, 1),
        let destination = rows.text(0, 2), let state = rows.text(0, 4), let size = rows.integer(0, 5),
        let hash = rows.text(0, 6).flatMap({ Files.ContentHash(hex: $0) }), let manifest = rows.text(0, 7)
      else { break }
      if nextFile != file {
        try close()
        (seal, sealed) = (SHA256(), 0)
      }
      (file, parcel) = (nextFile, id)
      seal.update(data: hash.bytes)
      sealed += 1
      log.part.checked += 1
      let place = "parcel \(id) of file \(file) for \(destination)"
      if let content = rows.bytes(0, 8) {
        log.part.bytes += content.count
        if Files.ContentHash(of: content) != hash {
          log.note(
            place, "its bytes in the ledger are not those that were made (SHA-256)",
            "restore outbox.parcel from a backup")
        }
      }
      let stated = try? JSONDecoder().decode(Manifest.self, from: Data(manifest.utf8))
      if stated?.sha256 != hash.hex || stated?.sizeInBytes != Int(size) || stated?.file.id != file {
        log.note(place, "its manifest tells of another parcel", "restore outbox.parcel from a backup")
      }
      guard state != "prepared", rows.flag(0, 9) != true else { continue }
      if let fault = try OutboxFolder(outbox).fault(
        destination: destination, format: rows.text(0, 3) ?? "", hash: hash, manifest: manifest, parcel: id)
      {
        log.part.bytes += Int(size)
        log.note(
          place, fault,
          rows.isNull(0, 8)
            ? "restore the outbox folder from a backup, or ask the destination what it got"
            : "UPDATE outbox.parcel SET state = 'prepared' WHERE parcel_id = \(id); the next run writes it again")
      } else {
        log.part.bytes += Int(size)
      }
    }
    try close()
    return log
  }

  private struct Manifest: Decodable {
    struct File: Decodable { var id: Int64 }
    var sha256: String
    var sizeInBytes: Int
    var file: File
  }

  // MARK: receipts

  private func receipts() throws -> PartLog {
    var log = PartLog("receipts")
    let root = try project.directory(project.configuration.receipts)
    var file = first - 1
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT f.file_id, f.facility_code, f.receipt, e.detail->>'json', e.detail->>'txt', f.receipt_removed_at IS NOT NULL
        FROM intake.file f LEFT JOIN LATERAL (SELECT detail FROM intake.file_event e WHERE e.file_id = f.file_id
          AND e.kind = 'receipt written' ORDER BY event_id DESC LIMIT 1) e ON true
        WHERE f.file_id > $1 AND f.receipt IS NOT NULL AND f.receipt_written_at IS NOT NULL ORDER BY f.file_id LIMIT 50
        """, [.integer(file)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        guard let id = rows.integer(row, 0), let facility = rows.text(row, 1), let receipt = rows.text(row, 2) else {
          continue
        }
        file = id
        log.part.checked += 1
        let json = Files.ContentHash(of: Array((receipt + "\n").utf8))
        if let written = rows.text(row, 3), written != json.hex {
          log.note(
            "file \(id)", "the receipt in the ledger is not the one that was written",
            "restore column receipt of intake.file \(id) from a backup")
        }
        if rows.flag(row, 5) == true { continue }
        let mend =
          "UPDATE intake.file SET receipt_written_at = NULL WHERE file_id = \(id); the next run writes it again"
        for (name, expected) in [("\(id).json", json.hex as String?), ("\(id).txt", rows.text(row, 4))] {
          guard let folder = try? Directory(try FileName(facility), in: root),
            let source = try? SourceFile(try FileName(name), in: folder, owners: nil)
          else {
            log.note("receipts/\(facility)/\(name)", "the receipt is missing or cannot be read", mend)
            continue
          }
          log.part.bytes += source.stamp.sizeInBytes
          if let expected, try source.contentHash().hex != expected {
            log.note("receipts/\(facility)/\(name)", "the receipt was changed after it was written", mend)
          }
        }
      }
    }
    return log
  }

  // MARK: originals

  /// Originals in `archive/` and `quarantine/`: there, and with the hash that is their name.
  private func originals() throws -> PartLog {
    var log = PartLog("originals")
    let folders = [
      "archive": (try project.directory(project.configuration.archive), project.configuration.archive),
      "quarantine": (try project.directory(project.configuration.quarantine), project.configuration.quarantine),
    ]
    var file = first - 1
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT f.file_id, f.facility_code, encode(f.content_sha256, 'hex'), f.state, e.form, e.detail->>'to', e.detail->>'name',
          CASE WHEN e.detail->>'sealing' IS NULL THEN '' ELSE '.cms' END,
          (SELECT string_agg(m->>'table', ',' ORDER BY n) FROM jsonb_array_elements(f.members) WITH ORDINALITY AS m (m, n))
        FROM intake.file f JOIN LATERAL (SELECT detail, form FROM intake.file_event e WHERE e.file_id = f.file_id
          AND e.kind = 'source removed' ORDER BY event_id DESC LIMIT 1) e ON true
        WHERE f.file_id > $1 AND f.kind = 'delivery' AND f.original_removed_at IS NULL ORDER BY f.file_id LIMIT 200
        """, [.integer(file)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        file = rows.integer(row, 0) ?? file
        guard let facility = rows.text(row, 1), let state = rows.text(row, 3) else { continue }
        var to = rows.text(row, 5)
        var name = rows.text(row, 6)
        // events of before form 2 do not say where the file went
        if rows.integer(row, 4) == 1, project.configuration.keepOriginals, state == "loaded" {
          (to, name) = ("archive", rows.text(row, 2))
        }
        guard let to, let name, let (folder, label) = folders[to] else { continue }
        log.part.checked += 1
        let place = "\(label)/\(facility)/\(name)"
        let mend =
          to == "archive"
          ? "restore it from a backup; the accepted dossiers are in the warehouse all the same"
          : "restore it from a backup, or let the hospital deliver it again"
        let target = try? Directory(try FileName(facility), in: folder)
        if let tables = rows.text(row, 8)?.split(separator: ",").map(String.init), !tables.isEmpty {
          guard rows.text(row, 7)?.isEmpty == true else {
            // sealed: whoever has the key can look inside
            let areThere = tables.allSatisfy { table in
              (try? FileName("\(name)-\(table).cms")).flatMap { try? target?.entry($0) } != nil
            }
            if !areThere { log.note(place, "the originals of file \(file) are not all there", mend) }
            continue
          }
          // several files that are one content
          let copy = try? target.map { target in
            try DeliveredCopy(
              of: tables.map { ($0, try FileName("\(name)-\($0)")) }, in: target, owners: nil,
              spool: try project.directory(project.configuration.spool))
          }
          log.part.bytes += copy?.sizeInBytes ?? 0
          if copy?.contentHash.hex != rows.text(row, 2) {
            log.note(
              place, "the originals of file \(file) are not all there, or not what was delivered (SHA-256)", mend)
          }
          continue
        }
        guard let target, let label = try? FileName(name + (rows.text(row, 7) ?? "")),
          let entry = try? target.entry(label)
        else {
          log.note(place, "the original of file \(file) is missing", mend)
          continue
        }
        log.part.bytes += entry.stamp.sizeInBytes
        guard let hash = rows.text(row, 2), label.text == hash else { continue }
        if let source = try? SourceFile(label, in: target, owners: nil, sizeLimit: .max) {
          if try source.contentHash().hex != hash {
            log.note(place, "the original of file \(file) is not what was delivered (SHA-256)", mend)
          }
        } else {
          log.note(place, "the original of file \(file) cannot be read", mend)
        }
      }
    }
    if options.since == nil { try strangers(folders.values.map { $0 }, &log) }
    return log
  }

  /// Files that the ledger knows nothing of.
  private func strangers(_ folders: [(Directory, String)], _ log: inout PartLog) throws {
    for (folder, label) in folders {
      for facility in try folder.names() {
        let code = String(decoding: facility, as: UTF8.self)
        guard let name = try? FileName(code), let target = try? Directory(name, in: folder) else { continue }
        var names = try target.names().map { String(decoding: $0, as: UTF8.self) }[...]
        while !names.isEmpty, !cancellation.isRequested {
          let page = Array(names.prefix(1000))
          names = names.dropFirst(page.count)
          let unknown = try connection.execute(
            """
            SELECT n FROM unnest($2::text[]) AS n WHERE n ~ '^[0-9a-f]{64}' AND NOT EXISTS (SELECT FROM intake.file f
              WHERE f.facility_code = $1 AND f.content_sha256 = decode(left(n, 64), 'hex'))
            """, [.text(code), .texts(page)])
          for row in 0..<unknown.count {
            log.note(
              "\(label)/\(code)/\((unknown.text(row, 0) ?? "").prefix(64))", "the ledger knows no such file",
              "put it into inbox/\(code)/ and run: whatever is known is recognised as a duplicate")
          }
        }
      }
    }
  }

  // MARK: rows

  /// How many rows each current dossier and each file has, against what was loaded.
  private func rowCounts() throws -> PartLog {
    var log = PartLog("rows")
    let entities = definitions.common.entities.filter { $0.kind == .visit }
    let mend: (Int64) -> String = { file in
      "restore the rows from a backup, or take them from the stored bytes: songhan dossiers list, songhan files reload \(file)"
    }
    var months: [String] = []
    let listed = try connection.execute(
      "SELECT DISTINCT care_month FROM intake.dossier WHERE is_current AND file_id >= $1 ORDER BY 1", [.integer(first)])
    for row in 0..<listed.count { if let month = listed.text(row, 0) { months.append(month) } }
    for month in months where !cancellation.isRequested {
      try connection.execute("TRUNCATE pg_temp.counted")
      for entity in entities {
        try connection.executeGenerated(
          """
          INSERT INTO pg_temp.counted (file_id, dossier_number, row_count)
          SELECT file_id, dossier_number, count(*) FROM health."\(entity.name)"
          WHERE care_month = $1::date AND file_id >= $2::bigint GROUP BY 1, 2
          """, [.text(month), .integer(first)])
      }
      let total = try connection.execute("SELECT coalesce(sum(row_count), 0)::bigint FROM pg_temp.counted")
      log.part.checked += Int(total.integer(0, 0) ?? 0)
      let wrong = try connection.execute(
        """
        SELECT coalesce(d.file_id, c.file_id), coalesce(d.dossier_number, c.dossier_number), d.row_count, coalesce(c.n, 0),
          d.file_id IS NULL
        FROM (SELECT file_id, dossier_number, row_count FROM intake.dossier
            WHERE is_current AND care_month = $1::date AND file_id >= $2) d
          FULL JOIN (SELECT file_id, dossier_number, sum(row_count)::bigint AS n FROM pg_temp.counted GROUP BY 1, 2) c
          ON c.file_id = d.file_id AND c.dossier_number = d.dossier_number
        WHERE d.file_id IS NULL OR (d.row_count IS NOT NULL AND d.row_count <> coalesce(c.n, 0))
          OR (d.row_count IS NULL AND c.n IS NULL)
        ORDER BY 1, 2 LIMIT 1000
        """, [.text(month), .integer(first)])
      for row in 0..<wrong.count {
        let file = wrong.integer(row, 0) ?? 0
        let place = "file \(file), dossier \(wrong.integer(row, 1) ?? 0), month \(month.prefix(7))"
        if wrong.flag(row, 4) == true {
          log.note(place, "\(wrong.integer(row, 3) ?? 0) rows of no current version", mend(file))
        } else {
          log.note(
            place,
            "\(wrong.integer(row, 3) ?? 0) rows are there, \(wrong.integer(row, 2).map(String.init) ?? "some") were loaded",
            mend(file))
        }
      }
    }
    // rows in months that no current dossier lies in
    for entity in entities where !cancellation.isRequested {
      let strays = try connection.executeGenerated(
        """
        SELECT file_id, count(*) FROM health."\(entity.name)" WHERE file_id >= $1::bigint AND NOT care_month = ANY ($2::date[])
        GROUP BY 1 ORDER BY 1 LIMIT 50
        """, [.integer(first), .texts(months)])
      for row in 0..<strays.count {
        let file = strays.integer(row, 0) ?? 0
        log.note(
          "file \(file), \(entity.name)", "\(strays.integer(row, 1) ?? 0) rows of no current version", mend(file))
      }
      try entityCounts(entity, &log, mend)
    }
    return log
  }

  /// Rows by file and entity, for files of which nothing was superseded: the ledger has their number.
  private func entityCounts(_ entity: Entity, _ log: inout PartLog, _ mend: (Int64) -> String) throws {
    try connection.execute("TRUNCATE pg_temp.counted")
    try connection.executeGenerated(
      """
      INSERT INTO pg_temp.counted (file_id, dossier_number, row_count)
      SELECT file_id, 0, count(*) FROM health."\(entity.name)" WHERE file_id >= $1::bigint GROUP BY 1
      """, [.integer(first)])
    let wrong = try connection.execute(
      """
      SELECT f.file_id, coalesce((f.rows->>$2)::bigint, 0), coalesce(c.row_count, 0)
      FROM intake.file f LEFT JOIN pg_temp.counted c ON c.file_id = f.file_id
      WHERE f.state = 'loaded' AND f.file_id >= $1 AND coalesce((f.rows->>$2)::bigint, 0) <> coalesce(c.row_count, 0)
        AND NOT EXISTS (SELECT FROM intake.dossier d WHERE d.file_id = f.file_id AND d.outcome = 'accepted' AND NOT d.is_current)
      ORDER BY 1 LIMIT 50
      """, [.integer(first), .text(entity.name)])
    for row in 0..<wrong.count {
      let file = wrong.integer(row, 0) ?? 0
      log.note(
        "file \(file), \(entity.name)",
        "\(wrong.integer(row, 2) ?? 0) rows are there, \(wrong.integer(row, 1) ?? 0) were loaded", mend(file))
    }
  }
}
