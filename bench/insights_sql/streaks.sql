WITH activity AS (
  SELECT user_id, activity_date FROM user_day WHERE activity_date <= current_date
), as_of AS (
  SELECT max(activity_date) AS day FROM activity
), run AS (
  SELECT user_id, count(*) AS days, min(activity_date) AS first_day, max(activity_date) AS last_day
  FROM (
    SELECT user_id, activity_date, activity_date - CAST(row_number() OVER (PARTITION BY user_id ORDER BY activity_date) AS INTEGER) AS run
    FROM activity
  )
  GROUP BY user_id, run
)
SELECT
  user_id,
  coalesce(max(days) FILTER (WHERE last_day = day OR day = current_date AND last_day = day - 1), 0) AS current_streak,
  max(days) AS longest_streak,
  CAST(sum(days) AS BIGINT) AS active_days,
  min(first_day) AS first_active_day,
  max(last_day) AS last_active_day
FROM run
CROSS JOIN as_of
GROUP BY user_id
ORDER BY user_id
