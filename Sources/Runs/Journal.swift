package import Logging

/// What a log line may carry besides its fixed text: codes, counts and names of ours, never a value or a file's name.
package enum LogValue: Sendable {
  case count(Int)
  case id(Int64)
  case code(String)
  case facility(String)
  case hash(String)
  case seconds(Double)
  case failure(any Error & CustomStringConvertible)

  var text: String {
    switch self {
    case .count(let value): String(value)
    case .id(let value): String(value)
    case .code(let value), .facility(let value): String(value.prefix(64))
    case .hash(let value): String(value.prefix(12))
    case .seconds(let value): "\((value * 1000).rounded() / 1000)"
    case .failure(let failure): failure.description
    }
  }
}

/// The program's log: fixed texts with whitelisted values, so that a patient's value does not compile into a line.
package struct Journal: Sendable {
  private let logger: Logger

  package init(_ logger: Logger) { self.logger = logger }

  package func info(_ text: StaticString, _ values: KeyValuePairs<String, LogValue> = [:]) { log(.info, text, values) }
  package func notice(_ text: StaticString, _ values: KeyValuePairs<String, LogValue> = [:]) {
    log(.notice, text, values)
  }
  package func warning(_ text: StaticString, _ values: KeyValuePairs<String, LogValue> = [:]) {
    log(.warning, text, values)
  }
  package func error(_ text: StaticString, _ values: KeyValuePairs<String, LogValue> = [:]) {
    log(.error, text, values)
  }

  private func log(_ level: Logger.Level, _ text: StaticString, _ values: KeyValuePairs<String, LogValue>) {
    var metadata: Logger.Metadata = [:]
    for (key, value) in values { metadata[key] = .string(value.text) }
    logger.log(level: level, "\(text)", metadata: metadata)
  }
}
