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
    /// What a function gives.
    case function(Formula)
    /// A part of the birth date that a function, or a field of a plain schema, gives.
    case birth(BirthPart, Formula)
  }

  package enum BirthPart: String, Sendable, Hashable {
    case date = "birthDate"
    case precision = "birthPrecision"
    case moment = "birthMoment"
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
    /// Where it stands in the definition, and where each of its columns does.
    package var place: Place?
    package var places: [String: Place] = [:]

    package init(entity: String, table: String) {
      self.entity = entity
      self.table = table
    }
  }

  package var rowSets: [RowSet]

  package init(rowSets: [RowSet]) { self.rowSets = rowSets }
}

/// A place in a definition, from 1.
package struct Place: Sendable, Hashable {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) { (self.line, self.column) = (line, column) }
}

/// What tells one dossier of a tabular or XML-row feed from another, in the row of its root table.
package struct DossierKey: Sendable {
  package var table: String
  package var key: Mapping.Source
  /// The first filled one decides the month of care.
  package var careDates: [Mapping.Source]
  /// What the row itself says of its hospital.
  package var facility: Mapping.Source?
  package var place: Place?
  /// Where `key`, each of `careDates`, and `facility` stand.
  package var places: [Place?] = []

  package init(table: String, key: Mapping.Source, careDates: [Mapping.Source], facility: Mapping.Source? = nil) {
    (self.table, self.key, self.careDates, self.facility) = (table, key, careDates, facility)
  }
}

/// Something in a mapping that does not fit its schemas.
package struct MappingFault: Error, Sendable, Hashable {
  /// From 0; nil when no row set is meant.
  package var rowSet: Int?
  package var column: String?
  package var message: String
  package var mend: String?
  package var place: Place?

  package init(rowSet: Int? = nil, column: String? = nil, message: String, mend: String? = nil, place: Place? = nil) {
    self.rowSet = rowSet
    self.column = column
    self.message = message
    self.mend = mend
    self.place = place
  }
}

/// All that does not fit in a mapping.
package struct MappingFaults: Error, Sendable {
  package var faults: [MappingFault]

  package init(faults: [MappingFault]) { self.faults = faults }
}
