-- Live rollups: what is settled, and the difference that pending rows make.
-- Exactly the events that the reader's snapshot sees, folded or not. Where
-- nothing is pending, the parts that read usage_pending are empty and cost next
-- to nothing.

CREATE VIEW @extschema@.usage_today WITH (security_invoker = true) AS
SELECT @extschema@.event_day(now()) AS today,
       daterange(NULL, @extschema@.event_day(now()), '[]') AS past,
       week_start
  FROM @extschema@.usage_settings;

COMMENT ON VIEW @extschema@.usage_today IS 'Today in the reporting time zone, one row';
COMMENT ON COLUMN @extschema@.usage_today.today IS 'Today';
COMMENT ON COLUMN @extschema@.usage_today.past IS 'All days up to today, and today';
COMMENT ON COLUMN @extschema@.usage_today.week_start IS 'First day of a week: 1 Monday to 7 Sunday';

CREATE VIEW @extschema@.usage_live_rollup WITH (security_invoker = true) AS
SELECT rollup.account_id,
       rollup.user_id,
       rollup.month,
       rollup.events,
       rollup.seconds,
       rollup.sources
  FROM @extschema@.usage_rollup AS rollup
 WHERE NOT EXISTS (SELECT
                     FROM @extschema@.usage_pending AS pending
                    WHERE pending.account_id = rollup.account_id
                      AND pending.user_id = rollup.user_id
                      AND pending.month = rollup.month)
UNION ALL
SELECT merged.account_id,
       merged.user_id,
       merged.month,
       merged.events,
       merged.seconds,
       merged.sources
  FROM (SELECT pending.account_id,
               pending.user_id,
               pending.month,
               coalesce(rollup.events OPERATOR(@extschema@.+) pending.events, pending.events) AS events,
               coalesce(rollup.seconds OPERATOR(@extschema@.+) pending.seconds, pending.seconds) AS seconds,
               coalesce(rollup.sources OPERATOR(@extschema@.+) pending.sources, pending.sources) AS sources
          FROM (SELECT account_id,
                       user_id,
                       month,
                       @extschema@.sum(events) AS events,
                       @extschema@.sum(seconds) AS seconds,
                       @extschema@.sum(sources) AS sources
                  FROM @extschema@.usage_pending
                 GROUP BY account_id, user_id, month) AS pending
          LEFT JOIN @extschema@.usage_rollup AS rollup
            ON rollup.account_id = pending.account_id
           AND rollup.user_id = pending.user_id
           AND rollup.month = pending.month) AS merged
 WHERE NOT (@extschema@.isempty(merged.events)
            AND @extschema@.isempty(merged.seconds)
            AND @extschema@.isempty(merged.sources));

COMMENT ON VIEW @extschema@.usage_live_rollup IS 'Sums of events as of the last commit: a row per account, user and month; usage_rollup and what is pending';
COMMENT ON COLUMN @extschema@.usage_live_rollup.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.usage_live_rollup.user_id IS 'User of the events';
COMMENT ON COLUMN @extschema@.usage_live_rollup.month IS 'First day of the month';
COMMENT ON COLUMN @extschema@.usage_live_rollup.events IS 'Number of events a day, by event name';
COMMENT ON COLUMN @extschema@.usage_live_rollup.seconds IS 'Seconds of duration a day, by event name';
COMMENT ON COLUMN @extschema@.usage_live_rollup.sources IS 'Number of events a day, by source; unknown where that is null';

CREATE VIEW @extschema@.usage_live_activity WITH (security_invoker = true) AS
WITH changed AS MATERIALIZED (
  SELECT account_id,
         user_id,
         days,
         place IS NULL AS is_new
    FROM @extschema@.usage_changes('{days}'::text[])
)
SELECT activity.account_id,
       activity.user_id,
       coalesce(changed.days, activity.days) AS days,
       activity.shared OR activity.user_id IN (SELECT user_id FROM changed WHERE is_new) AS shared
  FROM @extschema@.user_activity AS activity
  LEFT JOIN changed
    ON changed.account_id = activity.account_id
   AND changed.user_id = activity.user_id
 WHERE changed.days IS NULL OR NOT @extschema@.isempty(changed.days)
UNION ALL
SELECT account_id,
       user_id,
       days,
       true AS shared
  FROM changed
 WHERE is_new;

COMMENT ON VIEW @extschema@.usage_live_activity IS 'Days of activity as of the last commit: a row per account and user; user_activity and what is pending';
COMMENT ON COLUMN @extschema@.usage_live_activity.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.usage_live_activity.user_id IS 'User of the events';
COMMENT ON COLUMN @extschema@.usage_live_activity.days IS 'Days with at least one event';
COMMENT ON COLUMN @extschema@.usage_live_activity.shared IS 'Whether the user may have rows under several accounts, to be merged where each user is to count once';

-- What is settled of users of one account, where nothing is pending, is passed on
-- as it is; the others are merged.
CREATE VIEW @extschema@.usage_live_user_days WITH (security_invoker = true) AS
WITH changed AS MATERIALIZED (
  SELECT account_id,
         user_id,
         days
    FROM @extschema@.usage_changes('{days}'::text[])
)
SELECT user_id,
       days OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM @extschema@.user_activity
 WHERE NOT shared
   AND user_id NOT IN (SELECT user_id FROM changed)
UNION ALL
SELECT user_id,
       @extschema@.dayset_union(days) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM (SELECT user_id,
               days
          FROM @extschema@.user_activity AS activity
         WHERE shared
           AND NOT EXISTS (SELECT
                             FROM changed
                            WHERE changed.account_id = activity.account_id
                              AND changed.user_id = activity.user_id)
        UNION ALL
        SELECT activity.user_id,
               activity.days
          FROM (SELECT DISTINCT user_id
                  FROM changed) AS users
          JOIN @extschema@.user_activity AS activity
            ON activity.user_id = users.user_id
         WHERE NOT activity.shared
           AND NOT EXISTS (SELECT
                             FROM changed
                            WHERE changed.account_id = activity.account_id
                              AND changed.user_id = activity.user_id)
        UNION ALL
        SELECT user_id,
               days
          FROM changed
         WHERE NOT @extschema@.isempty(days)) AS parts
 GROUP BY user_id;

COMMENT ON VIEW @extschema@.usage_live_user_days IS 'Days of activity of each user up to today, whatever the account: a row per user';
COMMENT ON COLUMN @extschema@.usage_live_user_days.user_id IS 'User';
COMMENT ON COLUMN @extschema@.usage_live_user_days.days IS 'Days up to today with at least one event; none where all lie in the future';

-- The second level. What usage_totals lacks is what is pending and, where row
-- security hides it, everything that the reader sees of the first level.
CREATE VIEW @extschema@.usage_live_accounts WITH (security_invoker = true) AS
WITH changed AS MATERIALIZED (
  SELECT *
    FROM @extschema@.usage_changes('{accounts,sums,activity}'::text[])
)
SELECT rollup.account_id,
       rollup.month,
       CASE WHEN changed.month IS NULL THEN rollup.events ELSE rollup.events OPERATOR(@extschema@.+) changed.events END AS events,
       CASE WHEN changed.month IS NULL THEN rollup.seconds ELSE rollup.seconds OPERATOR(@extschema@.+) changed.seconds END AS seconds,
       CASE WHEN changed.month IS NULL THEN rollup.sources ELSE rollup.sources OPERATOR(@extschema@.+) changed.sources END AS sources,
       CASE WHEN changed.month IS NULL THEN rollup.dau ELSE rollup.dau OPERATOR(@extschema@.+) changed.dau END AS dau,
       CASE WHEN changed.month IS NULL THEN rollup.wau ELSE rollup.wau OPERATOR(@extschema@.+) changed.wau END AS wau,
       CASE WHEN changed.month IS NULL THEN rollup.active_28d ELSE rollup.active_28d OPERATOR(@extschema@.+) changed.active_28d END AS active_28d,
       CASE WHEN changed.month IS NULL THEN rollup.mau ELSE rollup.mau OPERATOR(@extschema@.+) changed.mau END AS mau
  FROM @extschema@.account_rollup AS rollup
  LEFT JOIN changed
    ON changed.account_id = rollup.account_id
   AND changed.month = rollup.month
UNION ALL
SELECT account_id,
       month,
       events,
       seconds,
       sources,
       dau,
       wau,
       active_28d,
       mau
  FROM changed
 WHERE NOT EXISTS (SELECT
                     FROM @extschema@.account_rollup AS rollup
                    WHERE rollup.account_id = changed.account_id
                      AND rollup.month = changed.month);

COMMENT ON VIEW @extschema@.usage_live_accounts IS 'Sums over the users of an account as of the last commit, those that views ask for: a row per account and month; account_rollup and what is pending';
COMMENT ON COLUMN @extschema@.usage_live_accounts.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.usage_live_accounts.month IS 'First day of the month; each series holds what falls into it';
COMMENT ON COLUMN @extschema@.usage_live_accounts.events IS 'Number of events a day, by event name';
COMMENT ON COLUMN @extschema@.usage_live_accounts.seconds IS 'Seconds of duration a day, by event name';
COMMENT ON COLUMN @extschema@.usage_live_accounts.sources IS 'Number of events a day, by source; unknown where that is null';
COMMENT ON COLUMN @extschema@.usage_live_accounts.dau IS 'Users active on each day';
COMMENT ON COLUMN @extschema@.usage_live_accounts.wau IS 'Users active in the 7 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_live_accounts.active_28d IS 'Users active in the 28 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_live_accounts.mau IS 'Users active in the 30 days that end with each day';

CREATE VIEW @extschema@.usage_live_totals WITH (security_invoker = true) AS
SELECT month,
       events,
       seconds,
       sources,
       event_users,
       dau,
       wau,
       active_28d,
       mau,
       weekly,
       monthly,
       quarterly,
       lifecycle,
       cohorts
  FROM @extschema@.usage_totals
 WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
UNION ALL
SELECT month,
       events,
       seconds,
       sources,
       event_users,
       dau,
       wau,
       active_28d,
       mau,
       weekly,
       monthly,
       quarterly,
       lifecycle,
       cohorts
  FROM @extschema@.usage_changes('{totals,sums,event_users,activity,periods,cohorts}'::text[], 'outside totals'::text);

COMMENT ON VIEW @extschema@.usage_live_totals IS 'Sums over all users as of the last commit, in one or more rows a month, to be added up; usage_totals and what is pending; where row security is active, over the users that the reader sees';
COMMENT ON COLUMN @extschema@.usage_live_totals.month IS 'First day of the month; each series holds what falls into it';
COMMENT ON COLUMN @extschema@.usage_live_totals.events IS 'Number of events a day, by event name';
COMMENT ON COLUMN @extschema@.usage_live_totals.seconds IS 'Seconds of duration a day, by event name';
COMMENT ON COLUMN @extschema@.usage_live_totals.sources IS 'Number of events a day, by source; unknown where that is null';
COMMENT ON COLUMN @extschema@.usage_live_totals.event_users IS 'Users with such an event a day, by event name';
COMMENT ON COLUMN @extschema@.usage_live_totals.dau IS 'Users active on each day';
COMMENT ON COLUMN @extschema@.usage_live_totals.wau IS 'Users active in the 7 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_live_totals.active_28d IS 'Users active in the 28 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_live_totals.mau IS 'Users active in the 30 days that end with each day';
COMMENT ON COLUMN @extschema@.usage_live_totals.weekly IS 'Users whose first active day of a week is that day: added up by week, the users active in it';
COMMENT ON COLUMN @extschema@.usage_live_totals.monthly IS 'Users whose first active day of a month is that day';
COMMENT ON COLUMN @extschema@.usage_live_totals.quarterly IS 'Users whose first active day of a quarter is that day';
COMMENT ON COLUMN @extschema@.usage_live_totals.lifecycle IS 'Of these, the users who are new, under their first active day of all, and who return, having been active in the period before: by day, week, month and quarter';
COMMENT ON COLUMN @extschema@.usage_live_totals.cohorts IS 'As weekly, by the users'' first active week';
