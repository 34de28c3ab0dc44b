internal import Bytes
internal import Glibc
internal import Records

/// The XML declaration of a file: `<?xml version="1.0" encoding="…" standalone="…"?>`.
struct Declaration {
  var encoding: String?

  /// Nil when it is not well-formed.
  init?(_ bytes: ArraySlice<UInt8>) {
    var rest = Substring(String(decoding: bytes, as: UTF8.self))
    guard rest.hasPrefix("<?xml"), rest.hasSuffix("?>") else { return nil }
    rest = rest.dropFirst(5).dropLast(2)
    var seen: [String] = []
    while true {
      rest = rest.drop { $0.isWhitespace }
      if rest.isEmpty { break }
      guard let equals = rest.firstIndex(of: "=") else { return nil }
      let name = rest[..<equals].filter { !$0.isWhitespace }
      rest = rest[rest.index(after: equals)...].drop { $0.isWhitespace }
      guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: quote) else { return nil }
      let value = rest[..<end]
      rest = rest[rest.index(after: end)...]
      switch name {
      case "version":
        guard value.hasPrefix("1.") else { return nil }
      case "encoding": encoding = String(value)
      case "standalone":
        guard value == "yes" || value == "no" else { return nil }
      default: return nil
      }
      seen.append(String(name))
    }
    guard seen.first == "version", Set(seen).count == seen.count else { return nil }
  }
}

/// The encodings an XML file may have here: UTF-8, UTF-16, US-ASCII, windows-1258 (reliability rules, section 6).
enum Encoding {
  static func isUTF8(_ name: String) -> Bool {
    ["UTF-8", "UTF8", "US-ASCII", "ASCII"].contains(name.uppercased())
  }

  /// The name for `iconv` of a one-byte encoding we read.
  static func narrow(_ name: String) -> String? {
    switch name.uppercased() {
    case "WINDOWS-1258", "CP1258": "CP1258"
    default: nil
    }
  }

  /// UTF-16, told by its byte order mark or by the zero bytes of `<?` or `<G`.
  static func wide(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= 4 else { return nil }
    switch (bytes[0], bytes[1], bytes[2], bytes[3]) {
    case (0xFF, 0xFE, _, _): return "UTF-16"
    case (0xFE, 0xFF, _, _): return "UTF-16"
    case (0x3C, 0, _, 0): return "UTF-16LE"
    case (0, 0x3C, 0, _): return "UTF-16BE"
    default: return nil
    }
  }
}

/// Turns another encoding into UTF-8 while reading, with the C library's `iconv`.
@safe final class Transcoder {
  private let descriptor: iconv_t
  private var window: InputWindow
  private var at = 0

  init(from name: String, window: InputWindow) throws(ReaderFailure) {
    guard let descriptor = unsafe iconv_open("UTF-8", name), unsafe descriptor != iconv_t(bitPattern: -1) else {
      throw .input(EINVAL)
    }
    unsafe self.descriptor = descriptor
    self.window = window
  }

  deinit { unsafe iconv_close(descriptor) }

  /// The converted bytes. A byte sequence that the encoding does not have becomes U+FFFD; half a character at the end of the file too.
  var source: ByteSource {
    { (most, target) throws(ReaderFailure) in
      let before = target.count
      while target.count == before {
        let isMore = try self.window.fill(to: self.at + 1)
        guard isMore else { return 0 }
        if self.window.bytes.count - self.at < 4 { _ = try self.window.fill(to: self.at + 4) }
        self.convert(most, &target)
        if self.at > 0 {
          self.window.drop(self.at)
          self.at = 0
        }
      }
      return target.count - before
    }
  }

  private func convert(_ most: Int, _ target: inout [UInt8]) {
    var output = [UInt8](repeating: 0, count: most)
    var input = window.bytes
    var taken = 0
    var made = 0
    var isBroken = false
    unsafe input.withUnsafeMutableBytes { input in
      unsafe output.withUnsafeMutableBytes { output in
        var from = unsafe (input.baseAddress! + at).assumingMemoryBound(to: CChar.self) as UnsafeMutablePointer<CChar>?
        var fromLeft = input.count - at
        var to = unsafe output.baseAddress!.assumingMemoryBound(to: CChar.self) as UnsafeMutablePointer<CChar>?
        var toLeft = output.count
        let result = unsafe iconv(descriptor, &from, &fromLeft, &to, &toLeft)
        if result == Int.max || result == -1 || result == Int(bitPattern: UInt.max) {
          isBroken = errno == EILSEQ || (errno == EINVAL && toLeft == output.count)
        }
        taken = input.count - at - fromLeft
        made = output.count - toLeft
      }
    }
    at += taken
    target.append(contentsOf: output[..<made])
    if isBroken && at < window.bytes.count {
      target.append(contentsOf: [0xEF, 0xBF, 0xBD])
      at += 1
    }
  }
}

/// A document given as text inside an element: escaped or in CDATA.
enum TextContent {
  /// The text with CDATA opened and references resolved; nil when the content begins with an element.
  static func document(_ raw: Span<UInt8>) -> [UInt8]? {
    var text: [UInt8] = []
    var i = 0
    let cdata = Array("<![CDATA[".utf8)
    while i < raw.count {
      if raw[i] == UInt8(ascii: "<") {
        guard i + cdata.count <= raw.count else { return nil }
        for k in cdata.indices where raw[i + k] != cdata[k] { return nil }
        i += cdata.count
        while i < raw.count {
          if i + 2 < raw.count, raw[i] == 0x5D, raw[i + 1] == 0x5D, raw[i + 2] == UInt8(ascii: ">") { break }
          text.append(raw[i])
          i += 1
        }
        i += 3
      } else if raw[i] == UInt8(ascii: "&") {
        var close = i + 1
        while close < raw.count, close - i < 12, raw[close] != UInt8(ascii: ";") { close += 1 }
        guard close < raw.count else { return text }
        let scalar = unsafe raw.extracting(i + 1..<close).withUnsafeBufferPointer { unsafe Reference.scalar($0) }
        if let scalar { text.append(contentsOf: Array(String(Character(scalar)).utf8)) }
        i = close + 1
      } else {
        text.append(raw[i])
        i += 1
      }
    }
    return text
  }
}
