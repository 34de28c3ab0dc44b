import CommonSchema
import Definitions
import Foundation
import Records
import SampleKit
import Testing
import Transform

/// The manual's page of where each field lands, held against the definitions; `SONGHAN_RECORD=1` writes it anew.
@Suite struct WhereFieldsLandTests {
  static let page = repository + "docs/manual/where-fields-land.md"

  @Test func pageIsThatOfTheDefinitions() throws {
    let text = try Self.text(try ownDefinitions())
    if isRecording { return try Data(text.utf8).write(to: URL(filePath: Self.page)) }
    let page = try String(contentsOfFile: Self.page, encoding: .utf8)
    #expect(page == text, "write it anew with SONGHAN_RECORD=1 swift test --filter WhereFieldsLandTests")
  }

  @Test(arguments: [("qd3176", 479), ("qd4210", 112)]) func everyFieldLandsSomewhere(_ feed: String, _ count: Int)
    throws
  {
    let definitions = try ownDefinitions()
    let feed = try #require(definitions.feeds[feed])
    let schema = try #require(definitions.schemas[feed.source])
    var fields = 0
    for table in schema.tables {
      for column in table.columns {
        fields += 1
        #expect(!Self.places(of: column.name, in: table.name, feed).isEmpty, "\(table.name).\(column.name)")
      }
    }
    #expect(fields == count)
  }

  /// Every column that a visit's rows have is filled by some field of some table, or by the loader.
  @Test func everyColumnIsFilled() throws {
    let definitions = try ownDefinitions()
    for entity in definitions.common.entities where entity.kind == .visit {
      for column in entity.columns where column.name != "extra" && !Entity.loaderColumns.contains(column.name) {
        let isFilled = definitions.feeds.values.contains { feed in
          feed.mapping.rowSets.contains { set in
            set.entity == entity.name && set.columns.contains { $0.name == column.name }
          }
        }
        #expect(isFilled, "\(entity.name).\(column.name)")
      }
    }
  }

  /// The columns a field fills, each with the condition under which it does.
  static func places(of field: String, in table: String, _ feed: Feed) -> [String] {
    var result: [String] = []
    for set in feed.mapping.rowSets where set.table == table {
      var notes: [String] = []
      for (name, codes) in set.when { notes.append("`\(name)` \(codes.joined(separator: ", "))") }
      for (name, codes) in set.unless { notes.append("`\(name)` not \(codes.joined(separator: ", "))") }
      if set.each.contains(field) { notes.append("one row a part") }
      for (name, source) in set.columns {
        var note = notes
        let from: String
        switch source {
        case .constant, .function, .birth: continue
        case .field(let field): from = field
        case .birthDate(let field): (from, note) = (field, notes + ["the day; 1 January when only the year is known"])
        case .birthPrecision(let field): (from, note) = (field, notes + ["year, day or minute"])
        case .birthMoment(let field): (from, note) = (field, notes + ["when known to the minute"])
        }
        guard from == field else { continue }
        if set.columns.contains(where: { $0.name == "role" }), set.each == [field] {
          for case ("role", .constant(let role)) in set.columns { note.append("`role` \(role)") }
        }
        let place = "`\(set.entity).\(name)`" + (note.isEmpty ? "" : " (\(note.joined(separator: "; ")))")
        if !result.contains(place) { result.append(place) }
      }
      if set.extra.contains(field) { result.append("`\(set.entity).extra`") }
    }
    return result
  }

  static func text(_ definitions: Definitions) throws -> String {
    var text = """
      # Where each field lands

      Generated from `Schemas/` and `Pipelines/`; a test holds the page against them (`SONGHAN_RECORD=1 swift test --filter WhereFieldsLandTests`
      writes it anew). On the left the field as the hospital spells it, on the right the column of schema `health` that holds it; the columns are
      described in [the common schema](common-schema.md). A field in several places is in each of them under the condition behind it.

      What is not listed here is kept all the same: an element that the decision does not know, and a value that does not fit its column's
      type, stands in `extra` of the row under the hospital's own name, as text. `encounter_key`, `care_month`, `facility_code`,
      `row_number`, `file_id` and `dossier_number` are filled by the loader.

      """
    for (name, heading) in [
      ("qd3176", "Decisions 130, 4750 and 3176"), ("qd4210", "Predecessor 4210"),
    ] {
      let feed = try #require(definitions.feeds[name])
      let schema = try #require(definitions.schemas[feed.source])
      let fields = schema.tables.reduce(0) { $0 + $1.columns.count }
      text += "\n## \(heading): \(schema.tables.count) tables, \(fields) fields\n"
      for table in schema.tables {
        text += "\n### \(table.name): \(table.title)\n\n| field | means | lands in |\n| --- | --- | --- |\n"
        for column in table.columns {
          let places = places(of: column.name, in: table.name, feed).joined(separator: "<br>")
          let former = column.formerName.map { " (before: `\($0)`)" } ?? ""
          text += "| `\(column.name)`\(former) | \(column.title.replacing("|", with: "/")) | \(places) |\n"
        }
      }
    }
    return text
  }
}
