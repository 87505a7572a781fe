-- How far it goes: names, dates and sums at their ends.
\set VERBOSITY terse
SET jit = off;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
BEGIN;
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role)
SELECT id_from_bigint(n), id_from_bigint(1), 'member' FROM generate_series(11, 14) AS n;

-- 100,000 different event names of one user in a month, some of them every
-- day, and 10,000 of another's with the longest names there may be
SAVEPOINT names;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(11), id_from_bigint(1), 'event ' || n, '2026-01-01'::timestamptz + n % 31 * interval '1 day', n % 7
  FROM generate_series(1, 100000) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(12), id_from_bigint(1), lpad(n::text, 200, 'x'), '2026-01-31'::timestamptz FROM generate_series(1, 10000) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(11), id_from_bigint(1), 'event ' || n, '2026-01-01'::timestamptz + day * interval '1 day'
  FROM generate_series(50000, 100000, 50000) AS n, generate_series(0, 30) AS day;
SELECT * FROM verify_rollups();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM verify_rollups();
SELECT user_id = id_from_bigint(11) AS first, count(*), sum(cardinality(events)) AS names, pg_column_size(string_agg(events::text, '')) > 1000000 AS long
  FROM usage_rollup
 GROUP BY 1
 ORDER BY 1 DESC;
-- One more, and one taken back
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'event 77777', '2026-01-31 12:00');
DELETE FROM fct_event WHERE event_name = 'event 77778';
SELECT usage_refresh();
SELECT events -> 'event 77777' AS one_more, events -> 'event 77778' AS one_less FROM usage_rollup WHERE user_id = id_from_bigint(11);
SELECT count(*), sum(events) AS events, sum(users) AS users
  FROM feature_adoption;
SELECT count(*), sum(events), sum(users)
  FROM (SELECT event_ts::date, event_name, count(*) AS events, count(DISTINCT user_id) AS users FROM fct_event GROUP BY 1, 2) AS plain;
ROLLBACK TO names;

-- The first and the last day there are. What would begin before the first
-- month is refused: the calendar begins within November 4714 BC.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at, duration_seconds)
VALUES (id_from_bigint(11), id_from_bigint(1), 'timer_stop', '4714-12-01 00:00:00 BC', '2026-02-02', 1),
       (id_from_bigint(11), id_from_bigint(1), 'timer_stop', '0001-12-31 23:59:59 BC', '4714-11-24 00:00:00 BC', 2),
       (id_from_bigint(12), id_from_bigint(1), 'timer_stop', '0001-01-01 00:00:00', '0001-01-01 00:00:00', 3),
       (id_from_bigint(12), id_from_bigint(1), 'timer_stop', '2026-02-01', '294276-12-31 23:59:59.999999', 4),
       (id_from_bigint(13), id_from_bigint(1), 'timer_stop', '294276-12-31 23:59:59.999999', '2026-02-02', 5),
       (id_from_bigint(13), id_from_bigint(1), 'timer_stop', '294276-12-31 00:00:00', '294276-12-31 23:59:59.999999', 6);
SAVEPOINT refused;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'a', '4714-11-30 23:59:59 BC');
ROLLBACK TO refused;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'a', 'infinity');
ROLLBACK TO refused;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'a', '-infinity');
ROLLBACK TO refused;
SELECT * FROM verify_rollups();
SELECT usage_refresh();
SELECT * FROM verify_rollups();
SELECT bigint_from_id(user_id) AS "user", days FROM user_activity ORDER BY 1;
SELECT bigint_from_id(user_id) AS "user", activity_date, events, work_seconds FROM user_daily_activity ORDER BY activity_date;
-- Every view can be read.
CREATE FUNCTION pg_temp.views()
RETURNS TABLE (name text, number bigint)
LANGUAGE plpgsql AS $$
BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' ORDER BY relname COLLATE "C" LOOP
    EXECUTE format('SELECT count(*) FROM (SELECT * FROM public.%I OFFSET 0) AS v', name) INTO number;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT name, number FROM pg_temp.views() WHERE name NOT IN ('usage_today', 'usage_status', 'metric_catalog') AND number < 1000;
-- Series go from the first day to the last that is not in the future.
SELECT min(week_start), max(week_start), count(*) = (max(week_start) - min(week_start)) / 7 + 1 AS all_weeks, max(active_users) FROM weekly_active_users;
SELECT activity_date, events, late_1h, late_24h, late_72h FROM late_arrivals ORDER BY activity_date;
-- In a zone where the last day is one later, and the day after the last month
SAVEPOINT zone;
SELECT set_usage_time_zone('Asia/Kolkata'), set_usage_week_start(7);
SELECT * FROM verify_rollups();
SELECT max(activity_date) FROM user_daily_activity;
SELECT max(week_start) FROM user_weekly_activity;
SELECT max(activity_date) FROM late_arrivals;
SELECT max(week_start) FROM user_lifecycle_weekly;
ROLLBACK TO zone;
-- One in which the first event comes before the first month
SELECT set_usage_time_zone('America/Bogota');
ROLLBACK TO names;

-- Sums at the edge of bigint: as if a user had worked that long. The rest is an
-- event's own, whose duration is an integer.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
VALUES (id_from_bigint(11), id_from_bigint(1), 'timer_stop', '2026-01-05', 2147483647);
CREATE FUNCTION pg_temp.add_seconds(seconds bigint)
RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO usage_pending (account_id, user_id, month, events, seconds, sources, lags)
  VALUES (id_from_bigint(1), id_from_bigint(11), '2026-01-01', '{}', dayseries_map('timer_stop', dayseries('2026-01-05', seconds)), '{}', '{}');
$$;
SELECT pg_temp.add_seconds(9223372036854775807 - 2147483647);
SELECT bigint_from_id(user_id) AS "user", work_seconds FROM user_daily_activity;
SELECT usage_refresh();
SELECT bigint_from_id(user_id) AS "user", work_seconds FROM user_daily_activity;
SELECT work_seconds FROM account_daily_usage;

-- A second more does no harm to who writes; figures that need the sum fail, and so does a fold.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
VALUES (id_from_bigint(12), id_from_bigint(1), 'timer_stop', '2026-01-05', 1);
SAVEPOINT beyond;
SELECT bigint_from_id(user_id) AS "user", work_seconds FROM user_daily_activity ORDER BY 1;
SELECT work_seconds FROM account_daily_usage;
ROLLBACK TO beyond;
SELECT usage_refresh();
ROLLBACK TO beyond;
UPDATE fct_event SET user_id = id_from_bigint(11);
SAVEPOINT beyond;
SELECT work_seconds FROM user_daily_activity;
ROLLBACK TO beyond;
SELECT usage_refresh();
ROLLBACK TO beyond;

-- All is well again when it is corrected.
UPDATE fct_event SET duration_seconds = 0 WHERE duration_seconds = 1;
SELECT usage_refresh() > 0 AS folded;
SELECT work_seconds FROM account_daily_usage;
SELECT pg_temp.add_seconds(2147483647 - 9223372036854775807);
SELECT usage_refresh();
SELECT work_seconds FROM account_daily_usage;
SELECT * FROM verify_rollups();
ROLLBACK;
RESET TimeZone;
RESET DateStyle;
RESET jit;
