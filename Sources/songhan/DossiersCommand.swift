import ArgumentParser
import Runs

struct DossiersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dossiers", abstract: "Versions of a visit, and the delivered bytes of any of them.",
    discussion: """
      Example: songhan dossiers list 48001 MA_LK

      \(ExitCodes.help)
      """,
    subcommands: [List.self, Show.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists all deliveries of a dossier.",
      discussion: """
        Accepted versions, rejected deliveries and duplicates, with file and place in
        it.

        Example: songhan dossiers list 48001 MA_LK

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Facility code.") var facility: String
    @Argument(help: ArgumentHelp("Key of the visit (MA_LK).", valueName: "ma-lk")) var key: String

    func run() throws {
      let project = try common.project()
      let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
      let lines = try attempt { () throws(RunFailure) in try ledger.versions(facility: facility, key: key) }
      if common.json { return Output.print(lines.json()) }
      guard !lines.isEmpty else { throw Trouble("no such dossier was delivered", 66) }
      var rows = [["kind", "version", "outcome", "current", "month", "file", "dossier"]]
      for line in lines {
        rows.append([
          line.kind, line.version.map(String.init) ?? "–", line.outcome, line.isCurrent ? "yes" : "no",
          line.careMonth ?? "–",
          String(line.fileID), String(line.dossier),
        ])
      }
      Output.print(ReportText.columns(rows, rightAligned: [1, 5, 6]))
      Output.print("next:     songhan dossiers show \(facility) MA_LK --version N")
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints the delivered bytes of a dossier, the current version or an older one.",
      discussion: """
        The output holds patient data. It is the HOSO element (of a check-in or an
        assessment its row) as delivered, byte for byte.

        Example: songhan dossiers show 48001 MA_LK --version 1

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Facility code.") var facility: String
    @Argument(help: ArgumentHelp("Key of the visit (MA_LK).", valueName: "ma-lk")) var key: String
    @Option(help: "Version; the current one when left out.") var version: Int64?

    func run() throws {
      let project = try common.project()
      let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
      guard
        let bytes = try attempt({ () throws(RunFailure) in
          try ledger.source(facility: facility, key: key, version: version)
        })
      else { throw Trouble("no such version was accepted", 66) }
      Output.bytes(bytes)
    }
  }
}
