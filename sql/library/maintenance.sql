-- Proof and upkeep of the rollups.

CREATE FUNCTION @extschema@.usage_recount(clear text[], event_query text, expected bigint)
RETURNS bigint
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_recount';

COMMENT ON FUNCTION @extschema@.usage_recount(text[], text, bigint) IS
  'Run commands that clear the rollups and append the sums of the query''s events to usage_pending, under one snapshot; the number of events; part of rebuild_rollups()';

CREATE FUNCTION @extschema@.usage_delete_raw(before date)
RETURNS bigint
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'usage_delete_raw';

COMMENT ON FUNCTION @extschema@.usage_delete_raw(date) IS
  'Delete the raw events of days before that one, and leave the rollups as they are; part of purge_events()';

-- Its cost lets it be evaluated last of a WHERE clause.
CREATE FUNCTION @extschema@.usage_tell(done text, expected bigint)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'usage_tell';

COMMENT ON FUNCTION @extschema@.usage_tell(text, bigint) IS
  'Always true; a NOTICE, such as ''deleted 2000000 events'', for every tenth of the events to expect, 0 where that is not known, but for no less than a million; part of what takes long';

CREATE FUNCTION @extschema@.usage_estimated_events()
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT greatest(sum(reltuples), 0)::bigint
            FROM pg_class
           WHERE relkind = 'r'
             AND oid IN (SELECT '@extschema@.fct_event'::regclass
                         UNION
                         SELECT relid FROM pg_partition_tree('@extschema@.fct_event')));
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_estimated_events() IS
  'About how many rows fct_event has, by the statistics of its last ANALYZE; part of telling of progress';

CREATE FUNCTION @extschema@.usage_check_row_security()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  relation text;
BEGIN
  FOREACH relation IN ARRAY ARRAY['fct_event', 'dim_user', 'usage_pending', 'usage_rollup', 'user_activity',
                                 'account_rollup', 'usage_totals', 'usage_strays'] LOOP
    IF row_security_active('@extschema@.' || relation) THEN
      RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('row security on table %s may hide rows from role %s', relation, current_user),
        HINT = 'For the owner, use ALTER TABLE ... NO FORCE ROW LEVEL SECURITY.';
    END IF;
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_row_security() IS
  'Error (42501) where the caller may not see all events and rollups; part of what has to';

CREATE FUNCTION @extschema@.rebuild_rollups()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  kept text;
  events bigint;
BEGIN
  IF owner <> current_user::regrole THEN
    RETURN @extschema@.usage_execute_as(owner, 'SELECT @extschema@.rebuild_rollups()'::text);
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  PERFORM @extschema@.usage_lock_rollups(true);
  -- As TRUNCATE ... CASCADE does: users, events, then their rollups. Users are
  -- compared with, and from here on not truncated.
  LOCK TABLE @extschema@.dim_user, @extschema@.fct_event IN ACCESS SHARE MODE;
  SELECT format('%L::daterange', daterange(NULL, purged_before)) INTO kept
    FROM @extschema@.usage_rollup_state
   WHERE purged_before IS NOT NULL;

  -- Rollups of purged days stay: nothing could bring them back.
  events := @extschema@.usage_recount(
    CASE WHEN kept IS NULL THEN ARRAY[
      'DELETE FROM @extschema@.usage_pending',
      'DELETE FROM @extschema@.usage_rollup',
      'DELETE FROM @extschema@.user_activity',
      'DELETE FROM @extschema@.account_rollup',
      'DELETE FROM @extschema@.usage_totals',
      'DELETE FROM @extschema@.usage_strays']
    ELSE ARRAY[
      -- A row that is pending goes where it belongs: what it says of purged days stays.
      format('UPDATE @extschema@.usage_pending
                 SET events = events OPERATOR(@extschema@.*) %1$s,
                     seconds = seconds OPERATOR(@extschema@.*) %1$s,
                     sources = sources OPERATOR(@extschema@.*) %1$s,
                     lags = lags OPERATOR(@extschema@.*) %1$s', kept),
      format('UPDATE @extschema@.usage_rollup
                 SET events = events OPERATOR(@extschema@.*) %1$s,
                     seconds = seconds OPERATOR(@extschema@.*) %1$s,
                     sources = sources OPERATOR(@extschema@.*) %1$s
               WHERE month + 31 > upper(%1$s)', kept),
      'DELETE FROM @extschema@.usage_rollup
        WHERE @extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources)',
      format('UPDATE @extschema@.usage_totals
                 SET lags = lags OPERATOR(@extschema@.*) %1$s
               WHERE month + 31 > upper(%1$s)', kept),
      'DELETE FROM @extschema@.user_activity',
      'INSERT INTO @extschema@.user_activity (account_id, user_id, days, shared)
       SELECT account_id,
              user_id,
              @extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))),
              count(*) OVER (PARTITION BY user_id) > 1
         FROM @extschema@.usage_rollup
        GROUP BY account_id, user_id
       HAVING NOT @extschema@.isempty(@extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))))',
      'DELETE FROM @extschema@.usage_strays',
      'INSERT INTO @extschema@.usage_strays (user_id)
       SELECT DISTINCT activity.user_id
         FROM @extschema@.user_activity AS activity
         LEFT JOIN @extschema@.dim_user
           ON dim_user.user_id = activity.user_id
        WHERE dim_user.account_id IS NULL OR dim_user.account_id <> activity.account_id',
      'SELECT @extschema@.usage_sum_up()']
    END,
    'SELECT account_id, user_id, event_ts, ingested_at, duration_seconds, event_name, source FROM @extschema@.fct_event'
      || CASE WHEN kept IS NULL THEN '' ELSE format(' WHERE @extschema@.event_day(event_ts) >= upper(%s)', kept) END,
    @extschema@.usage_estimated_events());
  PERFORM @extschema@.usage_fold();
  RETURN events;
END
$function$;

COMMENT ON FUNCTION @extschema@.rebuild_rollups() IS
  'Make the rollups anew from raw events, while others read and write, and tell of its progress; the number of events counted. Days before usage_rollup_state.purged_before stay as they are. For members of the owner''s role (42501)';

CREATE FUNCTION @extschema@.verify_rollups(
  OUT relation text,
  OUT account_id uuid,
  OUT user_id uuid,
  OUT month date,
  OUT expected text,
  OUT found text
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  owner CONSTANT regrole := (SELECT relowner FROM pg_class WHERE oid = to_regclass('@extschema@.usage_rollup_state'));
  checked daterange;
  events_there bigint;
BEGIN
  -- Views and triggers of the owner's run as the owner.
  IF owner <> current_user::regrole AND pg_has_role(owner, 'USAGE') THEN
    RETURN QUERY
    SELECT difference.*
      FROM ROWS FROM (json_to_recordset(@extschema@.usage_execute_as(owner, 'SELECT json_agg(difference) FROM @extschema@.verify_rollups() AS difference'::text)::json)
                      AS (relation text, account_id uuid, user_id uuid, month date, expected text, found text)) AS difference;
    RETURN;
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  SELECT daterange(purged_before, NULL) INTO checked FROM @extschema@.usage_rollup_state;
  events_there := @extschema@.usage_estimated_events();
  RETURN QUERY
  WITH expected AS MATERIALIZED (
    SELECT events.account_id,
           events.user_id,
           events.day + 1 - extract(day FROM events.day)::integer AS month,
           @extschema@.dayseries_map_agg(events.event_name, events.day, 1::bigint) AS events,
           @extschema@.dayseries_map_agg(events.event_name, events.day, events.duration_seconds::bigint) AS seconds,
           @extschema@.dayseries_map_agg(coalesce(events.source, 'unknown'), events.day, 1::bigint) AS sources
      FROM (SELECT account_id,
                   user_id,
                   event_name,
                   duration_seconds,
                   source,
                   @extschema@.event_day(event_ts) AS day
              FROM @extschema@.fct_event
            OFFSET 0) AS events
     WHERE events.day <@ checked
       AND @extschema@.usage_tell('recounted'::text, events_there)
     GROUP BY 1, 2, 3
  ), found AS MATERIALIZED (
    SELECT sliced.*
      FROM (SELECT account_id,
                   user_id,
                   month,
                   events OPERATOR(@extschema@.*) checked AS events,
                   seconds OPERATOR(@extschema@.*) checked AS seconds,
                   sources OPERATOR(@extschema@.*) checked AS sources
              FROM @extschema@.usage_live_rollup) AS sliced
     WHERE NOT (@extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources))
  ), expected_lags AS (
    SELECT events.day + 1 - extract(day FROM events.day)::integer AS month,
           @extschema@.dayseries_map_agg(events.source_and_lag, events.day, 1::bigint) AS lags
      FROM (SELECT concat(coalesce(source, 'unknown'), ' ', @extschema@.lag_bucket(event_ts, ingested_at)) AS source_and_lag,
                   @extschema@.event_day(event_ts) AS day
              FROM @extschema@.fct_event
            OFFSET 0) AS events
     WHERE events.day <@ checked
     GROUP BY 1
  ), found_lags AS (
    SELECT month,
           @extschema@.sum(lags OPERATOR(@extschema@.*) checked) AS lags
      FROM (SELECT month, lags FROM @extschema@.usage_totals
            UNION ALL
            SELECT month, lags FROM @extschema@.usage_pending) AS live
     GROUP BY month
  ), expected_days AS (
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))) AS days
      FROM expected
     GROUP BY account_id, user_id
  ), found_days AS (
    SELECT account_id,
           user_id,
           days OPERATOR(@extschema@.*) checked AS days
      FROM @extschema@.usage_live_activity
  ), settled_days AS (
    SELECT account_id,
           user_id,
           @extschema@.dayset_union(@extschema@.days(@extschema@.total_series(events))) AS days
      FROM @extschema@.usage_rollup
     GROUP BY account_id, user_id
  ), shared_users AS (
    SELECT account_id,
           user_id,
           shared,
           count(*) OVER (PARTITION BY user_id) > 1 AS is_shared
      FROM @extschema@.user_activity
  ), second_level AS MATERIALIZED (
    SELECT account_id,
           month,
           concat_ws(' ', events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts) AS figures
      FROM @extschema@.usage_changes('{accounts,totals,sums,event_users,activity,periods,cohorts}'::text[], 'settled'::text)
  ), expected_accounts AS (
    SELECT account_id, month, figures FROM second_level WHERE account_id IS NOT NULL
  ), found_accounts AS (
    SELECT account_id, month, concat_ws(' ', events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts) AS figures FROM @extschema@.account_rollup
  ), expected_totals AS (
    SELECT month, figures FROM second_level WHERE account_id IS NULL
  ), found_totals AS (
    SELECT month, concat_ws(' ', events, seconds, sources, event_users, dau, wau, active_28d, mau, weekly, monthly, quarterly, lifecycle, cohorts) AS figures
      FROM @extschema@.usage_totals
     WHERE @extschema@.isempty(lags) OR NOT @extschema@.isempty(events) OR NOT @extschema@.isempty(mau)
  )
  -- The sums, with what is pending
  SELECT 'usage_rollup',
         account_id,
         user_id,
         month,
         concat_ws(' ', expected.events, expected.seconds, expected.sources),
         concat_ws(' ', found.events, found.seconds, found.sources)
    FROM expected
    FULL JOIN found USING (account_id, user_id, month)
   WHERE coalesce(expected.events, '{}') OPERATOR(@extschema@.<>) coalesce(found.events, '{}')
      OR coalesce(expected.seconds, '{}') OPERATOR(@extschema@.<>) coalesce(found.seconds, '{}')
      OR coalesce(expected.sources, '{}') OPERATOR(@extschema@.<>) coalesce(found.sources, '{}')
  UNION ALL
  SELECT 'usage_totals',
         NULL,
         NULL,
         month,
         expected_lags.lags::text,
         found_lags.lags::text
    FROM expected_lags
    FULL JOIN found_lags USING (month)
   WHERE coalesce(expected_lags.lags, '{}') OPERATOR(@extschema@.<>) coalesce(found_lags.lags, '{}')
  UNION ALL
  -- The days, with what is pending
  SELECT 'user_activity',
         account_id,
         user_id,
         NULL,
         expected_days.days::text,
         found_days.days::text
    FROM expected_days
    FULL JOIN found_days USING (account_id, user_id)
   WHERE coalesce(expected_days.days, '{}') OPERATOR(@extschema@.<>) coalesce(found_days.days, '{}')
  UNION ALL
  -- The settled days against the settled sums
  SELECT 'user_activity, settled',
         account_id,
         user_id,
         NULL,
         settled_days.days::text,
         activity.days::text
    FROM settled_days
    FULL JOIN @extschema@.user_activity AS activity USING (account_id, user_id)
   WHERE coalesce(settled_days.days, '{}') OPERATOR(@extschema@.<>) coalesce(activity.days, '{}')
      -- An empty row is one too many.
      OR @extschema@.isempty(activity.days)
  UNION ALL
  SELECT 'user_activity.shared',
         account_id,
         user_id,
         NULL,
         is_shared::text,
         shared::text
    FROM shared_users
   WHERE shared <> is_shared
  UNION ALL
  -- Users whose settled activity is not under their own account, and who are not among these
  SELECT 'usage_strays',
         activity.account_id,
         activity.user_id,
         NULL,
         activity.user_id::text,
         NULL
    FROM @extschema@.user_activity AS activity
    LEFT JOIN @extschema@.dim_user
      ON dim_user.user_id = activity.user_id
   WHERE (dim_user.account_id IS NULL OR dim_user.account_id <> activity.account_id)
     AND NOT EXISTS (SELECT FROM @extschema@.usage_strays AS stray WHERE stray.user_id = activity.user_id)
  UNION ALL
  -- The settled second level against the settled first; a row with nothing in
  -- it is one too many
  SELECT 'account_rollup',
         account_id,
         NULL,
         month,
         expected_accounts.figures,
         found_accounts.figures
    FROM expected_accounts
    FULL JOIN found_accounts USING (account_id, month)
   WHERE expected_accounts.figures IS DISTINCT FROM found_accounts.figures
  UNION ALL
  SELECT 'usage_totals',
         NULL,
         NULL,
         month,
         expected_totals.figures,
         found_totals.figures
    FROM expected_totals
    FULL JOIN found_totals USING (month)
   WHERE expected_totals.figures IS DISTINCT FROM found_totals.figures;
END
$function$;

COMMENT ON FUNCTION @extschema@.verify_rollups() IS
  'Recompute the rollups from raw events, in one snapshot, and return what differs: no row, always; tells of its progress. Days before usage_rollup_state.purged_before have no raw events to go by';

CREATE FUNCTION @extschema@.purge_events(before date)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  deleted bigint := 0;
  rows_there bigint;
  part regclass;
  part_name text;
BEGIN
  IF owner <> current_user::regrole THEN
    RETURN @extschema@.usage_execute_as(owner, format('SELECT @extschema@.purge_events(%L::date)', before));
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  IF before IS NULL OR NOT isfinite(before) OR before > @extschema@.event_day(now()) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('cannot purge events before %s', coalesce(before::text, 'null')),
      DETAIL = 'The day must be today or earlier.';
  END IF;
  PERFORM @extschema@.usage_lock_rollups(true);
  UPDATE @extschema@.usage_rollup_state
     SET purged_before = greatest(purged_before, before);

  -- Whole partitions by event_ts whose last moment lies before that day
  FOR part IN
    SELECT tree.relid
      FROM pg_partition_tree('@extschema@.fct_event') AS tree
      JOIN pg_class
        ON pg_class.oid = tree.relid
      JOIN pg_partitioned_table AS parent
        ON parent.partrelid = tree.parentrelid
     CROSS JOIN LATERAL (SELECT substring(pg_get_expr(pg_class.relpartbound, pg_class.oid) FROM ' TO \(''([^'']+)''\)')::timestamptz) AS bound (upper)
     WHERE tree.isleaf
       AND pg_get_partkeydef(tree.parentrelid) = 'RANGE (event_ts)'
       AND CASE WHEN isfinite(bound.upper) THEN @extschema@.event_day(bound.upper - interval '1 microsecond') < before END
     ORDER BY bound.upper
  LOOP
    part_name := part;
    EXECUTE format('SELECT count(*) FROM %s', part_name) INTO rows_there;
    EXECUTE format('DROP TABLE %s', part_name);
    deleted := deleted + rows_there;
    RAISE NOTICE 'dropped partition % with % events', part_name, rows_there;
  END LOOP;

  RETURN deleted + @extschema@.usage_delete_raw(before);
END
$function$;

COMMENT ON FUNCTION @extschema@.purge_events(date) IS
  'Delete the raw events of days before that one (drop partitions that hold no others), and keep their rollups, and tell of its progress; the number of events. The day must not be later than today (22023); for members of the owner''s role (42501)';

CREATE FUNCTION @extschema@.capture_partition(partition regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  statement text;
BEGIN
  IF owner <> current_user::regrole THEN
    PERFORM @extschema@.usage_execute_as(owner, format('SELECT @extschema@.capture_partition(%s::regclass)', partition::oid));
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT
                   FROM pg_partition_tree('@extschema@.fct_event') AS tree
                  WHERE tree.relid = partition AND tree.level > 0) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = format('%s is not a partition of fct_event', coalesce(partition::text, 'null'));
  END IF;
  FOR statement IN
    SELECT script.statement
      FROM @extschema@.usage_model_script() AS script
     WHERE script.statement LIKE 'CREATE OR REPLACE TRIGGER % ON @extschema@.fct\_event%'
     ORDER BY script.step
  LOOP
    EXECUTE replace(statement, ' ON @extschema@.fct_event', ' ON ' || partition::text);
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.capture_partition(regclass) IS
  'Make statements that name a partition of fct_event itself count, as those on fct_event do; what was written to the partition before is counted by rebuild_rollups(). An error for other tables (42809); for members of the owner''s role (42501)';

CREATE FUNCTION @extschema@.erase_user(
  user_id uuid,
  OUT relation text,
  OUT removed_rows bigint
)
RETURNS SETOF record
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  owner CONSTANT regrole := @extschema@.usage_check_owner();
  there record;
BEGIN
  IF owner <> current_user::regrole THEN
    RETURN QUERY
    SELECT removed.relation,
           removed.removed_rows
      FROM ROWS FROM (json_to_recordset(@extschema@.usage_execute_as(owner,
                        format('SELECT json_agg(removed) FROM @extschema@.erase_user(%L::uuid) AS removed', erase_user.user_id))::json)
                      AS (relation text, removed_rows bigint)) AS removed;
    RETURN;
  END IF;
  PERFORM @extschema@.usage_check_row_security();
  IF erase_user.user_id IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the user to erase must not be null';
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'active_sql_transaction',
      MESSAGE = 'erase_user() must be called at isolation level READ COMMITTED',
      DETAIL = 'It has to see what committed before it got its locks.';
  END IF;

  -- New events of the user wait for this lock, and then fail.
  PERFORM FROM @extschema@.dim_user WHERE dim_user.user_id = erase_user.user_id FOR UPDATE;
  PERFORM @extschema@.usage_lock_rollups(true);

  SELECT (SELECT count(*) FROM @extschema@.usage_pending AS pending WHERE pending.user_id = erase_user.user_id) AS usage_pending,
         (SELECT count(*) FROM @extschema@.usage_rollup AS rollup WHERE rollup.user_id = erase_user.user_id) AS usage_rollup,
         (SELECT count(*) FROM @extschema@.user_activity AS activity WHERE activity.user_id = erase_user.user_id) AS user_activity,
         (SELECT count(*) FROM @extschema@.usage_strays AS stray WHERE stray.user_id = erase_user.user_id) AS usage_strays
    INTO there;
  -- What is deleted is captured, and folded at once: so both levels forget it.
  relation := 'fct_event';
  DELETE FROM @extschema@.fct_event AS event
   WHERE event.user_id = erase_user.user_id AND @extschema@.usage_tell('deleted'::text, 0::bigint);
  GET DIAGNOSTICS removed_rows = ROW_COUNT;
  RETURN NEXT;
  relation := 'usage_pending';
  removed_rows := there.usage_pending;
  RETURN NEXT;
  relation := 'usage_rollup';
  removed_rows := there.usage_rollup;
  RETURN NEXT;
  relation := 'user_activity';
  removed_rows := there.user_activity;
  RETURN NEXT;
  relation := 'usage_strays';
  removed_rows := there.usage_strays;
  RETURN NEXT;
  relation := 'dim_user';
  DELETE FROM @extschema@.dim_user WHERE dim_user.user_id = erase_user.user_id;
  GET DIAGNOSTICS removed_rows = ROW_COUNT;
  RETURN NEXT;
  -- What the rollups hold of the user by now came without its events.
  INSERT INTO @extschema@.usage_pending (account_id, user_id, month, events, seconds, sources, lags)
  SELECT account_id,
         user_id,
         month,
         OPERATOR(@extschema@.-) events,
         OPERATOR(@extschema@.-) seconds,
         OPERATOR(@extschema@.-) sources,
         '{}'
    FROM @extschema@.usage_live_rollup AS live
   WHERE live.user_id = erase_user.user_id;
  PERFORM @extschema@.usage_fold();
  -- Without activity the user is none of them, though the deletion was captured.
  DELETE FROM @extschema@.usage_strays AS stray
   WHERE stray.user_id = erase_user.user_id
     AND NOT EXISTS (SELECT FROM @extschema@.user_activity AS activity WHERE activity.user_id = erase_user.user_id);
END
$function$;

COMMENT ON FUNCTION @extschema@.erase_user(uuid) IS
  'Remove a user from every table of the model, purged months too: a row per table with the number of rows removed, all 0 for an unknown user; at READ COMMITTED only (25001), for members of the owner''s role (42501)';

-- What the rollups hold of users beyond their raw events, to be taken back when
-- they are deleted otherwise than by erase_user().
CREATE FUNCTION @extschema@.usage_purged_sums(user_ids uuid[])
RETURNS TABLE (
  account_id uuid,
  user_id    uuid,
  month      date,
  events     @extschema@.dayseries_map,
  seconds    @extschema@.dayseries_map,
  sources    @extschema@.dayseries_map
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  purged daterange;
BEGIN
  SELECT daterange(NULL, purged_before) INTO purged
    FROM @extschema@.usage_rollup_state
   WHERE purged_before IS NOT NULL;
  IF purged IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT total.*
    FROM (SELECT account_id,
                 user_id,
                 month,
                 @extschema@.sum(events) AS events,
                 @extschema@.sum(seconds) AS seconds,
                 @extschema@.sum(sources) AS sources
            FROM (SELECT account_id,
                         user_id,
                         month,
                         OPERATOR(@extschema@.-) (events OPERATOR(@extschema@.*) purged) AS events,
                         OPERATOR(@extschema@.-) (seconds OPERATOR(@extschema@.*) purged) AS seconds,
                         OPERATOR(@extschema@.-) (sources OPERATOR(@extschema@.*) purged) AS sources
                    FROM @extschema@.usage_live_rollup
                   WHERE user_id = ANY (user_ids)
                  UNION ALL
                  -- Events of purged days that came late
                  SELECT account_id,
                         user_id,
                         day + 1 - extract(day FROM day)::integer,
                         @extschema@.dayseries_map_agg(event_name, day, 1::bigint),
                         @extschema@.dayseries_map_agg(event_name, day, duration_seconds::bigint),
                         @extschema@.dayseries_map_agg(coalesce(source, 'unknown'), day, 1::bigint)
                    FROM (SELECT account_id,
                                 user_id,
                                 event_name,
                                 duration_seconds,
                                 source,
                                 @extschema@.event_day(event_ts) AS day
                            FROM @extschema@.fct_event
                           WHERE user_id = ANY (user_ids)
                          OFFSET 0) AS raw
                   WHERE day <@ purged
                   GROUP BY 1, 2, 3) AS parts
           GROUP BY account_id, user_id, month) AS total
   WHERE NOT (@extschema@.isempty(events) AND @extschema@.isempty(seconds) AND @extschema@.isempty(sources));
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_purged_sums(uuid[]) IS
  'What the rollups hold of users from purged events alone, with the sign turned; part of deleting from dim_user';
