package import Bytes

/// Reads rows back from their binary COPY form as JSON, one object a row: for the `common-ndjson` parcel, previews and tests.
package struct RowDecoder {
  private let entity: Entity

  package init(_ entity: Entity) { self.entity = entity }

  /// Appends every row of `bytes` as one line of JSON: columns in the order of the schema, nulls left out.
  package func appendLines(of bytes: Span<UInt8>, to output: inout OutputBuffer) {
    var at = 0
    while at + 2 <= bytes.count {
      at += 2
      output.append("{\"entity\":\"")
      output.append(entity.name)
      output.append("\"")
      for column in entity.columns {
        let length = Int(RowDecoder.int32(bytes, at))
        at += 4
        if length < 0 { continue }
        output.append(",\"")
        output.append(column.name)
        output.append("\":")
        append(bytes.extracting(at..<at + length), column.type, to: &output)
        at += length
      }
      output.append("}\n")
    }
  }

  private func append(_ field: Span<UInt8>, _ type: ColumnType, to output: inout OutputBuffer) {
    switch type {
    case .text: JSON.append(string: field, to: &output)
    case .integer: output.append(String(RowDecoder.int32(field, 0)))
    case .bigint: output.append(String(RowDecoder.int64(field, 0)))
    case .date: output.append("\"\(RowDecoder.date(field))\"")
    case .timestamptz: output.append("\"\(RowDecoder.moment(field))\"")
    case .numeric: output.append(RowDecoder.decimal(field))
    case .jsonb: output.append(field.extracting(1...))
    case .textArray: appendArray(field, .text, to: &output)
    case .dateArray: appendArray(field, .date, to: &output)
    case .numericArray: appendArray(field, .numeric, to: &output)
    }
  }

  private func appendArray(_ field: Span<UInt8>, _ element: ColumnType, to output: inout OutputBuffer) {
    output.append("[")
    if RowDecoder.int32(field, 0) > 0 {
      let count = Int(RowDecoder.int32(field, 12))
      var at = 20
      for i in 0..<count {
        if i > 0 { output.append(",") }
        let length = Int(RowDecoder.int32(field, at))
        at += 4
        if length < 0 {
          output.append("null")
        } else {
          append(field.extracting(at..<at + length), element, to: &output)
          at += length
        }
      }
    }
    output.append("]")
  }

  private static func int16(_ bytes: Span<UInt8>, _ at: Int) -> Int16 {
    Int16(bitPattern: UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]))
  }

  private static func int32(_ bytes: Span<UInt8>, _ at: Int) -> Int32 {
    var value: UInt32 = 0
    for i in 0..<4 { value = value << 8 | UInt32(bytes[at + i]) }
    return Int32(bitPattern: value)
  }

  private static func int64(_ bytes: Span<UInt8>, _ at: Int) -> Int64 {
    var value: UInt64 = 0
    for i in 0..<8 { value = value << 8 | UInt64(bytes[at + i]) }
    return Int64(bitPattern: value)
  }

  private static func date(_ field: Span<UInt8>) -> CivilDate {
    CivilDate(daysSinceEpoch: int32(field, 0) + RowForm.postgresEpochDay)
  }

  private static func moment(_ field: Span<UInt8>) -> CivilMinute {
    let seconds = int64(field, 0) / 1_000_000 + RowForm.postgresEpochSecond
    return CivilMinute(minutesSinceEpoch: seconds / 60 + 420)
  }

  private static func decimal(_ field: Span<UInt8>) -> String {
    let count = Int(int16(field, 0))
    let weight = Int(int16(field, 2))
    var units: Int64 = 0
    // weight of the last digit group of Decimal4 is −1
    for i in 0..<count {
      let power = weight - i + 1
      var value = Int64(int16(field, 8 + 2 * i))
      for _ in 0..<max(power, 0) { value *= 10_000 }
      units += value
    }
    return Decimal4(units: int16(field, 4) == 0x4000 ? -units : units).description
  }
}

/// Writing JSON text by hand, for bytes that never become a `String`.
package enum JSON {
  /// Appends UTF-8 text as a JSON string.
  package static func append(string text: Span<UInt8>, to output: inout OutputBuffer) {
    output.append(UInt8(ascii: "\""))
    for i in text.indices {
      let byte = text[i]
      switch byte {
      case UInt8(ascii: "\""): output.append("\\\"")
      case UInt8(ascii: "\\"): output.append("\\\\")
      case 0x0A: output.append("\\n")
      case 0x0D: output.append("\\r")
      case 0x09: output.append("\\t")
      case 0..<0x20:
        output.append("\\u00")
        output.append(hex[Int(byte >> 4)])
        output.append(hex[Int(byte & 15)])
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private static let hex = Array("0123456789abcdef".utf8)
}
