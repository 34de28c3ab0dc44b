import CommonSchema
import Definitions
import Findings
import Foundation
import Records
import Testing

/// The repository's own definitions.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()
  .path(percentEncoded: false)

@Suite struct DefinitionsTests {
  static let definitions: Result<Definitions, DefinitionFaults> = {
    do throws(DefinitionFaults) { return .success(try Definitions.load(repository)) } catch { return .failure(error) }
  }()

  @Test func ownDefinitionsHaveNoFaults() throws {
    let definitions = try Self.definitions.get()
    #expect(definitions.schemas["qd3176"]?.tables.map(\.name) == (0...15).map { "XML\($0)" })
    #expect(definitions.schemas["qd4210"]?.tables.count == 5)
    #expect(definitions.common.entities.count == 22)
    #expect(Set(definitions.feeds.keys).isSuperset(of: ["qd3176", "qd4210", "hoa-dao"]))
  }

  /// All 479 fields of the catalogue stand in the schemas, in order, with their types, lengths and requirement, and nothing else does.
  @Test func schemasHoldTheCatalogueExactly() throws {
    let definitions = try Self.definitions.get()
    let schema = try #require(definitions.schemas["qd3176"])
    let text = try String(
      contentsOfFile: repository + "Tests/DefinitionsTests/Fixtures/qd3176-fields.csv", encoding: .utf8)
    let rows = SimpleCSV.rows(text)
    let header = rows[0]
    #expect(rows.count - 1 == 479)
    var listed = 0
    for row in rows.dropFirst() {
      func cell(_ name: String) -> String { header.firstIndex(of: name).map { row[$0] } ?? "" }
      let table = try #require(schema.tables.first { $0.name == cell("table") })
      let position = try #require(Int(cell("position")))
      try #require(table.columns.count >= position)
      let column = table.columns[position - 1]
      #expect(column.name == cell("name"), "\(table.name) \(position)")
      #expect(column.logical.rawValue == cell("logical"), "\(table.name).\(column.name)")
      #expect(column.isRequired == (cell("required") == "always"), "\(table.name).\(column.name)")
      let plain = Int(cell("max_length"))
      let lenient = cell("max_length_lenient").isEmpty ? plain : Int(cell("max_length_lenient"))
      #expect(column.maxLength == lenient, "\(table.name).\(column.name)")
      listed += 1
    }
    #expect(listed == schema.tables.reduce(0) { $0 + $1.columns.count })
  }

  @Test func catalogueHoldsEveryCodeOfTheList() throws {
    let definitions = try Self.definitions.get()
    var expected: [String] = []
    for (letter, count) in [("A", 13), ("B", 33), ("C", 19), ("D", 25), ("E", 20), ("F", 13), ("G", 27), ("H", 7)] {
      for number in 1...count { expected.append("\(letter)\(number < 10 ? "0" : "")\(number)") }
    }
    #expect(expected.count == 157)
    #expect(definitions.catalogue.entries.map(\.code.description).prefix(157) == expected[...])
    for entry in definitions.catalogue.entries {
      #expect(
        !entry.title.vietnamese.isEmpty && !entry.remedy.vietnamese.isEmpty && !entry.message.english.isEmpty,
        "\(entry.code)")
    }
  }
}
