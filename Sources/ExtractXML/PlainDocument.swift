internal import Bytes
internal import Records

/// Reads the inner documents that nearly every hospital system writes: rows of elements and text, nothing else.
///
/// It accepts a strict part of XML 1.0 (elements without attributes and with ASCII names, text, the five predefined entities, character
/// references, CDATA) and only what libxml2 would accept too; anything else it leaves to ``SAXDocument``. Values are not copied unless
/// they must be. Tests hold the two against each other on every shape and on mutations of them.
enum PlainDocument {
  private static let nameStart: UInt8 = 1
  private static let nameByte: UInt8 = 2
  /// Ends a run of text that needs no work.
  private static let special: UInt8 = 4

  private static let classes: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 256)
    for byte in 0x41...0x5A { table[byte] = nameStart | nameByte }
    for byte in 0x61...0x7A { table[byte] = nameStart | nameByte }
    table[0x5F] = nameStart | nameByte
    for byte in 0x30...0x39 { table[byte] = nameByte }
    for byte in "-.".utf8 { table[Int(byte)] = nameByte }
    for byte in "<&]\r".utf8 { table[Int(byte)] = special }
    return table
  }()

  /// Longer tags, longer white space around the root, and more unknown names are left to the library, which has limits for them.
  private static let longestTag = 1024
  private static let mostUnknownNames = 2048

  /// Reads `document` into `builder`; false when ``SAXDocument`` has to judge it, from the beginning.
  ///
  /// - Parameters:
  ///   - document: UTF-8 of characters that XML allows (``PlainText``), without byte order mark and declaration.
  ///   - base: offset of the document in the dossier's text, which cells are counted from.
  static func read(_ document: UnsafeBufferPointer<UInt8>, base: Int, into builder: inout RowBuilder) -> Bool {
    // open elements: where their names stand in the document
    let shape = builder.shape
    return unsafe withUnsafeTemporaryAllocation(of: (start: Int, count: Int).self, capacity: RowBuilder.deepest + 1) {
      open in
      unsafe classes.withUnsafeBufferPointer { classes in
        unsafe shape.nameBytes.withUnsafeBufferPointer { names in
          unsafe shape.starts.withUnsafeBufferPointer { starts in
            unsafe read(document, base, &builder, open, classes, names, starts)
          }
        }
      }
    }
  }

  /// Where the next byte stands, at or behind `i`, that ends a run of plain text; `end` when there is none.
  @inline(__always)
  private static func endOfPlain(
    _ document: UnsafeBufferPointer<UInt8>, _ from: Int, _ end: Int, _ classes: UnsafeBufferPointer<UInt8>
  ) -> Int {
    var i = from
    let base = unsafe UnsafeRawPointer(document.baseAddress.unsafelyUnwrapped)
    // eight at a time: a byte of `word ^ pattern` is zero where the byte is the one of the pattern, and the lowest hit is never a false one
    while i &+ 8 <= end {
      let word = unsafe (base + i).loadUnaligned(as: UInt64.self).littleEndian
      let hits =
        zeros(word ^ 0x3C3C_3C3C_3C3C_3C3C) | zeros(word ^ 0x2626_2626_2626_2626)
        | zeros(word ^ 0x5D5D_5D5D_5D5D_5D5D) | zeros(word ^ 0x0D0D_0D0D_0D0D_0D0D)
      if hits != 0 { return i &+ hits.trailingZeroBitCount >> 3 }
      i &+= 8
    }
    while i < end, unsafe classes[Int(document[i])] & special == 0 { i &+= 1 }
    return i
  }

  @inline(__always)
  private static func zeros(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }

  @inline(__always)
  private static func same(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var i = 0
    while i &+ 8 <= count {
      let left = unsafe UnsafeRawPointer(a + i).loadUnaligned(as: UInt64.self)
      let right = unsafe UnsafeRawPointer(b + i).loadUnaligned(as: UInt64.self)
      if left != right { return false }
      i &+= 8
    }
    while i < count {
      if unsafe a[i] != b[i] { return false }
      i &+= 1
    }
    return true
  }

  /// Reads the element of the expected column whole, when it is the next one and holds plain text only, as nearly all do.
  ///
  /// - Parameter i: where its `<` stands; moved behind it.
  @inline(__always)
  private static func readExpected(
    _ document: UnsafeBufferPointer<UInt8>, _ i: inout Int, _ base: Int, _ builder: inout RowBuilder,
    _ classes: UnsafeBufferPointer<UInt8>, _ names: UnsafeBufferPointer<UInt8>, _ starts: UnsafeBufferPointer<Int>
  ) -> Bool {
    let end = document.count
    guard let column = builder.expected, let text = document.baseAddress, let names = names.baseAddress else {
      return false
    }
    let name = unsafe starts[column]
    let count = unsafe starts[column &+ 1] &- name
    var from = i &+ count &+ 2
    guard from < end, unsafe text[from &- 1] == UInt8(ascii: ">"), unsafe same(text + (i &+ 1), names + name, count)
    else { return false }
    var to = unsafe endOfPlain(document, from, end, classes)
    let next = to &+ count &+ 3
    guard next <= end, unsafe text[to] == UInt8(ascii: "<"), unsafe text[to &+ 1] == UInt8(ascii: "/"),
      unsafe text[next &- 1] == UInt8(ascii: ">"), unsafe same(text + (to &+ 2), names + name, count)
    else { return false }
    if from == to { (from, to) = (0, 0) }  // an empty value stands nowhere
    while from < to, unsafe Text.isSpace(text[from]) { from &+= 1 }
    while to > from, unsafe Text.isSpace(text[to &- 1]) { to &-= 1 }
    builder.take(
      TableRecords.Cell(
        offset: UInt32(truncatingIfNeeded: base &+ from), length: UInt32(truncatingIfNeeded: to &- from)))
    i = next
    return true
  }

  private static func read(
    _ document: UnsafeBufferPointer<UInt8>, _ base: Int, _ builder: inout RowBuilder,
    _ open: UnsafeMutableBufferPointer<(start: Int, count: Int)>, _ classes: UnsafeBufferPointer<UInt8>,
    _ names: UnsafeBufferPointer<UInt8>, _ starts: UnsafeBufferPointer<Int>
  ) -> Bool {
    let end = document.count
    var i = 0
    var depth = 0
    var hasRoot = false
    // the value being read: a run of the document, or the scratch's end
    var textStart = 0
    var textEnd = 0
    var scratchStart = -1
    while i < end {
      if unsafe document[i] != UInt8(ascii: "<") {
        // text up to the next mark-up
        let start = i
        var isPlain = true
        while true {
          i = unsafe endOfPlain(document, i, end, classes)
          guard i < end, unsafe document[i] != UInt8(ascii: "<") else { break }
          if unsafe document[i] == UInt8(ascii: "]") {
            if i + 2 < end, unsafe document[i + 1] == UInt8(ascii: "]"), unsafe document[i + 2] == UInt8(ascii: ">") {
              return false
            }
          } else {
            isPlain = false
          }
          i &+= 1
        }
        if !builder.isInField {
          for k in start..<i where unsafe !Text.isSpace(document[k]) { return false }
          if depth == 0 && i - start > longestTag { return false }
        } else if isPlain && scratchStart < 0 && textStart == textEnd {
          (textStart, textEnd) = (start, i)
        } else {
          if scratchStart < 0 {
            scratchStart = builder.scratch.count
            unsafe builder.scratch.append(contentsOf: document[textStart..<textEnd])
          }
          guard unsafe append(document, start, i, onto: &builder.scratch) else { return false }
        }
        continue
      }
      // mark-up
      if unsafe readExpected(document, &i, base, &builder, classes, names, starts) { continue }
      let tag = i
      i &+= 1
      guard i < end else { return false }
      let byte = unsafe document[i]
      if byte == UInt8(ascii: "/") {
        guard depth > 0 else { return false }
        let name = unsafe open[depth - 1]
        i &+= 1
        guard i + name.count < end else { return false }
        for k in 0..<name.count where unsafe document[i &+ k] != document[name.start &+ k] { return false }
        i &+= name.count
        guard unsafe skipSpaces(document, &i), unsafe document[i] == UInt8(ascii: ">"), i - tag <= longestTag else {
          return false
        }
        i &+= 1
        depth &-= 1
        if builder.isInField {
          if scratchStart >= 0 {
            builder.close(builder.scratchCell(from: scratchStart))
          } else {
            while textStart < textEnd, unsafe Text.isSpace(document[textStart]) { textStart &+= 1 }
            while textEnd > textStart, unsafe Text.isSpace(document[textEnd &- 1]) { textEnd &-= 1 }
            builder.close(
              TableRecords.Cell(
                offset: UInt32(truncatingIfNeeded: base &+ textStart),
                length: UInt32(truncatingIfNeeded: textEnd &- textStart)))
          }
          (textStart, textEnd, scratchStart) = (0, 0, -1)
        } else {
          builder.closeOther()
        }
      } else if unsafe classes[Int(byte)] & nameStart != 0 {
        // no second root, nothing below a field, not too deep
        guard depth > 0 || !hasRoot, !builder.isInField, depth < RowBuilder.deepest else { return false }
        hasRoot = true
        let start = i
        repeat { i &+= 1 } while unsafe i < end && classes[Int(document[i])] & nameByte != 0
        let count = i - start
        guard unsafe skipSpaces(document, &i), i - tag <= longestTag else { return false }
        unsafe builder.open(UnsafeBufferPointer(rebasing: document[start..<start + count]))
        guard builder.fault == nil, builder.unknownNames <= mostUnknownNames else { return false }
        if unsafe document[i] == UInt8(ascii: ">") {
          unsafe open[depth] = (start, count)
          depth &+= 1
          i &+= 1
        } else if i + 1 < end, unsafe document[i] == UInt8(ascii: "/"), unsafe document[i + 1] == UInt8(ascii: ">") {
          i &+= 2
          if builder.isInField {
            builder.close(TableRecords.Cell(offset: UInt32(truncatingIfNeeded: base), length: 0))
          } else {
            builder.closeOther()
          }
        } else {
          return false  // attributes, or something odd
        }
      } else if byte == UInt8(ascii: "!") {
        // only CDATA inside a field
        guard builder.isInField, unsafe document.span.has("![CDATA[", at: i) else { return false }
        i &+= 8
        let start = i
        var isPlain = true
        while true {
          guard i + 3 <= end else { return false }
          let byte = unsafe document[i]
          if byte == UInt8(ascii: "]"), unsafe document[i + 1] == UInt8(ascii: "]"),
            unsafe document[i + 2] == UInt8(ascii: ">")
          {
            break
          }
          if byte == 0x0D { isPlain = false }
          i &+= 1
        }
        if isPlain && scratchStart < 0 && textStart == textEnd {
          (textStart, textEnd) = (start, i)
        } else {
          if scratchStart < 0 {
            scratchStart = builder.scratch.count
            unsafe builder.scratch.append(contentsOf: document[textStart..<textEnd])
          }
          unsafe append(document, start, i, onto: &builder.scratch, resolving: false)
        }
        i &+= 3
      } else {
        return false
      }
    }
    return hasRoot && depth == 0
  }

  /// Moves behind white space; false at the end of the document.
  private static func skipSpaces(_ document: UnsafeBufferPointer<UInt8>, _ i: inout Int) -> Bool {
    while i < document.count, unsafe Text.isSpace(document[i]) { i &+= 1 }
    return i < document.count
  }

  /// Copies text: line ends CRLF and CR become LF, as XML 1.0, 2.11 wants, and references what they stand for.
  ///
  /// - Returns: false when a reference is not predefined or names no character.
  @discardableResult
  private static func append(
    _ document: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, onto scratch: inout [UInt8],
    resolving: Bool = true
  ) -> Bool {
    var i = start
    while i < end {
      let byte = unsafe document[i]
      i &+= 1
      if byte == 0x0D {
        scratch.append(0x0A)
        if i < end, unsafe document[i] == 0x0A { i &+= 1 }
      } else if byte == UInt8(ascii: "&") && resolving {
        let name = i
        while i < end, i - name < 12, unsafe document[i] != UInt8(ascii: ";") { i &+= 1 }
        guard i < end, unsafe document[i] == UInt8(ascii: ";"),
          let scalar = unsafe Reference.scalar(document.span, name..<i)
        else { return false }
        scratch.append(contentsOf: String(scalar).utf8)
        i &+= 1
      } else {
        scratch.append(byte)
      }
    }
    return true
  }
}

/// Entity and character references of XML without a DTD.
enum Reference {
  /// The character that `amp`, `#160` or `#xA0` names; nil when it names none that XML 1.0 allows.
  static func scalar(_ text: Span<UInt8>, _ name: Range<Int>) -> Unicode.Scalar? {
    if name.first.map({ text[$0] }) != UInt8(ascii: "#") {
      let span = text.extracting(name)
      for (entity, scalar) in predefined where span.count == entity.utf8CodeUnitCount && span.has(entity, at: 0) {
        return scalar
      }
      return nil
    }
    var digits = name.dropFirst()
    var radix: UInt32 = 10
    if digits.first.map({ text[$0] }) == UInt8(ascii: "x") {
      digits = digits.dropFirst()
      radix = 16
    }
    guard !digits.isEmpty else { return nil }
    var value: UInt32 = 0
    for i in digits {
      let digit: UInt32
      switch text[i] {
      case 0x30...0x39: digit = UInt32(text[i]) - 0x30
      case 0x41...0x46 where radix == 16, 0x61...0x66 where radix == 16: digit = UInt32(text[i] | 0x20) - 0x57
      default: return nil
      }
      value = value * radix + digit
      guard value <= 0x10FFFF else { return nil }
    }
    switch value {
    case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: return Unicode.Scalar(value)
    default: return nil
    }
  }

  private static let predefined: [(StaticString, Unicode.Scalar)] = [
    ("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'"),
  ]
}
