import Bytes
import Testing

@Suite struct DecimalTests {
  @Test(arguments: [
    ("0", 0, 0), ("12.000", 120_000, 3), ("1234.5", 12_345_000, 1), ("-0.01", -100, 2), ("0007", 70_000, 0),
    ("99999999999999.9999", 999_999_999_999_999_999, 4), ("0.12340", 1234, 5),
  ])
  func reads(text: String, units: Int64, decimals: Int) throws {
    let reading = try Decimal4.read(Array(text.utf8).span).get()
    #expect(reading.value.units == units)
    #expect(reading.decimals == decimals)
    #expect(reading.isExact)
  }

  @Test func tellsWhenDigitsAreCut() throws {
    let reading = try Decimal4.read(Array("1.00001".utf8).span).get()
    #expect(reading.value.units == 10_000)
    #expect(!reading.isExact)
  }

  @Test(arguments: ["1,5", "1.000,00", ".5", "5.", "+1", "1e3", " 1", "--1", "-", "NaN", "١"])
  func refuses(text: String) {
    let bytes = Array(text.utf8)
    #expect(throws: Decimal4.Fault.notANumber) { try Decimal4.read(bytes.span).get() }
  }

  @Test(arguments: ["100000000000000", "-100000000000000", "99999999999999999999999999999999"])
  func refusesWhatTheWarehouseCannotHold(text: String) {
    let bytes = Array(text.utf8)
    #expect(throws: Decimal4.Fault.tooLarge) { try Decimal4.read(bytes.span).get() }
  }

  @Test(arguments: [(0, "0"), (-100, "-0.01"), (12_345_000, "1234.5"), (120_000, "12")])
  func prints(units: Int64, text: String) {
    #expect(Decimal4(units: units).description == text)
  }
}

@Suite struct CivilDateTests {
  @Test(arguments: [
    ("19700101", 0), ("20000229", 11_016), ("19691231", -1), ("00010101", -719_162), ("99991231", 2_932_896),
  ])
  func readsCompactDates(text: String, days: Int32) throws {
    let parsed = CivilDate(compact: Array(text.utf8).span)
    let date = try #require(parsed)
    #expect(date.daysSinceEpoch == days)
    let (year, month, day) = date.components
    #expect(CivilDate(year: year, month: month, day: day) == date)
  }

  @Test(arguments: [
    "20010229", "19000229", "20201301", "20200001", "20200100", "2020010", "202001011", "2020-1-1", "00000101", "",
  ])
  func refusesWhatIsNoDay(text: String) {
    let found = CivilDate(compact: Array(text.utf8).span)
    #expect(found == nil)
  }

  @Test(arguments: [("202503010000", "2025-03-01T00:00+07:00"), ("202412312359", "2024-12-31T23:59+07:00")])
  func readsMinutes(text: String, iso: String) {
    let found = CivilMinute(compact: Array(text.utf8).span)
    #expect(found?.description == iso)
  }

  @Test(arguments: ["202503012400", "202503010060", "20250301", "2025030100000"])
  func refusesWhatIsNoMinute(text: String) {
    let found = CivilMinute(compact: Array(text.utf8).span)
    #expect(found == nil)
  }

  @Test func knowsTheZone() {
    let found = CivilMinute(compact: Array("197001010700".utf8).span)
    #expect(found?.unixSeconds == 0)
  }

  @Test(arguments: [
    ("195000000000", BirthDate.Precision.year), ("195006150000", .day), ("195006150830", .minute), ("19500615", .day),
  ])
  func keepsThePrecisionOfBirthDates(text: String, precision: BirthDate.Precision) {
    let found = BirthDate(compact: Array(text.utf8).span)
    #expect(found?.precision == precision)
  }

  @Test(arguments: ["195006000000", "195000150000", "195000000830", "195013010000", "1950", "195006152400"])
  func refusesHalfKnownBirthDates(text: String) {
    let found = BirthDate(compact: Array(text.utf8).span)
    #expect(found == nil)
  }
}

@Suite struct TextTests {
  @Test(arguments: [
    ("Nguyễn Văn Mẫu", true), ("ASCII", true), ("Nguye\u{302}\u{303}n", false), ("đường – “x”", true),
  ])
  func knowsComposedText(text: String, surely: Bool) {
    let found = Text.isSurelyComposed(Array(text.utf8).span)
    #expect(found == surely)
  }

  @Test func composes() {
    let composed = Text.composed(Array("Nguye\u{302}\u{303}n".utf8).span)
    #expect(String(decoding: composed, as: UTF8.self).unicodeScalars.count == 6)
  }

  /// «Surely composed» is never said of text that NFC would change, for every scalar of the planes in use.
  @Test func neverTakesDecomposedTextForComposed() {
    for value in UInt32(0x80)...0x2FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let bytes = Array(String(Character(scalar)).utf8)
      if Text.isSurelyComposed(bytes.span) {
        let composed = Text.composed(bytes.span)
        #expect(composed == bytes, "U+\(String(value, radix: 16))")
      }
    }
  }

  @Test(
    arguments: [
      ([0x41, 0xC0, 0xAF], 1), ([0xED, 0xA0, 0x80], 0), ([0xF4, 0x90, 0x80, 0x80], 0), ([0x41, 0xE1, 0xBB], 1),
    ] as [([UInt8], Int)])
  func namesTheFirstInvalidByte(bytes: [UInt8], offset: Int) {
    let found = Text.firstInvalidUTF8(bytes.span)
    #expect(found == offset)
  }

  @Test func acceptsValidUTF8() {
    let found = Text.firstInvalidUTF8(Array("Đà Nẵng 𠀀 ✓".utf8).span)
    #expect(found == nil)
  }
}

@Suite struct NameTableTests {
  @Test func findsEveryNameAndNoOther() {
    let names = (0..<300).map { "TEN_COT_\($0)" }
    let table = NameTable(names)
    for (number, name) in names.enumerated() { #expect(table.number(of: name) == number) }
    #expect(table.number(of: "TEN_COT") == nil)
    #expect(table.number(of: "") == nil)
  }
}
