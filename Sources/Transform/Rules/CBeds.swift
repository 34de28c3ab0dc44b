internal import Bytes
internal import Findings
internal import Records

// Bed days (list of rules, section C, last part). MA_NHOM 14, 15 and 16 are bed days.
extension RuleBook {
  /// C16: bed-day rows exist only for MA_LOAI_KCB 03, 04, 06, for 02 only as a stay or outpatient bed.
  static func c16(_ c: Columns) -> Rule? {
    guard let group = c["XML3.MA_NHOM"], let form = c["XML1.MA_LOAI_KCB"], !c.isPredecessor else { return nil }
    return Rule(.C16) { visit, log in
      guard visit.facts.form > 0 else { return }
      for (row, number) in visit.facts.serviceGroups.enumerated() where Group.isBed(number) {
        if !Form.allowsBed(visit.facts.form, group: number) { log.note(.C16, group, row: row, other: form) }
      }
    }
  }

  /// C17: a stay under 4 hours has no bed day, one of 4 to 24 hours at most one; else all bed days < SO_NGAY_DTRI + 1.
  static func c17(_ c: Columns) -> Rule? {
    guard let quantity = c["XML3.SO_LUONG"], let days = c["XML1.SO_NGAY_DTRI"], !c.isPredecessor else { return nil }
    return Rule(.C17) { visit, log in
      guard let stay = visit.facts.stay else { return }
      var total: Int64 = 0
      var last: Int?
      let quantities = visit.column(quantity)
      for (row, number) in visit.facts.serviceGroups.enumerated() where Group.isBed(number) {
        // a bed where none may be is rule C16's
        guard Form.allowsBed(visit.facts.form, group: number), let amount = quantities.amount(row) else { return }
        let (sum, isTooLarge) = total.addingReportingOverflow(amount)
        if isTooLarge { return }
        total = sum
        last = row
      }
      guard let last else { return }
      let minutes = stay.end.minutesSinceEpoch - stay.start.minutesSinceEpoch
      let isTooMany: Bool
      if minutes < 240 {
        isTooMany = total > 0
      } else if minutes <= 1440 {
        isTooMany = total > 10_000
      } else {
        guard let stated = visit.number(days), stated < 1_000_000 else { return }
        isTooMany = total >= (stated + 1) * 10_000
      }
      if isTooMany { log.note(.C17, quantity, row: last, other: days) }
    }
  }

  /// C18: bed days of one calendar day add up to at most 1; a row that sums several days has at most those up to the next bed row.
  static func c18(_ c: Columns) -> Rule? {
    guard let quantity = c["XML3.SO_LUONG"], let ordered = c["XML3.NGAY_YL"], !c.isPredecessor else { return nil }
    return Rule(.C18) { visit, log in
      guard let beds = BedDays(visit, quantity, ordered), beds.rows.count > 1 else { return }
      for i in 0..<beds.rows.count - 1 {
        let most = max(beds.rows[i + 1].day - beds.rows[i].day, 1)
        if beds.rows[i].quantity > most * 10_000 {
          log.note(.C18, quantity, row: beds.rows[i].row, limit: Int(clamping: most), other: ordered)
        }
      }
      beds.forEachDay { day in
        if BedDays.isWrittenPerDay(day), let last = day.last, BedDays.total(day) > 10_000 {
          log.note(.C18, quantity, row: last.row, limit: 1, other: ordered)
        }
      }
    }
  }
}

/// The bed-day rows of a visit in the order of their days.
struct BedDays {
  struct Row {
    var row: Int
    var day: Int64
    var quantity: Int64
  }
  private(set) var rows: [Row] = []

  /// Nil when there is no bed row, or one whose day or quantity cannot be read.
  init?(_ visit: borrowing Visit, _ quantity: Field, _ ordered: Field) {
    let groups = visit.facts.serviceGroups
    guard groups.contains(where: Group.isBed) else { return nil }
    let quantities = visit.column(quantity)
    let orders = visit.column(ordered)
    for row in groups.indices where Group.isBed(groups[row]) {
      guard let amount = quantities.amount(row), let minute = orders.number(row) else { return nil }
      rows.append(
        Row(row: row, day: Int64(CivilMinute(minutesSinceEpoch: minute).day.daysSinceEpoch), quantity: amount))
    }
    rows.sort { ($0.day, $0.row) < ($1.day, $1.row) }
  }

  /// Calls `body` with the rows of each day.
  func forEachDay(_ body: (ArraySlice<Row>) -> Void) {
    var start = 0
    while start < rows.count {
      var end = start + 1
      while end < rows.count, rows[end].day == rows[start].day { end += 1 }
      body(rows[start..<end])
      start = end
    }
  }

  /// False when a row sums several days.
  static func isWrittenPerDay(_ day: ArraySlice<Row>) -> Bool { day.allSatisfy { $0.quantity <= 10_000 } }

  /// Quantities of a day, in ten-thousandths; each at most 1.
  static func total(_ day: ArraySlice<Row>) -> Int64 { day.reduce(0) { $0 + $1.quantity } }
}
