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
    try await site.sql(
      """
      CREATE TABLE told (key text); CREATE TABLE gate (is_open boolean);
      GRANT ALL ON told, gate TO PUBLIC;
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        WHILE NOT EXISTS (SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
        RETURN NEW;
      END $$;
      CREATE TRIGGER wait BEFORE INSERT ON told FOR EACH ROW EXECUTE FUNCTION wait()
      """)
    let configuration = site.configuration
    let busy = """
      SELECT string_agg(pid::text, ' ') FROM pg_stat_activity
      WHERE query LIKE 'INSERT INTO public.told %' AND state = 'active'
      """
    try await Reactor.run {
      let database = try Database(configuration)
      defer { database.close() }
      let insert = "INSERT INTO public.told VALUES ($1)"
      await #expect(throws: EngineError.self) {
        try await database.query(insert, ["ada"], timeout: .milliseconds(300))
      }
      let first = try await eventually("the server goes on without us") {
        try await site.sql(busy)
      } is: {
        !$0.isEmpty
      }
      async let again = database.query(insert, ["ada"])
      try await eventually("it was sent again, and the first has ended") {
        let now = try await site.sql(busy)
        return now != first && !now.isEmpty
      }
      try await site.sql("INSERT INTO gate VALUES (true)")
      _ = try await again
      try await eventually("nobody is busy") { try await site.sql(busy).isEmpty }
    }
    #expect(try await site.sql("SELECT count(*) FROM told") == "1")
  }
}
