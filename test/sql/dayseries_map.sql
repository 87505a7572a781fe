-- dayseries_map by example: text and quoting, questions, combinations, aggregates, bad input, sizes.
SET datestyle = 'ISO';

-- Labels are sorted by their bytes, quoted as elements of an array are, and add up where they come twice.
SELECT '{app_open={2026-01-01:3},"my event"={2026-01-02:1}}'::dayseries_map;
SELECT ' { b = { 2026-01-02 : 1 } , a={2026-01-01:1}, b={2026-01-02:2,2026-01-03:1}, gone={}, zero={2026-01-01:1}, zero={2026-01-01:-1} } '::dayseries_map;
SELECT '{}'::dayseries_map, '{a={}}'::dayseries_map, isempty('{}'::dayseries_map), isempty('{a={2026-01-01:1}}'::dayseries_map);
SELECT label, dayseries_map(label, '{2026-01-01:1}') AS map,
       dayseries_map(label, '{2026-01-01:1}')::text::dayseries_map = dayseries_map(label, '{2026-01-01:1}') AS same_again,
       labels(dayseries_map(label, '{2026-01-01:1}')) = ARRAY[label] AS same_label
  FROM unnest(ARRAY['a', 'A b', ' ', E'tab\there', '{', '}', 'a,b', 'a=b', '"', '\', '\"', 'null', 'NULL', 'nulls', E'\n', 'größe', 'a:b', '''']) WITH ORDINALITY AS labels (label, i)
 ORDER BY i;
SELECT days(map, '{a}') AS a, days(map, '{b,a,none}') AS a_and_b, days(map, '{none}') AS none, days(map, ARRAY[NULL, 'b']) AS b, days(map, NULL) AS nothing, days('{}', '{a}') AS empty
  FROM (VALUES ('{a={2026-01-01:1,2026-01-02:-1},b={2026-01-04:2}}'::dayseries_map)) AS m (map);
SELECT days('{a={2026-01-01:1},b={2026-01-02:2}}', ARRAY[label]) AS varying FROM unnest('{a,b}'::text[]) AS label ORDER BY label;
SELECT '{ two words = {2026-01-01:1}, esc\=aped\ ={2026-01-01:2}, "null"={2026-01-01:3} }'::dayseries_map;

-- Ask.
WITH m AS (SELECT '{a={2026-01-01:3},b={2026-01-01:1,2026-02-01:-1},"c d"={2026-01-05:7}}'::dayseries_map AS m)
SELECT m -> 'a' AS a, m -> 'c d' AS cd, m -> 'x' AS none, m -> '' AS empty, labels(m), cardinality(m), total_series(m) FROM m;
SELECT map['a'] AS a, map['x'] AS none, map[NULL] AS no_label, (NULL::dayseries_map)['a'] AS no_map, total(map['b']) AS total
  FROM (SELECT '{a={2026-01-01:3},b={2026-01-01:1,2026-02-01:1}}'::dayseries_map AS map) AS maps;
SELECT labels('{}'), cardinality('{}'::dayseries_map), total_series('{}');
SELECT count(*) FILTER (WHERE map -> ('label ' || i) IS DISTINCT FROM dayseries('2026-01-01', i)) AS wrong, count(*), min(cardinality(map)) AS labels
  FROM (SELECT dayseries_map_agg('label ' || i, '2026-01-01', i) AS map FROM generate_series(1, 5000) AS i) AS made, generate_series(1, 5000) AS i;

-- Combine.
SELECT '{a={2026-01-01:3},b={2026-01-02:1}}'::dayseries_map + '{b={2026-01-02:-1},c={2026-01-01:1}}' AS sum,
       '{a={2026-01-01:3},b={2026-01-02:1}}'::dayseries_map - '{b={2026-01-02:1},c={2026-01-01:1}}' AS difference,
       - '{a={2026-01-01:3},b={2026-01-02:-1}}'::dayseries_map AS negative,
       '{a={2026-01-01:3},b={2026-01-02:1,2026-02-01:1}}'::dayseries_map * '[2026-01-02,2026-02-01)'::daterange AS slice;
SELECT by_category('{app_open={2026-01-01:3},dashboard_view={2026-01-01:1,2026-01-02:1},timer_stop={2026-01-02:4},"not in the taxonomy"={2026-01-01:1},neither={2026-01-01:1}}') AS categories,
       by_category('{}') AS none;

-- Open up.
SELECT * FROM each('{b={2026-01-01:3},a={2026-01-02:1,2026-01-03:2}}'::dayseries_map);
SELECT label, day, value FROM each('{b={2026-01-01:3},a={2026-01-02:1,2026-01-03:2}}'::dayseries_map), unnest(series) ORDER BY label, day;
SELECT E'{a={2026-01-01:3},"quote \\" backslash \\\\ tab \t"={2026-01-01:1}}'::dayseries_map::jsonb, '{}'::dayseries_map::jsonb, '{a={2026-01-01:3}}'::dayseries_map::json;

-- Aggregates: rows with a NULL do not count, and no rows make NULL.
SELECT dayseries_map_agg(label, day, value), dayseries_map_agg(label, day, value) FILTER (WHERE false) AS none
  FROM (VALUES ('b', '2026-01-02'::date, 1), ('a', '2026-01-01', 5), ('b', '2026-01-02', 2), (NULL, '2026-01-01', 7), ('a', NULL, 7), ('a', '2026-01-03', NULL), ('c', '2026-01-04', 0)) AS rows (label, day, value);
SELECT sum(m), count_by_day(m), sum(m) FILTER (WHERE m IS NULL) AS no_sum, count_by_day(m) FILTER (WHERE m IS NULL) AS no_count
  FROM (VALUES ('{a={2026-01-01:5},b={2026-01-02:-1}}'::dayseries_map), (NULL), ('{a={2026-01-01:2,2026-01-02:1},c={0001-01-01:1}}'), ('{}')) AS rows (m);
SELECT i, sum(m) OVER (ORDER BY i ROWS 1 PRECEDING) AS two_rows, count_by_day(m) OVER (ORDER BY i ROWS 1 PRECEDING) AS positive
  FROM (VALUES (1, '{a={2026-01-01:1}}'::dayseries_map), (2, '{a={2026-01-01:2},b={2026-01-02:1}}'), (3, NULL), (4, '{a={2026-01-01:-3}}'), (5, NULL), (6, NULL)) AS rows (i, m)
 ORDER BY i;
SELECT team, sum(m), count_by_day(m)
  FROM (VALUES ('x', '{a={2026-01-01:1}}'::dayseries_map), ('x', '{a={2026-01-01:2},b={2026-01-02:1}}'), ('y', '{b={2026-01-02:1}}')) AS rows (team, m)
 GROUP BY ROLLUP (team)
 ORDER BY team;
SELECT DISTINCT m FROM (VALUES ('{a={2026-01-01:1},b={2026-01-01:2}}'::dayseries_map), ('{b={2026-01-01:2},a={2026-01-01:1}}')) AS rows (m);

-- Malformed text (22P02), labels that are too long (54000) or empty (22023), sums beyond bigint (22003).
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN others THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' ', sqlstate, sqlerrm, nullif('[' || detail || ']', '[]'));
END
$$;
SELECT literal, pg_temp.error_of(format('SELECT %L::dayseries_map', literal)) AS error
  FROM unnest(ARRAY['', '{', '{}}', '{a}', '{a=}', '{a={}', '{={2026-01-01:1}}', '{""={2026-01-01:1}}', '{ ={2026-01-01:1}}', '{null={2026-01-01:1}}', '{NULL ={2026-01-01:1}}',
                    '{"a={2026-01-01:1}}', '{a"b={2026-01-01:1}}', '{"a"b={2026-01-01:1}}', '{a={2026-01-01:1},}', '{a={2026-01-01:1} b={2026-01-01:1}}', '{a={2026-01-01}}',
                    '{a=2026-01-01:1}', '{a:{2026-01-01:1}}', '{2026-01-01:1}', '{a={2026-02-30:1}}', '{a\', '{a={2026-01-01:9223372036854775807},a={2026-01-01:1}}']) WITH ORDINALITY AS literals (literal, i)
 ORDER BY i;
SELECT expression, pg_temp.error_of('SELECT ' || expression) AS error
  FROM unnest(ARRAY[
    $$length((labels(dayseries_map(repeat('x', 65535), '{2026-01-01:1}')))[1])$$,
    $$dayseries_map(repeat('x', 65536), '{2026-01-01:1}')$$,
    $$('{' || repeat('x', 65536) || '={2026-01-01:1}}')::dayseries_map$$,
    $$dayseries_map('', '{2026-01-01:1}')$$,
    $$dayseries_map_agg('', '2026-01-01', 1)$$,
    $$dayseries_map_agg('a', 'infinity', 1)$$,
    $$'{a={2026-01-01:9223372036854775807}}'::dayseries_map + '{a={2026-01-01:1}}'$$,
    $$total_series('{a={2026-01-01:9223372036854775807},b={2026-01-01:1}}')$$,
    $$by_category('{a={2026-01-01:9223372036854775807},b={2026-01-01:1}}')$$,
    $$sum(m) FROM (VALUES ('{a={2026-01-01:9223372036854775807}}'::dayseries_map), ('{a={2026-01-01:1}}')) AS rows (m)$$,
    $$('{}'::dayseries_map)['a']['b']$$,
    $$('{}'::dayseries_map)['a':'b']$$,
    $$dayseries_map_sum_transfn('{}', '{}')$$]) WITH ORDINALITY AS expressions (expression, i)
 ORDER BY i;

-- In binary form nothing is put right.
CREATE TEMP TABLE received (m dayseries_map);
CREATE FUNCTION pg_temp.receive(value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message bytea;
BEGIN
  message := '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea       -- COPY's signature, flags
    || '\x0001'::bytea || int4send(length(value)) || value || '\xffff'::bytea;       -- a row of one column, the end
  -- each byte in octal, as every shell's printf takes it
  EXECUTE format('COPY pg_temp.received FROM PROGRAM %L WITH (FORMAT binary)',
                 (SELECT 'printf ''' || string_agg(format('\%s%s%s', b >> 6, b >> 3 & 7, b & 7), '' ORDER BY i) || ''''
                    FROM generate_series(0, length(message) - 1) AS i, get_byte(message, i) AS b));
  RETURN 'accepted';
EXCEPTION WHEN others THEN
  DECLARE
    detail text;
  BEGIN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', sqlstate, detail);
  END;
END
$$;
SELECT dayseries_map_send('{a={2026-01-01:3}}') AS one, dayseries_map_send('{}') AS empty;
CREATE FUNCTION pg_temp.label(label bytea, series dayseries) RETURNS bytea LANGUAGE sql AS $$
  SELECT int4send(length(label)) || label || int4send(length(dayseries_send(series))) || dayseries_send(series)
$$;
SELECT what, pg_temp.receive(bytes) AS answer
  FROM (VALUES
    (1, int4send(2) || pg_temp.label('a', '{2026-01-01:3}') || pg_temp.label('b', '{2026-01-01:3}'), 'as it is sent'),
    (2, int4send(0), 'empty'),
    (3, '', 'nothing'),
    (4, int4send(-1), 'a negative number of labels'),
    (5, int4send(2) || pg_temp.label('b', '{2026-01-01:3}') || pg_temp.label('a', '{2026-01-01:3}'), 'labels out of order'),
    (6, int4send(2) || pg_temp.label('a', '{2026-01-01:3}') || pg_temp.label('a', '{2026-01-01:3}'), 'a label twice'),
    (7, int4send(1) || pg_temp.label('', '{2026-01-01:3}'), 'an empty label'),
    (8, int4send(1) || pg_temp.label('a', '{}'), 'an empty series'),
    (9, int4send(1) || pg_temp.label('\x6100', '{2026-01-01:3}'), 'a zero byte'),
    (10, int4send(1) || pg_temp.label('\xff', '{2026-01-01:3}'), 'a byte that is no UTF8'),
    (11, int4send(2) || pg_temp.label('a', '{2026-01-01:3}'), 'fewer labels than said'),
    (12, int4send(1) || pg_temp.label('a', '{2026-01-01:3}') || pg_temp.label('b', '{2026-01-01:3}'), 'more labels than said'),
    (13, int4send(2147483647) || pg_temp.label('a', '{2026-01-01:3}'), 'very many labels'),
    (14, int4send(1) || int4send(2147483647) || 'a', 'a label of 2 GB'),
    (15, int4send(1) || int4send(1) || 'a' || int4send(7) || '\x2101c612020300', 'a series with a byte too many')) AS cases (i, bytes, what)
 ORDER BY i;
SELECT pg_temp.receive(substr(bytes, 1, size)) AS answer, count(*)
  FROM (SELECT dayseries_map_send('{a={2026-01-01:3},bc={2026-01-01:300}}') AS bytes) AS sent, generate_series(0, length(bytes)) AS size
 GROUP BY answer
 ORDER BY answer;
SELECT m, count(*) FROM received GROUP BY m ORDER BY m::text;

-- Sizes, header included: the event names of a user in a month, with the counts of its days.
CREATE TEMP TABLE sizes AS
SELECT 'a user and a month, 8 names' AS what, dayseries_map_agg(event_name, '2026-01-01'::date + i * 5 % 31, 1 + i * 7 % 20) AS m
  FROM event_taxonomy, generate_series(1, 12) AS i;
INSERT INTO sizes VALUES ('one name, one day', '{app_open={2026-01-01:3}}'), ('empty', '{}');
SELECT what, cardinality(m), pg_column_size(m) AS stored, pg_column_size(m::text::dayseries_map) AS in_memory FROM sizes ORDER BY what;

-- A parallel plan adds up parts, with the same answer.
BEGIN;
CREATE TABLE parallel_maps AS
SELECT i % 3 AS team, 'label ' || i % 7 AS label, '2026-01-01'::date + i % 1000 AS day, i % 17 - 8 AS value,
       dayseries_map('label ' || i % 7, dayseries('2026-01-01'::date + i % 1000, i % 17 - 8)) AS m
  FROM generate_series(1, 20000) AS i;
ANALYZE parallel_maps;
CREATE TEMP TABLE serial_answer AS
SELECT team, sum(m) AS by_sum, dayseries_map_agg(label, day, value) AS by_agg, count_by_day(m) AS by_count FROM parallel_maps GROUP BY team;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(m), dayseries_map_agg(label, day, value), count_by_day(m) FROM parallel_maps;
SELECT bool_and(by_sum = sum AND by_agg = agg AND by_sum = by_agg AND by_count = count_by_day) AS same, count(*)
  FROM serial_answer
  JOIN (SELECT team, sum(m), dayseries_map_agg(label, day, value) AS agg, count_by_day(m) FROM parallel_maps GROUP BY team) AS parallel_answer USING (team);
ROLLBACK;

-- Sums may leave bigint and come back: in any order, in parts, in moving frames, of values, of series and of maps. Four rows in a row,
-- apart in the table, come to something small.
BEGIN;
CREATE TABLE large AS
SELECT i / 4 AS four, '2026-01-01'::date + i / 4 % 5 AS day, 'label ' || i / 4 % 2 AS label, sign * (9000000000000000000 + i % 7) AS value
  FROM generate_series(0, 19999) AS i, LATERAL (SELECT CASE WHEN i % 4 < 2 THEN 1 ELSE -1 END) AS signs (sign)
 ORDER BY i % 4, i;
ALTER TABLE large ADD s dayseries, ADD m dayseries_map;
UPDATE large SET s = dayseries(day, value), m = dayseries_map(label, dayseries(day, value));
ANALYZE large;
CREATE TEMP TABLE fours AS
SELECT four, day, label, sum(value)::bigint AS value FROM large GROUP BY four, day, label;
SELECT dayseries_agg(day, value) AS series, dayseries_map_agg(label, day, value) AS map FROM fours \gset
SELECT min(total) > 1e21 AS beyond FROM (SELECT day, sum(value) AS total FROM large WHERE value > 0 GROUP BY day) AS sums;

SELECT sum(s) = :'series' AND dayseries_agg(day, value) = :'series' AND sum(m) = :'map' AND dayseries_map_agg(label, day, value) = :'map' AS same FROM large;
SELECT sum(s ORDER BY value) = :'series' AND sum(m ORDER BY value) = :'map' AS same FROM large;
SELECT bool_and(two_fours = wanted) AS same, bool_and(two_fours_of_maps = wanted_map) AS same_maps, count(*)
  FROM (SELECT DISTINCT four, sum(s) OVER frame AS two_fours, sum(m) OVER frame AS two_fours_of_maps FROM large WINDOW frame AS (ORDER BY four GROUPS 1 PRECEDING)) AS moving
  JOIN (SELECT four, sum(dayseries(day, value)) OVER frame AS wanted, sum(dayseries_map(label, dayseries(day, value))) OVER frame AS wanted_map
          FROM fours WINDOW frame AS (ORDER BY four ROWS 1 PRECEDING)) AS wanted USING (four);
SELECT total(('{' || string_agg('2026-01-01:' || value, ',') || '}')::dayseries) = sum(value) AS text,
       total(dayseries_agg('2026-01-01'::date + i, value)) = sum(value) AS total,
       total(by_month(dayseries_agg('2026-01-01'::date + i, value))) = sum(value) AS by_month,
       total(total_series(dayseries_map_agg(i::text, day, value))) = sum(value) AS total_series
  FROM (SELECT day, value, row_number() OVER (ORDER BY value)::integer AS i FROM large WHERE four IN (0, 5)) AS rows;

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(s), dayseries_agg(day, value), sum(m), dayseries_map_agg(label, day, value) FROM large;
SELECT sum(s) = :'series' AND dayseries_agg(day, value) = :'series' AND sum(m) = :'map' AND dayseries_map_agg(label, day, value) = :'map' AS same FROM large;
-- Beyond it at the end is an error: where all rows are one worker's, too.
SAVEPOINT beyond;
SELECT sum(s) FROM large WHERE value > 0;
ROLLBACK TO beyond;
SELECT dayseries_map_agg(label, day, value) FROM large WHERE value > 0;
ROLLBACK TO beyond;
SET LOCAL parallel_leader_participation = off;
SET LOCAL max_parallel_workers = 1;
SAVEPOINT beyond;
CREATE TABLE sums AS SELECT dayseries_agg(day, value) FROM large WHERE value > 0;
ROLLBACK TO beyond;
CREATE TABLE sums AS SELECT sum(m) FROM large WHERE value > 0;
ROLLBACK TO beyond;
SELECT sum(s) OVER (ORDER BY four ROWS 1 PRECEDING) FROM large WHERE value > 0;
ROLLBACK;

DROP TABLE received, sizes;
DROP FUNCTION pg_temp.label, pg_temp.receive, pg_temp.error_of;
