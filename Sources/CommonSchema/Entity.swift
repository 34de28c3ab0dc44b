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
  package var name: String
  package var title: String
  package var summary: String
  package var kind: Kind
  package var isRestricted: Bool
  package var primaryKey: [String]
  package var columns: [EntityColumn]

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
  }

  package func column(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }

  /// The columns that the loader fills itself, first in every visit entity and in this order.
  package static let loaderColumns = [
    "encounter_key", "care_month", "facility_code", "row_number", "file_id", "dossier_number",
  ]

  /// The statement that takes rows of this entity in binary form. Names come from reviewed definitions, never from input.
  package var copyStatement: String {
    let names = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
    return "COPY health.\"\(name)\" (\(names)) FROM STDIN (FORMAT binary)"
  }
}

/// The entities of PostgreSQL schema `health`, in a fixed order that everything numbers them by.
package struct CommonSchema: Sendable {
  package let entities: [Entity]

  package init(entities: [Entity]) { self.entities = entities }

  package func entity(_ name: String) -> Int? { entities.firstIndex { $0.name == name } }
}
