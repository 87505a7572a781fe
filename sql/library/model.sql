-- The model: tables, triggers and views that belong to whoever installs.
--
-- The script of a trusted extension runs as a superuser, and the installer's
-- own tables, which it adopts, may run code of the installer's. So all that is
-- done to the model is done as its owner; the superuser reads catalogs only.

CREATE FUNCTION @extschema@.usage_execute_as(role regrole, command text)
RETURNS text
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_execute_as';

COMMENT ON FUNCTION @extschema@.usage_execute_as(regrole, text) IS
  'Run a command with the rights of a role that the caller is a member of (42501 otherwise), and with no others; returns the first column of its first row, null where there is none';

CREATE FUNCTION @extschema@.usage_installing()
RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'usage_installing';

COMMENT ON FUNCTION @extschema@.usage_installing() IS
  'Whether the script of this extension is running; true only inside CREATE or ALTER EXTENSION';

CREATE FUNCTION @extschema@.usage_check_version(model_version text, upgrading boolean)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  library_version CONSTANT text := @extschema@.usage_library_version();
  -- The oldest model whose tables are as the library needs them: it goes on
  -- working, with the views it has, until it is upgraded.
  oldest_version CONSTANT text := '1.0';
  problem text;
  way_out text;
BEGIN
  IF model_version IS NULL OR model_version !~ '^[0-9]{1,9}([.][0-9]{1,9})*$' THEN
    problem := 'of an unknown version';
    way_out := 'Restore what usage_settings.model_version held.';
  ELSIF string_to_array(model_version, '.')::integer[] > string_to_array(library_version, '.')::integer[] THEN
    problem := format('of version %s, newer than the library''s %s', model_version, library_version);
    way_out := 'Install the newer library, then run ALTER EXTENSION usage_analytics UPDATE.';
  ELSIF string_to_array(model_version, '.')::integer[] < string_to_array(oldest_version, '.')::integer[] AND NOT upgrading THEN
    problem := format('of version %s, older than the library''s %s', model_version, library_version);
    way_out := 'Call @extschema@.upgrade_usage_model().';
  ELSE
    RETURN;
  END IF;
  RAISE EXCEPTION USING
    ERRCODE = 'object_not_in_prerequisite_state',
    MESSAGE = 'the usage model is ' || problem,
    HINT = way_out;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_version(text, boolean) IS
  'Error (55000) unless a model of that version goes with the library: not a newer one, nor one so old that its tables are other ones, but where it is about to be upgraded';

CREATE FUNCTION @extschema@.usage_check_owner()
RETURNS regrole
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner regrole;
BEGIN
  SELECT relowner INTO owner FROM pg_class WHERE oid = to_regclass('@extschema@.usage_settings');
  IF owner IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'there is no usage model',
      HINT = 'Call @extschema@.create_usage_model().';
  END IF;
  IF NOT pg_has_role(owner, 'USAGE') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = 'must be owner of the usage model',
      DETAIL = format('It belongs to role %s.', owner);
  END IF;
  PERFORM @extschema@.usage_check_version(
    @extschema@.usage_execute_as(owner, 'SELECT model_version FROM @extschema@.usage_settings'::text), false);
  RETURN owner;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_owner() IS
  'The role that owns the model; an error unless the caller is a member of it (42501), and the model is there and goes with the library (55000)';

CREATE FUNCTION @extschema@.usage_model_check(relation regclass, kind text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  there pg_class;
BEGIN
  SELECT * INTO there FROM pg_class WHERE oid = relation;
  IF there.relkind <> ALL (CASE kind WHEN 'view' THEN '{v}' ELSE '{r,p}' END::"char"[]) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = format('relation %s exists and is not a %s', relation, kind),
      HINT = 'Rename it, or install the extension in another schema.';
  END IF;
  IF there.relowner <> current_user::regrole THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = format('%s %s exists and does not belong to role %s', kind, relation, current_user::regrole),
      HINT = 'Rename it, have its owner install the extension, or install it in another schema.';
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_check(regclass, text) IS
  'Error unless an existing relation is a table or a view, as said (42809), of the current role (42501); part of create_usage_model()';

-- An existing table against the statement that would make it.
CREATE FUNCTION @extschema@.usage_model_adopt(relation regclass, statement text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT model.part[1] AS name,
           model.part[2]::regtype AS type,
           model.part[3] IS NOT NULL AS not_null,
           rtrim(model.part[4], ',') AS default_value,
           there.atttypid AS type_there,
           format_type(there.atttypid, there.atttypmod) AS type_name_there,
           there.atttypmod AS typmod_there,
           there.attnotnull AS not_null_there,
           there.atthasdef OR there.attidentity <> '' AS has_default
      FROM regexp_matches(statement, '^  (\w+) +(\w+)( NOT NULL)?(?: DEFAULT (.+)|,)?$', 'gn')
           WITH ORDINALITY AS model (part, number)
      LEFT JOIN pg_attribute AS there
        ON there.attrelid = relation AND there.attname = model.part[1]
           AND there.attnum > 0 AND NOT there.attisdropped
     ORDER BY model.number
  LOOP
    IF wanted.type_there IS DISTINCT FROM wanted.type OR wanted.typmod_there <> -1 THEN
      RAISE EXCEPTION USING
        ERRCODE = 'datatype_mismatch',
        MESSAGE = format('table %s exists and its column %I is not as the usage model needs it', relation, wanted.name),
        DETAIL = format('The column should be of type %s; %s.', wanted.type,
                        coalesce('it is of type ' || wanted.type_name_there, 'there is none')),
        HINT = 'Alter the table, rename it, or install the extension in another schema.';
    END IF;
    IF wanted.default_value IS NOT NULL AND NOT wanted.has_default THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', relation, wanted.name, wanted.default_value);
    END IF;
    IF wanted.not_null AND NOT wanted.not_null_there THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', relation, wanted.name);
    END IF;
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_adopt(regclass, text) IS
  'Take an existing table into the model: supplies missing defaults and NOT NULLs, an error where a column is missing or of another type (42804); part of create_usage_model()';

-- A constraint or an index of the same name is the owner's version of it, and
-- stays; so does one of another name that does the same.
CREATE FUNCTION @extschema@.usage_model_has(relation regclass, kind text, statement text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  wanted_name text;
  wanted_keys text[];
BEGIN
  CASE kind
    WHEN 'ADD CONSTRAINT' THEN
      wanted_name := substring(statement FROM ' ADD CONSTRAINT (\w+)');
      wanted_keys := string_to_array(substring(statement FROM ' KEY \(([\w, ]+)\)'), ', ');
      RETURN EXISTS (
        SELECT
          FROM pg_constraint AS there,
               LATERAL (SELECT array_agg(attname::text ORDER BY place)
                          FROM unnest(there.conkey) WITH ORDINALITY AS key (attnum, place)
                          JOIN pg_attribute
                            ON attrelid = relation AND pg_attribute.attnum = key.attnum) AS key (names)
         WHERE there.conrelid = relation
           AND (there.conname = wanted_name
                -- A primary key may hold more columns.
                OR (statement LIKE '% PRIMARY KEY %' AND there.contype = 'p' AND key.names @> wanted_keys)
                OR (statement LIKE '% FOREIGN KEY %' AND there.contype = 'f' AND key.names = wanted_keys
                    AND there.confrelid = to_regclass('@extschema@.' || substring(statement FROM '(\w+) \([\w, ]+\)[^()]*$')))));
    WHEN 'CREATE INDEX' THEN
      wanted_name := substring(statement FROM '^CREATE (?:UNIQUE )?INDEX (\w+)');
      wanted_keys := string_to_array(substring(statement FROM ' \(([\w, ]+)\)(?: INCLUDE \([\w, ]+\))?$'), ', ');
      RETURN EXISTS (
        SELECT
          FROM pg_index AS there
          JOIN pg_class AS index
            ON index.oid = there.indexrelid
          JOIN pg_am AS method
            ON method.oid = index.relam
         WHERE there.indrelid = relation
           AND (index.relname = wanted_name
                OR (statement NOT LIKE 'CREATE UNIQUE %'
                    AND method.amname IN ('btree', substring(statement FROM ' USING (\w+)'))
                    AND there.indisvalid
                    AND there.indpred IS NULL
                    AND wanted_keys = ARRAY(SELECT pg_get_indexdef(index.oid, place, false)
                                              FROM generate_series(1, least(there.indnkeyatts, cardinality(wanted_keys))) AS place
                                             ORDER BY place))));
    WHEN 'COMMENT ON TABLE' THEN
      RETURN obj_description(relation, 'pg_class') IS NOT NULL;
    WHEN 'COMMENT ON COLUMN' THEN
      RETURN EXISTS (
        SELECT
          FROM pg_attribute
          JOIN pg_class
            ON pg_class.oid = attrelid
         WHERE attrelid = relation
           AND relkind IN ('r', 'p')
           AND attname = substring(statement FROM '[.](\w+) IS ')
           AND col_description(relation, attnum) IS NOT NULL);
    ELSE
      RETURN false;
  END CASE;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_has(regclass, text, text) IS
  'Whether a table has what a statement of the model would add to it; part of create_usage_model()';

-- What is derived is not adopted: a new library makes it anew, since the
-- columns of its own types went with the old one. So does a call by hand where
-- a part of it is missing. A table of another meaning must not be lost.
CREATE FUNCTION @extschema@.usage_model_drop_derived(installing boolean)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  prefix CONSTANT text := '@extschema@.';
  relation regclass;
  statement text;
  other_column name;
  missing boolean := installing;
  tables text;
  views text;
BEGIN
  FOR relation, statement IN
    SELECT to_regclass(prefix || substring(substr(script.statement, length('CREATE TABLE ' || prefix) + 1) FROM '^\w+')),
           script.statement
      FROM @extschema@.usage_model_script() AS script
     WHERE script.topic = 'rollups' AND script.statement LIKE 'CREATE TABLE %'
  LOOP
    IF relation IS NULL THEN
      missing := true;
      CONTINUE;
    END IF;
    PERFORM @extschema@.usage_model_check(relation, 'table'::text);
    SELECT attname INTO other_column
      FROM pg_attribute
     WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
       AND statement !~ ('\n  ' || attname || ' ')
     ORDER BY attnum
     LIMIT 1;
    IF FOUND OR to_regclass(prefix || 'usage_settings') IS NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'duplicate_table',
        MESSAGE = format('table %s exists and is not derived from events', relation),
        DETAIL = coalesce('Its column ' || quote_ident(other_column) || ' is none of the usage model''s', 'There is no usage_settings')
                 || ', and a derived table is dropped and made anew.',
        HINT = 'Rename or drop it, or install the extension in another schema.';
    END IF;
    -- DROP EXTENSION ... CASCADE leaves the tables without the columns of its types.
    missing := missing OR EXISTS (
      SELECT
        FROM regexp_matches(statement, '\n  (\w+) ', 'g') AS wanted (names)
       WHERE NOT EXISTS (SELECT
                           FROM pg_attribute
                          WHERE attrelid = relation AND attname = wanted.names[1] AND NOT attisdropped));
    tables := concat_ws(', ', tables, relation);
  END LOOP;

  IF missing AND NOT installing THEN
    SELECT string_agg(relid::text, ', ') INTO views
      FROM (SELECT to_regclass(prefix || substring(substr(script.statement, length('CREATE VIEW ' || prefix) + 1) FROM '^\w+')) AS relid
              FROM @extschema@.usage_model_script() AS script
             WHERE script.statement LIKE 'CREATE VIEW %') AS views
     WHERE relid IS NOT NULL;
    IF views IS NOT NULL THEN
      EXECUTE 'DROP VIEW ' || views;
    END IF;
  END IF;
  IF missing AND tables IS NOT NULL THEN
    EXECUTE 'DROP TABLE ' || tables;
  END IF;
  RETURN missing;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_drop_derived(boolean) IS
  'Drop the tables that are derived from events where all are to be made anew, and return whether they are; an error where one of that name holds something else (42P07) or something of the owner''s depends on one (2BP01); part of create_usage_model()';

CREATE FUNCTION @extschema@.create_usage_model()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
SET client_min_messages = warning
AS $function$
DECLARE
  prefix CONSTANT text := '@extschema@.';
  installing CONSTANT boolean := @extschema@.usage_installing();
  settings CONSTANT regclass := to_regclass(prefix || 'usage_settings');
  schema oid;
  owner regrole;
  model_version text;
  command text;
  kind text;
  topic text;
  relation regclass;
  rebuild boolean;
BEGIN
  -- pg_dump's output sets both in the session, whatever its format; the model
  -- comes with the dump.
  IF (SELECT count(*) = 2
        FROM pg_settings
       WHERE name IN ('row_security', 'xmloption') AND source = 'session') THEN
    RAISE WARNING USING
      MESSAGE = 'usage model not created: a dump is being restored',
      HINT = 'If that is not so, call @extschema@.create_usage_model() in another session.';
    RETURN;
  END IF;
  IF starts_with(current_setting('application_name'), 'citus_internal') THEN
    RAISE WARNING 'usage model not created: Citus brings it from its coordinator';
    RETURN;
  END IF;

  -- From here on as the owner: the installer, or whose model it is already.
  SELECT extnamespace, extowner INTO schema, owner FROM pg_extension WHERE extname = 'usage_analytics';
  IF settings IS NOT NULL AND NOT installing THEN
    SELECT relowner INTO owner FROM pg_class WHERE oid = settings;
  END IF;
  IF owner <> current_user::regrole THEN
    IF NOT pg_has_role(owner, 'USAGE') THEN
      RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = 'must be owner of the usage model',
        DETAIL = format('It belongs to role %s.', owner);
    END IF;
    PERFORM @extschema@.usage_execute_as(owner, 'SELECT @extschema@.create_usage_model()'::text);
    RETURN;
  END IF;
  IF installing AND NOT has_schema_privilege(schema, 'CREATE') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = format('permission denied for schema %s', schema::regnamespace),
      DETAIL = 'The tables and views of the usage model belong to whoever installs it, who must be allowed to create them.',
      HINT = 'Install in a schema of your own: CREATE EXTENSION usage_analytics SCHEMA ... .';
  END IF;

  IF EXISTS (SELECT
               FROM pg_attribute
              WHERE attrelid = settings AND attname = 'model_version' AND atttypid = 'text'::regtype) THEN
    EXECUTE 'SELECT model_version FROM @extschema@.usage_settings LIMIT 1' INTO model_version;
    IF model_version IS NOT NULL THEN
      PERFORM @extschema@.usage_check_version(model_version, true);
    END IF;
  END IF;

  rebuild := @extschema@.usage_model_drop_derived(installing);
  IF rebuild AND to_regclass(prefix || 'fct_event') IS NOT NULL
     AND current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'a usage model with events must be created at isolation level READ COMMITTED',
      DETAIL = 'Events that commit before its triggers are there have to be seen.';
  END IF;

  FOR command, topic IN
    SELECT script.statement, script.topic FROM @extschema@.usage_model_script() AS script ORDER BY step
  LOOP
    kind := substring(command FROM '^(?:CREATE TABLE|CREATE VIEW|COMMENT ON \w+)');
    kind := coalesce(kind, substring(command FROM '^ALTER TABLE [^\n]* (ADD CONSTRAINT) '));
    IF command ~ '^CREATE (UNIQUE )?INDEX ' THEN
      kind := 'CREATE INDEX';
    END IF;
    relation := to_regclass(prefix || substring(substr(command, strpos(command, prefix) + length(prefix)) FROM '^\w+'));

    IF topic = 'rollups' AND NOT rebuild AND command !~ 'CREATE OR REPLACE' THEN
      CONTINUE;  -- derived, and there
    ELSIF kind = 'CREATE TABLE' AND relation IS NOT NULL THEN
      PERFORM @extschema@.usage_model_check(relation, 'table'::text);
      PERFORM @extschema@.usage_model_adopt(relation, command);
    ELSIF kind = 'CREATE VIEW' AND relation IS NOT NULL THEN
      PERFORM @extschema@.usage_model_check(relation, 'view'::text);
      -- Inside the script, only a member may be replaced.
      IF installing THEN
        EXECUTE format('ALTER EXTENSION usage_analytics ADD VIEW %s', relation);
      END IF;
      BEGIN
        EXECUTE regexp_replace(command, '^CREATE', 'CREATE OR REPLACE');
      EXCEPTION WHEN invalid_table_definition THEN
        RAISE EXCEPTION USING
          ERRCODE = 'invalid_table_definition',
          MESSAGE = format('view %s exists with other columns than the usage model''s', relation),
          DETAIL = format('To replace it would fail: %s.', SQLERRM),
          HINT = 'Rename or drop it, or install the extension in another schema.';
      END;
    ELSIF kind IS NULL OR relation IS NULL OR NOT @extschema@.usage_model_has(relation, kind, command) THEN
      EXECUTE command;
    END IF;
  END LOOP;

  IF rebuild THEN
    PERFORM @extschema@.rebuild_rollups();
  END IF;

  -- Tables that are new need the policies that the others have.
  IF EXISTS (SELECT
               FROM pg_policy
              WHERE polrelid = '@extschema@.dim_account'::regclass AND polname = 'usage_account_access') THEN
    PERFORM @extschema@.enable_account_security();
  END IF;

  -- Release what the script has made: it belongs to the installer alone.
  IF installing THEN
    FOR command IN
      SELECT format('ALTER EXTENSION usage_analytics DROP %s %s',
                    CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, pg_class.oid::regclass)
        FROM pg_depend
        JOIN pg_class
          ON pg_class.oid = pg_depend.objid
       WHERE pg_depend.classid = 'pg_class'::regclass
         AND pg_depend.refclassid = 'pg_extension'::regclass
         AND pg_depend.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics')
         AND pg_depend.deptype = 'e'
    LOOP
      EXECUTE command;
    END LOOP;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.create_usage_model() IS
  'Create what is missing of the tables, triggers and views, as their owner, and adopt tables of the owner''s that have the columns; does nothing, with a warning, while a dump is being restored or Citus propagates the extension';

CREATE FUNCTION @extschema@.upgrade_usage_model()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF to_regclass('@extschema@.usage_settings') IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'there is no usage model to upgrade',
      HINT = 'Call @extschema@.create_usage_model().';
  END IF;
  PERFORM @extschema@.create_usage_model();
END
$function$;

COMMENT ON FUNCTION @extschema@.upgrade_usage_model() IS
  'Bring the model up to the version of the library, after ALTER EXTENSION usage_analytics UPDATE; an error where there is no model (55000) or a newer one (55000)';
