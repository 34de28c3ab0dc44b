internal import Bytes
internal import Findings
internal import Records

// File and envelope (list of rules, section A). A01–A03, A05, A07 and A08 are the reader's, A02 and A11 the judge's, A12 the field check's.
extension RuleBook {
  static func letterA(_ c: Columns) -> [Rule] {
    [a04(c), a09(c), a10(c)].compactMap { $0 }
  }

  /// A04: each HOSO holds exactly one XML1 with exactly one record.
  static func a04(_ c: Columns) -> Rule? {
    guard let summary = c.table("XML1") else { return nil }
    return Rule(.A04) { visit, log in
      guard visit.dossier.kind == .visit else { return }
      let rows = visit.rows(summary)
      if rows != 1 { log.note(Finding(.A04, .reject, table: summary, found: rows, limit: 1)) }
    }
  }

  /// A09: all rows of one HOSO carry the same MA_LK, equal to XML1.MA_LK.
  static func a09(_ c: Columns) -> Rule? {
    guard let own = c["XML1.MA_LK"] else { return nil }
    let keys = c.everywhere("MA_LK").filter { $0 != own }
    return Rule(.A09) { visit, log in
      guard visit.dossier.kind == .visit, visit.rows(own.table) > 0, !visit.isBlank(own) else { return }
      for key in keys {
        for row in 0..<visit.rows(key.table) where !visit.isBlank(key, row) && !visit.same(key, row, own, 0) {
          log.note(.A09, key, row: row, other: own)
        }
      }
    }
  }

  /// A10: XML1.MA_CSKCB equals MACSKCB of the envelope.
  static func a10(_ c: Columns) -> Rule? {
    guard let own = c["XML1.MA_CSKCB"] else { return nil }
    return Rule(.A10) { visit, log in
      guard let stated = visit.statedFacility, visit.rows(own.table) > 0, !visit.isBlank(own) else { return }
      if !stated.elementsEqual(visit.text[visit.range(own)]) { log.note(.A10, own, row: 0) }
    }
  }
}
