package import Bytes
package import CommonSchema
internal import Failpoints
package import Postgres

/// The monthly partitions of the visit tables: which there are, and making what is missing before a load begins.
///
/// Making one waits for every open load and every reader of the table, and they for it; hence a short transaction of its own, under an advisory
/// lock (citus-ready rules, 5). Months before 2010 and from 2050 on lie in the default partition.
package struct Partitions: Sendable {
  private let entities: [String]
  private var known: Set<CivilDate> = []

  package init(_ schema: CommonSchema) {
    // the encounter's comes last: where it stands, all do
    entities = schema.entities.filter { $0.kind == .visit }.map(\.name).sorted {
      ($0 == "encounter" ? 1 : 0, $0) < ($1 == "encounter" ? 1 : 0, $1)
    }
  }

  /// Whether rows of the month have their partition (or belong to the default one).
  package func covers(_ month: CivilDate) -> Bool {
    known.contains(month) || !Partitions.isMonthly(month)
  }

  private static func isMonthly(_ month: CivilDate) -> Bool {
    (2010..<2050).contains(month.components.year)
  }

  /// Makes the partitions that are missing. Must be called outside of a transaction.
  package mutating func ensure(_ months: some Sequence<CivilDate>, on connection: Connection) throws(ServerFailure) {
    if known.isEmpty { try read(connection) }
    let missing = Set(months).filter { !covers($0) }.sorted()
    for month in missing {
      try make(month, connection)
      known.insert(month)
    }
  }

  private mutating func read(_ connection: Connection) throws(ServerFailure) {
    let rows = try connection.execute(
      """
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'health.encounter'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
      """)
    for row in 0..<rows.count {
      let digits = (rows.text(row, 0) ?? "").suffix(7).split(separator: "_")
      if digits.count == 2, let year = Int32(digits[0]), let number = Int32(digits[1]),
        let month = CivilDate(year: year, month: number, day: 1)
      {
        known.insert(month)
      }
    }
  }

  private func make(_ month: CivilDate, _ connection: Connection) throws(ServerFailure) {
    let (year, number, _) = month.components
    let suffix = "\(year)_\(number < 10 ? "0" : "")\(number)"
    do throws(ServerFailure) {
      try connection.begin()
      try connection.execute("SELECT pg_advisory_xact_lock(7206, 1)")
      for entity in entities {
        try connection.executeGenerated(
          """
          CREATE TABLE IF NOT EXISTS health."\(entity)_\(suffix)" PARTITION OF health."\(entity)"
          FOR VALUES FROM ('\(month)') TO ('\(month.firstOfNextMonth)')
          """)
        failpoint("partitions.table-made")
      }
      try connection.commit()
      failpoint("partitions.committed")
    } catch {
      connection.rollback()
      // rows of the month already lie in the default partition (made there before this rule): they stay there
      if error.state == "23514" { return }
      throw error
    }
  }
}
