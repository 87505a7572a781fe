-- dayseries by example: text, questions, combinations, time, aggregates, bad input, sizes.
SET datestyle = 'ISO';

-- Text: any order and white space; days that come twice are added up; zeros vanish.
SELECT '{2026-01-01:3,2026-01-02:-1}'::dayseries;
SELECT ' { 2026-01-02 : -1 , 2026-01-01:+1,2026-01-01 :2,2026-01-03:0,2026-01-04:5,2026-01-04:-5 } '::dayseries;
SELECT '{}'::dayseries, '{2026-01-01:0}'::dayseries, isempty('{}'::dayseries), isempty('{2026-01-01:1}'::dayseries);
SELECT '{4714-11-24 BC:1,0001-01-01:2,10000-01-01:3,5874897-12-31:4}'::dayseries;
SELECT '{2026-01-01:9223372036854775807,2026-01-02:-9223372036854775808}'::dayseries;
SET datestyle = 'German';
SELECT '{2026-01-31:1}'::dayseries;
SET datestyle = 'ISO';

-- Ask.
WITH s AS (SELECT '{2026-01-01:3,2026-01-05:-1,2026-03-01:10}'::dayseries AS s)
SELECT total(s), cardinality(s), first_day(s), last_day(s), days(s),
       value_on(s, '2026-01-05'), value_on(s, '2026-01-06'), value_on(s, '2027-01-01'), value_on(s, 'infinity')
  FROM s;
SELECT total('{}'::dayseries), cardinality('{}'::dayseries), first_day('{}'::dayseries), last_day('{}'::dayseries), days('{}'::dayseries);
SELECT dayseries('2026-01-01', 5), dayseries('2026-01-01', 0), dayseries('{2026-01-01..2026-01-03}'::dayset), '{2026-01-01}'::dayset::dayseries;

-- Combine.
SELECT '{2026-01-01:3,2026-01-02:-1}'::dayseries + '{2026-01-02:1,2026-01-03:4}' AS sum,
       '{2026-01-01:3,2026-01-02:-1}'::dayseries - '{2026-01-02:1,2026-01-03:4}' AS difference,
       - '{2026-01-01:3,2026-01-02:-1}'::dayseries AS negative;
SELECT range, '{2026-01-01:1,2026-01-02:2,2026-01-03:3,2026-04-01:4}'::dayseries * range AS slice
  FROM unnest('{[2026-01-02\,2026-01-03],[2026-01-02\,2026-01-03),empty,(\,),(2026-01-01\,),(\,2026-01-01],[-infinity\,infinity]}'::daterange[]) WITH ORDINALITY AS ranges (range, i)
 ORDER BY i;

-- Time.
SELECT rolling_sum('{2026-01-01:3,2026-01-02:-1,2026-01-10:2}', 1) AS one,
       rolling_sum('{2026-01-01:3,2026-01-02:-1,2026-01-10:2}', 3) AS three,
       rolling_sum('{2026-01-01:3,2026-01-02:-3}', 3) AS cancelled;
SELECT by_week('{2026-01-01:3,2026-01-04:1,2026-01-05:2}') AS from_monday,
       by_week('{2026-01-01:3,2026-01-04:1,2026-01-05:2}', 7) AS from_sunday,
       by_month('{2025-12-31:1,2026-01-01:3,2026-01-31:4,2026-02-01:5}') AS months,
       by_quarter('{2025-12-31:1,2026-01-01:3,2026-01-31:4,2026-02-01:5}') AS quarters;
SELECT rolling_sum('{5874897-12-30:7}', 2) AS to_the_last_day_of_all;
SELECT rolling_sum('{5874897-12-30:7}', 3) AS beyond_it;

-- Open up.
SELECT * FROM unnest('{2026-01-01:3,2026-01-02:-1}'::dayseries);
SELECT (unnest('{2026-01-01:3,2026-01-02:-1}'::dayseries, '[2025-12-31,2026-01-03]')).*;
SELECT * FROM each_day('{2026-01-01:3,2026-01-02:-1}', '[2026-01-02,2026-01-04)');
SELECT count(*) FROM each_day('{2026-01-01:3}', 'empty');
SELECT '{2026-01-01:3,2026-01-02:-1}'::dayseries::jsonb, '{}'::dayseries::jsonb, '{2026-01-01:3,2026-01-02:-1}'::dayseries::json;
SELECT row_to_json(r) FROM (SELECT '{2026-01-01:3}'::dayseries AS per_day) AS r;
SELECT sparkline('{2026-01-02:1,2026-01-03:2,2026-01-04:3,2026-01-05:4,2026-01-06:5,2026-01-07:6,2026-01-08:7,2026-01-09:8,2026-01-10:-5}', '[2026-01-01,2026-01-11]');
SELECT sparkline('{2026-01-02:1,2026-01-03:1000,2026-01-04:9223372036854775807}', '[2026-01-02,2026-01-04]') AS huge,
       sparkline('{2026-01-02:1,2026-01-03:1000}', '[2026-01-02,2026-01-02]') AS one_day,
       sparkline('{}', '[2026-01-01,2026-01-03]') AS nothing, sparkline('{}', 'empty') AS none;

-- Aggregates: rows with a NULL do not count, and no rows make NULL.
SELECT dayseries_agg(day, value), dayseries_agg(day, value) FILTER (WHERE false) AS none
  FROM (VALUES ('2026-01-02'::date, 1), ('2026-01-01', 5), ('2026-01-02', 2), (NULL, 7), ('2026-01-03', NULL), ('2026-01-04', 0)) AS rows (day, value);
SELECT sum(s), sum(s) FILTER (WHERE s IS NULL) AS none
  FROM (VALUES ('{2026-01-02:1}'::dayseries), (NULL), ('{0001-01-01:2,2026-01-02:4}'), ('{2026-01-03:1,5874897-12-31:3}'), ('{2026-01-03:-1}'), ('{}')) AS rows (s);
SELECT i, sum(s) OVER (ORDER BY i ROWS 1 PRECEDING) AS two_rows, sum(s) OVER (ORDER BY i) AS all_before,
       sum(s) OVER (ORDER BY i ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING) AS ahead
  FROM (VALUES (1, '{2026-01-01:1}'::dayseries), (2, '{2026-01-02:9223372036854775807}'), (3, NULL), (4, '{2026-01-02:-9223372036854775808}'), (5, NULL)) AS rows (i, s)
 ORDER BY i;
SELECT team, sum(s) AS per_day
  FROM (VALUES ('a', '{2026-01-01:1}'::dayseries), ('a', '{2026-01-02:2}'), ('b', '{2026-01-01:4}')) AS rows (team, s)
 GROUP BY ROLLUP (team)
 ORDER BY team;
SELECT DISTINCT s FROM (VALUES ('{2026-01-01:1}'::dayseries), ('{ 2026-01-01:01 }'), ('{2026-01-01:2,2026-01-01:-1}')) AS rows (s);
SELECT sum(DISTINCT s) FROM (VALUES ('{2026-01-01:1}'::dayseries), ('{2026-01-01:1}'), ('{2026-01-01:2}')) AS rows (s);

-- Malformed text (22P02), days that are no dates (22008), numbers that are no bigint (22003).
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
SELECT literal, pg_temp.error_of(format('SELECT %L::dayseries', literal)) AS error
  FROM unnest(ARRAY['', ' ', '{', '}', '{}}', '{} x', '{,}', '{2026-01-01}', '{2026-01-01:}', '{2026-01-01:1,}', '{2026-01-01:1 2026-01-02:1}',
                    '{2026-01-01:1', '{2026-01-01:1.5}', '{2026-01-01:--1}', '{2026-01-01:0x1}', '{2026-1-1:1}', '{2026-01-01=1}', '{26-01-01:1}', '{x:1}',
                    '[2026-01-01:1]', '{infinity:1}', '{2026-02-29:1}', '{2026-13-01:1}', '{0000-01-01:1}', '{5874898-01-01:1}', '{4714-11-23 BC:1}',
                    '{2026-01-01:9223372036854775808}', '{2026-01-01:-9223372036854775809}', '{2026-01-01:99999999999999999999999999}',
                    '{2026-01-01:9223372036854775807,2026-01-01:1}']) WITH ORDINALITY AS literals (literal, i)
 ORDER BY i;

-- Errors of functions.
SELECT expression, pg_temp.error_of('SELECT ' || expression) AS error
  FROM unnest(ARRAY[
    $$'{2026-01-01:9223372036854775807}'::dayseries + '{2026-01-01:1}'$$,
    $$'{2026-01-01:-9223372036854775807}'::dayseries - '{2026-01-01:2}'$$,
    $$'{}'::dayseries - '{2026-01-01:-9223372036854775808}'$$,
    $$- '{2026-01-01:-9223372036854775808}'::dayseries$$,
    $$total('{2026-01-01:9223372036854775807,2026-01-02:1}'::dayseries)$$,
    $$by_month('{2026-01-01:9223372036854775807,2026-01-02:1}')$$,
    $$rolling_sum('{2026-01-01:9223372036854775807,2026-01-02:1}', 2)$$,
    $$rolling_sum('{2026-01-01:9223372036854775807,2026-01-02:1}', 1)$$,
    $$rolling_sum('{2026-01-01:9223372036854775807,2026-01-03:-9223372036854775808,2026-01-05:-1}', 2)$$,
    $$rolling_sum('{2026-01-01:1}', 0)$$,
    $$rolling_sum('{2026-01-01:1}', -1)$$,
    $$rolling_sum('{2026-01-01:1}', 2147483647)$$,
    $$by_week('{2026-01-01:1}', 0)$$,
    $$by_week('{2026-01-01:1}', 8)$$,
    $$by_month('{4714-11-24 BC:1}')$$,
    $$dayseries('infinity', 1)$$,
    $$dayseries_agg('-infinity'::date, 1)$$,
    $$sum(s) FROM (VALUES ('{2026-01-01:9223372036854775807}'::dayseries), ('{2026-01-01:1}')) AS rows (s)$$,
    $$dayseries_agg('2026-01-01'::date, v) FROM (VALUES (9223372036854775807), (1)) AS rows (v)$$,
    $$unnest('{}'::dayseries, '[2026-01-01,)')$$,
    $$sparkline('{}', '(,2026-01-01]')$$,
    $$sparkline('{}', '[0001-01-01,2000000-01-01]')$$,
    $$dayseries_sum_transfn('{}', '{}')$$]) WITH ORDINALITY AS expressions (expression, i)
 ORDER BY i;

-- In binary form nothing is put right: whatever is not just as it would be stored is refused.
CREATE TEMP TABLE received (s dayseries);
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
SELECT dayseries_send('{2026-01-01:3}') AS one_day, dayseries_send('{2026-01-01:1}') AS a_one, dayseries_send('{}') AS empty;
SELECT bytes, what, pg_temp.receive(bytes) AS answer
  FROM (VALUES
    (1, '\x2101c6120203'::bytea, 'as it is stored'),
    (2, '\x20', 'empty'),
    (3, '\x', 'nothing'),
    (4, '\x4101c6120203', 'another version'),
    (5, '\x2101c612020300', 'a byte too many'),
    (6, '\x2201c612020300', 'a value of two bytes that one could hold'),
    (7, '\x2101c6120201', 'a value of one byte that is 1'),
    (8, '\x2101c6120200', 'a value of 0'),
    (9, '\x2901c61202030000000000000000', 'values of nine bytes'),
    (10, '\x21', 'empty, but with a width'),
    (11, '\x30', 'empty, but of several segments'),
    (12, '\x2102c6120203', 'more bytes of days than there are'),
    (13, '\x21ffffffff0fc6120203', 'a length of 4 GB'),
    (14, '\x218100c6120203', 'a length in more bytes than it needs'),
    (15, '\x2101ffffffffffff0203', 'a position without an end'),
    (16, '\x2101feffffff0f0203', 'days after the last date'),
    (17, '\x2101c6120003', 'a byte of days that is zero'),
    (18, '\x2108c61202000000000000020303', 'a gap that has to split the days'),
    (19, '\x3102c612010203', 'one segment said to be several'),
    (20, '\x2101c6120703', 'more days than values')) AS cases (i, bytes, what)
 ORDER BY i;

-- A value cut short anywhere is refused, and so is one with a byte added.
SELECT pg_temp.receive(substr(bytes, 1, size)) AS answer, count(*)
  FROM (SELECT dayseries_send('{0001-01-01:-5,2026-01-01:300,2026-01-02:1,2026-06-01:70000}') AS bytes) AS sent,
       generate_series(0, length(bytes)) AS size
 GROUP BY answer
 ORDER BY answer;
SELECT s, count(*) FROM received GROUP BY s ORDER BY s;

-- Sizes, header included, in memory and in a table.
CREATE TEMP TABLE sizes (what text, s dayseries);
INSERT INTO sizes
SELECT '12 days of a month, below 128', dayseries_agg('2026-01-01'::date + i * 5 % 31, 1 + i * 10) FROM generate_series(1, 12) AS i;
INSERT INTO sizes
SELECT '30 days, all 1', dayseries_agg('2026-01-01'::date + i, 1) FROM generate_series(0, 29) AS i;
INSERT INTO sizes
SELECT '365 days, seconds', dayseries_agg('2026-01-01'::date + i, 10000 + i) FROM generate_series(0, 364) AS i;
INSERT INTO sizes VALUES
  ('a month and a day a thousand years ago', '{1026-01-01:1,2026-01-01:3,2026-01-31:2}'),
  ('empty', '{}');
SELECT what, cardinality(s), pg_column_size(s) AS stored, pg_column_size(s::text::dayseries) AS in_memory FROM sizes ORDER BY what;

-- A long one is compressed and moved out of its row, and read all the same.
CREATE TEMP TABLE toasted AS
SELECT dayseries_agg('1900-01-01'::date + i::int, i * i % 1009 - 504) AS s FROM generate_series(0::bigint, 49999) AS i;
SELECT pg_column_size(s) < pg_column_size(s::text::dayseries) AS compressed, cardinality(s), first_day(s), last_day(s), value_on(s, '2026-01-01') = d * d % 1009 - 504 AS value,
       total(s) = (SELECT sum(i * i % 1009 - 504) FROM generate_series(0::bigint, 49999) AS i) AS total, s = s::text::dayseries AS same_again
  FROM toasted, CAST('2026-01-01'::date - '1900-01-01'::date AS bigint) AS d;

-- A parallel plan adds up parts, with the same answer.
BEGIN;
CREATE TABLE parallel_series AS
SELECT i % 3 AS team, dayseries('2026-01-01'::date + i % 1000, i % 17 - 8) AS s, '2026-01-01'::date + i % 1000 AS day, i % 17 - 8 AS value
  FROM generate_series(1, 20000) AS i;
ANALYZE parallel_series;
CREATE TEMP TABLE serial_answer AS
SELECT team, sum(s) AS by_sum, dayseries_agg(day, value) AS by_agg FROM parallel_series GROUP BY team;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(s), dayseries_agg(day, value) FROM parallel_series;
SELECT bool_and(by_sum = sum AND by_agg = agg AND by_sum = by_agg) AS same, count(*)
  FROM serial_answer
  JOIN (SELECT team, sum(s), dayseries_agg(day, value) AS agg FROM parallel_series GROUP BY team) AS parallel_answer USING (team);
ROLLBACK;

-- Grouping, merge joins and hash joins go by the same equality.
BEGIN;
CREATE TEMP TABLE twice AS
SELECT i, dayseries('2026-01-01'::date + i % 7, i % 5) AS s FROM generate_series(1, 200) AS i;
SET LOCAL enable_hashagg = off;
SELECT count(*) AS groups, sum(n) AS rows FROM (SELECT s, count(*) AS n FROM twice GROUP BY s) AS groups;
SET LOCAL enable_hashagg = on;
SET LOCAL enable_sort = off;
SELECT count(*) AS groups, sum(n) AS rows FROM (SELECT s, count(*) AS n FROM twice GROUP BY s) AS groups;
SET LOCAL enable_sort = on;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
SELECT count(*) FROM twice AS a JOIN twice AS b USING (s);
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = on;
SELECT count(*) FROM twice AS a JOIN twice AS b USING (s);
ROLLBACK;

DROP TABLE received, sizes, toasted;
DROP FUNCTION pg_temp.error_of, pg_temp.receive;
