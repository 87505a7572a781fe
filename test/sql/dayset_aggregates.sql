-- dayset_agg, dayset_union, dayset_intersect, active_days and count_by_day against plain SQL, in plans of every kind.
BEGIN;
SET LOCAL datestyle = 'ISO';
SET LOCAL jit = off;
SELECT setseed(0.2718);

-- By example.
SELECT dayset_agg(day) AS dayset_agg, active_days(day) AS active_days
  FROM (VALUES ('2026-01-02'::date), ('2026-01-01'), (NULL), ('2026-01-02'), ('2026-03-01')) AS rows (day);
SELECT dayset_union(days) AS dayset_union, dayset_intersect(days) AS dayset_intersect, count_by_day(days) AS count_by_day
  FROM (VALUES ('{2026-01-01..2026-01-03}'::dayset), (NULL), ('{2026-01-02..2026-01-05}'), ('{2026-01-02,2026-01-09}')) AS rows (days);

-- No rows, nothing but nulls, and sets without days.
SELECT dayset_agg(day), active_days(day), dayset_agg(moment), active_days(moment), dayset_union(days), dayset_intersect(days), count_by_day(days)
  FROM (SELECT NULL::date AS day, NULL::timestamptz AS moment, NULL::dayset AS days WHERE false) AS none;
SELECT dayset_agg(day), active_days(day), dayset_agg(moment), active_days(moment), dayset_union(days), dayset_intersect(days), count_by_day(days)
  FROM (VALUES (NULL::date, NULL::timestamptz, NULL::dayset), (NULL, NULL, NULL)) AS nulls (day, moment, days);
SELECT dayset_union(days), dayset_intersect(days), count_by_day(days) FROM (VALUES ('{}'::dayset), ('{}')) AS empty (days);

-- Infinite dates and moments are on no day.
SAVEPOINT before;
SELECT dayset_agg(day) FROM (VALUES ('2026-01-01'::date), ('infinity')) AS rows (day);
ROLLBACK TO before;
SELECT active_days(day) FROM (VALUES ('-infinity'::date)) AS rows (day);
ROLLBACK TO before;
SELECT dayset_agg(moment) FROM (VALUES ('infinity'::timestamptz)) AS rows (moment);
ROLLBACK TO before;

-- A moment's day is the one that event_day() has, in the reporting time zone.
UPDATE usage_settings SET time_zone = 'America/New_York';
SELECT dayset_agg(moment) AS in_new_york, active_days(moment) FROM (VALUES ('2026-01-01 03:00Z'::timestamptz), ('2026-07-01 03:59Z'), ('2026-07-01 04:00Z')) AS rows (moment);
UPDATE usage_settings SET time_zone = 'UTC';
SELECT dayset_agg(moment) AS in_utc, active_days(moment) FROM (VALUES ('2026-01-01 03:00Z'::timestamptz), ('2026-07-01 03:59Z'), ('2026-07-01 04:00Z')) AS rows (moment);

-- Rows of groups that differ in all that matters: few and many days, in and out of order, near and far.
CREATE TABLE activity AS
SELECT id % 300 AS grp, id % 7 AS kind, id / 300 % 20 AS part,
       CASE id % 7
         WHEN 0 THEN '2026-01-01'::date + (id / 300) % 30
         WHEN 1 THEN '2026-01-01'::date + (id / 300)
         WHEN 2 THEN '2026-01-01'::date - (id / 300)
         WHEN 3 THEN '2020-01-01'::date + (random() * 365)::int
         WHEN 4 THEN '2000-01-01'::date + (random() * 10000)::int
         WHEN 5 THEN '4000-01-01 BC'::date + (random() * 4e6)::int
         WHEN 6 THEN CASE WHEN id % 300 >= 10 AND random() < 0.9 THEN '2026-01-01'::date + (random() * 30)::int END
       END AS day
  FROM generate_series(0, 209999) AS id;
CREATE TABLE sets AS
SELECT grp, kind, part, (range_agg(daterange(day, day, '[]')) FILTER (WHERE day IS NOT NULL))::dayset AS days FROM activity GROUP BY grp, kind, part;
ALTER TABLE activity SET (parallel_workers = 3);
ALTER TABLE sets SET (parallel_workers = 3);
ANALYZE activity, sets;
SELECT count(*) > 20000 AS many, count(*) - count(days) > 0 AS some_null, min(cardinality(days)) < 3 AND max(cardinality(days)) = 5 AS small FROM sets;

-- The answers of each aggregate, computed by plain SQL.
CREATE TEMP TABLE expected AS
SELECT grp, kind, (range_agg(daterange(day, day, '[]')) FILTER (WHERE day IS NOT NULL))::text AS days, count(DISTINCT day) AS active_days FROM activity GROUP BY grp, kind;
CREATE TEMP TABLE expected_counts AS
SELECT kind, day, count(*) AS value FROM sets, unnest(days) AS day GROUP BY kind, day;
CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (name text, groups_or_days_are_many boolean, wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  SELECT 'dayset_agg, active_days', count(*) > 2000, count(*) FILTER (WHERE e.days IS DISTINCT FROM a.d::datemultirange::text OR e.active_days <> a.n OR cardinality(a.d) <> a.n)
    FROM expected AS e FULL JOIN (SELECT grp, kind, dayset_agg(day) AS d, active_days(day) AS n FROM activity GROUP BY grp, kind) AS a USING (grp, kind);
  RETURN QUERY
  SELECT 'dayset_agg, active_days of moments', count(*) > 2000, count(*) FILTER (WHERE e.days IS DISTINCT FROM a.d::datemultirange::text OR e.active_days <> a.n)
    FROM expected AS e FULL JOIN (SELECT grp, kind, dayset_agg(day + time '12:00' AT TIME ZONE 'UTC') AS d, active_days(day + time '23:59' AT TIME ZONE 'UTC') AS n FROM activity GROUP BY grp, kind) AS a USING (grp, kind);
  RETURN QUERY
  SELECT 'dayset_union', count(*) > 2000, count(*) FILTER (WHERE e.days IS DISTINCT FROM a.d::datemultirange::text)
    FROM expected AS e FULL JOIN (SELECT grp, kind, dayset_union(days) AS d FROM sets GROUP BY grp, kind) AS a USING (grp, kind);
  RETURN QUERY
  SELECT 'dayset_intersect', count(*) > 200, count(*) FILTER (WHERE a.d::datemultirange IS DISTINCT FROM a.m)
    FROM (SELECT grp, dayset_intersect(days + daterange('2026-01-01', '2026-01-01'::date + 30 + part)) AS d,
                 range_intersect_agg(days::datemultirange + datemultirange(daterange('2026-01-01', '2026-01-01'::date + 30 + part))) AS m FROM sets GROUP BY grp) AS a;
  RETURN QUERY
  SELECT 'count_by_day', count(*) > 20000, count(*) FILTER (WHERE e.value IS DISTINCT FROM c.value)
    FROM expected_counts AS e FULL JOIN (SELECT kind, (unnest(count_by_day(days))).* FROM sets GROUP BY kind) AS c USING (kind, day);
END
$$;

-- One process, hashed and sorted.
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT * FROM pg_temp.wrong();
SET LOCAL enable_hashagg = off;
SELECT * FROM pg_temp.wrong();
RESET enable_hashagg;
-- Spilled to disk.
SET LOCAL work_mem = '64kB';
SELECT * FROM pg_temp.wrong();
RESET work_mem;

-- Several processes.
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT dayset_agg(day), active_days(day) FROM activity;
EXPLAIN (COSTS OFF) SELECT dayset_union(days), dayset_intersect(days), count_by_day(days) FROM sets;
EXPLAIN (COSTS OFF) SELECT kind, dayset_agg(day + time '12:00' AT TIME ZONE 'UTC') FROM activity GROUP BY kind;
SELECT * FROM pg_temp.wrong();
SELECT active_days(day) = (SELECT count(DISTINCT day) FROM activity) AS same, cardinality(dayset_agg(day)) = active_days(day) AS agree FROM activity;
RESET max_parallel_workers_per_gather;

-- ROLLUP: all levels at once.
SELECT count(*) FILTER (WHERE rolled.d IS DISTINCT FROM alone.d OR rolled.n <> alone.n) AS wrong, count(*)
  FROM (SELECT kind, part, dayset_agg(day) AS d, active_days(day) AS n FROM activity GROUP BY ROLLUP (kind, part)) AS rolled
  JOIN (SELECT kind, part, dayset_agg(day) AS d, active_days(day) AS n FROM activity GROUP BY kind, part
        UNION ALL SELECT kind, NULL, dayset_agg(day), active_days(day) FROM activity GROUP BY kind
        UNION ALL SELECT NULL, NULL, dayset_agg(day), active_days(day) FROM activity) AS alone
    ON (rolled.kind, rolled.part) IS NOT DISTINCT FROM (alone.kind, alone.part);
SELECT count(*) FILTER (WHERE rolled.c IS DISTINCT FROM alone.c) AS wrong, count(*)
  FROM (SELECT kind, count_by_day(days) AS c FROM sets GROUP BY ROLLUP (kind)) AS rolled
  JOIN (SELECT kind, count_by_day(days) AS c FROM sets GROUP BY kind UNION ALL SELECT NULL, count_by_day(days) FROM sets) AS alone
    ON rolled.kind IS NOT DISTINCT FROM alone.kind;

-- Window frames: states that are read and go on, and states that start again.
SELECT count(*) FILTER (WHERE w.so_far IS DISTINCT FROM n.so_far OR w.last_4 IS DISTINCT FROM n.last_4 OR w.counted IS DISTINCT FROM n.counted OR w.n_so_far <> n.n_so_far) AS wrong, count(*) > 500 AS many
  FROM (SELECT grp, row_number() OVER in_order AS i, dayset_agg(day) OVER so_far AS so_far, active_days(day) OVER so_far AS n_so_far,
               dayset_agg(day) OVER (in_order ROWS 3 PRECEDING) AS last_4, count_by_day(dayset(day, day + 2)) OVER so_far AS counted
          FROM activity WHERE grp < 3 WINDOW in_order AS (PARTITION BY grp ORDER BY part, day), so_far AS (in_order ROWS UNBOUNDED PRECEDING)) AS w
  JOIN (SELECT a.grp, a.i, dayset_agg(b.day) AS so_far, active_days(b.day) AS n_so_far, dayset_agg(b.day) FILTER (WHERE b.i > a.i - 4) AS last_4,
               count_by_day(dayset(b.day, b.day + 2)) AS counted
          FROM (SELECT grp, row_number() OVER (PARTITION BY grp ORDER BY part, day) AS i FROM activity WHERE grp < 3) AS a
          JOIN (SELECT grp, day, row_number() OVER (PARTITION BY grp ORDER BY part, day) AS i FROM activity WHERE grp < 3) AS b ON a.grp = b.grp AND b.i <= a.i
         GROUP BY a.grp, a.i) AS n USING (grp, i);

-- DISTINCT and FILTER.
SELECT count(*) FILTER (WHERE c IS DISTINCT FROM naive OR agreed IS NOT true) AS wrong, count(*)
  FROM (SELECT kind, count_by_day(DISTINCT days) FILTER (WHERE part < 10) AS c, dayset_agg(DISTINCT first_day(days)) = dayset_agg(first_day(days)) AS agreed FROM sets GROUP BY kind) AS a
  JOIN (SELECT kind, dayseries_agg(day, 1) AS naive FROM (SELECT DISTINCT kind, days FROM sets WHERE part < 10) AS d, unnest(days) AS day GROUP BY kind) AS n USING (kind);

-- A value that an aggregate made is as good as any: kept, read twice, aggregated again.
SELECT dayset_union(d) = (SELECT dayset_agg(day) FROM activity) AS same FROM (SELECT grp, dayset_agg(day) AS d FROM activity GROUP BY grp) AS made
UNION ALL SELECT bool_and(d = d AND cardinality(d) = cardinality(d) AND d::text::dayset = d) FROM (SELECT grp, dayset_agg(day) AS d FROM activity GROUP BY grp OFFSET 0) AS made;

-- Counts go on where 8 bits end, and where 64 days do.
SELECT count_by_day(days) = (SELECT dayseries_agg(day, n) FROM unnest(days) AS day) AS same, n
  FROM (VALUES (1), (15), (16), (17), (239), (240), (241), (255), (256), (257), (1000)) AS times (n),
       LATERAL (SELECT dayset('2025-01-01', '2026-01-31') - '2025-06-01'::date AS days) AS sets, generate_series(1, n)
 GROUP BY n, days ORDER BY n;

-- The transition functions are for aggregates only.
SAVEPOINT before;
SELECT dayset_agg_transfn('{}', '2026-01-01'::date);
ROLLBACK TO before;
SELECT count_by_day_transfn('{}', '{}');
ROLLBACK TO before;
ROLLBACK;
