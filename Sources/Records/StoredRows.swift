/// Dossiers of tabular and XML-row feeds as they are kept: each one self-contained, so that it can be judged again without its file.
///
/// A file put together from them begins with ``magic``; then each dossier follows, its size in decimal digits and a line feed before it. What
/// stands in one dossier is its reader's own form (`Dossier.skeleton`).
package enum StoredRows {
  package static let magic: [UInt8] = Array("SHROWS1\n".utf8)

  /// What a stored dossier of such a feed begins with; ``opening(sizeInBytes:)`` counts without it.
  package static let mark: [UInt8] = Array("SHROW1\n".utf8)

  /// What stands before a dossier of so many bytes.
  package static func opening(sizeInBytes: Int) -> [UInt8] { Array("\(sizeInBytes)\n".utf8) }
}
