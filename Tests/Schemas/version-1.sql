-- Version 1 of install.sql, for the tests of an upgrade. Frozen.
-- Rollcall in the database: the change log, its triggers, and the state of the daemons. PostgreSQL 14 or later.
--
--     psql -f sql/install.sql
--     psql -c "SELECT rollcall.watch('public.users', 'id')"
--     psql -v role=rollcall -f sql/grants.sql
--
-- Run it again to upgrade; writers may be at work meanwhile. It needs a superuser, or a role with CREATEROLE and
-- CREATE on the database, which becomes a member of rollcall_owner. A table's owner who is neither needs, to watch it:
--
--     GRANT USAGE ON SCHEMA rollcall TO hr;
--     GRANT EXECUTE ON FUNCTION rollcall.watch, rollcall.unwatch, rollcall.build, rollcall.tidy,
--       rollcall.be_patient TO hr;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '2s';
SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
BEGIN
  IF current_setting('server_version_num')::int < 140000 THEN
    RAISE EXCEPTION 'Rollcall needs PostgreSQL 14 or later; this is %', current_setting('server_version');
  END IF;
  -- One installation at a time: two would trip over each other's CREATE ... IF NOT EXISTS.
  PERFORM pg_advisory_xact_lock(hashtext('rollcall'), hashtext('install'));
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_owner') THEN
    BEGIN
      CREATE ROLE rollcall_owner NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of the cluster was faster
    END;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_owner' AND (rolsuper OR rolcanlogin)) THEN
    RAISE EXCEPTION 'the role rollcall_owner may log in or is a superuser: the triggers run as it and must not'
      USING HINT = 'ALTER ROLE rollcall_owner NOLOGIN NOSUPERUSER;';
  END IF;
  IF NOT pg_has_role(current_user, 'rollcall_owner', 'USAGE') THEN
    EXECUTE format('GRANT rollcall_owner TO %I', current_user);
  END IF;
  IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'rollcall' AND nspowner <> 'rollcall_owner'::regrole) THEN
    RAISE EXCEPTION 'there is a schema rollcall that does not belong to rollcall_owner'
      USING HINT = 'Move it out of the way: ALTER SCHEMA rollcall RENAME TO ...';
  END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS rollcall AUTHORIZATION rollcall_owner;
SET LOCAL ROLE rollcall_owner;

CREATE TABLE IF NOT EXISTS rollcall.version (version int NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS version_once ON rollcall.version ((true));
INSERT INTO rollcall.version VALUES (0) ON CONFLICT DO NOTHING;

DO $$
BEGIN
  IF (SELECT version FROM rollcall.version) > 1 THEN
    RAISE EXCEPTION 'the schema rollcall is of version %, newer than this script (1)',
      (SELECT version FROM rollcall.version);
  END IF;
END
$$;

-- ---------------------------------------------------------------- tables

-- A row: this key was touched by this transaction; everyone: all of the table was (TRUNCATE), and key is null.
-- The primary key is the way a window is read: by xid, in pages by seq.
CREATE TABLE IF NOT EXISTS rollcall.change (
  seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 32),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  source regclass NOT NULL,
  key text,
  everyone boolean NOT NULL DEFAULT false,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (xid, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0.5);

-- The doorbell: writers notify where a row is armed and until lies ahead, or where there is no row at all.
CREATE TABLE IF NOT EXISTS rollcall.bell (
  directory text PRIMARY KEY,
  armed boolean NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 20);

-- What the triggers read of it, because a sequence costs them a sixth of a query: the second until which to notify.
-- A trigger on bell keeps it. It is set at once, not at commit, and is the same under every isolation level.
CREATE SEQUENCE IF NOT EXISTS rollcall.ring MINVALUE 0;

CREATE TABLE IF NOT EXISTS rollcall.directory (
  name text PRIMARY KEY,
  watermark pg_snapshot,
  cut xid8,  -- prune() dropped changes up to here that this directory has not seen
  system_identifier text,
  timeline text,
  fingerprint text,
  server text,
  base text,
  looked_at timestamptz,
  last_reconcile timestamptz,
  leader text,
  leader_since timestamptz,
  state text,
  reason text,
  since timestamptz
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS rollcall.parked (
  directory text NOT NULL,
  key text NOT NULL,
  reason text NOT NULL,
  code int,
  message text,
  blocks text,
  attempts int NOT NULL DEFAULT 1,
  since timestamptz NOT NULL DEFAULT now(),
  next_at timestamptz,
  PRIMARY KEY (directory, key)
);
CREATE INDEX IF NOT EXISTS parked_next_at ON rollcall.parked (directory, next_at);
CREATE INDEX IF NOT EXISTS parked_blocks ON rollcall.parked (directory, md5(blocks)) WHERE blocks IS NOT NULL;

CREATE TABLE IF NOT EXISTS rollcall.held (
  directory text NOT NULL,
  key text NOT NULL,
  action text NOT NULL,
  dn text,
  since timestamptz NOT NULL DEFAULT now(),
  approved boolean NOT NULL DEFAULT false,
  PRIMARY KEY (directory, key)
);

CREATE TABLE IF NOT EXISTS rollcall.removal (
  directory text NOT NULL,
  key text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (directory, at, key)
);

CREATE TABLE IF NOT EXISTS rollcall.disabled (
  directory text NOT NULL,
  key text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (directory, key)
);

CREATE TABLE IF NOT EXISTS rollcall.renaming (
  directory text NOT NULL,
  key text NOT NULL,
  old_dn text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (directory, key)
);

-- Groups that a row has named. made: by Rollcall, which may delete it again. compared: the members that it had when it
-- was named have been looked at.
CREATE TABLE IF NOT EXISTS rollcall.managed_group (
  directory text NOT NULL,
  dn text NOT NULL,
  made boolean NOT NULL DEFAULT false,
  compared boolean NOT NULL DEFAULT false,
  PRIMARY KEY (directory, dn)
);

CREATE TABLE IF NOT EXISTS rollcall.request (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  directory text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('look', 'full', 'retry', 'release')),
  at timestamptz NOT NULL DEFAULT now(),
  started timestamptz,
  done timestamptz,
  message text
);
CREATE INDEX IF NOT EXISTS request_open ON rollcall.request (directory, id) WHERE done IS NULL;

-- ---------------------------------------------------------------- doorbell

-- Bell writers wait for each other on the version's row, so that none overlooks what another has just armed.
CREATE OR REPLACE FUNCTION rollcall.set_ring() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM rollcall.version FOR UPDATE;
  PERFORM setval('rollcall.ring', CASE
    WHEN NOT EXISTS (SELECT FROM rollcall.bell) THEN 253402300799
    ELSE coalesce((SELECT max(ceil(extract(epoch FROM least(until, '9999-12-31Z'))))::bigint
                   FROM rollcall.bell WHERE armed AND until > now()), 0) END);
  RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER set_ring AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rollcall.bell
  FOR EACH STATEMENT EXECUTE FUNCTION rollcall.set_ring();
UPDATE rollcall.bell SET armed = armed;

-- Sends keys in messages of at most 32 keys and 7,900 bytes, and at most 256 keys a transaction; what is beyond that
-- is sent as a count, which says: look at the log. How many were sent is kept in a setting of the transaction, so that
-- a savepoint that is rolled back takes it back along with its messages.
CREATE OR REPLACE FUNCTION rollcall.notify(keys text[], count bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  start constant text := '{"xid":"' || pg_current_xact_id() || '",';
  sent int := CASE WHEN current_setting('rollcall.sent', true) ~ '^[0-9]{1,3}$'
                   THEN current_setting('rollcall.sent', true)::int ELSE 0 END;
  list text;
  size int := 0;
  item text;
BEGIN
  IF lower(current_setting('rollcall.notify', true)) IN ('off', 'false', 'no', '0') OR sent > 256 THEN
    RETURN;
  END IF;
  IF keys IS NULL OR sent + cardinality(keys) > 256
     OR EXISTS (SELECT FROM unnest(keys) AS k WHERE octet_length(to_json(k)::text) > 7900) THEN
    PERFORM pg_notify('rollcall', start || '"count":' || count || '}'), set_config('rollcall.sent', '257', true);
    RETURN;
  END IF;
  FOREACH item IN ARRAY keys LOOP
    item := to_json(item)::text;
    IF size = 32 OR octet_length(list) + octet_length(item) > 7900 THEN
      PERFORM pg_notify('rollcall', start || '"keys":[' || list || ']}');
      size := 0;
    END IF;
    list := CASE WHEN size = 0 THEN item ELSE list || ',' || item END;
    size := size + 1;
  END LOOP;
  IF size > 0 THEN
    PERFORM pg_notify('rollcall', start || '"keys":[' || list || ']}'),
            set_config('rollcall.sent', (sent + cardinality(keys))::text, true);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION rollcall.log_keys(source regclass, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  distinct_keys text[] := ARRAY(SELECT DISTINCT k FROM unnest(keys) AS k WHERE k IS NOT NULL);
BEGIN
  INSERT INTO rollcall.change (source, key) SELECT log_keys.source, k FROM unnest(distinct_keys) AS k;
  IF to_timestamp(pg_sequence_last_value('rollcall.ring')) > now() THEN
    PERFORM rollcall.notify(distinct_keys, cardinality(distinct_keys));
  END IF;
END
$$;

-- Once a transaction and table is enough.
CREATE OR REPLACE FUNCTION rollcall.log_everyone(source regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO rollcall.change (source, everyone) SELECT log_everyone.source, true
  WHERE NOT EXISTS (SELECT FROM rollcall.change c WHERE c.xid = pg_current_xact_id() AND c.everyone
                    AND c.source = log_everyone.source);
  IF to_timestamp(pg_sequence_last_value('rollcall.ring')) > now()
     AND lower(current_setting('rollcall.notify', true)) IN ('off', 'false', 'no', '0') IS NOT TRUE THEN
    PERFORM pg_notify('rollcall', '{"xid":"' || pg_current_xact_id() || '","count":0,"everyone":true}');
  END IF;
END
$$;

-- ---------------------------------------------------------------- triggers

CREATE OR REPLACE FUNCTION rollcall.truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM rollcall.log_everyone(coalesce(pg_partition_root(tg_relid), tg_relid));
  RETURN NULL;
END
$$;

-- IS NOT DISTINCT FROM, which cannot be written with a schema and would take its = from the writer's search_path. Here
-- it is parsed once, and the planner puts it in the place of the call.
CREATE OR REPLACE FUNCTION rollcall.same(boolean, boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;
CREATE OR REPLACE FUNCTION rollcall.same(int, int) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;
CREATE OR REPLACE FUNCTION rollcall.same(bigint, bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;
CREATE OR REPLACE FUNCTION rollcall.same(uuid, uuid) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;
CREATE OR REPLACE FUNCTION rollcall.same(text, text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;
CREATE OR REPLACE FUNCTION rollcall.same(date, date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;
CREATE OR REPLACE FUNCTION rollcall.same(timestamp, timestamp) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;
CREATE OR REPLACE FUNCTION rollcall.same(timestamptz, timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT $1 IS NOT DISTINCT FROM $2; END;

-- A column's name today; NULL once it has been dropped.
CREATE OR REPLACE FUNCTION rollcall.column_name(relation regclass, number int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT attname FROM pg_attribute WHERE attrelid = relation AND attnum = number AND NOT attisdropped
$$;

-- Makes the trigger functions for a table's key and columns; returns the part of their names that tells them apart.
-- They are named for what they do, not for the table, so nobody can change what another's triggers do.
--
-- They are written out, not generic, and qualify every name instead of SET search_path: both cost writers. Rows are
-- compared in the body, not in the trigger's WHEN, because a WHEN is parsed anew for every statement and forbids HR to
-- drop the column or change its type. So a body can meet a table that has changed since. Then the key is found by its
-- column's number and every row touched counts as changed; where the column is gone, everyone does. No write fails.
CREATE OR REPLACE FUNCTION rollcall.build(source regclass, key name, columns name[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $build$
DECLARE
  -- Compared by rollcall.same(); all others by their bytes, since what is equal to them can differ as text.
  exact constant regtype[] := '{bool,int4,int8,uuid,date,timestamp,timestamptz,text,varchar}';
  -- The text of these does not depend on settings.
  steady constant regtype[] := '{bool,int2,int4,int8,oid,uuid,text,varchar,bpchar,name,numeric}';
  owner name;
  kind "char";
  number int;
  type regtype;
  as_text text;
  same_key text;
  same text;
  relation text;
  present text;
  ring text;
  settings text := '';
  id text;
  operation text;
  before text;
  after text;
BEGIN
  SELECT pg_get_userbyid(c.relowner), c.relkind, a.attnum, a.atttypid INTO owner, kind, number, type
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.oid = source AND a.attname = key AND a.attnum > 0 AND NOT a.attisdropped;
  IF NOT found THEN
    RAISE EXCEPTION 'table % has no column %', source, quote_ident(key) USING ERRCODE = 'undefined_column';
  END IF;

  -- A cast to text that a user made would run with the rights of rollcall_owner; an output function cannot be one.
  as_text := CASE WHEN type::oid < 16384 THEN '%1$s.%2$I::pg_catalog.text'
    ELSE 'CASE WHEN %1$s.%2$I IS NOT NULL THEN pg_catalog.format(''%%s'', %1$s.%2$I) END' END;
  IF type::oid < 16384 AND type <> ALL (steady) THEN
    settings := 'SET datestyle = ISO SET intervalstyle = postgres SET timezone = UTC SET extra_float_digits = 1 '
      'SET bytea_output = hex';
  END IF;

  WITH compared AS (
    SELECT attname AS name, attname = key AS is_key,
           atttypid = ANY (exact::oid[]) AND coalesce(collisdeterministic, true) AS plain
    FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND (attname = key OR attname = ANY (columns))
  ), terms AS (
    SELECT is_key, format('rollcall.same(old.%1$I, new.%1$I)', name) AS term
    FROM compared WHERE plain
    UNION ALL
    SELECT is_key, format('ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(%s)::pg_catalog.record',
                          string_agg(format('old.%I', name), ', '), string_agg(format('new.%I', name), ', '))
    FROM compared WHERE NOT plain GROUP BY is_key
  )
  SELECT string_agg(term, ' AND ' ORDER BY is_key, term),
         (SELECT CASE WHEN plain THEN format('old.%1$I OPERATOR(pg_catalog.=) new.%1$I', key)
                      ELSE format('%s AND new.%I IS NOT NULL', term, key) END
          FROM compared JOIN terms USING (is_key) WHERE is_key)
  INTO same, same_key FROM terms;
  -- A virtual generated column is not in old and new: any column may make it change.
  IF columns IS NULL OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = source AND attname = ANY (columns)
                                AND NOT attisdropped AND attgenerated = 'v') THEN
    same := 'old OPERATOR(pg_catalog.*=) new';
  END IF;

  relation := CASE kind WHEN 'p' THEN 'pg_catalog.pg_partition_root(tg_relid)::pg_catalog.oid' ELSE 'tg_relid' END;
  present := format('rollcall.column_name(%s, %s)', relation, number);
  ring := 'pg_catalog.to_timestamp(pg_catalog.pg_sequence_last_value(''rollcall.ring''::pg_catalog.regclass)) '
    'OPERATOR(pg_catalog.>) pg_catalog.now()';
  id := left(md5(concat_ws('|', key, number, as_text, same, relation, settings)), 12);

  -- Only the look at table and row has a handler around it: the subtransaction of a block that writes needs an id.
  FOREACH operation IN ARRAY '{inserted,deleted}'::text[] LOOP
    PERFORM rollcall.build_function(operation || '_rows_' || id, settings, owner, format($code$
DECLARE
  name pg_catalog.text;
  n pg_catalog.int8;
BEGIN
  BEGIN
    -- Cheaper than any other way to learn that the column is still there.
    IF pg_catalog.has_column_privilege(tg_relid, %2$L, 'SELECT') THEN
      NULL;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    PERFORM FROM rollcall_rows;
    IF NOT found THEN
      RETURN NULL;
    END IF;
    name := %1$s;
    IF name IS NULL THEN
      PERFORM rollcall.log_everyone(tg_relid);
    ELSE
      EXECUTE pg_catalog.format('INSERT INTO rollcall.change (source, key) SELECT $1, %%s FROM rollcall_rows AS r '
        'WHERE r.%%I IS NOT NULL', pg_catalog.format(%4$L, 'r', name), name) USING tg_relid;
      IF %5$s THEN
        PERFORM rollcall.notify(NULL, (SELECT pg_catalog.count(*) FROM rollcall_rows));
      END IF;
    END IF;
    RETURN NULL;
  END;
  INSERT INTO rollcall.change (source, key) SELECT tg_relid, %3$s FROM rollcall_rows AS r WHERE r.%2$I IS NOT NULL;
  IF found AND %5$s THEN
    GET DIAGNOSTICS n = ROW_COUNT;
    PERFORM rollcall.notify(pg_catalog.array_agg(s.k), n)
    FROM (SELECT %3$s AS k FROM rollcall_rows AS r WHERE r.%2$I IS NOT NULL LIMIT 257) AS s;
  END IF;
  RETURN NULL;
END$code$, present, key, format(as_text, 'r', key), as_text, ring));
  END LOOP;

  FOREACH operation IN ARRAY '{inserted,updated,deleted}'::text[] LOOP
    before := CASE operation WHEN 'inserted' THEN 'new' ELSE 'old' END;
    after := CASE operation WHEN 'deleted' THEN 'old' ELSE 'new' END;
    PERFORM rollcall.build_function(operation || '_row_' || id, settings, owner, format($code$
DECLARE
  name pg_catalog.text;
BEGIN
  BEGIN
    IF %1$s THEN
      RETURN %6$s;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    name := %2$s;
    IF name IS NULL THEN
      PERFORM rollcall.log_everyone(%3$s);
    ELSE
      EXECUTE pg_catalog.concat('SELECT rollcall.log_keys($3, ARRAY[', pg_catalog.format(%4$L, '($1)', name), ', ',
        pg_catalog.format(%4$L, '($2)', name), '])') USING %5$s, %6$s, %3$s;
    END IF;
    RETURN NULL;
  END;
  %7$sINSERT INTO rollcall.change (source, key) VALUES (%3$s, %8$s);
  IF %9$s THEN
    PERFORM rollcall.notify(ARRAY[%8$s], 1);
  END IF;
  RETURN %6$s;
END$code$,
      CASE operation WHEN 'updated' THEN same ELSE format('%s.%I IS NULL', after, key) END,
      present, relation, as_text, before, after,
      CASE operation WHEN 'updated' THEN format($code$IF (%1$s) IS NOT TRUE THEN
    PERFORM rollcall.log_keys(%2$s, ARRAY[%3$s, %4$s]);
    RETURN NULL;
  END IF;
  $code$, same_key, relation, format(as_text, 'old', key), format(as_text, 'new', key)) END,
      format(as_text, after, key), ring));
  END LOOP;
  EXECUTE format('GRANT EXECUTE ON FUNCTION rollcall.truncated TO %I', owner);
  RETURN id;
END
$build$;

CREATE OR REPLACE FUNCTION rollcall.build_function(name text, settings text, owner name, code text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION rollcall.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER %s AS %L',
                 name, settings, E'\n#variable_conflict use_variable' || code);
  EXECUTE format('REVOKE ALL ON FUNCTION rollcall.%I() FROM PUBLIC', name);
  EXECUTE format('GRANT EXECUTE ON FUNCTION rollcall.%I() TO %I', name, owner);
END
$$;

-- Drops trigger functions that no trigger uses any more.
CREATE OR REPLACE FUNCTION rollcall.tidy() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unused oid;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('rollcall'), hashtext('watch'));
  FOR unused IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = 'rollcall'::regnamespace AND p.proname ~ '^(inserted|updated|deleted)_rows?_[0-9a-f]{12}$'
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid)
  LOOP
    EXECUTE format('DROP FUNCTION %s', unused::regprocedure);
  END LOOP;
END
$$;

-- Logs the changes of a table from now on. key names the column that holds the person's key (a NULL there is skipped),
-- columns those whose change matters; NULL: all. Called again, it replaces what was there without a gap.
--
-- It runs as its caller, who must own the table. It gives way to writers: a trigger takes a lock that waits for those
-- at work and makes later ones wait, so it asks for 100 ms at a time, over and over for as long as the setting
-- rollcall.patience says (1 minute). The locks last until the transaction ends, so give each call one of its own.
CREATE OR REPLACE FUNCTION rollcall.watch("table" regclass, key name, columns name[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET lock_timeout = '100ms' AS $$
DECLARE
  started constant timestamptz := clock_timestamp();
  relation pg_class;
  missing text;
  argument text;
  id text;
  t record;
BEGIN
  SELECT * INTO relation FROM pg_class WHERE oid = "table";
  IF NOT found THEN
    RAISE EXCEPTION 'there is no table %', coalesce("table"::text, 'NULL') USING ERRCODE = 'undefined_table';
  ELSIF relation.relkind NOT IN ('r', 'p') OR relation.relpersistence = 't'
        OR relation.relnamespace IN ('pg_catalog'::regnamespace, 'rollcall'::regnamespace) THEN
    RAISE EXCEPTION '% cannot be watched: it is not an ordinary or partitioned table', "table"
      USING ERRCODE = 'wrong_object_type', HINT = 'Watch the tables that it reads.';
  ELSIF NOT pg_has_role(relation.relowner, 'USAGE') THEN
    RAISE EXCEPTION 'must be owner of table %', "table"
      USING ERRCODE = 'insufficient_privilege', HINT = format('The owner is %s.', relation.relowner::regrole);
  ELSIF relation.relkind = 'p' AND relation.relispartition THEN
    RAISE EXCEPTION '% is a partition', "table"
      USING ERRCODE = 'wrong_object_type', HINT = format('Watch %s.', pg_partition_root("table"));
  ELSIF relation.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = "table") THEN
    RAISE EXCEPTION '% cannot be watched: its triggers do not see writes to its child tables', "table"
      USING ERRCODE = 'wrong_object_type', HINT = 'Use partitions instead of inheritance.';
  END IF;
  SELECT string_agg(coalesce(quote_ident(c), 'NULL'), ', ') INTO missing FROM unnest(columns || key) AS c
  WHERE NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = "table" AND attname = c AND attnum > 0 AND NOT attisdropped);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'table % has no column %', "table", missing USING ERRCODE = 'undefined_column';
  ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = "table" AND attname = key AND attgenerated = 'v') THEN
    RAISE EXCEPTION 'column % of % cannot be the key: it is a virtual generated column', quote_ident(key), "table"
      USING ERRCODE = 'wrong_object_type';
  END IF;
  IF columns IS NOT NULL THEN
    columns := ARRAY(SELECT DISTINCT c FROM unnest(columns) AS c ORDER BY c);
  END IF;
  argument := json_build_object('key', key, 'columns', columns);

  LOOP
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('rollcall'), hashtext('watch'));
      id := rollcall.build("table", key, columns);
      FOR t IN
        WITH tree AS (
          SELECT relid FROM pg_partition_tree("table") UNION SELECT "table"
        ), form AS (
          -- A write to a partition fires no statement trigger of its root, and a subscription's apply worker none at all.
          SELECT CASE WHEN bool_or(c.relkind = 'p' OR c.relispartition OR s.srrelid IS NOT NULL)
                      THEN 'row' ELSE 'rows' END AS form
          FROM tree JOIN pg_class c ON c.oid = relid LEFT JOIN pg_subscription_rel s ON s.srrelid = relid
        )
        SELECT "table" AS relation, 'insert' AS event, 'inserted_' || form || '_' || id AS function FROM form
        UNION ALL SELECT "table", 'update', 'updated_row_' || id
        UNION ALL SELECT "table", 'delete', 'deleted_' || form || '_' || id FROM form
        UNION ALL SELECT relid, 'truncate', 'truncated' FROM tree JOIN pg_class c ON c.oid = relid AND c.relkind IN ('r', 'p')
      LOOP
        IF NOT EXISTS (SELECT FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
                       WHERE tgrelid = t.relation AND tgname = 'rollcall_' || t.event AND tgenabled = 'A'
                         AND p.pronamespace = 'rollcall'::regnamespace AND p.proname = t.function
                         AND rtrim(tgargs, '\x00') = convert_to(argument, getdatabaseencoding())) THEN
          EXECUTE format('CREATE OR REPLACE TRIGGER rollcall_%s AFTER %s ON %s %s FOR EACH %s EXECUTE FUNCTION rollcall.%I(%L)',
            t.event, upper(t.event), t.relation,
            CASE WHEN t.function LIKE 'inserted_rows%' THEN 'REFERENCING NEW TABLE AS rollcall_rows'
                 WHEN t.function LIKE 'deleted_rows%' THEN 'REFERENCING OLD TABLE AS rollcall_rows' END,
            CASE WHEN t.function LIKE '%\_row\_%' THEN 'ROW' ELSE 'STATEMENT' END, t.function, argument);
        END IF;
      END LOOP;
      -- ALWAYS: also where replication, or a session that poses as replication, does the writing.
      FOR t IN
        SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger
        WHERE tgname IN ('rollcall_insert', 'rollcall_update', 'rollcall_delete', 'rollcall_truncate')
          AND tgenabled <> 'A'
          AND (tgrelid = "table" OR tgrelid IN (SELECT relid FROM pg_partition_tree("table")))
      LOOP
        EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', t.relation, t.name);
      END LOOP;
      PERFORM rollcall.tidy();
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM rollcall.be_patient("table", started);
    END;
  END LOOP;
END
$$;

-- Sleeps a moment, or gives up.
CREATE OR REPLACE FUNCTION rollcall.be_patient("table" regclass, since timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  patience interval := coalesce(nullif(current_setting('rollcall.patience', true), ''), '1min');
BEGIN
  IF clock_timestamp() - since > patience THEN
    RAISE EXCEPTION 'could not get hold of table % within %', "table", patience USING ERRCODE = 'lock_not_available',
      DETAIL = (SELECT 'In use by ' || string_agg(format('process %s', pid), ', ')
                FROM (SELECT DISTINCT pid FROM pg_locks WHERE relation = "table" AND granted
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                      AND pid <> pg_backend_pid() AND mode <> 'AccessShareLock') AS l),
      HINT = 'Try again when its long transactions are over, or SET rollcall.patience to wait longer.';
  END IF;
  PERFORM pg_sleep(least(extract(epoch FROM clock_timestamp() - since) / 4, 2) + 0.1 + random() / 10);
END
$$;

-- Removes what watch() installed. It runs as its caller and gives way in the same manner.
CREATE OR REPLACE FUNCTION rollcall.unwatch("table" regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET lock_timeout = '100ms' AS $$
DECLARE
  started constant timestamptz := clock_timestamp();
  t record;
BEGIN
  LOOP
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('rollcall'), hashtext('watch'));
      FOR t IN
        SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
        WHERE p.pronamespace = 'rollcall'::regnamespace AND tgparentid = 0
          AND (tgrelid = "table" OR tgrelid IN (SELECT relid FROM pg_partition_tree("table")))
      LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.name, t.relation);
      END LOOP;
      PERFORM rollcall.tidy();
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM rollcall.be_patient("table", started);
    END;
  END LOOP;
END
$$;

-- What watch() was given, as the triggers themselves say, and what is wrong with them, if anything.
CREATE OR REPLACE VIEW rollcall.watched AS
  WITH ours AS (
    SELECT t.*, p.proname, convert_from(rtrim(tgargs, '\x00'), getdatabaseencoding())::json AS argument
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = tgfoid
    WHERE p.pronamespace = 'rollcall'::regnamespace AND tgargs <> ''
  ), root AS (
    SELECT tgrelid, array_agg(tgname::text) AS names, array_agg(DISTINCT argument::text) AS arguments,
           (array_agg(argument ORDER BY tgname DESC))[1] AS argument,
           bool_and(proname NOT LIKE '%\_rows\_%') AS by_row
    FROM ours WHERE tgparentid = 0 AND proname <> 'truncated' GROUP BY tgrelid
  )
  SELECT tgrelid::regclass AS source, (argument ->> 'key')::name AS key,
         CASE WHEN argument ->> 'columns' IS NOT NULL
              THEN ARRAY(SELECT json_array_elements_text(argument -> 'columns'))::name[] END AS columns,
         nullif(concat_ws('; ',
           (SELECT 'missing: ' || string_agg(w, ', ')
            FROM unnest('{rollcall_insert,rollcall_update,rollcall_delete}'::text[]) AS w WHERE w <> ALL (names)),
           (SELECT 'no rollcall_truncate on ' || string_agg(relid::text, ', ')
            FROM (SELECT tgrelid::regclass AS relid UNION SELECT relid FROM pg_partition_tree(tgrelid)) AS r
            WHERE (SELECT relkind FROM pg_class WHERE oid = relid) IN ('r', 'p')
              AND NOT EXISTS (SELECT FROM ours o WHERE o.tgrelid = r.relid AND o.proname = 'truncated')),
           (SELECT 'not enabled always: ' || string_agg(format('%s on %s', tgname, o.tgrelid::regclass), ', ')
            FROM ours o WHERE tgenabled <> 'A'
              AND (o.tgrelid = root.tgrelid OR o.tgrelid IN (SELECT relid FROM pg_partition_tree(root.tgrelid)))),
           (SELECT 'a subscription writes to it, and its triggers are for statements'
            WHERE NOT by_row AND EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = root.tgrelid)),
           CASE WHEN cardinality(arguments) > 1 THEN 'its triggers differ' END), '') AS problem
  FROM root;

-- ---------------------------------------------------------------- upkeep

-- Moves a directory's watermark; false where it is not `was` any more, or the log was cut between: then what this
-- directory has seen is incomplete, and only a full reconcile mends it.
CREATE OR REPLACE FUNCTION rollcall.advance(directory text, was pg_snapshot, becomes pg_snapshot) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE rollcall.directory d SET watermark = becomes, cut = NULL
  WHERE d.name = advance.directory AND d.watermark::text IS NOT DISTINCT FROM was::text
    AND (was IS NOT NULL OR d.cut IS NULL OR d.cut < pg_snapshot_xmin(becomes));
  RETURN found;
END
$$;

-- Deletes at most batch changes that every directory's watermark has seen; returns how many (call it again while that
-- is batch). A directory without a watermark is about to reconcile and will need what is committed meanwhile: then
-- nothing goes, until the log holds more than log_limit changes. A directory that lags by more than that loses its
-- watermark.
CREATE OR REPLACE FUNCTION rollcall.prune(log_limit bigint DEFAULT 5000000, batch int DEFAULT 50000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- A change takes at least 60 bytes, so most logs need not be counted.
  large constant boolean := pg_relation_size('rollcall.change') / 60 > log_limit;
  waiting boolean;
  snapshots pg_snapshot[];
  last_xid xid8;
  last_seq bigint;
  pruned bigint;
BEGIN
  IF large THEN
    -- Until this commits, advance() must not act on what it read before.
    PERFORM FROM rollcall.directory ORDER BY name FOR UPDATE;
    UPDATE rollcall.directory d SET watermark = NULL
    WHERE watermark IS NOT NULL AND EXISTS (
      SELECT FROM rollcall.change c
      WHERE c.xid >= pg_snapshot_xmin(d.watermark) AND NOT pg_visible_in_snapshot(c.xid, d.watermark)
      OFFSET log_limit LIMIT 1);
  END IF;
  SELECT coalesce(bool_or(watermark IS NULL), true), array_agg(watermark) FILTER (WHERE watermark IS NOT NULL)
  INTO waiting, snapshots FROM rollcall.directory;
  IF waiting THEN
    IF NOT large THEN
      RETURN 0;
    END IF;
    SELECT xid, seq INTO last_xid, last_seq FROM rollcall.change ORDER BY xid DESC, seq DESC OFFSET log_limit LIMIT 1;
    IF NOT found THEN
      RETURN 0;
    END IF;
  END IF;
  -- Rows of the log never move. In no order: to sort a long log for each batch costs more than to delete it.
  DELETE FROM rollcall.change WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM rollcall.change
    WHERE (last_xid IS NULL OR (xid, seq) <= (last_xid, last_seq))
      AND xid < coalesce((SELECT min(pg_snapshot_xmax(s)) FROM unnest(snapshots) AS s), '18446744073709551615')
      AND NOT EXISTS (SELECT FROM unnest(snapshots) AS s WHERE NOT pg_visible_in_snapshot(xid, s))
    LIMIT batch));
  GET DIAGNOSTICS pruned = ROW_COUNT;
  IF waiting AND pruned > 0 THEN
    UPDATE rollcall.directory SET cut = greatest(cut, last_xid) WHERE watermark IS NULL;
  END IF;
  RETURN pruned;
END
$$;

-- ---------------------------------------------------------------- rights, and what an upgrade has to do

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rollcall FROM PUBLIC;

-- Triggers stay as they are; their functions are made anew.
DO $$
DECLARE
  w record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('rollcall'), hashtext('watch'));
  FOR w IN SELECT * FROM rollcall.watched LOOP
    BEGIN
      PERFORM rollcall.build(w.source, w.key, w.columns);
    EXCEPTION WHEN undefined_column THEN
      RAISE WARNING 'table % has changed: watch it again', w.source;
    END;
  END LOOP;
END
$$;

UPDATE rollcall.version SET version = 1 WHERE version <> 1;
COMMIT;
