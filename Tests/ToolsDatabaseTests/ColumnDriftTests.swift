import Definitions
import Findings
import Foundation
import Runs
import SampleKit
import Testing

extension ToolsDatabase {
  /// What becomes of a file whose columns are not those of the schema, by the policy of its feed.
  @Suite struct ColumnDriftTests {
    private static let schema = """
      name: luot
      title: Lượt khám
      primaryKey: [ma_luot]
      fields:
        - { name: ma_luot, type: string, title: Mã lượt, constraints: { required: true } }
        - { name: ngay_ra, type: date, title: Ngày ra, constraints: { required: true } }
        - { name: tong_chi, type: number, title: Tổng chi phí }
        - { name: so_the, type: string, title: Số thẻ }

      """

    private static func feed(_ policy: String?) -> String {
      """
      feed: mau
      title: Made up
      reader: csv
      source: mau
      encoding: utf-8
      \(policy.map { "drift: \($0)" } ?? "")
      dossier: { table: luot, key: ma_luot, careDate: [ngay_ra] }
      rows:
        - entity: encounter
          from: luot
          columns: { encounter_key: ma_luot, discharged_at: ngay_ra, total_hospital_amount: tong_chi }

      """
    }

    private static func files(_ policy: String?) -> [String: String] {
      ["Schemas/mau/luot.yaml": schema, "Pipelines/mau.yaml": feed(policy)]
    }

    struct Header: Sendable, CustomTestStringConvertible {
      var text: String
      /// Findings when the file is loaded all the same.
      var findings: [String: Int]
      /// What the refusal names; nil when the columns are as agreed.
      var named: String?
      var isLoadable = true
      var testDescription: String { text }
    }

    static let headers = [
      Header(text: "ma_luot,ngay_ra,tong_chi,so_the", findings: [:], named: nil),
      Header(text: "so_the,tong_chi,ngay_ra,ma_luot", findings: [:], named: nil),
      Header(text: "ma_luot,ngay_ra,tong_chi,so_the,Ghi chú", findings: ["T10": 1, "A12": 1], named: "+ Ghi chú"),
      Header(text: "ma_luot,ngay_ra,tong_chi", findings: ["T21": 1], named: "− so_the"),
      Header(
        text: "ma_luot,ngay_ra,Tổng chi phí,so_the", findings: ["T10": 1, "T22": 1, "A12": 1],
        named: "tong_chi → Tổng chi phí"),
      Header(
        text: "ma_luot,ngay_ra,TongChi,Khoa", findings: ["T10": 1, "T21": 1, "T22": 1, "A12": 2],
        named: "tong_chi → TongChi, + Khoa, − so_the"),
      Header(text: "ma_luot,tong_chi,so_the", findings: ["T05": 1], named: "− ngay_ra", isLoadable: false),
    ]

    private static func file(_ header: String, key: String = "L1") -> String {
      let values = [
        "ma_luot": key, "ngay_ra": "2025-03-01", "tong_chi": "100", "Tổng chi phí": "100", "TongChi": "100",
      ]
      return header + "\n" + header.split(separator: ",").map { values[String($0)] ?? "x" }.joined(separator: ",")
        + "\n"
    }

    @Test(arguments: [nil, "allow", "freeze", "quarantine"] as [String?]) func thePolicyDecides(_ policy: String?)
      throws
    {
      let house = try House()
      try house.open("48077", feed: "mau", Self.files(policy))
      let check = Check(definitions: try house.project.definitions())
      var checked: [FileReport] = []
      for (number, header) in Self.headers.enumerated() {
        try house.drop(Self.file(header.text, key: "L\(number)"), as: "\(number).csv", of: "48077")
        checked.append(
          try check.judge(path: house.root + "/inbox/48077/\(number).csv", feed: "mau", language: .english))
      }
      let reports = try house.run(receiptsOf: "48077").report.files
      try #require(reports.count == Self.headers.count)
      for (number, header) in Self.headers.enumerated() {
        let report = try #require(reports.first { $0.name == "\(number).csv" })
        #expect(checked[number].reason == report.reason && checked[number].findings == report.findings)
        let rows = try house.number("SELECT count(*) FROM health.encounter WHERE encounter_key = 'L\(number)'")
        let acts = policy == "freeze" || policy == "quarantine"
        guard let named = header.named, acts || !header.isLoadable else {
          #expect(report.state == .loaded && report.findings == header.findings, "\(header.text)")
          #expect(rows == 1)
          // nothing that was sent is gone
          if header.text.contains("Khoa") {
            #expect(
              try house.text("SELECT extra->>'Khoa' FROM health.encounter WHERE encounter_key = 'L\(number)'") == "x")
          }
          continue
        }
        let (state, code): (FileReport.State, String) =
          policy == "quarantine" ? (.quarantined, "T24") : (.refused, header.isLoadable ? "T23" : "T05")
        #expect(rows == 0 && report.state == state && report.reason == code, "\(header.text)")
        let words = try #require(checked[number].details?.first { $0.code == code }?.message)
        #expect(words.contains(code == "T05" ? "ngay_ra" : named), "\(words)")
      }
    }

    /// A file set aside is loaded once the schema knows its columns; the hospital sends nothing again.
    @Test func aFileSetAsideIsLoadedOnceTheSchemaIsMended() throws {
      let house = try House()
      try house.open("48077", feed: "mau", Self.files("quarantine"))
      try house.drop(Self.file("ma_luot,ngay_ra,tong_chi,so_the,Khoa"), as: "a.csv", of: "48077")
      #expect(try house.run(receiptsOf: "48077").report.files.first?.state == .quarantined)
      try house.open(
        "48077", feed: "mau",
        ["Schemas/mau/luot.yaml": Self.schema + "  - { name: Khoa, type: string, title: Khoa }\n"])
      let again = try #require(try house.reload(1, receiptsOf: "48077").report.files.first)
      #expect(again.state == .loaded && again.dossiers.accepted == 1, "\(again)")
      #expect(try house.text("SELECT extra->>'Khoa' FROM health.encounter") == "x")
    }

    /// Of XML the elements that no path names are other columns; what is not there cannot be told.
    @Test(arguments: [("allow", "loaded", nil), ("freeze", "refused", "T23"), ("quarantine", "quarantined", "T24")])
    func elementsThatNobodyKnows(_ policy: String, _ state: String, _ code: String?) throws {
      let house = try House()
      let path = house.root + "/Pipelines/hoa-dao.yaml"
      let feed = try String(contentsOfFile: path, encoding: .utf8) + "\ndrift: \(policy)\n"
      try house.open("48015", feed: "hoa-dao", ["Pipelines/hoa-dao.yaml": feed])
      let sample = try #require(SampleFolder.all.first { $0.name == "feed-xml-rows" }?.deliveries.first)
      try house.drop(String(contentsOfFile: sample.paths[0], encoding: .utf8), as: sample.name, of: "48015")
      let report = try #require(try house.run(receiptsOf: "48015").report.files.first)
      #expect(report.state.rawValue == state && report.reason == code)
      #expect(try house.number("SELECT count(*) FROM health.encounter") == (code == nil ? 4 : 0))
    }
  }
}
