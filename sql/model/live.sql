-- Live rollups: what is settled, and the difference that pending rows make.
-- Exactly the events that the reader's snapshot sees, folded or not. A user
-- with something pending is read whole; where nothing is pending, the parts
-- below that read usage_pending are empty and cost next to nothing.

CREATE VIEW @extschema@.usage_today WITH (security_invoker = true) AS
SELECT @extschema@.event_day(now()) AS today,
       daterange(NULL, @extschema@.event_day(now()), '[]') AS past,
       week_start
  FROM @extschema@.usage_settings;

COMMENT ON VIEW @extschema@.usage_today IS 'Today in the reporting time zone, one row';
COMMENT ON COLUMN @extschema@.usage_today.today IS 'Today';
COMMENT ON COLUMN @extschema@.usage_today.past IS 'All days up to today, and today';
COMMENT ON COLUMN @extschema@.usage_today.week_start IS 'First day of a week: 1 Monday … 7 Sunday';

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
SELECT activity.account_id,
       activity.user_id,
       activity.days,
       activity.shared
  FROM @extschema@.user_activity AS activity
 WHERE NOT EXISTS (SELECT
                     FROM @extschema@.usage_pending AS pending
                    WHERE pending.user_id = activity.user_id)
UNION ALL
-- Users with something pending: their days in the months concerned come from
-- the sums, the others as settled. They are merged as if they were shared.
SELECT changed.account_id,
       changed.user_id,
       changed.days,
       true AS shared
  FROM (SELECT months.account_id,
               months.user_id,
               coalesce(activity.days OPERATOR(@extschema@.-) @extschema@.dayset_union(@extschema@.dayset(months.month, months.month + 31 - extract(day FROM months.month + 31)::integer))
                                      OPERATOR(@extschema@.+) @extschema@.dayset_union(months.days),
                        @extschema@.dayset_union(months.days)) AS days
          FROM (SELECT pending.account_id,
                       pending.user_id,
                       pending.month,
                       @extschema@.days(@extschema@.total_series(coalesce(rollup.events OPERATOR(@extschema@.+) pending.events, pending.events))) AS days
                  FROM (SELECT account_id,
                               user_id,
                               month,
                               @extschema@.sum(events) AS events
                          FROM @extschema@.usage_pending
                         GROUP BY account_id, user_id, month) AS pending
                  LEFT JOIN @extschema@.usage_rollup AS rollup
                    ON rollup.account_id = pending.account_id
                   AND rollup.user_id = pending.user_id
                   AND rollup.month = pending.month) AS months
          LEFT JOIN @extschema@.user_activity AS activity
            ON activity.account_id = months.account_id
           AND activity.user_id = months.user_id
         GROUP BY months.account_id, months.user_id, activity.days) AS changed
 WHERE NOT @extschema@.isempty(changed.days)
UNION ALL
-- and under their other accounts.
SELECT activity.account_id,
       activity.user_id,
       activity.days,
       true AS shared
  FROM (SELECT DISTINCT user_id
          FROM @extschema@.usage_pending) AS changed
  JOIN @extschema@.user_activity AS activity
    ON activity.user_id = changed.user_id
 WHERE NOT EXISTS (SELECT
                     FROM @extschema@.usage_pending AS pending
                    WHERE pending.account_id = activity.account_id
                      AND pending.user_id = activity.user_id);

COMMENT ON VIEW @extschema@.usage_live_activity IS 'Days of activity as of the last commit: a row per account and user; user_activity and what is pending';
COMMENT ON COLUMN @extschema@.usage_live_activity.account_id IS 'Account of the events';
COMMENT ON COLUMN @extschema@.usage_live_activity.user_id IS 'User of the events';
COMMENT ON COLUMN @extschema@.usage_live_activity.days IS 'Days with at least one event';
COMMENT ON COLUMN @extschema@.usage_live_activity.shared IS 'Whether the user may have rows under several accounts, to be merged where each user is to count once';

CREATE VIEW @extschema@.usage_live_user_days WITH (security_invoker = true) AS
SELECT user_id,
       days OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM @extschema@.usage_live_activity
 WHERE NOT shared
UNION ALL
SELECT user_id,
       @extschema@.dayset_union(days) OPERATOR(@extschema@.*) (SELECT past FROM @extschema@.usage_today) AS days
  FROM @extschema@.usage_live_activity
 WHERE shared
 GROUP BY user_id;

COMMENT ON VIEW @extschema@.usage_live_user_days IS 'Days of activity of each user up to today, whatever the account: a row per user';
COMMENT ON COLUMN @extschema@.usage_live_user_days.user_id IS 'User';
COMMENT ON COLUMN @extschema@.usage_live_user_days.days IS 'Days up to today with at least one event; none where all lie in the future';
