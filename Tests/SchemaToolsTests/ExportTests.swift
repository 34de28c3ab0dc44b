import Foundation
import Records
import SchemaTools
import Testing

/// Exports, judged by the programs they are for.
@Suite struct ExportTests {
  // MARK: JSON Schema

  private static let validator = """
    import json, sys
    from jsonschema import Draft202012Validator as V
    failures = []
    for schema, document, good in json.load(open("cases.json")):
        s = json.load(open(schema))
        V.check_schema(s)
        errors = list(V(s).iter_errors(document))
        if (not errors) != good: failures.append([schema, document, good, [e.message for e in errors]])
    print(json.dumps(failures, ensure_ascii=False))
    """

  @Test(.enabled(if: Tool.python != nil, "make test sets up jsonschema"))
  func jsonSchemasJudgeRecordsAndRows() throws {
    let own = try #require(ownFolder)
    let export = JSONSchemaExport(codes: own.codeLists)
    let folder = try Folder()
    for set in own.sets {
      for table in set.tables {
        try folder.write(export.record(table, of: set.name), as: "\(set.name)-\(table.name).json")
      }
    }
    for entity in own.common { try folder.write(export.row(entity), as: "\(entity.name).json") }
    let note = [
      "entity": "clinical_note", "encounter_key": "A1", "care_month": "2025-03-01", "facility_code": "48001",
    ]
    func row(_ change: (inout [String: Any]) -> Void) -> [String: Any] {
      var row: [String: Any] = note
      row["row_number"] = 1
      row["file_id"] = 1
      row["dossier_number"] = 1
      change(&row)
      return row
    }
    var record: [String: Any] = [:]
    for field in try #require(own.set("qd3176")?.table("XML5")).fields {
      record[field.name] = field.kind == .datetime ? "202503011200" : field.kind == .integer ? "1" : "x"
    }
    func changed(_ change: (inout [String: Any]) -> Void) -> [String: Any] {
      var copy = record
      change(&copy)
      return copy
    }
    var cases: [[Any]] = [
      ["clinical_note.json", row { _ in }, true],
      ["clinical_note.json", row { $0["entity"] = "encounter" }, false],
      ["clinical_note.json", row { $0["file_id"] = "1" }, false],
      ["clinical_note.json", row { $0["encounter_key"] = nil }, false],
      ["clinical_note.json", row { $0["care_month"] = "202503" }, false],
      ["clinical_note.json", row { $0["noted_at"] = "2025-03-01T12:00+07:00" }, true],
      ["clinical_note.json", row { $0["noted_at"] = "2025-03-01T12:00Z" }, false],
      ["clinical_note.json", row { $0["no_such_column"] = "x" }, false],
      ["clinical_note.json", row { $0["extra"] = ["A": "x"] }, true],
      ["qd3176-XML5.json", changed { _ in }, true],
      ["qd3176-XML5.json", changed { $0["MA_LK"] = "" }, false],
      ["qd3176-XML5.json", changed { $0["MA_LK"] = nil }, false],
      ["qd3176-XML5.json", changed { $0["MA_LK"] = String(repeating: "x", count: 101) }, false],
      ["qd3176-XML5.json", changed { $0["THOI_DIEM_DBLS"] = "2025" }, false],
      ["qd3176-XML5.json", changed { $0["LA_LUNG"] = "x" }, true],
    ]
    for entity in own.common { cases.append(["\(entity.name).json", ["entity": "nothing"], false]) }
    try JSONSerialization.data(withJSONObject: cases).write(to: URL(filePath: folder.path + "/cases.json"))
    let outcome = try Tool.run(#require(Tool.python), ["-c", Self.validator], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors.suffix(600))")
    #expect(outcome.output == "[]\n", "\(outcome.output.prefix(600))")
  }

  // MARK: Data Package

  @Test(.enabled(if: Tool.frictionless != nil, "make test sets up frictionless"))
  func frictionlessReadsTheDataPackage() throws {
    let own = try #require(ownFolder)
    let set = try #require(own.set("qd3176"))
    let folder = try Folder()
    for file in DataPackageExport(codes: own.codeLists).files(set) { try folder.write(file.text, as: file.path) }
    let right = ["integer": "1", "number": "1.5", "date": "20250301", "datetime": "202503011200"]
    for table in set.tables {
      var cells = table.fields.map { field in
        field.codeList.flatMap { own.codeLists[$0]?.codes.first } ?? right[field.type] ?? "x"
      }
      var text = table.fields.map(\.name).joined(separator: ",") + "\n" + cells.joined(separator: ",") + "\n"
      if table.name == "XML2" {
        // a second row with a wrong number, a blank required text and a text too long
        func put(_ name: String, _ value: String) {
          if let index = table.fields.firstIndex(where: { $0.name == name }) { cells[index] = value }
        }
        put("STT", "2")
        put("SO_LUONG", "nhiều")
        put("MA_THUOC", "")
        put("MA_NHOM", "99")
        text += cells.joined(separator: ",") + "\n"
      }
      try folder.write(text, as: "data/\(table.name.lowercased()).csv")
    }
    let outcome = try Tool.run(#require(Tool.frictionless), ["validate", "datapackage.json", "--json"], in: folder)
    struct Report: Decodable {
      struct Task: Decodable {
        struct Fault: Decodable {
          var type: String
          var fieldName: String?
          var rowNumber: Int?
        }
        var name: String
        var errors: [Fault]
      }
      var tasks: [Task]
    }
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.tasks.count > set.tables.count)
    for task in report.tasks where task.name != "xml2" {
      #expect(task.errors.isEmpty, "\(task.name): \(task.errors.map { "\($0.type) \($0.fieldName ?? "")" })")
    }
    let faults = try #require(report.tasks.first { $0.name == "xml2" }).errors
    #expect(Set(faults.compactMap(\.fieldName)) == ["SO_LUONG", "MA_THUOC", "MA_NHOM"])
    #expect(Set(faults.map(\.type)) == ["type-error", "constraint-error"])
    #expect(faults.allSatisfy { $0.rowNumber == 3 })
  }

  /// A plain schema with references, booleans, formats and limits.
  @Test(.enabled(if: Tool.frictionless != nil, "make test sets up frictionless"))
  func frictionlessReadsPlainSchemas() throws {
    let folder = try Folder()
    try folder.write(SchemaDiffTests.files)
    let own = try #require(SchemaFolder(folder.path))
    let package = try Folder()
    for file in DataPackageExport(codes: own.codeLists).files(try #require(own.set("hoa"))) {
      try package.write(file.text, as: file.path)
    }
    try package.write("id\nA\n", as: "data/wards.csv")
    try package.write(
      "id,count,price,day,sex,kind,ward,copy,note,unused\n1,2,\"1,5\",31/12/2025,1,A,A,,,\n2,11,1.5,12/31/2025,9,C,B,,,\n",
      as: "data/visits.csv")
    let outcome = try Tool.run(#require(Tool.frictionless), ["validate", "datapackage.json", "--json"], in: package)
    for word in [
      "\"foreign-key\"", "\"constraint-error\"", "\"type-error\"", "\"count\"", "\"price\"", "\"day\"", "\"sex\"",
      "\"kind\"",
    ] {
      #expect(outcome.output.contains(word), "\(word) in \(outcome.output.prefix(300))")
    }
  }
}
