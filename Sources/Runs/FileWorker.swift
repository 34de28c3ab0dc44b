internal import Bytes
internal import CommonSchema
internal import Compression
internal import Definitions
internal import Failpoints
package import Files
internal import Findings
internal import Foundation
internal import Load
internal import Outbox
package import Postgres
internal import Records
internal import Sealing
internal import Synchronization
internal import Transform

/// Why a run had to end before its time.
package enum RunFailure: Error, CustomStringConvertible {
  case server(ServerFailure)
  case files(FileFailure)
  case cluster(ClusterFailure)
  case notReady(String)
  /// What was asked for is not there.
  case missing(String)
  case internalMistake(String)

  /// What was thrown, as the end of a command; `otherwise` when it is none of the known failures.
  init(_ error: any Error, otherwise: String) {
    switch error {
    case let failure as RunFailure: self = failure
    case let failure as ServerFailure: self = .server(failure)
    case let failure as FileFailure: self = .files(failure)
    default: self = .internalMistake(otherwise)
    }
  }

  package var description: String {
    switch self {
    case .server(let failure): "\(failure). \(failure.mend)"
    case .files(let failure): failure.description
    case .cluster(let failure): "\(failure). \(failure.mend)"
    case .notReady(let text): text
    case .missing(let text): text
    case .internalMistake(let text): text
    }
  }

  /// Reliability rules, section 8.
  package var exitCode: Int32 {
    switch self {
    case .server(let failure):
      failure.isTransient || failure == .unknownOutcome ? 75 : failure.state?.code == "42501" ? 77 : 78
    case .files(let failure): Int32(failure.exitCode)
    case .cluster(let failure): failure.isTransient ? 75 : 78
    case .notReady: 78
    case .missing: 66
    case .internalMistake: 70
    }
  }
}

/// What every worker of a run shares.
struct RunContext: Sendable {
  /// How a facility names the markers of its files; nil when it sets none.
  func marker(of facility: String) -> MarkerPattern? {
    registry.marker(of: facility, else: project.configuration.marker)
  }

  /// How the files of a facility's deliveries go together; nil when each file is one.
  func layout(of facility: String) -> TabularLayout? {
    registry[facility].flatMap { rulings[$0.feed] }?.feed.reading.tabular
  }

  let project: Project
  let registry: Registry
  let definitions: Definitions
  let rulings: [String: FeedRulings]
  let mappers: [String: [Mapper]]
  /// By feed: tells one state of its mapping and schemas from another.
  let prints: [String: String]
  let runID: Int64
  let conninfo: String
  let spool: Directory
  let archive: Directory
  /// To whom rejects and quarantined files are sealed.
  let recipients: Recipients?
  let quarantine: Directory
  let receipts: Directory
  let outbox: OutboxFolder
  let journal: Journal
  let assumesSettled: Bool
  let progress: RunProgress
  let cancellation: Cancellation
  let arrivals = Arrivals()
}

/// In which order the files of this run were delivered: a later one may be loaded first by another worker.
final class Arrivals: Sendable {
  private let places = Mutex<[Int64: Int]>([:])

  func note(_ fileID: Int64, place: Int) { places.withLock { $0[fileID] = place } }

  /// Whether a file of this run was delivered behind `place`; false for files of other runs.
  func isLater(_ fileID: Int64, than place: Int) -> Bool { places.withLock { ($0[fileID] ?? -1) > place } }
}

/// Takes one file after the other through the house; one worker, one connection, and a thread that loads while this one reads.
final class FileWorker {
  private let context: RunContext
  private var connection: Connection
  private var partitions: Partitions
  private var batch: PreparedBatch
  private let compressor = ZstandardCompressor()
  private let overlaps: Bool
  private let lane = LoadingLane()
  /// While the lane loads: its batch, and afterwards what came of it.
  private var loading: PreparedBatch?
  private var loaded: Result<StagedBatch, any Error>?
  /// For packing a batch while the lane is busy with the one before.
  private let packer = ZstandardCompressor()
  /// Set while stored dossiers are judged again.
  private var again: Again?

  /// - Parameter overlaps: load a batch while the next one is filled: worth its memory where there are more processors than workers.
  init(_ context: RunContext, overlaps: Bool = false) throws(RunFailure) {
    self.context = context
    self.overlaps = overlaps
    do throws(ServerFailure) {
      connection = try Connection(context.conninfo, applicationName: "songhan")
      try FileLoad.prepare(connection)
    } catch {
      throw .server(error)
    }
    partitions = Partitions(context.definitions.common)
    batch = PreparedBatch(schema: context.definitions.common)
    cutShortWhenAsked()
  }

  deinit { if let watch { context.cancellation.forget(watch) } }

  /// A wish to end ends also what the server is at for us, a wait for somebody's lock for example.
  private func cutShortWhenAsked() {
    let canceller = connection.canceller
    watch = context.cancellation.whenRequested(replacing: watch) { canceller.cancel() }
  }
  private var watch: Int?

  /// The report of the file, or nil when somebody else took it.
  func work(_ file: InboxFile) throws(RunFailure) -> FileReport? {
    var report = FileReport(name: file.label, state: .waiting)
    report.facility = file.facility
    report.sizeInBytes = file.stamp.sizeInBytes
    let copy: DeliveredCopy
    do throws(FileFailure) {
      copy = try self.copy(of: file)
      failpoint("run.copied")
    } catch {
      guard case .refused(let refusal) = error else { throw .files(error) }
      switch refusal {
      case .gone, .stopped: return nil
      case .changedWhileReading:
        report.reason = "S15"
        return finished(report)
      case .tooLarge: return try unread(file, .refused, "S05", &report)
      default: return try unread(file, .quarantined, "S14", &report)
      }
    }
    report.sha256 = copy.contentHash.hex
    report.sizeInBytes = copy.sizeInBytes
    let facility = context.registry[file.facility]
    let untouched = report
    for attempt in 1... {
      report = untouched
      do throws(LoadFailure) {
        return try work(file, copy, facility, &report)
      } catch {
        switch error {
        case .server where context.cancellation.isRequested:
          connection.rollback()
          return nil  // the next run goes on with it, whatever was committed
        case .server(let failure) where FileWorker.isContention(failure):
          // another loader is at the same keys: try again, then leave the file to the next run and go on with the others
          connection.rollback()
          if attempt < 3 { continue }
          report = untouched
          report.reason = "S15"
          return finished(report)
        case .server(let failure) where failure.isTransient || failure == .unknownOutcome:
          context.journal.warning(
            "the warehouse was lost while a file was loaded",
            ["attempt": .count(attempt), "failure": .failure(failure)])
          try reconnect(failure, attempt)
        case .server(let failure):
          // the server refuses something of this very file: the attempt counts, and the other files go on
          context.journal.error(
            "a file could not be loaded", ["attempt": .count(attempt), "failure": .failure(failure)])
          context.progress.note(.server(failure))
          report = untouched
          report.reasonText = failure.description
          return report
        case .files(let failure): throw .files(failure)
        case .outOfMemory:
          throw .internalMistake("the parser ran out of memory; the attempt counts against the file")
        case .notSealed:
          throw .internalMistake("a rejected dossier could not be sealed; nothing of the file was committed")
        case .claimLost:
          throw .server(.refused(Refusal("40001")))
        case .partitionMissing:
          throw .internalMistake("a partition was missing twice")
        case .countsDoNotAddUp:
          throw .internalMistake("the counts of a file do not add up; nothing of it was committed")
        }
      }
    }
    return nil
  }

  /// Our own copy of the delivery, all of its files.
  private func copy(of file: InboxFile) throws(FileFailure) -> DeliveredCopy {
    let owners = context.project.configuration.owners
    let allowed = owners.isEmpty ? nil : Set(owners.map { UInt32($0) })
    guard !file.members.isEmpty else {
      let source = try SourceFile(file.name, in: file.directory, owners: allowed)
      // an hour may have passed since the list was made, and what lies there now may be an upload under way
      guard context.assumesSettled || source.stamp == file.stamp else { throw .refused(.changedWhileReading) }
      return DeliveredCopy(try SpoolCopy(of: source, in: context.spool, mayGoOn: mayGoOn))
    }
    do {
      return try DeliveredCopy(
        of: file.members.map { ($0.table, $0.name) }, in: file.directory, owners: allowed, spool: context.spool,
        mayGoOn: mayGoOn)
    } catch let failure as FileFailure {
      throw failure
    } catch {
      throw .kernel(.pread, EIO)
    }
  }

  /// Two loaders at the same keys: a lock not obtained in time, a deadlock, or a version that another one made first.
  private static func isContention(_ failure: ServerFailure) -> Bool {
    failure.state == "55P03" || failure.state == "40P01" || failure.state == "40001" || failure.state == "23505"
  }

  /// Connects anew after a loss; after three tries the run ends and the next one goes on.
  private func reconnect(_ failure: ServerFailure, _ attempt: Int) throws(RunFailure) {
    if attempt >= 3 { throw .server(failure) }
    connection.rollback()
    for wait in [0.2, 1, 3] {
      Thread.sleep(forTimeInterval: wait)
      if context.cancellation.isRequested { throw .server(failure) }
      do throws(ServerFailure) {
        connection = try Connection(context.conninfo, applicationName: "songhan")
        try FileLoad.prepare(connection)
        cutShortWhenAsked()
        return
      } catch {
        if !error.isTransient { throw .server(error) }
      }
    }
    throw .server(failure)
  }

  // MARK: one attempt

  private func work(_ file: InboxFile, _ copy: DeliveredCopy, _ facility: Facility?, _ report: inout FileReport)
    throws(LoadFailure) -> FileReport?
  {
    let claim: Claim
    do throws(ServerFailure) {
      claim = try Ledger.claim(
        facility: file.facility, name: file.label, feed: facility?.feed ?? "", hash: copy.contentHash,
        size: copy.sizeInBytes, modified: copy.source.modified, run: context.runID, on: connection
      ) {
        // under the lock: another run may have finished this very delivery since we copied it
        file.isStillThere(copy.source)
      }
    } catch {
      throw .server(error)
    }
    failpoint("run.claimed")
    if case .gone = claim.outcome { return nil }
    if case .busy = claim.outcome {
      report.state = .waiting
      report.reason = "S15"
      return finished(report)
    }
    report.fileID = claim.fileID
    context.arrivals.note(claim.fileID, place: file.place)
    // held until the receipt is written and the source removed: recovery leaves the files of living processes alone
    defer { if connection.isUsable { try? Ledger.release(copy.contentHash, on: connection) } }
    if !file.members.isEmpty {
      do throws(ServerFailure) { try Ledger.setMembers(file.membersJSON, claim, on: connection) } catch {
        throw .server(error)
      }
    }
    switch claim.outcome {
    case .busy, .gone, .claimed: break
    case .ended(let state):
      return try again(file, claim, state, &report)
    case .duplicate(let original):
      report.state = .duplicate
      report.reason = "S16"
      report.duplicateOf = original
      try keepReceipt(claim, facility, &report)
      return try close(file, copy, claim, report)
    case .exhausted:
      return try end(
        file, copy, claim, facility, .quarantined, Finding(.S13, .reject), FindingTally(), seen: 0, &report)
    }
    guard let facility else {
      return try end(
        file, copy, claim, nil, .quarantined, .facility(.S08, stated: file.facility), FindingTally(), seen: 0, &report)
    }
    guard facility.isActive else {
      return try end(
        file, copy, claim, facility, .quarantined, Finding(.S27, .reject), FindingTally(), seen: 0, &report)
    }
    if let flaw = file.flaw {
      return try end(
        file, copy, claim, facility, flaw == .S40 ? .refused : .quarantined, Finding(flaw, .reject), FindingTally(),
        seen: 0, &report)
    }
    guard let rulings = context.rulings[facility.feed], let mappers = context.mappers[facility.feed] else {
      return try end(
        file, copy, claim, facility, .quarantined, Finding(.S25, .reject), FindingTally(), seen: 0, &report)
    }
    do {
      // behind our own meter stands the kernel's
      let most =
        copy.spooled.isGzip
        ? min(copy.sizeInBytes * Gzip.Expander.highestRatio, FilePass.expandedLimit) : copy.sizeInBytes
      return try ProcessLimits.whileHolding(seconds: allowance.seconds(forBytes: most) * 4) {
        try load(file, copy, claim, facility, rulings, mappers, &report)
      }
    } catch {
      connection.rollback()
      let failure: LoadFailure =
        switch error {
        case let failure as LoadFailure: failure
        case let failure as ServerFailure: .server(failure)
        case ReaderFailure.input(let number): .files(.kernel(.pread, number))
        default: .outOfMemory
        }
      // the process lives and the cause lies outside of the file: this attempt does not count
      if failure.isOutsideOfTheFile, connection.isUsable {
        try? Ledger.forgive(claim, run: context.runID, on: connection)
      }
      throw failure
    }
  }

  /// Takes away what is left in the inbox of a delivery of several files whose fate was committed; nothing when another process is at it.
  func finishRemoval(
    _ claim: Claim, hash: Files.ContentHash, members: String, name: String, facility: String, in folder: Directory
  ) throws(RunFailure) {
    guard let label = try? FileName(name) else { return }
    do throws(ServerFailure) {
      guard try Ledger.lock(hash, on: connection) else { return }
    } catch {
      throw .server(error)
    }
    defer { if connection.isUsable { try? Ledger.release(hash, on: connection) } }
    guard case .ended(let state) = claim.outcome else { return }
    let rest = Deliveries.rest(of: members, named: label, facility: facility, in: folder)
    let file = rest ?? InboxFile.nothing(of: label, facility: facility, in: folder)
    let keeps = context.project.configuration.keepOriginals
    if state == FileReport.State.duplicate.rawValue || (state == FileReport.State.loaded.rawValue && !keeps) {
      mark(remove(file, file.stamp, claim), claim)
    } else {
      let place = state == FileReport.State.loaded.rawValue ? Place.archive : .quarantine
      mark(move(file, file.stamp, to: place, as: hash.hex, claim), claim)
    }
  }

  private var mayGoOn: () -> Bool {
    let cancellation = context.cancellation
    return { !cancellation.isRequested }
  }

  private var allowance: CPUAllowance {
    let configuration = context.project.configuration
    return CPUAllowance(
      seconds: configuration.cpuSeconds, secondsPerTenMegabytes: configuration.cpuSecondsPerTenMegabytes)
  }

  /// Judges stored dossiers again and loads what is accepted now, in one transaction and under a file number of its own.
  ///
  /// - Parameter name: of the delivery.
  func work(_ again: Again, _ copy: DeliveredCopy, name: String, _ facility: Facility) throws(RunFailure) -> FileReport
  {
    var report = FileReport(name: name, state: .refused)
    report.facility = facility.code
    report.sha256 = copy.contentHash.hex
    report.sizeInBytes = copy.sizeInBytes
    report.kind = again.kind.rawValue
    report.origin = again.origin
    report.stillRejected = again.stillRejected
    guard let rulings = context.rulings[facility.feed], let mappers = context.mappers[facility.feed],
      let label = try? FileName("again")
    else { throw .notReady("there is no feed «\(facility.feed)» in Pipelines/") }
    self.again = again
    defer { self.again = nil }
    let file = InboxFile(facility: facility.code, directory: context.spool, name: label, stamp: copy.source)
    do {
      try partitions.ensure(again.months, on: connection)
      try connection.begin()
      let claim = try Ledger.openAgain(
        kind: again.kind.rawValue, origin: again.origin, facility: facility.code, name: name, feed: facility.feed,
        hash: copy.contentHash, size: copy.sizeInBytes, run: context.runID, on: connection)
      report.fileID = claim.fileID
      let done = try loadOnce(file, copy, claim, facility, rulings, mappers, &report)
      // rolled back: the number was never taken
      if done.state == .refused { return FileWorker.withoutNumber(done) }
      return done
    } catch {
      connection.rollback()
      switch error {
      case let failure as ServerFailure: throw .server(failure)
      // what is judged again stays as it is, and can be judged again later
      case LoadFailure.server(let failure) where FileWorker.isContention(failure):
        throw .server(.refused(Refusal("40001")))
      case LoadFailure.server(let failure): throw .server(failure)
      case LoadFailure.files(let failure): throw .files(failure)
      case LoadFailure.notSealed:
        throw .internalMistake("a rejected dossier could not be sealed; nothing of the file was committed")
      case LoadFailure.countsDoNotAddUp:
        throw .internalMistake("the counts of a file do not add up; nothing of it was committed")
      case let failure as FileFailure: throw .files(failure)
      case let failure as RunFailure: throw failure
      default: throw .internalMistake("stored dossiers could not be read again; nothing was changed")
      }
    }
  }

  private static func withoutNumber(_ report: FileReport) -> FileReport {
    var report = report
    report.fileID = nil
    return report
  }

  private struct DossierKey: Hashable {
    var kind: Dossier.Kind
    var key: [UInt8]
  }

  /// What is known while the dossiers of a file go by.
  private struct Progression {
    var dossiers = FileReport.Dossiers()
    var rows: [Int] = []
    var rejected: [(dossier: Int, key: String?)] = []
    var editions: Set<Dossier.Edition> = []
    var months: Set<CivilDate> = []
    var keysOfBatch: Set<DossierKey> = []
    var refusal: Finding?
    /// Of the duplicates those that a later delivery had replaced already.
    var older = 0
  }

  private func load(
    _ file: InboxFile, _ copy: DeliveredCopy, _ claim: Claim, _ facility: Facility, _ rulings: FeedRulings,
    _ mappers: [Mapper],
    _ report: inout FileReport
  ) throws -> FileReport {
    var months: Set<CivilDate> = []
    for pass in 1...2 {
      do {
        if !months.isEmpty {
          do throws(ServerFailure) { try partitions.ensure(months, on: connection) } catch {
            throw LoadFailure.server(error)
          }
        }
        return try loadOnce(file, copy, claim, facility, rulings, mappers, &report)
      } catch LoadFailure.partitionMissing where pass == 1 {
        // a later batch reaches a month that has no partition: learn all months of the file, then begin again
        connection.rollback()
        let read = FilePass(rulings: rulings, receivedAt: Clock.now(), allowance: allowance, mayGoOn: mayGoOn)
        var tally = FindingTally()
        _ = try read.run(tally: &tally, source: source(copy, rulings, isDelivered: again?.numbers == nil)) {
          _, verdict, _, _ in
          if verdict.outcome == .accepted, let month = verdict.careMonth { months.insert(month) }
          return true
        }
      }
    }
    throw LoadFailure.partitionMissing
  }

  /// What a pass reads of our copy.
  ///
  /// - Parameter isDelivered: false for a file put together from stored dossiers, which is read in order.
  func source(_ copy: DeliveredCopy, _ rulings: FeedRulings, isDelivered: Bool) throws -> PassSource {
    if copy.parts.isEmpty, isDelivered, case .csv(let layout) = rulings.feed.reading {
      let expanded = try copy.expanded(as: layout.root, in: context.spool)
      return .parts(expanded.parts.map { ($0.table, expanded.store($0)) }, damage: expanded.damage)
    }
    if !copy.parts.isEmpty { return .parts(copy.parts.map { ($0.table, copy.store($0)) }, damage: copy.damage) }
    return .stream(reader(copy.spooled))
  }

  private func reader(_ copy: SpoolCopy) -> (Int, inout [UInt8]) throws(ReaderFailure) -> Int {
    SpoolReader.read(copy)
  }

  private func loadOnce(
    _ file: InboxFile, _ copy: DeliveredCopy, _ claim: Claim, _ facility: Facility, _ rulings: FeedRulings,
    _ mappers: [Mapper],
    _ report: inout FileReport
  ) throws -> FileReport {
    let common = context.definitions.common
    let load = FileLoad(
      connection: connection, schema: common, fileID: claim.fileID, epoch: claim.epoch, facility: facility.code,
      compressor: compressor, recipients: context.recipients, origin: again?.origin
    ) { [arrivals = context.arrivals, place = file.place] in arrivals.isLater($0, than: place) }
    // an envelope can only be made of what came in one
    let destinations = context.project.configuration.destinations.filter {
      (rulings.feed.destinations.isEmpty || rulings.feed.destinations.contains($0.name))
        && ($0.format != .source || rulings.feed.reader == "envelope")
    }
    let builder = ParcelBuilder(
      schema: common, facility: facility.code, fileHash: copy.contentHash.hex, fileID: claim.fileID)
    var state = Progression()
    var tally = FindingTally()
    state.rows = [Int](repeating: 0, count: common.entities.count)
    var counts = state.rows
    let facilityCode = Array(facility.code.utf8)
    batch.removeAll()
    var practitioners = PractitionerCodes(schemas: rulings.schemas)

    /// Counts what a batch has become.
    func count(_ entries: [PreparedBatch.Entry], _ staged: StagedBatch) {
      var bytes = 0
      for number in entries.indices {
        bytes += entries[number].sizeInBytes
        switch entries[number].outcome {
        case .accepted: state.dossiers.accepted += 1
        case .repeated: state.dossiers.duplicate += 1
        case .rejected: state.dossiers.rejected += 1
        }
      }
      state.dossiers.accepted -= staged.duplicates.count
      state.dossiers.duplicate += staged.duplicates.count
      state.dossiers.superseding += staged.superseding.count
      state.older += staged.older.count
      for entity in staged.rows.indices { state.rows[entity] += staged.rows[entity] }
      context.progress.add(dossiers: entries.count, bytes: bytes)
    }

    func parcels(of batch: PreparedBatch, _ accepted: [Int], _ number: Int, _ createdOn: String?) -> [ParcelDraft] {
      destinations.compactMap {
        builder.parcel(of: batch, accepted: accepted, number: number, createdOn: createdOn, for: $0)
      }
    }

    /// Waits for the lane, and counts or throws what came of its batch.
    func settle() throws {
      lane.wait()
      guard let outcome = loaded, let batch = loading else { return }
      loaded = nil
      count(batch.entries, try outcome.get())
    }

    /// Loads the batch before anything else is done: the last one, or all where nothing overlaps.
    func stageHere(_ createdOn: String?) throws {
      try settle()
      guard !batch.entries.isEmpty else { return }
      let staged = try load.stage(batch, partitions: &partitions) { parcels(of: batch, $0, $1, createdOn) }
      count(batch.entries, staged)
      batch.removeAll()
      state.keysOfBatch.removeAll(keepingCapacity: true)
    }

    /// Hands the batch over to be loaded while the next one is filled.
    func stage(_ createdOn: String?) throws {
      guard overlaps else { return try stageHere(createdOn) }
      guard !batch.entries.isEmpty else { return }
      if lane.wouldWait() { batch.pack(packer) }
      try settle()
      var next = loading ?? PreparedBatch(schema: common)
      loading = nil
      next.removeAll()
      swap(&batch, &next)
      loading = next
      state.keysOfBatch.removeAll(keepingCapacity: true)
      lane.begin { [self] in
        loaded = Result {
          guard let batch = loading else { throw LoadFailure.outOfMemory }
          return try load.stage(batch, partitions: &partitions) { parcels(of: batch, $0, $1, createdOn) }
        }
      }
    }
    // nobody may touch the connection while the lane does
    defer {
      lane.wait()
      loaded = nil
    }

    let pass = FilePass(
      rulings: rulings, receivedAt: Clock.now(), numbers: again?.numbers, allowance: allowance, mayGoOn: mayGoOn)
    let facts = try pass.run(tally: &tally, source: source(copy, rulings, isDelivered: again?.numbers == nil)) {
      dossier, verdict, facts, log in
      state.dossiers.seen += 1
      if rulings.isOfDecisions { state.editions.insert(dossier.edition) }
      // whose file is it? the folder says it, and the content must agree
      let isOurs =
        if let stated = facts.facility { stated.isEmpty || stated.utf8.elementsEqual(facilityCode) } else {
          verdict.facility.isEmpty || verdict.facility == facilityCode
        }
      if !isOurs {
        let stated = facts.facility.map { Array($0.utf8) } ?? verdict.facility
        let known = context.registry[String(decoding: stated, as: UTF8.self)] != nil
        state.refusal = .facility(known ? .S07 : .S08, stated: String(decoding: stated, as: UTF8.self))
        return false
      }
      let slot = DossierKey(kind: dossier.kind, key: verdict.key)
      if batch.isFull || (verdict.outcome == .accepted && state.keysOfBatch.contains(slot)) {
        try stage(facts.createdOn)
      }
      let index = batch.entries.count
      var source = 0..<0
      switch verdict.outcome {
      case .accepted:
        let start = batch.archive.count
        SourceArchive.append(dossier, to: &batch.archive)
        source = start..<batch.archive.count
        let identity = Mapper.Identity(
          encounterKey: verdict.key, careMonth: verdict.careMonth ?? CivilDate(daysSinceEpoch: 0),
          facilityCode: facilityCode,
          fileID: claim.fileID, dossierNumber: Int32(truncatingIfNeeded: dossier.number))
        mappers[dossier.schema].map(dossier, identity, into: &batch.rows, counts: &counts)
        batch.rows.endDossier(index)
        practitioners.add(dossier)
        state.keysOfBatch.insert(slot)
      case .rejected:
        let start = batch.rejects.count
        SourceArchive.append(dossier, to: &batch.rejects)
        source = start..<batch.rejects.count
        if state.rejected.count < FileReport.mostDetails {
          let key =
            verdict.key.isEmpty || dossier.kind == .assessment ? nil : String(decoding: verdict.key, as: UTF8.self)
          state.rejected.append((dossier.number, key))
        }
      case .repeated: break
      }
      let codes =
        verdict.outcome == .rejected
        ? Array(Set(log.findings.lazy.filter { $0.severity == .reject }.map(\.code))).sorted() : []
      batch.entries.append(
        PreparedBatch.Entry(
          number: dossier.number, kind: dossier.kind, key: verdict.key, careMonth: verdict.careMonth,
          contentHash: verdict.contentHash, outcome: verdict.outcome, codes: codes, source: source,
          sizeInBytes: dossier.sizeInBytes))
      return !context.cancellation.isRequested
    }
    lane.wait()
    if context.cancellation.isRequested {
      load.rollback()
      throw LoadFailure.server(.refused(Refusal("57014")))
    }
    report.edition = state.editions.map(\.rawValue).sorted().joined(separator: ",")
    if state.refusal == nil, let stated = facts.facility, stated.utf8.count == 5, stated != facility.code {
      // a file without any dossier
      state.refusal = .facility(context.registry[stated] != nil ? .S07 : .S08, stated: stated)
    }
    if let refusal = state.refusal ?? facts.refusal {
      load.rollback()
      if state.refusal != nil { tally.add(refusal, dossier: nil, key: nil, schema: rulings.schemas[0]) }
      if again != nil {
        // nothing is written down: the delivery keeps the fate it had
        report.state = .refused
        report.reason = refusal.code.description
        report.findings = tally.byCode
        report.details = tally.details(context.definitions.catalogue, .vietnamese)
        return finished(report)
      }
      if refusal.code == .S04, !context.assumesSettled, try mayWait(file) {
        return try end(file, copy, claim, facility, .waiting, refusal, FindingTally(), seen: 0, &report)
      }
      let ending: Ledger.Event = [.S03, .S08, .S29, .T24].contains(refusal.code) ? .quarantined : .refused
      // over the error budget nothing is loaded, but each rejected dossier is named
      let rejected = refusal.code == .S23 ? state.rejected : []
      return try end(file, copy, claim, facility, ending, refusal, tally, rejected: rejected, seen: 0, &report)
    }
    try stageHere(facts.createdOn)
    report.state = .loaded
    report.dossiers = state.dossiers
    report.findings = tally.byCode
    for (number, entity) in common.entities.enumerated() where state.rows[number] > 0 {
      report.rows[entity.name] = state.rows[number]
    }
    report.details = tally.details(context.definitions.catalogue, .vietnamese)
    report.moreDetails = tally.more > 0 ? tally.more : nil
    if again != nil { report.older = state.older }
    let receipt = Receipt(report, facilityName: facility.name, rejected: state.rejected, judgedAt: Clock.text())
    let receiptJSON = receipt.json()
    do throws(LoadFailure) {
      try load.settle()
      try load.commit(
        FileLoad.Closing(
          seen: state.dossiers.seen, accepted: state.dossiers.accepted, rejected: state.dossiers.rejected,
          duplicate: state.dossiers.duplicate, superseding: state.dossiers.superseding,
          withFindings: tally.dossiersWithFindings, rows: report.rows.json(pretty: false),
          findingCounts: report.findings.json(pretty: false), editions: report.edition ?? "", receipt: receiptJSON,
          findings: tally.ledgerFindings, counts: tally.codeCounts, runID: context.runID,
          practitioners: practitioners.codes, mapping: context.prints[facility.feed] ?? ""))
    } catch {
      guard case .server(.unknownOutcome) = error else { throw error }
      // nobody knows which way the commit went: the ledger row decides
      do throws(RunFailure) { try reconnect(.connectionLost(nil), 1) } catch {
        throw LoadFailure.server(.connectionLost(nil))
      }
      let found: (state: String, isOurs: Bool)?
      do throws(ServerFailure) { found = try Ledger.state(of: claim, on: connection) } catch {
        throw LoadFailure.server(error)
      }
      guard let found, found.state == "loaded", found.isOurs else { throw LoadFailure.server(.connectionLost(nil)) }
    }
    return try close(file, copy, claim, report, receipt: (receipt, receiptJSON))
  }

  // MARK: endings

  /// Whether a file that ends too early may wait for its rest: it was first seen not long ago.
  private func mayWait(_ file: InboxFile) throws(LoadFailure) -> Bool {
    do throws(ServerFailure) {
      return try Inbox.mayWait(
        file, patienceMinutes: context.project.configuration.patienceMinutes, on: connection)
    } catch {
      throw .server(error)
    }
  }

  /// Ends a file of which nothing is loaded.
  private func end(
    _ file: InboxFile, _ copy: DeliveredCopy, _ claim: Claim, _ facility: Facility?, _ ending: Ledger.Event,
    _ finding: Finding,
    _ tally: FindingTally, rejected: [(dossier: Int, key: String?)] = [], seen: Int, _ report: inout FileReport
  ) throws(LoadFailure) -> FileReport {
    var tally = tally
    let schemas =
      facility.flatMap { context.rulings[$0.feed] }?.schemas ?? context.definitions.schemas.values.map { $0 }
    if tally.byCode[finding.code.description] == nil, let schema = schemas.first {
      tally.add(finding, dossier: nil, key: nil, schema: schema)
    }
    report.state = ending == .quarantined ? .quarantined : ending == .waiting ? .waiting : .refused
    report.reason = finding.code.description
    report.dossiers = FileReport.Dossiers()
    report.findings = tally.byCode
    report.details = tally.details(context.definitions.catalogue, .vietnamese)
    report = finished(report)
    let receipt = Receipt(report, facilityName: facility?.name, rejected: rejected, judgedAt: Clock.text())
    let receiptJSON = receipt.json()
    try Ledger.end(
      ending, claim, reason: finding.code.description, detail: nil, receipt: receiptJSON, seen: 0,
      findings: tally.ledgerFindings, counts: tally.codeCounts, run: context.runID, on: connection)
    if ending == .waiting {
      do throws(ServerFailure) { try Ledger.forgiveWaiting(claim, on: connection) } catch { throw .server(error) }
      return report
    }
    return try close(file, copy, claim, report, receipt: (receipt, receiptJSON))
  }

  /// Fills in the words of the reason.
  private func finished(_ report: FileReport) -> FileReport {
    var report = report
    if let reason = report.reason, let code = FindingCode(reason) {
      report.reasonText =
        report.details?.first { $0.code == reason }.flatMap { detail in
          context.definitions.catalogue[code].map { _ in detail.message }
        } ?? context.definitions.catalogue[code]?.title[.vietnamese]
    }
    return report
  }

  private func keepReceipt(_ claim: Claim, _ facility: Facility?, _ report: inout FileReport) throws(LoadFailure) {
    report = finished(report)
    let receipt = Receipt(report, facilityName: facility?.name, rejected: [], judgedAt: Clock.text())
    do throws(ServerFailure) {
      try Ledger.setReceipt(receipt.json(), file: claim.fileID, on: connection)
    } catch {
      throw .server(error)
    }
  }

  /// A file that could not be read: it is named, not opened.
  private func unread(_ file: InboxFile, _ ending: Ledger.Event, _ reason: String, _ report: inout FileReport)
    throws(RunFailure) -> FileReport
  {
    report.state = ending == .refused ? .refused : .quarantined
    report.reason = reason
    do throws(ServerFailure) {
      report.fileID = try Ledger.recordUnread(
        ending, facility: file.facility, name: file.label, size: file.stamp.sizeInBytes, reason: reason,
        run: context.runID,
        on: connection)
    } catch {
      throw .server(error)
    }
    let claim = Claim(outcome: .ended(state: ending.rawValue), fileID: report.fileID ?? 0, epoch: 0, attempts: 0)
    var done: [Ledger.Mark] = []
    do throws(LoadFailure) {
      try keepReceipt(claim, context.registry[file.facility], &report)
      done = try writeReceipt(claim)
    } catch {
      if case .server(let failure) = error { throw .server(failure) }
    }
    done += move(file, file.stamp, to: .quarantine, as: "unread-\(claim.fileID)", claim)
    mark(done, claim)
    return report
  }

  /// A file whose fate was committed before, and whose end was cut off: does what was left.
  private func again(_ file: InboxFile, _ claim: Claim, _ state: String, _ report: inout FileReport) throws(LoadFailure)
    -> FileReport
  {
    report.state = FileReport.State(rawValue: state) ?? .loaded
    do throws(ServerFailure) {
      let rows = try connection.execute(
        """
        SELECT dossiers_seen, dossiers_accepted, dossiers_rejected, dossiers_duplicate, dossiers_superseding, reason, duplicate_of
        FROM intake.file WHERE file_id = $1
        """, [.integer(claim.fileID)])
      if !rows.isEmpty {
        report.reason = rows.text(0, 5)
        report.duplicateOf = rows.integer(0, 6)
        // its dossiers were counted by the run that committed them
        if report.state == .loaded {
          report.state = .duplicate
          report.reason = "S16"
          report.duplicateOf = claim.fileID
        }
      }
    } catch {
      throw .server(error)
    }
    report = finished(report)
    // a duplicate whose claim was committed and whose receipt was not
    if state == FileReport.State.duplicate.rawValue { try keepReceipt(claim, context.registry[file.facility], &report) }
    return try close(file, nil, claim, report, wasLoaded: state == FileReport.State.loaded.rawValue)
  }

  /// After the commit: parcels, receipt, and last of all the source.
  ///
  /// - Parameters:
  ///   - receipt: as it was committed, when that is at hand; else the ledger's is taken.
  ///   - wasLoaded: an earlier run loaded this very file and was cut off before its end; its original is kept like any loaded one's.
  private func close(
    _ file: InboxFile, _ copy: DeliveredCopy?, _ claim: Claim, _ report: FileReport,
    receipt: (receipt: Receipt, json: String)? = nil, wasLoaded: Bool = false
  ) throws(LoadFailure) -> FileReport {
    do throws(OutboxFailure) {
      if !context.project.configuration.destinations.isEmpty {
        try context.outbox.materialise(file: claim.fileID, on: connection)
      }
    } catch {
      switch error {
      case .server(let failure): throw .server(failure)
      case .file(let failure):
        context.journal.error("a parcel could not be written; the next run writes it", ["failure": .failure(failure)])
        context.progress.note(.files(failure))
      }
    }
    var done = try writeReceipt(claim, receipt)
    failpoint("run.receipt-written")
    if again != nil {
      mark(done, claim)
      return report  // there is no source to take away
    }
    let keeps = context.project.configuration.keepOriginals
    let state = wasLoaded ? .loaded : report.state
    let place = state == .loaded || state == .duplicate ? Place.archive : .quarantine
    if state == .duplicate || (state == .loaded && !keeps) {
      done += remove(file, copy?.source ?? file.stamp, claim)
    } else {
      done += move(file, copy?.source ?? file.stamp, to: place, as: report.sha256 ?? "file-\(claim.fileID)", claim)
    }
    failpoint("run.source-removed")
    mark(done, claim)
    return report
  }

  /// Writes the receipt of a committed file.
  ///
  /// - Returns: what is to be marked in the ledger still.
  private func writeReceipt(_ claim: Claim, _ receipt: (receipt: Receipt, json: String)? = nil) throws(LoadFailure)
    -> [Ledger.Mark]
  {
    let folder = ReceiptFolder(context.receipts, mode: context.project.configuration.receiptMode)
    var failure: FileFailure?
    var done: [Ledger.Mark] = []
    if let (receipt, json) = receipt {
      let written = folder.write(
        receipt, json: json, facility: receipt.facility, file: claim.fileID, context.definitions.catalogue)
      switch written {
      case .success(let mark): done = [mark]
      case .failure(let found): failure = found
      }
    } else {
      do throws(ServerFailure) {
        failure = try folder.write(
          file: claim.fileID, epoch: claim.epoch, run: context.runID, context.definitions.catalogue, on: connection)
      } catch {
        throw .server(error)
      }
    }
    if let failure {
      context.journal.error(
        "a receipt could not be written; the next run writes it",
        ["file": .id(claim.fileID), "failure": .failure(failure)])
      context.progress.note(.files(failure))
    }
    return done
  }

  /// Notes in the ledger what was done after the commit.
  private func mark(_ marks: [Ledger.Mark], _ claim: Claim) {
    guard !marks.isEmpty else { return }
    do throws(ServerFailure) {
      try Ledger.mark(marks, file: claim.fileID, epoch: claim.epoch, run: context.runID, on: connection)
    } catch {
      note(error, claim)
    }
  }

  /// Where a delivered file goes from the inbox; the event `source removed` says so.
  enum Place: String {
    case archive
    case quarantine

    func detail(_ name: String, isSealed: Bool = false) -> String {
      "{\"to\":\"\(rawValue)\",\"name\":\"\(name)\"\(isSealed ? ",\"sealing\":\"cms\"" : "")}"
    }
  }

  /// Moves the delivered files out of the inbox, unless they are others by now.
  ///
  /// - Returns: what is to be marked in the ledger.
  private func move(_ file: InboxFile, _ stamp: Stamp, to place: Place, as name: String, _ claim: Claim)
    -> [Ledger.Mark]
  {
    do {
      let facility = try FileName(file.facility)
      let folder = place == .archive ? context.archive : context.quarantine
      let target = try Directory(facility, in: folder, creating: true)
      var isThere = true
      var isSealed = false
      for piece in file.pieces(stamp, name) {
        var sealed: MoveOutcome?
        if place == .quarantine, let recipients = context.recipients {
          sealed = try file.directory.sealAway(
            piece.name, expecting: piece.stamp, to: target, as: piece.target, for: recipients)
        }
        let suffix = sealed == nil ? "" : ".cms"
        isSealed = isSealed || sealed != nil
        let outcome =
          try sealed
          ?? file.directory.moveDurably(
            piece.name, expecting: piece.stamp, to: target, as: try FileName(piece.target))
        switch outcome {
        case .occupied: try remove(piece.name, piece.stamp, of: file)
        case .moved: try removeMarker(of: piece.name, file)
        // an interrupted run may have moved it before it could say so
        case .gone:
          if try target.entry(try FileName(piece.target + suffix)) == nil { isThere = false }
          try removeMarker(of: piece.name, file)
        case .changed:
          isThere = false
          context.journal.notice(
            "a file changed after it was read; the next run takes it as a new one", ["file": .id(claim.fileID)])
        }
        failpoint("run.piece-moved")
      }
      let isNamed = file.members.isEmpty || !name.hasPrefix("unread-")
      return [
        Ledger.Mark(
          .sourceRemoved, detail: isThere && isNamed ? place.detail(name, isSealed: isSealed) : nil)
      ]
    } catch {
      note(error, claim)
      return []
    }
  }

  private func remove(_ file: InboxFile, _ stamp: Stamp, _ claim: Claim) -> [Ledger.Mark] {
    do {
      for piece in file.pieces(stamp, "") { try remove(piece.name, piece.stamp, of: file) }
      return [Ledger.Mark(.sourceRemoved)]
    } catch {
      note(error, claim)
      return []
    }
  }

  /// Gone already, or another file by now: then it is not ours to take away.
  private func remove(_ name: FileName, _ stamp: Stamp, of file: InboxFile) throws {
    if let entry = try file.directory.entry(name) {
      guard entry.stamp == stamp else { return }
      _ = try file.directory.removeDurably(name)
      failpoint("run.source-deleted")
    }
    try removeMarker(of: name, file)
  }

  /// A marker goes with its file.
  private func removeMarker(of name: FileName, _ file: InboxFile) throws {
    guard let marker = context.marker(of: file.facility)?.marker(of: name),
      let entry = try file.directory.entry(marker), entry.kind == .file
    else { return }
    _ = try file.directory.removeDurably(marker)
    failpoint("run.marker-removed")
  }

  private func note(_ error: any Error, _ claim: Claim) {
    if let failure = error as? FileFailure {
      context.journal.error(
        "a delivered file could not be moved; the next run does it",
        ["file": .id(claim.fileID), "failure": .failure(failure)])
      context.progress.note(.files(failure))
    } else if let failure = error as? ServerFailure {
      context.journal.warning(
        "the end of a file could not be noted; the next run does it",
        ["file": .id(claim.fileID), "failure": .failure(failure)])
    }
  }
}
