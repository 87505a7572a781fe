CREATE FUNCTION @extschema@.set_usage_time_zone(time_zone text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  zone text;
BEGIN
  IF time_zone IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the reporting time zone must not be null';
  END IF;
  SELECT name INTO zone
    FROM pg_timezone_names
   WHERE lower(name) = lower(time_zone)
   ORDER BY name
   LIMIT 1;
  IF zone IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('time zone "%s" not recognized', time_zone),
      HINT = 'See pg_timezone_names for the names there are.';
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'set_usage_time_zone() must be called at isolation level READ COMMITTED',
      DETAIL = 'It has to see what committed before it got its lock.';
  END IF;
  -- In this order, as in all of the maintenance: folds skip, purges wait.
  PERFORM @extschema@.usage_lock_rollups(true);
  PERFORM @extschema@.usage_execute_as(owner, 'LOCK TABLE @extschema@.dim_user IN ACCESS SHARE MODE'::text);
  PERFORM @extschema@.usage_execute_as(owner, 'LOCK TABLE @extschema@.fct_event IN SHARE MODE'::text);
  IF @extschema@.usage_execute_as(owner, 'SELECT purged_before FROM @extschema@.usage_rollup_state'::text) IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'the reporting time zone cannot be changed any more',
      DETAIL = 'Raw events were purged, so their days cannot be found anew.';
  END IF;
  PERFORM @extschema@.usage_execute_as(owner,
    'UPDATE @extschema@.usage_settings SET time_zone = ' || quote_literal(zone));
  PERFORM @extschema@.usage_forget_settings('@extschema@.fct_event'::regclass);
  PERFORM @extschema@.rebuild_rollups();
END
$function$;

COMMENT ON FUNCTION @extschema@.set_usage_time_zone(text) IS
  'Set the reporting time zone, a name of pg_timezone_names (22023 otherwise), as a member of the model''s owner (42501 otherwise), and rebuild the rollups; writers of events wait meanwhile; refused once raw events were purged (55000), and at other isolation levels than READ COMMITTED (25001)';

CREATE FUNCTION @extschema@.set_usage_week_start(week_start integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
BEGIN
  IF week_start IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the first day of a week must not be null';
  END IF;
  IF week_start NOT BETWEEN 1 AND 7 THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('week_start must be from 1 (Monday) to 7 (Sunday), not %s', week_start);
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'set_usage_week_start() must be called at isolation level READ COMMITTED',
      DETAIL = 'It has to see what committed before it got its lock.';
  END IF;
  PERFORM @extschema@.usage_lock_rollups(true);
  PERFORM @extschema@.usage_execute_as(owner,
    'UPDATE @extschema@.usage_settings SET week_start = ' || week_start);
  PERFORM @extschema@.usage_execute_as(owner, 'SELECT @extschema@.usage_sum_up()'::text);
END
$function$;

COMMENT ON FUNCTION @extschema@.set_usage_week_start(integer) IS
  'Set the first day of a week, 1 Monday to 7 Sunday (22023 otherwise), as a member of the model''s owner (42501 otherwise), and make anew what depends on weeks, from the rollups; at READ COMMITTED only (25001)';
