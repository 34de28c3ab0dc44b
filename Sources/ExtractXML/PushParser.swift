internal import CLibXML2
internal import Records

/// What a push parser tells while it is fed; called on the thread that feeds.
protocol ParserEvents: AnyObject {
  func open(_ name: UnsafeBufferPointer<UInt8>)
  /// An attribute of the element just opened; those with a prefix (`xsi:nil`, `xml:space`) are not told.
  func attribute(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>)
  func text(_ bytes: UnsafeBufferPointer<UInt8>)
  func close()
}

/// One libxml2 push parser (SAX2) with our limits: no DTD, no entities of the document's own, no network, nothing printed.
///
/// It is fed UTF-8 without a declaration. Any event of level error or fatal makes the document invalid, also where libxml2 would still
/// call it well-formed (undeclared prefix). Used by one thread at a time.
@safe final class PushParser {
  /// Where libxml2's callbacks find us: the context's user data.
  fileprivate final class State {
    let events: any ParserEvents
    let acceptsUndeclaredPrefixes: Bool
    var isInvalid = false
    var hasDoctype = false
    var isOutOfMemory = false
    var fedSinceEvent = 0

    init(events: any ParserEvents, acceptsUndeclaredPrefixes: Bool) {
      self.events = events
      self.acceptsUndeclaredPrefixes = acceptsUndeclaredPrefixes
    }
  }

  private let context: xmlParserCtxtPtr
  private let state: State

  private let longestSilence: Int
  private static let mostNames: Int32 = 8192
  private static let piece = 8 * 1024

  /// - Parameters:
  ///   - acceptsUndeclaredPrefixes: the document was cut out of another one, which may have declared them.
  ///   - longestSilence: bytes that may be fed without an event; CDATA is silent until it ends.
  init(events: any ParserEvents, acceptsUndeclaredPrefixes: Bool = false, longestSilence: Int = 64 * 1024)
    throws(ReaderFailure)
  {
    self.longestSilence = longestSilence
    PushParser.prepareLibrary
    songhan_silence_errors()
    state = State(events: events, acceptsUndeclaredPrefixes: acceptsUndeclaredPrefixes)
    var handler = unsafe PushParser.makeHandler()
    let data = unsafe Unmanaged.passUnretained(state).toOpaque()
    guard let context = unsafe xmlCreatePushParserCtxt(&handler, data, nil, 0, nil) else { throw .outOfMemory }
    unsafe self.context = context
    unsafe xmlCtxtUseOptions(context, CInt(XML_PARSE_NONET.rawValue))
    unsafe xmlSwitchEncoding(context, XML_CHAR_ENCODING_UTF8)  // else it would guess at UTF-16, UCS-4 and EBCDIC
  }

  deinit {
    unsafe xmlFreeParserCtxt(context)
  }

  /// False once the document is known not to be well-formed XML within our limits.
  var isValid: Bool { !state.isInvalid }
  var hasDoctype: Bool { state.hasDoctype }

  /// Feeds bytes; false when the document is invalid.
  func feed(_ bytes: UnsafeBufferPointer<UInt8>) throws(ReaderFailure) -> Bool {
    songhan_silence_errors()  // a reader may have moved to another thread
    var offset = 0
    while offset < bytes.count, isValid {
      let count = min(PushParser.piece, bytes.count - offset)
      if let base = bytes.baseAddress {
        try unsafe parse(UnsafeRawPointer(base + offset), count, isLast: false)
      }
      offset += count
      state.fedSinceEvent += count
      if state.fedSinceEvent > longestSilence { state.isInvalid = true }
      if unsafe xmlDictSize(context.pointee.dict) > PushParser.mostNames { state.isInvalid = true }
    }
    return isValid
  }

  /// Feeds bytes; false when the document is invalid.
  func feed(_ bytes: [UInt8]) throws(ReaderFailure) -> Bool {
    var failure: ReaderFailure?
    unsafe bytes.withUnsafeBufferPointer { bytes in
      do throws(ReaderFailure) {
        _ = try unsafe feed(bytes)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return isValid
  }

  /// Says that nothing follows; false when the document is invalid or not complete.
  func finish() throws(ReaderFailure) -> Bool {
    guard isValid else { return false }
    songhan_silence_errors()
    try unsafe parse(nil, 0, isLast: true)
    if unsafe context.pointee.wellFormed == 0 { state.isInvalid = true }
    return isValid
  }

  private func parse(_ bytes: UnsafeRawPointer?, _ count: Int, isLast: Bool) throws(ReaderFailure) {
    // the code repeats what the error handler was told, except that memory ran out
    let code = unsafe xmlParseChunk(
      context, bytes?.assumingMemoryBound(to: CChar.self), CInt(count), isLast ? 1 : 0)
    if code == CInt(XML_ERR_NO_MEMORY.rawValue) || state.isOutOfMemory { throw .outOfMemory }
  }

  /// Once in the process: nothing outside of what we feed can be loaded.
  private static let prepareLibrary: Void = {
    xmlInitParser()
    unsafe xmlSetExternalEntityLoader { _, _, _ in nil }
    xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE)
  }()

  private static func makeHandler() -> xmlSAXHandler {
    var handler = unsafe xmlSAXHandler()
    unsafe handler.initialized = UInt32(XML_SAX2_MAGIC)
    unsafe handler.startElementNs = { data, name, _, _, _, _, attributeCount, _, attributes in
      guard let data = unsafe data, let name = unsafe name else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.fedSinceEvent = 0
      unsafe state.events.open(UnsafeBufferPointer(start: name, count: Int(xmlStrlen(name))))
      guard attributeCount > 0, let attributes = unsafe attributes else { return }
      for i in 0..<Int(attributeCount) {
        // localname, prefix, URI, value, end
        guard let key = unsafe attributes[i * 5], unsafe attributes[i * 5 + 1] == nil,
          let value = unsafe attributes[i * 5 + 3], let end = unsafe attributes[i * 5 + 4]
        else { continue }
        unsafe state.events.attribute(
          UnsafeBufferPointer(start: key, count: Int(xmlStrlen(key))),
          UnsafeBufferPointer(start: value, count: end - value))
      }
    }
    unsafe handler.endElementNs = { data, _, _, _ in
      guard let data = unsafe data else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.fedSinceEvent = 0
      state.events.close()
    }
    let text: charactersSAXFunc = { data, bytes, count in
      guard let data = unsafe data, let bytes = unsafe bytes else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.fedSinceEvent = 0
      unsafe state.events.text(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
    unsafe handler.characters = text
    unsafe handler.ignorableWhitespace = text
    unsafe handler.cdataBlock = text
    unsafe handler.internalSubset = { data, _, _, _ in
      guard let data = unsafe data else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      state.hasDoctype = true
      state.isInvalid = true
    }
    unsafe handler.serror = { data, error in
      guard let data = unsafe data, let error = unsafe error else { return }
      let state = unsafe Unmanaged<PushParser.State>.fromOpaque(data).takeUnretainedValue()
      guard unsafe error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
      switch unsafe error.pointee.code {
      case CInt(XML_ERR_NO_MEMORY.rawValue): state.isOutOfMemory = true
      // an odd namespace name (seen) does no harm: nobody asks for namespaces
      case CInt(XML_WAR_NS_URI.rawValue): break
      case CInt(XML_NS_ERR_UNDEFINED_NAMESPACE.rawValue) where state.acceptsUndeclaredPrefixes: break
      default: state.isInvalid = true
      }
    }
    return unsafe handler
  }
}
