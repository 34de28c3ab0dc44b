// Takes one delivered file through the steps of a run that touch the disk; the tests kill it at every failpoint.
import Failpoints
import Files
import Glibc

/// `files-probe <folder> [account]`: the folder has `inbox`, `spool`, `outbox`, `done`; started as root, it goes on as
/// `account`.
func run(_ folder: String, account: UInt32?) throws {
  if let account {
    guard setgid(account) == 0, setuid(account) == 0 else { exit(1) }
  }
  try Privacy.hardenProcess()
  guard Privacy.isHardened else { exit(1) }

  let inbox = try Directory(path: folder + "/inbox")
  let spool = try Directory(path: folder + "/spool", creating: true)
  let outbox = try Directory(path: folder + "/outbox", creating: true)
  let done = try Directory(path: folder + "/done", creating: true)
  for directory in [spool, outbox, done] { _ = try directory.removeLeftovers() }

  let name = FileName(fixed: "delivery.xml")
  let file: SourceFile
  do {
    file = try SourceFile(name, in: inbox, owners: nil)
  } catch .refused(.gone) {
    return
  }
  let copy = try SpoolCopy(of: file, in: spool)
  failpoint("probe.copied")

  var writer = try DurableWriter(in: outbox)
  var reader = copy.reader()
  var buffer = [UInt8](repeating: 0, count: 100_000)
  while true {
    let count = try reader.read(into: &buffer)
    if count == 0 { break }
    try writer.append(buffer.span.extracting(0..<count))
  }
  let parcel = FileName(copy.contentHash, suffix: ".xml")
  guard try writer.commit(as: parcel) != .conflict else { exit(2) }
  try outbox.replaceDurably(FileName(fixed: "latest"), with: Array(parcel.text.utf8).span, mode: 0o640)
  guard try inbox.moveDurably(name, expecting: copy.source, to: done, as: parcel) == .moved else { exit(3) }
}

let arguments = CommandLine.arguments
guard arguments.count > 1 else { exit(64) }
do {
  try run(arguments[1], account: arguments.count > 2 ? UInt32(arguments[2]) : nil)
} catch {
  print(error)
  exit((error as? FileFailure)?.exitCode ?? 70)
}
