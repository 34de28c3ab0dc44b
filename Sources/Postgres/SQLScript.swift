/// Cuts a file of SQL into statements, because Citus takes most kinds of them only one by one.
package enum SQLScript {
  /// The statements without their semicolon, without comments in front; empty ones are left out.
  ///
  /// Knows `'…'`, `"…"` and `E'…'` with their doublings and escapes, `$tag$…$tag$`, `--` and nested `/* */` comments, and
  /// semicolons inside parentheses. `BEGIN ATOMIC` bodies, psql's backslash commands and data behind `COPY` are not
  /// known; the server refuses what comes of them. What is never closed reaches to the end.
  package static func statements(in text: String) -> [String] {
    var lexer = Lexer(bytes: Array(text.utf8))
    return lexer.statements()
  }

  private struct Lexer {
    let bytes: [UInt8]
    var at = 0

    mutating func statements() -> [String] {
      var found: [String] = []
      var start: Int?
      var depth = 0
      func close(at end: Int) {
        guard let first = start else { return }
        var last = end
        while last > first, Lexer.isSpace(bytes[last - 1]) { last -= 1 }
        if last > first { found.append(String(decoding: bytes[first..<last], as: UTF8.self)) }
        start = nil
      }
      while at < bytes.count {
        let byte = bytes[at]
        if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-") {
          skipLineComment()
          continue
        }
        if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
          skipBlockComment()
          continue
        }
        if byte == UInt8(ascii: ";"), depth == 0 {
          close(at: at)
          at += 1
          continue
        }
        if start == nil, !Lexer.isSpace(byte) { start = at }
        switch byte {
        case UInt8(ascii: "'"): skipQuoted(byte, escapes: false)
        case UInt8(ascii: "\""): skipQuoted(byte, escapes: false)
        case UInt8(ascii: "$"): skipDollarQuoted()
        case UInt8(ascii: "("), UInt8(ascii: ")"):
          depth = max(0, depth + (byte == UInt8(ascii: "(") ? 1 : -1))
          at += 1
        case let byte where Lexer.startsName(byte): skipName()
        case UInt8(ascii: "0")...UInt8(ascii: "9"): skipName()
        default: at += 1
        }
      }
      close(at: bytes.count)
      return found
    }

    func peek(_ distance: Int) -> UInt8? { at + distance < bytes.count ? bytes[at + distance] : nil }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

    static func startsName(_ byte: UInt8) -> Bool {
      byte >= 0x80 || byte == UInt8(ascii: "_")
        || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    static func continuesName(_ byte: UInt8) -> Bool {
      startsName(byte) || byte == UInt8(ascii: "$") || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    /// A name or key word; a `$` inside it starts no quote, an `E` alone before a quote makes escapes count.
    mutating func skipName() {
      let start = at
      while at < bytes.count, Lexer.continuesName(bytes[at]) { at += 1 }
      if at - start == 1, bytes[start] | 0x20 == UInt8(ascii: "e"), peek(0) == UInt8(ascii: "'") {
        skipQuoted(UInt8(ascii: "'"), escapes: true)
      }
    }

    mutating func skipQuoted(_ quote: UInt8, escapes: Bool) {
      at += 1
      while at < bytes.count {
        if escapes, bytes[at] == UInt8(ascii: "\\") {
          at += 2
        } else if bytes[at] == quote {
          at += 1
          guard peek(0) == quote else { return }
          at += 1
        } else {
          at += 1
        }
      }
      at = min(at, bytes.count)
    }

    mutating func skipDollarQuoted() {
      var end = at + 1
      while end < bytes.count, Lexer.continuesName(bytes[end]), bytes[end] != UInt8(ascii: "$") { end += 1 }
      let isTag =
        end < bytes.count && bytes[end] == UInt8(ascii: "$") && (end == at + 1 || Lexer.startsName(bytes[at + 1]))
      guard isTag else {
        at += 1  // a parameter ($1) or a stray sign
        return
      }
      let tag = bytes[at...end]
      at = end + 1
      while at < bytes.count {
        if bytes[at] == UInt8(ascii: "$"), at + tag.count <= bytes.count, bytes[at..<at + tag.count] == tag {
          at += tag.count
          return
        }
        at += 1
      }
    }

    mutating func skipLineComment() {
      while at < bytes.count, bytes[at] != 0x0A { at += 1 }
    }

    mutating func skipBlockComment() {
      var depth = 0
      while at < bytes.count {
        if bytes[at] == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
          depth += 1
          at += 2
        } else if bytes[at] == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
          depth -= 1
          at += 2
          if depth == 0 { return }
        } else {
          at += 1
        }
      }
    }
  }
}
