-- The aggregates over sequences against a second, naive way of computing them,
-- taken word for word from their definitions, on random rows: ties, nulls, one
-- row serving several steps, every combination of modes, 1 to 64 conditions,
-- any input order, serial, parallel, and spilled.
BEGIN;
SET LOCAL TIME ZONE 'UTC';
SET LOCAL client_min_messages = warning;
SELECT setseed(0.7);

-- window_funnel, following every chain there is.
CREATE TYPE funnel_chain AS (ids integer[], times timestamptz[]);

CREATE FUNCTION naive_funnel_times(grp integer, within interval, modes text[]) RETURNS timestamptz[]
LANGUAGE plpgsql
AS $$
DECLARE
  chains funnel_chain[] := '{}';
  added  funnel_chain[];
  best   timestamptz[] := '{}';
  top    integer := 0;
  pair   record;
  strict_order  boolean := 'strict_order' = ANY (modes);
  strict_once   boolean := 'strict_once' = ANY (modes);
  increase      boolean := 'strict_increase' = ANY (modes);
  deduplication boolean := 'strict_deduplication' = ANY (modes);
  reentry       boolean := 'allow_reentry' = ANY (modes);
BEGIN
  FOR pair IN
    SELECT r.ts, s.i, row_number() OVER (ORDER BY r.ts, r.holds, r.id) AS n, r.id
      FROM seq_rows AS r
     CROSS JOIN unnest(CASE WHEN r.holds = '{}' AND strict_order THEN '{0}' ELSE r.holds END) AS s (i)
     WHERE r.grp = naive_funnel_times.grp
       AND r.ts IS NOT NULL
     ORDER BY r.ts, CASE WHEN increase THEN -s.i ELSE s.i END, r.holds, r.id
  LOOP
    EXIT WHEN strict_order AND pair.i = 0 AND top >= 1;
    EXIT WHEN strict_order AND pair.i > 1 AND top >= 1 AND top < pair.i - 1;
    EXIT WHEN strict_order AND pair.i = 1 AND top >= 2 AND NOT reentry;
    EXIT WHEN deduplication AND pair.i > 1 AND top >= pair.i;
    IF pair.i = 1 THEN
      added := ARRAY[ROW(ARRAY[pair.id], ARRAY[pair.ts])::funnel_chain];
    ELSE
      added := ARRAY(SELECT ROW(c.ids || pair.id, c.times || pair.ts)::funnel_chain
                       FROM unnest(chains) AS c
                      WHERE cardinality(c.times) = pair.i - 1
                        AND pair.ts <= c.times[1] + within
                        AND (NOT increase OR pair.ts > c.times[pair.i - 1])
                        AND (NOT strict_once OR pair.id <> ALL (c.ids)));
    END IF;
    CONTINUE WHEN added = '{}';
    IF pair.i > top THEN
      top := pair.i;
      SELECT c.times INTO best FROM unnest(added) AS c ORDER BY c.times DESC LIMIT 1;
    END IF;
    IF NOT strict_once THEN
      chains := ARRAY(SELECT c FROM unnest(chains) AS c WHERE cardinality(c.times) <> pair.i);
    END IF;
    chains := chains || added;
  END LOOP;
  RETURN best;
END
$$;

-- sequence_count, from the items of a pattern: conditions, 0 standing for any
-- row; gaps before them, null where there is none; and conditions on the time
-- of each gap, as operators and seconds.
CREATE TABLE pattern_items (
  pattern   integer,
  item      integer,
  condition integer,
  operators text[],
  seconds   numeric[],
  written   text
);
CREATE INDEX ON pattern_items (pattern);

CREATE FUNCTION naive_gap_allows(operators text[], seconds numeric[], elapsed interval) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT coalesce(bool_and(CASE op
                             WHEN '<' THEN extract(epoch FROM elapsed) < s
                             WHEN '<=' THEN extract(epoch FROM elapsed) <= s
                             WHEN '>' THEN extract(epoch FROM elapsed) > s
                             WHEN '>=' THEN extract(epoch FROM elapsed) >= s
                             WHEN '==' THEN extract(epoch FROM elapsed) = s
                             WHEN '!=' THEN extract(epoch FROM elapsed) <> s
                           END), true)
    FROM unnest(operators, seconds) AS c (op, s)
$$;

CREATE FUNCTION naive_sequence_count(grp integer, pattern integer) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
  times     timestamptz[];
  holds     text[];
  items     pattern_items[];
  reached   integer[];
  following integer[];
  first_row integer := 1;
  last_row  integer;
  found     bigint := 0;
BEGIN
  SELECT array_agg(r.ts ORDER BY r.ts, r.holds), array_agg(r.holds::text ORDER BY r.ts, r.holds)
    INTO times, holds
    FROM seq_rows AS r
   WHERE r.grp = naive_sequence_count.grp AND r.ts IS NOT NULL AND r.holds <> '{}';
  items := ARRAY(SELECT i FROM pattern_items AS i WHERE i.pattern = naive_sequence_count.pattern ORDER BY i.item);
  LOOP
    FOR i IN 1 .. cardinality(items) LOOP
      following := '{}';
      FOR r IN first_row .. coalesce(cardinality(times), 0) LOOP
        CONTINUE WHEN items[i].condition > 0 AND items[i].condition <> ALL (holds[r]::integer[]);
        IF i = 1 OR EXISTS (
          SELECT FROM unnest(reached) AS q
           WHERE CASE
                   WHEN items[i].operators IS NULL THEN q = r - 1
                   ELSE q < r AND naive_gap_allows(items[i].operators, items[i].seconds, times[r] - times[q])
                 END)
        THEN
          following := following || r;
        END IF;
      END LOOP;
      reached := following;
    END LOOP;
    SELECT min(q) INTO last_row FROM unnest(reached) AS q;
    EXIT WHEN last_row IS NULL;
    found := found + 1;
    first_row := last_row + 1;
  END LOOP;
  RETURN found;
END
$$;

-- sequence_next_event
CREATE FUNCTION naive_next_event(grp integer, direction text, base text, n_steps integer) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  vals  text[];
  bases boolean[];
  holds text[];
  n     integer;
  at    integer;
  step  integer := CASE direction WHEN 'forward' THEN 1 ELSE -1 END;
BEGIN
  SELECT array_agg(r.val ORDER BY o), array_agg(r.base_condition ORDER BY o), array_agg(r.holds::text ORDER BY o)
    INTO vals, bases, holds
    FROM (SELECT *, row_number() OVER (ORDER BY ts, val COLLATE "C", base_condition IS NOT TRUE,
                                                array(SELECT h FROM unnest(s.holds) AS h WHERE h <= n_steps)) AS o
            FROM seq_rows AS s
           WHERE s.grp = naive_next_event.grp AND ts IS NOT NULL AND val IS NOT NULL) AS r;
  n := coalesce(cardinality(vals), 0);
  SELECT CASE base WHEN 'head' THEN 1 WHEN 'tail' THEN n WHEN 'first_match' THEN min(i) ELSE max(i) END
    INTO at
    FROM generate_series(1, n) AS i
   WHERE base IN ('head', 'tail') OR (bases[i] AND (n_steps = 0 OR 1 = ANY (holds[i]::integer[])));
  IF at IS NULL OR bases[at] IS NOT TRUE THEN
    RETURN NULL;
  END IF;
  FOR s IN 1 .. n_steps LOOP
    IF at NOT BETWEEN 1 AND n OR s <> ALL (holds[at]::integer[]) THEN
      RETURN NULL;
    END IF;
    at := at + step;
  END LOOP;
  RETURN CASE WHEN at BETWEEN 1 AND n THEN vals[at] END;
END
$$;

-- What each group asks for, and its rows. Times are few, so that many are
-- equal; conditions come roughly in order, so that funnels get somewhere.
CREATE TABLE seq_groups AS
  SELECT g AS grp,
         n,
         (floor(random() ^ 2 * (n + 4)) * 500)::integer * interval '1 ms' AS within,
         CASE WHEN 'strict_order' = ANY (m.modes) OR random() < 0.5 THEN m.modes
              ELSE array_remove(m.modes, 'allow_reentry')
         END AS modes,
         (ARRAY['forward head', 'backward tail', 'forward first_match', 'forward last_match',
                'backward first_match', 'backward last_match'])[1 + g % 6] AS chain,
         CASE WHEN g % 7 = 0 THEN 0 ELSE least(n, 1 + g % 3) END AS n_steps
    FROM (SELECT g, CASE WHEN g % 10 = 0 THEN 1 + (random() * 63)::integer ELSE 1 + (random() * 4)::integer END AS n
            FROM generate_series(1, 4000) AS g) AS sizes,
         LATERAL (SELECT ARRAY(SELECT mode
                                 FROM unnest('{strict_deduplication,strict_order,strict_increase,strict_once,allow_reentry}'::text[])
                                      WITH ORDINALITY AS m (mode, bit)
                                WHERE g >> bit::integer & 1 = 1
                                ORDER BY (g * bit) % 5) AS modes) AS m;
UPDATE seq_groups SET modes = array_remove(modes, 'allow_reentry') WHERE NOT 'strict_order' = ANY (modes);

CREATE TABLE seq_rows AS
  SELECT row_number() OVER ()::integer AS id,
         grp,
         CASE WHEN random() < 0.95
              THEN timestamptz '2026-03-01' + (floor(random() * 3) + k * n * 0.6 / least(n + 2, 40))::integer * interval '500 ms'
         END AS ts,
         ARRAY(SELECT c FROM generate_series(1, n) AS c
                WHERE random() < CASE WHEN abs(c - k * n / least(n + 2.0, 40)) < 1.5 THEN 0.5 ELSE 0.15 / sqrt(n) END
                ORDER BY c) AS holds,
         (ARRAY['a', 'B', 'é', '', NULL])[1 + floor(random() * 5)::integer] AS val,
         CASE WHEN random() < 0.9 THEN random() < 0.7 END AS base_condition,
         random() AS shuffled
    FROM seq_groups, generate_series(1, least(n + 2, 40)) AS k;

CREATE INDEX ON seq_rows (grp);
ALTER TABLE seq_rows ADD conditions boolean[];
UPDATE seq_rows AS r
   SET conditions = ARRAY(SELECT CASE WHEN i = ANY (r.holds) THEN true WHEN shuffled < 0.5 THEN false END
                            FROM generate_series(1, n) AS i ORDER BY i)
  FROM seq_groups AS g
 WHERE g.grp = r.grp;

-- Patterns, as items and as text.
INSERT INTO pattern_items
  SELECT grp, item, condition,
         CASE WHEN item > 1 AND gap THEN operators END,
         seconds,
         CASE WHEN item > 1 AND gap
              THEN CASE WHEN operators = '{}' OR random() < 0.3 THEN ' .* ' ELSE '' END
                   || coalesce((SELECT string_agg('(?t ' || op || s || ' )', CASE WHEN s > 1 THEN '' ELSE '.*' END)
                                  FROM unnest(operators, seconds) AS c (op, s)), '')
              ELSE ''
         END || CASE condition WHEN 0 THEN '.' ELSE '(?' || condition || ')' END
    FROM (SELECT grp, item,
                 CASE WHEN random() < 0.15 THEN 0 ELSE 1 + floor(random() * least(n, 4))::integer END AS condition,
                 random() < 0.7 AS gap,
                 ARRAY(SELECT (ARRAY['<', '<=', '>', '>=', '==', '!='])[1 + floor(random() * 6)::integer + 0 * k + 0 * item]
                         FROM generate_series(1, times) AS k) AS operators,
                 ARRAY(SELECT (floor(random() * 5) / 2)::numeric(6, 1) + 0 * k + 0 * item
                         FROM generate_series(1, times) AS k) AS seconds
            FROM (SELECT grp, n, item, floor(random() * 3.5)::integer AS times
                    FROM seq_groups, generate_series(1, 1 + grp % 4) AS item) AS sizes) AS items;
CREATE TABLE patterns AS
  SELECT pattern AS grp, CASE WHEN pattern % 3 = 0 THEN '.*' ELSE '' END || string_agg(written, '' ORDER BY item) AS pattern
    FROM pattern_items
   GROUP BY pattern;

ANALYZE seq_rows, pattern_items;

-- The naive answers.
CREATE TABLE expected AS
  SELECT grp,
         naive_funnel_times(grp, within, modes) AS times,
         naive_sequence_count(grp, grp) AS matches,
         naive_next_event(grp, split_part(chain, ' ', 1), split_part(chain, ' ', 2), n_steps) AS next_event
    FROM seq_groups;
ALTER TABLE expected ADD kept boolean[];
UPDATE expected AS e
   SET kept = k.kept
  FROM (SELECT grp, array_agg(ever AND first_ever ORDER BY i) AS kept
          FROM (SELECT grp, i, bool_or(coalesce(c, false)) AS ever, bool_or(coalesce(conditions[1], false)) AS first_ever
                  FROM seq_rows, unnest(conditions) WITH ORDINALITY AS u (c, i)
                 GROUP BY grp, i) AS conditions
         GROUP BY grp) AS k
 WHERE k.grp = e.grp;

-- They have something to say: every combination of modes gets past the first
-- step, the longest funnels are long, and patterns match.
SELECT count(DISTINCT modes_set) AS combinations_of_modes,
       bool_and(far) AS all_get_far,
       max(longest) > 10 AS some_are_long
  FROM (SELECT array_to_string(ARRAY(SELECT m FROM unnest(modes) AS m ORDER BY m), ',') AS modes_set,
               bool_or(cardinality(times) BETWEEN 2 AND n) AS far,
               max(cardinality(times)) AS longest
          FROM expected JOIN seq_groups USING (grp)
         GROUP BY 1) AS modes;
SELECT count(*) FILTER (WHERE matches = 0) > 500 AS no_match,
       count(*) FILTER (WHERE matches = 1) > 500 AS one_match,
       count(*) FILTER (WHERE matches > 1) > 500 AS more_matches,
       count(DISTINCT next_event) AS next_events
  FROM expected;

-- The same from the aggregates, as a view, to be read under several plans.
CREATE VIEW answers AS
  SELECT grp,
         window_funnel(within, modes, ts, VARIADIC conditions) AS reached,
         window_funnel_times(within, modes, ts, VARIADIC conditions) AS times,
         sequence_match(pattern, ts, VARIADIC conditions) AS matched,
         sequence_count(pattern, ts, VARIADIC conditions) AS matches,
         sequence_next_event(split_part(chain, ' ', 1), split_part(chain, ' ', 2),
                             ts, val, base_condition, VARIADIC conditions[1:n_steps]) AS next_event,
         retention(VARIADIC conditions) AS kept
    FROM seq_rows
    JOIN seq_groups USING (grp)
    JOIN patterns USING (grp)
   GROUP BY grp;
CREATE VIEW wrong AS
  SELECT count(*) AS groups,
         count(*) FILTER (WHERE e.times IS DISTINCT FROM a.times) AS times,
         count(*) FILTER (WHERE cardinality(e.times) IS DISTINCT FROM a.reached) AS reached,
         count(*) FILTER (WHERE e.matches > 0 IS DISTINCT FROM a.matched) AS matched,
         count(*) FILTER (WHERE e.matches IS DISTINCT FROM a.matches) AS matches,
         count(*) FILTER (WHERE e.next_event IS DISTINCT FROM a.next_event) AS next_event,
         count(*) FILTER (WHERE e.kept IS DISTINCT FROM a.kept) AS kept
    FROM expected AS e
    FULL JOIN answers AS a USING (grp);

-- Serial, as inserted.
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT * FROM wrong;

-- Shuffled, and spilled to disk by a hash aggregate.
CREATE TABLE shuffled AS SELECT * FROM seq_rows ORDER BY shuffled;
TRUNCATE seq_rows;
INSERT INTO seq_rows SELECT * FROM shuffled;
ANALYZE seq_rows, seq_groups, patterns;
SET LOCAL work_mem = '64kB';
SET LOCAL enable_sort = off;
SET LOCAL enable_incremental_sort = off;
SELECT * FROM wrong;
RESET work_mem;
RESET enable_sort;
RESET enable_incremental_sort;

-- In parallel, partial states combined. The planner sees to it where it takes
-- the transition function to be costly.
ALTER FUNCTION window_funnel_transfn(internal, interval, text[], timestamptz, boolean[]) COST 1000;
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
CREATE FUNCTION plan_nodes(query text) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    RETURN NEXT (regexp_match(line, '(Partial|Finalize|Gather|Parallel Seq Scan)'))[1];
  END LOOP;
END
$$;
SELECT node, count(*) FROM plan_nodes('SELECT * FROM answers') AS node WHERE node IS NOT NULL GROUP BY node ORDER BY node;
SELECT * FROM wrong;

-- Without a separate pattern for each group: partial states are shared out.
SELECT count(*) AS groups, count(*) FILTER (WHERE p.r IS DISTINCT FROM s.r) AS wrong
  FROM (SELECT n, ROW(window_funnel('9 s', '{strict_once}', ts, VARIADIC conditions),
                      window_funnel_times('9 s', '{strict_once}', ts, VARIADIC conditions),
                      sequence_count('(?1).*(?t>=1)(?t<=3)(?t!=2)(?1)', ts, VARIADIC conditions),
                      sequence_next_event('backward', 'last_match', ts, val, base_condition, conditions[1]),
                      retention(VARIADIC conditions))::text AS r
          FROM (SELECT cardinality(conditions) AS n, * FROM seq_rows) AS r
         GROUP BY n) AS p
  FULL JOIN
       (SELECT n, ROW(window_funnel('9 s', '{strict_once}', ts, VARIADIC conditions ORDER BY shuffled),
                      window_funnel_times('9 s', '{strict_once}', ts, VARIADIC conditions ORDER BY shuffled DESC),
                      sequence_count('(?1).*(?t>=1)(?t<=3)(?t!=2)(?1)', ts, VARIADIC conditions ORDER BY id),
                      sequence_next_event('backward', 'last_match', ts, val, base_condition, conditions[1] ORDER BY shuffled),
                      retention(VARIADIC conditions ORDER BY id))::text AS r
          FROM (SELECT cardinality(conditions) AS n, * FROM seq_rows) AS r
         GROUP BY n) AS s USING (n);

-- As a window aggregate, whose final function is called again and again.
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE running IS DISTINCT FROM (
         SELECT window_funnel('2 s', '{strict_deduplication}', r.ts, VARIADIC r.conditions)
           FROM seq_rows AS r WHERE r.grp = w.grp AND r.id <= w.id)) AS wrong
  FROM (SELECT grp, id,
               window_funnel('2 s', '{strict_deduplication}', ts, VARIADIC conditions) OVER (PARTITION BY grp ORDER BY id) AS running
          FROM seq_rows
         WHERE grp <= 100) AS w;

-- session_number against a running sum.
SELECT count(*) AS rows, count(*) FILTER (WHERE number IS DISTINCT FROM naive) AS wrong
  FROM (SELECT session_number(ts, '1 s') OVER (PARTITION BY grp ORDER BY ts) AS number,
               CASE WHEN ts IS NOT NULL
                    THEN 1 + count(*) FILTER (WHERE ts - previous > interval '1 s') OVER (PARTITION BY grp ORDER BY ts)
               END AS naive
          FROM (SELECT *, lag(ts) OVER (PARTITION BY grp ORDER BY ts) AS previous FROM seq_rows) AS r) AS numbers;
ROLLBACK;
