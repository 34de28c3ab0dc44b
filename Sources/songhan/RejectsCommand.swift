import ArgumentParser
import Definitions
import Findings
import Foundation
import Runs

struct RejectsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rejects", abstract: "Dossiers that were kept out: why, their bytes, and judging them again.",
    discussion: """
      After a rule, a mapping, a code list or an exception was corrected:
        songhan rejects replay --code B15 --dry-run
        songhan rejects replay --code B15

      \(ExitCodes.help)
      """,
    subcommands: [List.self, Show.self, Export.self, Replay.self])

  /// Which rejects.
  struct Filter: ParsableArguments {
    @Option(help: ArgumentHelp("Only rejects of this file.", valueName: "file-id")) var file: Int64?
    @Option(help: "Only rejects of this hospital.") var facility: String?
    @Option(help: "Only rejects that this code kept out.") var code: String?

    func validate() throws {
      if let code, FindingCode(code) == nil { throw ValidationError("--code is a letter and two digits, such as B15") }
    }

    var selection: RejectSelection { RejectSelection(file: file, facility: facility, code: code) }
  }

  static func check(_ state: String?) throws {
    if let state, state != "open" && state != "replayed" { throw ValidationError("--state is open or replayed") }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists rejects, the oldest first.",
      discussion: "Example: songhan rejects list --facility 48001 --code B15\n\n\(ExitCodes.help)")
    @OptionGroup var common: CommonOptions
    @OptionGroup var filter: Filter
    @Option(help: "open or replayed; both when left out.") var state: String?
    @Option(help: "At most so many.") var limit = 1_000

    func validate() throws { try RejectsCommand.check(state) }

    func run() throws {
      let project = try common.project()
      let queries = try attempt { () throws(RunFailure) in try RejectQueries(project: project) }
      let lines = try attempt { () throws(RunFailure) in
        try queries.list(filter.selection, state: state, limit: limit)
      }
      if common.json { return Output.print(lines.json()) }
      var rows = [["file", "dossier", "facility", "kind", "MA_LK", "received", "codes", "state", "as file"]]
      for line in lines {
        rows.append([
          String(line.file), String(line.dossier), line.facility, line.kind, line.key ?? "–", line.receivedAt,
          line.codes.joined(separator: " "), line.state + (line.note.map { " (\($0))" } ?? ""),
          line.replayedFile.map(String.init) ?? "–",
        ])
      }
      Output.print(ReportText.columns(rows, rightAligned: [0, 1, 8]))
      Output.print("")
      let open = lines.filter { $0.state == "open" }.count
      Output.print("rejects:  \(lines.count) = \(open) open + \(lines.count - open) replayed")
      Output.print("next:     \(open > 0 ? "songhan rejects show FILE-ID DOSSIER" : "songhan status")")
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the findings of a rejected dossier, or its delivered bytes.",
      discussion: "Example: songhan rejects show 12 7 --lang en\n\n\(ExitCodes.help)")
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp("Number of the file.", valueName: "file-id")) var file: Int64
    @Argument(help: ArgumentHelp("Number of the dossier in the file.", valueName: "dossier")) var dossier: Int64
    @Option(name: .customLong("lang"), help: "Language: vi or en.") var language = "vi"
    @Flag(help: "Print the delivered bytes instead: patient data.") var source = false

    struct Answer: Codable {
      var reject: RejectLine
      var findings: [FileReport.Detail]
    }

    func run() throws {
      let language = try RulesCommand.language(language)
      let project = try common.project()
      let queries = try attempt { () throws(RunFailure) in try RejectQueries(project: project) }
      let selection = RejectSelection(file: file)
      guard
        let line = try attempt({ () throws(RunFailure) in try queries.list(selection, dossier: dossier, limit: 1) })
          .first
      else { throw Trouble("dossier \(dossier) of file \(file) is no reject; see songhan rejects list", 66) }
      if source {
        guard let bytes = try attempt({ () throws(RunFailure) in try queries.source(file: file, dossier: dossier) })
        else {
          throw Trouble("the bytes of this dossier are gone", 66)
        }
        Output.note("songhan: this is patient data; keep it out of mails, tickets and logs")
        return Output.bytes(bytes)
      }
      let definitions: Definitions
      do { definitions = try project.definitions() } catch { throw Trouble("\(error)", 78) }
      let findings = try attempt { () throws(RunFailure) in
        try queries.findings(file: file, dossier: dossier, definitions.catalogue, language)
      }
      if common.json { return Output.print(Answer(reject: line, findings: findings).json()) }
      Output.print(
        "file \(line.file), dossier \(line.dossier): \(line.facility), MA_LK \(line.key ?? "–"), \(line.state)")
      if let number = line.replayedFile {
        Output.print("taken in as file \(number) (\(line.note ?? "–")), \(line.replayedAt ?? "")")
      }
      Output.print("kept out by: \(line.codes.joined(separator: " "))")
      Output.print("")
      for finding in findings { Output.print("[\(finding.code)] \(finding.severity): \(finding.message)") }
      if findings.isEmpty { Output.print("Its findings were beyond the thousand that are kept of a file.") }
      Output.print("")
      Output.print(
        "next:     songhan rules explain \(line.codes.first ?? "CODE"), then songhan rejects replay --file \(file)")
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes rejects as envelopes, one for each file, readable by the owner only: patient data.",
      discussion: "Example: songhan rejects export --output rejects --code B15\n\n\(ExitCodes.help)")
    @OptionGroup var common: CommonOptions
    @OptionGroup var filter: Filter
    @Option(help: "open or replayed.") var state = "open"
    @Option(help: ArgumentHelp("Folder for the files; made when it is missing.", valueName: "dir")) var output: String

    func validate() throws { try RejectsCommand.check(state) }

    func run() throws {
      let project = try common.project()
      let queries = try attempt { () throws(RunFailure) in try RejectQueries(project: project) }
      let files = try attempt { () throws(RunFailure) in
        try queries.export(filter.selection, state: state, to: output)
      }
      if common.json { return Output.print(files.json()) }
      var rows = [["file", "facility", "written", "dossiers", "bytes"]]
      for file in files {
        rows.append([
          String(file.file), file.facility, "\(output)/\(file.name)", String(file.dossiers), String(file.sizeInBytes),
        ])
      }
      Output.print(ReportText.columns(rows, rightAligned: [0, 3, 4]))
      Output.print("")
      Output.print(
        "written:  \(files.reduce(0) { $0 + $1.dossiers }) dossiers in \(files.count) files, mode 0600: patient data")
      Output.print("next:     songhan check \(output)/…, then songhan rejects replay")
    }
  }

  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Judges open rejects again with today's definitions and loads what is accepted now; harmless when repeated.",
      discussion: "Example: songhan rejects replay --code B15 --dry-run\n\n\(ExitCodes.help)")
    @OptionGroup var common: CommonOptions
    @OptionGroup var filter: Filter
    @Flag(help: "Judge and write nothing.") var dryRun = false

    func run() throws {
      let project = try common.project()
      var options = RunOptions()
      options.dryRun = dryRun
      let run = Run(project: project, options: options, journal: try common.journal(project))
      Signals.watch(run.cancellation, timeout: nil)
      try AgainOutput.print(
        try attempt { () throws(RunFailure) in try run.replay(filter.selection) }, project, json: common.json)
    }
  }
}

/// What judging again prints: one line a file, the closing block, the next command.
enum AgainOutput {
  static func print(_ result: Run.Result, _ project: Project, json: Bool) throws {
    let files = result.report.files
    if json {
      Output.print(result.report.withoutDetails.json())
      if let failure = result.failure { Output.error(failure.description) }
    } else {
      var rows = [
        ["delivery", "as file", "facility", "state", "dossiers", "loaded", "duplicate", "older", "rejected", "reason"]
      ]
      for file in files {
        let d = file.dossiers
        rows.append([
          file.origin.map(String.init) ?? "–", file.fileID.map(String.init) ?? "–", file.facility ?? "–",
          file.state.rawValue,
          String(d.seen), String(d.accepted), String(d.duplicate - (file.older ?? 0)), String(file.older ?? 0),
          String(file.stillRejected ?? d.rejected), file.reason ?? "",
        ])
      }
      if files.isEmpty {
        Output.print("nothing to judge again: no such reject is open")
      } else {
        Output.print(ReportText.columns(rows, rightAligned: [0, 1, 4, 5, 6, 7, 8]))
      }
      Output.print("")
      Output.print(ReportText.closing(result.report, failure: result.failure, exitCode: result.exitCode))
      if let run = result.report.run, !files.isEmpty {
        Output.print(
          "details:   \(project.configuration.receipts)/<facility>/<file>.txt, \(project.configuration.reports)/run-\(run).txt"
        )
      }
      let loaded = files.first { $0.state == .loaded }?.fileID
      Output.print("next:      \(loaded.map { "songhan receipts show \($0)" } ?? "songhan rejects list --state open")")
    }
    if result.exitCode != 0 { throw ExitCode(result.exitCode) }
  }
}
