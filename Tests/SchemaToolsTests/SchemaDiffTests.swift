import Foundation
import SchemaTools
import Testing

/// One change of a small definitions folder, what it must be called and whom it must break.
struct DiffCase: Sendable, CustomStringConvertible {
  var kind: SchemaDiff.Kind
  /// What is replaced in which file, before; and after.
  var file = "Schemas/hoa/visits.yaml"
  var old: String
  var new: String
  var readers: SchemaDiff.Effect
  var senders: SchemaDiff.Effect
  var feeds = ["hoa"]
  var description: String { "\(kind): \(old) → \(new)" }

  init(
    _ kind: SchemaDiff.Kind, _ old: String, _ new: String, readers: SchemaDiff.Effect, senders: SchemaDiff.Effect,
    file: String = "Schemas/hoa/visits.yaml", feeds: [String] = ["hoa"]
  ) {
    (self.kind, self.old, self.new, self.readers, self.senders) = (kind, old, new, readers, senders)
    (self.file, self.feeds) = (file, feeds)
  }
}

@Suite struct SchemaDiffTests {
  /// A hospital's schema with one field for each thing that may change.
  static let files = [
    "Schemas/hoa/visits.yaml": """
    name: visits
    title: Lượt khám
    description: Visits
    primaryKey: [id]
    missingValues: ["", "NA"]
    foreignKeys:
      - { fields: [ward], reference: { resource: wards, fields: [id] } }
    fields:
      - { name: id, type: string, title: Mã, constraints: { required: true, unique: true } }
      - { name: count, type: integer, title: Số, constraints: { minimum: 1, maximum: 10 } }
      - { name: price, type: number, title: Giá, scale: 2, decimalChar: ",", unit: VND }
      - { name: day, type: date, format: "%d/%m/%Y", title: Ngày }
      - { name: sex, type: string, title: Giới tính, codeList: SEX }
      - { name: kind, type: string, title: Loại, constraints: { enum: [A, B], maxLength: 5, required: true } }
      - { name: ward, type: string, title: Khoa, constraints: { pattern: "[A-Z]+", minLength: 1 } }
      - { name: copy, type: string, title: Bản sao, mustEqual: visits.id, requiredWhen: { check: filled(ward) } }
      - { name: note, type: string, title: Ghi chú, description: Remark }
      - { name: unused, type: string, title: Thừa }

    """,
    "Schemas/hoa/wards.yaml": """
    name: wards
    title: Khoa
    elements: { root: WARDS, row: WARD, rows: many }
    primaryKey: [id]
    fields:
      - { name: id, type: string, title: Mã }

    """,
    "Schemas/common/encounter.yaml": """
    name: encounter
    title: Lượt
    kind: visit
    fields:
      - { name: encounter_key, sql: text, type: string, title: Mã }
      - { name: amount, sql: integer, type: integer, title: Tiền, unit: VND }

    """,
    "Schemas/codes/lists.yaml": """
    lists:
      SEX: { file: SEX.csv, usedIn: [visits.sex] }
      OTHER: { pattern: "[0-9]+", usedIn: [] }

    """,
    "Schemas/codes/SEX.csv": "code,vi,en,valid_from,valid_to\n1,Nam,Male,,\n2,Nữ,Female,,\n",
    "Pipelines/hoa.yaml": """
    feed: hoa
    reader: csv
    source: hoa
    dossier: { table: visits, key: id, careDate: [day] }
    rows:
      - entity: encounter
        from: visits
        columns:
          encounter_key: id
          amount: { multiply: [{ number: price }, count] }
        when: { kind: [A] }
        extra: [sex, ward, copy, note]
      - entity: ward
        from: wards
        columns: { name: id }

    """,
  ]

  static let cases: [DiffCase] = [
    DiffCase(
      .fieldAddedOptional, "  - { name: note,", "  - { name: more, type: string, title: Thêm }\n  - { name: note,",
      readers: .compatible, senders: .compatible, feeds: []),
    DiffCase(
      .fieldAddedRequired, "  - { name: note,",
      "  - { name: more, type: string, title: Thêm, constraints: { required: true } }\n  - { name: note,",
      readers: .compatible, senders: .breaking, feeds: []),
    DiffCase(
      .fieldRemoved, "  - { name: note, type: string, title: Ghi chú, description: Remark }\n", "", readers: .breaking,
      senders: .compatible),
    DiffCase(
      .fieldRenamed, "name: note, type", "name: remark, formerName: note, type", readers: .breaking,
      senders: .compatible),
    DiffCase(
      .fieldsReordered,
      "  - { name: note, type: string, title: Ghi chú, description: Remark }\n  - { name: unused, type: string, title: Thừa }\n",
      "  - { name: unused, type: string, title: Thừa }\n  - { name: note, type: string, title: Ghi chú, description: Remark }\n",
      readers: .compatible, senders: .compatible),
    DiffCase(.typeWidened, "count, type: integer", "count, type: number", readers: .breaking, senders: .compatible),
    DiffCase(.typeNarrowed, "price, type: number", "price, type: integer", readers: .compatible, senders: .breaking),
    DiffCase(.typeChanged, "day, type: date", "day, type: integer", readers: .breaking, senders: .breaking),
    DiffCase(.formatChanged, "%d/%m/%Y", "%m/%d/%Y", readers: .breaking, senders: .breaking),
    DiffCase(.formatChanged, "decimalChar: \",\"", "decimalChar: \".\"", readers: .breaking, senders: .breaking),
    DiffCase(
      .unitChanged, "unit: VND }\n  - { name: day", "unit: USD }\n  - { name: day", readers: .breaking,
      senders: .breaking),
    DiffCase(.lengthRaised, "maxLength: 5", "maxLength: 6", readers: .compatible, senders: .compatible),
    DiffCase(.lengthLowered, "maxLength: 5", "maxLength: 4", readers: .compatible, senders: .breaking),
    DiffCase(.lengthLowered, "minLength: 1", "minLength: 2", readers: .compatible, senders: .breaking),
    DiffCase(.lengthRaised, ", minLength: 1", "", readers: .compatible, senders: .compatible),
    DiffCase(.scaleRaised, "scale: 2", "scale: 3", readers: .compatible, senders: .compatible),
    DiffCase(.scaleLowered, "scale: 2", "scale: 1", readers: .compatible, senders: .compatible),
    DiffCase(
      .requiredSet, "title: Ghi chú,", "title: Ghi chú, constraints: { required: true },", readers: .compatible,
      senders: .breaking),
    DiffCase(
      .requiredUnset, ", required: true } }\n  - { name: ward", " } }\n  - { name: ward", readers: .breaking,
      senders: .compatible),
    DiffCase(
      .conditionAdded, "title: Ghi chú,", "title: Ghi chú, requiredWhen: { check: filled(sex) },",
      readers: .compatible, senders: .breaking),
    DiffCase(.conditionChanged, "filled(ward)", "blank(ward)", readers: .compatible, senders: .breaking),
    DiffCase(
      .conditionRemoved, ", requiredWhen: { check: filled(ward) }", "", readers: .compatible, senders: .compatible),
    DiffCase(.enumGrown, "[A, B]", "[A, B, C]", readers: .breaking, senders: .compatible),
    DiffCase(.enumGrown, "enum: [A, B], ", "", readers: .breaking, senders: .compatible),
    DiffCase(.enumShrunk, "[A, B]", "[A]", readers: .compatible, senders: .breaking),
    DiffCase(
      .codeListGrown, "2,Nữ,Female,,\n", "2,Nữ,Female,,\n3,Khác,Other,,\n", readers: .breaking, senders: .compatible,
      file: "Schemas/codes/SEX.csv"),
    DiffCase(
      .codeListShrunk, "2,Nữ,Female,,\n", "2,Nữ,Female,,2025-12-31\n", readers: .compatible, senders: .breaking,
      file: "Schemas/codes/SEX.csv"),
    DiffCase(
      .codeListAdded, "title: Ghi chú,", "title: Ghi chú, codeList: SEX,", readers: .compatible, senders: .breaking),
    DiffCase(.codeListRemoved, ", codeList: SEX", "", readers: .breaking, senders: .compatible),
    DiffCase(.codeListChanged, "codeList: SEX", "codeList: OTHER", readers: .breaking, senders: .breaking),
    DiffCase(
      .patternAdded, "title: Ghi chú,", "title: Ghi chú, constraints: { pattern: \"x*\" },", readers: .compatible,
      senders: .breaking),
    DiffCase(.patternRemoved, "pattern: \"[A-Z]+\", ", "", readers: .breaking, senders: .compatible),
    DiffCase(.patternChanged, "[A-Z]+", "[A-Z]*", readers: .breaking, senders: .breaking),
    DiffCase(.rangeWidened, "maximum: 10", "maximum: 20", readers: .compatible, senders: .compatible),
    DiffCase(.rangeWidened, "minimum: 1, ", "", readers: .compatible, senders: .compatible),
    DiffCase(.rangeNarrowed, "maximum: 10", "maximum: 9", readers: .compatible, senders: .breaking),
    DiffCase(.rangeNarrowed, "minimum: 1,", "minimum: 2,", readers: .compatible, senders: .breaking),
    DiffCase(
      .uniqueSet, "title: Ghi chú,", "title: Ghi chú, constraints: { unique: true },", readers: .compatible,
      senders: .breaking),
    DiffCase(.uniqueUnset, ", unique: true", "", readers: .breaking, senders: .compatible),
    DiffCase(.keyChanged, "primaryKey: [id]", "primaryKey: [id, day]", readers: .breaking, senders: .breaking),
    DiffCase(
      .referenceAdded, "foreignKeys:\n",
      "foreignKeys:\n  - { fields: [note], reference: { resource: wards, fields: [id] } }\n", readers: .compatible,
      senders: .breaking),
    DiffCase(
      .referenceRemoved,
      "foreignKeys:\n  - { fields: [ward], reference: { resource: wards, fields: [id] } }\n", "", readers: .breaking,
      senders: .compatible),
    DiffCase(.missingValuesChanged, "\"NA\"", "\"-\"", readers: .compatible, senders: .breaking),
    DiffCase(
      .copyAdded, "title: Ghi chú,", "title: Ghi chú, mustEqual: visits.id,", readers: .compatible, senders: .breaking),
    DiffCase(.copyRemoved, ", mustEqual: visits.id", "", readers: .breaking, senders: .compatible),
    DiffCase(
      .restrictionSet, "kind: visit", "kind: visit\nrestricted: true", readers: .breaking, senders: .compatible,
      file: "Schemas/common/encounter.yaml"),
    DiffCase(
      .elementChanged, "root: WARDS", "root: KHOA", readers: .compatible, senders: .breaking,
      file: "Schemas/hoa/wards.yaml"),
    DiffCase(
      .typeWidened, "amount, sql: integer", "amount, sql: bigint", readers: .breaking, senders: .compatible,
      file: "Schemas/common/encounter.yaml"),
    DiffCase(.textOnly, "title: Ghi chú", "title: Chú thích", readers: .compatible, senders: .compatible),
    DiffCase(.textOnly, "description: Remark", "description: A remark", readers: .compatible, senders: .compatible),
  ]

  private func compare(_ change: (inout [String: String]) -> Void) throws -> SchemaDiff {
    let (before, after) = (try Folder(), try Folder())
    try before.write(Self.files)
    var files = Self.files
    change(&files)
    try after.write(files)
    return SchemaDiff(try #require(SchemaFolder(before.path)), try #require(SchemaFolder(after.path)))
  }

  @Test(arguments: cases)
  func tellsWhatAChangeIsAndWhomItBreaks(_ example: DiffCase) throws {
    let diff = try compare { files in
      let text = files[example.file] ?? ""
      #expect(text.components(separatedBy: example.old).count == 2, "stands there once")
      files[example.file] = text.replacing(example.old, with: example.new)
    }
    try #require(diff.changes.count == 1, "\(diff.changes.map { "\($0.kind) \($0.place)" })")
    let change = diff.changes[0]
    #expect(change.kind == example.kind)
    #expect(change.readers == example.readers)
    #expect(change.senders == example.senders)
    #expect(change.feeds == example.feeds)
  }

  @Test func tablesComeAndGo() throws {
    let added = try compare { $0["Schemas/hoa/beds.yaml"] = "name: beds\ntitle: Giường\nfields: []\n" }
    #expect(added.changes.map(\.kind) == [.tableAdded])
    #expect(added.effect == (.compatible, .compatible))
    let removed = try compare { $0["Schemas/hoa/wards.yaml"] = nil }
    #expect(removed.changes.map(\.kind) == [.tableRemoved])
    #expect(removed.changes.map(\.feeds) == [["hoa"]])
    #expect(removed.effect == (.breaking, .breaking))
  }

  @Test func restrictionsMayBeLifted() throws {
    let (before, after) = (try Folder(), try Folder())
    var files = Self.files
    try after.write(files)
    files["Schemas/common/encounter.yaml"]! += "restricted: true\n"
    try before.write(files)
    let diff = SchemaDiff(try #require(SchemaFolder(before.path)), try #require(SchemaFolder(after.path)))
    #expect(diff.changes.map(\.kind) == [.restrictionUnset])
    #expect(diff.effect == (.compatible, .compatible))
  }

  /// A feed that finds cells by their place is broken by another order.
  @Test func orderBreaksFeedsWithoutHeader() throws {
    let diff = try compare { files in
      files["Pipelines/hoa.yaml"]! += "dialect: { header: false }\n"
      let lines = files["Schemas/hoa/visits.yaml"]!.split(separator: "\n", omittingEmptySubsequences: false)
      var moved = lines.map(String.init)
      let note = moved.firstIndex { $0.contains("name: note") }!
      moved.swapAt(note, note + 1)
      files["Schemas/hoa/visits.yaml"] = moved.joined(separator: "\n")
    }
    #expect(diff.changes.map(\.kind) == [.fieldsReordered])
    #expect(diff.changes.map(\.senders) == [.breaking])
  }

  /// No kind is left without a case.
  @Test func everyKindHasACase() {
    let elsewhere: Set<SchemaDiff.Kind> = [.tableAdded, .tableRemoved, .restrictionUnset]
    #expect(Set(Self.cases.map(\.kind)).union(elsewhere) == Set(SchemaDiff.Kind.allCases))
  }

  @Test func theSameDefinitionsDoNotDiffer() throws {
    let own = try #require(ownFolder)
    #expect(SchemaDiff(own, own).changes.isEmpty)
  }

  /// Two folders of tables, and two files, are compared whatever they are called.
  @Test func foldersAndFilesAreCompared() throws {
    let folder = try Folder()
    try folder.write("name: t\ntitle: T\nfields: [{ name: a, type: string, title: A }]\n", as: "one/t.yaml")
    try folder.write("name: t\ntitle: T\nfields: [{ name: a, type: integer, title: A }]\n", as: "two/t.yaml")
    for pair in [("one", "two"), ("one/t.yaml", "two/t.yaml")] {
      let (a, b) = (SchemaFolder(folder.path + "/" + pair.0), SchemaFolder(folder.path + "/" + pair.1))
      let diff = SchemaDiff(try #require(a), try #require(b))
      #expect(diff.changes.map(\.kind) == [.typeNarrowed])
    }
    #expect(SchemaFolder(folder.path + "/three") == nil)
  }
}
