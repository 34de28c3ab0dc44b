import ArgumentParser
import Foundation
import Runs

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Looks at everything a run needs; each line is ok, or not ok with how to mend it.",
    discussion: """
      Reads the configuration, the registry and the definitions, looks at the
      folders and the free space, and asks the warehouse for its settings, its
      migrations and its clock. It changes nothing. The exit code is the highest one
      of the lines.

      Example: songhan doctor -c /srv/songhan/songhan.yaml

      \(ExitCodes.help)
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    let lines = Doctor.examine(configuration: common.config, environment: ProcessInfo.processInfo.environment)
    let bad = lines.filter { !$0.ok }
    if common.json {
      Output.print(lines.json())
    } else {
      let rows = lines.map {
        [$0.ok ? "ok" : "NOT OK", $0.what, $0.found + ($0.mend.map { $0.isEmpty ? "" : "  → \($0)" } ?? "")]
      }
      Output.print(ReportText.columns(rows))
      Output.print("")
      Output.print("verdict:  \(bad.isEmpty ? "ready" : "\(bad.count) of \(lines.count) not ok")")
      Output.print("next:     \(bad.first?.mend ?? "songhan run")")
    }
    if let code = bad.map(\.code).max() { throw ExitCode(code) }
  }
}
