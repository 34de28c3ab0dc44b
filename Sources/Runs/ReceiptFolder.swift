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

  /// Writes a receipt that was committed a moment ago; whoever calls marks it in the ledger.
  ///
  /// - Returns: what is to be marked, or why it could not be written.
  func write(_ receipt: Receipt, json: String, facility: String, file: Int64, _ catalogue: FindingCatalogue)
    -> Result<Ledger.Mark, FileFailure>
  {
    do {
      let target = try Directory(try FileName(facility), in: folder, creating: true)
      if mode & 0o040 != 0 { try target.setMode(0o750) }  // who may read receipts must reach them
      let bytes = Array((json + "\n").utf8)
      let text = Array(receipt.text(catalogue, .vietnamese).utf8)
      try target.replaceDurably(
        [(try FileName("\(file).json"), bytes), (try FileName("\(file).txt"), text)], mode: mode)
      failpoint("receipt.text-written")
      let detail = "{\"json\":\"\(ContentHash(of: bytes).hex)\",\"txt\":\"\(ContentHash(of: text).hex)\"}"
      return .success(Ledger.Mark(.receiptWritten, detail: detail))
    } catch {
      // receipt_written_at stays empty: the next run writes it
      return .failure(error as? FileFailure ?? .kernel(.write, EIO))
    }
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
    guard let receipt = try? Receipt.read(json) else { return .kernel(.write, EIO) }
    switch write(receipt, json: json, facility: facility, file: file, catalogue) {
    case .success(let mark): try Ledger.mark([mark], file: file, epoch: epoch, run: run, on: connection)
    case .failure(let failure): return failure
    }
    return nil
  }
}
