-- A tour of the views: a question, then its answer. For psql, on any database
-- that has the extension and events:  psql -f demo/tour.sql
\set QUIET on
\set ON_ERROR_STOP on
\pset pager off
\pset footer off
\pset border 1
\pset linestyle unicode
\pset null ''

SELECT
  max(activity_date) AS as_of,
  max(activity_date) - 27 AS from_day
FROM daily_active_users \gset

\echo
\echo What is here?
SELECT
  (SELECT count(*) FROM dim_account) AS accounts,
  (SELECT count(*) FROM dim_user) AS users,
  (SELECT count(*) FROM fct_event) AS events,
  (SELECT min(activity_date) FROM daily_active_users) AS first_day,
  :'as_of'::date AS as_of;

\echo Who is active? The last two weeks, day by day.
SELECT
  to_char(activity_date, 'Dy YYYY-MM-DD') AS day,
  dau,
  wau,
  mau,
  stickiness,
  is_complete AS complete,
  repeat('█', (38 * dau / NULLIF(max(dau) OVER (), 0))::integer) AS daily_active_users
FROM daily_active_users
WHERE activity_date > :'as_of'::date - 14
ORDER BY activity_date;

\echo And by plan, a line each: the last ten weeks.
SELECT
  plan_tier,
  sparkline(dayseries_agg(activity_date, active_users), daterange(:'as_of'::date - 69, :'as_of', '[]')) AS ten_weeks
FROM account_daily_usage
JOIN dim_account USING (account_id)
GROUP BY plan_tier
ORDER BY sum(active_users) DESC;

\echo Who comes new, who stays, who comes back, who is gone? The last ten weeks.
SELECT
  week_start,
  new_users AS new,
  returning_users AS returning,
  resurrected_users AS resurrected,
  dormant_users AS dormant,
  is_complete AS complete
FROM (
  SELECT * FROM user_lifecycle_weekly ORDER BY week_start DESC LIMIT 10
) AS last_weeks
ORDER BY week_start;

\echo How many days of the last 28 do people come?
SELECT
  CASE WHEN active_days = 0 THEN 'none'
       WHEN active_days <= 4 THEN '1 to 4'
       WHEN active_days <= 9 THEN '5 to 9'
       WHEN active_days <= 14 THEN '10 to 14'
       WHEN active_days <= 19 THEN '15 to 19'
       ELSE '20 and more'
  END AS days_active,
  sum(users) AS users,
  repeat('█', (50 * sum(users) / NULLIF(sum(sum(users)) OVER (), 0))::integer) AS share
FROM active_days_histogram
GROUP BY 1
ORDER BY min(active_days);

\echo Where do the hours go? The last 28 days by plan, and the change since the 28 before.
SELECT
  plan_tier,
  count(*) AS accounts,
  sum(seats) AS seats,
  sum(active_users_28d) AS active,
  round(sum(work_seconds_28d) / 3600.0) AS hours,
  round(sum(work_seconds_28d) / 3600.0 / NULLIF(sum(active_users_28d), 0), 1) AS hours_per_user,
  to_char(100.0 * (sum(work_seconds_28d) - sum(work_seconds_previous_28d))
          / NULLIF(sum(work_seconds_previous_28d), 0), 'FMSG9990D0%') AS change,
  sum(tasks_completed_28d) AS tasks_completed
FROM account_health
GROUP BY plan_tier
ORDER BY hours DESC;

\echo Do they come back? Of those first seen in a week, the percentage active 1, 2, 3 … weeks later.
SELECT
  cohort_week,
  max(cohort_size) AS users,
  round(100 * max(retention_rate) FILTER (WHERE weeks_since = 1)) AS "1",
  round(100 * max(retention_rate) FILTER (WHERE weeks_since = 2)) AS "2",
  round(100 * max(retention_rate) FILTER (WHERE weeks_since = 3)) AS "3",
  round(100 * max(retention_rate) FILTER (WHERE weeks_since = 4)) AS "4",
  round(100 * max(retention_rate) FILTER (WHERE weeks_since = 6)) AS "6",
  round(100 * max(retention_rate) FILTER (WHERE weeks_since = 8)) AS "8",
  round(100 * max(retention_rate) FILTER (WHERE weeks_since = 12)) AS "12"
FROM retention_weekly
WHERE is_complete AND cohort_week > :'as_of'::date - 7 * 14
GROUP BY cohort_week
HAVING max(weeks_since) > 0
ORDER BY cohort_week;

\echo How are the customers?
SELECT
  health,
  count(*) AS accounts,
  sum(seats) AS seats,
  round(100.0 * sum(active_users_28d) / NULLIF(sum(seats), 0)) AS percent_in_use
FROM account_health
GROUP BY health
ORDER BY accounts DESC, health;

\echo And which of them need a call? The largest that are not well.
SELECT
  account_name,
  plan_tier,
  seats,
  active_users_7d AS active_7d,
  round(work_seconds_28d / 3600.0) AS hours,
  round(work_seconds_previous_28d / 3600.0) AS before,
  last_active_date AS last_active,
  health
FROM account_health
WHERE health IN ('at_risk', 'dormant')
ORDER BY work_seconds_previous_28d DESC, seats DESC, account_id
LIMIT 8;

\echo What is used? Days, users a day and share of the active in the last 28 days.
SELECT
  event_name,
  event_category,
  count(*) AS days,
  round(avg(users)) AS users_a_day,
  sum(events) AS events,
  round(100 * avg(adoption_rate), 1) AS percent_of_active
FROM feature_adoption
WHERE activity_date BETWEEN :'from_day' AND :'as_of'
GROUP BY event_name, event_category
ORDER BY percent_of_active DESC, event_name;

\echo Who works most? Last week, hours and tasks completed.
SELECT
  substr(user_id::text, 1, 8) AS "user",
  account_name,
  active_days,
  round(work_seconds / 3600.0, 1) AS hours,
  tasks_completed
FROM user_weekly_activity
JOIN dim_account USING (account_id)
WHERE week_start = (SELECT max(week_start) FROM weekly_active_users WHERE is_complete)
ORDER BY work_seconds DESC, user_id
LIMIT 5;

\echo Who is there most? A history of activity is one value, a set of days.
SELECT
  substr(user_id::text, 1, 8) AS "user",
  cardinality(days * daterange(:'as_of'::date - 27, :'as_of', '[]')) AS of_28_days,
  longest_streak(days) AS longest_streak,
  days * daterange(:'as_of'::date - 9, :'as_of', '[]') AS last_ten_days
FROM usage_live_user_days
ORDER BY of_28_days DESC, longest_streak DESC, user_id
LIMIT 4;

\echo How fresh is the data?
SELECT
  source,
  events,
  date_trunc('second', latest_ingested_at) AS latest_arrival,
  date_trunc('second', lag_p50) AS lag_p50,
  date_trunc('second', lag_p95) AS lag_p95,
  late_share
FROM event_freshness
ORDER BY events DESC;

\echo How much of the last days may still come?
SELECT
  activity_date,
  events,
  late_1h,
  late_24h,
  late_72h,
  expected_completeness
FROM late_arrivals
WHERE activity_date BETWEEN :'as_of'::date - 6 AND :'as_of'
ORDER BY activity_date;

\echo Can it be trusted?
SELECT
  check_name,
  severity,
  events,
  share,
  substr(example_event_id::text, 1, 8) AS example
FROM data_quality
ORDER BY events DESC, check_name;

\echo Is it live? Somebody comes back, and the count is up before the transaction has ended.
BEGIN;
SELECT dau AS before FROM daily_active_users WHERE activity_date = :'as_of' \gset
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT user_id, account_id, 'app_open', :'as_of'::timestamp AT TIME ZONE time_zone
FROM dim_user
CROSS JOIN usage_settings
WHERE NOT EXISTS (SELECT FROM user_daily_activity AS a WHERE a.user_id = dim_user.user_id AND activity_date = :'as_of')
ORDER BY user_id
LIMIT 1;
SELECT
  :before AS active_before,
  dau AS active_now
FROM daily_active_users
WHERE activity_date = :'as_of';
ROLLBACK;
