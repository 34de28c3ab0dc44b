import ArgumentParser
import Foundation
import Runs

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads again all that is kept, and says what does not agree with the ledger, where, and what to do.",
    discussion: """
      Looks at the hash chain of the ledger, the counts of files, every batch, reject
      and parcel, every receipt, the originals in archive/ and quarantine/, and the
      numbers of rows. With --rows it also maps the stored bytes again and compares
      the rows themselves. It changes nothing, and may run beside a run.
      0: everything agrees; 70: something does not.

      Example: songhan verify --since 2025-03-01

      \(ExitCodes.help)
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("Only files received on this day or later.", valueName: "date")) var since: String?
  @Flag(help: "Compare the rows themselves with what mapping the stored bytes again gives.") var rows = false

  func validate() throws {
    if let since, since.wholeMatch(of: #/\d{4}-\d{2}-\d{2}/#) == nil || VerifyOutput.day(since) == nil {
      throw ValidationError("--since is a day such as 2025-03-01")
    }
  }

  func run() throws {
    let project = try common.project()
    var options = VerifyOptions()
    options.since = since
    options.comparesRows = rows
    let cancellation = Cancellation()
    Signals.watch(cancellation, timeout: nil)
    let report = try attempt { () throws(RunFailure) in
      try Verification(project: project, options: options, cancellation: cancellation).run()
    }
    try VerifyOutput.print(
      report, cancellation, json: common.json, next: rows ? "songhan status" : "songhan verify --rows")
  }
}

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "The ledger's protection against changes behind its back.",
    discussion: ExitCodes.help, subcommands: [Verify.self])

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Computes the hash chain over the ledger's events anew and names the first broken event.",
      discussion: """
        Every event of a file holds the hash of the one before; every run that ends
        anchors the hashes of its events and of the runs before it, in the ledger and
        in its report. So a changed event, a cut tail, a missing file or run is noticed.

        Example: songhan audit verify

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions

    func run() throws {
      let project = try common.project()
      let cancellation = Cancellation()
      Signals.watch(cancellation, timeout: nil)
      let report = try attempt { () throws(RunFailure) in try Audit.examine(project, cancellation) }
      try VerifyOutput.print(report, cancellation, json: common.json, next: "songhan verify")
    }
  }
}

enum VerifyOutput {
  static func day(_ text: String) -> Date? {
    let form = DateFormatter()
    form.locale = Locale(identifier: "en_US_POSIX")
    form.timeZone = TimeZone(secondsFromGMT: 0)
    form.dateFormat = "yyyy-MM-dd"
    form.isLenient = false
    return form.date(from: text)
  }

  static func print(_ report: VerifyReport, _ cancellation: Cancellation, json: Bool, next: String) throws {
    if json {
      Output.print(report.json())
    } else {
      var rows = [["part", "checked", "MB read", "disagree", "note"]]
      for part in report.parts {
        rows.append([
          part.part, String(part.checked), part.bytes > 0 ? String((part.bytes + 500_000) / 1_000_000) : "",
          String(part.disagreements), part.note ?? "",
        ])
      }
      Output.print(ReportText.columns(rows, rightAligned: [1, 2, 3]))
      Output.print("")
      for problem in report.disagreements {
        Output.print("\(problem.part): \(problem.place): \(problem.found)")
        Output.print("    \(problem.mend)")
      }
      if report.moreDisagreements > 0 { Output.print("… and \(report.moreDisagreements) more") }
      if let event = report.firstBrokenEvent { Output.print("first broken event: \(event)") }
      let count = report.disagreements.count + report.moreDisagreements
      let isWhole = !cancellation.isRequested
      Output.print(
        "verdict:  \(count > 0 ? "\(count) disagreements" : isWhole ? "everything agrees" : "stopped before the end")")
      Output.print("next:     \(count > 0 ? "mend what is named, then songhan verify" : next)")
    }
    if !report.agrees { throw ExitCode(70) }
    if cancellation.isRequested { throw ExitCode(cancellation.exitCode) }
  }
}
