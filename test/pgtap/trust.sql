-- What must hold of every member, so that a trusted installation trusts no one:
-- the rules that pgspot checks, asked of the catalogs.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT no_plan();

CREATE TEMPORARY VIEW member AS
  SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name
    FROM pg_depend
   WHERE refclassid = 'pg_extension'::regclass
     AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics')
     AND deptype = 'e';
CREATE TEMPORARY VIEW member_function AS
  SELECT pg_proc.*, member.name, lanname
    FROM member
    JOIN pg_proc
      ON pg_proc.oid = objid AND classid = 'pg_proc'::regclass
    JOIN pg_language
      ON pg_language.oid = prolang;

SELECT cmp_ok((SELECT count(*) FROM member_function), '>', 200::bigint, 'there are members to look at');
SELECT bag_has((SELECT format('SELECT DISTINCT lanname::text FROM member_function')), $$VALUES ('c'), ('plpgsql'), ('sql')$$, 'in all of three languages');

SELECT is_empty('SELECT name FROM member_function WHERE prosecdef', 'no function has the rights of its owner');
SELECT is_empty($$SELECT name FROM member_function WHERE lanname NOT IN ('c', 'plpgsql', 'sql', 'internal')$$,
                'no function is in another language');
-- With a search_path, these would be no part of the query that asks. They name the
-- schema of everything; t/shadows.pl runs them where all names are taken.
CREATE TEMPORARY TABLE inlined (name text);
INSERT INTO inlined VALUES
  ('function active_users(date,date,text,text,text,text,uuid)'),
  ('function lifecycle(date,date,text,text,text,text,uuid)'),
  ('function rolling_active_users(date,date,integer,text,text,text,uuid)'),
  ('function usage_trend(text,date,date,text,text,uuid)');
SELECT is_empty($$SELECT name FROM member_function WHERE lanname IN ('plpgsql', 'sql') AND prosqlbody IS NULL
                     AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(proconfig, '{}'))
                     AND name NOT IN (SELECT inlined.name FROM inlined)$$,
                'what is parsed when it runs has a search_path of its own');
SELECT is((SELECT count(*) FROM inlined JOIN member_function USING (name) WHERE lanname = 'sql' AND proconfig IS NULL), (SELECT count(*) FROM inlined),
          'but for those that are made a part of queries');
SELECT is_empty($$SELECT name, setting FROM member_function, unnest(proconfig) AS setting
                   WHERE setting ~ '^(search_path|role|session_authorization|session_replication_role|row_security)='
                     AND setting <> 'search_path=pg_catalog, pg_temp'$$,
                'no other search_path, and no other rights');
SELECT is_empty($$SELECT name, probin FROM member_function WHERE lanname = 'c' AND probin <> '$libdir/usage_analytics'$$,
                'functions in C are of this library');
SELECT is_empty($$SELECT name FROM member_function WHERE lanname = 'internal' AND prokind = 'f'$$,
                'no function of the server''s own is given another name');
SELECT is_empty($$SELECT name FROM member_function WHERE proowner <> 10$$, 'functions belong to who created the cluster');
SELECT is_empty($$SELECT name, proacl FROM member_function WHERE proacl IS NOT NULL$$, 'no rights are granted');

-- Whatever is taken apart when it is made refers to the server's or our own.
CREATE TEMPORARY VIEW part AS
  SELECT member.name AS whole, refclassid, refobjid
    FROM member
    JOIN pg_depend
      ON pg_depend.classid = member.classid AND pg_depend.objid = member.objid AND pg_depend.deptype IN ('n', 'a', 'i')
  UNION ALL
  SELECT 'view ' || ev_class::regclass, refclassid, refobjid
    FROM usage_model_script()
    JOIN pg_rewrite
      ON ev_class = to_regclass('public.' || substring(statement FROM '^CREATE VIEW public[.](\w+)'))
    JOIN pg_depend
      ON pg_depend.classid = 'pg_rewrite'::regclass AND pg_depend.objid = pg_rewrite.oid AND pg_depend.deptype = 'n'
  UNION ALL
  SELECT 'trigger ' || tgname, refclassid, refobjid
    FROM pg_trigger
    JOIN pg_depend
      ON pg_depend.classid = 'pg_trigger'::regclass AND pg_depend.objid = pg_trigger.oid AND pg_depend.deptype = 'n'
   WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace);
SELECT cmp_ok((SELECT count(*) FROM part WHERE whole LIKE 'view %'), '>', 100::bigint, 'views have parts');
SELECT cmp_ok((SELECT count(*) FROM part WHERE whole LIKE 'function %'), '>', 100::bigint, 'functions have parts');
SELECT is_empty($$SELECT whole, pg_describe_object(refclassid, refobjid, 0)
                    FROM part
                   WHERE refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass, 'pg_opclass'::regclass)
                     AND (refclassid, refobjid) NOT IN (SELECT classid, objid FROM member)
                     -- What the system catalogs hold is pinned, and depends on nothing; arrays and row types belong to a type or a table.
                     AND refobjid >= 16384
                     AND NOT EXISTS (SELECT FROM pg_type
                                      WHERE refclassid = 'pg_type'::regclass AND pg_type.oid = refobjid
                                        AND (typrelid <> 0 OR typelem IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)))$$,
                'functions, operators and types are all of the server or of the extension');

-- A cast that happens by itself could take a call elsewhere.
SELECT is_empty($$SELECT name FROM member JOIN pg_cast ON pg_cast.oid = objid AND classid = 'pg_cast'::regclass WHERE castcontext = 'i'$$,
                'no cast is implicit');
SELECT is_empty($$SELECT name FROM member JOIN pg_cast ON pg_cast.oid = objid AND classid = 'pg_cast'::regclass WHERE castmethod <> 'f'$$,
                'no cast goes without a function');
SELECT is_empty($$SELECT name FROM member WHERE classid IN ('pg_class'::regclass, 'pg_event_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_namespace'::regclass)$$,
                'no table, view, event trigger or schema is a member');
SELECT is_empty($$SELECT statement FROM usage_model_script() WHERE statement LIKE 'CREATE VIEW %' AND statement !~ '^CREATE VIEW public[.]\w+ WITH \(security_invoker = true'$$,
                'views ask with the rights of their reader');

SELECT * FROM finish();
ROLLBACK;
