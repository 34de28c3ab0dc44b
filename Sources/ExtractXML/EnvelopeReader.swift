internal import Bytes
internal import Findings
package import Records

/// Reads the envelopes of QĐ 130, 4750, 3176 and 4210 (GIAMDINHHS), check-in files (XML0), assessment files (XML12) and bare inner
/// documents.
///
/// The outer structure is judged by libxml2; a scanner runs beside it, knows where each HOSO and each NOIDUNGFILE stands, decodes the
/// Base64 itself and keeps it away from the parser (nothing in Base64 is mark-up). A dossier is handed on after libxml2 has seen it. Inner
/// documents are read one by one. A broken inner document is a finding of its dossier; a broken or cut outer envelope refuses the file
/// (layout: letter 1245/BHXH-CNTT of 3 May 2024).
///
/// Offsets are those of the file as delivered; where it is not in UTF-8, those of its UTF-8 form.
package final class EnvelopeReader: RecordReader {
  package private(set) var facts = FileFacts()

  private let schemas: [SourceSchema]
  private let shapes: Shapes
  private let documents: DocumentReader
  private var scanner: Scanner
  private var state = State.start
  private var number = 0

  private enum State {
    case start
    case inside
    case ended
  }

  /// - Parameters:
  ///   - schemas: `qd3176` first, its predecessor `qd4210` second.
  ///   - source: appends up to `most` bytes of the file to `target` and says how many; 0 at the end.
  ///   - shapes: of these schemas; nil to make them.
  ///   - usesLibraryOnly: for tests: leave every inner document to libxml2.
  package init(
    schemas: [SourceSchema], shapes: Shapes? = nil,
    source: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int,
    usesLibraryOnly: Bool = false
  ) {
    self.schemas = schemas
    self.shapes = shapes ?? Shapes(schemas: schemas)
    scanner = Scanner(window: InputWindow(source: source))
    documents = DocumentReader(usesLibraryOnly: usesLibraryOnly)
  }

  /// The most bytes of the file that were held at once.
  package var largestWindow: Int { scanner.window.largest }

  package func next(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    dossier.removeAll()
    if state == .start { try begin() }
    guard state == .inside else { return false }
    return try facts.form == .bare ? readBare(into: dossier) : scan(into: dossier)
  }

  // MARK: beginning

  /// Where the document begins in the window, behind byte order mark and declaration.
  private var bodyStart = 0
  private var root = ""

  /// Looks at the first bytes: encoding, declaration, root.
  private func begin() throws(ReaderFailure) {
    let beginning = try scanner.begin()
    facts.encoding = beginning.encoding
    if let code = beginning.refusal { return refuse(code) }
    (bodyStart, queuedTo) = (beginning.bodyStart, beginning.bodyStart)
    outer = try PushParser()
    state = .inside
    // comments and processing instructions may stand before the root
    while scanner.depth == 0 {
      guard let token = try scanner.next() else { return try refuseHere() }
      switch token {
      case .doctype: return refuse("S", 12)
      case .close: return refuse("A", 1)
      case .open: classify(String(decoding: scanner.window.bytes[scanner.nameRange], as: UTF8.self))
      case .other: if scanner.at > Scanner.longestTag { return refuse("A", 1) }
      }
    }
  }

  private func classify(_ root: String) {
    self.root = root
    switch root {
    case "GIAMDINHHS":
      facts.form = .envelope
    case "HOSO", "THONGTINHOSO", "DANHSACHHOSO":
      facts.form = .envelope
      note("S", 11, .warn)
      if root == "HOSO" { scanner.dossierStart = scanner.tokenStart }
    case "KHAMSUCKHOE", "HSDANHMUC", "HSCHUNGTU":
      refuse("S", 3)
    case shapes.checkInRoot, "DSACH_TRANG_THAI_KCB":
      facts.form = .checkIns
      scanner.names = Scanner.names(dossier: shapes.checkInRow)
    case "DSACH_GIAM_DINH_Y_KHOA", shapes.assessmentRow, "CHI_TIEU_GIAM_DINH_Y_KHOA":
      facts.form = .assessments
      scanner.names = Scanner.names(dossier: shapes.assessmentRow)
      if root == shapes.assessmentRow { scanner.dossierStart = scanner.tokenStart }
    default:
      if shapes.roots[root] != nil {
        facts.form = .bare
        note("S", 11, .warn)
      } else {
        refuse("S", 9)
      }
    }
  }

  // MARK: the outer parser

  private var outer: PushParser?
  /// Bytes that it has not seen yet.
  private var pending: [UInt8] = []
  /// Window offset up to which bytes were queued for it, or left out.
  private var queuedTo = 0

  /// Queues the window's bytes from the last queued one up to `end`.
  private func queue(upTo end: Int) {
    if end > queuedTo {
      pending.append(contentsOf: scanner.window.bytes[queuedTo..<end])
      queuedTo = end
    }
  }

  /// Forgets what stands in the window before `end`, when that is much.
  private func forget(upTo end: Int) {
    if scanner.forget(upTo: end) { queuedTo -= end }
  }

  /// Feeds the queue; false (and the file refused) when it is not well-formed.
  private func flush() throws(ReaderFailure) -> Bool {
    guard let outer else { return false }
    let isValid = try outer.feed(pending) && outer.deepest <= RowBuilder.deepest
    pending.removeAll(keepingCapacity: true)
    if !isValid { refuse(outer.hasDoctype ? "S" : "A", outer.hasDoctype ? 12 : 1) }
    return isValid
  }

  // MARK: dossiers

  /// Window offset up to which the skeleton has been taken.
  private var skeletonFrom = 0
  /// Depth of the open THONGTINDONVI and CHUKYDONVI, or 0.
  private var unitDepth = 0
  private var signatureDepth = 0
  /// What the parts of the open dossier held, in their order.
  private var contents: [Content] = []

  /// What is known of the FILEHOSO being read.
  private struct Content {
    var label = ""
    /// Its document in the dossier's text; nil while there is none, empty when it could not be decoded.
    var document: Range<Int>?
    var layout: Base64.Layout?
    var skeletonOffset = 0
    var byteOffset = 0
    /// It stood there as elements, not as text.
    var isCutOut = false
    /// It stood there as text (escaped or CDATA): its bytes are UTF-8 already.
    var isText = false
  }

  private func scan(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    var content = Content()
    if scanner.dossierStart >= 0 { startDossier(dossier) }  // the root itself is the dossier
    let isEnvelope = facts.form == .envelope
    while scanner.depth > 0 {
      guard let token = try scanner.next() else {
        try refuseHere()
        return false
      }
      switch token {
      case .doctype:
        refuse("S", 12)
        return false
      case .other:
        if signatureDepth > 0 {
          facts.isSigned = facts.isSigned || scanner.window.has("<![CDATA[", at: scanner.tokenStart)
        }
      case .open(let element):
        scanner.leafStart = scanner.at
        switch element {
        case .dossier:
          guard scanner.dossierStart < 0 else {
            refuse("A", 1)  // a dossier inside a dossier
            return false
          }
          scanner.dossierStart = scanner.tokenStart
          startDossier(dossier)
        case .content where scanner.dossierStart >= 0 && isEnvelope:
          if content.document != nil { add(&content, to: dossier) }  // the second one in its FILEHOSO
          guard try readContent(of: dossier, &content) else { return false }
        case .file where scanner.dossierStart >= 0 && isEnvelope:
          if content.document != nil { add(&content, to: dossier) }  // it stood before any FILEHOSO
        case .unit where isEnvelope:
          unitDepth = scanner.depth
        case .signature where scanner.dossierStart < 0:
          if unitDepth > 0 {
            refuse("S", 3)
            return false
          }
          signatureDepth = scanner.depth
        default:
          if signatureDepth > 0 { facts.isSigned = true }
        }
      case .close(let element):
        switch element {
        case .dossier where scanner.dossierStart >= 0:
          if isEnvelope {
            if content.document != nil { add(&content, to: dossier) }  // it stood in no FILEHOSO
            try readDossier(into: dossier)
          } else {
            try readRow(into: dossier)
          }
          return state == .inside
        case .file where scanner.dossierStart >= 0 && isEnvelope:
          if content.document != nil { add(&content, to: dossier) }
          content = Content()
        case .label where scanner.dossierStart >= 0:
          content.label = scanner.leafText()
        case .facility where scanner.dossierStart < 0 && facts.facility == nil:
          facts.facility = scanner.leafText()
        case .count where scanner.dossierStart < 0:
          facts.declaredDossiers = Int(scanner.leafText())
        case .date where scanner.dossierStart < 0:
          let date = scanner.leafText()
          facts.createdOn = date.utf8.count <= 14 && date.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? date : ""
        case .signature where scanner.dossierStart < 0:
          if !scanner.leafText().isEmpty { facts.isSigned = true }
          signatureDepth = 0
        case .unit:
          unitDepth = 0
        default: break
        }
        scanner.leafStart = -1
      }
      guard try pass() else { return false }
    }
    return try readEnd()
  }

  /// Behind a token: what stands before the open dossier goes to the parser and out of the window.
  private func pass() throws(ReaderFailure) -> Bool {
    if scanner.depth > RowBuilder.deepest {
      refuse("A", 1)
      return false
    }
    if scanner.dossierStart < 0 {
      queue(upTo: scanner.at)
      if pending.count >= 8192 {
        guard try flush() else { return false }
      }
      if scanner.leafStart >= 0 && scanner.at - scanner.leafStart > Scanner.longestTag { scanner.leafStart = -1 }
      forget(upTo: scanner.leafStart >= 0 ? scanner.leafStart : scanner.at)
    } else if scanner.at - scanner.dossierStart > Scanner.largestDossier {
      refuse("S", 10)
      return false
    }
    return true
  }

  private func startDossier(_ dossier: Dossier) {
    queue(upTo: scanner.dossierStart)
    forget(upTo: scanner.dossierStart)
    dossier.byteOffset = scanner.window.base + scanner.dossierStart
    skeletonFrom = scanner.dossierStart
    contents.removeAll(keepingCapacity: true)
  }

  /// Reads what stands in NOIDUNGFILE: Base64, an embedded document, or a document as text (escaped or CDATA).
  private func readContent(of dossier: Dossier, _ content: inout Content) throws(ReaderFailure) -> Bool {
    let start = scanner.at
    content.byteOffset = scanner.window.base + start
    content.skeletonOffset = dossier.skeleton.count + start - skeletonFrom
    guard scanner.selfClosing == nil else { return true }
    guard let end = try scanner.window.find(UInt8(ascii: "<"), from: start, limit: scanner.room) else {
      try refuseHere()
      return false
    }
    _ = try scanner.window.fill(to: end + 13)
    let before = dossier.text.count
    if scanner.window.has("</NOIDUNGFILE", at: end) {
      if scanner.window.isBlank(start..<end) { return true }
      if let layout = Base64.decode(scanner.window.bytes.span.extracting(start..<end), onto: &dossier.text) {
        content.document = before..<dossier.text.count
        if layout != .irregular {
          dossier.skeleton.append(contentsOf: scanner.window.bytes[skeletonFrom..<start])
          skeletonFrom = end
          content.layout = layout
        }
        queue(upTo: start)
        queuedTo = end  // nothing in Base64 is mark-up: the parser need not see it
        scanner.at = end
        return true
      }
    }
    // mark-up, references or CDATA: find the end tag, then look at what stands before it
    let contentDepth = scanner.depth
    while scanner.depth >= contentDepth {
      guard let token = try scanner.next(naming: false) else {
        try refuseHere()
        return false
      }
      switch token {
      case .doctype:
        refuse("S", 12)
        return false
      case .other where scanner.window.has("<![CDATA[", at: scanner.tokenStart):
        // as with Base64: nothing in it is mark-up, and the parser would hold all of it until it ends
        queue(upTo: scanner.tokenStart)
        queuedTo = scanner.at
      default: break
      }
      guard try pass() else { return false }
    }
    scanner.leafStart = -1
    if let text = scanner.window.plainText(start..<scanner.tokenStart) {
      let trimmed = Text.trimmed(text.span)
      if trimmed.isEmpty { return true }
      if text[trimmed.lowerBound] == UInt8(ascii: "<") || text[trimmed.lowerBound] == 0xEF {
        dossier.text.append(contentsOf: text)
        content.isText = true
      } else {
        _ = Base64.decode(text.span, onto: &dossier.text)  // not Base64: the document stays empty
      }
    } else {
      dossier.text.append(contentsOf: scanner.window.bytes[start..<scanner.tokenStart])
      content.isCutOut = true
    }
    content.document = before..<dossier.text.count
    return true
  }

  /// Adds a part to the dossier.
  private func add(_ content: inout Content, to dossier: Dossier) {
    let label = String(content.label.prefix(32))
    dossier.parts.append(
      Dossier.Part(
        table: Shapes.tableNumber(ofLabel: label).flatMap { shapes.envelopeTable($0) }, label: printableLabel(label),
        document: content.document ?? 0..<0, skeletonOffset: content.skeletonOffset, layout: content.layout,
        byteOffset: content.byteOffset))
    contents.append(content)
    content = Content()
  }

  /// Ends a HOSO: reads its documents.
  private func readDossier(into dossier: Dossier) throws(ReaderFailure) {
    guard try closeDossier(dossier) else { return }
    var plain: [Range<Int>?] = []
    var isPredecessor = false
    for (part, content) in zip(dossier.parts, contents) {
      guard let table = part.table, !part.document.isEmpty,
        let range = try documents.plain(part.document, of: dossier, isText: content.isText)
      else {
        plain.append(nil)
        continue
      }
      plain.append(range)
      if shapes.isPredecessor(dossier.text.span.extracting(range), table: table) { isPredecessor = true }
    }
    use(isPredecessor: isPredecessor, dossier)
    var seen: Set<Int> = []
    for i in dossier.parts.indices {
      let part = dossier.parts[i]
      guard let table = part.table else {
        dossier.findings.append(Finding(FindingCode("A", 8), .warn, byteOffset: part.byteOffset))
        if part.document.isEmpty {
          dossier.findings.append(Finding(FindingCode("A", 3), .reject, byteOffset: part.byteOffset))
        }
        continue
      }
      if !seen.insert(table).inserted {
        dossier.findings.append(Finding(FindingCode("A", 7), .warn, table: table, byteOffset: part.byteOffset))
      }
      if let range = plain[i] {
        let shape = shapes.shape(table, schema: dossier.schema)
        try readDocument(range, of: dossier, as: shape, isCutOut: contents[i].isCutOut, byteOffset: part.byteOffset)
      } else {
        dossier.findings.append(Finding(FindingCode("A", 3), .reject, table: table, byteOffset: part.byteOffset))
      }
    }
    if !isPredecessor { shapes.settleEdition(of: dossier, schemas[0]) }
  }

  /// Gives the dossier the tables of its schema; parts, numbered by the first schema so far, are numbered by it.
  private func use(isPredecessor: Bool, _ dossier: Dossier) {
    guard isPredecessor, schemas.count > 1 else { return dossier.use(schemas[0], number: 0) }
    dossier.use(schemas[1], number: 1)
    dossier.edition = .qd4210
    for i in dossier.parts.indices {
      dossier.parts[i].table = dossier.parts[i].table.flatMap { schemas[1].table(schemas[0].tables[$0].name) }
    }
  }

  /// - Returns: why the document was not taken.
  @discardableResult
  private func readDocument(
    _ range: Range<Int>, of dossier: Dossier, as shape: TableShape, isCutOut: Bool, byteOffset: Int
  ) throws(ReaderFailure) -> DocumentFault? {
    let table = shape.number
    if dossier.tables[table].rowCount == 0 { dossier.tables[table].byteOffset = byteOffset }
    let outcome = try documents.read(range, of: dossier, as: shape, isCutOut: isCutOut)
    if outcome.hadControls {
      dossier.findings.append(Finding(FindingCode("A", 13), .warn, table: table, byteOffset: byteOffset))
    }
    if outcome.fault != nil {
      dossier.findings.append(Finding(FindingCode("A", 3), .reject, table: table, byteOffset: byteOffset))
    } else if outcome.strays > 0 {
      dossier.findings.append(
        Finding(FindingCode("A", 12), .error, table: table, found: outcome.strays, byteOffset: byteOffset))
    }
    return outcome.fault
  }

  /// Ends the row of a check-in or assessment file: its very bytes are the document.
  private func readRow(into dossier: Dossier) throws(ReaderFailure) {
    let isCheckIn = facts.form == .checkIns
    let table = isCheckIn ? shapes.checkIn : shapes.assessment
    dossier.text.append(contentsOf: scanner.window.bytes[scanner.dossierStart..<scanner.at])
    let document = 0..<dossier.text.count
    guard try closeDossier(dossier) else { return }
    dossier.kind = isCheckIn ? .checkIn : .assessment
    dossier.use(schemas[0], number: 0)
    dossier.parts.append(
      Dossier.Part(
        table: table, label: schemas[0].tables[table].name, document: document, skeletonOffset: 0, layout: nil,
        byteOffset: dossier.byteOffset))
    try readDocument(document, of: dossier, as: shapes.rowShape(table), isCutOut: true, byteOffset: dossier.byteOffset)
  }

  /// Takes the rest of the dossier's bytes; false when the parser refuses them.
  private func closeDossier(_ dossier: Dossier) throws(ReaderFailure) -> Bool {
    dossier.skeleton.append(contentsOf: scanner.window.bytes[skeletonFrom..<scanner.at])
    dossier.sizeInBytes = scanner.at - scanner.dossierStart
    queue(upTo: scanner.at)
    scanner.dossierStart = -1
    scanner.leafStart = -1
    guard try flush() else { return false }
    number += 1
    dossier.number = number
    forget(upTo: scanner.at)
    return true
  }

  /// A file that is one inner document.
  private func readBare(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    while try scanner.window.grow() {
      if scanner.window.bytes.count > Scanner.largestDossier {
        refuse("S", 10)
        return false
      }
    }
    guard let table = shapes.roots[root] else { return false }
    let range = bodyStart..<scanner.window.bytes.count
    dossier.text.append(contentsOf: scanner.window.bytes)
    // a declaration of the encoding it was converted from would have it converted again when it is read from the store
    let isConverted = facts.encoding != "UTF-8"
    dossier.skeleton.append(contentsOf: scanner.window.bytes[(isConverted ? bodyStart : 0)...])
    dossier.sizeInBytes = scanner.window.bytes.count
    dossier.parts.append(
      Dossier.Part(
        table: table, label: schemas[0].tables[table].name, document: 0..<scanner.window.bytes.count, skeletonOffset: 0,
        layout: nil,
        byteOffset: 0))
    let isPredecessor = shapes.isPredecessor(dossier.text.span.extracting(range), table: table)
    use(isPredecessor: isPredecessor, dossier)
    if let table = dossier.parts[0].table {
      let shape = shapes.shape(table, schema: dossier.schema)
      if try readDocument(range, of: dossier, as: shape, isCutOut: false, byteOffset: 0) == .notWellFormed {
        try refuseHere()
        return false
      }
    }
    if !isPredecessor { shapes.settleEdition(of: dossier, schemas[0]) }
    number = 1
    dossier.number = 1
    facts.dossiers = 1
    state = .ended
    return true
  }

  // MARK: the end

  /// Behind the root element only white space and comments may follow; XML0 files may carry CHUKYDONVI there (seen).
  private func readEnd() throws(ReaderFailure) -> Bool {
    while true {
      while true {
        guard scanner.window.isBlank(scanner.at..<scanner.window.bytes.count) else { break }
        scanner.at = scanner.window.bytes.count
        guard try pass() else { return false }
        guard try scanner.window.grow() else {
          try finish()
          return false
        }
      }
      guard let token = try scanner.next() else {
        try refuseHere()
        return false
      }
      switch token {
      case .doctype:
        refuse("S", 12)
        return false
      case .open(.signature)
      where facts.form == .checkIns && !facts.findings.contains { $0.code == misplaced }:
        // judged as a document of its own, and nothing in it is a dossier
        guard try endRoot() else { return false }
        facts.findings.append(Finding(misplaced, .warn, byteOffset: scanner.window.base + scanner.tokenStart))
        outer = try PushParser()
        scanner.names = Scanner.names(dossier: nil)
        scanner.leafStart = scanner.at
        signatureDepth = scanner.depth
        return try scan(into: Dossier())
      case .open, .close, .other: break
      }
      guard try pass() else { return false }
    }
  }

  private let misplaced = FindingCode("S", 26)

  /// Whether the parser agrees that the root has ended.
  private func endRoot() throws(ReaderFailure) -> Bool {
    guard try flush(), let outer else { return false }
    if try outer.finish() { return true }
    refuse("A", 1)
    return false
  }

  /// At the end of the input.
  private func finish() throws(ReaderFailure) {
    guard try endRoot() else { return }
    state = .ended
    facts.dossiers = number
    guard facts.form == .envelope, root == "GIAMDINHHS" || root == "THONGTINHOSO" else { return }
    guard let declared = facts.declaredDossiers else { return note("A", 5, .warn, found: number) }
    if number < declared { return refuse("S", 6, found: number, limit: declared) }
    if number > declared { note("A", 5, .warn, found: number, limit: declared) }
  }

  // MARK: findings about the file

  private func note(
    _ letter: Unicode.Scalar, _ number: UInt8, _ severity: Severity, found: Int? = nil, limit: Int? = nil
  ) {
    facts.findings.append(Finding(FindingCode(letter, number), severity, found: found, limit: limit))
  }

  private func refuse(_ letter: Unicode.Scalar, _ number: UInt8, found: Int? = nil, limit: Int? = nil) {
    refuse(FindingCode(letter, number), found: found, limit: limit)
  }

  private func refuse(_ code: FindingCode, found: Int? = nil, limit: Int? = nil) {
    state = .ended
    guard facts.refusal == nil else { return }
    facts.dossiers = number
    facts.refusal = Finding(
      code, .reject, found: found, limit: limit,
      byteOffset: scanner.window.base + min(scanner.at, scanner.window.bytes.count))
  }

  /// The scanner cannot go on: what it has seen is not well-formed, or the file ends inside something, or something is longer than we read.
  private func refuseHere() throws(ReaderFailure) {
    guard facts.refusal == nil else { return }
    if scanner.isBroken { return refuse("A", 1) }
    guard scanner.window.hasEnded else { return refuse("S", 10) }
    queue(upTo: scanner.window.bytes.count)
    guard try flush(), let outer else { return }
    refuse(outer.isComplete ? "A" : "S", outer.isComplete ? 1 : 4)
  }
}

/// A label as far as it is plain text.
func printableLabel(_ label: String) -> String {
  label.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? label : "?"
}
