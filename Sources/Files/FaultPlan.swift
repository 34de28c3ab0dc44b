internal import Glibc
internal import Synchronization

/// Which calls into the kernel are to go wrong, and how: for tests of what happens then.
///
/// A plan is in force for the calls made inside ``run(_:)`` by that task. A debug build also obeys `SONGHAN_FAULTS`
/// (`write:3=ENOSPC,fsync:1=EIO,write:2=half,any:7=EINTR,tmpfile:every=EOPNOTSUPP`) in the whole process; a release
/// build does not look at it.
package final class FaultPlan: Sendable {
  /// What happens in place of the call.
  package enum Fault: Sendable {
    case failing(Int32)
    /// Reads and writes move half of the bytes, at least one; other calls are as usual.
    case half
    /// Something else happens on the machine just before the call, which is as usual.
    case after(@Sendable () -> Void)
  }

  /// The `nth` call (from 1; every one when nil) of `call`, or of any call when that is nil.
  package struct Rule: Sendable {
    package var call: SystemCall?
    package var nth: Int?
    package var fault: Fault

    package init(_ call: SystemCall?, nth: Int?, _ fault: Fault) {
      self.call = call
      self.nth = nth
      self.fault = fault
    }
  }

  private struct Counts {
    var total = 0
    var ofCall: [SystemCall: Int] = [:]
  }

  private let rules: [Rule]
  private let counts = Mutex(Counts())

  package init(_ rules: [Rule] = []) {
    self.rules = rules
  }

  /// Reads the form of `SONGHAN_FAULTS`; nil when it is not written that way.
  package convenience init?(parsing text: String) {
    var rules: [Rule] = []
    for part in text.split(separator: ",") {
      let sides = part.split(separator: "=")
      guard sides.count == 2 else { return nil }
      let left = sides[0].split(separator: ":")
      guard left.count == 2 else { return nil }
      let nth = Int(left[1])
      guard left[1] == "every" || (nth ?? 0) > 0 else { return nil }
      let call = SystemCall(rawValue: String(left[0]))
      guard call != nil || left[0] == "any" else { return nil }
      if sides[1] == "half" {
        rules.append(Rule(call, nth: nth, .half))
      } else if let number = ErrorNumber.number(sides[1]) {
        rules.append(Rule(call, nth: nth, .failing(number)))
      } else {
        return nil
      }
    }
    self.init(rules)
  }

  /// How many calls were made under this plan.
  package var callCount: Int { counts.withLock { $0.total } }

  /// How many calls of one kind were made under this plan.
  package func callCount(of call: SystemCall) -> Int { counts.withLock { $0.ofCall[call] ?? 0 } }

  /// Runs `body` with this plan in force for what it calls on this task.
  package func run<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
    Self.inForce.add(1, ordering: .relaxed)
    defer { Self.inForce.subtract(1, ordering: .relaxed) }
    let result: Result<Value, Failure> = Self.$current.withValue(self) {
      do throws(Failure) {
        return .success(try body())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// What this plan has in store for the call about to be made; runs what an `after` says.
  private func nextFault(of call: SystemCall) -> Fault? {
    let fault = rule(for: call)?.fault
    guard case .after(let act)? = fault else { return fault }
    act()
    return nil
  }

  private func rule(for call: SystemCall) -> Rule? {
    let (total, own) = counts.withLock { counts in
      counts.total += 1
      counts.ofCall[call, default: 0] += 1
      return (counts.total, counts.ofCall[call] ?? 0)
    }
    return rules.first { rule in
      guard let wanted = rule.call else { return rule.nth == nil || rule.nth == total }
      return wanted == call && (rule.nth == nil || rule.nth == own)
    }
  }

  @TaskLocal private static var current: FaultPlan?
  private static let inForce = Atomic<Int>(0)

  #if DEBUG
    private static let ofEnvironment: FaultPlan? = Environment.value("SONGHAN_FAULTS").map { text in
      guard let plan = FaultPlan(parsing: text) else { preconditionFailure("SONGHAN_FAULTS cannot be read") }
      return plan
    }
  #endif

  /// The fault the next call of this kind meets; one flag is looked at when no plan is in force.
  static func next(_ call: SystemCall) -> Fault? {
    if inForce.load(ordering: .relaxed) > 0, let current { return current.nextFault(of: call) }
    #if DEBUG
      return ofEnvironment?.nextFault(of: call)
    #else
      return nil
    #endif
  }
}

enum Environment {
  static func value(_ name: StaticString) -> String? {
    let text = name.description
    guard let value = unsafe getenv(text) else { return nil }
    return unsafe String(cString: value)
  }
}
