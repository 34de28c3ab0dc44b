/// A value of a patient: it can be used, and cannot be printed, neither by description nor by reflection.
public struct Sensitive<Value> {
  // public, like the leaves of `Bytes`: it must cost nothing

  /// The value itself; whoever asks for it by name knows what it is.
  public var exposed: Value

  @inlinable
  public init(_ value: Value) { exposed = value }
}

extension Sensitive: Sendable where Value: Sendable {}
extension Sensitive: Equatable where Value: Equatable {}
extension Sensitive: Hashable where Value: Hashable {}

extension Sensitive: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹redacted›" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
