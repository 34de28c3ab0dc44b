import Foundation
import Testing

/// Every input of the corpus, in every target it is for: seeds, and what once found a mistake. `Fuzz/run` does the same under the sanitizers.
@Suite struct ReplayTests {
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(component: "Corpus")

  @Test(arguments: targets.map(\.name)) func corpusHolds(_ name: String) throws {
    let target = try #require(targets.first { $0.name == name })
    let folder = Self.corpus.appending(component: name)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
    #expect(names.count >= 4)
    for name in names {
      let input = [UInt8](try Data(contentsOf: folder.appending(component: name)))
      // what a target throws is an answer; what must not be ends the process, and names itself
      _ = try? target.run(input)
    }
  }
}
