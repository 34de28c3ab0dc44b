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

  /// A value as it was read, with what is in it once somebody asks. The library's own nodes cost more to copy, and keys among them more to find,
  /// than the text to read.
  private final class Value {
    private let node: Node
    let line: Int
    let column: Int
    let text: String?
    private(set) lazy var items: [Value]? = node.sequence?.map { Value($0) }
    private(set) lazy var keys: [Value]? = node.mapping?.map { Value($0.key) }
    private(set) lazy var values: [Value] = node.mapping?.map { Value($0.value) } ?? []

    init(_ node: Node) {
      self.node = node
      (line, column) = node.mark.map { ($0.line, $0.column) } ?? (0, 0)
      text = node.scalar?.string
    }

    var isNull: Bool { text == "null" || text == "~" || (text == "" && node.scalar?.style == .plain) }

    subscript(key: String) -> Value? {
      guard let keys, let place = keys.lastIndex(where: { $0.text == key }) else { return nil }
      return values[place]
    }
  }

  private let value: Value
  package let document: Document

  private init(_ value: Value, _ document: Document) { (self.value, self.document) = (value, document) }

  /// Reads a YAML text; nil (with a fault noted) when it is no YAML or empty.
  package static func read(_ text: String, file: String) -> (DefinitionNode?, Document) {
    let document = Document(file: file)
    // everything is read as text, so that no tag has to be resolved: ten times as fast
    do {
      if let node = try Yams.compose(yaml: text, .basic) {
        return (DefinitionNode(Value(node), document), document)
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
        file: document.file, line: value.line, column: value.column, message: message, mend: mend))
  }

  private func with(_ value: Value) -> DefinitionNode { DefinitionNode(value, document) }

  package var string: String? { value.text }
  package var int: Int? { value.text.flatMap { Int($0) } }
  package var bool: Bool? {
    switch value.text {
    case "true": true
    case "false": false
    default: nil
    }
  }
  package var isNull: Bool { value.isNull }

  package subscript(key: String) -> DefinitionNode? {
    guard let found = value[key], !found.isNull else { return nil }
    return with(found)
  }

  /// Where it stands, from 1; 0 when that is not known.
  package var line: Int { value.line }
  package var column: Int { value.column }

  package var items: [DefinitionNode] { value.items?.map(with) ?? [] }
  package var pairs: [(key: DefinitionNode, value: DefinitionNode)] {
    zip(value.keys ?? [], value.values).map { (with($0), with($1)) }
  }
  package var isMap: Bool { value.keys != nil }
  package var isList: Bool { value.items != nil }

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
