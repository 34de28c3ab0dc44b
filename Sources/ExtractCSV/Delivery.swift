internal import Findings
internal import Records

/// Puts the rows of several files together: a dossier is a row of the root table, the rows that refer to it (directly or through others), and
/// the rows that any of them refers to.
///
/// Each file is read through once, to index its rows by their keys; then the root's rows are taken in their order, and the rows of the other
/// files are read where they stand. Rows are never held. A row that found no dossier gets one of its own, which is rejected; rows that are only
/// there to be looked up are counted.
final class Delivery {
  private let schema: SourceSchema
  private var members: [Member] = []
  private let root: Member
  private(set) var notes: [Finding] = []
  private(set) var refusal: Finding?
  /// In which columns its files differ from their tables.
  private(set) var others: [OtherColumns] = []
  private var stage = Stage.roots
  private var hasBegun = false

  private enum Stage {
    case roots
    /// Rows of this member that stand in no dossier.
    case rest(member: Int)
    case ended
  }

  /// The most bytes and cells of one dossier (reliability rules, section 6).
  static let longestDossier = 16 << 20
  static let mostCells = 1_000_000
  /// How far references are followed: a department's manager's department …
  private static let deepest = 16

  /// - Parameters:
  ///   - encodings: by part.
  ///   - mostRows: of each file.
  init?(
    layout: TabularLayout, schema: SourceSchema, parts: [(table: String, store: any ByteStore)],
    encodings: [TextEncoding], mostRows: Int
  ) {
    self.schema = schema
    var members: [Member] = []
    for (part, encoding) in zip(parts, encodings) {
      guard let number = schema.table(part.table),
        let described = layout.files.first(where: { $0.table == part.table }),
        !members.contains(where: { $0.table == number })
      else { continue }
      members.append(
        Member(
          table: number, source: schema.tables[number], store: part.store, described: described, encoding: encoding,
          mostRows: mostRows))
    }
    guard let root = members.first(where: { $0.source.name == layout.root }) else { return nil }
    self.root = root
    self.members = [root] + members.filter { $0 !== root }
    tie()
  }

  /// Finds out which table hangs on which.
  private func tie() {
    var tables: [String: Member] = [:]
    for member in members { tables[member.source.name] = member }
    func columns(_ names: [String], _ member: Member) -> [Int]? {
      let found = names.compactMap { member.source.column($0) }
      return found.count == names.count && !found.isEmpty ? found : nil
    }
    func tie(_ member: Member, _ key: SourceTable.ForeignKey, _ target: Member) -> Member.Tie? {
      guard let own = columns(key.fields, member), let other = columns(key.tableFields, target) else { return nil }
      return Member.Tie(columns: own, member: target, index: target.index(on: other))
    }
    root.role = .root
    // children, those nearest to the root first
    var queue = [root]
    var parents: [Int: SourceTable.ForeignKey] = [:]
    while !queue.isEmpty {
      let parent = queue.removeFirst()
      for member in members where member.role == .alone {
        guard let key = member.source.foreignKeys.first(where: { $0.table == parent.source.name }),
          let own = columns(key.fields, member), let other = columns(key.tableFields, parent)
        else { continue }
        member.role = .child
        member.home = member.index(on: own)
        parents[member.table] = key
        parent.children.append(Member.Tie(columns: other, member: member, index: member.index(on: own)))
        queue.append(member)
      }
    }
    // what they refer to
    queue = members.filter { $0.role != .alone }
    while !queue.isEmpty {
      let member = queue.removeFirst()
      for key in member.source.foreignKeys where key != parents[member.table] {
        guard let target = tables[key.table], let tie = tie(member, key, target) else { continue }
        switch target.role {
        case .root, .child: member.checks.append(tie)
        case .lookup: member.lookups.append(tie)
        case .alone:
          target.role = .lookup
          target.home = tie.index
          member.lookups.append(tie)
          queue.append(target)
        }
      }
    }
    for member in members {
      member.keyColumns = member.indices.flatMap(\.columns) + member.children.flatMap(\.columns)
      if let key = columns(member.source.primaryKey, member) {
        member.primary = member.index(on: key)
      } else if member.role == .lookup {
        member.primary = member.home  // what is referred to stands once, or nobody knows what is meant
      }
    }
  }

  /// How the root's file is written.
  var encoding: TextEncoding { root.sequence.input.encoding }

  // MARK: reading

  func next(into dossier: Dossier) throws(ReaderFailure) -> Bool {
    if !hasBegun {
      hasBegun = true
      for member in members {
        let refusal = try member.readThrough()
        notes += member.notes
        if let other = member.sequence.other { others.append(other) }
        if refusal != nil {
          notes += member.sequence.notes
          self.refusal = refusal
          return false
        }
      }
    }
    guard refusal == nil else { return false }
    while true {
      switch stage {
      case .ended: return false
      case .roots:
        if try root.sequence.next() {
          try build(dossier, from: root, root.sequence, nil)
          return true
        }
        if let refusal = root.sequence.refusal {
          self.refusal = refusal
          return false
        }
        stage = .rest(member: 1)
      case .rest(let number):
        guard number < members.count else {
          stage = .ended
          continue
        }
        if try nextLeft(of: members[number]) {
          try build(dossier, from: members[number], members[number].sequence, nil)
          return true
        }
        if let refusal = members[number].sequence.refusal {
          self.refusal = refusal
          return false
        }
        stage = .rest(member: number + 1)
      }
    }
  }

  /// Moves to the next row of a member that needs a dossier of its own. Tables nearer to the root come first, and their rows take along what hangs
  /// on them. Rows that are only there to be looked up are counted.
  private func nextLeft(of member: Member) throws(ReaderFailure) -> Bool {
    while try member.nextLeft() {
      let file = member.sequence
      if member.role != .lookup || file.trouble != nil { return true }
      let first = unused ?? Finding(.T06, .warn, table: member.table, row: file.rowNumber, byteOffset: file.rowOffset)
      unused = first
      unused?.found = (first.found ?? 0) + 1
      member.marks.insert(UInt32(clamping: file.rowNumber))
    }
    if let unused { notes.append(unused) }
    unused = nil
    return false
  }

  /// What is said of the rows of a member that nothing refers to.
  private var unused: Finding?

  // MARK: one dossier

  /// A row that is to be added.
  private struct Wanted {
    var member: Member
    var place: RowPlace
    /// The value that led to it, in these columns.
    var key: [UInt8]
    var columns: [Int]
    var depth: Int
    /// What is said when the row does not have that value.
    var otherwise: Finding?
  }

  private struct RowName: Hashable {
    var table: Int
    var number: UInt32
  }

  /// Rows of lookup tables that the dossier has.
  private var taken: Set<RowName> = []
  private var wanted: [Wanted] = []
  /// Findings that the stored form has to keep.
  private var kept: [Finding] = []
  /// Of the rows that the dossier has, and of the children that were asked for.
  private var cellCount = 0
  private var byteCount = 0
  private var isFull = false

  /// - Parameter place: of a row that found no dossier; nil for a row of the root.
  private func build(
    _ dossier: Dossier, from member: Member, _ file: TableFile, _ place: RowPlace?
  ) throws(ReaderFailure) {
    taken.removeAll(keepingCapacity: true)
    wanted.removeAll(keepingCapacity: true)
    kept.removeAll()
    (cellCount, byteCount, isFull) = (0, 0, false)
    let place =
      place
      ?? RowPlace(
        offset: file.rowOffset, number: UInt32(clamping: file.rowNumber), sizeInBytes: UInt32(clamping: file.rowSize))
    dossier.byteOffset = place.offset
    count(cells: member.source.columns.count, bytes: Int(place.sizeInBytes))
    if let trouble = file.trouble {
      dossier.findings.append(file.finding(trouble, origin: place.origin))
      add(file, member, place, to: dossier, isReadable: false)
    } else {
      if member.role != .root {
        keep(Finding(.T02, .reject, table: member.table, row: 1, byteOffset: place.offset), dossier)
      }
      try take(file, member, place, depth: 0, into: dossier)
      var i = 0
      while i < wanted.count {
        try takeWanted(wanted[i], into: dossier)
        i += 1
      }
    }
    store(dossier, first: member)
  }

  private func keep(_ finding: Finding, _ dossier: Dossier) {
    dossier.findings.append(finding)
    kept.append(finding)
  }

  /// Puts the row into the dossier.
  private func add(_ file: TableFile, _ member: Member, _ place: RowPlace, to dossier: Dossier, isReadable: Bool) {
    if isReadable { file.fill(dossier, origin: place.origin) }
    member.marks.insert(place.number)
    StoredForm.appendOrigin(place.origin, sizeInBytes: Int(place.sizeInBytes), to: &member.rows)
    file.appendRow(to: &member.rows)
    member.rowsTaken += 1
    dossier.sizeInBytes += Int(place.sizeInBytes)
  }

  /// Counts rows that are to be added; false when the dossier has no room for them.
  @discardableResult
  private func count(cells: Int, bytes: Int) -> Bool {
    guard !isFull, cellCount + cells <= Delivery.mostCells, byteCount + bytes <= Delivery.longestDossier else {
      return false
    }
    cellCount += cells
    byteCount += bytes
    return true
  }

  /// Takes no more rows from here on.
  private func close(_ dossier: Dossier, _ member: Member, found: Int) {
    guard !isFull else { return }
    isFull = true
    keep(Finding(.T14, .reject, table: member.table, found: found), dossier)
  }

  private func takeWanted(_ wanted: Wanted, into dossier: Dossier) throws(ReaderFailure) {
    let (member, place) = (wanted.member, wanted.place)
    if member.role == .lookup {
      guard taken.insert(RowName(table: member.table, number: place.number)).inserted else { return }
      if !count(cells: member.source.columns.count, bytes: Int(place.sizeInBytes)) {
        close(dossier, member, found: member.rowsTaken + 1)
      }
    }
    if isFull {
      member.marks.insert(place.number)
      return
    }
    guard try member.load(place) else { throw .input(5) }
    guard member.single.key(wanted.columns) == wanted.key else {
      if let finding = wanted.otherwise { keep(finding, dossier) }
      return
    }
    try take(member.single, member, place, depth: wanted.depth, into: dossier)
  }

  /// Adds the row that `file` stands at, and asks for what belongs to it.
  private func take(
    _ file: TableFile, _ member: Member, _ place: RowPlace, depth: Int, into dossier: Dossier
  ) throws(ReaderFailure) {
    add(file, member, place, to: dossier, isReadable: true)
    let row = dossier.tables[member.table].rowCount
    // all keys are read before another row of the same file is loaded
    let primary = member.primary.flatMap { number in file.key(member.indices[number].columns).map { (number, $0) } }
    let children = member.children.map { ($0, file.key($0.columns)) }
    let lookups = depth < Delivery.deepest ? member.lookups.map { ($0, file.key($0.columns)) } : []
    let checks = member.checks.map { ($0, file.key($0.columns)) }
    if let (index, key) = primary, try isRepeated(member, index, key, place) {
      keep(Finding(.T04, .reject, table: member.table, row: row), dossier)
    }
    for case (let tie, let key?) in checks where tie.member.indices[tie.index].range(key).isEmpty {
      keep(Finding(.T03, .error, table: member.table, column: tie.columns[0], row: row), dossier)
    }
    for case (let tie, let key?) in lookups {
      let range = tie.member.indices[tie.index].range(key)
      let missing = Finding(.T03, .error, table: member.table, column: tie.columns[0], row: row)
      if range.isEmpty { keep(missing, dossier) }
      // a key that stands twice is told where its row is taken; more than two of them say nothing new
      for entry in tie.member.indices[tie.index].entries[range].prefix(2) {
        wanted.append(
          Wanted(
            member: tie.member, place: entry.place, key: key, columns: tie.member.indices[tie.index].columns,
            depth: depth + 1, otherwise: range.count == 1 ? missing : nil))
      }
    }
    for case (let tie, let key?) in children {
      let range = tie.member.indices[tie.index].range(key)
      guard !range.isEmpty, tie.member.indices[tie.index].claim(range) else { continue }
      let bytes = tie.member.indices[tie.index].entries[range].reduce(0) { $0 + Int($1.place.sizeInBytes) }
      if !count(cells: range.count * tie.member.source.columns.count, bytes: bytes) {
        close(dossier, tie.member, found: range.count)
      }
      for entry in tie.member.indices[tie.index].entries[range] {
        if isFull {
          tie.member.marks.insert(entry.place.number)
        } else {
          wanted.append(
            Wanted(
              member: tie.member, place: entry.place, key: key, columns: tie.member.indices[tie.index].columns,
              depth: depth, otherwise: nil))
        }
      }
    }
  }

  /// Whether another row of the file has the key.
  private func isRepeated(
    _ member: Member, _ index: Int, _ key: [UInt8], _ place: RowPlace
  ) throws(ReaderFailure) -> Bool {
    let range = member.indices[index].range(key)
    guard range.count > 1 else { return false }
    for entry in member.indices[index].entries[range] where entry.place.number != place.number {
      guard try member.load(entry.place) else { throw .input(5) }
      if member.single.key(member.indices[index].columns) == key { return true }
    }
    return false
  }

  /// Writes the stored form.
  private func store(_ dossier: Dossier, first: Member) {
    for member in [first] + members.filter({ $0 !== first }) where member.rowsTaken > 0 {
      let (before, behind) = StoredForm.opening(member.single)
      dossier.skeleton.append(contentsOf: before)
      StoredForm.append(member.rowsTaken, to: &dossier.skeleton)
      dossier.skeleton.append(contentsOf: behind)
      dossier.skeleton.append(contentsOf: member.rows)
      member.rows.removeAll(keepingCapacity: true)
      member.rowsTaken = 0
    }
    for finding in kept { StoredForm.append(finding, schema, to: &dossier.skeleton) }
  }
}
