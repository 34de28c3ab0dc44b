internal import CLibXML2
internal import Records

/// What a push parser tells while it is fed; called on the thread that feeds.
protocol ParserEvents: AnyObject {
  /// - Parameter namespace: its address, ended by a zero byte; nil when it has none.
  func open(_ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?)
  /// An attribute of the element just opened.
  func attribute(
    _ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?, hasPrefix: Bool,
    _ value: UnsafeBufferPointer<UInt8>)
  func text(_ bytes: UnsafeBufferPointer<UInt8>)
  func close()
}

/// One libxml2 push parser (SAX2) with our limits: no DTD, no entities of the document's own, no network, nothing printed.
///
/// It is fed UTF-8 without a declaration. Any event of level error or fatal makes the document invalid, also where libxml2 would still
/// call it well-formed (undeclared prefix). Used by one thread at a time.
@safe final class PushParser {
  /// What libxml2's callbacks write: the context's user data.
  fileprivate struct State {
    let events: (any ParserEvents)?
    let acceptsUndeclaredPrefixes: Bool
    var isInvalid = false
    var hasDoctype = false
    var isOutOfMemory = false
    var fedSinceEvent = 0
    var depth = 0
    var deepest = 0
  }

  private let context: xmlParserCtxtPtr
  private let state: UnsafeMutablePointer<State>

  private let longestSilence: Int
  private static let mostNames: Int32 = 8192
  private static let piece = 8 * 1024

  /// - Parameters:
  ///   - events: who is told; nil when only the verdict is wanted.
  ///   - acceptsUndeclaredPrefixes: the document was cut out of another one, which may have declared them.
  ///   - longestSilence: bytes that may be fed without an event; CDATA is silent until it ends.
  init(
    events: (any ParserEvents)? = nil, acceptsUndeclaredPrefixes: Bool = false, longestSilence: Int = 64 * 1024
  ) throws(ReaderFailure) {
    PushParser.prepareLibrary
    songhan_silence_errors()
    let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    unsafe state.initialize(to: State(events: events, acceptsUndeclaredPrefixes: acceptsUndeclaredPrefixes))
    var handler = unsafe PushParser.makeHandler()
    guard let context = unsafe xmlCreatePushParserCtxt(&handler, state, nil, 0, nil) else {
      unsafe state.deinitialize(count: 1)
      unsafe state.deallocate()
      throw .outOfMemory
    }
    unsafe self.context = context
    unsafe self.state = state
    self.longestSilence = longestSilence
    unsafe xmlCtxtUseOptions(context, CInt(XML_PARSE_NONET.rawValue))
    unsafe xmlSwitchEncoding(context, XML_CHAR_ENCODING_UTF8)  // else it would guess at UTF-16, UCS-4 and EBCDIC
  }

  deinit {
    unsafe xmlFreeParserCtxt(context)
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// False once the document is known not to be well-formed XML within our limits.
  var isValid: Bool { unsafe !state.pointee.isInvalid }
  var hasDoctype: Bool { unsafe state.pointee.hasDoctype }
  /// How deep elements were nested so far.
  var deepest: Int { unsafe state.pointee.deepest }
  /// True when the root element has been closed.
  var isComplete: Bool { unsafe state.pointee.depth == 0 && state.pointee.deepest > 0 }

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
      unsafe state.pointee.fedSinceEvent += count
      if unsafe state.pointee.fedSinceEvent > longestSilence || xmlDictSize(context.pointee.dict) > PushParser.mostNames
      {
        unsafe state.pointee.isInvalid = true
      }
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
    if unsafe context.pointee.wellFormed == 0 { unsafe state.pointee.isInvalid = true }
    return isValid
  }

  /// Appends an attribute's value. Without NOENT, which is forbidden here, libxml2 writes each `&` of it as `&#38;`, and no other reference.
  static func append(attribute value: UnsafeBufferPointer<UInt8>, to text: inout [UInt8]) {
    let ampersand: StaticString = "&#38;"
    var i = 0
    while i < value.count {
      let byte = unsafe value[i]
      text.append(byte)
      let isReference = unsafe byte == UInt8(ascii: "&") && value.span.has(ampersand, at: i)
      i += isReference ? ampersand.utf8CodeUnitCount : 1
    }
  }

  private func parse(_ bytes: UnsafeRawPointer?, _ count: Int, isLast: Bool) throws(ReaderFailure) {
    // the code repeats what the error handler was told, except that memory ran out
    let code = unsafe xmlParseChunk(
      context, bytes?.assumingMemoryBound(to: CChar.self), CInt(count), isLast ? 1 : 0)
    if unsafe code == CInt(XML_ERR_NO_MEMORY.rawValue) || state.pointee.isOutOfMemory { throw .outOfMemory }
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
    unsafe handler.startElementNs = { data, name, _, namespace, _, _, attributeCount, _, attributes in
      guard let data = unsafe data, let name = unsafe name else { return }
      let state = unsafe data.assumingMemoryBound(to: PushParser.State.self)
      unsafe state.pointee.fedSinceEvent = 0
      unsafe state.pointee.depth += 1
      unsafe state.pointee.deepest = max(state.pointee.deepest, state.pointee.depth)
      guard let events = unsafe state.pointee.events else { return }
      unsafe events.open(UnsafeBufferPointer(start: name, count: Int(xmlStrlen(name))), in: namespace)
      guard attributeCount > 0, let attributes = unsafe attributes else { return }
      for i in 0..<Int(attributeCount) {
        // localname, prefix, URI, value, end
        guard let key = unsafe attributes[i * 5], let value = unsafe attributes[i * 5 + 3],
          let end = unsafe attributes[i * 5 + 4]
        else { continue }
        unsafe events.attribute(
          UnsafeBufferPointer(start: key, count: Int(xmlStrlen(key))), in: attributes[i * 5 + 2],
          hasPrefix: attributes[i * 5 + 1] != nil, UnsafeBufferPointer(start: value, count: end - value))
      }
    }
    unsafe handler.endElementNs = { data, _, _, _ in
      guard let data = unsafe data else { return }
      let state = unsafe data.assumingMemoryBound(to: PushParser.State.self)
      unsafe state.pointee.fedSinceEvent = 0
      unsafe state.pointee.depth -= 1
      unsafe state.pointee.events?.close()
    }
    let text: charactersSAXFunc = { data, bytes, count in
      guard let data = unsafe data, let bytes = unsafe bytes else { return }
      let state = unsafe data.assumingMemoryBound(to: PushParser.State.self)
      unsafe state.pointee.fedSinceEvent = 0
      unsafe state.pointee.events?.text(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
    unsafe handler.characters = text
    unsafe handler.ignorableWhitespace = text
    unsafe handler.cdataBlock = text
    unsafe handler.internalSubset = { data, _, _, _ in
      guard let data = unsafe data else { return }
      let state = unsafe data.assumingMemoryBound(to: PushParser.State.self)
      unsafe state.pointee.hasDoctype = true
      unsafe state.pointee.isInvalid = true
    }
    unsafe handler.serror = { data, error in
      guard let data = unsafe data, let error = unsafe error else { return }
      let state = unsafe data.assumingMemoryBound(to: PushParser.State.self)
      guard unsafe error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
      switch unsafe error.pointee.code {
      case CInt(XML_ERR_NO_MEMORY.rawValue): unsafe state.pointee.isOutOfMemory = true
      // an odd namespace name (seen) does no harm: nobody asks for namespaces
      case CInt(XML_WAR_NS_URI.rawValue): break
      case CInt(XML_NS_ERR_UNDEFINED_NAMESPACE.rawValue) where unsafe state.pointee.acceptsUndeclaredPrefixes: break
      default: unsafe state.pointee.isInvalid = true
      }
    }
    return unsafe handler
  }
}
