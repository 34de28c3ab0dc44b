internal import Bytes
internal import Findings
internal import Records

// The papers of a visit: discharge paper, summary, birth and leave certificates (list of rules, section G, XML7–XML11).
extension RuleBook {
  /// G02: NGAY_VAO and NGAY_RA of XML7 and XML8 equal XML1; KET_QUA_DTRI of XML8 equals XML1.
  static func g02(_ c: Columns) -> Rule? {
    let pairs = [
      ("XML7.NGAY_VAO", "XML1.NGAY_VAO"), ("XML7.NGAY_RA", "XML1.NGAY_RA"), ("XML8.NGAY_VAO", "XML1.NGAY_VAO"),
      ("XML8.NGAY_RA", "XML1.NGAY_RA"),
    ].compactMap { copy, original in c[copy].flatMap { copy in c[original].map { (copy: copy, original: $0) } } }
    guard !pairs.isEmpty, let result = c["XML8.KET_QUA_DTRI"], let own = c["XML1.KET_QUA_DTRI"] else { return nil }
    return Rule(.G02) { visit, log in
      for (copy, original) in pairs {
        guard let expected = visit.number(original) else { continue }
        for row in 0..<visit.rows(copy.table) {
          if let stated = visit.number(copy, row), stated != expected {
            log.note(.G02, copy, row: row, other: original)
          }
        }
      }
      guard !visit.isBlank(own) else { return }
      for row in 0..<visit.rows(result.table) where !visit.isBlank(result, row) && !visit.same(result, row, own, 0) {
        log.note(.G02, result, row: row, other: own)
      }
    }
  }

  /// G03: MA_YTE equals XML1.MA_BN; MA_KHOA_RV is one of XML1.MA_KHOA.
  static func g03(_ c: Columns) -> Rule? {
    guard let number = c["XML7.MA_YTE"], let patient = c["XML1.MA_BN"], let department = c["XML7.MA_KHOA_RV"],
      let departments = c["XML1.MA_KHOA"]
    else { return nil }
    return Rule(.G03) { visit, log in
      guard visit.facts.hasSummary else { return }
      for row in 0..<visit.rows(number.table) {
        if !visit.isBlank(number, row), !visit.isBlank(patient), !visit.same(number, row, patient, 0) {
          log.note(.G03, number, row: row, other: patient)
        }
        let last = visit.range(department, row)
        if !last.isEmpty, !visit.isBlank(departments),
          !visit.parts(departments).contains(where: { visit.isEqual($0, last) })
        {
          log.note(.G03, department, row: row, other: departments)
        }
      }
    }
  }

  /// G04: day(NGAY_CT) of XML7 = day(NGAY_RA).
  static func g04(_ c: Columns) -> Rule? {
    guard let issued = c["XML7.NGAY_CT"], let left = c["XML1.NGAY_RA"] else { return nil }
    return Rule(.G04) { visit, log in
      guard let end = visit.facts.left?.day else { return }
      for row in 0..<visit.rows(issued.table) {
        guard let day = visit.day(issued, row), day != end else { continue }
        let apart = (day.daysSinceEpoch - end.daysSinceEpoch).magnitude
        log.note(.G04, issued, row: row, found: Int(apart), other: left)
      }
    }
  }

  /// G05: with MA_DINH_CHI_THAI = 1 THOIGIAN_DINHCHI lies within the stay; what must be filled B02 asks for.
  static func g05(_ c: Columns) -> Rule? {
    guard let kind = c["XML7.MA_DINH_CHI_THAI"], let moment = c["XML7.THOIGIAN_DINHCHI"], let left = c["XML1.NGAY_RA"],
      let admitted = c["XML1.NGAY_VAO"]
    else { return nil }
    return Rule(.G05) { visit, log in
      guard let stay = visit.facts.stay else { return }
      for row in 0..<visit.rows(kind.table) where visit.equals(kind, row, "1") {
        guard let time = visit.minute(moment, row) else { continue }
        if time < stay.start {
          log.note(.G05, moment, row: row, other: admitted)
        } else if stay.end < time {
          log.note(.G05, moment, row: row, other: left)
        }
      }
    }
  }

  /// G06: SO_NGAY_NGHI, NGOAITRU_TUNGAY, NGOAITRU_DENNGAY: all or none; last ≥ first; number of days agrees (off by one: warn).
  static func g06(_ c: Columns) -> Rule? {
    guard let days = c["XML7.SO_NGAY_NGHI"], let from = c["XML7.NGOAITRU_TUNGAY"], let to = c["XML7.NGOAITRU_DENNGAY"]
    else { return nil }
    return Rule(.G06) { visit, log in
      for row in 0..<visit.rows(days.table) {
        let blanks = [days, from, to].filter { visit.isBlank($0, row) }
        if blanks.count == 3 { continue }
        if let blank = blanks.first {
          log.note(.G06, blank, row: row)
          continue
        }
        guard let start = visit.number(from, row), let end = visit.number(to, row) else { continue }
        if end < start {
          log.note(.G06, to, row: row, other: from)
        } else if let stated = visit.number(days, row), stated != end - start + 1 {
          let isOffByOne = (stated - (end - start + 1)).magnitude == 1
          log.note(
            .G06, days, isOffByOne ? .warn : .reject, row: row, found: Int(clamping: stated),
            limit: Int(clamping: end - start + 1), other: from)
        }
      }
    }
  }

  /// G07: the discharge paper of a patient under 16 names at least one parent.
  static func g07(_ c: Columns) -> Rule? { parents(.G07, "XML7", under: 16, c) }

  /// G17: the sick-leave certificate of a patient under 7 names at least one parent.
  static func g17(_ c: Columns) -> Rule? { parents(.G17, "XML11", under: 7, c) }

  private static func parents(_ code: FindingCode, _ table: String, under years: Int32, _ c: Columns) -> Rule? {
    guard let father = c["\(table).HO_TEN_CHA"], let mother = c["\(table).HO_TEN_ME"], let born = c["XML1.NGAY_SINH"]
    else { return nil }
    return Rule(code) { visit, log in
      guard visit.rows(father.table) > 0, let birth = visit.birth(born), let day = visit.facts.admitted?.day,
        birth.day <= day, Age.years(birth.day, on: day) < years
      else { return }
      for row in 0..<visit.rows(father.table) where visit.isBlank(father, row) && visit.isBlank(mother, row) {
        log.note(code, father, row: row, limit: Int(years), other: mother)
      }
    }
  }

  /// G08: NGAY_SINHCON, NGAY_CONCHET, SO_CONCHET all or none; NGAY_SINHCON ≤ NGAY_CONCHET.
  static func g08(_ c: Columns) -> Rule? {
    guard let born = c["XML8.NGAY_SINHCON"], let died = c["XML8.NGAY_CONCHET"], let count = c["XML8.SO_CONCHET"] else {
      return nil
    }
    return Rule(.G08) { visit, log in
      for row in 0..<visit.rows(born.table) {
        let blanks = [born, died, count].filter { visit.isBlank($0, row) }
        if blanks.count == 3 { continue }
        if let blank = blanks.first {
          log.note(.G08, blank, row: row)
        } else if let first = visit.number(born, row), let last = visit.number(died, row), last < first {
          log.note(.G08, died, row: row, other: born)
        }
      }
    }
  }

  /// G09: NGAYCAP_CCCD_NND is not in the future, NGAYSINH_NND before the birth of the child; what must be filled B01 asks for.
  static func g09(_ c: Columns) -> Rule? {
    guard let issued = c["XML9.NGAYCAP_CCCD_NND"], let born = c["XML9.NGAYSINH_NND"],
      let child = c["XML9.NGAY_SINH_CON"]
    else { return nil }
    return Rule(.G09) { visit, log in
      for row in 0..<visit.rows(issued.table) {
        if let day = visit.day(issued, row), visit.receivedAt.day < day { log.note(.G09, issued, row: row) }
        if let mother = visit.day(born, row), let birth = visit.minute(child, row)?.day, birth <= mother {
          log.note(.G09, born, row: row, other: child)
        }
      }
    }
  }

  /// G10: NGAY_SINH_CON within the mother's stay (else warn); SO_CON ≥ 1; SO_CON_SONG ≥ 0; LAN_SINH ≥ 1.
  static func g10(_ c: Columns) -> Rule? {
    guard let child = c["XML9.NGAY_SINH_CON"], let children = c["XML9.SO_CON"], let births = c["XML9.LAN_SINH"],
      let admitted = c["XML1.NGAY_VAO"]
    else { return nil }
    return Rule(.G10) { visit, log in
      for row in 0..<visit.rows(child.table) {
        if let moment = visit.minute(child, row), let stay = visit.facts.stay, moment < stay.start || stay.end < moment
        {
          log.note(.G10, child, .warn, row: row, other: admitted)
        }
        // SO_CON_SONG is digits only (B04), so never below 0
        for field in [children, births] {
          if let number = visit.number(field, row), number < 1 { log.note(.G10, field, row: row, limit: 1) }
        }
      }
    }
  }

  /// G11: SINHCON_PHAUTHUAT = 1 or SINHCON_DUOI32TUAN = 1: GHI_CHU says so.
  static func g11(_ c: Columns) -> Rule? {
    guard let surgery = c["XML9.SINHCON_PHAUTHUAT"], let early = c["XML9.SINHCON_DUOI32TUAN"],
      let note = c["XML9.GHI_CHU"]
    else { return nil }
    return Rule(.G11) { visit, log in
      for row in 0..<visit.rows(note.table) {
        if visit.equals(surgery, row, "1"), !visit.says(["hẫu thuật", "HẪU THUẬT", "mổ", "Mổ", "MỔ"], note, row) {
          log.note(.G11, surgery, row: row, other: note)
        }
        if visit.equals(early, row, "1"), !visit.says(["32"], note, row) {
          log.note(.G11, early, row: row, other: note)
        }
      }
    }
  }

  /// G12: TU_NGAY ≤ DEN_NGAY; SO_NGAY = DEN_NGAY − TU_NGAY or that + 1 (else warn); SO_NGAY ≤ 180.
  static func g12(_ c: Columns) -> Rule? {
    guard let days = c["XML10.SO_NGAY"], let from = c["XML10.TU_NGAY"], let to = c["XML10.DEN_NGAY"] else { return nil }
    return Rule(.G12) { visit, log in
      for row in 0..<visit.rows(days.table) {
        let stated = visit.number(days, row)
        let found = stated.map { Int(clamping: $0) }
        let start = visit.number(from, row)
        let end = visit.number(to, row)
        if let start, let end, end < start {
          log.note(.G12, to, row: row, found: found, limit: 180, other: from)
        } else if let stated, stated > 180 {
          log.note(.G12, days, row: row, found: found, limit: 180)
        } else if let stated, let start, let end, stated != end - start, stated != end - start + 1 {
          log.note(.G12, days, .warn, row: row, found: found, limit: 180, other: from)
        }
      }
    }
  }

  /// G13: TU_NGAY = day(NGAY_VAO); since 3176 CHAN_DOAN_RV states the rest for the pregnancy.
  static func g13(_ c: Columns) -> Rule? {
    guard let from = c["XML10.TU_NGAY"], let diagnosis = c["XML10.CHAN_DOAN_RV"], let admitted = c["XML1.NGAY_VAO"]
    else {
      return nil
    }
    return Rule(.G13) { visit, log in
      for row in 0..<visit.rows(from.table) {
        if let start = visit.day(from, row), let day = visit.facts.admitted?.day, start != day {
          log.note(.G13, from, row: row, other: admitted)
        }
        if Switches.isFrom3176(visit.facts.care), !visit.isBlank(diagnosis, row),
          !visit.says(["ưỡng thai", "ƯỠNG THAI"], diagnosis, row)
        {
          log.note(.G13, diagnosis, row: row)
        }
      }
    }
  }

  /// G14: TU_NGAY ≤ DEN_NGAY, TU_NGAY ≤ day(NGAY_RA), DEN_NGAY ≥ day(NGAY_VAO).
  static func g14(_ c: Columns) -> Rule? {
    guard let from = c["XML11.TU_NGAY"], let to = c["XML11.DEN_NGAY"], let left = c["XML1.NGAY_RA"],
      let admitted = c["XML1.NGAY_VAO"]
    else { return nil }
    return Rule(.G14) { visit, log in
      for row in 0..<visit.rows(from.table) {
        let start = visit.day(from, row)
        let end = visit.day(to, row)
        if let start, let end, end < start {
          log.note(.G14, to, row: row, other: from)
          continue
        }
        if let start, let day = visit.facts.left?.day, day < start { log.note(.G14, from, row: row, other: left) }
        if let end, let day = visit.facts.admitted?.day, end < day { log.note(.G14, to, row: row, other: admitted) }
      }
    }
  }

  /// G15: SO_NGAY_NGHI ≥ 1 and ≤ 30; ≤ 180 for tuberculosis; ≤ 50 after miscarriage or termination from week 13.
  static func g15(_ c: Columns) -> Rule? {
    guard let days = c["XML11.SO_NGAY_NGHI"], let end = c["XML11.MA_DINH_CHI_THAI"], let weeks = c["XML11.TUOI_THAI"],
      let main = c["XML1.MA_BENH_CHINH"], let others = c["XML1.MA_BENH_KT"]
    else { return nil }
    return Rule(.G15) { visit, log in
      for row in 0..<visit.rows(days.table) {
        guard let stated = visit.number(days, row), stated < 1 || stated > 30 else { continue }
        var most: Int64 = 30
        if visit.diagnosis([main, others], where: Disease.isTuberculosis) != nil {
          most = 180
        } else if visit.equals(end, row, "1"), let week = visit.number(weeks, row), week >= 13 {
          most = 50
        }
        if stated < 1 || stated > most {
          log.note(.G15, days, row: row, found: Int(clamping: stated), limit: Int(most))
        }
      }
    }
  }
}

/// Ages in whole years.
enum Age {
  static func years(_ born: CivilDate, on day: CivilDate) -> Int32 {
    let (birthYear, birthMonth, birthDay) = born.components
    let (year, month, dayOfMonth) = day.components
    let hadBirthday = (month, dayOfMonth) >= (birthMonth, birthDay)
    return year - birthYear - (hadBirthday ? 0 : 1)
  }
}

extension Visit {
  /// Whether one of the words stands in a text, in NFC.
  borrowing func says(_ words: [String], _ field: Field, _ row: Int) -> Bool {
    let span = text.span.extracting(range(field, row))
    let bytes = Text.isSurelyComposed(span) ? Array(text[range(field, row)]) : Text.composed(span)
    for word in words {
      let letters = Array(word.utf8)
      guard letters.count <= bytes.count else { continue }
      for start in 0...bytes.count - letters.count where bytes[start..<start + letters.count].elementsEqual(letters) {
        return true
      }
    }
    return false
  }
}
