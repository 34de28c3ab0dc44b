internal import Files
internal import Foundation
internal import Yams

/// A hospital of the registry (`facilities.yaml`).
package struct Facility: Sendable, Codable, Hashable {
  /// Five characters, as in MACSKCB.
  package var code: String
  package var name: String
  /// Care level, as the city writes it.
  package var level: String?
  /// Name of the feed its files are.
  package var feed: String
  /// A new file is expected at least every so many days.
  package var expectedDays: Int?
  package var contact: String?
  package var active: Bool?
  /// What its files' markers are called, when not as `intake.marker` says; empty: it sets none.
  package var marker: String?
  /// What it may deliver on a day, when not as `intake.filesPerDay` and `intake.gigabytesPerDay` say.
  package var filesPerDay: Int?
  package var gigabytesPerDay: Int?

  package init(
    code: String, name: String, level: String? = nil, feed: String, expectedDays: Int? = nil, contact: String? = nil,
    active: Bool? = nil
  ) {
    self.code = code
    self.name = name
    self.level = level
    self.feed = feed
    self.expectedDays = expectedDays
    self.contact = contact
    self.active = active
  }

  package var isActive: Bool { active ?? true }

  /// Whether a code can be a facility's: five letters or digits.
  package static func isCode(_ text: String) -> Bool {
    text.utf8.count == 5 && text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) }
  }
}

/// The registry of hospitals: a reviewed text file, one entry a hospital. Who is not in it is not known, and never guessed.
package struct Registry: Sendable {
  package private(set) var facilities: [Facility]

  private struct Document: Codable {
    var facilities: [Facility]
  }

  package init(facilities: [Facility]) { self.facilities = facilities }

  package subscript(code: String) -> Facility? { facilities.first { $0.code == code } }

  func marker(of facility: String, else usual: MarkerPattern?) -> MarkerPattern? {
    guard let own = self[facility]?.marker else { return usual }
    return own.isEmpty ? nil : MarkerPattern(own)
  }

  package static func read(_ path: String) throws(ConfigurationFault) -> Registry {
    let name = (path as NSString).lastPathComponent
    guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self)
    else {
      throw ConfigurationFault("\(name) cannot be read. Add a hospital with «songhan facility add».")
    }
    let document: Document
    do {
      document = try YAMLDecoder().decode(Document.self, from: text)
    } catch {
      throw ConfigurationFault("\(name): each hospital needs code, name and feed; codes are quoted texts")
    }
    var seen: Set<String> = []
    for facility in document.facilities {
      guard Facility.isCode(facility.code) else {
        throw ConfigurationFault(
          "\(name): «\(facility.code)» is no facility code (five capital letters or digits, in quotes)")
      }
      if let marker = facility.marker, !marker.isEmpty, MarkerPattern(marker) == nil {
        throw ConfigurationFault("\(name): \(facility.code): marker: a file name with {name} in it is expected")
      }
      guard facility.filesPerDay ?? 1 > 0, (1...1_000_000).contains(facility.gigabytesPerDay ?? 1) else {
        throw ConfigurationFault("\(name): \(facility.code): filesPerDay and gigabytesPerDay are 1 or more")
      }
      guard seen.insert(facility.code).inserted else {
        throw ConfigurationFault("\(name): \(facility.code) stands twice")
      }
    }
    return Registry(facilities: document.facilities)
  }

  /// Adds a hospital at the end of the file, leaving what stands there as it is.
  package static func add(_ facility: Facility, to path: String) throws {
    var text =
      FileManager.default.contents(atPath: path).flatMap { String(validating: $0, as: UTF8.self) } ?? "facilities:\n"
    if !text.hasSuffix("\n") { text += "\n" }
    text = text.replacing("facilities: []\n", with: "facilities:\n")
    text += "  - code: \(quoted(facility.code))\n    name: \(quoted(facility.name))\n"
    if let level = facility.level { text += "    level: \(quoted(level))\n" }
    text += "    feed: \(facility.feed)\n"
    if let days = facility.expectedDays { text += "    expectedDays: \(days)\n" }
    if let contact = facility.contact { text += "    contact: \(quoted(contact))\n" }
    let url = URL(filePath: path)
    let folder = try Directory(path: url.deletingLastPathComponent().path(percentEncoded: false))
    let bytes = Array(text.utf8)
    try folder.replaceDurably(try FileName(url.lastPathComponent), with: bytes.span, mode: 0o640)
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ") + "\""
  }
}
