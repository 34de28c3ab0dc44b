internal import Bytes
internal import Definitions
internal import Foundation
internal import Glibc
internal import Load
package import Postgres
internal import Runs
internal import SampleKit
internal import Synchronization

/// What a scenario could not do, or found wrong.
package struct ChaosError: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A private server with a migrated database to copy, so that each scenario begins with a fresh warehouse in a quarter of a second.
package final class Arena: Sendable {
  package let folder: String
  package let cluster: EmbeddedCluster
  private let counter = Mutex(0)
  /// One at a time: a template that somebody else copies cannot be copied.
  private let copying = Mutex(())

  /// What a database begins as.
  package enum Template: String, Sendable {
    /// Migrated, with the partitions of the months that scenarios use.
    case ready = "model_ready"
    /// Migrated; every month is made by the run that meets it first.
    case bare = "model_bare"
    /// Nothing.
    case empty = "template0"
  }

  package init() throws {
    folder = Arena.ground + "/songhan-chaos-" + String(UInt32.random(in: .min ... .max), radix: 36)
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
    cluster = try EmbeddedCluster(folder: folder + "/cluster")
    try cluster.start()
    for name in [Template.bare, .ready] {
      try ask("CREATE DATABASE \(name.rawValue)\(name == .ready ? " TEMPLATE \(Template.bare.rawValue)" : "")")
      if name == .ready { continue }
      let site = try Site(self, database: name.rawValue)
      defer { try? FileManager.default.removeItem(atPath: site.root) }
      _ = try Warehouse(project: site.project()).migrate()
    }
    var partitions = Partitions(try ownDefinitions().common)
    let months = [(2025, 3), (2025, 10), (2025, 11), (2025, 12)].compactMap {
      CivilDate(year: Int32($0.0), month: Int32($0.1), day: 1)
    }
    try partitions.ensure(
      months,
      on: Connection(cluster.conninfo(database: Template.ready.rawValue), applicationName: "chaos"))
  }

  /// Memory when there is plenty of it: what is tested are processes that die, not disks that do.
  private static let ground: String = {
    if let named = ProcessInfo.processInfo.environment["SONGHAN_CHAOS_FOLDER"] { return named }
    var status = statvfs()
    let memory = "/dev/shm"
    if unsafe statvfs(memory, &status) == 0, UInt64(status.f_bavail) * UInt64(status.f_frsize) >= 4 << 30,
      FileManager.default.isWritableFile(atPath: memory)
    {
      return memory
    }
    return FileManager.default.temporaryDirectory.path
  }()

  package func end() {
    _ = try? cluster.stop(.immediate)
    try? FileManager.default.removeItem(atPath: cluster.place)
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Runs a statement of ours in the server's own database.
  package func ask(_ sql: String) throws {
    let connection = try Connection(cluster.conninfo(database: "postgres"), applicationName: "chaos")
    _ = try connection.executeGenerated("SET statement_timeout = '120s'")
    _ = try connection.executeGenerated(sql)
  }

  /// A new database and a project folder for it; both go with ``Site/remove()``.
  package func site(
    _ template: Template = .ready, settings: String = "", ownDefinitions: Bool = false
  ) throws -> Site {
    let number = counter.withLock { counter in
      counter += 1
      return counter
    }
    let name = "chaos_\(number)"
    try copying.withLock { _ in try ask("CREATE DATABASE \(name) TEMPLATE \(template.rawValue)") }
    return try Site(self, database: name, settings: settings, ownDefinitions: ownDefinitions)
  }

  /// The power of the server fails, and comes back.
  package func stopAndStart(pause: Double = 0) throws {
    _ = try cluster.stop(.immediate)
    if pause > 0 { Thread.sleep(forTimeInterval: pause) }
    try cluster.start()
  }
}

extension Arena {
  /// Path of the server's socket.
  package var socket: String {
    let conninfo = cluster.conninfo
    guard let match = conninfo.firstMatch(of: #/host='([^']*)' port=([0-9]+)/#) else { return "" }
    return "\(match.1)/.s.PGSQL.\(match.2)"
  }
}
