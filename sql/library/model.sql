-- The model: tables, triggers and views that belong to whoever installs.

CREATE FUNCTION @extschema@.usage_execute_as(role regrole, command text)
RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_execute_as';

COMMENT ON FUNCTION @extschema@.usage_execute_as(regrole, text) IS
  'Run a command with the rights of a role that the caller is a member of (42501 otherwise), and with no others';

CREATE FUNCTION @extschema@.usage_installing()
RETURNS boolean
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'usage_installing';

COMMENT ON FUNCTION @extschema@.usage_installing() IS
  'Whether the script of an extension is running; true only inside CREATE or ALTER EXTENSION';

CREATE FUNCTION @extschema@.usage_check_owner()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  settings regclass := to_regclass('@extschema@.usage_settings');
  owner regrole;
  version text;
BEGIN
  IF settings IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'there is no usage model',
      HINT = 'Call @extschema@.create_usage_model().';
  END IF;
  SELECT relowner FROM pg_class WHERE oid = settings INTO owner;
  IF NOT pg_has_role(current_user, owner, 'USAGE') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = 'must be owner of the usage model',
      DETAIL = format('It belongs to role %s.', owner);
  END IF;
  SELECT model_version FROM @extschema@.usage_settings INTO version;
  IF version IS DISTINCT FROM @extschema@.usage_library_version() THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('the usage model is of version %s, the library of version %s',
                       coalesce(version, 'unknown'), @extschema@.usage_library_version()),
      HINT = 'Call @extschema@.upgrade_usage_model().';
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_owner() IS
  'Error unless the caller is a member of the role that owns the model (42501), and the model is there and of the library''s version (55000)';

-- The statements of the model's files, in order.
CREATE FUNCTION @extschema@.usage_model_statements(
  OUT step bigint,
  OUT statement text
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
    SELECT row_number() OVER (ORDER BY files.step, parts.part),
           regexp_replace(parts.text, '^(\s|--[^\n]*\n)+', '')
      FROM @extschema@.usage_model_script() AS files,
           regexp_split_to_table(files.script, ';[ \t]*\n') WITH ORDINALITY AS parts (text, part)
     WHERE parts.text !~ '^(\s|--[^\n]*\n)*$';
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_statements() IS
  'The statements of usage_model_script(), one a row, in the order in which they run';

-- An existing table against the one that the statement would make, which is
-- made under another name to look at; supplies missing defaults and NOT NULLs.
CREATE FUNCTION @extschema@.usage_model_adopt(relation regclass, statement text, owner regrole)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  pattern CONSTANT text := '@extschema@.usage_model_pattern';
  wanted record;
BEGIN
  IF (SELECT relkind NOT IN ('r', 'p') FROM pg_class WHERE oid = relation) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = format('relation %s exists and is not a table', relation),
      HINT = 'Rename it, or install the extension in another schema.';
  END IF;
  IF (SELECT relowner <> owner FROM pg_class WHERE oid = relation) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = format('table %s exists and does not belong to role %s', relation, owner),
      HINT = 'Rename it, have its owner install the extension, or install it in another schema.';
  END IF;

  EXECUTE regexp_replace(statement, '^CREATE TABLE [^(]+ \(', format('CREATE TABLE %s (', pattern));
  FOR wanted IN
    SELECT model.attname AS name,
           format_type(model.atttypid, model.atttypmod) AS type,
           model.attnotnull AS not_null,
           pg_get_expr(model_default.adbin, model_default.adrelid) AS default_value,
           format_type(there.atttypid, there.atttypmod) AS type_there,
           there.attnotnull AS not_null_there,
           there.atthasdef OR there.attidentity <> '' AS has_default
      FROM pg_attribute AS model
      LEFT JOIN pg_attrdef AS model_default
        ON model_default.adrelid = model.attrelid AND model_default.adnum = model.attnum
      LEFT JOIN pg_attribute AS there
        ON there.attrelid = relation AND there.attname = model.attname AND NOT there.attisdropped
     WHERE model.attrelid = pattern::regclass AND model.attnum > 0
     ORDER BY model.attnum
  LOOP
    IF wanted.type_there IS DISTINCT FROM wanted.type THEN
      RAISE EXCEPTION USING
        ERRCODE = 'datatype_mismatch',
        MESSAGE = format('table %s exists and its column %I is not as the usage model needs it', relation, wanted.name),
        DETAIL = format('The column should be of type %s; %s.', wanted.type,
                        coalesce('it is of type ' || wanted.type_there, 'there is none')),
        HINT = 'Alter the table, rename it, or install the extension in another schema.';
    END IF;
    IF wanted.default_value IS NOT NULL AND NOT wanted.has_default THEN
      PERFORM @extschema@.usage_execute_as(owner,
        format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', relation, wanted.name, wanted.default_value));
    END IF;
    IF wanted.not_null AND NOT wanted.not_null_there THEN
      PERFORM @extschema@.usage_execute_as(owner,
        format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', relation, wanted.name));
    END IF;
  END LOOP;
  EXECUTE format('DROP TABLE %s', pattern);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_adopt(regclass, text, regrole) IS
  'Take an existing table into the model: an error if it is not a table of that role (42809, 42501) with the columns that are needed (42804); part of create_usage_model()';

-- Whether what a statement adds to an adopted table is there already.
CREATE FUNCTION @extschema@.usage_model_has(relation regclass, kind text, rest text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  name text;
  key_columns name[];
BEGIN
  CASE kind
    WHEN 'ALTER TABLE' THEN
      name := (regexp_match(rest, 'ADD CONSTRAINT (\w+)'))[1];
      key_columns := string_to_array((regexp_match(rest, 'KEY \(([\w, ]+)\)'))[1], ', ')::name[];
      RETURN EXISTS (
        SELECT
          FROM pg_constraint AS there
         WHERE there.conrelid = relation
           AND (there.conname = name
                -- A key of the table's own will do; a primary key may hold more.
                OR (there.contype = CASE WHEN rest LIKE '%FOREIGN KEY%' THEN 'f' ELSE 'p' END::"char"
                    AND key_columns <@ ARRAY(SELECT attname
                                               FROM pg_attribute
                                              WHERE attrelid = relation AND attnum = ANY (there.conkey)))));
    WHEN 'COMMENT ON TABLE' THEN
      RETURN obj_description(relation, 'pg_class') IS NOT NULL;
    WHEN 'COMMENT ON COLUMN' THEN
      name := (regexp_match(rest, '^\w+\.(\w+)'))[1];
      RETURN EXISTS (SELECT
                       FROM pg_attribute
                      WHERE attrelid = relation AND attname = name
                        AND col_description(relation, attnum) IS NOT NULL);
    ELSE
      RETURN false;
  END CASE;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_model_has(regclass, text, text) IS
  'Whether an adopted table has what a statement of the model would add to it; part of create_usage_model()';

CREATE FUNCTION @extschema@.create_usage_model()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $function$
DECLARE
  prefix CONSTANT text := '@extschema@.';
  installing CONSTANT boolean := @extschema@.usage_installing();
  settings CONSTANT regclass := to_regclass(prefix || 'usage_settings');
  owner regrole := current_user::regrole;
  before oid[];
  version text;
  command text;
  kind text;
  rest text;
  relation regclass;
  is_there boolean;
  member record;
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

  -- The script runs as a superuser for the installer of a trusted extension;
  -- by hand, any member of the owner's role may call.
  IF installing THEN
    SELECT extowner INTO owner FROM pg_extension WHERE extname = 'usage_analytics';
  ELSIF settings IS NOT NULL THEN
    SELECT relowner INTO owner FROM pg_class WHERE oid = settings;
  END IF;

  IF settings IS NOT NULL AND (SELECT relkind = 'r' AND relowner = owner FROM pg_class WHERE oid = settings) THEN
    BEGIN
      SELECT model_version INTO version FROM @extschema@.usage_settings;
      IF string_to_array(version, '.')::integer[] > string_to_array(@extschema@.usage_library_version(), '.')::integer[] THEN
        RAISE EXCEPTION USING
          ERRCODE = 'object_not_in_prerequisite_state',
          MESSAGE = format('the usage model is of version %s, newer than the library''s %s',
                           version, @extschema@.usage_library_version()),
          HINT = 'Install the newer library.';
      END IF;
    EXCEPTION WHEN undefined_column THEN
      NULL;  -- adoption says what is wrong with the table
    END;
  END IF;

  SELECT coalesce(array_agg(oid), '{}') INTO before
    FROM pg_class
   WHERE relnamespace = (SELECT extnamespace FROM pg_extension WHERE extname = 'usage_analytics');

  FOR command IN SELECT statement FROM @extschema@.usage_model_statements() ORDER BY step LOOP
    kind := (regexp_match(command, '^([A-Z]+ [A-Z]+(?: [A-Z]+)?) '))[1];
    rest := substr(command, strpos(command, prefix) + length(prefix));
    relation := to_regclass(prefix || (regexp_match(rest, '^\w+'))[1]);
    is_there := coalesce(relation = ANY (before), false);

    IF kind = 'CREATE TABLE' AND is_there THEN
      PERFORM @extschema@.usage_model_adopt(relation, command, owner);
      CONTINUE;
    END IF;
    IF is_there AND @extschema@.usage_model_has(relation, kind, rest) THEN
      CONTINUE;
    END IF;
    IF kind = 'CREATE INDEX' AND to_regclass(prefix || (regexp_match(command, '^CREATE INDEX (\w+)'))[1]) IS NOT NULL THEN
      CONTINUE;
    END IF;
    IF kind = 'CREATE VIEW' AND is_there THEN
      IF (SELECT relkind <> 'v' OR relowner <> owner FROM pg_class WHERE oid = relation) THEN
        RAISE EXCEPTION USING
          ERRCODE = 'duplicate_table',
          MESSAGE = format('relation %s exists and is not a view of role %s', relation, owner),
          HINT = 'Rename it, or install the extension in another schema.';
      END IF;
      command := regexp_replace(command, '^CREATE', 'CREATE OR REPLACE');
      -- Inside the script, only a member may be replaced.
      IF installing THEN
        EXECUTE format('ALTER EXTENSION usage_analytics ADD VIEW %s', relation);
      END IF;
    END IF;

    -- What the installer has made may run code of the installer's: never as
    -- the superuser that the script runs as.
    IF installing AND (kind = 'CREATE VIEW' OR NOT is_there) THEN
      EXECUTE command;
    ELSE
      PERFORM @extschema@.usage_execute_as(owner, command);
    END IF;
  END LOOP;

  -- Release what the script has made, and give it to the installer.
  FOR member IN
    SELECT pg_class.oid::regclass AS relation,
           CASE pg_class.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
      FROM pg_depend
      JOIN pg_class
        ON pg_class.oid = pg_depend.objid
     WHERE installing
       AND pg_depend.classid = 'pg_class'::regclass
       AND pg_depend.refclassid = 'pg_extension'::regclass
       AND pg_depend.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics')
       AND pg_depend.deptype = 'e'
       AND pg_class.relkind IN ('r', 'p', 'v')
  LOOP
    EXECUTE format('ALTER EXTENSION usage_analytics DROP %s %s', member.kind, member.relation);
    EXECUTE format('ALTER %s %s OWNER TO %s', member.kind, member.relation, owner);
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.create_usage_model() IS
  'Create what is missing of the tables, triggers and views, and adopt the caller''s own tables where they have the columns; does nothing, with a warning, while a dump is being restored or Citus propagates the extension';

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
