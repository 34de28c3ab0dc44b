import ArgumentParser
import Definitions
import Findings
import Foundation
import Runs

struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules",
    abstract: "The catalogue of rules: what is checked, why, and how to mend it. Needs no project.",
    discussion: "Example: songhan rules explain F03 --lang en\n\n\(ExitCodes.help)",
    subcommands: [List.self, Explain.self, Page.self])

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
