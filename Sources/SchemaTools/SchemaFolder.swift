package import Definitions
internal import Foundation

/// Which fields of its source a feed uses, and where they land: read from the feed's file as text, so that a definition that does not
/// compile can still be compared and described.
package struct FeedUse: Sendable {
  package struct Landing: Sendable, Hashable {
    package var table: String
    package var field: String
    package var entity: String
    /// Nil: kept in the row's `extra`.
    package var column: String?
    /// Whether it passes through functions of the mapping.
    package var isComputed: Bool
  }

  package var name: String
  package var title: String
  package var reader: String
  package var source: String
  package var predecessor: String?
  package var drift = Feed.Drift.allow
  /// Whether cells are found by their place: a delimited text without header.
  package var readsByPosition = false
  package var landings: [Landing] = []
  /// Fields by table that decide something without landing: conditions, keys, dates of care.
  package var otherFields: [String: Set<String>] = [:]

  package func uses(_ table: String, _ field: String) -> Bool {
    otherFields[table]?.contains(field) ?? false || landings.contains { $0.table == table && $0.field == field }
  }

  package func uses(table: String) -> Bool {
    otherFields[table] != nil || landings.contains { $0.table == table }
  }

  package func fills(_ entity: String, _ column: String?) -> Bool {
    landings.contains { $0.entity == entity && (column == nil || $0.column == column) }
  }

  static func read(_ text: String, file: String, _ faults: inout [DefinitionFault]) -> FeedUse? {
    let (node, document) = DefinitionNode.read(text, file: file)
    defer { faults += document.faults }
    guard let node, let name = node["feed"]?.string, let source = node["source"]?.string else { return nil }
    var feed = FeedUse(
      name: name, title: node["title"]?.string ?? name, reader: node["reader"]?.string ?? "", source: source)
    feed.predecessor = node["predecessor"]?.string
    feed.drift = node["drift"]?.string.flatMap { Feed.Drift(rawValue: $0) } ?? .allow
    feed.readsByPosition = node["dialect"]?["header"]?.bool == false
    for item in node["rows"]?.items ?? [] { feed.take(item) }
    if let dossier = node["dossier"], let table = dossier["table"]?.string {
      for key in ["key", "careDate", "facility"] {
        guard let value = dossier[key] else { continue }
        feed.otherFields[table, default: []].formUnion(FeedUse.texts(value))
      }
    }
    return feed
  }

  private mutating func take(_ item: DefinitionNode) {
    guard let entity = item["entity"]?.string, let table = item["from"]?.string else { return }
    for key in ["when", "unless"] {
      for (field, _) in item[key]?.pairs ?? [] {
        if let field = field.string { otherFields[table, default: []].insert(field) }
      }
    }
    otherFields[table, default: []].formUnion(item["each"]?.strings ?? [])
    for (key, value) in item["columns"]?.pairs ?? [] {
      guard let column = key.string else { continue }
      for text in FeedUse.texts(value) {
        landings.append(
          Landing(table: table, field: text, entity: entity, column: column, isComputed: value.string == nil))
        // a reference takes a field of another table
        let parts = text.split(separator: ".")
        if parts.count == 2 { otherFields[String(parts[0]), default: []].insert(String(parts[1])) }
      }
    }
    for field in item["extra"]?.strings ?? [] {
      landings.append(Landing(table: table, field: field, entity: entity, column: nil, isComputed: false))
    }
  }

  /// Every text below a node that may be the name of a field; constants are none.
  private static func texts(_ node: DefinitionNode) -> [String] {
    if let text = node.string { return [text] }
    return node.items.flatMap(texts)
      + node.pairs.filter { $0.key.string != "const" && $0.key.string != "list" }.flatMap { texts($0.value) }
  }
}

/// Schema files as they stand in a folder: whole definitions, one folder of tables, or one file.
package struct SchemaFolder: Sendable {
  package var path: String
  /// The folder that the paths of files are below.
  private var base: String
  package var sets: [SchemaSet] = []
  package var common: [SchemaTable] = []
  package var codeLists: [String: CodeListFile] = [:]
  /// Names of outside catalogues.
  package var catalogues: Set<String> = []
  package var feeds: [FeedUse] = []
  /// What could not be read.
  package var faults: [DefinitionFault] = []

  package func set(_ name: String) -> SchemaSet? { sets.first { $0.name == name } }

  /// The folder as it stands; nil when there is nothing of the kind.
  package init?(_ path: String) {
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    let url = URL(filePath: path).standardizedFileURL
    let parent = SchemaFolder.plain(url.deletingLastPathComponent())
    self.path = path
    base = isFolder.boolValue ? SchemaFolder.plain(url) : parent
    guard isFolder.boolValue else {
      readCodes((parent as NSString).deletingLastPathComponent + "/codes", "codes")
      guard let table = table(url.lastPathComponent) else { return nil }
      let folder = (parent as NSString).lastPathComponent
      if table.isCommon { common = [table] } else { sets = [SchemaSet(name: folder, tables: [table])] }
      return
    }
    if FileManager.default.fileExists(atPath: base + "/Schemas") {
      readCodes(base + "/Schemas/codes", "Schemas/codes")
      for name in SchemaFolder.names(base + "/Schemas") where !["codes", "warehouse"].contains(name) {
        let tables = tables("Schemas/" + name)
        if name == "common" {
          common = tables
        } else if !tables.isEmpty {
          sets.append(SchemaSet(name: name, tables: tables))
        }
      }
      for file in SchemaFolder.names(base + "/Pipelines")
      where file.hasSuffix(".yaml") && !file.hasSuffix(".cases.yaml") {
        guard let text = text("Pipelines/" + file) else { continue }
        if let feed = FeedUse.read(text, file: "Pipelines/" + file, &faults) { feeds.append(feed) }
      }
      return
    }
    readCodes(parent + "/codes", "codes")
    let tables = tables("")
    if tables.isEmpty { return nil }
    if tables.allSatisfy(\.isCommon) {
      common = tables
    } else {
      sets = [SchemaSet(name: url.lastPathComponent, tables: tables)]
    }
  }

  private static func plain(_ url: URL) -> String {
    let path = url.path(percentEncoded: false)
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  static func names(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }

  private mutating func text(_ file: String) -> String? {
    guard let data = FileManager.default.contents(atPath: base + "/" + file),
      let text = String(validating: data, as: UTF8.self)
    else {
      faults.append(DefinitionFault(file: file, message: "the file cannot be read, or is not UTF-8"))
      return nil
    }
    return text
  }

  private mutating func table(_ file: String) -> SchemaTable? {
    guard let text = text(file) else { return nil }
    return SchemaTable.read(text, file: file, faults: &faults)
  }

  /// The tables of a folder; XML2 before XML10.
  private mutating func tables(_ folder: String) -> [SchemaTable] {
    let names = SchemaFolder.names(folder.isEmpty ? base : base + "/" + folder).filter { $0.hasSuffix(".yaml") }
    let isCommon = folder.hasSuffix("common") || (folder.isEmpty && base.hasSuffix("/common"))
    let ordered = isCommon ? names : names.sorted { ($0.count, $0) < ($1.count, $1) }
    return ordered.compactMap { table(folder.isEmpty ? $0 : folder + "/" + $0) }
  }

  private mutating func readCodes(_ folder: String, _ label: String) {
    guard let data = FileManager.default.contents(atPath: folder + "/lists.yaml"),
      let text = String(validating: data, as: UTF8.self)
    else { return }
    let (node, document) = DefinitionNode.read(text, file: label + "/lists.yaml")
    defer { faults += document.faults }
    for (key, value) in node?["lists"]?.pairs ?? [] {
      guard let name = key.string else { continue }
      var list = CodeListFile(name: name)
      list.pattern = value["pattern"]?.string
      list.source = value["source"]?.string
      list.notes = value["notes"]?.string
      list.usedIn = value["usedIn"]?.strings ?? []
      if let file = value["file"]?.string {
        list.file = label + "/" + file
        if let text = try? String(contentsOfFile: folder + "/" + file, encoding: .utf8) {
          list.values = SchemaFolder.values(text)
        }
      }
      codeLists[name] = list
    }
    catalogues = Set((node?["external"]?.pairs ?? []).compactMap { $0.key.string })
  }

  private static func values(_ text: String) -> [CodeListFile.Value] {
    let rows = SimpleCSV.rows(text)
    guard let header = rows.first else { return [] }
    return rows.enumerated().dropFirst().map { number, row in
      func cell(_ name: String) -> String {
        header.firstIndex(of: name).flatMap { $0 < row.count ? row[$0] : nil } ?? ""
      }
      return CodeListFile.Value(
        code: cell("code"), vietnamese: cell("vi"), english: cell("en"), validFrom: cell("valid_from"),
        validTo: cell("valid_to"), source: cell("source"), note: cell("note"), line: number + 1)
    }
  }
}
