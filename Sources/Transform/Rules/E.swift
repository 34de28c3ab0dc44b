internal import Findings
internal import Records

// Money in one row (list of rules, section E): what a row costs. How the cost is split stands in ESplit.swift, rates and prices in ERates.swift.
// Amounts are in ten-thousandths of a đồng. A row with an amount that cannot be read is not judged: B01 or B04 says it.
extension RuleBook {
  static func letterE(_ c: Columns) -> [Rule] {
    [
      e01(c), e02(c), e03(c), e04(c), e05(c), e06(c), e07(c), e08(c), e09(c), e10(c), e11(c), e12(c), e13(c), e14(c),
      e15(c), e16(c), e17(c), e18(c), e19(c), e20(c),
    ].compactMap { $0 }
  }

  /// E01: THANH_TIEN_BV = round2(SO_LUONG × DON_GIA).
  static func e01(_ c: Columns) -> Rule? {
    guard let quantity = c["XML2.SO_LUONG"], let price = c["XML2.DON_GIA"], let total = c["XML2.THANH_TIEN_BV"] else {
      return nil
    }
    return Rule(.E01) { visit, log in
      let quantities = visit.column(quantity)
      let prices = visit.column(price)
      let totals = visit.column(total)
      for row in 0..<totals.count {
        guard let stated = totals.amount(row), let q = quantities.amount(row), let p = prices.amount(row),
          let expected = Money.product(q, p)
        else { continue }
        log.compare(.E01, total, row, stated, expected, other: price)
      }
    }
  }

  /// E02: THANH_TIEN_BH = round2(SO_LUONG × DON_GIA × TYLE_TT_BH / 100); 0 when PHAM_VI = 2.
  static func e02(_ c: Columns) -> Rule? {
    guard let quantity = c["XML2.SO_LUONG"], let price = c["XML2.DON_GIA"], let rate = c["XML2.TYLE_TT_BH"],
      let total = c["XML2.THANH_TIEN_BH"], let scope = c["XML2.PHAM_VI"]
    else { return nil }
    return Rule(.E02) { visit, log in
      let quantities = visit.column(quantity)
      let prices = visit.column(price)
      let rates = visit.column(rate)
      let totals = visit.column(total)
      for row in 0..<totals.count {
        guard let stated = totals.amount(row), let q = quantities.amount(row), let p = prices.amount(row),
          let percent = rates.amount(row), percent <= 100, let full = Money.product(q, p, percent: percent)
        else { continue }
        let expected = full > 0 && visit.equals(scope, row, "2") ? 0 : full
        log.compare(.E02, total, row, stated, expected, other: price)
      }
    }
  }

  /// E03: THANH_TIEN_BV = round2(SO_LUONG × DON_GIA_BV × TYLE_TT_DV / 100); data from before 4750 without the last factor.
  static func e03(_ c: Columns) -> Rule? {
    guard let quantity = c["XML3.SO_LUONG"], let price = c["XML3.DON_GIA_BV"], let rate = c["XML3.TYLE_TT_DV"],
      let total = c["XML3.THANH_TIEN_BV"]
    else { return nil }
    return Rule(.E03) { visit, log in
      let isBefore4750 = Switches.isBefore4750(visit.facts.care, visit.dossier.edition)
      let quantities = visit.column(quantity)
      let prices = visit.column(price)
      let rates = visit.column(rate)
      let totals = visit.column(total)
      for row in 0..<totals.count {
        guard let stated = totals.amount(row), let q = quantities.amount(row), let p = prices.amount(row),
          let percent = rates.amount(row), percent <= 100,
          let expected = Money.product(q, p, percent: isBefore4750 ? 100 : percent)
        else { continue }
        log.compare(.E03, total, row, stated, expected, other: price)
      }
    }
  }

  /// E04: THANH_TIEN_BH = round2(SO_LUONG × DON_GIA_BH × TYLE_TT_BH / 100), times TYLE_TT_DV / 100 for beds, examinations and operations; for
  /// other groups both are accepted. 0 is right as well when PHAM_VI = 2.
  static func e04(_ c: Columns) -> Rule? {
    guard let quantity = c["XML3.SO_LUONG"], let price = c["XML3.DON_GIA_BH"], let rate = c["XML3.TYLE_TT_BH"],
      let serviceRate = c["XML3.TYLE_TT_DV"], let total = c["XML3.THANH_TIEN_BH"], let scope = c["XML3.PHAM_VI"]
    else { return nil }
    return Rule(.E04) { visit, log in
      let quantities = visit.column(quantity)
      let prices = visit.column(price)
      let rates = visit.column(rate)
      let serviceRates = visit.column(serviceRate)
      let totals = visit.column(total)
      for row in 0..<totals.count {
        guard let stated = totals.amount(row), let q = quantities.amount(row), let p = prices.amount(row),
          let percent = rates.amount(row), percent <= 100, let factor = serviceRates.amount(row), factor <= 100,
          let expected = Money.product(q, p, percent: percent, percent2: factor)
        else { continue }
        if Money.agree(stated, expected) { continue }
        let group = visit.facts.serviceGroups[row]
        let usesFactor = group == 13 || Group.isBed(group) || Group.isOperation(group)
        if !usesFactor, factor != 100, let full = Money.product(q, p, percent: percent), Money.agree(stated, full) {
          continue
        }
        if stated == 0 && visit.equals(scope, row, "2") { continue }
        log.compare(.E04, total, row, stated, expected, other: price)
      }
    }
  }

  /// E05: T_NGUONKHAC = T_NGUONKHAC_NSNN + T_NGUONKHAC_VTNN + T_NGUONKHAC_VTTN + T_NGUONKHAC_CL.
  static func e05(_ c: Columns) -> Rule? {
    let tables = ["XML2", "XML3"].compactMap { table -> (total: Field, parts: [Field])? in
      guard let total = c["\(table).T_NGUONKHAC"] else { return nil }
      let parts = ["NSNN", "VTNN", "VTTN", "CL"].compactMap { c["\(table).T_NGUONKHAC_\($0)"] }
      return parts.count == 4 ? (total, parts) : nil
    }
    guard !tables.isEmpty else { return nil }
    return Rule(.E05) { visit, log in
      for (total, parts) in tables where visit.rows(total.table) > 0 {
        let totals = visit.column(total)
        let first = visit.column(parts[0])
        let second = visit.column(parts[1])
        let third = visit.column(parts[2])
        let fourth = visit.column(parts[3])
        for row in 0..<totals.count {
          guard let stated = totals.amount(row), let a = first.amount(row), let b = second.amount(row),
            let d = third.amount(row), let e = fourth.amount(row)
          else { continue }
          // four amounts of at most 10¹⁸
          log.compare(.E05, total, row, stated, a + b + d + e, other: parts[0])
        }
      }
    }
  }

  /// E06: 0 ≤ T_NGUONKHAC ≤ THANH_TIEN_BV, exactly.
  static func e06(_ c: Columns) -> Rule? {
    let tables = moneyTables(c).map { (other: $0.other, total: $0.hospital) }
    guard !tables.isEmpty else { return nil }
    return Rule(.E06) { visit, log in
      for (other, total) in tables {
        let others = visit.column(other)
        let totals = visit.column(total)
        for row in 0..<others.count {
          guard let stated = others.number(row), let most = totals.amount(row) else { continue }
          if stated < 0 {
            log.note(.E06, other, row: row, difference: stated, other: total)
          } else if stated > most {
            log.note(.E06, other, row: row, difference: stated - most, other: total)
          }
        }
      }
    }
  }

  /// The columns of a table that hold the parts of a row's cost.
  struct MoneyTable {
    /// THANH_TIEN_BV
    var hospital: Field
    /// THANH_TIEN_BH
    var insured: Field
    /// MUC_HUONG
    var rate: Field
    /// T_BNTT
    var patient: Field
    /// T_BNCCT
    var share: Field
    /// T_BHTT
    var fund: Field
    /// T_NGUONKHAC
    var other: Field
    /// T_TRANTT (XML3)
    var ceiling: Field?
  }

  static func moneyTables(_ c: Columns) -> [MoneyTable] {
    ["XML2", "XML3"].compactMap { table in
      guard let hospital = c["\(table).THANH_TIEN_BV"], let insured = c["\(table).THANH_TIEN_BH"],
        let rate = c["\(table).MUC_HUONG"], let patient = c["\(table).T_BNTT"], let share = c["\(table).T_BNCCT"],
        let fund = c["\(table).T_BHTT"], let other = c["\(table).T_NGUONKHAC"]
      else { return nil }
      return MoneyTable(
        hospital: hospital, insured: insured, rate: rate, patient: patient, share: share, fund: fund, other: other,
        ceiling: c["\(table).T_TRANTT"])
    }
  }
}

/// Exact arithmetic on amounts in ten-thousandths, rounded half up to two decimals as the decision does.
enum Money {
  /// Rows are compared within 0.01 đồng.
  static let tolerance: Int64 = 100

  @inline(__always)
  static func agree(_ stated: Int64, _ expected: Int64) -> Bool { (stated - expected).magnitude <= UInt64(tolerance) }

  /// `a × b × percent / 100 × percent2 / 100`, of two numbers of zero or more; nil when it is larger than any amount.
  @inline(__always)
  static func product(_ a: Int64, _ b: Int64, percent: Int64 = 100, percent2: Int64 = 100) -> Int64? {
    // a × b counts hundred-millionths; a hundredth is a million of them
    if percent == 100 && percent2 == 100 { return rounded(a, b, 1, 1_000_000) }
    if percent == 100 || percent2 == 100 { return rounded(a, b, min(percent, percent2), 100_000_000) }
    return rounded(a, b, percent * percent2, 10_000_000_000)
  }

  /// A share of an amount.
  ///
  /// - Parameter rate: in ten-thousandths of a percent.
  @inline(__always)
  static func share(_ amount: Int64, _ rate: Int64) -> Int64? { rounded(amount, rate, 1, 100_000_000) }

  /// `a × b × factor / divisor`, rounded half up, in hundredths; given in ten-thousandths.
  @inline(__always)
  private static func rounded(_ a: Int64, _ b: Int64, _ factor: Int64, _ divisor: Int64) -> Int64? {
    let (product, isLarge) = a.multipliedReportingOverflow(by: b)
    let (scaled, isLarger) = product.multipliedReportingOverflow(by: factor)
    if isLarge || isLarger || scaled > .max - divisor { return wide(a, b, factor, divisor) }
    return (scaled + divisor / 2) / divisor * 100
  }

  private static func wide(_ a: Int64, _ b: Int64, _ factor: Int64, _ divisor: Int64) -> Int64? {
    // two amounts of at most 10¹⁸ make 10³⁶; an Int128 holds 1.7 × 10³⁸
    let (scaled, isTooLarge) = (Int128(a) * Int128(b)).multipliedReportingOverflow(by: Int128(factor))
    let (sum, isTooLargeStill) = scaled.addingReportingOverflow(Int128(divisor / 2))
    if isTooLarge || isTooLargeStill { return nil }
    let hundredths = sum / Int128(divisor)
    return hundredths <= 10_000_000_000_000_000 ? Int64(hundredths) * 100 : nil
  }
}

extension FindingLog {
  /// Notes the difference when two amounts do not agree within the tolerance of a row.
  @inline(__always)
  mutating func compare(
    _ code: FindingCode, _ field: Field, _ row: Int, _ stated: Int64, _ expected: Int64, other: Field? = nil
  ) {
    if Money.agree(stated, expected) { return }
    note(code, field, row: row, difference: stated - expected, other: other)
  }
}
