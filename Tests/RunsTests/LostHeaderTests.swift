import Foundation
import Runs
import Testing

/// A delimited file whose header is gone begins with a patient: nothing of that row may stand in an answer.
@Suite struct LostHeaderTests {
  private static let values = ["048199012345", "GD4797933180045", "0905123456", "19900101", "AN"]

  private func folder() throws -> DefinitionsFolder {
    let folder = try DefinitionsFolder()
    try FileManager.default.createDirectory(atPath: folder.path + "/Schemas/mau", withIntermediateDirectories: true)
    try """
    name: luot
    title: Lượt khám
    fields:
      - { name: ma_luot, type: string, title: Mã lượt }
      - { name: ngay_ra, type: date, title: Ngày ra }

    """.write(toFile: folder.path + "/Schemas/mau/luot.yaml", atomically: true, encoding: .utf8)
    try """
    feed: mau
    title: Made up
    reader: csv
    source: mau
    encoding: utf-8
    dossier: { table: luot, key: ma_luot, careDate: [ngay_ra] }
    rows:
      - entity: encounter
        from: luot
        columns: { encounter_key: ma_luot, discharged_at: ngay_ra }

    """.write(toFile: folder.path + "/Pipelines/mau.yaml", atomically: true, encoding: .utf8)
    return folder
  }

  @Test(arguments: ["", "ma_luot,"]) func noAnswerNamesAValue(beginning: String) throws {
    let folder = try folder()
    let row = beginning + Self.values.joined(separator: ",") + "\n"
    let path = folder.path + "/lost.csv"
    try (row + row).write(toFile: path, atomically: true, encoding: .utf8)
    let report = try Check(definitions: folder.load()).judge(path: path, feed: "mau")
    #expect(report.findings["T10"] == 1 && report.findings["A12"] == Self.values.count)
    let answer = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
    for value in Self.values where beginning.isEmpty || value != "AN" { #expect(!answer.contains(value)) }
  }
}
