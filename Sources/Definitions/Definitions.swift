package import Bytes
package import CommonSchema
package import Findings
internal import Dispatch
internal import Foundation
package import Records
internal import Synchronization
package import Transform

/// A feed: what a hospital's files are, how they map, and what the city makes of its findings (`Pipelines/<feed>.yaml`).
package struct Feed: Sendable {
  /// One change of what the catalogue says about a code, with its reason and last day.
  package struct Exception: Sendable, Hashable {
    package enum Weight: Sendable, Hashable {
      case off
      case severity(Severity)
    }
    package var code: FindingCode
    package var weight: Weight?
    /// How far amounts may differ beyond what the rule allows, in ten-thousandths of a đồng.
    package var tolerance: Int64?
    package var reason: String
    /// The last day it holds.
    package var until: CivilDate

    package func holds(on day: CivilDate) -> Bool { day <= until }
  }

  /// How many dossiers of a file may be rejected before nothing of it is loaded.
  package enum RejectBudget: Sendable, Hashable {
    case count(Int)
    /// In hundredths of a per cent of the dossiers seen.
    case share(Int)

    /// Reads `20` or `2.5%`; nil for anything else.
    package init?(_ text: String) {
      guard text.hasSuffix("%") else {
        guard let count = Int(text), count >= 0 else { return nil }
        self = .count(count)
        return
      }
      guard let share = Loader.amount(String(text.dropLast())), (0...1_000_000).contains(share) else { return nil }
      self = .share(Int(share / 100))
    }

    /// The most rejected dossiers among so many.
    package func limit(of seen: Int) -> Int {
      switch self {
      case .count(let count): count
      case .share(let share): seen * share / 10_000
      }
    }
  }
  /// What becomes of a file whose columns are not those of the schema.
  package enum Drift: String, Sendable, Hashable, CaseIterable {
    /// Refused.
    case freeze
    /// Set aside until somebody has looked.
    case quarantine
    /// Loaded; what is new stands in `extra`.
    case allow
  }
  package var name: String
  package var title: String
  package var reader: String
  package var source: String
  /// What `reader` says, and what belongs to it.
  package var reading: Reading
  /// What identifies a dossier; nil for envelopes.
  package var dossier: DossierKey?
  package var drift: Drift
  /// Feed that takes the dossiers of the older edition.
  package var predecessor: String?
  package var mapping: Mapping
  package var exceptions: [Exception]
  package var maxRejected: RejectBudget?
  /// Names of destinations that get parcels of this feed.
  package var destinations: [String]

  /// Every lookup among the functions of the mapping and of the dossiers' key.
  var lookups: [Formula] {
    var formulas: [Formula] = []
    let sources =
      mapping.rowSets.flatMap { $0.columns.map(\.source) }
      + (dossier.map { [$0.key] + $0.careDates + ($0.facility.map { [$0] } ?? []) } ?? [])
    for source in sources {
      switch source {
      case .function(let formula), .birth(_, let formula): formulas.append(formula)
      default: break
      }
    }
    var result: [Formula] = []
    while let formula = formulas.popLast() {
      formulas += formula.inputs
      if case .lookup = formula.kind { result.append(formula) }
    }
    return result
  }

  /// The lists that functions translate by, as files of `Schemas/codes`.
  var lists: [String] {
    Set(
      lookups.compactMap { formula in
        if case .lookup(_, let name, _) = formula.kind { "\(name).csv" } else { nil }
      }
    ).sorted()
  }
}

/// Everything that stands in `Schemas/` and `Pipelines/`, read and checked.
package struct Definitions: Sendable {
  /// The folder that holds `Schemas` and `Pipelines`.
  package let folder: String
  package let common: CommonSchema
  package let codes: CodeLists
  package let catalogue: FindingCatalogue
  /// By name (`qd3176`).
  package let schemas: [String: SourceSchema]
  package let feeds: [String: Feed]
  /// By name of the feed: its mapping worked out.
  package let plans: [String: FeedPlan]
  package let migrations: [(number: Int, name: String, text: String)]

  /// Reads everything below `folder`.
  package static func load(_ folder: String) throws(DefinitionFaults) -> Definitions {
    var loader = Loader(folder: folder)
    let definitions = loader.load()
    if !loader.faults.isEmpty { throw DefinitionFaults(faults: loader.faults) }
    return definitions
  }

  /// Reads only the findings catalogue below `folder`.
  package static func catalogue(_ folder: String) throws(DefinitionFaults) -> FindingCatalogue {
    var loader = Loader(folder: folder)
    let catalogue = loader.loadCatalogue()
    if !loader.faults.isEmpty { throw DefinitionFaults(faults: loader.faults) }
    return catalogue
  }

  /// The feed and its predecessor.
  private func editions(of feed: Feed) -> [FeedPlan] {
    ([feed.name] + (feed.predecessor.map { [$0] } ?? [])).compactMap { plans[$0] }
  }

  /// The feed's source schema and that of its predecessor, with the columns that functions of the mapping fill: readers leave those missing.
  package func readerSchemas(of feed: Feed) -> [SourceSchema] { editions(of: feed).map(\.schema) }

  /// The mappings that go with ``readerSchemas(of:)``, compiled.
  package func mappers(of feed: Feed) throws(DefinitionFaults) -> [Mapper] {
    var result: [Mapper] = []
    for plan in editions(of: feed) {
      do throws(MappingFaults) {
        result.append(try Mapper(plan.mapping, source: plan.schema, common: common))
      } catch {
        throw DefinitionFaults(faults: error.faults.map { DefinitionFault($0, file: "Pipelines/\(feed.name).yaml") })
      }
    }
    return result
  }

  /// What judging the feed's dossiers needs, compiled for one day.
  ///
  /// - Parameter surrogateKey: of the mapping's surrogates (`surrogateKeyFile` of `songhan.yaml`).
  package func rulings(of feed: Feed, on day: CivilDate, surrogateKey: [UInt8]? = nil) -> Rulings {
    let plans = editions(of: feed)
    return Rulings(
      schemas: plans.map(\.schema), codes: codes, policy: policy(of: feed, on: day), plans: plans,
      surrogateKey: surrogateKey)
  }

  /// Whether judging the feed's dossiers needs the key of surrogates.
  package func needsSurrogateKey(_ feed: Feed) -> Bool {
    editions(of: feed).contains { $0.derivation?.usesSurrogates ?? false }
  }

  /// The severities in force for a feed on a day.
  package func policy(of feed: Feed, on day: CivilDate) -> SeverityPolicy {
    var policy = SeverityPolicy(defaults: catalogue.severities)
    for exception in feed.exceptions where exception.holds(on: day) {
      switch exception.weight {
      case .off: policy.set(exception.code, to: nil)
      case .severity(let severity): policy.set(exception.code, to: severity)
      case nil: break
      }
      if let tolerance = exception.tolerance { policy.set(exception.code, tolerance: tolerance) }
    }
    return policy
  }

  /// The folder of definitions to use: what is named, else what stands beside the project, else what came with the program.
  package static func locate(_ named: String?, project: String?) -> String? {
    func holds(_ folder: String) -> Bool {
      FileManager.default.fileExists(atPath: folder + "/Schemas/common")
        && FileManager.default.fileExists(atPath: folder + "/Pipelines")
    }
    if let named { return holds(named) ? named : nil }
    var candidates: [String] = []
    if let project { candidates.append(project) }
    candidates.append(FileManager.default.currentDirectoryPath)
    if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      var folder = URL(filePath: program).deletingLastPathComponent()
      for _ in 0..<6 {
        candidates.append(folder.path(percentEncoded: false).trimmingSuffix("/"))
        candidates.append(folder.path(percentEncoded: false).trimmingSuffix("/") + "/share/songhan")
        folder = folder.deletingLastPathComponent()
      }
    }
    candidates += ["/usr/local/share/songhan", "/usr/share/songhan"]
    return candidates.first(where: holds)
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    count > suffix.count && hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}

/// Reads the files of a definitions folder, collecting faults.
struct Loader {
  let folder: String
  var faults: [DefinitionFault] = []

  init(folder: String) { self.folder = folder }

  mutating func load() -> Definitions {
    // reading YAML is what takes time before a run's first file, and these parts do not depend on each other
    let names = folders("Schemas").filter { !["common", "codes", "warehouse"].contains($0) }
    var common = CommonSchema(entities: [])
    var codes = CodeLists()
    var catalogue = FindingCatalogue(entries: [])
    var schemas: [String: SourceSchema] = [:]
    let parts = parts(names.count + 3) { loader, number in
      switch number {
      case 0: .common(loader.loadCommon())
      case 1: .codes(loader.loadCodes())
      case 2: .catalogue(loader.loadCatalogue())
      default: .schema(loader.loadSchema(names[number - 3]))
      }
    }
    for (part, faults) in parts {
      self.faults += faults
      switch part {
      case .common(let part): common = part
      case .codes(let part): codes = part
      case .catalogue(let part): catalogue = part
      case .schema(let part): if let part { schemas[part.name] = part }
      }
    }
    for schema in schemas.values where schema.tables.contains(where: \.isPlain) {
      loadLists(of: schema, &codes)
    }
    var feeds: [String: Feed] = [:]
    var adjusted: [String: SourceSchema] = [:]
    for file in files("Pipelines", ending: ".yaml") where !file.hasSuffix(".cases.yaml") {
      guard let (feed, schema) = loadFeed("Pipelines/" + file, catalogue, schemas) else { continue }
      feeds[feed.name] = feed
      adjusted[feed.name] = schema
      loadLookups(of: feed, &codes)
    }
    var plans: [String: FeedPlan] = [:]
    for feed in feeds.values.sorted(by: { $0.name < $1.name }) {
      plans[feed.name] = plan(feed, feeds, adjusted[feed.name], common, codes)
    }
    return Definitions(
      folder: folder, common: common, codes: codes, catalogue: catalogue, schemas: schemas, feeds: feeds, plans: plans,
      migrations: loadMigrations())
  }

  private enum Part: Sendable {
    case common(CommonSchema)
    case codes(CodeLists)
    case catalogue(FindingCatalogue)
    case schema(SourceSchema?)
  }

  /// Loads parts on all cores, each with a loader of its own; in order, with their faults.
  private func parts(_ count: Int, _ load: @Sendable (inout Loader, Int) -> Part) -> [(Part, [DefinitionFault])] {
    let folder = folder
    let loaded = Mutex<[Int: (Part, [DefinitionFault])]>([:])
    DispatchQueue.concurrentPerform(iterations: count) { number in
      var loader = Loader(folder: folder)
      let part = load(&loader, number)
      let faults = loader.faults
      loaded.withLock { $0[number] = (part, faults) }
    }
    return loaded.withLock { parts in (0..<count).compactMap { parts[$0] } }
  }

  // MARK: files

  private func names(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + path)) ?? []).sorted()
  }

  private func folders(_ path: String) -> [String] {
    names(path).filter { name in
      var isFolder: ObjCBool = false
      return unsafe FileManager.default.fileExists(atPath: "\(folder)/\(path)/\(name)", isDirectory: &isFolder)
        && isFolder.boolValue
    }
  }

  private func files(_ path: String, ending: String) -> [String] {
    names(path).filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }
  }

  private mutating func text(_ path: String) -> String? {
    guard let data = FileManager.default.contents(atPath: folder + "/" + path) else {
      faults.append(DefinitionFault(file: path, message: "the file cannot be read"))
      return nil
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      faults.append(DefinitionFault(file: path, message: "the file is not UTF-8"))
      return nil
    }
    return text
  }

  private mutating func yaml(_ path: String, _ body: (DefinitionNode) -> Void) {
    guard let text = text(path) else { return }
    let (node, document) = DefinitionNode.read(text, file: path)
    if let node { body(node) }
    faults += document.faults
  }

  // MARK: source schemas

  private mutating func loadSchema(_ name: String) -> SourceSchema? {
    var tables: [SourceTable] = []
    // XML2 before XML10
    let names = files("Schemas/\(name)", ending: ".yaml").sorted { ($0.count, $0) < ($1.count, $1) }
    var references: [PlainTable.Reference] = []
    for file in names {
      yaml("Schemas/\(name)/\(file)") { node in
        // what the decisions write stands in named elements
        let table =
          node["elements"] == nil ? PlainTable.table(node, fileName: String(file.dropLast(5))) : Loader.table(node)
        guard var table else { return }
        PlainTable.keys(node, of: &table, references: &references)
        if tables.contains(where: { $0.name == table.name }) { node.fault("the table \(table.name) stands twice") }
        tables.append(table)
      }
    }
    for reference in references {
      let target = tables.first { $0.name == reference.key.table }
      for field in reference.key.tableFields where target?.column(field) == nil {
        faults.append(
          DefinitionFault(
            file: reference.file, line: reference.place.line, column: reference.place.column,
            message: target == nil
              ? "there is no table «\(reference.key.table)» in Schemas/\(name)"
              : "\(reference.key.table) has no field «\(field)»",
            mend: "name a table and fields of this folder in «reference»"))
      }
    }
    return tables.isEmpty ? nil : SourceSchema(name: name, tables: tables)
  }

  private static func table(_ node: DefinitionNode) -> SourceTable? {
    guard let name = node.requiredString("table"), let elements = node.required("elements"),
      let row = elements.requiredString("row")
    else { return nil }
    var columns: [SourceColumn] = []
    for field in node.required("fields")?.items ?? [] {
      guard let name = field.requiredString("name"), let written = field.required("logical") else { continue }
      guard let logical = LogicalType(rawValue: written.string ?? "") else {
        written.fault("unknown type", mend: "one of \(LogicalType.allCases.map(\.rawValue).joined(separator: ", "))")
        continue
      }
      if columns.contains(where: { $0.name == name }) { field.fault("the field \(name) stands twice") }
      let constraints = field["constraints"]
      var column = SourceColumn(name: name, logical: logical)
      column.title = field["title"]?.string ?? ""
      column.summary = field["description"]?.string ?? ""
      column.isRequired = constraints?["required"]?.bool ?? false
      column.maxLength = constraints?["maxLength"]?.int ?? field["maxDigits"]?.int
      column.warnAboveLength = field["warnAboveLength"]?.int
      column.scale = field["scale"]?.int
      if let separator = field["separator"] {
        if let text = separator.string, text.utf8.count == 1 {
          column.separator = text.utf8.first
        } else {
          separator.fault("a separator is one character")
        }
      }
      if logical.isList && column.separator == nil {
        field.fault("a list needs a separator", mend: "add separator: \";\"")
      }
      column.codeList = field["codeList"]?.string
      column.catalogue = field["catalogue"]?.string
      if let target = field["mustEqual"]?.string, let dot = target.firstIndex(of: ".") {
        column.mustEqual = (String(target[..<dot]), String(target[target.index(after: dot)...]))
      }
      column.formerName = field["formerName"]?.string
      if let since = field["since"] {
        column.since = Dossier.Edition(rawValue: since.string ?? "")
        if column.since == nil { since.fault("unknown edition", mend: "one of qd130, qd4750, qd3176") }
      }
      if let check = field["requiredWhen"]?["check"], let text = check.string {
        if let conditions = conditions(text) {
          column.requiredWhen = conditions
        } else {
          check.fault(
            "the condition cannot be read",
            mend: "use filled(F), blank(F), F in (1, 2), F not in (1, 2), joined by «and»")
        }
      }
      columns.append(column)
    }
    let hasManyRows = elements["rows"]?.string == "many"
    return SourceTable(
      name: name, title: node["title"]?.string ?? "", root: elements["root"]?.string, list: elements["list"]?.string,
      row: row, hasManyRows: hasManyRows, columns: columns)
  }

  /// `filled(A) and B in (1, 2) and XML1.C not in (7)`.
  static func conditions(_ text: String) -> [Condition]? {
    var result: [Condition] = []
    for atom in text.components(separatedBy: " and ") {
      let atom = atom.trimmingCharacters(in: .whitespaces)
      func field(_ name: Substring) -> (table: String?, field: String) {
        let parts = name.split(separator: ".")
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (nil, String(name))
      }
      if atom.hasPrefix("filled("), atom.hasSuffix(")") {
        let (table, name) = field(atom.dropFirst(7).dropLast())
        result.append(Condition(table: table, field: name, test: .filled))
      } else if atom.hasPrefix("blank("), atom.hasSuffix(")") {
        let (table, name) = field(atom.dropFirst(6).dropLast())
        result.append(Condition(table: table, field: name, test: .blank))
      } else if let range = atom.range(of: " not in ("), atom.hasSuffix(")") {
        let (table, name) = field(atom[..<range.lowerBound])
        let codes = atom[range.upperBound...].dropLast().split(separator: ",").map {
          $0.trimmingCharacters(in: .whitespaces)
        }
        result.append(Condition(table: table, field: name, test: .isNotIn(codes)))
      } else if let range = atom.range(of: " in ("), atom.hasSuffix(")") {
        let (table, name) = field(atom[..<range.lowerBound])
        let codes = atom[range.upperBound...].dropLast().split(separator: ",").map {
          $0.trimmingCharacters(in: .whitespaces)
        }
        result.append(Condition(table: table, field: name, test: .isIn(codes)))
      } else {
        return nil
      }
    }
    return result
  }

  // MARK: common schema

  private mutating func loadCommon() -> CommonSchema {
    var entities: [Entity] = []
    for file in files("Schemas/common", ending: ".yaml") {
      yaml("Schemas/common/\(file)") { node in
        guard let name = node.requiredString("name") else { return }
        var columns: [EntityColumn] = []
        for field in node.required("fields")?.items ?? [] {
          guard let name = field.requiredString("name"), let sql = field.required("sql") else { continue }
          guard let type = ColumnType(rawValue: sql.string ?? "") else {
            sql.fault("unknown type", mend: "one of \(ColumnType.allCases.map(\.rawValue).joined(separator: ", "))")
            continue
          }
          columns.append(
            EntityColumn(
              name: name, type: type, isRequired: field["constraints"]?["required"]?.bool ?? false,
              title: field["title"]?.string ?? "", summary: field["description"]?.string ?? "",
              unit: field["unit"]?.string))
        }
        let kind = node["kind"].flatMap { Entity.Kind(rawValue: $0.string ?? "") } ?? .visit
        if kind == .visit && columns.prefix(6).map(\.name) != Entity.loaderColumns {
          node.fault("a visit entity begins with \(Entity.loaderColumns.joined(separator: ", "))")
        }
        entities.append(
          Entity(
            name: name, title: node["title"]?.string ?? "", summary: node["description"]?.string ?? "", kind: kind,
            isRestricted: node["restricted"]?.bool ?? false, primaryKey: node["primaryKey"]?.strings ?? [],
            columns: columns))
      }
    }
    return CommonSchema(entities: entities)
  }

  // MARK: code lists

  private mutating func loadCodes() -> CodeLists {
    var lists = CodeLists()
    var wanted: [(name: String, file: String?, pattern: String?)] = []
    var outside: [(name: String, file: String)] = []
    yaml("Schemas/codes/lists.yaml") { node in
      for (key, value) in node.required("lists")?.pairs ?? [] {
        if let name = key.string { wanted.append((name, value["file"]?.string, value["pattern"]?.string)) }
      }
      for (key, value) in node["external"]?.pairs ?? [] {
        if let name = key.string, let file = value["file"]?.string { outside.append((name, file)) }
      }
    }
    for (name, file, pattern) in wanted {
      let entries = file.map { codeEntries("Schemas/codes/\($0)") } ?? []
      let compiled = pattern.flatMap { BytePattern($0) }
      if let pattern, compiled == nil {
        faults.append(
          DefinitionFault(
            file: "Schemas/codes/lists.yaml", message: "the pattern of \(name) cannot be read: \(pattern)"))
      }
      if !entries.isEmpty || compiled != nil { lists.lists[name] = CodeSet(entries: entries, pattern: compiled) }
    }
    for (name, file) in outside where FileManager.default.fileExists(atPath: "\(folder)/Schemas/codes/\(file)") {
      lists.catalogues[name] = CodeSet(entries: codeEntries("Schemas/codes/\(file)"))
    }
    return lists
  }

  private mutating func codeEntries(_ path: String) -> [CodeSet.Entry] {
    guard let text = text(path) else { return [] }
    let rows = SimpleCSV.rows(text)
    guard let header = rows.first, let code = header.firstIndex(of: "code") else {
      faults.append(DefinitionFault(file: path, line: 1, column: 1, message: "the header has no column «code»"))
      return []
    }
    let from = header.firstIndex(of: "valid_from")
    let to = header.firstIndex(of: "valid_to")
    var entries: [CodeSet.Entry] = []
    for (number, row) in rows.enumerated().dropFirst() {
      guard row.count == header.count else {
        faults.append(
          DefinitionFault(
            file: path, line: number + 1, column: 1, message: "\(row.count) cells where the header has \(header.count)")
        )
        continue
      }
      func day(_ index: Int?) -> CivilDate? {
        guard let index, !row[index].isEmpty else { return nil }
        let compact = Array(row[index].utf8.filter { $0 != UInt8(ascii: "-") })
        if let day = CivilDate(compact: compact.span) { return day }
        faults.append(
          DefinitionFault(file: path, line: number + 1, column: 1, message: "«\(row[index])» is no date yyyy-mm-dd"))
        return nil
      }
      entries.append(CodeSet.Entry(code: row[code], validFrom: day(from), validTo: day(to)))
    }
    return entries
  }

  // MARK: findings

  mutating func loadCatalogue() -> FindingCatalogue {
    var entries: [CatalogueEntry] = []
    yaml("Schemas/findings.yaml") { node in
      for item in node.required("findings")?.items ?? [] {
        guard let written = item.required("code"), let severity = item.required("severity") else { continue }
        guard let code = FindingCode(written.string ?? "") else {
          written.fault("a code is a letter and two digits")
          continue
        }
        guard let level = Severity(name: severity.string ?? "") else {
          severity.fault("unknown severity", mend: "one of info, warn, error, reject")
          continue
        }
        func text(_ key: String) -> Bilingual {
          guard let both = item.required(key) else { return Bilingual(vietnamese: "", english: "") }
          return Bilingual(vietnamese: both.requiredString("vi") ?? "", english: both.requiredString("en") ?? "")
        }
        entries.append(
          CatalogueEntry(
            code: code, severity: level, scope: CatalogueEntry.Scope(rawValue: item["scope"]?.string ?? "") ?? .dossier,
            tables: item["tables"]?.strings ?? [], basis: item["basis"]?.strings ?? [], doubt: item["doubt"]?.string,
            needs: item["needs"]?.strings ?? [], title: text("title"), explanation: text("explanation"),
            remedy: text("remedy"), message: text("message"), accepted: Loader.example(item, "accepted"),
            refused: Loader.example(item, "refused")))
      }
    }
    return FindingCatalogue(entries: entries)
  }

  private static func example(_ item: DefinitionNode, _ key: String) -> CatalogueExample {
    guard let node = item.required(key) else { return CatalogueExample() }
    var example = CatalogueExample()
    for (key, value) in node.pairs {
      guard let name = key.string else { continue }
      if name == "text" {
        example.text = value.string
      } else if value.isMap {
        let like = value["copyOf"]?.string.map { "a copy of row \($0)" } ?? "a new row"
        example.changes.append(CatalogueExample.Change(field: name, value: like))
        for (key, value) in value.pairs {
          guard let field = key.string, field != "copyOf" else { continue }
          example.changes.append(
            CatalogueExample.Change(field: "\(name).\(field)", value: value.isNull ? nil : value.string))
        }
      } else {
        example.changes.append(CatalogueExample.Change(field: name, value: value.isNull ? nil : value.string))
      }
    }
    return example
  }

  // MARK: feeds

  private mutating func loadFeed(
    _ path: String, _ catalogue: FindingCatalogue, _ schemas: [String: SourceSchema]
  ) -> (Feed, SourceSchema?)? {
    var result: (Feed, SourceSchema?)?
    yaml(path) { node in
      node.allow(
        only: [
          "feed", "title", "reader", "source", "predecessor", "rules", "destinations", "rows", "description",
          "maxRejected",
        ] + FeedReading.keys)
      guard let name = node.requiredString("feed"), let reader = node.requiredString("reader"),
        let source = node.requiredString("source")
      else { return }
      var sets: [Mapping.RowSet] = []
      for item in node.required("rows")?.items ?? [] {
        if let set = Loader.rowSet(item) { sets.append(set) }
      }
      let budget = node["maxRejected"]
      let maxRejected = budget.flatMap { Feed.RejectBudget($0.string ?? "") }
      if let budget, maxRejected == nil { budget.fault("a count or a share is expected", mend: "write 20 or 5%") }
      if schemas[source] == nil {
        node["source"]?.fault("there is no folder Schemas/\(source)", mend: "name one in «source»")
      }
      if path != "Pipelines/\(name).yaml" {
        node["feed"]?.fault("the file of the feed «\(name)» is named otherwise", mend: "name it \(name).yaml")
      }
      let dossier = reader == "envelope" ? nil : node.required("dossier").flatMap(FeedReading.dossier)
      let schema = reader == "envelope" ? schemas[source] : schemas[source].map { FeedReading.adjusted($0, by: node) }
      let root = dossier.flatMap { key in schema?.table(key.table) == nil ? nil : key.table }
      let reading = FeedReading.reading(node, reader: reader, schema, root: root)
      var drift = Feed.Drift.allow
      if let written = node["drift"] {
        if let policy = Feed.Drift(rawValue: written.string ?? "") {
          drift = policy
        } else {
          written.fault("unknown policy", mend: "one of freeze, quarantine, allow")
        }
      }
      let feed = Feed(
        name: name, title: node["title"]?.string ?? name, reader: reader, source: source,
        reading: reading ?? .envelope, dossier: dossier, drift: drift,
        predecessor: node["predecessor"]?.string, mapping: Mapping(rowSets: sets),
        exceptions: (node["rules"]?.pairs ?? []).compactMap { Loader.exception($0.key, $0.value, catalogue) },
        maxRejected: maxRejected, destinations: node["destinations"]?.strings ?? [])
      result = (feed, schema)
    }
    return result
  }

  /// An amount in ten-thousandths; nil when it is none.
  static func amount(_ text: String) -> Int64? {
    guard case .success(let reading) = Decimal4.read(Array(text.utf8).span), reading.isExact else { return nil }
    return reading.value.units
  }

  /// `F03: { severity: warn, tolerance: 1000, reason: …, until: 2026-06-30 }`.
  private static func exception(
    _ key: DefinitionNode, _ value: DefinitionNode, _ catalogue: FindingCatalogue
  ) -> Feed.Exception? {
    guard let code = FindingCode(key.string ?? "") else {
      key.fault("a code is a letter and two digits")
      return nil
    }
    guard let entry = catalogue[code] else {
      key.fault("there is no code \(code) in the catalogue", mend: "see songhan rules list")
      return nil
    }
    if entry.scope == .file && entry.severity == .reject {
      key.fault("\(code) refuses a whole file; a feed cannot change that")
    }
    let example = "write { severity: off, reason: \"…\", until: 2026-06-30 }"
    guard value.isMap else {
      value.fault("an exception needs a reason and a last day", mend: example)
      return nil
    }
    value.allow(only: ["severity", "tolerance", "reason", "until"])
    var weight: Feed.Exception.Weight?
    if let written = value["severity"] {
      if written.string == "off" {
        weight = .off
      } else if let severity = Severity(name: written.string ?? "") {
        weight = .severity(severity)
      } else {
        written.fault("unknown severity", mend: "one of info, warn, error, reject, off")
      }
    }
    var tolerance: Int64?
    if let written = value["tolerance"] {
      tolerance = amount(written.string ?? "")
      if tolerance.map({ $0 < 0 }) ?? true { written.fault("an amount in đồng is expected", mend: "write 1000") }
      if !entry.statesDifference { written.fault("\(code) compares no amounts: a tolerance means nothing there") }
    }
    if value["severity"] == nil && value["tolerance"] == nil {
      value.fault("the exception changes nothing", mend: "add severity or tolerance")
    }
    let reason = value.requiredString("reason") ?? ""
    if value["reason"] != nil && reason.allSatisfy(\.isWhitespace) {
      value.fault("the reason is empty", mend: "say why")
    }
    guard let until = value.required("until") else { return nil }
    let digits = (until.string ?? "").utf8.filter { $0 != UInt8(ascii: "-") }
    guard digits.count == 8, let day = CivilDate(compact: Array(digits).span) else {
      until.fault("a date yyyy-mm-dd is expected", mend: "the last day the exception holds")
      return nil
    }
    return Feed.Exception(code: code, weight: weight, tolerance: tolerance, reason: reason, until: day)
  }

  private static func rowSet(_ node: DefinitionNode) -> Mapping.RowSet? {
    node.allow(only: ["entity", "from", "when", "unless", "each", "columns", "extra"])
    guard let entity = node.requiredString("entity"), let table = node.requiredString("from") else { return nil }
    var set = Mapping.RowSet(entity: entity, table: table)
    func filter(_ key: String) -> [(field: String, codes: [String])] {
      (node[key]?.pairs ?? []).compactMap { field, codes in field.string.map { ($0, codes.strings) } }
    }
    set.when = filter("when")
    set.unless = filter("unless")
    set.each = node["each"]?.strings ?? []
    set.extra = node["extra"]?.strings ?? []
    set.place = node.place
    for (key, value) in node["columns"]?.pairs ?? [] {
      guard let name = key.string, let source = Formulas.source(value) else { continue }
      set.columns.append((name, source))
      set.places[name] = value.place
    }
    return set
  }

  /// The feed's mapping against its schemas; nil, with faults noted, when they do not fit.
  private mutating func plan(
    _ feed: Feed, _ feeds: [String: Feed], _ schema: SourceSchema?, _ common: CommonSchema, _ codes: CodeLists
  ) -> FeedPlan? {
    let file = "Pipelines/\(feed.name).yaml"
    if let older = feed.predecessor {
      if feeds[older] == nil {
        faults.append(DefinitionFault(file: file, message: "there is no feed «\(older)» for predecessor"))
      }
      if case .envelope = feed.reading {
      } else {
        faults.append(DefinitionFault(file: file, message: "only envelopes have a predecessor", mend: "take it out"))
      }
    }
    guard let schema else { return nil }
    do throws(MappingFaults) {
      return try FeedPlan(feed.mapping, dossier: feed.dossier, source: schema, common: common, codes: codes)
    } catch {
      faults += error.faults.map { DefinitionFault($0, file: file) }
      return nil
    }
  }

  // MARK: lists of plain schemas and of functions

  /// Code lists that a plain schema names and the index does not: any file of `Schemas/codes`.
  private mutating func loadLists(of schema: SourceSchema, _ codes: inout CodeLists) {
    for table in schema.tables {
      for column in table.columns {
        guard let name = column.codeList, codes.lists[name] == nil else { continue }
        guard FileManager.default.fileExists(atPath: "\(folder)/Schemas/codes/\(name).csv") else {
          faults.append(
            DefinitionFault(
              file: "Schemas/\(schema.name)",
              message: "\(table.name).\(column.name) names a code list «\(name)» that is not there",
              mend: "add Schemas/codes/\(name).csv with a column code"))
          continue
        }
        codes.lists[name] = CodeSet(entries: codeEntries("Schemas/codes/\(name).csv"))
      }
    }
  }

  /// The lists that functions of a feed translate by: `code` and `to`.
  private mutating func loadLookups(of feed: Feed, _ codes: inout CodeLists) {
    for formula in feed.lookups {
      guard case .lookup(_, let name, _) = formula.kind, codes.lookups[name] == nil else { continue }
      let path = "Schemas/codes/\(name).csv"
      guard FileManager.default.fileExists(atPath: "\(folder)/\(path)"), !name.contains("..") else {
        faults.append(
          DefinitionFault(
            file: "Pipelines/\(feed.name).yaml", line: formula.place?.line ?? 0,
            column: formula.place?.column ?? 0, message: "there is no list \(path)",
            mend: "add it, with the columns code and to"))
        continue
      }
      guard let text = text(path) else { continue }
      let rows = SimpleCSV.rows(text)
      guard let header = rows.first, let code = header.firstIndex(of: "code"), let to = header.firstIndex(of: "to")
      else {
        faults.append(
          DefinitionFault(
            file: path, line: 1, column: 1, message: "a list to translate by has the columns code and to",
            mend: "write the header code,to"))
        continue
      }
      codes.lookups[name] = LookupTable(
        rows.dropFirst().filter { $0.count == header.count }.map { ($0[code], $0[to]) })
    }
  }

  // MARK: migrations

  private mutating func loadMigrations() -> [(number: Int, name: String, text: String)] {
    files("Schemas/warehouse", ending: ".sql").compactMap { file in
      guard let dash = file.firstIndex(of: "-"), let number = Int(file[..<dash]),
        let text = text("Schemas/warehouse/\(file)")
      else {
        return nil
      }
      return (number, String(file.dropLast(4)), text)
    }
  }
}

/// RFC 4180 as our own code lists use it: commas, quotes, LF or CRLF, UTF-8.
package enum SimpleCSV {
  package static func rows(_ text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var cell: [UInt8] = []
    var isQuoted = false
    var bytes = Array(text.utf8)[...]
    func endCell() {
      row.append(String(decoding: cell, as: UTF8.self))
      cell.removeAll(keepingCapacity: true)
    }
    while let byte = bytes.popFirst() {
      if isQuoted {
        if byte == UInt8(ascii: "\"") {
          if bytes.first == byte {
            cell.append(byte)
            bytes.removeFirst()
          } else {
            isQuoted = false
          }
        } else {
          cell.append(byte)
        }
      } else if byte == UInt8(ascii: "\""), cell.isEmpty {
        isQuoted = true
      } else if byte == UInt8(ascii: ",") {
        endCell()
      } else if byte == 0x0A {
        if cell.last == 0x0D { cell.removeLast() }
        endCell()
        if row != [""] { rows.append(row) }
        row.removeAll()
      } else {
        cell.append(byte)
      }
    }
    if !cell.isEmpty || !row.isEmpty {
      endCell()
      rows.append(row)
    }
    return rows
  }
}
