package import Definitions
package import Findings
internal import Crypto
internal import Foundation
internal import Bytes
internal import Files
internal import Records
internal import Transform

/// Why a file could not be checked at all.
package enum CheckFailure: Error, CustomStringConvertible {
  /// The file is not there or cannot be read.
  case unreadable(Int32)
  case notReady(String)

  package var description: String {
    switch self {
    case .unreadable(let number): "the file cannot be read (\(unsafe String(cString: strerror(number))))"
    case .notReady(let text): text
    }
  }
}

/// Judges files exactly as a run would, without a warehouse: for a hospital's own computer, and for tests.
package struct Check: Sendable {
  private let definitions: Definitions
  private let registry: Registry?

  /// - Parameter registry: when given, facilities outside of it are refused as a run would.
  package init(definitions: Definitions, registry: Registry? = nil) {
    self.definitions = definitions
    self.registry = registry
  }

  /// Says in the report what was not evaluated, and which exceptions of the feed hold or have expired.
  package func note(feed name: String, in report: inout RunReport) {
    let exceptions = definitions.feeds[name].map { definitions.exceptions(of: $0, on: Clock.now().day) } ?? []
    if !exceptions.isEmpty { report.exceptions = exceptions }
    let notEvaluated = definitions.notEvaluated()
    if !notEvaluated.isEmpty { report.notEvaluated = notEvaluated }
  }

  /// Judges the file at `path`.
  ///
  /// - Parameters:
  ///   - feed: name of the feed.
  ///   - facility: the hospital the file is from, when the caller knows it.
  package func judge(path: String, feed name: String, facility: String? = nil, language: Language = .vietnamese)
    throws(CheckFailure) -> FileReport
  {
    guard let feed = definitions.feeds[name], feed.reader == "envelope" else {
      throw .notReady("there is no feed «\(name)» with an envelope reader in Pipelines/")
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(errno) }
    defer { _ = Foundation.close(descriptor) }
    var report = FileReport(name: (path as NSString).lastPathComponent, state: .valid)
    var status = stat()
    if unsafe fstat(descriptor, &status) == 0, Int(status.st_size) > SourceFile.sizeLimit {
      report.state = .refused
      report.sizeInBytes = Int(status.st_size)
      report.reason = FindingCode.S05.description
      report.reasonText = definitions.catalogue[.S05]?.title[language]
      report.findings = [FindingCode.S05.description: 1]
      return report
    }
    var size = 0
    var hash = SHA256()
    let now = Clock.now()
    let pass = FilePass(rulings: FeedRulings(feed, definitions, on: now.day), receivedAt: now)
    var tally = FindingTally()
    var dossiers = FileReport.Dossiers()
    var editions: Set<String> = []
    var stopped: Finding?
    let facts: FileFacts
    do {
      facts = try pass.run(
        tally: &tally,
        read: { (most, target) throws(ReaderFailure) in
          let before = target.count
          target.append(contentsOf: repeatElement(0, count: most))
          let count = unsafe target.withUnsafeMutableBytes { buffer -> Int in
            while true {
              let count = unsafe Foundation.read(descriptor, buffer.baseAddress! + before, most)
              if count >= 0 || errno != EINTR { return count }
            }
          }
          target.removeLast(most - max(count, 0))
          guard count >= 0 else { throw .input(errno) }
          size += count
          unsafe target.withUnsafeBytes {
            unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[before...]))
          }
          return count
        },
        take: { dossier, verdict, facts, _ in
          dossiers.seen += 1
          editions.insert(dossier.edition.rawValue)
          if let facility {
            let stated = facts.facility ?? String(decoding: verdict.facility, as: UTF8.self)
            if !stated.isEmpty, stated != facility {
              stopped = .facility(registry.map { $0[stated] == nil } ?? false ? .S08 : .S07, stated: stated)
              return false
            }
          }
          switch verdict.outcome {
          case .accepted: dossiers.accepted += 1
          case .rejected: dossiers.rejected += 1
          case .repeated: dossiers.duplicate += 1
          }
          return true
        })
    } catch ReaderFailure.input(let number) {
      throw .unreadable(number)
    } catch {
      throw .notReady("the file could not be read")
    }
    if stopped == nil, let facility, let stated = facts.facility, stated.utf8.count == 5, stated != facility {
      stopped = .facility(registry.map { $0[stated] == nil } ?? false ? .S08 : .S07, stated: stated)  // a file without any dossier
    }
    report.sizeInBytes = size
    report.sha256 = hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    report.facility = facts.facility ?? facility
    report.edition = editions.sorted().joined(separator: ",")
    if let stopped, let schema = definitions.schemas[feed.source] {
      tally.add(stopped, dossier: nil, key: nil, schema: schema)
    }
    if let refusal = stopped ?? facts.refusal {
      report.state = .refused
      report.reason = refusal.code.description
      report.dossiers = FileReport.Dossiers()
    } else {
      report.state = dossiers.rejected > 0 ? .invalid : .valid
      report.dossiers = dossiers
    }
    report.findings = tally.byCode
    report.details = tally.details(definitions.catalogue, language)
    report.moreDetails = tally.more > 0 ? tally.more : nil
    if let reason = report.reason {
      report.reasonText =
        report.details?.first { $0.code == reason }?.message
        ?? FindingCode(reason).flatMap { definitions.catalogue[$0] }?.title[language]
    }
    return report
  }
}
