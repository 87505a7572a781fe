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
