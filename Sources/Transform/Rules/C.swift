internal import Bytes
internal import Findings
internal import Records

// Dates inside a visit (list of rules, section C).
extension RuleBook {
  static func letterC(_ c: Columns) -> [Rule] {
    [
      c01(c), c02(c), c03(c), c04(c), c05(c), c06(c), c07(c), c08(c), c09(c), c10(c), c11(c), c12(c), c13(c), c14(c),
      c15(c), c16(c), c17(c), c18(c),
    ].compactMap { $0 }
  }

  /// C01: NGAY_VAO ≤ NGAY_RA.
  static func c01(_ c: Columns) -> Rule? {
    guard let admitted = c["XML1.NGAY_VAO"], let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(.C01) { visit, log in
      guard let start = visit.minute(admitted), let end = visit.minute(left), end < start else { return }
      log.note(.C01, left, row: 0, other: admitted)
    }
  }

  /// C02: NGAY_VAO_NOI_TRU, if filled, lies between NGAY_VAO and NGAY_RA.
  static func c02(_ c: Columns) -> Rule? {
    guard let admitted = c["XML1.NGAY_VAO"], let left = c["XML1.NGAY_RA"], let inpatient = c["XML1.NGAY_VAO_NOI_TRU"]
    else {
      return nil
    }
    return Rule(.C02) { visit, log in
      guard let moment = visit.minute(inpatient), let stay = visit.facts.stay else { return }
      if moment < stay.start {
        log.note(.C02, inpatient, row: 0, other: admitted)
      } else if stay.end < moment {
        log.note(.C02, inpatient, row: 0, other: left)
      }
    }
  }

  /// C03: NGAY_TTOAN, if filled, ≥ NGAY_VAO; for inpatients usually ≥ day(NGAY_RA) (earlier: warn).
  static func c03(_ c: Columns) -> Rule? {
    guard let admitted = c["XML1.NGAY_VAO"], let left = c["XML1.NGAY_RA"], let paid = c["XML1.NGAY_TTOAN"] else {
      return nil
    }
    return Rule(.C03) { visit, log in
      guard let moment = visit.minute(paid) else { return }
      if let start = visit.minute(admitted), moment < start {
        log.note(.C03, paid, row: 0, other: admitted)
      } else if let end = visit.minute(left), moment.day < end.day, Form.isInpatient(visit.facts.form) {
        log.note(.C03, paid, .warn, row: 0, other: left)
      }
    }
  }

  /// C04: NGAY_SINH ≤ NGAY_VAO on the parts that are known.
  static func c04(_ c: Columns) -> Rule? {
    guard let born = c["XML1.NGAY_SINH"], let admitted = c["XML1.NGAY_VAO"] else { return nil }
    return Rule(.C04) { visit, log in
      guard let birth = visit.birth(born), let start = visit.minute(admitted) else { return }
      let isLater: Bool =
        switch birth.precision {
        case .year: false  // a later year is rule B07's
        case .day: start.day < birth.day
        case .minute: start < birth.moment
        }
      // a birth in a later year breaks B07 already
      if isLater && birth.day.components.year <= start.day.components.year {
        log.note(.C04, born, row: 0, other: admitted)
      }
    }
  }

  /// C05: NGAY_VAO and NGAY_RA are not after the receiving time, but NGAY_RA may be for MA_LOAI_KCB 02, 05 and 07.
  static func c05(_ c: Columns) -> Rule? {
    guard let admitted = c["XML1.NGAY_VAO"], let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(.C05) { visit, log in
      if let start = visit.facts.admitted, visit.receivedAt < start { log.note(.C05, admitted, row: 0) }
      if let end = visit.facts.left, visit.receivedAt < end, !Form.isDrugCourse(visit.facts.form) {
        log.note(.C05, left, row: 0)
      }
    }
  }

  /// C06: for MA_LOAI_KCB 02, 05, 07 the time part of NGAY_RA is 2359.
  static func c06(_ c: Columns) -> Rule? {
    guard let left = c["XML1.NGAY_RA"], !c.isPredecessor else { return nil }
    return Rule(.C06) { visit, log in
      guard Form.isDrugCourse(visit.facts.form), let end = visit.facts.left, end.minuteOfDay != 1439 else { return }
      log.note(.C06, left, row: 0)
    }
  }

  /// C07: for MA_LOAI_KCB 01 the visit lasts at most one day (24 hours).
  static func c07(_ c: Columns) -> Rule? {
    guard let admitted = c["XML1.NGAY_VAO"], let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(.C07) { visit, log in
      guard visit.facts.form == 1, let stay = visit.facts.stay else { return }
      if stay.end.minutesSinceEpoch - stay.start.minutesSinceEpoch > 1440 {
        log.note(.C07, left, row: 0, other: admitted)
      }
    }
  }

  /// C08: each card is valid during a part of the stay: GT_THE_TU ≤ day(NGAY_RA) and GT_THE_DEN ≥ day(NGAY_VAO).
  static func c08(_ c: Columns) -> Rule? {
    guard let from = c["XML1.GT_THE_TU"], let to = c["XML1.GT_THE_DEN"], let admitted = c["XML1.NGAY_VAO"],
      let left = c["XML1.NGAY_RA"]
    else { return nil }
    return Rule(.C08) { visit, log in
      guard let stay = visit.facts.stay else { return }
      for part in visit.parts(from) {
        guard let day = CivilDate(compact: visit.text.span.extracting(part)), stay.end.day < day else { continue }
        log.note(.C08, from, row: 0, other: left)
      }
      for part in visit.parts(to) {
        guard let day = CivilDate(compact: visit.text.span.extracting(part)), day < stay.start.day else { continue }
        log.note(.C08, to, row: 0, other: admitted)
      }
    }
  }

  /// C09: NGAY_VAO ≤ NGAY_YL ≤ NGAY_RA for every drug, service and supply.
  static func c09(_ c: Columns) -> Rule? {
    within(.C09, ["XML2.NGAY_YL", "XML3.NGAY_YL"], c)
  }

  /// C10: NGAY_TH_YL, if filled, ≥ NGAY_YL, and ≤ NGAY_RA (warn).
  static func c10(_ c: Columns) -> Rule? {
    let pairs = ["XML2", "XML3"].compactMap { table in
      c["\(table).NGAY_TH_YL"].flatMap { done in c["\(table).NGAY_YL"].map { (done: done, ordered: $0) } }
    }
    guard !pairs.isEmpty, let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(.C10) { visit, log in
      let end = visit.facts.stay?.end.minutesSinceEpoch
      for pair in pairs {
        let dones = visit.column(pair.done)
        let orders = visit.column(pair.ordered)
        for row in 0..<dones.count {
          guard let done = dones.number(row) else { continue }
          if let ordered = orders.number(row), done < ordered {
            log.note(.C10, pair.done, row: row, other: pair.ordered)
          } else if let end, end < done {
            log.note(.C10, pair.done, .warn, row: row, other: left)
          }
        }
      }
    }
  }

  /// C11: NGAY_KQ, if filled, ≥ NGAY_YL of the service and ≥ NGAY_VAO; in XML4 the service is the row with the same MA_DICH_VU.
  static func c11(_ c: Columns) -> Rule? {
    guard let result = c["XML3.NGAY_KQ"], let ordered = c["XML3.NGAY_YL"], let admitted = c["XML1.NGAY_VAO"] else {
      return nil
    }
    let reading = c["XML4.NGAY_KQ"]
    let service = c["XML4.MA_DICH_VU"]
    return Rule(.C11) { visit, log in
      let start = visit.facts.admitted?.minutesSinceEpoch
      let results = visit.column(result)
      let orders = visit.column(ordered)
      for row in 0..<results.count {
        guard let day = results.number(row) else { continue }
        if let order = orders.number(row), day < order {
          log.note(.C11, result, row: row, other: ordered)
        } else if let start, day < start {
          log.note(.C11, result, row: row, other: admitted)
        }
      }
      guard let reading, let service, visit.rows(reading.table) > 0 else { return }
      // the earliest order of each service
      var earliest = [Int64](repeating: .max, count: visit.facts.services.count)
      for row in 0..<orders.count {
        let group = Int(visit.facts.services.groupOf[row])
        if group >= 0, let order = orders.number(row) { earliest[group] = min(earliest[group], order) }
      }
      let readings = visit.column(reading)
      for row in 0..<readings.count {
        guard let day = readings.number(row) else { continue }
        if let group = visit.facts.services.group(of: visit.range(service, row), in: visit.text),
          earliest[group] != .max, day < earliest[group]
        {
          log.note(.C11, reading, row: row, other: ordered)
        } else if let start, day < start {
          log.note(.C11, reading, row: row, other: admitted)
        }
      }
    }
  }

  /// C12: NGAY_KQ ≤ NGAY_RA, or late by at most 60 days (30 before 4750).
  static func c12(_ c: Columns) -> Rule? {
    let fields = ["XML3.NGAY_KQ", "XML4.NGAY_KQ"].compactMap { c[$0] }
    guard !fields.isEmpty, let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(.C12) { visit, log in
      guard let end = visit.facts.stay?.end.day else { return }
      let most = Switches.lateResultDays(visit.facts.care)
      let last = (Int64(end.daysSinceEpoch) + Int64(most) + 1) * 1440
      for field in fields {
        let results = visit.column(field)
        for row in 0..<results.count {
          if let result = results.number(row), result >= last {
            log.note(.C12, field, row: row, limit: most, other: left)
          }
        }
      }
    }
  }

  /// C13: NGAY_VAO ≤ THOI_DIEM_DBLS ≤ NGAY_RA.
  static func c13(_ c: Columns) -> Rule? {
    within(.C13, ["XML5.THOI_DIEM_DBLS"], c)
  }

  /// C14: NGAY_TAI_KHAM parts are ≥ day(NGAY_RA) for MA_LOAI_KCB 01, 03, 04, 06, 09.
  static func c14(_ c: Columns) -> Rule? {
    guard let again = c["XML1.NGAY_TAI_KHAM"], let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(.C14) { visit, log in
      switch visit.facts.form {
      case 1, 3, 4, 6, 9: break
      default: return
      }
      guard !visit.isBlank(again), let end = visit.facts.left?.day else { return }
      for part in visit.parts(again) {
        guard let day = CivilDate(compact: visit.text.span.extracting(part)), day < end else { continue }
        log.note(.C14, again, row: 0, other: left)
      }
    }
  }

  /// C15: SO_NGAY_DTRI by MA_LOAI_KCB: 01, 07, 09 → 0; 02, 03, 04, 06 → days from NGAY_VAO to NGAY_RA, both counted; 05, 08 → at least 1.
  static func c15(_ c: Columns) -> Rule? {
    guard let days = c["XML1.SO_NGAY_DTRI"], !c.isPredecessor else { return nil }
    return Rule(.C15) { visit, log in
      guard let stated = visit.number(days) else { return }
      switch visit.facts.form {
      case 1, 7, 9:
        if stated != 0 { log.note(.C15, days, row: 0, found: Int(clamping: stated), limit: 0) }
      case 2, 3, 4, 6:
        guard let stay = visit.facts.stay else { return }
        let expected = Int64(stay.end.day.daysSinceEpoch - stay.start.day.daysSinceEpoch) + 1
        if stated != expected {
          log.note(.C15, days, row: 0, found: Int(clamping: stated), limit: Int(clamping: expected))
        }
      case 5, 8:
        if stated < 1 { log.note(.C15, days, row: 0, found: Int(clamping: stated), limit: 1) }
      default: return
      }
    }
  }

  /// A date and time of every row lies between NGAY_VAO and NGAY_RA.
  private static func within(_ code: FindingCode, _ paths: [String], _ c: Columns) -> Rule? {
    let fields = paths.compactMap { c[$0] }
    guard !fields.isEmpty, let admitted = c["XML1.NGAY_VAO"], let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(code) { visit, log in
      guard let stay = visit.facts.stay else { return }
      let start = stay.start.minutesSinceEpoch
      let end = stay.end.minutesSinceEpoch
      for field in fields {
        let values = visit.column(field)
        for row in 0..<values.count {
          guard let value = values.number(row) else { continue }
          if value < start {
            log.note(code, field, row: row, other: admitted)
          } else if value > end {
            log.note(code, field, row: row, other: left)
          }
        }
      }
    }
  }
}

/// The forms of care (MA_LOAI_KCB) as rules group them.
enum Form {
  /// Inpatient, day treatment, inpatient under four hours.
  static func isInpatient(_ form: Int) -> Bool { form == 3 || form == 4 || form == 9 }

  /// NGAY_RA is the last day of a drug course.
  static func isDrugCourse(_ form: Int) -> Bool { form == 2 || form == 5 || form == 7 }

  /// Forms with bed days: 03, 04, 06, and 02 as a stay or outpatient bed.
  static func allowsBed(_ form: Int, group: UInt8) -> Bool {
    switch form {
    case 3, 4, 6: true
    case 2: group == 14 || group == 16
    default: false
    }
  }
}

/// The groups of cost (MA_NHOM) as rules group them.
enum Group {
  /// Laboratory, imaging, function test.
  @inline(__always)
  static func isTest(_ group: UInt8) -> Bool { group >= 1 && group <= 3 }

  @inline(__always)
  static func isSupply(_ group: UInt8) -> Bool { group == 10 || group == 11 }

  @inline(__always)
  static func isBed(_ group: UInt8) -> Bool { group >= 14 && group <= 16 }

  /// Surgery, minor procedure.
  @inline(__always)
  static func isOperation(_ group: UInt8) -> Bool { group == 8 || group == 18 }
}
