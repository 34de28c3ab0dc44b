import ArgumentParser
import Definitions
import Findings
import Foundation
import Inspection
import Runs

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Says what a file is: format, encoding, dialect, columns; proposes a schema and a feed for it.",
    discussion: """
      Reads the whole file and writes down what it saw and why. Of values only shapes
      are shown: A and a for letters, 9 for digits; and of dates, and numbers of fewer
      than nine digits, the smallest and the largest, dates by the month. The header is
      shown as it is. What fits two readings (day and month, two encodings) is said,
      never guessed. Files of one delivery are
      looked at together: a reference between them is proposed when the values are
      found in a column of that name without repeats; those that are not are told.
      An XML file is shown as tables along element paths. --write-feed writes
      Schemas/NAME/ and Pipelines/NAME.yaml, judges the files with them, and names the
      lines that a person must finish. Exit 66 when a file cannot be read.

      Example: songhan inspect visits.csv --write-feed hoa-sen

      \(ExitCodes.help)
      """)

  @Argument(help: ArgumentHelp("Files to look at: one, or those of one delivery.", valueName: "file")) var files:
    [String]
  @Option(help: ArgumentHelp("Write a source schema and a feed of this name.", valueName: "name")) var writeFeed:
    String?
  @Option(help: ArgumentHelp("The table, or the XML element, whose rows are the visits.", valueName: "name"))
  var root: String?
  @Option(help: ArgumentHelp("Folder of Schemas and Pipelines.", valueName: "dir")) var definitions: String?
  @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false

  /// What is printed as JSON.
  private struct Report: Codable {
    struct Written: Codable {
      var files: [String]
      var edits: [FeedDraft.Edit]
      var verdicts: [String]
    }
    var inspection: Inspection
    var written: Written?
  }

  func run() throws {
    if let writeFeed, !FeedDraft.isName(writeFeed) {
      throw ValidationError("the name of a feed begins with a letter and has letters A–Z, digits, - and _ only")
    }
    let inspection: Inspection
    do throws(InspectionFailure) { inspection = try Inspection(files, root: root) } catch {
      throw Trouble(error.description, 66)
    }
    if !json { Output.print(inspection.text) }
    let written = try writeFeed.map { try write(inspection, $0) }
    if json {
      Output.print(Report(inspection: inspection, written: written).json())
    } else if let written {
      Output.print("")
      for file in written.files { Output.print("written   \(file)") }
      for edit in written.edits { Output.print("edit      \(edit.file):\(edit.line): \(edit.text)") }
      for verdict in written.verdicts { Output.print("verdict   \(verdict)") }
      let name = writeFeed ?? ""
      let paths = files.joined(separator: " ")
      Output.print(
        "next      \(written.edits.isEmpty ? "" : "the lines to edit, then ")songhan pipeline lint \(name) && songhan preview --feed \(name) \(paths)"
      )
    }
  }

  private func write(_ inspection: Inspection, _ name: String) throws -> Report.Written {
    let named = definitions ?? ProcessInfo.processInfo.environment["SONGHAN_DEFINITIONS"]
    guard let folder = Definitions.locate(named, project: nil) else {
      throw Trouble("the folders Schemas and Pipelines were not found; name their folder with --definitions", 78)
    }
    func load() throws -> Definitions {
      do throws(DefinitionFaults) { return try Definitions.load(folder) } catch {
        throw Trouble(error.description, 78)
      }
    }
    let loaded = try load()
    var draft: FeedDraft
    do throws(FeedDraft.Refusal) {
      draft = try FeedDraft(inspection, name: name, rootTable: root, definitions: loaded)
    } catch {
      throw Trouble(error.description, 64)
    }
    let isSound: Bool
    do {
      isSound = try draft.write(into: folder)
    } catch let refusal as FeedDraft.Refusal {
      throw Trouble(refusal.description, 64)
    } catch {
      throw Trouble("the definitions in \(folder) could not be written", 74)
    }
    var verdicts: [String] = []
    if isSound {
      let check = Check(definitions: try load())
      for delivery in check.deliveries(files, feed: name) {
        do throws(CheckFailure) {
          let report = try check.judge(delivery: delivery, feed: name, language: .english)
          let reason = report.reason.map { ", refused by \($0)" } ?? ""
          verdicts.append(
            "\(report.name): \(report.dossiers.accepted) of \(report.dossiers.seen) dossiers would be loaded\(reason)")
        } catch {
          verdicts.append(error.description)
        }
      }
    } else {
      verdicts.append("the feed does not pass the lint before the lines above are mended")
    }
    return Report.Written(files: draft.files.map(\.path), edits: draft.edits, verdicts: verdicts)
  }
}
