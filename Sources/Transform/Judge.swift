package import Bytes
package import Findings
package import Records

/// Everything that judging the dossiers of a feed needs, compiled once: field checks, rules and severities, for each schema of the reader.
package struct Rulings: Sendable {
  fileprivate let bySchema: [SchemaRulings]
  /// By schema: codes of the list that are not looked at (``RuleBook/notEvaluated(_:)``).
  package let notEvaluated: [[FindingCode]]
  package let policy: SeverityPolicy

  /// - Parameter plans: by schema; empty when no schema needs one.
  /// - Parameter surrogateKey: what surrogates are made by; nil rejects dossiers that need one.
  package init(
    schemas: [SourceSchema], codes: CodeLists, policy: SeverityPolicy, plans: [FeedPlan] = [],
    surrogateKey: [UInt8]? = nil
  ) {
    self.policy = policy
    bySchema = schemas.enumerated().map { number, schema in
      SchemaRulings(
        schema, codes: codes, policy: policy, plan: plans.indices.contains(number) ? plans[number] : nil,
        surrogateKey: surrogateKey)
    }
    notEvaluated = schemas.map { RuleBook.notEvaluated(Columns(schema: $0, codes: codes)) }
  }
}

/// What judging the dossiers of one schema needs. An object, so that a dossier that asks for it counts one reference, not one of each part.
private final class SchemaRulings: Sendable {
  let check: FieldCheck
  let rules: [Rule]
  let columns: VisitColumns
  let keys: Keys
  /// Nil for schemas of the decisions.
  let identity: DossierIdentity?
  /// Nil when the mapping has no functions.
  let derivation: Derivation?
  /// Columns no two rows of which may hold the same.
  let uniques: [Field]
  /// A feed by definition about which no rule has anything to say: nobody looks at the dossier as a visit.
  let isPlain: Bool

  /// Where a schema keeps what identifies a dossier.
  struct Keys: Sendable {
    var visit: Field?
    var visitLeft: Field?
    var visitAdmitted: Field?
    var checkIn: Field?
    var checkInAdmitted: Field?
    var assessment: [Field]
    var assessmentDay: Field?
    var facilities: [Field]
  }

  init(_ schema: SourceSchema, codes: CodeLists, policy: SeverityPolicy, plan: FeedPlan?, surrogateKey: [UInt8]?) {
    let c = Columns(schema: schema, codes: codes)
    derivation = plan?.derivation?.keyed(with: surrogateKey)
    uniques = schema.tables.indices.flatMap { table in
      schema.tables[table].columns.indices.filter { schema.tables[table].columns[$0].plain?.isUnique == true }
        .map { Field(table: table, column: $0) }
    }
    identity = plan?.identity
    check = FieldCheck(schema: schema, codes: codes, careDates: identity?.careDates.map(\.field) ?? [])
    rules = RuleBook.rules(c).filter { policy.severity(of: $0.code) != nil }
    columns = VisitColumns(c)
    keys = Keys(
      visit: c["XML1.MA_LK"], visitLeft: c["XML1.NGAY_RA"], visitAdmitted: c["XML1.NGAY_VAO"],
      checkIn: c["XML0.MA_LK"],
      checkInAdmitted: c["XML0.NGAY_VAO"],
      assessment: ["XML12.SO_CCCD", "XML12.NGAY_HOP", "XML12.SO_BIEN_BAN"].compactMap { c[$0] },
      assessmentDay: c["XML12.NGAY_HOP"], facilities: [c["XML1.MA_CSKCB"], c["XML0.MA_CSKCB"]].compactMap { $0 })
    isPlain = identity != nil && rules.isEmpty && keys.facilities.isEmpty && keys.visitAdmitted == nil
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
  /// Empty where nobody asked for it.
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
  private let hashes: Bool
  private var hash = ContentHash()
  private var derived = Derivation.Scratch()
  private var matching = BytesExpression.Scratch()
  /// Of unique columns: the row that a value stood in first, by a hash of column and value.
  private var unique: [Int: Int] = [:]
  private var seen = SeenDossiers()

  /// - Parameters:
  ///   - statedFacility: MACSKCB of the envelope, once it is known.
  ///   - receivedAt: when the file arrived, local time.
  ///   - hashes: whether verdicts are to tell the hash of the content.
  package init(
    rulings: Rulings, receivedAt: CivilMinute, hashes: Bool = true, statedFacility: @escaping () -> [UInt8]?
  ) {
    self.rulings = rulings
    self.hashes = hashes
    self.statedFacility = statedFacility
    self.receivedAt = receivedAt
    log = FindingLog(policy: rulings.policy)
  }

  /// Checks the dossier and says what is to be done with it; the findings stand in ``log`` until the next one.
  package mutating func judge(_ dossier: Dossier) -> Verdict {
    log.removeAll()
    let schema = rulings.bySchema[dossier.schema]
    if !dossier.findings.isEmpty {
      for finding in dossier.findings { log.note(finding) }
    }
    schema.check.check(dossier, &matching, &log)
    if !schema.uniques.isEmpty { checkUniques(dossier, schema.uniques) }
    // what functions give is no part of what was said
    let content = hash.content(of: dossier, isHashed: hashes)
    schema.derivation?.fill(dossier, &derived, &log)
    let identity = schema.isPlain ? plainIdentity(dossier, schema) : evaluate(dossier, schema)
    if identity.key.isEmpty || identity.month == nil, log.worst != .reject {
      // no policy may touch this: without a key and a month a dossier has no place in the warehouse
      let lacksKey = identity.key.isEmpty
      let keys = schema.keys
      let field =
        if let stated = schema.identity {
          lacksKey ? stated.keyField : stated.careDates.first?.field
        } else {
          lacksKey ? keys.visit ?? keys.checkIn : keys.visitLeft ?? keys.checkInAdmitted
        }
      log.insist(
        Finding(lacksKey ? .B01 : .B06, .reject, table: field?.table ?? -1, column: field?.column ?? -1, row: 1))
    }
    var verdict = Verdict(
      outcome: log.worst == .reject || identity.key.isEmpty || identity.month == nil ? .rejected : .accepted,
      key: identity.key, careMonth: identity.month, contentHash: content.hash,
      facility: identity.facility)
    guard verdict.outcome == .accepted else { return verdict }
    // rule A11: once in one delivery
    switch seen.insert(identity.key, of: dossier.kind, content: content.number) {
    case .new: break
    case .same:
      verdict.outcome = .repeated
      log.note(Finding(.S24, .info))
    case .other: log.note(Finding(.A11, .error))
    }
    return verdict
  }

  private typealias Identity = (key: [UInt8], month: CivilDate?, facility: [UInt8])

  /// Asks the rules of the schema, and who the dossier is.
  private mutating func evaluate(_ dossier: Dossier, _ schema: SchemaRulings) -> Identity {
    let visit = Visit(
      dossier: dossier, columns: schema.columns, statedFacility: statedFacility(), receivedAt: receivedAt)
    if let admitted = visit.facts.admitted { lastAdmitted = max(lastAdmitted ?? admitted, admitted) }
    // what a table that cannot be read lacks is no mistake of the others: presence, sums and comparisons are left to the next delivery
    let lacksTable = dossier.findings.contains { $0.code == .A03 }
    for rule in schema.rules where !(lacksTable && Judge.isAcrossTables(rule.code)) {
      rule.evaluate(visit, &log)
    }
    var identity: Identity
    if schema.identity != nil {
      identity = plainIdentity(dossier, schema)
    } else {
      (identity.key, identity.month) = self.identity(visit, schema.keys)
      identity.facility = []
    }
    for field in schema.keys.facilities where !visit.isBlank(field) {
      identity.facility = Array(visit.text[visit.range(field)])
    }
    return identity
  }

  /// What a feed by definition says: the key, the month of the first date that is filled, and the facility.
  private func plainIdentity(_ dossier: Dossier, _ schema: SchemaRulings) -> Identity {
    guard let identity = schema.identity else { return ([], nil, []) }
    let text = dossier.text
    let keyRange = dossier.range(identity.key.table, identity.key.column)
    var key = Array(text[keyRange])
    if !Text.isSurelyComposed(key.span) { key = Text.composed(key.span) }
    var month: CivilDate?
    for (field, isDay) in identity.careDates where month == nil {
      let value = dossier.value(field.table, field.column)
      guard CellValue.isValue(value) else { continue }
      let day =
        isDay
        ? CivilDate(daysSinceEpoch: Int32(truncatingIfNeeded: value)) : CivilMinute(minutesSinceEpoch: value).day
      month = day.firstOfMonth
    }
    let facility = identity.facility.map { Array(text[dossier.range($0.table, $0.column)]) } ?? []
    return (key.count <= Judge.longestKey ? key : [], month, facility)
  }

  /// T34: a value that an earlier row of the delivery has. A row that joins several dossiers is one row.
  private mutating func checkUniques(_ dossier: Dossier, _ uniques: [Field]) {
    for field in uniques {
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

  /// The longest key that is taken as one, in bytes: the decisions allow 100 characters.
  private static let longestKey = 400

  private func identity(_ visit: borrowing Visit, _ keys: SchemaRulings.Keys) -> (key: [UInt8], month: CivilDate?) {
    let (key, month) = statedIdentity(visit, keys)
    return (key.count <= Judge.longestKey ? key : [], month)
  }

  private func statedIdentity(_ visit: borrowing Visit, _ keys: SchemaRulings.Keys) -> (key: [UInt8], month: CivilDate?)
  {
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
}

/// The dossiers of a delivery so far: of each, eight bytes that stand for its key, and eight that stand for its content.
private struct SeenDossiers {
  enum Answer {
    case new
    case same
    case other
  }

  private struct Slot {
    /// 0: free.
    var key: UInt64 = 0
    var content: UInt64 = 0
  }

  /// A power of two of them, at most three quarters taken.
  private var slots = [Slot](repeating: Slot(), count: 1 << 10)
  private var bits: UInt64 = 10
  private var count = 0
  /// Differs from file to file, so that no file can be made to collide.
  private let factor = UInt64.random(in: .min ... .max) | 1

  /// Remembers the content of a key, and says what was remembered of the key before.
  mutating func insert(_ key: [UInt8], of kind: Dossier.Kind, content: UInt64) -> Answer {
    let number = max(self.number(key, of: kind), 1)
    let slot = place(number)
    if slots[slot].key == number {
      defer { slots[slot].content = content }
      return slots[slot].content == content ? .same : .other
    }
    slots[slot] = Slot(key: number, content: content)
    count += 1
    if count * 4 > slots.count * 3 { grow() }
    return .new
  }

  /// Where a key stands, or where there is room for it.
  private func place(_ number: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: (number &* factor) &>> (64 &- bits))
    while slots[slot].key != 0, slots[slot].key != number { slot = (slot &+ 1) & (slots.count &- 1) }
    return slot
  }

  private mutating func grow() {
    bits += 1
    var old = [Slot](repeating: Slot(), count: slots.count * 2)
    swap(&old, &slots)
    for taken in old where taken.key != 0 { slots[place(taken.key)] = taken }
  }

  /// Eight bytes that stand for a key of a kind of dossiers.
  private func number(_ bytes: [UInt8], of kind: Dossier.Kind) -> UInt64 {
    let ofKind: UInt64 =
      switch kind {
      case .visit: 0
      case .checkIn: 0x9E37_79B9_7F4A_7C15
      case .assessment: 0xC2B2_AE3D_27D4_EB4F
      }
    var number = ShortHash(seed: factor ^ ofKind)
    unsafe bytes.withUnsafeBytes { unsafe number.add($0) }
    return number.value
  }
}
