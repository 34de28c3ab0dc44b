package import Findings

/// All dossier rules that a schema has the columns for.
package enum RuleBook {
  /// The rules of every letter; each answers nil when the schema lacks a column it needs.
  package static func rules(_ columns: Columns) -> [Rule] {
    let letters: [[Rule]] = [
      letterA(columns), letterB(columns), letterC(columns), letterD(columns), letterE(columns), letterF(columns),
      letterG(columns),
    ]
    return letters.flatMap { $0 }
  }

  /// Codes that nobody has looked at when a dossier of this schema was judged: they need a catalogue that is not there, other visits or the
  /// warehouse. Never to be reported as passed.
  package static func notEvaluated(_ columns: Columns) -> [FindingCode] {
    var codes: [FindingCode] = []
    for (code, place) in places {
      switch place {
      case .catalogue(let name): if columns.codes.catalogues[name] == nil { codes.append(code) }
      case .warehouse, .nowhere: codes.append(code)
      case .reader, .fieldCheck, .judge, .file, .rule: continue
      }
    }
    return codes
  }

  /// Where a code of the list is looked at.
  package enum Place: Hashable, Sendable {
    /// While the file is read (ExtractXML).
    case reader
    /// ``FieldCheck``: a constraint of the field's declaration.
    case fieldCheck
    /// ``Judge``.
    case judge
    /// ``FileCheck``, once the whole file has been read.
    case file
    /// A rule of this book.
    case rule
    /// A rule of this book that is wholly idle without the catalogue.
    case catalogue(String)
    /// Needs other visits: the warehouse.
    case warehouse
    /// Says how other rules compare; makes no finding.
    case nowhere
  }

  /// Every code of the list (A–H), in its order, with the place that looks at it.
  package static let places: [(code: FindingCode, place: Place)] = {
    let counts: [(letter: Unicode.Scalar, count: UInt8)] = [
      ("A", 13), ("B", 33), ("C", 19), ("D", 25), ("E", 20), ("F", 13), ("G", 27), ("H", 7),
    ]
    var places: [(FindingCode, Place)] = []
    for (letter, count) in counts {
      for number in 1...count {
        let code = FindingCode(letter, number)
        places.append((code, elsewhere[code] ?? (letter == "H" ? .warehouse : .rule)))
      }
    }
    return places
  }()

  private static let elsewhere: [FindingCode: Place] = [
    .A01: .reader, .A02: .file, .A03: .reader, .A05: .reader, .A06: .file, .A07: .reader, .A08: .reader, .A11: .judge,
    .A12: .fieldCheck, .A13: .reader, .B01: .fieldCheck, .B02: .fieldCheck, .B03: .fieldCheck, .B04: .fieldCheck,
    .B05: .fieldCheck, .B06: .fieldCheck, .B09: .fieldCheck, .B14: .fieldCheck, .B15: .fieldCheck,
    .B18: .catalogue("traditional_disease"), .B22: .fieldCheck, .B23: .fieldCheck, .B26: .fieldCheck,
    .B30: .fieldCheck, .B33: .catalogue("practitioner"), .C19: .warehouse, .F13: .nowhere, .G16: .fieldCheck,
    .G25: .warehouse, .G27: .warehouse,
  ]
}
