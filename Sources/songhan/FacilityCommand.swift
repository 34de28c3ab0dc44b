import ArgumentParser
import Definitions
import Runs

struct FacilityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "facility", abstract: "The registry of hospitals.",
    discussion: """
      It is the file facilities.yaml of the project. Files of a hospital that is not
      in it are quarantined. To suspend a hospital, write «active: false» in its
      entry.

      Example: songhan facility list

      \(ExitCodes.help)
      """,
    subcommands: [Add.self, List.self])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds a hospital to the registry and makes its inbox folder.",
      discussion: "Example: songhan facility add 48002 --name \"Bệnh viện Mẫu 2\" --feed qd3176\n\n\(ExitCodes.help)")

    @Argument(help: ArgumentHelp("Facility code (MACSKCB): five capital letters or digits.", valueName: "code"))
    var code: String
    @Option(help: "Name of the hospital.") var name: String
    @Option(help: "What its files are: a feed of Pipelines/.") var feed: String
    @Option(help: "Care level, as the city writes it.") var level: String?
    @Option(help: "A new file is expected at least every so many days.") var expectedDays: Int?
    @Option(help: "Whom to call.") var contact: String?
    @OptionGroup var common: CommonOptions

    func run() throws {
      guard Facility.isCode(code) else {
        throw ValidationError("«\(code)» is no facility code: five capital letters or digits")
      }
      let project = try common.project()
      let registry: Registry
      do throws(ConfigurationFault) { registry = try project.registry() } catch { throw Trouble(error.description, 78) }
      guard registry[code] == nil else { throw Trouble("\(code) is in the registry already", 78) }
      do {
        let definitions = try project.definitions()
        guard definitions.feeds[feed] != nil else {
          throw Trouble(
            "there is no feed «\(feed)»; one of \(definitions.feeds.keys.sorted().joined(separator: ", "))", 78)
        }
      } catch let trouble as Trouble {
        throw trouble
      } catch {
        throw Trouble("\(error)", 78)
      }
      let facility = Facility(
        code: code, name: name, level: level, feed: feed, expectedDays: expectedDays, contact: contact)
      do {
        try Registry.add(facility, to: project.path(project.configuration.registry))
        try project.makeInbox(of: code)
      } catch {
        throw Trouble("the registry could not be written", 74)
      }
      if common.json { return Output.print(facility.json()) }
      Output.print("added:    \(code) \(name), feed \(feed)")
      Output.print("next:     let it drop files into \(project.configuration.inbox)/\(code)/")
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the hospitals.",
      discussion: """
        Example: songhan facility list --json

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions

    func run() throws {
      let project = try common.project()
      let registry: Registry
      do throws(ConfigurationFault) { registry = try project.registry() } catch { throw Trouble(error.description, 78) }
      if common.json { return Output.print(registry.facilities.json()) }
      var rows = [["code", "name", "level", "feed", "expected", "contact", "active"]]
      for facility in registry.facilities {
        rows.append([
          facility.code, facility.name, facility.level ?? "–", facility.feed,
          facility.expectedDays.map { "\($0) d" } ?? "–",
          facility.contact ?? "–", facility.isActive ? "yes" : "no",
        ])
      }
      Output.print(ReportText.columns(rows))
    }
  }
}
