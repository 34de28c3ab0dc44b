internal import CCrypto

/// Why something could not be sealed or opened. Never what libcrypto says: only that it said no.
package enum SealingFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// Not a certificate in PEM form.
  case notACertificate
  /// RSA below 2048 bits, or a kind of key that CMS does not encrypt to.
  case unfitKey
  /// Not a private key in PEM form without a password.
  case notAPrivateKey
  /// Not a message for this key, or changed since it was sealed.
  case cannotOpen
  /// libcrypto failed, mostly for want of memory.
  case libcrypto

  package var description: String {
    switch self {
    case .notACertificate: "this is no X.509 certificate in PEM form"
    case .unfitKey: "the certificate's key is neither RSA of at least 2048 bits nor an elliptic curve"
    case .notAPrivateKey: "this is no private key in PEM form without a password"
    case .cannotOpen: "the sealed bytes are not for this private key, or were changed"
    case .libcrypto: "sealing failed"
    }
  }
}

/// One X.509 certificate.
@safe private final class Certificate {
  let raw: OpaquePointer

  /// Reads the PEM form.
  init(_ text: [UInt8]) throws(SealingFailure) {
    let bio = try MemoryBIO(text)
    guard let certificate = unsafe songhan_read_certificate(bio.raw) else {
      ERR_clear_error()
      throw .notACertificate
    }
    unsafe raw = certificate
  }

  deinit { unsafe X509_free(raw) }

  var isFit: Bool {
    guard let key = unsafe X509_get0_pubkey(raw) else { return false }
    let kind = unsafe EVP_PKEY_get_base_id(key)
    return unsafe kind == EVP_PKEY_RSA ? EVP_PKEY_get_bits(key) >= 2048 : kind == EVP_PKEY_EC
  }

  var daysLeft: Int {
    var days: CInt = 0
    var seconds: CInt = 0
    guard unsafe ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(raw)) == 1 else { return -1 }
    return seconds < 0 && days == 0 ? -1 : Int(days)
  }
}

/// Those who can open what is sealed: X.509 certificates.
///
/// `@unchecked`: the certificates are never changed after they were read; libcrypto counts references to them atomically.
package final class Recipients: @unchecked Sendable {
  private let certificates: [Certificate]

  /// Reads certificates in PEM form, one a text.
  package init(pem texts: [[UInt8]]) throws(SealingFailure) {
    var certificates: [Certificate] = []
    for text in texts { certificates.append(try Certificate(text)) }
    guard !certificates.isEmpty else { throw .notACertificate }
    guard certificates.allSatisfy(\.isFit) else { throw .unfitKey }
    self.certificates = certificates
  }

  package var count: Int { certificates.count }

  /// Days until the first certificate expires; negative when one has. What is sealed to an expired one can still be opened.
  package var daysLeft: Int { certificates.map(\.daysLeft).min() ?? -1 }

  fileprivate func add(to message: OpaquePointer) throws(SealingFailure) {
    for certificate in certificates {
      guard unsafe songhan_add_recipient(message, certificate.raw) == 1 else {
        ERR_clear_error()
        throw .unfitKey
      }
    }
  }

  /// Seals bytes at once.
  package func seal(_ bytes: [UInt8]) throws(SealingFailure) -> [UInt8] {
    var sealed: [UInt8] = []
    let sealer = try Sealer(for: self)
    try sealer.append(bytes.span, onto: &sealed)
    try sealer.finish(onto: &sealed)
    return sealed
  }
}

/// Seals bytes piece by piece: a CMS message (RFC 5652, 5083) of type AuthEnvelopedData with AES-256-GCM, in DER's streaming form (BER).
///
/// `openssl cms -decrypt -inform DER -inkey key.pem` opens it. Memory does not depend on how much is sealed.
@safe package final class Sealer {
  private let message: OpaquePointer
  private let output: MemoryBIO
  /// Writes through the cipher into `output`.
  private let chain: OpaquePointer

  package init(for recipients: Recipients) throws(SealingFailure) {
    guard
      let message = unsafe CMS_encrypt(
        nil, nil, EVP_aes_256_gcm(), CUnsignedInt(CMS_STREAM | CMS_BINARY | CMS_PARTIAL))
    else {
      ERR_clear_error()
      throw .libcrypto
    }
    do throws(SealingFailure) {
      unsafe try recipients.add(to: message)
      output = try MemoryBIO([])
    } catch {
      unsafe CMS_ContentInfo_free(message)
      throw error
    }
    guard let chain = unsafe BIO_new_CMS(output.raw, message) else {
      unsafe CMS_ContentInfo_free(message)
      ERR_clear_error()
      throw .libcrypto
    }
    unsafe self.message = message
    unsafe self.chain = chain
  }

  deinit {
    // the chain's own parts, one by one, down to the output, which frees itself
    var part: OpaquePointer? = unsafe chain
    while let current = unsafe part, unsafe current != output.raw {
      unsafe part = BIO_pop(current)
      unsafe BIO_free(current)
    }
    unsafe CMS_ContentInfo_free(message)
  }

  /// Seals the next bytes; what is ready is appended to `target`.
  package func append(_ bytes: Span<UInt8>, onto target: inout [UInt8]) throws(SealingFailure) {
    var done = 0
    while done < bytes.count {
      let count = min(bytes.count - done, 1 << 20)
      let written = unsafe bytes.extracting(done..<done + count).withUnsafeBytes {
        unsafe BIO_write(chain, $0.baseAddress, CInt(count))
      }
      guard written > 0 else {
        ERR_clear_error()
        throw .libcrypto
      }
      done += Int(written)
    }
    output.drain(onto: &target)
  }

  /// Ends the message.
  package func finish(onto target: inout [UInt8]) throws(SealingFailure) {
    guard unsafe songhan_bio_flush(chain) == 1 else {
      ERR_clear_error()
      throw .libcrypto
    }
    output.drain(onto: &target)
  }
}

/// Bytes in memory, as libcrypto reads and writes them.
@safe final class MemoryBIO {
  let raw: OpaquePointer
  /// What it reads from.
  private let bytes: [UInt8]

  /// - Parameter bytes: what is read from it; empty for one that is written to.
  init(_ bytes: [UInt8]) throws(SealingFailure) {
    self.bytes = bytes
    guard let bio = unsafe BIO_new(BIO_s_mem()) else {
      ERR_clear_error()
      throw .libcrypto
    }
    unsafe raw = bio
    var done = 0
    while done < bytes.count {
      let count = min(bytes.count - done, 1 << 28)
      let written = unsafe bytes.span.extracting(done..<done + count).withUnsafeBytes {
        unsafe BIO_write(bio, $0.baseAddress, CInt(count))
      }
      guard written > 0 else {
        ERR_clear_error()
        throw .libcrypto
      }
      done += Int(written)
    }
  }

  deinit { unsafe BIO_free(raw) }

  func drain(onto target: inout [UInt8]) {
    var start: UnsafeMutablePointer<CChar>?
    let count = unsafe songhan_bio_data(raw, &start)
    if count > 0, let start = unsafe start {
      unsafe target.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
    }
    unsafe songhan_bio_reset(raw)
  }
}
