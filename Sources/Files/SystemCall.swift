internal import Glibc

/// The calls into the kernel that this door makes, by the name they have in the manual pages; `tmpfile` is the `openat`
/// of an unnamed file, which some file systems refuse, and `memory` is no call: a copy that meets a fault there goes to the spool.
package enum SystemCall: String, Sendable, Hashable, CaseIterable {
  case openat, tmpfile, close, pread, write, fsync, fstat, fstatat, fstatvfs, fchmod, flock
  case linkat, unlinkat, mkdirat, renameat, renameat2, readdir, setrlimit, prctl, memory
}

/// The names of error numbers, so that a message says `ENOSPC` and not 28 (and no text of the C library, which follows
/// the locale).
enum ErrorNumber {
  private static let names: [(number: Int32, name: String)] = [
    (EPERM, "EPERM"), (ENOENT, "ENOENT"), (EINTR, "EINTR"), (EIO, "EIO"), (ENXIO, "ENXIO"), (EBADF, "EBADF"),
    (EAGAIN, "EAGAIN"), (ENOMEM, "ENOMEM"), (EACCES, "EACCES"), (EBUSY, "EBUSY"), (EEXIST, "EEXIST"), (EXDEV, "EXDEV"),
    (ENODEV, "ENODEV"), (ENOTDIR, "ENOTDIR"), (EISDIR, "EISDIR"), (EINVAL, "EINVAL"), (ENFILE, "ENFILE"),
    (EMFILE, "EMFILE"), (ETXTBSY, "ETXTBSY"), (EFBIG, "EFBIG"), (ENOSPC, "ENOSPC"), (ESPIPE, "ESPIPE"),
    (EROFS, "EROFS"), (EMLINK, "EMLINK"), (EOVERFLOW, "EOVERFLOW"), (ENAMETOOLONG, "ENAMETOOLONG"),
    (ENOLCK, "ENOLCK"), (ENOSYS, "ENOSYS"), (ENOTEMPTY, "ENOTEMPTY"), (ELOOP, "ELOOP"), (EOPNOTSUPP, "EOPNOTSUPP"),
    (ETIMEDOUT, "ETIMEDOUT"), (ESTALE, "ESTALE"), (EDQUOT, "EDQUOT"),
  ]

  static func name(_ number: Int32) -> String {
    names.first { $0.number == number }?.name ?? "errno \(number)"
  }

  static func number(_ name: some StringProtocol) -> Int32? {
    names.first { $0.name == name }?.number
  }
}
