-- Sums over users of what their days make: each user has a set of days for each of some labels,
-- and the aggregates add up, by label and day, what the sets after a change have more than those before.

CREATE FUNCTION @extschema@.figures_combinefn(state @extschema@.dayseries_map, other @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'figures_combinefn';

COMMENT ON FUNCTION @extschema@.figures_combinefn(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Combine function of activity_counts, period_counts, cohort_counts, event_user_counts, active_day_counts, active_period_counts and retention_counts';

CREATE FUNCTION @extschema@.activity_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayset, after @extschema@.dayset)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'activity_counts_transfn';

COMMENT ON FUNCTION @extschema@.activity_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset) IS
  'Transition function of activity_counts';

CREATE AGGREGATE @extschema@.activity_counts(before @extschema@.dayset, after @extschema@.dayset) (
  SFUNC = @extschema@.activity_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 8192,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.activity_counts(@extschema@.dayset, @extschema@.dayset) IS
  'How many more sets of active days there are after than before that have each day (dau), or one of the 7, 28, 30 days that end with it (wau, active_28d, mau); NULL is no days, {} where nothing changes; an error where a window ends after the last date (22008)';

CREATE FUNCTION @extschema@.period_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayset, after @extschema@.dayset, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'period_counts_transfn';

COMMENT ON FUNCTION @extschema@.period_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, integer) IS
  'Transition function of period_counts';

CREATE AGGREGATE @extschema@.period_counts(before @extschema@.dayset, after @extschema@.dayset, week_start integer) (
  SFUNC = @extschema@.period_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.period_counts(@extschema@.dayset, @extschema@.dayset, integer) IS
  'How many more sets of active days there are after than before of which each day is the first active one of its week, month, quarter (weekly, monthly, quarterly) or of all (lifecycle/new), and of those the ones that were active in the period before too (lifecycle/returning for weeks, lifecycle/returning_months, _quarters, and _days for active days after active days); weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); NULL is no days, {} where nothing changes';

CREATE FUNCTION @extschema@.cohort_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayset, after @extschema@.dayset, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cohort_counts_transfn';

COMMENT ON FUNCTION @extschema@.cohort_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, integer) IS
  'Transition function of cohort_counts';

CREATE AGGREGATE @extschema@.cohort_counts(before @extschema@.dayset, after @extschema@.dayset, week_start integer) (
  SFUNC = @extschema@.cohort_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.cohort_counts(@extschema@.dayset, @extschema@.dayset, integer) IS
  'How many more sets of active days there are after than before of which each day is the first active one of its week, by cohort: a label such as cohorts/2026-01-05 has the first day of the week in which a set was first active; weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); NULL is no days, {} where nothing changes; an error for a week without a first day (22008)';

CREATE FUNCTION @extschema@.event_user_counts_transfn(state @extschema@.dayseries_map, before @extschema@.dayseries_map, change @extschema@.dayseries_map)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_user_counts_transfn';

COMMENT ON FUNCTION @extschema@.event_user_counts_transfn(@extschema@.dayseries_map, @extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'Transition function of event_user_counts';

CREATE AGGREGATE @extschema@.event_user_counts(before @extschema@.dayseries_map, change @extschema@.dayseries_map) (
  SFUNC = @extschema@.event_user_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 8192,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  INITCOND = '{}',
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.event_user_counts(@extschema@.dayseries_map, @extschema@.dayseries_map) IS
  'For each label and day, in how many of the maps a value comes to be above 0 by the change, less those where it ceases to; NULL is an empty map, {} where nothing changes; an error where before + change is beyond bigint (22003)';

CREATE FUNCTION @extschema@.active_day_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_day_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_day_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer) IS
  'Transition function of active_day_counts';

CREATE AGGREGATE @extschema@.active_day_counts(days @extschema@.dayset, period text, week_start integer) (
  SFUNC = @extschema@.active_day_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_day_counts(@extschema@.dayset, text, integer) IS
  'By number of days, from 1, on the first day of each period (day, week, month, quarter): how many of the sets have so many days in it; weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); null sets are skipped, NULL where there is none; an error for a week without a first day (22008)';

CREATE FUNCTION @extschema@.active_day_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer, within daterange)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_day_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_day_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer, daterange) IS
  'Transition function of active_day_counts';

CREATE AGGREGATE @extschema@.active_day_counts(days @extschema@.dayset, period text, week_start integer, within daterange) (
  SFUNC = @extschema@.active_day_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_day_counts(@extschema@.dayset, text, integer, daterange) IS
  'The same as active_day_counts() of days * within, without making these; within must not be null (22004)';

CREATE FUNCTION @extschema@.active_period_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_period_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_period_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer) IS
  'Transition function of active_period_counts';

CREATE AGGREGATE @extschema@.active_period_counts(days @extschema@.dayset, period text, week_start integer) (
  SFUNC = @extschema@.active_period_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_period_counts(@extschema@.dayset, text, integer) IS
  'How many of the sets have each day as the first active one of its period (day, week, month, quarter; label active), of all (new), and of a period after an active one (returning); weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); null sets are skipped, NULL where there is none';

CREATE FUNCTION @extschema@.active_period_counts_transfn(state @extschema@.dayseries_map, days @extschema@.dayset, period text, week_start integer, within daterange)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'active_period_counts_transfn';

COMMENT ON FUNCTION @extschema@.active_period_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, text, integer, daterange) IS
  'Transition function of active_period_counts';

CREATE AGGREGATE @extschema@.active_period_counts(days @extschema@.dayset, period text, week_start integer, within daterange) (
  SFUNC = @extschema@.active_period_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 4096,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.active_period_counts(@extschema@.dayset, text, integer, daterange) IS
  'The same as active_period_counts() of days * within, without making these; within must not be null (22004)';

CREATE FUNCTION @extschema@.retention_counts_transfn(state @extschema@.dayseries_map, started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_counts_transfn';

COMMENT ON FUNCTION @extschema@.retention_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, text, integer, boolean) IS
  'Transition function of retention_counts';

CREATE AGGREGATE @extschema@.retention_counts(started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean) (
  SFUNC = @extschema@.retention_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.retention_counts(@extschema@.dayset, @extschema@.dayset, text, integer, boolean) IS
  'By cohort, the period (day, week, month, quarter) of the first day of started, under whose first day as a label: how many of the sets back have each day as the first active one of its period, from the cohort''s on, or, where unbounded, as the last of all; label size has how many there are in each cohort, on its first day; weeks begin on week_start, 1 Monday to 7 Sunday (22023, NULL 22004); null and empty sets started are skipped, NULL where there is none; an error for a period without a first day (22008)';

CREATE FUNCTION @extschema@.retention_counts_transfn(state @extschema@.dayseries_map, started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean, within daterange)
RETURNS @extschema@.dayseries_map
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_counts_transfn';

COMMENT ON FUNCTION @extschema@.retention_counts_transfn(@extschema@.dayseries_map, @extschema@.dayset, @extschema@.dayset, text, integer, boolean, daterange) IS
  'Transition function of retention_counts';

CREATE AGGREGATE @extschema@.retention_counts(started @extschema@.dayset, back @extschema@.dayset, period text, week_start integer, unbounded boolean, within daterange) (
  SFUNC = @extschema@.retention_counts_transfn,
  STYPE = @extschema@.dayseries_map,
  SSPACE = 16384,
  FINALFUNC = @extschema@.dayseries_map_sum_finalfn,
  COMBINEFUNC = @extschema@.figures_combinefn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.retention_counts(@extschema@.dayset, @extschema@.dayset, text, integer, boolean, daterange) IS
  'The same as retention_counts() of started * within and back * within, without making these; within must not be null (22004)';
