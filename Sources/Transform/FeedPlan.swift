package import CommonSchema
package import Records

/// Where a feed by definition keeps what identifies a dossier, by number.
package struct DossierIdentity: Sendable {
  package let key: Field
  /// What to name when there is no key: the first field that a function makes it from.
  package let keyField: Field
  /// Days, or minutes.
  package let careDates: [(field: Field, isDay: Bool)]
  package let facility: Field?
}

/// A feed's mapping worked out against its schemas: functions have become derived columns behind those of the source.
package struct FeedPlan: Sendable {
  /// With the derived columns.
  package let schema: SourceSchema
  /// Without functions: every column is filled by a field, a constant or a part of a birth date.
  package let mapping: Mapping
  /// Nil for envelopes, whose tables say it.
  package let identity: DossierIdentity?
  /// What fills the derived columns; nil when there are none.
  package let derivation: Derivation?

  /// - Throws: everything in the mapping that does not fit.
  package init(
    _ mapping: Mapping, dossier: DossierKey?, source: SourceSchema, common: CommonSchema, codes: CodeLists
  ) throws(MappingFaults) {
    var builder = Derivation.Builder(source: source, codes: codes)
    var faults: [MappingFault] = []
    var result = mapping
    for (number, set) in mapping.rowSets.enumerated() {
      guard let table = source.table(set.table), let entity = common.entity(set.entity) else { continue }
      for (index, column) in set.columns.enumerated() {
        guard let target = common.entities[entity].column(column.name) else { continue }
        let type = common.entities[entity].columns[target].type
        let place = set.places[column.name]
        func take(_ formula: Formula, _ logical: LogicalType) -> String? {
          builder.column(
            for: formula, logical, in: table, named: column.name,
            at: MappingFault(rowSet: number, column: column.name, message: "", place: place))
        }
        switch column.source {
        case .field(let name):
          // a plain day becomes a moment at its first minute
          if type == .timestamptz, let field = source.tables[table].columns.first(where: { $0.name == name }),
            field.logical == .date,
            let derived = take(Formula(.date(Formula(.field(name), place: place), formats: [])), .datetime)
          {
            result.rowSets[number].columns[index].source = .field(derived)
          }
        case .constant: break
        case .birthDate(let name), .birthPrecision(let name), .birthMoment(let name):
          guard let field = source.tables[table].columns.first(where: { $0.name == name }),
            field.logical != .birthDatetime
          else { continue }
          let part: Mapping.BirthPart =
            switch column.source {
            case .birthDate: .date
            case .birthPrecision: .precision
            default: .moment
            }
          if let derived = take(Formula(.field(name), place: place), .birthDatetime) {
            result.rowSets[number].columns[index].source = FeedPlan.birth(part, derived)
          }
        case .birth(let part, let formula):
          if let derived = take(formula, .birthDatetime) {
            result.rowSets[number].columns[index].source = FeedPlan.birth(part, derived)
          }
        case .function(let formula):
          guard let logical = FeedPlan.logical(type) else {
            faults.append(
              MappingFault(
                rowSet: number, column: column.name,
                message: "a function cannot fill a column of type \(type.rawValue)",
                mend: "take a field", place: place))
            continue
          }
          if let derived = take(formula, logical) {
            result.rowSets[number].columns[index].source = .field(derived)
          }
        }
      }
    }
    var identity: DossierIdentity?
    if let dossier {
      if let table = source.table(dossier.table) {
        identity = FeedPlan.identity(dossier, table, source, &builder, &faults)
      } else {
        faults.append(
          MappingFault(
            message: "there is no table «\(dossier.table)» in Schemas/\(source.name)",
            mend: "one of \(source.tables.map(\.name).joined(separator: ", "))", place: dossier.place))
      }
    }
    faults += builder.faults
    let schema = builder.schema
    for (number, set) in result.rowSets.enumerated() {
      guard let table = schema.table(set.table), schema.tables[table].isPlain else { continue }
      result.rowSets[number].extra += FeedPlan.leftOver(number, mapping, dossier, schema.tables[table])
    }
    do throws(MappingFaults) {
      _ = try Mapper(result, source: schema, common: common)
    } catch {
      // what a function lacks has been said
      faults += error.faults.filter { fault in
        guard let set = fault.rowSet, let column = fault.column,
          let source = mapping.rowSets[set].columns.first(where: { $0.name == column })?.source
        else { return true }
        switch source {
        case .function, .birth: return false
        default: return true
        }
      }
    }
    if !faults.isEmpty { throw MappingFaults(faults: faults) }
    self.schema = schema
    self.mapping = result
    self.identity = identity
    derivation = builder.derivation
  }

  private static func birth(_ part: Mapping.BirthPart, _ field: String) -> Mapping.Source {
    switch part {
    case .date: .birthDate(field)
    case .precision: .birthPrecision(field)
    case .moment: .birthMoment(field)
    }
  }

  /// The logical type of a derived column that fills a column of this type.
  private static func logical(_ type: ColumnType) -> LogicalType? {
    switch type {
    case .text: .string
    case .integer, .bigint: .integer
    case .numeric: .decimal
    case .date: .date
    case .timestamptz: .datetime
    case .textArray: .stringList
    case .dateArray, .numericArray, .jsonb: nil
    }
  }

  private static func identity(
    _ dossier: DossierKey, _ table: Int, _ source: SourceSchema, _ builder: inout Derivation.Builder,
    _ faults: inout [MappingFault]
  ) -> DossierIdentity? {
    func place(_ number: Int) -> Place? { number < dossier.places.count ? dossier.places[number] : dossier.place }
    func field(_ written: Mapping.Source, _ logical: LogicalType, _ name: String, _ number: Int) -> Field? {
      switch written {
      case .field(let name):
        if let column = source.tables[table].column(name) { return Field(table: table, column: column) }
        faults.append(
          MappingFault(
            message: "\(dossier.table) has no field «\(name)»", mend: near(name, source.tables[table]),
            place: place(number)))
        return nil
      case .function(let formula):
        let derived = builder.column(
          for: formula, logical, in: table, named: name, at: MappingFault(message: "", place: place(number)))
        return derived.flatMap { builder.schema.tables[table].column($0) }.map { Field(table: table, column: $0) }
      case .constant, .birthDate, .birthPrecision, .birthMoment, .birth:
        faults.append(MappingFault(message: "a field or a function is expected for \(name)", place: place(number)))
        return nil
      }
    }
    let key = field(dossier.key, .string, "key", 0)
    var dates: [(field: Field, isDay: Bool)] = []
    for (number, written) in dossier.careDates.enumerated() {
      guard let found = field(written, .datetime, "careDate", number + 1) else { continue }
      let logical = builder.schema.tables[table].columns[found.column].logical
      switch logical {
      case .date: dates.append((found, true))
      case .datetime, .dateOrDatetime: dates.append((found, false))
      default:
        faults.append(
          MappingFault(
            message:
              "careDate needs a date; \(builder.schema.tables[table].columns[found.column].name) is a \(logical.rawValue)",
            mend: "write type: date or datetime in its schema, or { date: FIELD, formats: […] }",
            place: place(number + 1)))
      }
    }
    let facility = dossier.facility.flatMap { field($0, .string, "facility", dossier.careDates.count + 1) }
    guard let key, dates.count == dossier.careDates.count else { return nil }
    let column = builder.schema.tables[table].columns[key.column]
    let keyField = column.isDerived ? column.inputs.first.map { Field(table: table, column: $0) } ?? key : key
    return DossierIdentity(key: key, keyField: keyField, careDates: dates, facility: facility)
  }

  /// Fields of a plain table that nothing takes: the first row set without lists keeps them.
  private static func leftOver(
    _ number: Int, _ mapping: Mapping, _ dossier: DossierKey?, _ table: SourceTable
  ) -> [String] {
    let sets = mapping.rowSets.indices.filter { mapping.rowSets[$0].table == table.name }
    guard mapping.rowSets[number].each.isEmpty else { return [] }
    var taken: Set<String> = []
    // every row has the key and the hospital
    if let dossier, dossier.table == table.name {
      taken.formUnion(kept(by: dossier.key))
      if let facility = dossier.facility { taken.formUnion(kept(by: facility)) }
    }
    for set in sets.map({ mapping.rowSets[$0] }) {
      taken.formUnion(set.extra)
      taken.formUnion(set.each)
      for (_, source) in set.columns { taken.formUnion(kept(by: source)) }
    }
    return table.columns.filter { !$0.isDerived && !taken.contains($0.name) }.map(\.name)
  }

  /// The fields whose content stands whole in a column.
  private static func kept(by source: Mapping.Source) -> [String] {
    switch source {
    case .field, .birthDate, .birthPrecision, .birthMoment, .constant: fields(of: source)
    case .function(let formula), .birth(_, let formula): kept(by: formula)
    }
  }

  /// What only steered a function, or of which it took a part, is not kept by it. The parts of a surrogate are meant to be gone.
  private static func kept(by formula: Formula) -> [String] {
    switch formula.kind {
    case .field(let name): [name]
    case .trim, .upper, .lower, .nfc, .number, .date, .join, .concat: formula.inputs.flatMap { kept(by: $0) }
    case .surrogate: fields(of: formula)
    case .constant, .replace, .match, .split, .substring, .lookup, .arithmetic, .coalesce, .choose, .reference: []
    }
  }

  /// The fields of its own table that a column is filled from.
  package static func fields(of source: Mapping.Source) -> [String] {
    switch source {
    case .field(let name), .birthDate(let name), .birthPrecision(let name), .birthMoment(let name): [name]
    case .constant: []
    case .function(let formula), .birth(_, let formula): fields(of: formula)
    }
  }

  package static func fields(of formula: Formula) -> [String] {
    if case .field(let name) = formula.kind { return [name] }
    return formula.inputs.flatMap { fields(of: $0) }
  }

  /// What to say when a field is not there.
  static func near(_ name: String, _ table: SourceTable) -> String? {
    let names = table.columns.filter { !$0.isDerived }.map(\.name)
    let likely = names.first { $0.lowercased() == name.lowercased() || $0.hasPrefix(name) || name.hasPrefix($0) }
    return likely.map { "did you mean «\($0)»?" } ?? "its fields: \(names.prefix(12).joined(separator: ", "))"
  }
}
