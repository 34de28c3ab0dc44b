import ArgumentParser
import Definitions
import Foundation
import Postgres
import Records
import Runs
import SchemaTools

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Schemas as reviewed text: lint, compare, describe, export, and look for drift.",
    discussion: "Example: songhan schema lint\n\n\(ExitCodes.help)",
    subcommands: [Lint.self, Diff.self, Docs.self, Export.self, Drift.self])

  /// Where the definitions are.
  struct Source: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of Schemas and Pipelines.", valueName: "dir")) var definitions: String?

    func path() throws -> String {
      let named = definitions ?? ProcessInfo.processInfo.environment["SONGHAN_DEFINITIONS"]
      guard let folder = Definitions.locate(named, project: nil) else {
        throw Trouble("the folders Schemas and Pipelines were not found; name their folder with --definitions", 78)
      }
      return folder
    }

    /// The folder, read; a fault in it is the end, since what is described must be right.
    func folder() throws -> SchemaFolder {
      guard let folder = SchemaFolder(try path()) else { throw Trouble("the definitions cannot be read", 66) }
      guard folder.faults.isEmpty else {
        throw Trouble(folder.faults.map(\.description).joined(separator: "\n"), 78)
      }
      return folder
    }
  }

  struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Finds everything that is wrong in schemas, code lists, catalogue and migrations, at once.",
      discussion: """
        Each line names file, line and column, says what is wrong and how to mend it.
        Exit 0 when nothing is wrong, 78 when something is.

        Example: songhan schema lint

        \(ExitCodes.help)
        """)
    @Argument(help: ArgumentHelp("Folder of Schemas and Pipelines.", valueName: "dir")) var folder: String?
    @OptionGroup var source: Source
    @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false

    private struct Report: Encodable {
      struct Fault: Encodable {
        var file: String
        var line: Int
        var column: Int
        var message: String
        var mend: String?
      }
      var files: Int
      var faults: [Fault]
    }

    func run() throws {
      let path = try folder ?? source.path()
      guard let lint = SchemaLint(path) else { throw Trouble("there are no definitions in that folder", 66) }
      if json {
        let faults = lint.faults.map {
          Report.Fault(file: $0.file, line: $0.line, column: $0.column, message: $0.message, mend: $0.mend)
        }
        Output.print(Report(files: lint.fileCount, faults: faults).json())
      } else {
        for fault in lint.faults { Output.print(fault.description) }
        if !lint.faults.isEmpty { Output.print("") }
        Output.print(
          "verdict:  \(lint.faults.isEmpty ? "nothing wrong" : "\(lint.faults.count) faults") in \(lint.fileCount) files"
        )
      }
      if !lint.faults.isEmpty { throw ExitCode(78) }
    }
  }

  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what changed between two states of the definitions, and whom it breaks.",
      discussion: """
        A and B are folders of definitions, folders of schema files, or single files.
        A change breaks senders when a record that was right may now be wrong, and
        readers when a program written for A may now meet what it cannot know. Exit 0
        when nothing is broken for those named with --for, 65 when something is.

        Example: songhan schema diff before/ after/ --for senders

        \(ExitCodes.help)
        """)
    @Argument(help: ArgumentHelp("The state before.", valueName: "a")) var before: String
    @Argument(help: ArgumentHelp("The state after.", valueName: "b")) var after: String
    @Option(name: .customLong("for"), help: "Whose side decides the exit code: readers, senders or both.")
    var side = "both"
    @Flag(name: .long, help: "Print one JSON object instead of text.") var json = false

    private struct Report: Encodable {
      var readers: SchemaDiff.Effect
      var senders: SchemaDiff.Effect
      var breakingFeeds: [String]
      var changes: [SchemaDiff.Change]
    }

    func run() throws {
      guard ["readers", "senders", "both"].contains(side) else {
        throw ValidationError("--for is readers, senders or both")
      }
      let folders = try [before, after].map { path in
        guard let folder = SchemaFolder(path) else { throw Trouble("\(path): there are no schema files", 66) }
        guard folder.faults.isEmpty else {
          throw Trouble(folder.faults.map(\.description).joined(separator: "\n"), 78)
        }
        return folder
      }
      let diff = SchemaDiff(folders[0], folders[1])
      let effect = diff.effect
      let broken = Set(diff.changes.filter(\.isBreaking).flatMap(\.feeds)).sorted()
      if json {
        Output.print(
          Report(readers: effect.readers, senders: effect.senders, breakingFeeds: broken, changes: diff.changes).json())
      } else {
        if !diff.changes.isEmpty {
          Output.print(
            ReportText.columns([["readers", "senders", "where", "change", "feeds"]] + diff.changes.map(line)))
          Output.print("")
        }
        Output.print("changes:  \(diff.changes.count)")
        Output.print("readers:  \(effect.readers.rawValue)")
        Output.print("senders:  \(effect.senders.rawValue)")
        if !broken.isEmpty { Output.print("feeds:    \(broken.joined(separator: ", "))") }
      }
      let isBroken =
        (side != "senders" && effect.readers == .breaking) || (side != "readers" && effect.senders == .breaking)
      if isBroken { throw ExitCode(65) }
    }

    private func line(_ change: SchemaDiff.Change) -> [String] {
      // whole in the JSON
      func short(_ text: String?) -> String? { text.map { $0.count > 48 ? $0.prefix(47) + "…" : $0 } }
      var what = change.kind.words
      switch (short(change.from), short(change.to)) {
      case (let from?, let to?): what += ": \(from) → \(to)"
      case (let from?, nil): what += ": \(from)"
      case (nil, let to?): what += ": \(to)"
      case (nil, nil): break
      }
      return [
        change.readers == .breaking ? "BREAKING" : "ok", change.senders == .breaking ? "BREAKING" : "ok", change.place,
        what, change.feeds.joined(separator: ", "),
      ]
    }
  }

  struct Docs: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes the data dictionary in Vietnamese and English: Markdown pages and one HTML page with search.",
      discussion: """
        One page a schema, and index.html, which needs nothing else: no network and no
        other file.

        Example: songhan schema docs --output dictionary

        \(ExitCodes.help)
        """)
    @OptionGroup var source: Source
    @Option(help: ArgumentHelp("Folder to write; made when it is not there.", valueName: "dir")) var output: String

    func run() throws {
      let dictionary = DataDictionary(try source.folder())
      for file in dictionary.files { try SchemaCommand.write(file.text, to: output + "/" + file.path) }
      Output.print("written:  \(dictionary.files.count) files in \(output)")
      Output.print("next:     open \(output)/index.html")
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes schemas in other languages: XML Schema, JSON Schema, SQL, Data Package.",
      discussion: """
        --xsd writes one file a table and envelope.xsd, lenient as our reader is, or
        with --strict a closed list of fields for programs that make classes of it.
        --json-schema describes a record as the texts that were sent, and for common a
        row as the common-ndjson parcel writes it. Without --schema all of them.

        Example: songhan schema export --xsd --schema qd3176 --output xsd

        \(ExitCodes.help)
        """)
    @OptionGroup var source: Source
    @Flag(help: "XML Schema 1.0 of the documents of an XML source.") var xsd = false
    @Flag(help: "JSON Schema 2020-12.") var jsonSchema = false
    @Flag(help: "SQL that PostgreSQL takes.") var sql = false
    @Flag(help: "Data Package with Table Schemas.") var dataPackage = false
    @Flag(help: "With --xsd: only the fields of the schema, each of its place in the list.") var strict = false
    @Option(help: ArgumentHelp("Only this folder of Schemas/, or common.", valueName: "name")) var schema: String?
    @Option(
      help: ArgumentHelp("Folder to write; --sql of one schema goes to standard output without it.", valueName: "dir"))
    var output: String?

    func run() throws {
      guard [xsd, jsonSchema, sql, dataPackage].filter({ $0 }).count == 1 else {
        throw ValidationError("name one of --xsd, --json-schema, --sql, --data-package")
      }
      if strict && !xsd { throw ValidationError("--strict goes with --xsd") }
      let folder = try source.folder()
      if let schema, schema != "common", folder.set(schema) == nil {
        throw Trouble(
          "there is no schema \(schema); known: \((folder.sets.map(\.name) + ["common"]).joined(separator: ", "))", 66)
      }
      let sets = folder.sets.filter { schema == nil || $0.name == schema }
      let common = schema == nil || schema == "common" ? folder.common : []
      let files = try self.files(folder, sets, common)
      guard let output else {
        guard files.count == 1 else {
          throw ValidationError("name a folder with --output: there is more than one file")
        }
        return Output.bytes(Array(files[0].text.utf8))
      }
      for file in files { try SchemaCommand.write(file.text, to: output + "/" + file.path) }
      Output.print("written:  \(files.count) files in \(output)")
    }

    private func files(
      _ folder: SchemaFolder, _ sets: [SchemaSet], _ common: [SchemaTable]
    ) throws -> [(path: String, text: String)] {
      func place(_ set: String) -> String { schema == nil ? set + "/" : "" }
      var files: [(path: String, text: String)] = []
      if xsd {
        let export = XMLSchemaExport(codes: folder.codeLists, strict: strict)
        for set in sets {
          let documents = set.tables.compactMap { table in
            export.document(table, of: set.name).map { (path: "\(place(set.name))\(table.name).xsd", text: $0) }
          }
          if documents.isEmpty { continue }
          files += documents
          files.append(("\(place(set.name))envelope.xsd", export.envelope()))
        }
        if files.isEmpty { throw Trouble("\(schema ?? "none of the schemas") describes XML documents", 66) }
      } else if jsonSchema {
        let export = JSONSchemaExport(codes: folder.codeLists)
        for set in sets {
          files += set.tables.map { ("\(place(set.name))\($0.name).json", export.record($0, of: set.name)) }
        }
        files += common.map { ("\(place("common"))\($0.name).json", export.row($0)) }
      } else if sql {
        let export = SQLExport(codes: folder.codeLists)
        files += sets.map { ("\($0.name).sql", export.source($0)) }
        if !common.isEmpty { files.append(("common.sql", export.common(common))) }
      } else {
        let export = DataPackageExport(codes: folder.codeLists)
        for set in sets { files += export.files(set).map { (place(set.name) + $0.path, $0.text) } }
        if !common.isEmpty {
          files += export.files(SchemaSet(name: "common", tables: common)).map { (place("common") + $0.path, $0.text) }
        }
      }
      return files
    }
  }

  struct Drift: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compares the live warehouse with Schemas/common, and recent files of a feed with its source schema.",
      discussion: """
        Without --feed the warehouse and every feed of the registry. A share is that of
        the dossiers of the last days, beside the share of as many days before. What
        other columns mean for the feed is its policy, the key drift of its file:
        freeze, quarantine or allow.

        Exit 0 when nothing drifts, or only what is allowed; 3 when a feed with
        quarantine has other columns, 65 when one with freeze has, 78 when the
        warehouse is not what Schemas/common says. It changes nothing.

        Example: songhan schema drift --feed qd3176 --days 7

        \(ExitCodes.help)
        """)
    @OptionGroup var common: CommonOptions
    @Option(help: "Only this feed, and not the warehouse.") var feed: String?
    @Option(help: "So many days of files.") var days = 30
    @Option(help: "Share of dossiers, in per cent, from which values that do not fit are told.") var share = 5.0

    private struct Report: Encodable {
      var warehouse: [WarehouseDrift.Difference]?
      var feeds: [FeedDrift]
    }

    func run() throws {
      guard (1...3650).contains(days) else { throw ValidationError("--days is from 1 to 3650") }
      guard (0...100).contains(share) else { throw ValidationError("--share is from 0 to 100") }
      let project = try common.project()
      guard let path = project.definitionsFolder, let folder = SchemaFolder(path) else {
        throw Trouble("the folders Schemas and Pipelines were not found", 78)
      }
      let names = try feed.map { [$0] } ?? registered(project)
      let wanted = try names.map { name in
        guard let feed = folder.feeds.first(where: { $0.name == name }) else {
          throw Trouble("there is no feed \(name); known: \(folder.feeds.map(\.name).joined(separator: ", "))", 66)
        }
        return feed
      }
      let report = try attempt { () throws(RunFailure) in
        let connection = try Warehouse(project: project).connect()
        do throws(ServerFailure) {
          var report = Report(feeds: [])
          if feed == nil { report.warehouse = try WarehouseDrift.examine(connection, folder.common) }
          for feed in wanted {
            var drift = FeedDrift(feed, folder, days: days)
            try drift.readLedger(connection, least: share / 100)
            report.feeds.append(drift)
          }
          return report
        } catch {
          throw .server(error)
        }
      }
      var whole = report
      for index in whole.feeds.indices { readHeaders(&whole.feeds[index], project) }
      let code = exitCode(whole)
      if common.json { Output.print(whole.json()) } else { print(whole, code) }
      if code != 0 { throw ExitCode(code) }
    }

    private func registered(_ project: Project) throws -> [String] {
      do throws(ConfigurationFault) {
        return Set(try project.registry().facilities.map(\.feed)).sorted()
      } catch {
        throw Trouble(error.description, 78)
      }
    }

    /// The header of the newest file of a delimited feed that is still kept.
    private func readHeaders(_ drift: inout FeedDrift, _ project: Project) {
      guard let definitions = try? project.definitions(), let feed = definitions.feeds[drift.feed],
        let layout = feed.reading.tabular, let schema = definitions.schemas[feed.source],
        let kept = try? KeptFile.newest(ofFeed: drift.feed, project: project)
      else { return }
      for file in layout.files {
        // an original that cannot be read any more tells nothing about columns
        guard let bytes = kept.bytes(of: layout.isSplit ? file.table : nil) else { continue }
        try? drift.readHeader(of: file.table, layout: layout, schema: schema) {
          (most, target) throws(ReaderFailure) in try bytes.read(most, into: &target)
        }
      }
    }

    private func exitCode(_ report: Report) -> Int32 {
      var code: Int32 = 0
      for feed in report.feeds where feed.hasOtherColumns {
        switch feed.policy {
        case .freeze: code = max(code, 65)
        case .quarantine: code = max(code, 3)
        case .allow: break
        }
      }
      return report.warehouse?.isEmpty ?? true ? code : 78
    }

    private func print(_ report: Report, _ code: Int32) {
      if let differences = report.warehouse {
        let rows = differences.map { difference in
          [
            difference.kind.words, difference.table + (difference.column.map { ".\($0)" } ?? ""),
            [difference.expected.map { "Schemas/common: \($0)" }, difference.found.map { "warehouse: \($0)" }]
              .compactMap { $0 }.joined(separator: ", "),
          ]
        }
        Output.print(
          "warehouse: \(differences.isEmpty ? "as Schemas/common says" : "\(differences.count) differences")")
        if !rows.isEmpty { Output.print(ReportText.columns(rows).map { "  " + $0 }) }
      }
      for feed in report.feeds {
        Output.print(
          "feed \(feed.feed) (drift: \(feed.policy.rawValue)): \(feed.files) files, \(feed.dossiers) dossiers in \(feed.days) days, "
            + (feed.items.isEmpty ? "nothing drifts" : "\(feed.items.count) findings"))
        let rows = feed.items.map { item in
          [
            item.kind.words, "\(item.table).\(item.column)" + (item.field.map { " (was \($0)?)" } ?? ""), item.source,
            item.codes.joined(separator: ", "),
            item.share.map { share in
              percent(share) + (item.shareBefore.map { " of dossiers, before \(percent($0))" } ?? " of dossiers")
            } ?? "\(item.files) files",
          ]
        }
        if !rows.isEmpty { Output.print(ReportText.columns(rows).map { "  " + $0 }) }
      }
      Output.print("")
      Output.print(
        "verdict:  \(code == 0 ? "nothing to do" : code == 78 ? "the warehouse differs" : "other columns") (exit \(code))"
      )
    }

    private func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
  }

  /// Writes a file and the folders around it.
  static func write(_ text: String, to path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    guard (try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)) != nil,
      FileManager.default.createFile(atPath: path, contents: Data(text.utf8))
    else { throw Trouble("\(path) could not be written", 74) }
  }
}
