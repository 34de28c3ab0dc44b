internal import Bytes
internal import Findings
internal import Records

/// The rows of one delimited text: its preamble and header are read first, then row after row.
final class TableFile {
  /// Number of the table in the schema.
  let table: Int
  let source: SourceTable
  private let file: TabularLayout.File
  private let stated: TextEncoding?
  /// Cells of a row when there is no header; nil: those of the first row.
  private let statedWidth: Int?
  /// The text is stored rows, not a file from its beginning.
  private let isStored: Bool
  /// Columns that must be in the file although the schema does not require them: keys.
  private let keyColumns: [Int]

  let input: TextInput
  let tokenizer: Tokenizer
  private let missing: MissingValues
  private(set) var columns: Columns?
  /// The delivered bytes before the first row, or only the header's where they are many; and how many lines of them are no header.
  private(set) var preamble: [UInt8] = []
  private(set) var preambleLines = 0
  /// Why nothing of the file may be loaded.
  private(set) var refusal: Finding? { didSet { isRefused = refusal != nil } }
  private var isRefused = false
  /// Findings about the file.
  private(set) var notes: [Finding] = []
  /// By cell: whether the name of its column may be a value.
  private var mayBeValue: [Bool] = []
  /// In which columns the file differs from its table.
  private(set) var other: OtherColumns?

  // MARK: the current row

  /// From 1, rows without content not counted.
  private(set) var rowNumber = 0
  private(set) var rowOffset = 0
  private(set) var rowSize = 0
  /// The row in the window, its line end counted.
  private var row = 0..<0
  private(set) var trouble: Trouble?
  private var hasEnded = false

  /// Why a row cannot be taken.
  enum Trouble: Equatable {
    case ragged(found: Int)
    case strayText
    case control
  }

  private static let longestPreamble = 4096
  private static let longestHeader = 64 * 1024

  init(
    table: Int, source: SourceTable, file: TabularLayout.File, stated: TextEncoding?, width: Int? = nil,
    isStored: Bool = false, keyColumns: [Int] = [], bytes: @escaping ByteSource
  ) {
    (self.table, self.source, self.file, self.stated, statedWidth) = (table, source, file, stated, width)
    (self.isStored, self.keyColumns) = (isStored, keyColumns)
    input = TextInput(source: bytes)
    tokenizer = Tokenizer(file.dialect)
    missing = MissingValues(file.dialect.missingValues)
  }

  private var dialect: TabularDialect { file.dialect }

  private func refuse(
    _ code: FindingCode, column: Int = -1, found: Int? = nil, limit: Int? = nil, at byteOffset: Int = -1
  ) {
    guard refusal == nil else { return }
    refusal = Finding(
      code, .reject, table: table, column: column, found: found, limit: limit, byteOffset: byteOffset)
    hasEnded = true
  }

  private func refuse(unreadable byteOffset: Int) {
    refuse(.T07, at: byteOffset)
    refusal?.unknownName = input.encoding.rawValue
  }

  // MARK: beginning

  /// Reads what stands before the first row; false when the file is refused.
  func begin() throws(ReaderFailure) -> Bool {
    // stored rows without a header are from the middle of their file: there a mark, or the first bytes of other formats, are text
    let isWhole = !isStored || dialect.hasHeader
    try input.begin(stated: stated, isWhole: isWhole)
    if isWhole, input.fault == nil, OtherFormat.begins(input.bytes) { refuse(.T16) }
    if stated == nil, input.preamble.isEmpty, let zero = input.bytes.prefix(4).firstIndex(of: 0) {
      refuse(unreadable: zero)  // UTF-16 without its mark, most likely
    }
    preamble = input.preamble
    var lines = preamble
    for _ in 0..<max(0, dialect.linesToSkip) where refusal == nil {
      guard let line = try skipLine() else { break }
      // more than this nobody wants to see with each dossier
      if lines.count <= TableFile.longestPreamble { input.appendAsDelivered(line, to: &lines) }
      input.advance(to: line.upperBound)
    }
    if lines.count <= TableFile.longestPreamble { (preamble, preambleLines) = (lines, dialect.linesToSkip) }
    guard refusal == nil else { return false }
    if dialect.hasHeader {
      try readHeader()
    } else {
      (preamble, preambleLines) = ([], 0)
      if let statedWidth { takePositions(statedWidth) }
    }
    return refusal == nil
  }

  private func readHeader() throws(ReaderFailure) {
    repeat {
      guard try scan() else { return refuse(.S01) }
    } while isBlank
    guard tokenizer.count <= Tokenizer.mostCells else {
      return refuse(.T13, found: tokenizer.count, limit: Tokenizer.mostCells, at: rowOffset)
    }
    guard tokenizer.end <= TableFile.longestHeader else {
      return refuse(.T13, found: tokenizer.end, limit: TableFile.longestHeader, at: rowOffset)
    }
    var names: [[UInt8]] = []
    for cell in 0..<tokenizer.count { names.append(text(of: cell)) }
    if dialect.allowsTrailingDelimiter, names.count > 1, names.last == [] { names.removeLast() }
    do throws(Columns.Fault) {
      columns = try Columns(header: names, of: source, file: file)
    } catch {
      switch error {
      case .longName(let place):
        let length = names[place - 1].count
        return refuse(.T13, found: length, limit: Columns.longestName, at: rowOffset)
      case .repeated(let column): return refuse(.T15, column: column, at: rowOffset)
      }
    }
    input.appendAsDelivered(row, to: &preamble)
    lookForColumns()
    rowNumber = 0
  }

  private func takePositions(_ width: Int) {
    guard width <= Tokenizer.mostCells else {
      return refuse(.T13, found: width, limit: Tokenizer.mostCells, at: rowOffset)
    }
    columns = Columns(positions: width, of: source)
    lookForColumns()
  }

  /// Whether the columns are there that must be, and which are there that nobody knows.
  private func lookForColumns() {
    guard let columns else { return }
    var lacking: [Int] = []
    for (number, column) in source.columns.enumerated() where columns.cells[number] == nil {
      if column.isRequired && !column.isDerived || keyColumns.contains(number) { lacking.append(number) }
    }
    if let first = lacking.first { refuse(.T05, column: first, found: lacking.count) }
    for number in lacking.dropFirst() {
      notes.append(Finding(.T05, .reject, table: table, column: number, found: lacking.count))
    }
    let unknown = columns.targets.indices.filter { columns.targets[$0] == Columns.extra }
    let known = columns.targets.count - unknown.count
    let names = unknown.map { TableFile.printable(columns.names[$0], known: known, of: columns.targets.count) }
    mayBeValue = [Bool](repeating: false, count: columns.targets.count)
    for (cell, name) in zip(unknown, names) where name == "?" { mayBeValue[cell] = true }
    if let first = names.first {
      var note = Finding(.T10, .warn, table: table, found: unknown.count)
      note.unknownName = first
      notes.append(note)
    }
    let away = source.columns.indices.filter { columns.cells[$0] == nil && !source.columns[$0].isDerived }
    if !unknown.isEmpty || !away.isEmpty { other = OtherColumns(table: table, unknown: names, lacking: away) }
  }

  /// A name as far as it cannot be a value: where no column is known the row is a patient's, most likely; one of which most is known is a header,
  /// and what else stands in it is a name, too.
  private static func printable(_ name: String, known: Int, of count: Int) -> String {
    let isHeader = known * 2 > count
    guard known > 0, !name.isEmpty, name.utf8.count <= 64 else { return "?" }
    var letters = 0
    var digits = 0
    for scalar in name.unicodeScalars {
      switch scalar {
      case "0"..."9": digits += 1
      case "A"..."Z", "a"..."z": letters += 1
      case "_", "-", ".": break
      default:
        let isLetter = scalar.properties.isAlphabetic
        guard isHeader, isLetter || scalar == " " || scalar.properties.generalCategory == .nonspacingMark else {
          return "?"
        }
        letters += isLetter ? 1 : 0
      }
    }
    // numbers, dates, and codes of persons and cards
    let isNumber = letters == 0 || digits > 5 || digits > letters && !isHeader
    return isNumber ? "?" : name
  }

  // MARK: lines and rows

  /// The next line, without a look at quotes; nil at the end, or when the file is refused.
  private func skipLine() throws(ReaderFailure) -> Range<Int>? {
    while true {
      let start = input.at
      let bytes = input.bytes
      var i = start
      while i < bytes.count, bytes[i] != 0x0A, bytes[i] != 0x0D { i += 1 }
      if i - start > Tokenizer.longestRow {
        refuse(.T12, limit: Tokenizer.longestRow, at: input.byteOffset)
        return nil
      }
      if i < bytes.count, bytes[i] == 0x0A { return start..<i + 1 }
      if i + 1 < bytes.count { return start..<(bytes[i + 1] == 0x0A ? i + 2 : i + 1) }
      if input.hasEnded, input.fault == nil { return bytes.count > start ? start..<bytes.count : nil }
      guard try more(i - start) else { return nil }
    }
  }

  /// Reads on when the row or line that was begun is `size` bytes long so far; false when the file is refused.
  private func more(_ size: Int) throws(ReaderFailure) -> Bool {
    if let fault = input.fault {
      refuse(unreadable: fault)
      return false
    }
    _ = try input.grow(max(TextInput.piece, size))
    return true
  }

  /// Cuts the next row that is no comment; false at the end, or when the file is refused.
  private func scan() throws(ReaderFailure) -> Bool {
    while !isRefused {
      if input.at == input.bytes.count {
        if input.hasEnded, input.fault == nil { return false }
        guard try more(0) else { return false }
        continue
      }
      if !dialect.comment.isEmpty {
        let left = input.bytes.count - input.at
        if left < dialect.comment.count, !input.hasEnded || input.fault != nil {
          guard try more(left) else { return false }
          continue
        }
        if input.bytes[input.at...].starts(with: dialect.comment) {
          guard let line = try skipLine() else { return false }
          input.advance(to: line.upperBound)
          continue
        }
      }
      let isLast = input.hasEnded && input.fault == nil
      let start = input.at
      let outcome = unsafe input.bytes.withUnsafeBufferPointer { text in
        unsafe tokenizer.scan(text, from: start, isLast: isLast)
      }
      let size = input.bytes.count - start
      switch outcome {
      case .row:
        if tokenizer.contentEnd > Tokenizer.longestRow {
          refuse(.T12, limit: Tokenizer.longestRow, at: input.byteOffset)
          return false
        }
        row = start..<start + tokenizer.end
        rowOffset = input.byteOffset
        input.advance(to: row.upperBound)
        rowSize = input.byteOffset - rowOffset
        return true
      case .needsMore, .needsMoreQuoted:
        let isQuoted = outcome == .needsMoreQuoted
        if size > Tokenizer.longestRow + 2 || isQuoted && isLast {
          refuse(isQuoted ? .T11 : .T12, limit: Tokenizer.longestRow, at: input.byteOffset)
          return false
        }
        guard try more(size) else { return false }
      }
    }
    return false
  }

  /// Moves to the next row with content; false at the end, or when the file is refused.
  func next() throws(ReaderFailure) -> Bool {
    guard !hasEnded else { return false }
    while try scan() {
      if isBlank { continue }
      if !dialect.footers.isEmpty, isFooter {
        try lookBehindFooter()
        break
      }
      if columns == nil { takePositions(widthOfRow) }
      guard !isRefused, columns != nil else { break }
      rowNumber += 1
      trouble = troubleOfRow
      return true
    }
    hasEnded = true
    return false
  }

  /// Reads on behind the first footer, which ends the table: rows of the table that stand there would be lost, and so refuse the file.
  private func lookBehindFooter() throws(ReaderFailure) {
    var number = rowNumber + 1
    var first: (number: Int, offset: Int)?
    var found = 0
    while try scan() {
      if isBlank { continue }
      number += 1
      guard columns == nil || widthOfRow == columns?.width, isFilled, !isFooter else { continue }
      first = first ?? (number, rowOffset)
      found += 1
    }
    guard refusal == nil, let first else { return }
    refuse(.T25, found: found, at: first.offset)
    refusal?.row = Int32(truncatingIfNeeded: first.number)
  }

  /// Whether the row says as much as one of the table: more than half of its cells are filled. Who signed, where and when, fills fewer.
  private var isFilled: Bool {
    let wanted = (columns?.width ?? tokenizer.count) / 2 + 1
    return (0..<min(tokenizer.count, Tokenizer.mostCells)).lazy.filter { !self.text(of: $0).isEmpty }
      .prefix(wanted).count == wanted
  }

  /// Makes a row that was read before the current one; false when it is none any more.
  func load(_ row: ArraySlice<UInt8>, _ place: RowPlace) throws(ReaderFailure) -> Bool {
    guard columns != nil else { return false }
    input.place(row, at: place.offset)
    guard try scan() else { return false }
    rowNumber = Int(place.number)
    trouble = troubleOfRow
    return true
  }

  /// The values of some columns as one key: decoded, trimmed; nil when one of them is missing.
  func key(_ wanted: [Int]) -> [UInt8]? {
    guard trouble == nil, let columns else { return nil }
    var key: [UInt8] = []
    for column in wanted {
      guard let cell = columns.cells[column] else { return nil }
      let text = text(of: cell)
      let isMissing = unsafe text.isEmpty || text.withUnsafeBufferPointer { unsafe missing.contain($0) }
      guard !isMissing else { return nil }
      key.append(contentsOf: text)
      key.append(0x1F)
    }
    return key
  }

  private var troubleOfRow: Trouble? {
    let width = widthOfRow
    if width != columns?.width { return .ragged(found: width) }
    if tokenizer.isStray { return .strayText }
    return input.hasControls && holdsControl ? .control : nil
  }

  /// How many cells the row has, the one behind a trailing delimiter not counted.
  private var widthOfRow: Int {
    let count = tokenizer.count
    guard dialect.allowsTrailingDelimiter, count > 1, count <= Tokenizer.mostCells, count - 1 >= columns?.width ?? 1
    else { return count }
    return text(of: count - 1).isEmpty ? count - 1 : count
  }

  private var holdsControl: Bool {
    unsafe content.withUnsafe(input.bytes) { unsafe TextChecks.firstControl($0, from: 0) != nil }
  }

  private var content: RowContent { RowContent(start: row.lowerBound, count: tokenizer.contentEnd) }

  private var isBlank: Bool {
    guard tokenizer.count <= Tokenizer.mostCells else { return false }
    return unsafe content.withUnsafe(input.bytes) { text in
      for number in 0..<tokenizer.count {
        let cell = tokenizer[number]
        for i in cell.range where unsafe !Text.isSpace(text[i]) { return false }
      }
      return !tokenizer.isStray
    }
  }

  private var isFooter: Bool {
    for number in 0..<min(tokenizer.count, Tokenizer.mostCells) {
      let text = text(of: number)
      if !text.isEmpty { return dialect.footers.contains { text.starts(with: $0) } }
    }
    return false
  }

  /// The text of a cell of the row: decoded, trimmed.
  func text(of number: Int) -> [UInt8] {
    unsafe content.withUnsafe(input.bytes) { text in
      let cell = tokenizer[number]
      let raw = unsafe UnsafeBufferPointer(rebasing: text[cell.range])
      var plain: [UInt8] = []
      if cell.isMarked {
        unsafe tokenizer.appendUnmarked(raw, quoted: cell.isQuoted, to: &plain)
      } else {
        unsafe plain.append(contentsOf: raw)
      }
      if let letters = input.letters {
        var decoded: [UInt8] = []
        unsafe plain.withUnsafeBufferPointer { unsafe letters.decode($0, onto: &decoded) }
        plain = decoded
      }
      return Array(plain[Text.trimmed(plain.span)])
    }
  }

  var origin: TableRecords.Origin { TableRecords.Origin(number: rowNumber, byteOffset: rowOffset) }

  /// What is said of the row when it cannot be taken.
  func finding(_ trouble: Trouble, origin: TableRecords.Origin? = nil) -> Finding {
    let origin = origin ?? self.origin
    var finding =
      switch trouble {
      case .ragged(let found): Finding(.T01, .reject, found: found, limit: columns?.width)
      case .strayText: Finding(.T08, .reject)
      case .control: Finding(.T20, .reject)
      }
    finding.table = Int16(truncatingIfNeeded: table)
    finding.row = Int32(truncatingIfNeeded: origin.number)
    finding.byteOffset = Int64(origin.byteOffset)
    return finding
  }

  // MARK: filling

  /// Appends the row to the dossier's table.
  ///
  /// - Parameter origin: where the row was delivered; nil: where it stands here.
  func fill(_ dossier: Dossier, origin: TableRecords.Origin? = nil) {
    guard let columns else { return }
    let origin = origin ?? self.origin
    dossier.lend(table) { records, target in
      unsafe content.withUnsafe(input.bytes) { text in
        unsafe fill(&records, &target, text, columns, origin)
      }
    }
  }

  private func fill(
    _ records: inout TableRecords, _ target: inout [UInt8], _ text: UnsafeBufferPointer<UInt8>, _ columns: Columns,
    _ origin: TableRecords.Origin
  ) {
    let slot = records.cells.count
    records.appendRow()
    if records.rowCount == 1 { records.byteOffset = origin.byteOffset }
    records.origins.append(origin)
    if input.letters != nil {
      for number in 0..<columns.width { unsafe fill(&records, &target, text, columns, cell: number, slot, base: nil) }
      return
    }
    let base = target.count
    unsafe target.append(contentsOf: text)
    let missing = missing
    let others = unsafe records.cells.withUnsafeMutableBufferPointer { cells in
      unsafe columns.targets.withUnsafeBufferPointer { targets in
        unsafe tokenizer.withCells(columns.width) { tokens, others in
          var count = 0
          for number in tokens.indices {
            let token = unsafe tokens[number]
            let target = unsafe Int(targets[number])
            if target < 0 || token.isMarked {
              unsafe others[count] = UInt16(truncatingIfNeeded: number)
              count &+= 1
              continue
            }
            let range = unsafe TableFile.trimmed(text, token.range)
            let isMissing =
              unsafe missing.mayContain(range.count) && missing.contain(UnsafeBufferPointer(rebasing: text[range]))
            unsafe cells[slot &+ target] = TableRecords.Cell(
              offset: UInt32(truncatingIfNeeded: base &+ range.lowerBound),
              length: isMissing ? 0 : UInt32(truncatingIfNeeded: range.count))
          }
          return count
        }
      }
    }
    for place in 0..<others {
      unsafe fill(&records, &target, text, columns, cell: tokenizer.other(place), slot, base: base)
    }
  }

  /// A cell that has to be put together, or one of a column that the table does not know.
  ///
  /// - Parameter base: where the row stands in `target`; nil when it must be decoded.
  private func fill(
    _ records: inout TableRecords, _ target: inout [UInt8], _ text: UnsafeBufferPointer<UInt8>, _ columns: Columns,
    cell number: Int, _ slot: Int, base: Int?
  ) {
    let token = tokenizer[number]
    var value: TableRecords.Cell
    if let base, !token.isMarked {
      let range = unsafe TableFile.trimmed(text, token.range)
      value = TableRecords.Cell(
        offset: UInt32(truncatingIfNeeded: base + range.lowerBound), length: UInt32(truncatingIfNeeded: range.count))
    } else {
      value = unsafe append(text, token, to: &target)
    }
    let isMissing = unsafe target.withUnsafeBufferPointer { text in
      unsafe missing.contain(UnsafeBufferPointer(rebasing: text[value.range]))
    }
    if isMissing { value.length = 0 }
    let column = Int(columns.targets[number])
    if column >= 0 {
      records.cells[slot + column] = value
    } else if value.length > 0 {
      records.extras.append(
        TableRecords.Extra(
          row: records.rowCount - 1, name: columns.names[number], cell: value, mayBeValue: mayBeValue[number]))
    }
  }

  /// Appends the value of a cell, decoded; answers where it stands, trimmed.
  private func append(
    _ text: UnsafeBufferPointer<UInt8>, _ cell: Tokenizer.Cell, to output: inout [UInt8]
  ) -> TableRecords.Cell {
    let start = output.count
    let raw = unsafe UnsafeBufferPointer(rebasing: text[cell.range])
    if let letters = input.letters {
      if cell.isMarked {
        scratch.removeAll(keepingCapacity: true)
        unsafe tokenizer.appendUnmarked(raw, quoted: cell.isQuoted, to: &scratch)
        unsafe scratch.withUnsafeBufferPointer { unsafe letters.decode($0, onto: &output) }
      } else if unsafe TextChecks.firstHigh(raw, from: 0) == nil {
        unsafe output.append(contentsOf: raw)
      } else {
        unsafe letters.decode(raw, onto: &output)
      }
    } else {
      unsafe tokenizer.appendUnmarked(raw, quoted: cell.isQuoted, to: &output)
    }
    let range = unsafe output.withUnsafeBufferPointer { unsafe TableFile.trimmed($0, start..<$0.count) }
    return TableRecords.Cell(
      offset: UInt32(truncatingIfNeeded: range.lowerBound), length: UInt32(truncatingIfNeeded: range.count))
  }

  private var scratch: [UInt8] = []

  /// The part of `range` without white space at both ends.
  @inline(__always)
  private static func trimmed(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    // as nearly all cells are
    if start < end, unsafe text[start] > 0x20 && text[end &- 1] > 0x20 { return range }
    while start < end, unsafe Text.isSpace(text[start]) { start &+= 1 }
    while start < end, unsafe Text.isSpace(text[end &- 1]) { end &-= 1 }
    return unsafe Range(uncheckedBounds: (start, end))
  }

  /// Appends the row as it was delivered, its line end counted.
  func appendRow(to target: inout [UInt8]) { input.appendAsDelivered(row, to: &target) }
}

/// The content of a row in a window.
private struct RowContent {
  var start: Int
  var count: Int

  @inline(__always)
  func withUnsafe<R>(_ bytes: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    unsafe bytes.withUnsafeBufferPointer { unsafe body(UnsafeBufferPointer(rebasing: $0[start..<start + count])) }
  }
}

/// Files that are no delimited text, whatever they are called: known by how they begin.
enum OtherFormat {
  static func begins(_ bytes: [UInt8]) -> Bool {
    let marks: [[UInt8]] = [
      [0x50, 0x4B, 0x03, 0x04],  // zip, and so xlsx and ods
      [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],  // xls
      [0x1F, 0x8B],  // gzip in gzip
      Array("%PDF-".utf8), Array("{\\rtf".utf8),
    ]
    if marks.contains(where: { bytes.starts(with: $0) }) { return true }
    let head = bytes.prefix(256).drop { Text.isSpace($0) }.prefix(9).map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    return ["<?xml", "<html", "<!doctype", "<table"].contains { head.starts(with: Array($0.utf8)) }
  }
}
