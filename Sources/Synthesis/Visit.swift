package import Bytes

/// One row of a table: field names and values, in the order they are written; a test may change, drop or add any of them.
package struct SampleRow: Sendable, Hashable {
  /// Field names; shared between rows until one of them is edited.
  package private(set) var names: [String]
  package var values: [String]

  /// A row with every field of the table, in order.
  init(_ layout: TableLayout, _ values: [String]) {
    precondition(values.count == layout.fields.count, "A row has one value for every field of its table.")
    names = layout.fields
    self.values = values
  }

  /// A row with the named fields only.
  package init(fields: [(name: String, value: String)]) {
    names = fields.map(\.name)
    values = fields.map(\.value)
  }

  package var fields: [(name: String, value: String)] {
    zip(names, values).map { (name: $0, value: $1) }
  }

  /// The value of the first field of that name; "" where there is none. Setting a name the row lacks adds it at the end.
  package subscript(name: String) -> String {
    get {
      guard let index = names.firstIndex(of: name) else { return "" }
      return values[index]
    }
    set {
      if let index = names.firstIndex(of: name) {
        values[index] = newValue
      } else {
        append(name, newValue)
      }
    }
  }

  /// Adds a field at the end, even when the name is there already.
  package mutating func append(_ name: String, _ value: String) {
    names.append(name)
    values.append(value)
  }

  /// Takes the first field of that name out.
  package mutating func remove(_ name: String) {
    guard let index = names.firstIndex(of: name) else { return }
    names.remove(at: index)
    values.remove(at: index)
  }

  mutating func swapFields(_ a: Int, _ b: Int) {
    names.swapAt(a, b)
    values.swapAt(a, b)
  }
}

/// One FILEHOSO: a table of a visit.
package struct SampleTable: Sendable, Hashable {
  /// What is wrong with the inner document as a whole.
  package enum Damage: Sendable, Hashable {
    case none
    /// A character that is no Base64 letter in the middle of the text.
    case brokenBase64
    /// The end of the inner document is cut off.
    case truncated
    /// The inner root is called otherwise.
    case root(String)
  }

  /// What LOAIHOSO says.
  package var name: String
  package let layout: TableLayout
  package var rows: [SampleRow]
  package var damage = Damage.none

  package init(_ layout: TableLayout, rows: [SampleRow] = []) {
    name = layout.code
    self.layout = layout
    self.rows = rows
  }
}

/// One visit (HOSO) with all its tables, ready to be edited and written.
package struct Visit: Sendable, Hashable {
  /// MACSKCB of the envelope.
  package var facility: String
  /// MA_LK.
  package let key: String
  /// In the order they are written; the same name may occur twice.
  package var tables: [SampleTable]

  package init(facility: String, key: String, tables: [SampleTable]) {
    self.facility = facility
    self.key = key
    self.tables = tables
  }

  /// The rows of the first table of that name; setting no rows takes the table out.
  package subscript(name: String) -> [SampleRow] {
    get { tables.first { $0.name == name }?.rows ?? [] }
    set {
      if let index = tables.firstIndex(where: { $0.name == name }) {
        if newValue.isEmpty { tables.remove(at: index) } else { tables[index].rows = newValue }
      } else if !newValue.isEmpty, let layout = QD3176.all.first(where: { $0.code == name }) {
        tables.append(SampleTable(layout, rows: newValue))
      }
    }
  }

  /// The one row of XML1.
  package var summary: SampleRow {
    get { self["XML1"][0] }
    set { self["XML1"][0] = newValue }
  }

  /// Writes an envelope that holds this visit alone.
  package func write<E: Error>(
    day: CivilDate = SampleGenerator.lastDay, shape: EnvelopeShape = .standard,
    into sink: (Span<UInt8>) throws(E) -> Void
  ) throws(E) {
    try Visit.write([self], facility: facility, day: day, shape: shape, into: sink)
  }

  /// Writes an envelope that holds these visits, in this order; `day` becomes NGAYLAP.
  package static func write<E: Error>(
    _ visits: [Visit], facility: String, day: CivilDate = SampleGenerator.lastDay, shape: EnvelopeShape = .standard,
    into sink: (Span<UInt8>) throws(E) -> Void
  ) throws(E) {
    var writer = EnvelopeWriter(shape: shape)
    var output = OutputBuffer()
    writer.start(facility: facility, day: day, dossiers: visits.count, onto: &output)
    for visit in visits {
      writer.append(visit, onto: &output)
      try sink(output.bytes.span)
      output.removeAll()
    }
    writer.end(onto: &output)
    try sink(output.bytes.span)
  }
}
