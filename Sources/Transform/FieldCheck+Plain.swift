internal import Bytes
internal import Findings
internal import Records

extension FieldCheck {
  /// What every cell of a column of a plain schema is asked; plain values, so that most cells cost no reference counting.
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
    /// A number without signs around it and without groups of digits.
    var isPlainNumber = false
    var decimalMark: UInt8 = 0
    var scale = 4
    /// How a date is mostly written; others are read step by step.
    var shape = DatePattern.Usual.none
    var minimum = Int64.min
    var maximum = Int64.max
    /// Of text: characters above which rule B03 has something to say, and whether anything else is asked.
    var warnAboveLength = Int32.max
    var hasMoreThanLength = true
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

    init(_ column: SourceColumn, _ field: PlainField, missing: [String]) {
      self.field = field
      decimalMark = field.decimalMark ?? UInt8(ascii: ".")
      groupMark = field.groupMark ?? []
      pattern = field.patterns.first ?? .isoDate
      self.missing = field.missingValues + missing.map { Array($0.utf8) }
      choices = field.form == .text ? [] : field.choices.compactMap { PlainReading.value($0, of: field) }
      texts = field.form == .text ? field.choices.map { Array($0.utf8) } : []
      let low = field.minimum.flatMap { PlainReading.value($0, of: field) }
      let high = field.maximum.flatMap { PlainReading.value($0, of: field) }
      minimum = low.map { field.takesMinimum ? $0 : $0 + 1 } ?? .min
      maximum = high.map { field.takesMaximum ? $0 : $0 - 1 } ?? .max
      scale = column.scale ?? 4
    }
  }

  /// A table of a plain schema, compiled.
  struct PlainTable: Sendable {
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
      for (number, column) in columns.enumerated() {
        guard let field = column.plain, let rest = rests[number] else {
          asks.append(
            PlainAsk(
              kind: .standard, isRequired: column.isRequired, hasMore: false, hasMissing: false,
              isDerived: column.isDerived))
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
        var ask = PlainAsk(
          kind: kind, isRequired: column.isRequired, hasMore: hasMore, hasMissing: !rest.missing.isEmpty,
          isDerived: false)
        ask.isPlainNumber = field.isBareNumber && rest.groupMark.isEmpty
        ask.decimalMark = rest.decimalMark
        ask.scale = rest.scale
        ask.shape = kind == .date && rest.pattern.hasTime ? .none : rest.pattern.usual
        (ask.minimum, ask.maximum) = (rest.minimum, rest.maximum)
        ask.warnAboveLength = Int32(clamping: warnAboveLength(number))
        ask.hasMoreThanLength =
          field.form == .text
          ? field.minLength != nil || field.pattern != nil || !field.choices.isEmpty || hasCodes(number)
          : !rest.choices.isEmpty
        asks.append(ask)
      }
      self.asks = asks
    }
  }

  /// Reads all cells of a table of a plain schema, as ``check(_:_:)`` does for those of the decisions.
  func checkPlain(
    _ dossier: Dossier, _ table: Int, _ plain: PlainTable, _ text: [UInt8], _ care: CivilDate?,
    _ scratch: inout BytesExpression.Scratch, _ log: inout FindingLog
  ) {
    var values = dossier.tables[table].values
    dossier.tables[table].values = []
    values.removeAll(keepingCapacity: true)
    let cells = dossier.tables[table].cells
    values.reserveCapacity(cells.count)
    let asks = plain.asks
    var slot = 0
    for row in 0..<dossier.tables[table].rowCount {
      for column in asks.indices {
        let cell = cells[slot]
        slot &+= 1
        let ask = asks[column]
        if cell.length == 0 {
          values.append(CellValue.blank)
          if ask.isRequired { log.note(.B01, Field(table: table, column: column), row: row) }
          continue
        }
        if !ask.hasMissing {
          if ask.kind == .text {
            if !ask.hasMore || (!ask.hasMoreThanLength && cell.length <= ask.warnAboveLength) {
              values.append(CellValue.text)
              continue
            }
          } else if let value = ask.usual(text.span.extracting(cell.range)) {
            values.append(value)
            continue
          }
        }
        let span = text.span.extracting(cell.range)
        let field = Field(table: table, column: column)
        guard ask.kind != .standard, let rest = plain.rests[column] else {
          values.append(standard(span, field, row, care, dossier.edition, &log))
          continue
        }
        if ask.hasMissing, rest.missing.contains(where: { same($0, span) }) {
          dossier.tables[table].cells[slot - 1] = .missing
          values.append(CellValue.blank)
          if ask.isRequired { log.note(.B01, field, row: row) }
          continue
        }
        let value = PlainTable.value(span, ask, rest, field, row, &log)
        if ask.hasMore && value != CellValue.invalid {
          more(span, value, rest, field, row, care, dossier.edition, &scratch, &log)
        }
        values.append(value)
      }
    }
    dossier.tables[table].values = values
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
    if let pattern = rest.field.pattern, !pattern.matches(span, &scratch) { log.note(.T30, field, row: row) }
    if !rest.texts.isEmpty, !rest.texts.contains(where: { same($0, span) }) { log.note(.T31, field, row: row) }
  }
}

extension FieldCheck.PlainAsk {
  /// The value of a cell that is written as most are and about which there is nothing to say; nil when it has to be looked at closely.
  @inline(__always)
  fileprivate func usual(_ span: Span<UInt8>) -> Int64? {
    let value: Int64
    switch kind {
    case .integer:
      guard isPlainNumber, let number = PlainReading.digits(span) else { return nil }
      value = number
    case .number:
      guard isPlainNumber, let number = PlainReading.units(span, decimalMark: decimalMark, mostDecimals: scale)
      else { return nil }
      value = number
    case .date:
      guard let minutes = shape.read(span) else { return nil }
      value = minutes / 1440
    case .datetime:
      guard let minutes = shape.read(span) else { return nil }
      value = minutes
    case .text, .boolean, .year, .standard: return nil
    }
    guard !hasMore || (!hasMoreThanLength && value >= minimum && value <= maximum) else { return nil }
    return value
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
