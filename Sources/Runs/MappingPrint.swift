internal import Crypto
internal import Definitions
internal import Foundation

extension Project {
  /// For each feed a number in hexadecimal that changes when its mapping, its source schemas or the common schema do. Exceptions and rules do not
  /// count: they decide what is taken in, not what becomes of it.
  func mappingPrints(_ feeds: some Sequence<Feed>, _ definitions: Definitions) -> [String: String] {
    guard let folder = definitionsFolder else { return [:] }
    var result: [String: String] = [:]
    for feed in feeds {
      var hasher = SHA256()
      for feed in [feed] + (feed.predecessor.flatMap { definitions.feeds[$0] }.map { [$0] } ?? []) {
        // in words: a comment or another order of lines changes nothing
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let words = definitions.explanation(of: feed)
        hasher.update(data: (try? encoder.encode(words)) ?? Data())
        for list in words?.lists ?? [] {
          hasher.update(data: FileManager.default.contents(atPath: "\(folder)/Schemas/codes/\(list)") ?? Data())
        }
        Project.add("\(folder)/Schemas/\(feed.source)", to: &hasher)
      }
      Project.add("\(folder)/Schemas/common", to: &hasher)
      result[feed.name] = hasher.finalize().prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    return result
  }

  private static func add(_ folder: String, to hasher: inout SHA256) {
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    where name.hasSuffix(".yaml") {
      hasher.update(data: Data("\n\(name)\n".utf8))
      hasher.update(data: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data())
    }
  }
}
