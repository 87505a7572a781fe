-- What the rollups hold, as a change: what pending rows make of both levels, or
-- what the second level is made of. Folds, live views, rebuilds and proofs all
-- ask here, so that there is one definition.
--
-- The second level sums, over users, functions of each user's days and counts:
-- activity_counts() and the like. What is pending of a user therefore adds
-- f(after) - f(before). What is settled, made anew, is f(days) - f(nothing).

CREATE FUNCTION @extschema@.usage_changes(
  parts text[],
  source text DEFAULT 'pending'
)
RETURNS TABLE (
  account_id  uuid,
  user_id     uuid,
  month       date,
  days        @extschema@.dayset,
  events      @extschema@.dayseries_map,
  seconds     @extschema@.dayseries_map,
  sources     @extschema@.dayseries_map,
  lags        @extschema@.dayseries_map,
  event_users @extschema@.dayseries_map,
  dau         @extschema@.dayseries,
  wau         @extschema@.dayseries,
  active_28d  @extschema@.dayseries,
  mau         @extschema@.dayseries,
  weekly      @extschema@.dayseries,
  monthly     @extschema@.dayseries,
  quarterly   @extschema@.dayseries,
  lifecycle   @extschema@.dayseries_map,
  cohorts     @extschema@.dayseries_map,
  place       tid
)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 100
AS 'MODULE_PATHNAME', 'usage_changes';

COMMENT ON FUNCTION @extschema@.usage_changes(text[], text) IS
  'What the rollups are changed by: source pending, what is pending; settled, what the settled first level makes of the second; outside totals, what usage_totals does not tell the reader: what is pending and, where row security hides usage_totals, all that is settled as well. Parts: months and days (of the first level, a row per account, user and month, and per account and user with the days after it), accounts and totals (of the second, without and with null accounts; with those figures of events, seconds, sources, or sums for the three, lags (of totals only), event_users, activity, periods and cohorts that are among the parts); place says where the settled row of a month, or of days, stands, NULL where there is none';

CREATE FUNCTION @extschema@.usage_changes_by_query(
  parts text[],
  source text
)
RETURNS TABLE (
  account_id  uuid,
  user_id     uuid,
  month       date,
  days        @extschema@.dayset,
  events      @extschema@.dayseries_map,
  seconds     @extschema@.dayseries_map,
  sources     @extschema@.dayseries_map,
  lags        @extschema@.dayseries_map,
  event_users @extschema@.dayseries_map,
  dau         @extschema@.dayseries,
  wau         @extschema@.dayseries,
  active_28d  @extschema@.dayseries,
  mau         @extschema@.dayseries,
  weekly      @extschema@.dayseries,
  monthly     @extschema@.dayseries,
  quarterly   @extschema@.dayseries,
  lifecycle   @extschema@.dayseries_map,
  cohorts     @extschema@.dayseries_map,
  place       tid
)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
-- Nothing tells the planner how much is pending. What is to be looked up row by
-- row says so itself, and the cost of what is off is no reason to compile.
SET enable_nestloop = off
SET jit = off
AS $function$
#variable_conflict use_column
DECLARE
  of_pending CONSTANT boolean := source IN ('pending', 'outside totals');
  of_settled CONSTANT boolean := source = 'settled'
                                 OR source = 'outside totals' AND row_security_active('@extschema@.usage_totals');
  with_months CONSTANT boolean := 'months' = ANY (parts);
  with_days CONSTANT boolean := 'days' = ANY (parts);
  with_accounts CONSTANT boolean := 'accounts' = ANY (parts);
  with_totals CONSTANT boolean := 'totals' = ANY (parts);
  with_events CONSTANT boolean := parts && '{sums,events}';
  with_seconds CONSTANT boolean := parts && '{sums,seconds}';
  with_sources CONSTANT boolean := parts && '{sums,sources}';
  with_lags CONSTANT boolean := 'lags' = ANY (parts);
  with_event_users CONSTANT boolean := 'event_users' = ANY (parts);
  with_activity CONSTANT boolean := 'activity' = ANY (parts);
  with_periods CONSTANT boolean := 'periods' = ANY (parts);
  with_cohorts CONSTANT boolean := 'cohorts' = ANY (parts);
  with_figures CONSTANT boolean := with_activity OR with_periods OR with_cohorts;
  with_sums CONSTANT boolean := with_events OR with_seconds OR with_sources;
  -- Where settled months are read anyway, they say which days change.
  by_months CONSTANT boolean := with_months OR with_event_users;
  with_account_days CONSTANT boolean := with_days OR with_figures OR with_totals AND with_event_users;
  first_weekday integer;
BEGIN
  IF NOT of_settled AND NOT EXISTS (SELECT FROM @extschema@.usage_pending) THEN
    RETURN;
  END IF;
  SELECT week_start INTO STRICT first_weekday FROM @extschema@.usage_settings;

  RETURN QUERY
  WITH account_months AS MATERIALIZED (
    -- The sums of users' months under an account, and what they are before
    SELECT changed.account_id,
           changed.user_id,
           changed.month,
           rollup.place,
           rollup.events AS before,
           changed.events,
           changed.seconds,
           changed.sources,
           false AS settled
      FROM (SELECT account_id,
                   user_id,
                   month,
                   @extschema@.sum(events) AS events,
                   @extschema@.sum(seconds) FILTER (WHERE with_months) AS seconds,
                   @extschema@.sum(sources) FILTER (WHERE with_months) AS sources
              FROM @extschema@.usage_pending
             WHERE of_pending AND by_months
             GROUP BY account_id, user_id, month) AS changed
      -- by the index: what is pending concerns few users of many
      LEFT JOIN LATERAL (SELECT usage_rollup.ctid AS place,
                                usage_rollup.events
                           FROM @extschema@.usage_rollup
                          WHERE usage_rollup.account_id = changed.account_id
                            AND usage_rollup.user_id = changed.user_id
                            AND usage_rollup.month = changed.month
                         OFFSET 0) AS rollup
        ON true
    UNION ALL
    SELECT account_id,
           user_id,
           month,
           NULL,
           NULL,
           events,
           NULL,
           NULL,
           true
      FROM @extschema@.usage_rollup
     WHERE of_settled AND by_months
  ), sums AS (
    -- What needs no look at what is there before
    SELECT CASE WHEN with_accounts THEN account_id END AS account_id,
           month,
           @extschema@.sum(events) FILTER (WHERE with_events) AS events,
           @extschema@.sum(seconds) FILTER (WHERE with_seconds) AS seconds,
           @extschema@.sum(sources) FILTER (WHERE with_sources) AS sources
      FROM (SELECT account_id,
                   month,
                   events,
                   seconds,
                   sources
              FROM @extschema@.usage_pending
             WHERE of_pending AND with_sums
            UNION ALL
            SELECT account_id,
                   month,
                   events,
                   seconds,
                   sources
              FROM @extschema@.usage_rollup
             WHERE of_settled AND with_sums) AS rows
     GROUP BY 1, 2
  ), added AS MATERIALIZED (
    -- Where all that is pending adds, days can only come, as no settled sum is
    -- below 0; otherwise the sums of the months concerned have to be read.
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.days(total)) AS days,
           bool_or(NOT @extschema@.isempty(@extschema@.days(OPERATOR(@extschema@.-) total))) AS recount
      FROM (SELECT account_id,
                   user_id,
                   @extschema@.total_series(events) AS total
              FROM @extschema@.usage_pending
             WHERE of_pending AND NOT by_months
            OFFSET 0) AS pending
     GROUP BY account_id, user_id
  ), months_to_recount AS (
    SELECT account_id,
           user_id,
           month,
           before,
           events
      FROM account_months
     WHERE by_months AND NOT settled
    UNION ALL
    SELECT months.account_id,
           months.user_id,
           months.month,
           rollup.events,
           months.events
      FROM (SELECT pending.account_id,
                   pending.user_id,
                   pending.month,
                   @extschema@.sum(pending.events) AS events
              FROM added
              JOIN @extschema@.usage_pending AS pending
                ON pending.account_id = added.account_id
               AND pending.user_id = added.user_id
             WHERE added.recount
             GROUP BY pending.account_id, pending.user_id, pending.month) AS months
      LEFT JOIN LATERAL (SELECT *
                           FROM @extschema@.usage_rollup
                          WHERE usage_rollup.account_id = months.account_id
                            AND usage_rollup.user_id = months.user_id
                            AND usage_rollup.month = months.month
                         OFFSET 0) AS rollup
        ON true
  ), touched AS (
    -- Days that come, or months whose days are others now
    SELECT account_id,
           user_id,
           NULL::@extschema@.dayset AS months,
           days
      FROM added
     WHERE NOT recount
    UNION ALL
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.dayset(month, month + 31 - extract(day FROM month + 31)::integer)),
           @extschema@.dayset_union(after)
      FROM (SELECT account_id,
                   user_id,
                   month,
                   @extschema@.days(before) AS before,
                   @extschema@.days(coalesce(before OPERATOR(@extschema@.+) change, change)) AS after
              FROM (SELECT account_id,
                           user_id,
                           month,
                           @extschema@.total_series(before) AS before,
                           @extschema@.total_series(events) AS change
                      FROM months_to_recount
                    OFFSET 0) AS totals
            OFFSET 0) AS recounted
     WHERE coalesce(before, '{}') OPERATOR(@extschema@.<>) after
     GROUP BY account_id, user_id
  ), account_days AS MATERIALIZED (
    -- The days of users under an account, where they change
    SELECT account_id,
           user_id,
           place,
           before,
           CASE WHEN months IS NULL
                THEN coalesce(before OPERATOR(@extschema@.+) days, days)
                ELSE coalesce(before OPERATOR(@extschema@.-) months, '{}') OPERATOR(@extschema@.+) days
           END AS after,
           shared,
           false AS settled
      FROM (SELECT touched.account_id,
                   touched.user_id,
                   touched.months,
                   touched.days,
                   activity.place,
                   activity.days AS before,
                   coalesce(activity.shared,
                            (SELECT true
                               FROM @extschema@.user_activity
                              WHERE user_activity.user_id = touched.user_id
                              LIMIT 1),
                            false) AS shared
              FROM touched
              LEFT JOIN LATERAL (SELECT user_activity.ctid AS place,
                                        user_activity.days,
                                        user_activity.shared
                                   FROM @extschema@.user_activity
                                  WHERE user_activity.account_id = touched.account_id
                                    AND user_activity.user_id = touched.user_id
                                 OFFSET 0) AS activity
                ON true
             WHERE with_account_days
               AND (touched.months IS NOT NULL
                    OR activity.days IS NULL AND NOT @extschema@.isempty(touched.days)
                    OR NOT activity.days OPERATOR(@extschema@.@>) touched.days)
            OFFSET 0) AS changed
    UNION ALL
    SELECT account_id,
           user_id,
           NULL,
           NULL,
           days,
           shared,
           true
      FROM @extschema@.user_activity
     WHERE of_settled
  ), sharers AS MATERIALIZED (
    -- Users who have days under several accounts, to be counted once
    SELECT user_id,
           settled
      FROM account_days
     WHERE shared AND with_totals
    UNION
    SELECT user_id,
           false
      FROM account_days
     WHERE place IS NULL AND NOT settled AND with_totals
     GROUP BY user_id
    HAVING count(*) > 1
  ), user_days AS (
    SELECT before,
           after
      FROM account_days
     WHERE NOT EXISTS (SELECT
                         FROM sharers
                        WHERE sharers.user_id = account_days.user_id
                          AND sharers.settled = account_days.settled)
    UNION ALL
    SELECT @extschema@.dayset_union(before),
           @extschema@.dayset_union(after)
      FROM (SELECT user_id,
                   settled,
                   before,
                   after
              FROM account_days
              JOIN sharers USING (user_id, settled)
            UNION ALL
            -- Days under accounts where nothing is pending
            SELECT activity.user_id,
                   false,
                   activity.days,
                   activity.days
              FROM sharers
             CROSS JOIN LATERAL (SELECT *
                                   FROM @extschema@.user_activity
                                  WHERE user_activity.user_id = sharers.user_id
                                 OFFSET 0) AS activity
             WHERE NOT sharers.settled
               AND NOT EXISTS (SELECT
                                 FROM account_days
                                WHERE account_days.account_id = activity.account_id
                                  AND account_days.user_id = activity.user_id
                                  AND NOT account_days.settled)) AS parts
     GROUP BY user_id, settled
  ), month_sharers AS MATERIALIZED (
    SELECT user_id
      FROM @extschema@.user_activity
     WHERE shared AND with_totals AND with_event_users
    UNION
    SELECT user_id
      FROM sharers
     WHERE with_event_users
  ), user_months AS (
    SELECT month,
           before,
           events
      FROM account_months
     WHERE NOT EXISTS (SELECT
                         FROM month_sharers
                        WHERE month_sharers.user_id = account_months.user_id)
    UNION ALL
    SELECT month,
           @extschema@.sum(before),
           @extschema@.sum(events)
      FROM (SELECT user_id,
                   month,
                   settled,
                   before,
                   events
              FROM account_months
              JOIN month_sharers USING (user_id)
            UNION ALL
            -- Sums under accounts where nothing is pending
            SELECT changed.user_id,
                   changed.month,
                   false,
                   rollup.events,
                   NULL
              FROM (SELECT DISTINCT user_id,
                                    month
                      FROM account_months
                      JOIN month_sharers USING (user_id)
                     WHERE NOT settled) AS changed
             CROSS JOIN LATERAL (SELECT user_activity.account_id,
                                        usage_rollup.events
                                   FROM @extschema@.user_activity
                                  CROSS JOIN LATERAL (SELECT *
                                                        FROM @extschema@.usage_rollup
                                                       WHERE usage_rollup.account_id = user_activity.account_id
                                                         AND usage_rollup.user_id = changed.user_id
                                                         AND usage_rollup.month = changed.month
                                                      OFFSET 0) AS usage_rollup
                                  WHERE user_activity.user_id = changed.user_id
                                 OFFSET 0) AS rollup
             WHERE NOT EXISTS (SELECT
                                 FROM account_months
                                WHERE account_months.account_id = rollup.account_id
                                  AND account_months.user_id = changed.user_id
                                  AND account_months.month = changed.month
                                  AND NOT account_months.settled)) AS parts
     GROUP BY user_id, month, settled
  ), second_level AS (
    SELECT account_id,
           month,
           events,
           seconds,
           sources,
           NULL::@extschema@.dayseries_map AS lags,
           NULL::@extschema@.dayseries_map AS event_users,
           NULL::@extschema@.dayseries_map AS figures
      FROM sums
     WHERE with_accounts
    UNION ALL
    SELECT NULL,
           month,
           @extschema@.sum(events),
           @extschema@.sum(seconds),
           @extschema@.sum(sources),
           NULL,
           NULL,
           NULL
      FROM sums
     WHERE with_totals
     GROUP BY month
    UNION ALL
    SELECT account_id,
           month,
           NULL,
           NULL,
           NULL,
           NULL,
           @extschema@.event_user_counts(before, events),
           NULL
      FROM account_months
     WHERE with_accounts AND with_event_users
     GROUP BY account_id, month
    UNION ALL
    SELECT NULL,
           month,
           NULL,
           NULL,
           NULL,
           @extschema@.sum(lags),
           NULL,
           NULL
      FROM @extschema@.usage_pending
     WHERE with_totals AND with_lags AND of_pending
     GROUP BY month
    UNION ALL
    SELECT NULL,
           month,
           NULL,
           NULL,
           NULL,
           NULL,
           @extschema@.event_user_counts(before, events),
           NULL
      FROM user_months
     WHERE with_totals AND with_event_users
     GROUP BY month
    UNION ALL
    SELECT figures.account_id,
           cut.month,
           NULL,
           NULL,
           NULL,
           NULL,
           NULL,
           cut.part
      FROM (SELECT account_id,
                   @extschema@.activity_counts(before, after) FILTER (WHERE with_activity) AS activity,
                   @extschema@.period_counts(before, after, first_weekday) FILTER (WHERE with_periods) AS periods,
                   @extschema@.cohort_counts(before, after, first_weekday) FILTER (WHERE with_cohorts) AS cohorts
              FROM account_days
             WHERE with_accounts AND with_figures
             GROUP BY account_id
            UNION ALL
            SELECT NULL,
                   @extschema@.activity_counts(before, after) FILTER (WHERE with_activity),
                   @extschema@.period_counts(before, after, first_weekday) FILTER (WHERE with_periods),
                   @extschema@.cohort_counts(before, after, first_weekday) FILTER (WHERE with_cohorts)
              FROM user_days
             WHERE with_totals AND with_figures) AS figures
     CROSS JOIN LATERAL @extschema@.each_month(coalesce(figures.activity, '{}')
                                               OPERATOR(@extschema@.+) coalesce(figures.periods, '{}')
                                               OPERATOR(@extschema@.+) coalesce(figures.cohorts, '{}')) AS cut (month, part)
  )
  SELECT account_id,
         user_id,
         month,
         NULL::@extschema@.dayset,
         events,
         seconds,
         sources,
         NULL::@extschema@.dayseries_map,
         NULL::@extschema@.dayseries_map,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries,
         NULL::@extschema@.dayseries_map,
         NULL::@extschema@.dayseries_map,
         place
    FROM account_months
   WHERE with_months
  UNION ALL
  SELECT account_id,
         user_id,
         NULL,
         after,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         place
    FROM account_days
   WHERE with_days
  UNION ALL
  SELECT account_id,
         NULL,
         month,
         NULL,
         coalesce(@extschema@.sum(events), '{}'),
         coalesce(@extschema@.sum(seconds), '{}'),
         coalesce(@extschema@.sum(sources), '{}'),
         coalesce(@extschema@.sum(lags), '{}'),
         coalesce(@extschema@.sum(event_users), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'dau'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'wau'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'active_28d'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'mau'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'weekly'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'monthly'::text), '{}'),
         coalesce(@extschema@.sum(figures OPERATOR(@extschema@.->) 'quarterly'::text), '{}'),
         coalesce(@extschema@.sum(@extschema@.labels_under(figures, 'lifecycle/'::text)), '{}'),
         coalesce(@extschema@.sum(@extschema@.labels_under(figures, 'cohorts/'::text)), '{}'),
         NULL
    FROM second_level
   GROUP BY account_id, month;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_changes_by_query(text[], text) IS
  'What usage_changes() returns, as one query that row security and rights apply to; what usage_changes() calls for all that is settled, for more pending rows than work_mem holds, and for readers with rights on some of it only';
