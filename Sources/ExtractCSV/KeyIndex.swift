internal import Records

/// A row of a file that can be read at any place.
struct RowPlace {
  var offset: Int
  /// From 1, as ``TableRecords/Origin/number``.
  var number: UInt32
  var sizeInBytes: UInt32

  var origin: TableRecords.Origin { TableRecords.Origin(number: Int(number), byteOffset: offset) }
}

/// Finds the rows of a file by the values of some columns: 24 bytes a row, whatever is in it.
struct KeyIndex {
  struct Entry {
    var hash: UInt64
    var place: RowPlace
  }

  /// Numbers of the columns.
  let columns: [Int]
  private(set) var entries: [Entry] = []
  /// Bit by entry: the rows with the same key from it on have been given away.
  private var claimed: [UInt64] = []

  init(columns: [Int]) { self.columns = columns }

  /// Seeded anew in each process: nobody can choose keys that collide.
  static func hash(_ key: [UInt8]) -> UInt64 {
    var hasher = Hasher()
    unsafe key.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  mutating func add(_ key: [UInt8], _ place: RowPlace) {
    entries.append(Entry(hash: KeyIndex.hash(key), place: place))
  }

  /// Makes ready for questions.
  mutating func finish() {
    entries.sort { ($0.hash, $0.place.offset) < ($1.hash, $1.place.offset) }
    claimed = [UInt64](repeating: 0, count: entries.count / 64 + 1)
  }

  /// The entries with the hash, in the order of the file.
  func range(_ key: [UInt8]) -> Range<Int> {
    let hash = KeyIndex.hash(key)
    var low = 0
    var high = entries.count
    while low < high {
      let middle = low + (high - low) / 2
      if entries[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    var end = low
    // two ways: few rows mostly, many seldom
    var step = 1
    while end + step <= entries.count, entries[end + step - 1].hash == hash {
      end += step
      step *= 2
    }
    while step > 0 {
      while end + step <= entries.count, entries[end + step - 1].hash == hash { end += step }
      step /= 2
    }
    return low..<end
  }

  /// Takes the rows of a range; false when that has been done.
  mutating func claim(_ range: Range<Int>) -> Bool {
    let (word, bit) = (range.lowerBound / 64, UInt64(1) << UInt64(range.lowerBound % 64))
    guard claimed[word] & bit == 0 else { return false }
    claimed[word] |= bit
    return true
  }
}

/// Which rows of a file stand in a dossier.
struct RowMarks {
  private var words: [UInt64] = []
  private(set) var count = 0

  mutating func insert(_ number: UInt32) {
    let word = Int(number / 64)
    if word >= words.count { words.append(contentsOf: repeatElement(0, count: word - words.count + 1)) }
    let bit = UInt64(1) << UInt64(number % 64)
    if words[word] & bit == 0 { count += 1 }
    words[word] |= bit
  }

  func contains(_ number: UInt32) -> Bool {
    let word = Int(number / 64)
    return word < words.count && words[word] >> UInt64(number % 64) & 1 == 1
  }
}
