import ArgumentParser
import Definitions
import Findings
import Foundation
import Runs

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Judges files exactly as run would, without a database; for a hospital's own computer too.",
    discussion: """
      Prints what the receipt would say, then a table. Needs no project and no
      server, only the folders Schemas and Pipelines: beside the program, in the
      working folder, or named by --definitions or SONGHAN_DEFINITIONS. Files that a
      feed takes together are judged as one delivery. Exit 0 when
      every dossier of every file may be loaded, 65 when not, 66 when a file cannot
      be read.

      Example: songhan check export.xml --facility 48001 --lang en

      \(ExitCodes.help)
      """)

  @Argument(help: ArgumentHelp("Files to judge.", valueName: "file")) var files: [String]
  @Option(help: "What the files are: a feed of Pipelines/.") var feed = "qd3176"
  @Option(help: ArgumentHelp("Facility the files are from: another one in the content is refused.", valueName: "code"))
  var facility: String?
  @Option(help: ArgumentHelp("Folder of Schemas and Pipelines.", valueName: "dir")) var definitions: String?
  @Option(name: .customLong("lang"), help: "Language of messages: vi or en.") var language = "vi"
  @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false

  func run() throws {
    try Limits.holdMemory(megabytes: 512)
    guard let language = Language(rawValue: language) else { throw ValidationError("--lang is vi or en") }
    let definitions = try CheckCommand.definitions(self.definitions)
    let check = Check(definitions: definitions)
    var reports: [FileReport] = []
    var unreadable = false
    let started = ContinuousClock.now
    for delivery in check.deliveries(files, feed: feed) {
      do throws(CheckFailure) {
        reports.append(try check.judge(delivery: delivery, feed: feed, facility: facility, language: language))
      } catch {
        guard case .unreadable = error else { throw Trouble(error.description, 78) }
        Output.error("\(((delivery.first ?? "") as NSString).lastPathComponent): \(error.description)")
        unreadable = true
      }
    }
    let isValid = reports.allSatisfy { $0.state == .valid }
    var report = RunReport(
      run: nil, files: reports, seconds: started.duration(to: .now).inSeconds, startedAt: Clock.text())
    check.note(feed: feed, in: &report)
    if json {
      Output.print(report.json())
    } else {
      for report in reports {
        let rejected = rejectedDossiers(report)
        let receipt = Receipt(report, facilityName: nil, rejected: rejected, judgedAt: Clock.text())
        Output.print(receipt.text(definitions.catalogue, language))
      }
      Output.print(ReportText.table(reports))
      Output.print("")
      Output.print(ReportText.closing(report, failure: nil, exitCode: isValid ? 0 : 3).dropFirst().map { $0 })
      Output.print(
        "verdict:   \(unreadable ? "not all files could be read" : isValid ? "valid" : "invalid") (exit \(unreadable ? 66 : isValid ? 0 : 65))"
      )
    }
    if unreadable { throw ExitCode(66) }
    if !isValid { throw ExitCode(65) }
  }

  /// Dossiers with a finding that keeps them out.
  private func rejectedDossiers(_ report: FileReport) -> [(dossier: Int, key: String?)] {
    var seen: Set<Int> = []
    var result: [(dossier: Int, key: String?)] = []
    for detail in report.details ?? [] where detail.severity == "reject" {
      if let dossier = detail.dossier, seen.insert(dossier).inserted { result.append((dossier, detail.key)) }
    }
    return result
  }

  /// The definitions in a named folder, else those that are found.
  static func definitions(_ folder: String?) throws -> Definitions {
    let named = folder ?? ProcessInfo.processInfo.environment["SONGHAN_DEFINITIONS"]
    guard let folder = Definitions.locate(named, project: nil) else {
      throw Trouble("the folders Schemas and Pipelines were not found; name their folder with --definitions", 78)
    }
    do throws(DefinitionFaults) { return try Definitions.load(folder) } catch {
      throw Trouble(error.description, 78)
    }
  }
}
