-- What funnel() is made of. A search returns the time of the latest entry, then
-- the time of each step reached.
CREATE FUNCTION @extschema@.funnel_end(steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz)
RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_end';

COMMENT ON FUNCTION @extschema@.funnel_end(text[], interval, text[], timestamptz, timestamptz) IS
  'Checks the arguments of funnel(), and says until when its last step may be taken: to_ts plus the window, or infinity';

CREATE FUNCTION @extschema@.funnel_search_transfn(internal, text[], interval, text[], timestamptz, timestamptz, timestamptz, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_search_transfn';

COMMENT ON FUNCTION @extschema@.funnel_search_transfn(internal, text[], interval, text[], timestamptz, timestamptz, timestamptz, text) IS
  'Transition function of funnel_search';

CREATE FUNCTION @extschema@.funnel_search_finalfn(internal)
RETURNS timestamptz[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_search_finalfn';

COMMENT ON FUNCTION @extschema@.funnel_search_finalfn(internal) IS
  'Final function of funnel_search';

CREATE AGGREGATE @extschema@.funnel_search(steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz, event_ts timestamptz, event_name text) (
  SFUNC = @extschema@.funnel_search_transfn,
  STYPE = internal,
  SSPACE = 128,
  FINALFUNC = @extschema@.funnel_search_finalfn,
  COMBINEFUNC = @extschema@.window_funnel_combinefn,
  SERIALFUNC = @extschema@.window_funnel_serialfn,
  DESERIALFUNC = @extschema@.window_funnel_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.funnel_search(text[], interval, text[], timestamptz, timestamptz, timestamptz, text) IS
  'window_funnel_times over events told apart by name, after the time of the latest entry; null where there was no entry; part of funnel()';

CREATE FUNCTION @extschema@.funnel_search_ordered(steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz, event_ts timestamptz, event_name text)
RETURNS timestamptz[]
LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_search_ordered';

COMMENT ON FUNCTION @extschema@.funnel_search_ordered(text[], interval, text[], timestamptz, timestamptz, timestamptz, text) IS
  'funnel_search as a window function over rows in order of event_ts: what was found, at the first row where that is certain, null elsewhere; part of funnel()';

-- The same for users, along their timelines, in batches that parallel workers
-- share out.
CREATE FUNCTION @extschema@.funnel_users_transfn(internal, uuid, text[], interval, text[], timestamptz, timestamptz, timestamptz)
RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'funnel_users_transfn';

COMMENT ON FUNCTION @extschema@.funnel_users_transfn(internal, uuid, text[], interval, text[], timestamptz, timestamptz, timestamptz) IS
  'Transition function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_combinefn(internal, internal)
RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_combinefn';

COMMENT ON FUNCTION @extschema@.funnel_users_combinefn(internal, internal) IS
  'Combine function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_serialfn(internal)
RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_serialfn';

COMMENT ON FUNCTION @extschema@.funnel_users_serialfn(internal) IS
  'Serialisation function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_deserialfn(bytea, internal)
RETURNS internal
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_deserialfn';

COMMENT ON FUNCTION @extschema@.funnel_users_deserialfn(bytea, internal) IS
  'Deserialisation function of funnel_users';

CREATE FUNCTION @extschema@.funnel_users_finalfn(internal)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_users_finalfn';

COMMENT ON FUNCTION @extschema@.funnel_users_finalfn(internal) IS
  'Final function of funnel_users';

CREATE AGGREGATE @extschema@.funnel_users(user_id uuid, steps text[], within interval, modes text[], from_ts timestamptz, to_ts timestamptz, end_ts timestamptz) (
  SFUNC = @extschema@.funnel_users_transfn,
  STYPE = internal,
  FINALFUNC = @extschema@.funnel_users_finalfn,
  COMBINEFUNC = @extschema@.funnel_users_combinefn,
  SERIALFUNC = @extschema@.funnel_users_serialfn,
  DESERIALFUNC = @extschema@.funnel_users_deserialfn,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE @extschema@.funnel_users(uuid, text[], interval, text[], timestamptz, timestamptz, timestamptz) IS
  'Looks for the funnel in fct_event along the timeline of each user given, no further than needed; the result is for funnel_found(); part of funnel()';

CREATE FUNCTION @extschema@.funnel_found(found bytea, OUT user_id uuid, OUT times timestamptz[])
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10000
AS 'MODULE_PATHNAME', 'funnel_found';

COMMENT ON FUNCTION @extschema@.funnel_found(bytea) IS
  'What funnel_users() found, as users with the times of funnel_search(); part of funnel()';

CREATE FUNCTION @extschema@.has_timeline(dimension text, key text)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  events  CONSTANT regclass := '@extschema@.fct_event';
  members CONSTANT regclass := format('@extschema@.%I', dimension);
BEGIN
  RETURN has_table_privilege(members, 'SELECT')
    AND NOT row_security_active(members)
    AND EXISTS (
      SELECT FROM pg_constraint AS c
      WHERE c.contype = 'f' AND c.conrelid = events AND c.confrelid = members AND c.convalidated
    )
    AND EXISTS (
      SELECT FROM pg_index AS i
      WHERE i.indrelid = events AND i.indisvalid AND i.indpred IS NULL
        AND pg_get_indexdef(i.indexrelid, 1, true) = key
        AND pg_get_indexdef(i.indexrelid, 2, true) = 'event_ts'
    );
END
$function$;

COMMENT ON FUNCTION @extschema@.has_timeline(text, text) IS
  'Whether the events of each row of dim_user or dim_account can be found in order of time by an index, and no event is missed by going through the rows that the reader can see; part of funnel()';

CREATE FUNCTION @extschema@.funnel(
  steps    text[],
  within   interval,
  from_ts  timestamptz,
  to_ts    timestamptz,
  modes    text[] DEFAULT '{}',
  segment  text DEFAULT NULL
)
RETURNS TABLE (
  segment_value                text,
  step                         integer,
  event_name                   text,
  users                        bigint,
  conversion_from_first        numeric,
  conversion_from_previous     numeric,
  median_seconds_from_previous numeric,
  immature_users               bigint
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET min_parallel_table_scan_size = 0
SET jit = off
AS $function$
DECLARE
  end_ts       CONSTANT timestamptz := @extschema@.funnel_end(steps, within, modes, from_ts, to_ts);
  segments     CONSTANT text[] := '{plan_tier,region,account_id,source,role,country}';
  -- The rows to read: under strict_order, all of a user's.
  rows_to_read CONSTANT text := 'e.event_ts >= $4 AND e.event_ts <= $6 AND $4 < $5'
    || CASE WHEN 'strict_order' = ANY (modes) THEN '' ELSE ' AND e.event_name = ANY ($1)' END;
  -- User by user along the timeline, no further than needed.
  by_timeline  CONSTANT text := $query$
    SELECT f.user_id, f.times
    FROM (
      SELECT @extschema@.funnel_users(u.user_id, $1, $2, $3, $4, $5, $6) AS found
      FROM @extschema@.dim_user AS u
      WHERE $4 < $5
    ) AS a
    CROSS JOIN @extschema@.funnel_found(a.found) AS f $query$;
  -- All of the period's rows at once.
  by_hash      CONSTANT text := format($query$
    SELECT
      e.user_id,
      @extschema@.funnel_search($1, $2, $3, $4, $5, e.event_ts, e.event_name) AS times
    FROM @extschema@.fct_event AS e
    WHERE %s
    GROUP BY e.user_id $query$, rows_to_read);
  n_users      double precision;
  search_all   text := by_hash;
  last_event   timestamptz;
BEGIN
  IF segment <> ALL (segments) THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('segment "%s" does not exist', segment),
      HINT = format('Segments are %s.', array_to_string(segments, ', '));
  END IF;

  -- Both ways give the same. A row found along a timeline costs as much as
  -- several read one after the other, so it pays where there are many rows a
  -- user and most searches are soon done, going by a sample of users.
  IF @extschema@.has_timeline('dim_user'::text, 'user_id'::text) THEN
    SELECT greatest(c.reltuples, 1) INTO n_users FROM pg_class AS c WHERE c.oid = '@extschema@.dim_user'::regclass;
    EXECUTE format($query$
      WITH sample AS MATERIALIZED (
        SELECT u.user_id FROM @extschema@.dim_user AS u TABLESAMPLE SYSTEM (%s) REPEATABLE (1) LIMIT 100
      )
      SELECT CASE WHEN avg(CASE WHEN cardinality(f.times) > cardinality($1) THEN 8 ELSE n.n_rows END) + 2 < avg(n.n_rows) * 0.15 THEN $7 ELSE $8 END
      FROM sample AS s
      CROSS JOIN LATERAL (
        SELECT count(*) AS n_rows
        FROM (
          SELECT
          FROM @extschema@.fct_event AS e
          WHERE e.user_id = s.user_id AND e.event_ts >= $4 AND e.event_ts <= $6
          LIMIT 1000
        ) AS in_period
      ) AS n
      LEFT JOIN (
        SELECT f.*
        FROM (SELECT @extschema@.funnel_users(user_id, $1, $2, $3, $4, $5, $6) AS found FROM sample) AS a
        CROSS JOIN @extschema@.funnel_found(a.found) AS f
      ) AS f USING (user_id) $query$, least(100, 100 * 200 / n_users)::real)
    INTO search_all
    USING steps, within, modes, from_ts, to_ts, end_ts, by_timeline, by_hash;
  END IF;

  -- Events of the future say nothing about what is still to come.
  IF @extschema@.has_timeline('dim_account'::text, 'account_id'::text) THEN
    SELECT max(latest.event_ts)
    INTO last_event
    FROM @extschema@.dim_account AS a
    CROSS JOIN LATERAL (
      SELECT max(e.event_ts) AS event_ts
      FROM @extschema@.fct_event AS e
      WHERE e.account_id = a.account_id AND e.event_ts <= now()
    ) AS latest;
  ELSE
    SELECT max(e.event_ts) INTO last_event FROM @extschema@.fct_event AS e WHERE e.event_ts <= now();
  END IF;

  RETURN QUERY EXECUTE format($query$
    WITH searches AS MATERIALIZED (
      SELECT user_id, times FROM (%1$s) AS all_users WHERE times IS NOT NULL
    ),
    reached AS MATERIALIZED (
      SELECT
        %2$s AS segment_value,
        s.times,
        cardinality(s.times) - 1 AS reached,
        coalesce($2 > $8 - s.times[1], true) AS is_open
      FROM searches AS s
      %3$s
    ),
    steps AS (
      SELECT
        r.segment_value,
        n AS step,
        count(*) AS users,
        percentile_cont(0.5) WITHIN GROUP (
          ORDER BY CASE WHEN n > 1 THEN date_part('epoch', r.times[n + 1] - r.times[n]) END
        ) AS median,
        count(*) FILTER (WHERE r.reached = n AND r.is_open AND n < $7) AS immature_users
      FROM reached AS r
      CROSS JOIN generate_series(1, $7) AS n
      WHERE n <= r.reached
      GROUP BY r.segment_value, n
    ),
    grid AS (
      SELECT s.segment_value, n AS step
      FROM (%4$s) AS s
      CROSS JOIN generate_series(1, $7) AS n
    )
    SELECT
      g.segment_value,
      g.step,
      $1[array_lower($1, 1) + g.step - 1],
      coalesce(s.users, 0),
      round(coalesce(s.users, 0)::numeric / nullif(first_value(coalesce(s.users, 0)) OVER steps_of_segment, 0), 4),
      round(coalesce(s.users, 0)::numeric / nullif(lag(coalesce(s.users, 0)) OVER steps_of_segment, 0), 4),
      trim_scale(round(s.median::numeric, 6)),
      coalesce(s.immature_users, 0)
    FROM grid AS g
    LEFT JOIN steps AS s ON s.step = g.step AND s.segment_value IS NOT DISTINCT FROM g.segment_value
    WINDOW steps_of_segment AS (PARTITION BY g.segment_value ORDER BY g.step)
    ORDER BY g.segment_value, g.step $query$,
    search_all,
    CASE
      WHEN segment IS NULL THEN 'NULL::text'
      WHEN segment IN ('account_id', 'source') THEN format('entry.%I::text', segment)
      WHEN segment IN ('plan_tier', 'region') THEN format('a.%I::text', segment)
      ELSE format('u.%I::text', segment)
    END,
    CASE
      WHEN segment IN ('role', 'country') THEN 'LEFT JOIN @extschema@.dim_user AS u ON u.user_id = s.user_id'
      WHEN segment IS NOT NULL THEN $query$
        CROSS JOIN LATERAL (
          SELECT e.account_id, e.source
          FROM @extschema@.fct_event AS e
          WHERE e.user_id = s.user_id AND e.event_ts = s.times[2] AND e.event_name = $1[array_lower($1, 1)]
          ORDER BY e.event_id
          LIMIT 1
        ) AS entry
        LEFT JOIN @extschema@.dim_account AS a ON a.account_id = entry.account_id $query$
    END,
    CASE WHEN segment IS NULL THEN 'SELECT NULL::text AS segment_value' ELSE 'SELECT DISTINCT segment_value FROM reached' END)
  USING steps, within, modes, from_ts, to_ts, end_ts, cardinality(steps), last_event;
END
$function$;

COMMENT ON FUNCTION @extschema@.funnel(text[], interval, timestamptz, timestamptz, text[], text) IS
  'How many users went how far through a list of events, each within the window given from the first one, which counts from from_ts until before to_ts; modes as for window_funnel; segments: plan_tier, region, account_id, source (of the entry), role, country (of the user); rates are null where there is nobody to divide by';
