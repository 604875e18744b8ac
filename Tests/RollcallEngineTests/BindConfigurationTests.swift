import LDAPModel
import RollcallCore
import RollcallEngine
import Testing
import YAML

@testable import RollcallConfiguration

/// How Rollcall proves to the directory who it is.
@Suite struct BindConfigurationTests {
  @Test(arguments: [
    ("ldapi:///", "{ mechanism: external }", ""),
    ("ldapi://%2Frun%2Fslapd%2Fldapi", "{ mechanism: external }", ""),
    ("ldaps://ldap.example.com", "{ mechanism: external }", "certificate: c.pem\n  key: k.pem"),
    (
      "ldap://ldap.example.com", "{ mechanism: external }",
      "certificate: c.pem\n  key: k.pem\n  starttls: true"
    ),
  ])
  func externalNeedsASocketOrACertificate(url: String, bind: String, more: String) throws {
    let text = """
      source: { table: users, key: id }
      directory:
        url: \(url)
        bind: \(bind)
        \(more)
      users: { base: dc=example, attributes: { uid: username } }
      """
    let read = try Configuration.parse(text, file: "a.yaml", environment: [:]) { _ in [1] }
    #expect(read.directory.bind == .external)
    #expect(read.warnings.isEmpty)
  }

  @Test(arguments: ["ldap://ldap.example.com", "ldaps://ldap.example.com"])
  func gssapiIsAPrincipalWithItsKeytab(url: String) throws {
    let bind = "{ mechanism: gssapi, principal: rollcall@EXAMPLE.COM, keytab: rollcall.keytab }"
    let text = """
      source: { table: users, key: id }
      directory: { url: "\(url)", bind: \(bind) }
      users: { base: dc=example, attributes: { uid: username } }
      """
    let read = try Configuration.parse(text, file: "/etc/a.yaml", environment: [:]) { _ in
      Array(ConfigurationSample.keytab.utf8)
    }
    #expect(read.directory.bind == .gssapi(principal: "rollcall@EXAMPLE.COM", keytab: "/etc/rollcall.keytab"))
    // No password goes over the connection.
    #expect(read.warnings.isEmpty)
  }
}
