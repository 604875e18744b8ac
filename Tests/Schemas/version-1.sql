-- The tables as version 1 of install.sql made them, for the test of an upgrade. Frozen.
BEGIN;
DO $$
BEGIN
  CREATE ROLE rollcall_owner NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;
CREATE SCHEMA rollcall AUTHORIZATION rollcall_owner;
SET LOCAL ROLE rollcall_owner;
CREATE TABLE IF NOT EXISTS rollcall.version (version int NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS version_once ON rollcall.version ((true));
INSERT INTO rollcall.version VALUES (0) ON CONFLICT DO NOTHING;

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

UPDATE rollcall.version SET version = 1;
COMMIT;
