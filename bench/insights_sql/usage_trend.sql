WITH activity AS (
  :activity
), summed AS (
  SELECT
    segment_value,
    CAST(date_trunc(':period', activity_date) AS DATE) AS period_start,
    CAST(sum(:metric) AS BIGINT) AS value,
    count(DISTINCT user_no) AS active_users
  FROM activity
  WHERE activity_date <= current_date
  GROUP BY ALL
), calendar AS (
  SELECT
    segment_value,
    CAST(unnest(generate_series((SELECT min(period_start) FROM summed), (SELECT max(period_start) FROM summed), INTERVAL 1 :period)) AS DATE) AS period_start
  FROM (SELECT DISTINCT segment_value FROM summed)
), filled AS (
  SELECT
    calendar.segment_value,
    calendar.period_start,
    coalesce(value, 0) AS value,
    coalesce(active_users, 0) AS active_users,
    coalesce(lag(coalesce(value, 0)) OVER (PARTITION BY calendar.segment_value ORDER BY calendar.period_start), 0) AS previous_value
  FROM calendar
  LEFT JOIN summed ON summed.period_start = calendar.period_start AND summed.segment_value IS NOT DISTINCT FROM calendar.segment_value
)
SELECT
  period_start,
  segment_value,
  value,
  active_users,
  round(value / nullif(active_users, 0), 4) AS value_per_active_user,
  previous_value,
  round((value - previous_value) / nullif(previous_value, 0), 4) AS change,
  period_start + INTERVAL 1 :period <= current_date AS is_complete
FROM filled
ORDER BY segment_value, period_start
