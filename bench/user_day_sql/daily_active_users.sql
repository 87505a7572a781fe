-- A user joins the n-day count on an active day that follows n days or more of
-- none, and leaves it n days after one that such a gap follows.
WITH gap AS MATERIALIZED (
  SELECT activity_date,
         activity_date - lag(activity_date) OVER one_user AS since,
         lead(activity_date) OVER one_user - activity_date AS until
    FROM bench.user_day
   WHERE activity_date <= current_date
  WINDOW one_user AS (PARTITION BY user_no ORDER BY activity_date)
), span AS (
  SELECT min(activity_date) AS first_day, max(activity_date) AS last_day FROM gap
), change AS (
  SELECT activity_date,
         count(*) AS dau,
         count(*) FILTER (WHERE since IS NULL OR since >= 7) AS wau,
         count(*) FILTER (WHERE since IS NULL OR since >= 30) AS mau
    FROM gap
   GROUP BY activity_date
   UNION ALL
  SELECT activity_date + 7, 0, -count(*), 0 FROM gap WHERE until IS NULL OR until >= 7 GROUP BY activity_date
   UNION ALL
  SELECT activity_date + 30, 0, 0, -count(*) FROM gap WHERE until IS NULL OR until >= 30 GROUP BY activity_date
   UNION ALL
  SELECT first_day + i, 0, 0, 0 FROM span, generate_series(0, last_day - first_day) AS i
), series AS (
  SELECT activity_date,
         sum(dau)::bigint AS dau,
         (sum(sum(wau)) OVER (ORDER BY activity_date))::bigint AS wau,
         (sum(sum(mau)) OVER (ORDER BY activity_date))::bigint AS mau
    FROM change
   GROUP BY activity_date
)
SELECT activity_date,
       dau,
       wau,
       mau,
       round(dau::numeric / nullif(mau, 0), 4) AS stickiness,
       activity_date < current_date AS is_complete
  FROM series
 WHERE activity_date <= (SELECT last_day FROM span)
 ORDER BY activity_date
