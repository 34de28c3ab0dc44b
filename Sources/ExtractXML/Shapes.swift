internal import Bytes
internal import Records

/// Which element names belong to which table, for all schemas of a reader.
struct Shapes {
  private let shapes: [[TableShape]]
  private let rowShapes: [TableShape]
  /// Table number (of the first schema) by the root of its inner document.
  let roots: [String: Int]
  /// `<ROOT` of the inner document in the predecessor and now, by table number of the first schema, where they differ.
  let predecessorRoots: [Int: (old: [UInt8], new: [UInt8])]
  let checkIn: Int
  let assessment: Int
  let checkInRoot: String
  let checkInRow: String
  let assessmentRow: String
  private let names: [String: Int]

  init(schemas: [SourceSchema]) {
    shapes = schemas.map { schema in
      schema.tables.enumerated().map { TableShape($0.element, number: $0.offset, rootIsRow: false) }
    }
    rowShapes = schemas[0].tables.enumerated().map { TableShape($0.element, number: $0.offset, rootIsRow: true) }
    var roots: [String: Int] = [:]
    var names: [String: Int] = [:]
    var old: [Int: (old: [UInt8], new: [UInt8])] = [:]
    for (number, table) in schemas[0].tables.enumerated() {
      names[table.name] = number
      if let root = table.root, table.name != "XML0" { roots[root] = number }
      if schemas.count > 1, let other = schemas[1].tables.first(where: { $0.name == table.name }),
        let root = other.root, root != table.root
      {
        old[number] = (Array("<\(root)".utf8), Array("<\(table.root ?? table.row)".utf8))
      }
    }
    // a bare document of the predecessor stands for the same table
    if schemas.count > 1 {
      for table in schemas[1].tables {
        if let root = table.root, let number = names[table.name], roots[root] == nil { roots[root] = number }
      }
    }
    (self.roots, self.names, predecessorRoots) = (roots, names, old)
    checkIn = names["XML0"] ?? 0
    assessment = names["XML12"] ?? 0
    checkInRoot = schemas[0].tables[checkIn].root ?? "CHI_TIEU_TRANG_THAI_KCB"
    checkInRow = schemas[0].tables[checkIn].row
    assessmentRow = schemas[0].tables[assessment].row
  }

  func shape(_ table: Int, schema: Int) -> TableShape { shapes[schema][table] }
  func rowShape(_ table: Int) -> TableShape { rowShapes[table] }

  /// The table of a label's number, unless it never stands in an envelope (XML0, XML12).
  func envelopeTable(_ number: Int) -> Int? {
    number == 0 || number == 12 ? nil : names["XML\(number)"]
  }

  /// The number in LOAIHOSO, however it is spelt: `XML1`, `XML01`, `1`, `xml1`, `XML 1`, `XML-1`.
  static func tableNumber(ofLabel label: String) -> Int? {
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
  /// Fields of XML1 that only QĐ 4210 has.
  static let predecessorFields = ["<MA_THE>", "<T_TONGCHI>", "<MA_BENH>", "<MA_THE/>", "<MA_BENHKHAC>"].map {
    Array($0.utf8)
  }

  static func edition(of dossier: Dossier, schema: SourceSchema) -> Dossier.Edition {
    guard let xml1 = schema.table("XML1") else { return .qd3176 }
    let visit = dossier.tables[xml1]
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
    guard visit.rowCount > 0 else { return .qd3176 }
    if let group = schema.tables[xml1].column("NHOM_MAU"), visit.cell(0, group).isMissing {
      let drugs = schema.table("XML2").map { dossier.tables[$0] }
      let carriedOut = schema.table("XML2").flatMap { schema.tables[$0].column("NGAY_TH_YL") }
      if let drugs, let carriedOut, drugs.rowCount > 0 {
        if drugs.cell(0, carriedOut).isMissing { return .qd130 }
      } else {
        return .qd130
      }
    }
    guard let left = schema.tables[xml1].column("NGAY_RA") else { return .qd3176 }
    let cell = visit.cell(0, left)
    guard !cell.isMissing, cell.length >= 8,
      let year = Int(String(decoding: dossier.text[Int(cell.offset)..<Int(cell.offset) + 4], as: UTF8.self))
    else { return .qd3176 }
    return year >= 2025 ? .qd3176 : .qd4750
  }
}

enum Search {
  /// Whether one of the marks, each beginning with `<`, begins in `range` of `text`.
  static func contains(_ text: [UInt8], _ range: Range<Int>, anyOf marks: [[UInt8]]) -> Bool {
    var i = range.lowerBound
    while i < range.upperBound {
      if text[i] == UInt8(ascii: "<") {
        for mark in marks where i + mark.count <= text.count {
          var k = 1
          while k < mark.count, text[i + k] == mark[k] { k += 1 }
          if k == mark.count { return true }
        }
      }
      i &+= 1
    }
    return false
  }
}
