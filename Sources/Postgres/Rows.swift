internal import CLibPQ

/// The answer to one statement; frees libpq's memory when it goes out of scope.
///
/// Rows and columns count from 0. Asking for a row or column that is not there, or reading a column as what it is not, is
/// a mistake of ours and stops the program; nil always means SQL's NULL.
@safe
package struct Rows: ~Copyable {
  private let raw: OpaquePointer
  /// How many rows came back.
  package let count: Int
  package let columnCount: Int

  /// Adopts a result that is known to be no error.
  init(adopting raw: OpaquePointer) {
    unsafe self.raw = raw
    count = Int(unsafe PQntuples(raw))
    columnCount = Int(unsafe PQnfields(raw))
  }

  deinit { unsafe PQclear(raw) }

  package var isEmpty: Bool { count == 0 }

  /// How many rows the statement inserted, updated, deleted, copied or selected, as the server's tag says; 0 for others.
  ///
  /// Not to be believed for `INSERT … SELECT … ON CONFLICT` on Citus: count the RETURNING rows there.
  package var affected: Int {
    guard let text = unsafe PQcmdTuples(raw) else { return 0 }
    return unsafe Int(String(cString: text)) ?? 0
  }

  /// The server's tag: `COMMIT`, `INSERT 0 1`.
  var tag: String {
    guard let text = unsafe PQcmdStatus(raw) else { return "" }
    return unsafe String(cString: text)
  }

  package func isNull(_ row: Int, _ column: Int) -> Bool {
    precondition(row >= 0 && row < count, "this row was not returned")
    precondition(column >= 0 && column < columnCount, "this column was not selected")
    return unsafe PQgetisnull(raw, CInt(row), CInt(column)) != 0
  }

  package func text(_ row: Int, _ column: Int) -> String? {
    unsafe with(row, column) { unsafe String(decoding: $0, as: UTF8.self) }
  }

  package func integer(_ row: Int, _ column: Int) -> Int64? {
    text(row, column).map {
      guard let value = Int64($0) else { preconditionFailure("column \(column) was read as an integer but is none") }
      return value
    }
  }

  package func real(_ row: Int, _ column: Int) -> Double? {
    text(row, column).map {
      guard let value = Double($0) else { preconditionFailure("column \(column) was read as a number but is none") }
      return value
    }
  }

  package func flag(_ row: Int, _ column: Int) -> Bool? {
    text(row, column).map {
      precondition($0 == "t" || $0 == "f", "column \(column) was read as boolean but is none")
      return $0 == "t"
    }
  }

  /// A bytea in hex form, which the connection asks for (`bytea_output`).
  package func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
    unsafe with(row, column) { text in
      func digit(_ byte: UInt8) -> UInt8 { (byte & 0x0F) &+ (byte >= 0x40 ? 9 : 0) }
      precondition(
        unsafe text.count >= 2 && text.count & 1 == 0 && text[0] == UInt8(ascii: "\\") && text[1] == UInt8(ascii: "x"),
        "column \(column) was read as bytea but is none")
      let count = text.count / 2 - 1
      return unsafe [UInt8](unsafeUninitializedCapacity: count) { result, filled in
        for i in 0..<count {
          unsafe result[i] = unsafe digit(text[2 &+ i &* 2]) << 4 | digit(text[3 &+ i &* 2])
        }
        filled = count
      }
    }
  }

  private func with<R>(_ row: Int, _ column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R? {
    guard !isNull(row, column), let value = unsafe PQgetvalue(raw, CInt(row), CInt(column)) else { return nil }
    let length = Int(unsafe PQgetlength(raw, CInt(row), CInt(column)))
    return unsafe value.withMemoryRebound(to: UInt8.self, capacity: length) {
      unsafe body(UnsafeBufferPointer(start: $0, count: length))
    }
  }
}
