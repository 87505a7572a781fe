-- dayseries and dayseries_map on random values, each operation against plain SQL over rows of (day, value).
BEGIN;
SET LOCAL datestyle = 'ISO';
SELECT setseed(0.2026);

-- Compare the rows of two queries; anything but "same" is a fault.
CREATE FUNCTION pg_temp.compare(got text, expected text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  rows bigint;
  missing bigint;
  added bigint;
BEGIN
  EXECUTE format('CREATE TEMP TABLE got ON COMMIT DROP AS %s', got);
  EXECUTE format('CREATE TEMP TABLE expected ON COMMIT DROP AS %s', expected);
  SELECT count(*) INTO rows FROM expected;
  SELECT count(*) INTO missing FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM got) AS difference;
  SELECT count(*) INTO added FROM (SELECT * FROM got EXCEPT ALL SELECT * FROM expected) AS difference;
  DROP TABLE got, expected;
  RETURN CASE
    WHEN missing + added > 0 THEN format('%s rows missing, %s too many', missing, added)
    WHEN rows < 1000 THEN format('only %s rows to compare', rows)
    ELSE 'same'
  END;
END
$$;

-- Series of many kinds: months and decades, days far away, few and many days, values of all widths, ones, zeros.
CREATE TEMP TABLE kinds AS
SELECT id,
       '2026-01-01'::date - (random() * 3000)::int AS start,
       (ARRAY[1, 12, 31, 31, 31, 365, 3650, 100000])[1 + floor(random() * 8)::int] AS span,
       (ARRAY[0, 1, 5, 12, 12, 20, 40])[1 + floor(random() * 7)::int] AS days,
       (ARRAY[1, 1, 3, 100, 100, 200, 40000, 1e7, 1e10, 1e13, 1e15, 5e16])[1 + floor(random() * 12)::int]::numeric AS size
  FROM generate_series(1, 8000) AS id;
CREATE TEMP TABLE points AS
SELECT id,
       CASE WHEN random() < 0.01 THEN '0001-01-01'::date + (random() * 1e6)::int ELSE start + floor(random() * span)::int END AS day,
       CASE WHEN size = 1 THEN 1 ELSE round((random() * 1.5 - 0.5)::numeric * size) END::bigint AS value
  FROM kinds, generate_series(1, days);
CREATE TEMP TABLE totals AS
SELECT id, day, sum(value)::bigint AS value FROM points GROUP BY id, day HAVING sum(value) <> 0;
CREATE TEMP TABLE series AS
SELECT id, coalesce(dayseries_agg(day, value), '{}') AS s FROM kinds LEFT JOIN points USING (id) GROUP BY id;
ANALYZE;

-- In and out again: rows, text, binary. Whatever way a series was made in, equal ones have equal bytes.
SELECT pg_temp.compare('SELECT id, (unnest(s)).* FROM series', 'SELECT * FROM totals') AS unnest;
SELECT count(*) FILTER (WHERE s::text::dayseries <> s OR dayseries_send(s::text::dayseries) <> dayseries_send(s)) AS wrong, count(*) > 5000 AS many
  FROM series;
SELECT count(*) FILTER (WHERE s <> literal::dayseries OR dayseries_hash(s) <> dayseries_hash(literal::dayseries)) AS wrong, count(*) > 5000 AS many
  FROM series
  JOIN (SELECT id, '{' || string_agg(day || ':' || value, ' , ' ORDER BY random()) || '}' AS literal FROM points GROUP BY id) AS literals USING (id);
COPY series TO PROGRAM 'cat >dayseries.copy' WITH (FORMAT binary);
CREATE TEMP TABLE received (LIKE series);
COPY received FROM PROGRAM 'cat dayseries.copy && rm dayseries.copy' WITH (FORMAT binary);
SELECT pg_temp.compare('SELECT id, dayseries_send(s) FROM received', 'SELECT id, dayseries_send(s) FROM series') AS binary;
SELECT pg_temp.compare('SELECT id, key, value FROM series, jsonb_each_text(s::jsonb)', 'SELECT id, day::text, value::text FROM totals') AS jsonb;

-- Ask.
SELECT pg_temp.compare(
  'SELECT id, total(s)::numeric, cardinality(s)::bigint, first_day(s), last_day(s) FROM series WHERE NOT isempty(s)',
  'SELECT id, sum(value), count(*), min(day), max(day) FROM totals GROUP BY id') AS ask;
SELECT pg_temp.compare(
  'SELECT id, day, value_on(s, day) FROM series JOIN points USING (id)',
  'SELECT id, day, coalesce(totals.value, 0) FROM points LEFT JOIN totals USING (id, day)') AS value_on;
SELECT pg_temp.compare('SELECT id, unnest(days(s)) FROM series', 'SELECT id, day FROM totals WHERE value > 0') AS days;
SELECT pg_temp.compare('SELECT id, dayseries(days(s)) FROM series', 'SELECT id, coalesce(dayseries_agg(day, 1) FILTER (WHERE value > 0), ''{}'') FROM series LEFT JOIN totals USING (id) GROUP BY id') AS from_dayset;

-- Pairs.
CREATE TEMP TABLE pairs AS
SELECT a.id, b.id AS other, a.s AS a, b.s AS b FROM series AS a JOIN series AS b ON b.id = a.id % 8000 + 1
UNION ALL
SELECT id, id, s, s FROM series WHERE id <= 500;
SELECT pg_temp.compare(
  'SELECT id, other, (unnest(a + b)).* FROM pairs',
  'SELECT id, other, day, sum(value)::bigint AS value
     FROM (SELECT pairs.id, other, day, value FROM pairs JOIN totals ON totals.id = pairs.id UNION ALL SELECT pairs.id, other, day, value FROM pairs JOIN totals ON totals.id = other) AS rows
    GROUP BY 1, 2, 3 HAVING sum(value) <> 0') AS plus;
SELECT pg_temp.compare(
  'SELECT id, other, (unnest(a - b)).* FROM pairs',
  'SELECT id, other, day, sum(value)::bigint AS value
     FROM (SELECT pairs.id, other, day, value FROM pairs JOIN totals ON totals.id = pairs.id UNION ALL SELECT pairs.id, other, day, -value FROM pairs JOIN totals ON totals.id = other) AS rows
    GROUP BY 1, 2, 3 HAVING sum(value) <> 0') AS minus;
SELECT pg_temp.compare('SELECT id, (unnest(- s)).* FROM series', 'SELECT id, day, -value FROM totals') AS negative;
SELECT count(*) FILTER (WHERE a + b <> b + a) AS commutative,
       count(*) FILTER (WHERE (a + b) + c <> a + (b + c)) AS associative,
       count(*) FILTER (WHERE a + '{}' <> a OR a - '{}' <> a OR '{}' - a <> - a) AS neutral,
       count(*) FILTER (WHERE NOT isempty(a - a) OR a - b <> a + - b OR (a + b) - b <> a) AS inverse,
       count(*) FILTER (WHERE - (- a) <> a) AS involution,
       count(*) FILTER (WHERE (a + b) * range <> a * range + b * range) AS distributive,
       count(*) FILTER (WHERE rolling_sum(a, n) + rolling_sum(b, n) <> rolling_sum(a + b, n)) AS rolling_linear,
       count(*) FILTER (WHERE by_week(a) + by_week(b) <> by_week(a + b) OR by_month(a) + by_month(b) <> by_month(a + b)) AS periods_linear,
       count(*) FILTER (WHERE total(by_week(a)) <> total(a) OR total(by_quarter(a)) <> total(a) OR by_quarter(by_month(a)) <> by_quarter(a)) AS periods_whole,
       count(*) > 5000 AS many
  FROM (SELECT a, b, lag(a, 1, '{}') OVER (ORDER BY id, other) AS c, daterange(start, start + span) AS range, 1 + id % 50 AS n FROM pairs JOIN kinds USING (id)) AS triples;
SELECT count(*) FILTER (WHERE (a = b) <> (a::text = b::text) OR (a = b) = (a <> b)) AS equality,
       count(*) FILTER (WHERE (a < b)::int + (a = b)::int + (a > b)::int <> 1 OR (a <= b) = (a > b) OR (a >= b) = (a < b)) AS order,
       count(*) FILTER (WHERE a = b AND (dayseries_hash(a) <> dayseries_hash(b) OR dayseries_hash_extended(a, 7) <> dayseries_hash_extended(b, 7))) AS hash,
       count(*) FILTER (WHERE a = b) >= 500 AS equal_ones
  FROM pairs;
SELECT count(*) AS not_transitive
  FROM (SELECT s, lag(s) OVER (ORDER BY s) AS before, lag(s, 10) OVER (ORDER BY s) AS long_before FROM series) AS sorted
 WHERE before > s OR long_before > s;

-- Slices and time.
SELECT pg_temp.compare(
  'SELECT id, (unnest(s * daterange(start + 3, start + span - 3 * (span > 10)::int))).* FROM series JOIN kinds USING (id) WHERE span > 3',
  'SELECT id, day, value FROM totals JOIN kinds USING (id) WHERE span > 3 AND day >= start + 3 AND day < start + span - 3 * (span > 10)::int') AS slice;
SELECT pg_temp.compare(
  'SELECT id, day, value FROM series JOIN kinds USING (id), each_day(s, daterange(start - 5, start + least(span, 40))) WHERE id <= 2000',
  'SELECT kinds.id, start + i, coalesce(value, 0)
     FROM kinds CROSS JOIN LATERAL generate_series(-5, least(span, 40) - 1) AS i LEFT JOIN totals ON totals.id = kinds.id AND day = start + i
    WHERE kinds.id <= 2000') AS each_day;
SELECT pg_temp.compare(
  'SELECT id, (unnest(rolling_sum(s, 1 + id % 40))).* FROM series WHERE id <= 2000',
  'SELECT id, day + i AS day, sum(value)::bigint AS value FROM totals, generate_series(0, id % 40) AS i WHERE id <= 2000 GROUP BY 1, 2 HAVING sum(value) <> 0') AS rolling_sum;
SELECT pg_temp.compare(
  'SELECT id, week_start, (unnest(by_week(s, week_start))).* FROM series, generate_series(1, 7) AS week_start WHERE id <= 4000',
  'SELECT id, week_start, day - (extract(isodow FROM day)::int - week_start + 7) % 7, sum(value)::bigint FROM totals, generate_series(1, 7) AS week_start WHERE id <= 4000 GROUP BY 1, 2, 3 HAVING sum(value) <> 0') AS by_week;
SELECT pg_temp.compare(
  'SELECT id, (unnest(by_month(s))).* FROM series',
  'SELECT id, date_trunc(''month'', day::timestamp)::date, sum(value)::bigint FROM totals GROUP BY 1, 2 HAVING sum(value) <> 0') AS by_month;
SELECT pg_temp.compare(
  'SELECT id, (unnest(by_quarter(s))).* FROM series',
  'SELECT id, date_trunc(''quarter'', day::timestamp)::date, sum(value)::bigint FROM totals GROUP BY 1, 2 HAVING sum(value) <> 0') AS by_quarter;
SELECT count(*) FILTER (WHERE length(line) <> span OR line !~ '^[·▁▂▃▄▅▆▇█-]*$'
                           OR length(replace(line, '·', '')) <> cardinality(shown)
                           OR length(line) - length(replace(line, '-', '')) <> cardinality(shown) - cardinality(days(shown))
                           OR (line ~ '█') = isempty(days(shown))) AS wrong,
       count(*) > 1000 AS many
  FROM (SELECT span, s * daterange(start, start + span) AS shown, sparkline(s, daterange(start, start + span)) AS line FROM series JOIN kinds USING (id) WHERE span <= 365) AS lines;

-- Sums, by groups and over moving frames.
SELECT pg_temp.compare(
  'SELECT team, (unnest(sum)).* FROM (SELECT id % 50 AS team, sum(s) FROM series GROUP BY team) AS sums',
  'SELECT id % 50, day, sum(value)::bigint FROM totals GROUP BY 1, 2 HAVING sum(value) <> 0') AS sum;
SELECT pg_temp.compare(
  'SELECT id, sum(s) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM series WHERE id <= 3000',
  'SELECT id, lag(s, 2, ''{}'') OVER w + lag(s, 1, ''{}'') OVER w + s + lead(s, 1, ''{}'') OVER w FROM series WHERE id <= 3000 WINDOW w AS (ORDER BY id)') AS moving_sum;
SELECT pg_temp.compare(
  'SELECT id, (unnest(total)).* FROM (SELECT id, dayseries_agg(day, value) OVER (PARTITION BY id ORDER BY day, value ROWS UNBOUNDED PRECEDING) AS total FROM points WHERE id <= 500) AS running',
  'SELECT p.id, q.day, sum(q.value)::bigint
     FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY day, value) AS n FROM points WHERE id <= 500) AS p
     JOIN (SELECT *, row_number() OVER (PARTITION BY id ORDER BY day, value) AS n FROM points WHERE id <= 500) AS q ON q.id = p.id AND q.n <= p.n
    GROUP BY p.id, p.n, q.day HAVING sum(q.value) <> 0') AS running_agg;

-- Maps: the same, label by label.
CREATE TEMP TABLE map_points AS
SELECT id % 3000 AS id, 'label ' || (random() * 9)::int || repeat('.', (random() * random() * 100)::int * (id % 7 = 0)::int) AS label, day, value
  FROM points;
CREATE TEMP TABLE map_totals AS
SELECT id, label, day, sum(value)::bigint AS value FROM map_points GROUP BY id, label, day HAVING sum(value) <> 0;
CREATE TEMP TABLE maps AS
SELECT id, dayseries_map_agg(label, day, value) AS m FROM map_points GROUP BY id;
ANALYZE map_totals, maps;

SELECT pg_temp.compare('SELECT id, label, day, value FROM maps, each(m), unnest(series)', 'SELECT * FROM map_totals') AS each;
SELECT count(*) FILTER (WHERE m::text::dayseries_map <> m OR dayseries_map_send(m::text::dayseries_map) <> dayseries_map_send(m)) AS wrong, count(*) > 2000 AS many FROM maps;
SELECT count(*) FILTER (WHERE m <> literal::dayseries_map OR dayseries_map_hash(m) <> dayseries_map_hash(literal::dayseries_map)) AS wrong, count(*) > 2000 AS many
  FROM maps
  JOIN (SELECT id, '{' || string_agg('"' || label || '" = {' || day || ':' || value || '}', ',' ORDER BY random()) || '}' AS literal FROM map_points GROUP BY id) AS literals USING (id);
COPY maps TO PROGRAM 'cat >dayseries_map.copy' WITH (FORMAT binary);
CREATE TEMP TABLE received_maps (LIKE maps);
COPY received_maps FROM PROGRAM 'cat dayseries_map.copy && rm dayseries_map.copy' WITH (FORMAT binary);
SELECT pg_temp.compare('SELECT id, dayseries_map_send(m) FROM received_maps', 'SELECT id, dayseries_map_send(m) FROM maps') AS binary;
SELECT pg_temp.compare('SELECT id, label, m -> label FROM maps, unnest(labels(m)) AS label', 'SELECT id, label, dayseries_agg(day, value) FROM map_totals GROUP BY id, label') AS get;
SELECT count(*) FILTER (WHERE (m -> (label || '!')) IS NOT NULL OR (m -> left(label, -1)) IS NOT NULL AND left(label, -1) <> ALL (labels(m)) OR m -> '~' IS NOT NULL) AS wrong, count(*) > 5000 AS many
  FROM maps, unnest(labels(m)) AS label;
SELECT count(*) FILTER (WHERE cardinality(m) <> cardinality(labels(m)) OR labels(m) <> ARRAY(SELECT label FROM unnest(labels(m)) AS label ORDER BY label COLLATE "C")) AS wrong FROM maps;
SELECT pg_temp.compare('SELECT id, (unnest(total_series(m))).* FROM maps', 'SELECT id, day, sum(value)::bigint FROM map_totals GROUP BY id, day HAVING sum(value) <> 0') AS total_series;
SELECT pg_temp.compare(
  'SELECT id, label, day, value FROM (SELECT id, m * daterange(''2020-01-01'', ''2024-01-01'') AS m FROM maps) AS slices, each(m), unnest(series)',
  'SELECT * FROM map_totals WHERE day >= ''2020-01-01'' AND day < ''2024-01-01''') AS slice;
CREATE TEMP TABLE map_pairs AS SELECT a.id, a.m AS a, b.m AS b, c.m AS c FROM maps AS a JOIN maps AS b ON b.id = (a.id + 1) % 3000 JOIN maps AS c ON c.id = (a.id * 7) % 3000;
SELECT pg_temp.compare(
  'SELECT id, label, day, value FROM map_pairs, each(a + b), unnest(series)',
  'SELECT id, label, day, sum(value)::bigint FROM (SELECT map_pairs.id, label, day, value FROM map_pairs JOIN map_totals USING (id) UNION ALL SELECT map_pairs.id, label, day, value FROM map_pairs JOIN map_totals ON map_totals.id = (map_pairs.id + 1) % 3000) AS rows
    GROUP BY 1, 2, 3 HAVING sum(value) <> 0') AS plus;
SELECT count(*) FILTER (WHERE a + b <> b + a OR (a + b) + c <> a + (b + c)) AS sum,
       count(*) FILTER (WHERE NOT isempty(a - a) OR a - b <> a + - b OR (a + b) - b <> a OR - (- a) <> a OR a + '{}' <> a OR '{}' - a <> - a) AS difference,
       count(*) FILTER (WHERE total_series(a + b) <> total_series(a) + total_series(b)) AS total,
       count(*) FILTER (WHERE (a = b) <> (a::text = b::text) OR (a < b)::int + (a = b)::int + (a > b)::int <> 1 OR (a <= b) = (a > b) OR (a >= b) = (a < b) OR (a <> b) = (a = b)) AS comparison,
       count(*) FILTER (WHERE total_series(by_category(a)) <> total_series(a) OR by_category(a) <> dayseries_map('unknown', total_series(a))) AS categories,
       count(*) > 2000 AS many
  FROM map_pairs;
SELECT pg_temp.compare(
  'SELECT team, label, day, value FROM (SELECT id % 20 AS team, sum(m) AS m FROM maps GROUP BY team) AS sums, each(m), unnest(series)',
  'SELECT id % 20, label, day, sum(value)::bigint FROM map_totals GROUP BY 1, 2, 3 HAVING sum(value) <> 0') AS sum;
SELECT pg_temp.compare(
  'SELECT team, label, day, value FROM (SELECT id % 20 AS team, count_by_day(m) AS m FROM maps GROUP BY team) AS counts, each(m), unnest(series)',
  'SELECT id % 20, label, day, count(*) FROM map_totals WHERE value > 0 GROUP BY 1, 2, 3') AS count_by_day;
SELECT pg_temp.compare(
  'SELECT id, sum(m) OVER (ORDER BY id ROWS 1 PRECEDING) FROM maps',
  'SELECT id, lag(m, 1, ''{}'') OVER (ORDER BY id) + m FROM maps') AS moving_sum;
ROLLBACK;
