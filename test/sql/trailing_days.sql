-- trailing_days(): "trailing" without quotes.
SET datestyle = 'ISO';
SELECT trailing_days('{2026-01-01,2026-01-02,2026-03-01}', 3);

-- The same for random sets and windows
SELECT setseed(0.25);
SELECT count(*) FILTER (WHERE trailing_days(days, n) IS DISTINCT FROM "trailing"(days, n)) AS differing,
       count(*) FILTER (WHERE trailing_days(days, n) <> days) > 0 AS longer
  FROM (SELECT dayset_agg('2026-01-01'::date + (random() * 400)::integer) AS days,
               1 + number * 7 % 60 AS n
          FROM generate_series(1, 2000) AS number
         GROUP BY number % 200, number * 7 % 60) AS random;

-- and for what there is no window of
SELECT trailing_days(NULL, 3) IS NULL AS of_null, trailing_days('{2026-01-01}', NULL) IS NULL AS over_null;
SELECT trailing_days('{2026-01-01}', 0);
SELECT trailing_days('{5874897-12-31}', 2);
