import Bytes
import ExtractXML
import Findings
import Records

/// Small source schemas with real field names: what the tests need of `Schemas/`.
enum Tables {
  static func table(_ name: String, _ root: String?, _ list: String?, _ row: String, _ fields: String) -> SourceTable {
    SourceTable(
      name: name, root: root, list: list, row: row, hasManyRows: root != row,
      columns: fields.split(separator: " ").map { SourceColumn(name: String($0), logical: .string) })
  }

  static let current = SourceSchema(
    name: "qd3176",
    tables: [
      table(
        "XML0", "CHI_TIEU_TRANG_THAI_KCB", "DSACH_TRANG_THAI_KCB", "TRANG_THAI_KCB",
        "MA_LK STT MA_BN HO_TEN SO_CCCD NGAY_SINH GIOI_TINH MA_THE_BHYT MA_DKBD NGAY_VAO LY_DO_VNT MA_CSKCB"),
      table(
        "XML1", "TONG_HOP", nil, "TONG_HOP",
        "MA_LK STT MA_BN HO_TEN NGAY_SINH GIOI_TINH NHOM_MAU DIA_CHI MA_THE_BHYT CHAN_DOAN_RV MA_BENH_CHINH NGAY_VAO "
          + "NGAY_RA T_BNTT T_BNCCT T_BHTT MA_CSKCB DU_PHONG"),
      table(
        "XML2", "CHITIEU_CHITIET_THUOC", "DSACH_CHI_TIET_THUOC", "CHI_TIET_THUOC",
        "MA_LK STT MA_THUOC MA_NHOM TEN_THUOC DON_VI_TINH HAM_LUONG LIEU_DUNG SO_LUONG DON_GIA MA_KHOA NGAY_YL "
          + "NGAY_TH_YL DU_PHONG"),
      table(
        "XML3", "CHITIEU_CHITIET_DVKT_VTYT", "DSACH_CHI_TIET_DVKT", "CHI_TIET_DVKT",
        "MA_LK STT MA_DICH_VU MA_VAT_TU MA_NHOM TEN_DICH_VU SO_LUONG DON_GIA_BV THANH_TIEN_BV MA_KHOA NGAY_YL NGAY_KQ"),
      table(
        "XML4", "CHITIEU_CHITIET_DICHVUCANLAMSANG", "DSACH_CHI_TIET_CLS", "CHI_TIET_CLS",
        "MA_LK STT MA_DICH_VU MA_CHI_SO TEN_CHI_SO GIA_TRI DON_VI_DO MO_TA KET_LUAN NGAY_KQ MA_BS_DOC_KQ DU_PHONG"),
      table(
        "XML5", "CHITIEU_CHITIET_DIENBIENLAMSANG", "DSACH_CHI_TIET_DIEN_BIEN_BENH", "CHI_TIET_DIEN_BIEN_BENH",
        "MA_LK STT DIEN_BIEN_LS GIAI_DOAN_BENH HOI_CHAN PHAU_THUAT THOI_DIEM_DBLS NGUOI_THUC_HIEN DU_PHONG"),
      table(
        "XML12", nil, "DSACH_GIAM_DINH_Y_KHOA", "GIAM_DINH_Y_KHOA",
        "NGUOI_CHU_TRI CHUC_VU NGAY_HOP HO_TEN NGAY_SINH SO_CCCD NGAY_CAP NOI_CAP DIA_CHI MATINH_CU_TRU DU_PHONG"),
      table(
        "XML13", "CHI_TIEU_GIAYCHUYENTUYEN", nil, "CHI_TIEU_GIAYCHUYENTUYEN",
        "MA_LK SO_HOSO SO_CHUYENTUYEN GIAY_CHUYEN_TUYEN MA_CSKCB_DI MA_CSKCB_DEN HO_TEN CHAN_DOAN_RV QT_BENHLY "
          + "TINH_TRANG_CT DU_PHONG"),
    ])

  static let predecessor = SourceSchema(
    name: "qd4210",
    tables: [
      table(
        "XML1", "TONG_HOP", nil, "TONG_HOP",
        "MA_LK STT MA_BN HO_TEN NGAY_SINH GIOI_TINH MA_THE MA_DKBD TEN_BENH MA_BENH NGAY_VAO NGAY_RA T_TONGCHI MA_CSKCB"
      ),
      table(
        "XML2", "DSACH_CHI_TIET_THUOC", nil, "CHI_TIET_THUOC",
        "MA_LK STT MA_THUOC MA_NHOM TEN_THUOC DON_VI_TINH SO_LUONG DON_GIA THANH_TIEN MA_KHOA NGAY_YL"),
    ])

  static let schemas = [current, predecessor]
}

/// One dossier as a reader handed it on, in values that can be compared.
struct Visit: Equatable {
  var kind: String
  var edition: String
  /// Rows by table: field → value; a field that was missing is not there.
  var rows: [String: [[String: String]]] = [:]
  var extras: [String] = []
  var repeated: [String] = []
  var findings: [String] = []
  var labels: [String] = []
  var byteOffset = 0
  var partOffsets: [Int] = []
  var partDocuments: [[UInt8]] = []
  var restored: [UInt8] = []

  init(_ dossier: Dossier, _ schemas: [SourceSchema]) {
    kind = dossier.kind.rawValue
    edition = dossier.edition.rawValue
    func text(_ cell: TableRecords.Cell) -> String { String(decoding: dossier.text[cell.range], as: UTF8.self) }
    for (table, records) in zip(schemas[dossier.schema].tables, dossier.tables) where records.rowCount > 0 {
      rows[table.name] = (0..<records.rowCount).map { row in
        var values: [String: String] = [:]
        for (number, column) in table.columns.enumerated() {
          let cell = records.cell(row, number)
          if !cell.isMissing { values[column.name] = text(cell) }
        }
        return values
      }
      extras += records.extras.map { "\(table.name)[\($0.row + 1)].\($0.name)=\(text($0.cell))" }
      repeated += records.repeated.map { "\(table.name)[\($0.row + 1)].\(table.columns[$0.column].name)" }
    }
    findings = dossier.findings.map(Visit.describe)
    labels = dossier.parts.map(\.label)
    byteOffset = dossier.byteOffset
    partOffsets = dossier.parts.map(\.byteOffset)
    partDocuments = dossier.parts.map { Array(dossier.text[$0.document]) }
    var archive = OutputBuffer()
    SourceArchive.begin(&archive)
    SourceArchive.append(dossier, to: &archive)
    restored = (try? SourceArchive.entries(archive.bytes).first?.bytes) ?? []
  }

  static func describe(_ finding: Finding) -> String {
    var text = "\(finding.code) \(finding.severity.name)"
    if finding.table >= 0 { text += " table \(finding.table)" }
    if let found = finding.found { text += " found \(found)" }
    if let limit = finding.limit { text += " limit \(limit)" }
    return text
  }

  /// Field `name` of the table's row, counted from 1.
  subscript(_ table: String, _ row: Int, _ name: String) -> String? {
    guard let rows = rows[table], row <= rows.count else { return nil }
    return rows[row - 1][name]
  }
}

/// A whole file as the reader took it.
struct Reading: Equatable {
  var visits: [Visit] = []
  var refusal: String?
  var findings: [String] = []
  var form: String?
  var facility: String?
  var createdOn: String?
  var declared: Int?
  var dossiers = 0
  var encoding = ""
  var isSigned = false

  init(_ file: [UInt8], pieces: Int = .max, schemas: [SourceSchema] = Tables.schemas, usesLibraryOnly: Bool = false)
    throws
  {
    var at = 0
    let reader = EnvelopeReader(
      schemas: schemas,
      source: { most, target in
        let count = min(most, pieces, file.count - at)
        target.append(contentsOf: file[at..<at + count])
        at += count
        return count
      }, usesLibraryOnly: usesLibraryOnly)
    let dossier = Dossier()
    while try reader.next(into: dossier) {
      visits.append(Visit(dossier, schemas))
      if visits.count != dossier.number { findings.append("number \(dossier.number)") }
      if visits.count > 10_000 { break }
    }
    let facts = reader.facts
    refusal = facts.refusal.map { finding in Visit.describe(finding).replacing(" reject", with: "") }
    findings += facts.findings.map(Visit.describe)
    form = facts.form?.rawValue
    facility = facts.facility
    createdOn = facts.createdOn
    declared = facts.declaredDossiers
    dossiers = facts.dossiers
    encoding = facts.encoding
    isSigned = facts.isSigned
  }

  init(_ file: String, pieces: Int = .max, usesLibraryOnly: Bool = false) throws {
    try self.init(Array(file.utf8), pieces: pieces, usesLibraryOnly: usesLibraryOnly)
  }
}

/// Writes documents and envelopes, all of it made up.
enum Sample {
  static let declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>"

  static let visitFields: [(String, String)] = [
    ("MA_LK", "MAU0001"), ("STT", "1"), ("MA_BN", "BN1"), ("HO_TEN", "Nguyễn Thị Mẫu"), ("NGAY_SINH", "198002150000"),
    ("GIOI_TINH", "2"), ("NHOM_MAU", ""), ("DIA_CHI", "Số 1 < đường Mẫu & bạn"), ("MA_THE_BHYT", "DN4480000000001"),
    ("CHAN_DOAN_RV", "Viêm phổi"), ("MA_BENH_CHINH", "J18.9"), ("NGAY_VAO", "202503030800"),
    ("NGAY_RA", "202503061000"),
    ("T_BNTT", "0"), ("T_BNCCT", "149400.00"), ("T_BHTT", "597600.00"), ("MA_CSKCB", "48001"), ("DU_PHONG", ""),
  ]
  static let drugFields: [[(String, String)]] = [
    [
      ("MA_LK", "MAU0001"), ("STT", "1"), ("MA_THUOC", "40.1"), ("TEN_THUOC", "Paracetamol \"500\""),
      ("SO_LUONG", "10.000"),
      ("DON_GIA", "1200.000"), ("NGAY_YL", "202503031000"), ("NGAY_TH_YL", "202503031100"), ("DU_PHONG", ""),
    ],
    [
      ("MA_LK", "MAU0001"), ("STT", "2"), ("MA_THUOC", "40.2"), ("TEN_THUOC", "Thuốc mẫu"), ("SO_LUONG", "5.000"),
      ("DON_GIA", "3000.000"), ("NGAY_YL", "202503031000"), ("NGAY_TH_YL", "202503031100"), ("DU_PHONG", ""),
    ],
  ]

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
  static func element(_ name: String, _ text: String) -> String { "<\(name)>\(escaped(text))</\(name)>" }
  static func elements(_ fields: [(String, String)]) -> String { fields.map { element($0.0, $0.1) }.joined() }

  static let xml1 = "<TONG_HOP>\(elements(visitFields))</TONG_HOP>"
  static let xml2 = drugs(drugFields.map { "<CHI_TIET_THUOC>\(elements($0))</CHI_TIET_THUOC>" }.joined())
  static func drugs(_ rows: String) -> String {
    "<CHITIEU_CHITIET_THUOC><DSACH_CHI_TIET_THUOC>\(rows)</DSACH_CHI_TIET_THUOC></CHITIEU_CHITIET_THUOC>"
  }

  static func base64(_ text: some Sequence<UInt8>, _ layout: Base64.Layout = .oneLine) -> String {
    var output = OutputBuffer()
    Base64.encode(Array(text).span, layout, onto: &output)
    return String(decoding: output.bytes, as: UTF8.self)
  }
  static func base64(_ text: String, _ layout: Base64.Layout = .oneLine) -> String { base64(text.utf8, layout) }

  static func file(_ label: String, _ content: String) -> String {
    "<FILEHOSO><LOAIHOSO>\(label)</LOAIHOSO><NOIDUNGFILE>\(content)</NOIDUNGFILE></FILEHOSO>"
  }
  static func visit(_ files: String...) -> String { "<HOSO>\(files.joined())</HOSO>" }

  static func envelope(
    _ visits: String..., count: Int? = nil, root: String = "GIAMDINHHS", declaration: String = declaration,
    signature: String = "<CHUKYDONVI/>"
  ) -> String {
    """
    \(declaration)<\(root)>
      <THONGTINDONVI><MACSKCB>48001</MACSKCB></THONGTINDONVI>
      <THONGTINHOSO><NGAYLAP>20250306</NGAYLAP><SOLUONGHOSO>\(count ?? visits.count)</SOLUONGHOSO><DANHSACHHOSO>
    \(visits.joined(separator: "\n"))
      </DANHSACHHOSO></THONGTINHOSO>
      \(signature)
    </GIAMDINHHS>
    """
  }

  /// The envelope that the shapes are compared with.
  static let usual = envelope(visit(file("XML1", base64(xml1)), file("XML2", base64(xml2))))
}

/// A small pseudo-random generator (SplitMix64), the same everywhere.
struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
