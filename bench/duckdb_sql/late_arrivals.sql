-- From raw events only.
SELECT
  CAST(event_ts AS DATE) AS activity_date,
  count(*) AS events,
  count(*) FILTER (WHERE ingested_at - event_ts > INTERVAL 1 HOUR) AS late_1h,
  count(*) FILTER (WHERE ingested_at - event_ts > INTERVAL 24 HOUR) AS late_24h,
  count(*) FILTER (WHERE ingested_at - event_ts > INTERVAL 72 HOUR) AS late_72h
FROM fct_event
GROUP BY ALL
ORDER BY activity_date
