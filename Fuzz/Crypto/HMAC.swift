/// HMAC (RFC 2104) over SHA-256, in place of swift-crypto as ``SHA256`` is.
package enum HMAC<Hash> {
  package static func authenticationCode(for data: [UInt8], using key: SymmetricKey) -> [UInt8] {
    var block = key.bytes.count > 64 ? SHA256.hash(data: key.bytes) : key.bytes
    block += [UInt8](repeating: 0, count: 64 - block.count)
    let inner = SHA256.hash(data: block.map { $0 ^ 0x36 } + data)
    return SHA256.hash(data: block.map { $0 ^ 0x5C } + inner)
  }
}

package struct SymmetricKey: Sendable {
  fileprivate let bytes: [UInt8]

  package init(data: [UInt8]) { bytes = data }
}
