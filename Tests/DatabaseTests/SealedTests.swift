import Compression
import Files
import Foundation
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// Rejects and quarantined files at rest: only the configured recipients can read them.
  @Suite struct SealedTests {
    /// Makes a certificate and its key in the project's folder.
    static func makeKey(_ house: House, _ name: String) throws {
      #expect(
        try openssl([
          "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", house.path("\(name).key"), "-out",
          house.path("\(name).pem"), "-subj", "/CN=\(name)", "-days", "2",
        ]) != nil)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: house.path("\(name).key"))
    }

    static func openssl(_ arguments: [String]) throws -> [UInt8]? {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/openssl")
      process.arguments = arguments
      let pipe = Pipe()
      process.standardOutput = pipe
      process.standardError = FileHandle.nullDevice
      try process.run()
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return process.terminationStatus == 0 ? [UInt8](output) : nil
    }

    static func open(_ sealed: String, _ house: House) throws -> [UInt8]? {
      try openssl(["cms", "-decrypt", "-binary", "-inform", "DER", "-in", sealed, "-inkey", house.path("city.key")])
    }

    static let settings = "sealing: { recipients: [city.pem] }"
    static let key = ["SONGHAN_SEALING_KEY": "city.key"]

    /// Everything that lies in the project's folder and in the tables of rejects, for a search.
    static func plainFiles(_ house: House, holding text: String) throws -> [String] {
      let files = (FileManager.default.subpaths(atPath: house.project.root) ?? []).filter { name in
        guard let data = FileManager.default.contents(atPath: house.path(name)) else { return false }
        return data.range(of: Data(text.utf8)) != nil
      }
      let rejects = try house.rows(
        "SELECT 'reject' FROM intake.reject WHERE position($1::bytea IN content) > 0", [.bytes(Array(text.utf8))])
      return files + rejects.compactMap { $0[0] }
    }

    @Test func rejectsAndQuarantineAreOpenedByTheRecipientOnly() throws {
      try House.open(Self.settings) { house in
        try Self.makeKey(house, "city")
        try Self.makeKey(house, "other")
        let rejected = try CanaryTests.planted("inline-xml", "R")
        let refused = Array(
          String(decoding: try CanaryTests.planted("inline-xml", "Q"), as: UTF8.self)
            .replacing("<MACSKCB>48001", with: "<MACSKCB>48998").utf8)
        try house.drop(rejected, as: "rejected.xml")
        try house.drop(refused, as: "refused.xml")
        let delivered = ContentHash(of: refused).hex
        #expect(try house.program(["run", "--assume-settled", "--jobs", "1"]).code == 3)
        #expect(try house.number("SELECT count(*) FROM intake.reject WHERE sealing = 'cms'") == 1)
        // the ledger's hash is that of the delivered bytes
        #expect(
          try house.number("SELECT count(*) FROM intake.file WHERE encode(content_sha256, 'hex') = '\(delivered)'") == 1
        )
        #expect(house.files("quarantine") == ["48001/\(delivered).cms"])
        #expect(try Self.plainFiles(house, holding: "CANARYQ").isEmpty)
        #expect(try Self.open(house.path("quarantine/48001/\(delivered).cms"), house) == refused)
        // the reject, by the program on the other side
        let stored = try house.connect().execute("SELECT content FROM intake.reject")
        let found = stored.bytes(0, 0)
        let content = try #require(found)
        try Data(content).write(to: URL(filePath: house.path("reject.cms")))
        let compressed = try #require(try Self.open(house.path("reject.cms"), house))
        let plain = try Zstandard.expand(compressed, ceiling: 1 << 24)
        #expect(Data(plain).range(of: Data("CANARYR".utf8)) != nil)
        #expect(Data(content).range(of: Data(compressed.prefix(32))) == nil)

        // here: nothing without the key, or with a wrong or an open one
        let show = ["rejects", "show", "1", "1", "--source"]
        let without = try house.program(show)
        #expect(without.code == 78 && without.output.isEmpty && without.log.contains("sealing.key"), "\(without.log)")
        let wrong = try house.program(show, environment: ["SONGHAN_SEALING_KEY": "other.key"])
        #expect(wrong.code == 78 && wrong.output.isEmpty, "\(wrong.log)")
        #expect(try house.program(["rejects", "replay"]).code == 78)
        #expect(try house.program(["rejects", "export", "--output", house.path("out")]).code == 78)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: house.path("city.key"))
        #expect(try house.program(show, environment: Self.key).code == 77)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: house.path("city.key"))
        let shown = try house.program(show, environment: Self.key)
        #expect(shown.code == 0 && shown.output.contains("CANARYR"), "\(shown.log)")
        #expect(
          try house.program(["rejects", "export", "--output", house.path("out")], environment: Self.key).code == 0)
        #expect(house.files("out").count == 1)
        try FileManager.default.removeItem(atPath: house.path("out"))
        let replay = try house.program(["rejects", "replay", "--dry-run"], environment: Self.key)
        #expect(replay.code == 3 && replay.output.contains("judged"), "\(replay.output)")
        // a sealed original is judged again
        let reload = try house.program(["files", "reload", "2"], environment: Self.key)
        #expect(reload.code == 3 && reload.output.contains("refused"), "\(reload.output) \(reload.log)")
        #expect(try house.program(["files", "reload", "2"]).code == 78)
        let doctor = try house.program(["doctor"], environment: Self.key)
        #expect(doctor.output.contains("opens what is sealed"))
        #expect(try house.program(["doctor"], environment: ["SONGHAN_SEALING_KEY": "other.key"]).code == 78)
        #expect(try house.program(["verify"]).code == 0)
        // a flipped bit of a sealed reject is found without the key
        try VerifyTests.tamper(
          house, "UPDATE intake.reject SET content = set_byte(content, 99, get_byte(content, 99) # 1)")
        #expect(try house.program(["verify"]).code == 70)
      }
    }

    @Test func interruptedSealingLeavesOneCopyAndNoPlainBytes() throws {
      for point in ["run.sealed", "files.synced", "files.linked", "files.removed"] {
        try House.open(Self.settings) { house in
          try Self.makeKey(house, "city")
          let bytes = try CanaryTests.planted("inline-xml", "Z")
          // a hospital that is not known: quarantined
          try house.drop(bytes, as: "a.xml", facility: "48999")
          let first = try house.program(["run", "--assume-settled"], environment: ["SONGHAN_FAILPOINT": point])
          #expect(first.code == -9, "\(point)")
          // gone from the inbox already: there is nothing left to report
          #expect(
            try house.program(["run", "--assume-settled"]).code == (point == "files.removed" ? 0 : 3), "\(point)")
          #expect(house.files("inbox").isEmpty, "\(point)")
          let kept = house.files("quarantine")
          #expect(kept == ["48999/\(ContentHash(of: bytes).hex).cms"], "\(point)")
          #expect(try Self.open(house.path("quarantine/\(kept.first ?? "")"), house) == bytes, "\(point)")
          #expect(try Self.plainFiles(house, holding: "CANARYZ").isEmpty, "\(point)")
        }
      }
    }

    @Test func withoutRecipientsNothingIsSealedAndDoctorSaysSo() throws {
      try House.open { house in
        try house.drop("<x/>".utf8, as: "a.xml", facility: "48999")
        _ = try house.run()
        #expect(house.files("quarantine").allSatisfy { !$0.hasSuffix(".cms") })
        #expect(
          try house.program(["doctor"]).output.contains("off: rejects and quarantined files are kept as they came"))
      }
      try House.open("sealing: { recipients: [nobody.pem] }") { house in
        try house.drop("<x/>".utf8, as: "a.xml")
        let ending = try house.program(["run", "--assume-settled"])
        #expect(ending.code == 78 && (ending.log + ending.output).contains("nobody.pem"), "\(ending.log)")
        #expect(house.files("inbox").count == 1)
      }
    }
  }
}
