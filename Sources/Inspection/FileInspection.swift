internal import ExtractCSV
internal import Findings
internal import Foundation
internal import Records

/// What a file is, as far as it shows.
package struct FileInspection: Codable, Sendable {
  package enum Form: String, Codable, Sendable {
    case csv
    case envelope
    case xml
    case other
    case empty
  }

  package var file: String
  package var sizeInBytes: Int
  package var isCompressed: Bool
  package var form: Form
  /// Of an XML file.
  package var rootElement: String?
  package var encoding: EncodingEvidence?
  package var dialect: DialectEvidence?
  package var rows: Int = 0
  /// Rows with another number of cells than the header.
  package var raggedRows = 0
  package var columns: [ColumnProfile] = []
  /// Of an XML file that is no envelope.
  package var shape: XMLShape?
  /// What a person has to look at.
  package var doubts: [String] = []

  private enum CodingKeys: CodingKey {
    case file, sizeInBytes, isCompressed, form, rootElement, encoding, dialect, rows, raggedRows, columns, shape,
      doubts
  }

  // MARK: for the feed

  var written = TabularDialect()
  var textEncoding = TextEncoding.utf8
  /// By column: all its values, where none stands twice.
  var uniqueValues: [Int: Set<Int>] = [:]
}

/// Files of one delivery, looked at together.
package struct Inspection: Codable, Sendable {
  /// A column of one file whose values all stand in a key of another.
  package struct Reference: Codable, Sendable, Hashable {
    package var file: Int
    package var column: Int
    package var toFile: Int
    package var toColumn: Int
    package var values: Int
    /// Rows whose value is not there.
    package var missing = 0
  }

  package var files: [FileInspection] = []
  package var references: [Reference] = []

  /// The most values that are kept, over all files, to know which columns are keys.
  static let mostKept = 4_000_000

  /// - Parameter root: of an XML file, the element that is a dossier; nil to choose one.
  package init(_ paths: [String], root: String? = nil) throws(InspectionFailure) {
    var kept = 0
    for path in paths {
      let file = try InspectedFile(path)
      do throws(ReaderFailure) {
        files.append(try Inspection.look(at: file, root, &kept))
      } catch {
        throw .unreadable(file.name)
      }
    }
    if files.count > 1 { try findReferences(paths) }
  }

  private static func look(at file: InspectedFile, _ root: String?, _ kept: inout Int) throws(ReaderFailure)
    -> FileInspection
  {
    var report = FileInspection(
      file: file.name, sizeInBytes: file.sizeInBytes, isCompressed: file.isCompressed, form: .csv)
    var head: [UInt8] = []
    _ = try file.read(at: 0, 4096, into: &head)
    if head.isEmpty {
      report.form = .empty
      return report
    }
    if [[0x50, 0x4B, 3, 4], [0xD0, 0xCF, 0x11, 0xE0], Array("%PDF-".utf8), [0x1F, 0x8B], Array("{\\rtf".utf8)]
      .contains(where: { head.starts(with: $0) })
    {
      report.form = .other
      report.doubts.append("a spreadsheet, archive, PDF or the like: save it as CSV UTF-8 and look again")
      return report
    }
    let (encoding, believed) = try EncodingEvidence.of(file)
    (report.encoding, report.textEncoding) = (encoding, believed)
    let text = String(decoding: believed.decode(head), as: UTF8.self)
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if start.first == "<" {
      report.rootElement = rootName(start)
      report.form = isEnvelope(report.rootElement ?? "") ? .envelope : .xml
      if report.form == .xml { try XMLShaper.shape(file, root, &report, &kept) }
      return report
    }
    if !encoding.isCertain {
      report.doubts.append("the encoding is not certain: say «encoding» in the feed")
    }
    var found: [String]?
    (report.dialect, report.written, found) = try DialectEvidence.of(file, believed)
    report.doubts += report.dialect?.doubts ?? []
    try profile(file, &report, found, &kept)
    return report
  }

  /// Roots of the Ministry's files: envelopes, check-ins, documents of one table.
  private static func isEnvelope(_ root: String) -> Bool {
    let name = root.split(separator: ":").last.map(String.init) ?? root
    return ["GIAMDINHHS", "HOSO", "THONGTINHOSO", "DANHSACHHOSO", "TONG_HOP"].contains(name)
      || ["CHI_TIEU_", "CHITIEU_", "DSACH_", "GIAM_DINH_Y_KHOA"].contains { name.hasPrefix($0) }
  }

  /// Name of the first element.
  private static func rootName(_ text: Substring) -> String? {
    var rest = text
    while let open = rest.firstIndex(of: "<") {
      rest = rest[rest.index(after: open)...]
      if rest.hasPrefix("!--") {
        guard let end = rest.firstRange(of: "-->") else { return nil }
        rest = rest[end.upperBound...]
      } else if rest.first != "?", rest.first != "!" {
        return String(rest.prefix { !$0.isWhitespace && $0 != ">" && $0 != "/" }.prefix(64))
      }
    }
    return nil
  }

  /// Reads all rows.
  private static func profile(
    _ file: InspectedFile, _ report: inout FileInspection, _ header: [String]?, _ kept: inout Int
  ) throws(ReaderFailure) {
    let rows = RawRows(report.written, report.textEncoding, source: file.source())
    var isFirst = header != nil
    var columns: [ColumnProfile] = []
    var work: [ColumnProfile.Work] = []
    func open(_ names: [String]) {
      columns = names.map { ColumnProfile(name: $0) }
      work = names.map { _ in ColumnProfile.Work() }
    }
    if let header { open(header.enumerated().map { $1.isEmpty ? "column_\($0 + 1)" : $1 }) }
    while try rows.next() {
      if isFirst {
        isFirst = false
        continue
      }
      if columns.isEmpty { open((0..<rows.count).map { "column_\($0 + 1)" }) }
      report.rows += 1
      let hasTrailing =
        report.written.allowsTrailingDelimiter && rows.count == columns.count + 1 && rows.text(columns.count).isEmpty
      guard rows.count == columns.count || hasTrailing else {
        report.raggedRows += 1
        continue
      }
      for i in columns.indices {
        if columns[i].add(rows.text(i), work[i], mayKeep: kept < mostKept) { kept += 1 }
      }
    }
    for i in columns.indices {
      columns[i].finish(work[i])
      if columns[i].isUnique == true || columns[i].isUniqueWhereFilled { report.uniqueValues[i] = work[i].unique }
    }
    report.columns = columns
    if report.raggedRows > 0 {
      report.doubts.append(
        "\(report.raggedRows) of \(report.rows) rows have another number of cells; they would be rejected")
    }
    if let refusal = rows.refusal {
      report.doubts.append(
        "reading ends at byte \(refusal.byteOffset): \(refusal.code) (songhan rules explain \(refusal.code))")
    }
    for column in columns where column.misfits > 0 && column.kind != .ambiguous {
      report.doubts.append(
        "\(column.name): \(column.misfits) of \(column.values) values are no \(column.kind.rawValue)")
    }
    for column in columns where column.kind == .ambiguous {
      report.doubts.append(
        "\(column.name): every value fits \(column.readings.joined(separator: " and ")); say which it is")
    }
  }

  // MARK: references between files

  /// A reference is proposed when the columns have one name, the target is unique, and every value is found but for slips, which are told.
  private mutating func findReferences(_ paths: [String]) throws(InspectionFailure) {
    for (number, report) in files.enumerated() where report.form == .csv {
      var wanted: [(column: Int, toFile: Int, toColumn: Int, missing: Int)] = []
      for (column, profile) in report.columns.enumerated() where profile.values > 0 {
        for (other, target) in files.enumerated() where other != number {
          for (key, profileOfKey) in target.columns.enumerated() where target.uniqueValues[key] != nil {
            if FoldedName.plain(profile.name) == FoldedName.plain(profileOfKey.name) {
              wanted.append((column, other, key, 0))
            }
          }
        }
      }
      guard !wanted.isEmpty else { continue }
      let file = try InspectedFile(paths[number])
      do throws(ReaderFailure) {
        let rows = RawRows(report.written, report.textEncoding, source: file.source())
        var isFirst = report.written.hasHeader
        var count = 0
        while try rows.next(), !wanted.isEmpty {
          if isFirst {
            isFirst = false
            continue
          }
          guard rows.count >= report.columns.count else { continue }
          count += 1
          for number in wanted.indices {
            let text = rows.text(wanted[number].column)
            if text.isEmpty || ColumnProfile.missingMarks.contains(String(decoding: text, as: UTF8.self)) { continue }
            let keys = files[wanted[number].toFile].uniqueValues[wanted[number].toColumn]
            if keys?.contains(ColumnProfile.hash(text)) != true { wanted[number].missing += 1 }
          }
          wanted.removeAll { $0.missing > 2 + count / 5 }
        }
      } catch {
        throw .unreadable(file.name)
      }
      for (column, toFile, toColumn, missing) in wanted
      where missing == 0 || missing * 5 <= report.columns[column].values {
        // of two keys with the same values the first file's is the one referred to
        let isOwnKey = report.uniqueValues[column] != nil
        if isOwnKey, number < toFile, report.uniqueValues[column]?.count == files[toFile].uniqueValues[toColumn]?.count
        {
          continue
        }
        references.append(
          Reference(
            file: number, column: column, toFile: toFile, toColumn: toColumn, values: report.columns[column].distinct,
            missing: missing))
      }
    }
  }
}
