internal import CLibPQ
import Glibc

/// One connection to the server. Its calls block, so it lives on a thread of its own, and it belongs to one thread at a
/// time: it is not `Sendable`. What another thread may do is ``Canceller/cancel()``.
///
/// Session settings, unless the connection string sets them otherwise: connect timeout 10 s, TCP user timeout 30 s,
/// keepalives 30/10/3, client connection check 2 s, lock timeout 30 s, idle-in-transaction timeout 60 s, time zone Asia/Ho_Chi_Minh, ISO dates.
/// `citus.all_modifications_commutative` is on, which plain PostgreSQL takes and ignores; whoever writes reference
/// tables sets it off for that transaction.
@safe
package final class Connection {
  private let raw: OpaquePointer
  /// Stops the statement under way, from any thread.
  package let canceller: Canceller
  private var prepared: [PreparedKey: String] = [:]

  /// A literal is told from others by where it lies and how long it is.
  private struct PreparedKey: Hashable {
    let address: UInt
    let length: Int
  }

  /// Connects. Secrets come by libpq's own means only: password file, service file, certificates.
  ///
  /// - Parameters:
  ///   - conninfo: `key=value` pairs or a `postgresql://` address. Its `options` come after ours, so they win. An
  ///     `options` line of a service file is replaced by ours: libpq does not show it before connecting.
  ///   - applicationName: what `pg_stat_activity` shows, unless the connection string or PGAPPNAME names another.
  package init(_ conninfo: String, applicationName: String) throws(ServerFailure) {
    let settings = try Connection.settings(conninfo, applicationName: applicationName)
    guard let raw = unsafe Connection.open(settings) else { throw .outOfMemory }
    if unsafe PQstatus(raw) != CONNECTION_OK {
      var (trouble, state) = unsafe Connection.trouble(raw)
      if trouble == .other {
        // The server itself refused, in a language of its own choice. Asked again with this verbosity, libpq puts the
        // SQLSTATE in place of the text (it offers no call that reads the code of a failed connection).
        _ = unsafe PQsetErrorVerbosity(raw, PQERRORS_SQLSTATE)
        unsafe PQreset(raw)
        (trouble, state) = unsafe Connection.trouble(raw)
      }
      guard unsafe PQstatus(raw) == CONNECTION_OK else {
        unsafe PQfinish(raw)
        throw .cannotConnect(trouble, state)
      }
    }
    _ = unsafe PQsetNoticeReceiver(raw, { _, _ in }, nil)
    guard let cancel = unsafe PQgetCancel(raw) else {
      unsafe PQfinish(raw)
      throw .outOfMemory
    }
    unsafe self.raw = raw
    canceller = unsafe Canceller(adopting: cancel)
  }

  deinit { unsafe PQfinish(raw) }

  /// False once the connection is lost; it does not come back.
  package var isUsable: Bool { unsafe !isBroken && PQstatus(raw) == CONNECTION_OK }

  /// Set when answers may be under way that nobody asked for any more.
  private var isBroken = false

  /// The server's version as it counts: 150018 is 15.18.
  package var serverVersion: Int { Int(unsafe PQserverVersion(raw)) }

  /// Whether a transaction is open, also one that already failed.
  package var isInTransaction: Bool {
    let status = unsafe PQtransactionStatus(raw)
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
  }

  // MARK: statements

  /// Runs one constant statement.
  ///
  /// - Parameter prepared: parse it once per connection and keep it under a name; worth it from a few dozen runs on.
  @discardableResult
  package func execute(
    _ sql: StaticString, _ parameters: [Parameter] = [], prepared: Bool = false
  ) throws(ServerFailure) -> Rows {
    precondition(sql.hasPointerRepresentation, "a statement is longer than one character")
    let list = try ParameterList(parameters)
    let raw = unsafe self.raw
    let text = unsafe UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self)
    guard prepared else {
      return unsafe try adopt(
        list.withPointers { unsafe PQexecParams(raw, text, $0, nil, $1, $2, $3, 0) })
    }
    let key = unsafe PreparedKey(address: UInt(bitPattern: sql.utf8Start), length: sql.utf8CodeUnitCount)
    let name: String
    if let known = self.prepared[key] {
      name = known
    } else {
      name = "s\(self.prepared.count + 1)"
      _ = unsafe try adopt(PQprepare(raw, name, text, 0, nil))
      self.prepared[key] = name
    }
    return unsafe try adopt(
      list.withPointers { count, values, lengths, formats in
        unsafe PQexecPrepared(raw, name, count, values, lengths, formats, 0)
      })
  }

  /// One constant statement among several that are sent together.
  package struct Statement {
    let sql: StaticString
    let parameters: [Parameter]

    package init(_ sql: StaticString, _ parameters: [Parameter] = []) {
      self.sql = sql
      self.parameters = parameters
    }
  }

  /// Sends statements in one go and then reads their answers: one round trip for all of them. Each is parsed once per connection.
  ///
  /// Behind one that fails nothing more is carried out, and its failure is thrown.
  ///
  /// - Parameters:
  ///   - apart: each is a transaction of its own, with a snapshot of its own; else they share one, which `BEGIN` among them may open for longer.
  ///   - take: gets each statement's number, from 0, and its answer.
  package func execute(
    together statements: [Statement], apart: Bool = false, _ take: (Int, borrowing Rows) -> Void = { _, _ in }
  ) throws(ServerFailure) {
    let lists = try statements.map { (statement) throws(ServerFailure) in try ParameterList(statement.parameters) }
    guard isUsable else { throw .connectionLost(nil) }
    guard unsafe PQenterPipelineMode(raw) == 1 else { throw failureWithoutResult() }
    // what is asked, in order: a statement's number, or a key that is parsed under a name
    var asked: [(number: Int?, key: PreparedKey?, name: String)] = []
    var fresh: [PreparedKey: String] = [:]
    var isSent = true
    for (number, statement) in statements.enumerated() where isSent {
      let sql = statement.sql
      precondition(sql.hasPointerRepresentation, "a statement is longer than one character")
      let text = unsafe UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self)
      let key = unsafe PreparedKey(address: UInt(bitPattern: sql.utf8Start), length: sql.utf8CodeUnitCount)
      let name: String
      if let known = prepared[key] ?? fresh[key] {
        name = known
      } else {
        name = "s\(prepared.count + fresh.count + 1)"
        isSent = unsafe PQsendPrepare(raw, name, text, 0, nil) == 1
        fresh[key] = name
        asked.append((nil, key, name))
      }
      isSent =
        unsafe isSent
        && lists[number].withPointers { count, values, lengths, formats in
          unsafe PQsendQueryPrepared(raw, name, count, values, lengths, formats, 0) == 1
        }
      asked.append((number, nil, name))
      if apart { isSent = unsafe isSent && PQpipelineSync(raw) == 1 }
    }
    if !apart { isSent = unsafe isSent && PQpipelineSync(raw) == 1 }
    guard isSent else {
      // what went out cannot be taken back, and its answers would be taken for others'
      isBroken = true
      throw .connectionLost(nil)
    }
    var failure: ServerFailure?
    var at = 0
    var syncs = apart ? statements.count : 1
    var wasNull = false
    // an answer is a result and a null; a sync is a result alone
    while syncs > 0 {
      guard let result = unsafe PQgetResult(raw) else {
        // two in a row: nothing more will come
        if wasNull || !isUsable {
          isBroken = true
          throw .connectionLost(failure?.state)
        }
        wasNull = true
        continue
      }
      wasNull = false
      if unsafe PQresultStatus(result) == PGRES_PIPELINE_SYNC {
        unsafe PQclear(result)
        syncs -= 1
        continue
      }
      if let found = unsafe self.failure(in: result) {
        unsafe PQclear(result)
        failure = failure ?? found
        if !isUsable { break }
      } else if at < asked.count {
        let rows = unsafe Rows(adopting: result)
        if let key = asked[at].key { prepared[key] = asked[at].name }
        if let number = asked[at].number { take(number, rows) }
      } else {
        unsafe PQclear(result)
      }
      at += 1
    }
    if isUsable { unsafe PQexitPipelineMode(raw) }
    // the server may say goodbye before the connection ends
    if let failure { throw isUsable ? failure : .connectionLost(failure.state) }
  }

  /// Runs one statement whose text was made from our definitions.
  ///
  /// Tables, columns and partitions cannot be parameters, so statements about them are composed: from names that the
  /// reviewed files of `Schemas/` declare and that were checked to be plain identifiers, and from nothing else. A value
  /// never enters the text; it is a parameter.
  @discardableResult
  package func executeGenerated(_ sql: String, _ parameters: [Parameter] = []) throws(ServerFailure) -> Rows {
    guard !sql.utf8.contains(0) else { throw .refused(Refusal("22021")) }
    let list = try ParameterList(parameters)
    let raw = unsafe self.raw
    return unsafe try adopt(
      list.withPointers { count, values, lengths, formats in
        unsafe PQexecParams(raw, sql, count, nil, values, lengths, formats, 0)
      })
  }

  /// Runs the statements of a reviewed file (a migration), each in a message of its own.
  package func executeScript(_ script: String) throws(ServerFailure) {
    for statement in SQLScript.statements(in: script) { try executeGenerated(statement) }
  }

  // MARK: transactions

  package func begin() throws(ServerFailure) {
    precondition(!isInTransaction, "a transaction is open already")
    try execute("BEGIN")
  }

  /// - Throws: ``ServerFailure/unknownOutcome`` when the connection ends before the answer. Everything else thrown here
  ///   means that nothing was committed.
  package func commit() throws(ServerFailure) {
    guard isUsable else { throw .connectionLost(nil) }
    let tag: String
    do throws(ServerFailure) {
      tag = try execute("COMMIT").tag
    } catch {
      throw isUsable ? error : .unknownOutcome
    }
    // A transaction in which a statement failed answers COMMIT with ROLLBACK, and calls that success.
    guard tag == "COMMIT" else { throw .refused(Refusal("25P02")) }
  }

  /// Ends the open transaction, if there is one; on a lost connection the server has done so itself.
  package func rollback() {
    guard isUsable, isInTransaction else { return }
    _ = try? execute("ROLLBACK")
  }

  /// Runs `body` inside a transaction: COMMIT when it returns, ROLLBACK when it throws.
  ///
  /// - Throws: what `body` threw, or a ``ServerFailure`` of BEGIN or COMMIT (see ``commit()``).
  @discardableResult
  package func transaction<R: ~Copyable>(_ body: () throws -> R) throws -> R {
    try begin()
    do {
      let result = try body()
      try commit()
      return result
    } catch {
      rollback()
      throw error
    }
  }

  // MARK: COPY

  /// Starts `COPY … FROM STDIN`; the text is generated like that of ``executeGenerated(_:_:)``.
  package func startCopy(_ sql: String) throws(ServerFailure) -> CopyWriter {
    guard !sql.utf8.contains(0) else { throw .refused(Refusal("22021")) }
    guard let result = unsafe PQexec(raw, sql) else { throw failureWithoutResult() }
    if let failure = unsafe failure(in: result) {
      unsafe PQclear(result)
      throw failure
    }
    precondition(unsafe PQresultStatus(result) == PGRES_COPY_IN, "this statement is no COPY … FROM STDIN")
    unsafe PQclear(result)
    return CopyWriter(self)
  }

  /// Starts several `COPY … FROM STDIN`, one behind the other and all in one message: ``CopyWriter/next()`` goes from each to the one behind it.
  package func startCopies(_ sql: [String]) throws(ServerFailure) -> CopyWriter {
    try startCopy(sql.joined(separator: ";\n"))
  }

  /// Ends the COPY under way and begins the one behind it.
  ///
  /// - Returns: how many rows the server took.
  func nextCopy() throws(ServerFailure) -> Int {
    guard unsafe PQputCopyEnd(raw, nil) == 1 else { throw endCopy(giveUp: true).failure ?? failureWithoutResult() }
    var rows = 0
    var found: ServerFailure?
    while let result = unsafe PQgetResult(raw) {
      let begins = unsafe PQresultStatus(result) == PGRES_COPY_IN
      if let failure = unsafe failure(in: result), found?.state == nil { found = failure }
      rows += unsafe Rows(adopting: result).affected
      if begins, found == nil { return rows }
      if !isUsable { break }
    }
    throw found ?? failureWithoutResult()
  }

  /// Copies what `body` writes and returns the number of rows; when `body` throws, the COPY is given up.
  @discardableResult
  package func copyIn(_ sql: String, _ body: (inout CopyWriter) throws -> Void) throws -> Int {
    var writer = try startCopy(sql)
    try body(&writer)  // a throw ends the writer's life, and that ends the COPY
    return try writer.finish()
  }

  /// Sends bytes of the COPY under way.
  func putCopyData(_ bytes: Span<UInt8>) throws(ServerFailure) {
    let raw = unsafe self.raw
    let sent = unsafe bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = min(bytes.count - offset, CopyWriter.largestPiece)
        guard let start = unsafe bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self),
          unsafe PQputCopyData(raw, start, CInt(count)) == 1
        else { return false }
        offset += count
      }
      return true
    }
    if !sent { throw endCopy(giveUp: true).failure ?? failureWithoutResult() }
  }

  /// Ends the COPY under way, reads all its results and leaves the connection ready (or lost).
  func endCopy(giveUp: Bool) -> (rows: Int, failure: ServerFailure?) {
    var rows = 0
    var failure: ServerFailure?
    if unsafe PQputCopyEnd(raw, giveUp ? "given up by the client" : nil) != 1 { failure = failureWithoutResult() }
    // A result of status COPY_IN would come again and again; it means that the end could not be sent.
    while let result = unsafe PQgetResult(raw) {
      let isOpenStill = unsafe PQresultStatus(result) == PGRES_COPY_IN
      if let found = unsafe self.failure(in: result), failure?.state == nil { failure = found }
      rows += unsafe Rows(adopting: result).affected
      if isOpenStill { break }
    }
    return (rows, failure)
  }

  // MARK: reading failures

  private func adopt(_ result: OpaquePointer?) throws(ServerFailure) -> Rows {
    guard let result = unsafe result else { throw failureWithoutResult() }
    if let failure = unsafe failure(in: result) {
      unsafe PQclear(result)
      throw failure
    }
    let status = unsafe PQresultStatus(result)
    precondition(status != PGRES_COPY_IN && status != PGRES_COPY_OUT, "COPY is started by startCopy")
    return unsafe Rows(adopting: result)
  }

  private func failureWithoutResult() -> ServerFailure {
    isUsable ? .outOfMemory : .connectionLost(nil)
  }

  private func failure(in result: OpaquePointer) -> ServerFailure? {
    switch unsafe PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_COPY_IN, PGRES_COPY_OUT: return nil
    default: break
    }
    func field(_ code: Unicode.Scalar) -> String? {
      guard let text = unsafe PQresultErrorField(result, CInt(code.value)) else { return nil }
      return unsafe String(cString: text)
    }
    // The letters are PG_DIAG_… of postgres_ext.h, which Swift does not import. M, D, H and W quote data: never here.
    let state = field("C").flatMap { SQLState($0) }
    guard isUsable else { return .connectionLost(state) }
    var refusal = Refusal(state)
    refusal.schema = field("s")
    refusal.table = field("t")
    refusal.column = field("c")
    refusal.constraint = field("n")
    refusal.position = field("P").flatMap { Int($0) }
    return .refused(refusal)
  }

  /// Tells from libpq's message, which nobody else gets to see, why there is no connection.
  private static func trouble(_ raw: OpaquePointer) -> (ConnectTrouble, SQLState?) {
    if unsafe PQconnectionNeedsPassword(raw) != 0 { return (.authentication, nil) }
    guard let text = unsafe PQerrorMessage(raw) else { return (.other, nil) }
    return unsafe ConnectTrouble.read(String(cString: text))
  }

  // MARK: settings

  /// Keywords and values in libpq's order: what stands before `dbname` yields to the connection string, what stands
  /// behind it does not.
  static func settings(_ conninfo: String, applicationName: String) throws(ServerFailure) -> [(String, String)] {
    let own = try ownOptions(conninfo)
    let options = [
      "lock_timeout=30s", "idle_in_transaction_session_timeout=60s", "TimeZone=Asia/Ho_Chi_Minh", "DateStyle=ISO,YMD",
      "bytea_output=hex", "standard_conforming_strings=on", "citus.all_modifications_commutative=on",
      "client_min_messages=error",
      // the server notices within two seconds that a process is gone, and gives its locks back
      "client_connection_check_interval=2s",
    ]
    return [
      ("connect_timeout", "10"), ("tcp_user_timeout", "30000"), ("keepalives", "1"), ("keepalives_idle", "30"),
      ("keepalives_interval", "10"), ("keepalives_count", "3"), ("fallback_application_name", applicationName),
      ("dbname", conninfo), ("client_encoding", "UTF8"),
      ("options", (options.map { "-c \($0)" } + (own.map { [$0] } ?? [])).joined(separator: " ")),
    ]
  }

  /// The `options` of the connection string, else those of the environment.
  private static func ownOptions(_ conninfo: String) throws(ServerFailure) -> String? {
    var message: UnsafeMutablePointer<CChar>?
    guard !conninfo.utf8.contains(0), let list = unsafe PQconninfoParse(conninfo, &message) else {
      unsafe PQfreemem(message)
      throw .cannotConnect(.settings, nil)
    }
    defer { unsafe PQconninfoFree(list) }
    var entry = unsafe list
    while let keyword = unsafe entry.pointee.keyword {
      if unsafe strcmp(keyword, "options") == 0, let value = unsafe entry.pointee.val {
        return unsafe String(cString: value)
      }
      unsafe entry += 1
    }
    return unsafe getenv("PGOPTIONS").map { unsafe String(cString: $0) }
  }

  private static func open(_ settings: [(String, String)]) -> OpaquePointer? {
    var keywords: [UnsafePointer<CChar>?] = unsafe settings.map { unsafe UnsafePointer(strdup($0.0)) }
    var values: [UnsafePointer<CChar>?] = unsafe settings.map { unsafe UnsafePointer(strdup($0.1)) }
    unsafe keywords.append(nil)
    unsafe values.append(nil)
    let raw = unsafe PQconnectdbParams(keywords, values, 1)
    unsafe (keywords + values).forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) }
    return unsafe raw
  }
}

extension ConnectTrouble {
  /// Classifies a message of libpq (15–18; the program sets no locale, so its words are English).
  static func read(_ message: String) -> (ConnectTrouble, SQLState?) {
    // `FATAL:  28P01` is what the verbosity «SQLSTATE» leaves of the server's answer.
    for line in message.split(separator: "\n").reversed() {
      guard let colon = line.utf8.lastIndex(of: UInt8(ascii: ":")) else { continue }
      let last = line[line.index(after: colon)...].drop { $0 == " " }
      guard let state = SQLState(String(last)) else { continue }
      switch state.code {
      case "28000", "28P01": return (.authentication, state)
      case "3D000": return (.noSuchDatabase, state)
      case "57P01", "57P02", "57P03": return (.notAccepting, state)
      case "53300": return (.tooMany, state)
      case "42501": return (.authentication, state)
      default: return (.other, state)
      }
    }
    let signs: [(String, ConnectTrouble)] = [
      ("requirepeer specifies", .wrongServer), ("could not translate host name", .noSuchHost),
      ("timeout expired", .timeout), ("Connection timed out", .timeout), ("Connection refused", .refused),
      ("No such file or directory\n\tIs the server running", .noSocket), ("No route to host", .unreachable),
      ("Network is unreachable", .unreachable), ("Permission denied", .permission), ("SSL error", .encryption),
      ("certificate", .encryption), ("server does not support SSL", .encryption),
      ("no password supplied", .authentication), ("authentication method requirement", .authentication),
      ("definition of service", .settings), ("service file", .settings), ("invalid port number", .settings),
      ("invalid integer value", .settings), ("invalid sslmode value", .settings),
      ("value: \"", .settings), ("could not match", .settings),
    ]
    for (sign, trouble) in signs where contains(message, sign) { return (trouble, nil) }
    return (.other, nil)
  }

  private static func contains(_ text: String, _ part: String) -> Bool {
    let (text, part) = (Array(text.utf8), Array(part.utf8))
    guard text.count >= part.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}

/// Asks the server to stop what a connection is doing; usable from every thread while the connection works.
///
/// `@unchecked`: libpq never writes to the cancel object after making it and says that PQcancel may run on any thread.
@safe
package final class Canceller: @unchecked Sendable {
  private let raw: OpaquePointer

  init(adopting raw: OpaquePointer) { unsafe self.raw = raw }

  deinit { unsafe PQfreeCancel(raw) }

  /// True when the request was delivered; whether it came in time shows in the statement: SQLSTATE 57014 if it did.
  @discardableResult
  package func cancel() -> Bool {
    var message = [CChar](repeating: 0, count: 256)
    return unsafe PQcancel(raw, &message, CInt(message.count)) == 1
  }
}
