import ArgumentParser
import Foundation
import Runs

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "One pass over the inbox, then ends: the cron verb. Overlapping runs are harmless.",
    discussion: """
      Example for cron: */5 * * * * cd /srv/songhan && songhan run --log-format json 2>>reports/run.log >/dev/null

      \(ExitCodes.help)
      """)

  @OptionGroup var common: CommonOptions
  @Flag(help: "Judge the files and write nothing.") var dryRun = false
  @Option(help: "Only files of this hospital.") var facility: String?
  @Option(help: "At most so many files.") var limitFiles: Int?
  @Option(help: "Files worked on at the same time.") var jobs: Int?
  @Flag(help: "Take files at once, without waiting until they have settled (for tests and by hand).") var assumeSettled = false
  @Option(help: "End after so many seconds; what was committed stays.") var timeout: Int?

  func validate() throws {
    if let jobs, !(1...64).contains(jobs) { throw ValidationError("--jobs is 1 to 64") }
    if let limitFiles, limitFiles < 0 { throw ValidationError("--limit-files is 0 or more") }
    if let timeout, timeout < 1 { throw ValidationError("--timeout is 1 or more") }
  }

  func run() throws {
    let project = try common.project()
    var options = RunOptions()
    options.dryRun = dryRun
    options.facility = facility
    options.limitFiles = limitFiles
    options.jobs = jobs
    options.assumesSettled = assumeSettled
    let run = Run(project: project, options: options, journal: try common.journal(project))
    Signals.watch(run.cancellation, timeout: timeout)
    let bar = ProgressBar(run.progress)
    let result: Run.Result
    do throws(RunFailure) {
      result = try run.execute()
    } catch {
      bar?.end()
      throw Trouble(error.description, error.exitCode)
    }
    bar?.end()
    if common.json {
      Output.print(result.report.withoutDetails.json())
      if let failure = result.failure { Output.error(failure.description) }
    } else {
      var lines = ReportText.table(result.report.files)
      if !lines.isEmpty { lines.append("") }
      lines += ReportText.closing(result.report, failure: result.failure, exitCode: result.exitCode)
      let configuration = project.configuration
      if let number = result.report.run, !result.report.files.isEmpty {
        lines.append(
          "details:   \(configuration.receipts)/<facility>/<file>.txt, \(configuration.reports)/run-\(number).txt, \(configuration.outbox)/")
      }
      lines.append("next:      \(next(result))")
      Output.print(lines)
    }
    if result.exitCode != 0 { throw ExitCode(result.exitCode) }
  }

  private func next(_ result: Run.Result) -> String {
    if let failure = result.failure { return failure.exitCode == 75 ? "songhan doctor, then songhan run again" : "songhan doctor" }
    let files = result.report.files
    if let rejected = files.first(where: { $0.dossiers.rejected > 0 || $0.state == .refused || $0.state == .quarantined }),
      let id = rejected.fileID
    {
      return "songhan receipts show \(id)"
    }
    if files.contains(where: { $0.state == .waiting }) { return "songhan run again when the files have settled; songhan status" }
    return "songhan status"
  }
}

/// Signals that ask for an end: the run ends between two dossiers, with 143 or 130.
enum Signals {
  nonisolated(unsafe) private static var sources: [any DispatchSourceProtocol] = []

  static func watch(_ cancellation: Cancellation, timeout: Int?) {
    for (number, code) in [(SIGTERM, Int32(143)), (SIGINT, 130)] {
      _ = signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { cancellation.request(code) }
      source.resume()
      unsafe sources.append(source)
    }
    if let timeout {
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(timeout)) { cancellation.request(75) }
    }
  }
}
