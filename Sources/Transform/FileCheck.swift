package import Bytes
package import Findings
package import Records

/// Rules about a file as a whole that need more than the reader knows: asked once, when the file has been read.
package enum FileCheck {
  /// - Parameter lastAdmitted: the latest NGAY_VAO of the file (``Judge/lastAdmitted``).
  package static func findings(
    _ facts: FileFacts, codes: CodeLists, lastAdmitted: CivilMinute?, receivedAt: CivilMinute
  ) -> [Finding] {
    guard facts.form == .envelope else { return [] }
    return [a02(facts, codes), a06(facts, lastAdmitted, receivedAt)].compactMap { $0 }
  }

  /// A02: MACSKCB of the envelope is filled, 5 characters, and known in the facility catalogue.
  private static func a02(_ facts: FileFacts, _ codes: CodeLists) -> Finding? {
    let facility = Array((facts.facility ?? "").utf8)
    let count = Text.characterCount(facility.span)
    let isKnown = codes.catalogues["facility"]?.contains(facility.span, on: nil) ?? true
    return count == 5 && isKnown ? nil : Finding(.A02, .reject, found: count, limit: 5)
  }

  /// A06: NGAYLAP is a date, not in the future, and not before the last day(NGAY_VAO) of the file.
  private static func a06(_ facts: FileFacts, _ lastAdmitted: CivilMinute?, _ receivedAt: CivilMinute) -> Finding? {
    let written = Array((facts.createdOn ?? "").utf8)
    // a time may follow the day
    guard written.count >= 8, let day = CivilDate(compact: written.span, at: 0), day <= receivedAt.day,
      lastAdmitted.map({ $0.day <= day }) ?? true
    else { return Finding(.A06, .warn) }
    return nil
  }
}
