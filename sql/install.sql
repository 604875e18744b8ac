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

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = off;
SET LOCAL statement_timeout = '5min';
-- Until the tables come nobody but another installation waits for this one.
SET LOCAL lock_timeout = '1min';
SET LOCAL client_min_messages = warning;

-- rollcall_owner owns the schema. rollcall_writer owns the trigger functions, which run as it: it can log and notify.
-- rollcall_auditor reads status and journal; whoever is to read them is made a member of it.
DO $$
DECLARE
  version constant int := current_setting('server_version_num');
  -- PostgreSQL 16 tells membership from the right to use it.
  usable constant text := CASE WHEN version >= 160000 THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
  membership constant text := CASE WHEN version >= 160000 THEN 'SET' ELSE 'MEMBER' END;
  role name;
  others text;
BEGIN
  IF version < 140000 THEN
    RAISE EXCEPTION 'Rollcall needs PostgreSQL 14 or later; this is %', current_setting('server_version');
  END IF;
  FOREACH role IN ARRAY '{rollcall_owner,rollcall_writer,rollcall_auditor}'::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of the cluster was faster
      END;
    END IF;
  END LOOP;
  IF NOT (pg_has_role(current_user, 'rollcall_owner', 'USAGE')
          AND pg_has_role(current_user, 'rollcall_owner', membership)) THEN
    EXECUTE format('GRANT rollcall_owner TO %I', current_user) || usable;
  END IF;
  IF NOT (pg_has_role('rollcall_owner', 'rollcall_writer', 'USAGE')
          AND pg_has_role('rollcall_owner', 'rollcall_writer', membership)) THEN
    EXECUTE 'GRANT rollcall_writer TO rollcall_owner' || usable;
  END IF;
  FOREACH role IN ARRAY '{rollcall_owner,rollcall_writer}'::name[] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role AND (rolsuper OR rolcanlogin OR rolcreaterole OR rolcreatedb
                                                              OR rolreplication OR rolbypassrls)) THEN
      RAISE EXCEPTION 'the role % may log in, is a superuser or has another attribute that it must not have', role
        USING HINT = format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS;', role);
    END IF;
    SELECT string_agg(m.roleid::regrole::text, ', ') INTO others FROM pg_auth_members m
    WHERE m.member = role::regrole AND (role = 'rollcall_writer' OR m.roleid <> 'rollcall_writer'::regrole);
    IF others IS NOT NULL THEN
      RAISE EXCEPTION 'the role % is a member of %, whose rights it must not have', role, others
        USING HINT = format('REVOKE %s FROM %I;', others, role);
    END IF;
    IF EXISTS (SELECT FROM pg_default_acl WHERE defaclrole = role::regrole) THEN
      RAISE EXCEPTION 'the role % has default privileges in this database, which would grant rights to others', role
        USING HINT = 'Look at them with \ddp, and take them back with ALTER DEFAULT PRIVILEGES.';
    END IF;
    -- Whoever is a member can put code where this script, or a DBA who calls a function of the schema, runs it.
    SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) INTO others FROM pg_roles r
    WHERE pg_has_role(r.oid, role, 'MEMBER') AND NOT r.rolsuper AND r.rolname <> ALL ('{rollcall_owner,rollcall_writer}')
      AND NOT pg_has_role(r.oid, current_user, 'MEMBER')
      AND r.rolname::text <> ALL (string_to_array(replace(coalesce(current_setting('rollcall.trusted', true), ''), ' ', ''), ','));
    IF others IS NOT NULL THEN
      RAISE EXCEPTION 'the role % has members that can change what it owns: %', role, others
        USING HINT = format('REVOKE %I FROM %s; or, if they may do what %s may: SET rollcall.trusted = %L;', role,
          others, current_user, replace(others, '"', ''));
    END IF;
  END LOOP;
  -- An installation that goes on at the same time makes this one wait here.
  BEGIN
    CREATE SCHEMA IF NOT EXISTS rollcall AUTHORIZATION rollcall_owner;
  EXCEPTION WHEN duplicate_schema OR unique_violation THEN
    NULL;
  END;
  IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'rollcall' AND nspowner <> 'rollcall_owner'::regrole) THEN
    RAISE EXCEPTION 'there is a schema rollcall that does not belong to rollcall_owner'
      USING HINT = 'Move it out of the way: ALTER SCHEMA rollcall RENAME TO ...';
  END IF;
END
$$;

SET LOCAL ROLE rollcall_owner;

-- Before anything is written: a trigger on a table of the schema runs with the rights of whoever writes, which is this
-- script, prune() as the owner, or a trigger of HR's table. A foreign key keeps prune() from deleting.
DO $$
DECLARE
  role regrole;
  others text;
BEGIN
  FOR role IN
    SELECT DISTINCT a.grantee FROM (
        SELECT relacl, relowner FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace
        UNION ALL
        SELECT attacl, relowner FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = 'rollcall'::regnamespace
      ) AS given (acl, owner) CROSS JOIN LATERAL aclexplode(acl) AS a
    WHERE a.privilege_type IN ('TRIGGER', 'REFERENCES') AND a.grantee <> owner
  LOOP
    EXECUTE format('REVOKE TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA rollcall FROM %s CASCADE',
                   CASE WHEN role = 0::oid THEN 'PUBLIC' ELSE role::text END);
  END LOOP;
  SELECT string_agg(what, ', ') INTO others FROM (
    SELECT format('the trigger %I of %s', tgname, tgrelid::regclass)
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
    WHERE relnamespace = 'rollcall'::regnamespace AND NOT tgisinternal AND pronamespace <> relnamespace
    UNION ALL
    SELECT format('the foreign key %I of %s', conname, conrelid::regclass)
    FROM pg_constraint k JOIN pg_class c ON c.oid = confrelid
    WHERE contype = 'f' AND relnamespace = 'rollcall'::regnamespace
  ) AS found (what);
  IF others IS NOT NULL THEN
    RAISE EXCEPTION 'the tables of the schema rollcall have triggers or foreign keys of other roles: %', others
      USING HINT = 'Drop them: their code may run with the rights of rollcall_owner.';
  END IF;
END
$$;

CREATE TABLE IF NOT EXISTS rollcall.version (version int NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS version_once ON rollcall.version ((true));
INSERT INTO rollcall.version VALUES (0) ON CONFLICT DO NOTHING;
-- One installation, watch() or tidy() at a time. Not an advisory lock: anybody may take that and keep it.
LOCK TABLE rollcall.version IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = '2s';

DO $$
BEGIN
  IF (SELECT version FROM rollcall.version) > 4 THEN
    RAISE EXCEPTION 'the schema rollcall is of version %, newer than this script (4)',
      (SELECT version FROM rollcall.version) USING HINT = 'Upgrade the program.';
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

-- ---------------------------------------------------------------- steps

-- The tables above are version 1. Each later change of a table is a step: a block that runs where the schema is older.
-- No step is edited once it has been released; functions and views below are simply replaced.

-- What a step adds is granted to the roles that have had the like, so that grants.sql need not be run again after an
-- upgrade: to whoever has INSERT on an older table, or EXECUTE on an older function. granted is what stands in GRANT
-- between that word and TO. Dropped after the last step.
CREATE OR REPLACE FUNCTION rollcall.grant_as_on(older text, granted text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  grantee regrole;
BEGIN
  FOR grantee IN
    SELECT a.grantee
    FROM (SELECT relacl AS acl, relowner AS owner, 'INSERT' AS privilege FROM pg_class WHERE oid = to_regclass(older)
          UNION ALL
          SELECT proacl, proowner, 'EXECUTE' FROM pg_proc
          WHERE oid = CASE WHEN older LIKE '%(%' THEN to_regprocedure(older) END) AS o,
      aclexplode(o.acl) AS a
    WHERE a.privilege_type = o.privilege AND a.grantee NOT IN (0, o.owner)
  LOOP
    EXECUTE format('GRANT %s TO %s', granted, grantee);
  END LOOP;
END
$$;

-- Promises that are not kept at present, for status. A role that may park keys may say so.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    CREATE TABLE rollcall.problem (
      directory text NOT NULL,
      code text NOT NULL,
      message text NOT NULL,
      fix text,
      since timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (directory, code)
    );
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.problem');
  END IF;
END
$step$;

-- What is held is known by its action and its subject: a person's key, or the DN of a group.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    ALTER TABLE rollcall.held RENAME COLUMN key TO subject;
    ALTER TABLE rollcall.held DROP CONSTRAINT held_pkey, ADD PRIMARY KEY (directory, action, subject);
  END IF;
END
$step$;

-- Why a removal is held, and the fingerprint of the last comparison whose removals were decided: the first one after a
-- change of the mapping holds every removal, also where it was cut short by a restart.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    ALTER TABLE rollcall.held ADD COLUMN reason text;
    ALTER TABLE rollcall.directory ADD COLUMN compared text;
    UPDATE rollcall.directory SET compared = fingerprint WHERE watermark IS NOT NULL AND last_reconcile IS NOT NULL;
  END IF;
END
$step$;

-- Memberships that were taken away a while ago, for their budget. A role that may note removals may note these.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    CREATE TABLE rollcall.leaving (
      directory text NOT NULL,
      key text NOT NULL,
      group_id text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (directory, key, group_id)
    );
    PERFORM rollcall.grant_as_on('rollcall.removal', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.leaving');
  END IF;
END
$step$;

-- The number of the leader's lock, where a stranger has taken the one that follows from server and base.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    ALTER TABLE rollcall.directory ADD COLUMN lock_number int;
  END IF;
END
$step$;

-- What a directory's tables and triggers were like when it was started or compared last, as a digest.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    ALTER TABLE rollcall.directory ADD COLUMN capture text;
  END IF;
END
$step$;

-- Version 1 compared column by column and locked by an advisory lock, which keeps out those who begin to watch now.
-- Where a stranger has it, a table that somebody is just beginning to watch must be watched again: rollcall.watched
-- says so.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    PERFORM pg_try_advisory_xact_lock(hashtext('rollcall'), hashtext('watch'));
    DROP FUNCTION IF EXISTS rollcall.same(boolean, boolean), rollcall.same(int, int), rollcall.same(bigint, bigint),
      rollcall.same(uuid, uuid), rollcall.same(text, text), rollcall.same(date, date),
      rollcall.same(timestamp, timestamp), rollcall.same(timestamptz, timestamptz),
      rollcall.build_function(text, text, name, text);
  END IF;
END
$step$;

-- Entries on their way through a temporary name, which is random: an exchange that is cut short is taken up from here.
-- A role that may record renames may record these.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    CREATE TABLE rollcall.temporary_name (
      directory text NOT NULL,
      key text NOT NULL,
      old_dn text NOT NULL,
      dn text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (directory, key)
    );
    PERFORM rollcall.grant_as_on('rollcall.renaming', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.temporary_name');
  END IF;
END
$step$;

-- A group's name as it is spelled: dn is its canonical form, which tells groups apart and is never sent to a server.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    ALTER TABLE rollcall.managed_group ADD COLUMN IF NOT EXISTS name text;
  END IF;
END
$step$;

-- The entries that Rollcall has met, and the adds that it is about to send. A directory that was compared before there
-- was such a table knows its entries: the next complete comparison writes them down, and holds nothing.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    CREATE TABLE rollcall.entry (
      directory text NOT NULL,
      key text NOT NULL,
      entry_id text NOT NULL,  -- entryUUID, nsUniqueId or objectGUID
      PRIMARY KEY (directory, key)
    );
    CREATE TABLE rollcall.making (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      directory text NOT NULL,
      keys text[] NOT NULL,
      names text[] NOT NULL  -- the entries' normalized DNs, in the keys' order
    );
    ALTER TABLE rollcall.directory ADD COLUMN recording boolean NOT NULL DEFAULT false;
    UPDATE rollcall.directory SET recording = true WHERE last_reconcile IS NOT NULL;
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.entry, rollcall.making');
  END IF;
END
$step$;

-- The directory's servers: how far each was when it was asked last, and what the current one lacked of another's; and
-- the keys whose writes were confirmed last, in chunks, until a server's clock covers them. confirmed_lost: the newest
-- chunk that was dropped because there were too many.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    ALTER TABLE rollcall.directory ADD COLUMN confirmed_lost bigint;
    CREATE TABLE rollcall.server (
      directory text NOT NULL,
      url text NOT NULL,
      identity text,
      clock text,
      owed text,
      seen timestamptz NOT NULL,
      PRIMARY KEY (directory, url)
    ) WITH (fillfactor = 50);
    CREATE TABLE rollcall.confirmed (
      directory text NOT NULL,
      number bigint NOT NULL,
      keys text[] NOT NULL,
      PRIMARY KEY (directory, number)
    );
    PERFORM rollcall.grant_as_on('rollcall.parked',
      'SELECT, INSERT, UPDATE, DELETE ON rollcall.server, rollcall.confirmed');
  END IF;
END
$step$;

-- A table may be watched by several columns, each with triggers of its own. rollcall.change.source tells them apart: it
-- is the table's OID for the first, and for each further one a number from here, which is no table's OID: those of tables
-- that anybody makes begin at 16384. The body of unwatch(), which can be told the column now, comes below.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    CREATE SEQUENCE rollcall.source_id MAXVALUE 16383;
    CREATE FUNCTION rollcall.unwatch("table" regclass, key name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql AS 'BEGIN END';
    PERFORM rollcall.grant_as_on('rollcall.unwatch(regclass)', 'EXECUTE ON FUNCTION rollcall.unwatch(regclass, name)');
    DROP FUNCTION IF EXISTS rollcall.unwatch(regclass);
  END IF;
END
$step$;

-- The log's bound. changes: how many it may hold. room: the value of the log's sequence up to which it is not looked at,
-- which prune() moves. stops: counts the times that logging was stopped or taken up again; a directory compares it with
-- the one that it has dealt with last. silent: a transaction up to here may have changed people without logging it.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 2 THEN
    CREATE TABLE rollcall.log_limit (changes bigint NOT NULL);
    CREATE UNIQUE INDEX log_limit_once ON rollcall.log_limit ((true));
    INSERT INTO rollcall.log_limit VALUES (5000000);
    CREATE SEQUENCE rollcall.room;
    CREATE SEQUENCE rollcall.stops;
    ALTER TABLE rollcall.directory ADD COLUMN stops bigint, ADD COLUMN silent xid8;
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT ON SEQUENCE rollcall.ring, rollcall.stops');
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT ON TABLE rollcall.log_limit');
    CREATE FUNCTION rollcall.rearm() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN END';
    PERFORM rollcall.grant_as_on('rollcall.prune(bigint,int)', 'EXECUTE ON FUNCTION rollcall.rearm');
  END IF;
END
$step$;

-- The journal: what was written to a directory, when, why, and caused by which transaction. A row is never changed, but
-- for the values that `history --erase` takes away. Fixed lengths come first, which saves padding.
--   at: when the directory confirmed it; tx: the transaction that wrote the row, by which followers know what they have
--   seen. xid and changed_at: the source's transaction and its time; others: earlier ones of the same row. changes:
--   {"mail": {"removed": ["a"], "added": ["b"]}}. intent: the row that a result belongs to.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 3 THEN
    CREATE TABLE rollcall.journal (
      id bigint GENERATED ALWAYS AS IDENTITY,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
      changed_at timestamptz,
      xid xid8,
      intent bigint,
      entry_id uuid,
      code int,
      directory text NOT NULL,
      key text,
      action text NOT NULL,
      outcome text NOT NULL CHECK (outcome IN ('intended', 'done', 'refused', 'unknown')),
      cause text,
      dn text,
      new_dn text,
      changes json,
      others xid8[],
      message text,
      actor text,
      because text,
      PRIMARY KEY (directory, id)
    ) WITH (autovacuum_vacuum_insert_scale_factor = 0.5);
    CREATE INDEX journal_key ON rollcall.journal (directory, key, id);
    CREATE INDEX journal_intent ON rollcall.journal (directory, intent) WHERE intent IS NOT NULL;
    CREATE INDEX journal_open ON rollcall.journal (directory, id) WHERE outcome = 'intended';
    CREATE INDEX journal_range ON rollcall.journal
      USING brin ((tx::text::bigint), (xid::text::bigint), at) WITH (pages_per_range = 32);
    -- How long its rows are kept, as the configuration has it; null for 90 days.
    ALTER TABLE rollcall.directory ADD COLUMN journal_keep interval;
    -- What the daemon may: insert, and nothing else.
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT, INSERT ON rollcall.journal');
    CREATE FUNCTION rollcall.erase(directory_name text, person text, operator text, reason text, OUT erased bigint,
      OUT open bigint) LANGUAGE plpgsql AS 'BEGIN END';
    PERFORM rollcall.grant_as_on('rollcall.prune(bigint,int)', 'EXECUTE ON FUNCTION rollcall.erase');
  END IF;
END
$step$;

-- Who is set aside by a person: nothing is written for these keys. seen: the changes that the pin knows of; where it is
-- there, a change of the key that is not visible in it ends the pin. removal: what would be done otherwise, delete or
-- disable.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 3 THEN
    CREATE TABLE rollcall.pinned (
      directory text NOT NULL,
      key text NOT NULL,
      because text NOT NULL,
      actor text NOT NULL,
      since timestamptz NOT NULL DEFAULT now(),
      until timestamptz,
      seen pg_snapshot,
      removal text,
      PRIMARY KEY (directory, key)
    );
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.pinned');
  END IF;
END
$step$;

-- How much the daemon knows not to have settled, in changes, and the snapshot beyond which it has not counted: while a
-- long stretch of the log is worked off, the watermark does not tell.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 3 THEN
    ALTER TABLE rollcall.directory ADD COLUMN unsettled bigint, ADD COLUMN counted_to pg_snapshot,
      ADD COLUMN counted_at timestamptz;
  END IF;
END
$step$;

-- Programs that follow the journal: the snapshot up to which each has seen it, and keys that it could not take.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 3 THEN
    CREATE TABLE rollcall.follower (
      directory text NOT NULL,
      name text NOT NULL,
      position pg_snapshot NOT NULL,
      since timestamptz NOT NULL DEFAULT now(),
      moved timestamptz NOT NULL DEFAULT now(),
      cut timestamptz,  -- when it was so far behind that rows were dropped which it had not seen
      PRIMARY KEY (directory, name)
    ) WITH (fillfactor = 50);
    CREATE TABLE rollcall.follower_parked (
      directory text NOT NULL,
      name text NOT NULL,
      key text NOT NULL,
      first bigint NOT NULL,  -- the id of the row that the program did not take; later ones of the key wait behind it
      attempts int NOT NULL,
      message text,
      since timestamptz NOT NULL DEFAULT now(),
      next_at timestamptz,
      PRIMARY KEY (directory, name, key)
    );
    PERFORM rollcall.grant_as_on('rollcall.parked',
      'SELECT, INSERT, UPDATE, DELETE ON rollcall.follower, rollcall.follower_parked');
  END IF;
END
$step$;

-- What a request is about, and the daemon's answer, which is deleted when it has been read, or after a minute.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 3 THEN
    ALTER TABLE rollcall.request ADD COLUMN argument json;
    ALTER TABLE rollcall.request DROP CONSTRAINT request_kind_check;
    CREATE UNLOGGED TABLE rollcall.answer (
      request bigint PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT now(),
      answer json NOT NULL
    );
    PERFORM rollcall.grant_as_on('rollcall.request', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.answer');
  END IF;
END
$step$;

-- What each directory's daemon has counted, as it stores it every few seconds, and its last hour by minutes, for metrics and
-- charts. No keys, names or values.
--   process: drawn at random when somebody begins to count from 0, so that a restart is not taken for a decrease, nor
--   two processes for one; started: when; at: when it was stored last. counts: {"operations.create.done": 17, …}, in whole
--   numbers; what is 0 is left out.
--   minute: what was counted in the minute that begins then; where a minute has no row nobody was there. lag: how many
--   writes were confirmed within 1, 2, 5, 10, 20, 50, 100, 200, 500 ms, 1, 2, 5, 10, 30, 60, 300, 3600 seconds from their
--   change, each counted once, at the first that holds; the last element: how many took longer.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    CREATE TABLE rollcall.counters (
      directory text PRIMARY KEY,
      process uuid NOT NULL,
      started timestamptz NOT NULL DEFAULT clock_timestamp(),
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      counts json NOT NULL DEFAULT '{}'
    ) WITH (fillfactor = 20);
    CREATE TABLE rollcall.minute (
      directory text NOT NULL,
      minute timestamptz NOT NULL,
      process uuid NOT NULL,
      changes bigint NOT NULL,  -- keys that were noticed in the log or by a notification
      writes bigint NOT NULL,   -- operations that the directory confirmed
      settled bigint NOT NULL,  -- keys that were looked at to the end
      parked bigint NOT NULL,   -- those of them that were set aside
      lag bigint[] NOT NULL,
      PRIMARY KEY (directory, minute, process)
    ) WITH (fillfactor = 50);
    PERFORM rollcall.grant_as_on('rollcall.parked',
      'SELECT, INSERT, UPDATE, DELETE ON rollcall.counters, rollcall.minute');
  END IF;
END
$step$;

-- Up to which twentieth of a second notifications have been sent for which no daemon has asked, see has_turn().
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    CREATE SEQUENCE rollcall.pace;
  END IF;
END
$step$;

-- Rows of the journal that are looked for and are few: decisions, removals and renames, and those with earlier
-- transactions. What is written most, creates and updates, is in neither index.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    CREATE INDEX journal_rare ON rollcall.journal (directory, action, id) WHERE action NOT IN ('create', 'update');
    CREATE INDEX journal_others ON rollcall.journal (directory, id) WHERE others IS NOT NULL;
  END IF;
END
$step$;

-- Who has asked something through ask() or act(), and how often: their rate is bounded. A request that came that way
-- names its asker, who alone may hear the answer.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    ALTER TABLE rollcall.request ADD COLUMN asker name;
    CREATE INDEX request_asker ON rollcall.request (asker) WHERE asker IS NOT NULL;
    CREATE UNLOGGED TABLE rollcall.asker (
      name name PRIMARY KEY,
      since timestamptz NOT NULL,
      asked int NOT NULL
    ) WITH (fillfactor = 50);
  END IF;
END
$step$;

-- Dates that take effect: the instant up to which the rows whose dates have passed were looked at. And leavers: the entries
-- that were disabled because their rows are gone, which are deleted delete_after later.
--   since: when that was; state: a digest of the entry as it was left. Where it is another by then, a person has changed
--   the entry, and its deletion is held.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    ALTER TABLE rollcall.directory ADD COLUMN due_at timestamptz, ADD COLUMN delete_after interval;
    CREATE TABLE rollcall.leaver (
      directory text NOT NULL,
      key text NOT NULL,
      since timestamptz NOT NULL DEFAULT now(),
      dn text NOT NULL,
      state text NOT NULL,
      PRIMARY KEY (directory, key)
    );
    CREATE INDEX leaver_since ON rollcall.leaver (directory, since);
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.leaver');
    CREATE VIEW rollcall.coming AS SELECT directory, key, 'delete'::text AS action, dn, since AS at FROM rollcall.leaver;
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT ON rollcall.coming');
  END IF;
END
$step$;

-- Changes that can take access away: deletes, and those of the columns that watch() is told of. Each is in the log, too;
-- the daemon looks at these first. Where key is null the transaction has more than 32 of them: it is a batch, and waits its
-- turn. Who has none pays nothing for this table. urgent_pace: see has_turn(). Two functions get another argument.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    CREATE TABLE rollcall.urgent (
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      source oid NOT NULL,
      key text
    );
    CREATE INDEX urgent_xid ON rollcall.urgent (xid);
    CREATE SEQUENCE rollcall.urgent_pace;
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT ON rollcall.urgent');
    CREATE FUNCTION rollcall.watch("table" regclass, key name, columns name[], urgent name[]) RETURNS void
    LANGUAGE plpgsql AS 'BEGIN END';
    PERFORM rollcall.grant_as_on('rollcall.watch(regclass,name,name[])',
      'EXECUTE ON FUNCTION rollcall.watch(regclass, name, name[], name[])');
    DROP FUNCTION IF EXISTS rollcall.watch(regclass, name, name[]);
    CREATE FUNCTION rollcall.build(source regclass, key name, columns name[], urgent name[]) RETURNS text
    LANGUAGE plpgsql AS 'BEGIN END';
    PERFORM rollcall.grant_as_on('rollcall.build(regclass,name,name[])',
      'EXECUTE ON FUNCTION rollcall.build(regclass, name, name[], name[])');
    DROP FUNCTION IF EXISTS rollcall.build(regclass, name, name[]);
    DROP FUNCTION IF EXISTS rollcall.build_functions(text, name, int, name[], boolean, boolean, name);
  END IF;
END
$step$;

-- References to other people: whose entry has the DN of whose. key: the person whose row names the other, target. It is
-- written before the other's entry is looked for, so that no change of it in between goes unnoticed.
--   name: a digest of the other entry's DN as it was found; null where there was no entry. due: the transaction that found
--   that the other has another DN by now, or none, so that this person is to be looked at again; null when that is done.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    CREATE TABLE rollcall.reference (
      directory text NOT NULL,
      key text NOT NULL,
      target text NOT NULL,
      name text,
      due xid8,
      PRIMARY KEY (directory, key, target)
    ) WITH (fillfactor = 80);
    CREATE INDEX reference_target ON rollcall.reference (directory, target);
    CREATE INDEX reference_due ON rollcall.reference (directory, key) WHERE due IS NOT NULL;
    PERFORM rollcall.grant_as_on('rollcall.parked', 'SELECT, INSERT, UPDATE, DELETE ON rollcall.reference');
  END IF;
END
$step$;

-- Passwords that follow the table (users.password with follow): a keyed digest of what was written last, by person, because
-- a directory lets nobody read it back. The key is random, and the daemon's role alone reads both tables; digests of equal
-- passwords differ. Without a row the password is written once more.
DO $step$
BEGIN
  IF (SELECT version FROM rollcall.version) < 4 THEN
    CREATE TABLE rollcall.password_key (directory text PRIMARY KEY, key text NOT NULL);
    CREATE TABLE rollcall.password (
      directory text NOT NULL,
      key text NOT NULL,
      digest text NOT NULL,
      PRIMARY KEY (directory, key)
    );
    PERFORM rollcall.grant_as_on('rollcall.parked',
      'SELECT, INSERT, UPDATE, DELETE ON rollcall.password_key, rollcall.password');
  END IF;
END
$step$;

DROP FUNCTION rollcall.grant_as_on(text, text);

-- ---------------------------------------------------------------- doorbell

-- What ring is to be: the second until which to notify, 0 for never. (1 stands for a log that is full, see below.)
CREATE OR REPLACE FUNCTION rollcall.ring_time() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN NOT EXISTS (SELECT FROM rollcall.bell) THEN 253402300799
    ELSE coalesce((SELECT max(ceil(extract(epoch FROM least(until, '9999-12-31Z'))))::bigint
                   FROM rollcall.bell WHERE armed AND until > now()), 0) END
$$;

-- Bell writers wait for each other on the version's row, so that none overlooks what another has just armed.
CREATE OR REPLACE FUNCTION rollcall.set_ring() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM rollcall.version FOR UPDATE;
  IF pg_sequence_last_value('rollcall.ring') IS DISTINCT FROM 1 THEN
    PERFORM setval('rollcall.ring', rollcall.ring_time());
  END IF;
  RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER set_ring AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rollcall.bell
  FOR EACH STATEMENT EXECUTE FUNCTION rollcall.set_ring();
UPDATE rollcall.bell SET armed = armed;

-- The log's bound, where nobody prunes it. Triggers call bound_log() at about every 4,096th value of the log's sequence.
-- Where the log is full it logs everyone, of all sources, and stops logging: ring is 1, and triggers do nothing more.
-- None of this waits for anybody. Sequences are not rolled back, and reach the disk before the commit of whoever reads
-- them.
--
-- A daemon that finds ring at 1, or stops at another value than it has dealt with, calls rearm(), notes what that
-- returns and, in a later transaction, its own transaction id, and compares everybody. Whoever has found ring at 1 has a
-- lower id, because triggers look at ring after their transaction has got one; so when all transactions up to that id
-- have ended, everybody is compared once more. Nothing is missed:
-- - stops is counted after ring is set, so who skips a change does so before stops changes, or after. Before: rearm()
--   returns less than what stops is then, and the next look finds that. After: ring is 1 until somebody else takes that
--   back; it is set here and by set_ring() only, one after the other, and whoever notes stops after that has a higher id.
-- - set_ring() may take back a stop that is just being made. Then logging goes on, and stops has changed nevertheless.
CREATE OR REPLACE FUNCTION rollcall.bound_log() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A change takes at least 60 bytes. A file does not shrink, so it counts only with what was logged since the last
  -- prune().
  IF pg_relation_size('rollcall.change') / 60 > (SELECT changes FROM rollcall.log_limit)
     AND currval('rollcall.change_seq_seq') > coalesce(pg_sequence_last_value('rollcall.room'), 0) THEN
    PERFORM rollcall.log_everyone(0);
    -- In one expression, so that nobody can cancel it in between.
    PERFORM setval('rollcall.ring', 1) + nextval('rollcall.stops');
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION rollcall.rearm() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stops bigint;
BEGIN
  PERFORM FROM rollcall.version FOR UPDATE;
  stops := coalesce(pg_sequence_last_value('rollcall.stops'), 0);
  IF pg_sequence_last_value('rollcall.ring') = 1 THEN
    stops := nextval('rollcall.stops');
    PERFORM rollcall.make_room();
    PERFORM setval('rollcall.ring', rollcall.ring_time());
  END IF;
  RETURN stops;
END
$$;

-- Lets as many changes be logged as the log may hold, before it is looked at again.
CREATE OR REPLACE FUNCTION rollcall.make_room() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT setval('rollcall.room', greatest(coalesce(pg_sequence_last_value('rollcall.change_seq_seq'), 0) + changes, 1))
  FROM rollcall.log_limit
$$;

-- Sends keys in messages of at most 32 keys and 7,900 bytes, and at most 256 keys a transaction; what is beyond that
-- is sent as a count, which says: look at the log. How many were sent is kept in a setting of the transaction, so that
-- a savepoint that is rolled back takes it back along with its messages.
--
-- A transaction that has notified cannot be prepared: where the server allows two-phase commit, writers notify only if
-- rollcall.notify is on. Nothing is sent while the queue of notifications fills up, which anybody may do: when it is
-- full, each commit that has notified fails.
CREATE OR REPLACE FUNCTION rollcall.may_notify() RETURNS boolean
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT pg_notification_queue_usage() < 0.05 AND CASE WHEN current_setting('max_prepared_transactions') = '0'
    THEN lower(current_setting('rollcall.notify', true)) IN ('off', 'false', 'no', '0') IS NOT TRUE
    ELSE lower(current_setting('rollcall.notify', true)) IN ('on', 'true', 'yes', '1') IS TRUE END;
END;

-- Where no daemon has asked for notifications they are for other listeners; and what is urgent is sent even where one has
-- asked for none. Commits that have notified wait for each other, and nobody turns these off under load, so 200 are sent
-- and then 20 a second. A clock that jumps back costs 40 seconds at most. Sequences are not rolled back, and two writers
-- at once may take one turn.
CREATE OR REPLACE FUNCTION rollcall.has_turn(pace regclass) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moment constant bigint := extract(epoch FROM clock_timestamp()) * 20;
  used constant bigint := coalesce(pg_sequence_last_value(pace), 0);
BEGIN
  IF used BETWEEN moment + 200 AND moment + 1000 THEN
    RETURN false;
  END IF;
  PERFORM setval(pace, CASE WHEN used BETWEEN moment AND moment + 200 THEN used ELSE moment END + 1);
  RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION rollcall.send(keys text[], count bigint, source oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  start constant text := '{"xid":"' || pg_current_xact_id() || '",';
  finish constant text := ']' || coalesce(',"source":' || source, '') || '}';
  sent int := CASE WHEN current_setting('rollcall.sent', true) ~ '^[0-9]{1,3}$'
                   THEN current_setting('rollcall.sent', true)::int ELSE 0 END;
  list text;
  size int := 0;
  item text;
BEGIN
  IF sent > 256 OR NOT rollcall.may_notify() THEN
    RETURN;
  END IF;
  -- What ring_time() is without a daemon.
  IF pg_sequence_last_value('rollcall.ring') = 253402300799 AND NOT rollcall.has_turn('rollcall.pace') THEN
    RETURN;
  END IF;
  IF keys IS NULL OR sent + cardinality(keys) > 256
     OR EXISTS (SELECT FROM unnest(keys) AS k
                WHERE CASE WHEN octet_length(k) > 7900 THEN true ELSE octet_length(to_json(k)::text) > 7900 END) THEN
    PERFORM pg_notify('rollcall', start || '"count":' || count || '}'), set_config('rollcall.sent', '257', true);
    RETURN;
  END IF;
  FOREACH item IN ARRAY keys LOOP
    item := to_json(item)::text;
    IF size = 32 OR octet_length(list) + octet_length(item) > 7900 THEN
      PERFORM pg_notify('rollcall', start || '"keys":[' || list || finish);
      size := 0;
    END IF;
    list := CASE WHEN size = 0 THEN item ELSE list || ',' || item END;
    size := size + 1;
  END LOOP;
  IF size > 0 THEN
    PERFORM pg_notify('rollcall', start || '"keys":[' || list || finish),
            set_config('rollcall.sent', (sent + cardinality(keys))::text, true);
  END IF;
END
$$;

-- Marks keys that have just been logged as urgent, count of them, and sends them, even where the daemon has asked for
-- none because of the load: it reads the log then anyway, but these do not wait for that. A transaction with more than
-- 32 is a batch, which is marked as one and sent like any other. How many there are is kept in a setting, as in send();
-- 33 stands for a batch.
CREATE OR REPLACE FUNCTION rollcall.mark(keys text[], count bigint, source oid, ring bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  is_armed constant boolean := to_timestamp(ring) > now();
  marked constant bigint := count + CASE WHEN current_setting('rollcall.marked', true) ~ '^[0-9]{1,2}$'
                                         THEN current_setting('rollcall.marked', true)::int ELSE 0 END;
  message text;
BEGIN
  -- The log is full, or a row has got its first key.
  IF ring = 1 OR keys[1] IS NULL THEN
    RETURN;
  ELSIF marked > 32 THEN
    IF marked - count <= 32 THEN
      INSERT INTO rollcall.urgent (source) VALUES (source);
      PERFORM set_config('rollcall.marked', '33', true);
      -- What has been sent of it says less.
      IF NOT is_armed AND marked > count AND rollcall.may_notify() THEN
        PERFORM pg_notify('rollcall', '{"xid":"' || pg_current_xact_id() || '","count":' || marked || '}');
      END IF;
    END IF;
    IF is_armed THEN
      PERFORM rollcall.send(keys, count, source);
    END IF;
    RETURN;
  END IF;
  INSERT INTO rollcall.urgent (source, key) SELECT source, k FROM unnest(keys) AS k;
  PERFORM set_config('rollcall.marked', marked::text, true);
  message := '{"xid":"' || pg_current_xact_id() || '","keys":' || array_to_json(keys) || ',"source":' || source
    || ',"urgent":true}';
  IF is_armed AND (ring = 253402300799 OR octet_length(message) > 7900) THEN
    PERFORM rollcall.send(keys, count, source);
  ELSIF octet_length(message) <= 7900 AND rollcall.may_notify()
        AND (is_armed OR rollcall.has_turn('rollcall.urgent_pace')) THEN
    PERFORM pg_notify('rollcall', message);
  END IF;
END
$$;

-- What triggers of version 1 call that are at work while this script replaces their functions.
CREATE OR REPLACE FUNCTION rollcall.notify(keys text[], count bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT rollcall.send(keys, count, NULL)';

CREATE OR REPLACE FUNCTION rollcall.log_keys(source regclass, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  distinct_keys text[] := ARRAY(SELECT DISTINCT k FROM unnest(keys) AS k WHERE k IS NOT NULL);
  ring constant bigint := pg_sequence_last_value('rollcall.ring');
BEGIN
  IF ring = 1 THEN
    RETURN;
  END IF;
  INSERT INTO rollcall.change (source, key) SELECT log_keys.source, k FROM unnest(distinct_keys) AS k;
  IF to_timestamp(ring) > now() THEN
    PERFORM rollcall.send(distinct_keys, cardinality(distinct_keys), source);
  END IF;
  IF distinct_keys <> '{}' AND currval('rollcall.change_seq_seq') & 4095 < 32 + cardinality(distinct_keys) THEN
    PERFORM rollcall.bound_log();
  END IF;
END
$$;

-- Once a transaction and source is enough.
CREATE OR REPLACE FUNCTION rollcall.log_everyone(source regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ring constant bigint := pg_sequence_last_value('rollcall.ring');
BEGIN
  IF ring = 1 THEN
    RETURN;
  END IF;
  INSERT INTO rollcall.change (source, everyone) SELECT log_everyone.source, true
  WHERE NOT EXISTS (SELECT FROM rollcall.change c WHERE c.xid = pg_current_xact_id() AND c.everyone
                    AND c.source = log_everyone.source);
  IF to_timestamp(ring) > now() AND rollcall.may_notify() THEN
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

-- A column's name today; NULL once it has been dropped. Not as a query of the catalogue has it: that may be of a
-- snapshot that is older than the table, and then a name that is no column's any more would be taken for a function's.
CREATE OR REPLACE FUNCTION rollcall.column_name(relation regclass, number int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT nullif((pg_identify_object_as_address('pg_class'::regclass, relation, number)).object_names[3],
                format('........pg.dropped.%s........', number))
$$;

-- Gives functions to rollcall_writer, which can make none itself but while this runs.
CREATE OR REPLACE FUNCTION rollcall.hand_over(functions regprocedure[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ours regprocedure;
BEGIN
  functions := ARRAY(SELECT oid FROM pg_proc WHERE oid = ANY (functions) AND proowner <> 'rollcall_writer'::regrole);
  IF functions = '{}' THEN
    RETURN;
  END IF;
  GRANT CREATE ON SCHEMA rollcall TO rollcall_writer;
  FOREACH ours IN ARRAY functions LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO rollcall_writer', ours);
  END LOOP;
  REVOKE CREATE ON SCHEMA rollcall FROM rollcall_writer;
END
$$;

-- Makes the trigger functions for a table's key and columns; returns the part of their names that tells them apart.
-- They are named for what they do, not for the table, so nobody can change what another's triggers do. Those of a
-- table's second key column and further ones log a source of their own, whose number is the end of their names.
CREATE OR REPLACE FUNCTION rollcall.build(source regclass, key name, columns name[], urgent name[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  -- The text of these does not depend on settings.
  steady constant regtype[] := '{bool,int2,int4,int8,oid,uuid,text,varchar,bpchar,name,numeric}';
  owner name;
  by_root boolean;
  key_number int;
  settled boolean;
  compared name[];
  deciding name[];
  further text;
  id text;
BEGIN
  -- Until the transaction ends, so that tidy() does not drop what no trigger uses yet.
  LOCK TABLE rollcall.version IN SHARE UPDATE EXCLUSIVE MODE;
  SELECT pg_get_userbyid(c.relowner), c.relkind = 'p', a.attnum, a.atttypid < 16384 AND a.atttypid <> ALL (steady::oid[])
  INTO owner, by_root, key_number, settled
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.oid = source AND a.attname = key AND a.attnum > 0 AND NOT a.attisdropped;
  IF NOT found THEN
    RAISE EXCEPTION 'table % has no column %', source, quote_ident(key) USING ERRCODE = 'undefined_column';
  END IF;
  -- A virtual generated column is not in old and new: any column may make it change.
  IF columns IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = source AND attname = ANY (columns)
                                         AND NOT attisdropped AND attgenerated = 'v') THEN
    compared := ARRAY(SELECT DISTINCT c FROM unnest(columns || urgent) AS c WHERE c <> key ORDER BY c);
  END IF;
  IF urgent IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = source AND attname = ANY (urgent)
                                        AND NOT attisdropped AND attgenerated = 'v') THEN
    deciding := ARRAY(SELECT DISTINCT c FROM unnest(urgent) AS c ORDER BY c);
  END IF;
  -- Triggers of the same column are replaced, or else those whose column is gone.
  SELECT t.further INTO further FROM rollcall.triggers t
  WHERE t.tgrelid = source AND t.tgparentid = 0 AND t.event <> 'truncated'
    AND (t.number = key_number OR rollcall.column_name(source, t.number) IS NULL)
  ORDER BY t.number IS DISTINCT FROM key_number, t.further LIMIT 1;
  IF NOT found THEN
    further := CASE WHEN EXISTS (SELECT FROM rollcall.triggers t WHERE t.tgrelid = source AND t.tgparentid = 0
                                 AND t.event <> 'truncated' AND t.further = '')
                    THEN '_' || nextval('rollcall.source_id') ELSE '' END;
  END IF;
  id := left(md5(concat_ws('|', 2, key, key_number, coalesce(compared::text, 'all'), by_root, settled,
                           'urgent ' || deciding::text)), 12) || further;
  PERFORM rollcall.build_functions(id, key, key_number, compared, by_root, settled, owner, deciding);
  RETURN id;
END
$$;

-- The functions are written out, not generic, and qualify every name instead of SET search_path: both cost writers.
-- Rows are compared in the body, not in the trigger's WHEN, because a WHEN is parsed anew for every statement and
-- forbids HR to drop the column or change its type. So a body can meet a table that has changed since. Then the key is
-- found by its column's number and every row touched counts as changed; where the column is gone, everyone does. No
-- write fails.
--
-- A column's type may become one that its owner has made. So nothing here takes a value as anything but what it is: a
-- cast or an operator of that type, or one that PostgreSQL finds through an implicit cast, would run as rollcall_writer.
-- concat() calls the type's output function, which no user can write; rows are compared by their bytes.
--
-- number: the key's column; columns: those compared besides the key, NULL: all; by_root: the table is partitioned;
-- settled: the key's text depends on settings; urgent: as watch() has it.
CREATE OR REPLACE FUNCTION rollcall.build_functions(
  id text, key name, number int, columns name[], by_root boolean, settled boolean, owner name, urgent name[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $build$
#variable_conflict use_variable
DECLARE
  -- A cast of character(n) to text takes the blanks away.
  as_text constant text := 'CASE WHEN pg_catalog.pg_typeof(%1$s.%2$I) OPERATOR(pg_catalog.=) '
    '''pg_catalog.bpchar''::pg_catalog.regtype THEN pg_catalog.rtrim(pg_catalog.concat(%1$s.%2$I), '' '') '
    'ELSE pg_catalog.concat(%1$s.%2$I) END';
  or_null constant text := 'CASE WHEN %1$s.%2$I IS NOT NULL THEN ' || as_text || ' END';
  relation constant text := CASE WHEN by_root THEN 'pg_catalog.pg_partition_root(tg_relid)::pg_catalog.oid' ELSE 'tg_relid' END;
  source constant text := coalesce(substring(id FROM '_([0-9]+)$') || '::pg_catalog.oid', relation);
  present constant text := format('rollcall.column_name(%s, %s)', relation, number);
  ring constant text := 'pg_catalog.pg_sequence_last_value(''rollcall.ring''::pg_catalog.regclass)';
  is_armed constant text := 'pg_catalog.to_timestamp(ring) OPERATOR(pg_catalog.>) pg_catalog.now()';
  -- Sessions take 32 values of the sequence at a time, so each 4,096th is among somebody's first.
  is_due constant text := 'pg_catalog.currval(''rollcall.change_seq_seq''::pg_catalog.regclass) OPERATOR(pg_catalog.&) 4095 '
    'OPERATOR(pg_catalog.<) ';
  settings constant text := CASE WHEN settled THEN 'SET datestyle = ISO SET intervalstyle = postgres SET timezone = UTC '
    'SET extra_float_digits = 1 SET bytea_output = hex' ELSE '' END;
  equal constant text := 'ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(%s)::pg_catalog.record';
  same constant text := CASE WHEN columns IS NULL THEN 'old OPERATOR(pg_catalog.*=) new' ELSE
    (SELECT format(equal, string_agg(format('old.%I', c), ', '), string_agg(format('new.%I', c), ', '))
     FROM unnest(array_prepend(key, array_remove(columns, key))) AS c) END;
  same_key constant text := format(equal || ' AND new.%3$I IS NOT NULL', format('old.%I', key), format('new.%I', key), key);
  -- Whether neither the key nor a column that makes a change urgent has changed: one comparison tells nearly everybody
  -- that nothing is special.
  ordinary constant text := (
    SELECT format(equal || ' AND new.%3$I IS NOT NULL', string_agg(format('old.%I', c), ', '),
                  string_agg(format('new.%I', c), ', '), key)
    FROM unnest(array_prepend(key, array_remove(urgent, key))) AS c);
  -- Nothing more is marked of a transaction that is known to be a batch.
  is_unmarked constant text := 'pg_catalog.current_setting(''rollcall.marked'', true) OPERATOR(pg_catalog.=) ''33'' IS NOT TRUE';
  -- What an upgrade makes the functions anew from.
  definition constant text := E'\n-- ' || json_build_object('key', key, 'number', number, 'columns', columns,
    'by_root', by_root, 'settled', settled, 'urgent', urgent);
  is_urgent boolean;
  operation text;
  before text;
  after text;
  made regprocedure[];
BEGIN
  -- Only the look at table and row has a handler around it: the subtransaction of a block that writes needs an id.
  FOREACH operation IN ARRAY '{inserted,deleted}'::text[] LOOP
    is_urgent := operation = 'deleted' OR key = ANY (urgent) IS TRUE;
    made := made || rollcall.build_function(operation || '_rows_' || id, settings, owner, definition || format($code$
DECLARE
  name pg_catalog.text;
  n pg_catalog.int8;
  ring pg_catalog.int8 := %5$s;
BEGIN
  IF ring OPERATOR(pg_catalog.=) 1 THEN
    RETURN NULL;
  END IF;
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
      PERFORM rollcall.log_everyone(%7$s);
    ELSE
      EXECUTE pg_catalog.format('INSERT INTO rollcall.change (source, key) SELECT $1, %%s FROM rollcall_rows AS r '
        'WHERE r.%%I IS NOT NULL', pg_catalog.format(%4$L, 'r', name), name) USING %7$s;
      GET DIAGNOSTICS n = ROW_COUNT;
      IF %6$s THEN
        PERFORM rollcall.send(NULL, (SELECT pg_catalog.count(*) FROM rollcall_rows), NULL);
      END IF;
      IF n OPERATOR(pg_catalog.>) 0 THEN
        PERFORM rollcall.bound_log();
      END IF;
    END IF;
    RETURN NULL;
  END;
  INSERT INTO rollcall.change (source, key) SELECT %7$s, %3$s FROM rollcall_rows AS r WHERE r.%2$I IS NOT NULL;
  IF NOT found THEN
    RETURN NULL;
  END IF;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF %9$s THEN
    PERFORM rollcall.%10$s
    FROM (SELECT %3$s AS k FROM rollcall_rows AS r WHERE r.%2$I IS NOT NULL LIMIT 257) AS s;
  END IF;
  IF %8$s (32 OPERATOR(pg_catalog.+) n) THEN
    PERFORM rollcall.bound_log();
  END IF;
  RETURN NULL;
END$code$, present, key, format(as_text, 'r', key), as_text, ring, is_armed, source, is_due,
      CASE WHEN is_urgent THEN 'true' ELSE is_armed END,
      CASE WHEN is_urgent THEN format('mark(pg_catalog.array_agg(s.k), n, %s, ring)', source)
           ELSE format('send(pg_catalog.array_agg(s.k), n, %s)', source) END));
  END LOOP;

  FOREACH operation IN ARRAY '{inserted,updated,deleted}'::text[] LOOP
    before := CASE operation WHEN 'inserted' THEN 'new' ELSE 'old' END;
    after := CASE operation WHEN 'deleted' THEN 'old' ELSE 'new' END;
    made := made || rollcall.build_function(operation || '_row_' || id, settings, owner, definition || format($code$
DECLARE
  name pg_catalog.text;
  ring pg_catalog.int8;
  is_rare pg_catalog.bool;
  is_moved pg_catalog.bool;
BEGIN
  BEGIN
    IF %1$s THEN
      RETURN %6$s;
    END IF;%12$s
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
  %7$sring := %9$s;
  IF ring OPERATOR(pg_catalog.=) 1 THEN
    RETURN %6$s;
  END IF;
  INSERT INTO rollcall.change (source, key) VALUES (%3$s, %8$s);
  %13$s %10$s THEN
    PERFORM rollcall.send(ARRAY[%8$s], 1, %3$s);
  END IF;
  IF %11$s 32 THEN
    PERFORM rollcall.bound_log();
  END IF;
  RETURN %6$s;
END$code$,
      CASE operation WHEN 'updated' THEN same ELSE format('%s.%I IS NULL', after, key) END,
      present, source, or_null, before, after,
      CASE operation WHEN 'updated' THEN format($code$IF is_rare THEN
    ring := %4$s;
    IF is_moved THEN
      PERFORM rollcall.log_keys(%1$s, ARRAY[%2$s, %3$s]);
      IF %5$s THEN
        PERFORM rollcall.mark(ARRAY[%2$s], 1, %1$s, ring);
      END IF;
      RETURN NULL;
    ELSIF ring OPERATOR(pg_catalog.=) 1 THEN
      RETURN NULL;
    END IF;
    INSERT INTO rollcall.change (source, key) VALUES (%1$s, %6$s);
    IF %5$s THEN
      PERFORM rollcall.mark(ARRAY[%6$s], 1, %1$s, ring);
    ELSIF %7$s THEN
      PERFORM rollcall.send(ARRAY[%6$s], 1, %1$s);
    END IF;
    IF %8$s 32 THEN
      PERFORM rollcall.bound_log();
    END IF;
    RETURN NULL;
  END IF;
  $code$, source, format(or_null, 'old', key), format(or_null, 'new', key), ring, is_unmarked,
        format(as_text, 'new', key), is_armed, is_due) END,
      format(as_text, after, key), ring, is_armed, is_due,
      -- Here too: where all columns are compared, nothing before this names the key.
      CASE operation WHEN 'updated' THEN format($code$
    is_rare := (%s) IS NOT TRUE;
    IF is_rare THEN
      is_moved := (%s) IS NOT TRUE;
    END IF;$code$, ordinary, same_key) END,
      CASE WHEN operation = 'deleted' OR operation = 'inserted' AND key = ANY (urgent) IS TRUE
           THEN format($code$IF %s THEN
    PERFORM rollcall.mark(ARRAY[%s], 1, %s, ring);
  ELSIF$code$, is_unmarked, format(as_text, after, key), source) ELSE 'IF' END));
  END LOOP;
  IF id LIKE '%\_%' THEN
    made := made || rollcall.build_function('truncated_' || id, '', owner, definition || format($code$
BEGIN
  PERFORM rollcall.log_everyone(%s);
  RETURN NULL;
END$code$, source));
  END IF;
  IF owner IS NOT NULL AND NOT has_function_privilege(owner, 'rollcall.truncated()', 'EXECUTE') THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION rollcall.truncated TO %I', owner);
  END IF;
  PERFORM rollcall.hand_over(made);
END
$build$;

CREATE OR REPLACE FUNCTION rollcall.build_function(name text, settings text, owner name, code text) RETURNS regprocedure
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made regprocedure := to_regprocedure(format('rollcall.%I()', name));
BEGIN
  code := E'\n#variable_conflict use_variable' || code;
  IF NOT EXISTS (SELECT FROM pg_proc WHERE oid = made AND prosrc = code AND (proconfig IS NULL) = (settings = '')
                 AND proowner = 'rollcall_writer'::regrole) THEN
    EXECUTE format('CREATE OR REPLACE FUNCTION rollcall.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER %s AS %L',
                   name, settings, code);
    made := to_regprocedure(format('rollcall.%I()', name));
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
  END IF;
  IF owner IS NOT NULL AND NOT has_function_privilege(owner, made, 'EXECUTE') THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', made, owner);
  END IF;
  RETURN made;
END
$$;

-- Drops trigger functions that no trigger uses any more.
CREATE OR REPLACE FUNCTION rollcall.tidy() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unused oid;
BEGIN
  LOCK TABLE rollcall.version IN SHARE UPDATE EXCLUSIVE MODE;
  FOR unused IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = 'rollcall'::regnamespace
      AND p.proname ~ '^(inserted|updated|deleted|truncated)(_rows?)?_[0-9a-f]{12}(_[0-9]+)?$'
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid)
  LOOP
    EXECUTE format('DROP FUNCTION %s', unused::regprocedure);
  END LOOP;
END
$$;

-- Logs the changes of a table from now on. key names the column that holds the person's key (a NULL there is skipped),
-- columns those whose change matters; NULL: all. Called again for the same key, it replaces what was there without a
-- gap; called for another one, it adds triggers that log that.
--
-- urgent names the columns whose change can take somebody's access away: it goes ahead of all other changes, as each
-- delete does. Where it names the key, a new row does so, too. NULL: they are not known. `rollcall install` knows them.
--
-- It runs as its caller, who must own the table. It gives way to writers: a trigger takes a lock that waits for those
-- at work and makes later ones wait, so it asks for 100 ms at a time, over and over for as long as the setting
-- rollcall.patience says (1 minute). The locks last until the transaction ends, so give each call one of its own.
CREATE OR REPLACE FUNCTION rollcall.watch(
  "table" regclass, key name, columns name[] DEFAULT NULL, urgent name[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET lock_timeout = '100ms' AS $$
DECLARE
  started constant timestamptz := clock_timestamp();
  relation pg_class;
  missing text;
  argument text;
  id text;
  further text;
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
  SELECT string_agg(coalesce(quote_ident(c), 'NULL'), ', ') INTO missing FROM unnest(columns || urgent || key) AS c
  WHERE NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = "table" AND attname = c AND attnum > 0 AND NOT attisdropped);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'table % has no column %', "table", missing USING ERRCODE = 'undefined_column';
  ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = "table" AND attname = key AND attgenerated = 'v') THEN
    RAISE EXCEPTION 'column % of % cannot be the key: it is a virtual generated column', quote_ident(key), "table"
      USING ERRCODE = 'wrong_object_type';
  END IF;
  IF columns IS NOT NULL THEN
    columns := ARRAY(SELECT DISTINCT c FROM unnest(columns || array_remove(urgent, key)) AS c ORDER BY c);
  END IF;
  argument := CASE WHEN urgent IS NULL THEN json_build_object('key', key, 'columns', columns)
    ELSE json_build_object('key', key, 'columns', columns,
                           'urgent', ARRAY(SELECT DISTINCT c FROM unnest(urgent) AS c ORDER BY c)) END;

  LOOP
    BEGIN
      id := rollcall.build("table", key, columns, urgent);
      further := substring(id FROM 13);
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
        UNION ALL SELECT relid, 'truncate', 'truncated' || CASE WHEN further <> '' THEN '_' || id ELSE '' END FROM tree JOIN pg_class c ON c.oid = relid AND c.relkind IN ('r', 'p')
      LOOP
        IF NOT EXISTS (SELECT FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
                       WHERE tgrelid = t.relation AND tgname = 'rollcall_' || t.event || further AND tgenabled = 'A'
                         AND p.pronamespace = 'rollcall'::regnamespace AND p.proname = t.function
                         AND rtrim(tgargs, '\x00') = convert_to(argument, getdatabaseencoding())) THEN
          EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH %s EXECUTE FUNCTION rollcall.%I(%L)',
            'rollcall_' || t.event || further, upper(t.event), t.relation,
            CASE WHEN t.function LIKE 'inserted_rows%' THEN 'REFERENCING NEW TABLE AS rollcall_rows'
                 WHEN t.function LIKE 'deleted_rows%' THEN 'REFERENCING OLD TABLE AS rollcall_rows' END,
            CASE WHEN t.function LIKE '%\_row\_%' THEN 'ROW' ELSE 'STATEMENT' END, t.function, argument);
        END IF;
      END LOOP;
      -- ALWAYS: also where replication, or a session that poses as replication, does the writing.
      FOR t IN
        SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger
        WHERE tgname IN (SELECT 'rollcall_' || event || further FROM unnest('{insert,update,delete,truncate}'::text[]) AS event)
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
    RAISE EXCEPTION 'could not lock table % within %', "table", patience USING ERRCODE = 'lock_not_available',
      DETAIL = (SELECT 'In use by ' || string_agg(format('process %s', pid), ', ')
                FROM (SELECT DISTINCT pid FROM pg_locks WHERE relation = "table" AND granted
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                      AND pid <> pg_backend_pid() AND mode <> 'AccessShareLock') AS l),
      HINT = 'Try again when its long transactions are over, or SET rollcall.patience to wait longer.';
  END IF;
  PERFORM pg_sleep(least(extract(epoch FROM clock_timestamp() - since) / 4, 2) + 0.1 + random() / 10);
END
$$;

-- Removes what watch() installed, for one key column or for all of them. It runs as its caller and gives way in the same
-- manner.
CREATE OR REPLACE FUNCTION rollcall.unwatch("table" regclass, key name DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET lock_timeout = '100ms' AS $$
DECLARE
  started constant timestamptz := clock_timestamp();
  -- The end of their functions' names, which is that of their own, too.
  further text[];
  t record;
BEGIN
  LOOP
    BEGIN
      PERFORM rollcall.tidy();  -- takes the lock that watch() takes first, too
      further := ARRAY(
        SELECT coalesce(substring(p.proname FROM '_[0-9a-f]{12}(_[0-9]+)$'), '')
        FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
          CROSS JOIN LATERAL (SELECT substring(prosrc FROM '^\n#variable_conflict use_variable\n-- (\{[^\n]*\})\n')::json) AS d (made)
        WHERE tgrelid = "table" AND p.pronamespace = 'rollcall'::regnamespace AND p.proname <> 'truncated'
          AND (made ->> 'key' = unwatch.key OR (made ->> 'number')::int = (
            SELECT attnum FROM pg_attribute WHERE attrelid = "table" AND attname = unwatch.key AND NOT attisdropped)));
      IF key IS NOT NULL AND further = '{}' THEN
        RAISE EXCEPTION '% is not watched by a column %', "table", quote_ident(key) USING ERRCODE = 'undefined_object';
      END IF;
      FOR t IN
        SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
        WHERE p.pronamespace = 'rollcall'::regnamespace AND tgparentid = 0
          AND (tgrelid = "table" OR tgrelid IN (SELECT relid FROM pg_partition_tree("table")))
          AND (key IS NULL OR coalesce(substring(p.proname FROM '_[0-9a-f]{12}(_[0-9]+)$'), '') = ANY (further))
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

-- Triggers that call a function of ours, with what watch() was given. Their argument is read only where it looks like
-- one of watch(): a table's owner may write anything there, and nobody else's table is to suffer from it. The names of as
-- many columns as a table may have take less than a million octets.
CREATE OR REPLACE VIEW rollcall.triggers AS
  SELECT t.tgrelid, t.tgname, t.tgenabled, t.tgparentid, p.proname, p.proowner,
         CASE WHEN given ~ replace(replace('^\{"key" : "TEXT", "columns" : (null|LIST)(, "urgent" : LIST)?\}$',
                                           'LIST', '\[("TEXT"(,"TEXT")*)?\]'), 'TEXT',
                                   '([^"\\[:cntrl:]]|\\["\\/bfnrt]|\\u00(0[1-9a-f]|1[0-9a-f]))*')
              THEN given::json END AS argument,
         -- What the function does: the column whose values it logs by its number, and the end of its name, which tells
         -- the triggers of a table's further keys apart.
         substring(p.proname FROM '^[a-z]+') AS event,
         coalesce((substring(p.prosrc FROM '^\n#variable_conflict use_variable\n-- (\{[^\n]*\})\n')::json ->> 'number')::int,
                  substring(p.prosrc FROM 'rollcall\.column_name\([^,]*, ([0-9]+)\)')::int) AS number,
         coalesce(substring(p.proname FROM '_[0-9a-f]{12}(_[0-9]+)$'), '') AS further
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    CROSS JOIN LATERAL (SELECT CASE WHEN tgnargs = 1 AND octet_length(tgargs) <= 1000000
                          THEN convert_from(rtrim(tgargs, '\x00'), getdatabaseencoding()) END AS given) AS g
  WHERE p.pronamespace = 'rollcall'::regnamespace;

-- What will be done at its time, and when: entries of leavers that will be deleted, without those whose deletion is held.
-- The time may have passed where no daemon runs.
CREATE OR REPLACE VIEW rollcall.coming AS
  SELECT l.directory, l.key, 'delete'::text AS action, l.dn, l.since + d.delete_after AS at
  FROM rollcall.leaver l JOIN rollcall.directory d ON d.name = l.directory
  WHERE d.delete_after IS NOT NULL AND NOT EXISTS (
    SELECT FROM rollcall.held h WHERE h.directory = l.directory AND h.action = 'delete' AND h.subject = l.key);

-- The tables that are watched, each with the column that names the person and the source that its changes have in the log,
-- and what is wrong with their triggers, if anything. A table that is watched by several columns is there several times.
CREATE OR REPLACE VIEW rollcall.watched AS
  WITH ours AS (
    SELECT * FROM rollcall.triggers WHERE argument IS NOT NULL
  ), root AS (
    SELECT tgrelid, further, array_agg(tgname::text) AS names, array_agg(DISTINCT argument::text) AS arguments,
           (array_agg(argument ORDER BY tgname DESC))[1] AS argument,
           bool_and(proname NOT LIKE '%\_rows\_%') AS by_row
    FROM ours WHERE tgparentid = 0 AND event <> 'truncated' GROUP BY tgrelid, further
  )
  SELECT tgrelid::regclass AS source, (argument ->> 'key')::name AS key,
         CASE WHEN argument ->> 'columns' IS NOT NULL
              THEN ARRAY(SELECT json_array_elements_text(argument -> 'columns'))::name[] END AS columns,
         nullif(concat_ws('; ',
           (SELECT 'missing: ' || string_agg(w || further, ', ')
            FROM unnest('{rollcall_insert,rollcall_update,rollcall_delete}'::text[]) AS w WHERE w || further <> ALL (names)),
           (SELECT 'no rollcall_truncate' || further
            WHERE NOT EXISTS (SELECT FROM ours o WHERE o.tgrelid = root.tgrelid AND o.event = 'truncated'
                              AND o.further = root.further)),
           (SELECT 'not enabled always: ' || string_agg(format('%s on %s', tgname, o.tgrelid::regclass), ', ')
            FROM ours o WHERE tgenabled <> 'A' AND o.further = root.further
              AND (o.tgrelid = root.tgrelid OR o.tgrelid IN (SELECT relid FROM pg_partition_tree(root.tgrelid)))),
           (SELECT 'its triggers are of an older version'
            WHERE EXISTS (SELECT FROM ours o WHERE o.tgrelid = root.tgrelid AND o.further = root.further
                          AND pg_get_userbyid(o.proowner) <> 'rollcall_writer')),
           (SELECT 'a subscription writes to it, and its triggers are for statements'
            WHERE NOT by_row AND EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = root.tgrelid)),
           CASE WHEN cardinality(arguments) > 1 THEN 'its triggers differ' END), '') AS problem,
         -- Row triggers come with a new partition by themselves. Only a TRUNCATE of the partition itself is not logged.
         (SELECT 'TRUNCATE is not noticed on ' || string_agg(relid::text, ', ')
          FROM (SELECT relid FROM pg_partition_tree(tgrelid) WHERE relid <> tgrelid) AS r
          WHERE (SELECT relkind FROM pg_class WHERE oid = relid) IN ('r', 'p')
            AND NOT EXISTS (SELECT FROM ours o WHERE o.tgrelid = r.relid AND o.event = 'truncated'
                            AND o.further = root.further)) AS warning,
         coalesce(nullif(ltrim(further, '_'), '')::oid, tgrelid) AS id,
         -- The columns whose change is urgent; NULL: only deletes are.
         CASE WHEN argument ->> 'urgent' IS NOT NULL
              THEN ARRAY(SELECT json_array_elements_text(argument -> 'urgent'))::name[] END AS urgent
  FROM root;

-- ---------------------------------------------------------------- journal

-- Takes away what the journal says of a person: values, names, messages and reasons. That something was written stays, and
-- when, which attributes it was about, and how it ended; each attribute is {"erased": true} then. A removal that has no
-- result yet keeps its row, by which the result is found: open counts those.
CREATE OR REPLACE FUNCTION rollcall.erase(directory_name text, person text, operator text, reason text, OUT erased bigint,
  OUT open bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF btrim(coalesce(reason, '')) = '' OR btrim(coalesce(operator, '')) = '' THEN
    RAISE EXCEPTION 'the journal records who erased a person''s values, and why: both must be given';
  END IF;
  SELECT count(*) INTO open FROM rollcall.journal j
  WHERE j.directory = directory_name AND j.key = person AND j.outcome = 'intended'
    AND NOT EXISTS (SELECT FROM rollcall.journal r WHERE r.directory = j.directory AND r.intent = j.id);
  UPDATE rollcall.journal j SET dn = NULL, new_dn = NULL, message = NULL, because = NULL,
    -- NUL has no text in PostgreSQL, which refuses to read it in JSON too.
    changes = CASE WHEN json_typeof(j.changes) = 'object' THEN
      (SELECT json_object_agg(k, '{"erased": true}'::json)
       FROM json_object_keys(replace(j.changes::text, '\u0000', '\u0001')::json) AS k) END
  WHERE j.directory = directory_name AND j.key = person AND j.action <> 'erase'
    AND (j.dn IS NOT NULL OR j.new_dn IS NOT NULL OR j.message IS NOT NULL OR j.because IS NOT NULL
         OR j.changes::text ~ '"(removed|added)"')
    AND (j.outcome <> 'intended'
         OR EXISTS (SELECT FROM rollcall.journal r WHERE r.directory = j.directory AND r.intent = j.id));
  GET DIAGNOSTICS erased = ROW_COUNT;
  INSERT INTO rollcall.journal (directory, key, action, outcome, actor, message, because)
  VALUES (directory_name, person, 'erase', 'done', operator, format('%s rows', erased), reason);
  IF EXISTS (SELECT FROM rollcall.follower f WHERE f.directory = directory_name) THEN
    PERFORM pg_notify('rollcall_journal', directory_name);
  END IF;
END
$$;

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
-- nothing goes, until the log holds more than log_limit changes (NULL: what the table of that name says). A directory
-- that lags by more than that loses its watermark.
CREATE OR REPLACE FUNCTION rollcall.prune(log_limit bigint DEFAULT NULL, batch int DEFAULT 50000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  log_limit constant bigint := coalesce(log_limit, (SELECT changes FROM rollcall.log_limit));
  -- A change takes at least 60 bytes, so most logs need not be counted.
  large constant boolean := pg_relation_size('rollcall.change') / 60 > log_limit;
  waiting boolean;
  snapshots pg_snapshot[];
  last_xid xid8;
  last_seq bigint;
  pruned bigint;
BEGIN
  -- What was restored into a younger cluster: no snapshot would have seen it for months. A row that can be seen here is
  -- of a transaction below the snapshot's end, or of this one.
  DELETE FROM rollcall.change WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
    AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned();
  DELETE FROM rollcall.urgent WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
    AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned();
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
  -- Marks only say what to look at first: whoever is to compare everybody does not need them.
  DELETE FROM rollcall.urgent
  WHERE NOT EXISTS (SELECT FROM unnest(snapshots) AS s WHERE NOT pg_visible_in_snapshot(xid, s));
  IF waiting THEN
    IF large THEN
      SELECT xid, seq INTO last_xid, last_seq FROM rollcall.change ORDER BY xid DESC, seq DESC OFFSET log_limit LIMIT 1;
    END IF;
    IF last_xid IS NULL THEN
      PERFORM rollcall.make_room();
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
  IF pruned < batch THEN
    PERFORM rollcall.make_room();
  END IF;
  RETURN pruned;
END
$$;

-- Deletes rows of the journal that are older than their directory keeps them, at most so many of each; says how many.
-- Those of a directory that is forgotten, or keeps no journal but decisions, are kept for 90 days. A follower that has not seen them is told.
CREATE OR REPLACE FUNCTION rollcall.prune_journal(batch int DEFAULT 5000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d record;
  pruned bigint;
  newest xid8;
  total bigint := 0;
BEGIN
  FOR d IN
    -- The names in the journal, one look at its index for each.
    WITH RECURSIVE names (name) AS (
      SELECT min(directory) FROM rollcall.journal
      UNION ALL
      SELECT (SELECT min(directory) FROM rollcall.journal WHERE directory > n.name) FROM names n WHERE n.name IS NOT NULL)
    SELECT n.name, coalesce(k.journal_keep, interval '90 days') AS journal_keep
    FROM names n LEFT JOIN rollcall.directory k ON k.name = n.name WHERE n.name IS NOT NULL
  LOOP
    WITH old AS (
      DELETE FROM rollcall.journal WHERE ctid = ANY (ARRAY(
        SELECT row FROM (SELECT ctid AS row, at FROM rollcall.journal WHERE directory = d.name ORDER BY id LIMIT batch) AS o
        WHERE at < now() - d.journal_keep))
      RETURNING tx)
    SELECT count(*), max(tx::text::bigint)::text::xid8 INTO pruned, newest FROM old;
    IF pruned > 0 THEN
      UPDATE rollcall.follower SET cut = now()
      WHERE directory = d.name AND NOT pg_visible_in_snapshot(newest, position);
    END IF;
    total := total + pruned;
  END LOOP;
  RETURN total;
END
$$;

-- ---------------------------------------------------------------- asking the daemon

-- What a web page asks the daemon that leads, as a role that may write nothing: ask() a question and act() for an action
-- give a number, and hear() the answer to it. The daemon is asked by a row of rollcall.request, which is made here from
-- checked parts: an asker can neither write another request, nor read or answer those of others. Bounds: 16 kB a request,
-- 120 a minute and 8 unheard ones a role, 32 of all roles.
CREATE OR REPLACE FUNCTION rollcall.post_request(directory_name text, request_kind text, argument json) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own constant name := session_user;
  times int;
  id bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM rollcall.directory WHERE name = directory_name) THEN
    RAISE EXCEPTION 'there is no such directory' USING ERRCODE = 'undefined_object';
  END IF;
  IF octet_length(argument::text) > 16384 THEN
    RAISE EXCEPTION 'the request is longer than 16 kB' USING ERRCODE = 'program_limit_exceeded';
  END IF;
  -- Whoever asks as the same role at the same time waits here, so that none overlooks the other.
  INSERT INTO rollcall.asker AS a VALUES (own, clock_timestamp(), 1)
  ON CONFLICT (name) DO UPDATE SET
    since = CASE WHEN a.since < clock_timestamp() - interval '1 minute' THEN clock_timestamp() ELSE a.since END,
    asked = CASE WHEN a.since < clock_timestamp() - interval '1 minute' THEN 1 ELSE a.asked + 1 END
  RETURNING a.asked INTO times;
  IF times > 120 THEN
    RAISE EXCEPTION 'the role % has asked 120 times within a minute', quote_ident(own)
      USING ERRCODE = 'configuration_limit_exceeded';
  END IF;
  -- Nobody waits for these any more.
  DELETE FROM rollcall.answer AS a WHERE a.at < clock_timestamp() - interval '1 minute';
  DELETE FROM rollcall.request AS r WHERE r.asker IS NOT NULL AND r.at < clock_timestamp() - interval '1 minute';
  IF (SELECT count(*) FROM rollcall.request AS r WHERE r.asker = own) >= 8
     OR (SELECT count(*) FROM rollcall.request AS r WHERE r.asker IS NOT NULL) >= 32 THEN
    RAISE EXCEPTION 'too many requests wait to be answered or read'
      USING ERRCODE = 'configuration_limit_exceeded';
  END IF;
  INSERT INTO rollcall.request (directory, kind, at, argument, asker)
  VALUES (directory_name, request_kind, clock_timestamp(), argument, own) RETURNING request.id INTO id;
  PERFORM pg_notify('rollcall', json_build_object('request', directory_name)::text);
  RETURN id;
END
$$;

-- question: person, for one key, is explained, and shown beside the entry; check, for none, is what rollcall check finds;
-- held, for the id of a held set, is what approving it would write.
CREATE OR REPLACE FUNCTION rollcall.ask(directory_name text, question text, keys text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF question IS NULL OR question NOT IN ('person', 'check', 'held') OR array_position(keys, NULL) IS NOT NULL
     OR cardinality(keys) IS DISTINCT FROM (CASE question WHEN 'check' THEN 0 ELSE 1 END) THEN
    RAISE EXCEPTION 'person and held can be asked about, one at a time, and check of nobody'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN rollcall.post_request(directory_name, question, json_build_object('subject', array_to_json(keys)));
END
$$;

-- action: release (of these keys, of a DN, or of a whole set by its id), retry (of these keys, or of all that are parked for
-- a reason), pin, unpin, sync. actor: who wants it, as the page knows; the role is added to it. because: why.
CREATE OR REPLACE FUNCTION rollcall.act(directory_name text, action text, keys text[], actor text, because text,
  held_set text DEFAULT NULL, dn text DEFAULT NULL, until text DEFAULT NULL, parked_reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF action IS NULL OR action NOT IN ('release', 'retry', 'pin', 'unpin', 'sync') OR array_position(keys, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'there is no such action' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF coalesce(actor, '') = '' OR length(actor) > 200 THEN
    RAISE EXCEPTION 'an actor of 1 to 200 characters is needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF action IN ('release', 'pin') AND coalesce(because, '') = '' OR length(because) > 1000 THEN
    RAISE EXCEPTION 'a reason of 1 to 1000 characters is needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN rollcall.post_request(directory_name, 'act', json_build_object('subject', json_build_object(
    'action', action, 'keys', to_json(coalesce(keys, '{}')), 'set', held_set, 'dn', dn, 'until', until,
    'reason', parked_reason, 'because', because, 'actor', format('%s (%s)', actor, session_user))));
END
$$;

-- The answer to one's own request, which is gone then. done: null where there is no such request, or no more; message:
-- why it cannot be done. last: it is given up where it has not been answered.
CREATE OR REPLACE FUNCTION rollcall.hear(number bigint, last boolean DEFAULT false, OUT done boolean, OUT message text,
  OUT answer json) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT r.done IS NOT NULL, r.message INTO done, message FROM rollcall.request AS r
  WHERE r.id = number AND r.asker = session_user;
  IF done OR (last AND done IS NOT NULL) THEN
    DELETE FROM rollcall.answer AS a WHERE a.request = number RETURNING a.answer INTO answer;
    DELETE FROM rollcall.request AS r WHERE r.id = number;
  END IF;
END
$$;

-- ---------------------------------------------------------------- rights, and what an upgrade has to do

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rollcall FROM PUBLIC;
-- A column of somebody's table that has the type of a row of ours would stand in an upgrade's way.
DO $$
DECLARE
  t name;
BEGIN
  FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace AND relkind IN ('r', 'v') LOOP
    EXECUTE format('REVOKE ALL ON TYPE rollcall.%I FROM PUBLIC', t);
  END LOOP;
END
$$;
GRANT USAGE ON SCHEMA rollcall TO rollcall_writer;
-- What it reads tells log_everyone() that this transaction has logged everyone already.
GRANT INSERT (source, key, everyone), SELECT (xid, source, everyone) ON rollcall.change TO rollcall_writer;
GRANT INSERT (source, key) ON rollcall.urgent TO rollcall_writer;
GRANT SELECT ON SEQUENCE rollcall.ring, rollcall.change_seq_seq TO rollcall_writer;
GRANT SELECT, UPDATE ON SEQUENCE rollcall.pace, rollcall.urgent_pace TO rollcall_writer;
GRANT EXECUTE ON FUNCTION rollcall.notify, rollcall.send, rollcall.may_notify, rollcall.has_turn, rollcall.mark,
  rollcall.log_keys, rollcall.log_everyone, rollcall.bound_log, rollcall.column_name TO rollcall_writer;
GRANT USAGE ON SCHEMA rollcall TO rollcall_auditor;
GRANT SELECT ON rollcall.version, rollcall.watched, rollcall.log_limit, rollcall.change, rollcall.urgent, rollcall.directory,
  rollcall.parked, rollcall.held, rollcall.pinned, rollcall.problem, rollcall.disabled, rollcall.removal, rollcall.bell,
  rollcall.ring, rollcall.stops, rollcall.follower, rollcall.follower_parked, rollcall.journal, rollcall.counters,
  rollcall.minute, rollcall.leaver, rollcall.coming TO rollcall_auditor;

-- Triggers stay as they are; their functions are made anew under their names: no table has to be locked for that.
DO $$
DECLARE
  f record;
  made json;
BEGIN
  PERFORM rollcall.tidy();
  FOR f IN
    SELECT DISTINCT substring(proname FROM '[0-9a-f]{12}(?:_[0-9]+)?$') AS id,
           substring(prosrc FROM '^\n#variable_conflict use_variable\n-- (\{[^\n]*\})\n') AS definition
    FROM pg_proc
    WHERE pronamespace = 'rollcall'::regnamespace AND proname ~ '^(inserted|updated|deleted)_rows?_[0-9a-f]{12}(_[0-9]+)?$'
      AND prosrc ~ '^\n#variable_conflict use_variable\n-- \{'
  LOOP
    made := f.definition;
    PERFORM rollcall.build_functions(f.id, (made ->> 'key')::name, (made ->> 'number')::int,
      CASE WHEN made ->> 'columns' IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(made -> 'columns'))::name[] END,
      (made ->> 'by_root')::boolean, (made ->> 'settled')::boolean, NULL,
      CASE WHEN made ->> 'urgent' IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(made -> 'urgent'))::name[] END);
  END LOOP;
  PERFORM rollcall.tidy();
END
$$;

-- The same for functions of version 1, which do not say what they were made from and belong to rollcall_owner. Their
-- triggers say it, which a table's owner may have written. So only a key counts that the function has, too, and all
-- columns that any trigger names.
DO $$
DECLARE
  f record;
BEGIN
  FOR f IN
    SELECT right(p.proname, 12) AS id, min(t.argument ->> 'key')::name AS key,
           min(substring(p.prosrc FROM 'rollcall\.column_name\([^,]*, ([0-9]+)\)')::int) AS number,
           bool_or(p.prosrc LIKE '% old OPERATOR(pg_catalog.*=) new %' OR t.argument ->> 'columns' IS NULL) AS whole,
           bool_or(p.prosrc LIKE '%pg_partition_root(tg_relid)%') AS by_root,
           bool_or(p.proconfig IS NOT NULL) AS settled,
           array_agg(DISTINCT c.name) FILTER (WHERE c.name IS NOT NULL) AS columns
    FROM pg_proc p JOIN rollcall.triggers t ON right(t.proname, 12) = right(p.proname, 12)
      LEFT JOIN LATERAL json_array_elements_text(
        CASE WHEN t.argument ->> 'columns' IS NOT NULL THEN t.argument -> 'columns' END) AS c (name) ON true
    WHERE p.pronamespace = 'rollcall'::regnamespace AND p.proname ~ '^updated_row_[0-9a-f]{12}$'
      AND p.proowner = 'rollcall_owner'::regrole
      AND (position('new.' || quote_ident(t.argument ->> 'key') || '::pg_catalog.text)' IN p.prosrc) > 0
           OR position('(''%s'', new.' || quote_ident(t.argument ->> 'key') || ') END' IN p.prosrc) > 0)
    GROUP BY 1
  LOOP
    PERFORM rollcall.build_functions(f.id, f.key, f.number,
      CASE WHEN NOT f.whole THEN coalesce(f.columns::name[], '{}') END, f.by_root, f.settled, NULL, NULL);
  END LOOP;
  PERFORM rollcall.hand_over(ARRAY(
    SELECT oid FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace AND proowner = 'rollcall_owner'::regrole
      AND (proname = 'truncated' OR proname ~ '^(inserted|updated|deleted)_rows?_[0-9a-f]{12}$')));
  PERFORM rollcall.tidy();
END
$$;

UPDATE rollcall.version SET version = 4 WHERE version <> 4;
COMMIT;
