-- dayset on random values: each operation against the same on datemultirange, or on the days one by one.
BEGIN;
SET LOCAL datestyle = 'ISO';
SET LOCAL jit = off;
SELECT setseed(0.3141);

-- Whether all rows of a query are true, and how many there were.
CREATE TEMP TABLE checks (name text, cases bigint, wrong bigint);
CREATE PROCEDURE pg_temp.verify(name text, query text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO checks SELECT %L, count(*), count(*) FILTER (WHERE ok IS NOT true) FROM (%s) AS cases (ok)', name, query);
END
$$;

-- Sets of many kinds: months and decades, few and many days, far away, in one piece, none.
CREATE TEMP TABLE kinds AS
SELECT id,
       '2026-01-01'::date - (random() * 3000)::int AS start,
       (ARRAY[1, 31, 31, 64, 130, 365, 365, 3650, 100000])[1 + floor(random() * 9)::int] AS span,
       (ARRAY[0, 1, 3, 12, 20, 20, 40, 80])[1 + floor(random() * 8)::int] AS parts,
       (ARRAY[0, 0, 0, 2, 9, 70])[1 + floor(random() * 6)::int] AS longer
  FROM generate_series(0, 5999) AS id;
CREATE TEMP TABLE parts AS
SELECT id, first, first + (random() * longer)::int AS last
  FROM (SELECT id, longer, CASE WHEN random() < 0.005 THEN '4000-01-01 BC'::date + (random() * 4e6)::int ELSE start + floor(random() * span)::int END AS first
          FROM kinds, generate_series(1, parts) OFFSET 0) AS drawn;
CREATE TEMP TABLE sets AS
SELECT id, coalesce(range_agg(daterange(first, last, '[]')) FILTER (WHERE first IS NOT NULL), '{}') AS m,
       '{' || coalesce(string_agg(to_char(first, 'YYYY-MM-DD BC') || '..' || to_char(last, 'YYYY-MM-DD BC'), ',' ORDER BY random()), '') || '}' AS literal
  FROM kinds LEFT JOIN parts USING (id)
 GROUP BY id;
ALTER TABLE sets ADD days dayset;
UPDATE sets SET days = replace(literal, ' AD', '')::dayset;
CREATE TEMP TABLE days AS
SELECT id, r.lower + i AS day FROM sets, unnest(m) AS range, LATERAL (SELECT lower(range), upper(range)) AS r, generate_series(0, r.upper - r.lower - 1) AS i;
CREATE INDEX ON days (id);
ANALYZE;
SELECT count(*) > 200000 AS many_days, count(DISTINCT id) > 4000 AS many_sets FROM days;

-- In and out; equal sets have equal bytes and hashes, whatever they were made of.
CALL pg_temp.verify('from text', 'SELECT days::datemultirange = m FROM sets');
CALL pg_temp.verify('text there and back', 'SELECT dayset_send(days::text::dayset) = dayset_send(days) FROM sets');
CALL pg_temp.verify('from a multirange', 'SELECT dayset_send(m::dayset) = dayset_send(days) FROM sets');
CALL pg_temp.verify('aggregated', $$
  SELECT dayset_send(made) = dayset_send(days) AND dayset_hash(made) = dayset_hash(days) AND dayset_hash_extended(made, 7) = dayset_hash_extended(days, 7)
    FROM sets JOIN (SELECT id, dayset_agg(day ORDER BY random()) AS made FROM days GROUP BY id) AS aggregated USING (id)$$);
CALL pg_temp.verify('from an array', $$
  SELECT dayset_send(made) = dayset_send(days) FROM sets JOIN (SELECT id, array_agg(day ORDER BY random())::dayset AS made FROM days GROUP BY id) AS arrays USING (id)$$);
CALL pg_temp.verify('to an array', $$
  SELECT days::date[] = dates FROM sets JOIN (SELECT id, array_agg(day ORDER BY day) AS dates FROM days GROUP BY id) AS arrays USING (id)$$);
CALL pg_temp.verify('unnest', $$
  SELECT unnested = dates FROM (SELECT id, array_agg(day) AS unnested FROM sets, unnest(days) AS day GROUP BY id) AS rows
    JOIN (SELECT id, array_agg(day ORDER BY day) AS dates FROM days GROUP BY id) AS arrays USING (id)$$);
COPY (SELECT id, days FROM sets) TO PROGRAM 'cat >dayset.copy' WITH (FORMAT binary);
CREATE TEMP TABLE received (id int, days dayset);
COPY received FROM PROGRAM 'cat dayset.copy && rm dayset.copy' WITH (FORMAT binary);
CALL pg_temp.verify('binary there and back', 'SELECT dayset_send(received.days) = dayset_send(sets.days) FROM sets JOIN received USING (id)');
CALL pg_temp.verify('size', $$
  SELECT length(dayset_send(days)) + 4 <= 16 + (last_day(days) - first_day(days) + 1) / 8.0 FROM sets WHERE NOT isempty(days)$$);

-- Questions.
CALL pg_temp.verify('cardinality', 'SELECT cardinality(days) = (SELECT count(*) FROM days WHERE days.id = sets.id) FROM sets');
CALL pg_temp.verify('bounds', $$
  SELECT isempty(days) = isempty(m) AND first_day(days) IS NOT DISTINCT FROM lower(m) AND last_day(days) IS NOT DISTINCT FROM upper(m) - 1 FROM sets$$);
CALL pg_temp.verify('longest_streak', 'SELECT longest_streak(days) = (SELECT coalesce(max(upper(r) - lower(r)), 0) FROM unnest(m) AS r) FROM sets');
CALL pg_temp.verify('as of a day', $$
  SELECT longest_streak(days, day) = longest_streak(days * past) AND last_day(days, day) IS NOT DISTINCT FROM last_day(days * past)
    FROM (SELECT days, day, daterange(NULL, day, '[]') AS past
            FROM (SELECT days, coalesce(first_day(days), '2024-01-01') + (random() * 1.2 * coalesce(last_day(days) - first_day(days), 0))::int - 2 AS day FROM sets, generate_series(1, 5)) AS drawn) AS s$$);
CALL pg_temp.verify('has day', $$
  SELECT (s.days @> d.day) = (s.m @> d.day) AND (d.day <@ s.days) = (s.m @> d.day)
         AND current_streak(s.days, d.day) = coalesce((SELECT d.day - lower(r) + 1 FROM unnest(s.m) AS r WHERE r @> d.day), 0)
    FROM (SELECT *, row_number() OVER () AS n FROM days) AS d JOIN sets AS s ON s.id = (d.id + d.n % 2) % 6000$$);
-- Short sets, which are looked at in one go: beginning anywhere in a word, runs of all lengths, cut off anywhere.
CALL pg_temp.verify('short sets', $$
  SELECT cardinality(s, daterange(least(a, b), b, '[]')) = (SELECT count(*) FROM unnest(s) AS d WHERE d BETWEEN least(a, b) AND b)
         AND longest_streak(s, b) = (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM (SELECT d, d - row_number() OVER (ORDER BY d)::int AS run FROM unnest(s) AS d WHERE d <= b) AS r GROUP BY run) AS runs)
         AND last_day(s, b) IS NOT DISTINCT FROM (SELECT max(d) FROM unnest(s) AS d WHERE d <= b)
    FROM (SELECT s, first_day(s) + (random() * 300)::int - 10 AS a, first_day(s) + (random() * 300)::int - 10 AS b
            FROM (SELECT (SELECT dayset_agg(from_day + d) FROM generate_series(0, size) AS d WHERE d = 0 OR random() < filled OR d BETWEEN hole AND hole + run) AS s
                    FROM (SELECT date '1999-12-01' + (random() * 70)::int AS from_day, (random() * 280)::int AS size, random() AS filled, (random() * 280)::int AS hole, (random() * 40)::int AS run
                            FROM generate_series(1, 6000)) AS drawn) AS sets) AS s$$);

-- Pairs of sets: neighbours in the list, halves of the same, subsets.
CREATE TEMP TABLE pairs AS
SELECT a.days AS a, a.m AS ma, b.days AS b, b.m AS mb FROM sets AS a JOIN sets AS b ON b.id = (a.id + 1) % 6000
UNION ALL SELECT a.days, a.m, b.days, b.m FROM sets AS a JOIN sets AS b ON b.id = (a.id * 7 + 13) % 6000
UNION ALL SELECT days, m, (m * r)::dayset, m * r FROM (SELECT *, datemultirange(daterange('2020-01-01', '2020-01-01'::date + id % 3000)) AS r FROM sets) AS halved
UNION ALL SELECT days, m, (m + r)::dayset, m + r FROM (SELECT *, datemultirange(daterange(upper(m), upper(m) + id % 100)) AS r FROM sets WHERE NOT isempty(m)) AS longer;
CALL pg_temp.verify('plus', 'SELECT (a + b)::datemultirange = ma + mb FROM pairs');
CALL pg_temp.verify('times', 'SELECT (a * b)::datemultirange = ma * mb FROM pairs');
CALL pg_temp.verify('minus', 'SELECT (a - b)::datemultirange = ma - mb AND (b - a)::datemultirange = mb - ma FROM pairs');
CALL pg_temp.verify('contain', 'SELECT (a @> b) = (ma @> mb) AND (a <@ b) = (ma <@ mb) AND (b @> a) = (mb @> ma) FROM pairs');
CALL pg_temp.verify('overlap', 'SELECT (a && b) = (ma && mb) AND (b && a) = (ma && mb) FROM pairs');
CALL pg_temp.verify('compare', $$
  SELECT (a = b) = (ma = mb) AND (a <> b) = (ma <> mb) AND (a < b) = (ma < mb) AND (a <= b) = (ma <= mb) AND (a > b) = (ma > mb) AND (a >= b) = (ma >= mb)
         AND sign(dayset_cmp(a, b)) = -sign(dayset_cmp(b, a)) AND ((a = b) = (dayset_send(a) = dayset_send(b)))
    FROM pairs$$);
CALL pg_temp.verify('sort', 'SELECT rank() OVER (ORDER BY days) = rank() OVER (ORDER BY m) FROM sets');

-- Sets and ranges, which may have no bound.
CREATE TEMP TABLE slices AS
SELECT days, m, r, CASE id % 5 WHEN 0 THEN daterange(NULL, upper(r)) WHEN 1 THEN daterange(lower(r), NULL) WHEN 2 THEN daterange(lower(r), 'infinity') ELSE r END AS open
  FROM (SELECT *, daterange('2020-01-01'::date + (random() * 2500)::int, '2027-01-01'::date + (random() * 1000)::int) AS r FROM sets
        UNION ALL SELECT *, daterange(lower(m) + 1, upper(m) - 1) FROM sets WHERE upper(m) - lower(m) > 2
        UNION ALL SELECT *, 'empty' FROM sets WHERE id % 10 = 0) AS ranged;
CALL pg_temp.verify('plus range', 'SELECT (days + r)::datemultirange = m + datemultirange(r) FROM slices');
CALL pg_temp.verify('times range', 'SELECT (days * open)::datemultirange = m * datemultirange(open) FROM slices');
CALL pg_temp.verify('cardinality within', 'SELECT cardinality(days, open) = cardinality(days * open) FROM slices');
CALL pg_temp.verify('minus range', 'SELECT (days - open)::datemultirange = m - datemultirange(open) FROM slices');
CALL pg_temp.verify('plus, times, minus a day', $$
  SELECT (days + day)::datemultirange = m + r AND (days * day)::datemultirange = m * r AND (days - day)::datemultirange = m - r
    FROM (SELECT *, datemultirange(daterange(day, day, '[]')) AS r FROM (SELECT *, '2024-01-01'::date + id % 1000 AS day FROM sets) AS drawn) AS s$$);

-- Time.
CALL pg_temp.verify('trailing', $$
  SELECT "trailing"(days, n)::datemultirange = coalesce((SELECT range_agg(daterange(lower(r), upper(r) + n - 1)) FROM unnest(m) AS r), '{}')
    FROM sets, unnest(ARRAY[1, 2, 7, 28, 30, 63, 64, 65, 365, 5000]) AS n$$);
CALL pg_temp.verify('shift', $$
  SELECT shift(days, n)::datemultirange = coalesce((SELECT range_agg(daterange(lower(r) + n, upper(r) + n)) FROM unnest(m) AS r), '{}')
    FROM sets, unnest(ARRAY[0, 1, -1, 64, -64, 7, 365, -100000]) AS n$$);
CALL pg_temp.verify('weeks', $$
  SELECT weeks(days, week_start) = starts
    FROM sets JOIN (SELECT id, week_start, array_agg(day - (extract(isodow FROM day)::int - week_start + 7) % 7)::dayset AS starts
                      FROM days, generate_series(1, 7) AS week_start WHERE id % 7 = week_start - 1 OR week_start = 1 GROUP BY id, week_start) AS naive USING (id)$$);
CALL pg_temp.verify('months, quarters', $$
  SELECT months(days) = month_starts AND quarters(days) = quarter_starts
    FROM sets JOIN (SELECT id, array_agg(date_trunc('month', day)::date)::dayset AS month_starts, array_agg(date_trunc('quarter', day)::date)::dayset AS quarter_starts
                      FROM days GROUP BY id) AS naive USING (id)$$);

-- Laws.
CALL pg_temp.verify('commute', 'SELECT a + b = b + a AND a * b = b * a FROM pairs');
CALL pg_temp.verify('associate, distribute', $$
  SELECT (a + b) + c = a + (b + c) AND (a * b) * c = a * (b * c) AND a * (b + c) = a * b + a * c AND a + b * c = (a + b) * (a + c)
         AND a - (b + c) = (a - b) * (a - c) AND a - (b * c) = (a - b) + (a - c)
    FROM (SELECT a, b, lead(a, 3, a) OVER () AS c FROM pairs) AS triples$$);
CALL pg_temp.verify('take apart', $$
  SELECT isempty(a - a) AND a + a = a AND a * a = a AND (a - b) + a * b = a AND NOT (a - b) && b AND a * b <@ a AND a <@ a + b
         AND cardinality(a) + cardinality(b) = cardinality(a + b) + cardinality(a * b)
    FROM pairs$$);
CALL pg_temp.verify('time and sets', $$
  SELECT "trailing"(a + b, 30) = "trailing"(a, 30) + "trailing"(b, 30) AND "trailing"("trailing"(a, 7), 24) = "trailing"(a, 30)
         AND shift(shift(a, 100), -100) = a AND shift(a * b, 3) = shift(a, 3) * shift(b, 3)
         AND weeks(a + b) = weeks(a) + weeks(b) AND quarters(months(a)) = quarters(a)
    FROM pairs$$);

SELECT name, wrong, cases >= 4000 AS many FROM checks ORDER BY name;
SELECT sum(cases) > 700000 AS hundreds_of_thousands, sum(wrong) AS wrong FROM checks;
ROLLBACK;
