import Foundation
import Glibc
import Testing

@testable import Postgres

@Suite(.serialized) struct EmbeddedClusterTests {
  @Test(.timeLimit(.minutes(15))) func startsStopsAndStartsAgain() async throws {
    try await PrivateCluster.with { cluster in
      #expect(try cluster.status() == .absent)
      #expect(try !cluster.stop())
      #expect(try cluster.start() == .created)
      guard case .running(let major) = try cluster.status() else {
        Issue.record("not running")
        return
      }
      #expect((15...18).contains(major))

      let clock = ContinuousClock()
      let begin = clock.now
      #expect(try cluster.start() == .wasRunning)
      let duration = clock.now - begin
      #expect(duration < .seconds(2))

      do {
        let connection = try Connection(cluster.conninfo, applicationName: "tests")
        let rows = try connection.execute(
          """
          SELECT current_setting('listen_addresses'), current_setting('data_checksums'), current_setting('fsync'),
            current_setting('log_min_messages'), current_setting('TimeZone'),
            (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database())
          """)
        #expect((0..<6).map { rows.text(0, $0) } == ["", "on", "on", "log", "Asia/Ho_Chi_Minh", "UTF8"])
        try connection.execute("CREATE TABLE stays (a int)")
      }

      // closed to all but the owner
      for path in [cluster.place, cluster.place + "/data"] {
        var found = stat()
        #expect(unsafe stat(path, &found) == 0)
        #expect(found.st_mode & 0o777 == 0o700)
        #expect(found.st_uid == cluster.account.uid && found.st_uid != 0)
      }

      #expect(try cluster.stop())
      #expect(try cluster.status() == .stopped(major))
      let again = try EmbeddedCluster(folder: cluster.folder)
      #expect(again.place == cluster.place)
      #expect(try again.start() == .started)
      let connection = try Connection(again.conninfo, applicationName: "tests")
      #expect(try connection.execute("SELECT count(*) FROM stays").integer(0, 0) == 0)
    }
  }

  @Test(.timeLimit(.minutes(15))) func twoStartsAtOnceMakeOneCluster() async throws {
    try await PrivateCluster.with { cluster in
      async let one = onThread { try cluster.start() }
      async let two = onThread { try cluster.start() }
      let starts = try await [one, two]
      #expect(Set(starts) == [.created, .wasRunning])
    }
  }

  /// The whole path of a socket must fit into 108 bytes; a half-made cluster must not be in the way.
  @Test(.timeLimit(.minutes(15))) func takesLongFoldersAndHalfMadeClusters() async throws {
    try await PrivateCluster.with { short in
      let folder = short.folder + "/" + String(repeating: "dài ", count: 20) + "x"
      let cluster = try EmbeddedCluster(folder: folder)
      let isLong = cluster.place == cluster.folder  // else it lies below /var/lib/songhan, and the path is short
      #expect(cluster.conninfo.contains("host='/tmp/songhan-") == isLong)
      #expect(try cluster.start() == .created)
      _ = try Connection(cluster.conninfo, applicationName: "tests")
      #expect(try cluster.stop())

      try FileManager.default.moveItem(atPath: cluster.place + "/data", toPath: cluster.place + "/data.new")
      #expect(try EmbeddedCluster(folder: folder).start() == .created)
      #expect(try cluster.stop(.immediate))
      try FileManager.default.removeItem(atPath: cluster.place)
      if isLong { try FileManager.default.removeItem(atPath: "/tmp/songhan-" + Paths.hash(cluster.place)) }
    }
  }

  @Test func refusesAFolderWithOtherThings() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data("kept".utf8).write(to: URL(fileURLWithPath: folder + "/letter.txt"))
    #expect(throws: ClusterFailure.folderNotEmpty(try Paths.absolute(folder))) {
      try EmbeddedCluster(folder: folder).start()
    }
    #expect(throws: ClusterFailure.unusablePath("/tmp/$(x)")) { try EmbeddedCluster(folder: "/tmp/$(x)") }
  }

  /// Root's own folders are closed to the account that the server runs as.
  @Test(.enabled(if: geteuid() == 0)) func rootPlacesTheClusterWhereItsAccountReachesIt() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-test-" + UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let closed = try EmbeddedCluster(folder: folder + "/cluster")
    #expect(closed.place == "/var/lib/songhan/" + Paths.hash(closed.folder))
    unsafe chmod(folder, 0o711)
    let open = try EmbeddedCluster(folder: folder + "/cluster")
    #expect(open.place == open.folder)
    #expect(open.accountName != "root")
  }

  @Test func programsSeeNothingOfOurEnvironment() throws {
    unsafe setenv("PGDATA", "/elsewhere", 1)
    defer { unsafe unsetenv("PGDATA") }
    let outcome = try Program.run("/usr/bin/env", [])
    #expect(outcome.status == 0)
    #expect(!outcome.words.contains("PGDATA"))
    #expect(try Program.run("/bin/sh", ["-c", "pwd; exit 7"]).status == 7)
    #expect(try Program.run("/bin/sh", ["-c", "kill -9 $$"]).status == 137)
    #expect(try Program.run("/bin/sh", ["-c", "pwd"]).words == "/\n")
    #expect(try Program.run("/no/such/program", []).status != 0)
  }
}

@Suite struct ServerCheckTests {
  @Test(arguments: [
    ("140011", false, true), ("150018", true, false), ("170001", true, false), ("180000", true, true),
    ("190000", false, true), ("", false, true),
  ])
  func knowsVersions(found: String, ok: Bool, hasNote: Bool) {
    let check = ServerCheck.version(found)
    #expect(check.ok == ok)
    #expect((check.mend != nil) == hasNote)
  }

  @Test(arguments: [("on", true), ("local", true), ("remote_apply", true), ("off", false), ("", false)])
  func wantsCommitsOnDisk(found: String, ok: Bool) {
    #expect(ServerCheck.synchronousCommit(found).ok == ok)
  }
}

@Suite struct PathsTests {
  @Test(arguments: [
    ("/no-such/a/../b/./c", "/no-such/b/c"), ("/", "/"), ("//no-such//x/", "/no-such/x"), ("/../..", "/"),
  ])
  func makesPathsAbsolute(path: String, absolute: String) throws {
    #expect(try Paths.absolute(path) == absolute)
  }

  @Test(arguments: [
    ("/srv/dữ liệu/c-1_2.x@y:z", true), ("/a\"b", false), ("/a$b", false), ("/a,b", false), ("/a'b", false),
    ("/a\nb", false), ("/a`b", false), ("/a\\b", false), ("/", false),
  ])
  func refusesPathsForTheShell(path: String, isPlain: Bool) {
    #expect(Paths.isPlain(path) == isPlain)
  }

  @Test func listsTheFoldersAbove() {
    #expect(Paths.parents(of: "/a/b/c") == ["/a", "/a/b"])
    #expect(Paths.parents(of: "/a").isEmpty)
    #expect(Paths.hash("/a").count == 16)
  }
}
