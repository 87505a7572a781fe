CREATE FUNCTION @extschema@.create_usage_model()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT * FROM @extschema@.usage_model_script() ORDER BY step LOOP
    EXECUTE part.script;
  END LOOP;
  INSERT INTO @extschema@.usage_settings (model_version) VALUES (@extschema@.usage_library_version());
END
$function$;

COMMENT ON FUNCTION @extschema@.create_usage_model() IS
  'Create what is missing of the tables, triggers and views';
