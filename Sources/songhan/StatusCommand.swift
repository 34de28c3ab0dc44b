import ArgumentParser
import Foundation
import Runs

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "What waits and why: inbox, ledger, outbox, the last runs.",
    discussion: """
      Counts the files in the inbox per hospital, the ledger's files per state, the
      parcels per destination and state, and shows the last five runs.

      Example: songhan status --json

      \(ExitCodes.help)
      """)
  @OptionGroup var common: CommonOptions

  struct Answer: Codable {
    struct Waiting: Codable {
      var facility: String
      var files: Int
    }
    var waiting: [Waiting]
    var files: [String: Int64]
    var parcels: [String: Int64]
    var runs: [LedgerQueries.RunLine]
    var openRejects: Int64
    var exceptions: [ExceptionLine]
  }

  func run() throws {
    let project = try common.project()
    let waiting = try attempt { () throws(RunFailure) in try project.waiting() }
    let ledger = try attempt { () throws(RunFailure) in try LedgerQueries(project: project) }
    let states = try attempt { () throws(RunFailure) in try ledger.states() }
    let parcels = try attempt { () throws(RunFailure) in try ledger.parcels() }
    let runs = try attempt { () throws(RunFailure) in try ledger.runs(limit: 5) }
    let openRejects = try attempt { () throws(RunFailure) in try ledger.openRejects() }
    let exceptions = project.exceptions()
    if common.json {
      let answer = Answer(
        waiting: waiting.map { Answer.Waiting(facility: $0.facility, files: $0.files) },
        files: Dictionary(uniqueKeysWithValues: states.map { ($0.state, $0.files) }),
        parcels: Dictionary(uniqueKeysWithValues: parcels.map { ("\($0.destination)/\($0.state)", $0.parcels) }),
        runs: runs,
        openRejects: openRejects, exceptions: exceptions)
      return Output.print(answer.json())
    }
    Output.print(
      "inbox:    "
        + (waiting.isEmpty ? "empty" : waiting.map { "\($0.files) of \($0.facility)" }.joined(separator: ", ")))
    Output.print(
      "ledger:   "
        + (states.isEmpty ? "no files yet" : states.map { "\($0.files) \($0.state)" }.joined(separator: ", ")))
    Output.print(
      "outbox:   "
        + (parcels.isEmpty
          ? "empty" : parcels.map { "\($0.parcels) \($0.state) for \($0.destination)" }.joined(separator: ", ")))
    Output.print("rejects:  \(openRejects) open")
    for line in ReportText.policy(exceptions) { Output.print(line) }
    if !runs.isEmpty { Output.print(RunsCommand.table(runs)) }
    Output.print("next:     \(waiting.isEmpty ? "songhan files list" : "songhan run")")
  }
}
