package import Bytes
package import Findings

/// What kind of value a source field holds: the `logical` key of a schema file.
package enum LogicalType: String, Sendable, Hashable, CaseIterable {
  case string
  case integer
  case decimal
  /// `yyyyMMdd`
  case date
  /// `yyyyMMddHHmm`, local time of Viet Nam
  case datetime
  /// `yyyyMMddHHmm`, unknown parts zero
  case birthDatetime = "birth_datetime"
  case dateOrDatetime = "date_or_datetime"
  case code
  case codeList = "code_list"
  case stringList = "string_list"
  case dateList = "date_list"
  case decimalList = "decimal_list"

  package var isList: Bool {
    switch self {
    case .codeList, .stringList, .dateList, .decimalList: true
    default: false
    }
  }
}

/// One atom of a condition under which a field is required; the atoms of a condition must all hold.
package struct Condition: Sendable, Hashable {
  package enum Test: Sendable, Hashable {
    case filled
    case blank
    case isIn([String])
    case isNotIn([String])
  }
  /// Name of the source table the field stands in; nil for the row's own table.
  package var table: String?
  package var field: String
  package var test: Test

  package init(table: String? = nil, field: String, test: Test) {
    (self.table, self.field, self.test) = (table, field, test)
  }
}

/// One field of a source table, as its schema file declares it.
package struct SourceColumn: Sendable {
  package var name: String
  package var logical: LogicalType
  /// Vietnamese label.
  package var title: String
  package var summary: String
  package var isRequired: Bool
  /// When all atoms hold the field must be filled (rule B02); empty when the row cannot decide it.
  package var requiredWhen: [Condition]
  /// The largest number of characters any source allows (rule B03: reject above).
  package var maxLength: Int?
  /// Characters above which rule B03 warns.
  package var warnAboveLength: Int?
  /// Decimals of a number.
  package var scale: Int?
  package var separator: UInt8?
  /// Name of the code list (`Schemas/codes/<name>.csv`).
  package var codeList: String?
  /// Name of the catalogue outside this standard.
  package var catalogue: String?
  /// A field of XML1 that this one repeats (rule G01).
  package var mustEqual: (table: String, field: String)?
  /// The edition that brought the field; visits of earlier ones cannot lack it. Nil when the base text has it.
  package var since: Dossier.Edition?
  /// What the field was called in earlier editions.
  package var formerName: String?
  /// Filled by a function of the mapping, never by a file; such columns stand behind all others.
  package var isDerived = false
  /// Of a derived column: the columns of its table that it is worked out from.
  package var inputs: [Int] = []
  /// How a field of a plain Table Schema file writes its values; nil for the fields of the decisions.
  package var plain: PlainField?
  /// How functions of the mapping read the field's dates and numbers, as people write it.
  package var readAs: [String] = []

  package init(
    name: String, logical: LogicalType, title: String = "", summary: String = "", isRequired: Bool = false,
    requiredWhen: [Condition] = [], maxLength: Int? = nil, warnAboveLength: Int? = nil, scale: Int? = nil,
    separator: UInt8? = nil, codeList: String? = nil, catalogue: String? = nil,
    mustEqual: (table: String, field: String)? = nil
  ) {
    self.name = name
    self.logical = logical
    self.title = title
    self.summary = summary
    self.isRequired = isRequired
    self.requiredWhen = requiredWhen
    self.maxLength = maxLength
    self.warnAboveLength = warnAboveLength
    self.scale = scale
    self.separator = separator
    self.codeList = codeList
    self.catalogue = catalogue
    self.mustEqual = mustEqual
  }
}

extension SourceColumn {
  /// How its dates or numbers are to be written, for the hospital: `dd/MM/yyyy HH:mm`; nil for other values.
  package var form: String? {
    if let plain {
      switch plain.form {
      case .date, .datetime: return plain.patterns.isEmpty ? "yyyy-MM-dd" : joined(plain.patterns.map(\.spelled))
      case .year: return "yyyy"
      case .integer, .number:
        return SourceColumn.number(
          plain.form == .integer ? nil : plain.decimalMark ?? UInt8(ascii: "."), plain.groupMark ?? [])
      case .text, .boolean: return readAs.isEmpty ? nil : joined(readAs)
      }
    }
    switch logical {
    case .date, .dateList: return "yyyyMMdd"
    case .datetime, .birthDatetime: return "yyyyMMddHHmm"
    case .dateOrDatetime: return "yyyyMMdd, yyyyMMddHHmm"
    case .integer: return SourceColumn.number(nil, [])
    case .decimal, .decimalList: return SourceColumn.number(UInt8(ascii: "."), [])
    case .string, .code, .codeList, .stringList: return nil
    }
  }

  private func joined(_ forms: [String]) -> String { forms.joined(separator: ", ") }

  /// A number with these marks: `1.234.567,5`.
  package static func number(_ decimalMark: UInt8?, _ groupMark: [UInt8]) -> String {
    let whole = ["1", "234", "567"].joined(separator: String(decoding: groupMark, as: UTF8.self))
    return decimalMark.map { whole + String(decoding: [$0], as: UTF8.self) + "5" } ?? whole
  }
}

/// What a plain Table Schema file says of a field beyond what the decisions say of theirs: how its values are written, and what they must keep to.
package struct PlainField: Sendable {
  package enum Form: String, Sendable, Hashable {
    case text = "string"
    case integer
    case number
    case boolean
    case date
    case datetime
    case year
  }

  package var form: Form
  /// How a date is written; several only where a function says so.
  package var patterns: [DatePattern] = []
  /// Nil: the dialect's, else a point.
  package var decimalMark: UInt8?
  /// Between groups of digits; nil: the dialect's, else none.
  package var groupMark: [UInt8]?
  /// False: other signs may stand around a number (`95 %`, `đ 12000`).
  package var isBareNumber = true
  package var trueValues: [[UInt8]] = PlainField.trueWords
  package var falseValues: [[UInt8]] = PlainField.falseWords
  /// Cells that mean «missing», besides the empty one.
  package var missingValues: [[UInt8]] = []
  package var minLength: Int?
  /// What the whole text must look like.
  package var pattern: BytesExpression?
  /// The values it may have, as written in the schema; empty: any.
  package var choices: [String] = []
  package var minimum: String?
  package var maximum: String?
  /// Whether the bound itself is allowed.
  package var takesMinimum = true
  package var takesMaximum = true
  /// No two rows of a file have the same value.
  package var isUnique = false

  package init(_ form: Form) { self.form = form }

  /// The words of the standard.
  package static let trueWords = ["true", "True", "TRUE", "1"].map { Array($0.utf8) }
  package static let falseWords = ["false", "False", "FALSE", "0"].map { Array($0.utf8) }
}

/// One source table (`XML2`): the elements its rows stand in and its columns.
package struct SourceTable: Sendable {
  package let name: String
  /// Vietnamese title.
  package let title: String
  /// Root element of the inner document; nil where no source knows it (XML12).
  package let root: String?
  /// Element that holds the rows; nil when rows stand directly below the root, or the root is the row.
  package let list: String?
  package let row: String
  /// True when a document holds any number of rows, false when its root is the one row.
  package let hasManyRows: Bool
  package let columns: [SourceColumn]
  package let columnNames: NameTable
  /// Columns whose values name a row of this table; empty when nothing does.
  package var primaryKey: [String] = []
  package var foreignKeys: [ForeignKey] = []
  /// Cells that mean «missing» (Table Schema), besides the empty one.
  package var missingValues: [String] = []
  /// True for a plain Table Schema file: values are written as its `type` and `format` say, not as the decisions do.
  package var isPlain: Bool { columns.contains { $0.plain != nil } }

  /// A reference to a row of another table of the schema, as Table Schema writes it.
  package struct ForeignKey: Sendable, Hashable {
    package var fields: [String]
    package var table: String
    package var tableFields: [String]

    package init(fields: [String], table: String, tableFields: [String]) {
      (self.fields, self.table, self.tableFields) = (fields, table, tableFields)
    }
  }

  package init(
    name: String, title: String = "", root: String?, list: String?, row: String, hasManyRows: Bool,
    columns: [SourceColumn]
  ) {
    self.name = name
    self.title = title
    self.root = root
    self.list = list
    self.row = row
    self.hasManyRows = hasManyRows
    self.columns = columns
    columnNames = NameTable(columns.map(\.name))
  }

  package func column(_ name: String) -> Int? { columnNames.number(of: name) }

  /// The table with derived columns behind its own.
  package func adding(_ derived: [SourceColumn]) -> SourceTable {
    derived.isEmpty ? self : replacing(columns: columns + derived)
  }

  /// The table with other columns.
  package func replacing(columns: [SourceColumn]) -> SourceTable {
    var table = SourceTable(
      name: name, title: title, root: root, list: list, row: row, hasManyRows: hasManyRows, columns: columns)
    table.primaryKey = primaryKey
    table.foreignKeys = foreignKeys
    table.missingValues = missingValues
    return table
  }
}

/// The tables of one edition of the standard (`qd3176`, `qd4210`).
package struct SourceSchema: Sendable {
  package let name: String
  package let tables: [SourceTable]

  package init(name: String, tables: [SourceTable]) {
    self.name = name
    self.tables = tables
  }

  /// The number of the table in this schema, by its name.
  package func table(_ name: String) -> Int? { tables.firstIndex { $0.name == name } }
}

extension SourceSchema {
  /// The finding with the names of this schema.
  package func named(_ finding: Finding) -> NamedFinding {
    let table = tables.indices.contains(Int(finding.table)) ? tables[Int(finding.table)] : nil
    func path(_ table: Int16, _ column: Int16) -> String? {
      guard tables.indices.contains(Int(table)) else { return nil }
      let columns = tables[Int(table)].columns
      return columns.indices.contains(Int(column)) ? "\(tables[Int(table)].name).\(columns[Int(column)].name)" : nil
    }
    let column = table.flatMap {
      $0.columns.indices.contains(Int(finding.column)) ? $0.columns[Int(finding.column)] : nil
    }
    return NamedFinding(
      code: finding.code, severity: finding.severity, table: table?.name, row: Int(finding.row),
      field: column?.name ?? finding.unknownName, other: finding.other.flatMap { path($0.table, $0.column) },
      found: finding.found,
      limit: finding.limit, difference: finding.difference, byteOffset: finding.byteOffset,
      form: finding.code == .B04 || finding.code == .B06 ? column?.form : nil)
  }
}
