-- Counting users' days by a segment, in one go.

CREATE TYPE @extschema@.segment_counts AS (
  segment_value text,
  counts        @extschema@.dayseries_map
);

COMMENT ON TYPE @extschema@.segment_counts IS
  'What an aggregate of days with a segment as its last argument counts of a segment, by label';

CREATE TYPE @extschema@.segment_series AS (
  segment_value text,
  counts        @extschema@.dayseries
);

COMMENT ON TYPE @extschema@.segment_series IS
  'What an aggregate of days with a segment as its last argument counts of a segment';

CREATE FUNCTION @extschema@.segment_counts_finalfn(state internal)
RETURNS @extschema@.segment_counts[]
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'by_segment_finalfn';

COMMENT ON FUNCTION @extschema@.segment_counts_finalfn(internal) IS
  'Final function of active_day_counts, active_period_counts and retention_counts by segment';

CREATE FUNCTION @extschema@.segment_series_finalfn(state internal)
RETURNS @extschema@.segment_series[]
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'by_segment_finalfn';

COMMENT ON FUNCTION @extschema@.segment_series_finalfn(internal) IS
  'Final function of window_counts by segment';

CREATE FUNCTION @extschema@.active_day_counts_transfn(state internal, days @extschema@.dayset, period text, week_start integer, within daterange, segment text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_day_counts_transfn_by_segment';

COMMENT ON FUNCTION @extschema@.active_day_counts_transfn(internal, @extschema@.dayset, text, integer, daterange, text) IS
  'Transition function of active_day_counts by segment';

CREATE AGGREGATE @extschema@.active_day_counts(days @extschema@.dayset, period text, week_start integer, within daterange, segment text) (
  SFUNC = @extschema@.active_day_counts_transfn,
  STYPE = internal,
  SSPACE = 65536,
  FINALFUNC = @extschema@.segment_counts_finalfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_day_counts(@extschema@.dayset, text, integer, daterange, text) IS
  'The same as active_day_counts() without the last argument of the rows of each segment, as an array of segments, one of them maybe NULL, and counts, all of which are held in memory; NULL where there is no row';

CREATE FUNCTION @extschema@.active_period_counts_transfn(state internal, days @extschema@.dayset, period text, week_start integer, within daterange, segment text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_period_counts_transfn_by_segment';

COMMENT ON FUNCTION @extschema@.active_period_counts_transfn(internal, @extschema@.dayset, text, integer, daterange, text) IS
  'Transition function of active_period_counts by segment';

CREATE AGGREGATE @extschema@.active_period_counts(days @extschema@.dayset, period text, week_start integer, within daterange, segment text) (
  SFUNC = @extschema@.active_period_counts_transfn,
  STYPE = internal,
  SSPACE = 65536,
  FINALFUNC = @extschema@.segment_counts_finalfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_period_counts(@extschema@.dayset, text, integer, daterange, text) IS
  'The same as active_period_counts() without the last argument of the rows of each segment, as an array of segments, one of them maybe NULL, and counts, all of which are held in memory; NULL where there is no row';

CREATE FUNCTION @extschema@.retention_counts_transfn(state internal, started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean, within daterange, segment text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_counts_transfn_by_segment';

COMMENT ON FUNCTION @extschema@.retention_counts_transfn(internal, @extschema@.dayset, @extschema@.dayset, text, integer, boolean, daterange, text) IS
  'Transition function of retention_counts by segment';

CREATE AGGREGATE @extschema@.retention_counts(started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean, within daterange, segment text) (
  SFUNC = @extschema@.retention_counts_transfn,
  STYPE = internal,
  SSPACE = 65536,
  FINALFUNC = @extschema@.segment_counts_finalfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.retention_counts(@extschema@.dayset, @extschema@.dayset, text, integer, boolean, daterange, text) IS
  'The same as retention_counts() without the last argument of the rows of each segment, as an array of segments, one of them maybe NULL, and counts, all of which are held in memory; NULL where there is no row';

CREATE FUNCTION @extschema@.window_counts_transfn(state internal, days @extschema@.dayset, n integer, within daterange, segment text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_counts_transfn_by_segment';

COMMENT ON FUNCTION @extschema@.window_counts_transfn(internal, @extschema@.dayset, integer, daterange, text) IS
  'Transition function of window_counts by segment';

CREATE AGGREGATE @extschema@.window_counts(days @extschema@.dayset, n integer, within daterange, segment text) (
  SFUNC = @extschema@.window_counts_transfn,
  STYPE = internal,
  SSPACE = 65536,
  FINALFUNC = @extschema@.segment_series_finalfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.window_counts(@extschema@.dayset, integer, daterange, text) IS
  'The same as window_counts() without the last argument of the rows of each segment, as an array of segments, one of them maybe NULL, and counts, all of which are held in memory; NULL where there is no row';
