internal import Bytes
package import Records

/// The names of one source table as bytes, ready to be compared with element names.
package final class TableShape: Sendable {
  package let number: Int
  let columnCount: Int
  let root: [UInt8]
  let row: [UInt8]
  let names: NameTable
  /// All column names one after the other; column `i` stands at `starts[i]..<starts[i + 1]`.
  let nameBytes: [UInt8]
  let starts: [Int]

  /// - Parameter rootIsRow: the document starts with the row element itself, whatever the table's own root is.
  package init(_ table: SourceTable, number: Int, rootIsRow: Bool) {
    self.number = number
    columnCount = table.columns.count
    row = Array(table.row.utf8)
    root = rootIsRow ? row : Array((table.root ?? table.row).utf8)
    names = table.columnNames
    var bytes: [UInt8] = []
    var starts: [Int] = []
    for column in table.columns {
      starts.append(bytes.count)
      bytes.append(contentsOf: column.name.utf8)
    }
    starts.append(bytes.count)
    (nameBytes, self.starts) = (bytes, starts)
  }

  /// The column called `name`; `guess` is tried first, since fields mostly come in the order of the decision.
  @inline(__always)
  func column(_ name: UnsafeBufferPointer<UInt8>, guess: Int) -> Int? {
    if guess < columnCount {
      let start = starts[guess]
      if starts[guess + 1] - start == name.count, unsafe equal(name, nameBytes, from: start) { return guess }
    }
    return unsafe names.number(of: name.span)
  }
}

@inline(__always)
func equal(_ name: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8], from start: Int = 0) -> Bool {
  var i = 0
  while i < name.count {
    if unsafe name[i] != bytes[start + i] { return false }
    i &+= 1
  }
  return true
}

func same(_ name: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8]) -> Bool {
  unsafe name.count == bytes.count && equal(name, bytes)
}

/// Why an inner document was not taken.
package enum DocumentFault: Hashable {
  case notWellFormed
  case wrongRoot
  case tooDeep
  case tooLong
}

/// Turns the elements of one inner document into rows and cells.
///
/// Fields are matched by name, in any order. A row's child that has children of its own is a group: its children are fields, and text
/// of its own counts as one more occurrence of the field it is named for. Fields the table does not know are kept as extras.
struct RowBuilder {
  let shape: TableShape
  var table: TableRecords
  /// Values that are not one run of the document's bytes.
  var scratch: [UInt8] = []
  /// What a cell's offset is when the value begins `scratch`.
  let scratchBase: Int
  private(set) var fault: DocumentFault?
  /// Pieces of text that belong to no row.
  private(set) var strays = 0
  /// Elements whose name the table does not know.
  private(set) var unknownNames = 0

  private let rowsBefore: Int
  private let extrasBefore: Int
  private let repeatedBefore: Int
  private var depth = 0
  /// Depth of the open row element; 0 when none is open.
  private var rowDepth = 0
  /// Column of the innermost open element, as long as it has no children; or one of the two below.
  private var openField = noField
  private var fieldName = ""
  /// The open elements of the row that have children.
  private var groups: [(depth: Int, field: Int, name: String)] = []
  /// The column that comes next when fields keep the order of the decision.
  private var guess = 0
  private let isRootRow: Bool

  private static let noField = -1
  private static let unknownField = -2
  /// Cells of one table in one dossier: twenty thousand service lines, where a stay of two months has four hundred.
  static let mostCells = 1_000_000
  /// Elements the table does not know, in one dossier.
  static let mostExtras = 10_000
  static let longestField = 1 << 20
  static let deepest = 64

  init(shape: TableShape, table: TableRecords, scratchBase: Int) {
    self.shape = shape
    self.table = table
    self.scratchBase = scratchBase
    (rowsBefore, extrasBefore, repeatedBefore) = (table.rowCount, table.extras.count, table.repeated.count)
    isRootRow = shape.root == shape.row
  }

  /// Forgets everything read, for another attempt or because nothing may stay.
  mutating func restart() {
    table.cells.removeLast((table.rowCount - rowsBefore) * shape.columnCount)
    table.rowCount = rowsBefore
    table.extras.removeLast(table.extras.count - extrasBefore)
    table.repeated.removeLast(table.repeated.count - repeatedBefore)
    scratch.removeAll(keepingCapacity: true)
    groups.removeAll()
    (fault, strays, unknownNames, depth, rowDepth, openField, guess) = (nil, 0, 0, 0, 0, RowBuilder.noField, 0)
  }

  /// True while the innermost open element is a field without children so far.
  var isInField: Bool { openField != RowBuilder.noField }

  mutating func open(_ name: UnsafeBufferPointer<UInt8>) {
    depth += 1
    if rowDepth == 0 {
      if depth == 1 {
        guard unsafe same(name, shape.root) else {
          fault = fault ?? .wrongRoot
          return
        }
        if isRootRow { openRow() }
      } else if depth > RowBuilder.deepest {
        fault = fault ?? .tooDeep
      } else if unsafe !isRootRow && same(name, shape.row) {
        openRow()
      } else {
        unknownNames += 1
      }
      return
    }
    if depth > RowBuilder.deepest { fault = fault ?? .tooDeep }
    if isInField { groups.append((depth - 1, openField, fieldName)) }  // what looked like a field holds fields
    if let column = unsafe shape.column(name, guess: guess) {
      openField = column
      guess = column + 1
    } else {
      openField = RowBuilder.unknownField
      fieldName = unsafe printable(name)
      unknownNames += 1
    }
  }

  private mutating func openRow() {
    rowDepth = depth
    if table.cells.count >= RowBuilder.mostCells {
      fault = fault ?? .tooLong
    } else {
      table.appendRow()
    }
    guess = 0
  }

  /// The column that a row has next when its fields keep the order of the decision; nil where no plain field may begin.
  @inline(__always)
  var expected: Int? {
    rowDepth > 0 && openField == RowBuilder.noField && depth < RowBuilder.deepest && fault == nil
      && guess < shape.columnCount ? guess : nil
  }

  /// Takes the value of the expected column, as opening and closing its element would.
  @inline(__always)
  mutating func take(_ cell: TableRecords.Cell) {
    let column = guess
    guess = column &+ 1
    record(column, cell)
  }

  /// Closes the field that is open; its value is `cell`, already trimmed.
  @inline(__always)
  mutating func close(_ cell: TableRecords.Cell) {
    if openField >= 0 { record(openField, cell) } else { recordExtra(fieldName, cell) }
    openField = RowBuilder.noField
    depth -= 1
  }

  /// Closes an element that is not a field: a group, a row, a list.
  mutating func closeOther() {
    if groups.last?.depth == depth {
      groups.removeLast()
    } else if depth == rowDepth {
      rowDepth = 0
    }
    depth -= 1
  }

  /// Text that stands beside elements, not empty: in the open field before its first child, in a group, or in no row at all.
  mutating func keep(_ cell: TableRecords.Cell) {
    let owner: (field: Int, name: String)
    if isInField {
      owner = (openField, fieldName)
    } else if let group = groups.last, group.depth == depth {
      owner = (group.field, group.name)
    } else {
      strays += 1
      return
    }
    if owner.field >= 0 { record(owner.field, cell) } else { recordExtra(owner.name, cell) }
  }

  /// A field given as an attribute (seen in one tolerant reader); outside of rows attributes say nothing.
  mutating func attribute(_ name: UnsafeBufferPointer<UInt8>, _ cell: TableRecords.Cell) {
    guard rowDepth > 0 else { return }
    if let column = unsafe shape.column(name, guess: shape.columnCount) {
      record(column, cell)
    } else {
      unsafe recordExtra(printable(name), cell)
    }
  }

  @inline(__always)
  private mutating func record(_ column: Int, _ cell: TableRecords.Cell) {
    let slot = (table.rowCount - 1) * shape.columnCount + column
    guard table.cells[slot].isMissing else {
      table.repeated.append((table.rowCount - 1, column))
      return recordExtra(shape.names.names[column], cell)
    }
    if Int(cell.length) > RowBuilder.longestField { fault = fault ?? .tooLong }
    table.cells[slot] = cell
  }

  private mutating func recordExtra(_ name: String, _ cell: TableRecords.Cell) {
    if Int(cell.length) > RowBuilder.longestField { fault = fault ?? .tooLong }
    guard table.extras.count < RowBuilder.mostExtras else {
      fault = fault ?? .tooLong
      return
    }
    table.extras.append(TableRecords.Extra(row: table.rowCount - 1, name: name, cell: cell))
  }

  /// The cell of the bytes of `scratch` from `start` on, trimmed.
  func scratchCell(from start: Int) -> TableRecords.Cell {
    let range = Text.trimmed(scratch.span.extracting(start...))
    return TableRecords.Cell(
      offset: UInt32(truncatingIfNeeded: scratchBase + start + range.lowerBound),
      length: UInt32(truncatingIfNeeded: range.count))
  }
}

/// An element name as far as it is a plain name; a longer or odder one is not repeated.
func printable(_ name: UnsafeBufferPointer<UInt8>) -> String {
  guard name.count <= 64 else { return "?" }
  for i in 0..<name.count {
    switch unsafe name[i] {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E: continue
    default: return "?"
    }
  }
  return unsafe String(decoding: name, as: UTF8.self)
}
