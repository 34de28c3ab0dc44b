package import Records

/// Which encoding a file is in: the feed's word, else the byte order mark, else UTF-8 when all of the file is that, else the one of the feed's
/// candidates that can read all of it. Never a guess.
package enum EncodingBelief {
  enum Answer: Equatable {
    case certain(TextEncoding)
    /// No encoding reads the byte at this offset; the encoding is the one that was tried, or came furthest.
    case unreadable(Int, TextEncoding)
    case ambiguous([TextEncoding])
  }

  static func decide(_ store: any ByteStore, _ layout: TabularLayout) throws(ReaderFailure) -> Answer {
    if let stated = layout.encoding { return .certain(stated) }
    var head: [UInt8] = []
    _ = try store.read(at: 0, 4, into: &head)
    if let marked = TextInput.byteOrderMark(head) { return .certain(marked) }
    guard let fault = try firstUnreadable(store, .utf8) else { return .certain(.utf8) }
    var readers: [TextEncoding] = []
    var furthest = (fault, TextEncoding.utf8)
    for candidate in layout.encodingCandidates where candidate != .utf8 && !readers.contains(candidate) {
      if let fault = try firstUnreadable(store, candidate) {
        if fault > furthest.0 { furthest = (fault, candidate) }
      } else {
        readers.append(candidate)
      }
    }
    switch readers.count {
    case 0: return .unreadable(furthest.0, furthest.1)
    case 1: return .certain(readers[0])
    default: return .ambiguous(readers)
    }
  }

  /// What a byte order mark at the beginning of the file says.
  package static func mark(_ head: [UInt8]) -> TextEncoding? { TextInput.byteOrderMark(head) }

  /// The first byte of the file that says it is not in the encoding: one the encoding does not have, a mark that stands on nothing, or a zero
  /// byte; for UTF-16 the end, when there is no line end.
  package static func firstUnreadable(_ store: any ByteStore, _ encoding: TextEncoding) throws(ReaderFailure) -> Int? {
    let letters = LetterTable.of(encoding)
    var bytes: [UInt8] = []
    var offset = 0
    var previous: UInt8 = 0
    var hasLineEnd = false
    var text: [UInt8] = []
    var hasControls = false
    while true {
      let before = bytes.count
      let isLast = try store.read(at: offset + before, 1 << 20, into: &bytes) == 0
      var taken = bytes.count
      var bad: Int?
      if let letters {
        bad = unsafe bytes.withUnsafeBufferPointer {
          unsafe letters.firstUnreadable($0, from: 0, previous: previous, isStrict: true)
        }
      } else if encoding == .utf8 {
        switch unsafe bytes.withUnsafeBufferPointer({ unsafe TextChecks.utf8($0, from: 0, hasControls: &hasControls) })
        {
        case .whole(let end): (taken, bad) = (end, isLast && end < bytes.count ? end : nil)
        case .bad(let place): bad = place
        }
      } else {
        text.removeAll(keepingCapacity: true)
        let (end, isBad) = WideText.decode(bytes, isBigEndian: encoding == .utf16BE, isLast: isLast, onto: &text)
        (taken, bad) = (end, isBad ? end : nil)
        hasLineEnd = hasLineEnd || text.contains(0x0A) || text.contains(0x0D)
        if text.contains(0) { bad = bad ?? 0 }
      }
      if letters != nil || encoding == .utf8, let zero = bytes[..<taken].firstIndex(of: 0) {
        bad = min(bad ?? zero, zero)
      }
      if let bad { return offset + bad }
      if taken > 0 { previous = bytes[taken - 1] }
      offset += taken
      bytes.removeSubrange(0..<taken)
      if isLast { break }
    }
    return letters != nil || encoding == .utf8 || hasLineEnd ? nil : offset
  }
}
