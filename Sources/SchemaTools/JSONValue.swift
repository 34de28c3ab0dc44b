/// JSON whose objects keep the order they are made in, for files that people read.
package indirect enum JSONValue: Sendable {
  case null
  case flag(Bool)
  case integer(Int)
  /// A number as it is to be written.
  case number(String)
  case text(String)
  case list([JSONValue])
  case object([(String, JSONValue)])

  static func texts(_ items: [String]) -> JSONValue { .list(items.map { .text($0) }) }

  /// Indented by two blanks, with a line end.
  package var document: String {
    var text = ""
    write(to: &text, 0)
    return text + "\n"
  }

  private func write(to text: inout String, _ depth: Int) {
    let indent = String(repeating: "  ", count: depth + 1)
    switch self {
    case .null: text += "null"
    case .flag(let flag): text += flag ? "true" : "false"
    case .integer(let number): text += String(number)
    case .number(let number): text += number
    case .text(let string): JSONValue.quote(string, &text)
    case .list(let items):
      let isShort = items.allSatisfy { if case .text(let t) = $0 { t.utf8.count < 24 } else { false } }
      if items.isEmpty || (isShort && items.count <= 8) {
        text += "["
        for (i, item) in items.enumerated() {
          if i > 0 { text += ", " }
          item.write(to: &text, depth)
        }
        text += "]"
        return
      }
      text += "[\n"
      for (i, item) in items.enumerated() {
        text += indent
        item.write(to: &text, depth + 1)
        text += i + 1 < items.count ? ",\n" : "\n"
      }
      text += String(indent.dropLast(2)) + "]"
    case .object(let pairs):
      if pairs.isEmpty {
        text += "{}"
        return
      }
      text += "{\n"
      for (i, pair) in pairs.enumerated() {
        text += indent
        JSONValue.quote(pair.0, &text)
        text += ": "
        pair.1.write(to: &text, depth + 1)
        text += i + 1 < pairs.count ? ",\n" : "\n"
      }
      text += String(indent.dropLast(2)) + "}"
    }
  }

  private static func quote(_ string: String, _ text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        if scalar.value < 0x20 {
          let hex = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    text += "\""
  }
}
