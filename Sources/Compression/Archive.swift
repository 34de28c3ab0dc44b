/// Tells archives and compressions that are not opened by how they begin.
package enum Archive {
  /// How many bytes of a file are looked at.
  package static let headLength = 262

  private static let marks: [[UInt8]] = [
    [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 7, 8],  // zip
    [0x52, 0x61, 0x72, 0x21, 0x1A, 7],  // rar
    [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C],  // 7z
    [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0],  // xz
    [0x42, 0x5A, 0x68],  // bzip2, with a digit behind it
    [0x28, 0xB5, 0x2F, 0xFD],  // zstd
    [0x04, 0x22, 0x4D, 0x18],  // lz4
    [0x4D, 0x53, 0x43, 0x46, 0, 0, 0, 0],  // cabinet
    [0x1F, 0x9D], [0x1F, 0xA0],  // compress
    [0x1F, 0x8B, 8],  // gzip, for what comes out of a gzip
  ]

  /// Whether `head` begins an archive or a compression; of gzip itself too.
  package static func begins(_ head: ArraySlice<UInt8>) -> Bool {
    for mark in marks where head.starts(with: mark) {
      guard mark[0] == 0x42 else { return true }
      // «BZh» could begin a text
      let start = head.startIndex
      return head.count >= 10 && head[(start + 4)..<(start + 10)].elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
    }
    // tar: its mark stands behind a name
    let start = head.startIndex + 257
    return head.count >= headLength && head[start..<(start + 5)].elementsEqual("ustar".utf8)
  }
}
