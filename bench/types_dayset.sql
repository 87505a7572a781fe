-- dayset: counting a million sets by day, next to a pass over the same rows that only touches them; and collecting ten
-- million days into sets, next to min() and to range_agg() of the same rows.
--
--   psql -d <a database with the extension> -f bench/types_dayset.sql
--
-- One connection, no parallel plan, the tables in memory; the median of some runs each, in turn.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET work_mem = '256MB';
SELECT setseed(0.5) \g /dev/null

-- Every two of 1000 sets together: a million sets of a year, each with 40 % of its days.
CREATE TEMP TABLE halves AS
SELECT id, dayset_agg('2025-01-01'::date + day) AS days
  FROM generate_series(1, 2000) AS id, generate_series(0, 364) AS day
 WHERE random() < 1 - sqrt(0.6)
 GROUP BY id;
CREATE TEMP TABLE sets AS
SELECT a.id * 1000 + b.id AS id, a.days + b.days AS days FROM halves AS a, halves AS b WHERE a.id <= 1000 AND b.id > 1000;

-- Ten million events of a year in the order in which they happened, of few and of many users.
CREATE TEMP TABLE events AS
SELECT '2025-01-01'::date + (i * 365 / 10000000)::int AS day, (random() * 9999)::int AS one_of_ten_thousand, (random() * 99999)::int AS one_of_a_hundred_thousand
  FROM generate_series(0::bigint, 9999999) AS i;
VACUUM ANALYZE sets, events;

CREATE FUNCTION pg_temp.ms(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  started timestamptz := clock_timestamp();
BEGIN
  EXECUTE query;
  RETURN round(extract(epoch FROM clock_timestamp() - started) * 1000, 1);
END
$$;

CREATE TEMP TABLE queries (i int, what text, query text, base int, most numeric);
INSERT INTO queries VALUES
  (1, '1,000,000 sets of a year: touch', 'SELECT count(*), sum(pg_column_size(days)) FROM sets', NULL, NULL),
  (2, '1,000,000 sets of a year: sum(cardinality(days))', 'SELECT sum(cardinality(days)) FROM sets', 1, NULL),
  (3, '1,000,000 sets of a year: count_by_day(days)', 'SELECT count_by_day(days) FROM sets', 1, 1.5),
  (4, '1,000,000 sets of a year: count_by_day(trailing(days, 30))', 'SELECT count_by_day("trailing"(days, 30)) FROM sets', 1, 2.5),
  (5, '1,000,000 sets of a year: count_by_day(weeks(days))', 'SELECT count_by_day(weeks(days)) FROM sets', 1, NULL),
  (6, '1,000,000 sets of a year: count_by_day(months(days))', 'SELECT count_by_day(months(days)) FROM sets', 1, NULL),
  (7, '10,000,000 days of 10,000 users: min(day)', 'SELECT count(m) FROM (SELECT min(day) AS m FROM events GROUP BY one_of_ten_thousand OFFSET 0) AS s', NULL, NULL),
  (8, '10,000,000 days of 10,000 users: dayset_agg(day)', 'SELECT count(m) FROM (SELECT dayset_agg(day) AS m FROM events GROUP BY one_of_ten_thousand OFFSET 0) AS s', 7, 1.5),
  (9, '10,000,000 days of 10,000 users: range_agg(…)', 'SELECT count(m) FROM (SELECT range_agg(daterange(day, day, ''[]'')) AS m FROM events GROUP BY one_of_ten_thousand OFFSET 0) AS s', 8, NULL),
  (10, '10,000,000 days of 100,000 users: min(day)', 'SELECT count(m) FROM (SELECT min(day) AS m FROM events GROUP BY one_of_a_hundred_thousand OFFSET 0) AS s', NULL, NULL),
  (11, '10,000,000 days of 100,000 users: dayset_agg(day)', 'SELECT count(m) FROM (SELECT dayset_agg(day) AS m FROM events GROUP BY one_of_a_hundred_thousand OFFSET 0) AS s', 10, NULL);

CREATE TEMP TABLE runs AS
SELECT i, percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS ms
  FROM (SELECT i, pg_temp.ms(query) AS ms FROM generate_series(1, 5) AS run, queries WHERE i <= 6 OR run <= 3 OFFSET 0) AS timed
 GROUP BY i;

\pset footer off
SELECT queries.what, runs.ms, round(runs.ms / base.ms, 2) AS "times", base.what AS "of", most AS "at most"
  FROM queries
  JOIN runs USING (i)
  LEFT JOIN (SELECT i, substr(what, strpos(what, ': ') + 2) AS what, ms FROM queries JOIN runs USING (i)) AS base ON base.i = queries.base
 ORDER BY queries.i;
