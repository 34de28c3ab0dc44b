import Foundation
import Postgres
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// What the manual says about dumps: a restored warehouse agrees with its folders, and knows what it has loaded.
  @Suite struct BackupTests {
    static func tool(_ name: String, _ arguments: [String]) throws {
      let root = "/usr/lib/postgresql"
      let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
      let path = try #require(
        versions.map { "\(root)/\($0)/bin/\(name)" }.last { FileManager.default.isExecutableFile(atPath: $0) })
      let process = Process()
      process.executableURL = URL(filePath: path)
      process.arguments = arguments
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(name)")
    }

    @Test func restoredWarehouseAgreesAndRecognisesDuplicates() throws {
      try House.open(VerifyTests.destinations) { house in
        try VerifyTests.load(house)
        try VerifyTests.again(house)
        let dump = house.path("songhan.dump")
        try Self.tool("pg_dump", ["-Fc", "-f", dump, "-d", house.conninfo])
        let restored = house.database + "_restored"
        let admin = try Connection(house.cluster.conninfo(database: "postgres"), applicationName: "tests")
        _ = try admin.executeGenerated("CREATE DATABASE \(restored) TEMPLATE template0")
        defer { _ = try? admin.executeGenerated("DROP DATABASE IF EXISTS \(restored) WITH (FORCE)") }
        let conninfo = house.cluster.conninfo(database: restored)
        try Self.tool("pg_restore", ["-d", conninfo, "--exit-on-error", "--single-transaction", dump])
        // the same folders, the restored warehouse
        let there = ["SONGHAN_WAREHOUSE": conninfo]
        let verify = try house.program(["verify", "--rows"], environment: there)
        #expect(verify.code == 0, "\(verify.output)")
        #expect(try house.program(["audit", "verify"], environment: there).code == 0)
        let names = VerifyTests.names
        for name in names { try house.drop(try SampleFolder.named(name).renamed("again-\(name)")) }
        let run = try house.program(["run", "--assume-settled", "--json"], environment: there)
        #expect(run.code == 0, "\(run.log)")
        let connection = try Connection(conninfo, applicationName: "tests")
        let states = try connection.execute(
          "SELECT count(*), count(*) FILTER (WHERE state = 'duplicate') FROM intake.file WHERE file_name LIKE 'again-%'"
        )
        let (files, duplicates) = (states.integer(0, 0) ?? 0, states.integer(0, 1) ?? 0)
        #expect(files == duplicates && files >= Int64(names.count))
        #expect(try house.program(["verify"], environment: there).code == 0)
      }
    }
  }
}
