internal import Findings
internal import Records

/// One file of a delivery: its rows by their keys, and at any place.
final class Member {
  let table: Int
  let source: SourceTable
  private let store: any ByteStore
  private let described: TabularLayout.File
  private let encoding: TextEncoding
  /// Columns without which rows cannot be joined.
  var keyColumns: [Int] = []

  /// The rows in their order.
  private(set) var sequence: TableFile
  /// The row that was asked for last.
  private(set) var single: TableFile

  var indices: [KeyIndex] = []
  /// The index by which the table's rows are asked for; nil when nothing asks for them.
  var home: Int?
  private(set) var rowCount = 0
  private let mostRows: Int
  /// Rows that stand in a dossier, or need none.
  var marks = RowMarks()
  /// The index of the primary key.
  var primary: Int?
  var role = Role.alone

  /// What ties the table to others: its own columns, and the index of the other table.
  struct Tie {
    var columns: [Int]
    var member: Member
    var index: Int
  }
  var children: [Tie] = []
  var lookups: [Tie] = []
  /// References to rows that belong to dossiers themselves.
  var checks: [Tie] = []

  enum Role {
    case root
    case child
    case lookup
    case alone
  }

  // MARK: the dossier being built

  /// Its rows of this table as they are stored.
  var rows: [UInt8] = []
  var rowsTaken = 0

  init(
    table: Int, source: SourceTable, store: any ByteStore, described: TabularLayout.File, encoding: TextEncoding,
    mostRows: Int
  ) {
    (self.table, self.source, self.store, self.described) = (table, source, store, described)
    (self.encoding, self.mostRows) = (encoding, mostRows)
    sequence = TableFile(
      table: table, source: source, file: described, stated: encoding, bytes: Member.bytes(of: store))
    single = sequence
  }

  private func open(width: Int?) -> TableFile {
    TableFile(
      table: table, source: source, file: described, stated: encoding, width: width, keyColumns: keyColumns,
      bytes: Member.bytes(of: store))
  }

  private static func bytes(of store: any ByteStore) -> ByteSource {
    var offset = 0
    return { (most, target) throws(ReaderFailure) in
      let count = try store.read(at: offset, most, into: &target)
      offset += count
      return count
    }
  }

  /// The number of the index on these columns.
  func index(on columns: [Int]) -> Int {
    if let number = indices.firstIndex(where: { $0.columns == columns }) { return number }
    indices.append(KeyIndex(columns: columns))
    return indices.count - 1
  }

  /// Reads the whole file once; afterwards its rows can be had by key, and in their order again.
  ///
  /// - Returns: why the delivery is refused.
  func readThrough() throws(ReaderFailure) -> Finding? {
    sequence = open(width: nil)
    guard try sequence.begin() else { return sequence.refusal }
    while try sequence.next() {
      rowCount = sequence.rowNumber
      guard rowCount <= mostRows else {
        return Finding(.S10, .reject, table: table, found: rowCount, limit: mostRows)
      }
      guard sequence.trouble == nil else { continue }
      let place = RowPlace(
        offset: sequence.rowOffset, number: UInt32(clamping: sequence.rowNumber),
        sizeInBytes: UInt32(clamping: sequence.rowSize))
      for i in indices.indices {
        if let key = sequence.key(indices[i].columns) { indices[i].add(key, place) }
      }
    }
    if let refusal = sequence.refusal { return refusal }
    for i in indices.indices { indices[i].finish() }
    let width = sequence.columns?.width
    notes = sequence.notes
    (single, sequence) = (open(width: width), open(width: width))
    // a file that changes between two readings is refused like any other that cannot be read
    for file in [single, sequence] where try !file.begin() { return file.refusal }
    block.removeAll()
    return nil
  }

  /// Findings about the file.
  private(set) var notes: [Finding] = []

  /// Moves ``sequence`` to the next row that stands in no dossier; false when there is none.
  func nextLeft() throws(ReaderFailure) -> Bool {
    while marks.count < rowCount, try sequence.next() {
      if !marks.contains(UInt32(clamping: sequence.rowNumber)) { return true }
    }
    // a file that became shorter since it was read through
    guard marks.count >= rowCount || sequence.refusal != nil else { throw .input(5) }
    return false
  }

  // MARK: rows at any place

  private var block: [UInt8] = []
  private var blockOffset = 0

  /// Files up to this size are kept as a whole, so that looking up a department costs no reading.
  private static let smallFile = 1 << 20
  private static let readAhead = 64 * 1024

  /// Makes the row the one in ``single``; false when it is not there any more.
  func load(_ place: RowPlace) throws(ReaderFailure) -> Bool {
    let size = Int(place.sizeInBytes)
    var start = place.offset - blockOffset
    if start < 0 || start + size > block.count {
      let isNext = start >= 0 && start <= block.count + Member.readAhead
      let isSmall = store.sizeInBytes <= Member.smallFile
      blockOffset = isSmall ? 0 : place.offset
      start = place.offset - blockOffset
      block.removeAll(keepingCapacity: true)
      let wanted = isSmall ? store.sizeInBytes : isNext ? max(size, Member.readAhead) : size
      while block.count < wanted,
        try store.read(at: blockOffset + block.count, wanted - block.count, into: &block) > 0
      {}
    }
    guard start >= 0, start + size <= block.count else { return false }
    return try single.load(block[start..<start + size], place)
  }
}
