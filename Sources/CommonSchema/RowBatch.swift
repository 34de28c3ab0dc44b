package import Bytes

/// The rows of one entity in PostgreSQL's binary COPY form, with the place of every dossier's rows in it.
///
/// Layout: [PostgreSQL manual, COPY, «Binary Format»]: per row a 16-bit field count, per field a 32-bit length (−1 for null) and the bytes. The
/// header and trailer are added when the rows are sent.
package struct EntityRows: Sendable {
  /// Rows that one dossier gave.
  package struct Segment: Sendable, Hashable {
    /// Number of the dossier in its batch, from 0.
    package var dossier: Int
    package var bytes: Range<Int>
    package var rows: Int
  }

  package var buffer = OutputBuffer()
  package private(set) var segments: [Segment] = []
  private var segmentStart = 0
  private var segmentRows = 0

  package var isEmpty: Bool { segments.isEmpty }

  package mutating func removeAll() {
    buffer.removeAll()
    segments.removeAll(keepingCapacity: true)
    segmentStart = 0
    segmentRows = 0
  }

  package init() {}

  /// Rows of the open dossier so far.
  package var rowsOfDossier: Int { segmentRows }

  /// Begins a row of `columns` fields; as many calls of `append…` must follow.
  @inline(__always)
  package mutating func beginRow(columns: Int) {
    buffer.append(bigEndian: Int16(truncatingIfNeeded: columns))
    segmentRows += 1
  }

  /// Ends the rows of a dossier.
  package mutating func endDossier(_ dossier: Int) {
    if segmentRows > 0 {
      segments.append(Segment(dossier: dossier, bytes: segmentStart..<buffer.count, rows: segmentRows))
      segmentRows = 0
    }
    segmentStart = buffer.count
  }

  // MARK: fields

  package mutating func appendNull() {
    buffer.append(bigEndian: Int32(-1))
  }

  package mutating func append(text: Span<UInt8>) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: text.count))
    buffer.append(text)
  }

  package mutating func append(text: [UInt8]) { append(text: text.span) }

  package mutating func append(text: String) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: text.utf8.count))
    buffer.append(text)
  }

  package mutating func append(integer value: Int32) {
    buffer.append(bigEndian: Int32(4))
    buffer.append(bigEndian: value)
  }

  package mutating func append(bigint value: Int64) {
    buffer.append(bigEndian: Int32(8))
    buffer.append(bigEndian: value)
  }

  package mutating func append(flag: Bool) {
    buffer.append(bigEndian: Int32(1))
    buffer.append(UInt8(flag ? 1 : 0))
  }

  package mutating func append(date: CivilDate) {
    buffer.append(bigEndian: Int32(4))
    buffer.append(bigEndian: date.daysSinceEpoch - RowForm.postgresEpochDay)
  }

  package mutating func append(moment: CivilMinute) {
    buffer.append(bigEndian: Int32(8))
    buffer.append(bigEndian: (moment.unixSeconds - RowForm.postgresEpochSecond) * 1_000_000)
  }

  package mutating func append(decimal: Decimal4) {
    let start = buffer.count
    buffer.append(bigEndian: Int32(0))
    RowForm.append(decimal, to: &buffer)
    buffer.put(bigEndian: Int32(truncatingIfNeeded: buffer.count - start - 4), at: start)
  }

  /// A JSON text as `jsonb`.
  package mutating func append(json: Span<UInt8>) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: json.count + 1))
    buffer.append(UInt8(1))
    buffer.append(json)
  }

  /// Opens an array of `count` elements of a type (its object id in PostgreSQL); the elements follow as fields. Close it with what this returns.
  package mutating func beginArray(of type: RowForm.ElementType, count: Int, hasNulls: Bool = false) -> Int {
    let start = buffer.count
    buffer.append(bigEndian: Int32(0))
    buffer.append(bigEndian: Int32(count == 0 ? 0 : 1))
    buffer.append(bigEndian: Int32(hasNulls ? 1 : 0))
    buffer.append(bigEndian: type.rawValue)
    if count > 0 {
      buffer.append(bigEndian: Int32(truncatingIfNeeded: count))
      buffer.append(bigEndian: Int32(1))
    }
    return start
  }

  package mutating func endArray(_ start: Int) {
    buffer.put(bigEndian: Int32(truncatingIfNeeded: buffer.count - start - 4), at: start)
  }
}

/// The binary forms of single values.
package enum RowForm {
  /// 2000-01-01 as days since 1970-01-01.
  package static let postgresEpochDay: Int32 = 10_957
  package static let postgresEpochSecond: Int64 = 946_684_800
  package static let header: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
  package static let trailer: [UInt8] = [0xFF, 0xFF]

  package enum ElementType: Int32, Sendable {
    case text = 25
    case date = 1082
    case numeric = 1700
  }

  /// `numeric`: count of base-10,000 digits, weight of the first, sign, display scale, digits.
  static func append(_ decimal: Decimal4, to buffer: inout OutputBuffer) {
    let magnitude = decimal.units.magnitude
    let fraction = Int16(truncatingIfNeeded: magnitude % 10_000)
    var whole = magnitude / 10_000
    // at most five groups before the point: 99,999,999,999,999 has four
    var groups: (Int16, Int16, Int16, Int16, Int16) = (0, 0, 0, 0, 0)
    var count = 0
    while whole > 0 {
      let group = Int16(truncatingIfNeeded: whole % 10_000)
      switch count {
      case 0: groups.0 = group
      case 1: groups.1 = group
      case 2: groups.2 = group
      case 3: groups.3 = group
      default: groups.4 = group
      }
      whole /= 10_000
      count += 1
    }
    let digits = magnitude == 0 ? 0 : count + (fraction == 0 ? 0 : 1)
    buffer.append(bigEndian: Int16(truncatingIfNeeded: digits))
    buffer.append(bigEndian: magnitude == 0 ? Int16(0) : Int16(truncatingIfNeeded: count - 1))
    buffer.append(bigEndian: UInt16(decimal.units < 0 ? 0x4000 : 0))
    buffer.append(bigEndian: Int16(4))
    var i = count
    while i > 0 {
      i -= 1
      let group =
        switch i {
        case 0: groups.0
        case 1: groups.1
        case 2: groups.2
        case 3: groups.3
        default: groups.4
        }
      buffer.append(bigEndian: group)
    }
    if fraction != 0 { buffer.append(bigEndian: fraction) }
  }
}

/// The rows of some dossiers, entity by entity; reused for the next ones.
package struct RowBatch: Sendable {
  /// By entity number of the common schema.
  package var entities: [EntityRows]

  package init(schema: CommonSchema) {
    entities = schema.entities.map { _ in EntityRows() }
  }

  package mutating func removeAll() {
    for i in entities.indices where !entities[i].buffer.isEmpty { entities[i].removeAll() }
  }

  package mutating func endDossier(_ dossier: Int) {
    for i in entities.indices { entities[i].endDossier(dossier) }
  }

  package var sizeInBytes: Int { entities.reduce(0) { $0 + $1.buffer.count } }
}
