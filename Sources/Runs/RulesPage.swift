package import Findings

/// One code as `songhan rules` shows it.
package struct RuleLine: Sendable, Codable {
  package struct Texts: Sendable, Codable {
    package var vi: String
    package var en: String

    init(_ texts: Bilingual) { (vi, en) = (texts.vietnamese, texts.english) }
  }
  package struct Example: Sendable, Codable {
    package var changes: [CatalogueExample.Change]?
    package var text: String?

    init(_ example: CatalogueExample) {
      changes = example.changes.isEmpty ? nil : example.changes
      text = example.text
    }
  }
  package var code: String
  package var severity: String
  package var scope: String
  package var tables: [String]
  package var basis: [String]
  package var doubt: String?
  package var needs: [String]
  package var title: Texts
  package var explanation: Texts?
  package var remedy: Texts?
  package var message: Texts?
  package var accepted: Example?
  package var refused: Example?

  /// - Parameter isWhole: with explanation, remedy, message and examples.
  package init(_ entry: CatalogueEntry, isWhole: Bool) {
    code = entry.code.description
    severity = entry.severity.name
    scope = entry.scope.rawValue
    tables = entry.tables
    basis = entry.basis
    doubt = entry.doubt
    needs = entry.needs
    title = Texts(entry.title)
    guard isWhole else { return }
    explanation = Texts(entry.explanation)
    remedy = Texts(entry.remedy)
    message = Texts(entry.message)
    accepted = Example(entry.accepted)
    refused = Example(entry.refused)
  }
}

/// The catalogue for people: `rules list`, `rules explain` and the manual's page come from the same entries.
package enum RulesPage {
  /// One line a code.
  package static func list(_ entries: [CatalogueEntry], _ language: Language) -> [String] {
    var rows = [["code", "severity", "scope", "tables", "title"]]
    for entry in entries {
      rows.append([
        entry.code.description, entry.severity.name, entry.scope.rawValue, entry.tables.joined(separator: " "),
        entry.title[language],
      ])
    }
    return ReportText.columns(rows)
  }

  /// Everything about one code.
  package static func explain(_ entry: CatalogueEntry, _ language: Language) -> [String] {
    func pick(_ vietnamese: String, _ english: String) -> String { language == .vietnamese ? vietnamese : english }
    var rows = [
      [pick("Mức độ", "severity"), entry.severity.name],
      [pick("Phạm vi", "scope"), "\(entry.scope.rawValue): \(entry.tables.joined(separator: " "))"],
      [pick("Căn cứ", "basis"), entry.basis.joined(separator: " ")],
    ]
    if !entry.needs.isEmpty { rows.append([pick("Cần có", "needs"), entry.needs.joined(separator: ", ")]) }
    if let doubt = entry.doubt { rows.append([pick("Nghi vấn", "doubt"), doubt]) }
    var lines = ["[\(entry.code)] \(entry.title[language])", ""] + ReportText.columns(rows)
    lines += ["", entry.explanation[language], ""]
    lines += ["\(pick("Cách xử lý", "What to do")): \(plain(entry.remedy[language], language))", ""]
    lines += example(pick("Được chấp nhận", "Accepted"), entry.accepted)
    lines += example(pick("Bị báo lỗi", "Refused"), entry.refused)
    return lines
  }

  /// A text of the catalogue with the places that a finding fills in, such as `{row}`, in words.
  private static func plain(_ text: String, _ language: Language) -> String {
    var text = text
    for (name, vietnamese) in [
      ("table", "bảng"), ("row", "số dòng"), ("field", "trường"), ("other", "trường đối chiếu"),
      ("found", "số tìm thấy"),
      ("limit", "giới hạn"), ("difference", "chênh lệch"), ("part", "phần"),
      ("form", "dạng đã quy định"),
    ] {
      text = text.replacing("{\(name)}", with: "‹\(language == .vietnamese ? vietnamese : name)›")
    }
    return text
  }

  private static func example(_ title: String, _ example: CatalogueExample) -> [String] {
    if let text = example.text { return ["\(title): \(text)"] }
    if example.changes.isEmpty { return ["\(title): –"] }
    return ["\(title):"] + example.changes.map { "    \($0.field) = \($0.value ?? "–")" }
  }

  // MARK: the manual's page

  /// `docs/manual/rules.md`.
  package static func markdown(_ catalogue: FindingCatalogue) -> String {
    var lines = [
      "# Rules", "",
      "All codes of the findings catalogue. This page is made from `Schemas/findings.yaml` by `songhan rules page`; do not edit",
      "it. On the command line: `songhan rules list`, `songhan rules explain F03`. How a feed raises, lowers or switches off a code,",
      "and what becomes of rejected dossiers: [rules-and-rejects.md](rules-and-rejects.md).", "",
      "Severity: `reject` the dossier (or the file) is kept out; `error` the decision is violated, loaded and flagged; `warn` doubtful,",
      "loaded and flagged lightly; `info` worth a statistic.", "",
      "Basis: D130, D4750, D3176 the decisions (3176 through secondary sources); P checks of the insurance portal; I two or more",
      "independent implementations; I1 one implementation; X confirmed on a real export; own our codes about files.",
      "",
      "Examples are changes to the clean base visit of the catalogue; – blanks a field or takes a table away. All of it is invented.",
      "",
    ]
    for (letter, title) in groups {
      let entries = catalogue.entries.filter { $0.code.description.hasPrefix(letter) }
      guard !entries.isEmpty else { continue }
      lines += [
        "## \(letter). \(title)", "", "| code | severity | tables | title | tiêu đề |",
        "| --- | --- | --- | --- | --- |",
      ]
      for entry in entries {
        lines.append(
          "| [\(entry.code)](#\(entry.code.description.lowercased())) | \(entry.severity.name) | "
            + "\(entry.tables.joined(separator: " ")) | \(cell(entry.title.english)) | \(cell(entry.title.vietnamese)) |"
        )
      }
      lines.append("")
      for entry in entries { lines += section(entry) }
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let groups = [
    ("A", "File and envelope"), ("B", "Fields"), ("C", "Times"), ("D", "Tables that belong together"),
    ("E", "Money of a row"), ("F", "Money of the visit"), ("G", "Papers and special tables"),
    ("H", "Across visits"), ("S", "Our own codes about files"), ("T", "Delimited text and records of any XML"),
  ]

  private static func section(_ entry: CatalogueEntry) -> [String] {
    var lines = ["### \(entry.code)", "", "**\(entry.title.english)** · **\(entry.title.vietnamese)**", ""]
    var facts =
      "`\(entry.severity.name)`, scope \(entry.scope.rawValue), tables \(entry.tables.joined(separator: " ")); "
    facts += "basis \(entry.basis.joined(separator: " "))"
    if !entry.needs.isEmpty { facts += "; needs \(entry.needs.joined(separator: ", "))" }
    lines += ["\(facts).", "", entry.explanation.english, "", entry.explanation.vietnamese, ""]
    if let doubt = entry.doubt { lines += ["Doubt: \(doubt)", ""] }
    lines += [
      "What to do: \(plain(entry.remedy.english, .english))", "",
      "Cách xử lý: \(plain(entry.remedy.vietnamese, .vietnamese))", "",
    ]
    lines += ["- Accepted: \(inline(entry.accepted))", "- Refused: \(inline(entry.refused))", ""]
    return lines
  }

  private static func inline(_ example: CatalogueExample) -> String {
    if let text = example.text { return text }
    return example.changes.map { "`\($0.field) = \($0.value ?? "–")`" }.joined(separator: ", ")
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
