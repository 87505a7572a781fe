-- What demo/import_csv runs: an export's files, each through a staging table into
-- its table, in one transaction. A file's line is staged as it is, so that a
-- malformed one stops nothing; then it is split, its values are read, and what
-- cannot be taken is set aside with the reason.
\pset pager off
\pset footer off
SET client_min_messages = warning;
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL work_mem = '128MB';

SELECT quote_ident(nspname) AS model
FROM pg_catalog.pg_extension
JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace
WHERE extname = 'usage_analytics' \gset
SET LOCAL search_path = pg_catalog, :model, pg_temp;

SELECT
  to_regclass('usage_import_rejected') IS NULL AS first_time,
  (SELECT relowner::regrole FROM pg_class WHERE oid = 'fct_event'::regclass) AS owner \gset
\if :first_time
CREATE TABLE :model.usage_import_rejected (
  file        text NOT NULL,
  line        bigint NOT NULL,
  reason      text NOT NULL,
  content     text NOT NULL,
  rejected_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE :model.usage_import_rejected IS 'Lines of imported files that could not be taken';
COMMENT ON COLUMN :model.usage_import_rejected.file IS 'File the line came from';
COMMENT ON COLUMN :model.usage_import_rejected.line IS 'Number of the line in the file; the header is line 1';
COMMENT ON COLUMN :model.usage_import_rejected.reason IS 'Why it could not be taken, all reasons';
COMMENT ON COLUMN :model.usage_import_rejected.content IS 'The line itself';
COMMENT ON COLUMN :model.usage_import_rejected.rejected_at IS 'When it was first rejected';
ALTER TABLE :model.usage_import_rejected OWNER TO :owner;
\endif

CREATE TEMP TABLE import_summary (
  step     integer,
  file     text,
  lines    bigint,
  added    bigint,
  there    bigint,
  rejected bigint,
  unused   text
) ON COMMIT PRESERVE ROWS;

CREATE TEMP TABLE import_line (
  line bigint GENERATED ALWAYS AS IDENTITY,
  content text NOT NULL
);

-- ---- Reading a line ----

-- Lines are staged byte by byte (as LATIN1); this is the text they hold, or null.
CREATE FUNCTION pg_temp.decoded(content text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  RETURN convert_from(convert_to(content, 'LATIN1'), 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
  RETURN NULL;
END
$$;

CREATE FUNCTION pg_temp.line_text(content text)
RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN octet_length(content) = length(content) THEN content ELSE pg_temp.decoded(content) END;

-- The fields of a line, null for a missing value; null where quotes do not pair.
CREATE FUNCTION pg_temp.quoted_fields(content text)
RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN content || ',' ~ '^(("([^"]|"")*"|[^",]*),)*$' THEN (
    SELECT array_agg(CASE WHEN part[1] LIKE '"%' THEN replace(substr(part[1], 2, length(part[1]) - 2), '""', '"')
                          ELSE part[1]
                     END ORDER BY n)
    FROM regexp_matches(content || ',', '("(?:[^"]|"")*"|[^",]*),', 'g') WITH ORDINALITY AS m (part, n))
  END
$$;

CREATE FUNCTION pg_temp.fields(content text)
RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN strpos(content, '"') = 0 THEN string_to_array(content, ',') ELSE pg_temp.quoted_fields(content) END;

-- ---- Reading a value: as PostgreSQL does, but null where it cannot be ----

CREATE FUNCTION pg_temp.as_uuid(value text)
RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
BEGIN
  RETURN value::uuid;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

-- ISO 8601 only: no "now", no "infinity", no 01/02/2026. Without a zone it is UTC.
CREATE FUNCTION pg_temp.as_moment(value text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT
AS $$
BEGIN
  RETURN CASE WHEN value LIKE '____-__-__%' THEN value::timestamptz END;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

CREATE FUNCTION pg_temp.as_boolean(value text)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
BEGIN
  RETURN value::boolean;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

CREATE FUNCTION pg_temp.as_number(value text)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
BEGIN
  RETURN value::numeric;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

-- What is wrong with a value that could not be read
CREATE FUNCTION pg_temp.complaint(name text, value text, is_read boolean, kind text, required boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN value IS NULL THEN CASE WHEN required THEN name || ' is missing' END
  WHEN NOT is_read THEN name || ' is not ' || kind
END;

-- ---- A file, from its staged lines into its table ----

-- The header's columns, and what is said of it where a column is missing
CREATE FUNCTION pg_temp.header(file text, required text[])
RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
  names text[];
  name text;
BEGIN
  SELECT array_agg(lower(btrim(f)) ORDER BY n)
  INTO names
  FROM import_line, unnest(pg_temp.fields(ltrim(pg_temp.line_text(substr(content, 2)), U&'\FEFF'))) WITH ORDINALITY AS u (f, n)
  WHERE line = 1;

  FOREACH name IN ARRAY required LOOP
    IF array_position(names, name) IS NULL THEN
      RAISE EXCEPTION '%: the header has no column "%"', file, name USING ERRCODE = 'undefined_column';
    END IF;
  END LOOP;
  SELECT f INTO name FROM unnest(names) AS f WHERE f <> '' GROUP BY f HAVING count(*) > 1 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: the header has the column "%" twice', file, name USING ERRCODE = 'duplicate_column';
  END IF;
  RETURN names;
END
$$;

-- A staged line, split: field[i] is null where nothing stands there
CREATE FUNCTION pg_temp.split_lines(columns integer)
RETURNS TABLE (line bigint, content text, field text[], reason text)
LANGUAGE sql STABLE
AS $$
  SELECT
    line,
    coalesce(decoded, raw),
    CASE WHEN cardinality(field) = columns THEN field END,
    CASE
      WHEN decoded IS NULL THEN 'the line is not UTF-8'
      WHEN strpos(decoded, E'\x04') > 0 THEN 'the line has control characters'
      WHEN field IS NULL THEN 'quotes do not pair up'
      WHEN cardinality(field) <> columns THEN 'the number of fields is not the header''s'
    END
  FROM (
    SELECT line, raw, decoded, pg_temp.fields(decoded) AS field
    FROM (
      SELECT line, substr(content, 2) AS raw, pg_temp.line_text(substr(content, 2)) AS decoded
      FROM import_line
      WHERE line > 1 AND content <> ':'
      OFFSET 0
    ) AS text
    OFFSET 0
  ) AS split
$$;

-- Insert the staged rows from one line to another. Where that fails (a constraint
-- or trigger of the table's own), it is tried by halves, until the row stands alone.
CREATE FUNCTION pg_temp.insert_lines(target regclass, columns text, low bigint, high bigint)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
  inserted bigint;
BEGIN
  EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM import_row WHERE line BETWEEN $1 AND $2 AND reason IS NULL '
                 'ORDER BY line ON CONFLICT DO NOTHING', target, columns)
  USING low, high;
  GET DIAGNOSTICS inserted = ROW_COUNT;
  RETURN inserted;
EXCEPTION WHEN integrity_constraint_violation OR data_exception OR raise_exception THEN
  IF low = high THEN
    UPDATE import_row SET reason = SQLERRM WHERE line = low;
    RETURN 0;
  END IF;
  RETURN pg_temp.insert_lines(target, columns, low, (low + high) / 2)
       + pg_temp.insert_lines(target, columns, (low + high) / 2 + 1, high);
END
$$;

-- Take what is staged in import_row: line, content, reason, and the table's columns.
CREATE FUNCTION pg_temp.take(step integer, target regclass, key text, file text, header text[])
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  batch CONSTANT bigint := 50000;
  columns text;
  unused text;
  same text;
  lines bigint;
  good bigint;
  again bigint;
  inserted bigint := 0;
  low bigint := 0;
  last bigint;
BEGIN
  -- Columns that the file does not have are left to the table's defaults.
  SELECT string_agg(attname, ', ' ORDER BY attnum),
         'ROW(' || string_agg('t.' || attname, ', ' ORDER BY attnum) || ') IS NOT DISTINCT FROM ROW(' ||
         string_agg('s.' || attname, ', ' ORDER BY attnum) || ')'
  INTO columns, same
  FROM pg_attribute
  WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname = ANY (header)
    AND attname NOT IN ('line', 'content', 'reason')
    AND attname IN (SELECT attname FROM pg_attribute WHERE attrelid = 'import_row'::regclass AND attnum > 0);
  SELECT string_agg(name, ', ' ORDER BY n)
  INTO unused
  FROM unnest(header) WITH ORDINALITY AS h (name, n)
  WHERE NOT name = ANY (string_to_array(columns, ', '));

  -- The same id again within the file: the first is taken.
  EXECUTE format('WITH several AS ('
                 '  SELECT %1$s, min(line) AS line FROM import_row WHERE reason IS NULL GROUP BY 1 HAVING count(*) > 1) '
                 'UPDATE import_row AS t SET reason = CASE WHEN %2$s THEN '''' ELSE '
                 '  ''%1$s came before with other content'' END '
                 'FROM several JOIN import_row AS s USING (line) '
                 'WHERE t.%1$s = several.%1$s AND t.line > several.line AND t.reason IS NULL', key, same);

  -- The same id in the table: nothing to do, unless the row says something else.
  EXECUTE format('UPDATE import_row AS s SET reason = ''%1$s is there already with other content'' '
                 'FROM %2$s AS t WHERE t.%1$s = s.%1$s AND s.reason IS NULL AND NOT %3$s', key, target, same);

  SET CONSTRAINTS ALL IMMEDIATE;
  SELECT max(line) INTO last FROM import_row;
  WHILE low <= last LOOP
    inserted := inserted + pg_temp.insert_lines(target, columns, low, low + batch - 1);
    low := low + batch;
  END LOOP;

  INSERT INTO usage_import_rejected (file, line, reason, content)
  SELECT take.file, r.line, r.reason, r.content
  FROM import_row AS r
  WHERE r.reason <> ''
    AND NOT EXISTS (SELECT FROM usage_import_rejected AS old
                    WHERE old.file = take.file AND old.line = r.line AND old.reason = r.reason AND old.content = r.content);

  SELECT count(*), count(*) FILTER (WHERE reason IS NULL OR reason = '')
  INTO lines, good
  FROM import_row;
  INSERT INTO import_summary VALUES (step, file, lines, inserted, good - inserted, lines - good, unused);
END
$$;

-- ---- dim_account ----

SELECT :'dim_account_file' <> '' AS given \gset
\if :given
\copy import_line (content) FROM PROGRAM '"$IMPORT_CSV" --read dim_account' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ENCODING 'LATIN1')
SELECT pg_temp.header(:'dim_account_file', '{account_id,plan_tier}') AS header \gset

CREATE TEMP TABLE import_row AS
SELECT
  line,
  content,
  pg_temp.as_uuid(account_id) AS account_id,
  account_name,
  plan_tier,
  pg_temp.as_moment(created_at) AS created_at,
  region,
  pg_temp.as_boolean(is_active) AS is_active,
  coalesce(reason, NULLIF(concat_ws('; ',
    pg_temp.complaint('account_id', account_id, pg_temp.as_uuid(account_id) IS NOT NULL, 'a uuid', true),
    pg_temp.complaint('plan_tier', plan_tier, true, '', true),
    pg_temp.complaint('created_at', created_at, pg_temp.as_moment(created_at) IS NOT NULL,
                      'a timestamp', 'created_at' = ANY (:'header')),
    pg_temp.complaint('is_active', is_active, pg_temp.as_boolean(is_active) IS NOT NULL,
                      'true or false', 'is_active' = ANY (:'header'))), '')) AS reason
FROM (
  SELECT
    line,
    content,
    reason,
    NULLIF(field[array_position(:'header'::text[], 'account_id')], '') AS account_id,
    NULLIF(field[array_position(:'header'::text[], 'account_name')], '') AS account_name,
    NULLIF(field[array_position(:'header'::text[], 'plan_tier')], '') AS plan_tier,
    NULLIF(field[array_position(:'header'::text[], 'created_at')], '') AS created_at,
    NULLIF(field[array_position(:'header'::text[], 'region')], '') AS region,
    NULLIF(field[array_position(:'header'::text[], 'is_active')], '') AS is_active
  FROM pg_temp.split_lines(cardinality(:'header'::text[]))
  OFFSET 0
) AS value;

ALTER TABLE import_row ADD PRIMARY KEY (line);
ANALYZE import_row;
SELECT pg_temp.take(1, 'dim_account', 'account_id', :'dim_account_file', :'header') \g /dev/null
DROP TABLE import_row;
TRUNCATE import_line RESTART IDENTITY;
\endif

-- ---- dim_user ----

SELECT :'dim_user_file' <> '' AS given \gset
\if :given
\copy import_line (content) FROM PROGRAM '"$IMPORT_CSV" --read dim_user' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ENCODING 'LATIN1')
SELECT pg_temp.header(:'dim_user_file', '{user_id,account_id,role}') AS header \gset

CREATE TEMP TABLE import_row AS
SELECT
  line,
  content,
  user_id,
  account_id,
  role,
  country,
  created_at,
  activated_at,
  is_active,
  deactivated_at,
  coalesce(reason, NULLIF(concat_ws('; ',
    pg_temp.complaint('user_id', user_id_text, user_id IS NOT NULL, 'a uuid', true),
    pg_temp.complaint('account_id', account_id_text, account_id IS NOT NULL, 'a uuid', true),
    CASE WHEN account_id NOT IN (SELECT account_id FROM dim_account) THEN 'unknown account' END,
    pg_temp.complaint('role', role, true, '', true),
    pg_temp.complaint('created_at', created_at_text, created_at IS NOT NULL,
                      'a timestamp', 'created_at' = ANY (:'header')),
    pg_temp.complaint('activated_at', activated_at_text, activated_at IS NOT NULL, 'a timestamp', false),
    pg_temp.complaint('is_active', is_active_text, is_active IS NOT NULL,
                      'true or false', 'is_active' = ANY (:'header')),
    pg_temp.complaint('deactivated_at', deactivated_at_text, deactivated_at IS NOT NULL, 'a timestamp', false),
    CASE WHEN activated_at < created_at THEN 'activated before created' END,
    CASE WHEN deactivated_at < created_at THEN 'deactivated before created' END,
    CASE WHEN is_active AND deactivated_at IS NOT NULL THEN 'active, but deactivated' END), '')) AS reason
FROM (
  SELECT
    *,
    pg_temp.as_uuid(user_id_text) AS user_id,
    pg_temp.as_uuid(account_id_text) AS account_id,
    pg_temp.as_moment(created_at_text) AS created_at,
    pg_temp.as_moment(activated_at_text) AS activated_at,
    pg_temp.as_boolean(is_active_text) AS is_active,
    pg_temp.as_moment(deactivated_at_text) AS deactivated_at
  FROM (
    SELECT
      line,
      content,
      reason,
      NULLIF(field[array_position(:'header'::text[], 'user_id')], '') AS user_id_text,
      NULLIF(field[array_position(:'header'::text[], 'account_id')], '') AS account_id_text,
      NULLIF(field[array_position(:'header'::text[], 'role')], '') AS role,
      NULLIF(field[array_position(:'header'::text[], 'country')], '') AS country,
      NULLIF(field[array_position(:'header'::text[], 'created_at')], '') AS created_at_text,
      NULLIF(field[array_position(:'header'::text[], 'activated_at')], '') AS activated_at_text,
      NULLIF(field[array_position(:'header'::text[], 'is_active')], '') AS is_active_text,
      NULLIF(field[array_position(:'header'::text[], 'deactivated_at')], '') AS deactivated_at_text
    FROM pg_temp.split_lines(cardinality(:'header'::text[]))
    OFFSET 0
  ) AS text
  OFFSET 0
) AS value;

ALTER TABLE import_row ADD PRIMARY KEY (line);
ANALYZE import_row;
SELECT pg_temp.take(2, 'dim_user', 'user_id', :'dim_user_file', :'header') \g /dev/null
DROP TABLE import_row;
TRUNCATE import_line RESTART IDENTITY;
\endif

-- ---- fct_event ----

SELECT :'fct_event_file' <> '' AS given \gset
\if :given
\copy import_line (content) FROM PROGRAM '"$IMPORT_CSV" --read fct_event' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ENCODING 'LATIN1')
SELECT pg_temp.header(:'fct_event_file', '{event_id,user_id,account_id,event_name,event_ts}') AS header \gset

CREATE TEMP TABLE import_row AS
SELECT
  line,
  content,
  event_id,
  user_id,
  account_id,
  task_id,
  event_ts,
  ingested_at,
  -- Whole seconds only: rounding would change what was measured.
  CASE WHEN reason IS NULL AND duration = trunc(duration) AND duration BETWEEN 0 AND 2147483647
       THEN duration::integer END AS duration_seconds,
  event_name,
  source,
  coalesce(reason, NULLIF(concat_ws('; ',
    pg_temp.complaint('event_id', event_id_text, event_id IS NOT NULL, 'a uuid', true),
    pg_temp.complaint('user_id', user_id_text, user_id IS NOT NULL, 'a uuid', true),
    CASE WHEN user_id NOT IN (SELECT user_id FROM dim_user) THEN 'unknown user' END,
    pg_temp.complaint('account_id', account_id_text, account_id IS NOT NULL, 'a uuid', true),
    CASE WHEN account_id NOT IN (SELECT account_id FROM dim_account) THEN 'unknown account' END,
    pg_temp.complaint('task_id', task_id_text, task_id IS NOT NULL, 'a uuid', false),
    pg_temp.complaint('event_ts', event_ts_text, event_ts IS NOT NULL, 'a timestamp', true),
    pg_temp.complaint('ingested_at', ingested_at_text, ingested_at IS NOT NULL,
                      'a timestamp', 'ingested_at' = ANY (:'header')),
    pg_temp.complaint('duration_seconds', duration_text, duration IS NOT NULL, 'a number', false),
    CASE WHEN duration < 0 THEN 'duration_seconds is negative' END,
    CASE WHEN duration > 2147483647 THEN 'duration_seconds is out of range' END,
    CASE WHEN duration <> trunc(duration) THEN 'duration_seconds is not a whole number' END,
    pg_temp.complaint('event_name', event_name, octet_length(event_name) <= 200, 'of 200 bytes at most', true),
    pg_temp.complaint('source', source, source IN ('desktop', 'web', 'mobile', 'api'),
                      'desktop, web, mobile or api', false)), '')) AS reason
FROM (
  SELECT
    *,
    pg_temp.as_uuid(event_id_text) AS event_id,
    pg_temp.as_uuid(user_id_text) AS user_id,
    pg_temp.as_uuid(account_id_text) AS account_id,
    pg_temp.as_uuid(task_id_text) AS task_id,
    pg_temp.as_moment(event_ts_text) AS event_ts,
    pg_temp.as_moment(ingested_at_text) AS ingested_at,
    pg_temp.as_number(duration_text) AS duration
  FROM (
    SELECT
      line,
      content,
      reason,
      NULLIF(field[array_position(:'header'::text[], 'event_id')], '') AS event_id_text,
      NULLIF(field[array_position(:'header'::text[], 'user_id')], '') AS user_id_text,
      NULLIF(field[array_position(:'header'::text[], 'account_id')], '') AS account_id_text,
      NULLIF(field[array_position(:'header'::text[], 'task_id')], '') AS task_id_text,
      NULLIF(field[array_position(:'header'::text[], 'event_ts')], '') AS event_ts_text,
      NULLIF(field[array_position(:'header'::text[], 'ingested_at')], '') AS ingested_at_text,
      NULLIF(field[array_position(:'header'::text[], 'duration_seconds')], '') AS duration_text,
      NULLIF(field[array_position(:'header'::text[], 'event_name')], '') AS event_name,
      NULLIF(field[array_position(:'header'::text[], 'source')], '') AS source
    FROM pg_temp.split_lines(cardinality(:'header'::text[]))
    OFFSET 0
  ) AS text
  OFFSET 0
) AS value;

ALTER TABLE import_row ADD PRIMARY KEY (line);
ANALYZE import_row;
SELECT pg_temp.take(3, 'fct_event', 'event_id', :'fct_event_file', :'header') \g /dev/null
\endif

COMMIT;

-- ---- What came of it ----

SELECT
  file,
  lines AS "rows",
  added,
  there AS "there already",
  rejected,
  coalesce(unused, '') AS "columns not used"
FROM import_summary
ORDER BY step;

SELECT count(*) > 0 AS some_rejected FROM import_summary WHERE rejected > 0 \gset
\if :some_rejected
\echo 'Rejected, kept in usage_import_rejected:'
SELECT
  r.file,
  r.reason,
  count(*) AS "rows",
  min(r.line) AS "first line"
FROM :model.usage_import_rejected AS r
JOIN import_summary USING (file)
GROUP BY r.file, r.reason
ORDER BY r.file, count(*) DESC, r.reason;
\endif
