-- From raw events only: the prepared tables do not know event names.
WITH used AS (
  SELECT
    CAST(event_ts AS DATE) AS activity_date,
    event_name,
    count(DISTINCT user_id) AS users,
    count(*) AS events
  FROM fct_event
  GROUP BY ALL
)
SELECT
  activity_date,
  event_name,
  event_category,
  users,
  events,
  round(users / dau, 4) AS adoption_rate
FROM used
JOIN (
  SELECT activity_date, count(*) AS dau FROM user_day GROUP BY activity_date
) AS active USING (activity_date)
LEFT JOIN event_taxonomy USING (event_name)
ORDER BY activity_date, event_name
