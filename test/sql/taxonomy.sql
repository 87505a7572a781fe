-- event_category() is a look-up in event_taxonomy.
SELECT event_name, event_category, event_category(event_name) = event_category AS same
  FROM event_taxonomy
 ORDER BY event_category, event_name COLLATE "C";
SELECT event_category('no such event') IS NULL
   AND event_category('') IS NULL
   AND event_category('timer_stop ') IS NULL
   AND event_category('Timer_stop') IS NULL
   AND event_category(NULL) IS NULL AS unknown_is_null;

BEGIN;
-- Many names, long ones and ones that begin alike among them.
INSERT INTO event_taxonomy
SELECT CASE n % 3 WHEN 0 THEN 'événement ' || n WHEN 1 THEN repeat('x', n % 199 + 1) || n ELSE md5(n::text) END,
       'category ' || n % 7
  FROM generate_series(1, 5000) AS n;
SELECT count(*) AS names,
       count(event_category(name)) AS known,
       count(*) FILTER (WHERE event_category(name) IS DISTINCT FROM event_category) AS wrong
  FROM (SELECT event_name AS name FROM event_taxonomy
        UNION ALL
        SELECT md5(n::text) || 'x' FROM generate_series(1, 5000) AS n) AS names
  LEFT JOIN event_taxonomy
    ON event_name = name;

-- A change is seen at once: by the next statement,
INSERT INTO event_taxonomy VALUES ('own', 'first');
SELECT event_category('own');
UPDATE event_taxonomy SET event_category = 'second' WHERE event_name = 'own';
SELECT event_category('own');
SAVEPOINT before;
DELETE FROM event_taxonomy WHERE event_name = 'own';
SELECT event_category('own');
ROLLBACK TO before;
SELECT event_category('own');

-- by a prepared one,
PREPARE category AS SELECT event_category('own');
EXECUTE category;
UPDATE event_taxonomy SET event_category = 'third' WHERE event_name = 'own';
EXECUTE category;

-- by one expression of PL/pgSQL that is evaluated again and again, also when a
-- change is rolled back.
DO $$
DECLARE
  category text;
  expected text := 'third';
BEGIN
  FOR n IN 1 .. 100 LOOP
    BEGIN
      UPDATE event_taxonomy SET event_category = n::text WHERE event_name = 'own';
      category := event_category('own');
      ASSERT category = n::text;
      IF n % 3 = 0 THEN
        RAISE division_by_zero;
      END IF;
      expected := n::text;
    EXCEPTION WHEN division_by_zero THEN
      NULL;
    END;
    category := event_category('own');
    ASSERT category = expected;
  END LOOP;
END $$;
SELECT event_category('own');

-- A query that is running goes on with what its snapshot saw.
CREATE FUNCTION pg_temp.change(category text) RETURNS text
LANGUAGE plpgsql
AS $$ BEGIN UPDATE public.event_taxonomy SET event_category = category WHERE event_name = 'own'; RETURN category; END $$;
SELECT n, event_category('own'), pg_temp.change('changed ' || n) FROM generate_series(1, 3) AS n;
SELECT event_category('own');
DECLARE categories CURSOR FOR SELECT event_category('own') FROM generate_series(1, 3);
FETCH categories;
UPDATE event_taxonomy SET event_category = 'after' WHERE event_name = 'own';
FETCH categories;
CLOSE categories;
SELECT event_category('own');

-- A function that is stable sees what its caller's query sees.
CREATE FUNCTION pg_temp.stable_category(name text) RETURNS text
LANGUAGE plpgsql STABLE
AS $$ BEGIN RETURN public.event_category(name); END $$;
SELECT n, pg_temp.stable_category('own'), pg_temp.change('later ' || n) FROM generate_series(1, 3) AS n;
SELECT pg_temp.stable_category('own');

-- Workers read it, too.
CREATE TABLE named AS SELECT event_name, event_category FROM event_taxonomy, generate_series(1, 10);
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF)
SELECT count(*) FROM named WHERE event_category(event_name) = event_category;
SELECT count(*) > 50000 AS all_of_them, count(*) = (SELECT count(*) FROM named) AS same
  FROM named
 WHERE event_category(event_name) = event_category;
ROLLBACK;

-- A table of the user's own may allow nulls: such a row names nothing.
BEGIN;
ALTER TABLE event_taxonomy DROP CONSTRAINT event_taxonomy_pkey, ALTER event_name DROP NOT NULL, ALTER event_category DROP NOT NULL;
INSERT INTO event_taxonomy VALUES ('a', NULL), (NULL, 'b'), ('c', 'd');
SELECT event_category('a'), event_category(''), event_category('c');
DROP TABLE event_taxonomy CASCADE;
\set VERBOSITY sqlstate
SELECT event_category('c');
ROLLBACK;
