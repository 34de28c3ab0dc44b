import Definitions
import Foundation
import Runs
import Testing

@Suite struct PipelineLintTests {
  private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path(percentEncoded: false)

  @Test func ownFeedsHaveNoFaults() {
    let report = PipelineLint.report(Self.repository, names: [])
    #expect(report.faults == [] && report.feeds.contains("qd3176"))
  }

  @Test func namesAFeedThatIsNotThere() {
    let report = PipelineLint.report(Self.repository, names: ["qd3167"])
    #expect(report.faults.map(\.file) == ["Pipelines/qd3167.yaml"])
  }

  @Test func tellsWhatIsWrongInPathsOfXML() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/lint-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let manager = FileManager.default
    for name in ["Schemas/tiny", "Schemas/codes", "Pipelines"] {
      try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    for name in ["common", "findings.yaml"] {
      try manager.createSymbolicLink(
        atPath: "\(folder)/Schemas/\(name)", withDestinationPath: "\(Self.repository)/Schemas/\(name)")
    }
    for (path, text) in [
      ("Schemas/codes/lists.yaml", "lists: {}\n"),
      ("Schemas/tiny/visits.yaml", "name: visits\nfields: [{ name: id }, { name: day, type: date }]\n"),
      (
        "Pipelines/tiny.yaml",
        """
        feed: tiny
        reader: xml-rows
        source: tiny
        dossier: { table: visits, key: id, careDate: day }
        records: { dossier: /Export/Visit, tables: { visits: { path: ".", columns: { id: "@@", day: "Day" } } } }
        rows: [{ entity: encounter, from: visits, columns: { admitted_at: day } }]
        """
      ),
    ] {
      try text.write(toFile: "\(folder)/\(path)", atomically: true, encoding: .utf8)
    }
    let report = PipelineLint.report(folder, names: ["tiny"])
    #expect(report.faults.count == 1 && report.faults[0].file == "Pipelines/tiny.yaml", "\(report.faults)")
  }
}
