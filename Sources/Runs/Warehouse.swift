internal import Crypto
internal import Definitions
internal import Failpoints
internal import Foundation
package import Postgres

/// The warehouse of a project: the embedded cluster, and migrations on any server.
package struct Warehouse: Sendable {
  private let project: Project

  package init(project: Project) { self.project = project }

  package func connect() throws(RunFailure) -> Connection {
    let conninfo: String
    do throws(ClusterFailure) { conninfo = try project.conninfo() } catch { throw .cluster(error) }
    do throws(ServerFailure) {
      return try Connection(conninfo, applicationName: "songhan")
    } catch {
      throw .server(error)
    }
  }

  private func migrations() throws(RunFailure) -> Migrations {
    let definitions: Definitions
    do { definitions = try project.definitions() } catch { throw .notReady("\(error)") }
    let files = definitions.migrations.map { file in
      Migration(
        number: file.number, name: file.name, text: file.text, sha256: Array(SHA256.hash(data: Data(file.text.utf8))))
    }
    do throws(MigrationFailure) {
      return try Migrations(files)
    } catch {
      throw .notReady("\(error). \(error.mend)")
    }
  }

  /// One migration and what became of it.
  package struct Step: Sendable, Codable {
    package var number: Int
    package var name: String
    package var state: String
  }

  /// Applies what is missing and writes the code lists; harmless when repeated.
  ///
  /// - Returns: all migrations, and how many were applied now.
  package func migrate() throws(RunFailure) -> (steps: [Step], applied: Int) {
    let migrations = try migrations()
    let connection = try connect()
    do throws(MigrationFailure) {
      let applied = try migrations.apply(on: connection).count
      try writeCodes(connection)
      let all = try migrations.status(on: connection)
      return (all.map { Step(number: $0.number, name: $0.name, state: "\($0.state)") }, applied)
    } catch {
      if error.isTransient { throw .server(.connectionLost(nil)) }
      throw .notReady("\(error). \(error.mend)")
    }
  }

  package func status() throws(RunFailure) -> [Step] {
    let migrations = try migrations()
    let connection = try connect()
    do throws(MigrationFailure) {
      return try migrations.status(on: connection).map { Step(number: $0.number, name: $0.name, state: "\($0.state)") }
    } catch {
      throw .notReady("\(error). \(error.mend)")
    }
  }

  /// Makes the code lists of the warehouse those of `Schemas/codes`.
  private func writeCodes(_ connection: Connection) throws(MigrationFailure) {
    guard let folder = project.definitionsFolder,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder + "/Schemas/codes")
    else { return }
    do throws(ServerFailure) {
      try connection.begin()
      // reference tables on Citus are written without the loader's option
      try connection.execute("SET LOCAL citus.all_modifications_commutative = off")
      try connection.execute("DELETE FROM code.value")
      try connection.execute("DELETE FROM code.list")
      failpoint("codes.cleared")
      for file in names.sorted() where file.hasSuffix(".csv") {
        guard let text = try? String(contentsOfFile: folder + "/Schemas/codes/" + file, encoding: .utf8) else {
          continue
        }
        let rows = SimpleCSV.rows(text)
        guard let header = rows.first else { continue }
        func cells(_ name: String) -> [String?] {
          let index = header.firstIndex(of: name)
          return rows.dropFirst().map { row in index.flatMap { $0 < row.count && !row[$0].isEmpty ? row[$0] : nil } }
        }
        let list = String(file.dropLast(4))
        try connection.execute("INSERT INTO code.list (list) VALUES ($1)", [.text(list)])
        try connection.execute(
          """
          INSERT INTO code.value (list, code, vi, en, valid_from, valid_to, source, note)
          SELECT $1, v.code, v.vi, v.en, coalesce(v.valid_from::date, '0001-01-01'), v.valid_to::date, v.source, v.note
          FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
            AS v (code, vi, en, valid_from, valid_to, source, note)
          ON CONFLICT DO NOTHING
          """,
          [
            .text(list), .texts(cells("code")), .texts(cells("vi")), .texts(cells("en")), .texts(cells("valid_from")),
            .texts(cells("valid_to")), .texts(cells("source")), .texts(cells("note")),
          ])
      }
      failpoint("codes.before-commit")
      try connection.commit()
      failpoint("codes.committed")
    } catch {
      connection.rollback()
      throw .server(error, number: 0, statement: 0)
    }
  }

  // MARK: embedded

  private func cluster() throws(RunFailure) -> EmbeddedCluster {
    guard project.isEmbedded else {
      throw .notReady(
        "the warehouse of this project is a server of its own («warehouse:» in songhan.yaml); start and stop it there.")
    }
    do throws(ClusterFailure) { return try project.cluster() } catch { throw .cluster(error) }
  }

  package func start() throws(RunFailure) -> (what: String, place: String) {
    let cluster = try cluster()
    do throws(ClusterFailure) {
      let started = try cluster.start()
      return (
        started == .wasRunning ? "running already" : started == .created ? "made and started" : "started", cluster.place
      )
    } catch {
      throw .cluster(error)
    }
  }

  package func stop() throws(RunFailure) -> Bool {
    let cluster = try cluster()
    do throws(ClusterFailure) { return try cluster.stop() } catch { throw .cluster(error) }
  }

  /// The state of the embedded cluster in words.
  package func clusterState() throws(RunFailure) -> String {
    let cluster = try cluster()
    do throws(ClusterFailure) {
      switch try cluster.status() {
      case .absent: return "not made yet"
      case .stopped(let major): return "stopped (PostgreSQL \(major)) in \(cluster.place)"
      case .running(let major): return "running (PostgreSQL \(major)) in \(cluster.place)"
      }
    } catch {
      throw .cluster(error)
    }
  }

  /// What `psql` needs to connect.
  package func conninfo() throws(RunFailure) -> String {
    do throws(ClusterFailure) { return try project.conninfo() } catch { throw .cluster(error) }
  }

  /// Settings a server must have.
  package func checks() throws(RunFailure) -> [(name: String, isRight: Bool, found: String, mend: String?)] {
    let connection = try connect()
    do throws(ServerFailure) {
      return try ServerCheck.run(on: connection).map { ($0.name, $0.ok, $0.found, $0.mend) }
    } catch {
      throw .server(error)
    }
  }
}
