import ArgumentParser
import Bytes
import Definitions
import Findings
import Foundation
import Runs

struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules",
    abstract: "The catalogue of rules: what is checked, why, and how to mend it; and the rules across visits.",
    discussion: "Example: songhan rules explain F03 --lang en\n\n\(ExitCodes.help)",
    subcommands: [List.self, Explain.self, Across.self, Page.self])

  /// Where the catalogue is, and the language to tell it in.
  struct Source: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of Schemas and Pipelines.", valueName: "dir")) var definitions: String?

    func catalogue() throws -> FindingCatalogue {
      let named = definitions ?? ProcessInfo.processInfo.environment["SONGHAN_DEFINITIONS"]
      guard let folder = Definitions.locate(named, project: nil) else {
        throw Trouble("the folders Schemas and Pipelines were not found; name their folder with --definitions", 78)
      }
      do throws(DefinitionFaults) {
        return try Definitions.catalogue(folder)
      } catch {
        throw Trouble(error.description, 78)
      }
    }
  }

  static func language(_ name: String) throws -> Language {
    guard let language = Language(rawValue: name) else { throw ValidationError("--lang is vi or en") }
    return language
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists all codes with severity, tables and title.",
      discussion: "Example: songhan rules list --severity reject --lang en\n\n\(ExitCodes.help)")
    @OptionGroup var source: Source
    @Option(help: "Only codes of this letter.") var letter: String?
    @Option(help: "Only codes of this severity: info, warn, error or reject.") var severity: String?
    @Option(name: .customLong("lang"), help: "Language: vi or en.") var language = "vi"
    @Flag(name: .long, help: "Print JSON instead of text.") var json = false

    func run() throws {
      let language = try RulesCommand.language(language)
      if let severity, Severity(name: severity) == nil {
        throw ValidationError("--severity is one of \(Severity.allCases.map(\.name).joined(separator: ", "))")
      }
      let entries = try source.catalogue().entries.filter { entry in
        (letter.map { entry.code.description.hasPrefix($0.uppercased()) } ?? true)
          && (severity.map { entry.severity.name == $0 } ?? true)
      }
      if json { return Output.print(entries.map { RuleLine($0, isWhole: false) }.json()) }
      Output.print(RulesPage.list(entries, language))
      Output.print("")
      Output.print("codes:    \(entries.count)")
      Output.print("next:     songhan rules explain CODE")
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Explains one code: what must hold, what to do, an accepted and a refused example.",
      discussion: "Example: songhan rules explain F03 --lang en\n\n\(ExitCodes.help)")
    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("Code, such as F03.", valueName: "code")) var code: String
    @Option(name: .customLong("lang"), help: "Language: vi or en.") var language = "vi"
    @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false

    func run() throws {
      let language = try RulesCommand.language(language)
      guard let code = FindingCode(code.uppercased()) else {
        throw ValidationError("a code is a letter and two digits, such as F03")
      }
      guard let entry = try source.catalogue()[code] else {
        throw Trouble("there is no code \(code); songhan rules list shows all", 66)
      }
      if json { return Output.print(RuleLine(entry, isWhole: true).json()) }
      Output.print(RulesPage.explain(entry, language))
    }
  }

  struct Across: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Asks the warehouse about the rules that need several visits (C19, G25, G27, H01–H06).",
      discussion: """
        Visits by rule, hospital and month of care; a run cannot judge these, since it sees one file. Changes nothing. H07 needs no asking: every file is judged by
        the editions of the day of discharge.

        Example: songhan rules across --from 2025-01 --to 2025-03
        Example: songhan rules across --code H01 --list

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Option(help: "Only this hospital.") var facility: String?
    @Option(help: "First month of care, yyyy-mm; eleven months before the last one when left out.") var from: String?
    @Option(help: "Last month of care, yyyy-mm; this month when left out.") var to: String?
    @Option(help: "Only this code.") var code: String?
    @Flag(name: .long, help: "Name the visits of the code by MA_LK, the first thousand.") var list = false
    @Option(name: .customLong("lang"), help: "Language of titles: vi or en.") var language = "vi"

    func run() throws {
      let language = try RulesCommand.language(language)
      let listed = code.flatMap { FindingCode($0.uppercased()) }
      if let code, listed.map({ AcrossReport.codes.contains($0) }) != true {
        throw ValidationError(
          "\(code) is no rule across visits: \(AcrossReport.codes.map(\.description).joined(separator: ", "))")
      }
      if list, listed == nil { throw ValidationError("--list needs --code") }
      let last = try to.map { try month($0, "--to") } ?? Clock.now().day.firstOfMonth
      let first =
        try from.map { try month($0, "--from") } ?? CivilDate(daysSinceEpoch: last.daysSinceEpoch - 334).firstOfMonth
      guard first <= last else { throw ValidationError("--from is not after --to") }
      let project = try common.project()
      let catalogue: FindingCatalogue
      do { catalogue = try project.definitions().catalogue } catch { throw Trouble("\(error)", 78) }
      var report = try attempt { () throws(RunFailure) in
        try AcrossReport.read(
          project, facility: facility, from: first, to: last, listed: listed, limit: 1_000, catalogue, language)
      }
      if !list { report.visits = nil }
      if common.json { return Output.print(report.json()) }
      Output.print(report.table())
      Output.print("")
      let worst = report.rules.first { $0.visits > 0 }?.code
      Output.print("next:     \(worst.map { "songhan rules explain \($0)" } ?? "songhan quality")")
    }

    private func month(_ text: String, _ option: String) throws -> CivilDate {
      let digits = Array(text.utf8.filter { $0 != UInt8(ascii: "-") }) + Array("01".utf8)
      guard digits.count == 8, let day = CivilDate(compact: digits.span) else {
        throw ValidationError("\(option) is a month yyyy-mm")
      }
      return day
    }
  }

  struct Page: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes the manual's page of all codes from the catalogue.",
      discussion: "Example: songhan rules page --output docs/manual/rules.md\n\n\(ExitCodes.help)")
    @OptionGroup var source: Source
    @Option(help: ArgumentHelp("File to write; standard output when left out.", valueName: "file")) var output: String?

    func run() throws {
      let text = RulesPage.markdown(try source.catalogue())
      guard let output else { return Output.bytes(Array(text.utf8)) }
      guard FileManager.default.createFile(atPath: output, contents: Data(text.utf8)) else {
        throw Trouble("the page could not be written", 74)
      }
    }
  }
}
