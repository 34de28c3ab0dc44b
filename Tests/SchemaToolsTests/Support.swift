import Definitions
import Foundation
import SchemaTools
import Testing

/// The repository's root, where `Schemas` and `Pipelines` stand.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path(percentEncoded: false)

/// The repository's own schemas.
let ownFolder = SchemaFolder(repository)

let ownDefinitions = Result { () throws(DefinitionFaults) in try Definitions.load(repository) }

/// A folder of one test, removed behind it.
final class Folder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/songhan-schema-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ text: String, as name: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
    return file
  }

  func write(_ files: [String: String]) throws { for (name, text) in files { try write(text, as: name) } }
}

/// Programs of others that some tests ask; `make test` sets them up.
enum Tool {
  static let xmllint = ["/usr/bin/xmllint", "/usr/local/bin/xmllint"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// Python with frictionless and jsonschema.
  static let python: String? = {
    let path = repository + ".build/tools/bin/python"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  static var frictionless: String? {
    let path = repository + ".build/tools/bin/frictionless"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  struct Outcome {
    var code: Int32
    var output: String
    var errors: String
  }

  static func run(_ program: String, _ arguments: [String], in folder: Folder) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder.path)
    // files, because a full pipe would stop the program
    let out = try folder.write("", as: "out." + UUID().uuidString)
    let err = try folder.write("", as: "err." + UUID().uuidString)
    process.standardOutput = FileHandle(forWritingAtPath: out)
    process.standardError = FileHandle(forWritingAtPath: err)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    defer { for file in [out, err] { try? FileManager.default.removeItem(atPath: file) } }
    return Outcome(
      code: process.terminationStatus, output: try String(contentsOfFile: out, encoding: .utf8),
      errors: try String(contentsOfFile: err, encoding: .utf8))
  }
}
