import Postgres
import Reactor
import Testing

/// Names and literals as PostgreSQL itself quotes them, whatever scalars follow a quotation mark.
@Suite struct QuotingTests {
  private static let pieces = [
    "'", "\"", "\\", "\u{301}", "\u{20DD}", "\u{200D}", "\u{FE0F}", "e\u{301}", "é", "a", " ", "$1", "--", "/*", "E'",
    "\n", "\u{1F468}\u{200D}\u{1F469}", "{", "}", ",", "NULL",
  ]

  @Test func aCombiningMarkHidesNoQuotationMark() {
    #expect(Array(SQLText.identifier("a\"\u{301}").utf8) == Array("\"a\"\"\u{301}\"".utf8))
    #expect(Array(SQLText.literal("a'\u{301}").utf8) == Array("'a''\u{301}'".utf8))
    #expect(Array(SQLText.literal("\\\u{301}'").utf8) == Array(" E'\\\\\u{301}'''".utf8))
    #expect(Array(SQLText.array(["\"\u{301}"]).utf8) == Array("{\"\\\"\u{301}\"}".utf8))
  }

  @Test func asPostgreSQLQuotes() async throws {
    var generator = SystemRandomNumberGenerator()
    let texts = (0..<500).map { _ in
      (0..<Int.random(in: 1...6, using: &generator)).map { _ in QuotingTests.pieces.randomElement() ?? "" }.joined()
    }
    try await withConnection { connection in
      let server = try await connection.query(
        "SELECT t, quote_ident('.' || t), quote_literal(t) FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n",
        [SQLText.array(texts)])
      try #require(server.rowCount == texts.count)
      for (row, text) in texts.enumerated() {
        // The array has brought each as it is.
        #expect(server.bytes(row, 0) == Array(text.utf8))
        // The dot makes PostgreSQL quote every name.
        #expect(server.bytes(row, 1) == Array(SQLText.identifier("." + text).utf8))
        let literal = Array(SQLText.literal(text).utf8.drop { $0 == UInt8(ascii: " ") })
        #expect(server.bytes(row, 2) == literal)
        let back = try await connection.query("SELECT \(SQLText.literal(text)) AS \(SQLText.identifier(text))")
        #expect(back.bytes(0, 0) == Array(text.utf8))
      }
    }
  }
}
