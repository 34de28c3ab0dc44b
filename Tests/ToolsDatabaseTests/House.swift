import Bytes
import Definitions
import Findings
import Foundation
import Logging
import Postgres
import Runs
import Synthesis
import Testing

/// The repository's root, where `Schemas` and `Pipelines` stand.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path(percentEncoded: false)

/// One private server for the suite, in a folder of its own.
struct Server: SuiteTrait, TestScoping {
  @TaskLocal static var current: EmbeddedCluster?

  func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void)
    async throws
  {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-tools-" + UUID().uuidString
    let cluster = try EmbeddedCluster(folder: folder + "/cluster")
    let result: Result<Void, any Error>
    do {
      _ = try cluster.start()
      result = .success(try await Self.$current.withValue(cluster) { try await function() })
    } catch {
      result = .failure(error)
    }
    _ = try? cluster.stop()
    try? FileManager.default.removeItem(atPath: cluster.place)
    try? FileManager.default.removeItem(atPath: folder)
    try result.get()
  }
}

extension SuiteTrait where Self == Server {
  static var server: Self { Server() }
}

/// All suites share one server; each test has a database of its own.
@Suite(.server) enum ToolsDatabase {}

/// A project of one test with a database of its own: definitions that the test may change, an inbox, a migrated warehouse.
final class House {
  let root: String
  let project: Project
  let connection: Connection

  init() throws {
    let cluster = try #require(Server.current)
    root = FileManager.default.temporaryDirectory.path + "/songhan-house-" + UUID().uuidString
    _ = try ProjectTemplate.make(root, definitions: String(repository.dropLast()))
    let name = "t" + UUID().uuidString.replacing("-", with: "").lowercased()
    try Connection(cluster.conninfo, applicationName: "tests").executeGenerated("CREATE DATABASE \(name)")
    project = try Project(
      configuration: root + "/songhan.yaml", environment: ["SONGHAN_WAREHOUSE": cluster.conninfo(database: name)])
    _ = try Warehouse(project: project).migrate()
    connection = try Connection(cluster.conninfo(database: name), applicationName: "tests")
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Puts a file into the inbox of 48001.
  func drop(_ text: String, as name: String) throws {
    try text.write(toFile: root + "/inbox/48001/" + name, atomically: true, encoding: .utf8)
  }

  /// A hospital of its own with its feed, and its definitions by path.
  func open(_ facility: String, feed: String, _ definitions: [String: String] = [:]) throws {
    for (path, text) in definitions {
      let file = root + "/" + path
      try FileManager.default.createDirectory(
        atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try text.write(toFile: file, atomically: true, encoding: .utf8)
    }
    if try project.registry()[facility] == nil {
      try Registry.add(
        Facility(code: facility, name: "Bệnh viện Mẫu \(facility) (made up)", level: nil, feed: feed),
        to: root + "/facilities.yaml")
      try FileManager.default.createDirectory(
        atPath: root + "/inbox/" + facility, withIntermediateDirectories: false)
    }
  }

  func drop(_ text: String, as name: String, of facility: String) throws {
    try text.write(toFile: root + "/inbox/\(facility)/\(name)", atomically: true, encoding: .utf8)
  }

  private func make(dryRun: Bool = false) -> Run {
    var options = RunOptions()
    options.assumesSettled = true
    options.dryRun = dryRun
    options.jobs = 1
    let journal = Journal(Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
    return Run(project: project, options: options, journal: journal)
  }

  @discardableResult
  func run(receiptsOf facility: String = "48001") throws -> Run.Result { try whole(make().execute(), facility) }

  @discardableResult
  func replay(_ selection: RejectSelection = RejectSelection(), dryRun: Bool = false) throws -> Run.Result {
    try whole(make(dryRun: dryRun).replay(selection))
  }

  @discardableResult
  func reload(_ file: Int64, dryRun: Bool = false, receiptsOf facility: String = "48001") throws -> Run.Result {
    try whole(make(dryRun: dryRun).reload(file: file), facility)
  }

  /// After each run the counts of every file add up, in the report and in the ledger, and every file has its receipt.
  private func whole(_ result: Run.Result, _ facility: String = "48001") throws -> Run.Result {
    if let failure = result.failure { throw failure }
    for file in result.report.files {
      #expect(file.dossiers.addsUp)
      if file.state == .loaded, let id = file.fileID {
        #expect(FileManager.default.fileExists(atPath: root + "/receipts/\(facility)/\(id).txt"))
      }
    }
    #expect(
      try number(
        "SELECT count(*) FROM intake.file WHERE state NOT IN ('loaded', 'duplicate', 'refused', 'quarantined')") == 0)
    #expect(
      try number(
        """
        SELECT count(*) FROM intake.file f WHERE state = 'loaded' AND (dossiers_accepted, dossiers_rejected, dossiers_duplicate) <>
          (SELECT count(*) FILTER (WHERE outcome = 'accepted'), count(*) FILTER (WHERE outcome = 'rejected'),
            count(*) FILTER (WHERE outcome = 'duplicate') FROM intake.dossier d WHERE d.file_id = f.file_id)
        """) == 0)
    return result
  }

  func number(_ sql: String) throws -> Int64 { try connection.executeGenerated(sql).integer(0, 0) ?? -1 }

  func text(_ sql: String) throws -> String {
    let rows = try connection.executeGenerated(sql)
    return (0..<rows.count).map { rows.text($0, 0) ?? "–" }.joined(separator: " ")
  }

  /// Everything that a load may change, as one number to compare.
  func content() throws -> String {
    try text(
      """
      SELECT md5(string_agg(t, '|' ORDER BY t)) FROM (
        SELECT e.*::text AS t FROM health.encounter e UNION ALL SELECT m.*::text FROM health.medication m
        UNION ALL SELECT r.file_id || ' ' || r.dossier_number || r.state || coalesce(r.replay_note, '') FROM intake.reject r
        UNION ALL SELECT d.file_id || ' ' || d.dossier_number || ' ' || d.version FROM intake.dossier d WHERE is_current) AS a
      """)
  }

  /// Gives the feed these keys in place of its empty rules.
  func setFeed(rules: String = "{}", maxRejected: String? = nil) throws {
    let path = root + "/Pipelines/qd3176.yaml"
    var lines = try String(contentsOfFile: path, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .map(String.init)
    lines.removeAll { $0.hasPrefix("maxRejected:") }
    let at = try #require(lines.firstIndex { $0.hasPrefix("rules:") })
    lines[at] = "rules: \(rules)"
    if let maxRejected { lines.insert("maxRejected: \(maxRejected)", at: at) }
    try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
  }

  /// Codes outside of their list keep a dossier out.
  static let strict = "{ B15: { severity: reject, reason: x, until: 2999-12-31 } }"

  /// Adds a code to the list of sexes.
  func addSex(_ code: String) throws {
    let path = root + "/Schemas/codes/GIOI_TINH.csv"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let columns = text.prefix { $0 != "\n" }.filter { $0 == "," }.count
    try (text + code + String(repeating: ",", count: columns) + "\n").write(
      toFile: path, atomically: true, encoding: .utf8)
  }
}

/// A made-up export whose values stand as plain text, so that tests can change them.
func export(visits: Int, seed: UInt64 = 1) -> String {
  var bytes: [UInt8] = []
  let generator = SampleGenerator(facility: "48001", seed: seed, shape: .inline)
  _ = generator.write(file: 1, visits: visits) { piece in for i in piece.indices { bytes.append(piece[i]) } }
  return String(decoding: bytes, as: UTF8.self)
}

/// The text with the value of the element replaced in the `number`-th dossier (from 1), wherever it stands there.
func changing(_ element: String, in number: Int, of text: String, to value: String, dossier: String = "HOSO") -> String
{
  var parts = text.components(separatedBy: "<\(dossier)>")
  guard number < parts.count else { return text }
  parts[number] = parts[number].replacing(
    try! Regex("<\(element)>[^<]*</\(element)>"), with: "<\(element)>\(value)</\(element)>")
  return parts.joined(separator: "<\(dossier)>")
}
