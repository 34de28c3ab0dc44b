internal import Findings
internal import Records

// Money of the visit (list of rules, section F). Amounts are in ten-thousandths of a đồng.
extension RuleBook {
  static func letterF(_ c: Columns) -> [Rule] {
    [
      sum(.F01, "XML1.T_THUOC", of: ["XML2.THANH_TIEN_BV"], c), f02(c),
      sum(.F03, "XML1.T_TONGCHI_BV", of: ["XML2.THANH_TIEN_BV", "XML3.THANH_TIEN_BV"], c),
      sum(.F09, "XML1.T_BHTT", of: ["XML2.T_BHTT", "XML3.T_BHTT"], c), f11(c),
    ].compactMap { $0 }
  }

  /// F13: 0.01 đồng for each row that went into the sum, at least 0.01.
  static func tolerance(rows: Int) -> Int64 { Int64(max(rows, 1)) * 100 }

  /// A total of XML1 equals the sum over the rows of other tables. Nothing is said when an amount cannot be read: B04 says it.
  static func sum(_ code: FindingCode, _ total: String, of parts: [String], _ c: Columns) -> Rule? {
    let fields = parts.compactMap { c[$0] }
    guard let total = c[total], fields.count == parts.count else { return nil }
    return Rule(code) { visit, log in
      guard let stated = visit.number(total) else { return }
      var sum: Int64 = 0
      var rows = 0
      for field in fields {
        for row in 0..<visit.rows(field.table) {
          guard let amount = visit.number(field, row) else {
            if visit.isBlank(field, row) { continue }
            return
          }
          sum = sum &+ amount
          rows += 1
        }
      }
      let difference = stated &- sum
      if difference.magnitude > UInt64(tolerance(rows: rows)) {
        log.note(code, total, .error, row: 0, difference: difference, other: fields[0])
      }
    }
  }

  /// F02: T_VTYT = sum of THANH_TIEN_BV over supply rows (MA_NHOM 10 or 11).
  static func f02(_ c: Columns) -> Rule? {
    guard let total = c["XML1.T_VTYT"], let amount = c["XML3.THANH_TIEN_BV"], let group = c["XML3.MA_NHOM"] else {
      return nil
    }
    return Rule(.F02) { visit, log in
      guard let stated = visit.number(total) else { return }
      var sum: Int64 = 0
      var rows = 0
      for row in 0..<visit.rows(amount.table) {
        guard let number = visit.codeNumber(group, row), number == 10 || number == 11 else { continue }
        guard let value = visit.number(amount, row) else {
          if visit.isBlank(amount, row) { continue }
          return
        }
        sum = sum &+ value
        rows += 1
      }
      let difference = stated &- sum
      if difference.magnitude > UInt64(tolerance(rows: rows)) {
        log.note(.F02, total, .error, row: 0, difference: difference, other: amount)
      }
    }
  }

  /// F11: T_TONGCHI_BV = T_BNTT + T_BNCCT + T_BHTT + T_NGUONKHAC.
  static func f11(_ c: Columns) -> Rule? {
    let parts = ["XML1.T_BNTT", "XML1.T_BNCCT", "XML1.T_BHTT", "XML1.T_NGUONKHAC"].compactMap { c[$0] }
    guard let total = c["XML1.T_TONGCHI_BV"], parts.count == 4 else { return nil }
    return Rule(.F11) { visit, log in
      guard let stated = visit.number(total) else { return }
      var sum: Int64 = 0
      for part in parts {
        guard let amount = visit.number(part) else {
          if visit.isBlank(part) { continue }
          return
        }
        sum = sum &+ amount
      }
      let difference = stated &- sum
      let rows = visit.rows(c.table("XML2") ?? 0) + visit.rows(c.table("XML3") ?? 0)
      if difference.magnitude > UInt64(tolerance(rows: rows)) {
        log.note(.F11, total, .error, row: 0, difference: difference, other: parts[0])
      }
    }
  }
}
