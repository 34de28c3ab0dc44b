internal import Bytes
package import Findings
package import Records

/// The rows of a delimited text without a schema, for those who want to know what a file is. The header is a row like any other.
package final class RawRows {
  private let file: TableFile
  private var hasBegun = false

  /// - Parameter source: as ``TabularReader`` gets it.
  package init(
    _ dialect: TabularDialect, _ encoding: TextEncoding,
    source: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int
  ) {
    var described = TabularLayout.File(table: "", pattern: "", dialect: dialect)
    described.dialect.hasHeader = false
    let table = SourceTable(name: "", root: nil, list: nil, row: "", hasManyRows: true, columns: [])
    file = TableFile(table: 0, source: table, file: described, stated: encoding, bytes: source)
  }

  /// Moves to the next row with content; false at the end, or when the text cannot be read on.
  package func next() throws(ReaderFailure) -> Bool {
    if !hasBegun {
      hasBegun = true
      guard try file.begin() else { return false }
    }
    return try file.next()
  }

  /// Cells of the row.
  package var count: Int { min(file.tokenizer.count, Tokenizer.mostCells) }
  /// Text stands behind a closing quote.
  package var isStray: Bool { file.tokenizer.isStray }
  package var byteOffset: Int { file.rowOffset }
  /// Why the text cannot be read on.
  package var refusal: Finding? { file.refusal }

  /// The text of a cell: decoded, trimmed.
  package func text(_ cell: Int) -> [UInt8] { file.text(of: cell) }
}

extension TextEncoding {
  /// The text in UTF-8; what cannot be read becomes U+FFFD.
  package func decode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    if let letters = LetterTable.of(self) {
      unsafe bytes.withUnsafeBufferPointer { unsafe letters.decode($0, onto: &text) }
    } else if self == .utf8 {
      text = Array(String(decoding: bytes, as: UTF8.self).utf8)
    } else {
      _ = WideText.decode(bytes, isBigEndian: self == .utf16BE, isLast: true, onto: &text)
    }
    return text
  }
}
