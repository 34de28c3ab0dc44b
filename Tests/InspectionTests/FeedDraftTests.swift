import Definitions
import Foundation
import Records
import Testing
import Transform

@testable import Inspection

/// A copy of the project's definitions, for one test.
private func definitions() throws -> String {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let folder = FileManager.default.temporaryDirectory.appending(path: "drafts-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  for part in ["Schemas", "Pipelines"] {
    try FileManager.default.copyItem(at: root.appending(path: part), to: folder.appending(path: part))
  }
  return folder.path(percentEncoded: false)
}

private let visits =
  "MA_LK,MA_BN,NGAY_VAO,NGAY_RA,MA_BENH_CHINH,T_TONGCHI_BV,Ghi chú riêng\n"
  + (0..<30).map {
    "L\($0),B\($0 % 10),2025-03-\(10 + $0 % 19) 08:00,2025-03-\(10 + $0 % 19) 17:00,J18.9,\($0)50.5,x\n"
  }.joined()
private let patients =
  "MA_BN,HO_TEN,NGAY_SINH,GIOI_TINH\n" + (0..<10).map { "B\($0),Nguyễn Văn Mẫu,1\(3 + $0 % 7)/02/1980,1\n" }.joined()
private let medicines =
  "MA_LK,MA_THUOC,TEN_THUOC,SO_LUONG\n" + (0..<60).map { "L\($0 % 30),40.\($0),Thuốc mẫu,2\n" }.joined()

@Suite struct FeedDraftTests {
  private func draft(_ files: [(String, String)], root: String? = nil) throws -> (
    draft: FeedDraft, folder: String, isSound: Bool
  ) {
    let folder = try definitions()
    let paths = try files.map { name, text in
      try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
      return "\(folder)/\(name)"
    }
    var draft = try FeedDraft(Inspection(paths), name: "mau", rootTable: root, definitions: Definitions.load(folder))
    let isSound = try draft.write(into: folder)
    return (draft, folder, isSound)
  }

  @Test func proposesAFeedForADelivery() throws {
    let (draft, folder, isSound) = try draft([
      ("20250301_benhnhan.csv", patients), ("20250301_luotkham.csv", visits), ("20250301_thuoc.csv", medicines),
    ])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(isSound, "\(draft.edits)")
    let feed = try #require(try Definitions.load(folder).feeds["mau"])
    let layout = try #require(feed.reading.tabular)
    #expect(layout.root == "luotkham" && feed.dossier?.table == "luotkham")
    #expect(
      layout.files.map(\.pattern) == ["{delivery}_benhnhan.csv", "{delivery}_luotkham.csv", "{delivery}_thuoc.csv"])
    #expect(layout.files[1].headers == ["Ghi chú riêng": "ghi_chu_rieng"])
    #expect(Set(feed.mapping.rowSets.map(\.entity)).isSuperset(of: ["encounter", "patient", "medication"]))
    let tables = try #require(try Definitions.load(folder).schemas["mau"]?.tables)
    #expect(tables.first { $0.name == "luotkham" }?.foreignKeys.map(\.table) == ["benhnhan"])
    #expect(tables.first { $0.name == "thuoc" }?.foreignKeys.map(\.table) == ["luotkham"])
    // each line that has to be looked at is there
    for edit in draft.edits {
      let text = try #require(draft.files.first { $0.path == edit.file }?.text)
      #expect(text.split(separator: "\n", omittingEmptySubsequences: false)[edit.line - 1].contains("EDIT"))
    }
  }

  @Test func namesWhatAPersonMustSay() throws {
    let (draft, folder, _) = try draft([("x.csv", "a;b\n1;01/02/2025\n1;03/04/2025\n")])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let texts = draft.edits.map(\.text)
    #expect(texts.contains { $0.hasPrefix("b may be %d/%m/%Y or %m/%d/%Y") })
    #expect(texts.contains { $0.hasPrefix("no column differs in every row") })
    #expect(texts.contains { $0.hasPrefix("no column is a date") })
  }

  @Test func writesOverNothing() throws {
    let (draft, folder, _) = try draft([("x.csv", visits)])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var again = draft
    #expect(throws: FeedDraft.Refusal.self) { try again.write(into: folder) }
  }

  @Test func refusesATableThatIsNotThere() {
    #expect(throws: FeedDraft.Refusal.self) { try draft([("x.csv", visits)], root: "y") }
  }
}
