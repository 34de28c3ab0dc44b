internal import Glibc

/// What tells one state of a file from another: which file it is, how large, and when its content and its entry last
/// changed.
package struct Stamp: Sendable, Hashable {
  package var device: UInt64
  package var inode: UInt64
  package var sizeInBytes: Int
  /// Nanoseconds since 1970, by the clock of the machine that keeps the file.
  package var modified: Int64
  /// As `modified`, but set by the kernel alone: neither `touch` nor `rsync -t` sets it back.
  package var changed: Int64

  package init(device: UInt64, inode: UInt64, sizeInBytes: Int, modified: Int64, changed: Int64) {
    self.device = device
    self.inode = inode
    self.sizeInBytes = sizeInBytes
    self.modified = modified
    self.changed = changed
  }

  init(_ status: stat) {
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), sizeInBytes: Int(status.st_size),
      modified: Self.nanoseconds(status.st_mtim), changed: Self.nanoseconds(status.st_ctim))
  }

  /// Wraps for years past 2262 (a sender can set them); only equality matters then.
  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// The same file with the same content, whatever was done to its name: renaming moves `changed`.
  func isSameContent(as other: Stamp) -> Bool {
    device == other.device && inode == other.inode && sizeInBytes == other.sizeInBytes && modified == other.modified
  }
}

/// What a name in a directory refers to.
package struct Entry: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case file, directory, symbolicLink
    /// A FIFO, a socket or a device.
    case other
  }

  package var kind: Kind
  package var stamp: Stamp
  package var linkCount: UInt64
  package var owner: UInt32
  /// The permission bits, `0o600` for example.
  package var mode: UInt32

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      default: .other
      }
    stamp = Stamp(status)
    linkCount = UInt64(status.st_nlink)
    owner = UInt32(status.st_uid)
    mode = UInt32(status.st_mode) & 0o7777
  }
}
