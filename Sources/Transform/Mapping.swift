/// The mapping of a feed as its definition says it: source tables to row sets of the common schema.
package struct Mapping: Sendable {
  /// Where one column of an entity comes from.
  package enum Source: Sendable, Hashable {
    /// A field of the source table, converted by the two types.
    case field(String)
    case constant(String)
    /// A birth date's day: 1 January when only the year is known.
    case birthDate(String)
    /// `year`, `day` or `minute`.
    case birthPrecision(String)
    /// A birth date's moment when it is known to the minute.
    case birthMoment(String)
  }

  /// Rows of one entity from the records of one table.
  package struct RowSet: Sendable {
    package var entity: String
    package var table: String
    /// Only records whose field has one of the codes.
    package var when: [(field: String, codes: [String])] = []
    /// Only records whose field has none of the codes.
    package var unless: [(field: String, codes: [String])] = []
    /// Lists walked together: one row for each place at which one of them is filled.
    package var each: [String] = []
    package var columns: [(name: String, source: Source)] = []
    /// Fields that go to the row's `extra` though the source schema knows them.
    package var extra: [String] = []

    package init(entity: String, table: String) {
      self.entity = entity
      self.table = table
    }
  }

  package var rowSets: [RowSet]

  package init(rowSets: [RowSet]) { self.rowSets = rowSets }
}

/// A mapping that does not fit its schemas; `path` says where in the definition.
package struct MappingFault: Error, Sendable, Hashable {
  package var rowSet: Int
  package var column: String?
  package var message: String

  package init(rowSet: Int, column: String?, message: String) {
    self.rowSet = rowSet
    self.column = column
    self.message = message
  }
}
