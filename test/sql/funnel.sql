-- funnel() against a naive computation in SQL, on random events.
BEGIN;
SET LOCAL TIME ZONE 'UTC';
SET LOCAL client_min_messages = warning;
SELECT setseed(0.3);

INSERT INTO dim_account (account_id, plan_tier, region, created_at)
  SELECT id_from_bigint(i), (ARRAY['free', 'pro'])[1 + i % 2], (ARRAY['emea', NULL, 'apac'])[1 + i % 3], '2025-01-01'
    FROM generate_series(1, 5) AS i;
INSERT INTO dim_user (user_id, account_id, role, country, created_at)
  SELECT id_from_bigint(i), id_from_bigint(1 + i % 5), (ARRAY['admin', 'member'])[1 + i % 2], (ARRAY['de', NULL])[1 + i % 2], '2025-01-01'
    FROM generate_series(1, 60) AS i;

-- A third of the users have many events. Times are whole minutes, so that some
-- are equal. A user's events may be under another account than the user's own.
INSERT INTO fct_event (user_id, account_id, event_ts, ingested_at, event_name, source)
  SELECT id_from_bigint(i),
         id_from_bigint(1 + (i + (random() < 0.1)::integer) % 5),
         timestamptz '2026-03-01' + floor(random() * 7200) * interval '1 minute',
         '2026-03-10',
         CASE WHEN i % 3 = 0 THEN (ARRAY['open', 'start', 'stop', 'other'])[1 + floor(random() * 4)::integer]
              ELSE (ARRAY['open', 'open', 'start', 'stop', 'other', 'rare'])[1 + floor(random() ^ (1 + i % 2) * 6)::integer]
         END,
         (ARRAY['web', 'mobile', NULL])[1 + floor(random() * 3)::integer]
    FROM generate_series(1, 55) AS i, generate_series(1, CASE WHEN i % 3 = 0 THEN 400 ELSE i % 12 END);
-- An event of the future: it does not make anybody's window end.
INSERT INTO fct_event (user_id, account_id, event_ts, event_name)
  VALUES (id_from_bigint(1), id_from_bigint(2), now() + interval '10 years', 'other');
ANALYZE dim_account, dim_user, fct_event;

CREATE FUNCTION naive_funnel(steps text[], within interval, from_ts timestamptz, to_ts timestamptz, modes text[], segment text)
RETURNS TABLE (segment_value text, step integer, event_name text, users bigint, conversion_from_first numeric,
               conversion_from_previous numeric, median_seconds_from_previous numeric, immature_users bigint)
LANGUAGE sql
AS $$
  WITH events AS (
    SELECT e.*,
           ARRAY(SELECT s.name = e.event_name AND (s.i > 1 OR (e.event_ts >= from_ts AND e.event_ts < to_ts))
                   FROM unnest(steps) WITH ORDINALITY AS s (name, i) ORDER BY s.i) AS served
      FROM fct_event AS e
     WHERE event_ts >= from_ts AND event_ts <= to_ts + within
  ), searches AS (
    SELECT user_id,
           window_funnel_times(within, modes, event_ts, VARIADIC served) AS times,
           max(event_ts) FILTER (WHERE served[1]) AS latest_entry
      FROM events
     WHERE event_name = ANY (steps) OR 'strict_order' = ANY (modes)
     GROUP BY user_id
  ), users AS (
    SELECT s.*, cardinality(times) AS reached, x.segment_value
      FROM searches AS s
      JOIN dim_user AS u USING (user_id)
     CROSS JOIN LATERAL (SELECT * FROM events AS e WHERE e.user_id = s.user_id AND e.event_ts = s.times[1] AND e.served[1] ORDER BY event_id LIMIT 1) AS e
      JOIN dim_account AS a ON a.account_id = e.account_id
     CROSS JOIN LATERAL (SELECT CASE segment WHEN 'plan_tier' THEN plan_tier WHEN 'region' THEN region WHEN 'account_id' THEN e.account_id::text
                                             WHEN 'source' THEN source WHEN 'role' THEN role WHEN 'country' THEN country END AS segment_value) AS x
  ), counts AS (
    SELECT segment_value, i AS step, name AS event_name,
           (SELECT count(*) FROM users AS u WHERE u.segment_value IS NOT DISTINCT FROM g.segment_value AND reached >= i) AS users,
           (SELECT count(*) FROM users AS u WHERE u.segment_value IS NOT DISTINCT FROM g.segment_value AND reached >= 1) AS entered,
           (SELECT count(*) FROM users AS u WHERE u.segment_value IS NOT DISTINCT FROM g.segment_value AND reached >= i - 1 AND i > 1) AS before,
           (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM times[i] - times[i - 1])::float8)
              FROM users AS u WHERE u.segment_value IS NOT DISTINCT FROM g.segment_value AND reached >= i)::numeric AS median,
           (SELECT count(*) FROM users AS u
             WHERE u.segment_value IS NOT DISTINCT FROM g.segment_value AND reached = i AND i < cardinality(steps)
               AND latest_entry + within > (SELECT max(event_ts) FROM fct_event WHERE event_ts <= now())) AS immature_users
      FROM (SELECT DISTINCT segment_value FROM users UNION SELECT NULL WHERE segment IS NULL) AS g,
           unnest(steps) WITH ORDINALITY AS s (name, i)
  )
  SELECT segment_value, step, event_name, users, round(users / nullif(entered, 0)::numeric, 4), round(users / nullif(before, 0)::numeric, 4),
         median, immature_users
    FROM counts
$$;

-- What to ask for: every segment and every combination of modes that is
-- allowed, events named twice or by nobody, windows of nothing and of months,
-- periods of nothing.
CREATE TABLE questions AS
  SELECT row_number() OVER (ORDER BY m.bits, s.segment) AS id, f.steps, f.within, p.from_ts, p.to_ts, m.modes, s.segment
    FROM (SELECT bits, ARRAY(SELECT mode FROM unnest('{strict_deduplication,strict_order,strict_increase,strict_once,allow_reentry}'::text[])
                               WITH ORDINALITY AS m (mode, i) WHERE bits >> (i::integer - 1) & 1 = 1) AS modes
            FROM generate_series(0, 31) AS bits
           WHERE bits & 16 = 0 OR bits & 2 = 2) AS m
   CROSS JOIN unnest('{plan_tier,region,account_id,source,role,country,NULL}'::text[]) WITH ORDINALITY AS s (segment, i)
    JOIN (VALUES (0, '{open,start,stop}'::text[], interval '1 day'), (1, '{open,start,stop}', '1 hour'), (2, '{open}', '0'),
                 (3, '{open,other,open}', '2 days'), (4, '{open,nothing,stop}', '1 day'), (5, '{start,start,start,start}', '6 hours'),
                 (6, '{nothing,open}', '1 day'), (7, '{open,start}', '0'), (8, '[0:1]={open,rare}', '90 days')) AS f (i, steps, within)
      ON f.i = (m.bits + s.i) % 9
    JOIN (VALUES (0, timestamptz '2026-03-01', timestamptz '2026-03-04'), (1, '2026-03-01', '2026-03-30'), (2, '2026-03-05', '2026-03-05 22:00'),
                 (3, '2026-03-02', '2026-03-02'), (4, '2026-03-03', '2026-03-01')) AS p (i, from_ts, to_ts)
      ON p.i = (m.bits * 3 + s.i) % 5;

CREATE VIEW wrong AS
  SELECT count(*) AS rows,
         count(*) FILTER (WHERE users > 0) AS with_users,
         count(*) FILTER (WHERE immature_users > 0) AS with_immature_users,
         count(*) FILTER (WHERE n <> 2) AS wrong
    FROM (SELECT id, segment_value, step, event_name, users, conversion_from_first, conversion_from_previous,
                 round(median_seconds_from_previous, 6) AS median, immature_users, count(*) AS n
            FROM (SELECT id, f.* FROM questions AS q, funnel(steps, within, from_ts, to_ts, modes, segment) AS f
                  UNION ALL
                  SELECT id, f.* FROM questions AS q, naive_funnel(steps, within, from_ts, to_ts, modes, segment) AS f) AS answers
           GROUP BY id, segment_value, step, event_name, users, conversion_from_first, conversion_from_previous, median, immature_users) AS compared;
SELECT count(*) AS questions FROM questions;
SELECT rows > 600 AS rows, with_users > 300 AS with_users, with_immature_users > 50 AS with_immature_users, wrong FROM wrong;

-- Where nearly all have many events and are soon done, it goes along the
-- timeline; the answers are the same where that is not to be had.
DELETE FROM fct_event WHERE bigint_from_id(user_id) % 3 <> 0;
DELETE FROM dim_user WHERE bigint_from_id(user_id) % 3 <> 0 OR bigint_from_id(user_id) > 54;
ANALYZE dim_account, dim_user, fct_event;
SELECT pg_stat_get_xact_numscans('fct_event_user_id_event_ts_idx'::regclass) AS scans \gset
SELECT step, event_name, users FROM funnel('{open,start,stop}', '1 day', '2026-03-01', '2026-03-05');
SELECT pg_stat_get_xact_numscans('fct_event_user_id_event_ts_idx'::regclass) - :scans > 2 * count(*) AS along_timeline FROM dim_user;
SELECT rows > 500 AS rows, with_users > 300 AS with_users, wrong FROM wrong;
CREATE TABLE along_timeline AS
  SELECT id, f.*::text AS answer FROM questions AS q, funnel(steps, within, from_ts, to_ts, modes, segment) AS f;
DROP INDEX fct_event_user_id_event_ts_idx;
CREATE TABLE by_hash AS
  SELECT id, f.*::text AS answer FROM questions AS q, funnel(steps, within, from_ts, to_ts, modes, segment) AS f;
SELECT (SELECT count(*) FROM along_timeline) > 0 AS answers,
       (SELECT count(*) FROM (TABLE along_timeline EXCEPT ALL TABLE by_hash) AS d) AS missing,
       (SELECT count(*) FROM (TABLE by_hash EXCEPT ALL TABLE along_timeline) AS d) AS more;

-- A reader sees a funnel of the events that the reader may see, and needs no
-- rights on users and accounts but for their segments.
CREATE INDEX fct_event_user_id_event_ts_idx ON fct_event (user_id, event_ts) INCLUDE (event_name);
CREATE ROLE regress_funnel_reader;
GRANT SELECT ON fct_event TO regress_funnel_reader;
SET LOCAL ROLE regress_funnel_reader;
SELECT step, users FROM funnel('{open,start}', '1 day', '2026-03-01', '2026-03-05');
SAVEPOINT refused;
\set SHOW_CONTEXT never
SELECT step, users FROM funnel('{open,start}', '1 day', '2026-03-01', '2026-03-05', segment => 'role');
ROLLBACK TO refused;
RESET ROLE;
GRANT SELECT ON dim_user, dim_account TO regress_funnel_reader;
ALTER TABLE fct_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY even_users ON fct_event TO regress_funnel_reader USING (bigint_from_id(user_id) % 2 = 0);
SET LOCAL ROLE regress_funnel_reader;
SELECT step, users FROM funnel('{open,start}', '1 day', '2026-03-01', '2026-03-05');
RESET ROLE;
ALTER TABLE fct_event DISABLE ROW LEVEL SECURITY;
ALTER TABLE dim_user ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE regress_funnel_reader;
SELECT step, users FROM funnel('{open,start}', '1 day', '2026-03-01', '2026-03-05');
RESET ROLE;
DROP INDEX fct_event_user_id_event_ts_idx;

-- All of time.
SELECT step, users, immature_users FROM funnel('{open,start}', '1000000 days', '-infinity', 'infinity');
SELECT step, users, immature_users FROM funnel('{open,start}', '1000000 days', '2026-01-01', '2026-04-01');

-- Parallel workers share out the timelines of many users.
INSERT INTO dim_user (user_id, account_id, role, created_at)
  SELECT id_from_bigint(i), id_from_bigint(1), 'member', '2025-01-01' FROM generate_series(1001, 6000) AS i;
INSERT INTO fct_event (user_id, account_id, event_ts, event_name)
  SELECT id_from_bigint(1001 + i * 7 % 5000), id_from_bigint(1), timestamptz '2026-03-01' + i * interval '1 minute',
         (ARRAY['open', 'start', 'stop'])[1 + floor(random() * 3)::integer]
    FROM generate_series(1, 8000) AS i;
ANALYZE dim_user, fct_event;
CREATE INDEX fct_event_user_id_event_ts_idx ON fct_event (user_id, event_ts) INCLUDE (event_name);
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
CREATE VIEW found AS
  SELECT f.*
    FROM (SELECT funnel_users(user_id, '{open,start}', '1 day', '{}', '2026-03-01', '2026-03-09', '2026-03-10') AS found FROM dim_user) AS u
   CROSS JOIN funnel_found(u.found) AS f;
EXPLAIN (COSTS OFF) SELECT * FROM found;
CREATE VIEW searched AS
  SELECT user_id, times
    FROM (SELECT user_id, funnel_search('{open,start}', '1 day', '{}', '2026-03-01', '2026-03-09', event_ts, event_name) AS times
            FROM fct_event WHERE event_ts >= '2026-03-01' AND event_ts <= '2026-03-10' GROUP BY user_id) AS s
   WHERE times IS NOT NULL;
SELECT (SELECT count(*) FROM found) > 1000 AS found,
       (SELECT count(*) FROM (TABLE found EXCEPT ALL TABLE searched) AS d) AS more,
       (SELECT count(*) FROM (TABLE searched EXCEPT ALL TABLE found) AS d) AS missing;

-- Nobody.
DELETE FROM fct_event;
SELECT * FROM funnel('{open,start}', '1 day', '2026-03-01', '2026-03-05');
SELECT * FROM funnel('{open,start}', '1 day', '2026-03-01', '2026-03-05', segment => 'region');
ROLLBACK;

-- Bad input, also where there are no events.
CREATE FUNCTION pg_temp.errors(queries text[]) RETURNS TABLE (query text, state text, message text, more text)
LANGUAGE plpgsql
AS $$
BEGIN
  FOREACH query IN ARRAY queries LOOP
    BEGIN
      EXECUTE 'SELECT * FROM funnel(' || query || ')';
      state := 'none';
      message := NULL;
      more := NULL;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state := RETURNED_SQLSTATE, message := MESSAGE_TEXT, more := PG_EXCEPTION_HINT;
    END;
    RETURN NEXT;
  END LOOP;
END
$$;
\pset format unaligned
SELECT * FROM pg_temp.errors(ARRAY[
  $$NULL, '1 day', '2026-03-01', '2026-03-02'$$,
  $$'{}', '1 day', '2026-03-01', '2026-03-02'$$,
  $$'{{a},{b}}', '1 day', '2026-03-01', '2026-03-02'$$,
  $$'{a,NULL}', '1 day', '2026-03-01', '2026-03-02'$$,
  $$array_fill('a'::text, ARRAY[65]), '1 day', '2026-03-01', '2026-03-02'$$,
  $$'{a,b}', NULL, '2026-03-01', '2026-03-02'$$,
  $$'{a,b}', '1 mon', '2026-03-01', '2026-03-02'$$,
  $$'{a,b}', '-1 day', '2026-03-01', '2026-03-02'$$,
  $$'{a,b}', '1 day', NULL, '2026-03-02'$$,
  $$'{a,b}', '1 day', '2026-03-01', NULL$$,
  $$'{a,b}', '1 day', '2026-03-01', '2026-03-02', NULL$$,
  $$'{a,b}', '1 day', '2026-03-01', '2026-03-02', '{strict}'$$,
  $$'{a,b}', '1 day', '2026-03-01', '2026-03-02', '{allow_reentry}'$$,
  $$'{a,b}', '1 day', '2026-03-01', '2026-03-02', '{}', 'plan'$$
]);
