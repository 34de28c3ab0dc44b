import Foundation
import Runs
import Testing

extension ToolsDatabase {
  /// An invented hospital that exports its whole database: twenty files that refer to each other, with references that lead nowhere.
  @Suite struct TwentyFilesTests {
    /// One file: its columns (the first is the key unless `hasKey` is false), and what they refer to.
    private struct Table {
      var name: String
      var columns: [String]
      var refers: [String: String] = [:]
      var hasKey = true

      var schema: String {
        var lines = ["name: \(name)", "title: \(name)"]
        if hasKey { lines.append("primaryKey: \(columns[0])") }
        if !refers.isEmpty { lines.append("foreignKeys:") }
        for (column, target) in refers.sorted(by: { $0.key < $1.key }) {
          lines.append("  - { fields: \(column), reference: { resource: \(target), fields: id } }")
        }
        lines.append("fields:")
        for column in columns {
          let type =
            column == "day" || column == "born"
            ? "date" : column == "quantity" || column == "amount" ? "number" : "string"
          lines.append("  - { name: \(column), type: \(type), title: \(column) }")
        }
        return lines.joined(separator: "\n") + "\n"
      }
    }

    private static let tables = [
      Table(
        name: "visits", columns: ["id", "patient", "ward", "doctor", "day"],
        refers: [
          "patient": "patients", "ward": "wards", "doctor": "doctors",
        ]),
      // looked up; wards and doctors refer to each other
      Table(
        name: "patients", columns: ["id", "full_name", "born", "province", "insurer"],
        refers: [
          "province": "provinces", "insurer": "insurers",
        ]),
      Table(name: "wards", columns: ["id", "title", "head"], refers: ["head": "doctors"]),
      Table(name: "doctors", columns: ["id", "full_name", "ward"], refers: ["ward": "wards"]),
      Table(name: "provinces", columns: ["id", "title"]),
      Table(name: "insurers", columns: ["id", "title"]),
      Table(
        name: "drugs", columns: ["id", "title", "unit", "company"],
        refers: [
          "unit": "units", "company": "companies",
        ]),
      Table(name: "units", columns: ["id", "title"]),
      Table(name: "companies", columns: ["id", "title"]),
      Table(name: "tests", columns: ["id", "title"]),
      Table(name: "devices", columns: ["id", "title"]),
      // parts of a visit, down to the third level
      Table(name: "diagnoses", columns: ["visit", "icd"], refers: ["visit": "visits"], hasKey: false),
      Table(
        name: "medicines", columns: ["id", "visit", "drug", "doctor", "quantity"],
        refers: [
          "visit": "visits", "drug": "drugs", "doctor": "doctors",
        ]),
      Table(
        name: "orders", columns: ["id", "visit", "test", "doctor"],
        refers: [
          "visit": "visits", "test": "tests", "doctor": "doctors",
        ]),
      Table(
        name: "results", columns: ["id", "order", "device", "value"],
        refers: [
          "order": "orders", "device": "devices",
        ]),
      Table(name: "remarks", columns: ["id", "result", "words"], refers: ["result": "results"]),
      Table(name: "services", columns: ["id", "visit", "title"], refers: ["visit": "visits"]),
      Table(name: "supplies", columns: ["id", "service", "title"], refers: ["service": "services"]),
      Table(name: "transfers", columns: ["id", "visit", "ward"], refers: ["visit": "visits", "ward": "wards"]),
      Table(name: "payments", columns: ["id", "visit", "amount"], refers: ["visit": "visits"]),
    ]

    private static let feed: String = {
      let files = tables.map { "  \($0.name): \"{delivery}_\($0.name).csv\"" }.joined(separator: "\n")
      return """
        feed: vuon-hoa
        title: Twenty files of an invented hospital
        reader: csv
        source: vuon-hoa
        encoding: utf-8
        files:
        \(files)
        dossier: { table: visits, key: id, careDate: day }
        rows:
          - entity: encounter
            from: visits
            columns:
              encounter_key: id
              discharged_at: day
              department_codes: { join: [ward], with: ";" }
              note: { ref: ward, take: wards.title }
          - entity: patient
            from: patients
            columns: { patient_number: id, full_name: full_name, birth_date: born, province_code: province }
          - entity: encounter_diagnosis
            from: diagnoses
            columns: { role: { const: main }, diagnosis_code: icd }
          - entity: medication
            from: medicines
            columns:
              medication_name: { ref: drug, take: drugs.title }
              quantity: quantity
              practitioner_codes: { join: [doctor], with: ";" }
          - entity: service
            from: orders
            columns: { service_code: test, service_name: { ref: test, take: tests.title } }
          - entity: observation
            from: results
            columns: { service_code: order, value: value }
          - entity: clinical_note
            from: remarks
            columns: { clinical_course: words }
          - entity: service
            from: services
            columns: { service_code: id, service_name: title }
          - entity: supply
            from: supplies
            columns: { service_code: service, supply_name: title }

        """
    }()

    private static let visits = 60

    /// By table, rows without the header; a value names the visit that it belongs to.
    private static func rows() -> [String: [String]] {
      var rows: [String: [String]] = [:]
      func add(_ table: String, _ cells: String...) { rows[table, default: []].append(cells.joined(separator: ",")) }
      for number in 0..<10 {
        add("provinces", "T\(number)", "Tỉnh \(number)")
        add("insurers", "I\(number)", "Quỹ \(number)")
        add("units", "U\(number)", "đơn vị \(number)")
        add("companies", "C\(number)", "Hãng \(number)")
        add("tests", "X\(number)", "Xét nghiệm \(number)")
        add("devices", "M\(number)", "Máy \(number)")
        add("wards", "W\(number)", "Khoa \(number)", "D\((number + 1) % 10)")
        add("doctors", "D\(number)", "Bác sĩ \(number)", "W\(number)")
        // the company of drug 9 is in no file
        add("drugs", "R\(number)", "Thuốc \(number)", "U\(number)", number == 9 ? "C99" : "C\(number)")
      }
      for number in 0..<30 {
        add("patients", "P\(number)", "Người \(number)", "1980-01-01", "T\(number % 10)", "I\(number % 10)")
      }
      // children in an order of their own
      for number in (0..<visits).map({ $0 * 7 % visits }) {
        let visit = "V\(number)"
        add(
          "visits", visit, number == 5 ? "P99" : "P\(number % 30)", "W\(number % 10)", "D\(number % 10)",
          "2025-03-\(10 + number % 20)")
        add("diagnoses", visit, "J\(10 + number).1")
        for part in 0..<2 {
          let drug = number == 6 && part == 0 ? "R77" : "R\(number % 9)"
          add("medicines", "\(visit)m\(part)", visit, drug, "D\(part)", "\(part + 1)")
          add("orders", "\(visit)o\(part)", visit, "X\(number % 10)", "D\(part)")
          add("results", "\(visit)r\(part)", "\(visit)o\(part)", "M\(part)", "\(visit)")
          add("remarks", "\(visit)k\(part)", "\(visit)r\(part)", "lời của \(visit)")
        }
        add("services", "\(visit)s", visit, "dịch vụ \(visit)")
        add("supplies", "\(visit)u", "\(visit)s", "vật tư \(visit)")
        add("transfers", "\(visit)t", visit, "W\((number + 1) % 10)")
        add("payments", "\(visit)p", visit, "1000.5")
      }
      // two medicines of drug 9, whose company is missing: one visit
      add("medicines", "V7m2", "V7", "R9", "D1", "3")
      add("medicines", "V7m3", "V7", "R9", "D1", "4")
      // parts of visits that were not delivered, on every level
      add("medicines", "Vxm0", "V999", "R1", "D1", "1")
      add("orders", "Vyo0", "V998", "X1", "D1")
      add("results", "Vyr0", "Vyo0", "M1", "V998")
      add("remarks", "Vzk0", "no-result", "ai nói")
      // a visit twice: nobody knows which is meant
      add("visits", "V8", "P8", "W8", "D8", "2025-03-18")
      // patients whom no visit names
      for number in 900..<903 { add("patients", "P\(number)", "Người lạ", "1990-01-01", "T1", "I1") }
      return rows
    }

    @Test func referencesAreFollowedAndTold() throws {
      try #require(Self.tables.count == 20)
      let house = try House()
      let manager = FileManager.default
      try manager.createDirectory(atPath: house.root + "/Schemas/vuon-hoa", withIntermediateDirectories: true)
      for table in Self.tables {
        try table.schema.write(
          toFile: house.root + "/Schemas/vuon-hoa/\(table.name).yaml", atomically: true, encoding: .utf8)
      }
      try Self.feed.write(toFile: house.root + "/Pipelines/vuon-hoa.yaml", atomically: true, encoding: .utf8)
      let registry = house.root + "/facilities.yaml"
      try String(contentsOfFile: registry, encoding: .utf8).replacing("feed: qd3176", with: "feed: vuon-hoa")
        .write(toFile: registry, atomically: true, encoding: .utf8)
      let rows = Self.rows()
      for table in Self.tables {
        let body = try #require(rows[table.name]).joined(separator: "\n")
        try house.drop(table.columns.joined(separator: ",") + "\n" + body + "\n", as: "2025_\(table.name).csv")
      }

      let report = try house.run().report
      try #require(report.files.count == 1)
      let file = report.files[0]
      #expect(file.state == .loaded && file.reason == nil)
      // V8 stands twice; three parts have no visit
      #expect(file.dossiers.seen == Self.visits + 1 + 3)
      #expect(file.dossiers.accepted == Self.visits - 1 && file.dossiers.rejected == 5)
      // V5's patient, V6's drug; the company of the drug that V7 has twice is asked for once
      let told = Set(
        file.details?.filter { $0.code == "T03" }.map { "\($0.key ?? "–") \($0.table ?? "").\($0.field ?? "")" } ?? [])
      #expect(told == ["V5 visits.patient", "V6 medicines.drug", "V7 drugs.company"])
      #expect(file.findings["T02"] == 3 && file.findings["T04"] == 2 && file.findings["T03"] == 3)
      // the mapping's function says nothing again
      #expect(file.findings["T42"] == nil)
      #expect(file.details?.first { $0.code == "T06" }?.found == 3)

      // every row of every level stands with its own visit
      let accepted = Int64(Self.visits - 1)
      for (entity, each) in [
        ("encounter", 1), ("encounter_diagnosis", 1), ("observation", 2), ("clinical_note", 2), ("service", 3),
        ("supply", 1),
      ] {
        #expect(try house.number("SELECT count(*) FROM health.\(entity)") == accepted * Int64(each), "\(entity)")
      }
      #expect(try house.number("SELECT count(*) FROM health.medication") == accepted * 2 + 2)
      #expect(try house.number("SELECT count(*) FROM health.patient") == accepted - 1)
      #expect(try house.number("SELECT count(*) FROM health.observation WHERE value <> encounter_key") == 0)
      #expect(
        try house.number(
          "SELECT count(*) FROM health.clinical_note WHERE clinical_course <> 'lời của ' || encounter_key")
          == 0)
      #expect(
        try house.number("SELECT count(*) FROM health.supply WHERE supply_name <> 'vật tư ' || encounter_key") == 0)
      // what is looked up is that of the row
      #expect(
        try house.number(
          """
          SELECT count(*) FROM health.medication
          WHERE medication_name = 'Thuốc ' || (substr(encounter_key, 2)::int % 9)
          """) == accepted * 2 - 1)
      #expect(
        try house.text("SELECT DISTINCT medication_name FROM health.medication WHERE quantity > 2 ORDER BY 1")
          == "Thuốc 9")
      #expect(
        try house.number(
          "SELECT count(*) FROM health.encounter WHERE note = 'Khoa ' || (substr(encounter_key, 2)::int % 10)")
          == accepted)
      #expect(
        try house.number(
          """
          SELECT count(*) FROM health.patient
          WHERE full_name = 'Người ' || (substr(encounter_key, 2)::int % 30) AND province_code = 'T' || (substr(encounter_key, 2)::int % 10)
          """) == accepted - 1)
      // a value that leads nowhere is kept as it was sent
      #expect(
        try house.text("SELECT extra->>'drug' FROM health.medication WHERE medication_name IS NULL") == "R77")
    }
  }
}
