internal import Bytes
internal import Records

/// Reads one inner document of any shape with libxml2; every value is copied to the builder's scratch.
final class SAXDocument: ParserEvents {
  private var builder: RowBuilder
  /// Where the text read since the last tag begins in the scratch.
  private var start = 0

  /// One field in CDATA, and the piece in which it ends.
  private static let longestSilence = RowBuilder.longestField + 64 * 1024

  private init(builder: RowBuilder) { self.builder = builder }

  /// Reads `document` into `builder`; false when it is not well-formed.
  static func read(
    _ document: UnsafeBufferPointer<UInt8>, acceptsUndeclaredPrefixes: Bool, into builder: inout RowBuilder
  ) throws(ReaderFailure) -> Bool {
    let reader = SAXDocument(builder: builder)
    let parser = try PushParser(
      events: reader, acceptsUndeclaredPrefixes: acceptsUndeclaredPrefixes, longestSilence: longestSilence)
    var isWellFormed: Bool
    if unsafe document.contains(0x0D) {
      isWellFormed = try parser.feed(unsafe withUnixLineEnds(document))
    } else {
      isWellFormed = try unsafe parser.feed(document)
    }
    if isWellFormed { isWellFormed = try parser.finish() }
    builder = reader.builder
    return isWellFormed
  }

  /// Line ends CRLF and CR become LF, as XML 1.0, 2.11 wants before anything else; fed in pieces, libxml2 2.9 leaves them in CDATA.
  private static func withUnixLineEnds(_ document: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(document.count)
    var wasReturn = false
    for i in 0..<document.count {
      let byte = unsafe document[i]
      if byte == 0x0D {
        text.append(0x0A)
      } else if byte != 0x0A || !wasReturn {
        text.append(byte)
      }
      wasReturn = byte == 0x0D
    }
    return text
  }

  func open(_ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?) {
    guard builder.fault == nil else { return }
    keepText()
    unsafe builder.open(name)
  }

  /// Those with a prefix (`xsi:nil`, `xml:space`) are no fields.
  func attribute(
    _ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?, hasPrefix: Bool,
    _ value: UnsafeBufferPointer<UInt8>
  ) {
    guard builder.fault == nil, !hasPrefix else { return }
    unsafe PushParser.append(attribute: value, to: &builder.scratch)
    unsafe builder.attribute(name, builder.scratchCell(from: start))
    start = builder.scratch.count
  }

  func text(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard builder.fault == nil else { return }
    let isBlank = unsafe Text.trimmed(bytes.span).isEmpty
    if isBlank && !builder.isInField && builder.scratch.count == start { return }
    unsafe builder.scratch.append(contentsOf: bytes)
  }

  func close() {
    guard builder.fault == nil else { return }
    if builder.isInField {
      builder.close(builder.scratchCell(from: start))
      start = builder.scratch.count
    } else {
      keepText()
      builder.closeOther()
    }
  }

  /// Text that stands beside elements.
  private func keepText() {
    guard builder.scratch.count > start else { return }
    let cell = builder.scratchCell(from: start)
    if cell.length > 0 {
      builder.keep(cell)
    } else {
      builder.scratch.removeLast(builder.scratch.count - start)
    }
    start = builder.scratch.count
  }
}
