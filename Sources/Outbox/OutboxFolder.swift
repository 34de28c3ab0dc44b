package import Files
package import Postgres

/// Why parcels could not be written out.
package enum OutboxFailure: Error {
  case server(ServerFailure)
  case file(FileFailure)
}

/// The outbox folder: one folder a destination, each parcel under the name of its SHA-256, its manifest beside it.
///
/// A parcel becomes visible only after the commit that prepared it: the warehouse holds the bytes, this writes them out by the durable recipe and
/// says so. Whatever was interrupted is done by the next run; a name that is there already holds the same bytes.
package struct OutboxFolder: Sendable {
  private let folder: Directory

  package init(_ folder: Directory) { self.folder = folder }

  /// Writes out what is prepared of a file.
  ///
  /// - Returns: how many parcels were written.
  @discardableResult
  package func materialise(file: Int64, on connection: Connection) throws(OutboxFailure) -> Int {
    var written = 0
    while true {
      let row: (id: Int64, destination: String, format: String, hash: ContentHash, content: [UInt8], manifest: String)
      do throws(ServerFailure) {
        // one at a time: parcels may be large
        let rows = try connection.execute(
          """
          SELECT parcel_id, destination, format, encode(content_sha256, 'hex'), content, manifest FROM outbox.parcel
          WHERE state = 'prepared' AND content IS NOT NULL AND file_id = $1 ORDER BY parcel_id LIMIT 1
          """, [.integer(file)], prepared: true)
        guard !rows.isEmpty, let id = rows.integer(0, 0), let destination = rows.text(0, 1),
          let format = rows.text(0, 2),
          let hash = rows.text(0, 3).flatMap({ ContentHash(hex: $0) }), let content = rows.bytes(0, 4),
          let manifest = rows.text(0, 5)
        else { return written }
        row = (id, destination, format, hash, content, manifest)
      } catch {
        throw .server(error)
      }
      do throws(FileFailure) {
        let target = try Directory(try OutboxFolder.name(row.destination), in: folder, creating: true)
        let content = OutboxFolder.name(row.hash, row.format)
        let bytes = row.content
        if try target.writeDurably(bytes.span, as: content) == .conflict { throw FileFailure.kernel(.linkat, 17) }
        failpoint("outbox.content-written")
        let manifest = Array(row.manifest.utf8)
        if try target.writeDurably(manifest.span, as: FileName(row.hash, suffix: ".json")) == .conflict {
          // the same dossiers again, from another file (A, then B, then A anew): a manifest of its own tells that they are current again
          let name = try OutboxFolder.name("\(row.hash.hex)-\(row.id).json")
          if try target.writeDurably(manifest.span, as: name) == .conflict { throw FileFailure.kernel(.linkat, 17) }
        }
        failpoint("outbox.manifest-written")
      } catch {
        throw .file(error)
      }
      do throws(ServerFailure) {
        try connection.execute(
          """
          UPDATE outbox.parcel SET state = 'materialised', materialised_at = clock_timestamp()
          WHERE parcel_id = $1 AND state = 'prepared'
          """, [.integer(row.id)])
      } catch {
        throw .server(error)
      }
      failpoint("outbox.materialised")
      written += 1
    }
  }

  /// The file name of a parcel.
  private static func name(_ hash: ContentHash, _ format: String) -> FileName {
    format == ParcelFormat.source.rawValue ? FileName(hash, suffix: ".xml.gz") : FileName(hash, suffix: ".ndjson.gz")
  }

  /// What is wrong with a parcel that was written out; nil when file and manifest are there as they were made.
  package func fault(destination: String, format: String, hash: ContentHash, manifest: String, parcel: Int64)
    throws(FileFailure) -> String?
  {
    let target: Directory
    do throws(FileFailure) {
      target = try Directory(try OutboxFolder.name(destination), in: folder)
    } catch {
      return "the folder of the destination is missing"
    }
    do throws(FileFailure) {
      let file = try SourceFile(OutboxFolder.name(hash, format), in: target, owners: nil, sizeLimit: .max)
      if try file.contentHash() != hash { return "its file in the outbox was changed (SHA-256)" }
    } catch {
      return "its file in the outbox is missing or cannot be read"
    }
    let expected = ContentHash(of: Array(manifest.utf8))
    // beside it, or under a name of its own when another file brought the same dossiers
    for name in ["\(hash.hex).json", "\(hash.hex)-\(parcel).json"] {
      do throws(FileFailure) {
        let file = try SourceFile(try OutboxFolder.name(name), in: target, owners: nil)
        if try file.contentHash() == expected { return nil }
      } catch {
        continue
      }
    }
    return "its manifest in the outbox is missing or was changed"
  }

  /// Removes what was written out of a parcel, as far as it is there.
  package func remove(destination: String, format: String, hash: ContentHash, parcel: Int64) throws(FileFailure) {
    let target: Directory
    do throws(FileFailure) {
      target = try Directory(try OutboxFolder.name(destination), in: folder)
    } catch {
      if case .kernel(_, 2) = error { return }  // there is no such folder
      throw error
    }
    _ = try target.removeDurably(OutboxFolder.name(hash, format))
    for name in ["\(hash.hex).json", "\(hash.hex)-\(parcel).json"] {
      _ = try target.removeDurably(try OutboxFolder.name(name))
    }
  }

  /// A destination's name is checked when the configuration is read.
  private static func name(_ destination: String) throws(FileFailure) -> FileName {
    do throws(FileName.Flaw) {
      return try FileName(destination)
    } catch {
      throw .kernel(.openat, 22)
    }
  }
}
