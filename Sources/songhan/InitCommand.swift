import ArgumentParser
import Definitions
import Foundation
import Runs

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Makes a project folder: settings, folders, a hospital registry and the pipelines.",
    discussion: """
      Makes songhan.yaml (every setting, with its default), facilities.yaml with one
      made-up hospital, the folders inbox, spool, archive, quarantine, receipts,
      outbox and reports, and copies of Pipelines/ and Schemas/. Nothing that stands
      there already is changed.

      Example: songhan init /srv/songhan

      \(ExitCodes.help)
      """)

  @Argument(help: ArgumentHelp("Folder of the project.", valueName: "dir")) var folder = "."
  @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false
  @Flag(name: .long, help: "Leave Pipelines/ and Schemas/ where the program finds them instead of copying them.")
  var sharedDefinitions = false

  func run() throws {
    let path = URL(filePath: folder).standardizedFileURL.path(percentEncoded: false)
    let definitions = Definitions.locate(ProcessInfo.processInfo.environment["SONGHAN_DEFINITIONS"], project: nil)
    if definitions == nil {
      throw Trouble("Schemas/ and Pipelines/ were not found beside the program; run it from its checkout", 78)
    }
    let made: ProjectTemplate.Made
    do {
      made = try ProjectTemplate.make(path, definitions: sharedDefinitions ? nil : definitions)
    } catch {
      throw Trouble("the folder could not be made: \(error.localizedDescription)", 74)
    }
    if json { return Output.print(made.json()) }
    Output.print("project:  \(made.folder)")
    if !made.made.isEmpty { Output.print("made:     \(made.made.joined(separator: " "))") }
    if !made.kept.isEmpty { Output.print("kept:     \(made.kept.joined(separator: " "))") }
    Output.print("next:     cd \(folder) && songhan warehouse start && songhan warehouse migrate && songhan doctor")
  }
}
