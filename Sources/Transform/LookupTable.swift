internal import Bytes

/// What each code of a list becomes: `code` and `to` of a file in `Schemas/codes`.
package struct LookupTable: Sendable {
  private let names: NameTable
  private let targets: [[UInt8]]

  /// The first of two rows with one code counts.
  package init(_ rows: [(code: String, target: String)]) {
    var seen: Set<String> = []
    let first = rows.filter { seen.insert($0.code).inserted }
    names = NameTable(first.map(\.code))
    targets = first.map { Array($0.target.utf8) }
  }

  package var count: Int { targets.count }

  package func target(of code: Span<UInt8>) -> [UInt8]? { names.number(of: code).map { targets[$0] } }
}
