internal import Bytes
internal import Findings
internal import Records

/// Which column of the source table each cell of a row is. An object, so that a row that asks for it counts one reference.
final class Columns {
  /// How many cells a row has.
  let width: Int
  /// By cell: number of the column, or ``extra``.
  let targets: [Int32]
  /// By cell: the name of what the table does not know.
  let names: [String]
  /// By column: the cell it stands in, or nil.
  let cells: [Int?]

  static let extra: Int32 = -1
  static let longestName = 128

  /// Cells in the order of the table's columns.
  init(positions width: Int, of table: SourceTable) {
    self.width = width
    let known = min(width, table.columns.count { !$0.isDerived })
    targets = (0..<width).map { $0 < known ? Int32($0) : Columns.extra }
    names = (0..<width).map { $0 < known ? "" : "column_\($0 + 1)" }
    cells = table.columns.indices.map { $0 < known ? $0 : nil }
  }

  /// Why a header cannot be used.
  enum Fault: Error, Equatable {
    /// The name at this place, from 1, is longer than names are.
    case longName(Int)
    /// Two cells are this column.
    case repeated(Int)
  }

  /// Reads a header. A name is a column's own or stands in the feed's list of headers; white space around names and in them counts as one blank.
  init(header: [[UInt8]], of table: SourceTable, file: TabularLayout.File) throws(Fault) {
    var byName: [String: Int] = [:]
    var byFoldedName: [String: Int] = [:]
    let isFolded = !file.dialect.isHeaderCaseSensitive
    func add(_ name: String, _ column: Int) {
      let name = Columns.normal(Array(name.utf8))
      if byName[name] == nil { byName[name] = column }
      if isFolded, byFoldedName[name.lowercased()] == nil { byFoldedName[name.lowercased()] = column }
    }
    for (number, column) in table.columns.enumerated() where !column.isDerived { add(column.name, number) }
    for (text, name) in file.headers {
      if let column = table.column(name) { add(text, column) }
    }
    var targets: [Int32] = []
    var names: [String] = []
    var cells = [Int?](repeating: nil, count: table.columns.count)
    var seen: Set<String> = []
    for (place, bytes) in header.enumerated() {
      let name = Columns.normal(bytes)
      guard name.utf8.count <= Columns.longestName else { throw .longName(place + 1) }
      if let column = byName[name] ?? (isFolded ? byFoldedName[name.lowercased()] : nil) {
        guard cells[column] == nil else { throw .repeated(column) }
        cells[column] = place
        targets.append(Int32(truncatingIfNeeded: column))
        names.append("")
        continue
      }
      var own = name.isEmpty ? "column_\(place + 1)" : name
      while !seen.insert(own).inserted { own += "_\(place + 1)" }
      targets.append(Columns.extra)
      names.append(own)
    }
    (self.targets, self.names, self.cells) = (targets, names, cells)
    width = header.count
  }

  /// A name in composed form, its white space trimmed and inside of it one blank.
  private static func normal(_ name: [UInt8]) -> String {
    var text: [UInt8] = []
    for byte in Text.composed(name.span) {
      if !Text.isSpace(byte) {
        text.append(byte)
      } else if let last = text.last, last != 0x20 {
        text.append(0x20)
      }
    }
    if text.last == 0x20 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The cells that mean «missing».
struct MissingValues {
  private let values: [[UInt8]]
  /// Bit n: one of them has n bytes (63: or more).
  private let lengths: UInt64

  init(_ values: [[UInt8]]) {
    // an empty cell is missing anyway
    self.values = values.filter { !$0.isEmpty }
    lengths = self.values.reduce(0) { $0 | 1 << UInt64(min($1.count, 63)) }
  }

  /// Whether one of them has so many bytes.
  @inline(__always)
  func mayContain(_ count: Int) -> Bool { lengths &>> UInt64(truncatingIfNeeded: min(count, 63)) & 1 == 1 }

  @inline(__always)
  func contain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe mayContain(text.count) && compare(text)
  }

  private func compare(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    values.contains { value in unsafe value.count == text.count && value.elementsEqual(text) }
  }
}
