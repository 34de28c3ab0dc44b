import Definitions
import Foundation
import Glibc
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
      try search(house, outputs).sightings
    }

    /// - Returns: also how many places were searched: outputs, files, names of files.
    static func search(_ house: House, _ outputs: [(String, String)]) throws -> (sightings: [String], places: Int) {
      var result: [String] = []
      var texts = outputs
      for folder in ["reports", "receipts", "outbox", "quarantine"] {
        for name in house.files(folder) {
          // parcels are the data; their manifests are not, and sealed files show nothing
          if folder == "outbox", !name.hasSuffix(".json") { continue }
          if folder == "quarantine", !name.hasSuffix(".cms") { continue }
          texts.append(("\(folder)/\(name)", String(decoding: try house.content("\(folder)/\(name)"), as: UTF8.self)))
        }
      }
      let log = house.cluster.place + "/data/log"
      for name in try FileManager.default.contentsOfDirectory(atPath: log) {
        texts.append((name, try String(contentsOfFile: "\(log)/\(name)", encoding: .utf8)))
      }
      for (place, text) in texts {
        // the name of a file stands in the hospital's receipt, which the ledger keeps, and in the table a person sees, never in a log
        let isForPeople =
          place == "ledger: file" || ["receipts", "reports/run", "stdout"].contains { place.hasPrefix($0) }
        let plain = isForPeople ? text.replacing("CANARYFILENAME", with: "") : text
        for match in plain.matches(of: #/CANARY[A-Z0-9]*/#).prefix(3) { result.append("\(place): \(match.0)") }
      }
      let names = FileManager.default.subpaths(atPath: house.project.root) ?? []
      for name in names where name.contains("CANARY") || name.hasPrefix("core") { result.append(name) }
      return (result, texts.count + names.count)
    }

    /// Through every way of ending badly: rejected, refused, quarantined, killed, crashed, the server refusing a row and going away, replayed,
    /// reloaded, verified, pruned. Then every output and every file that is not the data itself is searched.
    @Test func noWayOfEndingBadlyLeaks() throws {
      try House.openApart(
        """
        destinations: { lake: { format: common-ndjson }, ministry: { format: source } }
        sealing: { recipients: [city.pem], key: city.key }
        retention: { archive: 1, quarantine: 1, receipts: 1, reports: 1, outbox: 1, outboxState: all, rejects: 1 }
        """
      ) { house in
        try SealedTests.makeKey(house, "city")
        try Self.deliver(house)
        try house.drop(try Self.planted("qd4210", "H"), as: "old-edition.xml")
        try house.drop(try Self.planted("all-tables", "I"), as: "all.xml")
        try house.drop(try Self.planted("all-tables", keeping: Self.needed, "J"), as: "all-right.xml")
        try house.drop(try Self.planted("inline-xml", "K"), as: "foreign.xml", facility: "48999")
        var outputs: [(String, String)] = []
        @discardableResult func run(
          _ arguments: [String], _ environment: [String: String] = [:]
        ) throws -> Int32 {
          let ending = try house.program(arguments, environment: environment)
          outputs.append(("stdout of \(arguments)", ending.output))
          outputs.append(("stderr of \(arguments)", ending.log))
          return ending.code
        }
        let whole = ["run", "--assume-settled", "--jobs", "1"]
        #expect(try run(["run", "--dry-run"]) == 3)
        // killed and crashed in the middle: SIGSEGV and SIGABRT would print memory if they could
        for point in ["load.rows", "load.before-commit", "run.sealed", "receipt.text-written"] {
          #expect(try run(whole, ["SONGHAN_FAILPOINT": point]) == -9, "\(point)")
        }
        for number in [SIGSEGV, SIGABRT] {
          let crash = ["SONGHAN_FAILPOINT": "load.rows", "SONGHAN_FAILPOINT_SIGNAL": "\(number)"]
          #expect(try run(whole, crash) == -number)
        }
        // the server refuses rows, then it goes away
        _ = try house.connect().executeGenerated(
          "ALTER TABLE health.patient ADD CONSTRAINT no_canary CHECK (full_name NOT LIKE 'CANARY%') NOT VALID")
        try run(whole + ["--json"])
        _ = try house.connect().executeGenerated("ALTER TABLE health.patient DROP CONSTRAINT no_canary")
        _ = try house.cluster.stop(.immediate)
        #expect(try run(whole) != 0)
        try house.cluster.start()
        // whatever an earlier run has answered already is not answered again
        #expect([0, 3].contains(try run(whole)))
        #expect(try run(["rejects", "replay"]) == 3)
        try run(["rejects", "list"])
        for file in 1...18 {
          for arguments in [
            ["receipts", "show", "\(file)"], ["files", "show", "\(file)"], ["files", "reload", "\(file)"],
          ] {
            try run(arguments)
          }
          try run(["rejects", "show", "\(file)", "1", "--lang", "en"])
        }
        for arguments in [
          ["files", "list"], ["runs", "list"], ["status"], ["doctor"], ["quality"], ["quality", "--format", "csv"],
          ["audit", "verify"], ["verify", "--rows"], ["warehouse", "status"], ["prune"],
        ] {
          try run(arguments)
        }
        // a damaged batch, a reject that cannot be opened: what is said of them
        let connection = try house.connect()
        _ = try connection.executeGenerated(
          "UPDATE intake.batch SET content = set_byte(content, 40, get_byte(content, 40) # 1)")
        _ = try connection.executeGenerated(
          "UPDATE intake.reject SET content = set_byte(content, 300, get_byte(content, 300) # 1)")
        #expect(try run(["verify", "--rows"]) == 70)
        #expect(try run(["rejects", "replay"]) == 78)
        try run(["rejects", "show", "2", "1", "--source"])
        try run(["dossiers", "show", "48001", "nobody"])
        // nor does the ledger hold any, but in the bytes it keeps, and in keys and names of files
        for table in try house.rows(
          "SELECT relname FROM pg_class WHERE relnamespace = 'intake'::regnamespace AND relkind = 'r'")
        {
          let name = try #require(table[0])
          let rows = try house.rows(
            "SELECT (to_jsonb(t) - 'file_name' - 'encounter_key')::text FROM intake.\"\(name)\" t")
          outputs.append(("ledger: \(name)", rows.map { $0[0] ?? "" }.joined(separator: "\n")))
        }
        let (sightings, places) = try Self.search(house, outputs)
        #expect(sightings.isEmpty, "\(sightings)")
        #expect(places > 200)
        print("canaries: \(places) places searched, \(sightings.count) found")
        // the search itself finds: the data is where it belongs
        #expect(try house.number("SELECT count(*) FROM health.patient WHERE full_name LIKE 'CANARY%'") >= 1)
        try run(["prune", "--yes"])
      }
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
