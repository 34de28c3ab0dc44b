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
  package let codes: CodeLists

  package init(_ feed: Feed, _ definitions: Definitions, on day: CivilDate) {
    self.feed = feed
    codes = definitions.codes
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
  /// For dossiers that are judged again, put together from what is stored: their numbers in the delivery, in the order of the file. Such a file is
  /// no delivery: rules about files and the error budget do not apply to it.
  package let numbers: [Int]?

  package init(rulings: FeedRulings, receivedAt: CivilMinute, numbers: [Int]? = nil) {
    self.rulings = rulings
    self.receivedAt = receivedAt
    self.numbers = numbers
  }

  /// The most dossiers of one file (reliability rules, section 6).
  static let mostDossiers = 5_000_000
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
    var excess: Finding?
    while try reader.next(into: dossier) {
      if let numbers, dossier.number <= numbers.count { dossier.number = numbers[dossier.number - 1] }
      let verdict = judge.judge(dossier)
      let schema = rulings.schemas[dossier.schema]
      let key = verdict.key.isEmpty || dossier.kind == .assessment ? nil : String(decoding: verdict.key, as: UTF8.self)
      for var finding in judge.log.findings {
        if numbers != nil { finding.byteOffset = -1 }
        tally.add(finding, dossier: dossier.number, key: key, schema: schema)
      }
      for (code, times) in judge.log.uncounted {
        tally.add(code, rulings.rulings.policy.severity(of: code) ?? .info, times: times, dossier: dossier.number)
      }
      seen += 1
      if seen > FilePass.mostDossiers {
        excess = Finding(.S10, .reject, found: seen, limit: FilePass.mostDossiers)
        break
      }
      if verdict.outcome == .rejected { rejected += 1 }
      if try !take(dossier, verdict, reader.facts, judge.log) { break }
    }
    var facts = reader.facts
    if let excess { facts.refusal = facts.refusal ?? excess }
    if var cut = facts.refusal, cut.code == .S04, cut.found == nil {
      cut.found = cut.byteOffset
      facts.refusal = cut
    }
    if expansion?.isDamaged == true {
      facts.refusal = Finding(.S22, .reject)
    } else if expansion?.isTooLarge == true {
      facts.refusal = Finding(.S05, .reject)
    }
    if facts.refusal == nil, numbers == nil {
      for finding in FileCheck.findings(
        facts, codes: rulings.codes, lastAdmitted: judge.lastAdmitted, receivedAt: receivedAt)
      {
        if finding.code == .A02 {
          // an envelope without its outermost element (S11) has no place for it
          if !facts.findings.contains(where: { $0.code == .S11 }) { facts.refusal = finding }
        } else {
          facts.findings.append(finding)
        }
      }
    }
    if facts.refusal == nil, numbers == nil, let limit = rulings.feed.maxRejected?.limit(of: seen), rejected > limit {
      facts.refusal = Finding(.S23, .reject, found: rejected, limit: limit)
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
