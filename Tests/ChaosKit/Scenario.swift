internal import Compression
internal import Files
internal import Foundation

/// What happens in one scenario, all of it decided by its seed: deliveries, processes, and what goes wrong.
package struct Scenario: Sendable {
  /// A file as it is dropped.
  struct Drop: Sendable {
    enum Way: Sendable {
      case whole
      /// Under a name with `.part`, renamed when it is whole.
      case part
      /// Under its own name from the beginning.
      case inPlace
    }
    var delivery: Model.Delivery
    var bytes: [UInt8]
    var way = Way.whole
    var isSlow: Bool { if case .whole = way { false } else { true } }
  }

  /// What goes wrong in a process.
  enum Fault: Sendable, CustomStringConvertible {
    case none
    case failpoint(String, Int)
    case kill(after: Double)
    case term(after: Double)
    case calls(String)
    case network([Int: Proxy.Cut])

    var description: String {
      switch self {
      case .none: "nothing"
      case .failpoint(let name, let hit): "killed at \(name):\(hit)"
      case .kill(let after): "killed after \(after) s"
      case .term(let after): "SIGTERM after \(after) s"
      case .calls(let plan): "faults \(plan)"
      case .network(let cuts): "network cut: \(cuts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })"
      }
    }

    var isFatal: Bool {
      switch self {
      case .failpoint, .kill: true
      default: false
      }
    }
  }

  struct Process: Sendable {
    /// Hosts have spools and reports of their own.
    var host: Int
    var delay: Double
    var jobs: Int
    var fault: Fault
  }

  /// Files, then processes that run at the same time, while the server is stopped at these moments.
  struct Round: Sendable {
    var drops: [Drop]
    var processes: [Process]
    var stops: [(after: Double, pause: Double)]
  }

  package let seed: UInt64
  var rounds: [Round] = []
  var isBare = false
  /// Whether the runs take files at once; else an upload may be under way.
  var assumesSettled = true
  var lastHost = 1
  /// Entries of the inbox that are no deliveries: they stay.
  var refusedNames: [(facility: String, name: String)] = []

  /// - Parameter points: failpoints that a run may pass.
  package init(seed: UInt64, points: [String]) throws {
    self.seed = seed
    var dice = ChaosDice(seed: seed)
    isBare = dice.once(in: 12)
    assumesSettled = !dice.once(in: 4)
    let facilities = dice.once(in: 2) ? ["48001"] : ["48001", "48002"]
    var pools: [String: Pool] = [:]
    for facility in ["48001", "48002"] {
      pools[facility] = try Pool(facility: facility, seed: seed, visits: 3 + dice.below(6))
    }
    var number = 0
    var known: [(facility: String, bytes: [UInt8], fate: Model.Fate)] = []
    var fatal = 0
    let hosts = 1 + dice.below(3)
    lastHost = 1 + dice.below(hosts)
    // every fourth scenario stops the server
    let stopsServer = seed % 4 == 0
    for round in 0..<(1 + dice.below(2)) {
      var drops: [Drop] = []
      for _ in 0..<(1 + dice.below(5)) {
        number += 1
        let facility = dice.one(of: facilities)
        guard let pool = pools[facility] else { continue }
        var drop = try Scenario.drop(number, pool, pools, known, &dice)
        if !assumesSettled, dice.once(in: 3) { drop.way = dice.once(in: 2) ? .part : .inPlace }
        drops.append(drop)
        known.append((drop.delivery.facility, drop.bytes, drop.delivery.fate))
      }
      if dice.once(in: 8) { refusedNames.append(("48001", "no space \(round).xml")) }
      var processes: [Process] = []
      for index in 0..<(1 + dice.below(5)) {
        var fault = Scenario.fault(points, &dice)
        // three deaths over one file are its quarantine: that is tested by itself
        if fault.isFatal {
          fatal += 1
          if fatal > 2 { fault = .term(after: dice.seconds(0...0.8)) }
        }
        processes.append(
          Process(
            host: 1 + index % hosts, delay: index == 0 ? 0 : dice.seconds(0...0.5), jobs: 1 + dice.below(3),
            fault: fault))
      }
      var stops: [(after: Double, pause: Double)] = []
      if stopsServer && round == 0 { stops.append((dice.seconds(0.2...0.9), dice.seconds(0...0.5))) }
      rounds.append(Round(drops: drops, processes: processes, stops: stops))
    }
  }

  private static func fault(_ points: [String], _ dice: inout ChaosDice) -> Fault {
    switch dice.below(8) {
    case 0, 1: return .failpoint(dice.one(of: points), 1 + dice.below(dice.once(in: 2) ? 2 : 8))
    case 2: return .kill(after: dice.seconds(0.1...1.2))
    case 3: return .term(after: dice.seconds(0...1))
    case 4:
      let calls = [
        "any", "write", "fsync", "linkat", "renameat", "renameat2", "unlinkat", "mkdirat", "pread", "openat", "fstat",
      ]
      let faults = ["ENOSPC", "EIO", "EINTR", "half", "EIO", "ENOSPC"]
      var plan: [String] = []
      for _ in 0...dice.below(2) { plan.append("\(dice.one(of: calls)):\(1 + dice.below(40))=\(dice.one(of: faults))") }
      if dice.once(in: 2) { plan.append("memory:every=ENOMEM") }
      if dice.once(in: 4) { plan.append("tmpfile:every=EOPNOTSUPP") }
      return .calls(plan.joined(separator: ","))
    case 5, 6:
      var cuts: [Int: Proxy.Cut] = [:]
      for _ in 0...dice.below(2) {
        let cut: Proxy.Cut =
          switch dice.below(4) {
          case 0: .sent(1 + dice.below(60_000))
          case 1: .received(1 + dice.below(20_000))
          default: .commit(nth: 1 + dice.below(6), isDelivered: dice.once(in: 2))
          }
        cuts[dice.below(3)] = cut
      }
      return .network(cuts)
    default: return .none
    }
  }

  private static func drop(
    _ number: Int, _ pool: Pool, _ pools: [String: Pool],
    _ known: [(facility: String, bytes: [UInt8], fate: Model.Fate)], _ dice: inout ChaosDice
  ) throws -> Drop {
    var facility = pool.facility
    var bytes: [UInt8]
    var fate: Model.Fate
    var ending = "xml"
    let kind = dice.below(16)
    if kind < 3, let earlier = known.isEmpty ? nil : dice.one(of: known) {
      // the same file under another name
      (facility, bytes, fate) = earlier
    } else {
      var dossiers: [Model.Dossier] = []
      var texts: [String] = []
      for _ in 0..<(1 + dice.below(6)) {
        let (dossier, text) = pool.dossier(
          dice.below(pool.count), edition: dice.below(3), isRejected: dice.once(in: 7))
        dossiers.append(dossier)
        texts.append(text)
      }
      bytes = pool.envelope(texts)
      fate = .loaded(dossiers)
      switch kind {
      case 3:
        bytes = Gzip.compress(bytes)
        ending = "xml.gz"
      case 4:
        // a hospital's file in another's folder
        facility = facility == "48001" ? "48002" : "48001"
        fate = try ChaosKit.fate(of: bytes, facility: facility)
      case 5:
        facility = "48999"
        fate = .ended(state: "quarantined", reason: "S08")
      case 6:
        facility = "48003"
        fate = .ended(state: "quarantined", reason: "S27")
      case 7:
        bytes = Array(bytes.prefix(bytes.count * (20 + dice.below(70)) / 100))
        fate = try ChaosKit.fate(of: bytes, facility: facility)
      case 8:
        bytes = dice.once(in: 2) ? [] : Array("this is no export \(number)".utf8)
        fate = try ChaosKit.fate(of: bytes, facility: facility)
      default: break
      }
    }
    let delivery = Model.Delivery(
      facility: facility, name: "d\(number).\(ending)", hash: ContentHash(of: bytes).hex, fate: fate)
    return Drop(delivery: delivery, bytes: bytes)
  }
}

extension Scenario {
  /// Exports of one visit each, for tests of many files.
  package static func exports(
    facility: String, files: Int, seed: UInt64
  ) throws -> [(name: String, bytes: [UInt8])] {
    let pool = try Pool(facility: facility, seed: seed, visits: files)
    return (0..<files).map { number in
      ("d\(number).xml", pool.envelope([pool.dossier(number, edition: 0, isRejected: false).text]))
    }
  }
}

extension Scenario {
  /// One export of many visits.
  package static func export(facility: String, visits: Int, seed: UInt64) throws -> [UInt8] {
    let pool = try Pool(facility: facility, seed: seed, visits: visits)
    return pool.envelope((0..<visits).map { pool.dossier($0, edition: 0, isRejected: false).text })
  }
}
