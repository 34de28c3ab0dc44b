internal import Bytes
internal import Definitions
internal import Failpoints
internal import Files
internal import Findings
internal import Foundation
internal import Glibc
internal import Load
internal import Outbox
internal import Postgres
internal import Records
internal import Synchronization
internal import Transform

/// What a person asks of one run.
package struct RunOptions: Sendable {
  package var dryRun = false
  package var facility: String?
  package var limitFiles: Int?
  package var jobs: Int?
  package var assumesSettled = false

  package init() {}
}

/// One pass over the inbox: the cron verb. It takes what has settled, loads it, and ends.
package struct Run: Sendable {
  let project: Project
  let options: RunOptions
  let journal: Journal
  package let progress: RunProgress
  package let cancellation: Cancellation

  package init(
    project: Project, options: RunOptions, journal: Journal, progress: RunProgress = RunProgress(),
    cancellation: Cancellation = Cancellation()
  ) {
    self.project = project
    self.options = options
    self.journal = journal
    self.progress = progress
    self.cancellation = cancellation
  }

  /// What a run ended with: its report, and the failure that ended it early, if one did.
  package struct Result: Sendable {
    package var report: RunReport
    package var failure: RunFailure?
    /// Reliability rules, section 8: the most severe applies.
    package var exitCode: Int32
  }

  package func execute() throws(RunFailure) -> Result {
    let started = ContinuousClock.now
    let startedAt = Clock.text()
    let configuration = project.configuration
    let inbox = try files { () throws(FileFailure) in try project.directory(configuration.inbox) }
    let listing = try files { () throws(FileFailure) in try Inbox.list(inbox, only: options.facility) }
    if options.dryRun { return try judgeOnly(listing, started, startedAt) }
    let connection: Connection
    do throws(RunFailure) {
      connection = try connect()
    } catch {
      // nothing was done, and the metrics say so
      let report = RunReport(run: nil, files: [], seconds: started.duration(to: .now).inSeconds, startedAt: startedAt)
      try? ReportFolder(project).write(report, failure: error, exitCode: error.exitCode, on: nil)
      throw error
    }
    do throws(ServerFailure) {
      try Run.checkVersion(on: connection)
    } catch {
      guard error.state == "42P01" || error.state == "3F000" else { throw .server(error) }
      throw .notReady("the warehouse has no schema yet, or an older one. Run «songhan warehouse migrate».")
    }
    let canceller = connection.canceller
    let watch = cancellation.whenRequested { canceller.cancel() }
    defer { cancellation.forget(watch) }
    let runID = try server { () throws(ServerFailure) in try begin(connection) }
    failpoint("run.begun")
    var reports: [FileReport] = []
    var failure: RunFailure?
    var definitions: Definitions?
    let isIdle: Bool
    do throws(RunFailure) {
      let hasLeftovers = try server { () throws(ServerFailure) in try leftovers(connection) }
      isIdle = listing.files.isEmpty && listing.refused.isEmpty && !hasLeftovers
      if !isIdle {
        let loaded = try load()
        definitions = loaded
        reports = try work(listing, loaded, runID, connection)
      }
    } catch {
      // a wish to end is no failure: what was begun rolled back, and the next run goes on
      if !cancellation.isRequested { failure = error }
      reports = partial.withLock { $0 }
    }
    reports += listing.uploads.map { upload in
      var report = FileReport(name: upload.label, state: .waiting)
      report.facility = upload.facility
      report.reason = "S15"
      return report
    }
    reports.sort { ($0.facility ?? "", $0.name) < ($1.facility ?? "", $1.name) }
    let elapsed = started.duration(to: .now)
    var report = RunReport(run: runID, files: reports, seconds: elapsed.inSeconds, startedAt: startedAt)
    if let definitions { note(definitions, in: &report) }
    let code = exitCode(report, failure)
    do throws(ServerFailure) {
      report.anchor = try end(runID, report, code, failure, on: connection)
    } catch {
      journal.error("the end of the run could not be noted in the warehouse", ["failure": .failure(error)])
      if failure == nil, !cancellation.isRequested { failure = .server(error) }
    }
    do throws(FileFailure) {
      try ReportFolder(project).write(
        report, failure: failure, exitCode: code, on: connection.isUsable ? connection : nil)
    } catch {
      journal.error("the run's report could not be written", ["failure": .failure(error)])
      if failure == nil { failure = .files(error) }
    }
    return Result(report: report, failure: failure, exitCode: exitCode(report, failure))
  }

  /// Reports of files that were done when a run ended early.
  private let partial = Partial()

  private final class Partial: Sendable {
    private let state = Mutex<[FileReport]>([])
    func withLock<R: Sendable>(_ body: (inout sending [FileReport]) -> sending R) -> R { state.withLock(body) }
  }

  // MARK: parts

  /// What every worker needs; the server's settings are looked at first.
  func context(_ definitions: Definitions, _ runID: Int64, _ connection: Connection) throws(RunFailure) -> RunContext {
    for check in try server({ () throws(ServerFailure) in try ServerCheck.run(on: connection) }) where !check.ok {
      throw .notReady("\(check.name) is \(check.found). \(check.mend ?? "")")
    }
    let configuration = project.configuration
    let registry: Registry
    do throws(ConfigurationFault) { registry = try project.registry() } catch { throw .notReady(error.description) }
    let today = Clock.now().day
    var rulings: [String: FeedRulings] = [:]
    var mappers: [String: [Mapper]] = [:]
    for feed in Set(registry.facilities.map(\.feed)).sorted() {
      guard let definition = definitions.feeds[feed] else { continue }
      let key = try files { () throws(FileFailure) in try project.surrogateKey() }
      if key == nil && definitions.needsSurrogateKey(definition) {
        throw .notReady("the feed \(feed) makes surrogates; name their key with «surrogateKeyFile:» in songhan.yaml")
      }
      rulings[feed] = FeedRulings(definition, definitions, on: today, surrogateKey: key)
      do throws(DefinitionFaults) { mappers[feed] = try definitions.mappers(of: definition) } catch {
        throw .notReady(error.description)
      }
    }
    let conninfo: String
    do throws(ClusterFailure) { conninfo = try project.conninfo() } catch { throw .cluster(error) }
    let spool = try files { () throws(FileFailure) in try project.directory(configuration.spool) }
    return RunContext(
      project: project, registry: registry, definitions: definitions, rulings: rulings, mappers: mappers,
      prints: project.mappingPrints(rulings.values.map(\.feed), definitions), runID: runID,
      conninfo: conninfo, spool: spool,
      archive: try files { () throws(FileFailure) in try project.directory(configuration.archive) },
      recipients: try project.recipients(),
      quarantine: try files { () throws(FileFailure) in try project.directory(configuration.quarantine) },
      receipts: try files { () throws(FileFailure) in try project.directory(configuration.receipts) },
      outbox: OutboxFolder(try files { () throws(FileFailure) in try project.directory(configuration.outbox) }),
      journal: journal,
      assumesSettled: options.assumesSettled, progress: progress, cancellation: cancellation)
  }

  private func work(_ listing: InboxListing, _ definitions: Definitions, _ runID: Int64, _ connection: Connection)
    throws(RunFailure) -> [FileReport]
  {
    let configuration = project.configuration
    let context = try context(definitions, runID, connection)
    let spool = context.spool
    _ = try files { () throws(FileFailure) in try spool.removeLeftovers() }
    failpoint("run.swept")

    try recover(context, connection)
    failpoint("run.recovered")
    try server { () throws(ServerFailure) in
      try Registries.write(
        context.registry.facilities.map {
          Registries.FacilityRow(
            code: $0.code, name: $0.name, level: $0.level, feed: $0.feed, contact: $0.contact,
            expectedDays: $0.expectedDays)
        }, on: connection)
    }
    failpoint("run.registered")

    var reports: [FileReport] = []
    for (label, facility, reason) in listing.refused {
      var report = FileReport(name: label, state: .quarantined)
      report.facility = facility.isEmpty ? nil : facility
      report.reason = reason
      report.reasonText = FindingCode(reason).flatMap { definitions.catalogue[$0] }?.title.vietnamese
      reports.append(report)
      try refuse(report, context)
    }

    var isSettled: (InboxFile) -> Bool = { _ in true }
    let all = try finishRemovals(context, listing.files, connection)
    let markers = Markers(all) { context.marker(of: $0) }
    let lying = markers.files
    if !options.assumesSettled {
      let settled = try server { () throws(ServerFailure) in
        try Inbox.settled(lying, settleSeconds: configuration.settleSeconds, on: connection)
      }
      failpoint("run.sighted")
      try removeOrphans(markers.orphans, listing.uploads, connection)
      let names = Set(settled.map { "\(lying[$0].facility)/\(lying[$0].label)" })
      isSettled = { file in
        // the sender's own word counts more than what we see
        file.pieces(file.stamp, "").allSatisfy {
          markers.isMarked($0.name, facility: file.facility) ?? names.contains("\(file.facility)/\($0.name.text)")
        }
      }
    }
    let deliveries = Deliveries(lying) { context.layout(of: $0) }
    var candidates: [InboxFile] = []
    func wait(_ file: InboxFile, _ reason: FindingCode? = nil) {
      let isUnmarked = file.pieces(file.stamp, "").contains {
        markers.isMarked($0.name, facility: file.facility) == false
      }
      let reason = reason ?? (isUnmarked && !options.assumesSettled ? .S31 : .S15)
      var report = FileReport(name: file.label, state: .waiting)
      report.facility = file.facility
      report.sizeInBytes = file.stamp.sizeInBytes
      report.reason = reason.description
      report.reasonText = definitions.catalogue[reason]?.title.vietnamese
      reports.append(report)
    }
    for file in deliveries.complete { isSettled(file) ? candidates.append(file) : wait(file) }
    for var file in deliveries.strangers {
      file.flaw = .S41
      isSettled(file) ? candidates.append(file) : wait(file)
    }
    for var file in deliveries.incomplete {
      let lacking = file
      let isYoung = try server { () throws(ServerFailure) in
        try Inbox.mayWait(lacking, patienceMinutes: configuration.patienceMinutes, on: connection)
      }
      let mayWait = isYoung && !options.assumesSettled
      file.flaw = .S40
      isSettled(file) && !mayWait ? candidates.append(file) : wait(file)
    }
    var quotas = try server { () throws(ServerFailure) in
      try Quotas(
        Set(candidates.map(\.facility)),
        limits: { code in
          let facility = context.registry[code]
          return (
            facility?.filesPerDay ?? configuration.filesPerDay,
            (facility?.gigabytesPerDay ?? configuration.gigabytesPerDay) << 30
          )
        }, on: connection)
    }
    candidates = candidates.filter { file in
      if quotas.admit(file) { return true }
      wait(file, .S28)
      return false
    }
    if let limit = options.limitFiles { candidates = Array(candidates.prefix(limit)) }
    for index in candidates.indices { candidates[index].place = index }
    let space = try files { () throws(FileFailure) in try spool.space() }
    let floor = max(configuration.freeMegabytes << 20, configuration.freeMegabytes == 0 ? 0 : space.total / 10)
    if !candidates.isEmpty, space.available < floor {
      throw .files(.kernel(.fstatvfs, ENOSPC))
    }
    progress.expect(files: candidates.count, bytes: candidates.reduce(0) { $0 + $1.stamp.sizeInBytes })
    // a hospital with a file under which a process died comes last, one file at a time: no other file's attempt is counted with it, and what was
    // delivered later still comes later
    let died = try server { () throws(ServerFailure) in try Ledger.died(on: connection) }
    let suspected = Set(candidates.filter { died.contains("\($0.facility)/\($0.label)") }.map(\.facility))
    let suspects = candidates.filter { suspected.contains($0.facility) }
    let others = candidates.filter { !suspected.contains($0.facility) }
    let results = Results()
    partial.withLock { $0 = reports }
    let done = partial
    let kept = Counter()
    // held by another worker, with the same bytes or the same visits: of one run or of several
    let held = Held()
    @Sendable func work(_ list: WorkList, _ files: [InboxFile], isLast: Bool, overlaps: Bool = false) {
      do throws(RunFailure) {
        let worker = try FileWorker(context, overlaps: overlaps)
        while !context.cancellation.isRequested, let index = list.next() {
          let report = try worker.work(files[index])
          if !isLast, let report, report.state == .waiting, report.reason == "S15" {
            held.add(files[index])
            continue
          }
          context.progress.addFile()
          if var report {
            // single findings stand in the receipts; a run over ten thousand files does not hold them all
            if kept.add(report.details?.count ?? 0) > Run.mostDetails { report.details = nil }
            let finished = report
            done.withLock { $0.append(finished) }
          }
        }
      } catch {
        list.stop()
        results.fail(error)
      }
    }
    for (files, jobs) in [(others, options.jobs ?? configuration.jobs), (suspects, 1)]
    where !files.isEmpty && results.failure == nil {
      let list = WorkList(count: files.count)
      let workers = min(jobs, files.count)
      let overlaps = workers < ProcessInfo.processInfo.activeProcessorCount
      Crew.run(workers) { _ in work(list, files, isLast: false, overlaps: overlaps) }
    }
    let rest = held.files
    if !rest.isEmpty, results.failure == nil { work(WorkList(count: rest.count), rest, isLast: true) }
    if let failure = results.failure { throw failure }
    if let failure = progress.failure { throw failure }
    return partial.withLock { $0 }
  }

  /// Takes away markers whose file has not come, once they have lain there as long as a file may wait: a run was cut off between the two, or
  /// the file came to nothing. A file of the same name must not be taken on an old marker's word.
  private func removeOrphans(
    _ orphans: [InboxFile], _ uploads: [(label: String, facility: String)], _ connection: Connection
  ) throws(RunFailure) {
    guard !orphans.isEmpty, let context = try? project.registry() else { return }
    _ = try server { () throws(ServerFailure) in try Inbox.settled(orphans, settleSeconds: 0, on: connection) }
    for orphan in orphans {
      let subject = context.marker(of: orphan.facility, else: project.configuration.marker)?.subject(of: orphan.name)
      let isUnderWay = uploads.contains {
        $0.facility == orphan.facility && ($0.label == "\(subject ?? "").part" || $0.label == ".\(subject ?? "")")
      }
      let isYoung = try server { () throws(ServerFailure) in
        try Inbox.mayWait(orphan, patienceMinutes: project.configuration.patienceMinutes, on: connection)
      }
      if isUnderWay || isYoung { continue }
      do throws(FileFailure) {
        if try orphan.directory.entry(orphan.name)?.stamp == orphan.stamp {
          _ = try orphan.directory.removeDurably(orphan.name)
        }
      } catch {
        journal.error("a marker could not be removed; the next run does it", ["failure": .failure(error)])
        progress.note(.files(error))
      }
    }
  }

  /// Takes away what an interrupted run left of deliveries of several files whose fate is committed.
  ///
  /// - Returns: the files that still lie in the inbox.
  private func finishRemovals(
    _ context: RunContext, _ files: [InboxFile], _ connection: Connection
  ) throws(RunFailure) -> [InboxFile] {
    let begun = try server { () throws(ServerFailure) in try Ledger.removing(on: connection) }
    guard !begun.isEmpty else { return files }
    let worker = try FileWorker(context)
    for delivery in begun {
      // also when nothing of it lies there any more, and only the note is wanting
      guard let facility = try? FileName(delivery.facility),
        let folder = try? Directory(facility, in: project.directory(project.configuration.inbox))
      else { continue }
      try worker.finishRemoval(
        delivery.claim, hash: delivery.hash, members: delivery.members, name: delivery.name,
        facility: delivery.facility, in: folder)
    }
    return files.filter { ((try? $0.directory.entry($0.name)) ?? nil) != nil }
  }

  /// Writes the parcels and receipts of committed files that an interrupted run left; those of a living process are its own business.
  private func recover(_ context: RunContext, _ connection: Connection) throws(RunFailure) {
    let unfinished = try server { () throws(ServerFailure) in try Ledger.unfinished(on: connection) }
    if !unfinished.isEmpty {
      // whoever was killed while he wrote a receipt or a parcel has left such a file, and may have left half of one under a temporary name
      try files { () throws(FileFailure) in
        _ = try context.receipts.removeLeftoversOfFolders()
        try context.outbox.removeLeftovers()
      }
    }
    for (claim, hash) in unfinished {
      if let hash {
        guard try server({ () throws(ServerFailure) in try Ledger.lock(hash, on: connection) }) else { continue }
      }
      defer { if let hash, connection.isUsable { try? Ledger.release(hash, on: connection) } }
      do throws(OutboxFailure) {
        try context.outbox.materialise(file: claim.fileID, on: connection)
      } catch {
        switch error {
        case .server(let failure): throw .server(failure)
        case .file(let failure):
          journal.error("a parcel could not be written; the next run writes it", ["failure": .failure(failure)])
          progress.note(.files(failure))
        }
      }
      failpoint("recovery.parcels-written")
      let failure = try server { () throws(ServerFailure) in
        try ReceiptFolder(context.receipts, mode: project.configuration.receiptMode).write(
          file: claim.fileID, epoch: claim.epoch, run: context.runID, context.definitions.catalogue, on: connection)
      }
      if let failure {
        journal.error(
          "a receipt could not be written; the next run writes it",
          ["file": .id(claim.fileID), "failure": .failure(failure)])
        progress.note(.files(failure))
      }
      failpoint("recovery.receipt-written")
    }
    try noteRemoved(context, connection)
  }

  /// Notes of files that their source is gone, where a run was cut off before it could: else the same bytes, delivered once more under that
  /// name, would be taken for that source.
  private func noteRemoved(_ context: RunContext, _ connection: Connection) throws(RunFailure) {
    let inbox = try files { () throws(FileFailure) in try project.directory(project.configuration.inbox) }
    for (claim, hash, facility, name) in try server({ () throws(ServerFailure) in
      try Ledger.unremoved(on: connection)
    }) {
      if let hash {
        guard try server({ () throws(ServerFailure) in try Ledger.lock(hash, on: connection) }) else { continue }
      }
      defer { if let hash, connection.isUsable { try? Ledger.release(hash, on: connection) } }
      let isThere = try files { () throws(FileFailure) in
        guard let facility = try? FileName(facility), let name = try? FileName(name) else { return true }
        do throws(FileFailure) {
          return try Directory(facility, in: inbox).entry(name) != nil
        } catch {
          // no folder, no file
          guard case .kernel(.openat, ENOENT) = error else { throw error }
          return false
        }
      }
      if isThere { continue }  // it is in the inbox's list, and is closed as one of that
      try server { () throws(ServerFailure) in
        try Ledger.mark(
          [Ledger.Mark(.sourceRemoved, detail: detail(claim, hash, facility, context))], file: claim.fileID,
          epoch: claim.epoch, run: context.runID, on: connection)
      }
      failpoint("recovery.source-noted")
    }
  }

  /// Where a source went that is gone from the inbox; nil when it is kept nowhere.
  private func detail(_ claim: Claim, _ hash: Files.ContentHash?, _ facility: String, _ context: RunContext) -> String?
  {
    let original = hash?.hex ?? "unread-\(claim.fileID)"
    guard case .ended(let state) = claim.outcome, state != FileReport.State.duplicate.rawValue,
      let name = try? FileName(original), let facility = try? FileName(facility)
    else { return nil }
    let place = state == FileReport.State.loaded.rawValue ? FileWorker.Place.archive : .quarantine
    let folder = place == .archive ? context.archive : context.quarantine
    guard let there = try? Directory(facility, in: folder), (try? there.entry(name)) != nil else { return nil }
    return place.detail(original)
  }

  /// Single findings that the report of a run holds in memory.
  private static let mostDetails = 50_000

  private final class Counter: Sendable {
    private let state = Mutex(0)
    func add(_ number: Int) -> Int {
      state.withLock {
        $0 += number
        return $0
      }
    }
  }

  private final class Held: Sendable {
    private let state = Mutex<[InboxFile]>([])
    func add(_ file: InboxFile) { state.withLock { $0.append(file) } }
    var files: [InboxFile] { state.withLock { $0 } }
  }

  private final class Results: Sendable {
    private let state = Mutex<RunFailure?>(nil)
    func fail(_ failure: RunFailure) { state.withLock { if $0 == nil { $0 = failure } } }
    var failure: RunFailure? { state.withLock { $0 } }
  }

  /// Answers for an entry of the inbox that is no delivery: it stays where it is, with a receipt beside the hospital's others.
  private func refuse(_ report: FileReport, _ context: RunContext) throws(RunFailure) {
    guard let facility = report.facility, let folder = try? FileName(facility) else { return }
    let receipt = Receipt(report, facilityName: context.registry[facility]?.name, rejected: [], judgedAt: Clock.text())
    try files { () throws(FileFailure) in
      let target = try Directory(folder, in: context.receipts, creating: true)
      let hash = ContentHash(of: Array(report.name.utf8))
      guard let name = try? FileName("name-\(hash.hex.prefix(12)).txt") else { return }
      if try target.entry(name) != nil { return }  // said once; the entry still lies there
      _ = try target.removeLeftovers()
      let text = Array(receipt.text(context.definitions.catalogue, .vietnamese).utf8)
      try target.replaceDurably(name, with: text.span, mode: project.configuration.receiptMode)
      failpoint("run.refusal-answered")
    }
  }

  /// Judges the files as a run would and writes nothing.
  private func judgeOnly(_ listing: InboxListing, _ started: ContinuousClock.Instant, _ startedAt: String)
    throws(RunFailure) -> Result
  {
    let definitions = try load()
    let registry: Registry
    do throws(ConfigurationFault) { registry = try project.registry() } catch { throw .notReady(error.description) }
    var reports: [FileReport] = []
    let markers = Markers(listing.files) { registry.marker(of: $0, else: project.configuration.marker) }
    let deliveries = Deliveries(markers.files) { code in
      registry[code].flatMap { definitions.feeds[$0.feed] }?.reading.tabular
    }
    let files = deliveries.complete + deliveries.incomplete + deliveries.strangers
    for file in files.prefix(options.limitFiles ?? .max) {
      var report = FileReport(name: file.label, state: .quarantined)
      report.facility = file.facility
      guard let facility = registry[file.facility] else {
        report.reason = "S08"
        report.reasonText = definitions.catalogue[.S08]?.title.vietnamese
        reports.append(report)
        continue
      }
      let check = Check(definitions: definitions, registry: registry)
      let folder = project.path(project.configuration.inbox) + "/" + file.facility + "/"
      do throws(CheckFailure) {
        report = try check.judge(
          delivery: file.pieces(file.stamp, "").map { folder + $0.name.text }, feed: facility.feed,
          facility: facility.code)
      } catch {
        throw .notReady(error.description)
      }
      if report.state != .refused { report.state = .judged }
      reports.append(report)
    }
    var report = RunReport(
      run: nil, files: reports, seconds: started.duration(to: .now).inSeconds, startedAt: startedAt)
    note(definitions, in: &report)
    return Result(report: report, failure: nil, exitCode: exitCode(report, nil))
  }

  /// Says in the report what was not evaluated, and which exceptions of the feeds hold or have expired.
  func note(_ definitions: Definitions, in report: inout RunReport) {
    let feeds = Set((try? project.registry())?.facilities.map(\.feed) ?? [])
    let today = Clock.now().day
    let exceptions = feeds.sorted().compactMap { definitions.feeds[$0] }
      .flatMap { definitions.exceptions(of: $0, on: today) }
    if !exceptions.isEmpty { report.exceptions = exceptions }
    let notEvaluated = definitions.notEvaluated()
    if !notEvaluated.isEmpty { report.notEvaluated = notEvaluated }
  }

  func load() throws(RunFailure) -> Definitions {
    do {
      return try project.definitions()
    } catch {
      throw .notReady("\(error)")
    }
  }

  func connect() throws(RunFailure) -> Connection {
    let conninfo: String
    do throws(ClusterFailure) { conninfo = try project.conninfo() } catch { throw .cluster(error) }
    do throws(ServerFailure) {
      return try Connection(conninfo, applicationName: "songhan")
    } catch {
      if project.isEmbedded {
        journal.error("the embedded warehouse is not running; start it with: songhan warehouse start")
      }
      throw .server(error)
    }
  }

  func begin(_ connection: Connection) throws(ServerFailure) -> Int64 {
    try connection.begin()
    try connection.execute(Ledger.relaxed)
    let rows = try connection.execute(
      """
      INSERT INTO intake.run (program_version, process_key, options, first_event_id)
      VALUES ($1, $2, $3::jsonb, (SELECT coalesce(max(event_id), 0) FROM intake.file_event)) RETURNING run_id
      """,
      [
        .text(Program.version),
        .text("\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0...UInt64.max))"),
        .text(
          "{\"assumeSettled\":\(options.assumesSettled),\"jobs\":\(options.jobs ?? project.configuration.jobs)}"),
      ])
    try connection.commit()
    return rows.integer(0, 0) ?? 0
  }

  /// Ends the run; once more on a connection of its own when that of the run was lost, as the workers made new ones too.
  private func end(
    _ run: Int64, _ report: RunReport, _ code: Int32, _ failure: RunFailure?, on connection: Connection
  ) throws(ServerFailure) -> AnchorLine? {
    do throws(ServerFailure) {
      return try end(connection, run, report, code, failure)
    } catch {
      // a wish to end stops the statement under way, and this one is part of ending
      if error.state == "57014", connection.isUsable { return try end(connection, run, report, code, failure) }
      guard error.isTransient || error == .unknownOutcome, let conninfo = try? project.conninfo() else { throw error }
      let fresh = try Connection(conninfo, applicationName: "songhan")
      // the answer to the first COMMIT may have been lost, and not the COMMIT
      let done = try fresh.execute(
        """
        SELECT anchor_number, anchored_events, encode(anchor, 'hex') FROM intake.run
        WHERE run_id = $1 AND ended_at IS NOT NULL
        """, [.integer(run)])
      if done.isEmpty { return try end(fresh, run, report, code, failure) }
      guard let number = done.integer(0, 0), let events = done.integer(0, 1), let hash = done.text(0, 2) else {
        return nil
      }
      return AnchorLine(number: number, events: events, sha256: hash)
    }
  }

  /// Ends the run in the ledger and anchors its events; the anchor is for the run's report.
  func end(
    _ connection: Connection, _ run: Int64, _ report: RunReport, _ code: Int32, _ failure: RunFailure?
  ) throws(ServerFailure) -> AnchorLine? {
    if connection.isInTransaction { connection.rollback() }
    try connection.begin()
    let anchor = try Ledger.anchor(run, on: connection)
    // the report will name the anchor: then the ledger must not forget it
    if anchor == nil { try connection.execute(Ledger.relaxed) }
    try connection.execute(
      "UPDATE intake.run SET ended_at = clock_timestamp(), state = $2, exit_code = $3, totals = $4::jsonb WHERE run_id = $1",
      [
        .integer(run), .text(failure != nil ? "failed" : cancellation.isRequested ? "stopped" : "done"),
        .integer(Int64(code)),
        .text(report.totals.json(pretty: false)),
      ])
    try connection.commit()
    failpoint("run.ended")
    return anchor.map { AnchorLine(number: $0.number, events: $0.events, sha256: $0.hash.hex) }
  }

  /// Whether committed files wait for their receipt, their parcel, or the note that their source is gone.
  private func leftovers(_ connection: Connection) throws(ServerFailure) -> Bool {
    let rows = try connection.execute(
      """
      SELECT EXISTS (SELECT FROM intake.file WHERE receipt IS NOT NULL AND receipt_written_at IS NULL
          AND state IN ('loaded', 'duplicate', 'refused', 'quarantined'))
        OR EXISTS (SELECT FROM intake.file WHERE source_removed_at IS NULL AND receipt_written_at IS NOT NULL
          AND state IN ('loaded', 'duplicate', 'refused', 'quarantined'))
        OR EXISTS (SELECT FROM outbox.parcel WHERE state = 'prepared' AND content IS NOT NULL)
      """)
    return rows.flag(0, 0) ?? false
  }

  /// The warehouse's schema must be the one this program was made with.
  package static let schemaVersion: Int64 = 14

  static func checkVersion(on connection: Connection) throws(ServerFailure) {
    let rows = try connection.execute("SELECT max(number) FROM intake.migration")
    guard let version = rows.integer(0, 0), version == schemaVersion else { throw .refused(Refusal("42P01")) }
  }

  func exitCode(_ report: RunReport, _ failure: RunFailure?) -> Int32 {
    if cancellation.isRequested { return cancellation.exitCode }
    if let failure { return failure.exitCode }
    let isShort = report.files.contains {
      $0.dossiers.rejected > 0 || $0.stillRejected ?? 0 > 0 || $0.state == .quarantined || $0.state == .refused
    }
    return isShort ? 3 : 0
  }

  func files<R: ~Copyable>(_ body: () throws(FileFailure) -> R) throws(RunFailure) -> R {
    do throws(FileFailure) { return try body() } catch { throw .files(error) }
  }

  func server<R: ~Copyable>(_ body: () throws(ServerFailure) -> R) throws(RunFailure) -> R {
    do throws(ServerFailure) { return try body() } catch { throw .server(error) }
  }
}

/// The program itself.
package enum Program {
  package static let version = "0.1.0"
}

extension Duration {
  /// Seconds with milliseconds.
  package var inSeconds: Double {
    let (seconds, attoseconds) = components
    return (Double(seconds) * 1000 + Double(attoseconds / 1_000_000_000_000_000)) / 1000
  }
}
