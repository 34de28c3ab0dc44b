import Files
import Foundation
import Testing

@Suite struct IntakeTests {
  let folder: Folder
  let inbox: Directory
  let spool: Directory

  init() throws {
    folder = try Folder()
    inbox = try folder.directory("inbox")
    spool = try folder.directory("spool")
  }

  func open(_ name: FileName = delivery, owners: Set<UInt32>? = nil, sizeLimit: Int = 1 << 20) throws -> [UInt8] {
    let file = try SourceFile(name, in: inbox, owners: owners, sizeLimit: sizeLimit)
    return try file.content()
  }

  @Test func opensAnOrdinaryFile() throws {
    try folder.put("inbox/delivery.xml", [1, 2, 3])
    #expect(try open(owners: [geteuid()], sizeLimit: 3) == [1, 2, 3])
  }

  @Test func refusesWhatIsNotAnOrdinaryFileOfItsOwnWithoutWaiting() throws {
    try folder.put("inbox/file", [1, 2, 3])
    try folder.put("inbox/twice", [1])
    let path = folder.path + "/inbox/"
    #expect(unsafe symlink("file", path + "link") == 0)
    #expect(unsafe symlink("nothing", path + "broken") == 0)
    #expect(unsafe link(path + "twice", path + "twice-2") == 0)
    #expect(unsafe mkfifo(path + "pipe", 0o600) == 0)
    #expect(unsafe mkdir(path + "folder", 0o700) == 0)
    let cases: [(name: FileName, refusal: FileFailure.Refusal)] = [
      (FileName(fixed: "link"), .symbolicLink), (FileName(fixed: "broken"), .symbolicLink),
      (FileName(fixed: "twice"), .hardLinked), (FileName(fixed: "pipe"), .notRegular),
      (FileName(fixed: "folder"), .notRegular), (FileName(fixed: "nothing"), .gone),
    ]
    for (name, refusal) in cases {
      #expect(throws: FileFailure.refused(refusal)) { try open(name) }
    }
    #expect(throws: FileFailure.refused(.foreignOwner)) {
      try open(FileName(fixed: "file"), owners: [geteuid() &+ 1])
    }
    #expect(throws: FileFailure.refused(.tooLarge)) { try open(FileName(fixed: "file"), sizeLimit: 2) }
    #expect(throws: FileFailure.refused(.notRegular)) {
      _ = try SourceFile(FileName(fixed: "null"), in: Directory(path: "/dev"), owners: nil).content()
    }
  }

  @Test func refusesASocket() throws {
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { _ = close(listener) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array("\(folder.path)/inbox/s".utf8)
    try #require(name.count < 108)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    #expect(throws: FileFailure.refused(.notRegular)) { try open(FileName(fixed: "s")) }
  }

  @Test(arguments: [0, 1, 2, 3, 262_143, 262_144, 262_145, 700_001], [0, SpoolCopy.mostInMemory])
  func copiesAndHashes(count: Int, mostInMemory: Int) throws {
    let content = sample(count)
    try folder.put("inbox/delivery.xml", content)
    let file = try SourceFile(delivery, in: inbox, owners: nil)
    let copy = try SpoolCopy(of: file, in: spool, mostInMemory: mostInMemory)
    #expect(copy.sizeInBytes == count)
    #expect(copy.contentHash == ContentHash(content))
    #expect(copy.source == file.stamp)
    #expect(!copy.isGzip)
    #expect(folder.files == ["inbox/delivery.xml"])

    var reader = copy.reader()
    for _ in 1...2 {
      var back: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 65_537)
      while case let got = try reader.read(into: &piece), got > 0 { back += piece[..<got] }
      #expect(back == content)
      reader.rewind()
    }
    var back: [UInt8] = [7]
    while case let got = try reader.append(65_537, to: &back), got > 0 { #expect(got <= 65_537) }
    #expect(back == [7] + content)
    var rest: [UInt8] = [0, 0]
    var span = rest.mutableSpan
    #expect(try copy.read(into: &span, at: count + 5) == 0)
  }

  @Test(
    arguments: [([0x1F, 0x8B, 8, 0], true), ([0x1F, 0x8B], false), ([0x1F, 0x8B, 7], false)] as [([UInt8], Bool)],
    [0, SpoolCopy.mostInMemory])
  func knowsGzip(_ known: (content: [UInt8], isGzip: Bool), mostInMemory: Int) throws {
    let (content, isGzip) = known
    try folder.put("inbox/delivery.xml", content)
    let copy = try SpoolCopy(
      of: SourceFile(delivery, in: inbox, owners: nil), in: spool, mostInMemory: mostInMemory)
    #expect(copy.isGzip == isGzip)
  }

  /// What the sender goes on writing does not reach the copy.
  @Test(arguments: [0, SpoolCopy.mostInMemory])
  func copyIsOutOfTheSendersReach(mostInMemory: Int) throws {
    try folder.put("inbox/delivery.xml", [1, 2, 3])
    let copy = try SpoolCopy(
      of: SourceFile(delivery, in: inbox, owners: nil), in: spool, mostInMemory: mostInMemory)
    let writer = try #require(FileHandle(forWritingAtPath: folder.path + "/inbox/delivery.xml"))
    try writer.write(contentsOf: [9, 9, 9, 9])
    var back: [UInt8] = [0, 0, 0, 0]
    var reader = copy.reader()
    #expect(try reader.read(into: &back) == 3)
    #expect(back == [1, 2, 3, 0])
  }

  enum Meddling: CaseIterable { case append, overwrite, truncate, touch, addName }

  /// At whichever read or write the sender comes in between, the copy is refused.
  @Test(arguments: Meddling.allCases, [1, 2, 3, 4, 5, 6])
  func refusesAFileThatChangesWhileItIsCopied(meddling: Meddling, at step: Int) throws {
    let (isInMemory, nth) = (step > 3, (step - 1) % 3 + 1)
    try folder.put("inbox/delivery.xml", sample(600_000))
    let path = folder.path + "/inbox/delivery.xml"
    usleep(20_000)  // past the tick of the kernel's clock in which the file was made
    let plan = FaultPlan([
      .init(
        isInMemory ? .pread : .write, nth: nth,
        .after {
          guard let file = FileHandle(forUpdatingAtPath: path) else { return }
          switch meddling {
          case .append:
            _ = try? file.seekToEnd()
            file.write(Data([1]))
          case .overwrite: file.write(Data([1]))
          case .truncate: try? file.truncate(atOffset: 10)
          case .touch: try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
          case .addName: _ = unsafe link(path, path + "-2")
          }
        })
    ])
    let file = try SourceFile(delivery, in: inbox, owners: nil)
    #expect(throws: FileFailure.refused(.changedWhileReading)) {
      try plan.run { () throws(FileFailure) in
        _ = try SpoolCopy(of: file, in: spool, mostInMemory: isInMemory ? SpoolCopy.mostInMemory : 0)
      }
    }
    #expect(FileFailure.refused(.changedWhileReading).isTransient)
  }

  /// Copying ends at the next piece once nobody wants it any more, and leaves nothing.
  @Test func copyingCanBeStopped() throws {
    try folder.put("inbox/delivery.xml", [UInt8](repeating: 1, count: 1 << 20))
    var pieces = 0
    #expect(throws: FileFailure.refused(.stopped)) {
      let file = try SourceFile(delivery, in: inbox, owners: nil)
      _ = try SpoolCopy(of: file, in: spool, mostInMemory: 0) {
        pieces += 1
        return pieces <= 2
      }
    }
    #expect(pieces == 3)
    #expect(folder.files == ["inbox/delivery.xml"])
  }

  /// Each call fails in turn: the copy is right or there is none, and neither leaves anything on disk.
  @Test(arguments: [false, true], [0, SpoolCopy.mostInMemory])
  func copyingSurvivesEveryFault(isNamed: Bool, mostInMemory: Int) throws {
    let content = sample(600_000)
    try folder.put("inbox/delivery.xml", content)
    let named = isNamed ? [FaultPlan.Rule(.tmpfile, nth: nil, .failing(EOPNOTSUPP))] : []
    func copy(_ plan: FaultPlan) throws -> ContentHash {
      try plan.run { () throws(FileFailure) in
        try SpoolCopy(of: SourceFile(delivery, in: inbox, owners: nil), in: spool, mostInMemory: mostInMemory)
          .contentHash
      }
    }
    let counting = FaultPlan(named)
    _ = try copy(counting)
    for nth in 1...counting.callCount {
      for fault: FaultPlan.Fault in [.failing(ENOSPC), .failing(EIO), .failing(EINTR), .half] {
        do {
          #expect(try copy(FaultPlan(named + [.init(nil, nth: nth, fault)])) == ContentHash(content))
        } catch let failure as FileFailure {
          #expect(failure.isTransient)
          #expect(failure.exitCode == 74)
        }
        // A name whose removal failed is the one thing that stays, until it is swept.
        _ = try spool.removeLeftovers()
        #expect(folder.files == ["inbox/delivery.xml"])
      }
    }
  }

  @Test func listsNamesByTheirBytes() throws {
    for name in ["b", "a", "Z", "ă", ".hidden"] { try folder.put("inbox/" + name, []) }
    let odd: [UInt8] = [0x61, 0xFF]
    let created = unsafe (Array(folder.path.utf8) + Array("/inbox/".utf8) + odd + [0]).withUnsafeBytes {
      unsafe $0.assumingMemoryBound(to: CChar.self).baseAddress.map { unsafe creat($0, 0o600) } ?? -1
    }
    try #require(created >= 0)
    _ = close(created)
    #expect(try inbox.names() == [Array(".hidden".utf8), [0x5A], [0x61], odd, [0x62], Array("ă".utf8)])
    #expect(try inbox.names(limit: 2).count == 2)
    #expect(try inbox.names().count == 6)
  }

  @Test func makesPrivateDirectoriesAndFollowsNoLinkToOne() throws {
    let made = try Directory(FileName(fixed: "48001"), in: inbox, creating: true)
    #expect(try made.entry().mode == 0o700)
    _ = try Directory(FileName(fixed: "48001"), in: inbox, creating: true)
    try #require(unsafe symlink("48001", folder.path + "/inbox/48002") == 0)
    #expect(throws: FileFailure.self) { try Directory(FileName(fixed: "48002"), in: inbox, creating: true) }
    #expect(throws: FileFailure.self) { try Directory(path: folder.path + "/inbox/48002/").sync() }
    #expect(throws: FileFailure.kernel(.openat, ENOENT)) { try Directory(path: folder.path + "/nothing") }
    #expect(throws: FileFailure.kernel(.openat, EINVAL)) { try Directory(path: folder.path + "\0/nothing") }
    #expect(throws: FileFailure.kernel(.openat, EINVAL)) {
      try Directory(path: folder.path + "/new\0name", creating: true)
    }
    #expect(try inbox.names().count == 2)
    #expect(folder.files == ["inbox/48002"])
  }

  @Test func tellsTheSpaceLeft() throws {
    let space = try inbox.space()
    #expect(space.available > 0)
    #expect(space.total >= space.available)
  }
}
