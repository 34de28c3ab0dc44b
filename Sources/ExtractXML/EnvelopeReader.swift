internal import Bytes
internal import Findings
package import Records

/// Reads the envelopes of QĐ 130, 4750, 3176 and 4210 (GIAMDINHHS), check-in files (XML0), assessment files (XML12) and bare inner documents.
///
/// The outer structure is judged by libxml2; a scanner runs beside it, knows where each HOSO and each NOIDUNGFILE stands, decodes the Base64
/// itself and keeps it away from the parser (nothing in Base64 is mark-up). Inner documents are read one by one. A broken inner document is a
/// finding of its dossier; a broken or cut outer envelope refuses the file (layout: letter 1245/BHXH-CNTT of 3 May 2024).
package final class EnvelopeReader: RecordReader {
  package private(set) var facts = FileFacts()

  private let schemas: [SourceSchema]
  private let shapes: Shapes
  private var window: InputWindow
  private var outer: OuterParser?
  /// Bytes that the outer parser has not seen yet.
  private var pending: [UInt8] = []
  /// Where the scanner stands in the window.
  private var at = 0
  private var documents = DocumentReader()
  private var state = State.start
  /// Names of the open elements.
  private var open: [String] = []
  private var rowElement = ""
  private var number = 0

  private enum State {
    case start
    case inside
    case ended
  }

  /// The largest dossier as delivered: 16 MiB of records in Base64, and its frame.
  private static let largestDossier = 24 << 20
  private static let longestTag = 64 * 1024

  /// - Parameters:
  ///   - schemas: `qd3176` first, its predecessor `qd4210` second.
  ///   - source: appends up to `most` bytes of the file to `target` and says how many; 0 at the end.
  package init(
    schemas: [SourceSchema], source: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int,
    usesLibraryOnly: Bool = false
  ) {
    self.schemas = schemas
    shapes = Shapes(schemas: schemas)
    window = InputWindow(source: source)
    documents.usesLibraryOnly = usesLibraryOnly
  }

  package func next(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    dossier.removeAll()
    if state == .start { try begin() }
    guard state == .inside, facts.refusal == nil else { return false }
    if facts.form == .bare { return try readBare(into: dossier) }
    return try scan(into: dossier)
  }

  // MARK: beginning and end

  /// Looks at the first bytes: encoding, declaration, root.
  private func begin() throws(ReaderFailure) {
    _ = try window.fill(to: 4)
    guard !window.bytes.isEmpty else { return refuse("S", 1) }
    if let reencoded = Encoding.wide(window.bytes) {
      window = try InputWindow(source: Transcoder(from: reencoded, window: window).source)
      facts.encoding = reencoded
      _ = try window.fill(to: 4)
    }
    if window.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    while true {
      while at < window.bytes.count, Text.isSpace(window.bytes[at]) { at += 1 }
      if at < window.bytes.count { break }
      guard try window.grow() else { return refuse("S", 1) }
      if at > EnvelopeReader.longestTag { return refuse("S", 2) }
    }
    guard window.bytes[at] == UInt8(ascii: "<") else { return refuse("S", 2) }
    guard try readDeclaration() else { return }
    outer = try OuterParser()
    state = .inside
    // the root: comments and processing instructions may stand before it
    while open.isEmpty {
      guard let token = try nextToken() else { return refuseHere() }
      if case .open(let name) = token, name == "DOCTYPE" { return refuse("S", 12) }
      guard case .open(let root) = token else { continue }
      classify(root)
    }
  }

  private func classify(_ root: String) {
    switch root {
    case "GIAMDINHHS":
      facts.form = .envelope
    case "HOSO", "THONGTINHOSO", "DANHSACHHOSO":
      facts.form = .envelope
      note("S", 11, .warn)
      if root == "HOSO" { hosoStart = tokenStart }
    case "KHAMSUCKHOE", "HSDANHMUC", "HSCHUNGTU":
      refuse("S", 3)
    case shapes.checkInRoot, "DSACH_TRANG_THAI_KCB":
      facts.form = .checkIns
      rowElement = shapes.checkInRow
    case "DSACH_GIAM_DINH_Y_KHOA", shapes.assessmentRow, "CHI_TIEU_GIAM_DINH_Y_KHOA":
      facts.form = .assessments
      rowElement = shapes.assessmentRow
      if root == shapes.assessmentRow { hosoStart = tokenStart }
    default:
      if shapes.roots[root] != nil {
        facts.form = .bare
        note("S", 11, .warn)
      } else {
        refuse("S", 9)
      }
    }
  }

  /// Reads `<?xml … ?>` ourselves: the parser is fed UTF-8 whatever it says.
  private func readDeclaration() throws(ReaderFailure) -> Bool {
    _ = try window.fill(to: at + 6)
    guard window.bytes.count >= at + 6, Array(window.bytes[at..<at + 5]) == Array("<?xml".utf8),
      Text.isSpace(window.bytes[at + 5])
    else { return true }
    guard let end = try window.find(UInt8(ascii: ">"), from: at, limit: 1024), end - at < 1024 else {
      refuse("A", 1)
      return false
    }
    guard let declaration = Declaration(window.bytes[at...end]) else {
      refuse("A", 1)
      return false
    }
    at = end + 1
    guard let name = declaration.encoding, !Encoding.isUTF8(name) else { return true }
    if facts.encoding != "UTF-8" { return true }  // UTF-16 by its byte order mark: already converted
    guard let known = Encoding.narrow(name) else {
      refuse("S", 20)
      return false
    }
    window.drop(at)
    at = 0
    window = try InputWindow(source: Transcoder(from: known, window: window).source)
    facts.encoding = known
    return true
  }

  /// At the end of the input.
  private func finish() throws(ReaderFailure) {
    state = .ended
    guard facts.refusal == nil else { return }
    guard try flush() else { return }
    guard let outer, outer.finish() else { return refuse("A", 1) }
    facts.dossiers = number
    if let declared = facts.declaredDossiers, facts.form == .envelope {
      if number < declared { return refuse("S", 6, found: number, limit: declared) }
      if number > declared { note("A", 5, .warn, found: number, limit: declared) }
    } else if facts.form == .envelope {
      note("A", 5, .warn, found: number)
    }
  }

  // MARK: tokens

  private enum Token {
    case open(String)
    /// `<X/>`: opened and closed at once.
    case empty(String)
    case close(String)
    case other
  }

  private var tokenStart = 0
  private var tokenEnd = 0
  private var textStart = 0

  /// The next piece of mark-up; text before it is `textStart..<tokenStart`. Nil at the end of the file, or when it cannot go on.
  ///
  /// Everything passed is queued for the outer parser, except what ``readContent`` takes out.
  private func nextToken() throws(ReaderFailure) -> Token? {
    textStart = at
    guard let start = try window.find(UInt8(ascii: "<"), from: at, limit: EnvelopeReader.largestDossier) else {
      return nil
    }
    tokenStart = start
    _ = try window.fill(to: start + 9)
    guard start + 1 < window.bytes.count else { return nil }
    let kind = window.bytes[start + 1]
    if kind == UInt8(ascii: "!") || kind == UInt8(ascii: "?") {
      let closing: [UInt8]
      if kind == UInt8(ascii: "?") {
        closing = Array("?>".utf8)
      } else if start + 4 <= window.bytes.count, window.bytes[start + 2] == 0x2D, window.bytes[start + 3] == 0x2D {
        closing = Array("-->".utf8)
      } else if start + 9 <= window.bytes.count, window.bytes[start..<start + 9].elementsEqual("<![CDATA[".utf8) {
        closing = Array("]]>".utf8)
      } else {
        tokenEnd = start + 2
        return .open("DOCTYPE")
      }
      var from = start + (closing.count == 3 ? (closing[0] == 0x2D ? 4 : 9) : 2)
      while true {
        guard let end = try window.find(UInt8(ascii: ">"), from: from, limit: EnvelopeReader.largestDossier) else {
          return nil
        }
        let first = end + 1 - closing.count
        if first >= start + 2, Array(window.bytes[first...end]) == closing, end >= from {
          tokenEnd = end + 1
          at = tokenEnd
          return .other
        }
        from = end + 1
      }
    }
    // the end of a tag; a ">" inside quotes does not count
    var i = start + 1
    var quote: UInt8 = 0
    while true {
      if i >= window.bytes.count {
        guard i - start < EnvelopeReader.longestTag, try window.grow() else { return nil }
      }
      let byte = window.bytes[i]
      if quote != 0 {
        if byte == quote { quote = 0 }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: ">") {
        break
      }
      i += 1
    }
    tokenEnd = i + 1
    at = tokenEnd
    let isClosing = kind == UInt8(ascii: "/")
    var nameEnd = start + (isClosing ? 2 : 1)
    let nameStart = nameEnd
    while nameEnd < i, !Text.isSpace(window.bytes[nameEnd]), window.bytes[nameEnd] != UInt8(ascii: "/") { nameEnd += 1 }
    let name = String(decoding: window.bytes[nameStart..<nameEnd], as: UTF8.self)
    if isClosing {
      if open.last == name { open.removeLast() }
      return .close(name)
    }
    if window.bytes[i - 1] == UInt8(ascii: "/") { return .empty(name) }
    open.append(name)
    return .open(name)
  }

  /// Queues the window's bytes from the last queued one up to `end` for the outer parser.
  private var queuedTo = 0

  private func queue(to end: Int) {
    if end > queuedTo {
      pending.append(contentsOf: window.bytes[queuedTo..<end])
      queuedTo = end
    }
  }

  /// Feeds the queue to the outer parser; false (and the file refused) when it is not well-formed.
  @discardableResult
  private func flush() throws(ReaderFailure) -> Bool {
    guard let outer else { return true }
    let isValid = unsafe pending.withUnsafeBufferPointer { unsafe outer.feed($0) }
    pending.removeAll(keepingCapacity: true)
    if !isValid { refuse(outer.hasDoctype ? "S" : "A", outer.hasDoctype ? 12 : 1) }
    return isValid
  }

  // MARK: dossiers

  /// Start of the open dossier in the window, or -1.
  private var hosoStart = -1

  private func scan(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    var content = Content()
    if hosoStart >= 0 { startDossier(dossier) }
    while true {
      guard let token = try nextToken() else {
        refuseHere()
        return false
      }
      switch token {
      case .open(let name):
        switch name {
        case "DOCTYPE":
          refuse("S", 12)
          return false
        case "HOSO" where facts.form == .envelope, rowElement where !rowElement.isEmpty:
          if hosoStart >= 0 {
            refuse("A", 1)  // a dossier inside a dossier
            return false
          }
          hosoStart = tokenStart
          startDossier(dossier)
        case "NOIDUNGFILE" where hosoStart >= 0:
          guard try readContent(of: dossier, &content) else { return false }
        case "CHUKYDONVI":
          if open.contains("THONGTINDONVI") {
            refuse("S", 3)
            return false
          }
        default: break
        }
      case .empty(let name):
        if name == "NOIDUNGFILE" { content.isBlank = true }
        if name == rowElement && !rowElement.isEmpty, hosoStart < 0 {
          hosoStart = tokenStart
          startDossier(dossier)
          try readRow(into: dossier)
          return true
        }
        if open.isEmpty { return try readEnd() }
      case .close(let name):
        switch name {
        case "LOAIHOSO" where hosoStart >= 0:
          content.label = text(textStart, tokenStart)
        case "FILEHOSO" where hosoStart >= 0:
          add(&content, to: dossier)
        case "HOSO" where hosoStart >= 0 && facts.form == .envelope:
          try readDossier(into: dossier)
          return facts.refusal == nil
        case rowElement where hosoStart >= 0:
          try readRow(into: dossier)
          return facts.refusal == nil
        case "MACSKCB" where facts.form == .envelope && hosoStart < 0 && facts.facility == nil:
          facts.facility = text(textStart, tokenStart)
        case "SOLUONGHOSO" where hosoStart < 0:
          facts.declaredDossiers = Int(text(textStart, tokenStart))
        case "NGAYLAP" where hosoStart < 0:
          let date = text(textStart, tokenStart)
          facts.createdOn = date.utf8.count <= 14 && date.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? date : ""
        case "CHUKYDONVI":
          facts.isSigned =
            facts.isSigned || textStart < tokenStart && !text(textStart, tokenStart).isEmpty || sawSignature
        case "SignatureValue", "Signature":
          sawSignature = true
        default: break
        }
        if open.isEmpty { return try readEnd() }
      case .other:
        break
      }
      if hosoStart < 0 {
        queue(to: at)
        if pending.count >= 8192 {
          guard try flush() else { return false }
        }
        forget(upTo: at)
      } else if at - hosoStart > EnvelopeReader.largestDossier {
        refuse("S", 10)
        return false
      }
    }
  }

  private var sawSignature = false

  private func startDossier(_ dossier: Dossier) {
    queue(to: hosoStart)
    forget(upTo: hosoStart)
    dossier.use(schemas[0], number: 0)
    dossier.byteOffset = window.base + hosoStart
    skeletonFrom = hosoStart
  }

  private func forget(upTo end: Int) {
    // cutting costs a copy of what stays: do it only when much can go
    guard end >= InputWindow.piece || end == window.bytes.count else { return }
    window.drop(end)
    at -= end
    queuedTo = max(0, queuedTo - end)
    if hosoStart >= 0 { hosoStart -= end }
    skeletonFrom -= end
    tokenStart -= end
    tokenEnd -= end
    textStart -= end
  }

  /// Window offset up to which the skeleton has been taken.
  private var skeletonFrom = 0

  /// What is known of the FILEHOSO being read.
  private struct Content {
    var label: String?
    var document: Range<Int>?
    var layout: Base64.Layout?
    var skeletonOffset = 0
    var byteOffset = 0
    var isBlank = true
    var isBroken = false
  }

  /// Reads what stands in NOIDUNGFILE: Base64, an embedded document, or a document as text (escaped or CDATA).
  private func readContent(of dossier: Dossier, _ content: inout Content) throws(ReaderFailure) -> Bool {
    let start = at
    guard let end = try window.find(UInt8(ascii: "<"), from: start, limit: EnvelopeReader.largestDossier) else {
      refuseHere()
      return false
    }
    _ = try window.fill(to: end + 14)
    content.byteOffset = window.base + start
    content.isBlank = false
    let blank = Text.trimmed(window.bytes.span.extracting(start..<end)).isEmpty
    let closesHere = isClosingContent(at: end)
    if closesHere && !blank {
      let before = dossier.text.count
      if let layout = Base64.decode(window.bytes.span.extracting(start..<end), onto: &dossier.text) {
        content.document = before..<dossier.text.count
        if layout != .irregular {
          dossier.skeleton.append(contentsOf: window.bytes[skeletonFrom..<start])
          skeletonFrom = end
          content.layout = layout
          content.skeletonOffset = dossier.skeleton.count
        }
        queue(to: start)
        queuedTo = end  // nothing in Base64 is mark-up: the parser need not see it
        at = end
        return true
      }
    } else if closesHere {
      content.isBlank = true
      at = end
      return true
    }
    // mark-up, references or CDATA: find the end tag, then look at the text
    var depth = open.count
    at = start
    while true {
      guard let token = try nextToken() else {
        refuseHere()
        return false
      }
      if case .open("DOCTYPE") = token {
        refuse("S", 12)
        return false
      }
      if case .close("NOIDUNGFILE") = token, open.count < depth { break }
      if at - hosoStart > EnvelopeReader.largestDossier {
        refuse("S", 10)
        return false
      }
    }
    depth -= 1
    let bytes = window.bytes
    let raw = bytes.span.extracting(start..<tokenStart)
    let before = dossier.text.count
    if let document = TextContent.document(raw) {
      if document.first(where: { !Text.isSpace($0) }) == UInt8(ascii: "<") {
        dossier.text.append(contentsOf: document)
      } else if Base64.decode(document.span, onto: &dossier.text) == nil {
        content.isBroken = true
      }
      content.document = before..<dossier.text.count
    } else {
      // embedded XML: the very bytes
      unsafe raw.withUnsafeBufferPointer { unsafe dossier.text.append(contentsOf: $0) }
      content.document = before..<dossier.text.count
    }
    at = tokenStart
    open.append("NOIDUNGFILE")
    return true
  }

  private func isClosingContent(at offset: Int) -> Bool {
    offset + 13 <= window.bytes.count && window.bytes[offset..<offset + 13].elementsEqual("</NOIDUNGFILE".utf8)
  }

  /// Ends a FILEHOSO.
  private func add(_ content: inout Content, to dossier: Dossier) {
    defer { content = Content() }
    let label = String((content.label ?? "").prefix(32))
    guard !content.isBlank else { return }
    let table = Shapes.tableNumber(ofLabel: label).flatMap { shapes.envelopeTable($0) }
    if table == nil {
      dossier.findings.append(Finding(FindingCode("A", 8), .warn, byteOffset: content.byteOffset))
    }
    if content.isBroken || content.document == nil {
      dossier.findings.append(
        Finding(FindingCode("A", 3), .reject, table: table ?? -1, byteOffset: content.byteOffset))
    }
    dossier.parts.append(
      Dossier.Part(
        table: table, label: printableLabel(label),
        document: content.document ?? dossier.text.count..<dossier.text.count,
        skeletonOffset: content.skeletonOffset, layout: content.layout, byteOffset: content.byteOffset))
  }

  /// Ends a HOSO: reads its documents.
  private func readDossier(into dossier: Dossier) throws(ReaderFailure) {
    try closeDossier(dossier)
    guard facts.refusal == nil else { return }
    if isPredecessor(dossier), schemas.count > 1 {
      dossier.use(schemas[1], number: 1)
      dossier.edition = .qd4210
    }
    var seen: Set<Int> = []
    for part in dossier.parts {
      // both schemas number the tables by name
      guard let table = part.table, !part.document.isEmpty,
        let local = schemas[dossier.schema].table(schemas[0].tables[table].name)
      else {
        if part.table != nil, !part.document.isEmpty {
          dossier.findings.append(Finding(FindingCode("A", 8), .warn, byteOffset: part.byteOffset))
        }
        continue
      }
      if !seen.insert(table).inserted {
        dossier.findings.append(Finding(FindingCode("A", 7), .warn, table: local, byteOffset: part.byteOffset))
      }
      try readDocument(
        part.document, of: dossier, as: shapes.shape(local, schema: dossier.schema), byteOffset: part.byteOffset)
    }
    if dossier.edition != .qd4210 { dossier.edition = Editions.edition(of: dossier, schema: schemas[dossier.schema]) }
  }

  private func readDocument(_ document: Range<Int>, of dossier: Dossier, as shape: TableShape, byteOffset: Int)
    throws(ReaderFailure)
  {
    var range = document
    if Text.firstForbiddenControl(dossier.text.span.extracting(document)) != nil {
      // seen in texts copied from medical devices: read them as blanks, keep the delivered bytes
      let copy = dossier.text[document].map { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D ? 0x20 : $0 }
      range = dossier.text.count..<dossier.text.count + copy.count
      dossier.text.append(contentsOf: copy)
      dossier.findings.append(Finding(FindingCode("A", 13), .warn, table: shape.number, byteOffset: byteOffset))
    }
    if try documents.read(range, of: dossier, as: shape) != nil {
      dossier.findings.append(Finding(FindingCode("A", 3), .reject, table: shape.number, byteOffset: byteOffset))
    }
    if dossier.tables[shape.number].byteOffset == 0 { dossier.tables[shape.number].byteOffset = byteOffset }
  }

  /// Ends the row of a check-in or assessment file: its very bytes are the document.
  private func readRow(into dossier: Dossier) throws(ReaderFailure) {
    let range = hosoStart..<at
    let isCheckIn = facts.form == .checkIns
    dossier.kind = isCheckIn ? .checkIn : .assessment
    dossier.text.append(contentsOf: window.bytes[range])
    let table = isCheckIn ? shapes.checkIn : shapes.assessment
    dossier.parts.append(
      Dossier.Part(
        table: table, label: schemas[0].tables[table].name, document: 0..<range.count, skeletonOffset: 0, layout: nil,
        byteOffset: dossier.byteOffset))
    try closeDossier(dossier)
    guard facts.refusal == nil else { return }
    try readDocument(0..<range.count, of: dossier, as: shapes.rowShape(table), byteOffset: dossier.byteOffset)
  }

  private func closeDossier(_ dossier: Dossier) throws(ReaderFailure) {
    dossier.skeleton.append(contentsOf: window.bytes[skeletonFrom..<at])
    dossier.sizeInBytes = at - hosoStart
    number += 1
    dossier.number = number
    queue(to: at)
    hosoStart = -1
    _ = try flush()
    forget(upTo: at)
  }

  /// A file that is one inner document.
  private func readBare(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    while try window.grow() {
      if window.bytes.count > EnvelopeReader.largestDossier {
        refuse("S", 10)
        return false
      }
    }
    let root = open.last ?? ""
    queue(to: window.bytes.count)
    guard try flush(), let outer, outer.finish() else {
      if facts.refusal == nil { refuse(outer?.isComplete == false ? "S" : "A", outer?.isComplete == false ? 4 : 1) }
      return false
    }
    dossier.use(schemas[0], number: 0)
    guard let table = shapes.roots[root] else { return false }
    dossier.text.append(contentsOf: window.bytes)
    dossier.skeleton = window.bytes
    dossier.sizeInBytes = window.bytes.count
    number = 1
    dossier.number = 1
    facts.dossiers = 1
    dossier.parts.append(
      Dossier.Part(
        table: table, label: schemas[0].tables[table].name, document: 0..<dossier.text.count, skeletonOffset: 0,
        layout: nil,
        byteOffset: 0))
    var schema = 0
    if isPredecessor(dossier), schemas.count > 1 {
      schema = 1
      dossier.use(schemas[1], number: 1)
      dossier.edition = .qd4210
    }
    if let local = schemas[schema].table(schemas[0].tables[table].name) {
      try readDocument(0..<window.bytes.count, of: dossier, as: shapes.shape(local, schema: schema), byteOffset: 0)
    }
    if schema == 0 { dossier.edition = Editions.edition(of: dossier, schema: schemas[0]) }
    state = .ended
    return true
  }

  /// Whether the dossier is one of QĐ 4210: the list is the inner root, or XML1 has its old field names (section 7 of the envelope page).
  private func isPredecessor(_ dossier: Dossier) -> Bool {
    for part in dossier.parts {
      guard let table = part.table, !part.document.isEmpty else { continue }
      if schemas[0].tables[table].name == "XML1" {
        if Search.contains(dossier.text, part.document, anyOf: Editions.predecessorFields) { return true }
      } else if let roots = shapes.predecessorRoots[table] {
        let start = part.document.lowerBound
        let beginning = start..<min(part.document.upperBound, start + 256)
        if Search.contains(dossier.text, beginning, anyOf: [roots.old]),
          !Search.contains(dossier.text, beginning, anyOf: [roots.new])
        {
          return true
        }
      }
    }
    return false
  }

  // MARK: the end of the root

  /// Behind the root element: only white space and comments may follow; XML0 files may carry CHUKYDONVI there (seen).
  private func readEnd() throws(ReaderFailure) -> Bool {
    queue(to: at)
    while true {
      let start = at
      guard let next = try nextToken() else { break }
      if case .open("CHUKYDONVI") = next, facts.form == .checkIns {
        note("S", 26, .warn)
        facts.isSigned = true
        while try window.grow() {
          if window.bytes.count - start > 1 << 20 { break }
        }
        try finish()
        return false
      }
      if case .empty("CHUKYDONVI") = next, facts.form == .checkIns {
        note("S", 26, .warn)
        queuedTo = at
        continue
      }
      queue(to: at)
      if case .other = next { continue }
      break
    }
    queue(to: window.bytes.count)
    try finish()
    return false
  }

  // MARK: findings about the file

  private func note(
    _ letter: Unicode.Scalar, _ number: UInt8, _ severity: Severity, found: Int? = nil, limit: Int? = nil
  ) {
    facts.findings.append(Finding(FindingCode(letter, number), severity, found: found, limit: limit))
  }

  private func refuse(_ letter: Unicode.Scalar, _ number: UInt8, found: Int? = nil, limit: Int? = nil) {
    state = .ended
    guard facts.refusal == nil else { return }
    facts.dossiers = self.number
    facts.refusal = Finding(
      FindingCode(letter, number), .reject, found: found, limit: limit,
      byteOffset: window.base + min(at, window.bytes.count))
  }

  /// The scanner cannot go on: the file ends inside something, or something is longer than we read.
  private func refuseHere() {
    guard facts.refusal == nil else { return }
    if window.hasEnded {
      // not well-formed before its end, or cut off?
      pending.append(contentsOf: window.bytes[min(queuedTo, window.bytes.count)...])
      let isValid = unsafe pending.withUnsafeBufferPointer { unsafe outer?.feed($0) ?? true }
      if outer?.hasDoctype == true { return refuse("S", 12) }
      refuse(isValid ? "S" : "A", isValid ? 4 : 1)
    } else {
      refuse("S", 10)
    }
  }

  /// The text of the window between two offsets, trimmed, at most 64 bytes of it.
  private func text(_ start: Int, _ end: Int) -> String {
    let range = Text.trimmed(window.bytes.span.extracting(start..<end))
    return String(
      decoding: window.bytes[start + range.lowerBound..<start + min(range.upperBound, range.lowerBound + 64)],
      as: UTF8.self)
  }
}

/// A label as far as it is plain text.
func printableLabel(_ label: String) -> String {
  label.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? label : "?"
}

/// The parser that judges the outer structure; it has no interest in the events.
final class OuterParser: ParserEvents {
  private var parser: PushParser?
  private var depth = 0
  private var deepest = 0

  init() throws(ReaderFailure) { parser = try PushParser(events: self) }

  var hasDoctype: Bool { parser?.hasDoctype ?? false }
  /// True when the root element has been closed.
  var isComplete: Bool { depth == 0 && deepest > 0 }

  func feed(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let parser else { return false }
    return unsafe parser.feed(bytes) && deepest <= RowBuilder.deepest
  }
  func finish() -> Bool { parser?.finish() ?? false }

  func open(_ name: UnsafeBufferPointer<UInt8>) {
    depth += 1
    deepest = max(deepest, depth)
  }
  func close() { depth -= 1 }
  func attribute(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {}
  func text(_ bytes: UnsafeBufferPointer<UInt8>) {}
}
