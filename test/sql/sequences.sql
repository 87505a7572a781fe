-- Aggregates over sequences of events: examples, edges, and bad input.
SET TIME ZONE 'UTC';
SET datestyle = 'ISO';
CREATE TEMPORARY TABLE visits (visitor text, ts timestamptz, page text);
INSERT INTO visits VALUES
  ('ann', '2026-03-02 09:00', 'home'), ('ann', '2026-03-02 09:05', 'search'), ('ann', '2026-03-02 09:30', 'buy'),
  ('bob', '2026-03-02 10:00', 'home'), ('bob', '2026-03-03 11:00', 'search'),
  ('cat', '2026-03-02 12:00', 'search'), ('cat', '2026-03-02 12:10', 'home'), ('cat', '2026-03-02 12:20', 'help'),
  ('cat', '2026-03-02 12:30', 'search'), ('cat', '2026-03-02 12:40', 'buy'),
  ('dan', NULL, 'home'), ('dan', '2026-03-02 08:00', NULL);

-- How far does each visitor get within an hour, and when?
SELECT visitor,
       window_funnel('1 hour', ts, page = 'home', page = 'search', page = 'buy') AS reached,
       window_funnel_times('1 hour', ts, page = 'home', page = 'search', page = 'buy') AS times,
       window_funnel('1 hour', '{strict_order}', ts, page = 'home', page = 'search', page = 'buy') AS with_nothing_between
  FROM visits
 GROUP BY visitor
 ORDER BY visitor;

-- The window includes its end, to the microsecond; a day has 24 hours.
SELECT within, window_funnel(within, ts, i = 1, i = 2)
  FROM (VALUES (1, timestamptz '2026-03-29 00:00 Europe/Berlin'), (2, '2026-03-30 01:00 Europe/Berlin')) AS r (i, ts),
       (VALUES (interval '1 day'), ('23:59:59.999999'), ('24 hours'), ('2147483647 days'), ('0')) AS w (within)
 GROUP BY within
 ORDER BY within;

-- Which pages do they come to at all, which after which, and which next?
SELECT visitor,
       retention(page = 'home', page = 'search', page = 'buy') AS kept,
       sequence_match('(?1).*(?2)(?t<=900)(?3)', ts, page = 'home', page = 'search', page = 'buy') AS match,
       sequence_count('(?2)', ts, page = 'home', page = 'search', page = 'buy') AS searches,
       sequence_next_event('forward', 'first_match', ts, page, true, page = 'home', page IN ('search', 'help')) AS then,
       sequence_next_event('backward', 'tail', ts, page, true, page = 'buy') AS before_buying,
       sequence_next_event('forward', 'head', ts, page, page <> 'help') AS first
  FROM visits
 GROUP BY visitor
 ORDER BY visitor;

-- A session ends after 20 minutes without a row.
SELECT visitor, ts, session_number(ts, '20 minutes') OVER (PARTITION BY visitor ORDER BY ts)
  FROM visits
 ORDER BY visitor, ts, page;

-- No rows.
SELECT window_funnel('1 hour', ts, true), window_funnel_times('1 hour', ts, true), retention(true),
       sequence_match('(?1)', ts, true), sequence_count('(?1)', ts, true),
       sequence_next_event('forward', 'head', ts, page, true)
  FROM visits
 WHERE false;

-- Patterns: white space, fractions, times that contradict each other, times
-- longer than time itself.
SELECT pattern, sequence_count(pattern, timestamptz '2026-03-02' + s * interval '1 s', ceil(s)::integer % 2 = 1, ceil(s)::integer % 2 = 0)
  FROM (VALUES (' (?1) '), ('(?1)	(?2)'), ('(?1)(?t == 0.25)(?2)'), ('(?1)(?t!=0.25)(?t<1.000001)(?2)'),
               ('(?1)(?t>1)(?t<1)(?2)'), ('(?1)(?t<0).'), ('(?1)(?t<=99999999999999999999)(?2)'),
               ('(?1)(?t>99999999999999999999)(?2)'), ('..'), ('.*(?1).*'), ('.*.*'), ('')) AS p (pattern),
       (VALUES (1), (2), (3), (3.25), (4), (5.5)) AS t (s)
 GROUP BY pattern
 ORDER BY pattern COLLATE "C";

-- 64 conditions.
SELECT window_funnel('1 hour', timestamptz '2026-03-02' + i * interval '1 s', VARIADIC array_fill(false, ARRAY[i - 1]) || true || array_fill(false, ARRAY[64 - i])) AS reached,
       sequence_match('(?1).*(?64)', timestamptz '2026-03-02' + i * interval '1 s', VARIADIC array_fill(false, ARRAY[i - 1]) || true || array_fill(false, ARRAY[64 - i])) AS match
  FROM generate_series(1, 64) AS i;

-- Bad input: the error and its SQLSTATE.
CREATE FUNCTION pg_temp.errors(queries text[]) RETURNS TABLE (query text, state text, message text, more text)
LANGUAGE plpgsql
AS $$
BEGIN
  FOREACH query IN ARRAY queries LOOP
    BEGIN
      EXECUTE 'SELECT ' || query || ' FROM (VALUES (1, timestamptz ''2026-03-02 09:00'', ''a''), (2, ''2026-03-02 10:00'', ''b'')) AS r (i, ts, v)';
      state := 'none';
      message := NULL;
      more := NULL;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state := RETURNED_SQLSTATE, message := MESSAGE_TEXT, more := PG_EXCEPTION_DETAIL;
      IF more = '' THEN
        GET STACKED DIAGNOSTICS more := PG_EXCEPTION_HINT;
      END IF;
    END;
    RETURN NEXT;
  END LOOP;
END
$$;
\pset format unaligned
SELECT * FROM pg_temp.errors(ARRAY[
  $$window_funnel(NULL, ts, true)$$,
  $$window_funnel(i * interval '1 h', ts, true)$$,
  $$window_funnel('1 mon', ts, true)$$,
  $$window_funnel('1 mon -30 days', ts, true)$$,
  $$window_funnel('-1 s', ts, true)$$,
  $$window_funnel('1 day -1 s', ts, true)$$,
  $$window_funnel('1 h', 'infinity', true)$$,
  $$window_funnel('1 h', '-infinity', true)$$,
  $$window_funnel('1 h', NULL::text[], ts, true)$$,
  $$window_funnel('1 h', '{NULL}', ts, true)$$,
  $$window_funnel('1 h', '{strict}', ts, true)$$,
  $$window_funnel('1 h', '{allow_reentry}', ts, true)$$,
  $$window_funnel('1 h', CASE i WHEN 1 THEN '{strict_once}' ELSE '{}' END::text[], ts, true)$$,
  $$window_funnel('1 h', ts, VARIADIC NULL::boolean[])$$,
  $$window_funnel('1 h', ts, VARIADIC '{}'::boolean[])$$,
  $$window_funnel('1 h', ts, VARIADIC '{{t},{f}}'::boolean[])$$,
  $$window_funnel('1 h', ts, VARIADIC array_fill(true, ARRAY[i]))$$,
  $$window_funnel('1 h', ts, VARIADIC array_fill(true, ARRAY[65]))$$,
  $$window_funnel_times('1 mon', ts, true)$$
]);
SELECT * FROM pg_temp.errors(ARRAY[
  $$retention(VARIADIC NULL::boolean[])$$,
  $$retention(VARIADIC '{}'::boolean[])$$,
  $$retention(VARIADIC array_fill(true, ARRAY[i]))$$,
  $$retention(VARIADIC array_fill(true, ARRAY[65]))$$
]);
SELECT * FROM pg_temp.errors(ARRAY[
  $$sequence_match(NULL, ts, true)$$,
  $$sequence_match('(?' || i || ')', ts, true, false)$$,
  $$sequence_match('(?1)', 'infinity', true)$$,
  $$sequence_match('(?1)', ts, VARIADIC NULL::boolean[])$$,
  $$sequence_match('(?1)', ts, VARIADIC '{}'::boolean[])$$,
  $$sequence_match('(?1)', ts, VARIADIC array_fill(true, ARRAY[i]))$$,
  $$sequence_count('(?1)', ts, VARIADIC array_fill(true, ARRAY[65]))$$
]);
SELECT * FROM pg_temp.errors(ARRAY(
  SELECT format('sequence_count(%L, ts, true, false)', pattern)
    FROM (VALUES (1, '(?0)'), (2, '(?3)'), (3, '(?99999999999999999999999)'), (4, '(?)'), (5, '(? 1)'), (6, '(?1'), (7, '(?1 )'),
                 (8, '(?t<5)(?1)'), (9, '(?1)(?t<5)'), (10, '.*(?t<5)(?1)'), (11, '(?1)(?t<5).*'),
                 (12, '(?1)(?t=5)(?1)'), (13, '(?1)(?t<>5)(?1)'), (14, '(?1)(?t<-5)(?1)'), (15, '(?1)(?t<)(?1)'),
                 (16, '(?1)(?t<.5)(?1)'), (17, '(?1)(?t<5.)(?1)'), (18, '(?1)(?t<0.0000001)(?1)'), (19, '(?1)(?t<1 2)(?1)'),
                 (20, '(?1)(?t5)(?1)'), (21, '(?1)+'), (22, '(?1). *'), (23, '1'), (24, 'é(?1)'), (25, '(?1)é')) AS p (n, pattern)
   ORDER BY n)) AS e;
SELECT * FROM pg_temp.errors(ARRAY[
  $$sequence_next_event(NULL, 'head', ts, v, true)$$,
  $$sequence_next_event('onward', 'head', ts, v, true)$$,
  $$sequence_next_event('forward', NULL, ts, v, true)$$,
  $$sequence_next_event('forward', 'middle', ts, v, true)$$,
  $$sequence_next_event('forward', 'tail', ts, v, true)$$,
  $$sequence_next_event('backward', 'head', ts, v, true)$$,
  $$sequence_next_event(CASE i WHEN 1 THEN 'forward' ELSE 'backward' END, 'first_match', ts, v, true)$$,
  $$sequence_next_event('forward', CASE i WHEN 1 THEN 'head' ELSE 'first_match' END, ts, v, true)$$,
  $$sequence_next_event('forward', 'head', 'infinity', v, true)$$,
  $$sequence_next_event('forward', 'head', ts, v, true, VARIADIC NULL::boolean[])$$,
  $$sequence_next_event('forward', 'head', ts, v, true, VARIADIC array_fill(true, ARRAY[i]))$$,
  $$sequence_next_event('forward', 'head', ts, v, true, VARIADIC array_fill(true, ARRAY[65]))$$
]);
SELECT * FROM pg_temp.errors(ARRAY[
  $$session_number(ts, NULL) OVER (ORDER BY ts)$$,
  $$session_number(ts, i * interval '1 h') OVER (ORDER BY ts)$$,
  $$session_number(ts, '1 mon') OVER (ORDER BY ts)$$,
  $$session_number(ts, '-1 h') OVER (ORDER BY ts)$$,
  $$session_number(ts, '1 h') OVER (ORDER BY ts DESC)$$,
  $$session_number('infinity', '1 h') OVER (ORDER BY ts)$$
]);
\pset format aligned

-- What a parallel worker found is checked against what others did.
CREATE TABLE constants AS
  SELECT i, timestamptz '2026-03-02' + i * interval '1 s' AS ts FROM generate_series(1, 20000) AS i;
ANALYZE constants;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF)
SELECT window_funnel('1 h', ts, true), sequence_match('(?1)', ts, true), retention(true),
       sequence_next_event('forward', 'head', ts, i::text, true)
  FROM constants;
\set SHOW_CONTEXT never
SELECT window_funnel(CASE WHEN i < 20000 THEN '1 h' ELSE '2 h' END::interval, ts, true) FROM constants;
SELECT sequence_match(CASE WHEN i < 20000 THEN '(?1)' ELSE '.' END, ts, true) FROM constants;
SELECT retention(VARIADIC array_fill(true, ARRAY[1 + i / 20000])) FROM constants;
SELECT sequence_next_event('forward', CASE WHEN i < 20000 THEN 'head' ELSE 'first_match' END, ts, i::text, true) FROM constants;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Memory is limited.
SET usage_analytics.sequence_memory = '64kB';
SET max_parallel_workers_per_gather = 0;
SELECT window_funnel('1 h', ts, true) FROM constants WHERE i <= 1000;
SELECT window_funnel('1 h', ts, true) FROM constants;
SELECT sequence_count('(?1)', ts, true) FROM constants;
SELECT sequence_next_event('forward', 'head', ts, i::text, true) FROM constants;
RESET max_parallel_workers_per_gather;
RESET usage_analytics.sequence_memory;
DROP TABLE constants;
DROP TABLE visits;
