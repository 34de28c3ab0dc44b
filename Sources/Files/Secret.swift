internal import Glibc

/// The content of a secret file; wiped from memory when it is let go, and never printed.
@safe package final class Secret: Sendable {
  private nonisolated(unsafe) let content: UnsafeMutableRawBufferPointer

  /// No key or password is longer than this.
  package static let sizeLimit = 64 << 10

  /// Reads a file of mode 0400 or 0600 that belongs to the account we run as, and drops one line break at its end.
  ///
  /// - Throws: ``FileFailure/unsafeSecret(_:)`` when others could read or replace it.
  package init(path: String) throws(FileFailure) {
    let file: Descriptor
    do throws(FileFailure) {
      file = try Kernel.openat(Kernel.currentDirectory, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch {
      if error.isError(ELOOP, ENXIO, ENODEV) { throw .unsafeSecret(.notRegular) }
      throw error
    }
    let entry = try Entry(Kernel.fstat(file.raw))
    guard entry.kind == .file else { throw .unsafeSecret(.notRegular) }
    guard entry.linkCount == 1 else { throw .unsafeSecret(.hardLinked) }
    guard entry.owner == geteuid() else { throw .unsafeSecret(.foreignOwner) }
    guard entry.mode == 0o400 || entry.mode == 0o600 else { throw .unsafeSecret(.openToOthers) }
    guard entry.stamp.sizeInBytes <= Self.sizeLimit else { throw .unsafeSecret(.tooLarge) }

    let size = entry.stamp.sizeInBytes
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
    do throws(FileFailure) {
      var count = try unsafe Kernel.read(
        file.raw, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]), at: 0)
      if count > 0, unsafe buffer[count - 1] == 0x0A { count -= 1 }
      if count > 0, unsafe buffer[count - 1] == 0x0D { count -= 1 }
      guard count > 0 else { throw .unsafeSecret(.empty) }
      self.count = count
    } catch {
      unsafe Self.wipe(buffer)
      throw error
    }
    unsafe content = buffer
  }

  package let count: Int

  /// Lends the bytes; a copy made of them is the caller's to wipe.
  package func withBytes<Value, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try unsafe body(Span(_unsafeBytes: UnsafeRawBufferPointer(rebasing: content[..<count])))
  }

  private static func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
    if let start = buffer.baseAddress { unsafe explicit_bzero(start, buffer.count) }
    unsafe buffer.deallocate()
  }

  deinit {
    unsafe Self.wipe(content)
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "‹redacted›" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
