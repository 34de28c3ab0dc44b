import CommonSchema
import Compression
import Definitions
import Findings
import Foundation
import Glibc
import Logging
import Postgres
import Records
import Runs
import SampleKit
import Synchronization
import Testing

extension Project {
  /// A project folder of its own, on a database of the cluster; nothing waits for settling unless a test says so.
  static func forTests(database: String, on cluster: EmbeddedCluster, settings: String = "", settleSeconds: Int = 0)
    throws -> Project
  {
    let root = FileManager.default.temporaryDirectory.path + "/songhan-project-" + UUID().uuidString
    _ = try ProjectTemplate.make(root, definitions: nil)
    let text = """
      warehouse: "\(cluster.conninfo(database: database))"
      definitions: "\(repository)"
      intake: { freeMegabytes: 0, settleSeconds: \(settleSeconds) }
      \(settings)
      """
    try Data(text.utf8).write(to: URL(filePath: root + "/songhan.yaml"))
    var facilities = "facilities:\n"
    for facility in sampleRegistry.facilities {
      facilities +=
        "  - { code: \"\(facility.code)\", name: \"\(facility.name)\", feed: \(facility.feed), active: \(facility.isActive) }\n"
      try FileManager.default.createDirectory(
        atPath: "\(root)/inbox/\(facility.code)", withIntermediateDirectories: true)
    }
    try Data(facilities.utf8).write(to: URL(filePath: root + "/facilities.yaml"))
    return try Project(configuration: root + "/songhan.yaml", environment: [:])
  }
}

/// A project with a migrated database of its own.
final class House: Sendable {
  let project: Project
  let database: String
  let cluster: EmbeddedCluster
  private let clock = Mutex(0)

  private static let counter = Mutex(0)

  private let isShared: Bool

  /// A house whose server may be stopped.
  private init(settings: String, apart cluster: EmbeddedCluster) throws {
    self.cluster = cluster
    isShared = false
    database = "songhan"
    project = try Project.forTests(database: database, on: cluster, settings: settings)
    _ = try Warehouse(project: project).migrate()
  }

  /// Opens a house with a cluster of its own.
  static func openApart(_ settings: String = "", _ body: (House) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-apart-" + UUID().uuidString
    let cluster = try EmbeddedCluster(folder: folder + "/cluster")
    try cluster.start()
    defer {
      _ = try? cluster.stop(.immediate)
      try? FileManager.default.removeItem(atPath: cluster.place)
      try? FileManager.default.removeItem(atPath: folder)
    }
    let house = try House(settings: settings, apart: cluster)
    defer { try? FileManager.default.removeItem(atPath: house.project.root) }
    try body(house)
    try house.holdsTheInvariant()
  }

  private init(settings: String, settleSeconds: Int, sharing shared: String?) throws {
    cluster = try #require(WarehouseTrait.current)
    isShared = shared != nil
    if let shared {
      database = shared
      try Self.create(shared, cluster)
      project = try Project.forTests(database: shared, on: cluster, settings: settings, settleSeconds: settleSeconds)
      return
    }
    let number = Self.counter.withLock { counter in
      counter += 1
      return counter
    }
    database = "test_\(number)"
    try Self.create(database, cluster)
    project = try Project.forTests(database: database, on: cluster, settings: settings, settleSeconds: settleSeconds)
  }

  /// One at a time: a template that somebody else copies cannot be copied.
  private static let made = Mutex<Set<String>>([])

  private static func create(_ database: String, _ cluster: EmbeddedCluster) throws {
    try made.withLock { made in
      guard made.insert(database).inserted else { return }
      let connection = try Connection(cluster.conninfo(database: "postgres"), applicationName: "tests")
      _ = try connection.executeGenerated("CREATE DATABASE \(database) TEMPLATE model_songhan")
    }
  }

  /// Opens a house, and at its end holds the ledger to the invariant and takes everything away.
  ///
  /// - Parameter shared: name of a database that several tests use, where the keys of their visits keep them apart.
  static func open(
    _ settings: String = "", settleSeconds: Int = 0, sharing shared: String? = nil, _ body: (House) throws -> Void
  ) throws {
    let house = try House(settings: settings, settleSeconds: settleSeconds, sharing: shared)
    defer { house.remove() }
    try body(house)
    try house.holdsTheInvariant()
  }

  /// A house whose end is not looked at: what happens in it breaks the invariant on purpose. ``remove()`` takes it away.
  static func unguarded(_ settings: String) throws -> House {
    try House(settings: settings, settleSeconds: 0, sharing: nil)
  }

  func remove() {
    try? FileManager.default.removeItem(atPath: project.root)
    if isShared { return }
    if let connection = try? Connection(cluster.conninfo(database: "postgres"), applicationName: "tests") {
      _ = try? connection.executeGenerated("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
    }
  }

  var conninfo: String { cluster.conninfo(database: database) }
  func connect() throws -> Connection { try Connection(conninfo, applicationName: "tests") }

  // MARK: files

  func path(_ name: String) -> String { project.root + (project.root.hasSuffix("/") ? "" : "/") + name }

  /// Drops a file into the inbox; each one is a second younger than the one before, so that the order is known.
  func drop(_ bytes: some Sequence<UInt8>, as name: String, facility: String = "48001") throws {
    let folder = path("inbox/\(facility)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
    let second = clock.withLock { clock in
      clock += 1
      return clock
    }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000 + Double(second))],
      ofItemAtPath: "\(folder)/\(name)")
  }

  func append(_ text: String, to name: String) throws {
    let file = try FileHandle(forWritingTo: URL(filePath: path(name)))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
  }

  func drop(_ folder: SampleFolder) throws {
    for delivery in folder.deliveries {
      for path in delivery.paths {
        let file = URL(filePath: path)
        try drop(try Data(contentsOf: file), as: file.lastPathComponent, facility: delivery.facility)
      }
    }
  }

  /// Files below a folder of the project, sorted.
  func files(_ folder: String) -> [String] {
    let all = FileManager.default.subpaths(atPath: path(folder)) ?? []
    return all.filter { name in
      var isFolder: ObjCBool = false
      return unsafe FileManager.default.fileExists(atPath: path("\(folder)/\(name)"), isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }

  func content(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path(name)))) }

  // MARK: running

  static let silence = Journal(Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })

  /// One run inside this process.
  @discardableResult
  func run(jobs: Int = 1, settled: Bool = true, _ change: (inout RunOptions) -> Void = { _ in }) throws -> Run.Result {
    var options = RunOptions()
    options.jobs = jobs
    options.assumesSettled = settled
    change(&options)
    return try Run(project: project, options: options, journal: Self.silence).execute()
  }

  struct Ending {
    /// The exit code, or the negated number of the signal that ended it.
    var code: Int32
    var output: String
    var log: String
  }

  static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(component: "songhan")

  /// The program itself, as a process of its own.
  func program(
    _ arguments: [String], environment: [String: String] = [:], signal: (number: Int32, after: Double)? = nil
  ) throws -> Ending {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: project.root)
    process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
    let (output, log) = (path("stdout-\(UUID().uuidString)"), path("stderr-\(UUID().uuidString)"))
    for name in [output, log] { _ = FileManager.default.createFile(atPath: name, contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: log))
    defer { for name in [output, log] { try? FileManager.default.removeItem(atPath: name) } }
    try process.run()
    if let signal {
      Thread.sleep(forTimeInterval: signal.after)
      kill(process.processIdentifier, signal.number)
    }
    // a program that hangs fails its test, not the whole suite
    let end = ContinuousClock.now + .seconds(600)
    while process.isRunning {
      if ContinuousClock.now > end { kill(process.processIdentifier, SIGKILL) }
      usleep(2000)
    }
    return Ending(
      code: process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus,
      output: String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self),
      log: String(decoding: try Data(contentsOf: URL(filePath: log)), as: UTF8.self))
  }

  // MARK: asking

  func rows(_ sql: String, _ parameters: [Parameter] = []) throws -> [[String?]] {
    let rows = try connect().executeGenerated(sql, parameters)
    return (0..<rows.count).map { row in (0..<rows.columnCount).map { rows.text(row, $0) } }
  }

  func number(_ sql: String, _ parameters: [Parameter] = []) throws -> Int {
    let found = try rows(sql, parameters)
    return Int(try #require(found.first?.first ?? nil)) ?? 0
  }

  static func visitEntities() throws -> [Entity] {
    try ownDefinitions().common.entities.filter { $0.kind == .visit }
  }

  /// Rows in the warehouse by entity; empty ones left out.
  func rowCounts(where condition: String = "true") throws -> [String: Int] {
    let parts = try Self.visitEntities().map {
      "SELECT '\($0.name)', count(*) FROM health.\"\($0.name)\" WHERE \(condition)"
    }
    var result: [String: Int] = [:]
    for row in try rows(parts.joined(separator: " UNION ALL ")) {
      if let name = row[0], let count = row[1].flatMap({ Int($0) }), count > 0 { result[name] = count }
    }
    return result
  }

  /// The last assertion of every test: what was seen was accepted, rejected or a duplicate, in every file and every list of it.
  func holdsTheInvariant() throws {
    let wrong = try rows(
      """
      SELECT f.file_id FROM intake.file f LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE outcome = 'accepted') AS accepted, count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
          count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate FROM intake.dossier d WHERE d.file_id = f.file_id) d ON true
      WHERE f.dossiers_seen <> f.dossiers_accepted + f.dossiers_rejected + f.dossiers_duplicate
        OR (f.state = 'loaded' AND (f.dossiers_accepted, f.dossiers_rejected, f.dossiers_duplicate)
          IS DISTINCT FROM (d.accepted, d.rejected, d.duplicate))
        OR (f.state <> 'loaded' AND d.accepted + d.rejected + d.duplicate > 0)
      """)
    #expect(wrong.isEmpty, "the counts of a file do not add up")
    // each current version has its rows, and no row belongs to another version
    let strays = try Self.visitEntities().map { entity in
      """
      SELECT '\(entity.name)' FROM health."\(entity.name)" r WHERE NOT EXISTS (
        SELECT FROM intake.dossier d WHERE d.file_id = r.file_id AND d.dossier_number = r.dossier_number AND d.is_current
          AND d.facility_code = r.facility_code AND d.encounter_key = r.encounter_key AND d.care_month = r.care_month)
      """
    }
    #expect(try rows(strays.joined(separator: " UNION ALL ")).isEmpty, "rows of no current version")
    #expect(
      try number(
        """
        SELECT count(*) FROM intake.dossier d WHERE is_current AND dossier_kind = 'visit' AND NOT EXISTS (
          SELECT FROM health.encounter e WHERE e.file_id = d.file_id AND e.dossier_number = d.dossier_number)
        """) == 0, "a current version without its rows")
    #expect(files("spool").isEmpty, "copies left in the spool")
  }
}

extension SampleFolder {
  /// The files of a folder under names that collide with no other folder's.
  func renamed(_ prefix: String) -> [(name: String, facility: String, bytes: Data)] {
    deliveries.compactMap { delivery in
      FileManager.default.contents(atPath: delivery.paths[0]).map {
        ("\(prefix)-\(delivery.name)", delivery.facility, $0)
      }
    }
  }

  static func named(_ name: String) throws -> SampleFolder { try #require(all.first { $0.name == name }) }
}

extension House {
  func drop(_ files: [(name: String, facility: String, bytes: Data)]) throws {
    for file in files { try drop(file.bytes, as: file.name, facility: file.facility) }
  }
}

/// The bytes of each HOSO of an envelope, tags included.
func dossiers(of envelope: [UInt8]) -> [[UInt8]] {
  let data = Data(envelope)
  var result: [[UInt8]] = []
  var from = data.startIndex
  while let open = data.range(of: Data("<HOSO>".utf8), in: from..<data.endIndex),
    let close = data.range(of: Data("</HOSO>".utf8), in: open.upperBound..<data.endIndex)
  {
    result.append([UInt8](data[open.lowerBound..<close.upperBound]))
    from = close.upperBound
  }
  return result
}

extension House {
  /// Waits until somebody on the server waits for a lock.
  func waitForALock() throws {
    let end = ContinuousClock.now + .seconds(60)
    while try number(
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 0
    {
      guard ContinuousClock.now < end else { throw CocoaError(.userCancelled) }
      usleep(5000)
    }
  }
}

/// Something that runs on a thread of its own while the test goes on.
///
/// `@unchecked`: the result is written before the semaphore is signalled and read behind it.
final class Running<Value>: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)
  private var result: Result<Value, any Error>?

  init(_ body: @escaping @Sendable () throws -> Value) {
    Thread { [self] in
      result = Result { try body() }
      done.signal()
    }.start()
  }

  func end() throws -> Value {
    done.wait()
    guard let result else { throw CocoaError(.userCancelled) }
    return try result.get()
  }
}
