internal import Bytes
internal import Findings
internal import Glibc
package import Records

/// Reads any XML in which one element is a dossier, along the element paths of a layout; or dossiers of such files as they are kept.
///
/// As in ``EnvelopeReader`` libxml2 judges the document while a scanner runs beside it and knows where each tag stands. Memory is one dossier.
/// What stands around the dossiers is known to those behind it only. A broken or cut document refuses the whole file.
///
/// Offsets are those of the file as delivered; where it is not in UTF-8, those of its UTF-8 form.
package final class XMLRowsReader: RecordReader {
  package private(set) var facts = FileFacts()

  private let events: RowCutting
  private let stored: StoredDocuments
  private var state = State.start

  private enum State {
    case start
    case inside
    /// Behind a stored dossier.
    case between
    case ended
  }

  /// One file as a stream (gzip already taken off). When the bytes begin with ``StoredRows/magic`` they are stored dossiers (each a small
  /// document of its own), read one after the other.
  ///
  /// - Parameter source: appends up to `most` bytes of the file to `target` and says how many; 0 at the end.
  package init(
    layout: XMLRowLayout, schema: SourceSchema,
    source: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int
  ) {
    stored = StoredDocuments(source: source)
    events = RowCutting(
      RowCutter(
        plan: RowPlan(layout, schema), schema: schema, scanner: Scanner(window: InputWindow(source: { _, _ in 0 }))))
    facts.form = .rows
  }

  /// What is wrong in a layout (paths that cannot be read, tables or columns the schema does not have), for the lint.
  package static func faults(of layout: XMLRowLayout, in schema: SourceSchema) -> [String] {
    RowPlan(layout, schema).faults
  }

  /// The most bytes of the file that were held at once.
  package private(set) var largestWindow = 0

  package func next(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    dossier.removeAll()
    if state == .start { try start() }
    while true {
      if events.cutter.take(dossier) { return true }
      switch state {
      case .inside: try scan()
      case .between: try beginStored()
      case .start, .ended: return false
      }
    }
  }

  // MARK: documents

  private var parser: PushParser?

  private func start() throws(ReaderFailure) {
    if try stored.begin() {
      state = .between
    } else {
      try beginDocument(stored.window, origin: 0)
    }
  }

  private func beginStored() throws(ReaderFailure) {
    switch try stored.next() {
    case .document(let origin): try beginDocument(InputWindow(source: stored.document), origin: origin)
    case .end: end()
    case .cut: refuse(.S04)
    case .damaged: refuse(.A01)
    }
  }

  private func beginDocument(_ window: InputWindow, origin: Int) throws(ReaderFailure) {
    var scanner = Scanner(window: window)
    let beginning = try scanner.begin()
    events.cutter.restart(scanner, bodyStart: beginning.bodyStart, origin: origin)
    if origin == 0 { facts.encoding = beginning.encoding }
    if let code = beginning.refusal { return refuse(stored.isCut ? .S04 : code) }
    parser = try PushParser(events: events)
    state = .inside
  }

  private func scan() throws(ReaderFailure) {
    while state == .inside, !events.cutter.isReady {
      switch try events.cutter.advance() {
      case .feed:
        guard try flush() else { return }
      case .end: return try finishDocument()
      case .stuck: return try refuseHere()
      case .refuse(let code): return refuse(code)
      }
    }
  }

  private func finishDocument() throws(ReaderFailure) {
    guard state == .inside, try flush(), let parser else { return }
    guard try parser.finish(), events.cutter.problem == nil else { return refuse(.A01) }
    largestWindow = max(largestWindow, events.cutter.scanner.window.largest)
    self.parser = nil
    if stored.isStored {
      state = .between
    } else {
      end()
    }
  }

  private func end() {
    facts.findings = events.cutter.fileFindings
    facts.dossiers = events.cutter.dossiers
    state = .ended
    if events.cutter.dossiers == 0 { refuse(.T51) }
  }

  // MARK: the parser

  /// Feeds what is pending; false (and the file refused) when something is wrong.
  private func flush() throws(ReaderFailure) -> Bool {
    guard let parser, state == .inside else { return false }
    var bytes: [UInt8] = []
    swap(&bytes, &events.cutter.pending)
    let content = PlainText.judge(bytes.span)
    var hadControls = content.hasControls
    if content.hasControls {
      for i in bytes.indices where PlainText.isForbiddenControl(bytes[i]) { bytes[i] = 0x20 }
    }
    if bytes.contains(0x0D) { XMLRowsReader.useUnixLineEnds(&bytes) }
    if XMLRowsReader.hasNumber(bytes), let repaired = PlainText.withoutForbiddenReferences(bytes.span) {
      bytes = repaired
      hadControls = true
    }
    let before = events.cutter.dossiers
    var isValid = content.isValid
    if isValid { isValid = try parser.feed(bytes) }
    if parser.deepest > RowBuilder.deepest { isValid = false }
    bytes.removeAll(keepingCapacity: true)
    swap(&bytes, &events.cutter.pending)
    if hadControls { events.cutter.noteControls(dossiersBefore: before) }
    let problem = events.cutter.problem
    if !isValid || problem == .lostPlace {
      refuse(parser.hasDoctype ? .S12 : .A01)
    } else if let problem {
      if problem == .longFrame { refuse(.T54, limit: RowCutter.longestFrame) } else { refuse(.T51) }
    } else {
      events.cutter.forget()
      return true
    }
    return false
  }

  /// Whether a character stands there by its number (`&#…;`).
  private static func hasNumber(_ bytes: [UInt8]) -> Bool {
    var from = 0
    while let at = bytes[from...].firstIndex(of: UInt8(ascii: "&")) {
      if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "#") { return true }
      from = at + 1
    }
    return false
  }

  /// Line ends CRLF and CR become LF, as XML 1.0, 2.11 wants before anything else.
  private static func useUnixLineEnds(_ bytes: inout [UInt8]) {
    var to = 0
    var wasReturn = false
    for i in bytes.indices {
      let byte = bytes[i]
      if byte != 0x0A || !wasReturn {
        bytes[to] = byte == 0x0D ? 0x0A : byte
        to += 1
      }
      wasReturn = byte == 0x0D
    }
    bytes.removeLast(bytes.count - to)
  }

  // MARK: refusals

  /// The scanner cannot go on: what it has seen is not well-formed, or the file ends inside something, or something is longer than we read.
  private func refuseHere() throws(ReaderFailure) {
    if events.cutter.scanner.isBroken { return refuse(.A01) }
    guard events.cutter.scanner.window.hasEnded else { return refuse(.S10) }
    events.cutter.queueRest()
    guard try flush(), let parser else { return }
    refuse(parser.isComplete ? .A01 : .S04)
  }

  private func refuse(_ code: FindingCode, limit: Int? = nil) {
    state = .ended
    parser = nil
    events.cutter.dropReady()
    facts.findings = events.cutter.fileFindings
    facts.dossiers = events.cutter.dossiers
    guard facts.refusal == nil else { return }
    let window = events.cutter.scanner.window
    largestWindow = max(largestWindow, window.largest)
    var finding = Finding(
      code, .reject, limit: limit,
      byteOffset: events.cutter.origin + window.base + min(events.cutter.scanner.at, window.bytes.count))
    if code == .T51 { finding.unknownName = events.cutter.plan.path }
    facts.refusal = finding
  }
}

/// A file put together from kept dossiers (``StoredRows``): a sequence of documents, each with its size before it.
private final class StoredDocuments {
  enum Next {
    /// A document follows; where it begins in the file.
    case document(Int)
    case end
    case cut
    case damaged
  }

  private(set) var window: InputWindow
  private(set) var isStored = false
  /// What is left of the open document.
  private var left = 0
  /// Whether the file ended inside the open document.
  var isCut: Bool { left > 0 && window.hasEnded }
  /// More is never written before one.
  private static let mostDigits = 10

  init(source: @escaping ByteSource) { window = InputWindow(source: source) }

  /// Whether the file is such a one.
  func begin() throws(ReaderFailure) -> Bool {
    _ = try window.fill(to: StoredRows.magic.count)
    isStored = window.bytes.starts(with: StoredRows.magic)
    if isStored { window.drop(StoredRows.magic.count) }
    return isStored
  }

  /// Moves to the next document; what is left of the last one is passed over.
  func next() throws(ReaderFailure) -> Next {
    var ignored: [UInt8] = []
    while left > 0 {
      guard try read(InputWindow.piece, &ignored) > 0 else { return .cut }
      ignored.removeAll(keepingCapacity: true)
    }
    guard try window.fill(to: 1) else { return .end }
    var count = 0
    while try window.fill(to: count + 1) {
      let byte = window.bytes[count]
      if byte == 0x0A && count > 0 { break }
      guard byte >= 0x30 && byte <= 0x39, count < StoredDocuments.mostDigits else { return .damaged }
      left = left * 10 + Int(byte - 0x30)
      count += 1
    }
    guard count < window.bytes.count else { return .cut }
    window.drop(count + 1)
    return .document(window.base)
  }

  /// The bytes of the open document.
  var document: ByteSource {
    { [self] (most, target) throws(ReaderFailure) in try read(most, &target) }
  }

  private func read(_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
    guard left > 0, try window.fill(to: 1) else { return 0 }
    let count = min(most, left, window.bytes.count)
    target.append(contentsOf: window.bytes[..<count])
    window.drop(count)
    left -= count
    return count
  }
}
