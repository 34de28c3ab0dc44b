internal import Files
internal import Foundation
internal import Glibc
internal import Postgres
internal import Synchronization

/// What happened in a scenario, in numbers.
package struct Tally: Sendable {
  package var scenarios = 0
  package var processes = 0
  package var kills = 0
  package var signals = 0
  package var stops = 0
  package var cuts = 0
  package var faulty = 0
  package var files = 0
  package var dossiers = 0
  package var quarantinedForDeaths = 0
  package var lost = 0
  package var doubled = 0
  package var torn = 0
  package var wrong = 0
  /// Seeds whose scenario ended wrongly, with what was wrong.
  package var failures: [(seed: UInt64, complaints: [String])] = []

  package init() {}

  package static func += (a: inout Tally, b: Tally) {
    a.scenarios += b.scenarios
    a.processes += b.processes
    a.kills += b.kills
    a.signals += b.signals
    a.stops += b.stops
    a.cuts += b.cuts
    a.faulty += b.faulty
    a.files += b.files
    a.dossiers += b.dossiers
    a.quarantinedForDeaths += b.quarantinedForDeaths
    a.lost += b.lost
    a.doubled += b.doubled
    a.torn += b.torn
    a.wrong += b.wrong
    a.failures += b.failures
  }

  package var table: String {
    let rows: [(String, Int)] = [
      ("scenarios", scenarios), ("processes of songhan run", processes), ("killed", kills),
      ("ended by SIGTERM", signals),
      ("server stops", stops), ("connections cut", cuts), ("processes with planted faults", faulty),
      ("files delivered", files), ("dossiers in them", dossiers),
      ("files quarantined after three deaths", quarantinedForDeaths), ("lost", lost), ("doubled", doubled),
      ("torn", torn), ("otherwise wrong", wrong), ("failed scenarios", failures.count),
    ]
    return rows.map { name, count in
      name + String(repeating: " ", count: 40 - name.count)
        + String(repeating: " ", count: max(0, 8 - "\(count)".count))
        + "\(count)"
    }.joined(separator: "\n")
  }
}

extension Scenario {
  /// Failpoints that a run may pass, from the sources.
  package static func points(of repository: String) throws -> [String] {
    var points: Set<String> = []
    let sources = repository + "Sources"
    for name in FileManager.default.subpaths(atPath: sources) ?? [] where name.hasSuffix(".swift") {
      let text = try String(contentsOfFile: sources + "/" + name, encoding: .utf8)
      for match in text.matches(of: /failpoint\("([^"]*)"\)/) { points.insert(String(match.1)) }
    }
    return points.filter { point in
      !["cluster.", "migrations.", "codes.", "again."].contains { point.hasPrefix($0) }
    }.sorted()
  }

  /// Lets it happen, takes every cause away, runs once more, and compares with the model.
  package func play(in arena: Arena) throws -> Tally {
    let site = try arena.site(isBare ? .bare : .ready)
    defer { site.remove() }
    var tally = Tally()
    tally.scenarios = 1
    var complaints: [String] = []
    for facility in ["48001", "48002"] {
      try FileManager.default.createDirectory(
        atPath: site.path("inbox/\(facility)"), withIntermediateDirectories: true)
    }
    for (facility, name) in refusedNames { try site.drop([1], as: name, facility: facility) }
    for round in rounds { try play(round, site, &tally, &complaints) }

    // the cause is gone: one more run
    let last = try patiently(try site.start(["run", "--assume-settled"], host(lastHost)))
    if let last, ![0, 3].contains(last.code) {
      complaints.append("the last run ended with \(last.code): \(last.log.suffix(600))")
    } else if last == nil {
      complaints.append("the last run hung")
    }
    let deliveries = rounds.flatMap { $0.drops.map(\.delivery) }
    let grown = rounds.flatMap(\.drops).filter {
      if case .inPlace = $0.way { true } else { false }
    }.map { "\($0.delivery.facility)/\($0.delivery.name)" }
    let uploaded = rounds.flatMap(\.drops).filter(\.isSlow).map { "\($0.delivery.facility)/\($0.delivery.name)" }
    let referee = Referee(
      site: site, deliveries: deliveries, refusedNames: refusedNames, uploaded: Set(uploaded), grown: Set(grown),
      spool: "spool-\(lastHost)")
    let verdict = try referee.judge()
    complaints += verdict.all
    // and another one changes nothing
    let events = try site.number("SELECT count(*) FROM intake.file_event")
    let idle = try patiently(try site.start(["run", "--assume-settled"], host(lastHost)))
    let isUnchanged = try site.number("SELECT count(*) FROM intake.file_event") == events
    if idle.map({ [0, 3].contains($0.code) }) != true || !isUnchanged {
      complaints.append("a run over an empty inbox did something: \(idle?.code ?? -1) \(idle?.log.suffix(300) ?? "")")
    }
    tally.files = deliveries.count
    for delivery in deliveries { if case .loaded(let dossiers) = delivery.fate { tally.dossiers += dossiers.count } }
    tally.quarantinedForDeaths = try site.number("SELECT count(*) FROM intake.file WHERE reason = 'S13'")
    tally.lost = verdict.lost.count
    tally.doubled = verdict.doubled.count
    tally.torn = verdict.torn.count
    tally.wrong = complaints.count - tally.lost - tally.doubled - tally.torn
    if !complaints.isEmpty {
      if ProcessInfo.processInfo.environment["SONGHAN_CHAOS_KEEP"] != nil {
        for row in try site.rows(
          "SELECT f.file_id, file_name, f.state, reason, attempts, e.kind, e.run_id, e.epoch, e.at FROM intake.file f JOIN intake.file_event e USING (file_id) ORDER BY event_id"
        ) { complaints.append("  " + row.map { $0 ?? "–" }.joined(separator: " ")) }
      }
      tally.failures = [(seed, complaints + plan)]
    }
    return tally
  }

  /// What was to happen, for whoever reads about a failure.
  private var plan: [String] {
    rounds.enumerated().flatMap { number, round in
      ["round \(number + 1):"]
        + round.drops.map { "  drops \($0.delivery.facility)/\($0.delivery.name) \($0.way) \($0.delivery.fate)" }
        + round.processes.map { "  host \($0.host) after \($0.delay) s, \($0.jobs) jobs: \($0.fault)" }
        + round.stops.map { "  server stopped after \($0.after) s for \($0.pause) s" }
    }
  }

  private func host(_ number: Int) -> [String: String] {
    ["SONGHAN_FOLDERS_SPOOL": "spool-\(number)", "SONGHAN_FOLDERS_REPORTS": "reports-\(number)"]
  }

  /// Waits for a process, though not for ever.
  private func patiently(_ running: Site.Running) throws -> Site.Ending? {
    let end = ContinuousClock.now + .seconds(120)
    while running.isRunning {
      if ContinuousClock.now > end {
        running.send(SIGKILL)
        _ = try running.wait()
        return nil
      }
      usleep(5_000)
    }
    return try running.wait()
  }

  private func play(_ round: Round, _ site: Site, _ tally: inout Tally, _ complaints: inout [String]) throws {
    for drop in round.drops {
      if case .whole = drop.way { try site.drop(drop.bytes, as: drop.delivery.name, facility: drop.delivery.facility) }
    }
    let outcome = Mutex((tally: Tally(), complaints: [String]()))
    let group = DispatchGroup()
    func together(_ body: @escaping @Sendable () throws -> Void) {
      group.enter()
      let thread = Thread {
        do { try body() } catch { outcome.withLock { $0.complaints.append("\(error)") } }
        group.leave()
      }
      thread.stackSize = 4 << 20
      thread.start()
    }
    let isStopped = !round.stops.isEmpty
    for process in round.processes {
      together {
        let (tally, complaints) = try run(process, site, whileServerStops: isStopped)
        outcome.withLock { outcome in
          outcome.tally += tally
          outcome.complaints += complaints
        }
      }
    }
    for (after, pause) in round.stops {
      together {
        Thread.sleep(forTimeInterval: after)
        try site.arena.stopAndStart(pause: pause)
        outcome.withLock { $0.tally.stops += 1 }
      }
    }
    let slow = round.drops.filter(\.isSlow)
    if !slow.isEmpty { together { for drop in slow { try upload(drop, site) } } }
    group.wait()
    let (sum, said) = outcome.withLock { $0 }
    tally += sum
    complaints += said
  }

  /// Writes a file in pieces, as a slow line would.
  private func upload(_ drop: Drop, _ site: Site) throws {
    let folder = site.path("inbox/\(drop.delivery.facility)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let name = "\(folder)/\(drop.delivery.name)"
    var isPart = false
    if case .part = drop.way { isPart = true }
    let path = isPart ? name + ".part" : name
    guard FileManager.default.createFile(atPath: path, contents: nil) else { throw ChaosError("no upload") }
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    let step = max(1, drop.bytes.count / 8)
    var from = 0
    while from < drop.bytes.count {
      let to = min(from + step, drop.bytes.count)
      try file.write(contentsOf: Data(drop.bytes[from..<to]))
      from = to
      usleep(60_000)
    }
    try file.close()
    if isPart, unsafe rename(path, name) != 0 { throw ChaosError("an upload could not be renamed") }
  }

  private func run(_ process: Process, _ site: Site, whileServerStops isStopped: Bool) throws -> (Tally, [String]) {
    Thread.sleep(forTimeInterval: process.delay)
    var tally = Tally()
    tally.processes = 1
    var environment = host(process.host)
    var codes: Set<Int32> = [0, 3, 75]
    var proxy: Proxy?
    switch process.fault {
    case .none: break
    case .failpoint(let name, let hit):
      environment["SONGHAN_FAILPOINT"] = "\(name):\(hit)"
      codes.insert(-SIGKILL)
    case .kill: codes.insert(-SIGKILL)
    case .term: codes.formUnion([143, -SIGTERM])  // before its handler stands, the signal ends it as any program
    case .calls(let plan):
      environment["SONGHAN_FAULTS"] = plan
      codes.formUnion([74, 77])
      tally.faulty = 1
    case .network(let cuts):
      let made = try Proxy(to: site.arena.socket, cuts: cuts)
      environment["SONGHAN_WAREHOUSE"] =
        "host=127.0.0.1 port=\(made.port) user=songhan dbname=\(site.database) sslmode=disable gssencmode=disable"
      proxy = made
    }
    var arguments = ["run", "--jobs", "\(process.jobs)"]
    if assumesSettled { arguments.append("--assume-settled") }
    let running = try site.start(arguments, environment)
    switch process.fault {
    case .kill(let after):
      Thread.sleep(forTimeInterval: after)
      running.send(SIGKILL)
    case .term(let after):
      Thread.sleep(forTimeInterval: after)
      running.send(SIGTERM)
    default: break
    }
    let ending = try patiently(running)
    if let proxy {
      tally.cuts = proxy.made
      proxy.close()
    }
    guard let ending else { return (tally, ["a process hung: host \(process.host), \(process.fault)"]) }
    if ending.code == -SIGKILL { tally.kills = 1 }
    if ending.code == 143 || ending.code == -SIGTERM { tally.signals = 1 }
    if codes.contains(ending.code) { return (tally, []) }
    return (
      tally, ["a process ended with \(ending.code): host \(process.host), \(process.fault): \(ending.log.suffix(600))"]
    )
  }
}
