internal import Bytes
internal import Findings
internal import Records

// Cross-checks between tables (list of rules, section G); those of the certificates XML7–XML11 stand in GPapers.swift. G16 is a list that the field
// check reads, G25 and G27 need the warehouse.
extension RuleBook {
  static func letterG(_ c: Columns) -> [Rule] {
    guard !c.isPredecessor else { return [] }
    return [
      g01(c), g02(c), g03(c), g04(c), g05(c), g06(c), g07(c), g08(c), g09(c), g10(c), g11(c), g12(c), g13(c), g14(c),
      g15(c), g17(c), g18(c), g19(c), g20(c), g21(c), g22(c), g23(c), g24(c), g26(c),
    ].compactMap { $0 }
  }

  /// G01: fields that repeat XML1 (`mustEqual` of the schema) are blank or equal to it.
  static func g01(_ c: Columns) -> Rule? {
    var pairs: [(copy: Field, original: Field, column: SourceColumn)] = []
    for (number, table) in c.schema.tables.enumerated() {
      for (index, column) in table.columns.enumerated() {
        guard let target = column.mustEqual, let original = c["\(target.table).\(target.field)"] else { continue }
        pairs.append((Field(table: number, column: index), original, column))
      }
    }
    guard !pairs.isEmpty else { return nil }
    let compiled = pairs
    return Rule(.G01) { visit, log in
      guard visit.facts.hasSummary else { return }
      for (copy, original, column) in compiled {
        for row in 0..<visit.rows(copy.table) where !visit.isBlank(copy, row) && !visit.same(copy, row, original, 0) {
          if !visit.agrees(copy, row, original, column) { log.note(.G01, copy, row: row, other: original) }
        }
      }
    }
  }

  /// G18: MA_CSKCB_DEN differs from MA_CSKCB and equals XML1.MA_NOI_DEN; MA_LYDO_CT 3 goes with MA_LOAI_RV 5 (else warn).
  static func g18(_ c: Columns) -> Rule? {
    guard let target = c["XML13.MA_CSKCB_DEN"], let own = c["XML1.MA_CSKCB"], let stated = c["XML1.MA_NOI_DEN"],
      let reason = c["XML13.MA_LYDO_CT"], let leave = c["XML1.MA_LOAI_RV"]
    else { return nil }
    return Rule(.G18) { visit, log in
      guard visit.facts.hasSummary else { return }
      for row in 0..<visit.rows(target.table) {
        if !visit.isBlank(target, row) {
          if visit.same(target, row, own, 0) {
            log.note(.G18, target, row: row, other: own)
          } else if !visit.isBlank(stated), !visit.same(target, row, stated, 0) {
            log.note(.G18, target, row: row, other: stated)
          }
        }
        if let why = visit.codeNumber(reason, row), let how = visit.codeNumber(leave), how == 2 || how == 5,
          (why == 3) != (how == 5)
        {
          log.note(.G18, reason, .warn, row: row, other: leave)
        }
      }
    }
  }

  /// G19: day(NGAY_HEN_KL) ≥ day(NGAY_RA), equal: warn; NGAY_CT ≥ day(NGAY_VAO).
  static func g19(_ c: Columns) -> Rule? {
    guard let appointment = c["XML14.NGAY_HEN_KL"], let issued = c["XML14.NGAY_CT"], let left = c["XML1.NGAY_RA"],
      let admitted = c["XML1.NGAY_VAO"]
    else { return nil }
    return Rule(.G19) { visit, log in
      for row in 0..<visit.rows(appointment.table) {
        if let day = visit.minute(appointment, row)?.day, let end = visit.facts.left?.day, day <= end {
          log.note(.G19, appointment, day < end ? .reject : .warn, row: row, other: left)
        }
        if let day = visit.day(issued, row), let start = visit.facts.admitted?.day, day < start {
          log.note(.G19, issued, row: row, other: admitted)
        }
      }
    }
  }

  /// G20: MA_NOI_DI filled: GIAY_CHUYEN_TUYEN filled, except emergencies (MA_DOITUONG_KCB 2) and drug collection (7, 7.x, 10).
  static func g20(_ c: Columns) -> Rule? {
    guard let origin = c["XML1.MA_NOI_DI"], let paper = c["XML1.GIAY_CHUYEN_TUYEN"],
      let category = c["XML1.MA_DOITUONG_KCB"]
    else { return nil }
    return Rule(.G20) { visit, log in
      guard !visit.isBlank(origin), visit.isBlank(paper) else { return }
      if visit.equals(category, 0, "2") || visit.equals(category, 0, "10") || visit.begins(visit.range(category), "7") {
        return
      }
      log.note(.G20, paper, row: 0, other: origin)
    }
  }

  /// G21: MA_DOITUONG_KCB 1.3 needs MA_NOI_DI or GIAY_CHUYEN_TUYEN; 1.1 needs MA_DKBD = MA_CSKCB.
  static func g21(_ c: Columns) -> Rule? {
    guard let category = c["XML1.MA_DOITUONG_KCB"], let origin = c["XML1.MA_NOI_DI"],
      let paper = c["XML1.GIAY_CHUYEN_TUYEN"], let registered = c["XML1.MA_DKBD"], let own = c["XML1.MA_CSKCB"]
    else { return nil }
    return Rule(.G21) { visit, log in
      if visit.equals(category, 0, "1.3") {
        if visit.isBlank(origin) && visit.isBlank(paper) { log.note(.G21, category, row: 0, other: paper) }
      } else if visit.equals(category, 0, "1.1"), !visit.isBlank(registered), !visit.isBlank(own) {
        if !visit.parts(registered).contains(where: { visit.isEqual($0, visit.range(own)) }) {
          log.note(.G21, category, row: 0, other: registered)
        }
      }
    }
  }

  /// G22: MA_KHOA of the XML3 rows is one of XML1.MA_KHOA; tests (MA_NHOM 1, 2, 3) may be done in a service department.
  static func g22(_ c: Columns) -> Rule? {
    guard let department = c["XML3.MA_KHOA"], let stay = c["XML1.MA_KHOA"] else { return nil }
    return Rule(.G22) { visit, log in
      guard !visit.isBlank(stay) else { return }
      let departments = visit.parts(stay)
      for (row, group) in visit.facts.serviceGroups.enumerated() where group > 0 && !Group.isTest(group) {
        let own = visit.range(department, row)
        guard !own.isEmpty else { continue }
        var isKnown = false
        for known in departments where visit.isEqual(own, known) { isKnown = true }
        if !isKnown { log.note(.G22, department, row: row, other: stay) }
      }
    }
  }

  /// G23: SO_NGAY_CAP_THUOC_ARV ≤ NGAY_KET_THUC_XU_TRI − NGAY_BAT_DAU_XU_TRI when MA_XU_TRI has 1; what must be filled B02 asks for.
  static func g23(_ c: Columns) -> Rule? {
    guard let days = c["XML6.SO_NGAY_CAP_THUOC_ARV"], let from = c["XML6.NGAY_BAT_DAU_XU_TRI"],
      let to = c["XML6.NGAY_KET_THUC_XU_TRI"], let action = c["XML6.MA_XU_TRI"]
    else { return nil }
    return Rule(.G23) { visit, log in
      for row in 0..<visit.rows(days.table) {
        guard let stated = visit.number(days, row), let start = visit.number(from, row),
          let end = visit.number(to, row),
          stated > end - start,
          visit.parts(action, row).contains(where: { $0.count == 1 && visit.text[$0.lowerBound] == UInt8(ascii: "1") })
        else { continue }
        log.note(.G23, days, row: row, found: Int(clamping: stated), limit: Int(clamping: end - start), other: to)
      }
    }
  }

  /// G24: NGAYBD_DTRI_LAO ≤ NGAYKT_DTRI_LAO when both are filled.
  static func g24(_ c: Columns) -> Rule? {
    guard let from = c["XML15.NGAYBD_DTRI_LAO"], let to = c["XML15.NGAYKT_DTRI_LAO"] else { return nil }
    return Rule(.G24) { visit, log in
      for row in 0..<visit.rows(from.table) {
        guard let start = visit.number(from, row), let end = visit.number(to, row), end < start else { continue }
        log.note(.G24, to, row: row, found: Int(clamping: start - end), other: from)
      }
    }
  }

  /// G26: after admission (NGAY_VAO_NOI_TRU) exactly one of MA_DICH_VU, MA_THUOC, MA_VAT_TU of XML0 is filled; its name B02 asks for.
  static func g26(_ c: Columns) -> Rule? {
    let codes = ["XML0.MA_DICH_VU", "XML0.MA_THUOC", "XML0.MA_VAT_TU"].compactMap { c[$0] }
    guard codes.count == 3, let inpatient = c["XML0.NGAY_VAO_NOI_TRU"] else { return nil }
    return Rule(.G26) { visit, log in
      for row in 0..<visit.rows(inpatient.table) where !visit.isBlank(inpatient, row) {
        var filled = 0
        for code in codes where !visit.isBlank(code, row) { filled += 1 }
        if filled != 1 { log.note(.G26, codes[0], row: row, found: filled, limit: 1, other: inpatient) }
      }
    }
  }
}

extension Visit {
  /// Whether a copy says the same as its original, however it is written: dates by their value, lists part by part, texts in NFC.
  borrowing func agrees(_ copy: Field, _ row: Int, _ original: Field, _ column: SourceColumn) -> Bool {
    let a = range(copy, row)
    let b = range(original)
    switch column.logical {
    case .date, .datetime, .birthDatetime, .dateOrDatetime, .integer, .decimal:
      // what cannot be read has been reported
      guard let first = number(copy, row), let second = number(original) else { return !isBlank(original) }
      return first == second
    case .codeList, .stringList, .dateList, .decimalList:
      let first = parts(copy, row)
      let second = parts(original)
      guard first.count == second.count else { return false }
      for (x, y) in zip(first, second) where !isEqual(x, y) { return false }
      return true
    default:
      if Text.isSurelyComposed(text.span.extracting(a)) && Text.isSurelyComposed(text.span.extracting(b)) {
        return false
      }
      return Text.composed(text.span.extracting(a)) == Text.composed(text.span.extracting(b))
    }
  }
}
