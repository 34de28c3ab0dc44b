internal import Bytes
internal import CommonSchema
internal import Records
internal import Transform

/// A feed's compiled mapping in words.
package struct FeedExplanation: Sendable, Codable {
  package struct Column: Sendable, Codable {
    package var column: String
    package var type: String
    /// Where it comes from, from the source field on.
    package var from: String
  }
  package struct RowSet: Sendable, Codable {
    package var entity: String
    package var table: String
    package var only: String?
    package var columns: [Column]
    /// Fields that stand in `extra`.
    package var extra: [String]
    /// Columns of the entity that nothing fills.
    package var empty: [String]
  }
  package var feed: String
  package var title: String
  package var reader: String
  package var key: String?
  package var careDate: String?
  package var facility: String?
  package var rowSets: [RowSet]
  /// Tables that no row set takes: read for references only, and kept as delivered.
  package var unmapped: [String]
  /// Lists that functions translate by, as files of `Schemas/codes`.
  package var lists: [String]
}

extension Definitions {
  /// The feed's mapping in words; nil when it has faults.
  package func explanation(of feed: Feed) -> FeedExplanation? {
    guard let plan = plans[feed.name] else { return nil }
    var sets: [FeedExplanation.RowSet] = []
    for (number, set) in feed.mapping.rowSets.enumerated() {
      guard let entity = common.entity(set.entity).map({ common.entities[$0] }) else { continue }
      var columns: [FeedExplanation.Column] = []
      for (name, source) in set.columns {
        guard let column = entity.column(name) else { continue }
        columns.append(
          FeedExplanation.Column(
            column: name, type: entity.columns[column].type.rawValue, from: Definitions.words(source)))
      }
      let filled = Set(columns.map(\.column) + Entity.loaderColumns + ["extra"])
      let filters =
        set.when.map { "\($0.field) is \($0.codes.joined(separator: " or "))" }
        + set.unless.map { "\($0.field) is not \($0.codes.joined(separator: " or "))" }
        + (set.each.isEmpty ? [] : ["one row for each part of \(set.each.joined(separator: ", "))"])
      // what is left over of a record stays with the first row set that takes it whole
      let keepsRest =
        set.each.isEmpty
        && !feed.mapping.rowSets[..<number].contains {
          $0.table == set.table && $0.each.isEmpty && $0.when.isEmpty && $0.unless.isEmpty
        }
      sets.append(
        FeedExplanation.RowSet(
          entity: set.entity, table: set.table, only: filters.isEmpty ? nil : filters.joined(separator: "; "),
          columns: columns, extra: keepsRest ? plan.mapping.rowSets[number].extra : [],
          empty: entity.columns.map(\.name).filter { !filled.contains($0) }))
    }
    let taken = Set(feed.mapping.rowSets.map(\.table))
    return FeedExplanation(
      feed: feed.name, title: feed.title, reader: feed.reader,
      key: feed.dossier.map { "\($0.table): \(Definitions.words($0.key))" },
      careDate: feed.dossier.map { $0.careDates.map(Definitions.words).joined(separator: ", else ") },
      facility: feed.dossier?.facility.map(Definitions.words), rowSets: sets,
      unmapped: plan.schema.tables.map(\.name).filter { !taken.contains($0) }, lists: feed.lists)
  }

  private static func words(_ source: Mapping.Source) -> String {
    switch source {
    case .field(let name): name
    case .constant(let text): "always «\(text)»"
    case .birthDate(let name): "\(name) → day of birth"
    case .birthPrecision(let name): "\(name) → how exactly it is known"
    case .birthMoment(let name): "\(name) → moment of birth, when known to the minute"
    case .function(let formula): words(formula)
    case .birth(.date, let formula): "\(words(formula)) → day of birth"
    case .birth(.precision, let formula): "\(words(formula)) → how exactly it is known"
    case .birth(.moment, let formula): "\(words(formula)) → moment of birth, when known to the minute"
    }
  }

  private static func words(_ formula: Formula) -> String {
    func list(_ all: [Formula]) -> String { all.map { inner($0) }.joined(separator: ", ") }
    func inner(_ formula: Formula) -> String {
      formula.inputs.isEmpty ? words(formula) : "(\(words(formula)))"
    }
    switch formula.kind {
    case .field(let name): return name
    case .constant(let text): return "«\(text)»"
    case .trim(let x): return "\(words(x)) → without blanks at its ends"
    case .upper(let x): return "\(words(x)) → in capitals"
    case .lower(let x): return "\(words(x)) → in small letters"
    case .nfc(let x): return "\(words(x)) → composed (NFC)"
    case .replace(let x, let from, let to): return "\(words(x)) → «\(from)» replaced by «\(to)»"
    case .match(let x, let pattern, let group): return "\(words(x)) → group \(group) of \(pattern)"
    case .split(let x, let by, let part):
      return "\(words(x)) → part \(part < 0 ? "\(-part) from the end" : "\(part)") between «\(by)»"
    case .join(let all, let with): return "\(list(all)) → those filled, joined by «\(with)»"
    case .concat(let all): return "\(list(all)) → one after the other"
    case .substring(let x, let from, let length):
      let place = from < 0 ? "\(-from) from the end" : "\(from)"
      return "\(words(x)) → from character \(place)" + (length.map { ", \($0) of them" } ?? "")
    case .lookup(let x, let list, let fallback):
      let rest =
        switch fallback {
        case .finding: "else a finding T40"
        case .text(let text): "else «\(text)»"
        case .keep: "else as sent"
        }
      return "\(words(x)) → by the list \(list), \(rest)"
    case .number(let x, let mark, let group):
      let groups = group.isEmpty ? "" : ", groups divided by «\(String(decoding: group, as: UTF8.self))»"
      return "\(words(x)) → number with decimals behind «\(Character(Unicode.Scalar(mark)))»\(groups)"
    case .date(let x, let formats):
      return formats.isEmpty ? "\(words(x)) → date" : "\(words(x)) → date written \(formats.joined(separator: " or "))"
    case .arithmetic(let operation, let all):
      let sign =
        switch operation {
        case .add: " + "
        case .subtract: " − "
        case .multiply: " × "
        case .divide: " ÷ "
        }
      return all.map { inner($0) }.joined(separator: sign)
    case .coalesce(let all): return "the first filled of \(list(all))"
    case .choose(let conditions, let then, let otherwise):
      return "when \(conditions.map(words).joined(separator: " and ")): \(inner(then)), else "
        + (otherwise.map { inner($0) } ?? "nothing")
    case .surrogate(let all, let prefix):
      return "\(list(all)) → keyed surrogate\(prefix.isEmpty ? "" : " «\(prefix)…»")"
    case .reference(let x, let table, let on, let take):
      return "\(words(x)) → \(take) of the row of \(table) with this \(on ?? "key")"
    }
  }

  private static func words(_ condition: Condition) -> String {
    let field = condition.table.map { "\($0).\(condition.field)" } ?? condition.field
    return switch condition.test {
    case .filled: "\(field) is filled"
    case .blank: "\(field) is blank"
    case .isIn(let codes): "\(field) is \(codes.joined(separator: " or "))"
    case .isNotIn(let codes): "\(field) is filled, and not \(codes.joined(separator: " or "))"
    }
  }
}
