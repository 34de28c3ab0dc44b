/// Word lists that names, addresses and texts are put together from; whatever they yield is invented.
enum Lexicon {
  static let surnames = [
    "NGUYỄN", "TRẦN", "LÊ", "PHẠM", "HOÀNG", "HUỲNH", "PHAN", "VÕ", "ĐẶNG", "BÙI", "ĐỖ", "HỒ", "NGÔ", "DƯƠNG", "LÝ",
  ]
  static let middleNamesOfMen = ["VĂN", "HỮU", "ĐỨC", "CÔNG", "QUANG", "MINH"]
  static let middleNamesOfWomen = ["THỊ", "NGỌC", "THANH", "KIM", "MỸ"]
  /// Every name ends in this word, so that nobody takes it for a person's.
  static let lastWords = ["MẪU", "THỬ", "VÍ DỤ"]
  static let givenNamesOfMen = [
    "AN", "BÌNH", "CƯỜNG", "DŨNG", "HẢI", "HÙNG", "KHÁNH", "LONG", "NAM", "PHÚC", "SƠN", "TUẤN",
  ]
  static let givenNamesOfWomen = [
    "ÁNH", "CHI", "DUNG", "HÀ", "HƯƠNG", "LAN", "MAI", "NGA", "OANH", "PHƯƠNG", "TRANG", "YẾN",
  ]
  static let streets = ["Đường Mẫu", "Đường Số", "Kiệt", "Ngõ Thử", "Thôn Ví Dụ", "Tổ"]
  static let communes: [(code: String, name: String)] = [
    ("48901", "Phường Mẫu Đông"), ("48902", "Phường Mẫu Tây"), ("48903", "Phường Mẫu Nam"), ("48904", "Phường Mẫu Bắc"),
    ("48905", "Xã Thử An"), ("48906", "Xã Thử Bình"), ("48907", "Xã Thử Hòa"), ("48908", "Xã Thử Lộc"),
  ]
  static let ethnicGroups = ["01", "01", "01", "01", "01", "01", "01", "02", "07", "15"]
  static let occupations = ["00000", "23410", "51200", "52230", "61110", "71150", "83220", "91110"]
  static let employers = [
    "Công ty TNHH Mẫu Số Một", "Công ty cổ phần Ví Dụ", "Hợp tác xã Thử Nghiệm", "Trường Tiểu học Mẫu",
  ]
  static let bloodGroups = ["A+", "B+", "AB+", "O+", "O-"]
  static let notes = [
    "Người bệnh tỉnh, tiếp xúc tốt, da niêm mạc hồng, không phù.", "Người bệnh đỡ mệt, ăn uống được, ngủ được.",
    "Tim đều, phổi thông khí đều hai bên, không ran.", "Bụng mềm, không chướng, gan lách không sờ chạm.",
    "Không sốt, đại tiểu tiện bình thường, vận động tốt.", "Còn đau nhẹ, không khó thở, mạch quay rõ.",
    "Tiếp tục theo dõi và dùng thuốc theo y lệnh.", "Vết mổ khô, không rỉ dịch, không sưng nề.",
  ]
  static let courses = [
    "Bệnh khởi phát vài ngày trước khi đến khám, đã tự dùng thuốc tại nhà nhưng không đỡ nên vào viện.",
    "Bệnh diễn tiến từ từ, triệu chứng tăng dần, được người nhà đưa đến khám và nhập viện điều trị.",
    "Sau khi vào viện được làm xét nghiệm, chẩn đoán và điều trị theo phác đồ, tình trạng cải thiện dần.",
  ]
  static let advice = [
    "Uống thuốc theo đơn, tái khám khi có dấu hiệu bất thường.", "Nghỉ ngơi, ăn uống điều độ, uống đủ nước.",
    "Tái khám theo hẹn.",
  ]
}

/// What ails somebody.
struct Diagnosis: Sendable {
  enum Patients: Sendable { case everybody, adults, children, women, pregnant, oldMen }
  let code: String
  let name: String
  let sign: String
  let department: String
  var patients = Patients.everybody
  var isInjury = false
  var operation: Int?
  /// Traditional-medicine code.
  var traditional = ""
}

extension Diagnosis {
  static let seenOnce = [
    Diagnosis(code: "J00", name: "Viêm mũi họng cấp", sign: "Sốt, ho, chảy mũi", department: "K01"),
    Diagnosis(code: "J06.9", name: "Nhiễm khuẩn hô hấp trên cấp", sign: "Ho, đau họng", department: "K01"),
    Diagnosis(code: "J20.9", name: "Viêm phế quản cấp", sign: "Ho đờm, sốt", department: "K01"),
    Diagnosis(code: "K29.7", name: "Viêm dạ dày", sign: "Đau thượng vị", department: "K01", patients: .adults),
    Diagnosis(
      code: "K21.9", name: "Trào ngược dạ dày thực quản", sign: "Ợ chua, nóng rát", department: "K01", patients: .adults
    ),
    Diagnosis(code: "M54.5", name: "Đau cột sống thắt lưng", sign: "Đau lưng", department: "K01", patients: .adults),
    Diagnosis(code: "H10.9", name: "Viêm kết mạc", sign: "Đỏ mắt, ngứa mắt", department: "K01"),
    Diagnosis(code: "L20.9", name: "Viêm da cơ địa", sign: "Ngứa, mẩn đỏ", department: "K01"),
    Diagnosis(code: "R51", name: "Đau đầu", sign: "Đau đầu", department: "K01"),
    Diagnosis(code: "A09.9", name: "Viêm dạ dày ruột", sign: "Tiêu chảy, đau bụng", department: "K01"),
    Diagnosis(code: "J30.4", name: "Viêm mũi dị ứng", sign: "Hắt hơi, nghẹt mũi", department: "K01"),
    Diagnosis(
      code: "S61.0", name: "Vết thương ngón tay", sign: "Vết thương chảy máu", department: "K01", isInjury: true,
      operation: 3),
    Diagnosis(code: "S93.4", name: "Bong gân cổ chân", sign: "Đau, sưng cổ chân", department: "K01", isInjury: true),
    Diagnosis(code: "B01.9", name: "Thủy đậu", sign: "Sốt, nổi bóng nước", department: "K01", patients: .children),
    Diagnosis(code: "N76.0", name: "Viêm âm đạo cấp", sign: "Ra khí hư", department: "K01", patients: .women),
    Diagnosis(code: "N40", name: "Tăng sản tuyến tiền liệt", sign: "Tiểu khó", department: "K01", patients: .oldMen),
  ]
  static let chronic = [
    Diagnosis(
      code: "I10", name: "Tăng huyết áp vô căn", sign: "Tái khám tăng huyết áp", department: "K01", patients: .adults),
    Diagnosis(
      code: "E11.9", name: "Đái tháo đường típ 2", sign: "Tái khám đái tháo đường", department: "K01", patients: .adults
    ),
    Diagnosis(code: "E78.5", name: "Rối loạn lipid máu", sign: "Tái khám mỡ máu", department: "K01", patients: .adults),
    Diagnosis(
      code: "J44.9", name: "Bệnh phổi tắc nghẽn mạn tính", sign: "Khó thở khi gắng sức", department: "K01",
      patients: .adults),
    Diagnosis(code: "J45.9", name: "Hen phế quản", sign: "Khò khè về đêm", department: "K01"),
    Diagnosis(
      code: "I25.9", name: "Bệnh tim thiếu máu cục bộ mạn", sign: "Đau ngực nhẹ", department: "K01", patients: .adults),
  ]
  static let admitted = [
    Diagnosis(code: "J18.9", name: "Viêm phổi", sign: "Sốt cao, ho, khó thở", department: "K03"),
    Diagnosis(code: "A90", name: "Sốt xuất huyết Dengue", sign: "Sốt cao liên tục ngày thứ ba", department: "K11"),
    Diagnosis(
      code: "I50.0", name: "Suy tim sung huyết", sign: "Khó thở, phù chân", department: "K03", patients: .adults),
    Diagnosis(code: "I63.9", name: "Nhồi máu não", sign: "Yếu nửa người", department: "K03", patients: .adults),
    Diagnosis(code: "N20.1", name: "Sỏi niệu quản", sign: "Đau quặn hông lưng", department: "K19", patients: .adults),
    Diagnosis(code: "K35.8", name: "Viêm ruột thừa cấp", sign: "Đau hố chậu phải", department: "K19", operation: 0),
    Diagnosis(
      code: "K80.2", name: "Sỏi túi mật", sign: "Đau hạ sườn phải", department: "K19", patients: .adults, operation: 1),
    Diagnosis(
      code: "S82.2", name: "Gãy thân xương chày", sign: "Đau, biến dạng cẳng chân", department: "K19", isInjury: true,
      operation: 2),
  ]
  static let day = [
    Diagnosis(
      code: "M47.8", name: "Thoái hóa cột sống", sign: "Đau lưng lan xuống chân", department: "K16", patients: .adults,
      operation: 5, traditional: "U62.392"),
    Diagnosis(
      code: "I69.3", name: "Di chứng nhồi máu não", sign: "Yếu tay chân", department: "K16", patients: .adults,
      operation: 6,
      traditional: "U55.481"),
  ]
  static let birth = Diagnosis(
    code: "O80", name: "Đẻ thường một thai", sign: "Thai đủ tháng, chuyển dạ", department: "K27", patients: .pregnant)
  static let caesarean = Diagnosis(
    code: "O82", name: "Đẻ mổ một thai", sign: "Thai đủ tháng, vết mổ cũ", department: "K27", patients: .pregnant,
    operation: 4)
  static let threatened = Diagnosis(
    code: "O20.0", name: "Dọa sảy thai", sign: "Đau bụng, ra huyết âm đạo", department: "K01", patients: .pregnant)
  static let miscarriage = Diagnosis(
    code: "O02.1", name: "Thai chết lưu", sign: "Đau bụng, ra huyết âm đạo", department: "K27", patients: .pregnant,
    operation: 7)
  static let hiv = Diagnosis(
    code: "B20", name: "Bệnh HIV", sign: "Tái khám lĩnh thuốc ARV", department: "K11", patients: .adults)
  static let tuberculosis = Diagnosis(
    code: "A15.0", name: "Lao phổi", sign: "Ho kéo dài, sút cân", department: "K11", patients: .adults)
  /// Accompanying diseases, of either sex.
  static let accompanying: [(code: String, name: String)] = [
    ("I10", "Tăng huyết áp"), ("E11.9", "Đái tháo đường típ 2"), ("E78.5", "Rối loạn lipid máu"),
    ("K21.9", "Trào ngược dạ dày thực quản"), ("M81.9", "Loãng xương"), ("H25.9", "Đục thủy tinh thể tuổi già"),
    ("D64.9", "Thiếu máu"),
  ]
}

/// Something on a price list; prices in thousandths of a đồng.
struct Drug: Sendable {
  let code: String
  let name: String
  let unit: String
  let strength: String
  let route: String
  let form: String
  let use: String
  let registration: String
  let price: Int64
  var group = "4"
  var rate: Int64 = 100
}

extension Drug {
  static let oral = [
    oral("40.48", "Paracetamol Mẫu", "500mg", 412), oral("40.155", "Amoxicilin Mẫu", "500mg", 1_350),
    oral("40.219", "Azithromycin Mẫu", "250mg", 3_425), oral("40.678", "Omeprazol Mẫu", "20mg", 1_180),
    oral("40.30.501", "Diclofenac Mẫu", "50mg", 365), oral("40.540", "Amlodipin Mẫu", "5mg", 298),
    oral("40.559", "Losartan Mẫu", "50mg", 1_075), oral("40.807", "Metformin Mẫu", "850mg", 642),
    oral("40.549", "Atorvastatin Mẫu", "20mg", 1_499), oral("40.90", "Loratadin Mẫu", "10mg", 388),
    oral("40.1061", "Calci và vitamin D Mẫu", "500mg + 200IU", 1_260),
    oral("40.998", "Acetylcystein Mẫu", "200mg", 575),
    oral("40.800", "Gliclazid Mẫu", "30mg", 905), oral("40.519", "Bisoprolol Mẫu", "2,5mg", 735),
    Drug(
      code: "05C.37", name: "Cao ích mẫu Ví Dụ", unit: "Chai", strength: "125ml", route: "1.04", form: "Cao lỏng",
      use: "Uống sau ăn", registration: "VD-90015-21", price: 38_500_000),
    Drug(
      code: "40.736+40.744", name: "Men vi sinh Thử", unit: "Gói", strength: "1g", route: "1.01", form: "Bột",
      use: "Pha nước uống",
      registration: "QLSP-90016-20", price: 3_255_500, group: "6", rate: 50),
  ]
  static let injected = [
    injected("40.184", "Ceftriaxon Mẫu", "1g", 9_870, "Lọ"),
    injected("40.163", "Ampicilin Sulbactam Mẫu", "1,5g", 24_150, "Lọ"),
    injected("40.1011", "Glucose Mẫu", "5% 500ml", 8_925, "Chai"),
    injected("40.1021", "Natri clorid Mẫu", "0,9% 500ml", 7_560, "Chai"),
    injected("40.1017", "Ringer lactat Mẫu", "500ml", 7_665, "Chai"),
    injected("40.659", "Furosemid Mẫu", "20mg/2ml", 1_250, "Ống"),
    injected("40.679", "Pantoprazol Mẫu", "40mg", 12_400, "Lọ"),
    injected("40.48", "Paracetamol truyền Mẫu", "1g/100ml", 14_700, "Chai"),
    injected("40.775", "Methylprednisolon Mẫu", "40mg", 15_645, "Lọ"),
    injected("40.445", "Enoxaparin Mẫu", "4000IU", 69_930, "Bơm tiêm"),
    Drug(
      code: "40.1009", name: "Acid amin Thử", unit: "Chai", strength: "10% 250ml", route: "2.15",
      form: "Dung dịch truyền",
      use: "Truyền tĩnh mạch chậm", registration: "VN-90027-19", price: 86_250_500, group: "6", rate: 50),
  ]
  static let oxygen = Drug(
    code: "40.17", name: "Oxy y tế", unit: "Lít", strength: "99,6%", route: "5.01", form: "Khí hóa lỏng",
    use: "Thở qua gọng mũi",
    registration: "", price: 12_600)
  static let blood = Drug(
    code: "MAU.250.KT", name: "Khối hồng cầu 250 ml", unit: "Túi", strength: "250ml", route: "2.15",
    form: "Khối hồng cầu",
    use: "Truyền tĩnh mạch", registration: "", price: 856_000_000, group: "7")
  static let antiretroviral = Drug(
    code: "40.265", name: "Tenofovir Lamivudin Dolutegravir Mẫu", unit: "Viên", strength: "300mg + 300mg + 50mg",
    route: "1.01",
    form: "Viên nén", use: "Uống buổi tối", registration: "VN3-90040-20", price: 4_130_000)
  static let antituberculous = Drug(
    code: "40.290", name: "Rifampicin Isoniazid Mẫu", unit: "Viên", strength: "150mg + 100mg", route: "1.01",
    form: "Viên nén",
    use: "Uống lúc đói", registration: "VD-90041-20", price: 1_780_000)

  private static func oral(_ code: String, _ name: String, _ strength: String, _ price: Int64) -> Drug {
    Drug(
      code: code, name: name, unit: "Viên", strength: strength, route: "1.01", form: "Viên nén", use: "Uống sau ăn",
      registration: "VD-9\(price % 10_000)-21", price: price * 1000)
  }

  private static func injected(_ code: String, _ name: String, _ strength: String, _ price: Int64, _ unit: String)
    -> Drug
  {
    Drug(
      code: code, name: name, unit: unit, strength: strength, route: "2.10", form: "Dung dịch tiêm",
      use: "Tiêm, truyền tĩnh mạch",
      registration: "VN-9\(price % 10_000)-20", price: price * 1000)
  }
}

/// A laboratory panel with its indicators, or one imaging or function test with its texts.
struct Test: Sendable {
  struct Indicator: Sendable {
    let code: String
    let name: String
    let unit: String
    /// Bounds in tenths.
    let range: ClosedRange<Int>
  }
  let code: String
  let name: String
  /// MA_NHOM.
  let group: String
  /// Device group of MA_MAY.
  let device: String
  let price: Int64
  var indicators: [Indicator] = []
  var finding = ""
  var conclusion = ""
}

extension Test {
  static let laboratory = [
    Test(
      code: "22.0121.1369", name: "Tổng phân tích tế bào máu ngoại vi", group: "1", device: "HH", price: 49_700_000,
      indicators: [
        Indicator(code: "1.01", name: "WBC", unit: "G/L", range: 40...120),
        Indicator(code: "1.02", name: "RBC", unit: "T/L", range: 38...55),
        Indicator(code: "1.03", name: "HGB", unit: "g/L", range: 1050...1600),
        Indicator(code: "1.04", name: "HCT", unit: "L/L", range: 3...5),
        Indicator(code: "1.05", name: "PLT", unit: "G/L", range: 1500...4000),
        Indicator(code: "1.06", name: "NEUT", unit: "%", range: 450...750),
        Indicator(code: "1.07", name: "LYM", unit: "%", range: 200...400),
        Indicator(code: "1.08", name: "MCV", unit: "fL", range: 800...980),
      ]),
    Test(
      code: "23.0075.1494", name: "Định lượng Glucose máu", group: "1", device: "SH", price: 22_400_000,
      indicators: [Indicator(code: "2.01", name: "Glucose", unit: "mmol/L", range: 39...110)]),
    Test(
      code: "23.0051.1494", name: "Định lượng Creatinin máu", group: "1", device: "SH", price: 22_400_000,
      indicators: [Indicator(code: "2.02", name: "Creatinin", unit: "µmol/L", range: 450...1200)]),
    Test(
      code: "23.0020.1493", name: "Đo hoạt độ AST, ALT", group: "1", device: "SH", price: 44_800_000,
      indicators: [
        Indicator(code: "2.03", name: "AST", unit: "U/L", range: 150...600),
        Indicator(code: "2.04", name: "ALT", unit: "U/L", range: 120...650),
        Indicator(code: "2.12", name: "GGT", unit: "U/L", range: 100...550),
      ]),
    Test(
      code: "23.0058.1487", name: "Điện giải đồ", group: "1", device: "SH", price: 30_200_000,
      indicators: [
        Indicator(code: "2.05", name: "Na", unit: "mmol/L", range: 1340...1460),
        Indicator(code: "2.06", name: "K", unit: "mmol/L", range: 34...51),
        Indicator(code: "2.07", name: "Cl", unit: "mmol/L", range: 960...1070),
      ]),
    Test(
      code: "23.0206.1596", name: "Tổng phân tích nước tiểu", group: "1", device: "SH", price: 28_600_000,
      indicators: [
        Indicator(code: "3.01", name: "SG", unit: "", range: 10...10),
        Indicator(code: "3.02", name: "pH", unit: "", range: 50...80),
        Indicator(code: "3.03", name: "Protein niệu", unit: "g/L", range: 0...3),
        Indicator(code: "3.04", name: "Glucose niệu", unit: "mmol/L", range: 0...28),
        Indicator(code: "3.05", name: "Hồng cầu niệu", unit: "/µL", range: 0...250),
        Indicator(code: "3.06", name: "Bạch cầu niệu", unit: "/µL", range: 0...250),
      ]),
    Test(
      code: "23.0041.1506", name: "Bộ mỡ máu", group: "1", device: "SH", price: 107_600_000,
      indicators: [
        Indicator(code: "2.08", name: "Cholesterol", unit: "mmol/L", range: 38...65),
        Indicator(code: "2.09", name: "Triglycerid", unit: "mmol/L", range: 7...28),
        Indicator(code: "2.10", name: "HDL-C", unit: "mmol/L", range: 9...18),
        Indicator(code: "2.11", name: "LDL-C", unit: "mmol/L", range: 18...42),
      ]),
  ]
  static let imaging = [
    Test(
      code: "18.0119.0028", name: "Chụp X-quang ngực thẳng", group: "2", device: "XQ", price: 73_300_000,
      finding: "Bóng tim không to. Hai phổi sáng, góc sườn hoành hai bên nhọn.",
      conclusion: "Hình ảnh tim phổi bình thường."),
    Test(
      code: "18.0015.0001", name: "Siêu âm ổ bụng", group: "2", device: "SA", price: 58_600_000,
      finding: "Gan không to, nhu mô đều. Túi mật thành mỏng. Hai thận không ứ nước.",
      conclusion: "Chưa thấy bất thường."),
    Test(
      code: "18.0090.0028", name: "Chụp X-quang cột sống thắt lưng", group: "2", device: "XQ", price: 73_300_000,
      finding: "Gai xương thân đốt L3, L4. Khe đĩa đệm hẹp nhẹ < 3 mm.", conclusion: "Thoái hóa cột sống thắt lưng."),
    Test(
      code: "02.0085.1778", name: "Điện tim thường", group: "3", device: "ĐT", price: 39_900_000,
      finding: "Nhịp xoang đều 78 lần/phút, trục trung gian.", conclusion: "Điện tâm đồ trong giới hạn bình thường."),
  ]
}

/// An operation or procedure with the supplies it takes.
struct Operation: Sendable {
  let code: String
  let name: String
  /// MA_PTTT_QT (ICD-9-CM).
  let international: String
  /// MA_NHOM: 8 or 18.
  let group: String
  /// PP_VO_CAM.
  let anaesthesia: String
  let price: Int64
}

extension Operation {
  static let all = [
    Operation(
      code: "03.3327.0686", name: "Phẫu thuật nội soi cắt ruột thừa", international: "47.01", group: "8",
      anaesthesia: "1", price: 2_818_700_000),
    Operation(
      code: "03.4003.0473", name: "Phẫu thuật nội soi cắt túi mật", international: "51.23", group: "8",
      anaesthesia: "1", price: 3_431_900_000),
    Operation(
      code: "10.0775.0556", name: "Phẫu thuật kết hợp xương chày", international: "79.36", group: "8", anaesthesia: "2",
      price: 4_102_500_000),
    Operation(
      code: "03.3826.0216", name: "Khâu vết thương phần mềm", international: "86.59", group: "18", anaesthesia: "2",
      price: 194_700_000),
    Operation(
      code: "13.0007.0671", name: "Phẫu thuật lấy thai lần hai", international: "74.1", group: "8", anaesthesia: "2",
      price: 3_197_300_000),
    Operation(
      code: "08.0005.0230", name: "Điện châm", international: "93.35", group: "18", anaesthesia: "4", price: 78_300_000),
    Operation(
      code: "08.0483.0280", name: "Xoa bóp bấm huyệt", international: "93.12", group: "18", anaesthesia: "4",
      price: 76_000_000),
    Operation(
      code: "13.0155.0334", name: "Hút buồng tử cung", international: "69.59", group: "18", anaesthesia: "2",
      price: 236_500_000),
    Operation(
      code: "03.2387.0212", name: "Tiêm truyền tĩnh mạch", international: "99.18", group: "18", anaesthesia: "4",
      price: 15_100_000),
    Operation(
      code: "01.0006.0215", name: "Đặt catheter tĩnh mạch ngoại biên", international: "38.93", group: "18",
      anaesthesia: "4", price: 25_100_000),
  ]
}

struct Supply: Sendable {
  let code: String
  let name: String
  let unit: String
  let price: Int64
  var group = "10"
  var rate: Int64 = 100
}

extension Supply {
  static let small = [
    Supply(code: "N03.01.020.9001.000.0001", name: "Bơm tiêm 5 ml Mẫu", unit: "Cái", price: 651_000),
    Supply(code: "N03.02.070.9002.000.0002", name: "Kim luồn tĩnh mạch Mẫu", unit: "Cái", price: 3_486_000),
    Supply(code: "N03.05.010.9003.000.0003", name: "Dây truyền dịch Mẫu", unit: "Bộ", price: 4_452_500),
    Supply(code: "N02.01.010.9004.000.0004", name: "Băng cuộn y tế Mẫu", unit: "Cuộn", price: 1_155_000),
  ]
  static let surgical = [
    Supply(code: "N05.02.030.9005.000.0005", name: "Chỉ phẫu thuật tan Mẫu", unit: "Sợi", price: 42_315_750),
    Supply(code: "N03.03.040.9006.000.0006", name: "Kim gây tê tủy sống Mẫu", unit: "Cái", price: 18_900_000),
    Supply(
      code: "N07.06.040.9007.000.0007", name: "Nẹp vít xương Ví Dụ", unit: "Bộ", price: 2_835_000_000, group: "11",
      rate: 80),
  ]
}
