internal import Bytes
internal import Findings
internal import Records

// Single fields that need more than a declared constraint (list of rules, section B, to B17; the rest stands in BMore.swift).
extension RuleBook {
  static func letterB(_ c: Columns) -> [Rule] {
    [
      b07(c), b08(c), b10(c), b11(c), b12(c), b13(c), b16(c), b17(c), b18(c), b19(c), b20(c), b21(c), b24(c), b25(c),
      b27(c), b28(c), b29(c), b31(c), b32(c), b33(c),
    ].compactMap { $0 }
  }

  /// B07, second half: the year of birth is not after the year of the visit.
  static func b07(_ c: Columns) -> Rule? {
    let pairs = [("XML1.NGAY_SINH", "XML1.NGAY_VAO"), ("XML0.NGAY_SINH", "XML0.NGAY_VAO")].compactMap {
      birth, admitted in
      c[birth].flatMap { birth in c[admitted].map { (birth, $0) } }
    }
    guard !pairs.isEmpty else { return nil }
    return Rule(.B07) { visit, log in
      for (birthField, admittedField) in pairs {
        for row in 0..<visit.rows(birthField.table) {
          guard let birth = visit.birth(birthField, row), let admitted = visit.minute(admittedField, row) else {
            continue
          }
          if birth.day.components.year > admitted.day.components.year {
            log.note(.B07, birthField, row: row, other: admittedField)
          }
        }
      }
    }
  }

  /// B08: a child of 28 days or less has real day and month (and time when known).
  static func b08(_ c: Columns) -> Rule? {
    guard let birthField = c["XML1.NGAY_SINH"], let admittedField = c["XML1.NGAY_VAO"] else { return nil }
    return Rule(.B08) { visit, log in
      guard let birth = visit.birth(birthField), let admitted = visit.minute(admittedField), birth.precision == .year
      else {
        return
      }
      // only the year is known: in the year of the visit a newborn is possible on any day
      if birth.day.components.year == admitted.day.components.year {
        log.note(.B08, birthField, .warn, row: 0, limit: 28)
      }
    }
  }

  /// B10: an identity number is 12 digits, or 9 (old card), or a passport: a capital letter and 7 digits (8 digits tolerated). Others: warn.
  static func b10(_ c: Columns) -> Rule? {
    let fields = ["XML0.SO_CCCD", "XML1.SO_CCCD", "XML6.SO_CCCD", "XML9.SO_CCCD_NND", "XML12.SO_CCCD", "XML15.SO_CCCD"]
      .compactMap { c[$0] }
    guard !fields.isEmpty else { return nil }
    return Rule(.B10) { visit, log in
      for field in fields {
        for row in 0..<visit.rows(field.table) where !visit.isBlank(field, row) {
          // several numbers may be joined since 3176 (XML1: unbounded)
          for part in visit.parts(field, row) {
            let text = visit.text.span.extracting(part)
            switch Shape.identity(text) {
            case .plain: continue
            case .other: log.note(.B10, field, .warn, row: row, found: text.count)
            case .wrong: log.note(.B10, field, row: row, found: text.count, limit: 12)
            }
          }
        }
      }
    }
  }

  /// B11: each card is 2 letters and 13 digits; a ten-digit social-insurance number instead is only doubtful.
  static func b11(_ c: Columns) -> Rule? {
    guard let field = c["XML1.MA_THE_BHYT"] else { return nil }
    return Rule(.B11) { visit, log in
      for part in visit.parts(field) {
        let text = visit.text.span.extracting(part)
        if Shape.isCard(text) { continue }
        let isSocialNumber = text.count == 10 && Shape.digits(text, from: 0)
        log.note(.B11, field, isSocialNumber ? .warn : .reject, row: 0, found: text.count, limit: 15)
      }
    }
  }

  /// B12: card, facility of registration and both dates have the same number of parts, or all are blank.
  static func b12(_ c: Columns) -> Rule? {
    let groups = [
      ["XML1.MA_THE_BHYT", "XML1.MA_DKBD", "XML1.GT_THE_TU", "XML1.GT_THE_DEN"],
      ["XML13.MA_THE_BHYT", "XML13.GT_THE_DEN"], ["XML14.MA_THE_BHYT", "XML14.GT_THE_DEN"],
    ].map { $0.compactMap { c[$0] } }.filter { $0.count > 1 }
    guard !groups.isEmpty else { return nil }
    return Rule(.B12) { visit, log in
      for fields in groups {
        for row in 0..<visit.rows(fields[0].table) {
          let cards = visit.parts(fields[0], row).count
          for field in fields.dropFirst() {
            let count = visit.parts(field, row).count
            // a blank one is rule B02's matter
            if count != cards && (count > 0 || cards == 0) {
              log.note(.B12, field, row: row, found: count, limit: cards, other: fields[0])
            }
          }
        }
      }
    }
  }

  /// B13: for each card GT_THE_TU ≤ GT_THE_DEN.
  static func b13(_ c: Columns) -> Rule? {
    guard let from = c["XML1.GT_THE_TU"], let to = c["XML1.GT_THE_DEN"] else { return nil }
    return Rule(.B13) { visit, log in
      let starts = visit.parts(from)
      let ends = visit.parts(to)
      for (number, (start, end)) in zip(starts, ends).enumerated() {
        guard let first = CivilDate(compact: visit.text.span.extracting(start)),
          let last = CivilDate(compact: visit.text.span.extracting(end))
        else { continue }
        if last < first { log.note(.B13, to, row: 0, found: number + 1, other: from) }
      }
    }
  }

  /// B16: the main disease is one ICD-10 code: a letter and two digits, optionally a dot and one or two more, at most 7 characters.
  static func b16(_ c: Columns) -> Rule? {
    let fields = ["XML1.MA_BENH_CHINH", "XML13.MA_BENH_CHINH", "XML14.MA_BENH_CHINH"].compactMap { c[$0] }
    guard !fields.isEmpty else { return nil }
    let catalogue = c.codes.catalogues["icd10"]
    let traditional = c.codes.catalogues["traditional_disease"]
    return Rule(.B16) { visit, log in
      let care = visit.facts.care
      for field in fields {
        for row in 0..<visit.rows(field.table) where !visit.isBlank(field, row) {
          let text = visit.text.span.extracting(visit.range(field, row))
          if traditional?.contains(text, on: nil) == true { continue }  // rule B18
          if !Shape.isDisease(text) || !(catalogue?.contains(text, on: care) ?? true) {
            log.note(.B16, field, row: row, found: text.count, limit: 7)
          }
        }
      }
    }
  }

  /// B17: at most 12 accompanying diseases, all ICD-10; none repeated and none equal to the main one (these two: warn).
  static func b17(_ c: Columns) -> Rule? {
    let pairs = ["XML1", "XML13", "XML14"].compactMap { table in
      c["\(table).MA_BENH_KT"].flatMap { others in c["\(table).MA_BENH_CHINH"].map { (others, $0) } }
    }
    guard !pairs.isEmpty else { return nil }
    let catalogue = c.codes.catalogues["icd10"]
    let traditional = c.codes.catalogues["traditional_disease"]
    return Rule(.B17) { visit, log in
      for (others, main) in pairs {
        for row in 0..<visit.rows(others.table) where !visit.isBlank(others, row) {
          let parts = visit.parts(others, row)
          if parts.count > 12 { log.note(.B17, others, row: row, found: parts.count, limit: 12) }
          var seen: Set<[UInt8]> = visit.isBlank(main, row) ? [] : [Array(visit.text[visit.range(main, row)])]
          for part in parts {
            let text = visit.text.span.extracting(part)
            if traditional?.contains(text, on: nil) == true { continue }  // rule B18
            if !Shape.isDisease(text) || !(catalogue?.contains(text, on: visit.facts.care) ?? true) {
              log.note(.B17, others, row: row, found: text.count, limit: 7)
            } else if !seen.insert(Array(visit.text[part])).inserted {
              log.note(.B17, others, .warn, row: row, other: main)
            }
          }
        }
      }
    }
  }
}

/// What numbers and codes look like.
enum Shape {
  enum Identity {
    case plain
    /// A form that exists (electronic account, foreign passport), but no programs agree on.
    case other
    case wrong
  }

  static func identity(_ text: Span<UInt8>) -> Identity {
    if digits(text, from: 0) { return text.count == 12 || text.count == 9 ? .plain : text.count == 8 ? .other : .wrong }
    if isCapital(text[0]), text.count == 8 || text.count == 9, digits(text, from: 1) { return .plain }
    for i in text.indices where !isCapital(text[i]) && !isDigit(text[i]) { return .wrong }
    return text.count >= 5 && text.count <= 20 ? .other : .wrong
  }

  static func isCard(_ text: Span<UInt8>) -> Bool {
    text.count == 15 && isCapital(text[0]) && isCapital(text[1]) && digits(text, from: 2)
  }

  static func isDisease(_ text: Span<UInt8>) -> Bool {
    guard text.count >= 3, text.count <= 7, isCapital(text[0]), isDigit(text[1]), isDigit(text[2]) else { return false }
    if text.count == 3 { return true }
    guard text[3] == UInt8(ascii: "."), text.count == 5 || text.count == 6 else { return isMarked(text, 3) }
    return isDigit(text[4]) && (text.count == 5 || isDigit(text[5]) || isCapital(text[5]))
  }

  /// Dagger and asterisk codes (`A18.0†`, `M49.0*`).
  private static func isMarked(_ text: Span<UInt8>, _ from: Int) -> Bool {
    var end = text.count
    if text[end - 1] == UInt8(ascii: "*") {
      end -= 1
    } else if end >= 6, text[end - 3] == 0xE2, text[end - 2] == 0x80, text[end - 1] == 0xA0 {
      end -= 3
    } else {
      return false
    }
    return end == 3 || (end == 5 && text[3] == UInt8(ascii: ".") && isDigit(text[4]))
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
  static func isCapital(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }

  static func digits(_ text: Span<UInt8>, from start: Int) -> Bool {
    for i in start..<text.count where !isDigit(text[i]) { return false }
    return text.count > start
  }
}
