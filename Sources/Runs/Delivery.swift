package import Files
internal import Foundation
internal import Records

extension InboxFile {
  /// One file of a delivery that is several.
  package struct Member: Sendable {
    /// The source table it holds.
    package var table: String
    package var name: FileName
    package var stamp: Stamp
  }

  /// The names to take away, and what each is called where originals are kept. The file that gives the delivery its name comes last: while it
  /// is there, the delivery is not finished.
  func pieces(_ stamp: Stamp, _ target: String) -> [(name: FileName, stamp: Stamp, target: String)] {
    guard !members.isEmpty else { return [(name, stamp, target)] }
    return (members.filter { $0.name != name } + members.filter { $0.name == name }).map {
      ($0.name, $0.stamp, "\(target)-\($0.table)")
    }
  }

  /// A delivery of which nothing is left.
  static func nothing(of name: FileName, facility: String, in folder: Directory) -> InboxFile {
    InboxFile(
      facility: facility, directory: folder, name: name,
      stamp: Stamp(device: 0, inode: 0, sizeInBytes: -1, modified: 0, changed: 0))
  }

  /// Whether all of it still is as it was copied.
  func isStillThere(_ copied: Stamp) -> Bool {
    pieces(copied, "").allSatisfy { piece in
      (try? directory.entry(piece.name))?.map { $0.stamp == piece.stamp } ?? false
    }
  }

  /// The members for the ledger.
  var membersJSON: String {
    members.map {
      MemberLine(
        table: $0.table, name: $0.name.text, inode: $0.stamp.inode, size: $0.stamp.sizeInBytes,
        modified: $0.stamp.modified)
    }.json(pretty: false)
  }

  fileprivate struct MemberLine: Codable {
    var table: String
    var name: String
    var inode: UInt64
    var size: Int
    var modified: Int64
  }
}

/// Puts the files of a folder together that belong to one delivery.
struct Deliveries {
  /// Complete deliveries, named after the file of the feed's main table.
  var complete: [InboxFile] = []
  /// Deliveries that lack a file.
  var incomplete: [InboxFile] = []
  /// Files that no pattern of the feed fits.
  var strangers: [InboxFile] = []

  /// - Parameter layout: of the facility's feed; nil where each file is a delivery.
  init(_ files: [InboxFile], layout: (_ facility: String) -> TabularLayout?) {
    struct Key: Hashable {
      var facility: String
      var delivery: String
    }
    var groups: [Key: [InboxFile.Member]] = [:]
    var first: [(key: Key, file: InboxFile)] = []
    for file in files {
      guard let layout = layout(file.facility), layout.isSplit else {
        complete.append(file)
        continue
      }
      guard
        let (table, delivery) = layout.files.lazy.compactMap({ candidate in
          candidate.delivery(of: file.name.text).map { (candidate.table, $0) }
        }).first
      else {
        strangers.append(file)
        continue
      }
      let key = Key(facility: file.facility, delivery: delivery)
      if groups[key] == nil { first.append((key, file)) }
      groups[key, default: []].append(InboxFile.Member(table: table, name: file.name, stamp: file.stamp))
    }
    for (key, file) in first {
      guard let layout = layout(key.facility), let members = groups[key] else { continue }
      var delivery = file
      // in the order of the feed; of two files for one table the first name counts, the other waits for a delivery of its own
      delivery.members = layout.files.compactMap { wanted in
        members.filter { $0.table == wanted.table }.min { $0.name.text < $1.name.text }
      }
      if let root = delivery.members.first(where: { $0.table == layout.root }) {
        delivery.name = root.name
        delivery.stamp = root.stamp
      }
      delivery.stamp.sizeInBytes = delivery.members.reduce(0) { $0 + $1.stamp.sizeInBytes }
      let isComplete = layout.files.allSatisfy { wanted in
        wanted.isOptional || members.contains { $0.table == wanted.table }
      }
      if isComplete { complete.append(delivery) } else { incomplete.append(delivery) }
    }
  }
}

extension Deliveries {
  /// What is left in the inbox of a delivery whose fate is committed: members of the ledger's line that lie there unchanged.
  static func rest(of members: String, named name: FileName, facility: String, in folder: Directory) -> InboxFile? {
    guard let lines = try? JSONDecoder().decode([InboxFile.MemberLine].self, from: Data(members.utf8)) else {
      return nil
    }
    var left: [InboxFile.Member] = []
    for line in lines {
      guard let name = try? FileName(line.name), let entry = try? folder.entry(name), entry.stamp.inode == line.inode,
        entry.stamp.sizeInBytes == line.size, entry.stamp.modified == line.modified
      else { continue }
      left.append(InboxFile.Member(table: line.table, name: name, stamp: entry.stamp))
    }
    guard let stamp = left.last?.stamp else { return nil }
    var file = InboxFile(facility: facility, directory: folder, name: name, stamp: stamp)
    file.members = left
    return file
  }
}
