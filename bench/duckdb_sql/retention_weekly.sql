WITH activity AS (
  SELECT DISTINCT
    user_no,
    CAST(date_trunc('week', activity_date) AS DATE) AS week
  FROM user_day
  WHERE activity_date <= current_date
), since_first AS (
  SELECT
    min(week) OVER (PARTITION BY user_no) AS cohort_week,
    week
  FROM activity
), retained AS (
  SELECT
    cohort_week,
    (week - cohort_week) // 7 AS weeks_since,
    count(*) AS retained_users
  FROM since_first
  GROUP BY ALL
), cohort AS (
  SELECT
    cohort_week,
    retained_users AS cohort_size,
    unnest(range(((SELECT max(week) FROM activity) - cohort_week) // 7 + 1)) AS weeks_since
  FROM retained
  WHERE weeks_since = 0
)
SELECT
  cohort_week,
  weeks_since,
  cohort_size,
  coalesce(retained_users, 0) AS retained_users,
  round(coalesce(retained_users, 0) / cohort_size, 4) AS retention_rate,
  cohort_week + CAST(7 * weeks_since + 7 AS INTEGER) <= current_date AS is_complete
FROM cohort
LEFT JOIN retained USING (cohort_week, weeks_since)
ORDER BY cohort_week, weeks_since
