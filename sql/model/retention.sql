-- Who comes back: retention, lifecycle and the histogram of active days. They
-- are about users over time, whatever account their events are under.

CREATE VIEW @extschema@.retention_weekly WITH (security_invoker = true) AS
WITH cohorts AS MATERIALIZED (
  SELECT cohort.label::date AS cohort_week,
         @extschema@.by_week(cohort.series, (SELECT week_start FROM @extschema@.usage_today)) AS users
    FROM (SELECT @extschema@.sum(cohorts) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS cohorts
            FROM (SELECT cohorts
                    FROM @extschema@.usage_totals
                   WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                  UNION ALL
                  SELECT cohorts
                    FROM @extschema@.usage_changes('{totals,cohorts}'::text[], 'outside totals'::text)) AS parts) AS total
   CROSS JOIN LATERAL @extschema@.each(total.cohorts) AS cohort (label, series)
), as_of AS MATERIALIZED (
  SELECT max(@extschema@.last_day(users)) AS week
    FROM cohorts
)
SELECT cohorts.cohort_week,
       since.weeks_since,
       @extschema@.value_on(cohorts.users, cohorts.cohort_week) AS cohort_size,
       @extschema@.value_on(cohorts.users, cohorts.cohort_week + 7 * since.weeks_since) AS retained_users,
       round(@extschema@.value_on(cohorts.users, cohorts.cohort_week + 7 * since.weeks_since)::numeric / @extschema@.value_on(cohorts.users, cohorts.cohort_week), 4) AS retention_rate,
       cohorts.cohort_week + 7 * since.weeks_since + 7 <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM cohorts
 CROSS JOIN as_of
 CROSS JOIN LATERAL generate_series(0, (as_of.week - cohorts.cohort_week) / 7) AS since (weeks_since);

COMMENT ON VIEW @extschema@.retention_weekly IS 'Weekly retention: one row per cohort and week since, from week 0 to the as-of week';
COMMENT ON COLUMN @extschema@.retention_weekly.cohort_week IS 'First day of the week in which the cohort''s users were first active';
COMMENT ON COLUMN @extschema@.retention_weekly.weeks_since IS 'Weeks since then, 0 for that week itself';
COMMENT ON COLUMN @extschema@.retention_weekly.cohort_size IS 'Users in the cohort';
COMMENT ON COLUMN @extschema@.retention_weekly.retained_users IS 'Those of them who were active in the week';
COMMENT ON COLUMN @extschema@.retention_weekly.retention_rate IS 'retained_users / cohort_size';
COMMENT ON COLUMN @extschema@.retention_weekly.is_complete IS 'Whether the week is over; where it is not, users may still come back';

CREATE VIEW @extschema@.user_lifecycle_weekly WITH (security_invoker = true) AS
SELECT weekly.day AS week_start,
       @extschema@.value_on(series.new_users, weekly.day) AS new_users,
       @extschema@.value_on(series.returning_users, weekly.day) AS returning_users,
       @extschema@.value_on(series.active_users, weekly.day)
         - @extschema@.value_on(series.new_users, weekly.day)
         - @extschema@.value_on(series.returning_users, weekly.day) AS resurrected_users,
       @extschema@.value_on(series.active_users, weekly.day - 7)
         - @extschema@.value_on(series.returning_users, weekly.day) AS dormant_users,
       weekly.day + 7 <= (SELECT today FROM @extschema@.usage_today) AS is_complete
  FROM (SELECT @extschema@.by_week(@extschema@.sum(weekly) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)) AS active_users,
               @extschema@.by_week(@extschema@.sum(lifecycle OPERATOR(@extschema@.->) 'new'::text) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)) AS new_users,
               coalesce(@extschema@.by_week(@extschema@.sum(lifecycle OPERATOR(@extschema@.->) 'returning'::text) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today), (SELECT week_start FROM @extschema@.usage_today)), '{}') AS returning_users
          FROM (SELECT weekly,
                       lifecycle
                  FROM @extschema@.usage_totals
                 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
                UNION ALL
                SELECT weekly,
                       lifecycle
                  FROM @extschema@.usage_changes('{totals,periods}'::text[], 'outside totals'::text)) AS parts) AS series
 CROSS JOIN LATERAL (SELECT @extschema@.first_day(series.active_users) + 7 * week AS day
                       FROM generate_series(0, (@extschema@.last_day(series.active_users) - @extschema@.first_day(series.active_users)) / 7) AS week) AS weekly;

COMMENT ON VIEW @extschema@.user_lifecycle_weekly IS 'Growth accounting by week: one row a week from the first to the as-of week';
COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.week_start IS 'First day of the week, by usage_settings.week_start';
COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.new_users IS 'Users for whom it is the first active week ever';
COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.returning_users IS 'Users active in this week and in the week before';
COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.resurrected_users IS 'Users active in this week, not in the week before, and not new';
COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.dormant_users IS 'Users active in the week before, not in this one';
COMMENT ON COLUMN @extschema@.user_lifecycle_weekly.is_complete IS 'Whether the week is over';

CREATE VIEW @extschema@.active_days_histogram WITH (security_invoker = true) AS
WITH as_of AS MATERIALIZED (
  SELECT @extschema@.last_day(@extschema@.sum(dau) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today)) AS as_of_date
    FROM (SELECT dau
            FROM @extschema@.usage_totals
           WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
          UNION ALL
          SELECT dau
            FROM @extschema@.usage_changes('{totals,activity}'::text[], 'outside totals'::text)) AS parts
), counts AS MATERIALIZED (
  SELECT @extschema@.cardinality(days, (SELECT daterange(as_of_date - 27, as_of_date, '[]') FROM as_of)) AS active_days,
         count(*) AS users
    FROM @extschema@.usage_live_user_days
   WHERE NOT @extschema@.isempty(days)
   GROUP BY 1
)
SELECT as_of.as_of_date,
       bucket.active_days,
       coalesce(counts.users, 0) AS users
  FROM as_of
 CROSS JOIN generate_series(0::bigint, 28) AS bucket (active_days)
  LEFT JOIN counts
    ON counts.active_days = bucket.active_days
 WHERE as_of.as_of_date IS NOT NULL;

COMMENT ON VIEW @extschema@.active_days_histogram IS 'L28: users by the number of days they were active in the 28 days that end with the as-of day; 29 rows that add up to everyone ever active';
COMMENT ON COLUMN @extschema@.active_days_histogram.as_of_date IS 'Last day, not later than today, that has an event';
COMMENT ON COLUMN @extschema@.active_days_histogram.active_days IS 'Days active out of 28: 0 to 28, 0 for users who were active before';
COMMENT ON COLUMN @extschema@.active_days_histogram.users IS 'Number of users';
