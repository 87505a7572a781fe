-- What ClickHouse's published tests say of its functions holds for ours: a test
-- a vector.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL client_min_messages = warning;
\ir ../data/conformance.sql

-- Conditions as bits, as an array.
CREATE FUNCTION pg_temp.conditions(bits bigint, n integer) RETURNS boolean[]
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce(array_agg(bits >> i & 1 = 1 ORDER BY i), '{}') FROM generate_series(0, n - 1) AS i $$;

-- A number of seconds; one too long for an interval never ends.
CREATE FUNCTION pg_temp.span(seconds numeric) RETURNS interval
LANGUAGE sql IMMUTABLE
AS $$ SELECT least(seconds, 1e11)::bigint * interval '1 second' $$;

CREATE TEMPORARY VIEW vector AS
  SELECT vector->>'id' AS id,
         vector->>'fn' AS fn,
         vector->'params' AS params,
         (vector#>>'{params,nconds}')::integer AS n,
         vector->'rows' AS rows,
         vector->>'expected' AS expected
    FROM vectors
   WHERE vector->>'status' = 'stable';

-- In the order of insertion, and in the opposite one.
CREATE TEMPORARY VIEW answers AS
  SELECT id, fn, forward, expected,
         CASE fn
           WHEN 'window_funnel' THEN (
             SELECT window_funnel(pg_temp.span((params->>'window')::numeric),
                                  ARRAY(SELECT jsonb_array_elements_text(params->'modes')),
                                  to_timestamp((r.value->>0)::bigint),
                                  VARIADIC pg_temp.conditions((r.value->>1)::bigint, n)
                                  ORDER BY CASE WHEN forward THEN r.o ELSE -r.o END)::text
               FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, o))
           WHEN 'sequence_match' THEN (
             SELECT sequence_match(params->>'pattern',
                                   to_timestamp((r.value->>0)::bigint),
                                   VARIADIC pg_temp.conditions((r.value->>1)::bigint, n)
                                   ORDER BY CASE WHEN forward THEN r.o ELSE -r.o END)::text
               FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, o))
           WHEN 'sequence_count' THEN (
             SELECT sequence_count(params->>'pattern',
                                   to_timestamp((r.value->>0)::bigint),
                                   VARIADIC pg_temp.conditions((r.value->>1)::bigint, n)
                                   ORDER BY CASE WHEN forward THEN r.o ELSE -r.o END)::text
               FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, o))
           WHEN 'sequence_next_node' THEN (
             SELECT sequence_next_event(params->>'direction', params->>'base',
                                        (r.value->>0)::timestamptz,
                                        r.value->>1,
                                        (r.value->>2)::boolean,
                                        VARIADIC pg_temp.conditions((r.value->>3)::bigint, n)
                                        ORDER BY CASE WHEN forward THEN r.o ELSE -r.o END)
               FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, o))
           WHEN 'retention' THEN (
             SELECT to_jsonb(retention(VARIADIC pg_temp.conditions(r.value::bigint, n)))::text
               FROM jsonb_array_elements(rows) AS r (value))
           WHEN 'retention_sum' THEN (
             SELECT to_jsonb(array_agg(users ORDER BY position))::text
               FROM (SELECT position, count(*) FILTER (WHERE k.kept) AS users
                       FROM jsonb_array_elements(rows) AS u (value),
                            LATERAL (SELECT retention(VARIADIC pg_temp.conditions(r.value::bigint, n)) AS kept
                                       FROM jsonb_array_elements(u.value->0) AS r (value)) AS a,
                            unnest(a.kept) WITH ORDINALITY AS k (kept, position)
                      GROUP BY position) AS sums)
         END AS answer
    FROM vector, (VALUES (true), (false)) AS input (forward);

SELECT plan(count(*)::integer) FROM vector;
SELECT is(array_agg(answer ORDER BY forward DESC), array_agg(expected), fn || ' ' || id)
  FROM answers
 GROUP BY fn, id
 ORDER BY fn, id;
SELECT * FROM finish();
ROLLBACK;
