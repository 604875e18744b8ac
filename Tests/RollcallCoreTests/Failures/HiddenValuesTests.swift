import LDAPModel
import RollcallCore
import Testing

/// What a server says of an operation, without values that must not be shown.
@Suite struct HiddenValuesTests {
  private let hidden = HiddenValues(createOnly: ["mail", "description"], .builtin)

  private func said(_ words: String, _ attributes: [(String, String)]) -> String {
    let dn = DistinguishedName(unchecked: "uid=ann,dc=example,dc=com")
    let given = attributes.map { Attribute($0.0, [AttributeValue($0.1)]) }
    let replaced = attributes.map { Modification(.replace, $0.0, [AttributeValue($0.1)]) }
    let added = hidden.removed(from: words, about: .add(dn, given))
    #expect(hidden.removed(from: words, about: .modify(dn, replaced)) == added)
    return added
  }

  @Test func valuesAreReplaced() {
    #expect(
      said("non-unique attributes found with (|(mail=ANN@x)(uid=ann))", [("MAIL", "ann@x"), ("uid", "ann")])
        == "non-unique attributes found with (|(mail=***)(uid=ann))")
    #expect(
      said("found with (|(mail=a\\28b\\29\\2a))", [("rfc822Mailbox", "a(b)*")]) == "found with (|(mail=***))",
      "as a filter has it")
    #expect(said("bad value 'a b c'", [("description", "a\nb\tc")]) == "bad value '***'")
    #expect(said("secret, secret", [("userPassword;x-a", "secret")]) == "***, ***")
    #expect(
      said("it is 1000 too l… (5000 characters)", [("mail", "too long for this")])
        == "it is 1000 ***… (5000 characters)")
  }

  @Test func othersStay() {
    #expect(said("the attribute mail is bad", [("mail", "a")]) == "the attribute mail is bad", "not within a word")
    #expect(said("cn: Ann", [("cn", "Ann")]) == "cn: Ann")
    #expect(said("", [("mail", "a")]) == "")
    #expect(said("no values", [("mail", "")]) == "no values")
  }
}
