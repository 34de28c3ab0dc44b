/// What one or more written files hold and what must come of it.
package struct FileTally: Sendable {
  package private(set) var planted: [PlantedFault] = []
  package private(set) var visits = 0
  /// Visits for every outcome; `superseded` ones are among the accepted.
  package private(set) var outcomes: [PlannedOutcome: Int] = [:]
  package private(set) var superseded = 0
  /// Rows for every LOAIHOSO, as written.
  package private(set) var rows: [String: Int] = [:]
  /// Rows of the visits that must be accepted.
  package private(set) var acceptedRows: [String: Int] = [:]
  /// Rows of the accepted visits that no later one of the file supersedes.
  package private(set) var currentRows: [String: Int] = [:]
  /// T_TONGCHI_BV over those, in hundredths of a đồng.
  package private(set) var currentTotalInHundredths: Int64 = 0

  package init() {}

  mutating func add(_ visit: Visit, _ fault: PlantedFault?) {
    visits += 1
    let outcome = fault?.kind.outcome ?? .accepted
    outcomes[outcome, default: 0] += 1
    for table in visit.tables {
      rows[table.name, default: 0] += table.rows.count
      if outcome == .accepted {
        acceptedRows[table.name, default: 0] += table.rows.count
        currentRows[table.name, default: 0] += table.rows.count
      }
    }
    if outcome == .accepted { currentTotalInHundredths += FileTally.total(of: visit) }
    if let fault { planted.append(fault) }
  }

  /// Takes a visit out of the current ones: a later one has its key.
  mutating func supersede(_ visit: Visit) {
    superseded += 1
    for table in visit.tables { currentRows[table.name, default: 0] -= table.rows.count }
    currentTotalInHundredths -= FileTally.total(of: visit)
  }

  package mutating func add(_ other: FileTally) {
    planted += other.planted
    visits += other.visits
    superseded += other.superseded
    outcomes.merge(other.outcomes, uniquingKeysWith: +)
    rows.merge(other.rows, uniquingKeysWith: +)
    acceptedRows.merge(other.acceptedRows, uniquingKeysWith: +)
    currentRows.merge(other.currentRows, uniquingKeysWith: +)
    currentTotalInHundredths += other.currentTotalInHundredths
  }

  private static func total(of visit: Visit) -> Int64 {
    let text = visit["XML1"].first?["T_TONGCHI_BV"] ?? "0"
    let parts = text.split(separator: ".", maxSplits: 1)
    let fraction = parts.count > 1 ? parts[1] + String(repeating: "0", count: 2 - parts[1].count) : "00"
    return (Int64(parts.first ?? "0") ?? 0) * 100 + (Int64(fraction) ?? 0)
  }

  /// The sum of T_TONGCHI_BV over the accepted and current visits: `123456.5`.
  package var currentTotal: String { Digits.hundredths(currentTotalInHundredths) }
}

extension FileTally {
  /// The tally as JSON: keys in a fixed order, two blanks of indentation.
  package func json(facility: String, seed: UInt64, files: Int) -> String {
    var text = "{\n  \"facility\": \(FileTally.quoted(facility)),\n  \"seed\": \"\(seed)\",\n  \"files\": \(files),\n"
    text += "  \"visits\": \(visits),\n  \"outcomes\": {"
    text += PlannedOutcome.allCases.map { "\"\($0.rawValue)\": \(outcomes[$0] ?? 0)" }.joined(separator: ", ")
    text += ", \"superseded\": \(superseded)},\n"
    text +=
      "  \"rows\": {\n    \"all\": \(FileTally.object(rows)),\n    \"accepted\": \(FileTally.object(acceptedRows)),\n"
    text += "    \"current\": \(FileTally.object(currentRows))\n  },\n"
    text += "  \"currentTotal\": \"\(currentTotal)\",\n  \"planted\": ["
    text += planted.map { "\n    " + FileTally.object($0) }.joined(separator: ",")
    text += planted.isEmpty ? "]\n}\n" : "\n  ]\n}\n"
    return text
  }

  private static func object(_ counts: [String: Int]) -> String {
    // by number: XML2 before XML10
    let names = counts.keys.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    return "{" + names.map { "\(quoted($0)): \(counts[$0] ?? 0)" }.joined(separator: ", ") + "}"
  }

  private static func object(_ fault: PlantedFault) -> String {
    let kind = fault.kind
    let codes = kind.codes.map { "\(quoted($0.code)): \($0.count)" }.joined(separator: ", ")
    var text =
      "{\"file\": \(fault.file), \"visit\": \(fault.visit), \"key\": \(quoted(fault.key)), \"kind\": \(quoted(kind.name))"
    text += ", \"table\": \(quoted(kind.table)), \"row\": \(fault.row), \"field\": \(quoted(kind.field))"
    text +=
      ", \"codes\": {\(codes)}, \"severity\": \(quoted(kind.severity)), \"outcome\": \(quoted(kind.outcome.rawValue))"
    if fault.repeats > 0 { text += ", \"repeats\": \(fault.repeats)" }
    return text + "}"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\0"..<" ": result += "\\u00\(scalar.value / 16)" + String(scalar.value % 16, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
