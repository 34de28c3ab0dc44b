/// How much a finding weighs.
@frozen
package enum Severity: UInt8, Sendable, Hashable, Comparable, CaseIterable {
  /// Worth a statistic.
  case info
  /// Doubtful: loaded and flagged lightly.
  case warn
  /// The decision is violated: loaded and flagged.
  case error
  /// The dossier (or the file) is kept out.
  case reject

  package static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

  package var name: String {
    switch self {
    case .info: "info"
    case .warn: "warn"
    case .error: "error"
    case .reject: "reject"
    }
  }

  package init?(name: String) {
    guard let found = Severity.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}

/// The number of a rule as the list of rules writes it: a letter and two digits (`F03`).
@frozen
package struct FindingCode: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Letter in the high byte, number in the low one.
  package let rawValue: UInt16

  package init(_ letter: Unicode.Scalar, _ number: UInt8) {
    rawValue = UInt16(truncatingIfNeeded: letter.value) << 8 | UInt16(number)
  }

  /// Reads `F03`; nil for anything else.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 3, bytes[0] >= 0x41, bytes[0] <= 0x5A, bytes[1] >= 0x30, bytes[1] <= 0x39, bytes[2] >= 0x30,
      bytes[2] <= 0x39
    else { return nil }
    rawValue = UInt16(bytes[0]) << 8 | UInt16((bytes[1] - 0x30) * 10 + bytes[2] - 0x30)
  }

  package static func < (a: FindingCode, b: FindingCode) -> Bool { a.rawValue < b.rawValue }

  package var description: String {
    let number = rawValue & 0xFF
    let letter = Character(Unicode.Scalar(UInt8(rawValue >> 8)))
    return number < 10 ? "\(letter)0\(number)" : "\(letter)\(number)"
  }
}

/// One thing noticed about one dossier or file; the value that caused it stays in the source, never here.
package struct Finding: Sendable, Hashable {
  package var code: FindingCode
  package var severity: Severity
  /// Number of the source table in its schema, or -1.
  package var table: Int16
  /// Number of the column in its table, or -1.
  package var column: Int16
  /// Row of the table, from 1 as the hospital's software counts; 0 when no row is meant.
  package var row: Int32
  /// What was found, as a length, count or position; never a patient's value.
  package var found: Int64?
  /// What the rule allows or expects, as a length, count or position.
  package var limit: Int64?
  /// Found minus expected, in ten-thousandths of a đồng.
  package var difference: Int64?
  /// Another column the rule compares with.
  package var other: (table: Int16, column: Int16)? {
    get { otherTable < 0 ? nil : (otherTable, otherColumn) }
    set { (otherTable, otherColumn) = newValue ?? (-1, -1) }
  }
  private var otherTable: Int16 = -1
  private var otherColumn: Int16 = -1
  /// Name of an element the schema does not know; only letters, digits, `_`, `-` and `.`.
  package var unknownName: String?
  /// From 0, in the file as delivered; -1 when unknown.
  package var byteOffset: Int64

  package init(
    _ code: FindingCode, _ severity: Severity, table: Int = -1, column: Int = -1, row: Int = 0, found: Int? = nil,
    limit: Int? = nil, difference: Int64? = nil, byteOffset: Int = -1
  ) {
    self.code = code
    self.severity = severity
    self.table = Int16(truncatingIfNeeded: table)
    self.column = Int16(truncatingIfNeeded: column)
    self.row = Int32(truncatingIfNeeded: row)
    self.found = found.map(Int64.init)
    self.limit = limit.map(Int64.init)
    self.difference = difference
    self.byteOffset = Int64(byteOffset)
  }

  /// A finding about a facility's code that is not the expected one (S07, S08); five letters or digits are no patient's value,
  /// anything else might be.
  package static func facility(_ code: FindingCode, stated: String) -> Finding {
    var finding = Finding(code, .reject)
    let isPlain =
      stated.utf8.count == 5
      && stated.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) }
    finding.unknownName = isPlain ? stated : "?"
    return finding
  }
}
