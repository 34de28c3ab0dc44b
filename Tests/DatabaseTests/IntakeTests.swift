import Foundation
import Glibc
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// What is taken from the inbox, when, and what never is.
  @Suite struct IntakeTests {
    @Test func fileIsTakenAtTheSecondLookOnly() throws {
      try House.open { house in
        try house.drop(try SampleFolder.named("utf8"))
        let first = try house.run(settled: false).report
        #expect(first.files.map(\.state) == [.waiting] && first.files[0].reason == "S15")
        #expect(try house.number("SELECT count(*) FROM intake.file") == 0)
        #expect(try house.run(settled: false).report.files.map(\.state) == [.loaded])
      }
    }

    @Test func fileIsTakenWhenItHasStoodStillLongEnough() throws {
      try House.open(settleSeconds: 600) { house in
        /// Lets time pass for the clock that counts, the database's.
        func pass(minutes: Int) throws {
          try house.connect().execute(
            "UPDATE intake.sighting SET first_seen_at = first_seen_at - make_interval(mins => $1)",
            [.integer(Int64(minutes))])
        }
        func look() throws -> [FileReport.State] { try house.run(settled: false).report.files.map(\.state) }
        try house.drop(try SampleFolder.named("utf8"))
        #expect(try look() == [.waiting])
        #expect(try look() == [.waiting], "seen twice, but not long enough")
        try pass(minutes: 11)
        // it grew: the clock begins anew
        try house.append(" ", to: "inbox/48001/export.xml")
        #expect(try look() == [.waiting])
        try pass(minutes: 9)
        #expect(try look() == [.waiting])
        try pass(minutes: 2)
        #expect(try look() == [.loaded])
      }
    }

    /// Between the list and the copy an hour may pass; what lies under the name then has not settled.
    @Test func fileThatWasReplacedSinceTheListWaits() throws {
      try House.open { house in
        let sample = try SampleFolder.named("utf8").renamed("a")[0].bytes
        let other = try SampleFolder.named("utf8-bom").renamed("b")[0].bytes
        try house.drop(sample, as: "first.xml")
        try house.drop(other, as: "second.xml")
        try house.run(settled: false)
        // the first one is held up while its claim is made; meanwhile the second is uploaded anew
        let holder = try house.connect()
        try holder.begin()
        try holder.execute("LOCK TABLE intake.file IN SHARE MODE")
        let running = Running { try house.run(settled: false).report }
        try house.waitForALock()
        try house.append(" ", to: "inbox/48001/second.xml")
        try holder.commit()
        let report = try running.end()
        #expect(report.files.map(\.state) == [.loaded, .waiting])
        #expect(house.files("inbox") == ["48001/second.xml"])
        #expect(try house.number("SELECT count(*) FROM intake.file") == 1)
        try house.run(settled: false)
        #expect(try house.run(settled: false).report.files.map(\.state) == [.loaded])
      }
    }

    /// A key that stands twice through no race would stand twice again: the attempts count, and the file ends in quarantine.
    @Test func fileThatTheServerRefusesIsNotTriedForEver() throws {
      let house = try House.unguarded("")
      defer { house.remove() }
      let bytes = try SampleFolder.named("utf8").renamed("a")[0].bytes
      try house.drop(bytes, as: "export.xml")
      try house.run()
      // rows of nobody, as a careless restore leaves them
      let connection = try house.connect()
      try connection.execute("DELETE FROM intake.dossier")
      try connection.execute("UPDATE intake.file SET state = 'refused', content_sha256 = sha256('')")
      try house.drop(bytes, as: "again.xml")
      let states = try (1...4).map { _ in try house.run().report.files.map(\.state) }
      #expect(states == [[.waiting], [.waiting], [.waiting], [.quarantined]])
    }

    /// All files of a delivery are gone, and the run was cut off before it could say so; its hospital delivers nothing else.
    @Test func deliveryWhoseFilesAreGoneIsClosed() throws {
      try House.open { house in
        try house.drop(try SampleFolder.named("feed-csv-three-files"))
        #expect(try house.run().report.files.map(\.state) == [.loaded])
        try house.connect().execute("UPDATE intake.file SET source_removed_at = NULL")
        try house.run()
        #expect(try house.number("SELECT count(*) FROM intake.file WHERE source_removed_at IS NULL") == 0)
      }
    }

    @Test func uploadUnderWayIsNeverTaken() throws {
      try House.open { house in
        for name in ["export.xml.part", ".export.xml"] {
          try house.drop(try SampleFolder.named("utf8").renamed("a")[0].bytes, as: name)
        }
        for _ in 1...3 {
          let report = try house.run().report
          #expect(report.files.allSatisfy { $0.state == .waiting && $0.reason == "S15" })
        }
        #expect(house.files("inbox").count == 2)
        #expect(try house.number("SELECT count(*) FROM intake.file") == 0)
      }
    }

    /// A file that ends too early waits for its rest, and is refused once its time is up.
    @Test func cutFileWaitsForItsRest() throws {
      try House.open { house in
        let whole = [UInt8](try SampleFolder.named("utf8").renamed("a")[0].bytes)
        try house.drop(whole.prefix(whole.count / 2), as: "export.xml")
        try house.run(settled: false)
        for _ in 1...4 {
          let result = try house.run(settled: false)
          #expect(result.failure == nil, "\(String(describing: result.failure))")
          #expect(result.report.files.map(\.state) == [.waiting] && result.report.files.first?.reason == "S04")
        }
        #expect(try house.number("SELECT count(*) FROM intake.file WHERE state = 'waiting'") == 1)
        try house.drop(whole, as: "export.xml")
        try house.run(settled: false)
        #expect(try house.run(settled: false).report.files.map(\.state) == [.loaded])
        #expect(house.files("inbox").isEmpty)
        #expect(
          try house.rows("SELECT state, reason FROM intake.file ORDER BY file_id") == [
            ["refused", "S04"], ["loaded", nil],
          ])
        #expect(house.files("receipts") == ["48001/2.json", "48001/2.txt"])
      }
    }

    @Test func cutFileIsRefusedWhenItsTimeIsUp() throws {
      try House.open() { house in
        let whole = [UInt8](try SampleFolder.named("utf8").renamed("a")[0].bytes)
        try house.drop(whole.prefix(whole.count / 2), as: "export.xml")
        for _ in 1...3 { try house.run(settled: false) }
        // nobody sent the rest within the hour
        try house.connect().execute("UPDATE intake.sighting SET first_seen_at = first_seen_at - interval '61 minutes'")
        let result = try house.run(settled: false)
        #expect(result.failure == nil && result.exitCode == 3)
        #expect(result.report.files.map(\.state) == [.refused] && result.report.files.first?.reason == "S04")
        #expect(house.files("inbox").isEmpty && house.files("quarantine").count == 1)
        #expect(try house.rows("SELECT code, findings FROM intake.finding_count") == [["S04", "1"]])
      }
    }

    @Test func whatIsNoDeliveryIsNotTouched() throws {
      try House.open { house in
        let bytes = try SampleFolder.named("utf8").renamed("a")[0].bytes
        for name in ["tệp của tôi.xml", "-rf.xml", "a b.xml", String(repeating: "x", count: 129)] {
          try house.drop(bytes, as: name)
        }
        try house.drop(bytes, as: "nobody.xml", facility: ".")
        let inbox = house.path("inbox/48001")
        try #require(unsafe symlink("/etc/hostname", inbox + "/link.xml") == 0)
        try #require(unsafe mkfifo(inbox + "/pipe.xml", 0o600) == 0)
        try Data(bytes).write(to: URL(filePath: house.path("elsewhere.xml")))
        try #require(unsafe link(house.path("elsewhere.xml"), inbox + "/hard.xml") == 0)
        try FileManager.default.createDirectory(atPath: inbox + "/folder.xml", withIntermediateDirectories: false)
        let ending = try house.program(["run", "--assume-settled", "--json"])
        #expect(ending.code == 3)
        let report = try JSONDecoder().decode(RunReport.self, from: Data(ending.output.utf8))
        #expect(report.files.count == 9)
        #expect(report.files.allSatisfy { $0.state == .quarantined })
        #expect(report.files.filter { $0.reason == "S14" }.count == 8)
        #expect(report.files.first { $0.facility == nil }?.reason == "S08")
        #expect(try house.number("SELECT count(*) FROM intake.file") == 0)
        #expect(try house.rowCounts().isEmpty)
        // they lie where they lay, each with a receipt of its own
        #expect(try FileManager.default.contentsOfDirectory(atPath: inbox).count == 8)
        #expect(house.files("receipts").filter { $0.hasPrefix("48001/name-") }.count == 8)
        for name in house.files("receipts") {
          #expect(String(decoding: try house.content("receipts/\(name)"), as: UTF8.self).contains("[S14]"))
        }
      }
    }

    /// Opening one of these would wait for somebody at its other end, or read a device, or follow a link that leads nowhere.
    @Test(.timeLimit(.minutes(15))) func whatIsNoFileIsNeverOpened() throws {
      try House.open { house in
        let bytes = try SampleFolder.named("utf8").renamed("a")[0].bytes
        try house.drop(bytes, as: "good.xml")
        let inbox = house.path("inbox/48001")
        try #require(unsafe mkfifo(inbox + "/pipe.xml", 0o600) == 0)
        try #require(unsafe symlink("/nowhere/at/all", inbox + "/dangling.xml") == 0)
        try #require(unsafe symlink("good.xml", inbox + "/link.xml") == 0)
        try FileManager.default.createDirectory(atPath: inbox + "/folder.xml", withIntermediateDirectories: false)
        try socket(at: inbox + "/socket.xml")
        var expected: Set = ["pipe.xml", "dangling.xml", "link.xml", "folder.xml", "socket.xml"]
        // only root can make a device
        if unsafe mknod(inbox + "/device.xml", S_IFCHR | 0o600, 1 << 8 | 5) == 0 { expected.insert("device.xml") }
        let first = try house.run()
        #expect(first.failure == nil && first.exitCode == 3)
        #expect(first.report.files.first { $0.name == "good.xml" }?.state == .loaded)
        let refused = first.report.files.filter { $0.reason == "S14" && $0.state == .quarantined }
        #expect(Set(refused.map(\.name)) == expected)
        let receipts = house.files("receipts").filter { $0.hasPrefix("48001/name-") }
        #expect(receipts.count == expected.count)
        // each is told once: what lies there does not write a receipt with every run
        func times() throws -> [Date?] {
          try receipts.map {
            try FileManager.default.attributesOfItem(atPath: house.path("receipts/\($0)"))[.modificationDate] as? Date
          }
        }
        let before = try times()
        #expect(try house.run().report.files.filter { $0.reason == "S14" }.count == expected.count)
        #expect(try times() == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: inbox).count == expected.count)
      }
    }

    private func socket(at path: String) throws {
      let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      // the path of a socket is short; a link to the folder makes it so
      let short = "/tmp/songhan-\(UInt32.random(in: 0 ... .max))"
      let folder = (path as NSString).deletingLastPathComponent
      try #require(unsafe symlink(folder, short) == 0)
      defer { unsafe unlink(short) }
      let name = Array("\(short)/\((path as NSString).lastPathComponent)".utf8)
      unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
        for (i, byte) in name.enumerated() where i < target.count - 1 { unsafe target[i] = byte }
      }
      let bound = unsafe withUnsafePointer(to: &address) {
        unsafe bind(
          descriptor, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
          socklen_t(MemoryLayout<sockaddr_un>.size))
      }
      try #require(bound == 0)
    }

    /// Files of an account that is not expected are quarantined unread.
    @Test func foreignOwnersAreQuarantined() throws {
      try House.open("run: { jobs: 1 }") { house in
        try house.drop(try SampleFolder.named("utf8").renamed("a")[0].bytes, as: "export.xml")
        let own = Int(getuid())
        let ending = try house.program(
          ["run", "--assume-settled"], environment: ["SONGHAN_INTAKE_OWNERS": "\(own + 1)"])
        #expect(ending.code == 3, "\(ending.log)")
        #expect(try house.rows("SELECT state, reason FROM intake.file") == [["quarantined", "S14"]])
        try house.drop(try SampleFolder.named("utf8").renamed("a")[0].bytes, as: "export.xml")
        let welcome = try house.program(
          ["run", "--assume-settled"], environment: ["SONGHAN_INTAKE_OWNERS": "\(own + 1),\(own)"])
        #expect(welcome.code == 0, "\(welcome.log)")
      }
    }

    /// A facility that sets markers: a file counts as complete when its marker is there, and then at once; the marker goes with it.
    @Test func markedFilesAreTakenAtOnceAndOthersWait() throws {
      try House.open(settleSeconds: 600) { house in
        let registry = house.path("facilities.yaml")
        let text = try String(contentsOfFile: registry, encoding: .utf8)
        try text.replacing("code: \"48001\",", with: "code: \"48001\", marker: \"{name}.done\",").write(
          toFile: registry, atomically: true, encoding: .utf8)
        func states() throws -> [[String?]] {
          try house.run(settled: false).report.files.map { [$0.name, $0.state.rawValue, $0.reason] }
        }
        try house.drop(try SampleFolder.named("utf8").renamed("a")[0].bytes, as: "export.xml")
        try house.drop([UInt8](), as: "lost.xml.done")
        #expect(try states() == [["export.xml", "waiting", "S31"]])
        #expect(try states() == [["export.xml", "waiting", "S31"]], "however often it was seen")
        try house.drop([UInt8](), as: "export.xml.done")
        #expect(try states() == [["export.xml", "loaded", nil]])
        #expect(house.files("inbox") == ["48001/lost.xml.done"])
        // what speaks of no file is taken away in time, so that a later file is not taken on its word
        try house.connect().execute("UPDATE intake.sighting SET first_seen_at = first_seen_at - interval '61 minutes'")
        #expect(try states() == [])
        #expect(house.files("inbox").isEmpty)
        #expect(try house.number("SELECT count(*) FROM intake.file") == 1)
      }
    }

    /// Beyond a facility's share of the day its files wait, oldest first; another facility's do not.
    @Test func filesBeyondTheShareOfTheDayWait() throws {
      try House.open { house in
        let text = String(decoding: try SampleFolder.named("inline-xml").renamed("a")[0].bytes, as: UTF8.self)
        for number in 10..<15 {
          try house.drop(text.replacing("SM08V0001", with: "SM08V10\(number)").utf8, as: "f\(number).xml")
        }
        let other = String(
          decoding: try SampleFolder.named("unknown-facility-folder").renamed("b")[0].bytes, as: UTF8.self)
        try house.drop(other.utf8, as: "other.xml", facility: "48002")
        let share = ["SONGHAN_INTAKE_FILES_PER_DAY": "2"]
        func run() throws -> [String: String] {
          let ending = try house.program(["run", "--assume-settled", "--json"], environment: share)
          let report = try JSONDecoder().decode(RunReport.self, from: Data(ending.output.utf8))
          return Dictionary(uniqueKeysWithValues: report.files.map { ($0.name, $0.reason ?? $0.state.rawValue) })
        }
        var found = try run()
        #expect(found.removeValue(forKey: "other.xml") != "S28")
        #expect(
          found == ["f10.xml": "loaded", "f11.xml": "loaded", "f12.xml": "S28", "f13.xml": "S28", "f14.xml": "S28"])
        #expect(try run() == ["f12.xml": "S28", "f13.xml": "S28", "f14.xml": "S28"])
        // a day later; only the clock of the warehouse counts
        try house.connect().execute("UPDATE intake.file SET received_at = received_at - interval '1 day'")
        #expect(try run() == ["f12.xml": "loaded", "f13.xml": "loaded", "f14.xml": "S28"])
        #expect(
          try house.run { $0.jobs = 1 }.report.files.map(\.state) == [.loaded], "ten thousand, when nothing is set")
      }
    }

    @Test func tooLargeFileIsRefusedUnread() throws {
      try House.open { house in
        try house.drop([UInt8](), as: "huge.xml")
        let path = house.path("inbox/48001/huge.xml")
        try #require(unsafe truncate(path, (2 << 30) + 1) == 0)
        let result = try house.run()
        #expect(result.exitCode == 3)
        #expect(result.report.files.map(\.state) == [.refused] && result.report.files[0].reason == "S05")
        #expect(house.files("inbox").isEmpty && house.files("quarantine").count == 1)
        #expect(house.files("receipts") == ["48001/1.json", "48001/1.txt"])
        #expect(String(decoding: try house.content("receipts/48001/1.txt"), as: UTF8.self).contains("[S05]"))
        #expect(
          try house.rows("SELECT state, reason, size_in_bytes FROM intake.file") == [["refused", "S05", "2147483649"]])
      }
    }

    @Test func inactiveFacilityIsQuarantined() throws {
      try House.open { house in
        try house.drop(try SampleFolder.named("utf8").renamed("a")[0].bytes, as: "export.xml", facility: "48003")
        let result = try house.run()
        #expect(result.exitCode == 3)
        #expect(result.report.files.map(\.state) == [.quarantined] && result.report.files[0].reason == "S27")
        #expect(house.files("receipts").count == 2 && house.files("quarantine").count == 1)
      }
    }

    /// A quarantined file dropped again once its hospital is registered is loaded.
    @Test func registeredFacilityDeliversAgain() throws {
      try House.open { house in
        let sample = try SampleFolder.named("unknown-facility-folder")
        try house.drop(sample)
        #expect(try house.run().report.files.map(\.state) == [.quarantined])
        #expect(
          try house.program(["facility", "add", "48999", "--name", "Bệnh viện Mẫu 9", "--feed", "qd3176"]).code == 0)
        try house.drop(sample)
        #expect(try house.run().report.files.map(\.state) == [.loaded])
      }
    }

    @Test(arguments: [
      ("utf8", Int32(0)), ("many-findings", 3), ("empty-file", 3), ("lookalike-papers", 3), ("same-file-other-name", 0),
    ])
    func exitCodesSayWhatHappened(_ name: String, _ code: Int32) throws {
      try House.open { house in
        let files = try SampleFolder.named(name).renamed("x")
        try house.drop(files)
        let dry = try house.program(["run", "--dry-run"])
        #expect(dry.code == code, "\(dry.log)")
        #expect(house.files("inbox").count == files.count, "a dry run touches nothing")
        let ending = try house.program(["run", "--assume-settled", "--jobs", "1"])
        #expect(ending.code == code, "\(ending.log)")
        #expect(try house.program(["run", "--assume-settled"]).code == 0, "nothing to do")
        let checked = try house.program(
          ["check"] + SampleFolder.named(name).deliveries.flatMap(\.paths),
          environment: ["SONGHAN_DEFINITIONS": repository])
        #expect(checked.code == (code == 0 ? 0 : 65))
      }
    }

    @Test func troubleHasItsExitCodes() throws {
      try House.open { house in
        let definitions = ["SONGHAN_DEFINITIONS": repository]
        let nowhere = ["SONGHAN_WAREHOUSE": "host=\(house.project.root) port=1 dbname=none"]
        let unmigrated = ["SONGHAN_WAREHOUSE": house.cluster.conninfo(database: "postgres")]
        let cases: [(code: Int32, arguments: [String], environment: [String: String])] = [
          (64, ["run", "--jobs", "0"], [:]), (64, ["run", "--no-such-option"], [:]),
          (66, ["check", "/nowhere.xml"], definitions), (78, ["run", "-c", "nowhere.yaml"], [:]),
          (75, ["run"], nowhere),
          (78, ["run"], unmigrated), (66, ["receipts", "show", "7"], [:]), (66, ["files", "show", "7"], [:]),
        ]
        for trouble in cases {
          let ending = try house.program(trouble.arguments, environment: trouble.environment)
          #expect(ending.code == trouble.code, "\(trouble.arguments): \(ending.log)")
          #expect(!ending.output.contains("valid") && !ending.log.isEmpty, "\(trouble.arguments): \(ending.output)")
        }
      }
    }

    /// Runs that overlap load each file once.
    @Test func twoRunsAtOnceLoadEachFileOnce() throws {
      try House.open { house in
        let text = String(decoding: try SampleFolder.named("inline-xml").renamed("a")[0].bytes, as: UTF8.self)
        for number in 10..<40 {
          try house.drop(text.replacing("SM08V0001", with: "SM08V10\(number)").utf8, as: "f\(number).xml")
        }
        let group = DispatchGroup()
        for _ in 1...2 {
          group.enter()
          let thread = Thread {
            _ = try? house.run(jobs: 2)
            group.leave()
          }
          thread.stackSize = 4 << 20
          thread.start()
        }
        group.wait()
        try house.run()
        #expect(try house.rows("SELECT state, count(*) FROM intake.file GROUP BY 1") == [["loaded", "30"]])
        #expect(try house.number("SELECT count(DISTINCT encounter_key) FROM health.encounter") == 30)
        #expect(try house.rowCounts()["service"] == 60)
        #expect(
          house.files("inbox").isEmpty && house.files("receipts").count == 60 && house.files("archive").count == 30)
      }
    }
  }
}
