import RollcallEngine
import Testing

/// Texts that are no YAML, or YAML that is no configuration, and files that cannot be read.
@Suite struct ConfigurationYAMLTests {
  private static let nothing = [
    #"1:1: missing key "directory""#, #"1:1: missing key "source""#, #"1:1: missing key "users""#,
  ]

  @Test(arguments: [
    ("", nothing),
    ("# nothing\n", nothing),
    ("---\n...\n", ["2:1: expected a mapping, found nothing"]),
    ("hello", ["1:1: expected a mapping, found text"]),
    ("- a", ["1:1: expected a mapping, found a list"]),
    ("? [a, b]\n: c\n", ["1:3: a key must be text"]),
    ("users: !foo {}\n", ["1:8: a YAML tag (!foo) has no meaning here"]),
    ("name: !!binary aGVsbG8=\n", ["1:7: a YAML tag (tag:yaml.org,2002:binary) has no meaning here"]),
  ])
  func noConfiguration(text: String, expected: [String]) {
    #expect(ConfigurationSample.problems(text) == expected.map { "rollcall.yaml:" + $0 })
  }

  @Test(arguments: [
    ("a: 1\na: 2\n", #"1:1: duplicate key "a"; this is the first of them"#),
    ("users:\n  base: a\n  link: b\n  base: c\n", #"2:3: duplicate key "base"; this is the first of them"#),
    (
      "users:\n  attributes:\n    'cn': a\n    cn: b\n",
      #"3:5: duplicate key "cn"; this is the first of them"#
    ),
  ])
  func duplicateKeys(text: String, expected: String) {
    #expect(ConfigurationSample.problems(text) == ["rollcall.yaml:" + expected])
  }

  @Test(arguments: [
    (
      "users:\n\tbase: a\n",
      "2:1: invalid YAML: while scanning for the next token (line 2), "
        + "found character that cannot start any token; indent with spaces, not with tabs"
    ),
    (
      "users: [a\nsource: b\n",
      "2:7: invalid YAML: while parsing a flow sequence (line 1), did not find expected ',' or ']'"
    ),
    (
      "name: main\nusers: [a, b, c",
      "2:16: invalid YAML: while parsing a flow sequence (line 2), did not find expected ',' or ']'"
    ),
    (
      "users: 'a\nsource: b\n",
      "3:1: invalid YAML: while scanning a quoted scalar (line 1), found unexpected end of stream"
    ),
    (
      "cn: 'Mr ' || full_name\n",
      "1:12: invalid YAML: while scanning a block scalar (line 1), did not find expected comment or line break; "
        + "if a value begins with a quote, put the whole of it in the other kind of quotes"
    ),
    (
      "cn: 'a' < full_name\nb: c\n",
      "1:9: invalid YAML: while parsing a block mapping (line 1), did not find expected key; "
        + "if a value begins with a quote, put the whole of it in the other kind of quotes"
    ),
    (
      "where: name = 'a: b'\n",
      "1:17: invalid YAML: mapping values are not allowed in this context; put a value that holds \": \" in quotes"
    ),
    (
      "password: @secret-word\n",
      "1:11: invalid YAML: while scanning for the next token (line 1), "
        + "found character that cannot start any token; put the value in quotes"
    ),
    ("password: *secret\n", "1:11: invalid YAML: found undefined alias; put the value in quotes"),
    (
      "a: 1\n---\nb: 2\n",
      "2:1: invalid YAML: expected a single document in the stream (line 1), but found another document"
    ),
    ("a: b\nname: x\u{7}y\nb: c\n", "2:8: invalid YAML: a control character, which YAML does not allow"),
  ])
  func invalidYAML(text: String, expected: String) {
    #expect(ConfigurationSample.problems(text) == ["rollcall.yaml:" + expected])
  }

  @Test func sizeIsBounded() {
    let large = "# " + String(repeating: "x", count: 1 << 20)
    #expect(ConfigurationSample.problems(large) == ["rollcall.yaml:1:1: the file is larger than 1 MiB"])
    let deep = "a: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(ConfigurationSample.problems(deep) == ["rollcall.yaml:1:19: nested too deeply"])
    let deeper = "a: " + String(repeating: "[", count: 500_000)
    #expect(ConfigurationSample.problems(deeper) == ["rollcall.yaml:1:19: nested too deeply"])
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let alias = "*a\(level - 1)"
      bomb += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
    }
    #expect(
      ConfigurationSample.problems(bomb) == ["rollcall.yaml:5:10: the file has more than 20,000 values"])
  }

  @Test func lineEndsAndByteOrderMarkDoNotMatter() throws {
    let text = ConfigurationSample.minimal
    _ = try ConfigurationSample.parse("\u{FEFF}" + text)
    _ = try ConfigurationSample.parse(text.replacing("\n", with: "\r\n"))
    #expect(
      ConfigurationSample.problems(
        text.replacing("\n", with: "\r\n").replacing("attributes", with: "atributes")
      ).last
        == #"rollcall.yaml:11:3: unknown key "atributes" under users; did you mean "attributes"?"#)
  }
}
