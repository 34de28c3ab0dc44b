internal import CommonSchema
internal import Foundation
internal import Records

/// JSON Schema 2020-12 of one record of a source table (its cells as the texts that were sent), and of one row of the common schema as the
/// `common-ndjson` parcel writes it.
package struct JSONSchemaExport {
  private let codes: [String: CodeListFile]

  package init(codes: [String: CodeListFile]) { self.codes = codes }

  package func record(_ table: SchemaTable, of schema: String) -> String {
    let required = table.fields.filter { $0.isRequired && $0.since == nil }.map(\.name)
    return object(
      id: "\(schema)/\(table.name)", title: table.title, summary: table.summary,
      properties: table.fields.map { ($0.name, .object(cell($0))) }, required: required, isOpen: true)
  }

  package func row(_ entity: SchemaTable) -> String {
    var properties: [(String, JSONValue)] = [("entity", .object([("const", .text(entity.name))]))]
    properties += entity.fields.map { ($0.name, .object(column($0))) }
    return object(
      id: "common/\(entity.name)", title: entity.title, summary: entity.summary, properties: properties,
      required: ["entity"] + entity.fields.filter(\.isRequired).map(\.name), isOpen: false)
  }

  private func object(
    id: String, title: String, summary: String, properties: [(String, JSONValue)], required: [String], isOpen: Bool
  ) -> String {
    JSONValue.object([
      ("$schema", .text("https://json-schema.org/draft/2020-12/schema")), ("$id", .text("urn:songhan:\(id)")),
      ("title", .text(title)), ("description", .text(summary)), ("type", .text("object")),
      ("properties", .object(properties)), ("required", .texts(required)), ("additionalProperties", .flag(isOpen)),
    ]).document
  }

  private func words(_ field: SchemaField) -> [(String, JSONValue)] {
    var summary = field.summary
    if let unit = field.unit { summary += summary.isEmpty ? "Unit \(unit)." : " Unit \(unit)." }
    return [("title", .text(field.title)), ("description", .text(summary))].filter {
      if case .text(let text) = $0.1 { !text.isEmpty } else { true }
    }
  }

  private func cell(_ field: SchemaField) -> [(String, JSONValue)] {
    var result = words(field) + [("type", .text("string"))]
    let least = max(field.minLength ?? 0, field.isRequired ? 1 : 0)
    if least > 0 { result.append(("minLength", .integer(least))) }
    if let length = field.length { result.append(("maxLength", .integer(length))) }
    if !field.enumeration.isEmpty {
      result.append(("enum", .texts(field.enumeration + (field.isRequired ? [] : [""]))))
    } else if field.kind == .code, let list = field.codeList.flatMap({ codes[$0] }), !list.values.isEmpty {
      result.append(("enum", .texts(list.codes + (field.isRequired ? [] : [""]))))
    }
    if let pattern = pattern(field) {
      result.append(("pattern", .text(field.isRequired ? "^(?:\(pattern))$" : "^(?:\(pattern))?$")))
    }
    return result
  }

  private func pattern(_ field: SchemaField) -> String? {
    if let pattern = field.pattern { return pattern }
    // a format of its own (strptime) is not spelt out here
    guard field.logical != nil || field.format == nil else { return nil }
    switch field.kind {
    case .integer: return field.logical == nil ? "[+-]?[0-9]+" : "[0-9]{1,18}"
    case .decimal: return field.logical == nil && field.decimalChar != nil ? nil : "-?[0-9]+(\\.[0-9]+)?"
    case .date: return field.logical == nil ? "[0-9]{4}-[0-9]{2}-[0-9]{2}" : "[0-9]{8}"
    case .datetime: return field.logical == nil ? nil : "[0-9]{12}"
    case .birthDatetime, .dateOrDatetime: return "[0-9]{8}([0-9]{4})?"
    default: return nil
    }
  }

  private func column(_ field: SchemaField) -> [(String, JSONValue)] {
    words(field) + Self.type(of: field.sql.flatMap { ColumnType(rawValue: $0) } ?? .text)
  }

  private static func type(of column: ColumnType) -> [(String, JSONValue)] {
    switch column {
    case .text: [("type", .text("string"))]
    case .integer:
      [("type", .text("integer")), ("minimum", .number("-2147483648")), ("maximum", .number("2147483647"))]
    case .bigint: [("type", .text("integer"))]
    case .date:
      [("type", .text("string")), ("format", .text("date")), ("pattern", .text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    case .timestamptz:
      [("type", .text("string")), ("pattern", .text("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}\\+07:00$"))]
    case .numeric:
      [("type", .text("number")), ("exclusiveMinimum", .number("-1e14")), ("exclusiveMaximum", .number("1e14"))]
    case .textArray: [("type", .text("array")), ("items", .object(type(of: .text)))]
    case .dateArray: [("type", .text("array")), ("items", orNull(.date))]
    case .numericArray: [("type", .text("array")), ("items", orNull(.numeric))]
    case .jsonb: [("type", .text("object"))]
    }
  }

  private static func orNull(_ column: ColumnType) -> JSONValue {
    .object([("anyOf", .list([.object(type(of: column)), .object([("type", .text("null"))])]))])
  }
}
