-- How fresh and how late events are: by ingested_at against event_ts. Lags are
-- counted in buckets, settled and pending; all of that is sums.

CREATE VIEW @extschema@.event_freshness WITH (security_invoker = true) AS
SELECT source,
       events,
       -- Down the index from where the source's events end
       (SELECT event_ts
          FROM @extschema@.fct_event
         WHERE event_ts < happened_before AT TIME ZONE time_zone
           AND coalesce(fct_event.source, 'unknown') = counted.source
         ORDER BY event_ts DESC
         LIMIT 1) AS latest_event_ts,
       (SELECT ingested_at
          FROM @extschema@.fct_event
         WHERE ingested_at < (arrived_before + interval '1 day') AT TIME ZONE time_zone
           AND coalesce(fct_event.source, 'unknown') = counted.source
         ORDER BY ingested_at DESC
         LIMIT 1) AS latest_ingested_at,
       -- The bucket of the event that percentile_disc would take
       @extschema@.lag_bucket_middle(array_lower(up_to, 1) + width_bucket(ceil(0.50::double precision * events)::bigint - 1, up_to)) AS lag_p50,
       @extschema@.lag_bucket_middle(array_lower(up_to, 1) + width_bucket(ceil(0.95::double precision * events)::bigint - 1, up_to)) AS lag_p95,
       @extschema@.lag_bucket_middle(array_lower(up_to, 1) + width_bucket(ceil(0.99::double precision * events)::bigint - 1, up_to)) AS lag_p99,
       round((events - up_to[@extschema@.lag_bucket(interval '1 hour')])::numeric / events, 4) AS late_share
  FROM (SELECT source,
               up_to,
               up_to[array_upper(up_to, 1)] AS events,
               happened_before,
               arrived_before,
               (SELECT time_zone FROM @extschema@.usage_settings) AS time_zone
          FROM @extschema@.lag_distribution(ARRAY(SELECT lags FROM @extschema@.usage_totals
                                                  UNION ALL
                                                  SELECT lags FROM @extschema@.usage_pending))
         WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
        OFFSET 0) AS counted
UNION ALL
-- Where row security hides rows from the reader, from the events that are left
SELECT coalesce(source, 'unknown') AS source,
       count(*) AS events,
       max(event_ts) AS latest_event_ts,
       max(ingested_at) AS latest_ingested_at,
       percentile_disc(0.50) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p99,
       round(count(*) FILTER (WHERE ingested_at - event_ts > interval '1 hour')::numeric / count(*), 4) AS late_share
  FROM @extschema@.fct_event
 WHERE row_security_active('@extschema@.usage_totals'::regclass)
 GROUP BY coalesce(source, 'unknown');

COMMENT ON VIEW @extschema@.event_freshness IS 'Freshness of the feed by client: one row a source. Lags are counted in buckets, see lag_bucket(), so percentiles are within 1.6 % of the lag that percentile_disc gives; all else is exact. Purged events count, but are not among the latest';
COMMENT ON COLUMN @extschema@.event_freshness.source IS 'Client the events came from; unknown where that is null';
COMMENT ON COLUMN @extschema@.event_freshness.events IS 'Number of events';
COMMENT ON COLUMN @extschema@.event_freshness.latest_event_ts IS 'Latest time at which one happened; null where all were purged';
COMMENT ON COLUMN @extschema@.event_freshness.latest_ingested_at IS 'Latest time at which one arrived; null where all were purged';
COMMENT ON COLUMN @extschema@.event_freshness.lag_p50 IS 'Median lag from happening to arriving, within 1.6 %';
COMMENT ON COLUMN @extschema@.event_freshness.lag_p95 IS 'Lag that 95 % of the events do not exceed, within 1.6 %';
COMMENT ON COLUMN @extschema@.event_freshness.lag_p99 IS 'Lag that 99 % of the events do not exceed, within 1.6 %';
COMMENT ON COLUMN @extschema@.event_freshness.late_share IS 'Share of events that arrived more than an hour after they happened';

CREATE VIEW @extschema@.late_arrivals WITH (security_invoker = true) AS
(
WITH live AS MATERIALIZED (
  SELECT @extschema@.late_counts(ARRAY(SELECT lags FROM @extschema@.usage_totals
                                       UNION ALL
                                       SELECT lags FROM @extschema@.usage_pending)) AS counts
   WHERE NOT row_security_active('@extschema@.usage_totals'::regclass)
), days AS MATERIALIZED (
  SELECT counted.day AS activity_date,
         counted.value AS events,
         coalesce(@extschema@.value_on(late_1h, counted.day), 0) AS late_1h,
         coalesce(@extschema@.value_on(late_24h, counted.day), 0) AS late_24h,
         coalesce(@extschema@.value_on(late_72h, counted.day), 0) AS late_72h
    FROM (SELECT counts OPERATOR(@extschema@.->) 'events'::text AS events,
                 counts OPERATOR(@extschema@.->) 'late_1h'::text AS late_1h,
                 counts OPERATOR(@extschema@.->) 'late_24h'::text AS late_24h,
                 counts OPERATOR(@extschema@.->) 'late_72h'::text AS late_72h
            FROM live
          OFFSET 0) AS counts,
         @extschema@.unnest(counts.events) AS counted
), recent AS MATERIALIZED (
  SELECT lags.up_to
    FROM (SELECT max(activity_date) AS as_of_date
            FROM days
           WHERE activity_date <= @extschema@.event_day(now())) AS as_of,
         @extschema@.lag_distribution(ARRAY(SELECT lags FROM @extschema@.usage_totals WHERE month BETWEEN as_of_date - 58 AND as_of_date
                                            UNION ALL
                                            SELECT lags FROM @extschema@.usage_pending WHERE month BETWEEN as_of_date - 58 AND as_of_date),
                                      daterange(as_of_date - 28, as_of_date, '(]'),
                                      by_source => false) AS lags
)
SELECT activity_date,
       events,
       late_1h,
       late_24h,
       late_72h,
       CASE WHEN activity_date < @extschema@.event_day(now())
            -- The last bucket that is no longer than the time since the day
            -- ended: that before the bucket of a microsecond more
            THEN (SELECT round(up_to[@extschema@.lag_bucket(ended_at - interval '1 microsecond', now()) - 1]::numeric
                               / up_to[array_upper(up_to, 1)], 4)
                    FROM recent
                   CROSS JOIN (SELECT (activity_date + 1)::timestamp AT TIME ZONE (SELECT time_zone FROM @extschema@.usage_settings)) AS day (ended_at))
       END AS expected_completeness
  FROM days
)
UNION ALL
-- Where row security hides rows from the reader, from the events that are left
(
WITH lags AS MATERIALIZED (
  SELECT activity_date,
         arrived_for,
         count(*) AS events,
         count(*) FILTER (WHERE lag > interval '1 hour') AS late_1h,
         count(*) FILTER (WHERE lag > interval '24 hours') AS late_24h,
         count(*) FILTER (WHERE lag > interval '72 hours') AS late_72h
    FROM (SELECT @extschema@.event_day(event_ts) AS activity_date,
                 -- The last day that was over when an event of this lag,
                 -- happening as that day ended, has had the time to arrive by
                 -- now (at the ends of time: as early as there is, or now)
                 @extschema@.event_day(now() - extract(epoch FROM greatest(least(ingested_at - event_ts, now() - '4713-01-01Z BC'), interval '0'))
                                               * interval '1 second') - 1 AS arrived_for,
                 ingested_at - event_ts AS lag
            FROM @extschema@.fct_event
           WHERE row_security_active('@extschema@.usage_totals'::regclass)
          -- or the planner expects as many groups as there are times, and makes
          -- room for them before it knows that row security is not active
          OFFSET 0) AS event_lags
   GROUP BY activity_date, arrived_for
), as_of AS (
  SELECT max(activity_date) AS as_of_date
    FROM lags
   WHERE activity_date <= @extschema@.event_day(now())
), recent AS MATERIALIZED (
  SELECT arrived_for,
         sum(events) AS events
    FROM lags
    JOIN as_of
      ON activity_date > as_of_date - 28 AND activity_date <= as_of_date
   GROUP BY arrived_for
)
SELECT activity_date,
       sum(events)::bigint AS events,
       sum(late_1h)::bigint AS late_1h,
       sum(late_24h)::bigint AS late_24h,
       sum(late_72h)::bigint AS late_72h,
       CASE WHEN activity_date < @extschema@.event_day(now())
            THEN round((SELECT coalesce(sum(recent.events) FILTER (WHERE recent.arrived_for >= lags.activity_date), 0)
                               / sum(recent.events)
                          FROM recent), 4)
       END AS expected_completeness
  FROM lags
 GROUP BY activity_date
);

COMMENT ON VIEW @extschema@.late_arrivals IS 'How late the events of each day arrived: one row a day with events, purged days too';
COMMENT ON COLUMN @extschema@.late_arrivals.activity_date IS 'Day on which the events happened';
COMMENT ON COLUMN @extschema@.late_arrivals.events IS 'Number of events';
COMMENT ON COLUMN @extschema@.late_arrivals.late_1h IS 'Events that arrived more than 1 hour after they happened';
COMMENT ON COLUMN @extschema@.late_arrivals.late_24h IS 'Events that arrived more than 24 hours after they happened';
COMMENT ON COLUMN @extschema@.late_arrivals.late_72h IS 'Events that arrived more than 72 hours after they happened';
COMMENT ON COLUMN @extschema@.late_arrivals.expected_completeness IS 'Share of the day''s events that should have arrived by now: of the events of the 28 days that end as of the last day, the share whose lag is no more than the time since the day ended, or up to 3.1 % less than that time, as lags are counted in buckets; null while the day is not over';
