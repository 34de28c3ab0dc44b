internal import Foundation

/// What happened to one file: the object of `run --json` and `check --json`, and the core of its receipt.
package struct FileReport: Sendable, Codable {
  package enum State: String, Sendable, Codable, CaseIterable {
    case loaded
    case duplicate
    case quarantined
    case waiting
    case refused
    /// `check`: everything in it may be loaded.
    case valid
    /// `check`: some dossiers would be rejected.
    case invalid
    /// `run --dry-run`: would be loaded.
    case judged
  }

  package struct Dossiers: Sendable, Codable, Hashable {
    package var seen = 0
    package var accepted = 0
    package var rejected = 0
    package var duplicate = 0
    package var superseding = 0

    package init() {}

    package static func += (a: inout Dossiers, b: Dossiers) {
      a.seen += b.seen
      a.accepted += b.accepted
      a.rejected += b.rejected
      a.duplicate += b.duplicate
      a.superseding += b.superseding
    }

    package var addsUp: Bool { seen == accepted + rejected + duplicate && superseding <= accepted }
  }

  /// One finding, by name.
  package struct Detail: Sendable, Codable, Hashable {
    package var code: String
    package var severity: String
    package var table: String?
    package var row: Int?
    package var field: String?
    package var other: String?
    package var dossier: Int?
    package var key: String?
    package var byteOffset: Int64?
    /// Found minus expected, in đồng.
    package var difference: String?
    package var found: Int64?
    package var limit: Int64?
    /// How the field's dates or numbers are to be written.
    package var form: String?
    package var message: String

    /// Every key is there, null where there is nothing to say: a program that reads details need not ask which keys exist.
    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(code, forKey: .code)
      try container.encode(severity, forKey: .severity)
      try container.encode(table, forKey: .table)
      try container.encode(row, forKey: .row)
      try container.encode(field, forKey: .field)
      try container.encode(dossier, forKey: .dossier)
      try container.encode(key, forKey: .key)
      try container.encode(byteOffset, forKey: .byteOffset)
      try container.encode(message, forKey: .message)
      try container.encodeIfPresent(other, forKey: .other)
      try container.encodeIfPresent(difference, forKey: .difference)
      try container.encodeIfPresent(found, forKey: .found)
      try container.encodeIfPresent(limit, forKey: .limit)
      try container.encodeIfPresent(form, forKey: .form)
    }
  }

  package var name: String
  package var sha256: String?
  package var facility: String?
  package var state: State
  package var fileID: Int64?
  package var duplicateOf: Int64?
  package var sizeInBytes: Int?
  package var edition: String?
  package var dossiers = Dossiers()
  /// Rows by entity.
  package var rows: [String: Int] = [:]
  /// Findings by code.
  package var findings: [String: Int] = [:]
  /// Code of the reason, where the state needs one.
  package var reason: String?
  package var reasonText: String?
  /// The first 1,000 findings.
  package var details: [Detail]?
  package var moreDetails: Int?
  /// `replay` or `reload` when stored dossiers were judged again; nil for a delivery.
  package var kind: String?
  /// The delivery that was judged again.
  package var origin: Int64?
  /// `replay`: rejects that stay open.
  package var stillRejected: Int?
  /// Of the duplicates those that a later delivery of the visit had replaced already.
  package var older: Int?

  package init(name: String, state: State) {
    self.name = name
    self.state = state
  }

  package static let mostDetails = 1_000
}

/// The sum over all files of a run.
package struct Totals: Sendable, Codable {
  package var files: [String: Int] = [:]
  package var dossiers = FileReport.Dossiers()
  package var rows: [String: Int] = [:]
  package var findings: [String: Int] = [:]
  package var bytes = 0

  package init(_ reports: [FileReport]) {
    for report in reports {
      files[report.state.rawValue, default: 0] += 1
      dossiers += report.dossiers
      rows.merge(report.rows, uniquingKeysWith: +)
      findings.merge(report.findings, uniquingKeysWith: +)
      bytes += report.sizeInBytes ?? 0
    }
  }
}

/// The anchor of a run as its report keeps it.
package struct AnchorLine: Sendable, Codable, Hashable {
  package var number: Int64
  package var events: Int64
  package var sha256: String
}

/// A whole run.
package struct RunReport: Sendable, Codable {
  package var run: Int64?
  package var files: [FileReport]
  package var totals: Totals
  package var seconds: Double
  package var startedAt: String
  /// Exit code of the program, and why it ended before its time.
  package var exitCode: Int32?
  package var why: String?
  /// Codes that were not looked at, or only in part; never to be taken for passed.
  package var notEvaluated: [NotEvaluated]?
  /// What the feeds change about the catalogue's codes, also exceptions that no longer hold.
  package var exceptions: [ExceptionLine]?
  /// The seal over the ledger's events of this run; `songhan audit verify` compares it with the ledger.
  package var anchor: AnchorLine?

  package init(run: Int64?, files: [FileReport], seconds: Double, startedAt: String) {
    self.run = run
    self.files = files
    totals = Totals(files)
    self.seconds = seconds
    self.startedAt = startedAt
  }
}

extension Encodable {
  /// JSON with sorted keys, the same for the same content.
  package func json(pretty: Bool = true) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
    // our own values always encode: texts, numbers, lists
    guard let data = try? encoder.encode(self) else { preconditionFailure("a report that cannot be encoded") }
    return String(decoding: data, as: UTF8.self)
  }
}
