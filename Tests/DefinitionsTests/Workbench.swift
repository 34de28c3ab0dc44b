import Definitions
import Foundation

/// A folder of definitions for one test: the common schema and code lists of this repository, and what the test writes.
struct Workbench: ~Copyable {
  let folder: String

  init(_ files: [String: String]) throws {
    let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    folder = FileManager.default.temporaryDirectory.path + "/definitions-\(UUID().uuidString)"
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder + "/Schemas/codes", withIntermediateDirectories: true)
    try manager.createDirectory(atPath: folder + "/Pipelines", withIntermediateDirectories: true)
    try manager.createDirectory(atPath: folder + "/Schemas/common", withIntermediateDirectories: true)
    for name in ["encounter.yaml", "patient.yaml"] {
      try manager.createSymbolicLink(
        atPath: folder + "/Schemas/common/" + name, withDestinationPath: repository + "/Schemas/common/" + name)
    }
    // the catalogue is large; severities are all that matters here
    let rejects = ["B01", "B03", "B06", "T43"]
    let warnings = ["A12", "B05", "T37"]
    let codes =
      rejects + warnings + ["B02", "B04", "B14", "B15", "A11"] + (30...36).map { "T\($0)" } + ["T40", "T41", "T42"]
    let text = "{ vi: x, en: x }"
    let entries = codes.map { code in
      let severity = rejects.contains(code) ? "reject" : warnings.contains(code) ? "warn" : "error"
      return
        "- { code: \(code), severity: \(severity), title: \(text), explanation: \(text), remedy: \(text), message: \(text), accepted: { text: x }, refused: { text: x } }\n"
    }
    try ("findings:\n" + entries.joined()).write(
      toFile: folder + "/Schemas/findings.yaml", atomically: true, encoding: .utf8)
    try "lists: {}\n".write(toFile: folder + "/Schemas/codes/lists.yaml", atomically: true, encoding: .utf8)
    for (path, text) in files {
      let path = folder + "/" + path
      try manager.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func load() throws -> Definitions { try Definitions.load(folder) }

  /// All faults, as they are printed.
  func faults() -> [String] {
    do throws(DefinitionFaults) {
      _ = try Definitions.load(folder)
      return []
    } catch {
      return error.faults.map(\.description)
    }
  }
}

/// An invented hospital with one file, in two shapes: a feed and its only table.
enum Invented {
  static let table = """
    name: visits
    title: Lượt khám
    missingValues: ["", "NULL"]
    primaryKey: ma_luot
    fields:
      - { name: ma_luot, type: string, title: Mã lượt, constraints: { required: true } }
      - { name: ma_cskcb, type: string }
      - { name: ngay_vao, type: datetime, format: "%d/%m/%Y %H:%M" }
      - { name: ngay_ra, type: datetime, format: "%d/%m/%Y %H:%M" }
      - { name: tien, type: number }
      - { name: ghi_chu, type: string }
    """

  static let feed = """
    feed: hoa-sen
    title: Hoa Sen
    reader: csv
    source: hoa-sen
    encodings: [utf-8, windows-1258]
    dialect: { delimiter: ";", decimalChar: ",", groupChar: "." }
    dossier:
      table: visits
      key: ma_luot
      careDate: [ngay_ra, ngay_vao]
      facility: ma_cskcb
    rows:
      - entity: encounter
        from: visits
        columns:
          encounter_key: ma_luot
          admitted_at: ngay_vao
          discharged_at: ngay_ra
          total_hospital_amount: tien
    """
}
