import Foundation
import Sandbox
import Testing

/// The JSON Schema for editors and the program agree. JSON is YAML, so that both read the same text.
@Suite struct SchemaTests {
  private static let file = "Packaging/rollcall.schema.json"

  private func schema() throws -> JSONSchema {
    JSONSchema(root: try JSONValue(parsing: try Repository.text(of: Self.file)))
  }

  /// The keys of each mapping whose keys are fixed, as ``ConfigurationKeys`` has them.
  private func sections(_ schema: JSONSchema, _ part: JSONValue, _ path: String) -> [String: Set<String>] {
    let part = schema.resolved(part)
    var found: [String: Set<String>] = [:]
    for alternative in part["anyOf"]?.elements ?? [] {
      found.merge(sections(schema, alternative, path)) { one, _ in one }
    }
    if let items = part["items"] { found.merge(sections(schema, items, path + "[]")) { one, _ in one } }
    guard let properties = part["properties"]?.fields, part["additionalProperties"] == .bool(false) else {
      return found
    }
    found[path] = Set(properties.keys)
    for (key, value) in properties {
      found.merge(sections(schema, value, path.isEmpty ? key : "\(path).\(key)")) { one, _ in one }
    }
    return found
  }

  @Test func theKeysAreThoseOfTheProgram() async throws {
    let schema = try schema()
    let keys = try await ConfigurationKeys.find()
    #expect(sections(schema, schema.root, "") == keys.sections.mapValues { Set($0) })
  }

  private static let simple = "\"dn\": \"cn=x\", \"password\": \"x\""
  private static let kerberos = "\"mechanism\": \"gssapi\", \"principal\": \"r@E\", \"keytab\": \"x.keytab\""

  /// A configuration that is right, as JSON; a test replaces a piece.
  private static let right = """
    {"name": "main",
     "source": {"connection": "host=127.0.0.1 port=1", "table": "public.users", "key": "id", "active": null},
     "directory": {"url": "ldap://127.0.0.1:1", "bind": {"dn": "cn=x", "password": "x"}, "timeout": "10s"},
     "users": {"base": "ou=users,dc=example,dc=com", "naming": "uid", "attributes": {"uid": "username"}},
     "groups": {"base": "ou=groups,dc=example,dc=com", "membership": "roles"},
     "removals": {"most": "10%", "least": 25, "within": "24h"}, "sweep": {"every": "30s"}}
    """

  @Test(arguments: [
    ("right", "", "", true),
    ("a name with a blank", "\"main\"", "\"my main\"", false),
    ("no section source", "\"source\"", "\"sauce\"", false),
    ("no key", "\"key\": \"id\", ", "", false),
    ("a blank key", "\"key\": \"id\"", "\"key\": \" \"", false),
    ("an empty connection", "\"host=127.0.0.1 port=1\"", "\"\"", true),
    ("no table", "\"table\": \"public.users\", ", "", false),
    ("table and query", "\"key\": \"id\"", "\"key\": \"id\", \"query\": \"SELECT 1\"", false),
    ("query alone", "\"table\": \"public.users\"", "\"table\": null, \"query\": \"SELECT 1\"", true),
    ("watch", "\"active\": null", "\"watch\": [{\"table\": \"roles\", \"key\": \"user_id\"}]", true),
    (
      "watch with keys", "\"active\": null",
      "\"watch\": [{\"table\": \"roles\", \"key\": \"id\", \"keys\": \"SELECT 1\"}]", true
    ),
    ("watch without a key", "\"active\": null", "\"watch\": [{\"table\": \"roles\"}]", false),
    ("watch as text", "\"active\": null", "\"watch\": \"roles\"", false),
    ("search_path", "\"active\": null", "\"search_path\": [\"public\", \"hr\"]", true),
    (
      "leavers", "\"naming\": \"uid\"",
      "\"naming\": \"uid\", \"removed\": \"disable\", \"leavers\": \"ou=former\", \"delete_after\": \"30d\"", true
    ),
    ("references", "\"naming\": \"uid\"", "\"naming\": \"uid\", \"references\": {\"manager\": \"manager_id\"}", true),
    ("references as text", "\"naming\": \"uid\"", "\"naming\": \"uid\", \"references\": \"manager_id\"", false),
    (
      "a time to delete without a unit", "\"naming\": \"uid\"",
      "\"naming\": \"uid\", \"removed\": \"disable\", \"delete_after\": 30", false
    ),
    ("a password", "\"naming\": \"uid\"", "\"password\": \"pw\"", true),
    ("a password that follows", "\"naming\": \"uid\"", "\"password\": {\"sql\": \"pw\", \"follow\": true}", true),
    ("a password without SQL", "\"naming\": \"uid\"", "\"password\": {\"follow\": true}", false),
    ("dates", "\"active\": null", "\"due\": [\"valid_until + 1\"], \"timezone\": \"Europe/Berlin\"", true),
    ("a date that is no list", "\"active\": null", "\"due\": \"valid_until\"", false),
    ("a size", "\"active\": null", "\"largest_row\": \"500kB\"", true),
    ("a size too small", "\"active\": null", "\"largest_row\": \"63kB\"", false),
    ("a size without a unit", "\"active\": null", "\"largest_row\": 64000000", false),
    ("a list of servers", "\"ldap://127.0.0.1:1\"", "[\"ldaps://a\", \"ldaps://b\"]", true),
    ("no servers", "\"ldap://127.0.0.1:1\"", "[]", false),
    ("another scheme", "\"ldap://127.0.0.1:1\"", "\"http://127.0.0.1\"", false),
    ("truth", "\"timeout\": \"10s\"", "\"starttls\": true", true),
    ("truth as text", "\"timeout\": \"10s\"", "\"starttls\": \"true\"", true),
    ("no truth", "\"timeout\": \"10s\"", "\"starttls\": \"yes\"", false),
    ("a number without a unit", "\"timeout\": \"10s\"", "\"timeout\": 10", false),
    ("too short", "\"timeout\": \"10s\"", "\"timeout\": \"9ms\"", false),
    ("short", "\"timeout\": \"10s\"", "\"timeout\": \"10ms\"", true),
    ("kind", "\"timeout\": \"10s\"", "\"kind\": \"389ds\"", true),
    ("no kind", "\"timeout\": \"10s\"", "\"kind\": \"edirectory\"", false),
    ("from the environment", "\"timeout\": \"10s\"", "\"kind\": \"${KIND}\"", true),
    ("no password", "\"password\": \"x\"", "\"password\": null", false),
    ("both passwords", "\"password\": \"x\"", "\"password\": \"x\", \"password_file\": \"y\"", false),
    ("Kerberos", Self.simple, Self.kerberos, true),
    ("Kerberos without a keytab", Self.simple, "\"mechanism\": \"gssapi\", \"principal\": \"r@E\"", false),
    ("a principal without a realm", Self.simple, Self.kerberos.replacing("r@E", with: "r"), false),
    ("a keytab without Kerberos", Self.simple, Self.simple + ", \"keytab\": \"x.keytab\"", false),
    ("a DN beside a mechanism", "\"password\": \"x\"", "\"mechanism\": \"external\"", false),
    ("an unknown key", "\"naming\": \"uid\"", "\"nameing\": \"uid\"", false),
    ("a name that is none", "\"naming\": \"uid\"", "\"link\": \"employee number\"", false),
    ("options", "\"uid\": \"username\"", "\"uid\": \"username\", \"description;lang-de\": \"x\"", true),
    ("an attribute that is none", "\"uid\": \"username\"", "\"uid\": \"username\", \"c n\": \"x\"", false),
    ("a constant", "\"uid\": \"username\"", "\"uid\": \"username\", \"gidNumber\": 100", true),
    ("an empty expression", "\"uid\": \"username\"", "\"uid\": \"\"", false),
    ("no attributes", "{\"uid\": \"username\"}", "{}", false),
    ("classes", "\"naming\": \"uid\"", "\"classes\": [\"person\", \"posixAccount\"]", true),
    ("a condition", "\"naming\": \"uid\"", "\"classes\": [\"person\", {\"posixAccount\": \"unix\"}]", true),
    ("two conditions in one", "\"naming\": \"uid\"", "\"classes\": [\"a\", {\"b\": \"x\", \"c\": \"y\"}]", false),
    ("an empty condition", "\"naming\": \"uid\"", "\"classes\": [\"person\", {\"posixAccount\": \"\"}]", false),
    ("conditions alone", "\"naming\": \"uid\"", "\"classes\": [{\"posixAccount\": \"unix\"}]", false),
    (
      "a condition of a group", "\"membership\": \"roles\"", "\"membership\": \"roles\", \"classes\": [{\"a\": \"b\"}]",
      false
    ),
    ("no classes", "\"naming\": \"uid\"", "\"classes\": []", false),
    ("adopt by an attribute", "\"naming\": \"uid\"", "\"adopt\": {\"by\": \"uid\", \"below\": \"dc=x\"}", true),
    ("adopt by nothing", "\"naming\": \"uid\"", "\"adopt\": {\"below\": \"dc=x\"}", false),
    ("a container", "\"naming\": \"uid\"", "\"container\": [{\"ou\": \"department\"}]", true),
    ("two in one", "\"naming\": \"uid\"", "\"container\": [{\"ou\": \"a\", \"o\": \"b\"}]", false),
    ("disable", "\"naming\": \"uid\"", "\"disable\": {\"loginShell\": \"x\", \"title\": [\"a\", \"b\"]}", true),
    ("disable with nothing", "\"naming\": \"uid\"", "\"disable\": {\"title\": []}", false),
    ("protect", "\"naming\": \"uid\"", "\"protect\": [\"uid=root,dc=example,dc=com\"]", true),
    ("a filter", "\"naming\": \"uid\"", "\"protect\": \"(uid=root)\"", true),
    ("inactive", "\"naming\": \"uid\"", "\"inactive\": \"keep\"", true),
    ("another way", "\"naming\": \"uid\"", "\"inactive\": \"drop\"", false),
    ("groups without a base", "\"base\": \"ou=groups,dc=example,dc=com\", ", "", false),
    ("adopt by name", "\"membership\": \"roles\"", "\"membership\": \"roles\", \"adopt\": [\"staff\"]", true),
    ("a share", "\"10%\"", "\"2.5 %\"", true),
    ("too large a share", "\"10%\"", "\"101%\"", false),
    ("a share without a sign", "\"10%\"", "10", false),
    ("a count as text", "25", "\"25\"", true),
    ("a negative count", "25", "-1", false),
    ("a list for a mapping", "{\"every\": \"30s\"}", "[\"30s\"]", false),
    ("nothing for a mapping", "{\"every\": \"30s\"}", "null", true),
  ])
  func bothDecideAlike(_ what: String, _ piece: String, _ replacement: String, _ isRight: Bool) async throws {
    try #require(piece.isEmpty || Self.right.contains(piece))
    let text = piece.isEmpty ? Self.right : Self.right.replacing(piece, with: replacement, maxReplacements: 1)
    #expect(try schema().accepts(JSONValue(parsing: text)) == isRight, "the schema")
    try await TemporaryFolder.with { folder in
      let file = try folder.write(text, to: "x.yaml")
      try folder.write(KeytabText.of("r@E"), to: "x.keytab")
      // The configuration is read before anybody is connected to; there is no server.
      let ran = try await Rollcall.run(["plan", "--config", file], environment: ["KIND": "ad"])
      let complains = ran.errors.contains(#/x\.yaml:\d+:\d+: /#) && !ran.errors.contains("warning")
      #expect(ran.code == 1 && complains != isRight, "the program: \(ran.words)")
    }
  }

  @Test func theExampleIsRight() async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("secret", to: "ldap.password")
      let ran = try await Rollcall.run(
        ["plan", "--config", "\(Repository.root)/Packaging/example.yaml"],
        environment: ["CREDENTIALS_DIRECTORY": folder.path])
      #expect(!ran.errors.contains("example.yaml:"), "\(ran.words)")
    }
  }
}
