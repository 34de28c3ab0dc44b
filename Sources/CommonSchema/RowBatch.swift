public import Bytes

/// The rows of one entity in PostgreSQL's binary COPY form, with the place of every dossier's rows in it.
///
/// Layout: [PostgreSQL manual, COPY, «Binary Format»]: per row a 16-bit field count, per field a 32-bit length (−1 for null) and the bytes. The
/// header and trailer are added when the rows are sent. Public, like the leaves of `Bytes`, so that a field costs no call.
@frozen
public struct EntityRows: Sendable {
  /// Rows that one dossier gave.
  @frozen
  public struct Segment: Sendable, Hashable {
    /// Number of the dossier in its batch, from 0.
    public var dossier: Int
    public var bytes: Range<Int>
    public var rows: Int
  }

  public var buffer: OutputBuffer
  public private(set) var segments: [Segment] = []
  @usableFromInline var segmentStart = 0
  @usableFromInline var segmentRows = 0

  public init() { buffer = OutputBuffer() }

  public var isEmpty: Bool { segments.isEmpty }

  public mutating func removeAll() {
    buffer.removeAll()
    segments.removeAll(keepingCapacity: true)
    segmentStart = 0
    segmentRows = 0
  }

  /// Rows of the open dossier so far.
  @inlinable public var rowsOfDossier: Int { segmentRows }

  /// Begins a row of `columns` fields; as many calls of `append…` must follow.
  @inlinable
  public mutating func beginRow(columns: Int) {
    buffer.append(bigEndian: Int16(truncatingIfNeeded: columns))
    segmentRows &+= 1
  }

  /// Ends the rows of a dossier.
  public mutating func endDossier(_ dossier: Int) {
    if segmentRows > 0 {
      segments.append(Segment(dossier: dossier, bytes: segmentStart..<buffer.count, rows: segmentRows))
      segmentRows = 0
    }
    segmentStart = buffer.count
  }

  // MARK: fields

  @inlinable
  public mutating func appendNull() {
    buffer.append(bigEndian: Int32(-1))
  }

  @inlinable
  public mutating func append(text: Span<UInt8>) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: text.count))
    buffer.append(text)
  }

  @inlinable
  public mutating func append(text: [UInt8]) { append(text: text.span) }

  public mutating func append(text: String) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: text.utf8.count))
    buffer.append(text)
  }

  @inlinable
  public mutating func append(integer value: Int32) {
    // length and value in one piece
    buffer.append(bigEndian: Int64(4) << 32 | Int64(UInt32(bitPattern: value)))
  }

  @inlinable
  public mutating func append(bigint value: Int64) {
    buffer.append(bigEndian: Int32(8))
    buffer.append(bigEndian: value)
  }

  public mutating func append(flag: Bool) {
    buffer.append(bigEndian: Int32(1))
    buffer.append(UInt8(flag ? 1 : 0))
  }

  @inlinable
  public mutating func append(date: CivilDate) {
    append(integer: date.daysSinceEpoch - RowForm.postgresEpochDay)
  }

  @inlinable
  public mutating func append(moment: CivilMinute) {
    append(bigint: (moment.unixSeconds - RowForm.postgresEpochSecond) * 1_000_000)
  }

  /// `numeric`: count of base-10,000 digits, weight of the first, sign, display scale, digits.
  @inlinable
  public mutating func append(decimal: Decimal4) {
    // everything is a 16-bit word, the length in front two of them; at most five digit groups before the point and one behind
    let magnitude = decimal.units.magnitude
    let fraction = UInt16(truncatingIfNeeded: magnitude % 10_000)
    var whole = magnitude / 10_000
    var groups = InlineArray<6, UInt16>(repeating: 0)
    var count = 0
    while whole > 0 {
      groups[count] = UInt16(truncatingIfNeeded: whole % 10_000)
      whole /= 10_000
      count &+= 1
    }
    let digits = magnitude == 0 ? 0 : count &+ (fraction == 0 ? 0 : 1)
    var words = InlineArray<12, UInt16>(repeating: 0)
    words[1] = UInt16(truncatingIfNeeded: 8 &+ 2 &* digits).bigEndian
    words[2] = UInt16(truncatingIfNeeded: digits).bigEndian
    words[3] = UInt16(bitPattern: magnitude == 0 ? 0 : Int16(truncatingIfNeeded: count &- 1)).bigEndian
    words[4] = UInt16(decimal.units < 0 ? 0x4000 : 0).bigEndian
    words[5] = UInt16(4).bigEndian
    var at = 6
    var i = count
    while i > 0 {
      i &-= 1
      words[at] = groups[i].bigEndian
      at &+= 1
    }
    if fraction != 0 {
      words[at] = fraction.bigEndian
      at &+= 1
    }
    let span = words.span
    unsafe span.extracting(first: at).withUnsafeBytes { unsafe buffer.bytes.append(contentsOf: $0) }
  }

  /// A JSON text as `jsonb`.
  public mutating func append(json: Span<UInt8>) {
    buffer.append(bigEndian: Int32(truncatingIfNeeded: json.count + 1))
    buffer.append(UInt8(1))
    buffer.append(json)
  }

  /// Opens an array of `count` elements; the elements follow as fields. Close it with what this returns.
  public mutating func beginArray(of type: RowForm.ElementType, count: Int, hasNulls: Bool = false) -> Int {
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

  public mutating func endArray(_ start: Int) {
    buffer.put(bigEndian: Int32(truncatingIfNeeded: buffer.count - start - 4), at: start)
  }
}

/// The binary forms of single values.
public enum RowForm {
  /// 2000-01-01 as days since 1970-01-01.
  @inlinable public static var postgresEpochDay: Int32 { 10_957 }
  @inlinable public static var postgresEpochSecond: Int64 { 946_684_800 }
  package static let header: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
  package static let trailer: [UInt8] = [0xFF, 0xFF]

  /// Object ids of element types in PostgreSQL.
  public enum ElementType: Int32, Sendable {
    case text = 25
    case date = 1082
    case numeric = 1700
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
