package import Bytes
package import Findings

/// The records of one source table in one dossier: `rowCount × columnCount` cells that point into the dossier's text.
///
/// Cells are not copies: a plain value points into the document as it was decoded; only what had to be put together (character
/// references, split CDATA, line ends) stands behind the documents.
@frozen
public struct TableRecords: Sendable {
  // public for the same reason as the leaves of `Bytes`: cells are read across modules

  /// Where a cell's text stands in ``Dossier/text``.
  @frozen
  public struct Cell: Sendable, Hashable {
    public var offset: UInt32
    public var length: UInt32
    @inlinable public init(offset: UInt32, length: UInt32) { (self.offset, self.length) = (offset, length) }
    /// The element was not there at all.
    @inlinable public static var missing: Cell { Cell(offset: .max, length: 0) }
    @inlinable public var isMissing: Bool { offset == .max }
    @inlinable public var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
  }

  /// An element that the schema does not know, kept for the row's `extra`.
  public struct Extra: Sendable, Hashable {
    /// Row, from 0.
    public var row: Int
    public var name: String
    public var cell: Cell
    /// The name may be a value, from the first row of a file that lost its header: no finding may tell it.
    public var mayBeValue: Bool

    public init(row: Int, name: String, cell: Cell, mayBeValue: Bool = false) {
      (self.row, self.name, self.cell, self.mayBeValue) = (row, name, cell, mayBeValue)
    }

    /// The name as findings tell it.
    public var tellableName: String { mayBeValue ? "?" : name }
  }

  public let columnCount: Int
  public var cells: [Cell] = []
  /// What the check read out of each cell (``CellValue``); same shape as `cells`.
  public var values: [Int64] = []
  public var rowCount = 0
  public var extras: [Extra] = []
  /// Cells whose element stood more than once in its row: (row, column), from 0. The first one counts.
  public var repeated: [(row: Int, column: Int)] = []
  /// Where the table's document begins in the file as delivered, from 0.
  public var byteOffset = 0
  /// Where each row stands in its file, when rows of one file belong to many dossiers; empty when rows count within the dossier.
  public var origins: [Origin] = []

  /// The place of a row in the file it was delivered in.
  public struct Origin: Sendable, Hashable {
    /// From 1, the header not counted.
    public var number: Int
    /// From 0, in the file as delivered.
    public var byteOffset: Int

    public init(number: Int, byteOffset: Int) { (self.number, self.byteOffset) = (number, byteOffset) }
  }

  public init(columnCount: Int) { self.columnCount = columnCount }

  public mutating func removeAll() {
    if !cells.isEmpty { cells.removeAll(keepingCapacity: true) }
    if !values.isEmpty { values.removeAll(keepingCapacity: true) }
    if !extras.isEmpty { extras.removeAll(keepingCapacity: true) }
    if !repeated.isEmpty { repeated.removeAll(keepingCapacity: true) }
    if !origins.isEmpty { origins.removeAll(keepingCapacity: true) }
    rowCount = 0
    byteOffset = 0
  }

  /// Opens a row whose cells are all missing.
  public mutating func appendRow() {
    cells.append(contentsOf: repeatElement(.missing, count: columnCount))
    rowCount += 1
  }

  @inlinable
  public func cell(_ row: Int, _ column: Int) -> Cell { cells[row * columnCount + column] }
}

/// What the check made of a cell, in one integer: money in ten-thousandths, a date in days, a minute in minutes, an integer as is.
public enum CellValue {
  /// Missing, empty or only white space.
  @inlinable public static var blank: Int64 { Int64.min }
  /// Filled, but not what its type says.
  @inlinable public static var invalid: Int64 { Int64.min + 1 }
  /// Filled text: nothing to read.
  @inlinable public static var text: Int64 { Int64.min + 2 }

  @inlinable
  public static func isValue(_ value: Int64) -> Bool { value > text }
}

/// All records of one visit (hồ sơ), or one row of a check-in or assessment file, as a reader hands them on; reused for the next one.
package final class Dossier {
  package enum Kind: String, Sendable {
    case visit
    case checkIn = "check_in"
    case assessment
  }

  /// One document of the dossier as delivered.
  package struct Part: Sendable {
    /// Number of the table in the schema; nil when it is not a table we know.
    package var table: Int?
    /// Spelling of the table in the file (LOAIHOSO), as far as it is printable; at most 32 characters.
    package var label: String
    /// The document's bytes in ``Dossier/text``, before any repair.
    package var document: Range<Int>
    /// Where its delivered text stood in ``skeleton`` (the text itself is cut out unless `layout` is nil).
    package var skeletonOffset: Int
    /// How the bytes were written in the envelope; nil when the text stays in the skeleton as it is.
    package var layout: Base64.Layout?
    /// Where the delivered text of the document begins in the file, from 0.
    package var byteOffset: Int

    package init(
      table: Int?, label: String, document: Range<Int>, skeletonOffset: Int, layout: Base64.Layout?, byteOffset: Int
    ) {
      self.table = table
      self.label = label
      self.document = document
      self.skeletonOffset = skeletonOffset
      self.layout = layout
      self.byteOffset = byteOffset
    }
  }

  package enum Edition: String, Sendable {
    case qd130
    case qd4750
    case qd3176
    case qd4210

    /// Its place in time: 4210 came first.
    package var order: UInt8 {
      switch self {
      case .qd4210: 0
      case .qd130: 1
      case .qd4750: 2
      case .qd3176: 3
      }
    }
  }

  /// What is said of the dossier in a word: kept together, since each look at an object's property costs.
  private struct Heading {
    var number = 0
    var kind = Kind.visit
    var edition = Edition.qd3176
    var sizeInBytes = 0
    var byteOffset = 0
  }
  private var heading = Heading()

  /// From 1, in the order of the file.
  package var number: Int {
    get { heading.number }
    set { heading.number = newValue }
  }
  package var kind: Kind {
    get { heading.kind }
    set { heading.kind = newValue }
  }
  package var edition: Edition {
    get { heading.edition }
    set { heading.edition = newValue }
  }
  /// Number of the schema among the reader's schemas.
  package var schema = 0
  /// The documents of all parts as decoded, one after the other, and behind them the values that had to be put together.
  package var text: [UInt8] = []
  /// By table number of the schema.
  package var tables: [TableRecords] = []
  /// The delivered bytes without the Base64 of the parts.
  package var skeleton: [UInt8] = []
  /// Whether anybody wants the delivered bytes of rows; readers of tables leave ``skeleton`` empty else.
  package var isKept = true
  package var parts: [Part] = []
  /// Size of the dossier as delivered.
  package var sizeInBytes: Int {
    get { heading.sizeInBytes }
    set { heading.sizeInBytes = newValue }
  }
  /// Where the dossier begins in the file as delivered, from 0.
  package var byteOffset: Int {
    get { heading.byteOffset }
    set { heading.byteOffset = newValue }
  }
  /// What the reader noticed while reading.
  package var findings: [Finding] = []

  package init() {}

  /// Makes room for the next dossier; memory is kept.
  package func removeAll() {
    Dossier.removeAll(&tables)
    Dossier.removeAll(&text)
    Dossier.removeAll(&skeleton)
    Dossier.removeAll(&parts)
    Dossier.removeAll(&findings)
    heading = Heading(number: number)
  }

  /// Says where the dossier stands in its file.
  package func stand(number: Int, byteOffset: Int, sizeInBytes: Int) {
    heading = Heading(number: number, sizeInBytes: sizeInBytes, byteOffset: byteOffset)
  }

  /// What is empty mostly stays so.
  private static func removeAll<Element>(_ array: inout [Element]) {
    if !array.isEmpty { array.removeAll(keepingCapacity: true) }
  }

  private static func removeAll(_ tables: inout [TableRecords]) {
    for i in tables.indices where tables[i].rowCount > 0 || tables[i].byteOffset != 0 { tables[i].removeAll() }
  }

  /// Lends a table's records and the text they point into. Whoever looks at every cell asks for them once: each look at an object's property
  /// costs more than a cell.
  package func lend(_ table: Int, _ body: (_ records: inout TableRecords, _ text: inout [UInt8]) -> Void) {
    body(&tables[table], &text)
  }

  /// Where the text of a cell of a table's first row stands in ``text``; empty when there is none.
  package func range(_ table: Int, _ column: Int) -> Range<Int> {
    guard tables[table].rowCount > 0 else { return 0..<0 }
    let cell = tables[table].cells[column]
    return cell.isMissing ? 0..<0 : cell.range
  }

  /// The value of a cell of a table's first row, once it has been checked (``CellValue``); blank when there is no such row.
  package func value(_ table: Int, _ column: Int) -> Int64 {
    tables[table].rowCount > 0 ? tables[table].values[column] : CellValue.blank
  }

  /// Gives the dossier the tables of a schema, all empty.
  package func use(_ schema: SourceSchema, number: Int) {
    if number != self.schema || tables.count != schema.tables.count {
      tables = schema.tables.map { TableRecords(columnCount: $0.columns.count) }
      self.schema = number
    }
  }
}

/// Hands on one dossier after the other from one file.
package protocol RecordReader: AnyObject {
  /// Reads the next dossier into `dossier`, which is emptied first; false at the end of the file, or when the file is refused.
  func next(into dossier: Dossier) throws(ReaderFailure) -> Bool
  /// What is known of the file; complete once ``next(into:)`` has answered false.
  var facts: FileFacts { get }
}

/// The file could not be read any further for a reason outside of its content.
package enum ReaderFailure: Error, Hashable {
  /// An error number of the system (`errno`).
  case input(Int32)
  /// The parser library ran out of memory.
  case outOfMemory
}

/// What a reader learnt about the file as a whole.
package struct FileFacts: Sendable {
  package enum Form: String, Sendable {
    /// GIAMDINHHS
    case envelope
    /// CHI_TIEU_TRANG_THAI_KCB (XML0)
    case checkIns = "check_ins"
    /// XML12
    case assessments
    /// An inner document without an envelope.
    case bare
    case csv
    case rows
  }

  package var form: Form?
  /// MACSKCB of the envelope, trimmed; nil when it is not there.
  package var facility: String?
  /// NGAYLAP as written; only digits, at most 14.
  package var createdOn: String?
  /// SOLUONGHOSO.
  package var declaredDossiers: Int?
  package var dossiers = 0
  package var encoding = "UTF-8"
  /// Findings about the file as a whole, not about one dossier.
  package var findings: [Finding] = []
  /// Why nothing of the file may be loaded; nil while nothing speaks against it.
  package var refusal: Finding?
  /// True when CHUKYDONVI holds something.
  package var isSigned = false
  /// Of delimited files whose columns are not those of their tables; known once the first row was asked for.
  package var otherColumns: [OtherColumns] = []

  package init() {}
}

/// In which columns a delimited file differs from its table.
package struct OtherColumns: Sendable, Hashable {
  /// Number of the table.
  package var table: Int
  /// Names that the table does not know; `?` where it may be a value, in the first row of a file that lost its header.
  package var unknown: [String]
  /// Columns of the table that are not there.
  package var lacking: [Int]

  package init(table: Int, unknown: [String], lacking: [Int]) {
    (self.table, self.unknown, self.lacking) = (table, unknown, lacking)
  }
}
