internal import CScan
internal import Records

/// Cuts one row of a delimited text into cells, which point into the text.
///
/// It reads RFC 4180 and what programs really write: a quote inside an unquoted cell is text, blanks between a closing quote and the delimiter are
/// none, rows end with LF, CR or both. Text behind a closing quote is kept and told (``isStray``): nobody knows where such a cell ends.
@safe final class Tokenizer {
  /// A cell without its quotes: offsets from the beginning of the row; what has to be taken out stands in the high bits of `limit`.
  struct Cell {
    fileprivate var from: UInt32
    fileprivate var limit: UInt32

    var start: Int { Int(from) }
    var end: Int { Int(limit & 0x1FFF_FFFF) }
    var range: Range<Int> { start..<end }
    /// Holds doubled quotes or escapes, or text behind the closing quote.
    var isMarked: Bool { limit >> 29 != 0 }
    var isQuoted: Bool { limit & Tokenizer.quoted != 0 }
  }

  /// A quote is written twice in the cell.
  private static let doubled: UInt32 = 1 << 29
  private static let escaped: UInt32 = 1 << 30
  /// Set together with one of the others only: a quoted cell without them needs nothing.
  private static let quoted: UInt32 = 1 << 31

  enum Outcome {
    case row
    /// The row goes on behind the text.
    case needsMore
    /// So it does, inside a quoted cell.
    case needsMoreQuoted
  }

  static let mostCells = 4096
  /// The longest row, its line end not counted.
  static let longestRow = 1 << 20

  private let cells: UnsafeMutablePointer<Cell>
  /// Room for the numbers of cells that whoever reads a row puts aside.
  private let others: UnsafeMutablePointer<UInt16>
  /// Cells of the row, also those that found no room.
  private(set) var count = 0
  /// Behind the last cell, and behind the line end; from the beginning of the row.
  private(set) var contentEnd = 0
  private(set) var end = 0
  /// Text stands behind a closing quote.
  private(set) var isStray = false

  private let delimiter: UInt8
  private let quote: UInt8?
  private let escape: UInt8?
  private let doublesQuotes: Bool
  private let skipsInitialSpace: Bool

  init(_ dialect: TabularDialect) {
    unsafe cells = .allocate(capacity: Tokenizer.mostCells)
    unsafe others = .allocate(capacity: Tokenizer.mostCells)
    delimiter = dialect.delimiter
    quote = dialect.quote
    escape = dialect.escape == dialect.quote ? nil : dialect.escape
    doublesQuotes = dialect.doublesQuotes || dialect.escape == dialect.quote
    skipsInitialSpace = dialect.skipsInitialSpace
  }

  deinit {
    unsafe cells.deallocate()
    unsafe others.deallocate()
  }

  /// Lends the first `count` cells, and room for as many numbers of cells that are looked at later (``other(_:)``).
  @inline(__always)
  func withCells<R>(_ count: Int, _ body: (UnsafeBufferPointer<Cell>, UnsafeMutablePointer<UInt16>) -> R) -> R {
    precondition(count <= Tokenizer.mostCells, "no room was made for so many cells")
    return unsafe body(UnsafeBufferPointer(start: cells, count: count), others)
  }

  /// The number that stands at this place of those put aside.
  func other(_ place: Int) -> Int {
    precondition(place < Tokenizer.mostCells, "no room was made for this number")
    return unsafe Int(others[place])
  }

  @inline(__always)
  subscript(number: Int) -> Cell {
    precondition(number < Tokenizer.mostCells, "no room was made for this cell")
    return unsafe cells[number]
  }

  /// Reads the row that begins at `start`.
  ///
  /// - Parameter isLast: nothing comes behind the text. An open quote then still answers ``Outcome/needsMoreQuoted``.
  func scan(_ text: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool) -> Outcome {
    guard let base = text.baseAddress else { return .needsMore }
    let row = unsafe base + start
    let limit = text.count - start
    let scanner = unsafe RowScanner(row, limit, delimiter: delimiter, escape: escape)
    let quote = quote ?? 0
    let hasQuote = self.quote != nil
    var count = 0
    var i = 0
    isStray = false
    while true {
      if skipsInitialSpace {
        while i < limit, unsafe row[i] == 0x20 { i &+= 1 }
      }
      var from = i
      let to: Int
      var marks: UInt32 = 0
      if hasQuote, i < limit, unsafe row[i] == quote {
        i &+= 1
        from = i
        while true {
          i = scanner.quote(quote, from: i)
          guard i < limit else { return .needsMoreQuoted }
          if unsafe row[i] != quote {  // an escape
            guard i &+ 1 < limit else { return .needsMoreQuoted }
            marks |= Tokenizer.escaped | Tokenizer.quoted
            i &+= 2
            continue
          }
          if doublesQuotes {
            if i &+ 1 < limit {
              if unsafe row[i &+ 1] == quote {
                marks |= Tokenizer.doubled | Tokenizer.quoted
                i &+= 2
                continue
              }
            } else if !isLast {
              return .needsMore
            }
          }
          break
        }
        to = i
        i &+= 1
        if i < limit, unsafe row[i] != delimiter {
          while i < limit, unsafe (row[i] == 0x20 || row[i] == 0x09) && row[i] != delimiter { i &+= 1 }
          if i < limit, unsafe row[i] != delimiter && row[i] != 0x0A && row[i] != 0x0D {
            isStray = true
            i = scanner.plain(from: i)
            if let escape, !passEscapes(escape, scanner, limit, isLast, &i, &marks) { return .needsMore }
          }
        }
      } else {
        i = scanner.plain(from: i)
        if let escape, !passEscapes(escape, scanner, limit, isLast, &i, &marks) { return .needsMore }
        to = i
      }
      if count < Tokenizer.mostCells {
        unsafe cells[count] = Cell(
          from: UInt32(truncatingIfNeeded: from), limit: UInt32(truncatingIfNeeded: to) & 0x1FFF_FFFF | marks)
      }
      count &+= 1
      guard i < limit else {
        guard isLast else { return .needsMore }
        (self.count, contentEnd, end) = (count, limit, limit)
        return .row
      }
      let byte = unsafe row[i]
      if byte == delimiter {
        i &+= 1
        continue
      }
      let content = i
      i &+= 1
      if byte == 0x0D {
        if i < limit {
          if unsafe row[i] == 0x0A { i &+= 1 }
        } else if !isLast {
          return .needsMore
        }
      }
      (self.count, contentEnd, end) = (count, content, i)
      return .row
    }
  }

  /// Goes on from an escape to the delimiter or line end that none stands before; false when more text has to tell.
  private func passEscapes(
    _ escape: UInt8, _ scanner: RowScanner, _ limit: Int, _ isLast: Bool, _ i: inout Int, _ marks: inout UInt32
  ) -> Bool {
    while i < limit, scanner[i] == escape && escape != delimiter {
      guard i &+ 1 < limit else {
        i = limit
        return isLast
      }
      marks |= Tokenizer.escaped
      i = scanner.plain(from: i &+ 2)
    }
    return true
  }

  /// Appends the text of a marked cell without what only marks it.
  func appendUnmarked(_ text: UnsafeBufferPointer<UInt8>, quoted: Bool, to output: inout [UInt8]) {
    guard let base = text.baseAddress else { return }
    // in pieces: from one byte that is left out to the next
    let (first, second) = (escape ?? quote ?? 0, quote ?? escape ?? 0)
    var start = 0
    var i = 0
    while i &+ 1 < text.count {
      if i &+ 16 <= text.count {
        let found = unsafe songhan_any_of(base + i, first, second, second)
        i &+= found == 0 ? 16 : found.trailingZeroBitCount
        if found == 0 || i &+ 1 >= text.count { continue }
      }
      let byte = unsafe text[i]
      let next = unsafe text[i &+ 1]
      if byte == escape || quoted && doublesQuotes && byte == quote && next == byte {
        unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<i]))
        start = i + 1
        i += 1
      }
      i += 1
    }
    unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
  }
}

/// Finds the bytes that end a cell, sixteen at a time.
@safe private struct RowScanner {
  private let row: UnsafePointer<UInt8>
  private let limit: Int
  private let delimiter: UInt8
  private let escape: UInt8
  private let hasEscape: Bool

  @inline(__always)
  init(_ row: UnsafePointer<UInt8>, _ limit: Int, delimiter: UInt8, escape: UInt8?) {
    unsafe self.row = row
    self.limit = limit
    self.delimiter = delimiter
    self.escape = escape ?? 0
    hasEscape = escape != nil
  }

  @inline(__always)
  subscript(offset: Int) -> UInt8 { unsafe row[offset] }

  /// The next delimiter, line end or escape.
  @inline(__always)
  func plain(from start: Int) -> Int {
    var i = start
    while i &+ 16 <= limit {
      var found = unsafe songhan_any_of(row + i, delimiter, 0x0A, 0x0D)
      if hasEscape { unsafe found |= songhan_any_of(row + i, escape, escape, escape) }
      if found != 0 { return i &+ found.trailingZeroBitCount }
      i &+= 16
    }
    while i < limit {
      let byte = unsafe row[i]
      if byte == delimiter || byte == 0x0A || byte == 0x0D || hasEscape && byte == escape { return i }
      i &+= 1
    }
    return limit
  }

  /// The next quote or escape.
  @inline(__always)
  func quote(_ quote: UInt8, from start: Int) -> Int {
    let escape = hasEscape ? escape : quote
    var i = start
    while i &+ 16 <= limit {
      let found = unsafe songhan_any_of(row + i, quote, escape, quote)
      if found != 0 { return i &+ found.trailingZeroBitCount }
      i &+= 16
    }
    while i < limit {
      let byte = unsafe row[i]
      if byte == quote || byte == escape { return i }
      i &+= 1
    }
    return limit
  }
}
