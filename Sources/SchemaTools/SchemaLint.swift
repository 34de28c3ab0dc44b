internal import CommonSchema
package import Definitions
internal import Findings
internal import Foundation
internal import Records

/// Looks for everything that is wrong in a folder of definitions, beyond what keeps it from being read.
package struct SchemaLint {
  package private(set) var faults: [DefinitionFault] = []
  /// How many files were looked at.
  package private(set) var fileCount = 0

  private let folder: String
  private let schemas: SchemaFolder
  /// `TABLE.FIELD` of every source schema.
  private var sourceFields: Set<String> = []

  /// Everything wrong below `folder`, in the order of files and lines; nil when it holds no definitions.
  package init?(_ folder: String) {
    guard let schemas = SchemaFolder(folder) else { return nil }
    self.folder = folder
    self.schemas = schemas
    do throws(DefinitionFaults) { _ = try Definitions.load(folder) } catch { faults += error.faults }
    faults += schemas.faults
    for set in schemas.sets {
      for table in set.tables { sourceFields.formUnion(table.fields.map { "\(table.name).\($0.name)" }) }
    }
    for set in schemas.sets {
      var names: [String: String] = [:]
      for table in set.tables {
        if let other = names.updateValue(table.file, forKey: table.name) {
          faults.append(DefinitionFault(file: table.file, message: "the table \(table.name) stands in \(other) too"))
        }
        if let node = open(table.file) {
          checkTable(node, table, set)
          close(node)
        }
      }
    }
    for entity in schemas.common {
      if let node = open(entity.file) {
        checkEntity(node, entity)
        close(node)
      }
    }
    checkCodes()
    if let node = open("Schemas/findings.yaml") {
      checkCatalogue(node)
      close(node)
    }
    checkMigrations()
    // what two of us found at one place is told once
    var seen: Set<String> = []
    faults = faults.filter { seen.insert("\($0.file):\($0.line):\($0.column):\($0.message)").inserted }
    faults.sort { ($0.file, $0.line, $0.column) < ($1.file, $1.line, $1.column) }
  }

  /// The map of a file; what is noted at its nodes is taken over by ``close(_:)``.
  private mutating func open(_ file: String) -> DefinitionNode? {
    fileCount += 1
    guard let text = try? String(contentsOfFile: folder + "/" + file, encoding: .utf8) else { return nil }
    let (node, document) = DefinitionNode.read(text, file: file)
    if node == nil { faults += document.faults }
    return node
  }

  private mutating func close(_ node: DefinitionNode) { faults += node.document.faults }

  // MARK: source schemas

  private static let tableKeys = [
    "name", "table", "title", "description", "elements", "sentWhen", "since", "fieldCount", "notes", "primaryKey",
    "uniqueKeys", "foreignKeys", "missingValues", "fields", "$schema", "fieldsMatch",
  ]
  private static let fieldKeys = [
    "name", "type", "format", "logical", "title", "description", "example", "constraints", "decisionType", "maxDigits",
    "warnAboveLength", "scale", "separator", "codeList", "catalogue", "mustEqual", "requiredWhen", "history",
    "amendments", "doubts", "since", "formerName", "becomes", "provenance", "unit", "decimalChar", "groupChar",
    "bareNumber", "trueValues", "falseValues", "missingValues", "categories", "rdfType", "delimiter", "itemType",
  ]
  private static let constraintKeys = [
    "required", "unique", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "pattern", "enum",
  ]
  private static let types = [
    "string", "integer", "number", "boolean", "date", "datetime", "time", "year", "yearmonth", "duration", "any",
    "array", "object", "list", "geopoint", "geojson",
  ]

  private func checkTable(_ node: DefinitionNode, _ table: SchemaTable, _ set: SchemaSet) {
    node.allow(only: Self.tableKeys)
    if node["table"] == nil && node["name"] == nil { node.fault("the table has no name", mend: "add name") }
    if table.title.isEmpty { node.fault("the table has no title", mend: "add title, in Vietnamese") }
    if let elements = node["elements"] { elements.allow(only: ["root", "list", "row", "rows"]) }
    for key in table.primaryKey where table.field(key) == nil {
      node["primaryKey"]?.fault("the key names \(key), which is no field", mend: near(key, table))
    }
    for item in node["foreignKeys"]?.items ?? [] { checkReference(item, table, set) }
    var seen: Set<String> = []
    for field in node["fields"]?.items ?? [] {
      field.allow(only: Self.fieldKeys)
      guard let name = field["name"]?.string, let value = table.field(name) else {
        field.fault("the field has no name", mend: "add name")
        continue
      }
      if !seen.insert(name).inserted { field.fault("the field \(name) stands twice") }
      checkField(field, value, table, set)
    }
  }

  private func near(_ name: String, _ table: SchemaTable) -> String? {
    table.fields.map(\.name).min { DefinitionNode.distance($0, name) < DefinitionNode.distance($1, name) }
      .flatMap { DefinitionNode.distance($0, name) <= 3 ? "did you mean «\($0)»?" : nil }
  }

  private func checkReference(_ item: DefinitionNode, _ table: SchemaTable, _ set: SchemaSet) {
    let fields = item["fields"]?.strings ?? []
    for name in fields where table.field(name) == nil {
      item["fields"]?.fault("\(name) is no field of \(table.name)", mend: near(name, table))
    }
    guard let reference = item["reference"] else {
      item.fault("a foreign key needs a reference", mend: "add reference: { resource: TABLE, fields: […] }")
      return
    }
    let resource = reference["resource"]?.string ?? ""
    guard let target = resource.isEmpty ? table : set.table(resource) else {
      reference.fault("there is no table \(resource) in \(set.name)")
      return
    }
    let targets = reference["fields"]?.strings ?? []
    for name in targets where target.field(name) == nil {
      reference["fields"]?.fault("\(name) is no field of \(target.name)", mend: near(name, target))
    }
    if targets.count != fields.count { item.fault("the two sides of a foreign key have as many fields each") }
  }

  private func checkField(_ node: DefinitionNode, _ field: SchemaField, _ table: SchemaTable, _ set: SchemaSet) {
    if field.title.isEmpty { node.fault("\(field.name) has no title", mend: "add title, in Vietnamese") }
    if let type = node["type"] {
      if !Self.types.contains(type.string ?? "") {
        type.fault("unknown type", mend: "one of \(Self.types.joined(separator: ", "))")
      } else if let logical = field.logical, !Self.typesOf(logical).contains(field.type) {
        type.fault(
          "the type \(field.type) does not go with logical: \(logical.rawValue)",
          mend: "write \(Self.typesOf(logical).joined(separator: " or "))")
      }
    } else {
      node.fault("\(field.name) has no type", mend: "add type")
    }
    node["constraints"]?.allow(only: Self.constraintKeys)
    checkLimits(node, field)
    if let list = node["codeList"], schemas.codeLists[field.codeList ?? ""] == nil {
      list.fault("there is no code list \(field.codeList ?? "")", mend: "add it to Schemas/codes/lists.yaml")
    }
    if let name = node["catalogue"], !schemas.catalogues.contains(field.catalogue ?? "") {
      name.fault(
        "there is no outside catalogue \(field.catalogue ?? "")",
        mend: "add it to the section external of Schemas/codes/lists.yaml")
    }
    if let target = node["mustEqual"], !exists(field.mustEqual ?? "", table, set) {
      target.fault("\(field.mustEqual ?? "") is no field of \(set.name)")
    }
    if let check = node["requiredWhen"]?["check"], let text = check.string {
      for name in Self.names(inCondition: text) where !exists(name, table, set) {
        check.fault("the condition names \(name), which is no field", mend: near(name, table))
      }
    }
    if let former = node["formerName"], table.field(field.formerName ?? "") != nil {
      former.fault("\(field.formerName ?? "") is a field of today", mend: "a former name is one that is gone")
    }
    if let provenance = node["provenance"], let count = provenance["count"]?.int, count != field.provenance.count {
      provenance.fault("\(field.provenance.count) sources are named, count says \(count)")
    }
    if let separator = node["separator"], let logical = field.logical, !logical.isList {
      separator.fault("\(field.name) is no list: a separator means nothing there")
    }
    if let scale = node["scale"], field.kind != .decimal, field.kind != .decimalList {
      scale.fault("\(field.name) is no decimal number: a scale means nothing there")
    }
  }

  private func checkLimits(_ node: DefinitionNode, _ field: SchemaField) {
    let constraints = node["constraints"]
    for key in ["minLength", "maxLength"] {
      if let value = constraints?[key], (value.int ?? -1) < 0 { value.fault("\(key) is a whole number from 0 on") }
    }
    if let least = field.minLength, let most = field.maxLength, least > most {
      constraints?["minLength"]?.fault("minLength \(least) is above maxLength \(most)")
    }
    if let warn = field.warnAboveLength, let most = field.length, warn >= most {
      node["warnAboveLength"]?.fault(
        "warnAboveLength \(warn) is not below the largest length \(most): it never warns",
        mend: "it is the decision's limit where another source allows more")
    }
    if let low = field.minimum.flatMap({ Double($0) }), let high = field.maximum.flatMap({ Double($0) }), low > high {
      constraints?["minimum"]?.fault("minimum \(field.minimum ?? "") is above maximum \(field.maximum ?? "")")
    }
    if let values = constraints?["enum"] {
      if field.enumeration.isEmpty { values.fault("enum has no values") }
      if Set(field.enumeration).count != field.enumeration.count { values.fault("enum names a value twice") }
    }
    if let pattern = constraints?["pattern"], (try? Regex(field.pattern ?? "")) == nil {
      pattern.fault("the pattern cannot be read")
    }
  }

  private static func typesOf(_ logical: LogicalType) -> [String] {
    switch logical {
    case .integer: ["integer", "year"]
    case .decimal: ["number"]
    case .date: ["date", "string"]
    case .datetime: ["datetime", "string"]
    default: ["string"]
    }
  }

  private func exists(_ name: String, _ table: SchemaTable, _ set: SchemaSet) -> Bool {
    let parts = name.split(separator: ".").map(String.init)
    if parts.count == 2 { return set.table(parts[0])?.field(parts[1]) != nil }
    return table.field(name) != nil
  }

  /// The fields that a condition names.
  private static func names(inCondition text: String) -> [String] {
    text.components(separatedBy: " and ").compactMap { atom in
      let atom = atom.trimmingCharacters(in: .whitespaces)
      if let open = atom.firstIndex(of: "("), atom.hasPrefix("filled(") || atom.hasPrefix("blank(") {
        return String(atom[atom.index(after: open)...].prefix { $0 != ")" })
      }
      return atom.split(separator: " ").first.map(String.init)
    }
  }

  // MARK: common schema

  private static let entityKeys = [
    "name", "title", "description", "source", "kind", "restricted", "primaryKey", "fields",
  ]
  private static let columnKeys = [
    "name", "sql", "type", "format", "constraints", "title", "description", "source", "unit", "restricted",
  ]
  private static let typesOfSQL: [ColumnType: String] = [
    .text: "string", .bigint: "integer", .integer: "integer", .date: "date", .timestamptz: "datetime",
    .numeric: "number", .textArray: "array", .dateArray: "array", .numericArray: "array", .jsonb: "object",
  ]

  private func checkEntity(_ node: DefinitionNode, _ entity: SchemaTable) {
    node.allow(only: Self.entityKeys)
    if (entity.file as NSString).lastPathComponent != entity.name + ".yaml" {
      node["name"]?.fault("the file of the entity \(entity.name) is called otherwise", mend: "\(entity.name).yaml")
    }
    if let kind = node["kind"], Entity.Kind(rawValue: kind.string ?? "") == nil {
      kind.fault("unknown kind", mend: "visit or registry")
    }
    if entity.title.isEmpty { node.fault("the entity has no title", mend: "add title, in Vietnamese") }
    if entity.summary.isEmpty { node.fault("the entity has no meaning", mend: "add description") }
    for key in entity.primaryKey where entity.field(key) == nil {
      node["primaryKey"]?.fault("the key names \(key), which is no column", mend: near(key, entity))
    }
    var seen: Set<String> = []
    for field in node["fields"]?.items ?? [] {
      field.allow(only: Self.columnKeys)
      guard let name = field["name"]?.string, let column = entity.field(name) else { continue }
      if !seen.insert(name).inserted { field.fault("the column \(name) stands twice") }
      if name.utf8.contains(where: { !(0x61...0x7A).contains($0) && !(0x30...0x39).contains($0) && $0 != 0x5F }) {
        field["name"]?.fault("\(name) is no plain identifier", mend: "small letters, digits and _")
      }
      if column.title.isEmpty { field.fault("\(name) has no title", mend: "add title, in Vietnamese") }
      if column.summary.isEmpty { field.fault("\(name) has no meaning", mend: "add description") }
      if let sql = column.sql.flatMap({ ColumnType(rawValue: $0) }), let type = field["type"],
        Self.typesOfSQL[sql] != type.string
      {
        type.fault("the type does not go with sql: \(sql.rawValue)", mend: "write \(Self.typesOfSQL[sql] ?? "")")
      }
      if let source = field["source"] {
        for text in column.source { checkSource(text, source) }
      }
    }
    if let source = node["source"] {
      for name in entity.source where !name.contains(".") && name.hasPrefix("XML") {
        if !schemas.sets.contains(where: { $0.table(name) != nil }) {
          source.fault("\(name) is no table of a source schema")
        }
      }
    }
  }

  /// Names such as `XML1.MA_LK` in what a column says of its source.
  private func checkSource(_ text: String, _ node: DefinitionNode) {
    for word in text.split(whereSeparator: { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".")) })
    {
      let parts = word.split(separator: ".")
      guard parts.count == 2, schemas.sets.contains(where: { $0.table(String(parts[0])) != nil }) else { continue }
      if !sourceFields.contains(String(word)) { node.fault("\(word) is no field of a source schema") }
    }
  }

  // MARK: code lists

  private static let listKeys = [
    "file", "pattern", "usedIn", "source", "confidence", "notes", "status", "letters", "earlierEditions",
  ]

  private mutating func checkCodes() {
    var usedBy: [String: Set<String>] = [:]
    for set in schemas.sets {
      for table in set.tables {
        for field in table.fields {
          if let list = field.codeList { usedBy[list, default: []].insert("\(table.name).\(field.name)") }
        }
      }
    }
    let lists = schemas.codeLists
    if let node = open("Schemas/codes/lists.yaml") {
      for (key, value) in node["lists"]?.pairs ?? [] {
        if let name = key.string { checkList(value, name, usedBy[name] ?? []) }
      }
      close(node)
    }
    let named = Set(lists.values.compactMap(\.file))
    for file in SchemaFolder.names(folder + "/Schemas/codes") where file.hasSuffix(".csv") {
      if !named.contains("Schemas/codes/" + file) {
        faults.append(
          DefinitionFault(
            file: "Schemas/codes/" + file, message: "no list names this file", mend: "add it to lists.yaml"))
      }
    }
    for list in lists.values.sorted(by: { $0.name < $1.name }) { checkValues(list) }
  }

  private func checkList(_ node: DefinitionNode, _ name: String, _ users: Set<String>) {
    node.allow(only: Self.listKeys)
    if node["file"] == nil && node["pattern"] == nil && node["status"] == nil {
      node.fault("the list \(name) has no values", mend: "add file, pattern or status")
    }
    if let file = node["file"], let name = file.string,
      !FileManager.default.fileExists(atPath: "\(folder)/Schemas/codes/\(name)")
    {
      file.fault("there is no file \(name)")
    }
    for use in node["usedIn"]?.strings ?? [] {
      if !sourceFields.contains(use) {
        node["usedIn"]?.fault("\(use) is no field of a source schema")
      } else if !users.contains(use) {
        node["usedIn"]?.fault("\(use) does not name this list", mend: "add codeList: \(name) to the field")
      }
    }
  }

  private mutating func checkValues(_ list: CodeListFile) {
    guard let file = list.file else { return }
    fileCount += 1
    var rows: Set<[String]> = []
    for value in list.values {
      func fault(_ message: String, mend: String? = nil) {
        faults.append(DefinitionFault(file: file, line: value.line, column: 1, message: message, mend: mend))
      }
      if value.code.isEmpty { fault("a code is missing") }
      if value.code != value.code.trimmingCharacters(in: .whitespaces) { fault("blanks around a code") }
      if value.vietnamese.isEmpty { fault("the code has no Vietnamese label", mend: "fill vi") }
      if value.english.isEmpty { fault("the code has no English label", mend: "fill en") }
      let from = value.validFrom.isEmpty ? "0000-00-00" : value.validFrom
      let to = value.validTo.isEmpty ? "9999-99-99" : value.validTo
      if from > to { fault("valid_from is after valid_to") }
      // one row an edition is how a list keeps its history
      if !rows.insert([value.code, from, to, value.source]).inserted { fault("the row stands twice") }
    }
    if list.values.isEmpty && FileManager.default.fileExists(atPath: folder + "/" + file) {
      faults.append(DefinitionFault(file: file, message: "the list has no values"))
    }
  }

  // MARK: findings

  private static let findingKeys = [
    "code", "severity", "scope", "tables", "basis", "doubt", "needs", "title", "explanation", "remedy", "message",
    "accepted", "refused", "refusedSeverity", "also",
  ]

  private func checkCatalogue(_ node: DefinitionNode) {
    node.allow(only: ["base", "findings"])
    var seen: Set<String> = []
    let tables = Set(schemas.sets.flatMap { $0.tables.map(\.name) })
    for item in node["findings"]?.items ?? [] {
      item.allow(only: Self.findingKeys)
      if let code = item["code"], let text = code.string, !seen.insert(text).inserted {
        code.fault("the code \(text) stands twice")
      }
      if let scope = item["scope"], CatalogueEntry.Scope(rawValue: scope.string ?? "") == nil {
        scope.fault("unknown scope", mend: "one of file, dossier, field, warehouse")
      }
      for name in item["tables"]?.strings ?? [] where name.hasPrefix("XML") && !tables.contains(name) {
        item["tables"]?.fault("\(name) is no table of a source schema")
      }
      for key in ["title", "explanation", "remedy", "message"] {
        guard let text = item[key] else { continue }
        text.allow(only: ["vi", "en"])
        let vietnamese = Self.places(text["vi"]?.string ?? "")
        let english = Self.places(text["en"]?.string ?? "")
        if vietnamese != english {
          text.fault(
            "\(key) fills in other names in Vietnamese than in English: "
              + vietnamese.symmetricDifference(english).sorted().joined(separator: ", "))
        }
      }
    }
  }

  /// The names in braces.
  private static func places(_ text: String) -> Set<String> {
    var result: Set<String> = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "{"), let end = rest[open...].firstIndex(of: "}") {
      result.insert(String(rest[open...end]))
      rest = rest[rest.index(after: end)...]
    }
    return result
  }

  // MARK: migrations

  private mutating func checkMigrations() {
    var numbers: [Int: String] = [:]
    var warehouse = DeclaredTables()
    let files = SchemaFolder.names(folder + "/Schemas/warehouse").filter { $0.hasSuffix(".sql") }
    for name in files {
      let file = "Schemas/warehouse/" + name
      fileCount += 1
      guard let dash = name.firstIndex(of: "-"), let number = Int(name[..<dash]) else {
        faults.append(DefinitionFault(file: file, message: "a migration is called NNNN-name.sql"))
        continue
      }
      if let other = numbers.updateValue(name, forKey: number) {
        faults.append(DefinitionFault(file: file, message: "the number \(number) is taken by \(other)"))
      }
      if let text = try? String(contentsOfFile: folder + "/" + file, encoding: .utf8) { warehouse.apply(text) }
    }
    for entity in schemas.common {
      guard let table = warehouse.tables[entity.name] else {
        faults.append(
          DefinitionFault(
            file: entity.file, message: "no migration makes health.\(entity.name)", mend: "add one to Schemas/warehouse"
          ))
        continue
      }
      var rest = table
      for column in entity.fields {
        func fault(_ message: String) {
          faults.append(
            DefinitionFault(
              file: entity.file, line: column.line, column: column.column, message: message,
              mend: "add a migration to Schemas/warehouse"))
        }
        guard let made = rest.removeValue(forKey: column.name) else {
          fault("no migration makes the column health.\(entity.name).\(column.name)")
          continue
        }
        if let sql = column.sql, made.type != sql {
          fault("the migrations make health.\(entity.name).\(column.name) \(made.type), here it is \(sql)")
        }
        if made.isRequired != column.isRequired {
          fault(
            "the migrations make health.\(entity.name).\(column.name) \(made.isRequired ? "NOT NULL" : "nullable"), here it is not so"
          )
        }
      }
      for name in rest.keys.sorted() {
        faults.append(
          DefinitionFault(
            file: entity.file,
            message: "the migrations make health.\(entity.name).\(name), which is not described here",
            mend: "add it to fields"))
      }
    }
  }
}

/// The tables of schema `health` as the migrations make them, read from their text: our own files, in the form they are written in.
struct DeclaredTables {
  struct Column {
    var type: String
    var isRequired: Bool
  }
  private(set) var tables: [String: [String: Column]] = [:]

  mutating func apply(_ script: String) {
    let lines = script.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    var open: String?
    for line in lines where !line.hasPrefix("--") {
      if line.hasPrefix("CREATE TABLE health."), line.hasSuffix("(") {
        let name = String(line.dropFirst(20).prefix { $0 != " " })
        tables[name] = [:]
        open = name
      } else if line.hasPrefix("ALTER TABLE health.") {
        let words = line.dropFirst(19)
        let name = String(words.prefix { $0 != " " && $0 != ";" })
        open = nil
        change(name, String(words.dropFirst(name.count)))
        if !line.hasSuffix(";") { altered = name }
      } else if let name = altered {
        change(name, line)
        if line.hasSuffix(";") { altered = nil }
      } else if line.hasPrefix(")") {
        open = nil
      } else if let name = open, let (column, value) = Self.column(line) {
        tables[name]?[column] = value
      }
    }
  }

  private var altered: String?

  private mutating func change(_ table: String, _ text: String) {
    let text = text.trimmingCharacters(in: .whitespaces)
    let words = text.split(separator: " ").map(String.init)
    if text.hasPrefix("ADD COLUMN ") {
      let rest = text.dropFirst(11)
      if let (column, value) = Self.column(rest.hasPrefix("IF NOT EXISTS ") ? String(rest.dropFirst(14)) : String(rest))
      {
        tables[table]?[column] = value
      }
    } else if text.hasPrefix("DROP COLUMN "), let name = words.last {
      tables[table]?[name.trimmingCharacters(in: CharacterSet(charactersIn: ";,"))] = nil
    } else if text.hasPrefix("RENAME COLUMN "), words.count >= 5 {
      let new = words[4].trimmingCharacters(in: CharacterSet(charactersIn: ";,"))
      let column = tables[table]?.removeValue(forKey: words[2])
      tables[table]?[new] = column
    } else if text.hasPrefix("ALTER COLUMN "), words.count >= 5 {
      if text.contains(" SET NOT NULL") { tables[table]?[words[2]]?.isRequired = true }
      if text.contains(" DROP NOT NULL") { tables[table]?[words[2]]?.isRequired = false }
      if words[3] == "TYPE" {
        tables[table]?[words[2]]?.type = words[4].trimmingCharacters(in: CharacterSet(charactersIn: ";,"))
      }
    }
  }

  /// `name type [NOT NULL] [DEFAULT …],`
  private static func column(_ line: String) -> (String, Column)? {
    var line = line
    while let last = line.last, last == "," || last == ";" { line.removeLast() }
    let words = line.split(separator: " ").map(String.init)
    guard words.count >= 2, let first = words.first, first.first?.isLowercase ?? false else { return nil }
    return (first, Column(type: words[1], isRequired: line.contains(" NOT NULL")))
  }
}
