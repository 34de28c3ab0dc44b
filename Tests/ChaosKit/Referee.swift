internal import Files
internal import Foundation

/// Compares what stands in a warehouse and its folders with what must stand there.
struct Referee {
  let site: Site
  let deliveries: [Model.Delivery]
  let refusedNames: [(facility: String, name: String)]
  /// Deliveries that were written while time went by.
  let uploaded: Set<String>
  /// Those of them that grew under their own name: their beginnings may have left a line in the ledger.
  let grown: Set<String>
  /// Spool of the host that ran last.
  let spool: String

  struct Verdict {
    var lost: [String] = []
    var doubled: [String] = []
    var torn: [String] = []
    var wrong: [String] = []
    var all: [String] {
      lost.map { "lost: \($0)" } + doubled.map { "doubled: \($0)" } + torn.map { "torn: \($0)" } + wrong
    }
  }

  private struct Row {
    var id: Int
    var facility: String
    var name: String
    var hash: String
    var state: String
    var reason: String?
    var counts: [Int]
    var duplicateOf: Int?
    var hasReceipt: Bool
    var isAnswered: Bool
    var isRemoved: Bool
    var claims: Int
    var loadedAt: Int?
    var run: Int
  }

  func judge() throws -> Verdict {
    var verdict = Verdict()
    verdict.wrong += try site.flaws()
    let rows = try site.rows(
      """
      SELECT f.file_id, facility_code, file_name, encode(content_sha256, 'hex'), state, reason, dossiers_seen, dossiers_accepted,
        dossiers_rejected, dossiers_duplicate, dossiers_superseding, duplicate_of, (receipt IS NOT NULL)::int,
        (receipt_written_at IS NOT NULL)::int, (source_removed_at IS NOT NULL)::int,
        (SELECT count(*) FROM intake.file_event e WHERE e.file_id = f.file_id AND kind = 'claimed'),
        (SELECT max(event_id) FROM intake.file_event e WHERE e.file_id = f.file_id AND kind = 'loaded'),
        f.run_id
      FROM intake.file f ORDER BY file_id
      """
    ).map { row in
      func number(_ index: Int) -> Int? { row[index].flatMap { Int($0) } }
      return Row(
        id: number(0) ?? 0, facility: row[1] ?? "", name: row[2] ?? "", hash: row[3] ?? "", state: row[4] ?? "",
        reason: row[5], counts: (6...10).map { number($0) ?? -1 }, duplicateOf: number(11), hasReceipt: number(12) == 1,
        isAnswered: number(13) == 1, isRemoved: number(14) == 1, claims: number(15) ?? 0, loadedAt: number(16),
        run: number(17) ?? 0)
    }
    let found = files(rows, &verdict)
    try dossiers(found, &verdict)
    try folders(rows, found, &verdict)
    try parcels(&verdict)
    return verdict
  }

  // MARK: files

  /// One line for each delivery, in the state it must have.
  private func files(_ rows: [Row], _ verdict: inout Verdict) -> [(row: Row, delivery: Model.Delivery)] {
    var open = rows
    var found: [(row: Row, delivery: Model.Delivery)] = []
    for delivery in deliveries {
      let what = "\(delivery.facility)/\(delivery.name)"
      let own = open.filter {
        $0.facility == delivery.facility && $0.name == delivery.name && $0.hash == delivery.hash
      }
      open.removeAll { row in own.contains { $0.id == row.id } }
      guard let row = own.first else {
        verdict.lost.append("\(what) stands in no line of the ledger")
        continue
      }
      if own.count > 1 { verdict.doubled.append("\(what) stands in \(own.count) lines of the ledger") }
      found.append((row, delivery))
      // deaths of processes over one file are counted, and the third is the last
      if row.state == "quarantined", row.reason == "S13", row.claims > 3 { continue }
      switch delivery.fate {
      case .ended(let state, let reason):
        if row.state != state || row.reason != reason {
          verdict.wrong.append("\(what) is \(row.state) \(row.reason ?? "–") instead of \(state) \(reason)")
        }
      case .loaded:
        let group = deliveries.filter { $0.facility == delivery.facility && $0.hash == delivery.hash }
        let loaded = rows.filter {
          $0.facility == delivery.facility && $0.hash == delivery.hash && $0.state == "loaded"
        }
        if loaded.count > 1 { verdict.doubled.append("\(what) was loaded \(loaded.count) times") }
        guard let first = loaded.first else {
          verdict.lost.append(
            "\(what) is \(row.state) \(row.reason ?? "–"), and none of \(group.count) like it is loaded")
          continue
        }
        if row.id != first.id, row.state != "duplicate" || row.duplicateOf != first.id {
          verdict.wrong.append("\(what) is \(row.state) \(row.reason ?? "–") instead of a duplicate of \(first.id)")
        }
      }
    }
    for row in open where !(grown.contains("\(row.facility)/\(row.name)") && row.state == "refused") {
      verdict.doubled.append(
        "nobody delivered what the ledger calls file \(row.id), \(row.facility)/\(row.name), \(row.state)")
    }
    for row in rows where row.hasReceipt && !(row.isAnswered && row.isRemoved) {
      verdict.wrong.append("file \(row.id) is not at its end: receipt \(row.isAnswered), source \(row.isRemoved)")
    }
    return found
  }

  /// Outcomes, versions and counts, replayed by the model in the warehouse's order.
  private func dossiers(_ found: [(row: Row, delivery: Model.Delivery)], _ verdict: inout Verdict) throws {
    let order = found.filter { $0.row.state == "loaded" }.sorted { ($0.row.loadedAt ?? 0) < ($1.row.loadedAt ?? 0) }
    var lines: [Int: [[String?]]] = [:]
    for line in try site.rows(
      "SELECT file_id, dossier_number, encounter_key, outcome, version, is_current::int, superseded_by_file_id, "
        + "encode(content_sha256, 'hex'), facility_code FROM intake.dossier ORDER BY file_id, dossier_number")
    {
      lines[line[0].flatMap { Int($0) } ?? 0, default: []].append(line)
    }
    let expected = Model.ledger(
      order.compactMap { row, delivery in
        guard case .loaded(let dossiers) = delivery.fate else { return nil }
        let place = deliveries.firstIndex { $0.facility == delivery.facility && $0.name == delivery.name } ?? 0
        let duplicates = (lines[row.id] ?? []).filter { $0[3] == "duplicate" }.compactMap { $0[1].flatMap { Int($0) } }
        return Model.Load(
          id: row.id, facility: delivery.facility, run: row.run,
          place: uploaded.contains("\(delivery.facility)/\(delivery.name)") ? Model.Load.uploaded : place,
          dossiers: dossiers, duplicates: Set(duplicates))
      })
    var hashes: [String: String] = [:]
    for (row, delivery) in order {
      let what = "file \(row.id) (\(delivery.name))"
      guard let file = expected[row.id] else {
        verdict.wrong.append("\(what) is loaded, and must not be")
        continue
      }
      let counts = file.counts
      if row.counts != [counts.seen, counts.accepted, counts.rejected, counts.duplicate, counts.superseding] {
        verdict.wrong.append("\(what) counts \(row.counts) instead of \(counts)")
      }
      let own = lines[row.id] ?? []
      if own.count < file.lines.count {
        verdict.lost.append("\(what) has \(own.count) dossiers of \(file.lines.count)")
      }
      if own.count > file.lines.count {
        verdict.doubled.append("\(what) has \(own.count) dossiers of \(file.lines.count)")
      }
      for (line, wanted) in zip(own, file.lines) {
        let found: [String?] = [line[1], line[2], line[3], line[4], line[5], line[6]]
        let must: [String?] = [
          "\(wanted.number)", wanted.key, wanted.outcome, wanted.version.map { "\($0)" }, wanted.isCurrent ? "1" : "0",
          wanted.supersededBy.map { "\($0)" },
        ]
        if found != must {
          verdict.wrong.append("\(what): \(found.map { $0 ?? "–" }) instead of \(must.map { $0 ?? "–" })")
        }
        if wanted.outcome == "rejected" { continue }
        let edition = "\(delivery.facility) \(wanted.key) \(wanted.edition)"
        if let known = hashes[edition], known != line[7] {
          verdict.wrong.append("\(what): two contents for \(edition)")
        }
        hashes[edition] = line[7] ?? ""
      }
    }
    if Set(hashes.values).count != hashes.count { verdict.wrong.append("two editions with one content") }
    // the rows of each current version, once
    let current = try site.rows(
      """
      SELECT facility_code, encounter_key, count(*), min(file_id), min(dossier_number) FROM health.encounter GROUP BY 1, 2
      """)
    var wanted: [String: String] = [:]
    for (id, file) in expected {
      guard let facility = order.first(where: { $0.row.id == id })?.delivery.facility else { continue }
      for line in file.lines where line.isCurrent { wanted["\(facility) \(line.key)"] = "\(id) \(line.number)" }
    }
    for row in current {
      let slot = "\(row[0] ?? "") \(row[1] ?? "")"
      let place = "\(row[3] ?? "") \(row[4] ?? "")"
      if row[2] != "1" { verdict.doubled.append("\(slot) stands in \(row[2] ?? "–") rows") }
      if wanted.removeValue(forKey: slot) != place {
        verdict.wrong.append("\(slot) comes from file and dossier \(place)")
      }
    }
    for slot in wanted.keys.sorted() { verdict.lost.append("\(slot) has no row") }
  }

  // MARK: folders

  private func folders(_ rows: [Row], _ found: [(row: Row, delivery: Model.Delivery)], _ verdict: inout Verdict) throws
  {
    let staying = Set(refusedNames.map { "\($0.facility)/\($0.name)" })
    for name in site.files("inbox") where !staying.contains(name) {
      verdict.lost.append("\(name) still lies in the inbox")
    }
    for name in site.files(spool) { verdict.torn.append("\(name) lies in the spool") }
    var kept: [String: Set<String>] = ["archive": [], "quarantine": []]
    for (row, delivery) in found where row.state != "duplicate" {
      kept[row.state == "loaded" ? "archive" : "quarantine"]?.insert("\(row.facility)/\(delivery.hash)")
    }
    for (folder, wanted) in kept {
      let there = Set(site.files(folder))
      for name in wanted.subtracting(there).sorted() { verdict.lost.append("\(name) is not in \(folder)") }
      for name in there.subtracting(wanted).sorted() { verdict.wrong.append("\(name) lies in \(folder)") }
      for name in there.intersection(wanted) {
        let hash = ContentHash(of: try site.content("\(folder)/\(name)")).hex
        if !name.hasSuffix(hash) { verdict.torn.append("\(folder)/\(name)") }
      }
    }
    struct Answer: Decodable {
      struct Dossiers: Decodable {
        var seen: Int
        var accepted: Int
        var rejected: Int
        var duplicate: Int
        var superseding: Int
      }
      var fileID: Int
      var state: String
      var dossiers: Dossiers
    }
    var receipts = Set(site.files("receipts"))
    for row in rows where row.hasReceipt {
      for ending in ["json", "txt"] {
        let name = "\(row.facility)/\(row.id).\(ending)"
        guard receipts.remove(name) != nil else {
          verdict.lost.append("receipt \(name)")
          continue
        }
        let bytes = try site.content("receipts/\(name)")
        if bytes.last != UInt8(ascii: "\n") { verdict.torn.append("receipt \(name)") }
        guard ending == "json" else { continue }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else {
          verdict.torn.append("receipt \(name)")
          continue
        }
        let d = answer.dossiers
        if answer.fileID != row.id || answer.state != row.state
          || [d.seen, d.accepted, d.rejected, d.duplicate, d.superseding] != row.counts
        {
          verdict.wrong.append("receipt \(name) says \(answer), the ledger \(row.state) \(row.counts)")
        }
      }
    }
    receipts = receipts.filter { name in
      !(name.split(separator: "/").last?.hasPrefix("name-") ?? false && !refusedNames.isEmpty)
    }
    for name in receipts.sorted() {
      if name.hasSuffix(".part") {
        verdict.torn.append("receipts/\(name)")
      } else {
        verdict.doubled.append("receipts/\(name)")
      }
    }
  }

  private func parcels(_ verdict: inout Verdict) throws {
    var there = Set(site.files("outbox"))
    for row in try site.rows(
      "SELECT parcel_id, destination, format, encode(content_sha256, 'hex'), state, manifest FROM outbox.parcel")
    {
      let (id, destination, hash) = (row[0] ?? "", row[1] ?? "", row[3] ?? "")
      if row[4] != "materialised" { verdict.lost.append("parcel \(id) is \(row[4] ?? "–")") }
      let content = "\(destination)/\(hash).\(row[2] == "source" ? "xml.gz" : "ndjson.gz")"
      guard let bytes = try? site.content("outbox/\(content)") else {
        verdict.lost.append("parcel \(content)")
        continue
      }
      if ContentHash(of: bytes).hex != hash { verdict.torn.append("parcel \(content)") }
      there.remove(content)
      let manifests = ["\(destination)/\(hash).json", "\(destination)/\(hash)-\(id).json"]
      let own = manifests.filter { (try? site.content("outbox/\($0)")) == Array((row[5] ?? "").utf8) }
      if own.isEmpty { verdict.lost.append("the manifest of parcel \(id)") }
      there.subtract(own)
    }
    for name in there.sorted() {
      if name.hasSuffix(".part") {
        verdict.torn.append("outbox/\(name)")
      } else {
        verdict.doubled.append("outbox/\(name)")
      }
    }
    for row in try site.rows(
      """
      SELECT f.file_id, d.destination FROM intake.file f CROSS JOIN (VALUES ('lake'), ('ministry')) AS d (destination)
      WHERE state = 'loaded' AND dossiers_accepted <> (SELECT coalesce(sum(dossiers), 0) FROM outbox.parcel p
        WHERE p.file_id = f.file_id AND p.destination = d.destination)
      """)
    {
      verdict.wrong.append("the parcels of file \(row[0] ?? "") for \(row[1] ?? "") hold other dossiers than it loaded")
    }
  }
}
