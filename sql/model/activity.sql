-- Who is active: day, week and month series, and activity by user and account.

CREATE VIEW @extschema@.daily_active_users WITH (security_invoker = true) AS
SELECT daily.day AS activity_date,
       daily.value AS dau,
       @extschema@.value_on(series.wau, daily.day) AS wau,
       @extschema@.value_on(series.mau, daily.day) AS mau,
       round(daily.value::numeric / nullif(@extschema@.value_on(series.mau, daily.day), 0), 4) AS stickiness,
       daily.day < (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.sum(dau) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS dau,
               @extschema@.sum(wau) AS wau,
               @extschema@.sum(mau) AS mau
          FROM (SELECT dau,
                       wau,
                       mau
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT dau,
                       wau,
                       mau
                  FROM @extschema@.usage_changes('{totals,activity}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL @extschema@.unnest(series.dau, CASE WHEN @extschema@.isempty(series.dau) THEN 'empty'::daterange ELSE daterange(@extschema@.first_day(series.dau), @extschema@.last_day(series.dau), '[]') END) AS daily (day, value);

COMMENT ON VIEW @extschema@.daily_active_users IS 'Active users by day, over all accounts: one row a day from the first to the as-of day';
COMMENT ON COLUMN @extschema@.daily_active_users.activity_date IS 'Day in the reporting time zone';
COMMENT ON COLUMN @extschema@.daily_active_users.dau IS 'Users active on the day';
COMMENT ON COLUMN @extschema@.daily_active_users.wau IS 'Users active in the 7 days that end with the day';
COMMENT ON COLUMN @extschema@.daily_active_users.mau IS 'Users active in the 30 days that end with the day';
COMMENT ON COLUMN @extschema@.daily_active_users.stickiness IS 'dau / mau; null where mau is 0';
COMMENT ON COLUMN @extschema@.daily_active_users.is_complete IS 'Whether the day is over';

CREATE VIEW @extschema@.daily_active_users_by_segment WITH (security_invoker = true) AS
WITH live AS MATERIALIZED (
  SELECT account_id,
         user_id,
         days,
         shared
    FROM @extschema@.usage_live_activity
), segment_days AS (
  SELECT account.plan_tier,
         account.region,
         dim_user.role,
         activity.days OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
    FROM live AS activity
    JOIN @extschema@.dim_account AS account
      ON account.account_id = activity.account_id
    JOIN @extschema@.dim_user AS dim_user
      ON dim_user.user_id = activity.user_id
   WHERE NOT activity.shared
  UNION ALL
  SELECT account.plan_tier,
         account.region,
         dim_user.role,
         @extschema@.dayset_union(activity.days) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
    FROM live AS activity
    JOIN @extschema@.dim_account AS account
      ON account.account_id = activity.account_id
    JOIN @extschema@.dim_user AS dim_user
      ON dim_user.user_id = activity.user_id
   WHERE activity.shared
   GROUP BY account.plan_tier, account.region, dim_user.role, activity.user_id
), series AS MATERIALIZED (
  SELECT plan_tier,
         region,
         role,
         @extschema@.count_by_day(days) AS dau,
         @extschema@.count_by_day(@extschema@.trailing(days, 7)) AS wau,
         @extschema@.count_by_day(@extschema@.trailing(days, 30)) AS mau
    FROM segment_days
   WHERE NOT @extschema@.isempty(days)
   GROUP BY plan_tier, region, role
), span AS MATERIALIZED (
  SELECT daterange(min(@extschema@.first_day(dau)), max(@extschema@.last_day(dau)), '[]') AS days
    FROM series
)
SELECT daily.day AS activity_date,
       series.plan_tier,
       series.region,
       series.role,
       daily.value AS dau,
       @extschema@.value_on(series.wau, daily.day) AS wau,
       @extschema@.value_on(series.mau, daily.day) AS mau
  FROM series
 CROSS JOIN span
 CROSS JOIN LATERAL @extschema@.unnest(series.dau, span.days) AS daily (day, value);

COMMENT ON VIEW @extschema@.daily_active_users_by_segment IS 'Active users by day, plan, region and role: one row a day, from the first to the as-of day, and segment that was ever active';
COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.activity_date IS 'Day in the reporting time zone';
COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.plan_tier IS 'Plan of the events'' account, as of today';
COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.region IS 'Region of the events'' account';
COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.role IS 'Role of the user, as of today';
COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.dau IS 'Users active on the day';
COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.wau IS 'Users active in the 7 days that end with the day';
COMMENT ON COLUMN @extschema@.daily_active_users_by_segment.mau IS 'Users active in the 30 days that end with the day';

CREATE VIEW @extschema@.weekly_active_users WITH (security_invoker = true) AS
SELECT weekly.day AS week_start,
       @extschema@.value_on(series.users, weekly.day) AS active_users,
       weekly.day + 7 <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.by_week(@extschema@.sum(weekly) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)) AS users
          FROM (SELECT weekly
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT weekly
                  FROM @extschema@.usage_changes('{totals,periods}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL (SELECT @extschema@.first_day(series.users) + 7 * week AS day
                       FROM generate_series(0, (@extschema@.last_day(series.users) - @extschema@.first_day(series.users)) / 7) AS week) AS weekly;

COMMENT ON VIEW @extschema@.weekly_active_users IS 'Active users by calendar week, over all accounts: one row a week from the first to the as-of week';
COMMENT ON COLUMN @extschema@.weekly_active_users.week_start IS 'First day of the week, by usage_settings.week_start';
COMMENT ON COLUMN @extschema@.weekly_active_users.active_users IS 'Users active in the week';
COMMENT ON COLUMN @extschema@.weekly_active_users.is_complete IS 'Whether the week is over';

CREATE VIEW @extschema@.monthly_active_users WITH (security_invoker = true) AS
SELECT monthly.day AS month_start,
       @extschema@.value_on(series.users, monthly.day) AS active_users,
       (monthly.day + interval '1 month')::date <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.by_month(@extschema@.sum(monthly) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today)) AS users
          FROM (SELECT monthly
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT monthly
                  FROM @extschema@.usage_changes('{totals,periods}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL (SELECT month::date AS day
                       FROM generate_series(@extschema@.first_day(series.users)::timestamp, @extschema@.last_day(series.users)::timestamp, interval '1 month') AS month) AS monthly;

COMMENT ON VIEW @extschema@.monthly_active_users IS 'Active users by calendar month, over all accounts: one row a month from the first to the as-of month';
COMMENT ON COLUMN @extschema@.monthly_active_users.month_start IS 'First day of the month';
COMMENT ON COLUMN @extschema@.monthly_active_users.active_users IS 'Users active in the month';
COMMENT ON COLUMN @extschema@.monthly_active_users.is_complete IS 'Whether the month is over';

CREATE VIEW @extschema@.user_daily_activity WITH (security_invoker = true) AS
SELECT rollup.account_id,
       rollup.user_id,
       @extschema@.unnest(monthly.active) AS activity_date,
       @extschema@.values_on(monthly.total, monthly.active) AS events,
       @extschema@.values_on(coalesce(monthly.categories OPERATOR(@extschema@.->) 'engagement'::text, '{}'), monthly.active) AS engagement_events,
       @extschema@.values_on(coalesce(monthly.categories OPERATOR(@extschema@.->) 'work_session'::text, '{}'), monthly.active) AS work_session_events,
       @extschema@.values_on(coalesce(monthly.categories OPERATOR(@extschema@.->) 'output'::text, '{}'), monthly.active) AS output_events,
       @extschema@.values_on(coalesce(rollup.seconds OPERATOR(@extschema@.->) 'timer_stop'::text, '{}'), monthly.active) AS work_seconds,
       @extschema@.values_on(coalesce(rollup.events OPERATOR(@extschema@.->) 'task_created'::text, '{}'), monthly.active) AS tasks_created,
       @extschema@.values_on(coalesce(rollup.events OPERATOR(@extschema@.->) 'task_completed'::text, '{}'), monthly.active) AS tasks_completed
  FROM @extschema@.usage_live_rollup AS rollup
 -- Once a row, and no barrier to conditions on the account or the user
 CROSS JOIN LATERAL (SELECT @extschema@.by_category(rollup.events) AS categories,
                            @extschema@.total_series(rollup.events) AS total,
                            @extschema@.days(@extschema@.total_series(rollup.events)) AS active
                     OFFSET 0) AS monthly;

COMMENT ON VIEW @extschema@.user_daily_activity IS 'What each user did on each day: one row per account, user and day with events';
COMMENT ON COLUMN @extschema@.user_daily_activity.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.user_daily_activity.user_id IS 'User';
COMMENT ON COLUMN @extschema@.user_daily_activity.activity_date IS 'Day in the reporting time zone';
COMMENT ON COLUMN @extschema@.user_daily_activity.events IS 'Number of events';
COMMENT ON COLUMN @extschema@.user_daily_activity.engagement_events IS 'Events of category engagement';
COMMENT ON COLUMN @extschema@.user_daily_activity.work_session_events IS 'Events of category work_session';
COMMENT ON COLUMN @extschema@.user_daily_activity.output_events IS 'Events of category output';
COMMENT ON COLUMN @extschema@.user_daily_activity.work_seconds IS 'Session time in seconds: duration of timer_stop events';
COMMENT ON COLUMN @extschema@.user_daily_activity.tasks_created IS 'Number of task_created events';
COMMENT ON COLUMN @extschema@.user_daily_activity.tasks_completed IS 'Number of task_completed events';

CREATE VIEW @extschema@.user_weekly_activity WITH (security_invoker = true) AS
SELECT users.account_id,
       users.user_id,
       weekly.day AS week_start,
       @extschema@.value_on(users.active_days, weekly.day) AS active_days,
       weekly.value AS events,
       coalesce(@extschema@.value_on(users.work_seconds, weekly.day), 0) AS work_seconds,
       coalesce(@extschema@.value_on(users.tasks_created, weekly.day), 0) AS tasks_created,
       coalesce(@extschema@.value_on(users.tasks_completed, weekly.day), 0) AS tasks_completed
  FROM (SELECT account_id,
               user_id,
               @extschema@.by_week(@extschema@.count_by_day(@extschema@.days(monthly.total)), (SELECT week_start FROM @extschema@.usage_today)) AS active_days,
               @extschema@.by_week(@extschema@.sum(monthly.total), (SELECT week_start FROM @extschema@.usage_today)) AS events,
               @extschema@.by_week(@extschema@.sum(seconds OPERATOR(@extschema@.->) 'timer_stop'::text), (SELECT week_start FROM @extschema@.usage_today)) AS work_seconds,
               @extschema@.by_week(@extschema@.sum(events OPERATOR(@extschema@.->) 'task_created'::text), (SELECT week_start FROM @extschema@.usage_today)) AS tasks_created,
               @extschema@.by_week(@extschema@.sum(events OPERATOR(@extschema@.->) 'task_completed'::text), (SELECT week_start FROM @extschema@.usage_today)) AS tasks_completed
          FROM @extschema@.usage_live_rollup AS rollup
         CROSS JOIN LATERAL (SELECT @extschema@.total_series(rollup.events) AS total
                             OFFSET 0) AS monthly
         GROUP BY account_id, user_id) AS users
 CROSS JOIN LATERAL @extschema@.unnest(users.events) AS weekly (day, value);

COMMENT ON VIEW @extschema@.user_weekly_activity IS 'What each user did in each week: one row per account, user and week with events';
COMMENT ON COLUMN @extschema@.user_weekly_activity.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.user_weekly_activity.user_id IS 'User';
COMMENT ON COLUMN @extschema@.user_weekly_activity.week_start IS 'First day of the week, by usage_settings.week_start';
COMMENT ON COLUMN @extschema@.user_weekly_activity.active_days IS 'Days with at least one event, 1 to 7';
COMMENT ON COLUMN @extschema@.user_weekly_activity.events IS 'Number of events';
COMMENT ON COLUMN @extschema@.user_weekly_activity.work_seconds IS 'Session time in seconds: duration of timer_stop events';
COMMENT ON COLUMN @extschema@.user_weekly_activity.tasks_created IS 'Number of task_created events';
COMMENT ON COLUMN @extschema@.user_weekly_activity.tasks_completed IS 'Number of task_completed events';
