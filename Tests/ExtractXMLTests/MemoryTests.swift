import Bytes
import ExtractXML
import Records
import Testing

/// Memory does not depend on the size of the file.
@Suite struct MemoryTests {
  /// A source that says `visit` `count` times inside an envelope and never holds the file.
  static func stream(_ visit: [UInt8], count: Int) -> (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) ->
    Int
  {
    let head = Array("<GIAMDINHHS><THONGTINHOSO><SOLUONGHOSO>\(count)</SOLUONGHOSO><DANHSACHHOSO>".utf8)
    let tail = Array("</DANHSACHHOSO></THONGTINHOSO></GIAMDINHHS>".utf8)
    var number = -1
    var at = 0
    return { most, target in
      let before = target.count
      while target.count - before < most, number <= count {
        let text = number < 0 ? head : number < count ? visit : tail
        let taken = min(most - (target.count - before), text.count - at)
        target.append(contentsOf: text[at..<at + taken])
        at += taken
        if at == text.count { (at, number) = (0, number + 1) }
      }
      return target.count - before
    }
  }

  @Test(arguments: [(2_000, "Base64"), (2_000, "embedded"), (20_000, "empty")])
  func keepsTheWindowSmall(count: Int, form: String) throws {
    let visit: String
    switch form {
    case "Base64":
      visit = Sample.visit(
        Sample.file("XML1", Sample.base64(Sample.xml1, .lines(length: 64, carriageReturn: false, trailing: true))),
        Sample.file("XML2", Sample.base64(Sample.xml2)),
        Sample.file("XML18", Sample.base64(Array(repeating: 0x61, count: 12_000))))
    case "embedded": visit = Sample.visit(Sample.file("XML1", Sample.xml1), Sample.file("XML2", Sample.xml2))
    default: visit = "<HOSO/><!-- \(String(repeating: "a", count: 200)) -->\n"
    }
    let reader = EnvelopeReader(schemas: Tables.schemas, source: MemoryTests.stream(Array(visit.utf8), count: count))
    let dossier = Dossier()
    var visits = 0
    var largestText = 0
    while try reader.next(into: dossier) {
      visits += 1
      largestText = max(largestText, dossier.text.count)
    }
    #expect(visits == count && reader.facts.refusal == nil && reader.facts.findings.isEmpty)
    #expect(reader.largestWindow <= 3 * 256 * 1024)
    #expect(largestText < 64 * 1024)
  }

  /// Outside of dossiers nothing is held either.
  @Test func forgetsWhatStandsBetweenDossiers() throws {
    var pieces = 0
    let comment = Array("<!-- mau --><a>b</a>\n".utf8)
    let reader = EnvelopeReader(
      schemas: Tables.schemas,
      source: { most, target in
        pieces += 1
        switch pieces {
        case 1: target.append(contentsOf: "<GIAMDINHHS>".utf8)
        case 2..<200_000: target.append(contentsOf: comment)
        case 200_000: target.append(contentsOf: "</GIAMDINHHS>".utf8)
        default: return 0
        }
        return 1
      })
    #expect(try !reader.next(into: Dossier()))
    #expect(reader.facts.refusal == nil)
    #expect(reader.largestWindow <= 2 * 256 * 1024)
  }
}
