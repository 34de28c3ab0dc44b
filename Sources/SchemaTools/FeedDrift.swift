package import Definitions
internal import ExtractCSV
internal import Foundation
package import Postgres
package import Records

extension Feed.Drift: Encodable {}

/// Recent files of a feed against its source schema: columns that are new, missing or renamed, and types that no longer fit.
package struct FeedDrift: Sendable, Encodable {
  package enum Kind: String, Sendable, Hashable, Codable {
    case newColumn, missingColumn, renamedColumn, typeNoLongerFits, lengthNoLongerFits, codesNotInList
  }

  package struct Item: Sendable, Encodable {
    package var kind: Kind
    package var table: String
    /// As the file calls it; for a renamed one the new name.
    package var column: String
    /// The field of the schema that a renamed column seems to be.
    package var field: String?
    /// `ledger`, or `header` of the newest file.
    package var source: String
    /// Files and dossiers it was seen in.
    package var files: Int64 = 0
    package var dossiers: Int64 = 0
    /// Share of the dossiers of the period, and of the period before it, from 0 to 1.
    package var share: Double?
    package var shareBefore: Double?
    /// Codes that told it.
    package var codes: [String] = []
  }

  package var feed: String
  package var policy: Feed.Drift
  package var days: Int
  package var files: Int64 = 0
  package var dossiers: Int64 = 0
  package var items: [Item] = []

  /// What a column is that a file has, or lacks, decides the policy; that single values do not fit is for their findings.
  package var hasOtherColumns: Bool {
    items.contains { [.newColumn, .missingColumn, .renamedColumn].contains($0.kind) }
  }

  private let tables: [SchemaTable]
  private enum CodingKeys: String, CodingKey { case feed, policy, days, files, dossiers, items }

  package init(_ feed: FeedUse, _ folder: SchemaFolder, days: Int) {
    (self.feed, policy, self.days) = (feed.name, feed.drift, days)
    // dossiers of the older edition are in the same files
    let older = feed.predecessor.flatMap { name in folder.feeds.first { $0.name == name } }
    tables = [feed, older].compactMap { $0 }.flatMap { folder.set($0.source)?.tables ?? [] }
  }

  // MARK: ledger

  /// A column of findings, as counted in the ledger.
  private struct Count {
    var table: String
    var field: String
    var code: String
    var files: Int64
    var dossiers: Int64
  }

  /// Codes that say a value is not of its type.
  private static let typeCodes: Set<String> = ["B04", "B06", "B07", "B09", "T35", "T36"]
  private static let listCodes: Set<String> = ["B15", "B22", "B23", "B26", "B30", "T31"]

  /// Reads what the ledger knows of the last days. A share counts the findings that were kept: beyond the cap of a file it is more.
  ///
  /// - Parameter least: share of dossiers from which values that do not fit are told.
  package mutating func readLedger(_ connection: Connection, least: Double = 0.05) throws(ServerFailure) {
    let now = try period(connection, from: days, to: 0)
    let before = try period(connection, from: 2 * days, to: days)
    (files, dossiers) = (now.files, now.dossiers)
    var unknown: [Count] = []
    var missing: [Count] = []
    for count in now.counts {
      guard let table = tables.first(where: { $0.name == count.table }) ?? (count.table.isEmpty ? tables.first : nil)
      else { continue }
      // the editions of a feed name their tables alike
      let isKnown = tables.contains { $0.name == table.name && $0.field(count.field) != nil }
      let total = Double(max(now.dossiers, 1))
      let share = Double(count.dossiers) / total
      // what the file's refusal repeats of its columns
      if count.code == "T23" || count.code == "T24" { continue }
      if count.code == "T22" {
        let names = count.field.components(separatedBy: " → ")
        guard names.count == 2 else { continue }
        items.append(
          Item(
            kind: .renamedColumn, table: count.table, column: names[1], field: names[0], source: "ledger",
            files: count.files, dossiers: count.dossiers, codes: [count.code]))
        continue
      }
      if count.code == "A12" || count.code.hasPrefix("T"), !isKnown {
        unknown.append(count)
        continue
      }
      guard isKnown else { continue }
      // a required column that no file has, or that hardly any dossier fills
      if count.code == "T05" || count.code == "T21" || (count.code == "B01" && share >= 0.9) { missing.append(count) }
      if ["T05", "T21", "B01"].contains(count.code) { continue }
      let kind: Kind
      if Self.typeCodes.contains(count.code) {
        kind = .typeNoLongerFits
      } else if count.code == "B03" {
        kind = .lengthNoLongerFits
      } else if Self.listCodes.contains(count.code) {
        kind = .codesNotInList
      } else {
        continue
      }
      guard share >= least else { continue }
      let earlier = before.counts.first {
        $0.table == count.table && $0.field == count.field && $0.code == count.code
      }
      items.append(
        Item(
          kind: kind, table: count.table, column: count.field, source: "ledger", files: count.files,
          dossiers: count.dossiers, share: share,
          shareBefore: before.dossiers > 0 ? Double(earlier?.dossiers ?? 0) / Double(before.dossiers) : nil,
          codes: [count.code]))
    }
    for name in unknown {
      let table = tables.first { $0.name == name.table } ?? tables.first
      let lacking = missing.filter { $0.table == name.table }.map(\.field)
      let field = table.flatMap { Self.likely(name.field, of: lacking, in: $0) }
      if let field { missing.removeAll { $0.table == name.table && $0.field == field } }
      items.append(
        Item(
          kind: field == nil ? .newColumn : .renamedColumn, table: name.table, column: name.field, field: field,
          source: "ledger", files: name.files, dossiers: name.dossiers, codes: [name.code]))
    }
    for count in missing {
      items.append(
        Item(
          kind: .missingColumn, table: count.table, column: count.field, source: "ledger", files: count.files,
          dossiers: count.dossiers, share: Double(count.dossiers) / Double(max(now.dossiers, 1)),
          codes: [count.code]))
    }
  }

  private func period(_ connection: Connection, from first: Int, to last: Int) throws(ServerFailure)
    -> (files: Int64, dossiers: Int64, counts: [Count])
  {
    let parameters: [Parameter] = [.text(feed), .integer(Int64(first)), .integer(Int64(last))]
    let total = try connection.execute(
      """
      SELECT count(*), coalesce(sum(dossiers_seen), 0)::bigint FROM intake.file
      WHERE feed = $1 AND kind = 'delivery' AND received_at > clock_timestamp() - make_interval(days => $2::integer)
        AND received_at <= clock_timestamp() - make_interval(days => $3::integer)
      """, parameters)
    let rows = try connection.execute(
      """
      SELECT coalesce(n.source_table, ''), coalesce(n.field, ''), n.code, count(DISTINCT n.file_id),
        count(DISTINCT (n.file_id, n.dossier_number)) FILTER (WHERE n.dossier_number IS NOT NULL)
      FROM intake.finding n JOIN intake.file f ON f.file_id = n.file_id
      WHERE f.feed = $1 AND f.kind = 'delivery' AND f.received_at > clock_timestamp() - make_interval(days => $2::integer)
        AND f.received_at <= clock_timestamp() - make_interval(days => $3::integer) AND n.field IS NOT NULL
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      """, parameters)
    let counts = (0..<rows.count).map { row in
      Count(
        table: rows.text(row, 0) ?? "", field: rows.text(row, 1) ?? "", code: rows.text(row, 2) ?? "",
        files: rows.integer(row, 3) ?? 0, dossiers: rows.integer(row, 4) ?? 0)
    }
    return (total.integer(0, 0) ?? 0, total.integer(0, 1) ?? 0, counts)
  }

  // MARK: header

  /// Compares the header of a file with its table, by reading as far as its first row. Nothing is noted when the file has none.
  ///
  /// - Parameter source: appends up to so many bytes of the file, without compression, and says how many.
  package mutating func readHeader(
    of table: String, layout: TabularLayout, schema: SourceSchema,
    source: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int
  ) throws(ReaderFailure) {
    guard let number = schema.table(table), let described = layout.files.first(where: { $0.table == table }),
      let known = tables.first(where: { $0.name == table })
    else { return }
    var only = layout
    only.files = [described]
    only.root = table
    // no column is asked for, so that a header that lacks one can be read
    var lenient = schema.tables[number].columns
    for index in lenient.indices { lenient[index].isRequired = false }
    let whole = schema.tables[number]
    let plain = SourceTable(
      name: whole.name, title: whole.title, root: whole.root, list: whole.list, row: whole.row,
      hasManyRows: whole.hasManyRows, columns: lenient)
    let reader = TabularReader(
      layout: only, schema: SourceSchema(name: schema.name, tables: [plain]), source: source)
    let dossier = Dossier()
    guard try reader.next(into: dossier), dossier.tables[0].rowCount > 0 else { return }
    let records = dossier.tables[0]
    compare(
      missing: lenient.indices.filter { records.cell(0, $0).isMissing && known.field(lenient[$0].name) != nil }.map {
        lenient[$0].name
      }, unknown: records.extras.map(\.tellableName), known)
  }

  /// Notes the columns of a header that the table does not know, and those it lacks.
  package mutating func compare(missing: [String], unknown: [String], _ table: SchemaTable) {
    var lacking = missing
    for text in unknown {
      let field = Self.likely(text, of: lacking, in: table)
      if let field { lacking.removeAll { $0 == field } }
      items.append(
        Item(
          kind: field == nil ? .newColumn : .renamedColumn, table: table.name, column: text, field: field,
          source: "header", files: 1))
    }
    for field in lacking {
      items.append(Item(kind: .missingColumn, table: table.name, column: field, source: "header", files: 1))
    }
  }

  /// The field that a column of another name seems to be: the same letters, the field's title, or a slip of the pen.
  private static func likely(_ name: String, of fields: [String], in table: SchemaTable) -> String? {
    ColumnNames.likely(name, of: fields.map { ($0, table.field($0)?.title ?? "") }).map { fields[$0] }
  }
}

extension FeedDrift.Kind {
  package var words: String {
    switch self {
    case .newColumn: "new column"
    case .missingColumn: "missing column"
    case .renamedColumn: "renamed column"
    case .typeNoLongerFits: "values not of the type"
    case .lengthNoLongerFits: "values too long"
    case .codesNotInList: "codes not in the list"
    }
  }
}
