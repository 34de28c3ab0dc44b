import ArgumentParser
import Definitions
import Findings
import Foundation
import Runs

struct PreviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Shows the first dossiers of a file as rows of the common schema, with findings; writes nothing.",
    discussion: """
      For trying a feed: the rows are those that run would load. Needs no project and
      no server. Prints values of patients. Several FILEs are the files of one
      delivery. Exit 0, or 65 when the file is refused.

      Example: songhan preview --feed hoa-sen Samples/feed-csv-comma/input/48011/luot-kham-2025-03.csv --dossiers 3

      \(ExitCodes.help)
      """)

  @Argument(help: ArgumentHelp("Files of one delivery.", valueName: "file")) var files: [String]
  @Option(help: "What the files are: a feed of Pipelines/.") var feed: String
  @Option(help: "So many dossiers.") var dossiers = 5
  @Option(help: ArgumentHelp("Folder of Schemas and Pipelines.", valueName: "dir")) var definitions: String?
  @Option(name: .customLong("lang"), help: "Language of messages: vi or en.") var language = "vi"
  @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false

  func run() throws {
    let language = try RulesCommand.language(language)
    guard dossiers > 0 else { throw ValidationError("--dossiers is 1 or more") }
    let definitions = try CheckCommand.definitions(self.definitions)
    guard let feed = definitions.feeds[feed] else {
      throw Trouble(
        "there is no feed «\(feed)»; there are \(definitions.feeds.keys.sorted().joined(separator: ", "))", 78)
    }
    let preview: Preview
    do throws(CheckFailure) {
      preview = try Preview(files, feed: feed, definitions, most: dossiers, language: language)
    } catch {
      if case .unreadable = error { throw Trouble(error.description, 66) }
      throw Trouble(error.description, 78)
    }
    if json {
      Output.print(preview.json)
    } else {
      for rows in preview.rows {
        Output.print("\(rows.entity) (\(rows.lines.count))")
        for line in rows.lines { Output.print("  " + line) }
      }
      Output.print("")
      for detail in preview.details {
        let place = [detail.table, detail.row.map { "row \($0)" }, detail.field].compactMap(\.self)
        Output.print("[\(detail.code)] \(detail.severity) \(place.joined(separator: " ")): \(detail.message)")
      }
      let d = preview.dossiers
      Output.print("")
      if let refusal = preview.refusal {
        Output.print("verdict:  refused: \(refusal) \(definitions.catalogue[refusal]?.title[language] ?? "")")
      }
      Output.print("dossiers: \(d.seen) = \(d.accepted) accepted + \(d.rejected) rejected + \(d.duplicate) duplicate")
      Output.print("next:     songhan check --feed \(feed.name) \(files.joined(separator: " "))")
    }
    if preview.refusal != nil { throw ExitCode(65) }
  }
}
