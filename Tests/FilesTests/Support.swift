import Files
import Foundation

/// An empty folder that is removed with everything in it.
final class Folder {
  let path: String

  init(on volume: String? = nil) throws {
    path = (volume ?? NSTemporaryDirectory()) + "/files-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func directory(_ name: String? = nil) throws -> Directory {
    try Directory(path: name.map { path + "/" + $0 } ?? path, creating: true)
  }

  func put(_ name: String, _ content: [UInt8]) throws {
    try Data(content).write(to: URL(fileURLWithPath: path + "/" + name))
  }

  func content(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path + "/" + name).map(Array.init)
  }

  /// Names of files below it, with their folders, sorted; empty folders do not show.
  var files: [String] {
    let all = FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []
    return all.filter { name in
      (try? FileManager.default.attributesOfItem(atPath: path + "/" + name)[.type] as? FileAttributeType)
        != .typeDirectory
    }.sorted()
  }
}

/// Made-up bytes without any period that a piece size could hide.
func sample(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 56)
  }
}

enum Support {
  /// A second volume to move files to; nil where there is none.
  static let otherVolume: String? = {
    let shared = "/dev/shm"
    guard let here = try? Directory(path: NSTemporaryDirectory()).entry().stamp.device,
      let there = try? Directory(path: shared).entry().stamp.device, here != there,
      FileManager.default.isWritableFile(atPath: shared)
    else { return nil }
    return shared
  }()
}

let delivery = FileName(fixed: "delivery.xml")

extension ContentHash {
  init(_ content: [UInt8]) { self.init(of: content.span) }
}

extension Directory {
  func writeDurably(_ content: [UInt8], as name: FileName) throws(FileFailure) -> DurableWriter.Outcome {
    try writeDurably(content.span, as: name)
  }
}
