import Files
import Foundation
import Testing

@Suite struct SecretTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  func file(_ content: [UInt8], mode: mode_t) throws -> String {
    let path = folder.path + "/key"
    _ = unsafe unlink(path)  // one of mode 0400 cannot be written again
    try folder.put("key", content)
    try #require(unsafe chmod(path, mode) == 0)
    return path
  }

  @Test(arguments: [
    ("top secret", "top secret"), ("top secret\n", "top secret"), ("top secret\r\n", "top secret"),
    ("two\nlines\n\n", "two\nlines\n"),
  ])
  func dropsOneLineBreak(content: String, secret: String) throws {
    for mode: mode_t in [0o400, 0o600] {
      let read = try Secret(path: file(Array(content.utf8), mode: mode))
      #expect(read.count == secret.utf8.count)
      #expect(read.withBytes { bytes in bytes.indices.map { bytes[$0] } } == Array(secret.utf8))
      #expect(!"\(read) \(String(reflecting: read))".contains("top"))
    }
  }

  @Test(arguments: [0o440, 0o404, 0o644, 0o660, 0o700, 0o500, 0o4600, 0o000] as [mode_t])
  func refusesOtherModes(mode: mode_t) throws {
    // Without a right to read, an account that is not root is told so by the kernel.
    #expect(throws: mode == 0 && geteuid() != 0 ? FileFailure.kernel(.openat, EACCES) : .unsafeSecret(.openToOthers)) {
      try Secret(path: file([1], mode: mode))
    }
  }

  @Test func refusesLinksAndOddFiles() throws {
    let path = try file([1], mode: 0o600)
    try #require(unsafe symlink("key", folder.path + "/link") == 0)
    #expect(throws: FileFailure.unsafeSecret(.notRegular)) { try Secret(path: folder.path + "/link") }
    #expect(throws: FileFailure.unsafeSecret(.notRegular)) { try Secret(path: folder.path) }
    #expect(throws: FileFailure.unsafeSecret(.notRegular)) { try Secret(path: "/dev/zero") }
    try #require(unsafe link(path, folder.path + "/second") == 0)
    #expect(throws: FileFailure.unsafeSecret(.hardLinked)) { try Secret(path: path) }
    #expect(throws: FileFailure.kernel(.openat, ENOENT)) { try Secret(path: folder.path + "/nothing") }
  }

  @Test(arguments: [("", .empty), ("\n", .empty)] as [(String, FileFailure.SecretFlaw)])
  func refusesNothing(content: String, flaw: FileFailure.SecretFlaw) throws {
    #expect(throws: FileFailure.unsafeSecret(flaw)) { try Secret(path: file(Array(content.utf8), mode: 0o400)) }
  }

  @Test func refusesMoreThanASecretCanBe() throws {
    _ = try Secret(path: file(sample(Secret.sizeLimit), mode: 0o400))
    #expect(throws: FileFailure.unsafeSecret(.tooLarge)) {
      try folder.directory().replaceDurably(
        FileName(fixed: "key"), with: sample(Secret.sizeLimit + 1).span, mode: 0o400)
      _ = try Secret(path: folder.path + "/key")
    }
  }

  @Test(.enabled(if: geteuid() == 0)) func refusesAForeignOwner() throws {
    let path = try file([1], mode: 0o400)
    try #require(unsafe chown(path, 65_534, 65_534) == 0)
    #expect(throws: FileFailure.unsafeSecret(.foreignOwner)) { try Secret(path: path) }
  }

  @Test(
    arguments: [
      (.kernel(.write, ENOSPC), true, 74, "write failed with ENOSPC"),
      (.kernel(.fsync, EIO), true, 74, "fsync failed with EIO"),
      (.kernel(.write, EDQUOT), true, 74, "write failed with EDQUOT"),
      (.kernel(.openat, EACCES), false, 77, "openat failed with EACCES"),
      (.kernel(.unlinkat, EPERM), false, 77, "unlinkat failed with EPERM"),
      (.kernel(.openat, ENOENT), false, 66, "openat failed with ENOENT"),
      (.kernel(.openat, 4_095), false, 74, "openat failed with errno 4095"),
      (.refused(.hardLinked), false, 66, "file refused: hardLinked"),
      (.unsafeSecret(.openToOthers), false, 77, "secret file not safe: openToOthers"),
    ] as [(FileFailure, Bool, Int32, String)])
  func failuresSayWhatToDo(failure: FileFailure, isTransient: Bool, exitCode: Int32, text: String) {
    #expect(failure.isTransient == isTransient)
    #expect(failure.exitCode == exitCode)
    #expect(failure.description == text)
  }

  @Test(arguments: ["write:3=ENOSPC", "any:1=half,tmpfile:every=EOPNOTSUPP", ""])
  func readsFaultPlans(text: String) {
    #expect(FaultPlan(parsing: text) != nil)
  }

  @Test(arguments: ["write", "write:0=EIO", "write:x=EIO", "write:1=EWRONG", "scribble:1=EIO", "write:1"])
  func refusesOtherFaultPlans(text: String) {
    #expect(FaultPlan(parsing: text) == nil)
  }
}
