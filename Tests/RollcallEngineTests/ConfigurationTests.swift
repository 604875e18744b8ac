import LDAPModel
import RollcallCore
import RollcallEngine
import Testing
import YAML

@testable import RollcallConfiguration

/// What a right file becomes.
@Suite struct ConfigurationTests {
  @Test func minimalFileGetsEveryDefault() throws {
    let configuration = try ConfigurationSample.parse(ConfigurationSample.minimal)
    #expect(configuration.file == "rollcall.yaml")
    #expect(configuration.name == "main")

    let source = configuration.source
    #expect(source.connection == Secret(""))
    #expect(source.relation == .table(QualifiedName(schema: "public", name: "users")))
    #expect(source.key == "id")
    #expect(source.where == nil)
    #expect(source.active == nil)
    #expect(source.watch.isEmpty)

    let directory = configuration.directory
    #expect(directory.urls.map(\.text) == ["ldap://127.0.0.1"])
    #expect(directory.startTLS == false)
    #expect(directory.ca == nil)
    #expect(directory.verify)
    #expect(directory.bind == .simple(dn: "cn=rollcall,dc=example,dc=com", password: Secret("env-secret")))
    #expect(directory.certificate == nil)
    #expect(directory.key == nil)
    #expect(directory.kind == .auto)
    #expect(directory.timeout == .seconds(10))

    let users = configuration.users
    #expect(users.base == "ou=users,dc=example,dc=com")
    #expect(users.naming == "uid")
    #expect(users.link == "employeeNumber")
    #expect(users.classes == ["inetOrgPerson"])
    #expect(users.attributes.map(\.attribute) == ["uid", "cn"])
    #expect(users.attributes.map(\.expression) == ["username", "full_name"])
    #expect(users.filter == nil)
    #expect(users.adopt == false)
    #expect(users.protect.names.isEmpty && users.protect.filter == nil)
    #expect(users.createOnly.isEmpty)
    #expect(users.password == nil)
    #expect(users.container.isEmpty)
    #expect(users.inactive == .disable)
    #expect(users.removed == .delete)
    #expect(users.disable.isEmpty)

    #expect(configuration.groups == nil)
    #expect(configuration.removals.most.basisPoints == 1_000)
    #expect(configuration.removals.least == 25)
    #expect(configuration.removals.within == .seconds(86_400))
    #expect(configuration.behindAfter == .seconds(120))
    #expect(configuration.journal == .init(keep: .seconds(90 * 86_400), values: true, hide: []))
    #expect(configuration.sweep.every == .seconds(30))
    #expect(configuration.reconcile.every == .seconds(86_400))
    #expect(configuration.warnings.isEmpty)
  }

  @Test func groupsGetTheirDefaults() throws {
    let groups = "groups: { base: 'ou=groups,dc=example,dc=com', membership: roles }\n"
    let configuration = try ConfigurationSample.parse(ConfigurationSample.minimal + groups)
    let read = try #require(configuration.groups)
    #expect(read.base == "ou=groups,dc=example,dc=com")
    #expect(read.membership == "roles")
    #expect(read.naming == "cn")
    #expect(read.classes == ["groupOfNames"])
    #expect(read.member == "member")
    #expect(read.attributes.isEmpty)
    #expect(read.create)
    #expect(read.empty == .delete)
    #expect(read.placeholder == nil)
    #expect(read.adopt == .none)
  }

  @Test func documentedFileIsTheDefaultsAndItsExamples() throws {
    let full = try ConfigurationSample.parse(ConfigurationSample.full)
    let minimal = try ConfigurationSample.parse(ConfigurationSample.minimal)
    #expect(full.name == minimal.name)
    #expect(full.source.active == "status = 'active'")
    #expect(full.source.relation == minimal.source.relation)
    #expect(full.directory.urls.map(\.port) == [389])
    #expect(full.directory.bind == minimal.directory.bind)
    #expect(full.directory.kind == minimal.directory.kind)
    #expect(full.directory.timeout == minimal.directory.timeout)
    #expect(full.users.attributes.map(\.attribute) == ["uid", "cn", "sn", "mail"])
    #expect(full.users.attributes[2].expression == #"regexp_replace(full_name, '^.*\s', '')"#)
    var users = full.users
    users.attributes = minimal.users.attributes
    #expect(users == minimal.users)
    #expect(full.groups?.membership == "roles")
    #expect(full.removals == minimal.removals)
    #expect(full.behindAfter == minimal.behindAfter)
    #expect(full.journal == minimal.journal)
    #expect(full.sweep == minimal.sweep)
    #expect(full.reconcile == minimal.reconcile)
    #expect(full.warnings.isEmpty)
  }

  @Test func everyKeyIsRead() throws {
    let read = try ConfigurationSample.parse(ConfigurationSample.other, file: "/etc/rollcall/branch.yaml")
    #expect(read.name == "branch-2")
    #expect(read.source.connection.text == "postgresql://rollcall:conn-secret@db.example.com/hr")
    let query =
      "SELECT u.*, d.name AS department\nFROM users u LEFT JOIN departments d ON d.id = u.department_id\n"
    #expect(read.source.relation == .query(query))
    #expect(read.source.key == "User Id")
    #expect(read.source.where == "kind <> 'robot'")
    #expect(read.source.watch.map(\.table.sql) == [#""users""#, #""HR"."User Roles""#])
    #expect(read.source.watch.map(\.key) == ["User Id", "user_id"])

    #expect(read.directory.urls.map(\.host) == ["dc1.example.com", "2001:db8::1"])
    #expect(read.directory.urls.map(\.port) == [nil, 1636])
    #expect(read.directory.ca == "/etc/rollcall/tls/ca.pem")
    #expect(read.directory.verify == false)
    #expect(read.directory.bind == .simple(dn: "rollcall@example.com", password: Secret("file-secret")))
    #expect(read.directory.certificate == "/etc/rollcall/tls/client.pem")
    #expect(read.directory.key == "/etc/rollcall/client.key")
    #expect(read.directory.kind == .activeDirectory)
    #expect(read.directory.timeout == .milliseconds(1500))

    #expect(read.users.base == "OU=People,DC=example,DC=com")
    #expect(read.users.naming == "cn")
    #expect(read.users.link == "employeeID")
    #expect(read.users.classes == ["top", "person", "organizationalPerson", "user"])
    // In the file's order, not sorted.
    let names = ["zip", "cn", "sAMAccountName", "description;lang-de"]
    #expect(read.users.attributes.map(\.attribute) == names)
    #expect(read.users.attributes[3].expression == "'${' || title")
    #expect(read.users.filter == .equal("objectClass", "user"))
    #expect(read.users.adopt)
    #expect(read.users.protect.names == ["cn=svc", "cn=boss,dc=example,dc=com"])
    #expect(read.users.createOnly.map(\.expression) == ["first_title"])
    #expect(read.users.password == "initial_password")
    #expect(read.users.container.map(\.attribute) == ["ou", "ou"])
    #expect(read.users.container.map(\.expression) == ["department", "country"])
    #expect(read.users.inactive == .keep)
    #expect(read.users.removed == .disable)
    #expect(read.users.disable.map(\.attribute) == ["loginShell", "description"])
    #expect(read.users.disable.map(\.values) == [["/bin/false"], ["left", "gone"]])

    let groups = try #require(read.groups)
    #expect(groups.naming == "ou")
    #expect(groups.classes == ["posixGroup"])
    #expect(groups.member == "memberUid")
    #expect(groups.attributes.map(\.expression) == ["1000 + length(name)"])
    #expect(groups.create == false)
    #expect(groups.empty == .keep)
    #expect(groups.placeholder == "cn=nobody,dc=example,dc=com")
    #expect(groups.adopt == .named(["admins", "a,b"]))
    #expect(read.removals.most.description == "2.5%")
    #expect(read.removals.least == 0)
    #expect(read.removals.within == .seconds(7 * 86_400))
    #expect(read.behindAfter == .seconds(600))
    #expect(read.journal == .init(keep: .seconds(7 * 86_400), values: false, hide: ["homePhone"]))
    #expect(read.sweep.every == .milliseconds(500))
    #expect(read.reconcile.every == .seconds(6 * 3600))
    #expect(read.warnings.map(\.message).allSatisfy { $0.hasPrefix("directory.verify: ") })
  }

  @Test(arguments: [
    ("${A}", "one"), ("x${A}y${B_2}z", "xoneyy: [two]z"), ("$${A}", "${A}"), ("$$${A}", "$${A}"),
    ("$A $$ $", "$A $$ $"),
    ("${A}${A}", "oneone"), ("$$A$$ || '$${'", "$$A$$ || '${'"),
  ])
  func environmentIsSubstituted(written: String, expected: String) throws {
    let text = ConfigurationSample.minimal.replacing("full_name", with: "\"\(written)\"")
    var environment = ConfigurationSample.environment
    environment["A"] = "one"
    environment["B_2"] = "y: [two]"
    let read = try ConfigurationSample.parse(text, environment: environment)
    #expect(read.users.attributes[1].expression == expected)
  }

  @Test func environmentGivesNumbersAndChoicesToo() throws {
    let text =
      ConfigurationSample.minimal
        + """
        removals: { least: '${N}', most: '${P}', within: '${D}' }
        groups: { base: dc=example, membership: r, create: '${C}', empty: '${E}' }

        """
    var environment = ConfigurationSample.environment
    for (name, value) in [("N", "7"), ("P", "100%"), ("D", "1h"), ("C", "false"), ("E", "keep")] {
      environment[name] = value
    }
    let read = try ConfigurationSample.parse(text, environment: environment)
    #expect(read.removals.least == 7)
    #expect(read.removals.most.basisPoints == 10_000)
    #expect(read.removals.within == .seconds(3600))
    #expect(read.groups?.create == false)
    #expect(read.groups?.empty == .keep)
  }

  @Test func passwordFileLosesOneNewlineOnly() throws {
    for (contents, expected) in [("p\n", "p"), ("p\r\n", "p"), ("p", "p"), ("p\n\n", "p\n"), (" p ", " p ")] {
      let text = ConfigurationSample.minimal.replacing(
        #"password: "${LDAP_PASSWORD}""#, with: "password_file: secrets/ldap")
      let read = try Configuration.parse(text, file: "conf/rollcall.yaml", environment: [:]) { path in
        #expect(path == "conf/secrets/ldap")
        return Array(contents.utf8)
      }
      #expect(read.directory.bind == .simple(dn: "cn=rollcall,dc=example,dc=com", password: Secret(expected)))
    }
  }

  @Test func positionsLeadBackToTheFile() throws {
    let read = try ConfigurationSample.parse(ConfigurationSample.full)
    #expect(read.positions["users.attributes.mail"] == .init(line: 27, column: 11))
    #expect(read.positions["users.attributes"] == .init(line: 23, column: 3))
    #expect(read.positions["source"] == .init(line: 2, column: 1))
    #expect(read.positions["source.where"] == .init(line: 6, column: 3))
    #expect(read.positions["directory.bind.password"] == .init(line: 13, column: 58))
    #expect(read.positions["users.classes[0]"] == .init(line: 22, column: 13))
    #expect(
      read.problem(at: "users.attributes.mail", "column \"emial\" does not exist").description
        == "rollcall.yaml:27:11: users.attributes.mail: column \"emial\" does not exist")

    let minimal = try ConfigurationSample.parse(ConfigurationSample.minimal)
    #expect(
      minimal.problem(at: "users.classes[0]", "unknown").description
        == "rollcall.yaml:9:1: users.classes[0]: unknown")
    #expect(
      minimal.problem(at: "sweep.every", "odd").description == "rollcall.yaml: sweep.every: odd")
    let other = try ConfigurationSample.parse(
      ConfigurationSample.other, file: "/etc/rollcall/branch.yaml")
    #expect(other.positions["source.watch[1].table"] == .init(line: 10, column: 56))
    #expect(other.positions["users.container[1].ou"] == .init(line: 37, column: 41))
    #expect(other.positions["directory.url[1]"] == .init(line: 14, column: 7))
  }

  @Test func passwordInTheClearIsAWarning() throws {
    let text = ConfigurationSample.minimal
    for local in ["127.0.0.1", "127.1.2.3:389", "localhost", "LOCALHOST:389", "[::1]:389"] {
      let read = try ConfigurationSample.parse(text.replacing("127.0.0.1", with: local))
      #expect(read.warnings.isEmpty)
    }
    for remote in [
      "ldap.example.com", "127.example.com", "10.0.0.1", "[2001:db8::1]", "127.0.0.1.example.com",
    ] {
      let read = try ConfigurationSample.parse(text.replacing("127.0.0.1", with: remote))
      #expect(
        read.warnings.map(\.description) == [
          "rollcall.yaml:5:8: directory.url: the password goes to \"ldap://\(remote)\" unencrypted; "
            + "use ldaps:// or starttls: true"
        ])
    }
    let secured = text.replacing("127.0.0.1", with: "ldap.example.com\n  starttls: true")
    #expect(try ConfigurationSample.parse(secured).warnings.isEmpty)
  }

  @Test func aliasesAndQuotesAreYAMLs() throws {
    let text = """
      source: { "table": 'users', key: &id id, watch: [{ table: roles, key: *id }] }
      directory: { url: ldapi:///, bind: { mechanism: external } }
      users:
        base: dc=example
        attributes: { uid: "null", cn: 10, sn: true, mail: "a
          b" }
      """
    let read = try ConfigurationSample.parse(text)
    #expect(read.source.watch.map(\.key) == ["id"])
    #expect(read.users.attributes.map(\.expression) == ["null", "10", "true", "a b"])
  }
}
