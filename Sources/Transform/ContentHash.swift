internal import Bytes
internal import Crypto
package import Records

/// What a dossier says, as SHA-256, whatever its packing: the same fields in another order, other white space, another Base64 or a missing
/// declaration give the same hash.
package struct ContentHash {
  private var scratch = OutputBuffer()

  package init() {}

  /// Hashes every filled cell with its table and column, in the order of tables, rows and columns, and what the schema does not know.
  package mutating func hash(_ dossier: Dossier) -> [UInt8] {
    scratch.removeAll()
    scratch.append(dossier.kind.rawValue)
    scratch.append(UInt8(truncatingIfNeeded: dossier.schema))
    let text = dossier.text
    for table in dossier.tables.indices where dossier.tables[table].rowCount > 0 {
      let records = dossier.tables[table]
      scratch.append(UInt8(0xF1))
      scratch.append(UInt8(truncatingIfNeeded: table))
      var slot = 0
      for _ in 0..<records.rowCount {
        scratch.append(UInt8(0xF2))
        row(records, slot, text)
        slot &+= records.columnCount
      }
      for extra in records.extras where extra.cell.length > 0 {
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
    return unsafe SHA256.hash(data: scratch.bytes).withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Appends the filled cells of a row, each with its column and its length.
  private mutating func row(_ records: TableRecords, _ slot: Int, _ text: [UInt8]) {
    var size = 0
    for column in 0..<records.columnCount { size &+= Int(records.cells[slot &+ column].length) &+ 6 }
    scratch.bytes.append(addingCapacity: size) { output in
      unsafe output.withUnsafeMutableBufferPointer { target, count in
        var at = 0
        for column in 0..<records.columnCount {
          let cell = records.cells[slot &+ column]
          if cell.length == 0 { continue }
          unsafe target[at] = UInt8(truncatingIfNeeded: column)
          at &+= 1
          var rest = cell.length
          while rest >= 0x80 {
            unsafe target[at] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            at &+= 1
          }
          unsafe target[at] = UInt8(truncatingIfNeeded: rest)
          at &+= 1
          unsafe text.span.extracting(cell.range).withUnsafeBytes { value in
            unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: target[at...])).copyMemory(
              from: value)
          }
          at &+= Int(cell.length)
        }
        count = at
      }
    }
  }
}
