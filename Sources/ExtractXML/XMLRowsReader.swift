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

  /// The largest dossier as delivered (reliability rules, section 6).
  private static let largestDossier = 16 << 20
  private static let piece = 8 * 1024

  private let cutter: RowCutter
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
    cutter = RowCutter(
      plan: RowPlan(layout, schema), schema: schema, scanner: Scanner(window: InputWindow(source: { _, _ in 0 })))
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
      if cutter.take(dossier) { return true }
      switch state {
      case .inside: try scan()
      case .between: try beginStored()
      case .start, .ended: return false
      }
    }
  }

  // MARK: documents

  private var parser: PushParser?
  /// Bytes that it has not seen yet.
  private var pending: [UInt8] = []
  /// Window offset up to which bytes were queued for it.
  private var queuedTo = 0
  private var hasRoot = false

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
    case .cut: refuse("S", 4)
    case .damaged: refuse("A", 1)
    }
  }

  private func beginDocument(_ window: InputWindow, origin: Int) throws(ReaderFailure) {
    cutter.restart(Scanner(window: window), origin: origin)
    let beginning = try cutter.scanner.begin()
    if origin == 0 { facts.encoding = beginning.encoding }
    if let code = beginning.refusal { return refuse(stored.isCut ? .S04 : code) }
    queuedTo = beginning.bodyStart
    hasRoot = false
    parser = try PushParser(events: cutter)
    state = .inside
  }

  private func scan() throws(ReaderFailure) {
    while state == .inside, !cutter.isReady {
      if hasRoot && cutter.scanner.depth == 0, try skipBlanks() {
        try finishDocument()
        return
      }
      guard let token = try cutter.scanner.next(naming: false) else { return try refuseHere() }
      let offset = cutter.scanner.window.base + cutter.scanner.at
      if cutter.dossierStart >= 0 && offset - cutter.dossierStart > XMLRowsReader.largestDossier {
        return refuse("S", 10, limit: XMLRowsReader.largestDossier)
      }
      switch token {
      case .doctype: return refuse("S", 12)
      case .other:
        if cutter.scanner.window.has("<![CDATA[", at: cutter.scanner.tokenStart) {
          guard cutter.scanner.depth > 0 else { return refuse("A", 1) }
          queueCDATA()
        } else {
          queue(upTo: cutter.scanner.at)
        }
      case .open:
        hasRoot = true
        mark()
        if cutter.scanner.depth > RowBuilder.deepest { return refuse("A", 1) }
      case .close:
        mark()
        if cutter.scanner.depth < 0 { return refuse("A", 1) }
        // a dossier may have ended: the next one shall not be fed before this one is taken
        if cutter.scanner.depth + 1 == cutter.plan.dossierDepth {
          guard try flush() else { return }
        }
      }
      // of an element without content both tags are told at once
      if pending.count >= XMLRowsReader.piece, cutter.scanner.selfClosing == nil {
        guard try flush() else { return }
      }
    }
  }

  /// The scanner has seen a tag.
  private func mark() {
    let base = cutter.scanner.window.base
    cutter.mark(base + cutter.scanner.tokenStart..<base + cutter.scanner.at)
    queue(upTo: cutter.scanner.at)
  }

  /// Behind the root element: moves over white space; true at the end of the document.
  private func skipBlanks() throws(ReaderFailure) -> Bool {
    while true {
      cutter.scanner.skipBlanks()
      if cutter.scanner.at < cutter.scanner.window.bytes.count { return false }
      queue(upTo: cutter.scanner.at)
      if pending.count >= XMLRowsReader.piece {
        guard try flush() else { return false }
      }
      guard try cutter.scanner.window.grow() else { return true }
    }
  }

  private func finishDocument() throws(ReaderFailure) {
    guard state == .inside, try flush(), let parser else { return }
    guard try parser.finish() else { return refuse("A", 1) }
    largestWindow = max(largestWindow, cutter.scanner.window.largest)
    self.parser = nil
    if stored.isStored {
      state = .between
    } else {
      end()
    }
  }

  private func end() {
    facts.findings = cutter.fileFindings
    facts.dossiers = cutter.dossiers
    state = .ended
    if cutter.dossiers == 0 { refuse(.T51) }
  }

  // MARK: the parser

  private func queue(upTo end: Int) {
    if end > queuedTo {
      pending.append(contentsOf: cutter.scanner.window.bytes[queuedTo..<end])
      queuedTo = end
    }
  }

  /// Queues a CDATA section as escaped text: the parser would hold all of it until it ends, and libxml2 2.9 reads it less strictly than text.
  private func queueCDATA() {
    queue(upTo: cutter.scanner.tokenStart)
    if pending.last == 0x0D { pending[pending.count - 1] = 0x0A }  // no line feed follows that belongs to it
    var wasReturn = false
    for i in cutter.scanner.tokenStart + 9..<cutter.scanner.at - 3 {
      let byte = cutter.scanner.window.bytes[i]
      switch byte {
      case UInt8(ascii: "&"): pending.append(contentsOf: "&amp;".utf8)
      case UInt8(ascii: "<"): pending.append(contentsOf: "&lt;".utf8)
      case UInt8(ascii: ">"): pending.append(contentsOf: "&gt;".utf8)
      case 0x0D: pending.append(0x0A)
      case 0x0A where wasReturn: break
      default: pending.append(byte)
      }
      wasReturn = byte == 0x0D
    }
    if pending.last == UInt8(ascii: "]") { pending.append(contentsOf: "<!---->".utf8) }  // a `>` may follow
    queuedTo = cutter.scanner.at
  }

  /// Feeds the queue, whose end is the end of a tag, a comment or a CDATA section; false (and the file refused) when something is wrong.
  private func flush() throws(ReaderFailure) -> Bool {
    guard let parser, state == .inside else { return false }
    let content = PlainText.judge(pending.span)
    var hadControls = content.hasControls
    if content.hasControls {
      for i in pending.indices where PlainText.isForbiddenControl(pending[i]) { pending[i] = 0x20 }
    }
    if pending.contains(0x0D) { useUnixLineEnds() }
    if pending.contains(UInt8(ascii: "&")), let repaired = PlainText.withoutForbiddenReferences(pending.span) {
      pending = repaired
      hadControls = true
    }
    let before = cutter.dossiers
    var isValid = content.isValid
    if isValid { isValid = try parser.feed(pending) }
    if parser.deepest > RowBuilder.deepest { isValid = false }
    pending.removeAll(keepingCapacity: true)
    if hadControls { cutter.noteControls(dossiersBefore: before) }
    if !isValid || cutter.problem == .lostPlace {
      refuse(parser.hasDoctype ? "S" : "A", parser.hasDoctype ? 12 : 1)
    } else if let problem = cutter.problem {
      if problem == .longFrame { refuse(.T54, limit: RowCutter.longestFrame) } else { refuse(.T51) }
    } else {
      forget()
      return true
    }
    return false
  }

  /// Line ends CRLF and CR become LF, as XML 1.0, 2.11 wants before anything else.
  private func useUnixLineEnds() {
    var to = 0
    var wasReturn = false
    for i in pending.indices {
      let byte = pending[i]
      if byte != 0x0A || !wasReturn {
        pending[to] = byte == 0x0D ? 0x0A : byte
        to += 1
      }
      wasReturn = byte == 0x0D
    }
    pending.removeLast(pending.count - to)
  }

  /// Forgets what nobody needs any more, when that is much.
  private func forget() {
    let base = cutter.scanner.window.base
    let end = min(cutter.needed(before: base + queuedTo) - base, queuedTo)
    if end > 0, cutter.scanner.forget(upTo: end) { queuedTo -= end }
  }

  // MARK: refusals

  /// The scanner cannot go on: what it has seen is not well-formed, or the file ends inside something, or something is longer than we read.
  private func refuseHere() throws(ReaderFailure) {
    guard cutter.scanner.window.hasEnded else { return refuse("S", 10) }
    let rest = cutter.scanner.window.bytes[queuedTo...]
    pending.append(contentsOf: rest)
    queuedTo = cutter.scanner.window.bytes.count
    if let invalid = Text.firstInvalidUTF8(pending.span), pending.count - invalid < 4 {
      pending.removeLast(pending.count - invalid)  // half a letter
    }
    guard try flush(), let parser else { return }
    refuse(parser.isComplete ? "A" : "S", parser.isComplete ? 1 : 4)
  }

  private func refuse(_ letter: Unicode.Scalar, _ number: UInt8, limit: Int? = nil) {
    refuse(FindingCode(letter, number), limit: limit)
  }

  private func refuse(_ code: FindingCode, limit: Int? = nil) {
    state = .ended
    parser = nil
    cutter.dropReady()
    facts.findings = cutter.fileFindings
    facts.dossiers = cutter.dossiers
    guard facts.refusal == nil else { return }
    let window = cutter.scanner.window
    largestWindow = max(largestWindow, window.largest)
    var finding = Finding(
      code, .reject, limit: limit, byteOffset: cutter.origin + window.base + min(cutter.scanner.at, window.bytes.count))
    if code == .T51 { finding.unknownName = cutter.plan.path }
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
