internal import Failpoints
internal import Files
internal import Foundation
internal import Glibc
internal import Sealing

extension Project {
  /// Those to whom rejects and quarantined files are sealed; nil when nobody is configured.
  func recipients() throws(RunFailure) -> Recipients? {
    guard !configuration.sealingRecipients.isEmpty else { return nil }
    var texts: [[UInt8]] = []
    for name in configuration.sealingRecipients {
      guard let data = FileManager.default.contents(atPath: path(name)), data.count <= 1 << 20 else {
        throw .notReady("sealing.recipients: \(name) is not there or cannot be read")
      }
      texts.append([UInt8](data))
    }
    do throws(SealingFailure) {
      return try Recipients(pem: texts)
    } catch {
      throw .notReady("sealing.recipients: \(error)")
    }
  }

  /// The private key that opens what was sealed.
  func privateKey() throws(RunFailure) -> PrivateKey {
    guard let name = configuration.sealingKey else {
      throw .notReady(
        "this is sealed, and no private key is named. Set «sealing.key:» in songhan.yaml (SONGHAN_SEALING_KEY) where the key may be, or open it elsewhere: openssl cms -decrypt"
      )
    }
    do {
      return try PrivateKey(Secret(path: path(name)))
    } catch let failure as FileFailure {
      if case .unsafeSecret = failure { throw .files(failure) }
      throw .notReady("sealing.key: \(name): \(failure)")
    } catch {
      throw .notReady("sealing.key: \(name): \((error as? SealingFailure) ?? .notAPrivateKey)")
    }
  }
}

/// Opens what was sealed; the key is read when it is needed first.
final class Opener {
  private let project: Project
  private var key: PrivateKey?

  init(_ project: Project) { self.project = project }

  func open(_ sealed: [UInt8]) throws -> [UInt8] {
    let key = try self.key ?? project.privateKey()
    self.key = key
    return try key.open(sealed)
  }
}

extension Directory {
  /// Writes a file sealed into `folder` under `name` with the suffix `.cms`, durably, and then removes it here: never is there only half of it, and
  /// never again the plain bytes.
  ///
  /// - Returns: nil when it is no ordinary file that we may read: then there is nothing to seal.
  func sealAway(
    _ name: FileName, expecting stamp: Stamp, to folder: Directory, as newName: String, for recipients: Recipients
  ) throws -> MoveOutcome? {
    // libcrypto seals no empty message, and there is nothing in it to hide
    guard stamp.sizeInBytes > 0 else { return nil }
    let target = try FileName(newName + ".cms")
    if try folder.entry(target) != nil { return .occupied }
    var writer = try DurableWriter(in: folder)
    do throws(FileFailure) {
      let source = try SourceFile(name, in: self, owners: nil, sizeLimit: .max)
      guard source.stamp == stamp else { return .changed }
      let sealer: Sealer
      var ready: [UInt8] = []
      do throws(SealingFailure) { sealer = try Sealer(for: recipients) } catch { throw .kernel(.write, ENOMEM) }
      try source.forEachPiece { (piece) throws(FileFailure) in
        do throws(SealingFailure) { try sealer.append(piece, onto: &ready) } catch { throw .kernel(.write, ENOMEM) }
        try writer.append(ready.span)
        ready.removeAll(keepingCapacity: true)
      }
      do throws(SealingFailure) { try sealer.finish(onto: &ready) } catch { throw .kernel(.write, ENOMEM) }
      try writer.append(ready.span)
    } catch {
      switch error {
      case .refused(.gone): return .gone
      case .refused(.changedWhileReading): return .changed
      case .refused: return nil
      default: throw error
      }
    }
    if try writer.commit(as: target) == .conflict { return .occupied }
    failpoint("run.sealed")
    guard try entry(name)?.stamp == stamp else { return .changed }
    _ = try removeDurably(name)
    return .moved
  }
}
