internal import Bytes
internal import Records

/// Reads inner documents into a dossier's tables.
struct DocumentReader {
  /// For tests: leave everything to libxml2.
  var usesLibraryOnly = false

  /// Reads the document at `range` of the dossier's text as a document of the table; rows are added to those already there.
  ///
  /// - Returns: why it was not taken; then the dossier's table is as before.
  func read(_ range: Range<Int>, of dossier: Dossier, as shape: TableShape) throws(ReaderFailure) -> DocumentFault? {
    let before = dossier.tables[shape.number]
    var builder = RowBuilder(shape: shape, table: before, scratchBase: dossier.text.count)
    dossier.tables[shape.number] = TableRecords(columnCount: shape.columnCount)  // keep the builder's the only owner
    var failure: ReaderFailure?
    var isWellFormed = false
    unsafe dossier.text.withUnsafeBufferPointer { text in
      let document = unsafe UnsafeBufferPointer(rebasing: text[range])
      var verdict: Bool?
      if !usesLibraryOnly {
        verdict = unsafe PlainDocument.read(document, base: range.lowerBound, into: &builder)
      }
      if let verdict {
        isWellFormed = verdict
      } else {
        builder = RowBuilder(shape: shape, table: before, scratchBase: text.count)
        do throws(ReaderFailure) {
          isWellFormed = try unsafe SAXDocument.read(document, into: &builder)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    let fault = builder.fault ?? (isWellFormed ? nil : .notWellFormed)
    guard fault == nil else {
      dossier.tables[shape.number] = before
      return fault
    }
    dossier.text.append(contentsOf: builder.scratch)
    dossier.tables[shape.number] = builder.table
    return nil
  }
}
