import Bytes
import Definitions
import Findings
import Foundation
import Runs
import Testing

/// What a feed makes of the codes: off, raised, lowered, a tolerance, until a day.
@Suite struct PolicyTests {
  static let day = CivilDate(year: 2026, month: 6, day: 30)!

  private func policy(_ folder: DefinitionsFolder, _ day: CivilDate = PolicyTests.day) throws -> SeverityPolicy {
    let definitions = try folder.load()
    return definitions.policy(of: try #require(definitions.feeds["qd3176"]), on: day)
  }

  @Test func offRaisedAndLowered() throws {
    let folder = try DefinitionsFolder()
    try folder.setFeed(
      rules: """
        { F03: { severity: off, reason: "a", until: 2026-06-30 }, B15: { severity: reject, reason: "b", until: 2026-06-30 },
          C01: { severity: warn, reason: "c", until: 2026-06-30 } }
        """)
    let policy = try policy(folder)
    #expect(policy.weigh(Finding(.F03, .error)) == nil)
    #expect(policy.weigh(Finding(.B15, .error)) == .reject)
    #expect(policy.weigh(Finding(.B15, .warn)) == .warn, "a milder case stays milder")
    #expect(policy.weigh(Finding(.C01, .reject)) == .warn)
    #expect(policy.weigh(Finding(.B02, .error)) == .error)
  }

  @Test(arguments: [(999, nil), (1000, nil), (1000.0001, Severity.error), (-1000, nil), (-1001, .error)])
  func toleranceIsInclusive(difference: Double, severity: Severity?) throws {
    let folder = try DefinitionsFolder()
    try folder.setFeed(rules: "{ F03: { tolerance: 1000, reason: rounding, until: 2026-06-30 } }")
    let finding = Finding(.F03, .error, difference: Int64((difference * 10_000).rounded()))
    #expect(try policy(folder).weigh(finding) == severity)
  }

  @Test(arguments: [(PolicyTests.day, true), (CivilDate(year: 2026, month: 7, day: 1)!, false)])
  func lastDayIsInclusive(day: CivilDate, holds: Bool) throws {
    let folder = try DefinitionsFolder()
    try folder.setFeed(
      rules:
        "{ F03: { severity: off, reason: x, until: 2026-06-30 }, F01: { tolerance: 5, reason: x, until: 2026-06-30 } }")
    let policy = try policy(folder, day)
    #expect((policy.weigh(Finding(.F03, .error)) == nil) == holds)
    #expect((policy.weigh(Finding(.F01, .error, difference: 40_000)) == nil) == holds)
    let definitions = try folder.load()
    let lines = definitions.exceptions(of: try #require(definitions.feeds["qd3176"]), on: day)
    #expect(lines.map(\.isExpired) == [!holds, !holds])
    #expect(ReportText.policy(lines).allSatisfy { $0.hasPrefix(holds ? "exception:" : "expired:") })
  }

  /// What is wrong in the rules of a feed is said with line and column.
  @Test(arguments: [
    ("{ F03: warn }", "needs a reason and a last day"),
    ("{ F03: { severity: off, until: 2026-06-30 } }", "«reason» is missing"),
    ("{ F03: { severity: off, reason: \" \", until: 2026-06-30 } }", "the reason is empty"),
    ("{ F03: { severity: off, reason: x } }", "«until» is missing"),
    ("{ F03: { severity: off, reason: x, until: 2026-02-30 } }", "a date yyyy-mm-dd"),
    ("{ F03: { severity: of, reason: x, until: 2026-06-30 } }", "unknown severity"),
    ("{ F03: { reason: x, until: 2026-06-30 } }", "changes nothing"),
    ("{ F03: { tolerance: -1, reason: x, until: 2026-06-30 } }", "an amount in đồng"),
    ("{ C01: { tolerance: 5, reason: x, until: 2026-06-30 } }", "compares no amounts"),
    ("{ S06: { severity: warn, reason: x, until: 2026-06-30 } }", "refuses a whole file"),
    ("{ Q99: { severity: warn, reason: x, until: 2026-06-30 } }", "no code Q99"),
    ("{ F03: { severty: warn, reason: x, until: 2026-06-30 } }", "did you mean «severity»"),
  ])
  func lintsExceptions(rules: String, expected: String) throws {
    let folder = try DefinitionsFolder()
    try folder.setFeed(rules: rules)
    let faults = folder.faults()
    #expect(faults.contains { $0.contains(expected) }, "\(faults)")
    #expect(faults.allSatisfy { $0.firstMatch(of: #/Pipelines/qd3176\.yaml:[0-9]+:[0-9]+: /#) != nil }, "\(faults)")
  }

  @Test func checkFollowsTheFeed() throws {
    let folder = try DefinitionsFolder()
    let wrong = changing("T_TONGCHI_BV", 1, in: export(visits: 2)) { "\(Int(Double($0)!) + 500).00" }
    #expect(try judge(wrong, folder.load()).findings["F03"] == 1)
    try folder.setFeed(rules: "{ F03: { tolerance: 500, reason: x, until: 2999-12-31 } }")
    #expect(try judge(wrong, folder.load()).findings["F03"] == nil)
    try folder.setFeed(rules: "{ F03: { tolerance: 499, reason: x, until: 2999-12-31 } }")
    #expect(try judge(wrong, folder.load()).findings["F03"] == 1)
    try folder.setFeed(rules: "{ F03: { severity: reject, reason: x, until: 2999-12-31 } }")
    let raised = try judge(wrong, folder.load())
    #expect(raised.state == .invalid && raised.dossiers.rejected == 1)
    try folder.setFeed(rules: "{ F03: { severity: reject, reason: x, until: 2020-12-31 } }")
    #expect(try judge(wrong, folder.load()).state == .valid)
  }
}

/// Codes that need what is not at hand are named, never counted as passed.
@Suite struct NotEvaluatedTests {
  @Test func namesWhatIsMissing() throws {
    let folder = try DefinitionsFolder()
    let before = try folder.load().notEvaluated()
    #expect(before.contains { $0.code == "B33" && $0.missing == ["practitioner"] })
    #expect(before.contains { $0.code == "C19" && $0.missing == ["warehouse"] && $0.isWhole })
    #expect(before.contains { $0.code == "B15" && !$0.isWhole }, "lists of the standard are looked at")
    let across = before.filter { $0.code.hasPrefix("H") }
    #expect(across.count == 7 && across.allSatisfy { $0.isWhole && $0.missing.contains("warehouse") })
    let external = folder.path + "/Schemas/codes/external"
    try FileManager.default.createDirectory(atPath: external, withIntermediateDirectories: true)
    try "code,name,valid_from,valid_to\n000001/DNA-GPHN,,,\n".write(
      toFile: external + "/practitioner.csv", atomically: true, encoding: .utf8)
    let after = try folder.load().notEvaluated()
    #expect(!after.contains { $0.code == "B33" })
    #expect(after.contains { $0.code == "C19" })
  }
}

/// `maxRejected` of a feed.
@Suite struct BudgetTests {
  @Test(arguments: [
    ("0", 10, 0), ("3", 10, 3), ("5%", 10, 0), ("5%", 20, 1), ("5%", 39, 1), ("2.5%", 40, 1), ("100%", 7, 7),
  ])
  func limit(text: String, seen: Int, limit: Int) throws {
    #expect(try #require(Feed.RejectBudget(text)).limit(of: seen) == limit)
  }

  @Test(arguments: ["-1", "5 %", "101%", "many", "", "%"]) func refusesWhatIsNoBudget(text: String) throws {
    #expect(Feed.RejectBudget(text) == nil)
    let folder = try DefinitionsFolder()
    try folder.setFeed(maxRejected: "\"\(text)\"")
    #expect(folder.faults().contains { $0.contains("a count or a share is expected") })
  }

  /// 20 visits, two without MA_LK in XML1.
  static let faulty: String = {
    var text = export(visits: 20)
    for number in [3, 9] { text = changing("GIOI_TINH", number, in: text) { _ in "7" } }
    return text
  }()

  @Test(arguments: [
    ("2", FileReport.State.invalid), ("10%", .invalid), ("1", .refused), ("9.9%", .refused), ("0", .refused),
  ])
  func fileOverTheBudgetIsRefused(budget: String, state: FileReport.State) throws {
    let folder = try DefinitionsFolder()
    try folder.setFeed(rules: "{ B15: { severity: reject, reason: x, until: 2999-12-31 } }", maxRejected: budget)
    let report = try judge(Self.faulty, folder.load())
    #expect(report.state == state)
    guard state == .refused else { return }
    #expect(report.reason == "S23")
    let detail = try #require(report.details?.first { $0.code == "S23" })
    #expect(detail.found == 2 && detail.limit == (budget == "9.9%" ? 1 : Int64(budget)))
    #expect(report.dossiers == FileReport.Dossiers())
    // each rejected dossier is named all the same
    let rejected = (report.details ?? []).filter { $0.severity == "reject" }.compactMap {
      $0.dossier.map { ($0, nil as String?) }
    }
    let receipt = Receipt(report, facilityName: nil, rejected: rejected, judgedAt: "")
    #expect(receipt.rejected.map(\.findings.first?.code) == ["B15", "B15"] && receipt.moreRejected == 0)
  }
}
