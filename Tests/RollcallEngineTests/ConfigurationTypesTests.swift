import Postgres
import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// The small types that a configuration is made of.
@Suite struct ConfigurationTypesTests {
  @Test(
    arguments: [
      ("users", nil, "users", #""users""#),
      ("public.users", "public", "users", #""public"."users""#),
      ("Public.USERS", "public", "users", #""public"."users""#),
      (#""HR"."User Accounts""#, "HR", "User Accounts", #""HR"."User Accounts""#),
      (#"hr."User""#, "hr", "User", #""hr"."User""#),
      (#""a.b".c"#, "a.b", "c", #""a.b"."c""#),
      (#""say ""hi""""#, nil, #"say "hi""#, #""say ""hi""""#),
      ("_x$1", nil, "_x$1", #""_x$1""#),
      // Only ASCII is folded.
      ("Übersicht", nil, "Übersicht", #""Übersicht""#),
      ("größe.ÄB", "größe", "Äb", #""größe"."Äb""#),
      ("select", nil, "select", #""select""#),
    ] as [(String, String?, String, String)])
  func qualifiedNames(text: String, schema: String?, name: String, sql: String) throws {
    let read = try QualifiedName(parsing: text)
    #expect(read.schema == schema)
    #expect(read.name == name)
    #expect(read.sql == sql)
    // What it prints reads as the same name again.
    #expect(try QualifiedName(parsing: read.sql) == read)
  }

  @Test(arguments: [
    "", ".", "a.", ".a", "a..b", "a b", "a-b", "1a", "$a", "\"", "\"a", "\"a\"\"", "\"\"", "a.b.c", "\"a\"b",
  ])
  func malformedNames(text: String) {
    #expect(throws: QualifiedName.Invalid.self) { try QualifiedName(parsing: text) }
  }

  @Test func identifiersKeepWhatQuotesHold() throws {
    #expect(try QualifiedName.identifier(parsing: "Id") == "id")
    #expect(try QualifiedName.identifier(parsing: #""Id""#) == "Id")
    #expect(throws: QualifiedName.Invalid.self) { try QualifiedName.identifier(parsing: "a.b") }
    #expect(SQLText.identifier(#"a"b"#) == #""a""b""#)
    // A quote stays one when a combining mark follows it.
    #expect(SQLText.identifier("a\"\u{301}") == "\"a\"\"\u{301}\"")
  }

  @Test(
    arguments: [
      ("ldap://a", DirectoryURL.Scheme.ldap, "a", nil, false),
      ("LDAP://A/", .ldap, "A", nil, false),
      ("ldaps://dc1.example.com:636", .ldaps, "dc1.example.com", 636, false),
      ("ldap://[::1]:389", .ldap, "::1", 389, true),
      ("ldap://[2001:db8::1]", .ldap, "2001:db8::1", nil, false),
      ("ldap://127.0.0.1:1389/", .ldap, "127.0.0.1", 1389, true),
      ("ldap://localhost", .ldap, "localhost", nil, true),
      ("ldap://127.0.0.256", .ldap, "127.0.0.256", nil, false),
      ("ldap://127.0.0.0.1", .ldap, "127.0.0.0.1", nil, false),
      ("ldapi://", .ldapi, "", nil, true), ("ldapi:///", .ldapi, "", nil, true),
      ("ldapi://%2Ftmp%2Fs", .ldapi, "%2Ftmp%2Fs", nil, true),
    ] as [(String, DirectoryURL.Scheme, String, Int?, Bool)])
  func directoryURLs(
    text: String, scheme: DirectoryURL.Scheme, host: String, port: Int?, isLocal: Bool
  ) throws {
    let url = try DirectoryURL(parsing: text)
    #expect(url.text == text)
    #expect(url.scheme == scheme)
    #expect(url.host == host)
    #expect(url.port == port)
    #expect(url.isLocal == isLocal)
  }

  @Test(arguments: [
    ("10%", 1_000, "10%"), ("0%", 0, "0%"), ("100%", 10_000, "100%"), ("2.5%", 250, "2.5%"),
    ("0.25 %", 25, "0.25%"),
    ("1.05%", 105, "1.05%"), ("010%", 1_000, "10%"), ("100.00%", 10_000, "100%"),
  ])
  func percents(text: String, basisPoints: Int, printed: String) throws {
    let sample = "\(ConfigurationSample.minimal)removals: { most: \(text) }\n"
    let percent = try ConfigurationSample.parse(sample).removals.most
    #expect(percent.basisPoints == basisPoints)
    #expect(percent.description == printed)
  }

  @Test func percentOfANumberIsRoundedDown() throws {
    let tenth = try #require(Percent(basisPoints: 1_000))
    #expect([0, 9, 10, 99, 100].map(tenth.of) == [0, 0, 1, 9, 10])
    #expect(tenth.of(.max) == .max / 10)
    let whole = try #require(Percent(basisPoints: 10_000))
    #expect([0, 1, 12_345, .max].map(whole.of) == [0, 1, 12_345, .max])
    #expect(Percent(basisPoints: 10_001) == nil)
    #expect(Percent(basisPoints: -1) == nil)
    #expect(tenth < whole)
  }

  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("2m", .seconds(120)),
    ("24h", .seconds(86_400)), ("7d", .seconds(604_800)), ("007s", .seconds(7)),
    ("36500d", .seconds(3_153_600_000)),
  ])
  func durations(text: String, expected: Duration) throws {
    let sample = "\(ConfigurationSample.minimal)behind_after: \(text)\n"
    #expect(try ConfigurationSample.parse(sample).behindAfter == expected)
  }

  @Test(arguments: ["1 s", "s", "10S", "1.5s", "+1s", "1w", "36501d", "٣s", "9223372036854775807d", "1s "])
  func malformedDurations(text: String) {
    let sample = "\(ConfigurationSample.minimal)behind_after: '\(text)'\n"
    #expect(ConfigurationSample.problems(sample).count == 1)
  }

  @Test(arguments: [
    ("atributes", "attributes"), ("attribtues", "attributes"), ("ATTRIBUTES", "attributes"),
    ("create-only", "create_only"),
    ("nameing", "naming"), ("bse", "base"), ("filtr", "filter"), ("passwrod", "password"),
  ])
  func nearestNames(typed: String, meant: String) {
    let text = ConfigurationSample.minimal.replacing("users:\n", with: "users:\n  \(typed): x\n")
    let message = "rollcall.yaml:10:3: unknown key \"\(typed)\" under users; did you mean \"\(meant)\"?"
    #expect(ConfigurationSample.problems(text) == [message])
  }

  @Test(arguments: ["ba", "x", "sub", "enabled", "groups"])
  func farNamesGetTheList(typed: String) {
    let text = ConfigurationSample.minimal.replacing("users:\n", with: "users:\n  \(typed): x\n")
    let problems = ConfigurationSample.problems(text)
    #expect(problems.count == 1 && problems[0].contains("under users; known here: base, naming, link, "))
  }
}
