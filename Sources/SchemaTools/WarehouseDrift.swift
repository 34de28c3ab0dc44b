package import Postgres

/// The live warehouse against the common schema: tables, columns, types, what may be null, keys.
package enum WarehouseDrift {
  package enum Kind: String, Sendable, Hashable, Codable {
    case missingTable, extraTable, missingColumn, extraColumn, typeDiffers, requiredDiffers, keyDiffers
  }

  package struct Difference: Sendable, Hashable, Codable {
    package var kind: Kind
    package var table: String
    package var column: String?
    /// As `Schemas/common` has it.
    package var expected: String?
    /// As the warehouse has it.
    package var found: String?
  }

  private struct Column {
    var name: String
    var type: String
    var isRequired: Bool
  }

  /// Reads the catalogue of the server; nothing is changed.
  package static func examine(_ connection: Connection, _ common: [SchemaTable]) throws(ServerFailure) -> [Difference] {
    var tables: [String: [Column]] = [:]
    // partitions have the columns of their table
    let rows = try connection.execute(
      """
      SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE n.nspname = 'health' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      ORDER BY c.relname, a.attnum
      """)
    for row in 0..<rows.count {
      let table = rows.text(row, 0) ?? ""
      guard let name = rows.text(row, 1) else {
        tables[table] = []
        continue
      }
      tables[table, default: []].append(
        Column(name: name, type: plain(rows.text(row, 2) ?? ""), isRequired: rows.flag(row, 3) ?? false))
    }
    var keys: [String: [String]] = [:]
    let keyRows = try connection.execute(
      """
      SELECT c.relname, a.attname
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS u (number, position)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number
      WHERE n.nspname = 'health' AND k.contype = 'p' AND NOT c.relispartition
      ORDER BY c.relname, u.position
      """)
    for row in 0..<keyRows.count {
      keys[keyRows.text(row, 0) ?? "", default: []].append(keyRows.text(row, 1) ?? "")
    }
    return compare(tables, keys, common)
  }

  private static func compare(
    _ tables: [String: [Column]], _ keys: [String: [String]], _ common: [SchemaTable]
  ) -> [Difference] {
    var result: [Difference] = []
    for entity in common {
      guard let columns = tables[entity.name] else {
        result.append(Difference(kind: .missingTable, table: entity.name))
        continue
      }
      for field in entity.fields {
        guard let column = columns.first(where: { $0.name == field.name }) else {
          result.append(
            Difference(kind: .missingColumn, table: entity.name, column: field.name, expected: field.sql))
          continue
        }
        if column.type != field.sql {
          result.append(
            Difference(
              kind: .typeDiffers, table: entity.name, column: field.name, expected: field.sql, found: column.type))
        }
        let isRequired = field.isRequired || entity.primaryKey.contains(field.name)
        if column.isRequired != isRequired {
          result.append(
            Difference(
              kind: .requiredDiffers, table: entity.name, column: field.name,
              expected: isRequired ? "NOT NULL" : "null", found: column.isRequired ? "NOT NULL" : "null"))
        }
      }
      for column in columns where entity.field(column.name) == nil {
        result.append(
          Difference(kind: .extraColumn, table: entity.name, column: column.name, found: column.type))
      }
      let key = keys[entity.name] ?? []
      if key != entity.primaryKey {
        result.append(
          Difference(
            kind: .keyDiffers, table: entity.name, expected: entity.primaryKey.joined(separator: ", "),
            found: key.joined(separator: ", ")))
      }
    }
    for table in tables.keys.sorted() where !common.contains(where: { $0.name == table }) {
      result.append(Difference(kind: .extraTable, table: table))
    }
    return result
  }

  /// A type as the schema files write it.
  private static func plain(_ type: String) -> String {
    type.replacing("timestamp with time zone", with: "timestamptz")
  }
}

extension WarehouseDrift.Kind {
  package var words: String {
    switch self {
    case .missingTable: "table missing"
    case .extraTable: "table not described"
    case .missingColumn: "column missing"
    case .extraColumn: "column not described"
    case .typeDiffers: "another type"
    case .requiredDiffers: "null or not"
    case .keyDiffers: "another key"
    }
  }
}
