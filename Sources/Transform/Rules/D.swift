internal import Bytes
internal import Findings
internal import Records

// Presence of tables (list of rules, section D); rules about rows stand in DRows.swift. QĐ 4210 knows none of them but STT.
extension RuleBook {
  static func letterD(_ c: Columns) -> [Rule] {
    [
      d01(c), d02(c), d03(c), d04(c), d05(c), d06(c), d07(c), d08(c), d09(c), d10(c), d11(c), d12(c), d13(c), d14(c),
      d15(c), d16(c), d17(c), d18(c), d19(c), d20(c), d21(c), d22(c), d23(c), d24(c), d25(c),
    ].compactMap { $0 }
  }

  /// D01: a visit with T_TONGCHI_BV > 0 has at least one XML2 or XML3 row.
  static func d01(_ c: Columns) -> Rule? {
    guard let total = c["XML1.T_TONGCHI_BV"], let drugs = c.table("XML2"), let services = c.table("XML3") else {
      return nil
    }
    return Rule(.D01) { visit, log in
      guard let stated = visit.number(total), stated > 0, visit.rows(drugs) == 0, visit.rows(services) == 0 else {
        return
      }
      log.note(.D01, total, row: 0)
    }
  }

  /// D02: with rows of MA_NHOM 1, 2 or 3 in XML3 XML4 has rows, unless every result is pending; XML4 without such a row: warn.
  static func d02(_ c: Columns) -> Rule? {
    guard let readings = c.table("XML4"), let result = c["XML3.NGAY_KQ"], !c.isPredecessor else { return nil }
    return Rule(.D02) { visit, log in
      let hasReadings = visit.rows(readings) > 0
      let results = visit.column(result)
      var hasTest = false
      for (row, group) in visit.facts.serviceGroups.enumerated() where Group.isTest(group) {
        if hasReadings { return }
        hasTest = hasTest || !results.isBlank(row)
      }
      if hasTest || hasReadings {
        log.note(Finding(.D02, hasTest ? .reject : .warn, table: readings))
      }
    }
  }

  /// D03: every XML4.MA_DICH_VU occurs as XML3.MA_DICH_VU of the visit; a blank one is not compared.
  static func d03(_ c: Columns) -> Rule? {
    guard let reading = c["XML4.MA_DICH_VU"], let service = c["XML3.MA_DICH_VU"], !c.isPredecessor else { return nil }
    return Rule(.D03) { visit, log in
      // without any service D02 has said it
      guard visit.rows(service.table) > 0 else { return }
      for row in 0..<visit.rows(reading.table) where !visit.isBlank(reading, row) {
        if visit.facts.services.group(of: visit.range(reading, row), in: visit.text) == nil {
          log.note(.D03, reading, row: row, other: service)
        }
      }
    }
  }

  /// D04: XML5 has rows for MA_LOAI_KCB 02, 03, 04, 05, 06, 08, 09.
  static func d04(_ c: Columns) -> Rule? {
    guard let notes = c.table("XML5"), !c.isPredecessor else { return nil }
    return Rule(.D04) { visit, log in
      switch visit.facts.form {
      case 2, 3, 4, 5, 6, 8, 9: if visit.rows(notes) == 0 { log.note(Finding(.D04, .reject, table: notes)) }
      default: return
      }
    }
  }

  /// D05: XML7 exists for MA_LOAI_KCB 03, 04, 09 unless MA_LOAI_RV = 3.
  static func d05(_ c: Columns) -> Rule? {
    guard let paper = c.table("XML7"), let leave = c["XML1.MA_LOAI_RV"], !c.isPredecessor else { return nil }
    return Rule(.D05) { visit, log in
      guard Form.isInpatient(visit.facts.form), visit.rows(paper) == 0, visit.codeNumber(leave) != 3 else { return }
      log.note(Finding(.D05, .reject, table: paper))
    }
  }

  /// D06: XML8 exists only for MA_LOAI_KCB 03, 04, 06, and XML8.MA_LOAI_KCB equals XML1.
  static func d06(_ c: Columns) -> Rule? {
    guard let own = c["XML8.MA_LOAI_KCB"], let form = c["XML1.MA_LOAI_KCB"] else { return nil }
    return Rule(.D06) { visit, log in
      guard visit.facts.form > 0 else { return }
      for row in 0..<visit.rows(own.table) {
        switch visit.facts.form {
        case 3, 4, 6:
          guard let number = visit.codeNumber(own, row), number != visit.facts.form else { continue }
          log.note(.D06, own, row: row, other: form)
        default: log.note(.D06, own, row: row, other: form)
        }
      }
    }
  }

  /// D07: XML13 exists if and only if MA_LOAI_RV is 2 or 5; a missing one is only doubtful, and not asked for before 4750.
  static func d07(_ c: Columns) -> Rule? {
    guard let referral = c.table("XML13"), let leave = c["XML1.MA_LOAI_RV"] else { return nil }
    return Rule(.D07) { visit, log in
      guard visit.facts.hasSummary, !visit.isBlank(leave) else { return }
      let number = visit.codeNumber(leave)
      let isReferred = number == 2 || number == 5
      let isThere = visit.rows(referral) > 0
      if isThere && !isReferred {
        log.note(Finding(.D07, .reject, table: referral))
      } else if !isThere && isReferred && !Switches.isBefore4750(visit.facts.care, visit.dossier.edition) {
        log.note(Finding(.D07, .warn, table: referral))
      }
    }
  }

  /// D08: XML14 exists only when a re-examination is booked; then NGAY_TAI_KHAM contains day(NGAY_HEN_KL).
  static func d08(_ c: Columns) -> Rule? {
    guard let appointment = c["XML14.NGAY_HEN_KL"], let again = c["XML1.NGAY_TAI_KHAM"] else { return nil }
    return Rule(.D08) { visit, log in
      guard visit.facts.hasSummary else { return }
      for row in 0..<visit.rows(appointment.table) {
        guard let day = visit.minute(appointment, row)?.day else { continue }
        let isBooked = visit.parts(again).contains { CivilDate(compact: visit.text.span.extracting($0)) == day }
        if !isBooked { log.note(.D08, appointment, row: row, other: again) }
      }
    }
  }

  /// D09: with CAN_NANG_CON filled XML9 has as many rows as it has parts.
  static func d09(_ c: Columns) -> Rule? {
    guard let births = c.table("XML9"), let weights = c["XML1.CAN_NANG_CON"] else { return nil }
    return Rule(.D09) { visit, log in
      guard !visit.isBlank(weights) else { return }
      let children = visit.parts(weights).count
      let rows = visit.rows(births)
      if rows != children { log.note(Finding(.D09, .reject, table: births, found: rows, limit: children)) }
    }
  }

  /// D10: XML15 for tuberculosis codes (A15–A19; not before 4750, which brought it), XML6 for HIV codes (B20–B24, Z21).
  static func d10(_ c: Columns) -> Rule? {
    guard let main = c["XML1.MA_BENH_CHINH"], let others = c["XML1.MA_BENH_KT"], let tuberculosis = c.table("XML15"),
      let hiv = c.table("XML6")
    else { return nil }
    return Rule(.D10) { visit, log in
      guard visit.facts.hasSummary else { return }
      let asksTuberculosis =
        visit.rows(tuberculosis) == 0 && !Switches.isBefore4750(visit.facts.care, visit.dossier.edition)
      if asksTuberculosis, let field = visit.diagnosis([main, others], where: Disease.isTuberculosis) {
        log.note(.D10, field, row: 0)
      }
      if visit.rows(hiv) == 0, let field = visit.diagnosis([main, others], where: Disease.isHIV) {
        log.note(.D10, field, row: 0)
      }
    }
  }

  /// D11: STT is a positive integer, unique inside its table and visit; gaps: warn. Order carries no meaning.
  static func d11(_ c: Columns) -> Rule? {
    let fields = ["XML2.STT", "XML3.STT", "XML4.STT", "XML5.STT", "XML15.STT"].compactMap { c[$0] }
    guard !fields.isEmpty else { return nil }
    return Rule(.D11) { visit, log in
      for field in fields {
        let rows = visit.rows(field.table)
        guard rows > 0 else { continue }
        let numbers = visit.column(field)
        // as most software writes it: 1, 2, 3 …
        var inOrder = 0
        while inOrder < rows, numbers[inOrder] == Int64(inOrder + 1) { inOrder += 1 }
        if inOrder == rows { continue }
        var seen = [Bool](repeating: false, count: rows + 1)
        var beyond: Set<Int64> = []
        var largest: Int64 = 0
        var filled = 0
        for row in 0..<rows {
          guard let number = numbers.number(row) else { continue }
          filled += 1
          largest = max(largest, number)
          var isRepeat = false
          if number >= 1 && number <= Int64(rows) {
            isRepeat = seen[Int(number)]
            seen[Int(number)] = true
          } else if number > 0 {
            isRepeat = !beyond.insert(number).inserted
          }
          if number < 1 || isRepeat { log.note(.D11, field, row: row) }
        }
        // numbers that go beyond the count of rows leave gaps; a repeat has been said already
        if filled == rows && largest > Int64(rows) {
          log.note(.D11, field, .warn, row: rows - 1, found: Int(clamping: largest), limit: rows)
        }
      }
    }
  }
}

/// ICD-10 categories as rules group them: a letter and a number of two digits.
enum Disease {
  /// `K29.7` → (K, 29); nil for anything that does not begin like that.
  static func category(_ text: Span<UInt8>) -> (letter: UInt8, number: UInt8)? {
    guard text.count >= 3, Shape.isCapital(text[0]), Shape.isDigit(text[1]), Shape.isDigit(text[2]) else { return nil }
    return (text[0], (text[1] - 0x30) * 10 + text[2] - 0x30)
  }

  static func isTuberculosis(_ letter: UInt8, _ number: UInt8) -> Bool {
    letter == UInt8(ascii: "A") && number >= 15 && number <= 19
  }

  static func isHIV(_ letter: UInt8, _ number: UInt8) -> Bool {
    letter == UInt8(ascii: "B") && number >= 20 && number <= 24 || letter == UInt8(ascii: "Z") && number == 21
  }

  /// Pregnancy, birth and what follows them.
  static func isOfWomen(_ letter: UInt8, _ number: UInt8) -> Bool {
    letter == UInt8(ascii: "O") || letter == UInt8(ascii: "Z") && number >= 33 && number <= 37
  }

  /// The prostate.
  static func isOfMen(_ letter: UInt8, _ number: UInt8) -> Bool {
    letter == UInt8(ascii: "N") && number >= 40 && number <= 42 || letter == UInt8(ascii: "C") && number == 61
  }
}

extension Visit {
  /// The first of the fields of row 0 that holds a disease of a kind; nil when none does.
  borrowing func diagnosis(_ fields: [Field], where isOfKind: (UInt8, UInt8) -> Bool) -> Field? {
    for field in fields {
      let span = text.span.extracting(range(field))
      var parts = ListParts(separator: UInt8(ascii: ";"))
      while let part = parts.next(in: span) {
        if let (letter, number) = Disease.category(span.extracting(part)), isOfKind(letter, number) { return field }
      }
    }
    return nil
  }
}
