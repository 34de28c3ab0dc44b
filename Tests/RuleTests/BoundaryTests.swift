import Definitions
import Findings
import Records
import Testing
import Transform

/// The last value a rule takes and the first one it does not, where the catalogue's examples do not stand on the edge already.
@Suite struct BoundaryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var code: String
    var example: KeyValuePairs<String, String>
    var expected: [String]
    /// Start from an example of the catalogue: a code, and whether its refused one.
    var from: (code: String, refused: Bool)?
    var severity: String?

    init(
      _ code: String, _ example: KeyValuePairs<String, String>, _ expected: [String] = [], from: String? = nil,
      refused: Bool = false, severity: String? = nil
    ) {
      self.code = code
      self.example = example
      self.expected = expected
      self.from = from.map { ($0, refused) }
      self.severity = severity
    }
    var testDescription: String { "\(code): \(example.map { "\($0.key)=\($0.value)" }.joined(separator: " "))" }
  }

  static let fields: [Case] = [
    Case("B03", ["XML1.NHOM_MAU": "AB Rh"]),
    Case("B07", ["XML1.NGAY_SINH": "202600000000"], ["B07"]),
    Case("B08", ["XML1.NGAY_SINH": "202400000000", "XML1.CAN_NANG": "9", "XML7.HO_TEN_ME": "LÊ THỊ MẪU"]),
    Case("B10", ["XML1.SO_CCCD": "048080001"]),
    Case("B10", ["XML1.SO_CCCD": "AB123456X"], ["B10"], severity: "warn"),
    Case("B11", ["XML1.MA_THE_BHYT": "4800000001"], ["B11"], severity: "warn"),
    Case("B13", ["XML1.GT_THE_TU": "20250303", "XML1.GT_THE_DEN": "20250303"]),
    Case("B16", ["XML1.MA_BENH_CHINH": "J18.91"]),
    Case("B16", ["XML1.MA_BENH_CHINH": "J18.911"], ["B16"]),
    Case("B17", ["XML1.MA_BENH_KT": "I10;I10"], ["B17"], severity: "warn"),
    Case("B17", ["XML1.MA_BENH_KT": "I10;J18.9"], ["B17"], severity: "warn"),
    Case("B19", ["XML1.NAM_QT": "2026"], ["B19"]),
    Case("B19", ["XML1.THANG_QT": "0"], ["B19"]),
    Case("B20", ["XML1.THANG_QT": "2"], ["B20"]),
    Case("B21", ["XML1.CAN_NANG": "0"], ["B21"]),
    Case("B21", ["XML1.CAN_NANG": "0.01"]),
    Case("B21", ["XML1.CAN_NANG_CON": "200"], from: "D09"),
    Case("B21", ["XML1.CAN_NANG_CON": "199"], ["B21"], from: "D09"),
    Case("B21", ["XML1.CAN_NANG_CON": "9000"], from: "D09"),
    Case("B21", ["XML1.CAN_NANG_CON": "9001"], ["B21"], from: "D09"),
    Case("B24", ["XML1.MA_BENH_KT": "N40"]),
    Case("B24", ["XML1.GIOI_TINH": "2", "XML1.MA_BENH_KT": "N40"], ["B24"]),
    Case("B24", ["XML1.GIOI_TINH": "3", "XML1.MA_BENH_KT": "N40;O26.8"]),
    Case("B26", ["XML3[2].MA_GIUONG": "T999"]),
    Case("B27", ["XML3[3].MA_MAY": "MRI.2.48001.9"]),
    Case("B27", ["XML3[3].MA_MAY": "SH.1.48002.001"], ["B27"]),
    Case("B27", ["XML3[3].MA_MAY": "SH.1.4800.001"], ["B27"]),
    Case(
      "B27",
      [
        "XML3[3].MA_MAY": "SH.1.48002.1", "XML3[3].MA_DICH_VU": "23.0003.1494.K.48002",
        "XML4[1].MA_DICH_VU": "23.0003.1494.K.48002",
      ]),
    Case("B28", ["XML2[1].TT_THAU": "TB01;2025"]),
    Case("B28", ["XML2[1].TT_THAU": "QD01/2025;G1;N1"], ["B28"]),
    Case("B28", ["XML2[1].TT_THAU": "QD01/2025;G1;N1;25"], ["B28"]),
    Case("B29", ["XML3[3].GOI_VTYT": "G12"]),
    Case("B29", ["XML3[3].GOI_VTYT": "1"], ["B29"]),
    Case("B31", ["XML11.MA_BHXH": "480000001"], ["B31"], from: "B31"),
    Case("B32", ["XML7.TUOI_THAI": "1"], from: "B32"),
    Case("B32", ["XML7.TUOI_THAI": "0"], ["B32"], from: "B32"),
  ]

  static let dates: [Case] = [
    Case("C02", ["XML1.NGAY_VAO_NOI_TRU": "202503061000"]),
    Case("C02", ["XML1.NGAY_VAO_NOI_TRU": "202503061001"], ["C02"]),
    Case("C03", ["XML1.NGAY_TTOAN": "202503051000"], ["C03"], severity: "warn"),
    Case("C07", ["XML1.NGAY_RA": "202503040801"], ["C07"], from: "C07"),
    Case("C08", ["XML1.GT_THE_DEN": "20250303"]),
    Case("C08", ["XML1.GT_THE_DEN": "20250302"], ["C08"]),
    Case("C09", ["XML3[1].NGAY_YL": "202503061000"]),
    Case("C09", ["XML3[1].NGAY_YL": "202503061001"], ["C09"]),
    Case("C10", ["XML2[1].NGAY_TH_YL": "202503061000"]),
    Case("C10", ["XML2[1].NGAY_TH_YL": "202503061001"], ["C10"], severity: "warn"),
    Case("C11", ["XML4[1].NGAY_KQ": "202503031000"]),
    Case("C11", ["XML4[1].NGAY_KQ": "202503030959"], ["C11"]),
    Case("C12", ["XML4[1].NGAY_KQ": "202505052359"]),
    Case("C12", ["XML4[1].NGAY_KQ": "202505060000"], ["C12"]),
    Case("C13", ["XML5[1].THOI_DIEM_DBLS": "202503030800"]),
    Case("C13", ["XML5[1].THOI_DIEM_DBLS": "202503030759"], ["C13"]),
    Case("C15", ["XML1.SO_NGAY_DTRI": "1"], ["C15"], from: "C07"),
    Case("C17", ["XML3[2].SO_LUONG": "4.500", "XML3[2].DON_GIA_BV": "133333.333", "XML3[2].DON_GIA_BH": "133333.333"]),
    Case("C18", ["XML3[5].NGAY_YL": "202503050900"], from: "C18", refused: true),
    Case(
      "C18",
      [
        "XML3[2].SO_LUONG": "0.500", "XML3[2].DON_GIA_BV": "800000.000", "XML3[2].DON_GIA_BH": "800000.000",
        "XML3[5].SO_LUONG": "0.500", "XML3[5].DON_GIA_BV": "400000.000", "XML3[5].DON_GIA_BH": "400000.000",
      ], from: "C18", refused: true),
    Case(
      "C18",
      [
        "XML3[2].SO_LUONG": "0.600", "XML3[2].DON_GIA_BV": "666666.667", "XML3[2].DON_GIA_BH": "666666.667",
        "XML3[5].SO_LUONG": "0.500", "XML3[5].DON_GIA_BV": "400000.000", "XML3[5].DON_GIA_BH": "400000.000",
      ], ["C18"], from: "C18", refused: true),
  ]

  static let presence: [Case] = [
    Case("D02", ["XML3[3].MA_NHOM": "9"], ["D02"], severity: "warn"),
    Case("D07", ["XML1.MA_LOAI_RV": "2", "XML1.MA_NOI_DEN": "48002"], ["D07"], severity: "warn"),
    Case("D10", ["XML1.MA_BENH_KT": "A14"]),
    Case("D10", ["XML1.MA_BENH_KT": "B20"], ["D10"]),
    Case("D10", ["XML1.MA_BENH_KT": "B25"]),
    Case("D11", ["XML2[2].STT": "3"], ["D11"], severity: "warn"),
    Case("D11", ["XML2[2].STT": "0"], ["D11"]),
    Case("D14", ["XML2[1].MA_NHOM": "20"], ["D14"]),
    Case("D15", ["XML3[3].MA_NHOM": "20", "XML4[1].MA_DICH_VU": "23.0003.1494"], ["D02", "D15"]),
    Case("D20", ["XML3[2].MA_NHOM": "16", "XML3[2].MA_GIUONG": ""], ["D20"], severity: "warn"),
    Case("D23", ["XML2[1].SO_DANG_KY": "", "XML2[1].TT_THAU": "", "XML2[1].MA_THUOC": "40.17"]),
    Case("D23", ["XML2[1].TT_THAU": ""], ["D23"]),
    Case("D24", ["XML3[3].MA_NHOM": "2", "XML4[1].GIA_TRI": "", "XML4[1].MO_TA": "Bình thường"], ["D24"]),
    Case("D24", ["XML3[3].MA_NHOM": "2", "XML4[1].GIA_TRI": "", "XML4[1].MO_TA": "Rõ", "XML4[1].KET_LUAN": "Rõ"]),
  ]

  static let money: [Case] = [
    // a difference of 0.01 is a rounding, 0.02 is none
    Case("E01", ["XML2[1].THANH_TIEN_BV": "12000.01"]),
    Case("E01", ["XML2[1].THANH_TIEN_BV": "12000.02", "XML2[1].T_BNTT": "0.01"], ["E01"]),
    Case("E02", ["XML2[1].THANH_TIEN_BH": "12000.01"]),
    Case("E02", ["XML2[1].THANH_TIEN_BH": "12000.02"], ["E02", "E08"]),
    Case("E03", ["XML3[3].THANH_TIEN_BV": "40000.01"]),
    Case("E03", ["XML3[3].THANH_TIEN_BV": "40000.02", "XML3[3].T_BNTT": "0.01"], ["E03"]),
    // half a hundredth is rounded up: 0.005 × 1 = 0.01
    Case(
      "E03",
      [
        "XML3[3].DON_GIA_BV": "40000.025", "XML3[3].THANH_TIEN_BV": "40000.04", "XML3[3].T_BNTT": "0.03",
        "XML1.T_TONGCHI_BV": "747000.04",
      ]),
    Case("E05", ["XML2[1].T_NGUONKHAC_CL": "0.01"]),
    Case("E05", ["XML2[1].T_NGUONKHAC_CL": "0.02"], ["E05"]),
    Case("E12", ["XML3[3].DON_GIA_BH": "40000.001"], ["E12"]),
    Case("E13", ["XML3[4].T_TRANTT": "23999.99"], from: "E13"),
    Case("E13", ["XML3[4].T_TRANTT": "23999.98"], ["E13"], from: "E13"),
    Case("E17", ["XML3[3].MA_DICH_VU": "23.0003.1494_TB", "XML4[1].MA_DICH_VU": "23.0003.1494_TB"], ["E17"]),
    Case(
      "E18",
      [
        "XML2[1].MUC_HUONG": "48", "XML2[1].T_BNCCT": "6240", "XML2[1].T_BHTT": "5760", "XML1.T_BNCCT": "153240",
        "XML1.T_BHTT": "593760", "XML1.T_BHTT_GDV": "593760",
      ]),
    Case("F01", ["XML1.T_THUOC": "27000.03"], ["F01"]),
    Case("F02", ["XML1.T_VTYT": "30000.02"], ["F02"]),
    Case("F03", ["XML1.T_TONGCHI_BV": "747000.07"], ["F03", "F11"]),
    Case("F10", ["XML1.T_BHTT_GDV": "597600.06"]),
    Case("F10", ["XML1.T_BHTT_GDV": "597600.07"], ["F10"]),
    Case("F10", ["XML1.MA_THE_BHYT": "CA4480000000001", "XML1.T_BHTT_GDV": "0"], ["F10"], severity: "warn"),
  ]

  static let papers: [Case] = [
    Case("G04", ["XML7.NGAY_CT": "20250305"], ["G04"]),
    Case("G05", ["XML7.THOIGIAN_DINHCHI": "202503030800"], from: "G05"),
    Case("G05", ["XML7.THOIGIAN_DINHCHI": "202503030759"], ["G05"], from: "G05"),
    Case("G06", ["XML7.SO_NGAY_NGHI": "9"], ["G06"], from: "G06", severity: "warn"),
    Case("G06", ["XML7.SO_NGAY_NGHI": "8"], ["G06"], from: "G06", severity: "error"),
    Case("G06", ["XML7.NGOAITRU_DENNGAY": ""], ["G06"], from: "G06"),
    Case("G07", ["XML1.NGAY_SINH": "200903040000"], ["G07"]),
    Case("G07", ["XML1.NGAY_SINH": "200900000000"]),
    Case("G09", ["XML9[1].NGAYCAP_CCCD_NND": "20250307"], from: "G09"),
    Case("G09", ["XML9[1].NGAYCAP_CCCD_NND": "20250308"], ["G09"], from: "G09"),
    Case("G10", ["XML9[1].NGAY_SINH_CON": "202503061000"], from: "G10"),
    Case("G10", ["XML9[1].NGAY_SINH_CON": "202503061001"], ["G10"], from: "G10", severity: "warn"),
    Case("G11", ["XML9[1].SINHCON_DUOI32TUAN": "1"], ["G11"], from: "G11"),
    Case("G12", ["XML10[1].SO_NGAY": "179"], ["G12"], from: "G12", severity: "warn"),
    Case("G12", ["XML10[1].SO_NGAY": "181", "XML10[1].DEN_NGAY": "20250831"], ["G12"], from: "G12", severity: "error"),
    Case("G13", ["XML10[1].CHAN_DOAN_RV": "Thai 20 tuần"], ["G13"], from: "G13"),
    Case("G14", ["XML11[1].TU_NGAY": "20250227", "XML11[1].DEN_NGAY": "20250302"], ["G14"], from: "G14"),
    Case("G14", ["XML11[1].TU_NGAY": "20250228", "XML11[1].DEN_NGAY": "20250303"], from: "G14"),
    Case("G15", ["XML11[1].SO_NGAY_NGHI": "0"], ["G15"], from: "G15"),
    Case("G15", ["XML1.MA_BENH_KT": "A15.0", "XML11[1].SO_NGAY_NGHI": "180"], ["D10"], from: "G15"),
    Case("G15", ["XML1.MA_BENH_KT": "A15.0", "XML11[1].SO_NGAY_NGHI": "181"], ["D10", "G15"], from: "G15"),
    Case("G17", ["XML1.NGAY_SINH": "201803040000"], ["G17"], from: "G17"),
    Case("G18", ["XML13[1].MA_CSKCB_DEN": "48001"], ["G18"], from: "G18"),
    Case("G18", ["XML13[1].MA_LYDO_CT": "3"], ["G18"], from: "G18", severity: "warn"),
    Case(
      "G19", ["XML1.NGAY_TAI_KHAM": "20250306", "XML14[1].NGAY_HEN_KL": "20250306"], ["G19"], from: "G19",
      severity: "warn"),
    Case("G22", ["XML3[3].MA_KHOA": "K30"]),
    Case("G24", ["XML15[1].NGAYKT_DTRI_LAO": ""], from: "G24"),
    Case("G26", ["XML0[1].MA_THUOC": "", "XML0[1].TEN_THUOC": ""], ["G26"], from: "G26"),
    Case(
      "G26",
      ["XML0[1].MA_THUOC": "", "XML0[1].TEN_THUOC": "", "XML0[1].NGAY_VAO_NOI_TRU": "", "XML0[1].LY_DO_VNT": ""],
      from: "G26"),
  ]

  @Test(arguments: fields + dates + presence + money + papers) func edge(_ edge: Case) throws {
    let examples = try Examples.shared.get()
    var sample = examples.base
    if let (code, refused) = edge.from {
      let entry = try examples.entry(code)
      sample = sample.with(refused ? entry.refused : entry.accepted)
    }
    let found = try sample.changed(edge.example).findings()
    #expect(
      Set(found.map(\.code.description)) == Set(edge.expected),
      "\(found.map { "\($0.code) \($0.table ?? "") \($0.row) \($0.field ?? "")" })")
    if let severity = edge.severity {
      #expect(found.allSatisfy { $0.severity.name == severity })
    }
  }

  /// Accompanying diseases are counted, empty parts are not.
  @Test func twelveDiseasesAndAnEmptyPartAreTwelve() throws {
    let base = try Examples.shared.get().base
    let twelve = (10..<22).map { "I\($0)" }.joined(separator: ";")
    #expect(try base.changed(["XML1.MA_BENH_KT": twelve + "; "]).codes() == [])
    #expect(try base.changed(["XML1.MA_BENH_KT": twelve + ";I30"]).codes() == ["B17"])
  }

  /// A wrong product is larger than any amount: it is not judged, and nothing stops.
  @Test func hugeAmountsAreNotJudged() throws {
    let base = try Examples.shared.get().base
    let huge = base.changed([
      "XML2[1].SO_LUONG": "99999999999999", "XML2[1].DON_GIA": "99999999999999", "XML1.T_TONGCHI_BV": "99999999999999",
      "XML2[2].THANH_TIEN_BV": "99999999999999", "XML2[2].T_BHTT": "-99999999999999",
    ])
    let codes = try huge.codes()
    #expect(!codes.contains("E02"))
    #expect(codes.contains("B04"))
  }

  /// Ten faults in four tables are ten findings of ten rules; the money ones say by how much, none carries a value.
  @Test func tenFaultsAreTenFindings() throws {
    let base = try Examples.shared.get().base
    let broken = base.changed([
      "XML1.MA_KHUVUC": "K4", "XML1.THANG_QT": "13", "XML1.MA_NOI_DI": "48002", "XML2[1].NGUON_CTRA": "5",
      "XML2[1].NGAY_TH_YL": "202503030959", "XML2[1].T_NGUONKHAC_CL": "100.00", "XML3[2].MA_GIUONG": "H01",
      "XML3[3].MA_MAY": "", "XML3[4].TAI_SU_DUNG": "0", "XML7.MA_YTE": "BN000002",
    ])
    let found = try broken.findings()
    #expect(
      found.map(\.code.description).sorted()
        == ["B15", "B19", "B22", "B26", "B30", "C10", "D18", "E05", "G03", "G20"])
    #expect(Set(found.compactMap(\.table)).count == 4)
    #expect(found.first { $0.code == .E05 }?.difference == -1_000_000)
  }
}
