internal import Bytes
internal import Glibc
internal import Records

/// Yields the file's bytes in pieces: appends up to `most` of them and says how many; 0 at the end.
typealias ByteSource = (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int

/// The part of the file that is being looked at: it grows at its end and is cut at its front, so memory does not depend on the file's size.
struct InputWindow {
  private let source: ByteSource
  private(set) var bytes: [UInt8] = []
  /// Offset of `bytes[0]` in the file.
  private(set) var base = 0
  private(set) var hasEnded = false

  static let piece = 256 * 1024

  init(source: @escaping ByteSource) { self.source = source }

  /// Reads one more piece; false when there is none.
  mutating func grow() throws(ReaderFailure) -> Bool {
    guard !hasEnded else { return false }
    if try source(InputWindow.piece, &bytes) == 0 {
      hasEnded = true
      return false
    }
    return true
  }

  /// Reads until `count` bytes stand in the window; false when the file ends before.
  mutating func fill(to count: Int) throws(ReaderFailure) -> Bool {
    while bytes.count < count {
      guard try grow() else { return false }
    }
    return true
  }

  /// Where `byte` stands next at or behind `start`, or nil when the file ends or `limit` is reached before.
  mutating func find(_ byte: UInt8, from start: Int, limit: Int) throws(ReaderFailure) -> Int? {
    var from = start
    while true {
      let found = unsafe bytes.withUnsafeBufferPointer { window -> Int? in
        guard from < window.count, let base = window.baseAddress,
          let hit = unsafe memchr(base + from, CInt(byte), window.count - from)
        else { return nil }
        return unsafe UnsafeRawPointer(hit) - UnsafeRawPointer(base)
      }
      if let found { return found }
      from = max(from, bytes.count)
      guard bytes.count - start <= limit, try grow() else { return nil }
    }
  }

  /// Forgets the first `count` bytes.
  mutating func drop(_ count: Int) {
    bytes.removeSubrange(0..<count)
    base += count
  }
}
