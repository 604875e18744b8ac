import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// No way to print a configuration, or what is wrong with one, shows a secret.
@Suite struct ConfigurationSecretTests {
  private static let words = ["env-secret", "conn-secret", "file-secret", "typed-secret", "DC=hidden"]

  private func expectNone(of words: [String] = words, in text: String) {
    for word in words { #expect(!text.contains(word), "\(word) in \(text)") }
  }

  private func everyPrint<Value>(of value: Value) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    var printed = ""
    print(value, to: &printed)
    var debugPrinted = ""
    debugPrint(value, to: &debugPrinted)
    return [
      dumped, printed, debugPrinted, "\(value)", String(describing: value), String(reflecting: value),
      "\(Optional(value) as Any)", String(describing: [value]), reflection(of: value),
    ]
  }

  /// Whatever a mirror gives away, all the way down.
  private func reflection(of value: Any) -> String {
    Mirror(reflecting: value).children.map { "\($0.label ?? ""): \($0.value) \(reflection(of: $0.value))" }
      .joined(separator: "\n")
  }

  @Test func secretPrintsStars() {
    for text in everyPrint(of: Secret("typed-secret")) {
      expectNone(in: text)
      #expect(text.contains("***") || text.isEmpty)
    }
    #expect("\(Secret("typed-secret"))" == "***")
    #expect(String(reflecting: Secret("")) == "***")
    #expect(Mirror(reflecting: Secret("typed-secret")).children.isEmpty)
  }

  @Test func whatOthersAreShownHoldsNoSecretAndReadsAsTheSame() throws {
    let file = """
      # typed-secret in a comment
      name: main
      source: { connection: "host=db password=conn-secret", table: public.users, key: id, watch: [{ table: a, key: b }] }
      directory:
        url: [ldap://127.0.0.1, "ldap://127.0.0.2"]
        bind: { dn: "cn=rollcall,dc=example,dc=com", password: typed-secret }
      users:
        base: ou=users,dc=example,dc=com
        password: "'typed-secret'"
        create_only: { description: "'typed-secret'" }
        protect: []
        attributes: { uid: username, cn: "regexp_replace(a, '\\\\s', ': #')" }
      """
    let shown = try ConfigurationSample.parse(file).shown
    expectNone(in: shown)
    #expect(shown.contains("connection: \"***\"") && shown.contains("uid: username"), "\(shown)")
    let again = try ConfigurationSample.parse(shown)
    let original = try ConfigurationSample.parse(file)
    #expect(again.users.attributes == original.users.attributes && again.source.watch == original.source.watch)
    #expect(again.shown == shown)
    let variable = try ConfigurationSample.parse(ConfigurationSample.minimal).shown
    #expect(variable.contains("password: \"${LDAP_PASSWORD}\""))
    let sample = try ConfigurationSample.parse(ConfigurationSample.full).shown
    #expect(try ConfigurationSample.parse(sample).shown == sample)
  }

  @Test func secretsCompareByTheirOctets() {
    #expect(Secret("a") == Secret(bytes: [0x61]))
    #expect(Secret("a") != Secret("b"))
    // é composed and decomposed: equal as text, another password.
    #expect(Secret("\u{e9}") != Secret("e\u{301}"))
    #expect(Secret(bytes: [0xff, 0x00]).bytes == [0xff, 0x00])
    #expect(Secret("ü").text == "ü")
    #expect(Secret("").isEmpty)
  }

  @Test func configurationPrintsNoSecret() throws {
    let other = try ConfigurationSample.parse(ConfigurationSample.other, file: "/etc/rollcall/branch.yaml")
    let minimal = try ConfigurationSample.parse(ConfigurationSample.minimal)
    let literal = try ConfigurationSample.parse(
      ConfigurationSample.minimal.replacing("${LDAP_PASSWORD}", with: "typed-secret"))
    for configuration in [other, minimal, literal] {
      for text in everyPrint(of: configuration) + everyPrint(of: configuration.directory.bind) {
        expectNone(in: text)
        #expect(!text.contains(String(describing: Array("secret".utf8)).dropFirst().dropLast()))
      }
    }
  }

  /// Every key in turn holds a wrong value that came from the environment: the message names the variable.
  @Test(arguments: [
    (
      "name: main", "name: '${X}/'",
      #"1:7: name: "${X}/" must consist of at most 63 letters, digits, "-", "_" and ".""#
    ),
    (
      "public.users", "${X} x",
      #"4:10: source.table: the name "${X} x" needs double quotes around "#
        + "other than letters, digits, _ and $"
    ),
    (
      "key: id", "key: ${X} x",
      #"5:8: source.key: the name "${X} x" needs double quotes around "#
        + "other than letters, digits, _ and $"
    ),
    (
      "ldap://127.0.0.1:389", "${X}",
      #"10:8: directory.url: "${X}" is not a URL; "#
        + "it must begin with ldap://, ldaps:// or ldapi://"
    ),
    (
      "ldap://127.0.0.1:389", "ldap://me:${X}@host",
      #"10:8: directory.url: "ldap://me:${X}@host" contains a user; "#
        + "use directory.bind instead"
    ),
    (
      "starttls: false", "starttls: ${X}", #"11:13: directory.starttls: expected true or false, found "${X}""#
    ),
    ("ca: null", "ca: ${X}", #"12:7: directory.ca: cannot read "${X}": no such file"#),
    (
      "kind: auto", "kind: ${X}", #"16:9: directory.kind: expected auto, openldap, 389ds or ad, found "${X}""#
    ),
    (
      "timeout: 10s", "timeout: ${X}",
      #"17:12: directory.timeout: "${X}" is not a duration; "#
        + "examples: 500ms, 10s, 2m, 24h, 7d"
    ),
    (
      "base: ou=users,dc=example,dc=com", "base: ${X},dc",
      #"19:9: users.base: "${X},dc" is not a distinguished name: "#
        + "= is missing after the attribute's name"
    ),
    (
      "naming: uid", "naming: ${X}",
      #"20:11: users.naming: "${X}" names the entry and is missing from users.attributes"#
    ),
    ("link: employeeNumber", "link: ${X} x", #"21:9: users.link: "${X} x" is not the name of an attribute"#),
    (
      "[inetOrgPerson]", "['${X} x']",
      #"22:13: users.classes[0]: "${X} x" is not the name of an object class"#
    ),
    (
      "filter: null", "filter: (${X})",
      #"28:11: users.filter: "(${X})" is not a search filter: "#
        + "=, >=, <=, ~= or := is missing"
    ),
    (
      "most: 10%", "most: '${X}'",
      #"48:19: removals.most: "${X}" is not a share from 0% to 100%; examples: 10%, 2.5%"#
    ),
    ("least: 25", "least: '${X}'", #"48:31: removals.least: "${X}" is not a whole number, 0 or more"#),
  ])
  func environmentStaysOutOfErrors(old: String, new: String, expected: String) {
    var environment = ConfigurationSample.environment
    environment["X"] = "envsecret"
    #expect(ConfigurationSample.full.contains(old))
    let text = ConfigurationSample.full.replacing(old, with: new, maxReplacements: 1)
    let problems = ConfigurationSample.problems(text, environment: environment)
    #expect(problems == ["rollcall.yaml:" + expected])
    expectNone(of: ["envsecret"], in: problems.joined())
  }

  @Test func secretsStayOutOfErrors() {
    let minimal = ConfigurationSample.minimal
    for broken in [
      minimal.replacing("public.users", with: "a b"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "{ typed-secret: 1 }"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "[typed-secret]"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "typed-secret: x"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "\"typed-secret\" x"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "@typed-secret"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "typed-secret\u{1}"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "typed-secret${NOPE}"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "typed-secret\n    password_file: /x"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "typed-secret\n    mechanism: external"),
      minimal.replacing("\"${LDAP_PASSWORD}\"", with: "\"typed-secret\\0\""),
      minimal.replacing("password:", with: "{ password: a,typed-secret,b }\n  x:"),
      minimal.replacing("bind:", with: "bind: { password: a,typed-secret,b }\n  x:"),
      minimal.replacing("bind:", with: "bind: { password: a,typed-secret: b }\n  x:"),
      minimal.replacing("bind:", with: "bind: { password: a,typed-secret,typed-secret }\n  x:"),
      minimal.replacing("source:", with: "source: { connection: a,password=typed-secret }\nx:"),
      minimal.replacing("password:", with: "pasword:").replacing("${LDAP_PASSWORD}", with: "typed-secret"),
      minimal.replacing("key: id", with: "connection: [typed-secret]\n  key: id"),
      minimal.replacing("ldap://", with: "ldap://me:typed-secret@"),
    ] {
      let problems = ConfigurationSample.problems(broken)
      #expect(!problems.isEmpty, "\(broken)")
      expectNone(in: problems.joined(separator: "\n"))
    }
  }

  @Test func warningsNameTheVariable() throws {
    let text = ConfigurationSample.minimal.replacing("127.0.0.1", with: "${X}")
    var environment = ConfigurationSample.environment
    environment["X"] = "envsecret.example.com"
    let read = try ConfigurationSample.parse(text, environment: environment)
    #expect(
      read.warnings.map(\.description) == [
        #"rollcall.yaml:5:8: directory.url: the password goes to "ldap://${X}" unencrypted; "#
          + "use ldaps:// or starttls: true"
      ])
  }
}
