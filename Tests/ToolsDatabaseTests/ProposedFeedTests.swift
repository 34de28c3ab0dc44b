import Definitions
import Foundation
import Inspection
import Runs
import SampleKit
import Testing

extension ToolsDatabase {
  /// What `inspect --write-feed` proposes, used as it stands.
  @Suite struct ProposedFeedTests {
    struct Proposed: Sendable, CustomTestStringConvertible {
      var sample: String
      var accepted: Int
      var seen: Int
      var rows: [String: Int64]
      var testDescription: String { sample }
    }

    static let proposals = [
      // a row without its key, one with too few cells, one on a day that does not exist
      Proposed(
        sample: "feed-csv-comma", accepted: 10, seen: 13, rows: ["encounter": 10, "patient": 10]),
      Proposed(sample: "feed-csv-tcvn3", accepted: 8, seen: 8, rows: ["encounter": 8, "patient": 8]),
      // the medicine of a visit that was not delivered is kept out
      Proposed(
        sample: "feed-csv-three-files", accepted: 8, seen: 9, rows: ["encounter": 8, "patient": 7, "medication": 8]),
      Proposed(sample: "feed-csv-windows-1258", accepted: 10, seen: 10, rows: ["encounter": 10]),
      // a visit without its key, one on 30 February
      Proposed(sample: "feed-xml-rows", accepted: 4, seen: 6, rows: ["encounter": 4]),
    ]

    @Test func everySampleOfAFeedIsHere() {
      let known = Set(Self.proposals.map(\.sample))
      #expect(Set(SampleFolder.all.map(\.name).filter { $0.hasPrefix("feed-") }).isSubset(of: known))
    }

    /// Inspected, written, and loaded by a run: none of the lines that the tool wants a person to look at has to be changed for that.
    @Test(arguments: proposals) func loadsWithoutEdits(_ proposed: Proposed) throws {
      let folder = try #require(SampleFolder.all.first { $0.name == proposed.sample })
      let delivery = try #require(folder.deliveries.first)
      let house = try House()
      var draft = try FeedDraft(
        Inspection(delivery.paths), name: "proposed", rootTable: nil, definitions: Definitions.load(house.root))
      #expect(try draft.write(into: house.root), "\(draft.edits)")
      try house.open("48099", feed: "proposed")
      for path in delivery.paths {
        try FileManager.default.copyItem(
          atPath: path, toPath: house.root + "/inbox/48099/" + (path as NSString).lastPathComponent)
      }
      let report = try #require(try house.run(receiptsOf: "48099").report.files.first)
      #expect(report.state == .loaded && report.reason == nil)
      #expect(report.dossiers.accepted == proposed.accepted && report.dossiers.seen == proposed.seen)
      for (entity, count) in proposed.rows {
        #expect(try house.number("SELECT count(*) FROM health.\(entity)") == count, "\(entity)")
      }
      // each visit has its day, and nothing that was sent is gone
      #expect(
        try house.number("SELECT count(*) FROM health.encounter WHERE care_month >= '2025-01-01'")
          == Int64(proposed.accepted))
      #expect(try house.number("SELECT count(*) FROM intake.batch") > 0)
    }

    /// Envelopes have their feed; the tool says so.
    @Test func envelopesGoToTheirOwnFeed() throws {
      let definitions = try Definitions.load(String(repository.dropLast()))
      var count = 0
      for folder in SampleFolder.all where !folder.name.hasPrefix("feed-") {
        let expected = try folder.expectation().files
        for delivery in folder.deliveries where expected[delivery.label]?.run?.state == "loaded" {
          let inspection = try Inspection(delivery.paths)
          #expect(inspection.files.map(\.form) == [.envelope], "\(folder.name) \(delivery.label)")
          do throws(FeedDraft.Refusal) {
            _ = try FeedDraft(inspection, name: "neu", rootTable: nil, definitions: definitions)
            Issue.record("a feed for \(folder.name)")
          } catch {
            #expect(error.description.contains("--feed qd3176"))
          }
          count += 1
        }
      }
      #expect(count > 40)
    }
  }
}
