internal import Files
internal import Foundation

/// Makes a project folder.
package enum ProjectTemplate {
  /// What was made and what stood there already.
  package struct Made: Sendable, Codable {
    package var folder: String
    package var made: [String] = []
    package var kept: [String] = []
  }

  static let folders = ["inbox", "spool", "archive", "quarantine", "receipts", "outbox", "reports"]

  /// Makes what is missing in `folder`; nothing that stands there is changed.
  ///
  /// - Parameter definitions: folder whose `Pipelines` are copied.
  package static func make(_ folder: String, definitions: String?) throws -> Made {
    var made = Made(folder: folder)
    let manager = FileManager.default
    if !manager.fileExists(atPath: folder) {
      try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // the embedded server's account must be able to pass through; what lies inside stays closed
      try manager.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder)
    }
    for name in folders {
      if manager.fileExists(atPath: folder + "/" + name) {
        made.kept.append(name + "/")
      } else {
        try manager.createDirectory(
          atPath: folder + "/" + name, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        made.made.append(name + "/")
      }
    }
    let root = try Directory(path: folder)
    for (name, text) in [("songhan.yaml", configuration), ("facilities.yaml", registry)] {
      if manager.fileExists(atPath: folder + "/" + name) {
        made.kept.append(name)
        continue
      }
      let bytes = Array(text.utf8)
      try root.replaceDurably(try FileName(name), with: bytes.span, mode: 0o640)
      made.made.append(name)
    }
    if !manager.fileExists(atPath: folder + "/inbox/48001") {
      try manager.createDirectory(
        atPath: folder + "/inbox/48001", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      made.made.append("inbox/48001/")
    }
    for part in ["Pipelines", "Schemas"] {
      guard let definitions, folder != definitions else { continue }
      if manager.fileExists(atPath: folder + "/" + part) {
        made.kept.append(part + "/")
      } else {
        try copy(definitions + "/" + part, to: folder + "/" + part)
        made.made.append(part + "/")
      }
    }
    return made
  }

  /// Copies a folder of definitions; the copies belong to whoever makes the project.
  private static func copy(_ source: String, to target: String) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: target, withIntermediateDirectories: false)
    for name in try manager.contentsOfDirectory(atPath: source).sorted() {
      var isFolder: ObjCBool = false
      guard unsafe manager.fileExists(atPath: "\(source)/\(name)", isDirectory: &isFolder) else { continue }
      if isFolder.boolValue {
        try copy("\(source)/\(name)", to: "\(target)/\(name)")
      } else {
        try Data(contentsOf: URL(filePath: "\(source)/\(name)")).write(to: URL(filePath: "\(target)/\(name)"))
      }
    }
  }

  static let registry = """
    # The hospitals. Who is not listed here is not known: files of unknown facilities are quarantined, never guessed.
    # Add one with: songhan facility add CODE --name NAME --feed qd3176
    facilities:
      - code: "48001" # five characters, as in MACSKCB
        name: "Bệnh viện Mẫu 1 (made up)"
        level: "cơ bản" # care level, as the city writes it
        feed: qd3176 # what its files are: Pipelines/qd3176.yaml
        expectedDays: 1 # a new file at least every so many days
        contact: "phòng Công nghệ thông tin"

    """

  static let configuration = """
    # Settings of this SongHan project. Everything left out has the value shown here.
    # Each setting can also come from the environment: intake.settleSeconds as SONGHAN_INTAKE_SETTLE_SECONDS.

    # The warehouse: `embedded` is a private PostgreSQL in .warehouse/ («songhan warehouse start»); else a libpq connection string without a
    # password, such as "host=… dbname=… user=…". Passwords come from libpq's own means (~/.pgpass, PGPASSFILE, service files).
    warehouse: embedded

    # Folder that holds Schemas/ and Pipelines/; without it: beside this file, else what came with the program.
    # definitions: /usr/share/songhan

    registry: facilities.yaml

    folders:
      inbox: inbox # hospitals drop files into inbox/<facility code>/
      spool: spool # private copies while a file is read; never a name on disk
      archive: archive # originals of loaded files, named by their SHA-256
      quarantine: quarantine # refused and quarantined originals
      receipts: receipts # receipts/<facility code>/<file number>.txt
      outbox: outbox # outbox/<destination>/: parcels and manifests
      reports: reports # a report a run, and the metrics file

    intake:
      settleSeconds: 60 # a file must have stood unchanged so long, and been seen twice
      patienceMinutes: 60 # a file that ends too early waits so long for its rest
      freeMegabytes: 2048 # intake stops below this, and below a tenth of the disk
      # owners: [1001] # only files of these user ids

    run:
      jobs: 2 # files at the same time
      keepOriginals: true # false: remove originals once they are loaded

    receipts:
      mode: "0640"

    # To whom rejects and quarantined files are sealed (CMS): certificates in PEM form. The key opens them; keep it elsewhere if you can.
    # sealing:
    #   recipients: [city.pem]
    #   key: city.key # mode 0400 or 0600

    # For how many days things are kept before «songhan prune» removes them; for ever when left out.
    # retention: { archive: 365, quarantine: 90, receipts: 730, reports: 365, outbox: 90, outboxState: sent, rejects: 30 }

    metrics:
      file: songhan.prom # in reports/, for a Prometheus textfile collector

    log:
      format: text # text or json

    # Where parcels go. Nothing leaves while this is empty. Formats: source (an envelope of the accepted dossiers), common-ndjson.
    # destinations:
    #   ministry: { format: source }
    #   research: { format: common-ndjson, restricted: false } # true: rows of restricted entities (HIV care) too

    """
}
