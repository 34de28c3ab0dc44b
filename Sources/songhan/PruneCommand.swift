import ArgumentParser
import Foundation
import Runs

struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Removes what has been kept long enough: a plan first, and nothing without --yes.",
    discussion: """
      How long is in songhan.yaml, in days; what is not named is kept for ever:
        retention: { archive: 365, quarantine: 90, receipts: 730, reports: 365,
                     outbox: 90, rejects: 30 }
      Of the outbox only what was sent goes, with outboxState: all everything that
      old; of rejects only the bytes of those that were replayed. Hashes, counts,
      versions and the source bytes of accepted dossiers are never removed.

      Example: songhan prune        then: songhan prune --yes

      \(ExitCodes.help)
      """)

  @OptionGroup var common: CommonOptions
  @Flag(help: "Only print the plan; this is the default.") var dryRun = false
  @Flag(help: "Remove what the plan names.") var yes = false

  func validate() throws {
    if dryRun, yes { throw ValidationError("--dry-run and --yes exclude each other") }
  }

  func run() throws {
    let project = try common.project()
    let cancellation = Cancellation()
    Signals.watch(cancellation, timeout: nil)
    let plan = try attempt { () throws(RunFailure) in
      var prune = try Prune(project: project, isPlan: true, cancellation: cancellation)
      return try prune.execute()
    }
    if !common.json { print(plan, "to remove") }
    guard yes, !cancellation.isRequested else {
      if common.json { Output.print(plan.json()) }
      if !common.json {
        Output.print("verdict:  a plan: nothing was removed")
        Output.print("next:     \(plan.items.contains { $0.count > 0 } ? "songhan prune --yes" : "songhan status")")
      }
      if cancellation.isRequested { throw ExitCode(cancellation.exitCode) }
      return
    }
    let done = try attempt { () throws(RunFailure) in
      var prune = try Prune(project: project, isPlan: false, cancellation: cancellation)
      return try prune.execute()
    }
    if common.json {
      Output.print(done.json())
    } else {
      print(done, "removed")
      Output.print("verdict:  removed; reports/prune-\(done.run ?? 0).json tells what")
      Output.print("next:     songhan verify")
    }
    if cancellation.isRequested { throw ExitCode(cancellation.exitCode) }
  }

  private func print(_ report: Prune.Report, _ word: String) {
    var rows = [["what", "kept for", word, "MB", "oldest"]]
    for item in report.items {
      rows.append([
        item.what, item.days.map { "\($0) days" } ?? "ever", String(item.count),
        String(Double(item.bytes / 10_000) / 100), item.oldest ?? "–",
      ])
    }
    Output.print(ReportText.columns(rows, rightAligned: [2, 3]))
    Output.print("")
  }
}
