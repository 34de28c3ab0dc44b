internal import Bytes
internal import ExtractXML
internal import Foundation
internal import Records

/// An element of an XML file whose occurrences are rows.
package struct XMLTable: Codable, Sendable {
  package var name: String
  /// From the dossier's element, as a feed writes it.
  package var path: String
  package var rows: Int
  package var columns: [ColumnProfile] = []
  /// By column, from the row's element.
  package var paths: [String] = []
  /// By column: several values may stand in one row.
  package var areLists: [Bool] = []
}

/// How an XML file may be cut into dossiers and rows.
package struct XMLShape: Codable, Sendable {
  /// The dossier's element, from the document's root.
  package var dossier: String
  /// Prefixes of the paths.
  package var namespaces: [String: String] = [:]
  /// That of the dossiers first.
  package var tables: [XMLTable] = []
  /// Other elements that could be the dossiers.
  package var others: [String] = []
}

/// Chooses dossiers and rows among the elements of a file.
struct XMLShaper {
  private let nodes: [XMLOutline.Node]
  private var profiles: [ColumnProfile]
  private let work: [ColumnProfile.Work]
  private var prefixes: [String: String] = [:]

  /// Reads the whole file. Nil when it has no elements that could be rows.
  static func shape(
    _ file: InspectedFile, _ root: String?, _ report: inout FileInspection, _ kept: inout Int
  ) throws(ReaderFailure) {
    var profiles: [ColumnProfile] = []
    var work: [ColumnProfile.Work] = []
    var mostKept = Inspection.mostKept - kept
    let outline = try XMLOutline(source: file.source()) { node, value in
      while profiles.count <= node {
        profiles.append(ColumnProfile(name: ""))
        work.append(ColumnProfile.Work())
      }
      if profiles[node].add(value, work[node], mayKeep: mostKept > 0) { mostKept -= 1 }
    }
    kept = Inspection.mostKept - mostKept
    report.encoding = EncodingEvidence(
      encoding: outline.encoding.lowercased(), isCertain: true, reasons: ["as the file itself says, or by default"])
    if let code = outline.refusal {
      report.doubts.append("the file is refused: \(code) (songhan rules explain \(code))")
      return
    }
    while profiles.count < outline.nodes.count {
      profiles.append(ColumnProfile(name: ""))
      work.append(ColumnProfile.Work())
    }
    for (number, node) in outline.nodes.enumerated() {
      profiles[number].name = node.name
      profiles[number].finish(work[number])
    }
    let shaper = XMLShaper(outline.nodes, profiles, work)
    guard let shape = shaper.shape(root) else {
      report.doubts.append(
        root.map { "no element is called «\($0)», or it has nothing in it" }
          ?? "no element looks like a visit: name the one that is with --root NAME")
      return
    }
    report.shape = shape
    report.rows = shape.tables.first?.rows ?? 0
  }

  private init(_ nodes: [XMLOutline.Node], _ profiles: [ColumnProfile], _ work: [ColumnProfile.Work]) {
    (self.nodes, self.profiles, self.work) = (nodes, profiles, work)
    var number = 0
    for node in nodes {
      guard let address = node.namespace, prefixes[address] == nil else { continue }
      number += 1
      prefixes[address] = number == 1 ? "n" : "n\(number)"
    }
  }

  // MARK: which element

  private func isStructured(_ node: Int) -> Bool { !nodes[node].children.isEmpty }

  /// Attributes and elements that stand once in the element, also inside of others that do.
  private func singles(_ node: Int) -> [Int] {
    nodes[node].children.flatMap { child in
      nodes[child].most > 1 ? [] : [child] + singles(child)
    }
  }

  private func keys(_ node: Int) -> [Int] {
    singles(node).filter { profiles[$0].isUnique == true || profiles[$0].isUniqueWhereFilled }
  }

  private func score(_ node: Int) -> Int {
    let words = FoldedName.words(nodes[node].name).joined()
    let visit = ["visit", "luot", "kham", "encounter", "hoso", "dieutri", "benhan", "xml1"]
    let own = singles(node)
    let values = own.count { nodes[$0].hasText }
    var score = visit.contains { words.contains($0) } ? 100 : 0
    if nodes[node].count > 1 { score += 20 }
    if !keys(node).isEmpty { score += 30 }
    if own.contains(where: { [.date, .datetime].contains(profiles[$0].kind) }) { score += 10 }
    // an element that only holds others is no visit
    if values < 2 { score -= 100 }
    return score
  }

  private func shape(_ root: String?) -> XMLShape? {
    let candidates = nodes.indices.filter { !nodes[$0].isAttribute && isStructured($0) }
    let chosen: Int
    var others: [Int] = []
    if let root {
      let wanted = FoldedName.plain(root)
      guard let found = candidates.first(where: { FoldedName.plain(nodes[$0].name) == wanted }) else { return nil }
      chosen = found
    } else {
      let scored = candidates.map { (node: $0, score: score($0)) }.filter { $0.score > 0 }
      guard let best = scored.max(by: { ($0.score, -$0.node) < ($1.score, -$1.node) }) else { return nil }
      chosen = best.node
      others = scored.filter { $0.node != chosen && nodes[$0.node].most > 1 }.map(\.node)
    }
    var shape = XMLShape(dossier: "/" + spine(chosen).map(step).joined(separator: "/"))
    shape.others = others.map { nodes[$0].name }
    shape.namespaces = Dictionary(uniqueKeysWithValues: prefixes.map { ($1, $0) })
    var names: Set<String> = []
    var waiting = [chosen]
    while !waiting.isEmpty {
      let node = waiting.removeFirst()
      var table = XMLTable(
        name: unique(FoldedName.plain(nodes[node].name), &names),
        path: node == chosen ? "." : path(from: chosen, to: node), rows: nodes[node].count)
      var draft = Draft(rows: nodes[node].count)
      if node != chosen {
        // what the rows belong to comes first; it is named once the key is known
        let between = spine(node).dropFirst(spine(chosen).count).dropLast()
        collect(node, "", &draft, &waiting)
        for (up, outer) in between.reversed().enumerated() where nodes[outer].most > 1 {
          attributes(of: outer, String(repeating: "../", count: up + 1), &draft)
        }
      } else {
        collect(node, "", &draft, &waiting)
        around(chosen, &draft)
      }
      table.columns = draft.columns
      table.paths = draft.paths
      table.areLists = draft.areLists
      shape.tables.append(table)
    }
    addKeys(&shape, chosen)
    return shape.tables[0].columns.isEmpty ? nil : shape
  }

  /// From the root to the element.
  private func spine(_ node: Int) -> [Int] {
    var result = [node]
    while let first = result.first, nodes[first].parent >= 0 { result.insert(nodes[first].parent, at: 0) }
    return result
  }

  private func path(from outer: Int, to node: Int) -> String {
    spine(node).dropFirst(spine(outer).count).map(step).joined(separator: "/")
  }

  private func step(_ node: Int) -> String {
    if nodes[node].isAttribute { return "@" + nodes[node].name }
    guard let address = nodes[node].namespace, let prefix = prefixes[address] else { return nodes[node].name }
    return "\(prefix):\(nodes[node].name)"
  }

  // MARK: columns

  private struct Draft {
    let rows: Int
    var columns: [ColumnProfile] = []
    var paths: [String] = []
    var areLists: [Bool] = []
  }

  /// - Parameter isOwn: false where it stands around the rows, so that a value goes to many of them.
  private func add(_ node: Int, _ path: String, _ draft: inout Draft, isList: Bool = false, isOwn: Bool = true) {
    var profile = profiles[node]
    // `Period/@start` is the column Period start
    profile.name = path.split(separator: "/").filter { $0 != ".." && $0 != "." }
      .map { $0.split(separator: ":").last ?? $0 }.joined(separator: " ").replacing("@", with: "")
    // of an element around the row: `Patient id`
    if path.hasPrefix("../"), nodes[node].isAttribute, !profile.name.contains(" ") {
      profile.name = nodes[nodes[node].parent].name + " " + profile.name
    }
    if profile.name.isEmpty { profile.name = nodes[node].name }
    if isOwn, !isList {
      profile.missing += max(0, draft.rows - profile.values - profile.missing)
      if profile.missing > 0, profile.isUnique == true {
        (profile.isUnique, profile.isUniqueWhereFilled) = (false, profile.values > 0)
      }
    } else {
      (profile.isUnique, profile.isUniqueWhereFilled) = (false, false)
    }
    draft.columns.append(profile)
    draft.paths.append(path)
    draft.areLists.append(isList)
  }

  private func attributes(of node: Int, _ way: String, _ draft: inout Draft) {
    for child in nodes[node].children where nodes[child].isAttribute {
      add(child, way + step(child), &draft, isOwn: false)
    }
  }

  /// What stands once in a row's element becomes columns; what repeats, lists or tables of its own.
  private func collect(_ node: Int, _ way: String, _ draft: inout Draft, _ waiting: inout [Int]) {
    if way.isEmpty, nodes[node].hasText { add(node, ".", &draft) }
    for child in nodes[node].children {
      let path = way + step(child)
      if nodes[child].isAttribute {
        add(child, path, &draft)
      } else if nodes[child].most > 1 {
        if isStructured(child) { waiting.append(child) } else { add(child, path, &draft, isList: true) }
      } else {
        if nodes[child].hasText || !isStructured(child) { add(child, path, &draft) }
        collect(child, path + "/", &draft, &waiting)
      }
    }
  }

  /// What elements around the dossier say before it.
  private func around(_ dossier: Int, _ draft: inout Draft) {
    var inner = dossier
    var way = "../"
    while nodes[inner].parent >= 0 {
      let outer = nodes[inner].parent
      attributes(of: outer, way, &draft)
      func descend(_ node: Int, _ way: String) {
        let path = way + step(node)
        if nodes[node].isAttribute { return add(node, path, &draft, isOwn: false) }
        if nodes[node].hasText { add(node, path, &draft, isOwn: false) }
        for child in nodes[node].children where nodes[child].most == 1 { descend(child, path + "/") }
      }
      for child in nodes[outer].children
      where !nodes[child].isAttribute && nodes[child].most == 1 && child < inner && child != inner {
        descend(child, way)
      }
      inner = outer
      way += "../"
    }
  }

  /// Rows of the other tables get the dossier's key as their first column.
  private func addKeys(_ shape: inout XMLShape, _ dossier: Int) {
    guard let key = XMLShaper.key(of: shape.tables[0]) else { return }
    for number in shape.tables.indices.dropFirst() {
      let ups = shape.tables[number].path.split(separator: "/").count
      var profile = shape.tables[0].columns[key]
      (profile.isUnique, profile.isUniqueWhereFilled) = (false, false)
      shape.tables[number].columns.insert(profile, at: 0)
      shape.tables[number].paths.insert(
        String(repeating: "../", count: ups) + shape.tables[0].paths[key], at: 0)
      shape.tables[number].areLists.insert(false, at: 0)
    }
  }

  /// The column that tells the rows apart: rather the element's own than one deep inside.
  static func key(of table: XMLTable) -> Int? {
    let keys = table.columns.indices.filter {
      table.columns[$0].isUnique == true || table.columns[$0].isUniqueWhereFilled
    }.filter { [.code, .integer, .text].contains(table.columns[$0].kind) }
    func depth(_ column: Int) -> Int { table.paths[column].split(separator: "/").count }
    return keys.min { (depth($0), $0) < (depth($1), $1) }
  }

  private func unique(_ name: String, _ seen: inout Set<String>) -> String {
    var name = name.first?.isLetter == true ? name : "rows"
    while !seen.insert(name).inserted { name += "_2" }
    return name
  }
}
