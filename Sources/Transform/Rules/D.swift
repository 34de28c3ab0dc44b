internal import Findings
internal import Records

// Presence of tables and rows (list of rules, section D).
extension RuleBook {
  static func letterD(_ c: Columns) -> [Rule] {
    [d11(c)].compactMap { $0 }
  }

  /// D11: STT is a positive integer, unique inside its table and visit; gaps: warn. Order carries no meaning.
  static func d11(_ c: Columns) -> Rule? {
    let fields = ["XML2.STT", "XML3.STT", "XML4.STT", "XML5.STT", "XML15.STT"].compactMap { c[$0] }
    guard !fields.isEmpty else { return nil }
    return Rule(.D11) { visit, log in
      for field in fields {
        let rows = visit.rows(field.table)
        guard rows > 0 else { continue }
        var seen = [Bool](repeating: false, count: rows + 1)
        var beyond: Set<Int64> = []
        var largest: Int64 = 0
        var filled = 0
        for row in 0..<rows {
          guard let number = visit.number(field, row) else { continue }
          filled += 1
          largest = max(largest, number)
          var isRepeat = false
          if number >= 1 && number <= Int64(rows) {
            isRepeat = seen[Int(number)]
            seen[Int(number)] = true
          } else if number > 0 {
            isRepeat = !beyond.insert(number).inserted
          }
          if number < 1 || isRepeat { log.note(.D11, field, .error, row: row) }
        }
        // numbers that go beyond the count of rows leave gaps; a repeat has been said already
        if filled == rows && largest > Int64(rows) {
          log.note(.D11, field, .warn, row: rows - 1, found: Int(clamping: largest), limit: rows)
        }
      }
    }
  }
}
