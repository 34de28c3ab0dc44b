internal import Bytes
internal import CommonSchema
internal import Definitions
internal import Files
internal import Findings
internal import Foundation
internal import Postgres
internal import Sealing

/// Looks at everything a run needs, and says how to mend what is not right.
package enum Doctor {
  package struct Line: Sendable, Codable {
    package var what: String
    package var ok: Bool
    package var found: String
    package var mend: String?
    /// Exit code that belongs to the trouble.
    package var code: Int32 = 0
  }

  package static func examine(configuration path: String, environment: [String: String]) -> [Line] {
    var lines: [Line] = []
    let project: Project
    do throws(ConfigurationFault) {
      project = try Project(configuration: path, environment: environment)
      lines.append(Line(what: "configuration", ok: true, found: "read"))
    } catch {
      return [
        Line(
          what: "configuration", ok: false, found: error.description,
          mend: FileManager.default.fileExists(atPath: path) ? "mend what is named, then look again" : "songhan init",
          code: 78)
      ]
    }
    do throws(ConfigurationFault) {
      let registry = try project.registry()
      lines.append(Line(what: "facility registry", ok: true, found: "\(registry.facilities.count) hospitals"))
    } catch {
      lines.append(
        Line(
          what: "facility registry", ok: false, found: error.description,
          mend: "songhan facility add CODE --name N --feed qd3176", code: 78))
    }
    do {
      let definitions = try project.definitions()
      lines.append(
        Line(
          what: "definitions", ok: true,
          found:
            "\(definitions.schemas.count) source schemas, \(definitions.common.entities.count) entities, \(definitions.feeds.count) feeds, \(definitions.catalogue.entries.count) codes"
        ))
      if let registry = try? project.registry() {
        for facility in registry.facilities where definitions.feeds[facility.feed] == nil {
          lines.append(
            Line(
              what: "feed of \(facility.code)", ok: false, found: "there is no Pipelines/\(facility.feed).yaml",
              mend: "name one of \(definitions.feeds.keys.sorted().joined(separator: ", ")) in facilities.yaml",
              code: 78))
        }
      }
      lines += policy(definitions, (try? project.registry())?.facilities.map(\.feed) ?? [])
    } catch {
      lines.append(
        Line(
          what: "definitions", ok: false, found: "\(error)", mend: "mend the files named, or set «definitions:»",
          code: 78))
    }
    let c = project.configuration
    for name in [c.inbox, c.spool, c.archive, c.quarantine, c.receipts, c.outbox, c.reports] {
      do throws(FileFailure) {
        let folder = try project.directory(name, creating: false)
        let isWritable = unsafe access(project.path(name), R_OK | W_OK | X_OK) == 0
        let entry = try folder.entry()
        let isOpen = entry.mode & 0o002 != 0 && name != c.inbox
        let isPrivate = !isOpen
        lines.append(
          Line(
            what: "folder \(name)", ok: isWritable && isPrivate,
            found: isWritable ? isPrivate ? "there, ours" : "everybody may write there" : "no right to write there",
            mend: isWritable ? isPrivate ? nil : "chmod o-w \(name)" : "chown or chmod the folder for this user",
            code: 77))
      } catch {
        lines.append(
          Line(
            what: "folder \(name)", ok: false, found: error.description, mend: "songhan init",
            code: Int32(error.exitCode)))
      }
    }
    if let folder = try? project.directory(c.spool, creating: false), let space = try? folder.space() {
      let floor = max(c.freeMegabytes << 20, c.freeMegabytes == 0 ? 0 : space.total / 10)
      lines.append(
        Line(
          what: "free space", ok: space.available >= floor,
          found: "\(space.available >> 20) MB free, \(floor >> 20) MB needed",
          mend: space.available >= floor ? nil : "make room, or lower intake.freeMegabytes", code: 74))
    }
    lines += sealing(project)
    let warehouse = Warehouse(project: project)
    do throws(RunFailure) {
      for check in try warehouse.checks() {
        lines.append(
          Line(what: "server: \(check.name)", ok: check.isRight, found: check.found, mend: check.mend, code: 78))
      }
      let steps = try warehouse.status()
      let pending = steps.filter { $0.state != "applied" }
      lines.append(
        Line(
          what: "schema version", ok: pending.isEmpty,
          found: pending.isEmpty
            ? "\(steps.count) migrations applied" : pending.map { "\($0.number) \($0.state)" }.joined(separator: ", "),
          mend: pending.isEmpty ? nil : "songhan warehouse migrate", code: 78))
      lines.append(try clock(warehouse))
    } catch {
      lines.append(
        Line(
          what: "warehouse", ok: false, found: error.description,
          mend: project.isEmbedded
            ? "songhan warehouse start && songhan warehouse migrate" : "check «warehouse:» in songhan.yaml",
          code: error.exitCode))
    }
    return lines
  }

  /// Whether rejects and quarantined files are sealed, to whom, and whether our key opens them.
  private static func sealing(_ project: Project) -> [Line] {
    let what = "sealing"
    do throws(RunFailure) {
      guard let recipients = try project.recipients() else {
        return [
          Line(
            what: what, ok: true, found: "off: rejects and quarantined files are kept as they came",
            mend: "name certificates under «sealing.recipients:», or protect the disk and the backups")
        ]
      }
      var lines = [
        Line(
          what: what, ok: true, found: "\(recipients.count) recipients",
          mend: recipients.daysLeft < 0
            ? "a certificate has expired: name a new one, and keep the key of the old" : nil)
      ]
      guard project.configuration.sealingKey != nil else { return lines }
      let key = try project.privateKey()
      let opens = (try? key.open(recipients.seal([1, 2, 3]))) == [1, 2, 3]
      lines.append(
        Line(
          what: "sealing key", ok: opens, found: opens ? "opens what is sealed" : "opens nothing of what is sealed",
          mend: opens ? nil : "name the certificate of this key under «sealing.recipients:»", code: 78))
      return lines
    } catch {
      return [Line(what: what, ok: false, found: error.description, mend: "mend what is named", code: error.exitCode)]
    }
  }

  /// The exceptions of the feeds in use, and what cannot be evaluated; neither keeps a run from working.
  private static func policy(_ definitions: Definitions, _ feeds: [String]) -> [Line] {
    var lines: [Line] = []
    let today = Clock.now().day
    for feed in Set(feeds).sorted().compactMap({ definitions.feeds[$0] }) {
      for exception in definitions.exceptions(of: feed, on: today) {
        lines.append(
          Line(
            what: "exception of \(feed.name)", ok: true, found: exception.text,
            mend: exception.isExpired
              ? "it no longer holds: take it out of Pipelines/\(feed.name).yaml, or renew it" : nil))
      }
    }
    let idle = definitions.notEvaluated()
    if !idle.isEmpty {
      let missing = Set(idle.flatMap(\.missing)).subtracting(["warehouse"]).sorted()
      lines.append(
        Line(
          what: "not evaluated", ok: true,
          found: "\(idle.count) codes wholly or in part"
            + (missing.isEmpty ? "" : "; no Schemas/codes/external/ file for \(missing.joined(separator: ", "))")))
    }
    return lines
  }

  /// Our clock against the server's: rules about «not in the future» need it, leases do not.
  private static func clock(_ warehouse: Warehouse) throws(RunFailure) -> Line {
    let connection = try warehouse.connect()
    do throws(ServerFailure) {
      let rows = try connection.execute("SELECT extract(epoch FROM clock_timestamp())::double precision")
      let difference = abs((rows.real(0, 0) ?? 0) - Date.now.timeIntervalSince1970)
      return Line(
        what: "clock", ok: difference < 60, found: "\(Int(difference.rounded())) s from the server's",
        mend: difference < 60 ? nil : "set the clock (NTP)", code: 78)
    } catch {
      throw .server(error)
    }
  }
}
