internal import Bytes
internal import Records

/// The names of one source table as bytes, ready to be compared with element names.
final class TableShape: Sendable {
  let number: Int
  let columnCount: Int
  let root: [UInt8]
  let row: [UInt8]
  let names: NameTable
  /// All column names one after the other; column `i` stands at `starts[i]..<starts[i + 1]`.
  let nameBytes: [UInt8]
  let starts: [Int]

  /// - Parameter rootIsRow: the document starts with the row element itself, whatever the table's own root is.
  init(_ table: SourceTable, number: Int, rootIsRow: Bool) {
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
enum DocumentFault: Hashable {
  case notWellFormed
  case wrongRoot
  case tooDeep
  case tooLong
}

/// Turns the elements of one inner document into rows and cells.
///
/// Fields are matched by name, in any order. A row's child that has children of its own is a group: its children are fields. Elements
/// outside of rows, and fields the table does not know, are kept as extras.
struct RowBuilder {
  let shape: TableShape
  var table: TableRecords
  /// Values that are not one run of the document's bytes.
  var scratch: [UInt8] = []
  /// What a cell's offset is when the value begins `scratch`.
  let scratchBase: Int
  private(set) var fault: DocumentFault?

  private(set) var depth = 0
  /// Depth of the open row element, or -1.
  private var rowDepth = -1
  private var column = 0
  /// -1: no field open; -2: a field the table does not know; -3: a group.
  private var openField = noField
  private var fieldDepth = -1
  private var fieldName = ""
  private var guess = 0
  private var isRootRow: Bool

  static let noField = -1
  static let unknownField = -2
  static let group = -3
  static let longestField = 1 << 20
  static let deepest = 64

  init(shape: TableShape, table: TableRecords, scratchBase: Int) {
    self.shape = shape
    self.table = table
    self.scratchBase = scratchBase
    isRootRow = shape.root == shape.row
  }

  /// True while text belongs to a field (and not to the white space between elements).
  var isInField: Bool { openField >= 0 || openField == RowBuilder.unknownField }

  mutating func open(_ name: UnsafeBufferPointer<UInt8>) {
    depth += 1
    if depth == 1 {
      guard unsafe same(name, shape.root) else {
        fault = fault ?? .wrongRoot
        return
      }
      if isRootRow { openRow() }
      return
    }
    if depth > RowBuilder.deepest {
      fault = fault ?? .tooDeep
      return
    }
    if rowDepth < 0 {
      if unsafe !isRootRow && same(name, shape.row) {
        openRow()
      }
      return
    }
    if openField != RowBuilder.noField && depth > fieldDepth {
      openField = RowBuilder.group  // what looked like a field holds fields
    }
    fieldDepth = depth
    if let column = unsafe shape.column(name, guess: guess) {
      openField = column
      guess = column + 1
    } else {
      openField = RowBuilder.unknownField
      fieldName = unsafe printable(name)
    }
  }

  private mutating func openRow() {
    rowDepth = depth
    table.appendRow()
    guess = 0
  }

  /// Closes the innermost element; the field's value is `cell`, already trimmed.
  mutating func close(_ cell: TableRecords.Cell) {
    if depth == fieldDepth {
      if openField >= 0 {
        let slot = (table.rowCount - 1) * shape.columnCount + openField
        if table.cells[slot].isMissing {
          table.cells[slot] = cell
        } else {
          table.repeated.append((table.rowCount - 1, openField))
          let name = shape.names.names[openField]
          table.extras.append(TableRecords.Extra(row: table.rowCount - 1, name: name, cell: cell))
        }
        if Int(cell.length) > RowBuilder.longestField { fault = fault ?? .tooLong }
      } else if openField == RowBuilder.unknownField {
        table.extras.append(TableRecords.Extra(row: table.rowCount - 1, name: fieldName, cell: cell))
        if Int(cell.length) > RowBuilder.longestField { fault = fault ?? .tooLong }
      }
      openField = RowBuilder.noField
      fieldDepth -= 1
    } else if depth == rowDepth {
      rowDepth = -1
      openField = RowBuilder.noField
      fieldDepth = -1
    }
    if depth < fieldDepth || rowDepth < 0 { fieldDepth = -1 }
    depth -= 1
  }

  /// A field given as an attribute of its row (seen in one tolerant reader).
  mutating func attribute(_ name: UnsafeBufferPointer<UInt8>, _ cell: TableRecords.Cell) {
    guard depth == rowDepth else { return }
    if let column = unsafe shape.column(name, guess: shape.columnCount) {
      let slot = (table.rowCount - 1) * shape.columnCount + column
      if table.cells[slot].isMissing { table.cells[slot] = cell }
    } else {
      table.extras.append(TableRecords.Extra(row: table.rowCount - 1, name: unsafe printable(name), cell: cell))
    }
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
