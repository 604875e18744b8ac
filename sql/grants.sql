-- What the daemon's role needs, and no more: the role reads the change log, the watched tables and nothing else of
-- HR's, keeps its own state, and can neither write people nor changes.
--
--     CREATE ROLE rollcall LOGIN;
--     psql -v role=rollcall -f sql/grants.sql
--
-- The role of source.reader only reads the watched tables, and has no right on the schema rollcall:
--
--     psql -v reader=rollcall_reader -f sql/grants.sql
--
-- The role of a web page reads status and journal, and may ask the daemon about a person. For another one, or for the
-- same as well, actions: to release, retry, pin, unpin and sync.
--
--     psql -v viewer=rollcall_page -f sql/grants.sql
--     psql -v operator=rollcall_page -f sql/grants.sql
--
-- Run it as the role that ran install.sql, after every table is watched, and again when another one is.

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = off;
SET LOCAL statement_timeout = '1min';
SET LOCAL client_min_messages = warning;

\if :{?viewer}
GRANT rollcall_auditor TO :"viewer";
GRANT EXECUTE ON FUNCTION rollcall.ask, rollcall.hear TO :"viewer";
SET LOCAL rollcall.page = :'viewer';
\elif :{?operator}
GRANT USAGE ON SCHEMA rollcall TO :"operator";
GRANT EXECUTE ON FUNCTION rollcall.act, rollcall.hear TO :"operator";
SET LOCAL rollcall.page = :'operator';
\elif :{?reader}
SET LOCAL rollcall.grantee = :'reader';
\else
GRANT USAGE ON SCHEMA rollcall TO :"role";
GRANT SELECT ON rollcall.version, rollcall.change, rollcall.urgent, rollcall.watched, rollcall.coming, rollcall.log_limit,
  rollcall.ring, rollcall.stops TO :"role";
GRANT SELECT, INSERT, UPDATE, DELETE ON rollcall.bell, rollcall.directory, rollcall.parked, rollcall.held,
  rollcall.removal, rollcall.leaving, rollcall.disabled, rollcall.renaming, rollcall.temporary_name,
  rollcall.managed_group, rollcall.request, rollcall.problem, rollcall.server, rollcall.confirmed,
  rollcall.entry, rollcall.making, rollcall.pinned, rollcall.follower, rollcall.follower_parked,
  rollcall.answer, rollcall.counters, rollcall.minute, rollcall.leaver,
  rollcall.reference, rollcall.password_key, rollcall.password TO :"role";
GRANT SELECT, INSERT ON rollcall.journal TO :"role";
GRANT EXECUTE ON FUNCTION rollcall.prune, rollcall.prune_journal, rollcall.advance, rollcall.rearm, rollcall.erase
  TO :"role";

SET LOCAL rollcall.grantee = :'role';
\endif
DO $$
DECLARE
  -- A page reads none of the watched tables.
  is_page constant boolean := coalesce(current_setting('rollcall.page', true), '') <> '';
  role name := CASE WHEN is_page THEN current_setting('rollcall.page') ELSE current_setting('rollcall.grantee') END;
  t record;
BEGIN
  IF NOT has_database_privilege(role, current_database(), 'CONNECT') THEN
    RAISE WARNING '% may not connect to this database', quote_ident(role)
      USING HINT = format('GRANT CONNECT ON DATABASE %I TO %I;', current_database(), role);
  END IF;
  FOR t IN
    SELECT w.source, c.relnamespace::regnamespace AS schema, c.relowner::regrole AS owner, n.nspowner::regrole AS schema_owner
    FROM rollcall.watched w JOIN pg_class c ON c.oid = w.source JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT is_page
  LOOP
    -- Without the right to grant, GRANT warns where the grantor has another right and fails where it has none.
    BEGIN
      IF NOT has_schema_privilege(role, t.schema::oid, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', t.schema, role);
      END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;
    END;
    BEGIN
      IF NOT has_table_privilege(role, t.source, 'SELECT') THEN
        EXECUTE format('GRANT SELECT ON TABLE %s TO %I', t.source, role);
      END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;
    END;
    IF NOT has_schema_privilege(role, t.schema::oid, 'USAGE') THEN
      RAISE WARNING '% may not use the schema %', quote_ident(role), t.schema
        USING HINT = format('As %s: GRANT USAGE ON SCHEMA %s TO %I;', t.schema_owner, t.schema, role);
    END IF;
    IF NOT has_table_privilege(role, t.source, 'SELECT') THEN
      RAISE WARNING '% may not read %', quote_ident(role), t.source
        USING HINT = format('As %s: GRANT SELECT ON %s TO %I;', t.owner, t.source, role);
    END IF;
  END LOOP;
END
$$;
COMMIT;
