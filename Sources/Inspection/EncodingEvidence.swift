internal import ExtractCSV
internal import Foundation
internal import Records

/// Which encoding a file is in, and why one thinks so.
package struct EncodingEvidence: Codable, Sendable {
  package var encoding: String
  /// False: others read the file too, and a person has to say which it is.
  package var isCertain: Bool
  package var reasons: [String]

  /// What the evidence is about, in the order of trying.
  private static let candidates: [TextEncoding] = [
    .utf16LE, .utf16BE, .tcvn3, .vni, .windows1258, .windows1252,
  ]
  private static let sampleSize = 1 << 20

  static func of(_ file: InspectedFile) throws(ReaderFailure) -> (EncodingEvidence, TextEncoding) {
    var head: [UInt8] = []
    _ = try file.read(at: 0, sampleSize, into: &head)
    if let marked = EncodingBelief.mark(head) {
      return (EncodingEvidence(encoding: marked.rawValue, isCertain: true, reasons: ["byte order mark"]), marked)
    }
    guard let fault = try EncodingBelief.firstUnreadable(file, .utf8) else {
      let hasOthers = head.contains { $0 >= 0x80 }
      let reason =
        hasOthers ? "every byte of \(file.sizeInBytes) fits UTF-8" : "ASCII letters only, so far as looked at"
      return (EncodingEvidence(encoding: "utf-8", isCertain: true, reasons: [reason]), .utf8)
    }
    var reasons = ["utf-8: no, byte \(fault) does not fit"]
    var readers: [(encoding: TextEncoding, share: Double)] = []
    for candidate in candidates {
      if let fault = try EncodingBelief.firstUnreadable(file, candidate) {
        reasons.append("\(candidate.rawValue): no, byte \(fault) does not fit")
        continue
      }
      let (words, fitting) = Syllables.count(String(decoding: candidate.decode(head), as: UTF8.self))
      let share = words == 0 ? 0 : Double(fitting) / Double(words)
      reasons.append(
        "\(candidate.rawValue): reads all of it; \(fitting) of \(words) words with marks are Vietnamese syllables")
      readers.append((candidate, share))
    }
    readers.sort { $0.share > $1.share }
    guard let best = readers.first else {
      return (EncodingEvidence(encoding: "?", isCertain: false, reasons: reasons), .utf8)
    }
    // one reader alone is only certain when what it reads makes sense
    let others = readers.dropFirst().map(\.share).max() ?? 0
    let isCertain = best.share >= 0.8 && others < 0.5
    return (EncodingEvidence(encoding: best.encoding.rawValue, isCertain: isCertain, reasons: reasons), best.encoding)
  }
}

/// How Vietnamese words are built: a syllable has at most one tone, and its letters keep an order.
enum Syllables {
  private static let initials = [
    "ngh", "ng", "nh", "gh", "gi", "kh", "ph", "th", "tr", "ch", "qu", "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n",
    "p", "r", "s", "t", "v", "x", "",
  ]
  private static let middles: Set<String> = Set(
    """
    a ă â e ê i o ô ơ u ư y ai ao au ay âu ây eo êu ia iê iu oa oă oe oi ôi ơi ua uâ uê ui uô uy ưa ưi ươ ưu uơ yê ya iêu yêu \
    oai oao oay oeo uây uôi ươi ươu uya uyê uyu
    """.split(separator: " ").map(String.init))
  private static let finals = ["ch", "ng", "nh", "c", "m", "n", "p", "t", ""]
  private static let tones: Set<UInt32> = [0x300, 0x301, 0x303, 0x309, 0x323]

  /// How many words have letters beyond ASCII, and how many of these are syllables.
  static func count(_ text: String) -> (words: Int, fitting: Int) {
    var (words, fitting) = (0, 0)
    for word in text.split(whereSeparator: { !$0.isLetter }) where word.utf8.contains(where: { $0 >= 0x80 }) {
      words += 1
      if isSyllable(word.lowercased()) { fitting += 1 }
      if words == 20_000 { break }
    }
    return (words, fitting)
  }

  static func isSyllable(_ word: String) -> Bool {
    var plain = String.UnicodeScalarView()
    var toneCount = 0
    for scalar in word.decomposedStringWithCanonicalMapping.unicodeScalars {
      if tones.contains(scalar.value) { toneCount += 1 } else { plain.append(scalar) }
    }
    guard toneCount <= 1 else { return false }
    let letters = String(plain).precomposedStringWithCanonicalMapping
    return initials.contains { initial in
      letters.hasPrefix(initial)
        && finals.contains { final in
          let rest = letters.dropFirst(initial.count)
          return rest.hasSuffix(final) && middles.contains(String(rest.dropLast(final.count)))
        }
    }
  }
}
