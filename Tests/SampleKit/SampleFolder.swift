package import Definitions
internal import Records
internal import Foundation
package import Runs

/// The repository that the tests belong to.
package let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path(percentEncoded: false)

/// Set by `SONGHAN_RECORD=1`: what is found is written down instead of compared.
package let isRecording = ProcessInfo.processInfo.environment["SONGHAN_RECORD"] == "1"

/// The repository's own definitions.
package func ownDefinitions() throws -> Definitions { try loaded.get() }

private let loaded = Result { try Definitions.load(repository) }

/// The hospitals of the samples: two that deliver and one that no longer does.
package let sampleRegistry = Registry(facilities: [
  Facility(code: "48001", name: "Bệnh viện Mẫu 1", feed: "qd3176"),
  Facility(code: "48002", name: "Bệnh viện Mẫu 2", feed: "qd3176"),
  Facility(code: "48003", name: "Bệnh viện Mẫu 3", feed: "qd3176", active: false),
  Facility(code: "48011", name: "Bệnh viện Hoa Sen (bịa)", feed: "hoa-sen"),
  Facility(code: "48012", name: "Bệnh viện Hoa Mai (bịa)", feed: "hoa-mai"),
  Facility(code: "48013", name: "Bệnh viện Hoa Cúc (bịa)", feed: "hoa-cuc"),
  Facility(code: "48014", name: "Bệnh viện Hoa Lan (bịa)", feed: "hoa-lan"),
  Facility(code: "48015", name: "Bệnh viện Hoa Đào (bịa)", feed: "hoa-dao"),
])

/// One folder of `Samples/`: files as delivered, and what must come of them.
package struct SampleFolder: Sendable, CustomStringConvertible {
  package let name: String
  package var description: String { name }
  package var path: String { "\(repository)Samples/\(name)" }

  /// A file of the folder, or several of one delivery, in the order in which the hospital sent them.
  package struct Delivery: Sendable {
    /// Path below `input/`; of several files that of the feed's main table.
    package var label: String
    package var paths: [String]
    package var feed: String
    /// Folder of the inbox it is dropped into: `input/<code>/…`, else 48001.
    package var facility: String
    package var name: String
  }

  /// The files below `input/`, by their paths there.
  package var files: [String] {
    let input = path + "/input"
    return (FileManager.default.subpaths(atPath: input)?.sorted() ?? []).filter { label in
      var isFolder: ObjCBool = false
      return unsafe FileManager.default.fileExists(atPath: "\(input)/\(label)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }
  }

  package var deliveries: [Delivery] {
    var result: [Delivery] = []
    var splits: [String: Int] = [:]
    for label in files {
      let parts = label.split(separator: "/")
      let facility = parts.count > 1 ? String(parts[0]) : "48001"
      let name = String(parts[parts.count - 1])
      let feed = sampleRegistry[facility]?.feed ?? "qd3176"
      let layout = (try? ownDefinitions())?.feeds[feed]?.reading.tabular
      let split = layout.flatMap { layout in
        layout.isSplit ? layout.files.lazy.compactMap { file in file.delivery(of: name).map { (file, $0) } }.first : nil
      }
      if let (file, delivery) = split {
        let key = "\(facility)/\(delivery)"
        if let known = splits[key] {
          result[known].paths.append("\(path)/input/\(label)")
          if file.table == layout?.root { (result[known].label, result[known].name) = (label, name) }
          continue
        }
        splits[key] = result.count
      }
      result.append(
        Delivery(label: label, paths: ["\(path)/input/\(label)"], feed: feed, facility: facility, name: name))
    }
    return result
  }

  package static let all: [SampleFolder] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: repository + "Samples")) ?? []
    return names.sorted().compactMap { name in
      var isFolder: ObjCBool = false
      guard unsafe FileManager.default.fileExists(atPath: "\(repository)Samples/\(name)", isDirectory: &isFolder) else {
        return nil
      }
      return isFolder.boolValue ? SampleFolder(name: name) : nil
    }
  }()

  package var expectationPath: String { path + "/expected.json" }

  package func expectation() throws -> Expectation {
    let data = try Data(contentsOf: URL(filePath: expectationPath))
    return try JSONDecoder().decode(Expectation.self, from: data)
  }

  /// Writes expectations down; only while recording.
  package func record(_ change: (inout Expectation) -> Void) throws {
    var expectation = (try? expectation()) ?? Expectation(files: [:])
    let labels = Set(deliveries.map(\.label))
    expectation.files = expectation.files.filter { labels.contains($0.key) }
    change(&expectation)
    try Data((expectation.json() + "\n").utf8).write(to: URL(filePath: expectationPath))
  }
}

/// `expected.json`: what must come of each file, by its path below `input/`.
package struct Expectation: Codable, Sendable, Equatable {
  package struct Of: Codable, Sendable, Equatable {
    /// By `check` with the file's facility given.
    package var check: Outcome?
    /// By a run over all files of the folder, in their order.
    package var run: Outcome?

    package init() {}
  }
  package var files: [String: Of]
}

/// The part of a file's report that a sample fixes.
package struct Outcome: Codable, Sendable, Equatable {
  package var state: String
  package var reason: String?
  package var edition: String?
  package var facility: String?
  package var dossiers: FileReport.Dossiers
  package var rows: [String: Int]?
  package var findings: [String: Int]
  /// How many findings have which severity.
  package var severities: [String: Int]?

  package init(_ report: FileReport) {
    state = report.state.rawValue
    reason = report.reason
    edition = report.edition.flatMap { $0.isEmpty ? nil : $0 }
    facility = report.facility
    dossiers = report.dossiers
    rows = report.rows.isEmpty ? nil : report.rows
    findings = report.findings
    if let details = report.details, !details.isEmpty {
      severities = Dictionary(details.map { ($0.severity, 1) }, uniquingKeysWith: +)
    }
  }
}
