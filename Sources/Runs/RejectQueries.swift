package import Findings
internal import Files
internal import Foundation
internal import Postgres
internal import Records
internal import Sealing

/// A dossier that was kept out, as `rejects list` shows it.
package struct RejectLine: Sendable, Codable {
  package var file: Int64
  package var dossier: Int64
  package var facility: String
  package var kind: String
  /// MA_LK; nil when there is none, and for assessments, whose key is made of personal numbers.
  package var key: String?
  package var codes: [String]
  package var receivedAt: String
  package var state: String
  /// How it was closed: loaded, duplicate, or older than the current version.
  package var note: String?
  package var replayedFile: Int64?
  package var replayedAt: String?
}

/// Questions about rejects, answered for people.
package struct RejectQueries {
  private let connection: Connection
  private let opener: Opener

  package init(project: Project) throws(RunFailure) {
    opener = Opener(project)
    connection = try Warehouse(project: project).connect()
  }

  private func server<R: ~Copyable>(_ body: () throws(ServerFailure) -> R) throws(RunFailure) -> R {
    do throws(ServerFailure) { return try body() } catch { throw .server(error) }
  }

  /// Rejects, oldest first.
  package func list(
    _ selection: RejectSelection, state: String? = nil, dossier: Int64? = nil, limit: Int = 1_000
  ) throws(RunFailure) -> [RejectLine] {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(
        """
        SELECT r.file_id, r.dossier_number, f.facility_code, r.dossier_kind,
          CASE WHEN r.dossier_kind <> 'assessment' THEN r.encounter_key END, array_to_string(r.codes, ','),
          to_char(f.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD HH24:MI'), r.state, r.replay_note, r.replayed_file_id,
          to_char(r.replayed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD HH24:MI')
        FROM intake.reject r JOIN intake.file f ON f.file_id = r.file_id
        WHERE ($1::bigint IS NULL OR r.file_id = $1) AND ($2::text IS NULL OR f.facility_code = $2)
          AND ($3::text IS NULL OR $3 = ANY (r.codes)) AND ($4::text IS NULL OR r.state = $4)
          AND ($5::integer IS NULL OR r.dossier_number = $5)
        ORDER BY r.file_id, r.dossier_number LIMIT $6
        """,
        [
          selection.file.map { .integer($0) } ?? .null, selection.facility.map { .text($0) } ?? .null,
          selection.code.map { .text($0) } ?? .null, state.map { .text($0) } ?? .null,
          dossier.map { .integer($0) } ?? .null, .integer(Int64(limit)),
        ])
    }
    return (0..<rows.count).map { row in
      RejectLine(
        file: rows.integer(row, 0) ?? 0, dossier: rows.integer(row, 1) ?? 0, facility: rows.text(row, 2) ?? "",
        kind: rows.text(row, 3) ?? "", key: rows.text(row, 4),
        codes: (rows.text(row, 5) ?? "").split(separator: ",").map(String.init), receivedAt: rows.text(row, 6) ?? "",
        state: rows.text(row, 7) ?? "", note: rows.text(row, 8), replayedFile: rows.integer(row, 9),
        replayedAt: rows.text(row, 10))
    }
  }

  /// The findings of one dossier as the ledger keeps them: those of its first judgement, the worst first.
  package func findings(
    file: Int64, dossier: Int64, _ catalogue: FindingCatalogue, _ language: Language
  ) throws(RunFailure) -> [FileReport.Detail] {
    let rows = try server { () throws(ServerFailure) in
      try connection.execute(
        """
        SELECT code, severity, source_table, source_row, field, byte_offset, parameters->>'found', parameters->>'limit',
          parameters->>'difference', parameters->>'other', parameters->>'form'
        FROM intake.finding WHERE file_id = $1 AND dossier_number = $2 ORDER BY finding_number
        """, [.integer(file), .integer(dossier)])
    }
    let details = (0..<rows.count).map { row in
      var detail = FileReport.Detail(
        code: rows.text(row, 0) ?? "", severity: rows.text(row, 1) ?? "", table: rows.text(row, 2),
        row: rows.integer(row, 3).map { Int($0) }, field: rows.text(row, 4), other: rows.text(row, 9),
        dossier: Int(dossier),
        byteOffset: rows.integer(row, 5), difference: rows.text(row, 8), found: rows.text(row, 6).flatMap { Int64($0) },
        limit: rows.text(row, 7).flatMap { Int64($0) }, form: rows.text(row, 10), message: "")
      detail.message = detail.finding.map { catalogue.message($0, language) } ?? detail.code
      return detail
    }
    func weight(_ detail: FileReport.Detail) -> Int { 3 - Int(Severity(name: detail.severity)?.rawValue ?? 0) }
    return details.enumerated().sorted { (weight($0.element), $0.offset) < (weight($1.element), $1.offset) }
      .map(\.element)
  }

  /// The delivered bytes of a reject.
  package func source(file: Int64, dossier: Int64) throws(RunFailure) -> [UInt8]? {
    var bytes: [UInt8]?
    do {
      try StoredDossiers(connection: connection, opener: opener).rejects(
        of: file, numbers: [Int(dossier)], onlyOpen: false
      ) {
        bytes = $0.bytes
      }
    } catch let failure as ServerFailure {
      throw .server(failure)
    } catch let failure as RunFailure {
      throw failure
    } catch StoredDossiers.Fault.sealed {
      throw .notReady(SealingFailure.cannotOpen.description)
    } catch {
      throw .internalMistake("the stored source bytes of this dossier are damaged")
    }
    return bytes
  }

  /// A file that `rejects export` wrote.
  package struct Exported: Sendable, Codable {
    package var file: Int64
    package var facility: String
    package var name: String
    package var dossiers: Int
    package var sizeInBytes: Int
  }

  /// Writes the rejects of each file as a file in the form they were delivered in, for the owner's eyes only.
  package func export(_ selection: RejectSelection, state: String?, to path: String) throws(RunFailure) -> [Exported] {
    let lines = try list(selection, state: state, limit: Int(Int32.max))
    do {
      let folder = try Directory(path: path, creating: true)
      var result: [Exported] = []
      for (file, lines) in Dictionary(grouping: lines, by: \.file).sorted(by: { $0.key < $1.key }) {
        guard let facility = lines.first?.facility else { continue }
        let stored = StoredDossiers(connection: connection, opener: opener)
        var forms: [AgainEnvelope.Form: [Int]] = [:]
        try stored.rejects(of: file, numbers: lines.map { Int($0.dossier) }, onlyOpen: false) {
          forms[AgainEnvelope.form(of: $0), default: []].append($0.number)
        }
        let received = lines[0].receivedAt.prefix(10).filter { $0 != "-" }
        for (form, numbers) in forms.sorted(by: { ($0.value.first ?? 0) < ($1.value.first ?? 0) }) {
          var name = "rejects-\(facility)-\(file)"
          if case .bare(let number) = form, forms.count > 1 { name += "-\(number)" }
          var writer = try DurableWriter(in: folder, mode: 0o600)
          let opening = AgainEnvelope.opening(
            form, facility: facility, createdOn: received, count: numbers.count,
            remark: "rejected dossiers of file \(file)")
          try writer.append(Array(opening.utf8).span)
          try stored.rejects(of: file, numbers: numbers, onlyOpen: false) {
            try writer.append(AgainEnvelope.framed($0).span)
          }
          try writer.append(Array(AgainEnvelope.closing(form).utf8).span)
          let size = writer.sizeInBytes
          name += form == .rows ? ".rows" : ".xml"
          try writer.commit(replacing: try FileName(name))
          result.append(
            Exported(file: file, facility: facility, name: name, dossiers: numbers.count, sizeInBytes: size))
        }
      }
      return result
    } catch let failure as FileFailure {
      throw .files(failure)
    } catch let failure as ServerFailure {
      throw .server(failure)
    } catch let failure as RunFailure {
      throw failure
    } catch StoredDossiers.Fault.sealed {
      throw .notReady(SealingFailure.cannotOpen.description)
    } catch {
      throw .internalMistake("stored source bytes are damaged")
    }
  }
}
