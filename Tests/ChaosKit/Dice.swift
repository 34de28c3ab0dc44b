/// Numbers of a seed (SplitMix64).
package struct ChaosDice: RandomNumberGenerator, Sendable {
  private var state: UInt64
  /// Seeds that are neighbours must not give the same numbers one place further on.
  package init(seed: UInt64) {
    state = seed
    state = next() ^ 0x5851_F42D_4C95_7F2D
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  package mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &self) }
  /// True once in so many times.
  package mutating func once(in count: Int) -> Bool { below(count) == 0 }
  package mutating func one<T>(of list: [T]) -> T { list[below(list.count)] }
  package mutating func seconds(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &self) }
}
