-- The reports give what plain SQL over the events gives, to the row, and refuse
-- what they cannot answer. Each comparison prints what differs.
SET jit = off;
SET client_min_messages = warning;
SET datestyle = 'ISO, DMY';
BEGIN;
\getenv inputdir PG_ABS_SRCDIR
\set ECHO none
\set file :inputdir '/reference.sql'
\i :file
\set file :inputdir '/compare.sql'
\i :file
\set file :inputdir '/random_history.sql'
\i :file
\set file :inputdir '/insights.sql'
\i :file
\set ECHO all

-- Some of all calls, and what is wrong with them
CREATE FUNCTION pg_temp.differences(seed integer, calls integer)
RETURNS TABLE (compared bigint, call text, side text, "row" text)
LANGUAGE sql AS $$
  WITH calls AS MATERIALIZED (
    SELECT c AS call FROM reference.report_calls(seed) AS c ORDER BY md5(seed || c) LIMIT calls
  )
  SELECT (SELECT count(*) FROM calls), d.*
    FROM (SELECT) AS one
    LEFT JOIN reference.report_differences(ARRAY(SELECT c.call FROM calls AS c)) AS d ON true
$$;

-- All calls of reports on single users
CREATE FUNCTION pg_temp.differences_of_users(seed integer)
RETURNS TABLE (compared bigint, call text, side text, "row" text)
LANGUAGE sql AS $$
  WITH calls AS MATERIALIZED (
    SELECT c AS call FROM reference.report_calls(seed) AS c WHERE c ~ '^(streaks|power_users)'
  )
  SELECT (SELECT count(*) FROM calls), d.*
    FROM (SELECT) AS one
    LEFT JOIN reference.report_differences(ARRAY(SELECT c.call FROM calls AS c)) AS d ON true
$$;

-- The comparison sees a difference where there is one.
SELECT reference.random_model(1, 6, 40, 150, 1500);
CREATE FUNCTION reference.power_users(text) RETURNS TABLE (user_id uuid, account_name text, role text, active_days integer, last_active_day date)
LANGUAGE sql AS 'SELECT user_id, account_name, role, active_days, last_active_day + 1 FROM reference.power_users(NULL, 1) LIMIT 1';
CREATE FUNCTION power_users(text) RETURNS TABLE (user_id uuid, account_name text, role text, active_days integer, last_active_day date)
LANGUAGE sql AS 'SELECT * FROM reference.power_users(NULL, 1) LIMIT 1';
SELECT side FROM reference.report_differences(ARRAY['power_users(text ''x'')']) ORDER BY side;
DROP FUNCTION power_users(text), reference.power_users(text);

-- All kinds of calls: all pending, folded, after changes, folded again
SELECT count(*), count(DISTINCT split_part(call, '(', 1)) AS reports FROM reference.report_calls(1) AS call;
SELECT * FROM pg_temp.differences(1, 40);
SELECT * FROM pg_temp.differences_of_users(1);
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.differences(2, 40);
SELECT reference.random_change(1, 100) > 0 AS changed;
SELECT * FROM pg_temp.differences(3, 40);
SELECT * FROM pg_temp.differences_of_users(3);
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.differences(4, 40);
SELECT * FROM pg_temp.differences_of_users(4);
-- The same where the executor reads the tables, here as they have children
SAVEPOINT before;
CREATE TABLE empty_activity () INHERITS (user_activity);
CREATE TABLE empty_rollup () INHERITS (account_rollup);
CREATE TABLE empty_strays () INHERITS (usage_strays);
CREATE TABLE empty_users () INHERITS (dim_user);
CREATE TABLE empty_accounts () INHERITS (dim_account);
SELECT * FROM pg_temp.differences(7, 40);
SELECT reference.random_change(2, 100) > 0 AS changed;
SELECT * FROM pg_temp.differences(8, 40);
SELECT * FROM pg_temp.differences_of_users(8);
ROLLBACK TO before;

-- In another time zone, over changes of clocks, a leap day and the ends of two years, with
-- weeks that begin on Sundays, then on Wednesdays
DO $$ BEGIN
  PERFORM set_usage_time_zone('Europe/Berlin');
  PERFORM set_usage_week_start(7);
END $$;
DELETE FROM fct_event;
SELECT reference.random_model(2, 5, 30, 400, 1200, '2024-12-31');
SELECT * FROM pg_temp.differences(5, 40);
DO $$ BEGIN PERFORM set_usage_week_start(3); END $$;
SELECT * FROM pg_temp.differences(6, 40);
-- Of a user's days, those that are settled and those that are not, before and after the
-- day: of one who has others settled, one who is new, one of two accounts, one whose only
-- day goes, and one with nothing pending.
DELETE FROM fct_event;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM unnest('{901,902}'::bigint[]) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(910 + n), id_from_bigint(CASE WHEN n <= 3 THEN 901 ELSE 902 END), 'member' FROM generate_series(1, 6) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(910 + n), id_from_bigint(900 + account), 'app_open', (date '2025-03-01' + day)::timestamptz + interval '12 hours'
  FROM (VALUES (1, 1, '{0,1,2,9}'::int[]), (3, 1, '{0}'), (3, 2, '{1,8}'), (4, 2, '{4}'), (5, 2, '{0,1,5,6,7,20}')) AS e (n, account, days), unnest(days) AS day;
SELECT usage_refresh() > 0 AS folded;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(910 + n), id_from_bigint(900 + account), 'app_open', (date '2025-03-01' + day)::timestamptz + interval '12 hours'
  FROM (VALUES (1, 1, '{3,12}'::int[]), (6, 2, '{2,3,11}'), (3, 2, '{2}')) AS e (n, account, days), unnest(days) AS day;
DELETE FROM fct_event WHERE user_id = id_from_bigint(914);
CREATE FUNCTION pg_temp.streak_differences() RETURNS TABLE (compared bigint, call text, side text, "row" text) LANGUAGE sql AS $$
  WITH calls AS (
    SELECT array_agg(format('streaks(%L::date, %s)', '2025-02-28'::date + day, coalesce(account, 'NULL'))) AS calls
      FROM generate_series(0, 25) AS day, unnest('{NULL,id_from_bigint(901),id_from_bigint(902)}'::text[]) AS account
  )
  SELECT cardinality(calls), d.* FROM calls LEFT JOIN reference.report_differences(calls) AS d ON true
$$;
SELECT * FROM pg_temp.streak_differences();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.streak_differences();
-- Of many who are found, accounts and roles are read with all others'.
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(1000 + n), id_from_bigint(901 + n % 2), 'role ' || n % 7 FROM generate_series(1, 300) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(1000 + n), id_from_bigint(901 + n % 2), 'app_open', (date '2025-03-01' + day * (1 + n % 3))::timestamptz + interval '12 hours' FROM generate_series(1, 300) AS n, generate_series(0, 4) AS day;
SELECT usage_refresh() > 0 AS folded;
SELECT count(*) FROM power_users('2025-03-20', 3);
SELECT differences.*
  FROM (SELECT) AS one
  LEFT JOIN reference.report_differences('{"power_users(''2025-03-20'', 3)","power_users(''2025-03-20'', 3, id_from_bigint(901))","power_users(''2025-03-05'', 1)"}') AS differences ON true;
ROLLBACK;

-- Calendars: weeks are ISO weeks, whatever the year; leap days; quarters; a day of 23
-- hours and one of 25.
BEGIN;
INSERT INTO dim_account (account_id, account_name, plan_tier, region) VALUES (id_from_bigint(1), 'One', 'pro', 'eu'), (id_from_bigint(2), 'Two', 'free', NULL);
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(10 + n), id_from_bigint(1), 'member' FROM generate_series(1, 3) AS n;
DO $$ BEGIN PERFORM set_usage_time_zone('Europe/Berlin'); END $$;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(10 + n), id_from_bigint(1), 'timer_stop', ts, 60
  FROM (VALUES (1, timestamptz '2023-12-31 22:59:59+00'), (2, '2023-12-31 23:00:00+00'), (1, '2024-02-29 12:00+01'),
               (3, '2024-03-30 23:30+01'), (3, '2024-03-31 23:59+02'), (2, '2024-10-26 23:30+02'), (2, '2024-10-27 23:30+01')) AS e (n, ts);
-- Sunday the 31st, still 2023, is of the last week of that year; Monday begins ISO week 1 of 2024.
SELECT period_start, to_char(period_start, 'IYYY-IW') AS iso_week, active_users, new_users FROM active_users('2023-12-31', '2024-01-07', 'week') ORDER BY 1;
SELECT period_start, active_users, new_users, is_complete FROM active_users('2023-11-15', '2025-01-01', 'quarter') ORDER BY 1;
SELECT period_start, active_users FROM active_users('2024-02-28', '2024-03-01') ORDER BY 1;
SELECT period_start, value, active_users FROM usage_trend('work_seconds', '2024-03-30', '2024-04-01') ORDER BY 1;
SELECT activity_date, active_users FROM rolling_active_users('2024-10-25', '2024-10-28', 2) ORDER BY 1;
SELECT * FROM lifecycle('2024-02-01', '2024-04-30', 'month') ORDER BY 1;

-- Whole periods count, whatever part of them is asked for; a range before the first
-- day or after the as-of day has no rows.
SELECT period_start, active_users FROM active_users('2024-01-31', '2024-02-01', 'month') ORDER BY 1;
SELECT * FROM active_users('2020-01-01', '2023-12-30');
SELECT * FROM active_users('2024-10-28', '2024-12-31', 'day');
SELECT period_start FROM active_users('0001-01-01', '9999-12-31', 'quarter') ORDER BY 1;

-- Today is no complete day, and events that are ahead of their time do not show.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(13), id_from_bigint(2), 'app_open', now()), (id_from_bigint(13), id_from_bigint(2), 'app_open', now() + interval '3 days');
SELECT max(period_start) = event_day(now()) AS until_today, bool_and(is_complete = (period_start < event_day(now()))) AS complete_but_today
  FROM active_users('2024-01-01', '2999-01-01');
SELECT count(*) FILTER (WHERE NOT is_complete) AS not_complete FROM active_users('2024-01-01', '2999-01-01', 'month');
SELECT current_streak, longest_streak, active_days, last_active_day = event_day(now()) AS until_today FROM streaks('2999-01-01') ORDER BY user_id;
-- Nobody has come today yet: yesterday's streaks go on.
DELETE FROM fct_event WHERE event_ts > '2025-01-01';
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) SELECT id_from_bigint(11), id_from_bigint(1), 'app_open', now() - n * interval '1 day' FROM generate_series(1, 3) AS n;
SELECT as_of - event_day(now()) AS as_of, (SELECT current_streak FROM streaks(as_of) WHERE user_id = id_from_bigint(11))
  FROM unnest(ARRAY[event_day(now()), event_day(now()) - 1, event_day(now()) - 3, event_day(now()) - 4]) AS as_of ORDER BY 1 DESC;
-- A segment may be null, and another account's users are not there.
SELECT segment_value, active_users FROM active_users('2024-02-29', '2024-02-29', segment => 'region');
SELECT user_id, account_name, role, active_days, event_day(now()) - last_active_day AS days_ago FROM power_users(least_days => 3);
SELECT * FROM power_users(least_days => 3, account_id => id_from_bigint(2));
SELECT active_users FROM active_users('2024-02-29', '2024-02-29', account_id => id_from_bigint(3));
ROLLBACK;

-- Nothing at all
SELECT * FROM active_users('2024-01-01', '2024-12-31');
SELECT * FROM rolling_active_users('2024-01-01', '2024-12-31', 7, 'role');
SELECT * FROM stickiness('2024-01-01', '2024-12-31');
SELECT * FROM lifecycle('2024-01-01', '2024-12-31');
SELECT * FROM retention_report('2024-01-01', '2024-12-31');
SELECT * FROM retention_report('2024-01-01', '2024-12-31', 'day', 'unbounded', 'a', 'b', 'role');
SELECT * FROM streaks();
SELECT * FROM power_users();
SELECT * FROM usage_trend('events', '2024-01-01', '2024-12-31', 'month', 'source');

-- What cannot be answered is refused.
BEGIN;
CREATE FUNCTION pg_temp.refusal(report text) RETURNS TABLE (state text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT FROM ' || report;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN NEXT;
END $$;
\x
SELECT call, refusal.*
  FROM (VALUES
    (1, $$active_users('2024-01-01', '2024-12-31', 'year')$$),
    (2, $$active_users('2024-01-01', '2024-12-31', NULL)$$),
    (3, $$active_users('2024-01-01', '2024-12-31', segment => 'plan')$$),
    (4, $$active_users('2024-12-31', '2024-01-01')$$),
    (5, $$active_users('2024-12-31', 'infinity')$$),
    (6, $$active_users(NULL, '2024-01-01')$$),
    (7, $$active_users('2024-01-01', '2024-12-31', category => 'play')$$),
    (8, $$active_users('2024-01-01', '2024-12-31', event => 'app_open', category => 'output')$$),
    (9, $$stickiness('2024-01-01', '2024-12-31', segment => 'source', event => 'app_open')$$),
    (10, $$rolling_active_users('2024-01-01', '2024-12-31', 0)$$),
    (11, $$rolling_active_users('2024-01-01', '2024-12-31', NULL)$$),
    (12, $$lifecycle('2024-01-01', '2024-12-31', segment => 'source')$$),
    (13, $$retention_report('2024-01-01', '2024-12-31', kind => 'bounded')$$),
    (14, $$usage_trend('sessions', '2024-01-01', '2024-12-31')$$),
    (15, $$usage_trend('work_seconds', '2024-01-01', '2024-12-31', segment => 'source')$$),
    (16, $$streaks('-infinity')$$),
    (17, $$power_users(least_days => 29)$$),
    (18, $$power_users(NULL, 0)$$),
    (19, $$power_users(NULL, NULL)$$),
    (20, $$power_users('infinity')$$)) AS calls (number, call)
  LEFT JOIN pg_temp.refusal(call) ON true
 ORDER BY number;
\x
ROLLBACK;

-- Every metric of the catalogue is a column of what it says, and every view and report is there.
SELECT metric, given_by
  FROM metric_catalog
 WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(given_by) AND attname = metric)
   AND NOT EXISTS (SELECT FROM pg_proc WHERE proname || '()' = given_by AND metric = ANY (proargnames));
SELECT proname
  FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND proargnames && '{segment,as_of}' AND proargmodes @> '{t}' AND proname !~ '^usage_(?!trend)'
EXCEPT
SELECT left(given_by, -2) FROM metric_catalog;

-- active_day_counts(): by number of days, on the first days of periods
SELECT period, active_day_counts(days, period, 7)
  FROM (VALUES ('{2023-12-30..2024-01-03,2024-02-29}'::dayset), ('{2024-01-06}'), ('{}'), (NULL)) AS sets (days),
       unnest('{day,week,month,quarter}'::text[]) WITH ORDINALITY AS periods (period, number)
 GROUP BY period, number
 ORDER BY number;
SELECT active_day_counts(NULL, 'week', 1);
-- of a whole quarter, and of a first week without a first day
SELECT active_day_counts('{2024-07-01..2024-09-30}', 'quarter', 1);
SELECT active_day_counts(dayset('4714-11-24 BC', '4714-11-24 BC'), 'week', 7);
SELECT active_day_counts('{2024-07-01}', 'year', 1);
SELECT active_day_counts('{2024-07-01}', NULL, 1);
SELECT active_day_counts('{2024-07-01}', 'week', 8);

-- Segments of users and accounts are looked up as they are: many values, none, and keys that are not there.
BEGIN;
INSERT INTO dim_account (account_id, plan_tier, region) SELECT id_from_bigint(n), 'plan ' || n % 23, 'region ' || nullif(n % 7, 0) FROM generate_series(1, 60) AS n;
INSERT INTO dim_user (user_id, account_id, role, country) SELECT id_from_bigint(n), id_from_bigint(1 + n % 60), 'role ' || n % 40, 'country ' || nullif(n % 31, 0) FROM generate_series(1, 2000) AS n;
SELECT segment, of_users, count(*) AS keys, count(looked_up) AS found, count(*) FILTER (WHERE looked_up IS DISTINCT FROM value) AS wrong
  FROM (SELECT 'plan_tier' AS segment, true AS of_users, usage_segment(u.user_id, 'plan_tier', true) AS looked_up, a.plan_tier AS value FROM dim_user AS u JOIN dim_account AS a USING (account_id)
        UNION ALL SELECT 'region', true, usage_segment(u.user_id, 'region', true), a.region FROM dim_user AS u JOIN dim_account AS a USING (account_id)
        UNION ALL SELECT 'account_id', true, usage_segment(user_id, 'account_id', true), account_id::text FROM dim_user
        UNION ALL SELECT 'role', true, usage_segment(user_id, 'role', true), role FROM dim_user
        UNION ALL SELECT 'country', true, usage_segment(user_id, 'country', true), country FROM dim_user
        UNION ALL SELECT 'plan_tier', false, usage_segment(account_id, 'plan_tier', false), plan_tier FROM dim_account
        UNION ALL SELECT 'region', false, usage_segment(account_id, 'region', false), region FROM dim_account
        UNION ALL SELECT 'region', false, usage_segment(id_from_bigint(n), 'region', false), NULL FROM generate_series(61, 70) AS n) AS segments
 GROUP BY segment, of_users
 ORDER BY segment, of_users;
-- as of the statement
UPDATE dim_user SET role = 'new role' WHERE user_id = id_from_bigint(5);
SELECT usage_segment(id_from_bigint(5), 'role', true);
ROLLBACK;

-- Segments that are users' own are those of the rows of user_activity, but of users in usage_strays. Where
-- these are many, all users are looked up: what is said then is the same, whoever moves or goes, and when.
BEGIN;
CREATE FUNCTION pg_temp.own_reports() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT segment || ' ' || row FROM unnest('{plan_tier,region}'::text[]) AS segment, LATERAL (
    SELECT l::text FROM lifecycle('2025-01-01', '2025-03-31', 'week', segment) AS l
    UNION ALL SELECT l::text FROM lifecycle('2025-01-01', '2025-03-31', 'month', segment) AS l
    UNION ALL SELECT r::text FROM retention_report('2025-01-01', '2025-03-31', 'week', segment => segment) AS r
    UNION ALL SELECT r::text FROM retention_report('2025-01-01', '2025-03-31', 'month', 'unbounded', segment => segment) AS r) AS rows (row)
$$;
CREATE FUNCTION pg_temp.compared(OUT rows integer, OUT strays bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
DECLARE
  few text[] := ARRAY(SELECT row FROM pg_temp.own_reports() AS row ORDER BY 1);
  many text[];
BEGIN
  SELECT cardinality(few), count(DISTINCT user_id) INTO rows, strays FROM usage_strays;
  INSERT INTO usage_strays SELECT id_from_bigint(1000) FROM generate_series(1, 1000);
  many := ARRAY(SELECT row FROM pg_temp.own_reports() AS row ORDER BY 1);
  DELETE FROM usage_strays WHERE user_id = id_from_bigint(1000);
  wrong := (SELECT count(*) FROM unnest(few, many) AS r (few, many) WHERE r.few IS DISTINCT FROM r.many);
END
$$;
CREATE FUNCTION pg_temp.events(users bigint[], account bigint, first_day date) RETURNS void LANGUAGE sql AS $$
  INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
  SELECT id_from_bigint("user"), id_from_bigint(account), 'app_open', first_day + interval '12 hours' + n * ("user" % 4 + 3) * interval '1 day'
    FROM unnest(users) AS "user", generate_series(0, 9) AS n
$$;
INSERT INTO dim_account (account_id, plan_tier, region) VALUES (id_from_bigint(1), 'pro', 'emea'), (id_from_bigint(2), 'basic', NULL), (id_from_bigint(3), 'basic', 'apac');
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 3), 'member' FROM generate_series(1, 30) AS n;
SELECT pg_temp.events(ARRAY(SELECT n FROM generate_series(1, 30) AS n WHERE 1 + n % 3 = account), account, '2025-01-06') FROM generate_series(1, 3) AS account;
SELECT usage_refresh() > 0 AS folded;
SELECT rows > 100 AS many, strays, wrong FROM pg_temp.compared();
-- moved with what they did, or before they do anything there; active where they are not, then moved there
UPDATE dim_user SET account_id = id_from_bigint(2) WHERE user_id IN (id_from_bigint(3), id_from_bigint(6));
SELECT rows > 100 AS many, strays, wrong FROM pg_temp.compared();
SELECT pg_temp.events('{3}', 2, '2025-02-06'), pg_temp.events('{9}', 3, '2025-02-06');
SELECT rows > 100 AS many, strays, wrong FROM pg_temp.compared();
SELECT usage_refresh() > 0 AS folded;
SELECT rows > 100 AS many, strays, wrong FROM pg_temp.compared();
UPDATE dim_user SET account_id = id_from_bigint(3) WHERE user_id = id_from_bigint(9);
DELETE FROM fct_event WHERE user_id = id_from_bigint(9) AND account_id = id_from_bigint(1);
SELECT rows > 100 AS many, strays, wrong FROM pg_temp.compared();
-- a user of no account of one's own: in no segment
ALTER TABLE fct_event DROP CONSTRAINT fct_event_user_id_fkey;
ALTER TABLE dim_user DISABLE TRIGGER usage_capture_delete;
DELETE FROM dim_user WHERE user_id IN (id_from_bigint(12), id_from_bigint(13));
SELECT pg_temp.events('{13,31}', 2, '2025-02-03');
SELECT rows > 100 AS many, strays, wrong FROM pg_temp.compared();
SELECT usage_refresh() > 0 AS folded;
SELECT rows > 100 AS many, strays, wrong FROM pg_temp.compared();
SELECT sum(new_users) FROM lifecycle('2025-01-01', '2025-03-31', 'week', 'plan_tier') WHERE segment_value IS NULL;
ROLLBACK;

-- One customer's figures are found by the customer's key: no table of many customers
-- is read as a whole, but for a report on everybody.
BEGIN;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 1000) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 1000), 'member' FROM generate_series(1, 5000) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) SELECT id_from_bigint(n), id_from_bigint(1 + n % 1000), 'app_open', '2026-01-01' FROM generate_series(1, 5000) AS n;
SELECT usage_refresh() > 0 AS folded;
ANALYZE;
-- Rows that a statement reads of each table, and of the tables in full scans
CREATE FUNCTION pg_temp.rows_read(statement text) RETURNS TABLE (relation name, full_scans bigint, rows_read bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_stat_force_next_flush();
  CREATE TEMPORARY TABLE scans ON COMMIT DROP AS SELECT relid, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) AS tuples FROM pg_stat_xact_user_tables;
  EXECUTE 'SELECT count(*) FROM (' || statement || ') AS report';
  RETURN QUERY
    SELECT relname, now.seq_scan - scans.seq_scan, now.seq_tup_read + coalesce(now.idx_tup_fetch, 0) - scans.tuples
      FROM pg_stat_xact_user_tables AS now JOIN scans USING (relid);
  DROP TABLE scans;
END $$;
CREATE TEMPORARY TABLE report (call text);
INSERT INTO report VALUES
  ('active_users(''2026-01-01'', ''2026-01-31'', ''week'', account_id => id_from_bigint(7))'),
  ('active_users(''2026-01-01'', ''2026-01-31'', ''week'', ''role'', account_id => id_from_bigint(7))'),
  ('active_users(''2026-01-01'', ''2026-01-31'', ''week'', event => ''app_open'', account_id => id_from_bigint(7))'),
  ('rolling_active_users(''2026-01-01'', ''2026-01-31'', 7, account_id => id_from_bigint(7))'),
  ('rolling_active_users(''2026-01-01'', ''2026-01-31'', 8, account_id => id_from_bigint(7))'),
  ('stickiness(''2026-01-01'', ''2026-01-31'', account_id => id_from_bigint(7))'),
  ('lifecycle(''2026-01-01'', ''2026-01-31'', account_id => id_from_bigint(7))'),
  ('lifecycle(''2026-01-01'', ''2026-01-31'', segment => ''role'', account_id => id_from_bigint(7))'),
  ('retention_report(''2026-01-01'', ''2026-01-31'', account_id => id_from_bigint(7))'),
  ('retention_report(''2026-01-01'', ''2026-01-31'', start_event => ''app_open'', account_id => id_from_bigint(7))'),
  ('streaks(account_id => id_from_bigint(7))'),
  ('power_users(least_days => 1, account_id => id_from_bigint(7))'),
  ('power_users(least_days => 1), for everybody'),
  ('usage_trend(''events'', ''2026-01-01'', ''2026-01-31'', account_id => id_from_bigint(7))'),
  ('usage_trend(''events'', ''2026-01-01'', ''2026-01-31'', segment => ''role'', account_id => id_from_bigint(7))');
SELECT call, relation, full_scans > 0 AS in_full
  FROM report, pg_temp.rows_read('SELECT * FROM ' || split_part(call, ', for', 1))
 WHERE full_scans > 0 AND relation IN ('dim_account', 'dim_user', 'fct_event', 'usage_rollup', 'user_activity', 'account_rollup')
    OR rows_read > 100
 ORDER BY call, relation;
ROLLBACK;
VACUUM ANALYZE dim_account, dim_user, fct_event, usage_rollup, user_activity, account_rollup, usage_totals, usage_pending;

-- usage_figures(): sums of what a query has, by segment and period, in order
SELECT *
  FROM usage_figures($$
    SELECT *
      FROM (VALUES ('b', NULL::public.dayseries_map, NULL, '{2026-01-04:1,2026-01-05:2}'::public.dayseries, NULL::public.dayseries, NULL::public.dayseries),
                   ('a', '{x={2026-01-05:5,2026-01-12:1},y={2026-01-05:7}}', 'x', '{2026-01-05:1,2026-01-11:1,2026-01-15:4,2026-01-16:8}', '{2026-01-12:-1}', NULL),
                   ('a', '{x={2026-01-06:5,2026-01-13:1},y={2025-12-29:7,2025-12-28:9}}', NULL, NULL, NULL, '{2026-01-14:3}'),
                   (NULL, '{x={2026-01-05:1}}', 'y', '{2026-01-05:1}', NULL, NULL),
                   ('before', NULL, NULL, '{2026-01-04:1}', NULL, NULL),
                   ('after', NULL, NULL, '{2026-01-16:1,2026-01-19:1}', NULL, NULL),
                   ('gone', NULL, NULL, '{2026-01-05:1,2026-01-06:-1}', NULL, NULL),
                   ('none', NULL, NULL, NULL, NULL, NULL)) AS rows $$, 'week', '2026-01-05', '2026-01-12', '2026-01-15', false);
-- Everybody is there where there is nobody, a segment is not; null is no rows.
SELECT everybody, segment_value, period_start, active, is_complete
  FROM unnest('{t,f}'::boolean[]) AS everybody,
       usage_figures('SELECT NULL::text, NULL::public.dayseries, NULL::public.dayseries, NULL::public.dayseries, NULL::public.dayseries',
                     'quarter', '2025-10-01', '2026-01-01', '2026-03-31', everybody);
SELECT count(*) FROM usage_figures('SELECT NULL::text, NULL::public.dayseries, NULL::public.dayseries, NULL::public.dayseries, NULL::public.dayseries', 'day', NULL, '2026-01-01', '2026-01-01', true);
-- A leap day, and the ends of time
SELECT period, period_start, active, active_before, is_complete
  FROM (VALUES (1, 'month', date '2023-12-01', date '2024-03-01', date '2024-03-31'), (2, 'quarter', '2024-01-01', '2024-04-01', '2024-05-31'), (3, 'day', '2024-02-29', '2024-02-29', '2024-02-29'),
               (4, 'day', '4714-11-24 BC', '4714-11-25 BC', 'infinity'), (5, 'month', '4714-12-01 BC', '4714-12-01 BC', 'infinity'), (6, 'week', '5874897-12-31', '5874897-12-31', 'infinity'),
               (7, 'day', '2024-02-29', '2024-03-01', '-infinity')) AS periods (number, period, first_start, last_start, today),
       usage_figures($$SELECT NULL::text, NULL::public.dayseries, '{4714-11-24 BC:3,4714-11-25 BC:5,4714-12-31 BC:7,2023-11-30:64,2023-12-31:1,2024-01-01:2,2024-01-31:4,2024-02-29:8,2024-03-31:16,2024-04-01:32,5874897-12-30:2,5874897-12-31:1}'::public.dayseries, NULL::public.dayseries, NULL::public.dayseries$$,
                     period, first_start, last_start, today, true)
 ORDER BY number, period_start;
-- Sums may leave bigint and come back, in any order, but not stay away.
SELECT value, value_before, active
  FROM usage_figures($$SELECT NULL::text, NULL::public.dayseries, ('{2026-01-05:' || n || '}')::public.dayseries, NULL::public.dayseries, NULL::public.dayseries
                         FROM unnest('{9223372036854775807,9223372036854775807,-1,-9223372036854775808,-9223372036854775808,-9223372036854775808,9223372036854775807,9223372036854775807}'::bigint[]) AS n$$, 'week', '2026-01-05', '2026-01-05', '2026-01-05', true);
-- Many segments: as GROUP BY and ORDER BY have them
CREATE TEMPORARY TABLE many AS
SELECT CASE WHEN n % 3000 > 0 THEN id_from_bigint(hashint8(n % 3000)) END AS id,
       CASE WHEN n % 3000 > 0 THEN CASE n % 4 WHEN 0 THEN 'Ä' WHEN 1 THEN 'b ' WHEN 2 THEN 'B-' ELSE 'a' END || repeat('x', n % 3000) END AS name,
       date '2026-01-01' + n % 59 AS day,
       n AS value
  FROM generate_series(1, 12000) AS n;
WITH plain AS (
  SELECT kind, key, month, coalesce(sum(value) FILTER (WHERE date_trunc('month', day::timestamp) = month), 0)::bigint AS value, row_number() OVER (PARTITION BY kind ORDER BY key, month) AS place
    FROM many, LATERAL (VALUES ('id', id::text), ('name', name)) AS keys (kind, key), unnest('{2026-01-01,2026-02-01}'::date[]) AS month
   GROUP BY kind, key, month
), ours AS (
  SELECT kind, figures.*
    FROM unnest('{id,name}'::text[]) AS kind,
         usage_figures('SELECT ' || kind || ', NULL::public.dayseries, public.dayseries(day, value), NULL::public.dayseries, NULL::public.dayseries FROM pg_temp.many', 'month', '2026-01-01', '2026-02-01', '2026-03-01', false)
         WITH ORDINALITY AS figures (key, month, metric, value, arrived, returned, metric_before, value_before, is_complete, place)
)
SELECT kind, count(*) AS rows, count(*) FILTER (WHERE (plain.key, plain.month, plain.value) IS DISTINCT FROM (ours.key, ours.month, ours.value)) AS wrong
  FROM plain FULL JOIN ours USING (kind, place)
 GROUP BY kind
 ORDER BY kind;
DROP TABLE many;
-- What account_rollup has comes to what a query of it comes to, also for one who may
-- read some of its columns only; with the query besides, to twice as much.
BEGIN;
INSERT INTO dim_account (account_id, account_name, plan_tier, region)
SELECT id_from_bigint(n), 'Account ' || n, 'plan ' || n % 3, CASE WHEN n % 4 > 0 THEN 'region ' || n % 4 END FROM generate_series(1, 40) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 40), 'x' FROM generate_series(1, 120) AS n;
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts, duration_seconds, source)
SELECT id_from_bigint(n), id_from_bigint(1 + n % 120), id_from_bigint(1 + (n % 120 + n / 2500) % 40), (ARRAY['timer_stop', 'task_created', 'app_open'])[1 + n % 3],
       '2025-11-20'::timestamptz + hashint4(n) % 60 * interval '1 day', n % 100, (ARRAY['web', 'api'])[1 + n % 2]
  FROM generate_series(1, 3000) AS n;
SELECT usage_refresh() > 0 AS folded;
CREATE ROLE regress_insights_reader;
GRANT SELECT (account_id, month, mau, weekly, quarterly, lifecycle, sources, seconds) ON account_rollup TO regress_insights_reader;
GRANT SELECT (account_id, plan_tier, region) ON dim_account TO regress_insights_reader;
PREPARE compared AS
SELECT kind, segment,
       count(*) > 2 AS has_rows,
       count(*) FILTER (WHERE (ours.place, ours.segment_value, ours.value, ours.active, ours.arrived, ours.returned, ours.value_before, ours.active_before, ours.is_complete)
                              IS DISTINCT FROM (plain.place, plain.segment_value, plain.value, plain.active, plain.arrived, plain.returned, plain.value_before, plain.active_before, plain.is_complete)) AS wrong,
       count(*) FILTER (WHERE (twice.place, twice.value, twice.active, twice.active_before) IS DISTINCT FROM (plain.place, 2 * plain.value, 2 * plain.active, 2 * plain.active_before)) AS not_twice
  FROM (VALUES
    ('a', 'week', date '2025-11-24', date '2025-12-22', '{sources/,weekly,lifecycle/new,NULL}'::text[], 'sources, NULL::text, weekly, lifecycle, ''new''::text, NULL::public.dayseries'),
    ('b', 'day', '2025-12-31', '2026-01-02', '{seconds/timer_stop,mau,NULL,mau}', 'seconds, ''timer_stop''::text, mau, NULL::public.dayseries, mau'),
    ('c', 'quarter', '2025-10-01', '2026-01-01', '{NULL,quarterly,lifecycle/new,lifecycle/returning_quarters}', 'NULL::public.dayseries, quarterly, lifecycle, ''new''::text, lifecycle, ''returning_quarters''::text')
       ) AS kinds (kind, period, first_start, last_start, accounts, columns)
 CROSS JOIN (VALUES ('plan_tier', 'plan_tier'), ('region', 'region'), ('account_id', 'account_id')) AS segments (segment, value)
 CROSS JOIN LATERAL format('SELECT %s, %s FROM public.account_rollup LEFT JOIN public.dim_account USING (account_id)', value, columns) AS query
  LEFT JOIN LATERAL usage_figures(query, period, first_start, last_start, '2026-01-02', false) WITH ORDINALITY
       AS plain (segment_value, period_start, value, active, arrived, returned, value_before, active_before, is_complete, place) ON true
  LEFT JOIN LATERAL usage_figures('', period, first_start, last_start, '2026-01-02', false, segment || accounts) WITH ORDINALITY
       AS ours (segment_value, period_start, value, active, arrived, returned, value_before, active_before, is_complete, place) ON ours.place = plain.place
  LEFT JOIN LATERAL usage_figures(query, period, first_start, last_start, '2026-01-02', false, segment || accounts) WITH ORDINALITY
       AS twice (segment_value, period_start, value, active, arrived, returned, value_before, active_before, is_complete, place) ON twice.place = plain.place
 GROUP BY kind, segment
 ORDER BY kind, segment;
EXECUTE compared;
SET LOCAL ROLE regress_insights_reader;
EXECUTE compared;
RESET ROLE;
DEALLOCATE compared;
ROLLBACK;
VACUUM ANALYZE dim_account, dim_user, fct_event, usage_rollup, user_activity, account_rollup, usage_totals, usage_pending;
-- What is refused
BEGIN;
CREATE FUNCTION pg_temp.refusal(query text, period text, first_start date, last_start date, accounts text[] DEFAULT '{}') RETURNS TABLE (state text, message text, detail text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM usage_figures(query, period, first_start, last_start, '2026-01-05', true, accounts);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RETURN NEXT;
END $$;
\x
SELECT columns, period, refusal.*
  FROM (VALUES
    (1, 'NULL::text, s, s, s, s', 'day', date '2026-01-05', date '2026-01-05'),
    (2, 'NULL::uuid, s, m, NULL::text, m, ''a''::text, s', 'day', '2026-01-05', '2026-01-05'),
    (3, 'NULL::text, s, s, s, s', 'year', '2026-01-05', '2026-01-05'),
    (4, 'NULL::text, s, s, s, s', 'day', '2026-01-05', '2026-01-04'),
    (5, 'NULL::text, s, s, s, s', 'day', '-infinity', '2026-01-04'),
    (6, 'NULL::text, s, s, s, s', 'quarter', '2026-01-01', '30000-01-01'),
    (7, 'NULL::date, s, s, s, s', 'day', '2026-01-05', '2026-01-05'),
    (8, 'NULL::text, s, s, s', 'day', '2026-01-05', '2026-01-05'),
    (9, 'NULL::text, s, s, s, s, s', 'day', '2026-01-05', '2026-01-05'),
    (10, 'NULL::text, s, s, s, 1', 'day', '2026-01-05', '2026-01-05'),
    (11, 'NULL::text, s, s, s, m', 'day', '2026-01-05', '2026-01-05'),
    (12, 'NULL::text, s, m, s, s', 'day', '2026-01-05', '2026-01-05'),
    (13, '', 'day', '2026-01-05', '2026-01-05'),
    (14, 'NULL::text, s, t, s, s', 'day', '2026-01-05', '2026-01-05'),
    (15, 'NULL::text, s, t, s, s', 'day', '2026-01-01', '2026-01-04')) AS calls (number, columns, period, first_start, last_start)
  LEFT JOIN pg_temp.refusal('SELECT ' || columns || $$ FROM (VALUES ('{}'::public.dayseries, '{}'::public.dayseries_map, '{2026-01-05:9223372036854775807}'::public.dayseries), ('{}', '{}', '{2026-01-05:1}')) AS v (s, m, t)$$, period, first_start, last_start) ON true
 ORDER BY number;
SELECT refusal.* FROM pg_temp.refusal('DELETE FROM public.dim_user', 'day', '2026-01-05', '2026-01-05');
SELECT refusal.* FROM pg_temp.refusal('SHOW work_mem', 'day', '2026-01-05', '2026-01-05');
SELECT accounts, refusal.*
  FROM (VALUES
    (1, '', '{plan_tier,weekly}'::text[]),
    (2, '', '{NULL,NULL,weekly,NULL,NULL}'),
    (3, '', '{name,NULL,weekly,NULL,NULL}'),
    (4, '', '{region,NULL,yearly,NULL,NULL}'),
    (5, '', '{region,NULL,weekly/new,NULL,NULL}'),
    (6, '', '{region,NULL,lifecycle,NULL,NULL}'),
    (7, 'SELECT NULL::text, s, s, s, s FROM (SELECT NULL::public.dayseries) AS v (s)', '{account_id,NULL,weekly,NULL,NULL}'),
    (8, 'SELECT NULL::uuid, s, s, s, s FROM (SELECT NULL::public.dayseries) AS v (s)', '{region,NULL,weekly,NULL,NULL}'),
    (9, 'SELECT NULL::uuid, s, s, s, s FROM (SELECT NULL::public.dayseries) AS v (s)', '{account_id,NULL,NULL,NULL,NULL}')) AS calls (number, query, accounts)
  LEFT JOIN pg_temp.refusal(query, 'day', '2026-01-05', '2026-01-05', accounts) ON true
 ORDER BY number;
\x
ROLLBACK;
