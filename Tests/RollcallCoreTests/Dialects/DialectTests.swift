import LDAPModel
import RollcallCore
import Testing

/// What servers say and want in words of their own.
@Suite struct DialectTests {
  @Test func refusalsOfValuesThatMustBeUnique() {
    let slapd = OpenLDAP()
    #expect(slapd.uniqueness(in: "non-unique attributes found with (|(mail=a(b)(uid=x))") == ["mail", "uid"])
    #expect(slapd.uniqueness(in: "some attributes not unique") == [])
    #expect(slapd.uniqueness(in: "structuralObjectClass: no user modification allowed") == nil)
    let ds = Directory389()
    let text = "Another entry with the same attribute value already exists (attribute: \"mail uid \")"
    #expect(ds.uniqueness(in: text) == ["mail", "uid"])
    #expect(ds.uniqueness(in: "The value is not 7-bit clean: ü") == nil)
    #expect(ActiveDirectory().uniqueness(in: text) == nil)
  }

  @Test func formsOfMoments() {
    #expect(TimeForm.tenths.value(of: "20270331215959Z") == "20270331215959.0Z")
    #expect(TimeForm.tenths.value(of: "202703312359.5+0200") == "20270331215930.0Z")
    #expect(TimeForm.tenths.value(of: "soon") == "soon")
    #expect(TimeForm.fileTime.value(of: "20270331215959.25Z") == "134510039990000000")
    #expect(TimeForm.fileTime.value(of: "16010101000000Z") == "0")
    #expect(TimeForm.fileTime.value(of: "9223372036854775807") == "9223372036854775807")
  }
}
