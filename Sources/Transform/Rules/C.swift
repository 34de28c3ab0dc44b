internal import Bytes
internal import Findings
internal import Records

// Dates inside a visit (list of rules, section C).
extension RuleBook {
  static func letterC(_ c: Columns) -> [Rule] {
    [c01(c), c02(c), c03(c), c04(c)].compactMap { $0 }
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
      guard let moment = visit.minute(inpatient) else { return }
      if let start = visit.minute(admitted), moment < start {
        log.note(.C02, inpatient, .error, row: 0, other: admitted)
      } else if let end = visit.minute(left), end < moment {
        log.note(.C02, inpatient, .error, row: 0, other: left)
      }
    }
  }

  /// C03: NGAY_TTOAN, if filled, ≥ NGAY_VAO; for inpatients usually ≥ day(NGAY_RA) (earlier: warn).
  static func c03(_ c: Columns) -> Rule? {
    guard let admitted = c["XML1.NGAY_VAO"], let left = c["XML1.NGAY_RA"], let paid = c["XML1.NGAY_TTOAN"],
      let form = c["XML1.MA_LOAI_KCB"]
    else { return nil }
    return Rule(.C03) { visit, log in
      guard let moment = visit.minute(paid) else { return }
      if let start = visit.minute(admitted), moment < start {
        log.note(.C03, paid, .error, row: 0, other: admitted)
      } else if let end = visit.minute(left), moment.day < end.day, let number = visit.codeNumber(form),
        [3, 4, 9].contains(number)
      {
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
        log.note(.C04, born, .error, row: 0, other: admitted)
      }
    }
  }
}
