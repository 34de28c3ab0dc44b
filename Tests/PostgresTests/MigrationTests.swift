import Testing

@testable import Postgres

@Suite(.serialized, .privateCluster) struct MigrationTests {
  static func file(_ number: Int, _ text: String, hash: UInt8? = nil) -> Migration {
    Migration(
      number: number, name: "step-\(number)", text: text,
      sha256: [UInt8](repeating: hash ?? UInt8(truncatingIfNeeded: number), count: 32))
  }

  static let first = file(1, "CREATE SCHEMA IF NOT EXISTS intake; CREATE SCHEMA health; CREATE TABLE health.a (x int);")
  static let second = file(2, "-- a ; comment\nINSERT INTO health.a VALUES (1); INSERT INTO health.a VALUES (2)")

  private func refusal(of body: () throws(MigrationFailure) -> Void) -> MigrationFailure? {
    do throws(MigrationFailure) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test func appliesWhatIsPendingAndNothingTwice() throws {
    let connection = try PrivateCluster.connect(database: PrivateCluster.freshDatabase("m1"))
    let one = try Migrations([Self.first])
    let two = try Migrations([Self.second, Self.first])
    #expect(try two.status(on: connection).map(\.state) == [.pending, .pending])
    #expect(try one.apply(on: connection).map(\.number) == [1])
    #expect(try two.status(on: connection).map(\.state) == [.applied, .pending])
    #expect(try two.apply(on: connection).map(\.number) == [2])
    #expect(try two.apply(on: connection).isEmpty)
    #expect(try connection.execute("SELECT count(*) FROM health.a").integer(0, 0) == 2)
    #expect(try one.status(on: connection).map(\.state) == [.applied, .unknown])
    #expect(refusal { () throws(MigrationFailure) in _ = try one.apply(on: connection) } == .unknown(number: 2))
  }

  @Test func refusesAnEditedFile() throws {
    let connection = try PrivateCluster.connect(database: PrivateCluster.freshDatabase("m2"))
    _ = try Migrations([Self.first]).apply(on: connection)
    let edited = try Migrations([Self.file(1, "SELECT 1", hash: 99), Self.second])
    #expect(try edited.status(on: connection).map(\.state) == [.edited, .pending])
    let failure = refusal { () throws(MigrationFailure) in _ = try edited.apply(on: connection) }
    #expect(failure == .edited(number: 1, name: "step-1"))
    #expect(try connection.execute("SELECT count(*) FROM health.a").integer(0, 0) == 0)
  }

  @Test func leavesNothingOfAFailedMigration() throws {
    let connection = try PrivateCluster.connect(database: PrivateCluster.freshDatabase("m3"))
    let broken = Self.file(2, "INSERT INTO health.a VALUES (7); SELECT 1/0;", hash: 42)
    let files = try Migrations([Self.first, broken])
    let failure = refusal { () throws(MigrationFailure) in _ = try files.apply(on: connection) }
    guard case .server(let server, number: 2, statement: 2) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(server.state == "22012")
    #expect(try files.status(on: connection).map(\.state) == [.applied, .pending])
    #expect(try connection.execute("SELECT count(*) FROM health.a").integer(0, 0) == 0)
    #expect(try Migrations([Self.first, Self.second]).apply(on: connection).map(\.number) == [2])
    // the lock is free again
    #expect(
      try PrivateCluster.connect(database: "m3").execute(
        "SELECT pg_try_advisory_lock($1)", [.integer(Migrations.lockKey)]
      ).flag(0, 0) == true)
  }

  @Test func refusesAFileThatCameTooLate() throws {
    let connection = try PrivateCluster.connect(database: PrivateCluster.freshDatabase("m4"))
    _ = try Migrations([Self.first, Self.file(3, "SELECT 1")]).apply(on: connection)
    let files = try Migrations([Self.first, Self.second, Self.file(3, "SELECT 1")])
    #expect(
      refusal { () throws(MigrationFailure) in _ = try files.apply(on: connection) }
        == .skipped(number: 2, name: "step-2"))
  }

  @Test(arguments: ["BEGIN", "commit", "  -- why\n ROLLBACK", "START TRANSACTION", "END", "SAVEPOINT a"])
  func refusesTransactionsInAFile(statement: String) throws {
    let connection = try PrivateCluster.connect()
    let files = try Migrations([Self.file(1, "SELECT 1; \(statement); SELECT 2")])
    #expect(
      refusal { () throws(MigrationFailure) in _ = try files.apply(on: connection) }
        == .transactionControl(number: 1, statement: 2))
  }

  @Test(arguments: [[1, 1], [0], [-1, 2]]) func wantsNumbersApart(numbers: [Int]) {
    let files = numbers.map { Self.file($0, "SELECT 1") }
    #expect(throws: MigrationFailure.self) { try Migrations(files) }
  }

  @Test(.timeLimit(.minutes(15))) func twoMigratorsAtOnceApplyEverythingOnce() async throws {
    let database = try PrivateCluster.freshDatabase("m5")
    let conninfo = try #require(PrivateCluster.current).conninfo(database: database)
    let slow = Self.file(3, "SELECT pg_sleep(0.3); INSERT INTO health.a VALUES (3)")
    let files = try Migrations([Self.first, Self.second, slow])
    @Sendable func run() throws -> Int {
      try files.apply(on: Connection(conninfo, applicationName: "migrator")).count
    }
    async let one = onThread { try run() }
    async let two = onThread { try run() }
    #expect(try await [one, two].sorted() == [0, 3])
    #expect(try PrivateCluster.connect(database: database).execute("SELECT count(*) FROM health.a").integer(0, 0) == 3)
  }
}
