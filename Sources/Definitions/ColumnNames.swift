internal import Foundation

/// Names of columns as people write them.
package enum ColumnNames {
  /// Which of the fields a column of another name seems to be: the same letters, the field's title, or a slip of the pen.
  package static func likely(_ name: String, of fields: [(name: String, title: String)]) -> Int? {
    let folded = fold(name)
    if folded.isEmpty { return nil }
    if let same = fields.firstIndex(where: { fold($0.name) == folded }) { return same }
    if let titled = fields.firstIndex(where: { fold($0.title) == folded }) { return titled }
    // of short names too many are near
    let near = fields.indices.filter {
      folded.count >= 4 && DefinitionNode.distance(fold(fields[$0].name), folded) <= min(2, folded.count / 4)
    }
    return near.count == 1 ? near[0] : nil
  }

  /// Letters and digits only, without marks and case.
  private static func fold(_ text: String) -> String {
    let plain = text.replacing("đ", with: "d").replacing("Đ", with: "D")
      .folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
    return String(plain.filter { $0.isLetter || $0.isNumber })
  }
}
