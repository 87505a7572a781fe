WITH activity AS (
  :activity
), counted AS (
  SELECT segment_value, period_start, active_days, count(*) AS users
  FROM (
    SELECT segment_value, user_no, CAST(date_trunc(':period', activity_date) AS DATE) AS period_start, count(:days) AS active_days
    FROM activity
    WHERE activity_date <= current_date
    GROUP BY ALL
  )
  GROUP BY ALL
), periods AS (
  SELECT CAST(unnest(generate_series(
    (SELECT CAST(date_trunc(':period', min(activity_date)) AS DATE) FROM user_day),
    (SELECT max(activity_date) FROM user_day WHERE activity_date <= current_date),
    INTERVAL 1 :period)) AS DATE) AS period_start
), calendar AS (
  SELECT
    segment_value,
    period_start,
    unnest(range(1, CAST(date_diff('day', period_start, period_start + INTERVAL 1 :period) AS BIGINT) + 1)) AS active_days
  FROM periods
  CROSS JOIN (SELECT DISTINCT segment_value FROM counted)
)
SELECT
  calendar.period_start,
  calendar.segment_value,
  calendar.active_days,
  coalesce(users, 0) AS users,
  round(coalesce(users, 0) / nullif(sum(users) OVER (PARTITION BY calendar.segment_value, calendar.period_start), 0), 4) AS share,
  calendar.period_start + INTERVAL 1 :period <= current_date AS is_complete
FROM calendar
LEFT JOIN counted ON counted.period_start = calendar.period_start AND counted.active_days = calendar.active_days
  AND counted.segment_value IS NOT DISTINCT FROM calendar.segment_value
ORDER BY segment_value, period_start, active_days
