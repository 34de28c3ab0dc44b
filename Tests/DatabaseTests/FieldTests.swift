import Bytes
import CommonSchema
import Definitions
import ExtractXML
import Foundation
import Postgres
import Records
import Runs
import SampleKit
import Testing
import Transform

extension DatabaseTests {
  /// Every source field in its column, and the columns as the common schema says.
  @Suite struct FieldTests {
    /// Values of the one dossier of a file, by table, row and field.
    static func records(of path: String) throws -> [String: [[String: String]]] {
      let definitions = try ownDefinitions()
      let feed = try #require(definitions.feeds["qd3176"])
      let schema = definitions.readerSchemas(of: feed)[0]
      var rest: [UInt8]? = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let reader = EnvelopeReader(schemas: [schema]) { (_, target) throws(ReaderFailure) in
        defer { rest = nil }
        target.append(contentsOf: rest ?? [])
        return rest?.count ?? 0
      }
      let dossier = Dossier()
      var result: [String: [[String: String]]] = [:]
      while try reader.next(into: dossier) {
        for (number, table) in schema.tables.enumerated() {
          let records = dossier.tables[number]
          for row in 0..<records.rowCount {
            var fields: [String: String] = [:]
            for (index, column) in table.columns.enumerated() {
              let cell = records.cell(row, index)
              if cell.length > 0 { fields[column.name] = String(decoding: dossier.text[cell.range], as: UTF8.self) }
            }
            result[table.name, default: []].append(fields)
          }
        }
      }
      return result
    }

    /// What the warehouse must answer for a column, in the form that ``question(_:)`` asks for.
    static func answer(_ raw: String, _ type: ColumnType) -> String {
      switch type {
      case .numeric: Decimal(string: raw, locale: Locale(identifier: "en_US_POSIX")).map { "\($0)" } ?? "?"
      case .timestamptz: raw.count == 8 ? raw + "0000" : raw
      default: raw
      }
    }

    /// SQL that writes a column as the hospital writes it.
    static func question(_ column: EntityColumn) -> String {
      let name = "\"\(column.name)\""
      return switch column.type {
      case .text: name
      case .bigint, .integer, .jsonb: "\(name)::text"
      case .numeric: "trim_scale(\(name))::text"
      case .date: "to_char(\(name), 'YYYYMMDD')"
      case .timestamptz: "to_char(\(name) AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYYMMDDHH24MI')"
      case .textArray: "array_to_string(\(name), ';')"
      case .dateArray: "(SELECT string_agg(to_char(part, 'YYYYMMDD'), ';') FROM unnest(\(name)) AS part)"
      case .numericArray: "(SELECT string_agg(trim_scale(part)::text, ';') FROM unnest(\(name)) AS part)"
      }
    }

    @Test func eachOfThe479FieldsIsInItsColumn() throws {
      let folder = try SampleFolder.named("all-tables")
      let definitions = try ownDefinitions()
      let feed = try #require(definitions.feeds["qd3176"])
      let schema = definitions.readerSchemas(of: feed)[0]
      var records: [String: [[String: String]]] = [:]
      for delivery in folder.deliveries {
        records.merge(try Self.records(of: delivery.paths[0])) { $0 + $1 }
      }
      try House.open { house in
        try house.drop(folder)
        let result = try house.run()
        #expect(result.exitCode == 0)
        var covered: Set<String> = []
        // rows of an entity are numbered in the order of the row sets, then of the source
        var expected: [String: [[String: String]]] = [:]
        for set in feed.mapping.rowSets {
          let entity = definitions.common.entities[try #require(definitions.common.entity(set.entity))]
          let table = try #require(schema.tables.first { $0.name == set.table })
          for record in records[set.table] ?? [] {
            guard set.when.allSatisfy({ $0.codes.contains(record[$0.field] ?? "") }),
              set.unless.allSatisfy({ !$0.codes.contains(record[$0.field] ?? "") })
            else { continue }
            let lists = set.each.map { name in
              (name, (record[name] ?? "").split(separator: ";", omittingEmptySubsequences: false).map(String.init))
            }
            for place in 0..<(lists.map(\.1.count).max() ?? 1) {
              var row: [String: String] = [:]
              for (name, source) in set.columns {
                let column = entity.columns[try #require(entity.column(name), "\(set.entity).\(name)")]
                switch source {
                case .function, .birth: Issue.record("the decisions' feeds need no functions")
                case .constant(let text): row[name] = text
                case .birthDate(let field):
                  covered.insert("\(set.table).\(field)")
                  row[name] = String((record[field] ?? "").prefix(8))
                case .birthPrecision: row[name] = "minute"
                case .birthMoment(let field): row[name] = record[field]
                case .field(let field):
                  let raw =
                    if let list = lists.first(where: { $0.0 == field }) { list.1[place] } else {
                      try #require(record[field])
                    }
                  let separator = table.columns.first { $0.name == field }?.separator.map { String(UnicodeScalar($0)) }
                  row[name] = Self.answer(raw.replacing(separator ?? ";", with: ";"), column.type)
                  covered.insert("\(set.table).\(field)")
                }
              }
              expected[set.entity, default: []].append(row)
            }
          }
          #expect(!(records[set.table] ?? []).isEmpty, "\(table.name) has a row")
        }
        var compared = 0
        for (name, rows) in expected.sorted(by: { $0.key < $1.key }) {
          let entity = definitions.common.entities[try #require(definitions.common.entity(name))]
          let select = entity.columns.map { Self.question($0) }.joined(separator: ", ")
          let found = try house.rows("SELECT \(select) FROM health.\"\(name)\" ORDER BY dossier_number, row_number")
          #expect(found.count == rows.count, "\(name)")
          for (row, wanted) in rows.enumerated() where row < found.count {
            for (index, column) in entity.columns.enumerated() {
              switch column.name {
              case "care_month", "facility_code", "row_number", "file_id", "dossier_number": continue
              // an assessment's key is made of three fields
              case "encounter_key" where wanted["encounter_key"] == nil: continue
              case "extra": #expect(found[row][index] == nil, "\(name).extra")
              default:
                #expect(found[row][index] == wanted[column.name], "\(name).\(column.name)")
                compared += 1
              }
            }
          }
        }
        let all = Set(schema.tables.flatMap { table in table.columns.map { "\(table.name).\($0.name)" } })
        #expect(all.count == 479)
        #expect(covered == all, "\(all.symmetricDifference(covered).sorted())")
        #expect(compared >= 479)
      }
    }

    @Test func columnsOfTheWarehouseAreThoseOfTheCommonSchema() throws {
      try House.open { house in
        let entities = try ownDefinitions().common.entities
        #expect(entities.count == 22)
        for entity in entities {
          let found = try house.rows(
            """
            SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
            WHERE attrelid = ('health.' || quote_ident($1))::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
            """, [.text(entity.name)])
          #expect(found.map { $0[0] } == entity.columns.map(\.name), "\(entity.name)")
          for (column, row) in zip(entity.columns, found) {
            let type = column.type == .timestamptz ? "timestamp with time zone" : column.type.rawValue
            #expect(row[1] == type, "\(entity.name).\(column.name)")
            #expect((row[2] == "t") == column.isRequired, "\(entity.name).\(column.name)")
          }
          let key = try house.rows(
            """
            SELECT a.attname FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
            WHERE c.contype = 'p' AND c.conrelid = ('health.' || quote_ident($1))::regclass ORDER BY k.place
            """, [.text(entity.name)])
          #expect(key.map { $0[0] } == entity.primaryKey, "\(entity.name)")
        }
        let tables = try house.rows(
          """
          SELECT relname FROM pg_class WHERE relnamespace = 'health'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
          ORDER BY 1
          """)
        #expect(tables.map { $0[0] } == entities.map(\.name).sorted())
      }
    }

    /// Nothing that was sent is dropped: what has no column stands in `extra` under the hospital's name.
    @Test func leftoversAreKept() throws {
      try House.open { house in
        try house.drop(try SampleFolder.named("leftovers"))
        try house.run()
        #expect(
          try house.rows("SELECT extra->>'TRUONG_MOI', extra->>'CAN_NANG', body_weight FROM health.encounter") == [
            ["giá trị mới", "47,50", nil]
          ])
        #expect(
          try house.rows("SELECT extra::text FROM health.medication") == [["{\"GHI_CHU_RIENG\": \"ghi chú riêng\"}"]])
      }
    }

    @Test func textOfTheWarehouseIsComposed() throws {
      try House.open { house in
        for name in ["nfd-text", "windows-1258", "unicode-names", "cdata-fields"] {
          try house.drop(try SampleFolder.named(name).renamed(name))
          try house.run()
        }
        #expect(
          try house.number(
            """
            SELECT count(*) FROM health.patient p, LATERAL jsonb_each_text(to_jsonb(p)) AS f (name, value)
            WHERE NOT f.value IS NFC NORMALIZED
            """) == 0)
        #expect(
          try house.rows(
            "SELECT full_name FROM health.patient WHERE encounter_key IN ('SM25V0001', 'SM61V0001') ORDER BY 1") == [
              ["NGUYỄN THỊ MẪU AN"], ["NGUYỄN THỊ MẪU AN"],
            ])
        #expect(
          try house.rows("SELECT full_name FROM health.patient WHERE encounter_key = 'SM07V0001'") == [
            ["TRẦN THỊ <MẪU> & BÌNH"]
          ])
        #expect(
          try house.rows("SELECT full_name FROM health.patient WHERE encounter_key = 'SM71V0003'") == [
            ["O’MẪU “ĐẶC BIỆT” 👩‍⚕️"]
          ])
      }
    }

    /// Renamed fields of an earlier edition are found under the names of today.
    @Test func earlierEditionsLandInTheSameColumns() throws {
      try House.open { house in
        for name in ["edition-4750", "qd4210"] {
          try house.drop(try SampleFolder.named(name).renamed(name))
          try house.run()
        }
        #expect(
          try house.rows(
            """
            SELECT destination_facility_code, array_to_string(referring_facility_codes, ';'), extra->>'PP_DIEU_TRI', extra->>'TEN_THUOC'
            FROM health.referral
            """) == [["48002", "48001", "Bù nước", "Loratadin Mẫu"]])
        #expect(
          try house.rows(
            """
            SELECT e.main_diagnosis_code, trim_scale(e.total_hospital_amount)::text, c.card_number, e.discharge_diagnosis
            FROM health.encounter e JOIN health.coverage c USING (encounter_key, care_month, facility_code) WHERE encounter_key = 'SM40V0001'
            """) == [["A09.9", "66856", "DN4484801000011", "A09.9 - Viêm dạ dày ruột"]])
      }
    }
  }
}
