import Foundation
import Logging
import Runs

/// Where a command writes: results on standard output, everything else on standard error.
enum Output {
  /// Writes all of it; a reader that went away is no trouble of ours.
  static func write(_ data: Data, to handle: FileHandle) {
    try? handle.write(contentsOf: data)
  }

  static func print(_ text: String) {
    bytes(Array((text + "\n").utf8))
  }

  static func print(_ lines: [String]) {
    print(lines.joined(separator: "\n"))
  }

  static func error(_ text: String) {
    write(Data(("songhan: " + text + "\n").utf8), to: .standardError)
  }

  static func note(_ text: String) {
    write(Data((text + "\n").utf8), to: .standardError)
  }

  /// Writes to standard output. A reader that has seen enough («| head») ends the program quietly; a full disk ends it with 74.
  static func bytes(_ bytes: [UInt8]) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Foundation.write(STDOUT_FILENO, buffer.baseAddress! + written, buffer.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno == EPIPE {
        Foundation_exit(0)
      } else if errno != EINTR {
        Foundation_exit(74)
      }
    }
  }

  static var isTerminal: Bool { isatty(2) == 1 }

  /// The log on standard error: one line an event, as text or as JSON.
  static func journal(format: String) -> Journal {
    Journal(Logger(label: "songhan") { _ in LineHandler(isJSON: format == "json") })
  }
}

func Foundation_exit(_ code: Int32) -> Never { Foundation.exit(code) }

/// Writes log lines to standard error.
private struct LineHandler: LogHandler {
  var isJSON: Bool
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.info
  var metadataProvider: Logger.MetadataProvider?

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = Date.now.formatted(.iso8601)
    let pairs = (event.metadata ?? [:]).map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
    var line: String
    if isJSON {
      var object = ["time": time, "level": event.level.rawValue, "message": "\(event.message)"]
      for (key, value) in pairs { object[key] = value }
      line = object.json(pretty: false)
    } else {
      line = "\(time) \(event.level.rawValue) \(event.message)"
      for (key, value) in pairs { line += " \(key)=\(value.contains(" ") ? "\"\(value)\"" : value)" }
    }
    Output.write(Data((line + "\n").utf8), to: .standardError)
  }
}

/// A bar on the terminal while long work goes on: bytes, dossiers, dossiers a second, time left. Never when redirected.
final class ProgressBar: @unchecked Sendable {
  // `thread` and `isDone` are only touched under `lock`
  private let progress: RunProgress
  private let lock = NSLock()
  private var isDone = false

  init?(_ progress: RunProgress) {
    guard Output.isTerminal else { return nil }
    self.progress = progress
    let thread = Thread { [self] in draw() }
    thread.start()
  }

  func end() {
    lock.withLock { isDone = true }
    Output.write(Data("\r\u{1B}[K".utf8), to: .standardError)
  }

  private func draw() {
    let started = Date.now
    while !lock.withLock({ isDone }) {
      Thread.sleep(forTimeInterval: 0.2)
      let now = progress.snapshot
      guard now.totalBytes > 0, !lock.withLock({ isDone }) else { continue }
      let seconds = max(Date.now.timeIntervalSince(started), 0.001)
      let share = min(Double(now.bytes) / Double(now.totalBytes), 1)
      let left = share > 0.01 ? Int(seconds / share - seconds) : nil
      let filled = Int(share * 24)
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
      let line =
        "\(bar) \(Int(share * 100)) %  \(now.bytes >> 20)/\(now.totalBytes >> 20) MB  \(now.files)/\(now.totalFiles) files  "
        + "\(now.dossiers) dossiers  \(Int(Double(now.dossiers) / seconds))/s" + (left.map { "  \($0) s left" } ?? "")
      Output.write(Data("\r\u{1B}[K\(line)".utf8), to: .standardError)
    }
  }
}
