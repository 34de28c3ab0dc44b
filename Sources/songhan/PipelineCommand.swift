import ArgumentParser
import Definitions
import Foundation
import Runs

struct PipelineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipeline",
    abstract: "The feeds' definitions: what is wrong in them, what they do, and their cases. Needs no project.",
    discussion: "Example: songhan pipeline lint\n\n\(ExitCodes.help)",
    subcommands: [Lint.self, Explain.self, Test.self])

  /// Where the definitions are: what is named, else those of the project here, else what came with the program.
  struct Source: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of Schemas and Pipelines.", valueName: "dir")) var definitions: String?

    func folder() throws -> String {
      let environment = ProcessInfo.processInfo.environment
      let config = environment["SONGHAN_CONFIG"] ?? "songhan.yaml"
      let named = definitions ?? environment["SONGHAN_DEFINITIONS"]
      if named == nil, FileManager.default.fileExists(atPath: config) {
        do throws(ConfigurationFault) {
          if let folder = try Project(configuration: config, environment: environment).definitionsFolder {
            return folder
          }
        } catch {
          throw Trouble(error.description, 78)
        }
      }
      guard let folder = Definitions.locate(named, project: nil) else {
        throw Trouble("the folders Schemas and Pipelines were not found; name their folder with --definitions", 78)
      }
      return folder
    }

    func load() throws -> Definitions {
      let folder = try folder()
      do throws(DefinitionFaults) {
        return try Definitions.load(folder)
      } catch {
        throw Trouble("the definitions have faults (songhan pipeline lint):\n\(error.description)", 78)
      }
    }

    /// The feeds that are named, all when none is.
    func feeds(_ names: [String], _ definitions: Definitions) throws -> [Feed] {
      try (names.isEmpty ? definitions.feeds.keys.sorted() : names).map { name in
        guard let feed = definitions.feeds[name] else {
          throw Trouble(
            "there is no feed «\(name)»; the feeds are \(definitions.feeds.keys.sorted().joined(separator: ", "))", 66)
        }
        return feed
      }
    }
  }

  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    Output.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Tells every fault of feeds and schemas at once, with line, column and how to mend it; exit 78 when there is one.",
      discussion: "Example: songhan pipeline lint hoa-sen\n\n\(ExitCodes.help)")
    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("Feeds; all when none is named.", valueName: "feed")) var feeds: [String] = []
    @Flag(name: .long, help: "Print JSON instead of text.") var json = false

    struct Fault: Encodable {
      var file: String
      var line: Int
      var column: Int
      var message: String
      var mend: String?
    }

    func run() throws {
      let report = PipelineLint.report(try source.folder(), names: feeds)
      if json {
        try PipelineCommand.json(
          report.faults.map {
            Fault(file: $0.file, line: $0.line, column: $0.column, message: $0.message, mend: $0.mend)
          })
      } else if report.faults.isEmpty {
        Output.print("ok:       \(report.feeds.joined(separator: ", "))")
      } else {
        Output.print(report.faults.map(\.description))
        Output.print("")
        Output.print("faults:   \(report.faults.count)")
      }
      if !report.faults.isEmpty { throw ExitCode(78) }
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Tells a feed's mapping in words: which field fills which column by which functions, and what stays in extra.",
      discussion: "Example: songhan pipeline explain qd3176\n\n\(ExitCodes.help)")
    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("Feed.", valueName: "feed")) var feed: String
    @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false

    func run() throws {
      let definitions = try source.load()
      let feed = try source.feeds([feed], definitions)[0]
      guard let explanation = definitions.explanation(of: feed) else { throw Trouble("the feed has faults", 78) }
      if json { return try PipelineCommand.json(explanation) }
      Output.print("feed:     \(explanation.feed) (\(explanation.title)), reader \(explanation.reader)")
      if let key = explanation.key { Output.print("dossier:  one row of \(key)") }
      if let date = explanation.careDate { Output.print("month:    of \(date)") }
      if let facility = explanation.facility { Output.print("hospital: \(facility)") }
      for set in explanation.rowSets {
        Output.print("")
        Output.print("\(set.table) → \(set.entity)" + (set.only.map { " (\($0))" } ?? ""))
        let width = set.columns.map(\.column.count).max() ?? 0
        for column in set.columns {
          Output.print(
            "  \(column.column.padding(toLength: width, withPad: " ", startingAt: 0))  ← \(column.from)  [\(column.type)]"
          )
        }
        if !set.extra.isEmpty { Output.print("  extra: \(set.extra.joined(separator: ", "))") }
        if !set.empty.isEmpty { Output.print("  nothing fills: \(set.empty.joined(separator: ", "))") }
      }
      if !explanation.unmapped.isEmpty {
        Output.print("")
        Output.print("no rows from: \(explanation.unmapped.joined(separator: ", ")) (kept as delivered)")
      }
    }
  }

  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs the cases of Pipelines/<feed>.cases.yaml; exit 65 when one fails.",
      discussion: "Example: songhan pipeline test hoa-sen\n\n\(ExitCodes.help)")
    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("Feeds; all when none is named.", valueName: "feed")) var feeds: [String] = []
    @Flag(name: .long, help: "Print JSON instead of text.") var json = false

    struct Outcome: Encodable {
      var feed: String
      var name: String
      var line: Int
      var passed: Bool
      var troubles: [String]
    }

    func run() throws {
      let definitions = try source.load()
      var outcomes: [Outcome] = []
      for feed in try source.feeds(feeds, definitions) {
        let cases: [FeedCase]
        do throws(DefinitionFaults) { cases = try definitions.cases(of: feed) } catch {
          throw Trouble(error.description, 78)
        }
        if cases.isEmpty && !feeds.isEmpty {
          throw Trouble("\(feed.name) has no cases: write Pipelines/\(feed.name).cases.yaml", 66)
        }
        for one in cases {
          let outcome = definitions.outcome(of: one, feed)
          outcomes.append(
            Outcome(
              feed: feed.name, name: outcome.name, line: outcome.line, passed: outcome.troubles.isEmpty,
              troubles: outcome.troubles))
        }
      }
      let failed = outcomes.filter { !$0.passed }
      if json {
        try PipelineCommand.json(outcomes)
      } else {
        for outcome in failed {
          Output.print("Pipelines/\(outcome.feed).cases.yaml:\(outcome.line): \(outcome.name)")
          Output.print(outcome.troubles.map { "  \($0)" })
        }
        Output.print("cases:    \(outcomes.count) = \(outcomes.count - failed.count) passed + \(failed.count) failed")
      }
      if !failed.isEmpty { throw ExitCode(65) }
    }
  }
}
