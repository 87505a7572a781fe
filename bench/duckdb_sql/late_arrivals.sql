-- From raw events only.
WITH recent AS (
  SELECT
    lag,
    sum(count(*)) OVER (ORDER BY lag) / sum(count(*)) OVER () AS arrived
  FROM (
    SELECT CAST(event_ts AS DATE) AS day, epoch(ingested_at) - epoch(event_ts) AS lag
    FROM fct_event
    WHERE event_ts >= (
      SELECT max(CAST(event_ts AS DATE)) - 27 FROM fct_event WHERE CAST(event_ts AS DATE) <= current_date
    )
  )
  WHERE day <= current_date
  GROUP BY lag
), days AS (
  SELECT
    CAST(event_ts AS DATE) AS activity_date,
    epoch(now()) - epoch(CAST(event_ts AS DATE) + 1) AS elapsed,
    count(*) AS events,
    count(*) FILTER (WHERE ingested_at - event_ts > INTERVAL 1 HOUR) AS late_1h,
    count(*) FILTER (WHERE ingested_at - event_ts > INTERVAL 24 HOUR) AS late_24h,
    count(*) FILTER (WHERE ingested_at - event_ts > INTERVAL 72 HOUR) AS late_72h
  FROM fct_event
  GROUP BY ALL
)
SELECT
  activity_date,
  events,
  late_1h,
  late_24h,
  late_72h,
  CASE WHEN activity_date < current_date THEN round(coalesce(arrived, 0), 4) END AS expected_completeness
FROM days
ASOF LEFT JOIN recent ON lag <= elapsed
ORDER BY activity_date
