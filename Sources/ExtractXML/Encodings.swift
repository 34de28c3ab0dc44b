internal import Bytes
internal import Glibc
internal import Records

/// The XML declaration that a document begins with: `<?xml version="1.0" encoding="…" standalone="…"?>`.
struct Declaration {
  /// As written; nil when it names none.
  private(set) var encoding: String?
  /// From `<?xml` to `?>`, in bytes.
  private(set) var count = 0

  /// The longest declaration that is looked at.
  static let longest = 1024

  /// Whether `text` begins with a declaration (or something that wants to be one) at `offset`.
  static func begins(_ text: Span<UInt8>, at offset: Int) -> Bool {
    text.has("<?xml", at: offset) && offset + 5 < text.count && Text.isSpace(text[offset + 5])
  }

  /// Reads the declaration at `offset`; nil when it is not as XML 1.0, 2.8 wants it.
  init?(_ text: Span<UInt8>, at offset: Int) {
    guard Declaration.begins(text, at: offset) else { return nil }
    let end = min(text.count, offset + Declaration.longest)
    var i = offset + 5
    func skipSpaces() {
      while i < end, Text.isSpace(text[i]) { i += 1 }
    }
    /// ` name = "value"`, or nil when another name stands there.
    func value(_ name: StaticString) -> Range<Int>? {
      let before = i
      skipSpaces()
      guard i > before, text.has(name, at: i) else {
        i = before
        return nil
      }
      i += name.utf8CodeUnitCount
      skipSpaces()
      guard i < end, text[i] == UInt8(ascii: "=") else { return nil }
      i += 1
      skipSpaces()
      guard i < end, text[i] == UInt8(ascii: "\"") || text[i] == UInt8(ascii: "'") else { return nil }
      let quote = text[i]
      i += 1
      let start = i
      while i < end, text[i] != quote { i += 1 }
      guard i < end, i > start else { return nil }
      i += 1
      return start..<i - 1
    }
    guard let version = value("version"), version.count >= 3, text.has("1.", at: version.lowerBound),
      (version.lowerBound + 2..<version.upperBound).allSatisfy({ text[$0] >= 0x30 && text[$0] <= 0x39 })
    else { return nil }
    if let name = value("encoding") {
      guard text[name.lowerBound] | 0x20 >= 0x61, text[name.lowerBound] | 0x20 <= 0x7A else { return nil }
      encoding = name.reduce(into: "") { $0.unicodeScalars.append(Unicode.Scalar(text[$1])) }
    }
    if let standalone = value("standalone") {
      guard
        standalone.count == 2 && text.has("no", at: standalone.lowerBound)
          || standalone.count == 3 && text.has("yes", at: standalone.lowerBound)
      else { return nil }
    }
    skipSpaces()
    guard text.has("?>", at: i) else { return nil }
    count = i + 2 - offset
  }
}

/// The encodings an XML file may have here: UTF-8, UTF-16, US-ASCII, windows-1258 (reliability rules, section 6).
enum Encoding {
  /// What the first bytes say.
  enum Beginning: Equatable {
    case bytes
    /// UTF-16, told by its byte order mark or by the zero bytes beside the first `<`; the name is for `iconv`.
    case wide(String)
    /// UTF-32.
    case unsupported
  }

  static func beginning(_ text: Span<UInt8>) -> Beginning {
    guard text.count >= 4 else { return .bytes }
    switch (text[0], text[1], text[2], text[3]) {
    case (0xFF, 0xFE, 0, 0), (0, 0, 0xFE, 0xFF), (0x3C, 0, 0, 0), (0, 0, 0, 0x3C): return .unsupported
    case (0xFF, 0xFE, _, _), (0xFE, 0xFF, _, _): return .wide("UTF-16")
    case (0x3C, 0, _, 0): return .wide("UTF-16LE")
    case (0, 0x3C, 0, _): return .wide("UTF-16BE")
    default: return .bytes
    }
  }

  /// What a declaration written in single bytes says.
  enum Declared: Equatable {
    case utf8
    /// One byte a character; the name is for `iconv`.
    case narrow(String)
    case unsupported
  }

  /// A declaration that can be read byte by byte is not in UTF-16, whatever it says: programs that build it as a wide string and save it
  /// as UTF-8 leave that name behind. It is then read as UTF-8, and refused where it is not.
  static func declared(_ name: String?) -> Declared {
    switch name?.uppercased() {
    case nil, "UTF-8", "UTF8", "US-ASCII", "ASCII", "UTF-16", "UTF16": .utf8
    case "WINDOWS-1258", "CP1258": .narrow("CP1258")
    default: .unsupported
    }
  }
}

/// Turns another encoding into UTF-8 while reading, with the C library's `iconv`.
///
/// A byte sequence that the encoding does not have becomes a byte that UTF-8 does not have, so that the document is refused.
@safe final class Transcoder {
  private let descriptor: iconv_t
  private var window: InputWindow
  /// Window offset up to which it has been converted.
  private var at = 0
  private var output = [UInt8](repeating: 0, count: InputWindow.piece)
  private var needsMore = true
  private var isFlushed = false

  private static let invalid: UInt8 = 0xFF

  init(from name: String, window: InputWindow) throws(ReaderFailure) {
    guard let descriptor = unsafe iconv_open("UTF-8", name), unsafe descriptor != iconv_t(bitPattern: -1) else {
      throw .input(EINVAL)
    }
    unsafe self.descriptor = descriptor
    self.window = window
    needsMore = window.bytes.isEmpty
  }

  deinit { unsafe iconv_close(descriptor) }

  /// The converted bytes.
  var source: ByteSource {
    { (most, target) throws(ReaderFailure) in try self.read(most, &target) }
  }

  /// The whole of `text` in UTF-8.
  static func convert(_ text: [UInt8], from name: String) throws(ReaderFailure) -> [UInt8] {
    var isGiven = false
    let window = InputWindow { (_, target) throws(ReaderFailure) in
      if isGiven { return 0 }
      isGiven = true
      target.append(contentsOf: text)
      return text.count
    }
    let transcoder = try Transcoder(from: name, window: window)
    var result: [UInt8] = []
    while try transcoder.read(InputWindow.piece, &result) > 0 {}
    return result
  }

  private func read(_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
    let before = target.count
    while target.count == before {
      if needsMore, try !window.grow() {
        if at < window.bytes.count {
          target.append(Transcoder.invalid)  // half a character
          at = window.bytes.count
        } else if !isFlushed {
          isFlushed = true
          flush(&target)
        }
        break
      }
      convert(most, &target)
    }
    return target.count - before
  }

  private func convert(_ most: Int, _ target: inout [UInt8]) {
    var taken = 0
    var made = 0
    var error: CInt = 0
    unsafe window.bytes.withUnsafeBytes { window in
      let input = unsafe UnsafeRawBufferPointer(rebasing: window[at...])
      unsafe output.withUnsafeMutableBytes { output in
        // iconv reads through this pointer and never writes, though its signature would let it
        var from = unsafe UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: CChar.self)
        var fromLeft = input.count
        var to = unsafe output.baseAddress?.assumingMemoryBound(to: CChar.self)
        let room = min(most, output.count)
        var toLeft = room
        if unsafe iconv(descriptor, &from, &fromLeft, &to, &toLeft) == -1 { error = errno }
        taken = input.count - fromLeft
        made = room - toLeft
      }
    }
    target.append(contentsOf: output[..<made])
    if error == EILSEQ {
      target.append(Transcoder.invalid)
      taken += 1
    }
    at = min(at + taken, window.bytes.count)
    needsMore = error == EINVAL || at == window.bytes.count
    // cutting costs a copy of what stays: never more often than half of the window was used up
    if at * 2 >= window.bytes.count {
      window.drop(at)
      at = 0
    }
  }

  /// Windows-1258 keeps a letter back until it knows whether a tone mark follows.
  private func flush(_ target: inout [UInt8]) {
    var made = 0
    unsafe output.withUnsafeMutableBytes { output in
      var to = unsafe output.baseAddress?.assumingMemoryBound(to: CChar.self)
      var toLeft = output.count
      unsafe iconv(descriptor, nil, nil, &to, &toLeft)
      made = output.count - toLeft
    }
    target.append(contentsOf: output[..<made])
  }
}

/// What stands in an element that holds only text, however it is written: plain, escaped, in CDATA, between comments.
enum TextContent {
  /// The text with CDATA opened, references resolved and comments left out; nil when an element stands in it.
  ///
  /// Whether it is well-formed is not judged here.
  static func plain(_ raw: Span<UInt8>) -> [UInt8]? {
    var text: [UInt8] = []
    var i = 0
    while i < raw.count {
      let byte = raw[i]
      if byte == UInt8(ascii: "<") {
        let opening: Int
        let closing: StaticString
        if raw.has("<![CDATA[", at: i) {
          (opening, closing) = (9, "]]>")
        } else if raw.has("<!--", at: i) {
          (opening, closing) = (4, "-->")
        } else if raw.has("<?", at: i) {
          (opening, closing) = (2, "?>")
        } else {
          return nil
        }
        i += opening
        while i < raw.count, !raw.has(closing, at: i) {
          if opening == 9 { text.append(raw[i]) }
          i += 1
        }
        i += closing.utf8CodeUnitCount
      } else if byte == UInt8(ascii: "&") {
        let name = i + 1
        while i < raw.count, raw[i] != UInt8(ascii: ";") { i += 1 }
        if let scalar = Reference.scalar(raw, name..<i) { text.append(contentsOf: String(scalar).utf8) }
        i += 1
      } else {
        text.append(byte)
        i += 1
      }
    }
    return text
  }
}
