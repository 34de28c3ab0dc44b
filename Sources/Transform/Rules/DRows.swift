internal import Bytes
internal import Findings
internal import Records

// What a row must hold (list of rules, section D, from D12).
extension RuleBook {
  /// D12: each XML3 row has MA_DICH_VU or MA_VAT_TU.
  static func d12(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let supply = c["XML3.MA_VAT_TU"], !c.isPredecessor else { return nil }
    return Rule(.D12) { visit, log in
      let services = visit.column(service)
      let supplies = visit.column(supply)
      for row in 0..<services.count where services.isBlank(row) && supplies.isBlank(row) {
        log.note(.D12, service, row: row, other: supply)
      }
    }
  }

  /// D13: rows of MA_NHOM 10, 11 have MA_VAT_TU and TEN_VAT_TU, others MA_DICH_VU and TEN_DICH_VU; a row without any code is D12's.
  static func d13(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let serviceName = c["XML3.TEN_DICH_VU"], let supply = c["XML3.MA_VAT_TU"],
      let supplyName = c["XML3.TEN_VAT_TU"], let group = c["XML3.MA_NHOM"], !c.isPredecessor
    else { return nil }
    return Rule(.D13) { visit, log in
      let services = visit.column(service)
      let serviceNames = visit.column(serviceName)
      let supplies = visit.column(supply)
      let supplyNames = visit.column(supplyName)
      for (row, number) in visit.facts.serviceGroups.enumerated() where number > 0 {
        let hasService = !services.isBlank(row)
        let hasSupply = !supplies.isBlank(row)
        guard hasService || hasSupply else { continue }
        if Group.isSupply(number) {
          if !hasSupply { log.note(.D13, supply, row: row, other: group) }
          if supplyNames.isBlank(row) { log.note(.D13, supplyName, row: row, other: group) }
        } else {
          if !hasService { log.note(.D13, service, row: row, other: group) }
          if serviceNames.isBlank(row) { log.note(.D13, serviceName, row: row, other: group) }
          if hasSupply && supplyNames.isBlank(row) { log.note(.D13, supplyName, row: row, other: supply) }
        }
      }
    }
  }

  /// D14: MA_NHOM of XML2 is 4, 5, 6, 7 or 17. What is in no list at all the field check reports under the same code.
  static func d14(_ c: Columns) -> Rule? {
    guard let group = c["XML2.MA_NHOM"], !c.isPredecessor else { return nil }
    return Rule(.D14) { visit, log in
      for (row, number) in visit.facts.drugGroups.enumerated() where number >= 1 && number <= 19 {
        switch number {
        case 4, 5, 6, 7, 17: continue
        default: log.note(.D14, group, row: row)
        }
      }
    }
  }

  /// D15: MA_NHOM of XML3 is none of XML2's groups. What is in no list at all the field check reports under the same code.
  static func d15(_ c: Columns) -> Rule? {
    guard let group = c["XML3.MA_NHOM"], !c.isPredecessor else { return nil }
    return Rule(.D15) { visit, log in
      for (row, number) in visit.facts.serviceGroups.enumerated() {
        switch number {
        case 4, 5, 6, 7, 17: log.note(.D15, group, row: row)
        default: continue
        }
      }
    }
  }

  /// D16: a supply that carries MA_DICH_VU belongs to a service row with that code and the same NGAY_YL.
  static func d16(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let ordered = c["XML3.NGAY_YL"], !c.isPredecessor else { return nil }
    return Rule(.D16) { visit, log in
      let groups = visit.facts.serviceGroups
      let codes = visit.facts.services.groupOf
      var isUsed = false
      for row in groups.indices where Group.isSupply(groups[row]) && codes[row] >= 0 { isUsed = true }
      guard isUsed else { return }
      let orders = visit.column(ordered)
      var services: Set<Pair> = []
      for row in groups.indices where groups[row] > 0 && !Group.isSupply(groups[row]) && codes[row] >= 0 {
        services.insert(Pair(code: codes[row], minute: orders[row]))
        services.insert(Pair(code: codes[row], minute: CellValue.blank))
      }
      // a supply without NGAY_YL is compared by its code alone
      for row in groups.indices where Group.isSupply(groups[row]) && codes[row] >= 0 {
        let minute = orders.number(row) ?? CellValue.blank
        if !services.contains(Pair(code: codes[row], minute: minute)) {
          log.note(.D16, service, row: row, other: ordered)
        }
      }
    }
  }

  private struct Pair: Hashable {
    var code: Int32
    var minute: Int64
  }

  /// D17: MA_NHOM 1, 2, 3, 8, 18 have NGUOI_THUC_HIEN and NGAY_TH_YL, work sent out excepted.
  static func d17(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let person = c["XML3.NGUOI_THUC_HIEN"], let done = c["XML3.NGAY_TH_YL"],
      let group = c["XML3.MA_NHOM"]
    else { return nil }
    return Rule(.D17) { visit, log in
      let persons = visit.column(person)
      let dones = visit.column(done)
      for (row, number) in visit.facts.serviceGroups.enumerated()
      where Group.isTest(number) || Group.isOperation(number) {
        guard persons.isBlank(row) || dones.isBlank(row), !visit.isSentOut(service, row) else { continue }
        if persons.isBlank(row) { log.note(.D17, person, row: row, other: group) }
        if dones.isBlank(row) { log.note(.D17, done, row: row, other: group) }
      }
    }
  }

  /// D18: MA_NHOM 1, 2, 3 have MA_MAY (the sources do not say which services need no device), work sent out excepted.
  static func d18(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let device = c["XML3.MA_MAY"], let group = c["XML3.MA_NHOM"] else {
      return nil
    }
    return Rule(.D18) { visit, log in
      let devices = visit.column(device)
      for (row, number) in visit.facts.serviceGroups.enumerated() where Group.isTest(number) && devices.isBlank(row) {
        if !visit.isSentOut(service, row) { log.note(.D18, device, row: row, other: group) }
      }
    }
  }

  /// D19: MA_NHOM 12: MA_XANG_DAU filled, MA_DICH_VU begins VC.
  static func d19(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let fuel = c["XML3.MA_XANG_DAU"], let group = c["XML3.MA_NHOM"] else {
      return nil
    }
    return Rule(.D19) { visit, log in
      for (row, number) in visit.facts.serviceGroups.enumerated() where number == 12 {
        if visit.isBlank(fuel, row) { log.note(.D19, fuel, row: row, other: group) }
        let code = visit.range(service, row)
        if !code.isEmpty && !visit.begins(code, "VC") { log.note(.D19, service, row: row, other: group) }
      }
    }
  }

  /// D20: bed-day rows have MA_GIUONG: an error for MA_NHOM 15, a warning for 14 and 16.
  static func d20(_ c: Columns) -> Rule? {
    guard let bed = c["XML3.MA_GIUONG"], let group = c["XML3.MA_NHOM"], !c.isPredecessor else { return nil }
    return Rule(.D20) { visit, log in
      for (row, number) in visit.facts.serviceGroups.enumerated() where Group.isBed(number) && visit.isBlank(bed, row) {
        log.note(.D20, bed, number == 15 ? .reject : .warn, row: row, other: group)
      }
    }
  }

  /// D21: MA_NHOM 8, 18 with anaesthesia (MA_DICH_VU ends in _GT) have PP_VO_CAM; a value outside 1–4 is B15's.
  static func d21(_ c: Columns) -> Rule? {
    guard let service = c["XML3.MA_DICH_VU"], let method = c["XML3.PP_VO_CAM"] else { return nil }
    return Rule(.D21) { visit, log in
      for (row, number) in visit.facts.serviceGroups.enumerated() where Group.isOperation(number) {
        if visit.isBlank(method, row), visit.ends(visit.range(service, row), "_GT") {
          log.note(.D21, method, row: row, other: service)
        }
      }
    }
  }

  /// D22: MA_NHOM 13: quantity 1; an inpatient visit has at most one examination fee.
  static func d22(_ c: Columns) -> Rule? {
    guard let quantity = c["XML3.SO_LUONG"], let group = c["XML3.MA_NHOM"], !c.isPredecessor else { return nil }
    return Rule(.D22) { visit, log in
      var count = 0
      for (row, number) in visit.facts.serviceGroups.enumerated() where number == 13 {
        count += 1
        if let amount = visit.number(quantity, row), amount != 10_000 {
          log.note(.D22, quantity, row: row, limit: 1)
        } else if count > 1 && Form.isInpatient(visit.facts.form) {
          log.note(.D22, group, row: row, found: count, limit: 1)
        }
      }
    }
  }

  /// D23: except MA_NHOM 7, 17 and oxygen, transport, packing: SO_DANG_KY and TT_THAU filled (HAM_LUONG and DUONG_DUNG are always asked for, B01).
  static func d23(_ c: Columns) -> Rule? {
    guard let drug = c["XML2.MA_THUOC"], let registration = c["XML2.SO_DANG_KY"], let tender = c["XML2.TT_THAU"],
      !c.isPredecessor
    else { return nil }
    return Rule(.D23) { visit, log in
      let registrations = visit.column(registration)
      let tenders = visit.column(tender)
      for (row, number) in visit.facts.drugGroups.enumerated() where number != 7 && number != 17 {
        guard registrations.isBlank(row) || tenders.isBlank(row) else { continue }
        let code = visit.range(drug, row)
        if visit.isSpecialDrug(code) { continue }
        if registrations.isBlank(row) { log.note(.D23, registration, row: row) }
        if tenders.isBlank(row) { log.note(.D23, tender, row: row) }
      }
    }
  }

  /// D24: once NGAY_KQ is filled, GIA_TRI or KET_LUAN or MO_TA is; imaging and function tests have MO_TA and KET_LUAN (since 3176 not beside
  /// GIA_TRI).
  static func d24(_ c: Columns) -> Rule? {
    guard let result = c["XML4.NGAY_KQ"], let value = c["XML4.GIA_TRI"], let text = c["XML4.MO_TA"],
      let conclusion = c["XML4.KET_LUAN"], let service = c["XML4.MA_DICH_VU"]
    else { return nil }
    return Rule(.D24) { visit, log in
      guard visit.rows(result.table) > 0 else { return }
      // services that are imaging or function tests
      var isImaging = [Bool](repeating: false, count: visit.facts.services.count)
      for (row, number) in visit.facts.serviceGroups.enumerated() where number == 2 || number == 3 {
        let group = Int(visit.facts.services.groupOf[row])
        if group >= 0 { isImaging[group] = true }
      }
      let isFrom3176 = Switches.isFrom3176(visit.facts.care)
      for row in 0..<visit.rows(result.table) where !visit.isBlank(result, row) {
        let hasValue = !visit.isBlank(value, row)
        let hasText = !visit.isBlank(text, row)
        let hasConclusion = !visit.isBlank(conclusion, row)
        if !hasValue && !hasText && !hasConclusion {
          log.note(.D24, value, row: row, other: result)
        } else if !hasText || !hasConclusion, !(hasValue && isFrom3176),
          let group = visit.facts.services.group(of: visit.range(service, row), in: visit.text), isImaging[group]
        {
          log.note(.D24, hasText ? conclusion : text, row: row, other: result)
        }
      }
    }
  }

  /// D25: NGAY_KQ is filled when GIA_TRI is.
  static func d25(_ c: Columns) -> Rule? {
    guard let value = c["XML4.GIA_TRI"], let result = c["XML4.NGAY_KQ"], !c.isPredecessor else { return nil }
    return Rule(.D25) { visit, log in
      let values = visit.column(value)
      let results = visit.column(result)
      for row in 0..<values.count where results.isBlank(row) && !values.isBlank(row) {
        log.note(.D25, result, row: row, other: value)
      }
    }
  }
}

extension Visit {
  /// Whether the text at `range` begins with `prefix` (ASCII).
  func begins(_ range: Range<Int>, _ prefix: StaticString) -> Bool {
    range.count >= prefix.utf8CodeUnitCount && holds(prefix, at: range.lowerBound)
  }

  func ends(_ range: Range<Int>, _ suffix: StaticString) -> Bool {
    range.count >= suffix.utf8CodeUnitCount && holds(suffix, at: range.upperBound - suffix.utf8CodeUnitCount)
  }

  private func holds(_ word: StaticString, at start: Int) -> Bool {
    for i in 0..<word.utf8CodeUnitCount where unsafe text[start + i] != word.utf8Start[i] { return false }
    return true
  }

  /// Whether the service was done at another facility: `.K.` and its five characters in MA_DICH_VU.
  func isSentOut(_ service: Field, _ row: Int) -> Bool {
    let range = range(service, row)
    guard range.count >= 8 else { return false }
    for i in range.lowerBound...range.upperBound - 8 where text[i] == UInt8(ascii: ".") {
      if text[i + 1] == UInt8(ascii: "K") && text[i + 2] == UInt8(ascii: ".") { return true }
    }
    return false
  }

  /// Oxygen, nitric oxide, blood transport and packing of decoctions: no drug with a registration or a tender.
  func isSpecialDrug(_ code: Range<Int>) -> Bool {
    begins(code, "VM.") || begins(code, "BB.") || code.count == 5 && begins(code, "40.17")
      || code.count == 6 && begins(code, "40.573")
  }
}
