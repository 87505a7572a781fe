-- activity_counts, period_counts, cohort_counts, event_user_counts, active_day_counts, active_period_counts, retention_counts, each_month, labels_under, first_days and values_on against plain SQL over the days, in plans of every kind.
BEGIN;
SET LOCAL datestyle = 'ISO';
SET LOCAL jit = off;
SELECT setseed(0.5772);

-- By example: a user of two days becomes one of three.
SELECT label, series FROM (SELECT activity_counts(NULL, '{2026-01-01,2026-01-05}')) AS counts (map), each(map) WHERE label IN ('dau', 'wau');
SELECT label, series FROM (SELECT activity_counts('{2026-01-01,2026-01-05}', '{2026-01-01,2026-01-05,2026-01-09}')) AS counts (map), each(map);
SELECT label, series FROM (SELECT period_counts(NULL, '{2026-01-01,2026-01-02,2026-01-09,2026-02-03,2026-04-01}', 1)) AS counts (map), each(map);
SELECT label, series FROM (SELECT period_counts('{2026-01-02}', '{2026-01-01,2026-01-02}', 1)) AS counts (map), each(map);
SELECT cohort_counts(NULL, '{2026-01-07,2026-01-08,2026-01-14}', 1);
SELECT cohort_counts('{2026-01-07,2026-01-14}', '{2026-01-01,2026-01-07,2026-01-14}', 1);
SELECT cohort_counts('{2026-01-07,2026-01-14}', '{2026-01-08,2026-01-14,2026-02-01}', 7);
SELECT event_user_counts('{open={2026-01-01:2,2026-01-02:1,2026-01-03:-1},save={2026-01-01:1}}', '{open={2026-01-01:-1,2026-01-02:-1,2026-01-03:2,2026-01-04:1}}');

-- No rows, nulls, and what does not change.
SELECT activity_counts(days, days), period_counts(days, days, 1), cohort_counts(days, days, 1), event_user_counts(map, map) FROM (SELECT NULL::dayset, NULL::dayseries_map) AS none (days, map) WHERE false;
SELECT activity_counts(before, after), period_counts(before, after, 1), cohort_counts(before, after, 1)
  FROM (VALUES (NULL::dayset, NULL::dayset), (NULL, '{}'), ('{}', NULL), ('{2026-01-01}', '{2026-01-01}')) AS rows (before, after);
SELECT event_user_counts(before, change) FROM (VALUES (NULL::dayseries_map, NULL::dayseries_map), ('{a={2026-01-01:1}}', NULL), (NULL, '{}'), (NULL, '{a={2026-01-01:-1}}')) AS rows (before, change);

-- Errors.
SAVEPOINT before;
SELECT activity_counts(NULL, '{5874897-12-30}');
ROLLBACK TO before;
SELECT period_counts(NULL, '{2026-01-01}', 0);
ROLLBACK TO before;
SELECT cohort_counts(NULL, '{2026-01-01}', 8);
ROLLBACK TO before;
SELECT period_counts(NULL, '{2026-01-01}', NULL);
ROLLBACK TO before;
SELECT cohort_counts(NULL, '{4714-11-24 BC}', 2);
ROLLBACK TO before;
SELECT event_user_counts('{a={2026-01-01:9223372036854775807}}', '{a={2026-01-01:1}}');
ROLLBACK TO before;

-- The first and the last days that there are.
SELECT period_counts(NULL, '{4714-11-24 BC,5874897-12-31}', 1);
SELECT cohort_counts(NULL, '{4714-11-24 BC,5874897-12-31}', 1);

-- Users who differ in all that matters: few and many days, near and far, in one stretch and in several.
CREATE TABLE users AS
SELECT id, id % 7 AS grp, kind, days AS before, days AS after
  FROM generate_series(1, 300) AS id, LATERAL (VALUES (id % 10)) AS k (kind), LATERAL (
    SELECT coalesce(dayset_agg(CASE kind
             WHEN 0 THEN '2026-01-01'::date + n
             WHEN 1 THEN '2025-07-01'::date + (random() * 200)::int
             WHEN 2 THEN '2025-01-01'::date + (random() * 700)::int
             WHEN 3 THEN '2000-01-01'::date + (random() * 9000)::int
             WHEN 4 THEN '1999-12-20'::date + (random() * 30)::int
             WHEN 5 THEN '0020-01-01 BC'::date + (random() * 14000)::int
             WHEN 6 THEN '4000-01-01 BC'::date + (random() * 4e6)::int
             WHEN 7 THEN '2024-01-01'::date + 7 * n
             WHEN 8 THEN '2024-01-15'::date + 29 * n
             ELSE '2023-01-15'::date + 60 * n END), '{}')
      FROM generate_series(1, id * 7 % 53) AS n) AS d (days);

-- What becomes of them: nothing; a day more at the end, within, before; a day less; no days; all others; moved on by a bit.
UPDATE users AS u SET after = CASE id / 10 % 10
         WHEN 0 THEN before
         WHEN 1 THEN before + coalesce(last_day(before) + (random() * 40)::int, '2026-01-01')
         WHEN 2 THEN before + coalesce(first_day(before) + (random() * (last_day(before) - first_day(before)))::int, '2026-01-01')
         WHEN 3 THEN before + coalesce(first_day(before) - (random() * 100)::int, '2026-01-01')
         WHEN 4 THEN before - last_day(before)
         WHEN 5 THEN before - first_day(before)
         WHEN 6 THEN NULL
         WHEN 7 THEN (SELECT o.before FROM users AS o WHERE o.id = u.id % 300 + 1)
         WHEN 8 THEN shift(before, (random() * 100 - 50)::int)
         ELSE before * daterange('2000-01-01', '2025-09-01') + daterange('2025-10-05', '2025-10-07') END;
UPDATE users SET before = NULL WHERE id % 17 = 0;
ALTER TABLE users SET (parallel_workers = 3);
ANALYZE users;
SELECT count(*) AS users, count(*) FILTER (WHERE before = after) > 10 AS some_unchanged, count(*) FILTER (WHERE before IS NULL) > 10 AS some_new,
       count(*) FILTER (WHERE after IS NULL) > 10 AS some_gone, sum(cardinality(after)) > 5000 AS many_days FROM users;

-- The sets that the days make, in plain SQL: a row for each day in each set of a label, with -1 before the change and 1 after it.
CREATE TEMP TABLE active AS
SELECT id, grp, -1 AS sign, day FROM users, unnest(before) AS day
UNION ALL SELECT id, grp, 1, day FROM users, unnest(after) AS day;
ANALYZE active;
CREATE TEMP TABLE periods AS
SELECT kind, week_start, id, grp, sign, period, lag(period) OVER (PARTITION BY kind, week_start, id, sign ORDER BY period) = (period - CASE kind WHEN 'day' THEN '1 day' WHEN 'week' THEN '7 days' WHEN 'month' THEN '1 month' ELSE '3 months' END::interval)::date AS again, day
  FROM (SELECT kind, week_start, id, grp, sign, CASE kind WHEN 'week' THEN day - (extract(isodow FROM day)::int - week_start + 7) % 7 ELSE date_trunc(kind, day::timestamp)::date END AS period, min(day) AS day
          FROM active, (VALUES ('day', NULL::int), ('week', 1), ('week', 4), ('week', 7), ('month', NULL), ('quarter', NULL)) AS kinds (kind, week_start)
         GROUP BY 1, 2, 3, 4, 5, 6) AS p;
ANALYZE periods;
CREATE TEMP TABLE expected AS
SELECT 'activity' AS of, NULL::int AS week_start, label, grp, day, sum(sign) AS value
  FROM (SELECT DISTINCT id, grp, sign, label, day + after AS day FROM active, (VALUES ('dau', 1), ('wau', 7), ('active_28d', 28), ('mau', 30)) AS w (label, days), generate_series(0, days - 1) AS after) AS d
 GROUP BY label, grp, day HAVING sum(sign) <> 0
UNION ALL
SELECT 'period', w, label, grp, day, sum(sign)
  FROM periods AS p, (VALUES (1), (4), (7)) AS weeks (w), LATERAL (
    SELECT CASE kind WHEN 'week' THEN 'weekly' WHEN 'month' THEN 'monthly' WHEN 'quarter' THEN 'quarterly' END
    UNION ALL SELECT CASE kind WHEN 'day' THEN 'lifecycle/returning_days' WHEN 'week' THEN 'lifecycle/returning' WHEN 'month' THEN 'lifecycle/returning_months' ELSE 'lifecycle/returning_quarters' END WHERE again) AS l (label)
 WHERE label IS NOT NULL AND coalesce(week_start = w, true)
 GROUP BY w, label, grp, day HAVING sum(sign) <> 0
UNION ALL
SELECT 'period', w, 'lifecycle/new', grp, day, sum(sign)
  FROM (SELECT id, sign, grp, min(day) AS day FROM active GROUP BY id, sign, grp) AS f, (VALUES (1), (4), (7)) AS weeks (w)
 GROUP BY w, grp, day HAVING sum(sign) <> 0
UNION ALL
SELECT 'cohort', week_start, label, grp, day, sum(sign)
  FROM (SELECT week_start, grp, sign, day, 'cohorts/' || first_value(period) OVER (PARTITION BY week_start, id, sign ORDER BY period) AS label FROM periods WHERE kind = 'week') AS c
 GROUP BY week_start, label, grp, day HAVING sum(sign) <> 0;
ANALYZE expected;
SELECT of, week_start, count(*) > 3000 AS many, count(DISTINCT label) FROM expected GROUP BY of, week_start ORDER BY of, week_start;

CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (of text, week_start int, wrong bigint) LANGUAGE sql AS $$
  WITH maps AS (
    SELECT 'activity' AS of, NULL::int AS week_start, grp, activity_counts(before, after) AS map FROM users GROUP BY grp
    UNION ALL SELECT 'period', 1, grp, period_counts(before, after, 1) FROM users GROUP BY grp
    UNION ALL SELECT 'period', 4, grp, period_counts(before, after, 4) FROM users GROUP BY grp
    UNION ALL SELECT 'period', 7, grp, period_counts(before, after, 7) FROM users GROUP BY grp
    UNION ALL SELECT 'cohort', 1, grp, cohort_counts(before, after, 1) FROM users GROUP BY grp
    UNION ALL SELECT 'cohort', 4, grp, cohort_counts(before, after, 4) FROM users GROUP BY grp
    UNION ALL SELECT 'cohort', 7, grp, cohort_counts(before, after, 7) FROM users GROUP BY grp),
  found AS (
    SELECT of, week_start, grp, label, day, value FROM maps, each(map), unnest(series))
  SELECT coalesce(e.of, f.of), coalesce(e.week_start, f.week_start), count(*) FILTER (WHERE e.value IS DISTINCT FROM f.value)
    FROM expected AS e
    FULL JOIN found AS f ON (e.of, coalesce(e.week_start, 0), e.grp, e.label, e.day) = (f.of, coalesce(f.week_start, 0), f.grp, f.label, f.day)
   GROUP BY 1, 2 ORDER BY 1, 2
$$;

-- One process, with hashing and with sorting.
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT * FROM pg_temp.wrong();
SET LOCAL enable_hashagg = off;
SELECT * FROM pg_temp.wrong();
RESET enable_hashagg;

-- Several, whose states are combined.
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL enable_sort = off;
EXPLAIN (COSTS OFF) SELECT grp, activity_counts(before, after), period_counts(before, after, 1), cohort_counts(before, after, 1) FROM users GROUP BY grp;
SELECT * FROM pg_temp.wrong();
RESET enable_sort;

-- Active days, periods and cohorts by each kind of period.
SELECT active_day_counts(days, 'week', 1), active_period_counts(days, 'week', 1) FROM (VALUES ('{2025-12-31..2026-01-05,2026-01-16}'::dayset), ('{2026-01-06}'), ('{}'), (NULL)) AS d (days);
SELECT retention_counts(started, back, 'month', 1, false) AS n_period, retention_counts(started, back, 'month', 1, true) AS unbounded
  FROM (VALUES ('{2026-01-31}'::dayset, '{2025-12-01,2026-01-01,2026-01-31,2026-03-02..2026-03-04}'::dayset), ('{2026-01-02}', '{2025-12-31}'), ('{2026-02-02}', NULL), ('{}', '{2026-01-01}'), (NULL, '{2026-01-01}')) AS d (started, back);
CREATE FUNCTION pg_temp.wrong_periods() RETURNS TABLE (of text, counts bigint, wrong bigint) LANGUAGE sql AS $$
  WITH kinds AS (
    SELECT period, week_start FROM unnest('{day,week,month,quarter}'::text[]) AS period, unnest('{1,3,7}'::int[]) AS week_start
  ), days AS MATERIALIZED (
    SELECT grp, id, period, week_start, side, day,
           CASE period WHEN 'day' THEN day WHEN 'week' THEN day - (extract(isodow FROM day)::int - week_start + 7) % 7 ELSE date_trunc(period, day::timestamp)::date END AS start
      FROM kinds, users, LATERAL (SELECT 'after' AS side, unnest(after) AS day UNION ALL SELECT 'before', unnest(before)) AS d
     WHERE kind <> 6
  ), periods AS MATERIALIZED (
    SELECT grp, id, period, week_start, side, start, min(day) AS first_day, max(day) AS last_day, count(*) AS days FROM days GROUP BY 1, 2, 3, 4, 5, 6
  ), cohorts AS MATERIALIZED (
    SELECT grp, id, period, week_start, min(start) AS cohort FROM periods WHERE side = 'before' GROUP BY 1, 2, 3, 4
  ), expected AS (
    SELECT 'days' AS of, period, week_start, grp, days::text AS label, start AS day, count(*) AS value FROM periods WHERE side = 'after' GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT 'periods', period, week_start, grp, label, first_day, count(*)
      FROM (SELECT *, lag(start) OVER (PARTITION BY grp, id, period, week_start ORDER BY start) AS before FROM periods WHERE side = 'after') AS p,
           unnest(ARRAY['active', CASE WHEN before IS NULL THEN 'new' END,
                        CASE WHEN start = CASE period WHEN 'day' THEN before + 1 WHEN 'week' THEN before + 7 WHEN 'month' THEN before + interval '1 month' ELSE before + interval '3 months' END THEN 'returning' END]) AS label
     WHERE label IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT of, period, week_start, grp, 'size', cohort, count(*) FROM cohorts, unnest('{cohorts,unbounded}'::text[]) AS of GROUP BY 1, 2, 3, 4, 6
    UNION ALL
    SELECT 'cohorts', period, week_start, grp, cohort::text, first_day, count(*) FROM cohorts JOIN periods USING (grp, id, period, week_start) WHERE side = 'after' AND start >= cohort GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT 'unbounded', period, week_start, grp, cohort::text, last_day, count(*)
      FROM (SELECT grp, id, period, week_start, cohort, max(last_day) AS last_day FROM cohorts JOIN periods USING (grp, id, period, week_start) WHERE side = 'after' GROUP BY 1, 2, 3, 4, 5) AS back
     WHERE last_day >= cohort GROUP BY 1, 2, 3, 4, 5, 6
  ), maps AS (
    SELECT period, week_start, grp, active_day_counts(after, period, week_start) AS days, active_period_counts(after, period, week_start) AS periods,
           retention_counts(before, after, period, week_start, false) AS cohorts, retention_counts(before, after, period, week_start, true) AS unbounded
      FROM kinds, users WHERE kind <> 6 GROUP BY 1, 2, 3
  ), found AS (
    SELECT of, period, week_start, grp, label, day, value
      FROM maps, LATERAL (VALUES ('days', days), ('periods', periods), ('cohorts', cohorts), ('unbounded', unbounded)) AS v (of, map), each(map), unnest(series))
  SELECT of, count(*), count(*) FILTER (WHERE e.value IS DISTINCT FROM f.value)
    FROM expected AS e
    FULL JOIN found AS f USING (of, period, week_start, grp, label, day)
   GROUP BY of ORDER BY of
$$;
SELECT of, counts > 500 AS many, wrong FROM pg_temp.wrong_periods();
-- States are combined, and one state may be of several kinds of periods.
SELECT one.days = several.days AS days, one.periods = several.periods AS periods, one.cohorts = several.cohorts AS cohorts
  FROM (SELECT sum(days) AS days, sum(periods) AS periods, sum(cohorts) AS cohorts
          FROM (SELECT active_day_counts(after, 'month', 1) AS days, active_period_counts(after, 'month', 1) AS periods, retention_counts(before, after, 'month', 1, false) AS cohorts FROM users GROUP BY id) AS by_user) AS one,
       (SELECT active_day_counts(after, 'month', 1) AS days, active_period_counts(after, 'month', 1) AS periods, retention_counts(before, after, 'month', 1, false) AS cohorts FROM users) AS several;
SELECT active_day_counts(after, period, 1) = (SELECT sum(part) FROM (SELECT active_day_counts(after, period, 1) AS part FROM users, unnest('{week,month}'::text[]) AS period GROUP BY period) AS parts) AS of_both
  FROM (SELECT after, period FROM users, unnest('{week,month}'::text[]) AS period ORDER BY id, period) AS both_kinds;
SAVEPOINT before;
SELECT active_period_counts('{2026-01-01}', 'year', 1);
ROLLBACK TO before;
SELECT retention_counts('{2026-01-01}', '{2026-01-01}', NULL, 1, false);
ROLLBACK TO before;
SELECT retention_counts('{2026-01-01}', '{2026-01-01}', 'week', 1, NULL);
ROLLBACK TO before;
SELECT retention_counts('{4714-11-24 BC}', '{2026-01-01}', 'week', 2, false);
ROLLBACK TO before;

-- Of some days alone: the same as of sets that were cut to these, whatever the range, also where it changes from row to row.
SELECT window_counts(days, 3, '[2026-01-01,2026-01-06]') FROM (VALUES ('{2025-12-31,2026-01-05}'::dayset), ('{2026-01-01,2026-01-02}'), ('{}'), (NULL)) AS d (days);
SELECT window_counts(days, 3, '(,)') FROM (VALUES (NULL::dayset)) AS d (days);
CREATE TABLE ranges AS
SELECT within FROM unnest('{"(,)","(,2026-01-01]","[2025-03-10,)","[2025-07-09,2025-10-14)","[2026-01-03,2026-01-03]",empty,"(,0001-01-01 BC)","[-infinity,infinity]","[1990-01-01,2024-03-05]"}'::daterange[]) AS within;
CREATE FUNCTION pg_temp.wrong_within() RETURNS TABLE (of text, counts bigint, empty bigint, wrong bigint) LANGUAGE sql AS $$
  SELECT of, count(*), count(*) FILTER (WHERE coalesce(naive, '{}') = '{}'), count(*) FILTER (WHERE found IS DISTINCT FROM naive)
    FROM (SELECT 'days' AS of, active_day_counts(after, period, 3, within) AS found, active_day_counts(after * within, period, 3) AS naive
            FROM users, ranges, unnest('{day,week,month,quarter}'::text[]) AS period WHERE kind <> 6 GROUP BY within, period, grp
          UNION ALL
          SELECT 'periods', active_period_counts(after, period, 3, within), active_period_counts(after * within, period, 3)
            FROM users, ranges, unnest('{day,week,month,quarter}'::text[]) AS period WHERE kind <> 6 GROUP BY within, period, grp
          UNION ALL
          SELECT 'cohorts', retention_counts(before, after, period, 3, unbounded, within), retention_counts(before * within, after * within, period, 3, unbounded)
            FROM users, ranges, unnest('{day,week,month,quarter}'::text[]) AS period, unnest('{true,false}'::boolean[]) AS unbounded WHERE kind <> 6 GROUP BY within, period, unbounded, grp
          UNION ALL
          SELECT 'windows', dayseries_map('w', window_counts(after, n, within)), dayseries_map('w', count_by_day("trailing"(after * within, n)) * within)
            FROM users, ranges, unnest('{1,2,7,30,63,64,65,128,200,366}'::integer[]) AS n WHERE kind <> 6 GROUP BY within, n, grp) AS of_groups
   GROUP BY of ORDER BY of
$$;
SELECT of, counts > 200 AS many, empty < counts / 2 AS most_not_empty, wrong FROM pg_temp.wrong_within();
SELECT active_day_counts(after, 'week', 3, within) = active_day_counts(after * within, 'week', 3) AS days, active_period_counts(after, 'week', 3, within) = active_period_counts(after * within, 'week', 3) AS periods,
       retention_counts(before, after, 'week', 3, false, within) = retention_counts(before * within, after * within, 'week', 3, false) AS cohorts, sum(window_counts) = count_by_day("trailing"(after * within, 90) * within) AS windows
  FROM (SELECT *, window_counts(after, 90, within) OVER (PARTITION BY id, within) FROM (SELECT * FROM users, ranges WHERE kind <> 6 ORDER BY id, within) AS mixed) AS mixed;
SAVEPOINT before;
SELECT active_day_counts('{2026-01-01}', 'week', 1, NULL);
ROLLBACK TO before;
SELECT window_counts('{2026-01-01}', 0, '(,)');
ROLLBACK TO before;
SELECT window_counts('{2026-01-01}', 367, '(,)');
ROLLBACK TO before;
SELECT window_counts('{2026-01-01}', NULL, '(,)');
ROLLBACK TO before;
SELECT window_counts('{2026-01-01}', 7, NULL);
ROLLBACK TO before;

-- What reports count of rows by segment, against plain SQL over their days: of few segments and of thousands, over all periods and over some.
CREATE TABLE segments AS
SELECT n, kind, CASE kind WHEN 'few' THEN CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE repeat('x', n % 5) END
                          ELSE nullif(repeat(md5((n / 2)::text), n % 3 + 1), repeat(md5('0'), 1)) END AS segment, before, after
  FROM (SELECT row_number() OVER (ORDER BY random())::integer AS n, before, CASE WHEN random() < 0.95 THEN after END AS after FROM users, generate_series(1, 4) WHERE kind <> 6) AS u,
       unnest('{few,many}'::text[]) AS kind;
CREATE TABLE segment_days AS SELECT n, 'after' AS of, day FROM segments, unnest(after) AS day WHERE kind = 'few' UNION ALL SELECT n, 'before', day FROM segments, unnest(before) AS day WHERE kind = 'few';
CREATE TABLE settings AS
SELECT *, ROW(false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, format('SELECT segment, NULL::uuid, after, before FROM public.segments WHERE kind = %L ORDER BY n', kind))::usage_days_source AS source
  FROM (VALUES (1, 'day', '2025-03-10'::date, '2025-09-30'::date, '2025-08-17'::date), (2, 'week', '2024-01-03', '2026-12-30', '2026-06-01'), (3, 'week', '2025-07-09', '2025-07-09', '2026-06-01'),
               (4, 'month', '2024-02-01', '2026-02-01', '2026-06-01'), (5, 'quarter', '2025-01-01', '2025-10-01', '2025-11-11'), (6, 'week', '2026-01-07', '2026-02-04', '2025-12-24'))
       AS s (setting, period, first_start, last_start, today), unnest('{few,many}'::text[]) AS kind;
CREATE TABLE segment_periods AS
SELECT setting, kind, segment, n, of, usage_period_start(day, period, 3) AS start, count(*) AS days, period, first_start, last_start
  FROM settings JOIN segments USING (kind) JOIN segment_days USING (n) WHERE day <= today GROUP BY 1, 2, 3, 4, 5, 6, 8, 9, 10;
ANALYZE segments, segment_days, segment_periods;
CREATE FUNCTION pg_temp.segments_wrong(counted text, naive text) RETURNS TABLE (counts boolean, wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT count(e) > 200, count(*) FILTER (WHERE f.value IS DISTINCT FROM e.value) FROM (%s) AS f (setting, kind, segment, day, label, value) FULL JOIN (%s) AS e (setting, kind, segment, day, label, value) ON (f.setting, f.kind, coalesce(f.segment, ''none''), f.day, f.label) = (e.setting, e.kind, coalesce(e.segment, ''none''), e.day, e.label)', counted, naive);
END
$$;
SELECT * FROM pg_temp.segments_wrong(
  'SELECT setting, kind, segment_value, period_start, active_days::bigint, users FROM settings, usage_stickiness_counts(source, period, first_start, last_start, today, false) WHERE users <> 0',
  'SELECT setting, kind, segment, start, days, count(*) FROM segment_periods WHERE of = ''after'' AND start BETWEEN first_start AND last_start GROUP BY 1, 2, 3, 4, 5');
-- The first day of a user may be long before the periods; whoever is back before the cohort's period does not count.
CREATE TABLE cohorts AS SELECT *, min(start) FILTER (WHERE of = 'after') OVER (PARTITION BY setting, kind, n) AS cohort FROM segment_periods;
SELECT unbounded, wrong.*
  FROM unnest('{false,true}'::boolean[]) AS unbounded, pg_temp.segments_wrong(
  format('SELECT setting, kind, segment_value, cohort_start, period_number::bigint, retained_users FROM settings, usage_retention_counts(source, period, %L, first_start, last_start, last_start, today) WHERE retained_users <> 0', unbounded),
  format('SELECT setting, kind, segment, cohort, number, count(DISTINCT n) FROM cohorts, LATERAL (SELECT row_number() OVER () - 1 AS number, period_start FROM usage_periods(cohort, last_start, period)) AS p WHERE of = ''before'' AND cohort BETWEEN first_start AND last_start AND CASE WHEN %L THEN period_start <= start AND start <= last_start ELSE period_start = start END GROUP BY 1, 2, 3, 4, 5', unbounded)) AS wrong;
SELECT * FROM pg_temp.segments_wrong(
  'SELECT setting, kind, segment_value, cohort_start, 0, cohort_size FROM settings, usage_retention_counts(source, period, false, first_start, last_start, last_start, today) WHERE period_number = 0',
  'SELECT setting, kind, segment, cohort, 0, count(DISTINCT n) FROM cohorts WHERE cohort BETWEEN first_start AND last_start GROUP BY 1, 2, 3, 4');
SELECT * FROM pg_temp.segments_wrong(
  'SELECT setting, kind, segment_value, period_start, label, v.value FROM settings, usage_figures('''', period, first_start, last_start, today, false, ''{}'', source), LATERAL (VALUES (''active'', active), (''arrived'', arrived), (''returned'', returned)) AS v (label, value) WHERE v.value <> 0',
  'SELECT setting, kind, segment, start, label, count(*) FROM (SELECT *, lag(start) OVER (PARTITION BY setting, kind, n ORDER BY start) AS last FROM segment_periods WHERE of = ''after'') AS p, LATERAL (VALUES (''active'', true), (''arrived'', last IS NULL), (''returned'', last = usage_next_period(start, period, -1))) AS v (label, counts) WHERE counts AND start BETWEEN first_start AND last_start GROUP BY 1, 2, 3, 4, 5');
SELECT * FROM pg_temp.segments_wrong(
  'SELECT setting, kind, segment_value, period_start, window_days, active FROM settings, unnest(''{1,9,77}''::integer[]) AS window_days, usage_figures('''', ''day'', first_start, last_start, today, false, ''{}'', source, window_days) WHERE active <> 0 AND setting IN (1, 3)',
  'SELECT setting, kind, segment, d.day + later, window_days, count(DISTINCT n) FROM settings JOIN segments USING (kind) JOIN segment_days AS d USING (n), unnest(''{1,9,77}''::integer[]) AS window_days, generate_series(0, window_days - 1) AS later WHERE of = ''after'' AND d.day <= today AND d.day + later BETWEEN first_start AND least(last_start, today) AND setting IN (1, 3) GROUP BY 1, 2, 3, 4, 5');
-- Without rows: nobody, and everybody, who are none; nothing where an argument is null.
SELECT * FROM unnest('{false,true}'::boolean[]) AS everybody, usage_stickiness_counts('(false,,,,,,,,)', 'week', '2026-01-05', '2026-01-05', '2026-01-07', everybody) WHERE active_days < 3;
SELECT count(*) FROM usage_stickiness_counts(NULL, 'week', '2026-01-05', '2026-01-05', '2026-01-07', true);
SELECT count(*) FROM usage_retention_counts('(false,,,,,,,,)', 'week', false, NULL, '2026-01-05', '2026-01-05', '2026-01-07');
SELECT count(*), sum(active) FROM unnest('{false,true}'::boolean[]) AS everybody, usage_figures('', 'week', '2026-01-05', '2026-01-05', '2026-01-07', everybody, '{}', '(false,,,,,,,,)');
SELECT count(*) FROM usage_figures('', 'week', '2026-01-05', '2026-01-05', '2026-01-07', true, NULL, '(false,,,,,,,,)');
-- The first and the last days that there are.
SELECT period_start, active, arrived, returned FROM usage_figures('', 'month', '4714-12-01 BC', '4713-01-01 BC', '5874897-12-31', true, '{}', '(false,,,,,,,,"SELECT NULL::text, NULL::uuid, d, d FROM (SELECT ''{4714-11-24 BC,4714-12-30 BC,5874897-12-31}''::public.dayset) AS s (d)")');
SELECT period_start, active FROM usage_figures('', 'day', '5874897-12-30', '5874897-12-31', '5874897-12-31', true, '{}', '(false,,,,,,,,"SELECT NULL::text, NULL::uuid, d, d FROM (SELECT ''{4714-11-24 BC,5874897-12-31}''::public.dayset) AS s (d)")', 366);
SELECT cohort_start, period_number, retained_users FROM usage_retention_counts('(false,,,,,,,,"SELECT NULL::text, NULL::uuid, d, d FROM (SELECT ''{5874897-12-01,5874897-12-31}''::public.dayset) AS s (d)")', 'month', true, '5874897-11-01', '5874897-12-01', '5874897-12-01', '5874897-12-31');
SAVEPOINT before;
SELECT * FROM usage_stickiness_counts('(false,,,,,,,,SELECT 1)', 'week', '2026-01-05', '2026-01-05', '2026-01-07', true);
ROLLBACK TO before;
SELECT * FROM usage_stickiness_counts('(false,,,,,,,,)', 'year', '2026-01-05', '2026-01-05', '2026-01-07', true);
ROLLBACK TO before;
SELECT * FROM usage_retention_counts('(false,,,,,,,,)', 'week', false, '2026-01-12', '2026-01-05', '2026-01-05', '2026-01-07');
ROLLBACK TO before;
SELECT * FROM usage_retention_counts('(false,,,,,,,,)', 'day', false, '0001-01-01', '0001-01-01', 'infinity', '2026-01-07');
ROLLBACK TO before;
SELECT * FROM usage_figures('', 'day', '0001-01-01', '99999-01-01', '2026-01-07', true, '{}', '(false,,,,,,,,)');
ROLLBACK TO before;
SELECT * FROM usage_figures('', 'day', '2026-01-05', '2026-01-05', '2026-01-07', true, '{}', '(false,,,,,,,,)', 367);
ROLLBACK TO before;

-- Every change adds up with what was there before to what is there after.
SELECT activity_counts(NULL, before) + activity_counts(before, after) = activity_counts(NULL, after) AS activity,
       period_counts(NULL, before, 3) + period_counts(before, after, 3) = period_counts(NULL, after, 3) AS periods,
       cohort_counts(NULL, before, 3) + cohort_counts(before, after, 3) = cohort_counts(NULL, after, 3) AS cohorts,
       activity_counts(before, after) = -activity_counts(after, before) AS backwards
  FROM users;
SELECT activity_counts(NULL, after) -> 'dau' = count_by_day(after) AS dau, activity_counts(NULL, after) -> 'wau' = count_by_day("trailing"(after, 7)) AS wau,
       activity_counts(NULL, after) -> 'mau' = count_by_day("trailing"(after, 30)) AS mau, by_week(period_counts(NULL, after, 3) -> 'weekly', 3) = count_by_day(weeks(after, 3)) AS weekly,
       by_month(period_counts(NULL, after, 3) -> 'monthly') = count_by_day(months(after)) AS monthly
  FROM users;

-- One by one it is the same, and many more users than a counter holds in its low bits.
SELECT activity_counts(before, after) = sum(map) AS activity FROM (
  SELECT before, after, activity_counts(before, after) AS map FROM users GROUP BY id, before, after) AS one_by_one;
SELECT count(*) AS days, bool_and(value = 5000) AS all_5000 FROM (SELECT activity_counts(NULL, '{2026-01-01..2026-01-10}') FROM generate_series(1, 5000)) AS counts (map), unnest(map -> 'dau');
SELECT activity_counts(CASE WHEN n % 3 = 0 THEN '{2026-01-02}'::dayset END, '{2026-01-01}') -> 'dau' AS dau FROM generate_series(1, 9000) AS n;

-- Maps of event names: at first, and after a change that adds and takes away.
CREATE TABLE maps AS
SELECT id, id % 7 AS grp,
       (SELECT dayseries_map_agg(label, '2026-01-01'::date + (random() * CASE WHEN id % 5 = 0 THEN 3000 ELSE 40 END)::int, (random() * 6 - 2)::int)
          FROM unnest(ARRAY['a', 'ab', 'b', 'c/d', 'open', 'x y']) AS label, generate_series(1, 20) WHERE random() < 0.5 AND id % 11 > 0) AS before,
       (SELECT dayseries_map_agg(label, '2026-01-01'::date + (random() * CASE WHEN id % 5 = 0 THEN 3000 ELSE 40 END)::int, (random() * 6 - 3)::int)
          FROM unnest(ARRAY['a', 'ac', 'b', 'c/d', 'open', 'zz']) AS label, generate_series(1, 20) WHERE random() < 0.3 AND id % 13 > 0) AS change
  FROM generate_series(1, 500) AS id;
ALTER TABLE maps SET (parallel_workers = 3);
ANALYZE maps;
CREATE FUNCTION pg_temp.days_of(map dayseries_map) RETURNS TABLE (label text, day date, value bigint) LANGUAGE sql IMMUTABLE AS
  'SELECT label, day, value FROM each(map), unnest(series)';
CREATE FUNCTION pg_temp.wrong_users() RETURNS TABLE (found bigint, wrong bigint) LANGUAGE sql AS $$
  WITH sums AS (
    SELECT id, grp, label, day, coalesce(sum(value) FILTER (WHERE old), 0) AS b, coalesce(sum(value) FILTER (WHERE NOT old), 0) AS c
      FROM (SELECT id, grp, true AS old, d.* FROM maps, pg_temp.days_of(before) AS d UNION ALL SELECT id, grp, false, d.* FROM maps, pg_temp.days_of(change) AS d) AS r
     GROUP BY id, grp, label, day),
  counts AS (
    SELECT grp, label, day, sum((b + c > 0)::int - (b > 0)::int) AS value FROM sums GROUP BY grp, label, day),
  found AS (
    SELECT grp, label, day, value FROM (SELECT grp, event_user_counts(before, change) AS map FROM maps GROUP BY grp) AS m, pg_temp.days_of(map))
  SELECT count(f.value), count(*) FILTER (WHERE c.value IS DISTINCT FROM f.value) FROM (SELECT * FROM counts WHERE value <> 0) AS c FULL JOIN found AS f USING (grp, label, day)
$$;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT found > 1000 AS many, wrong FROM pg_temp.wrong_users();
SET LOCAL max_parallel_workers_per_gather = 3;
SELECT found > 1000 AS many, wrong FROM pg_temp.wrong_users();
SELECT event_user_counts(NULL, before) = count_by_day(before) AS at_first, event_user_counts(NULL, before) + event_user_counts(before, change) = event_user_counts(NULL, before + change) AS after_it
  FROM (SELECT coalesce(before, '{}') AS before, coalesce(change, '{}') AS change FROM maps) AS m;

-- Maps cut by month.
SELECT * FROM each_month('{a={2026-01-31:3,2026-02-01:4,2026-05-05:5},b={2026-02-28:1,2027-01-01:7}}');
SELECT count(*) AS rows FROM each_month('{}');
SELECT month FROM each_month('{a={4714-12-01 BC:3,5874897-12-31:1}}');
SAVEPOINT before;
SELECT month FROM each_month('{a={4714-11-24 BC:3}}');
ROLLBACK TO before;
SELECT count(*) > 2000 AS many, count(*) FILTER (WHERE month <> expected_month OR part IS DISTINCT FROM expected_part) AS wrong
  FROM (SELECT id, row_number() OVER (PARTITION BY id) AS n, month, part FROM maps, each_month(before)) AS f
  FULL JOIN (SELECT id, row_number() OVER (PARTITION BY id ORDER BY m) AS n, m AS expected_month, before * daterange(m, (m + interval '1 month')::date) AS expected_part
               FROM maps, LATERAL (SELECT DISTINCT date_trunc('month', day)::date AS m FROM pg_temp.days_of(before)) AS d) AS e USING (id, n);

-- Labels under a prefix.
SELECT labels_under('{a={2026-01-01:1},"a/"={2026-01-01:2},a/b={2026-01-01:3},a/c/d={2026-01-01:4},b={2026-01-01:5}}', 'a/');
SELECT labels_under('{a={2026-01-01:1},b={2026-01-01:5}}', '') AS whole, labels_under('{a={2026-01-01:1}}', 'b') AS nothing, labels_under('{b={2026-01-01:1}}', 'a') AS nor_here, labels_under('{}', 'a') AS empty;
SELECT prefix, count(*) FILTER (WHERE (SELECT coalesce(array_agg(substr(l, length(prefix) + 1) ORDER BY l COLLATE "C"), '{}') FROM unnest(labels(before)) AS l WHERE l LIKE prefix || '_%') <> labels(labels_under(before, prefix))) AS wrong
  FROM maps, (VALUES ('a'), ('c/'), ('x'), ('z')) AS p (prefix) GROUP BY prefix ORDER BY prefix;

-- First active days.
SELECT period, first_days('{2025-12-31..2026-01-05,2026-01-09,2026-02-05,2026-04-03}', period) FROM (VALUES ('day'), ('week'), ('month'), ('quarter'), ('year')) AS p (period);
SELECT first_days('{}', 'week') AS empty, first_days('{2026-01-03,2026-01-04}', 'week', 7) AS sunday, first_days('{4714-11-24 BC..4714-11-26 BC,5874897-12-30..5874897-12-31}', 'year', 7) AS first_and_last;
SAVEPOINT before;
SELECT first_days('{2026-01-01}', 'decade');
ROLLBACK TO before;
SELECT first_days('{2026-01-01}', 'week', 0);
ROLLBACK TO before;
SELECT period, week_start, count(*) FILTER (WHERE first_days(after, period, week_start) IS DISTINCT FROM (
         SELECT coalesce(dayset_agg(day), '{}') FROM (SELECT min(day) AS day FROM unnest(after) AS day GROUP BY CASE period WHEN 'week' THEN (day - (extract(isodow FROM day)::int - week_start + 7) % 7)::timestamp ELSE date_trunc(period, day::timestamp) END) AS f)) AS wrong
  FROM users, (VALUES ('day', 1), ('week', 1), ('week', 5), ('week', 7), ('month', 1), ('quarter', 1), ('year', 1)) AS p (period, week_start)
 WHERE after IS NOT NULL GROUP BY period, week_start ORDER BY period, week_start;

-- Values of several series on the same days.
SELECT unnest(d) AS day, values_on(a, d) AS a, values_on(b, d) AS b, values_on('{}', d) AS nothing, values_on(NULL, d) AS unknown
  FROM (VALUES ('{2026-01-01..2026-01-03,2026-05-09}'::dayset, '{2025-01-01:9,2026-01-02:4,2026-01-08:1,2026-05-09:-4}'::dayseries, '{2026-01-01:1,2027-01-01:3}'::dayseries)) AS x (d, a, b);
SELECT count(*) > 5000 AS many, count(*) FILTER (WHERE value <> coalesce(value_on(series, day), 0)) AS wrong
  FROM (SELECT series, unnest(after) AS day, values_on(series, after) AS value
          FROM users, (SELECT activity_counts(NULL, after) -> 'mau' AS series FROM users) AS counts) AS v;
ROLLBACK;
