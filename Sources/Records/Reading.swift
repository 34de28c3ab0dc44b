/// How the bytes of a feed become records: what its `reader` key says, and what belongs to it.
package enum Reading: Sendable {
  /// Envelopes of the Ministry's decisions.
  case envelope
  /// Delimited text: one file, or several that belong together.
  case csv(TabularLayout)
  /// Any XML, cut into records by element paths.
  case xmlRows(XMLRowLayout)

  /// The layout of delimited text, when it is that.
  package var tabular: TabularLayout? {
    if case .csv(let layout) = self { layout } else { nil }
  }
}

/// The encodings that exports come in. The raw value is how a feed writes it.
package enum TextEncoding: String, Sendable, Hashable, CaseIterable {
  case utf8 = "utf-8"
  case utf16LE = "utf-16le"
  case utf16BE = "utf-16be"
  case ascii = "us-ascii"
  case windows1258 = "windows-1258"
  case windows1252 = "windows-1252"
  /// TCVN 5712:1993, also called ABC: one byte a letter.
  case tcvn3
  /// VNI-Windows: a letter and a byte for its marks.
  case vni = "vni-windows"
}

/// The shape of a delimited text. Names and defaults follow the Table Dialect standard (https://datapackage.org/standard/table-dialect/).
package struct TabularDialect: Sendable, Hashable {
  package var delimiter = UInt8(ascii: ",")
  /// Nil: no quoting at all.
  package var quote: UInt8? = UInt8(ascii: "\"")
  /// A quote inside a quoted cell is written twice.
  package var doublesQuotes = true
  /// Takes the next character as it is, inside and outside of quotes.
  package var escape: UInt8?
  /// A line that begins so is no row.
  package var comment: [UInt8] = []
  /// Lines before the header that are no data: titles, empty lines.
  package var linesToSkip = 0
  package var hasHeader = true
  /// Blanks behind a delimiter do not count.
  package var skipsInitialSpace = false
  /// A row whose first filled cell begins with one of these is a footer: it ends the table.
  package var footers: [[UInt8]] = []
  /// Each row may end with one delimiter more than the header has columns.
  package var allowsTrailingDelimiter = false
  /// Cells that mean «missing», compared after trimming; the empty cell always does.
  package var missingValues: [[UInt8]] = []
  package var isHeaderCaseSensitive = true

  package init() {}
}

/// A delivery of delimited text: which tables its files hold, how they are written, and how their rows make dossiers.
package struct TabularLayout: Sendable {
  /// One file of a delivery.
  package struct File: Sendable {
    /// Name of the source table it holds.
    package var table: String
    /// Its name: plain text, one `{delivery}` that the files of a delivery share, and `*`; empty when the delivery is one file of any name.
    package var pattern: String
    /// Whether the delivery is complete without it.
    package var isOptional = false
    package var dialect: TabularDialect
    /// Source column by header text, where the header does not spell the column's name.
    package var headers: [String: String] = [:]

    package init(table: String, pattern: String, dialect: TabularDialect = TabularDialect()) {
      (self.table, self.pattern, self.dialect) = (table, pattern, dialect)
    }

    /// What the name has in the place of `{delivery}`; nil when it is no name of this file. A name may end in `.gz` besides.
    package func delivery(of name: String) -> String? {
      let name = name.hasSuffix(".gz") && !pattern.hasSuffix(".gz") ? String(name.dropLast(3)) : name
      guard let place = pattern.firstRange(of: "{delivery}") else {
        return File.matches(name[...], pattern[...]) ? "" : nil
      }
      let head = pattern[..<place.lowerBound]
      let tail = pattern[place.upperBound...]
      // the shortest name that leaves a rest that fits
      for start in name.indices where File.matches(name[..<start], head) {
        var end = name.index(after: start)
        while true {
          if File.matches(name[end...], tail) { return String(name[start..<end]) }
          guard end < name.endIndex else { break }
          end = name.index(after: end)
        }
      }
      return nil
    }

    /// `*` stands for any characters, also none.
    private static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
      guard let star = pattern.firstIndex(of: "*") else { return name == pattern }
      let head = pattern[..<star]
      guard name.hasPrefix(head) else { return false }
      let rest = pattern[pattern.index(after: star)...]
      var from = name.index(name.startIndex, offsetBy: head.count)
      while true {
        if matches(name[from...], rest) { return true }
        guard from < name.endIndex else { return false }
        from = name.index(after: from)
      }
    }
  }

  package var files: [File]
  /// What the feed says; nil when the file itself must say it (byte order mark, strict UTF-8).
  package var encoding: TextEncoding?
  /// What else it may be, when nothing says it: exactly one of them must read the whole file.
  package var encodingCandidates: [TextEncoding] = []
  /// The table whose rows are the dossiers; rows of other tables join them by their foreign keys.
  package var root: String

  package init(files: [File], root: String) {
    (self.files, self.root) = (files, root)
  }

  /// Whether no file of a delivery has such a name.
  package func isStranger(_ name: String) -> Bool { files.allSatisfy { $0.delivery(of: name) == nil } }

  /// Whether several files make one delivery.
  package var isSplit: Bool { files.count > 1 }
}

/// Records in any XML: one element a dossier, its tables and columns by element paths.
///
/// A path is a list of element names, separated by `/`, from the element that its owner stands for; it may end with `@name` (an attribute) or be
/// `.` (the element's own text), and may begin with `../` for an element around it. Names may have a prefix of `namespaces`; without one they match
/// in every namespace.
package struct XMLRowLayout: Sendable {
  package struct Column: Sendable {
    /// Name of the source column.
    package var name: String
    package var path: String
    /// Stands for an element or attribute that is not there.
    package var absent: String?
    /// Joins the texts of an element that occurs more than once; nil: the first counts, and a second one is a finding.
    package var join: String?

    package init(name: String, path: String, absent: String? = nil, join: String? = nil) {
      (self.name, self.path, self.absent, self.join) = (name, path, absent, join)
    }
  }

  package struct Table: Sendable {
    /// Name of the source table.
    package var table: String
    /// From the dossier's element; `.` for itself. Each element of the path is a row.
    package var path: String
    package var columns: [Column]

    package init(table: String, path: String, columns: [Column]) {
      (self.table, self.path, self.columns) = (table, path, columns)
    }
  }

  /// From the document's root, which is the first name: `/Export/Visits/Visit`.
  package var dossier: String
  package var tables: [Table]
  /// Address by prefix.
  package var namespaces: [String: String] = [:]

  package init(dossier: String, tables: [Table]) {
    (self.dossier, self.tables) = (dossier, tables)
  }
}
