internal import Foundation
internal import Records

/// What changed from one state of the definitions to the next, and whom it breaks.
///
/// A change breaks **senders** when a record that was right before may now be wrong. It breaks **readers** when a program written for the
/// old state may now meet what it cannot know: a field that is gone, another type or format, a blank where there was none, a new code.
package struct SchemaDiff: Sendable, Encodable {
  package enum Effect: String, Sendable, Hashable, Codable {
    case compatible
    case breaking
  }

  package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case tableAdded, tableRemoved, elementChanged
    case fieldAddedOptional, fieldAddedRequired, fieldRemoved, fieldRenamed, fieldsReordered
    case typeWidened, typeNarrowed, typeChanged, formatChanged, unitChanged
    case lengthRaised, lengthLowered, scaleRaised, scaleLowered
    case requiredSet, requiredUnset, conditionAdded, conditionChanged, conditionRemoved
    case enumGrown, enumShrunk, codeListGrown, codeListShrunk, codeListAdded, codeListRemoved, codeListChanged
    case patternAdded, patternRemoved, patternChanged
    case rangeWidened, rangeNarrowed
    case uniqueSet, uniqueUnset, keyChanged, referenceAdded, referenceRemoved
    case missingValuesChanged, copyAdded, copyRemoved, restrictionSet, restrictionUnset
    case textOnly

    /// What it means for those who read the data.
    package var readers: Effect {
      switch self {
      case .tableRemoved, .fieldRemoved, .fieldRenamed, .typeWidened, .typeChanged, .formatChanged, .unitChanged,
        .requiredUnset, .enumGrown, .codeListGrown, .codeListRemoved, .codeListChanged, .patternRemoved,
        .patternChanged, .uniqueUnset, .keyChanged, .referenceRemoved, .copyRemoved, .restrictionSet:
        .breaking
      default: .compatible
      }
    }

    /// What it means for those who send it.
    package var senders: Effect {
      switch self {
      case .tableRemoved, .elementChanged, .fieldAddedRequired, .typeNarrowed, .typeChanged, .formatChanged,
        .unitChanged, .lengthLowered, .requiredSet, .conditionAdded, .conditionChanged, .enumShrunk, .codeListShrunk,
        .codeListAdded, .codeListChanged, .patternAdded, .patternChanged, .rangeNarrowed, .uniqueSet, .keyChanged,
        .referenceAdded, .missingValuesChanged, .copyAdded:
        .breaking
      default: .compatible
      }
    }
  }

  package struct Change: Sendable, Encodable {
    package var schema: String
    package var table: String
    package var field: String?
    package var kind: Kind
    package var from: String?
    package var to: String?
    package var readers: Effect
    package var senders: Effect
    /// Feeds of either state whose mapping uses it.
    package var feeds: [String]

    package var isBreaking: Bool { readers == .breaking || senders == .breaking }
    package var place: String { "\(schema)/\(table)" + (field.map { ".\($0)" } ?? "") }
  }

  package private(set) var changes: [Change] = []
  private let before: SchemaFolder
  private let after: SchemaFolder

  private enum CodingKeys: String, CodingKey { case changes }

  package init(_ before: SchemaFolder, _ after: SchemaFolder) {
    (self.before, self.after) = (before, after)
    var pairs: [(name: String, old: SchemaSet, new: SchemaSet)] = []
    if before.sets.count == 1 && after.sets.count == 1 {
      // two folders that are compared as they are, whatever they are called
      pairs = [(after.sets[0].name, before.sets[0], after.sets[0])]
    } else {
      for name in Set(before.sets.map(\.name)).union(after.sets.map(\.name)).sorted() {
        pairs.append(
          (
            name, before.set(name) ?? SchemaSet(name: name, tables: []),
            after.set(name) ?? SchemaSet(name: name, tables: [])
          ))
      }
    }
    for pair in pairs { compare(pair.old.tables, pair.new.tables, pair.name) }
    compare(before.common, after.common, "common")
  }

  package var effect: (readers: Effect, senders: Effect) {
    (
      changes.contains { $0.readers == .breaking } ? .breaking : .compatible,
      changes.contains { $0.senders == .breaking } ? .breaking : .compatible
    )
  }

  // MARK: notes

  private mutating func note(
    _ kind: Kind, _ schema: String, _ table: String, _ field: String? = nil, from: String? = nil, to: String? = nil,
    others: [String] = [], senders: Effect? = nil
  ) {
    changes.append(
      Change(
        schema: schema, table: table, field: field, kind: kind, from: from, to: to, readers: kind.readers,
        senders: senders ?? kind.senders, feeds: feeds(schema, table, ([field].compactMap { $0 } + others))))
  }

  private func feeds(_ schema: String, _ table: String, _ fields: [String]) -> [String] {
    var names: Set<String> = []
    for feed in before.feeds + after.feeds {
      let isTouched: Bool
      if schema == "common" {
        isTouched = fields.isEmpty ? feed.fills(table, nil) : fields.contains { feed.fills(table, $0) }
      } else if feed.source != schema && !(before.set(feed.source) == nil && after.set(feed.source) == nil) {
        isTouched = false
      } else {
        isTouched = fields.isEmpty ? feed.uses(table: table) : fields.contains { feed.uses(table, $0) }
      }
      if isTouched { names.insert(feed.name) }
    }
    return names.sorted()
  }

  // MARK: tables

  private mutating func compare(_ old: [SchemaTable], _ new: [SchemaTable], _ schema: String) {
    for table in old where !new.contains(where: { $0.name == table.name }) {
      note(.tableRemoved, schema, table.name)
    }
    for table in new {
      guard let former = old.first(where: { $0.name == table.name }) else {
        note(.tableAdded, schema, table.name)
        continue
      }
      compare(former, table, schema)
    }
  }

  private mutating func compare(_ old: SchemaTable, _ new: SchemaTable, _ schema: String) {
    let name = new.name
    if old.elements != new.elements {
      func text(_ elements: SchemaTable.Elements?) -> String {
        [elements?.root, elements?.list, elements?.row].compactMap { $0 }.joined(separator: "/")
          + (elements?.hasManyRows ?? false ? " (many)" : "")
      }
      note(.elementChanged, schema, name, from: text(old.elements), to: text(new.elements))
    }
    if old.primaryKey != new.primaryKey {
      note(
        .keyChanged, schema, name, from: old.primaryKey.joined(separator: ", "),
        to: new.primaryKey.joined(separator: ", "))
    }
    for reference in old.foreignKeys where !new.foreignKeys.contains(reference) {
      note(.referenceRemoved, schema, name, reference.fields.first, from: reference.description)
    }
    for reference in new.foreignKeys where !old.foreignKeys.contains(reference) {
      note(.referenceAdded, schema, name, reference.fields.first, to: reference.description)
    }
    if Set(old.missingValues ?? [""]) != Set(new.missingValues ?? [""]) {
      note(
        .missingValuesChanged, schema, name, from: Self.quoted(old.missingValues ?? [""]),
        to: Self.quoted(new.missingValues ?? [""]))
    }
    if old.isRestricted != new.isRestricted {
      note(new.isRestricted ? .restrictionSet : .restrictionUnset, schema, name)
    }
    if old.title != new.title || old.summary != new.summary { note(.textOnly, schema, name) }
    compareFields(old, new, schema)
  }

  private mutating func compareFields(_ old: SchemaTable, _ new: SchemaTable, _ schema: String) {
    // a field that is gone and that a new one calls its former name was renamed
    var renamed: [String: String] = [:]
    for field in new.fields where old.field(field.name) == nil {
      if let former = field.formerName, old.field(former) != nil, new.field(former) == nil {
        renamed[former] = field.name
        note(.fieldRenamed, schema, new.name, field.name, from: former, to: field.name, others: [former])
      } else if field.isRequired {
        note(.fieldAddedRequired, schema, new.name, field.name)
      } else {
        note(.fieldAddedOptional, schema, new.name, field.name)
      }
    }
    for field in old.fields where new.field(field.name) == nil && renamed[field.name] == nil {
      note(.fieldRemoved, schema, old.name, field.name)
    }
    let order = old.fields.map { renamed[$0.name] ?? $0.name }.filter { new.field($0) != nil }
    let orderNow = new.fields.map(\.name).filter { order.contains($0) }
    if order != orderNow {
      let first = zip(order, orderNow).first { $0 != $1 }
      let users = before.feeds + after.feeds
      let isRead = users.contains { $0.source == schema && $0.readsByPosition }
      note(
        .fieldsReordered, schema, new.name, from: first?.0, to: first?.1, senders: isRead ? .breaking : .compatible)
    }
    for field in old.fields {
      guard let now = new.field(renamed[field.name] ?? field.name) else { continue }
      compare(field, now, new.name, schema)
    }
  }

  // MARK: fields

  private mutating func compare(_ old: SchemaField, _ new: SchemaField, _ table: String, _ schema: String) {
    var found: [(kind: Kind, from: String?, to: String?)] = []
    func limit(_ value: Int?) -> String { value.map(String.init) ?? "unbounded" }
    func one(_ kind: Kind, _ from: String? = nil, _ to: String? = nil) {
      found.append((kind, from, to))
    }
    if old.typeName != new.typeName || old.type != new.type {
      one(Self.step(from: old, to: new), old.typeName, new.typeName)
    } else if old.format != new.format || old.decimalChar != new.decimalChar || old.groupChar != new.groupChar
      || old.separator != new.separator || old.bareNumber != new.bareNumber || old.trueValues != new.trueValues
      || old.falseValues != new.falseValues
    {
      one(.formatChanged, Self.form(old), Self.form(new))
    }
    if old.unit != new.unit { one(.unitChanged, old.unit ?? "none", new.unit ?? "none") }
    if old.length != new.length {
      one(
        (new.length ?? .max) > (old.length ?? .max) ? .lengthRaised : .lengthLowered, limit(old.length),
        limit(new.length))
    }
    if old.minLength ?? 0 != new.minLength ?? 0 {
      one(
        (new.minLength ?? 0) > (old.minLength ?? 0) ? .lengthLowered : .lengthRaised,
        "at least \(old.minLength ?? 0)", "at least \(new.minLength ?? 0)")
    }
    if old.scale ?? 4 != new.scale ?? 4 {
      one((new.scale ?? 4) > (old.scale ?? 4) ? .scaleRaised : .scaleLowered, limit(old.scale), limit(new.scale))
    }
    if old.isRequired != new.isRequired { one(new.isRequired ? .requiredSet : .requiredUnset) }
    switch (old.requiredWhen.check, new.requiredWhen.check) {
    case (nil, let now?): one(.conditionAdded, nil, now)
    case (let then?, nil): one(.conditionRemoved, then, nil)
    case (let then, let now) where then != now: one(.conditionChanged, then, now)
    default: break
    }
    if old.enumeration.isEmpty != new.enumeration.isEmpty {
      // a set of values where there was none is the narrowest change of all
      one(new.enumeration.isEmpty ? .enumGrown : .enumShrunk, Self.short(old.enumeration), Self.short(new.enumeration))
    } else {
      sets(old.enumeration, new.enumeration, .enumGrown, .enumShrunk, one)
    }
    codes(old, new, one)
    switch (old.pattern, new.pattern) {
    case (nil, let now?): one(.patternAdded, nil, now)
    case (let then?, nil): one(.patternRemoved, then, nil)
    case (let then, let now) where then != now: one(.patternChanged, then, now)
    default: break
    }
    range(old, new, one)
    if old.isUnique != new.isUnique { one(new.isUnique ? .uniqueSet : .uniqueUnset) }
    if old.missingValues != new.missingValues {
      one(.missingValuesChanged, old.missingValues.map(Self.quoted), new.missingValues.map(Self.quoted))
    }
    if old.mustEqual != new.mustEqual {
      if let then = old.mustEqual { one(.copyRemoved, then, nil) }
      if let now = new.mustEqual { one(.copyAdded, nil, now) }
    }
    if old.isRestricted != new.isRestricted { one(new.isRestricted ? .restrictionSet : .restrictionUnset) }
    if found.isEmpty && Self.words(old) != Self.words(new) { one(.textOnly) }
    for change in found {
      note(change.kind, schema, table, new.name, from: change.from, to: change.to, others: [old.name])
    }
  }

  /// What only people read.
  private static func words(_ field: SchemaField) -> [String] {
    [
      field.title, field.summary, field.requiredWhen.text ?? "", field.decisionType ?? "", field.since ?? "",
      field.warnAboveLength.map(String.init) ?? "",
    ] + field.source + field.history + field.amendments + field.doubts + field.provenance
  }

  private func sets(
    _ old: [String], _ new: [String], _ grown: Kind, _ shrunk: Kind, _ one: (Kind, String?, String?) -> Void
  ) {
    let (then, now) = (Set(old), Set(new))
    if !now.isSubset(of: then) { one(grown, nil, Self.short(new.filter { !then.contains($0) })) }
    if !then.isSubset(of: now) { one(shrunk, Self.short(old.filter { !now.contains($0) }), nil) }
  }

  private func codes(_ old: SchemaField, _ new: SchemaField, _ one: (Kind, String?, String?) -> Void) {
    let then = old.codeList ?? old.catalogue.map { "catalogue \($0)" }
    let now = new.codeList ?? new.catalogue.map { "catalogue \($0)" }
    guard then == now else {
      one(then == nil ? .codeListAdded : now == nil ? .codeListRemoved : .codeListChanged, then, now)
      return
    }
    guard let name = old.codeList, let former = before.codeLists[name], let today = after.codeLists[name] else {
      return
    }
    // a code counts as there while one of its rows has no last day
    func current(_ list: CodeListFile) -> [String] {
      let open = Set(list.values.filter(\.validTo.isEmpty).map(\.code))
      return list.codes.filter { open.contains($0) }
    }
    sets(current(former), current(today), .codeListGrown, .codeListShrunk, one)
    if former.pattern != today.pattern { one(.patternChanged, former.pattern, today.pattern) }
  }

  private func range(_ old: SchemaField, _ new: SchemaField, _ one: (Kind, String?, String?) -> Void) {
    /// Whether the limit moved so that less fits; numbers by their size, dates (which are ISO) by their letters.
    func isTighter(_ then: String?, _ now: String?, _ lower: Bool) -> Bool {
      guard let now else { return false }
      guard let then else { return true }
      if let a = Double(then), let b = Double(now) { return lower ? b > a : b < a }
      return lower ? now > then : now < then
    }
    for (then, now, lower, word) in [
      (old.minimum, new.minimum, true, "from "), (old.maximum, new.maximum, false, "to "),
      (old.exclusiveMinimum, new.exclusiveMinimum, true, "above "),
      (old.exclusiveMaximum, new.exclusiveMaximum, false, "below "),
    ] where then != now {
      one(
        isTighter(then, now, lower) ? .rangeNarrowed : .rangeWidened, word + (then ?? "unbounded"),
        word + (now ?? "unbounded"))
    }
  }

  /// Widened: every value of before is one of now. Narrowed: the other way round.
  private static func step(from old: SchemaField, to new: SchemaField) -> Kind {
    if fits(old, into: new) { return .typeWidened }
    if fits(new, into: old) { return .typeNarrowed }
    return .typeChanged
  }

  private static func fits(_ small: SchemaField, into large: SchemaField) -> Bool {
    if let a = small.sql, let b = large.sql {
      return (a == "integer" && (b == "bigint" || b == "numeric(18,4)")) || b == "text"
    }
    let (a, b) = (small.kind, large.kind)
    // the other keys of a type (its format) must not differ either, except where the larger one is plain text
    switch (a, b) {
    case (_, .string) where large.type == "string": return small.type != "string" || a != .string
    case (.integer, .decimal) where small.type == "integer": return true
    case (.code, .codeList), (.date, .dateList), (.decimal, .decimalList), (.integer, .decimalList),
      (.string, .stringList), (.code, .stringList), (.codeList, .stringList), (.date, .dateOrDatetime),
      (.datetime, .dateOrDatetime), (.datetime, .birthDatetime):
      return true
    default: return small.type == "year" && large.type == "integer"
    }
  }

  private static func form(_ field: SchemaField) -> String {
    var parts = [field.format ?? "default"]
    if let text = field.decimalChar { parts.append("decimalChar \(text)") }
    if let text = field.groupChar { parts.append("groupChar \(text)") }
    if let text = field.separator { parts.append("separator \(text)") }
    if field.bareNumber == false { parts.append("with unit text") }
    if !field.trueValues.isEmpty { parts.append("true: \(short(field.trueValues))") }
    if !field.falseValues.isEmpty { parts.append("false: \(short(field.falseValues))") }
    return parts.joined(separator: ", ")
  }

  private static func quoted(_ values: [String]) -> String { values.map { "«\($0)»" }.joined(separator: ", ") }

  private static func short(_ values: [String]) -> String {
    values.isEmpty
      ? "any" : values.prefix(12).joined(separator: ", ") + (values.count > 12 ? " … (\(values.count))" : "")
  }
}

extension SchemaDiff.Kind {
  /// The kind as people read it.
  package var words: String {
    switch self {
    case .tableAdded: "table added"
    case .tableRemoved: "table removed"
    case .elementChanged: "XML elements changed"
    case .fieldAddedOptional: "optional field added"
    case .fieldAddedRequired: "required field added"
    case .fieldRemoved: "field removed"
    case .fieldRenamed: "field renamed"
    case .fieldsReordered: "fields in another order"
    case .typeWidened: "type widened"
    case .typeNarrowed: "type narrowed"
    case .typeChanged: "type changed"
    case .formatChanged: "format changed"
    case .unitChanged: "unit changed"
    case .lengthRaised: "length raised"
    case .lengthLowered: "length lowered"
    case .scaleRaised: "more decimals"
    case .scaleLowered: "fewer decimals"
    case .requiredSet: "now required"
    case .requiredUnset: "no longer required"
    case .conditionAdded: "required under a condition"
    case .conditionChanged: "condition changed"
    case .conditionRemoved: "condition gone"
    case .enumGrown: "values added"
    case .enumShrunk: "values gone"
    case .codeListGrown: "codes added"
    case .codeListShrunk: "codes gone"
    case .codeListAdded: "code list set"
    case .codeListRemoved: "code list gone"
    case .codeListChanged: "other code list"
    case .patternAdded: "pattern set"
    case .patternRemoved: "pattern gone"
    case .patternChanged: "pattern changed"
    case .rangeWidened: "range widened"
    case .rangeNarrowed: "range narrowed"
    case .uniqueSet: "now unique"
    case .uniqueUnset: "no longer unique"
    case .keyChanged: "key changed"
    case .referenceAdded: "reference added"
    case .referenceRemoved: "reference gone"
    case .missingValuesChanged: "missing values changed"
    case .copyAdded: "must equal another field"
    case .copyRemoved: "need not equal another field"
    case .restrictionSet: "now restricted"
    case .restrictionUnset: "no longer restricted"
    case .textOnly: "texts only"
    }
  }
}
