import LDAPModel
import RollcallCore
import Testing

/// A modify that is refused as a whole is sent attribute by attribute.
@Suite struct PartsTests {
  private let planner = People.planner()

  private func names(_ parts: [Step]) -> [[String]] {
    parts.map { part in
      guard case .modify(_, let modifications) = part.operation else { return [] }
      return modifications.map(\.attribute)
    }
  }

  @Test func eachAttributeIsAPart() {
    let dn = People.dn("ann")
    let step = Step(
      key: "1",
      operation: .modify(
        dn,
        [
          Modification(.delete, "cn", ["a"]), Modification(.add, "cn", ["b"]), Modification(.add, "mail", ["x"]),
          Modification(.add, "objectClass", ["posixAccount"]), Modification(.add, "loginShell", ["/bin/sh"]),
          Modification(.add, "employeeNumber", ["1"]), Modification(.delete, "pwdAccountLockedTime", ["000001010000Z"]),
        ]), what: .enable, clearsDisable: true)
    let parts = planner.parts(of: step)
    // What a new class demands comes with it, and the link first of all.
    #expect(
      names(parts) == [
        ["cn", "cn", "objectClass", "loginShell", "employeeNumber"], ["mail"], ["pwdAccountLockedTime"],
      ])
    #expect(parts.map(\.clearsDisable) == [false, false, true])
    #expect(parts.map(planner.isFoundation) == [true, false, false])
  }

  @Test func oneAttributeHasNoParts() {
    let change = [Modification(.delete, "cn", ["a"]), Modification(.add, "cn", ["b"])]
    #expect(planner.parts(of: Step(key: "1", operation: .modify(People.dn("ann"), change), what: .update)) == [])
    #expect(planner.parts(of: Step(key: "1", operation: .delete(People.dn("ann")), what: .delete)) == [])
  }
}
