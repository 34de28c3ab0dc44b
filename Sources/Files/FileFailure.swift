internal import Glibc

/// Why a file could not be read, written or taken in. It names the call and the error, never a path or a file: names
/// come from hospitals.
package enum FileFailure: Error, Sendable, Hashable {
  /// The kernel said no.
  case kernel(SystemCall, Int32)
  /// The file is not one we take in.
  case refused(Refusal)
  /// The file that should hold a secret is not safe.
  case unsafeSecret(SecretFlaw)

  /// What is wrong with a delivered file as a file, before a byte of it is read.
  package enum Refusal: String, Sendable, Hashable, CaseIterable {
    /// It vanished between being listed and being opened.
    case gone
    /// It is a symbolic link.
    case symbolicLink
    /// It is a directory, a FIFO, a socket or a device.
    case notRegular
    /// It has a second name, which somebody else can go on writing through.
    case hardLinked
    /// It belongs to an account that does not deliver here.
    case foreignOwner
    /// It is larger than the cap.
    case tooLarge
    /// We may not read it.
    case unreadable
    /// It was written to while we read it.
    case changedWhileReading
    /// We were asked to end while we copied it.
    case stopped
  }

  /// What is wrong with a secret's file.
  package enum SecretFlaw: String, Sendable, Hashable, CaseIterable {
    case notRegular, hardLinked, foreignOwner, openToOthers, tooLarge, empty
  }

  /// Whether the same thing may succeed later without anybody changing anything but the disk's state.
  package var isTransient: Bool {
    switch self {
    case .kernel(_, let number): Self.transient.contains(number)
    case .refused(let refusal): refusal == .changedWhileReading
    case .unsafeSecret: false
    }
  }

  private static let transient: Set<Int32> = [
    ENOSPC, EDQUOT, EIO, EINTR, EAGAIN, EBUSY, ENOMEM, EMFILE, ENFILE, ESTALE, ETIMEDOUT,
  ]

  /// The exit code of a command that ends with this failure: 66 input missing or unreadable, 74 local I/O, 77
  /// permissions.
  package var exitCode: Int32 {
    switch self {
    case .kernel(_, EACCES), .kernel(_, EPERM), .unsafeSecret: 77
    case .kernel(_, ENOENT), .kernel(_, ENOTDIR), .refused: 66
    case .kernel: 74
    }
  }

  /// Whether the kernel answered with one of `numbers`.
  func isError(_ numbers: Int32...) -> Bool {
    guard case .kernel(_, let number) = self else { return false }
    return numbers.contains(number)
  }
}

extension FileFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .kernel(let call, let number): "\(call.rawValue) failed with \(ErrorNumber.name(number))"
    case .refused(let refusal): "file refused: \(refusal.rawValue)"
    case .unsafeSecret(let flaw): "secret file not safe: \(flaw.rawValue)"
    }
  }
}
