internal import Foundation
internal import Records

/// A Data Package (https://datapackage.org) of a source schema: one resource a table, and the code lists with their data.
package struct DataPackageExport {
  private let codes: [String: CodeListFile]

  package init(codes: [String: CodeListFile]) { self.codes = codes }

  /// The files of the package by their path in it; tables expect their rows in `data/<table>.csv`.
  package func files(_ set: SchemaSet) -> [(path: String, text: String)] {
    var files: [(path: String, text: String)] = []
    var resources: [JSONValue] = []
    for table in set.tables {
      let name = table.name.lowercased()
      files.append(("schemas/\(name).json", schema(table, in: set)))
      resources.append(
        .object([
          ("name", .text(name)), ("title", .text(table.title)), ("description", .text(table.summary)),
          ("type", .text("table")), ("path", .text("data/\(name).csv")), ("scheme", .text("file")),
          ("format", .text("csv")), ("mediatype", .text("text/csv")), ("encoding", .text("utf-8")),
          ("schema", .text("schemas/\(name).json")),
        ]))
    }
    let used = Set(set.tables.flatMap { $0.fields.compactMap(\.codeList) })
    for list in codes.values.sorted(by: { $0.name < $1.name }) where used.contains(list.name) && !list.values.isEmpty {
      let name = "codes-" + list.name.lowercased().replacing("_", with: "-")
      files.append(("codes/\(list.name).csv", Self.csv(list)))
      resources.append(
        .object([
          ("name", .text(name)), ("title", .text(list.name)), ("description", .text(list.source ?? "")),
          ("type", .text("table")), ("path", .text("codes/\(list.name).csv")), ("scheme", .text("file")),
          ("format", .text("csv")), ("mediatype", .text("text/csv")), ("encoding", .text("utf-8")),
          ("schema", Self.codeSchema),
        ]))
    }
    let package = JSONValue.object([
      ("$schema", .text("https://datapackage.org/profiles/2.0/datapackage.json")),
      ("name", .text(set.name.lowercased())), ("title", .text(set.name)), ("resources", .list(resources)),
    ])
    return [("datapackage.json", package.document)] + files
  }

  /// A Table Schema without our own keys.
  package func schema(_ table: SchemaTable, in set: SchemaSet) -> String {
    var pairs: [(String, JSONValue)] = [
      ("$schema", .text("https://datapackage.org/profiles/2.0/tableschema.json")),
      ("name", .text(table.name.lowercased())), ("title", .text(table.title)), ("description", .text(table.summary)),
      ("fields", .list(table.fields.map { .object(field($0)) })),
      ("missingValues", .texts(table.missingValues ?? [""])),
    ]
    if !table.primaryKey.isEmpty { pairs.append(("primaryKey", .texts(table.primaryKey))) }
    if !table.foreignKeys.isEmpty {
      let keys = table.foreignKeys.map { key in
        JSONValue.object([
          ("fields", .texts(key.fields)),
          (
            "reference",
            .object([
              ("resource", .text(key.table == table.name ? "" : key.table.lowercased())),
              ("fields", .texts(key.tableFields)),
            ])
          ),
        ])
      }
      pairs.append(("foreignKeys", .list(keys)))
    }
    return JSONValue.object(pairs).document
  }

  private func field(_ field: SchemaField) -> [(String, JSONValue)] {
    var pairs: [(String, JSONValue)] = [("name", .text(field.name)), ("type", .text(field.type))]
    if let format = field.format { pairs.append(("format", .text(format))) }
    pairs.append(("title", .text(field.title)))
    pairs.append(("description", .text(field.summary)))
    if let text = field.decimalChar { pairs.append(("decimalChar", .text(text))) }
    if let text = field.groupChar { pairs.append(("groupChar", .text(text))) }
    if let flag = field.bareNumber { pairs.append(("bareNumber", .flag(flag))) }
    if !field.trueValues.isEmpty { pairs.append(("trueValues", .texts(field.trueValues))) }
    if !field.falseValues.isEmpty { pairs.append(("falseValues", .texts(field.falseValues))) }
    var constraints: [(String, JSONValue)] = []
    if field.isRequired && field.since == nil { constraints.append(("required", .flag(true))) }
    if field.isUnique { constraints.append(("unique", .flag(true))) }
    if let length = field.minLength { constraints.append(("minLength", .integer(length))) }
    // the standard knows lengths of texts only
    if field.type == "string", let length = field.length { constraints.append(("maxLength", .integer(length))) }
    if let pattern = field.pattern { constraints.append(("pattern", .text(pattern))) }
    if let minimum = field.minimum { constraints.append(("minimum", Self.limit(minimum, field))) }
    if let maximum = field.maximum { constraints.append(("maximum", Self.limit(maximum, field))) }
    if let minimum = field.exclusiveMinimum { constraints.append(("exclusiveMinimum", Self.limit(minimum, field))) }
    if let maximum = field.exclusiveMaximum { constraints.append(("exclusiveMaximum", Self.limit(maximum, field))) }
    if !field.enumeration.isEmpty {
      constraints.append(("enum", .texts(field.enumeration)))
    } else if field.kind == .code, let list = field.codeList.flatMap({ codes[$0] }), !list.values.isEmpty {
      constraints.append(("enum", .texts(list.codes)))
    }
    if !constraints.isEmpty { pairs.append(("constraints", .object(constraints))) }
    return pairs
  }

  private static func limit(_ text: String, _ field: SchemaField) -> JSONValue {
    ["integer", "number", "year"].contains(field.type) && Double(text) != nil ? .number(text) : .text(text)
  }

  private static let codeSchema = JSONValue.object([
    (
      "fields",
      .list(
        ["code", "vi", "en"].map { .object([("name", .text($0)), ("type", .text("string"))]) }
          + ["valid_from", "valid_to"].map { .object([("name", .text($0)), ("type", .text("date"))]) })
    )
  ])

  private static func csv(_ list: CodeListFile) -> String {
    func cell(_ text: String) -> String {
      text.contains(where: { ",\"\n\r".contains($0) }) ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
    var text = "code,vi,en,valid_from,valid_to\n"
    for value in list.values {
      text +=
        [value.code, value.vietnamese, value.english, value.validFrom, value.validTo].map(cell).joined(separator: ",")
        + "\n"
    }
    return text
  }
}
