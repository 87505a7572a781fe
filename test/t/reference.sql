-- What the library offers, with its descriptions: pg_temp.reference(topic) gives the lines
-- of a table in a document. Every function, operator and cast is of one topic, but for
-- functions that implement a type, an operator, a cast or an aggregate.
CREATE FUNCTION pg_temp.reference()
RETURNS TABLE (topic text, kind integer, name text, item text, result text, description text)
LANGUAGE sql
BEGIN ATOMIC
WITH members AS (
  SELECT classid,
         objid
    FROM pg_depend
   WHERE refclassid = 'pg_extension'::regclass
     AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'usage_analytics')
     AND deptype = 'e'
), types AS (
  SELECT oid,
         typname::text AS name
    FROM pg_type
   WHERE typname IN ('dayset', 'dayseries', 'dayseries_map')
), implementing AS (
  SELECT oprcode::oid AS oid FROM pg_operator
  UNION
  SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typsubscript]::oid[]) FROM pg_type
  UNION
  SELECT amproc FROM pg_amproc
  UNION
  SELECT castfunc FROM pg_cast JOIN pg_proc ON pg_proc.oid = castfunc WHERE proname ~ '_to_'
  UNION
  SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) FROM pg_aggregate
), functions AS (
  SELECT pg_proc.oid,
         proname::text AS name,
         prokind,
         obj_description(pg_proc.oid, 'pg_proc') AS description,
         (SELECT types.name
            FROM unnest(proargtypes::oid[] || prorettype) WITH ORDINALITY AS arguments (type, place)
            JOIN types
              ON types.oid = type
           ORDER BY place
           LIMIT 1) AS of_type,
         regexp_replace(regexp_replace(pg_get_function_arguments(pg_proc.oid), '(, )?OUT .*', ''), '::\w+(\[\])?', '', 'g') AS arguments,
         regexp_replace(pg_get_function_result(pg_proc.oid), '^SETOF record$', '') AS returns,
         regexp_replace(substring(pg_get_function_arguments(pg_proc.oid), 'OUT .*'), 'OUT ', '', 'g') AS columns,
         proretset
    FROM members
    JOIN pg_proc
      ON classid = 'pg_proc'::regclass AND pg_proc.oid = objid
   WHERE pg_proc.oid NOT IN (SELECT oid FROM implementing)
)
SELECT CASE
         WHEN name ~ '_account_security$' THEN 'security'
         WHEN prokind = 'f' AND arguments ~ 'account_id uuid DEFAULT' THEN 'reports'
         WHEN name IN ('active_days', 'active_users', 'session_seconds_agg', 'event_day', 'event_category', 'new_event_id', 'id_from_bigint', 'bigint_from_id')
           OR name ~ '^lag_bucket' THEN 'metrics'
         WHEN name ~ '^(funnel_|user_day|has_timeline$|lag_distribution$|usage_(?!refresh$|library_version$))' THEN 'internals'
         WHEN name ~ '^(window_funnel|retention|sequence|session_number|funnel)' THEN 'sequences'
         WHEN of_type IS NOT NULL THEN of_type
         ELSE 'operations'
       END,
       CASE prokind WHEN 'a' THEN 2 ELSE 1 END,
       name,
       replace(format('%I(%s)', name, arguments), 'timestamp with time zone', 'timestamptz'),
       replace(CASE
                 WHEN returns = 'void' THEN ''
                 WHEN proretset THEN 'rows of ' || coalesce('(' || columns || ')', regexp_replace(returns, '^(SETOF |TABLE)', ''))
                 ELSE returns
               END, 'timestamp with time zone', 'timestamptz'),
       CASE prokind WHEN 'a' THEN 'Aggregate: ' ELSE '' END || description
  FROM functions
UNION ALL
SELECT (SELECT types.name FROM types WHERE types.oid IN (oprleft, oprright) ORDER BY types.oid = oprleft DESC LIMIT 1),
       3,
       oprname,
       CASE oprleft WHEN 0 THEN format('%s %s', oprname, format_type(oprright, NULL))
       ELSE format('%s %s %s', format_type(oprleft, NULL), oprname, format_type(oprright, NULL)) END,
       format_type(oprresult, NULL),
       obj_description(pg_operator.oid, 'pg_operator')
  FROM members
  JOIN pg_operator
    ON classid = 'pg_operator'::regclass AND pg_operator.oid = objid
UNION ALL
SELECT coalesce((SELECT types.name FROM types WHERE types.oid = castsource), format_type(casttarget, NULL)),
       4,
       format_type(casttarget, NULL),
       format('%s::%s', format_type(castsource, NULL), format_type(casttarget, NULL)),
       CASE castcontext WHEN 'i' THEN 'by itself' WHEN 'a' THEN 'on assignment' ELSE '' END,
       obj_description(pg_cast.oid, 'pg_cast')
  FROM members
  JOIN pg_cast
    ON classid = 'pg_cast'::regclass AND pg_cast.oid = objid;
END;

CREATE FUNCTION pg_temp.reference(of_topic text)
RETURNS SETOF text
LANGUAGE sql
BEGIN ATOMIC
SELECT E'| | | |\n|---|---|---|'
UNION ALL
(SELECT format('| `%s` | %s | %s |',
               replace(item, '|', '\|'),
               '`' || nullif(result, '') || '`',
               replace(description, '|', '\|'))
   FROM pg_temp.reference()
  WHERE topic = of_topic
  ORDER BY kind, item COLLATE "C");
END;
