import ArgumentParser
import Definitions
import Findings
import Runs

struct ReceiptsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receipts", abstract: "The answers that hospitals get.",
    discussion: """
      Example: songhan receipts show 12

      \(ExitCodes.help)
      """,
    subcommands: [Show.self])

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the receipt of a file again.",
      discussion: """
        Comes from the ledger, so it is there also when the written one was removed.

        Example: songhan receipts show 12 --lang en

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp("Number of the file.", valueName: "file-id")) var file: Int64
    @Option(name: .customLong("lang"), help: "Language: vi or en.") var language = "vi"

    func run() throws {
      guard let language = Language(rawValue: language) else { throw ValidationError("--lang is vi or en") }
      let project = try common.project()
      let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
      guard let json = try attempt({ () throws(RunFailure) in try ledger.receipt(of: file) }) else {
        throw Trouble("file \(file) has no receipt", 66)
      }
      if common.json { return Output.print(json) }
      do {
        let definitions = try project.definitions()
        Output.print(try Receipt.read(json).text(definitions.catalogue, language))
      } catch {
        throw Trouble("\(error)", 78)
      }
    }
  }
}
