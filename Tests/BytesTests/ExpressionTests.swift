import Bytes
import Testing

@Suite struct ExpressionTests {
  static func whole(_ pattern: String, _ text: String) throws -> Bool {
    var scratch = BytesExpression.Scratch()
    return try BytesExpression(pattern).matches(Array(text.utf8).span, &scratch)
  }

  static func first(_ pattern: String, _ text: String, _ group: Int = 0) throws -> String? {
    var scratch = BytesExpression.Scratch()
    let bytes = Array(text.utf8)
    return try BytesExpression(pattern).firstMatch(in: bytes.span, group: group, &scratch).map {
      String(decoding: bytes[$0], as: UTF8.self)
    }
  }

  @Test(arguments: [
    ("abc", ["abc"], ["ab", "abcd", "xabc", ""]), ("", [""], ["a"]), ("a*", ["", "aaa"], ["b", "aab"]),
    ("a+b?", ["a", "aab"], ["b", "abb"]), ("a{2}", ["aa"], ["a", "aaa"]), ("a{2,}", ["aa", "aaaa"], ["a"]),
    ("a{1,2}", ["a", "aa"], ["", "aaa"]), ("a{0}b", ["b"], ["ab"]), ("(ab|cd)+", ["ab", "cdab"], ["abc", ""]),
    ("a|b|", ["a", "b", ""], ["ab"]), ("[a-c1]", ["b", "1"], ["d", "-"]), ("[^a-c]", ["d", "ế"], ["a", ""]),
    ("[]a]", ["]", "a"], ["b"]), ("[a-]", ["a", "-"], ["b"]), (".", ["x", "ế", "😀"], ["", "xy", "\n"]),
    ("\\d{4}", ["2025"], ["202x"]), ("\\w+", ["ặng_1"], ["a b"]), ("\\s\\S", [" a"], ["a "]), ("\\D", ["x"], ["1"]),
    ("[\\d.]+", ["1.5"], ["1,5"]), ("\\.\\*\\(", [".*("], ["x*("]), ("^a$", ["a"], ["ba"]), ("(?:a|b)c", ["ac"], ["c"]),
    ("[À-ỹ]+", ["ếỹ"], ["e"]), ("đ.", ["đô"], ["đ"]), ("(a*)*", ["", "aa"], ["b"]), ("(a|a)*b", ["aab"], ["aac"]),
    ("((a?){3}){2}", ["", "aaaaaa"], ["aaaaaaa"]),
  ])
  func takesTheWholeText(_ pattern: String, _ good: [String], _ bad: [String]) throws {
    for text in good { #expect(try Self.whole(pattern, text), "\(pattern) \(text)") }
    for text in bad { #expect(try !Self.whole(pattern, text), "\(pattern) \(text)") }
  }

  @Test(arguments: [
    ("[0-9]+", "ab12cd345", 0, "12"), ("([A-Z])([0-9]{2})", "viêm phổi J18", 2, "18"), ("a|ab", "xab", 0, "a"),
    ("ab|a", "xab", 0, "ab"),
    ("a+?", "aaa", 0, "a"), ("(a+)(a*)", "aaa", 1, "aaa"), ("(a+?)(a*)", "aaa", 2, "aa"), ("b*", "aab", 0, ""),
    ("(x)|(y)", "y", 1, nil),
    ("(x)|(y)", "y", 2, "y"), ("^b", "ab", 0, nil), ("b$", "abab", 0, "b"), ("(a|b)*c", "ababc", 1, "b"),
    ("z", "", 0, nil), ("$", "ab", 0, ""),
    ("ế(.)", "tiếng", 1, "n"),
  ])
  func findsTheFirstMatch(_ pattern: String, _ text: String, _ group: Int, _ expected: String?) throws {
    #expect(try Self.first(pattern, text, group) == expected)
  }

  @Test(arguments: [
    ("a(b", 4), ("a)b", 2), ("[ab", 4), ("*a", 1), ("a**", 3), ("a{2", 4), ("a{3,2}", 7), ("a{9999}", 8), ("\\q", 2),
    ("(?=a)", 3), ("[b-a]", 5), ("a\\", 3),
    ("^*", 3), ("((((a{1000}){1000}){1000}){1000}){1000}", 19),
  ])
  func saysWhereItCannotBeRead(_ pattern: String, _ position: Int) {
    do throws(BytesExpression.Fault) {
      _ = try BytesExpression(pattern)
      Issue.record("\(pattern) was read")
    } catch {
      #expect(error.position == position, "\(pattern): \(error)")
    }
  }

  /// Patterns that make engines with backtracking hang.
  @Test(arguments: ["(a+)+", "(a|a)*", "(a*)*b?", "(.*)(.*)(.*)(.*)x?", "a{0,500}a{0,500}"])
  func takesTimeInProportion(_ pattern: String) throws {
    let text = Array(repeating: UInt8(ascii: "a"), count: 2_000) + Array("!".utf8)
    var scratch = BytesExpression.Scratch()
    let clock = ContinuousClock()
    let expression = try BytesExpression(pattern)
    let time = clock.measure { _ = expression.matches(text.span, &scratch) }
    #expect(time < .seconds(20))
  }

  /// Bytes that are no UTF-8 stand for themselves and never trap.
  @Test func neverTraps() throws {
    var scratch = BytesExpression.Scratch()
    var random = SystemRandomNumberGenerator()
    let expressions = try ["(.)(.*)", "[^a]+", "é*\\w+", "(a|[\\x]|.)*".replacing("\\x", with: "đ")].map {
      try BytesExpression($0)
    }
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      for expression in expressions { _ = expression.firstMatch(in: bytes.span, group: 1, &scratch) }
    }
  }
}
