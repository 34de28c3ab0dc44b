internal import Bytes
internal import Definitions
internal import Failpoints
internal import Files
internal import Findings
internal import Foundation
internal import Load
internal import Postgres
internal import Records
internal import Sealing
internal import Transform

/// Stored dossiers that are judged again.
struct Again: Sendable {
  enum Kind: String, Sendable {
    /// Rejects of a delivery.
    case replay
    /// A whole delivery.
    case reload
  }
  var kind: Kind
  /// The delivery.
  var origin: Int64
  /// Numbers of the dossiers in the delivery, in the order they are read; nil when the delivered file itself is read.
  var numbers: [Int]?
  /// Months whose partitions the rows need.
  var months: Set<CivilDate>
  /// Rejects of the delivery that stay open.
  var stillRejected: Int?
}

/// Which rejects are meant.
package struct RejectSelection: Sendable {
  package var file: Int64?
  package var facility: String?
  package var code: String?

  package init(file: Int64? = nil, facility: String? = nil, code: String? = nil) {
    self.file = file
    self.facility = facility
    self.code = code
  }
}

/// A delivery in the ledger, as far as judging it again needs it.
private struct Delivery {
  var fileID: Int64
  var facility: String
  var name: String
  var state: String
  var origin: Int64?
  var sha256: String?
  /// `yyyyMMdd`, local time.
  var receivedOn: String
  /// The tables of its files, when it is several.
  var tables: [String]
}

/// What one reading of stored dossiers found, before anything is written.
private struct Judged {
  var accepted: [Int] = []
  var rejected: [Int] = []
  var months: Set<CivilDate> = []
  var refusal: Finding?
  var tally = FindingTally()
  var editions: Set<String> = []
}

extension Run {
  /// Judges open rejects with today's definitions; what is accepted now is loaded, in one transaction a file, and its reject closed.
  ///
  /// Harmless when repeated: what stays rejected stays as it is. A reject never replaces a version that was delivered after it.
  package func replay(_ selection: RejectSelection) throws(RunFailure) -> Result {
    try again { context, connection in
      let files = try Run.openRejects(selection, connection)
      context.progress.expect(files: files.count, bytes: 0)
      var reports: [FileReport] = []
      for (file, numbers) in files where !context.cancellation.isRequested {
        guard let delivery = try Run.delivery(file, connection) else { continue }
        reports += try replay(delivery, numbers, context, connection)
        context.progress.addFile()
      }
      return reports
    }
  }

  /// Judges a whole delivery again: its original where it is kept, else what the ledger holds of it.
  package func reload(file: Int64) throws(RunFailure) -> Result {
    try again { context, connection in
      guard var delivery = try Run.delivery(file, connection) else {
        throw RunFailure.missing("there is no file \(file) in the ledger")
      }
      if let origin = delivery.origin, let first = try Run.delivery(origin, connection) { delivery = first }
      return [try reload(delivery, context, connection)]
    }
  }

  // MARK: the frame

  /// What a replay and a reload have in common: a run with its report.
  private func again(_ body: (RunContext, Connection) throws -> [FileReport]) throws(RunFailure) -> Result {
    let started = ContinuousClock.now
    let startedAt = Clock.text()
    let connection = try connect()
    do throws(ServerFailure) {
      try Run.checkVersion(on: connection)
    } catch {
      guard error.state == "42P01" || error.state == "3F000" else { throw .server(error) }
      throw .notReady("the warehouse has no schema yet, or an older one. Run «songhan warehouse migrate».")
    }
    let definitions = try load()
    let runID = options.dryRun ? nil : try server { () throws(ServerFailure) in try begin(connection) }
    failpoint("again.begun")
    var reports: [FileReport] = []
    var failure: RunFailure?
    do {
      let context = try context(definitions, runID ?? 0, connection)
      reports = try body(context, connection)
    } catch {
      connection.rollback()
      switch error {
      case let error as RunFailure: failure = error
      case let error as ServerFailure: failure = .server(error)
      case let error as FileFailure: failure = .files(error)
      case StoredDossiers.Fault.sealed: failure = .notReady(SealingFailure.cannotOpen.description)
      case StoredDossiers.Fault.damaged:
        failure = .internalMistake("stored source bytes are damaged; nothing was changed")
      default: failure = .internalMistake("stored dossiers could not be read; nothing was changed")
      }
    }
    var report = RunReport(
      run: runID, files: reports, seconds: started.duration(to: .now).inSeconds, startedAt: startedAt)
    note(definitions, in: &report)
    let code = exitCode(report, failure)
    if let runID, connection.isUsable { report.anchor = try? end(connection, runID, report, code, failure) }
    failpoint("again.ended")
    if runID != nil {
      do throws(FileFailure) {
        try ReportFolder(project).write(report, failure: failure, exitCode: code, on: nil, hasMetrics: false)
      } catch {
        journal.error("the report could not be written", ["failure": .failure(error)])
        if failure == nil { failure = .files(error) }
      }
    }
    return Result(report: report, failure: failure, exitCode: exitCode(report, failure))
  }

  /// Files with open rejects, oldest first, each with the numbers of the dossiers that are meant.
  static func openRejects(
    _ selection: RejectSelection, _ connection: Connection
  ) throws(ServerFailure) -> [(file: Int64, numbers: [Int])] {
    let rows = try connection.execute(
      """
      SELECT r.file_id, r.dossier_number FROM intake.reject r JOIN intake.file f ON f.file_id = r.file_id
      WHERE r.state = 'open' AND ($1::bigint IS NULL OR r.file_id = $1) AND ($2::text IS NULL OR f.facility_code = $2)
        AND ($3::text IS NULL OR $3 = ANY (r.codes))
      ORDER BY coalesce(f.origin_file_id, f.file_id), r.file_id, r.dossier_number
      """,
      [
        selection.file.map { .integer($0) } ?? .null, selection.facility.map { .text($0) } ?? .null,
        selection.code.map { .text($0) } ?? .null,
      ])
    var result: [(file: Int64, numbers: [Int])] = []
    for row in 0..<rows.count {
      guard let file = rows.integer(row, 0), let number = rows.integer(row, 1) else { continue }
      if result.last?.file != file { result.append((file, [])) }
      result[result.count - 1].numbers.append(Int(number))
    }
    return result
  }

  private static func delivery(_ file: Int64, _ connection: Connection) throws(ServerFailure) -> Delivery? {
    let rows = try connection.execute(
      """
      SELECT facility_code, file_name, state, coalesce(origin_file_id, CASE WHEN state = 'duplicate' THEN duplicate_of END),
        encode(content_sha256, 'hex'), to_char(received_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYYMMDD'),
        (SELECT string_agg(m ->> 'table', ' ' ORDER BY n) FROM jsonb_array_elements(members) WITH ORDINALITY AS e (m, n))
      FROM intake.file WHERE file_id = $1
      """, [.integer(file)])
    guard !rows.isEmpty, let facility = rows.text(0, 0), let name = rows.text(0, 1), let state = rows.text(0, 2),
      let received = rows.text(0, 5)
    else { return nil }
    return Delivery(
      fileID: file, facility: facility, name: name, state: state, origin: rows.integer(0, 3), sha256: rows.text(0, 4),
      receivedOn: received, tables: rows.text(0, 6)?.split(separator: " ").map(String.init) ?? [])
  }

  /// Runs `body` while the delivery is ours; another process that judges it again is not waited for.
  private func holding<R>(_ origin: Int64, _ connection: Connection, _ body: () throws -> R) throws -> R {
    guard try Ledger.lockAgain(origin, on: connection) else {
      throw RunFailure.server(.refused(Refusal("55P03")))
    }
    failpoint("again.held")
    defer { if connection.isUsable { try? Ledger.releaseAgain(origin, on: connection) } }
    return try body()
  }

  private func facility(_ code: String, _ context: RunContext) throws(RunFailure) -> Facility {
    guard let facility = context.registry[code], facility.isActive else {
      throw .notReady("facility \(code) is not in the registry, or not active. Add it with «songhan facility add».")
    }
    return facility
  }

  // MARK: replay

  private func replay(
    _ delivery: Delivery, _ numbers: [Int], _ context: RunContext, _ connection: Connection
  ) throws -> [FileReport] {
    let origin = delivery.origin ?? delivery.fileID
    let facility = try facility(delivery.facility, context)
    return try holding(origin, connection) {
      let stored = StoredDossiers(connection: connection, opener: Opener(project))
      var forms: [AgainEnvelope.Form: [Int]] = [:]
      try stored.rejects(of: delivery.fileID, numbers: numbers, onlyOpen: true) { dossier in
        forms[AgainEnvelope.form(of: dossier), default: []].append(dossier.number)
      }
      var reports: [FileReport] = []
      for (form, numbers) in forms.sorted(by: { ($0.value.first ?? 0) < ($1.value.first ?? 0) }) {
        func copy(_ numbers: [Int]) throws -> DeliveredCopy {
          let spooled = try SpoolCopy(in: context.spool) { append in
            let opening = AgainEnvelope.opening(
              form, facility: delivery.facility, createdOn: delivery.receivedOn, count: numbers.count,
              remark: "rejected dossiers of file \(delivery.fileID), judged again")
            try append(Array(opening.utf8).span)
            try stored.rejects(of: delivery.fileID, numbers: numbers, onlyOpen: true) {
              try append(AgainEnvelope.framed($0).span)
            }
            try append(Array(AgainEnvelope.closing(form).utf8).span)
          }
          return DeliveredCopy(spooled)
        }
        let worker = try FileWorker(context)
        let whole = try copy(numbers)
        let judged = try judge(whole, numbers, facility, worker, context)
        guard !judged.accepted.isEmpty, !options.dryRun else {
          reports.append(report(delivery, facility, .replay, judged, whole, context))
          continue
        }
        let again = Again(
          kind: .replay, origin: origin, numbers: judged.accepted, months: judged.months,
          stillRejected: judged.rejected.count)
        let taken = judged.rejected.isEmpty ? whole : try copy(judged.accepted)
        reports.append(try worker.work(again, taken, name: delivery.name, facility))
      }
      return reports
    }
  }

  /// Reads stored dossiers once and says what would become of them.
  private func judge(
    _ copy: DeliveredCopy, _ numbers: [Int]?, _ facility: Facility, _ worker: FileWorker, _ context: RunContext
  ) throws -> Judged {
    guard let rulings = context.rulings[facility.feed] else {
      throw RunFailure.notReady("there is no feed «\(facility.feed)» in Pipelines/")
    }
    var judged = Judged()
    var tally = FindingTally()
    let pass = FilePass(rulings: rulings, receivedAt: Clock.now(), numbers: numbers)
    let code = Array(facility.code.utf8)
    var foreign: Finding?
    let facts = try pass.run(tally: &tally, source: worker.source(copy, rulings, isDelivered: numbers == nil)) {
      dossier, verdict, facts, _ in
      let stated = facts.facility.map { Array($0.utf8) } ?? verdict.facility
      if !stated.isEmpty, stated != code {
        foreign = Finding(context.registry[String(decoding: stated, as: UTF8.self)] != nil ? .S07 : .S08, .reject)
        return false
      }
      if rulings.isOfDecisions { judged.editions.insert(dossier.edition.rawValue) }
      if verdict.outcome == .rejected {
        judged.rejected.append(dossier.number)
      } else {
        judged.accepted.append(dossier.number)
        if let month = verdict.careMonth { judged.months.insert(month) }
      }
      return !context.cancellation.isRequested
    }
    judged.refusal = foreign ?? facts.refusal
    if let foreign { tally.add(foreign, dossier: nil, key: nil, schema: rulings.schemas[0]) }
    judged.tally = tally
    return judged
  }

  /// The report of what was only judged: nothing of it was accepted, or nothing was to be written.
  private func report(
    _ delivery: Delivery, _ facility: Facility, _ kind: Again.Kind, _ judged: Judged, _ copy: DeliveredCopy,
    _ context: RunContext
  ) -> FileReport {
    var report = FileReport(name: delivery.name, state: .judged)
    report.facility = facility.code
    report.kind = kind.rawValue
    report.origin = delivery.origin ?? delivery.fileID
    report.sizeInBytes = copy.sizeInBytes
    report.findings = judged.tally.byCode
    report.details = judged.tally.details(context.definitions.catalogue, .vietnamese)
    if let refusal = judged.refusal {
      report.state = .refused
      report.reason = refusal.code.description
      report.reasonText = context.definitions.catalogue[refusal.code]?.title[.vietnamese]
      return report
    }
    report.edition = judged.editions.sorted().joined(separator: ",")
    report.dossiers.seen = judged.accepted.count + judged.rejected.count
    report.dossiers.accepted = judged.accepted.count
    report.dossiers.rejected = judged.rejected.count
    if kind == .replay { report.stillRejected = judged.rejected.count }
    return report
  }

  // MARK: reload

  private func reload(_ delivery: Delivery, _ context: RunContext, _ connection: Connection) throws -> FileReport {
    guard let hash = delivery.sha256.flatMap({ Files.ContentHash(hex: $0) }) else {
      throw RunFailure.missing("file \(delivery.fileID) was never read; let the hospital deliver it again")
    }
    guard ["loaded", "refused", "quarantined"].contains(delivery.state) else {
      throw RunFailure.missing("file \(delivery.fileID) is \(delivery.state): the next run goes on with it")
    }
    let facility = try facility(delivery.facility, context)
    return try holding(delivery.fileID, connection) {
      var numbers: [Int]?
      var copy = try original(of: delivery, hash, context)
      if copy == nil, delivery.state == "loaded" { (copy, numbers) = try restored(delivery, context, connection) }
      guard let copy else {
        throw RunFailure.missing(
          "the original of file \(delivery.fileID) is neither in archive/ nor in quarantine/; let the hospital deliver it again"
        )
      }
      let worker = try FileWorker(context)
      let judged = try judge(copy, numbers, facility, worker, context)
      guard judged.refusal == nil, !options.dryRun else {
        return report(delivery, facility, .reload, judged, copy, context)
      }
      let again = Again(kind: .reload, origin: delivery.fileID, numbers: numbers, months: judged.months)
      return try worker.work(again, copy, name: delivery.name, facility)
    }
  }

  /// The delivered file, where it is still kept under the name of its SHA-256.
  private func original(
    of delivery: Delivery, _ hash: Files.ContentHash, _ context: RunContext
  ) throws -> DeliveredCopy? {
    for folder in [context.archive, context.quarantine] {
      guard let name = try? FileName(delivery.facility), let target = try? Directory(name, in: folder) else { continue }
      do {
        let copy =
          delivery.tables.isEmpty
          ? DeliveredCopy(try SpoolCopy(of: SourceFile(FileName(hash), in: target, owners: nil), in: context.spool))
          : try DeliveredCopy(
            of: delivery.tables.map { ($0, try FileName("\(hash.hex)-\($0)")) }, in: target, owners: nil,
            spool: context.spool)
        if copy.contentHash == hash { return copy }
      } catch FileFailure.refused(.gone) {
        if delivery.tables.isEmpty, let copy = try opened(hash, in: target, context) { return copy }
      }
    }
    return nil
  }

  /// A sealed original, opened; nil when there is none.
  private func opened(_ hash: Files.ContentHash, in folder: Directory, _ context: RunContext) throws -> DeliveredCopy? {
    let name = FileName(hash, suffix: ".cms")
    guard let entry = try folder.entry(name) else { return nil }
    guard entry.stamp.sizeInBytes <= PrivateKey.ceiling else {
      throw RunFailure.missing(
        "the sealed original is too large to be opened here: open it with «openssl cms -decrypt» and deliver it again")
    }
    do {
      let plain = try Opener(project).open(SourceFile(name, in: folder, owners: nil, sizeLimit: .max).content())
      return DeliveredCopy(try SpoolCopy(in: context.spool) { try $0(plain.span) })
    } catch let failure as SealingFailure {
      throw RunFailure.notReady("the sealed original: \(failure)")
    }
  }

  /// What the ledger holds of a delivery whose original is gone. Repeated dossiers are missing: another one holds their bytes.
  private func restored(
    _ delivery: Delivery, _ context: RunContext, _ connection: Connection
  ) throws -> (copy: DeliveredCopy?, numbers: [Int]) {
    let stored = StoredDossiers(connection: connection, opener: Opener(project))
    var form: AgainEnvelope.Form?
    var numbers: [Int] = []
    try stored.all(of: delivery.fileID) { dossier in
      if form == nil { form = AgainEnvelope.form(of: dossier) }
      numbers.append(dossier.number)
    }
    guard let form else { return (nil, []) }
    let copy = try SpoolCopy(in: context.spool) { append in
      let opening = AgainEnvelope.opening(
        form, facility: delivery.facility, createdOn: delivery.receivedOn, count: numbers.count,
        remark: "all that is kept of file \(delivery.fileID)")
      try append(Array(opening.utf8).span)
      try stored.all(of: delivery.fileID) { try append(AgainEnvelope.framed($0).span) }
      try append(Array(AgainEnvelope.closing(form).utf8).span)
    }
    return (DeliveredCopy(copy), numbers)
  }
}
