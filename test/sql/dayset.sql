-- The type dayset: what it reads and writes, what it refuses, what can be asked of it and done with it.
BEGIN;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  detail text;
BEGIN
  EXECUTE statement INTO result;
  RETURN coalesce(result, 'null');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''));
END
$$;

-- In any order, with white space, overlapping, next to each other: there is one form of each set.
SELECT text AS input, text::dayset AS output
  FROM (VALUES
    (1, '{}'),
    (2, ' { } '),
    (3, '{2026-01-09,2026-01-01..2026-01-05}'),
    (4, E' { 2026-01-01\t..\n2026-01-02 , 2026-01-03 ,2026-01-02..2026-01-05, 2026-01-02 } '),
    (5, '{2026-01-01..2026-01-01}'),
    (6, '{2026-01-01,2026-01-02}'),
    (7, '{0044-03-15 BC,0001-12-31bc,0001-01-01,12026-01-01}'),
    (8, '{4714-11-24 BC,5874897-12-31}'),
    (9, '{2000-02-29,1600-02-29,0005-02-28 BC}')) AS inputs (n, text)
 ORDER BY n;

-- Dates are written as ISO has them, whatever DateStyle is, and read like that too.
SET LOCAL datestyle = 'German, DMY';
SELECT '{2026-01-02,0044-03-15 BC}'::dayset AS days, '2026-01-02'::date AS date;
SET LOCAL datestyle = 'ISO, MDY';

-- What is no set of days.
SELECT text AS input, pg_temp.try(format('SELECT %L::dayset', text)) AS error
  FROM (VALUES
    (1, ''), (2, '2026-01-01'), (3, '{'), (4, '{2026-01-01'), (5, '{2026-01-01,}'), (6, '{,2026-01-01}'), (7, '{2026-01-01;2026-01-02}'),
    (8, '{2026-01-01} x'), (9, '{}{}'), (10, '{2026-01-05..2026-01-01}'), (11, '{2026-01-01..}'), (12, '{2026-01-01...2026-01-02}'),
    (13, '{26-01-01}'), (14, '{2026-1-1}'), (15, '{01/02/2026}'), (16, '{infinity}'), (17, '{-infinity}'), (18, '{today}'), (19, '{2026-01-01 AD}'),
    (20, '{2026-01-01T00:00}'), (21, '{99999999-01-01}'), (22, '{2026-13-01}'), (23, '{2026-00-01}'), (24, '{2026-02-29}'), (25, '{2026-01-00}'),
    (26, '{0000-01-01}'), (27, '{0000-01-01 BC}'), (28, '{4714-11-23 BC}'), (29, '{5874898-01-01}'), (30, '[2026-01-01,2026-02-01)')) AS inputs (n, text)
 ORDER BY n;

-- The binary form is checked in full: whatever is not as dayset_send() writes it is refused.
CREATE TEMP TABLE received (days dayset);
CREATE FUNCTION pg_temp.receive(body bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message bytea := '\x5047434f50590aff0d0a00' || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(body)) || body || int2send(-1::int2);
  escaped text;
  detail text;
BEGIN
  DELETE FROM received;
  SELECT string_agg('\' || lpad((get_byte(message, i) / 64)::text || (get_byte(message, i) / 8 % 8)::text || (get_byte(message, i) % 8)::text, 3, '0'), '' ORDER BY i)
    INTO escaped FROM generate_series(0, length(message) - 1) AS i;
  EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)', format('printf ''%s''', escaped));
  RETURN (SELECT CASE WHEN dayset_send(days) = body THEN days::text ELSE 'other bytes' END FROM received);
EXCEPTION WHEN invalid_binary_representation THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, detail);
END
$$;
SELECT what, pg_temp.receive(body) AS result
  FROM (VALUES
    (1, 'a set as it was sent', dayset_send('{2026-01-01..2026-01-05,2026-01-09}')),
    (2, 'no days', dayset_send('{}')),
    (3, 'two segments', dayset_send('{2026-01-01,2026-12-31}')),
    (4, 'the first and the last date', dayset_send('{4714-11-24 BC,5874897-12-31}')),
    (5, 'nothing', ''),
    (6, 'another version', '\x2082040000ff'),
    (7, 'an unknown flag', '\x1282040000ff'),
    (8, 'no bytes of days', '\x1082040000'),
    (9, 'half a position', '\x108204'),
    (10, 'a first byte of zero', '\x108204000000ff'),
    (11, 'a last byte of zero', '\x1082040000ff00'),
    (12, 'a gap that should be another segment', '\x1082040000ff0000000000ff'),
    (13, 'a gap that should be no other segment', '\x118204000001ff0401ff'),
    (14, 'several segments that are one', '\x118204000001ff'),
    (15, 'several segments that are none', '\x11'),
    (16, 'a length that is too long', '\x118204000002ff0501ff'),
    (17, 'a length that is too short', '\x118204000001ff0501ff00'),
    (18, 'a length of nothing', '\x118204000001ff0500'),
    (19, 'a length in more bytes than it needs', '\x11820400008100ff0501ff'),
    (20, 'a length beyond all bounds', '\x1182040000ffffffff7fff'),
    (21, 'a gap beyond all bounds', '\x118204000001ffffffff7f01ff'),
    (22, 'a gap without an end', '\x118204000001ffff'),
    (23, 'a day before the first date', '\x10f452fbff40'),
    (24, 'a day after the last date', '\x10e152fb0f20'),
    (25, 'a place far from all dates', '\x10ffffff7f01')) AS cases (n, what, body)
 ORDER BY n;

-- Make and open up.
SELECT dayset('2026-01-30', '2026-02-02') AS days, dayset('2026-01-30', '2026-01-30') AS day;
SELECT ARRAY['2026-01-03', '2026-01-01', '2026-01-02', '2026-01-01']::date[]::dayset AS array, '{}'::date[]::dayset AS empty,
       '{[2026-01-01,2026-01-04),[2026-02-01,2026-02-01]}'::datemultirange::dayset AS multirange, '{}'::datemultirange::dayset AS no_range;
SELECT days::date[], days::datemultirange FROM (VALUES ('{2026-01-01..2026-01-03,2026-01-09}'::dayset), ('{}')) AS sets (days);
SELECT day FROM unnest('{2026-01-01..2026-01-03,2026-01-09}'::dayset) AS day;
SELECT expression, pg_temp.try('SELECT ' || expression) AS error
  FROM (VALUES
    (1, $$dayset('2026-01-02', '2026-01-01')$$),
    (2, $$dayset('2026-01-02', 'infinity')$$),
    (3, $$dayset('-infinity', '2026-01-01')$$),
    (4, $$'{2026-01-01,NULL}'::date[]::dayset$$),
    (5, $$'{2026-01-01,infinity}'::date[]::dayset$$),
    (6, $$'{[2026-01-01,)}'::datemultirange::dayset$$),
    (7, $$'{(,2026-01-01)}'::datemultirange::dayset$$),
    (8, $$'{[2026-01-01,infinity)}'::datemultirange::dayset$$),
    (9, $$'{5874897-12-31}'::dayset::datemultirange$$),
    (10, $$(dayset('2000-01-01', '5000000-01-01')::date[])[1]$$)) AS cases (n, expression)
 ORDER BY n;

-- Ask.
SELECT days, cardinality(days), isempty(days), first_day(days), last_day(days), longest_streak(days),
       current_streak(days, '2026-01-04') AS streak_04, current_streak(days, '2026-01-06') AS streak_06, current_streak(days, '2026-01-09') AS streak_09
  FROM (VALUES (1, '{}'::dayset), (2, '{2026-01-09}'), (3, '{2026-01-01..2026-01-05,2026-01-08..2026-01-09}'), (4, '{2024-01-01..2026-01-04}')) AS sets (n, days)
 ORDER BY n;
SELECT day, longest_streak(days, day), last_day(days, day)
  FROM (VALUES ('{2026-01-01..2026-01-05,2026-01-08..2026-01-09,2027-01-01}'::dayset), ('{}')) AS sets (days),
       unnest('{2025-12-31,2026-01-01,2026-01-03,2026-01-07,2026-12-31,2027-01-01,5874897-12-31}'::date[]) AS day
 ORDER BY days, day;
SELECT pg_temp.try($$SELECT longest_streak('{2026-01-01}'::dayset, 'infinity')$$) AS longest_streak, pg_temp.try($$SELECT last_day('{2026-01-01}'::dayset, '-infinity')$$) AS last_day;
SELECT '{2026-01-01..2026-01-05}'::dayset @> '2026-01-03'::date AS has_day, '{2026-01-01..2026-01-05}'::dayset @> '{2026-01-03,2026-01-06}' AS has_set,
       '2026-01-03'::date <@ '{2026-01-01..2026-01-05}'::dayset AS day_in, '{2026-01-03}' <@ '{2026-01-01..2026-01-05}'::dayset AS set_in,
       '{2026-01-01..2026-01-05}'::dayset && '{2026-01-05..2026-01-09}' AS overlap, '{2026-01-01}'::dayset && '{}' AS overlap_empty,
       '{}'::dayset <@ '{}' AS empty_in_empty, '{2026-01-01}'::dayset @> 'infinity'::date AS has_infinity;

-- Sets sort as their multiranges do.
SELECT string_agg(days::text, ' < ' ORDER BY days) AS sets, string_agg(days::text, ' < ' ORDER BY days::datemultirange) AS multiranges
  FROM (VALUES ('{2026-01-01}'::dayset), ('{}'), ('{2026-01-01..2026-01-02}'), ('{2026-01-01,2026-01-09}'), ('{2026-01-02}'), ('{2025-12-31,2026-02-01}')) AS sets (days);

-- Combine: with a set, a day, a range of days.
SELECT a + b AS "a + b", a * b AS "a * b", a - b AS "a - b", b - a AS "b - a"
  FROM (VALUES ('{2026-01-01..2026-01-05}'::dayset, '{2026-01-04..2026-01-07,2026-03-01}'::dayset)) AS sets (a, b);
SELECT a + '2026-01-08'::date AS plus, a * '2026-01-02'::date AS times, a * '2026-01-09'::date AS times_none, a - '2026-01-02'::date AS minus
  FROM (VALUES ('{2026-01-01..2026-01-05}'::dayset)) AS sets (a);
SELECT a + '[2026-01-05,2026-01-08)'::daterange AS plus, a * '[2026-01-05,2026-01-08)'::daterange AS times, a - '[2026-01-05,2026-01-08)'::daterange AS minus,
       a * '[2026-01-04,)'::daterange AS from_there, a - '(,2026-01-04]'::daterange AS after, a * '(,)'::daterange AS all, a + 'empty'::daterange AS nothing
  FROM (VALUES ('{2026-01-01..2026-01-05}'::dayset)) AS sets (a);
SELECT expression, pg_temp.try('SELECT ' || expression) AS error
  FROM (VALUES
    (1, $$'{2026-01-01}'::dayset + 'infinity'::date$$),
    (2, $$'{2026-01-01}'::dayset - '-infinity'::date$$),
    (3, $$'{2026-01-01}'::dayset * 'infinity'::date$$),
    (4, $$'{2026-01-01}'::dayset + '[2026-01-01,)'::daterange$$),
    (5, $$'{2026-01-01}'::dayset + '[2026-01-01,infinity]'::daterange$$)) AS cases (n, expression)
 ORDER BY n;

-- Time. TRAILING is a word of SQL's own: without a schema the name takes quotes.
SELECT "trailing"(days, 1) = days AS same, "trailing"(days, 3) AS trailing_3, "trailing"(days, 365) AS trailing_365, shift(days, 1) AS next_day, shift(days, -365) AS last_year
  FROM (VALUES ('{2026-01-01,2026-01-02,2026-03-01}'::dayset)) AS sets (days);
SELECT weeks(days) AS weeks, weeks(days, 7) AS from_sunday, months(days), quarters(days)
  FROM (VALUES ('{2026-01-01,2026-01-04,2026-01-05,2026-03-31,2026-04-01}'::dayset)) AS sets (days);
SELECT expression, pg_temp.try('SELECT ' || expression) AS error
  FROM (VALUES
    (1, $$"trailing"('{2026-01-01}'::dayset, 0)$$),
    (2, $$"trailing"('{2026-01-01}'::dayset, -1)$$),
    (3, $$"trailing"('{5874897-12-31}'::dayset, 1)$$),
    (4, $$"trailing"('{5874897-12-31}'::dayset, 2)$$),
    (5, $$"trailing"('{2026-01-01}'::dayset, 2147483647)$$),
    (6, $$"trailing"('{}'::dayset, 2147483647)$$),
    (7, $$shift('{5874897-12-31}'::dayset, 1)$$),
    (8, $$shift('{4714-11-24 BC}'::dayset, -1)$$),
    (9, $$shift('{4714-11-24 BC,2026-01-01}'::dayset, 2147483647)$$),
    (10, $$shift('{4714-11-24 BC}'::dayset, 2147483493)$$),
    (11, $$weeks('{2026-01-01}'::dayset, 0)$$),
    (12, $$weeks('{2026-01-01}'::dayset, 8)$$),
    (13, $$weeks('{4714-11-24 BC}'::dayset, 1)$$),
    (14, $$weeks('{4714-11-24 BC}'::dayset, 2)$$),
    (15, $$months('{4714-11-24 BC}'::dayset)$$)) AS cases (n, expression)
 ORDER BY n;

-- Sizes, in a row: a bit a day and a header, less where there are gaps.
CREATE TEMP TABLE sizes (n int, what text, days dayset, most int);
INSERT INTO sizes VALUES
  (1, 'no days', '{}', 4),
  (2, 'one day', '{2026-01-01}', 12),
  (3, 'three days in ten years', '{2016-03-05,2019-11-30,2025-12-31}', 40),
  (4, 'every other day of a year', (SELECT dayset_agg('2026-01-01'::date + i) FROM generate_series(0, 364, 2) AS i), 365 / 8 + 16),
  (5, 'ten years', dayset('2016-01-01', '2025-12-31'), 3653 / 8 + 16),
  (6, 'a year, and a day centuries ago', dayset('2026-01-01', '2026-12-31') + '1492-10-12'::date, 365 / 8 + 16 + 6);
SELECT what, pg_column_size(days) AS bytes, pg_column_size(days) <= most AS as_promised FROM sizes ORDER BY n;
-- However the days lie, the span decides: worst cases are gaps that are just too short, or just long enough, to be left out.
SELECT count(*) FILTER (WHERE length(dayset_send(days)) + 4 > 16 + (last_day(days) - first_day(days) + 1) / 8.0) AS too_large, count(*)
  FROM (SELECT dayset_agg('1900-01-01'::date + start + i * step) AS days
          FROM generate_series(0, 7) AS start, generate_series(1, 100) AS step, generate_series(0, 100) AS i
         GROUP BY start, step) AS sets;

-- Sets in an index, in a hash and in a merge; what ANALYZE sees tells how many rows have a day.
CREATE TEMP TABLE history AS
SELECT id, dayset_agg('2026-01-01'::date + (id * i * i + i) % 100) AS days FROM generate_series(1, 1000) AS id, generate_series(1, id % 7 + 1) AS i GROUP BY id;
CREATE INDEX ON history (days);
ANALYZE history;
SELECT count(DISTINCT days) = count(DISTINCT days::text) AS distinct FROM history;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM history WHERE days = '{2026-01-03}';
SELECT (SELECT count(*) FROM history WHERE days = '{2026-01-03}') = count(*) AS same, count(*) > 0 AS found FROM history WHERE days::text = '{2026-01-03}';
RESET enable_seqscan;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM history AS a JOIN history AS b USING (days);
SELECT count(*) AS hashed FROM history AS a JOIN history AS b USING (days) \gset
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = on;
SELECT count(*) = :hashed AS same, count(*) > 1000 AS many FROM history AS a JOIN history AS b USING (days);
CREATE FUNCTION pg_temp.estimate(condition text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) SELECT FROM history WHERE ' || condition INTO plan;
  RETURN plan -> 0 -> 'Plan' -> 'Plan Rows';
END
$$;
SELECT condition, pg_temp.estimate(condition) BETWEEN rows / 3.0 AND rows * 3.0 AS near
  FROM (SELECT 'days @> ''2026-01-03''::date' AS condition, count(*) AS rows FROM history WHERE days @> '2026-01-03'::date
        UNION ALL SELECT 'days && ''{2026-01-03..2026-01-20}''', count(*) FROM history WHERE days && '{2026-01-03..2026-01-20}') AS counted
 ORDER BY condition;

-- Names and operators that PostgreSQL has mean what they meant.
SELECT cardinality('{1,2}'::int[]), isempty('empty'::daterange), '{1,2}'::int[] @> '{1}' AS array,
       '2026-01-10' - '2026-01-01'::date AS days, '2026-01-01'::date - '2025-01-01' AS more_days, '2026-01-01'::date + 7 AS day,
       '[2026-01-01,2026-02-01)'::daterange * '[2026-01-10,2026-03-01)' AS range,
       '[2026-01-01,2026-02-01)'::daterange && '[2026-01-10,2026-03-01)' AS overlap, '{[2026-01-01,2026-02-01)}'::datemultirange @> '2026-01-10'::date AS in_multirange;
SELECT n FROM unnest('{1,2}'::int[]) AS n;
ROLLBACK;
