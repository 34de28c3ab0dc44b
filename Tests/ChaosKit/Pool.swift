internal import Compression
internal import Definitions
internal import Files
internal import Foundation
internal import Runs
internal import SampleKit
internal import Synthesis

/// Made-up visits of one hospital, each in as many editions as wanted, and envelopes of them.
struct Pool {
  let facility: String
  private let opening: String
  private let closing: String
  private var visits: [(key: String, text: String)] = []
  private let bad: SampleGenerator

  init(facility: String, seed: UInt64, visits count: Int) throws {
    self.facility = facility
    let good = SampleGenerator(facility: facility, seed: seed % 1_000_000, shape: .inline)
    guard let kind = FaultKind.named("name-blank") else { throw ChaosError("there is no fault name-blank") }
    bad = SampleGenerator(facility: facility, seed: seed % 1_000_000, faults: 1, faultKinds: [kind], shape: .inline)
    var frame = ("", "")
    for number in 1...count {
      let whole = Pool.text(good, file: number)
      guard let start = whole.range(of: "<HOSO>"), let end = whole.range(of: "</HOSO>", options: .backwards) else {
        throw ChaosError("an envelope without a dossier")
      }
      frame = (String(whole[..<start.lowerBound]), String(whole[end.upperBound...]))
      visits.append((good.key(file: number, visit: 1), String(whole[start.lowerBound..<end.upperBound])))
    }
    (opening, closing) = frame
  }

  private static func text(_ generator: SampleGenerator, file: Int) -> String {
    var bytes: [UInt8] = []
    generator.write(file: file, visits: 1) { piece in for i in piece.indices { bytes.append(piece[i]) } }
    return String(decoding: bytes, as: UTF8.self)
  }

  var count: Int { visits.count }

  /// A dossier and its text; edition 0 is the visit as it was made up.
  func dossier(_ visit: Int, edition: Int, isRejected: Bool) -> (dossier: Model.Dossier, text: String) {
    let key = visits[visit].key
    var text = visits[visit].text
    if isRejected {
      // the same visit without a name
      let whole = Pool.text(bad, file: visit + 1)
      if let start = whole.range(of: "<HOSO>"), let end = whole.range(of: "</HOSO>", options: .backwards) {
        text = String(whole[start.lowerBound..<end.upperBound])
      }
    }
    if edition > 0 {
      text = text.replacing(
        #/<CHAN_DOAN_VAO(/>|>[^<]*</CHAN_DOAN_VAO>)/#, with: "<CHAN_DOAN_VAO>Lần \(edition)</CHAN_DOAN_VAO>",
        maxReplacements: 1)
    }
    return (Model.Dossier(key: key, edition: edition, isRejected: isRejected), text)
  }

  /// A whole export.
  func envelope(_ texts: [String]) -> [UInt8] {
    let opening = opening.replacing(
      #/<SOLUONGHOSO>[0-9]*</SOLUONGHOSO>/#, with: "<SOLUONGHOSO>\(texts.count)</SOLUONGHOSO>")
    return Array((opening + texts.joined(separator: "\n") + closing).utf8)
  }
}

/// What a run must make of a content that cannot be loaded: the judge is asked, which needs no warehouse.
func fate(of bytes: [UInt8], facility: String) throws -> Model.Fate {
  let path = FileManager.default.temporaryDirectory.path + "/songhan-chaos-content-" + UUID().uuidString
  defer { try? FileManager.default.removeItem(atPath: path) }
  try Data(bytes).write(to: URL(filePath: path))
  let check = Check(definitions: try ownDefinitions(), registry: sampleRegistry)
  let report = try check.judge(path: path, feed: "qd3176", facility: facility)
  guard let reason = report.reason else { throw ChaosError("a spoilt content was judged \(report.state.rawValue)") }
  return .ended(state: reason == "S03" || reason == "S08" ? "quarantined" : "refused", reason: reason)
}
