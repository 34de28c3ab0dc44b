package import Bytes
package import CommonSchema
package import Compression
internal import Crypto
internal import Failpoints
package import Files
package import Findings
package import Postgres
internal import Records
package import Sealing
internal import Transform

/// What the warehouse made of a batch.
package struct StagedBatch: Sendable {
  /// Index in the batch's entries of dossiers whose content the warehouse has already.
  package var duplicates: [Int] = []
  /// Of those that replaced an earlier version.
  package var superseding: [Int] = []
  /// Of the duplicates those with other content, which a later delivery of the visit replaced already: only when dossiers are judged again.
  package var older: [Int] = []
  /// Rows loaded, by entity number.
  package var rows: [Int]
}

/// Why a file could not be loaded now.
package enum LoadFailure: Error {
  case server(ServerFailure)
  /// The claim is another's: this process was taken for dead, and must change nothing more.
  case claimLost
  /// Rows fall into months without a partition: make them, then begin again from the start of the file.
  case partitionMissing
  /// The counts do not add up: a mistake of ours, and nothing was committed.
  case countsDoNotAddUp
  /// A reject could not be sealed to its recipients; nothing was committed.
  case notSealed
  /// Our copy of the file could not be read.
  case files(FileFailure)
  case outOfMemory

  /// Whether the cause is the world's (server, disk, another loader, a wish to end), so that the attempt does not count against the file.
  ///
  /// A key that stands twice (23505) is nearly always another loader's, and found when the file is tried again. Tried again in vain it counts: one
  /// that no loader made would stand twice for ever.
  package var isOutsideOfTheFile: Bool {
    switch self {
    case .server(let failure):
      failure.isTransient || failure == .unknownOutcome || failure.state == "57014"
    case .claimLost, .partitionMissing, .files: true
    case .countsDoNotAddUp, .notSealed, .outOfMemory: false
    }
  }
}

/// A parcel that a load prepares for one destination.
package struct ParcelDraft: Sendable {
  package var destination: String
  package var format: String
  package var content: [UInt8]
  package var contentHash: [UInt8]
  package var manifest: String
  package var dossiers: Int
  package var periodFrom: CivilDate?
  package var periodTo: CivilDate?

  package init(
    destination: String, format: String, content: [UInt8], contentHash: [UInt8], manifest: String, dossiers: Int,
    periodFrom: CivilDate?, periodTo: CivilDate?
  ) {
    self.destination = destination
    self.format = format
    self.content = content
    self.contentHash = contentHash
    self.manifest = manifest
    self.dossiers = dossiers
    self.periodFrom = periodFrom
    self.periodTo = periodTo
  }
}

/// The one transaction of one file: versions, rows, source bytes, rejects, parcels, counts and the ledger's state.
///
/// Used by one thread. Every step can be repeated: nothing is visible to anybody before ``commit(_:)``.
package final class FileLoad {
  private let connection: Connection
  private let schema: CommonSchema
  private let fileID: Int64
  private let epoch: Int64
  private let facility: [UInt8]
  private let compressor: ZstandardCompressor
  private let recipients: Recipients?
  private var batchNumber = 0
  private var hasBegun: Bool
  /// The delivery whose dossiers are judged again; nil for a delivery itself.
  private let origin: Int64?
  /// Whether a file of this run was delivered after this one, though it was loaded before.
  private let isLater: @Sendable (_ fileID: Int64) -> Bool
  /// Numbers of dossiers that are older than the current version.
  private var older: [Int] = []
  /// What the event `loaded` says of the stored bytes: how many batches and parcels, and the hash of their hashes.
  private var batches = (count: 0, seal: SHA256())
  private var sealedParcels = (count: 0, seal: SHA256())

  package init(
    connection: Connection, schema: CommonSchema, fileID: Int64, epoch: Int64, facility: String,
    compressor: ZstandardCompressor, recipients: Recipients? = nil, origin: Int64? = nil,
    isLater: @escaping @Sendable (_ fileID: Int64) -> Bool = { _ in false }
  ) {
    self.connection = connection
    self.origin = origin
    self.isLater = isLater
    // judging again opens its transaction itself, before the ledger's row
    hasBegun = origin != nil
    self.schema = schema
    self.fileID = fileID
    self.epoch = epoch
    self.facility = Array(facility.utf8)
    self.compressor = compressor
    self.recipients = recipients
  }

  private var facilityText: String { String(decoding: facility, as: UTF8.self) }

  /// Loads a batch into the open transaction.
  ///
  /// - Parameter parcels: makes the parcels of the batch from the entries that were accepted.
  package func stage(
    _ batch: PreparedBatch, partitions: inout Partitions,
    parcels: (_ accepted: [Int], _ number: Int) -> [ParcelDraft]
  ) throws(LoadFailure) -> StagedBatch {
    let months = Set(batch.entries.compactMap { $0.outcome == .accepted ? $0.careMonth : nil })
    do throws(ServerFailure) {
      if !hasBegun { try partitions.ensure(months, on: connection) }
    } catch {
      throw .server(error)
    }
    guard months.allSatisfy({ partitions.covers($0) }) else { throw .partitionMissing }
    batchNumber += 1
    do throws(ServerFailure) {
      let current = try versions(of: batch)
      var staged = StagedBatch(rows: [Int](repeating: 0, count: schema.entities.count))
      var isLoaded = [Bool](repeating: false, count: batch.entries.count)
      var version = [Int64](repeating: 0, count: batch.entries.count)
      let later = try later(than: current, batch)
      var replaced: [(entry: Int, earlier: Version)] = []
      // by index, here and below: an entry in a variable costs reference counts for each of its arrays
      for index in batch.entries.indices where batch.entries[index].outcome == .accepted {
        isLoaded[index] = true
        version[index] = 1
        guard !current.isEmpty, let earlier = current[VersionKey(batch.entries[index])] else { continue }
        if earlier.contentHash == batch.entries[index].contentHash {
          isLoaded[index] = false
          staged.duplicates.append(index)
          continue
        }
        let number = batch.entries[index].number
        if origin.map({ earlier.lastDelivery > ($0, Int64(number)) }) ?? later.contains(earlier.fileID) {
          isLoaded[index] = false
          staged.duplicates.append(index)
          staged.older.append(index)
          older.append(number)
          continue
        }
        staged.superseding.append(index)
        replaced.append((index, earlier))
        version[index] = earlier.version + 1
      }
      try remove(replaced, batch)
      failpoint("load.superseded")
      try copyRows(batch, isLoaded, &staged)
      failpoint("load.rows")
      let accepted = batch.entries.indices.filter { isLoaded[$0] }
      if !accepted.isEmpty { try copyBatch(batch, accepted) }
      failpoint("load.batch")
      try copyDossiers(batch, isLoaded, version)
      failpoint("load.dossiers")
      try copyRejects(batch)
      failpoint("load.rejects")
      if !accepted.isEmpty {
        for parcel in parcels(accepted, batchNumber) {
          try insert(parcel)
          failpoint("load.parcel")
        }
      }
      failpoint("load.staged")
      return staged
    } catch {
      if error.state == "SH002" { throw .notSealed }
      throw .server(error)
    }
  }

  // MARK: versions

  private struct VersionKey: Hashable {
    var kind: Dossier.Kind
    var key: [UInt8]

    init(kind: Dossier.Kind, key: [UInt8]) {
      self.kind = kind
      self.key = key
    }

    init(_ entry: PreparedBatch.Entry) { self.init(kind: entry.kind, key: entry.key.exposed) }
  }

  private struct Version {
    var version: Int64
    var contentHash: [UInt8]
    var careMonth: String
    var fileID: Int64
    var dossierNumber: Int64
    /// The last delivery of this content, and its number there; only known when dossiers are judged again.
    var lastDelivery: (file: Int64, number: Int64) = (0, 0)
  }

  /// Begins the transaction, if that has not been done, and finds the current versions of the batch's keys, locked in the order of the keys so that two loaders seldom wait for each other in a circle
  /// (`40P01` is tried again).
  ///
  /// The index (key first) is searched once for each key, in the order of the keys. No ORDER BY: with one, PostgreSQL 15 would rather walk the
  /// whole index for the sake of the order and compare each key with the list.
  private func versions(of batch: PreparedBatch) throws(ServerFailure) -> [VersionKey: Version] {
    var keys: [Dossier.Kind: [[UInt8]]] = [:]
    for index in batch.entries.indices where batch.entries[index].outcome == .accepted {
      keys[batch.entries[index].kind, default: []].append(batch.entries[index].key.exposed)
    }
    var result: [VersionKey: Version] = [:]
    var statements = hasBegun ? [] : [Connection.Statement("BEGIN")]
    let kinds = keys.keys.sorted { $0.rawValue < $1.rawValue }
    for kind in kinds {
      statements.append(
        Connection.Statement(
          """
          SELECT encounter_key, version, encode(content_sha256, 'hex'), care_month, file_id, dossier_number
          FROM intake.dossier
          WHERE facility_code = $1 AND dossier_kind = $2 AND encounter_key = ANY ($3::text[]) AND is_current FOR UPDATE
          """, [.text(facilityText), .text(kind.rawValue), .utf8s(FileLoad.sorted(keys[kind] ?? []))]))
    }
    guard !statements.isEmpty else { return [:] }
    let first = statements.count - kinds.count
    hasBegun = true
    try connection.execute(together: statements) { number, rows in
      guard number >= first else { return }
      let kind = kinds[number - first]
      for row in 0..<rows.count {
        guard let key = rows.text(row, 0), let version = rows.integer(row, 1),
          let hash = rows.text(row, 2).flatMap({ Files.ContentHash(hex: $0) }), let month = rows.text(row, 3),
          let file = rows.integer(row, 4), let number = rows.integer(row, 5)
        else { continue }
        result[VersionKey(kind: kind, key: Array(key.utf8))] = Version(
          version: version, contentHash: hash.bytes, careMonth: month, fileID: file, dossierNumber: number)
      }
    }
    if origin != nil, !result.isEmpty { try learnDeliveries(of: &result) }
    return result
  }

  /// In the order of their bytes, in which deliveries often come.
  private static func sorted(_ keys: [[UInt8]]) -> [[UInt8]] {
    let isSorted = keys.indices.dropFirst().allSatisfy { !keys[$0].lexicographicallyPrecedes(keys[$0 - 1]) }
    return isSorted ? keys : keys.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Which of the files that hold other contents of the batch's visits were delivered after this one, though they were loaded before: files of
  /// this run, and files that another run took since this one began.
  private func later(than current: [VersionKey: Version], _ batch: PreparedBatch) throws(ServerFailure) -> Set<Int64> {
    guard origin == nil, !current.isEmpty else { return [] }
    var others: Set<Int64> = []
    for entry in batch.entries where entry.outcome == .accepted {
      guard let earlier = current[VersionKey(entry)], earlier.contentHash != entry.contentHash else { continue }
      others.insert(earlier.fileID)
    }
    guard !others.isEmpty else { return [] }
    let rows = try connection.execute(
      """
      SELECT f.file_id FROM intake.file ours JOIN intake.run r ON r.run_id = ours.run_id
      JOIN intake.file f ON f.file_id = ANY ($2::bigint[])
      WHERE ours.file_id = $1 AND f.run_id <> ours.run_id AND f.kind = 'delivery' AND f.claimed_at > r.started_at
        AND (f.modified_ns, f.file_name) > (ours.modified_ns, ours.file_name)
      """, [.integer(fileID), .integers(others.sorted())], prepared: true)
    let elsewhere = (0..<rows.count).compactMap { rows.integer($0, 0) }
    return Set(elsewhere).union(others.filter(isLater))
  }

  /// Finds out for current versions in which delivery their content came last: by a file of its own, judged again, or sent once more. That decides
  /// which of two contents is the older one.
  private func learnDeliveries(of current: inout [VersionKey: Version]) throws(ServerFailure) {
    let keys = Set(current.keys.map { String(decoding: $0.key, as: UTF8.self) })
    let rows = try connection.execute(
      """
      SELECT d.dossier_kind, d.encounter_key, coalesce(f.origin_file_id, f.file_id), d.dossier_number
      FROM intake.dossier d JOIN intake.file f ON f.file_id = d.file_id
      WHERE d.facility_code = $1 AND d.encounter_key = ANY ($2::text[]) AND d.is_current
      UNION ALL
      SELECT d.dossier_kind, d.encounter_key, coalesce(f.origin_file_id, f.file_id), d.dossier_number
      FROM intake.dossier d JOIN intake.file f ON f.file_id = d.file_id
        JOIN intake.dossier c ON c.facility_code = d.facility_code AND c.dossier_kind = d.dossier_kind
          AND c.encounter_key = d.encounter_key AND c.is_current AND c.content_sha256 = d.content_sha256
      WHERE d.facility_code = $1 AND d.encounter_key = ANY ($2::text[]) AND d.outcome = 'duplicate'
      """, [.text(facilityText), .texts(keys.sorted())])
    for row in 0..<rows.count {
      guard let kind = rows.text(row, 0).flatMap({ Dossier.Kind(rawValue: $0) }), let key = rows.text(row, 1),
        let file = rows.integer(row, 2), let number = rows.integer(row, 3)
      else { continue }
      let slot = VersionKey(kind: kind, key: Array(key.utf8))
      guard let last = current[slot]?.lastDelivery, last < (file, number) else { continue }
      current[slot]?.lastDelivery = (file, number)
    }
  }

  /// Takes the rows of superseded versions out and marks them in the ledger.
  private func remove(_ replaced: [(entry: Int, earlier: Version)], _ batch: PreparedBatch) throws(ServerFailure) {
    guard !replaced.isEmpty else { return }
    try connection.execute(
      """
      UPDATE intake.dossier d SET is_current = false, superseded_by_file_id = $1
      FROM unnest($2::bigint[], $3::bigint[]) AS old (file_id, dossier_number)
      WHERE d.file_id = old.file_id AND d.dossier_number = old.dossier_number
      """,
      [
        .integer(fileID), .integers(replaced.map { $0.earlier.fileID }),
        .integers(replaced.map { $0.earlier.dossierNumber }),
      ])
    // one partition at a time: the month in which the old version lies
    var groups: [String: [(key: [UInt8], earlier: Version)]] = [:]
    for (index, earlier) in replaced {
      groups[earlier.careMonth, default: []].append((batch.entries[index].key.exposed, earlier))
    }
    for (month, old) in groups.sorted(by: { $0.key < $1.key }) {
      let old = old.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      // whose rows they are says the dossier they came in: a visit and its check-in have one key
      for entity in schema.entities where entity.kind == .visit {
        try connection.executeGenerated(
          """
          DELETE FROM health."\(entity.name)" t
          USING unnest($3::text[], $4::bigint[], $5::integer[]) AS old (encounter_key, file_id, dossier_number)
          WHERE t.care_month = $1::date AND t.facility_code = $2 AND t.encounter_key = old.encounter_key
            AND t.file_id = old.file_id AND t.dossier_number = old.dossier_number
          """,
          [
            .text(month), .text(facilityText), .utf8s(old.map(\.key)), .integers(old.map(\.earlier.fileID)),
            .integers(old.map(\.earlier.dossierNumber)),
          ])
      }
    }
  }

  // MARK: rows

  private func copyRows(_ batch: PreparedBatch, _ isLoaded: [Bool], _ staged: inout StagedBatch) throws(ServerFailure) {
    let numbers = schema.entities.indices.filter { number in
      batch.rows.entities[number].segments.contains { isLoaded[$0.dossier] }
    }
    guard !numbers.isEmpty else { return }
    // in one message: a file of few rows costs a round trip a table, not two
    var writer = try connection.startCopies(numbers.map { schema.entities[$0].copyStatement })
    for (place, number) in numbers.enumerated() {
      if place > 0 { try writer.next() }
      let rows = batch.rows.entities[number]
      try writer.write(RowForm.header)
      // neighbouring dossiers go in one piece
      var from = -1
      var to = 0
      var count = 0
      for segment in rows.segments {
        if isLoaded[segment.dossier] {
          if from < 0 { from = segment.bytes.lowerBound }
          to = segment.bytes.upperBound
          count += segment.rows
        } else if from >= 0 {
          try writer.write(rows.buffer.bytes.span.extracting(from..<to))
          from = -1
        }
      }
      if from >= 0 { try writer.write(rows.buffer.bytes.span.extracting(from..<to)) }
      try writer.write(RowForm.trailer)
      staged.rows[number] += count
    }
    try writer.finish()
  }

  // MARK: source bytes and the ledger

  private func copyBatch(_ batch: PreparedBatch, _ accepted: [Int]) throws(ServerFailure) {
    let (stored, sourceHash) = packed(batch, accepted)
    let delivered = accepted.reduce(0) { $0 + batch.entries[$1].sizeInBytes }
    let storedHash = Files.ContentHash(of: stored).bytes
    batches.count += 1
    batches.seal.update(data: storedHash)
    try connection.execute(
      """
      INSERT INTO intake.batch
        (file_id, batch_number, dossiers, source_bytes, stored_bytes, source_sha256, stored_sha256, compression, content)
      VALUES ($1, $2, $3, $4, $5, $6::bytea, $7::bytea, 'zstd', $8::bytea)
      """,
      [
        .integer(fileID), .integer(Int64(batchNumber)), .integer(Int64(accepted.count)), .integer(Int64(delivered)),
        .integer(Int64(stored.count)), .bytes(sourceHash), .bytes(storedHash), .bytes(stored),
      ], prepared: true)
  }

  /// The archive of the dossiers that are loaded, compressed, and the hash of what it was; no copy of it when that is all of the batch, as it
  /// nearly always is.
  private func packed(_ batch: PreparedBatch, _ accepted: [Int]) -> (stored: [UInt8], sourceHash: [UInt8]) {
    let wanted = accepted.reduce(SourceArchive.magic.count) { $0 + batch.entries[$1].source.count }
    if wanted == batch.archive.count {
      if let packed = batch.packed { return packed }
      return (compressor.compress(batch.archive.bytes), Files.ContentHash(of: batch.archive.bytes).bytes)
    }
    var source = OutputBuffer(capacity: wanted)
    SourceArchive.begin(&source)
    for index in accepted { source.append(batch.archive.bytes.span.extracting(batch.entries[index].source)) }
    return (compressor.compress(source.bytes), Files.ContentHash(of: source.bytes).bytes)
  }

  private func copyDossiers(_ batch: PreparedBatch, _ isLoaded: [Bool], _ version: [Int64]) throws(ServerFailure) {
    var rows = EntityRows()
    var rowCounts = [Int](repeating: 0, count: batch.entries.count)
    for entity in batch.rows.entities {
      for segment in entity.segments { rowCounts[segment.dossier] += segment.rows }
    }
    for index in batch.entries.indices {
      let outcome: String =
        switch batch.entries[index].outcome {
        case .rejected: "rejected"
        case .repeated: "duplicate"
        case .accepted: isLoaded[index] ? "accepted" : "duplicate"
        }
      rows.beginRow(columns: 12)
      rows.append(bigint: fileID)
      rows.append(integer: Int32(truncatingIfNeeded: batch.entries[index].number))
      rows.append(text: batch.entries[index].kind.rawValue)
      rows.append(text: facility)
      let key = batch.entries[index].key.exposed
      key.isEmpty ? rows.appendNull() : rows.append(text: key)
      isLoaded[index] ? rows.append(integer: Int32(truncatingIfNeeded: version[index])) : rows.appendNull()
      rows.append(text: outcome)
      rows.append(text: batch.entries[index].contentHash)
      if let month = batch.entries[index].careMonth { rows.append(date: month) } else { rows.appendNull() }
      isLoaded[index] ? rows.append(integer: Int32(truncatingIfNeeded: batchNumber)) : rows.appendNull()
      rows.append(flag: isLoaded[index])
      isLoaded[index] ? rows.append(integer: Int32(truncatingIfNeeded: rowCounts[index])) : rows.appendNull()
    }
    try copy(
      rows,
      """
      COPY intake.dossier (file_id, dossier_number, dossier_kind, facility_code, encounter_key, version, outcome, content_sha256,
      care_month, batch_number, is_current, row_count) FROM STDIN (FORMAT binary)
      """)
  }

  private func copyRejects(_ batch: PreparedBatch) throws(ServerFailure) {
    guard !batch.rejects.isEmpty else { return }
    var rows = EntityRows()
    for entry in batch.entries where entry.outcome == .rejected {
      rows.beginRow(columns: 9)
      rows.append(bigint: fileID)
      rows.append(integer: Int32(truncatingIfNeeded: entry.number))
      rows.append(text: entry.kind.rawValue)
      entry.key.exposed.isEmpty ? rows.appendNull() : rows.append(text: entry.key.exposed)
      let array = rows.beginArray(of: .text, count: entry.codes.count)
      for code in entry.codes { rows.append(text: code.description) }
      rows.endArray(array)
      rows.append(text: "zstd")
      var source = OutputBuffer(capacity: entry.source.count + 8)
      SourceArchive.begin(&source)
      source.append(batch.rejects.bytes.span.extracting(entry.source))
      var stored = compressor.compress(source.bytes)
      if let recipients {
        do throws(SealingFailure) { stored = try recipients.seal(stored) } catch {
          throw ServerFailure.refused(Refusal("SH002"))
        }
      }
      rows.append(text: stored)
      if recipients == nil { rows.appendNull() } else { rows.append(text: "cms") }
      rows.append(text: Array(SHA256.hash(data: stored)))
    }
    try copy(
      rows,
      """
      COPY intake.reject (file_id, dossier_number, dossier_kind, encounter_key, codes, compression, content, sealing, stored_sha256)
      FROM STDIN (FORMAT binary)
      """)
  }

  private func copy(_ rows: EntityRows, _ statement: String) throws(ServerFailure) {
    var writer = try connection.startCopy(statement)
    try writer.write(RowForm.header)
    try writer.write(rows.buffer.bytes)
    try writer.write(RowForm.trailer)
    try writer.finish()
  }

  private func insert(_ parcel: ParcelDraft) throws(ServerFailure) {
    sealedParcels.count += 1
    sealedParcels.seal.update(data: parcel.contentHash)
    try connection.execute(
      """
      INSERT INTO outbox.parcel (destination, format, file_id, batch_number, facility_code, period_from, period_to, dossiers,
        size_in_bytes, content_sha256, content, manifest)
      VALUES ($1, $2, $3, $4, $5, $6::date, $7::date, $8, $9, $10::bytea, $11::bytea, $12)
      ON CONFLICT (destination, file_id, batch_number, format) DO NOTHING
      """,
      [
        .text(parcel.destination), .text(parcel.format), .integer(fileID), .integer(Int64(batchNumber)),
        .text(facilityText),
        parcel.periodFrom.map { .text($0.description) } ?? .null,
        parcel.periodTo.map { .text($0.description) } ?? .null,
        .integer(Int64(parcel.dossiers)), .integer(Int64(parcel.content.count)), .bytes(parcel.contentHash),
        .bytes(parcel.content), .text(parcel.manifest),
      ])
  }

  // MARK: the end

  /// One finding as it stands in the ledger.
  package struct LedgerFinding: Sendable {
    package var dossier: Int?
    package var finding: NamedFinding

    package init(dossier: Int?, finding: NamedFinding) {
      self.dossier = dossier
      self.finding = finding
    }
  }

  /// How often a code was found.
  package struct CodeCount: Sendable, Hashable {
    package var code: FindingCode
    package var severity: Severity
    package var findings: Int
    package var dossiers: Int

    package init(code: FindingCode, severity: Severity, findings: Int, dossiers: Int) {
      self.code = code
      self.severity = severity
      self.findings = findings
      self.dossiers = dossiers
    }
  }

  /// What the ledger is told about the file as a whole.
  package struct Closing: Sendable {
    package var seen: Int
    package var accepted: Int
    package var rejected: Int
    package var duplicate: Int
    package var superseding: Int
    /// Dossiers with a finding of at least warn.
    package var withFindings: Int
    package var rows: String
    package var findingCounts: String
    package var editions: String
    package var receipt: String
    package var findings: [LedgerFinding]
    package var counts: [CodeCount]
    package var runID: Int64
    /// Codes of practitioners named in the file, sorted.
    package var practitioners: [String]
    /// Tells one state of the feed's mapping and schemas from another; hexadecimal.
    package var mapping: String

    package init(
      seen: Int, accepted: Int, rejected: Int, duplicate: Int, superseding: Int, withFindings: Int, rows: String,
      findingCounts: String, editions: String, receipt: String, findings: [LedgerFinding], counts: [CodeCount],
      runID: Int64,
      practitioners: [String], mapping: String
    ) {
      self.seen = seen
      self.accepted = accepted
      self.rejected = rejected
      self.duplicate = duplicate
      self.superseding = superseding
      self.withFindings = withFindings
      self.rows = rows
      self.findingCounts = findingCounts
      self.editions = editions
      self.receipt = receipt
      self.findings = findings
      self.counts = counts
      self.runID = runID
      self.practitioners = practitioners
      self.mapping = mapping
    }
  }

  /// Writes counts and state, and commits. A file without any dossier commits as well.
  package func commit(_ closing: Closing) throws(LoadFailure) {
    guard closing.seen == closing.accepted + closing.rejected + closing.duplicate else { throw .countsDoNotAddUp }
    do throws(ServerFailure) {
      if !hasBegun { try connection.begin() }
      hasBegun = true
      // a file that waited for its rest was judged before
      if epoch > 1 {
        try connection.execute("DELETE FROM intake.finding WHERE file_id = $1", [.integer(fileID)])
        try connection.execute("DELETE FROM intake.finding_count WHERE file_id = $1", [.integer(fileID)])
      }
      try FileLoad.write(closing.findings, file: fileID, on: connection)
      failpoint("load.findings")
      var statements: [Connection.Statement] = []
      if !closing.counts.isEmpty { statements.append(FileLoad.statement(closing.counts, file: fileID)) }
      // last before the ledger: another loader that adds the same code waits no longer than a commit takes
      if !closing.practitioners.isEmpty {
        statements.append(Registries.addPractitioners(closing.practitioners, facility: facilityText, file: fileID))
      }
      statements.append(
        Connection.Statement(
          """
          UPDATE intake.file SET state = 'loaded', reason = NULL, finished_at = clock_timestamp(), dossiers_seen = $3,
            dossiers_accepted = $4, dossiers_rejected = $5, dossiers_duplicate = $6, dossiers_superseding = $7,
            rows = $8::jsonb, finding_counts = $9::jsonb, format_version = $10, receipt = $11,
            dossiers_with_findings = $12
          WHERE file_id = $1 AND epoch = $2 AND state = 'claimed' RETURNING file_id
          """,
          [
            .integer(fileID), .integer(epoch), .integer(Int64(closing.seen)), .integer(Int64(closing.accepted)),
            .integer(Int64(closing.rejected)), .integer(Int64(closing.duplicate)),
            .integer(Int64(closing.superseding)),
            .text(closing.rows), .text(closing.findingCounts), .text(closing.editions), .text(closing.receipt),
            .integer(Int64(closing.withFindings)),
          ]))
      statements.append(
        Ledger.statement(.loaded, file: fileID, epoch: epoch, run: closing.runID, detail: detail(closing)))
      var updated = 0
      try connection.execute(together: statements) { number, rows in
        if number == statements.count - 2 { updated = rows.count }
      }
      guard updated == 1 else {
        connection.rollback()
        throw ServerFailure.refused(Refusal("SH001"))
      }
      failpoint("load.before-commit")
      try connection.commit()
      failpoint("load.committed")
    } catch {
      if error.state == "SH001" { throw .claimLost }
      throw .server(error)
    }
  }

  /// What the event says of the load: counts, and seals over the stored bytes. What is changed afterwards no longer fits.
  private func detail(_ closing: Closing) -> String {
    func hex(_ seal: SHA256) -> String { Files.ContentHash(seal.finalize()).hex }
    return """
      {"seen":\(closing.seen),"accepted":\(closing.accepted),"rejected":\(closing.rejected),"duplicate":\(closing.duplicate),\
      "batches":\(batches.count),"batchSeal":"\(hex(batches.seal))",\
      "parcels":\(sealedParcels.count),"parcelSeal":"\(hex(sealedParcels.seal))",\
      "mapping":"\(closing.mapping)"}
      """
  }

  /// Closes the open rejects of dossiers that are taken in now, and links each of them with its first rejected delivery.
  ///
  /// Only when dossiers are judged again; before ``commit(_:)``.
  package func settle() throws(LoadFailure) {
    guard let origin else { return }
    do throws(ServerFailure) {
      try connection.execute(
        """
        UPDATE intake.reject r SET state = 'replayed', replayed_file_id = $1, replayed_dossier_number = r.dossier_number,
          replayed_at = clock_timestamp(), replay_note = CASE WHEN d.outcome = 'accepted' THEN 'loaded'
            WHEN d.dossier_number = ANY ($3::integer[]) THEN 'older' ELSE 'duplicate' END
        FROM intake.dossier d, intake.file f
        WHERE d.file_id = $1 AND d.outcome IN ('accepted', 'duplicate') AND r.dossier_number = d.dossier_number AND r.state = 'open'
          AND f.file_id = r.file_id AND (f.file_id = $2 OR f.origin_file_id = $2) AND f.file_id <> $1
        """, [.integer(fileID), .integer(origin), .integers(older.map { Int64($0) })])
      // what is still rejected waits under its first reject already
      try connection.execute(
        """
        DELETE FROM intake.reject n WHERE n.file_id = $1 AND EXISTS (
          SELECT FROM intake.reject o JOIN intake.file f ON f.file_id = o.file_id
          WHERE o.state = 'open' AND o.file_id <> $1 AND o.dossier_number = n.dossier_number
            AND (f.file_id = $2 OR f.origin_file_id = $2))
        """, [.integer(fileID), .integer(origin)])
      try connection.execute(
        """
        UPDATE intake.dossier t SET first_reject_file_id = first.file_id, first_reject_dossier_number = first.dossier_number
        FROM intake.dossier d CROSS JOIN LATERAL (
          SELECT e.file_id, e.dossier_number FROM intake.dossier e
          WHERE e.facility_code = d.facility_code AND e.dossier_kind = d.dossier_kind AND e.encounter_key = d.encounter_key
            AND e.outcome = 'rejected' ORDER BY e.file_id, e.dossier_number LIMIT 1) AS first
        WHERE d.file_id = $1 AND d.outcome = 'accepted' AND t.file_id = d.file_id AND t.dossier_number = d.dossier_number
        """, [.integer(fileID)])
      failpoint("load.settled")
    } catch {
      throw .server(error)
    }
  }

  /// Tells the server what a loader's connection is for: every statement of it finds rows by their key, also in tables that have no statistics
  /// yet, where the planner would rather read them from end to end.
  package static func prepare(_ connection: Connection) throws(ServerFailure) {
    try connection.execute("SET enable_seqscan = off")
  }

  /// Gives everything up since the beginning.
  package func rollback() {
    connection.rollback()
    hasBegun = false
    batchNumber = 0
    batches = (0, SHA256())
    sealedParcels = (0, SHA256())
  }

  /// Writes findings of a file.
  static func write(_ findings: [LedgerFinding], file: Int64, on connection: Connection) throws(ServerFailure) {
    if !findings.isEmpty {
      var rows = EntityRows()
      for (number, entry) in findings.enumerated() {
        let finding = entry.finding
        rows.beginRow(columns: 10)
        rows.append(bigint: file)
        rows.append(integer: Int32(truncatingIfNeeded: number + 1))
        if let dossier = entry.dossier {
          rows.append(integer: Int32(truncatingIfNeeded: dossier))
        } else {
          rows.appendNull()
        }
        rows.append(text: finding.code.description)
        rows.append(text: finding.severity.name)
        if let table = finding.table { rows.append(text: table) } else { rows.appendNull() }
        finding.row > 0 ? rows.append(integer: Int32(truncatingIfNeeded: finding.row)) : rows.appendNull()
        if let field = finding.field { rows.append(text: field) } else { rows.appendNull() }
        finding.byteOffset >= 0 ? rows.append(bigint: finding.byteOffset) : rows.appendNull()
        let parameters = parameters(of: finding)
        if parameters.isEmpty { rows.appendNull() } else { rows.append(json: Array(parameters.utf8).span) }
      }
      var writer = try connection.startCopy(
        """
        COPY intake.finding (file_id, finding_number, dossier_number, code, severity, source_table, source_row, field, byte_offset,
        parameters) FROM STDIN (FORMAT binary)
        """)
      try writer.write(RowForm.header)
      try writer.write(rows.buffer.bytes)
      try writer.write(RowForm.trailer)
      try writer.finish()
    }
  }

  /// Writes how often each code was found.
  static func statement(_ counts: [CodeCount], file: Int64) -> Connection.Statement {
    Connection.Statement(
      """
      INSERT INTO intake.finding_count (file_id, code, severity, findings, dossiers)
      SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[])
      """,
      [
        .integer(file), .texts(counts.map { $0.code.description }), .texts(counts.map { $0.severity.name }),
        .integers(counts.map { Int64($0.findings) }), .integers(counts.map { Int64($0.dossiers) }),
      ])
  }

  private static func parameters(of finding: NamedFinding) -> String {
    var parts: [String] = []
    if let found = finding.found { parts.append("\"found\":\(found)") }
    if let limit = finding.limit { parts.append("\"limit\":\(limit)") }
    if let difference = finding.difference { parts.append("\"difference\":\"\(Decimal4(units: difference))\"") }
    if let other = finding.other { parts.append("\"other\":\"\(other)\"") }
    if let form = finding.form {
      // a pattern of a feed may hold any sign
      let escaped = form.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").filter { $0 >= " " }
      parts.append("\"form\":\"\(escaped)\"")
    }
    return parts.isEmpty ? "" : "{\(parts.joined(separator: ","))}"
  }
}
