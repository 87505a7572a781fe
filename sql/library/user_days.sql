-- The days of users, of many rows with sums of theirs.

CREATE FUNCTION @extschema@.user_days_transfn(state bytea, user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'user_days_transfn';

COMMENT ON FUNCTION @extschema@.user_days_transfn(bytea, uuid, @extschema@.dayseries_map, text[], text[], text) IS
  'Transition function of user_days';

CREATE FUNCTION @extschema@.user_days_combinefn(state bytea, other bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'user_days_combinefn';

COMMENT ON FUNCTION @extschema@.user_days_combinefn(bytea, bytea) IS
  'Combine function of user_days';

CREATE AGGREGATE @extschema@.user_days(user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text) (
  SFUNC = @extschema@.user_days_transfn,
  STYPE = bytea,
  SSPACE = 8192,
  COMBINEFUNC = @extschema@.user_days_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.user_days(uuid, @extschema@.dayseries_map, text[], text[], text) IS
  'Of maps of users, the days on which a label has a value above 0, by user and name, for user_days_found(): each label of the array under the name of the same number, not at all where that is null, and labels that are not in it under others, unless that is null; where labels is null, each under itself; as many names as labels (2202E); null users and maps are skipped, labels, names and others are those of the first row; part of the reports';

CREATE FUNCTION @extschema@.user_days_found(found bytea, past daterange, OUT name text, OUT user_id uuid, OUT days @extschema@.dayset)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10000
AS 'MODULE_PATHNAME', 'user_days_found';

COMMENT ON FUNCTION @extschema@.user_days_found(bytea, daterange) IS
  'What user_days() found on the days of the range, as rows, maybe with no days; other bytes are an error (22P03); part of the reports';

CREATE FUNCTION @extschema@.user_day_counts_transfn(state bytea, user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text, past daterange, period text, week_start integer)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'user_day_counts_transfn';

COMMENT ON FUNCTION @extschema@.user_day_counts_transfn(bytea, uuid, @extschema@.dayseries_map, text[], text[], text, daterange, text, integer) IS
  'Transition function of user_day_counts';

CREATE FUNCTION @extschema@.user_day_counts_finalfn(state bytea)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'user_day_counts_finalfn';

COMMENT ON FUNCTION @extschema@.user_day_counts_finalfn(bytea) IS
  'Final function of user_day_counts';

CREATE AGGREGATE @extschema@.user_day_counts(user_id uuid, map @extschema@.dayseries_map, labels text[], names text[], others text, past daterange, period text, week_start integer) (
  SFUNC = @extschema@.user_day_counts_transfn,
  STYPE = bytea,
  SSPACE = 8192,
  FINALFUNC = @extschema@.user_day_counts_finalfn,
  COMBINEFUNC = @extschema@.user_days_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.user_day_counts(uuid, @extschema@.dayseries_map, text[], text[], text, daterange, text, integer) IS
  'What active_period_counts() makes of each name''s sets of days as user_days() finds them, cut to the days of the range, under labels that begin with the name and a slash; of all arguments but the first two those of the first row; NULL where there is none; part of the reports';
