WITH activity AS (
  :activity
), seen AS (
  SELECT DISTINCT
    segment_value,
    user_no,
    CAST(date_trunc(':period', activity_date) AS DATE) AS period_start
  FROM activity
  WHERE activity_date <= current_date
), active AS (
  SELECT segment_value, period_start, count(*) AS active_users FROM seen GROUP BY ALL
), arrived AS (
  SELECT segment_value, period_start, count(*) AS new_users
  FROM (SELECT segment_value, user_no, min(period_start) AS period_start FROM seen GROUP BY ALL)
  GROUP BY ALL
), calendar AS (
  SELECT
    segment_value,
    CAST(unnest(generate_series(
      (SELECT CAST(date_trunc(':period', min(activity_date)) AS DATE) FROM user_day),
      (SELECT max(activity_date) FROM user_day WHERE activity_date <= current_date),
      INTERVAL 1 :period)) AS DATE) AS period_start
  FROM (SELECT DISTINCT segment_value FROM active)
)
SELECT
  calendar.period_start,
  calendar.segment_value,
  coalesce(active_users, 0) AS active_users,
  coalesce(new_users, 0) AS new_users,
  calendar.period_start + INTERVAL 1 :period <= current_date AS is_complete
FROM calendar
LEFT JOIN active ON active.period_start = calendar.period_start AND active.segment_value IS NOT DISTINCT FROM calendar.segment_value
LEFT JOIN arrived ON arrived.period_start = calendar.period_start AND arrived.segment_value IS NOT DISTINCT FROM calendar.segment_value
ORDER BY segment_value, period_start
