import Testing

@testable import Postgres

@Suite struct SQLScriptTests {
  @Test(arguments: [
    ("", []),
    (" \n ;; -- nothing\n; /* nor ; here */", []),
    ("SELECT 1", ["SELECT 1"]),
    ("SELECT 1;SELECT 2;", ["SELECT 1", "SELECT 2"]),
    ("-- what for; why\nSELECT 1;\n", ["SELECT 1"]),
    ("SELECT 1 -- one; two\n + 2;", ["SELECT 1 -- one; two\n + 2"]),
    ("SELECT ';', 'it''s;' ; SELECT 2", ["SELECT ';', 'it''s;'", "SELECT 2"]),
    (#"SELECT '\'; SELECT 2"#, [#"SELECT '\'"#, "SELECT 2"]),
    (#"SELECT E'\';' ; SELECT 2"#, [#"SELECT E'\';'"#, "SELECT 2"]),
    (#"SELECT e'''\\'; SELECT 2"#, [#"SELECT e'''\\'"#, "SELECT 2"]),
    (#"SELECT name'\'; SELECT 2"#, [#"SELECT name'\'"#, "SELECT 2"]),
    (#"SELECT "a;""b" ; SELECT 2"#, [#"SELECT "a;""b""#, "SELECT 2"]),
    ("DO $$ BEGIN; END $$; SELECT 2", ["DO $$ BEGIN; END $$", "SELECT 2"]),
    ("DO $a$ $b$ ; $$ ; $a$; SELECT 2", ["DO $a$ $b$ ; $$ ; $a$", "SELECT 2"]),
    ("DO $đ$ ; $đ$; SELECT 2", ["DO $đ$ ; $đ$", "SELECT 2"]),
    ("SELECT $1; SELECT $2", ["SELECT $1", "SELECT $2"]),
    ("SELECT a$b; SELECT c$b", ["SELECT a$b", "SELECT c$b"]),
    ("/* a /* b; */ c; */ SELECT 1; SELECT /* ; */ 2", ["SELECT 1", "SELECT /* ; */ 2"]),
    (
      "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
      [
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3",
      ]
    ),
    ("SELECT 4 - -1; SELECT 4/2", ["SELECT 4 - -1", "SELECT 4/2"]),
    ("SELECT 'never closed; SELECT 2", ["SELECT 'never closed; SELECT 2"]),
    (#"SELECT E'never closed\"#, [#"SELECT E'never closed\"#]),
    ("DO $x$ never; closed $", ["DO $x$ never; closed $"]),
    ("SELECT 1 /* never; closed", ["SELECT 1 /* never; closed"]),
    ("COMMENT ON TABLE t IS 'Thuốc; vật tư'; SELECT 2", ["COMMENT ON TABLE t IS 'Thuốc; vật tư'", "SELECT 2"]),
  ])
  func cutsIntoStatements(text: String, statements: [String]) {
    #expect(SQLScript.statements(in: text) == statements)
  }
}

@Suite struct ParameterTests {
  @Test(
    arguments: [
      ([], "{}"), ([""], #"{""}"#), (["a", "b"], #"{"a","b"}"#), (["NULL", nil], #"{"NULL",NULL}"#),
      ([#"a"b\c"#], #"{"a\"b\\c"}"#), (["{,}", " x "], #"{"{,}"," x "}"#), (["Đà Nẵng\n"], "{\"Đà Nẵng\n\"}"),
    ] as [([String?], String)])
  func quotesArrays(elements: [String?], text: String) {
    #expect(String(decoding: ArrayText.texts(elements.map { $0?.utf8 }), as: UTF8.self) == text)
  }

  @Test func writesByteArraysInHex() {
    #expect(String(decoding: ArrayText.bytes([[0, 255], nil, []]), as: UTF8.self) == #"{"\\x00ff",NULL,"\\x"}"#)
    #expect(ArrayText.integers([1, nil, -2]) == "{1,NULL,-2}")
  }

  @Test func refusesTextWithNUL() {
    #expect(throws: ServerFailure.refused(Refusal("22021"))) { _ = try ParameterList([.text("a\0b")]) }
    #expect(throws: ServerFailure.refused(Refusal("22021"))) { _ = try ParameterList([.texts(["a", "\0"])]) }
    #expect(throws: Never.self) { _ = try ParameterList([.bytes([0, 1, 0])]) }
  }
}

@Suite struct ServerFailureTests {
  @Test(
    arguments: [
      ("40001", true), ("40P01", true), ("55P03", true), ("57P01", true), ("57P02", true), ("57P03", true),
      ("53100", true),
      ("53300", true), ("08006", true), ("08P01", false), ("57014", false), ("57P04", false), ("23505", false),
      ("22P02", false), ("42P01", false),
    ] as [(SQLState, Bool)])
  func knowsWhatPasses(state: SQLState, isTransient: Bool) {
    #expect(ServerFailure.refused(Refusal(state)).isTransient == isTransient)
  }

  @Test func leavesUnknownOutcomesToTheLedger() {
    #expect(!ServerFailure.unknownOutcome.isTransient)
    #expect(ServerFailure.connectionLost(nil).isTransient)
  }

  @Test(
    arguments: [
      ("connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28P01\n", .authentication, "28P01"),
      ("connection to server on socket \"/x/.s.PGSQL.5432\" failed: FATAL:  3D000\n", .noSuchDatabase, "3D000"),
      ("connection to server at \"db\", port 5432 failed: FATAL:  53300\n", .tooMany, "53300"),
      ("connection to server at \"db\", port 5432 failed: FATAL:  57P03\n", .notAccepting, "57P03"),
      ("could not translate host name \"db\" to address: Name or service not known\n", .noSuchHost, nil),
      ("connection to server at \"db\" (10.0.0.1), port 5432 failed: timeout expired\n", .timeout, nil),
      (
        "connection to server at \"db\" (10.0.0.1), port 1 failed: Connection refused\n\tIs the server running?",
        .refused, nil
      ),
      ("something: HELLO\n", .other, "HELLO"),
      ("something else", .other, nil),
    ] as [(String, ConnectTrouble, SQLState?)])
  func readsConnectMessages(message: String, trouble: ConnectTrouble, state: SQLState?) {
    let found = ConnectTrouble.read(message)
    #expect(found.0 == trouble)
    #expect(found.1 == state)
  }

  @Test(arguments: [("23505", true), ("2350", false), ("23505x", false), ("'or'1", false), ("x0001", false)])
  func takesNothingElseForACode(text: String, isCode: Bool) {
    #expect((SQLState(text) != nil) == isCode)
  }

  @Test func keepsTheOptionsOfTheUser() throws {
    let settings = try Connection.settings("host=x options='-c work_mem=8MB'", applicationName: "t")
    let options = try #require(settings.last { $0.0 == "options" }?.1)
    #expect(options.hasPrefix("-c lock_timeout=30s "))
    #expect(options.hasSuffix(" -c work_mem=8MB"))
  }
}
