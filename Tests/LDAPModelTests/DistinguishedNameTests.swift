import LDAPModel
import Testing

struct DistinguishedNameTests {
  @Test func quick() throws {
    #expect(
      DistinguishedName("UID=Jdoe,OU=Users,dc=Example,dc=com").normalized(.builtin)
        == "uid=jdoe,ou=users,dc=example,dc=com")
    #expect(DistinguishedName("commonName=a\\2cB  c,dc=x").normalized(.builtin) == "cn=a\\2cb c,dc=x")
    #expect(Schema.builtin.unparsable == [])
  }
}
