import Files
import Foundation
import Sealing
import Testing

/// Certificates and keys made by the openssl program, which also opens what we seal.
struct Keys {
  let folder = FileManager.default.temporaryDirectory.path + "/songhan-keys-" + UUID().uuidString

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  func make(_ name: String, _ kind: [String]) throws -> (certificate: String, key: String) {
    let (certificate, key) = ("\(folder)/\(name).pem", "\(folder)/\(name).key")
    _ = try openssl(
      ["req", "-x509", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=\(name)", "-days", "2"] + kind)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    return (certificate, key)
  }

  /// - Returns: what it printed; nil when it failed.
  func openssl(_ arguments: [String]) throws -> Data? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? output : nil
  }

  func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
}

@Suite struct SealingTests {
  static let kinds = [["-newkey", "rsa:2048"], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]]

  @Test(arguments: kinds, [1, 2, 100_000, 3_000_000]) func sealedBytesAreOpenedByKeyAndByOpenssl(
    _ kind: [String], _ size: Int
  ) throws {
    let keys = try Keys()
    defer { try? FileManager.default.removeItem(atPath: keys.folder) }
    let (city, other) = (try keys.make("city", kind), try keys.make("other", Self.kinds[0]))
    let recipients = try Recipients(pem: [try keys.bytes(other.certificate), try keys.bytes(city.certificate)])
    #expect(recipients.count == 2 && (0...2).contains(recipients.daysLeft))
    let plain = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    let sealed = try recipients.seal(plain)
    if size > 100 { #expect(Data(sealed).range(of: Data(plain[..<64])) == nil) }
    for key in [city.key, other.key] {
      #expect(try PrivateKey(Secret(path: key)).open(sealed) == plain)
    }
    let file = keys.folder + "/sealed"
    try Data(sealed).write(to: URL(filePath: file))
    let opened = try keys.openssl([
      "cms", "-decrypt", "-binary", "-inform", "DER", "-in", file, "-inkey", city.key, "-recip", city.certificate,
    ])
    #expect(opened == Data(plain))
    // by a program that is told no certificate
    #expect(
      try keys.openssl(["cms", "-decrypt", "-binary", "-inform", "DER", "-in", file, "-inkey", city.key])
        == Data(plain))
  }

  @Test func changedOrForeignBytesAreNotOpened() throws {
    let keys = try Keys()
    defer { try? FileManager.default.removeItem(atPath: keys.folder) }
    let (city, other) = (try keys.make("city", Self.kinds[0]), try keys.make("other", Self.kinds[0]))
    let recipients = try Recipients(pem: [try keys.bytes(city.certificate)])
    let key = try PrivateKey(Secret(path: city.key))
    let sealed = try recipients.seal(Array("invented".utf8))
    #expect(throws: SealingFailure.cannotOpen) { try PrivateKey(Secret(path: other.key)).open(sealed) }
    for at in stride(from: sealed.count - 60, to: sealed.count, by: 7) {
      var changed = sealed
      changed[at] ^= 1
      #expect((try? key.open(changed)) != Array("invented".utf8) || changed == sealed, "byte \(at)")
    }
    #expect(throws: SealingFailure.cannotOpen) { try key.open(Array(sealed.dropLast(40))) }
    #expect(throws: SealingFailure.cannotOpen) { try key.open(Array("x".utf8)) }
    #expect(try recipients.seal([1]) != recipients.seal([1]), "a new key for each message")
  }

  @Test func unfitKeysAreRefused() throws {
    let keys = try Keys()
    defer { try? FileManager.default.removeItem(atPath: keys.folder) }
    let weak = try keys.make("weak", ["-newkey", "rsa:1024"])
    let good = try keys.make("good", Self.kinds[0])
    #expect(throws: SealingFailure.unfitKey) { try Recipients(pem: [try keys.bytes(weak.certificate)]) }
    #expect(throws: SealingFailure.notACertificate) { try Recipients(pem: [Array("no".utf8)]) }
    #expect(throws: SealingFailure.notACertificate) { try Recipients(pem: []) }
    #expect(throws: SealingFailure.notAPrivateKey) {
      let certificate = good.certificate
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: certificate)
      _ = try PrivateKey(Secret(path: certificate))
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: good.key)
    #expect(throws: FileFailure.unsafeSecret(.openToOthers)) { _ = try PrivateKey(Secret(path: good.key)) }
  }

  /// Memory does not depend on how much is sealed: a piece in, about a piece out.
  @Test func pieceByPiece() throws {
    let keys = try Keys()
    defer { try? FileManager.default.removeItem(atPath: keys.folder) }
    let city = try keys.make("city", Self.kinds[1])
    let sealer = try Sealer(for: try Recipients(pem: [try keys.bytes(city.certificate)]))
    let piece = [UInt8](repeating: 7, count: 256 << 10)
    var all: [UInt8] = []
    for _ in 0..<64 {
      var ready: [UInt8] = []
      try sealer.append(piece.span, onto: &ready)
      #expect(ready.count < 2 * piece.count)
      all += ready
    }
    try sealer.finish(onto: &all)
    #expect(try PrivateKey(Secret(path: city.key)).open(all) == [UInt8](repeating: 7, count: 16 << 20))
  }
}
