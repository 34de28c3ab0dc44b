internal import CLinux
internal import Glibc

/// Every call into the kernel this door makes: interrupted calls are made again, the rest is thrown, and tests may let
/// any of them fail.
enum Kernel {
  /// `O_TMPFILE`, which Swift does not import because its C definition is an expression of two constants.
  static let unnamedFile: Int32 = O_DIRECTORY | 0o20000000
  static let currentDirectory: Int32 = AT_FDCWD

  /// Makes a call until it is not interrupted; `size` is how many bytes it is to move at most.
  private static func attempt(
    _ call: SystemCall, size: Int = 0, isRepeatable: Bool = true, _ body: (_ size: Int) -> Int
  ) throws(FileFailure) -> Int {
    while true {
      let fault = FaultPlan.next(call)
      let number: Int32
      if case .failing(let injected)? = fault {
        number = injected
      } else {
        var size = size
        if case .half? = fault, size > 1 { size /= 2 }
        let result = body(size)
        if result >= 0 { return result }
        number = errno
      }
      if number != EINTR || !isRepeatable { throw .kernel(call, number) }
    }
  }

  /// Opens `path` from `directory`; never inherited by a child process, never the terminal we are controlled by.
  static func openat(_ directory: Int32, _ path: String, _ flags: Int32, mode: UInt32 = 0) throws(FileFailure)
    -> Descriptor
  {
    // The C call would silently stop at the zero byte and open another file.
    guard !path.utf8.contains(0) else { throw .kernel(.openat, EINVAL) }
    let isUnnamed = flags & unnamedFile == unnamedFile
    let raw = try attempt(isUnnamed ? .tmpfile : .openat) { _ in
      Int(unsafe Glibc.openat(directory, path, flags | O_CLOEXEC | O_NOCTTY, mode_t(mode)))
    }
    return Descriptor(adopting: Int32(truncatingIfNeeded: raw))
  }

  /// Closes a descriptor. It is gone whatever the answer: Linux frees it first, also when the call was interrupted.
  static func close(_ raw: Int32) throws(FileFailure) {
    let fault = FaultPlan.next(.close)
    var number = Glibc.close(raw) < 0 ? errno : 0
    if case .failing(let injected) = fault { number = injected }
    if number != 0 && number != EINTR { throw .kernel(.close, number) }
  }

  /// Reads at `offset` until `target` is full or the file ends; how many bytes came.
  static func read(_ raw: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileFailure) -> Int
  {
    var done = 0
    while done < target.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[done...])
      let count = try attempt(.pread, size: rest.count) { size in
        unsafe Glibc.pread(raw, rest.baseAddress, size, off_t(offset + done))
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  static func write(_ raw: Int32, _ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
    var done = 0
    while done < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = try attempt(.write, size: rest.count) { size in
        unsafe Glibc.write(raw, rest.baseAddress, size)
      }
      // A file system that takes nothing and reports nothing would keep us here for ever.
      guard count > 0 else { throw .kernel(.write, EIO) }
      done += count
    }
  }

  /// Never made a second time, not even when interrupted: after a failed fsync the kernel may call lost pages clean.
  static func fsync(_ raw: Int32) throws(FileFailure) {
    _ = try attempt(.fsync, isRepeatable: false) { _ in Int(Glibc.fsync(raw)) }
  }

  static func fstat(_ raw: Int32) throws(FileFailure) -> stat {
    var status = stat()
    _ = try attempt(.fstat) { _ in Int(unsafe Glibc.fstat(raw, &status)) }
    return status
  }

  /// What `name` refers to, a symbolic link itself and not its target; nil when there is nothing.
  static func fstatat(_ directory: Int32, _ name: String) throws(FileFailure) -> stat? {
    var status = stat()
    do throws(FileFailure) {
      _ = try attempt(.fstatat) { _ in Int(unsafe Glibc.fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW)) }
    } catch {
      if error.isError(ENOENT) { return nil }
      throw error
    }
    return status
  }

  static func fstatvfs(_ raw: Int32) throws(FileFailure) -> statvfs {
    var status = statvfs()
    _ = try attempt(.fstatvfs) { _ in Int(unsafe Glibc.fstatvfs(raw, &status)) }
    return status
  }

  static func fchmod(_ raw: Int32, _ mode: UInt32) throws(FileFailure) {
    _ = try attempt(.fchmod) { _ in Int(Glibc.fchmod(raw, mode_t(mode))) }
  }

  /// Takes the exclusive lock of an open file without waiting for it.
  static func lock(_ raw: Int32) throws(FileFailure) {
    _ = try attempt(.flock) { _ in Int(songhan_lock(raw)) }
  }

  /// Gives an unnamed open file its first name.
  static func link(_ raw: Int32, to directory: Int32, _ name: String) throws(FileFailure) {
    // AT_EMPTY_PATH would need a capability; the way by /proc needs none.
    let path = "/proc/self/fd/\(raw)"
    _ = try attempt(.linkat) { _ in Int(unsafe linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW)) }
  }

  static func link(_ from: Int32, _ name: String, to directory: Int32, _ newName: String) throws(FileFailure) {
    _ = try attempt(.linkat) { _ in Int(unsafe linkat(from, name, directory, newName, 0)) }
  }

  static func unlink(_ directory: Int32, _ name: String) throws(FileFailure) {
    _ = try attempt(.unlinkat) { _ in Int(unsafe unlinkat(directory, name, 0)) }
  }

  static func mkdir(_ directory: Int32, _ name: String, mode: UInt32) throws(FileFailure) {
    _ = try attempt(.mkdirat) { _ in Int(unsafe mkdirat(directory, name, mode_t(mode))) }
  }

  static func rename(_ from: Int32, _ name: String, to directory: Int32, _ newName: String) throws(FileFailure) {
    _ = try attempt(.renameat) { _ in Int(unsafe renameat(from, name, directory, newName)) }
  }

  /// Renames unless the new name is taken (EEXIST); EINVAL or ENOSYS where the file system or the kernel does not know
  /// how.
  static func renameNoReplace(_ from: Int32, _ name: String, to directory: Int32, _ newName: String)
    throws(FileFailure)
  {
    _ = try attempt(.renameat2) { _ in Int(unsafe songhan_rename_no_replace(from, name, directory, newName)) }
  }

  /// The names in a directory as the kernel lists them, without `.` and `..`, at most `limit`.
  static func names(_ directory: Int32, limit: Int) throws(FileFailure) -> [[UInt8]] {
    // A descriptor of its own: the position in the list belongs to the open directory, which others share.
    let raw = try openat(directory, ".", O_RDONLY | O_DIRECTORY).release()
    guard let stream = unsafe fdopendir(raw) else {
      let number = errno
      _ = Glibc.close(raw)
      throw .kernel(.readdir, number)
    }
    defer { unsafe closedir(stream) }
    var names: [[UInt8]] = []
    while names.count < limit {
      var name: [UInt8]?
      _ = try attempt(.readdir) { _ in
        errno = 0
        guard let entry = unsafe Glibc.readdir(stream) else { return errno == 0 ? 0 : -1 }
        name = unsafe Self.name(of: entry)
        return 0
      }
      guard let name else { break }
      if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
    }
    return names
  }

  /// The record is shorter than the C type where the name is short, so it is read through the pointer and never copied
  /// whole.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
    let start = unsafe UnsafeRawPointer(entry) + offset
    let count = unsafe strlen(start.assumingMemoryBound(to: CChar.self))
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Whether an unnamed file can be given a name: `/proc` has to be there for it.
  static let canNameUnnamedFiles: Bool = unsafe access("/proc/self/fd", X_OK) == 0
}

/// One open file; closed when it goes out of scope.
struct Descriptor: ~Copyable, Sendable {
  let raw: Int32

  init(adopting raw: Int32) {
    self.raw = raw
  }

  /// Gives the descriptor away: the taker closes it.
  consuming func release() -> Int32 {
    let raw = self.raw
    discard self
    return raw
  }

  deinit {
    try? Kernel.close(raw)
  }
}
