internal import Files
internal import Foundation
internal import Load
package import Postgres

/// Something that does not agree: where, what was found, and what to do.
package struct Disagreement: Sendable, Codable, Hashable {
  /// `events`, `batches`, `parcels` …
  package var part: String
  package var place: String
  package var found: String
  package var mend: String

  package init(_ part: String, _ place: String, _ found: String, _ mend: String) {
    self.part = part
    self.place = place
    self.found = found
    self.mend = mend
  }
}

/// One part of a verification: how much was looked at, and how much of it does not agree.
package struct VerifiedPart: Sendable, Codable {
  package var part: String
  package var checked = 0
  package var bytes = 0
  package var disagreements = 0
  /// What could not be compared, and why.
  package var note: String?

  package init(_ part: String) { self.part = part }
}

/// What `verify` and `audit verify` found.
package struct VerifyReport: Sendable, Codable {
  package var parts: [VerifiedPart] = []
  /// The first ones of each part.
  package var disagreements: [Disagreement] = []
  package var moreDisagreements = 0
  package var seconds = 0.0
  /// `audit verify`: the number of the first event that is broken.
  package var firstBrokenEvent: Int64?

  package var agrees: Bool { disagreements.isEmpty }

  /// Disagreements that are listed of one part; the others are counted.
  package static let mostListed = 50

  mutating func add(_ part: VerifiedPart, _ found: [Disagreement]) {
    parts.append(part)
    disagreements += found.prefix(VerifyReport.mostListed)
    moreDisagreements += max(0, part.disagreements - min(found.count, VerifyReport.mostListed))
  }
}

/// Collects what one part finds.
struct PartLog {
  var part: VerifiedPart
  var found: [Disagreement] = []

  init(_ name: String) { part = VerifiedPart(name) }

  mutating func note(_ place: String, _ found: String, _ mend: String) {
    part.disagreements += 1
    if self.found.count < VerifyReport.mostListed {
      self.found.append(Disagreement(part.part, place, found, mend))
    }
  }
}

/// Checks the hash chains over `intake.file_event`, the anchors of the runs, and the anchors that stand in the reports.
package struct Audit {
  private let project: Project
  private let connection: Connection

  package init(project: Project, connection: Connection) {
    self.project = project
    self.connection = connection
  }

  private static let mend =
    "somebody or something changed the ledger: keep this output, look into the server's log and the rights of its roles, compare with the last backup"

  /// The audit by itself, over one state of the ledger.
  package static func examine(_ project: Project, _ cancellation: Cancellation) throws(RunFailure) -> VerifyReport {
    let started = ContinuousClock.now
    let connection = try Warehouse(project: project).connect()
    do {
      do throws(ServerFailure) { try Run.checkVersion(on: connection) } catch {
        throw RunFailure.notReady("the warehouse has no schema yet, or an older one. Run «songhan warehouse migrate».")
      }
      try connection.begin()
      defer { connection.rollback() }
      try connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
      try connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
      var report = try Audit(project: project, connection: connection).run(cancellation)
      report.seconds = started.duration(to: .now).inSeconds
      return report
    } catch {
      throw RunFailure(error, otherwise: "the audit could not be done")
    }
  }

  package func run(_ cancellation: Cancellation) throws -> VerifyReport {
    var report = VerifyReport()
    let (chain, first) = try chains(cancellation)
    report.firstBrokenEvent = first
    report.add(chain.part, chain.found)
    let (anchors, heads) = try anchors(cancellation)
    report.add(anchors.part, anchors.found)
    let reports = try reports(heads)
    report.add(reports.part, reports.found)
    return report
  }

  // MARK: chains

  /// Walks every file's events in their order and computes their hashes anew.
  private func chains(_ cancellation: Cancellation) throws -> (PartLog, first: Int64?) {
    var log = PartLog("events")
    var first: Int64?
    var file: Int64 = 0
    var event: Int64 = 0
    var previous: ContentHash?
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT event_id, file_id, kind, coalesce(run_id, 0), coalesce(epoch, 0), (extract(epoch FROM at) * 1000000)::bigint,
          detail::text, form, encode(previous_hash, 'hex'), encode(hash, 'hex')
        FROM intake.file_event WHERE (file_id, event_id) > ($1, $2) ORDER BY file_id, event_id LIMIT 2000
        """, [.integer(file), .integer(event)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        let entry = LedgerEvent(
          eventID: rows.integer(row, 0) ?? 0, fileID: rows.integer(row, 1) ?? 0, kind: rows.text(row, 2) ?? "",
          run: rows.integer(row, 3) ?? 0, epoch: rows.integer(row, 4) ?? 0, at: rows.integer(row, 5) ?? 0,
          detail: rows.text(row, 6), form: rows.integer(row, 7) ?? 0)
        if entry.fileID != file { previous = nil }
        (file, event) = (entry.fileID, entry.eventID)
        log.part.checked += 1
        let named = rows.text(row, 8).flatMap { ContentHash(hex: $0) }
        let hash = rows.text(row, 9).flatMap { ContentHash(hex: $0) }
        var fault: String?
        if hash != entry.hash(after: named) {
          fault = "the event was changed: its hash is not that of its words"
        } else if named != previous {
          fault = previous == nil ? "events before it are missing" : "an event before it is missing or was changed"
        }
        if let fault {
          first = min(first ?? event, event)
          log.note("file \(file), event \(event) (\(Audit.word(entry.kind)))", fault, Audit.mend)
        }
        // with what stands there, so that one change is one disagreement, or two
        previous = hash
      }
    }
    try tails(&log, cancellation)
    return (log, first)
  }

  /// A kind as it may be printed: somebody else may have written it.
  private static func word(_ kind: String) -> String {
    Ledger.Event(rawValue: kind) == nil ? "unknown" : kind
  }

  /// Files whose row says more than their events: events at the end of a chain, or all of a file, are gone.
  private func tails(_ log: inout PartLog, _ cancellation: Cancellation) throws {
    var file: Int64 = 0
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT f.file_id, f.state, k.kinds IS NULL,
          f.state IN ('loaded', 'duplicate', 'refused', 'quarantined') AND NOT coalesce(f.state = ANY (k.kinds), false),
          f.receipt_written_at IS NOT NULL AND NOT coalesce('receipt written' = ANY (k.kinds), false),
          f.source_removed_at IS NOT NULL AND f.kind = 'delivery' AND NOT coalesce('source removed' = ANY (k.kinds), false)
            AND NOT (f.state = 'refused' AND f.receipt IS NULL)
        FROM intake.file f LEFT JOIN LATERAL (
          SELECT array_agg(e.kind) AS kinds FROM intake.file_event e WHERE e.file_id = f.file_id) k ON true
        WHERE f.file_id > $1 ORDER BY f.file_id LIMIT 1000
        """, [.integer(file)])
      if rows.isEmpty { return }
      for row in 0..<rows.count {
        file = rows.integer(row, 0) ?? file
        let missing =
          rows.flag(row, 2) == true
          ? "all events"
          : rows.flag(row, 3) == true
            ? "the event «\(rows.text(row, 1) ?? "")»"
            : rows.flag(row, 4) == true
              ? "the event «receipt written»"
              : rows.flag(row, 5) == true ? "the event «source removed»" : nil
        if let missing { log.note("file \(file)", "\(missing) missing", Audit.mend) }
      }
    }
  }

  // MARK: anchors

  private func anchors(_ cancellation: Cancellation) throws -> (PartLog, heads: [Int64: ContentHash]) {
    var log = PartLog("anchors")
    var heads: [Int64: ContentHash] = [:]
    var number: Int64 = 0
    var previous: ContentHash?
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT anchor_number, run_id, anchored_events, encode(anchor, 'hex') FROM intake.run
        WHERE anchor_number > $1 ORDER BY anchor_number LIMIT 500
        """, [.integer(number)])
      if rows.isEmpty { break }
      for row in 0..<rows.count {
        guard let found = rows.integer(row, 0), let run = rows.integer(row, 1), let events = rows.integer(row, 2),
          let hash = rows.text(row, 3).flatMap({ ContentHash(hex: $0) })
        else { continue }
        log.part.checked += 1
        if found != number + 1 {
          log.note("run \(run)", "\(found - number - 1) anchored runs before it are missing", Audit.mend)
        }
        number = found
        let now = try Ledger.anchor(run, number: found, after: previous, on: connection)
        if now?.hash != hash {
          let counted = now?.events ?? 0
          log.note(
            "run \(run)",
            counted == events
              ? "its events are not those that were anchored"
              : "it wrote \(events) events, \(counted) are there", Audit.mend)
        }
        heads[run] = hash
        previous = hash
      }
    }
    return (log, heads)
  }

  /// The part of a run's report that is looked at.
  private struct Anchored: Decodable {
    var run: Int64?
    var anchor: AnchorLine?
  }

  /// The reports' folder is another place than the warehouse: what stands there tells of runs that were taken away.
  private func reports(_ heads: [Int64: ContentHash]) throws -> PartLog {
    var log = PartLog("reports")
    let folder = try project.directory(project.configuration.reports, creating: false)
    for bytes in try folder.names() {
      let name = String(decoding: bytes, as: UTF8.self)
      guard name.hasPrefix("run-") || name.hasPrefix("prune-"), name.hasSuffix(".json"), let file = try? FileName(name)
      else { continue }
      let content = try SourceFile(file, in: folder, owners: nil, sizeLimit: 256 << 20).content()
      log.part.checked += 1
      log.part.bytes += content.count
      guard let report = try? JSONDecoder().decode(Anchored.self, from: Data(content)), let run = report.run,
        name == "run-\(run).json" || name == "prune-\(run).json"
      else {
        log.note(name, "this is no report of the run in its name", "look who writes into the reports folder")
        continue
      }
      guard let anchor = report.anchor else { continue }
      guard let head = heads[run] else {
        log.note(
          name, "the ledger has no anchor of this run",
          "if the warehouse was restored from a backup, move the reports of later runs aside; else \(Audit.mend)")
        continue
      }
      if head.hex != anchor.sha256 {
        log.note(name, "its anchor is not the ledger's", Audit.mend)
      }
    }
    return log
  }
}
