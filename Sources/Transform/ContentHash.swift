internal import Bytes
internal import Crypto
internal import Records

/// What a dossier says, as SHA-256, whatever its packing: the same fields in another order, other white space, another Base64 or a missing
/// declaration give the same hash.
struct ContentHash {
  private var scratch = OutputBuffer()
  /// Of the eight bytes: differs from run to run.
  private let seed = UInt64.random(in: .min ... .max)

  /// The hash of the dossier, where it is asked for, and eight bytes that stand for it within one delivery.
  mutating func content(of dossier: Dossier, isHashed: Bool) -> (hash: [UInt8], number: UInt64) {
    gather(dossier)
    return unsafe scratch.bytes.withUnsafeBytes { bytes in
      guard isHashed else {
        var number = ShortHash(seed: seed)
        unsafe number.add(bytes)
        return ([], number.value)
      }
      var sha = SHA256()
      unsafe sha.update(bufferPointer: bytes)
      let digest = sha.finalize()
      return unsafe digest.withUnsafeBytes { unsafe ([UInt8]($0), $0.loadUnaligned(as: UInt64.self)) }
    }
  }

  /// Gathers every filled cell with its table and column, in the order of tables, rows and columns, and what the schema does not know.
  private mutating func gather(_ dossier: Dossier) {
    scratch.removeAll()
    scratch.append(dossier.kind.rawValue)
    scratch.append(UInt8(truncatingIfNeeded: dossier.schema))
    let (text, tables) = (dossier.text, dossier.tables)
    for table in tables.indices where tables[table].rowCount > 0 {
      scratch.append(UInt8(0xF1))
      scratch.append(UInt8(truncatingIfNeeded: table))
      appendRows(tables[table].cells, tables[table].rowCount, tables[table].columnCount, text)
      for extra in tables[table].extras where extra.cell.length > 0 {
        scratch.append(UInt8(0xF3))
        scratch.append(varint: extra.row)
        scratch.append(varint: extra.name.utf8.count)
        scratch.append(extra.name)
        scratch.append(varint: Int(extra.cell.length))
        scratch.append(text.span.extracting(extra.cell.range))
      }
    }
    // tables nobody knows count with their bytes
    for part in dossier.parts where part.table == nil {
      scratch.append(UInt8(0xF4))
      scratch.append(part.label)
      scratch.append(varint: part.document.count)
      scratch.append(text.span.extracting(part.document))
    }
  }

  /// Appends the filled cells of each row, each with its column and its length.
  private mutating func appendRows(_ cells: [TableRecords.Cell], _ rowCount: Int, _ width: Int, _ text: [UInt8]) {
    unsafe cells.withUnsafeBufferPointer { cells in
      unsafe text.withUnsafeBufferPointer { text in
        for row in 0..<rowCount {
          let slot = row &* width
          // of each cell: its column, its length in at most five bytes, its text
          var size = 1 &+ width &* 6
          for column in 0..<width { unsafe size &+= Int(cells[slot &+ column].length) }
          scratch.bytes.append(addingCapacity: size) { output in
            unsafe output.withUnsafeMutableBufferPointer { target, count in
              count = unsafe ContentHash.write(UnsafeBufferPointer(rebasing: cells[slot..<slot &+ width]), text, target)
            }
          }
        }
      }
    }
  }

  /// Writes a row where there is room for it, and says how many bytes it is.
  private static func write(
    _ cells: UnsafeBufferPointer<TableRecords.Cell>, _ text: UnsafeBufferPointer<UInt8>,
    _ room: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    guard let target = room.baseAddress, let base = text.baseAddress else { return 0 }
    unsafe target[0] = 0xF2
    var at = 1
    for column in cells.indices {
      let cell = unsafe cells[column]
      let length = Int(cell.length)
      if length == 0 { continue }
      let start = Int(cell.offset)
      precondition(start &+ length <= text.count, "a cell outside of its text")
      unsafe target[at] = UInt8(truncatingIfNeeded: column)
      at &+= 1
      var rest = length
      while rest >= 0x80 {
        unsafe target[at] = UInt8(truncatingIfNeeded: rest) | 0x80
        rest &>>= 7
        at &+= 1
      }
      unsafe target[at] = UInt8(truncatingIfNeeded: rest)
      at &+= 1
      unsafe copy(base + start, target + at, length)
      at &+= length
    }
    return at
  }

  /// Copies so many bytes, at least one. Most cells are short: a call would cost more than they do.
  @inline(__always)
  private static func copy(_ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ count: Int) {
    if count > 16 {
      unsafe target.update(from: source, count: count)
    } else if count >= 8 {
      unsafe copy(source, target, UInt64.self, last: count &- 8)
    } else if count >= 4 {
      unsafe copy(source, target, UInt32.self, last: count &- 4)
    } else {
      let (middle, last) = unsafe (source[count &>> 1], source[count &- 1])
      unsafe target[0] = source[0]
      unsafe target[count &>> 1] = middle
      unsafe target[count &- 1] = last
    }
  }

  /// Copies the first word and the one at `last`; they may overlap.
  @inline(__always)
  private static func copy<Word: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _: Word.Type, last: Int
  ) {
    let (from, to) = unsafe (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    let (head, tail) = unsafe (from.loadUnaligned(as: Word.self), (from + last).loadUnaligned(as: Word.self))
    unsafe to.storeBytes(of: head, as: Word.self)
    unsafe (to + last).storeBytes(of: tail, as: Word.self)
  }
}

/// Eight bytes that stand for others; whoever must not be able to choose two that have the same keeps the seed to itself.
struct ShortHash {
  private var state: UInt64
  private let seed: UInt64

  init(seed: UInt64) { (state, self.seed) = (seed, seed | 1) }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    while at &+ 16 <= bytes.count {
      unsafe mix(
        bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self))
      at &+= 16
    }
    var (low, high): (UInt64, UInt64) = (0, 0)
    if at &+ 8 <= bytes.count {
      high = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      at &+= 8
    }
    while at < bytes.count {
      low = unsafe low &<< 8 | UInt64(bytes[at])
      at &+= 1
    }
    mix(low, high)
    mix(UInt64(bytes.count), 0)
  }

  /// Both halves of a product: every bit of the words takes part in every bit of the sum.
  @inline(__always)
  private mutating func mix(_ a: UInt64, _ b: UInt64) {
    let product = (a ^ seed).multipliedFullWidth(by: b ^ state)
    state = (product.high ^ product.low) &+ 0x9E37_79B9_7F4A_7C15
  }

  var value: UInt64 { state }
}
