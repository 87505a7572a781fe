-- The reports once more, in plain SQL over the raw tables, as functions of the
-- same names and arguments in schema reference. Run by psql after reference.sql
-- and compare.sql.
\if :{?model}
\else
  \set model public
\endif

CREATE FUNCTION reference.period_start(day date, period text)
RETURNS date
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT CASE period
           WHEN 'day' THEN day
           WHEN 'week' THEN day - (extract(isodow FROM day)::integer - week_start + 7) % 7
           WHEN 'month' THEN date_trunc('month', day::timestamp)::date
           WHEN 'quarter' THEN date_trunc('quarter', day::timestamp)::date
         END
    FROM :"model".usage_settings;
END;

CREATE FUNCTION reference.period_end(start date, period text)
RETURNS date
LANGUAGE sql STABLE
RETURN (start + CASE period WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || period)::interval END)::date;

CREATE FUNCTION reference.period_before(start date, period text)
RETURNS date
LANGUAGE sql STABLE
RETURN reference.period_start(start - 1, period);

-- Periods of the series, from the first event to the as-of day, that have a day of the range.
CREATE FUNCTION reference.periods(from_date date, to_date date, period text)
RETURNS TABLE (period_start date, is_complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT start, reference.period_end(start, period) <= reference.today()
    FROM (SELECT DISTINCT reference.period_start(first_day + i, period) AS start
            FROM (SELECT min(day) AS first_day, max(day) AS last_day FROM reference.past_event) AS span
           CROSS JOIN generate_series(0, last_day - first_day) AS i) AS starts
   WHERE start <= to_date AND reference.period_end(start, period) > from_date;
END;

-- Who did it on which day, in which segment. Users who are followed over time
-- are in the segments of their own account.
CREATE FUNCTION reference.active_days(segment text, event text, category text, account_id uuid, own boolean)
RETURNS TABLE (segment_value text, user_id uuid, day date)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT DISTINCT
         CASE segment
           WHEN 'plan_tier' THEN a.plan_tier
           WHEN 'region' THEN a.region
           WHEN 'account_id' THEN a.account_id::text
           WHEN 'role' THEN u.role
           WHEN 'country' THEN u.country
           WHEN 'source' THEN coalesce(e.source, 'unknown')
           WHEN 'event_name' THEN e.event_name
           WHEN 'event_category' THEN coalesce(e.event_category, 'unknown')
         END,
         e.user_id,
         e.day
    FROM reference.past_event AS e
    JOIN :"model".dim_user AS u ON u.user_id = e.user_id
    JOIN :"model".dim_account AS a ON a.account_id = CASE WHEN own THEN u.account_id ELSE e.account_id END
   WHERE (event IS NULL OR e.event_name = event)
     AND (category IS NULL OR coalesce(e.event_category, 'unknown') = category)
     AND (active_days.account_id IS NULL OR a.account_id = active_days.account_id);
END;

CREATE FUNCTION reference.active_users(from_date date, to_date date, period text DEFAULT 'day', segment text DEFAULT NULL, event text DEFAULT NULL, category text DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (period_start date, segment_value text, active_users bigint, new_users bigint, is_complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH activity AS MATERIALIZED (
    SELECT a.segment_value, a.user_id, reference.period_start(a.day, period) AS start
      FROM reference.active_days(segment, event, category, account_id, false) AS a
     GROUP BY 1, 2, 3
  ), periods AS MATERIALIZED (
    SELECT * FROM reference.periods(from_date, to_date, period)
  ), segments AS (
    SELECT DISTINCT a.segment_value FROM activity AS a WHERE segment IS NOT NULL AND a.start IN (SELECT p.period_start FROM periods AS p)
    UNION ALL
    SELECT NULL WHERE segment IS NULL
  )
  SELECT p.period_start,
         s.segment_value,
         count(a.user_id),
         count(a.user_id) FILTER (WHERE NOT EXISTS (SELECT FROM activity AS b WHERE b.segment_value IS NOT DISTINCT FROM a.segment_value AND b.user_id = a.user_id AND b.start < a.start)),
         p.is_complete
    FROM periods AS p
   CROSS JOIN segments AS s
    LEFT JOIN activity AS a ON a.start = p.period_start AND a.segment_value IS NOT DISTINCT FROM s.segment_value
   GROUP BY p.period_start, p.is_complete, s.segment_value;
END;

CREATE FUNCTION reference.rolling_active_users(from_date date, to_date date, window_days integer, segment text DEFAULT NULL, event text DEFAULT NULL, category text DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (activity_date date, segment_value text, active_users bigint, is_complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH activity AS MATERIALIZED (
    SELECT * FROM reference.active_days(segment, event, category, account_id, false)
  ), days AS MATERIALIZED (
    SELECT * FROM reference.periods(from_date, to_date, 'day')
  ), segments AS (
    SELECT DISTINCT a.segment_value FROM activity AS a JOIN days AS d ON a.day > d.period_start - window_days AND a.day <= d.period_start WHERE segment IS NOT NULL
    UNION ALL
    SELECT NULL WHERE segment IS NULL
  )
  SELECT d.period_start, s.segment_value, count(DISTINCT a.user_id), d.is_complete
    FROM days AS d
   CROSS JOIN segments AS s
    LEFT JOIN activity AS a ON a.day > d.period_start - window_days AND a.day <= d.period_start AND a.segment_value IS NOT DISTINCT FROM s.segment_value
   GROUP BY d.period_start, d.is_complete, s.segment_value;
END;

CREATE FUNCTION reference.stickiness(from_date date, to_date date, period text DEFAULT 'week', segment text DEFAULT NULL, event text DEFAULT NULL, category text DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (period_start date, segment_value text, active_days integer, users bigint, share numeric, is_complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH activity AS MATERIALIZED (
    SELECT a.segment_value, a.user_id, reference.period_start(a.day, period) AS start, count(*) AS active_days
      FROM reference.active_days(segment, event, category, account_id, false) AS a
     GROUP BY 1, 2, 3
  ), periods AS MATERIALIZED (
    SELECT *, reference.period_end(p.period_start, period) - p.period_start AS days FROM reference.periods(from_date, to_date, period) AS p
  ), segments AS (
    SELECT DISTINCT a.segment_value FROM activity AS a WHERE segment IS NOT NULL AND a.start IN (SELECT p.period_start FROM periods AS p)
    UNION ALL
    SELECT NULL WHERE segment IS NULL
  ), buckets AS (
    SELECT p.period_start, s.segment_value, n, count(a.user_id) AS users, p.is_complete
      FROM periods AS p
     CROSS JOIN segments AS s
     CROSS JOIN generate_series(1, p.days) AS n
      LEFT JOIN activity AS a ON a.start = p.period_start AND a.active_days = n AND a.segment_value IS NOT DISTINCT FROM s.segment_value
     GROUP BY p.period_start, p.is_complete, s.segment_value, n
  )
  SELECT b.period_start,
         b.segment_value,
         b.n,
         b.users,
         round(b.users::numeric / nullif((SELECT sum(o.users) FROM buckets AS o WHERE o.period_start = b.period_start AND o.segment_value IS NOT DISTINCT FROM b.segment_value), 0), 4),
         b.is_complete
    FROM buckets AS b;
END;

CREATE FUNCTION reference.lifecycle(from_date date, to_date date, period text DEFAULT 'week', segment text DEFAULT NULL, event text DEFAULT NULL, category text DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (period_start date, segment_value text, new_users bigint, returning_users bigint, resurrected_users bigint, dormant_users bigint, is_complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH activity AS MATERIALIZED (
    SELECT a.segment_value, a.user_id, reference.period_start(a.day, period) AS start
      FROM reference.active_days(segment, event, category, account_id, true) AS a
     GROUP BY 1, 2, 3
  ), users AS (
    SELECT a.segment_value, a.user_id, min(a.start) AS first_start, array_agg(a.start) AS starts FROM activity AS a GROUP BY 1, 2
  ), periods AS MATERIALIZED (
    SELECT *, reference.period_before(p.period_start, period) AS before FROM reference.periods(from_date, to_date, period) AS p
  ), segments AS (
    SELECT DISTINCT a.segment_value FROM activity AS a WHERE segment IS NOT NULL AND a.start IN (SELECT p.period_start FROM periods AS p UNION SELECT p.before FROM periods AS p)
    UNION ALL
    SELECT NULL WHERE segment IS NULL
  )
  SELECT p.period_start,
         s.segment_value,
         count(*) FILTER (WHERE u.first_start = p.period_start),
         count(*) FILTER (WHERE p.period_start = ANY (u.starts) AND p.before = ANY (u.starts)),
         count(*) FILTER (WHERE p.period_start = ANY (u.starts) AND p.before <> ALL (u.starts) AND u.first_start < p.period_start),
         count(*) FILTER (WHERE p.period_start <> ALL (u.starts) AND p.before = ANY (u.starts)),
         p.is_complete
    FROM periods AS p
   CROSS JOIN segments AS s
    LEFT JOIN users AS u ON u.segment_value IS NOT DISTINCT FROM s.segment_value
   GROUP BY p.period_start, p.is_complete, s.segment_value;
END;

CREATE FUNCTION reference.retention_report(cohort_from date, cohort_to date, period text DEFAULT 'week', kind text DEFAULT 'n_period', start_event text DEFAULT NULL, return_event text DEFAULT NULL, segment text DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (segment_value text, cohort_start date, period_number integer, cohort_size bigint, retained_users bigint, retention_rate numeric, is_complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH first_start AS MATERIALIZED (
    SELECT a.segment_value, a.user_id, reference.period_start(min(a.day), period) AS cohort_start
      FROM reference.active_days(segment, start_event, NULL, account_id, true) AS a
     GROUP BY 1, 2
  ), returns AS MATERIALIZED (
    SELECT DISTINCT a.user_id, reference.period_start(a.day, period) AS start
      FROM reference.active_days(NULL, return_event, NULL, account_id, true) AS a
  ), periods AS MATERIALIZED (
    SELECT * FROM reference.periods('0001-01-01', '9999-01-01', period)
  )
  SELECT f.segment_value,
         f.cohort_start,
         (SELECT count(*) FROM periods AS o WHERE o.period_start >= f.cohort_start AND o.period_start < p.period_start)::integer,
         count(*),
         count(*) FILTER (WHERE f.retained),
         round(count(*) FILTER (WHERE f.retained)::numeric / count(*), 4),
         p.is_complete
    FROM periods AS p
   CROSS JOIN LATERAL (SELECT f.*,
                              EXISTS (SELECT FROM returns AS r
                                       WHERE r.user_id = f.user_id
                                         AND CASE kind WHEN 'unbounded' THEN r.start >= p.period_start ELSE r.start = p.period_start END) AS retained
                         FROM first_start AS f
                        WHERE f.cohort_start <= p.period_start
                          AND f.cohort_start IN (SELECT c.period_start FROM reference.periods(cohort_from, cohort_to, period) AS c)) AS f
   GROUP BY f.segment_value, f.cohort_start, p.period_start, p.is_complete;
END;

CREATE FUNCTION reference.report_day(as_of date)
RETURNS date
LANGUAGE sql STABLE
RETURN least(coalesce(as_of, (SELECT max(day) FROM reference.past_event)), reference.today());

CREATE FUNCTION reference.streaks(as_of date DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (user_id uuid, current_streak integer, longest_streak integer, active_days integer, first_active_day date, last_active_day date)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH activity AS (
    SELECT a.user_id, a.day, a.day - row_number() OVER (PARTITION BY a.user_id ORDER BY a.day)::integer AS run
      FROM reference.active_days(NULL, NULL, NULL, account_id, true) AS a
     WHERE a.day <= reference.report_day(as_of)
  ), runs AS (
    SELECT a.user_id, count(*)::integer AS days, min(a.day) AS first_day, max(a.day) AS last_day FROM activity AS a GROUP BY a.user_id, a.run
  )
  SELECT r.user_id,
         coalesce(max(r.days) FILTER (WHERE r.last_day = reference.report_day(as_of)
                                         OR reference.report_day(as_of) = reference.today() AND r.last_day = reference.today() - 1), 0),
         max(r.days),
         sum(r.days)::integer,
         min(r.first_day),
         max(r.last_day)
    FROM runs AS r
   GROUP BY r.user_id;
END;

CREATE FUNCTION reference.power_users(as_of date DEFAULT NULL, least_days integer DEFAULT 20, account_id uuid DEFAULT NULL)
RETURNS TABLE (user_id uuid, account_name text, role text, active_days integer, last_active_day date)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT u.user_id, m.account_name, u.role, (count(*) FILTER (WHERE a.day > reference.report_day(as_of) - 28))::integer, max(a.day)
    FROM reference.active_days(NULL, NULL, NULL, power_users.account_id, true) AS a
    JOIN :"model".dim_user AS u ON u.user_id = a.user_id
    JOIN :"model".dim_account AS m ON m.account_id = u.account_id
   WHERE a.day <= reference.report_day(as_of)
   GROUP BY u.user_id, m.account_name
  HAVING count(*) FILTER (WHERE a.day > reference.report_day(as_of) - 28) >= least_days;
END;

CREATE FUNCTION reference.usage_trend(metric text, from_date date, to_date date, period text DEFAULT 'day', segment text DEFAULT NULL, account_id uuid DEFAULT NULL)
RETURNS TABLE (period_start date, segment_value text, value bigint, active_users bigint, value_per_active_user numeric, previous_value bigint, change numeric, is_complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH counted AS MATERIALIZED (
    SELECT CASE segment
             WHEN 'plan_tier' THEN a.plan_tier
             WHEN 'region' THEN a.region
             WHEN 'account_id' THEN a.account_id::text
             WHEN 'role' THEN u.role
             WHEN 'country' THEN u.country
             WHEN 'source' THEN coalesce(e.source, 'unknown')
             WHEN 'event_name' THEN e.event_name
             WHEN 'event_category' THEN coalesce(e.event_category, 'unknown')
           END AS segment_value,
           e.user_id,
           reference.period_start(e.day, period) AS start,
           CASE metric
             WHEN 'events' THEN 1
             WHEN 'work_seconds' THEN CASE WHEN e.event_name = 'timer_stop' THEN e.duration_seconds END
             WHEN 'tasks_created' THEN (e.event_name = 'task_created')::integer
             WHEN 'tasks_completed' THEN (e.event_name = 'task_completed')::integer
           END AS value
      FROM reference.past_event AS e
      JOIN :"model".dim_user AS u ON u.user_id = e.user_id
      JOIN :"model".dim_account AS a ON a.account_id = e.account_id
     WHERE usage_trend.account_id IS NULL OR e.account_id = usage_trend.account_id
  ), periods AS MATERIALIZED (
    SELECT *, reference.period_before(p.period_start, period) AS before FROM reference.periods(from_date, to_date, period) AS p
  ), segments AS (
    SELECT DISTINCT c.segment_value FROM counted AS c WHERE segment IS NOT NULL AND c.start IN (SELECT p.period_start FROM periods AS p)
    UNION ALL
    SELECT NULL WHERE segment IS NULL
  ), figures AS (
    SELECT p.period_start,
           s.segment_value,
           coalesce(sum(c.value) FILTER (WHERE c.start = p.period_start), 0)::bigint AS value,
           count(DISTINCT c.user_id) FILTER (WHERE c.start = p.period_start) AS active,
           coalesce(sum(c.value) FILTER (WHERE c.start = p.before), 0)::bigint AS before,
           p.is_complete
      FROM periods AS p
     CROSS JOIN segments AS s
      LEFT JOIN counted AS c ON c.start IN (p.period_start, p.before) AND c.segment_value IS NOT DISTINCT FROM s.segment_value
     GROUP BY p.period_start, p.is_complete, s.segment_value
  )
  SELECT f.period_start, f.segment_value, f.value, f.active, round(f.value::numeric / nullif(f.active, 0), 4),
         f.before, round((f.value - f.before)::numeric / nullif(f.before, 0), 4), f.is_complete
    FROM figures AS f;
END;

-- Calls of the reports with all kinds of arguments, some of them drawn.
CREATE FUNCTION reference.report_calls(seed integer)
RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH span AS (
    SELECT min(day) AS first_day, max(day) AS last_day FROM reference.past_event
  ), account AS (
    SELECT account_id FROM :"model".dim_account ORDER BY md5(seed::text || account_id) LIMIT 1
  ), range AS (
    SELECT n, format('%L, %L', first_day + abs(hashtext(seed || 'from' || n)) % (last_day - first_day + 20) - 10,
                               first_day + abs(hashtext(seed || 'from' || n)) % (last_day - first_day + 20) - 10 + abs(hashtext(seed || 'to' || n)) % 80) AS days
      FROM span, generate_series(1, 20) AS n
  ), option AS (
    SELECT row_number() OVER () AS n, *
      FROM unnest('{none,plan_tier,region,account_id,role,country,source,event_category,event_name}'::text[]) AS segment,
           unnest('{day,week,month,quarter}'::text[]) AS period,
           (VALUES (''), (format(', account_id => %L', (SELECT account_id FROM account)))) AS a (account)
  ), filter AS (
    SELECT * FROM (VALUES (''), (', event => ''app_open'''), (', category => ''output'''), (', category => ''unknown'''), (', event => ''never seen''')) AS f (filter)
  )
  SELECT format('%s(%s, %L, segment => %s%s%s)', report, days, period, CASE segment WHEN 'none' THEN 'NULL' ELSE quote_literal(segment) END, filter, account)
    FROM unnest('{active_users,stickiness,lifecycle}'::text[]) AS report, option, filter, range
   WHERE range.n = 1 + abs(hashtext(seed || report || option.n || filter)) % 20
     AND (segment <> 'source' OR filter = '')
     AND (report <> 'lifecycle' OR segment NOT IN ('source', 'event_category', 'event_name'))
     -- Any filter with some of the rest
     AND (filter = '' OR abs(hashtext(seed || 'filter' || report || option.n || filter)) % 6 = 0)
  UNION ALL
  SELECT format('rolling_active_users(%s, %s, segment => %s%s%s)', days, window_days, CASE segment WHEN 'none' THEN 'NULL' ELSE quote_literal(segment) END, filter, account)
    FROM unnest('{1,7,28,30,14,90}'::integer[]) AS window_days, option, filter, range
   WHERE range.n = 1 + abs(hashtext(seed || 'rolling' || window_days || option.n || filter)) % 20
     AND (segment <> 'source' OR filter = '')
     AND period = 'day'
     AND (filter = '' OR abs(hashtext(seed || 'filter' || window_days || option.n || filter)) % 6 = 0)
  UNION ALL
  SELECT format('usage_trend(%L, %s, %L, %s%s)', metric, days, period, CASE segment WHEN 'none' THEN 'NULL' ELSE quote_literal(segment) END, account)
    FROM unnest('{events,work_seconds,tasks_created,tasks_completed}'::text[]) AS metric, option, range
   WHERE range.n = 1 + abs(hashtext(seed || metric || option.n)) % 20
     AND (metric = 'events' OR segment NOT IN ('source', 'event_category', 'event_name'))
  UNION ALL
  SELECT format('retention_report(%s, %L, %L%s, segment => %s%s)', days, period, kind, events, CASE segment WHEN 'none' THEN 'NULL' ELSE quote_literal(segment) END, account)
    FROM unnest('{n_period,unbounded}'::text[]) AS kind, option, range,
         (VALUES (''), (', start_event => ''timer_start'''), (', return_event => ''task_completed'''), (', ''app_open'', ''app_open'''), (', ''app_open'', ''timer_stop''')) AS e (events)
   WHERE range.n = 1 + abs(hashtext(seed || kind || option.n || events)) % 20
     AND segment NOT IN ('source', 'event_category', 'event_name')
     AND (events = '' OR abs(hashtext(seed || 'events' || kind || option.n || events)) % 4 = 0)
  UNION ALL
  SELECT format('%s(%s%s)', report, day, account)
    FROM (VALUES ('streaks'), ('power_users'), ('power_users_at_least_3')) AS r (report),
         (SELECT DISTINCT account FROM option) AS o,
         (SELECT 'NULL' AS day
          UNION ALL
          SELECT quote_literal(last_day - 17) FROM span
          UNION ALL
          SELECT quote_literal(reference.today())) AS d;
END;

-- Where a report says something else than the plain one: none.
CREATE FUNCTION reference.report_differences(calls text[])
RETURNS TABLE (call text, side text, "row" text)
LANGUAGE plpgsql STABLE
AS $function$
BEGIN
  FOREACH call IN ARRAY calls LOOP
    call := regexp_replace(call, '_at_least_3\(([^,)]+)', '(\1, 3');
    RETURN QUERY EXECUTE format(
      'WITH ours AS MATERIALIZED (SELECT * FROM %2$I.%3$s),
            plain AS MATERIALIZED (SELECT * FROM reference.%3$s)
       SELECT %1$L, ''only in the model'', d::text FROM (SELECT * FROM ours EXCEPT ALL SELECT * FROM plain) AS d
       UNION ALL
       SELECT %1$L, ''only in the reference'', d::text FROM (SELECT * FROM plain EXCEPT ALL SELECT * FROM ours) AS d',
      call, reference.model_schema(), call);
  END LOOP;
END
$function$;
