import Findings
import Records
import Testing

@testable import ExtractCSV

/// Each limit: the last value that is taken and the first that is not.
@Suite struct LimitTests {
  private static let long = Tokenizer.longestRow

  @Test(arguments: [false, true], [1 << 20, 3 << 20])
  func boundsRows(isQuoted: Bool, piece: Int) throws {
    func text(_ count: Int) -> String {
      isQuoted
        ? "a,b\n\"" + String(repeating: "x", count: count - 4) + "\",y\n"
        : "a,b\n" + String(repeating: "x", count: count - 2) + ",y\n"
    }
    let taken = try read(text(LimitTests.long), ["a", "b"], piece: piece)
    #expect(taken.refusal == nil && taken.dossiers[0].findings.isEmpty)
    #expect(taken.rows()[0][0]?.utf8.count == LimitTests.long - (isQuoted ? 4 : 2))
    let refused = try read(text(LimitTests.long + 1), ["a", "b"], piece: piece)
    #expect(refused.refusal == "T12 t limit 1048576" && refused.refusedAt == 4)
  }

  @Test(arguments: [7, 4096, .max])
  func endsAnOpenQuote(piece: Int) throws {
    let cut = try read("a,b\n1,2\n3,\"4\n5,6\n", ["a", "b"], piece: piece)
    #expect(cut.refusal == "T11 t limit 1048576" && cut.refusedAt == 8)
    #expect(cut.dossiers.count == 1)
    let endless = "a,b\n1,\"" + String(repeating: "2,3\n", count: 600_000)
    #expect(try read(endless, ["a", "b"], piece: max(piece, 4096)).refusal == "T11 t limit 1048576")
  }

  @Test(arguments: ["x", "x\u{20}", "\u{2028}"])
  func endsATextWithoutLineEnds(unit: String) throws {
    let text = String(repeating: unit, count: LimitTests.long * 2 / unit.utf8.count)
    #expect(try read(text, ["a"]).refusal == "T12 t limit 1048576")
    #expect(try read("a\n1\n" + text, ["a"]).refusal == "T12 t limit 1048576")
    #expect(try read(text, ["a"]) { $0.linesToSkip = 1 }.refusal == "T12 t limit 1048576")
    #expect(try read("#" + text, ["a"]) { $0.comment = Array("#".utf8) }.refusal == "T12 t limit 1048576")
  }

  @Test func boundsColumns() throws {
    func text(_ count: Int) -> String {
      "a" + (1..<count).map { ",x\($0)" }.joined() + "\n1" + String(repeating: ",2", count: count - 1) + "\n"
    }
    let taken = try read(text(4096), ["a"])
    #expect(
      taken.refusal == nil && taken.dossiers[0].findings.isEmpty && taken.dossiers[0].extras["t"]?[0].count == 4095)
    #expect(try read(text(4097), ["a"]).refusal == "T13 t found 4097 limit 4096")
    // what is filled may stand where no cell is kept any more
    for count in [4096, 10_000] {
      let ragged = try read("a,b\n" + String(repeating: ",", count: count) + "x\n1,2\n", ["a", "b"])
      #expect(ragged.dossiers.map(\.findings) == [["T01 t row 1 found \(count + 1) limit 2"], []])
      #expect(ragged.rows() == [[], ["1", "2"]])
    }
    #expect(
      try read(String(repeating: "1,", count: 4097), ["a"]) { $0.hasHeader = false }.refusal
        == "T13 t found 4098 limit 4096")
  }

  @Test func boundsNames() throws {
    let name = String(repeating: "ê", count: 64)
    #expect(try read("a,\(name)\n1,2\n", ["a"]).dossiers[0].extras == ["t": [[name: "2"]]])
    #expect(try read("a,\(name)x\n1,2\n", ["a"]).refusal == "T13 t found 129 limit 128")
    let wide = (0..<1000).map { "\"\($0)" + String(repeating: " ", count: 70) + "\"" }.joined(separator: ",")
    #expect(try read(wide + "\n", ["a"]).refusal?.hasPrefix("T13 t found 7") == true)
  }

  @Test func keepsManyTitleLinesOutOfDossiers() throws {
    let titles = String(repeating: "BÁO CÁO\n", count: 1000)
    let seen = try read(titles + "a\n1\n2\n", ["a"]) { $0.linesToSkip = 1000 }
    #expect(seen.rows() == [["1"], ["2"]])
    #expect(seen.stored.count < 400)
  }

  @Test(arguments: [
    ("", "S01"), ("\n\n", "S01"), ("\u{FEFF}", "S01"), ("PK\u{3}\u{4}xl/workbook", "T16"), ("%PDF-1.7", "T16"),
    ("\n <?xml version=\"1.0\"?>", "T16"), ("<HTML><table>", "T16"), ("{\\rtf1", "T16"),
  ])
  func refusesWhatIsNoTable(text: String, code: String) throws {
    #expect(try read(text, ["a"]).refusal?.prefix(3) == code[...])
  }

  @Test func readsATableWithoutRows() throws {
    let seen = try read("a,b", ["a", "b"])
    #expect(seen.refusal == nil && seen.dossiers.isEmpty)
    #expect(try read("", ["a"]) { $0.hasHeader = false }.refusal == nil)
  }

  @Test func handsOnTroubleWithTheInput() throws {
    let schema = SourceSchema(name: "test", tables: [table("t", ["a"])])
    let layout = TabularLayout(files: [.init(table: "t", pattern: "")], root: "t")
    var calls = 0
    let reader = TabularReader(layout: layout, schema: schema) { (_, target) throws(ReaderFailure) in
      calls += 1
      guard calls < 3 else { throw .input(5) }
      target.append(contentsOf: Array("a\n1\n2\n".utf8))
      return 6
    }
    #expect(throws: ReaderFailure.input(5)) { while try reader.next(into: Dossier()) {} }
  }

  @Test(arguments: [
    "x", "5\n", "5\nabc", "99999999999999999999\n", "3\nabc", "-1\n",
    "40\ntable\tutf-8\t0\t1\t99999999999\t1\tt\nxxxxxxxxx",
    "31\ntable\tutf-8\t0\t1\t2\t900\tt\na\n1\t0\t2\n", "27\ntable\tutf-9\t0\t1\t2\t1\tt\na\n1\t0\n",
    "10\nfinding\tT0\n",
  ])
  func refusesDamagedStores(text: String) throws {
    let schema = SourceSchema(name: "test", tables: [table("t", ["a"])])
    let layout = TabularLayout(files: [.init(table: "t", pattern: "")], root: "t")
    let seen = try see(
      TabularReader(layout: layout, schema: schema, source: source(StoredRows.magic + Array(text.utf8))), schema)
    #expect(seen.refusal == "T19")
  }
}
