internal import Bytes
internal import Glibc
package import Records

/// Which element names belong to which table, for all schemas of a reader: made once, used for every file.
package struct Shapes: Sendable {
  private let shapes: [[TableShape]]
  private let rowShapes: [TableShape]
  /// Table number (of the first schema) by the root of its inner document.
  let roots: [String: Int]
  /// Root of the inner document in the predecessor, by table number of the first schema, where it differs from today's.
  private let predecessorRoots: [Int: [UInt8]]
  let checkIn: Int
  let assessment: Int
  let checkInRoot: String
  let checkInRow: String
  let assessmentRow: String
  private let visit: Int?
  /// The table of each number in LOAIHOSO that may stand in an envelope.
  private let envelopeTables: [Int?]
  /// Names of earlier editions and the columns of the first schema that took over, by table.
  private let successors: [(table: Int, column: Int, formerName: String)]

  package init(schemas: [SourceSchema]) {
    shapes = schemas.map { schema in
      schema.tables.enumerated().map { TableShape($0.element, number: $0.offset, rootIsRow: false) }
    }
    rowShapes = schemas[0].tables.enumerated().map { TableShape($0.element, number: $0.offset, rootIsRow: true) }
    var roots: [String: Int] = [:]
    var names: [String: Int] = [:]
    var old: [Int: [UInt8]] = [:]
    for (number, table) in schemas[0].tables.enumerated() {
      names[table.name] = number
      if let root = table.root, table.name != "XML0" { roots[root] = number }
      if schemas.count > 1, let other = schemas[1].tables.first(where: { $0.name == table.name }),
        let root = other.root, root != table.root
      {
        old[number] = Array(root.utf8)
      }
    }
    // a bare document of the predecessor stands for the same table
    if schemas.count > 1 {
      for table in schemas[1].tables {
        if let root = table.root, let number = names[table.name], roots[root] == nil { roots[root] = number }
      }
    }
    (self.roots, predecessorRoots) = (roots, old)
    visit = names["XML1"]
    envelopeTables = (0...99).map { $0 == 0 || $0 == 12 ? nil : names["XML\($0)"] }
    successors = schemas[0].tables.enumerated().flatMap { number, table in
      table.columns.enumerated().compactMap { index, column in
        column.formerName.map { (number, index, $0) }
      }
    }
    checkIn = names["XML0"] ?? 0
    assessment = names["XML12"] ?? 0
    checkInRoot = schemas[0].tables[checkIn].root ?? "CHI_TIEU_TRANG_THAI_KCB"
    checkInRow = schemas[0].tables[checkIn].row
    assessmentRow = schemas[0].tables[assessment].row
  }

  /// Says which edition a dossier follows, and gives what stands under a name of an earlier one to the column that took over.
  func settleEdition(of dossier: Dossier, _ schema: SourceSchema) {
    dossier.edition = Editions.edition(of: dossier, schema: schema)
    for (table, column, name) in successors where !dossier.tables[table].extras.isEmpty {
      var kept: [TableRecords.Extra] = []
      for extra in dossier.tables[table].extras {
        let slot = extra.row * dossier.tables[table].columnCount + column
        if extra.name == name, dossier.tables[table].cells[slot].isMissing {
          dossier.tables[table].cells[slot] = extra.cell
        } else {
          kept.append(extra)
        }
      }
      dossier.tables[table].extras = kept
    }
  }

  func shape(_ table: Int, schema: Int) -> TableShape { shapes[schema][table] }
  func rowShape(_ table: Int) -> TableShape { rowShapes[table] }

  /// Whether a document of the table (of the first schema) is one of the predecessor: XML1 has its old fields, the others its old root.
  func isPredecessor(_ document: Span<UInt8>, table: Int) -> Bool {
    if let root = predecessorRoots[table] { return Editions.hasRoot(root, document) }
    return table == visit && Editions.hasPredecessorFields(document)
  }

  /// The table of a label's number, unless it never stands in an envelope (XML0, XML12).
  func envelopeTable(_ number: Int) -> Int? {
    envelopeTables.indices.contains(number) ? envelopeTables[number] : nil
  }

  /// The number in LOAIHOSO, however it is spelt: `XML1`, `XML01`, `1`, `xml1`, `XML 1`, `XML-1`.
  static func tableNumber(ofLabel label: String) -> Int? {
    // as nearly all write it: XML and one or two digits
    let bytes = label.utf8
    if (4...5).contains(bytes.count), bytes.starts(with: "XML".utf8),
      bytes.dropFirst(3).allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    {
      return bytes.dropFirst(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    var digits = Substring(label.filter { !" -_\t\r\n".contains($0) }.uppercased())
    if digits.hasPrefix("XML") { digits = digits.dropFirst(3) }
    guard !digits.isEmpty, digits.utf8.count <= 3, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
      return nil
    }
    return Int(digits)
  }
}

/// Which edition of the decisions a dossier follows (section 7 of the envelope page): from its content, since no file says so.
enum Editions {
  /// Start tags of XML1 that only QĐ 4210 has.
  private static let predecessorMarks: [StaticString] = ["<MA_THE", "<T_TONGCHI", "<MA_BENH", "<MA_BENHKHAC"]

  /// Whether a document is one of QĐ 4210, as its XML1 shows: it has fields that later editions renamed.
  static func hasPredecessorFields(_ document: Span<UInt8>) -> Bool {
    var from = 0
    while let i = nextTag(document, from: from) {
      // all marks begin with one of two letters, and most tags of XML1 with another
      if i + 1 < document.count, document[i + 1] == UInt8(ascii: "M") || document[i + 1] == UInt8(ascii: "T") {
        for mark in predecessorMarks where document.has(mark, at: i) {
          let next = i + mark.utf8CodeUnitCount
          if next < document.count, endsName(document[next]) { return true }
        }
      }
      from = i + 1
    }
    return false
  }

  /// Where the next `<` stands.
  private static func nextTag(_ document: Span<UInt8>, from: Int) -> Int? {
    unsafe document.withUnsafeBytes { bytes in
      guard from < bytes.count, let base = bytes.baseAddress,
        let hit = unsafe memchr(base + from, CInt(UInt8(ascii: "<")), bytes.count - from)
      else { return nil }
      return unsafe UnsafeRawPointer(hit) - base
    }
  }

  /// Whether the root element of a document is called `name`.
  static func hasRoot(_ name: [UInt8], _ document: Span<UInt8>) -> Bool {
    var i = 0
    while i + 1 < document.count {
      if document[i] == UInt8(ascii: "<"), document[i + 1] != UInt8(ascii: "!"), document[i + 1] != UInt8(ascii: "?") {
        break
      }
      i += 1
    }
    guard i + 1 + name.count < document.count, endsName(document[i + 1 + name.count]) else { return false }
    for k in name.indices where document[i + 1 + k] != name[k] { return false }
    return true
  }

  private static func endsName(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || Text.isSpace(byte)
  }

  /// The edition of a dossier that is not one of QĐ 4210.
  static func edition(of dossier: Dossier, schema: SourceSchema) -> Dossier.Edition {
    guard let xml1 = schema.table("XML1") else { return .qd3176 }
    if let referral = schema.table("XML13"), dossier.tables[referral].rowCount > 0 {
      if dossier.tables[referral].extras.contains(where: { $0.name == "MA_NOI_DEN" || $0.name == "PP_DIEU_TRI" }) {
        return .qd4750
      }
      if let column = schema.tables[referral].column("MA_CSKCB_DEN"),
        !dossier.tables[referral].cell(0, column).isMissing
      {
        return .qd3176
      }
    }
    let visit = dossier.tables[xml1]
    guard visit.rowCount > 0 else { return .qd3176 }
    // a field that is blank may be left out altogether, so the names alone decide only for visits of the time
    var lastDay: CivilDate?
    if let column = schema.tables[xml1].column("NGAY_RA"), visit.cell(0, column).length >= 8 {
      let cell = visit.cell(0, column)
      lastDay = CivilDate(compact: dossier.text.span.extracting(cell.range), at: 0)
    }
    if let lastDay, lastDay >= start3176 { return .qd3176 }
    if let lastDay, lastDay >= start4750 { return .qd4750 }
    guard let group = schema.tables[xml1].column("NHOM_MAU"), visit.cell(0, group).isMissing else {
      return lastDay == nil ? .qd3176 : .qd4750
    }
    if let xml2 = schema.table("XML2"), let carriedOut = schema.tables[xml2].column("NGAY_TH_YL"),
      dossier.tables[xml2].rowCount > 0, !dossier.tables[xml2].cell(0, carriedOut).isMissing
    {
      return .qd4750
    }
    return .qd130
  }

  private static let start4750 = CivilDate(daysSinceEpoch: 19_905)  // 1 July 2024
  private static let start3176 = CivilDate(daysSinceEpoch: 20_089)  // 1 January 2025
}
