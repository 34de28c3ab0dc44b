package import Bytes
internal import Compression
package import Definitions
package import ExtractCSV
internal import ExtractXML
package import Findings
package import Records
package import Transform

/// What judging needs for one feed on one day: compiled once, used for every file.
package struct FeedRulings: Sendable {
  package let feed: Feed
  package let schemas: [SourceSchema]
  package let rulings: Rulings
  package let codes: CodeLists
  /// For envelopes.
  let shapes: Shapes?
  /// Whether the files are the decisions' own formats, which come in editions.
  package var isOfDecisions: Bool { if case .envelope = feed.reading { true } else { false } }

  /// - Parameter surrogateKey: see ``Project/surrogateKey()``.
  package init(_ feed: Feed, _ definitions: Definitions, on day: CivilDate, surrogateKey: [UInt8]? = nil) {
    self.feed = feed
    codes = definitions.codes
    schemas = definitions.readerSchemas(of: feed)
    if case .envelope = feed.reading { shapes = Shapes(schemas: schemas) } else { shapes = nil }
    rulings = definitions.rulings(of: feed, on: day, surrogateKey: surrogateKey)
  }
}

/// Why a file's bytes could not be read on.
package enum PassFailure: Error {
  case input(Int32)
  case outOfMemory
}

/// The bytes of one delivery as a pass gets them.
package enum PassSource {
  /// In order: appends up to so many bytes to a buffer; 0 at the end.
  case stream((_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int)
  /// The files of a delivery, each with the table it holds, without compression, to be read at any place.
  ///
  /// - Parameter damage: why nothing of them can be read.
  case parts([(table: String, store: any ByteStore)], damage: FindingCode? = nil)

  /// In order, whatever it is.
  fileprivate var read: (Int, inout [UInt8]) throws(ReaderFailure) -> Int {
    switch self {
    case .stream(let read): return read
    case .parts(let parts, _):
      var part = 0
      var offset = 0
      return { (most, target) throws(ReaderFailure) in
        while part < parts.count {
          let count = try parts[part].store.read(at: offset, most, into: &target)
          if count > 0 {
            offset += count
            return count
          }
          part += 1
          offset = 0
        }
        return 0
      }
    }
  }
}

/// One reading of one file from its first byte to its last: `check` and `run` read with the same pass, and so find the same.
package struct FilePass {
  package let rulings: FeedRulings
  package let receivedAt: CivilMinute
  /// For dossiers that are judged again, put together from what is stored: their numbers in the delivery, in the order of the file. Such a file is
  /// no delivery: rules about files and the error budget do not apply to it.
  package let numbers: [Int]?
  /// Whether dossiers are to be stored: only then are the hashes of their contents worked out, and their delivered bytes gathered.
  package let stores: Bool
  package let allowance: CPUAllowance
  /// Whether somebody still wants the file read; asked between pieces and dossiers.
  package let mayGoOn: () -> Bool

  package init(
    rulings: FeedRulings, receivedAt: CivilMinute, numbers: [Int]? = nil, stores: Bool = true,
    allowance: CPUAllowance = CPUAllowance(), mayGoOn: @escaping () -> Bool = { true }
  ) {
    self.stores = stores
    self.allowance = allowance
    self.mayGoOn = mayGoOn
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
  ///   - source: the file's bytes.
  ///   - take: gets each dossier, the verdict, what is known of the file so far, and the findings; false ends the pass.
  /// - Returns: what is known of the file; its `refusal` says whether anything of it may be loaded.
  package func run(
    tally: inout FindingTally,
    source: PassSource,
    take: (_ dossier: Dossier, _ verdict: Verdict, _ facts: FileFacts, _ log: FindingLog) throws -> Bool
  ) throws -> FileFacts {
    var broken: FindingCode?
    if case .parts(_, let damage) = source { broken = damage }
    let meter = CPUMeter(allowance)
    let goesOn = { mayGoOn() && meter.mayGoOn() }
    var expansion: Expansion?
    let reader: any RecordReader
    switch (rulings.feed.reading, source) {
    case (.csv(let layout), .parts(let parts, _)):
      reader = TabularReader(
        layout: layout, schema: rulings.schemas[0],
        parts: parts.map { ($0.table, MeteredStore($0.store, meter, goesOn)) })
    case (.csv(let layout), .stream(let read)):
      reader = TabularReader(
        layout: layout, schema: rulings.schemas[0], source: FilePass.metered(read, meter, goesOn))
    case (let reading, _):
      let opened = try Expansion.opened(source)
      expansion = opened.expansion
      if expansion?.damage == .S30 { broken = .S30 }
      let read = FilePass.metered(opened.read, meter, goesOn)
      if case .xmlRows(let layout) = reading {
        reader = XMLRowsReader(layout: layout, schema: rulings.schemas[0], source: read)
      } else {
        reader = EnvelopeReader(schemas: rulings.schemas, shapes: rulings.shapes, source: read)
      }
    }
    let isEnvelope = rulings.isOfDecisions
    var judge = Judge(rulings: rulings.rulings, receivedAt: receivedAt, hashes: stores) {
      reader.facts.facility.map { Array($0.utf8) }
    }
    let dossier = Dossier()
    dossier.isKept = stores
    var seen = 0
    var rejected = 0
    var excess: Finding?
    var columns: (findings: [Finding], refusal: Finding?)?
    var unknownNames: [String] = []
    // what the takers look at stands in the head of an envelope; of other files nothing of it is known
    var known = FileFacts()
    while broken == nil {
      let isThere: Bool
      do throws(ReaderFailure) {
        isThere = try reader.next(into: dossier)
      } catch {
        // a row that was there before and is not read again because the reading ends looks like a failing disk
        guard case .input = error, meter.isExceeded || !mayGoOn() else { throw error }
        break
      }
      if seen == 0 || isEnvelope { known = reader.facts }
      if seen == 0 {
        columns = drift(of: known.otherColumns)
        if columns?.refusal != nil { break }
      }
      guard isThere else { break }
      if let numbers, dossier.number <= numbers.count { dossier.number = numbers[dossier.number - 1] }
      if !isEnvelope, stores { dossier.skeleton.insert(contentsOf: StoredRows.mark, at: 0) }
      let verdict = judge.judge(dossier)
      if !judge.log.findings.isEmpty {
        let schema = rulings.schemas[dossier.schema]
        lazy var key =
          verdict.key.isEmpty || dossier.kind == .assessment ? nil : String(decoding: verdict.key, as: UTF8.self)
        for var finding in judge.log.findings {
          FilePass.place(&finding, in: dossier)
          if numbers != nil { finding.byteOffset = -1 }
          if finding.code == .A12, let name = finding.unknownName, unknownNames.count < FilePass.mostNames,
            !unknownNames.contains("+ " + name)
          {
            unknownNames.append("+ " + name)
          }
          tally.add(finding, dossier: dossier.number, key: key, schema: schema)
        }
      }
      if !judge.log.uncounted.isEmpty {
        for (code, times) in judge.log.uncounted {
          tally.add(code, rulings.rulings.policy.severity(of: code) ?? .info, times: times, dossier: dossier.number)
        }
      }
      seen += 1
      if seen > FilePass.mostDossiers {
        excess = Finding(.S10, .reject, found: seen, limit: FilePass.mostDossiers)
        break
      }
      if case .rejected = verdict.outcome { rejected += 1 }
      guard mayGoOn(), meter.mayGoOnForAWhile() else { break }
      if try !take(dossier, verdict, known, judge.log) { break }
    }
    var facts = reader.facts
    if let excess { facts.refusal = facts.refusal ?? excess }
    if var cut = facts.refusal, cut.code == .S04 || cut.code == .T07, cut.found == nil {
      cut.found = cut.byteOffset
      facts.refusal = cut
    }
    if let code = broken ?? expansion?.damage { facts.refusal = Finding(code, .reject) }
    if meter.isExceeded { facts.refusal = Finding(.S29, .reject) }
    if let columns {
      facts.findings += columns.findings
      if let refusal = columns.refusal, facts.refusal == nil || facts.refusal?.code == .T05 && refusal.code == .T24 {
        // set aside, also where it could not be loaded
        if let lacking = facts.refusal { facts.findings.append(lacking) }
        facts.refusal = refusal
      }
    }
    if facts.refusal == nil, rulings.feed.reading.tabular == nil, !unknownNames.isEmpty {
      facts.refusal = refusal(unknownNames, count: unknownNames.count, table: -1)
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

// MARK: - columns that are not as agreed

extension FilePass {
  /// The most columns that are named.
  private static let mostNames = 12

  /// Findings about columns that are not those of the schema, and the refusal when the feed's policy asks for one.
  private func drift(of others: [OtherColumns]) -> (findings: [Finding], refusal: Finding?) {
    var findings: [Finding] = []
    var names: [String] = []
    for other in others where numbers == nil {
      let table = rulings.schemas[0].tables[other.table]
      var lacking = other.lacking
      for name in other.unknown {
        let fields = lacking.map { (name: table.columns[$0].name, title: table.columns[$0].title) }
        guard name != "?", let place = ColumnNames.likely(name, of: fields) else {
          names.append("+ " + name)
          continue
        }
        var finding = Finding(.T22, .warn, table: other.table)
        finding.unknownName = "\(fields[place].name) → \(name)"
        findings.append(finding)
        names.append("\(fields[place].name) → \(name)")
        lacking.remove(at: place)
      }
      for column in lacking {
        // T05 tells of those that must be there
        if !table.columns[column].isRequired {
          findings.append(Finding(.T21, .info, table: other.table, column: column))
        }
        names.append("− " + table.columns[column].name)
      }
    }
    guard !names.isEmpty else { return (findings, nil) }
    return (findings, refusal(names, count: names.count, table: others.count == 1 ? others[0].table : -1))
  }

  /// By the policy of the feed; nil when it takes such a file.
  private func refusal(_ names: [String], count: Int, table: Int) -> Finding? {
    guard numbers == nil, rulings.feed.drift != .allow else { return nil }
    var finding = Finding(rulings.feed.drift == .freeze ? .T23 : .T24, .reject, table: table, found: count)
    let shown = names.prefix(FilePass.mostNames).joined(separator: ", ")
    finding.unknownName = names.count > FilePass.mostNames ? shown + ", …" : shown
    return finding
  }
}

extension FilePass {
  /// Reads that end when the file has used up its time, or the process is to end.
  private static func metered(
    _ read: @escaping (Int, inout [UInt8]) throws(ReaderFailure) -> Int, _ meter: CPUMeter,
    _ goesOn: @escaping () -> Bool
  ) -> (Int, inout [UInt8]) throws(ReaderFailure) -> Int {
    { (most, target) throws(ReaderFailure) in
      guard goesOn() else { return 0 }
      let count = try read(most, &target)
      meter.add(bytes: count)
      return count
    }
  }

  /// Rows of a table that many dossiers share are named as they stand in their file.
  private static func place(_ finding: inout Finding, in dossier: Dossier) {
    let table = Int(finding.table)
    guard dossier.tables.indices.contains(table) else { return }
    let origins = dossier.tables[table].origins
    let row = Int(finding.row) - 1
    guard origins.indices.contains(row) else { return }
    finding.row = Int32(clamping: origins[row].number)
    if finding.byteOffset < 0 { finding.byteOffset = Int64(origins[row].byteOffset) }
  }
}

/// Reads a gzip file as what is in it.
private final class Expansion {
  private let expander: Gzip.Expander?
  private var head: [UInt8]
  private let inner: (Int, inout [UInt8]) throws(ReaderFailure) -> Int
  /// Why the content cannot be read.
  private(set) var damage: FindingCode?
  private var hasBegun = false

  /// The bytes of a file, without compression where there is any.
  static func opened(_ source: PassSource) throws(ReaderFailure) -> (
    read: (Int, inout [UInt8]) throws(ReaderFailure) -> Int, expansion: Expansion?
  ) {
    let read = source.read
    var head: [UInt8] = []
    _ = try read(64 * 1024, &head)
    let isArchive = !Gzip.isGzip(head) && Archive.begins(head[...])
    if isArchive || Gzip.isGzip(head) {
      let opened = Expansion(head: head, isArchive: isArchive, read: read)
      return ({ (most, target) throws(ReaderFailure) in try opened.read(most, &target) }, opened)
    }
    var rest: [UInt8]? = head
    return (
      { (most, target) throws(ReaderFailure) in
        if let first = rest {
          rest = nil
          if !first.isEmpty {
            target.append(contentsOf: first)
            return first.count
          }
        }
        return try read(most, &target)
      }, nil
    )
  }

  init(head: [UInt8], isArchive: Bool, read: @escaping (Int, inout [UInt8]) throws(ReaderFailure) -> Int) {
    self.head = head
    expander = isArchive ? nil : Gzip.Expander(ceiling: FilePass.expandedLimit)
    damage = isArchive ? .S30 : nil
    inner = read
  }

  func read(_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
    let before = target.count
    while let expander, target.count == before, damage == nil {
      var piece = head
      head = []
      if piece.isEmpty { _ = try inner(64 * 1024, &piece) }
      if piece.isEmpty {
        if !expander.isComplete { damage = .S22 }
        return 0
      }
      do throws(ExpandFailure) {
        try expander.expand(piece, onto: &target)
      } catch {
        damage = FindingCode(error)
        return 0
      }
      if !hasBegun, target.count > before {
        hasBegun = true
        if Archive.begins(target[before...]) {
          damage = .S30
          return 0
        }
      }
    }
    return target.count - before
  }
}

extension FindingCode {
  /// The code for what is wrong with compressed content.
  init(_ failure: ExpandFailure) {
    self =
      switch failure {
      case .damaged: .S22
      case .tooLarge: .S05
      case .nested: .S30
      }
  }
}

/// A part of a delivery whose reads end when the time is used up. Bytes count once, however often they are read.
private final class MeteredStore: ByteStore {
  private let store: any ByteStore
  private let meter: CPUMeter
  private let goesOn: () -> Bool

  init(_ store: any ByteStore, _ meter: CPUMeter, _ goesOn: @escaping () -> Bool) {
    self.store = store
    self.meter = meter
    self.goesOn = goesOn
    meter.add(bytes: store.sizeInBytes)
  }

  var sizeInBytes: Int { store.sizeInBytes }

  func read(at offset: Int, _ most: Int, into target: inout [UInt8]) throws(ReaderFailure) -> Int {
    guard goesOn() else { return 0 }
    return try store.read(at: offset, most, into: &target)
  }
}
