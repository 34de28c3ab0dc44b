import Files
import Foundation
import Testing

@Suite struct MoveTests {
  static let newName = FileName(fixed: "moved")
  static let content = sample(300_000)

  enum Way: String, CaseIterable {
    case rename, renameWithoutNoReplace, copy, otherVolume

    var rules: [FaultPlan.Rule] {
      switch self {
      case .rename, .otherVolume: []
      case .renameWithoutNoReplace: [.init(.renameat2, nth: nil, .failing(EINVAL))]
      // The first only: a copy needs the call to name its file where unnamed ones are refused.
      case .copy: [.init(.renameat2, nth: 1, .failing(EXDEV))]
      }
    }

    static var possible: [Way] { Support.otherVolume == nil ? [.rename, .renameWithoutNoReplace, .copy] : allCases }
  }

  /// An inbox with one file, and where it goes.
  struct Place {
    let inboxFolder: Folder
    let doneFolder: Folder
    let inbox: Directory
    let done: Directory
    let stamp: Stamp

    init(_ way: Way) throws {
      inboxFolder = try Folder()
      doneFolder = try Folder(on: way == .otherVolume ? Support.otherVolume : nil)
      inbox = try inboxFolder.directory()
      done = try doneFolder.directory()
      try inboxFolder.put("delivery.xml", content)
      stamp = try #require(try inbox.entry(delivery)).stamp
      usleep(20_000)  // past the tick of the kernel's clock in which the file was made
    }

    func move(_ plan: FaultPlan) throws(FileFailure) -> MoveOutcome {
      try plan.run { () throws(FileFailure) in
        try inbox.moveDurably(delivery, expecting: stamp, to: done, as: newName)
      }
    }
  }

  @Test(arguments: Way.possible)
  func movesTheFileItWasToldTo(way: Way) throws {
    let place = try Place(way)
    #expect(try place.move(FaultPlan(way.rules)) == .moved)
    #expect(place.inboxFolder.files == [])
    #expect(place.doneFolder.files == ["moved"])
    #expect(place.doneFolder.content("moved") == Self.content)
    #expect(try place.move(FaultPlan(way.rules)) == .gone)
  }

  @Test(arguments: Way.possible)
  func leavesAFileThatChanged(way: Way) throws {
    let place = try Place(way)
    let file = try #require(FileHandle(forWritingAtPath: place.inboxFolder.path + "/delivery.xml"))
    try file.write(contentsOf: [1])
    #expect(try place.move(FaultPlan(way.rules)) == .changed)
    #expect(place.inboxFolder.files == ["delivery.xml"])
    #expect(place.doneFolder.files == [])
  }

  @Test(arguments: Way.possible)
  func leavesAnotherFileOfTheSameName(way: Way) throws {
    let place = try Place(way)
    try place.inboxFolder.put("new", Self.content)
    try #require(
      unsafe rename(place.inboxFolder.path + "/new", place.inboxFolder.path + "/delivery.xml") == 0)
    #expect(try place.move(FaultPlan(way.rules)) == .changed)
    #expect(place.inboxFolder.files == ["delivery.xml"])
    #expect(place.doneFolder.files == [])
  }

  /// The sender replaces the file after we looked and before we move it: it goes back.
  @Test(arguments: [false, true])
  func givesBackAFileMovedByMistake(isNameTakenAgain: Bool) throws {
    let place = try Place(.rename)
    let path = place.inboxFolder.path
    try place.inboxFolder.put("new", [7])
    var rules = [
      FaultPlan.Rule(.renameat2, nth: 1, .after { _ = unsafe rename(path + "/new", path + "/delivery.xml") })
    ]
    if isNameTakenAgain {
      rules.append(.init(.renameat2, nth: 2, .after { _ = unsafe creat(path + "/delivery.xml", 0o600) }))
    }
    #expect(try place.move(FaultPlan(rules)) == .changed)
    #expect(place.doneFolder.files == [])
    let files = place.inboxFolder.files
    #expect(files.count == (isNameTakenAgain ? 2 : 1))
    #expect(files.contains { place.inboxFolder.content($0) == [7] })
    for name in files { _ = try FileName(name) }
  }

  @Test(arguments: Way.possible)
  func replacesNothing(way: Way) throws {
    let place = try Place(way)
    try place.doneFolder.put("moved", [1])
    #expect(try place.move(FaultPlan(way.rules)) == .occupied)
    #expect(place.inboxFolder.content("delivery.xml") == Self.content)
    #expect(place.doneFolder.content("moved") == [1])
  }

  /// Each call fails in turn: the content is whole in at least one place, and doing it again ends the move.
  @Test(arguments: Way.possible)
  func movingSurvivesEveryFault(way: Way) throws {
    let counting = FaultPlan(way.rules)
    _ = try Place(way).move(counting)
    for nth in 1...counting.callCount {
      for fault: FaultPlan.Fault in [.failing(ENOSPC), .failing(EIO), .failing(EINTR), .half] {
        let place = try Place(way)
        do throws(FileFailure) {
          #expect(try place.move(FaultPlan([.init(nil, nth: nth, fault)] + way.rules)) == .moved)
        } catch {
          #expect(error.isTransient)
          #expect(
            place.inboxFolder.content("delivery.xml") == Self.content
              || place.doneFolder.content("moved") == Self.content)
          let outcome = try place.move(FaultPlan(way.rules))
          #expect(outcome == .moved || outcome == .gone)
        }
        #expect(place.inboxFolder.files == [])
        #expect(place.doneFolder.files == ["moved"])
        #expect(place.doneFolder.content("moved") == Self.content)
      }
    }
  }
}
