import Files
import Foundation
import Testing

@Suite struct DurableTests {
  static let target = FileName(fixed: "target")
  static let content = sample(600_000)
  static let errors: [FaultPlan.Fault] = [.failing(ENOSPC), .failing(EIO), .failing(EINTR), .half]

  /// How able the file system is.
  enum Ability: String, CaseIterable {
    case full, withoutUnnamedFiles, withoutUnnamedFilesAndNoReplace

    var rules: [FaultPlan.Rule] {
      let unnamed = FaultPlan.Rule(.tmpfile, nth: nil, .failing(EOPNOTSUPP))
      let noReplace = FaultPlan.Rule(.renameat2, nth: nil, .failing(EINVAL))
      return switch self {
      case .full: []
      case .withoutUnnamedFiles: [unnamed]
      case .withoutUnnamedFilesAndNoReplace: [unnamed, noReplace]
      }
    }
  }

  let folder: Folder

  init() throws { folder = try Folder() }

  /// Appends small, large and middling pieces.
  static func write(in directory: Directory) throws(FileFailure) -> DurableWriter.Outcome {
    var writer = try DurableWriter(in: directory)
    for (start, end) in [(0, 10), (10, 300_000), (300_000, 300_010), (300_010, 400_000), (400_000, 600_000)] {
      try writer.append(content.span.extracting(start..<end))
    }
    return try writer.commit(as: target)
  }

  @Test(arguments: Ability.allCases)
  func writesOnceAndComparesAfterwards(ability: Ability) throws {
    let directory = try folder.directory()
    try FaultPlan(ability.rules).run { () throws in
      #expect(try Self.write(in: directory) == .written)
      #expect(folder.content("target") == Self.content)
      #expect(try directory.entry(Self.target)?.mode == 0o600)
      #expect(try Self.write(in: directory) == .alreadyThere)
      #expect(try directory.writeDurably([1], as: Self.target) == .conflict)
      var other = Self.content
      other[599_999] ^= 1
      #expect(try directory.writeDurably(other, as: Self.target) == .conflict)
      #expect(folder.content("target") == Self.content)
      #expect(folder.files == ["target"])
    }
  }

  @Test func linkInTheWayIsAConflict() throws {
    try folder.put("elsewhere", [1])
    try #require(unsafe symlink("elsewhere", folder.path + "/target") == 0)
    #expect(try folder.directory().writeDurably([1], as: Self.target) == .conflict)
  }

  @Test(arguments: Ability.allCases, [0o600, 0o640, 0o644] as [UInt32])
  func replacesWithTheModeAskedFor(ability: Ability, mode: UInt32) throws {
    let directory = try folder.directory()
    try FaultPlan(ability.rules).run { () throws in
      for content in [[], [1, 2], Self.content] as [[UInt8]] {
        try directory.replaceDurably(Self.target, with: content.span, mode: mode)
        #expect(folder.content("target") == content)
        #expect(try directory.entry(Self.target)?.mode == mode)
      }
      #expect(folder.files == ["target"])
    }
  }

  /// Several files at once: new ones and ones in place of others, whatever the file system can; one sync for the directory.
  @Test(arguments: Ability.allCases)
  func replacesSeveralTogether(ability: Ability) throws {
    let directory = try folder.directory()
    let (first, second) = (FileName(fixed: "first"), FileName(fixed: "second"))
    let plan = FaultPlan(ability.rules)
    try plan.run { () throws in
      try directory.replaceDurably([(first, [1]), (second, [2])], mode: 0o640)
      try directory.replaceDurably([(second, [3, 3]), (first, Self.content)], mode: 0o640)
    }
    #expect(folder.content("first") == Self.content && folder.content("second") == [3, 3])
    for name in [first, second] { #expect(try directory.entry(name)?.mode == 0o640) }
    #expect(folder.files == ["first", "second"])
    // elsewhere the folder of temporary names is made and synced too
    if ability == .full { #expect(plan.callCount(of: .fsync) == 6) }
  }

  /// Whichever call fails: each name has a whole file or the one it had, and nothing else stays.
  @Test func severalTogetherSurviveEveryFault() throws {
    let directory = try folder.directory()
    let (first, second) = (FileName(fixed: "first"), FileName(fixed: "second"))
    func write(_ plan: FaultPlan) throws {
      try plan.run { () throws(FileFailure) in try directory.replaceDurably([(first, Self.content), (second, [2])]) }
    }
    let counting = FaultPlan()
    try folder.put("second", [9])
    try write(counting)
    for nth in 1...counting.callCount {
      for fault: FaultPlan.Fault in [.failing(ENOSPC), .failing(EIO), .half] {
        try? FileManager.default.removeItem(atPath: folder.path + "/first")
        try folder.put("second", [9])
        let isWritten = (try? write(FaultPlan([.init(nil, nth: nth, fault)]))) != nil
        _ = try directory.removeLeftovers()
        #expect(folder.files == ["first", "second"] || (!isWritten && folder.files == ["second"]))
        if folder.files.contains("first") { #expect(folder.content("first") == Self.content) }
        #expect(folder.content("second") == [2] || (!isWritten && folder.content("second") == [9]))
      }
    }
  }

  @Test func namesByContent() throws {
    let directory = try folder.directory()
    var writer = try DurableWriter(in: directory)
    try writer.append([1, 2].span)
    try writer.append([3].span)
    let hash = writer.contentHash
    #expect(hash == ContentHash([1, 2, 3]))
    #expect(writer.sizeInBytes == 3)
    #expect(try writer.commit(as: FileName(hash)) == .written)
    #expect(folder.content(hash.hex) == [1, 2, 3])
  }

  @Test(arguments: Ability.allCases)
  func abandonedFilesLeaveNothing(ability: Ability) throws {
    let directory = try folder.directory()
    try FaultPlan(ability.rules).run { () throws in
      var dropped = try DurableWriter(in: directory)
      try dropped.append(Self.content.span)
      var abandoned = try DurableWriter(in: directory)
      try abandoned.append(Self.content.span)
      abandoned.abandon()
    }
    #expect(folder.files == [])
  }

  @Test func afterAFailureNothingIsCommitted() throws {
    let directory = try folder.directory()
    let plan = FaultPlan([.init(.write, nth: 1, .failing(ENOSPC))])
    let failure = FileFailure.kernel(.write, ENOSPC)
    try plan.run { () throws in
      var writer = try DurableWriter(in: directory)
      do throws(FileFailure) {
        try writer.append(Self.content.span)
        Issue.record("the write should fail")
      } catch {
        #expect(error == failure)
      }
      do throws(FileFailure) {
        _ = try writer.commit(as: Self.target)
        Issue.record("the commit should fail")
      } catch {
        #expect(error == failure)
      }
    }
    #expect(folder.files == [])
  }

  /// The file and its directory, every time; a move both directories.
  @Test func syncsFileAndDirectory() throws {
    let directory = try folder.directory()
    let done = try folder.directory("done")
    func syncs(_ body: () throws -> Void) throws -> Int {
      let plan = FaultPlan()
      try plan.run(body)
      return plan.callCount(of: .fsync)
    }
    #expect(try syncs { _ = try directory.writeDurably([1], as: Self.target) } == 2)
    #expect(try syncs { _ = try directory.writeDurably([1], as: Self.target) } == 2)
    #expect(try syncs { try directory.replaceDurably(Self.target, with: Self.content.span) } == 2)
    let stamp = try #require(try directory.entry(Self.target)).stamp
    #expect(
      try syncs {
        _ = try directory.moveDurably(Self.target, expecting: stamp, to: done, as: Self.target)
      } == 2)
    #expect(try syncs { _ = try done.removeDurably(Self.target) } == 1)
  }

  /// A failed fsync is never made again on the same file, an interrupted one neither.
  @Test(arguments: [EIO, EINTR, ENOSPC])
  func syncsOnce(number: Int32) throws {
    let directory = try folder.directory()
    let plan = FaultPlan([.init(.fsync, nth: 1, .failing(number))])
    #expect(throws: FileFailure.kernel(.fsync, number)) {
      try plan.run { () throws(FileFailure) in _ = try Self.write(in: directory) }
    }
    #expect(plan.callCount(of: .fsync) == 1)
    #expect(folder.files == [])
  }

  /// Each call fails in turn: there is no file or the whole file, and doing it once more makes it right.
  @Test(arguments: Ability.allCases)
  func writingSurvivesEveryFault(ability: Ability) throws {
    let counting = FaultPlan(ability.rules)
    let first = try Folder()
    let directory = try first.directory()
    _ = try counting.run { () throws(FileFailure) in try Self.write(in: directory) }
    #expect(counting.callCount > 5)
    for nth in 1...counting.callCount {
      for fault in Self.errors {
        let folder = try Folder()
        let directory = try folder.directory()
        let plan = FaultPlan([.init(nil, nth: nth, fault)] + ability.rules)
        do throws(FileFailure) {
          let outcome = try plan.run { () throws(FileFailure) in try Self.write(in: directory) }
          #expect(outcome == .written)
          #expect(folder.content("target") == Self.content)
        } catch {
          if case .half = fault { Issue.record("half a write is not a failure") }
          #expect(error.isTransient)
          #expect(folder.content("target") == nil || folder.content("target") == Self.content)
        }
        #expect(try Self.write(in: directory) != .conflict)
        #expect(folder.content("target") == Self.content)
        _ = try directory.removeLeftovers()
        #expect(folder.files == ["target"])
      }
    }
  }

  @Test(arguments: Ability.allCases)
  func replacingSurvivesEveryFault(ability: Ability) throws {
    let old: [UInt8] = [1, 2, 3]
    func replace(_ directory: Directory) throws(FileFailure) {
      try directory.replaceDurably(Self.target, with: Self.content.span, mode: 0o640)
    }
    let counting = FaultPlan(ability.rules)
    let first = try Folder()
    let directory = try first.directory()
    try counting.run { () throws(FileFailure) in try replace(directory) }
    for nth in 1...counting.callCount {
      for fault in Self.errors {
        let folder = try Folder()
        let directory = try folder.directory()
        try folder.put("target", old)
        let plan = FaultPlan([.init(nil, nth: nth, fault)] + ability.rules)
        do {
          try plan.run { () throws(FileFailure) in try replace(directory) }
          #expect(folder.content("target") == Self.content)
        } catch {
          #expect(folder.content("target") == old || folder.content("target") == Self.content)
        }
        try replace(directory)
        #expect(folder.content("target") == Self.content)
        _ = try directory.removeLeftovers()
        #expect(folder.files == ["target"])
      }
    }
  }

  @Test func sweepsDeadLeftoversAndSparesLivingOnes() throws {
    let directory = try folder.directory()
    try folder.put(".songhan-0000000000000001.part", [1])
    try folder.put("kept.part", [1])
    try FaultPlan(Ability.withoutUnnamedFiles.rules).run { () throws in
      var writer = try DurableWriter(in: directory)
      try writer.append([1, 2].span)
      try folder.put(".tmp/.songhan-0000000000000002.part", [1])
      #expect(try directory.removeLeftovers() == 2)
      #expect(folder.files.count == 2)
      #expect(try writer.commit(as: Self.target) == .written)
    }
    #expect(folder.files == ["kept.part", "target"])
    #expect(try directory.removeLeftovers() == 0)
  }

  @Test func removesAndSaysWhetherItWasThere() throws {
    try folder.put("target", [1])
    let directory = try folder.directory()
    #expect(try directory.removeDurably(Self.target))
    #expect(try !directory.removeDurably(Self.target))
    #expect(folder.files == [])
  }
}
