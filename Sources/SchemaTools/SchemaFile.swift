package import Definitions
internal import Foundation
package import Records

/// A field as its schema file says it, with everything that readers of the dictionary want to know.
package struct SchemaField: Sendable {
  package var name: String
  /// Type of Table Schema.
  package var type: String
  package var format: String?
  package var logical: LogicalType?
  /// Vietnamese label.
  package var title = ""
  /// English.
  package var summary = ""
  package var isRequired = false
  package var isUnique = false
  package var minLength: Int?
  package var maxLength: Int?
  package var maxDigits: Int?
  package var warnAboveLength: Int?
  package var pattern: String?
  package var enumeration: [String] = []
  package var minimum: String?
  package var maximum: String?
  /// Bounds that are no values themselves.
  package var exclusiveMinimum: String?
  package var exclusiveMaximum: String?
  package var scale: Int?
  package var separator: String?
  package var decimalChar: String?
  package var groupChar: String?
  package var trueValues: [String] = []
  package var falseValues: [String] = []
  package var bareNumber: Bool?
  package var missingValues: [String]?
  package var codeList: String?
  package var catalogue: String?
  package var mustEqual: String?
  /// In words, and as a condition that the machine reads.
  package var requiredWhen: (text: String?, check: String?) = (nil, nil)
  package var decisionType: String?
  package var since: String?
  package var formerName: String?
  package var becomes: [String] = []
  package var history: [String] = []
  package var amendments: [String] = []
  package var doubts: [String] = []
  package var provenance: [String] = []
  package var unit: String?
  /// Type of the column in the warehouse (common schema only).
  package var sql: String?
  /// Where a column of the common schema comes from.
  package var source: [String] = []
  package var isRestricted = false
  /// Where it stands in its file, from 1.
  package var line = 0
  package var column = 0

  package init(name: String, type: String) {
    self.name = name
    self.type = type
  }

  /// What the field holds: its own `logical` type, or what Table Schema's type says.
  package var kind: LogicalType {
    if let logical { return logical }
    switch type {
    case "string" where separator != nil, "list": return codeList == nil && catalogue == nil ? .stringList : .codeList
    case "string" where codeList != nil || catalogue != nil: return .code
    case "integer", "year": return .integer
    case "number": return .decimal
    case "date": return .date
    case "datetime": return .datetime
    default: return .string
    }
  }

  /// The type as people read it.
  package var typeName: String { sql ?? logical?.rawValue ?? type }

  /// The most characters a value may have.
  package var length: Int? { maxLength ?? maxDigits }
}

/// One schema file: a source table, or an entity of the common schema.
package struct SchemaTable: Sendable {
  package struct Elements: Sendable, Hashable {
    package var root: String?
    package var list: String?
    package var row: String
    package var hasManyRows: Bool
  }

  package struct Reference: Sendable, Hashable, CustomStringConvertible {
    package var fields: [String]
    package var table: String
    package var tableFields: [String]
    package var description: String {
      "\(fields.joined(separator: ", ")) → \(table).\(tableFields.joined(separator: ", "))"
    }
  }

  /// Path below the definitions' folder.
  package var file: String
  package var name: String
  package var title = ""
  package var summary = ""
  package var elements: Elements?
  package var sentWhen: String?
  package var since: String?
  package var notes: [String] = []
  package var primaryKey: [String] = []
  package var foreignKeys: [Reference] = []
  package var missingValues: [String]?
  /// `visit` or `registry` (common schema only).
  package var kind: String?
  package var isRestricted = false
  package var source: [String] = []
  package var fields: [SchemaField] = []

  package func field(_ name: String) -> SchemaField? { fields.first { $0.name == name } }
  package var isCommon: Bool { kind != nil }

  /// Reads one file; what is wrong in it is added to `faults`.
  package static func read(_ text: String, file: String, faults: inout [DefinitionFault]) -> SchemaTable? {
    let (node, document) = DefinitionNode.read(text, file: file)
    defer { faults += document.faults }
    guard let node else { return nil }
    let stem = String((file as NSString).lastPathComponent.dropLast(5))
    let isCommon = node["kind"] != nil || (file as NSString).deletingLastPathComponent.hasSuffix("common")
    let name = (isCommon ? node["name"] : node["table"] ?? node["name"])?.string ?? stem
    var table = SchemaTable(file: file, name: name)
    table.title = node["title"]?.string ?? ""
    table.summary = node["description"]?.string ?? ""
    if let elements = node["elements"], let row = elements["row"]?.string {
      table.elements = Elements(
        root: elements["root"]?.string, list: elements["list"]?.string, row: row,
        hasManyRows: elements["rows"]?.string == "many")
    }
    table.sentWhen = node["sentWhen"]?.string
    table.since = node["since"]?.string
    table.notes = node["notes"]?.strings ?? []
    table.primaryKey = node["primaryKey"]?.strings ?? []
    table.missingValues = node["missingValues"]?.strings
    table.kind = isCommon ? node["kind"]?.string ?? "visit" : nil
    table.isRestricted = node["restricted"]?.bool ?? false
    table.source = node["source"]?.strings ?? []
    for item in node["foreignKeys"]?.items ?? [] {
      guard let reference = item["reference"] else { continue }
      table.foreignKeys.append(
        Reference(
          fields: item["fields"]?.strings ?? [], table: reference["resource"]?.string ?? name,
          tableFields: reference["fields"]?.strings ?? []))
    }
    table.fields = (node["fields"]?.items ?? []).compactMap(field)
    return table
  }

  private static func field(_ node: DefinitionNode) -> SchemaField? {
    guard let name = node["name"]?.string else { return nil }
    let constraints = node["constraints"]
    var field = SchemaField(name: name, type: node["type"]?.string ?? "string")
    field.format = node["format"]?.string
    field.logical = node["logical"]?.string.flatMap { LogicalType(rawValue: $0) }
    field.title = node["title"]?.string ?? ""
    field.summary = node["description"]?.string ?? ""
    field.isRequired = constraints?["required"]?.bool ?? false
    field.isUnique = constraints?["unique"]?.bool ?? false
    field.minLength = constraints?["minLength"]?.int
    field.maxLength = constraints?["maxLength"]?.int
    field.pattern = constraints?["pattern"]?.string
    field.enumeration = constraints?["enum"]?.strings ?? []
    field.minimum = constraints?["minimum"]?.string
    field.maximum = constraints?["maximum"]?.string
    field.exclusiveMinimum = constraints?["exclusiveMinimum"]?.string
    field.exclusiveMaximum = constraints?["exclusiveMaximum"]?.string
    field.maxDigits = node["maxDigits"]?.int
    field.warnAboveLength = node["warnAboveLength"]?.int
    field.scale = node["scale"]?.int
    field.separator = node["separator"]?.string
    field.decimalChar = node["decimalChar"]?.string
    field.groupChar = node["groupChar"]?.string
    field.bareNumber = node["bareNumber"]?.bool
    field.trueValues = node["trueValues"]?.strings ?? []
    field.falseValues = node["falseValues"]?.strings ?? []
    field.missingValues = node["missingValues"]?.strings
    field.codeList = node["codeList"]?.string
    field.catalogue = node["catalogue"]?.string
    field.mustEqual = node["mustEqual"]?.string
    field.requiredWhen = (node["requiredWhen"]?["text"]?.string, node["requiredWhen"]?["check"]?.string)
    field.decisionType = node["decisionType"]?.string
    field.since = node["since"]?.string
    field.formerName = node["formerName"]?.string
    field.becomes = node["becomes"]?.strings ?? []
    field.history = (node["history"]?.pairs ?? []).compactMap { key, value in
      key.string.map { "\($0): \(value.string ?? "unbounded")" }
    }
    field.amendments = node["amendments"]?.strings ?? []
    field.doubts = node["doubts"]?.strings ?? []
    field.provenance = node["provenance"]?["sources"]?.strings ?? []
    field.unit = node["unit"]?.string
    field.sql = node["sql"]?.string
    field.source = node["source"]?.strings ?? []
    field.isRestricted = node["restricted"]?.bool ?? false
    (field.line, field.column) = (node.line, node.column)
    return field
  }
}

/// The values of one code list.
package struct CodeListFile: Sendable {
  package struct Value: Sendable, Hashable {
    package var code: String
    package var vietnamese: String
    package var english: String
    package var validFrom: String
    package var validTo: String
    package var source: String
    package var note: String
    /// Line in the file, from 1.
    package var line: Int
  }

  package var name: String
  /// Path below the definitions' folder; nil when only a pattern is known.
  package var file: String?
  package var pattern: String?
  package var source: String?
  package var notes: String?
  package var usedIn: [String] = []
  package var values: [Value] = []

  /// Each code once, in the order of the file.
  package var codes: [String] {
    var seen: Set<String> = []
    return values.map(\.code).filter { seen.insert($0).inserted }
  }
}

/// The tables of one folder of schema files.
package struct SchemaSet: Sendable {
  package var name: String
  package var tables: [SchemaTable]

  package init(name: String, tables: [SchemaTable]) {
    self.name = name
    self.tables = tables
  }

  package func table(_ name: String) -> SchemaTable? { tables.first { $0.name == name } }
}
