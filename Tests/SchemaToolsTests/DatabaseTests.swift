import Definitions
import Foundation
import Postgres
import Records
import SchemaTools
import Testing

/// A private server for one suite.
struct Server: SuiteTrait, TestScoping {
  @TaskLocal static var current: EmbeddedCluster?

  func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void)
    async throws
  {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-schema-" + UUID().uuidString
    let cluster = try EmbeddedCluster(folder: folder + "/cluster")
    let result: Result<Void, any Error>
    do {
      _ = try cluster.start()
      result = .success(try await Self.$current.withValue(cluster) { try await function() })
    } catch {
      result = .failure(error)
    }
    _ = try? cluster.stop()
    try? FileManager.default.removeItem(atPath: cluster.place)
    try? FileManager.default.removeItem(atPath: folder)
    try result.get()
  }

  /// A database of its own.
  static func database() throws -> Connection {
    let cluster = try #require(current)
    let name = "t" + UUID().uuidString.replacing("-", with: "").lowercased()
    try Connection(cluster.conninfo, applicationName: "tests").executeGenerated("CREATE DATABASE \(name)")
    return try Connection(cluster.conninfo(database: name), applicationName: "tests")
  }

  /// One with all migrations.
  static func warehouse() throws -> Connection {
    let connection = try database()
    for migration in try ownDefinitions.get().migrations.sorted(by: { $0.number < $1.number }) {
      try connection.executeScript(migration.text)
    }
    return connection
  }
}

@Suite(Server()) struct SchemaDatabaseTests {
  // MARK: SQL

  @Test func postgreSQLTakesTheExportedTables() throws {
    let own = try #require(ownFolder)
    let connection = try Server.database()
    let export = SQLExport(codes: own.codeLists)
    for set in own.sets { try connection.executeScript(export.source(set)) }
    try connection.executeScript(export.common(own.common))
    let tables = try connection.execute(
      "SELECT count(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')")
    #expect(tables.integer(0, 0) == Int64(own.sets.reduce(0) { $0 + $1.tables.count } + own.common.count))
    // what was made is what Schemas/common says
    #expect(try WarehouseDrift.examine(connection, own.common) == [])
  }

  @Test func exportedTablesRefuseWhatTheSchemaRefuses() throws {
    let folder = try Folder()
    try folder.write(SchemaDiffTests.files)
    let own = try #require(SchemaFolder(folder.path))
    let connection = try Server.database()
    try connection.executeScript(SQLExport(codes: own.codeLists).source(try #require(own.set("hoa"))))
    try connection.executeGenerated("INSERT INTO \"hoa\".\"wards\" VALUES ('A')")
    func refused(_ values: String) throws -> String? {
      do throws(ServerFailure) {
        try connection.executeGenerated(
          "INSERT INTO \"hoa\".\"visits\" (id, count, price, day, kind, ward) VALUES (\(values))")
        return nil
      } catch {
        guard case .refused(let refusal) = error else { return "\(error)" }
        return refusal.state?.code
      }
    }
    #expect(try refused("'1', 1, 1.25, '2025-01-01', 'A', 'A'") == nil)
    #expect(try refused("'1', 1, 1.25, '2025-01-01', 'A', 'A'") == "23505")
    #expect(try refused("'2', 11, 1.25, '2025-01-01', 'A', 'A'") == "23514")
    #expect(try refused("'2', 1, 1.25, '2025-01-01', 'C', 'A'") == "23514")
    #expect(try refused("'2', 1, 1.25, '2025-01-01', NULL, 'A'") == "23502")
    #expect(try refused("'2', 1, 1.25, '2025-01-01', 'A', 'a'") == "23514")
    #expect(try refused("'2', 1, 1.25, '2025-01-01', 'A', 'B'") == "23503")
  }

  // MARK: drift of the warehouse

  @Test func aMigratedWarehouseDoesNotDrift() throws {
    let own = try #require(ownFolder)
    #expect(try WarehouseDrift.examine(try Server.warehouse(), own.common) == [])
  }

  @Test(arguments: [
    ("ALTER TABLE health.encounter ADD COLUMN more text", WarehouseDrift.Kind.extraColumn, "encounter.more"),
    ("ALTER TABLE health.encounter DROP COLUMN reserve", .missingColumn, "encounter.reserve"),
    ("ALTER TABLE health.observation ALTER COLUMN note TYPE varchar(9)", .typeDiffers, "observation.note"),
    ("ALTER TABLE health.facility ALTER COLUMN name DROP NOT NULL", .requiredDiffers, "facility.name"),
    ("ALTER TABLE health.facility DROP CONSTRAINT facility_key", .keyDiffers, "facility"),
    ("DROP TABLE health.practitioner CASCADE", .missingTable, "practitioner"),
    ("CREATE TABLE health.scratch (a text)", .extraTable, "scratch"),
  ])
  func seesWhatSomebodyChangedByHand(_ change: String, kind: WarehouseDrift.Kind, place: String) throws {
    let own = try #require(ownFolder)
    let connection = try Server.warehouse()
    var change = change
    if kind == .typeDiffers {
      let text = try #require(
        own.common.first { $0.name == "observation" }?.fields.first { $0.sql == "text" && !$0.isRequired })
      change = "ALTER TABLE health.observation ALTER COLUMN \(text.name) TYPE varchar(9)"
    }
    try connection.executeGenerated(change)
    let found = try WarehouseDrift.examine(connection, own.common)
    #expect(found.map(\.kind) == [kind])
    if kind != .typeDiffers {
      #expect(found.map { $0.table + ($0.column.map { ".\($0)" } ?? "") } == [place])
    }
  }

  // MARK: drift of a feed

  /// Findings of made-up files, as the ledger keeps them.
  private func ledger(_ findings: [(code: String, table: String, field: String, dossiers: Int, daysAgo: Int)]) throws
    -> Connection
  {
    let connection = try Server.warehouse()
    for daysAgo in [1, 40] {
      try connection.executeGenerated(
        """
        INSERT INTO intake.file (facility_code, file_name, feed, content_sha256, state, received_at, dossiers_seen, dossiers_accepted)
        VALUES ('48001', 'a.csv', 'hoa', sha256('\(daysAgo)'::bytea), 'loaded', now() - interval '\(daysAgo) days', 100, 100)
        """)
    }
    var number = 0
    for finding in findings {
      for dossier in 1...finding.dossiers {
        number += 1
        try connection.executeGenerated(
          """
          INSERT INTO intake.finding (file_id, finding_number, dossier_number, code, severity, source_table, field)
          SELECT file_id, \(number), \(dossier), '\(finding.code)', 'error', '\(finding.table)', '\(finding.field)'
          FROM intake.file WHERE received_at::date = (now() - interval '\(finding.daysAgo) days')::date
          """)
      }
    }
    return connection
  }

  private func drift(_ connection: Connection, policy: String? = nil) throws -> FeedDrift {
    let folder = try Folder()
    var files = SchemaDiffTests.files
    if let policy { files["Pipelines/hoa.yaml"]! += "drift: \(policy)\n" }
    try folder.write(files)
    let own = try #require(SchemaFolder(folder.path))
    #expect(own.faults.isEmpty)
    var drift = FeedDrift(try #require(own.feeds.first), own, days: 30)
    try drift.readLedger(connection)
    return drift
  }

  @Test func readsNewMissingRenamedAndUnfitColumnsFromTheLedger() throws {
    let connection = try ledger([
      ("A12", "visits", "extra_column", 100, 1),
      ("A12", "visits", "kinds", 100, 1), ("B01", "visits", "kind", 100, 1),
      ("B01", "visits", "id", 95, 1),
      ("B04", "visits", "price", 30, 1), ("B04", "visits", "price", 2, 40),
      ("B06", "visits", "day", 3, 1),
      ("B15", "visits", "sex", 60, 1),
      ("B03", "visits", "note", 10, 1),
    ])
    let drift = try drift(connection)
    #expect(drift.files == 1)
    #expect(drift.dossiers == 100)
    func item(_ kind: FeedDrift.Kind) -> FeedDrift.Item? { drift.items.first { $0.kind == kind } }
    #expect(drift.items.count == 6, "\(drift.items)")
    #expect(item(.newColumn)?.column == "extra_column")
    #expect(item(.renamedColumn)?.column == "kinds")
    #expect(item(.renamedColumn)?.field == "kind")
    #expect(item(.missingColumn)?.column == "id")
    #expect(item(.typeNoLongerFits)?.column == "price")
    #expect(item(.typeNoLongerFits)?.share == 0.3)
    #expect(item(.typeNoLongerFits)?.shareBefore == 0.02)
    #expect(item(.codesNotInList)?.column == "sex")
    #expect(item(.lengthNoLongerFits)?.column == "note")
    #expect(drift.hasOtherColumns)
  }

  @Test(arguments: [
    (nil, Feed.Drift.allow), ("freeze", .freeze), ("quarantine", .quarantine), ("allow", .allow),
  ])
  func readsThePolicyOfTheFeed(_ written: String?, _ policy: Feed.Drift) throws {
    let drift = try drift(try ledger([("B04", "visits", "price", 30, 1)]), policy: written)
    #expect(drift.policy == policy)
    #expect(!drift.hasOtherColumns)
  }

  @Test func quietFeedsDoNotDrift() throws {
    #expect(try drift(try ledger([("B04", "visits", "price", 4, 1), ("C01", "visits", "day", 90, 1)])).items.isEmpty)
  }
}

@Suite struct HeaderDriftTests {
  /// The feed's table as a reader has it, and its file as a hospital sends it now.
  private func drift(_ text: String, caseSensitive: Bool = true) throws -> [FeedDrift.Item] {
    let folder = try Folder()
    try folder.write(SchemaDiffTests.files)
    let own = try #require(SchemaFolder(folder.path))
    let fields = try #require(own.set("hoa")?.table("visits")).fields
    let table = SourceTable(
      name: "visits", root: nil, list: nil, row: "visits", hasManyRows: true,
      columns: fields.map { SourceColumn(name: $0.name, logical: .string, isRequired: $0.isRequired) })
    var file = TabularLayout.File(table: "visits", pattern: "")
    file.dialect.isHeaderCaseSensitive = caseSensitive
    file.headers = ["Giá bán": "price"]
    var drift = FeedDrift(try #require(own.feeds.first), own, days: 1)
    var bytes = Array(text.utf8)
    try drift.readHeader(
      of: "visits", layout: TabularLayout(files: [file], root: "visits"),
      schema: SourceSchema(name: "hoa", tables: [table])
    ) { (most, target) throws(ReaderFailure) in
      let count = min(most, bytes.count)
      target.append(contentsOf: bytes.prefix(count))
      bytes.removeFirst(count)
      return count
    }
    return drift.items
  }

  private let whole = "id,count,price,day,sex,kind,ward,copy,note,unused"

  @Test func aHeaderAsAgreedDoesNotDrift() throws {
    #expect(try drift(whole + "\n1,2,3,4,5,6,7,8,9,0\n").isEmpty)
    #expect(try drift(whole.replacing("price", with: "Giá bán") + "\n1,2,3,4,5,6,7,8,9,0\n").isEmpty)
    #expect(try drift(whole.uppercased() + "\n1,2,3,4,5,6,7,8,9,0\n", caseSensitive: false).isEmpty)
  }

  @Test func seesNewMissingAndRenamedColumns() throws {
    let header = whole.replacing("unused", with: "weather").replacing("note", with: "NO_TE").replacing(
      "sex", with: "Giới tính")
    let items = try drift(header + ",kinds\n1,2,3,4,5,6,7,8,9,0,1\n")
    let found = items.map { "\($0.kind) \($0.column) \($0.field ?? "-")" }.sorted()
    #expect(
      found == [
        "missingColumn unused -", "newColumn kinds -", "newColumn weather -", "renamedColumn Giới tính sex",
        "renamedColumn NO_TE note",
      ])
  }

  @Test func aHeaderThatLacksARequiredColumnIsReadToo() throws {
    let items = try drift("count,price,day,sex,ward,copy,note,unused\n1,2,3,4,5,6,7,8\n")
    #expect(items.map { "\($0.kind) \($0.column)" } == ["missingColumn id", "missingColumn kind"])
  }

  @Test func anEmptyFileTellsNothing() throws {
    #expect(try drift("").isEmpty)
    #expect(try drift(whole + "\n").isEmpty)
  }
}
