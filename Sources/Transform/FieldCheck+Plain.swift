internal import Bytes
internal import Findings
internal import Records

extension FieldCheck {
  /// What every cell of a column of a plain schema is asked that is not written as most are (``Quick``); plain values, without reference counting.
  struct PlainAsk {
    enum Kind: UInt8 {
      case text, integer, number, boolean, date, datetime, year
      /// Written as the decisions write theirs.
      case standard
    }
    var kind: Kind
    var isRequired: Bool
    /// Whether a filled cell is asked more than its type.
    var hasMore: Bool
    var hasMissing: Bool
    /// Whether a function fills it later.
    var isDerived: Bool
  }

  /// The rest of such a column.
  final class PlainRest: Sendable {
    let field: PlainField
    let decimalMark: UInt8
    let groupMark: [UInt8]
    let pattern: DatePattern
    let missing: [[UInt8]]
    let choices: [Int64]
    let texts: [[UInt8]]
    let minimum: Int64
    let maximum: Int64
    let scale: Int
    /// For texts of ASCII.
    let automaton: BytesExpression.Automaton?

    init(_ column: SourceColumn, _ field: PlainField, missing: [String]) {
      self.field = field
      decimalMark = field.decimalMark ?? UInt8(ascii: ".")
      groupMark = field.groupMark ?? []
      pattern = field.patterns.first ?? .isoDate
      // an empty cell is missing anyway
      self.missing = (field.missingValues + missing.map { Array($0.utf8) }).filter { !$0.isEmpty }
      choices = field.form == .text ? [] : field.choices.compactMap { PlainReading.value($0, of: field) }
      texts = field.form == .text ? field.choices.map { Array($0.utf8) } : []
      let low = field.minimum.flatMap { PlainReading.value($0, of: field) }
      let high = field.maximum.flatMap { PlainReading.value($0, of: field) }
      minimum = low.map { field.takesMinimum ? $0 : $0 + 1 } ?? .min
      maximum = high.map { field.takesMaximum ? $0 : $0 - 1 } ?? .max
      scale = column.scale ?? 4
      automaton = field.pattern?.automaton
    }
  }

  /// A table of a plain schema, compiled.
  final class PlainTable: Sendable {
    let quick: [Quick]
    /// The choices of all columns that have short ones (``Quick/Form/choice``).
    let choices: [UInt64]
    let asks: [PlainAsk]
    let rests: [PlainRest?]

    /// - Parameters:
    ///   - hasCodes: whether a column's cells are compared with a list.
    ///   - warnAboveLength: characters above which rule B03 has something to say of a column.
    init(_ table: SourceTable, hasCodes: (Int) -> Bool, warnAboveLength: (Int) -> Int) {
      let columns = table.columns
      rests = columns.map { column in
        column.plain.map { PlainRest(column, $0, missing: table.missingValues) }
      }
      var asks: [PlainAsk] = []
      var quick: [Quick] = []
      var choices: [UInt64] = []
      for (number, column) in columns.enumerated() {
        guard let field = column.plain, let rest = rests[number] else {
          asks.append(
            PlainAsk(
              kind: .standard, isRequired: column.isRequired, hasMore: false, hasMissing: false,
              isDerived: column.isDerived))
          quick.append(Quick(isRequired: column.isRequired))
          continue
        }
        let kind: PlainAsk.Kind =
          switch field.form {
          case .text: .text
          case .integer: .integer
          case .number: .number
          case .boolean: .boolean
          case .date: .date
          case .datetime: .datetime
          case .year: .year
          }
        let hasMore =
          column.maxLength != nil || column.warnAboveLength != nil || field.minLength != nil || field.pattern != nil
          || !field.choices.isEmpty || field.minimum != nil || field.maximum != nil || hasCodes(number)
        asks.append(
          PlainAsk(
            kind: kind, isRequired: column.isRequired, hasMore: hasMore, hasMissing: !rest.missing.isEmpty,
            isDerived: false))
        quick.append(
          Quick(column, field, rest, warnAboveLength: warnAboveLength(number), hasCodes: hasCodes(number), &choices))
      }
      (self.asks, self.quick, self.choices) = (asks, quick, choices)
    }
  }

  /// Reads all cells of a table of a plain schema, as ``check(_:_:)`` does for those of the decisions.
  ///
  /// - Parameter hasOthers: set when the table's rows hold more than its columns, or a condition asks for one.
  func checkPlain(
    _ dossier: Dossier, _ table: Int, _ plain: PlainTable, _ care: CivilDate?, _ hasOthers: inout Bool,
    _ scratch: inout BytesExpression.Scratch, _ log: inout FindingLog
  ) {
    dossier.lend(table) { records, text in
      if !records.extras.isEmpty || !records.repeated.isEmpty || hasConditions(table) { hasOthers = true }
      var values: [Int64] = []
      swap(&values, &records.values)
      values.removeAll(keepingCapacity: true)
      values.append(addingCapacity: records.cells.count) { output in
        unsafe output.withUnsafeMutableBufferPointer { values, count in
          unsafe records.cells.withUnsafeMutableBufferPointer { cells in
            unsafe text.withUnsafeBufferPointer { text in
              unsafe plain.quick.withUnsafeBufferPointer { quick in
                var slot = 0
                while slot < cells.count {
                  for column in quick.indices {
                    let cell = unsafe cells[slot]
                    if cell.length == 0 {
                      unsafe values[slot] = CellValue.blank
                      if unsafe quick[column].isRequired {
                        log.note(.B01, Field(table: table, column: column), row: slot / quick.count)
                      }
                    } else {
                      let value = unsafe quick[column].read(cell, text, plain.choices)
                      unsafe values[slot] = value
                      if value == Quick.unknown {
                        unsafe values[slot] = close(
                          &cells[slot], text.span, plain, Field(table: table, column: column), slot / quick.count,
                          care, &scratch, &log)
                      }
                    }
                    slot &+= 1
                  }
                }
                count = slot
              }
            }
          }
        }
      }
      swap(&values, &records.values)
    }
  }

  /// The value of a filled cell that is not written as most are, or about which there is more to ask.
  private func close(
    _ cell: inout TableRecords.Cell, _ text: Span<UInt8>, _ plain: PlainTable, _ field: Field, _ row: Int,
    _ care: CivilDate?, _ scratch: inout BytesExpression.Scratch, _ log: inout FindingLog
  ) -> Int64 {
    // files that come by definition know no editions
    let edition = Dossier.Edition.qd3176
    let ask = plain.asks[field.column]
    let span = text.extracting(cell.range)
    guard ask.kind != .standard, let rest = plain.rests[field.column] else {
      return standard(span, field, row, care, edition, &log)
    }
    if ask.hasMissing, rest.missing.contains(where: { same($0, span) }) {
      cell = .missing
      if ask.isRequired { log.note(.B01, field, row: row) }
      return CellValue.blank
    }
    let value = PlainTable.value(span, ask, rest, field, row, &log)
    if ask.hasMore && value != CellValue.invalid {
      more(span, value, rest, field, row, care, edition, &scratch, &log)
    }
    return value
  }

  /// What a filled cell must keep to besides its type.
  private func more(
    _ span: Span<UInt8>, _ value: Int64, _ rest: PlainRest, _ field: Field, _ row: Int, _ care: CivilDate?,
    _ edition: Dossier.Edition, _ scratch: inout BytesExpression.Scratch, _ log: inout FindingLog
  ) {
    if rest.field.form != .text {
      if value < rest.minimum || value > rest.maximum { log.note(.T32, field, row: row) }
      if !rest.choices.isEmpty, !rest.choices.contains(value) { log.note(.T31, field, row: row) }
      return
    }
    lengthAndCodes(span, field, row, care, edition, &log)
    if let least = rest.field.minLength {
      let count = Text.characterCount(span)
      if count < least { log.note(.T33, field, row: row, found: count, limit: least) }
    }
    if rest.automaton?.matches(span) != true, let pattern = rest.field.pattern, !pattern.matches(span, &scratch) {
      log.note(.T30, field, row: row)
    }
    if !rest.texts.isEmpty, !rest.texts.contains(where: { same($0, span) }) { log.note(.T31, field, row: row) }
  }
}

extension FieldCheck.PlainTable {
  @inline(__always)
  static func value(
    _ span: Span<UInt8>, _ ask: FieldCheck.PlainAsk, _ rest: FieldCheck.PlainRest, _ field: Field, _ row: Int,
    _ log: inout FindingLog
  ) -> Int64 {
    switch ask.kind {
    case .text, .standard: return CellValue.text
    case .integer:
      if let value = PlainReading.integer(span, groupMark: rest.groupMark, isBare: rest.field.isBareNumber) {
        return value
      }
      log.note(.B04, field, row: row)
    case .number:
      if let number = PlainReading.number(
        span, decimalMark: rest.decimalMark, groupMark: rest.groupMark, isBare: rest.field.isBareNumber)
      {
        if number.decimals > rest.scale {
          log.note(.B05, field, .warn, row: row, found: number.decimals, limit: rest.scale)
        }
        if number.hasOddGroups { log.note(.T37, field, row: row) }
        return number.units
      }
      log.note(.B04, field, row: row)
    case .boolean:
      if let value = PlainReading.boolean(span, rest.field.trueValues, rest.field.falseValues) { return value }
      log.note(.T35, field, row: row)
    case .date:
      if let reading = rest.pattern.read(span) { return Int64(reading.day.daysSinceEpoch) }
      log.note(.B06, field, row: row)
    case .datetime:
      if let reading = rest.pattern.read(span) { return reading.minutesSinceEpoch }
      log.note(.B06, field, row: row)
    case .year:
      if let value = PlainReading.year(span) { return value }
      log.note(.B06, field, row: row)
    }
    return CellValue.invalid
  }
}
