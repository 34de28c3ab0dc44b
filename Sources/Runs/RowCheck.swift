internal import Bytes
internal import CommonSchema
internal import Compression
internal import Definitions
internal import Files
internal import Findings
internal import Foundation
internal import Load
internal import Postgres
internal import Records
internal import Transform

/// Maps the stored source bytes of every current dossier again, as a loader would, and lets the server compare the rows with those in the warehouse.
///
/// The rows go into temporary tables of the connection, one batch at a time: PostgreSQL knows best when two numbers or two JSON texts are the same.
struct RowCheck {
  private let project: Project
  private let definitions: Definitions
  private let connection: Connection
  private let first: Int64
  private let cancellation: Cancellation
  private let spool: Directory
  private var feeds: [String: (rulings: FeedRulings, mappers: [Mapper], print: String)?] = [:]

  /// Makes the temporary tables that the counting of rows needs. Outside of a transaction.
  static func prepare(_ schema: CommonSchema, on connection: Connection) throws(ServerFailure) {
    try connection.execute(
      "CREATE TEMPORARY TABLE counted (file_id bigint, dossier_number integer, row_count bigint) ON COMMIT DELETE ROWS")
  }

  init(
    project: Project, definitions: Definitions, connection: Connection, first: Int64, cancellation: Cancellation
  ) throws {
    self.project = project
    self.definitions = definitions
    self.connection = connection
    self.first = first
    self.cancellation = cancellation
    spool = try project.directory(project.configuration.spool)
  }

  private var entities: [(number: Int, entity: Entity)] {
    definitions.common.entities.enumerated().filter { $0.element.kind == .visit }.map { ($0.offset, $0.element) }
  }

  private static func list(_ entity: Entity) -> String {
    entity.columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
  }

  /// One current dossier of a batch as the ledger knows it.
  private struct Known {
    var key: String
    var month: String
    var hash: String?
  }

  mutating func run() throws -> PartLog {
    var log = PartLog("mapped rows")
    for (_, entity) in entities {
      for table in ["expected", "found"] {
        try connection.executeGenerated(
          """
          CREATE TEMPORARY TABLE "\(table)_\(entity.name)" ON COMMIT DELETE ROWS AS
          SELECT \(RowCheck.list(entity)) FROM health."\(entity.name)" WITH NO DATA
          """)
      }
    }
    var file = first - 1
    var batch = Int64(Int32.max)
    var changed = (files: Set<Int64>(), dossiers: 0)
    var left: Set<String> = []
    while !cancellation.isRequested {
      let rows = try connection.execute(
        """
        SELECT b.file_id, b.batch_number, f.facility_code, f.feed, b.content,
          (SELECT detail->>'mapping' FROM intake.file_event e WHERE e.file_id = b.file_id AND e.kind = 'loaded' AND e.form = 2
            ORDER BY event_id DESC LIMIT 1)
        FROM intake.batch b JOIN intake.file f ON f.file_id = b.file_id
        WHERE (b.file_id, b.batch_number) > ($1, $2) ORDER BY b.file_id, b.batch_number LIMIT 1
        """, [.integer(file), .integer(batch)], prepared: true)
      guard !rows.isEmpty, let nextFile = rows.integer(0, 0), let number = rows.integer(0, 1),
        let facility = rows.text(0, 2), let content = rows.bytes(0, 4)
      else { break }
      (file, batch) = (nextFile, number)
      guard let feed = try ready(rows.text(0, 3) ?? "") else {
        left.insert(rows.text(0, 3) ?? "")
        continue
      }
      // damaged batches are told by the part «batches»
      guard let archive = try? Zstandard.expand(content, ceiling: 1 << 30) else { continue }
      let differing = try compare(archive, file: file, batch: number, facility, feed.rulings, feed.mappers, &log)
      guard !differing.isEmpty else { continue }
      if let print = rows.text(0, 5), print == feed.print {
        for (dossier, what) in differing.sorted(by: { $0.key < $1.key }) {
          log.note(
            "file \(file), dossier \(dossier)",
            what.sorted().joined(separator: ", ") + ": not what its stored bytes give",
            "restore the rows from a backup, or ask who changed them: the stored bytes are right")
        }
      } else {
        changed.files.insert(file)
        changed.dossiers += differing.count
      }
    }
    var notes: [String] = []
    if !changed.files.isEmpty {
      notes.append(
        "mapping changed since \(changed.files.count) files were loaded: \(changed.dossiers) of their dossiers have other rows than today's mapping gives; only their numbers were compared"
      )
    }
    if !left.isEmpty { notes.append("no such feed any more: \(left.sorted().joined(separator: ", "))") }
    if !notes.isEmpty { log.part.note = notes.joined(separator: "; ") }
    return log
  }

  /// What reading a feed needs; nil when its definition is gone.
  private mutating func ready(_ name: String) throws -> (rulings: FeedRulings, mappers: [Mapper], print: String)? {
    if let known = feeds[name] { return known }
    var made: (rulings: FeedRulings, mappers: [Mapper], print: String)?
    if let feed = definitions.feeds[name] {
      made = (
        FeedRulings(feed, definitions, on: Clock.now().day, surrogateKey: try project.surrogateKey()),
        try definitions.mappers(of: feed),
        project.mappingPrints([feed], definitions)[name] ?? ""
      )
    }
    feeds[name] = .some(made)
    return made
  }

  /// The dossiers of a batch that differ, each with what differs.
  private func compare(
    _ archive: [UInt8], file: Int64, batch: Int64, _ facility: String, _ rulings: FeedRulings, _ mappers: [Mapper],
    _ log: inout PartLog
  ) throws -> [Int: Set<String>] {
    let listed = try connection.execute(
      """
      SELECT dossier_number, encounter_key, care_month, encode(content_sha256, 'hex'), dossier_kind FROM intake.dossier
      WHERE file_id = $1 AND batch_number = $2 AND is_current
      """, [.integer(file), .integer(batch)], prepared: true)
    var known: [Int: Known] = [:]
    var kinds: [Int: Dossier.Kind] = [:]
    for row in 0..<listed.count {
      guard let number = listed.integer(row, 0), let key = listed.text(row, 1), let month = listed.text(row, 2) else {
        continue
      }
      known[Int(number)] = Known(key: key, month: month, hash: listed.text(row, 3))
      kinds[Int(number)] = listed.text(row, 4).flatMap { Dossier.Kind(rawValue: $0) }
    }
    guard !known.isEmpty, let entries = try? SourceArchive.entries(archive, wanted: Set(known.keys)) else { return [:] }
    var forms: [AgainEnvelope.Form: [StoredDossier]] = [:]
    for entry in entries {
      let dossier = StoredDossier(number: entry.number, kind: kinds[entry.number] ?? .visit, bytes: entry.bytes)
      forms[AgainEnvelope.form(of: dossier), default: []].append(dossier)
    }
    var differing: [Int: Set<String>] = [:]
    var rows = RowBatch(schema: definitions.common)
    var counts = [Int](repeating: 0, count: definitions.common.entities.count)
    var seen: Set<Int> = []
    for (form, dossiers) in forms {
      let copy = try SpoolCopy(in: spool) { append in
        let opening = AgainEnvelope.opening(
          form, facility: facility, createdOn: "20250101", count: dossiers.count, remark: "file \(file), read again")
        try append(Array(opening.utf8).span)
        for dossier in dossiers { try append(AgainEnvelope.framed(dossier).span) }
        try append(Array(AgainEnvelope.closing(form).utf8).span)
      }
      var tally = FindingTally()
      let pass = FilePass(rulings: rulings, receivedAt: Clock.now(), numbers: dossiers.map(\.number))
      _ = try pass.run(tally: &tally, source: .stream(SpoolReader.read(copy))) { dossier, verdict, _, _ in
        guard let ledger = known[dossier.number] else { return true }
        seen.insert(dossier.number)
        if verdict.key != Array(ledger.key.utf8) { differing[dossier.number, default: []].insert("key") }
        if let month = verdict.careMonth, month.description != ledger.month {
          differing[dossier.number, default: []].insert("month")
        }
        if let hash = ledger.hash, Files.ContentHash(hex: hash)?.bytes != verdict.contentHash {
          differing[dossier.number, default: []].insert("content hash")
        }
        let identity = Mapper.Identity(
          encounterKey: Array(ledger.key.utf8),
          careMonth: CivilDate(compact: Array(ledger.month.utf8.filter { $0 != UInt8(ascii: "-") }).span)
            ?? CivilDate(daysSinceEpoch: 0),
          facilityCode: Array(facility.utf8), fileID: file, dossierNumber: Int32(truncatingIfNeeded: dossier.number))
        mappers[dossier.schema].map(dossier, identity, into: &rows, counts: &counts)
        rows.endDossier(dossier.number)
        return !cancellation.isRequested
      }
    }
    if cancellation.isRequested { return [:] }
    for number in known.keys where !seen.contains(number) { differing[number, default: []].insert("document") }
    let months = Array(Set(known.values.map(\.month))).sorted()
    let keys = known.values.map(\.key).sorted()
    for (number, entity) in entities {
      let name = entity.name
      try connection.executeGenerated("TRUNCATE pg_temp.\"expected_\(name)\", pg_temp.\"found_\(name)\"")
      if !rows.entities[number].isEmpty {
        var writer = try connection.startCopy(
          "COPY pg_temp.\"expected_\(name)\" (\(RowCheck.list(entity))) FROM STDIN (FORMAT binary)")
        try writer.write(RowForm.header)
        try writer.write(rows.entities[number].buffer.bytes)
        try writer.write(RowForm.trailer)
        try writer.finish()
      }
      try connection.executeGenerated(
        """
        INSERT INTO pg_temp."found_\(name)" SELECT \(RowCheck.list(entity)) FROM health."\(name)"
        WHERE encounter_key = ANY ($1::text[]) AND care_month = ANY ($2::date[]) AND facility_code = $3 AND file_id = $4::bigint
          AND dossier_number = ANY ($5::integer[])
        """,
        [
          .texts(keys), .texts(months), .text(facility), .integer(file), .integers(known.keys.map { Int64($0) }),
        ])
      let wrong = try connection.executeGenerated(
        """
        SELECT DISTINCT dossier_number FROM (
          (TABLE pg_temp."expected_\(name)" EXCEPT ALL TABLE pg_temp."found_\(name)") UNION ALL
          (TABLE pg_temp."found_\(name)" EXCEPT ALL TABLE pg_temp."expected_\(name)")) AS d
        """)
      for row in 0..<wrong.count { differing[Int(wrong.integer(row, 0) ?? 0), default: []].insert(name) }
    }
    log.part.checked += counts.reduce(0, +)
    log.part.bytes += archive.count
    return differing
  }
}

/// Reads a copy of ours in order, as ``FilePass`` asks for it.
enum SpoolReader {
  static func read(_ copy: SpoolCopy) -> (Int, inout [UInt8]) throws(ReaderFailure) -> Int {
    var reader = copy.reader()
    return { (most, target) throws(ReaderFailure) in
      do throws(FileFailure) {
        return try reader.append(most, to: &target)
      } catch {
        if case .kernel(_, let number) = error { throw .input(number) }
        throw .input(EIO)
      }
    }
  }
}
