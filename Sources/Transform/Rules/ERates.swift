internal import Findings
internal import Records

// Prices, rates and quantities of one row (list of rules, section E, E12 and E14–E20).
extension RuleBook {
  /// E12: DON_GIA_BH ≤ DON_GIA_BV when both are positive.
  static func e12(_ c: Columns) -> Rule? {
    guard let insured = c["XML3.DON_GIA_BH"], let hospital = c["XML3.DON_GIA_BV"] else { return nil }
    return Rule(.E12) { visit, log in
      let insureds = visit.column(insured)
      let hospitals = visit.column(hospital)
      for row in 0..<insureds.count {
        guard let a = insureds.amount(row), let b = hospitals.amount(row), b > 0, a > b else { continue }
        log.note(.E12, insured, row: row, difference: a - b, other: hospital)
      }
    }
  }

  /// E14: TYLE_TT_DV of the examination fees of a visit, in the order of NGAY_YL: 100, then 30 for the second to fourth, 10 for the fifth, 0.
  /// Only what insurance pays for counts.
  static func e14(_ c: Columns) -> Rule? {
    guard let rate = c["XML3.TYLE_TT_DV"], let ordered = c["XML3.NGAY_YL"], let scope = c["XML3.PHAM_VI"] else {
      return nil
    }
    return Rule(.E14) { visit, log in
      let groups = visit.facts.serviceGroups
      guard visit.facts.isInsured, groups.contains(13) else { return }
      let rates = visit.column(rate)
      let orders = visit.column(ordered)
      var fees: [(row: Int, minute: Int64, rate: Int64)] = []
      for row in groups.indices where groups[row] == 13 && !visit.equals(scope, row, "2") {
        guard let percent = rates.amount(row), percent <= 100 else { return }
        fees.append((row, orders[row], percent))
      }
      // at the same minute the higher rate comes first
      fees.sort { ($0.minute, -$0.rate, $0.row) < ($1.minute, -$1.rate, $1.row) }
      for (i, fee) in fees.enumerated() {
        let expected: Int64 =
          switch i {
          case 0: 100
          case 1...3: 30
          case 4: 10
          default: 0
          }
        if fee.rate != expected { log.note(.E14, rate, row: fee.row, found: i + 1, limit: Int(expected)) }
      }
    }
  }

  /// E15: beds: TYLE_TT_DV 100, 50 or 33; quantity 0.5 each on a day with beds of two departments.
  static func e15(_ c: Columns) -> Rule? {
    guard let rate = c["XML3.TYLE_TT_DV"], let quantity = c["XML3.SO_LUONG"], let ordered = c["XML3.NGAY_YL"],
      let department = c["XML3.MA_KHOA"]
    else { return nil }
    return Rule(.E15) { visit, log in
      let rates = visit.column(rate)
      for (row, group) in visit.facts.serviceGroups.enumerated() where Group.isBed(group) {
        guard let percent = rates.amount(row), percent <= 100 else { continue }
        if percent != 100 && percent != 50 && percent != 33 { log.note(.E15, rate, row: row) }
      }
      guard let beds = BedDays(visit, quantity, ordered), beds.rows.count > 1 else { return }
      beds.forEachDay { day in
        // more than one day in all is rule C18's
        guard day.count > 1, let first = day.first, BedDays.isWrittenPerDay(day), BedDays.total(day) <= 10_000,
          day.contains(where: { !visit.same(department, $0.row, department, first.row) })
        else { return }
        for bed in day where bed.quantity != 5_000 { log.note(.E15, quantity, row: bed.row, other: department) }
      }
    }
  }

  /// E16: operations: TYLE_TT_DV 100 for the first, 50 or 80 for further ones. No field marks a session: of all operations of the visit at least
  /// one is a first one.
  static func e16(_ c: Columns) -> Rule? {
    guard let rate = c["XML3.TYLE_TT_DV"], let scope = c["XML3.PHAM_VI"] else { return nil }
    return Rule(.E16) { visit, log in
      let rates = visit.column(rate)
      var hasFirst = false
      var further: Int?
      for (row, group) in visit.facts.serviceGroups.enumerated() where Group.isOperation(group) {
        guard !visit.equals(scope, row, "2"), let percent = rates.amount(row), percent <= 100 else {
          hasFirst = true
          continue
        }
        switch percent {
        case 100: hasFirst = true
        case 50, 80: further = further ?? row
        default:
          hasFirst = true
          log.note(.E16, rate, row: row)
        }
      }
      if let further, !hasFirst { log.note(.E16, rate, row: further) }
    }
  }

  /// E17: MA_DICH_VU ending in _TB: both unit prices 0; ending in 0000: DON_GIA_BH 0.
  static func e17(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let hospital = c["XML3.DON_GIA_BV"], let insured = c["XML3.DON_GIA_BH"]
    else { return nil }
    return Rule(.E17) { visit, log in
      let hospitals = visit.column(hospital)
      let insureds = visit.column(insured)
      for (row, group) in visit.facts.serviceGroups.enumerated() where group > 0 && !Group.isSupply(group) {
        let code = visit.range(service, row)
        let isBrokenOff = visit.ends(code, "_TB")
        guard isBrokenOff || visit.ends(code, "0000") else { continue }
        if isBrokenOff, let price = hospitals.amount(row), price > 0 {
          log.note(.E17, hospital, row: row, difference: price, other: service)
        }
        if let price = insureds.amount(row), price > 0 {
          log.note(.E17, insured, row: row, difference: price, other: service)
        }
      }
    }
  }

  /// E18: MUC_HUONG is a usual rate or a product of card rate (80, 95, 100) and entitlement rate (40, 50, 60, 100); decimals only since July 2026.
  static func e18(_ c: Columns) -> Rule? {
    let fields = ["XML2.MUC_HUONG", "XML3.MUC_HUONG"].compactMap { c[$0] }
    guard !fields.isEmpty, !c.isPredecessor else { return nil }
    return Rule(.E18) { visit, log in
      let allowsDecimals = Switches.allowsDecimalRates(visit.facts.care)
      for field in fields {
        let rates = visit.column(field)
        for row in 0..<rates.count {
          // outside 0–100 it is rule B25's
          guard let rate = rates.amount(row), rate <= 1_000_000 else { continue }
          switch rate {
          case 0, 320_000, 380_000, 400_000, 480_000, 500_000, 570_000, 600_000, 800_000, 950_000, 1_000_000: continue
          case 475_000 where allowsDecimals: continue
          default: log.note(.E18, field, row: row)
          }
        }
      }
    }
  }

  /// E19: PHAM_VI = 3 only for army, police and cipher cards (QN, CA, CY).
  static func e19(_ c: Columns) -> Rule? {
    let fields = ["XML2.PHAM_VI", "XML3.PHAM_VI"].compactMap { c[$0] }
    guard !fields.isEmpty, let card = c["XML1.MA_THE_BHYT"] else { return nil }
    return Rule(.E19) { visit, log in
      guard visit.facts.hasSummary else { return }
      let isEntitled = visit.hasForcesCard(card)
      if isEntitled { return }
      for field in fields {
        for row in 0..<visit.rows(field.table) where visit.equals(field, row, "3") {
          log.note(.E19, field, row: row, other: card)
        }
      }
    }
  }

  /// E20: stents (the name says so): quantity 1 per row.
  static func e20(_ c: Columns) -> Rule? {
    guard let name = c["XML3.TEN_VAT_TU"], let quantity = c["XML3.SO_LUONG"] else { return nil }
    return Rule(.E20) { visit, log in
      let quantities = visit.column(quantity)
      for (row, group) in visit.facts.serviceGroups.enumerated() where Group.isSupply(group) {
        guard let amount = quantities.number(row), amount != 10_000, visit.saysStent(visit.range(name, row)) else {
          continue
        }
        log.note(.E20, quantity, row: row, limit: 1, other: name)
      }
    }
  }
}

extension Visit {
  /// Whether one of the cards belongs to army, police or cipher staff.
  func hasForcesCard(_ card: Field) -> Bool {
    for part in parts(card) {
      if begins(part, "QN") || begins(part, "CA") || begins(part, "CY") { return true }
    }
    return false
  }

  fileprivate func saysStent(_ range: Range<Int>) -> Bool {
    let word: StaticString = "stent"
    guard range.count >= word.utf8CodeUnitCount else { return false }
    for start in range.lowerBound...range.upperBound - word.utf8CodeUnitCount {
      var i = 0
      while i < word.utf8CodeUnitCount, unsafe text[start + i] | 0x20 == word.utf8Start[i] { i += 1 }
      if i == word.utf8CodeUnitCount { return true }
    }
    return false
  }
}
