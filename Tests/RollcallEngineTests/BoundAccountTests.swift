import LDAPModel
import Testing

@testable import RollcallEngine

@Suite struct BoundAccountTests {
  @Test(arguments: [
    ("dn:uid=svc,dc=example", "uid=svc,dc=example"), ("DN:uid=svc", "uid=svc"), ("u:EXAMPLE\\svc", "EXAMPLE\\svc"),
    ("u:svc@example.com", "svc@example.com"), ("dn:", nil), ("", nil), ("svc", nil), ("x:svc", nil),
  ])
  func whoAServerSaysThatWeAre(identity: String, name: String?) {
    #expect(BoundAccount.name(in: identity) == name)
  }

  @Test(arguments: [
    ("EXAMPLE\\svc", "(sAMAccountName=svc)"), ("svc", "(sAMAccountName=svc)"), ("svc$", "(sAMAccountName=svc$)"),
    ("svc@example.com", "(|(userPrincipalName=svc@example.com)(sAMAccountName=svc))"),
    ("EXAMPLE\\s*(c", "(sAMAccountName=s\\2a\\28c)"),
  ])
  func howTheEntryIsFound(name: String, filter: String) {
    #expect("\(BoundAccount.filter(name))" == filter)
  }
}
