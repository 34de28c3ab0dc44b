internal import CZlib

/// gzip (RFC 1952) with zlib: the same bytes for the same input, on every machine and day (no time, no name in the header).
package enum Gzip {
  package static func compress(_ bytes: [UInt8], level: CInt = 6) -> [UInt8] {
    var stream = unsafe z_stream()
    let opened = unsafe deflateInit2_(
      &stream, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    precondition(opened == Z_OK, "zlib gives out a stream unless memory is gone")
    // the operating system in the header would differ between builds: say «unknown»
    var header = unsafe gz_header()
    unsafe header.os = 255
    unsafe deflateSetHeader(&stream, &header)
    let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count))) + 32
    var input = bytes
    let result = unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
      unsafe input.withUnsafeMutableBufferPointer { source in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(bound)
        let ended = unsafe deflate(&stream, Z_FINISH)
        precondition(ended == Z_STREAM_END, "the output buffer has room for any input of this size")
        count = unsafe Int(stream.total_out)
      }
    }
    unsafe deflateEnd(&stream)
    return result
  }

  /// Expands a gzip stream piece by piece, within ceilings: a damaged stream, a ratio above 200:1 past the first MiB, more than the ceiling,
  /// or a gzip inside ends it (reliability rules, section 6).
  @safe package final class Expander {
    private var stream = unsafe z_stream()
    private let ceiling: Int
    private var taken = 0
    private var made = 0
    private var hasEnded = false
    /// The first two bytes that came out, in whatever pieces.
    private var head: [UInt8] = []

    package static let highestRatio = 200

    package init(ceiling: Int) {
      self.ceiling = ceiling
      let opened = unsafe inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
      precondition(opened == Z_OK, "zlib gives out a stream unless memory is gone")
    }

    deinit { unsafe inflateEnd(&stream) }

    /// True once the last byte of the stream has been seen.
    package var isComplete: Bool { hasEnded }

    /// Expands `input` onto `output`.
    package func expand(_ input: [UInt8], onto output: inout [UInt8]) throws(ExpandFailure) {
      var input = input
      var failure: ExpandFailure?
      var piece = [UInt8](repeating: 0, count: 128 * 1024)
      unsafe input.withUnsafeMutableBufferPointer { source in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        // all input may be taken while more is to come out than the piece holds
        var isFull = false
        while failure == nil, unsafe stream.avail_in > 0 || isFull && !hasEnded {
          if hasEnded {
            failure = .damaged  // bytes behind the end
            break
          }
          let before = unsafe stream.avail_in
          let count = unsafe piece.withUnsafeMutableBufferPointer { target in
            unsafe stream.next_out = target.baseAddress
            unsafe stream.avail_out = UInt32(target.count)
            let status = unsafe inflate(&stream, Z_NO_FLUSH)
            if status == Z_STREAM_END {
              hasEnded = true
            } else if status != Z_OK && status != Z_BUF_ERROR {
              failure = .damaged
            }
            return unsafe target.count - Int(stream.avail_out)
          }
          isFull = count == piece.count
          taken += unsafe Int(before - stream.avail_in)
          if head.count < 2 {
            head.append(contentsOf: piece[..<min(2 - head.count, count)])
            if Gzip.isGzip(head) { failure = .nested }
          }
          made += count
          if made > ceiling || (made > 1 << 20 && made / Expander.highestRatio > taken) { failure = .tooLarge }
          if failure == nil { output.append(contentsOf: piece[..<count]) }
          if count == 0, unsafe before == stream.avail_in, !hasEnded { break }
        }
      }
      if let failure { throw failure }
    }
  }

  /// Whether the bytes begin like a gzip stream.
  package static func isGzip(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
  }
}
