package import Bytes

/// The delivered bytes of dossiers, written so that they compress well and come back byte for byte.
///
/// One entry a dossier: its number, the size of its frame (the delivered bytes without the Base64 of its parts) and the parts that were cut
/// out, each with its place and Base64 layout; then the frame and the decoded documents. All numbers are variable-length (LEB128). Base64 of
/// compressible text compresses badly, the text itself does well: that is all the gain there is.
package enum SourceArchive {
  package static let magic: [UInt8] = Array("SHA1".utf8)

  package static func begin(_ output: inout OutputBuffer) {
    output.append(magic.span)
  }

  /// Appends the dossier's delivered bytes.
  package static func append(_ dossier: Dossier, to output: inout OutputBuffer) {
    let parts = dossier.parts.filter { $0.layout != nil }
    output.append(varint: dossier.number)
    output.append(varint: dossier.skeleton.count)
    output.append(varint: parts.count)
    var from = 0
    for part in parts {
      output.append(varint: part.skeletonOffset - from)
      from = part.skeletonOffset
      output.append(varint: part.document.count)
      switch part.layout {
      case .lines(let length, let carriageReturn, let trailing):
        output.append(varint: length << 2 | (carriageReturn ? 2 : 0) | (trailing ? 1 : 0))
      default: output.append(varint: 0)
      }
    }
    let skeleton = dossier.skeleton
    let text = dossier.text
    output.append(skeleton.span)
    for part in parts { output.append(text.span.extracting(part.document)) }
  }

  /// Why an archive could not be read.
  package enum Fault: Error, Hashable {
    case damaged
  }

  /// One dossier of an archive.
  package struct Entry: Sendable {
    package var number: Int
    /// The bytes as delivered.
    package var bytes: [UInt8]
    /// The decoded documents of the parts that were Base64.
    package var documents: [[UInt8]]
  }

  /// Reads the entries back, in order.
  ///
  /// - Parameter wanted: dossier numbers to restore; nil for all.
  package static func entries(_ bytes: [UInt8], wanted: Set<Int>? = nil) throws(Fault) -> [Entry] {
    guard bytes.starts(with: magic) else { throw .damaged }
    var at = magic.count
    func number() throws(Fault) -> Int {
      var value = 0
      var shift = 0
      while true {
        guard at < bytes.count, shift < 56 else { throw .damaged }
        let byte = bytes[at]
        at += 1
        value |= Int(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
    }
    var result: [Entry] = []
    while at < bytes.count {
      let dossier = try number()
      let skeletonCount = try number()
      let partCount = try number()
      guard partCount <= bytes.count else { throw .damaged }
      var parts: [(offset: Int, count: Int, layout: Base64.Layout)] = []
      var offset = 0
      for _ in 0..<partCount {
        offset += try number()
        let count = try number()
        let layout = try number()
        parts.append(
          (
            offset, count,
            layout == 0
              ? .oneLine
              : .lines(length: layout >> 2, carriageReturn: layout & 2 != 0, trailing: layout & 1 != 0)
          ))
      }
      let total = parts.reduce(skeletonCount) { $0 &+ $1.count }
      guard total >= 0, total <= bytes.count - at else { throw .damaged }
      guard wanted?.contains(dossier) ?? true else {
        at += total
        continue
      }
      let skeleton = bytes[at..<at + skeletonCount]
      at += skeletonCount
      var output = OutputBuffer(capacity: total * 4 / 3)
      var from = 0
      var documents: [[UInt8]] = []
      for part in parts {
        guard part.offset >= from, part.offset <= skeletonCount else { throw .damaged }
        output.bytes.append(contentsOf: skeleton[skeleton.startIndex + from..<skeleton.startIndex + part.offset])
        from = part.offset
        Base64.encode(bytes.span.extracting(at..<at + part.count), part.layout, onto: &output)
        documents.append(Array(bytes[at..<at + part.count]))
        at += part.count
      }
      output.bytes.append(contentsOf: skeleton[(skeleton.startIndex + from)...])
      result.append(Entry(number: dossier, bytes: output.bytes, documents: documents))
    }
    return result
  }
}
