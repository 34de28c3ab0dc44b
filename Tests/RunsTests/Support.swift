import Bytes
import Definitions
import Findings
import Foundation
import Runs
import Synthesis

/// The repository's root, where `Schemas` and `Pipelines` stand.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path(percentEncoded: false)

/// A folder of definitions for one test: the repository's schemas, and pipelines that the test may change.
final class DefinitionsFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/songhan-definitions-" + UUID().uuidString
    let manager = FileManager.default
    try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    try manager.copyItem(atPath: repository + "Pipelines", toPath: path + "/Pipelines")
    try manager.copyItem(atPath: repository + "Schemas", toPath: path + "/Schemas")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Gives the feed qd3176 these keys in place of its empty rules.
  func setFeed(rules: String = "{}", maxRejected: String? = nil) throws {
    let text = try String(contentsOfFile: repository + "Pipelines/qd3176.yaml", encoding: .utf8)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let at = lines.firstIndex(where: { $0.hasPrefix("rules:") }) else { throw Missing() }
    lines[at] = "rules: \(rules)" + (maxRejected.map { "\nmaxRejected: \($0)" } ?? "")
    try lines.joined(separator: "\n").write(toFile: path + "/Pipelines/qd3176.yaml", atomically: true, encoding: .utf8)
  }

  func load() throws -> Definitions { try Definitions.load(path) }

  func faults() -> [String] {
    do throws(DefinitionFaults) {
      _ = try Definitions.load(path)
      return []
    } catch {
      return error.faults.map(\.description)
    }
  }

  struct Missing: Error {}
}

/// A made-up export whose values stand as plain text, so that tests can change them.
func export(visits: Int, seed: UInt64 = 1) -> String {
  var bytes: [UInt8] = []
  let generator = SampleGenerator(facility: "48001", seed: seed, shape: .inline)
  _ = generator.write(file: 1, visits: visits) { piece in for i in piece.indices { bytes.append(piece[i]) } }
  return String(decoding: bytes, as: UTF8.self)
}

/// The text with the value of the `number`-th element of that name replaced; from 1.
func changing(_ element: String, _ number: Int, in text: String, _ change: (String) -> String) -> String {
  var from = text.startIndex
  for count in 1... {
    guard let open = text.range(of: "<\(element)>", range: from..<text.endIndex),
      let close = text.range(of: "</\(element)>", range: open.upperBound..<text.endIndex)
    else { return text }
    if count == number {
      return text.replacingCharacters(
        in: open.upperBound..<close.lowerBound, with: change(String(text[open.upperBound..<close.lowerBound])))
    }
    from = close.upperBound
  }
  return text
}

/// Judges a text as `check` does.
func judge(_ text: String, _ definitions: Definitions) throws -> FileReport {
  let path = FileManager.default.temporaryDirectory.path + "/songhan-check-" + UUID().uuidString + ".xml"
  try text.write(toFile: path, atomically: true, encoding: .utf8)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try Check(definitions: definitions).judge(path: path, feed: "qd3176")
}
