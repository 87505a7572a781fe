WITH activity AS (
  :activity
), held AS (
  -- Each active day counts until the window ends or the next one comes.
  SELECT
    segment_value,
    activity_date AS from_day,
    least(activity_date + :days, coalesce(lead(activity_date) OVER (PARTITION BY segment_value, user_no ORDER BY activity_date), DATE '9999-12-31')) AS to_day
  FROM (SELECT DISTINCT segment_value, user_no, activity_date FROM activity WHERE activity_date <= current_date)
), change AS (
  SELECT segment_value, day, CAST(sum(change) AS BIGINT) AS change
  FROM (
    SELECT segment_value, from_day AS day, count(*) AS change FROM held GROUP BY ALL
    UNION ALL
    SELECT segment_value, to_day, -count(*) FROM held GROUP BY ALL
  )
  GROUP BY ALL
), calendar AS (
  SELECT
    segment_value,
    CAST(unnest(generate_series(
      (SELECT min(activity_date) FROM user_day),
      (SELECT max(activity_date) FROM user_day WHERE activity_date <= current_date),
      INTERVAL 1 DAY)) AS DATE) AS activity_date
  FROM (SELECT DISTINCT segment_value FROM change)
)
SELECT
  calendar.activity_date,
  calendar.segment_value,
  CAST(sum(coalesce(change, 0)) OVER (PARTITION BY calendar.segment_value ORDER BY calendar.activity_date) AS BIGINT) AS active_users,
  calendar.activity_date < current_date AS is_complete
FROM calendar
LEFT JOIN change ON change.day = calendar.activity_date AND change.segment_value IS NOT DISTINCT FROM calendar.segment_value
ORDER BY segment_value, activity_date
