WITH activity AS MATERIALIZED (
  SELECT date_trunc('week', activity_date::timestamp)::date AS week_start,
         user_no
    FROM bench.user_day
   WHERE activity_date <= current_date
   GROUP BY 1, 2
), calendar AS (
  SELECT generate_series(min(week_start)::timestamp, max(week_start), '7 days')::date AS week_start FROM activity
)
SELECT week_start,
       count(user_no) AS active_users,
       week_start + interval '7 days' <= current_date AS is_complete
  FROM calendar
  LEFT JOIN activity USING (week_start)
 GROUP BY week_start
 ORDER BY week_start
