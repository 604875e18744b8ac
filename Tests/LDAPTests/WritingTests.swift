import LDAP
import LDAPModel
import Reactor
import Sandbox
import Testing

@Suite struct WritingTests {
  /// RFC 4514's characters and some that people have.
  private static let awkward = [
    "a,b", "#hash", " lead", "trail ", "qu\"ote", "back\\slash", "ümläut", "日本語", "*()", "a+b", "a=b",
    "<a>;b",
    String(repeating: "x", count: 64), "  ", "é", "e\u{301}", "\\00", "o'neil", "new\nline",
  ]

  @Test func awkwardNamesMakeTheRoundTrip() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      for (index, uid) in WritingTests.awkward.enumerated() {
        // The name's value is also the attribute's; slapd holds those that differ in spaces alone for equal.
        let number = Attribute("employeeNumber", [AttributeValue("\(index)")])
        let result = await session.outcomes([person(uid, [number])])[0]
        if case .failure(let error) = result {
          #expect(error.code == .entryAlreadyExists && ["  ", "e\u{301}"].contains(uid), "\(error)")
          continue
        }
        let found = try await session.search(
          base: users, scope: .oneLevel, filter: .equal("uid", AttributeValue(uid)), attributes: ["uid"])
        #expect(found.map { $0["uid"] } == [[AttributeValue(uid)]], "\(uid)")
        let name = try #require(found.first?.dn)
        #expect(name.normalized(.builtin) == personDN(uid).normalized(.builtin))
        try await session.perform(.delete(name))
      }
      session.close()
    }
  }

  @Test func octetsMakeTheRoundTrip() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      let values = [AttributeValue(bytes: [0, 1, 2, 0, 255, 254]), AttributeValue(bytes: Array(0...255))]
      try await session.perform(person("o", [Attribute("jpegPhoto", values), Attribute("mail", [])]))
      let entry = try #require(
        try await session.search(base: personDN("o"), scope: .base, filter: .present("uid")).first)
      #expect(Set(entry["jpegphoto"]) == Set(values))
      #expect(entry["mail"].isEmpty)
      session.close()
    }
  }

  @Test func everyKindOfWrite() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      try await session.perform(person("a", [Attribute("mail", ["a@x", "b@x"])]))
      try await session.perform(
        .modify(
          personDN("a"),
          [
            Modification(.delete, "mail", ["a@x"]), Modification(.add, "mail", ["c@x"]),
            Modification(.replace, "sn", ["New"]), Modification(.replace, "title"),
          ]))
      try await session.perform(
        .rename(personDN("a"), to: RelativeDistinguishedName("uid", "b"), deleteOld: true, newParent: nil))
      try await session.perform(
        .rename(
          personDN("b"), to: RelativeDistinguishedName("uid", "c"), deleteOld: false,
          newParent: "ou=groups,dc=example,dc=com"))
      let found = try await session.search(
        base: "ou=groups,dc=example,dc=com", scope: .oneLevel, filter: .and([]))
      #expect(found.map(\.dn) == ["uid=c,ou=groups,dc=example,dc=com"])
      let entry = try #require(found.first)
      #expect(
        Set(entry["mail"]) == ["b@x", "c@x"] && entry["sn"] == ["New"] && Set(entry["uid"]) == ["b", "c"])
      try await session.perform(.modify(entry.dn, [Modification(.delete, "mail")]))
      try await session.perform(.delete(entry.dn))
      #expect(try await session.search(base: users, scope: .oneLevel, filter: .present("uid")).isEmpty)
      session.close()
    }
  }

  @Test func aRefusalSaysWhatAndWhyAndNoValue() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      let secret = Attribute("userPassword", ["hunter2"])
      try await session.perform(person("a", [secret]))
      let results = await session.outcomes([
        person("a", [secret]),
        .modify(personDN("a"), [Modification(.delete, "userPassword", ["hunter3"])]),
        .delete("uid=x,ou=nowhere,ou=users,dc=example,dc=com"),
        .modify(personDN("a"), [Modification(.replace, "nonsense", ["hunter2"])]),
        .delete(users),
      ])
      let errors = results.compactMap { result in
        if case .failure(let error) = result { error } else { nil }
      }
      #expect(
        errors.map(\.code) == [
          .entryAlreadyExists, .noSuchAttribute, .noSuchObject, .undefinedAttributeType,
          .insufficientAccessRights,
        ])
      #expect(errors[0].description == "add uid=a,ou=users,dc=example,dc=com: entryAlreadyExists (68)")
      #expect(errors[2].matchedDN == "ou=users,dc=example,dc=com")
      #expect(errors[2].description.hasSuffix("(nearest existing entry: ou=users,dc=example,dc=com)"))
      #expect(!errors.contains { $0.description.contains("hunter") })
      session.close()
    }
  }

  @Test func aNameWithNULNeverReachesTheServerCutOff() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      try await session.perform(person("a"))
      let cut = DistinguishedName(unchecked: "uid=a,ou=users,dc=example,dc=com\0,dc=elsewhere")
      let error = await failure { () throws(LDAPError) in try await session.perform(.delete(cut)) }
      #expect(error.code == .encodingError && error.diagnostic == "a name contains a NUL")
      #expect(try await session.search(base: personDN("a"), scope: .base, filter: .present("uid")).count == 1)
      session.close()
    }
  }

  /// Servers drop the connection over a message that is too large; alone, it must not take the others along.
  @Test func aMessageTooLargeIsRefusedHere() async throws {
    try await withDirectory(globalLines: ["sockbuf_max_incoming_auth 100000"]) { server, _ in
      func photo(_ count: Int) -> Attribute {
        Attribute("jpegPhoto", [AttributeValue(bytes: Array(repeating: 7, count: count))])
      }
      var options = server.account
      options.maximumMessageSize = 100_000
      let session = try await LDAPSession.open(options)
      let results = await session.outcomes([
        person("a"), person("b", [photo(100_001)]), person("c", [photo(99_000)]), person("d"),
      ])
      guard case .failure(let error) = results[1] else { throw Unexpected() }
      #expect(error.code == .encodingError && error.diagnostic.contains("more than the 100000"))
      #expect(results.indices.filter { (try? results[$0].get()) != nil } == [0, 2, 3])
      session.close()

      // What the limit is good for.
      options.maximumMessageSize = 1 << 30
      let careless = try await LDAPSession.open(options)
      let lost = await careless.outcomes([person("e", [photo(100_001)])])
      guard case .failure(let end) = lost[0] else { throw Unexpected() }
      #expect(end.code == .serverDown && !careless.isUsable)
    }
  }

  @Test func theCompletionNeverComesBeforeSendReturns() async throws {
    try await withDirectory { server, _ in
      var options = server.account
      options.maximumMessageSize = 100
      let session = try await LDAPSession.open(options)
      for round in 0..<3 {
        await withCheckedContinuation { continuation in
          let returned = Flag()
          // Too large, then too large on a session that is closed, then closed.
          session.send(round == 2 ? .delete("cn=x") : person("a")) { _ in
            #expect(returned.isSet)
            continuation.resume()
          }
          if round == 1 { session.close() }
          returned.isSet = true
        }
      }
    }
  }
}

struct Unexpected: Error {}

@Reactor
private final class Flag {
  var isSet = false
}
