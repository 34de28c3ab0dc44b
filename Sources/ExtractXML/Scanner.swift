internal import Bytes
internal import Records

/// Cuts the outer structure into tokens and knows where each stands; whether it is well-formed is for ``PushParser`` to say.
struct Scanner {
  /// The elements it knows; of a check-in or assessment file only the first and CHUKYDONVI mean something.
  enum Element: Int {
    case dossier
    case file
    case label
    case content
    case facility
    case count
    case date
    case unit
    case signature
    case other
  }

  enum Token {
    case open(Element)
    /// Also behind the opening token of `<X/>`.
    case close(Element)
    /// A comment, a processing instruction or CDATA.
    case other
    case doctype
  }

  /// The largest dossier as delivered: 16 MiB of records in Base64, and its frame.
  static let largestDossier = 24 << 20
  static let longestTag = 64 * 1024

  var window: InputWindow
  var names = Scanner.names(dossier: "HOSO")
  /// Where it stands in the window.
  var at = 0
  /// Open elements.
  private(set) var depth = 0
  /// Where the last token begins.
  private(set) var tokenStart = 0
  /// The name in the last tag that was read for its name.
  private(set) var nameRange = 0..<0
  /// Where the content of the innermost element begins, as long as no element stands in it; else -1.
  var leafStart = -1
  /// Start of the open dossier, or -1.
  var dossierStart = -1
  /// Set between the opening and the closing token of `<X/>`.
  private(set) var selfClosing: Element?

  /// Why ``next(naming:)`` could not go on: `<!` begins nothing known there.
  private(set) var isBroken = false

  init(window: InputWindow) { self.window = window }

  /// - Parameter dossier: nil where nothing is one: a name that no element can have then keeps its place.
  static func names(dossier: String?) -> NameTable {
    NameTable([
      dossier ?? "/", "FILEHOSO", "LOAIHOSO", "NOIDUNGFILE", "MACSKCB", "SOLUONGHOSO", "NGAYLAP", "THONGTINDONVI",
      "CHUKYDONVI",
    ])
  }

  /// How many more bytes may be looked at before something ends.
  var room: Int {
    dossierStart < 0 ? Scanner.largestDossier : Scanner.largestDossier - (at - dossierStart)
  }

  /// The next piece of mark-up. Nil at the end of the file, or when it cannot go on.
  mutating func next(naming: Bool = true) throws(ReaderFailure) -> Token? {
    if let element = selfClosing {
      selfClosing = nil
      tokenStart = at
      depth -= 1
      return .close(element)
    }
    guard let start = try window.find(UInt8(ascii: "<"), from: at, limit: room) else { return nil }
    tokenStart = start
    _ = try window.fill(to: start + 9)
    guard start + 1 < window.bytes.count else { return nil }
    let isClosing = window.bytes[start + 1] == UInt8(ascii: "/")
    switch window.bytes[start + 1] {
    case UInt8(ascii: "?"):
      return try skip(to: "?>", from: start + 2)
    case UInt8(ascii: "!"):
      if window.has("<!--", at: start) { return try skip(to: "-->", from: start + 4) }
      if window.has("<![CDATA[", at: start) { return try skip(to: "]]>", from: start + 9) }
      if window.has("<!DOCTYPE", at: start) { return .doctype }
      // cut off inside one of the three, the file is not broken
      let rest = window.bytes[start...].prefix(9)
      isBroken = !["<!--", "<![CDATA[", "<!DOCTYPE"].contains { $0.utf8.starts(with: rest) }
      return nil
    default: break
    }
    guard let end = try window.tagEnd(from: start, limit: Scanner.longestTag), end - start <= Scanner.longestTag else {
      return nil
    }
    at = end + 1
    var element = Element.other
    if naming {
      nameRange = window.name(from: start + (isClosing ? 2 : 1), to: end)
      element = window.number(of: nameRange, in: names).flatMap(Element.init(rawValue:)) ?? .other
    }
    if isClosing {
      depth -= 1
      return .close(element)
    }
    depth += 1
    if window.bytes[end - 1] == UInt8(ascii: "/") { selfClosing = element }
    return .open(element)
  }

  /// Moves behind `mark`.
  private mutating func skip(to mark: StaticString, from start: Int) throws(ReaderFailure) -> Token? {
    let length = mark.utf8CodeUnitCount
    var from = start + length - 1
    while true {
      guard let end = try window.find(UInt8(ascii: ">"), from: from, limit: room) else { return nil }
      if window.has(mark, at: end + 1 - length) {
        at = end + 1
        return .other
      }
      from = end + 1
    }
  }

  /// The text of the element that the last token closes, trimmed, at most 64 bytes of it; empty when it holds elements.
  func leafText() -> String {
    guard leafStart >= 0, let text = window.plainText(leafStart..<tokenStart) else { return "" }
    return String(decoding: text[Text.trimmed(text.span)].prefix(64), as: UTF8.self)
  }

  /// Forgets what stands before `end`, when that is much: cutting costs a copy of what stays. False when nothing was forgotten.
  mutating func forget(upTo end: Int) -> Bool {
    guard end >= InputWindow.piece || end == window.bytes.count else { return false }
    window.drop(end)
    at -= end
    tokenStart -= end
    if dossierStart >= 0 { dossierStart -= end }
    if leafStart >= 0 { leafStart -= end }
    return true
  }
}
