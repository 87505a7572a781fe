-- As daily_active_users, within each segment.
WITH activity AS MATERIALIZED (
  SELECT DISTINCT dense_rank() OVER (ORDER BY plan_tier, region, role) AS segment,
         plan_tier,
         region,
         role,
         user_no,
         activity_date
    FROM bench.account_user_day AS d
    JOIN dim_account USING (account_id)
    JOIN dim_user AS u ON u.user_id = d.user_id
   WHERE activity_date <= current_date
), gap AS MATERIALIZED (
  SELECT segment,
         activity_date,
         activity_date - lag(activity_date) OVER one_user AS since,
         lead(activity_date) OVER one_user - activity_date AS until
    FROM activity
  WINDOW one_user AS (PARTITION BY segment, user_no ORDER BY activity_date)
), span AS (
  SELECT min(activity_date) AS first_day, max(activity_date) AS last_day FROM gap
), segments AS (
  SELECT DISTINCT segment, plan_tier, region, role FROM activity
), change AS (
  SELECT segment,
         activity_date,
         count(*) AS dau,
         count(*) FILTER (WHERE since IS NULL OR since >= 7) AS wau,
         count(*) FILTER (WHERE since IS NULL OR since >= 30) AS mau
    FROM gap
   GROUP BY segment, activity_date
   UNION ALL
  SELECT segment, activity_date + 7, 0, -count(*), 0 FROM gap WHERE until IS NULL OR until >= 7 GROUP BY 1, 2
   UNION ALL
  SELECT segment, activity_date + 30, 0, 0, -count(*) FROM gap WHERE until IS NULL OR until >= 30 GROUP BY 1, 2
   UNION ALL
  SELECT segment, first_day + i, 0, 0, 0 FROM segments, span, generate_series(0, last_day - first_day) AS i
), series AS (
  SELECT segment,
         activity_date,
         sum(dau)::bigint AS dau,
         (sum(sum(wau)) OVER one_segment)::bigint AS wau,
         (sum(sum(mau)) OVER one_segment)::bigint AS mau
    FROM change
   GROUP BY segment, activity_date
  WINDOW one_segment AS (PARTITION BY segment ORDER BY activity_date)
)
SELECT activity_date,
       plan_tier,
       region,
       role,
       dau,
       wau,
       mau
  FROM series
  JOIN segments USING (segment)
 WHERE activity_date <= (SELECT last_day FROM span)
 ORDER BY activity_date, plan_tier, region, role
