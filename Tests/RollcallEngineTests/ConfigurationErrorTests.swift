import Testing

/// One change to the minimal file, and what is then said about it.
struct Broken: CustomTestStringConvertible, Sendable {
  var old: String
  var new: String
  var expected: [String]

  /// The messages without their common `rollcall.yaml:`.
  init(_ old: String, _ new: String, _ expected: String...) {
    self.old = old
    self.new = new
    self.expected = expected.map { "rollcall.yaml:" + $0 }
  }

  var testDescription: String { "\(old) -> \(new)" }
}

/// What a wrong file is told, word for word, with line and column.
@Suite struct ConfigurationErrorTests {
  private func check(_ broken: Broken) {
    #expect(ConfigurationSample.minimal.contains(broken.old))
    let text = ConfigurationSample.minimal.replacing(broken.old, with: broken.new, maxReplacements: 1)
    #expect(ConfigurationSample.problems(text) == broken.expected)
  }

  @Test(arguments: [
    Broken(
      "attributes:", "atributes:",
      #"9:1: missing key "attributes" under users"#,
      #"11:3: unknown key "atributes" under users; did you mean "attributes"?"#),
    Broken(
      "users:\n", "usres:\n",
      #"1:1: missing key "users""#, #"9:1: unknown key "usres"; did you mean "users"?"#),
    Broken(
      "key: id", "kee: id",
      #"1:1: missing key "key" under source"#, #"3:3: unknown key "kee" under source; did you mean "key"?"#),
    Broken(
      "key: id", "key: id\n  Where: a", #"4:3: unknown key "Where" under source; did you mean "where"?"#),
    Broken(
      "dn:", "colour: red\n    dn:",
      #"7:5: unknown key under directory.bind; known here: dn, password, password_file, mechanism, principal, keytab"#),
    Broken(
      "source:", "removals: { most: 10%, leest: 1 }\nsource:",
      #"1:24: unknown key "leest" under removals; did you mean "least"?"#),
    Broken(
      "source:", "sweep: { evry: 1s }\nsource:",
      #"1:10: unknown key "evry" under sweep; did you mean "every"?"#),
    Broken(
      "key: id", "key: id\n  watch: [{ tabel: roles, key: id }]",
      #"4:11: missing key "table" under source.watch[0]"#,
      #"4:13: unknown key "tabel" under source.watch[0]; did you mean "table"?"#),
    Broken(
      "users:\n", "groups: { bases: dc=example }\nusers:\n",
      #"9:1: missing key "base" under groups"#, #"9:1: missing key "membership" under groups"#,
      #"9:11: unknown key "bases" under groups; did you mean "base"?"#),
    Broken(
      "users:\n", "<<: { a: 1 }\nusers:\n",
      #"9:1: unknown key "<<"; known here: name, source, directory, users, groups, removals, journal, behind_after, "#
        + "sweep, reconcile"),
  ])
  func unknownKeys(_ broken: Broken) { check(broken) }

  @Test(arguments: [
    Broken("source:\n  table: public.users\n  key: id\n", "", #"1:1: missing key "source""#),
    Broken("  url: ldap://127.0.0.1\n", "", #"4:1: missing key "url" under directory"#),
    Broken("url: ldap://127.0.0.1", "url:", #"4:1: missing key "url" under directory"#),
    Broken("  base: ou=users,dc=example,dc=com\n", "", #"9:1: missing key "base" under users"#),
    Broken(
      "base: ou=users,dc=example,dc=com", "base: ou=users,dc=example,dc=com\n  leavers: OU=users, dc=example,dc=com",
      #"11:12: users.leavers: is the base itself; name a container below it, as in ou=former"#),
    Broken(
      "base: ou=users,dc=example,dc=com",
      "base: ou=users,dc=example,dc=com\n  leavers: ou=x,ou=users,dc=example,dc=com",
      #"11:12: users.leavers: is relative to users.base; leave "ou=users,dc=example,dc=com" out"#),
    Broken(
      "base: ou=users,dc=example,dc=com", "base: ou=users,dc=example,dc=com\n  leavers: former",
      #"11:12: users.leavers: "former" is not a distinguished name: = is missing after the attribute's name"#),
    Broken(
      "base: ou=users,dc=example,dc=com", "base: ou=users,dc=example,dc=com\n  leavers: ou=a+cn=b",
      "11:12: users.leavers: each level must have one attribute, as in ou=former"),
    Broken(
      "base: ou=users,dc=example,dc=com", "base: ou=users,dc=example,dc=com\n  leavers: ou=a\n  inactive: keep",
      "11:12: users.leavers: nobody is disabled, because neither inactive nor removed is disable"),
    Broken(
      "base: ou=users,dc=example,dc=com", "base: ou=users,dc=example,dc=com\n  delete_after: 30d",
      "11:17: users.delete_after: needs removed: disable; with removed: delete no entry waits to be deleted"),
    Broken(
      "base: ou=users,dc=example,dc=com", "base: ou=users,dc=example,dc=com\n  removed: disable\n  delete_after: 30",
      #"12:17: users.delete_after: "30" is not a duration; examples: 500ms, 10s, 2m, 24h, 7d"#),
    Broken("base: ou=users,dc=example,dc=com", "base: ''", "10:9: users.base: is empty"),
    Broken("    dn: cn=rollcall,dc=example,dc=com\n", "", #"6:3: missing key "dn" under directory.bind"#),
    Broken(
      "    password: \"${LDAP_PASSWORD}\"\n", "",
      #"6:3: missing key "password" (or "password_file") under directory.bind"#),
    Broken(
      "  bind:\n    dn: cn=rollcall,dc=example,dc=com\n    password: \"${LDAP_PASSWORD}\"\n", "",
      #"4:1: missing key "bind" under directory"#),
    Broken("  table: public.users\n", "", #"1:1: missing key "table" (or "query") under source"#),
    Broken("key: id", "query: SELECT 1\n  key: id", "3:10: source: table and query are mutually exclusive"),
    Broken(
      "key: id", "watch: [{ table: roles }]\n  key: id",
      #"3:11: missing key "key" under source.watch[0]"#),
  ])
  func missingKeys(_ broken: Broken) { check(broken) }

  @Test(arguments: [
    Broken("table: public.users", "table: [public.users]", "2:10: source.table: expected text, found a list"),
    Broken(
      "base: ou=users,dc=example,dc=com", "base: { ou: users }",
      "10:9: users.base: expected text, found a mapping"),
    Broken(
      "\n    uid: username\n    cn: full_name", " [uid, cn]",
      "11:15: users.attributes: expected a mapping, found a list"),
    Broken("cn: full_name", "cn: [full_name]", "13:9: users.attributes.cn: expected text, found a list"),
    Broken("cn: full_name", "cn:", "13:8: users.attributes.cn: expected text, found nothing"),
    Broken("users:\n", "groups: yes\nusers:\n", "9:9: groups: expected a mapping, found text"),
    Broken(
      "users:\n", "users:\n  classes: inetOrgPerson\n",
      "10:12: users.classes: expected a list, found text"),
    Broken("users:\n", "users:\n  classes: [[a]]\n", "10:13: users.classes[0]: expected text, found a list"),
    Broken("key: id", "key: id\n  due: valid_from", "4:8: source.due: expected a list, found text"),
    Broken("key: id", "key: id\n  due: [a, ' ']", "4:12: source.due[1]: is empty"),
    Broken("key: id", "key: id\n  due: [a, a]", "4:12: source.due[1]: the same expression is listed twice"),
    Broken("key: id", "key: id\n  due: [{ a: b }]", "4:9: source.due[0]: expected text, found a mapping"),
    Broken(
      "key: id", "key: id\n  timezone: UTC; x",
      #"4:13: source.timezone: "UTC; x" is not a time zone; example: Europe/Berlin"#),
    Broken("key: id", "key: id\n  watch: roles", "4:10: source.watch: expected a list, found text"),
    Broken("key: id", "key: id\n  watch: [roles]", "4:11: source.watch[0]: expected a mapping, found text"),
    Broken("url: ldap://127.0.0.1", "url: { host: a }", "5:8: directory.url: expected text, found a mapping"),
    Broken(
      "url: ldap://127.0.0.1", "url: [ldap://127.0.0.1, [b]]",
      "5:27: directory.url[1]: expected text, found a list"),
    Broken("url: ldap://127.0.0.1", "url: []", "5:3: directory.url: names no server"),
    Broken(
      "users:\n", "users:\n  container: { ou: department }\n",
      "10:14: users.container: expected a list, found a mapping"),
    Broken(
      "users:\n", "users:\n  container: [{ ou: a, o: b }]\n",
      "10:15: users.container[0]: expected one attribute with its expression, as { ou: department }"),
    Broken(
      "users:\n", "users:\n  container: [department]\n",
      "10:15: users.container[0]: expected one attribute with its expression, as { ou: department }"),
    Broken(
      "users:\n", "users:\n  container: [{ ou: [] }]\n",
      "10:21: users.container[0].ou: expected text, found a list"),
    Broken("users:\n", "users:\n  disable: { a: [] }\n", "10:14: users.disable.a: is empty"),
    Broken("users:\n", "users:\n  disable: { a: [b, ''] }\n", "10:21: users.disable.a[1]: is empty"),
    Broken("cn: full_name", #"cn: "a\0b""#, "13:9: users.attributes.cn: contains a NUL character"),
    Broken("cn: full_name", #"cn: " ""#, "13:9: users.attributes.cn: is empty"),
    Broken("users:\n", "users:\n  filter: ''\n", "10:11: users.filter: is empty"),
  ])
  func wrongTypes(_ broken: Broken) { check(broken) }

  @Test(arguments: [
    Broken(
      "users:\n", "behind_after: soon\nusers:\n",
      #"9:15: behind_after: "soon" is not a duration; examples: 500ms, 10s, 2m, 24h, 7d"#),
    Broken(
      "users:\n", "sweep: { every: 10 }\nusers:\n",
      #"9:17: sweep.every: "10" is not a duration; examples: 500ms, 10s, 2m, 24h, 7d"#),
    Broken(
      "users:\n", "sweep: { every: -1s }\nusers:\n",
      #"9:17: sweep.every: "-1s" is not a duration; examples: 500ms, 10s, 2m, 24h, 7d"#),
    Broken(
      "users:\n", "sweep: { every: 1h30m }\nusers:\n",
      #"9:17: sweep.every: "1h30m" is not a duration; examples: 500ms, 10s, 2m, 24h, 7d"#),
    Broken(
      "users:\n", "reconcile: { every: 99999999999999999d }\nusers:\n",
      #"9:21: reconcile.every: "99999999999999999d" is not a duration; "#
        + "examples: 500ms, 10s, 2m, 24h, 7d"),
    Broken("users:\n", "sweep: { every: 0s }\nusers:\n", "9:17: sweep.every: must be at least 10ms"),
    Broken("users:\n", "  timeout: 2h\nusers:\n", "9:12: directory.timeout: must be at most 1h"),
    Broken(
      "users:\n", "removals: { most: 10 }\nusers:\n",
      #"9:19: removals.most: "10" is not a share from 0% to 100%; examples: 10%, 2.5%"#),
    Broken(
      "users:\n", "removals: { most: 101% }\nusers:\n",
      #"9:19: removals.most: "101%" is not a share from 0% to 100%; examples: 10%, 2.5%"#),
    Broken(
      "users:\n", "removals: { most: 100.01% }\nusers:\n",
      #"9:19: removals.most: "100.01%" is not a share from 0% to 100%; examples: 10%, 2.5%"#),
    Broken(
      "users:\n", "removals: { most: -1%, least: -1 }\nusers:\n",
      #"9:19: removals.most: "-1%" is not a share from 0% to 100%; examples: 10%, 2.5%"#,
      #"9:31: removals.least: "-1" is not a whole number, 0 or more"#),
    Broken(
      "users:\n", "removals: { least: 1.5 }\nusers:\n",
      #"9:20: removals.least: "1.5" is not a whole number, 0 or more"#),
    Broken(
      "users:\n", "removals: { least: 99999999999999999999 }\nusers:\n",
      #"9:20: removals.least: "99999999999999999999" is not a whole number, 0 or more"#),
    Broken(
      "users:\n", "users:\n  removed: purge\n",
      #"10:12: users.removed: expected delete, disable or keep, found "purge""#),
    Broken(
      "users:\n", "users:\n  inactive: Disable\n",
      #"10:13: users.inactive: expected disable, delete or keep, found "Disable""#),
    Broken(
      "users:\n", "  kind: samba\nusers:\n",
      #"9:9: directory.kind: expected auto, openldap, 389ds or ad, found "samba""#),
    Broken(
      "users:\n", "groups: { base: dc=example, membership: a, empty: drop }\nusers:\n",
      #"9:51: groups.empty: expected delete or keep, found "drop""#),
    Broken(
      "users:\n", "name: a/b\nusers:\n",
      #"9:7: name: "a/b" must consist of at most 63 letters, digits, "-", "_" and ".""#),
    Broken(
      "users:\n", "name: \(String(repeating: "n", count: 64))\nusers:\n",
      "9:7: name: \"\(String(repeating: "n", count: 64))\" must consist of at most 63 letters, digits, "
        + #""-", "_" and ".""#),
  ])
  func badValues(_ broken: Broken) { check(broken) }

  @Test(arguments: [
    Broken(
      "full_name", "upper(${NOPE})",
      "13:9: users.attributes.cn: the environment variable NOPE is not set"),
    Broken(
      "${LDAP_PASSWORD}", "x${NOPE}y",
      "8:15: directory.bind.password: the environment variable NOPE is not set"),
    Broken(
      "full_name", "${LDAP_PASSWORD",
      #"13:9: users.attributes.cn: "${" without a closing "}"; write $${ for a literal ${"#),
    Broken(
      "full_name", "'^${2}'",
      #"13:9: users.attributes.cn: "${2}" is not the name of an environment variable; write $${ for a literal ${"#),
    Broken(
      "full_name", "${LDAP_PASSWORD:-none}",
      #"13:9: users.attributes.cn: "${LDAP_PASSWORD:-none}" is not the name of an environment variable; "#
        + "write $${ for a literal ${"),
    Broken(
      "full_name", "${}",
      #"13:9: users.attributes.cn: "${}" is not the name of an environment variable; write $${ for a literal ${"#),
  ])
  func environment(_ broken: Broken) { check(broken) }

  @Test(arguments: [
    Broken(
      "public.users", "a.b.c", #"2:10: source.table: the name "a.b.c" has more parts than schema and table"#),
    Broken("public.users", "public.", #"2:10: source.table: the name "public." has an empty part"#),
    Broken("public.users", ".users", #"2:10: source.table: the name ".users" has an empty part"#),
    Broken("public.users", "'\"\"'", #"2:10: source.table: the name """" has an empty part"#),
    Broken("public.users", "'\"users'", #"2:10: source.table: the name ""users" lacks a closing quote"#),
    Broken(
      "public.users", "'\"a\"b'", #"2:10: source.table: the name ""a"b" has text after the closing quote"#),
    Broken(
      "public.users", "User Accounts",
      #"2:10: source.table: the name "User Accounts" needs double quotes around other than letters, "#
        + "digits, _ and $"),
    Broken(
      "public.users", "2users",
      #"2:10: source.table: the name "2users" needs double quotes around other than letters, digits, _ and $"#
    ),
    Broken(
      "public.users", String(repeating: "u", count: 64),
      "2:10: source.table: the name \"\(String(repeating: "u", count: 64))\" has a part longer than 63 bytes"),
    Broken("key: id", "key: users.id", #"3:8: source.key: the name "users.id" has more than one part"#),
    Broken(
      "key: id", "key: user-id",
      #"3:8: source.key: the name "user-id" needs double quotes around other than letters, digits, _ and $"#),
    Broken(
      "key: id", "key: id\n  watch: [{ table: a b, key: c d }]",
      #"4:20: source.watch[0].table: the name "a b" needs double quotes around other than letters, "#
        + "digits, _ and $",
      #"4:30: source.watch[0].key: the name "c d" needs double quotes around other than letters, "#
        + "digits, _ and $"),
    Broken(
      "key: id", "key: id\n  watch: [{ table: a, key: b }, { table: A, key: b }]",
      "4:33: source.watch[1]: the same table and key are listed twice"),
  ])
  func tableNames(_ broken: Broken) { check(broken) }

  @Test func allIsReportedAtOnceInTheOrderOfTheFile() {
    let text = """
      source: { table: a.b.c, kee: id }
      directory: { url: http://x, timeout: 1, bind: {} }
      users: { base: ou=users, removed: purge, attributes: { cn: name } }
      sweep: often
      """
    #expect(
      ConfigurationSample.problems(text) == [
        #"rollcall.yaml:1:1: missing key "key" under source"#,
        #"rollcall.yaml:1:18: source.table: the name "a.b.c" has more parts than schema and table"#,
        #"rollcall.yaml:1:25: unknown key "kee" under source; did you mean "key"?"#,
        #"rollcall.yaml:2:19: directory.url: "http://x" has an unknown scheme; "#
          + "it must begin with ldap://, ldaps:// or ldapi://",
        #"rollcall.yaml:2:38: directory.timeout: "1" is not a duration; "#
          + "examples: 500ms, 10s, 2m, 24h, 7d",
        #"rollcall.yaml:2:41: missing key "dn" under directory.bind"#,
        #"rollcall.yaml:2:41: missing key "password" (or "password_file") under directory.bind"#,
        #"rollcall.yaml:3:1: users.naming: "uid" names the entry and is missing from users.attributes"#,
        #"rollcall.yaml:3:35: users.removed: expected delete, disable or keep, found "purge""#,
        "rollcall.yaml:4:8: sweep: expected a mapping, found text",
      ])
  }
}
