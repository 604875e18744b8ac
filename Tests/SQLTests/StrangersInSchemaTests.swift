import Sandbox
import Testing

/// Tables of the schema are for nobody else's triggers, foreign keys and columns.
@Suite struct StrangersInSchemaTests {
  private func made() async throws -> (Database, stranger: String) {
    let database = try await CaptureTests.watched()
    let stranger = "stranger_\(database.name)"
    try await database.sql(
      """
      CREATE ROLE \(stranger); GRANT USAGE ON SCHEMA rollcall TO \(stranger); GRANT CREATE ON SCHEMA public TO \(stranger);
      GRANT TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA rollcall TO \(stranger);
      GRANT REFERENCES (name) ON rollcall.directory TO PUBLIC;
      """)
    return (database, stranger)
  }

  @Test("G15: installing takes back the rights to put triggers and foreign keys on the schema's tables")
  func rights() async throws {
    let (database, stranger) = try await made()
    try await database.install()
    #expect(
      try await database.sql(
        """
        SELECT count(*) FROM pg_class c WHERE relnamespace = 'rollcall'::regnamespace AND relkind IN ('r', 'v')
          AND (has_table_privilege('\(stranger)', c.oid, 'TRIGGER')
               OR has_any_column_privilege('\(stranger)', c.oid, 'REFERENCES'))
        """) == "0")
    await #expect(throws: (any Error).self, "an upgrade could not alter the table") {
      try await database.sql("SET ROLE \(stranger); CREATE TABLE public.mine (d rollcall.directory)")
    }
  }

  @Test(
    "G15: installing runs no stranger's trigger, and refuses to go on",
    arguments: [
      "CREATE TRIGGER mine AFTER INSERT OR UPDATE ON rollcall.version EXECUTE FUNCTION public.note()",
      "CREATE TRIGGER mine AFTER UPDATE ON rollcall.bell EXECUTE FUNCTION public.note()",
      "CREATE TABLE public.theirs (name text CONSTRAINT mine REFERENCES rollcall.directory)",
    ])
  func triggers(made statement: String) async throws {
    let (database, stranger) = try await made()
    try await database.sql(
      """
      SET ROLE \(stranger); CREATE TABLE public.ran (who text); GRANT ALL ON public.ran TO PUBLIC;
      CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.ran VALUES (current_user); RETURN NULL; END $$;
      \(statement);
      """)
    do {
      try await database.install()
      Issue.record("it went on")
    } catch {
      #expect("\(error)".contains("mine of "), "\(error)")
    }
    #expect(try await database.sql("SELECT count(*) FROM public.ran") == "0")
  }
}
