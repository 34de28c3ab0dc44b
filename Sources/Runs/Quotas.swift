internal import Files
internal import Postgres

/// What a facility may still deliver today: beyond it files wait, so that nobody's flood fills the warehouse or keeps others out.
struct Quotas {
  private struct Rest {
    var files: Int
    var bytes: Int
    /// Nothing was delivered today: then a file that is larger than the whole share is taken, as else it never would be.
    var isUntouched = true
  }
  private var rests: [String: Rest] = [:]

  /// - Parameter limits: files and bytes a day of a facility; the day is that of the warehouse's clock in Viet Nam.
  init(
    _ facilities: Set<String>, limits: (_ facility: String) -> (files: Int, bytes: Int), on connection: Connection
  ) throws(ServerFailure) {
    guard !facilities.isEmpty else { return }
    for facility in facilities {
      let limit = limits(facility)
      rests[facility] = Rest(files: limit.files, bytes: limit.bytes)
    }
    let rows = try connection.execute(
      """
      SELECT facility_code, count(*), coalesce(sum(size_in_bytes), 0)::bigint FROM intake.file
      WHERE kind = 'delivery' AND received_at >= date_trunc('day', now(), 'Asia/Ho_Chi_Minh')
        AND facility_code = ANY ($1::text[]) GROUP BY 1
      """, [.texts(facilities.sorted())])
    for row in 0..<rows.count {
      let facility = rows.text(row, 0) ?? ""
      rests[facility]?.files -= Int(rows.integer(row, 1) ?? 0)
      rests[facility]?.bytes -= Int(rows.integer(row, 2) ?? 0)
      rests[facility]?.isUntouched = false
    }
  }

  /// Counts a file in; false when its facility has had its share of the day.
  mutating func admit(_ file: InboxFile) -> Bool {
    guard var rest = rests[file.facility], rest.files >= 1, rest.isUntouched || rest.bytes >= file.stamp.sizeInBytes
    else { return false }
    rest.isUntouched = false
    rest.files -= 1
    rest.bytes -= file.stamp.sizeInBytes
    rests[file.facility] = rest
    return true
  }
}
