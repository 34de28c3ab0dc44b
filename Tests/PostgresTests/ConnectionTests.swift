import Bytes
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Postgres

@Suite(.serialized, .privateCluster) struct ConnectionTests {
  // MARK: parameters and rows

  @Test(arguments: [
    "", "a", "it's", #"back\slash "quoted""#, "Nguyễn Thị Bé Ba", "tab\tline\nreturn\r", "🩺 Đà Nẵng", "NULL", "{a,b}",
    String(repeating: "dài ", count: 100_000),
  ])
  func textComesBack(text: String) throws {
    let connection = try PrivateCluster.connect()
    for prepared in [false, true, true] {
      let rows = try connection.execute(
        "SELECT $1::text, $2::text[], ($2::text[])[1]", [.text(text), .texts([text, nil])], prepared: prepared)
      #expect(rows.text(0, 0) == text)
      #expect(rows.text(0, 2) == text)
    }
  }

  @Test func otherTypesComeBack() throws {
    let connection = try PrivateCluster.connect()
    let bytes = [UInt8](0...255)
    let rows = try connection.execute(
      """
      SELECT $1::bytea, $2::bigint, $3::boolean, $4::text, $5::float8, ($6::bytea[])[1], ($6::bytea[])[2],
        ($7::bigint[])[1], ($7::bigint[])[2], $8::bytea, $9::boolean
      """,
      [
        .bytes(bytes), .integer(.min), .flag(true), .null, .real(0.1), .bytesArray([bytes, nil]),
        .integers([.max, nil]),
        .bytes([]), .flag(false),
      ])
    #expect(rows.count == 1)
    #expect(rows.columnCount == 11)
    #expect(rows.bytes(0, 0) == bytes)
    #expect(rows.integer(0, 1) == .min)
    #expect(rows.flag(0, 2) == true)
    #expect(rows.text(0, 3) == nil)
    #expect(rows.bytes(0, 3) == nil)
    #expect(rows.real(0, 4) == 0.1)
    #expect(rows.bytes(0, 5) == bytes)
    #expect(rows.bytes(0, 6) == nil)
    #expect(rows.integer(0, 7) == .max)
    #expect(rows.integer(0, 8) == nil)
    #expect(rows.bytes(0, 9) == [])
    #expect(rows.flag(0, 10) == false)
  }

  @Test func bytesWithNULAreKeptAndTextWithNULIsRefused() throws {
    let connection = try PrivateCluster.connect()
    #expect(try connection.execute("SELECT $1::bytea", [.bytes([1, 0, 2])]).bytes(0, 0) == [1, 0, 2])
    #expect(try failure { try connection.execute("SELECT $1::text", [.text("a\0b")]) }.state == "22021")
  }

  @Test func preparesAStatementOnce() throws {
    let connection = try PrivateCluster.connect()
    for number in 1...5 {
      let rows = try connection.execute("SELECT $1::int + 1", [.integer(Int64(number))], prepared: true)
      #expect(rows.integer(0, 0) == Int64(number + 1))
    }
    #expect(try connection.execute("SELECT count(*) FROM pg_prepared_statements").integer(0, 0) == 1)
    // it is kept when the transaction that prepared it is rolled back
    try connection.begin()
    try connection.execute("SELECT $1::text", [.null], prepared: true)
    connection.rollback()
    #expect(try connection.execute("SELECT $1::text", [.text("x")], prepared: true).text(0, 0) == "x")
  }

  @Test func runsOneStatementAtATime() throws {
    let connection = try PrivateCluster.connect()
    #expect(try failure { try connection.execute("SELECT 1; SELECT 2") }.state == "42601")
    try connection.executeScript("CREATE TEMP TABLE s (a int); INSERT INTO s VALUES (1); INSERT INTO s VALUES (2);")
    #expect(try connection.execute("UPDATE s SET a = a + 1").affected == 2)
    #expect(try connection.execute("SELECT a FROM s ORDER BY a").count == 2)
  }

  @Test func setsTheSession() throws {
    let connection = try PrivateCluster.connect()
    let rows = try connection.execute(
      """
      SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
        current_setting('TimeZone'), current_setting('client_encoding'), current_setting('application_name'),
        current_setting('citus.all_modifications_commutative'), '2026-01-02 03:04+07'::timestamptz::text
      """)
    #expect(
      (0..<7).map { rows.text(0, $0) } == [
        "30s", "1min", "Asia/Ho_Chi_Minh", "UTF8", "tests", "on", "2026-01-02 03:04:00+07",
      ])
    let other = try PrivateCluster.connect("options='-c lock_timeout=5s' application_name=mine client_encoding=LATIN1")
    let own = try other.execute("SELECT current_setting('lock_timeout'), current_setting('application_name'), 'Đ'")
    #expect((0..<3).map { own.text(0, $0) } == ["5s", "mine", "Đ"])
  }

  // MARK: failures

  @Test func uniqueViolationNamesTheConstraintAndNoValue() throws {
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TABLE canary (a text CONSTRAINT canary_key PRIMARY KEY, b int NOT NULL)")
    let canary = "CANARY-79-Nguyen"
    try connection.execute("INSERT INTO canary VALUES ($1, 1)", [.text(canary)])
    let unique = try failure { try connection.execute("INSERT INTO canary VALUES ($1, 2)", [.text(canary)]) }
    #expect(unique.state == "23505")
    #expect(unique.constraint == "canary_key")
    #expect(!unique.isTransient)
    let null = try failure { try connection.execute("INSERT INTO canary VALUES ($1, NULL)", [.text(canary + "2")]) }
    guard case .refused(let refusal) = null else { throw null }
    #expect(refusal.column == "b")
    #expect(refusal.table == "canary")
    let cast = try failure { try connection.execute("SELECT $1::int", [.text(canary)]) }
    #expect(cast.state == "22P02")
    let copy = try failure {
      try connection.copyIn("COPY canary FROM STDIN") { writer throws in
        try writer.write(Array("x\tnumber-\(canary)\n".utf8).span)
      }
    }
    #expect(copy.state == "22P02")
    for failure in [unique, null, cast, copy] {
      var dumped = ""
      dump(failure, to: &dumped)
      for text in [failure.description, String(reflecting: failure), "\(failure)", failure.mend, dumped] {
        #expect(!text.contains("CANARY"))
        #expect(!text.contains("Nguyen"))
      }
    }
    #expect(unique.description.contains("23505 unique_violation, constraint canary_key, table public.canary"))
    let log = try PrivateCluster.log()
    #expect(log.contains("ready to accept connections"))
    #expect(!log.contains("CANARY"))
    #expect(!log.contains("ERROR"))
  }

  @Test func aStatementThatTakesTooLongIsCancelled() throws {
    let connection = try PrivateCluster.connect("options='-c statement_timeout=50ms'")
    let failure = try failure { try connection.execute("SELECT pg_sleep(10)") }
    #expect(failure.state == "57014")
    #expect(!failure.isTransient)
    #expect(connection.isUsable)
  }

  @Test(.timeLimit(.minutes(15))) func anotherThreadCancels() throws {
    let connection = try PrivateCluster.connect()
    let canceller = connection.canceller
    let delivered = Delivered()
    // no task: the threads of the pool may all be busy with other tests for longer than the statement takes
    Thread.detachNewThread {
      usleep(500_000)
      delivered.note(canceller.cancel())
    }
    #expect(try failure { try connection.execute("SELECT pg_sleep(120)") }.state == "57014")
    #expect(delivered.wait())
    #expect(try connection.execute("SELECT 1").integer(0, 0) == 1)
  }

  /// What another thread found, waited for.
  private final class Delivered: Sendable {
    private let value = Mutex(false)
    private let isKnown = DispatchSemaphore(value: 0)

    func note(_ isDelivered: Bool) {
      value.withLock { $0 = isDelivered }
      isKnown.signal()
    }

    func wait() -> Bool {
      isKnown.wait()
      return value.withLock { $0 }
    }
  }

  @Test func waitsForLocksOnlySoLong() throws {
    let first = try PrivateCluster.connect()
    let second = try PrivateCluster.connect("options='-c lock_timeout=50ms'")
    try first.execute("SELECT pg_advisory_lock(1)")
    let failure = try failure { try second.execute("SELECT pg_advisory_lock(1)") }
    #expect(failure.state == "55P03")
    #expect(failure.isTransient)
  }

  @Test func saysWhyThereIsNoConnection() throws {
    let good = try #require(PrivateCluster.current).conninfo
    func trouble(_ conninfo: String) throws -> (ConnectTrouble, String) {
      let failure = try failure { _ = try Connection(conninfo, applicationName: "tests") }
      guard case .cannotConnect(let trouble, _) = failure else { throw failure }
      return (trouble, "\(failure)")
    }
    #expect(try trouble(good + " dbname=no_such").0 == .noSuchDatabase)
    #expect(try trouble(good + " user=nobody_at_all password=CANARY").0 == .authentication)
    #expect(try trouble(good + " port=1").0 == .noSocket)
    #expect(try trouble(good + " requirepeer=somebody").0 == .wrongServer)
    #expect(try trouble("host=127.0.0.1 port=1 password=CANARY").0 == .refused)
    #expect(try trouble("host=no-such-host.invalid").0 == .noSuchHost)
    #expect(try trouble("CANARY").0 == .settings)
    #expect(try trouble("host=x nonsense=CANARY").0 == .settings)
    #expect(try trouble("host=x port=CANARY").0 == .settings)
    #expect(try trouble("host=x sslmode=CANARY").0 == .settings)
    #expect(try trouble("service=CANARY").0 == .settings)
    #expect(!(try trouble("host=x port=CANARY").1.contains("CANARY")))
  }

  @Test func checksTheServer() throws {
    let checks = try ServerCheck.run(on: PrivateCluster.connect())
    #expect(checks.filter { !$0.ok }.isEmpty)
    #expect(checks.filter { $0.mend != nil }.isEmpty)
    #expect(checks.map(\.name).contains("fsync"))
    let weak = try ServerCheck.run(on: PrivateCluster.connect("options='-c synchronous_commit=off'"))
    #expect(weak.filter { !$0.ok }.map(\.name) == ["synchronous_commit"])
  }

  // MARK: several statements together

  @Test func answersStatementsThatWereSentTogether() throws {
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE heap (a bigint)")
    for round in 1...3 {
      var answers: [Int64?] = []
      try connection.execute(together: [
        .init("INSERT INTO heap VALUES ($1)", [.integer(Int64(round))]),
        .init("INSERT INTO heap VALUES ($1)", [.integer(10)]),
        .init("SELECT sum(a) FROM heap"),
      ]) { number, rows in answers.append(number < 2 ? Int64(rows.affected) : rows.integer(0, 0)) }
      #expect(answers == [1, 1, Int64(round * (round + 1) / 2 + round * 10)])
    }
    // each text was parsed once, also the one that stands twice
    let parsed = try connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%heap%'")
    #expect(parsed.integer(0, 0) == 2)
    try connection.execute(together: [])
    #expect(connection.isUsable && !connection.isInTransaction)
  }

  @Test func oneOfSeveralThatFailsStopsTheRest() throws {
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE stopped (a int UNIQUE)")
    let insert: StaticString = "INSERT INTO stopped VALUES ($1::int)"
    var answered: [Int] = []
    let failed = try failure {
      try connection.execute(together: [
        .init(insert, [.integer(1)]), .init(insert, [.integer(1)]), .init(insert, [.integer(2)]),
        .init("SELECT a FROM stopped"),
      ]) { number, _ in answered.append(number) }
    }
    #expect(failed.state == "23505" && answered == [0])
    // they were one transaction
    #expect(connection.isUsable && !connection.isInTransaction)
    #expect(try connection.execute("SELECT FROM stopped").isEmpty)
    // apart, each stands for itself
    answered = []
    let apart = try failure {
      try connection.execute(
        together: [.init(insert, [.integer(1)]), .init(insert, [.integer(1)]), .init(insert, [.integer(2)])],
        apart: true
      ) { number, _ in answered.append(number) }
    }
    #expect(apart.state == "23505" && answered == [0, 2])
    #expect(try connection.execute("SELECT sum(a) FROM stopped").integer(0, 0) == 3)
    // a transaction among them is left to whoever opened it
    let open = try failure {
      try connection.execute(together: [
        .init("BEGIN"), .init(insert, [.integer(3)]), .init("SELECT 1/0"), .init("COMMIT"),
      ])
    }
    #expect(open.state == "22012" && connection.isInTransaction)
    connection.rollback()
    #expect(try connection.execute("SELECT FROM stopped").count == 2)
    // a text that cannot be parsed is not remembered
    let wrong: StaticString = "SELECT gone FROM stopped"
    #expect(try failure { try connection.execute(together: [.init(wrong)]) }.state == "42703")
    try connection.execute("ALTER TABLE stopped ADD gone int")
    try connection.execute(together: [.init(wrong)]) { _, rows in answered.append(rows.count) }
    #expect(answered.last == 2)
  }

  @Test func aConnectionLostAmongSeveralIsTransient() throws {
    let connection = try PrivateCluster.connect()
    let pid = try connection.execute("SELECT pg_backend_pid()").integer(0, 0) ?? 0
    let during = try failure {
      try connection.execute(together: [
        .init("SELECT 1"), .init("SELECT pg_terminate_backend($1::int)", [.integer(pid)]), .init("SELECT pg_sleep(20)"),
      ])
    }
    guard case .connectionLost = during else { throw during }
    #expect(during.isTransient && !connection.isUsable)
    let after = try failure { try connection.execute(together: [.init("SELECT 1")]) }
    guard case .connectionLost = after else { throw after }
  }

  // MARK: transactions

  @Test func aTransactionIsAllOrNothing() throws {
    struct Stop: Error {}
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TABLE kept (a int)")
    let answer = try connection.transaction {
      try connection.execute("INSERT INTO kept VALUES (1)")
      return 42
    }
    #expect(answer == 42)
    #expect(throws: Stop.self) {
      try connection.transaction {
        try connection.execute("INSERT INTO kept VALUES (2)")
        throw Stop()
      }
    }
    #expect(!connection.isInTransaction)
    // a failure that the body keeps to itself does not end as a silent rollback
    let swallowed = try failure {
      try connection.transaction {
        try connection.execute("INSERT INTO kept VALUES (3)")
        _ = try? connection.execute("SELECT 1/0")
      }
    }
    #expect(swallowed.state == "25P02")
    #expect(try connection.execute("SELECT sum(a) FROM kept").integer(0, 0) == 1)
  }

  @Test func aConnectionLostInATransactionIsTransient() throws {
    let connection = try PrivateCluster.connect()
    let other = try PrivateCluster.connect()
    try connection.begin()
    let pid = try connection.execute("SELECT pg_backend_pid()").integer(0, 0) ?? 0
    try other.execute("SELECT pg_terminate_backend($1::int, 5000)", [.integer(pid)])
    let failure = try failure { try connection.execute("SELECT 1") }
    guard case .connectionLost = failure else { throw failure }
    #expect(failure.isTransient)
    #expect(!connection.isUsable)
    // COMMIT was never sent: this is no unknown outcome
    #expect(try PostgresTests.failure { try connection.commit() } == .connectionLost(nil))
  }

  @Test func theServerEndsATransactionThatSleeps() throws {
    let connection = try PrivateCluster.connect("options='-c idle_in_transaction_session_timeout=50ms'")
    try connection.begin()
    usleep(300_000)
    let failure = try failure { try connection.execute("SELECT 1") }
    guard case .connectionLost = failure else { throw failure }
    #expect(failure.isTransient)
  }

  @Test func aConnectionLostAtCommitIsAnUnknownOutcome() throws {
    let connection = try PrivateCluster.connect()
    let other = try PrivateCluster.connect()
    try connection.begin()
    let pid = try connection.execute("SELECT pg_backend_pid()").integer(0, 0) ?? 0
    try other.execute("SELECT pg_terminate_backend($1::int, 5000)", [.integer(pid)])
    #expect(try failure { try connection.commit() } == .unknownOutcome)
  }

  @Test func aDeferredConstraintRefusesTheCommit() throws {
    let connection = try PrivateCluster.connect()
    try connection.execute(
      "CREATE TABLE late (a int CONSTRAINT late_key UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    let failure = try failure {
      _ = try connection.transaction {
        try connection.execute("INSERT INTO late VALUES (1), (1)")
      }
    }
    #expect(failure.state == "23505")
    #expect(failure.constraint == "late_key")
    #expect(connection.isUsable && !connection.isInTransaction)
  }

  @Test func twoThatWaitForEachOtherAreTransient() async throws {
    let setup = try PrivateCluster.connect()
    try setup.execute("CREATE TABLE crossed (a int PRIMARY KEY)")
    try setup.execute("INSERT INTO crossed VALUES (1), (2)")
    let conninfo = try #require(PrivateCluster.current).conninfo
    func run(_ first: Int64, _ second: Int64) async throws -> ServerFailure? {
      try await onThread {
        let connection = try Connection(conninfo, applicationName: "tests")
        try connection.begin()
        try connection.execute("UPDATE crossed SET a = a WHERE a = $1", [.integer(first)])
        usleep(300_000)
        do throws(ServerFailure) {
          try connection.execute("UPDATE crossed SET a = a WHERE a = $1", [.integer(second)])
          try connection.commit()
          return nil
        } catch {
          connection.rollback()
          return error
        }
      }
    }
    async let one = run(1, 2)
    async let two = run(2, 1)
    let failures = try await [one, two].compactMap { $0 }
    #expect(failures.map(\.state) == ["40P01"])
    #expect(failures.map(\.isTransient) == [true])
  }

  // MARK: COPY

  @Test func copiesAMillionRows() throws {
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE many (a bigint, b text)")
    var buffer = OutputBuffer(capacity: 1 << 20)
    let rows = try connection.copyIn("COPY many FROM STDIN") { writer in
      for number in 0..<1_000_000 {
        buffer.append(String(number))
        buffer.append("\tThuốc\n")
        if buffer.count > 700_000 {
          try writer.write(buffer.bytes.span)
          buffer.removeAll()
        }
      }
      try writer.write(buffer.bytes.span)
    }
    #expect(rows == 1_000_000)
    let found = try connection.execute("SELECT count(*), sum(a), min(b), max(b) FROM many")
    #expect(found.integer(0, 0) == 1_000_000)
    #expect(found.integer(0, 1) == 499_999_500_000)
    #expect(found.text(0, 2) == "Thuốc")
    #expect(found.text(0, 3) == "Thuốc")
  }

  @Test func copiesBinaryCutAnywhere() throws {
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE small (a bigint)")
    var buffer = OutputBuffer()
    buffer.append("PGCOPY\n")
    for byte: UInt8 in [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0] { buffer.append(byte) }
    for value: Int64 in [-1, 7] {
      buffer.append(bigEndian: Int16(1))
      buffer.append(bigEndian: Int32(8))
      buffer.append(bigEndian: value)
    }
    buffer.append(bigEndian: Int16(-1))
    var writer = try connection.startCopy("COPY small FROM STDIN (FORMAT binary)")
    for byte in buffer.bytes { try writer.write([byte].span) }
    #expect(try writer.finish() == 2)
    #expect(try connection.execute("SELECT sum(a) FROM small").integer(0, 0) == 6)
  }

  /// The server refuses a row at the start, while most of the data is still to be sent; then one at the end.
  @Test(arguments: [1, 200_000]) func aBadRowLeavesTheConnectionUsable(badRow: Int) throws {
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE numbers (a int CONSTRAINT positive CHECK (a > 0))")
    let failure = try failure {
      try connection.copyIn("COPY numbers FROM STDIN") { writer in
        var buffer = OutputBuffer()
        for number in 1...200_000 { buffer.append(number == badRow ? "-5\n" : "\(number)\n") }
        for _ in 1...20 {
          try writer.write(buffer.bytes.span)
        }
      }
    }
    #expect(failure.state == "23514")
    #expect(failure.constraint == "positive")
    #expect(try connection.execute("SELECT count(*) FROM numbers").integer(0, 0) == 0)
    #expect(try connection.copyIn("COPY numbers FROM STDIN") { try $0.write(Array("1\n2\n".utf8).span) } == 2)
  }

  @Test func severalCopiesGoInOneMessage() throws {
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE first (a int)")
    try connection.execute("CREATE TEMP TABLE second (a int CONSTRAINT positive CHECK (a > 0))")
    let copies = ["first", "second", "first"].map { "COPY \($0) FROM STDIN" }
    func write(_ pieces: [String]) throws -> [Int] {
      var writer = try connection.startCopies(copies)
      var rows: [Int] = []
      for (number, piece) in pieces.enumerated() {
        if number > 0 { rows.append(try writer.next()) }
        try writer.write(Array(piece.utf8).span)
      }
      if pieces.count == copies.count { rows.append(try writer.finish()) }
      return rows
    }
    #expect(try write(["1\n2\n", "3\n", ""]) == [2, 1, 0])
    let sums = "SELECT (SELECT sum(a) FROM first), (SELECT sum(a) FROM second)"
    #expect(try connection.executeGenerated(sums).integer(0, 0) == 3)
    // refused in the middle: nothing of the whole message stays, and the connection is of use
    let failure = try failure { _ = try write(["5\n", "-1\n", "7\n"]) }
    #expect(failure.state == "23514")
    #expect(try connection.executeGenerated(sums).integer(0, 0) == 3)
    // given up behind the first
    #expect(try write(["5\n", "9\n"]) == [1])
    #expect(try connection.executeGenerated(sums).integer(0, 0) == 3)
    #expect(try connection.executeGenerated(sums).integer(0, 1) == 3)
  }

  @Test func aThrowingBodyGivesTheCopyUp() throws {
    struct Stop: Error {}
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE none (a int)")
    #expect(throws: Stop.self) {
      try connection.copyIn("COPY none FROM STDIN") { writer in
        try writer.write(Array("1\n2\n".utf8).span)
        throw Stop()
      }
    }
    #expect(try connection.execute("SELECT count(*) FROM none").integer(0, 0) == 0)
    #expect(try failure { try connection.copyIn("COPY no_such_table FROM STDIN") { _ in } }.state == "42P01")
    #expect(try connection.copyIn("COPY none FROM STDIN") { _ in } == 0)
  }

  @Test func aConnectionLostInACopyIsTransient() throws {
    let connection = try PrivateCluster.connect()
    let other = try PrivateCluster.connect()
    try connection.execute("CREATE TEMP TABLE cut (a text)")
    let pid = try connection.execute("SELECT pg_backend_pid()").integer(0, 0) ?? 0
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    let failure = try failure {
      try connection.copyIn("COPY cut FROM STDIN") { writer in
        try writer.write(piece.span)
        try other.execute("SELECT pg_terminate_backend($1::int, 5000)", [.integer(pid)])
        for _ in 0..<50 { try writer.write(piece.span) }
      }
    }
    guard case .connectionLost = failure else { throw failure }
    #expect(failure.isTransient)
  }
}

@Suite(.serialized, .privateCluster) struct ServerStopTests {
  @Test func aServerThatDiesInATransactionIsTransient() throws {
    let cluster = try #require(PrivateCluster.current)
    let connection = try PrivateCluster.connect()
    try connection.execute("CREATE TABLE survives (a int)")
    try connection.transaction { try connection.execute("INSERT INTO survives VALUES (1)") }
    try connection.begin()
    try connection.execute("INSERT INTO survives VALUES (2)")
    #expect(try cluster.stop(.immediate))
    let lost = try failure { try connection.execute("INSERT INTO survives VALUES (3)") }
    guard case .connectionLost = lost else { throw lost }
    #expect(lost.isTransient)
    let gone = try failure { _ = try PrivateCluster.connect() }
    #expect(gone.isTransient)

    #expect(try cluster.start() == .started)
    #expect(try PrivateCluster.connect().execute("SELECT sum(a) FROM survives").integer(0, 0) == 1)
  }
}
