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

  /// Appends a row of `columns` fields that is written in one go.
  ///
  /// - Parameters:
  ///   - most: how many bytes the fields may take: of each ``RowPen/mostBytes``, and its text.
  ///   - write: writes the fields; false when it cannot, then nothing is appended.
  @inlinable
  public mutating func appendRow(columns: Int, most: Int, _ write: (inout RowPen) -> Bool) -> Bool {
    var isWritten = false
    buffer.bytes.append(addingCapacity: most &+ 2) { output in
      unsafe output.withUnsafeMutableBufferPointer { room, count in
        guard let start = room.baseAddress else { return }
        var pen = unsafe RowPen(start)
        pen.put(UInt16(truncatingIfNeeded: columns))
        isWritten = write(&pen)
        if isWritten { count = unsafe pen.at - start }
      }
    }
    if isWritten { segmentRows &+= 1 }
    return isWritten
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

  public mutating func append(decimal: Decimal4) {
    buffer.bytes.append(addingCapacity: RowPen.mostBytes) { output in
      unsafe output.withUnsafeMutableBufferPointer { room, count in
        guard let start = room.baseAddress else { return }
        var pen = unsafe RowPen(start)
        pen.put(decimal: decimal)
        count = unsafe pen.at - start
      }
    }
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

/// Writes fields in PostgreSQL's binary form where there is room for them, without a look at the room: whoever hands it out has counted.
@safe @frozen
public struct RowPen {
  /// The most bytes that a field takes besides its text.
  @inlinable public static var mostBytes: Int { 32 }

  @usableFromInline var at: UnsafeMutablePointer<UInt8>

  @unsafe @inlinable
  public init(_ start: UnsafeMutablePointer<UInt8>) { unsafe at = start }

  /// Most significant byte first.
  @inlinable @inline(__always)
  public mutating func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    unsafe UnsafeMutableRawPointer(at).storeBytes(of: value.bigEndian, as: T.self)
    unsafe at += MemoryLayout<T>.size
  }

  @inlinable @inline(__always)
  public mutating func null() { put(Int32(-1)) }

  @inlinable @inline(__always)
  public mutating func put(text: Span<UInt8>) {
    put(Int32(truncatingIfNeeded: text.count))
    unsafe text.withUnsafeBufferPointer { text in
      if let start = text.baseAddress { unsafe at.update(from: start, count: text.count) }
    }
    unsafe at += text.count
  }

  @inlinable @inline(__always)
  public mutating func put(integer value: Int32) {
    // length and value in one piece
    put(Int64(4) << 32 | Int64(UInt32(bitPattern: value)))
  }

  @inlinable @inline(__always)
  public mutating func put(bigint value: Int64) {
    put(Int32(8))
    put(value)
  }

  @inlinable @inline(__always)
  public mutating func put(date: CivilDate) { put(integer: date.daysSinceEpoch - RowForm.postgresEpochDay) }

  @inlinable @inline(__always)
  public mutating func put(moment: CivilMinute) {
    put(bigint: (moment.unixSeconds - RowForm.postgresEpochSecond) * 1_000_000)
  }

  /// `numeric`: count of base-10,000 digits, weight of the first, sign, display scale, digits; each a 16-bit word.
  @inlinable
  public mutating func put(decimal: Decimal4) {
    let magnitude = decimal.units.magnitude
    let fraction = UInt16(truncatingIfNeeded: magnitude % 10_000)
    var rest = magnitude / 10_000
    // the groups before the point, the last of them lowest: 64 bits hold no more than four
    var groups: UInt64 = 0
    var count = 0
    while rest > 0 {
      groups |= (rest % 10_000) &<< UInt64(16 &* count)
      rest /= 10_000
      count &+= 1
    }
    let digits = magnitude == 0 ? 0 : count &+ (fraction == 0 ? 0 : 1)
    put(UInt32(truncatingIfNeeded: 8 &+ 2 &* digits))
    put(UInt16(truncatingIfNeeded: digits))
    put(magnitude == 0 ? 0 : Int16(truncatingIfNeeded: count &- 1))
    put(UInt16(decimal.units < 0 ? 0x4000 : 0))
    put(UInt16(4))
    for group in (0..<count).reversed() {
      put(UInt16(truncatingIfNeeded: groups &>> UInt64(16 &* group)))
    }
    if fraction != 0 { put(fraction) }
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
