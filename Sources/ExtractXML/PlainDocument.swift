internal import Bytes
internal import Records

/// Reads the inner documents that nearly every hospital system writes: elements and text, nothing else, in UTF-8.
///
/// It accepts a strict part of XML 1.0 (an XML declaration, elements without attributes and with ASCII names, text, the five
/// predefined entities, character references, CDATA) and judges it as libxml2 does; of anything else it says nil, and the whole document
/// goes to ``SAXDocument``. Values are not copied. Tests hold the two against each other on every sample and on mutations of them.
enum PlainDocument {
  private static let nameStart: UInt8 = 1
  private static let nameByte: UInt8 = 2

  /// Bit 0: may begin a name; bit 1: may stand in a name.
  private static let classes: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 256)
    for byte in 0x41...0x5A { table[byte] = 3 }
    for byte in 0x61...0x7A { table[byte] = 3 }
    table[0x5F] = 3
    for byte in 0x30...0x39 { table[byte] = 2 }
    table[0x2D] = 2
    table[0x2E] = 2
    return table
  }()

  /// Reads `document` into `builder`.
  ///
  /// - Parameter base: offset of the document in the dossier's text, which cells are counted from.
  /// - Returns: true when it was read and is well-formed, false when it surely is not, nil when ``SAXDocument`` has to judge it.
  static func read(_ document: UnsafeBufferPointer<UInt8>, base: Int, into builder: inout RowBuilder) -> Bool? {
    guard let hasCarriageReturn = unsafe plainText(document) else { return nil }
    guard var i = unsafe skipDeclaration(document) else { return nil }
    let end = document.count
    // open elements: where their names stand in the document
    return unsafe withUnsafeTemporaryAllocation(of: (start: Int, count: Int).self, capacity: 66) { open -> Bool? in
      unsafe classes.withUnsafeBufferPointer { classes -> Bool? in
        var depth = 0
        var hasEnded = false
        // the field being read: where its text begins, or in the scratch
        var textStart = 0
        var textEnd = 0
        var isInScratch = false
        var scratchStart = 0
        while i < end {
          if unsafe document[i] != UInt8(ascii: "<") {
            // text up to the next mark-up
            let start = i
            var needsWork = false
            while i < end {
              let byte = unsafe document[i]
              if byte == UInt8(ascii: "<") { break }
              if byte == UInt8(ascii: "&") { needsWork = true }
              if byte == UInt8(ascii: ">"), i >= start + 2, unsafe document[i - 1] == 0x5D,
                unsafe document[i - 2] == 0x5D
              {
                return nil  // "]]>" in text: let the library judge
              }
              i &+= 1
            }
            if depth == 0 {
              for k in start..<i where unsafe !Text.isSpace(document[k]) { return nil }
              continue
            }
            guard builder.isInField else {
              if needsWork { return nil }
              continue
            }
            if isInScratch || needsWork || hasCarriageReturn {
              if !isInScratch {
                isInScratch = true
                scratchStart = builder.scratch.count
                if textEnd > textStart {
                  unsafe append(document, textStart, textEnd, hasCarriageReturn, onto: &builder.scratch)
                }
              }
              guard unsafe appendText(document, start, i, onto: &builder.scratch) else { return nil }
            } else if textEnd == textStart {
              (textStart, textEnd) = (start, i)
            } else {
              // text that follows a nested element: keep it together in the scratch
              isInScratch = true
              scratchStart = builder.scratch.count
              unsafe append(document, textStart, textEnd, false, onto: &builder.scratch)
              unsafe append(document, start, i, false, onto: &builder.scratch)
            }
            continue
          }
          // mark-up
          i &+= 1
          guard i < end else { return nil }
          let byte = unsafe document[i]
          if byte == UInt8(ascii: "/") {
            guard depth > 0 else { return nil }
            let name = unsafe open[depth - 1]
            i &+= 1
            guard i &+ name.count < end else { return nil }
            for k in 0..<name.count where unsafe document[i &+ k] != document[name.start &+ k] { return nil }
            i &+= name.count
            while i < end, unsafe Text.isSpace(document[i]) { i &+= 1 }
            guard i < end, unsafe document[i] == UInt8(ascii: ">") else { return nil }
            i &+= 1
            depth &-= 1
            let cell: TableRecords.Cell
            if isInScratch {
              cell = builder.scratchCell(from: scratchStart)
            } else {
              var low = textStart
              var high = textEnd
              while low < high, unsafe Text.isSpace(document[low]) { low &+= 1 }
              while high > low, unsafe Text.isSpace(document[high &- 1]) { high &-= 1 }
              cell = TableRecords.Cell(
                offset: UInt32(truncatingIfNeeded: base &+ low), length: UInt32(truncatingIfNeeded: high &- low))
            }
            builder.close(cell)
            (textStart, textEnd, isInScratch) = (0, 0, false)
            if depth == 0 { hasEnded = true }
          } else if unsafe classes[Int(byte)] & nameStart != 0 {
            guard !hasEnded, depth < 65 else { return nil }
            let start = i
            repeat { i &+= 1 } while unsafe i < end && classes[Int(document[i])] & nameByte != 0
            let count = i - start
            while i < end, unsafe Text.isSpace(document[i]) { i &+= 1 }
            guard i < end else { return nil }
            unsafe builder.open(UnsafeBufferPointer(rebasing: document[start..<start + count]))
            (textStart, textEnd, isInScratch) = (0, 0, false)
            if unsafe document[i] == UInt8(ascii: ">") {
              unsafe open[depth] = (start, count)
              depth &+= 1
              i &+= 1
            } else if i + 1 < end, unsafe document[i] == UInt8(ascii: "/"), unsafe document[i + 1] == UInt8(ascii: ">")
            {
              i &+= 2
              builder.close(TableRecords.Cell(offset: UInt32(truncatingIfNeeded: base), length: 0))
              if depth == 0 { hasEnded = true }
            } else {
              return nil  // attributes, or something odd
            }
          } else if byte == UInt8(ascii: "!") {
            // only CDATA inside a field
            guard depth > 0, builder.isInField, i + 8 <= end, unsafe isCDATA(document, i) else { return nil }
            i &+= 8
            let start = i
            while true {
              guard i + 3 <= end else { return nil }
              if unsafe document[i] == 0x5D, unsafe document[i + 1] == 0x5D, unsafe document[i + 2] == UInt8(ascii: ">")
              {
                break
              }
              i &+= 1
            }
            if !isInScratch && textEnd > textStart {
              isInScratch = true
              scratchStart = builder.scratch.count
              unsafe append(document, textStart, textEnd, hasCarriageReturn, onto: &builder.scratch)
            }
            if isInScratch || hasCarriageReturn {
              if !isInScratch {
                isInScratch = true
                scratchStart = builder.scratch.count
              }
              unsafe append(document, start, i, hasCarriageReturn, onto: &builder.scratch)
            } else {
              (textStart, textEnd) = (start, i)
            }
            i &+= 3
          } else {
            return nil
          }
          if builder.fault == .wrongRoot || builder.fault == .tooDeep { return nil }
        }
        return hasEnded ? true : nil
      }
    }
  }

  /// Whether the bytes are UTF-8 of characters that XML allows: nil when not, else whether a carriage return stands among them.
  private static func plainText(_ document: UnsafeBufferPointer<UInt8>) -> Bool? {
    var i = 0
    let end = document.count
    var hasCarriageReturn = false
    while i < end {
      let byte = unsafe document[i]
      if byte < 0x80 {
        if byte < 0x20 {
          if byte == 0x0D {
            hasCarriageReturn = true
          } else if byte != 0x0A && byte != 0x09 {
            return nil
          }
        }
        i &+= 1
      } else if byte < 0xC2 {
        return nil
      } else if byte < 0xE0 {
        guard i + 1 < end, unsafe document[i + 1] & 0xC0 == 0x80 else { return nil }
        i &+= 2
      } else if byte < 0xF0 {
        guard i + 2 < end else { return nil }
        let second = unsafe document[i + 1]
        let third = unsafe document[i + 2]
        guard second & 0xC0 == 0x80, third & 0xC0 == 0x80 else { return nil }
        if byte == 0xE0 && second < 0xA0 || byte == 0xED && second > 0x9F { return nil }
        if byte == 0xEF && second == 0xBF && third >= 0xBE { return nil }  // U+FFFE, U+FFFF
        i &+= 3
      } else {
        guard byte < 0xF5, i + 3 < end else { return nil }
        let second = unsafe document[i + 1]
        guard second & 0xC0 == 0x80, unsafe document[i + 2] & 0xC0 == 0x80, unsafe document[i + 3] & 0xC0 == 0x80 else {
          return nil
        }
        if byte == 0xF0 && second < 0x90 || byte == 0xF4 && second > 0x8F { return nil }
        i &+= 4
      }
    }
    return hasCarriageReturn
  }

  /// The offset behind a byte order mark and a declaration that says UTF-8 or nothing; nil for any other declaration.
  private static func skipDeclaration(_ document: UnsafeBufferPointer<UInt8>) -> Int? {
    var i = 0
    if unsafe document.count >= 3 && document[0] == 0xEF && document[1] == 0xBB && document[2] == 0xBF { i = 3 }
    let known: [StaticString] = [
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<?xml version=\"1.0\"?>",
      "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>",
      "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>",
      "<?xml version=\"1.0\" encoding=\"utf-8\" ?>", "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>",
    ]
    if unsafe i + 5 <= document.count && document[i] == 0x3C && document[i + 1] == 0x3F {
      for declaration in known {
        let count = declaration.utf8CodeUnitCount
        if i + count <= document.count {
          var k = 0
          while k < count, unsafe document[i + k] == declaration.utf8Start[k] { k += 1 }
          if k == count { return i + count }
        }
      }
      return nil
    }
    while i < document.count, unsafe Text.isSpace(document[i]) { i += 1 }
    if unsafe i + 1 < document.count && document[i + 1] == 0x3F { return nil }
    return i
  }

  private static func isCDATA(_ document: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
    let mark: StaticString = "![CDATA["
    for k in 0..<8 where unsafe document[at + k] != mark.utf8Start[k] { return false }
    return true
  }

  /// Copies bytes; line ends CRLF and CR become LF, as XML 1.0, 2.11 wants.
  private static func append(
    _ document: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ hasCarriageReturn: Bool,
    onto scratch: inout [UInt8]
  ) {
    if !hasCarriageReturn {
      unsafe scratch.append(contentsOf: document[start..<end])
      return
    }
    var i = start
    while i < end {
      let byte = unsafe document[i]
      if byte == 0x0D {
        scratch.append(0x0A)
        if i + 1 < document.count, unsafe document[i + 1] == 0x0A { i += 1 }
      } else {
        scratch.append(byte)
      }
      i += 1
    }
  }

  /// Copies text with its references resolved; false when one is not predefined or no character.
  private static func appendText(
    _ document: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, onto scratch: inout [UInt8]
  ) -> Bool {
    var i = start
    while i < end {
      let byte = unsafe document[i]
      if byte == 0x0D {
        scratch.append(0x0A)
        if i + 1 < document.count, unsafe document[i + 1] == 0x0A { i += 1 }
        i += 1
      } else if byte == UInt8(ascii: "&") {
        var close = i + 1
        while close < end, close - i < 12, unsafe document[close] != UInt8(ascii: ";") { close += 1 }
        guard close < end, unsafe document[close] == UInt8(ascii: ";") else { return false }
        guard let scalar = unsafe Reference.scalar(UnsafeBufferPointer(rebasing: document[(i + 1)..<close])) else {
          return false
        }
        scratch.append(contentsOf: Array(String(Character(scalar)).utf8))
        i = close + 1
      } else {
        scratch.append(byte)
        i += 1
      }
    }
    return true
  }
}

/// Entity and character references of XML without a DTD.
enum Reference {
  /// The character that `amp`, `#160` or `#xA0` names; nil when it names none that XML 1.0 allows.
  static func scalar(_ name: UnsafeBufferPointer<UInt8>) -> Unicode.Scalar? {
    switch unsafe String(decoding: name, as: UTF8.self) {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    case let text where text.hasPrefix("#x"):
      return allowed(digits(text.dropFirst(2), radix: 16))
    case let text where text.hasPrefix("#"):
      return allowed(digits(text.dropFirst(), radix: 10))
    default: return nil
    }
  }

  private static func digits(_ text: Substring, radix: Int) -> UInt32? {
    guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
    return UInt32(text, radix: radix)
  }

  private static func allowed(_ value: UInt32?) -> Unicode.Scalar? {
    guard let value, let scalar = Unicode.Scalar(value) else { return nil }
    switch value {
    case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: return scalar
    default: return nil
    }
  }
}
