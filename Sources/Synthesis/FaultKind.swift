/// What becomes of a dossier.
package enum PlannedOutcome: String, Sendable, Hashable, CaseIterable {
  case accepted
  case rejected
  /// The very same visit was in the file before.
  case duplicate
}

/// One way to spoil a visit, with the codes of the rules that must notice it, and no others.
package struct FaultKind: Sendable {
  enum Recipe: Sendable {
    /// A visit made to wish, then changed; answers the number of the changed row, from 1, or 0.
    case edit(VisitWish, @Sendable (inout Visit, inout Dice) -> Int)
    /// An earlier visit of the file once more.
    case copy
    /// An earlier visit of the file once more, with one price changed.
    case revision

    var isRevision: Bool {
      if case .revision = self { true } else { false }
    }
  }

  package let name: String
  /// `XML2`; "" when no table is meant.
  package let table: String
  package let field: String
  /// Each code with the number of findings, the telling one first.
  package let codes: [(code: String, count: Int)]
  /// Severity of the telling code, as the list of rules proposes it.
  package let severity: String
  package let outcome: PlannedOutcome
  /// The fault cannot stand in a document that is not wrapped in Base64.
  let needsBase64: Bool
  let recipe: Recipe

  private init(
    _ name: String, _ table: String, _ field: String, _ codes: [(code: String, count: Int)], _ severity: String,
    outcome: PlannedOutcome? = nil, needsBase64: Bool = false, _ recipe: Recipe
  ) {
    self.name = name
    self.table = table
    self.field = field
    self.codes = codes
    self.severity = severity
    self.outcome = outcome ?? (severity == "reject" ? .rejected : .accepted)
    self.needsBase64 = needsBase64
    self.recipe = recipe
  }

  /// The kind of that name.
  package static func named(_ name: String) -> FaultKind? { all.first { $0.name == name } }

  /// A visit without anything rare about it, so that a fault touches nothing else.
  private static func plain(_ form: CareForm, _ change: (inout VisitWish) -> Void = { _ in }) -> VisitWish {
    VisitWish(form) {
      $0.special = SpecialCase.none
      $0.isInsured = true
      $0.isReferred = false
      $0.hasAppointment = false
      $0.isPlain = true
      change(&$0)
    }
  }

  /// Sets a field of the one row of XML1.
  private static func summary(_ wish: VisitWish, _ field: String, _ value: @escaping @Sendable (SampleRow) -> String)
    -> Recipe
  {
    row(wish, "XML1", field, value)
  }

  /// Sets a field in the first row of a table that `matches`.
  private static func row(
    _ wish: VisitWish, _ table: String, _ field: String,
    where matches: @escaping @Sendable (SampleRow) -> Bool = { _ in true },
    _ value: @escaping @Sendable (SampleRow) -> String
  ) -> Recipe {
    .edit(wish) { visit, _ in
      var rows = visit[table]
      guard let index = rows.firstIndex(where: matches) else {
        preconditionFailure("The wish of a fault brings the row it needs.")
      }
      rows[index][field] = value(rows[index])
      visit[table] = rows
      return index + 1
    }
  }

  /// Adds to several amounts of XML1, in đồng.
  private static func amounts(_ fields: [String], _ change: Int) -> Recipe {
    .edit(plain(.examination) { $0.drugs = 2...4 }) { visit, _ in
      for field in fields { visit.summary[field] = raised(visit.summary[field], by: change) }
      return 1
    }
  }

  /// Adds whole đồng to an amount as it is written.
  private static func raised(_ amount: String, by change: Int) -> String {
    let parts = amount.split(separator: ".", maxSplits: 1)
    let whole = String((Int(parts.first ?? "0") ?? 0) + change)
    return parts.count > 1 ? whole + "." + parts[1] : whole
  }

  /// Moves a `yyyyMMddHHmm` within a day or over its ends.
  private static func moved(_ moment: String, by minutes: Int) -> String {
    Digits.moved(moment, by: minutes)
  }

  private static func isExamination(_ row: SampleRow) -> Bool { row["MA_NHOM"] == "13" }
  private static func isLaboratory(_ row: SampleRow) -> Bool { row["MA_NHOM"] == "1" }
  private static func isSupply(_ row: SampleRow) -> Bool { row["MA_NHOM"] == "10" }
  private static func isBed(_ row: SampleRow) -> Bool { row["MA_NHOM"] == "15" }
  private static func isInsured(_ row: SampleRow) -> Bool { row["PHAM_VI"] == "1" && row["TYLE_TT_BH"] == "100" }

  private static let examination = plain(.examination)
  private static let withDrugs = plain(.examination) { $0.drugs = 3...5 }
  private static let withLaboratory = plain(.examination) { $0.hasLaboratory = true }
  private static let withImaging = plain(.examination) { $0.hasImaging = true }
  private static let inpatient = plain(.inpatient)
  private static let withOperation = plain(.inpatient) { $0.hasOperation = true }
  private static let withSummary = plain(.inpatient) { $0.hasMedicalSummary = true }
  private static let referred = plain(.inpatient) { $0.isReferred = true }
  private static let expected = plain(.examination) { $0.hasAppointment = true }
  private static let bare = plain(.examination) { $0.isBare = true }

  package static let all: [FaultKind] = envelopeKinds + fieldKinds + dateKinds + presenceKinds + moneyKinds + crossKinds

  // MARK: - A: file and envelope

  private static let envelopeKinds: [FaultKind] = [
    FaultKind(
      "base64-broken", "XML8", "", [("A03", 1)], "reject", needsBase64: true,
      .edit(withSummary) { visit, _ in damage(&visit, "XML8", .brokenBase64) }),
    FaultKind(
      "inner-truncated", "XML8", "", [("A03", 1)], "reject", needsBase64: true,
      .edit(withSummary) { visit, _ in damage(&visit, "XML8", .truncated) }),
    FaultKind(
      "inner-root", "XML8", "", [("A03", 1)], "reject",
      .edit(withSummary) { visit, _ in damage(&visit, "XML8", .root("TOM_TAT_HO_SO")) }),
    FaultKind(
      "summary-missing", "XML1", "", [("A04", 1)], "reject",
      .edit(examination) { visit, _ in
        visit["XML1"] = []
        return 0
      }),
    FaultKind(
      "summary-twice", "XML1", "", [("A04", 1), ("A07", 1)], "reject",
      .edit(examination) { visit, _ in
        visit.tables.append(visit.tables[0])
        return 0
      }),
    FaultKind(
      "table-twice", "XML2", "", [("A07", 1)], "warn",
      .edit(withDrugs) { visit, _ in
        let rows = visit["XML2"]
        guard let index = visit.tables.firstIndex(where: { $0.name == "XML2" }) else { return 0 }
        visit.tables[index].rows = [rows[0]]
        visit.tables.append(SampleTable(QD3176.xml2, rows: Array(rows.dropFirst())))
        return 0
      }),
    FaultKind(
      "table-unknown", "XML18", "", [("A08", 1)], "warn",
      .edit(examination) { visit, _ in
        let layout = TableLayout("XML18", root: "CHI_TIEU_RIENG", row: "DONG_RIENG", fields: "MA_LK NOI_DUNG")
        visit.tables.append(SampleTable(layout, rows: [SampleRow(layout, [visit.key, "Bảng riêng của cơ sở"])]))
        return 0
      }),
    FaultKind(
      "key-differs", "XML3", "MA_LK", [("A09", 1)], "reject",
      row(examination, "XML3", "MA_LK", { $0["MA_LK"] + "X" })),
    FaultKind(
      "facility-differs", "XML1", "MA_CSKCB", [("A10", 1)], "error",
      .edit(
        plain(.examination) {
          $0.hasLaboratory = false
          $0.category = "2"
        }
      ) { visit, _ in
        visit.summary["MA_CSKCB"] = visit.facility == "48002" ? "48003" : "48002"
        return 1
      }),
    FaultKind("copy", "", "", [], "info", outcome: .duplicate, .copy),
    FaultKind("revision", "XML3", "DON_GIA_BV", [("A11", 1)], "error", .revision),
    FaultKind(
      "element-unknown", "XML2", "MA_RIENG", [("A12", 1)], "error", row(withDrugs, "XML2", "MA_RIENG", { _ in "R01" })),
    FaultKind(
      "control-character", "XML4", "MO_TA", [("A13", 1)], "warn", needsBase64: true,
      row(withImaging, "XML4", "MO_TA", where: { !$0["MO_TA"].isEmpty }, { $0["MO_TA"] + "\u{07}" })),
  ]

  private static func damage(_ visit: inout Visit, _ table: String, _ damage: SampleTable.Damage) -> Int {
    guard let index = visit.tables.firstIndex(where: { $0.name == table }) else {
      preconditionFailure("The wish of a fault brings the table it needs.")
    }
    visit.tables[index].damage = damage
    return 0
  }

  // MARK: - B: single fields

  private static let fieldKinds: [FaultKind] = [
    FaultKind("name-blank", "XML1", "HO_TEN", [("B01", 1)], "reject", summary(examination, "HO_TEN") { _ in "" }),
    FaultKind(
      "reason-of-admission-blank", "XML1", "LY_DO_VNT", [("B02", 1)], "error",
      summary(inpatient, "LY_DO_VNT") { _ in "" }),
    FaultKind(
      "unit-overlong", "XML2", "DON_VI_TINH", [("B03", 1)], "reject",
      row(withDrugs, "XML2", "DON_VI_TINH", { _ in String(repeating: "Viên nén ", count: 7) + "Mẫu" })),
    FaultKind(
      "blood-group-long", "XML1", "NHOM_MAU", [("B03", 1)], "warn", summary(examination, "NHOM_MAU") { _ in "AB Rh+" }),
    FaultKind(
      "price-with-comma", "XML2", "DON_GIA", [("B04", 1)], "error",
      row(withDrugs, "XML2", "DON_GIA", { $0["DON_GIA"].map { $0 == "." ? "," : String($0) }.joined() })),
    FaultKind(
      "order-on-no-day", "XML2", "NGAY_YL", [("B06", 1)], "reject",
      row(withDrugs, "XML2", "NGAY_YL", { $0["NGAY_YL"].prefix(4) + "0230" + $0["NGAY_YL"].suffix(4) })),
    FaultKind(
      "birth-without-month", "XML1", "NGAY_SINH", [("B07", 1)], "error",
      summary(examination, "NGAY_SINH") { $0["NGAY_SINH"].prefix(4) + "00150000" }),
    FaultKind(
      "citizen-number-short", "XML1", "SO_CCCD", [("B10", 1)], "warn",
      summary(examination, "SO_CCCD") { "99" + $0["MA_BN"].suffix(9) }),
    FaultKind(
      "card-short", "XML1", "MA_THE_BHYT", [("B11", 1)], "error",
      summary(examination, "MA_THE_BHYT") { String($0["MA_THE_BHYT"].dropLast()) }),
    FaultKind(
      "sex-unknown-code", "XML1", "GIOI_TINH", [("B15", 1)], "error", summary(examination, "GIOI_TINH") { _ in "7" }),
    FaultKind(
      "main-disease-two-codes", "XML1", "MA_BENH_CHINH", [("B16", 1)], "error",
      summary(examination, "MA_BENH_CHINH") { _ in "J00;R51" }),
    FaultKind(
      "accompanying-disease-repeated", "XML1", "MA_BENH_KT", [("B17", 1)], "warn",
      summary(examination, "MA_BENH_KT") { _ in "D64.9;D64.9" }),
    FaultKind(
      "bed-malformed", "XML3", "MA_GIUONG", [("B26", 1)], "error",
      row(inpatient, "XML3", "MA_GIUONG", where: isBed, { _ in "X001" })),
    FaultKind(
      "device-malformed", "XML3", "MA_MAY", [("B27", 1)], "warn",
      row(
        withLaboratory, "XML3", "MA_MAY", where: isLaboratory,
        { $0["MA_MAY"].map { $0 == "." ? "-" : String($0) }.joined() })),
    FaultKind(
      "tender-malformed", "XML2", "TT_THAU", [("B28", 1)], "warn",
      row(withDrugs, "XML2", "TT_THAU", { $0["TT_THAU"].map { $0 == ";" ? "-" : String($0) }.joined() })),
    FaultKind(
      "package-malformed", "XML3", "GOI_VTYT", [("B29", 1)], "warn",
      row(withLaboratory, "XML3", "GOI_VTYT", where: isLaboratory, { _ in "P1" })),
  ]

  // MARK: - C: dates

  private static let dateKinds: [FaultKind] = [
    FaultKind(
      "discharge-before-admission", "XML1", "NGAY_RA", [("C01", 1)], "reject",
      summary(bare, "NGAY_RA") { moved($0["NGAY_VAO"], by: -60) }),
    FaultKind(
      "admission-before-arrival", "XML1", "NGAY_VAO_NOI_TRU", [("C02", 1)], "error",
      summary(inpatient, "NGAY_VAO_NOI_TRU") { moved($0["NGAY_VAO"], by: -120) }),
    FaultKind(
      "paid-before-arrival", "XML1", "NGAY_TTOAN", [("C03", 1)], "error",
      summary(examination, "NGAY_TTOAN") { moved($0["NGAY_VAO"], by: -30) }),
    FaultKind(
      "born-after-arrival", "XML1", "NGAY_SINH", [("C04", 1)], "error",
      summary(examination, "NGAY_SINH") {
        let next = moved($0["NGAY_VAO"], by: 1440)
        return next.prefix(4) == $0["NGAY_VAO"].prefix(4) ? next : $0["NGAY_VAO"].prefix(8) + "2359"
      }),
    FaultKind(
      "card-expired", "XML1", "GT_THE_DEN", [("C08", 1)], "error",
      .edit(examination) { visit, _ in
        let yesterday = String(moved(visit.summary["NGAY_VAO"], by: -1440).prefix(8))
        visit.summary["GT_THE_TU"] = "20200101"
        visit.summary["GT_THE_DEN"] = yesterday
        return 1
      }),
    FaultKind(
      "order-before-arrival", "XML3", "NGAY_YL", [("C09", 1)], "error",
      .edit(examination) { visit, _ in
        visit["XML3"][0]["NGAY_YL"] = moved(visit.summary["NGAY_VAO"], by: -30)
        return 1
      }),
    FaultKind(
      "given-before-order", "XML2", "NGAY_TH_YL", [("C10", 1)], "error",
      row(withDrugs, "XML2", "NGAY_TH_YL", { moved($0["NGAY_YL"], by: -20) })),
    FaultKind(
      "result-before-order", "XML3", "NGAY_KQ", [("C11", 1)], "error",
      row(withLaboratory, "XML3", "NGAY_KQ", where: isLaboratory, { moved($0["NGAY_YL"], by: -2) })),
    FaultKind(
      "note-after-discharge", "XML5", "THOI_DIEM_DBLS", [("C13", 1)], "error",
      .edit(inpatient) { visit, _ in
        visit["XML5"][0]["THOI_DIEM_DBLS"] = moved(visit.summary["NGAY_RA"], by: 60)
        return 1
      }),
    FaultKind(
      "days-miscounted", "XML1", "SO_NGAY_DTRI", [("C15", 1)], "error",
      summary(inpatient, "SO_NGAY_DTRI") { raised($0["SO_NGAY_DTRI"], by: 3) }),
    FaultKind(
      "bed-for-outpatient", "XML3", "MA_NHOM", [("C16", 1)], "error",
      .edit(plain(.examination) { $0.isLong = true }) { visit, _ in
        var rows = visit["XML3"]
        rows[0]["MA_NHOM"] = "15"
        rows[0]["MA_GIUONG"] = "H001"
        visit["XML3"] = rows
        return 1
      }),
  ]

  // MARK: - D: presence

  private static let presenceKinds: [FaultKind] = [
    FaultKind(
      "results-missing", "XML4", "", [("D02", 1)], "error",
      .edit(withLaboratory) { visit, _ in
        visit["XML4"] = []
        return 0
      }),
    FaultKind(
      "notes-missing", "XML5", "", [("D04", 1)], "error",
      .edit(plain(.chronic)) { visit, _ in
        visit["XML5"] = []
        return 0
      }),
    FaultKind(
      "discharge-paper-missing", "XML7", "", [("D05", 1)], "error",
      .edit(inpatient) { visit, _ in
        visit["XML7"] = []
        return 0
      }),
    FaultKind(
      "referral-missing", "XML13", "", [("D07", 1)], "warn",
      .edit(referred) { visit, _ in
        visit["XML13"] = []
        return 0
      }),
    FaultKind(
      "appointment-on-another-day", "XML14", "NGAY_HEN_KL", [("D08", 1)], "warn",
      row(expected, "XML14", "NGAY_HEN_KL", { String(moved($0["NGAY_HEN_KL"] + "0000", by: 1440).prefix(8)) })),
    FaultKind(
      "sequence-repeated", "XML2", "STT", [("D11", 1)], "error",
      .edit(withDrugs) { visit, _ in
        let last = visit["XML2"].count - 1
        visit["XML2"][last]["STT"] = visit["XML2"][last - 1]["STT"]
        return last + 1
      }),
    FaultKind(
      "supply-without-name", "XML3", "TEN_VAT_TU", [("D13", 1)], "error",
      row(withOperation, "XML3", "TEN_VAT_TU", where: isSupply, { _ in "" })),
    FaultKind(
      "group-of-another-table", "XML2", "MA_NHOM", [("D14", 1)], "error",
      row(withDrugs, "XML2", "MA_NHOM", { _ in "9" })),
    FaultKind(
      "performer-missing", "XML3", "NGUOI_THUC_HIEN", [("D17", 1)], "error",
      row(withLaboratory, "XML3", "NGUOI_THUC_HIEN", where: isLaboratory, { _ in "" })),
    FaultKind(
      "result-undated", "XML4", "NGAY_KQ", [("D25", 1)], "error",
      row(withLaboratory, "XML4", "NGAY_KQ", where: { !$0["GIA_TRI"].isEmpty }, { _ in "" })),
  ]

  // MARK: - E and F: money

  private static let moneyKinds: [FaultKind] = [
    FaultKind(
      "drug-price-off", "XML2", "DON_GIA", [("E01", 1), ("E02", 1)], "error",
      row(withDrugs, "XML2", "DON_GIA", where: isInsured, { raised($0["DON_GIA"], by: 7) })),
    FaultKind(
      "service-price-off", "XML3", "DON_GIA_BV", [("E03", 1)], "error",
      row(examination, "XML3", "DON_GIA_BV", where: isInsured, { raised($0["DON_GIA_BV"], by: 900) })),
    FaultKind(
      "support-parts-off", "XML2", "T_NGUONKHAC_VTNN", [("E05", 1)], "error",
      row(withDrugs, "XML2", "T_NGUONKHAC_VTNN", { _ in "5" })),
    FaultKind(
      "split-of-a-row-off", "XML3", "T_BNTT", [("E07", 1), ("E08", 1), ("F11", 1)], "error",
      .edit(examination) { visit, _ in
        visit["XML3"][0]["T_BNTT"] = raised(visit["XML3"][0]["T_BNTT"], by: 500)
        visit.summary["T_BNTT"] = raised(visit.summary["T_BNTT"], by: 500)
        return 1
      }),
    FaultKind("drug-total-off", "XML1", "T_THUOC", [("F01", 1)], "error", amounts(["T_THUOC"], 500)),
    FaultKind("supply-total-off", "XML1", "T_VTYT", [("F02", 1)], "error", amounts(["T_VTYT"], 500)),
    FaultKind("total-off", "XML1", "T_TONGCHI_BV", [("F03", 1), ("F11", 1)], "error", amounts(["T_TONGCHI_BV"], 1000)),
    FaultKind(
      "insured-total-off", "XML1", "T_TONGCHI_BH", [("F04", 1), ("F08", 1)], "error", amounts(["T_TONGCHI_BH"], 1000)),
    FaultKind(
      "self-paid-total-off", "XML1", "T_BNTT", [("F05", 1), ("F11", 1)], "error", amounts(["T_BNTT"], 1000)),
    FaultKind(
      "shared-total-off", "XML1", "T_BNCCT", [("F06", 1), ("F08", 1), ("F11", 1)], "error", amounts(["T_BNCCT"], 1000)),
    FaultKind(
      "support-total-off", "XML1", "T_NGUONKHAC", [("F07", 1), ("F11", 1)], "error", amounts(["T_NGUONKHAC"], 1000)),
    FaultKind(
      "claim-off", "XML1", "T_BHTT", [("F09", 1), ("F08", 1), ("F11", 1)], "error", amounts(["T_BHTT"], 1000)),
    FaultKind("fee-for-service-off", "XML1", "T_BHTT_GDV", [("F10", 1)], "error", amounts(["T_BHTT_GDV"], 1000)),
    FaultKind(
      "totals-do-not-split", "XML1", "T_TONGCHI_BV", [("F11", 1), ("F03", 1), ("F05", 1)], "error",
      .edit(withDrugs) { visit, _ in
        visit.summary["T_TONGCHI_BV"] = raised(visit.summary["T_TONGCHI_BV"], by: 3000)
        visit.summary["T_BNTT"] = raised(visit.summary["T_BNTT"], by: 1000)
        return 1
      }),
  ]

  // MARK: - G: between tables

  private static let crossKinds: [FaultKind] = [
    FaultKind(
      "referral-of-another-name", "XML13", "HO_TEN", [("G01", 1)], "error",
      row(referred, "XML13", "HO_TEN", { $0["HO_TEN"] + " KHÁC" })),
    FaultKind(
      "discharge-paper-of-another-time", "XML7", "NGAY_RA", [("G02", 1)], "error",
      row(inpatient, "XML7", "NGAY_RA", { moved($0["NGAY_RA"], by: -7) })),
    FaultKind(
      "discharge-paper-of-another-number", "XML7", "MA_YTE", [("G03", 1)], "warn",
      row(inpatient, "XML7", "MA_YTE", { $0["MA_YTE"] + "9" })),
    FaultKind(
      "referral-to-another-place", "XML13", "MA_CSKCB_DEN", [("G18", 1)], "error",
      .edit(referred) { visit, _ in
        let others = ["48001", "48002", "48003"].filter { $0 != visit.facility && $0 != visit.summary["MA_NOI_DEN"] }
        visit["XML13"][0]["MA_CSKCB_DEN"] = others[0]
        return 1
      }),
    FaultKind(
      "appointment-before-discharge", "XML14", "NGAY_HEN_KL", [("G19", 1), ("C14", 1)], "error",
      .edit(expected) { visit, _ in
        let early = String(moved(visit.summary["NGAY_RA"], by: -2880).prefix(8))
        visit.summary["NGAY_TAI_KHAM"] = early
        visit["XML14"][0]["NGAY_HEN_KL"] = early
        return 1
      }),
    FaultKind(
      "referral-without-paper", "XML1", "GIAY_CHUYEN_TUYEN", [("G20", 1)], "warn",
      summary(plain(.examination) { $0.category = "1.3" }, "GIAY_CHUYEN_TUYEN") { _ in "" }),
    FaultKind(
      "department-not-listed", "XML3", "MA_KHOA", [("G22", 1)], "warn",
      row(examination, "XML3", "MA_KHOA", { _ in "K48" })),
  ]
}

/// A fault that stands in a written file.
package struct PlantedFault: Sendable {
  package let kind: FaultKind
  /// Both from 1.
  package let file: Int
  package let visit: Int
  /// MA_LK.
  package let key: String
  /// Row of the table, from 1; 0 when the fault is in no row.
  package let row: Int
  /// The visit that is repeated, 0 for none.
  package let repeats: Int

  init(_ kind: FaultKind, file: Int, visit: Int, key: String, row: Int, repeats: Int = 0) {
    (self.kind, self.file, self.visit, self.key, self.row, self.repeats) = (kind, file, visit, key, row, repeats)
  }
}
