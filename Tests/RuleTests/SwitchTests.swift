import Bytes
import Definitions
import Findings
import Records
import Testing
import Transform

/// The same record before and after a switch date gets different verdicts.
@Suite struct SwitchTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var change: KeyValuePairs<String, String>
    var from: String?
    /// Days to move the base visit (discharged on 6 March 2025) by, and the codes it then has.
    var before: (days: Int, codes: [String])
    var after: (days: Int, codes: [String])
    var testDescription: String { name }
  }

  // discharged 2024-06-30, 2024-07-01, 2024-12-31, 2025-01-01, 2026-06-30, 2026-07-01, 2026-07-31, 2026-08-01
  static let cases: [Case] = [
    Case(
      name: "C12 results may come 30 days late before 4750, 60 since", change: ["XML4[1].NGAY_KQ": "202504060900"],
      before: (-249, ["C12"]), after: (-248, [])),
    Case(
      name: "D15 group 19 since 4750", change: ["XML3[1].MA_NHOM": "19"], before: (-249, ["D15"]), after: (-248, [])),
    Case(
      name: "B15 result 8 since 4750", change: ["XML1.KET_QUA_DTRI": "8", "XML8.KET_QUA_DTRI": "8"],
      before: (-249, ["B15"]), after: (-248, [])),
    Case(
      name: "D07 referral paper asked for since 4750",
      change: ["XML1.MA_LOAI_RV": "2", "XML1.MA_NOI_DEN": "48002"], before: (-340, []), after: (-248, ["D07"])),
    Case(
      name: "D10 tuberculosis table since 4750", change: ["XML1.MA_BENH_KT": "A15.0"], before: (-340, []),
      after: (-248, ["D10"])),
    Case(
      name: "E03 rate of the service counts since 4750",
      change: [
        "XML3[2].TYLE_TT_DV": "50", "XML3[2].DON_GIA_BH": "400000.000",
      ], before: (-340, ["E12"]), after: (-248, ["E03", "E12"])),
    Case(
      name: "G13 rest stated since 3176", change: ["XML10[1].CHAN_DOAN_RV": "Thai 20 tuần"], from: "G13",
      before: (-65, []), after: (-64, ["G13"])),
    Case(
      name: "D24 conclusion not asked for beside a value since 3176", change: ["XML3[3].MA_NHOM": "2"],
      before: (-65, ["D24"]), after: (-64, [])),
    Case(
      name: "E18 decimals since July 2026",
      change: [
        "XML2[1].MUC_HUONG": "47.5", "XML2[1].T_BNCCT": "6300", "XML2[1].T_BHTT": "5700", "XML1.T_BNCCT": "153300",
        "XML1.T_BHTT": "593700", "XML1.T_BHTT_GDV": "593700",
      ], before: (481, ["E18"]), after: (482, [])),
    Case(
      name: "B15 care at home since August 2026",
      change: [
        "XML1.MA_LOAI_KCB": "12", "XML1.NGAY_VAO_NOI_TRU": "", "XML3[2].MA_NHOM": "9", "XML3[2].MA_GIUONG": "",
        "XML8.MA_LOAI_KCB": "12",
      ], before: (512, ["B15", "D06"]), after: (513, ["D06"])),
  ]

  @Test(arguments: cases) func verdictChangesWithTheDayOfCare(_ switched: Case) throws {
    let examples = try Examples.shared.get()
    let schema = try #require(examples.definitions.schemas["qd3176"])
    var sample = examples.base
    if let from = switched.from { sample = sample.with(try examples.entry(from).accepted) }
    sample.change(switched.change)
    for (days, expected) in [switched.before, switched.after] {
      let found = try sample.shifted(days: days, schema: schema).findings().filter { $0.code != .B03 }
      #expect(
        Set(found.map(\.code.description)) == Set(expected),
        "\(days): \(found.map { "\($0.code) \($0.table ?? "") \($0.row) \($0.field ?? "")" })")
    }
  }

  @Test func baseHoldsInEveryPeriod() throws {
    let examples = try Examples.shared.get()
    let schema = try #require(examples.definitions.schemas["qd3176"])
    for days in [-340, -249, -248, -65, -64, 481, 482, 513] {
      #expect(try examples.base.shifted(days: days, schema: schema).codes() == [], "\(days)")
    }
  }

  /// During the trial of 4750 the layout of the dossier tells.
  @Test func trialOf4750GoesByTheLayout() throws {
    let may = CivilDate(year: 2024, month: 5, day: 1)
    #expect(Switches.isBefore4750(may, .qd130))
    #expect(!Switches.isBefore4750(may, .qd4750))
    #expect(Switches.isBefore4750(CivilDate(year: 2024, month: 3, day: 31), .qd4750))
    #expect(!Switches.isBefore4750(Switches.qd4750, .qd130))
  }
}
