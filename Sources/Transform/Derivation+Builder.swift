internal import Bytes
internal import Findings
internal import Records

extension Derivation {
  /// Compiles functions into derived columns while a mapping is worked out.
  struct Builder {
    private(set) var schema: SourceSchema
    private(set) var faults: [MappingFault] = []
    private let source: SourceSchema
    private let codes: CodeLists
    private var programs: [Program] = []
    private var indexes: [Field] = []
    private var known: [(formula: Formula, table: Int, logical: LogicalType, name: String)] = []

    init(source: SourceSchema, codes: CodeLists) {
      schema = source
      self.source = source
      self.codes = codes
    }

    var derivation: Derivation? {
      programs.isEmpty ? nil : Derivation(programs: programs, indexes: indexes)
    }

    /// The derived column that holds what a function gives; nil, with faults noted, when it cannot be.
    mutating func column(
      for formula: Formula, _ logical: LogicalType, in table: Int, named name: String, at fault: MappingFault
    ) -> String? {
      if let same = known.first(where: { $0.table == table && $0.logical == logical && $0.formula.isSame(as: formula) })
      {
        return same.name
      }
      let before = faults.count
      let index = schema.tables[table].columns.count
      var program = Program(table: table, column: index, logical: logical)
      guard let nature = compile(formula, into: &program, table, fault) else { return nil }
      if let message = mismatch(nature, logical) {
        self.fault(message.0, message.1, formula, fault)
      }
      if faults.count > before { return nil }
      // the last step's field stands for the whole when it is stored
      let fields = FeedPlan.fields(of: formula).compactMap { source.tables[table].column($0) }
      program.fields.append(Field(table: table, column: fields.first ?? 0))
      let label = "=\(name)#\(index)"
      var column = SourceColumn(name: label, logical: logical)
      column.isDerived = true
      column.inputs = fields
      if logical == .stringList { column.separator = UInt8(ascii: ";") }
      programs.append(program)
      var tables = schema.tables
      tables[table] = tables[table].adding([column])
      schema = SourceSchema(name: schema.name, tables: tables)
      known.append((formula, table, logical, label))
      return label
    }

    /// Why a value of this kind cannot fill such a column, and what to do.
    private func mismatch(_ nature: Nature, _ logical: LogicalType) -> (String, String)? {
      let isMoment = [.moment, .day, .year, .birth].contains(nature)
      switch logical {
      case .date, .datetime, .birthDatetime:
        return isMoment
          ? nil : ("a date is needed here", "say how it is written: { date: FIELD, formats: [\"%d/%m/%Y\"] }")
      case .integer, .decimal:
        return isMoment ? ("a number is needed here, and this is a date", "take another field") : nil
      default: return nil
      }
    }

    private mutating func fault(_ message: String, _ mend: String?, _ formula: Formula, _ fault: MappingFault) {
      var fault = fault
      fault.message = message
      fault.mend = mend
      fault.place = formula.place ?? fault.place
      faults.append(fault)
    }

    /// Keeps how a field is read, to be told when a value is not so.
    private mutating func read(_ column: Int?, in table: Int, as forms: [String]) {
      guard let column else { return }
      var tables = schema.tables
      var columns = tables[table].columns
      for form in forms where !columns[column].readAs.contains(form) { columns[column].readAs.append(form) }
      tables[table] = tables[table].replacing(columns: columns)
      schema = SourceSchema(name: schema.name, tables: tables)
    }

    private func nature(_ column: SourceColumn) -> Nature {
      switch column.logical {
      case .integer: .integer
      case .decimal: .decimal
      case .date: .day
      case .datetime, .dateOrDatetime: .moment
      case .birthDatetime: .birth
      default: .text
      }
    }

    /// What two values of a choice are together.
    private func common(_ a: Nature, _ b: Nature) -> Nature {
      if a == b { return a }
      let moments: Set<Nature> = [.moment, .day, .year]
      if moments.contains(a) && moments.contains(b) { return .moment }
      let numbers: Set<Nature> = [.integer, .decimal]
      if numbers.contains(a) && numbers.contains(b) { return .decimal }
      return .text
    }

    private mutating func compile(
      _ formula: Formula, into program: inout Program, _ table: Int, _ at: MappingFault
    ) -> Nature? {
      let own = FeedPlan.fields(of: formula).lazy.compactMap { [source] in source.tables[table].column($0) }.first
      func emit(_ step: Step) {
        program.steps.append(step)
        program.fields.append(Field(table: table, column: own ?? 0))
      }
      func text(_ text: String) -> Int {
        program.texts.append(Array(text.utf8))
        return program.texts.count - 1
      }
      switch formula.kind {
      case .field(let name):
        guard let column = source.tables[table].column(name) else {
          fault(
            "\(source.tables[table].name) has no field «\(name)»", FeedPlan.near(name, source.tables[table]), formula,
            at)
          return nil
        }
        let nature = nature(source.tables[table].columns[column])
        emit(.field(column, nature))
        if source.tables[table].columns[column].plain?.form == .year, program.logical == .birthDatetime {
          emit(.date(-1))
          return .year
        }
        return nature
      case .constant(let value):
        emit(.constant(text(value)))
        return .text
      case .trim(let inner):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        emit(.trim)
        return .text
      case .upper(let inner):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        emit(.upper)
        return .text
      case .lower(let inner):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        emit(.lower)
        return .text
      case .nfc(let inner):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        emit(.nfc)
        return .text
      case .replace(let inner, let from, let to):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        emit(.replace(from: text(from), to: text(to)))
        return .text
      case .match(let inner, let pattern, let group):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        do throws(BytesExpression.Fault) {
          program.patterns.append(try BytesExpression(pattern))
        } catch {
          fault("the pattern cannot be read: \(error.message)", nil, formula, at)
          return nil
        }
        emit(.match(program.patterns.count - 1, group: group))
        return .text
      case .split(let inner, let by, let part):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        emit(.split(by: text(by), part: part))
        return .text
      case .substring(let inner, let from, let length):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        emit(.substring(from: from, length: length ?? .max))
        return .text
      case .join(let all, let with):
        guard compile(all, into: &program, table, at) else { return nil }
        emit(.join(all.count, with: text(with)))
        return .text
      case .concat(let all):
        guard compile(all, into: &program, table, at) else { return nil }
        emit(.concat(all.count))
        return .text
      case .lookup(let inner, let list, let fallback):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        // a list that is not there has been reported where lists are read
        program.lookups.append(
          Lookup(
            table: codes.lookups[list] ?? LookupTable([]), fallback: fallback,
            inputs: FeedPlan.fields(of: inner).compactMap { source.tables[table].column($0) }))
        emit(.lookup(program.lookups.count - 1))
        return .text
      case .number(let inner, let mark, let group):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        program.texts.append(group)
        emit(.number(mark: mark, group: program.texts.count - 1))
        read(own, in: table, as: [SourceColumn.number(mark, group)])
        return .decimal
      case .date(let inner, let formats):
        guard let nature = compile(inner, into: &program, table, at) else { return nil }
        if formats.isEmpty {
          switch nature {
          case .moment, .day, .year, .birth:
            emit(.date(-1))
            return nature
          case .integer:
            emit(.date(-1))
            return .year
          case .text, .decimal:
            fault(
              "how the date is written is not said", "add formats, such as formats: [\"%d/%m/%Y\"]", formula, at)
            return nil
          }
        }
        let patterns = formats.compactMap { DatePattern($0) }
        program.formats.append(patterns)
        emit(.date(program.formats.count - 1))
        read(own, in: table, as: patterns.map(\.spelled))
        let isYear = patterns.allSatisfy(\.isYearOnly)
        return patterns.contains(where: \.hasTime) ? .moment : isYear ? .year : .day
      case .arithmetic(let operation, let all):
        for inner in all {
          guard let nature = compile(inner, into: &program, table, at) else { return nil }
          if [.moment, .day, .year, .birth].contains(nature) {
            fault("\(operation.rawValue) takes numbers, and this is a date", nil, inner, at)
            return nil
          }
        }
        emit(.arithmetic(operation, all.count))
        return .decimal
      case .coalesce(let all):
        var result: Nature?
        var jumps: [Int] = []
        for (number, inner) in all.enumerated() {
          guard let nature = compile(inner, into: &program, table, at) else { return nil }
          result = result.map { common($0, nature) } ?? nature
          if number + 1 < all.count {
            jumps.append(program.steps.count)
            emit(.jumpIfFilled(0))
          }
        }
        for jump in jumps { program.steps[jump] = .jumpIfFilled(program.steps.count) }
        return result
      case .choose(let conditions, let then, let otherwise):
        var tests: [Test] = []
        for condition in conditions {
          guard let test = test(condition, table, formula, at) else { return nil }
          tests.append(test)
        }
        program.tests.append(tests)
        let number = program.tests.count - 1
        let test = program.steps.count
        emit(.jumpUnless(number, 0))
        guard var nature = compile(then, into: &program, table, at) else { return nil }
        let end = program.steps.count
        emit(.jump(0))
        program.steps[test] = .jumpUnless(number, program.steps.count)
        if let otherwise {
          guard let other = compile(otherwise, into: &program, table, at) else { return nil }
          nature = common(nature, other)
        } else {
          emit(.blank)
        }
        program.steps[end] = .jump(program.steps.count)
        return nature
      case .surrogate(let all, let prefix):
        guard compile(all, into: &program, table, at) else { return nil }
        emit(.surrogate(all.count, prefix: text(prefix)))
        program.usesKey = true
        return .text
      case .reference(let inner, let name, let on, let take):
        guard compile(inner, into: &program, table, at) != nil else { return nil }
        guard let target = source.table(name) else {
          fault(
            "there is no table «\(name)» in Schemas/\(source.name)",
            "one of \(source.tables.map(\.name).joined(separator: ", "))", formula, at)
          return nil
        }
        let records = source.tables[target]
        guard let key = on ?? (records.primaryKey.count == 1 ? records.primaryKey[0] : nil) else {
          fault(
            "\(name) has no primaryKey of one field", "add it to its schema, or say which field is meant: on: FIELD",
            formula, at)
          return nil
        }
        guard let onColumn = records.column(key), let taken = records.column(take) else {
          let missing = records.column(key) == nil ? key : take
          fault("\(name) has no field «\(missing)»", FeedPlan.near(missing, records), formula, at)
          return nil
        }
        let field = Field(table: target, column: onColumn)
        if !indexes.contains(field) { indexes.append(field) }
        let nature = nature(records.columns[taken])
        program.references.append(
          Reference(
            table: target, on: onColumn, take: taken, nature: nature, index: indexes.firstIndex(of: field) ?? 0))
        emit(.reference(program.references.count - 1))
        return nature
      }
    }

    private mutating func compile(_ all: [Formula], into program: inout Program, _ table: Int, _ at: MappingFault)
      -> Bool
    {
      var isWhole = true
      for inner in all where compile(inner, into: &program, table, at) == nil { isWhole = false }
      return isWhole
    }

    private mutating func test(_ condition: Condition, _ table: Int, _ formula: Formula, _ at: MappingFault) -> Test? {
      let name = condition.table ?? source.tables[table].name
      guard let target = source.table(name), let column = source.tables[target].column(condition.field) else {
        fault("the condition names a field «\(name).\(condition.field)» that is not there", nil, formula, at)
        return nil
      }
      let codes: [[UInt8]] =
        switch condition.test {
        case .isIn(let codes), .isNotIn(let codes): codes.map { Array($0.utf8) }
        default: []
        }
      return Test(
        field: Field(table: target, column: column), isOwnRow: target == table, test: condition.test, codes: codes,
        separator: source.tables[target].columns[column].separator)
    }
  }
}
