package import Bytes
internal import Compression
package import Definitions
internal import ExtractXML
internal import Findings
package import Records
package import Transform

/// What judging needs for one feed on one day: compiled once, used for every file.
package struct FeedRulings: Sendable {
  package let feed: Feed
  package let schemas: [SourceSchema]
  package let rulings: Rulings

  package init(_ feed: Feed, _ definitions: Definitions, on day: CivilDate) {
    self.feed = feed
    schemas = definitions.readerSchemas(of: feed)
    rulings = Rulings(schemas: schemas, codes: definitions.codes, policy: definitions.policy(of: feed, on: day))
  }
}

/// Why a file's bytes could not be read on.
package enum PassFailure: Error {
  case input(Int32)
  case outOfMemory
}

/// One reading of one file from its first byte to its last: `check` and `run` read with the same pass, and so find the same.
package struct FilePass {
  package let rulings: FeedRulings
  package let receivedAt: CivilMinute

  package init(rulings: FeedRulings, receivedAt: CivilMinute) {
    self.rulings = rulings
    self.receivedAt = receivedAt
  }

  /// The most bytes that may come out of a compressed file.
  static let expandedLimit = 4 << 30

  /// Reads the file and hands on each dossier with its verdict.
  ///
  /// - Parameters:
  ///   - read: appends up to so many bytes of the file to a buffer; 0 at the end.
  ///   - take: gets each dossier, the verdict, what is known of the file so far, and the findings; false ends the pass.
  /// - Returns: what is known of the file; its `refusal` says whether anything of it may be loaded.
  package func run(
    tally: inout FindingTally,
    read: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int,
    take: (_ dossier: Dossier, _ verdict: Verdict, _ facts: FileFacts, _ log: FindingLog) throws -> Bool
  ) throws -> FileFacts {
    var expansion: Expansion?
    var head: [UInt8] = []
    _ = try read(64 * 1024, &head)
    let source: (Int, inout [UInt8]) throws(ReaderFailure) -> Int
    if Gzip.isGzip(head) {
      let opened = Expansion(head: head, read: read)
      expansion = opened
      source = { (most, target) throws(ReaderFailure) in try opened.read(most, &target) }
    } else {
      var rest: [UInt8]? = head
      source = { (most, target) throws(ReaderFailure) in
        if let first = rest {
          rest = nil
          if !first.isEmpty {
            target.append(contentsOf: first)
            return first.count
          }
        }
        return try read(most, &target)
      }
    }
    let reader = EnvelopeReader(schemas: rulings.schemas, source: source)
    var judge = Judge(rulings: rulings.rulings, receivedAt: receivedAt) { reader.facts.facility.map { Array($0.utf8) } }
    let dossier = Dossier()
    var seen = 0
    var rejected = 0
    while try reader.next(into: dossier) {
      let verdict = judge.judge(dossier)
      let schema = rulings.schemas[dossier.schema]
      let key = verdict.key.isEmpty || dossier.kind == .assessment ? nil : String(decoding: verdict.key, as: UTF8.self)
      for finding in judge.log.findings { tally.add(finding, dossier: dossier.number, key: key, schema: schema) }
      for (code, times) in judge.log.uncounted {
        tally.add(code, rulings.rulings.policy.severity(of: code) ?? .info, times: times, dossier: dossier.number)
      }
      seen += 1
      if verdict.outcome == .rejected { rejected += 1 }
      if try !take(dossier, verdict, reader.facts, judge.log) { break }
    }
    var facts = reader.facts
    if expansion?.isDamaged == true {
      facts.refusal = Finding(.S22, .reject)
    } else if expansion?.isTooLarge == true {
      facts.refusal = Finding(.S05, .reject)
    }
    if facts.refusal == nil, facts.form == .envelope, !facts.findings.contains(where: { $0.code == .S11 }) {
      // A02: MACSKCB is filled and has five characters; whether it is known, the registry says
      let code = facts.facility ?? ""
      if code.utf8.count != 5 { facts.refusal = Finding(.A02, .reject, found: code.utf8.count, limit: 5) }
    }
    if facts.refusal == nil, let limit = rulings.feed.maxRejected?.limit(of: seen), rejected > limit {
      facts.refusal = Finding(.S23, .reject, found: rejected, limit: limit)
    }
    if facts.refusal == nil {
      facts.findings += fileFindings(facts)
    }
    for finding in facts.findings {
      guard let severity = rulings.rulings.policy.weigh(finding) else { continue }
      var finding = finding
      finding.severity = severity
      tally.add(finding, dossier: nil, key: nil, schema: rulings.schemas[0])
    }
    if let refusal = facts.refusal { tally.add(refusal, dossier: nil, key: nil, schema: rulings.schemas[0]) }
    return facts
  }

  /// Rules about the file that need its whole: A06.
  private func fileFindings(_ facts: FileFacts) -> [Finding] {
    guard facts.form == .envelope else { return [] }
    var findings: [Finding] = []
    // A06: NGAYLAP is a date, not in the future
    let written = Array((facts.createdOn ?? "").utf8)
    let day = written.count == 8 ? CivilDate(compact: written.span) : CivilMinute(compact: written.prefix12.span)?.day
    if day == nil || receivedAt.day < day! { findings.append(Finding(.A06, .warn)) }
    return findings
  }
}

extension [UInt8] {
  /// The first twelve bytes: NGAYLAP is sometimes written with a time.
  fileprivate var prefix12: [UInt8] { Array(prefix(12)) }
}

/// Reads a gzip file as what is in it.
private final class Expansion {
  private let expander = Gzip.Expander(ceiling: FilePass.expandedLimit)
  private var head: [UInt8]
  private let inner: (Int, inout [UInt8]) throws(ReaderFailure) -> Int
  private(set) var isDamaged = false
  private(set) var isTooLarge = false

  init(head: [UInt8], read: @escaping (Int, inout [UInt8]) throws(ReaderFailure) -> Int) {
    self.head = head
    inner = read
  }

  func read(_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
    let before = target.count
    while target.count == before, !isDamaged, !isTooLarge {
      var piece = head
      head = []
      if piece.isEmpty { _ = try inner(64 * 1024, &piece) }
      if piece.isEmpty {
        if !expander.isComplete { isDamaged = true }
        return 0
      }
      do throws(ExpandFailure) {
        try expander.expand(piece, onto: &target)
      } catch {
        if error == .tooLarge { isTooLarge = true } else { isDamaged = true }
        return 0
      }
    }
    return target.count - before
  }
}
