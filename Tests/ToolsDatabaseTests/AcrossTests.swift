import Bytes
import Definitions
import Findings
import Postgres
import Runs
import Testing

extension ToolsDatabase {
  /// Rules that need several visits, each with visits it finds, visits it leaves alone, and the boundary.
  @Suite struct AcrossTests {
    /// One invented visit, as rows of the warehouse.
    struct Visit: Sendable {
      var key: String
      var facility = "48001"
      var person: String? = "048080000001"
      var card: String?
      var care = "03"
      var entitlement = "1.1"
      var from = "2025-03-01 08:00+07"
      var to = "2025-03-05 10:00+07"
      var birth = "1980-02-15"
      var precision = "day"
      var sex = "1"
      var number = "BN1"
      /// Bed days: bed, day, rate.
      var beds: [(bed: String, day: String, rate: Int)] = []
      /// Drugs: substance and when it was ordered.
      var drugs: [(substance: String, at: String)] = []
      /// Services: group, device, performer, time.
      var services: [(group: String, device: String, performer: String, at: String)] = []
      /// A check-in of the same key: patient number and time of admission.
      var checkIn: (number: String, at: String)?

      func insert(_ c: Connection, _ dossier: Int64) throws {
        let own: [Parameter] = [.text(key), .text(facility), .integer(dossier)]
        let head = "encounter_key, facility_code, dossier_number, file_id, care_month, row_number"
        func put(_ table: String, _ row: Int, _ columns: [(String, String?)]) throws {
          let names = columns.map(\.0).joined(separator: ", ")
          let places = columns.indices.map { "$\($0 + 4)" }
          let casts = zip(columns, places).map { column, place in
            column.0.hasSuffix("_at")
              ? "\(place)::timestamptz"
              : column.0 == "birth_date"
                ? "\(place)::date"
                : column.0.hasSuffix("codes")
                  ? "\(place)::text[]" : column.0 == "service_rate" ? "\(place)::integer" : place
          }
          try c.executeGenerated(
            "INSERT INTO health.\(table) (\(head), \(names)) VALUES ($1, $2, $3, 1, '2025-03-01', \(row), \(casts.joined(separator: ", ")))",
            own + columns.map { $0.1.map { .text($0) } ?? .null })
        }
        try put(
          "encounter", 1,
          [
            ("care_type_code", care), ("entitlement_code", entitlement), ("admitted_at", from), ("discharged_at", to),
            ("stated_facility_code", facility),
          ])
        try put(
          "patient", 1,
          [
            ("identity_number", person), ("birth_date", birth), ("birth_precision", precision), ("sex_code", sex),
            ("patient_number", number),
          ])
        if let card { try put("coverage", 1, [("card_number", card)]) }
        for (row, bed) in beds.enumerated() {
          try put(
            "service", row + 1,
            [
              ("bed_codes", "{\(bed.bed)}"), ("ordered_at", bed.day + " 08:00+07"), ("service_rate", "\(bed.rate)"),
              ("department_code", "K01"),
            ])
        }
        for (row, drug) in drugs.enumerated() {
          try put("medication", row + 1, [("active_substance_codes", "{\(drug.substance)}"), ("ordered_at", drug.at)])
        }
        for (row, service) in services.enumerated() {
          try put(
            "service", row + 100,
            [
              ("cost_group_code", service.group), ("device_codes", "{\(service.device)}"),
              ("performer_codes", "{\(service.performer)}"), ("performed_at", service.at),
            ])
        }
        if let checkIn {
          try put(
            "check_in", 1,
            [("patient_number", checkIn.number), ("admitted_at", checkIn.at), ("stated_facility_code", facility)])
        }
      }
    }

    struct Case: Sendable, CustomStringConvertible {
      var name: String
      var visits: [Visit]
      /// Codes with the keys they find; every other code finds nothing.
      var found: [String: [String]]
      var description: String { name }
    }

    static let cases: [Case] = [
      Case(name: "nothing", visits: [Visit(key: "A")], found: [:]),
      Case(
        name: "stays that overlap by a minute",
        visits: [Visit(key: "A"), Visit(key: "B", from: "2025-03-05 09:59+07", to: "2025-03-08 08:00+07")],
        found: ["H01": ["B"]]),
      Case(
        name: "a stay that begins as the other ends",
        visits: [Visit(key: "A"), Visit(key: "B", from: "2025-03-05 10:00+07", to: "2025-03-08 08:00+07")], found: [:]),
      Case(
        name: "an outpatient visit within a stay",
        visits: [Visit(key: "A"), Visit(key: "B", care: "01", from: "2025-03-02 09:00+07", to: "2025-03-02 10:00+07")],
        found: [:]),
      Case(
        name: "stays known by the card alone",
        visits: [
          Visit(key: "A", person: nil, card: "DN4480000000001"),
          Visit(key: "B", facility: "48002", person: nil, card: "DN4480000000001", from: "2025-03-02 08:00+07"),
        ], found: ["H01": ["B"]]),
      Case(
        name: "another sex",
        visits: [Visit(key: "A", care: "01"), Visit(key: "B", care: "01", from: "2025-03-02 08:00+07", sex: "2")],
        found: ["H02": ["B"]]),
      Case(
        name: "the year alone agrees with a day of it",
        visits: [
          Visit(key: "A", care: "01"),
          Visit(key: "B", care: "01", from: "2025-03-02 08:00+07", birth: "1980-01-01", precision: "year"),
        ], found: [:]),
      Case(
        name: "another year",
        visits: [
          Visit(key: "A", care: "01"),
          Visit(key: "B", care: "01", from: "2025-03-02 08:00+07", birth: "1981-01-01", precision: "year"),
        ], found: ["H02": ["B"]]),
      Case(
        name: "a drug again a minute before the course ends",
        visits: [
          Visit(key: "A", care: "05", to: "2025-03-28 23:59+07", drugs: [("40.1", "2025-03-01 09:00+07")]),
          Visit(key: "B", care: "01", from: "2025-03-28 08:00+07", drugs: [("40.1", "2025-03-28 23:58+07")]),
        ], found: ["H03": ["B"]]),
      Case(
        name: "the drug when the course has ended, and another drug",
        visits: [
          Visit(key: "A", care: "05", to: "2025-03-28 23:59+07", drugs: [("40.1", "2025-03-01 09:00+07")]),
          Visit(key: "B", care: "01", from: "2025-03-20 08:00+07", drugs: [("40.2", "2025-03-20 09:00+07")]),
          Visit(key: "C", care: "01", from: "2025-03-28 08:00+07", drugs: [("40.1", "2025-03-28 23:59+07")]),
        ], found: [:]),
      Case(
        name: "one key at two hospitals",
        visits: [Visit(key: "A"), Visit(key: "A", facility: "48002", person: "048080000002")],
        found: ["H04": ["A", "A"]]),
      Case(
        name: "one device, two patients, one minute",
        visits: [
          Visit(key: "A", care: "01", services: [("2", "SA.1.48001.1", "", "2025-03-01 09:00+07")]),
          Visit(
            key: "B", person: "048080000002", care: "01", services: [("2", "SA.1.48001.1", "", "2025-03-01 09:00+07")]),
        ], found: ["H06": ["A", "B"]]),
      Case(
        name: "a minute later, and a laboratory device",
        visits: [
          Visit(
            key: "A", care: "01",
            services: [
              ("2", "SA.1.48001.1", "", "2025-03-01 09:00+07"), ("1", "HH.1.48001.2", "", "2025-03-01 09:00+07"),
            ]),
          Visit(
            key: "B", person: "048080000002", care: "01",
            services: [
              ("2", "SA.1.48001.1", "", "2025-03-01 09:01+07"), ("1", "HH.1.48001.2", "", "2025-03-01 09:00+07"),
            ]),
        ], found: [:]),
      Case(
        name: "one bed, one day, two patients",
        visits: [
          Visit(key: "A", beds: [("H001", "2025-03-02", 100)]),
          Visit(key: "B", person: "048080000002", beds: [("H001", "2025-03-02", 100)]),
        ], found: ["C19": ["A", "B"]]),
      Case(
        name: "a shared bed, another bed, another day",
        visits: [
          Visit(key: "A", beds: [("H001", "2025-03-02", 50), ("H002", "2025-03-03", 100)]),
          Visit(key: "B", person: "048080000002", beds: [("H001", "2025-03-02", 50), ("H002", "2025-03-04", 100)]),
        ], found: [:]),
      Case(
        name: "a check-in that agrees, one that does not, and one that is missing",
        visits: [
          Visit(key: "A", card: "DN4480000000001", care: "01", checkIn: ("BN1", "2025-03-01 08:00+07")),
          Visit(
            key: "B", person: "048080000002", card: "DN4480000000002", care: "01",
            checkIn: ("BN2", "2025-03-01 08:00+07")),
          Visit(key: "C", person: "048080000003", card: "DN4480000000003", care: "01"),
          Visit(key: "D", person: "048080000004", card: "DN4480000000004", care: "01", entitlement: "2"),
          Visit(key: "E", person: "048080000005", care: "01"),
        ], found: ["G25": ["B"], "G27": ["C"]]),
    ]

    @Test(arguments: cases) func findsWhatNeedsSeveralVisits(_ given: Case) throws {
      let house = try House()
      for (number, visit) in given.visits.enumerated() { try visit.insert(house.connection, Int64(number + 1)) }
      let catalogue = try house.project.definitions().catalogue
      let day = CivilDate(daysSinceEpoch: 20_148)  // 2025-03-01
      for code in AcrossReport.codes {
        let report = try AcrossReport.read(
          house.project, facility: nil, from: day, to: day, listed: code, limit: 100, catalogue, .english)
        #expect(report.visits?.map(\.key) == given.found[code.description] ?? [], "\(code)")
        // two hospitals that use one key are two visits
        #expect(report.rules[0].visits == Int64(given.found[code.description]?.count ?? 0), "\(code)")
      }
    }

    /// Every rule that a run leaves to the warehouse is asked here, H07 apart, which each run keeps.
    @Test func everyRuleOfTheWarehouseIsAsked() throws {
      let house = try House()
      let left = try house.project.definitions().notEvaluated().filter { $0.missing.contains("warehouse") }.map(\.code)
      #expect(Set(AcrossReport.codes.map(\.description)).union(["H07"]) == Set(left))
    }
  }
}
