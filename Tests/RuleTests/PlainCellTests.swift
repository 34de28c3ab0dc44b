import Bytes
import Findings
import Records
import Testing
import Transform

/// Cells of plain schemas are read eight bytes at a time where they are written as most are; what comes of it must be what the step by step
/// reading says.
struct PlainCellTests {
  private static let pad = "0123456789"

  /// One cell, read by a schema with that one column, behind other text (as in a row) or at the very beginning of it.
  private func read(
    _ text: String, _ field: PlainField, padded: Bool = true, _ change: (inout SourceColumn) -> Void = { _ in }
  )
    -> (value: Int64, codes: [FindingCode])
  {
    var column = SourceColumn(name: "a", logical: PlainCellTests.logical(field.form))
    column.plain = field
    column.scale = 4
    change(&column)
    let table = SourceTable(name: "t", root: nil, list: nil, row: "", hasManyRows: true, columns: [column])
    let schema = SourceSchema(name: "s", tables: [table])
    let dossier = Dossier()
    dossier.use(schema, number: 0)
    dossier.text =
      Array((padded ? PlainCellTests.pad : "").utf8) + Array(text.utf8) + Array((padded ? PlainCellTests.pad : "").utf8)
    dossier.tables[0].appendRow()
    dossier.tables[0].cells[0] = TableRecords.Cell(
      offset: padded ? UInt32(PlainCellTests.pad.utf8.count) : 0, length: UInt32(text.utf8.count))
    var log = FindingLog(policy: SeverityPolicy(defaults: [:]))
    FieldCheck(schema: schema, codes: CodeLists()).check(dossier, &log)
    return (dossier.tables[0].values[0], log.findings.map(\.code))
  }

  private static func logical(_ form: PlainField.Form) -> LogicalType {
    switch form {
    case .integer: .integer
    case .number: .decimal
    case .date: .date
    case .datetime: .dateOrDatetime
    case .text, .boolean, .year: .string
    }
  }

  private func field(_ form: PlainField.Form, _ pattern: String? = nil) -> PlainField {
    var field = PlainField(form)
    if let pattern, let pattern = DatePattern(pattern) { field.patterns = [pattern] }
    return field
  }

  /// Texts made of what numbers and dates are made of, right ones and those beside them.
  private func texts(_ count: Int, seed: UInt64, _ make: (inout SplitMix) -> String) -> [String] {
    var dice = SplitMix(state: seed)
    return (0..<count).map { _ in
      var text = Array(make(&dice).utf8)
      // every third one has something wrong in it
      if dice.below(3) == 0, !text.isEmpty {
        let place = dice.below(text.count)
        switch dice.below(3) {
        case 0: text[place] = Array("0/9:.,- \u{7F}a+".utf8)[dice.below(11)]
        case 1: text.remove(at: place)
        default: text.insert(0x30 + UInt8(dice.below(10)), at: place)
        }
      }
      return String(decoding: text, as: UTF8.self)
    }
  }

  @Test(arguments: [true, false])
  func readsNumbersAsStepByStep(padded: Bool) {
    for text in texts(
      4_000, seed: 7,
      { dice in
        let whole = String((0..<1 + dice.below(14)).map { _ in Character(String(dice.below(10))) })
        let digits = String((0..<dice.below(7)).map { _ in Character(String(dice.below(10))) })
        return digits.isEmpty ? whole : whole + "." + digits
      }) where !text.isEmpty
    {
      let number = PlainReading.number(Array(text.utf8).span, decimalMark: 0x2E, groupMark: [], isBare: true)
      #expect(read(text, field(.number), padded: padded).value == number?.units ?? CellValue.invalid, "\(text)")
      let integer = PlainReading.integer(Array(text.utf8).span, groupMark: [], isBare: true)
      #expect(read(text, field(.integer), padded: padded).value == integer ?? CellValue.invalid, "\(text)")
    }
  }

  @Test(arguments: ["%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"], [true, false])
  func readsDatesAsStepByStep(pattern: String, padded: Bool) throws {
    let known = try #require(DatePattern(pattern))
    for text in texts(
      3_000, seed: 11,
      { dice in
        func two(_ below: Int) -> String { String(String(100 + dice.below(below)).dropFirst()) }
        let (year, month, day) = (String(1900 + dice.below(200)), two(14), two(33))
        let date = pattern.hasPrefix("%Y") ? "\(year)-\(month)-\(day)" : "\(day)/\(month)/\(year)"
        return known.hasTime ? "\(date) \(two(26)):\(two(62))" : date
      }) where !text.isEmpty
    {
      let reading = known.read(Array(text.utf8).span)
      let minutes = read(text, field(.datetime, pattern), padded: padded).value
      #expect(minutes == reading?.minutesSinceEpoch ?? CellValue.invalid, "\(text)")
      guard !known.hasTime else { continue }
      let days = read(text, field(.date, pattern), padded: padded).value
      #expect(days == reading.map { Int64($0.day.daysSinceEpoch) } ?? CellValue.invalid, "\(text)")
    }
  }

  @Test(
    arguments: [
      ("9", [.T32]), ("10", []), ("20", []), ("21", [.T32]), ("x", [.B04]), ("99999999999999999", [.T32]),
    ] as [(String, [FindingCode])])
  func keepsBounds(text: String, codes: [FindingCode]) {
    var bounded = field(.integer)
    (bounded.minimum, bounded.maximum) = ("10", "20")
    #expect(read(text, bounded).codes == codes)
  }

  @Test(arguments: [("1.2345", []), ("1.23", []), ("1.234567", [.B05]), ("1,5", [.B04])] as [(String, [FindingCode])])
  func keepsDecimals(text: String, codes: [FindingCode]) {
    #expect(read(text, field(.number)).codes == codes)
  }

  @Test(
    arguments: [
      ("01", []), ("1", [.T31]), ("010", [.T31]), ("\u{0}01", [.T31]), ("khác", []), ("khac", [.T31]),
      ("dài hơn bảy", [.T31]),
    ] as [(String, [FindingCode])])
  func keepsChoices(text: String, codes: [FindingCode]) {
    var chosen = field(.text)
    chosen.choices = ["01", "02", "khác"]
    #expect(read(text, chosen).codes == codes)
    chosen.choices.append("một từ dài hơn")
    #expect(read(text, chosen).codes == codes)
  }

  @Test func keepsLengthAndMissing() {
    var text = field(.text)
    text.missingValues = [Array("không".utf8), Array("-".utf8)]
    #expect(read("không", text).value == CellValue.blank)
    #expect(read("-", text) { $0.isRequired = true }.codes == [.B01])
    #expect(read("kh", text).value == CellValue.text)
    // three characters, six bytes
    #expect(read("ăăă", text) { ($0.maxLength, $0.warnAboveLength) = (3, 3) }.codes == [])
    #expect(read("ăăăă", text) { ($0.maxLength, $0.warnAboveLength) = (3, 3) }.codes == [.B03])
    var number = field(.integer)
    number.missingValues = [Array("99".utf8)]
    #expect(read("99", number).value == CellValue.blank)
    #expect(read("98", number).value == 98)
  }
}

/// Random numbers that are the same everywhere (SplitMix64).
private struct SplitMix {
  var state: UInt64

  mutating func below(_ limit: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ z >> 31) % UInt64(limit))
  }
}
