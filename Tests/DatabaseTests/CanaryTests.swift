import Definitions
import Foundation
import Postgres
import Records
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// Values of patients stay in the warehouse and in the delivered bytes: never in output, log, report, metrics, receipt or file name.
  @Suite struct CanaryTests {
    /// Every value of a sample's inner documents becomes a canary, but MA_LK, which a receipt may name, and what `keeping` says.
    static func planted(_ sample: String, keeping: Set<String> = [], _ mark: String) throws -> [UInt8] {
      let text = String(decoding: try SampleFolder.named(sample).renamed("a")[0].bytes, as: UTF8.self)
      var number = 0
      let frame: Set<String> = ["MA_LK", "MACSKCB", "NGAYLAP", "SOLUONGHOSO", "LOAIHOSO", "CHUKYDONVI"]
      let kept = frame.union(keeping)
      return Array(
        text.replacing(#/<([A-Z_0-9]+)>([^<>]+)</\1>/#) { match in
          guard !kept.contains(String(match.1)), !match.2.allSatisfy(\.isWhitespace) else { return String(match.0) }
          number += 1
          return "<\(match.1)>CANARY\(mark)\(number)</\(match.1)>"
        }.utf8)
    }

    /// Fields whose values must be right for a visit to be loaded; the rest is text.
    static let needed: Set<String> = {
      let table = try? ownDefinitions().schemas["qd3176"]?.tables ?? []
      var names: Set<String> = ["STT"]
      for column in (table ?? []).flatMap(\.columns) where column.logical != .string { names.insert(column.name) }
      return names
    }()

    static func deliver(_ house: House) throws {
      // loaded; rejected with everything wrong; check-ins and an assessment whose key holds an identity number
      try house.drop(try planted("inline-xml", keeping: needed, "A"), as: "a.xml")
      try house.drop(try planted("inline-xml", "B"), as: "b.xml")
      try house.drop(try planted("check-in", "C"), as: "c.xml")
      try house.drop(try planted("check-in", keeping: needed, "D"), as: "d.xml")
      try house.drop(try planted("assessment", keeping: needed, "E"), as: "e.xml")
      try house.drop(try planted("assessment", "F"), as: "f.xml")
      // not well-formed, cut, with unknown elements and labels, with the wrong facility
      let whole = String(decoding: try planted("inline-xml", "G"), as: UTF8.self)
      try house.drop(whole.replacing("</HO_TEN>", with: "</HO_TEM>").utf8, as: "g.xml")
      try house.drop(whole.utf8.prefix(3000), as: "h.xml")
      try house.drop(
        whole.replacing(
          "<GHI_CHU></GHI_CHU>", with: "<TRUONG_LA>CANARYUNKNOWN</TRUONG_LA><HO_TEN>CANARYTWICE</HO_TEN>CANARYSTRAY"
        )
        .replacing("SM08V0001", with: "SM08V0009").utf8, as: "i.xml")
      try house.drop(whole.replacing("<MACSKCB>48001", with: "<MACSKCB>48998").utf8, as: "j.xml")
      try house.drop("CANARYNOXML \(whole)".utf8, as: "k.xml")
      try house.drop("<!DOCTYPE x [<!ENTITY a 'CANARYENTITY'>]>\(whole.dropFirst(39))".utf8, as: "l.xml")
      try house.drop(whole.utf8, as: "CANARYFILENAME.xml", facility: "48003")
    }

    /// Where a canary stands that must not.
    static func sightings(_ house: House, _ outputs: [(String, String)]) throws -> [String] {
      var result: [String] = []
      var texts = outputs
      for folder in ["reports", "receipts"] {
        for name in house.files(folder) {
          texts.append(("\(folder)/\(name)", String(decoding: try house.content("\(folder)/\(name)"), as: UTF8.self)))
        }
      }
      let log = house.cluster.place + "/data/log"
      for name in try FileManager.default.contentsOfDirectory(atPath: log) {
        texts.append((name, try String(contentsOfFile: "\(log)/\(name)", encoding: .utf8)))
      }
      for (place, text) in texts {
        // the name of a file stands in the hospital's receipt and in the table a person sees, never in a log
        let isForPeople = place.hasPrefix("receipts") || place.hasPrefix("reports/run") || place.hasPrefix("stdout")
        let plain = isForPeople ? text.replacing("CANARYFILENAME", with: "") : text
        for match in plain.matches(of: #/CANARY[A-Z0-9]*/#).prefix(3) { result.append("\(place): \(match.0)") }
      }
      for name in FileManager.default.subpaths(atPath: house.project.root) ?? [] where name.contains("CANARY") {
        result.append(name)
      }
      return result
    }

    @Test(arguments: ["text", "json"]) func noValueOfAPatientLeaksOut(_ form: String) throws {
      try House.open("log: { format: \(form) }") { house in
        try Self.deliver(house)
        var outputs: [(String, String)] = []
        func run(_ arguments: [String]) throws -> Int32 {
          let ending = try house.program(arguments)
          outputs.append(("stdout of \(arguments)", ending.output))
          outputs.append(("stderr of \(arguments)", ending.log))
          return ending.code
        }
        #expect(try run(["run", "--dry-run", "--json"]) == 3)
        #expect(try run(["run", "--assume-settled"]) == 3)
        #expect(try house.number("SELECT count(*) FROM intake.file WHERE dossiers_accepted > 0") >= 3)
        #expect(try house.number("SELECT count(*) FROM intake.file WHERE dossiers_rejected > 0") >= 3)
        #expect(try house.number("SELECT count(*) FROM health.patient WHERE full_name LIKE 'CANARY%'") >= 1)
        for arguments in [["files", "list"], ["runs", "list"], ["status"], ["status", "--json"], ["doctor"]] {
          _ = try run(arguments)
        }
        for file in 1...13 { _ = try run(["receipts", "show", "\(file)", "--lang", "en"]) }
        let sightings = try Self.sightings(house, outputs)
        #expect(sightings.isEmpty, "\(sightings)")
      }
    }

    /// Errors of the server quote the row they are about: nothing of that comes through.
    @Test func refusedRowIsNotQuoted() throws {
      try House.open { house in
        _ = try house.connect().executeGenerated(
          "ALTER TABLE health.patient ADD CONSTRAINT no_canary CHECK (full_name NOT LIKE 'CANARY%')")
        try house.drop(try Self.planted("inline-xml", keeping: Self.needed, "X"), as: "a.xml")
        let ending = try house.program(["run", "--assume-settled"])
        #expect(ending.code == 78, "\(ending.log)")
        let said = ending.output + ending.log
        #expect(said.contains("no_canary") && said.contains("23514"), "the names that help are told")
        #expect(try Self.sightings(house, [("stderr", ending.log), ("stdout", ending.output)]).isEmpty)
        #expect(try house.rowCounts().isEmpty && house.files("inbox").count == 1)
        // the cause gone, one more run makes it right
        _ = try house.connect().executeGenerated("ALTER TABLE health.patient DROP CONSTRAINT no_canary")
        #expect(try house.program(["run", "--assume-settled"]).code == 0)
        #expect(try house.rowCounts()["patient"] == 1)
      }
    }
  }
}
