-- The views of the model once more, in the plainest SQL over the raw tables: no
-- function, type or view of the extension is used, so that a fault in those
-- cannot hide here. Slow, and meant to be. Run by psql, after the model is there;
-- set the variable "model" to its schema where that is not public.
--
-- Where a definition leaves room, this is how it is read here:
--  * Series are what is keyed by period alone (daily_active_users, weekly_…,
--    monthly_…, user_lifecycle_weekly) and daily_active_users_by_segment. They
--    end with the as-of period and count no event of a later day, not even one
--    in the same week or month.
--  * by_segment has every segment that was ever active on every day of
--    daily_active_users, zeros included.
--  * The other views by day or week have rows only where there is activity, and
--    days after today are activity too.
--  * retention_weekly has the cohorts that have users; a row's is_complete is
--    that of its week, cohort_week + 7 * weeks_since.
--  * account_health has a row for every account; all its figures end with the
--    as-of day, last_active_date too. Without an event as_of_date is null and
--    counts are 0. Its health goes by the comment on the column; without an
--    as-of day every account is new.
--  * active_days_histogram has the 29 rows 0 … 28, or none without an as-of day.
--  * work_sessions are all timer_stop events; without a duration started_at is
--    null and is_outlier false.
--  * A task's first event is that with the smallest event_ts, then event_id.
--    cycle_seconds is rounded to whole seconds.
--  * Null sources show as unknown. Percentiles are percentile_disc: lags that
--    occurred.
--  * Missing and outlying durations are those of timer_stop; an output event is
--    one of that category; the future begins after now(); share is that of all
--    events; completed_before_created counts the task_completed events that are
--    earlier than the first task_created of their task.
--  * expected_completeness of a day that is over is the share of the last 28
--    days' lags that are no longer than the time since the day ended; else null.
\if :{?model}
\else
  \set model public
\endif

CREATE SCHEMA reference;

-- The last day that figures can be as of.
CREATE FUNCTION reference.today()
RETURNS date
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT (now() AT TIME ZONE time_zone)::date FROM :"model".usage_settings;
END;

-- The events with their days, weeks and months.
CREATE VIEW reference.event AS
SELECT dated.*,
       day - (extract(isodow FROM day)::integer - (SELECT week_start FROM :"model".usage_settings) + 7) % 7 AS week,
       date_trunc('month', day::timestamp)::date AS month
  FROM (SELECT e.*,
               t.event_category,
               (e.event_ts AT TIME ZONE (SELECT time_zone FROM :"model".usage_settings))::date AS day
          FROM :"model".fct_event AS e
          LEFT JOIN :"model".event_taxonomy AS t ON t.event_name = e.event_name) AS dated;

-- What series and as-of figures go by.
CREATE VIEW reference.past_event AS
SELECT * FROM reference.event WHERE day <= (SELECT reference.today());

-- One row, null where there is no such day.
CREATE VIEW reference.as_of AS
WITH last AS MATERIALIZED (
  SELECT max(day) AS as_of_date, max(week) AS as_of_week FROM reference.past_event
)
SELECT * FROM last;

CREATE VIEW reference.usage_events AS
SELECT e.event_id,
       e.user_id,
       e.account_id,
       e.task_id,
       e.event_ts,
       e.ingested_at,
       e.duration_seconds,
       e.event_name,
       e.source,
       e.event_category,
       e.day AS event_day,
       e.ingested_at - e.event_ts AS arrival_lag,
       a.account_name,
       a.plan_tier,
       a.region,
       u.role,
       u.country
  FROM reference.event AS e
  JOIN :"model".dim_account AS a ON a.account_id = e.account_id
  JOIN :"model".dim_user AS u ON u.user_id = e.user_id;

CREATE VIEW reference.daily_active_users AS
WITH activity AS MATERIALIZED (
  SELECT DISTINCT user_id, day FROM reference.past_event
), calendar AS (
  SELECT first_day + i AS day
    FROM (SELECT min(day) AS first_day, max(day) AS last_day FROM activity) AS span
   CROSS JOIN generate_series(0, last_day - first_day) AS i
), counts AS (
  SELECT c.day,
         count(DISTINCT a.user_id) FILTER (WHERE a.day = c.day) AS dau,
         count(DISTINCT a.user_id) FILTER (WHERE a.day > c.day - 7) AS wau,
         count(DISTINCT a.user_id) AS mau
    FROM calendar AS c
    LEFT JOIN activity AS a ON a.day > c.day - 30 AND a.day <= c.day
   GROUP BY c.day
)
SELECT day AS activity_date,
       dau,
       wau,
       mau,
       round(dau::numeric / nullif(mau, 0), 4) AS stickiness,
       day < (SELECT reference.today()) AS is_complete
  FROM counts;

CREATE VIEW reference.daily_active_users_by_segment AS
WITH segment_activity AS MATERIALIZED (
  SELECT DISTINCT a.plan_tier, a.region, u.role, e.user_id, e.day
    FROM reference.past_event AS e
    JOIN :"model".dim_account AS a ON a.account_id = e.account_id
    JOIN :"model".dim_user AS u ON u.user_id = e.user_id
), segments AS MATERIALIZED (
  SELECT row_number() OVER () AS segment, plan_tier, region, role
    FROM (SELECT DISTINCT plan_tier, region, role FROM segment_activity) AS s
), activity AS MATERIALIZED (
  SELECT s.segment, a.user_id, a.day
    FROM segment_activity AS a
    JOIN segments AS s ON s.plan_tier = a.plan_tier
                      AND s.region IS NOT DISTINCT FROM a.region
                      AND s.role = a.role
), calendar AS (
  SELECT first_day + i AS day
    FROM (SELECT min(day) AS first_day, max(day) AS last_day FROM activity) AS span
   CROSS JOIN generate_series(0, last_day - first_day) AS i
)
SELECT c.day AS activity_date,
       s.plan_tier,
       s.region,
       s.role,
       count(DISTINCT a.user_id) FILTER (WHERE a.day = c.day) AS dau,
       count(DISTINCT a.user_id) FILTER (WHERE a.day > c.day - 7) AS wau,
       count(DISTINCT a.user_id) AS mau
  FROM calendar AS c
 CROSS JOIN segments AS s
  LEFT JOIN activity AS a ON a.segment = s.segment AND a.day > c.day - 30 AND a.day <= c.day
 GROUP BY c.day, s.segment, s.plan_tier, s.region, s.role;

CREATE VIEW reference.weekly_active_users AS
WITH activity AS (
  SELECT DISTINCT user_id, week FROM reference.past_event
), calendar AS (
  SELECT first_week + 7 * i AS week
    FROM (SELECT min(week) AS first_week, max(week) AS last_week FROM activity) AS span
   CROSS JOIN generate_series(0, (last_week - first_week) / 7) AS i
)
SELECT c.week AS week_start,
       count(DISTINCT a.user_id) AS active_users,
       c.week + 7 <= (SELECT reference.today()) AS is_complete
  FROM calendar AS c
  LEFT JOIN activity AS a ON a.week = c.week
 GROUP BY c.week;

CREATE VIEW reference.monthly_active_users AS
WITH activity AS (
  SELECT DISTINCT user_id, month FROM reference.past_event
), calendar AS (
  SELECT generate_series(min(month)::timestamp, max(month)::timestamp, '1 month')::date AS month
    FROM activity
)
SELECT c.month AS month_start,
       count(DISTINCT a.user_id) AS active_users,
       (c.month + interval '1 month')::date <= (SELECT reference.today()) AS is_complete
  FROM calendar AS c
  LEFT JOIN activity AS a ON a.month = c.month
 GROUP BY c.month;

CREATE VIEW reference.user_daily_activity AS
SELECT account_id,
       user_id,
       day AS activity_date,
       count(*) AS events,
       count(*) FILTER (WHERE event_category = 'engagement') AS engagement_events,
       count(*) FILTER (WHERE event_category = 'work_session') AS work_session_events,
       count(*) FILTER (WHERE event_category = 'output') AS output_events,
       coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0) AS work_seconds,
       count(*) FILTER (WHERE event_name = 'task_created') AS tasks_created,
       count(*) FILTER (WHERE event_name = 'task_completed') AS tasks_completed
  FROM reference.event
 GROUP BY account_id, user_id, day;

CREATE VIEW reference.user_weekly_activity AS
SELECT account_id,
       user_id,
       week AS week_start,
       count(DISTINCT day) AS active_days,
       count(*) AS events,
       coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0) AS work_seconds,
       count(*) FILTER (WHERE event_name = 'task_created') AS tasks_created,
       count(*) FILTER (WHERE event_name = 'task_completed') AS tasks_completed
  FROM reference.event
 GROUP BY account_id, user_id, week;

CREATE VIEW reference.account_daily_usage AS
SELECT account_id,
       day AS activity_date,
       count(DISTINCT user_id) AS active_users,
       count(*) AS events,
       coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0) AS work_seconds,
       count(*) FILTER (WHERE event_name = 'task_created') AS tasks_created,
       count(*) FILTER (WHERE event_name = 'task_completed') AS tasks_completed
  FROM reference.event
 GROUP BY account_id, day;

CREATE VIEW reference.account_health AS
WITH seats AS (
  SELECT account_id,
         count(*) FILTER (WHERE is_active) AS seats,
         count(*) FILTER (WHERE is_active AND activated_at IS NOT NULL) AS activated_seats
    FROM :"model".dim_user
   GROUP BY account_id
), usage AS (
  SELECT account_id,
         count(DISTINCT user_id) FILTER (WHERE day > as_of_date - 7) AS active_users_7d,
         count(DISTINCT user_id) FILTER (WHERE day > as_of_date - 28) AS active_users_28d,
         sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop' AND day > as_of_date - 28) AS work_seconds_28d,
         sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop' AND day > as_of_date - 56 AND day <= as_of_date - 28) AS work_seconds_previous_28d,
         count(*) FILTER (WHERE event_name = 'task_completed' AND day > as_of_date - 28) AS tasks_completed_28d,
         count(*) FILTER (WHERE event_name = 'task_completed' AND day > as_of_date - 56 AND day <= as_of_date - 28) AS tasks_completed_previous_28d,
         max(day) AS last_active_date
    FROM reference.past_event
   CROSS JOIN reference.as_of
   GROUP BY account_id
), figures AS (
  SELECT a.account_id,
         a.account_name,
         a.plan_tier,
         a.region,
         a.is_active,
         o.as_of_date,
         coalesce(s.seats, 0) AS seats,
         coalesce(s.activated_seats, 0) AS activated_seats,
         coalesce(u.active_users_7d, 0) AS active_users_7d,
         coalesce(u.active_users_28d, 0) AS active_users_28d,
         round(coalesce(u.active_users_28d, 0)::numeric / nullif(s.seats, 0), 4) AS seat_utilisation,
         coalesce(u.work_seconds_28d, 0) AS work_seconds_28d,
         coalesce(u.work_seconds_previous_28d, 0) AS work_seconds_previous_28d,
         coalesce(u.tasks_completed_28d, 0) AS tasks_completed_28d,
         coalesce(u.tasks_completed_previous_28d, 0) AS tasks_completed_previous_28d,
         u.last_active_date,
         (a.created_at AT TIME ZONE (SELECT time_zone FROM :"model".usage_settings))::date AS created_on
    FROM :"model".dim_account AS a
   CROSS JOIN reference.as_of AS o
    LEFT JOIN seats AS s ON s.account_id = a.account_id
    LEFT JOIN usage AS u ON u.account_id = a.account_id
)
SELECT account_id,
       account_name,
       plan_tier,
       region,
       is_active,
       as_of_date,
       seats,
       activated_seats,
       active_users_7d,
       active_users_28d,
       seat_utilisation,
       work_seconds_28d,
       work_seconds_previous_28d,
       tasks_completed_28d,
       tasks_completed_previous_28d,
       last_active_date,
       CASE
         WHEN created_on > as_of_date - 28 OR as_of_date IS NULL THEN 'new'
         WHEN active_users_28d = 0 THEN 'dormant'
         WHEN active_users_7d = 0 OR seat_utilisation < 0.25 OR 2 * work_seconds_28d < work_seconds_previous_28d THEN 'at_risk'
         ELSE 'healthy'
       END AS health
  FROM figures;

CREATE VIEW reference.feature_adoption AS
WITH dau AS (
  SELECT day, count(DISTINCT user_id) AS dau FROM reference.event GROUP BY day
), adoption AS (
  SELECT day, event_name, event_category, count(DISTINCT user_id) AS users, count(*) AS events
    FROM reference.event
   GROUP BY day, event_name, event_category
)
SELECT a.day AS activity_date,
       a.event_name,
       a.event_category,
       a.users,
       a.events,
       round(a.users::numeric / d.dau, 4) AS adoption_rate
  FROM adoption AS a
  JOIN dau AS d ON d.day = a.day;

CREATE VIEW reference.retention_weekly AS
WITH activity AS MATERIALIZED (
  SELECT DISTINCT user_id, week FROM reference.past_event
), first_week AS (
  SELECT user_id, min(week) AS cohort_week FROM activity GROUP BY user_id
), cohort AS (
  SELECT cohort_week, count(*) AS cohort_size FROM first_week GROUP BY cohort_week
), retained AS (
  SELECT f.cohort_week, a.week, count(*) AS retained_users
    FROM first_week AS f
    JOIN activity AS a ON a.user_id = f.user_id
   GROUP BY f.cohort_week, a.week
)
SELECT c.cohort_week,
       weeks_since,
       c.cohort_size,
       coalesce(r.retained_users, 0) AS retained_users,
       round(coalesce(r.retained_users, 0)::numeric / c.cohort_size, 4) AS retention_rate,
       c.cohort_week + 7 * weeks_since + 7 <= (SELECT reference.today()) AS is_complete
  FROM cohort AS c
 CROSS JOIN reference.as_of AS o
 CROSS JOIN generate_series(0, (o.as_of_week - c.cohort_week) / 7) AS weeks_since
  LEFT JOIN retained AS r ON r.cohort_week = c.cohort_week AND r.week = c.cohort_week + 7 * weeks_since;

CREATE VIEW reference.user_lifecycle_weekly AS
WITH activity AS MATERIALIZED (
  SELECT DISTINCT user_id, week FROM reference.past_event
), first_week AS (
  SELECT user_id, min(week) AS week FROM activity GROUP BY user_id
), this_week AS (
  SELECT a.week,
         count(*) FILTER (WHERE f.week = a.week) AS new_users,
         count(*) FILTER (WHERE before.user_id IS NOT NULL) AS returning_users,
         count(*) FILTER (WHERE f.week < a.week AND before.user_id IS NULL) AS resurrected_users
    FROM activity AS a
    JOIN first_week AS f ON f.user_id = a.user_id
    LEFT JOIN activity AS before ON before.user_id = a.user_id AND before.week = a.week - 7
   GROUP BY a.week
), gone AS (
  SELECT before.week + 7 AS week, count(*) AS dormant_users
    FROM activity AS before
    LEFT JOIN activity AS a ON a.user_id = before.user_id AND a.week = before.week + 7
   WHERE a.user_id IS NULL
   GROUP BY before.week
), calendar AS (
  SELECT first_week + 7 * i AS week
    FROM (SELECT min(week) AS first_week, max(week) AS last_week FROM activity) AS span
   CROSS JOIN generate_series(0, (last_week - first_week) / 7) AS i
)
SELECT c.week AS week_start,
       coalesce(t.new_users, 0) AS new_users,
       coalesce(t.returning_users, 0) AS returning_users,
       coalesce(t.resurrected_users, 0) AS resurrected_users,
       coalesce(g.dormant_users, 0) AS dormant_users,
       c.week + 7 <= (SELECT reference.today()) AS is_complete
  FROM calendar AS c
  LEFT JOIN this_week AS t ON t.week = c.week
  LEFT JOIN gone AS g ON g.week = c.week;

CREATE VIEW reference.active_days_histogram AS
WITH active_days AS (
  SELECT e.user_id, count(DISTINCT e.day) FILTER (WHERE e.day > o.as_of_date - 28) AS active_days
    FROM reference.past_event AS e
   CROSS JOIN reference.as_of AS o
   GROUP BY e.user_id
)
SELECT o.as_of_date,
       bucket AS active_days,
       count(a.user_id) AS users
  FROM reference.as_of AS o
 CROSS JOIN generate_series(0::bigint, 28) AS bucket
  LEFT JOIN active_days AS a ON a.active_days = bucket
 WHERE o.as_of_date IS NOT NULL
 GROUP BY o.as_of_date, bucket;

CREATE VIEW reference.work_sessions AS
SELECT event_id,
       account_id,
       user_id,
       event_ts - duration_seconds * interval '1 second' AS started_at,
       event_ts AS ended_at,
       duration_seconds::bigint AS duration_seconds,
       coalesce(duration_seconds > 8 * 60 * 60, false) AS is_outlier,
       task_id,
       source
  FROM reference.event
 WHERE event_name = 'timer_stop';

CREATE VIEW reference.task_outputs AS
WITH created AS (
  SELECT DISTINCT ON (task_id) task_id, account_id, user_id, event_ts
    FROM reference.event
   WHERE event_name = 'task_created' AND task_id IS NOT NULL
   ORDER BY task_id, event_ts, event_id
), completed AS (
  SELECT DISTINCT ON (task_id) task_id, account_id, user_id, event_ts
    FROM reference.event
   WHERE event_name = 'task_completed' AND task_id IS NOT NULL
   ORDER BY task_id, event_ts, event_id
)
SELECT task_id,
       CASE WHEN c.task_id IS NOT NULL THEN c.account_id ELSE d.account_id END AS account_id,
       CASE WHEN c.task_id IS NOT NULL THEN c.user_id ELSE d.user_id END AS user_id,
       c.event_ts AS created_ts,
       d.event_ts AS completed_ts,
       extract(epoch FROM d.event_ts - c.event_ts)::bigint AS cycle_seconds
  FROM created AS c
  FULL JOIN completed AS d USING (task_id);

CREATE VIEW reference.event_freshness AS
SELECT coalesce(source, 'unknown') AS source,
       count(*) AS events,
       max(event_ts) AS latest_event_ts,
       max(ingested_at) AS latest_ingested_at,
       percentile_disc(0.50) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p99,
       round(count(*) FILTER (WHERE ingested_at - event_ts > interval '1 hour')::numeric / count(*), 4) AS late_share
  FROM reference.event
 GROUP BY coalesce(source, 'unknown');

CREATE VIEW reference.late_arrivals AS
WITH days AS MATERIALIZED (
  SELECT day,
         (day + 1)::timestamp AT TIME ZONE (SELECT time_zone FROM :"model".usage_settings) AS ended_at,
         count(*) AS events,
         count(*) FILTER (WHERE ingested_at - event_ts > interval '1 hour') AS late_1h,
         count(*) FILTER (WHERE ingested_at - event_ts > interval '24 hours') AS late_24h,
         count(*) FILTER (WHERE ingested_at - event_ts > interval '72 hours') AS late_72h
    FROM reference.event
   GROUP BY day
), recent AS MATERIALIZED (
  SELECT ingested_at - event_ts AS lag
    FROM reference.past_event
   CROSS JOIN reference.as_of
   WHERE day > as_of_date - 28
)
SELECT day AS activity_date,
       events,
       late_1h,
       late_24h,
       late_72h,
       CASE
         WHEN day < (SELECT reference.today())
         THEN (SELECT round(count(*) FILTER (WHERE recent.lag <= now() - days.ended_at)::numeric / nullif(count(*), 0), 4) FROM recent)
       END AS expected_completeness
  FROM days;

-- The events that each check of data_quality is about.
CREATE VIEW reference.suspect_event AS
WITH created AS (
  SELECT task_id, min(event_ts) AS created_ts FROM reference.event WHERE event_name = 'task_created' GROUP BY task_id
), judged AS (
  SELECT e.event_id,
         t.event_name IS NULL AS unknown_event_name,
         e.event_name = 'timer_stop' AND e.duration_seconds IS NULL AS missing_duration,
         e.event_name = 'timer_stop' AND e.duration_seconds > 8 * 60 * 60 AS outlying_duration,
         e.event_category = 'output' AND e.task_id IS NULL AS output_without_task,
         e.event_name = 'task_completed' AND e.event_ts < c.created_ts AS completed_before_created,
         e.event_ts > now() AS future_event,
         e.ingested_at < e.event_ts AS arrived_before_it_happened,
         e.event_ts < u.created_at AS before_user_existed,
         e.event_ts > u.deactivated_at AS after_deactivation,
         e.account_id <> u.account_id AS account_not_the_users
    FROM reference.event AS e
    JOIN :"model".dim_user AS u ON u.user_id = e.user_id
    LEFT JOIN :"model".event_taxonomy AS t ON t.event_name = e.event_name
    LEFT JOIN created AS c ON c.task_id = e.task_id
)
SELECT verdict.check_name, j.event_id
  FROM judged AS j
 CROSS JOIN LATERAL (VALUES ('unknown_event_name', unknown_event_name),
                            ('missing_duration', missing_duration),
                            ('outlying_duration', outlying_duration),
                            ('output_without_task', output_without_task),
                            ('completed_before_created', completed_before_created),
                            ('future_event', future_event),
                            ('arrived_before_it_happened', arrived_before_it_happened),
                            ('before_user_existed', before_user_existed),
                            ('after_deactivation', after_deactivation),
                            ('account_not_the_users', account_not_the_users)) AS verdict (check_name, suspect)
 WHERE verdict.suspect;

CREATE VIEW reference.data_quality AS
SELECT check_name,
       count(s.event_id) AS events,
       round(count(s.event_id)::numeric / nullif((SELECT count(*) FROM :"model".fct_event), 0), 4) AS share
  FROM (VALUES ('unknown_event_name'),
               ('missing_duration'),
               ('outlying_duration'),
               ('output_without_task'),
               ('completed_before_created'),
               ('future_event'),
               ('arrived_before_it_happened'),
               ('before_user_existed'),
               ('after_deactivation'),
               ('account_not_the_users')) AS checks (check_name)
  LEFT JOIN reference.suspect_event AS s USING (check_name)
 GROUP BY check_name;
