internal import ExtractCSV
internal import Foundation
internal import Records

/// How a delimited text is written, as far as its first rows show.
package struct DialectEvidence: Codable, Sendable {
  package var delimiter: String
  package var quoteChar: String?
  package var escapeChar: String?
  package var commentChar: String?
  package var skipLines = 0
  package var header = true
  package var trailingDelimiter = false
  package var footers: [String] = []
  package var lineEnds: [String] = []
  package var reasons: [String] = []
  /// What a person has to look at.
  package var doubts: [String] = []

  static let sampleSize = 1 << 20
  private static let sampleRows = 1000

  /// One way to cut the sample.
  private struct Cut {
    var dialect: TabularDialect
    var rows: [(cells: [String], byteOffset: Int)]
    var width: Int
    /// Rows of that width, of all rows.
    var share: Double
    var strays: Int
  }

  static func of(_ file: InspectedFile, _ encoding: TextEncoding) throws(ReaderFailure) -> (
    DialectEvidence, TabularDialect, header: [String]?
  ) {
    var head: [UInt8] = []
    _ = try file.read(at: 0, sampleSize, into: &head)
    let text = encoding.decode(head)
    var best: Cut?
    let quotes: [UInt8?] =
      text.contains(UInt8(ascii: "\"")) ? [UInt8(ascii: "\"")] : [UInt8(ascii: "'"), UInt8(ascii: "\"")]
    for delimiter in ",;\t|~^".utf8 where text.contains(delimiter) {
      for quote in quotes {
        for escape in text.contains(UInt8(ascii: "\\")) ? [nil, UInt8(ascii: "\\")] : [nil] {
          var dialect = TabularDialect()
          (dialect.delimiter, dialect.quote, dialect.escape) = (delimiter, quote, escape)
          if quote == UInt8(ascii: "'"), !text.contains(where: { $0 == 0x27 }) { continue }
          guard let cut = try cut(file, encoding, dialect) else { continue }
          if best.map({ isBetter(cut, $0) }) ?? true { best = cut }
        }
      }
    }
    if best == nil { best = try cut(file, encoding, TabularDialect()) }
    guard let best, !best.rows.isEmpty else {
      return (DialectEvidence(delimiter: ","), TabularDialect(), nil)
    }
    return judge(best, head, encoding)
  }

  private static func isBetter(_ a: Cut, _ b: Cut) -> Bool {
    let (x, y) = (
      a.width > 1 ? a.share - Double(a.strays) / Double(a.rows.count) : 0,
      b.width > 1 ? b.share - Double(b.strays) / Double(b.rows.count) : 0
    )
    if abs(x - y) > 0.02 { return x > y }
    return a.width > b.width
  }

  private static func cut(
    _ file: InspectedFile, _ encoding: TextEncoding, _ dialect: TabularDialect
  ) throws(ReaderFailure) -> Cut? {
    let rows = RawRows(dialect, encoding, source: file.source(limit: sampleSize))
    var read: [(cells: [String], byteOffset: Int)] = []
    var strays = 0
    while read.count < sampleRows, try rows.next() {
      read.append(((0..<rows.count).map { String(decoding: rows.text($0), as: UTF8.self) }, rows.byteOffset))
      if rows.isStray { strays += 1 }
    }
    if file.sizeInBytes > sampleSize, read.count < sampleRows, read.count > 1 { read.removeLast() }  // may be cut
    var counts: [Int: Int] = [:]
    for row in read { counts[row.cells.count, default: 0] += 1 }
    guard let mode = counts.filter({ $0.key > 1 }).max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) ?? counts.first
    else { return nil }
    return Cut(
      dialect: dialect, rows: read, width: mode.key, share: Double(mode.value) / Double(read.count), strays: strays)
  }

  private static func judge(_ cut: Cut, _ head: [UInt8], _ encoding: TextEncoding) -> (
    DialectEvidence, TabularDialect, header: [String]?
  ) {
    var dialect = cut.dialect
    func sign(_ byte: UInt8?) -> String? { byte.map { String(decoding: [$0], as: UTF8.self) } }
    var evidence = DialectEvidence(
      delimiter: sign(dialect.delimiter) ?? ",", quoteChar: sign(dialect.quote), escapeChar: sign(dialect.escape))
    let fits = Int((cut.share * Double(cut.rows.count)).rounded())
    evidence.reasons.append(
      "\(fits) of the first \(cut.rows.count) rows have \(cut.width) cells when cut at \(name(evidence.delimiter))")
    if cut.strays > 0 { evidence.doubts.append("\(cut.strays) rows have text behind a closing quote") }

    // rows may end with a delimiter that the header does not have
    let wide = cut.rows.filter { $0.cells.count == cut.width }
    let endsEmpty = cut.width > 2 && wide.count > 1 && wide.allSatisfy { $0.cells.last == "" }
    // titles before the table and totals behind it have fewer filled cells
    func isFull(_ row: [String]) -> Bool {
      row.count == cut.width && (cut.width < 3 || row.count { !$0.isEmpty } > 1)
        || endsEmpty && row.count == cut.width - 1 && !row.contains("")
    }
    let comments = cut.rows.filter { $0.cells.count != cut.width && $0.cells[0].hasPrefix("#") }
    if !comments.isEmpty {
      evidence.commentChar = "#"
      dialect.comment = Array("#".utf8)
      evidence.reasons.append("\(comments.count) lines begin with #")
    }
    let rows = cut.rows.filter { evidence.commentChar == nil || !$0.cells[0].hasPrefix("#") }
    guard let first = rows.firstIndex(where: { isFull($0.cells) }),
      let last = rows.lastIndex(where: { isFull($0.cells) })
    else { return (evidence, dialect, nil) }
    if first > 0 {
      let before = encoding.decode(Array(head[..<min(rows[first].byteOffset, head.count)]))
      evidence.skipLines = lines(before)
      dialect.linesToSkip = evidence.skipLines
      evidence.reasons.append("\(first) rows before the header are no rows of the table")
      if evidence.commentChar != nil { evidence.doubts.append("comments and title lines both stand before the header") }
    }
    if last < rows.count - 1, rows.count < sampleRows {
      var unknown = 0
      for row in rows[(last + 1)...] {
        let text = row.cells.first { !$0.isEmpty } ?? ""
        // a word that rows of the table begin with would take them away
        guard let words = FooterWords.beginning(text),
          !rows[first...last].contains(where: { $0.cells.first { !$0.isEmpty }?.hasPrefix(words) ?? false })
        else {
          unknown += 1
          continue
        }
        evidence.footers = [words]  // what stands behind it is not read
        break
      }
      dialect.footers = evidence.footers.map { Array($0.utf8) }
      evidence.reasons.append(
        evidence.footers.isEmpty
          ? "\(rows.count - 1 - last) rows at the end have too few cells"
          : "\(rows.count - 1 - last) rows behind the table are no rows of it")
      if unknown > 0 {
        evidence.doubts.append(
          "rows at the end that are none of the table: \(unknown); they were cut, or say with «footers» how such a row begins"
        )
      }
    }
    let table = rows[first...last].map(\.cells)
    if cut.width > 2, table.allSatisfy({ $0.count != cut.width || $0.last == "" }) {
      evidence.trailingDelimiter = true
      dialect.allowsTrailingDelimiter = true
      evidence.reasons.append("every row ends with a delimiter")
    }
    let header = evidence.trailingDelimiter && table[0].count == cut.width ? Array(table[0].dropLast()) : table[0]
    let names = header.filter { !$0.isEmpty }
    let oddNames = names.filter { ColumnProfile.looksLikeValue($0) }
    let isHeader = oddNames.isEmpty && Set(names).count == names.count && names.count * 2 > header.count
    evidence.header = isHeader
    dialect.hasHeader = isHeader
    evidence.reasons.append(
      isHeader
        ? "the first row holds \(names.count) different names and no numbers or dates"
        : "the first row holds numbers or dates, so it is no header")
    if table.count < 2 { evidence.doubts.append("only one row was found: whether it is a header cannot be seen") }
    let ragged = rows[first...last].dropFirst(isHeader ? 1 : 0).count { $0.cells.count != cut.width }
    if ragged > 0 {
      evidence.doubts.append("\(ragged) of the first \(last - first + 1) rows have another number of cells")
    }
    evidence.lineEnds = lineEnds(encoding.decode(head))
    return (evidence, dialect, isHeader ? header : nil)
  }

  static func name(_ delimiter: String) -> String { delimiter == "\t" ? "tab" : "«\(delimiter)»" }

  private static func lines(_ text: [UInt8]) -> Int {
    var count = 0
    for (i, byte) in text.enumerated() {
      if byte == 0x0A || byte == 0x0D && (i + 1 == text.count || text[i + 1] != 0x0A) { count += 1 }
    }
    return count
  }

  private static func lineEnds(_ text: [UInt8]) -> [String] {
    var found: Set<String> = []
    for (i, byte) in text.enumerated() {
      if byte == 0x0A { found.insert(i > 0 && text[i - 1] == 0x0D ? "CRLF" : "LF") }
      if byte == 0x0D, i + 1 < text.count, text[i + 1] != 0x0A { found.insert("CR") }
    }
    return found.sorted()
  }
}

/// How lines of totals begin. Only what stands here is ever proposed as a footer: a row that was cut begins with a patient.
enum FooterWords {
  /// Longer ones first.
  private static let known: [[String]] = [
    ["tổng", "cộng"], ["tổng", "số"], ["tổng", "tiền"], ["tổng"], ["cộng"],
    ["grand", "total"], ["sub", "total"], ["subtotal"], ["total"], ["totals"], ["sum"],
  ]
  /// People are called so: alone it is a footer only when no other word follows.
  private static let names: Set<String> = ["tong", "cong", "sum"]

  /// The words of a footer that a text begins with, as they are written there; nil when it begins with none. Marks are all there or none.
  static func beginning(_ text: String) -> String? {
    var words: [(text: String, end: String.Index)] = []
    var rest = text[...]
    while words.count < 3, rest.first?.isLetter == true {
      let word = rest.prefix { $0.isLetter }
      words.append((word.lowercased(), word.endIndex))
      rest = rest[word.endIndex...].drop { $0 == " " || $0 == "\u{A0}" }
    }
    for phrase in known where words.count >= phrase.count {
      let plain = phrase.map { FoldedName.plain($0) }
      let found = words.prefix(phrase.count).map(\.text)
      guard found == phrase || found == plain else { continue }
      if found.count == 1, names.contains(found[0]), words.count > 1 { return nil }
      return String(text[..<words[phrase.count - 1].end])
    }
    return nil
  }
}
