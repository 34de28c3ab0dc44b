internal import Compression
internal import Files
internal import Postgres
internal import Records
internal import Sealing

/// One stored dossier as it was delivered.
struct StoredDossier {
  var number: Int
  var kind: Dossier.Kind
  var bytes: [UInt8]
}

/// The source bytes of dossiers that the ledger keeps: rejects one by one, accepted ones in their batches.
struct StoredDossiers {
  let connection: Connection
  /// For rejects that were sealed.
  let opener: Opener

  /// Why stored bytes could not be read back.
  enum Fault: Error {
    case damaged
    /// The private key does not open them.
    case sealed
  }

  /// Hands over rejects of a file in their order, a few at a time.
  ///
  /// - Parameters:
  ///   - numbers: only these dossiers.
  ///   - onlyOpen: false for all rejects of the file, also those that were taken in later.
  func rejects(
    of file: Int64, numbers: [Int]?, onlyOpen: Bool, _ body: (StoredDossier) throws -> Void
  ) throws {
    var last: Int64 = 0
    let wanted: Parameter = numbers.map { .integers($0.map { Int64($0) }) } ?? .null
    while true {
      let rows = try connection.execute(
        """
        SELECT dossier_number, dossier_kind, content, sealing FROM intake.reject
        WHERE content IS NOT NULL AND file_id = $1 AND dossier_number > $2 AND ($3::integer[] IS NULL OR dossier_number = ANY ($3::integer[]))
          AND (NOT $4::boolean OR state = 'open')
        ORDER BY dossier_number LIMIT 16
        """, [.integer(file), .integer(last), wanted, .flag(onlyOpen)])
      for row in 0..<rows.count {
        guard let number = rows.integer(row, 0), let kind = rows.text(row, 1).flatMap({ Dossier.Kind(rawValue: $0) }),
          let content = rows.bytes(row, 2)
        else { throw Fault.damaged }
        let plain: [UInt8]
        do { plain = rows.isNull(row, 3) ? content : try opener.open(content) } catch is SealingFailure {
          throw Fault.sealed
        }
        guard let entry = try entries(plain).first else { throw Fault.damaged }
        last = number
        try body(StoredDossier(number: Int(number), kind: kind, bytes: entry.bytes))
      }
      if rows.isEmpty { return }
    }
  }

  /// Hands over all that is kept of a file, batch by batch: what was accepted, and what was rejected.
  func all(of file: Int64, _ body: (StoredDossier) throws -> Void) throws {
    var batch: Int64 = 0
    var from: Int64 = 0
    while true {
      let rows = try connection.execute(
        "SELECT batch_number, content FROM intake.batch WHERE file_id = $1 AND batch_number > $2 ORDER BY batch_number LIMIT 1",
        [.integer(file), .integer(batch)])
      var accepted: [StoredDossier] = []
      if let number = rows.isEmpty ? nil : rows.integer(0, 0), let content = rows.bytes(0, 1) {
        batch = number
        let kinds = try connection.execute(
          "SELECT dossier_number, dossier_kind FROM intake.dossier WHERE file_id = $1 AND batch_number = $2",
          [.integer(file), .integer(number)])
        var kindOf: [Int: Dossier.Kind] = [:]
        for row in 0..<kinds.count {
          kindOf[Int(kinds.integer(row, 0) ?? 0)] = kinds.text(row, 1).flatMap { Dossier.Kind(rawValue: $0) }
        }
        accepted = try entries(content).map {
          StoredDossier(number: $0.number, kind: kindOf[$0.number] ?? .visit, bytes: $0.bytes)
        }
      }
      // rejects that stood between the dossiers of the batch; behind the last batch the rest
      let to = accepted.last.map { Int64($0.number) } ?? .max
      let numbers = try connection.execute(
        "SELECT dossier_number FROM intake.reject WHERE file_id = $1 AND dossier_number > $2 AND dossier_number <= $3 ORDER BY 1",
        [.integer(file), .integer(from), .integer(min(to, Int64(Int32.max)))])
      let between = (0..<numbers.count).compactMap { numbers.integer($0, 0).map(Int.init) }
      var next = accepted[...]
      try rejects(of: file, numbers: between, onlyOpen: false) { reject in
        while let first = next.first, first.number < reject.number {
          try body(first)
          next.removeFirst()
        }
        try body(reject)
      }
      for dossier in next { try body(dossier) }
      if accepted.isEmpty { return }
      from = to
    }
  }

  private func entries(_ content: [UInt8]) throws -> [SourceArchive.Entry] {
    do {
      return try SourceArchive.entries(try Zstandard.expand(content, ceiling: 1 << 30))
    } catch {
      throw Fault.damaged
    }
  }
}

/// A file put together from stored dossiers, in the form they were delivered in: it is read like a delivered one.
enum AgainEnvelope {
  /// What the frame around the dossiers looks like.
  enum Form: Hashable {
    case envelope
    /// Dossiers of a tabular or XML-row feed.
    case rows
    case checkIns
    case assessments
    /// The dossier was a whole file itself.
    case bare(Int)
  }

  static func form(of dossier: StoredDossier) -> Form {
    if dossier.bytes.starts(with: StoredRows.mark) { return .rows }
    switch dossier.kind {
    case .checkIn: return .checkIns
    case .assessment: return .assessments
    case .visit: return isElement("HOSO", dossier.bytes) ? .envelope : .bare(dossier.number)
    }
  }

  private static func isElement(_ name: String, _ bytes: [UInt8]) -> Bool {
    let tag = Array("<\(name)".utf8)
    guard bytes.starts(with: tag), bytes.count > tag.count else { return false }
    return [0x3E, 0x20, 0x09, 0x0A, 0x0D].contains(bytes[tag.count])
  }

  /// What stands before the dossiers.
  ///
  /// - Parameters:
  ///   - remark: says where they come from, in a comment; it also keeps files of different deliveries apart.
  ///   - createdOn: `yyyyMMdd`.
  static func opening(_ form: Form, facility: String, createdOn: String, count: Int, remark: String) -> String {
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- \(remark) -->\n"
    switch form {
    case .envelope:
      return head
        + "<GIAMDINHHS xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">"
        + "<THONGTINDONVI><MACSKCB>\(facility)</MACSKCB></THONGTINDONVI><THONGTINHOSO><NGAYLAP>\(createdOn)</NGAYLAP>"
        + "<SOLUONGHOSO>\(count)</SOLUONGHOSO><DANHSACHHOSO>\n"
    case .checkIns: return head + "<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB>\n"
    case .assessments: return head + "<CHI_TIEU_GIAM_DINH_Y_KHOA><DSACH_GIAM_DINH_Y_KHOA>\n"
    case .rows: return String(decoding: StoredRows.magic, as: UTF8.self)
    case .bare: return ""
    }
  }

  /// A dossier as it stands between opening and closing.
  static func framed(_ dossier: StoredDossier) -> [UInt8] {
    guard dossier.bytes.starts(with: StoredRows.mark) else { return dossier.bytes }
    let bytes = dossier.bytes[StoredRows.mark.count...]
    return StoredRows.opening(sizeInBytes: bytes.count) + bytes
  }

  static func closing(_ form: Form) -> String {
    switch form {
    case .envelope: "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>\n"
    case .checkIns: "</DSACH_TRANG_THAI_KCB></CHI_TIEU_TRANG_THAI_KCB>\n"
    case .assessments: "</DSACH_GIAM_DINH_Y_KHOA></CHI_TIEU_GIAM_DINH_Y_KHOA>\n"
    case .bare, .rows: ""
    }
  }
}
