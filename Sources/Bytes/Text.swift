@_spi(_Unicode) import Swift

/// Questions about UTF-8 text that need no `String`.
///
/// Public, with what runs once a byte: release builds inline only `public` functions into other modules, not `package` ones (Swift 6.3).
public enum Text {
  /// The range of `text` without white space (blank, tab, LF, CR) at both ends.
  @inlinable
  package static func trimmed(_ text: Span<UInt8>) -> Range<Int> {
    var start = 0
    var end = text.count
    while start < end, isSpace(text[start]) { start += 1 }
    while end > start, isSpace(text[end - 1]) { end -= 1 }
    return start..<end
  }

  @inlinable
  public static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (byte >= 0x09 && byte <= 0x0D && byte != 0x0B && byte != 0x0C)
  }

  /// How many characters (Unicode scalars) valid UTF-8 text has.
  @inlinable
  package static func characterCount(_ text: Span<UInt8>) -> Int {
    var count = 0
    for i in text.indices where text[i] & 0xC0 != 0x80 { count &+= 1 }
    return count
  }

  /// True when the text surely is in Unicode's composed form NFC; false means «ask ``composed(_:)``».
  ///
  /// Every scalar below U+0300 is composed; the Latin letters of Vietnamese (U+1EA0–U+1EF9) are too.
  @inlinable
  public static func isSurelyComposed(_ text: Span<UInt8>) -> Bool {
    var i = 0
    let end = text.count
    while i < end {
      if end &- i >= 8 {
        // on to the first of eight that is not ASCII
        let word = unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt64.self)
        let high = UInt64(littleEndian: word) & 0x8080_8080_8080_8080
        i &+= high.trailingZeroBitCount &>> 3
        if high == 0 { continue }
      }
      let byte = text[i]
      if byte < 0xC0 {
        i &+= 1
      } else if byte < 0xCC {
        i &+= 2
      } else if byte == 0xE1 && i + 1 < end && (text[i + 1] == 0xBA || text[i + 1] == 0xBB) {
        i &+= 3  // U+1E80–U+1EFF
      } else if byte == 0xE2 && i + 1 < end && text[i + 1] == 0x80 {
        // U+2000 and U+2001 (quads) decompose to U+2002 and U+2003; dashes, quotes and bullets stay
        if i + 2 < end && text[i + 2] < 0x82 { return false }
        i &+= 3
      } else {
        return false
      }
    }
    return true
  }

  /// The text in Unicode's composed form NFC.
  package static func composed(_ text: Span<UInt8>) -> [UInt8] {
    let string = unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for scalar in string._nfc {
      result.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrappedOrReplacement)
    }
    return result
  }

  /// Whether the bytes are well-formed UTF-8; the offset of the first byte that is not.
  package static func firstInvalidUTF8(_ text: Span<UInt8>) -> Int? {
    var i = 0
    let end = text.count
    while i < end {
      let lead = text[i]
      if lead < 0x80 {
        i += 1
        continue
      }
      var length = 0
      var low: UInt8 = 0x80
      var high: UInt8 = 0xBF
      switch lead {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, low) = (3, 0xA0)
      case 0xED: (length, high) = (3, 0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, low) = (4, 0x90)
      case 0xF4: (length, high) = (4, 0x8F)
      case 0xF1...0xF3: length = 4
      default: return i
      }
      guard i + length <= end, text[i + 1] >= low, text[i + 1] <= high else { return i }
      for k in 2..<max(length, 2) where text[i + k] & 0xC0 != 0x80 { return i }
      i += length
    }
    return nil
  }

  /// The first control character that XML 1.0 and PostgreSQL's text do not allow (all below U+0020 but tab, LF and CR).
  @inlinable
  package static func firstForbiddenControl(_ text: Span<UInt8>, from start: Int = 0) -> Int? {
    var i = start
    while i < text.count {
      let byte = text[i]
      if byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D { return i }
      i &+= 1
    }
    return nil
  }

  /// True when the text holds a letter or a digit; a dot or a dash alone is not information (known trap 4 of the rules).
  @inlinable
  package static func saysSomething(_ text: Span<UInt8>) -> Bool {
    for i in text.indices {
      let byte = text[i]
      if byte >= 0x80 || (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) { return true }
    }
    return false
  }
}

extension Optional where Wrapped == UTF8.EncodedScalar {
  fileprivate var unsafelyUnwrappedOrReplacement: UTF8.EncodedScalar { self ?? UTF8.encodedReplacementCharacter }
}
