WITH as_of AS (
  SELECT max(activity_date) AS as_of_date FROM user_day WHERE activity_date <= current_date
), active_days AS (
  SELECT count(*) FILTER (WHERE activity_date > as_of_date - 28) AS active_days
  FROM user_day, as_of
  WHERE activity_date <= as_of_date
  GROUP BY user_no
)
SELECT
  as_of_date,
  bucket AS active_days,
  count(active_days.active_days) AS users
FROM as_of
CROSS JOIN (SELECT unnest(range(29)) AS bucket) AS buckets
LEFT JOIN active_days ON active_days.active_days = bucket
GROUP BY as_of_date, bucket
ORDER BY bucket
