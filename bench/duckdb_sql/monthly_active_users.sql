WITH active AS (
  SELECT
    CAST(date_trunc('month', activity_date) AS DATE) AS month_start,
    count(DISTINCT user_no) AS active_users
  FROM user_day
  WHERE activity_date <= current_date
  GROUP BY ALL
), calendar AS (
  SELECT CAST(unnest(generate_series(min(month_start), max(month_start), INTERVAL 1 MONTH)) AS DATE) AS month_start FROM active
)
SELECT
  month_start,
  coalesce(active_users, 0) AS active_users,
  month_start + INTERVAL 1 MONTH <= current_date AS is_complete
FROM calendar
LEFT JOIN active USING (month_start)
ORDER BY month_start
