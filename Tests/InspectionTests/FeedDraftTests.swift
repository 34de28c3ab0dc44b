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

  private static let visitsInXML = """
    <?xml version="1.0"?>
    <x:DuLieu xmlns:x="urn:example:his" CoSo="48001">
      <x:ThongTin><x:Ky>2025-03</x:Ky></x:ThongTin>
      <x:LuotKham MaLuot="L1"><x:HO_TEN>Nguyễn Mẫu</x:HO_TEN><x:NGAY_VAO>2025-03-01 08:00</x:NGAY_VAO><x:NGAY_RA>2025-03-02 08:00</x:NGAY_RA>
        <x:Khoa>K01</x:Khoa><x:Khoa>K02</x:Khoa>
        <x:DonThuoc><x:Thuoc Ma="40.1"><x:SoLuong>2</x:SoLuong><x:Lan Gio="8"/><x:Lan Gio="20"/></x:Thuoc><x:Thuoc Ma="40.2"><x:SoLuong>1</x:SoLuong></x:Thuoc></x:DonThuoc>
      </x:LuotKham>
      <x:LuotKham MaLuot="L2"><x:HO_TEN>Trần Mẫu</x:HO_TEN><x:NGAY_VAO>2025-03-03 08:00</x:NGAY_VAO><x:NGAY_RA>2025-03-04 08:00</x:NGAY_RA></x:LuotKham>
    </x:DuLieu>
    """

  /// Attributes, lists, rows in rows, a namespace, and what stands around the visits.
  @Test func proposesAFeedForXML() throws {
    let (draft, folder, isSound) = try draft([("x.xml", Self.visitsInXML)])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(isSound, "\(draft.edits)")
    let feed = try #require(try Definitions.load(folder).feeds["mau"])
    guard case .xmlRows(let layout) = feed.reading else { return #expect(Bool(false), "no reader for XML") }
    #expect(layout.dossier == "/n:DuLieu/n:LuotKham" && layout.namespaces == ["n": "urn:example:his"])
    #expect(layout.tables.map(\.path) == [".", "n:DonThuoc/n:Thuoc", "n:DonThuoc/n:Thuoc/n:Lan"])
    func columns(_ table: Int) -> [String: String] {
      Dictionary(uniqueKeysWithValues: layout.tables[table].columns.map { ($0.name, $0.path) })
    }
    #expect(columns(0)["MaLuot"] == "@MaLuot" && columns(0)["DuLieu_CoSo"] == nil)
    #expect(columns(0)["dulieu_coso"] == "../@CoSo" && columns(0)["thongtin_ky"] == "../n:ThongTin/n:Ky")
    #expect(layout.tables[0].columns.first { $0.path == "n:Khoa" }?.join == ";")
    #expect(columns(1)["MaLuot"] == "../../@MaLuot" && columns(1)["SoLuong"] == "n:SoLuong")
    #expect(columns(2)["MaLuot"] == "../../../@MaLuot" && columns(2)["thuoc_ma"] == "../@Ma")
    #expect(feed.dossier?.table == "luotkham")
    #expect(Set(feed.mapping.rowSets.map(\.entity)).isSuperset(of: ["encounter"]))
    #expect(draft.edits.contains { $0.text.contains("--root Thuoc") })
  }

  @Test func takesTheElementThatIsNamed() throws {
    let folder = try definitions()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(Self.visitsInXML.utf8).write(to: URL(filePath: folder + "/x.xml"))
    let found = try Inspection([folder + "/x.xml"], root: "Thuoc")
    #expect(found.files[0].shape?.dossier == "/n:DuLieu/n:LuotKham/n:DonThuoc/n:Thuoc")
    #expect(found.files[0].shape?.tables[0].rows == 2)
    let none = try Inspection([folder + "/x.xml"], root: "Nothing")
    #expect(none.files[0].shape == nil && none.files[0].doubts.count == 1)
  }

  @Test(arguments: [
    ("<a><b x='1'></a>", "A01"), ("<a><b x='1'/>", "S04"), ("<!DOCTYPE a><a><b x='1'/></a>", "S12"),
  ])
  func saysWhyXMLCannotBeRead(_ text: String, _ code: String) throws {
    let folder = try definitions()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(text.utf8).write(to: URL(filePath: folder + "/x.xml"))
    let found = try Inspection([folder + "/x.xml"]).files[0]
    #expect(found.form == .xml && found.shape == nil)
    #expect(found.doubts.contains { $0.contains(code) }, "\(found.doubts)")
  }

  /// One slip does not hide a date, a number, a key or a reference; each is told.
  @Test func slipsAreTold() throws {
    let rows = (1...20).map { number in
      "\(number == 7 ? "" : "L\(number)"),\(number == 3 ? "31/02/2025" : "\(number)/03/2025".count < 10 ? "0\(number % 10)/03/2025" : "\(number)/03/2025"),\(number == 4 ? "nhiều" : "\(number)"),P\(number == 5 ? 99 : number % 3)"
    }
    let (draft, folder, isSound) = try draft([
      ("2025_luot.csv", "ma_luot,ngay_ra,so_tien,ma_bn\n" + rows.joined(separator: "\n") + "\n"),
      ("2025_bn.csv", "ma_bn,ho_ten\nP0,a\nP1,b\nP2,c\n"),
    ])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(isSound)
    let texts = draft.edits.map(\.text)
    #expect(texts.contains("1 of 20 values are no date"))
    #expect(texts.contains("1 of 20 values are no integer"))
    #expect(texts.contains { $0.contains("1 rows have none") })
    let tables = try #require(try Definitions.load(folder).schemas["mau"]?.tables)
    #expect(tables.first { $0.name == "luot" }?.foreignKeys.map(\.table) == ["bn"])
  }
}
