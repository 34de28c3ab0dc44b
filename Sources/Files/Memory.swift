internal import CLinux

/// How the process deals with memory that it has freed.
package enum Memory {
  /// Keeps freed memory instead of giving it back: the buffers of a batch come and go, and pages from the system come zeroed, one fault each.
  package static func keepWhatIsFreed() {
    songhan_keep_memory(256 << 20, 32 << 20)
  }
}
