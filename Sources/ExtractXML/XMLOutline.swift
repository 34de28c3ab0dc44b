internal import Bytes
package import Findings
package import Records

/// The elements and attributes of a document by their paths, with how often they stand where; values are told as they come.
///
/// Reads once, with the limits of every other reader. Memory grows with the number of different paths, which has a limit, not with the file.
package struct XMLOutline: Sendable {
  /// All elements, or attributes, of one path.
  package struct Node: Sendable {
    package var name: String
    package var namespace: String?
    /// Number of the element around it; -1 for the root.
    package var parent: Int
    package var isAttribute: Bool
    package var children: [Int] = []
    package var count = 0
    /// The most that stand in one element around them.
    package var most = 0
    /// One has a text of its own beside elements or attributes, or as all of it.
    package var hasText = false
  }

  /// In the order in which they come first.
  package fileprivate(set) var nodes: [Node] = []
  package fileprivate(set) var encoding = "UTF-8"
  /// Why reading ended before the document's end.
  package fileprivate(set) var refusal: FindingCode?

  /// More paths belong to no export.
  fileprivate static let mostNodes = 4096

  /// - Parameters:
  ///   - source: appends up to `most` bytes of the file (gzip already taken off) and says how many; 0 at the end.
  ///   - take: gets each value that is not blank, trimmed, with the number of its node.
  package init(
    source: @escaping (_ most: Int, _ target: inout [UInt8]) throws(ReaderFailure) -> Int,
    take: @escaping (_ node: Int, _ value: [UInt8]) -> Void
  ) throws(ReaderFailure) {
    var scanner = Scanner(window: InputWindow(source: source))
    let beginning = try scanner.begin()
    encoding = beginning.encoding
    if let code = beginning.refusal {
      refusal = code
      return
    }
    let events = Outlining(take: take)
    // a CDATA section is silent until it ends
    let parser = try PushParser(events: events, longestSilence: 2 << 20)
    scanner.window.drop(beginning.bodyStart)
    var isValid = true
    while isValid, try scanner.window.fill(to: 1) {
      isValid = try parser.feed(scanner.window.bytes) && events.nodes.count <= XMLOutline.mostNodes
      scanner.window.drop(scanner.window.bytes.count)
    }
    let isTooWide = events.nodes.count > XMLOutline.mostNodes
    let isCut = isValid && !parser.isComplete
    if isValid { isValid = try parser.finish() }
    if isTooWide || !isValid { refusal = isTooWide ? .T51 : parser.hasDoctype ? .S12 : isCut ? .S04 : .A01 }
    nodes = events.nodes
  }
}

private final class Outlining: ParserEvents {
  var nodes: [XMLOutline.Node] = []
  private let take: (Int, [UInt8]) -> Void

  /// An open element: its node, its own text, and what stood in it so far.
  private struct Frame {
    var node: Int
    var text: [UInt8] = []
    var counts: [Int: Int] = [:]
  }
  private var frames: [Frame] = []

  init(take: @escaping (Int, [UInt8]) -> Void) { self.take = take }

  /// The node of a name in the open element, counted once more.
  private func count(_ name: String, _ namespace: String?, isAttribute: Bool) -> Int {
    let parent = frames.last?.node ?? -1
    let siblings = parent >= 0 ? nodes[parent].children : nodes.isEmpty ? [] : [0]
    let known = siblings.first {
      nodes[$0].name == name && nodes[$0].namespace == namespace && nodes[$0].isAttribute == isAttribute
    }
    let number = known ?? nodes.count
    if known == nil {
      // beyond the limit reading ends; what is still fed is put with the last
      nodes.append(XMLOutline.Node(name: name, namespace: namespace, parent: parent, isAttribute: isAttribute))
      if parent >= 0 { nodes[parent].children.append(number) }
    }
    nodes[number].count += 1
    var here = 1
    if !frames.isEmpty {
      here = (frames[frames.count - 1].counts[number] ?? 0) + 1
      frames[frames.count - 1].counts[number] = here
    }
    nodes[number].most = max(nodes[number].most, here)
    return number
  }

  private func text(of namespace: UnsafePointer<UInt8>?) -> String? {
    guard let namespace = unsafe namespace else { return nil }
    return unsafe String(cString: namespace)
  }

  func open(_ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?) {
    let number = unsafe count(String(decoding: name, as: UTF8.self), text(of: namespace), isAttribute: false)
    if !frames.isEmpty, !frames[frames.count - 1].text.isEmpty { frames[frames.count - 1].text.append(0x20) }
    frames.append(Frame(node: number))
  }

  /// Those with a prefix (`xsi:nil`, `xml:space`) stay with what nobody names.
  func attribute(
    _ name: UnsafeBufferPointer<UInt8>, in namespace: UnsafePointer<UInt8>?, hasPrefix: Bool,
    _ value: UnsafeBufferPointer<UInt8>
  ) {
    guard !hasPrefix else { return }
    let number = unsafe count(String(decoding: name, as: UTF8.self), nil, isAttribute: true)
    var text: [UInt8] = []
    unsafe PushParser.append(attribute: value, to: &text)
    hand(number, text)
  }

  func text(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard !frames.isEmpty, frames[frames.count - 1].text.count < RowBuilder.longestField else { return }
    unsafe frames[frames.count - 1].text.append(contentsOf: bytes)
  }

  func close() {
    guard let frame = frames.popLast() else { return }
    hand(frame.node, frame.text)
  }

  private func hand(_ node: Int, _ text: [UInt8]) {
    let trimmed = Text.trimmed(text.span)
    guard !trimmed.isEmpty else { return }
    nodes[node].hasText = true
    take(node, Array(text[trimmed]))
  }
}
