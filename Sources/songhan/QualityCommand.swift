import ArgumentParser
import Bytes
import Definitions
import Findings
import Runs

struct QualityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality",
    abstract: "Findings by hospital, code and time, the share of dossiers with findings, and the trend.",
    discussion: """
      Deliveries count on the day they were received; replays and reloads do not. The period of the same length before is what the trend compares with.

      Example: songhan quality --facility 48001 --from 2026-01-01 --to 2026-01-31 --by week --format csv

      \(ExitCodes.help)
      """)
  @OptionGroup var common: CommonOptions
  @Option(help: "Only this hospital.") var facility: String?
  @Option(help: "First day, yyyy-mm-dd; 29 days before the last one when left out.") var from: String?
  @Option(help: "Last day, yyyy-mm-dd; today when left out.") var to: String?
  @Option(help: "Rows for each day, week or month.") var by = "day"
  @Option(help: "table, csv or json.") var format = "table"
  @Option(help: "So many most frequent codes for each hospital.") var top = 5
  @Option(name: .customLong("lang"), help: "Language of titles: vi or en.") var language = "vi"

  func run() throws {
    let language = try RulesCommand.language(language)
    guard let step = QualityReport.Step(rawValue: by) else { throw ValidationError("--by is day, week or month") }
    let format = common.json ? "json" : format
    guard ["table", "csv", "json"].contains(format) else { throw ValidationError("--format is table, csv or json") }
    guard top >= 0 else { throw ValidationError("--top is 0 or more") }
    let last = try to.map { try day($0, "--to") } ?? Clock.now().day
    let first = try from.map { try day($0, "--from") } ?? CivilDate(daysSinceEpoch: last.daysSinceEpoch - 29)
    guard first <= last else { throw ValidationError("--from is not after --to") }
    let project = try common.project()
    let report = try attempt { () throws(RunFailure) in
      try QualityReport.read(project, facility: facility, from: first, to: last, by: step, top: top)
    }
    switch format {
    case "json": Output.print(report.json())
    case "csv": Output.bytes(Array(report.csv.utf8))
    default:
      Output.print(report.table((try? project.definitions())?.catalogue, language))
      Output.print("")
      Output.print(
        "next:     \(report.facilities.first?.top.first.map { "songhan rules explain \($0.code)" } ?? "songhan run")")
    }
  }

  private func day(_ text: String, _ option: String) throws -> CivilDate {
    let digits = Array(text.utf8.filter { $0 != UInt8(ascii: "-") })
    guard digits.count == 8, let day = CivilDate(compact: digits.span) else {
      throw ValidationError("\(option) is a date yyyy-mm-dd")
    }
    return day
  }
}
