-- The daily count alone: the least that a dashboard asks for.
SELECT
  activity_date,
  count(*) AS dau
FROM user_day
WHERE activity_date <= current_date
GROUP BY activity_date
ORDER BY activity_date
