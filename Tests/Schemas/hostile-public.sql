-- Makes the schema public hostile: for every operator and function of pg_catalog, the same for all argument types that
-- PostgreSQL would have to convert. An exact match is preferred wherever it stands in the search path. Each notes in
-- public.caught who ran it and gives back NULL. Rows are put into the catalogue itself, because there are many thousands.
CREATE TABLE public.caught (who text, context text);
GRANT ALL ON public.caught TO PUBLIC;
CREATE FUNCTION public.note() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  context text;
BEGIN
  GET DIAGNOSTICS context = PG_CONTEXT;
  INSERT INTO public.caught VALUES (CURRENT_USER, context);
  RETURN NULL;
END
$$;

SET allow_system_table_mods = on;

-- The types that occur in the scripts and in the program.
CREATE TEMPORARY TABLE occurring AS
SELECT oid AS type FROM pg_catalog.pg_type WHERE oid = ANY ('{
  bool,bytea,"\"char\"",name,int2,int4,int8,float8,numeric,text,varchar,bpchar,oid,regclass,regproc,regprocedure,regrole,
  regnamespace,regtype,xid8,pg_snapshot,timestamptz,timestamp,date,interval,json,jsonb,uuid,_text,_varchar,_name,_oid,
  _regtype,_int2,_int4,_int8,_pg_snapshot,int2vector,oidvector,record}'::pg_catalog.regtype[]);

-- What a parameter takes: its own type, whatever is converted to it without being asked, and anything if it says so.
CREATE TEMPORARY TABLE taken AS
SELECT p.oid AS parameter, o.type FROM pg_catalog.pg_type p CROSS JOIN occurring o
WHERE (p.oid = o.type OR EXISTS (SELECT FROM pg_catalog.pg_cast WHERE castsource = o.type AND casttarget = p.oid
                                 AND castcontext = 'i')
       OR p.typname IN ('any', 'anyelement', 'anynonarray', 'anycompatible', 'anycompatiblenonarray')
       OR p.typname IN ('anyarray', 'anycompatiblearray') AND o.type IN (SELECT oid FROM pg_catalog.pg_type WHERE typcategory = 'A'))
  AND o.type <> 'record'::pg_catalog.regtype
UNION SELECT 'record'::pg_catalog.regtype, 'record'::pg_catalog.regtype;

CREATE TEMPORARY TABLE wanted AS
WITH sought AS (
  -- Of functions that take any number of arguments, those with one and two of them.
  SELECT DISTINCT proname, ARRAY(SELECT pg_catalog.unnest(proargtypes))
    || CASE WHEN provariadic <> 0 THEN pg_catalog.array_fill(provariadic, ARRAY[more]) ELSE '{}' END AS arguments, prorettype
  FROM pg_catalog.pg_proc, pg_catalog.generate_series(0, 1) AS more
  WHERE pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND pronargs BETWEEN 1 AND 3
    AND 'internal'::pg_catalog.regtype <> ALL (proargtypes::oid[])
)
SELECT DISTINCT ON (proname, arguments) proname, arguments, CASE
    WHEN (SELECT typtype FROM pg_catalog.pg_type WHERE oid = prorettype) IN ('b', 'r') THEN prorettype
    ELSE 'text'::pg_catalog.regtype END AS result
FROM (
  SELECT proname, ARRAY[a.type] AS arguments, prorettype FROM sought JOIN taken a ON a.parameter = arguments[1]
  WHERE pg_catalog.array_length(arguments, 1) = 1
  UNION
  SELECT proname, ARRAY[a.type, b.type], prorettype FROM sought JOIN taken a ON a.parameter = arguments[1]
    JOIN taken b ON b.parameter = arguments[2] WHERE pg_catalog.array_length(arguments, 1) = 2
  UNION
  SELECT proname, ARRAY[a.type, b.type, c.type], prorettype FROM sought JOIN taken a ON a.parameter = arguments[1]
    JOIN taken b ON b.parameter = arguments[2] JOIN taken c ON c.parameter = arguments[3]
  WHERE pg_catalog.array_length(arguments, 1) = 3
) AS all_of_them;

INSERT INTO pg_catalog.pg_proc
SELECT (p).* FROM (
  SELECT pg_catalog.jsonb_populate_record(model, pg_catalog.jsonb_build_object(
    'oid', pg_catalog.pg_nextoid('pg_catalog.pg_proc', 'oid', 'pg_catalog.pg_proc_oid_index')::text,
    'proname', w.proname, 'pronargs', pg_catalog.array_length(w.arguments, 1), 'prorettype', w.result::oid::text,
    'proargtypes', pg_catalog.array_to_string(w.arguments::oid[], ' '))) AS p
  FROM wanted w, pg_catalog.pg_proc model WHERE model.oid = 'public.note()'::pg_catalog.regprocedure
) AS made;

-- Operators, over all pairs.
CREATE TEMPORARY TABLE operators AS
WITH named AS (
  SELECT oprname, oprkind, pg_catalog.mode() WITHIN GROUP (ORDER BY oprresult) AS result
  FROM pg_catalog.pg_operator WHERE oprnamespace = 'pg_catalog'::pg_catalog.regnamespace GROUP BY 1, 2
)
SELECT oprname, oprkind, l.type AS l, r.type AS r, result FROM named, occurring l, occurring r WHERE oprkind = 'b'
UNION ALL SELECT oprname, oprkind, 0, r.type, result FROM named, occurring r WHERE oprkind = 'l';

CREATE TEMPORARY TABLE behind AS
SELECT l, r, result, pg_catalog.pg_nextoid('pg_catalog.pg_proc', 'oid', 'pg_catalog.pg_proc_oid_index') AS oid
FROM (SELECT DISTINCT l, r, result FROM operators) AS d;

INSERT INTO pg_catalog.pg_proc
SELECT (p).* FROM (
  SELECT pg_catalog.jsonb_populate_record(model, pg_catalog.jsonb_build_object(
    'oid', b.oid::text, 'proname', 'behind_' || b.result, 'prorettype', b.result::text,
    'pronargs', CASE WHEN b.l = 0 THEN 1 ELSE 2 END,
    'proargtypes', CASE WHEN b.l = 0 THEN '' ELSE b.l || ' ' END || b.r)) AS p
  FROM behind b, pg_catalog.pg_proc model WHERE model.oid = 'public.note()'::pg_catalog.regprocedure
) AS made;

INSERT INTO pg_catalog.pg_operator (oid, oprname, oprnamespace, oprowner, oprkind, oprcanmerge, oprcanhash, oprleft,
  oprright, oprresult, oprcom, oprnegate, oprcode, oprrest, oprjoin)
SELECT pg_catalog.pg_nextoid('pg_catalog.pg_operator', 'oid', 'pg_catalog.pg_operator_oid_index'), o.oprname,
  'public'::pg_catalog.regnamespace, 10, o.oprkind, false, false, o.l, o.r, o.result, 0, 0, b.oid, 0, 0
FROM operators o JOIN behind b USING (l, r, result);
