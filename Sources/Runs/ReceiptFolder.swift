internal import Failpoints
internal import Files
internal import Findings
internal import Glibc
internal import Load
internal import Postgres

/// The folder in which a hospital finds its receipts: `<facility>/<number>.json` and `.txt` (Vietnamese).
///
/// The warehouse holds the receipt of every judged file; this writes it out, as often as it takes.
struct ReceiptFolder {
  private let folder: Directory
  private let mode: UInt32

  init(_ folder: Directory, mode: UInt32) {
    self.folder = folder
    self.mode = mode
  }

  /// Writes the receipt of a file from the ledger. A full disk leaves it for the next run.
  ///
  /// - Returns: why it could not be written; nil when it was, or when there is nothing to write.
  func write(file: Int64, epoch: Int64, run: Int64, _ catalogue: FindingCatalogue, on connection: Connection)
    throws(ServerFailure) -> FileFailure?
  {
    let rows = try connection.execute(
      "SELECT receipt, facility_code FROM intake.file WHERE file_id = $1 AND receipt IS NOT NULL AND receipt_written_at IS NULL",
      [.integer(file)], prepared: true)
    guard !rows.isEmpty, let json = rows.text(0, 0), let facility = rows.text(0, 1) else { return nil }
    let detail: String
    do {
      let receipt = try Receipt.read(json)
      let target = try Directory(try FileName(facility), in: folder, creating: true)
      if mode & 0o040 != 0 { try target.setMode(0o750) }  // who may read receipts must reach them
      let bytes = Array((json + "\n").utf8)
      try target.replaceDurably(try FileName("\(file).json"), with: bytes.span, mode: mode)
      failpoint("receipt.json-written")
      let text = Array(receipt.text(catalogue, .vietnamese).utf8)
      try target.replaceDurably(try FileName("\(file).txt"), with: text.span, mode: mode)
      failpoint("receipt.text-written")
      detail = "{\"json\":\"\(ContentHash(of: bytes).hex)\",\"txt\":\"\(ContentHash(of: text).hex)\"}"
    } catch {
      // receipt_written_at stays empty: the next run writes it
      return error as? FileFailure ?? .kernel(.write, EIO)
    }
    try Ledger.mark(.receiptWritten, file: file, epoch: epoch, run: run, detail: detail, on: connection)
    return nil
  }
}
