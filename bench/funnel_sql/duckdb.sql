-- DuckDB on raw events: the next start at or after each opening and the next
-- stop at or after that, by ASOF joins.
WITH
starts AS (
  SELECT o.user_id, o.event_ts AS opened, s.event_ts AS started
  FROM (SELECT user_id, event_ts FROM fct_event
        WHERE event_name = 'app_open' AND event_ts >= TIMESTAMP ':from' AND event_ts < TIMESTAMP ':to') AS o
  ASOF LEFT JOIN (SELECT user_id, event_ts FROM fct_event
        WHERE event_name = 'timer_start' AND event_ts >= TIMESTAMP ':from' AND event_ts <= TIMESTAMP ':to' + INTERVAL 1 DAY) AS s
    ON o.user_id = s.user_id AND o.event_ts <= s.event_ts
),
stops AS (
  SELECT f.*, s.event_ts AS stopped
  FROM starts AS f
  ASOF LEFT JOIN (SELECT user_id, event_ts FROM fct_event
        WHERE event_name = 'timer_stop' AND event_ts >= TIMESTAMP ':from' AND event_ts <= TIMESTAMP ':to' + INTERVAL 1 DAY) AS s
    ON f.user_id = s.user_id AND f.started <= s.event_ts
),
users AS (
  SELECT
    user_id,
    max(CASE
      WHEN started <= stopped AND stopped <= opened + INTERVAL 1 DAY THEN 3
      WHEN started <= opened + INTERVAL 1 DAY THEN 2
      ELSE 1 END) AS reached
  FROM stops
  GROUP BY user_id
)
SELECT n AS step, count(*) FILTER (WHERE reached >= n) AS users
FROM users
CROSS JOIN (SELECT unnest([1, 2, 3]) AS n) AS steps
GROUP BY n
ORDER BY n
