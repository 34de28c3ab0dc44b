internal import CCrypto
package import Files

/// The key that opens what was sealed to its certificate.
///
/// `@unchecked`: libcrypto's keys may be used by several threads at once as long as nobody changes them, and nobody can.
@safe package final class PrivateKey: @unchecked Sendable {
  private let raw: OpaquePointer

  /// Reads a key in PEM form from a file that only we can read; see ``Secret``.
  package init(_ secret: Secret) throws(SealingFailure) {
    // libcrypto reads PEM from a BIO, which keeps a copy; it is wiped with the BIO
    let bio: OpaquePointer? = unsafe secret.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { buffer in
        guard let bio = unsafe BIO_new(BIO_s_secmem()) else { return nil }
        guard unsafe BIO_write(bio, buffer.baseAddress, CInt(buffer.count)) == CInt(buffer.count) else {
          unsafe BIO_free(bio)
          return nil
        }
        return unsafe bio
      }
    }
    guard let bio = unsafe bio else { throw .libcrypto }
    defer { unsafe BIO_free(bio) }
    guard let key = unsafe songhan_read_key(bio) else {
      ERR_clear_error()
      throw .notAPrivateKey
    }
    unsafe raw = key
  }

  deinit { unsafe EVP_PKEY_free(raw) }

  /// The most bytes that are opened at once: they are in memory three times.
  package static let ceiling = 256 << 20

  /// Opens sealed bytes; what was changed by a single bit is not opened.
  package func open(_ sealed: [UInt8]) throws(SealingFailure) -> [UInt8] {
    guard sealed.count <= PrivateKey.ceiling else { throw .cannotOpen }
    let input = try MemoryBIO(sealed)
    guard let message = unsafe d2i_CMS_bio(input.raw, nil) else {
      ERR_clear_error()
      throw .cannotOpen
    }
    defer { unsafe CMS_ContentInfo_free(message) }
    let output = try MemoryBIO([])
    guard unsafe CMS_decrypt(message, raw, nil, nil, output.raw, CUnsignedInt(CMS_BINARY)) == 1 else {
      ERR_clear_error()
      throw .cannotOpen
    }
    var plain: [UInt8] = []
    output.drain(onto: &plain)
    return plain
  }
}
