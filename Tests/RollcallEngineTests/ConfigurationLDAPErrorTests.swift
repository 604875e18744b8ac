import RollcallEngine
import Testing

/// What is said about the directory, its names and its attributes.
@Suite struct ConfigurationLDAPErrorTests {
  private func check(_ broken: Broken) {
    #expect(ConfigurationSample.minimal.contains(broken.old))
    let text = ConfigurationSample.minimal.replacing(broken.old, with: broken.new, maxReplacements: 1)
    #expect(ConfigurationSample.problems(text) == broken.expected)
  }

  @Test(arguments: [
    ("http://x", "has an unknown scheme; it must begin with ldap://, ldaps:// or ldapi://"),
    ("ldap.example.com", "is not a URL; it must begin with ldap://, ldaps:// or ldapi://"),
    ("ldap://", "names no host"), ("ldaps://:636", "names no host"),
    ("ldap://a:0", "has a port that is not between 1 and 65535"),
    ("ldap://a:65536", "has a port that is not between 1 and 65535"),
    ("ldap://a:", "has a port that is not between 1 and 65535"),
    ("ldap://a:+1", "has a port that is not between 1 and 65535"),
    ("ldap://a/dc=example", "has more than scheme, host and port"),
    ("ldap://a??sub", "has more than scheme, host and port"),
    ("ldapi:///run/slapd/ldapi", "writes the socket's path with %2f for each /"),
    ("ldap://::1", "needs [ ] around an IPv6 address"), ("ldap://[::1", "lacks the closing ] of its address"),
    ("ldap://[::1]x", "has text after the ] of its address"),
    ("ldap://a ldap://b", "has more than scheme, host and port"),
    ("ldap://a,b", "contains a blank or a comma; write several servers as a list"),
    ("ldap://a b", "contains a blank or a comma; write several servers as a list"),
  ])
  func urls(url: String, message: String) {
    let text = ConfigurationSample.minimal.replacing("ldap://127.0.0.1", with: "'\(url)'")
    #expect(
      ConfigurationSample.problems(text) == ["rollcall.yaml:5:8: directory.url: \"\(url)\" \(message)"])
  }

  @Test(arguments: [
    Broken(
      "url: ldap://127.0.0.1", "url: ldap://cn=me:secret@127.0.0.1",
      "5:8: directory.url: the URL contains a user; use directory.bind instead"),
    Broken(
      "url: ldap://127.0.0.1", "url: [ldapi:///, 'x']",
      #"5:20: directory.url[1]: "x" is not a URL; it must begin with ldap://, ldaps:// or ldapi://"#),
    Broken(
      "url: ldap://127.0.0.1", "url: ldaps://a\n  starttls: true",
      #"6:13: directory.starttls: is for ldap:// only, not for "ldaps://a""#),
    Broken(
      "url: ldap://127.0.0.1", "url: ldap://127.0.0.1\n  ca: nope.pem",
      #"6:7: directory.ca: cannot read "nope.pem": no such file"#),
    Broken(
      "url: ldap://127.0.0.1", "url: ldaps://a\n  certificate: /etc/rollcall/tls/client.pem",
      "6:16: directory.certificate: needs its private key in directory.key"),
    Broken(
      "url: ldap://127.0.0.1", "url: ldaps://a\n  key: /etc/rollcall/client.key",
      "6:8: directory.key: needs its certificate in directory.certificate"),
    Broken(
      "url: ldap://127.0.0.1",
      "url: ldap://127.0.0.1\n  certificate: /etc/rollcall/tls/client.pem\n  key: /etc/rollcall/client.key",
      "6:16: directory.certificate: needs ldaps:// or starttls: true"),
    Broken(
      "password: \"${LDAP_PASSWORD}\"", "password: a\n    password_file: /run/secrets/ldap",
      "9:20: directory.bind: password and password_file are mutually exclusive"),
    Broken(
      "password: \"${LDAP_PASSWORD}\"", "password_file: /run/secrets/none",
      #"8:20: directory.bind.password_file: cannot read "/run/secrets/none": no such file"#),
    Broken("password: \"${LDAP_PASSWORD}\"", "password: ''", "8:15: directory.bind.password: is empty"),
    Broken(
      "password: \"${LDAP_PASSWORD}\"", "mechanism: external",
      "7:9: directory.bind.dn: cannot be combined with mechanism",
      #"8:16: directory.bind.mechanism: external needs ldapi://, or TLS with certificate and key, "#
        + #"not "ldap://127.0.0.1""#),
    Broken(
      "dn: cn=rollcall,dc=example,dc=com\n    password: \"${LDAP_PASSWORD}\"", "mechanism: kerberos",
      #"7:16: directory.bind.mechanism: expected external or gssapi, found "kerberos""#),
  ])
  func directory(_ broken: Broken) { check(broken) }

  private static let simple = "dn: cn=rollcall,dc=example,dc=com\n    password: \"${LDAP_PASSWORD}\""
  private static let keytab = "keytab: /run/secrets/keytab"

  @Test(arguments: [
    Broken(
      simple, "mechanism: gssapi", #"6:3: missing key "keytab" under directory.bind"#,
      #"6:3: missing key "principal" under directory.bind"#),
    Broken(
      simple, "mechanism: gssapi\n    principal: rollcall\n    \(keytab)",
      #"8:16: directory.bind.principal: "rollcall" has no realm; write it as "rollcall@EXAMPLE.COM""#),
    Broken(
      simple, "mechanism: gssapi\n    principal: roll@EXAMPLE.COM\n    \(keytab)",
      #"8:16: directory.bind.principal: "roll@EXAMPLE.COM" has no key in "/run/secrets/keytab", which has keys of "#
        + "rollcall@EXAMPLE.COM, ldap/a.example.com@EXAMPLE.COM; export its keytab again"),
    Broken(
      simple, "mechanism: gssapi\n    principal: rollcall@EXAMPLE.COM\n    keytab: nope",
      #"9:13: directory.bind.keytab: cannot read "nope": no such file"#),
    Broken(
      simple, "mechanism: gssapi\n    principal: rollcall@EXAMPLE.COM\n    keytab: /run/secrets/ldap",
      #"9:13: directory.bind.keytab: "/run/secrets/ldap" is not a keytab"#),
    Broken(
      simple, "mechanism: gssapi\n    dn: cn=x\n    principal: rollcall@EXAMPLE.COM\n    \(keytab)",
      "8:9: directory.bind.dn: cannot be combined with mechanism"),
    Broken(
      "password: \"${LDAP_PASSWORD}\"", "password: \"${LDAP_PASSWORD}\"\n    \(keytab)",
      "9:13: directory.bind.keytab: needs mechanism: gssapi"),
    Broken(
      "url: ldap://127.0.0.1\n  bind:\n    \(simple)",
      "url: ldapi:///\n  bind: { mechanism: gssapi, principal: rollcall@EXAMPLE.COM, \(keytab) }",
      #"5:8: directory.url: gssapi needs a server's name, and "ldapi:///" has none; use ldap:// or ldaps://, or "#
        + "mechanism: external"),
    Broken(
      "url: ldap://127.0.0.1\n  bind:\n    \(simple)",
      "url: ldapi:///\n  bind: { mechanism: external, principal: rollcall@EXAMPLE.COM }",
      "6:43: directory.bind.principal: needs mechanism: gssapi"),
  ])
  func kerberos(_ broken: Broken) { check(broken) }

  @Test(arguments: [
    Broken(
      "uid: username", "mail: email",
      #"9:1: users.naming: "uid" names the entry and is missing from users.attributes"#),
    Broken(
      "users:\n", "users:\n  naming: ou\n",
      #"10:11: users.naming: "ou" names the entry and is missing from users.attributes"#),
    Broken(
      "\n    uid: username\n    cn: full_name", " {}",
      #"9:1: users.naming: "uid" names the entry and is missing from users.attributes"#),
    Broken(
      "cn: full_name", "cn: full_name\n    employeenumber: id",
      "14:5: users.attributes.employeenumber: is already set: it is the link, which carries the row's key"),
    Broken(
      "users:\n", "users:\n  create_only: { employeeNumber: id }\n",
      "10:18: users.create_only.employeeNumber: is already set: it is the link, which carries the row's key"),
    Broken(
      "users:\n", "users:\n  create_only: { CN: a }\n",
      "10:18: users.create_only.CN: is in users.attributes as well"),
    Broken(
      "users:\n", "users:\n  link: UID\n",
      #"10:9: users.link: "UID" is already the naming attribute; the two must differ"#),
    Broken(
      "cn: full_name", "cn: full_name\n    CN: a",
      #"14:5: users.attributes.CN: the same attribute as "cn" on line 13"#),
    Broken(
      "users:\n", "users:\n  create_only: { a: x, A: y }\n",
      #"10:24: users.create_only.A: the same attribute as "a" on line 10"#),
    Broken(
      "cn: full_name", "objectClass: a",
      "13:5: users.attributes.objectClass: is set by users.classes"),
    Broken(
      "users:\n", "users:\n  disable: { UID: x, employeeNumber: 1, b: c, B: c }\n",
      "10:14: users.disable.UID: names the entry and cannot change when it is disabled",
      "10:22: users.disable.employeeNumber: is already set: it is the link, which carries the row's key",
      #"10:47: users.disable.B: the same attribute as "b" on line 10"#),
    Broken(
      "cn: full_name", "full name: a",
      #"13:5: users.attributes.full name: "full name" is not the name of an attribute"#),
    Broken("cn: full_name", "cn;: a", #"13:5: users.attributes.cn;: "cn;" is not the name of an attribute"#),
    Broken(
      "cn: full_name", "2.5.: a", #"13:5: users.attributes.2.5.: "2.5." is not the name of an attribute"#),
    Broken("cn: full_name", "'': a", #"13:5: users.attributes.: "" is not the name of an attribute"#),
    Broken("users:\n", "users:\n  link: a b\n", #"10:9: users.link: "a b" is not the name of an attribute"#),
    Broken(
      "users:\n", "users:\n  link: cn;lang-de\n",
      #"10:9: users.link: "cn;lang-de" is not the name of an attribute"#),
    Broken("users:\n", "users:\n  classes: []\n", "10:3: users.classes: is empty"),
    Broken(
      "users:\n", "users:\n  classes: [top, Top, a b]\n",
      #"10:18: users.classes[1]: "Top" is listed twice"#,
      #"10:23: users.classes[2]: "a b" is not the name of an object class"#),
    Broken(
      "users:\n",
      "groups: { base: dc=example, membership: a, attributes: { CN: a, MEMBER: b, objectclass: c } }\nusers:\n",
      "9:58: groups.attributes.CN: is already the group's name",
      "9:65: groups.attributes.MEMBER: already carries the members",
      "9:76: groups.attributes.objectclass: is set by groups.classes"),
  ])
  func attributes(_ broken: Broken) { check(broken) }

  @Test(arguments: [
    Broken(
      "ou=users,dc=example,dc=com", "users",
      #"10:9: users.base: "users" is not a distinguished name: = is missing after the attribute's name"#),
    Broken(
      "ou=users,dc=example,dc=com", "ou=users,,dc=example",
      #"10:9: users.base: "ou=users,,dc=example" is not a distinguished name: an attribute's name is missing"#),
    Broken(
      "users:\n", "groups: { base: x, membership: a, placeholder: y }\nusers:\n",
      #"9:17: groups.base: "x" is not a distinguished name: = is missing after the attribute's name"#,
      #"9:48: groups.placeholder: "y" is not a distinguished name: = is missing after the attribute's name"#),
    Broken(
      "users:\n", "users:\n  filter: (cn=a\n",
      #"10:11: users.filter: "(cn=a" is not a search filter: ) is missing"#),
  ])
  func namesAndFilters(_ broken: Broken) { check(broken) }
}
