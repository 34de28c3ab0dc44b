/// A `COPY … FROM STDIN` under way; a writer that ends its life without ``finish()`` gives the COPY up.
///
/// Each call costs a message: hand over many rows at a time. The server tells of a bad row only at ``finish()``.
package struct CopyWriter: ~Copyable {
  /// The most bytes handed to libpq at once, which keeps its own buffer as small.
  static let largestPiece = 256 * 1024

  private let connection: Connection
  private var isOpen = true

  init(_ connection: Connection) { self.connection = connection }

  deinit { if isOpen { _ = connection.endCopy(giveUp: true) } }

  /// Sends bytes; they need not end where a row ends.
  package mutating func write(_ bytes: Span<UInt8>) throws(ServerFailure) {
    precondition(isOpen, "this COPY has ended")
    do throws(ServerFailure) {
      try connection.putCopyData(bytes)
    } catch {
      isOpen = false  // the connection has read all results
      throw error
    }
  }

  /// Sends bytes that an array holds.
  package mutating func write(_ bytes: [UInt8]) throws(ServerFailure) { try write(bytes.span) }

  /// Ends the COPY and begins the next one of a series.
  ///
  /// - Returns: how many rows the server took.
  @discardableResult
  package mutating func next() throws(ServerFailure) -> Int {
    precondition(isOpen, "this COPY has ended")
    do throws(ServerFailure) {
      return try connection.nextCopy()
    } catch {
      isOpen = false  // the connection has read all results
      throw error
    }
  }

  /// Ends the COPY.
  ///
  /// - Returns: how many rows the server took.
  @discardableResult
  package mutating func finish() throws(ServerFailure) -> Int {
    precondition(isOpen, "this COPY has ended")
    isOpen = false
    let (rows, failure) = connection.endCopy(giveUp: false)
    if let failure { throw failure }
    return rows
  }
}
