-- From raw events only.
SELECT
  coalesce(source, 'unknown') AS source,
  count(*) AS events,
  epoch(max(event_ts)) AS latest_event_ts,
  epoch(max(ingested_at)) AS latest_ingested_at,
  quantile_disc(epoch(ingested_at) - epoch(event_ts), 0.50) AS lag_p50,
  quantile_disc(epoch(ingested_at) - epoch(event_ts), 0.95) AS lag_p95,
  quantile_disc(epoch(ingested_at) - epoch(event_ts), 0.99) AS lag_p99,
  round(count(*) FILTER (WHERE ingested_at - event_ts > INTERVAL 1 HOUR) / count(*), 4) AS late_share
FROM fct_event
GROUP BY ALL
ORDER BY source
