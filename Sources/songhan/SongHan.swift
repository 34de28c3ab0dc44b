import ArgumentParser
import Files
import Runs

@main
struct SongHan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "songhan",
    abstract: "Moves health records from hospitals to the city's data warehouse and to the Ministry of Health.",
    discussion: """
      A first look:
        songhan init demo && cd demo
        songhan warehouse start && songhan warehouse migrate
        songhan sample --facility 48001 --visits 100 --seed 1 --output inbox/48001
        songhan run --assume-settled

      \(ExitCodes.help)
      """,
    version: Program.version,
    subcommands: [
      InitCommand.self, DoctorCommand.self, FacilityCommand.self, WarehouseCommand.self, CheckCommand.self,
      RulesCommand.self, RunCommand.self,
      StatusCommand.self, FilesCommand.self, RunsCommand.self, DossiersCommand.self, ReceiptsCommand.self,
      RejectsCommand.self,
      VerifyCommand.self, AuditCommand.self, PruneCommand.self, QualityCommand.self, SampleCommand.self,
    ])

  static func main() {
    do {
      try Privacy.hardenProcess()
    } catch {
      Output.error("the process could not be protected (core dumps, umask)")
      Foundation_exit(77)
    }
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let trouble as Trouble {
      Output.error(trouble.text)
      Foundation_exit(trouble.code)
    } catch {
      let code = exitCode(for: error)
      // wrong usage is 64 whatever the parser thinks
      if code == .success || code.rawValue == 3 || error is ExitCode { exit(withError: error) }
      Output.error(fullMessage(for: error))
      Foundation_exit(code == .validationFailure ? 64 : code.rawValue)
    }
  }
}

/// Something that ended a command: what happened and the exit code that belongs to it.
struct Trouble: Error {
  var text: String
  var code: Int32

  init(_ text: String, _ code: Int32) {
    self.text = text
    self.code = code
  }
}

/// The exit codes, as every command's help prints them (reliability rules, section 8).
enum ExitCodes {
  static let help = """
    Exit codes:
      0    done, nothing rejected, or nothing to do
      3    done, but something was rejected or quarantined (see receipts)
      64   usage
      65   check: the input is invalid
      66   input missing or unreadable
      70   a mistake of ours, or the counts do not add up
      74   local I/O, or the disk is full
      75   try again later (database, network, lease held elsewhere)
      77   permissions or key files unsafe
      78   configuration, pipeline, schema or schema version
      130  stopped by SIGINT; 143 by SIGTERM
    """
}
