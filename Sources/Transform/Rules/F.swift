internal import Findings
internal import Records

// Money of the visit (list of rules, section F). Amounts are in ten-thousandths of a đồng. Nothing is said when an amount cannot be read: B01
// or B04 says it.
extension RuleBook {
  static func letterF(_ c: Columns) -> [Rule] {
    [
      f01(c), f02(c), f03(c), f04(c), f05(c), f06(c), f07(c), f08(c), f09(c), f10(c), f11(c), f12(c),
    ].compactMap { $0 }
  }

  /// F01: T_THUOC = sum of THANH_TIEN_BV over XML2.
  static func f01(_ c: Columns) -> Rule? { sum(.F01, "T_THUOC", of: "THANH_TIEN_BV", in: ["XML2"], c) }

  /// F02: T_VTYT = sum of THANH_TIEN_BV over supply rows (MA_NHOM 10 or 11).
  static func f02(_ c: Columns) -> Rule? {
    guard let total = c["XML1.T_VTYT"], let amount = c["XML3.THANH_TIEN_BV"] else { return nil }
    return Rule(.F02) { visit, log in
      guard let stated = visit.number(total) else { return }
      var sum = Total()
      let amounts = visit.column(amount)
      for (row, group) in visit.facts.serviceGroups.enumerated() where Group.isSupply(group) {
        if !sum.add(amounts, row) { return }
      }
      sum.compare(.F02, total, stated, &log, other: amount)
    }
  }

  /// F03: T_TONGCHI_BV = sum of THANH_TIEN_BV over XML2 and XML3.
  static func f03(_ c: Columns) -> Rule? { sum(.F03, "T_TONGCHI_BV", of: "THANH_TIEN_BV", c) }

  /// F04: T_TONGCHI_BH = sum of THANH_TIEN_BH over XML2 and XML3.
  static func f04(_ c: Columns) -> Rule? { sum(.F04, "T_TONGCHI_BH", of: "THANH_TIEN_BH", c) }

  /// F05: T_BNTT = sum of T_BNTT over XML2 and XML3.
  static func f05(_ c: Columns) -> Rule? { sum(.F05, "T_BNTT", of: "T_BNTT", c) }

  /// F06: T_BNCCT = sum of T_BNCCT over XML2 and XML3.
  static func f06(_ c: Columns) -> Rule? { sum(.F06, "T_BNCCT", of: "T_BNCCT", c) }

  /// F07: T_NGUONKHAC = sum of T_NGUONKHAC over XML2 and XML3.
  static func f07(_ c: Columns) -> Rule? { sum(.F07, "T_NGUONKHAC", of: "T_NGUONKHAC", c) }

  /// F08: T_BHTT = T_TONGCHI_BH − T_BNCCT; with T_NGUONKHAC > 0 only F09 counts.
  static func f08(_ c: Columns) -> Rule? {
    guard let fund = c["XML1.T_BHTT"], let insured = c["XML1.T_TONGCHI_BH"], let share = c["XML1.T_BNCCT"],
      let other = c["XML1.T_NGUONKHAC"], let drugs = c.table("XML2"), let services = c.table("XML3")
    else { return nil }
    return Rule(.F08) { visit, log in
      guard let stated = visit.number(fund), let total = visit.number(insured), let own = visit.number(share),
        let supported = visit.number(other), supported <= 0
      else { return }
      let difference = stated - (total - own)
      if difference.magnitude > UInt64(tolerance(rows: visit.rows(drugs) + visit.rows(services))) {
        log.note(.F08, fund, row: 0, difference: difference, other: insured)
      }
    }
  }

  /// F09: T_BHTT = sum of T_BHTT over XML2 and XML3.
  static func f09(_ c: Columns) -> Rule? { sum(.F09, "T_BHTT", of: "T_BHTT", c) }

  /// F10: T_BHTT_GDV = sum of T_BHTT where MA_PTTT = 1; for cards CA, CY, QN a 0 is only doubtful.
  static func f10(_ c: Columns) -> Rule? {
    let pairs = ["XML2", "XML3"].compactMap { table in
      c["\(table).T_BHTT"].flatMap { amount in c["\(table).MA_PTTT"].map { (amount: amount, method: $0) } }
    }
    guard let total = c["XML1.T_BHTT_GDV"], pairs.count == 2, let card = c["XML1.MA_THE_BHYT"] else { return nil }
    return Rule(.F10) { visit, log in
      guard let stated = visit.number(total) else { return }
      var sum = Total()
      for pair in pairs {
        let amounts = visit.column(pair.amount)
        for row in 0..<amounts.count where visit.equals(pair.method, row, "1") {
          if !sum.add(amounts, row) { return }
        }
      }
      let isMild = stated == 0 && sum.sum > 0 && visit.hasForcesCard(card)
      sum.compare(.F10, total, stated, &log, other: pairs[0].amount, isMild ? .warn : .reject)
    }
  }

  /// F11: T_TONGCHI_BV = T_BNTT + T_BNCCT + T_BHTT + T_NGUONKHAC.
  static func f11(_ c: Columns) -> Rule? {
    let parts = ["XML1.T_BNTT", "XML1.T_BNCCT", "XML1.T_BHTT", "XML1.T_NGUONKHAC"].compactMap { c[$0] }
    guard let total = c["XML1.T_TONGCHI_BV"], parts.count == 4, let drugs = c.table("XML2"),
      let services = c.table("XML3")
    else { return nil }
    return Rule(.F11) { visit, log in
      guard let stated = visit.number(total) else { return }
      var sum = Total()
      for part in parts {
        if !sum.add(visit.column(part), 0) { return }
      }
      sum.rows = visit.rows(drugs) + visit.rows(services)
      sum.compare(.F11, total, stated, &log, other: parts[0])
    }
  }

  /// F12: a claim with insured rows has T_BHTT > 0.
  static func f12(_ c: Columns) -> Rule? {
    let fields = ["XML2.THANH_TIEN_BH", "XML3.THANH_TIEN_BH"].compactMap { c[$0] }
    guard let fund = c["XML1.T_BHTT"], fields.count == 2 else { return nil }
    return Rule(.F12) { visit, log in
      guard visit.facts.isInsured, let stated = visit.number(fund), stated == 0 else { return }
      var rows = 0
      for field in fields {
        let amounts = visit.column(field)
        for row in 0..<amounts.count where amounts[row] > 0 { rows += 1 }
      }
      if rows > 0 { log.note(.F12, fund, row: 0, found: rows, other: fields[0]) }
    }
  }

  /// F13: 0.01 đồng for each row that went into the sum, at least 0.01.
  static func tolerance(rows: Int) -> Int64 { Int64(max(rows, 1)) * 100 }

  /// A total of XML1 equals the sum of a column over the rows of other tables.
  private static func sum(
    _ code: FindingCode, _ total: String, of column: String, in tables: [String] = ["XML2", "XML3"], _ c: Columns
  ) -> Rule? {
    let fields = tables.compactMap { c["\($0).\(column)"] }
    guard let total = c["XML1.\(total)"], fields.count == tables.count else { return nil }
    return Rule(code) { visit, log in
      guard let stated = visit.number(total) else { return }
      var sum = Total()
      for field in fields {
        let amounts = visit.column(field)
        for row in 0..<amounts.count {
          if !sum.add(amounts, row) { return }
        }
      }
      sum.compare(code, total, stated, &log, other: fields[0])
    }
  }
}

/// A sum of amounts and how many rows went into it.
private struct Total {
  private(set) var sum: Int64 = 0
  var rows = 0

  /// False when the amount cannot be read, or the sum is larger than any amount.
  @inline(__always)
  mutating func add(_ amounts: ColumnValues, _ row: Int) -> Bool {
    guard let amount = amounts.number(row) else { return false }
    let (larger, isTooLarge) = sum.addingReportingOverflow(amount)
    sum = larger
    rows &+= 1
    return !isTooLarge && larger.magnitude < 4_000_000_000_000_000_000
  }

  func compare(
    _ code: FindingCode, _ total: Field, _ stated: Int64, _ log: inout FindingLog, other: Field,
    _ severity: Severity = .reject
  ) {
    let difference = stated - sum
    if difference.magnitude > UInt64(RuleBook.tolerance(rows: rows)) {
      log.note(code, total, severity, row: 0, difference: difference, other: other)
    }
  }
}
