internal import Bytes
internal import Findings
internal import Records

// Single fields (list of rules, section B, from B18). B22, B23, B26 and B30 are lists that the field check reads (``OwnRules/listCodes``).
extension RuleBook {
  /// B18: a code of the traditional-medicine list stands in MA_BENH_YHCT only.
  static func b18(_ c: Columns) -> Rule? {
    let fields = [
      "XML1.MA_BENH_CHINH", "XML1.MA_BENH_KT", "XML3.MA_BENH", "XML13.MA_BENH_CHINH", "XML13.MA_BENH_KT",
      "XML14.MA_BENH_CHINH", "XML14.MA_BENH_KT",
    ].compactMap { path in
      c[path].map { field in
        (field: field, home: c["\(c.schema.tables[field.table].name).MA_BENH_YHCT"])
      }
    }
    guard let catalogue = c.codes.catalogues["traditional_disease"], !fields.isEmpty else { return nil }
    return Rule(.B18) { visit, log in
      for (field, home) in fields {
        for row in 0..<visit.rows(field.table) where !visit.isBlank(field, row) {
          let span = visit.text.span.extracting(visit.range(field, row))
          var parts = ListParts(separator: UInt8(ascii: ";"))
          while let part = parts.next(in: span) {
            if catalogue.contains(span.extracting(part), on: nil) {
              log.note(.B18, field, row: row, other: home)
              break
            }
          }
        }
      }
    }
  }

  /// B19: THANG_QT is 1–12; NAM_QT is 4 digits and not above the current year.
  static func b19(_ c: Columns) -> Rule? {
    guard let month = c["XML1.THANG_QT"], let year = c["XML1.NAM_QT"] else { return nil }
    return Rule(.B19) { visit, log in
      if let number = visit.number(month), number < 1 || number > 12 { log.note(.B19, month, row: 0) }
      if let number = visit.number(year), !isYear(number, visit) { log.note(.B19, year, row: 0) }
    }
  }

  private static func isYear(_ number: Int64, _ visit: borrowing Visit) -> Bool {
    number >= 1000 && number <= Int64(visit.receivedAt.day.components.year)
  }

  /// B20: NAM_QT and THANG_QT are the month of NGAY_RA or NGAY_TTOAN, or the month after.
  static func b20(_ c: Columns) -> Rule? {
    guard let month = c["XML1.THANG_QT"], let year = c["XML1.NAM_QT"], let left = c["XML1.NGAY_RA"],
      let paid = c["XML1.NGAY_TTOAN"]
    else { return nil }
    return Rule(.B20) { visit, log in
      guard let ofMonth = visit.number(month), ofMonth >= 1, ofMonth <= 12, let ofYear = visit.number(year),
        isYear(ofYear, visit)
      else { return }
      let stated = ofYear * 12 + ofMonth
      var isKnown = false
      for field in [left, paid] {
        guard let day = visit.minute(field)?.day.components else { continue }
        isKnown = true
        let own = Int64(day.year) * 12 + Int64(day.month)
        if stated == own || stated == own + 1 { return }
      }
      if isKnown { log.note(.B20, month, row: 0, other: left) }
    }
  }

  /// B21: CAN_NANG > 0 and ≤ 200 kg; CAN_NANG_CON parts are 200–9000 g.
  static func b21(_ c: Columns) -> Rule? {
    guard let weight = c["XML1.CAN_NANG"] else { return nil }
    let children = c["XML1.CAN_NANG_CON"]
    return Rule(.B21) { visit, log in
      if let kilograms = visit.number(weight), kilograms <= 0 || kilograms > 2_000_000 {
        log.note(.B21, weight, row: 0)
      }
      guard let children, !visit.isBlank(children) else { return }
      for part in visit.parts(children) {
        guard case .success(let grams) = Decimal4.read(visit.text.span.extracting(part)) else { continue }
        if grams.value.units < 2_000_000 || grams.value.units > 90_000_000 { log.note(.B21, children, row: 0) }
      }
    }
  }

  /// B24: sex and diagnosis do not contradict each other: O00–O99 and Z33–Z37 are women's, N40–N42 and C61 men's.
  static func b24(_ c: Columns) -> Rule? {
    guard let sex = c["XML1.GIOI_TINH"], let main = c["XML1.MA_BENH_CHINH"], let others = c["XML1.MA_BENH_KT"] else {
      return nil
    }
    return Rule(.B24) { visit, log in
      let isMan = visit.equals(sex, 0, "1")
      guard isMan || visit.equals(sex, 0, "2") else { return }
      if let field = visit.diagnosis([main, others], where: isMan ? Disease.isOfWomen : Disease.isOfMen) {
        log.note(.B24, field, row: 0, other: sex)
      }
    }
  }

  /// B25: TYLE_TT_BH, TYLE_TT_DV and MUC_HUONG lie in 0–100.
  static func b25(_ c: Columns) -> Rule? {
    let percents = ["XML2.TYLE_TT_BH", "XML3.TYLE_TT_DV", "XML3.TYLE_TT_BH", "XML2.TYLE_TT", "XML3.TYLE_TT"]
      .compactMap { c[$0] }
    let rates = ["XML2.MUC_HUONG", "XML3.MUC_HUONG"].compactMap { c[$0] }
    guard !percents.isEmpty || !rates.isEmpty else { return nil }
    let fields = percents.map { (field: $0, most: Int64(100)) } + rates.map { (field: $0, most: Int64(1_000_000)) }
    return Rule(.B25) { visit, log in
      for (field, most) in fields {
        let values = visit.column(field)
        for row in 0..<values.count where values[row] > most { log.note(.B25, field, row: row, limit: 100) }
      }
    }
  }

  /// B27: MA_MAY parts are group.funding(1–3).facility(5).serial; the facility is MA_CSKCB unless the work was sent out.
  static func b27(_ c: Columns) -> Rule? {
    guard let device = c["XML3.MA_MAY"], let facility = c["XML1.MA_CSKCB"], let service = c["XML3.MA_DICH_VU"] else {
      return nil
    }
    return Rule(.B27) { visit, log in
      let devices = visit.column(device)
      let own = visit.range(facility)
      for row in 0..<devices.count where !devices.isBlank(row) {
        let range = visit.range(device, row)
        let span = visit.text.span.extracting(range)
        var parts = ListParts(separator: UInt8(ascii: ";"))
        var isFirst = true
        while let part = parts.next(in: span) {
          let text = span.extracting(part)
          // a part without points is one more serial of the device before it
          if text.isEmpty || !isFirst && !Shape.holds(text, UInt8(ascii: ".")) { continue }
          isFirst = false
          guard let stated = Shape.facilityOfDevice(text) else {
            log.note(.B27, device, row: row)
            break
          }
          let start = range.lowerBound + part.lowerBound + stated
          if own.count == 5, !visit.isEqual(start..<start + 5, own), !visit.isSentOut(service, row) {
            log.note(.B27, device, row: row, other: facility)
            break
          }
        }
      }
    }
  }

  /// B28: TT_THAU is decision;Gi;Ni;year, or has two parts for self-made items.
  static func b28(_ c: Columns) -> Rule? {
    let fields = ["XML2.TT_THAU", "XML3.TT_THAU"].compactMap { c[$0] }
    guard !fields.isEmpty, !c.isPredecessor else { return nil }
    return Rule(.B28) { visit, log in
      for field in fields {
        let tenders = visit.column(field)
        for row in 0..<tenders.count where !tenders.isBlank(row) {
          if !Shape.isTender(visit.text.span.extracting(visit.range(field, row))) { log.note(.B28, field, row: row) }
        }
      }
    }
  }

  /// B29: GOI_VTYT is blank or G and a number ≥ 1.
  static func b29(_ c: Columns) -> Rule? {
    guard let package = c["XML3.GOI_VTYT"] else { return nil }
    return Rule(.B29) { visit, log in
      let packages = visit.column(package)
      for row in 0..<packages.count where !packages.isBlank(row) {
        let text = visit.text.span.extracting(visit.range(package, row))
        var isNumber = text[0] == UInt8(ascii: "G") && Shape.digits(text, from: 1)
        if isNumber { isNumber = !Shape.isAllZeros(text, from: 1) }
        if !isNumber { log.note(.B29, package, row: row) }
      }
    }
  }

  /// B31: social-insurance numbers are 10 digits and not all zeros.
  static func b31(_ c: Columns) -> Rule? {
    let fields = ["XML9.MA_BHXH_NND", "XML11.MA_BHXH", "XML12.MA_BHXH"].compactMap { c[$0] }
    guard !fields.isEmpty else { return nil }
    return Rule(.B31) { visit, log in
      for field in fields {
        for row in 0..<visit.rows(field.table) where !visit.isBlank(field, row) {
          let text = visit.text.span.extracting(visit.range(field, row))
          if text.count != 10 || !Shape.digits(text, from: 0) || Shape.isAllZeros(text, from: 0) {
            log.note(.B31, field, row: row, found: text.count, limit: 10)
          }
        }
      }
    }
  }

  /// B32: TUOI_THAI is 1–42.
  static func b32(_ c: Columns) -> Rule? {
    let fields = ["XML7.TUOI_THAI", "XML11.TUOI_THAI"].compactMap { c[$0] }
    guard !fields.isEmpty else { return nil }
    return Rule(.B32) { visit, log in
      for field in fields {
        for row in 0..<visit.rows(field.table) {
          if let weeks = visit.number(field, row), weeks < 1 || weeks > 42 { log.note(.B32, field, row: row) }
        }
      }
    }
  }

  /// B33: practitioner codes stand in the staff catalogue; brackets and the suffixes .C, .HD, .TX, .CG with a facility are taken off.
  static func b33(_ c: Columns) -> Rule? {
    let fields = c.schema.tables.indices.flatMap { table in
      c.schema.tables[table].columns.indices.filter { c.schema.tables[table].columns[$0].catalogue == "practitioner" }
        .map { Field(table: table, column: $0) }
    }
    guard let catalogue = c.codes.catalogues["practitioner"], !fields.isEmpty else { return nil }
    return Rule(.B33) { visit, log in
      for field in fields {
        for row in 0..<visit.rows(field.table) where !visit.isBlank(field, row) {
          let span = visit.text.span.extracting(visit.range(field, row))
          var parts = ListParts(separator: UInt8(ascii: ";"))
          while let part = parts.next(in: span) {
            let isKnown: Bool =
              switch Shape.practitioner(span.extracting(part)) {
              case .licence(let range):
                catalogue.contains(span.extracting(part).extracting(range), on: visit.facts.care)
              case .elsewhere: true
              case .wrong: part.isEmpty
              }
            if !isKnown {
              log.note(.B33, field, row: row)
              break
            }
          }
        }
      }
    }
  }
}

extension Shape {
  static func holds(_ text: Span<UInt8>, _ byte: UInt8) -> Bool {
    for i in text.indices where text[i] == byte { return true }
    return false
  }

  static func isAllZeros(_ text: Span<UInt8>, from start: Int) -> Bool {
    for i in start..<text.count where text[i] != 0x30 { return false }
    return true
  }

  /// Where the facility stands in `XX.n.YYYYY.Z`; nil when the text is not like that.
  static func facilityOfDevice(_ text: Span<UInt8>) -> Int? {
    var dot = 0
    while dot < text.count, text[dot] != UInt8(ascii: ".") { dot += 1 }
    // group, point, funding, point, five characters, point, at least one more
    guard dot > 0, dot + 10 <= text.count, text[dot + 1] >= 0x31, text[dot + 1] <= 0x33,
      text[dot + 2] == UInt8(ascii: "."), text[dot + 8] == UInt8(ascii: ".")
    else { return nil }
    for i in dot + 3..<dot + 8 where text[i] == UInt8(ascii: ".") { return nil }
    return dot + 3
  }

  /// `decision;G1;N1;2025`, or two parts.
  static func isTender(_ text: Span<UInt8>) -> Bool {
    var parts = ListParts(separator: UInt8(ascii: ";"))
    var count = 0
    var isRight = true
    while let part = parts.next(in: text) {
      let item = text.extracting(part)
      count += 1
      switch count {
      case 2: isRight = item.count > 1 && item[0] == UInt8(ascii: "G") && digits(item, from: 1)
      case 3: isRight = isRight && item.count > 1 && item[0] == UInt8(ascii: "N") && digits(item, from: 1)
      case 4: isRight = isRight && item.count == 4 && digits(item, from: 0)
      default: isRight = isRight && !item.isEmpty
      }
    }
    return count == 2 || count == 4 && isRight
  }

  enum Practitioner {
    /// Where the licence stands in the text.
    case licence(Range<Int>)
    /// Staff of another facility, or without a licence: not in the facility's catalogue.
    case elsewhere
    case wrong
  }

  /// Takes a practitioner code apart: `licence[.C.XXXXX][(staff number)]`.
  static func practitioner(_ text: Span<UInt8>) -> Practitioner {
    var end = text.count
    guard end > 0 else { return .wrong }
    if text[end - 1] == UInt8(ascii: ")") {
      var open = end - 1
      while open > 0, text[open] != UInt8(ascii: "(") { open -= 1 }
      guard text[open] == UInt8(ascii: "("), end - open > 2 else { return .wrong }
      if open == 0 { return .elsewhere }
      end = open
    }
    // `.C.XXXXX` has 8 characters, `.HD.XXXXX` 9
    for (length, letters) in [(8, 1), (9, 2)] where end > length {
      let dot = end - length
      guard text[dot] == UInt8(ascii: "."), text[dot + letters + 1] == UInt8(ascii: ".") else { continue }
      let first = text[dot + 1]
      let second = text[dot + 2]
      if letters == 1 && first == UInt8(ascii: "C") { return .elsewhere }
      if letters == 2 {
        switch (first, second) {
        case (UInt8(ascii: "H"), UInt8(ascii: "D")), (UInt8(ascii: "T"), UInt8(ascii: "X")),
          (UInt8(ascii: "C"), UInt8(ascii: "G")):
          return .licence(0..<dot)
        default: continue
        }
      }
    }
    // ten digits: still a social-insurance number in some exports
    if end == 10 && digits(text.extracting(0..<10), from: 0) { return .elsewhere }
    return .licence(0..<end)
  }
}

extension Visit {
  /// Whether the same bytes stand at two places of the text.
  func isEqual(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
    guard a.count == b.count else { return false }
    for i in 0..<a.count where text[a.lowerBound + i] != text[b.lowerBound + i] { return false }
    return true
  }
}
