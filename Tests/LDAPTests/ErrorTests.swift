import LDAPModel
import Testing

@testable import LDAP

@Suite struct ErrorTests {
  @Test func anErrorIsOneLineOfBoundedLength() {
    let error = LDAPError(
      code: .unwillingToPerform, diagnostic: "0000052D: SvcErr:\r\n DSID-031A12D2\0", operation: "add cn=a\nb"
    )
    #expect(error.description == "add cn=a b: unwillingToPerform (53): 0000052D: SvcErr:  DSID-031A12D2")
    let long = LDAPError(code: .other, diagnostic: String(repeating: "x", count: 100_000), operation: "add")
    #expect(long.description.count < 1100)
  }

  @Test func aPasswordNeverPrints() {
    let password = BindPassword("hunter2")
    var dumped = ""
    dump(password, to: &dumped)
    for text in ["\(password)", String(reflecting: password), String(describing: [password]), dumped] {
      #expect(text.contains("***") && !text.contains("hunter") && !text.contains("104"))
    }
  }

  @Test(arguments: [
    ("peer cert untrusted or revoked (0x42)", "its issuer is not among the trusted authorities"),
    ("peer cert untrusted or revoked (0x402)", "refused: it has expired"),
    ("peer cert untrusted or revoked (0x202)", "is this machine's clock correct?"),
    ("peer cert untrusted or revoked (0x22)", "it was revoked"),
    ("peer cert untrusted or revoked (0x80000002)", "refused: status 0x80000002"),
    ("peer certificate is expired", "it has expired"),
    (
      "hostname (h) does not match common name in certificate (x).",
      "is not for h: hostname (h) does not match"
    ),
    (
      "could not use CA certificate file `/x': Error while reading file. (-64)",
      "could not use CA certificate"
    ),
    ("can't connect: A TLS fatal alert has been received..", "A TLS fatal alert has been received; does the"),
  ])
  func aRefusedCertificateSaysWhy(line: String, reason: String) {
    let text = TLSFailure.reason(["noise", line], diagnostic: "(unknown error code)", host: "h")
    #expect(text.contains(reason))
    #expect(!text.contains("unknown error code"))
  }

  @Test func localhostIsExplained() {
    let text = TLSFailure.reason(
      ["hostname (box) does not match common name in certificate (localhost)."], diagnostic: "",
      host: "localhost")
    #expect(text.hasSuffix("(libldap takes localhost for this machine's own name)"))
  }

  /// libldap on OpenSSL says it in its diagnostic message.
  @Test func theDiagnosticCountsWhereNothingWasTraced() {
    let text = TLSFailure.reason(
      [], diagnostic: "certificate verify failed (self signed certificate)", host: "h")
    #expect(text.hasPrefix("certificate verify failed (self signed certificate); does the server speak TLS"))
  }
}
