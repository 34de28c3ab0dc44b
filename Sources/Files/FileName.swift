/// The name of a file: one path component of 1 to 128 bytes of `[A-Za-z0-9._-]` that does not start with `.` or `-` nor
/// end in `.part`.
///
/// It may come from a hospital and then say more than it should; printing it shows ``text`` only where that is asked
/// for by name.
package struct FileName: Sendable, Hashable {
  /// The name as it is written on disk.
  package let text: String

  /// Why bytes are not a name we accept.
  package enum Flaw: Error, Sendable, Hashable {
    case empty
    case tooLong(byteCount: Int)
    /// `offset` counts from 0.
    case forbiddenByte(offset: Int)
    case leadingDot
    case leadingDash
    /// Ends in `.part`: the sender is still writing it.
    case unfinished
  }

  package init(_ bytes: some Collection<UInt8>) throws(Flaw) {
    guard let first = bytes.first else { throw .empty }
    guard bytes.count <= 128 else { throw .tooLong(byteCount: bytes.count) }
    if first == UInt8(ascii: ".") { throw .leadingDot }
    if first == UInt8(ascii: "-") { throw .leadingDash }
    for (offset, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        break
      default:
        throw .forbiddenByte(offset: offset)
      }
    }
    if bytes.suffix(5).elementsEqual(".part".utf8) { throw .unfinished }
    text = String(decoding: bytes, as: UTF8.self)
  }

  package init(_ text: String) throws(Flaw) {
    try self.init(text.utf8)
  }

  /// A name written in the program itself; one that is not allowed is our mistake.
  package init(fixed text: StaticString) {
    do {
      try self.init(text.description)
    } catch {
      preconditionFailure("a file name in the program is not allowed: \(error)")
    }
  }

  /// The name of immutable content: its hash, then `suffix` (for example `.zst`).
  package init(_ hash: ContentHash, suffix: StaticString = "") {
    let tail = suffix.description
    do {
      try self.init(hash.hex + tail)
    } catch {
      preconditionFailure("a file name suffix in the program is not allowed: \(error)")
    }
  }
}

extension FileName: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "‹file name›" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
