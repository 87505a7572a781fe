-- Plain SQL, window functions: the next start after each opening, and the next
-- stop after each start.
SELECT
  n AS step,
  count(*) FILTER (WHERE reached >= n) AS users
FROM (
  SELECT
    user_id,
    max(CASE
      WHEN stop_ts <= event_ts + interval '24 hours' THEN 3
      WHEN start_ts <= event_ts + interval '24 hours' THEN 2
      ELSE 1 END) AS reached
  FROM (
    SELECT
      *,
      min(start_ts_here) OVER following AS start_ts,
      min(stop_of_start) OVER following AS stop_ts
    FROM (
      SELECT
        user_id, event_ts, event_name,
        CASE event_name WHEN 'timer_start' THEN event_ts END AS start_ts_here,
        CASE event_name WHEN 'timer_start' THEN min(event_ts) FILTER (WHERE event_name = 'timer_stop') OVER following END AS stop_of_start
      FROM fct_event
      WHERE event_ts >= :'from' AND event_ts <= timestamptz :'to' + interval '24 hours'
        AND event_name IN ('app_open', 'timer_start', 'timer_stop')
      WINDOW following AS (PARTITION BY user_id ORDER BY event_ts DESC)
    ) AS stops
    WINDOW following AS (PARTITION BY user_id ORDER BY event_ts DESC)
  ) AS starts
  WHERE event_name = 'app_open' AND event_ts < :'to'
  GROUP BY user_id
) AS users
CROSS JOIN generate_series(1, 3) AS n
GROUP BY n
ORDER BY n;
