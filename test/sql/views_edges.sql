-- Every view of the model gives what plain SQL over the events gives, to the row,
-- where the definitions have their edges. Each comparison prints what differs.
SET jit = off;
SET client_min_messages = warning;
BEGIN;
\getenv inputdir PG_ABS_SRCDIR
\set ECHO none
\set file :inputdir '/reference.sql'
\i :file
\set file :inputdir '/compare.sql'
\i :file
\set file :inputdir '/random_history.sql'
\i :file
\set ECHO all

-- The comparison sees a difference where there is one, on either side.
CREATE VIEW reference.usage_settings AS SELECT time_zone, 8 AS week_start FROM public.usage_settings;
SELECT * FROM reference.differences('{usage_settings}');
DROP VIEW reference.usage_settings;

-- All differences: with what is pending, and folded.
CREATE FUNCTION pg_temp.differences()
RETURNS TABLE (state text, view_name text, side text, "row" text)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT 'pending', d.* FROM reference.differences() AS d;
  PERFORM usage_refresh();
  RETURN QUERY SELECT 'folded', d.* FROM reference.differences() AS d;
  RETURN QUERY SELECT 'folded', 'verify_rollups', NULL, v::text FROM verify_rollups() AS v;
END $$;

-- Differences of what goes by weeks, under each first day of the week.
CREATE FUNCTION pg_temp.differences_by_week_start()
RETURNS TABLE (week_start integer, view_name text, side text, "row" text)
LANGUAGE plpgsql AS $$
BEGIN
  FOR week_start IN 1 .. 7 LOOP
    PERFORM set_usage_week_start(week_start);
    RETURN QUERY
      SELECT week_start, d.*
        FROM reference.differences('{weekly_active_users,user_weekly_activity,retention_weekly,user_lifecycle_weekly}') AS d;
  END LOOP;
END $$;

-- Differences of random models, fresh and after changes.
CREATE FUNCTION pg_temp.differences_by_seed(seeds integer[], last_day date DEFAULT NULL)
RETURNS TABLE (seed integer, changes integer, state text, view_name text, side text, "row" text)
LANGUAGE plpgsql AS $$
BEGIN
  FOREACH seed IN ARRAY seeds LOOP
    BEGIN
      PERFORM reference.random_model(seed, 1 + seed % 5, 10 + seed, 30 + 20 * (seed % 4), 600, last_day);
      FOR changes IN 0 .. 80 BY 80 LOOP
        RETURN QUERY SELECT seed, changes, d.* FROM pg_temp.differences() AS d;
        PERFORM reference.random_change(seed + changes, 80);
      END LOOP;
      -- The next seed starts from nothing.
      RAISE EXCEPTION USING ERRCODE = 'UA000';
    EXCEPTION WHEN SQLSTATE 'UA000' THEN
      NULL;
    END;
  END LOOP;
END $$;

CREATE VIEW pg_temp.today AS SELECT (now() AT TIME ZONE time_zone)::date AS today, time_zone FROM usage_settings;

-- Nothing at all: series and reports are empty, data_quality has its checks.
SELECT * FROM pg_temp.differences();
SELECT (SELECT count(*) FROM daily_active_users) AS days,
       (SELECT count(*) FROM weekly_active_users) AS weeks,
       (SELECT count(*) FROM monthly_active_users) AS months,
       (SELECT count(*) FROM account_health) AS accounts,
       (SELECT count(*) FROM data_quality) >= 10 AS has_checks,
       (SELECT sum(events) FROM data_quality) AS suspects,
       (SELECT count(share) FROM data_quality) AS shares;
SAVEPOINT nothing;

-- Accounts and users, but no event.
INSERT INTO dim_account (account_id, account_name, plan_tier) VALUES (id_from_bigint(1), 'One', 'team'), (id_from_bigint(2), 'Two', 'free');
INSERT INTO dim_user (user_id, account_id, role, created_at, activated_at) VALUES
  (id_from_bigint(1), id_from_bigint(1), 'member', now() - interval '500 days', now() - interval '499 days'),
  (id_from_bigint(2), id_from_bigint(1), 'admin', now() - interval '500 days', NULL);
SELECT * FROM pg_temp.differences();
SELECT account_name, as_of_date, seats, activated_seats, active_users_28d, seat_utilisation, work_seconds_28d, last_active_date
  FROM account_health
 ORDER BY account_name;
SAVEPOINT no_event;

-- One event, today.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(1), id_from_bigint(1), 'timer_stop', today::timestamp AT TIME ZONE time_zone, 28800 FROM pg_temp.today;
SELECT * FROM pg_temp.differences();
SELECT dau, wau, mau, stickiness, is_complete FROM daily_active_users;
SELECT active_users, is_complete FROM weekly_active_users;
SELECT active_users, is_complete FROM monthly_active_users;
SELECT weeks_since, cohort_size, retained_users, retention_rate, is_complete FROM retention_weekly;
SELECT new_users, returning_users, resurrected_users, dormant_users, is_complete FROM user_lifecycle_weekly;
SELECT count(*) AS buckets, sum(users) AS users, sum(active_days * users) AS days FROM active_days_histogram;
ROLLBACK TO no_event;

-- One event long ago: the series stop there, complete.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(1), id_from_bigint(1), 'app_open', (today - 400)::timestamp AT TIME ZONE time_zone FROM pg_temp.today;
SELECT * FROM pg_temp.differences();
SELECT activity_date - today AS day, dau, wau, mau, stickiness, is_complete FROM daily_active_users, pg_temp.today;
SELECT active_users, is_complete FROM weekly_active_users;
SELECT active_users, is_complete FROM monthly_active_users;
SELECT weeks_since, cohort_size, retained_users, retention_rate, is_complete FROM retention_weekly;

-- A second one the day before today: everything between is filled with zeros.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(2), id_from_bigint(1), 'app_open', (today - 1)::timestamp AT TIME ZONE time_zone FROM pg_temp.today;
SELECT * FROM pg_temp.differences();
SELECT count(*) AS days, sum(dau) AS dau, sum(wau) AS wau, sum(mau) AS mau, count(stickiness) AS with_stickiness, bool_and(is_complete) AS is_complete FROM daily_active_users;
ROLLBACK TO no_event;

-- Only future events: tomorrow, and in a year.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(1), id_from_bigint(1), 'app_open', (today + ahead)::timestamp AT TIME ZONE time_zone FROM pg_temp.today, unnest('{1,365}'::integer[]) AS ahead;
SELECT * FROM pg_temp.differences();
SELECT (SELECT count(*) FROM daily_active_users) AS days,
       (SELECT count(*) FROM weekly_active_users) AS weeks,
       (SELECT count(*) FROM monthly_active_users) AS months,
       (SELECT count(*) FROM retention_weekly) AS cohorts,
       (SELECT count(as_of_date) FROM account_health) AS as_of_dates;

-- The same beside past ones: the last moment of today counts, the first of tomorrow does not.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(2), id_from_bigint(1), 'app_open', (today + 1)::timestamp AT TIME ZONE time_zone - interval '1 microsecond' FROM pg_temp.today;
SELECT * FROM pg_temp.differences();
SELECT activity_date = today AS is_today, dau, wau, mau, is_complete FROM daily_active_users, pg_temp.today;
SELECT active_users, is_complete FROM weekly_active_users;
SELECT sum(users) AS users FROM active_days_histogram;
SELECT * FROM pg_temp.differences_by_week_start();
ROLLBACK TO no_event;

-- The edges of the windows: 6 and 7, 27 and 28, 29 and 30, 55 and 56 days before the as-of day.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(1 + i % 2), id_from_bigint(1), name, (today - i)::timestamp AT TIME ZONE time_zone, 1
  FROM pg_temp.today, unnest('{0,6,7,27,28,29,30,55,56}'::integer[]) AS i, unnest('{timer_stop,task_completed}'::text[]) AS name;
SELECT * FROM pg_temp.differences();
SELECT * FROM pg_temp.differences_by_week_start();
SELECT active_users_7d, active_users_28d, work_seconds_28d, work_seconds_previous_28d, tasks_completed_28d, tasks_completed_previous_28d
  FROM account_health
 WHERE account_name = 'One';
ROLLBACK TO no_event;

-- Clocks that were never set, or are far ahead: a stray day makes a long series, and no fault.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at, source)
SELECT id_from_bigint(1), id_from_bigint(1), 'app_open', moment, now(), 'web'
  FROM unnest('{1969-12-31 23:59:59+00,1999-01-01 00:00+00,9999-12-31 23:59:59+00,294276-12-30 00:00+00}'::timestamptz[]) AS moment;
SELECT * FROM pg_temp.differences();
SELECT min(activity_date), sum(dau) AS dau, sum(mau) AS mau FROM daily_active_users;
SELECT count(*), max(week_start) FROM user_weekly_activity;
TRUNCATE fct_event;
SELECT * FROM pg_temp.differences();
SELECT count(*) FROM daily_active_users;
ROLLBACK TO nothing;

-- Random models: fresh, and after 80 random statements.
SELECT * FROM pg_temp.differences_by_seed('{1,2,3,4,5}');
ROLLBACK TO nothing;

-- Weeks that begin on any day, before and after the events are there.
SELECT set_usage_week_start(7);
SELECT * FROM pg_temp.differences_by_seed('{11}');
SELECT reference.random_model(13, 4, 20, 120, 800);
SELECT * FROM pg_temp.differences_by_week_start();
SELECT DISTINCT extract(isodow FROM week_start) AS isodow FROM weekly_active_users;
ROLLBACK TO nothing;

-- Zones with daylight saving, ahead of and behind UTC, by half an hour, by half a
-- day and more, and one that skipped 30 December 2011.
SELECT set_usage_time_zone('America/New_York');
SELECT * FROM pg_temp.differences_by_seed('{21}');
SELECT * FROM pg_temp.differences_by_seed('{23}', '2025-11-20');
ROLLBACK TO nothing;
SELECT set_usage_time_zone('America/St_Johns');
SELECT * FROM pg_temp.differences_by_seed('{24}');
SELECT * FROM pg_temp.differences_by_seed('{25}', '2010-11-15');
ROLLBACK TO nothing;
SELECT set_usage_time_zone('Asia/Kolkata');
SELECT * FROM pg_temp.differences_by_seed('{26}');
ROLLBACK TO nothing;
SELECT set_usage_time_zone('Pacific/Kiritimati');
SELECT * FROM pg_temp.differences_by_seed('{27}');
ROLLBACK TO nothing;
SELECT set_usage_time_zone('Pacific/Apia');
SELECT * FROM pg_temp.differences_by_seed('{28}', '2012-01-15');
SELECT reference.random_model(30, 4, 20, 60, 800, '2012-01-15');
SELECT * FROM pg_temp.differences_by_week_start();
SELECT dau FROM daily_active_users WHERE activity_date = '2011-12-30';
ROLLBACK TO nothing;

-- A zone set while the events are there, and set back.
SELECT reference.random_model(31, 4, 20, 120, 800);
CREATE TABLE pg_temp.before AS SELECT * FROM user_daily_activity;
SELECT set_usage_time_zone('Asia/Kolkata');
SELECT * FROM pg_temp.differences();
SELECT count(*) > 0 AS changed FROM (SELECT * FROM user_daily_activity EXCEPT ALL SELECT * FROM pg_temp.before) AS d;
SELECT set_usage_time_zone('UTC');
SELECT * FROM pg_temp.differences();
SELECT count(*) AS changed FROM (SELECT * FROM user_daily_activity EXCEPT ALL SELECT * FROM pg_temp.before) AS d;

-- The session's own zone and styles change nothing.
SET LOCAL TimeZone = 'Pacific/Auckland';
SET LOCAL DateStyle = 'German, DMY';
SET LOCAL IntervalStyle = 'sql_standard';
SELECT * FROM pg_temp.differences();
-- Half a year in the session's zone is an hour more or less than its days; a lag is not.
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'team');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(1), id_from_bigint(1), 'member');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at)
SELECT id_from_bigint(1), id_from_bigint(1), 'app_open', event_ts, event_ts + (now() - (today - 181)::timestamp AT TIME ZONE time_zone) + longer
  FROM pg_temp.today,
       unnest('{-30 minutes,0,30 minutes}'::interval[]) AS longer,
       unnest('{1,182}'::integer[]) AS ago,
       LATERAL (SELECT (today - ago)::timestamp AT TIME ZONE time_zone) AS e (event_ts);
SELECT * FROM pg_temp.differences();
ROLLBACK;
