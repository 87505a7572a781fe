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

-- Maps of events by source and lag, against the events one by one: three maps and none, with sources of all kinds
CREATE TEMP TABLE event AS
SELECT n % 3 AS part,
       (ARRAY['web', 'api', 'my app', 'my', 'my 7', 'x -1 '])[1 + n % 6] AS source,
       '2026-01-01'::date + (random() ^ 2 * 70)::integer AS day,
       ((random() - 0.1) ^ 3 * 200 * 3600)::integer * interval '1 second' AS lag
  FROM generate_series(1, 20000) AS n;
CREATE TEMP TABLE maps AS
SELECT part, dayseries_map_agg(source || ' ' || lag_bucket(lag), day, 1) AS lags FROM event GROUP BY part
 UNION ALL
SELECT 3, NULL;
-- Taken back elsewhere than where it was added
UPDATE maps SET lags = lags + '{"gone 5"={2026-01-01:1,2026-03-01:2}}' WHERE part = 0;
UPDATE maps SET lags = lags - '{"gone 5"={2026-01-01:1,2026-03-01:2}}' WHERE part = 1;
SELECT count(*) AS days,
       count(*) FILTER (WHERE (counted.events, coalesce(counted.late_1h, 0), coalesce(counted.late_24h, 0), coalesce(counted.late_72h, 0))
                          IS DISTINCT FROM (plain.events, plain.late_1h, plain.late_24h, plain.late_72h)) AS wrong
  FROM (SELECT day, value AS events, value_on(counts -> 'late_1h', day) AS late_1h, value_on(counts -> 'late_24h', day) AS late_24h, value_on(counts -> 'late_72h', day) AS late_72h
          FROM (SELECT late_counts(array_agg(lags)) AS counts FROM maps) AS late, unnest(counts -> 'events') AS series (day, value)) AS counted
  FULL JOIN (SELECT day, count(*) AS events, count(*) FILTER (WHERE lag > interval '1 hour') AS late_1h,
                    count(*) FILTER (WHERE lag > interval '24 hours') AS late_24h, count(*) FILTER (WHERE lag > interval '72 hours') AS late_72h
               FROM event GROUP BY day) AS plain USING (day);
CREATE TEMP TABLE distribution AS
SELECT days, counted.*
  FROM unnest('{"(,)", "[2026-01-20,2026-02-11)", "[2026-03-01,)", "empty"}'::daterange[]) AS days,
       lag_distribution(ARRAY(SELECT lags FROM maps), days) AS counted;
SELECT days, count(*) AS sources,
       count(*) FILTER (WHERE array_lower(up_to, 1) <> -2024 OR array_upper(up_to, 1) <> 2024) AS odd,
       count(*) FILTER (WHERE happened_before <> (SELECT max(day) + 1 FROM event WHERE event.source = distribution.source AND day <@ days)
                           OR arrived_before <= (SELECT max(day + lag) FROM event WHERE event.source = distribution.source AND day <@ days)) AS wrong
  FROM distribution
 GROUP BY days
 ORDER BY days;
SELECT count(*) > 1000 AS many, count(*) FILTER (WHERE counted.events IS DISTINCT FROM plain.events) AS wrong
  FROM (SELECT days, source, bucket, up_to[bucket] - coalesce(up_to[bucket - 1], 0) AS events FROM distribution, generate_series(-2024, 2024) AS bucket) AS counted
  FULL JOIN (SELECT days, source, lag_bucket(lag) AS bucket, count(*) AS events
               FROM event JOIN (SELECT DISTINCT days FROM distribution) AS ranges ON day <@ days GROUP BY 1, 2, 3) AS plain USING (days, source, bucket)
 WHERE counted.events <> 0 OR plain.events <> 0;
SELECT source, up_to[2024] = (SELECT count(*) FROM event) AS all_events, up_to[0] = (SELECT count(*) FROM event WHERE lag <= '0') AS early
  FROM lag_distribution(ARRAY(SELECT lags FROM maps), by_source => false);
-- At the end of time there is no moment after.
SELECT source, happened_before, arrived_before
  FROM lag_distribution(ARRAY['{"web 2024"={2026-01-01:1},"api 1900"={0001-01-01:1},"x 0"={294276-12-31:1}}'::dayseries_map])
 ORDER BY source;
SELECT late_counts('{}'), (SELECT count(*) FROM lag_distribution('{}')) AS sources;
CALL pg_temp.fails($$late_counts(ARRAY['{web={2026-01-01:1}}'::dayseries_map])$$);
CALL pg_temp.fails($$late_counts(ARRAY['{" 5"={2026-01-01:1}}'::dayseries_map])$$);
CALL pg_temp.fails($$late_counts(ARRAY['{"web 2025"={2026-01-01:1}}'::dayseries_map])$$);
CALL pg_temp.fails($$late_counts(ARRAY['{"web 12345678901"={2026-01-01:1}}'::dayseries_map])$$);
CALL pg_temp.fails($$lag_distribution(ARRAY['{"web -"={2026-01-01:1}}'::dayseries_map])$$);

-- Where row security hides totals, the views count the events that the reader sees.
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 2) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(n), 'member' FROM generate_series(1, 2) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at, source)
SELECT id_from_bigint(n), id_from_bigint(n), 'app_open', '2026-01-01 00:00Z', '2026-01-01 00:00Z'::timestamptz + n * interval '75 minutes', 'web' FROM generate_series(1, 2) AS n;
SELECT * FROM event_freshness;
SELECT * FROM late_arrivals;
CREATE ROLE lags_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO lags_reader;
ALTER TABLE fct_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_totals ENABLE ROW LEVEL SECURITY;
CREATE POLICY lags_reader ON fct_event TO lags_reader USING (account_id = id_from_bigint(2));
SET LOCAL ROLE lags_reader;
SELECT * FROM event_freshness;
SELECT * FROM late_arrivals;
ROLLBACK;
