internal import Failpoints
internal import Glibc

/// What became of a file that was to be moved.
package enum MoveOutcome: Sendable, Hashable {
  case moved
  /// The name now means another file, or the file was written to: it stays where it is.
  case changed
  /// There is no file of that name.
  case gone
  /// The new name is taken by something else: the file stays where it is.
  case occupied
}

extension Directory {
  /// Moves the file that `stamp` was taken of, and nothing else, and makes that durable in both directories.
  ///
  /// To another volume it is copied durably (mode 0600) before its old name is removed; stopped between the two, doing
  /// it again finishes it.
  package func moveDurably(
    _ name: FileName, expecting stamp: Stamp, to destination: Directory, as newName: FileName,
    temporary: Directory? = nil
  ) throws(FileFailure) -> MoveOutcome {
    guard let found = try entry(name) else { return .gone }
    guard found.kind == .file, found.stamp == stamp else { return .changed }
    do throws(FileFailure) {
      try Kernel.renameNoReplace(raw, name.text, to: destination.raw, newName.text)
    } catch {
      switch error {
      case .kernel(_, EEXIST): return .occupied
      case .kernel(_, ENOENT): return .gone
      case .kernel(_, EXDEV):
        return try copyAway(name, stamp, to: destination, newName, temporary)
      case .kernel(_, EINVAL), .kernel(_, ENOSYS):
        // Looking first and then renaming leaves a gap, but link and unlink would leave two names after a crash, and
        // intake refuses a file with two names. The directories files are moved to are written by us alone, under the
        // lock of the file.
        if try destination.entry(newName) != nil { return .occupied }
        try Kernel.rename(raw, name.text, to: destination.raw, newName.text)
      default: throw error
      }
    }
    failpoint("files.moved")
    // Between the look and the move the sender may have replaced the file; then it goes back to be taken in as what it
    // is.
    guard let arrived = try destination.entry(newName), arrived.stamp.isSameContent(as: stamp) else {
      try destination.giveBack(newName, to: self, as: name)
      return .changed
    }
    try destination.sync()
    try sync()
    failpoint("files.move-durable")
    return .moved
  }

  /// Puts a file back that was moved by mistake; when its name is taken again, under a name that begins with
  /// `returned-`.
  private func giveBack(_ name: FileName, to sender: Directory, as oldName: FileName) throws(FileFailure) {
    do throws(FileFailure) {
      try Kernel.renameNoReplace(raw, name.text, to: sender.raw, oldName.text)
    } catch {
      guard error.isError(EEXIST, EINVAL, ENOSYS) else { throw error }
      let number = String(UInt64.random(in: .min ... .max), radix: 16)
      try Kernel.rename(raw, name.text, to: sender.raw, "returned-\(number)-\(oldName.text.suffix(96))")
    }
    try sender.sync()
    try sync()
  }

  private func copyAway(
    _ name: FileName, _ stamp: Stamp, to destination: Directory, _ newName: FileName, _ temporary: Directory?
  ) throws(FileFailure) -> MoveOutcome {
    var writer = try DurableWriter(in: destination, temporary: temporary)
    do throws(FileFailure) {
      let file = try SourceFile(name, in: self, owners: nil, sizeLimit: .max)
      guard file.stamp == stamp else { return .changed }
      try file.forEachPiece { (piece) throws(FileFailure) in try writer.append(piece) }
    } catch {
      guard case .refused(let refusal) = error else { throw error }
      return refusal == .gone ? .gone : .changed
    }
    if try writer.commit(as: newName) == .conflict { return .occupied }
    failpoint("files.copied-away")
    // What came under the name since stays and is taken in by itself; the copy is of content that was delivered, and
    // stays too.
    guard try entry(name)?.stamp == stamp else { return .changed }
    try Kernel.unlink(raw, name.text)
    failpoint("files.copy-left-alone")
    try sync()
    failpoint("files.copy-durable")
    return .moved
  }
}
