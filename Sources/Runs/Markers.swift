internal import Files

/// How a facility says that a file is complete, when it does: a second file beside it, named after it (`{name}.done`).
package struct MarkerPattern: Sendable, Hashable {
  private let before: String
  private let after: String

  /// Nil when the text is no pattern: `{name}` stands in it once, something else too, and what comes out is a name we accept.
  package init?(_ text: String) {
    let parts = text.split(separator: "{name}", omittingEmptySubsequences: false)
    guard parts.count == 2, !(parts[0].isEmpty && parts[1].isEmpty), (try? FileName("\(parts[0])a\(parts[1])")) != nil
    else { return nil }
    (before, after) = (String(parts[0]), String(parts[1]))
  }

  /// The marker of a file; nil when its name becomes too long.
  func marker(of name: FileName) -> FileName? { try? FileName(before + name.text + after) }

  /// The name a marker speaks of; nil for names that are no marker.
  func subject(of name: FileName) -> String? {
    let text = name.text
    guard text.utf8.count > before.utf8.count + after.utf8.count, text.hasPrefix(before), text.hasSuffix(after) else {
      return nil
    }
    return String(text.dropFirst(before.count).dropLast(after.count))
  }
}

/// The files of an inbox, told from the markers beside them.
struct Markers {
  /// Files that may be deliveries.
  var files: [InboxFile] = []
  /// Markers whose file is not there.
  var orphans: [InboxFile] = []
  private var subjects: Set<String> = []
  private let pattern: (_ facility: String) -> MarkerPattern?

  init(_ all: [InboxFile], pattern: @escaping (_ facility: String) -> MarkerPattern?) {
    self.pattern = pattern
    var markers: [(subject: String, file: InboxFile)] = []
    var names: Set<String> = []
    for file in all {
      if let subject = pattern(file.facility)?.subject(of: file.name) {
        markers.append(("\(file.facility)/\(subject)", file))
      } else {
        files.append(file)
        names.insert("\(file.facility)/\(file.label)")
      }
    }
    for (subject, file) in markers {
      if names.contains(subject) { subjects.insert(subject) } else { orphans.append(file) }
    }
  }

  /// Whether the marker of a file is there; nil when its facility sets none.
  func isMarked(_ name: FileName, facility: String) -> Bool? {
    pattern(facility) == nil ? nil : subjects.contains("\(facility)/\(name.text)")
  }
}
