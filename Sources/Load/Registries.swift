internal import Failpoints
package import Postgres

/// The registries beside the visits: short statements that change only what differs (citus-ready rules, 15).
package enum Registries {
  /// A hospital as the registry file has it.
  package struct FacilityRow: Sendable {
    package var code: String
    package var name: String
    package var level: String?
    package var feed: String
    package var contact: String?
    package var expectedDays: Int?

    package init(code: String, name: String, level: String?, feed: String, contact: String?, expectedDays: Int?) {
      self.code = code
      self.name = name
      self.level = level
      self.feed = feed
      self.contact = contact
      self.expectedDays = expectedDays
    }
  }

  /// Makes `health.facility` say what the registry says; rows of hospitals that left it stay.
  package static func write(_ facilities: [FacilityRow], on connection: Connection) throws(ServerFailure) {
    for facility in facilities {
      try connection.execute(
        """
        INSERT INTO health.facility AS f (facility_code, name, level_code, feed, contact, expected_days, updated_at)
        SELECT $1, $2, $3, $4, $5, $6::integer, clock_timestamp()
        ON CONFLICT (facility_code) DO UPDATE SET name = excluded.name, level_code = excluded.level_code, feed = excluded.feed,
          contact = excluded.contact, expected_days = excluded.expected_days, updated_at = excluded.updated_at
        WHERE (f.name, f.level_code, f.feed, f.contact, f.expected_days)
          IS DISTINCT FROM (excluded.name, excluded.level_code, excluded.feed, excluded.contact, excluded.expected_days)
        """,
        [
          .text(facility.code), .text(facility.name), facility.level.map { .text($0) } ?? .null, .text(facility.feed),
          facility.contact.map { .text($0) } ?? .null, facility.expectedDays.map { .integer(Int64($0)) } ?? .null,
        ], prepared: true)
      failpoint("registries.facility-written")
    }
  }

  /// Notes practitioners that a file names for the first time. Sorted keys; a code that another loader is adding is waited for.
  static func addPractitioners(_ codes: [String], facility: String, file: Int64, on connection: Connection)
    throws(ServerFailure)
  {
    guard !codes.isEmpty else { return }
    try connection.execute(
      """
      INSERT INTO health.practitioner (facility_code, practitioner_code, first_seen_file_id)
      SELECT $1, code, $3 FROM unnest($2::text[]) AS c (code)
      WHERE NOT EXISTS (SELECT FROM health.practitioner p WHERE p.facility_code = $1 AND p.practitioner_code = code)
      ON CONFLICT DO NOTHING
      """, [.text(facility), .texts(codes), .integer(file)], prepared: true)
  }
}
