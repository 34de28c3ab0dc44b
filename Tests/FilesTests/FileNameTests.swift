import Files
import Testing

@Suite struct FileNameTests {
  @Test(arguments: [
    "a", "0", "_", "XML_48001.xml", "a.part.xml", "a..b", "apart", "part",
    String(repeating: "n", count: 128),
  ])
  func acceptsPlainNames(name: String) throws {
    #expect(try FileName(name).text == name)
  }

  @Test(
    arguments: [
      ("", .empty), (String(repeating: "n", count: 129), .tooLong(byteCount: 129)), (".", .leadingDot),
      ("..", .leadingDot), (".part", .leadingDot), ("-rf", .leadingDash), ("a.part", .unfinished),
      ("a/b", .forbiddenByte(offset: 1)), ("a b", .forbiddenByte(offset: 1)), ("a\0", .forbiddenByte(offset: 1)),
      ("a\n", .forbiddenByte(offset: 1)), ("xương.xml", .forbiddenByte(offset: 1)), ("a~", .forbiddenByte(offset: 1)),
    ] as [(String, FileName.Flaw)])
  func refusesOtherNamesWithTheReason(name: String, flaw: FileName.Flaw) {
    #expect(throws: flaw) { try FileName(name) }
  }

  @Test func refusesBytesThatAreNotText() {
    #expect(throws: FileName.Flaw.forbiddenByte(offset: 1)) { try FileName([0x61, 0xFF]) }
  }

  /// Every byte but the 65 allowed ones is refused, wherever it stands.
  @Test func allowsSixtyFiveBytes() {
    let allowed = (0...UInt8.max).filter { (try? FileName([0x61, $0])) != nil }
    #expect(allowed.count == 65)
  }

  @Test func printsNoName() throws {
    let name = try FileName("NguyenVanMau.xml")
    #expect(!"\(name) \(String(reflecting: name)) \([name])".contains("Nguyen"))
    var dumped = ""
    dump(name, to: &dumped)
    #expect(!dumped.contains("Nguyen"))
  }

  @Test func hashesAreReadAndWrittenAsHexadecimal() throws {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    #expect(ContentHash([]).hex == empty)
    #expect(try #require(ContentHash(hex: empty)).hex == empty)
    for wrong in [String(empty.dropLast()), empty + "0", empty.uppercased(), "g" + empty.dropFirst()] {
      #expect(ContentHash(hex: wrong) == nil)
    }
    #expect(FileName(ContentHash([]), suffix: ".zst").text == empty + ".zst")
  }
}
