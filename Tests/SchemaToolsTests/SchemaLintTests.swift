import Definitions
import Foundation
import SchemaTools
import Testing

/// One thing put wrong in a small definitions folder, and what the lint must say about it.
struct LintCase: Sendable, CustomStringConvertible {
  var file: String
  var old: String
  var new: String
  /// Part of the message, and the line it must name.
  var message: String
  var line: Int
  var description: String { message }

  init(_ file: String, _ old: String, _ new: String, _ message: String, line: Int) {
    (self.file, self.old, self.new, self.message, self.line) = (file, old, new, message, line)
  }
}

@Suite struct SchemaLintTests {
  static let files = [
    "Schemas/hoa/XML1.yaml": """
    name: xml1
    table: XML1
    title: Lượt khám
    description: Visits
    elements: { root: VISIT, row: VISIT, rows: one }
    primaryKey: [MA_LK]
    fields:
      - name: MA_LK
        type: string
        logical: string
        title: Mã lượt
        constraints: { required: true, maxLength: 100 }
      - name: GIOI
        type: string
        logical: code
        title: Giới tính
        codeList: SEX
        constraints: { maxLength: 5 }
        warnAboveLength: 1
      - name: GIA
        type: number
        logical: decimal
        title: Giá
        scale: 2
        mustEqual: XML1.MA_LK
        requiredWhen: { check: "filled(GIOI) and MA_LK in (1, 2)" }
        provenance: { sources: [A, B], count: 2 }

    """,
    "Schemas/common/encounter.yaml": """
    name: encounter
    title: Lượt khám
    description: One visit.
    source: [XML1]
    kind: registry
    primaryKey: [visit]
    fields:
    - name: visit
      sql: text
      type: string
      constraints: { required: true }
      title: Mã lượt
      description: Key of the visit.
      source: XML1.MA_LK
    - name: amount
      sql: numeric(18,4)
      type: number
      title: Giá
      description: What it cost.
      unit: VND
      source: XML1.GIA

    """,
    "Schemas/codes/lists.yaml": """
    lists:
      SEX:
        file: SEX.csv
        usedIn: [XML1.GIOI]
        source: made up
        confidence: high

    """,
    "Schemas/codes/SEX.csv":
      "code,vi,en,valid_from,valid_to,source,note\n1,Nam,Male,,,x,\n2,Nữ,Female,2025-01-01,2025-12-31,x,\n",
    "Schemas/findings.yaml": """
    findings:
      - code: B01
        severity: reject
        scope: field
        tables: [XML1]
        basis: [x]
        title: { vi: Thiếu, en: Missing }
        explanation: { vi: Thiếu, en: Missing }
        remedy: { vi: Điền, en: Fill }
        message: { vi: "{field} thiếu", en: "{field} is missing" }
        accepted: { text: x }
        refused: { text: x }

    """,
    "Schemas/warehouse/0001-health.sql": """
    CREATE TABLE health.encounter (
      visit  text NOT NULL,
      amount integer,
      CONSTRAINT encounter_key PRIMARY KEY (visit)
    );

    """,
    "Schemas/warehouse/0002-more.sql": """
    ALTER TABLE health.encounter
      ADD COLUMN old text,
      ALTER COLUMN amount TYPE numeric(18,4);
    ALTER TABLE health.encounter DROP COLUMN old;

    """,
    "Pipelines/hoa.yaml": """
    feed: hoa
    title: Hoa
    reader: envelope
    source: hoa
    rows:
      - entity: encounter
        from: XML1
        columns: { amount: GIA }
        extra: [GIOI]

    """,
  ]

  private static let table = "Schemas/hoa/XML1.yaml"
  private static let entity = "Schemas/common/encounter.yaml"
  private static let lists = "Schemas/codes/lists.yaml"
  private static let codes = "Schemas/codes/SEX.csv"
  private static let findings = "Schemas/findings.yaml"

  static let cases: [LintCase] = [
    LintCase(table, "title: Lượt khám\n", "", "the table has no title", line: 1),
    LintCase(table, "description: Visits", "descripton: Visits", "unknown key «descripton»", line: 4),
    LintCase(table, "    title: Giá\n", "", "GIA has no title", line: 20),
    LintCase(table, "    title: Giá\n", "    titel: Giá\n", "unknown key «titel»", line: 23),
    LintCase(table, "maxLength: 100", "maxLenght: 100", "unknown key «maxLenght»", line: 12),
    LintCase(table, "codeList: SEX", "codeList: SEXX", "there is no code list SEXX", line: 17),
    LintCase(table, "codeList: SEX", "catalogue: sex", "there is no outside catalogue sex", line: 17),
    LintCase(table, "warnAboveLength: 1", "warnAboveLength: 5", "warnAboveLength 5 is not below", line: 19),
    LintCase(table, "type: number", "type: nummer", "unknown type", line: 21),
    LintCase(table, "type: number", "type: integer", "does not go with logical: decimal", line: 21),
    LintCase(table, "logical: decimal", "logical: money", "unknown type", line: 22),
    LintCase(table, "mustEqual: XML1.MA_LK", "mustEqual: XML1.MA_KL", "XML1.MA_KL is no field", line: 25),
    LintCase(table, "MA_LK in (1, 2)", "MA_LX in (1, 2)", "the condition names MA_LX", line: 26),
    LintCase(table, "count: 2", "count: 3", "2 sources are named, count says 3", line: 27),
    LintCase(table, "primaryKey: [MA_LK]", "primaryKey: [MA_KL]", "the key names MA_KL", line: 6),
    LintCase(table, "name: GIA", "name: GIOI", "stands twice", line: 20),
    LintCase(
      table, "maxLength: 5", "maxLength: 5, minLength: 6", "minLength 6 is above maxLength 5", line: 18),
    LintCase(table, "maxLength: 5", "maxLength: 5, minimum: 9, maximum: 2", "minimum 9 is above maximum 2", line: 18),
    LintCase(table, "maxLength: 5", "maxLength: 5, enum: [a, a]", "enum names a value twice", line: 18),
    LintCase(table, "maxLength: 5", "maxLength: 5, pattern: \"[a\"", "the pattern cannot be read", line: 18),
    LintCase(
      table, "    codeList: SEX", "    separator: \";\"\n    codeList: SEX", "is no list: a separator", line: 17),
    LintCase(table, "    codeList: SEX", "    scale: 2\n    codeList: SEX", "no decimal number: a scale", line: 17),
    LintCase(table, "    codeList: SEX", "    formerName: GIA\n    codeList: SEX", "is a field of today", line: 17),
    LintCase(
      table, "fields:\n", "foreignKeys:\n  - { fields: [GIA], reference: { resource: XML9, fields: [A] } }\nfields:\n",
      "there is no table XML9", line: 8),
    LintCase(entity, "  description: What it cost.\n", "", "amount has no meaning", line: 15),
    LintCase(entity, "description: One visit.\n", "", "the entity has no meaning", line: 1),
    LintCase(entity, "unit: VND", "units: VND", "unknown key «units»", line: 20),
    LintCase(entity, "type: number", "type: string", "does not go with sql", line: 17),
    LintCase(entity, "source: XML1.GIA", "source: XML1.GIAA", "XML1.GIAA is no field", line: 21),
    LintCase(entity, "source: [XML1]", "source: [XML2]", "XML2 is no table", line: 4),
    LintCase(entity, "primaryKey: [visit]", "primaryKey: [visits]", "the key names visits", line: 6),
    LintCase(
      entity, "sql: numeric(18,4)", "sql: integer", "the migrations make health.encounter.amount numeric(18,4)",
      line: 15),
    LintCase(
      entity, "- name: amount\n",
      "- name: sum\n  sql: text\n  type: string\n  title: Tổng\n  description: Sum.\n- name: amount\n",
      "no migration makes the column health.encounter.sum", line: 15),
    LintCase(entity, "constraints: { required: true }", "constraints: {}", "NOT NULL", line: 8),
    LintCase(
      "Schemas/warehouse/0002-more.sql", "DROP COLUMN old", "DROP COLUMN older",
      "health.encounter.old, which is not described", line: 0),
    LintCase(
      lists, "usedIn: [XML1.GIOI]", "usedIn: [XML1.GIOI, XML1.GIA]", "XML1.GIA does not name this list", line: 4),
    LintCase(lists, "usedIn: [XML1.GIOI]", "usedIn: [XML1.GIOI, XML1.X]", "XML1.X is no field", line: 4),
    LintCase(lists, "file: SEX.csv", "file: SEXX.csv", "there is no file SEXX.csv", line: 3),
    LintCase(lists, "confidence: high", "confidense: high", "unknown key «confidense»", line: 6),
    LintCase(codes, "1,Nam,Male,,,x,", "1,,Male,,,x,", "the code has no Vietnamese label", line: 2),
    LintCase(codes, "2,Nữ,Female,2025-01-01,", "2,Nữ,Female,2026-01-01,", "valid_from is after valid_to", line: 3),
    LintCase(codes, "2,Nữ,Female,2025-01-01,2025-12-31,x,", "1,Nam,Male,,,x,", "the row stands twice", line: 3),
    LintCase(codes, "2,Nữ,Female", "2,Nữ", "cells where the header has", line: 3),
    LintCase(findings, "scope: field", "scope: cell", "unknown scope", line: 4),
    LintCase(findings, "tables: [XML1]", "tables: [XML8]", "XML8 is no table", line: 5),
    LintCase(findings, "{field} is missing", "{table} is missing", "fills in other names", line: 10),
    LintCase(findings, "basis: [x]", "basics: [x]", "unknown key «basics»", line: 6),
    LintCase(findings, "remedy: { vi: Điền, en: Fill }", "remedy: { vi: Điền }", "«en» is missing", line: 9),
    LintCase("Pipelines/hoa.yaml", "amount: GIA", "amount: GIAA", "GIAA", line: 0),
  ]

  private func lint(_ files: [String: String]) throws -> SchemaLint {
    let folder = try Folder()
    try folder.write(files)
    return try #require(SchemaLint(folder.path))
  }

  @Test func findsNothingInCleanDefinitions() throws {
    let lint = try lint(Self.files)
    #expect(lint.faults.isEmpty, "\(lint.faults)")
    #expect(lint.fileCount == 7)
  }

  @Test(arguments: cases)
  func findsWhatIsWrongAndWhere(_ example: LintCase) throws {
    var files = Self.files
    let text = files[example.file] ?? ""
    try #require(text.components(separatedBy: example.old).count == 2, "stands there once")
    files[example.file] = text.replacing(example.old, with: example.new)
    let lint = try lint(files)
    let found = lint.faults.filter { $0.message.contains(example.message) }
    #expect(!found.isEmpty, "\(lint.faults)")
    // a place of 0: the message is about another file, or names its place in words
    if example.line > 0 { #expect(found.contains { $0.line == example.line && $0.column > 0 }, "\(found)") }
  }

  @Test func tellsEverythingAtOnce() throws {
    var files = Self.files
    for example in [Self.cases[0], Self.cases[5], Self.cases[24], Self.cases[40]] {
      files[example.file] = files[example.file]?.replacing(example.old, with: example.new)
    }
    let lint = try lint(files)
    #expect(lint.faults.count >= 4)
    #expect(Set(lint.faults.map(\.file)).count == 4)
  }

  @Test func ownDefinitionsHaveNothingWrong() throws {
    let lint = try #require(SchemaLint(repository))
    #expect(lint.faults.isEmpty, "\(lint.faults.map(\.description).joined(separator: "\n"))")
    #expect(lint.fileCount > 90)
  }
}
