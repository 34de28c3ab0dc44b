internal import Bytes
internal import Findings
internal import Records

/// Hands what a parser tells to a ``RowCutter``. That is a value: Swift would look after exclusive access to each property of an object, again and
/// again, which took 40 % of the time.
final class RowCutting: ParserEvents {
  var cutter: RowCutter

  init(_ cutter: RowCutter) { self.cutter = cutter }

  func open(_ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?) {
    unsafe cutter.open(name, in: namespace)
  }

  func attribute(
    _ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?, hasPrefix: Bool,
    _ value: UnsafeBufferPointer<UInt8>
  ) {
    unsafe cutter.attribute(name, in: namespace, hasPrefix: hasPrefix, value)
  }

  func text(_ bytes: UnsafeBufferPointer<UInt8>) { unsafe cutter.append(bytes) }
  func close() { cutter.close() }
}

/// Cuts what a parser tells of one document into dossiers, along a ``RowPlan``.
///
/// The scanner says where each tag stands, the parser what it means: both tell the same tags in the same order. Text is gathered in one
/// array, cells point into it, and a value is only copied where it has to be put together.
struct RowCutter {
  /// Why the whole document cannot be read.
  enum Problem {
    case wrongRoot
    /// The elements around the dossiers that their columns want are longer than each dossier may carry along.
    case longFrame
    /// Scanner and parser do not see the same tags.
    case lostPlace
  }

  /// The element that is open.
  private struct Frame {
    /// -1: no path leads here.
    var node: Int
    var nameStart: Int
    /// Where its pieces of text begin in `pieces`.
    var firstPiece: Int
    /// From 0, in the document.
    var byteOffset: Int
    /// It has elements, or attributes that were kept.
    var hasMore = false
    var isRow = false
  }

  static let longestFrame = 16 * 1024
  /// Texts put together may not make more of a dossier than this.
  private static let mostText = 64 << 20
  private static let mostFindings = 1000

  let plan: RowPlan
  private let schema: SourceSchema
  var scanner: Scanner
  private(set) var problem: Problem?
  /// Where the document begins in the file.
  private(set) var origin = 0

  // tags that the scanner has seen and the parser has not told yet, by their place in the document
  private var marks: [Range<Int>] = []
  private var told = 0

  /// Bytes that the parser has not seen yet; they end with a tag, a comment or a CDATA section.
  var pending: [UInt8] = []
  /// Window offset up to which bytes were queued.
  private var queuedTo = 0
  private var hasRoot = false

  // the document
  private var frames: [Frame] = []
  private var names: [UInt8] = []
  /// What goes before each dossier when it is kept: the start tags around it, and elements that columns want.
  private var before: [UInt8] = []
  /// Of each open element around the dossiers: where its part of `before` begins, and its name.
  private var spine: [(start: Int, name: [UInt8])] = []
  /// What the elements around the dossiers said, by capture; empty while they said nothing.
  private var outer: [[[UInt8]]]
  private var outerRepeats: Set<Int> = []

  // the dossier
  /// Where it begins in the document; -1 outside.
  private(set) var dossierStart = -1
  private var text: [UInt8] = []
  /// Where the text read since the last tag begins.
  private var start = 0
  private var pieces: [TableRecords.Cell] = []
  private var tables: [TableRecords]
  private var findings: [Finding] = []
  private var cells: [TableRecords.Cell]
  private var parts: [[TableRecords.Cell]]
  private var isReported: [Bool]
  private var absents: [TableRecords.Cell]
  private var firstRows: [Int]
  /// The open rows, the innermost last: number of the table, number of the frame.
  private var rows: [(table: Int, frame: Int)] = []
  private var extras = 0
  private var strays = 0
  /// More than can be read: nothing is added any more.
  private var isOver = false
  private var hadControls = false

  // the file
  private var number = 0
  private var rowNumbers: [Int]
  private(set) var fileFindings: [Finding] = []
  private var ready: [Dossier] = []
  private var spare: [Dossier] = []

  init(plan: RowPlan, schema: SourceSchema, scanner: Scanner) {
    self.plan = plan
    self.schema = schema
    self.scanner = scanner
    outer = Array(repeating: [], count: plan.captures.count)
    tables = schema.tables.map { TableRecords(columnCount: $0.columns.count) }
    cells = Array(repeating: .missing, count: plan.captures.count)
    parts = Array(repeating: [], count: plan.captures.count)
    isReported = Array(repeating: false, count: plan.captures.count)
    absents = Array(repeating: .missing, count: plan.absents.count)
    firstRows = Array(repeating: 0, count: plan.groups.count)
    rowNumbers = Array(repeating: 0, count: schema.tables.count)
  }

  /// How many dossiers have ended.
  var dossiers: Int { number }
  var isReady: Bool { !ready.isEmpty }

  /// Another document of the same file follows.
  ///
  /// - Parameter bodyStart: where it begins in the scanner's window.
  mutating func restart(_ scanner: Scanner, bodyStart: Int, origin: Int) {
    self.scanner = scanner
    self.origin = origin
    pending.removeAll(keepingCapacity: true)
    (queuedTo, hasRoot) = (bodyStart, false)
    marks.removeAll(keepingCapacity: true)
    frames.removeAll(keepingCapacity: true)
    names.removeAll(keepingCapacity: true)
    before.removeAll(keepingCapacity: true)
    spine.removeAll()
    (told, dossierStart) = (0, -1)
    for i in outer.indices { outer[i] = [] }
  }

  // MARK: feeding

  /// What comes next.
  enum Step {
    /// The parser is to be fed with `pending`.
    case feed
    /// Only white space stood behind the root element.
    case end
    /// The scanner cannot go on.
    case stuck
    case refuse(FindingCode)
  }

  private static let piece = 8 * 1024
  /// The largest dossier as delivered (reliability rules, section 6).
  private static let largestDossier = 16 << 20

  /// Moves over tags until enough of them stand in `pending`, or a dossier may have ended: the next one shall not be fed before that one is taken.
  mutating func advance() throws(ReaderFailure) -> Step {
    while true {
      if hasRoot && scanner.depth == 0 {
        scanner.skipBlanks()
        if scanner.at == scanner.window.bytes.count {
          queue(upTo: scanner.at)
          if pending.count >= RowCutter.piece { return .feed }
          guard try scanner.window.grow() else { return .end }
          continue
        }
      }
      guard let token = try scanner.next(naming: false) else { return .stuck }
      if dossierStart >= 0 && scanner.window.base + scanner.at - dossierStart > RowCutter.largestDossier {
        return .refuse(.S10)
      }
      switch token {
      case .doctype: return .refuse(.S12)
      case .other:
        if scanner.window.has("<![CDATA[", at: scanner.tokenStart) {
          guard scanner.depth > 0 else { return .refuse(.A01) }
          queueCDATA()
        } else {
          queue(upTo: scanner.at)
        }
      case .open:
        hasRoot = true
        mark()
        if scanner.depth > RowBuilder.deepest { return .refuse(.A01) }
      case .close:
        mark()
        if scanner.depth < 0 { return .refuse(.A01) }
        if scanner.depth + 1 == plan.dossierDepth { return .feed }
      }
      // of an element without content both tags are told at once
      if pending.count >= RowCutter.piece, scanner.selfClosing == nil { return .feed }
    }
  }

  /// The scanner has seen a tag; an element without content has a start tag and an empty end tag behind it.
  private mutating func mark() {
    let base = scanner.window.base
    marks.append(base + scanner.tokenStart..<base + scanner.at)
    queue(upTo: scanner.at)
  }

  private mutating func queue(upTo end: Int) {
    if end > queuedTo {
      pending.append(contentsOf: scanner.window.bytes[queuedTo..<end])
      queuedTo = end
    }
  }

  /// Queues what is left, without half a letter at its end.
  mutating func queueRest() {
    queue(upTo: scanner.window.bytes.count)
    if let invalid = Text.firstInvalidUTF8(pending.span), pending.count - invalid < 4 {
      pending.removeLast(pending.count - invalid)
    }
  }

  /// Queues a CDATA section as escaped text: the parser would hold all of it until it ends, and libxml2 2.9 reads it less strictly than text.
  private mutating func queueCDATA() {
    queue(upTo: scanner.tokenStart)
    if pending.last == 0x0D { pending[pending.count - 1] = 0x0A }  // no line feed follows that belongs to it
    var wasReturn = false
    for i in scanner.tokenStart + 9..<scanner.at - 3 {
      let byte = scanner.window.bytes[i]
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
    queuedTo = scanner.at
  }

  /// Forgets what nobody needs any more of what has been fed, when that is much.
  mutating func forget() {
    let base = scanner.window.base
    var end = base + queuedTo
    if dossierStart >= 0 { end = min(end, dossierStart) }
    if told < marks.count { end = min(end, marks[told].lowerBound) }
    if end > base, scanner.forget(upTo: end - base) { queuedTo -= end - base }
  }

  /// Control characters were read as blanks in what was fed last; `before` it so many dossiers had ended.
  mutating func noteControls(dossiersBefore: Int) {
    let finding = Finding(FindingCode("A", 13), .warn, table: plan.captures.first?.table ?? -1)
    if number > dossiersBefore, let last = ready.last {
      if !last.findings.contains(where: { $0.code == finding.code }) { last.findings.append(finding) }
    } else if dossierStart >= 0 {
      hadControls = true
    } else if !fileFindings.contains(where: { $0.code == finding.code }) {
      fileFindings.append(finding)
    }
  }

  /// Hands on the next dossier that has ended; false when there is none.
  mutating func take(_ dossier: Dossier) -> Bool {
    guard !ready.isEmpty else { return false }
    let done = ready.removeFirst()
    dossier.use(schema, number: 0)
    swap(&dossier.tables, &done.tables)
    swap(&dossier.text, &done.text)
    swap(&dossier.skeleton, &done.skeleton)
    swap(&dossier.findings, &done.findings)
    (dossier.number, dossier.byteOffset, dossier.sizeInBytes) = (done.number, done.byteOffset, done.sizeInBytes)
    spare.append(done)
    return true
  }

  mutating func dropReady() { ready.removeAll() }

  // MARK: events

  mutating func open(_ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?) {
    guard problem == nil, let tag = nextMark() else { return }
    var node = -1
    if let parent = frames.last {
      keepPiece()
      frames[frames.count - 1].hasMore = true
      if parent.node >= 0 { node = unsafe plan.child(of: parent.node, name, namespace) }
    } else {
      node = unsafe plan.rootNode(name, namespace)
      if node < 0 {
        problem = .wrongRoot
        return
      }
    }
    let isInside = dossierStart >= 0
    if !isInside && node == plan.dossier { beginDossier(at: tag.lowerBound) }
    frames.append(
      Frame(node: node, nameStart: names.count, firstPiece: pieces.count, byteOffset: tag.lowerBound))
    unsafe names.append(contentsOf: name)
    guard node >= 0 else { return }
    if dossierStart < 0 {
      openAround(node, tag)
    } else if !isOver {
      openInside(node)
    }
  }

  mutating func attribute(
    _ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?, hasPrefix: Bool,
    _ value: UnsafeBufferPointer<UInt8>
  ) {
    guard problem == nil, !isOver, let frame = frames.last else { return }
    if dossierStart < 0 {
      guard frame.node >= 0, let captures = unsafe captures(of: frame.node, name, namespace) else { return }
      var bytes: [UInt8] = []
      unsafe PushParser.append(attribute: value, to: &bytes)
      let trimmed = Text.trimmed(bytes.span)
      for capture in captures { recordAround(capture, Array(bytes[trimmed])) }
      return
    }
    let captures = frame.node >= 0 ? unsafe captures(of: frame.node, name, namespace) : nil
    if captures == nil && hasPrefix {
      // how the document is written (xsi:type, xml:space), not what it says
      if unsafe describesDocument(namespace) { return }
    }
    unsafe PushParser.append(attribute: value, to: &text)
    let cell = pendingCell()
    start = text.count
    if let captures {
      var isKept = true
      for capture in captures where !record(capture, cell) { isKept = false }
      if !isKept { unsafe keepRepeated(cell, attribute: printable(name)) }
    } else {
      frames[frames.count - 1].hasMore = true
      unsafe keep(cell, attribute: printable(name))
    }
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard problem == nil, !isOver, let frame = frames.last else { return }
    if dossierStart < 0 && (frame.node < 0 || plan.nodes[frame.node].texts.isEmpty) { return }
    if text.count == start, unsafe Text.trimmed(bytes.span).isEmpty { return }
    unsafe text.append(contentsOf: bytes)
  }

  mutating func close() {
    guard problem == nil, let tag = nextMark(), let frame = frames.last else { return }
    if dossierStart < 0 {
      closeAround(frame, tag)
    } else {
      if !isOver { closeInside(frame) }
      if frame.isRow { rows.removeLast() }
      pieces.removeLast(pieces.count - frame.firstPiece)
      if frame.node == plan.dossier { endDossier(at: tag.upperBound) }
    }
    names.removeLast(names.count - frame.nameStart)
    frames.removeLast()
  }

  private mutating func nextMark() -> Range<Int>? {
    guard told < marks.count else {
      problem = .lostPlace
      return nil
    }
    let mark = marks[told]
    told += 1
    if told == marks.count {
      marks.removeAll(keepingCapacity: true)
      told = 0
    }
    return mark
  }

  /// The document's bytes, as long as the window has them.
  private mutating func raw(_ range: Range<Int>) -> ArraySlice<UInt8>? {
    let base = scanner.window.base
    guard range.lowerBound >= base, range.upperBound - base <= scanner.window.bytes.count else {
      problem = .lostPlace
      return nil
    }
    return scanner.window.bytes[range.lowerBound - base..<range.upperBound - base]
  }

  /// The captures that want an attribute of the node.
  private func captures(of node: Int, _ name: UnsafeBufferPointer<UInt8>, _ namespace: UnsafePointer<UInt8>?) -> [Int]?
  {
    guard !plan.nodes[node].attributes.isEmpty, let number = unsafe plan.names.number(of: name.span) else {
      return nil
    }
    for attribute in plan.nodes[node].attributes
    where unsafe attribute.name == number && plan.isSame(namespace, attribute.address) { return attribute.captures }
    return nil
  }

  private static let ownNamespaces = [
    Array("http://www.w3.org/2001/XMLSchema-instance".utf8), Array("http://www.w3.org/XML/1998/namespace".utf8),
  ]

  private func describesDocument(_ namespace: UnsafePointer<UInt8>?) -> Bool {
    guard let namespace = unsafe namespace else { return false }
    return RowCutter.ownNamespaces.contains { address in
      for i in address.indices where unsafe namespace[i] != address[i] { return false }
      return unsafe namespace[address.count] == 0
    }
  }

  // MARK: text

  /// The text read since the last tag, trimmed.
  private func pendingCell() -> TableRecords.Cell {
    let range = Text.trimmed(text.span.extracting(start...))
    return TableRecords.Cell(
      offset: UInt32(truncatingIfNeeded: start + range.lowerBound), length: UInt32(truncatingIfNeeded: range.count))
  }

  /// Ends a piece of the open element's text: a tag follows.
  private mutating func keepPiece() {
    guard text.count > start else { return }
    let cell = pendingCell()
    if cell.length > 0 {
      pieces.append(cell)
    } else {
      text.removeLast(text.count - start)
    }
    start = text.count
  }

  /// The open element's own text: its pieces, with a blank where elements stand between them.
  private mutating func ownText(_ frame: Frame) -> TableRecords.Cell {
    keepPiece()
    switch pieces.count - frame.firstPiece {
    case 0: return TableRecords.Cell(offset: UInt32(truncatingIfNeeded: start), length: 0)
    case 1: return pieces[frame.firstPiece]
    default: return joined(pieces[frame.firstPiece...], [0x20])
    }
  }

  private mutating func joined(_ cells: ArraySlice<TableRecords.Cell>, _ separator: [UInt8]) -> TableRecords.Cell {
    var isFirst = true
    let from = text.count
    for cell in cells where cell.length > 0 {
      if !isFirst { text.append(contentsOf: separator) }
      isFirst = false
      for i in cell.range { text.append(text[i]) }
    }
    start = text.count
    if text.count > RowCutter.mostText { exceed() }
    return TableRecords.Cell(
      offset: UInt32(truncatingIfNeeded: from), length: UInt32(truncatingIfNeeded: text.count - from))
  }

  // MARK: around the dossiers

  private mutating func openAround(_ node: Int, _ tag: Range<Int>) {
    for capture in plan.nodes[node].anchored { outer[capture].removeAll() }
    guard let bytes = raw(tag) else { return }
    if plan.nodes[node].isSpine {
      // a control character behind it was read as a blank
      let name = bytes.dropFirst().prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ">") }
      spine.append((before.count, Array(name)))
    }
    before.append(contentsOf: bytes)
    checkFrame()
  }

  private mutating func closeAround(_ frame: Frame, _ tag: Range<Int>) {
    guard frame.node >= 0 else { return }
    if plan.nodes[frame.node].isSpine {
      if let open = spine.popLast() { before.removeLast(before.count - open.start) }
      return
    }
    let cell = ownText(frame)
    pieces.removeLast(pieces.count - frame.firstPiece)
    let value = Array(text[cell.range])
    for capture in plan.nodes[frame.node].texts { recordAround(capture, value) }
    guard let bytes = raw(tag) else { return }
    for byte in value {
      switch byte {
      case UInt8(ascii: "<"): before.append(contentsOf: "&lt;".utf8)
      case UInt8(ascii: ">"): before.append(contentsOf: "&gt;".utf8)
      case UInt8(ascii: "&"): before.append(contentsOf: "&amp;".utf8)
      case 0x0D: before.append(contentsOf: "&#13;".utf8)
      default: before.append(byte)
      }
    }
    before.append(contentsOf: bytes)
    checkFrame()
    if frames.count > 1, let parent = frames.dropLast().last, parent.node >= 0, plan.nodes[parent.node].isSpine {
      text.removeAll(keepingCapacity: true)
      start = 0
    }
  }

  private mutating func checkFrame() {
    if before.count > RowCutter.longestFrame { problem = problem ?? .longFrame }
  }

  private mutating func recordAround(_ capture: Int, _ value: [UInt8]) {
    if outer[capture].isEmpty || plan.captures[capture].join != nil {
      outer[capture].append(value)
    } else if outerRepeats.insert(capture).inserted {
      let wanted = plan.captures[capture]
      fileFindings.append(
        Finding(
          FindingCode.T50, .warn, table: wanted.table, column: wanted.column,
          byteOffset: origin + (frames.last?.byteOffset ?? 0)))
    }
  }

  // MARK: inside a dossier

  private mutating func beginDossier(at offset: Int) {
    dossierStart = offset
    text.removeAll(keepingCapacity: true)
    pieces.removeAll(keepingCapacity: true)
    rows.removeAll(keepingCapacity: true)
    findings.removeAll(keepingCapacity: true)
    (start, extras, strays, isOver, hadControls) = (0, 0, 0, false, false)
    for i in absents.indices { absents[i] = .missing }
    for capture in plan.outer {
      var isFirst = true
      cells[capture] = .missing
      for value in outer[capture] where isFirst || !value.isEmpty {
        if isFirst {
          cells[capture] = TableRecords.Cell(offset: UInt32(truncatingIfNeeded: text.count), length: 0)
          isFirst = false
        } else if cells[capture].length > 0 {
          text.append(contentsOf: plan.captures[capture].join ?? [])
        }
        text.append(contentsOf: value)
        cells[capture].length = UInt32(truncatingIfNeeded: text.count) - cells[capture].offset
      }
    }
    start = text.count
  }

  private mutating func openInside(_ node: Int) {
    for capture in plan.nodes[node].anchored {
      cells[capture] = .missing
      isReported[capture] = false
      if !parts[capture].isEmpty { parts[capture].removeAll(keepingCapacity: true) }
    }
    for group in plan.nodes[node].groups { firstRows[group] = tables[plan.groups[group].table].rowCount }
    for table in plan.nodes[node].rows {
      guard tables[table].cells.count + tables[table].columnCount <= RowBuilder.mostCells else { return exceed(table) }
      let offset = origin + (frames.last?.byteOffset ?? 0)
      if tables[table].rowCount == 0 { tables[table].byteOffset = offset }
      tables[table].appendRow()
      rowNumbers[table] += 1
      tables[table].origins.append(TableRecords.Origin(number: rowNumbers[table], byteOffset: offset))
      if !frames[frames.count - 1].isRow {
        frames[frames.count - 1].isRow = true
        rows.append((table, frames.count - 1))
      }
    }
  }

  private mutating func closeInside(_ frame: Frame) {
    let cell = ownText(frame)
    if frame.node < 0 {
      if !frame.hasMore || cell.length > 0 { keep(cell) }
      return
    }
    let node = plan.nodes[frame.node]
    if node.texts.isEmpty {
      if cell.length > 0 { keep(cell) }
    } else {
      var isKept = true
      for capture in node.texts where !record(capture, cell) { isKept = false }
      if !isKept { keepRepeated(cell) }
    }
    for capture in node.anchored where !parts[capture].isEmpty {
      cells[capture] =
        parts[capture].count == 1
        ? parts[capture][0] : joined(parts[capture][...], plan.captures[capture].join ?? [])
      if Int(cells[capture].length) > RowBuilder.longestField { tooLong(capture) }
    }
    for group in node.groups { fill(group) }
  }

  /// Gives the rows that have begun since the element did what was read in it.
  private mutating func fill(_ group: Int) {
    let table = plan.groups[group].table
    let columns = tables[table].columnCount
    for (column, capture, absent) in plan.groups[group].fills {
      var cell = cells[capture]
      if cell.isMissing {
        guard absent >= 0 else { continue }
        if absents[absent].isMissing {
          absents[absent] = TableRecords.Cell(
            offset: UInt32(truncatingIfNeeded: text.count),
            length: UInt32(truncatingIfNeeded: plan.absents[absent].count))
          text.append(contentsOf: plan.absents[absent])
          start = text.count
        }
        cell = absents[absent]
      }
      var slot = firstRows[group] * columns + column
      while slot < tables[table].cells.count {
        tables[table].cells[slot] = cell
        slot += columns
      }
    }
  }

  /// Takes a value for a capture; false when it has one already.
  private mutating func record(_ capture: Int, _ cell: TableRecords.Cell) -> Bool {
    if Int(cell.length) > RowBuilder.longestField {
      tooLong(capture)
      return true
    }
    if plan.captures[capture].join != nil {
      parts[capture].append(cell)
      return true
    }
    if cells[capture].isMissing {
      cells[capture] = cell
      return true
    }
    if !isReported[capture] {
      isReported[capture] = true
      let wanted = plan.captures[capture]
      note(
        Finding(
          FindingCode.T50, .warn, table: wanted.table, column: wanted.column, row: tables[wanted.table].rowCount,
          byteOffset: origin + (frames.last?.byteOffset ?? 0)))
    }
    return false
  }

  /// A value too many stands beside the row, as what no path names.
  private mutating func keepRepeated(_ cell: TableRecords.Cell, attribute: String? = nil) {
    if cell.length > 0 { keep(cell, attribute: attribute) }
  }

  /// Keeps what no path names with the innermost row.
  private mutating func keep(_ cell: TableRecords.Cell, attribute: String? = nil) {
    guard let row = rows.last else {
      if cell.length > 0 { strays += 1 }
      return
    }
    guard Int(cell.length) <= RowBuilder.longestField else {
      return refuse(row.table)
    }
    guard extras < RowBuilder.mostExtras else { return exceed(row.table) }
    extras += 1
    tables[row.table].extras.append(
      TableRecords.Extra(row: tables[row.table].rowCount - 1, name: extraName(row.frame, attribute), cell: cell))
  }

  /// The name of the open element (or of an attribute of it), with those of the elements between it and its row, joined by `.`.
  private func extraName(_ row: Int, _ attribute: String?) -> String {
    var last = row + 1
    if attribute == nil { last = min(last, frames.count - 1) }
    var name = ""
    for i in last..<max(last, frames.count) {
      let end = i + 1 < frames.count ? frames[i + 1].nameStart : names.count
      let part = unsafe names[frames[i].nameStart..<end].withUnsafeBufferPointer { unsafe printable($0) }
      name = name.isEmpty || name.utf8.count + part.utf8.count > 128 ? part : "\(name).\(part)"
    }
    guard let attribute else { return name }
    return name.isEmpty ? "@\(attribute)" : "\(name).@\(attribute)"
  }

  private mutating func note(_ finding: Finding) {
    if findings.count < RowCutter.mostFindings { findings.append(finding) }
  }

  private mutating func tooLong(_ capture: Int) {
    cells[capture] = .missing
    refuse(plan.captures[capture].table, plan.captures[capture].column)
  }

  private mutating func exceed(_ table: Int = -1) {
    isOver = true
    refuse(table)
  }

  /// The dossier cannot be taken: something in it is longer, or there is more of it, than can be read.
  private mutating func refuse(_ table: Int, _ column: Int = -1) {
    guard !findings.contains(where: { $0.code == .T52 }) else { return }
    findings.append(
      Finding(
        FindingCode.T52, .reject, table: table, column: column, byteOffset: origin + (frames.last?.byteOffset ?? 0)))
  }

  private mutating func endDossier(at end: Int) {
    defer { dossierStart = -1 }
    guard let bytes = raw(dossierStart..<end) else { return }
    let dossier = spare.popLast() ?? Dossier()
    dossier.removeAll()
    dossier.use(schema, number: 0)
    number += 1
    dossier.number = number
    dossier.byteOffset = origin + dossierStart
    dossier.sizeInBytes = bytes.count
    dossier.skeleton.append(contentsOf: before)
    dossier.skeleton.append(contentsOf: bytes)
    for open in spine.reversed() {
      dossier.skeleton.append(contentsOf: "</".utf8)
      dossier.skeleton.append(contentsOf: open.name)
      dossier.skeleton.append(UInt8(ascii: ">"))
    }
    if strays > 0 { note(Finding(FindingCode.T53, .warn, found: strays, byteOffset: dossier.byteOffset)) }
    if hadControls { note(Finding(FindingCode("A", 13), .warn, table: plan.captures.first?.table ?? -1)) }
    swap(&dossier.text, &text)
    swap(&dossier.tables, &tables)
    swap(&dossier.findings, &findings)
    text.removeAll(keepingCapacity: true)
    start = 0
    ready.append(dossier)
  }
}
