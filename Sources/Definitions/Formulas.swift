internal import Bytes
internal import Findings
internal import Records
internal import Transform

/// Reads what fills a column: a field name, or a map with one function and its settings.
enum Formulas {
  /// Every function with the settings it knows; the first setting that ends in `!` must be there.
  static let functions: [(name: String, settings: [String])] = [
    ("const", []), ("trim", []), ("upper", []), ("lower", []), ("nfc", []), ("replace", ["from!", "to!"]),
    ("match", ["pattern!", "group"]), ("split", ["by!", "part!"]), ("join", ["with!"]), ("concat", []),
    ("substring", ["from!", "length"]), ("lookup", ["list!", "default"]), ("number", ["decimalChar", "groupChar"]),
    ("date", ["formats"]), ("add", []), ("subtract", []), ("multiply", []), ("divide", []), ("coalesce", []),
    ("when", ["then!", "otherwise"]), ("surrogate", ["prefix"]), ("ref", ["take!", "on"]),
  ]

  /// A column's source.
  static func source(_ node: DefinitionNode) -> Mapping.Source? {
    if let field = node.string { return .field(field) }
    if node.isMap {
      for part in [Mapping.BirthPart.date, .precision, .moment] {
        guard let inner = node[part.rawValue] else { continue }
        node.allow(only: [part.rawValue])
        guard let field = inner.string else { return read(inner).map { .birth(part, $0) } }
        switch part {
        case .date: return .birthDate(field)
        case .precision: return .birthPrecision(field)
        case .moment: return .birthMoment(field)
        }
      }
      if let text = node["const"]?.string, node.pairs.count == 1 { return .constant(text) }
    }
    return read(node).map { .function($0) }
  }

  /// A field name, or a function.
  static func read(_ node: DefinitionNode) -> Formula? {
    if let field = node.string { return Formula(.field(field), place: node.place) }
    let known = functions.map(\.name)
    guard node.isMap else {
      node.fault("a field or a function is expected", mend: "write a field's name, or { trim: FIELD }")
      return nil
    }
    let names = node.pairs.compactMap { $0.key.string }
    let used = names.filter { known.contains($0) }
    guard used.count == 1, let name = used.first, let settings = functions.first(where: { $0.name == name })?.settings
    else {
      if used.count > 1 {
        node.fault(
          "two functions in one map: \(used.joined(separator: ", "))",
          mend: "put one inside of the other, { upper: { trim: FIELD } }")
      } else {
        let near = names.first.flatMap { name in
          known.min { DefinitionNode.distance($0, name) < DefinitionNode.distance($1, name) }
            .flatMap { DefinitionNode.distance($0, name) <= 2 ? $0 : nil }
        }
        let births = [Mapping.BirthPart.date, .precision, .moment].map(\.rawValue)
        node.fault(
          "not a way to fill a column",
          mend: near.map { "did you mean «\($0)»?" }
            ?? "a field, or one of \((known + births).joined(separator: ", "))")
      }
      return nil
    }
    node.allow(only: [name] + settings.map { $0.hasSuffix("!") ? String($0.dropLast()) : $0 })
    var isWhole = true
    for setting in settings where setting.hasSuffix("!") && node.isLacking(String(setting.dropLast())) {
      node.fault("\(name) needs «\(setting.dropLast())»", mend: "add it beside \(name)")
      isWhole = false
    }
    // a null is no value, but an empty text is one
    guard let argument = node.value(name) else {
      node.fault("\(name) has nothing to work on")
      return nil
    }
    guard isWhole, let kind = kind(name, argument, node) else { return nil }
    return Formula(kind, place: node.place)
  }

  private static func list(_ node: DefinitionNode, least: Int) -> [Formula]? {
    let items = node.isList ? node.items : [node]
    let read = items.map(Formulas.read)
    if items.count < least {
      node.fault("at least \(least) are expected", mend: "write [FIELD, FIELD]")
      return nil
    }
    let whole = read.compactMap(\.self)
    return whole.count == read.count ? whole : nil
  }

  private static func text(_ node: DefinitionNode, _ key: String) -> String? {
    guard let value = node.value(key) else { return nil }
    if let text = value.string { return text }
    value.fault("«\(key)» must be a text")
    return nil
  }

  private static func number(_ node: DefinitionNode, _ key: String) -> Int? {
    guard let value = node.value(key) else { return nil }
    if let number = value.int { return number }
    value.fault("«\(key)» must be a whole number")
    return nil
  }

  private static func kind(_ name: String, _ argument: DefinitionNode, _ node: DefinitionNode) -> Formula.Kind? {
    func one() -> Formula? { read(argument) }
    switch name {
    case "const":
      if let text = argument.string { return .constant(text) }
      argument.fault("a text is expected")
      return nil
    case "trim": return one().map { .trim($0) }
    case "upper": return one().map { .upper($0) }
    case "lower": return one().map { .lower($0) }
    case "nfc": return one().map { .nfc($0) }
    case "replace":
      guard let from = text(node, "from"), let to = text(node, "to"), let x = one() else { return nil }
      if from.isEmpty {
        node.fault("there is nothing to replace", mend: "give «from» a text")
        return nil
      }
      return .replace(x, from: from, to: to)
    case "match":
      guard let pattern = text(node, "pattern"), let x = one() else { return nil }
      do throws(BytesExpression.Fault) {
        let compiled = try BytesExpression(pattern)
        let group = node["group"] == nil ? min(1, compiled.groupCount) : number(node, "group") ?? 0
        guard group >= 0, group <= compiled.groupCount else {
          node["group"]?.fault("the pattern has \(compiled.groupCount) groups")
          return nil
        }
        return .match(x, pattern: pattern, group: group)
      } catch {
        node["pattern"]?.fault("the pattern cannot be read: \(error.message), at character \(error.position)")
        return nil
      }
    case "split":
      guard let by = text(node, "by"), let part = number(node, "part"), let x = one() else { return nil }
      if by.isEmpty || part == 0 {
        node.fault("split needs a text to split by, and a part from 1 (or from -1, counted from the end)")
        return nil
      }
      return .split(x, by: by, part: part)
    case "join":
      guard let with = text(node, "with"), let all = list(argument, least: 1) else { return nil }
      return .join(all, with: with)
    case "concat": return list(argument, least: 2).map { .concat($0) }
    case "substring":
      guard let from = number(node, "from"), let x = one() else { return nil }
      let length = number(node, "length")
      if from == 0 || (length ?? 1) < 1 {
        node.fault("characters count from 1 (or from -1, from the end), and a length is at least 1")
        return nil
      }
      return .substring(x, from: from, length: length)
    case "lookup":
      guard let list = text(node, "list"), let x = one() else { return nil }
      var fallback = Formula.Fallback.finding
      if let node = node.value("default") {
        if let text = node.string {
          fallback = .text(text)
        } else if node.isMap, node["keep"]?.bool == true {
          fallback = .keep
        } else {
          node.fault("a text is expected", mend: "write a text, or { keep: true } to keep what was sent")
        }
      }
      return .lookup(x, list: list.hasSuffix(".csv") ? String(list.dropLast(4)) : list, fallback: fallback)
    case "number":
      guard let x = one() else { return nil }
      let mark = node["decimalChar"].map { PlainTable.oneByte($0) ?? 0x2E } ?? 0x2E
      let group = Array((node.value("groupChar")?.string ?? "").utf8)
      if group == [mark] {
        node.fault("decimalChar and groupChar are the same", mend: "write both")
        return nil
      }
      return .number(x, decimalMark: mark, groupMark: group)
    case "date":
      guard let x = one() else { return nil }
      var formats: [String] = []
      for item in node["formats"].map({ $0.isList ? $0.items : [$0] }) ?? [] {
        let text = item.string ?? ""
        if DatePattern(text) == nil {
          item.fault("the format «\(text)» says no date", mend: PlainTable.dateMend(text))
        } else {
          formats.append(text)
        }
      }
      if node["formats"] != nil && formats.isEmpty { return nil }
      return .date(x, formats: formats)
    case "add", "subtract", "multiply", "divide":
      guard let operation = Formula.Operation(rawValue: name), let all = list(argument, least: 2) else { return nil }
      if all.count > 2 && (operation == .subtract || operation == .divide) {
        argument.fault("\(name) takes two", mend: "put one inside of the other")
        return nil
      }
      return .arithmetic(operation, all)
    case "coalesce": return list(argument, least: 1).map { .coalesce($0) }
    case "when":
      guard let conditions = argument.string.flatMap(Loader.conditions) else {
        argument.fault(
          "the condition cannot be read", mend: "use filled(F), blank(F), F in (1, 2), F not in (1, 2), joined by «and»"
        )
        return nil
      }
      guard let then = node.value("then").flatMap(read) else { return nil }
      var otherwise: Formula?
      if let inner = node.value("otherwise") {
        otherwise = read(inner)
        if otherwise == nil { return nil }
      }
      return .choose(conditions, then: then, otherwise: otherwise)
    case "surrogate":
      guard let all = list(argument, least: 1) else { return nil }
      return .surrogate(all, prefix: text(node, "prefix") ?? "")
    case "ref":
      guard let take = text(node, "take"), let x = one() else { return nil }
      let parts = take.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        node["take"]?.fault("a field of another table is expected", mend: "write take: TABLE.FIELD")
        return nil
      }
      return .reference(x, table: String(parts[0]), on: text(node, "on"), take: String(parts[1]))
    default: return nil
    }
  }
}

extension DefinitionNode {
  /// The value of a key, an empty text included; nil when the key is not there.
  func value(_ key: String) -> DefinitionNode? {
    pairs.first { $0.key.string == key }?.value
  }

  func isLacking(_ key: String) -> Bool { value(key) == nil }
}
