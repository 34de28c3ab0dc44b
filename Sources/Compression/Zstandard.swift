internal import CZstd

/// Zstandard (RFC 8878) over whole buffers: the form of batches in the warehouse; `zstd -d` reads it too.
@safe package final class ZstandardCompressor {
  private let context: OpaquePointer

  /// Level by measurement: see the manual's performance page.
  package static let level: CInt = 1

  package init() {
    // null only when memory is gone: a mistake of ours or the end of the machine, never of the input
    guard let context = unsafe ZSTD_createCCtx() else { preconditionFailure("no memory for a compressor") }
    unsafe self.context = context
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZstandardCompressor.level)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 0)
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  package func compress(_ bytes: [UInt8]) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
      unsafe bytes.withUnsafeBytes { source in
        let made = unsafe ZSTD_compress2(context, target.baseAddress, bound, source.baseAddress, source.count)
        precondition(ZSTD_isError(made) == 0, "the output buffer has room for any input of this size")
        count = made
      }
    }
  }
}

/// Why compressed bytes could not be read.
package enum ExpandFailure: Error, Hashable {
  case damaged
  /// More than the ceiling would come out.
  case tooLarge
  /// A compressed file in a compressed file.
  case nested
}

package enum Zstandard {
  /// The bytes of one frame.
  ///
  /// - Parameter ceiling: the most bytes that may come out.
  package static func expand(_ bytes: [UInt8], ceiling: Int) throws(ExpandFailure) -> [UInt8] {
    let size = unsafe bytes.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    guard size != UInt64.max, size != UInt64.max - 1 else { throw .damaged }
    guard size <= UInt64(ceiling) else { throw .tooLarge }
    var isDamaged = false
    let result = unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { target, count in
      unsafe bytes.withUnsafeBytes { source in
        let made = unsafe ZSTD_decompress(target.baseAddress, target.count, source.baseAddress, source.count)
        if ZSTD_isError(made) != 0 || made != Int(size) { isDamaged = true }
        count = isDamaged ? 0 : made
      }
    }
    if isDamaged { throw .damaged }
    return result
  }
}
