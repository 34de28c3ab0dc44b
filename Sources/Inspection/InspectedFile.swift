internal import Compression
internal import ExtractCSV
internal import Foundation
internal import Records

/// A file that is looked at: its bytes at any place, without compression.
final class InspectedFile: ByteStore {
  let name: String
  let isCompressed: Bool
  /// Of the content, without compression.
  let sizeInBytes: Int
  private let handle: FileHandle

  /// The most that may come out of a compressed file (reliability rules, section 6).
  private static let expandedLimit = 4 << 30

  init(_ path: String) throws(InspectionFailure) {
    name = (path as NSString).lastPathComponent
    do {
      let file = try FileHandle(forReadingFrom: URL(filePath: path))
      let head = try file.read(upToCount: 2) ?? Data()
      isCompressed = Gzip.isGzip(Array(head))
      handle = isCompressed ? try InspectedFile.expanded(file) : file
      sizeInBytes = Int(try handle.seekToEnd())
    } catch let failure as InspectionFailure {
      throw failure
    } catch {
      throw .unreadable((path as NSString).lastPathComponent)
    }
  }

  /// What is in a gzip file, in a file that has no name.
  private static func expanded(_ file: FileHandle) throws -> FileHandle {
    let place = FileManager.default.temporaryDirectory.appending(path: "songhan-inspect-\(UUID().uuidString)")
    let path = place.path(percentEncoded: false)
    guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
      throw InspectionFailure.unreadable(path)
    }
    defer { try? FileManager.default.removeItem(at: place) }
    let plain = try FileHandle(forUpdating: place)
    let expander = Gzip.Expander(ceiling: expandedLimit)
    try file.seek(toOffset: 0)
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
      var output: [UInt8] = []
      do throws(ExpandFailure) { try expander.expand(Array(piece), onto: &output) } catch {
        throw InspectionFailure.damaged
      }
      try plain.write(contentsOf: Data(output))
    }
    guard expander.isComplete else { throw InspectionFailure.damaged }
    return plain
  }

  func read(at offset: Int, _ most: Int, into target: inout [UInt8]) throws(ReaderFailure) -> Int {
    do {
      try handle.seek(toOffset: UInt64(offset))
      let piece = try handle.read(upToCount: most) ?? Data()
      target.append(contentsOf: piece)
      return piece.count
    } catch {
      throw .input(5)
    }
  }

  /// The bytes in order, up to a limit.
  func source(limit: Int = .max) -> (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int {
    var offset = 0
    return { (most, target) throws(ReaderFailure) in
      guard offset < limit else { return 0 }
      let count = try self.read(at: offset, min(most, limit - offset), into: &target)
      offset += count
      return count
    }
  }
}

/// Why a file cannot be looked at.
package enum InspectionFailure: Error, Hashable, CustomStringConvertible {
  case unreadable(String)
  case damaged

  package var description: String {
    switch self {
    case .unreadable(let name): "\(name) cannot be read"
    case .damaged: "the compressed file is damaged, or too large"
    }
  }
}
