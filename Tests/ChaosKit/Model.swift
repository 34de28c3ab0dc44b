/// What must be: the ledger of a warehouse in plain values, without a database, a disk or a clock.
///
/// It knows the deliveries and what is in them. The order in which files were committed is the warehouse's own (several loaders are at work);
/// everything else follows from it.
package struct Model: Sendable {
  /// A dossier of a content: which visit, and which of its editions.
  package struct Dossier: Sendable, Hashable {
    package var key: String
    package var edition: Int
    package var isRejected: Bool

    package init(key: String, edition: Int, isRejected: Bool) {
      self.key = key
      self.edition = edition
      self.isRejected = isRejected
    }
  }

  /// What becomes of a delivery whose content was not loaded before.
  package enum Fate: Sendable, Hashable {
    case loaded([Dossier])
    case ended(state: String, reason: String)
  }

  /// A file that a hospital delivered: its name is unique in its folder.
  package struct Delivery: Sendable, Hashable {
    package var facility: String
    package var name: String
    /// SHA-256 of its bytes.
    package var hash: String
    package var fate: Fate

    package init(facility: String, name: String, hash: String, fate: Fate) {
      self.facility = facility
      self.name = name
      self.hash = hash
      self.fate = fate
    }
  }

  package struct Counts: Sendable, Hashable {
    package var seen = 0
    package var accepted = 0
    package var rejected = 0
    package var duplicate = 0
    package var superseding = 0

    package init(seen: Int = 0, accepted: Int = 0, rejected: Int = 0, duplicate: Int = 0, superseding: Int = 0) {
      (self.seen, self.accepted, self.rejected) = (seen, accepted, rejected)
      (self.duplicate, self.superseding) = (duplicate, superseding)
    }
  }

  /// A line of `intake.dossier`.
  package struct Line: Sendable, Hashable {
    package var number: Int
    package var key: String
    package var edition: Int
    package var outcome: String
    package var version: Int?
    package var isCurrent: Bool
    package var supersededBy: Int?
  }

  package struct File: Sendable {
    package var counts = Counts()
    package var lines: [Line] = []
  }

  private struct Slot: Hashable {
    var facility: String
    var key: String
  }

  private struct Current {
    var edition: Int
    var version: Int
    var file: Int
    var line: Int
  }

  /// A file that was loaded: by which run, and its place among the deliveries (``uploaded`` for those that were written while time went by), and
  /// which of its dossiers the ledger calls duplicates.
  package struct Load: Sendable {
    package var id: Int
    package var facility: String
    package var run: Int
    package var place: Int
    package var dossiers: [Dossier]
    package var duplicates: Set<Int>

    /// The files of a scenario are dropped with times of the past, in the order of the plan; an upload's time is the clock's.
    package static let uploaded = Int.max

    package init(
      id: Int, facility: String, run: Int, place: Int, dossiers: [Dossier], duplicates: Set<Int> = []
    ) {
      (self.id, self.facility, self.run, self.place, self.dossiers) = (id, facility, run, place, dossiers)
      self.duplicates = duplicates
    }

    /// Whether the content of one of its dossiers is older than what `earlier` loaded. Which of two uploads ended first only the ledger knows, and
    /// whether a run knew of a file that another one loaded in the end.
    func isOlder(_ number: Int, than earlier: Load) -> Bool {
      guard earlier.id != id else { return false }
      let isSaid = duplicates.contains(number)
      if place == Load.uploaded, earlier.place == place { return isSaid }
      return earlier.place > place && (earlier.run == run || isSaid)
    }
  }

  /// What must stand in the ledger when files were committed in this order.
  package static func ledger(_ order: [Load]) -> [Int: File] {
    var files: [Int: File] = [:]
    let loads = Dictionary(order.map { ($0.id, $0) }) { first, _ in first }
    var current: [Slot: Current] = [:]
    for load in order {
      let (id, facility, dossiers) = (load.id, load.facility, load.dossiers)
      files[id] = File()
      var last: [String: Int] = [:]
      for (index, dossier) in dossiers.enumerated() {
        var line = Line(
          number: index + 1, key: dossier.key, edition: dossier.edition, outcome: "rejected", version: nil,
          isCurrent: false, supersededBy: nil)
        files[id]?.counts.seen += 1
        if dossier.isRejected {
          files[id]?.counts.rejected += 1
          files[id]?.lines.append(line)
          continue
        }
        let slot = Slot(facility: facility, key: dossier.key)
        let earlier = current[slot]
        // of one run's files the content that was delivered later stays
        let isOlder = earlier.flatMap { loads[$0.file] }.map { load.isOlder(index + 1, than: $0) } ?? false
        if isOlder || last[dossier.key] == dossier.edition || earlier?.edition == dossier.edition {
          line.outcome = "duplicate"
          files[id]?.counts.duplicate += 1
        } else {
          line.outcome = "accepted"
          line.version = (earlier?.version ?? 0) + 1
          line.isCurrent = true
          files[id]?.counts.accepted += 1
          if let earlier {
            files[id]?.counts.superseding += 1
            files[earlier.file]?.lines[earlier.line].isCurrent = false
            files[earlier.file]?.lines[earlier.line].supersededBy = id
          }
          current[slot] = Current(edition: dossier.edition, version: line.version ?? 1, file: id, line: index)
        }
        last[dossier.key] = dossier.edition
        files[id]?.lines.append(line)
      }
    }
    return files
  }
}
