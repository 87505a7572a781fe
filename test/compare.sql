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
-- check is not about.
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
    SELECT string_agg(quote_ident(r.attname), ', ' ORDER BY r.attnum),
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
