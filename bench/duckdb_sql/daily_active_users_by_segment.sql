-- As daily_active_users, within each segment.
WITH activity AS (
  SELECT DISTINCT
    dense_rank() OVER (ORDER BY plan_tier, region, role) AS segment,
    plan_tier,
    region,
    role,
    user_no,
    activity_date
  FROM account_user_day AS a
  JOIN dim_account USING (account_id)
  JOIN dim_user AS u ON u.user_id = a.user_id
  WHERE activity_date <= current_date
), gap AS (
  SELECT
    segment,
    activity_date,
    activity_date - lag(activity_date) OVER one_user AS since,
    lead(activity_date) OVER one_user - activity_date AS until
  FROM activity
  WINDOW one_user AS (PARTITION BY segment, user_no ORDER BY activity_date)
), segments AS (
  SELECT DISTINCT segment, plan_tier, region, role FROM activity
), change AS (
  SELECT
    segment,
    activity_date,
    count(*) AS dau,
    count(*) FILTER (WHERE since IS NULL OR since >= 7) AS wau,
    count(*) FILTER (WHERE since IS NULL OR since >= 30) AS mau
  FROM gap
  GROUP BY segment, activity_date
  UNION ALL
  SELECT segment, activity_date + 7, 0, -count(*), 0 FROM gap WHERE until IS NULL OR until >= 7 GROUP BY ALL
  UNION ALL
  SELECT segment, activity_date + 30, 0, 0, -count(*) FROM gap WHERE until IS NULL OR until >= 30 GROUP BY ALL
  UNION ALL
  SELECT segment, day, 0, 0, 0
  FROM segments
  CROSS JOIN (
    SELECT CAST(unnest(generate_series(min(activity_date), max(activity_date), INTERVAL 1 DAY)) AS DATE) AS day FROM gap
  ) AS calendar
), series AS (
  SELECT
    segment,
    activity_date,
    CAST(sum(dau) AS BIGINT) AS dau,
    CAST(sum(sum(wau)) OVER one_segment AS BIGINT) AS wau,
    CAST(sum(sum(mau)) OVER one_segment AS BIGINT) AS mau
  FROM change
  GROUP BY segment, activity_date
  WINDOW one_segment AS (PARTITION BY segment ORDER BY activity_date)
)
SELECT
  activity_date,
  plan_tier,
  region,
  role,
  dau,
  wau,
  mau
FROM series
JOIN segments USING (segment)
WHERE activity_date <= (SELECT max(activity_date) FROM gap)
ORDER BY activity_date, plan_tier, region, role
