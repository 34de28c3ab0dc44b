internal import Failpoints
import Glibc

/// What keeps a private cluster from starting or stopping; holds paths and the tools' words, never data.
package enum ClusterFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// No server programs of a version we know, or not of the version that the cluster was made with.
  case programsMissing(major: Int?)
  /// Root may not run a server, and there is neither an account `postgres` nor `nobody`; or ours has no name.
  case noAccount
  case noWayToAccount(String)
  case belongsToAnother(place: String)
  case folderNotEmpty(String)
  case unusablePath(String)
  /// An operation on a path, and errno.
  case system(String, String, Int32)
  case programFailed(name: String, status: Int, words: String, log: String)
  /// The socket folder is not the account's own.
  case socketFolderUnsafe(String)
  case server(ServerFailure)

  package var isTransient: Bool {
    if case .server(let failure) = self { failure.isTransient } else { false }
  }

  package var description: String {
    switch self {
    case .programsMissing(nil): "the programs of a PostgreSQL server are not installed"
    case .programsMissing(let major?): "the programs of a PostgreSQL \(major) server are not installed"
    case .noAccount: "a PostgreSQL server does not run as root, and there is no other account for it"
    case .noWayToAccount(let name): "there is neither setpriv nor runuser to start the server as \(name)"
    case .belongsToAnother(let place): "the cluster in \(place) belongs to another account"
    case .folderNotEmpty(let folder): "\(folder) holds other things than a cluster"
    case .unusablePath(let path): "the path \(path) has characters that the server's tools do not take"
    case .system(let operation, let path, let code):
      "could not \(operation) \(path): \(unsafe String(cString: strerror(code)))"
    case .programFailed(let name, let status, let words, let log):
      "\(name) ended with status \(status) (log: \(log)): \(words)"
    case .socketFolderUnsafe(let folder): "the socket folder \(folder) is not private to the server's account"
    case .server(let failure): failure.description
    }
  }

  /// What a person does next.
  package var mend: String {
    switch self {
    case .programsMissing(nil): "Install a server: apt-get install postgresql (or set PG_CONFIG to its pg_config)."
    case .programsMissing(let major?): "Install it: apt-get install postgresql-\(major)."
    case .noAccount: "Make one: adduser --system --group postgres; or run as an ordinary user that has a name."
    case .noWayToAccount: "Install util-linux, or run as an ordinary user."
    case .belongsToAnother: "Run as that account or as root, or choose another folder."
    case .folderNotEmpty: "Choose a folder that is empty or does not exist yet."
    case .unusablePath: "Choose a path of letters, digits, blanks and / . _ - + @ : ="
    case .system: "Check the path, its owner and its mode."
    case .programFailed(_, _, _, let log): "Read the words above and \(log); mend the cause and start again."
    case .socketFolderUnsafe(let folder): "Find out who made it, remove \(folder), and start again."
    case .server(let failure): failure.mend
    }
  }
}

/// A PostgreSQL server of our own in a folder: for trying things out, for tests and for a single small hospital.
///
/// It listens on a Unix socket only. Settings are those of a server that must not lose a record; its log holds no
/// errors of statements, since their texts quote values. The server is a program of its own and outlives ours.
package struct EmbeddedCluster: Sendable {
  /// The folder that was asked for, made absolute.
  package let folder: String
  /// Where the cluster lies: ``folder``, or below `/var/lib/songhan` when root asked and the server's account cannot
  /// reach that folder.
  package let place: String
  /// The name of the account that the server runs as.
  package var accountName: String { account.name }

  let account: Account

  package enum State: Sendable, Hashable {
    /// Nothing has been made yet.
    case absent
    /// With the major version of the server it was made with.
    case stopped(Int)
    case running(Int)
  }

  package enum Start: Sendable, Hashable {
    case wasRunning
    case started
    /// Made anew and started.
    case created
  }

  package enum StopMode: String, Sendable, Hashable {
    /// Sessions are ended, everything is written out.
    case fast
    /// As if the power failed; for tests of what comes after.
    case immediate
  }

  static let databaseName = "songhan"
  static let roleName = "songhan"
  private static let port = 5432  // only part of the socket's name
  private static let sharedFolder = "/var/lib/songhan"

  /// Decides where the cluster lies and who owns it; changes nothing.
  package init(folder: String) throws(ClusterFailure) {
    let folder = try Paths.absolute(folder)
    guard Paths.isPlain(folder) else { throw .unusablePath(folder) }
    let fallback = EmbeddedCluster.sharedFolder + "/" + Paths.hash(folder)
    self.folder = folder
    let me = geteuid()
    // An existing cluster stays where it is and with its owner, whoever asks.
    for place in [folder, fallback] {
      var found = stat()
      if unsafe lstat(place + "/data/PG_VERSION", &found) == 0 {
        guard found.st_uid == me || me == 0, found.st_uid != 0, let owner = Account.numbered(found.st_uid) else {
          throw .belongsToAnother(place: place)
        }
        (self.place, account) = (place, owner)
        return
      } else if errno == EACCES && me != 0 {
        throw .belongsToAnother(place: place)
      }
    }
    if me != 0 {
      guard let own = Account.numbered(me) else { throw .noAccount }
      (place, account) = (folder, own)
    } else {
      guard let other = Account.named("postgres") ?? Account.named("nobody") else { throw .noAccount }
      (place, account) = (Paths.isReachable(folder, by: other) ? folder : fallback, other)
    }
  }

  private var data: String { place + "/data" }
  private var startLog: String { place + "/start.log" }

  /// In the cluster's folder, or in `/tmp` when the socket's path grew over what fits into an address (108 bytes).
  private var socketFolder: String {
    let inside = place + "/socket"
    let fits = "\(inside)/.s.PGSQL.\(EmbeddedCluster.port)".utf8.count <= 100
    return fits ? inside : "/tmp/songhan-" + Paths.hash(place)
  }

  /// The connection string of the cluster's database.
  ///
  /// `requirepeer` makes libpq turn away from a socket that another account's server put in the place.
  package var conninfo: String { conninfo(database: EmbeddedCluster.databaseName) }

  package func conninfo(database: String) -> String {
    func quoted(_ text: String) -> String {
      "'" + text.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] } + "'"
    }
    return "host=\(quoted(socketFolder)) port=\(EmbeddedCluster.port) user=\(EmbeddedCluster.roleName) "
      + "dbname=\(quoted(database)) requirepeer=\(quoted(account.name))"
  }

  // MARK: start, stop, status

  package func status() throws(ClusterFailure) -> State {
    guard let major = try majorVersion() else { return .absent }
    return try isRunning(ServerPrograms(major: major)) ? .running(major) : .stopped(major)
  }

  /// Makes the cluster if need be, starts it if need be, and sees to its database. Prints nothing.
  ///
  /// Safe to call from several processes at once: they wait for each other.
  @discardableResult
  package func start() throws(ClusterFailure) -> Start {
    let known = try majorVersion()
    let programs = try ServerPrograms(major: known)
    try makePlace()
    failpoint("cluster.place-made")
    let lock = try FolderLock(place)
    defer { lock.release() }

    let isNew = try majorVersion() == nil
    if isNew {
      try initialise(programs)
      failpoint("cluster.initialised")
    }
    if !isNew, try isRunning(programs) {
      do throws(ServerFailure) {
        try seeToDatabase()
        return .wasRunning
      } catch {
        // The pid file of a server that is gone may name a living process; only then is nobody at the socket.
        switch error {
        case .cannotConnect(.noSocket, _), .cannotConnect(.refused, _): break
        default: throw .server(error)
        }
      }
    }
    try configure()
    failpoint("cluster.configured")
    let outcome = try account.run(
      programs.pgCtl, ["start", "-D", data, "-l", startLog, "-s", "-w", "-t", "300"])
    guard outcome.status == 0 else {
      throw .programFailed(name: "pg_ctl start", status: outcome.status, words: outcome.words, log: startLog)
    }
    failpoint("cluster.started")
    do throws(ServerFailure) {
      try seeToDatabase()
    } catch {
      throw .server(error)
    }
    failpoint("cluster.ready")
    return isNew ? .created : .started
  }

  /// Stops the server and waits for its end; false when it was not running.
  @discardableResult
  package func stop(_ mode: StopMode = .fast) throws(ClusterFailure) -> Bool {
    guard let major = try majorVersion() else { return false }
    let programs = try ServerPrograms(major: major)
    guard try isRunning(programs) else { return false }
    let outcome = try account.run(programs.pgCtl, ["stop", "-D", data, "-m", mode.rawValue, "-s", "-w", "-t", "120"])
    guard outcome.status == 0 else {
      throw .programFailed(name: "pg_ctl stop", status: outcome.status, words: outcome.words, log: startLog)
    }
    return true
  }

  private func isRunning(_ programs: ServerPrograms) throws(ClusterFailure) -> Bool {
    let outcome = try account.run(programs.pgCtl, ["status", "-D", data])
    switch outcome.status {
    case 0: return true
    case 3, 4: return false  // no server; no cluster
    default: throw .programFailed(name: "pg_ctl status", status: outcome.status, words: outcome.words, log: startLog)
    }
  }

  /// The major version in the cluster's own file; nil when there is no cluster.
  private func majorVersion() throws(ClusterFailure) -> Int? {
    let path = data + "/PG_VERSION"
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw errno == EACCES ? .belongsToAnother(place: place) : .system("read", path, errno)
    }
    defer { close(descriptor) }
    var text = [UInt8](repeating: 0, count: 16)
    let count = unsafe read(descriptor, &text, text.count)
    let digits = String(decoding: text.prefix(max(0, count)), as: UTF8.self).prefix { $0.isNumber }
    guard let major = Int(digits) else { throw .system("understand", path, EINVAL) }
    return major
  }

  // MARK: making it

  /// Makes the cluster's folder: private to the server's account.
  private func makePlace() throws(ClusterFailure) {
    // Folders on the way are passable, else the account could not reach the cluster; nobody can list them.
    for parent in Paths.parents(of: place) {
      if unsafe mkdir(parent, 0o700) == 0 {
        if geteuid() == 0, unsafe chmod(parent, 0o711) != 0 { throw .system("open", parent, errno) }
      } else if errno != EEXIST {
        throw .system("make", parent, errno)
      }
    }
    if unsafe mkdir(place, 0o700) != 0, errno != EEXIST { throw .system("make", place, errno) }
    let descriptor = unsafe open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("open", place, errno) }
    defer { close(descriptor) }
    var found = stat()
    guard unsafe fstat(descriptor, &found) == 0 else { throw .system("look at", place, errno) }
    guard found.st_uid == account.uid || (found.st_uid == geteuid() && geteuid() == 0) else {
      throw .belongsToAnother(place: place)
    }
    if try majorVersion() == nil {
      // Only what an interrupted start left behind may lie here; root takes over nothing but an empty folder.
      let names = try Paths.names(in: place)
      guard names.isSubset(of: found.st_uid == account.uid ? ["data.new", "socket", "start.log"] : []) else {
        throw .folderNotEmpty(place)
      }
    }
    guard found.st_uid == account.uid || fchown(descriptor, account.uid, account.gid) == 0,
      found.st_mode & 0o777 == 0o700 || fchmod(descriptor, 0o700) == 0
    else { throw .system("take over", place, errno) }
  }

  /// Runs a constant shell script as the server's account; values are its arguments.
  ///
  /// Whatever is written below the cluster's folder is written by its owner: root writing there could be led elsewhere by
  /// a link.
  private func shell(_ script: String, _ arguments: [String]) throws(ClusterFailure) {
    let outcome = try account.run("/bin/sh", ["-euc", "umask 077; \(script)", "sh"] + arguments)
    guard outcome.status == 0 else {
      throw .programFailed(name: "sh", status: outcome.status, words: outcome.words, log: startLog)
    }
  }

  /// Builds the cluster beside its place and moves it there when it is complete, so that a half-made one is never used.
  private func initialise(_ programs: ServerPrograms) throws(ClusterFailure) {
    let new = place + "/data.new"
    try shell(#"rm -rf -- "$1""#, [new])
    failpoint("cluster.making")
    let outcome = try account.run(
      programs.initdb,
      [
        "-D", new, "--data-checksums", "--encoding=UTF8", "--locale=\(EmbeddedCluster.locale)",
        // the same order as that of C.UTF-8, by one comparison of bytes: PostgreSQL 15 would ask the C library for every two keys
        "--lc-collate=C",
        "--username=\(EmbeddedCluster.roleName)", "--auth-local=peer", "--auth-host=reject", "--no-instructions",
      ])
    guard outcome.status == 0 else {
      throw .programFailed(name: "initdb", status: outcome.status, words: outcome.words, log: startLog)
    }
    // No password: the folder is closed to everybody but its owner and root, and the kernel tells the server who calls.
    let access =
      "# Only the owner of this folder and root come in; the kernel vouches for them.\nlocal all all peer map=songhan\n"
    let people = ["root", account.name].map { "songhan \"\($0)\" \(EmbeddedCluster.roleName)\n" }.joined()
    try shell(
      #"""
      printf '%s' "$2" > "$1/pg_hba.conf"
      printf '%s' "$3" > "$1/pg_ident.conf"
      printf '%s' "$4" >> "$1/postgresql.conf"
      : > "$1/songhan.conf"
      sync "$1/pg_hba.conf" "$1/pg_ident.conf" "$1/postgresql.conf" "$1/songhan.conf" "$1"
      mv -- "$1" "$5"
      sync "$6"
      """#,
      [new, access, people, "\ninclude 'songhan.conf'\ninclude_if_exists 'local.conf'\n", data, place])
  }

  /// C.UTF-8 where the system has it: it sorts by bytes and knows upper and lower case beyond ASCII.
  private static var locale: String {
    guard let found = unsafe newlocale(CInt(1) << CInt(LC_CTYPE), "C.UTF-8", nil) else { return "C" }
    unsafe freelocale(found)
    return "C.UTF-8"
  }

  /// Writes the settings before each start, since the socket's folder moves with the cluster's.
  private func configure() throws(ClusterFailure) {
    let sockets = socketFolder
    try shell(
      #"""
      [ -d "$1" ] || mkdir -m 700 -- "$1"
      printf '%s' "$3" > "$2.new"
      sync "$2.new"
      mv -f -- "$2.new" "$2"
      """#,
      [sockets, data + "/songhan.conf", settings])
    var found = stat()
    guard unsafe lstat(sockets, &found) == 0 else { throw .system("look at", sockets, errno) }
    guard found.st_mode & S_IFMT == S_IFDIR, found.st_uid == account.uid, found.st_mode & 0o077 == 0 else {
      throw .socketFolderUnsafe(sockets)
    }
  }

  /// `log_min_messages = log` keeps errors of statements out of the log: their primary text quotes values, which
  /// `terse` does not change. What the server says about itself (level LOG) and its end (FATAL, PANIC) stays.
  private var settings: String {
    """
    # Written by songhan before each start. Your own settings go to local.conf beside this file.
    listen_addresses = ''
    port = \(EmbeddedCluster.port)
    unix_socket_directories = '"\(socketFolder)"'
    unix_socket_permissions = 0700
    max_connections = 50

    fsync = on
    full_page_writes = on
    synchronous_commit = on

    shared_buffers = 256MB
    maintenance_work_mem = 128MB
    max_wal_size = 4GB
    wal_compression = on
    checkpoint_timeout = 15min
    jit = off

    timezone = 'Asia/Ho_Chi_Minh'
    log_timezone = 'Asia/Ho_Chi_Minh'
    lc_messages = 'C'

    logging_collector = on
    log_directory = 'log'
    log_filename = 'server-%d.log'
    log_rotation_age = 1d
    log_rotation_size = 0
    log_truncate_on_rotation = on
    log_file_mode = 0600
    log_min_messages = log
    log_min_error_statement = panic
    log_error_verbosity = terse
    log_parameter_max_length = 0
    log_parameter_max_length_on_error = 0
    log_statement = 'none'
    log_min_duration_statement = -1
    log_lock_waits = off

    """
  }

  /// Makes the database unless it is there; waits for a server that is still recovering.
  private func seeToDatabase() throws(ServerFailure) {
    let connection = try patientConnection()
    let found = try connection.execute(
      "SELECT 1 FROM pg_database WHERE datname = $1", [.text(EmbeddedCluster.databaseName)])
    guard found.isEmpty else { return }
    do throws(ServerFailure) {
      try connection.execute("CREATE DATABASE songhan")
    } catch {
      guard error.state == "42P04" else { throw error }  // somebody else was quicker
    }
  }

  private func patientConnection() throws(ServerFailure) -> Connection {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(60)
    while true {
      do throws(ServerFailure) {
        return try Connection(conninfo(database: "postgres"), applicationName: "songhan cluster")
      } catch {
        guard case .cannotConnect(.notAccepting, _) = error, clock.now < end else { throw error }
        usleep(100_000)
      }
    }
  }
}

/// The programs of one installed server version.
struct ServerPrograms {
  var folder: String
  var initdb: String { folder + "/initdb" }
  var pgCtl: String { folder + "/pg_ctl" }

  /// Finds the programs of a version, or of the newest one we are tried on.
  ///
  /// Looks at PG_CONFIG, then where Debian and the PostgreSQL packages for Red Hat put servers, then along PATH.
  init(major: Int?) throws(ClusterFailure) {
    let majors = major.map { [$0] } ?? ServerCheck.supportedVersions.reversed() + [18]
    for folder in ServerPrograms.folders(majors) {
      guard ["initdb", "pg_ctl", "postgres"].allSatisfy({ Program.isRunnable(folder + "/" + $0) }),
        let found = try ServerPrograms.version(folder + "/pg_ctl"), majors.contains(found)
      else { continue }
      self.folder = folder
      return
    }
    throw .programsMissing(major: major)
  }

  private static func folders(_ majors: [Int]) -> [String] {
    var result: [String] = []
    if let config = environment("PG_CONFIG"), config.hasPrefix("/"),
      let outcome = try? Program.run(config, ["--bindir"]), outcome.status == 0
    {
      result.append(String(outcome.words.prefix { $0 != "\n" }))
    }
    for major in majors { result += ["/usr/lib/postgresql/\(major)/bin", "/usr/pgsql-\(major)/bin"] }
    result += (environment("PATH") ?? "").split(separator: ":").filter { $0.hasPrefix("/") }.map(String.init)
    return result
  }

  private static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// From `pg_ctl (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
  private static func version(_ program: String) throws(ClusterFailure) -> Int? {
    let outcome = try Program.run(program, ["--version"])
    guard outcome.status == 0, let open = outcome.words.firstIndex(of: ")") else { return nil }
    return Int(outcome.words[open...].dropFirst().drop { $0 == " " }.prefix { $0.isNumber })
  }
}

/// Keeps two starts of one cluster apart; the kernel lets go of it when the process ends, however it ends.
private struct FolderLock: ~Copyable {
  private let descriptor: CInt

  init(_ folder: String) throws(ClusterFailure) {
    descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("open", folder, errno) }
    while flock(descriptor, LOCK_EX) != 0 {
      let code = errno
      if code != EINTR {
        close(descriptor)
        throw .system("lock", folder, code)
      }
    }
  }

  borrowing func release() { flock(descriptor, LOCK_UN) }

  deinit { close(descriptor) }
}

enum Paths {
  /// Absolute, without `.` and `..`, and without links in the part that exists.
  static func absolute(_ path: String) throws(ClusterFailure) -> String {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .unusablePath(path) }
    var whole = path
    if !path.hasPrefix("/") {
      guard let current = unsafe getcwd(nil, 0) else { throw .system("find", ".", errno) }
      whole = unsafe String(cString: current) + "/" + path
      unsafe free(current)
    }
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    var rest: [Substring] = []
    while !parts.isEmpty {
      if let real = unsafe realpath("/" + parts.joined(separator: "/"), nil) {
        let existing = unsafe String(cString: real)
        unsafe free(real)
        return rest.isEmpty
          ? existing : (existing == "/" ? "" : existing) + "/" + rest.reversed().joined(separator: "/")
      }
      rest.append(parts.removeLast())
    }
    return "/" + rest.reversed().joined(separator: "/")
  }

  /// Without the characters that pg_ctl's shell or libpq's host list would take for something else.
  static func isPlain(_ path: String) -> Bool {
    let others = Set("/._-+@:= ".utf8)
    return path != "/"
      && path.utf8.allSatisfy { byte in
        byte >= 0x80 || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || others.contains(byte)
      }
  }

  /// The folders above a path, from the top, without the root.
  static func parents(of path: String) -> [String] {
    let parts = path.split(separator: "/").dropLast()
    return parts.indices.map { "/" + parts[...$0].joined(separator: "/") }
  }

  /// Whether an account can come to a folder; folders that do not exist yet will be made passable.
  static func isReachable(_ folder: String, by account: Account) -> Bool {
    parents(of: folder).allSatisfy { parent in
      var found = stat()
      return unsafe stat(parent, &found) != 0 ? errno == ENOENT : account.canPass(found)
    }
  }

  static func names(in folder: String) throws(ClusterFailure) -> Set<String> {
    guard let listing = unsafe opendir(folder) else { throw .system("list", folder, errno) }
    defer { unsafe closedir(listing) }
    var names: Set<String> = []
    while let entry = unsafe readdir(listing) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.insert(name) }
    }
    return names
  }

  /// Sixteen hexadecimal digits that stand for a path (FNV-1a): a short name, not a secret.
  static func hash(_ text: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
