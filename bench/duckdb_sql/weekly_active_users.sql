WITH active AS (
  SELECT
    CAST(date_trunc('week', activity_date) AS DATE) AS week_start,
    count(DISTINCT user_no) AS active_users
  FROM user_day
  WHERE activity_date <= current_date
  GROUP BY ALL
), calendar AS (
  SELECT CAST(unnest(generate_series(min(week_start), max(week_start), INTERVAL 7 DAY)) AS DATE) AS week_start FROM active
)
SELECT
  week_start,
  coalesce(active_users, 0) AS active_users,
  week_start + INTERVAL 7 DAY <= current_date AS is_complete
FROM calendar
LEFT JOIN active USING (week_start)
ORDER BY week_start
