-- How fresh and how late events are: by ingested_at against event_ts.

CREATE VIEW @extschema@.event_freshness WITH (security_invoker = true) AS
SELECT coalesce(source, 'unknown') AS source,
       count(*) AS events,
       max(event_ts) AS latest_event_ts,
       max(ingested_at) AS latest_ingested_at,
       percentile_disc(0.50) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY ingested_at - event_ts) AS lag_p99,
       round(count(*) FILTER (WHERE ingested_at - event_ts > interval '1 hour')::numeric / count(*), 4) AS late_share
  FROM @extschema@.fct_event
 GROUP BY coalesce(source, 'unknown');

COMMENT ON VIEW @extschema@.event_freshness IS 'Freshness of the feed by client: one row a source';
COMMENT ON COLUMN @extschema@.event_freshness.source IS 'Client the events came from; unknown where that is null';
COMMENT ON COLUMN @extschema@.event_freshness.events IS 'Number of events';
COMMENT ON COLUMN @extschema@.event_freshness.latest_event_ts IS 'Latest time at which one happened';
COMMENT ON COLUMN @extschema@.event_freshness.latest_ingested_at IS 'Latest time at which one arrived';
COMMENT ON COLUMN @extschema@.event_freshness.lag_p50 IS 'Median lag from happening to arriving';
COMMENT ON COLUMN @extschema@.event_freshness.lag_p95 IS 'Lag that 95 % of the events do not exceed';
COMMENT ON COLUMN @extschema@.event_freshness.lag_p99 IS 'Lag that 99 % of the events do not exceed';
COMMENT ON COLUMN @extschema@.event_freshness.late_share IS 'Share of events that arrived more than an hour after they happened';

CREATE VIEW @extschema@.late_arrivals WITH (security_invoker = true) AS
WITH lags AS MATERIALIZED (
  SELECT @extschema@.event_day(event_ts) AS activity_date,
         -- The last day that was over when an event of this lag, happening as
         -- that day ended, has had the time to arrive by now
         -- (at the ends of time: as early as there is, or now)
         @extschema@.event_day(now() - extract(epoch FROM greatest(least(ingested_at - event_ts, now() - '4713-01-01Z BC'), interval '0'))
                                       * interval '1 second') - 1 AS arrived_for,
         count(*) AS events,
         count(*) FILTER (WHERE ingested_at - event_ts > interval '1 hour') AS late_1h,
         count(*) FILTER (WHERE ingested_at - event_ts > interval '24 hours') AS late_24h,
         count(*) FILTER (WHERE ingested_at - event_ts > interval '72 hours') AS late_72h
    FROM @extschema@.fct_event
   GROUP BY 1, 2
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
 GROUP BY activity_date;

COMMENT ON VIEW @extschema@.late_arrivals IS 'How late the events of each day arrived: one row a day with events';
COMMENT ON COLUMN @extschema@.late_arrivals.activity_date IS 'Day on which the events happened';
COMMENT ON COLUMN @extschema@.late_arrivals.events IS 'Number of events';
COMMENT ON COLUMN @extschema@.late_arrivals.late_1h IS 'Events that arrived more than 1 hour after they happened';
COMMENT ON COLUMN @extschema@.late_arrivals.late_24h IS 'Events that arrived more than 24 hours after they happened';
COMMENT ON COLUMN @extschema@.late_arrivals.late_72h IS 'Events that arrived more than 72 hours after they happened';
COMMENT ON COLUMN @extschema@.late_arrivals.expected_completeness IS 'Share of the day''s events that should have arrived by now: of the events of the 28 days that end as of the last day, the share whose lag is no more than the time since the day ended; null while the day is not over';
