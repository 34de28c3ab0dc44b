internal import Failpoints
internal import Files
internal import Foundation
internal import Postgres

/// The folder of run reports: `run-<number>.json` and `.txt` for each run that did something, and the metrics file.
struct ReportFolder {
  private let project: Project

  init(_ project: Project) { self.project = project }

  /// - Parameter hasMetrics: false for what is done by hand: the metrics are about the runs of the inbox.
  func write(
    _ report: RunReport, failure: RunFailure?, exitCode: Int32, on connection: Connection?, hasMetrics: Bool = true
  ) throws(FileFailure) {
    let folder = try project.directory(project.configuration.reports)
    _ = try folder.removeLeftovers()
    if let run = report.run, !report.files.isEmpty || failure != nil {
      let json = Array((report.withoutDetails.json() + "\n").utf8)
      let text = Array(ReportText.text(report, failure: failure, exitCode: exitCode).utf8)
      guard let jsonName = try? FileName("run-\(run).json"), let textName = try? FileName("run-\(run).txt") else {
        return
      }
      try folder.replaceDurably(jsonName, with: json.span, mode: 0o640)
      failpoint("report.json-written")
      try folder.replaceDurably(textName, with: text.span, mode: 0o640)
      failpoint("report.written")
    }
    guard hasMetrics, let name = try? FileName(project.configuration.metrics) else { return }
    let metrics = Array(Metrics.text(report, exitCode: exitCode, on: connection).utf8)
    try folder.replaceAtomically(name, with: metrics.span, mode: 0o644)
    failpoint("report.metrics-written")
  }
}

extension RunReport {
  /// The report without single findings: those stand in the receipts.
  package var withoutDetails: RunReport {
    var copy = self
    for i in copy.files.indices {
      copy.files[i].details = nil
      copy.files[i].moreDetails = nil
    }
    return copy
  }
}

/// A run in words and columns: the terminal's table and the report's text.
package enum ReportText {
  package static func text(_ report: RunReport, failure: RunFailure?, exitCode: Int32) -> String {
    var lines = table(report.files)
    lines.append("")
    lines += closing(report, failure: failure, exitCode: exitCode)
    return lines.joined(separator: "\n") + "\n"
  }

  /// One line a file.
  package static func table(_ files: [FileReport]) -> [String] {
    guard !files.isEmpty else { return [] }
    let header = ["facility", "file", "state", "dossiers", "accepted", "rejected", "duplicate", "findings", "reason"]
    var rows = [header]
    for file in files {
      let d = file.dossiers
      rows.append([
        file.facility ?? "–", file.name, file.state.rawValue, String(d.seen), String(d.accepted), String(d.rejected),
        String(d.duplicate), String(file.findings.values.reduce(0, +)), file.reason ?? "",
      ])
    }
    return columns(rows, rightAligned: [3, 4, 5, 6, 7])
  }

  /// Lines of cells padded to columns.
  package static func columns(_ rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let pad = String(repeating: " ", count: widths[column] - cell.count)
        line += rightAligned.contains(column) ? pad + cell : cell + pad
        if column < row.count - 1 { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The closing block: verdict, counts that add up, the worst codes, where details are, what to type next.
  package static func closing(_ report: RunReport, failure: RunFailure?, exitCode: Int32) -> [String] {
    let totals = report.totals
    let d = totals.dossiers
    let files = FileReport.State.allCases.compactMap { state in
      totals.files[state.rawValue].map { "\($0) \(state.rawValue)" }
    }
    var lines: [String] = []
    let verdict: String
    switch exitCode {
    case 0: verdict = report.files.isEmpty ? "nothing to do" : "done"
    case 3: verdict = "done, but something was rejected or quarantined"
    case 130, 143: verdict = "stopped by a signal; what was committed stays, the next run goes on"
    case 75: verdict = "not done, try again later"
    default: verdict = "not done"
    }
    lines.append("verdict:   \(verdict) (exit \(exitCode))")
    if let failure { lines.append("why:       \(failure)") }
    lines.append("files:     \(report.files.count)" + (files.isEmpty ? "" : " = " + files.joined(separator: " + ")))
    lines.append(
      "dossiers:  \(d.seen) = \(d.accepted) accepted + \(d.rejected) rejected + \(d.duplicate) duplicate"
        + (d.superseding > 0 ? " (\(d.superseding) of the accepted supersede)" : ""))
    let rows = totals.rows.values.reduce(0, +)
    lines.append(rows > 0 ? "rows:      \(rows) in \(report.seconds) s" : "time:      \(report.seconds) s")
    if !totals.findings.isEmpty {
      let worst = totals.findings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(6)
      lines.append("findings:  " + worst.map { "\($0.key) × \($0.value)" }.joined(separator: ", "))
    }
    lines += policy(report.exceptions ?? [])
    let idle = report.notEvaluated ?? []
    if !idle.isEmpty {
      let whole = idle.filter(\.isWhole).map(\.code).joined(separator: " ")
      let part = idle.filter { !$0.isWhole }.map(\.code).joined(separator: " ")
      lines.append(
        "idle:      " + [whole, part.isEmpty ? "" : "in part \(part)"].filter { !$0.isEmpty }.joined(separator: "; "))
    }
    return lines
  }

  /// The exceptions of the feeds, one a line, expired ones first.
  package static func policy(_ exceptions: [ExceptionLine]) -> [String] {
    exceptions.map { "\($0.isExpired ? "expired:  " : "exception:") \($0.feed) \($0.text)" }
  }

}

/// The metrics of a run in Prometheus' text format, for the node exporter's textfile collector.
enum Metrics {
  static func text(_ report: RunReport, exitCode: Int32, on connection: Connection?) -> String {
    var lines: [String] = []
    func metric(_ name: String, _ help: String, _ type: String, _ samples: [(labels: String, value: String)]) {
      lines.append("# HELP songhan_\(name) \(help)")
      lines.append("# TYPE songhan_\(name) \(type)")
      for sample in samples {
        lines.append("songhan_\(name)\(sample.labels.isEmpty ? "" : "{\(sample.labels)}") \(sample.value)")
      }
    }
    metric(
      "run_end_seconds", "When the last run ended, Unix time.", "gauge",
      [("", String(Int(Date.now.timeIntervalSince1970)))])
    metric("run_duration_seconds", "How long the last run took.", "gauge", [("", String(report.seconds))])
    metric("run_exit_code", "Exit code of the last run.", "gauge", [("", String(exitCode))])
    metric(
      "run_files", "Files of the last run by facility and state.", "gauge",
      Dictionary(grouping: report.files, by: { "facility=\"\($0.facility ?? "")\",state=\"\($0.state.rawValue)\"" })
        .sorted { $0.key < $1.key }.map { ($0.key, String($0.value.count)) })
    var dossiers: [String: Int] = [:]
    for file in report.files {
      let facility = "facility=\"\(file.facility ?? "")\""
      dossiers["\(facility),outcome=\"accepted\"", default: 0] += file.dossiers.accepted
      dossiers["\(facility),outcome=\"rejected\"", default: 0] += file.dossiers.rejected
      dossiers["\(facility),outcome=\"duplicate\"", default: 0] += file.dossiers.duplicate
    }
    metric(
      "run_dossiers", "Dossiers of the last run by facility and outcome.", "gauge",
      dossiers.sorted { $0.key < $1.key }.map { ($0.key, String($0.value)) })
    metric(
      "waiting_files", "Files in the inbox that the last run left waiting.", "gauge",
      [("", String(report.files.filter { $0.state == .waiting }.count))])
    if let connection,
      let rows = try? connection.execute(
        "SELECT destination, count(*) FROM outbox.parcel WHERE state IN ('prepared', 'materialised') GROUP BY 1 ORDER BY 1"
      )
    {
      metric(
        "outbox_parcels", "Parcels that have not been delivered.", "gauge",
        (0..<rows.count).map { ("destination=\"\(rows.text($0, 0) ?? "")\"", String(rows.integer($0, 1) ?? 0)) })
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
