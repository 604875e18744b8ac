import LDAPModel
import Testing

struct OperationTests {
  private let jdoe = Entry(
    "uid=jdoe,ou=users,dc=x",
    [
      Attribute("objectClass", ["inetOrgPerson"]), Attribute("uid", ["jdoe"]),
      Attribute("cn", ["John Doe", "Johnny"]),
      Attribute("employeeNumber", ["17"]), Attribute("jpegPhoto", [AttributeValue(bytes: [0xFF, 0xD8])]),
    ])

  private func modified(_ modifications: Modification...) throws -> Entry? {
    try Operation.modify(jdoe.dn, modifications).performed(on: jdoe, .builtin)
  }

  @Test func addMakesAnEntryWithItsNamingValues() throws {
    let operation = Operation.add("cn=a+sn=b,dc=x", [Attribute("CN", ["c"]), Attribute("cn", ["A"])])
    let entry = try #require(try operation.performed(on: nil, .builtin))
    #expect(entry.dn == "cn=a+sn=b,dc=x")
    #expect(entry.attributes == [Attribute("CN", ["c", "A"]), Attribute("sn", ["b"])])
    #expect(throws: ResultCode.entryAlreadyExists) { try operation.performed(on: entry, .builtin) }
    #expect(operation.applied(to: jdoe, .builtin) == jdoe)
  }

  @Test func deleteLeavesNothing() throws {
    #expect(try Operation.delete("UID=jdoe, ou=users,dc=x").performed(on: jdoe, .builtin) == nil)
    #expect(throws: ResultCode.noSuchObject) { try Operation.delete(jdoe.dn).performed(on: nil, .builtin) }
    #expect(throws: ResultCode.noSuchObject) {
      try Operation.delete("uid=other").performed(on: jdoe, .builtin)
    }
  }

  @Test func modifyAdds() throws {
    #expect(try modified(.init(.add, "mail", ["a@x"]))?["MAIL"] == ["a@x"])
    #expect(try modified(.init(.add, "commonName", ["J"]))?["cn"] == ["John Doe", "Johnny", "J"])
    #expect(throws: ResultCode.attributeOrValueExists) { try modified(.init(.add, "cn", ["john  doe"])) }
    #expect(throws: ResultCode.attributeOrValueExists) { try modified(.init(.add, "mail", ["a", "A"])) }
    #expect(throws: ResultCode.constraintViolation) { try modified(.init(.add, "employeeNumber", ["18"])) }
    #expect(throws: ResultCode.inappropriateMatching) { try modified(.init(.add, "jpegPhoto", ["x"])) }
  }

  @Test func modifyDeletes() throws {
    #expect(try modified(.init(.delete, "cn", ["JOHNNY"]))?["cn"] == ["John Doe"])
    #expect(try modified(.init(.delete, "cn"))?["cn"] == [])
    #expect(throws: ResultCode.noSuchAttribute) { try modified(.init(.delete, "cn", ["Jim"])) }
    #expect(throws: ResultCode.noSuchAttribute) { try modified(.init(.delete, "mail")) }
    #expect(throws: ResultCode.notAllowedOnRDN) { try modified(.init(.delete, "uid")) }
    #expect(throws: ResultCode.inappropriateMatching) {
      try modified(.init(.delete, "jpegPhoto", [AttributeValue(bytes: [0xFF, 0xD8])]))
    }
    #expect(try modified(.init(.delete, "jpegPhoto"))?["jpegPhoto"] == [])
  }

  @Test func modifyReplaces() throws {
    #expect(try modified(.init(.replace, "cn", ["x", "y"]))?["cn"] == ["x", "y"])
    #expect(try modified(.init(.replace, "mail"))?["mail"] == [])
    #expect(try modified(.init(.replace, "jpegPhoto", ["x"]))?["jpegPhoto"] == ["x"])
    #expect(try modified(.init(.replace, "uid", ["JDOE", "b"]))?["uid"] == ["JDOE", "b"])
    #expect(throws: ResultCode.notAllowedOnRDN) { try modified(.init(.replace, "uid", ["b"])) }
  }

  /// A value is changed by deleting what was read: a stale operation fails and changes nothing.
  @Test func modifyIsAllOrNothing() {
    let operation = Operation.modify(
      jdoe.dn, [.init(.add, "mail", ["a@x"]), .init(.delete, "employeeNumber", ["99"])])
    #expect(throws: ResultCode.noSuchAttribute) { try operation.performed(on: jdoe, .builtin) }
    #expect(operation.applied(to: jdoe, .builtin) == jdoe)
  }

  @Test func renames() throws {
    func renamed(_ name: RelativeDistinguishedName, deleteOld: Bool, to parent: DistinguishedName? = nil)
      throws -> Entry
    {
      let operation = Operation.rename(jdoe.dn, to: name, deleteOld: deleteOld, newParent: parent)
      return try #require(try operation.performed(on: jdoe, .builtin))
    }
    var entry = try renamed(.init("uid", "john,d"), deleteOld: true)
    #expect(entry.dn.text == #"uid=john\,d,ou=users,dc=x"#)
    #expect(entry["uid"] == ["john,d"])
    entry = try renamed(.init("uid", "john"), deleteOld: false, to: "ou=y")
    #expect(entry.dn.text == "uid=john,ou=y")
    #expect(entry["uid"] == ["jdoe", "john"])
    // Only the case changes: the value is the same one.
    entry = try renamed(.init("uid", "JDoe"), deleteOld: true)
    #expect(entry["uid"] == ["jdoe"])
    entry = try renamed(.init("cn", "Johnny"), deleteOld: true)
    #expect(entry["uid"] == [] && entry["cn"] == ["John Doe", "Johnny"])
  }

  @Test func descriptionsShowNoValues() {
    let operations: [Operation] = [
      .add("uid=a", [Attribute("userPassword", ["hunter2"])]),
      .modify("uid=a", [Modification(.replace, "userPassword", ["hunter2"])]),
    ]
    #expect(operations.map(\.description) == ["add uid=a", "modify uid=a"])
    #expect(
      "\(Modification(.replace, "userPassword", ["hunter2"])) \(Attribute("userPassword", ["hunter2"]))"
        == "replace userPassword (1) userPassword (1)")
    #expect(
      "\(AttributeValue("hunter2")) \(Entry("uid=a", [Attribute("userPassword", ["hunter2"])]))"
        == "(7 octets) uid=a")
    #expect(
      "\(Operation.rename("uid=a,dc=x", to: .init("uid", "b"), deleteOld: true, newParent: nil))"
        == "rename uid=a,dc=x to uid=b")
    #expect(
      "\(Operation.rename("uid=a,dc=x", to: .init("uid", "b"), deleteOld: true, newParent: "dc=y"))"
        == "rename uid=a,dc=x to uid=b,dc=y")
  }

  @Test(arguments: 0..<32)
  func laws(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<20 {
      let dn = DistinguishedName([random.relativeName(), .init("dc", "x")])
      var entry = Operation.add(dn, random.attributes()).applied(to: nil, .builtin)
      for _ in 0..<4 {
        let operation = random.operation(on: entry?.dn ?? dn)
        do {
          let after = try operation.performed(on: entry, .builtin)
          #expect(operation.applied(to: entry, .builtin) == after)
          try check(after)
          entry = after
        } catch is ResultCode {
          #expect(operation.applied(to: entry, .builtin) == entry)
        }
      }
      guard let entry else { continue }
      // Renaming there and back without touching values is no change of identity.
      let there = Operation.rename(entry.dn, to: .init("description", "t"), deleteOld: false, newParent: nil)
      let back = { (moved: Entry) in
        Operation.rename(moved.dn, to: entry.dn.first ?? .init("cn", "x"), deleteOld: true, newParent: nil)
      }
      let moved = try #require(there.applied(to: entry, .builtin))
      let returned = try #require(back(moved).applied(to: moved, .builtin))
      #expect(returned.dn.isEquivalent(to: entry.dn, .builtin))
      if !entry["description"].contains(where: { MatchingRule.caseIgnore.matches($0, "t") }) {
        #expect(returned.isEquivalent(to: entry, .builtin))
      }
      #expect(Operation.delete(entry.dn).applied(to: entry, .builtin) == nil)
    }
  }

  /// What holds for every entry that a directory lets be.
  private func check(_ entry: Entry?) throws {
    guard let entry else { return }
    for part in entry.dn.first?.parts ?? [] {
      let rule = Schema.builtin.matchingRule(for: part.type)
      let name = Schema.builtin.canonicalName(part.type)
      let values = entry.attributes.filter { Schema.builtin.canonicalName($0.name) == name }.flatMap(\.values)
      #expect(values.contains { rule.matches($0, part.value) })
    }
    for attribute in entry.attributes {
      let rule = Schema.builtin.matchingRule(for: attribute.name)
      #expect(!attribute.values.isEmpty)
      #expect(Set(attribute.values.map { rule.normalize($0) }).count == attribute.values.count)
    }
    let names = entry.attributes.map { Schema.builtin.canonicalName($0.name) }
    #expect(Set(names).count == names.count)
  }
}
