import Findings
import Records
import Testing

@testable import ExtractCSV

/// Patients, visits and what hangs on them; all of it invented.
private func hospital(
  _ change: (inout [String: SourceTable]) -> Void = { _ in }
) -> SourceSchema {
  var tables: [String: SourceTable] = [:]
  for (name, columns) in [
    ("visits", ["id", "patient", "day", "after"]), ("patients", ["id", "name", "ward"]), ("wards", ["id", "title"]),
    ("orders", ["id", "visit", "doctor"]), ("results", ["order", "value"]), ("doctors", ["id", "name", "chief"]),
  ] {
    tables[name] = table(name, columns)
    if columns[0] == "id" { tables[name]?.primaryKey = ["id"] }
  }
  func refer(_ table: String, _ field: String, _ other: String) {
    tables[table]?.foreignKeys.append(.init(fields: [field], table: other, tableFields: ["id"]))
  }
  refer("visits", "patient", "patients")
  refer("visits", "after", "visits")
  refer("patients", "ward", "wards")
  refer("orders", "visit", "visits")
  refer("orders", "doctor", "doctors")
  refer("results", "order", "orders")
  refer("doctors", "chief", "doctors")
  change(&tables)
  return SourceSchema(name: "hospital", tables: tables.values.sorted { $0.name < $1.name })
}

private func read(
  _ files: [(String, String)], schema: SourceSchema = hospital(), root: String = "visits",
  encodings: [String: TextEncoding] = [:], mostRows: Int = TabularReader.mostRows,
  _ change: (inout TabularLayout) -> Void = { _ in }
) throws -> SeenFile {
  var layout = TabularLayout(files: files.map { .init(table: $0.0, pattern: "\($0.0).csv") }, root: root)
  change(&layout)
  let parts: [(table: String, store: any ByteStore)] = files.map { name, text in
    let bytes = encodings[name].flatMap { LetterTable.of($0)?.encode(text) } ?? Array(text.utf8)
    return (name, MemoryStore(bytes))
  }
  let seen = try see(TabularReader(layout: layout, schema: schema, parts: parts, mostRows: mostRows), schema)
  let again = try see(TabularReader(layout: layout, schema: schema, source: source(seen.stored)), schema)
  #expect(again.dossiers == seen.dossiers)
  return seen
}

private let visits = "id,patient,day,after\nV1,P1,1,\nV2,P2,2,V1\nV3,P1,3,\n"
private let patients = "id,name,ward\nP1,An,W1\nP2,Bình,W2\n"
private let wards = "id,title\nW1,Nội\nW2,Ngoại\n"
private let orders = "id,visit,doctor\nO1,V1,D1\nO2,V3,D2\nO3,V1,D2\n"
private let results = "order,value\nO1,5\nO3,6\nO1,7\nO2,8\n"
private let doctors = "id,name,chief\nD1,Lan,D2\nD2,Mai,D2\n"

@Suite struct DeliveryTests {
  @Test func joinsRowsByTheirKeys() throws {
    let seen = try read([
      ("patients", patients), ("visits", visits), ("wards", wards), ("results", results), ("orders", orders),
      ("doctors", doctors),
    ])
    #expect(seen.refusal == nil && seen.notes.isEmpty)
    #expect(seen.dossiers.count == 3)
    #expect(seen.dossiers.allSatisfy { $0.findings.isEmpty })
    #expect(
      seen.dossiers[0].tables == [
        "visits": [["V1", "P1", "1", ""]], "patients": [["P1", "An", "W1"]], "wards": [["W1", "Nội"]],
        "orders": [["O1", "V1", "D1"], ["O3", "V1", "D2"]], "results": [["O1", "5"], ["O1", "7"], ["O3", "6"]],
        "doctors": [["D1", "Lan", "D2"], ["D2", "Mai", "D2"]],
      ])
    #expect(
      seen.dossiers[1].tables == [
        "visits": [["V2", "P2", "2", "V1"]], "patients": [["P2", "Bình", "W2"]], "wards": [["W2", "Ngoại"]],
      ])
    #expect(seen.dossiers[0].origins["results"] == [1, 3, 2])
    #expect(seen.dossiers[2].origins["visits"] == [3])
    #expect(seen.dossiers[0].sizeInBytes == 9 + 9 + 9 + 18 + 15 + 20)
  }

  @Test func givesRowsWithoutParentADossierOfTheirOwn() throws {
    let seen = try read([
      ("visits", visits), ("orders", orders + "O4,V9,D1\n"), ("results", results + "O4,9\nO8,10\n,11\nO1,\n"),
      ("doctors", doctors),
    ])
    #expect(
      seen.dossiers.map(\.findings) == [[], [], [], ["T02 orders row 1"], ["T02 results row 1"], ["T02 results row 1"]])
    #expect(
      seen.dossiers[3].tables == [
        "orders": [["O4", "V9", "D1"]], "results": [["O4", "9"]],
        "doctors": [["D1", "Lan", "D2"], ["D2", "Mai", "D2"]],
      ])
    #expect(seen.dossiers[4].tables == ["results": [["O8", "10"]]])
    #expect(seen.dossiers[5].tables == ["results": [["", "11"]]])
    #expect(seen.dossiers[4].origins == ["results": [6]])
  }

  @Test func namesReferencesThatLeadNowhere() throws {
    let seen = try read([
      ("visits", visits + "V4,P9,4,V8\n"), ("patients", patients), ("wards", "id,title\nW1,Nội\n"),
    ])
    #expect(
      seen.dossiers.map(\.findings) == [
        [], ["T03 patients.ward row 1"], [], ["T03 visits.after row 1", "T03 visits.patient row 1"],
      ])
  }

  @Test func rejectsKeysThatStandTwice() throws {
    let seen = try read([
      ("visits", visits + "V1,P2,9,\n"), ("patients", patients + "P2,Chi,W1\n"), ("orders", orders), ("wards", wards),
      ("doctors", doctors), ("results", results),
    ])
    #expect(
      seen.dossiers.map(\.findings) == [
        ["T04 visits row 1"], ["T04 patients row 1", "T04 patients row 2"], [],
        ["T04 visits row 1", "T04 patients row 1", "T04 patients row 2"],
      ])
    // children are given once
    #expect(seen.dossiers.map { $0.tables["orders"]?.count ?? 0 } == [2, 0, 1, 0])
  }

  @Test func countsRowsThatNothingRefersTo() throws {
    let seen = try read([("visits", visits), ("patients", "id,name,ward\nP0,x,\nP1,An,\nP3,y,\nP2,Bình,\n")])
    #expect(seen.dossiers.map(\.findings) == [[], [], []])
    #expect(seen.notes == ["T06 patients row 1 found 2"])
  }

  @Test func tellsRaggedRowsOfEveryFile() throws {
    let seen = try read([
      ("visits", visits + "V4,P1\n"), ("patients", patients + "P3\n"), ("orders", orders + "O5,V1,D1,x\n"),
      ("wards", wards),
      ("doctors", doctors),
    ])
    #expect(
      seen.dossiers.map(\.findings) == [
        [], [], [], ["T01 visits row 4 found 2 limit 4"], ["T01 patients row 3 found 1 limit 3"],
        ["T01 orders row 4 found 4 limit 3"],
      ])
  }

  /// Wherever in its file it stands.
  @Test(arguments: [800, 800_000], ["orders", "doctors"])
  func tellsControlCharacters(place: Int, table: String) throws {
    let rows = (0..<1000).map { "\($0),V1," + String(repeating: "x", count: 990) + "\n" }
    var text = Array(("id,visit,note\n" + rows.joined()).utf8)
    text[place] = 0
    let number = text[..<place].count { $0 == 0x0A }
    let others = table == "orders" ? [] : [("orders", "id,visit,doctor\nO1,V1,\n")]
    let files = [("visits", "id\nV1\n"), (table, String(decoding: text, as: UTF8.self))] + others
    // stated, or a zero byte says that it is another encoding
    let seen = try read(files) { $0.encoding = .utf8 }
    #expect(seen.dossiers.last?.findings == ["T20 \(table) row \(number)"])
  }

  @Test func refusesWithoutTheRootOrAKey() throws {
    #expect(try read([("patients", patients), ("orders", orders)]).refusal == "T17 visits")
    #expect(try read([("visits", visits), ("orders", "id,doctor\nO1,D1\n")]).refusal == "T05 orders.visit found 1")
    #expect(try read([("visits", visits), ("orders", "id,visit\nO1,\"V1\n")]).refusal == "T11 orders limit 1048576")
    let behind = try read([("visits", visits), ("orders", "id,visit\nEND\nO1,V1\n")]) {
      for i in $0.files.indices { $0.files[i].dialect.footers = [Array("END".utf8)] }
    }
    #expect(behind.refusal == "T25 orders row 2 found 1" && behind.dossiers.isEmpty)
    let cut = try read([("visits", visits + "V9,\"P"), ("orders", orders)])
    #expect(cut.refusal == "T11 visits limit 1048576" && cut.dossiers.isEmpty)
  }

  @Test func joinsFilesInDifferentEncodings() throws {
    let seen = try read(
      [("visits", "id,patient\nV1,Bệnh\n"), ("patients", "id,name\nBệnh,Thị Mỹ\nAn,\"Đỗ, ở\"\n")],
      encodings: ["patients": .tcvn3]
    ) { $0.encodingCandidates = [.tcvn3] }
    #expect(
      seen.dossiers.map(\.tables) == [["visits": [["V1", "Bệnh", nil, nil]], "patients": [["Bệnh", "Thị Mỹ", nil]]]])
  }

  @Test func readsAByteOrderMarkWithoutAHeader() throws {
    let seen = try read([("visits", "\u{FEFF}V1,P1,1,\n"), ("orders", "\u{FEFF}O1,V1,\nO2,V9,\n")]) {
      for i in $0.files.indices { $0.files[i].dialect.hasHeader = false }
    }
    #expect(
      seen.dossiers.map(\.tables) == [
        ["visits": [["V1", "P1", "1", ""]], "orders": [["O1", "V1", ""]]], ["orders": [["O2", "V9", ""]]],
      ])
    #expect(seen.dossiers[0].byteOffset == 3)
  }

  @Test func joinsByKeysOfSeveralColumns() throws {
    let schema = hospital { tables in
      for name in ["visits", "orders"] { tables[name] = table(name, ["year", "number", "x"]) }
      tables["visits"]?.primaryKey = ["year", "number"]
      tables["orders"]?.foreignKeys = [
        .init(fields: ["year", "number"], table: "visits", tableFields: ["year", "number"])
      ]
      tables["results"] = nil
    }
    let seen = try read(
      [("visits", "year,number,x\n1,12,a\n11,2,b\n"), ("orders", "x,number,year\nc,2,11\nd,12,1\ne,2,1\n")],
      schema: schema)
    #expect(seen.dossiers.map { $0.tables["orders"]?.map { $0[2] } ?? [] } == [["d"], ["c"], ["e"]])
    #expect(seen.dossiers.map(\.findings) == [[], [], ["T02 orders row 1"]])
  }

  /// Twenty files: a chain of children, and lookups in a circle.
  @Test func joinsTwentyFiles() throws {
    var tables: [SourceTable] = []
    var files: [(String, String)] = []
    let count = 300
    for level in 0..<10 {
      var child = table("c\(level)", ["id", "parent", "look"])
      child.primaryKey = ["id"]
      if level > 0 { child.foreignKeys.append(.init(fields: ["parent"], table: "c\(level - 1)", tableFields: ["id"])) }
      child.foreignKeys.append(.init(fields: ["look"], table: "l\(level)", tableFields: ["id"]))
      tables.append(child)
      var look = table("l\(level)", ["id", "next"])
      look.primaryKey = ["id"]
      look.foreignKeys = [.init(fields: ["next"], table: "l\((level + 1) % 10)", tableFields: ["id"])]
      tables.append(look)
      // children in an order of their own
      let order = (0..<count).map { ($0 * 7 + level) % count }
      files.append(
        ("c\(level)", "id,parent,look\n" + order.map { "k\($0),\(level == 0 ? "" : "k\($0)"),\($0)\n" }.joined()))
      files.append(("l\(level)", "id,next\n" + (0..<count).map { "\($0),\($0)\n" }.joined()))
    }
    let seen = try read(files, schema: SourceSchema(name: "twenty", tables: tables), root: "c0")
    #expect(seen.refusal == nil && seen.notes.isEmpty)
    #expect(seen.dossiers.count == count)
    #expect(seen.dossiers.allSatisfy { $0.findings.isEmpty && $0.tables.count == 20 })
    #expect(
      seen.dossiers.allSatisfy { dossier in
        Set(dossier.tables.values.compactMap { $0[0][0]?.filter(\.isNumber) }).count == 1
      })
  }

  @Test func boundsADossier() throws {
    let schema = hospital { tables in
      var wide = table("orders", ["id", "visit"] + (0..<1998).map { "x\($0)" })
      wide.foreignKeys = [.init(fields: ["visit"], table: "visits", tableFields: ["id"])]
      tables["orders"] = wide
      tables["results"] = nil
    }
    func orders(_ count: Int) -> String { "id,visit\n" + (0..<count).map { "O\($0),V1\n" }.joined() }
    let seen = try read([("visits", visits), ("orders", orders(500))], schema: schema)
    #expect(seen.dossiers.map(\.findings) == [["T14 orders found 500"], [], []])
    #expect(try read([("visits", visits), ("orders", orders(499))], schema: schema).dossiers[0].findings.isEmpty)
  }

  /// Rows that are looked up count like those that hang on the dossier.
  @Test func boundsLookups() throws {
    let schema = hospital { tables in
      tables["doctors"] = table("doctors", ["id"] + (0..<1999).map { "x\($0)" })
      tables["doctors"]?.primaryKey = ["id"]
      tables["results"] = nil
    }
    func files(_ count: Int, _ value: String) -> [(String, String)] {
      [
        ("visits", visits), ("orders", "id,visit,doctor\n" + (0..<count).map { "O\($0),V1,D\($0)\n" }.joined()),
        ("doctors", "id,x0\n" + (0..<count).map { "D\($0),\(value)\n" }.joined()),
      ]
    }
    #expect(try read(files(499, ""), schema: schema).dossiers[0].findings.isEmpty)
    let seen = try read(files(500, ""), schema: schema)
    #expect(seen.dossiers.map(\.findings) == [["T14 doctors found 500"], [], []])
    #expect(seen.notes.isEmpty)
    let long = String(repeating: "x", count: 1_000_000)
    #expect(try read(files(16, long), schema: schema).dossiers[0].findings.isEmpty)
    let heavy = try read(files(18, long), schema: schema)
    #expect(heavy.dossiers.map(\.findings) == [["T14 doctors found 17"], [], []])
    #expect(heavy.dossiers[0].sizeInBytes <= Delivery.longestDossier && heavy.notes.isEmpty)
  }

  /// Tables that are each small enough may be too much together.
  @Test func boundsTheTablesOfADossierTogether() throws {
    let schema = hospital { tables in
      for name in ["orders", "notes"] {
        tables[name] = table(name, ["id", "visit"] + (0..<1998).map { "x\($0)" })
        tables[name]?.foreignKeys = [.init(fields: ["visit"], table: "visits", tableFields: ["id"])]
      }
      tables["results"] = nil
    }
    func rows(_ count: Int) -> String { "id,visit\n" + (0..<count).map { "O\($0),V1\n" }.joined() }
    func findings(_ count: Int) throws -> [[String]] {
      try read([("visits", visits), ("orders", rows(300)), ("notes", rows(count))], schema: schema)
        .dossiers.map(\.findings)
    }
    #expect(try findings(199) == [[], [], []])
    #expect(try findings(200) == [["T14 notes found 200"], [], []])
  }

  /// Rows that cannot be taken count, too.
  @Test(arguments: ["visits", "orders", "patients"])
  func boundsTheRowsOfEachFile(long: String) throws {
    let files = [("visits", visits), ("orders", orders), ("patients", "id,name,ward\nP1,An,\nP2,Bình,\n")]
      .map { ($0.0, $0.0 == long ? $0.1 + "V9,P1\n\nx\n" : $0.1) }
    let count = long == "patients" ? 4 : 5
    let taken = try read(files, mostRows: count)
    #expect(taken.refusal == nil && taken.dossiers.count == 5)
    #expect(taken.dossiers[3].findings.first?.hasPrefix("T01 \(long) row \(count - 1)") == true)
    let refused = try read(files, mostRows: count - 1)
    #expect(refused.dossiers.isEmpty)
    #expect(refused.refusal == "S10 \(long) found \(count) limit \(count - 1)")
  }

  /// What stands in no dossier is given in the order of its file, whyever it does not.
  @Test func givesWhatIsLeftInTheOrderOfTheFile() throws {
    let seen = try read([
      ("visits", "id,patient\nV1,P1\n"),
      ("orders", "id,visit,doctor\nO1,V8,\nO2\nO3,V1,\nO4,,\nO5,V8,\nO6,x,y,z\n"),
      ("patients", "id,name\nP0\nP3,x\nP1,An\nP4,x,y\nP5,x\n"), ("wards", "id\n\nW1\n"),
    ])
    #expect(
      seen.dossiers.dropFirst().map(\.findings) == [
        ["T02 orders row 1"], ["T01 orders row 2 found 1 limit 3"], ["T02 orders row 1"], ["T02 orders row 1"],
        ["T01 orders row 6 found 4 limit 3"], ["T01 patients row 1 found 1 limit 2"],
        ["T01 patients row 4 found 3 limit 2"],
      ])
    #expect(seen.dossiers.map { $0.origins["orders"] ?? [] } == [[3], [1], [], [4], [5], [], [], []])
    #expect(seen.notes == ["T06 patients row 2 found 2", "T06 wards row 1 found 1"])
  }

  /// Many rows with one key cost no more than as many with keys of their own.
  @Test func bearsManyEqualKeys() throws {
    let seen = try read([
      ("visits", "id,patient\n" + String(repeating: "V1,P1\n", count: 1000)),
      ("patients", "id,name\n" + String(repeating: "P1,x\n", count: 1000)),
      ("orders", "id,visit\n" + String(repeating: "O1,V1\n", count: 1000)),
    ])
    #expect(seen.dossiers.count == 1000)
    #expect(seen.dossiers.allSatisfy { $0.findings.first?.hasPrefix("T04") == true })
    #expect(seen.dossiers.map { $0.tables["orders"]?.count ?? 0 }.reduce(0, +) == 1000)
  }
}
