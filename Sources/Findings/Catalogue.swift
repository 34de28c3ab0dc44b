/// The languages receipts and explanations are written in.
package enum Language: String, Sendable, CaseIterable {
  case vietnamese = "vi"
  case english = "en"
}

/// A text in both languages.
package struct Bilingual: Sendable, Hashable {
  package var vietnamese: String
  package var english: String

  package init(vietnamese: String, english: String) {
    self.vietnamese = vietnamese
    self.english = english
  }

  package subscript(language: Language) -> String {
    switch language {
    case .vietnamese: vietnamese
    case .english: english
    }
  }
}

/// An example of the catalogue: the changes to its clean base visit, or words where one visit cannot show it.
package struct CatalogueExample: Sendable, Hashable {
  /// One change, as the catalogue writes it.
  package struct Change: Sendable, Hashable, Codable {
    /// `XML1.T_THUOC`, `XML3[2].SO_LUONG`, or a table or row.
    package var field: String
    /// Nil blanks the field, or takes the table or row away.
    package var value: String?

    package init(field: String, value: String?) {
      self.field = field
      self.value = value
    }
  }
  package var changes: [Change]
  package var text: String?

  package init(changes: [Change] = [], text: String? = nil) {
    self.changes = changes
    self.text = text
  }
}

/// One code of the findings catalogue (`Schemas/findings.yaml`).
package struct CatalogueEntry: Sendable {
  package enum Scope: String, Sendable {
    case file
    case dossier
    case field
    case warehouse
  }
  package var code: FindingCode
  package var severity: Severity
  package var scope: Scope
  package var tables: [String]
  package var basis: [String]
  package var doubt: String?
  /// Catalogues from outside (or `warehouse`) without which the rule, or a part of it, is not evaluated.
  package var needs: [String]
  package var title: Bilingual
  package var explanation: Bilingual
  package var remedy: Bilingual
  package var message: Bilingual
  package var accepted: CatalogueExample
  package var refused: CatalogueExample

  package init(
    code: FindingCode, severity: Severity, scope: Scope, tables: [String] = [], basis: [String] = [],
    doubt: String? = nil,
    needs: [String] = [], title: Bilingual, explanation: Bilingual, remedy: Bilingual, message: Bilingual,
    accepted: CatalogueExample = CatalogueExample(), refused: CatalogueExample = CatalogueExample()
  ) {
    self.code = code
    self.severity = severity
    self.scope = scope
    self.tables = tables
    self.basis = basis
    self.doubt = doubt
    self.needs = needs
    self.title = title
    self.explanation = explanation
    self.remedy = remedy
    self.message = message
    self.accepted = accepted
    self.refused = refused
  }

  /// Whether its findings say by how much an amount is wrong: only then a tolerance in đồng means something.
  package var statesDifference: Bool { message.vietnamese.contains("{difference}") }
}

/// All codes, in the order of the list.
package struct FindingCatalogue: Sendable {
  package let entries: [CatalogueEntry]
  private let byCode: [FindingCode: Int]

  package init(entries: [CatalogueEntry]) {
    self.entries = entries
    byCode = Dictionary(
      entries.enumerated().map { ($0.element.code, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  package subscript(code: FindingCode) -> CatalogueEntry? { byCode[code].map { entries[$0] } }

  package var severities: [FindingCode: Severity] {
    Dictionary(entries.map { ($0.code, $0.severity) }, uniquingKeysWith: { first, _ in first })
  }

  /// What a finding says, with the names it needs; `{…}` of the catalogue's message are filled in. No patient value is among them.
  package func message(
    _ finding: NamedFinding, _ language: Language
  ) -> String {
    guard let entry = self[finding.code] else { return finding.code.description }
    return fill(entry.message[language], finding, language)
  }

  /// What the hospital does about a finding, with the names it needs.
  package func remedy(_ finding: NamedFinding, _ language: Language) -> String {
    guard let entry = self[finding.code] else { return "" }
    return fill(entry.remedy[language], finding, language)
  }

  private func fill(_ template: String, _ finding: NamedFinding, _ language: Language) -> String {
    var text = ""
    var rest = template[...]
    while let brace = rest.firstIndex(of: "{"), let end = rest[brace...].firstIndex(of: "}") {
      text += rest[..<brace]
      let name = rest[rest.index(after: brace)..<end]
      text += value(String(name), finding, language)
      rest = rest[rest.index(after: end)...]
    }
    return text + rest
  }

  private func value(_ name: String, _ finding: NamedFinding, _ language: Language) -> String {
    switch name {
    case "table": return finding.table ?? "–"
    case "row": return finding.row > 0 ? String(finding.row) : "–"
    case "field": return finding.field ?? finding.table ?? "–"
    case "other": return finding.other ?? "–"
    case "found": return finding.found.map(String.init) ?? "–"
    case "limit": return finding.limit.map(String.init) ?? "–"
    case "difference": return finding.difference.map { FindingCatalogue.money($0, language) } ?? "–"
    case "part": return "–"
    case "form":
      return finding.form ?? (language == .vietnamese ? "mà lược đồ của file quy định" : "that the file's schema says")
    default: return "{\(name)}"
    }
  }

  /// Ten-thousandths of a đồng as people write money: `-1.234,5` in Vietnamese, `-1,234.5` in English.
  package static func money(_ units: Int64, _ language: Language) -> String {
    let magnitude = units.magnitude
    var whole = ""
    for (i, digit) in String(magnitude / 10_000).reversed().enumerated() {
      if i > 0 && i % 3 == 0 { whole = (language == .vietnamese ? "." : ",") + whole }
      whole = String(digit) + whole
    }
    var fraction = String(String(magnitude % 10_000 + 10_000).dropFirst())
    while fraction.last == "0" { fraction.removeLast() }
    let text = fraction.isEmpty ? whole : whole + (language == .vietnamese ? "," : ".") + fraction
    return units < 0 ? "-" + text : text
  }
}

/// A finding with its table and columns by name, ready to be written down.
package struct NamedFinding: Sendable, Hashable {
  package var code: FindingCode
  package var severity: Severity
  package var table: String?
  package var row: Int
  package var field: String?
  /// `TABLE.FIELD` the rule compares with.
  package var other: String?
  package var found: Int64?
  package var limit: Int64?
  package var difference: Int64?
  package var byteOffset: Int64
  /// How the field's dates or numbers are to be written.
  package var form: String?

  package init(
    code: FindingCode, severity: Severity, table: String? = nil, row: Int = 0, field: String? = nil,
    other: String? = nil,
    found: Int64? = nil, limit: Int64? = nil, difference: Int64? = nil, byteOffset: Int64 = -1, form: String? = nil
  ) {
    self.code = code
    self.severity = severity
    self.table = table
    self.row = row
    self.field = field
    self.other = other
    self.found = found
    self.limit = limit
    self.difference = difference
    self.byteOffset = byteOffset
    self.form = form
  }
}
