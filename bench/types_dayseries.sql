-- dayseries: adding up a million series of a month, next to a pass over the same rows that only touches them.
--
--   psql -d <a database with the extension> -f bench/types_dayseries.sql
--
-- One connection, no parallel plan, the table in memory; the best of five runs each, in turn.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET jit = off;

CREATE TEMP TABLE series AS
SELECT (SELECT dayseries_agg('2026-01-01'::date + (i * 7 + d * 3) % 31, 1 + i * d % 90) FROM generate_series(1, 12) AS d) AS s
  FROM generate_series(1, 1000000) AS i;
CREATE TEMP TABLE maps AS
SELECT (SELECT dayseries_map_agg('event ' || e, '2026-01-01'::date + (i * 7 + d * 3) % 31, 1 + i * d % 90)
          FROM generate_series(1, 12) AS d, generate_series(1, 8) AS e) AS m
  FROM generate_series(1, 100000) AS i;
VACUUM ANALYZE series, maps;

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
  (1, '1,000,000 series of a month: touch', 'SELECT count(*), sum(pg_column_size(s)) FROM series', NULL, NULL),
  (2, '1,000,000 series of a month: sum(series)', 'SELECT sum(s) FROM series', 1, 2),
  (3, '1,000,000 series of a month: sum(total(series))', 'SELECT sum(total(s)) FROM series', 1, NULL),
  (4, '100,000 maps of 8 labels and a month: touch', 'SELECT count(*), sum(pg_column_size(m)) FROM maps', NULL, NULL),
  (5, '100,000 maps of 8 labels and a month: sum(map)', 'SELECT sum(m) FROM maps', 4, NULL),
  (6, '100,000 maps of 8 labels and a month: count_by_day(map)', 'SELECT count_by_day(m) FROM maps', 4, NULL),
  (7, '100,000 maps of 8 labels and a month: sum(map -> label)', 'SELECT sum(m -> ''event 4'') FROM maps', 4, NULL);

CREATE TEMP TABLE runs AS
SELECT i, min(pg_temp.ms(query)) AS ms FROM generate_series(1, 5) AS run, queries GROUP BY i;

\pset footer off
SELECT what, runs.ms, round(runs.ms / base.ms, 2) AS "times the pass", most AS "at most"
  FROM queries
  JOIN runs USING (i)
  LEFT JOIN runs AS base ON base.i = queries.base
 ORDER BY queries.i;
