package import Findings
internal import Foundation

/// What a hospital gets back for a file: what happened to every dossier, and how to mend what was kept out.
package struct Receipt: Sendable, Codable {
  /// A dossier with its findings.
  package struct Entry: Sendable, Codable {
    package var dossier: Int
    /// MA_LK.
    package var key: String?
    package var findings: [FileReport.Detail]
  }

  /// A code that occurs in loaded dossiers: how often, and where first.
  package struct Remark: Sendable, Codable {
    package var code: String
    package var severity: String
    package var count: Int
    package var first: [FileReport.Detail]
  }

  package var fileID: Int64?
  package var fileName: String
  package var sha256: String?
  package var facility: String
  package var facilityName: String?
  package var sizeInBytes: Int?
  /// Local time of Viet Nam.
  package var judgedAt: String
  package var state: FileReport.State
  package var reason: String?
  package var duplicateOf: Int64?
  package var edition: String?
  package var dossiers: FileReport.Dossiers
  package var rows: [String: Int]
  package var findings: [String: Int]
  package var rejected: [Entry]
  package var moreRejected: Int
  /// `replay` or `reload`, and the delivery that was judged again.
  package var kind: String?
  package var origin: Int64?
  package var stillRejected: Int?
  package var older: Int?
  package var remarks: [Remark]
  /// Findings about the file as a whole.
  package var aboutFile: [FileReport.Detail]

  /// Makes the receipt of a report whose details are filled.
  ///
  /// - Parameter rejected: numbers of the rejected dossiers, up to the first thousand.
  package init(
    _ report: FileReport, facilityName: String?, rejected: [(dossier: Int, key: String?)], judgedAt: String
  ) {
    fileID = report.fileID
    fileName = report.name
    sha256 = report.sha256
    facility = report.facility ?? ""
    self.facilityName = facilityName
    sizeInBytes = report.sizeInBytes
    self.judgedAt = judgedAt
    state = report.state
    reason = report.reason
    duplicateOf = report.duplicateOf
    edition = report.edition
    dossiers = report.dossiers
    rows = report.rows
    findings = report.findings
    kind = report.kind
    origin = report.origin
    stillRejected = report.stillRejected
    older = report.older
    let details = report.details ?? []
    let keptOut = Set(rejected.map(\.dossier))
    var byDossier: [Int: [FileReport.Detail]] = [:]
    var remarks: [String: Remark] = [:]
    aboutFile = []
    for detail in details {
      guard let dossier = detail.dossier else {
        aboutFile.append(detail)
        continue
      }
      if keptOut.contains(dossier) {
        byDossier[dossier, default: []].append(detail)
      } else if detail.severity != "info" {
        let slot = detail.severity + detail.code
        var remark = remarks[slot] ?? Remark(code: detail.code, severity: detail.severity, count: 0, first: [])
        remark.count += 1
        if remark.first.count < 3 { remark.first.append(detail) }
        remarks[slot] = remark
      }
    }
    self.rejected = rejected.map { Entry(dossier: $0.dossier, key: $0.key, findings: byDossier[$0.dossier] ?? []) }
    // a refused file has no counts of its own; where the error budget was exceeded, the finding says how many
    let overBudget = report.reason == "S23" ? details.first { $0.code == "S23" }?.found.map { Int($0) } : nil
    moreRejected = max(0, (overBudget ?? report.dossiers.rejected) - rejected.count)
    for slot in remarks.keys {
      // the report counts all findings of a code; those of rejected dossiers are listed with them
      guard var remark = remarks[slot] else { continue }
      let listed = details.lazy.filter { $0.code == remark.code }.count
      remark.count += max(0, (report.findings[remark.code] ?? 0) - listed)
      remarks[slot] = remark
    }
    self.remarks = remarks.values.sorted {
      ($0.severity == "error" ? 0 : 1, $0.code) < ($1.severity == "error" ? 0 : 1, $1.code)
    }
  }

  package static func read(_ json: String) throws -> Receipt {
    try JSONDecoder().decode(Receipt.self, from: Data(json.utf8))
  }

  // MARK: text

  /// True for the answer of `check`, which loads nothing.
  private var isCheck: Bool { state == .valid || state == .invalid || state == .judged }

  /// The receipt as a clerk reads it.
  package func text(_ catalogue: FindingCatalogue, _ language: Language) -> String {
    let words = Words(language: language)
    var lines: [String] = []
    lines.append(words.title)
    lines.append(String(repeating: "=", count: 72))
    lines.append("\(words.facility): \(facility)" + (facilityName.map { " – \($0)" } ?? ""))
    lines.append("\(words.file): \(fileName)")
    if let fileID { lines.append("\(words.number): \(fileID)") }
    if let kind, let origin { lines.append(words.again(kind, origin)) }
    if let sha256 { lines.append("SHA-256: \(sha256)") }
    lines.append("\(words.time): \(judgedAt)")
    lines.append("")
    lines.append("\(words.result): \(words.verdict(self))")
    if let reason, state != .loaded { lines += explain(reason, aboutFile, catalogue, words) }
    if state == .loaded || state == .judged || dossiers.seen > 0 {
      lines.append("")
      lines.append(words.counts(dossiers, isCheck: isCheck))
      if let older, older > 0 { lines.append(words.older(older)) }
      if let stillRejected, stillRejected > 0 { lines.append(words.stillRejected(stillRejected)) }
    }
    if !rejected.isEmpty || moreRejected > 0 {
      lines.append("")
      lines.append("\(words.rejected) (\(rejected.count + moreRejected))")
      lines.append(String(repeating: "-", count: 72))
      for (number, entry) in rejected.enumerated() {
        lines.append("\(number + 1). MA_LK \(entry.key ?? words.unknownKey)  (\(words.position(entry.dossier)))")
        append(entry.findings, to: &lines, catalogue, words)
      }
      if moreRejected > 0 { lines.append(words.more(moreRejected)) }
    }
    // of a file that was kept out nothing is loaded: its reason comes first, the rest is told when it comes again
    if !remarks.isEmpty, state != .refused, state != .quarantined {
      lines.append("")
      lines.append(isCheck ? words.remarksOfCheck : words.remarks)
      lines.append(String(repeating: "-", count: 72))
      for remark in remarks {
        let code = FindingCode(remark.code)
        let entry = code.flatMap { catalogue[$0] }
        lines.append("[\(remark.code)] \(entry?.title[language] ?? "")  – \(words.times(remark.count))")
        for detail in remark.first {
          lines.append(
            "    · MA_LK \(detail.key ?? words.unknownKey): \(place(detail)) – \(message(detail, catalogue, language))")
        }
        if remark.count > remark.first.count { lines.append("    · …") }
        if let first = remark.first.first { lines.append("    \(words.remedy): \(remedy(first, catalogue, language))") }
      }
    }
    let others = aboutFile.filter { $0.code != reason }
    if !others.isEmpty {
      lines.append("")
      lines.append(words.aboutFile)
      lines.append(String(repeating: "-", count: 72))
      for detail in others {
        lines.append("[\(detail.code)] \(message(detail, catalogue, language))")
        lines.append("    \(words.remedy): \(remedy(detail, catalogue, language))")
      }
    }
    lines.append("")
    lines.append(words.closing(self))
    return lines.joined(separator: "\n") + "\n"
  }

  /// Findings of one dossier, grouped by code, each code's remedy once.
  private func append(
    _ details: [FileReport.Detail], to lines: inout [String], _ catalogue: FindingCatalogue, _ words: Words
  ) {
    var order: [String] = []
    var groups: [String: [FileReport.Detail]] = [:]
    for detail in details.sorted(by: { (Receipt.weight($0), $0.code) < (Receipt.weight($1), $1.code) })
    where detail.severity != "info" {
      if groups[detail.code] == nil { order.append(detail.code) }
      groups[detail.code, default: []].append(detail)
    }
    for code in order {
      let group = groups[code] ?? []
      for detail in group.prefix(5) {
        let mark = detail.severity == "reject" ? words.mustMend : words.look
        lines.append("   [\(code)] \(mark) \(place(detail)): \(message(detail, catalogue, words.language))")
      }
      if group.count > 5 { lines.append("   [\(code)] … \(words.times(group.count))") }
      // one remedy for each place that is named
      var places: Set<String> = []
      for detail in group.prefix(5) where places.insert(place(detail)).inserted && places.count <= 3 {
        lines.append("        \(words.remedy): \(remedy(detail, catalogue, words.language))")
      }
    }
  }

  private static func weight(_ detail: FileReport.Detail) -> Int {
    switch detail.severity {
    case "reject": 0
    case "error": 1
    default: 2
    }
  }

  private func explain(
    _ reason: String, _ details: [FileReport.Detail], _ catalogue: FindingCatalogue, _ words: Words
  ) -> [String] {
    guard let code = FindingCode(reason), let entry = catalogue[code] else { return ["[\(reason)]"] }
    let detail = details.first { $0.code == reason }
    let text = detail.map { message($0, catalogue, words.language) } ?? entry.title[words.language]
    let what = detail.map { remedy($0, catalogue, words.language) } ?? entry.remedy[words.language]
    return ["[\(reason)] \(text)", "\(words.remedy): \(what)"]
  }

  private func place(_ detail: FileReport.Detail) -> String {
    var parts: [String] = []
    if let table = detail.table { parts.append(table) }
    if let row = detail.row, row > 0, detail.table != "XML1" { parts.append("#\(row)") }
    if let field = detail.field { parts.append(field) }
    return parts.isEmpty ? "–" : parts.joined(separator: " ")
  }

  private func message(_ detail: FileReport.Detail, _ catalogue: FindingCatalogue, _ language: Language) -> String {
    detail.finding.map { catalogue.message($0, language) } ?? detail.message
  }

  private func remedy(_ detail: FileReport.Detail, _ catalogue: FindingCatalogue, _ language: Language) -> String {
    detail.finding.map { catalogue.remedy($0, language) } ?? ""
  }
}

extension FileReport.Detail {
  /// The finding that the detail tells; nil when its code is not known to this program.
  var finding: NamedFinding? {
    guard let code = FindingCode(code) else { return nil }
    let units = difference.flatMap { Decimal(string: $0) }.map { NSDecimalNumber(decimal: $0 * 10_000).int64Value }
    return NamedFinding(
      code: code, severity: Severity(name: severity) ?? .info, table: table, row: row ?? 0, field: field, other: other,
      found: found, limit: limit, difference: units, byteOffset: byteOffset ?? -1, form: form)
  }
}

/// The fixed words of a receipt.
private struct Words {
  let language: Language
  private func pick(_ vietnamese: String, _ english: String) -> String {
    language == .vietnamese ? vietnamese : english
  }

  var title: String { pick("BIÊN NHẬN DỮ LIỆU HỒ SƠ KHÁM BỆNH, CHỮA BỆNH", "RECEIPT FOR DELIVERED VISIT RECORDS") }
  var facility: String { pick("Cơ sở", "Facility") }
  var file: String { pick("Tên file", "File") }
  var number: String { pick("Mã tiếp nhận", "File number") }
  var time: String { pick("Thời điểm kiểm tra", "Judged at") }
  var result: String { pick("KẾT QUẢ", "RESULT") }
  var remedy: String { pick("Cách xử lý", "What to do") }
  var rejected: String { pick("HỒ SƠ BỊ TRẢ LẠI – cần sửa và gửi lại", "REJECTED DOSSIERS – mend and send again") }
  var remarks: String { pick("HỒ SƠ ĐÃ NẠP NHƯNG CẦN XEM LẠI", "LOADED, BUT PLEASE LOOK AT") }
  var remarksOfCheck: String { pick("HỒ SƠ CÓ THỂ NẠP NHƯNG CẦN XEM LẠI", "MAY BE LOADED, BUT PLEASE LOOK AT") }
  var aboutFile: String { pick("VỀ FILE", "ABOUT THE FILE") }
  var unknownKey: String { pick("(không có)", "(none)") }
  var mustMend: String { pick("PHẢI SỬA", "MUST MEND") }
  var look: String { pick("CẦN XEM", "LOOK AT") }

  func position(_ number: Int) -> String { pick("hồ sơ thứ \(number) trong file", "dossier \(number) of the file") }
  func times(_ count: Int) -> String { pick("\(count) lần", "\(count) times") }
  func more(_ count: Int) -> String {
    pick(
      "… và \(count) hồ sơ bị trả lại khác (xem file JSON hoặc hỏi trung tâm).",
      "… and \(count) more rejected dossiers.")
  }

  func again(_ kind: String, _ origin: Int64) -> String {
    kind == "replay"
      ? pick(
        "Kiểm tra lại các hồ sơ bị trả lại của mã tiếp nhận \(origin)",
        "Rejected dossiers of file \(origin), judged again")
      : pick("Kiểm tra lại toàn bộ mã tiếp nhận \(origin)", "The whole of file \(origin), judged again")
  }
  func older(_ count: Int) -> String {
    pick(
      "Trong số trùng có \(count) hồ sơ cũ hơn bản hiện hành: bản gửi sau được giữ nguyên.",
      "\(count) of the duplicates are older than the current version, which stays.")
  }
  func stillRejected(_ count: Int) -> String {
    pick(
      "Còn \(count) hồ sơ vẫn bị trả lại, xem biên nhận đầu.", "\(count) dossiers stay rejected: see the first receipt."
    )
  }

  func counts(_ d: FileReport.Dossiers, isCheck: Bool) -> String {
    if isCheck {
      return pick(
        "Tổng số hồ sơ: \(d.seen) = \(d.accepted) có thể nạp + \(d.rejected) sẽ bị trả lại + \(d.duplicate) trùng",
        "Dossiers: \(d.seen) = \(d.accepted) may be loaded + \(d.rejected) would be rejected + \(d.duplicate) duplicate"
      )
    }
    return pick(
      "Tổng số hồ sơ: \(d.seen) = \(d.accepted) được nạp + \(d.rejected) bị trả lại + \(d.duplicate) trùng"
        + (d.superseding > 0 ? " (trong số được nạp có \(d.superseding) hồ sơ thay thế bản cũ)" : ""),
      "Dossiers: \(d.seen) = \(d.accepted) accepted + \(d.rejected) rejected + \(d.duplicate) duplicate"
        + (d.superseding > 0 ? " (\(d.superseding) of the accepted replace an earlier version)" : ""))
  }

  func verdict(_ receipt: Receipt) -> String {
    switch receipt.state {
    case .loaded where receipt.dossiers.rejected > 0:
      pick("ĐÃ NẠP MỘT PHẦN, có hồ sơ bị trả lại", "LOADED IN PART, some dossiers were rejected")
    case .loaded: pick("ĐÃ NẠP TOÀN BỘ", "LOADED COMPLETELY")
    case .duplicate:
      pick(
        "FILE TRÙNG – nội dung đã được nạp trước đó (mã tiếp nhận \(receipt.duplicateOf.map(String.init) ?? "?")); không nạp lại",
        "DUPLICATE – these bytes were loaded before (file \(receipt.duplicateOf.map(String.init) ?? "?")); nothing was loaded twice"
      )
    case .quarantined: pick("FILE BỊ CÁCH LY – chưa nạp gì", "QUARANTINED – nothing was loaded")
    case .refused: pick("FILE BỊ TỪ CHỐI – không nạp gì", "REFUSED – nothing was loaded")
    case .waiting: pick("FILE ĐANG CHỜ", "WAITING")
    case .valid, .judged: pick("HỢP LỆ", "VALID")
    case .invalid: pick("CHƯA HỢP LỆ", "INVALID")
    }
  }

  func closing(_ receipt: Receipt) -> String {
    switch receipt.state {
    case .loaded where receipt.dossiers.rejected > 0:
      pick(
        "Hãy sửa các hồ sơ bị trả lại trong phần mềm bệnh viện, xuất lại và gửi lại (cùng MA_LK). Hồ sơ đã nạp không cần gửi lại; nếu gửi lại y nguyên, hệ thống tự nhận ra và không nạp hai lần.",
        "Mend the rejected dossiers in the hospital software, export them again and send them again (same MA_LK). Loaded dossiers need not be sent again; if they are, nothing is loaded twice."
      )
    case .loaded where receipt.remarks.contains { $0.severity == "error" }:
      pick(
        "Mọi hồ sơ đã được nạp. Các điểm nêu trên cần được sửa: sửa trong phần mềm bệnh viện, xuất lại và gửi lại cùng MA_LK; bản mới sẽ thay bản cũ.",
        "All dossiers were loaded. The points above should be mended: correct them, export again and send again with the same MA_LK; the new version replaces the old one."
      )
    case .loaded where !receipt.remarks.isEmpty:
      pick(
        "Mọi hồ sơ đã được nạp. Đề nghị xem lại các điểm nêu trên.",
        "All dossiers were loaded. Please look at the points above.")
    case .invalid:
      pick(
        "Đây là kết quả kiểm tra, chưa gửi và chưa nạp gì. Hãy sửa các hồ sơ nêu trên trước khi gửi.",
        "This was a check: nothing was sent or loaded. Mend the dossiers above before sending.")
    case .valid, .judged:
      pick(
        "Đây là kết quả kiểm tra, chưa gửi và chưa nạp gì. File có thể gửi.",
        "This was a check: nothing was sent or loaded. The file may be sent.")
    case .loaded, .duplicate: pick("Không cần làm gì thêm.", "Nothing else needs to be done.")
    case .waiting: pick("Hệ thống sẽ tự kiểm tra lại ở lần chạy sau.", "The next run looks at it again.")
    case .quarantined where ["S13", "S25", "S27"].contains(receipt.reason):
      pick(
        "Cơ sở chưa phải gửi lại; trung tâm dữ liệu sẽ kiểm tra và liên hệ.",
        "Nothing need be sent again yet; the data centre looks into it and gets in touch.")
    case .quarantined where receipt.reason == "S03":
      pick(
        "Thư mục này chỉ nhận hồ sơ khám bệnh, chữa bệnh; không gửi lại file loại này vào đây.",
        "This folder takes visit records only; do not send files of this kind here.")
    default: pick("Hãy xử lý nguyên nhân nêu trên rồi gửi lại file.", "Mend the cause above, then send the file again.")
    }
  }
}
