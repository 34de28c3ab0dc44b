internal import Findings
internal import Records

// How the cost of a row is split between fund, patient and other sources (list of rules, section E, E07–E11 and E13).
extension RuleBook {
  /// E07: T_BNTT + T_BNCCT + T_BHTT + T_NGUONKHAC = THANH_TIEN_BV.
  static func e07(_ c: Columns) -> Rule? {
    let tables = moneyTables(c)
    guard !tables.isEmpty else { return nil }
    return Rule(.E07) { visit, log in
      for table in tables {
        let totals = visit.column(table.hospital)
        let patients = visit.column(table.patient)
        let shares = visit.column(table.share)
        let funds = visit.column(table.fund)
        let others = visit.column(table.other)
        for row in 0..<totals.count {
          guard let total = totals.amount(row), let patient = patients.amount(row), let share = shares.amount(row),
            let fund = funds.amount(row), let other = others.amount(row)
          else { continue }
          log.compare(.E07, table.hospital, row, patient + share + fund + other, total, other: table.patient)
        }
      }
    }
  }

  /// E08: with T_NGUONKHAC = 0: T_BHTT = THANH_TIEN_BH × MUC_HUONG / 100, T_BNCCT = THANH_TIEN_BH − T_BHTT, T_BNTT = THANH_TIEN_BV −
  /// THANH_TIEN_BH. Without insurance E11 judges, and below a ceiling (T_TRANTT) that lowers T_BHTT E13.
  static func e08(_ c: Columns) -> Rule? {
    let tables = moneyTables(c)
    guard !tables.isEmpty else { return nil }
    return Rule(.E08) { visit, log in
      guard visit.facts.isInsured else { return }
      for table in tables {
        let columns = SplitColumns(visit, table)
        let ceilings = table.ceiling.map { visit.column($0) }
        for row in 0..<columns.count {
          guard let split = columns.split(row), split.other == 0 else { continue }
          if let ceilings, !ceilings.isBlank(row), split.fund < split.fullFund { continue }
          if !Money.agree(split.fund, split.fullFund) {
            log.compare(.E08, table.fund, row, split.fund, split.fullFund, other: table.rate)
          } else if !Money.agree(split.share, split.insured - split.fund) {
            log.compare(.E08, table.share, row, split.share, split.insured - split.fund, other: table.fund)
          } else {
            log.compare(.E08, table.patient, row, split.patient, split.hospital - split.insured, other: table.insured)
          }
        }
      }
    }
  }

  /// E09: with T_NGUONKHAC > 0 for the patient: the amounts of E08, and T_NGUONKHAC taken from T_BNTT, then T_BNCCT, then T_BHTT. Rows of XML2
  /// may follow other ways as well and are judged by E10.
  static func e09(_ c: Columns) -> Rule? {
    guard let table = moneyTables(c).first(where: { $0.ceiling != nil }) else { return nil }
    return Rule(.E09) { visit, log in
      guard visit.facts.isInsured else { return }
      let columns = SplitColumns(visit, table)
      for row in 0..<columns.count {
        guard let split = columns.split(row), split.other > 0 else { continue }
        if let (field, difference) = split.firstDifference(split.supportForPatient, table) {
          log.note(.E09, field, row: row, difference: difference, other: table.other)
        }
      }
    }
  }

  /// E10: a row of XML2 with T_NGUONKHAC > 0 fits E09, or support for the facility (cost less T_NGUONKHAC, split as in E08), or an ARV drug
  /// (the source pays T_BNCCT).
  static func e10(_ c: Columns) -> Rule? {
    guard let table = moneyTables(c).first(where: { $0.ceiling == nil }), let percent = c["XML2.TYLE_TT_BH"],
      let scope = c["XML2.PHAM_VI"]
    else { return nil }
    return Rule(.E10) { visit, log in
      guard visit.facts.isInsured else { return }
      let columns = SplitColumns(visit, table)
      let percents = visit.column(percent)
      for row in 0..<columns.count {
        guard let split = columns.split(row), split.other > 0,
          let (field, difference) = split.firstDifference(split.supportForPatient, table)
        else { continue }
        if split.firstDifference(split.supportForARV, table) == nil { continue }
        if split.other <= split.hospital, let rate = percents.amount(row), rate <= 100 {
          let rest = split.hospital - split.other
          let insured = visit.equals(scope, row, "2") ? 0 : Money.product(rest, 10_000, percent: rate) ?? 0
          let fund = Money.share(insured, split.rate) ?? 0
          let facility = Split.Parts(patient: rest - insured, share: insured - fund, fund: fund)
          if split.firstDifference(facility, table) == nil { continue }
        }
        log.note(.E10, field, row: row, difference: difference, other: table.other)
      }
    }
  }

  /// E11: insurance not used (MA_DOITUONG_KCB 9 or no card): T_BHTT = 0 and T_BNCCT = 0.
  static func e11(_ c: Columns) -> Rule? {
    let tables = moneyTables(c)
    guard !tables.isEmpty, let card = c["XML1.MA_THE_BHYT"] else { return nil }
    return Rule(.E11) { visit, log in
      guard visit.facts.hasSummary, !visit.facts.isInsured else { return }
      for table in tables {
        for field in [table.fund, table.share] {
          let values = visit.column(field)
          for row in 0..<values.count {
            if let value = values.amount(row), value > 0 {
              log.note(.E11, field, row: row, difference: value, other: card)
            }
          }
        }
      }
    }
  }

  /// E13: T_TRANTT filled: the sum of T_BHTT over the package (same GOI_VTYT, MA_DICH_VU) ≤ T_TRANTT; a row without GOI_VTYT stands alone.
  static func e13(_ c: Columns) -> Rule? {
    guard let ceiling = c["XML3.T_TRANTT"], let package = c["XML3.GOI_VTYT"], let fund = c["XML3.T_BHTT"] else {
      return nil
    }
    return Rule(.E13) { visit, log in
      let ceilings = visit.column(ceiling)
      var first = 0
      while first < ceilings.count, ceilings.amount(first) == nil { first += 1 }
      if first == ceilings.count { return }
      let funds = visit.column(fund)
      let packages = CodeGroups(visit.tables[package.table], package.column, visit.text)
      var sums: [Package: (sum: Int64, rows: Int64)] = [:]
      func key(_ row: Int) -> Package {
        let group = packages.groupOf[row]
        return Package(package: group, service: group < 0 ? Int32(row) : visit.facts.services.groupOf[row])
      }
      for row in 0..<funds.count {
        guard let amount = funds.amount(row) else { continue }
        let known = sums[key(row)] ?? (0, 0)
        // ten thousand amounts of 10¹⁴ fit; more is B04's matter
        sums[key(row)] = (known.sum &+ amount, known.rows + 1)
      }
      var said: Set<Package> = []
      for row in first..<ceilings.count {
        guard let most = ceilings.amount(row), let (sum, rows) = sums[key(row)], sum > most + rows * Money.tolerance,
          said.insert(key(row)).inserted
        else { continue }
        log.note(.E13, ceiling, row: row, difference: sum - most, other: fund)
      }
    }
  }

  private struct Package: Hashable {
    var package: Int32
    var service: Int32
  }
}

/// The amounts of one row and what they should be.
private struct Split {
  /// T_BNTT, T_BNCCT and T_BHTT.
  struct Parts {
    var patient: Int64
    var share: Int64
    var fund: Int64
  }
  var hospital: Int64
  var insured: Int64
  var rate: Int64
  var patient: Int64
  var share: Int64
  var fund: Int64
  var other: Int64
  /// THANH_TIEN_BH × MUC_HUONG / 100.
  var fullFund: Int64

  /// Rule E08's amounts, T_NGUONKHAC taken from T_BNTT first, then T_BNCCT, then T_BHTT.
  var supportForPatient: Parts {
    var parts = Parts(patient: hospital - insured, share: insured - fullFund, fund: fullFund)
    var rest = other
    for part in [\Parts.patient, \Parts.share, \Parts.fund] {
      let taken = min(rest, max(parts[keyPath: part], 0))
      parts[keyPath: part] -= taken
      rest -= taken
    }
    return parts
  }

  /// The source pays the patient's share.
  var supportForARV: Parts { Parts(patient: hospital - insured, share: 0, fund: fullFund) }

  /// The first of the three amounts that is not as expected.
  func firstDifference(_ expected: Parts, _ table: RuleBook.MoneyTable) -> (field: Field, difference: Int64)? {
    if !Money.agree(patient, expected.patient) { return (table.patient, patient - expected.patient) }
    if !Money.agree(share, expected.share) { return (table.share, share - expected.share) }
    if !Money.agree(fund, expected.fund) { return (table.fund, fund - expected.fund) }
    return nil
  }
}

/// The columns of a table's split, row by row.
private struct SplitColumns {
  private let hospital, insured, rate, patient, share, fund, other: ColumnValues
  var count: Int { hospital.count }

  init(_ visit: borrowing Visit, _ table: RuleBook.MoneyTable) {
    hospital = visit.column(table.hospital)
    insured = visit.column(table.insured)
    rate = visit.column(table.rate)
    patient = visit.column(table.patient)
    share = visit.column(table.share)
    fund = visit.column(table.fund)
    other = visit.column(table.other)
  }

  /// Nil when an amount of the row cannot be read.
  @inline(__always)
  func split(_ row: Int) -> Split? {
    guard let hospital = hospital.amount(row), let insured = insured.amount(row), let rate = rate.amount(row),
      rate <= 1_000_000, let patient = patient.amount(row), let share = share.amount(row), let fund = fund.amount(row),
      let other = other.amount(row), let fullFund = Money.share(insured, rate)
    else { return nil }
    return Split(
      hospital: hospital, insured: insured, rate: rate, patient: patient, share: share, fund: fund, other: other,
      fullFund: fullFund)
  }
}
