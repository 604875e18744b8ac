import Reactor
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// A statement whose session was given up, which the server has received all the same.
@Suite struct LateStatementTests {
  @Test("G13: what is sent again is not carried out twice when the first session's statement gets its turn")
  func itIsCarriedOutOnce() async throws {
    let site = try await World.shared.site()
    try await site.sql("CREATE TABLE told (key text); GRANT ALL ON told TO PUBLIC")
    let configuration = site.configuration
    let holder = try await site.session()
    try await holder.run("BEGIN; LOCK TABLE told")
    let count =
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO public.told %' AND state = 'active'"
    try await Reactor.run {
      let database = try Database(configuration)
      defer { database.close() }
      let insert = "INSERT INTO public.told VALUES ($1)"
      await #expect(throws: EngineError.self) { try await database.query(insert, ["ada"], timeout: .milliseconds(300)) }
      try await eventually("the server goes on without us") { try await site.sql(count) == "1" }
      async let again = database.query(insert, ["ada"])
      try await eventually("the second waits, and the first has ended") {
        try await site.sql(
          """
          SELECT count(*) FILTER (WHERE query LIKE 'INSERT INTO public.told %' AND wait_event_type = 'Lock'),
            count(*) FILTER (WHERE query LIKE '%former AS MATERIALIZED%') FROM pg_stat_activity
          WHERE pid <> pg_backend_pid() AND state = 'active'
          """) == "1|0"
      }
      try await holder.run("COMMIT")
      _ = try await again
    }
    #expect(try await site.sql("SELECT count(*) FROM told") == "1")
  }
}
