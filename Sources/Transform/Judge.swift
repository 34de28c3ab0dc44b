package import Bytes
package import Findings
package import Records

/// Everything that judging the dossiers of a feed needs, compiled once: field checks, rules and severities, for each schema of the reader.
package struct Rulings: Sendable {
  fileprivate let checks: [FieldCheck]
  fileprivate let rules: [[Rule]]
  fileprivate let columns: [VisitColumns]
  /// By schema: codes of the list that are not looked at (``RuleBook/notEvaluated(_:)``).
  package let notEvaluated: [[FindingCode]]
  fileprivate let keys: [Keys]
  /// By schema; nil for those of the decisions.
  fileprivate let identities: [DossierIdentity?]
  /// By schema; nil when its mapping has no functions.
  fileprivate let derivations: [Derivation?]
  /// By schema: columns no two rows of which may hold the same.
  fileprivate let uniques: [[Field]]
  package let policy: SeverityPolicy

  /// Where a schema keeps what identifies a dossier.
  fileprivate struct Keys: Sendable {
    var visit: Field?
    var visitLeft: Field?
    var visitAdmitted: Field?
    var checkIn: Field?
    var checkInAdmitted: Field?
    var assessment: [Field]
    var assessmentDay: Field?
    var facilities: [Field]
  }

  /// - Parameter plans: by schema; empty when no schema needs one.
  /// - Parameter surrogateKey: what surrogates are made by; nil rejects dossiers that need one.
  package init(
    schemas: [SourceSchema], codes: CodeLists, policy: SeverityPolicy, plans: [FeedPlan] = [],
    surrogateKey: [UInt8]? = nil
  ) {
    self.policy = policy
    derivations = schemas.indices.map {
      plans.indices.contains($0) ? plans[$0].derivation?.keyed(with: surrogateKey) : nil
    }
    uniques = schemas.map { schema in
      schema.tables.indices.flatMap { table in
        schema.tables[table].columns.indices.filter { schema.tables[table].columns[$0].plain?.isUnique == true }
          .map { Field(table: table, column: $0) }
      }
    }
    identities = schemas.indices.map { plans.indices.contains($0) ? plans[$0].identity : nil }
    checks = zip(schemas, identities).map { schema, identity in
      FieldCheck(schema: schema, codes: codes, careDates: identity?.careDates.map(\.field) ?? [])
    }
    rules = schemas.map { schema in
      RuleBook.rules(Columns(schema: schema, codes: codes)).filter { policy.severity(of: $0.code) != nil }
    }
    columns = schemas.map { VisitColumns(Columns(schema: $0, codes: codes)) }
    notEvaluated = schemas.map { RuleBook.notEvaluated(Columns(schema: $0, codes: codes)) }
    keys = schemas.map { schema in
      let c = Columns(schema: schema, codes: codes)
      return Keys(
        visit: c["XML1.MA_LK"], visitLeft: c["XML1.NGAY_RA"], visitAdmitted: c["XML1.NGAY_VAO"],
        checkIn: c["XML0.MA_LK"],
        checkInAdmitted: c["XML0.NGAY_VAO"],
        assessment: ["XML12.SO_CCCD", "XML12.NGAY_HOP", "XML12.SO_BIEN_BAN"].compactMap { c[$0] },
        assessmentDay: c["XML12.NGAY_HOP"], facilities: [c["XML1.MA_CSKCB"], c["XML0.MA_CSKCB"]].compactMap { $0 })
    }
  }
}

/// What became of one dossier before the warehouse is asked.
package struct Verdict: Sendable {
  package enum Outcome: Sendable {
    case accepted
    case rejected
    /// The same dossier, word for word, stood earlier in the file.
    case repeated
  }
  package var outcome: Outcome
  private var sensitiveKey: Sensitive<[UInt8]>
  /// MA_LK, or what stands for it; empty when there is none. Printing a verdict does not show it.
  package var key: [UInt8] { sensitiveKey.exposed }
  /// The first day of the month of care; nil when no date says it.
  package var careMonth: CivilDate?
  package var contentHash: [UInt8]
  /// MA_CSKCB as the dossier itself says it; empty when it says none.
  package var facility: [UInt8]

  fileprivate init(
    outcome: Outcome, key: [UInt8], careMonth: CivilDate?, contentHash: [UInt8], facility: [UInt8]
  ) {
    self.outcome = outcome
    sensitiveKey = Sensitive(key)
    self.careMonth = careMonth
    self.contentHash = contentHash
    self.facility = facility
  }
}

/// Judges the dossiers of one file, in order: `check` and `run` ask the same judge.
package struct Judge {
  private let rulings: Rulings
  private let statedFacility: () -> [UInt8]?
  private let receivedAt: CivilMinute
  package private(set) var log: FindingLog
  /// The latest NGAY_VAO of the visits so far (rule A06).
  package private(set) var lastAdmitted: CivilMinute?
  private var hash = ContentHash()
  private var derived = Derivation.Scratch()
  /// Of unique columns: the row that a value stood in first, by a hash of column and value.
  private var unique: [Int: Int] = [:]
  /// By the hash of (kind, key): the content's first bytes. 24 bytes a dossier.
  private var seen: [UInt64: UInt64] = [:]

  /// - Parameters:
  ///   - statedFacility: MACSKCB of the envelope, once it is known.
  ///   - receivedAt: when the file arrived, local time.
  package init(rulings: Rulings, receivedAt: CivilMinute, statedFacility: @escaping () -> [UInt8]?) {
    self.rulings = rulings
    self.statedFacility = statedFacility
    self.receivedAt = receivedAt
    log = FindingLog(policy: rulings.policy)
  }

  /// Checks the dossier and says what is to be done with it; the findings stand in ``log`` until the next one.
  package mutating func judge(_ dossier: Dossier) -> Verdict {
    log.removeAll()
    for finding in dossier.findings { log.note(finding) }
    rulings.checks[dossier.schema].check(dossier, &log)
    if !rulings.uniques[dossier.schema].isEmpty { checkUniques(dossier) }
    // what functions give is no part of what was said
    var sent: [UInt8]?
    if let derivation = rulings.derivations[dossier.schema] {
      sent = hash.hash(dossier)
      derivation.fill(dossier, &derived, &log)
    }
    let visit = Visit(
      dossier: dossier, columns: rulings.columns[dossier.schema], statedFacility: statedFacility(),
      receivedAt: receivedAt)
    if let admitted = visit.facts.admitted { lastAdmitted = max(lastAdmitted ?? admitted, admitted) }
    // what a table that cannot be read lacks is no mistake of the others: presence, sums and comparisons are left to the next delivery
    let lacksTable = dossier.findings.contains { $0.code == .A03 }
    for rule in rulings.rules[dossier.schema] where !(lacksTable && Judge.isAcrossTables(rule.code)) {
      rule.evaluate(visit, &log)
    }
    let stated = rulings.identities[dossier.schema]
    let (key, month) =
      stated.map { Judge.identity(visit, $0) } ?? identity(visit, rulings.keys[dossier.schema])
    if key.isEmpty || month == nil, log.worst != .reject {
      // no policy may touch this: without a key and a month a dossier has no place in the warehouse
      let keys = rulings.keys[dossier.schema]
      let field =
        if let stated {
          key.isEmpty ? stated.keyField : stated.careDates.first?.field
        } else {
          key.isEmpty ? keys.visit ?? keys.checkIn : keys.visitLeft ?? keys.checkInAdmitted
        }
      log.insist(
        Finding(key.isEmpty ? .B01 : .B06, .reject, table: field?.table ?? -1, column: field?.column ?? -1, row: 1))
    }
    var facility: [UInt8] = []
    if let field = stated?.facility { facility = Array(visit.text[visit.range(field)]) }
    for field in rulings.keys[dossier.schema].facilities where !visit.isBlank(field) {
      facility = Array(visit.text[visit.range(field)])
    }
    var verdict = Verdict(
      outcome: log.worst == .reject || key.isEmpty || month == nil ? .rejected : .accepted, key: key, careMonth: month,
      contentHash: sent ?? hash.hash(dossier), facility: facility)
    guard verdict.outcome == .accepted else { return verdict }
    // rule A11: once in one delivery
    let slot = Judge.number(key, of: dossier.kind)
    let content = Judge.number(verdict.contentHash)
    if let earlier = seen[slot] {
      if earlier == content {
        verdict.outcome = .repeated
        log.note(Finding(.S24, .info))
      } else {
        log.note(Finding(.A11, .error))
      }
    }
    seen[slot] = content
    return verdict
  }

  /// T34: a value that an earlier row of the delivery has. A row that joins several dossiers is one row.
  private mutating func checkUniques(_ dossier: Dossier) {
    for field in rulings.uniques[dossier.schema] {
      let records = dossier.tables[field.table]
      for row in 0..<records.rowCount {
        let cell = records.cell(row, field.column)
        if cell.length == 0 { continue }
        var hasher = Hasher()
        hasher.combine(field)
        let value = records.values[row * records.columnCount + field.column]
        if CellValue.isValue(value) {
          hasher.combine(value)
        } else {
          unsafe dossier.text.withUnsafeBytes { unsafe hasher.combine(bytes: .init(rebasing: $0[cell.range])) }
        }
        let origin = row < records.origins.count ? records.origins[row].number : -1
        let slot = hasher.finalize()
        if let first = unique[slot] {
          if first != origin || origin < 0 { log.note(.T34, field, row: row) }
        } else {
          unique[slot] = origin
        }
      }
    }
  }

  private static func isAcrossTables(_ code: FindingCode) -> Bool {
    ["D", "F", "G"].contains(code.description.first)
  }

  /// What a feed by definition says: the key, and the month of the first date that is filled.
  private static func identity(_ visit: borrowing Visit, _ identity: DossierIdentity) -> (
    key: [UInt8], month: CivilDate?
  ) {
    let span = visit.text.span.extracting(visit.range(identity.key))
    let key =
      Text.isSurelyComposed(span) ? Array(visit.text[visit.range(identity.key)]) : Text.composed(span)
    var month: CivilDate?
    for (field, isDay) in identity.careDates where month == nil {
      month = (isDay ? visit.day(field) : visit.minute(field)?.day)?.firstOfMonth
    }
    return (key.count <= longestKey ? key : [], month)
  }

  /// The longest key that is taken as one, in bytes: the decisions allow 100 characters.
  private static let longestKey = 400

  private func identity(_ visit: borrowing Visit, _ keys: Rulings.Keys) -> (key: [UInt8], month: CivilDate?) {
    let (key, month) = statedIdentity(visit, keys)
    return (key.count <= Judge.longestKey ? key : [], month)
  }

  private func statedIdentity(_ visit: borrowing Visit, _ keys: Rulings.Keys) -> (key: [UInt8], month: CivilDate?) {
    func text(_ field: Field?) -> [UInt8] {
      guard let field else { return [] }
      let range = visit.range(field)
      let span = visit.text.span.extracting(range)
      return Text.isSurelyComposed(span) ? Array(visit.text[range]) : Text.composed(span)
    }
    switch visit.dossier.kind {
    case .visit:
      let day = keys.visitLeft.flatMap { visit.minute($0)?.day } ?? keys.visitAdmitted.flatMap { visit.minute($0)?.day }
      return (text(keys.visit), day?.firstOfMonth)
    case .checkIn:
      return (text(keys.checkIn), keys.checkInAdmitted.flatMap { visit.minute($0)?.day.firstOfMonth })
    case .assessment:
      let parts = keys.assessment.map { text($0) }
      guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty }) else { return ([], nil) }
      return (
        Array(parts.joined(separator: [UInt8(ascii: "|")])), keys.assessmentDay.flatMap { visit.day($0)?.firstOfMonth }
      )
    }
  }

  /// Eight bytes that stand for others: FNV-1a with a final mix.
  private static func number(_ bytes: [UInt8], of kind: Dossier.Kind? = nil) -> UInt64 {
    var h: UInt64 = 0xCBF2_9CE4_8422_2325
    if let kind {
      for byte in kind.rawValue.utf8 { h = (h ^ UInt64(byte)) &* 0x100_0000_01B3 }
      h = h &* 0x100_0000_01B3
    }
    for byte in bytes { h = (h ^ UInt64(byte)) &* 0x100_0000_01B3 }
    h ^= h >> 32
    h = h &* 0xD6E8_FEB8_6659_FD93
    return h ^ h >> 32
  }
}
