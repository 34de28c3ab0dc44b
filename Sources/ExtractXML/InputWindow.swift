internal import Bytes
internal import Glibc
internal import Records

/// Yields the file's bytes in pieces: appends up to `most` of them and says how many; 0 at the end.
typealias ByteSource = (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int

/// The part of the file that is being looked at: it grows at its end and is cut at its front, so memory does not depend on the
/// file's size.
struct InputWindow {
  private let source: ByteSource
  private(set) var bytes: [UInt8] = []
  /// Offset of `bytes[0]` in the file.
  private(set) var base = 0
  private(set) var hasEnded = false
  /// The most bytes that stood in the window at once.
  private(set) var largest = 0

  static let piece = 256 * 1024

  init(source: @escaping ByteSource) { self.source = source }

  /// Reads one more piece; false when there is none.
  mutating func grow() throws(ReaderFailure) -> Bool {
    guard !hasEnded else { return false }
    if try source(InputWindow.piece, &bytes) == 0 {
      hasEnded = true
      return false
    }
    largest = max(largest, bytes.count)
    return true
  }

  /// Reads until `count` bytes stand in the window; false when the file ends before.
  mutating func fill(to count: Int) throws(ReaderFailure) -> Bool {
    while bytes.count < count {
      guard try grow() else { return false }
    }
    return true
  }

  /// Where `byte` stands next at or behind `start`, or nil when the file ends or more than `limit` bytes were looked at.
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

  /// The offset of the `>` that ends the tag beginning at `start`; one inside quotes does not count. Nil as in ``find(_:from:limit:)``.
  mutating func tagEnd(from start: Int, limit: Int) throws(ReaderFailure) -> Int? {
    var from = start
    while true {
      let hit = unsafe bytes.withUnsafeBufferPointer { window -> Int? in
        var i = from
        while i < window.count {
          let byte = unsafe window[i]
          if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return i }
          i &+= 1
        }
        return nil
      }
      guard let hit else {
        from = max(from, bytes.count)
        guard bytes.count - start <= limit, try grow() else { return nil }
        continue
      }
      if bytes[hit] == UInt8(ascii: ">") { return hit }
      guard let closing = try find(bytes[hit], from: hit + 1, limit: limit - (hit - start)) else { return nil }
      from = closing + 1
    }
  }

  /// Whether the bytes at `offset` are those of `mark`, as far as they stand in the window.
  func has(_ mark: StaticString, at offset: Int) -> Bool { bytes.span.has(mark, at: offset) }

  /// Whether only white space stands in `range`.
  func isBlank(_ range: Range<Int>) -> Bool { Text.trimmed(bytes.span.extracting(range)).isEmpty }

  /// What stands in an element that holds no elements (``TextContent``).
  func plainText(_ range: Range<Int>) -> [UInt8]? { TextContent.plain(bytes.span.extracting(range)) }

  /// The name that begins at `start` of a tag that ends at `end`.
  func name(from start: Int, to end: Int) -> Range<Int> {
    let bytes = bytes.span
    var i = start
    while i < end, !Text.isSpace(bytes[i]), bytes[i] != UInt8(ascii: "/") { i += 1 }
    return start..<max(start, i)
  }

  /// The number of the name at `range`.
  func number(of range: Range<Int>, in names: NameTable) -> Int? { names.number(of: bytes.span.extracting(range)) }

  /// Forgets the first `count` bytes.
  mutating func drop(_ count: Int) {
    bytes.removeSubrange(0..<count)
    base += count
  }
}

extension Span<UInt8> {
  /// Whether the bytes at `offset` are those of `mark`.
  func has(_ mark: StaticString, at offset: Int) -> Bool {
    let length = mark.utf8CodeUnitCount
    guard offset + length <= count else { return false }
    for i in 0..<length where unsafe self[offset + i] != mark.utf8Start[i] { return false }
    return true
  }
}
