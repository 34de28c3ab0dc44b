internal import Foundation

extension Inspection {
  /// What was found, for a person. Of values only shapes are in it, and ranges of short numbers and of dates by the month; what stands in the
  /// header, and the first words of a line of totals, are no values.
  package var text: String {
    var lines: [String] = []
    for file in files {
      if !lines.isEmpty { lines.append("") }
      lines.append("\(file.file)  \(file.sizeInBytes) bytes\(file.isCompressed ? " without compression" : "")")
      switch file.form {
      case .empty: lines.append("  format    empty")
      case .other: lines.append("  format    not a text")
      case .envelope:
        lines.append(
          "  format    XML envelope of the Ministry's decisions (<\(file.rootElement ?? "?")>): feed qd3176 reads it")
      case .xml:
        lines += file.shapeLines
      case .csv: lines += file.tabularLines
      }
      if let encoding = file.encoding, file.form != .csv { lines.append("  encoding  \(encoding.encoding)") }
      for doubt in file.doubts { lines.append("  look at   \(doubt)") }
    }
    if !references.isEmpty {
      lines.append("")
      for reference in references {
        let (from, to) = (files[reference.file], files[reference.toFile])
        lines.append(
          "reference \(from.file) \(from.columns[reference.column].name) → \(to.file) \(to.columns[reference.toColumn].name): "
            + (reference.missing == 0
              ? "all \(reference.values) values are found, and the key is unique"
              : "the key is unique; \(reference.missing) rows have a value that is not found"))
      }
    }
    return lines.joined(separator: "\n")
  }
}

extension FileInspection {
  fileprivate var tabularLines: [String] {
    var lines = ["  format    delimited text, \(rows) rows, \(columns.count) columns"]
    if let encoding {
      lines.append("  encoding  \(encoding.encoding)\(encoding.isCertain ? "" : " (not certain)")")
      for reason in encoding.reasons { lines.append("            \(reason)") }
    }
    if let dialect {
      var words = ["delimiter \(DialectEvidence.name(dialect.delimiter))"]
      words.append(dialect.quoteChar.map { "quote \($0)" } ?? "no quotes")
      if let escape = dialect.escapeChar { words.append("escape \(escape)") }
      if let comment = dialect.commentChar { words.append("comments begin with \(comment)") }
      if dialect.skipLines > 0 { words.append("\(dialect.skipLines) lines before the header") }
      words.append(dialect.header ? "header" : "no header")
      if dialect.trailingDelimiter { words.append("trailing delimiter") }
      if !dialect.footers.isEmpty { words.append("footer «\(dialect.footers.joined(separator: "», «"))»") }
      if !dialect.lineEnds.isEmpty { words.append("lines end with \(dialect.lineEnds.joined(separator: ", "))") }
      lines.append("  dialect   \(words.joined(separator: ", "))")
      for reason in dialect.reasons { lines.append("            \(reason)") }
    }
    lines.append("")
    return lines + columns.table()
  }

  fileprivate var shapeLines: [String] {
    guard let shape else { return ["  format    XML, root <\(rootElement ?? "?")>"] }
    var lines = ["  format    XML, root <\(rootElement ?? "?")>: reader xml-rows"]
    lines.append("  dossier   \(shape.dossier)")
    for (prefix, address) in shape.namespaces.sorted(by: { $0.key < $1.key }) {
      lines.append("  namespace \(prefix) is \(address)")
    }
    for table in shape.tables {
      lines += ["", "  table \(table.name): \(table.path == "." ? "the dossier" : table.path), \(table.rows) rows", ""]
      lines += table.columns.table(paths: zip(table.paths, table.areLists).map { $1 ? $0 + " (several)" : $0 })
    }
    return lines + [""]
  }
}

extension [ColumnProfile] {
  fileprivate func table(paths: [String]? = nil) -> [String] {
    var table = [[paths == nil ? "column" : "path", "type", "missing", "range", "length", "distinct", "looks like"]]
    for (number, column) in enumerated() {
      let all = column.values + column.missing
      let share = all == 0 ? "–" : column.missing == 0 ? "0 %" : "\(Swift.max(1, column.missing * 100 / all)) %"
      let length =
        column.minLength == column.maxLength ? "\(column.maxLength)" : "\(column.minLength)–\(column.maxLength)"
      let distinct = "\(column.isEstimated ? "≈" : "")\(column.distinct)\(column.isUnique == true ? " (unique)" : "")"
      table.append([
        paths?[number] ?? column.name, column.typeText, share,
        column.least.map { "\($0) … \(column.most ?? $0)" } ?? "", length,
        distinct,
        column.examples.joined(separator: " · "),
      ])
    }
    let widths = table[0].indices.map { place in table.map { $0[place].count }.max() ?? 0 }
    return table.map { row in
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      return "  " + cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces)
    }
  }
}

extension ColumnProfile {
  fileprivate var typeText: String {
    switch kind {
    case .decimal: "decimal \(decimalChar ?? ".")\(groupChar.map { ", groups \($0)" } ?? "")"
    case .date, .datetime: "\(kind.rawValue) \(format ?? "")"
    case .ambiguous: "ambiguous: \(readings.joined(separator: " or "))"
    default: kind.rawValue
    }
  }
}
