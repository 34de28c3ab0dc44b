internal import Bytes
package import Definitions
package import Files
internal import Foundation
package import Postgres

/// A project folder: its settings, folders and registry.
package struct Project: Sendable {
  /// Absolute path of the folder that holds the configuration.
  package let root: String
  package let configuration: Configuration

  /// Opens the project of a configuration file.
  package init(configuration path: String, environment: [String: String]) throws(ConfigurationFault) {
    let url = URL(filePath: path).standardizedFileURL
    configuration = try Configuration.read(url.path(percentEncoded: false), environment: environment)
    root = url.deletingLastPathComponent().path(percentEncoded: false)
  }

  package func path(_ name: String) -> String {
    name.hasPrefix("/") ? name : root + (root.hasSuffix("/") ? "" : "/") + name
  }

  package func registry() throws(ConfigurationFault) -> Registry {
    try Registry.read(path(configuration.registry))
  }

  /// The folder of definitions this project uses.
  package var definitionsFolder: String? {
    Definitions.locate(configuration.definitions.map { path($0) }, project: root)
  }

  package func definitions() throws -> Definitions {
    guard let folder = definitionsFolder else {
      throw ConfigurationFault(
        "the folders Schemas and Pipelines were not found. Name their folder with «definitions:» in songhan.yaml.")
    }
    return try Definitions.load(folder)
  }

  /// What mappings make surrogates by; nil when no file is named.
  ///
  /// - Throws: when others could read or replace the file, or it is empty.
  package func surrogateKey() throws(FileFailure) -> [UInt8]? {
    guard let file = configuration.surrogateKeyFile else { return nil }
    return try Secret(path: path(file)).withBytes { bytes in
      var key: [UInt8] = []
      key.reserveCapacity(bytes.count)
      for i in bytes.indices { key.append(bytes[i]) }
      return key
    }
  }

  /// Opens one of the project's folders; the path may be absolute.
  package func directory(_ name: String, creating: Bool = true) throws(FileFailure) -> Directory {
    try Directory(path: path(name), creating: creating)
  }

  /// The embedded cluster of this project.
  package func cluster() throws(ClusterFailure) -> EmbeddedCluster {
    try EmbeddedCluster(folder: path(".warehouse"))
  }

  package var isEmbedded: Bool { configuration.warehouse == "embedded" }

  /// What libpq needs to connect to the warehouse.
  package func conninfo() throws(ClusterFailure) -> String {
    isEmbedded ? try cluster().conninfo : configuration.warehouse
  }
}

extension Project {
  /// The exceptions of the feeds in use today; none when the definitions cannot be read, which `doctor` tells.
  package func exceptions() -> [ExceptionLine] {
    guard let definitions = try? definitions(), let registry = try? registry() else { return [] }
    let feeds = Set(registry.facilities.map(\.feed)).sorted().compactMap { definitions.feeds[$0] }
    return feeds.flatMap { definitions.exceptions(of: $0, on: Clock.now().day) }
  }

  /// Makes the inbox folder of a hospital.
  package func makeInbox(of code: String) throws {
    let inbox = try directory(configuration.inbox)
    _ = try Directory(try FileName(code), in: inbox, creating: true)
  }

  /// How many files lie in each hospital's inbox folder.
  package func waiting() throws(RunFailure) -> [(facility: String, files: Int)] {
    do throws(FileFailure) {
      let listing = try Inbox.list(try directory(configuration.inbox))
      return Dictionary(grouping: listing.files, by: \.facility).map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
    } catch {
      throw .files(error)
    }
  }
}
