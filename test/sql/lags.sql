-- Buckets of lags: the edges, and lags drawn from the whole range.
BEGIN;
SET LOCAL intervalstyle = 'postgres';
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';

-- 1, 24 and 72 hours end a bucket, and belong to it; negative lags are mirrored.
SELECT lag, lag_bucket(lag) AS bucket, lag_bucket(lag + interval '1 microsecond') AS after, lag_bucket(-lag) AS negative,
       lag_bucket(-lag + interval '1 microsecond') AS after_negative, lag_bucket_upper(lag_bucket(lag)) AS upper
  FROM unnest('{00:00:00, 01:00:00, 24:00:00, 72:00:00}'::interval[]) AS lag;
SELECT bucket, lag_bucket_upper(bucket) AS upper, lag_bucket_middle(bucket) AS middle
  FROM unnest('{-2024, -1024, -993, -1, 0, 1, 1023, 1024, 1025, 1168, 1220, 2024}'::integer[]) AS bucket;

-- The longest lags that there are, and what cannot be
SELECT lag_bucket('4714-11-24 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00') AS longest,
       lag_bucket('294276-12-31 23:59:59.999999+00', '4714-11-24 00:00:00+00 BC') AS shortest;
CREATE PROCEDURE pg_temp.fails(expression text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT ' || expression;
  RAISE WARNING '% succeeded', expression;
EXCEPTION WHEN OTHERS THEN
  RAISE INFO '% %', sqlstate, sqlerrm;
END
$$;
CALL pg_temp.fails($$lag_bucket('infinity', now())$$);
CALL pg_temp.fails($$lag_bucket(now(), '-infinity')$$);
CALL pg_temp.fails($$lag_bucket(interval '400000 years')$$);
CALL pg_temp.fails($$lag_bucket(interval '-400000 years')$$);
CALL pg_temp.fails($$lag_bucket(make_interval(months => 2147483647, days => 2147483647))$$);
CALL pg_temp.fails($$lag_bucket_upper(2025)$$);
CALL pg_temp.fails($$lag_bucket_middle(-2025)$$);

-- Random lags of every magnitude, up to half a million years, and every edge in microseconds
CREATE TEMP TABLE lags AS
SELECT us, us / 86400000000 * interval '1 day' + us % 86400000000 * interval '1 microsecond' AS lag
  FROM (SELECT (CASE WHEN random() < 0.3 THEN -1 ELSE 1 END * 2 ^ (random() * 62.99))::bigint AS us
          FROM (SELECT setseed(0.2718)) AS seed, generate_series(1, 100000)
         UNION ALL
        SELECT sign * (floor(112500000::numeric * (32 + part) * 2::numeric ^ doublings)::bigint + off)
          FROM generate_series(-20, 30) AS doublings, generate_series(1, 32) AS part, unnest('{-1, 0, 1}'::integer[]) AS off, unnest('{-1, 1}'::integer[]) AS sign
         WHERE 112500000::numeric * (32 + part) * 2::numeric ^ doublings < 9e18
         UNION ALL
        SELECT generate_series(-2000, 2000)) AS drawn;
ALTER TABLE lags ADD bucket integer;
UPDATE lags SET bucket = lag_bucket(lag);
SELECT count(*) > 100000 AS many, count(DISTINCT bucket) > 3500 AS most_buckets FROM lags;

-- The bucket once more: the least whose upper edge, (32 + part) / 32 * 2 ^ doublings hours, is not below the lag. In whole numbers.
CREATE FUNCTION pg_temp.ends_before(number integer, us bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
SELECT 3600000000 * (32 + part) * 2::numeric ^ greatest(doublings, 0) < us::numeric * 32 * 2::numeric ^ greatest(-doublings, 0)
  FROM (SELECT floor((number - 1) / 32.0)) AS quotient (doublings),
       LATERAL (SELECT number - 32 * doublings) AS remainder (part)
$$;
SELECT count(*) AS wrong
  FROM lags
 WHERE sign(us) <> sign(bucket)
    OR us <> 0 AND (pg_temp.ends_before(abs(bucket) - 1024, abs(us)) OR NOT pg_temp.ends_before(abs(bucket) - 1025, abs(us)));
-- In the order of lags
SELECT count(*) AS wrong
  FROM (SELECT us, bucket, lag(bucket) OVER (ORDER BY us) AS bucket_before FROM lags) AS ordered
 WHERE bucket < bucket_before;
-- Each lag lies between the edges of its bucket, and close to its middle.
SELECT count(*) FILTER (WHERE NOT lag <= lag_bucket_upper(bucket)) AS above,
       count(*) FILTER (WHERE NOT lag > lag_bucket_upper(bucket - 1)) AS below,
       count(*) FILTER (WHERE lag_bucket(lag_bucket_middle(bucket)) <> bucket) AS elsewhere,
       count(*) FILTER (WHERE abs(extract(epoch FROM lag_bucket_middle(bucket)) * 1000000 - us) > abs(us) / 64.0 + 0.5) AS far
  FROM lags;
-- Of two moments it is the same.
SELECT count(*) AS wrong
  FROM lags
 WHERE abs(us) < 1e17
   AND lag_bucket('2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00'::timestamptz + lag) <> bucket;
ROLLBACK;
