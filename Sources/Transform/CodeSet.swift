package import Bytes

/// The codes of one list, each with the days it is valid on; found from bytes without a `String`.
package struct CodeSet: Sendable {
  package struct Entry: Sendable {
    package var code: String
    package var validFrom: CivilDate?
    package var validTo: CivilDate?

    package init(code: String, validFrom: CivilDate? = nil, validTo: CivilDate? = nil) {
      self.code = code
      self.validFrom = validFrom
      self.validTo = validTo
    }
  }

  private let names: NameTable
  /// By number of the name: the periods it is valid in, as days since the epoch (inclusive).
  private let periods: [[ClosedRange<Int32>]]
  private let pattern: BytePattern?
  package let isEmpty: Bool
  /// Whether a code belongs to it on some days only.
  let hasPeriods: Bool

  /// - Parameter pattern: what codes look like where the list itself is not known, or what they must look like besides.
  package init(entries: [Entry], pattern: BytePattern? = nil) {
    var order: [String] = []
    var byCode: [String: [ClosedRange<Int32>]] = [:]
    for entry in entries {
      if byCode[entry.code] == nil { order.append(entry.code) }
      let from = entry.validFrom?.daysSinceEpoch ?? .min
      let to = entry.validTo?.daysSinceEpoch ?? .max
      if from <= to { byCode[entry.code, default: []].append(from...to) }
    }
    names = NameTable(order)
    periods = order.map { byCode[$0] ?? [] }
    self.pattern = pattern
    isEmpty = order.isEmpty
    hasPeriods = entries.contains { $0.validFrom != nil || $0.validTo != nil }
  }

  /// Whether the code belongs to the list on a day; without a day (nil), whether it ever does.
  package func contains(_ code: Span<UInt8>, on day: CivilDate?) -> Bool {
    if let pattern, !pattern.matches(code) { return false }
    if isEmpty { return true }
    guard let number = names.number(of: code) else { return false }
    guard let day else { return true }
    for period in periods[number] where period.contains(day.daysSinceEpoch) { return true }
    return false
  }
}

/// Code lists and outside catalogues by name, as read from `Schemas/codes`.
package struct CodeLists: Sendable {
  /// Lists of the standard (`GIOI_TINH`).
  package var lists: [String: CodeSet]
  /// Catalogues from outside (`icd10`); only those the city has supplied.
  package var catalogues: [String: CodeSet]
  /// Lists that functions of mappings translate by.
  package var lookups: [String: LookupTable] = [:]

  package init(lists: [String: CodeSet] = [:], catalogues: [String: CodeSet] = [:]) {
    self.lists = lists
    self.catalogues = catalogues
  }
}
