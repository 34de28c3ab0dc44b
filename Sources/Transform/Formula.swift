package import Records

/// A function of the mapping language, as its definition says it: what it takes stands inside of it.
package struct Formula: Sendable, Hashable {
  package indirect enum Kind: Sendable, Hashable {
    case field(String)
    case constant(String)
    case trim(Formula)
    case upper(Formula)
    case lower(Formula)
    case nfc(Formula)
    case replace(Formula, from: String, to: String)
    case match(Formula, pattern: String, group: Int)
    /// Part `part` from 1; negative ones count from the end.
    case split(Formula, by: String, part: Int)
    /// The filled ones, with something between them.
    case join([Formula], with: String)
    /// All of them; blank when one is.
    case concat([Formula])
    /// From character `from` (1 is the first; negative ones count from the end).
    case substring(Formula, from: Int, length: Int?)
    /// `list`: name of a code list with a column `to`.
    case lookup(Formula, list: String, fallback: Fallback)
    case number(Formula, decimalMark: UInt8, groupMark: [UInt8])
    case date(Formula, formats: [String])
    case arithmetic(Operation, [Formula])
    case coalesce([Formula])
    case choose([Condition], then: Formula, otherwise: Formula?)
    case surrogate([Formula], prefix: String)
    /// The field `take` of the row of another table whose key (`on`) is what the expression gives.
    case reference(Formula, table: String, on: String?, take: String)
  }

  package enum Operation: String, Sendable, Hashable, CaseIterable {
    case add
    case subtract
    case multiply
    case divide
  }

  /// What a code that stands in no list becomes.
  package enum Fallback: Sendable, Hashable {
    /// A finding, and nothing in the column.
    case finding
    case text(String)
    case keep
  }

  package var kind: Kind
  package var place: Place?

  package init(_ kind: Kind, place: Place? = nil) { (self.kind, self.place) = (kind, place) }

  /// What it takes.
  package var inputs: [Formula] {
    switch kind {
    case .field, .constant: []
    case .trim(let x), .upper(let x), .lower(let x), .nfc(let x), .replace(let x, _, _), .match(let x, _, _),
      .split(let x, _, _), .substring(let x, _, _), .lookup(let x, _, _), .number(let x, _, _), .date(let x, _),
      .reference(let x, _, _, _):
      [x]
    case .join(let all, _), .concat(let all), .arithmetic(_, let all), .coalesce(let all), .surrogate(let all, _): all
    case .choose(_, let then, let otherwise): [then] + (otherwise.map { [$0] } ?? [])
    }
  }

  /// Whether both say the same, wherever they stand.
  func isSame(as other: Formula) -> Bool { bare == other.bare }

  /// Without places.
  private var bare: Formula {
    func b(_ all: [Formula]) -> [Formula] { all.map(\.bare) }
    switch kind {
    case .field, .constant: return Formula(kind)
    case .trim(let x): return Formula(.trim(x.bare))
    case .upper(let x): return Formula(.upper(x.bare))
    case .lower(let x): return Formula(.lower(x.bare))
    case .nfc(let x): return Formula(.nfc(x.bare))
    case .replace(let x, let from, let to): return Formula(.replace(x.bare, from: from, to: to))
    case .match(let x, let pattern, let group): return Formula(.match(x.bare, pattern: pattern, group: group))
    case .split(let x, let by, let part): return Formula(.split(x.bare, by: by, part: part))
    case .join(let all, let with): return Formula(.join(b(all), with: with))
    case .concat(let all): return Formula(.concat(b(all)))
    case .substring(let x, let from, let length): return Formula(.substring(x.bare, from: from, length: length))
    case .lookup(let x, let list, let fallback): return Formula(.lookup(x.bare, list: list, fallback: fallback))
    case .number(let x, let mark, let group): return Formula(.number(x.bare, decimalMark: mark, groupMark: group))
    case .date(let x, let formats): return Formula(.date(x.bare, formats: formats))
    case .arithmetic(let operation, let all): return Formula(.arithmetic(operation, b(all)))
    case .coalesce(let all): return Formula(.coalesce(b(all)))
    case .choose(let conditions, let then, let otherwise):
      return Formula(.choose(conditions, then: then.bare, otherwise: otherwise?.bare))
    case .surrogate(let all, let prefix): return Formula(.surrogate(b(all), prefix: prefix))
    case .reference(let x, let table, let on, let take):
      return Formula(.reference(x.bare, table: table, on: on, take: take))
    }
  }
}
