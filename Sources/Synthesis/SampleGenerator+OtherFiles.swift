internal import Bytes

extension SampleGenerator {
  /// Writes a check-in file (XML0) for the first faultless visits of file `number`.
  package func writeCheckIn<E: Error>(
    file number: Int = 1, rows count: Int, into sink: (Span<UInt8>) throws(E) -> Void
  ) throws(E) {
    var output = OutputBuffer()
    output.append(EnvelopeWriter.declaration)
    output.append("\n<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB>" as StaticString)
    var writer = EnvelopeWriter(shape: shape)
    var position = 0
    var place = 0
    while position < count && place < 1_000_000 {
      place += 1
      if isFaulty(visit: place) { continue }
      position += 1
      let row = VisitBuilder(self, file: number, number: place, wish: VisitWish()).checkInRow(position)
      writer.append(row, in: QD3176.xml0.row, onto: &output)
      if output.count >= SampleGenerator.pieceSize {
        try sink(output.bytes.span)
        output.removeAll()
      }
    }
    output.append("</DSACH_TRANG_THAI_KCB><CHUKYDONVI/></CHI_TIEU_TRANG_THAI_KCB>\n" as StaticString)
    try sink(output.bytes.span)
  }

  /// Writes a file of medical assessments (XML12); the list element is its root, since no source names another.
  package func writeAssessment<E: Error>(rows count: Int, into sink: (Span<UInt8>) throws(E) -> Void) throws(E) {
    var table = SampleTable(QD3176.xml12)
    for position in stride(from: 1, through: count, by: 1) { table.rows.append(assessmentRow(position)) }
    var output = OutputBuffer()
    output.append(EnvelopeWriter.declaration)
    output.append("\n" as StaticString)
    var writer = EnvelopeWriter(shape: shape)
    writer.appendRows(table, onto: &output)
    output.append("\n" as StaticString)
    try sink(output.bytes.span)
  }

  private func assessmentRow(_ position: Int) -> SampleRow {
    var dice = dice(file: 0, visit: position, salt: 12)
    let person = Person(
      &dice, age: .adult, isFemale: nil, number: 900_000_000 + position, facility: facilityNumber, before: firstDay)
    let met = firstDay + dice.below(until - firstDay + 1)
    let old = dice.within(0...3) * 10
    let new = dice.within(11...61)
    let isDisabled = dice.chance(150)
    let isCombined = !isDisabled && old > 0
    let issued = Digits.date(met + -1500)
    let chair = Person.name(&dice, isFemale: false)
    let citizenNumber = person.citizenNumber.isEmpty ? "C9" + person.number.suffix(6) : person.citizenNumber
    let subject = isDisabled ? "NKT" : isCombined ? "TH" : dice.pick(["TNLĐ", "BNN", "KNLĐH", "TB;CĐHH"])
    let sum = String(isCombined ? new + old / 2 : new)
    let who: [String] = [
      chair, dice.pick(["1", "2"]), Digits.date(met), person.name, Digits.date(person.birthDay), citizenNumber, issued,
      "Cục Cảnh sát Mẫu", person.address, "48", "499", person.commune, person.insuranceNumber, person.card, "Công nhân",
      "0000" + person.number.suffix(6),
    ]
    let what: [String] = [
      subject, isCombined ? "8" : "1", "BB\(position)/2025", isCombined ? String(old) : "", isCombined ? "4" : "7",
      Digits.date(met), "GT\(position)/2025", Digits.date(met + -20), "DV48", person.employer,
      "Sức khỏe hiện tại ổn định, hạn chế vận động khớp.", "Thông tư Mẫu 01", String(new), sum, isDisabled ? "1" : "",
      isDisabled ? "2" : "", "Hưởng chế độ theo quy định", "Tự phục vụ được trong sinh hoạt", "",
    ]
    return SampleRow(QD3176.xml12, who + what)
  }

  /// Writes an envelope of the predecessor QĐ 4210 with XML1 to XML5; care ends on 28 June 2024 at the latest, amounts are whole đồng.
  package func writeQD4210<E: Error>(
    file number: Int = 1, visits count: Int, into sink: (Span<UInt8>) throws(E) -> Void
  ) throws(E) {
    let limit = CivilDate(daysSinceEpoch: 19_902)
    let older = SampleGenerator(facility: facility, seed: seed, until: min(until, limit), months: 3, shape: shape)
    var writer = EnvelopeWriter(shape: shape)
    var output = OutputBuffer()
    writer.start(facility: facility, day: older.until, dossiers: count, onto: &output)
    for place in stride(from: 1, through: count, by: 1) {
      writer.append(older.visitOfQD4210(place, file: number), onto: &output)
      try sink(output.bytes.span)
      output.removeAll()
    }
    writer.end(onto: &output)
    try sink(output.bytes.span)
  }

  /// One visit with the tables and fields of QĐ 4210.
  package func visitOfQD4210(_ number: Int, file: Int = 1) -> Visit {
    let form: CareForm = number % 5 == 0 ? .inpatient : number % 5 == 1 ? .chronic : .examination
    let wish = VisitWish(form) {
      $0.special = SpecialCase.none
      $0.isPlain = true
      $0.isReferred = false
      $0.hasAppointment = false
      $0.usesWholeAmounts = true
    }
    let visit = visit(number, file: file, wish: wish)
    let summary = visit.summary
    var tables: [SampleTable] = []
    for layout in [QD4210.xml1, QD4210.xml2, QD4210.xml3, QD4210.xml4, QD4210.xml5] {
      let rows = visit[layout.code].map { row in
        SampleRow(layout, layout.fields.map { SampleGenerator.valueOfQD4210($0, layout.code, row, summary) })
      }
      if !rows.isEmpty { tables.append(SampleTable(layout, rows: rows)) }
    }
    return Visit(facility: facility, key: visit.key, tables: tables)
  }

  private static func valueOfQD4210(_ field: String, _ table: String, _ row: SampleRow, _ summary: SampleRow) -> String
  {
    switch (table, field) {
    case ("XML1", "MA_THE"): row["MA_THE_BHYT"]
    case ("XML1", "MIEN_CUNG_CT"): row["NGAY_MIEN_CCT"]
    case ("XML1", "TEN_BENH"): row["CHAN_DOAN_RV"]
    case ("XML1", "MA_BENH"): row["MA_BENH_CHINH"]
    case ("XML1", "MA_BENHKHAC"): row["MA_BENH_KT"]
    case ("XML1", "MA_LYDO_VVIEN"): row["MA_DOITUONG_KCB"] == "2" ? "2" : "1"
    case ("XML1", "MA_NOI_CHUYEN"): row["MA_NOI_DI"]
    case ("XML1", "TINH_TRANG_RV"): row["MA_LOAI_RV"]
    case ("XML1", "T_TONGCHI"): row["T_TONGCHI_BV"]
    case ("XML1", "MA_LOAI_KCB"): row["MA_LOAI_KCB"] == "05" ? "2" : String(row["MA_LOAI_KCB"].suffix(1))
    case (_, "T_NGOAIDS"): "0"
    case (_, "THANH_TIEN"): row["THANH_TIEN_BV"]
    case (_, "TYLE_TT"): row["TYLE_TT_BH"]
    case ("XML3", "DON_GIA"): row["DON_GIA_BV"]
    case ("XML2", "MA_BENH"): summary["MA_BENH_CHINH"]
    case ("XML5", "DIEN_BIEN"): row["DIEN_BIEN_LS"]
    case ("XML5", "NGAY_YL"): row["THOI_DIEM_DBLS"]
    default: row[field]
    }
  }
}
