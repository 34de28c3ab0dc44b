internal import Foundation
internal import Records

/// XML Schema 1.0 of a source table's document, and of the envelope around it.
///
/// The lenient form asks what our reader asks: fields are found by name in any order, an unknown element is no mistake, a field does not
/// stand twice. XML Schema 1.0 has no content model for that (`xs:all` takes no wildcard), so a row takes any element, each field is a
/// global element, and keys of the row itself say which must be there: `xs:key` for the required ones, `xs:unique` for the others.
/// The strict form lists the fields in `xs:all`, for programs that make classes of it.
package struct XMLSchemaExport {
  private let codes: [String: CodeListFile]
  private let isStrict: Bool

  package init(codes: [String: CodeListFile], strict: Bool = false) {
    (self.codes, isStrict) = (codes, strict)
  }

  /// The schema of one table; nil when it is no XML document.
  package func document(_ table: SchemaTable, of schema: String) -> String? {
    guard let elements = table.elements else { return nil }
    var text = Self.head(
      "\(schema) \(table.name): \(table.title). "
        + (isStrict ? "Fields in any order, no others." : "Fields in any order; unknown elements are let through."))
    let row = elements.row
    var path: [String] = []
    for name in [elements.root, elements.list] { if let name, name != row, !path.contains(name) { path.append(name) } }
    for (i, name) in path.enumerated() {
      let child = i + 1 < path.count ? path[i + 1] : row
      let many = child == row && elements.hasManyRows ? " maxOccurs=\"unbounded\"" : ""
      text += "  <xs:element name=\"\(name)\">\n    <xs:complexType>\n      <xs:sequence>\n"
      text +=
        isStrict
        ? "        <xs:element ref=\"\(child)\" minOccurs=\"0\"\(many)/>\n"
        : "        <xs:any minOccurs=\"0\" maxOccurs=\"unbounded\" processContents=\"lax\"/>\n"
      text +=
        "      </xs:sequence>\n" + (isStrict ? "" : Self.anyAttribute(6)) + "    </xs:complexType>\n  </xs:element>\n"
    }
    text += "  <xs:element name=\"\(row)\">\n    <xs:complexType>\n"
    if isStrict {
      text += "      <xs:all>\n"
      for field in table.fields {
        text += "        <xs:element ref=\"\(field.name)\"\(isAsked(field) ? "" : " minOccurs=\"0\"")/>\n"
      }
      text += "      </xs:all>\n    </xs:complexType>\n"
    } else {
      text += "      <xs:sequence>\n        <xs:any minOccurs=\"0\" maxOccurs=\"unbounded\" processContents=\"lax\"/>\n"
      text += "      </xs:sequence>\n" + Self.anyAttribute(6) + "    </xs:complexType>\n"
      for field in table.fields {
        let word = isAsked(field) ? "key" : "unique"
        text += "    <xs:\(word) name=\"\(word == "key" ? "needs" : "once").\(field.name)\">"
        text += "<xs:selector xpath=\".\"/><xs:field xpath=\"\(field.name)\"/></xs:\(word)>\n"
      }
    }
    text += "  </xs:element>\n"
    for field in table.fields { text += element(field) }
    return text + "</xs:schema>\n"
  }

  /// The schema of the envelope; what stands in `NOIDUNGFILE` has a schema of its own.
  package func envelope() -> String {
    Self.head(
      "The envelope of QĐ 130, 4750 and 3176 in its usual form. NOIDUNGFILE holds the document in base64, as text or as elements."
    )
      + """
        <xs:element name="GIAMDINHHS">
          <xs:complexType>
            <xs:all>
              <xs:element name="THONGTINDONVI" minOccurs="0">
                <xs:complexType><xs:all><xs:element name="MACSKCB" type="text" minOccurs="0"/></xs:all></xs:complexType>
              </xs:element>
              <xs:element name="THONGTINHOSO">
                <xs:complexType>
                  <xs:all>
                    <xs:element name="NGAYLAP" type="text" minOccurs="0"/>
                    <xs:element name="SOLUONGHOSO" type="count" minOccurs="0"/>
                    <xs:element name="DANHSACHHOSO">
                      <xs:complexType>
                        <xs:sequence><xs:element ref="HOSO" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
                      </xs:complexType>
                    </xs:element>
                  </xs:all>
                </xs:complexType>
              </xs:element>
              <xs:element name="CHUKYDONVI" minOccurs="0" type="anything"/>
            </xs:all>
          </xs:complexType>
        </xs:element>
        <xs:element name="HOSO">
          <xs:complexType>
            <xs:sequence><xs:element ref="FILEHOSO" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
          </xs:complexType>
        </xs:element>
        <xs:element name="FILEHOSO">
          <xs:complexType>
            <xs:all>
              <xs:element name="LOAIHOSO" type="text"/>
              <xs:element name="NOIDUNGFILE" type="anything"/>
            </xs:all>
          </xs:complexType>
        </xs:element>
        <xs:simpleType name="text"><xs:restriction base="xs:token"/></xs:simpleType>
        <xs:simpleType name="count">
          <xs:restriction base="xs:token"><xs:pattern value="[0-9]*"/></xs:restriction>
        </xs:simpleType>
        <xs:complexType name="anything" mixed="true">
          <xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/></xs:sequence>
          <xs:anyAttribute processContents="skip"/>
        </xs:complexType>
      </xs:schema>

      """
  }

  private static func head(_ words: String) -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <!-- Made by songhan schema export. \(words.replacing("--", with: "–")) -->
    <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">

    """
  }

  private static func anyAttribute(_ depth: Int) -> String {
    String(repeating: " ", count: depth) + "<xs:anyAttribute processContents=\"skip\"/>\n"
  }

  private func element(_ field: SchemaField) -> String {
    var text = "  <xs:element name=\"\(field.name)\""
    text += isStrict ? ">\n" : " type=\"\(field.name)\">\n"
    text += "    <xs:annotation><xs:documentation xml:lang=\"vi\">\(Markup.escape(field.title))</xs:documentation>"
    text += "<xs:documentation xml:lang=\"en\">\(Markup.escape(field.summary))</xs:documentation></xs:annotation>\n"
    if isStrict { return text + simpleType(field, nil, "    ") + "  </xs:element>\n" }
    text += "  </xs:element>\n"
    text += simpleType(field, "value.\(field.name)", "  ")
    // an attribute beside a value is no mistake
    text += "  <xs:complexType name=\"\(field.name)\"><xs:simpleContent><xs:extension base=\"value.\(field.name)\">"
    return text + "<xs:anyAttribute processContents=\"skip\"/></xs:extension></xs:simpleContent></xs:complexType>\n"
  }

  private func simpleType(_ field: SchemaField, _ name: String?, _ indent: String) -> String {
    var text = indent + "<xs:simpleType" + (name.map { " name=\"\($0)\"" } ?? "") + ">\n"
    text += indent + "  <xs:restriction base=\"xs:token\">\n"
    for facet in facets(field) { text += indent + "    <xs:\(facet.name) value=\"\(Markup.escape(facet.value))\"/>\n" }
    return text + indent + "  </xs:restriction>\n" + indent + "</xs:simpleType>\n"
  }

  // MARK: values

  /// Whether it must be filled: visits of an earlier edition cannot have a field that came later.
  private func isAsked(_ field: SchemaField) -> Bool { field.isRequired && (isStrict || field.since == nil) }

  private func facets(_ field: SchemaField) -> [(name: String, value: String)] {
    var result: [(name: String, value: String)] = []
    if isAsked(field) { result.append(("minLength", "1")) }
    if let length = field.length { result.append(("maxLength", String(length))) }
    var patterns = self.patterns(field)
    if let codes = enumeration(field) {
      if !isAsked(field) { result.append(("enumeration", "")) }
      result += codes.map { ("enumeration", $0) }
    }
    if !patterns.isEmpty {
      if !isAsked(field) { patterns.append("") }
      result += patterns.map { ("pattern", $0) }
    }
    return result
  }

  /// The codes of a field that holds one of a known list.
  private func enumeration(_ field: SchemaField) -> [String]? {
    if !field.enumeration.isEmpty { return field.enumeration }
    guard field.kind == .code, let list = field.codeList.flatMap({ codes[$0] }), !list.values.isEmpty else {
      return nil
    }
    return list.codes
  }

  private func patterns(_ field: SchemaField) -> [String] {
    if let pattern = field.pattern { return [Self.plain(pattern)] }
    switch field.kind {
    case .integer: return ["[0-9]{1,18}"]
    case .decimal: return [Self.number, Self.minusZero]
    case .date: return Self.days
    case .datetime: return Self.days.map { $0 + Self.time }
    case .dateOrDatetime: return Self.days.map { $0 + "(\(Self.time))?" }
    case .birthDatetime: return Self.births
    case .dateList: return [list("(\(Self.days.joined(separator: "|")))", field)]
    case .decimalList: return [list("-?\(Self.number)", field)]
    case .code:
      if field.catalogue == "facility" { return ["[ -~]{5}"] }
      return field.codeList.flatMap { codes[$0]?.pattern }.map { [Self.plain($0)] } ?? []
    case .codeList:
      if field.catalogue == "facility" { return [list("[!-~-[\(Self.quoted(field.separator ?? ";"))]]{5}", field)] }
      guard let known = field.codeList.flatMap({ codes[$0] }) else { return [] }
      if !known.values.isEmpty {
        return [list("(\(known.codes.map(Self.quoted).joined(separator: "|")))", field)]
      }
      return known.pattern.map { [list("(\(Self.plain($0)))", field)] } ?? []
    case .string, .stringList: return []
    }
  }

  /// A list whose parts may be blank.
  private func list(_ part: String, _ field: SchemaField) -> String {
    let separator = Self.quoted(field.separator ?? ";")
    return "(\(part))?( ?\(separator) ?(\(part))?)*"
  }

  /// An expression of ours as XML Schema has it: it always means the whole value.
  private static func plain(_ pattern: String) -> String {
    var text = pattern
    if text.hasPrefix("^") { text.removeFirst() }
    if text.hasSuffix("$") { text.removeLast() }
    return text
  }

  private static func quoted(_ text: String) -> String {
    text.map { "\\|.-^?*+{}()[]".contains($0) ? "\\\($0)" : String($0) }.joined()
  }

  /// At most 14 digits before the point, not below zero (rule B04).
  private static let number = "0*[0-9]{1,14}(\\.[0-9]+)?"
  private static let minusZero = "-0+(\\.0{1,3}|\\.0{4}[0-9]*)?"
  private static let time = "([01][0-9]|2[0-3])[0-5][0-9]"
  private static let monthAndDay =
    "((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8]))"
  private static let leap = "(0[48]|[2468][048]|[13579][26])"
  /// `yyyyMMdd`, years 1 to 9999.
  private static let days = [
    "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})" + monthAndDay, "([0-9]{2}\(leap)|\(leap)00)0229",
  ]
  /// From 1900 on; month and day, and the time, may be zeros.
  private static let births = [
    "(19|[2-9][0-9])[0-9]{2}\(monthAndDay)(\(time))?",
    "((19|[2-9][0-9])\(leap)|([2468][048]|[3579][26])00)0229(\(time))?",
    "(19|[2-9][0-9])[0-9]{2}0000(0000)?",
  ]
}

/// Text inside XML or HTML.
enum Markup {
  static func escape(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
      "\"", with: "&quot;")
  }
}
