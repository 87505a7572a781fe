WITH activity AS MATERIALIZED (
  SELECT date_trunc('month', activity_date::timestamp)::date AS month_start,
         user_no
    FROM bench.user_day
   WHERE activity_date <= current_date
   GROUP BY 1, 2
), calendar AS (
  SELECT generate_series(min(month_start)::timestamp, max(month_start), '1 month')::date AS month_start FROM activity
)
SELECT month_start,
       count(user_no) AS active_users,
       month_start + interval '1 month' <= current_date AS is_complete
  FROM calendar
  LEFT JOIN activity USING (month_start)
 GROUP BY month_start
 ORDER BY month_start
