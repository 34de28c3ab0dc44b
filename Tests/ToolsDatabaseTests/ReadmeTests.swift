import Foundation
import Testing

/// What README.md shows a newcomer, typed as it stands there.
@Suite struct ReadmeTests {
  /// A section's commands (`sh`), and what it says they print.
  private static func section(_ title: String) throws -> (commands: String, shown: [String]) {
    let text = try String(contentsOfFile: repository + "README.md", encoding: .utf8)
    let body = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix(title + "\n") })
    var commands = ""
    var shown: [String] = []
    // every second piece is inside of a fence
    for (number, piece) in body.components(separatedBy: "```").enumerated() where !number.isMultiple(of: 2) {
      if piece.hasPrefix("sh\n") { commands += piece.dropFirst(3) } else { shown.append(String(piece.dropFirst())) }
    }
    return (commands, shown)
  }

  private static func withoutEnds(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  @Test func aHospitalIsAddedAsTheReadmeSays() throws {
    let (commands, shown) = try Self.section("Add a hospital in ten minutes")
    try #require(commands.contains("songhan run") && shown.count >= 3)
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-readme-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder + "/bin", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(component: "songhan").path
    try FileManager.default.createSymbolicLink(atPath: folder + "/bin/songhan", withDestinationPath: program)
    let output = folder + "/output"
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/bash")
    // whatever happens, the server is stopped
    shell.arguments = ["-euc", "trap 'cd \"\(folder)/hoa-hong\" && songhan warehouse stop || true' EXIT\n" + commands]
    shell.currentDirectoryURL = URL(filePath: folder)
    shell.environment = ["PATH": folder + "/bin:/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8", "PAGER": "cat"]
    shell.standardInput = FileHandle.nullDevice
    shell.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
    shell.standardError = shell.standardOutput
    try shell.run()
    shell.waitUntilExit()
    let printed = try String(contentsOfFile: output, encoding: .utf8)
    #expect(shell.terminationStatus == 0, "\(printed)")
    for text in shown {
      #expect(Self.withoutEnds(printed).contains(Self.withoutEnds(text)), "README says:\n\(text)\nprinted:\n\(printed)")
    }
  }
}
