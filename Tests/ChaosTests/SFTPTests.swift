import ChaosKit
import Files
import Foundation
import Glibc
import Testing

/// A private OpenSSH server on the loopback: internal-sftp, one key, one account without privileges.
final class PrivateSFTP {
  static let program = "/usr/sbin/sshd"
  /// Why there is no such server here; nil when there can be one.
  static var obstacle: String? {
    if geteuid() != 0 { return "not root: an account without privileges could not be logged in" }
    if !FileManager.default.isExecutableFile(atPath: program) { return "openssh-server is not installed" }
    return nil
  }

  let account = "nobody"
  let folder: String
  private let port: Int

  init(_ folder: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
    for name in ["host", "client"] {
      try Self.call("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(name)"])
    }
    try FileManager.default.copyItem(atPath: "\(folder)/client.pub", toPath: "\(folder)/authorized")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(folder)/authorized")
    port = try Self.freePort()
    let settings = """
      Port \(port)
      ListenAddress 127.0.0.1
      HostKey \(folder)/host
      PidFile \(folder)/pid
      AuthorizedKeysFile \(folder)/authorized
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      PermitRootLogin no
      AllowUsers \(account)
      Subsystem sftp internal-sftp
      ForceCommand internal-sftp
      DisableForwarding yes

      """
    try Data(settings.utf8).write(to: URL(filePath: "\(folder)/sshd_config"))
    // in the background: it closes every descriptor it inherits, by which Foundation would take it for dead, and wait for it for ever
    try Self.call(Self.program, ["-f", "\(folder)/sshd_config"])
    for _ in 0..<100 {
      if try batch(["pwd"]).wait() == 0 { return }
      usleep(100_000)
    }
    throw ChaosError("the private sshd does not answer")
  }

  func end() {
    guard let text = try? String(contentsOfFile: "\(folder)/pid", encoding: .utf8),
      let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
    else { return }
    // its signals may be blocked, as they were in the thread that began it
    kill(pid, SIGTERM)
    for _ in 0..<50 where kill(pid, 0) == 0 { usleep(20_000) }
    kill(pid, SIGKILL)
  }

  private static func call(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let status = status(of: process)
    if status != 0 { throw ChaosError("\(program) ended with \(status)") }
  }

  private static func freePort() throws -> Int {
    let proxy = try Proxy(to: "/nowhere", cuts: [:])
    proxy.close()
    usleep(100_000)  // its thread closes the socket
    return proxy.port
  }

  /// An sftp client at work.
  final class Client {
    fileprivate let process = Process()
    var isRunning: Bool { process.isRunning }
    func wait() -> Int32 { status(of: process) }
    func end() { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
  }

  /// - Parameter kilobits: a second; nil for as fast as it goes.
  func batch(_ commands: [String], kilobits: Int? = nil) throws -> Client {
    let file = "\(folder)/batch-\(UUID().uuidString)"
    try Data((commands.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
    let client = Client()
    client.process.executableURL = URL(filePath: "/usr/bin/sftp")
    client.process.arguments =
      [
        // one small piece on its way at a time: with many large ones the client sends a burst and then nothing for five seconds
        "-q", "-B", "4096", "-R", "1", "-b", file, "-P", "\(port)", "-i", "\(folder)/client", "-F", "none", "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10",
        "-o", "ServerAliveInterval=10",
      ] + (kilobits.map { ["-l", "\($0)"] } ?? []) + ["\(account)@127.0.0.1"]
    client.process.standardOutput = FileHandle.nullDevice
    client.process.standardError = FileHandle.nullDevice
    try client.process.run()
    return client
  }
}

extension ChaosTests {
  /// Hospitals upload by SFTP, slowly, while cron runs.
  @Suite struct SFTPTests {
    @Test(.enabled(if: PrivateSFTP.obstacle == nil, Comment(rawValue: PrivateSFTP.obstacle ?? "")))
    func aSlowUploadIsNotTouchedUntilItHasSettled() async throws {
      record(
        await onThread {
          var complaints: [String] = []
          do { try Self.upload(&complaints) } catch { complaints.append("\(error)") }
          return complaints
        })
    }

    static func upload(_ complaints: inout [String]) throws {
      let arena = try Arena()
      defer { arena.end() }
      let site = try arena.site()
      defer { site.remove() }
      let sftp = try PrivateSFTP(arena.folder + "/ssh")
      defer { sftp.end() }
      let account = try account(sftp.account)
      for (folder, mode) in [("inbox", 0o711), ("inbox/48001", 0o700)] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: site.path(folder))
      }
      guard unsafe chown(site.path("inbox/48001"), account.uid, account.gid) == 0 else { throw ChaosError("chown") }

      var hashes: [String: String] = [:]
      for (index, name) in ["in-place.xml", "renamed.xml"].enumerated() {
        let bytes = try Scenario.export(facility: "48001", visits: 40, seed: UInt64(20 + index))
        guard bytes.count > 150_000 else { throw ChaosError("an upload of \(bytes.count) bytes is over too soon") }
        try Data(bytes).write(to: URL(filePath: "\(sftp.folder)/\(name)"))
        hashes[name] = ContentHash(of: bytes).hex
      }
      // 50 kB/s: three pieces in a second, and the whole takes some seconds
      let target = site.path("inbox/48001")
      let uploads = [
        try sftp.batch(["put \(sftp.folder)/in-place.xml \(target)/in-place.xml"], kilobits: 400),
        try sftp.batch(
          [
            "put \(sftp.folder)/renamed.xml \(target)/renamed.xml.part",
            "rename \(target)/renamed.xml.part \(target)/renamed.xml",
          ], kilobits: 400),
      ]
      let run = { try site.run(["run"], ["SONGHAN_INTAKE_SETTLE_SECONDS": "3"]) }
      defer { for upload in uploads { upload.end() } }
      var during = 0
      let last = ContinuousClock.now + .seconds(120)
      while uploads.allSatisfy(\.isRunning), ContinuousClock.now < last {
        let ending = try run()
        if ending.code != 0 { complaints.append("a run during the uploads ended with \(ending.code): \(ending.log)") }
        if !uploads.allSatisfy(\.isRunning) { break }
        during += 1
        let lines = try site.number("SELECT count(*) FROM intake.file")
        if lines != 0 { complaints.append("\(lines) files were taken while they were being uploaded") }
        if !site.files("archive").isEmpty || !site.files("quarantine").isEmpty || !site.files("spool").isEmpty {
          complaints.append("something was moved while it was being uploaded")
        }
        usleep(200_000)
      }
      for upload in uploads where upload.wait() != 0 { complaints.append("an upload failed") }
      if during < 3 { complaints.append("only \(during) runs during the uploads") }
      let end = ContinuousClock.now + .seconds(90)
      while try site.number("SELECT count(*) FROM intake.file WHERE state = 'loaded'") < 2, ContinuousClock.now < end {
        let ending = try run()
        if ending.code != 0 { complaints.append("a run after the uploads ended with \(ending.code): \(ending.log)") }
        usleep(200_000)
      }
      let lines = try site.rows(
        "SELECT file_name, encode(content_sha256, 'hex'), state, attempts FROM intake.file ORDER BY file_name")
      let wanted = hashes.sorted { $0.key < $1.key }.map { [$0.key, $0.value, "loaded", "1"] }
      if lines.map({ $0.map { $0 ?? "–" } }) != wanted { complaints.append("the ledger holds \(lines)") }
      if try site.number("SELECT count(*) FROM intake.file_event WHERE kind = 'loaded'") != 2 {
        complaints.append("not each file was loaded once")
      }
      // three seconds of stillness, by the warehouse's clock
      let early = try site.number(
        """
        SELECT count(*) FROM intake.file f JOIN intake.sighting s USING (facility_code, file_name)
        WHERE f.claimed_at - s.first_seen_at < interval '3 seconds' OR s.observations < 2
        """)
      if early > 0 { complaints.append("\(early) files were taken before they had settled") }
      if !site.files("inbox").isEmpty { complaints.append("left in the inbox: \(site.files("inbox"))") }
      complaints += try site.flaws()
    }

    private static func account(_ name: String) throws -> (uid: UInt32, gid: UInt32) {
      guard let entry = unsafe getpwnam(name) else { throw ChaosError("there is no account \(name)") }
      return unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid)
    }
  }
}
