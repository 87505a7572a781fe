-- usage_status: the day that figures are as of.
BEGIN;
SELECT last_event_day IS NULL AS none FROM usage_status;
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member'), (id_from_bigint(3), id_from_bigint(1), 'member');
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(2 + abs(n % 2)), id_from_bigint(1), 'app_open', now() - n * interval '1 day' FROM generate_series(-3, 20) AS n WHERE n NOT BETWEEN 0 AND 4;

-- Pending, folded, and after changes: the last that is not later than today
CREATE FUNCTION pg_temp.agree() RETURNS TABLE (days_ago integer, as_of_the_views boolean)
LANGUAGE sql
AS 'SELECT event_day(now()) - last_event_day,
           last_event_day = (SELECT max(event_day) FROM usage_events WHERE event_day <= event_day(now()))
           AND last_event_day = (SELECT max(activity_date) FROM daily_active_users)
           AND last_event_day = (SELECT max(as_of_date) FROM account_health)
      FROM usage_status';
SELECT * FROM pg_temp.agree();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.agree();
DELETE FROM fct_event WHERE event_ts BETWEEN now() - interval '7 days' AND now();
SELECT * FROM pg_temp.agree();
DELETE FROM fct_event WHERE event_ts < now();
SELECT last_event_day IS NULL AS none FROM usage_status;
ROLLBACK;
