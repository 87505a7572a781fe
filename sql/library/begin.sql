-- The library: what CREATE EXTENSION owns. Nothing in it depends on the model.
-- Names are qualified throughout; the script runs with pg_catalog alone on its
-- search_path, so that objects of the same names elsewhere are never met.

-- Names of the library stand in format strings.
DO $block$
BEGIN
  IF strpos('@extschema@', '%') > 0 THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_schema_name',
      MESSAGE = 'extension usage_analytics cannot be installed in a schema with a percent sign in its name';
  END IF;
END
$block$;
