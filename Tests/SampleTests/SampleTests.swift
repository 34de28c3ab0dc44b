import Definitions
import Findings
import Foundation
import Runs
import SampleKit
import Testing

/// Every folder of `Samples/` through `check`, without a warehouse. `SONGHAN_RECORD=1` rewrites what is expected (`Samples/README.md`).
@Suite struct SampleTests {
  static let check = Result { Check(definitions: try ownDefinitions(), registry: sampleRegistry) }

  @Test func thereAreSamples() {
    #expect(SampleFolder.all.count >= 60)
  }

  @Test(arguments: SampleFolder.all) func folderIsComplete(_ folder: SampleFolder) throws {
    let reason = try String(contentsOfFile: folder.path + "/why.md", encoding: .utf8)
    #expect(reason.hasPrefix("# \(folder.name)\n"), "why.md begins with the folder's name")
    let lines = reason.split(separator: "\n", omittingEmptySubsequences: false).count - 1
    #expect((3...10).contains(lines), "why.md has a few lines")
    #expect(!folder.deliveries.isEmpty)
    if isRecording { return }
    let expectation = try folder.expectation()
    #expect(Set(expectation.files.keys) == Set(folder.deliveries.map(\.label)))
    for (label, file) in expectation.files {
      #expect(file.check != nil && file.run != nil, "\(label) has an expectation for check and for run")
    }
  }

  @Test(arguments: SampleFolder.all) func checkFindsWhatIsExpected(_ folder: SampleFolder) throws {
    let check = try Self.check.get()
    var found: [String: Outcome] = [:]
    for delivery in folder.deliveries {
      let report = try check.judge(delivery: delivery.paths, feed: delivery.feed, facility: delivery.facility)
      #expect(report.dossiers.addsUp)
      found[delivery.label] = Outcome(report)
    }
    if isRecording {
      return try folder.record { expectation in
        for (label, outcome) in found { expectation.files[label, default: Expectation.Of()].check = outcome }
      }
    }
    let expected = try folder.expectation()
    for (label, outcome) in found { #expect(outcome == expected.files[label]?.check, "\(label)") }
  }

  /// Where a receipt's words matter, they stand in `receipt.txt`: the receipt of the folder's last file.
  @Test(arguments: SampleFolder.all.filter { FileManager.default.fileExists(atPath: $0.path + "/receipt.txt") })
  func receiptSaysWhatIsExpected(_ folder: SampleFolder) throws {
    let delivery = try #require(folder.deliveries.last)
    let report = try Self.check.get().judge(delivery: delivery.paths, feed: delivery.feed, facility: delivery.facility)
    var rejected: [(dossier: Int, key: String?)] = []
    for detail in report.details ?? [] where detail.severity == "reject" {
      if let dossier = detail.dossier, rejected.last?.dossier != dossier { rejected.append((dossier, detail.key)) }
    }
    let receipt = Receipt(
      report, facilityName: sampleRegistry[delivery.facility]?.name, rejected: rejected,
      judgedAt: "2025-04-01T08:00+07:00")
    let text = receipt.text(try ownDefinitions().catalogue, .vietnamese)
    let path = folder.path + "/receipt.txt"
    if isRecording { return try Data(text.utf8).write(to: URL(filePath: path)) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  /// A clerk whose file has the wrong encoding reads where its first wrong byte stands.
  @Test func wrongEncodingNamesTheFirstWrongByte() throws {
    let path = FileManager.default.temporaryDirectory.path + "/songhan-encoding-" + UUID().uuidString + ".csv"
    let head = Array("Mã lượt khám,Mã BN,Họ và tên,Ngày vào,Ngày ra\r\nL1,B1,Ng".utf8)
    try Data(head + [0xF4, 0x20] + Array("A,01/03/2025 08:00,01/03/2025 09:00\r\n".utf8)).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let report = try Self.check.get().judge(path: path, feed: "hoa-sen")
    #expect(report.state == .refused && report.reason == "T07")
    #expect(report.reasonText?.contains("\(head.count)") == true, "\(report.reasonText ?? "")")
  }

  /// All three names that a clerk may give a file say nothing: the content decides.
  @Test func nameSaysNothing() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-sample-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (number, name) in ["48002_20250101.xml", "XML0_TrangThai_KCB.xml", "4210_BN1_1.txt"].enumerated() {
      try FileManager.default.copyItem(
        atPath: repository + "Samples/utf8/input/export.xml", toPath: "\(folder)/\(number)-\(name)")
      let report = try Self.check.get().judge(path: "\(folder)/\(number)-\(name)", feed: "qd3176")
      #expect(report.state == .valid && report.facility == "48001" && report.edition == "qd3176")
    }
  }
}
