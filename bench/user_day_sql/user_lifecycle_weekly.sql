WITH activity AS (
  SELECT user_no,
         date_trunc('week', activity_date::timestamp)::date AS week
    FROM bench.user_day
   WHERE activity_date <= current_date
   GROUP BY 1, 2
), neighbours AS MATERIALIZED (
  SELECT week,
         lag(week) OVER one_user AS before,
         lead(week) OVER one_user AS after
    FROM activity
  WINDOW one_user AS (PARTITION BY user_no ORDER BY week)
), span AS (
  SELECT min(week) AS first_week, max(week) AS last_week FROM neighbours
), change AS (
  SELECT week,
         count(*) FILTER (WHERE before IS NULL) AS new_users,
         count(*) FILTER (WHERE before = week - 7) AS returning_users,
         count(*) FILTER (WHERE before < week - 7) AS resurrected_users,
         0 AS dormant_users
    FROM neighbours
   GROUP BY week
   UNION ALL
  SELECT week + 7, 0, 0, 0, count(*) FROM neighbours WHERE after IS NULL OR after > week + 7 GROUP BY week
   UNION ALL
  SELECT first_week + 7 * i, 0, 0, 0, 0 FROM span, generate_series(0, (last_week - first_week) / 7) AS i
)
SELECT week AS week_start,
       sum(new_users) AS new_users,
       sum(returning_users) AS returning_users,
       sum(resurrected_users) AS resurrected_users,
       sum(dormant_users) AS dormant_users,
       week + 7 <= current_date AS is_complete
  FROM change
 WHERE week <= (SELECT last_week FROM span)
 GROUP BY week
 ORDER BY week
