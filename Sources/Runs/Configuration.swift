internal import Files
internal import Foundation
package import Outbox
internal import Yams

/// Why a configuration or a project folder cannot be used; the text says how to mend it.
package struct ConfigurationFault: Error, Sendable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// The settings of a project (`songhan.yaml`); every one can also come as an environment variable `SONGHAN_…`.
package struct Configuration: Sendable {
  /// `embedded`, or a libpq connection string without a password.
  package var warehouse = "embedded"
  /// Folder of `Schemas` and `Pipelines`; nil: beside the project, else what came with the program.
  package var definitions: String?
  package var registry = "facilities.yaml"
  package var inbox = "inbox"
  package var spool = "spool"
  package var archive = "archive"
  package var quarantine = "quarantine"
  package var receipts = "receipts"
  package var outbox = "outbox"
  package var reports = "reports"
  /// Seconds a file must have stood unchanged since we first saw it.
  package var settleSeconds = 60
  /// Minutes a file that ends too early may wait for its rest.
  package var patienceMinutes = 60
  /// User ids that may own files in the inbox; empty: anybody's.
  package var owners: [Int] = []
  /// Megabytes that must stay free on the spool's disk; with it at least a tenth of the disk.
  package var freeMegabytes = 2048
  /// Files worked on at the same time.
  package var jobs = 2
  /// Whether originals of loaded files are kept in `archive`.
  package var keepOriginals = true
  /// File mode of receipts, so that the hospital's account may read them.
  package var receiptMode: UInt32 = 0o640
  /// Certificates (PEM) of those who may open rejects and quarantined files; empty: these are kept as they came.
  package var sealingRecipients: [String] = []
  /// The private key (PEM) that opens them here; nil where only others may.
  package var sealingKey: String?
  package var retention = Retention()
  package var metrics = "songhan.prom"
  package var logFormat = "text"
  package var destinations: [Destination] = []

  package init() {}

  /// One setting: where it stands in the file, what it is, and how it is taken.
  struct Setting {
    var path: String
    var meaning: String
    var take: @Sendable (inout Configuration, String) -> Bool

    /// `SONGHAN_INTAKE_SETTLE_SECONDS` for `intake.settleSeconds`.
    var variable: String {
      var name = "SONGHAN_"
      for character in path {
        if character == "." {
          name += "_"
        } else {
          if character.isUppercase { name += "_" }
          name += character.uppercased()
        }
      }
      return name
    }
  }

  private static func text(
    _ path: String, _ meaning: String, _ key: any WritableKeyPath<Configuration, String> & Sendable
  ) -> Setting {
    Setting(path: path, meaning: meaning) { configuration, value in
      configuration[keyPath: key] = value
      return !value.isEmpty
    }
  }

  private static func number(
    _ path: String, _ meaning: String, _ range: ClosedRange<Int>,
    _ key: any WritableKeyPath<Configuration, Int> & Sendable
  ) -> Setting {
    Setting(path: path, meaning: "\(meaning); \(range.lowerBound) to \(range.upperBound)") { configuration, value in
      guard let number = Int(value), range.contains(number) else { return false }
      configuration[keyPath: key] = number
      return true
    }
  }

  private static func days(_ path: String, _ key: any WritableKeyPath<Configuration, Int?> & Sendable) -> Setting {
    Setting(path: path, meaning: "days, 1 to 36500") { configuration, value in
      guard let number = Int(value), (1...36_500).contains(number) else { return false }
      configuration[keyPath: key] = number
      return true
    }
  }

  static let settings: [Setting] = [
    text("warehouse", "«embedded» or a libpq connection string", \.warehouse),
    Setting(path: "definitions", meaning: "folder of Schemas and Pipelines") { configuration, value in
      configuration.definitions = value
      return !value.isEmpty
    },
    text("registry", "file of the hospitals", \.registry),
    text("folders.inbox", "a folder", \.inbox), text("folders.spool", "a folder", \.spool),
    text("folders.archive", "a folder", \.archive), text("folders.quarantine", "a folder", \.quarantine),
    text("folders.receipts", "a folder", \.receipts), text("folders.outbox", "a folder", \.outbox),
    text("folders.reports", "a folder", \.reports),
    number("intake.settleSeconds", "seconds", 0...86_400, \.settleSeconds),
    number("intake.patienceMinutes", "minutes", 0...10_080, \.patienceMinutes),
    number("intake.freeMegabytes", "megabytes", 0...10_000_000, \.freeMegabytes),
    Setting(path: "intake.owners", meaning: "user ids joined by commas") { configuration, value in
      let parts = value.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard parts.allSatisfy({ $0 != nil }) else { return false }
      configuration.owners = parts.compactMap { $0 }
      return true
    },
    number("run.jobs", "files at the same time", 1...64, \.jobs),
    Setting(path: "run.keepOriginals", meaning: "true or false") { configuration, value in
      guard value == "true" || value == "false" else { return false }
      configuration.keepOriginals = value == "true"
      return true
    },
    Setting(path: "receipts.mode", meaning: "a file mode such as 0640") { configuration, value in
      guard let mode = UInt32(value, radix: 8), mode & ~0o666 == 0, mode & 0o600 == 0o600 else { return false }
      configuration.receiptMode = mode
      return true
    },
    Setting(path: "sealing.recipients", meaning: "certificate files joined by commas") { configuration, value in
      configuration.sealingRecipients = value.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      return configuration.sealingRecipients.allSatisfy { !$0.isEmpty }
    },
    Setting(path: "sealing.key", meaning: "the file of a private key") { configuration, value in
      configuration.sealingKey = value
      return !value.isEmpty
    },
    days("retention.archive", \.retention.archive), days("retention.quarantine", \.retention.quarantine),
    days("retention.receipts", \.retention.receipts), days("retention.reports", \.retention.reports),
    days("retention.outbox", \.retention.outbox), days("retention.rejects", \.retention.rejects),
    Setting(path: "retention.outboxState", meaning: "sent or all") { configuration, value in
      configuration.retention.takesAllParcels = value == "all"
      return value == "sent" || value == "all"
    },
    text("metrics.file", "a file name below reports", \.metrics),
    Setting(path: "log.format", meaning: "text or json") { configuration, value in
      configuration.logFormat = value
      return value == "text" || value == "json"
    },
  ]

  /// Reads the file, then the environment over it.
  package static func read(_ path: String, environment: [String: String]) throws(ConfigurationFault) -> Configuration {
    var configuration = Configuration()
    let name = (path as NSString).lastPathComponent
    guard let data = FileManager.default.contents(atPath: path) else {
      if FileManager.default.fileExists(atPath: path) {
        throw ConfigurationFault("\(name) cannot be read by this user")
      }
      throw ConfigurationFault(
        "\(name) is not there. Make a project with «songhan init», or name its configuration with --config.")
    }
    guard let text = String(validating: data, as: UTF8.self) else { throw ConfigurationFault("\(name) is not UTF-8") }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      switch error as? YamlError {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw ConfigurationFault("\(name):\(mark.line):\(mark.column): not valid YAML: \(problem)")
      default: throw ConfigurationFault("\(name) is not valid YAML")
      }
    }
    if let root, let map = root.mapping {
      try configuration.take(map, prefix: "", name: name)
    } else if root != nil && root?.null == nil {
      throw ConfigurationFault("\(name): settings are expected, as «name: value»")
    }
    try configuration.take(environment)
    let conninfo = configuration.warehouse
    if conninfo.contains(#/password\s*=/#) || conninfo.contains(#/^[a-z]+://[^/@]*:[^/@]*@/#) {
      throw ConfigurationFault(
        "warehouse: a password does not belong here. Put it into ~/.pgpass or a service file (libpq reads them), and take it out."
      )
    }
    return configuration
  }

  /// Takes the variables `SONGHAN_…` of the environment.
  package mutating func take(_ environment: [String: String]) throws(ConfigurationFault) {
    for setting in Configuration.settings {
      if let value = environment[setting.variable], !setting.take(&self, value) {
        throw ConfigurationFault("\(setting.variable): \(setting.meaning) is expected")
      }
    }
  }

  private mutating func take(_ map: Node.Mapping, prefix: String, name: String) throws(ConfigurationFault) {
    for (key, value) in map {
      let path = prefix + (key.string ?? "?")
      let line = key.mark?.line ?? 0
      if path == "destinations" {
        destinations = try Configuration.destinations(value, name)
      } else if let setting = Configuration.settings.first(where: { $0.path == path }) {
        let text = value.sequence.map { $0.compactMap(\.string).joined(separator: ",") } ?? value.string ?? ""
        if text.isEmpty && value.sequence == nil { continue }
        if !setting.take(&self, text) {
          throw ConfigurationFault("\(name):\(line): \(path): \(setting.meaning) is expected")
        }
      } else if let inner = value.mapping, Configuration.settings.contains(where: { $0.path.hasPrefix(path + ".") }) {
        try take(inner, prefix: path + ".", name: name)
      } else if value.null == nil || !Configuration.settings.contains(where: { $0.path.hasPrefix(path + ".") }) {
        throw ConfigurationFault("\(name):\(line): there is no setting «\(path)»")
      }
    }
  }

  private static func destinations(_ node: Node, _ name: String) throws(ConfigurationFault) -> [Destination] {
    var result: [Destination] = []
    for (key, value) in node.mapping ?? Node.Mapping([]) {
      let line = key.mark?.line ?? 0
      guard let label = key.string, (try? FileName(label)) != nil else {
        throw ConfigurationFault("\(name):\(line): the name of a destination is a plain file name")
      }
      guard let format = ParcelFormat(rawValue: value.mapping?["format"]?.string ?? "") else {
        throw ConfigurationFault(
          "\(name):\(line): destinations.\(label).format: one of source, common-ndjson is expected")
      }
      let restricted = value.mapping?["restricted"]?.string
      guard restricted == nil || restricted == "true" || restricted == "false" else {
        throw ConfigurationFault("\(name):\(line): destinations.\(label).restricted: true or false is expected")
      }
      result.append(Destination(name: label, format: format, takesRestricted: restricted == "true"))
    }
    return result
  }
}
