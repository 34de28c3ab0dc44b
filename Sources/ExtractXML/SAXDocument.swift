internal import Bytes
internal import Records

/// Reads one inner document of any shape with libxml2; every value is copied to the builder's scratch.
final class SAXDocument: ParserEvents {
  private var builder: RowBuilder
  /// Where the text read since the last tag begins in the scratch.
  private var start = 0

  private init(builder: RowBuilder) { self.builder = builder }

  /// Reads `document` into `builder`; false when it is not well-formed.
  static func read(
    _ document: UnsafeBufferPointer<UInt8>, acceptsUndeclaredPrefixes: Bool, into builder: inout RowBuilder
  ) throws(ReaderFailure) -> Bool {
    let reader = SAXDocument(builder: builder)
    let parser = try PushParser(events: reader, acceptsUndeclaredPrefixes: acceptsUndeclaredPrefixes)
    var isWellFormed = try unsafe parser.feed(document)
    if isWellFormed { isWellFormed = try parser.finish() }
    builder = reader.builder
    return isWellFormed
  }

  func open(_ name: UnsafeBufferPointer<UInt8>) {
    guard builder.fault == nil else { return }
    keepText()
    unsafe builder.open(name)
  }

  func attribute(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    guard builder.fault == nil else { return }
    unsafe builder.scratch.append(contentsOf: value)
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
