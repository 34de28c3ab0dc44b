/// A regular expression over UTF-8 text whose matching takes time in proportion to the text, whatever the expression.
///
/// Known are letters, `.`, classes with ranges and `^`, `\d \w \s` and their opposites, escaped signs, `\t \n \r`, groups `( )` and `(?: )`, `|`,
/// the counts `* + ? {n} {n,} {n,m}` with their reluctant forms, `^` and `$`. All threads of the expression walk through the text together
/// (Thompson, Pike); there is no going back, so no look-around and no back references.
package struct BytesExpression: Sendable, Hashable {
  fileprivate enum Step: Sendable, Hashable {
    case scalar(UInt32)
    /// Number of a class.
    case set(Int)
    case anyScalar
    case start
    case end
    case save(Int)
    /// The first way is tried first.
    case split(Int, Int)
    case jump(Int)
    case match
  }

  fileprivate struct Set: Sendable, Hashable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated: Bool

    func contains(_ scalar: UInt32) -> Bool {
      for range in ranges where range.contains(scalar) { return !isNegated }
      return isNegated
    }
  }

  /// As written.
  package let text: String
  /// How many groups it captures; group 0 is the whole match.
  package let groupCount: Int
  private let steps: [Step]
  private let sets: [Set]
  /// For whole texts of ASCII; nil when it would be too large, or the expression asks where the text begins or ends.
  package let automaton: Automaton?

  package static func == (a: BytesExpression, b: BytesExpression) -> Bool { a.text == b.text }
  package func hash(into hasher: inout Hasher) { hasher.combine(text) }

  /// What is wrong with an expression.
  package struct Fault: Error, Sendable, Hashable {
    package var message: String
    /// In characters, from 1.
    package var position: Int
  }

  /// The longest program an expression may become.
  private static let mostSteps = 20_000

  package init(_ text: String) throws(Fault) {
    var parser = Parser(text)
    let node = try parser.parse()
    var compiler = Compiler()
    compiler.emit(.save(0))
    compiler.write(node)
    compiler.emit(.save(1))
    compiler.emit(.match)
    guard compiler.steps.count <= BytesExpression.mostSteps else {
      throw Fault(message: "the expression is too large", position: 1)
    }
    self.text = text
    groupCount = parser.groups
    steps = compiler.steps
    sets = compiler.sets
    automaton = Automaton(steps, sets)
  }

  // MARK: reading the expression

  private indirect enum Part {
    case empty
    case scalar(UInt32)
    case set(Set)
    case anyScalar
    case start
    case end
    case group(Part, Int)
    case sequence([Part])
    case choice([Part])
    case repeated(Part, least: Int, most: Int?, isReluctant: Bool)

    /// How many steps it becomes, capped.
    var size: Int {
      switch self {
      case .empty: 0
      case .scalar, .set, .anyScalar, .start, .end: 1
      case .group(let part, _): part.size + 2
      case .sequence(let parts): min(parts.reduce(0) { $0 + $1.size }, 1 << 30)
      case .choice(let parts): min(parts.reduce(0) { $0 + $1.size + 2 }, 1 << 30)
      case .repeated(let part, let least, let most, _):
        min((part.size + 2).multipliedReportingOverflow(by: max(most ?? least + 1, 1)).partialValue, 1 << 30)
      }
    }
  }

  private struct Parser {
    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var depth = 0
    var groups = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    private func fault(_ message: String) -> Fault { Fault(message: message, position: at + 1) }

    mutating func parse() throws(Fault) -> Part {
      let part = try choice()
      if next != nil { throw fault("a «)» without its «(»") }
      return part
    }

    private mutating func choice() throws(Fault) -> Part {
      depth += 1
      defer { depth -= 1 }
      if depth > 50 { throw fault("groups are nested too deeply") }
      var parts = [try sequence()]
      while next == "|" {
        at += 1
        parts.append(try sequence())
      }
      return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(Fault) -> Part {
      var parts: [Part] = []
      while let scalar = next, scalar != "|", scalar != ")" {
        let part = try counted(try atom())
        if part.size > mostSteps { throw fault("the expression is too large") }
        parts.append(part)
      }
      return parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func counted(_ part: Part) throws(Fault) -> Part {
      guard let scalar = next else { return part }
      var least = 0
      var most: Int?
      switch scalar {
      case "*": at += 1
      case "+":
        at += 1
        least = 1
      case "?":
        at += 1
        most = 1
      case "{":
        at += 1
        guard let low = number() else { throw fault("a count is expected, such as {2} or {1,3}") }
        least = low
        most = low
        if next == "," {
          at += 1
          most = number()
        }
        guard next == "}" else { throw fault("the count has no «}»") }
        at += 1
        if least > 1000 || (most ?? 0) > 1000 || most.map({ $0 < least }) ?? false {
          throw fault("a count goes from 0 to 1000, the lower one first")
        }
      default: return part
      }
      switch part {
      case .start, .end: throw fault("there is nothing to repeat")
      default: break
      }
      let isReluctant = next == "?"
      if isReluctant { at += 1 }
      if next == "+" || next == "*" || next == "?" || next == "{" { throw fault("a count after a count") }
      return .repeated(part, least: least, most: most, isReluctant: isReluctant)
    }

    private mutating func number() -> Int? {
      var value: Int?
      while let scalar = next, ("0"..."9").contains(scalar), (value ?? 0) < 100_000 {
        value = (value ?? 0) * 10 + Int(scalar.value - 48)
        at += 1
      }
      return value
    }

    private mutating func atom() throws(Fault) -> Part {
      guard let scalar = next else { return .empty }
      at += 1
      switch scalar {
      case ".": return .anyScalar
      case "^": return .start
      case "$": return .end
      case "[": return .set(try bracket())
      case "\\": return try escape()
      case "(":
        var number: Int?
        if next == "?" {
          at += 1
          guard next == ":" else { throw fault("only (?: ) is known, no look-around") }
          at += 1
        } else {
          groups += 1
          number = groups
        }
        let part = try choice()
        guard next == ")" else { throw fault("a «(» without its «)»") }
        at += 1
        return number.map { .group(part, $0) } ?? .sequence([part])
      case "*", "+", "?", "{":
        at -= 1
        throw fault("there is nothing to repeat")
      default: return .scalar(scalar.value)
      }
    }

    private static let digits: [ClosedRange<UInt32>] = [48...57]
    private static let words: [ClosedRange<UInt32>] = [
      48...57, 65...90, 95...95, 97...122, 0xC0...0x24F, 0x1E00...0x1EFF,
    ]
    private static let spaces: [ClosedRange<UInt32>] = [9...13, 32...32, 0xA0...0xA0]

    private func named(_ scalar: Unicode.Scalar) -> Set? {
      switch scalar {
      case "d": Set(ranges: Parser.digits, isNegated: false)
      case "D": Set(ranges: Parser.digits, isNegated: true)
      case "w": Set(ranges: Parser.words, isNegated: false)
      case "W": Set(ranges: Parser.words, isNegated: true)
      case "s": Set(ranges: Parser.spaces, isNegated: false)
      case "S": Set(ranges: Parser.spaces, isNegated: true)
      default: nil
      }
    }

    /// The sign behind a backslash.
    private mutating func escapedScalar() throws(Fault) -> UInt32 {
      guard let scalar = next else { throw fault("nothing stands behind the backslash") }
      at += 1
      switch scalar {
      case "t": return 9
      case "n": return 10
      case "r": return 13
      default:
        if scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) {
          at -= 1
          throw fault("«\\\(scalar)» is not known here")
        }
        return scalar.value
      }
    }

    private mutating func escape() throws(Fault) -> Part {
      if let scalar = next, let set = named(scalar) {
        at += 1
        return .set(set)
      }
      return .scalar(try escapedScalar())
    }

    private mutating func bracket() throws(Fault) -> Set {
      var set = Set(ranges: [], isNegated: false)
      if next == "^" {
        at += 1
        set.isNegated = true
      }
      var isFirst = true
      while let scalar = next {
        if scalar == "]" && !isFirst {
          at += 1
          return set
        }
        isFirst = false
        at += 1
        var low = scalar.value
        if scalar == "\\" {
          if let named = next.flatMap(named) {
            at += 1
            if named.isNegated { throw fault("an opposite class cannot stand inside of [ ]") }
            set.ranges += named.ranges
            continue
          }
          low = try escapedScalar()
        }
        var high = low
        if next == "-", at + 1 < scalars.count, scalars[at + 1] != "]" {
          at += 1
          high = scalars[at].value
          at += 1
          if high == UInt32(UInt8(ascii: "\\")) { high = try escapedScalar() }
          if high < low { throw fault("the range runs backwards") }
        }
        set.ranges.append(low...high)
      }
      throw fault("a «[» without its «]»")
    }
  }

  private struct Compiler {
    var steps: [Step] = []
    var sets: [Set] = []

    mutating func emit(_ step: Step) { steps.append(step) }

    mutating func write(_ part: Part) {
      switch part {
      case .empty: break
      case .scalar(let scalar): emit(.scalar(scalar))
      case .set(let set):
        emit(.set(sets.firstIndex(of: set) ?? sets.count))
        if !sets.contains(set) { sets.append(set) }
      case .anyScalar: emit(.anyScalar)
      case .start: emit(.start)
      case .end: emit(.end)
      case .group(let part, let number):
        emit(.save(2 * number))
        write(part)
        emit(.save(2 * number + 1))
      case .sequence(let parts): for part in parts { write(part) }
      case .choice(let parts):
        var ends: [Int] = []
        for (number, part) in parts.enumerated() {
          let split = steps.count
          if number + 1 < parts.count { emit(.split(split + 1, 0)) }
          write(part)
          if number + 1 < parts.count {
            ends.append(steps.count)
            emit(.jump(0))
            steps[split] = .split(split + 1, steps.count)
          }
        }
        for end in ends { steps[end] = .jump(steps.count) }
      case .repeated(let part, let least, let most, let isReluctant):
        for _ in 0..<least { write(part) }
        func split(_ inside: Int, _ outside: Int) -> Step {
          isReluctant ? .split(outside, inside) : .split(inside, outside)
        }
        if let most {
          var splits: [Int] = []
          for _ in least..<max(most, least) {
            splits.append(steps.count)
            emit(.split(0, 0))
            write(part)
          }
          for at in splits { steps[at] = split(at + 1, steps.count) }
        } else {
          let at = steps.count
          emit(.split(0, 0))
          write(part)
          emit(.jump(at))
          steps[at] = split(at + 1, steps.count)
        }
      }
    }
  }

  // MARK: matching

  /// Working memory, so that matching many texts allocates once.
  package struct Scratch: Sendable {
    fileprivate var current: [Int32] = []
    fileprivate var next: [Int32] = []
    fileprivate var currentSlots: [Int32] = []
    fileprivate var nextSlots: [Int32] = []
    fileprivate var marks: [Int32] = []
    fileprivate var stack: [Int32] = []
    fileprivate var slots: [Int32] = []
    fileprivate var generation: Int32 = 0

    package init() {}
  }

  /// Whether the whole text is as the expression says.
  package func matches(_ text: Span<UInt8>, _ scratch: inout Scratch) -> Bool {
    automaton?.matches(text) ?? (run(text, isWhole: true, groups: 1, &scratch) != nil)
  }

  /// Where a group of the first match stands in the text; nil when nothing matches, or the group took no part in it.
  package func firstMatch(in text: Span<UInt8>, group: Int, _ scratch: inout Scratch) -> Range<Int>? {
    run(text, isWhole: false, groups: group + 1, &scratch)
  }

  private func run(_ text: Span<UInt8>, isWhole: Bool, groups: Int, _ s: inout Scratch) -> Range<Int>? {
    let width = 2 * groups
    if s.marks.count < steps.count { s.marks = [Int32](repeating: 0, count: steps.count) }
    if s.generation > Int32.max / 2 {
      s.marks = [Int32](repeating: 0, count: steps.count)
      s.generation = 0
    }
    s.current.removeAll(keepingCapacity: true)
    s.currentSlots.removeAll(keepingCapacity: true)
    s.slots = [Int32](repeating: -1, count: width)
    var found: Range<Int>?
    var hasMatch = false
    var at = 0
    s.generation += 1
    while true {
      if !hasMatch && (at == 0 || !isWhole) {
        for i in 0..<width { s.slots[i] = -1 }
        add(0, at, text.count, width, &s, isNext: false)
      }
      if s.current.isEmpty && (hasMatch || isWhole || at >= text.count) { break }
      var scalar: UInt32 = 0
      var length = 0
      if at < text.count { (scalar, length) = BytesExpression.scalar(text, at) }
      s.next.removeAll(keepingCapacity: true)
      s.nextSlots.removeAll(keepingCapacity: true)
      s.generation += 1
      var thread = 0
      threads: while thread < s.current.count {
        let step = Int(s.current[thread])
        var takes = false
        switch steps[step] {
        case .scalar(let wanted): takes = length > 0 && scalar == wanted
        case .set(let number): takes = length > 0 && sets[number].contains(scalar)
        case .anyScalar: takes = length > 0 && scalar != 10
        case .match:
          if !isWhole || at == text.count {
            hasMatch = true
            let low = s.currentSlots[thread * width + width - 2]
            let high = s.currentSlots[thread * width + width - 1]
            found = low >= 0 && high >= low ? Int(low)..<Int(high) : nil
            // threads behind this one are worth less
            break threads
          }
        case .start, .end, .save, .split, .jump: break
        }
        if takes {
          for i in 0..<width { s.slots[i] = s.currentSlots[thread * width + i] }
          add(step + 1, at + length, text.count, width, &s, isNext: true)
        }
        thread += 1
      }
      swap(&s.current, &s.next)
      swap(&s.currentSlots, &s.nextSlots)
      if length == 0 { break }
      at += length
    }
    return isWhole ? (hasMatch ? 0..<text.count : nil) : found
  }

  /// Follows what takes no letter from `start` and adds the threads that wait for one.
  private func add(_ start: Int, _ at: Int, _ end: Int, _ width: Int, _ s: inout Scratch, isNext: Bool) {
    // a negative entry puts a slot back: first the slot's old value, then its number
    s.stack.removeAll(keepingCapacity: true)
    s.stack.append(Int32(start))
    while let top = s.stack.popLast() {
      if top < 0 {
        if let old = s.stack.popLast() { s.slots[Int(-top) - 1] = old }
        continue
      }
      var step = Int(top)
      follow: while true {
        if s.marks[step] == s.generation { break }
        s.marks[step] = s.generation
        switch steps[step] {
        case .jump(let target): step = target
        case .split(let first, let second):
          s.stack.append(Int32(second))
          step = first
        case .save(let slot):
          if slot < width {
            s.stack.append(s.slots[slot])
            s.stack.append(Int32(-slot - 1))
            s.slots[slot] = Int32(truncatingIfNeeded: at)
          }
          step += 1
        case .start:
          if at != 0 { break follow }
          step += 1
        case .end:
          if at != end { break follow }
          step += 1
        case .scalar, .set, .anyScalar, .match:
          if isNext {
            s.next.append(Int32(step))
            s.nextSlots.append(contentsOf: s.slots)
          } else {
            s.current.append(Int32(step))
            s.currentSlots.append(contentsOf: s.slots)
          }
          break follow
        }
      }
    }
  }

  /// The scalar at an offset of valid UTF-8, and its length; a byte that is none stands for itself.
  private static func scalar(_ text: Span<UInt8>, _ at: Int) -> (UInt32, Int) {
    let lead = UInt32(text[at])
    if lead < 0xC0 { return (lead, 1) }
    let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    guard at + length <= text.count else { return (lead, 1) }
    var value = lead & (0xFF >> UInt32(length + 1))
    for i in 1..<length { value = value << 6 | UInt32(text[at + i] & 0x3F) }
    return (value, length)
  }

  /// All threads at once: a state is the set of steps that wait for a letter. Most patterns of fields have a dozen states.
  package final class Automaton: Sendable {
    /// By state and letter: the next state. State 0 is the end of all threads.
    private let next: [UInt8]
    private let accepts: [Bool]

    private static let mostStates = 128

    fileprivate init?(_ steps: [Step], _ sets: [BytesExpression.Set]) {
      var next = [UInt8](repeating: 0, count: 128)
      var accepts = [false]
      guard steps.count <= 256, !steps.contains(.start), !steps.contains(.end) else { return nil }
      func closure(_ begin: [Int]) -> [Int] {
        var known = Swift.Set<Int>()
        var open = begin
        while let step = open.popLast() {
          guard known.insert(step).inserted else { continue }
          switch steps[step] {
          case .jump(let target): open.append(target)
          case .split(let first, let second): open += [first, second]
          case .save: open.append(step + 1)
          case .scalar, .set, .anyScalar, .match, .start, .end: break
          }
        }
        return known.sorted()
      }
      var numbers: [[Int]: Int] = [[]: 0]
      var states: [[Int]] = [[], closure([0])]
      numbers[states[1]] = 1
      var state = 1
      while state < states.count {
        accepts.append(states[state].contains { steps[$0] == .match })
        for letter in UInt32(0)..<128 {
          var reached: [Int] = []
          for step in states[state] {
            let takes =
              switch steps[step] {
              case .scalar(let wanted): letter == wanted
              case .set(let number): sets[number].contains(letter)
              case .anyScalar: letter != 10
              default: false
              }
            if takes { reached.append(step + 1) }
          }
          let target = closure(reached)
          let number = numbers[target] ?? states.count
          if number == states.count {
            guard number < Automaton.mostStates else { return nil }
            numbers[target] = number
            states.append(target)
          }
          next.append(UInt8(number))
        }
        state += 1
      }
      (self.next, self.accepts) = (next, accepts)
    }

    /// Nil when a letter is not ASCII.
    package func matches(_ text: Span<UInt8>) -> Bool? {
      var state = 1
      for i in text.indices {
        let letter = text[i]
        if letter >= 0x80 { return nil }
        state = Int(next[state &* 128 &+ Int(letter)])
        if state == 0 { return false }
      }
      return accepts[state]
    }
  }
}
