import Foundation
import SchemaTools
import Testing

@Suite struct DictionaryTests {
  private static let files: [String: String] = {
    guard let folder = ownFolder else { return [:] }
    return Dictionary(uniqueKeysWithValues: DataDictionary(folder).files.map { ($0.path, $0.text) })
  }()

  @Test func everyFieldAndCodeStandsInBothForms() throws {
    let own = try #require(ownFolder)
    let page = try #require(Self.files["index.html"])
    for (name, tables) in own.sets.map({ ($0.name, $0.tables) }) + [("common", own.common)] {
      let markdown = try #require(Self.files["\(name).md"])
      for table in tables {
        for field in table.fields {
          #expect(page.contains("id=\"\(name).\(table.name).\(field.name)\""))
          #expect(markdown.contains("| `\(field.name)` |"))
        }
      }
    }
    let codes = try #require(Self.files["codes.md"])
    for list in own.codeLists.values {
      #expect(page.contains("id=\"code.\(list.name)\""))
      for value in list.values { #expect(codes.contains("| `\(value.code)` |")) }
    }
  }

  /// The page needs nothing from elsewhere, and every link in it leads somewhere.
  @Test func thePageStandsAlone() throws {
    let page = try #require(Self.files["index.html"])
    for loaded in ["src=", "<link", "@import", "url(", "http://", "https://", "<iframe", "fetch("] {
      #expect(!page.contains(loaded), "\(loaded)")
    }
    func values(_ attribute: String) -> [Substring] {
      page.components(separatedBy: attribute + "=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
    }
    let names = Set(values(" id"))
    let links = values(" href").filter { $0.hasPrefix("#") }
    #expect(links.count > 1000)
    let lost = Set(links.map { $0.dropFirst() }).subtracting(names)
    // what a feed keeps in extra, and computed columns, are places too
    #expect(lost.isEmpty, "\(lost.sorted().prefix(10))")
  }

  @Test func aFieldSaysWhereItLandsAndWhatIsDoubted() throws {
    let markdown = try #require(Self.files["qd3176.md"])
    let row = try #require(
      markdown.split(separator: "\n").first { $0.contains("| `MA_LOAI_KCB` |") && $0.contains("encounter") })
    #expect(row.contains("`encounter.care_type_code`"))
    #expect(row.contains("[MA_LOAI_KCB](codes.md#ma_loai_kcb)"))
    #expect(markdown.contains("- `STT`: doubt: not required: not enforced by the portal"))
    let common = try #require(Self.files["common.md"])
    #expect(common.contains("`qd3176/XML1.MA_LOAI_KCB`"))
  }

  /// Texts of a definition cannot break the page.
  @Test func textsAreEscaped() throws {
    let folder = try Folder()
    try folder.write(
      [
        "Schemas/hoa/t.yaml":
          "name: t\ntitle: \"<b>x</b> & y\"\nfields: [{ name: a, type: string, title: \"a < b | c\", description: \"say \\\"x\\\"\" }]\n"
      ])
    let files = DataDictionary(try #require(SchemaFolder(folder.path))).files
    let page = try #require(files.first { $0.path == "index.html" }?.text)
    #expect(!page.contains("<b>x</b>"))
    #expect(page.contains("&lt;b&gt;x&lt;/b&gt; &amp; y"))
    #expect(page.contains("say &quot;x&quot;"))
    let markdown = try #require(files.first { $0.path == "hoa.md" }?.text)
    #expect(markdown.contains("a < b \\| c"))
  }
}
