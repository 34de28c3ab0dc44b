import ArgumentParser
import Runs

struct FilesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "The ledger of delivered files.",
    discussion: """
      Example: songhan files list --facility 48001

      \(ExitCodes.help)
      """,
    subcommands: [List.self, Show.self, Reload.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists files, the newest first.",
      discussion: "Example: songhan files list --state refused\n\n\(ExitCodes.help)")
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("Only files of this hospital.", valueName: "code")) var facility: String?
    @Option(help: "Only files in this state: loaded, duplicate, quarantined, refused, claimed, waiting.") var state:
      String?
    @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50

    func run() throws {
      let project = try common.project()
      let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
      let files = try attempt { () throws(RunFailure) in
        try ledger.files(facility: facility, state: state, limit: limit)
      }
      if common.json { return Output.print(files.json()) }
      var rows = [
        ["file", "facility", "name", "received", "state", "reason", "dossiers", "accepted", "rejected", "duplicate"]
      ]
      for file in files {
        rows.append([
          String(file.fileID), file.facility, file.name, file.receivedAt,
          file.state + (file.origin.map { " (\(file.kind) of \($0))" } ?? ""), file.reason ?? "", String(file.dossiers),
          String(file.accepted), String(file.rejected), String(file.duplicate),
        ])
      }
      Output.print(ReportText.columns(rows, rightAligned: [0, 6, 7, 8, 9]))
      Output.print("next:     songhan files show FILE")
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tells the whole story of a file.",
      discussion: """
        State, reason, counts and attempts, then every event with its time and run.

        Example: songhan files show 12

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp("Number of the file.", valueName: "file-id")) var file: Int64

    struct Story: Codable {
      var file: LedgerQueries.FileLine
      var events: [LedgerQueries.EventLine]
    }

    func run() throws {
      let project = try common.project()
      let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
      guard let line = try attempt({ () throws(RunFailure) in try ledger.files(limit: 1, id: file) }).first else {
        throw Trouble("there is no file \(file) in the ledger", 66)
      }
      let events = try attempt { () throws(RunFailure) in try ledger.events(of: file) }
      if common.json { return Output.print(Story(file: line, events: events).json()) }
      var rows = [
        ["file", String(line.fileID)], ["facility", line.facility], ["name", line.name],
        ["state", line.state + (line.origin.map { ", \(line.kind) of \($0)" } ?? "")],
        ["reason", line.reason ?? "–"], ["SHA-256", line.sha256 ?? "–"],
        ["size", line.sizeInBytes.map { "\($0) bytes" } ?? "–"],
        ["edition", line.edition ?? "–"],
        [
          "dossiers",
          "\(line.dossiers) = \(line.accepted) accepted + \(line.rejected) rejected + \(line.duplicate) duplicate (\(line.superseding) superseding)",
        ], ["attempts", String(line.attempts)],
      ]
      if let original = line.duplicateOf { rows.append(["duplicate of", String(original)]) }
      Output.print(ReportText.columns(rows))
      Output.print("")
      Output.print(
        ReportText.columns(
          [["time", "event", "run"]] + events.map { [$0.at, $0.kind, $0.run.map(String.init) ?? "–"] }))
      Output.print("next:     songhan receipts show \(file)")
    }
  }
  struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Judges a whole file again with today's definitions; what has not changed is a duplicate.",
      discussion: "Example: songhan files reload 12 --dry-run\n\n\(ExitCodes.help)")
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp("Number of the file.", valueName: "file-id")) var file: Int64
    @Flag(help: "Judge and write nothing.") var dryRun = false

    func run() throws {
      let project = try common.project()
      var options = RunOptions()
      options.dryRun = dryRun
      let run = Run(project: project, options: options, journal: try common.journal(project))
      Signals.watch(run.cancellation, timeout: nil)
      let result = try attempt { () throws(RunFailure) in try run.reload(file: file) }
      if result.report.files.isEmpty, let failure = result.failure {
        throw Trouble(failure.description, failure.exitCode)
      }
      try AgainOutput.print(result, project, json: common.json)
    }
  }
}
