/// A small regular expression over bytes: literals, `[…]` classes, `( )` for grouping one run, and the counts `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`.
///
/// Every count takes as much as it can and never gives back, which is right for the patterns of code lists (`^K[0-9]{2,}([.A-Z0-9]*)$`) and
/// makes every match linear. The whole text must match.
package struct BytePattern: Sendable {
  private struct Step {
    var allowed: [Bool]
    var least: Int
    var most: Int
  }
  private var steps: [Step] = []

  /// Nil when the pattern uses what is not listed above.
  package init?(_ pattern: String) {
    var rest = Substring(pattern)
    if rest.hasPrefix("^") { rest = rest.dropFirst() }
    if rest.hasSuffix("$") { rest = rest.dropLast() }
    while let first = rest.first {
      rest = rest.dropFirst()
      var allowed = [Bool](repeating: false, count: 256)
      switch first {
      case "(", ")":
        if first == ")", let next = rest.first, "*+?{".contains(next) { return nil }
        continue
      case "[":
        guard let end = rest.firstIndex(of: "]") else { return nil }
        var letters = Array(rest[..<end].utf8)[...]
        rest = rest[rest.index(after: end)...]
        while let low = letters.popFirst() {
          if letters.count >= 2, letters.first == UInt8(ascii: "-") {
            letters.removeFirst()
            let high = letters.removeFirst()
            guard low <= high else { return nil }
            for byte in low...high { allowed[Int(byte)] = true }
          } else {
            allowed[Int(low)] = true
          }
        }
      case "\\":
        guard let escaped = rest.popFirst(), let byte = escaped.asciiValue, !escaped.isLetter, !escaped.isNumber else {
          return nil
        }
        allowed[Int(byte)] = true
      case "|", "*", "+", "?", "{", ".": return nil
      default:
        guard let byte = first.asciiValue else { return nil }
        allowed[Int(byte)] = true
      }
      var least = 1
      var most = 1
      switch rest.first {
      case "*": (least, most) = (0, .max)
      case "+": (least, most) = (1, .max)
      case "?": (least, most) = (0, 1)
      case "{":
        guard let end = rest.firstIndex(of: "}") else { return nil }
        let parts = rest[rest.index(after: rest.startIndex)..<end].split(
          separator: ",", omittingEmptySubsequences: false)
        guard let low = parts.first.flatMap({ Int($0) }) else { return nil }
        least = low
        most = parts.count == 1 ? low : parts[1].isEmpty ? .max : Int(parts[1]) ?? low
        rest = rest[end...]
      default: break
      }
      if let next = rest.first, "*+?}".contains(next) { rest = rest.dropFirst() }
      steps.append(Step(allowed: allowed, least: least, most: most))
    }
  }

  package func matches(_ text: Span<UInt8>) -> Bool {
    var i = 0
    for step in steps {
      var count = 0
      while count < step.most, i < text.count, step.allowed[Int(text[i])] {
        count += 1
        i += 1
      }
      if count < step.least { return false }
    }
    return i == text.count
  }
}
