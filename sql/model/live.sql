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
WITH pending AS MATERIALIZED (
  -- Where all that is pending adds, days can only come; otherwise the sums of
  -- the months concerned have to be read.
  SELECT account_id,
         user_id,
         @extschema@.dayset_union(@extschema@.days(total)) AS added,
         bool_or(NOT @extschema@.isempty(@extschema@.days(OPERATOR(@extschema@.-) total))) AS recount
    FROM (SELECT account_id,
                 user_id,
                 @extschema@.total_series(events) AS total
            FROM @extschema@.usage_pending
          OFFSET 0) AS changes
   GROUP BY account_id, user_id
), recounted AS MATERIALIZED (
  SELECT months.account_id,
         months.user_id,
         @extschema@.dayset_union(@extschema@.dayset(months.month, months.month + 31 - extract(day FROM months.month + 31)::integer)) AS months,
         @extschema@.dayset_union(@extschema@.days(@extschema@.total_series(coalesce(rollup.events OPERATOR(@extschema@.+) months.events, months.events)))) AS days
    FROM (SELECT changes.account_id,
                 changes.user_id,
                 changes.month,
                 @extschema@.sum(changes.events) AS events
            FROM pending
            JOIN @extschema@.usage_pending AS changes
              ON changes.account_id = pending.account_id
             AND changes.user_id = pending.user_id
           WHERE pending.recount
           GROUP BY changes.account_id, changes.user_id, changes.month) AS months
    LEFT JOIN @extschema@.usage_rollup AS rollup
      ON rollup.account_id = months.account_id
     AND rollup.user_id = months.user_id
     AND rollup.month = months.month
   GROUP BY months.account_id, months.user_id
), arrived AS MATERIALIZED (
  -- Users who have nothing settled under the account
  SELECT pending.account_id,
         pending.user_id,
         coalesce(recounted.days, pending.added) AS days
    FROM pending
    LEFT JOIN recounted
      ON recounted.account_id = pending.account_id
     AND recounted.user_id = pending.user_id
   WHERE NOT EXISTS (SELECT
                       FROM @extschema@.user_activity AS activity
                      WHERE activity.account_id = pending.account_id
                        AND activity.user_id = pending.user_id)
)
SELECT activity.account_id,
       activity.user_id,
       CASE WHEN pending.user_id IS NULL THEN activity.days
            WHEN recounted.user_id IS NULL THEN activity.days OPERATOR(@extschema@.+) pending.added
            ELSE activity.days OPERATOR(@extschema@.-) recounted.months OPERATOR(@extschema@.+) recounted.days
       END AS days,
       activity.shared OR activity.user_id IN (SELECT user_id FROM arrived) AS shared
  FROM @extschema@.user_activity AS activity
  LEFT JOIN pending
    ON pending.account_id = activity.account_id
   AND pending.user_id = activity.user_id
  LEFT JOIN recounted
    ON recounted.account_id = activity.account_id
   AND recounted.user_id = activity.user_id
 WHERE recounted.user_id IS NULL
    OR NOT @extschema@.isempty(activity.days OPERATOR(@extschema@.-) recounted.months OPERATOR(@extschema@.+) recounted.days)
UNION ALL
SELECT account_id,
       user_id,
       days,
       true AS shared
  FROM arrived
 WHERE NOT @extschema@.isempty(days);

COMMENT ON VIEW @extschema@.usage_live_activity IS 'Days of activity as of the last commit: a row per account and user; user_activity and what is pending';
COMMENT ON COLUMN @extschema@.usage_live_activity.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.usage_live_activity.user_id IS 'User of the events';
COMMENT ON COLUMN @extschema@.usage_live_activity.days IS 'Days with at least one event';
COMMENT ON COLUMN @extschema@.usage_live_activity.shared IS 'Whether the user may have rows under several accounts, to be merged where each user is to count once';

CREATE VIEW @extschema@.usage_live_user_days WITH (security_invoker = true) AS
WITH live AS MATERIALIZED (
  SELECT user_id,
         days,
         shared
    FROM @extschema@.usage_live_activity
)
SELECT user_id,
       days OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM live
 WHERE NOT shared
UNION ALL
SELECT user_id,
       @extschema@.dayset_union(days) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM live
 WHERE shared
 GROUP BY user_id;

COMMENT ON VIEW @extschema@.usage_live_user_days IS 'Days of activity of each user up to today, whatever the account: a row per user';
COMMENT ON COLUMN @extschema@.usage_live_user_days.user_id IS 'User';
COMMENT ON COLUMN @extschema@.usage_live_user_days.days IS 'Days up to today with at least one event; none where all lie in the future';
