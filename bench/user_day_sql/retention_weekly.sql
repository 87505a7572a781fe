WITH activity AS MATERIALIZED (
  SELECT user_no,
         date_trunc('week', activity_date::timestamp)::date AS week
    FROM bench.user_day
   WHERE activity_date <= current_date
   GROUP BY 1, 2
), since_first AS (
  SELECT min(week) OVER (PARTITION BY user_no) AS cohort_week,
         week
    FROM activity
), retained AS (
  SELECT cohort_week,
         (week - cohort_week) / 7 AS weeks_since,
         count(*) AS retained_users
    FROM since_first
   GROUP BY 1, 2
), cohort AS (
  SELECT cohort_week,
         retained_users AS cohort_size,
         generate_series(0, ((SELECT max(week) FROM activity) - cohort_week) / 7) AS weeks_since
    FROM retained
   WHERE weeks_since = 0
)
SELECT cohort_week,
       weeks_since,
       cohort_size,
       coalesce(retained_users, 0) AS retained_users,
       round(coalesce(retained_users, 0)::numeric / cohort_size, 4) AS retention_rate,
       cohort_week + 7 * weeks_since + 7 <= current_date AS is_complete
  FROM cohort
  LEFT JOIN retained USING (cohort_week, weeks_since)
 ORDER BY cohort_week, weeks_since
