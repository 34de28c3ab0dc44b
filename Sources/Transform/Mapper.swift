package import Bytes
package import CommonSchema
package import Records

/// A mapping compiled for one source schema and the common schema: turns a checked dossier into rows.
package struct Mapper: Sendable {
  /// What the loader knows of a dossier and puts into every row.
  package struct Identity: Sendable {
    package var encounterKey: Sensitive<[UInt8]>
    package var careMonth: CivilDate
    package var facilityCode: [UInt8]
    package var fileID: Int64
    package var dossierNumber: Int32

    package init(
      encounterKey: [UInt8], careMonth: CivilDate, facilityCode: [UInt8], fileID: Int64, dossierNumber: Int32
    ) {
      self.encounterKey = Sensitive(encounterKey)
      self.careMonth = careMonth
      self.facilityCode = facilityCode
      self.fileID = fileID
      self.dossierNumber = dossierNumber
    }
  }

  private enum Step: Sendable {
    case key
    case month
    case facility
    case rowNumber
    case file
    case dossier
    case null
    case extra
    /// Number of the text among the row set's constants.
    case constant(Int)
    case text(Int)
    case integer(Int)
    case bigint(Int)
    case decimal(Int)
    case day(Int)
    case minute(Int)
    case birthDate(Int)
    case birthPrecision(Int)
    case birthMoment(Int)
    case textArray(Int, separator: UInt8)
    case dateArray(Int, separator: UInt8)
    case decimalArray(Int, separator: UInt8)
    /// The current part of a list that is walked: which list, and how to read it.
    case part(Int, ColumnType)

    /// Whether it reads one cell, or none.
    var isFlat: Bool {
      switch self {
      case .key, .month, .facility, .rowNumber, .file, .dossier, .null, .extra, .constant, .text, .integer, .bigint,
        .decimal, .day, .minute:
        true
      case .birthDate, .birthPrecision, .birthMoment, .textArray, .dateArray, .decimalArray, .part: false
      }
    }
  }

  private struct Filter: Sendable {
    var column: Int
    var codes: [[UInt8]]
    var isWanted: Bool
  }

  private struct RowSet: Sendable {
    var entity: Int
    var table: Int
    var filters: [Filter]
    /// (column, separator) of the lists walked together.
    var each: [(column: Int, separator: UInt8)]
    var steps: [Step]
    var constants: [[UInt8]]
    /// Columns whose text goes to `extra`.
    var extra: [Int]
    /// Columns mapped to a type that a wrong value does not fit: their text goes to `extra` then.
    var typed: [Int]
    /// Of those, columns of 32 bits.
    var narrow: [Int]
    /// Columns that become text, once for each time.
    var texts: [Int] = []
    /// How many bytes the fields of a row take at most, without the texts of its cells, its key and its facility.
    var mostBytes = 0
    /// Whether each field is read from one cell, or known: then rows are written in one go.
    var isFlat = false
  }

  /// By table number of the source schema, in the order of the mapping.
  private let rowSets: [[RowSet]]
  private let schema: SourceSchema

  /// - Throws: everything in the mapping that does not fit.
  package init(_ mapping: Mapping, source: SourceSchema, common: CommonSchema) throws(MappingFaults) {
    self.schema = source
    var compiled: [RowSet] = []
    var faults: [MappingFault] = []
    for (number, set) in mapping.rowSets.enumerated() {
      func fault(_ message: String, _ column: String? = nil, mend: String? = nil) {
        faults.append(
          MappingFault(
            rowSet: number, column: column, message: message, mend: mend,
            place: column.flatMap { set.places[$0] } ?? set.place))
      }
      guard let entity = common.entity(set.entity) else {
        fault("there is no entity «\(set.entity)» in Schemas/common")
        continue
      }
      guard let table = source.table(set.table) else {
        fault("there is no table «\(set.table)» in Schemas/\(source.name)")
        continue
      }
      let columns = source.tables[table].columns
      func column(_ name: String, _ target: String?) -> Int? {
        if let index = source.tables[table].column(name) { return index }
        fault("\(set.table) has no field «\(name)»", target, mend: FeedPlan.near(name, source.tables[table]))
        return nil
      }
      var filters: [Filter] = []
      for (field, codes) in set.when {
        guard let index = column(field, nil) else { continue }
        filters.append(Filter(column: index, codes: codes.map { Array($0.utf8) }, isWanted: true))
      }
      for (field, codes) in set.unless {
        guard let index = column(field, nil) else { continue }
        filters.append(Filter(column: index, codes: codes.map { Array($0.utf8) }, isWanted: false))
      }
      var each: [(column: Int, separator: UInt8)] = []
      for name in set.each {
        guard let index = column(name, nil) else { continue }
        // a single code counts as a list of one
        each.append((index, columns[index].separator ?? 0))
      }
      var steps: [Step] = []
      var typed: [Int] = []
      var constants: [[UInt8]] = []
      var narrow: [Int] = []
      for target in common.entities[entity].columns {
        switch target.name {
        case "encounter_key": steps.append(.key)
        case "care_month": steps.append(.month)
        case "facility_code": steps.append(.facility)
        case "row_number": steps.append(.rowNumber)
        case "file_id": steps.append(.file)
        case "dossier_number": steps.append(.dossier)
        case "extra": steps.append(.extra)
        default:
          guard let entry = set.columns.first(where: { $0.name == target.name }) else {
            steps.append(.null)
            continue
          }
          switch entry.source {
          case .constant(let text):
            if target.type != .text { fault("a constant needs a column of type text", target.name) }
            steps.append(.constant(constants.count))
            constants.append(Array(text.utf8))
          case .birthDate(let name):
            if target.type != .date { fault("birthDate needs a column of type date", target.name) }
            guard let index = column(name, target.name) else { continue }
            steps.append(.birthDate(index))
            typed.append(index)
          case .birthPrecision(let name):
            if target.type != .text { fault("birthPrecision needs a column of type text", target.name) }
            guard let index = column(name, target.name) else { continue }
            steps.append(.birthPrecision(index))
          case .birthMoment(let name):
            if target.type != .timestamptz { fault("birthMoment needs a column of type timestamptz", target.name) }
            guard let index = column(name, target.name) else { continue }
            steps.append(.birthMoment(index))
          case .function, .birth:
            fault("a function that was not worked out", target.name)
          case .field(let name):
            guard let index = column(name, target.name) else { continue }
            if let list = each.firstIndex(where: { $0.column == index }) {
              switch target.type {
              case .text, .date, .numeric: steps.append(.part(list, target.type))
              default: fault("a part of a list becomes text, date or numeric(18,4)", target.name)
              }
              continue
            }
            guard let step = Mapper.step(columns[index], index, target.type) else {
              fault(
                "\(name) (\(columns[index].logical.rawValue)) cannot become \(target.type.rawValue)", target.name,
                mend: Mapper.mend(name, columns[index], target.type))
              continue
            }
            // a derived text may be one that could not be worked out
            if target.type != .text && target.type != .textArray || columns[index].isDerived { typed.append(index) }
            if target.type == .integer { narrow.append(index) }
            steps.append(step)
          }
        }
      }
      for entry in set.columns where common.entities[entity].column(entry.name) == nil {
        fault("\(set.entity) has no column «\(entry.name)»", entry.name)
      }
      var extra: [Int] = []
      for name in set.extra {
        if let index = column(name, "extra") { extra.append(index) }
      }
      var set = RowSet(
        entity: entity, table: table, filters: filters, each: each, steps: steps, constants: constants,
        extra: extra, typed: typed, narrow: narrow)
      set.texts = steps.compactMap { if case .text(let column) = $0 { column } else { nil } }
      set.mostBytes = constants.reduce(steps.count * RowPen.mostBytes) { $0 + $1.count }
      set.isFlat = each.isEmpty && steps.allSatisfy(\.isFlat)
      compiled.append(set)
    }
    if !faults.isEmpty { throw MappingFaults(faults: faults) }
    rowSets = source.tables.indices.map { table in compiled.filter { $0.table == table } }
  }

  /// How to bring a field into a column of another type.
  private static func mend(_ name: String, _ column: SourceColumn, _ target: ColumnType) -> String? {
    guard column.plain != nil else { return nil }
    switch target {
    case .numeric, .integer, .bigint: return "write { number: \(name) }, or its type in the schema"
    case .date, .timestamptz: return "write { date: \(name), formats: [\"%d/%m/%Y\"] }, or its type in the schema"
    case .textArray: return "write { join: [\(name)], with: \";\" }, or type: list in the schema"
    default: return nil
    }
  }

  private static func step(_ column: SourceColumn, _ index: Int, _ target: ColumnType) -> Step? {
    switch (column.logical, target) {
    case (_, .text): .text(index)
    case (.integer, .integer): .integer(index)
    case (.integer, .bigint): .bigint(index)
    case (.integer, .numeric), (.decimal, .numeric): .decimal(index)
    case (.date, .date): .day(index)
    case (.datetime, .timestamptz), (.dateOrDatetime, .timestamptz): .minute(index)
    case (.codeList, .textArray), (.stringList, .textArray): .textArray(index, separator: column.separator ?? 0x3B)
    case (.dateList, .dateArray): .dateArray(index, separator: column.separator ?? 0x3B)
    case (.decimalList, .numericArray): .decimalArray(index, separator: column.separator ?? 0x3B)
    default: nil
    }
  }

  /// Appends the dossier's rows. The dossier has been checked: every table's `values` are filled.
  ///
  /// - Parameter counts: rows by entity number, added to.
  package func map(_ dossier: Dossier, _ identity: Identity, into batch: inout RowBatch, counts: inout [Int]) {
    let text = dossier.text
    for table in dossier.tables.indices where dossier.tables[table].rowCount > 0 {
      let records = dossier.tables[table]
      let sets = rowSets[table]
      for (number, set) in sets.enumerated() {
        var rows = EntityRows.none
        swap(&rows, &batch.entities[set.entity])
        var made = 0
        for row in 0..<records.rowCount where set.filters.isEmpty || takes(set, records, row, text) {
          if set.each.isEmpty {
            // the primary row set of a record is the first without lists that takes it: it keeps what is left over
            let isPrimary =
              number == 0 || !sets[..<number].contains { $0.each.isEmpty && takes($0, records, row, text) }
            append(set, records, row, text, identity, isPrimary, &rows)
            made += 1
          } else {
            made += appendParts(set, records, row, text, identity, &rows)
          }
        }
        counts[set.entity] += made
        swap(&rows, &batch.entities[set.entity])
      }
    }
  }

  /// Whether a value cannot stand in its column: not what its type says, or too large for 32 bits.
  private func doesNotFit(_ value: Int64, _ isNarrow: Bool) -> Bool {
    value == CellValue.invalid || (isNarrow && CellValue.isValue(value) && value > Int64(Int32.max))
  }

  private func takes(_ set: RowSet, _ records: TableRecords, _ row: Int, _ text: [UInt8]) -> Bool {
    for filter in set.filters {
      let cell = records.cell(row, filter.column)
      let span = cell.isMissing ? text.span.extracting(0..<0) : text.span.extracting(cell.range)
      var isListed = false
      for code in filter.codes where same(code, span) { isListed = true }
      if isListed != filter.isWanted { return false }
    }
    return true
  }

  private func append(
    _ set: RowSet, _ records: TableRecords, _ row: Int, _ text: [UInt8], _ identity: Identity, _ isPrimary: Bool,
    _ rows: inout EntityRows
  ) {
    if set.isFlat, appendFlat(set, records, row, text, identity, isPrimary, &rows) { return }
    rows.beginRow(columns: set.steps.count)
    let number = Int32(truncatingIfNeeded: rows.rowsOfDossier)
    let base = row * records.columnCount
    for step in set.steps {
      appendStep(step, set, records, base, row, text, identity, number, isPrimary, &rows)
    }
  }

  /// Writes a row in one go when its texts are surely composed and nothing is left over; false when it has to be put together field by field.
  private func appendFlat(
    _ set: RowSet, _ records: TableRecords, _ row: Int, _ text: [UInt8], _ identity: Identity, _ isPrimary: Bool,
    _ rows: inout EntityRows
  ) -> Bool {
    let base = row * records.columnCount
    if isPrimary, hasRest(set, records, base) { return false }
    let number = Int32(truncatingIfNeeded: rows.rowsOfDossier + 1)
    let (key, facility) = (identity.encounterKey.exposed, identity.facilityCode)
    var most = set.mostBytes + key.count + facility.count
    for column in set.texts { most += Int(records.cells[base + column].length) }
    return rows.appendRow(columns: set.steps.count, most: most) { pen in
      for step in set.steps {
        switch step {
        case .text(let column):
          let cell = records.cells[base + column]
          if cell.length == 0 {
            pen.null()
          } else {
            let span = text.span.extracting(cell.range)
            guard Text.isSurelyComposed(span) else { return false }
            pen.put(text: span)
          }
        case .decimal(let column):
          let value = records.values[base + column]
          CellValue.isValue(value) ? pen.put(decimal: Decimal4(units: value)) : pen.null()
        case .minute(let column):
          let value = records.values[base + column]
          CellValue.isValue(value) ? pen.put(moment: CivilMinute(minutesSinceEpoch: value)) : pen.null()
        case .day(let column):
          let value = records.values[base + column]
          CellValue.isValue(value)
            ? pen.put(date: CivilDate(daysSinceEpoch: Int32(truncatingIfNeeded: value))) : pen.null()
        case .integer(let column):
          let value = records.values[base + column]
          CellValue.isValue(value) && value <= Int64(Int32.max)
            ? pen.put(integer: Int32(truncatingIfNeeded: value)) : pen.null()
        case .bigint(let column):
          let value = records.values[base + column]
          CellValue.isValue(value) ? pen.put(bigint: value) : pen.null()
        case .key: pen.put(text: key.span)
        case .month: pen.put(date: identity.careMonth)
        case .facility: pen.put(text: facility.span)
        case .rowNumber: pen.put(integer: number)
        case .file: pen.put(bigint: identity.fileID)
        case .dossier: pen.put(integer: identity.dossierNumber)
        case .constant(let number):
          let constant = set.constants[number]
          pen.put(text: constant.span)
        case .null, .extra: pen.null()
        case .birthDate, .birthPrecision, .birthMoment, .textArray, .dateArray, .decimalArray, .part: return false
        }
      }
      return true
    }
  }

  /// Whether something of the record has no column of its own (``appendExtra``).
  private func hasRest(_ set: RowSet, _ records: TableRecords, _ base: Int) -> Bool {
    if !records.extras.isEmpty { return true }
    for column in set.extra where records.cells[base + column].length > 0 { return true }
    for column in set.typed where records.values[base + column] == CellValue.invalid { return true }
    for column in set.narrow where records.values[base + column] > Int64(Int32.max) { return true }
    return false
  }

  @inline(__always)
  private func appendStep(
    _ step: Step, _ set: RowSet, _ records: TableRecords, _ base: Int, _ row: Int, _ text: [UInt8],
    _ identity: Identity,
    _ number: Int32, _ isPrimary: Bool, _ rows: inout EntityRows
  ) {
    switch step {
    case .text(let column):
      let cell = records.cells[base + column]
      if cell.length == 0 { return rows.appendNull() }
      append(text: text.span.extracting(cell.range), &rows)
    case .decimal(let column):
      let value = records.values[base + column]
      CellValue.isValue(value) ? rows.append(decimal: Decimal4(units: value)) : rows.appendNull()
    case .minute(let column):
      let value = records.values[base + column]
      CellValue.isValue(value) ? rows.append(moment: CivilMinute(minutesSinceEpoch: value)) : rows.appendNull()
    case .bigint(let column):
      let value = records.values[base + column]
      CellValue.isValue(value) ? rows.append(bigint: value) : rows.appendNull()
    case .integer(let column):
      let value = records.values[base + column]
      CellValue.isValue(value) && value <= Int64(Int32.max)
        ? rows.append(integer: Int32(truncatingIfNeeded: value)) : rows.appendNull()
    case .day(let column):
      let value = records.values[base + column]
      CellValue.isValue(value)
        ? rows.append(date: CivilDate(daysSinceEpoch: Int32(truncatingIfNeeded: value))) : rows.appendNull()
    case .key: rows.append(text: identity.encounterKey.exposed.span)
    case .month: rows.append(date: identity.careMonth)
    case .facility: rows.append(text: identity.facilityCode.span)
    case .rowNumber: rows.append(integer: number)
    case .file: rows.append(bigint: identity.fileID)
    case .dossier: rows.append(integer: identity.dossierNumber)
    case .null: rows.appendNull()
    case .constant(let number): rows.append(text: set.constants[number])
    case .extra: appendExtra(set, records, base, row, text, isPrimary, &rows)
    case .birthDate(let column):
      let value = records.values[base + column]
      CellValue.isValue(value) ? rows.append(date: BirthValue.unpack(value).day) : rows.appendNull()
    case .birthPrecision(let column):
      let value = records.values[base + column]
      guard CellValue.isValue(value) else { return rows.appendNull() }
      switch BirthValue.unpack(value).precision {
      case .year: rows.append(text: Mapper.year.span)
      case .day: rows.append(text: Mapper.day.span)
      case .minute: rows.append(text: Mapper.minute.span)
      }
    case .birthMoment(let column):
      let value = records.values[base + column]
      guard CellValue.isValue(value) else { return rows.appendNull() }
      let birth = BirthValue.unpack(value)
      birth.precision == .minute ? rows.append(moment: birth.moment) : rows.appendNull()
    case .textArray(let column, let separator):
      appendArray(records.cells[base + column], .text, separator, text, &rows)
    case .dateArray(let column, let separator):
      appendArray(records.cells[base + column], .date, separator, text, &rows)
    case .decimalArray(let column, let separator):
      appendArray(records.cells[base + column], .numeric, separator, text, &rows)
    case .part: rows.appendNull()
    }
  }

  private static let year = Array("year".utf8)
  private static let day = Array("day".utf8)
  private static let minute = Array("minute".utf8)

  /// Text goes to the warehouse in Unicode's composed form.
  @inline(__always)
  private func append(text span: Span<UInt8>, _ rows: inout EntityRows) {
    if Text.isSurelyComposed(span) {
      rows.append(text: span)
    } else {
      rows.append(text: Text.composed(span).span)
    }
  }

  private func appendArray(
    _ cell: TableRecords.Cell, _ type: ColumnType, _ separator: UInt8, _ text: [UInt8], _ rows: inout EntityRows
  ) {
    if cell.length == 0 { return rows.appendNull() }
    let span = text.span.extracting(cell.range)
    var count = 0
    var hasNulls = false
    var parts = ListParts(separator: separator)
    while let part = parts.next(in: span) {
      count += 1
      if type != .text {
        // a wrong part leaves the whole list to `extra`
        let item = span.extracting(part)
        if item.isEmpty {
          hasNulls = true
        } else if !isReadable(item, type) {
          return rows.appendNull()
        }
      }
    }
    let element: RowForm.ElementType = type == .text ? .text : type == .date ? .date : .numeric
    let start = rows.beginArray(of: element, count: count, hasNulls: hasNulls)
    parts = ListParts(separator: separator)
    while let part = parts.next(in: span) { appendPart(span.extracting(part), type, &rows) }
    rows.endArray(start)
  }

  private func isReadable(_ item: Span<UInt8>, _ type: ColumnType) -> Bool {
    switch type {
    case .date: return CivilDate(compact: item) != nil
    case .numeric:
      if case .success = Decimal4.read(item) { return true }
      return false
    default: return true
    }
  }

  private func appendPart(_ item: Span<UInt8>, _ type: ColumnType, _ rows: inout EntityRows) {
    switch type {
    case .date:
      if let day = CivilDate(compact: item) { return rows.append(date: day) }
      rows.appendNull()
    case .numeric:
      if case .success(let reading) = Decimal4.read(item) { return rows.append(decimal: reading.value) }
      rows.appendNull()
    default: append(text: item, &rows)
    }
  }

  // MARK: one row a part

  private func appendParts(
    _ set: RowSet, _ records: TableRecords, _ row: Int, _ text: [UInt8], _ identity: Identity, _ rows: inout EntityRows
  ) -> Int {
    let base = row * records.columnCount
    var lists: [[Range<Int>]] = []
    var most = 0
    for list in set.each {
      let cell = records.cells[base + list.column]
      var found: [Range<Int>] = []
      if cell.length > 0 {
        let span = text.span.extracting(cell.range)
        let offset = Int(cell.offset)
        if list.separator == 0 {
          found.append(cell.range)
        } else {
          var parts = ListParts(separator: list.separator)
          while let part = parts.next(in: span) { found.append(offset + part.lowerBound..<offset + part.upperBound) }
        }
      }
      most = max(most, found.count)
      lists.append(found)
    }
    var made = 0
    for place in 0..<most {
      guard lists.contains(where: { place < $0.count && !$0[place].isEmpty }) else { continue }
      rows.beginRow(columns: set.steps.count)
      let number = Int32(truncatingIfNeeded: rows.rowsOfDossier)
      for step in set.steps {
        if case .part(let list, let type) = step {
          if place < lists[list].count, !lists[list][place].isEmpty {
            appendPart(text.span.extracting(lists[list][place]), type, &rows)
          } else {
            rows.appendNull()
          }
        } else {
          appendStep(step, set, records, base, row, text, identity, number, false, &rows)
        }
      }
      made += 1
    }
    return made
  }

  // MARK: what is left over

  /// Unknown elements, repeated ones, values that do not fit their column, and fields the mapping sends here; null when there is nothing.
  private func appendExtra(
    _ set: RowSet, _ records: TableRecords, _ base: Int, _ row: Int, _ text: [UInt8], _ isPrimary: Bool,
    _ rows: inout EntityRows
  ) {
    guard isPrimary else { return rows.appendNull() }
    var json = OutputBuffer()
    let names = schema.tables[set.table].columns
    var written: [String: Int] = [:]
    func put(_ name: String, _ cell: TableRecords.Cell) {
      guard cell.length > 0 else { return }
      let repeats = written[name, default: 0] + 1
      written[name] = repeats
      let key = repeats == 1 ? name : "\(name)#\(repeats)"
      json.append(json.isEmpty ? "{" : ",")
      JSON.append(string: Array(key.utf8).span, to: &json)
      json.append(":")
      let span = text.span.extracting(cell.range)
      if Text.isSurelyComposed(span) {
        JSON.append(string: span, to: &json)
      } else {
        JSON.append(string: Text.composed(span).span, to: &json)
      }
    }
    for column in set.typed where doesNotFit(records.values[base + column], set.narrow.contains(column)) {
      if !names[column].isDerived {
        put(names[column].name, records.cells[base + column])
      } else {
        // what was sent, not what came of it
        for input in names[column].inputs where written[names[input].name] == nil && !set.extra.contains(input) {
          put(names[input].name, records.cells[base + input])
        }
      }
    }
    for column in set.extra { put(names[column].name, records.cells[base + column]) }
    // extras stand in the order of their rows: search the first, stop behind the last
    var low = 0
    var high = records.extras.count
    while low < high {
      let middle = (low + high) / 2
      if records.extras[middle].row < row { low = middle + 1 } else { high = middle }
    }
    while low < records.extras.count, records.extras[low].row == row {
      put(records.extras[low].name, records.extras[low].cell)
      low += 1
    }
    if json.isEmpty { return rows.appendNull() }
    json.append("}")
    rows.append(json: json.bytes.span)
  }
}

extension EntityRows {
  /// An empty one, without memory of its own, to stand in while another is worked on.
  static var none: EntityRows { EntityRows() }
}
