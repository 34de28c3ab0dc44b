/// A five-character SQLSTATE, as the PostgreSQL manual lists them in appendix A.
package struct SQLState: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
  package let code: String

  package init(stringLiteral code: String) { self.code = code }

  /// Takes exactly five capital letters and digits, so that nothing else can pass for a code.
  init?(_ code: String) {
    guard code.utf8.count == 5,
      code.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
    else { return nil }
    self.code = code
  }

  package var description: String { code }

  /// The name of the condition, for the codes a loader meets; nil for the others.
  package var name: String? {
    switch code {
    case "08000": "connection_exception"
    case "08006": "connection_failure"
    case "08P01": "protocol_violation"
    case "0A000": "feature_not_supported"
    case "22001": "string_data_right_truncation"
    case "22003": "numeric_value_out_of_range"
    case "22007": "invalid_datetime_format"
    case "22008": "datetime_field_overflow"
    case "22021": "character_not_in_repertoire"
    case "22023": "invalid_parameter_value"
    case "22P02": "invalid_text_representation"
    case "22P03": "invalid_binary_representation"
    case "22P04": "bad_copy_file_format"
    case "22P05": "untranslatable_character"
    case "23502": "not_null_violation"
    case "23503": "foreign_key_violation"
    case "23505": "unique_violation"
    case "23514": "check_violation"
    case "23P01": "exclusion_violation"
    case "25006": "read_only_sql_transaction"
    case "25P02": "in_failed_sql_transaction"
    case "25P03": "idle_in_transaction_session_timeout"
    case "28000": "invalid_authorization_specification"
    case "28P01": "invalid_password"
    case "3D000": "invalid_catalog_name"
    case "3F000": "invalid_schema_name"
    case "40001": "serialization_failure"
    case "40P01": "deadlock_detected"
    case "42501": "insufficient_privilege"
    case "42601": "syntax_error"
    case "42703": "undefined_column"
    case "42704": "undefined_object"
    case "42804": "datatype_mismatch"
    case "42883": "undefined_function"
    case "42P01": "undefined_table"
    case "42P04": "duplicate_database"
    case "42P06": "duplicate_schema"
    case "42P07": "duplicate_table"
    case "42P18": "indeterminate_datatype"
    case "53100": "disk_full"
    case "53200": "out_of_memory"
    case "53300": "too_many_connections"
    case "54000": "program_limit_exceeded"
    case "55P03": "lock_not_available"
    case "57014": "query_canceled"
    case "57P01": "admin_shutdown"
    case "57P02": "crash_shutdown"
    case "57P03": "cannot_connect_now"
    case "58030": "io_error"
    case "XX000": "internal_error"
    case "XX001": "data_corrupted"
    case "XX002": "index_corrupted"
    default: nil
    }
  }

  /// Whether the same work may succeed later without anybody mending anything.
  ///
  /// Class 08 is a connection lost further in (a worker's); 08P01 is how the server calls a malformed message of ours.
  package var isTransient: Bool {
    switch code {
    case "40001", "40P01", "55P03", "57P01", "57P02", "57P03": true
    case "08P01": false
    default: code.hasPrefix("53") || code.hasPrefix("08")
    }
  }
}

/// What the server said when it refused a statement, without a word that could quote a row.
///
/// The primary text, DETAIL, HINT and CONTEXT of a server message quote data; they are never read.
package struct Refusal: Sendable, Hashable {
  package var state: SQLState?
  package var schema: String?
  package var table: String?
  package var column: String?
  package var constraint: String?
  /// Where in the statement's text the trouble is, in characters from 1; the text itself is a constant of ours.
  package var position: Int?

  package init(_ state: SQLState?) { self.state = state }
}

/// Why no connection came about. libpq's own message is not kept: it may quote the connection string.
package enum ConnectTrouble: String, Sendable, Hashable, CaseIterable {
  case settings = "the connection string cannot be read"
  case noSuchHost = "the host name is unknown"
  case refused = "nothing listens there"
  case noSocket = "there is no socket of a server"
  case unreachable = "the network does not reach the host"
  case timeout = "no answer in time"
  case authentication = "the server does not accept the user or the password"
  case noSuchDatabase = "the database does not exist"
  case encryption = "the encrypted connection could not be agreed on"
  case notAccepting = "the server is starting or stopping"
  case tooMany = "the server has no connection to spare"
  case wrongServer = "another account's server answers on the socket"
  case permission = "the socket may not be opened by this account"
  case other = "no connection"

  package var isTransient: Bool {
    switch self {
    case .noSuchHost, .refused, .noSocket, .unreachable, .timeout, .notAccepting, .tooMany, .other: true
    case .settings, .authentication, .noSuchDatabase, .encryption, .wrongServer, .permission: false
    }
  }

  /// What a person does next.
  package var mend: String {
    switch self {
    case .settings: "Write it as `host=… dbname=…` or `postgresql://…`; a service must stand in the service file."
    case .noSuchHost: "Check the host name and the name service."
    case .refused, .noSocket: "Start the server, or check host and port."
    case .unreachable, .timeout: "Check network and firewall, then run again."
    case .authentication: "Check the user, the password file (mode 0600) and the server's pg_hba.conf."
    case .noSuchDatabase: "Create the database, or check its name."
    case .encryption: "Check sslmode, sslrootcert and the server's certificate."
    case .notAccepting, .tooMany, .other: "Run again later."
    case .wrongServer: "Find out whose server it is before anything is sent to it."
    case .permission: "Run as the account that owns the server's socket, or as root."
    }
  }
}

/// What can go wrong between us and the server; safe to print and to log in every form.
package enum ServerFailure: Error, Sendable, Hashable {
  case cannotConnect(ConnectTrouble, SQLState?)
  /// The connection ended during work that was not a COMMIT: nothing of the open transaction remains.
  case connectionLost(SQLState?)
  /// The server answered with an error; the connection goes on.
  case refused(Refusal)
  /// The connection ended while COMMIT was under way. Nobody knows which way it went: reconnect and read the ledger row.
  case unknownOutcome
  case outOfMemory

  /// Whether to try the whole file again, from its start. False for ``unknownOutcome``: there the ledger decides.
  package var isTransient: Bool {
    switch self {
    case .cannotConnect(let trouble, let state): state?.isTransient ?? trouble.isTransient
    case .connectionLost: true
    case .refused(let refusal): refusal.state?.isTransient ?? false
    case .unknownOutcome, .outOfMemory: false
    }
  }

  package var state: SQLState? {
    switch self {
    case .cannotConnect(_, let state), .connectionLost(let state): state
    case .refused(let refusal): refusal.state
    case .unknownOutcome, .outOfMemory: nil
    }
  }

  package var constraint: String? {
    if case .refused(let refusal) = self { refusal.constraint } else { nil }
  }

  /// What a person does next.
  package var mend: String {
    switch self {
    case .cannotConnect(.other, let state?) where !state.isTransient:
      "Check the options of the connection string; connect to the server itself, since a pooler may refuse them."
    case .cannotConnect(let trouble, _): trouble.mend
    case .connectionLost: "Run again; what was not committed is not there."
    case .unknownOutcome: "Run again; the ledger tells whether the file was committed."
    case .outOfMemory: "Give the program more memory."
    case .refused(let refusal):
      switch refusal.state?.code ?? "" {
      case "53100": "Make room on the server's disk, then run again."
      case "42501": "Give the user the right it lacks, or use another user."
      case "25006": "Connect to the primary: this server is a read-only copy."
      case "42P01", "42703", "3F000", "42883": "Bring the schema up to date, then run again."
      case let code where SQLState(code)?.isTransient == true: "Run again later."
      default: "Report it with the code and the names above."
      }
    }
  }
}

extension ServerFailure: CustomStringConvertible, CustomDebugStringConvertible {
  package var description: String {
    func named(_ state: SQLState) -> String {
      state.name.map { "\(state.code) \($0)" } ?? state.code
    }
    switch self {
    case .cannotConnect(let trouble, let state):
      return "cannot connect to the server: \(trouble.rawValue)" + (state.map { " (\(named($0)))" } ?? "")
    case .connectionLost(let state):
      return "the connection to the server was lost" + (state.map { " (\(named($0)))" } ?? "")
    case .unknownOutcome:
      return "the connection was lost during COMMIT; its outcome is unknown"
    case .outOfMemory:
      return "the client library ran out of memory"
    case .refused(let refusal):
      var text = "the server refused a statement: \(refusal.state.map(named) ?? "no code")"
      if let constraint = refusal.constraint { text += ", constraint \(constraint)" }
      if let table = refusal.table {
        text += ", table \(refusal.schema.map { $0 + "." } ?? "")\(table)"
      }
      if let column = refusal.column { text += ", column \(column)" }
      if let position = refusal.position { text += ", at character \(position) of the statement" }
      return text
    }
  }

  package var debugDescription: String { description }
}
