internal import Failpoints

/// A step of the schema, as it stands in `Schemas/warehouse/NNNN-name.sql`. Once released it is never edited.
package struct Migration: Sendable, Hashable {
  package var number: Int
  package var name: String
  package var text: String
  /// SHA-256 of the file's bytes.
  package var sha256: [UInt8]

  package init(number: Int, name: String, text: String, sha256: [UInt8]) {
    precondition(sha256.count == 32, "a SHA-256 has 32 bytes")
    (self.number, self.name, self.text, self.sha256) = (number, name, text, sha256)
  }
}

package enum MigrationFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// Two files have one number, or a number is not above 0.
  case numbering(Int)
  /// A file holds BEGIN, COMMIT or the like; each migration is one transaction already.
  case transactionControl(number: Int, statement: Int)
  /// The file differs from what was applied under its number.
  case edited(number: Int, name: String)
  /// The database has a migration that this program does not know.
  case unknown(number: Int)
  /// A file with a number below the newest applied one was never applied.
  case skipped(number: Int, name: String)
  case version(ServerCheck)
  /// `statement` counts from 1 within the file; nil for statements that are not of a file.
  case server(ServerFailure, number: Int?, statement: Int?)

  package var isTransient: Bool {
    if case .server(let failure, _, _) = self { failure.isTransient } else { false }
  }

  package var description: String {
    switch self {
    case .numbering(let number): "migration \(number): numbers are unique and above 0"
    case .transactionControl(let number, let statement):
      "migration \(number), statement \(statement): a migration neither opens nor ends a transaction"
    case .edited(let number, let name): "migration \(number) (\(name)) was edited after release"
    case .unknown(let number): "the database has migration \(number), which this program does not know"
    case .skipped(let number, let name): "migration \(number) (\(name)) comes before one that is applied already"
    case .version(let check): "the server's version is \(check.found)"
    case .server(let failure, let number?, let statement?): "migration \(number), statement \(statement): \(failure)"
    case .server(let failure, _, _): "migrations: \(failure)"
    }
  }

  /// What a person does next.
  package var mend: String {
    switch self {
    case .numbering, .skipped: "Give the file a number above all others."
    case .transactionControl: "Take the statement out of the file."
    case .edited: "Restore the file as released, and put the change into a new one."
    case .unknown: "Use the newest release of the program with this database."
    case .version(let check): check.mend ?? "Use PostgreSQL 15, 16 or 17."
    case .server(let failure, _, _): failure.mend
    }
  }
}

/// Brings a database's schema up to date: forward only, each migration in a transaction of its own.
///
/// What was applied stands in `intake.migration`. The schema `intake` is made here, so a file that makes it too says
/// `CREATE SCHEMA IF NOT EXISTS`.
package struct Migrations: Sendable {
  /// In the order of their numbers.
  package let files: [Migration]

  /// The session's advisory lock that keeps two migrators apart: the bytes of "songhan" as a number.
  static let lockKey: Int64 = 0x736F_6E67_6861_6E

  package enum State: Sendable, Hashable {
    case applied
    case pending
    /// In the database with another hash than the file's.
    case edited
    /// In the database only: the program is older than the schema, or the file was lost.
    case unknown
  }

  package struct Status: Sendable, Hashable {
    package var number: Int
    package var name: String
    package var state: State
  }

  package init(_ files: [Migration]) throws(MigrationFailure) {
    self.files = files.sorted { $0.number < $1.number }
    var last = 0
    for file in self.files {
      guard file.number > last else { throw .numbering(file.number) }
      last = file.number
    }
  }

  /// Compares database and files; changes nothing. In the order of the numbers.
  package func status(on connection: Connection) throws(MigrationFailure) -> [Status] {
    let applied = try read(connection)
    var result: [Status] = files.map { file in
      let state: State =
        switch applied[file.number] {
        case nil: .pending
        case let entry? where entry.sha256 == file.sha256: .applied
        case _?: .edited
        }
      return Status(number: file.number, name: file.name, state: state)
    }
    let known = Set(files.map(\.number))
    for (number, entry) in applied where !known.contains(number) {
      result.append(Status(number: number, name: entry.name, state: .unknown))
    }
    return result.sorted { $0.number < $1.number }
  }

  /// Applies what is pending and returns it; an empty answer means that the database was up to date.
  ///
  /// A second migrator waits until the first has finished, at most the connection's lock timeout. After a failure the
  /// migrations before the failed one stay applied, and of that one nothing remains.
  package func apply(on connection: Connection) throws(MigrationFailure) -> [Status] {
    let version = ServerCheck.version(String(connection.serverVersion))
    guard version.ok else { throw .version(version) }
    let statements = try self.statements()
    try step { () throws(ServerFailure) in
      try connection.execute("SELECT pg_advisory_lock($1)", [.integer(Migrations.lockKey)])
    }
    defer { _ = try? connection.execute("SELECT pg_advisory_unlock($1)", [.integer(Migrations.lockKey)]) }
    try step { () throws(ServerFailure) in
      try connection.execute("CREATE SCHEMA IF NOT EXISTS intake")
      try connection.execute(
        """
        CREATE TABLE IF NOT EXISTS intake.migration (
          number integer NOT NULL CONSTRAINT migration_pkey PRIMARY KEY,
          name text NOT NULL,
          sha256 bytea NOT NULL CONSTRAINT migration_sha256_length CHECK (octet_length(sha256) = 32),
          applied_at timestamptz NOT NULL DEFAULT now()
        )
        """)
    }
    failpoint("migrations.ready")
    let pending = try self.pending(connection)
    for file in files where pending.contains(file.number) { try apply(file, statements[file.number] ?? [], connection) }
    return files.filter { pending.contains($0.number) }.map {
      Status(number: $0.number, name: $0.name, state: .applied)
    }
  }

  private func apply(_ file: Migration, _ statements: [String], _ connection: Connection) throws(MigrationFailure) {
    var current: Int?
    do throws(ServerFailure) {
      try connection.begin()
      for (index, statement) in statements.enumerated() {
        current = index + 1
        try connection.executeGenerated(statement)
        failpoint("migrations.statement")
      }
      current = nil
      try connection.execute(
        "INSERT INTO intake.migration (number, name, sha256) VALUES ($1, $2, $3)",
        [.integer(Int64(file.number)), .text(file.name), .bytes(file.sha256)])
      failpoint("migrations.before-commit")
      try connection.commit()
      failpoint("migrations.committed")
    } catch {
      connection.rollback()
      throw .server(error, number: file.number, statement: current)
    }
  }

  /// The numbers still to be applied, when files and database fit together.
  private func pending(_ connection: Connection) throws(MigrationFailure) -> Set<Int> {
    let status = try status(on: connection)
    let newest = status.last { $0.state != .pending }?.number ?? 0
    for entry in status {
      switch entry.state {
      case .edited: throw .edited(number: entry.number, name: entry.name)
      case .unknown: throw .unknown(number: entry.number)
      case .pending where entry.number < newest: throw .skipped(number: entry.number, name: entry.name)
      case .pending, .applied: break
      }
    }
    return Set(status.lazy.filter { $0.state == .pending }.map(\.number))
  }

  private func read(
    _ connection: Connection
  ) throws(MigrationFailure) -> [Int: (name: String, sha256: [UInt8])] {
    try step { () throws(ServerFailure) in
      guard try connection.execute("SELECT to_regclass('intake.migration') IS NOT NULL").flag(0, 0) == true else {
        return [:]
      }
      let rows = try connection.execute("SELECT number, name, sha256 FROM intake.migration ORDER BY number")
      var result: [Int: (name: String, sha256: [UInt8])] = [:]
      for row in 0..<rows.count {
        guard let number = rows.integer(row, 0), let name = rows.text(row, 1), let hash = rows.bytes(row, 2) else {
          continue  // the columns are NOT NULL
        }
        result[Int(number)] = (name, hash)
      }
      return result
    }
  }

  /// The statements of every file, none of which may open or end a transaction.
  private func statements() throws(MigrationFailure) -> [Int: [String]] {
    let forbidden: Set<String> = [
      "begin", "start", "commit", "end", "rollback", "abort", "prepare", "savepoint", "release",
    ]
    var result: [Int: [String]] = [:]
    for file in files {
      let statements = SQLScript.statements(in: file.text)
      for (index, statement) in statements.enumerated() {
        let word = statement.prefix { $0.isASCII && $0.isLetter }.lowercased()
        if forbidden.contains(word) { throw .transactionControl(number: file.number, statement: index + 1) }
      }
      result[file.number] = statements
    }
    return result
  }

  private func step<R>(_ body: () throws(ServerFailure) -> R) throws(MigrationFailure) -> R {
    do throws(ServerFailure) {
      return try body()
    } catch {
      throw .server(error, number: nil, statement: nil)
    }
  }
}
