CREATE FUNCTION @extschema@.set_usage_time_zone(time_zone text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM @extschema@.usage_check_owner();
  IF set_usage_time_zone.time_zone IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the reporting time zone must not be null';
  END IF;
  PERFORM @extschema@.event_day('epoch', set_usage_time_zone.time_zone);
  LOCK TABLE @extschema@.fct_event IN SHARE MODE;
  UPDATE @extschema@.usage_settings SET time_zone = set_usage_time_zone.time_zone;
END
$function$;

COMMENT ON FUNCTION @extschema@.set_usage_time_zone(text) IS
  'Set the reporting time zone, a name of pg_timezone_names (22023 otherwise); writers of events wait meanwhile';

CREATE FUNCTION @extschema@.set_usage_week_start(week_start integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM @extschema@.usage_check_owner();
  IF set_usage_week_start.week_start IS NULL OR set_usage_week_start.week_start NOT BETWEEN 1 AND 7 THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('week_start must be from 1 (Monday) to 7 (Sunday), not %s',
                       coalesce(set_usage_week_start.week_start::text, 'null'));
  END IF;
  UPDATE @extschema@.usage_settings SET week_start = set_usage_week_start.week_start;
END
$function$;

COMMENT ON FUNCTION @extschema@.set_usage_week_start(integer) IS
  'Set the first day of a week: 1 Monday … 7 Sunday (22023 otherwise)';
