import LDAPModel
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// Who names whom, as the ledger has it.
@Suite struct ReferenceBookTests {
  @Test("a look that saw a name between two others is not the last one")
  func aNameInBetween() async throws {
    let site = try await World.shared.site()
    try await site.sync()
    let configuration = site.configuration
    try await Reactor.run {
      let ledger = try Ledger(configuration)
      defer { ledger.database.close() }
      let book = ReferenceBook(ledger)
      let schema = Schema(attributeTypes: [], objectClasses: [])
      @Reactor func look(_ name: DistinguishedName?) async throws -> [RosterKey: ReferenceLook] {
        var looks = try await book.begin(["1": ["2"]])
        var digest: String?
        if let name { digest = ReferenceBook.digest(name, schema) }
        looks["1"]?.found = ["2": digest]
        return looks
      }
      // The other comes, which marks the person, goes while the person is looked at, and nobody is there in the end.
      let name = DistinguishedName(unchecked: "uid=ben,dc=example,dc=com")
      try await book.end(try await look(nil))
      _ = try await book.mark(["2": name], schema)
      let between = try await look(name)
      #expect(try await book.mark(["2": nil], schema).people.map(\.key) == ["1"])
      try await book.end(between)
      #expect(try await ledger.dueReferrers(after: nil, limit: 10) == ["1"])
      try await book.end(try await look(nil))
      #expect(try await ledger.dueReferrers(after: nil, limit: 10).isEmpty)
      // An exchange of names that is undone: the DN is the former one again, and a temporary one was seen in between.
      try await book.end(try await look(name))
      _ = try await book.mark(["2": name], schema)
      let temporary = try await look(DistinguishedName(unchecked: "uid=rollcall-1,dc=example,dc=com"))
      #expect(try await book.mark(["2": name], schema).people.isEmpty)
      #expect(try await book.mark(["2": name], renamed: ["2"], schema).people.map(\.key) == ["1"])
      try await book.end(temporary)
      #expect(try await ledger.dueReferrers(after: nil, limit: 10) == ["1"])
      // The other goes while the person is looked at for the first time, and has been seen.
      var first = try await book.begin(["3": ["2"]])
      first["3"]?.found = ["2": ReferenceBook.digest(name, schema)]
      #expect(try await book.mark(["2": nil], renamed: ["2"], schema).people.map(\.key).contains("3"))
      try await book.end(first)
      #expect(try await ledger.dueReferrers(after: nil, limit: 10).contains("3"))
    }
  }
}
