internal import Bytes
internal import Records

/// The element paths of a layout, compiled to a state machine: each open element is a node or stands on no path, and what happens at a
/// node is a list of numbers. Nothing is looked up by `String` while a file is read.
struct RowPlan {
  /// An element that a path leads through or to.
  struct Node {
    /// It stands around the dossier's element.
    var isSpine = false
    /// Numbers of the schema's tables that get a row.
    var rows: [Int] = []
    /// Captures that begin anew with this element.
    var anchored: [Int] = []
    /// Captures that take the element's own text.
    var texts: [Int] = []
    var attributes: [(name: Int, address: Int, captures: [Int])] = []
    /// What is filled in when the element ends.
    var groups: [Int] = []
  }

  /// One thing to be read: all columns with the same path from the same element share it.
  struct Capture {
    /// It begins anew with an element around the dossier.
    var isOuter: Bool
    var join: [UInt8]?
    /// The first column that wants it.
    var table: Int
    var column: Int
  }

  /// The columns of one table that get their cells when one element ends.
  struct Group {
    var table: Int
    var fills: [(column: Int, capture: Int, absent: Int)] = []
  }

  private(set) var nodes: [Node] = []
  private(set) var captures: [Capture] = []
  private(set) var groups: [Group] = []
  /// Texts that stand for what is not there.
  private(set) var absents: [[UInt8]] = []
  /// Captures whose element stands around the dossier.
  private(set) var outer: [Int] = []
  /// Number of the dossier's node, or -1 when its path cannot be read.
  private(set) var dossier = -1
  private(set) var dossierDepth = 0
  /// The path of the dossier's element as the layout writes it.
  let path: String
  private(set) var faults: [String] = []

  private(set) var names = NameTable([])
  private var addresses: [[UInt8]] = []
  /// By node and name: where its edges begin, and behind the last one where they end.
  private var slots: [Int32] = []
  private var edges: [(address: Int32, node: Int32)] = []
  private var root = -1

  init(_ layout: XMLRowLayout, _ schema: SourceSchema) {
    path = layout.dossier
    var builder = Builder(namespaces: layout.namespaces)
    guard builder.placeDossier(layout.dossier) else {
      faults = builder.faults
      return
    }
    builder.place(layout.tables, schema)
    (nodes, captures, groups, absents, outer) = (
      builder.nodes, builder.captures, builder.groups, builder.absents, builder.outer
    )
    (dossier, dossierDepth, addresses) = (builder.dossier, builder.spine.count, builder.addresses)
    builder.checkAmbiguity()
    faults = builder.faults
    names = NameTable(builder.names)
    root = builder.spine.first ?? -1
    rootName = builder.steps[root].name
    rootAddress = builder.steps[root].address
    var byPlace: [Int: [(address: Int32, node: Int32)]] = [:]
    for (number, step) in builder.steps.enumerated() where step.parent >= 0 {
      byPlace[step.parent * builder.names.count + step.name, default: []]
        .append((Int32(truncatingIfNeeded: step.address), Int32(truncatingIfNeeded: number)))
    }
    for place in 0..<nodes.count * builder.names.count {
      slots.append(Int32(truncatingIfNeeded: edges.count))
      // those of one namespace before the one of any
      edges += (byPlace[place] ?? []).sorted { $0.address > $1.address }
    }
    slots.append(Int32(truncatingIfNeeded: edges.count))
  }

  private var rootName = -1
  private var rootAddress = -1

  /// The node of the document's root; -1 when it is another element.
  func rootNode(_ name: UnsafeBufferPointer<UInt8>, _ address: UnsafePointer<UInt8>?) -> Int {
    guard root >= 0, unsafe names.number(of: name.span) == rootName, unsafe isSame(address, rootAddress) else {
      return -1
    }
    return root
  }

  /// The node of an element below `node`; -1 when it stands on no path.
  func child(of node: Int, _ name: UnsafeBufferPointer<UInt8>, _ address: UnsafePointer<UInt8>?) -> Int {
    guard let name = unsafe names.number(of: name.span) else { return -1 }
    let place = node * names.names.count + name
    for i in Int(slots[place])..<Int(slots[place + 1]) {
      if unsafe isSame(address, Int(edges[i].address)) { return Int(edges[i].node) }
    }
    return -1
  }

  /// Whether a namespace is the one with this number; -1 is any.
  func isSame(_ address: UnsafePointer<UInt8>?, _ number: Int) -> Bool {
    guard number >= 0 else { return true }
    guard let address = unsafe address else { return addresses[number].isEmpty }
    let wanted = addresses[number]
    // ends at the zero byte at the latest
    for i in wanted.indices where unsafe address[i] != wanted[i] { return false }
    return unsafe address[wanted.count] == 0
  }
}

/// An element path as a layout writes it.
private struct RowPath {
  struct Step: Hashable {
    var name: String
    /// Number of the namespace, or -1 for any.
    var address: Int
  }

  /// How many elements it goes up first.
  var up = 0
  var steps: [Step] = []
  /// What is taken of the element it leads to; nil for its own text.
  var attribute: Step?
}

extension RowPlan {
  /// Puts the paths together, and collects what is wrong in them.
  fileprivate struct Builder {
    struct Place {
      var parent: Int
      var name: Int
      var address: Int
      var label: String
    }

    let namespaces: [String: String]
    var faults: [String] = []
    var nodes: [Node] = []
    /// Where each node stands.
    var steps: [Place] = []
    var names: [String] = []
    var addresses: [[UInt8]] = []
    var captures: [Capture] = []
    var groups: [Group] = []
    var absents: [[UInt8]] = []
    var outer: [Int] = []
    /// The nodes from the root to the dossier's element.
    var spine: [Int] = []
    var dossier = -1

    private var nameNumbers: [String: Int] = [:]
    private var addressNumbers: [String: Int] = [:]
    private var captureNumbers: [CaptureKey: Int] = [:]
    private var groupNumbers: [[Int]: Int] = [:]

    private struct CaptureKey: Hashable {
      var anchor: Int
      var node: Int
      var attribute: RowPath.Step?
      var join: String?
    }

    init(namespaces: [String: String]) { self.namespaces = namespaces }

    private mutating func number(ofName name: String) -> Int {
      if let number = nameNumbers[name] { return number }
      nameNumbers[name] = names.count
      names.append(name)
      return names.count - 1
    }

    private mutating func node(_ step: RowPath.Step, below parent: Int) -> Int {
      let name = number(ofName: step.name)
      if let known = steps.firstIndex(where: { $0.parent == parent && $0.name == name && $0.address == step.address }) {
        return known
      }
      nodes.append(Node())
      steps.append(Place(parent: parent, name: name, address: step.address, label: step.name))
      return nodes.count - 1
    }

    mutating func placeDossier(_ text: String) -> Bool {
      let owner = "dossier"
      guard text.hasPrefix("/"), text != "/" else {
        faults.append("\(owner): the path «\(text)» must begin at the document's root, like «/Export/Visits/Visit»")
        return false
      }
      guard
        let path = read(
          String(text.dropFirst()), owner, as: text, mayGoUp: false, mayEndWithAttribute: false),
        !path.steps.isEmpty
      else {
        if faults.isEmpty { faults.append("\(owner): the path «\(text)» names no element") }
        return false
      }
      var parent = -1
      for step in path.steps {
        parent = node(step, below: parent)
        spine.append(parent)
        nodes[parent].isSpine = true
      }
      dossier = parent
      nodes[dossier].isSpine = false
      return true
    }

    mutating func place(_ tables: [XMLRowLayout.Table], _ schema: SourceSchema) {
      if tables.isEmpty { faults.append("tables: none is given; name at least one") }
      var seen: Set<Int> = []
      for table in tables {
        guard let number = schema.table(table.table) else {
          let known = schema.tables.map(\.name).joined(separator: ", ")
          faults.append("table «\(table.table)»: the schema «\(schema.name)» has none of this name, only \(known)")
          continue
        }
        guard seen.insert(number).inserted else {
          faults.append("table «\(table.table)»: it is given twice; one path and one list of columns make its rows")
          continue
        }
        let owner = "table «\(table.table)»"
        guard let path = read(table.path, owner, mayGoUp: false, mayEndWithAttribute: false) else { continue }
        var row = dossier
        for step in path.steps { row = node(step, below: row) }
        nodes[row].rows.append(number)
        var columns: Set<Int> = []
        for column in table.columns {
          let owner = "table «\(table.table)», column «\(column.name)»"
          guard let index = schema.tables[number].column(column.name) else {
            faults.append("\(owner): the schema's table has no such column")
            continue
          }
          guard columns.insert(index).inserted else {
            faults.append("\(owner): it is given twice")
            continue
          }
          place(column, owner, row: row, table: number, column: index)
        }
      }
    }

    private mutating func place(_ entry: XMLRowLayout.Column, _ owner: String, row: Int, table: Int, column: Int) {
      guard let path = read(entry.path, owner, mayGoUp: true, mayEndWithAttribute: true) else { return }
      var anchor = row
      for _ in 0..<path.up {
        guard anchor >= 0, steps[anchor].parent >= 0 else {
          faults.append("\(owner): the path «\(entry.path)» goes up further than the document's root")
          return
        }
        anchor = steps[anchor].parent
      }
      let isOuter = nodes[anchor].isSpine
      var end = anchor
      for step in path.steps {
        end = node(step, below: end)
        if isOuter && end == dossier {
          faults.append("\(owner): the path «\(entry.path)» goes up out of the dossier's element and into it again")
          return
        }
      }
      if nodes[end].isSpine && path.attribute == nil {
        faults.append(
          "\(owner): the text of an element around the dossiers is only known behind them; take an attribute of it (@name) or an element in it"
        )
        return
      }
      let key = CaptureKey(anchor: anchor, node: end, attribute: path.attribute, join: entry.join)
      let capture = captureNumbers[key] ?? captures.count
      if capture == captures.count {
        captureNumbers[key] = capture
        captures.append(
          Capture(isOuter: isOuter, join: entry.join.map { Array($0.utf8) }, table: table, column: column))
        nodes[anchor].anchored.append(capture)
        if isOuter { outer.append(capture) }
        if let attribute = path.attribute {
          let name = number(ofName: attribute.name)
          if let known = nodes[end].attributes.firstIndex(where: {
            $0.name == name && $0.address == attribute.address
          }) {
            nodes[end].attributes[known].captures.append(capture)
          } else {
            nodes[end].attributes.append((name, attribute.address, [capture]))
          }
        } else {
          nodes[end].texts.append(capture)
        }
      }
      // rows get what an element around the dossier gave when the dossier ends
      let closing = isOuter ? dossier : anchor
      let group = groupNumbers[[closing, table]] ?? groups.count
      if group == groups.count {
        groupNumbers[[closing, table]] = group
        groups.append(Group(table: table))
        nodes[closing].groups.append(group)
      }
      var absent = -1
      if let text = entry.absent {
        absent = absents.count
        absents.append(Array(text.utf8))
      }
      groups[group].fills.append((column, capture, absent))
    }

    /// Two names of which one means every namespace cannot stand side by side: an element would be both.
    mutating func checkAmbiguity() {
      for (number, place) in steps.enumerated() where place.address < 0 {
        if steps.contains(where: { $0.parent == place.parent && $0.name == place.name && $0.address >= 0 }) {
          faults.append(
            "the element «\(place.label)» is written with a prefix in one path and without in another; write the prefix in both"
          )
        }
        for attribute in nodes[number].attributes where attribute.address < 0 {
          if nodes[number].attributes.contains(where: { $0.name == attribute.name && $0.address >= 0 }) {
            faults.append(
              "the attribute «\(names[attribute.name])» is written with a prefix in one path and without in another; write the prefix in both"
            )
          }
        }
      }
    }

    /// Takes a path apart; nil (and a fault) when it cannot be read.
    private mutating func read(
      _ text: String, _ owner: String, as written: String? = nil, mayGoUp: Bool, mayEndWithAttribute: Bool
    ) -> RowPath? {
      func fault(_ message: String) -> String { "\(owner): the path «\(written ?? text)» \(message)" }
      var path = RowPath()
      if text == "." { return path }
      var parts = text.split(separator: "/", omittingEmptySubsequences: false)[...]
      while parts.first == ".." {
        guard mayGoUp else {
          faults.append(fault("cannot go up; it begins at the dossier's element"))
          return nil
        }
        path.up += 1
        parts.removeFirst()
      }
      if path.up > 0 {
        if parts == ["."] { return path }
        if parts.isEmpty {
          faults.append(fault("ends with «..»; add «/@name» for an attribute or «/Name» for an element there"))
          return nil
        }
      }
      while let part = parts.popFirst() {
        let isAttribute = part.hasPrefix("@")
        if isAttribute && !(mayEndWithAttribute && parts.isEmpty) {
          faults.append(
            fault(
              mayEndWithAttribute ? "has an attribute before its end" : "names an attribute where an element is meant"))
          return nil
        }
        switch step(isAttribute ? part.dropFirst() : part) {
        case .success(let step):
          if isAttribute { path.attribute = step } else { path.steps.append(step) }
        case .failure(let problem):
          faults.append(fault(problem.message))
          return nil
        }
      }
      return path
    }

    private struct Problem: Error {
      var message: String
    }

    private mutating func step(_ text: Substring) -> Result<RowPath.Step, Problem> {
      if text.isEmpty { return .failure(Problem(message: "has an empty step; one «/» stands between two names")) }
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 2, parts.allSatisfy({ isName($0) }) else {
        return .failure(
          Problem(
            message:
              "has the step «\(text)», which is no name; only names, a prefix before «:», «@name», «.» and «../» can be written"
          ))
      }
      guard parts.count == 2 else { return .success(RowPath.Step(name: String(text), address: -1)) }
      let prefix = String(parts[0])
      guard
        let address = namespaces[prefix] ?? (prefix == "xml" ? "http://www.w3.org/XML/1998/namespace" : nil)
      else { return .failure(Problem(message: "has the prefix «\(prefix)», which «namespaces» does not declare")) }
      let number = addressNumbers[address] ?? addresses.count
      if number == addresses.count {
        addressNumbers[address] = number
        addresses.append(Array(address.utf8))
      }
      return .success(RowPath.Step(name: String(parts[1]), address: number))
    }

    private func isName(_ text: Substring) -> Bool {
      guard let first = text.utf8.first else { return false }
      func isStart(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F || byte >= 0x80
      }
      return isStart(first)
        && text.utf8.allSatisfy { isStart($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x2E }
    }
  }
}
