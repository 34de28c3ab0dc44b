import Files
import Foundation
import Testing

/// Runs `files-probe`, kills it at every failpoint it passes, and runs it once more.
@Suite struct CrashTests {
  static let content = sample(700_000)
  static let hash = ContentHash(content).hex
  static let finished = ["done/\(hash).xml", "outbox/\(hash).xml", "outbox/latest"]

  static let probe = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("files-probe")

  func inboxFolder() throws -> Folder {
    let folder = try Folder()
    _ = try folder.directory("inbox")
    try folder.put("inbox/delivery.xml", Self.content)
    return folder
  }

  /// The number of the signal that ended it, or the negated exit code.
  func run(_ arguments: [String], _ environment: [String: String]) throws -> Int32 {
    let process = Process()
    process.executableURL = Self.probe
    process.arguments = arguments
    process.environment = environment
    try process.run()
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal ? process.terminationStatus : -process.terminationStatus
  }

  func points(_ environment: [String: String]) throws -> [String] {
    let folder = try inboxFolder()
    let log = folder.path + "/log"
    #expect(try run([folder.path], environment.merging(["SONGHAN_FAILPOINT_LOG": log]) { $1 }) == 0)
    #expect(folder.files == (Self.finished + ["log"]).sorted())
    let hits = String(decoding: folder.content("log") ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    return Set(hits).sorted()
  }

  @Test(arguments: [[:], ["SONGHAN_FAULTS": "tmpfile:every=EOPNOTSUPP"]])
  func oneMoreRunFinishesWhateverPointTheFirstDiedAt(environment: [String: String]) throws {
    let points = try points(environment)
    #expect(points.contains("files.linked") || !environment.isEmpty)
    #expect(points.count >= 10)
    var kills = 0
    for point in points {
      for hit in 1...4 {
        let folder = try inboxFolder()
        let fatal = environment.merging(["SONGHAN_FAILPOINT": "\(point):\(hit)"]) { $1 }
        let end = try run([folder.path], fatal)
        if end == 0 { break }  // the point is not passed so often
        #expect(end == SIGKILL)
        kills += 1
        #expect(try run([folder.path], environment) == 0)
        #expect(folder.files == Self.finished)
        #expect(folder.content("done/\(Self.hash).xml") == Self.content)
        #expect(folder.content("outbox/\(Self.hash).xml") == Self.content)
        #expect(folder.content("outbox/latest") == Array("\(Self.hash).xml".utf8))
      }
    }
    #expect(kills >= points.count)
  }

  /// As under a service manager, or a thread of a pool, that keeps signals from its children.
  @Test(.timeLimit(.minutes(5))) func diesOfASignalThatItsStarterHadBlocked() throws {
    let folder = try inboxFolder()
    var (blocked, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&blocked)
    unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let end = try run(
      [folder.path], ["SONGHAN_FAILPOINT": "probe.copied", "SONGHAN_FAILPOINT_SIGNAL": "\(SIGABRT)"])
    #expect(end == SIGABRT)
  }

  /// A process that cannot be dumped owns nothing in `/proc`, and names its files by way of `/proc` all the same.
  @Test(.enabled(if: geteuid() == 0)) func worksAsAnAccountWithoutPrivileges() throws {
    let folder = try inboxFolder()
    let account: UInt32 = 65_534
    for name in ["", "/inbox", "/inbox/delivery.xml"] {
      try #require(unsafe chown(folder.path + name, account, account) == 0)
    }
    #expect(try run([folder.path, "\(account)"], [:]) == 0)
    #expect(folder.files == Self.finished)
  }
}
