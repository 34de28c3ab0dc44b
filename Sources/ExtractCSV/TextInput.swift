internal import Bytes
internal import Records

/// Yields a file's bytes in pieces: appends up to `most` of them and says how many; 0 at the end.
typealias ByteSource = (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int

/// The part of a delimited text that is being looked at, checked against its encoding as it comes.
///
/// What delimits cells and rows is one ASCII byte in every encoding but UTF-16, so the window holds the delivered bytes, and only cells are
/// decoded. UTF-16 is turned into UTF-8 first, which loses nothing: sizes and bytes as delivered can be told from it.
final class TextInput {
  private let source: ByteSource
  private(set) var encoding = TextEncoding.utf8
  private(set) var letters: LetterTable?
  private(set) var bytes: [UInt8] = []
  /// Where the next row begins in `bytes`.
  private(set) var at = 0
  /// Where it begins in the file.
  private(set) var byteOffset = 0
  private(set) var hasEnded = false
  /// Where the first byte stands that the encoding does not have, in the file; nothing from it on is in the window.
  private(set) var fault: Int?
  /// Whether a control character was seen that no text may hold.
  private(set) var hasControls = false

  /// UTF-16 as delivered, from `rawOffset` of the file on.
  private var raw: [UInt8] = []
  private var rawOffset = 0
  /// How much of `bytes` has been checked, and the byte before.
  private var checkedTo = 0
  private var previous: UInt8 = 0
  /// Where `bytes` ends in the file, for encodings that are not converted.
  private var bytesOffset = 0

  static let piece = 256 * 1024

  init(source: @escaping ByteSource) { self.source = source }

  /// Looks at the first bytes: which encoding it is, and where the text begins.
  ///
  /// - Parameters:
  ///   - stated: the feed's word; it is believed before a byte order mark.
  ///   - isWhole: the text is a file from its beginning: a mark may stand there.
  func begin(stated: TextEncoding?, isWhole: Bool = true) throws(ReaderFailure) {
    while raw.count < 8, !hasEnded {
      if try source(TextInput.piece, &raw) == 0 { hasEnded = true }
    }
    let marked = isWhole ? TextInput.byteOrderMark(raw) : nil
    encoding = stated ?? marked ?? .utf8
    letters = LetterTable.of(encoding)
    if marked == encoding {
      let count = encoding == .utf8 ? 3 : 2
      preamble = Array(raw[..<count])
      raw.removeFirst(count)
      (rawOffset, byteOffset, bytesOffset) = (count, count, count)
    }
    if !isWide { swap(&bytes, &raw) }
    check()
  }

  /// The byte order mark as delivered.
  private(set) var preamble: [UInt8] = []

  static func byteOrderMark(_ bytes: [UInt8]) -> TextEncoding? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return .utf8 }
    if bytes.starts(with: [0xFF, 0xFE]) { return .utf16LE }
    if bytes.starts(with: [0xFE, 0xFF]) { return .utf16BE }
    return nil
  }

  var isWide: Bool { encoding == .utf16LE || encoding == .utf16BE }

  /// Reads `count` more bytes, fewer at the end; false when there are none.
  func grow(_ count: Int) throws(ReaderFailure) -> Bool {
    guard !hasEnded, fault == nil else { return false }
    if at > 0 {
      bytes.removeSubrange(0..<at)
      checkedTo -= at
      bytesOffset += at
      at = 0
    }
    var got = 0
    while got < count, !hasEnded {
      let n = try isWide ? source(TextInput.piece, &raw) : source(TextInput.piece, &bytes)
      if n == 0 { hasEnded = true } else { got += n }
    }
    let before = bytes.count
    check()
    return got > 0 || bytes.count != before
  }

  /// Looks at one row of the file alone, which was checked before.
  func place(_ row: ArraySlice<UInt8>, at offset: Int) {
    bytes.removeAll(keepingCapacity: true)
    raw.removeAll()
    if isWide {
      _ = WideText.decode(Array(row), isBigEndian: encoding == .utf16BE, isLast: true, onto: &bytes)
    } else {
      bytes.append(contentsOf: row)
    }
    (at, byteOffset, bytesOffset, checkedTo, hasEnded, fault) = (0, offset, offset, bytes.count, true, nil)
    // what stands in other rows says nothing about this one
    hasControls = unsafe bytes.withUnsafeBufferPointer { unsafe TextChecks.firstControl($0, from: 0) != nil }
  }

  /// Moves behind a row that ends at `end` of the window.
  func advance(to end: Int) {
    byteOffset += sizeAsDelivered(at..<end)
    at = end
  }

  /// How many bytes of the file a part of the window is.
  func sizeAsDelivered(_ range: Range<Int>) -> Int {
    guard isWide else { return range.count }
    var units = 0
    for i in range {
      let byte = bytes[i]
      if byte & 0xC0 != 0x80 { units += byte >= 0xF0 ? 2 : 1 }
    }
    return units * 2
  }

  /// Appends a part of the window as it was delivered.
  func appendAsDelivered(_ range: Range<Int>, to target: inout [UInt8]) {
    guard isWide else {
      unsafe bytes.withUnsafeBufferPointer {
        unsafe target.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range]))
      }
      return
    }
    for unit in String(decoding: bytes[range], as: UTF8.self).utf16 {
      let (low, high) = (UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8))
      target.append(encoding == .utf16LE ? low : high)
      target.append(encoding == .utf16LE ? high : low)
    }
  }

  // MARK: checking

  private func check() {
    let start = checkedTo
    var hasControls = hasControls
    if isWide {
      let (taken, isBad) = WideText.decode(raw, isBigEndian: encoding == .utf16BE, isLast: hasEnded, onto: &bytes)
      raw.removeSubrange(0..<taken)
      rawOffset += taken
      if isBad { fault = rawOffset }
      checkedTo = bytes.count
    } else {
      let (whole, bad): (Int, Int?) = unsafe bytes.withUnsafeBufferPointer { text in
        if let letters {
          guard let high = unsafe TextChecks.firstHigh(text, from: start) else { return (text.count, nil) }
          let before = unsafe high > start ? text[high - 1] : previous
          return unsafe (text.count, letters.firstUnreadable(text, from: high, previous: before, isStrict: false))
        }
        switch unsafe TextChecks.utf8(text, from: start, hasControls: &hasControls) {
        case .whole(let end): return (end, hasEnded && end < text.count ? end : nil)
        case .bad(let place): return (place, place)
        }
      }
      if let bad {
        fault = bytesOffset + bad
        bytes.removeSubrange(bad...)
      }
      checkedTo = min(whole, bytes.count)
      if checkedTo > 0 { previous = bytes[checkedTo - 1] }
    }
    if !hasControls, isWide || letters != nil {
      hasControls = unsafe bytes.withUnsafeBufferPointer { unsafe TextChecks.firstControl($0, from: start) != nil }
    }
    self.hasControls = hasControls
  }
}

/// UTF-16.
enum WideText {
  /// Appends the text in UTF-8, up to half a character at its end or the first unit that is none.
  static func decode(
    _ raw: [UInt8], isBigEndian: Bool, isLast: Bool, onto output: inout [UInt8]
  ) -> (taken: Int, isBad: Bool) {
    let text = raw.span
    var i = 0
    func unit(_ offset: Int) -> UInt32 {
      let (first, second) = (UInt32(text[offset]), UInt32(text[offset + 1]))
      return isBigEndian ? first << 8 | second : second << 8 | first
    }
    while i + 2 <= text.count {
      let first = unit(i)
      if first < 0x80 {
        output.append(UInt8(truncatingIfNeeded: first))
        i += 2
        continue
      }
      var scalar = first
      var size = 2
      if first & 0xF800 == 0xD800 {
        guard first < 0xDC00 else { return (i, true) }
        guard i + 4 <= text.count else { return (i, isLast) }
        let second = unit(i + 2)
        guard second & 0xFC00 == 0xDC00 else { return (i, true) }
        scalar = 0x10000 + (first & 0x3FF) << 10 + second & 0x3FF
        size = 4
      }
      if let scalar = Unicode.Scalar(scalar) {
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
      i += size
    }
    return (i, isLast && i < text.count)
  }
}
