-- Plain SQL, nested probes of the timeline index: for each user, the first
-- chain that gets to the end, else to the second step.
SELECT
  n AS step,
  count(*) FILTER (WHERE reached >= n) AS users
FROM (
  SELECT CASE
    WHEN NOT EXISTS (
      SELECT FROM fct_event AS a
      WHERE a.user_id = u.user_id AND a.event_name = 'app_open' AND a.event_ts >= :'from' AND a.event_ts < :'to'
    ) THEN 0
    WHEN EXISTS (
      SELECT FROM fct_event AS a
      CROSS JOIN LATERAL (
        SELECT b.event_ts FROM fct_event AS b
        WHERE b.user_id = u.user_id AND b.event_name = 'timer_start'
          AND b.event_ts >= a.event_ts AND b.event_ts <= a.event_ts + interval '24 hours'
        ORDER BY b.event_ts LIMIT 1
      ) AS b
      CROSS JOIN LATERAL (
        SELECT FROM fct_event AS c
        WHERE c.user_id = u.user_id AND c.event_name = 'timer_stop'
          AND c.event_ts >= b.event_ts AND c.event_ts <= a.event_ts + interval '24 hours'
        ORDER BY c.event_ts LIMIT 1
      ) AS c
      WHERE a.user_id = u.user_id AND a.event_name = 'app_open' AND a.event_ts >= :'from' AND a.event_ts < :'to'
    ) THEN 3
    WHEN EXISTS (
      SELECT FROM fct_event AS a
      CROSS JOIN LATERAL (
        SELECT FROM fct_event AS b
        WHERE b.user_id = u.user_id AND b.event_name = 'timer_start'
          AND b.event_ts >= a.event_ts AND b.event_ts <= a.event_ts + interval '24 hours'
        ORDER BY b.event_ts LIMIT 1
      ) AS b
      WHERE a.user_id = u.user_id AND a.event_name = 'app_open' AND a.event_ts >= :'from' AND a.event_ts < :'to'
    ) THEN 2
    ELSE 1 END AS reached
  FROM dim_user AS u
  OFFSET 0
) AS users
CROSS JOIN generate_series(1, 3) AS n
GROUP BY n
ORDER BY n;
