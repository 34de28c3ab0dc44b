import ExtractXML
import Records
import Testing

/// What a small file can unfold into is bounded, dossier by dossier.
@Suite struct CapTests {
  /// A drug list of `rows` empty rows.
  private func drugs(rows: Int) -> String {
    Sample.drugs(String(repeating: "<CHI_TIET_THUOC/>", count: rows))
  }

  private func envelope(_ drugs: String) -> String {
    Sample.envelope(
      Sample.visit(Sample.file("XML1", Sample.base64(Sample.xml1)), Sample.file("XML2", Sample.base64(drugs))))
  }

  @Test(arguments: [false, true]) func rowsWithoutEndRejectTheirDossier(usesLibraryOnly: Bool) throws {
    let columns = try #require(Tables.schemas[0].tables.first { $0.name == "XML2" }).columns.count
    let most = 1_000_000 / columns
    let fits = try Reading(envelope(drugs(rows: most)), usesLibraryOnly: usesLibraryOnly)
    #expect(fits.refusal == nil && fits.visits[0].findings == [])
    let exceeds = try Reading(envelope(drugs(rows: most + 1 + columns)), usesLibraryOnly: usesLibraryOnly)
    #expect(exceeds.refusal == nil && exceeds.visits[0].findings.contains { $0.hasPrefix("A03") })
  }

  @Test(arguments: [false, true]) func unknownElementsWithoutEndRejectTheirDossier(usesLibraryOnly: Bool) throws {
    func document(_ count: Int) -> String {
      Sample.drugs("<CHI_TIET_THUOC>\(String(repeating: "<X>1</X>", count: count))</CHI_TIET_THUOC>")
    }
    let fits = try Reading(envelope(document(10_000)), usesLibraryOnly: usesLibraryOnly)
    #expect(!fits.visits[0].findings.contains { $0.hasPrefix("A03") })
    let exceeds = try Reading(envelope(document(10_001)), usesLibraryOnly: usesLibraryOnly)
    #expect(exceeds.visits[0].findings.contains { $0.hasPrefix("A03") })
  }
}
