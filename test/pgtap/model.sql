-- What the model is made of, what it refuses, and that all of it is described.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT no_plan();

CREATE TEMPORARY VIEW model_relation AS
  SELECT relation.*
    FROM (SELECT DISTINCT substring(statement FROM '^CREATE (?:TABLE|VIEW) public[.](\w+)') AS name FROM usage_model_script()) AS model
    JOIN pg_class AS relation
      ON relation.oid = to_regclass('public.' || name);
-- Since PostgreSQL 17 the array of a type is a member where the type is one.
CREATE TEMPORARY VIEW member AS
  SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name
    FROM pg_depend
   WHERE refclassid = 'pg_extension'::regclass
     AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics')
     AND deptype = 'e'
     -- Of types that are members, the types of their arrays are, since 17.
     AND NOT (classid = 'pg_type'::regclass
              AND objid IN (SELECT typarray
                              FROM pg_type
                             WHERE typtype <> 'c'
                                OR typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c')));

-- Tables: columns in order, with types, nulls and defaults.
CREATE FUNCTION pg_temp.columns(relation regclass) RETURNS SETOF text
LANGUAGE sql
BEGIN ATOMIC
  SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
                   'default ' || pg_get_expr(adbin, adrelid))
    FROM pg_attribute
    LEFT JOIN pg_attrdef
      ON adrelid = attrelid AND adnum = attnum
   WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
   ORDER BY attnum;
END;
CREATE FUNCTION pg_temp.columns_are(relation regclass, columns text[]) RETURNS SETOF text
LANGUAGE sql
BEGIN ATOMIC
  SELECT results_eq(format('SELECT * FROM pg_temp.columns(%L)', relation), columns, format('columns of %s', relation));
END;

SELECT pg_temp.columns_are('dim_account', ARRAY[
  'account_id uuid not null',
  'account_name text',
  'plan_tier text not null',
  'created_at timestamp with time zone not null default now()',
  'region text',
  'is_active boolean not null default true']);
SELECT pg_temp.columns_are('dim_user', ARRAY[
  'user_id uuid not null',
  'account_id uuid not null',
  'role text not null',
  'country text',
  'created_at timestamp with time zone not null default now()',
  'activated_at timestamp with time zone',
  'is_active boolean not null default true',
  'deactivated_at timestamp with time zone']);
SELECT pg_temp.columns_are('fct_event', ARRAY[
  'event_id uuid not null default new_event_id()',
  'user_id uuid not null',
  'account_id uuid not null',
  'task_id uuid',
  'event_ts timestamp with time zone not null',
  'ingested_at timestamp with time zone not null default now()',
  'duration_seconds integer',
  'event_name text not null',
  'source text']);
SELECT pg_temp.columns_are('event_taxonomy', ARRAY[
  'event_name text not null',
  'event_category text not null']);
SELECT results_eq(
  $$SELECT * FROM pg_temp.columns('usage_settings') LIMIT 4$$,
  ARRAY['time_zone text not null default ''UTC''::text',
        'week_start integer not null default 1',
        'model_version text not null',
        'singleton boolean not null default true'],
  'columns of usage_settings');
SELECT ok(bool_and(attlen > 0) FILTER (WHERE attnum < first_varlena), 'fixed-width columns of fct_event come first')
  FROM (SELECT *, min(attnum) FILTER (WHERE attlen < 0) OVER () AS first_varlena
          FROM pg_attribute
         WHERE attrelid = 'fct_event'::regclass AND attnum > 0) AS columns;

-- Constraints and indexes, by name.
SELECT results_eq(
  $$SELECT format('%s.%s', conrelid::regclass, conname) COLLATE "default"
      FROM pg_constraint
     WHERE conrelid = ANY ('{dim_account,dim_user,fct_event,event_taxonomy,usage_settings}'::regclass[])
       AND contype <> 'n'
     ORDER BY 1$$,
  ARRAY['dim_account.dim_account_pkey',
        'dim_user.dim_user_account_id_fkey',
        'dim_user.dim_user_activated_at_check',
        'dim_user.dim_user_deactivated_at_check',
        'dim_user.dim_user_is_active_check',
        'dim_user.dim_user_pkey',
        'event_taxonomy.event_taxonomy_pkey',
        'fct_event.fct_event_account_id_fkey',
        'fct_event.fct_event_duration_seconds_check',
        'fct_event.fct_event_event_name_check',
        'fct_event.fct_event_event_ts_check',
        'fct_event.fct_event_ingested_at_check',
        'fct_event.fct_event_pkey',
        'fct_event.fct_event_source_check',
        'fct_event.fct_event_user_id_fkey',
        'usage_settings.usage_settings_pkey',
        'usage_settings.usage_settings_singleton_check',
        'usage_settings.usage_settings_week_start_check'],
  'constraints');
SELECT is_empty(
  $$SELECT conrelid::regclass, conname FROM pg_constraint JOIN model_relation ON conrelid = model_relation.oid WHERE NOT convalidated$$,
  'all constraints are valid');
SELECT results_eq(
  $$SELECT pg_get_indexdef(indexrelid)
      FROM pg_index
     WHERE indrelid = ANY ('{dim_account,dim_user,fct_event,event_taxonomy,usage_settings}'::regclass[]) AND NOT indisprimary
     ORDER BY 1$$,
  ARRAY['CREATE INDEX dim_user_account_id_idx ON public.dim_user USING btree (account_id)',
        'CREATE INDEX fct_event_account_id_event_ts_idx ON public.fct_event USING btree (account_id, event_ts)',
        'CREATE INDEX fct_event_event_ts_idx ON public.fct_event USING btree (event_ts)',
        'CREATE INDEX fct_event_ingested_at_idx ON public.fct_event USING btree (ingested_at)',
        'CREATE INDEX fct_event_user_id_event_ts_idx ON public.fct_event USING btree (user_id, event_ts) INCLUDE (event_name)'],
  'indexes');
SELECT col_is_pk('dim_account', 'account_id');
SELECT col_is_pk('dim_user', 'user_id');
SELECT col_is_pk('fct_event', 'event_id');
SELECT col_is_pk('event_taxonomy', 'event_name');
SELECT fk_ok('public', 'dim_user', 'account_id', 'public', 'dim_account', 'account_id');
SELECT fk_ok('public', 'fct_event', 'user_id', 'public', 'dim_user', 'user_id');
SELECT fk_ok('public', 'fct_event', 'account_id', 'public', 'dim_account', 'account_id');

-- Views: their columns in order, though more may follow, and what these are of.
CREATE TEMPORARY TABLE view_columns (view regclass, columns text);
INSERT INTO view_columns VALUES
  ('usage_events', 'event_id, user_id, account_id, task_id, event_ts, ingested_at, duration_seconds, event_name, source, event_category, event_day, arrival_lag, account_name, plan_tier, region, role, country'),
  ('daily_active_users', 'activity_date, dau, wau, mau, stickiness, is_complete'),
  ('daily_active_users_by_segment', 'activity_date, plan_tier, region, role, dau, wau, mau'),
  ('weekly_active_users', 'week_start, active_users, is_complete'),
  ('monthly_active_users', 'month_start, active_users, is_complete'),
  ('user_daily_activity', 'account_id, user_id, activity_date, events, engagement_events, work_session_events, output_events, work_seconds, tasks_created, tasks_completed'),
  ('user_weekly_activity', 'account_id, user_id, week_start, active_days, events, work_seconds, tasks_created, tasks_completed'),
  ('account_daily_usage', 'account_id, activity_date, active_users, events, work_seconds, tasks_created, tasks_completed'),
  ('account_health', 'account_id, account_name, plan_tier, region, is_active, as_of_date, seats, activated_seats, active_users_7d, active_users_28d, seat_utilisation, work_seconds_28d, work_seconds_previous_28d, tasks_completed_28d, tasks_completed_previous_28d, last_active_date, health'),
  ('feature_adoption', 'activity_date, event_name, event_category, users, events, adoption_rate'),
  ('retention_weekly', 'cohort_week, weeks_since, cohort_size, retained_users, retention_rate, is_complete'),
  ('user_lifecycle_weekly', 'week_start, new_users, returning_users, resurrected_users, dormant_users, is_complete'),
  ('active_days_histogram', 'as_of_date, active_days, users'),
  ('work_sessions', 'event_id, account_id, user_id, started_at, ended_at, duration_seconds, is_outlier, task_id, source'),
  ('task_outputs', 'task_id, account_id, user_id, created_ts, completed_ts, cycle_seconds'),
  ('event_freshness', 'source, events, latest_event_ts, latest_ingested_at, lag_p50, lag_p95, lag_p99, late_share'),
  ('late_arrivals', 'activity_date, events, late_1h, late_24h, late_72h, expected_completeness'),
  ('data_quality', 'check_name, severity, events, share, example_event_id, description');
SELECT ok((SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = view AND attnum > 0) || ', '
            LIKE columns || ', %', format('columns of %s', view))
  FROM view_columns;
SELECT is_empty(
  $$SELECT view, attname, format_type(atttypid, atttypmod)
      FROM view_columns
      JOIN pg_attribute
        ON attrelid = view AND attnum > 0
     WHERE atttypid <> CASE
             WHEN attname ~ '_id$' THEN 'uuid'
             WHEN attname ~ '^is_' THEN 'boolean'
             WHEN attname ~ '_(ts|at)$' THEN 'timestamptz'
             WHEN attname ~ '_(date|day|week|start)$' THEN 'date'
             WHEN attname ~ '^lag_|_lag$' THEN 'interval'
             WHEN attname ~ '^(stickiness|share|seat_utilisation|expected_completeness)$|_(rate|share)$' THEN 'numeric'
             WHEN attname ~ '_(name|tier|category)$|^(region|role|country|source|health|severity|description)$' THEN 'text'
             WHEN view::text = 'usage_events' AND attname = 'duration_seconds' OR attname = 'weeks_since' THEN 'integer'
             ELSE 'bigint' END::regtype$$,
  'counts and seconds are bigint, ratios numeric, days and periods date, lags interval');
SELECT is_empty(
  $$SELECT relname FROM pg_class WHERE oid IN (SELECT view FROM view_columns) AND relkind <> 'v'$$,
  'all of these are views');

SELECT results_eq(
  $$SELECT event_name, event_category FROM event_taxonomy ORDER BY event_name COLLATE "C"$$,
  $$VALUES ('app_open', 'engagement'), ('dashboard_view', 'engagement'), ('idle_detected', 'work_session'),
           ('manual_time_added', 'work_session'), ('task_completed', 'output'), ('task_created', 'output'),
           ('timer_start', 'work_session'), ('timer_stop', 'work_session')$$,
  'the taxonomy');
SELECT results_eq(
  $$SELECT time_zone, week_start, model_version FROM usage_settings$$,
  $$SELECT 'UTC', 1, extversion COLLATE "default" FROM pg_extension WHERE extname = 'usage_analytics'$$,
  'the settings');

-- Rows that are right go in, with defaults.
SELECT lives_ok($$INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro')$$, 'an account');
SELECT lives_ok($$INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(2), id_from_bigint(1), 'member')$$, 'a user');
SELECT lives_ok(
  $$INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(2), id_from_bigint(1), 'app_open', now())$$,
  'an event');
SELECT results_eq(
  $$SELECT substr(event_id::text, 15, 1), ingested_at = now(), duration_seconds IS NULL, source IS NULL, task_id IS NULL FROM fct_event$$,
  $$VALUES ('7', true, true, true, true)$$,
  'defaults of an event');
SELECT lives_ok(
  $$INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at, duration_seconds, source)
    SELECT id_from_bigint(2), id_from_bigint(1), repeat('x', 200), event_ts, '2026-01-01', 0, source
      FROM unnest('{desktop,web,mobile,api,NULL}'::text[]) AS source,
           unnest('{4713-01-01 BC,2026-01-01,294276-12-31}'::timestamptz[]) AS event_ts$$,
  'events at the limits');
SELECT lives_ok(
  $$INSERT INTO dim_user (user_id, account_id, role, created_at, activated_at, is_active, deactivated_at)
    VALUES (id_from_bigint(3), id_from_bigint(1), 'member', '2026-01-01', '2026-01-01', false, '2026-01-01'),
           (id_from_bigint(4), id_from_bigint(1), 'member', '2026-01-01', NULL, false, NULL),
           (id_from_bigint(5), id_from_bigint(1), 'member', '2026-01-01', '2026-01-02', true, NULL)$$,
  'users at the limits');
SELECT lives_ok(
  $$INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
    SELECT event_id, user_id, account_id, event_name, event_ts FROM fct_event
    ON CONFLICT (event_id) DO NOTHING$$,
  'a retried insert is recognised');
SELECT is(count(*), 16::bigint, 'and adds nothing') FROM fct_event;

-- Bad rows are refused, one by one.
CREATE FUNCTION pg_temp.refused(kind text, assignments text, sqlstate text, name text) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
DECLARE
  base CONSTANT jsonb := CASE kind
    WHEN 'dim_account' THEN jsonb_build_object('account_id', id_from_bigint(100), 'plan_tier', 'pro', 'created_at', now(), 'is_active', true)
    WHEN 'dim_user' THEN jsonb_build_object('user_id', id_from_bigint(100), 'account_id', id_from_bigint(1), 'role', 'member',
                                            'created_at', timestamptz '2026-01-01', 'is_active', true)
    WHEN 'fct_event' THEN jsonb_build_object('event_id', new_event_id(), 'user_id', id_from_bigint(2), 'account_id', id_from_bigint(1),
                                             'event_name', 'app_open', 'event_ts', now(), 'ingested_at', now())
    WHEN 'event_taxonomy' THEN jsonb_build_object('event_name', 'x', 'event_category', 'y')
    ELSE jsonb_build_object('model_version', usage_library_version(), 'week_start', 1, 'time_zone', 'UTC', 'singleton', true) END;
BEGIN
  RETURN QUERY SELECT throws_ok(
    format('INSERT INTO %1$I SELECT (jsonb_populate_record(NULL::%1$I, %2$L::jsonb || %3$L::jsonb)).*', kind, base, assignments),
    sqlstate, NULL, format('%s: %s', kind, name));
END $$;

SELECT pg_temp.refused('dim_account', '{"account_id": null}', '23502', 'no key');
SELECT pg_temp.refused('dim_account', '{"plan_tier": null}', '23502', 'no plan');
SELECT pg_temp.refused('dim_account', '{"created_at": null}', '23502', 'no creation');
SELECT pg_temp.refused('dim_account', '{"is_active": null}', '23502', 'neither active nor not');
SELECT pg_temp.refused('dim_account', jsonb_build_object('account_id', id_from_bigint(1))::text, '23505', 'a key that is there');
SELECT pg_temp.refused('dim_user', '{"user_id": null}', '23502', 'no key');
SELECT pg_temp.refused('dim_user', '{"account_id": null}', '23502', 'no account');
SELECT pg_temp.refused('dim_user', '{"role": null}', '23502', 'no role');
SELECT pg_temp.refused('dim_user', '{"created_at": null}', '23502', 'no creation');
SELECT pg_temp.refused('dim_user', '{"is_active": null}', '23502', 'neither active nor not');
SELECT pg_temp.refused('dim_user', jsonb_build_object('user_id', id_from_bigint(2))::text, '23505', 'a key that is there');
SELECT pg_temp.refused('dim_user', jsonb_build_object('account_id', id_from_bigint(9))::text, '23503', 'an unknown account');
SELECT pg_temp.refused('dim_user', '{"activated_at": "2025-12-31T23:59:59.999999Z"}', '23514', 'activated before created');
SELECT pg_temp.refused('dim_user', '{"is_active": false, "deactivated_at": "2025-12-31T23:59:59.999999Z"}', '23514', 'deactivated before created');
SELECT pg_temp.refused('dim_user', '{"deactivated_at": "2026-02-01"}', '23514', 'active and deactivated');
SELECT pg_temp.refused('fct_event', '{"event_id": null}', '23502', 'no key');
SELECT pg_temp.refused('fct_event', '{"user_id": null}', '23502', 'no user');
SELECT pg_temp.refused('fct_event', '{"account_id": null}', '23502', 'no account');
SELECT pg_temp.refused('fct_event', '{"event_name": null}', '23502', 'no name');
SELECT pg_temp.refused('fct_event', '{"event_ts": null}', '23502', 'no time');
SELECT pg_temp.refused('fct_event', '{"ingested_at": null}', '23502', 'no arrival');
SELECT pg_temp.refused('fct_event', jsonb_build_object('user_id', id_from_bigint(9))::text, '23503', 'an unknown user');
SELECT pg_temp.refused('fct_event', jsonb_build_object('account_id', id_from_bigint(9))::text, '23503', 'an unknown account');
SELECT pg_temp.refused('fct_event', '{"event_name": ""}', '23514', 'an empty name');
SELECT pg_temp.refused('fct_event', jsonb_build_object('event_name', repeat('x', 201))::text, '23514', 'a name of 201 bytes');
SELECT pg_temp.refused('fct_event', jsonb_build_object('event_name', repeat('ä', 101))::text, '23514', 'a name of 101 characters in 202 bytes');
SELECT pg_temp.refused('fct_event', '{"event_ts": "infinity"}', '23514', 'an infinite time');
SELECT pg_temp.refused('fct_event', '{"event_ts": "-infinity"}', '23514', 'an infinite time ago');
SELECT pg_temp.refused('fct_event', '{"ingested_at": "infinity"}', '23514', 'an infinite arrival');
SELECT pg_temp.refused('fct_event', '{"duration_seconds": -1}', '23514', 'a negative duration');
SELECT pg_temp.refused('fct_event', '{"duration_seconds": 2147483648}', '22003', 'a duration out of range');
SELECT pg_temp.refused('fct_event', '{"source": "watch"}', '23514', 'an unknown source');
SELECT pg_temp.refused('fct_event', '{"source": ""}', '23514', 'an empty source');
SELECT pg_temp.refused('event_taxonomy', '{"event_name": null}', '23502', 'no name');
SELECT pg_temp.refused('event_taxonomy', '{"event_category": null}', '23502', 'no category');
SELECT pg_temp.refused('event_taxonomy', '{"event_name": "app_open"}', '23505', 'a name that is there');
SELECT pg_temp.refused('usage_settings', '{}', '23505', 'a second row');
SELECT pg_temp.refused('usage_settings', '{"singleton": false}', '23514', 'another row');
SELECT pg_temp.refused('usage_settings', '{"singleton": null}', '23502', 'no row');
SELECT throws_ok($$UPDATE usage_settings SET week_start = 0$$, '23514', NULL, 'usage_settings: week_start 0');
SELECT throws_ok($$UPDATE usage_settings SET week_start = 8$$, '23514', NULL, 'usage_settings: week_start 8');
SELECT throws_ok($$UPDATE usage_settings SET week_start = NULL$$, '23502', NULL, 'usage_settings: no week_start');
SELECT throws_ok($$UPDATE usage_settings SET time_zone = NULL$$, '23502', NULL, 'usage_settings: no time zone');
SELECT throws_ok($$DELETE FROM dim_account WHERE account_id = id_from_bigint(1)$$, '23503', NULL, 'an account with users stays');
SELECT throws_ok($$UPDATE dim_user SET user_id = id_from_bigint(77) WHERE user_id = id_from_bigint(2)$$, '23503', NULL, 'a user with events keeps the key');

-- Everything is described: relations and columns of the model, members of the library.
SELECT is_empty(
  $$SELECT relname FROM model_relation WHERE coalesce(obj_description(oid, 'pg_class'), '') = ''$$,
  'every table and view has a comment');
SELECT is_empty(
  $$SELECT relname, attname
      FROM model_relation
      JOIN pg_attribute
        ON attrelid = model_relation.oid AND attnum > 0 AND NOT attisdropped
     WHERE coalesce(col_description(attrelid, attnum), '') = ''$$,
  'every column of them, too');
SELECT is_empty(
  $$SELECT name FROM member WHERE coalesce(obj_description(objid, classid::regclass::name), '') = '' AND classid <> 'pg_opfamily'::regclass$$,
  'and every member of the library');
SELECT is_empty(
  $$SELECT name FROM member WHERE obj_description(objid, classid::regclass::name) ~ '\n|[.]$|^\s|\s$'$$,
  'in one line, without a full stop');
SELECT cmp_ok(count(*), '>', 20::bigint, 'there are members') FROM member;
SELECT cmp_ok(count(*), '>=', 5::bigint, 'there are relations') FROM model_relation;

-- How the two halves are kept apart, and both from their callers.
SELECT is_empty(
  $$SELECT name
      FROM member
     WHERE classid = 'pg_class'::regclass
        OR classid = 'pg_type'::regclass
       AND objid IN (SELECT oid FROM pg_type WHERE typrelid IN (SELECT oid FROM model_relation))$$,
  'no relation is a member, and no row type');
SELECT is_empty(
  $$SELECT member.name, pg_describe_object(refclassid, refobjid, 0)
      FROM member
      JOIN pg_depend
        ON pg_depend.classid = member.classid AND pg_depend.objid = member.objid
     WHERE refclassid IN ('pg_class'::regclass, 'pg_type'::regclass)
       AND (refobjid IN (SELECT oid FROM model_relation) OR refobjid IN (SELECT reltype FROM model_relation))$$,
  'no member depends on the model');
SELECT is_empty(
  $$SELECT name FROM member JOIN pg_proc ON pg_proc.oid = objid AND classid = 'pg_proc'::regclass WHERE prosecdef$$,
  'no function is SECURITY DEFINER');
SELECT is_empty(
  $$SELECT name
      FROM member
      JOIN pg_proc
        ON pg_proc.oid = objid AND classid = 'pg_proc'::regclass
      JOIN pg_language
        ON pg_language.oid = prolang
     WHERE lanname IN ('sql', 'plpgsql')
       AND prosqlbody IS NULL
       AND NOT coalesce(proconfig, '{}') && '{"search_path=pg_catalog, pg_temp"}'
       AND name NOT IN ('function active_users(date,date,text,text,text,text,uuid)', 'function lifecycle(date,date,text,text,text,text,uuid)',
                       'function rolling_active_users(date,date,integer,text,text,text,uuid)', 'function usage_trend(text,date,date,text,text,uuid)')$$,
  'no function goes by its caller''s search_path, but reports that are made a part of queries and name the schema of everything');
SELECT is_empty(
  $$SELECT name
      FROM member
      JOIN pg_proc
        ON pg_proc.oid = objid AND classid = 'pg_proc'::regclass
      JOIN pg_language
        ON pg_language.oid = prolang
     WHERE lanname = 'c' AND proparallel = 'u' AND provolatile <> 'v'$$,
  'every function in C that changes nothing may run in a parallel query');
SELECT is_empty(
  $$SELECT pronamespace::regnamespace, proname
      FROM member
      JOIN pg_proc
        ON pg_proc.oid = objid AND classid = 'pg_proc'::regclass
     WHERE pronamespace <> (SELECT extnamespace FROM pg_extension WHERE extname = 'usage_analytics')$$,
  'all functions are in the schema of the extension');
SELECT is_empty(
  $$SELECT relname FROM model_relation WHERE relkind = 'v' AND NOT coalesce(reloptions, '{}') && '{security_invoker=true,security_invoker=on}'$$,
  'every view reads with the rights of its caller');
SELECT is_empty(
  $$SELECT relname, attname FROM model_relation JOIN pg_attribute ON attrelid = model_relation.oid WHERE attidentity <> '' AND attnum > 0$$,
  'no column is an identity column');
SELECT volatility_is('event_day', '{timestamp with time zone}'::name[], 'stable');
SELECT volatility_is('event_day', '{timestamp with time zone,text}'::name[], 'immutable');
SELECT volatility_is('event_category', '{text}'::name[], 'stable');
SELECT volatility_is('new_event_id', '{}'::name[], 'volatile');
SELECT is_strict('event_category', '{text}'::name[]);

-- Types: what is hashed and sorted agrees with what is equal.
SELECT is_empty(
  $$SELECT name
      FROM member
      JOIN pg_operator
        ON pg_operator.oid = objid AND classid = 'pg_operator'::regclass
     WHERE oprname IN ('=', '<>', '<', '<=', '>', '>=', '@>', '<@', '&&')
       AND (oprcom = 0 OR oprrest = 0 OR oprjoin = 0 OR (oprname NOT IN ('@>', '<@', '&&') AND oprnegate = 0))$$,
  'comparisons have commutators, negators and estimates');
SELECT is_empty(
  $$SELECT name FROM member JOIN pg_cast ON pg_cast.oid = objid AND classid = 'pg_cast'::regclass WHERE castmethod = 'b' $$,
  'no cast takes bytes as they are');
SELECT is_empty(
  $$SELECT name
      FROM member
      JOIN pg_aggregate
        ON aggfnoid = objid AND classid = 'pg_proc'::regclass
     WHERE (aggcombinefn = 0 OR aggtranstype = 'internal'::regtype AND (aggserialfn = 0 OR aggdeserialfn = 0))$$,
  'every aggregate can be computed in parts');

SELECT * FROM finish();
ROLLBACK;
