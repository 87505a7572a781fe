-- Reports over the rollups. What concerns everybody or one account is added up from
-- the second level, where that has it; the rest is counted from users' days, metrics
-- of plans, regions and accounts from accounts' sums, single events from users' months.

-- ---------- periods ----------

CREATE FUNCTION @extschema@.usage_period_start(day date, period text, week_start integer)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE period
         WHEN 'day' THEN day
         WHEN 'week' THEN day - (extract(isodow FROM day)::integer - week_start + 7) % 7
         ELSE date_trunc(period, day::timestamp)::date
       END;

COMMENT ON FUNCTION @extschema@.usage_period_start(date, text, integer) IS
  'First day of the day''s period: day, week, month or quarter; part of the reports';

CREATE FUNCTION @extschema@.usage_next_period(day date, period text, periods integer DEFAULT 1)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE period
         WHEN 'day' THEN day + periods
         WHEN 'week' THEN day + 7 * periods
         WHEN 'month' THEN (day + periods * interval '1 month')::date
         ELSE (day + periods * interval '3 months')::date
       END;

COMMENT ON FUNCTION @extschema@.usage_next_period(date, text, integer) IS
  'First day of the period that comes so many periods after that which begins on the day, before it where negative; part of the reports';

CREATE FUNCTION @extschema@.usage_periods(first date, last date, period text)
RETURNS TABLE (
  period_start date,
  next_start   date
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  period_start := first;
  WHILE period_start <= last LOOP
    next_start := @extschema@.usage_next_period(period_start, period);
    RETURN NEXT;
    period_start := next_start;
  END LOOP;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_periods(date, date, text) IS
  'The periods from the one that begins on the first day to the one that begins on the last, with the days on which the next ones begin; part of the reports';

-- ---------- arguments ----------

CREATE FUNCTION @extschema@.usage_check_choice(kind text, value text, choices text[], context text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF value <> ALL (choices) OR value IS NULL AND kind NOT IN ('segment', 'category') THEN
    RAISE EXCEPTION USING
      ERRCODE = CASE WHEN value IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
      MESSAGE = CASE WHEN value IS NULL THEN format('%s must not be null', kind)
                     ELSE format('%s "%s" does not exist', kind, value) || coalesce(' ' || context, '') END,
      HINT = format('There are: %s.', array_to_string(choices, ', '));
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_choice(text, text, text[], text) IS
  'Error (22023) where an argument is none of the values there are, (22004) where it is null and may not be; part of the reports';

CREATE FUNCTION @extschema@.usage_check_filter(event text, category text, segment text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
BEGIN
  IF category IS NOT NULL THEN
    PERFORM @extschema@.usage_check_choice('category'::text, category,
      ARRAY(SELECT DISTINCT taxonomy.event_category FROM @extschema@.event_taxonomy AS taxonomy ORDER BY 1) || '{unknown}'::text[]);
    IF event IS NOT NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = 'event and category cannot both be given';
    END IF;
  END IF;
  IF segment = 'source' AND (event IS NOT NULL OR category IS NOT NULL) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = 'segment "source" does not go with an event or a category',
      DETAIL = 'The rollups know the sources of all events together only.';
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_check_filter(text, text, text) IS
  'Error (22023) where filters are unknown or do not go together; part of the reports';

-- Series end with the as-of day and begin with the first day of all: of what is
-- asked for, the part that they have.
CREATE FUNCTION @extschema@.usage_report_range(
  from_date date,
  to_date date,
  period text,
  OUT first_start date,
  OUT last_start date,
  OUT as_of date,
  OUT today date,
  OUT week_start integer
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_variable
DECLARE
  first_ever date;
  past daterange;
  hidden boolean;
BEGIN
  PERFORM @extschema@.usage_check_choice('period'::text, period, '{day,week,month,quarter}'::text[]);
  IF from_date IS NULL OR to_date IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'the first and the last day of a report must not be null';
  END IF;
  IF NOT isfinite(from_date) OR NOT isfinite(to_date) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'datetime_field_overflow',
      MESSAGE = 'the first and the last day of a report must be finite';
  END IF;
  IF from_date > to_date THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('a report cannot run from %s to %s', to_char(from_date, 'YYYY-MM-DD'), to_char(to_date, 'YYYY-MM-DD')),
      HINT = 'The first day comes first; both are included.';
  END IF;

  SELECT settings.today, settings.past, settings.week_start
    INTO today, past, week_start
    FROM @extschema@.usage_today AS settings;
  -- Where row security hides usage_totals, what is seen of accounts has the same days.
  hidden := row_security_active('@extschema@.usage_totals');
  SELECT @extschema@.first_day(total.dau), @extschema@.last_day(total.dau)
    INTO first_ever, as_of
    FROM (SELECT @extschema@.sum(parts.dau) OPERATOR(@extschema@.*) past AS dau
            FROM (SELECT totals.dau
                    FROM @extschema@.usage_totals AS totals
                   WHERE NOT hidden
                  UNION ALL
                  SELECT accounts.dau
                    FROM @extschema@.account_rollup AS accounts
                   WHERE hidden
                  UNION ALL
                  SELECT changes.dau
                    FROM @extschema@.usage_changes(CASE WHEN hidden THEN '{accounts,activity}' ELSE '{totals,activity}' END::text[]) AS changes
                   WHERE EXISTS (SELECT FROM @extschema@.usage_pending)) AS parts) AS total;
  IF as_of IS NOT NULL THEN
    first_start := @extschema@.usage_period_start(greatest(from_date, first_ever), period, week_start);
    last_start := @extschema@.usage_period_start(least(to_date, as_of), period, week_start);
    IF first_start > last_start THEN
      first_start := NULL;
      last_start := NULL;
    END IF;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_report_range(date, date, text) IS
  'The first days of the first and the last period of a report, null where it has none, with the as-of day, today and the first day of a week; errors for unknown periods and ranges that run backwards (22023), null (22004) and infinite (22008) days; part of the reports';

-- ---------- what the first level tells ----------

CREATE FUNCTION @extschema@.usage_segment(key uuid, segment text, of_users boolean)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'usage_segment';

COMMENT ON FUNCTION @extschema@.usage_segment(uuid, text, boolean) IS
  'Today''s segment of an account (plan_tier, region, account_id) or a user (those of the account, role, country), null where there is none; reads all of them once a query; part of the reports';

-- The query for days of activity: segment_value, user_id, days. Those after today
-- may be among them, and are cut off where days are counted.
-- A user has a row in each segment, and is whom the segment's events are of;
-- where users are followed over time (own), whom the segment has today.
-- With a period, where events are counted under their own segment, counts of users
-- in their place: segment_value, active, arrived, returned.
CREATE FUNCTION @extschema@.usage_days_query(segment text, event text, category text, account_id uuid, own boolean, period text DEFAULT NULL, week_start integer DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_variable
DECLARE
  today CONSTANT date := (SELECT settings.today FROM @extschema@.usage_today AS settings);
  past CONSTANT text := format('%L::daterange', daterange(NULL, today, '[]'));
  by_label CONSTANT boolean := coalesce(segment IN ('source', 'event_name', 'event_category'), false);
  of_events CONSTANT boolean := by_label OR event IS NOT NULL OR category IS NOT NULL;
  by_user CONSTANT boolean := own OR segment IS NULL OR segment IN ('role', 'country');
  -- Where nothing is pending, what is settled is all there is.
  pending CONSTANT boolean := EXISTS (SELECT FROM @extschema@.usage_pending);
  activity CONSTANT text := CASE WHEN pending THEN '@extschema@.usage_live_activity' ELSE '@extschema@.user_activity' END;
  rollup CONSTANT text := CASE WHEN pending THEN '@extschema@.usage_live_rollup' ELSE '@extschema@.usage_rollup' END;
  of_account CONSTANT text := CASE
    WHEN account_id IS NULL THEN 'true'
    -- Of the rollups, only the accounts that these users have been active under are read.
    WHEN own THEN format(replace('rollup.user_id = MEMBERS' || CASE WHEN of_events THEN ' AND rollup.account_id = ANY (ARRAY(SELECT theirs.account_id FROM %2$s AS theirs WHERE theirs.user_id = MEMBERS))' ELSE '' END,
                                 'MEMBERS', 'ANY (ARRAY(SELECT members.user_id FROM @extschema@.dim_user AS members WHERE members.account_id = %1$L))'), account_id, activity)
    ELSE format('rollup.account_id = %L', account_id)
  END;
  -- Of everybody, segments are looked up; a customer's users are joined with theirs.
  looked_up CONSTANT boolean := account_id IS NULL AND (by_user OR segment <> 'account_id');
  value CONSTANT text := CASE
    WHEN segment IS NULL OR by_label THEN 'NULL::text'
    WHEN looked_up THEN format(CASE WHEN by_user THEN '@extschema@.usage_segment(active.user_id, %L::text, true)' ELSE '@extschema@.usage_segment(active.account_id, %L::text, false)' END, segment)
    WHEN segment IN ('plan_tier', 'region') THEN format('account.%I', segment)
    WHEN segment IN ('role', 'country') THEN format('member.%I', segment)
    ELSE CASE WHEN own THEN 'member' ELSE 'active' END || '.account_id::text'
  END;
  joins CONSTANT text := concat_ws(' ',
    CASE WHEN by_user AND segment IS NOT NULL AND NOT looked_up
         THEN 'LEFT JOIN @extschema@.dim_user AS member ON member.user_id = active.user_id'
              || CASE WHEN own AND account_id IS NOT NULL THEN format(' AND member.account_id = %L', account_id) ELSE '' END END,
    CASE WHEN segment IN ('plan_tier', 'region') AND NOT looked_up
         THEN format('LEFT JOIN @extschema@.dim_account AS account ON account.account_id = %s.account_id', CASE WHEN own THEN 'member' ELSE 'active' END) END);
  -- The segments of users are looked up once for each, those of events for each row.
  row_value CONSTANT text := CASE WHEN by_user THEN 'NULL::text' ELSE value END;
  row_joins CONSTANT text := CASE WHEN by_user THEN '' ELSE joins END;
  row_group CONSTANT text := CASE WHEN by_user THEN '2' ELSE '1, 2' END;
  counting CONSTANT boolean := period IS NOT NULL AND of_events AND (segment IS NULL OR NOT by_user);
  -- Which labels count, and under which names
  labels text[];
  names text[];
  others text;
  passes integer := 1;
  changed uuid[];
  merged text;
  settled text;
  joined text;
  query text;
BEGIN
  IF of_events THEN
    IF event IS NOT NULL THEN
      labels := ARRAY[event];
      names := ARRAY[CASE segment WHEN 'event_category' THEN coalesce(@extschema@.event_category(event), 'unknown') ELSE event END];
    ELSIF category IS NOT NULL AND segment IS DISTINCT FROM 'event_name' OR segment = 'event_category' THEN
      others := CASE WHEN coalesce(category, 'unknown') = 'unknown' THEN 'unknown' END;
      SELECT coalesce(array_agg(taxonomy.event_name), '{}'),
             coalesce(array_agg(CASE WHEN category IS NULL OR taxonomy.event_category = category THEN taxonomy.event_category END), '{}')
        INTO labels, names
        FROM @extschema@.event_taxonomy AS taxonomy
       WHERE others IS NOT NULL
          OR taxonomy.event_category = category;
    END IF;
    -- So many users are held in memory at a time that they have a million sets of days.
    IF account_id IS NULL THEN
      passes := greatest(1, ceil((SELECT reltuples FROM pg_class WHERE oid = '@extschema@.user_activity'::regclass)
                                 * CASE WHEN labels IS NULL THEN 1 + (SELECT count(*) FROM @extschema@.event_taxonomy) ELSE cardinality(labels) END / 1e6));
    END IF;
    query := format('SELECT %s AS segment_value, %s FROM (%s) AS grouped CROSS JOIN LATERAL @extschema@.%s WHERE %s',
      CASE WHEN by_label THEN 'part.name' ELSE 'grouped.value' END,
      CASE WHEN counting THEN 'CASE WHEN part.label LIKE ''%/active'' THEN part.series END AS active, CASE WHEN part.label LIKE ''%/new'' THEN part.series END AS arrived, CASE WHEN part.label LIKE ''%/returning'' THEN part.series END AS returned'
           ELSE 'part.user_id, part.days' END,
      (SELECT string_agg(format('SELECT %s AS value, @extschema@.%s AS found FROM (SELECT rollup.account_id, rollup.user_id, rollup.%I AS map FROM %s AS rollup WHERE %s AND %s) AS active %s %s',
                                row_value,
                                CASE WHEN counting THEN format('user_day_counts(active.user_id, active.map, %L::text[], %L::text[], %L::text, %s, %L::text, %s)', labels, names, others, past, period, week_start)
                                     ELSE format('user_days(active.user_id, active.map, %L::text[], %L::text[], %L::text)', labels, names, others) END,
                                CASE segment WHEN 'source' THEN 'sources' ELSE 'events' END,
                                rollup, of_account,
                                CASE WHEN passes = 1 THEN 'true' ELSE format('abs(uuid_hash(rollup.user_id)::bigint) %% %s = %s', passes, pass) END,
                                row_joins,
                                CASE WHEN by_user OR by_label THEN '' ELSE 'GROUP BY 1' END),
                         ' UNION ALL ')
         FROM generate_series(0, passes - 1) AS pass),
      CASE WHEN counting THEN 'each(grouped.found) AS counts (label, series) CROSS JOIN LATERAL (SELECT substring(counts.label FROM ''^(.*)/'') AS name, counts.label, counts.series) AS part'
           ELSE format('user_days_found(grouped.found, %s) AS part', past) END,
      CASE WHEN segment = 'event_name' AND category IS NOT NULL THEN format('coalesce(@extschema@.event_category(part.name), ''unknown'') = %L', category) ELSE 'true' END);
  ELSIF account_id IS NOT NULL THEN
    query := format('SELECT %s AS segment_value, active.user_id, @extschema@.dayset_union(active.days) OPERATOR(@extschema@.*) %s AS days FROM (SELECT rollup.account_id, rollup.user_id, rollup.days FROM %s AS rollup WHERE %s OFFSET 0) AS active %s GROUP BY %s',
      row_value, past, activity, of_account, row_joins, row_group);
  ELSE
    -- What is settled of users of one account is read as it is; the others, and
    -- those with something pending, are merged.
    merged := 'active.shared';
    IF pending THEN
      SELECT array_agg(users.user_id) INTO changed
        FROM (SELECT DISTINCT changes.user_id
                FROM @extschema@.usage_changes('{days}'::text[]) AS changes) AS users;
      SELECT format('active.user_id = ANY (%L::uuid[])', array_agg(shared.user_id) || changed) INTO merged
        FROM @extschema@.user_activity AS shared
       WHERE shared.shared;
    END IF;
    settled := format('SELECT %s active.user_id, active.days FROM @extschema@.user_activity AS active WHERE NOT active.shared %s',
      CASE WHEN by_user THEN '' ELSE value || ' AS segment_value,' END,
      CASE WHEN changed IS NOT NULL THEN format('AND active.user_id <> ALL (%L::uuid[])', changed) END);
    joined := format('SELECT %s active.user_id, @extschema@.dayset_union(active.days) AS days FROM %s AS active WHERE %s GROUP BY %s',
      CASE WHEN by_user THEN '' ELSE value || ' AS segment_value,' END, activity, merged, CASE WHEN by_user THEN 'active.user_id' ELSE '1, active.user_id' END);
    query := format('%s UNION ALL %s', settled, joined);
  END IF;
  IF counting THEN
    RETURN format('SELECT segment_value, active, arrived, returned FROM (%s) AS counted', query);
  END IF;
  IF by_user THEN
    query := format('SELECT %s AS segment_value, active.user_id, active.days FROM (%s) AS active %s', value, query, joins);
  END IF;
  RETURN (query);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_days_query(text, text, text, uuid, boolean, text, integer) IS
  'The query for users'' days of activity, maybe after today too, by segment, of those events or of all, under the account or of its own users: segment_value, user_id, days; with a period, of events and under their own segment or none, the query for what active_period_counts() makes of these, by segment: segment_value, active, arrived, returned; part of the reports';

-- What a report counts of users' days: what is settled, and what a query adds to it.
CREATE TYPE @extschema@.usage_days_source AS (
  settled     boolean,
  segment     text,
  of_users    boolean,
  strays      boolean,
  corrections boolean,
  events      text[],
  back_events text[],
  skipped     uuid[],
  query       text
);

COMMENT ON TYPE @extschema@.usage_days_source IS
  'Users'' days to be counted, each user once in a segment: if settled, those of user_activity, but of skipped users, under the account''s segment or the user''s (of_users), or none where that is null, and of users who share accounts or are in usage_strays, if those count, under their own account''s of today; of corrections, instead, only users of several accounts, each row of them less one and all together once, which makes of users added up by account users of the segment; where events are given, only users with one of these are counted, for the days with them, under their own segment, and where back_events are, users come back on days with one of these; and those of a query: segment_value text, or the account_id uuid where the settled ones are under that, user_id uuid, days, back (the days of coming back) dayset; part of the reports';

CREATE FUNCTION @extschema@.usage_days_source(segment text, event text, category text, account_id uuid, own boolean)
RETURNS @extschema@.usage_days_source
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_variable
DECLARE
  by_account CONSTANT boolean := coalesce(segment IN ('plan_tier', 'region', 'account_id'), false);
  pending CONSTANT boolean := EXISTS (SELECT FROM @extschema@.usage_pending);
  users CONSTANT real := (SELECT reltuples FROM pg_class WHERE oid = '@extschema@.user_activity'::regclass);
  most_strays bigint;
  source @extschema@.usage_days_source;
BEGIN
  -- Of so many users the days with an event are held in memory.
  IF account_id IS NULL AND NOT pending AND (event IS NOT NULL OR category <> 'unknown') AND users < 1e6
     AND (own OR segment IS NULL OR segment IN ('role', 'country')) THEN
    source.settled := true;
    source.segment := segment;
    source.of_users := true;
    source.events := CASE WHEN event IS NOT NULL THEN ARRAY[event]
                          ELSE ARRAY(SELECT taxonomy.event_name FROM @extschema@.event_taxonomy AS taxonomy WHERE taxonomy.event_category = category) END;
    RETURN source;
  END IF;
  IF account_id IS NOT NULL OR event IS NOT NULL OR category IS NOT NULL
     OR segment IN ('source', 'event_name', 'event_category') THEN
    source.settled := false;
    source.query := format('SELECT segment_value, user_id, days, days AS back FROM (%s) AS days',
                           @extschema@.usage_days_query(segment, event, category, account_id, own));
    RETURN source;
  END IF;

  source.settled := true;
  source.segment := segment;
  source.of_users := NOT by_account;
  -- What is settled of users is mostly under their own account. Of more strays than
  -- that, to look for each takes longer than to read all users.
  IF by_account AND own THEN
    IF NOT row_security_active('@extschema@.usage_strays') THEN
      most_strays := greatest(users / 100, 10);
      source.strays := most_strays >= (SELECT count(*) FROM (SELECT FROM @extschema@.usage_strays LIMIT most_strays + 1) AS stray);
    END IF;
    source.of_users := source.strays IS NOT TRUE;
  END IF;
  IF pending THEN
    SELECT array_agg(DISTINCT changes.user_id) INTO source.skipped
      FROM @extschema@.usage_changes('{days}'::text[]) AS changes;
    source.query := format('SELECT segment_value, user_id, days, days AS back FROM (SELECT %s AS segment_value, active.user_id, @extschema@.dayset_union(active.days) AS days FROM @extschema@.usage_live_activity AS active WHERE active.user_id = ANY (%L::uuid[]) GROUP BY 1, 2) AS days',
      CASE
        WHEN segment IS NULL THEN 'NULL::text'
        WHEN NOT by_account THEN format('(SELECT member.%I FROM @extschema@.dim_user AS member WHERE member.user_id = active.user_id)', segment)
        WHEN segment = 'account_id'
          THEN CASE WHEN own THEN '(SELECT member.account_id FROM @extschema@.dim_user AS member WHERE member.user_id = active.user_id)' ELSE 'active.account_id' END
               || CASE WHEN source.of_users THEN '::text' ELSE '' END
        WHEN own THEN format('(SELECT account.%I FROM @extschema@.dim_user AS member JOIN @extschema@.dim_account AS account ON account.account_id = member.account_id WHERE member.user_id = active.user_id)', segment)
        ELSE format('(SELECT account.%I FROM @extschema@.dim_account AS account WHERE account.account_id = active.account_id)', segment)
      END,
      source.skipped);
  END IF;
  RETURN source;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_days_source(text, text, text, uuid, boolean) IS
  'Users'' days of activity, maybe after today too, by segment, of those events or of all, under the account or of its own users: each user once in each segment where the segment is the account''s or an event''s, and once in all where it is the user''s own; part of the reports';

-- ---------- what the second level tells ----------

-- The query for months: segment_value, as it is stored, and the sums asked for, or
-- columns to be added up. A user who is active under several accounts is in the
-- sums of each.
CREATE FUNCTION @extschema@.usage_sums_query(sums text, figures text, parts text[], segment text, account_id uuid, from_day date, to_day date, with_settled boolean DEFAULT true)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_variable
DECLARE
  by_segment CONSTANT boolean := coalesce(segment IN ('plan_tier', 'region', 'account_id'), false);
  by_account CONSTANT boolean := by_segment OR account_id IS NOT NULL;
  hidden CONSTANT boolean := NOT by_account AND row_security_active('@extschema@.usage_totals');
  months CONSTANT text := format('month >= %L AND month <= %L', date_trunc('month', from_day::timestamp)::date, to_day)
                          || CASE WHEN account_id IS NOT NULL THEN format(' AND account_id = %L', account_id) ELSE '' END;
BEGIN
  RETURN format('SELECT %s AS segment_value, %s FROM (%s) AS months',
    CASE WHEN NOT by_segment THEN 'NULL::text' WHEN segment = 'account_id' THEN 'months.account_id' ELSE format('@extschema@.usage_segment(months.account_id, %L::text, false)', segment) END,
    sums,
    concat_ws(' UNION ALL ',
      CASE WHEN with_settled AND NOT hidden
           THEN format('SELECT %s FROM @extschema@.%I WHERE %s',
                       concat_ws(', ', CASE WHEN by_account THEN 'account_id' END, figures), CASE WHEN by_account THEN 'account_rollup' ELSE 'usage_totals' END, months) END,
      CASE WHEN hidden OR EXISTS (SELECT FROM @extschema@.usage_pending)
           THEN format('SELECT %s FROM @extschema@.usage_changes(%L::text[], %L::text) WHERE %s',
                       concat_ws(', ', CASE WHEN by_account THEN 'account_id' END, figures),
                       CASE WHEN by_account THEN 'accounts' ELSE 'totals' END || parts, CASE WHEN by_account THEN 'pending' ELSE 'outside totals' END, months) END));
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_sums_query(text, text, text[], text, uuid, date, date, boolean) IS
  'The query for the months from that of a day to that of another: sums, or columns to add up, of everybody, of one account, or under each account''s plan_tier, region or account_id, or of what is pending of these alone; figures are the columns that it needs, parts those that have them in usage_changes(); part of the reports';

-- ---------- what both levels tell ----------

-- What usage_figures() adds up: users' days, what is settled of accounts, and a
-- query, which may be empty where one of these is there.
CREATE FUNCTION @extschema@.usage_figures_query(
  metric text,
  period text,
  window_days integer,
  segment text,
  event text,
  category text,
  account_id uuid,
  own boolean,
  from_day date,
  to_day date,
  OUT query text,
  OUT accounts text[],
  OUT source @extschema@.usage_days_source,
  OUT window_length integer
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_column
DECLARE
  one_account CONSTANT uuid := usage_figures_query.account_id;
  week_start CONSTANT integer := (SELECT week_start FROM @extschema@.usage_settings);
  pending CONSTANT boolean := EXISTS (SELECT FROM @extschema@.usage_pending);
  figure CONSTANT text := CASE WHEN window_days IS NOT NULL
    THEN CASE window_days WHEN 1 THEN 'dau' WHEN 7 THEN 'wau' WHEN 28 THEN 'active_28d' WHEN 30 THEN 'mau' END
    ELSE CASE period WHEN 'day' THEN 'dau' WHEN 'week' THEN 'weekly' WHEN 'month' THEN 'monthly' ELSE 'quarterly' END
  END;
  -- A sum of sources is that of all events, and has the fewest labels.
  sum_column CONSTANT text := CASE metric WHEN 'work_seconds' THEN 'seconds'
                                          WHEN 'events' THEN CASE WHEN segment IN ('event_name', 'event_category') THEN 'events' ELSE 'sources' END
                                          ELSE CASE WHEN metric IS NOT NULL THEN 'events' END END;
  sum_label CONSTANT text := CASE metric WHEN 'work_seconds' THEN 'timer_stop' WHEN 'tasks_created' THEN 'task_created' WHEN 'tasks_completed' THEN 'task_completed' END;
  with_arrived CONSTANT boolean := window_days IS NULL AND metric IS NULL;
  none CONSTANT text := 'NULL::@extschema@.dayseries';
  by_label CONSTANT boolean := coalesce(segment IN ('source', 'event_name', 'event_category'), false);
BEGIN
  query := '';
  accounts := '{}';
  window_length := coalesce(window_days, 0);
  IF event IS NULL AND category IS NULL AND figure IS NOT NULL
     AND (segment IS NULL OR one_account IS NOT NULL AND segment IN ('plan_tier', 'region', 'account_id'))
     AND NOT (own AND one_account IS NOT NULL) THEN
    query := @extschema@.usage_sums_query(
      concat_ws(', ',
        CASE WHEN metric IS NULL THEN none ELSE format('%I, %L::text', sum_column, sum_label) END,
        figure,
        CASE WHEN with_arrived THEN 'lifecycle, ''new''::text' ELSE none END,
        CASE WHEN own THEN format('lifecycle, %L::text', CASE period WHEN 'week' THEN 'returning' ELSE format('returning_%ss', period) END) ELSE none END),
      concat_ws(', ', figure, 'lifecycle', sum_column),
      CASE WHEN figure IN ('weekly', 'monthly', 'quarterly') THEN '{periods}' ELSE '{activity,periods}'::text[] END || coalesce(sum_column, 'periods'),
      segment, one_account, from_day, to_day);
    RETURN;
  END IF;

  IF metric IS NULL OR pending OR by_label OR segment IN ('role', 'country') THEN
    source := @extschema@.usage_days_source(segment, event, category, one_account, own);
  ELSE
    -- Accounts are read anyway.
    source.settled := segment <> 'account_id';
    source.segment := segment;
    source.corrections := true;
  END IF;
  -- Users of events are counted where they are found, if it is not to be known who they are.
  IF NOT source.settled AND window_days IS NULL
     AND (by_label OR event IS NOT NULL OR category IS NOT NULL)
     AND (segment IS NULL OR NOT own AND segment NOT IN ('role', 'country')) THEN
    source := NULL;
    query := format('SELECT segment_value, %s AS value, active, arrived, returned FROM (%s) AS counted',
                    none, @extschema@.usage_days_query(segment, event, category, one_account, own, period, week_start));
  END IF;
  IF segment IN ('role', 'country') AND metric IS NOT NULL THEN
    query := format('SELECT %s AS segment_value, %s AS value, %s, %s, %s FROM @extschema@.%I AS months %s WHERE months.month >= %L AND months.month <= %L %s GROUP BY 1',
                    CASE WHEN one_account IS NULL THEN format('@extschema@.usage_segment(months.user_id, %L::text, true)', segment) ELSE format('member.%I', segment) END,
                    format('@extschema@.sum(%I, %L::text)', sum_column, sum_label), none, none, none, CASE WHEN pending THEN 'usage_live_rollup' ELSE 'usage_rollup' END,
                    CASE WHEN one_account IS NULL THEN '' ELSE 'LEFT JOIN @extschema@.dim_user AS member ON member.user_id = months.user_id' END,
                    date_trunc('month', from_day::timestamp)::date, to_day, format(CASE WHEN one_account IS NOT NULL THEN 'AND months.account_id = %L' ELSE '' END, one_account));
  ELSIF by_label AND metric IS NOT NULL THEN
    query := format('%s UNION ALL SELECT part.label, part.series, NULL, NULL, NULL FROM (%s) AS total CROSS JOIN LATERAL @extschema@.each(%s) AS part (label, series)', query,
                    @extschema@.usage_sums_query(format('@extschema@.sum(%I) AS sums', sum_column), sum_column, ARRAY[sum_column], NULL::text, one_account, from_day, to_day),
                    CASE WHEN segment = 'event_category' THEN '@extschema@.by_category(total.sums)' ELSE 'total.sums' END);
  ELSIF metric IS NOT NULL THEN
    accounts := ARRAY[segment, sum_column || '/' || coalesce(sum_label, ''), CASE WHEN NOT pending THEN figure END, NULL, NULL];
    IF pending THEN
      query := @extschema@.usage_sums_query(format('%I, %L::text, %s, %s, %s', sum_column, sum_label, none, none, none), sum_column, ARRAY[sum_column], segment, NULL::uuid, from_day, to_day, false);
    END IF;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_figures_query(text, text, integer, text, text, text, uuid, boolean, date, date) IS
  'What usage_figures() is to add up: of a metric, if one is given; of the users active in each period, or in each window of so many days under its last day; of these, of those who had never been before, and, for users'' own accounts, of those who were in the period before, too; for the days and periods between the two days, and maybe more; part of the reports';

-- What a worker has counted is counted once more where it is put together: a
-- second one gains nothing. Users' rows are joined by hashing: how many there
-- are cannot be told before.
CREATE FUNCTION @extschema@.usage_figures(query text, period text, first_start date, last_start date, today date, everybody boolean, accounts text[] DEFAULT '{}', source @extschema@.usage_days_source DEFAULT NULL, window_days integer DEFAULT 0)
RETURNS TABLE (
  segment_value text,
  period_start  date,
  value         bigint,
  active        bigint,
  arrived       bigint,
  returned      bigint,
  value_before  bigint,
  active_before bigint,
  is_complete   boolean
)
LANGUAGE c STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 1
AS 'MODULE_PATHNAME', 'usage_figures';

COMMENT ON FUNCTION @extschema@.usage_figures(text, text, date, date, date, boolean, text[], @extschema@.usage_days_source, integer) IS
  'Sums by segment and period (day, week, month, quarter), from that which begins on first_start to that which begins on last_start, and of the period before each, in order, of what a query has of days up to today: a text or a uuid for the segment, then value, active, arrived and returned, each a dayseries, or a dayseries_map and its label, null for all; and of what account_rollup has, if accounts says how: the segment (plan_tier, region, account_id), then for each of the four null, a column, or a column with a slash and a label, none for all; and, of the users that source tells, if it is not null, those active in each period, those of them who had never been before, and those who were in the period before (not told of the first), or, with windows of 1 to 366 days rather than 0, those active in these, under their last day; the query may be empty then; segments with no one active in any of the periods are left out, but for the null one of everybody; NULL in another argument means no rows; errors for an unknown period, other accounts or a window out of range (22023), other columns (42804), ranges that run backwards, are infinite or longer than 10000000 days (22008) and sums beyond bigint (22003); part of the reports';

CREATE FUNCTION @extschema@.usage_stickiness_counts(source @extschema@.usage_days_source, period text, first_start date, last_start date, today date, everybody boolean)
RETURNS TABLE (
  segment_value text,
  period_start  date,
  active_days   integer,
  users         bigint,
  active_users  bigint,
  is_complete   boolean
)
LANGUAGE c STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 1
AS 'MODULE_PATHNAME', 'usage_stickiness_counts';

COMMENT ON FUNCTION @extschema@.usage_stickiness_counts(@extschema@.usage_days_source, text, date, date, date, boolean) IS
  'Users by the number of days, from 1, on which they were active in each period (day, week, month, quarter), from that which begins on first_start to that which begins on last_start, by segment, in order; segments without anybody are left out, but for the null one of everybody; NULL means no rows; errors for an unknown period (22023), a query with other columns (42804) and ranges that run backwards, are infinite or longer than 10000000 days (22008); part of the reports';

CREATE FUNCTION @extschema@.usage_retention_counts(source @extschema@.usage_days_source, period text, unbounded boolean, first_start date, last_start date, as_of_start date, today date)
RETURNS TABLE (
  segment_value  text,
  cohort_start   date,
  period_number  integer,
  cohort_size    bigint,
  retained_users bigint,
  is_complete    boolean
)
LANGUAGE c STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 1
SET enable_mergejoin = off
AS 'MODULE_PATHNAME', 'usage_retention_counts';

COMMENT ON FUNCTION @extschema@.usage_retention_counts(@extschema@.usage_days_source, text, boolean, date, date, date, date) IS
  'Users by the period (day, week, month, quarter) of their first day, from that which begins on first_start to that which begins on last_start, and how many of them were back in each period from then on to that which begins on as_of_start, or, unbounded, in it or a later one, by segment, in order; cohorts without anybody are left out; NULL means no rows; errors as of usage_stickiness_counts(); part of the reports';

-- ---------- the reports ----------

-- Those that usage_figures() adds up have as many rows as there are accounts and
-- periods, maybe. They are not kept once more: each report is one query that the
-- planner takes into the query that asks, and what comes before is done in here.
CREATE FUNCTION @extschema@.usage_report_source(
  report text,
  metric text,
  from_date date,
  to_date date,
  period text,
  window_days integer,
  segment text,
  event text,
  category text,
  account_id uuid,
  OUT query text,
  OUT accounts text[],
  OUT source @extschema@.usage_days_source,
  OUT window_length integer,
  OUT first_start date,
  OUT last_start date,
  OUT today date
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_variable
DECLARE
  own CONSTANT boolean := report = 'lifecycle';
  start_before date;
  range record;
  figures record;
BEGIN
  IF report = 'rolling_active_users' AND (window_days IS NULL OR window_days NOT BETWEEN 1 AND 366) THEN
    RAISE EXCEPTION USING
      ERRCODE = CASE WHEN window_days IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
      MESSAGE = format('window_days must be from 1 to 366, not %s', coalesce(window_days::text, 'null'));
  END IF;
  IF report = 'usage_trend' THEN
    PERFORM @extschema@.usage_check_choice('metric'::text, metric, '{events,work_seconds,tasks_created,tasks_completed}'::text[]);
  END IF;
  IF own OR metric <> 'events' THEN
    PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country}'::text[], CASE WHEN NOT own THEN 'for this metric' END);
  ELSE
    PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country,source,event_category,event_name}'::text[]);
  END IF;
  PERFORM @extschema@.usage_check_filter(event, category, segment);

  range := @extschema@.usage_report_range(from_date, to_date, period);
  first_start := range.first_start;
  last_start := range.last_start;
  today := range.today;
  start_before := CASE WHEN own OR metric IS NOT NULL THEN @extschema@.usage_next_period(first_start, period, -1) ELSE first_start END;
  figures := @extschema@.usage_figures_query(metric, period, window_days, segment, event, category, account_id, own,
                                            start_before, @extschema@.usage_next_period(last_start, period) - 1);
  query := figures.query;
  accounts := figures.accounts;
  source := figures.source;
  window_length := figures.window_length;
  -- Who is dormant was active in the period before all.
  IF own THEN
    first_start := start_before;
  END IF;
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_report_source(text, text, date, date, text, integer, text, text, text, uuid) IS
  'What usage_figures() is to add up for active_users(), rolling_active_users(), lifecycle() or usage_trend(), whose arguments these are, from which period to which, null where there is none, from one more for lifecycle(), and today; errors for arguments that are not there, go together or run forward (22023, 22004, 22008); part of the reports';

CREATE FUNCTION @extschema@.active_users(
  from_date  date,
  to_date    date,
  period     text DEFAULT 'day',
  segment    text DEFAULT NULL,
  event      text DEFAULT NULL,
  category   text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start  date,
  segment_value text,
  active_users  bigint,
  new_users     bigint,
  is_complete   boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.active,
         figures.arrived,
         figures.is_complete
    FROM @extschema@.usage_report_source('active_users'::pg_catalog.text, NULL::pg_catalog.text, active_users.from_date, active_users.to_date, active_users.period, NULL::pg_catalog.int4, active_users.segment, active_users.event, active_users.category, active_users.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, active_users.period, source.first_start, source.last_start, source.today, active_users.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
$function$;

COMMENT ON FUNCTION @extschema@.active_users(date, date, text, text, text, text, uuid) IS
  'Active users by period (day, week, month, quarter), for every period of the series that has a day from from_date to to_date: users with at least one event, one of that name, or one of that category, under the account if one is given, and those of them who had none before; by segment (plan_tier, region, account_id, role, country, source, event_category, event_name), for those that have any';

CREATE FUNCTION @extschema@.rolling_active_users(
  from_date   date,
  to_date     date,
  window_days integer,
  segment     text DEFAULT NULL,
  event       text DEFAULT NULL,
  category    text DEFAULT NULL,
  account_id  uuid DEFAULT NULL
)
RETURNS TABLE (
  activity_date date,
  segment_value text,
  active_users  bigint,
  is_complete   boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.active,
         figures.is_complete
    FROM @extschema@.usage_report_source('rolling_active_users'::pg_catalog.text, NULL::pg_catalog.text, rolling_active_users.from_date, rolling_active_users.to_date, 'day'::pg_catalog.text, rolling_active_users.window_days, rolling_active_users.segment, rolling_active_users.event, rolling_active_users.category, rolling_active_users.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, 'day'::pg_catalog.text, source.first_start, source.last_start, source.today, rolling_active_users.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
$function$;

COMMENT ON FUNCTION @extschema@.rolling_active_users(date, date, integer, text, text, text, uuid) IS
  'Users active in the 1 to 366 days that end with each day; filters and segments as for active_users()';

CREATE FUNCTION @extschema@.stickiness(
  from_date  date,
  to_date    date,
  period     text DEFAULT 'week',
  segment    text DEFAULT NULL,
  event      text DEFAULT NULL,
  category   text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start  date,
  segment_value text,
  active_days   integer,
  users         bigint,
  share         numeric,
  is_complete   boolean
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  range record;
BEGIN
  PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country,source,event_category,event_name}'::text[]);
  PERFORM @extschema@.usage_check_filter(event, category, segment);
  range := @extschema@.usage_report_range(from_date, to_date, period);
  RETURN QUERY
  SELECT counted.period_start,
         counted.segment_value,
         counted.active_days,
         counted.users,
         round(counted.users::numeric / nullif(counted.active_users, 0), 4),
         counted.is_complete
    FROM @extschema@.usage_stickiness_counts(
           @extschema@.usage_days_source(segment, event, category, stickiness.account_id, false),
           period, range.first_start, range.last_start, range.today, segment IS NULL) AS counted;
END
$function$;

COMMENT ON FUNCTION @extschema@.stickiness(date, date, text, text, text, text, uuid) IS
  'Users by the number of days on which they were active in each period, from 1 to the days it has, and their share of the users active in it; periods, filters and segments as for active_users()';

CREATE FUNCTION @extschema@.lifecycle(
  from_date  date,
  to_date    date,
  period     text DEFAULT 'week',
  segment    text DEFAULT NULL,
  event      text DEFAULT NULL,
  category   text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start      date,
  segment_value     text,
  new_users         bigint,
  returning_users   bigint,
  resurrected_users bigint,
  dormant_users     bigint,
  is_complete       boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.arrived,
         figures.returned,
         figures.active OPERATOR(pg_catalog.-) figures.arrived OPERATOR(pg_catalog.-) figures.returned,
         figures.active_before OPERATOR(pg_catalog.-) figures.returned,
         figures.is_complete
    -- Segments are there as well that have been active in the period before all.
    FROM @extschema@.usage_report_source('lifecycle'::pg_catalog.text, NULL::pg_catalog.text, lifecycle.from_date, lifecycle.to_date, lifecycle.period, NULL::pg_catalog.int4, lifecycle.segment, lifecycle.event, lifecycle.category, lifecycle.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, lifecycle.period, source.first_start, source.last_start, source.today, lifecycle.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
   WHERE figures.period_start OPERATOR(pg_catalog.>) source.first_start
$function$;

COMMENT ON FUNCTION @extschema@.lifecycle(date, date, text, text, text, text, uuid) IS
  'Growth accounting by period: users active for the first time; in this period and the one before; in this one, not in the one before, and not new; in the one before, not in this one; of all events, or of those of a name or a category; segments (plan_tier, region, account_id, role, country) and the account are the users'' own of today';

CREATE FUNCTION @extschema@.retention_report(
  cohort_from  date,
  cohort_to    date,
  period       text DEFAULT 'week',
  kind         text DEFAULT 'n_period',
  start_event  text DEFAULT NULL,
  return_event text DEFAULT NULL,
  segment      text DEFAULT NULL,
  account_id   uuid DEFAULT NULL
)
RETURNS TABLE (
  segment_value  text,
  cohort_start   date,
  period_number  integer,
  cohort_size    bigint,
  retained_users bigint,
  retention_rate numeric,
  is_complete    boolean
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET DateStyle = 'ISO'
AS $function$
#variable_conflict use_column
DECLARE
  one_account CONSTANT uuid := retention_report.account_id;
  range record;
  as_of_start date;
  source @extschema@.usage_days_source;
BEGIN
  PERFORM @extschema@.usage_check_choice('kind'::text, kind, '{n_period,unbounded}'::text[]);
  PERFORM @extschema@.usage_check_choice('segment'::text, segment, '{plan_tier,region,account_id,role,country}'::text[]);
  range := @extschema@.usage_report_range(cohort_from, cohort_to, period);
  as_of_start := @extschema@.usage_period_start(range.as_of, period, range.week_start);

  IF period = 'week' AND kind = 'n_period' AND coalesce(start_event, return_event, segment, one_account::text) IS NULL THEN
    -- The second level has the weekly cohorts of everybody.
    RETURN QUERY EXECUTE format($query$
      SELECT NULL::text,
             cohort.cohort_start,
             (since.period_start - cohort.cohort_start) / 7,
             cohort.cohort_size,
             retained.users,
             round(retained.users::numeric / cohort.cohort_size, 4),
             since.next_start <= $4
        FROM (SELECT part.label::date AS cohort_start,
                     @extschema@.value_on(part.users, part.label::date) AS cohort_size,
                     part.users
                FROM (SELECT part.label, @extschema@.by_week(part.series OPERATOR(@extschema@.*) daterange(NULL, $4, '[]'), $1) AS users
                        FROM (%s) AS total
                       CROSS JOIN LATERAL @extschema@.each(total.cohorts) AS part (label, series)) AS part
              OFFSET 0) AS cohort
       CROSS JOIN LATERAL @extschema@.usage_periods(cohort.cohort_start, $5, 'week'::text) AS since
       CROSS JOIN LATERAL (SELECT coalesce(@extschema@.value_on(cohort.users, since.period_start), 0) AS users) AS retained
       WHERE cohort.cohort_start BETWEEN $2 AND $3 AND cohort.cohort_size > 0
       ORDER BY cohort.cohort_start, since.period_start $query$,
      @extschema@.usage_sums_query('@extschema@.sum(cohorts) AS cohorts'::text, 'cohorts'::text, '{cohorts}'::text[], NULL::text, NULL::uuid, range.first_start, range.today))
    USING range.week_start, range.first_start, range.last_start, range.today, as_of_start;
    RETURN;
  END IF;

  source := @extschema@.usage_days_source(segment, start_event, NULL::text, one_account, true);
  IF start_event IS NOT DISTINCT FROM return_event THEN
    NULL;
  ELSIF return_event IS NOT NULL AND (@extschema@.usage_days_source(NULL::text, return_event, NULL::text, one_account, true)).settled THEN
    source.back_events := ARRAY[return_event];
  ELSE
    source := NULL;
    source.query := format('SELECT started.segment_value, started.user_id, started.days, back.days AS back FROM (%s) AS started LEFT JOIN (%s) AS back ON back.user_id = started.user_id',
      @extschema@.usage_days_query(segment, start_event, NULL::text, one_account, true),
      @extschema@.usage_days_query(NULL::text, return_event, NULL::text, one_account, true));
  END IF;
  RETURN QUERY
  SELECT counted.segment_value,
         counted.cohort_start,
         counted.period_number,
         counted.cohort_size,
         counted.retained_users,
         round(counted.retained_users::numeric / counted.cohort_size, 4),
         counted.is_complete
    FROM @extschema@.usage_retention_counts(source, period, kind = 'unbounded', range.first_start, range.last_start, as_of_start, range.today) AS counted;
END
$function$;

COMMENT ON FUNCTION @extschema@.retention_report(date, date, text, text, text, text, text, uuid) IS
  'Retention of the users whose first start_event ever (any event by default) was in a period (day, week, month, quarter) that has a day from cohort_from to cohort_to: how many had a return_event (any by default) in each period from that one, number 0, to the as-of period, or, where kind is unbounded rather than n_period, in it or a later one; segments (plan_tier, region, account_id, role, country) and the account are the users'' own of today';

CREATE FUNCTION @extschema@.usage_report_day(day date)
RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  range record;
BEGIN
  IF NOT isfinite(day) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'datetime_field_overflow',
      MESSAGE = 'the day of a report must be finite';
  END IF;
  range := @extschema@.usage_report_range('0001-01-01'::date, '0001-01-01'::date, 'day'::text);
  RETURN least(coalesce(day, range.as_of), range.today);
END
$function$;

COMMENT ON FUNCTION @extschema@.usage_report_day(date) IS
  'The day that a report is as of: the one given, not later than today, or the as-of day where it is null; an error (22008) where it is infinite; part of the reports';

CREATE FUNCTION @extschema@.streaks(as_of date DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (
  user_id          uuid,
  current_streak   integer,
  longest_streak   integer,
  active_days      integer,
  first_active_day date,
  last_active_day  date
)
LANGUAGE c STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET DateStyle = 'ISO'
SET work_mem = '64MB'
AS 'MODULE_PATHNAME', 'streaks';

COMMENT ON FUNCTION @extschema@.streaks(date, uuid) IS
  'Of each user active on a day or before (the as-of day unless given): days in a row up to that day, or, where that is today, up to yesterday if that is more; the most days in a row ever, days, first and last day until then; of an account''s own users if one is given';

CREATE FUNCTION @extschema@.power_users(as_of date DEFAULT NULL, least_days integer DEFAULT 20, account_id uuid DEFAULT NULL)
RETURNS TABLE (
  user_id         uuid,
  account_name    text,
  role            text,
  active_days     integer,
  last_active_day date
)
LANGUAGE c STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET DateStyle = 'ISO'
AS 'MODULE_PATHNAME', 'power_users';

COMMENT ON FUNCTION @extschema@.power_users(date, integer, uuid) IS
  'Users active on at least so many (1 to 28) of the 28 days that end with a day, the as-of day unless given, with their account and role of today, most active first; of an account''s own users if one is given';

CREATE FUNCTION @extschema@.usage_trend(
  metric     text,
  from_date  date,
  to_date    date,
  period     text DEFAULT 'day',
  segment    text DEFAULT NULL,
  account_id uuid DEFAULT NULL
)
RETURNS TABLE (
  period_start          date,
  segment_value         text,
  value                 bigint,
  active_users          bigint,
  value_per_active_user numeric,
  previous_value        bigint,
  change                numeric,
  is_complete           boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
  SELECT figures.period_start,
         figures.segment_value,
         figures.value,
         figures.active,
         CASE
           WHEN figures.active OPERATOR(pg_catalog.<>) 0
             THEN pg_catalog.round(figures.value::pg_catalog.numeric OPERATOR(pg_catalog./) figures.active::pg_catalog.numeric, 4)
         END,
         figures.value_before,
         CASE
           WHEN figures.value_before OPERATOR(pg_catalog.<>) 0
             THEN pg_catalog.round((figures.value OPERATOR(pg_catalog.-) figures.value_before)::pg_catalog.numeric OPERATOR(pg_catalog./) figures.value_before::pg_catalog.numeric, 4)
         END,
         figures.is_complete
    FROM @extschema@.usage_report_source('usage_trend'::pg_catalog.text, usage_trend.metric, usage_trend.from_date, usage_trend.to_date, usage_trend.period, NULL::pg_catalog.int4, usage_trend.segment, NULL::pg_catalog.text, NULL::pg_catalog.text, usage_trend.account_id) AS source
   CROSS JOIN LATERAL @extschema@.usage_figures(source.query, usage_trend.period, source.first_start, source.last_start, source.today, usage_trend.segment IS NULL, source.accounts, source.source, source.window_length) AS figures
$function$;

COMMENT ON FUNCTION @extschema@.usage_trend(text, date, date, text, text, uuid) IS
  'A metric (events, work_seconds, tasks_created, tasks_completed) by period, the users active in it, the metric for each of them, the metric of the period before, and the change as a share of that, null where that is 0; periods and segments as for active_users(), the last three of them for events only';
