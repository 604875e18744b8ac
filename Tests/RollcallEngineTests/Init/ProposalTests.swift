import LDAPModel
import RollcallAdministration
import RollcallCore
import Testing

@testable import RollcallConfiguration

/// What `rollcall init` proposes, for tables and directories of many shapes.
@Suite struct ProposalTests {
  typealias Column = TableFacts.Column

  /// `users(id, username, email, full_name, status, updated_at)`.
  static let seed = [
    Column("id", .integer), Column("username"), Column("email"), Column("full_name"),
    Column("status", values: ["active", "left"]), Column("updated_at", .time),
  ]

  static let suffix = DistinguishedName(unchecked: "dc=example,dc=com")

  static func facts(_ columns: [Column], key: [String] = ["id"]) -> TableFacts {
    TableFacts(table: "public.users", columns: columns, primaryKey: key)
  }

  static func picture(_ kind: DirectoryKind = .openldap, _ units: [String] = ["ou=users,dc=example,dc=com"])
    -> DirectoryPicture
  {
    DirectoryPicture(
      kind: kind, schema: .builtin, suffixes: [suffix], units: units.map { DistinguishedName(unchecked: $0) })
  }

  static var wishes: InitWishes {
    var wishes = InitWishes()
    wishes.url = "ldap://127.0.0.1"
    wishes.connection = "dbname=hr user=rollcall"
    return wishes
  }

  /// The proposal as the program reads it, which it must do without a complaint.
  static func read(_ text: String, _ location: SourceLocation = #_sourceLocation) throws -> Configuration {
    let configuration = try Configuration.parse(
      text, file: "rollcall.yaml", environment: ["LDAP_PASSWORD": "x"], readFile: { _ in Array("x".utf8) })
    #expect(configuration.warnings.isEmpty, sourceLocation: location)
    return configuration
  }

  /// The text without the line ends within its comments.
  static func flat(_ text: String) -> String { text.replacing(#/\n *# /#, with: " ") }

  private func propose(
    _ columns: [Column], _ picture: DirectoryPicture = picture(), _ wishes: InitWishes = wishes
  ) throws -> Configuration {
    let proposal = Proposal(Self.facts(columns), picture, wishes)
    return try Self.read(try #require(proposal.text, "\(proposal.shortcomings)"))
  }

  private func attributes(_ configuration: Configuration) -> [String: String] {
    Dictionary(configuration.users.attributes.map { ($0.attribute, $0.expression) }) { first, _ in first }
  }

  @Test func theSeed() throws {
    let text = try #require(Proposal(Self.facts(Self.seed), Self.picture(), Self.wishes).text)
    let found = try Self.read(text)
    #expect(found.name == "main" && found.source.key == "id" && found.source.active == "status = 'active'")
    #expect(found.source.connection.text == "dbname=hr user=rollcall")
    #expect(found.users.base.text == "ou=users,dc=example,dc=com")
    #expect(found.users.naming == "uid" && found.users.link == "employeeNumber")
    #expect(
      attributes(found) == [
        "uid": "username", "cn": "full_name", "sn": "split_part(trim(full_name), ' ', -1)", "mail": "email",
      ])
    #expect(found.groups == nil && found.users.disable.isEmpty)
    #expect(
      text.contains("password: \"${LDAP_PASSWORD}\"")
        && Self.flat(text).contains("A guess: status has the values active, left."))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  @Test(
    "split names are found by their spelling",
    arguments: [
      ("first_name", "last_name"), ("vorname", "nachname"), ("Vorname", "Familienname"), ("givenName", "surname"),
      ("prenom", "apellido"), ("vorname", "name"), ("user_first_name", "user_last_name"), ("fname", "lname"),
    ])
  func splitNames(_ given: String, _ surname: String) throws {
    let columns = [
      Column("id", .integer), Column("login"), Column(given, sql: "\"\(given)\""),
      Column(surname, sql: "\"\(surname)\""),
    ]
    let found = attributes(try propose(columns))
    #expect(found["givenName"] == "\"\(given)\"" && found["sn"] == "\"\(surname)\"")
    #expect(found["cn"] == "concat_ws(' ', \"\(given)\", \"\(surname)\")" && found["uid"] == "login")
  }

  @Test(
    "who is active is found by the spelling of columns and by their values",
    arguments: [
      (Column("status", values: ["Active", "Left"]), "status = 'Active'"),
      (Column("status", values: ["A", "L"]), "status = 'A'"),
      (Column("state", .enumeration, values: ["employed", "retired"]), "state = 'employed'"),
      (Column("zustand", values: ["aktiv", "weg"]), "zustand = 'aktiv'"),
      (Column("status", .integer, values: ["0", "1"]), "status = 1"),
      (Column("active", .boolean), "active"), (Column("is_enabled", .boolean), "is_enabled"),
      (Column("disabled", .boolean), "disabled IS NOT TRUE"), (Column("gesperrt", .boolean), "gesperrt IS NOT TRUE"),
      (Column("deleted_at", .time), "deleted_at IS NULL"),
      (Column("valid_until", .date), "(valid_until IS NULL OR valid_until >= current_date)"),
      (Column("austritt", .date), "(austritt IS NULL OR austritt >= current_date)"),
      (Column("status", values: ["red", "green"]), nil), (Column("active"), nil), (Column("status", .other), nil),
    ] as [(Column, String?)])
  func active(_ column: Column, _ expected: String?) throws {
    #expect(
      try propose([Column("id", .integer), Column("username"), Column("name"), column]).source.active == expected)
  }

  @Test func aStatusOfAnEmptyTableIsAGuessThatSaysSo() throws {
    var facts = Self.facts([Column("id", .integer), Column("username"), Column("status")])
    facts.isEmpty = true
    let text = try #require(Proposal(facts, Self.picture(), Self.wishes).text)
    #expect(try Self.read(text).source.active == "status = 'active'")
    #expect(Self.flat(text).contains("A guess: the table is empty"))
    // With rows whose values say nothing, everybody may log in, and that is said.
    facts.isEmpty = false
    let other = try #require(Proposal(facts, Self.picture(), Self.wishes).text)
    #expect(try Self.read(other).source.active == nil && Self.flat(other).contains("Everybody may log in"))
  }

  @Test(
    "the key is the primary key, a single unique column, or what the flag says",
    arguments: [
      (["id"], [], nil, "id"), (["id", "username"], [], nil, nil), ([], ["username"], nil, "username"),
      ([], ["username", "email"], nil, nil), ([], [], "email", "email"), (["id"], [], "nobody", nil),
      (["updated_at"], [], nil, nil),
    ] as [([String], [String], String?, String?)])
  func keys(_ primary: [String], _ uniques: [String], _ flag: String?, _ expected: String?) throws {
    var facts = Self.facts(Self.seed, key: primary)
    facts.uniques = uniques
    var wishes = Self.wishes
    wishes.key = flag
    let proposal = Proposal(facts, Self.picture(), wishes)
    if let expected {
      #expect(try Self.read(try #require(proposal.text)).source.key == expected)
    } else {
      #expect(proposal.text == nil && proposal.shortcomings.count == 1, "\(proposal.shortcomings)")
      #expect(proposal.shortcomings.first?.contains("--key") == true)
    }
  }

  @Test func whatIsMissingIsNamed() {
    let proposal = Proposal(
      Self.facts([Column("id", .integer), Column("weight", .integer)]),
      DirectoryPicture(kind: .openldap, schema: .builtin, suffixes: []), Self.wishes)
    #expect(proposal.text == nil && proposal.shortcomings.count == 2, "\(proposal.shortcomings)")
    #expect(proposal.shortcomings[0].contains("--username") && proposal.shortcomings[1].contains("--base"))
  }

  @Test func kerberosIsProposedWhereTheServerTakesIt() throws {
    var picture = Self.picture()
    func text(_ change: (inout InitWishes) -> Void = { _ in }) throws -> String {
      var wishes = Self.wishes
      wishes.url = "ldap://ldap.example.com"
      change(&wishes)
      return try #require(Proposal(Self.facts(Self.seed), picture, wishes).text)
    }
    #expect(try !text().contains("gssapi"))
    picture.takesTickets = true
    let proposed = try text()
    #expect(proposed.split(separator: "\n").allSatisfy { $0.count <= 120 })
    // The one bind out, and the marks of the comment away from the other.
    let first = try #require(proposed.firstMatch(of: #/(?m)^  bind:\n(    .*\n)+/#)).output.0
    let edited = proposed.replacing(first, with: "").replacing(#/(?m)^# (?=  )/#, with: "")
    let read = try Configuration.parse(edited, file: "rollcall.yaml", environment: [:]) { _ in
      Array(ConfigurationSample.keytab.utf8)
    }
    #expect(
      read.directory.bind
        == .gssapi(principal: "rollcall@EXAMPLE.COM", keytab: "/etc/rollcall/ldap.keytab"))
    // Whoever has said how to bind has said it.
    #expect(try !text { $0.bindDN = "cn=rollcall,dc=example,dc=com" }.contains("gssapi"))
    #expect(try !text { $0.external = true }.contains("gssapi"))
    #expect(try !text { $0.url = "ldapi:///" }.contains("gssapi"))
  }

  @Test func aUserNameOfTheAddressOrOfAComment() throws {
    let byAddress = attributes(
      try propose([Column("id", .integer), Column("e-mail", sql: "\"e-mail\""), Column("name")]))
    #expect(byAddress["uid"] == "split_part(\"e-mail\", '@', 1)" && byAddress["mail"] == "\"e-mail\"")
    let byComment = attributes(
      try propose([
        Column("id", .integer), Column("c1", comment: "Login name"), Column("c2", comment: "Vorname"),
        Column("c3", comment: "Nachname"),
      ]))
    #expect(byComment["uid"] == "c1" && byComment["givenName"] == "c2" && byComment["sn"] == "c3")
  }

  @Test func furtherColumnsBecomeWhatTheyAreCalled() throws {
    let columns =
      Self.seed + [
        Column("phone"), Column("handy"), Column("job_title"), Column("abteilung"), Column("plz"), Column("ort"),
        Column("strasse"), Column("uid_number", .integer), Column("gid_number", .integer), Column("home_directory"),
        Column("login_shell"), Column("first_password"),
      ]
    let found = try propose(columns)
    #expect(found.users.classes == ["inetOrgPerson", "posixAccount"] && found.users.password == nil)
    let names = attributes(found).keys.sorted()
    #expect(
      names == [
        "cn", "departmentNumber", "gidNumber", "homeDirectory", "l", "loginShell", "mail", "mobile", "postalCode", "sn",
        "street", "telephoneNumber", "title", "uid", "uidNumber",
      ])
  }

  @Test("names of columns, values, comments and DNs cannot leave their places")
  func hostile() throws {
    let evil = "x\"; : '\n# users: {}\n  ${HOME}\\"
    let sql = "\"" + evil.replacing("\"", with: "\"\"") + "\""
    let columns = [
      Column("id", sql: sql, .integer, comment: evil), Column("username", sql: sql, comment: "a\nname: evil\n"),
      Column("full_name", sql: sql), Column("status", sql: sql, values: ["active", "\nsource: {}\n"]),
    ]
    var facts = Self.facts(columns)
    facts.comment = "first\r\nname: evil\u{2028}name: evil"
    facts.table = "\"a.b\".\"\"\"c: #\n\""
    facts.schema = "a.b"
    facts.typeSchemas = ["my types"]
    var wishes = Self.wishes
    wishes.connection = "host='a b\\'${X}' user=rollcall"
    wishes.base = "ou=a\\2C b\\, \\\"c\\\"\\+ \u{e9}: #x,dc=example,dc=com"
    wishes.bindDN = "cn=- {x}: \u{202e}y,dc=example,dc=com"
    let found = try Self.read(try #require(Proposal(facts, Self.picture(), wishes).text))
    #expect(found.name == "main" && found.source.key == evil)
    #expect(found.source.connection.text == wishes.connection)
    #expect(found.users.attributes.first?.expression == sql)
    #expect(found.source.active == "\(sql) = 'active'")
    #expect(found.users.base.text == wishes.base)
    #expect(found.source.searchPath == ["a.b", "my types"])
    if case .simple(let dn, _) = found.directory.bind { #expect(dn == wishes.bindDN) } else { Issue.record("no bind") }
  }
}
