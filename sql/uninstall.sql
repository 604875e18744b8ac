-- Takes Rollcall out of this database: the triggers of every watched table, the schema with all state, and the roles
-- rollcall_owner and rollcall_writer unless another database of the cluster still has Rollcall. It needs the rights
-- that install.sql needs. The daemon's own role stays: DROP OWNED BY rollcall; DROP ROLE rollcall;

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = off;
SET LOCAL statement_timeout = '5min';
-- Dropping a trigger waits for the writers at work and makes later ones wait: ask for a moment at a time.
SET LOCAL lock_timeout = '100ms';

DO $$
DECLARE
  started constant timestamptz := clock_timestamp();
BEGIN
  LOOP
    BEGIN
      DROP SCHEMA IF EXISTS rollcall CASCADE;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF clock_timestamp() - started > interval '1 minute' THEN
        RAISE EXCEPTION 'could not lock the watched tables within 1 minute'
          USING ERRCODE = 'lock_not_available', HINT = 'Try again when their long transactions are over.';
      END IF;
      PERFORM pg_sleep(0.1 + random() * 0.2);
    END;
  END LOOP;
END
$$;
COMMIT;

-- The triggers are gone, so nobody who writes waits while an installation in another database is at work with the roles.
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL statement_timeout = '5min';
SET LOCAL lock_timeout = '1min';

DO $$
DECLARE
  role name;
BEGIN
  FOREACH role IN ARRAY '{rollcall_owner,rollcall_writer}'::name[] LOOP
    BEGIN
      EXECUTE format('DROP ROLE IF EXISTS %I', role);
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
      RAISE NOTICE 'the role % stays: %', role, SQLERRM;
    END;
  END LOOP;
END
$$;
COMMIT;
