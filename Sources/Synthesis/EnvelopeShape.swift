package import Bytes

/// How an envelope is laid out: the usual way, or one of the ways met in practice.
package struct EnvelopeShape: Sendable, Hashable {
  /// How an inner document stands in NOIDUNGFILE.
  package enum Content: Sendable, Hashable {
    case base64(Base64.Layout)
    /// As elements.
    case inline
    /// As XML text inside a CDATA section.
    case cdata
    /// As XML text with `<` and `&` escaped.
    case escaped
  }

  package var content = Content.base64(.oneLine)
  /// Outer byte order mark.
  package var byteOrderMark = false
  /// Byte order mark of the inner documents.
  package var innerByteOrderMark = false
  package var innerDeclaration = true
  /// xsi and xsd on the root.
  package var namespaces = true
  /// XML1 is the last FILEHOSO.
  package var summaryLast = false
  /// Added to the true number in SOLUONGHOSO.
  package var countError = 0
  /// The fields of every row stand in another order, a different one in every row.
  package var shufflesFields = false
  /// Blank fields as `<X/>`; else `<X></X>`.
  package var selfClosingBlanks = true
  /// CDATA around values with letters beyond ASCII (not together with `content` `.cdata`).
  package var textAsCDATA = false
  /// A line break and blanks before every element of an inner document.
  package var isIndented = false

  package init() {}

  package static let standard = EnvelopeShape()

  package static let base64Lines64 = EnvelopeShape().with { $0.content = .base64(lines(64, carriageReturn: false)) }
  package static let base64Lines76 = EnvelopeShape().with { $0.content = .base64(lines(76, carriageReturn: true)) }
  package static let inline = EnvelopeShape().with { $0.content = .inline }
  package static let cdata = EnvelopeShape().with { $0.content = .cdata }
  package static let escaped = EnvelopeShape().with { $0.content = .escaped }
  package static let withoutDeclaration = EnvelopeShape().with { $0.innerDeclaration = false }
  package static let marked = EnvelopeShape().with {
    $0.byteOrderMark = true
    $0.innerByteOrderMark = true
  }
  package static let summaryAtTheEnd = EnvelopeShape().with { $0.summaryLast = true }
  package static let wrongCount = EnvelopeShape().with { $0.countError = 1 }
  package static let shuffled = EnvelopeShape().with { $0.shufflesFields = true }
  package static let openBlanks = EnvelopeShape().with { $0.selfClosingBlanks = false }
  package static let textInCDATA = EnvelopeShape().with { $0.textAsCDATA = true }
  package static let indented = EnvelopeShape().with { $0.isIndented = true }

  /// Every named shape, for tests that walk them all and for the command line.
  package static let named: [(name: String, shape: EnvelopeShape)] = [
    ("standard", .standard), ("base64-64", .base64Lines64), ("base64-76", .base64Lines76), ("inline", .inline),
    ("cdata", .cdata), ("escaped", .escaped), ("no-declaration", .withoutDeclaration), ("bom", .marked),
    ("xml1-last", .summaryAtTheEnd), ("wrong-count", .wrongCount), ("shuffled", .shuffled),
    ("open-blanks", .openBlanks),
    ("text-cdata", .textInCDATA), ("indented", .indented),
  ]

  package func with(_ change: (inout EnvelopeShape) -> Void) -> EnvelopeShape {
    var copy = self
    change(&copy)
    return copy
  }

  var isBase64: Bool {
    if case .base64 = content { true } else { false }
  }

  private static func lines(_ length: Int, carriageReturn: Bool) -> Base64.Layout {
    .lines(length: length, carriageReturn: carriageReturn, trailing: false)
  }
}
