import ArgumentParser
import Runs

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "The history of runs.",
    discussion: """
      Example: songhan runs list

      \(ExitCodes.help)
      """,
    subcommands: [List.self, Show.self])

  static func table(_ runs: [LedgerQueries.RunLine]) -> [String] {
    var rows = [["run", "started", "ended", "state", "exit", "files", "dossiers"]]
    for run in runs {
      rows.append([
        String(run.run), run.startedAt, run.endedAt ?? "–", run.state, run.exitCode.map(String.init) ?? "–",
        String(run.files),
        String(run.dossiers),
      ])
    }
    return ReportText.columns(rows, rightAligned: [0, 4, 5, 6])
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists runs, the newest first.",
      discussion: """
        A run that shows no end and is not under way was killed.

        Example: songhan runs list --limit 5

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 20

    func run() throws {
      let project = try common.project()
      let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
      let runs = try attempt { () throws(RunFailure) in try ledger.runs(limit: limit) }
      if common.json { return Output.print(runs.json()) }
      Output.print(RunsCommand.table(runs))
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the totals of a run.",
      discussion: """
        Example: songhan runs show 12 --json

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp("Number of the run.", valueName: "run")) var number: Int64

    func run() throws {
      let project = try common.project()
      let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
      let lines = try attempt { () throws(RunFailure) in try ledger.runs(limit: 1, id: number) }
      guard !lines.isEmpty else { throw Trouble("there is no run \(number)", 66) }
      let totals = try attempt { () throws(RunFailure) in try ledger.totals(of: number) }
      if common.json { return Output.print(totals ?? "{}") }
      Output.print(RunsCommand.table(lines))
      if let totals { Output.print("totals:   \(totals)") }
      Output.print("details:  \(project.configuration.reports)/run-\(number).txt")
    }
  }
}
