/// The type of a column of the common schema; the raw value is its spelling in SQL.
package enum ColumnType: String, Sendable, Hashable, CaseIterable {
  case text
  case bigint
  case integer
  case date
  case timestamptz
  case numeric = "numeric(18,4)"
  case textArray = "text[]"
  case dateArray = "date[]"
  case numericArray = "numeric(18,4)[]"
  case jsonb
}

/// One column of an entity.
package struct EntityColumn: Sendable {
  package var name: String
  package var type: ColumnType
  package var isRequired: Bool
  /// Vietnamese.
  package var title: String
  package var summary: String
  package var unit: String?

  package init(
    name: String, type: ColumnType, isRequired: Bool = false, title: String = "", summary: String = "",
    unit: String? = nil
  ) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
    self.title = title
    self.summary = summary
    self.unit = unit
  }
}

/// One row set of the common schema (`medication`).
package struct Entity: Sendable {
  package enum Kind: String, Sendable {
    /// Rows of a visit, partitioned by month of care.
    case visit
    /// One row a thing, kept beside the visits (facilities, practitioners).
    case registry
  }
  package let name: String
  package var title: String
  package var summary: String
  package var kind: Kind
  package var isRestricted: Bool
  package var primaryKey: [String]
  package let columns: [EntityColumn]
  /// The statement that takes rows of this entity in binary form. Names come from reviewed definitions, never from input.
  package let copyStatement: String

  package init(
    name: String, title: String = "", summary: String = "", kind: Kind = .visit, isRestricted: Bool = false,
    primaryKey: [String] = [], columns: [EntityColumn]
  ) {
    self.name = name
    self.title = title
    self.summary = summary
    self.kind = kind
    self.isRestricted = isRestricted
    self.primaryKey = primaryKey
    self.columns = columns
    let names = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
    copyStatement = "COPY health.\"\(name)\" (\(names)) FROM STDIN (FORMAT binary)"
  }

  package func column(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }

  /// The columns that the loader fills itself, first in every visit entity and in this order.
  package static let loaderColumns = [
    "encounter_key", "care_month", "facility_code", "row_number", "file_id", "dossier_number",
  ]
}

/// The entities of PostgreSQL schema `health`, in a fixed order that everything numbers them by.
package struct CommonSchema: Sendable {
  package let entities: [Entity]

  package init(entities: [Entity]) { self.entities = entities }

  package func entity(_ name: String) -> Int? { entities.firstIndex { $0.name == name } }
}
