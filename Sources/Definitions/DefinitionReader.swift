package import Transform
internal import Yams

/// Something wrong in a definition: where it stands and how to mend it.
package struct DefinitionFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// Path below the definitions' folder.
  package var file: String
  /// From 1; 0 when the file as a whole is meant.
  package var line: Int
  package var column: Int
  package var message: String
  /// What to do; nil when the message says it.
  package var mend: String?

  package init(file: String, line: Int = 0, column: Int = 0, message: String, mend: String? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.mend = mend
  }

  package var description: String {
    let place = line > 0 ? "\(file):\(line):\(column)" : file
    return "\(place): \(message)" + (mend.map { "; \($0)" } ?? "")
  }
}

extension DefinitionFault {
  /// A fault of a mapping, in the file of its feed.
  package init(_ fault: MappingFault, file: String) {
    let path = fault.rowSet.map { set in
      fault.column.map { "row set \(set + 1), column \($0): " } ?? "row set \(set + 1): "
    }
    self.init(
      file: file, line: fault.place?.line ?? 0, column: fault.place?.column ?? 0,
      message: (path ?? "") + fault.message, mend: fault.mend)
  }
}

/// All that is wrong in the definitions, at once.
package struct DefinitionFaults: Error, Sendable, CustomStringConvertible {
  package var faults: [DefinitionFault]
  package var description: String { faults.map(\.description).joined(separator: "\n") }

  package init(faults: [DefinitionFault]) { self.faults = faults }
}

/// A YAML value with its place in the file; collects what is wrong instead of stopping at the first.
package struct DefinitionNode {
  package final class Document {
    package let file: String
    package internal(set) var faults: [DefinitionFault] = []
    init(file: String) { self.file = file }
  }

  let node: Node
  package let document: Document

  /// Reads a YAML text; nil (with a fault noted) when it is no YAML or empty.
  package static func read(_ text: String, file: String) -> (DefinitionNode?, Document) {
    let document = Document(file: file)
    // everything is read as text, so that no tag has to be resolved: ten times as fast
    do {
      if let node = try Yams.compose(yaml: text, .basic) {
        return (DefinitionNode(node: node, document: document), document)
      }
      document.faults.append(DefinitionFault(file: file, message: "the file is empty"))
    } catch let error as YamlError {
      var place = (line: 0, column: 0)
      var message = "not valid YAML"
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        place = (mark.line, mark.column)
        message = "not valid YAML: \(problem)"
      case .duplicatedKeysInMapping(_, _): message = "not valid YAML: the same key twice in one map"
      default: break
      }
      document.faults.append(DefinitionFault(file: file, line: place.line, column: place.column, message: message))
    } catch {
      document.faults.append(DefinitionFault(file: file, message: "not valid YAML"))
    }
    return (nil, document)
  }

  package func fault(_ message: String, mend: String? = nil) {
    document.faults.append(
      DefinitionFault(
        file: document.file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, message: message, mend: mend))
  }

  private func with(_ node: Node) -> DefinitionNode { DefinitionNode(node: node, document: document) }

  package var string: String? { node.scalar?.string }
  package var int: Int? { node.scalar.flatMap { Int($0.string) } }
  package var bool: Bool? {
    switch node.scalar?.string {
    case "true": true
    case "false": false
    default: nil
    }
  }
  package var isNull: Bool {
    node.scalar.map { $0.string == "null" || $0.string == "~" || ($0.string.isEmpty && $0.style == .plain) } ?? false
  }

  package subscript(key: String) -> DefinitionNode? {
    guard let map = node.mapping, let value = map[key] else { return nil }
    let found = with(value)
    return found.isNull ? nil : found
  }

  /// Where it stands, from 1; 0 when that is not known.
  package var line: Int { node.mark?.line ?? 0 }
  package var column: Int { node.mark?.column ?? 0 }

  package var items: [DefinitionNode] { node.sequence.map { $0.map(with) } ?? [] }
  package var pairs: [(key: DefinitionNode, value: DefinitionNode)] {
    node.mapping.map { $0.map { (with($0.key), with($0.value)) } } ?? []
  }
  package var isMap: Bool { node.mapping != nil }
  package var isList: Bool { node.sequence != nil }

  /// The strings of a list; one string counts as a list of one.
  package var strings: [String] {
    if let string { return [string] }
    return items.compactMap { item in
      if item.string == nil { item.fault("a text is expected here") }
      return item.string
    }
  }

  package func required(_ key: String) -> DefinitionNode? {
    if let value = self[key] { return value }
    fault("«\(key)» is missing", mend: "add it")
    return nil
  }

  package func requiredString(_ key: String) -> String? {
    guard let value = required(key) else { return nil }
    if let string = value.string { return string }
    value.fault("«\(key)» must be a text")
    return nil
  }

  /// Notes keys that are not among `known`, with the likely one.
  package func allow(only known: [String]) {
    for (key, _) in pairs {
      guard let name = key.string, !known.contains(name) else { continue }
      let near = known.min { DefinitionNode.distance($0, name) < DefinitionNode.distance($1, name) }
      let mend = near.flatMap { DefinitionNode.distance($0, name) <= 3 ? "did you mean «\($0)»?" : nil }
      key.fault("unknown key «\(name)»", mend: mend ?? "known here: \(known.joined(separator: ", "))")
    }
  }

  /// How many letters have to change to make one word of the other.
  package static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.lowercased())
    let b = Array(b.lowercased())
    var previous = Array(0...b.count)
    for i in a.indices {
      var current = [i + 1]
      for j in b.indices {
        current.append(min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1))
      }
      previous = current
    }
    return previous[b.count]
  }
}
