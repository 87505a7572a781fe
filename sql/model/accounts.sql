-- Accounts and features: usage by account and day, health, adoption.

CREATE VIEW @extschema@.account_daily_usage WITH (security_invoker = true) AS
SELECT account_id,
       activity_date,
       @extschema@.value_on(dau, activity_date) AS active_users,
       @extschema@.value_on(events, activity_date) AS events,
       @extschema@.value_on(work_seconds, activity_date) AS work_seconds,
       @extschema@.value_on(tasks_created, activity_date) AS tasks_created,
       @extschema@.value_on(tasks_completed, activity_date) AS tasks_completed
  FROM (SELECT accounts.account_id,
               @extschema@.unnest(@extschema@.days(accounts.dau)) AS activity_date,
               accounts.dau,
               monthly.*
          FROM @extschema@.usage_live_accounts AS accounts
         -- Once a row, and no barrier to conditions on the account. A sum of
         -- sources is that of all events, and has the fewest labels.
         CROSS JOIN LATERAL (SELECT @extschema@.total_series(accounts.sources) AS events,
                                    coalesce(accounts.seconds OPERATOR(@extschema@.->) 'timer_stop'::text, '{}') AS work_seconds,
                                    coalesce(accounts.events OPERATOR(@extschema@.->) 'task_created'::text, '{}') AS tasks_created,
                                    coalesce(accounts.events OPERATOR(@extschema@.->) 'task_completed'::text, '{}') AS tasks_completed
                             OFFSET 0) AS monthly) AS daily;

COMMENT ON VIEW @extschema@.account_daily_usage IS 'Usage by account: one row per account and day with events';
COMMENT ON COLUMN @extschema@.account_daily_usage.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.account_daily_usage.activity_date IS 'Day in the reporting time zone';
COMMENT ON COLUMN @extschema@.account_daily_usage.active_users IS 'Users active under the account on the day';
COMMENT ON COLUMN @extschema@.account_daily_usage.events IS 'Number of events';
COMMENT ON COLUMN @extschema@.account_daily_usage.work_seconds IS 'Session time in seconds: duration of timer_stop events';
COMMENT ON COLUMN @extschema@.account_daily_usage.tasks_created IS 'Number of task_created events';
COMMENT ON COLUMN @extschema@.account_daily_usage.tasks_completed IS 'Number of task_completed events';

CREATE VIEW @extschema@.account_health WITH (security_invoker = true) AS
WITH as_of AS MATERIALIZED (
  SELECT as_of AS as_of_date
    FROM @extschema@.usage_report_range('0001-01-01'::date, '0001-01-01'::date, 'day'::text)
), figures_28d AS (
  SELECT account_id,
         sum(@extschema@.value_on(wau, as_of_date)) AS active_users_7d,
         sum(@extschema@.value_on(active_28d, as_of_date)) AS active_users_28d,
         max(@extschema@.last_day(dau OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today))) AS last_active_date,
         @extschema@.sum(seconds OPERATOR(@extschema@.->) 'timer_stop'::text) FILTER (WHERE month > as_of_date - 55 - 31 AND month <= as_of_date) AS work_seconds,
         @extschema@.sum(events OPERATOR(@extschema@.->) 'task_completed'::text) FILTER (WHERE month > as_of_date - 55 - 31 AND month <= as_of_date) AS tasks_completed
    FROM @extschema@.usage_live_accounts
   CROSS JOIN as_of
   GROUP BY account_id
), seats AS (
  SELECT account_id,
         count(*) FILTER (WHERE is_active) AS seats,
         count(*) FILTER (WHERE is_active AND activated_at IS NOT NULL) AS activated_seats
    FROM @extschema@.dim_user
   GROUP BY account_id
), figures AS (
  SELECT account.account_id,
         account.account_name,
         account.plan_tier,
         account.region,
         account.is_active,
         as_of.as_of_date,
         coalesce(seats.seats, 0) AS seats,
         coalesce(seats.activated_seats, 0) AS activated_seats,
         coalesce(sums.active_users_7d, 0)::bigint AS active_users_7d,
         coalesce(sums.active_users_28d, 0)::bigint AS active_users_28d,
         round(coalesce(sums.active_users_28d, 0)::numeric / nullif(seats.seats, 0), 4) AS seat_utilisation,
         coalesce(@extschema@.total(sums.work_seconds OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 27, as_of.as_of_date, '[]')), 0) AS work_seconds_28d,
         coalesce(@extschema@.total(sums.work_seconds OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 55, as_of.as_of_date - 28, '[]')), 0) AS work_seconds_previous_28d,
         coalesce(@extschema@.total(sums.tasks_completed OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 27, as_of.as_of_date, '[]')), 0) AS tasks_completed_28d,
         coalesce(@extschema@.total(sums.tasks_completed OPERATOR(@extschema@.*) daterange(as_of.as_of_date - 55, as_of.as_of_date - 28, '[]')), 0) AS tasks_completed_previous_28d,
         sums.last_active_date,
         @extschema@.event_day(account.created_at) AS created_date
    FROM @extschema@.dim_account AS account
   CROSS JOIN as_of
    LEFT JOIN figures_28d AS sums
      ON sums.account_id = account.account_id
    LEFT JOIN seats
      ON seats.account_id = account.account_id
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
         WHEN created_date > as_of_date - 28 OR as_of_date IS NULL THEN 'new'
         WHEN active_users_28d = 0 THEN 'dormant'
         WHEN active_users_7d = 0
           OR seat_utilisation < 0.25
           OR 2 * work_seconds_28d < work_seconds_previous_28d THEN 'at_risk'
         ELSE 'healthy'
       END AS health,
       created_date
  FROM figures;

COMMENT ON VIEW @extschema@.account_health IS 'How each account does, as of the last day with events: one row an account';
COMMENT ON COLUMN @extschema@.account_health.account_id IS 'Account';
COMMENT ON COLUMN @extschema@.account_health.account_name IS 'Name of the account';
COMMENT ON COLUMN @extschema@.account_health.plan_tier IS 'Plan the account is on today';
COMMENT ON COLUMN @extschema@.account_health.region IS 'Region of the account';
COMMENT ON COLUMN @extschema@.account_health.is_active IS 'Whether the account is a customer today';
COMMENT ON COLUMN @extschema@.account_health.as_of_date IS 'Last day, not later than today, that has an event of any account';
COMMENT ON COLUMN @extschema@.account_health.seats IS 'Users of the account who hold a seat today';
COMMENT ON COLUMN @extschema@.account_health.activated_seats IS 'Those of them who were ever activated';
COMMENT ON COLUMN @extschema@.account_health.active_users_7d IS 'Users active under the account in the 7 days that end as of that day';
COMMENT ON COLUMN @extschema@.account_health.active_users_28d IS 'The same for 28 days';
COMMENT ON COLUMN @extschema@.account_health.seat_utilisation IS 'active_users_28d / seats; null without seats; above 1 where users have left since';
COMMENT ON COLUMN @extschema@.account_health.work_seconds_28d IS 'Session time in seconds in those 28 days';
COMMENT ON COLUMN @extschema@.account_health.work_seconds_previous_28d IS 'Session time in seconds in the 28 days before';
COMMENT ON COLUMN @extschema@.account_health.tasks_completed_28d IS 'task_completed events in those 28 days';
COMMENT ON COLUMN @extschema@.account_health.tasks_completed_previous_28d IS 'task_completed events in the 28 days before';
COMMENT ON COLUMN @extschema@.account_health.last_active_date IS 'Last day, not later than today, with an event of the account; null where there is none';
COMMENT ON COLUMN @extschema@.account_health.health IS 'The first that holds: new, created in the 28 days that end as of that day, or later, or there is no such day; dormant, active_users_28d = 0; at_risk, active_users_7d = 0, or seat_utilisation < 0.25, or work_seconds_28d less than half of work_seconds_previous_28d; otherwise healthy';
COMMENT ON COLUMN @extschema@.account_health.created_date IS 'Day on which the account was created';

CREATE VIEW @extschema@.feature_adoption WITH (security_invoker = true) AS
WITH series AS MATERIALIZED (
  SELECT @extschema@.sum(events) AS events,
         @extschema@.sum(event_users) AS users,
         @extschema@.sum(dau) AS dau
    FROM (SELECT events,
                 event_users,
                 dau
            FROM @extschema@.usage_totals
           WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
          UNION ALL
          SELECT events,
                 event_users,
                 dau
            FROM @extschema@.usage_changes('{totals,events,event_users,activity}'::text[], 'outside totals'::text)) AS parts
)
SELECT daily.day AS activity_date,
       feature.label AS event_name,
       @extschema@.event_category(feature.label) AS event_category,
       daily.value AS users,
       @extschema@.value_on(series.events OPERATOR(@extschema@.->) feature.label, daily.day) AS events,
       round(daily.value::numeric / @extschema@.value_on(series.dau, daily.day), 4) AS adoption_rate
  FROM series
 CROSS JOIN LATERAL @extschema@.each(series.users) AS feature (label, series)
 CROSS JOIN LATERAL @extschema@.unnest(feature.series) AS daily (day, value);

COMMENT ON VIEW @extschema@.feature_adoption IS 'Who uses what: one row per day and event name with events';
COMMENT ON COLUMN @extschema@.feature_adoption.activity_date IS 'Day in the reporting time zone';
COMMENT ON COLUMN @extschema@.feature_adoption.event_name IS 'Event name';
COMMENT ON COLUMN @extschema@.feature_adoption.event_category IS 'Its category; null for an unknown name';
COMMENT ON COLUMN @extschema@.feature_adoption.users IS 'Users with such an event on the day';
COMMENT ON COLUMN @extschema@.feature_adoption.events IS 'Number of such events';
COMMENT ON COLUMN @extschema@.feature_adoption.adoption_rate IS 'users / users active on the day';
