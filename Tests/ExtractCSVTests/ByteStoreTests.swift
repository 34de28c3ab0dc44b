import Records
import Testing

@testable import ExtractCSV

/// Bytes in memory.
final class MemoryStore: ByteStore {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  var sizeInBytes: Int { bytes.count }
  func read(at offset: Int, _ most: Int, into target: inout [UInt8]) -> Int {
    guard offset < bytes.count else { return 0 }
    let end = min(offset + most, bytes.count)
    target.append(contentsOf: bytes[offset..<end])
    return end - offset
  }
}

@Suite struct ByteStoreTests {
  @Test func readsUpToTheEnd() {
    let store = MemoryStore([1, 2, 3])
    var target: [UInt8] = []
    #expect(store.read(at: 1, 8, into: &target) == 2)
    #expect(target == [2, 3])
    #expect(store.read(at: 3, 8, into: &target) == 0)
  }
}
