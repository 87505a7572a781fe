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
  'Trigger function: takes back all sums of users that are deleted from dim_user; AFTER DELETE, FOR EACH STATEMENT, with the old table';

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

-- Fold one part of usage_pending, the rows in [from_block, to_block). The
-- rollups are locked, so nothing here meets another fold.
CREATE FUNCTION @extschema@.usage_fold_blocks(from_block bigint, to_block bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  folded bigint;
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
     WHERE ctid >= format('(%s,0)', from_block)::tid
       AND ctid < format('(%s,0)', to_block)::tid
    RETURNING account_id, user_id, month, events, seconds, sources
  ), changes AS (
    SELECT account_id,
           user_id,
           month,
           count(*) AS pending_rows,
           @extschema@.sum(events) AS events,
           @extschema@.sum(seconds) AS seconds,
           @extschema@.sum(sources) AS sources
      FROM taken
     GROUP BY account_id, user_id, month
  ), settled AS (
    INSERT INTO @extschema@.usage_rollup AS rollup (account_id, user_id, month, events, seconds, sources)
    SELECT account_id,
           user_id,
           month,
           events,
           seconds,
           sources
      FROM changes
     ORDER BY account_id, user_id, month
    ON CONFLICT (account_id, user_id, month) DO UPDATE
       SET events = rollup.events OPERATOR(@extschema@.+) excluded.events,
           seconds = rollup.seconds OPERATOR(@extschema@.+) excluded.seconds,
           sources = rollup.sources OPERATOR(@extschema@.+) excluded.sources
    RETURNING account_id,
              user_id,
              month,
              @extschema@.days(@extschema@.total_series(events)) AS days,
              @extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources) AS is_empty
  ), changed_days AS (
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(days) AS days,
           @extschema@.dayset_union(@extschema@.dayset(month, month + 31 - extract(day FROM month + 31)::integer)) AS months
      FROM settled
     GROUP BY account_id, user_id
  ), activity AS (
    INSERT INTO @extschema@.user_activity AS activity (account_id, user_id, days)
    -- Most events come on a day that is there already: then nothing changes.
    SELECT account_id,
           user_id,
           after
      FROM (SELECT changed.account_id,
                   changed.user_id,
                   coalesce(activity.days, '{}') AS before,
                   coalesce(activity.days OPERATOR(@extschema@.-) changed.months, '{}') OPERATOR(@extschema@.+) changed.days AS after
              FROM changed_days AS changed
              LEFT JOIN @extschema@.user_activity AS activity
                ON activity.account_id = changed.account_id AND activity.user_id = changed.user_id
            OFFSET 0) AS days
     WHERE before OPERATOR(@extschema@.<>) after
     ORDER BY account_id, user_id
    ON CONFLICT (account_id, user_id) DO UPDATE
       SET days = excluded.days
    RETURNING account_id, user_id, xmax = 0 AS is_new, @extschema@.isempty(days) AS is_empty
  )
  SELECT (SELECT coalesce(sum(pending_rows), 0) FROM changes) AS pending_rows,
         (SELECT array_agg(account_id) FROM settled WHERE is_empty) AS rollup_accounts,
         (SELECT array_agg(user_id) FROM settled WHERE is_empty) AS rollup_users,
         (SELECT array_agg(month) FROM settled WHERE is_empty) AS rollup_months,
         (SELECT array_agg(account_id) FROM activity WHERE is_empty) AS activity_accounts,
         (SELECT array_agg(user_id) FROM activity WHERE is_empty) AS activity_users,
         (SELECT array_agg(user_id) FROM activity WHERE is_empty OR is_new) AS users
    INTO empty_keys;
  folded := empty_keys.pending_rows;

  -- What has become empty goes.
  DELETE FROM @extschema@.usage_rollup AS rollup
   USING unnest(empty_keys.rollup_accounts, empty_keys.rollup_users, empty_keys.rollup_months)
         AS key (account_id, user_id, month)
   WHERE rollup.account_id = key.account_id AND rollup.user_id = key.user_id AND rollup.month = key.month;
  DELETE FROM @extschema@.user_activity AS activity
   USING unnest(empty_keys.activity_accounts, empty_keys.activity_users) AS key (account_id, user_id)
   WHERE activity.account_id = key.account_id AND activity.user_id = key.user_id;

  -- Rows came or went: which of these users have several now?
  UPDATE @extschema@.user_activity AS activity
     SET shared = NOT activity.shared
    FROM (SELECT user_id,
                 count(*) > 1 AS shared
            FROM @extschema@.user_activity
           WHERE user_id = ANY (empty_keys.users)
           GROUP BY user_id) AS users
   WHERE activity.user_id = users.user_id AND activity.shared <> users.shared;

  RETURN folded;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_fold_blocks(bigint, bigint) IS
  'Fold the pending rows in a range of blocks of usage_pending, for the model''s owner (42501); part of usage_fold()';

CREATE FUNCTION @extschema@.usage_fold()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := (SELECT relowner FROM pg_class WHERE oid = '@extschema@.usage_pending'::regclass);
  blocks_at_once CONSTANT bigint := 1024;
  blocks bigint;
  folded bigint := 0;
BEGIN
  -- Triggers of the owner's run in here: never with another's rights.
  IF owner <> current_user::regrole THEN
    RETURN @extschema@.usage_execute_as(owner, 'SELECT @extschema@.usage_fold()'::text);
  END IF;
  IF NOT @extschema@.usage_lock_rollups(false) THEN
    RETURN 0;
  END IF;
  blocks := pg_relation_size('@extschema@.usage_pending') / current_setting('block_size')::bigint;
  FOR block IN 0 .. blocks - 1 BY blocks_at_once LOOP
    folded := folded + @extschema@.usage_fold_blocks(block::bigint, block + blocks_at_once);
  END LOOP;
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
  'Fold what is pending, in bounded parts, as the model''s owner, for members of that role (42501); what usage_refresh() and the background worker run as the model''s owner';

CREATE FUNCTION @extschema@.usage_refresh()
RETURNS bigint
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'usage_refresh';

COMMENT ON FUNCTION @extschema@.usage_refresh() IS
  'Fold what is pending into the rollups; the number of pending rows folded, or 0 with a NOTICE where another fold is running; at READ COMMITTED only (25001), for members of the owner''s role (42501)';
