import Glibc

/// Runs other programs: the server's own tools, and a shell as the account that owns a cluster.
enum Program {
  struct Outcome {
    /// The exit status; 128 + n when signal n ended the program.
    var status: Int
    /// The last of what it wrote to standard output and standard error.
    var words: String
  }

  static let keptWords = 2000

  /// Starts a program by its full path and waits for it.
  ///
  /// posix_spawn, since fork is not for a program with threads. The child gets the root folder as its place, no
  /// descriptor of ours but its output, default signals, and none of our environment: PGDATA, PGPORT or PGOPTIONS of the
  /// caller must not steer a server that is not theirs. Resource limits are inherited: a process that limits its own
  /// processor time does not start a server.
  static func run(_ path: String, _ arguments: [String]) throws(ClusterFailure) -> Outcome {
    // A socket pair, since Swift imports no pipe2: the mark CLOEXEC must be there from the start, or a server started by
    // another thread meanwhile would hold the writing end and we would wait for its end.
    var ends: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .system("make a pipe for", path, errno) }
    let (reading, writing) = (ends[0], ends[1])
    defer { close(reading) }

    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, writing, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, writing, 2)
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for descriptor in try Paths.names(in: "/proc/self/fd").compactMap({ CInt($0) }) where descriptor > 2 {
      let flags = fcntl(descriptor, F_GETFD)
      if flags >= 0, flags & FD_CLOEXEC == 0 { unsafe posix_spawn_file_actions_addclose(&actions, descriptor) }
    }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let inRoot = ["/bin/sh", "-c", #"cd / && exec "$@""#, "sh"]
    let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/"]
    var argv: [UnsafeMutablePointer<CChar>?] = unsafe (inRoot + [path] + arguments).map { unsafe strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }

    var pid: pid_t = 0
    let error = unsafe posix_spawn(&pid, inRoot[0], &actions, &attributes, &argv, &envp)
    close(writing)
    guard error == 0 else { throw .system("start", path, error) }

    let words = drain(reading)
    var status: CInt = 0
    while unsafe waitpid(pid, &status, 0) < 0 {
      if errno != EINTR { throw .system("wait for", path, errno) }
    }
    let signal = Int(status & 0x7F)
    return Outcome(status: signal == 0 ? Int(status >> 8 & 0xFF) : 128 + signal, words: words)
  }

  private static func drain(_ descriptor: CInt) -> String {
    var kept: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(descriptor, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      kept.append(contentsOf: piece[..<count])
      if kept.count > 2 * keptWords { kept.removeFirst(kept.count - keptWords) }
    }
    return String(decoding: kept.suffix(keptWords), as: UTF8.self)
  }

  /// Whether the file is there and we may run it.
  static func isRunnable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
}

/// An account of the system that a server can run as.
struct Account: Sendable, Hashable {
  var name: String
  var uid: uid_t
  var gid: gid_t

  static func named(_ name: String) -> Account? {
    unsafe read { unsafe getpwnam_r(name, $0, $1, $2, $3) }
  }

  static func numbered(_ uid: uid_t) -> Account? {
    unsafe read { unsafe getpwuid_r(uid, $0, $1, $2, $3) }
  }

  private static func read(
    _ ask: (
      UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
      UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> CInt
  ) -> Account? {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    let size = buffer.count
    guard unsafe ask(&entry, &buffer, size, &found) == 0, unsafe found != nil, let name = unsafe entry.pw_name else {
      return nil
    }
    return unsafe Account(name: String(cString: name), uid: entry.pw_uid, gid: entry.pw_gid)
  }

  /// Runs a program as this account; needs to be root when it is another than our own.
  func run(_ path: String, _ arguments: [String]) throws(ClusterFailure) -> Program.Outcome {
    if uid == geteuid() { return try Program.run(path, arguments) }
    // setpriv rather than runuser: it opens no PAM session, whose end could take the server along
    let setpriv = "/usr/bin/setpriv"
    if Program.isRunnable(setpriv) {
      let wanted = ["--reuid=\(uid)", "--regid=\(gid)", "--clear-groups", "--no-new-privs", "--", path]
      return try Program.run(setpriv, wanted + arguments)
    }
    for runuser in ["/usr/sbin/runuser", "/sbin/runuser"] where Program.isRunnable(runuser) {
      return try Program.run(runuser, ["-u", name, "--", path] + arguments)
    }
    throw .noWayToAccount(name)
  }

  /// Whether the mode bits let this account, without supplementary groups, pass through a folder.
  func canPass(_ folder: stat) -> Bool {
    let bit: mode_t = folder.st_uid == uid ? 0o100 : folder.st_gid == gid ? 0o010 : 0o001
    return folder.st_mode & bit != 0
  }
}
