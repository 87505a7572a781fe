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

CREATE FUNCTION @extschema@.usage_capture_strays()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'usage_capture_strays';

COMMENT ON FUNCTION @extschema@.usage_capture_strays() IS
  'Trigger function: appends to usage_strays users of dim_user whose account or key changes or who are deleted, AFTER UPDATE or DELETE, FOR EACH ROW; all who are in user_activity, AFTER TRUNCATE';

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

-- The second level, from the source settled, is added over one that is empty.
CREATE FUNCTION @extschema@.usage_apply_changes(source text)
RETURNS bigint
LANGUAGE c VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'usage_apply_changes';

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

-- To plan what usage_changes() asks anew each time would take as long as a fold of a
-- hundred rows. One plan for all leaves out what it has no use for when it runs,
-- but would start parallel workers before that; and what is settled is looked up
-- by index, also where there was little of it when it was made.
CREATE FUNCTION @extschema@.usage_fold()
RETURNS bigint
LANGUAGE c VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET max_parallel_workers_per_gather = 0
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'usage_fold';

COMMENT ON FUNCTION @extschema@.usage_fold() IS
  'Fold what is pending as the model''s owner, for members of that role (42501); what usage_refresh() and the background worker run as the model''s owner';

CREATE FUNCTION @extschema@.usage_refresh()
RETURNS bigint
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'usage_refresh';

COMMENT ON FUNCTION @extschema@.usage_refresh() IS
  'Fold what is pending into the rollups; the number of pending rows folded, or 0 with a NOTICE where another fold is running; at READ COMMITTED only (25001), for members of the owner''s role (42501)';
