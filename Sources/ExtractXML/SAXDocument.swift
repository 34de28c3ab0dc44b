internal import Bytes
internal import Records

/// Reads one inner document of any shape with libxml2; every value is copied to the builder's scratch.
final class SAXDocument: ParserEvents {
  private var builder: RowBuilder
  private var start = 0

  private init(builder: RowBuilder) { self.builder = builder }

  /// Reads `document` into `builder`; false when it is not well-formed.
  static func read(_ document: UnsafeBufferPointer<UInt8>, into builder: inout RowBuilder) throws(ReaderFailure) -> Bool
  {
    let reader = SAXDocument(builder: builder)
    let parser = try PushParser(events: reader)
    let isWellFormed = unsafe parser.feed(document) && parser.finish()
    builder = reader.builder
    return isWellFormed
  }

  func open(_ name: UnsafeBufferPointer<UInt8>) {
    unsafe builder.open(name)
    start = builder.scratch.count
  }

  func attribute(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    let before = builder.scratch.count
    unsafe builder.scratch.append(contentsOf: value)
    unsafe builder.attribute(name, builder.scratchCell(from: before))
    start = builder.scratch.count
  }

  func text(_ bytes: UnsafeBufferPointer<UInt8>) {
    if builder.isInField { unsafe builder.scratch.append(contentsOf: bytes) }
  }

  func close() {
    builder.close(builder.scratchCell(from: start))
    start = builder.scratch.count
  }
}
