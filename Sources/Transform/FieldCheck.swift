package import Bytes
internal import Findings
package import Records

/// The constraints of a source schema's fields, compiled: reads every cell once, leaves its value beside it, and notes what is wrong
/// (rules B01–B07, B09, B14, B15, A12 and those of ``OwnRules/listCodes``).
///
/// An object, so that whoever looks at a dossier counts one reference, not one of each list in it.
package final class FieldCheck: Sendable {
  /// What every cell of a column is asked; plain values, so that looking at a cell costs no reference counting.
  private struct Ask {
    var logical: LogicalType
    /// Whether it must be filled, and the edition from which on: a visit of an earlier one cannot have it.
    var isRequired: Bool
    var since: UInt8
    /// Whether a code (or each part of a list) has something to be compared with.
    var hasCodes: Bool
    /// Characters above which rule B03 has something to say.
    var warnAboveLength: Int32
    var scale: Int32
  }

  /// The rest of a column, looked at only where the cell gives cause.
  private final class Compiled: Sendable {
    let maxLength: Int
    let warnAboveLength: Int
    let separator: UInt8
    let codes: CodeSet?
    /// Codes of one digit without the leading zero, as data before 4750 has them.
    let allowsBareDigit: Bool
    let isFacility: Bool
    let conditions: [CompiledCondition]
    /// The code of a value outside of its list: B15, or that of the field's own rule.
    let listCode: FindingCode
    /// The code of a date that is none: B06, B07 for births, B09 for NGAY_MIEN_CCT.
    let dateCode: FindingCode

    init(
      maxLength: Int, warnAboveLength: Int, separator: UInt8, codes: CodeSet?, allowsBareDigit: Bool, isFacility: Bool,
      conditions: [CompiledCondition], listCode: FindingCode, dateCode: FindingCode
    ) {
      self.maxLength = maxLength
      self.warnAboveLength = warnAboveLength
      self.separator = separator
      self.codes = codes
      self.allowsBareDigit = allowsBareDigit
      self.isFacility = isFacility
      self.conditions = conditions
      self.listCode = listCode
      self.dateCode = dateCode
    }
  }

  private struct CompiledCondition: Sendable {
    var field: Field
    var isOwnRow: Bool
    var test: Condition.Test
    var codes: [[UInt8]]
    var separator: UInt8?
  }

  private let asks: [[Ask]]
  private let tables: [[Compiled]]
  /// The tables of plain schemas; nil for those of the decisions.
  private let plain: [PlainTable?]
  /// Columns of each table that are required under a condition.
  private let conditional: [[Int]]
  /// Where the date of care stands: XML1.NGAY_RA, else NGAY_VAO of XML0.
  private let careFields: [Field]
  /// The same of a feed by definition; empty where no list of its schema asks for a day.
  private let plainCare: [(field: Field, pattern: DatePattern)]

  /// - Parameter careDates: of a feed by definition, the fields that say the day of care.
  package init(schema: SourceSchema, codes: CodeLists, careDates: [Field] = []) {
    func separator(_ field: Field) -> UInt8? { schema.tables[field.table].columns[field.column].separator }
    tables = schema.tables.enumerated().map { number, table in
      table.columns.map { column in
        let conditions = column.requiredWhen.compactMap { condition -> CompiledCondition? in
          let target = condition.table.flatMap { schema.table($0) } ?? number
          guard let index = schema.tables[target].column(condition.field) else { return nil }
          let field = Field(table: target, column: index)
          let codes: [[UInt8]] =
            switch condition.test {
            case .isIn(let codes), .isNotIn(let codes): codes.map { Array($0.utf8) }
            default: []
            }
          return CompiledCondition(
            field: field, isOwnRow: target == number, test: condition.test, codes: codes, separator: separator(field))
        }
        let hasOwnRule = schema.name != "qd4210" && OwnRules.required.contains("\(table.name).\(column.name)")
        let date: FindingCode =
          column.logical == .birthDatetime ? .B07 : column.name == "NGAY_MIEN_CCT" ? .B09 : .B06
        return Compiled(
          maxLength: column.maxLength ?? .max, warnAboveLength: column.warnAboveLength ?? column.maxLength ?? .max,
          separator: column.separator ?? UInt8(ascii: ";"),
          codes: column.codeList.flatMap { codes.lists[$0] }
            ?? column.catalogue.flatMap {
              OwnRules.readsCatalogue(table.name, column.name, $0) ? nil : codes.catalogues[$0]
            },
          allowsBareDigit: column.codeList == "MA_LOAI_KCB",
          isFacility: column.catalogue == "facility" && (column.logical == .code || column.logical == .codeList),
          conditions: conditions.count == column.requiredWhen.count && !hasOwnRule ? conditions : [],
          listCode: OwnRules.listCodes["\(table.name).\(column.name)"] ?? .B15, dateCode: date)
      }
    }
    let compiled = tables
    asks = schema.tables.enumerated().map { number, table in
      table.columns.enumerated().map { index, column in
        let rest = compiled[number][index]
        return Ask(
          logical: column.logical, isRequired: column.isRequired, since: column.since?.order ?? 0,
          hasCodes: rest.codes != nil || rest.isFacility,
          warnAboveLength: Int32(clamping: rest.warnAboveLength), scale: Int32(column.scale ?? 4))
      }
    }
    plain = schema.tables.enumerated().map { number, table in
      table.isPlain
        ? PlainTable(table, hasCodes: { compiled[number][$0].codes != nil || compiled[number][$0].isFacility }) {
          compiled[number][$0].warnAboveLength
        } : nil
    }
    let asksForDays = schema.tables.enumerated().contains { number, table in
      table.isPlain && compiled[number].contains { $0.codes?.hasPeriods == true }
    }
    // what a function makes a date of is not known yet when fields are checked
    plainCare =
      asksForDays
      ? careDates.compactMap { field in
        schema.tables[field.table].columns[field.column].plain?.patterns.first.map { (field, $0) }
      } : []
    conditional = compiled.map { columns in columns.indices.filter { !columns[$0].conditions.isEmpty } }
    careFields = [("XML1", "NGAY_RA"), ("XML1", "NGAY_VAO"), ("XML0", "NGAY_VAO")].compactMap { table, column in
      schema.table(table).flatMap { number in
        schema.tables[number].column(column).map { Field(table: number, column: $0) }
      }
    }
  }

  /// Reads all cells of the dossier: fills `values` of every table and notes findings.
  package func check(_ dossier: Dossier, _ log: inout FindingLog) {
    var scratch = BytesExpression.Scratch()
    check(dossier, &scratch, &log)
  }

  func check(_ dossier: Dossier, _ scratch: inout BytesExpression.Scratch, _ log: inout FindingLog) {
    let care = careDay(of: dossier)
    var hasOthers = false
    let count = min(asks.count, dossier.tables.count)
    for table in 0..<count where dossier.tables[table].rowCount > 0 {
      if let plain = plain[table] {
        checkPlain(dossier, table, plain, care, &hasOthers, &scratch, &log)
      } else {
        checkTable(dossier, table, care, &log)
        hasOthers = true
      }
    }
    guard hasOthers else { return }
    for table in 0..<count where dossier.tables[table].rowCount > 0 {
      if !conditional[table].isEmpty { checkConditions(dossier, table, dossier.text, &log) }
      if !dossier.tables[table].repeated.isEmpty || !dossier.tables[table].extras.isEmpty {
        checkNames(dossier, table, &log)
      }
    }
  }

  func hasConditions(_ table: Int) -> Bool { !conditional[table].isEmpty }

  /// Reads all cells of a table of the decisions.
  private func checkTable(_ dossier: Dossier, _ table: Int, _ care: CivilDate?, _ log: inout FindingLog) {
    let text = dossier.text
    let edition = dossier.edition.order
    var values = dossier.tables[table].values
    dossier.tables[table].values = []
    values.removeAll(keepingCapacity: true)
    let cells = dossier.tables[table].cells
    values.reserveCapacity(cells.count)
    let asks = asks[table]
    var slot = 0
    for row in 0..<dossier.tables[table].rowCount {
      for column in asks.indices {
        let cell = cells[slot]
        slot &+= 1
        let ask = asks[column]
        if cell.length == 0 {
          values.append(CellValue.blank)
          if ask.isRequired && ask.since <= edition { log.note(.B01, Field(table: table, column: column), row: row) }
          continue
        }
        if cell.length > ask.warnAboveLength {
          checkLength(
            text.span.extracting(cell.range), tables[table][column], Field(table: table, column: column), row, &log)
        }
        switch ask.logical {
        case .string, .stringList:
          values.append(CellValue.text)
        case .code:
          if ask.hasCodes {
            code(
              text.span.extracting(cell.range), tables[table][column], Field(table: table, column: column), row, care,
              dossier.edition, &log)
          }
          values.append(CellValue.text)
        default:
          values.append(
            read(
              text.span.extracting(cell.range), ask, table, Field(table: table, column: column), row, care,
              dossier.edition, &log))
        }
      }
    }
    dossier.tables[table].values = values
  }

  /// The day whose editions of code lists count: the day of discharge, else of arrival.
  private func careDay(of dossier: Dossier) -> CivilDate? {
    if careFields.isEmpty, plainCare.isEmpty { return nil }
    let text = dossier.text
    for field in careFields where dossier.tables[field.table].rowCount > 0 {
      let cell = dossier.tables[field.table].cell(0, field.column)
      if cell.length >= 8, let day = CivilDate(compact: text.span.extracting(cell.range), at: 0) { return day }
    }
    for (field, pattern) in plainCare where dossier.tables[field.table].rowCount > 0 {
      let cell = dossier.tables[field.table].cell(0, field.column)
      if cell.length > 0, let day = pattern.read(text.span.extracting(cell.range))?.day { return day }
    }
    return nil
  }

  // MARK: one cell

  /// A cell of a plain schema whose field is written as the decisions write theirs.
  func standard(
    _ span: Span<UInt8>, _ field: Field, _ row: Int, _ care: CivilDate?, _ edition: Dossier.Edition,
    _ log: inout FindingLog
  ) -> Int64 {
    let ask = asks[field.table][field.column]
    let rest = tables[field.table][field.column]
    if span.count > ask.warnAboveLength { checkLength(span, rest, field, row, &log) }
    switch ask.logical {
    case .string, .stringList: return CellValue.text
    case .code:
      if ask.hasCodes { code(span, rest, field, row, care, edition, &log) }
      return CellValue.text
    default: return read(span, ask, field.table, field, row, care, edition, &log)
    }
  }

  /// Rules B03, B14 and B15 of a plain text.
  func lengthAndCodes(
    _ span: Span<UInt8>, _ field: Field, _ row: Int, _ care: CivilDate?, _ edition: Dossier.Edition,
    _ log: inout FindingLog
  ) {
    let ask = asks[field.table][field.column]
    if span.count > ask.warnAboveLength { checkLength(span, tables[field.table][field.column], field, row, &log) }
    guard ask.hasCodes else { return }
    if ask.logical == .code {
      code(span, tables[field.table][field.column], field, row, care, edition, &log)
    } else if ask.logical == .codeList {
      _ = list(span, .codeList, tables[field.table][field.column], field, row, care, edition, &log)
    }
  }

  /// The value of a cell that is a number, a date or a list.
  private func read(
    _ span: Span<UInt8>, _ ask: Ask, _ table: Int, _ field: Field, _ row: Int, _ care: CivilDate?,
    _ edition: Dossier.Edition, _ log: inout FindingLog
  ) -> Int64 {
    switch ask.logical {
    case .decimal:
      return decimal(span, Int(ask.scale), field, row, &log)
    case .integer:
      guard let value = FieldCheck.integer(span) else {
        log.note(.B04, field, row: row)
        return CellValue.invalid
      }
      return value
    case .datetime:
      guard let minute = CivilMinute(compact: span) else {
        log.note(tables[table][field.column].dateCode, field, row: row)
        return CellValue.invalid
      }
      return minute.minutesSinceEpoch
    case .date:
      guard let day = CivilDate(compact: span) else {
        log.note(tables[table][field.column].dateCode, field, row: row)
        return CellValue.invalid
      }
      return Int64(day.daysSinceEpoch)
    case .dateOrDatetime:
      if span.count == 8, let day = CivilDate(compact: span) { return Int64(day.daysSinceEpoch) * 1440 }
      guard let minute = CivilMinute(compact: span) else {
        log.note(tables[table][field.column].dateCode, field, row: row)
        return CellValue.invalid
      }
      return minute.minutesSinceEpoch
    case .birthDatetime:
      guard let birth = BirthDate(compact: span), birth.day.components.year >= 1900 else {
        log.note(tables[table][field.column].dateCode, field, row: row)
        return CellValue.invalid
      }
      return BirthValue.pack(birth)
    case .codeList, .dateList, .decimalList:
      if ask.logical == .codeList && !ask.hasCodes { return CellValue.text }
      return list(span, ask.logical, tables[table][field.column], field, row, care, edition, &log)
    case .string, .stringList, .code:
      return CellValue.text
    }
  }

  @inline(__always)
  private static func integer(_ text: Span<UInt8>) -> Int64? {
    guard text.count <= 18 else { return nil }
    var value: Int64 = 0
    for i in text.indices {
      let digit = text[i] &- UInt8(ascii: "0")
      if digit > 9 { return nil }
      value = value &* 10 &+ Int64(digit)
    }
    return value
  }

  private func decimal(_ text: Span<UInt8>, _ scale: Int, _ field: Field, _ row: Int, _ log: inout FindingLog) -> Int64
  {
    switch Decimal4.read(text) {
    case .success(let reading):
      if reading.value.units < 0 { log.note(.B04, field, row: row) }
      if reading.decimals > scale {
        log.note(.B05, field, .warn, row: row, found: reading.decimals, limit: scale)
      }
      return reading.value.units
    case .failure:
      log.note(.B04, field, row: row)
      return CellValue.invalid
    }
  }

  /// Checks a code against its list, edition of the day of care, and the shape of facility codes.
  private func code(
    _ text: Span<UInt8>, _ column: Compiled, _ field: Field, _ row: Int, _ care: CivilDate?, _ edition: Dossier.Edition,
    _ log: inout FindingLog
  ) {
    if column.isFacility {
      if text.count != 5 || !(column.codes.map { $0.contains(text, on: care) || isProvinceOnly(text) } ?? true) {
        log.note(.B14, field, row: row, found: text.count, limit: 5)
      }
      return
    }
    guard let codes = column.codes, !codes.contains(text, on: care) else { return }
    if column.allowsBareDigit && edition == .qd130 && text.count == 1 && text[0] >= 0x31 && text[0] <= 0x39 { return }
    log.note(column.listCode, field, row: row)
  }

  /// Province code and `000`: an insured person with a temporary card.
  private func isProvinceOnly(_ text: Span<UInt8>) -> Bool {
    text.count == 5 && text[2] == 0x30 && text[3] == 0x30 && text[4] == 0x30
  }

  private func list(
    _ text: Span<UInt8>, _ logical: LogicalType, _ column: Compiled, _ field: Field, _ row: Int, _ care: CivilDate?,
    _ edition: Dossier.Edition, _ log: inout FindingLog
  ) -> Int64 {
    var isValid = true
    var parts = ListParts(separator: column.separator)
    while let part = parts.next(in: text) {
      let item = text.extracting(part)
      if item.isEmpty { continue }
      switch logical {
      case .codeList:
        code(item, column, field, row, care, edition, &log)
      case .dateList:
        if CivilDate(compact: item) == nil {
          log.note(column.dateCode, field, row: row)
          isValid = false
        }
      default:
        if case .failure = Decimal4.read(item) {
          log.note(.B04, field, row: row)
          isValid = false
        }
      }
    }
    return isValid ? CellValue.text : CellValue.invalid
  }

  /// Rule B03 counts characters: warn above the decision's length, reject above the largest any source allows.
  private func checkLength(_ text: Span<UInt8>, _ column: Compiled, _ field: Field, _ row: Int, _ log: inout FindingLog)
  {
    var count = Text.characterCount(text)
    if count > column.warnAboveLength, !Text.isSurelyComposed(text) {
      count = Text.characterCount(Text.composed(text).span)
    }
    if count > column.maxLength {
      log.note(.B03, field, row: row, found: count, limit: column.maxLength)
    } else if count > column.warnAboveLength {
      log.note(.B03, field, .warn, row: row, found: count, limit: column.warnAboveLength)
    }
  }

  // MARK: rows

  /// Rule B02: fields that are required under a condition.
  private func checkConditions(_ dossier: Dossier, _ table: Int, _ text: [UInt8], _ log: inout FindingLog) {
    let records = dossier.tables[table]
    for column in conditional[table] {
      let compiled = tables[table][column]
      for row in 0..<records.rowCount where records.values[row * records.columnCount + column] == CellValue.blank {
        if compiled.conditions.allSatisfy({ holds($0, dossier, row, text) }) {
          log.note(.B02, Field(table: table, column: column), row: row, other: compiled.conditions[0].field)
        }
      }
    }
  }

  private func holds(_ condition: CompiledCondition, _ dossier: Dossier, _ row: Int, _ text: [UInt8]) -> Bool {
    let records = dossier.tables[condition.field.table]
    let row = condition.isOwnRow ? row : 0
    guard row < records.rowCount else { return false }
    let cell = records.cell(row, condition.field.column)
    switch condition.test {
    case .filled: return cell.length > 0
    case .blank: return cell.length == 0
    case .isIn: return cell.length > 0 && isListed(cell, condition, text)
    case .isNotIn: return cell.length > 0 && !isListed(cell, condition, text)
    }
  }

  private func isListed(_ cell: TableRecords.Cell, _ condition: CompiledCondition, _ text: [UInt8]) -> Bool {
    let span = text.span.extracting(cell.range)
    guard let separator = condition.separator else {
      return condition.codes.contains { same($0, span) }
    }
    var parts = ListParts(separator: separator)
    while let part = parts.next(in: span) {
      let item = span.extracting(part)
      if condition.codes.contains(where: { same($0, item) }) { return true }
    }
    return false
  }

  /// Rule A12: no element twice in a row; unknown elements are kept and reported.
  private func checkNames(_ dossier: Dossier, _ table: Int, _ log: inout FindingLog) {
    let records = dossier.tables[table]
    for (row, column) in records.repeated {
      log.note(.A12, Field(table: table, column: column), row: row)
    }
    let repeated = Set(records.repeated.map(\.row))
    var reported: Set<String> = []
    for extra in records.extras where reported.insert(extra.name).inserted {
      // a field of an earlier edition is not a mistake of the hospital
      if repeated.contains(extra.row) { continue }
      var finding = Finding(.A12, .warn, table: table, row: extra.row + 1)
      finding.unknownName = extra.tellableName
      log.note(finding)
    }
  }
}

@inline(__always)
func same(_ bytes: [UInt8], _ span: Span<UInt8>) -> Bool {
  guard bytes.count == span.count else { return false }
  for i in bytes.indices where bytes[i] != span[i] { return false }
  return true
}

/// A birth date in one integer: minutes since the epoch times four, and the precision.
package enum BirthValue {
  package static func pack(_ birth: BirthDate) -> Int64 {
    birth.moment.minutesSinceEpoch * 4 + Int64(birth.precision.rawValue)
  }

  package static func unpack(_ value: Int64) -> BirthDate {
    let minutes = value >> 2
    let moment = CivilMinute(minutesSinceEpoch: minutes)
    return BirthDate(
      day: moment.day, precision: BirthDate.Precision(rawValue: UInt8(value & 3)) ?? .day,
      minuteOfDay: Int32(truncatingIfNeeded: moment.minuteOfDay))
  }
}

/// The trimmed parts of a list, in order; an empty last part (a list that ends with its separator) is left out.
package struct ListParts: Sendable {
  private let separator: UInt8
  private var at = 0

  package init(separator: UInt8) { self.separator = separator }

  /// Where the next part stands in `text`, the same text at every call; nil behind the last one.
  package mutating func next(in text: Span<UInt8>) -> Range<Int>? {
    guard at < text.count else { return nil }
    var end = at
    while end < text.count, text[end] != separator { end += 1 }
    var low = at
    var high = end
    while low < high, Text.isSpace(text[low]) { low += 1 }
    while high > low, Text.isSpace(text[high - 1]) { high -= 1 }
    at = end + 1
    return low..<high
  }
}
