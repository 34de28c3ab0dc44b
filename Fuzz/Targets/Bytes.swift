import Bytes
import Compression

/// Base64: what is decoded and laid out as found gives the text again; a plain reference agrees.
@Sendable func fuzzBase64(_ input: [UInt8]) throws {
  var output: [UInt8] = [1, 2, 3]
  let layout = Base64.decode(input.span, onto: &output)
  must(output.starts(with: [1, 2, 3]), "what stood before stays")
  let decoded = Array(output.dropFirst(3))
  let expected = reference(input)
  must((layout == nil) == (expected == nil), "Base64 is what RFC 4648 says")
  guard let layout else { return must(decoded.isEmpty, "what is no Base64 leaves nothing") }
  must(decoded == expected, "it decodes to what RFC 4648 says")
  guard layout != .irregular else { return }
  var again = OutputBuffer()
  Base64.encode(decoded.span, layout, onto: &again)
  must(again.bytes == input, "the layout gives the text again")
}

/// A decoder so plain that it is right by looking at it; nil for what is no Base64.
private func reference(_ text: [UInt8]) -> [UInt8]? {
  let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  let dense = text.filter { ![0x20, 9, 10, 13].contains($0) }
  guard dense.count % 4 == 0 else { return nil }
  let padding = dense.reversed().prefix { $0 == UInt8(ascii: "=") }.count
  guard padding <= 2 else { return nil }
  var bits: UInt32 = 0
  var count = 0
  var result: [UInt8] = []
  for byte in dense.dropLast(padding) {
    guard let value = letters.firstIndex(of: byte) else { return nil }
    bits = bits << 6 | UInt32(value)
    count += 6
    if count >= 8 {
      count -= 8
      result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      bits &= 1 << UInt32(count) - 1
    }
  }
  return result
}

/// Numbers, dates, text and patterns: what is read can be written and read again.
@Sendable func fuzzValues(_ input: [UInt8]) throws {
  var choices = Choices(input)
  let kind = choices.number(below: 8)
  let bytes = choices.bytes
  let text = bytes.span
  switch kind {
  case 0:
    if case .success(let reading) = Decimal4.read(text) {
      must(abs(reading.value.units) <= Decimal4.limit, "a number is within its limit")
      let written = Array(reading.value.description.utf8)
      guard case .success(let again) = Decimal4.read(written.span) else { fatalError("what is written is a number") }
      must(again.value == reading.value, "a number is read as it was written")
    }
  case 1:
    if let date = CivilDate(compact: text) {
      let (year, month, day) = date.components
      must(CivilDate(year: year, month: month, day: day) == date, "a date has its parts")
      must(date.firstOfMonth <= date && date < date.firstOfNextMonth, "a date lies in its month")
      must(date.description.utf8.filter { $0 != UInt8(ascii: "-") } == bytes, "a date is written as it was read")
    }
  case 2:
    if let moment = CivilMinute(compact: text) {
      must(moment.minuteOfDay >= 0 && moment.minuteOfDay < 1440, "a minute lies in its day")
      must(
        Int64(moment.day.daysSinceEpoch) * 1440 + moment.minuteOfDay == moment.minutesSinceEpoch,
        "a moment has its parts")
      _ = moment.description
      _ = moment.unixSeconds
    }
  case 3:
    if let birth = BirthDate(compact: text) {
      must(birth.moment.day == birth.day, "a birth lies on its day")
    }
  case 4:
    let invalid = Text.firstInvalidUTF8(text)
    let valid = String(validating: bytes, as: UTF8.self)
    must((invalid == nil) == (valid != nil), "UTF-8 is what Unicode says")
    if let invalid {
      must(String(validating: bytes[..<invalid], as: UTF8.self) != nil, "what stands before the fault is UTF-8")
    }
    guard let valid else { return }
    must(Text.characterCount(text) == valid.unicodeScalars.count, "characters are code points")
    let composed = Text.composed(text)
    must(Text.composed(composed.span) == composed, "composing twice is composing once")
    if Text.isSurelyComposed(text) { must(composed == bytes, "what is surely composed stays") }
  case 5:
    let trimmed = Text.trimmed(text)
    must(trimmed.lowerBound <= trimmed.upperBound && trimmed.upperBound <= bytes.count, "trimming stays inside")
    must(Text.trimmed(Array(bytes[trimmed]).span).count == trimmed.count, "trimming twice is trimming once")
    _ = Text.firstForbiddenControl(text)
    _ = Text.saysSomething(text)
  default:
    // a pattern, a zero byte, and what it is asked about
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard let written = String(validating: parts[0], as: UTF8.self), let pattern = BytePattern(written) else { return }
    _ = pattern.matches(Array(parts.count > 1 ? parts[1] : []).span)
  }
}

/// gzip: pieces do not matter, limits hold, and our own output comes back.
@Sendable func fuzzGzip(_ input: [UInt8]) throws {
  var choices = Choices(input)
  let piece = [1, 2, 3, 7, 64, 511, 4096, 65_536][choices.number(below: 8)]
  let bytes = choices.bytes
  let ceiling = 4 << 20
  func expand(_ bytes: [UInt8], piece: Int) -> (output: [UInt8], failure: ExpandFailure?, isComplete: Bool) {
    let expander = Gzip.Expander(ceiling: ceiling)
    var output: [UInt8] = []
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + piece)
      do {
        try expander.expand(Array(bytes[at..<end]), onto: &output)
      } catch {
        return (output, error, false)
      }
      at = end
    }
    return (output, nil, expander.isComplete)
  }
  let whole = expand(bytes, piece: .max)
  must(whole.output.count <= ceiling, "the ceiling holds")
  if piece > 1 || bytes.count < 4096 {
    let pieces = expand(bytes, piece: piece)
    // the ratio is looked at after each piece, and may have been too high in the middle of one
    let isRatio = whole.failure == .tooLarge || pieces.failure == .tooLarge
    if !isRatio {
      must((whole.failure == nil) == (pieces.failure == nil), "a failure does not depend on the pieces")
    }
    if whole.failure == nil, !isRatio {
      must(
        whole.output == pieces.output && whole.isComplete == pieces.isComplete,
        "the content does not depend on the pieces")
    }
  }
  let again = expand(Gzip.compress(bytes), piece: .max)
  let isInside = Gzip.isGzip(bytes)
  if again.failure == nil {
    must(again.output == bytes && again.isComplete, "what was compressed comes back")
  } else {
    must(isInside && again.failure == .nested, "only a gzip inside is refused")
  }
}
