import Bytes
import Testing

@testable import Synthesis

private func text(_ write: ((Span<UInt8>) -> Void) -> Void) -> [UInt8] {
  var bytes: [UInt8] = []
  write { piece in for i in piece.indices { bytes.append(piece[i]) } }
  return bytes
}

/// How often `part` stands in `bytes`.
private func occurrences(of part: String, in bytes: [UInt8]) -> Int {
  let part = Array(part.utf8)
  var count = 0
  var i = 0
  while i + part.count <= bytes.count {
    if bytes[i] == part[0] && bytes[i..<i + part.count].elementsEqual(part) { count += 1 }
    i += 1
  }
  return count
}

@Suite struct SampleGeneratorTests {
  @Test func sameSeedYieldsSameBytes() {
    let one = SampleGenerator(facility: "48001", seed: 7, faults: 0.1)
    let other = SampleGenerator(facility: "48001", seed: 7, faults: 0.1)
    #expect(text { one.write(file: 2, visits: 60, into: $0) } == text { other.write(file: 2, visits: 60, into: $0) })
  }

  /// Fixed once and for all: a change of this number is a change of every sample made so far.
  @Test func bytesDoNotDependOnTheMachine() {
    let generator = SampleGenerator(facility: "48001", seed: 1, faults: 0.1)
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text({ generator.write(file: 1, visits: 100, into: $0) }) {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    #expect(String(hash, radix: 16) == "65b2e1ffc50ed34a")
  }

  @Test(arguments: [("48002", UInt64(1), 1), ("48001", 2, 1), ("48001", 1, 2)])
  func anotherFacilitySeedOrFileYieldsOtherVisits(facility: String, seed: UInt64, file: Int) {
    let base = SampleGenerator(facility: "48001", seed: 1).visit(5)
    let other = SampleGenerator(facility: facility, seed: seed).visit(5, file: file)
    #expect(base.key != other.key)
    #expect(base.summary["HO_TEN"] != other.summary["HO_TEN"] || base.summary["NGAY_VAO"] != other.summary["NGAY_VAO"])
  }

  @Test func visitDoesNotDependOnTheLengthOfItsFile() {
    let generator = SampleGenerator(facility: "48001", seed: 3)
    let short = text { generator.write(file: 1, visits: 3, into: $0) }
    let long = text { generator.write(file: 1, visits: 9, into: $0) }
    let body = short.dropFirst(400).prefix(20_000)
    #expect(long.dropFirst(400).prefix(20_000) == body)
  }

  @Test func keysDifferAndHaveAtMostThirtyCharacters() {
    let generator = SampleGenerator(facility: "48001", seed: .max)
    var keys: Set<String> = []
    for file in [1, 9999] {
      for visit in 1...200 { keys.insert(generator.key(file: file, visit: visit)) }
      #expect(generator.key(file: file, visit: 50_000).utf8.count <= 30)
    }
    #expect(keys.count == 400)
  }

  @Test func everyRowHoldsTheFieldsOfItsTableInOrder() {
    let generator = SampleGenerator(facility: "48001", seed: 1)
    var seen: Set<String> = []
    for number in 1...1000 {
      for table in generator.visit(number).tables {
        #expect(table.name == table.layout.code)
        seen.insert(table.name)
        for row in table.rows { #expect(row.names == table.layout.fields) }
      }
    }
    #expect(seen == Set(QD3176.all.map(\.code)).subtracting(["XML0", "XML12"]))
  }

  /// Numbers of fields as the decisions count them.
  @Test func tablesHaveTheFieldsOfTheDecision() {
    let counts = [26, 66, 39, 47, 12, 9, 47, 26, 22, 35, 13, 23, 35, 37, 22, 20]
    #expect(QD3176.all.map(\.fields.count) == counts)
    for layout in QD3176.all { #expect(Set(layout.fields).count == layout.fields.count) }
    let older = [QD4210.xml1, QD4210.xml2, QD4210.xml3, QD4210.xml4, QD4210.xml5]
    #expect(older.map(\.fields.count) == [40, 27, 29, 10, 6])
  }

  @Test func thousandVisitsAreAboutTwentyFourMegabytesAndTwentyThousandRows() {
    let generator = SampleGenerator(facility: "48001", seed: 1)
    var size = 0
    let tally = generator.write(file: 1, visits: 1000) { size += $0.count }
    let rows = tally.rows.values.reduce(0, +)
    #expect((22_800_000...25_200_000).contains(size), "\(size) bytes")
    #expect((19_800...21_900).contains(rows), "\(rows) rows")
  }

  @Test func careEndsWithinTheMonthsAskedFor() throws {
    let until = try #require(CivilDate(year: 2025, month: 2, day: 10))
    let generator = SampleGenerator(facility: "48001", seed: 1, until: until, months: 3)
    for number in 1...300 {
      let day = generator.visit(number).summary["NGAY_RA"].prefix(8)
      #expect(day >= "20241201" && day <= "20250210")
    }
  }
}

@Suite struct VisitMoneyTests {
  /// Reads an amount as hundredths, with nothing of the generator's own arithmetic.
  private func hundredths(_ amount: String) throws -> Int64 {
    guard case .success(let reading) = Decimal4.read(Array(amount.utf8).span) else { throw Problem.notANumber(amount) }
    #expect(reading.value.units % 100 == 0)
    return reading.value.units / 100
  }

  private func tenThousandths(_ amount: String) throws -> Int64 {
    guard case .success(let reading) = Decimal4.read(Array(amount.utf8).span) else { throw Problem.notANumber(amount) }
    return reading.value.units
  }

  private enum Problem: Error { case notANumber(String) }

  /// Product of quantity, price and per cents in đồng × 10^-2, rounded half up.
  private func product(_ row: SampleRow, _ price: String, _ rates: [String]) throws -> Int64 {
    var exact = try Int128(tenThousandths(row["SO_LUONG"])) * Int128(tenThousandths(row[price]))
    var scale: Int128 = 1_000_000
    for rate in rates {
      exact *= try Int128(hundredths(row[rate]))
      scale *= 10_000
    }
    return Int64((exact * 2 + scale) / (scale * 2))
  }

  @Test func moneyAddsUp() throws {
    let generator = SampleGenerator(facility: "48002", seed: 11)
    for number in 1...400 {
      let visit = generator.visit(number)
      var sums: [String: Int64] = [:]
      for table in ["XML2", "XML3"] {
        for row in visit[table] {
          let total = try hundredths(row["THANH_TIEN_BV"])
          let insured = try hundredths(row["THANH_TIEN_BH"])
          if table == "XML2" {
            #expect(try product(row, "DON_GIA", []) == total)
            let share = try product(row, "DON_GIA", ["TYLE_TT_BH"])
            #expect(insured == (row["PHAM_VI"] == "2" ? 0 : share))
            sums["T_THUOC", default: 0] += total
          } else {
            #expect(try product(row, "DON_GIA_BV", ["TYLE_TT_DV"]) == total)
            #expect(try product(row, "DON_GIA_BH", ["TYLE_TT_DV", "TYLE_TT_BH"]) == insured)
            if ["10", "11"].contains(row["MA_NHOM"]) { sums["T_VTYT", default: 0] += total }
          }
          let parts = try ["T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC"].map { try hundredths(row[$0]) }
          #expect(parts.reduce(0, +) == total)
          #expect(parts.allSatisfy { $0 >= 0 })
          let claim = try (insured * Int64(hundredths(row["MUC_HUONG"])) + 5000) / 10_000
          #expect(parts[2] == claim && parts[1] == insured - claim)
          let support = try ["NSNN", "VTNN", "VTTN", "CL"].map { try hundredths(row["T_NGUONKHAC_" + $0]) }
          #expect(support.reduce(0, +) == parts[3])
          sums["T_TONGCHI_BV", default: 0] += total
          sums["T_TONGCHI_BH", default: 0] += insured
          for (name, amount) in zip(["T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC"], parts) {
            sums[name, default: 0] += amount
          }
          if row["MA_PTTT"] == "1" { sums["T_BHTT_GDV", default: 0] += parts[2] }
        }
      }
      for name in [
        "T_THUOC", "T_VTYT", "T_TONGCHI_BV", "T_TONGCHI_BH", "T_BNTT", "T_BNCCT", "T_BHTT", "T_NGUONKHAC", "T_BHTT_GDV",
      ] {
        #expect(try hundredths(visit.summary[name]) == sums[name] ?? 0, "\(name) of \(visit.key)")
      }
    }
  }

  /// Thousandths of a piece times thousandths of a đồng, in hundredths of a đồng; 1.005 đồng goes up, 1.004 down.
  @Test(arguments: [
    (Int64(1000), Int64(1_005), Int64(100), Int64(101), Int64(101)), (1000, 1_004, 100, 100, 100),
    (500, 86_250_500, 50, 4_312_525, 2_156_263), (3000, 0, 100, 0, 0),
  ])
  func amountsAreRoundedHalfUp(quantity: Int64, price: Int64, rate: Int64, total: Int64, insured: Int64) {
    let cost = Cost(quantity: quantity, price: price, insuredPrice: price, insuredRate: rate, benefit: 80)
    #expect(cost.total == total)
    #expect(cost.insured == insured)
    #expect(cost.total == cost.paidByPatient + cost.shared + cost.paidByInsurance)
  }
}

@Suite struct PlantedFaultTests {
  @Test func shareOfFaultsIsKept() {
    let tally = SampleGenerator(facility: "48001", seed: 1, faults: 0.05).write(file: 1, visits: 2000) { _ in }
    #expect(tally.planted.count == 100)
    #expect(SampleGenerator(facility: "48001", seed: 1).write(file: 1, visits: 50) { _ in }.planted.isEmpty)
  }

  @Test func everyKindTakesItsTurn() {
    let tally = SampleGenerator(facility: "48001", seed: 1, faults: 0.1).write(file: 1, visits: 1000) { _ in }
    #expect(Set(tally.planted.map(\.kind.name)) == Set(FaultKind.all.map(\.name)))
    #expect(Set(FaultKind.all.map(\.name)).count == FaultKind.all.count)
  }

  /// A fault changes the table and field it names, in the row it names.
  @Test(arguments: FaultKind.all.map(\.name))
  func faultStandsWhereItIsSaidToStand(name: String) throws {
    let kind = try #require(FaultKind.named(name))
    guard case .edit(let wish, _) = kind.recipe else { return }
    let generator = SampleGenerator(facility: "48001", seed: 4, faults: 1, faultKinds: [kind])
    for number in 1...20 {
      let clean = generator.visit(number, wish: wish)
      let (visit, fault) = generator.planted(number)
      let planted = try #require(fault)
      #expect(planted.key == clean.key)
      #expect(visit != clean)
      if planted.row > 0 {
        let before = clean[kind.table][planted.row - 1][kind.field]
        #expect(visit[kind.table][planted.row - 1][kind.field] != before)
      }
      let touched = Set(zip(visit.tables, clean.tables).filter { $0 != $1 }.map(\.0.name))
      if visit.tables.count == clean.tables.count { #expect(touched.contains(kind.table)) }
    }
  }

  @Test func copyIsTheSameVisitAgain() throws {
    let kind = try #require(FaultKind.named("copy"))
    let generator = SampleGenerator(facility: "48001", seed: 4, faults: 0.1, faultKinds: [kind])
    let (visit, fault) = generator.planted(20)
    let planted = try #require(fault)
    #expect(visit == generator.visit(planted.repeats))
    #expect((11...19).contains(planted.repeats))
    let tally = generator.write(file: 1, visits: 20) { _ in }
    #expect(tally.outcomes == [.accepted: 18, .duplicate: 2])
    #expect(tally.acceptedRows["XML1"] == 18 && tally.rows["XML1"] == 20)
  }

  @Test func revisionHasTheSameKeyAndAnotherPrice() throws {
    let kind = try #require(FaultKind.named("revision"))
    let generator = SampleGenerator(facility: "48001", seed: 4, faults: 0.1, faultKinds: [kind])
    let (visit, fault) = generator.planted(20)
    let planted = try #require(fault)
    let original = generator.visit(planted.repeats)
    #expect(visit.key == original.key)
    #expect(visit["XML3"][0]["DON_GIA_BV"] != original["XML3"][0]["DON_GIA_BV"])
    #expect(visit["XML2"] == original["XML2"])
    let tally = generator.write(file: 1, visits: 20) { _ in }
    #expect(tally.superseded == 2 && tally.currentRows["XML1"] == 18 && tally.acceptedRows["XML1"] == 20)
    let plain = SampleGenerator(facility: "48001", seed: 4)
    var total: Int64 = 0
    for number in 1...20 where number % 10 != 0 {
      total +=
        plain.write(file: 1, visits: number) { _ in }.currentTotalInHundredths
        - plain.write(file: 1, visits: number - 1) { _ in }.currentTotalInHundredths
    }
    // each of the two later versions costs 1,000 đồng more than the visit it replaces
    #expect(tally.currentTotalInHundredths == total + 200_000)
  }

  @Test func tallyCountsWhatWasWritten() {
    let generator = SampleGenerator(facility: "48001", seed: 9, faults: 0.2, shape: .inline)
    var tally = FileTally()
    let bytes = text { sink in tally = generator.write(file: 1, visits: 150, into: sink) }
    #expect(occurrences(of: "<HOSO>", in: bytes) == 150)
    #expect(tally.visits == 150)
    #expect(tally.outcomes.values.reduce(0, +) == 150)
    for (table, element) in [("XML2", "<CHI_TIET_THUOC>"), ("XML3", "<CHI_TIET_DVKT>"), ("XML4", "<CHI_TIET_CLS>")] {
      #expect(occurrences(of: element, in: bytes) == tally.rows[table])
    }
    for planted in tally.planted where planted.kind.name != "summary-missing" {
      #expect(occurrences(of: planted.key, in: bytes) > 0)
    }
    let rejected = tally.planted.count { $0.kind.outcome == .rejected }
    #expect(tally.outcomes[.rejected] == rejected)
    #expect((tally.rows["XML1"] ?? 0) > (tally.acceptedRows["XML1"] ?? 0))
  }

  @Test func manifestIsWrittenAsJSON() {
    let generator = SampleGenerator(
      facility: "48001", seed: 9, faults: 0.5, faultKinds: FaultKind.named("name-blank").map { [$0] } ?? [])
    let tally = generator.write(file: 1, visits: 2) { _ in }
    let json = tally.json(facility: "48001", seed: 9, files: 1)
    #expect(json.hasPrefix("{\n  \"facility\": \"48001\",\n  \"seed\": \"9\",\n  \"files\": 1,\n  \"visits\": 2,\n"))
    #expect(
      json.contains(
        """
            {"file": 1, "visit": 2, "key": "48001S9F1V00002", "kind": "name-blank", "table": "XML1", "row": 1, \
        "field": "HO_TEN", "codes": {"B01": 1}, "severity": "reject", "outcome": "rejected"}
        """))
  }
}

@Suite struct EnvelopeShapeTests {
  private func write(_ shape: EnvelopeShape) -> [UInt8] {
    let visit = SampleGenerator(facility: "48001", seed: 2).visit(1, wish: VisitWish(.inpatient))
    return text { visit.write(shape: shape, into: $0) }
  }

  private func inner(_ bytes: [UInt8]) throws -> [UInt8] {
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: "<NOIDUNGFILE>".utf8) }) + 13
    let end = try #require(bytes[start...].indices.first { bytes[$0...].starts(with: "</NOIDUNGFILE>".utf8) })
    return Array(bytes[start..<end])
  }

  @Test(arguments: EnvelopeShape.named.map(\.name))
  func everyShapeHoldsTheSameVisit(name: String) throws {
    let shape = try #require(EnvelopeShape.named.first { $0.name == name }).shape
    let bytes = write(shape)
    let invalid = Text.firstInvalidUTF8(bytes.span)
    #expect(invalid == nil)
    #expect(occurrences(of: "<FILEHOSO>", in: bytes) == occurrences(of: "<FILEHOSO>", in: write(.standard)))
    var content = try inner(bytes)
    if shape.isBase64 {
      var decoded: [UInt8] = []
      let layout = Base64.decode(content.span, onto: &decoded)
      if case .base64(let wanted) = shape.content { #expect(layout == wanted) }
      content = decoded
    }
    if !shape.summaryLast {
      #expect(occurrences(of: "TONG_HOP", in: content) == 2)
      #expect(occurrences(of: "HO_TEN", in: content) == 2)
    }
  }

  @Test func namedDetailsAreThere() throws {
    #expect(write(.marked).starts(with: [0xEF, 0xBB, 0xBF]))
    #expect(occurrences(of: "<SOLUONGHOSO>2<", in: write(.wrongCount)) == 1)
    #expect(occurrences(of: "<?xml", in: write(.inline)) == 1)
    #expect(occurrences(of: "<![CDATA[<?xml", in: write(.cdata)) > 3)
    let open = write(.openBlanks.with { $0.content = .inline })
    #expect(occurrences(of: "<DU_PHONG></DU_PHONG>", in: open) > 0)
    #expect(occurrences(of: "<DU_PHONG/>", in: open) == 0)
    let last = write(.summaryAtTheEnd)
    #expect(try #require(last.indices.last { last[$0...].starts(with: "<LOAIHOSO>".utf8) }) > last.count / 2)
    // a token of the clinical notes needs escaping
    #expect(occurrences(of: "CSST&lt;", in: write(.inline)) > 0)
  }

  @Test func editedVisitIsWrittenAsEdited() {
    var visit = SampleGenerator(facility: "48001", seed: 2).visit(1)
    visit.summary["HO_TEN"] = "A & B"
    visit["XML2"][0].remove("TEN_THUOC")
    visit["XML2"][0].append("MA_RIENG", "1")
    visit["XML3"] = []
    let bytes = text { visit.write(shape: .inline, into: $0) }
    #expect(occurrences(of: "<HO_TEN>A &amp; B</HO_TEN>", in: bytes) == 1)
    #expect(occurrences(of: "<TEN_THUOC>", in: bytes) == visit["XML2"].count - 1)
    #expect(occurrences(of: "<MA_RIENG>1</MA_RIENG>", in: bytes) == 1)
    #expect(occurrences(of: "<LOAIHOSO>XML3</LOAIHOSO>", in: bytes) == 0)
  }
}

@Suite struct OtherFilesTests {
  private let generator = SampleGenerator(facility: "48001", seed: 2, faults: 0.2)

  @Test func checkInFileHasItsRows() {
    let bytes = text { generator.writeCheckIn(rows: 40, into: $0) }
    #expect(occurrences(of: "<TRANG_THAI_KCB>", in: bytes) == 40)
    let visit = generator.visit(1)
    #expect(occurrences(of: visit.key, in: bytes) == 1)
    #expect(occurrences(of: "<MA_BN>\(visit.summary["MA_BN"])<", in: bytes) >= 1)
  }

  @Test func assessmentFileHasItsRows() {
    let bytes = text { generator.writeAssessment(rows: 12, into: $0) }
    #expect(occurrences(of: "<GIAM_DINH_Y_KHOA>", in: bytes) == 12)
  }

  @Test func olderEnvelopeUsesTheListAsRootAndWholeAmounts() {
    let bytes = text { generator.writeQD4210(visits: 10, into: $0) }
    #expect(occurrences(of: "<HOSO>", in: bytes) == 10)
    let visit = generator.visitOfQD4210(5)
    #expect(visit["XML2"][0].names == QD4210.xml2.fields)
    #expect(visit.tables[1].layout.root == "DSACH_CHI_TIET_THUOC")
    for row in visit["XML2"] + visit["XML3"] {
      for field in ["THANH_TIEN", "T_BHTT", "T_BNCCT", "T_BNTT"] {
        #expect(!row[field].utf8.contains(UInt8(ascii: ".")))
      }
    }
  }
}
