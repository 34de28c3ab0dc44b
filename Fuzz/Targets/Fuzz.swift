import Foundation

/// One target: what is done with an input. What must hold is a `must`; a trap, an address the sanitizer does not like and a second without an
/// end are found by themselves.
struct Target: Sendable {
  var name: String
  var run: @Sendable ([UInt8]) throws -> Void
}

let targets = [
  Target(name: "envelope", run: fuzzEnvelope), Target(name: "document", run: fuzzDocument),
  Target(name: "xmlrows", run: fuzzXMLRows), Target(name: "transform", run: fuzzTransform),
  Target(name: "csv", run: fuzzCSV),
  Target(name: "encodings", run: fuzzEncodings), Target(name: "base64", run: fuzzBase64),
  Target(name: "values", run: fuzzValues), Target(name: "gzip", run: fuzzGzip),
  Target(name: "definitions", run: fuzzDefinitions),
]

/// Which target an input goes to: SONGHAN_FUZZ_TARGET.
private let chosen: Target = {
  let name = ProcessInfo.processInfo.environment["SONGHAN_FUZZ_TARGET"] ?? ""
  guard let target = targets.first(where: { $0.name == name }) else {
    print("SONGHAN_FUZZ_TARGET is one of: \(targets.map(\.name).joined(separator: " "))")
    exit(64)
  }
  return target
}()

/// Reads the definitions before the clock of the first input begins.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzBegin(
  _ count: UnsafeMutablePointer<CInt>?,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
  try? chosen.run([])
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // what a target throws is an answer, not a crash
  unsafe try? chosen.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// Ends the process when something does not hold.
func must(_ holds: @autoclosure () -> Bool, _ what: StaticString) {
  if !holds() { fatalError("\(what)") }
}

/// An input taken apart: small numbers from its front, the rest as it is.
struct Choices {
  private(set) var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }
  mutating func number(below limit: Int) -> Int { Int(byte()) % limit }
  var bytes: [UInt8] { Array(rest) }
}

/// Yields bytes in pieces of at most `piece`.
func source(_ bytes: [UInt8], piece: Int) -> (_ most: Int, _ target: inout [UInt8]) -> Int {
  var at = 0
  return { (most, target) in
    let count = min(piece, most, bytes.count - at)
    target.append(contentsOf: bytes[at..<at + count])
    at += count
    return count
  }
}
