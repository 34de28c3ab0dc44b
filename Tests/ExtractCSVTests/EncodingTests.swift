import Records
import Testing

@testable import ExtractCSV

/// Every letter of Vietnamese, with every tone, small and capital.
private let alphabet =
  "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"

/// What an encoding can say of the alphabet.
private func letters(_ encoding: TextEncoding) -> String {
  switch encoding {
  case .ascii: "The quick brown fox: ~!@#$%^&*()_+"
  case .windows1252: "naïve façade, Ærø: ½ € “quoted” – ÿ"
  case .tcvn3: alphabet + "ĂÂÊÔƠƯĐ"
  default: alphabet + alphabet.uppercased()
  }
}

func encode(_ text: String, _ encoding: TextEncoding) throws -> [UInt8] {
  switch encoding {
  case .utf8: return Array(text.utf8)
  case .utf16LE: return text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
  case .utf16BE: return text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
  default: return try #require(LetterTable.of(encoding)?.encode(text), "\(encoding) cannot write this")
  }
}

@Suite struct EncodingTests {
  @Test(arguments: TextEncoding.allCases, [1, 2, 3, 4096])
  func readsEveryLetterComposed(_ encoding: TextEncoding, piece: Int) throws {
    let text = letters(encoding).replacing("“quoted”", with: "“‘…’”")
    let bytes = try encode("a;b\r\n\(text);\"x;\"\"\(text)\"\"\"\r\n\(text);\n", encoding)
    let seen = try read(bytes, ["a", "b"], encoding: encoding, piece: piece) { $0.delimiter = UInt8(ascii: ";") }
    #expect(seen.refusal == nil)
    let first = "a;b\r\n"
    #expect(
      seen.rows().map { $0.map { $0.map { Array($0.unicodeScalars) } } }
        == [[text, "x;\"\(text)\""], [text, ""]].map { $0.map { Array($0.unicodeScalars) } })
    #expect(seen.dossiers[0].byteOffset == (try encode(first, encoding)).count)
    #expect(seen.dossiers.map(\.sizeInBytes).reduce(seen.dossiers[0].byteOffset, +) == bytes.count)
  }

  /// Written by hand from the tables that converters and fonts agree on.
  @Test(arguments: [
    (TextEncoding.tcvn3, "B\u{D6}nh vi\u{D6}n \u{A7}\u{B5} N\u{BD}ng", "Bệnh viện Đà Nẵng"),
    (.tcvn3, "Tr\u{C7}n Th\u{DE} M\u{FC} D\u{AC}\u{AC}ng", "Trần Thị Mỹ Dơơng"),
    (.tcvn3, "nh\u{E2} \u{AD}\u{F8}t \u{AE}\u{CB}m", "nhõ ưứt đậm"),
    (.vni, "Beänh vieän \u{D1}aø Naüng", "Bệnh viện Đà Nẵng"),
    (.vni, "Nguyeãn Th\u{F2} H\u{F4}\u{EF}p, tr\u{F6}\u{F4}øng, kyõ", "Nguyễn Thị Hợp, trường, kỹ"),
    (.vni, "LÖÔÏNG \u{CE} \u{C6} aÙ", "LƯỢNG Ỵ Ỉ á"),
    (.windows1258, "B\u{EA}\u{F2}nh vi\u{EA}\u{F2}n \u{D0}a\u{CC} N\u{E3}\u{DE}ng", "Bệnh viện Đà Nẵng"),
    (.windows1258, "Tr\u{E2}\u{CC}n, \u{FD}\u{F5}\u{CC}ng, \u{E1} \u{FE}", "Trần, ường, á ₫"),
  ])
  func readsKnownBytes(_ encoding: TextEncoding, latin1: String, text: String) throws {
    let bytes = latin1.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let seen = try read(Array("a\n".utf8) + bytes, ["a"], encoding: encoding) { $0.delimiter = 0x3B }
    #expect(seen.rows().first?[0].map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
  }

  @Test(arguments: [TextEncoding.utf16LE, .utf16BE, .utf8], [1, 5, 4096])
  func believesAByteOrderMark(_ encoding: TextEncoding, piece: Int) throws {
    let bytes = try encode("\u{FEFF}a,b\nệ,𝄞\n1,2\n", encoding)
    let seen = try read(bytes, ["a", "b"], piece: piece)
    #expect(seen.rows() == [["ệ", "𝄞"], ["1", "2"]])
    #expect(seen.encoding == encoding.name)
    #expect(seen.dossiers[1].byteOffset + seen.dossiers[1].sizeInBytes == bytes.count)
  }

  @Test func believesTheFeedBeforeTheMark() throws {
    let bytes = try encode("\u{FEFF}a\n1\n", .utf16LE)
    #expect(try read(bytes, ["a"], encoding: .utf8).refusedAt == 0)
    #expect(
      try read(Array("\u{FEFF}a\n1\n".utf8), ["a"], required: ["a"], encoding: .windows1252).refusal
        == "T05 t.a found 1")
  }

  /// The first byte that cannot be read, and the rows before it.
  @Test(
    arguments: [
      ("a,b\n1,2\n3,\u{FF}\n", nil, 10, 1), ("a,b\n1,2\n3,\u{C3}", nil, 10, 1),
      ("a,b\n\u{E1}\u{BB},2\n3,4\n", nil, 4, 0),
      ("a,b\n1,2\n\u{C0}\u{80},\n", nil, 8, 1), ("a,b\n\u{ED}\u{A0}\u{80},\n", nil, 4, 0),
      ("a\u{E9},b\n1,2\n", .ascii, 1, 0),
      ("a,b\n1,\u{81}\n", .windows1252, 6, 0), ("a,b\n1,\u{8A}\n", .windows1258, 6, 0),
      ("a,b\n1,2\n\u{C1},\n", .tcvn3, 8, 1),
      ("a,b\n1,2\na\u{F9},b\u{F9}\n", .vni, 12, 1), ("a,b\n1,a\u{F9}\u{F9}\n", .vni, 8, 0),
    ] as [(String, TextEncoding?, Int, Int)], [1, 2, 4096])
  func namesTheFirstUnreadableByte(_ one: (latin1: String, encoding: TextEncoding?, place: Int, rows: Int), piece: Int)
    throws
  {
    let bytes = one.latin1.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let seen = try read(bytes, ["a", "b"], encoding: one.encoding, piece: piece)
    #expect(seen.refusal?.hasPrefix("T07 \((one.encoding ?? .utf8).rawValue)") == true)
    #expect(seen.refusedAt == Int64(one.place))
    #expect(seen.dossiers.count == one.rows)
  }

  @Test(arguments: [1, 4096])
  func refusesHalfSurrogates(piece: Int) throws {
    var bytes = try encode("a\n1\n", .utf16LE)
    for bad in [[0x00, 0xDC, 0x31, 0x00], [0x34, 0xD8, 0x31, 0x00], [0x34, 0xD8], [0x31]] as [[UInt8]] {
      let seen = try read(bytes + bad, ["a"], encoding: .utf16LE, piece: piece)
      #expect(seen.refusal == "T07 utf-16le" && seen.refusedAt == 8)
      #expect(seen.dossiers.count == 1)
    }
    bytes += [0x31, 0]
    #expect(try read(bytes, ["a"], encoding: .utf16LE, piece: piece).rows() == [["1"], ["1"]])
  }

  @Test func refusesUTF16WithoutItsMark() throws {
    #expect(try read(encode("a,b\n1,2\n", .utf16LE), ["a", "b"]).refusal == "T07 utf-8")
  }

  private static let sentence = "Bệnh nhân Nguyễn Thị Mỹ Hạnh, trường hợp đặc biệt, Điều trị ở Đà Nẵng"

  /// Exactly one candidate reads the file; what it reads is right.
  @Test(arguments: [TextEncoding.utf8, .utf16LE, .utf16BE, .windows1258, .tcvn3, .vni])
  func findsTheCandidateThatReadsTheFile(_ encoding: TextEncoding) throws {
    let text = "a;b\n" + String(repeating: "\(EncodingTests.sentence);1\n", count: 50)
    var candidates = TextEncoding.allCases.filter { $0 != .windows1252 }
    // VNI's letters are letters of windows-1258 too
    if encoding == .vni { candidates.removeAll { $0 == .windows1258 } }
    let bytes = try encode(text, encoding)
    let answer = try EncodingBelief.decide(MemoryStore(bytes), layout(candidates))
    #expect(answer == .certain(encoding))
    let seen = try readStore(bytes, candidates)
    #expect(seen.rows().count == 50 && seen.rows()[49] == [EncodingTests.sentence, "1"])
  }

  @Test func refusesWhatSeveralCandidatesRead() throws {
    let seen = try readStore(encode("a;b\nté;1\n", .windows1252), [.windows1252, .windows1258, .ascii])
    #expect(seen.refusal == "T09 windows-1252, windows-1258 found 2")
    #expect(seen.dossiers.isEmpty)
  }

  @Test func namesTheByteThatNoCandidateReads() throws {
    let seen = try readStore(Array("a;b\nt".utf8) + [0xE9, 0x3B, 0x81], [.windows1252, .ascii])
    #expect(seen.refusal == "T07 windows-1252" && seen.refusedAt == 7)
    let none = try readStore(Array("a;b\nt".utf8) + [0xE9], [])
    #expect(none.refusal == "T07 utf-8" && none.refusedAt == 5)
  }

  private func layout(_ candidates: [TextEncoding]) -> TabularLayout {
    var dialect = TabularDialect()
    dialect.delimiter = UInt8(ascii: ";")
    var layout = TabularLayout(files: [.init(table: "t", pattern: "", dialect: dialect)], root: "t")
    layout.encodingCandidates = candidates
    return layout
  }

  private func readStore(_ bytes: [UInt8], _ candidates: [TextEncoding]) throws -> SeenFile {
    let schema = SourceSchema(name: "test", tables: [table("t", ["a", "b"])])
    return try see(
      TabularReader(layout: layout(candidates), schema: schema, parts: [("t", MemoryStore(bytes))]), schema)
  }
}
