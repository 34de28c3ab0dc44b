package import Definitions
package import Findings
internal import Crypto
internal import Foundation
internal import Bytes
internal import Compression
internal import ExtractCSV
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

/// A file that is judged where it lies.
private final class CheckedFile: ByteStore {
  let label: String
  /// As the directory says; 0 for what is no ordinary file.
  let size: Int
  private let descriptor: Int32
  /// Whether anybody asks for ``sha256()``.
  private let isHashed: Bool
  private var hash = SHA256()
  /// Read at places, not in order.
  private var hasJumped = false
  /// How much of it has been hashed, from its beginning on.
  private var hashedTo = 0
  /// Bytes read in order.
  private(set) var seen = 0

  init(_ path: String, isHashed: Bool) throws(CheckFailure) {
    self.isHashed = isHashed
    label = (path as NSString).lastPathComponent
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(errno) }
    var status = stat()
    size = unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  deinit { _ = Foundation.close(descriptor) }

  var sizeInBytes: Int { size }

  /// In order, hashed on the way.
  func read(_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
    let before = target.count
    let count = try unsafe fill(most, &target) { [descriptor] in unsafe Foundation.read(descriptor, $0, most) }
    take(target, from: before, at: seen)
    seen += count
    return count
  }

  func read(at offset: Int, _ most: Int, into target: inout [UInt8]) throws(ReaderFailure) -> Int {
    let before = target.count
    let count = try unsafe fill(most, &target) { [descriptor] in unsafe pread(descriptor, $0, most, offset) }
    take(target, from: before, at: offset)
    return count
  }

  /// Hashes what was read at a place of the file, as far as it goes on from what has been hashed.
  private func take(_ bytes: [UInt8], from start: Int, at offset: Int) {
    let end = offset + bytes.count - start
    guard isHashed, offset <= hashedTo, end > hashedTo else { return }
    let rest = start + hashedTo - offset
    unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[rest...])) }
    hashedTo = end
  }

  private func fill(
    _ most: Int, _ target: inout [UInt8], _ call: (UnsafeMutableRawPointer?) -> Int
  ) throws(ReaderFailure) -> Int {
    var count = 0
    var number: Int32 = 0
    target.append(addingCapacity: most) { output in
      unsafe output.withUnsafeMutableBufferPointer { room, filled in
        repeat {
          count = unsafe call(room.baseAddress)
          number = errno
        } while count < 0 && number == EINTR
        filled = max(count, 0)
      }
    }
    guard count >= 0 else { throw .input(number) }
    return count
  }

  /// The file to be read at any place: itself, or what comes out of it when it is compressed or no ordinary file.
  func plain() throws(CheckFailure) -> (store: any ByteStore, damage: FindingCode?) {
    do {
      var head: [UInt8] = []
      if size > 0 { _ = try read(at: 0, 2, into: &head) }
      if size > 0, !Gzip.isGzip(head) {
        seen = size
        hasJumped = true
        return (self, nil)
      }
      let plain = PlainBytes()
      let copy = try SpoolCopy(in: Directory(path: NSTemporaryDirectory())) { append in
        var piece: [UInt8] = []
        while try self.read(256 << 10, &piece) > 0 {
          try plain.take(piece.span) { (bytes) throws(FileFailure) in try append(bytes) }
          piece.removeAll(keepingCapacity: true)
        }
      }
      var whole = DeliveredCopy(copy)
      whole.parts = [DeliveredCopy.Part(table: "", offset: 0, sizeInBytes: copy.sizeInBytes)]
      return (whole.store(whole.parts[0]), plain.damage)
    } catch ReaderFailure.input(let number) {
      throw .unreadable(number)
    } catch {
      throw .notReady("the file could not be read")
    }
  }

  /// Of the whole file; what was not read in order is read now.
  func sha256() throws(CheckFailure) -> String {
    if hasJumped {
      var piece: [UInt8] = []
      do throws(ReaderFailure) {
        while try read(at: hashedTo, 256 << 10, into: &piece) > 0 { piece.removeAll(keepingCapacity: true) }
      } catch {
        guard case .input(let number) = error else { throw .notReady("the file could not be read") }
        throw .unreadable(number)
      }
    }
    return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}

/// The files of one delivery, opened as its feed reads them.
struct CheckedDelivery {
  fileprivate let files: [CheckedFile]
  /// Name of the file, or of that of the feed's main table.
  private(set) var label: String
  let source: PassSource
  /// Why nothing of it can be read, as far as names and sizes say it.
  let flaw: FindingCode?

  init(_ paths: [String], _ feed: Feed) throws(CheckFailure) {
    var files: [CheckedFile] = []
    for path in paths { files.append(try CheckedFile(path, isHashed: paths.count == 1)) }
    guard let first = files.first else { throw .unreadable(ENOENT) }
    self.files = files
    label = first.label
    guard !files.contains(where: { $0.size > SourceFile.sizeLimit }) else {
      (source, flaw) = (.stream(first.read), .S05)
      return
    }
    guard let layout = feed.reading.tabular else {
      (source, flaw) = (.stream(first.read), nil)
      return
    }
    var parts: [(table: String, file: CheckedFile)] = []
    if layout.isSplit {
      for wanted in layout.files {
        if let file = files.first(where: { wanted.delivery(of: $0.label) != nil }) {
          parts.append((wanted.table, file))
          if wanted.table == layout.root { label = file.label }
        } else if !wanted.isOptional {
          (source, flaw) = (.stream(first.read), files.count == 1 && layout.isStranger(first.label) ? .S41 : .S40)
          return
        }
      }
    } else {
      parts = [(layout.root, first)]
    }
    var damage: FindingCode?
    var stores: [(table: String, store: any ByteStore)] = []
    for (table, file) in parts {
      let (store, broken) = try file.plain()
      damage = damage ?? broken
      stores.append((table, store))
    }
    (source, flaw) = (.parts(stores, damage: damage), nil)
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
    try judge(delivery: [path], feed: name, facility: facility, language: language)
  }

  /// The files at `paths` as a run would put them together: one delivery a list.
  package func deliveries(_ paths: [String], feed name: String) -> [[String]] {
    guard let layout = definitions.feeds[name]?.reading.tabular, layout.isSplit else { return paths.map { [$0] } }
    var order: [String] = []
    var groups: [String: [String]] = [:]
    for path in paths {
      let label = (path as NSString).lastPathComponent
      let delivery = layout.files.lazy.compactMap { $0.delivery(of: label) }.first
      let key = delivery.map { "\((path as NSString).deletingLastPathComponent)/{\($0)}" } ?? path
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(path)
    }
    return order.compactMap { groups[$0] }
  }

  /// Judges the files of one delivery.
  package func judge(
    delivery paths: [String], feed name: String, facility: String? = nil, language: Language = .vietnamese
  ) throws(CheckFailure) -> FileReport {
    guard let feed = definitions.feeds[name] else {
      throw .notReady("there is no feed «\(name)» in Pipelines/")
    }
    let opened = try CheckedDelivery(paths, feed)
    let files = opened.files
    let first = files[0]
    var report = FileReport(name: opened.label, state: .valid)
    if let code = opened.flaw {
      report.state = .refused
      report.sizeInBytes = files.reduce(0) { $0 + $1.size }
      report.reason = code.description
      report.reasonText = definitions.catalogue[code]?.title[language]
      report.findings = [code.description: 1]
      return report
    }
    let now = Clock.now()
    // nothing is kept, so that any key of surrogates will do
    let rulings = FeedRulings(feed, definitions, on: now.day, surrogateKey: Definitions.caseKey)
    let pass = FilePass(rulings: rulings, receivedAt: now, stores: false)
    var tally = FindingTally()
    var dossiers = FileReport.Dossiers()
    var editions: Set<String> = []
    var stopped: Finding?
    let facts: FileFacts
    do {
      facts = try pass.run(
        tally: &tally, source: opened.source,
        take: { dossier, verdict, facts, _ in
          dossiers.seen += 1
          if pass.rulings.isOfDecisions { editions.insert(dossier.edition.rawValue) }
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
      // a file without any dossier
      stopped = .facility(registry.map { $0[stated] == nil } ?? false ? .S08 : .S07, stated: stated)
    }
    report.sizeInBytes = files.reduce(0) { $0 + $1.seen }
    if files.count == 1 { report.sha256 = try first.sha256() }
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
