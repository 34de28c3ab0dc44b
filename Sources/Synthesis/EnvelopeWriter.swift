internal import Bytes

/// Writes envelopes, dossier by dossier, onto a buffer that the caller empties.
struct EnvelopeWriter {
  private let shape: EnvelopeShape
  private var inner = OutputBuffer()
  /// Shuffles fields; started anew for every visit, so that the same visit is always written the same.
  private var dice = Dice(seed: 0)

  init(shape: EnvelopeShape) { self.shape = shape }

  static let declaration: StaticString = "<?xml version=\"1.0\" encoding=\"utf-8\"?>"

  func start(facility: String, day: CivilDate, dossiers: Int, onto output: inout OutputBuffer) {
    if shape.byteOrderMark { output.append("\u{FEFF}" as StaticString) }
    output.append(EnvelopeWriter.declaration)
    output.append("\n<GIAMDINHHS" as StaticString)
    if shape.namespaces {
      output.append(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"" as StaticString)
      output.append(" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"" as StaticString)
    }
    output.append("><THONGTINDONVI><MACSKCB>" as StaticString)
    EnvelopeWriter.escape(facility, onto: &output)
    output.append("</MACSKCB></THONGTINDONVI><THONGTINHOSO><NGAYLAP>" as StaticString)
    output.append(Digits.date(day))
    output.append("</NGAYLAP><SOLUONGHOSO>" as StaticString)
    output.append(String(dossiers + shape.countError))
    output.append("</SOLUONGHOSO><DANHSACHHOSO>\n" as StaticString)
  }

  mutating func append(_ visit: Visit, onto output: inout OutputBuffer) {
    dice = Dice(visit.key.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) })
    output.append("<HOSO>\n" as StaticString)
    for table in visit.tables where !(shape.summaryLast && table.name == "XML1") { append(table, onto: &output) }
    if shape.summaryLast {
      for table in visit.tables where table.name == "XML1" { append(table, onto: &output) }
    }
    output.append("</HOSO>\n" as StaticString)
  }

  func end(onto output: inout OutputBuffer) {
    output.append("</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>\n" as StaticString)
  }

  private mutating func append(_ table: SampleTable, onto output: inout OutputBuffer) {
    output.append("<FILEHOSO><LOAIHOSO>" as StaticString)
    EnvelopeWriter.escape(table.name, onto: &output)
    output.append("</LOAIHOSO><NOIDUNGFILE>" as StaticString)
    // taken out while it is written to, so that the writer itself can be changed on the way
    var inner = OutputBuffer()
    swap(&inner, &self.inner)
    inner.removeAll()
    if shape.innerByteOrderMark && shape.content != .inline { inner.append("\u{FEFF}" as StaticString) }
    if shape.innerDeclaration && shape.content != .inline { inner.append(EnvelopeWriter.declaration) }
    appendRows(table, onto: &inner)
    if table.damage == .truncated, shape.content != .inline { inner.bytes.removeLast(9) }
    switch shape.content {
    case .base64(let layout):
      let start = output.count
      Base64.encode(inner.bytes.span, layout, onto: &output)
      if table.damage == .brokenBase64 {
        var middle = (start + output.count) / 2
        while Text.isSpace(output.bytes[middle]) { middle += 1 }
        output.bytes[middle] = UInt8(ascii: "*")
      }
    case .inline:
      output.append(inner.bytes.span)
    case .cdata:
      output.append("<![CDATA[" as StaticString)
      output.append(inner.bytes.span)
      output.append("]]>" as StaticString)
    case .escaped:
      EnvelopeWriter.escape(inner.bytes.span, onto: &output)
    }
    output.append("</NOIDUNGFILE></FILEHOSO>\n" as StaticString)
    swap(&inner, &self.inner)
  }

  /// Root, list and rows of one table, without a declaration.
  mutating func appendRows(_ table: SampleTable, onto output: inout OutputBuffer) {
    let layout = table.layout
    var root = layout.root
    if case .root(let other) = table.damage { root = other }
    if layout.isSingle {
      for row in table.rows { append(row, in: root, depth: 0, onto: &output) }
    } else {
      open(root, depth: 0, onto: &output)
      if let list = layout.list { open(list, depth: 1, onto: &output) }
      let depth = layout.list == nil ? 1 : 2
      for row in table.rows { append(row, in: layout.row, depth: depth, onto: &output) }
      if let list = layout.list { close(list, depth: 1, onto: &output) }
      close(root, depth: 0, onto: &output)
    }
  }

  mutating func append(_ row: SampleRow, in element: String, depth: Int = 0, onto output: inout OutputBuffer) {
    if shape.shufflesFields {
      var shuffled = row
      for i in stride(from: row.names.count - 1, to: 0, by: -1) { shuffled.swapFields(i, dice.below(i + 1)) }
      write(shuffled, in: element, depth: depth, onto: &output)
    } else {
      write(row, in: element, depth: depth, onto: &output)
    }
  }

  private func write(_ row: SampleRow, in element: String, depth: Int, onto output: inout OutputBuffer) {
    open(element, depth: depth, onto: &output)
    for i in row.names.indices {
      let name = row.names[i]
      let value = row.values[i]
      if shape.isIndented { breakLine(depth + 1, onto: &output) }
      output.append(UInt8(ascii: "<"))
      output.append(name)
      if value.isEmpty && shape.selfClosingBlanks {
        output.append("/>" as StaticString)
        continue
      }
      output.append(UInt8(ascii: ">"))
      if shape.textAsCDATA, value.utf8.contains(where: { $0 >= 0x80 }) {
        output.append("<![CDATA[" as StaticString)
        output.append(value)
        output.append("]]>" as StaticString)
      } else {
        EnvelopeWriter.escape(value, onto: &output)
      }
      output.append("</" as StaticString)
      output.append(name)
      output.append(UInt8(ascii: ">"))
    }
    close(element, depth: depth, onto: &output)
  }

  private func open(_ element: String, depth: Int, onto output: inout OutputBuffer) {
    if shape.isIndented { breakLine(depth, onto: &output) }
    output.append(UInt8(ascii: "<"))
    output.append(element)
    output.append(UInt8(ascii: ">"))
  }

  private func close(_ element: String, depth: Int, onto output: inout OutputBuffer) {
    if shape.isIndented { breakLine(depth, onto: &output) }
    output.append("</" as StaticString)
    output.append(element)
    output.append(UInt8(ascii: ">"))
  }

  private func breakLine(_ depth: Int, onto output: inout OutputBuffer) {
    output.append("\n" as StaticString)
    for _ in 0..<depth { output.append("  " as StaticString) }
  }

  private static func escape(_ value: String, onto output: inout OutputBuffer) {
    if value.utf8.contains(where: isMarkup) {
      escape(Array(value.utf8).span, onto: &output)
    } else {
      output.append(value)
    }
  }

  private static func escape(_ text: Span<UInt8>, onto output: inout OutputBuffer) {
    for i in text.indices {
      switch text[i] {
      case UInt8(ascii: "<"): output.append("&lt;" as StaticString)
      case UInt8(ascii: ">"): output.append("&gt;" as StaticString)
      case UInt8(ascii: "&"): output.append("&amp;" as StaticString)
      case let byte: output.append(byte)
      }
    }
  }

  private static func isMarkup(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&")
  }
}
