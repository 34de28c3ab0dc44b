internal import Glibc
internal import Synchronization

/// What the kernel lets this process use: the wall behind our own limits, for the file that gets past them.
package enum ProcessLimits {
  /// Ends the process when its own memory grows beyond so much. Files mapped for reading do not count.
  package static func holdMemory(megabytes: Int) throws(FileFailure) {
    let bytes = rlim_t(megabytes) << 20
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    limit.rlim_cur = min(bytes, limit.rlim_max)
    guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0 else {
      throw .kernel(.setrlimit, errno)
    }
  }

  /// Processor time this thread has used, in seconds.
  package static var threadSeconds: Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

  /// Processor time this process has used, in seconds.
  package static var processSeconds: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private struct Held {
    var next = 0
    var allowances: [Int: Double] = [:]
  }
  private static let held = Mutex(Held())

  /// Seconds beside the files' own: starting, reports, other threads.
  private static let margin = 60.0

  /// Lets the process use so many seconds more while `body` runs, added up over what runs at the same time; beyond it the kernel ends the process.
  package static func whileHolding<R>(seconds: Double, _ body: () throws -> R) rethrows -> R {
    let number = held.withLock { held in
      held.next += 1
      held.allowances[held.next] = seconds
      apply(held)
      return held.next
    }
    defer {
      held.withLock { held in
        held.allowances[number] = nil
        apply(held)
      }
    }
    return try body()
  }

  private static func apply(_ held: Held) {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0 else { return }
    let wanted = processSeconds + held.allowances.values.reduce(margin, +)
    limit.rlim_cur = held.allowances.isEmpty ? limit.rlim_max : min(rlim_t(wanted.rounded(.up)), limit.rlim_max)
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
  }
}
