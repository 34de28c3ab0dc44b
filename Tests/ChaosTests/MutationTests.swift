import Foundation
import SampleKit
import Testing

extension ChaosTests {
  /// The breakages of our own code that `make mutations` tries still fit the code, and the manual tells of the same ones.
  @Suite struct MutationTests {
    static let patches: [(name: String, text: String)] = {
      let folder = repository + "Tests/Mutations/"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.filter { $0.hasSuffix(".patch") }.sorted().compactMap { name in
        (try? String(contentsOfFile: folder + name, encoding: .utf8)).map { (name, $0) }
      }
    }()

    /// What stands behind a word at the head of a patch.
    static func head(_ word: String, _ text: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix(word + ": ") }.map { String($0.dropFirst(word.count + 2)) }
    }

    @Test func everyBreakageStillFits() throws {
      #expect(Self.patches.count == 20)
      for (name, text) in Self.patches {
        var source = ""
        var hunks: [(source: String, lines: [Substring])] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
          if line.hasPrefix("--- a/") {
            source = try String(contentsOfFile: repository + line.dropFirst(6), encoding: .utf8)
          } else if line.hasPrefix("@@") {
            hunks.append((source, []))
          } else if !hunks.isEmpty, line.hasPrefix(" ") || line.hasPrefix("-") {
            hunks[hunks.count - 1].lines.append(line.dropFirst())
          }
        }
        #expect(!hunks.isEmpty, "\(name)")
        for hunk in hunks {
          #expect(hunk.source.contains(hunk.lines.joined(separator: "\n") + "\n"), "\(name) does not fit")
        }
      }
    }

    @Test func manualTellsOfTheSame() throws {
      let manual = try String(contentsOfFile: repository + "docs/manual/mutations.md", encoding: .utf8)
      let points = try FailpointTests.points()
      for (name, text) in Self.patches {
        let number = try #require(Int(name.prefix(2)))
        let row = try #require(manual.split(separator: "\n").first { $0.hasPrefix("| \(number) |") }, "\(name)")
        let (what, tests) = (try #require(Self.head("What", text)), try #require(Self.head("Tests", text)))
        #expect(row.contains("| \(what) | `\(tests)`"), "\(name)")
        let chosen = Self.head("Environment", text)?.split(separator: "=").last ?? ""
        for point in chosen.split(separator: ",").map(String.init) {
          #expect(row.contains("`\(point)`") && points[point] != nil, "\(name): \(point)")
        }
      }
    }
  }
}
