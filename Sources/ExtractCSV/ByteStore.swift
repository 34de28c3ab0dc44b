package import Records

/// Bytes of a delivered file that can be read at any place: an open file, or a part of one.
package protocol ByteStore: AnyObject {
  var sizeInBytes: Int { get }
  /// Appends up to `most` bytes from `offset` on to `target`.
  ///
  /// - Returns: how many; 0 at the end.
  func read(at offset: Int, _ most: Int, into target: inout [UInt8]) throws(ReaderFailure) -> Int
}
