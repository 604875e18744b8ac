import RollcallCore
import Testing

@testable import RollcallConfiguration
@testable import RollcallEngine

/// `source.watch[].keys`: what is asked, and what is an answer.
@Suite struct KeyQueryTests {
  @Test("the changed rows have the column's name, type and collation; a comment at the query's end hides nothing")
  func statements() {
    let query = KeyQuery(
      path: "source.watch[0].keys", table: QualifiedName(schema: nil, name: "departments"), column: "Code",
      sql: "SELECT id FROM changed -- all")
    let type = WatchedType(sql: "hr.code", collation: "hr.\"any case\"")
    #expect(
      query.analysed(type) == """
        WITH changed ("Code") AS (SELECT CAST(NULL AS hr.code) COLLATE hr."any case") SELECT * FROM (
        SELECT id FROM changed -- all
        ) AS people
        """)
    #expect(
      query.people(type).contains(
        #"WITH changed ("Code") AS (SELECT CAST(logged.k AS hr.code) COLLATE hr."any case" FROM pg_catalog.unnest($1"#))
    #expect(query.people(type).contains("-- all\n) AS people"))
  }

  @Test(
    "an answer is one column of the roster's kind of keys",
    arguments: [
      (1, 23, 20, true), (1, 2950, 2950, true), (1, 1043, 25, true), (1, 25, 23, false), (2, 23, 23, false),
      (0, 0, 23, false), (1, 16, 23, false), (1, 1042, 25, false),
    ] as [(Int, UInt32, UInt32, Bool)])
  func answers(columns: Int, type: UInt32, roster: UInt32, isRight: Bool) {
    #expect((KeyQuery.complaint(columns: columns, type: type, roster: KeyType(oid: roster)) == nil) == isRight)
  }

  @Test("a table may have several queries, and a key that names the person besides") func sources() throws {
    func parse(_ watch: String) throws -> Configuration {
      try Configuration.parse(
        """
        name: main
        source: { table: users, key: id, watch: [\(watch)] }
        directory: { url: "ldaps://ldap.example.com", bind: { dn: cn=x, password: x } }
        users: { base: "ou=users,dc=example,dc=com", attributes: { uid: username } }
        """, file: "rollcall.yaml", environment: [:]
      ) { _ throws(UnreadableFile) in throw UnreadableFile(reason: "none") }
    }
    let (one, two) = ("{ table: users, key: id, keys: SELECT 1 }", "{ table: users, key: id, keys: SELECT 2 }")
    let read = try parse("{ table: roles, key: user_id }, \(one), \(two)")
    #expect(read.keyQueries.map(\.path) == ["source.watch[1].keys", "source.watch[2].keys"])
    #expect(read.watchedPairs.map(\.key) == ["id", "user_id"])
    #expect(throws: ConfigurationError.self) {
      try parse("\(one), \(one)")
    }
    #expect(throws: ConfigurationError.self) { try parse("{ table: users, key: id, keys: ' ' }") }
  }

  @Test("whom another table's row concerns was found in the log, however few they are") func cause() {
    var origin = Origin(7)
    #expect(JournalCause(.retry, origin) == .retry)
    origin.isIndirect = true
    #expect(JournalCause(.retry, origin) == .sweep && JournalCause(.sweep, origin) == .sweep)
    var other = Origin(8)
    other.merge(origin)
    #expect(other.isIndirect)
  }
}
