internal import Bytes
package import Records

/// Gathers the codes of practitioners that dossiers name, for the registry of practitioners.
package struct PractitionerCodes: Sendable {
  /// Columns of each table, by schema and table, that hold practitioners, with their separator.
  private let fields: [[[(column: Int, separator: UInt8)]]]
  private var seen: Set<[UInt8]> = []

  package init(schemas: [SourceSchema]) {
    fields = schemas.map { schema in
      schema.tables.map { table in
        table.columns.enumerated().compactMap { index, column in
          column.catalogue == "practitioner" ? (index, column.separator ?? 0) : nil
        }
      }
    }
  }

  package var isEmpty: Bool { seen.isEmpty }

  /// All codes, in order.
  package var codes: [String] { seen.map { String(decoding: $0, as: UTF8.self) }.sorted() }

  package mutating func removeAll() { seen.removeAll(keepingCapacity: true) }

  package mutating func add(_ dossier: Dossier) {
    let text = dossier.text
    for table in dossier.tables.indices where dossier.tables[table].rowCount > 0 {
      for (column, separator) in fields[dossier.schema][table] {
        let records = dossier.tables[table]
        var last = 0..<0
        for row in 0..<records.rowCount {
          let cell = records.cell(row, column)
          if cell.length == 0 { continue }
          // rows of a visit mostly name the same people as the row before
          if text[cell.range].elementsEqual(text[last]) { continue }
          last = cell.range
          let span = text.span.extracting(cell.range)
          var parts = ListParts(separator: separator)
          while let part = parts.next(in: span) {
            if part.isEmpty { continue }
            let code = text[cell.range.lowerBound + part.lowerBound..<cell.range.lowerBound + part.upperBound]
            // a text that is no code of anybody: it stands in its row, not in the registry
            if code.count > 255 || seen.count >= 100_000 { continue }
            seen.insert(Text.isSurelyComposed(span) ? Array(code) : Text.composed(span.extracting(part)))
          }
        }
      }
    }
  }
}
