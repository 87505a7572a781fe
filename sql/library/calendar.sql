CREATE FUNCTION @extschema@.event_day(event_ts timestamptz, time_zone text)
RETURNS date
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_day_in_zone';

COMMENT ON FUNCTION @extschema@.event_day(timestamptz, text) IS
  'The day of a moment in a time zone, named in full as in pg_timezone_names; an infinite moment is an error (22008), an unknown zone too (22023)';

CREATE FUNCTION @extschema@.event_day(event_ts timestamptz)
RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_day';

COMMENT ON FUNCTION @extschema@.event_day(timestamptz) IS
  'The day of a moment in the reporting time zone, usage_settings.time_zone: what every metric means by a day';
