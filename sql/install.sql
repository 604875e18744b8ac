-- provisional
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='rollcall_owner') THEN CREATE ROLE rollcall_owner NOLOGIN; END IF; END $$;
CREATE SCHEMA IF NOT EXISTS rollcall AUTHORIZATION rollcall_owner;
CREATE TABLE IF NOT EXISTS rollcall.version(version int PRIMARY KEY);
INSERT INTO rollcall.version VALUES (1) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS rollcall.change(seq bigint GENERATED ALWAYS AS IDENTITY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(), source regclass, key text, everyone boolean NOT NULL DEFAULT false, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX IF NOT EXISTS change_xid ON rollcall.change(xid);
CREATE TABLE IF NOT EXISTS rollcall.directory(name text PRIMARY KEY, watermark pg_snapshot, system_identifier text, timeline text, fingerprint text, server text, base text, looked_at timestamptz, last_reconcile timestamptz, leader text, leader_since timestamptz, state text, reason text, since timestamptz);
CREATE TABLE IF NOT EXISTS rollcall.parked(directory text, key text, reason text, code int, message text, blocks text, attempts int, since timestamptz, next_at timestamptz, PRIMARY KEY(directory,key));
CREATE TABLE IF NOT EXISTS rollcall.held(directory text, key text, action text, dn text, since timestamptz, approved boolean, PRIMARY KEY(directory,key));
CREATE TABLE IF NOT EXISTS rollcall.removal(directory text, key text, at timestamptz DEFAULT now());
CREATE TABLE IF NOT EXISTS rollcall.disabled(directory text, key text, at timestamptz DEFAULT now(), PRIMARY KEY(directory,key));
CREATE TABLE IF NOT EXISTS rollcall.request(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, directory text, kind text, at timestamptz DEFAULT now(), started timestamptz, done timestamptz, message text);
CREATE TABLE IF NOT EXISTS rollcall.watched(source regclass PRIMARY KEY, key name, columns name[]);
CREATE OR REPLACE FUNCTION rollcall.prune() RETURNS void LANGUAGE sql AS $$ SELECT $$;
CREATE OR REPLACE FUNCTION rollcall.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE ks text[];
BEGIN
 IF TG_OP='TRUNCATE' THEN INSERT INTO rollcall.change(source,everyone) VALUES (TG_RELID,true); PERFORM pg_notify('rollcall', json_build_object('xid',pg_current_xact_id()::text,'count',0)::text); RETURN NULL; END IF;
 IF TG_OP='INSERT' THEN SELECT array_agg(id::text) INTO ks FROM new_rows;
 ELSIF TG_OP='DELETE' THEN SELECT array_agg(id::text) INTO ks FROM old_rows;
 ELSE SELECT array_agg(id) INTO ks FROM (SELECT id::text id FROM new_rows UNION SELECT id::text FROM old_rows) x; END IF;
 IF ks IS NULL THEN RETURN NULL; END IF;
 INSERT INTO rollcall.change(source,key) SELECT TG_RELID, k FROM unnest(ks) k;
 IF cardinality(ks)>256 THEN PERFORM pg_notify('rollcall', json_build_object('xid',pg_current_xact_id()::text,'count',cardinality(ks))::text);
 ELSE FOR i IN 0..(cardinality(ks)-1)/32 LOOP PERFORM pg_notify('rollcall', json_build_object('xid',pg_current_xact_id()::text,'keys',ks[i*32+1:i*32+32])::text); END LOOP; END IF;
 RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION rollcall.watch(t regclass, k name, c name[] DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
 EXECUTE format('CREATE OR REPLACE TRIGGER rollcall_i AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollcall.note()', t);
 EXECUTE format('CREATE OR REPLACE TRIGGER rollcall_d AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rollcall.note()', t);
 EXECUTE format('CREATE OR REPLACE TRIGGER rollcall_u AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollcall.note()', t);
 EXECUTE format('CREATE OR REPLACE TRIGGER rollcall_t AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION rollcall.note()', t);
 INSERT INTO rollcall.watched VALUES (t,k,c) ON CONFLICT (source) DO UPDATE SET key=k, columns=c;
END $$;
