/// A small generator of pseudo-random numbers (SplitMix64, Steele, Lea and Flood 2014): the same on every machine.
struct Dice: Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Mixes several numbers into one seed, so that neighbours get unrelated streams.
  init(_ parts: UInt64...) {
    state = 0
    for part in parts { state = Dice(seed: state ^ part).peek() }
  }

  private func peek() -> UInt64 {
    var copy = self
    return copy.next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number from 0 to `bound` − 1.
  mutating func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// True in `perMille` of 1,000 throws.
  mutating func chance(_ perMille: Int) -> Bool { below(1000) < perMille }

  mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
