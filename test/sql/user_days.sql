-- user_days and user_day_counts against plain SQL over the same maps, in plans of every kind; sum(dayseries_map, text).
BEGIN;
SET LOCAL datestyle = 'ISO';
SET LOCAL jit = off;
SELECT setseed(0.4142);

-- By example: labels under names, some not at all, others together; each under itself.
CREATE TABLE example (user_id uuid, map dayseries_map);
INSERT INTO example VALUES
  (id_from_bigint(1), '{open={2026-01-01:2,2026-01-09:1},save={2026-01-02:1}}'),
  (id_from_bigint(1), '{close={2026-01-01:1},open={2025-12-31:1,2026-02-01:-1}}'),
  (id_from_bigint(2), '{print={2026-03-01:1}}'),
  (id_from_bigint(3), '{open={2026-01-01:-1}}'),
  (NULL, '{open={2026-01-01:1}}'),
  (id_from_bigint(4), NULL);
CREATE FUNCTION pg_temp.found(labels text[], names text[], others text, past daterange) RETURNS TABLE (name text, id bigint, days dayset) LANGUAGE sql AS $$
  SELECT f.name, bigint_from_id(f.user_id), f.days
    FROM (SELECT user_days(user_id, map, labels, names, others) AS found FROM example) AS all_users, user_days_found(found, past) AS f
   ORDER BY 1, 2
$$;
SELECT * FROM pg_temp.found('{open}', '{opened}', NULL, '(,)');
SELECT * FROM pg_temp.found('{open,save,close,NULL}', '{at work,at work,NULL,x}', 'other', '(,2026-01-08]');
SELECT * FROM pg_temp.found(NULL, NULL, NULL, '(,)');
SELECT * FROM pg_temp.found('{}', '{}', NULL, '(,)');
SELECT user_day_counts(user_id, map, '{open,save}', '{at work,at work}', 'other/things', '(,2026-01-31]', 'week', 1) FROM example;

-- No rows, and errors.
SELECT user_days(user_id, map, NULL, NULL, NULL), user_day_counts(user_id, map, NULL, NULL, NULL, '(,)', 'day', 1), sum(map, 'open') FROM example WHERE false;
SAVEPOINT before;
SELECT user_days(user_id, map, '{open}', '{a,b}', NULL) FROM example;
ROLLBACK TO before;
SELECT user_days(user_id, map, '{open}', NULL, NULL) FROM example;
ROLLBACK TO before;
SELECT user_day_counts(user_id, map, NULL, NULL, NULL, NULL, 'day', 1) FROM example;
ROLLBACK TO before;
SELECT user_day_counts(user_id, map, NULL, NULL, NULL, '(,)', 'year', 1) FROM example;
ROLLBACK TO before;
SELECT user_day_counts(user_id, map, NULL, NULL, NULL, '(,)', 'week', 0) FROM example;
ROLLBACK TO before;
SELECT user_day_counts_finalfn(user_days(user_id, map, NULL, NULL, NULL)) FROM example;
ROLLBACK TO before;
SELECT user_days_found('', '(,)');
ROLLBACK TO before;
-- Bytes that were cut short, or changed, are refused or give some rows.
DO $$
DECLARE
  bytes CONSTANT bytea := (SELECT user_days(user_id, map, NULL, NULL, NULL) FROM example);
  changed bytea;
BEGIN
  FOR n IN 0 .. 2 * length(bytes) - 1 LOOP
    changed := CASE WHEN n < length(bytes) THEN substr(bytes, 1, n) ELSE set_byte(bytes, n - length(bytes), (255 * random())::int) END;
    BEGIN
      PERFORM * FROM user_days_found(changed, '(,)');
      PERFORM user_day_counts_finalfn(changed);
    EXCEPTION
      WHEN invalid_binary_representation OR character_not_in_repertoire OR invalid_text_representation OR program_limit_exceeded THEN
        NULL;
    END;
  END LOOP;
END $$;

-- Many users, each with some rows in any order: many labels and few, days near and far, negative values.
CREATE TABLE rows AS
SELECT id_from_bigint(1 + n % 150) AS user_id, n % 4 AS grp, map
  FROM generate_series(1, 900) AS n, LATERAL (
    SELECT dayseries_map_agg('label ' || (random() * CASE n % 3 WHEN 0 THEN 3 ELSE 12 END + 0 * d)::int,
                             CASE WHEN n % 50 = 0 THEN '0900-01-01'::date + (random() * 1e6)::int ELSE '2024-01-01'::date + (n % 24) * 30 + (random() * 30)::int END,
                             1 + (random() * 500)::int - CASE WHEN n % 7 = 0 THEN 250 ELSE 0 END)
      FROM generate_series(1, n % 23) AS d) AS m (map)
 ORDER BY random();
CREATE TABLE names (label text, name text);
INSERT INTO names VALUES ('label 1', 'odd'), ('label 3', 'odd'), ('label 2', 'even/2'), ('label 4', NULL), ('label 99', 'even/2');
-- What it should be, and is: by group, mode (each label itself, those that have a name, others too), name and user
CREATE FUNCTION pg_temp.wrong_days() RETURNS TABLE (sets bigint, wrong_sets bigint, counts bigint, wrong_counts bigint) LANGUAGE sql AS $$
  WITH modes (mode, labels, names, others) AS (
    SELECT * FROM (VALUES ('each', NULL::text[], NULL::text[], NULL), ('named', ARRAY(SELECT label FROM names ORDER BY label), ARRAY(SELECT name FROM names ORDER BY label), NULL),
                          ('all', ARRAY(SELECT label FROM names ORDER BY label), ARRAY(SELECT name FROM names ORDER BY label), 'rest'), ('one', '{label 1}', '{one}', NULL)) AS v
  ), expected AS MATERIALIZED (
    SELECT mode, grp, name, user_id, dayset_agg(day) AS days
      FROM (SELECT mode, grp, user_id, day, value,
                   CASE mode WHEN 'each' THEN e.label WHEN 'one' THEN CASE e.label WHEN 'label 1' THEN 'one' END
                             WHEN 'named' THEN n.name ELSE CASE WHEN n.label IS NULL THEN 'rest' ELSE n.name END END AS name
              FROM modes, rows, each(map) AS e (label, series) LEFT JOIN names AS n ON n.label = e.label, unnest(series) AS s (day, value)) AS days
     WHERE value > 0 AND name IS NOT NULL AND day BETWEEN '1000-01-01' AND '2025-09-30'
     GROUP BY 1, 2, 3, 4
  ), found AS MATERIALIZED (
    SELECT 'each' AS mode, grp, f.* FROM (SELECT grp, user_days(user_id, map, NULL, NULL, NULL) AS found FROM rows GROUP BY grp) AS g, user_days_found(found, '[1000-01-01,2025-09-30]') AS f
    UNION ALL
    SELECT mode, g.grp, f.*
      FROM modes, LATERAL (SELECT grp, user_days(user_id, map, labels, names, others) AS found FROM rows GROUP BY grp) AS g, user_days_found(found, '[1000-01-01,2025-09-30]') AS f
     WHERE mode <> 'each'
  ), expected_counts AS MATERIALIZED (
    SELECT mode, grp, name || '/' || label AS label, series
      FROM (SELECT mode, grp, name, active_period_counts(days, 'week', 3) AS counts FROM expected GROUP BY 1, 2, 3) AS c, each(counts)
  ), found_counts AS MATERIALIZED (
    SELECT mode, c.grp, label, series
      FROM modes, LATERAL (SELECT grp, user_day_counts(user_id, map, labels, names, others, '[1000-01-01,2025-09-30]', 'week', 3) AS counts FROM rows GROUP BY grp) AS c, each(counts)
  )
  SELECT (SELECT count(*) FROM expected),
         (SELECT count(*) FROM expected AS e FULL JOIN (SELECT * FROM found WHERE NOT isempty(days)) AS f USING (mode, grp, name, user_id) WHERE e.days IS DISTINCT FROM f.days),
         (SELECT count(*) FROM expected_counts),
         (SELECT count(*) FROM expected_counts AS e FULL JOIN found_counts AS f USING (mode, grp, label) WHERE e.series IS DISTINCT FROM f.series)
$$;
SELECT sets > 3000 AS many_sets, wrong_sets, counts > 100 AS many_counts, wrong_counts FROM pg_temp.wrong_days();
SELECT sum(map, 'label 1') = sum(map -> 'label 1') AS of_label, sum(map, NULL) = total_series(sum(map)) AS of_all, sum(map, 'none') AS of_none FROM rows;

-- The same from workers.
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TABLE one_process AS
SELECT user_day_counts(user_id, map, NULL, NULL, NULL, '(,)', 'month', 1) AS counts, sum(map, 'label 1') AS of_label FROM (SELECT * FROM rows OFFSET 0) AS all_rows;
EXPLAIN (COSTS OFF) SELECT user_day_counts(user_id, map, NULL, NULL, NULL, '(,)', 'month', 1), sum(map, 'label 1') FROM rows;
SELECT counts = (SELECT user_day_counts(user_id, map, NULL, NULL, NULL, '(,)', 'month', 1) FROM rows) AS counts,
       of_label = (SELECT sum(map, 'label 1') FROM rows) AS of_label
  FROM one_process;
SELECT count(*) AS wrong
  FROM (SELECT f.* FROM (SELECT user_days(user_id, map, NULL, NULL, NULL) AS found FROM rows) AS u, user_days_found(found, '(,)') AS f) AS together
  FULL JOIN (SELECT f.* FROM (SELECT user_days(user_id, map, NULL, NULL, NULL) AS found FROM (SELECT * FROM rows OFFSET 0) AS all_rows) AS u, user_days_found(found, '(,)') AS f) AS alone USING (name, user_id)
 WHERE together.days IS DISTINCT FROM alone.days;
ROLLBACK;
