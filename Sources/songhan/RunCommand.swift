import ArgumentParser
import Files
import Foundation
import Runs

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "One pass over the inbox, then ends: the cron verb. Overlapping runs are harmless.",
    discussion: """
      Takes every file of the inbox that has settled (seen unchanged by two runs,
      and for intake.settleSeconds), loads it in one transaction, and writes its
      receipt, its parcels and the run's report. A file that is held by another run,
      is still being written, or ends too early, waits. --dry-run judges and writes
      nothing, not even to the ledger.

      By hand:
        songhan run --assume-settled
      For cron:
        */5 * * * * cd /srv/songhan && songhan run >/dev/null 2>>reports/run.log

      \(ExitCodes.help)
      """)

  @OptionGroup var common: CommonOptions
  @Flag(help: "Judge the files and write nothing.") var dryRun = false
  @Option(help: ArgumentHelp("Only files of this hospital.", valueName: "code")) var facility: String?
  @Option(help: ArgumentHelp("At most so many files.", valueName: "n")) var limitFiles: Int?
  @Option(help: ArgumentHelp("Files worked on at the same time, 1 to 64; else run.jobs.", valueName: "n"))
  var jobs: Int?
  @Flag(help: "Take files at once, without waiting until they have settled (for tests and by hand).")
  var assumeSettled = false
  @Option(help: ArgumentHelp("End after so long, with 75; what was committed stays.", valueName: "seconds"))
  var timeout: Int?

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
    try Limits.holdMemory(
      megabytes: project.configuration.memoryMegabytes, jobs: jobs ?? project.configuration.jobs)
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
      var report = result.report.withoutDetails
      report.exitCode = result.exitCode
      report.why = result.failure?.description
      Output.print(report.json())
      if let failure = result.failure { Output.error(failure.description) }
    } else {
      var lines = ReportText.table(result.report.files)
      if !lines.isEmpty { lines.append("") }
      lines += ReportText.closing(result.report, failure: result.failure, exitCode: result.exitCode)
      let configuration = project.configuration
      if let number = result.report.run, !result.report.files.isEmpty {
        lines.append(
          "details:   \(configuration.receipts)/<facility>/<file>.txt, \(configuration.reports)/run-\(number).txt, \(configuration.outbox)/"
        )
      }
      lines.append("next:      \(next(result))")
      Output.print(lines)
    }
    if result.exitCode != 0 { throw ExitCode(result.exitCode) }
  }

  private func next(_ result: Run.Result) -> String {
    if let failure = result.failure {
      return failure.exitCode == 75 ? "songhan doctor, then songhan run again" : "songhan doctor"
    }
    let files = result.report.files
    let short = files.filter { $0.dossiers.rejected > 0 || $0.state == .refused || $0.state == .quarantined }
    if let id = short.lazy.compactMap(\.fileID).first { return "songhan receipts show \(id)" }
    if files.contains(where: { $0.state == .waiting }) {
      return "songhan run again when the files have settled; songhan status"
    }
    return "songhan status"
  }
}

/// What the kernel lets the process use.
enum Limits {
  /// - Parameter jobs: each file worked on at the same time needs some memory of its own; the first four are in the limit.
  static func holdMemory(megabytes: Int, jobs: Int = 1) throws {
    do throws(FileFailure) {
      try ProcessLimits.holdMemory(megabytes: megabytes + 96 * max(jobs - 4, 0))
    } catch {
      throw Trouble("the memory of the process could not be limited", 77)
    }
  }
}

/// Signals that ask for an end: the run ends between two dossiers, with 143 or 130, and within five seconds whatever holds it up.
enum Signals {
  nonisolated(unsafe) private static var sources: [any DispatchSourceProtocol] = []

  static func watch(_ cancellation: Cancellation, timeout: Int?) {
    for (number, code) in [(SIGTERM, Int32(143)), (SIGINT, 130)] {
      _ = signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { end(cancellation, code) }
      source.resume()
      unsafe sources.append(source)
    }
    if let timeout {
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(timeout)) { end(cancellation, 75) }
    }
  }

  /// Asks for the end; asks the server once more, in case a wait had only begun; and in the end goes without it. What was committed stays, the
  /// rest is rolled back by the server and taken up by the next run.
  private static func end(_ cancellation: Cancellation, _ code: Int32) {
    DispatchQueue.global().asyncAfter(deadline: .now() + 4.5) {
      Output.error("stopped while waiting for the warehouse or the disk; the next run goes on")
      _exit(code)
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + 2) { cancellation.request(code) }
    cancellation.request(code)
  }
}
