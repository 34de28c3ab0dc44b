package import Bytes
package import CommonSchema
package import Compression
internal import Files
package import Findings
package import Records
package import Transform

/// Dossiers of one file, judged and mapped, ready to be loaded together; about 4,000 dossiers or 20 MiB; reused.
package struct PreparedBatch: Sendable {
  /// One dossier of the batch and what the judge said.
  package struct Entry: Sendable {
    package var number: Int
    package var kind: Dossier.Kind
    package var key: Sensitive<[UInt8]>
    package var careMonth: CivilDate?
    package var contentHash: [UInt8]
    package var outcome: Verdict.Outcome
    /// Codes that kept it out.
    package var codes: [FindingCode]
    /// Where its entry stands in ``archive`` (accepted) or ``rejects`` (rejected).
    package var source: Range<Int>
    package var sizeInBytes: Int
    /// MA_LK may be shown to the hospital; the key made for an assessment may not.
    package var mayShowKey: Bool { kind != .assessment }

    package init(
      number: Int, kind: Dossier.Kind, key: [UInt8], careMonth: CivilDate?, contentHash: [UInt8],
      outcome: Verdict.Outcome,
      codes: [FindingCode], source: Range<Int>, sizeInBytes: Int
    ) {
      self.number = number
      self.kind = kind
      self.key = Sensitive(key)
      self.careMonth = careMonth
      self.contentHash = contentHash
      self.outcome = outcome
      self.codes = codes
      self.source = source
      self.sizeInBytes = sizeInBytes
    }
  }

  package var rows: RowBatch
  package var entries: [Entry] = []
  /// Source bytes of accepted dossiers: a ``SourceArchive`` of all of them.
  package var archive = OutputBuffer()
  /// Source bytes of rejected dossiers (``SourceArchive`` entries without its header).
  package var rejects = OutputBuffer()
  /// The whole ``archive`` compressed, and its hash, when somebody had the time for it.
  private(set) var packed: (stored: [UInt8], sourceHash: [UInt8])?

  package init(schema: CommonSchema) {
    rows = RowBatch(schema: schema)
    SourceArchive.begin(&archive)
  }

  package mutating func removeAll() {
    rows.removeAll()
    entries.removeAll(keepingCapacity: true)
    archive.removeAll()
    SourceArchive.begin(&archive)
    rejects.removeAll()
    packed = nil
  }

  /// Compresses the archive ahead of the loading.
  package mutating func pack(_ compressor: ZstandardCompressor) {
    packed = (compressor.compress(archive.bytes), ContentHash(of: archive.bytes).bytes)
  }

  /// A COPY makes room for its first thousand rows anew each time: rows that come one a dossier want longer ones.
  package static let mostDossiers = 4_000
  /// The records of a thousand visits with all that was done in them fit.
  package static let mostBytes = 20 << 20

  /// True when it is time to load it.
  package var isFull: Bool {
    entries.count >= PreparedBatch.mostDossiers
      || archive.count - SourceArchive.magic.count + rejects.count >= PreparedBatch.mostBytes
      || rows.sizeInBytes >= PreparedBatch.mostBytes
  }
}
