/// Finds the number of a name among a fixed set, from bytes: one hash, seldom more than one comparison, no `String`.
package struct NameTable: Sendable {
  package let names: [String]
  private let slots: [Int32]
  private let mask: Int
  private let bytes: [UInt8]
  private let starts: [Int32]

  /// Names must differ; the first of two equal ones wins.
  package init(_ names: [String]) {
    self.names = names
    var size = 8
    while size < names.count * 4 { size *= 2 }
    mask = size - 1
    var bytes: [UInt8] = []
    var starts: [Int32] = []
    for name in names {
      starts.append(Int32(bytes.count))
      bytes.append(contentsOf: name.utf8)
    }
    starts.append(Int32(bytes.count))
    var slots = [Int32](repeating: -1, count: size)
    for (number, name) in names.enumerated() {
      var slot = NameTable.hash(Array(name.utf8).span) & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(number)
    }
    (self.bytes, self.starts, self.slots) = (bytes, starts, slots)
  }

  static func hash(_ text: Span<UInt8>) -> Int {
    var h: UInt64 = 0xCBF2_9CE4_8422_2325
    for i in text.indices { h = (h ^ UInt64(text[i])) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: (h ^ h >> 29) & 0x7FFF_FFFF)
  }

  /// The number of the name, or nil.
  package func number(of text: Span<UInt8>) -> Int? {
    var slot = NameTable.hash(text) & mask
    while true {
      let candidate = slots[slot]
      if candidate < 0 { return nil }
      let start = Int(starts[Int(candidate)])
      if Int(starts[Int(candidate) + 1]) - start == text.count {
        var i = 0
        while i < text.count, bytes[start + i] == text[i] { i += 1 }
        if i == text.count { return Int(candidate) }
      }
      slot = (slot + 1) & mask
    }
  }

  package func number(of text: String) -> Int? { number(of: Array(text.utf8).span) }
}
