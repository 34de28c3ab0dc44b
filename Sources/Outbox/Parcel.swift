internal import Bytes
package import CommonSchema
internal import Compression
internal import Files
package import Load
internal import Records

/// What a destination gets.
package enum ParcelFormat: String, Sendable, CaseIterable {
  /// An envelope with the accepted dossiers, their inner bytes untouched.
  case source
  /// Rows of the common schema, one JSON object a line.
  case commonLines = "common-ndjson"
}

/// Where parcels go, as the configuration names it. Nothing is a destination unless somebody configured it.
package struct Destination: Sendable, Hashable {
  package var name: String
  package var format: ParcelFormat
  /// Whether rows of restricted entities (HIV care) go there, in `common-ndjson`. A `source` parcel holds the documents as delivered.
  package var takesRestricted: Bool

  package init(name: String, format: ParcelFormat, takesRestricted: Bool = false) {
    self.name = name
    self.format = format
    self.takesRestricted = takesRestricted
  }
}

/// Seals the accepted dossiers of a batch for a destination: reproducible bytes, named by their SHA-256.
package struct ParcelBuilder: Sendable {
  private let schema: CommonSchema
  private let facility: String
  /// SHA-256 of the file the dossiers came in, in hexadecimal.
  private let fileHash: String
  private let fileID: Int64

  package init(schema: CommonSchema, facility: String, fileHash: String, fileID: Int64) {
    self.schema = schema
    self.facility = facility
    self.fileHash = fileHash
    self.fileID = fileID
  }

  /// The parcel of the batch's entries `accepted`; nil when the format has nothing for them (a `source` parcel holds visits only).
  ///
  /// - Parameter createdOn: NGAYLAP of the file, so that the bytes depend on nothing but the content.
  package func parcel(
    of batch: PreparedBatch, accepted: [Int], number: Int, createdOn: String?, for destination: Destination
  ) -> ParcelDraft? {
    var wanted = accepted
    let content: [UInt8]
    switch destination.format {
    case .source:
      wanted = accepted.filter { batch.entries[$0].kind == .visit }
      guard !wanted.isEmpty, let envelope = envelope(batch, wanted, createdOn) else { return nil }
      content = Gzip.compress(envelope)
    case .commonLines:
      content = Gzip.compress(lines(batch, Set(accepted), restricted: destination.takesRestricted))
    }
    let hash = ContentHash(of: content)
    let months = wanted.compactMap { batch.entries[$0].careMonth }.sorted()
    let manifest = manifest(
      destination, number, hash, content.count, wanted.count, months.first, months.last.map { $0.lastOfMonth })
    return ParcelDraft(
      destination: destination.name, format: destination.format.rawValue, content: content, contentHash: hash.bytes,
      manifest: manifest, dossiers: wanted.count, periodFrom: months.first, periodTo: months.last.map { $0.lastOfMonth }
    )
  }

  private func envelope(_ batch: PreparedBatch, _ wanted: [Int], _ createdOn: String?) -> [UInt8]? {
    var archive = OutputBuffer()
    SourceArchive.begin(&archive)
    for index in wanted { archive.append(batch.archive.bytes.span.extracting(batch.entries[index].source)) }
    guard let entries = try? SourceArchive.entries(archive.bytes) else { return nil }
    var output = OutputBuffer(capacity: archive.count * 2)
    output.append(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<GIAMDINHHS xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><THONGTINDONVI><MACSKCB>"
    )
    output.append(facility)
    output.append("</MACSKCB></THONGTINDONVI><THONGTINHOSO><NGAYLAP>")
    output.append(createdOn ?? "")
    output.append("</NGAYLAP><SOLUONGHOSO>")
    output.append(String(entries.count))
    output.append("</SOLUONGHOSO><DANHSACHHOSO>")
    for entry in entries { output.bytes.append(contentsOf: entry.bytes) }
    output.append("</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>\n")
    return output.bytes
  }

  private func lines(_ batch: PreparedBatch, _ wanted: Set<Int>, restricted: Bool) -> [UInt8] {
    var output = OutputBuffer()
    for (number, entity) in schema.entities.enumerated() where restricted || !entity.isRestricted {
      let rows = batch.rows.entities[number]
      let decoder = RowDecoder(entity)
      for segment in rows.segments where wanted.contains(segment.dossier) {
        decoder.appendLines(of: rows.buffer.bytes.span.extracting(segment.bytes), to: &output)
      }
    }
    return output.bytes
  }

  /// The manifest that stands beside the parcel: counts, hash, facility, period, where it came from. No values of patients.
  private func manifest(
    _ destination: Destination, _ number: Int, _ hash: ContentHash, _ size: Int, _ dossiers: Int, _ from: CivilDate?,
    _ to: CivilDate?
  ) -> String {
    """
    {
      "batch": \(number),
      "compression": "gzip",
      "destination": "\(destination.name)",
      "dossiers": \(dossiers),
      "facility": "\(facility)",
      "file": {"id": \(fileID), "sha256": "\(fileHash)"},
      "format": "\(destination.format.rawValue)",
      "period": {"from": \(from.map { "\"\($0)\"" } ?? "null"), "to": \(to.map { "\"\($0)\"" } ?? "null")},
      "sha256": "\(hash.hex)",
      "sizeInBytes": \(size)
    }

    """
  }
}

extension CivilDate {
  var lastOfMonth: CivilDate { CivilDate(daysSinceEpoch: firstOfNextMonth.daysSinceEpoch - 1) }
}
