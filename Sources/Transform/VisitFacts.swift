package import Bytes
internal import Records

/// The columns behind ``VisitFacts``, found once for each schema.
package struct VisitColumns: Sendable {
  fileprivate let summary: Int?
  fileprivate let form: Field?
  fileprivate let admitted: Field?
  fileprivate let left: Field?
  fileprivate let card: Field?
  fileprivate let category: Field?
  fileprivate let drugGroup: Field?
  fileprivate let serviceGroup: Field?
  fileprivate let service: Field?

  package init(_ c: Columns) {
    summary = c.table("XML1")
    form = c["XML1.MA_LOAI_KCB"]
    admitted = c["XML1.NGAY_VAO"]
    left = c["XML1.NGAY_RA"]
    card = c["XML1.MA_THE_BHYT"] ?? c["XML1.MA_THE"]
    category = c["XML1.MA_DOITUONG_KCB"]
    drugGroup = c["XML2.MA_NHOM"]
    serviceGroup = c["XML3.MA_NHOM"]
    service = c["XML3.MA_DICH_VU"]
  }
}

/// What many rules ask of one dossier, read once.
package struct VisitFacts: Sendable {
  /// True when there is a summary (XML1).
  package let hasSummary: Bool
  /// MA_LOAI_KCB as a number; -1 when it is blank or none.
  package let form: Int
  package let admitted: CivilMinute?
  package let left: CivilMinute?
  /// False when insurance is not used: MA_DOITUONG_KCB 9, or no card.
  package let isInsured: Bool
  /// MA_NHOM of each XML2 row; 0 when it is blank or none.
  package let drugGroups: [UInt8]
  /// MA_NHOM of each XML3 row; 0 when it is blank or none.
  package let serviceGroups: [UInt8]
  /// The rows of XML3 by MA_DICH_VU.
  package let services: CodeGroups

  /// The day whose editions and switches count: the day of discharge, else of arrival.
  package var care: CivilDate? { left?.day ?? admitted?.day }

  /// Arrival and departure, when both are known and in order (else rule C01 has said it).
  package var stay: (start: CivilMinute, end: CivilMinute)? {
    guard let admitted, let left, admitted <= left else { return nil }
    return (admitted, left)
  }

  init(_ dossier: Dossier, _ columns: VisitColumns) {
    let text = dossier.text
    let tables = dossier.tables
    hasSummary = columns.summary.map { tables[$0].rowCount > 0 } ?? false
    func cell(_ field: Field?) -> TableRecords.Cell? {
      guard let field, tables[field.table].rowCount > 0 else { return nil }
      let cell = tables[field.table].cell(0, field.column)
      return cell.length > 0 ? cell : nil
    }
    func minute(_ field: Field?) -> CivilMinute? {
      guard let field, tables[field.table].rowCount > 0 else { return nil }
      let value = tables[field.table].values[field.column]
      return CellValue.isValue(value) ? CivilMinute(minutesSinceEpoch: value) : nil
    }
    func groups(_ field: Field?) -> [UInt8] {
      guard let field else { return [] }
      let records = tables[field.table]
      var groups: [UInt8] = []
      groups.reserveCapacity(records.rowCount)
      for row in 0..<records.rowCount {
        groups.append(VisitFacts.smallNumber(text, records.cell(row, field.column)))
      }
      return groups
    }
    form = cell(columns.form).map { Int(VisitFacts.smallNumber(text, $0)) }.flatMap { $0 == 0 ? nil : $0 } ?? -1
    admitted = minute(columns.admitted)
    left = minute(columns.left)
    let isNotUsed = cell(columns.category).map { $0.length == 1 && text[Int($0.offset)] == UInt8(ascii: "9") } ?? false
    isInsured = !isNotUsed && cell(columns.card) != nil
    drugGroups = groups(columns.drugGroup)
    serviceGroups = groups(columns.serviceGroup)
    services = columns.service.map { CodeGroups(tables[$0.table], $0.column, text) } ?? CodeGroups()
  }

  /// One or two digits as a number, 0 for anything else.
  private static func smallNumber(_ text: [UInt8], _ cell: TableRecords.Cell) -> UInt8 {
    guard cell.length == 1 || cell.length == 2 else { return 0 }
    let first = text[Int(cell.offset)] &- UInt8(ascii: "0")
    if first > 9 { return 0 }
    if cell.length == 1 { return first }
    let second = text[Int(cell.offset) + 1] &- UInt8(ascii: "0")
    return second > 9 ? 0 : first * 10 + second
  }
}

/// The values of one column (``CellValue``), row by row.
package struct ColumnValues {
  private let values: [Int64]
  private let stride: Int
  private let offset: Int
  package let count: Int

  @inline(__always)
  init(_ records: TableRecords, _ column: Int) {
    values = records.values
    stride = records.columnCount
    offset = column
    count = records.rowCount
  }

  @inline(__always)
  package subscript(row: Int) -> Int64 { values[row &* stride &+ offset] }

  /// The value when it is a number of zero or more; nil when the field check has said what is wrong with it.
  @inline(__always)
  package func amount(_ row: Int) -> Int64? {
    let value = self[row]
    return value >= 0 ? value : nil
  }

  @inline(__always)
  package func isBlank(_ row: Int) -> Bool { self[row] == CellValue.blank }

  /// A number, day or minute that could be read; nil else.
  @inline(__always)
  package func number(_ row: Int) -> Int64? {
    let value = self[row]
    return CellValue.isValue(value) ? value : nil
  }
}

/// Rows grouped by the text of one column: equal texts have the same group, found in one pass over the rows.
package struct CodeGroups: Sendable {
  /// By row: the group, or -1 when the cell is blank.
  package private(set) var groupOf: [Int32] = []
  /// By group: where its text stands.
  private var texts: [Range<Int>] = []
  /// By group: the next group in the same slot, or -1.
  private var next: [Int32] = []
  private var slots: [Int32] = []

  /// Differs from run to run, so that no file can be made to collide.
  private static let seed = UInt64.random(in: .min ... .max)

  package var count: Int { texts.count }

  init() {}

  init(_ records: TableRecords, _ column: Int, _ text: [UInt8]) {
    let rows = records.rowCount
    guard rows > 0 else { return }
    var size = 8
    while size < rows &* 2 { size &*= 2 }
    slots = [Int32](repeating: -1, count: size)
    groupOf.reserveCapacity(rows)
    for row in 0..<rows {
      let cell = records.cell(row, column)
      guard cell.length > 0 else {
        groupOf.append(-1)
        continue
      }
      let slot = CodeGroups.slot(text, cell.range, size)
      var group = slots[slot]
      while group >= 0, !CodeGroups.same(text, texts[Int(group)], cell.range) { group = next[Int(group)] }
      if group < 0 {
        group = Int32(texts.count)
        texts.append(cell.range)
        next.append(slots[slot])
        slots[slot] = group
      }
      groupOf.append(group)
    }
  }

  /// The group whose text is the one at `range`, or nil when no row has it.
  package func group(of range: Range<Int>, in text: [UInt8]) -> Int? {
    guard !slots.isEmpty, !range.isEmpty else { return nil }
    var group = slots[CodeGroups.slot(text, range, slots.count)]
    while group >= 0, !CodeGroups.same(text, texts[Int(group)], range) { group = next[Int(group)] }
    return group < 0 ? nil : Int(group)
  }

  private static func slot(_ text: [UInt8], _ range: Range<Int>, _ size: Int) -> Int {
    var h = seed
    for i in range { h = (h ^ UInt64(text[i])) &* 0x100_0000_01B3 }
    h ^= h >> 29
    return Int(truncatingIfNeeded: h) & (size - 1)
  }

  private static func same(_ text: [UInt8], _ a: Range<Int>, _ b: Range<Int>) -> Bool {
    guard a.count == b.count else { return false }
    for i in 0..<a.count where text[a.lowerBound + i] != text[b.lowerBound + i] { return false }
    return true
  }
}
