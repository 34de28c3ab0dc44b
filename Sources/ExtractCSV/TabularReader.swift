internal import Bytes
internal import Findings
package import Records

/// Reads delimited text: one file, or the files of one delivery, or dossiers that were stored.
///
/// In one file each row is a dossier; the rows of several files are joined by their keys.
package final class TabularReader: RecordReader {
  package private(set) var facts = FileFacts()

  private let layout: TabularLayout
  private let schema: SourceSchema
  private var content: Content
  /// The file whose rows are read, while `content` is ``Content/file``; and how its dossiers begin in their stored form, once that is known.
  private var file: TableFile?
  private var opening: [UInt8] = []
  private let mostRows: Int

  /// The most rows of each file of a delivery.
  package static let mostRows = 5_000_000

  /// What is read.
  private enum Content {
    /// A stream that was not looked at yet.
    case stream(ByteSource)
    /// Files that were not looked at yet.
    case parts([(table: String, store: any ByteStore)])
    case delivery(Delivery)
    case file
    case stored(StoredFile)
    case ended
  }

  /// Reads one file as it comes.
  ///
  /// - Parameter source: appends up to `most` bytes of the file to `target` and says how many; 0 at the end. What begins with
  ///   ``StoredRows/magic`` is read as stored dossiers.
  package init(
    layout: TabularLayout, schema: SourceSchema,
    source: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int
  ) {
    (self.layout, self.schema, mostRows) = (layout, schema, TabularReader.mostRows)
    content = .stream(source)
    facts.form = .csv
  }

  /// Reads the files of one delivery, or one file whose encoding has to be found among candidates.
  ///
  /// - Parameters:
  ///   - parts: `table` is the source table that a file holds.
  ///   - mostRows: of each file of a delivery; one with more refuses it.
  package init(
    layout: TabularLayout, schema: SourceSchema, parts: [(table: String, store: any ByteStore)],
    mostRows: Int = TabularReader.mostRows
  ) {
    (self.layout, self.schema, self.mostRows) = (layout, schema, mostRows)
    content = .parts(parts)
    facts.form = .csv
  }

  package func next(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    dossier.removeAll()
    if let file {
      dossier.use(schema, number: 0)
      return try readRow(file, into: dossier)
    }
    switch content {
    case .stream(let source): try begin(source)
    case .parts(let parts): try begin(parts)
    default: break
    }
    dossier.use(schema, number: 0)
    switch content {
    case .file: return try file.map { (file) throws(ReaderFailure) in try readRow(file, into: dossier) } ?? false
    case .delivery(let delivery): return try readJoined(delivery, into: dossier)
    case .stored: return try readStored(into: dossier)
    case .stream, .parts, .ended: return false
    }
  }

  private func refuse(_ finding: Finding?) {
    facts.refusal = facts.refusal ?? finding
    content = .ended
    file = nil
  }

  private func begin(_ source: @escaping ByteSource) throws(ReaderFailure) {
    var head: [UInt8] = []
    while head.count < StoredRows.magic.count, try source(TextInput.piece, &head) > 0 {}
    if head.starts(with: StoredRows.magic) {
      content = .stored(StoredFile(head: head, source: source))
      return
    }
    guard let described = layout.files.first else { return refuse(Finding(.T17, .reject)) }
    try open(described, stated: layout.encoding, head: head, source)
  }

  private func open(
    _ described: TabularLayout.File, stated: TextEncoding?, head: [UInt8], _ source: @escaping ByteSource
  ) throws(ReaderFailure) {
    guard let table = schema.table(described.table) else { return refuse(Finding(.T17, .reject)) }
    var rest = head
    let file = TableFile(
      table: table, source: schema.tables[table], file: described, stated: stated,
      bytes: { (most, target) throws(ReaderFailure) in
        guard !rest.isEmpty else { return try source(most, &target) }
        defer { rest = [] }
        target.append(contentsOf: rest)
        return rest.count
      })
    let isReadable = try file.begin()
    facts.encoding = file.input.encoding.name
    if let other = file.other { facts.otherColumns.append(other) }
    guard isReadable else { return close(file) }
    (content, self.file) = (.file, file)
  }

  private func begin(_ parts: [(table: String, store: any ByteStore)]) throws(ReaderFailure) {
    var encodings: [TextEncoding] = []
    for (table, store) in parts {
      switch try EncodingBelief.decide(store, layout) {
      case .certain(let encoding): encodings.append(encoding)
      case .unreadable(let byteOffset, let encoding):
        var finding = Finding(.T07, .reject, table: schema.table(table) ?? -1, byteOffset: byteOffset)
        finding.unknownName = encoding.rawValue
        return refuse(finding)
      case .ambiguous(let encodings):
        var finding = Finding(.T09, .reject, table: schema.table(table) ?? -1, found: encodings.count)
        finding.unknownName = encodings.map(\.rawValue).joined(separator: ", ")
        return refuse(finding)
      }
    }
    if parts.count == 1, let described = layout.files.first(where: { $0.table == parts[0].table }) {
      let store = parts[0].store
      var offset = 0
      return try open(described, stated: encodings[0], head: []) { (most, target) throws(ReaderFailure) in
        let count = try store.read(at: offset, most, into: &target)
        offset += count
        return count
      }
    }
    guard
      let delivery = Delivery(layout: layout, schema: schema, parts: parts, encodings: encodings, mostRows: mostRows)
    else {
      return refuse(Finding(.T17, .reject, table: schema.table(layout.root) ?? -1))
    }
    content = .delivery(delivery)
  }

  // MARK: a delivery

  private func readJoined(_ delivery: Delivery, into dossier: Dossier) throws(ReaderFailure) -> Bool {
    let isThere = try delivery.next(into: dossier)
    facts.otherColumns = delivery.others
    guard isThere else {
      facts.encoding = delivery.encoding.name
      facts.findings += delivery.notes
      refuse(delivery.refusal)
      return false
    }
    facts.encoding = delivery.encoding.name
    facts.dossiers += 1
    dossier.number = facts.dossiers
    return true
  }

  private func close(_ file: TableFile) {
    facts.findings += file.notes
    refuse(file.refusal)
  }

  // MARK: one file

  private func readRow(_ file: TableFile, into dossier: Dossier) throws(ReaderFailure) -> Bool {
    guard try file.next() else {
      close(file)
      return false
    }
    if opening.isEmpty {  // not before the first row, which may say how many cells a row has
      let (before, behind) = StoredForm.opening(file)
      opening = before + [UInt8(ascii: "1")] + behind
    }
    facts.dossiers += 1
    dossier.stand(number: facts.dossiers, byteOffset: file.rowOffset, sizeInBytes: file.rowSize)
    if let trouble = file.trouble { dossier.findings.append(file.finding(trouble)) } else { file.fill(dossier) }
    if dossier.isKept { store(file, in: &dossier.skeleton) }
    return true
  }

  /// Appends the row in its stored form.
  private func store(_ file: TableFile, in skeleton: inout [UInt8]) {
    skeleton.append(contentsOf: opening)
    StoredForm.appendOrigin(file.origin, sizeInBytes: file.rowSize, to: &skeleton)
    file.appendRow(to: &skeleton)
  }

  // MARK: stored dossiers

  private func readStored(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    guard case .stored(var file) = content else { return false }
    let next = try file.next()
    content = .stored(file)
    switch next {
    case .end:
      content = .ended
      return false
    case .damaged:
      refuse(Finding(.T19, .reject))
      return false
    case .dossier(let bytes):
      guard let stored = try? StoredForm.read(bytes, schema), !stored.sections.isEmpty else {
        refuse(Finding(.T19, .reject))
        return false
      }
      facts.dossiers += 1
      dossier.number = facts.dossiers
      dossier.findings += stored.findings
      dossier.byteOffset = stored.sections.first?.rows.first?.origin.byteOffset ?? 0
      for section in stored.sections { try read(section, into: dossier) }
      dossier.skeleton = bytes
      return true
    }
  }

  private func read(_ section: StoredForm.Section, into dossier: Dossier) throws(ReaderFailure) {
    dossier.sizeInBytes += section.rows.reduce(0) { $0 + $1.sizeInBytes }
    guard let table = schema.table(section.table),
      var described = layout.files.first(where: { $0.table == section.table })
    else {
      dossier.findings.append(Finding(.T17, .reject))
      return
    }
    described.dialect.linesToSkip = section.lines
    described.dialect.footers = []
    var rest = section.text
    let file = TableFile(
      table: table, source: schema.tables[table], file: described, stated: section.encoding, width: section.width,
      isStored: true,
      bytes: { (_, target) in
        defer { rest = [] }
        target.append(contentsOf: rest)
        return rest.count
      })
    guard try file.begin() else {
      if let refusal = file.refusal { dossier.findings.append(refusal) }
      return
    }
    facts.encoding = file.input.encoding.name
    for row in section.rows {
      guard try file.next() else {
        dossier.findings.append(file.refusal ?? Finding(.T19, .reject, table: table))
        return
      }
      if let trouble = file.trouble {
        dossier.findings.append(file.finding(trouble, origin: row.origin))
      } else {
        file.fill(dossier, origin: row.origin)
      }
    }
  }
}

extension TextEncoding {
  /// As people write it.
  var name: String {
    switch self {
    case .utf8: "UTF-8"
    case .utf16LE: "UTF-16LE"
    case .utf16BE: "UTF-16BE"
    case .ascii: "US-ASCII"
    case .windows1258: "windows-1258"
    case .windows1252: "windows-1252"
    case .tcvn3: "TCVN3"
    case .vni: "VNI-Windows"
    }
  }
}
