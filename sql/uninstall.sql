-- Takes Rollcall out of this database: the triggers of every watched table, the schema with all state, and the roles
-- rollcall_owner, rollcall_writer and rollcall_auditor unless another database of the cluster still has Rollcall. It needs the rights
-- that install.sql needs. The daemon's own role stays: DROP OWNED BY rollcall; DROP ROLE rollcall;
--
-- Where somebody else's views, functions or columns depend on the schema, it names them and drops nothing. If they may
-- go with it: PGOPTIONS='-c rollcall.cascade=on' psql -f sql/uninstall.sql

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = off;
SET LOCAL statement_timeout = '5min';
-- Dropping a trigger waits for the writers at work and makes later ones wait: ask for a moment at a time.
SET LOCAL lock_timeout = '100ms';

DO $$
DECLARE
  others text;
BEGIN
  IF current_setting('rollcall.cascade', true) = 'on' OR to_regnamespace('rollcall') IS NULL THEN
    RETURN;
  END IF;
  -- Triggers depend on the schema, too, and are left out: they go with it.
  WITH ours AS (
    SELECT 'pg_class'::regclass AS classid, oid FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = 'rollcall'::regnamespace
  ), dependent AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid
    FROM ours JOIN pg_depend d ON d.refclassid = ours.classid AND d.refobjid = ours.oid
  )
  SELECT string_agg(DISTINCT pg_describe_object(classid, objid, objsubid), ', ') INTO others
  FROM dependent CROSS JOIN LATERAL (
    SELECT relnamespace FROM pg_class WHERE classid = 'pg_class'::regclass AND oid = objid
    UNION ALL
    SELECT relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
    WHERE classid = 'pg_rewrite'::regclass AND r.oid = objid
    UNION ALL
    SELECT relnamespace FROM pg_attrdef a JOIN pg_class c ON c.oid = adrelid
    WHERE classid = 'pg_attrdef'::regclass AND a.oid = objid
    UNION ALL
    SELECT relnamespace FROM pg_policy y JOIN pg_class c ON c.oid = polrelid
    WHERE classid = 'pg_policy'::regclass AND y.oid = objid
    UNION ALL SELECT connamespace FROM pg_constraint WHERE classid = 'pg_constraint'::regclass AND oid = objid
    UNION ALL SELECT pronamespace FROM pg_proc WHERE classid = 'pg_proc'::regclass AND oid = objid
    UNION ALL SELECT typnamespace FROM pg_type WHERE classid = 'pg_type'::regclass AND oid = objid
  ) AS place (namespace)
  WHERE namespace NOT IN ('rollcall'::regnamespace, 'pg_toast'::regnamespace);
  IF others IS NOT NULL THEN
    RAISE EXCEPTION 'others depend on the schema rollcall and would be dropped with it: %', others
      USING ERRCODE = 'dependent_objects_still_exist',
        HINT = 'Drop them first; or, if they may go: rollcall uninstall --all --cascade, or SET rollcall.cascade = on;';
  END IF;
END
$$;

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
  FOREACH role IN ARRAY '{rollcall_owner,rollcall_writer,rollcall_auditor}'::name[] LOOP
    BEGIN
      EXECUTE format('DROP ROLE IF EXISTS %I', role);
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
      RAISE NOTICE 'the role % stays: %', role, SQLERRM;
    END;
  END LOOP;
END
$$;
COMMIT;
