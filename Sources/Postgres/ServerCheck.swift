/// One setting of the server that a load relies on, as it was found.
package struct ServerCheck: Sendable, Hashable {
  package var name: String
  package var ok: Bool
  /// The server's own words for the setting (`on`, `150018`).
  package var found: String
  /// What to do about it; for a setting that is good enough, what to know about it; else nil.
  package var mend: String?

  /// Oldest and newest major version that SongHan is tried on.
  package static let supportedVersions = 15...17

  /// Reads the settings. A start with one that is not `ok` ends with exit code 78.
  package static func run(on connection: Connection) throws(ServerFailure) -> [ServerCheck] {
    let rows = try connection.execute(
      """
      SELECT current_setting('server_version_num'), current_setting('server_encoding'), current_setting('fsync'),
        current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('data_checksums'),
        current_setting('transaction_read_only')
      """)
    func found(_ column: Int) -> String { rows.text(0, column) ?? "" }
    var checks = [version(found(0)), encoding(found(1))]
    for (column, name) in [(2, "fsync"), (3, "full_page_writes")] {
      let ok = found(column) == "on"
      checks.append(
        ServerCheck(
          name: name, ok: ok, found: found(column),
          mend: ok ? nil : "ALTER SYSTEM SET \(name) = on; then reload. Without it a power cut loses committed records."
        ))
    }
    checks.append(synchronousCommit(found(4)))
    let sums = found(5) == "on"
    checks.append(
      ServerCheck(
        name: "data_checksums", ok: true, found: found(5),
        mend: sums ? nil : "Consider pg_checksums --enable (server stopped): a disk's silent errors show up then."))
    let writable = found(6) == "off"
    checks.append(
      ServerCheck(
        name: "writable", ok: writable, found: writable ? "yes" : "no",
        mend: writable ? nil : "This server is a read-only copy: connect to the primary."))
    return checks
  }

  static func version(_ found: String) -> ServerCheck {
    let major = (Int(found) ?? 0) / 10_000
    var check = ServerCheck(name: "version", ok: supportedVersions.contains(major), found: found)
    if major == 18 {
      check.ok = true
      check.mend = "PostgreSQL 18 works as far as we know, but is not among the versions we try (15 to 17)."
    } else if !check.ok {
      check.mend = "Use PostgreSQL 15, 16 or 17."
    }
    return check
  }

  static func encoding(_ found: String) -> ServerCheck {
    let ok = found == "UTF8"
    return ServerCheck(
      name: "server_encoding", ok: ok, found: found,
      mend: ok ? nil : "Create the database anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.")
  }

  /// Everything but `off` waits until the commit record is on this server's disk.
  static func synchronousCommit(_ found: String) -> ServerCheck {
    let ok = ["on", "local", "remote_write", "remote_apply"].contains(found)
    return ServerCheck(
      name: "synchronous_commit", ok: ok, found: found,
      mend: ok ? nil : "Set synchronous_commit = on for the server, the database and the user.")
  }
}
