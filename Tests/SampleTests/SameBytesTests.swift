import Bytes
import CommonSchema
import Definitions
import ExtractCSV
import Files
import Findings
import Foundation
import Records
import Runs
import SampleKit
import Synthesis
import Testing
import Transform

/// What each sample and a generated corpus become, to the byte: findings, rows in COPY's form, and the source bytes that batches and rejects hold.
///
/// A change that only makes things faster leaves `Samples/bytes.txt` as it is; any other one records it anew (`SONGHAN_RECORD=1`) and says why.
@Suite struct SameBytesTests {
  static let path = repository + "Samples/bytes.txt"

  /// One delivery through a pass, as a run reads it: three hashes.
  private func hashes(of files: [(name: String, bytes: [UInt8])], feed name: String = "qd3176") throws -> String {
    let definitions = try ownDefinitions()
    let feed = try #require(definitions.feeds[name])
    let day = try #require(CivilDate(year: 2026, month: 1, day: 15))
    let rulings = FeedRulings(feed, definitions, on: day, surrogateKey: Definitions.caseKey)
    let mappers = try definitions.mappers(of: feed)
    let pass = FilePass(
      rulings: rulings, receivedAt: CivilMinute(minutesSinceEpoch: Int64(day.daysSinceEpoch) * 1440 + 480))
    var tally = FindingTally()
    var rows = RowBatch(schema: definitions.common)
    var counts = [Int](repeating: 0, count: definitions.common.entities.count)
    var archive = OutputBuffer()
    let facts = try pass.run(tally: &tally, source: source(files, feed)) { dossier, verdict, _, _ in
      archive.append("\(verdict.outcome) \(String(decoding: verdict.key, as: UTF8.self)) ")
      archive.append(verdict.contentHash.span)
      SourceArchive.append(dossier, to: &archive)
      if verdict.outcome == .accepted {
        let identity = Mapper.Identity(
          encounterKey: verdict.key, careMonth: verdict.careMonth ?? day, facilityCode: Array("48001".utf8), fileID: 1,
          dossierNumber: Int32(truncatingIfNeeded: dossier.number))
        mappers[dossier.schema].map(dossier, identity, into: &rows, counts: &counts)
      }
      return true
    }
    var findings = "\(facts.form?.rawValue ?? "") \(facts.facility ?? "") \(facts.refusal?.code.description ?? "")\n"
    for (dossier, key, finding) in tally.kept {
      let place = "\(finding.table ?? "") \(finding.row) \(finding.field ?? "") \(finding.byteOffset)"
      let numbers = [finding.found, finding.limit].map { $0.map { "\($0)" } ?? "" }.joined(separator: " ")
      let difference = finding.difference.map { "\($0)" } ?? ""
      findings +=
        "\(finding.code) \(finding.severity.name) \(dossier ?? 0) \(key ?? "") \(place) \(numbers) \(difference)\n"
    }
    for (code, count) in tally.byCode.sorted(by: { $0.key < $1.key }) { findings += "\(code) \(count)\n" }
    var copy = OutputBuffer()
    for entity in rows.entities { copy.append(entity.buffer.bytes.span) }
    return [Array(findings.utf8), copy.bytes, archive.bytes].map { String(ContentHash(of: $0).hex.prefix(20)) }
      .joined(separator: " ")
  }

  private func source(_ files: [(name: String, bytes: [UInt8])], _ feed: Feed) -> PassSource {
    guard let layout = feed.reading.tabular else {
      let store = Stored(files[0].bytes)
      var at = 0
      return .stream { (most, target) throws(ReaderFailure) in
        let count = store.read(at: at, most, into: &target)
        at += count
        return count
      }
    }
    guard layout.isSplit else { return .parts([(layout.root, Stored(files[0].bytes))]) }
    return .parts(
      layout.files.compactMap { wanted in
        files.first { wanted.delivery(of: $0.name) != nil }.map { (wanted.table, Stored($0.bytes)) }
      })
  }

  private final class Stored: ByteStore {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var sizeInBytes: Int { bytes.count }

    func read(at offset: Int, _ most: Int, into target: inout [UInt8]) -> Int {
      let count = min(most, bytes.count - offset)
      target.append(contentsOf: bytes[offset..<offset + count])
      return count
    }
  }

  private func generated(_ generator: SampleGenerator, _ visits: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    generator.write(file: 1, visits: visits) { piece in
      unsafe piece.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// Rows of the feed hoa-sen with what exports do to cells: quotes, breaks, blanks, wrong dates and numbers, rows too short or too long.
  private func table(_ rows: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    func pick(_ choices: [String]) -> String {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return choices[Int(state >> 33) % choices.count]
    }
    let header =
      "Mã lượt khám,Mã BN,Họ và tên,Ngày sinh,Giới tính,Số CCCD,Số thẻ BHYT,Loại KCB,Ngày vào,Ngày ra,Số ngày,Chẩn đoán,Mã bệnh,"
      + "Bệnh kèm theo,Khoa,Tổng chi phí,BHYT trả,Người bệnh trả\r\n"
    var text = header
    for row in 1...rows {
      let key = pick(["L\(row)", "L\(row)", "L\(row)", "\"L\(row)\"", " L\(row) ", "L\(row / 2)", ""])
      let cells = [
        key, pick(["B1", "B2", ""]), pick(["Nguyễn Văn A", "\"Trần, Thị \"\"B\"\"\"", "Le\u{302} C", "\"D\nE\""]),
        pick(["01/02/1990", "31/02/1990", "1990", "", "29/02/2000"]), pick(["Nam", "Nữ", "\"Nam\"", "Khác", ""]),
        pick(["001090000001", "00109000000", "", "\"001090000001\""]),
        pick(["DN4790000000001", "", "dn4790000000001"]),
        pick(["01", "03", "1", "\"02\"", "99"]),
        pick(["01/03/2025 08:00", "01/03/2025 24:00", "2025-03-01", "28/02/2025 23:59"]),
        pick(["05/03/2025 09:30", "05/04/2025 00:00", "", "5/3/2025 9:30"]), pick(["4", "-1", "366", "04", "4.0", ""]),
        pick(["Viêm phổi", "\"Đau; \"\"bụng\"\", sốt\"", "\t", "x\u{1}y"]),
        pick(["J18.9", "j18", "I10", "J18.901", ""]),
        pick(["", "I10", "I10;E11.9", ";E11.9;"]), pick(["K01", "K01;K02", "\"K01\" "]),
        pick(["100000", "1.5", "1e3", "-5", "12345678901234567890", "abc", ""]), pick(["0", "50000.12345", "+7"]),
        pick(["0", "00", "1,5", ".5", "5."]),
      ]
      text += (pick(["all", "all", "all", "all", "all", "all", "short"]) == "short" ? Array(cells.dropLast()) : cells)
        .joined(separator: ",")
      text += pick(["\r\n", "\r\n", "\n", "\r\n\r\n", ",\r\n"])
    }
    return Array(text.utf8)
  }

  @Test func nothingChangedThatShouldNot() throws {
    var lines: [String] = []
    for folder in SampleFolder.all {
      for delivery in folder.deliveries {
        let files = try delivery.paths.map { path in
          (name: (path as NSString).lastPathComponent, bytes: [UInt8](try Data(contentsOf: URL(filePath: path))))
        }
        lines.append("\(try hashes(of: files, feed: delivery.feed)) \(folder.name)/\(delivery.label)")
      }
    }
    for (seed, faults) in [(UInt64(1), 0.0), (2, 0.2), (3, 1.0)] {
      let bytes = generated(SampleGenerator(facility: "48001", seed: seed, faults: faults), 60)
      lines.append("\(try hashes(of: [("", bytes)])) generated: 60 visits, seed \(seed), faults \(faults)")
    }
    for seed in [UInt64(1), 2] {
      lines.append(
        "\(try hashes(of: [("", table(400, seed: seed))], feed: "hoa-sen")) generated: 400 rows, seed \(seed)")
    }
    let found = lines.joined(separator: "\n") + "\n"
    if isRecording { return try Data(found.utf8).write(to: URL(filePath: Self.path)) }
    let recorded = try String(contentsOfFile: Self.path, encoding: .utf8).split(separator: "\n").map(String.init)
    let changed = Set(lines).symmetricDifference(recorded).map {
      $0.split(separator: " ").dropFirst(3).joined(separator: " ")
    }
    #expect(
      changed.isEmpty,
      "other findings, rows or bytes than recorded (SONGHAN_RECORD=1 swift test --filter SameBytesTests): \(Set(changed).sorted().prefix(8).joined(separator: ", "))"
    )
  }
}
