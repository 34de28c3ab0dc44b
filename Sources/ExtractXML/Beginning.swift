internal import Bytes
internal import Findings
internal import Records

extension Scanner {
  /// How a file begins: its encoding, its declaration, and whether it wants to be XML at all.
  struct Beginning {
    /// As a receipt names it.
    var encoding = "UTF-8"
    /// Where the document begins in the window, behind byte order mark and declaration.
    var bodyStart = 0
    /// Why it cannot be read.
    var refusal: FindingCode?

    fileprivate func refused(_ letter: Unicode.Scalar, _ number: UInt8) -> Beginning {
      var beginning = self
      beginning.refusal = FindingCode(letter, number)
      return beginning
    }
  }

  /// Looks at the first bytes of the file; then the scanner stands at the document's first `<`, and its window yields UTF-8.
  mutating func begin() throws(ReaderFailure) -> Beginning {
    var beginning = Beginning()
    _ = try window.fill(to: 4)
    guard !window.bytes.isEmpty else { return beginning.refused("S", 1) }
    switch Encoding.beginning(window.bytes.span) {
    case .bytes: break
    case .unsupported: return beginning.refused("S", 20)
    case .wide(let name):
      try transcode(from: name)
      beginning.encoding = name
    }
    let hasMark = window.has("\u{FEFF}", at: 0)
    if hasMark { at = 3 }
    _ = try window.fill(to: at + 6)
    let hasDeclaration = Declaration.begins(window.bytes.span, at: at)
    if hasDeclaration {
      _ = try window.fill(to: at + Declaration.longest)
      guard let declaration = Declaration(window.bytes.span, at: at) else {
        let isCut = window.hasEnded && !window.bytes[at...].contains(UInt8(ascii: ">"))
        return beginning.refused(isCut ? "S" : "A", isCut ? 4 : 1)
      }
      if beginning.encoding == "UTF-8" {  // else it has been converted already
        switch Encoding.declared(declaration.encoding) {
        case .utf8: break
        case .narrow where hasMark: return beginning.refused("S", 20)  // nobody can say which of the two is wrong
        case .narrow(let name):  // the declaration itself is ASCII and stays what it is
          try transcode(from: name)
          beginning.encoding = name
        case .unsupported: return beginning.refused("S", 20)
        }
      }
      at += declaration.count
      _ = try window.fill(to: at)
    }
    beginning.bodyStart = at
    while true {
      skipBlanks()
      if at < window.bytes.count { break }
      guard at <= Scanner.longestTag else { return beginning.refused("S", 2) }
      guard try window.grow() else { return beginning.refused("S", hasDeclaration ? 4 : 1) }
    }
    return window.bytes[at] == UInt8(ascii: "<") ? beginning : beginning.refused("S", 2)
  }

  /// Moves over the white space that stands in the window.
  mutating func skipBlanks() {
    while at < window.bytes.count, Text.isSpace(window.bytes[at]) { at += 1 }
  }

  private mutating func transcode(from name: String) throws(ReaderFailure) {
    window = try InputWindow(source: Transcoder(from: name, window: window).source)
    _ = try window.fill(to: 6)
  }
}
