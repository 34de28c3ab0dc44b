internal import CLibXML2
internal import Records

/// What a push parser tells while it is fed; called on the thread that feeds.
protocol ParserEvents: AnyObject {
  func open(_ name: UnsafeBufferPointer<UInt8>)
  func attribute(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>)
  func text(_ bytes: UnsafeBufferPointer<UInt8>)
  func close()
}

/// One libxml2 push parser (SAX2) with our limits: no DTD, no entities of the document's own, no network, nothing printed.
///
/// Any event of level error or fatal makes the document invalid, also where libxml2 would still call it well-formed (undeclared prefix).
/// Used by one thread at a time.
@safe final class PushParser {
  /// Where libxml2's callbacks find us: the context's user data.
  fileprivate final class State {
    weak var events: (any ParserEvents)?
    var isInvalid = false
    var hasDoctype = false
    var fedSinceEvent = 0
  }

  private let context: xmlParserCtxtPtr
  private let state = State()
  private var fed = 0

  private static let longestSilence = 64 * 1024
  private static let mostNames: Int32 = 8192
  private static let piece = 8 * 1024

  init(events: any ParserEvents) throws(ReaderFailure) {
    PushParser.quiet()
    state.events = events
    var handler = unsafe PushParser.makeHandler()
    let data = unsafe Unmanaged.passUnretained(state).toOpaque()
    guard let context = unsafe xmlCreatePushParserCtxt(&handler, data, nil, 0, nil) else { throw .outOfMemory }
    unsafe self.context = context
    unsafe xmlCtxtUseOptions(context, CInt(XML_PARSE_NONET.rawValue))
  }

  deinit {
    unsafe xmlFreeParserCtxt(context)
  }

  /// False once the document is known not to be well-formed XML within our limits.
  var isValid: Bool { !state.isInvalid }
  var hasDoctype: Bool { state.hasDoctype }

  /// Feeds bytes; false when the document is invalid.
  @discardableResult
  func feed(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var offset = 0
    while offset < bytes.count, isValid {
      let count = min(PushParser.piece, bytes.count - offset)
      let code = unsafe bytes.baseAddress.map { base in
        unsafe UnsafeRawPointer(base + offset).withMemoryRebound(to: CChar.self, capacity: count) {
          unsafe xmlParseChunk(context, $0, CInt(count), 0)
        }
      }
      offset += count
      state.fedSinceEvent += count
      if code != 0 || state.fedSinceEvent > PushParser.longestSilence { state.isInvalid = true }
      if unsafe xmlDictSize(context.pointee.dict) > PushParser.mostNames { state.isInvalid = true }
    }
    return isValid
  }

  /// Says that nothing follows; false when the document is invalid or not complete.
  func finish() -> Bool {
    guard isValid else { return false }
    if unsafe xmlParseChunk(context, nil, 0, 1) != 0 || context.pointee.wellFormed == 0 { state.isInvalid = true }
    return isValid
  }

  /// Libraries are told not to print: both error channels of this thread are silent, and no external entity can be loaded.
  private static func quiet() {
    songhan_silence_errors()
    unsafe xmlSetExternalEntityLoader { _, _, _ in nil }
  }

  private static func makeHandler() -> xmlSAXHandler {
    var handler = unsafe xmlSAXHandler()
    unsafe handler.initialized = UInt32(XML_SAX2_MAGIC)
    unsafe handler.startElementNs = { data, name, prefix, _, _, _, attributeCount, _, attributes in
      guard let data = unsafe data, let name = unsafe name else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.fedSinceEvent = 0
      guard let events = state.events else { return }
      unsafe events.open(UnsafeBufferPointer(start: name, count: Int(xmlStrlen(name))))
      guard attributeCount > 0, let attributes = unsafe attributes else { return }
      for i in 0..<Int(attributeCount) {
        // localname, prefix, URI, value, end
        guard let key = unsafe attributes[i * 5], let value = unsafe attributes[i * 5 + 3],
          let end = unsafe attributes[i * 5 + 4]
        else { continue }
        unsafe events.attribute(
          UnsafeBufferPointer(start: key, count: Int(xmlStrlen(key))),
          UnsafeBufferPointer(start: value, count: end - value))
      }
    }
    unsafe handler.endElementNs = { data, _, _, _ in
      guard let data = unsafe data else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.fedSinceEvent = 0
      state.events?.close()
    }
    let text: charactersSAXFunc = { data, bytes, count in
      guard let data = unsafe data, let bytes = unsafe bytes else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.fedSinceEvent = 0
      unsafe state.events?.text(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
    unsafe handler.characters = text
    unsafe handler.cdataBlock = text
    unsafe handler.internalSubset = { data, _, _, _ in
      guard let data = unsafe data else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.hasDoctype = true
      state.isInvalid = true
    }
    unsafe handler.serror = { data, error in
      guard let data = unsafe data, let error = unsafe error else { return }
      if unsafe error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue {
        unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue().isInvalid = true
      }
    }
    return unsafe handler
  }
}
