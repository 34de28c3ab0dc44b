import Bytes
import Definitions
import Foundation
import Load
import Postgres
import Runs
import SampleKit
import Testing

/// Whole cases against a real PostgreSQL: one private cluster for all of them, a database and a project folder for each.
///
/// `SONGHAN_TEST_EFFORT=n` repeats the heavy loops n times as deep (1 when left out).
@Suite(.warehouse) struct DatabaseTests {}

let effort = max(1, Int(ProcessInfo.processInfo.environment["SONGHAN_TEST_EFFORT"] ?? "") ?? 1)

/// Starts the cluster before the first test and removes it after the last.
struct WarehouseTrait: SuiteTrait, TestScoping {
  @TaskLocal static var current: EmbeddedCluster?

  func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void)
    async throws
  {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-warehouse-" + UUID().uuidString
    let cluster = try EmbeddedCluster(folder: folder + "/cluster")
    let result: Result<Void, any Error>
    do {
      try cluster.start()
      try Connection(cluster.conninfo(database: "postgres"), applicationName: "tests").execute(
        "CREATE DATABASE model_songhan")
      let template = try Project.forTests(database: "model_songhan", on: cluster)
      defer { try? FileManager.default.removeItem(atPath: template.root) }
      _ = try Warehouse(project: template).migrate()
      // the month of most samples, so that not every test makes twenty partitions; other months are made by the runs
      var partitions = Partitions(try ownDefinitions().common)
      let month = try #require(CivilDate(year: 2025, month: 3, day: 1))
      try partitions.ensure([month], on: try Warehouse(project: template).connect())
      result = .success(try await Self.$current.withValue(cluster) { try await function() })
    } catch {
      result = .failure(error)
    }
    _ = try? cluster.stop(.immediate)
    try? FileManager.default.removeItem(atPath: cluster.place)
    try? FileManager.default.removeItem(atPath: folder)
    try result.get()
  }
}

extension SuiteTrait where Self == WarehouseTrait {
  static var warehouse: Self { WarehouseTrait() }
}
