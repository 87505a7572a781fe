WITH activity AS (
  SELECT DISTINCT
    user_no,
    CAST(date_trunc('week', activity_date) AS DATE) AS week
  FROM user_day
  WHERE activity_date <= current_date
), neighbours AS (
  SELECT
    week,
    lag(week) OVER one_user AS before,
    lead(week) OVER one_user AS after
  FROM activity
  WINDOW one_user AS (PARTITION BY user_no ORDER BY week)
), change AS (
  SELECT
    week,
    count(*) FILTER (WHERE before IS NULL) AS new_users,
    count(*) FILTER (WHERE before = week - 7) AS returning_users,
    count(*) FILTER (WHERE before < week - 7) AS resurrected_users,
    0 AS dormant_users
  FROM neighbours
  GROUP BY week
  UNION ALL
  SELECT week + 7, 0, 0, 0, count(*) FROM neighbours WHERE after IS NULL OR after > week + 7 GROUP BY week
  UNION ALL
  SELECT CAST(unnest(generate_series(min(week), max(week), INTERVAL 7 DAY)) AS DATE), 0, 0, 0, 0 FROM activity
)
SELECT
  week AS week_start,
  CAST(sum(new_users) AS BIGINT) AS new_users,
  CAST(sum(returning_users) AS BIGINT) AS returning_users,
  CAST(sum(resurrected_users) AS BIGINT) AS resurrected_users,
  CAST(sum(dormant_users) AS BIGINT) AS dormant_users,
  week + 7 <= current_date AS is_complete
FROM change
WHERE week <= (SELECT max(week) FROM activity)
GROUP BY week
ORDER BY week
