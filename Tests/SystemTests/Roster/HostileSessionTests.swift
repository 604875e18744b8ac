import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallLedger

/// G15: what code that the mapping calls does to the session in which it runs, and to what is read there next.
@Suite struct HostileSessionTests {
  /// A site whose description is what a function of somebody else makes of the mail address.
  private func site(_ body: String) async throws -> Site {
    var settings = SiteSettings()
    settings.attributes += "\n    description: nice(email)"
    settings.schema =
      SQLScripts.example + """

        CREATE FUNCTION public.nice(value text) RETURNS text LANGUAGE plpgsql AS $nice$
        DECLARE
          statement record;
        BEGIN
          \(body)
          RETURN value;
        END $nice$;
        """
    return try await World.shared.site(settings)
  }

  @Test("G15: code that replaces the session's prepared statements decides nothing of what is read next")
  func preparedStatements() async throws {
    // It answers with other people, with nobody, and with other columns. The first have the types that are expected.
    let evil = """
      SELECT '2'::text, true, true, 0::bigint, 'evil'::varchar, 'evil'::varchar, 'evil'::text, 'evil'::varchar, 'evil'::text
      """
    let answers = [evil, evil + " LIMIT 0", "SELECT 1"]
    for answer in answers {
      let site = try await site(
        """
        FOR statement IN SELECT name FROM pg_prepared_statements LOOP
          EXECUTE format('DEALLOCATE %I', statement.name);
          EXECUTE format('PREPARE %I (text, text) AS \(answer.replacing("'", with: "''"))', statement.name);
        END LOOP;
        """)
      try await site.insert(["ann", "ben", "cas"])
      try await site.withDaemon { _ in
        try await eventually("all are there") { try await site.names() == ["ann", "ben", "cas"] }
        for number in 1...10 {
          try await site.sql("UPDATE users SET email = 'new\(number)' WHERE id = \(1 + number % 3)")
          try await eventually("\(number) is changed") {
            try await site.value("mail", of: "\(1 + number % 3)") == "new\(number)"
          }
        }
        #expect(try await site.names() == ["ann", "ben", "cas"])
        #expect(try await site.parked().isEmpty)
      }
      try await site.expectInStep()
    }
  }

  @Test("G15: code that locks what it can, ends its transaction or changes the session reaches nothing")
  func everythingElse() async throws {
    let site = try await site(
      """
      PERFORM pg_advisory_lock(\(0x726f_6c6c), number) FROM generate_series(1, 20) AS number;
      FOR statement IN SELECT unnest(ARRAY['COMMIT', 'ROLLBACK', 'CALL public.finish()', 'DO $do$ BEGIN COMMIT; END $do$',
        'SET TRANSACTION READ WRITE', 'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE', 'CREATE TEMP TABLE t (a int)',
        'CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS $f$ SELECT 1 $f$', 'LISTEN noise', 'RESET ALL',
        'SET SESSION search_path = mine', 'SET SESSION statement_timeout = 1', 
        'SET bytea_output = escape', 'SET row_security = on', 'SET lock_timeout = 1',
        'SET default_transaction_read_only = on', 'DECLARE kept CURSOR WITH HOLD FOR SELECT 1',
        'PREPARE mine AS SELECT 1', 'DISCARD ALL', 'SELECT nextval($d$public.noise$d$)', 'INSERT INTO rollcall.request (directory, kind) VALUES ($d$x$d$, $d$y$d$)'])
          AS text LOOP
        BEGIN
          IF value <> 'quiet' THEN EXECUTE statement.text; END IF;
        EXCEPTION WHEN OTHERS THEN
          NULL;
        END;
      END LOOP;
      PERFORM set_config('search_path', 'mine', false), set_config('client_encoding', 'UTF8', false);
      """)
    try await site.sql(
      """
      CREATE PROCEDURE public.finish() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
      CREATE SEQUENCE public.noise; GRANT USAGE ON SEQUENCE public.noise TO PUBLIC
      """)
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      for number in 1...5 {
        try await site.sql("UPDATE users SET email = 'e\(number)', full_name = 'É\(number) x' WHERE id = 2")
        try await eventually("change \(number) is there") { try await site.value("cn", of: "2") == "É\(number) x" }
      }
      let left = """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = \(0x726f_6c6c) AND objid <= 20
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
      try await eventually("no lock is left") { try await site.sql(left) == "0" }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.request") == "0")
      #expect(try await site.sql("SELECT is_called FROM public.noise") == "f", "no rollback takes a sequence back")
      #expect(try await site.parked().isEmpty)
    }
    try await site.expectInStep()
  }

  @Test("G15: code that changes how values are written spoils nobody's values")
  func settingsOfTheAnswer() async throws {
    for setting in ["'client_encoding', 'LATIN1'", "'DateStyle', 'German'", "'TimeZone', 'Asia/Tokyo'"] {
      let site = try await site("IF value = 'bad' THEN PERFORM set_config(\(setting), false); END IF;")
      try await site.insert((1...20).map { "u\($0)" })
      try await site.withDaemon { _ in
        try await eventually("all are there") { try await site.names().count == 20 }
        try await site.sql("UPDATE users SET email = CASE id WHEN 3 THEN 'bad' ELSE 'new' END, full_name = 'É ' || id")
        try await eventually("the others are changed") {
          let names = try await site.entries(["cn"]).values.compactMap { $0["cn"].first?.text }
          return Set(names).isSuperset(of: (1...20).filter { $0 != 3 }.map { "É \($0)" })
        }
        try await eventually("it is parked") { try await site.parked() == ["3|mapping"] }
        #expect(try await site.sql("SELECT message FROM rollcall.parked").contains("a function has changed"))
      }
    }
  }

  @Test("G5: a source that answers for somebody else is nobody's absence")
  func anotherKey() async throws {
    var settings = SiteSettings()
    // Where the second look at a row is to lie, it has another key than the first.
    settings.schema =
      SQLScripts.example + """

        CREATE TABLE lies (key int);
        CREATE FUNCTION answer(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$
        BEGIN
          IF id NOT IN (SELECT key FROM lies) THEN RETURN id; END IF;
          IF current_setting('test.last', true) = id::text THEN
            PERFORM set_config('test.last', '', true);
            RETURN id + 1000;
          END IF;
          PERFORM set_config('test.last', id::text, true);
          RETURN id;
        END $$;
        CREATE VIEW people AS SELECT answer(id) AS id, username, email, full_name, status FROM users;
        GRANT SELECT ON lies TO PUBLIC;
        """
    settings.table = "public.people"
    settings.source += "\n  watch: [{ table: public.users, key: id }]"
    settings.grants = "GRANT SELECT ON people, users TO"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben", "cas"])
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names() == ["ann", "ben", "cas"] }
      try await site.sql("INSERT INTO lies VALUES (2); UPDATE users SET email = 'new'")
      try await eventually("the others are changed") {
        try await [site.value("mail", of: "1"), site.value("mail", of: "3")] == ["new", "new"]
      }
      try await eventually("it is parked") { try await site.parked() == ["2|mapping"] }
      #expect(try await site.names() == ["ann", "ben", "cas"])
      #expect(try await site.sql("SELECT message FROM rollcall.parked").contains("1002, which was not requested"))
      try await site.sql("DELETE FROM lies; UPDATE users SET email = 'true' WHERE id = 2")
      try await eventually("it is released") { try await site.value("mail", of: "2") == "true" }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
  }
}
