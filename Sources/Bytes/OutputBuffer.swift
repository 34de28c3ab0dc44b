// The leaves of this room are public, not package: Swift 6.3 inlines `@inlinable` code across modules only when it is public, and a call
// per field costs more than the work.

/// A growing run of bytes that text, integers and binary columns are appended to; reused with ``removeAll()``.
@frozen
public struct OutputBuffer: Sendable {
  public var bytes: [UInt8]

  @inlinable
  public init(capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  @inlinable public var count: Int { bytes.count }
  @inlinable public var isEmpty: Bool { bytes.isEmpty }

  /// Forgets the content and keeps the memory.
  @inlinable
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
  }

  @inlinable
  public mutating func append(_ byte: UInt8) {
    bytes.append(byte)
  }

  @inlinable
  public mutating func append(_ text: Span<UInt8>) {
    unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  @inlinable
  public mutating func append(_ text: StaticString) {
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @inlinable
  public mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  /// Appends an integer with its most significant byte first, as PostgreSQL's binary formats want it.
  @inlinable
  public mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Overwrites four bytes at `offset` with an integer, most significant byte first.
  @inlinable
  public mutating func put(bigEndian value: Int32, at offset: Int) {
    let v = UInt32(bitPattern: value)
    bytes[offset] = UInt8(truncatingIfNeeded: v >> 24)
    bytes[offset + 1] = UInt8(truncatingIfNeeded: v >> 16)
    bytes[offset + 2] = UInt8(truncatingIfNeeded: v >> 8)
    bytes[offset + 3] = UInt8(truncatingIfNeeded: v)
  }

  /// Appends an unsigned number in groups of seven bits, lowest first (LEB128).
  @inlinable
  public mutating func append(varint value: Int) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }
}
