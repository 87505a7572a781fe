WITH activity AS (
  :activity
), back AS (
  :back
), cohort AS (
  SELECT segment_value, user_no, CAST(date_trunc(':period', min(activity_date)) AS DATE) AS cohort_start
  FROM activity
  WHERE activity_date <= current_date
  GROUP BY ALL
), returned AS (
  SELECT DISTINCT user_no, CAST(date_trunc(':period', activity_date) AS DATE) AS period_start
  FROM back
  WHERE activity_date <= current_date
), retained AS (
  SELECT segment_value, cohort_start, date_diff(':period', cohort_start, period_start) AS period_number, count(*) AS retained_users
  FROM cohort
  JOIN :returned AS returned USING (user_no)
  WHERE period_start >= cohort_start
  GROUP BY ALL
), size AS (
  SELECT segment_value, cohort_start, count(*) AS cohort_size FROM cohort GROUP BY ALL
), calendar AS (
  SELECT *, unnest(range(date_diff(':period', cohort_start, (SELECT max(activity_date) FROM user_day WHERE activity_date <= current_date)) + 1)) AS period_number
  FROM size
), summed AS (
  SELECT
    calendar.*,
    :retained AS retained_users
  FROM calendar
  LEFT JOIN retained ON retained.cohort_start = calendar.cohort_start AND retained.period_number = calendar.period_number
    AND retained.segment_value IS NOT DISTINCT FROM calendar.segment_value
)
SELECT
  segment_value,
  cohort_start,
  period_number,
  cohort_size,
  CAST(retained_users AS BIGINT) AS retained_users,
  round(retained_users / cohort_size, 4) AS retention_rate,
  cohort_start + (period_number + 1) * INTERVAL 1 :period <= current_date AS is_complete
FROM summed
ORDER BY segment_value, cohort_start, period_number
