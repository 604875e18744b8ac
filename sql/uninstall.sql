-- Takes Rollcall out of this database: the triggers of every watched table, the schema with all state, and the role
-- rollcall_owner unless another database of the cluster still has Rollcall. It needs the rights that install.sql needs.
-- The daemon's own role stays: DROP OWNED BY rollcall; DROP ROLE rollcall;

DO $$
DECLARE
  started constant timestamptz := clock_timestamp();
BEGIN
  -- Dropping a trigger waits for the writers at work and makes later ones wait: ask for a moment at a time.
  SET LOCAL lock_timeout = '100ms';
  LOOP
    BEGIN
      DROP SCHEMA IF EXISTS rollcall CASCADE;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF clock_timestamp() - started > interval '1 minute' THEN
        RAISE EXCEPTION 'could not get hold of the watched tables within 1 minute'
          USING ERRCODE = 'lock_not_available', HINT = 'Try again when their long transactions are over.';
      END IF;
      PERFORM pg_sleep(0.1 + random() * 0.2);
    END;
  END LOOP;
  BEGIN
    DROP ROLE IF EXISTS rollcall_owner;
  EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
    RAISE NOTICE 'the role rollcall_owner stays: %', SQLERRM;
  END;
END
$$;
