-- From sets of days to numbers by day.

CREATE FUNCTION @extschema@.count_by_day_transfn(state @extschema@.dayseries, days @extschema@.dayset)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'count_by_day_transfn';

COMMENT ON FUNCTION @extschema@.count_by_day_transfn(@extschema@.dayseries, @extschema@.dayset) IS
  'Transition function of count_by_day(dayset)';

CREATE FUNCTION @extschema@.count_by_day_combinefn(state @extschema@.dayseries, other @extschema@.dayseries)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'count_by_day_combinefn';

COMMENT ON FUNCTION @extschema@.count_by_day_combinefn(@extschema@.dayseries, @extschema@.dayseries) IS
  'Combine function of count_by_day(dayset)';

CREATE AGGREGATE @extschema@.count_by_day(days @extschema@.dayset) (
  SFUNC = @extschema@.count_by_day_transfn,
  STYPE = @extschema@.dayseries,
  SSPACE = 4096,
  COMBINEFUNC = @extschema@.count_by_day_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.count_by_day(@extschema@.dayset) IS
  'On each day, how many of the sets have it; nulls are skipped, NULL where there is none';

CREATE FUNCTION @extschema@.window_counts_transfn(state @extschema@.dayseries, days @extschema@.dayset, n integer, within daterange)
RETURNS @extschema@.dayseries
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_counts_transfn';

COMMENT ON FUNCTION @extschema@.window_counts_transfn(@extschema@.dayseries, @extschema@.dayset, integer, daterange) IS
  'Transition function of window_counts()';

CREATE AGGREGATE @extschema@.window_counts(days @extschema@.dayset, n integer, within daterange) (
  SFUNC = @extschema@.window_counts_transfn,
  STYPE = @extschema@.dayseries,
  SSPACE = 4096,
  COMBINEFUNC = @extschema@.count_by_day_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.window_counts(@extschema@.dayset, integer, daterange) IS
  'On each day of the range, how many of the sets have a day of the range among the n days (1 to 366, others are an error, 22023) that end with it; null sets are skipped, NULL where there is none; n and the range must not be null (22004)';
