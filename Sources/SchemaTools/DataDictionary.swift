internal import Foundation
internal import Records

/// The data dictionary: what every field is, what may stand in it and where it lands; made from the schema files and nothing else.
package struct DataDictionary {
  let folder: SchemaFolder

  package init(_ folder: SchemaFolder) { self.folder = folder }

  /// The files by their path: Markdown pages, and `index.html`, which needs none of the others.
  package var files: [(path: String, text: String)] {
    var files = [("index.html", DictionaryPage(self).html)]
    files.append(("README.md", index))
    files += folder.sets.map { ("\($0.name).md", markdown($0.name, $0.tables)) }
    if !folder.common.isEmpty { files.append(("common.md", markdown("common", folder.common))) }
    files.append(("codes.md", codePage))
    return files
  }

  // MARK: facts

  /// A place where a field lands: `encounter.care_type_code`, or `encounter.extra`.
  struct Landing: Hashable {
    var entity: String
    var column: String
    var isComputed: Bool
    var text: String { "\(entity).\(column)" + (isComputed ? " (ƒ)" : "") }
  }

  func landings(_ set: String, _ table: String, _ field: String) -> [Landing] {
    var result: [Landing] = []
    for feed in folder.feeds where feed.source == set {
      for landing in feed.landings where landing.table == table && landing.field == field {
        let place = Landing(
          entity: landing.entity, column: landing.column ?? "extra", isComputed: landing.isComputed)
        if !result.contains(place) { result.append(place) }
      }
    }
    return result
  }

  /// The fields that fill a column of the common schema, with their schema.
  func origins(_ entity: String, _ column: String) -> [(set: String, table: String, field: String)] {
    var result: [(set: String, table: String, field: String)] = []
    for feed in folder.feeds {
      for landing in feed.landings where landing.entity == entity && landing.column == column {
        guard folder.set(feed.source)?.table(landing.table)?.field(landing.field) != nil else { continue }
        let place = (feed.source, landing.table, landing.field)
        if !result.contains(where: { $0 == place }) { result.append(place) }
      }
    }
    return result
  }

  /// Type and limits: `decimal, 2 decimals, at most 10`.
  func typeText(_ field: SchemaField) -> String {
    var text = field.typeName
    if let format = field.format, field.logical == nil { text += " \(format)" }
    if let separator = field.separator { text += " \(separator)" }
    if let scale = field.scale { text += " (.\(scale))" }
    return text
  }

  func lengthText(_ field: SchemaField) -> String {
    let most = field.length.map(String.init)
    var text = most ?? ""
    if let least = field.minLength { text = "\(least)–\(most ?? "∞")" }
    if let warn = field.warnAboveLength { text += text.isEmpty ? "> \(warn) !" : " (> \(warn) !)" }
    return text
  }

  /// One thing that must hold: words in both languages, and what they are about.
  struct Condition {
    var vietnamese: String
    var english: String
    var value: String
    var text: String { value.isEmpty ? english : "\(english) \(value)" }
  }

  func conditions(_ field: SchemaField) -> [Condition] {
    var lines: [Condition] = []
    func line(_ vietnamese: String, _ english: String, _ value: String? = "") {
      if let value { lines.append(Condition(vietnamese: vietnamese, english: english, value: value)) }
    }
    line("bắt buộc khi:", "required when", field.requiredWhen.text ?? field.requiredWhen.check)
    if field.isUnique { line("không trùng", "unique") }
    line("mẫu", "pattern", field.pattern)
    if !field.enumeration.isEmpty { line("một trong", "one of", field.enumeration.joined(separator: ", ")) }
    line("từ", "from", field.minimum)
    line("đến", "to", field.maximum)
    line("lớn hơn", "above", field.exclusiveMinimum)
    line("nhỏ hơn", "below", field.exclusiveMaximum)
    line("để trống, hoặc bằng", "blank, or equal to", field.mustEqual)
    line("danh mục ngoài", "catalogue", field.catalogue)
    line("đơn vị", "unit", field.unit)
    if field.isRestricted { line("hạn chế truy cập", "restricted") }
    return lines
  }

  /// Doubts and history, each with its word.
  func notes(_ field: SchemaField) -> [(word: String, text: String)] {
    var notes: [(word: String, text: String)] = []
    if let since = field.since { notes.append(("since", since)) }
    if let former = field.formerName { notes.append(("former name", former)) }
    if !field.becomes.isEmpty { notes.append(("became", field.becomes.joined(separator: ", "))) }
    notes += field.amendments.map { ("amended", $0) }
    if !field.history.isEmpty { notes.append(("length before", field.history.joined(separator: "; "))) }
    notes += field.doubts.map { ("doubt", $0) }
    if !field.provenance.isEmpty { notes.append(("sources", field.provenance.joined(separator: " "))) }
    return notes
  }

  // MARK: Markdown

  private var index: String {
    var text = "# Từ điển dữ liệu · Data dictionary\n\n"
    text += "Được sinh từ `Schemas/` và `Pipelines/` · Made from `Schemas/` and `Pipelines/`. "
    text += "[index.html](index.html) có ô tìm kiếm · has a search box.\n\n"
    text += "| Trang · Page | Bảng · Tables | Trường · Fields |\n| --- | --- | --- |\n"
    for set in folder.sets {
      text +=
        "| [\(set.name)](\(set.name).md) | \(set.tables.count) | \(set.tables.reduce(0) { $0 + $1.fields.count }) |\n"
    }
    if !folder.common.isEmpty {
      text +=
        "| [common](common.md) | \(folder.common.count) | \(folder.common.reduce(0) { $0 + $1.fields.count }) |\n"
    }
    let lists = folder.codeLists.values
    return text + "| [codes](codes.md) | \(lists.count) | \(lists.reduce(0) { $0 + $1.values.count }) |\n"
  }

  private func markdown(_ name: String, _ tables: [SchemaTable]) -> String {
    var text = "# \(name): từ điển dữ liệu · data dictionary\n\n"
    for table in tables { text += "- [\(table.name)](#\(anchor(table))): \(table.title)\n" }
    for table in tables {
      text += "\n<a id=\"\(anchor(table))\"></a>\n\n## \(table.name): \(table.title)\n\n"
      var lines: [String] = []
      if !table.summary.isEmpty { lines.append(table.summary) }
      if let sent = table.sentWhen { lines.append("Gửi khi · Sent: \(sent)") }
      if !table.primaryKey.isEmpty {
        lines.append("Khóa · Key: \(table.primaryKey.map { "`\($0)`" }.joined(separator: ", "))")
      }
      lines += table.foreignKeys.map { "Tham chiếu · Reference: `\($0)`" }
      if table.isRestricted { lines.append("Hạn chế truy cập · Restricted") }
      text += lines.joined(separator: "  \n") + "\n\n"
      let last = table.isCommon ? "Từ · From" : "Vào · Lands in"
      text +=
        "| # | Trường · Field | Kiểu · Type | Dài · Length | Bắt buộc · Required | Tên · Title | Nghĩa · Meaning | Điều kiện · Conditions | Mã · Codes | \(last) |\n"
      text += "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
      for (number, field) in table.fields.enumerated() {
        let places =
          table.isCommon
          ? origins(table.name, field.name).map { "`\($0.set)/\($0.table).\($0.field)`" }
          : landings(name, table.name, field.name).map { "`\($0.text)`" }
        let cells = [
          String(number + 1), "`\(field.name)`", typeText(field), lengthText(field), field.isRequired ? "✓" : "",
          field.title, field.summary, conditions(field).map(\.text).joined(separator: "; "),
          field.codeList.map { "[\($0)](codes.md#\($0.lowercased()))" } ?? "", places.joined(separator: ", "),
        ]
        text += "| " + cells.map(Self.cell).joined(separator: " | ") + " |\n"
      }
      let noted = table.fields.filter { !notes($0).isEmpty }
      if !noted.isEmpty || !table.notes.isEmpty { text += "\nGhi chú · Notes:\n\n" }
      for note in table.notes { text += "- \(note)\n" }
      for field in noted {
        text += "- `\(field.name)`: " + notes(field).map { "\($0.word): \($0.text)" }.joined(separator: "; ") + "\n"
      }
    }
    return text
  }

  private var codePage: String {
    var text = "# Danh mục mã · Code lists\n"
    for list in folder.codeLists.values.sorted(by: { $0.name < $1.name }) {
      text += "\n<a id=\"\(list.name.lowercased())\"></a>\n\n## \(list.name)\n\n"
      if let source = list.source { text += "Nguồn · Source: \(source)  \n" }
      text += "Dùng ở · Used in: \(list.usedIn.map { "`\($0)`" }.joined(separator: ", "))\n\n"
      if let pattern = list.pattern { text += "Mẫu · Pattern: `\(pattern)`\n\n" }
      if list.values.isEmpty { continue }
      text += "| Mã · Code | Tiếng Việt | English | Từ · From | Đến · To |\n| --- | --- | --- | --- | --- |\n"
      for value in list.values {
        text +=
          "| "
          + ["`\(value.code)`", value.vietnamese, value.english, value.validFrom, value.validTo].map(Self.cell).joined(
            separator: " | ") + " |\n"
      }
    }
    return text
  }

  private func anchor(_ table: SchemaTable) -> String { table.name.lowercased() }

  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("\n", with: " ")
  }
}
