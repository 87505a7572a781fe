-- reference.differences(): where the model's views and those of reference.sql
-- disagree; no rows when they agree. Run by psql after reference.sql.
\if :{?model}
\else
  \set model public
\endif

CREATE FUNCTION reference.model_schema()
RETURNS name
LANGUAGE sql STABLE
RETURN :'model'::name;

-- For each view the rows that only one side has, compared as bags, by value, on
-- the reference's columns. A view or a column that the model lacks, or that has
-- another type, is a difference too; so is an example in data_quality that its
-- check is not about. Lags are counted in buckets: percentiles may differ by
-- 1/64 of themselves, and expected_completeness is that of a time between 32/33
-- of the time since the day ended, and that time.
CREATE FUNCTION reference.differences(views text[] DEFAULT NULL)
RETURNS TABLE (view_name text, side text, "row" text)
LANGUAGE plpgsql STABLE
AS $function$
DECLARE
  model_schema text := reference.model_schema();
  columns text;
  missing text;
  mistyped text;
BEGIN
  FOR view_name IN
    SELECT relname
      FROM pg_class
     WHERE relnamespace = 'reference'::regnamespace
       AND relkind = 'v'
       AND relname NOT IN ('event', 'past_event', 'as_of', 'suspect_event')
       AND (views IS NULL OR relname = ANY (views))
     ORDER BY relname
  LOOP
    SELECT string_agg(quote_ident(r.attname), ', ' ORDER BY r.attnum)
             FILTER (WHERE r.attname NOT IN ('lag_p50', 'lag_p95', 'lag_p99', 'expected_completeness')),
           string_agg(r.attname, ', ' ORDER BY r.attnum) FILTER (WHERE m.attname IS NULL),
           string_agg(r.attname, ', ' ORDER BY r.attnum) FILTER (WHERE m.atttypid <> r.atttypid)
      INTO columns, missing, mistyped
      FROM pg_attribute AS r
      LEFT JOIN pg_attribute AS m ON m.attrelid = to_regclass(format('%I.%I', model_schema, view_name))
                                 AND m.attname = r.attname
     WHERE r.attrelid = format('reference.%I', view_name)::regclass;

    IF mistyped IS NOT NULL THEN
      side := 'of another type in the model';
      "row" := mistyped;
      RETURN NEXT;
    END IF;
    IF missing IS NOT NULL THEN
      side := 'missing in the model';
      "row" := missing;
      RETURN NEXT;
      CONTINUE;
    END IF;

    RETURN QUERY EXECUTE format(
      'WITH ours AS MATERIALIZED (SELECT %1$s FROM %2$I.%3$I),
            plain AS MATERIALIZED (SELECT %1$s FROM reference.%3$I)
       SELECT %3$L, ''only in the model'', d::text FROM (SELECT * FROM ours EXCEPT ALL SELECT * FROM plain) AS d
       UNION ALL
       SELECT %3$L, ''only in the reference'', d::text FROM (SELECT * FROM plain EXCEPT ALL SELECT * FROM ours) AS d
       ORDER BY 3, 2', columns, model_schema, view_name);

    IF view_name = 'event_freshness' THEN
      RETURN QUERY EXECUTE format(
        'SELECT ''event_freshness'', percentile || '' should be about '' || plain, m::text
           FROM %I.event_freshness AS m
           JOIN reference.event_freshness AS r USING (source)
          CROSS JOIN LATERAL (VALUES (''lag_p50'', m.lag_p50, r.lag_p50),
                                     (''lag_p95'', m.lag_p95, r.lag_p95),
                                     (''lag_p99'', m.lag_p99, r.lag_p99)) AS lags (percentile, ours, plain)
          WHERE (abs(extract(epoch FROM ours) - extract(epoch FROM plain)) <= abs(extract(epoch FROM plain)) / 64 + 0.000001) IS NOT true
          ORDER BY 3, 2', model_schema);
    END IF;
    IF view_name = 'late_arrivals' THEN
      RETURN QUERY EXECUTE format(
        'WITH recent AS MATERIALIZED (
           SELECT ingested_at - event_ts AS lag
             FROM reference.past_event
            CROSS JOIN reference.as_of
            WHERE day > as_of_date - 28
         ), days AS MATERIALIZED (
           SELECT m.*,
                  now() - (activity_date + 1)::timestamp AT TIME ZONE (SELECT time_zone FROM %1$I.usage_settings) AS since
             FROM %1$I.late_arrivals AS m
            WHERE activity_date < reference.today()
         )
         SELECT ''late_arrivals'', ''expected_completeness should be '' || concat_ws('' to '', least, greatest), days::text
           FROM days
          CROSS JOIN LATERAL (SELECT round(count(*) FILTER (WHERE lag <= since / 33 * 32)::numeric / nullif(count(*), 0), 4),
                                     round(count(*) FILTER (WHERE lag <= since)::numeric / nullif(count(*), 0), 4)
                                FROM recent) AS share (least, greatest)
          WHERE (expected_completeness BETWEEN least AND greatest) IS NOT true
         UNION ALL
         SELECT ''late_arrivals'', ''expected_completeness too early'', m::text
           FROM %1$I.late_arrivals AS m
          WHERE activity_date >= reference.today()
            AND expected_completeness IS NOT NULL
          ORDER BY 3, 2', model_schema);
    END IF;
    IF view_name = 'data_quality' THEN
      RETURN QUERY EXECUTE format(
        'SELECT ''data_quality'', ''wrong example'', q::text
           FROM %I.data_quality AS q
          WHERE (q.events > 0) <> (q.example_event_id IS NOT NULL)
             OR q.example_event_id IS NOT NULL
            AND (q.check_name, q.example_event_id) NOT IN (SELECT check_name, event_id FROM reference.suspect_event)
          ORDER BY 3', model_schema);
    END IF;
  END LOOP;
END
$function$;
