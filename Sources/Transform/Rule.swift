package import Bytes
package import Findings
package import Records

/// What a rule sees of one dossier: its cells with the values the field check read, and what is known from outside.
package struct Visit {
  package let dossier: Dossier
  package let tables: [TableRecords]
  package let text: [UInt8]
  /// MACSKCB of the envelope; nil where there is none.
  package let statedFacility: [UInt8]?
  /// When the file was received, local time.
  package let receivedAt: CivilMinute
  /// What many rules ask for, read once.
  package let facts: VisitFacts

  /// - Parameter columns: of the dossier's schema.
  package init(dossier: Dossier, columns: VisitColumns, statedFacility: [UInt8]?, receivedAt: CivilMinute) {
    self.dossier = dossier
    tables = dossier.tables
    text = dossier.text
    self.statedFacility = statedFacility
    self.receivedAt = receivedAt
    facts = VisitFacts(dossier, columns)
  }

  /// The values of one column, row by row.
  @inline(__always)
  package func column(_ field: Field) -> ColumnValues { ColumnValues(tables[field.table], field.column) }

  @inline(__always)
  package func rows(_ table: Int) -> Int { tables[table].rowCount }

  /// The value of a cell (``CellValue``); blank when there is no such row.
  @inline(__always)
  package func value(_ field: Field, _ row: Int = 0) -> Int64 {
    guard row < tables[field.table].rowCount else { return CellValue.blank }
    return tables[field.table].values[row * tables[field.table].columnCount + field.column]
  }

  @inline(__always)
  package func isBlank(_ field: Field, _ row: Int = 0) -> Bool { value(field, row) == CellValue.blank }

  /// The number, day or minute of a cell; nil when it is blank or not what its type says.
  @inline(__always)
  package func number(_ field: Field, _ row: Int = 0) -> Int64? {
    let value = value(field, row)
    return CellValue.isValue(value) ? value : nil
  }

  package func minute(_ field: Field, _ row: Int = 0) -> CivilMinute? {
    number(field, row).map { CivilMinute(minutesSinceEpoch: $0) }
  }

  package func day(_ field: Field, _ row: Int = 0) -> CivilDate? {
    number(field, row).map { CivilDate(daysSinceEpoch: Int32(truncatingIfNeeded: $0)) }
  }

  package func birth(_ field: Field, _ row: Int = 0) -> BirthDate? {
    number(field, row).map { BirthValue.unpack($0) }
  }

  /// Where the cell's text stands in ``text``; empty when blank.
  @inline(__always)
  package func range(_ field: Field, _ row: Int = 0) -> Range<Int> {
    guard row < tables[field.table].rowCount else { return 0..<0 }
    let cell = tables[field.table].cell(row, field.column)
    return cell.isMissing ? 0..<0 : cell.range
  }

  /// Whether the cell's text is exactly `expected`.
  @inline(__always)
  package func equals(_ field: Field, _ row: Int = 0, _ expected: StaticString) -> Bool {
    let range = range(field, row)
    guard range.count == expected.utf8CodeUnitCount else { return false }
    for i in 0..<range.count where unsafe text[range.lowerBound + i] != expected.utf8Start[i] { return false }
    return true
  }

  /// The small whole number a code is (`MA_NHOM`), or nil when it is none; up to four digits.
  package func codeNumber(_ field: Field, _ row: Int = 0) -> Int? {
    let range = range(field, row)
    guard range.count > 0, range.count <= 4 else { return nil }
    var value = 0
    for i in range {
      let digit = text[i] &- UInt8(ascii: "0")
      if digit > 9 { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// Whether two cells hold the same text.
  package func same(_ a: Field, _ rowA: Int, _ b: Field, _ rowB: Int) -> Bool {
    let first = range(a, rowA)
    let second = range(b, rowB)
    guard first.count == second.count else { return false }
    for i in 0..<first.count where text[first.lowerBound + i] != text[second.lowerBound + i] { return false }
    return true
  }

  /// The non-empty parts of a list cell, as ranges of ``text``.
  package func parts(_ field: Field, _ row: Int = 0, separator: UInt8 = UInt8(ascii: ";")) -> [Range<Int>] {
    let range = range(field, row)
    let span = text.span.extracting(range)
    var parts = ListParts(separator: separator)
    var result: [Range<Int>] = []
    while let part = parts.next(in: span) {
      if !part.isEmpty { result.append(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound) }
    }
    return result
  }
}

/// Finds columns of a schema by `XML1.NGAY_VAO`; rules do it once, when they are compiled.
package struct Columns: Sendable {
  package let schema: SourceSchema
  package let codes: CodeLists

  package init(schema: SourceSchema, codes: CodeLists) {
    self.schema = schema
    self.codes = codes
  }

  package func table(_ name: String) -> Int? { schema.table(name) }

  /// True for QĐ 4210, which knows neither the forms of care nor the split of money that most rules speak of.
  package var isPredecessor: Bool { schema.name == "qd4210" }

  package subscript(_ path: String) -> Field? {
    guard let dot = path.firstIndex(of: "."), let table = schema.table(String(path[..<dot])),
      let column = schema.tables[table].column(String(path[path.index(after: dot)...]))
    else { return nil }
    return Field(table: table, column: column)
  }

  /// The column of that name in every table that has it.
  package func everywhere(_ name: String) -> [Field] {
    schema.tables.indices.compactMap { table in
      schema.tables[table].column(name).map { Field(table: table, column: $0) }
    }
  }
}

/// One dossier rule of the list, compiled for one schema: pure, without memory between dossiers.
package struct Rule: Sendable {
  package let code: FindingCode
  package let evaluate: @Sendable (borrowing Visit, inout FindingLog) -> Void

  package init(_ code: FindingCode, _ evaluate: @escaping @Sendable (borrowing Visit, inout FindingLog) -> Void) {
    self.code = code
    self.evaluate = evaluate
  }
}
