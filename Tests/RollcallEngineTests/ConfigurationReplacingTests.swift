import RollcallConfiguration
import Testing

/// What may change in a running daemon, and what may not.
@Suite struct ConfigurationReplacingTests {
  private static let text = """
    name: main
    source:
      connection: "host=db user=one password=${LDAP_PASSWORD} dbname=hr"
      table: public.users
      key: id
    directory:
      url: ldap://127.0.0.1
      bind: { dn: "cn=rollcall,dc=example,dc=com", password: "${LDAP_PASSWORD}" }
    users:
      base: ou=users,dc=example,dc=com
      link: employeeNumber
      attributes: { uid: username, cn: full_name }

    """

  @Test(arguments: [
    ("name: main", "name: other", "1:7: name: was main and becomes other"),
    ("public.users", "public.people", #"4:10: source.table: was "public"."users" and becomes "public"."people""#),
    ("table: public.users", "query: TABLE users", #"4:10: source.query: was "public"."users" and becomes "TABLE"#),
    ("key: id", "key: number", "5:8: source.key: was id and becomes number"),
    ("host=db", "host=other", "source.connection: was host=db dbname=hr and becomes host=other dbname=hr"),
    ("dbname=hr", "port=5433", "source.connection: was host=db dbname=hr and becomes host=db port=5433"),
    ("ou=users,dc", "ou=staff,dc", "users.base: was ou=users,dc=example,dc=com and becomes ou=staff,dc=example,dc=com"),
    ("link: employeeNumber", "link: employeeType", "11:9: users.link: was employeeNumber and becomes employeeType"),
  ])
  func whatIsRefused(_ piece: String, _ replacement: String, _ message: String) throws {
    let former = try ConfigurationSample.parse(Self.text)
    let next = try ConfigurationSample.parse(Self.text.replacing(piece, with: replacement))
    let said = next.refusal(toReplace: former)?.description ?? ""
    #expect(said.hasPrefix("rollcall.yaml:") && said.contains(message), "\(said)")
    #expect(said.contains("; restart the daemon for another "), "\(said)")
    #expect(!said.contains("secret"))
  }

  @Test(arguments: [
    ("name: main", "name: main"), ("user=one", "user=two"), ("password=${LDAP_PASSWORD} ", ""),
    ("ou=users,dc", "OU=Users, DC"), ("link: employeeNumber", "link: EMPLOYEENUMBER"),
    ("link: employeeNumber", "link: employeeNumber\n  removed: disable\n  leavers: ou=former\n  delete_after: 30d"),
    ("ldap://127.0.0.1", "ldap://127.0.0.2"), ("cn: full_name", "cn: username"), ("key: id", "key: id\n  where: true"),
    ("key: id", "key: id\n  due: [valid_until]\n  timezone: Europe/Berlin"),
    ("name: main", "name: main\nbehind_after: 1m"),
  ])
  func whatMayChange(_ piece: String, _ replacement: String) throws {
    let former = try ConfigurationSample.parse(Self.text)
    let next = try ConfigurationSample.parse(Self.text.replacing(piece, with: replacement))
    #expect(next.refusal(toReplace: former) == nil)
  }
}
