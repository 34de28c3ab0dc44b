internal import Bytes
internal import Foundation
internal import ExtractXML
internal import Records
internal import Transform

/// Reads how the bytes of a feed become dossiers: `encoding`, `dialect`, `files`, `records`, `dossier`.
enum FeedReading {
  static let keys = ["encoding", "encodings", "dialect", "files", "records", "dossier", "drift"]

  /// What belongs to the reader; nil (with faults noted) when it cannot be used.
  static func reading(_ node: DefinitionNode, reader: String, _ schema: SourceSchema?, root: String?) -> Reading? {
    switch reader {
    case "envelope":
      for key in keys where key != "drift" {
        node[key]?.fault("«\(key)» is for readers csv and xml-rows", mend: "take it out")
      }
      return .envelope
    case "csv":
      node["records"]?.fault("«records» is for reader xml-rows", mend: "take it out")
      guard let schema else { return nil }
      return tabular(node, schema, root).map { .csv($0) }
    case "xml-rows":
      for key in ["encodings", "encoding", "dialect", "files"] {
        node[key]?.fault("«\(key)» is for reader csv", mend: "take it out")
      }
      guard let schema else { return nil }
      return xmlRows(node, schema).map { .xmlRows($0) }
    default:
      node["reader"]?.fault("unknown reader «\(reader)»", mend: "one of envelope, csv, xml-rows")
      return nil
    }
  }

  // MARK: dossiers

  static func dossier(_ node: DefinitionNode) -> DossierKey? {
    node.allow(only: ["table", "key", "careDate", "facility"])
    let dates = node.required("careDate").map { $0.isList ? $0.items : [$0] } ?? []
    let read = dates.map(Formulas.source)
    let key = node.required("key").flatMap(Formulas.source)
    guard let table = node.requiredString("table"), let key, !read.isEmpty else { return nil }
    var result = DossierKey(table: table, key: key, careDates: read.compactMap(\.self))
    result.place = node.place
    result.places = [node["key"]?.place] + dates.map(\.place)
    if let facility = node["facility"] {
      result.facility = Formulas.source(facility)
      result.places.append(facility.place)
    }
    return read.contains(where: { $0 == nil }) ? nil : result
  }

  // MARK: delimited text

  static func encoding(_ node: DefinitionNode) -> TextEncoding? {
    let text = (node.string ?? "").lowercased()
    if let encoding = TextEncoding(rawValue: text) { return encoding }
    let others: [String: TextEncoding] = [
      "utf8": .utf8, "utf-16": .utf16LE, "ascii": .ascii, "cp1258": .windows1258, "windows1258": .windows1258,
      "cp1252": .windows1252, "abc": .tcvn3, "tcvn": .tcvn3, "vni": .vni,
    ]
    node.fault(
      "unknown encoding «\(text)»",
      mend: others[text].map { "write \($0.rawValue)" }
        ?? "one of \(TextEncoding.allCases.map(\.rawValue).joined(separator: ", "))")
    return nil
  }

  private static func tabular(_ node: DefinitionNode, _ schema: SourceSchema, _ root: String?) -> TabularLayout? {
    let shared = node["dialect"]
    var base = TabularDialect()
    if let shared { dialect(shared, &base) }
    var files: [TabularLayout.File] = []
    if let written = node["files"] {
      if !written.isMap || written.pairs.isEmpty {
        written.fault("a map is expected", mend: "write TABLE: \"{delivery}_name.csv\"")
      }
      for (key, value) in written.pairs {
        guard let name = key.string else { continue }
        guard let number = schema.table(name) else {
          key.fault(
            "there is no table «\(name)» in Schemas/\(schema.name)",
            mend: "one of \(schema.tables.map(\.name).joined(separator: ", "))")
          continue
        }
        let table = schema.tables[number]
        var file = TabularLayout.File(table: name, pattern: "", dialect: base)
        file.dialect.missingValues += table.missingValues.map { Array($0.utf8) }
        if let pattern = value.string {
          file.pattern = pattern
        } else if value.isMap {
          value.allow(only: ["pattern", "optional", "dialect", "headers"])
          file.pattern = value["pattern"]?.string ?? ""
          if let optional = value["optional"] { file.isOptional = PlainTable.bool(optional) ?? false }
          if let own = value["dialect"] { dialect(own, &file.dialect) }
          for (header, column) in value["headers"]?.pairs ?? [] {
            guard let header = header.string, let name = column.string else { continue }
            if table.column(name) == nil { column.fault("\(table.name) has no field «\(name)»") }
            file.headers[header] = name
          }
        } else {
          value.fault("a file name is expected", mend: "write \"{delivery}_\(name).csv\"")
        }
        files.append(file)
        check(pattern: file.pattern, isSplit: written.pairs.count > 1, value)
      }
      if !files.isEmpty, files.allSatisfy(\.isOptional) {
        written.fault("every file is optional", mend: "the file of the dossiers' table cannot be")
      }
    } else if schema.tables.count == 1 || root != nil {
      let number = root.flatMap { schema.table($0) } ?? 0
      if schema.tables.count > 1 {
        node.fault(
          "Schemas/\(schema.name) has \(schema.tables.count) tables, but no file is said to hold them",
          mend: "add files: { TABLE: \"{delivery}_name.csv\", … }")
      }
      var file = TabularLayout.File(table: schema.tables[number].name, pattern: "", dialect: base)
      file.dialect.missingValues += schema.tables[number].missingValues.map { Array($0.utf8) }
      files = [file]
    }
    guard let first = files.first else { return nil }
    if let root, !files.contains(where: { $0.table == root }) {
      (node["dossier"]?["table"] ?? node).fault("no file holds the table «\(root)»", mend: "add it to «files»")
    }
    if let root, let file = files.first(where: { $0.table == root }), file.isOptional {
      node["files"]?.fault("the file of «\(root)» cannot be optional: its rows are the dossiers")
    }
    var layout = TabularLayout(files: files, root: root ?? first.table)
    if let written = node["encoding"] { layout.encoding = encoding(written) }
    if let written = node["encodings"] {
      layout.encodingCandidates = (written.isList ? written.items : [written]).compactMap(encoding)
      if node["encoding"] != nil {
        written.fault("both «encoding» and «encodings»", mend: "leave one: the encoding, or what it may be")
      }
    }
    return layout
  }

  /// Patterns of one delivery have to share `{delivery}` exactly once.
  private static func check(pattern: String, isSplit: Bool, _ node: DefinitionNode) {
    let count = pattern.components(separatedBy: "{delivery}").count - 1
    if isSplit && count != 1 {
      node.fault(
        "the name must say once where the delivery's own part stands", mend: "write \"{delivery}_name.csv\"")
    }
    let rest = pattern.replacingOccurrences(of: "{delivery}", with: "").utf8
    let isPlain = rest.allSatisfy {
      ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "._-*".utf8.contains($0)
    }
    if !isPlain {
      node.fault("a file name has letters A–Z, digits and . _ -", mend: "and {delivery} or * for what changes")
    }
  }

  private static func dialect(_ node: DefinitionNode, _ dialect: inout TabularDialect) {
    node.allow(only: [
      "$schema", "delimiter", "lineTerminator", "quoteChar", "doubleQuote", "escapeChar", "nullSequence", "header",
      "commentChar", "skipInitialSpace", "caseSensitiveHeader", "decimalChar", "groupChar", "skipLines", "footers",
      "trailingDelimiter",
    ])
    func sign(_ key: String) -> UInt8?? {
      guard let value = node.value(key) else { return nil }
      if value.isNull || value.string == "" || value.bool == false { return .some(nil) }
      return .some(PlainTable.oneByte(value))
    }
    if let value = sign("delimiter") {
      if let byte = value, byte != 0x0A, byte != 0x0D {
        dialect.delimiter = byte
      } else {
        node["delimiter"]?.fault("a delimiter is one character, and no line end")
      }
    }
    if let value = sign("quoteChar") { dialect.quote = value }
    if let value = sign("escapeChar") { dialect.escape = value }
    if dialect.quote == dialect.delimiter || (dialect.escape != nil && dialect.escape == dialect.delimiter) {
      node.fault("the delimiter is also the quote or the escape")
    }
    func flag(_ key: String, _ path: WritableKeyPath<TabularDialect, Bool>) {
      if let value = node[key], let bool = PlainTable.bool(value) { dialect[keyPath: path] = bool }
    }
    flag("doubleQuote", \.doublesQuotes)
    flag("header", \.hasHeader)
    flag("skipInitialSpace", \.skipsInitialSpace)
    flag("caseSensitiveHeader", \.isHeaderCaseSensitive)
    flag("trailingDelimiter", \.allowsTrailingDelimiter)
    if let value = node["commentChar"] { dialect.comment = Array((value.string ?? "").utf8) }
    if let value = node["nullSequence"] { dialect.missingValues += value.strings.map { Array($0.utf8) } }
    if let value = node["skipLines"] {
      if let count = value.int, (0...1000).contains(count) {
        dialect.linesToSkip = count
      } else {
        value.fault("a count of lines is expected, 0 to 1000")
      }
    }
    if let value = node["footers"] { dialect.footers = value.strings.map { Array($0.utf8) } }
    if dialect.footers.contains(where: \.isEmpty) { node["footers"]?.fault("a footer's beginning cannot be empty") }
  }

  /// The source schema as the feed reads it: `decimalChar` and `groupChar` of a dialect hold for every number that says nothing of its own.
  static func adjusted(_ schema: SourceSchema, by node: DefinitionNode) -> SourceSchema {
    func marks(_ node: DefinitionNode?) -> (decimal: UInt8?, group: [UInt8]?) {
      (node?["decimalChar"].flatMap(PlainTable.oneByte), node?.value("groupChar")?.string.map { Array($0.utf8) })
    }
    let shared = marks(node["dialect"])
    let tables = schema.tables.map { table -> SourceTable in
      let own = marks(node["files"]?[table.name]?["dialect"])
      let decimal = own.decimal ?? shared.decimal
      let group = own.group ?? shared.group
      if decimal == nil && group == nil { return table }
      return table.replacing(
        columns: table.columns.map { column in
          var column = column
          if column.plain?.form == .number || column.plain?.form == .integer {
            if column.plain?.decimalMark == nil { column.plain?.decimalMark = decimal }
            if column.plain?.groupMark == nil { column.plain?.groupMark = group }
          }
          return column
        })
    }
    return SourceSchema(name: schema.name, tables: tables)
  }

  // MARK: XML rows

  private static func xmlRows(_ node: DefinitionNode, _ schema: SourceSchema) -> XMLRowLayout? {
    guard let records = node.required("records") else { return nil }
    records.allow(only: ["dossier", "namespaces", "tables"])
    guard let dossier = records.requiredString("dossier"), let written = records.required("tables") else { return nil }
    if !dossier.hasPrefix("/") || dossier.hasSuffix("/") {
      records["dossier"]?.fault("the path begins at the document's root", mend: "write /Root/…/Visit")
    }
    var tables: [XMLRowLayout.Table] = []
    for (key, value) in written.pairs {
      guard let name = key.string else { continue }
      guard let number = schema.table(name) else {
        key.fault(
          "there is no table «\(name)» in Schemas/\(schema.name)",
          mend: "one of \(schema.tables.map(\.name).joined(separator: ", "))")
        continue
      }
      value.allow(only: ["path", "columns"])
      var columns: [XMLRowLayout.Column] = []
      for (key, value) in value.required("columns")?.pairs ?? [] {
        guard let name = key.string else { continue }
        if schema.tables[number].column(name) == nil {
          key.fault("\(schema.tables[number].name) has no field «\(name)»", mend: "add it to Schemas/\(schema.name)")
          continue
        }
        if let path = value.string {
          columns.append(XMLRowLayout.Column(name: name, path: path))
        } else if value.isMap, let path = value.requiredString("path") {
          value.allow(only: ["path", "absent", "join"])
          columns.append(
            XMLRowLayout.Column(
              name: name, path: path, absent: value.value("absent")?.string, join: value.value("join")?.string))
        } else if !value.isMap {
          value.fault("a path is expected", mend: "write \"@id\", \"Period/@start\" or { path: …, join: \";\" }")
        }
      }
      for column in schema.tables[number].columns
      where column.isRequired && !columns.contains(where: { $0.name == column.name }) {
        value.fault("\(name).\(column.name) is required but has no path", mend: "add it to «columns»")
      }
      tables.append(
        XMLRowLayout.Table(table: name, path: value["path"]?.string ?? ".", columns: columns))
    }
    var layout = XMLRowLayout(dossier: dossier, tables: tables)
    for (prefix, address) in records["namespaces"]?.pairs ?? [] {
      if let prefix = prefix.string, let address = address.string { layout.namespaces[prefix] = address }
    }
    guard !tables.isEmpty else { return nil }
    if dossier.hasPrefix("/") && !dossier.hasSuffix("/") {
      for fault in XMLRowsReader.faults(of: layout, in: schema) { records.fault(fault) }
    }
    return layout
  }
}
