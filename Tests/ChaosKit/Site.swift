internal import Definitions
package import Foundation
internal import Glibc
internal import Postgres
package import Runs
internal import SampleKit
internal import Synchronization

/// A project folder with a database: what the program works on, as one host or several.
package final class Site: Sendable {
  package let arena: Arena
  package let database: String
  package let root: String
  private let clock = Mutex(0)

  package static let destinations = "destinations: { lake: { format: common-ndjson }, ministry: { format: source } }"

  package init(
    _ arena: Arena, database: String, settings: String = destinations, ownDefinitions: Bool = false
  ) throws {
    self.arena = arena
    self.database = database
    root = arena.folder + "/" + database + "-" + String(UInt32.random(in: .min ... .max), radix: 36)
    _ = try ProjectTemplate.make(root, definitions: ownDefinitions ? String(repository.dropLast()) : nil)
    try write(
      """
      warehouse: "\(arena.cluster.conninfo(database: database))"
      \(ownDefinitions ? "" : "definitions: \"\(repository)\"")
      intake: { freeMegabytes: 0, settleSeconds: 0 }
      \(settings.isEmpty ? Site.destinations : settings)
      """, to: "songhan.yaml")
    var facilities = "facilities:\n"
    for facility in sampleRegistry.facilities {
      facilities +=
        "  - { code: \"\(facility.code)\", name: \"\(facility.name)\", feed: \(facility.feed), active: \(facility.isActive) }\n"
    }
    try write(facilities, to: "facilities.yaml")
  }

  package func remove() {
    try? FileManager.default.removeItem(atPath: root)
    try? arena.ask("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
  }

  package func project() throws -> Project {
    try Project(configuration: root + "/songhan.yaml", environment: [:])
  }

  // MARK: files

  package func path(_ name: String) -> String { root + "/" + name }

  package func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path(name)))
  }

  /// Drops a file into the inbox; each one is a second younger than the one before, so that the order is known.
  package func drop(_ bytes: some Sequence<UInt8>, as name: String, facility: String = "48001") throws {
    let folder = path("inbox/\(facility)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // under another name first: a run that is under way must not see half of it
    let temporary = "\(folder)/\(name).part"
    try Data(bytes).write(to: URL(filePath: temporary))
    let second = clock.withLock { clock in
      clock += 1
      return clock
    }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000 + Double(second))], ofItemAtPath: temporary)
    guard unsafe rename(temporary, "\(folder)/\(name)") == 0 else { throw ChaosError("\(name) could not be dropped") }
  }

  /// The files of a folder of `Samples/`, under names that collide with no other folder's.
  package func drop(sample name: String) throws {
    guard let folder = SampleFolder.all.first(where: { $0.name == name }) else {
      throw ChaosError("there is no sample \(name)")
    }
    for delivery in folder.deliveries {
      for path in delivery.paths {
        let file = URL(filePath: path)
        try drop(Data(contentsOf: file), as: "\(name)-\(file.lastPathComponent)", facility: delivery.facility)
      }
    }
  }

  /// Everything below a folder that is no folder, sorted.
  package func files(_ folder: String) -> [String] {
    let all = FileManager.default.enumerator(atPath: path(folder))?.allObjects as? [String] ?? []
    return all.filter { name in
      var found = stat()
      return unsafe lstat(path("\(folder)/\(name)"), &found) == 0 && found.st_mode & S_IFMT != S_IFDIR
    }.sorted()
  }

  package func content(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path(name)))) }

  // MARK: asking

  package func rows(_ sql: String) throws -> [[String?]] {
    let connection = try Connection(arena.cluster.conninfo(database: database), applicationName: "chaos")
    // a question that waits for a lock fails its test, not the whole suite
    _ = try connection.executeGenerated("SET statement_timeout = '60s'")
    let rows = try connection.executeGenerated(sql)
    return (0..<rows.count).map { row in (0..<rows.columnCount).map { rows.text(row, $0) } }
  }

  package func number(_ sql: String) throws -> Int {
    Int(try rows(sql).first?.first.flatMap { $0 } ?? "") ?? 0
  }

  // MARK: the program

  package static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(component: "songhan")

  /// How a process ended.
  package struct Ending: Sendable {
    /// The exit code, or the negated number of the signal that ended it.
    package var code: Int32
    package var output: String
    package var log: String
  }

  /// A process of the program.
  package final class Running {
    private let process: Process
    private let output: String
    private let log: String

    init(_ process: Process, _ output: String, _ log: String) {
      self.process = process
      self.output = output
      self.log = log
    }

    package var isRunning: Bool { process.isRunning }
    package func send(_ signal: Int32) { if process.isRunning { kill(process.processIdentifier, signal) } }

    package func wait() throws -> Ending {
      // a program that hangs fails its test, not the whole suite
      let end = ContinuousClock.now + .seconds(300)
      while process.isRunning {
        if ContinuousClock.now > end { kill(process.processIdentifier, SIGKILL) }
        usleep(2000)
      }
      defer { for name in [output, log] { try? FileManager.default.removeItem(atPath: name) } }
      return Ending(
        code: process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus,
        output: String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self),
        log: String(decoding: try Data(contentsOf: URL(filePath: log)), as: UTF8.self))
    }
  }

  package func start(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Running {
    let process = Process()
    process.executableURL = Site.program
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: root)
    process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
    let (output, log) = (path("stdout-\(UUID().uuidString)"), path("stderr-\(UUID().uuidString)"))
    for name in [output, log] { _ = FileManager.default.createFile(atPath: name, contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: log))
    try process.run()
    return Running(process, output, log)
  }

  package func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Ending {
    try start(arguments, environment).wait()
  }
}
