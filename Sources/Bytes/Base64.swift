/// Base64 (RFC 4648, section 4) over bytes, white space between the letters allowed.
package enum Base64 {
  /// How the letters were laid out: enough to write the very same text again.
  @frozen
  package enum Layout: Sendable, Hashable {
    /// Without any white space.
    case oneLine
    /// Broken after every `length` letters; `carriageReturn` tells CRLF from LF; `trailing` when the last line ends with a break too.
    case lines(length: Int, carriageReturn: Bool, trailing: Bool)
    /// Anything else: only the text itself can restore it.
    case irregular
  }

  static let invalid: UInt8 = 0xFF
  static let space: UInt8 = 0xFE

  @usableFromInline
  static let values: [UInt8] = {
    var table = [UInt8](repeating: invalid, count: 256)
    for (value, letter) in letters.enumerated() { table[Int(letter)] = UInt8(value) }
    for blank: UInt8 in [0x20, 0x09, 0x0A, 0x0D] { table[Int(blank)] = space }
    return table
  }()

  static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Decodes `text` onto the end of `output`; nil when it is not Base64 (then `output` is as before).
  package static func decode(_ text: Span<UInt8>, onto output: inout [UInt8]) -> Layout? {
    let before = output.count
    output.append(contentsOf: repeatElement(0, count: text.count / 4 * 3 + 3))
    let decoded = unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe values.withUnsafeBufferPointer { table in
        unsafe text.withUnsafeBufferPointer { source in
          unsafe decode(source, table, UnsafeMutableBufferPointer(rebasing: target[before...]))
        }
      }
    }
    output.removeLast(output.count - before - (decoded?.count ?? 0))
    guard let decoded else { return nil }
    if !decoded.isCanonical { return .irregular }
    return decoded.spaces == 0 ? .oneLine : layout(of: text, spaces: decoded.spaces)
  }

  /// How many bytes came out, how much white space stood between the letters, and whether the unused bits at the end are zero;
  /// nil when invalid. `target` has room for every quad of `source` and one more.
  private static func decode(
    _ source: UnsafeBufferPointer<UInt8>, _ table: UnsafeBufferPointer<UInt8>,
    _ target: UnsafeMutableBufferPointer<UInt8>
  ) -> (count: Int, spaces: Int, isCanonical: Bool)? {
    var i = 0
    var o = 0
    let end = source.count
    var spaces = 0
    var accumulator: UInt32 = 0
    var pending = 0
    var padding = 0
    while i < end {
      if pending == 0 && padding == 0 {
        while i + 4 <= end {
          let a = unsafe UInt32(table[Int(source[i])])
          let b = unsafe UInt32(table[Int(source[i + 1])])
          let c = unsafe UInt32(table[Int(source[i + 2])])
          let d = unsafe UInt32(table[Int(source[i + 3])])
          if (a | b | c | d) > 63 { break }
          let word = a << 18 | b << 12 | c << 6 | d
          unsafe target[o] = UInt8(truncatingIfNeeded: word >> 16)
          unsafe target[o + 1] = UInt8(truncatingIfNeeded: word >> 8)
          unsafe target[o + 2] = UInt8(truncatingIfNeeded: word)
          o += 3
          i += 4
        }
        if i == end { break }
      }
      let letter = unsafe source[i]
      let value = unsafe table[Int(letter)]
      i += 1
      if value < 64 {
        if padding > 0 { return nil }
        accumulator = accumulator << 6 | UInt32(value)
        pending += 1
        if pending == 4 {
          unsafe target[o] = UInt8(truncatingIfNeeded: accumulator >> 16)
          unsafe target[o + 1] = UInt8(truncatingIfNeeded: accumulator >> 8)
          unsafe target[o + 2] = UInt8(truncatingIfNeeded: accumulator)
          o += 3
          pending = 0
          accumulator = 0
        }
      } else if value == space {
        spaces += 1
      } else if letter == UInt8(ascii: "=") {
        padding += 1
      } else {
        return nil
      }
    }
    switch (pending, padding) {
    case (0, 0):
      return (o, spaces, true)
    case (2, 2):
      unsafe target[o] = UInt8(truncatingIfNeeded: accumulator >> 4)
      return (o + 1, spaces, accumulator & 0xF == 0)
    case (3, 1):
      unsafe target[o] = UInt8(truncatingIfNeeded: accumulator >> 10)
      unsafe target[o + 1] = UInt8(truncatingIfNeeded: accumulator >> 2)
      return (o + 2, spaces, accumulator & 0x3 == 0)
    default:
      return nil
    }
  }

  /// The layout of valid Base64 that holds `spaces` white-space bytes: regular when they are breaks after every line of one length.
  private static func layout(of text: Span<UInt8>, spaces: Int) -> Layout {
    var length = 0
    while !Text.isSpace(text[length]) { length += 1 }
    let carriageReturn = text[length] == 0x0D
    let width = carriageReturn ? 2 : 1
    let trailing = text[text.count - 1] == 0x0A
    let bodyEnd = text.count - (trailing ? width : 0)
    var breaks = trailing ? 1 : 0
    var at = length
    while at < bodyEnd {
      guard at + width < bodyEnd, text[at + width - 1] == 0x0A, !carriageReturn || text[at] == 0x0D else {
        return .irregular
      }
      breaks += 1
      at += width + length
    }
    guard length > 0, breaks * width == spaces, !trailing || !carriageReturn || text[text.count - 2] == 0x0D else {
      return .irregular
    }
    return .lines(length: length, carriageReturn: carriageReturn, trailing: trailing)
  }

  /// Writes `data` in the given layout onto `output`; `.irregular` is written as one line.
  package static func encode(_ data: Span<UInt8>, _ layout: Layout = .oneLine, onto output: inout OutputBuffer) {
    var length = Int.max
    var isCRLF = false
    var trailing = false
    if case .lines(let width, let carriageReturn, let last) = layout {
      (length, isCRLF, trailing) = (width, carriageReturn, last)
    }
    var column = 0
    func put(_ letter: UInt8) {
      if column == length {
        if isCRLF { output.append(0x0D) }
        output.append(0x0A)
        column = 0
      }
      output.append(letter)
      column += 1
    }
    var i = 0
    while i < data.count {
      let rest = data.count - i
      let a = UInt32(data[i])
      let b = rest > 1 ? UInt32(data[i + 1]) : 0
      let c = rest > 2 ? UInt32(data[i + 2]) : 0
      let word = a << 16 | b << 8 | c
      put(letters[Int(word >> 18)])
      put(letters[Int(word >> 12 & 63)])
      put(rest > 1 ? letters[Int(word >> 6 & 63)] : UInt8(ascii: "="))
      put(rest > 2 ? letters[Int(word & 63)] : UInt8(ascii: "="))
      i += 3
    }
    if trailing {
      if isCRLF { output.append(0x0D) }
      output.append(0x0A)
    }
  }
}
