internal import Findings

/// Fields whose faults have a rule of their own: the general rules of the field check (B02, B15) stand back there, so that one fault is one
/// finding.
enum OwnRules {
  /// The code under which a value outside of its list is reported, in place of B15.
  static let listCodes: [String: FindingCode] = [
    "XML1.MA_KHUVUC": .B22, "XML1.MA_TAI_NAN": .B23, "XML3.MA_GIUONG": .B26, "XML2.VET_THUONG_TP": .B30,
    "XML3.VET_THUONG_TP": .B30, "XML3.TAI_SU_DUNG": .B30, "XML2.MA_NHOM": .D14, "XML3.MA_NHOM": .D15,
    "XML11.MAU_SO": .G16,
  ]

  /// Catalogues from outside that a rule of its own reads: B16 and B17, B27, B33.
  static func readsCatalogue(_ table: String, _ column: String, _ catalogue: String) -> Bool {
    switch catalogue {
    case "practitioner", "device": true
    case "icd10": column == "MA_BENH_CHINH" || column == "MA_BENH_KT"
    default: false
    }
  }

  /// Fields whose lack is reported by D12, D13, D17, D19, D20, D23, D25 or G26, in place of B02.
  static let required: Set<String> = [
    "XML0.MA_DICH_VU", "XML0.MA_THUOC", "XML0.MA_VAT_TU", "XML2.TT_THAU", "XML3.MA_DICH_VU", "XML3.MA_VAT_TU",
    "XML3.TEN_DICH_VU", "XML3.TEN_VAT_TU", "XML3.NGUOI_THUC_HIEN", "XML3.NGAY_TH_YL", "XML3.MA_XANG_DAU",
    "XML3.MA_GIUONG", "XML4.NGAY_KQ",
  ]
}
