import ChaosKit
import Foundation
import Glibc
import SampleKit
import Synchronization
import Testing

extension ChaosTests {
  /// The program is killed at every failpoint of the sources, at its first hit and at a later one.
  @Suite struct FailpointTests {
    /// One way through the program, with everything that has to stand there before.
    struct Case: Sendable {
      var name: String
      var template = Arena.Template.ready
      var ownDefinitions = false
      var settings = ""
      /// What is there when the command begins.
      var prepare: @Sendable (Site) throws -> Void
      var command: [String]
      var environment: [String: String] = [:]
      /// What makes everything right once the cause is gone: one run, of whatever was killed.
      var finish: [[String]] = [run]
      /// Exit codes of the command when nobody kills it.
      var codes: [Int32] = [0, 3]
    }

    static let run = ["run", "--assume-settled", "--jobs", "1"]

    /// Everything that ends a file: loads, a rejected and a repeated dossier, a version, a duplicate, a refusal, quarantines, parcels, a name
    /// that is refused, a file too large to be read.
    static let load = Case(
      name: "load",
      prepare: { site in
        for name in [
          "resent-with-changed-price", "broken-inner-document", "duplicate-in-one-file", "same-file-other-name",
          "empty-file", "unknown-facility-folder",
        ] {
          try site.drop(sample: name)
        }
        try site.drop([1], as: "no space.xml")
        try site.drop([], as: "huge.xml")
        _ = unsafe truncate(site.path("inbox/48001/huge.xml"), 3 << 30)
      }, command: run)

    static let cases = [
      load,
      Case(
        name: "a month nobody has loaded yet", template: .bare,
        prepare: { site in try site.drop(sample: "all-tables") }, command: run),
      // no unnamed files, and a first run that died while it had a name in the spool
      Case(
        name: "a plain file system",
        prepare: { site in
          try site.drop(sample: "several-dossiers")
          let faults = ["SONGHAN_FAULTS": "memory:every=ENOMEM,tmpfile:every=EOPNOTSUPP"]
          let ending = try site.run(run, faults.merging(["SONGHAN_FAILPOINT": "files.spool-named"]) { $1 })
          guard ending.code == -SIGKILL else { throw ChaosError("not killed: \(ending.log)") }
        }, command: run, environment: ["SONGHAN_FAULTS": "memory:every=ENOMEM,tmpfile:every=EOPNOTSUPP"]),
      Case(
        name: "an archive on another volume", prepare: { site in try site.drop(sample: "several-dossiers") },
        command: run,
        environment: ["SONGHAN_FAULTS": "memory:every=ENOMEM,renameat2:every=EXDEV"]),
      // files settle when they were seen twice; one that ends too early waits for its rest
      Case(
        name: "waiting",
        prepare: { site in
          try site.drop(sample: "several-dossiers")
          try site.drop(sample: "cut-outer-file")
          _ = try site.run(["run"])
        }, command: ["run", "--jobs", "1"], finish: [["run"], run]),
      Case(
        name: "a spool that cannot be read",
        prepare: { site in try site.drop(sample: "several-dossiers") }, command: run,
        environment: ["SONGHAN_FAULTS": "memory:every=ENOMEM,pread:3=EIO"], codes: [74]),
      Case(
        name: "recovery",
        prepare: { site in
          try site.drop(sample: "several-dossiers")
          let ending = try site.run(run, ["SONGHAN_FAILPOINT": "load.committed"])
          guard ending.code == -SIGKILL else { throw ChaosError("not killed: \(ending.log)") }
        }, command: run),
      // the parcel's bytes are there, and the warehouse does not know it
      Case(
        name: "recovery of parcels",
        prepare: { site in
          try site.drop(sample: "several-dossiers")
          let ending = try site.run(run, ["SONGHAN_FAILPOINT": "outbox.content-written"])
          guard ending.code == -SIGKILL else { throw ChaosError("not killed: \(ending.log)") }
        }, command: run),
      // the source is gone, and the warehouse does not know it
      Case(
        name: "recovery of a note",
        prepare: { site in
          try site.drop(sample: "several-dossiers")
          let ending = try site.run(run, ["SONGHAN_FAILPOINT": "run.piece-moved"])
          guard ending.code == -SIGKILL else { throw ChaosError("not killed: \(ending.log)") }
        }, command: run),
      Case(
        name: "replay", ownDefinitions: true,
        prepare: { site in
          try site.strict()
          try site.drop(site.faulty(), as: "faulty.xml")
          guard try site.run(run).code == 3 else { throw ChaosError("nothing was rejected") }
          try site.mend()
        }, command: ["rejects", "replay"], finish: [["rejects", "replay"], run]),
      Case(
        name: "reload", ownDefinitions: true,
        prepare: { site in
          try site.strict()
          try site.drop(site.faulty(), as: "faulty.xml")
          guard try site.run(run).code == 3 else { throw ChaosError("nothing was rejected") }
          try site.mend()
        }, command: ["files", "reload", "1"], finish: [["rejects", "replay"], run]),
      Case(
        name: "a marker",
        prepare: { site in
          let registry = String(decoding: try site.content("facilities.yaml"), as: UTF8.self)
          try site.write(
            registry.replacing("code: \"48001\",", with: "code: \"48001\", marker: \"{name}.done\","),
            to: "facilities.yaml")
          try site.drop(sample: "several-dossiers")
          for name in site.files("inbox/48001") { try site.drop([], as: "\(name).done") }
        }, command: run),
      Case(
        name: "sealing", settings: "sealing: { recipients: [city.pem] }",
        prepare: { site in
          try site.makeRecipient("city")
          try site.drop(sample: "unknown-root")
        }, command: run),
      Case(
        name: "prune",
        settings: Site.destinations
          + "\nretention: { archive: 30, quarantine: 30, receipts: 30, reports: 30, outbox: 30, outboxState: all, rejects: 30 }",
        prepare: { site in
          try site.drop(sample: "several-dossiers")
          try site.drop(sample: "unknown-root")
          guard try site.run(run).code == 3 else { throw ChaosError("nothing was quarantined") }
          try site.age(days: 40)
        }, command: ["prune", "--yes"], finish: [["prune", "--yes"]]),
      Case(
        name: "migrate", template: .empty, prepare: { _ in }, command: ["warehouse", "migrate"],
        finish: [["warehouse", "migrate"]]),
      Case(
        name: "warehouse", template: .empty, settings: "#",
        prepare: { site in
          try site.write("warehouse: embedded\ndefinitions: \"\(repository)\"\n", to: "songhan.yaml")
        }, command: ["warehouse", "start"], finish: [["warehouse", "start"]]),
    ]

    /// The failpoints of the sources: name and file.
    static func points() throws -> [String: String] {
      var points: [String: String] = [:]
      let sources = repository + "Sources"
      for name in FileManager.default.subpaths(atPath: sources) ?? [] where name.hasSuffix(".swift") {
        let text = try String(contentsOfFile: sources + "/" + name, encoding: .utf8)
        for match in text.matches(of: /failpoint\("([^"]*)"\)/) {
          let earlier = points.updateValue(name, forKey: String(match.1))
          #expect(earlier == nil, "\(match.1) stands at two places")
        }
      }
      return points
    }

    /// Kills that were planned, and what an undisturbed run of each case leaves.
    final class Plan: Sendable {
      struct Kill: Sendable {
        var number: Int
        var point: String
        var hit: Int
      }
      private let state = Mutex<(wanted: [Int: [String]], hits: [Int: [String: Int]])>(([:], [:]))

      func note(_ number: Int, _ wanted: [String], _ hits: [String: Int]) {
        state.withLock { state in
          state.wanted[number] = wanted
          state.hits[number] = hits
        }
      }

      func wanted(_ number: Int) -> [String] { state.withLock { $0.wanted[number] ?? [] } }

      /// Each point in the first case that passes it, at its first hit and at one in the middle.
      var kills: [Kill] {
        let hits = state.withLock { $0.hits }
        var result: [Kill] = []
        var known: Set<String> = []
        for number in hits.keys.sorted() {
          for (point, count) in (hits[number] ?? [:]).sorted(by: { $0.key < $1.key })
          where known.insert(point).inserted {
            result.append(Kill(number: number, point: point, hit: 1))
            var later = Set(2...max(2, 1 + effort)).union([count / 2 + 1])
            later.formIntersection(2...max(2, count))
            if effort == 1, let middle = later.max() { later = [middle] }
            if count > 1 { result += later.sorted().map { Kill(number: number, point: point, hit: $0) } }
          }
        }
        return result
      }
    }

    /// Opens the place of a case, and leaves it as it was found.
    static func open(_ arena: Arena, _ test: Case, _ body: (Site) throws -> Void) throws {
      let site = try arena.site(test.template, settings: test.settings, ownDefinitions: test.ownDefinitions)
      defer {
        if test.name == "warehouse" { _ = try? site.run(["warehouse", "stop"]) }
        site.remove()
      }
      try test.prepare(site)
      try body(site)
    }

    /// What stands there in the end.
    static func state(_ site: Site, _ test: Case) throws -> [String] {
      switch test.name {
      case "migrate":
        return try site.rows(
          "SELECT number, name, encode(sha256, 'hex') FROM intake.migration UNION ALL SELECT count(*)::int, list, '' FROM code.value GROUP BY 2 "
            + "UNION ALL SELECT count(*)::int, nspname, '' FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            + "WHERE nspname IN ('intake', 'health', 'outbox', 'code') GROUP BY 2"
        ).map { $0.map { $0 ?? "–" }.joined(separator: " ") }.sorted()
      case "warehouse": return [try site.run(["warehouse", "psql", "-Atc", "SELECT current_database()"]).output]
      default: return try site.state() + (try site.flaws())
      }
    }

    static func undisturbed(_ arena: Arena, _ number: Int, _ plan: Plan, _ complaints: inout [String]) throws {
      let test = cases[number]
      try open(arena, test) { site in
        let log = site.path("points")
        let ending = try site.run(test.command, test.environment.merging(["SONGHAN_FAILPOINT_LOG": log]) { $1 })
        if !test.codes.contains(ending.code) { complaints.append("\(test.name): \(ending.code) \(ending.log)") }
        let hits = String(decoding: try site.content("points"), as: UTF8.self).split(separator: "\n").map(String.init)
        for command in test.finish {
          let ending = try site.run(command)
          if ![0, 3].contains(ending.code) { complaints.append("\(test.name): \(ending.code) \(ending.log)") }
        }
        let wanted = try state(site, test)
        if wanted.isEmpty { complaints.append("\(test.name): nothing was done") }
        if test.template != .empty { complaints += try site.flaws().map { "\(test.name): \($0)" } }
        plan.note(number, wanted, Dictionary(hits.map { ($0, 1) }, uniquingKeysWith: +))
      }
    }

    static func dies(_ arena: Arena, _ kill: Plan.Kill, _ plan: Plan, _ complaints: inout [String]) throws {
      let test = cases[kill.number]
      let what = "\(test.name), killed at \(kill.point):\(kill.hit)"
      try open(arena, test) { site in
        let fatal = ["SONGHAN_FAILPOINT": "\(kill.point):\(kill.hit)"]
        let ending = try site.run(test.command, test.environment.merging(fatal) { $1 })
        if ending.code != -SIGKILL { complaints.append("\(what): ended with \(ending.code) \(ending.log)") }
        for command in test.finish {
          let ending = try site.run(command)
          if ![0, 3].contains(ending.code) {
            complaints.append("\(what), then \(command): \(ending.code) \(ending.log)")
          }
        }
        let (found, wanted) = (try state(site, test), plan.wanted(kill.number))
        let missing = Set(wanted).subtracting(found).sorted()
        let surplus = Set(found).subtracting(wanted).sorted()
        if !missing.isEmpty || !surplus.isEmpty || found.count != wanted.count {
          complaints.append("\(what): missing \(missing), surplus \(surplus), \(found.count) of \(wanted.count) lines")
        }
      }
    }

    @Test func oneMoreRunFinishesWhateverPointTheFirstDiedAt() async throws {
      let points = try Self.points()
      #expect(points.count >= 40)
      let arena = try Arena()
      defer { arena.end() }
      let plan = Plan()
      record(await spread(Array(Self.cases.indices)) { try Self.undisturbed(arena, $0, plan, &$1) })
      let kills = plan.kills
      let reached = Set(kills.map(\.point))
      let missed = points.keys.filter { !reached.contains($0) }.sorted().map { "\($0) (\(points[$0] ?? ""))" }
      #expect(missed.isEmpty, "no case passes these failpoints: \(missed)")
      #expect(reached.subtracting(points.keys).isEmpty)
      // `SONGHAN_CHAOS_POINTS=name,name` kills at these only
      let only = ProcessInfo.processInfo.environment["SONGHAN_CHAOS_POINTS"].map {
        Set($0.split(separator: ",").map(String.init))
      }
      let chosen = kills.filter { only?.contains($0.point) ?? true }
      record(await spread(chosen) { try Self.dies(arena, $0, plan, &$1) })
      print("failpoints: \(points.count) in the sources, \(reached.count) reached, \(chosen.count) kills")
    }
  }
}

extension Site {
  /// A certificate that files are sealed to.
  func makeRecipient(_ name: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = [
      "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", path("\(name).key"), "-out", path("\(name).pem"),
      "-subj",
      "/CN=\(name)", "-days", "2",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    guard status(of: process) == 0 else { throw ChaosError("no certificate could be made") }
  }

  /// Lets days pass for everything that is there.
  func age(days: Int) throws {
    for change in [
      "intake.file SET source_removed_at = source_removed_at - $, receipt_written_at = receipt_written_at - $",
      "intake.run SET ended_at = ended_at - $", "outbox.parcel SET created_at = created_at - $",
    ] {
      _ = try rows("UPDATE " + change.replacing("$", with: "interval '\(days) days'"))
    }
  }

  /// Codes outside of their list keep a dossier out.
  func strict() throws {
    let name = "Pipelines/qd3176.yaml"
    var text = String(decoding: try content(name), as: UTF8.self)
    text = text.replacing(
      #/(?m)^rules:.*$/#, with: "rules: { B15: { severity: reject, reason: x, until: 2999-12-31 } }")
    text = text.replacing(#/(?m)^maxRejected:.*\n/#, with: "")
    try write(text, to: name)
  }

  /// Two dossiers, one of which has a sex that no list knows.
  func faulty() throws -> [UInt8] {
    guard let folder = SampleFolder.all.first(where: { $0.name == "inline-xml" }), let file = folder.files.first
    else { throw ChaosError("the sample inline-xml is gone") }
    var text = try String(contentsOfFile: "\(folder.path)/input/\(file)", encoding: .utf8)
    text = text.replacing(#/<GIOI_TINH>[^<]*<\/GIOI_TINH>/#, with: "<GIOI_TINH>7</GIOI_TINH>", maxReplacements: 1)
    return Array(text.utf8)
  }

  /// Adds the sex to the list.
  func mend() throws {
    let name = "Schemas/codes/GIOI_TINH.csv"
    let text = String(decoding: try content(name), as: UTF8.self)
    let columns = text.prefix { $0 != "\n" }.filter { $0 == "," }.count
    try write(text + "7" + String(repeating: ",", count: columns) + "\n", to: name)
  }
}
