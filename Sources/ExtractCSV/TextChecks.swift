internal import Bytes
internal import CScan

/// Questions about bytes that are asked of the whole file, eight at a time where that is possible.
enum TextChecks {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  @inline(__always)
  private static func word(_ text: UnsafeBufferPointer<UInt8>, _ offset: Int) -> UInt64 {
    guard let base = text.baseAddress else { return 0 }
    return unsafe UInt64(littleEndian: UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self))
  }

  /// Where UTF-8 stops being well-formed.
  enum Ending: Equatable {
    /// Behind the last whole character; up to three bytes of one more may follow.
    case whole(Int)
    case bad(Int)
  }

  /// Checks `text` from `start` on, which is the beginning of a character.
  ///
  /// - Parameter hasControls: set when a control character is met that no text may hold.
  static func utf8(_ text: UnsafeBufferPointer<UInt8>, from start: Int, hasControls: inout Bool) -> Ending {
    guard let base = text.baseAddress else { return .whole(start) }
    var i = start
    let end = text.count
    while i < end {
      // sixteen bytes at a time as long as any letter that begins among them ends within the text
      while i &+ 20 <= end {
        let found = unsafe songhan_not_plain(base + i)
        var low = found & 0xFFFF
        let high = found &>> 16
        if high == 0 {
          if low != 0, unsafe holdsControl(text, i..<i &+ 16) { hasControls = true }
          i &+= 16
          continue
        }
        // how many of them are ASCII before the first that is not
        let plain = high.trailingZeroBitCount
        low &= 1 &<< UInt32(truncatingIfNeeded: plain) &- 1
        if low != 0, unsafe holdsControl(text, i..<i &+ plain) { hasControls = true }
        i &+= plain
        // letters of two and three bytes, as nearly all are; what follows them is looked at sixteen bytes at a time again
        let lead = unsafe text[i]
        if lead &- 0xC2 < 0x1E {
          if unsafe text[i &+ 1] & 0xC0 != 0x80 { return .bad(i) }
          i &+= 2
        } else if lead &- 0xE1 < 0x0C {
          let (second, third) = unsafe (text[i &+ 1], text[i &+ 2])
          if second & 0xC0 != 0x80 || third & 0xC0 != 0x80 { return .bad(i) }
          i &+= 3
        } else {
          break
        }
      }
      guard i < end else { break }
      let lead = unsafe text[i]
      if lead < 0x80 {
        if lead < 0x20, !Text.isSpace(lead) { hasControls = true }
        i &+= 1
        continue
      }
      var low: UInt8 = 0x80
      var high: UInt8 = 0xBF
      let length: Int
      switch lead {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, low) = (3, 0xA0)
      case 0xED: (length, high) = (3, 0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, low) = (4, 0x90)
      case 0xF4: (length, high) = (4, 0x8F)
      case 0xF1...0xF3: length = 4
      default: return .bad(i)
      }
      guard i &+ 1 < end else { return .whole(i) }
      let second = unsafe text[i &+ 1]
      guard second >= low, second <= high else { return .bad(i) }
      var k = 2
      while k < length {
        guard i &+ k < end else { return .whole(i) }
        if unsafe text[i &+ k] & 0xC0 != 0x80 { return .bad(i) }
        k &+= 1
      }
      i &+= length
    }
    return .whole(i)
  }

  private static func holdsControl(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    for i in range where unsafe text[i] < 0x20 && !Text.isSpace(text[i]) { return true }
    return false
  }

  /// The first byte from 0x80 on.
  static func firstHigh(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var i = start
    while i &+ 8 <= text.count, unsafe word(text, i) & highs == 0 { i &+= 8 }
    while i < text.count {
      if unsafe text[i] >= 0x80 { return i }
      i &+= 1
    }
    return nil
  }

  /// The first control character that neither XML nor PostgreSQL's text allows.
  static func firstControl(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var i = start
    while i < text.count {
      if i &+ 8 <= text.count, case let w = unsafe word(text, i), (w &- ones &* 0x20) & ~w & highs == 0 {
        i &+= 8
        continue
      }
      let byte = unsafe text[i]
      if byte < 0x20, !Text.isSpace(byte) { return i }
      i &+= 1
    }
    return nil
  }
}
