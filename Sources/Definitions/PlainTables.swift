internal import Bytes
internal import Foundation
internal import Records
internal import Transform

/// Reads plain Table Schema files (https://datapackage.org/standard/table-schema/): those without `elements`.
enum PlainTable {
  /// A foreign key with its place, to be looked at when all tables are known.
  struct Reference {
    var table: String
    var key: SourceTable.ForeignKey
    var file: String
    var place: Place
  }

  /// Types of the standard that we do not read.
  private static let strange = [
    "object", "array", "any", "time", "yearmonth", "duration", "geopoint", "geojson",
  ]

  static func table(_ node: DefinitionNode, fileName: String) -> SourceTable? {
    let name = node["table"]?.string ?? node["name"]?.string ?? fileName
    var columns: [SourceColumn] = []
    for item in node.required("fields")?.items ?? [] {
      guard let column = column(item) else { continue }
      if columns.contains(where: { $0.name == column.name }) { item.fault("the field \(column.name) stands twice") }
      columns.append(column)
    }
    guard !columns.isEmpty else {
      if node["fields"] != nil { node.fault("the table has no field that can be read") }
      return nil
    }
    var table = SourceTable(
      name: name, title: node["title"]?.string ?? "", root: nil, list: nil, row: "", hasManyRows: true,
      columns: columns)
    table.missingValues = (node["missingValues"]?.strings ?? []).filter { !$0.isEmpty }
    return table
  }

  /// `primaryKey` and `foreignKeys`, which files of the decisions may have too.
  static func keys(_ node: DefinitionNode, of table: inout SourceTable, references: inout [Reference]) {
    if let written = node["primaryKey"] {
      table.primaryKey = written.strings
      for name in table.primaryKey where table.column(name) == nil {
        written.fault("\(table.name) has no field «\(name)» for its primaryKey")
      }
    }
    for item in node["foreignKeys"]?.items ?? [] {
      guard let fields = item.required("fields")?.strings, let target = item.required("reference"),
        let targetFields = target.required("fields")?.strings
      else { continue }
      let resource = target["resource"]?.string ?? ""
      let key = SourceTable.ForeignKey(
        fields: fields, table: resource.isEmpty ? table.name : resource, tableFields: targetFields)
      for name in fields where table.column(name) == nil {
        item.fault("\(table.name) has no field «\(name)» for its foreign key")
      }
      if fields.count != targetFields.count {
        item.fault("\(fields.count) fields refer to \(targetFields.count)", mend: "name as many on both sides")
      }
      table.foreignKeys.append(key)
      references.append(
        Reference(table: table.name, key: key, file: item.document.file, place: item.place ?? Place(line: 0, column: 0))
      )
    }
  }

  // MARK: one field

  private static func column(_ field: DefinitionNode) -> SourceColumn? {
    guard let name = field.requiredString("name") else { return nil }
    let written = field["type"]
    let type = written?.string ?? "string"
    if strange.contains(type) {
      written?.fault("the type \(type) is not read", mend: "write string, and take it apart in the feed's mapping")
      return nil
    }
    var plain: PlainField
    if type == "list" {
      plain = PlainField(.text)
    } else if let form = PlainField.Form(rawValue: type) {
      plain = PlainField(form)
    } else {
      written?.fault(
        "unknown type «\(type)»", mend: "one of string, integer, number, boolean, date, datetime, year, list")
      return nil
    }
    var logical: LogicalType =
      switch plain.form {
      case .text: .string
      case .integer, .boolean, .year: .integer
      case .number: .decimal
      case .date: .date
      case .datetime: .datetime
      }
    var separator: UInt8?
    if let node = field["separator"] ?? (type == "list" ? field["delimiter"] : nil) {
      separator = oneByte(node)
      if plain.form != .text { node.fault("only a text or a list has a separator") }
    } else if type == "list" {
      separator = UInt8(ascii: ",")
    }
    if type == "list", let item = field["itemType"], item.string != "string" {
      item.fault("a list of \(item.string ?? "this") is not read", mend: "write itemType: string")
    }
    let codeList = field["codeList"]?.string
    if separator != nil {
      logical = codeList == nil && field["catalogue"] == nil ? .stringList : .codeList
    } else if plain.form == .text, codeList != nil || field["catalogue"] != nil {
      logical = .code
    }
    if let node = field["logical"] {
      // a field written as the decisions write theirs
      guard let stated = LogicalType(rawValue: node.string ?? "") else {
        node.fault("unknown type", mend: "one of \(LogicalType.allCases.map(\.rawValue).joined(separator: ", "))")
        return nil
      }
      if stated.isList && separator == nil { field.fault("a list needs a separator", mend: "add separator: \";\"") }
      logical = stated
    }
    var column = SourceColumn(name: name, logical: logical)
    column.separator = separator
    column.codeList = codeList
    column.catalogue = field["catalogue"]?.string
    column.title = field["title"]?.string ?? ""
    column.summary = field["description"]?.string ?? ""
    column.scale = field["scale"]?.int
    column.warnAboveLength = field["warnAboveLength"]?.int
    if let text = field["requiredWhen"]?["check"] {
      if let conditions = Loader.conditions(text.string ?? "") {
        column.requiredWhen = conditions
      } else {
        text.fault(
          "the condition cannot be read", mend: "use filled(F), blank(F), F in (1, 2), F not in (1, 2), joined by «and»"
        )
      }
    }
    format(field, &plain)
    if let node = field["missingValues"] { plain.missingValues = node.strings.map { Array($0.utf8) } }
    constraints(field["constraints"], &column, &plain)
    if field["logical"] == nil { column.plain = plain }
    return column
  }

  /// One character of ASCII.
  static func oneByte(_ node: DefinitionNode) -> UInt8? {
    if let text = node.string, text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80 { return byte }
    node.fault("one character of ASCII is expected")
    return nil
  }

  private static func format(_ field: DefinitionNode, _ plain: inout PlainField) {
    let node = field["format"]
    let text = node?.string ?? "default"
    switch plain.form {
    case .date, .datetime:
      if text == "any" {
        node?.fault(
          "format any leaves open which of two numbers is the day", mend: "write how it is written, such as %d/%m/%Y")
      } else if text == "default" {
        plain.patterns = [plain.form == .date ? .isoDate : .isoSeconds]
      } else if let pattern = DatePattern(text) {
        if plain.form == .date && pattern.hasTime && text != "excel" {
          node?.fault("the format says an hour", mend: "write type: datetime")
        }
        plain.patterns = [pattern]
      } else {
        node?.fault("the format «\(text)» says no date", mend: dateMend(text))
        plain.patterns = [.isoDate]
      }
    default:
      if text != "default" {
        node?.fault(
          "the format «\(text)» is not read",
          mend: plain.form == .text ? "use constraints: { pattern: … }" : "leave it out")
      }
    }
    if let node = field["decimalChar"] {
      plain.decimalMark = oneByte(node)
      if plain.form != .number { node.fault("only a number has a decimalChar") }
    }
    if let node = field["groupChar"] {
      plain.groupMark = Array((node.string ?? "").utf8)
      if plain.form != .number && plain.form != .integer { node.fault("only a number has a groupChar") }
    }
    if let mark = plain.decimalMark ?? (plain.form == .number ? UInt8(ascii: ".") : nil), plain.groupMark == [mark] {
      field.fault("decimalChar and groupChar are the same", mend: "write both")
    }
    if let node = field["bareNumber"] { plain.isBareNumber = bool(node) ?? true }
    if let node = field["trueValues"] { plain.trueValues = node.strings.map { Array($0.utf8) } }
    if let node = field["falseValues"] { plain.falseValues = node.strings.map { Array($0.utf8) } }
    if plain.trueValues.contains(where: { plain.falseValues.contains($0) }) {
      field.fault("a word is both true and false")
    }
  }

  /// `dd/MM/yyyy` is what most people write first.
  static func dateMend(_ text: String) -> String {
    var guess = text
    for (letters, sign) in [
      ("yyyy", "%Y"), ("YYYY", "%Y"), ("dd", "%d"), ("DD", "%d"), ("MM", "%m"), ("HH", "%H"), ("hh", "%H"),
      ("mm", "%M"),
      ("ss", "%S"),
    ] {
      guess = guess.replacingOccurrences(of: letters, with: sign)
    }
    if guess != text, DatePattern(guess) != nil { return "write \(guess)" }
    return "write it with %Y (or %y), %m, %d, %H, %M, %S, %z, such as %d/%m/%Y %H:%M; or excel, or iso"
  }

  static func bool(_ node: DefinitionNode) -> Bool? {
    if let value = node.bool { return value }
    node.fault("true or false is expected")
    return nil
  }

  private static func constraints(_ node: DefinitionNode?, _ column: inout SourceColumn, _ plain: inout PlainField) {
    guard let node else { return }
    node.allow(only: [
      "required", "unique", "minLength", "maxLength", "pattern", "enum", "minimum", "maximum", "exclusiveMinimum",
      "exclusiveMaximum",
    ])
    if let value = node["required"] { column.isRequired = bool(value) ?? false }
    if let value = node["unique"] { plain.isUnique = bool(value) ?? false }
    func length(_ key: String) -> Int? {
      guard let value = node[key] else { return nil }
      guard plain.form == .text else {
        value.fault("\(key) is for texts", mend: "use minimum and maximum")
        return nil
      }
      guard let number = value.int, number >= 0 else {
        value.fault("a count of characters is expected")
        return nil
      }
      return number
    }
    column.maxLength = length("maxLength")
    plain.minLength = length("minLength")
    if let value = node["pattern"] {
      if plain.form != .text {
        value.fault("a pattern is for texts")
      } else {
        do throws(BytesExpression.Fault) {
          plain.pattern = try BytesExpression(value.string ?? "")
        } catch {
          value.fault("the pattern cannot be read: \(error.message), at character \(error.position)")
        }
      }
    }
    if let value = node["enum"] {
      plain.choices = value.strings
      if plain.choices.isEmpty { value.fault("the list is empty") }
    }
    for (key, isLow, takesBound) in [
      ("minimum", true, true), ("exclusiveMinimum", true, false), ("maximum", false, true),
      ("exclusiveMaximum", false, false),
    ] {
      guard let value = node[key] else { continue }
      if plain.form == .text || plain.form == .boolean {
        value.fault("\(key) is for numbers and dates")
        continue
      }
      if isLow {
        (plain.minimum, plain.takesMinimum) = (value.string, takesBound)
      } else {
        (plain.maximum, plain.takesMaximum) = (value.string, takesBound)
      }
    }
    // what the bounds and choices say must be values of the type
    for text in plain.choices + [plain.minimum, plain.maximum].compactMap(\.self) where plain.form != .text {
      if !PlainReading.isValue(text, of: plain) {
        node.fault("«\(text)» is no value of this field's type and format", mend: "write it as the file would")
      }
    }
  }
}

extension DefinitionNode {
  var place: Place? { line > 0 ? Place(line: line, column: column) : nil }
}
