/// A value that travels beside a statement, never inside its text.
///
/// No type goes with it: the server takes each `$n` for what the statement says it is (`$1::bytea`, `$2::text[]`, or the
/// column it is compared with), so a prepared statement means the same whichever values came first. Everything but
/// ``bytes(_:)`` travels as text in canonical form.
package enum Parameter: Sendable, Hashable {
  case null
  case text(String)
  case integer(Int64)
  case real(Double)
  case flag(Bool)
  /// Travels in binary form; the statement must say `bytea`.
  case bytes([UInt8])
  case texts([String?])
  /// An array of texts, each in UTF-8.
  case utf8s([[UInt8]])
  case integers([Int64?])
  case bytesArray([[UInt8]?])
}

/// The parameters of one statement as libpq wants them: all values in one byte array, each followed by a NUL.
struct ParameterList {
  private var storage: [CChar] = []
  private var starts: [Int] = []
  private var lengths: [CInt] = []
  private var formats: [CInt] = []

  /// - Throws: SQLSTATE 22021 for text with a NUL, which a C string would cut off silently.
  init(_ parameters: [Parameter]) throws(ServerFailure) {
    for parameter in parameters {
      let start = storage.count
      var isNull = false
      var isBinary = false
      switch parameter {
      case .null: isNull = true
      case .text(let text): append(text.utf8)
      case .integer(let value): append(String(value).utf8)
      case .real(let value): append(value.description.utf8)
      case .flag(let value): append((value ? "true" : "false").utf8)
      case .bytes(let bytes):
        isBinary = true
        append(bytes)
      case .texts(let elements): append(ArrayText.texts(elements.lazy.map(\.?.utf8)))
      case .utf8s(let elements): append(ArrayText.texts(elements.lazy.map(Optional.some)))
      case .integers(let elements): append(ArrayText.integers(elements).utf8)
      case .bytesArray(let elements): append(ArrayText.bytes(elements))
      }
      guard isBinary || !storage[start...].contains(0) else { throw .refused(Refusal("22021")) }
      guard let length = CInt(exactly: storage.count - start) else { throw .refused(Refusal("54000")) }
      storage.append(0)
      starts.append(isNull ? -1 : start)
      lengths.append(length)
      formats.append(isBinary ? 1 : 0)
    }
  }

  private mutating func append(_ bytes: some Sequence<UInt8>) {
    // batches come this way: in one piece where the sequence has its bytes in a row
    let isWhole: Void? = bytes.withContiguousStorageIfAvailable { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { unsafe storage.append(contentsOf: $0) }
    }
    if isWhole == nil { storage.append(contentsOf: bytes.lazy.map(CChar.init(bitPattern:))) }
  }

  /// Lends values, lengths and formats for one call.
  func withPointers<R>(
    _ body: (CInt, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> R
  ) -> R {
    unsafe storage.withUnsafeBufferPointer { all in
      var values: [UnsafePointer<CChar>?] = unsafe []
      for start in starts { unsafe values.append(start < 0 ? nil : all.baseAddress.map { unsafe $0 + start }) }
      return unsafe values.withUnsafeBufferPointer { values in
        unsafe lengths.withUnsafeBufferPointer { lengths in
          unsafe formats.withUnsafeBufferPointer { formats in
            unsafe body(CInt(starts.count), values.baseAddress, lengths.baseAddress, formats.baseAddress)
          }
        }
      }
    }
  }
}

/// Array values in PostgreSQL's text form. Every element is quoted, so that none is taken for NULL, a brace or a comma.
enum ArrayText {
  static func texts<Text: Sequence<UInt8>>(_ elements: some Collection<Text?>) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      guard let element else {
        bytes.append(contentsOf: "NULL".utf8)
        continue
      }
      bytes.append(UInt8(ascii: "\""))
      for byte in element {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  static func integers(_ elements: [Int64?]) -> String {
    "{" + elements.map { $0.map(String.init) ?? "NULL" }.joined(separator: ",") + "}"
  }

  /// `{"\\x00ff",NULL}`: bytea in hex form; its backslash is doubled inside the quotes.
  static func bytes(_ elements: [[UInt8]?]) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    var result: [UInt8] = [UInt8(ascii: "{")]
    for (index, element) in elements.enumerated() {
      if index > 0 { result.append(UInt8(ascii: ",")) }
      guard let element else {
        result.append(contentsOf: "NULL".utf8)
        continue
      }
      result.append(contentsOf: "\"\\\\x".utf8)
      for byte in element {
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
      }
      result.append(UInt8(ascii: "\""))
    }
    result.append(UInt8(ascii: "}"))
    return result
  }
}
