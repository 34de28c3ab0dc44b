import CommonSchema
import Compression
import Foundation
import Postgres
import Records
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// Visits sent again, and the bytes of every version.
  @Suite struct VersionTests {
    @Test func visitResentWithAnotherPriceReplacesItsRowsAndKeepsTheOldBytes() throws {
      try House.open { house in
        let files = try SampleFolder.named("resent-with-changed-price").renamed("a")
        let (first, second) = ([UInt8](files[0].bytes), [UInt8](files[1].bytes))
        try house.drop([files[0]])
        try house.run()
        let before = try house.rowCounts()
        #expect(try house.price("SM64V0001") == "388")
        try house.drop([files[1]])
        let report = try house.run().report
        #expect(report.totals.dossiers.superseding == 1 && report.totals.dossiers.duplicate == 1)
        #expect(try house.rowCounts() == before, "rows are replaced, not added")
        #expect(try house.price("SM64V0001") == "398")
        #expect(try house.price("SM64V0002") == "388")
        let ledger = try LedgerQueries(project: house.project)
        let versions = try ledger.versions(facility: "48001", key: "SM64V0001")
        #expect(versions.map(\.version) == [1, 2] && versions.map(\.isCurrent) == [false, true])
        #expect(try ledger.versions(facility: "48001", key: "SM64V0002").map(\.outcome) == ["accepted", "duplicate"])
        // both versions, byte for byte
        #expect(try ledger.source(facility: "48001", key: "SM64V0001", version: 1) == dossiers(of: first)[0])
        #expect(try ledger.source(facility: "48001", key: "SM64V0001", version: 2) == dossiers(of: second)[0])
        #expect(try ledger.source(facility: "48001", key: "SM64V0001", version: nil) == dossiers(of: second)[0])
        #expect(try ledger.source(facility: "48001", key: "SM64V0001", version: 3) == nil)
        #expect(dossiers(of: first)[0] != dossiers(of: second)[0])
      }
    }

    /// Years of dossiers may stand in the ledger when somebody asks for one of them.
    @Test func versionsAreFoundByIndexesAlone() throws {
      try House.open { house in
        let connection = try house.connect()
        try connection.execute("SET enable_seqscan = off")
        for (statement, parameters) in [(LedgerQueries.versions, []), (LedgerQueries.source, [Parameter.integer(1)])] {
          let plan = try connection.executeGenerated(
            "EXPLAIN \(statement)", [.text("48001"), .text("SM64V0001")] + parameters)
          let lines = (0..<plan.count).compactMap { plan.text($0, 0) }
          #expect(
            lines.contains { $0.contains("dossier_current") } && lines.contains { $0.contains("dossier_earlier") })
          #expect(!lines.contains { $0.contains("Seq Scan") }, "\(lines.joined(separator: "\n"))")
        }
      }
    }

    /// Two workers: the later of two contents of a visit stays, also when it is loaded first.
    @Test func contentThatWasDeliveredLaterStaysWhenItIsLoadedFirst() throws {
      try House.open { house in
        let files = try SampleFolder.named("resent-with-changed-price").renamed("a")
        let texts = files.map { String(decoding: $0.bytes, as: UTF8.self) }
        let parts = files.map { dossiers(of: [UInt8]($0.bytes)).map { String(decoding: $0, as: UTF8.self) } }
        func without(_ place: Int, of file: Int) -> String {
          texts[file].replacing(parts[file][place], with: "").replacing("<SOLUONGHOSO>2<", with: "<SOLUONGHOSO>1<")
        }
        try house.drop(without(0, of: 0).utf8, as: "before.xml")
        try house.run()
        // the earlier file waits at the visit that is there already, the later one passes it
        let holder = try house.connect()
        try holder.begin()
        let held = try holder.execute(
          "SELECT 1 FROM intake.dossier WHERE encounter_key = 'SM64V0002' AND is_current FOR UPDATE")
        #expect(held.count == 1)
        try house.drop(texts[0].utf8, as: "earlier.xml")
        try house.drop(without(1, of: 1).utf8, as: "later.xml")
        let process = Process()
        process.executableURL = House.program
        process.arguments = ["run", "--assume-settled", "--jobs", "2"]
        process.currentDirectoryURL = URL(filePath: house.project.root)
        process.environment = ["PATH": "/usr/bin:/bin"]
        for stream in [\Process.standardOutput, \Process.standardError] {
          process[keyPath: stream] = FileHandle.nullDevice
        }
        try process.run()
        let end = ContinuousClock.now + .seconds(120)
        while try house.number("SELECT count(*) FROM intake.file WHERE state = 'loaded'") < 2, ContinuousClock.now < end
        {
          usleep(20_000)
        }
        holder.rollback()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(
          try house.rows("SELECT file_name, state FROM intake.file ORDER BY finished_at").map { $0[0] } == [
            "before.xml", "later.xml", "earlier.xml",
          ])
        #expect(try house.price("SM64V0001") == "398")
        let ledger = try LedgerQueries(project: house.project)
        let versions = try ledger.versions(facility: "48001", key: "SM64V0001")
        #expect(versions.map(\.outcome).sorted() == ["accepted", "duplicate"])
        #expect(try ledger.source(facility: "48001", key: "SM64V0001", version: nil) == Array(parts[1][0].utf8))
      }
    }

    /// The same with two runs: one is held up at the earlier file while the other loads the later one.
    @Test func contentThatWasDeliveredLaterStaysThoughAnotherRunLoadsIt() throws {
      try House.open { house in
        let files = try SampleFolder.named("resent-with-changed-price").renamed("a")
        let parts = files.map { dossiers(of: [UInt8]($0.bytes)) }
        let text = String(decoding: files[0].bytes, as: UTF8.self)
        func only(_ dossier: [UInt8]) -> [UInt8] {
          let rest = text.replacing(String(decoding: parts[0][1], as: UTF8.self), with: "")
          return Array(
            rest.replacing(String(decoding: parts[0][0], as: UTF8.self), with: String(decoding: dossier, as: UTF8.self))
              .replacing("<SOLUONGHOSO>2<", with: "<SOLUONGHOSO>1<").utf8)
        }
        try house.drop(only(parts[0][1]), as: "before.xml")
        try house.run()
        let holder = try house.connect()
        try holder.begin()
        try holder.execute("SELECT FROM intake.dossier WHERE encounter_key = 'SM64V0002' AND is_current FOR UPDATE")
        try house.drop(files[0].bytes, as: "earlier.xml")
        let running = Running { try house.run().report }
        try house.waitForALock()
        try house.drop(only(parts[1][0]), as: "later.xml")
        #expect(try house.run().report.files.map(\.state) == [.waiting, .loaded])
        holder.rollback()
        #expect(try running.end().files.map(\.state) == [.loaded])
        #expect(try house.price("SM64V0001") == "398")
        let versions = try LedgerQueries(project: house.project).versions(facility: "48001", key: "SM64V0001")
        #expect(versions.map(\.outcome).sorted() == ["accepted", "duplicate"])
      }
    }

    /// A visit whose end moves into another month leaves nothing in the old one.
    @Test func visitResentWithAnotherMonthLeavesTheOldMonth() throws {
      try House.open { house in
        let text = String(decoding: try SampleFolder.named("inline-xml").renamed("a")[0].bytes, as: UTF8.self)
        try house.drop(text.utf8, as: "1.xml")
        try house.run()
        let before = try house.rowCounts()
        try house.drop(
          text.replacing("20250317", with: "20250417").replacing("20250401", with: "20250501").utf8, as: "2.xml")
        let report = try house.run().report
        #expect(report.totals.dossiers.superseding == 1)
        #expect(try house.rowCounts() == before)
        #expect(try house.rowCounts(where: "care_month = '2025-03-01'").isEmpty)
      }
    }

    @Test func sameBytesUnderAnotherNameAreADuplicateAndNothingIsWrittenTwice() throws {
      try House.open("destinations: { ministry: { format: source } }") { house in
        let files = try SampleFolder.named("same-file-other-name").renamed("a")
        try house.drop([files[0]])
        try house.run()
        let before = try (house.print(), house.files("outbox"))
        try house.drop([files[1]])
        let report = try house.run().report
        #expect(report.files.map(\.state) == [.duplicate] && report.files[0].reason == "S16")
        #expect(try house.print() == before.0 && house.files("outbox") == before.1)
        #expect(
          try house.rows("SELECT state, duplicate_of, reason FROM intake.file ORDER BY file_id") == [
            ["loaded", nil, nil], ["duplicate", "1", "S16"],
          ])
        #expect(house.files("receipts") == ["48001/1.json", "48001/1.txt", "48001/2.json", "48001/2.txt"])
        #expect(String(decoding: try house.content("receipts/48001/2.txt"), as: UTF8.self).contains("FILE TRÙNG"))
        #expect(house.files("inbox").isEmpty)
        // and once more under the first name
        try house.drop([files[0]])
        #expect(try house.run().report.files.map(\.state) == [.duplicate])
        #expect(try house.print() == before.0)
      }
    }

    /// A rejected visit that comes again mended is version 1: the rejected delivery was none.
    @Test func mendedVisitIsLoaded() throws {
      try House.open { house in
        let text = String(decoding: try SampleFolder.named("inline-xml").renamed("a")[0].bytes, as: UTF8.self)
        try house.drop(text.replacing("<NGAY_RA>20250317", with: "<NGAY_RA>20250217").utf8, as: "1.xml")
        let first = try house.run()
        #expect(first.report.totals.dossiers.rejected == 1 && first.exitCode == 3)
        #expect(try house.rowCounts().isEmpty)
        #expect(try house.rows("SELECT codes::text, state FROM intake.reject") == [["{C01}", "open"]])
        try house.drop(text.utf8, as: "2.xml")
        #expect(try house.run().exitCode == 0)
        #expect(
          try LedgerQueries(project: house.project).versions(facility: "48001", key: "SM08V0001").map(\.version) == [
            1, nil,
          ])
      }
    }

    /// The batches of every sample of envelopes give back the delivered dossiers; rows of tables are kept in a form of their own.
    @Test(
      arguments: SampleFolder.all.map(\.name).filter {
        !["utf-16", "windows-1258"].contains($0) && !$0.hasPrefix("feed-")
      })
    func batchesAndRejectsGiveBackTheDeliveredBytes(_ name: String) throws {
      try House.open(sharing: "batches") { house in
        let folder = try SampleFolder.named(name)
        let files = folder.renamed(name)
        try house.drop(files)
        let reports = try house.run().report.files.filter { $0.state == .loaded }
        for report in reports {
          let id = try #require(report.fileID)
          var delivered = try #require(files.first { $0.name == report.name }).bytes
          if report.name.hasSuffix(".gz") { delivered = Data(try expandGzip([UInt8](delivered))) }
          var restored = 0
          var from = delivered.startIndex
          let sources =
            """
            SELECT dossiers, encode(content, 'hex') FROM intake.batch WHERE file_id = $1
            UNION ALL SELECT 1, encode(content, 'hex') FROM intake.reject WHERE file_id = $1
            """
          for row in try house.rows(sources, [.integer(id)]) {
            let content = try #require(row[1].flatMap(bytes(hex:)))
            let entries = try SourceArchive.entries(try Zstandard.expand(content, ceiling: 1 << 28))
            #expect("\(entries.count)" == row[0])
            for entry in entries {
              let place =
                delivered.range(of: Data(entry.bytes), in: from..<delivered.endIndex)
                ?? delivered.range(of: Data(entry.bytes))
              #expect(place != nil, "\(name) dossier \(entry.number)")
              from = place?.upperBound ?? from
              restored += 1
            }
          }
          #expect(restored == report.dossiers.accepted + report.dossiers.rejected)
          #expect(
            try house.number(
              "SELECT count(*) FROM intake.batch WHERE file_id = $1 AND (stored_sha256 <> sha256(content) OR stored_bytes <> length(content))",
              [.integer(id)]) == 0)
        }
      }
    }
  }
}

func bytes(hex: String) -> [UInt8]? {
  let digits = Array(hex.utf8)
  guard digits.count % 2 == 0 else { return nil }
  return stride(from: 0, to: digits.count, by: 2).map { i in
    func value(_ byte: UInt8) -> UInt8 { (byte & 0x0F) + (byte >= 0x40 ? 9 : 0) }
    return value(digits[i]) << 4 | value(digits[i + 1])
  }
}

func expandGzip(_ content: [UInt8]) throws -> [UInt8] {
  let expander = Gzip.Expander(ceiling: 1 << 28)
  var result: [UInt8] = []
  try expander.expand(content, onto: &result)
  #expect(expander.isComplete)
  return result
}

extension House {
  func price(_ key: String) throws -> String? {
    try rows("SELECT trim_scale(unit_price)::text FROM health.medication WHERE encounter_key = $1", [.text(key)])
      .first?[0]
  }

  /// A print of everything that loading writes, row versions and all: the same when nothing was written.
  func print() throws -> [String: String?] {
    var result: [String: String?] = [:]
    var tables = try Self.visitEntities().map { "health.\"\($0.name)\"" }
    tables += ["intake.dossier", "intake.batch", "intake.reject", "outbox.parcel"]
    for table in tables {
      result[table] = try rows("SELECT md5(string_agg(t.xmin::text || t::text, '|' ORDER BY t::text)) FROM \(table) t")[
        0][0]
    }
    return result
  }
}
