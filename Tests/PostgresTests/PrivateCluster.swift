import Foundation
import Glibc
import Testing

@testable import Postgres

/// A cluster in a folder of its own: started before a suite, stopped and removed after it.
struct PrivateCluster: SuiteTrait, TestScoping {
  @TaskLocal static var current: EmbeddedCluster?

  func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void)
    async throws
  {
    try await Self.with { cluster in
      try cluster.start()
      try await Self.$current.withValue(cluster) { try await function() }
    }
  }

  static func with(_ body: (EmbeddedCluster) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-test-" + UUID().uuidString
    let cluster = try EmbeddedCluster(folder: folder + "/cluster")
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(cluster))
    } catch {
      result = .failure(error)
    }
    _ = try? cluster.stop()
    try? FileManager.default.removeItem(atPath: cluster.place)
    try? FileManager.default.removeItem(atPath: folder)
    try result.get()
  }

  static func connect(database: String = "songhan", _ more: String = "") throws -> Connection {
    let cluster = try #require(current)
    return try Connection(cluster.conninfo(database: database) + " " + more, applicationName: "tests")
  }

  /// A database that nothing has touched.
  static func freshDatabase(_ name: String) throws -> String {
    try connect().executeGenerated("CREATE DATABASE \(name)")
    return name
  }

  /// Every byte the server logged.
  static func log() throws -> String {
    let cluster = try #require(current)
    let folder = cluster.place + "/data/log"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).map { folder + "/" + $0 }
    return try (names + [cluster.place + "/start.log"]).map { name in
      String(decoding: try #require(FileManager.default.contents(atPath: name)), as: UTF8.self)
    }.joined()
  }
}

extension SuiteTrait where Self == PrivateCluster {
  static var privateCluster: Self { PrivateCluster() }
}

/// Runs a blocking body on a thread of its own.
func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}

/// The failure that `body` throws.
func failure(of body: () throws -> Void) throws -> ServerFailure {
  do {
    try body()
  } catch let failure as ServerFailure {
    return failure
  }
  Issue.record("nothing was thrown")
  throw ServerFailure.outOfMemory
}
