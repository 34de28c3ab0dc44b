import ArgumentParser
import Foundation
import Runs

/// Options that every command of a project has.
struct CommonOptions: ParsableArguments {
  @Option(name: [.customShort("c"), .long], help: ArgumentHelp("Configuration of the project.", valueName: "file"))
  var config: String = ProcessInfo.processInfo.environment["SONGHAN_CONFIG"] ?? "songhan.yaml"

  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  @Option(name: .long, help: ArgumentHelp("Form of the log on standard error: text or json.", valueName: "form"))
  var logFormat: String?

  func project() throws -> Project {
    do throws(ConfigurationFault) {
      return try Project(configuration: config, environment: ProcessInfo.processInfo.environment)
    } catch {
      throw Trouble(error.description, 78)
    }
  }

  func journal(_ project: Project) throws -> Journal {
    let format = logFormat ?? project.configuration.logFormat
    guard format == "text" || format == "json" else { throw ValidationError("--log-format is text or json") }
    return Output.journal(format: format)
  }
}

/// Runs a body and turns its failure into the exit code that belongs to it.
func attempt<R: ~Copyable>(_ body: () throws(RunFailure) -> R) throws -> R {
  do throws(RunFailure) {
    return try body()
  } catch {
    throw Trouble(error.description, error.exitCode)
  }
}
