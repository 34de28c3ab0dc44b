internal import CLinux
internal import Glibc

/// Keeps what the process holds in memory and writes to disk from other eyes.
package enum Privacy {
  /// The first thing `main` does: no core dumps, no tracing by the same account, files for the owner alone, and no
  /// crash report with memory in it. A closed pipe is reported to the writer and does not end the process. Signals that
  /// the starter had blocked are let through, so that the process can be ended.
  package static func hardenProcess() throws(FileFailure) {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else {
      throw .kernel(.setrlimit, errno)
    }
    guard songhan_forbid_dumps() == 0 else { throw .kernel(.prctl, errno) }
    _ = umask(0o077)
    var blocked = sigset_t()
    unsafe sigemptyset(&blocked)
    unsafe pthread_sigmask(SIG_SETMASK, &blocked, nil)
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGSYS, SIGXCPU, SIGXFSZ] {
      _ = signal(number, SIG_DFL)
    }
    _ = signal(SIGPIPE, SIG_IGN)
    // Started with one of them closed, the first file opened would take its number, and messages would be written into
    // it.
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 {
      let opened = unsafe open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY)
      guard opened >= 0 else { throw .kernel(.openat, errno) }
    }
  }

  /// Whether ``hardenProcess()`` has done its work; for tests and start-up checks.
  package static var isHardened: Bool {
    var core = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
    return core.rlim_cur == 0 && core.rlim_max == 0 && songhan_may_be_dumped() == 0
  }
}
