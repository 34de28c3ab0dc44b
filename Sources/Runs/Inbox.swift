package import Files
package import Findings
internal import Foundation
package import Postgres

/// A file that lies in a hospital's folder of the inbox.
package struct InboxFile: Sendable {
  /// Name of the folder: the facility's code, when it is one.
  package var facility: String
  package var directory: Directory
  package var name: FileName
  package var stamp: Stamp
  /// All its files when the delivery is several, in the order of the feed; `name` is then that of the main table's file.
  package var members: [Member] = []
  /// Why nothing of it can be loaded, when its names already say it.
  package var flaw: FindingCode?
  /// Its place in the order of the run: within a hospital by age.
  package var place = 0
  package var label: String { name.text }

  package init(facility: String, directory: Directory, name: FileName, stamp: Stamp) {
    self.facility = facility
    self.directory = directory
    self.name = name
    self.stamp = stamp
  }
}

/// What a look into the inbox found.
package struct InboxListing: Sendable {
  package var files: [InboxFile] = []
  /// Entries that are no deliveries: what they are called in reports, the facility's folder, and the reason.
  package var refused: [(label: String, facility: String, reason: String)] = []
  /// Uploads under way (`.part`, hidden names).
  package var uploads: [(label: String, facility: String)] = []
}

/// Looks into `inbox/<facility>/`.
package enum Inbox {
  package static func list(_ inbox: Directory, only facility: String? = nil) throws(FileFailure) -> InboxListing {
    var listing = InboxListing()
    for bytes in try inbox.names() {
      let label = printable(bytes)
      guard let name = try? FileName(bytes), let entry = try inbox.entry(name) else {
        if bytes.first != UInt8(ascii: ".") { listing.refused.append((label, "", "S14")) }
        continue
      }
      if let facility, name.text != facility { continue }
      guard case .directory = entry.kind else {
        // nobody's file: whose it is must not be guessed
        listing.refused.append((label, "", "S08"))
        continue
      }
      let folder: Directory
      do throws(FileFailure) {
        folder = try Directory(name, in: inbox)
      } catch {
        // a folder we may not enter is ours to mend, not the hospital's
        if case .kernel(_, let number) = error, number == EACCES || number == EPERM { throw error }
        listing.refused.append((label, name.text, "S14"))
        continue
      }
      for bytes in try folder.names() {
        let label = printable(bytes)
        if bytes.first == UInt8(ascii: ".") || bytes.suffix(5).elementsEqual(".part".utf8) {
          listing.uploads.append((label, name.text))
          continue
        }
        guard let file = try? FileName(bytes) else {
          listing.refused.append((label, name.text, "S14"))
          continue
        }
        guard let entry = try folder.entry(file) else { continue }  // renamed or taken since we looked
        guard case .file = entry.kind, entry.linkCount == 1 else {
          listing.refused.append((label, name.text, "S14"))
          continue
        }
        listing.files.append(InboxFile(facility: name.text, directory: folder, name: file, stamp: entry.stamp))
      }
    }
    listing.files = fairly(listing.files)
    return listing
  }

  /// Oldest first, the hospitals in turn: nobody waits behind another's ten thousand files.
  private static func fairly(_ files: [InboxFile]) -> [InboxFile] {
    var queues: [String: [InboxFile]] = [:]
    for file in files.sorted(by: { ($0.stamp.modified, $0.label) < ($1.stamp.modified, $1.label) }) {
      queues[file.facility, default: []].append(file)
    }
    var result: [InboxFile] = []
    var round = 0
    while result.count < files.count {
      for facility in queues.keys.sorted() {
        if let queue = queues[facility], round < queue.count { result.append(queue[round]) }
      }
      round += 1
    }
    return result
  }

  /// A name for reports: only plain characters of it, at most 128 bytes.
  private static func printable(_ bytes: [UInt8]) -> String {
    String(
      decoding: bytes.prefix(128).map { byte -> UInt8 in
        let isPlain =
          (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
          || [0x2D, 0x2E, 0x5F].contains(byte)
        return isPlain ? byte : UInt8(ascii: "?")
      }, as: UTF8.self)
  }

  /// Which of the files have settled: seen at least twice with the same size and times, and first seen so long ago by the database's clock.
  package static func settled(
    _ files: [InboxFile], settleSeconds: Int, on connection: Connection
  ) throws(ServerFailure) -> Set<Int> {
    guard !files.isEmpty else { return [] }
    let rows = try connection.execute(
      """
      INSERT INTO intake.sighting AS s (facility_code, file_name, size_in_bytes, modified_ns, changed_ns, inode)
      SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
      ORDER BY 1, 2 -- two hosts take the rows in one order, whatever the order of their lists
      ON CONFLICT (facility_code, file_name) DO UPDATE SET
        observations = CASE WHEN (s.size_in_bytes, s.modified_ns, s.changed_ns, s.inode)
          = (excluded.size_in_bytes, excluded.modified_ns, excluded.changed_ns, excluded.inode) THEN s.observations + 1 ELSE 1 END,
        first_seen_at = CASE WHEN (s.size_in_bytes, s.modified_ns, s.changed_ns, s.inode)
          = (excluded.size_in_bytes, excluded.modified_ns, excluded.changed_ns, excluded.inode)
          THEN s.first_seen_at ELSE excluded.first_seen_at END,
        last_seen_at = excluded.last_seen_at, size_in_bytes = excluded.size_in_bytes, modified_ns = excluded.modified_ns,
        changed_ns = excluded.changed_ns, inode = excluded.inode
      RETURNING facility_code, file_name, observations >= 2
        AND clock_timestamp() - first_seen_at >= make_interval(secs => $7::double precision)
      """,
      [
        .texts(files.map(\.facility)), .texts(files.map(\.label)), .integers(files.map { Int64($0.stamp.sizeInBytes) }),
        .integers(files.map(\.stamp.modified)), .integers(files.map(\.stamp.changed)),
        .integers(files.map { Int64(bitPattern: $0.stamp.inode) }), .integer(Int64(settleSeconds)),
      ])
    var settled: Set<String> = []
    for row in 0..<rows.count where rows.flag(row, 2) == true {
      settled.insert("\(rows.text(row, 0) ?? "")/\(rows.text(row, 1) ?? "")")
    }
    return Set(files.indices.filter { settled.contains("\(files[$0].facility)/\(files[$0].label)") })
  }

  /// Whether a delivery that lacks a file may wait for it: one of its files was first seen not long ago.
  package static func mayWait(
    _ file: InboxFile, patienceMinutes: Int, on connection: Connection
  ) throws(ServerFailure) -> Bool {
    let rows = try connection.execute(
      """
      SELECT bool_or(clock_timestamp() - first_seen_at < make_interval(mins => $3::integer)) FROM intake.sighting
      WHERE facility_code = $1 AND file_name = ANY ($2::text[])
      """,
      [
        .text(file.facility), .texts(file.pieces(file.stamp, "").map(\.name.text)), .integer(Int64(patienceMinutes)),
      ])
    return rows.flag(0, 0) == true
  }
}
