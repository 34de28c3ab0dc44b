internal import Compression
internal import Files
internal import Foundation
internal import Postgres
package import Records

/// The original of a delivery as it lies in `archive` or `quarantine`.
package struct KeptFile: Sendable {
  /// Folder and name; the files of a split delivery have their table behind it.
  private let paths: [String]

  /// The newest delivery of the feed that the ledger knows; nil when there is none.
  package static func newest(ofFeed feed: String, project: Project) throws(RunFailure) -> KeptFile? {
    let connection = try Warehouse(project: project).connect()
    let rows: Rows
    do throws(ServerFailure) {
      rows = try connection.execute(
        """
        SELECT facility_code, encode(content_sha256, 'hex') FROM intake.file
        WHERE feed = $1 AND kind = 'delivery' AND content_sha256 IS NOT NULL
        ORDER BY file_id DESC LIMIT 1
        """, [.text(feed)])
    } catch {
      throw .server(error)
    }
    guard rows.count == 1, let facility = rows.text(0, 0), let hash = rows.text(0, 1) else { return nil }
    let c = project.configuration
    return KeptFile(paths: [c.archive, c.quarantine].map { "\(project.path($0))/\(facility)/\(hash)" })
  }

  /// Its bytes, to be read in order; nil when it is no longer there.
  package func bytes(of table: String?) -> Bytes? {
    let names = paths.map { path in table.map { "\(path)-\($0)" } ?? path }
    return names.lazy.compactMap { FileHandle(forReadingAtPath: $0) }.first.map { Bytes($0) }
  }

  /// The bytes of one file, without compression.
  package final class Bytes {
    private let file: FileHandle
    private let expanded = PlainBytes()
    private var waiting: [UInt8] = []

    fileprivate init(_ file: FileHandle) { self.file = file }

    /// Appends up to `most` bytes and says how many; 0 at the end, also where a compressed file is damaged.
    package func read(_ most: Int, into target: inout [UInt8]) throws(ReaderFailure) -> Int {
      while waiting.isEmpty {
        guard let piece = try? file.read(upToCount: 64 << 10), !piece.isEmpty else { return 0 }
        do throws(FileFailure) {
          try expanded.take([UInt8](piece).span) { (plain) throws(FileFailure) in
            for i in plain.indices { waiting.append(plain[i]) }
          }
        } catch {
          throw .input(EIO)
        }
      }
      let count = min(most, waiting.count)
      target.append(contentsOf: waiting.prefix(count))
      waiting.removeFirst(count)
      return count
    }
  }
}
