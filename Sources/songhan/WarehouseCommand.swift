import ArgumentParser
import Foundation
import Runs

struct WarehouseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "warehouse", abstract: "The PostgreSQL warehouse: embedded cluster, migrations, psql.",
    discussion: """
      «warehouse: embedded» in songhan.yaml means a cluster of the project's own; a
      libpq connection string there means a server that somebody else starts and
      stops.

      Example: songhan warehouse start && songhan warehouse migrate

      \(ExitCodes.help)
      """,
    subcommands: [Start.self, Stop.self, Status.self, Migrate.self, Psql.self])

  struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Starts the embedded cluster, making it first when there is none.",
      discussion: """
        A private PostgreSQL in the project's .warehouse/, on a Unix socket only.
        Started by root it runs as the account postgres (else nobody), and lies in
        /var/lib/songhan when that account cannot reach the project. Harmless when it
        runs already.

        Example: songhan warehouse start

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions

    func run() throws {
      let warehouse = Warehouse(project: try common.project())
      let (what, place) = try attempt { () throws(RunFailure) in try warehouse.start() }
      if common.json { return Output.print(["state": what, "place": place].json()) }
      Output.print("warehouse: \(what) in \(place)")
      Output.print("next:      songhan warehouse migrate")
    }
  }

  struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stops the embedded cluster.",
      discussion: """
        Ends the sessions, writes everything out, and waits for the server's end.

        Example: songhan warehouse stop

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions

    func run() throws {
      let warehouse = Warehouse(project: try common.project())
      let stopped = try attempt { () throws(RunFailure) in try warehouse.stop() }
      if common.json { return Output.print(["state": stopped ? "stopped" : "was not running"].json()) }
      Output.print("warehouse: \(stopped ? "stopped" : "was not running")")
    }
  }

  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says whether the warehouse runs, and which migrations it has.",
      discussion: """
        Ends with 75 when the embedded cluster does not run.

        Example: songhan warehouse status --json

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions

    func run() throws {
      let project = try common.project()
      let warehouse = Warehouse(project: project)
      let state =
        project.isEmbedded
        ? try attempt { () throws(RunFailure) in try warehouse.clusterState() } : "a server of its own"
      if project.isEmbedded, !state.hasPrefix("running") {
        if common.json {
          Output.print(["state": state].json())
        } else {
          Output.print("warehouse: \(state)")
          Output.print("next:      songhan warehouse start")
        }
        throw ExitCode(75)
      }
      let steps = try attempt { () throws(RunFailure) in try warehouse.status() }
      if common.json { return Output.print(steps.json()) }
      Output.print("warehouse: \(state)")
      Output.print(
        ReportText.columns([["migration", "name", "state"]] + steps.map { [String($0.number), $0.name, $0.state] }))
      if steps.contains(where: { $0.state != "applied" }) { Output.print("next:      songhan warehouse migrate") }
    }
  }

  struct Migrate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Brings the schema up to date on any PostgreSQL 15–17; harmless when repeated.",
      discussion: """
        Applies what is missing of Schemas/warehouse, each migration once and forward
        only, and writes the code lists of Schemas/codes anew.

        Example: songhan warehouse migrate

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions

    func run() throws {
      let warehouse = Warehouse(project: try common.project())
      let (steps, applied) = try attempt { () throws(RunFailure) in try warehouse.migrate() }
      if common.json { return Output.print(steps.json()) }
      Output.print("warehouse: \(applied == 0 ? "up to date" : "\(applied) migrations applied"), \(steps.count) in all")
      Output.print("next:      songhan doctor")
    }
  }

  struct Psql: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Opens psql on the warehouse; arguments are passed on.",
      discussion: """
        psql takes the place of this process: its exit codes hold from then on.
        --config comes before the arguments of psql, since -c belongs to psql.

        Example: songhan warehouse psql -c 'SELECT count(*) FROM health.encounter'

        \(ExitCodes.help)
        """)
    @Option(name: .customLong("config"), help: ArgumentHelp("Configuration of the project.", valueName: "file"))
    var config: String = ProcessInfo.processInfo.environment["SONGHAN_CONFIG"] ?? "songhan.yaml"
    @Argument(parsing: .captureForPassthrough, help: "Arguments of psql.") var arguments: [String] = []

    func run() throws {
      let project: Project
      do throws(ConfigurationFault) {
        project = try Project(configuration: config, environment: ProcessInfo.processInfo.environment)
      } catch {
        throw Trouble(error.description, 78)
      }
      let conninfo = try attempt { () throws(RunFailure) in try Warehouse(project: project).conninfo() }
      // psql takes the place of this process: signals and the terminal are its own
      var words: [UnsafeMutablePointer<CChar>?] = unsafe (["psql", "-d", conninfo] + arguments).map {
        unsafe strdup($0)
      }
      unsafe words.append(nil)
      unsafe execvp("psql", words)
      throw Trouble("psql was not found; apt-get install postgresql-client", 66)
    }
  }
}
