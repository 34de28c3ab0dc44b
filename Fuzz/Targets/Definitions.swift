import Definitions
import Foundation

/// A folder of definitions with one file of fuzz in it: below SONGHAN_FUZZ_FOLDER, which the runner makes in memory and removes.
private let folder: String = {
  let base = ProcessInfo.processInfo.environment["SONGHAN_FUZZ_FOLDER"] ?? NSTemporaryDirectory()
  let folder = "\(base)/definitions-\(ProcessInfo.processInfo.processIdentifier)"
  for name in ["Pipelines", "Schemas/common", "Schemas/codes", "Schemas/fuzz", "Schemas/warehouse"] {
    try? FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
  }
  for (name, text) in whole { try? Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)")) }
  return folder
}()

/// Small definitions without a fault: each input takes the place of one of them.
private let whole: [(name: String, text: String)] = [
  ("Pipelines/fuzz.yaml", "feed: fuzz\ntitle: t\nreader: envelope\nsource: fuzz\nrows: []\n"),
  ("Schemas/fuzz/XML1.yaml", "name: XML1\nfields:\n  - {name: MA_LK, type: string}\n"),
  ("Schemas/common/encounter.yaml", "name: encounter\nfields:\n  - {name: encounter_key, type: text}\n"),
  ("Schemas/findings.yaml", "findings: []\n"),
  ("Schemas/codes/lists.yaml", "lists: {}\n"),
  ("Schemas/codes/list.csv", "code,name\n1,a\n"),
]

/// YAML and code lists: whatever they hold, there are definitions or faults with their place.
@Sendable func fuzzDefinitions(_ input: [UInt8]) throws {
  var choices = Choices(input)
  let (name, text) = whole[choices.number(below: whole.count)]
  let path = URL(filePath: "\(folder)/\(name)")
  try Data(choices.rest).write(to: path)
  defer { try? Data(text.utf8).write(to: path) }
  do throws(DefinitionFaults) {
    let definitions = try Definitions.load(folder)
    for feed in definitions.feeds.values { _ = try? definitions.mappers(of: feed) }
  } catch {
    must(!error.faults.isEmpty, "a refusal says why")
    _ = error.description
  }
}
