internal import Bytes
internal import Crypto
internal import Findings
package import Records

/// What fills the derived columns of a schema, compiled: a small program a column, worked off row by row after the field check.
package struct Derivation: Sendable {
  /// What a value is before it lies in its column.
  enum Nature: UInt8, Sendable, Hashable {
    case text
    case integer
    case decimal
    /// Minutes of local time; `day` names no hour, `year` only the year.
    case moment
    case day
    case year
    /// As the decisions write births (``BirthValue``).
    case birth
  }

  /// One value on the stack; its text stands in the dossier's.
  struct Value {
    enum State: UInt8 {
      case blank
      case filled
      /// It could not be worked out; the finding has been noted.
      case invalid
    }
    var state: State
    var nature: Nature
    /// Missing while a number or a moment has not been written out.
    var cell: TableRecords.Cell
    var number: Int64

    static let blank = Value(state: .blank, nature: .text, cell: .missing, number: 0)
    static let invalid = Value(state: .invalid, nature: .text, cell: .missing, number: 0)

    static func text(_ offset: Int, _ length: Int) -> Value {
      if length == 0 { return .blank }
      return Value(
        state: .filled, nature: .text,
        cell: TableRecords.Cell(offset: UInt32(truncatingIfNeeded: offset), length: UInt32(truncatingIfNeeded: length)),
        number: 0)
    }
    static func number(_ nature: Nature, _ number: Int64) -> Value {
      Value(state: .filled, nature: nature, cell: .missing, number: number)
    }
  }

  /// One step of a program, after its inputs.
  enum Step: Sendable {
    case field(Int, Nature)
    /// Number of the text among the program's.
    case constant(Int)
    case trim
    case upper
    case lower
    case nfc
    case replace(from: Int, to: Int)
    case match(Int, group: Int)
    case split(by: Int, part: Int)
    case join(Int, with: Int)
    case concat(Int)
    case substring(from: Int, length: Int)
    case lookup(Int)
    case number(mark: UInt8, group: Int)
    /// Number of the formats among the program's; -1: the value is a date already.
    case date(Int)
    case arithmetic(Formula.Operation, Int)
    /// Leaves the value and goes on there when it is filled or invalid; else drops it.
    case jumpIfFilled(Int)
    /// Goes on there when the conditions do not hold.
    case jumpUnless(Int, Int)
    case jump(Int)
    case blank
    case surrogate(Int, prefix: Int)
    case reference(Int)
  }

  struct Lookup: Sendable {
    var table: LookupTable
    var fallback: Formula.Fallback
    /// Columns that the code looked up is worked out from.
    var inputs: [Int]
  }

  struct Test: Sendable {
    var field: Field
    var isOwnRow: Bool
    var test: Condition.Test
    var codes: [[UInt8]]
    var separator: UInt8?
  }

  struct Reference: Sendable {
    var table: Int
    var on: Int
    var take: Int
    var nature: Nature
    /// Number of the index among those of the derivation.
    var index: Int
  }

  /// One derived column.
  struct Program: Sendable {
    var table: Int
    var column: Int
    var logical: LogicalType
    var steps: [Step] = []
    var texts: [[UInt8]] = []
    var patterns: [BytesExpression] = []
    var formats: [[DatePattern]] = []
    var lookups: [Lookup] = []
    var tests: [[Test]] = []
    var references: [Reference] = []
    /// The field that a finding of each step is about.
    var fields: [Field] = []
    var usesKey = false
  }

  let programs: [Program]
  /// By number: table and column whose rows are looked for.
  let indexes: [Field]
  /// Of HMAC-SHA-256.
  private var key: SymmetricKey?
  package let usesSurrogates: Bool

  init(programs: [Program], indexes: [Field]) {
    self.programs = programs
    self.indexes = indexes
    usesSurrogates = programs.contains { $0.usesKey }
  }

  /// With the key that surrogates are made by; without one their dossiers are rejected.
  package func keyed(with bytes: [UInt8]?) -> Derivation {
    var result = self
    result.key = bytes.map { SymmetricKey(data: $0) }
    return result
  }

  // MARK: working it off

  /// Working memory, kept from dossier to dossier.
  package struct Scratch {
    fileprivate var stack: [Value] = []
    fileprivate var expressions = BytesExpression.Scratch()
    fileprivate var bytes: [UInt8] = []
    fileprivate var groups: [CodeGroups?] = []
    fileprivate var firstRows: [[Int32]] = []

    package init() {}
  }

  /// Fills the derived columns of a checked dossier.
  package func fill(_ dossier: Dossier, _ scratch: inout Scratch, _ log: inout FindingLog) {
    var text: [UInt8] = []
    swap(&text, &dossier.text)
    scratch.groups = [CodeGroups?](repeating: nil, count: indexes.count)
    scratch.firstRows = [[Int32]](repeating: [], count: indexes.count)
    if usesSurrogates && key == nil { log.insist(Finding(.T43, .reject)) }
    for program in programs where dossier.tables[program.table].rowCount > 0 {
      let width = dossier.tables[program.table].columnCount
      for row in 0..<dossier.tables[program.table].rowCount {
        run(program, dossier, row, &text, &scratch, &log)
        let value = scratch.stack.popLast() ?? .blank
        store(value, program, dossier, row * width + program.column, row, &text, &log)
      }
    }
    swap(&text, &dossier.text)
  }

  private func run(
    _ program: Program, _ dossier: Dossier, _ row: Int, _ text: inout [UInt8], _ s: inout Scratch,
    _ log: inout FindingLog
  ) {
    s.stack.removeAll(keepingCapacity: true)
    var at = 0
    while at < program.steps.count {
      let step = program.steps[at]
      at += 1
      switch step {
      case .field(let column, let nature):
        s.stack.append(Derivation.value(dossier.tables[program.table], row, column, nature))
      case .constant(let number): s.stack.append(Derivation.put(program.texts[number], &text))
      case .blank: s.stack.append(.blank)
      case .jump(let target): at = target
      case .jumpIfFilled(let target):
        if s.stack.last?.state != .blank { at = target } else { s.stack.removeLast() }
      case .jumpUnless(let tests, let target):
        if !program.tests[tests].allSatisfy({ holds($0, dossier, row, text) }) { at = target }
      case .join(let count, let with): gather(count, program.texts[with], isStrict: false, &text, &s)
      case .concat(let count): gather(count, [], isStrict: true, &text, &s)
      case .arithmetic(let operation, let count):
        compute(operation, count, &s, text, program.fields[at - 1], row, &log)
      case .surrogate(let count, let prefix): surrogate(count, program.texts[prefix], &text, &s)
      case .trim, .upper, .lower, .nfc, .replace, .match, .split, .substring, .lookup, .number, .date, .reference:
        guard var value = s.stack.popLast() else { continue }
        if value.state == .filled {
          let field = program.fields[at - 1]
          value = change(step, value, program, dossier, row, field, &text, &s, &log)
        }
        s.stack.append(value)
      }
    }
  }

  /// A cell as a value; a number that could not be read is invalid only where its number is needed, so its text stays.
  private static func value(_ records: TableRecords, _ row: Int, _ column: Int, _ nature: Nature) -> Value {
    let cell = records.cell(row, column)
    if cell.length == 0 { return .blank }
    let number = records.values[row * records.columnCount + column]
    var value = Value(state: .filled, nature: nature, cell: cell, number: number)
    if nature == .day { value.number = number &* 1440 }
    if nature != .text, !CellValue.isValue(number) { value.state = .invalid }
    return value
  }

  private static func put(_ bytes: [UInt8], _ text: inout [UInt8]) -> Value {
    let offset = text.count
    text.append(contentsOf: bytes)
    return .text(offset, bytes.count)
  }

  /// The text of a value, written out when it is a number or a moment that no cell holds.
  private static func written(_ value: Value, _ text: inout [UInt8]) -> Value {
    guard value.state == .filled, value.cell.isMissing else { return value }
    let description: String =
      switch value.nature {
      case .text: ""
      case .integer: String(value.number)
      case .decimal: Decimal4(units: value.number).description
      case .moment: CivilMinute(minutesSinceEpoch: value.number).description
      case .day: CivilMinute(minutesSinceEpoch: value.number).day.description
      case .year: String(CivilMinute(minutesSinceEpoch: value.number).day.components.year)
      case .birth: BirthValue.unpack(value.number).day.description
      }
    var result = value
    result.cell = put(Array(description.utf8), &text).cell
    return result
  }

  // MARK: one value into another

  private func change(
    _ step: Step, _ given: Value, _ program: Program, _ dossier: Dossier, _ row: Int, _ field: Field,
    _ text: inout [UInt8], _ s: inout Scratch, _ log: inout FindingLog
  ) -> Value {
    if case .date(let number) = step {
      return date(number < 0 ? nil : program.formats[number], given, text, field, row, &log)
    }
    let value = Derivation.written(given, &text)
    let range = value.cell.range
    switch step {
    case .trim:
      let trimmed = Text.trimmed(text.span.extracting(range))
      return .text(range.lowerBound + trimmed.lowerBound, trimmed.count)
    case .upper, .lower:
      let isUpper = if case .upper = step { true } else { false }
      let offset = text.count
      Letters.append(&text, range, toUpper: isUpper)
      return .text(offset, text.count - offset)
    case .nfc:
      if Text.isSurelyComposed(text.span.extracting(range)) { return .text(range.lowerBound, range.count) }
      let composed = Text.composed(text.span.extracting(range))
      return Derivation.put(composed, &text)
    case .replace(let from, let to):
      return Derivation.replaced(range, program.texts[from], program.texts[to], &text)
    case .match(let number, let group):
      guard
        let found = program.patterns[number].firstMatch(
          in: text.span.extracting(range), group: group, &s.expressions)
      else { return .blank }
      return .text(range.lowerBound + found.lowerBound, found.count)
    case .split(let by, let part): return Derivation.part(range, program.texts[by], part, text)
    case .substring(let from, let length): return Derivation.substring(range, from, length, text)
    case .lookup(let number):
      let lookup = program.lookups[number]
      if let found = Derivation.target(range, text, lookup.table) { return Derivation.put(found, &text) }
      switch lookup.fallback {
      case .text(let fallback): return Derivation.put(Array(fallback.utf8), &text)
      case .keep: return .text(range.lowerBound, range.count)
      case .finding:
        // the schema's own list, or another lookup, has said so of this value
        if !log.has([.T31, .T40], program.table, lookup.inputs, row: row) { log.note(.T40, field, row: row) }
        return .invalid
      }
    case .number(let mark, let group):
      let span = text.span.extracting(range)
      let inner = span.extracting(Text.trimmed(span))
      guard
        let number = PlainReading.number(inner, decimalMark: mark, groupMark: program.texts[group], isBare: true)
      else {
        log.note(.B04, field, row: row)
        return .invalid
      }
      if number.hasOddGroups { log.note(.T37, field, row: row) }
      if number.decimals > 4 { log.note(.B05, field, .warn, row: row, found: number.decimals, limit: 4) }
      return .number(.decimal, number.units)
    case .reference(let number):
      return follow(program.references[number], value, dossier, row, field, text, &s, &log)
    default: return value
    }
  }

  private static func target(_ range: Range<Int>, _ text: [UInt8], _ table: LookupTable) -> [UInt8]? {
    let span = text.span.extracting(range)
    let code = span.extracting(Text.trimmed(span))
    return Text.isSurelyComposed(code) ? table.target(of: code) : table.target(of: Text.composed(code).span)
  }

  private static func replaced(_ range: Range<Int>, _ from: [UInt8], _ to: [UInt8], _ text: inout [UInt8]) -> Value {
    let offset = text.count
    var at = range.lowerBound
    while at < range.upperBound {
      var isHere = at + from.count <= range.upperBound
      var i = 0
      while isHere, i < from.count {
        if text[at + i] != from[i] { isHere = false }
        i += 1
      }
      if isHere {
        text.append(contentsOf: to)
        at += from.count
      } else {
        text.append(text[at])
        at += 1
      }
    }
    return .text(offset, text.count - offset)
  }

  private static func part(_ range: Range<Int>, _ by: [UInt8], _ part: Int, _ text: [UInt8]) -> Value {
    func ends(from start: Int) -> Int {
      var at = start
      while at + by.count <= range.upperBound {
        var i = 0
        while i < by.count, text[at + i] == by[i] { i += 1 }
        if i == by.count { return at }
        at += 1
      }
      return range.upperBound
    }
    var wanted = part
    if part < 0 {
      var count = 1
      var at = ends(from: range.lowerBound)
      while at < range.upperBound {
        count += 1
        at = ends(from: at + by.count)
      }
      wanted = count + part + 1
    }
    guard wanted >= 1 else { return .blank }
    var low = range.lowerBound
    var high = ends(from: low)
    var number = 1
    while number < wanted {
      if high >= range.upperBound { return .blank }
      low = high + by.count
      high = ends(from: low)
      number += 1
    }
    let trimmed = Text.trimmed(text.span.extracting(low..<high))
    return .text(low + trimmed.lowerBound, trimmed.count)
  }

  /// Characters, which are Unicode scalars here, as everywhere.
  private static func substring(_ range: Range<Int>, _ from: Int, _ length: Int, _ text: [UInt8]) -> Value {
    let count = Text.characterCount(text.span.extracting(range))
    let first = from > 0 ? from - 1 : max(count + from, 0)
    guard first < count else { return .blank }
    let last = length < count - first ? first + length : count
    var low = range.upperBound
    var high = range.upperBound
    var number = 0
    for at in range where text[at] & 0xC0 != 0x80 {
      if number == first { low = at }
      if number == last {
        high = at
        break
      }
      number += 1
    }
    return .text(low, high - low)
  }

  private func date(
    _ formats: [DatePattern]?, _ value: Value, _ text: [UInt8], _ field: Field, _ row: Int, _ log: inout FindingLog
  ) -> Value {
    guard let formats else {
      // a date already, or the four digits of a year
      guard value.nature == .integer else { return value }
      guard let day = CivilDate(year: Int32(clamping: value.number), month: 1, day: 1) else {
        log.note(.B06, field, row: row)
        return .invalid
      }
      return .number(.year, Int64(day.daysSinceEpoch) * 1440)
    }
    guard !value.cell.isMissing else { return value }
    let span = text.span.extracting(value.cell.range)
    let inner = span.extracting(Text.trimmed(span))
    var found: Value?
    for format in formats {
      guard let reading = format.read(inner) else { continue }
      if let found {
        if found.number == reading.minutesSinceEpoch { continue }
        log.note(.T36, field, row: row)
        return .invalid
      }
      found = .number(
        reading.hasTime ? .moment : format.isYearOnly ? .year : .day, reading.minutesSinceEpoch)
    }
    if let found { return found }
    log.note(.B06, field, row: row)
    return .invalid
  }

  // MARK: several values into one

  /// Puts texts together: all of them, or what is filled.
  private func gather(_ count: Int, _ between: [UInt8], isStrict: Bool, _ text: inout [UInt8], _ s: inout Scratch) {
    let first = s.stack.count - count
    var isInvalid = false
    var isBlank = false
    for i in first..<s.stack.count {
      s.stack[i] = Derivation.written(s.stack[i], &text)
      if s.stack[i].state == .invalid && s.stack[i].cell.isMissing { isInvalid = true }
      if s.stack[i].state == .blank { isBlank = true }
    }
    var result = Value.blank
    if isInvalid {
      result = .invalid
    } else if !(isStrict && isBlank) {
      let offset = text.count
      for i in first..<s.stack.count where s.stack[i].cell.length > 0 {
        if text.count > offset { text.append(contentsOf: between) }
        for at in s.stack[i].cell.range { text.append(text[at]) }
      }
      result = .text(offset, text.count - offset)
    }
    s.stack.removeLast(count)
    s.stack.append(result)
  }

  private func compute(
    _ operation: Formula.Operation, _ count: Int, _ s: inout Scratch, _ text: [UInt8], _ field: Field, _ row: Int,
    _ log: inout FindingLog
  ) {
    let first = s.stack.count - count
    let inputs = s.stack[first...]
    var result: Value
    if inputs.contains(where: { $0.state == .invalid }) {
      result = .invalid
    } else if inputs.contains(where: { $0.state == .blank }) {
      result = .blank
    } else {
      var units: Int64? = Derivation.units(inputs[first], text)
      for i in (first + 1)..<s.stack.count {
        guard let a = units, let b = Derivation.units(inputs[i], text) else {
          units = nil
          break
        }
        units = Derivation.calculate(operation, a, b)
      }
      if let units {
        result = .number(.decimal, units)
      } else {
        log.note(.T41, field, row: row)
        result = .invalid
      }
    }
    s.stack.removeLast(count)
    s.stack.append(result)
  }

  /// A value in ten-thousandths; nil when it is no number, or too large.
  private static func units(_ value: Value, _ text: [UInt8]) -> Int64? {
    switch value.nature {
    case .decimal: return value.number
    case .integer:
      let (product, overflow) = value.number.multipliedReportingOverflow(by: 10_000)
      return overflow ? nil : product
    case .text:
      let span = text.span.extracting(value.cell.range)
      return PlainReading.number(
        span.extracting(Text.trimmed(span)), decimalMark: UInt8(ascii: "."), groupMark: [], isBare: true)?.units
    case .moment, .day, .year, .birth: return nil
    }
  }

  /// Four decimals, halves away from zero; nil beyond what the warehouse holds.
  static func calculate(_ operation: Formula.Operation, _ a: Int64, _ b: Int64) -> Int64? {
    var result: Int128
    switch operation {
    case .add: result = Int128(a) + Int128(b)
    case .subtract: result = Int128(a) - Int128(b)
    case .multiply: result = rounded(Int128(a) * Int128(b), 10_000)
    case .divide:
      if b == 0 { return nil }
      result = rounded(Int128(a) * 10_000, Int128(b))
    }
    return result.magnitude <= Decimal4.limit.magnitude ? Int64(truncatingIfNeeded: result) : nil
  }

  private static func rounded(_ a: Int128, _ b: Int128) -> Int128 {
    let (quotient, rest) = a.quotientAndRemainder(dividingBy: b)
    if rest.magnitude * 2 < b.magnitude { return quotient }
    return (a < 0) == (b < 0) ? quotient + 1 : quotient - 1
  }

  /// Sixteen bytes of HMAC-SHA-256 over the prefix and the parts, each with its length, in hexadecimal.
  private func surrogate(_ count: Int, _ prefix: [UInt8], _ text: inout [UInt8], _ s: inout Scratch) {
    let first = s.stack.count - count
    var isInvalid = false
    var isBlank = true
    s.bytes.removeAll(keepingCapacity: true)
    func append(_ length: Int) {
      for shift in [24, 16, 8, 0] { s.bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }
    append(prefix.count)
    s.bytes.append(contentsOf: prefix)
    for i in first..<s.stack.count {
      let value = Derivation.written(s.stack[i], &text)
      if value.state == .invalid && value.cell.isMissing { isInvalid = true }
      if value.state != .blank { isBlank = false }
      let part = value.cell.length == 0 ? [] : Array(text[value.cell.range])
      let composed = Text.isSurelyComposed(part.span) ? part : Text.composed(part.span)
      append(composed.count)
      s.bytes.append(contentsOf: composed)
    }
    s.stack.removeLast(count)
    guard !isInvalid, let key else { return s.stack.append(isBlank ? .blank : .invalid) }
    if isBlank { return s.stack.append(.blank) }
    let offset = text.count
    text.append(contentsOf: prefix)
    for byte in HMAC<SHA256>.authenticationCode(for: s.bytes, using: key).prefix(16) {
      text.append(Derivation.hex[Int(byte >> 4)])
      text.append(Derivation.hex[Int(byte & 15)])
    }
    s.stack.append(.text(offset, text.count - offset))
  }

  private static let hex = Array("0123456789abcdef".utf8)

  // MARK: other rows

  private func follow(
    _ reference: Reference, _ value: Value, _ dossier: Dossier, _ row: Int, _ field: Field, _ text: [UInt8],
    _ s: inout Scratch, _ log: inout FindingLog
  ) -> Value {
    let records = dossier.tables[reference.table]
    if s.groups[reference.index] == nil {
      let groups = CodeGroups(records, reference.on, text)
      var rows = [Int32](repeating: -1, count: groups.count)
      for (row, group) in groups.groupOf.enumerated() where group >= 0 && rows[Int(group)] < 0 {
        rows[Int(group)] = Int32(truncatingIfNeeded: row)
      }
      s.groups[reference.index] = groups
      s.firstRows[reference.index] = rows
    }
    guard let group = s.groups[reference.index]?.group(of: value.cell.range, in: text) else {
      // the reader of a delivery may have said it
      if !dossier.findings.contains(where: { $0.code == .T03 }) { log.note(.T42, field, row: row) }
      return .invalid
    }
    return Derivation.value(
      records, Int(s.firstRows[reference.index][group]), reference.take, reference.nature)
  }

  private func holds(_ test: Test, _ dossier: Dossier, _ row: Int, _ text: [UInt8]) -> Bool {
    let records = dossier.tables[test.field.table]
    let row = test.isOwnRow ? row : 0
    guard row < records.rowCount else {
      if case .blank = test.test { return true }
      return false
    }
    let cell = records.cell(row, test.field.column)
    func isListed() -> Bool {
      let span = text.span.extracting(cell.range)
      guard let separator = test.separator else {
        for code in test.codes where same(code, span) { return true }
        return false
      }
      var parts = ListParts(separator: separator)
      while let part = parts.next(in: span) {
        for code in test.codes where same(code, span.extracting(part)) { return true }
      }
      return false
    }
    switch test.test {
    case .filled: return cell.length > 0
    case .blank: return cell.length == 0
    case .isIn: return cell.length > 0 && isListed()
    case .isNotIn: return cell.length > 0 && !isListed()
    }
  }

  // MARK: into the column

  private func store(
    _ value: Value, _ program: Program, _ dossier: Dossier, _ slot: Int, _ row: Int, _ text: inout [UInt8],
    _ log: inout FindingLog
  ) {
    var number = CellValue.blank
    dossier.tables[program.table].cells[slot] = .missing
    defer { dossier.tables[program.table].values[slot] = number }
    let field = program.fields.last ?? Field(table: program.table, column: program.column)
    if value.state == .blank { return }
    let isText = program.logical == .string || program.logical == .stringList
    // a text as sent is one, whatever it was meant to be
    if value.state == .invalid && (!isText || value.cell.isMissing) {
      number = CellValue.invalid
      return
    }
    switch program.logical {
    case .integer:
      guard let whole = whole(value, text) else {
        log.note(value.nature == .text ? .B04 : .T41, field, row: row)
        number = CellValue.invalid
        return
      }
      number = whole
    case .decimal:
      guard let units = Derivation.units(value, text) else {
        log.note(value.nature == .text ? .B04 : .T41, field, row: row)
        number = CellValue.invalid
        return
      }
      number = units
    case .date:
      number = Int64(day(value).daysSinceEpoch)
    case .datetime:
      number = value.nature == .birth ? BirthValue.unpack(value.number).moment.minutesSinceEpoch : value.number
    case .birthDatetime:
      number = value.nature == .birth ? value.number : BirthValue.pack(birth(value))
    default:
      let written = Derivation.written(value, &text)
      dossier.tables[program.table].cells[slot] = written.cell
      number = CellValue.text
    }
  }

  private func whole(_ value: Value, _ text: [UInt8]) -> Int64? {
    if value.nature == .integer { return value.number }
    guard let units = Derivation.units(value, text), units % 10_000 == 0 else { return nil }
    return units / 10_000
  }

  private func day(_ value: Value) -> CivilDate {
    value.nature == .birth
      ? BirthValue.unpack(value.number).day : CivilMinute(minutesSinceEpoch: value.number).day
  }

  private func birth(_ value: Value) -> BirthDate {
    let moment = CivilMinute(minutesSinceEpoch: value.number)
    // midnight says no hour, as in the decisions
    let isKnown = value.nature == .moment && moment.minuteOfDay != 0
    return BirthDate(
      day: moment.day, precision: value.nature == .year ? .year : isKnown ? .minute : .day,
      minuteOfDay: isKnown ? Int32(truncatingIfNeeded: moment.minuteOfDay) : 0)
  }
}

/// Capitals and small letters of Latin writing, Vietnamese included, without a `String`.
enum Letters {
  private static let ranges: [ClosedRange<UInt32>] = [0xC0...0x24F, 0x1E00...0x1EFF]

  private static func table(_ change: (Unicode.Scalar) -> String) -> [UInt32: UInt32] {
    var result: [UInt32: UInt32] = [:]
    for value in ranges.joined() {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let changed = Array(change(scalar).unicodeScalars)
      if changed.count == 1, changed[0] != scalar { result[value] = changed[0].value }
    }
    return result
  }

  private static let upper = table { $0.properties.uppercaseMapping }
  private static let lower = table { $0.properties.lowercaseMapping }

  /// Appends the letters at `range` of `text` behind it, changed.
  static func append(_ text: inout [UInt8], _ range: Range<Int>, toUpper: Bool) {
    var at = range.lowerBound
    while at < range.upperBound {
      let byte = text[at]
      if byte < 0x80 {
        let isLetter = toUpper ? byte >= 0x61 && byte <= 0x7A : byte >= 0x41 && byte <= 0x5A
        text.append(isLetter ? byte ^ 0x20 : byte)
        at += 1
        continue
      }
      let length = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
      guard at + length <= range.upperBound, length < 4 else {
        text.append(byte)
        at += 1
        continue
      }
      var value = UInt32(byte) & (length == 2 ? 0x1F : 0x0F)
      for i in 1..<length { value = value << 6 | UInt32(text[at + i] & 0x3F) }
      let changed = (toUpper ? upper[value] : lower[value]) ?? value
      if let scalar = Unicode.Scalar(changed), let encoded = UTF8.encode(scalar) {
        text.append(contentsOf: encoded)
      } else {
        for i in 0..<length { text.append(text[at + i]) }
      }
      at += length
    }
  }
}
