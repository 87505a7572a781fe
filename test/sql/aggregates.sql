-- Aggregates over raw events, against what plain SQL gives.
BEGIN;
SELECT setseed(0.25);
CREATE TABLE event AS
  SELECT n,
         n % 13 AS grp,
         (ARRAY['timer_stop', 'timer_start', 'manual_time_added', 'timer_stop_not', NULL])[ceil(random() * 5)] AS event_name,
         CASE WHEN random() < 0.9 THEN (random() * 40000)::integer END AS duration_seconds,
         CASE WHEN random() < 0.01 THEN '00000000-0000-0000-0000-000000000000'
              WHEN random() < 0.95 THEN id_from_bigint((random() * random() * 5000)::bigint) END AS user_id
    FROM generate_series(1, 30000) AS n;
CREATE INDEX ON event (grp, n);
CREATE FUNCTION pg_temp.plain(event) RETURNS integer
LANGUAGE sql
RETURN CASE $1.event_name WHEN 'timer_stop' THEN $1.duration_seconds END;

-- By group, with subtotals, filters and distinct rows.
WITH both_ways AS (
  SELECT grp, source,
         session_seconds_agg(event_name, duration_seconds) AS seconds,
         coalesce(sum(pg_temp.plain(event)), 0) AS plain_seconds,
         session_seconds_agg(event_name, duration_seconds) FILTER (WHERE n % 2 = 0) AS filtered,
         coalesce(sum(pg_temp.plain(event)) FILTER (WHERE n % 2 = 0), 0) AS plain_filtered,
         session_seconds_agg(DISTINCT event_name, duration_seconds) AS different,
         coalesce(sum(DISTINCT pg_temp.plain(event)), 0) AS plain_different,
         active_users(user_id) AS users,
         count(DISTINCT user_id) AS plain_users,
         active_users(user_id) FILTER (WHERE n % 3 = 0) AS filtered_users,
         count(DISTINCT user_id) FILTER (WHERE n % 3 = 0) AS plain_filtered_users,
         active_users(DISTINCT user_id) AS different_users
    FROM event, LATERAL (SELECT n % 4 AS source) AS source
   GROUP BY ROLLUP (grp, source))
SELECT count(*) AS rows,
       count(*) FILTER (WHERE seconds = plain_seconds AND filtered = plain_filtered AND different = plain_different) AS right_seconds,
       count(*) FILTER (WHERE users = plain_users AND filtered_users = plain_filtered_users AND different_users = plain_users) AS right_users,
       max(seconds) > 0 AND max(users) > 2000 AS any
  FROM both_ways;

-- Over windows that grow, that move, and that leave out rows.
WITH both_ways AS (
  SELECT session_seconds_agg(event_name, duration_seconds) OVER moving AS moving,
         coalesce(sum(pg_temp.plain(event)) OVER moving, 0) AS plain_moving,
         session_seconds_agg(event_name, duration_seconds) OVER growing AS growing,
         coalesce(sum(pg_temp.plain(event)) OVER growing, 0) AS plain_growing,
         session_seconds_agg(event_name, duration_seconds) OVER without AS without,
         coalesce(sum(pg_temp.plain(event)) OVER without, 0) AS plain_without,
         active_users(user_id) OVER growing AS growing_users,
         count(*) FILTER (WHERE is_first AND user_id IS NOT NULL) OVER growing AS plain_growing_users,
         active_users(user_id) OVER moving AS moving_users,
         (SELECT count(DISTINCT near.user_id)
            FROM event AS near
           WHERE near.grp = numbered.grp AND near.n BETWEEN numbered.n - 5 * 13 AND numbered.n + 2 * 13) AS plain_moving_users
    FROM (SELECT *, row_number() OVER (PARTITION BY grp, user_id ORDER BY n) = 1 AS is_first FROM event) AS numbered,
         LATERAL (SELECT (n, grp, event_name, duration_seconds, user_id)::event AS event) AS whole
  WINDOW moving AS (PARTITION BY grp ORDER BY n ROWS BETWEEN 5 PRECEDING AND 2 FOLLOWING),
         growing AS (PARTITION BY grp ORDER BY n),
         without AS (PARTITION BY grp ORDER BY n ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW))
SELECT count(*) AS rows,
       count(*) FILTER (WHERE moving = plain_moving AND growing = plain_growing AND without = plain_without) AS right_seconds,
       count(*) FILTER (WHERE growing_users = plain_growing_users AND moving_users = plain_moving_users) AS right_users
  FROM both_ways;

-- No rows, and no rows that count.
SELECT session_seconds_agg(event_name, duration_seconds) AS seconds, active_users(user_id) AS users FROM event WHERE false;
SELECT session_seconds_agg(NULL, 1) AS no_name, session_seconds_agg('timer_stop', NULL) AS no_duration,
       session_seconds_agg('timer_stop', -5) AS negative, active_users(NULL) AS no_user,
       active_users('00000000-0000-0000-0000-000000000000') AS all_zero;
SELECT grp, session_seconds_agg(event_name, duration_seconds) AS seconds, active_users(user_id) AS users
  FROM event WHERE false GROUP BY grp;

-- In parallel.
CREATE TEMPORARY TABLE serial AS
  SELECT grp, session_seconds_agg(event_name, duration_seconds) AS seconds, active_users(user_id) AS users
    FROM event
   GROUP BY grp;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 3;
EXPLAIN (COSTS OFF)
SELECT session_seconds_agg(event_name, duration_seconds), active_users(user_id) FROM event;
SELECT session_seconds_agg(event_name, duration_seconds) = sum(pg_temp.plain(event)) AS seconds,
       active_users(user_id) = (SELECT count(DISTINCT user_id) FROM event) AS users
  FROM (SELECT event_name, duration_seconds, user_id, event FROM event OFFSET 0) AS event;
SELECT session_seconds_agg(event_name, duration_seconds) = (SELECT sum(seconds) FROM serial) AS seconds,
       active_users(user_id) = (SELECT count(DISTINCT user_id) FROM event) AS users
  FROM event;
SET LOCAL parallel_leader_participation = off;
SELECT session_seconds_agg(event_name, duration_seconds) = (SELECT sum(seconds) FROM serial) AS seconds,
       active_users(user_id) = (SELECT count(DISTINCT user_id) FROM event) AS users
  FROM event;
EXPLAIN (COSTS OFF)
SELECT grp, session_seconds_agg(event_name, duration_seconds), active_users(user_id) FROM event GROUP BY grp;
SELECT count(*) AS wrong
  FROM (SELECT grp, session_seconds_agg(event_name, duration_seconds) AS seconds, active_users(user_id) AS users
          FROM event
         GROUP BY grp
        EXCEPT
        TABLE serial) AS differing;

-- By partition, combined in one process.
CREATE TABLE partitioned (LIKE event) PARTITION BY HASH (n);
CREATE TABLE partitioned_0 PARTITION OF partitioned FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE partitioned_1 PARTITION OF partitioned FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO partitioned TABLE event;
ANALYZE partitioned;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL enable_partitionwise_aggregate = on;
EXPLAIN (COSTS OFF)
SELECT grp, session_seconds_agg(event_name, duration_seconds), active_users(user_id) FROM partitioned GROUP BY grp;
SELECT count(*) AS wrong
  FROM (SELECT grp, session_seconds_agg(event_name, duration_seconds) AS seconds, active_users(user_id) AS users
          FROM partitioned
         GROUP BY grp
        EXCEPT
        TABLE serial) AS differing;

-- Many users, and states that overlap, contain each other and are empty.
SELECT active_users(id_from_bigint(n % 300000)) AS many FROM generate_series(1, 700000) AS n;
SELECT active_users_finalfn(active_users_combinefn(a.state, b.state)) AS together, count(*)
  FROM (VALUES (NULL::bytea),
               ('\x'),
               (active_users_transfn(NULL, id_from_bigint(1))),
               (active_users_transfn(active_users_transfn(NULL, id_from_bigint(1)), id_from_bigint(2))),
               (active_users_transfn(active_users_transfn(NULL, '00000000-0000-0000-0000-000000000000'), id_from_bigint(2)))) AS a (state),
       (VALUES (NULL::bytea),
               (active_users_transfn(active_users_transfn(NULL, id_from_bigint(3)), NULL)),
               (active_users_transfn(active_users_transfn(NULL, id_from_bigint(3)), id_from_bigint(2)))) AS b (state)
 GROUP BY together
 ORDER BY together;
SELECT active_users_finalfn(active_users_combinefn(active_users_transfn(NULL, id_from_bigint(1)),
                                                   active_users_transfn(NULL, id_from_bigint(2)))) AS two;
SELECT active_users_finalfn(NULL) AS none,
       active_users_finalfn('\x') AS empty,
       active_users_finalfn(repeat('0123456789abcdef', 3)::bytea) AS one_three_times,
       active_users_combinefn(NULL, NULL) IS NULL AS null_is_null;
ROLLBACK;

-- Sums out of range, whether added, taken away or combined; states that are none.
\set VERBOSITY sqlstate
SELECT session_seconds_agg('timer_stop', 9223372036854775807) FROM generate_series(1, 2);
SELECT session_seconds_agg('timer_start', 9223372036854775807) FROM generate_series(1, 2);
SELECT session_seconds_agg_invfn(-2, 'timer_stop', 9223372036854775807);
SELECT session_seconds_agg_combinefn(9223372036854775807, 1);
SELECT session_seconds_agg_combinefn(-9223372036854775807, -2);
SELECT active_users_finalfn('\x00');
SELECT active_users_combinefn('\x', '\x000102030405060708090a0b0c0d0e');
SELECT active_users_transfn('\x000102030405060708090a0b0c0d0e0f10', id_from_bigint(1));
