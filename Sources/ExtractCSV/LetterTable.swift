internal import Records

/// An encoding with one byte a letter, or a letter and a byte for its marks, read into composed UTF-8.
struct LetterTable: Sendable {
  /// Scalar by byte; 0 where the byte alone means nothing.
  private let scalars: [UInt32]
  /// By byte: which marks it puts on the letter before it (place in ``Vietnamese/marks``, from 1); 0 for none.
  private let marks: [UInt8]
  /// By byte: which letter that takes marks it is (place in ``Vietnamese/letters``, from 1); 0 for none.
  private let letters: [UInt8]

  /// - Parameters:
  ///   - upper: the bytes from 0x80 on; the ones below are ASCII.
  ///   - marks: bytes that mark the letter before them.
  private init(upper: [UInt8: UInt32], marks: [UInt8: Int]) {
    var scalars = (0..<256).map { $0 < 0x80 ? UInt32($0) : 0 }
    for (byte, scalar) in upper { scalars[Int(byte)] = scalar }
    self.marks = (0..<256).map { UInt8(truncatingIfNeeded: marks[UInt8($0)] ?? 0) }
    letters = scalars.map { scalar in
      UInt8(truncatingIfNeeded: (Vietnamese.letters.firstIndex(of: scalar) ?? -1) + 1)
    }
    self.scalars = scalars
  }

  /// Nil for the encodings that are no table.
  static func of(_ encoding: TextEncoding) -> LetterTable? {
    switch encoding {
    case .utf8, .utf16LE, .utf16BE: nil
    case .ascii: ascii
    case .windows1252: windows1252
    case .windows1258: windows1258
    case .tcvn3: tcvn3
    case .vni: vni
    }
  }

  /// Appends `text` in UTF-8, each letter with its marks as one character.
  func decode(_ text: UnsafeBufferPointer<UInt8>, onto output: inout [UInt8]) {
    var letter = 0
    var letterStart = output.count
    for i in 0..<text.count {
      let byte = unsafe text[i]
      if byte < 0x80 {
        letterStart = output.count
        output.append(byte)
      } else {
        let mark = Int(marks[Int(byte)])
        if mark > 0, letter > 0, case let composed = Vietnamese.composed(letter, mark), composed != 0 {
          output.removeLast(output.count - letterStart)
          LetterTable.append(composed, to: &output)
          letter = 0
          continue
        }
        letterStart = output.count
        let scalar = scalars[Int(byte)]
        LetterTable.append(scalar == 0 ? 0xFFFD : scalar, to: &output)
      }
      letter = Int(letters[Int(byte)])
    }
  }

  /// The first byte that the encoding does not have, or that marks nothing.
  ///
  /// - Parameters:
  ///   - previous: the byte before the text; 0 at the beginning.
  ///   - isStrict: a combining character has to stand behind a letter that takes it. Vietnamese writes none elsewhere, so that this tells
  ///     encodings from each other.
  func firstUnreadable(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, previous: UInt8, isStrict: Bool
  ) -> Int? {
    var previous = previous
    var i = start
    while i < text.count {
      let byte = unsafe text[i]
      if byte >= 0x80 {
        let mark = Int(marks[Int(byte)])
        let composes = mark > 0 && Vietnamese.composed(Int(letters[Int(previous)]), mark) != 0
        if !composes, scalars[Int(byte)] == 0 || isStrict && mark > 0 { return i }
      }
      previous = byte
      i += 1
    }
    return nil
  }

  /// Writes a text in the encoding; nil where it has no byte for a character. Marks are written as the encoding has them.
  func encode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if scalar.value < 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else if let byte = scalars.firstIndex(of: scalar.value) {
        bytes.append(UInt8(truncatingIfNeeded: byte))
      } else if let (letter, mark) = pair(scalar.value) {
        bytes += [letter, mark]
      } else {
        return nil
      }
    }
    return bytes
  }

  private func pair(_ scalar: UInt32) -> (UInt8, UInt8)? {
    for (letter, number) in letters.enumerated() where number > 0 {
      for (byte, mark) in marks.enumerated() where mark > 0 && Vietnamese.composed(Int(number), Int(mark)) == scalar {
        // of the two cases of a mark, the one of its letter
        let isCapital = byte < 0xE0
        let other = isCapital ? byte + 0x20 : byte - 0x20
        let isOther = Vietnamese.isCapital(Int(number)) != isCapital && other < 256 && marks[other] == mark
        return (UInt8(truncatingIfNeeded: letter), UInt8(truncatingIfNeeded: isOther ? other : byte))
      }
    }
    return nil
  }

  private static func append(_ scalar: UInt32, to output: inout [UInt8]) {
    if scalar < 0x80 {
      output.append(UInt8(truncatingIfNeeded: scalar))
    } else if scalar < 0x800 {
      output.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
      output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    } else {
      output.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
      output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
      output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    }
  }

  // MARK: the tables

  private static let ascii = LetterTable(upper: [:], marks: [:])

  private static let windows1252 = LetterTable(upper: punctuation.merging(latin1) { $1 }, marks: [:])

  /// https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1258.TXT
  private static let windows1258 = {
    var upper = punctuation.merging(latin1) { $1 }
    for byte: UInt8 in [0x8A, 0x8E, 0x9A, 0x9E] { upper[byte] = nil }
    let own: [UInt8: UInt32] = [
      0xC3: 0x0102, 0xCC: 0x0300, 0xD0: 0x0110, 0xD2: 0x0309, 0xD5: 0x01A0, 0xDD: 0x01AF, 0xDE: 0x0303,
      0xE3: 0x0103, 0xEC: 0x0301, 0xF0: 0x0111, 0xF2: 0x0323, 0xF5: 0x01A1, 0xFD: 0x01B0, 0xFE: 0x20AB,
    ]
    return LetterTable(
      upper: upper.merging(own) { $1 }, marks: [0xCC: 1, 0xD2: 2, 0xDE: 3, 0xEC: 4, 0xF2: 5])
  }()

  /// TCVN 5712:1993, table 3 (VN3), which the ABC fonts have: capitals with tones were written with fonts of their own, in the same bytes as
  /// the small letters. Quotation marks and dashes are those of windows-1252, as the programs wrote them.
  private static let tcvn3 = {
    var upper = writtenPunctuation
    upper[0xA0] = 0xA0
    for (first, letters) in [
      (0xA1, "ĂÂÊÔƠƯĐăâêôơưđ"), (0xB5, "àảãáạ"), (0xBB, "ằẳẵắ"), (0xC6, "ặầẩẫấậè"), (0xCE, "ẻẽéẹềểễếệìỉ"),
      (0xDC, "ĩíịò"),
      (0xE1, "ỏõóọồổỗốộờởỡớợù"), (0xF1, "ủũúụừửữứựỳỷỹýỵ"),
    ] {
      for (i, scalar) in letters.unicodeScalars.enumerated() {
        upper[UInt8(truncatingIfNeeded: first + i)] = scalar.value
      }
    }
    return LetterTable(upper: upper, marks: [0xB0: 1, 0xB1: 2, 0xB2: 3, 0xB3: 4, 0xB4: 5])
  }()

  /// VNI-Windows: the letter, and behind it one byte for its tone and its circumflex or breve; capitals have marks of their own.
  private static let vni = {
    var upper = writtenPunctuation
    for byte in UInt8(0xA0)...0xBF { upper[byte] = UInt32(byte) }
    let small: [(UInt8, Unicode.Scalar)] = [
      (0xE6, "ỉ"), (0xEC, "ì"), (0xED, "í"), (0xEE, "ỵ"), (0xF1, "đ"), (0xF2, "ị"), (0xF3, "ĩ"), (0xF4, "ơ"),
      (0xF6, "ư"),
    ]
    let capital: [(UInt8, Unicode.Scalar)] = [
      (0xC6, "Ỉ"), (0xCC, "Ì"), (0xCD, "Í"), (0xCE, "Ỵ"), (0xD1, "Đ"), (0xD2, "Ị"), (0xD3, "Ĩ"), (0xD4, "Ơ"),
      (0xD6, "Ư"),
    ]
    for (byte, scalar) in small + capital { upper[byte] = scalar.value }
    var marks: [UInt8: Int] = [:]
    // grave, hook, tilde, acute, dot; then the same with circumflex, and with breve
    for (i, byte) in [
      0xF8, 0xFB, 0xF5, 0xF9, 0xEF, 0xE2, 0xE0, 0xE5, 0xE3, 0xE1, 0xE4, 0xEA, 0xE8, 0xFA, 0xFC, 0xE9, 0xEB,
    ].enumerated() {
      marks[UInt8(truncatingIfNeeded: byte)] = i + 1
      marks[UInt8(truncatingIfNeeded: byte - 0x20)] = i + 1
    }
    return LetterTable(upper: upper, marks: marks)
  }()

  /// What programs put into a text by themselves.
  private static let writtenPunctuation = punctuation.filter { (0x91...0x97).contains($0.key) || $0.key == 0x85 }

  private static let latin1 = Dictionary(uniqueKeysWithValues: (UInt8(0xA0)...0xFF).map { ($0, UInt32($0)) })

  /// 0x80 to 0x9F of windows-1252.
  private static let punctuation: [UInt8: UInt32] = [
    0x80: 0x20AC, 0x82: 0x201A, 0x83: 0x0192, 0x84: 0x201E, 0x85: 0x2026, 0x86: 0x2020, 0x87: 0x2021, 0x88: 0x02C6,
    0x89: 0x2030, 0x8A: 0x0160, 0x8B: 0x2039, 0x8C: 0x0152, 0x8E: 0x017D, 0x91: 0x2018, 0x92: 0x2019, 0x93: 0x201C,
    0x94: 0x201D, 0x95: 0x2022, 0x96: 0x2013, 0x97: 0x2014, 0x98: 0x02DC, 0x99: 0x2122, 0x9A: 0x0161, 0x9B: 0x203A,
    0x9C: 0x0153, 0x9E: 0x017E, 0x9F: 0x0178,
  ]
}

/// The letters of Vietnamese that take tones, and what becomes of them.
enum Vietnamese {
  static let letters: [UInt32] = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY".unicodeScalars.map(\.value)
  /// How many kinds of marks there are: five tones, the circumflex alone and with each tone, the breve alone and with each tone.
  static let marks = 17

  /// Five tones a letter, in the order of `letters`: grave, hook, tilde, acute, dot below.
  private static let toned: [UInt32] =
    ("àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
    + "ÀẢÃÁẠẰẲẴẮẶẦẨẪẤẬÈẺẼÉẸỀỂỄẾỆÌỈĨÍỊÒỎÕÓỌỒỔỖỐỘỜỞỠỚỢÙỦŨÚỤỪỬỮỨỰỲỶỸÝỴ").unicodeScalars.map(\.value)

  /// By letter and mark, both from 1; 0 where there is no such letter.
  private static let table: [UInt32] = {
    var table = [UInt32](repeating: 0, count: (letters.count + 1) * (marks + 1))
    for letter in 0..<letters.count {
      let row = (letter + 1) * (marks + 1)
      for tone in 0..<5 { table[row + 1 + tone] = toned[letter * 5 + tone] }
      let half = letters.count / 2
      // the letter with a circumflex or breve stands behind the plain one: aăâ, eê, oôơ
      let (circumflex, breve): (Int?, Int?) =
        switch letter % half {
        case 0: (letter + 2, letter + 1)
        case 3, 6: (letter + 1, nil)
        default: (nil, nil)
        }
      for (changed, first) in [(circumflex, 6), (breve, 12)] {
        guard let changed else { continue }
        table[row + first] = letters[changed]
        for tone in 0..<5 { table[row + first + 1 + tone] = toned[changed * 5 + tone] }
      }
    }
    return table
  }()

  static func composed(_ letter: Int, _ mark: Int) -> UInt32 { table[letter * (marks + 1) + mark] }

  static func isCapital(_ letter: Int) -> Bool { letter > letters.count / 2 }
}
