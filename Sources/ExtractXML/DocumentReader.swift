internal import Bytes
package import Records

/// Reads inner documents into a dossier's tables.
package struct DocumentReader {
  /// For tests: leave everything to libxml2.
  package var usesLibraryOnly: Bool

  package init(usesLibraryOnly: Bool = false) { self.usesLibraryOnly = usesLibraryOnly }

  /// What came of a document.
  package struct Outcome: Hashable {
    /// Why it was not taken; then the dossier's table is as before.
    package var fault: DocumentFault?
    /// Control characters that XML does not allow were read as blanks.
    package var hadControls = false
    /// Pieces of text and elements with text that belong to no row.
    package var strays = 0
    /// It was read without libxml2.
    package var isPlain = false
  }

  /// The range of the dossier's text that holds the document at `range` in UTF-8, without byte order mark and declaration; nil when it
  /// is in an encoding we do not read, or its declaration is broken or contradicts the byte order mark.
  ///
  /// - Parameter isText: it stood as text in the outer document, which was decoded as a whole: what its declaration says means nothing any more.
  package func plain(_ range: Range<Int>, of dossier: Dossier, isText: Bool = false) throws(ReaderFailure) -> Range<
    Int
  >? {
    var range = range
    var isDecoded = isText
    switch Encoding.beginning(dossier.text.span.extracting(range)) {
    case .unsupported: return nil
    case .wide(let name):
      range = try append(range, from: name, to: dossier)
      isDecoded = true
    case .bytes: break
    }
    var start = range.lowerBound
    let hasMark = dossier.text.span.extracting(range).has("\u{FEFF}", at: 0)
    if hasMark { start += 3 }
    if Declaration.begins(dossier.text.span.extracting(start..<range.upperBound), at: 0) {
      guard let declaration = Declaration(dossier.text.span.extracting(start..<range.upperBound), at: 0) else {
        return nil
      }
      start += declaration.count
      if isDecoded { return start..<range.upperBound }
      switch Encoding.declared(declaration.encoding) {
      case .utf8: break
      case .narrow where hasMark: return nil  // one of the two is wrong, and nobody can say which
      case .narrow(let name): return try append(start..<range.upperBound, from: name, to: dossier)
      case .unsupported: return nil
      }
    }
    return start..<range.upperBound
  }

  private func append(_ range: Range<Int>, from encoding: String, to dossier: Dossier) throws(ReaderFailure) -> Range<
    Int
  > {
    let converted = try Transcoder.convert(Array(dossier.text[range]), from: encoding)
    let start = dossier.text.count
    dossier.text.append(contentsOf: converted)
    return start..<start + converted.count
  }

  /// Reads the document at `range` of the dossier's text as a document of the table; rows are added to those already there.
  ///
  /// - Parameters:
  ///   - range: as ``plain(_:of:)`` returned it.
  ///   - isCutOut: it stood as elements in the outer document, which may have declared its prefixes.
  package func read(_ range: Range<Int>, of dossier: Dossier, as shape: TableShape, isCutOut: Bool = false)
    throws(ReaderFailure) -> Outcome
  {
    var outcome = Outcome()
    var range = range
    let content = PlainText.judge(dossier.text.span.extracting(range))
    guard content.isValid else {
      outcome.fault = .notWellFormed
      return outcome
    }
    if content.hasControls {
      // seen in texts copied from medical devices: they are read as blanks, the delivered bytes stay
      outcome.hadControls = true
      let start = dossier.text.count
      dossier.text.append(contentsOf: dossier.text[range].map { PlainText.isForbiddenControl($0) ? 0x20 : $0 })
      range = start..<dossier.text.count
    }
    var table = TableRecords(columnCount: shape.columnCount)
    swap(&table, &dossier.tables[shape.number])  // the builder is its only owner: nothing is copied
    var builder = RowBuilder(shape: shape, table: table, scratchBase: dossier.text.count)
    table = TableRecords(columnCount: 0)
    var failure: ReaderFailure?
    var isWellFormed = false
    unsafe dossier.text.withUnsafeBufferPointer { text in
      let document = unsafe UnsafeBufferPointer(rebasing: text[range])
      if !usesLibraryOnly {
        isWellFormed = unsafe PlainDocument.read(document, base: range.lowerBound, into: &builder)
        outcome.isPlain = isWellFormed
      }
      if !isWellFormed {
        builder.restart()
        do throws(ReaderFailure) {
          isWellFormed = try unsafe SAXDocument.read(document, acceptsUndeclaredPrefixes: isCutOut, into: &builder)
        } catch {
          failure = error
        }
      }
    }
    outcome.fault = isWellFormed ? builder.fault : .notWellFormed
    outcome.strays = builder.strays
    if outcome.fault == nil && failure == nil {
      dossier.text.append(contentsOf: builder.scratch)
    } else {
      builder.restart()
    }
    swap(&dossier.tables[shape.number], &builder.table)
    if let failure { throw failure }
    if outcome.fault == .notWellFormed,
      let repaired = PlainText.withoutForbiddenReferences(dossier.text.span.extracting(range))
    {
      // some frameworks write the control characters of a device as references, which XML forbids as well
      let start = dossier.text.count
      dossier.text.append(contentsOf: repaired)
      outcome = try read(start..<dossier.text.count, of: dossier, as: shape, isCutOut: isCutOut)
      outcome.hadControls = true
    }
    return outcome
  }
}

/// What the bytes of a document are, before anything is read from them.
enum PlainText {
  static func isForbiddenControl(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D
  }

  /// The document with blanks for references to forbidden controls (`&#x1F;`), outside of CDATA; nil when it has none.
  static func withoutForbiddenReferences(_ text: Span<UInt8>) -> [UInt8]? {
    var result: [UInt8]?
    var i = 0
    while i < text.count {
      if text[i] == UInt8(ascii: "<"), text.has("<![CDATA[", at: i) {
        while i < text.count, !text.has("]]>", at: i) { i += 1 }
      } else if text[i] == UInt8(ascii: "&"), let end = endOfForbiddenReference(text, from: i) {
        if result == nil { result = unsafe text.withUnsafeBufferPointer { unsafe Array($0) } }
        for k in i..<end { result?[k] = 0x20 }
        i = end
        continue
      }
      i += 1
    }
    return result
  }

  private static func endOfForbiddenReference(_ text: Span<UInt8>, from start: Int) -> Int? {
    guard text.has("&#", at: start) else { return nil }
    var i = start + 2
    let isHexadecimal = i < text.count && text[i] == UInt8(ascii: "x")
    if isHexadecimal { i += 1 }
    var value = 0
    let first = i
    while i < text.count, i - first < 8 {
      let byte = text[i]
      if byte >= 0x30 && byte <= 0x39 {
        value = value * (isHexadecimal ? 16 : 10) + Int(byte - 0x30)
      } else if isHexadecimal, byte | 0x20 >= 0x61, byte | 0x20 <= 0x66 {
        value = value * 16 + Int((byte | 0x20) - 0x61) + 10
      } else {
        break
      }
      i += 1
    }
    guard i > first, i < text.count, text[i] == UInt8(ascii: ";"), value < 0x20,
      isForbiddenControl(UInt8(truncatingIfNeeded: value))
    else { return nil }
    return i + 1
  }

  /// Whether the bytes are UTF-8 of characters that XML allows (control characters apart), and whether forbidden controls are among them.
  ///
  /// libxml2 does not see all of it: fed in pieces, 2.9 lets overlong forms pass inside CDATA.
  static func judge(_ text: Span<UInt8>) -> (isValid: Bool, hasControls: Bool) {
    unsafe text.withUnsafeBufferPointer { unsafe judge($0) }
  }

  private static func judge(_ text: UnsafeBufferPointer<UInt8>) -> (isValid: Bool, hasControls: Bool) {
    var i = 0
    let end = text.count
    var isValid = true
    var hasControls = false
    while i < end {
      // eight at a time, as long as all are printable ASCII
      while i &+ 8 <= end {
        let word = unsafe UnsafeRawPointer(text.baseAddress.unsafelyUnwrapped + i).loadUnaligned(as: UInt64.self)
        let low = word &- 0x2020_2020_2020_2020
        if (word | low) & 0x8080_8080_8080_8080 != 0 { break }
        i &+= 8
      }
      guard i < end else { break }
      let byte = unsafe text[i]
      if byte < 0x80 {
        if isForbiddenControl(byte) { hasControls = true }
        i &+= 1
        continue
      }
      var length = 1
      if byte >= 0xC2 && byte < 0xE0 {
        if i &+ 1 < end, unsafe text[i &+ 1] & 0xC0 == 0x80 { length = 2 }
      } else if byte >= 0xE0 && byte < 0xF0 {
        if i &+ 2 < end {
          let second = unsafe text[i &+ 1]
          let third = unsafe text[i &+ 2]
          let isSurrogate = byte == 0xED && second > 0x9F
          let isNoCharacter = byte == 0xEF && second == 0xBF && third >= 0xBE  // U+FFFE, U+FFFF
          if second & 0xC0 == 0x80, third & 0xC0 == 0x80, !(byte == 0xE0 && second < 0xA0), !isSurrogate, !isNoCharacter
          {
            length = 3
          }
        }
      } else if byte >= 0xF0 && byte < 0xF5 {
        if i &+ 3 < end {
          let second = unsafe text[i &+ 1]
          if second & 0xC0 == 0x80, unsafe text[i &+ 2] & 0xC0 == 0x80, unsafe text[i &+ 3] & 0xC0 == 0x80,
            !(byte == 0xF0 && second < 0x90), !(byte == 0xF4 && second > 0x8F)
          {
            length = 4
          }
        }
      }
      if length == 1 { isValid = false }
      i &+= length
    }
    return (isValid, hasControls)
  }
}
