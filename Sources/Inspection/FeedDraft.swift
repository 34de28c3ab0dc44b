package import Definitions
internal import CommonSchema
internal import Foundation
internal import Records
internal import Transform

/// A source schema and a feed for files that were looked at, as a proposal that a person reads.
package struct FeedDraft {
  /// A line that a person has to look at, or finish.
  package struct Edit: Codable, Sendable, Hashable {
    /// Below the folder of definitions.
    package var file: String
    /// From 1.
    package var line: Int
    package var text: String
  }

  /// Path below the folder of definitions, and what stands in it.
  package private(set) var files: [(path: String, text: String)] = []
  /// Lines without which the files do not load, and lines that were guessed.
  package private(set) var edits: [Edit] = []

  private let name: String
  private let inspection: Inspection
  private var tables: [Table]
  private let root: Int
  /// Of a file that is cut along element paths.
  private let shape: XMLShape?
  private let references: [Inspection.Reference]
  private let definitions: Definitions

  private struct Table {
    var name: String
    var pattern: String
    var file: FileInspection
    /// Names of its fields.
    var fields: [String]
    var key: Int?
    /// By field: the QĐ 3176 field of that name or title.
    var known: [Int: (table: String, field: String)]
    /// By field: several values stand in it.
    var lists: Set<Int> = []
  }

  package static func isName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return !bytes.isEmpty && bytes.count <= 40 && (bytes[0] | 0x20 >= 0x61 && bytes[0] | 0x20 <= 0x7A)
      && bytes.allSatisfy {
        $0 >= 0x30 && $0 <= 0x39 || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 == 0x2D || $0 == 0x5F
      }
  }

  /// - Parameters:
  ///   - name: of the feed.
  ///   - rootTable: the table whose rows are dossiers; nil to choose one.
  /// - Throws: a sentence when no feed can be proposed.
  package init(_ inspection: Inspection, name: String, rootTable: String?, definitions: Definitions) throws(Refusal) {
    if inspection.files.contains(where: { $0.form == .envelope }) {
      throw Refusal("the feed qd3176 reads such a file: songhan facility add CODE --name NAME --feed qd3176")
    }
    (self.name, self.inspection, self.definitions) = (name, inspection, definitions)
    let dictionary = FeedDraft.dictionary(definitions)
    let isXML = inspection.files.contains { $0.shape != nil }
    func known(_ columns: [ColumnProfile]) -> [Int: (table: String, field: String)] {
      var result: [Int: (table: String, field: String)] = [:]
      for (number, column) in columns.enumerated() {
        result[number] = dictionary[FeedDraft.plain(column.name)]
        // `Period/MA_BN` is known by its last part, too
        if result[number] == nil, isXML, let last = column.name.split(separator: " ").last {
          result[number] = dictionary[FeedDraft.plain(String(last))]
        }
      }
      return FeedDraft.together(result, definitions)
    }
    if inspection.files.count == 1, let shape = inspection.files[0].shape {
      self.shape = shape
      tables = shape.tables.map { table in
        var file = inspection.files[0]
        (file.columns, file.rows) = (table.columns, table.rows)
        return Table(
          name: table.name, pattern: "", file: file, fields: FeedDraft.fieldNames(table.columns.map(\.name)),
          key: nil, known: known(table.columns), lists: Set(table.areLists.indices.filter { table.areLists[$0] }))
      }
      root = 0
      if let key = XMLShaper.key(of: shape.tables[0]) {
        tables[0].key = key
        // the key is the first column of the other tables
        references = shape.tables.indices.dropFirst().map {
          Inspection.Reference(file: $0, column: 0, toFile: 0, toColumn: key, values: 0)
        }
      } else {
        references = []
      }
      write(isRootGuessed: rootTable == nil && !shape.others.isEmpty)
      return
    }
    guard !inspection.files.isEmpty, inspection.files.allSatisfy({ $0.form == .csv && !$0.columns.isEmpty }) else {
      throw Refusal(
        inspection.files.count > 1 && inspection.files.contains { $0.form == .xml }
          ? "a feed can be proposed for one XML file at a time"
          : "a feed can be proposed for delimited text with rows, and for XML in which an element looks like a visit (--root NAME)"
      )
    }
    shape = nil
    references = inspection.references
    let names = FeedDraft.tableNames(inspection.files.map(\.file))
    tables = zip(inspection.files, names).map { file, names in
      var table = Table(
        name: names.table, pattern: names.pattern, file: file, fields: FeedDraft.fieldNames(file.columns.map(\.name)),
        key: nil, known: known(file.columns))
      table.key = FeedDraft.key(of: table)
      return table
    }
    var referred = 0
    if let rootTable {
      guard let number = tables.firstIndex(where: { $0.name == rootTable }) else {
        throw Refusal("no file is the table «\(rootTable)»; there are \(tables.map(\.name).joined(separator: ", "))")
      }
      root = number
    } else {
      root = FeedDraft.root(tables, inspection.references)
      referred = tables.count
    }
    write(isRootGuessed: referred > 1)
  }

  package struct Refusal: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
  }

  // MARK: guesses

  /// `MA_LK`, `MaLK` and `mã LK` are the same name.
  private static func plain(_ name: String) -> String { FoldedName.words(name).joined() }

  /// Names and Vietnamese titles of the fields of QĐ 3176, in plain letters; the visit's own come first.
  private static func dictionary(_ definitions: Definitions) -> [String: (table: String, field: String)] {
    var result: [String: (table: String, field: String)] = [:]
    guard let schema = definitions.schemas["qd3176"] else { return result }
    for table in schema.tables where table.name != "XML0" {
      for column in table.columns {
        for text in [column.name, column.title] {
          let plain = plain(text)
          if !plain.isEmpty, result[plain] == nil { result[plain] = (table.name, column.name) }
        }
      }
    }
    return result
  }

  /// A name that several tables have (`STT`) is that of the table which most of the columns belong to.
  private static func together(
    _ known: [Int: (table: String, field: String)], _ definitions: Definitions
  ) -> [Int: (table: String, field: String)] {
    var votes: [String: Int] = [:]
    for (table, _) in known.values { votes[table, default: 0] += 1 }
    guard let schema = definitions.schemas["qd3176"],
      let most = votes.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key,
      let table = schema.table(most).map({ schema.tables[$0] })
    else { return known }
    return known.mapValues { table.column($0.field) == nil ? $0 : (most, $0.field) }
  }

  /// `20250301_luotkham.csv` and `20250301_thuoc.csv` are the tables luotkham and thuoc of the delivery 20250301.
  private static func tableNames(_ files: [String]) -> [(table: String, pattern: String)] {
    func stem(_ file: String) -> (stem: String, ending: String) {
      let plain = file.hasSuffix(".gz") ? String(file.dropLast(3)) : file
      guard let dot = plain.lastIndex(of: "."), dot != plain.startIndex else { return (plain, "") }
      return (String(plain[..<dot]), String(plain[dot...]))
    }
    func word(_ text: String) -> String {
      let plain = FoldedName.words(text).filter { $0.contains { $0.isLetter } }.joined(separator: "_")
      return plain.isEmpty ? "rows" : plain
    }
    var seen: Set<String> = []
    func unique(_ name: String) -> String {
      var name = name
      while !seen.insert(name).inserted { name += "_2" }
      return name
    }
    let stems = files.map { stem($0).stem }
    if files.count == 1 { return [(unique(word(stems[0])), "")] }
    // what all names begin, or end, with and what has digits is the delivery's own part
    var prefix = stems[0]
    var suffix = stems[0]
    for stem in stems {
      prefix = prefix.commonPrefix(with: stem)
      suffix = String(String(suffix.reversed()).commonPrefix(with: String(stem.reversed())).reversed())
    }
    let signs = CharacterSet(charactersIn: "_-. ")
    prefix = prefix.contains(where: \.isNumber) ? prefix.trimmingCharacters(in: signs) : ""
    suffix = suffix.contains(where: \.isNumber) && prefix.isEmpty ? suffix.trimmingCharacters(in: signs) : ""
    return files.map { file in
      let (stem, ending) = stem(file)
      if !prefix.isEmpty {
        let rest = String(stem.dropFirst(prefix.count))
        return (unique(word(rest)), "{delivery}\(rest)\(ending)")
      }
      if !suffix.isEmpty {
        let rest = String(stem.dropLast(suffix.count))
        return (unique(word(rest)), "\(rest){delivery}\(ending)")
      }
      return (unique(word(stem)), "{delivery}\(stem)\(ending)")
    }
  }

  /// The hospital's own spelling where it is a plain name.
  private static func fieldNames(_ headers: [String]) -> [String] {
    var seen: Set<String> = []
    return headers.enumerated().map { number, header in
      let isPlain =
        header.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 == 0x5F }
        && header.first?.isLetter == true
      var name = isPlain ? header : FoldedName.plain(header)
      if name.first?.isLetter != true { name = "column_\(number + 1)" }
      while !seen.insert(name).inserted { name += "_\(number + 1)" }
      return name
    }
  }

  private static func key(of table: Table) -> Int? {
    let columns = table.file.columns
    let candidates = columns.indices.filter {
      (columns[$0].isUnique == true || columns[$0].isUniqueWhereFilled)
        && [.code, .integer, .text].contains(columns[$0].kind)
    }
    func saysVisit(_ column: Int) -> Bool {
      let words = FoldedName.words(columns[column].name)
      return !Set(words).isDisjoint(with: ["luot", "hoso", "visit", "encounter", "benhan", "kham"])
        || words.joined(separator: " ").contains("ho so") || words.joined(separator: " ").contains("benh an")
    }
    let unique = candidates.filter { columns[$0].isUnique == true }
    return candidates.first { table.known[$0]?.field == "MA_LK" } ?? candidates.first(where: saysVisit)
      ?? unique.first { columns[$0].kind == .code } ?? unique.first ?? candidates.first
  }

  /// The table that says «visit», else the one that others refer to and that refers to others itself, else the first.
  private static func root(_ tables: [Table], _ references: [Inspection.Reference]) -> Int {
    func score(_ number: Int) -> Int {
      let words = FoldedName.words(tables[number].name).joined()
      let saysVisit = ["visit", "luot", "kham", "encounter", "hoso", "dieutri", "xml1"].contains { words.contains($0) }
      let incoming = references.count { $0.toFile == number }
      let outgoing = references.count { $0.file == number }
      return (saysVisit ? 100 : 0) + (tables[number].key == nil ? 0 : 10) + (incoming > 0 && outgoing > 0 ? 5 : 0)
        + incoming
    }
    return tables.indices.max { (score($0), -$0) < (score($1), -$1) } ?? 0
  }

  private var careDates: [Int] {
    let table = tables[root]
    let dates = table.file.columns.indices.filter { [.date, .datetime].contains(table.file.columns[$0].kind) }
    let named = ["NGAY_RA", "NGAY_VAO"].compactMap { name in dates.first { table.known[$0]?.field == name } }
    if !named.isEmpty { return named }
    let birth = Set(["NGAY_SINH", "GT_THE_TU", "GT_THE_DEN"])
    func words(_ column: Int) -> Set<String> { Set(FoldedName.words(table.file.columns[column].name)) }
    let visit = dates.filter { column in
      table.known[column].map { !birth.contains($0.field) } ?? true
        && words(column).isDisjoint(with: ["sinh", "born", "birth", "dob", "the", "card"])
    }.prefix(2)
    // the discharge decides the month of care
    let discharge = visit.filter {
      !words($0).isDisjoint(with: ["ra", "end", "out", "discharge", "xuat", "ket", "den", "to"])
    }
    return discharge + visit.filter { !discharge.contains($0) }
  }

  // MARK: writing

  /// Lines of one file; a doubt becomes a comment at the line's end, and an edit.
  private struct Lines {
    var path: String
    var lines: [String] = []
    var edits: [Edit] = []

    mutating func add(_ line: String, edit: String? = nil) {
      if let edit {
        edits.append(Edit(file: path, line: lines.count + 1, text: edit))
        lines.append("\(line)   # EDIT: \(edit)")
      } else {
        lines.append(line)
      }
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\t": result += "\\t"
      case "\u{0}"..<" ": result += "\\x" + String(format: "%02X", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private mutating func write(isRootGuessed: Bool) {
    for (number, table) in tables.enumerated() { add(schema(of: number, table)) }
    add(feed(isRootGuessed))
  }

  private mutating func add(_ lines: Lines) {
    files.append((lines.path, lines.lines.joined(separator: "\n") + "\n"))
    edits += lines.edits
  }

  private func schema(of number: Int, _ table: Table) -> Lines {
    var lines = Lines(path: "Schemas/\(name)/\(table.name).yaml")
    lines.add("# Proposed by «songhan inspect» from \(table.file.rows) rows. Read every line before it is used.")
    lines.add("name: \(table.name)")
    lines.add("title: \(FeedDraft.quoted(table.name))")
    let references = references.filter { $0.file == number }
    // a key that is referred to has one way of being written
    let keys = Set(
      [table.key].compactMap(\.self) + references.map(\.column)
        + self.references.filter { $0.toFile == number }.map(\.toColumn))
    lines.add("fields:")
    for (place, column) in table.file.columns.enumerated() {
      lines.add("- name: \(table.fields[place])")
      lines.add("  title: \(FeedDraft.quoted(column.name))")
      let slips =
        column.misfits == 0 ? nil : "\(column.misfits) of \(column.values) values are no \(column.kind.rawValue)"
      switch column.kind {
      case _ where table.lists.contains(place):
        lines.add("  type: list")
        lines.add("  delimiter: \";\"")
      case .integer where !keys.contains(place) && !landsInText(table, place):
        lines.add("  type: integer", edit: slips)
      case .decimal where !keys.contains(place):
        lines.add("  type: number", edit: slips)
        if column.decimalChar == "," { lines.add("  decimalChar: \",\"") }
        if let group = column.groupChar { lines.add("  groupChar: \(FeedDraft.quoted(group))") }
      case .date, .datetime:
        lines.add("  type: \(column.kind.rawValue)", edit: slips)
        lines.add("  format: \(FeedDraft.quoted(column.format ?? "default"))")
      case .boolean: lines.add("  type: boolean")
      case .ambiguous:
        lines.add(
          "  type: string", edit: "\(column.name) may be \(column.readings.joined(separator: " or ")); say which")
      default: lines.add("  type: string")
      }
      if place == table.key { lines.add("  constraints: { required: true }") }
    }
    if let key = table.key {
      lines.add("primaryKey: [\(table.fields[key])]")
    } else if number == root {
      lines.add("# no column holds a different value in each row")
    }
    if !references.isEmpty { lines.add("foreignKeys:") }
    for reference in references {
      let target = tables[reference.toFile]
      lines.add("- fields: [\(table.fields[reference.column])]")
      lines.add("  reference: { resource: \(target.name), fields: [\(target.fields[reference.toColumn])] }")
    }
    let marks = Set(table.file.columns.flatMap(\.missingMarks.keys)).sorted()
    if !marks.isEmpty { lines.add("missingValues: [\((["" ] + marks).map(FeedDraft.quoted).joined(separator: ", "))]") }
    return lines
  }

  private func landsInText(_ table: Table, _ place: Int) -> Bool {
    target(table, place, of: nil).map { type(of: $0.column, in: $0.entity) == .text } ?? false
  }

  private func type(of column: String, in entity: String) -> ColumnType? {
    guard let number = definitions.common.entity(entity) else { return nil }
    let entity = definitions.common.entities[number]
    return entity.column(column).map { entity.columns[$0].type }
  }

  /// A field as its column takes it: one text is a list of one.
  private func source(_ table: Table, _ field: String, _ column: String, _ entity: String) -> String {
    guard type(of: column, in: entity) == .textArray, let place = table.fields.firstIndex(of: field),
      !table.lists.contains(place)
    else { return field }
    return "{ join: [\(field)], with: \";\" }"
  }

  private func dialect(_ file: FileInspection) -> String {
    guard let dialect = file.dialect else { return "{}" }
    var words = ["delimiter: \(FeedDraft.quoted(dialect.delimiter))"]
    if dialect.quoteChar != "\"" { words.append("quoteChar: \(dialect.quoteChar.map(FeedDraft.quoted) ?? "null")") }
    if let escape = dialect.escapeChar { words.append("escapeChar: \(FeedDraft.quoted(escape))") }
    if let comment = dialect.commentChar { words.append("commentChar: \(FeedDraft.quoted(comment))") }
    if dialect.skipLines > 0 { words.append("skipLines: \(dialect.skipLines)") }
    if !dialect.header { words.append("header: false") }
    if dialect.trailingDelimiter { words.append("trailingDelimiter: true") }
    if !dialect.footers.isEmpty {
      words.append("footers: [\(dialect.footers.map(FeedDraft.quoted).joined(separator: ", "))]")
    }
    return "{ \(words.joined(separator: ", ")) }"
  }

  /// How delimited files are written.
  private func addFiles(_ lines: inout Lines) {
    let encodings = tables.map(\.file.textEncoding)
    let doubtful = tables.contains { $0.file.encoding?.isCertain == false }
    if Set(encodings).count == 1 {
      lines.add(
        "encoding: \(encodings[0].rawValue)",
        edit: doubtful ? "the encoding is not certain; compare letters with marks" : nil)
    } else {
      let others = Set(encodings.map(\.rawValue)).sorted()
      lines.add(
        "encodings: [\(others.joined(separator: ", "))]",
        edit: doubtful ? "the encodings are not certain; compare letters with marks" : nil)
    }
    let shared = dialect(tables[root].file)
    lines.add("dialect: \(shared)")
    lines.add("files:")
    for table in tables {
      lines.add("  \(table.name):")
      lines.add("    pattern: \(FeedDraft.quoted(table.pattern))")
      if dialect(table.file) != shared { lines.add("    dialect: \(dialect(table.file))") }
      let odd = table.fields.indices.filter { table.fields[$0] != table.file.columns[$0].name }
      if table.file.dialect?.header == true, !odd.isEmpty {
        lines.add("    headers:")
        for place in odd {
          lines.add("      \(FeedDraft.quoted(table.file.columns[place].name)): \(table.fields[place])")
        }
      }
    }
  }

  /// How an XML file is cut.
  private func addRecords(_ shape: XMLShape, _ lines: inout Lines) {
    lines.add("records:")
    lines.add("  dossier: \(shape.dossier)")
    if !shape.namespaces.isEmpty {
      let addresses = shape.namespaces.sorted { $0.key < $1.key }.map { "\($0.key): \(FeedDraft.quoted($0.value))" }
      lines.add("  namespaces: { \(addresses.joined(separator: ", ")) }")
    }
    lines.add("  tables:")
    for (table, cut) in zip(tables, shape.tables) {
      lines.add("    \(table.name):")
      lines.add("      path: \(FeedDraft.quoted(cut.path))")
      lines.add("      columns:")
      for (place, path) in cut.paths.enumerated() {
        let path = FeedDraft.quoted(path)
        lines.add(
          "        \(table.fields[place]): \(table.lists.contains(place) ? "{ path: \(path), join: \";\" }" : path)")
      }
    }
  }

  private func feed(_ isRootGuessed: Bool) -> Lines {
    var lines = Lines(path: "Pipelines/\(name).yaml")
    lines.add(
      "# Proposed by «songhan inspect». Read every line before it is used; what the lines mean: Pipelines/README.md.")
    lines.add("feed: \(name)")
    lines.add("title: \(FeedDraft.quoted(name))")
    lines.add("reader: \(shape == nil ? "csv" : "xml-rows")")
    lines.add("source: \(name)")
    if let shape { addRecords(shape, &lines) } else { addFiles(&lines) }
    let table = tables[root]
    lines.add("dossier:")
    lines.add(
      "  table: \(table.name)",
      edit: !isRootGuessed
        ? nil
        : shape.map {
          "one dossier is one of these elements; was it meant to be another one (--root \($0.others.joined(separator: ", --root ")))?"
        } ?? "one dossier is one row of this table; was it meant to be another one?")
    let key = table.key ?? 0
    lines.add(
      "  key: \(table.fields[key])",
      edit: table.key == nil
        ? "no column differs in every row; name the one that tells visits apart"
        : table.file.columns[key].missing > 0
          ? "guessed: no value stands twice, but \(table.file.columns[key].missing) rows have none and are kept out"
          : table.known[key]?.field == "MA_LK"
            ? nil : "guessed: it differs in every row; is it the number of the visit?")
    let dates = careDates
    let isNamed = dates.contains { ["NGAY_RA", "NGAY_VAO"].contains(table.known[$0]?.field) }
    lines.add(
      "  careDate: [\((dates.isEmpty ? [key] : dates).map { table.fields[$0] }.joined(separator: ", "))]",
      edit: dates.isEmpty
        ? "no column is a date; name the one that says when the patient was treated"
        : isNamed ? nil : "guessed: the first dates of the table; which say when the patient left, or came?")
    addRows(&lines, key)
    return lines
  }

  // MARK: the mapping

  /// Where a known field lands; `entity` nil: in any.
  private func target(_ table: Table, _ place: Int, of entity: String?) -> (entity: String, column: String)? {
    guard let known = table.known[place], let sets = definitions.feeds["qd3176"]?.mapping.rowSets else { return nil }
    for set in sets where set.table == known.table && set.each.isEmpty && (entity == nil || set.entity == entity) {
      for (column, source) in set.columns {
        switch source {
        case .field(known.field), .birthDate(known.field): return (set.entity, column)
        default: continue
        }
      }
    }
    return nil
  }

  /// What to say of a column that holds words where the warehouse's other hospitals send codes.
  private func words(_ table: Table, _ field: String) -> String? {
    guard let place = table.fields.firstIndex(of: field), let known = table.known[place],
      let schema = definitions.schemas["qd3176"], let number = schema.table(known.table),
      let column = schema.tables[number].column(known.field),
      let list = schema.tables[number].columns[column].codeList,
      table.file.columns[place].examples.contains(where: { $0.contains("a") })
    else { return nil }
    return "holds words; \(list) has codes: translate them with { lookup: \(field), list: … }"
  }

  private func addRows(_ lines: inout Lines, _ key: Int) {
    lines.add("rows:")
    for (number, table) in tables.enumerated() {
      var byEntity: [(entity: String, columns: [(column: String, field: String)])] = []
      for place in table.file.columns.indices {
        guard let (entity, column) = target(table, place, of: nil), column != "encounter_key" else { continue }
        let slot = byEntity.firstIndex { $0.entity == entity } ?? byEntity.count
        if slot == byEntity.count { byEntity.append((entity, [])) }
        if !byEntity[slot].columns.contains(where: { $0.column == column }) {
          byEntity[slot].columns.append((column, table.fields[place]))
        }
      }
      // one lucky name makes no medicine, and only a row of the dossiers' table is a visit
      byEntity.removeAll { $0.entity == "encounter" ? number != root : $0.columns.count < 2 }
      if number == root, !byEntity.contains(where: { $0.entity == "encounter" }) {
        byEntity.insert(("encounter", []), at: 0)
      }
      byEntity.sort { ($0.entity == "encounter" ? 0 : 1) < ($1.entity == "encounter" ? 0 : 1) }
      if byEntity.isEmpty {
        lines.add(
          "# \(table.name): no column has a name that is known; map it by hand", edit: "say what \(table.name) becomes")
      }
      let mapped = Set(byEntity.flatMap { $0.columns.map(\.field) })
      var left = table.fields.indices.filter { $0 != key || number != root }.map { table.fields[$0] }
      left.removeAll { mapped.contains($0) }
      for (entity, columns) in byEntity {
        lines.add("- entity: \(entity)")
        lines.add("  from: \(table.name)")
        if entity == "encounter", number == root {
          lines.add("  columns:")
          lines.add("    encounter_key: \(table.fields[key])")
        } else {
          lines.add("  columns:")
        }
        for (column, field) in columns {
          lines.add("    \(column): \(source(table, field, column, entity))", edit: words(table, field))
        }
        // the table's first row set keeps what has no column
        if !left.isEmpty { lines.add("  extra: [\(left.joined(separator: ", "))]") }
        left = []
      }
    }
  }

  /// Writes the files below a folder of definitions. What these do not allow is taken out of the mapping, and told in ``edits``.
  ///
  /// - Returns: whether the definitions pass the lint with them.
  package mutating func write(into folder: String) throws -> Bool {
    for place in ["Schemas/\(name)", "Pipelines/\(name).yaml"]
    where FileManager.default.fileExists(atPath: "\(folder)/\(place)") {
      throw Refusal("\(place) is there already; choose another name, or take it away first")
    }
    while true {
      for file in files {
        let place = URL(filePath: "\(folder)/\(file.path)")
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        // a definition, no record: a torn one is noticed by the lint
        try Data(file.text.utf8).write(to: place)
      }
      do throws(DefinitionFaults) {
        _ = try Definitions.load(folder)
        return true
      } catch {
        // each turn takes a line out, so it ends
        guard settle(error.faults) else { return false }
      }
    }
  }

  /// Takes out lines of the mapping that the definitions do not allow, and tells what else is wrong.
  private mutating func settle(_ faults: [DefinitionFault]) -> Bool {
    var hasChanged = false
    for fault in faults {
      guard let number = files.firstIndex(where: { $0.path == fault.file }) else { continue }
      var lines = files[number].text.components(separatedBy: "\n")
      let isColumn =
        fault.line > 0 && fault.line <= lines.count && lines[fault.line - 1].hasPrefix("    ")
        && fault.file.hasPrefix("Pipelines/")
      let edit = Edit(file: fault.file, line: fault.line, text: fault.message + (fault.mend.map { "; \($0)" } ?? ""))
      guard !edits.contains(edit) else { continue }
      edits.append(edit)
      if isColumn, !lines[fault.line - 1].hasPrefix("    #") {
        lines[fault.line - 1] = "    # " + lines[fault.line - 1].dropFirst(4) + "   # EDIT: \(fault.message)"
        files[number].text = lines.joined(separator: "\n")
        hasChanged = true
      }
    }
    return hasChanged
  }
}
