-- Capture, fold and proof of the rollups.

CREATE FUNCTION @extschema@.usage_capture()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'usage_capture';

COMMENT ON FUNCTION @extschema@.usage_capture() IS
  'Trigger function: appends to usage_pending what a statement on fct_event changes; AFTER, FOR EACH STATEMENT, with transition tables';

CREATE FUNCTION @extschema@.usage_capture_users()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'usage_capture_users';

COMMENT ON FUNCTION @extschema@.usage_capture_users() IS
  'Trigger function: takes back all sums of users that are deleted from dim_user, AFTER DELETE, FOR EACH STATEMENT, with the old table; gives those of purged months to the new key of a user, AFTER UPDATE, FOR EACH ROW';

CREATE FUNCTION @extschema@.usage_forget_settings(event_table regclass)
RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_forget_settings';

COMMENT ON FUNCTION @extschema@.usage_forget_settings(regclass) IS
  'Make all sessions read usage_settings anew once this transaction has committed; for members of the table owner''s role (42501)';

CREATE FUNCTION @extschema@.usage_lock_rollups(wait boolean)
RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_lock_rollups';

COMMENT ON FUNCTION @extschema@.usage_lock_rollups(boolean) IS
  'Take the lock that lets one session at a time change the rollups, until the transaction ends; false where another has it and wait is false; for members of the owner''s role (42501)';

-- Add what changes to the rollups: what is pending, which is taken from there,
-- or, with the source settled, the second level anew, over one that is empty.
-- One statement, so one snapshot: what it takes is what it adds, and whoever
-- deletes an event has seen it inserted, so no settled sum is ever below 0. The
-- rollups are locked, so nothing here meets another fold.
CREATE FUNCTION @extschema@.usage_apply_changes(source text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  applied bigint;
  empty_keys record;
BEGIN
  IF NOT EXISTS (SELECT
                   FROM pg_class
                  WHERE oid = '@extschema@.usage_pending'::regclass AND relowner = current_user::regrole) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = 'must be owner of the usage model',
      HINT = 'Call @extschema@.usage_refresh().';
  END IF;
  WITH taken AS (
    DELETE FROM @extschema@.usage_pending
     WHERE source = 'pending'
    RETURNING month
  ), changes AS MATERIALIZED (
    SELECT *
      FROM @extschema@.usage_changes(
             CASE source WHEN 'pending' THEN ARRAY['months', 'days'] END
             || ARRAY['accounts', 'totals', 'sums', 'lags', 'event_users', 'activity', 'periods', 'cohorts'],
             source)
  ), months AS (
    UPDATE @extschema@.usage_rollup AS rollup
       SET events = rollup.events OPERATOR(@extschema@.+) changes.events,
           seconds = rollup.seconds OPERATOR(@extschema@.+) changes.seconds,
           sources = rollup.sources OPERATOR(@extschema@.+) changes.sources
      FROM changes
     WHERE changes.user_id IS NOT NULL AND changes.month IS NOT NULL AND rollup.ctid = changes.place
    RETURNING rollup.account_id,
              rollup.user_id,
              rollup.month,
              @extschema@.isempty(rollup.events) AND @extschema@.isempty(rollup.seconds) AND @extschema@.isempty(rollup.sources) AS is_empty
  ), new_months AS (
    INSERT INTO @extschema@.usage_rollup (account_id, user_id, month, events, seconds, sources)
    SELECT account_id, user_id, month, events, seconds, sources
      FROM changes
     WHERE user_id IS NOT NULL AND month IS NOT NULL AND place IS NULL
       AND NOT (@extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources))
  ), activity AS (
    UPDATE @extschema@.user_activity AS activity
       SET days = changes.days
      FROM changes
     WHERE changes.user_id IS NOT NULL AND changes.month IS NULL AND activity.ctid = changes.place
    RETURNING activity.account_id, activity.user_id, @extschema@.isempty(activity.days) AS is_empty
  ), new_activity AS (
    INSERT INTO @extschema@.user_activity (account_id, user_id, days)
    SELECT account_id, user_id, days
      FROM changes
     WHERE user_id IS NOT NULL AND month IS NULL AND place IS NULL
    RETURNING user_id
  ), accounts AS (
    INSERT INTO @extschema@.account_rollup AS rollup (account_id, month, events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts)
    SELECT account_id, month, events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts
      FROM changes
     WHERE user_id IS NULL AND account_id IS NOT NULL
     ORDER BY account_id, month
    ON CONFLICT (account_id, month) DO UPDATE
       SET events = rollup.events OPERATOR(@extschema@.+) excluded.events,
           seconds = rollup.seconds OPERATOR(@extschema@.+) excluded.seconds,
           sources = rollup.sources OPERATOR(@extschema@.+) excluded.sources,
           event_users = rollup.event_users OPERATOR(@extschema@.+) excluded.event_users,
           dau = rollup.dau OPERATOR(@extschema@.+) excluded.dau,
           wau = rollup.wau OPERATOR(@extschema@.+) excluded.wau,
           active_28d = rollup.active_28d OPERATOR(@extschema@.+) excluded.active_28d,
           mau = rollup.mau OPERATOR(@extschema@.+) excluded.mau,
           weekly = rollup.weekly OPERATOR(@extschema@.+) excluded.weekly,
           monthly = rollup.monthly OPERATOR(@extschema@.+) excluded.monthly,
           quarterly = rollup.quarterly OPERATOR(@extschema@.+) excluded.quarterly,
           lifecycle = rollup.lifecycle OPERATOR(@extschema@.+) excluded.lifecycle,
           cohorts = rollup.cohorts OPERATOR(@extschema@.+) excluded.cohorts
    RETURNING account_id,
              month,
              @extschema@.isempty(events)
              AND @extschema@.isempty(seconds)
              AND @extschema@.isempty(sources)
              AND @extschema@.isempty(event_users)
              AND @extschema@.isempty(dau)
              AND @extschema@.isempty(wau)
              AND @extschema@.isempty(active_28d)
              AND @extschema@.isempty(mau)
              AND @extschema@.isempty(weekly)
              AND @extschema@.isempty(monthly)
              AND @extschema@.isempty(quarterly)
              AND @extschema@.isempty(lifecycle)
              AND @extschema@.isempty(cohorts) AS is_empty
  ), totals AS (
    INSERT INTO @extschema@.usage_totals AS totals (month, events, seconds, sources, lags, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts)
    SELECT month, events, seconds, sources, lags, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts
      FROM changes
     WHERE user_id IS NULL AND account_id IS NULL
     ORDER BY month
    ON CONFLICT (month) DO UPDATE
       SET events = totals.events OPERATOR(@extschema@.+) excluded.events,
           seconds = totals.seconds OPERATOR(@extschema@.+) excluded.seconds,
           sources = totals.sources OPERATOR(@extschema@.+) excluded.sources,
           lags = totals.lags OPERATOR(@extschema@.+) excluded.lags,
           event_users = totals.event_users OPERATOR(@extschema@.+) excluded.event_users,
           dau = totals.dau OPERATOR(@extschema@.+) excluded.dau,
           wau = totals.wau OPERATOR(@extschema@.+) excluded.wau,
           active_28d = totals.active_28d OPERATOR(@extschema@.+) excluded.active_28d,
           mau = totals.mau OPERATOR(@extschema@.+) excluded.mau,
           weekly = totals.weekly OPERATOR(@extschema@.+) excluded.weekly,
           monthly = totals.monthly OPERATOR(@extschema@.+) excluded.monthly,
           quarterly = totals.quarterly OPERATOR(@extschema@.+) excluded.quarterly,
           lifecycle = totals.lifecycle OPERATOR(@extschema@.+) excluded.lifecycle,
           cohorts = totals.cohorts OPERATOR(@extschema@.+) excluded.cohorts
    RETURNING month,
              @extschema@.isempty(events)
              AND @extschema@.isempty(seconds)
              AND @extschema@.isempty(sources)
              AND @extschema@.isempty(lags)
              AND @extschema@.isempty(event_users)
              AND @extschema@.isempty(dau)
              AND @extschema@.isempty(wau)
              AND @extschema@.isempty(active_28d)
              AND @extschema@.isempty(mau)
              AND @extschema@.isempty(weekly)
              AND @extschema@.isempty(monthly)
              AND @extschema@.isempty(quarterly)
              AND @extschema@.isempty(lifecycle)
              AND @extschema@.isempty(cohorts) AS is_empty
  )
  SELECT (SELECT count(*) FROM taken) AS pending_rows,
         (SELECT array_agg(account_id) FROM months WHERE is_empty) AS rollup_accounts,
         (SELECT array_agg(user_id) FROM months WHERE is_empty) AS rollup_users,
         (SELECT array_agg(month) FROM months WHERE is_empty) AS rollup_months,
         (SELECT array_agg(account_id) FROM activity WHERE is_empty) AS activity_accounts,
         (SELECT array_agg(user_id) FROM activity WHERE is_empty) AS activity_users,
         (SELECT array_agg(user_id)
            FROM (SELECT user_id FROM activity WHERE is_empty
                  UNION ALL
                  SELECT user_id FROM new_activity) AS rows) AS users,
         (SELECT array_agg(account_id) FROM accounts WHERE is_empty) AS account_accounts,
         (SELECT array_agg(month) FROM accounts WHERE is_empty) AS account_months,
         (SELECT array_agg(month) FROM totals WHERE is_empty) AS total_months
    INTO empty_keys;
  applied := empty_keys.pending_rows;

  -- What has become empty goes.
  DELETE FROM @extschema@.usage_rollup AS rollup
   USING unnest(empty_keys.rollup_accounts, empty_keys.rollup_users, empty_keys.rollup_months)
         AS key (account_id, user_id, month)
   WHERE rollup.account_id = key.account_id AND rollup.user_id = key.user_id AND rollup.month = key.month;
  DELETE FROM @extschema@.user_activity AS activity
   USING unnest(empty_keys.activity_accounts, empty_keys.activity_users) AS key (account_id, user_id)
   WHERE activity.account_id = key.account_id AND activity.user_id = key.user_id;
  DELETE FROM @extschema@.account_rollup AS rollup
   USING unnest(empty_keys.account_accounts, empty_keys.account_months) AS key (account_id, month)
   WHERE rollup.account_id = key.account_id AND rollup.month = key.month;
  DELETE FROM @extschema@.usage_totals
   WHERE month = ANY (empty_keys.total_months);


  -- Rows came or went: which of these users have several now?
  UPDATE @extschema@.user_activity AS activity
     SET shared = NOT activity.shared
    FROM (SELECT user_id,
                 count(*) > 1 AS shared
            FROM @extschema@.user_activity
           WHERE user_id = ANY (empty_keys.users)
           GROUP BY user_id) AS users
   WHERE activity.user_id = users.user_id AND activity.shared <> users.shared;

  RETURN applied;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_apply_changes(text) IS
  'Add to the rollups what usage_changes() says of that source, for the model''s owner (42501); the number of pending rows taken; part of usage_fold() and usage_sum_up()';

-- The second level anew, from the first; usage_totals.lags stay, as they are
-- of this level only. The rollups are locked.
CREATE FUNCTION @extschema@.usage_sum_up()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM @extschema@.account_rollup;
  UPDATE @extschema@.usage_totals
     SET events = '{}',
         seconds = '{}',
         sources = '{}',
         event_users = '{}',
         dau = '{}',
         wau = '{}',
         active_28d = '{}',
         mau = '{}',
         weekly = '{}',
         monthly = '{}',
         quarterly = '{}',
         lifecycle = '{}',
         cohorts = '{}';
  PERFORM @extschema@.usage_apply_changes('settled'::text);
  DELETE FROM @extschema@.usage_totals
   WHERE @extschema@.isempty(events)
     AND @extschema@.isempty(seconds)
     AND @extschema@.isempty(sources)
     AND @extschema@.isempty(event_users)
     AND @extschema@.isempty(dau)
     AND @extschema@.isempty(wau)
     AND @extschema@.isempty(active_28d)
     AND @extschema@.isempty(mau)
     AND @extschema@.isempty(weekly)
     AND @extschema@.isempty(monthly)
     AND @extschema@.isempty(quarterly)
     AND @extschema@.isempty(lifecycle)
     AND @extschema@.isempty(cohorts)
     AND @extschema@.isempty(lags);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_sum_up() IS
  'Make the second level of the rollups anew from the first, for the model''s owner (42501), who has locked the rollups';

CREATE FUNCTION @extschema@.usage_fold()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- The background worker folds many times: to plan each anew would take as long
-- as a fold of a hundred rows. One plan for all leaves out what it has no use for
-- when it runs, but would start parallel workers before that; and what is settled
-- is looked up by index, also where there was little of it when it was made.
SET plan_cache_mode = force_generic_plan
SET max_parallel_workers_per_gather = 0
SET enable_seqscan = off
AS $function$
DECLARE
  owner CONSTANT regrole := (SELECT relowner FROM pg_class WHERE oid = '@extschema@.usage_pending'::regclass);
  folded bigint := 0;
BEGIN
  -- Triggers of the owner's run in here: never with another's rights.
  IF owner <> current_user::regrole THEN
    RETURN @extschema@.usage_execute_as(owner, 'SELECT @extschema@.usage_fold()'::text);
  END IF;
  IF NOT @extschema@.usage_lock_rollups(false) THEN
    RETURN 0;
  END IF;
  IF EXISTS (SELECT FROM @extschema@.usage_pending) THEN
    folded := @extschema@.usage_apply_changes('pending'::text);
  END IF;
  UPDATE @extschema@.usage_rollup_state
     SET last_fold_at = now(),
         last_rows = folded,
         last_error = NULL,
         last_error_at = NULL
   WHERE folded > 0 OR last_error IS NOT NULL;
  RETURN folded;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_fold() IS
  'Fold what is pending as the model''s owner, for members of that role (42501); what usage_refresh() and the background worker run as the model''s owner';

CREATE FUNCTION @extschema@.usage_refresh()
RETURNS bigint
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'usage_refresh';

COMMENT ON FUNCTION @extschema@.usage_refresh() IS
  'Fold what is pending into the rollups; the number of pending rows folded, or 0 with a NOTICE where another fold is running; at READ COMMITTED only (25001), for members of the owner''s role (42501)';
