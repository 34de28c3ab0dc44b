internal import Records

/// Tables in PostgreSQL's SQL: of a source schema, one to one, with what can be said as a constraint; of the common schema as the
/// migrations make it, without partitions.
package struct SQLExport {
  private let codes: [String: CodeListFile]

  package init(codes: [String: CodeListFile]) { self.codes = codes }

  package func source(_ set: SchemaSet) -> String {
    let schema = Self.name(set.name)
    var text = "-- Made by songhan schema export: the tables of \(set.name).\nCREATE SCHEMA IF NOT EXISTS \(schema);\n"
    for table in set.tables { text += "\n" + self.table(table, schema) }
    // references last, so that the order of tables does not matter
    for table in set.tables {
      for reference in table.foreignKeys {
        guard let target = set.table(reference.table), target.primaryKey == reference.tableFields else { continue }
        text += "\nALTER TABLE \(schema).\(Self.name(table.name)) ADD FOREIGN KEY (\(Self.names(reference.fields)))"
        text += " REFERENCES \(schema).\(Self.name(target.name)) (\(Self.names(reference.tableFields)));\n"
      }
    }
    return text
  }

  package func common(_ entities: [SchemaTable]) -> String {
    var text = "-- Made by songhan schema export: the common schema.\nCREATE SCHEMA IF NOT EXISTS health;\n"
    for entity in entities { text += "\n" + table(entity, "health") }
    return text
  }

  private func table(_ table: SchemaTable, _ schema: String) -> String {
    var lines: [String] = []
    // an empty cell is a null, so what a key names is there
    let keys = Set(table.primaryKey)
    for field in table.fields {
      var line = "  \(Self.name(field.name)) \(type(field))"
      if (field.isRequired && field.since == nil) || keys.contains(field.name) { line += " NOT NULL" }
      if field.isUnique && table.primaryKey != [field.name] { line += " UNIQUE" }
      for check in checks(field) { line += " CHECK (\(check))" }
      lines.append(line)
    }
    if !table.primaryKey.isEmpty { lines.append("  PRIMARY KEY (\(Self.names(table.primaryKey)))") }
    let name = "\(schema).\(Self.name(table.name))"
    var text = "CREATE TABLE \(name) (\n\(lines.joined(separator: ",\n"))\n);\n"
    text += "COMMENT ON TABLE \(name) IS \(Self.quoted(Self.comment(table.title, table.summary)));\n"
    for field in table.fields {
      var words = Self.comment(field.title, field.summary)
      if let unit = field.unit { words += " Unit \(unit)." }
      if !words.isEmpty { text += "COMMENT ON COLUMN \(name).\(Self.name(field.name)) IS \(Self.quoted(words));\n" }
    }
    return text
  }

  private func type(_ field: SchemaField) -> String {
    if let sql = field.sql { return sql }
    switch field.kind {
    case .integer: return "bigint"
    case .decimal: return "numeric(18,\(min(field.scale ?? 4, 10)))"
    case .date: return "date"
    case .datetime: return field.logical == nil ? "timestamp" : "timestamptz"
    case .dateList: return "date[]"
    case .decimalList: return "numeric(18,4)[]"
    case .codeList, .stringList: return "text[]"
    case .string where field.type == "boolean": return "boolean"
    // a birth date keeps its zeros
    case .string, .code, .birthDatetime, .dateOrDatetime: return "text"
    }
  }

  private func checks(_ field: SchemaField) -> [String] {
    guard field.sql == nil else { return [] }
    let column = Self.name(field.name)
    var result: [String] = []
    if type(field) == "text" {
      if let length = field.length { result.append("char_length(\(column)) <= \(length)") }
      if let length = field.minLength { result.append("char_length(\(column)) >= \(length)") }
      if let pattern = field.pattern { result.append("\(column) ~ \(Self.quoted("^(?:\(pattern))$"))") }
      if !field.enumeration.isEmpty {
        result.append("\(column) IN (\(field.enumeration.map(Self.quoted).joined(separator: ", ")))")
      }
    } else if !type(field).hasSuffix("]"), field.format ?? "default" == "default", field.decimalChar == nil {
      // bounds are written as the file writes its values: other formats are not PostgreSQL's
      for (limit, sign) in [
        (field.minimum, ">="), (field.maximum, "<="), (field.exclusiveMinimum, ">"), (field.exclusiveMaximum, "<"),
      ] {
        if let limit { result.append("\(column) \(sign) \(Self.quoted(limit))") }
      }
    }
    return result
  }

  private static func comment(_ title: String, _ summary: String) -> String {
    [title, summary].filter { !$0.isEmpty }.joined(separator: ": ")
  }

  private static func names(_ names: [String]) -> String { names.map(name).joined(separator: ", ") }

  private static func name(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}
