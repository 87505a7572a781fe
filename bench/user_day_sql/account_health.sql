WITH as_of AS (
  SELECT max(activity_date) AS as_of_date FROM bench.user_day WHERE activity_date <= current_date
), seats AS (
  SELECT account_id,
         count(*) FILTER (WHERE is_active) AS seats,
         count(*) FILTER (WHERE is_active AND activated_at IS NOT NULL) AS activated_seats
    FROM dim_user
   GROUP BY account_id
), recent AS (
  SELECT account_id,
         count(DISTINCT user_no) FILTER (WHERE activity_date > as_of_date - 7) AS active_users_7d,
         count(DISTINCT user_no) FILTER (WHERE activity_date > as_of_date - 28) AS active_users_28d,
         sum(work_seconds) FILTER (WHERE activity_date > as_of_date - 28) AS work_seconds_28d,
         sum(work_seconds) FILTER (WHERE activity_date <= as_of_date - 28) AS work_seconds_previous_28d,
         sum(tasks_completed) FILTER (WHERE activity_date > as_of_date - 28) AS tasks_completed_28d,
         sum(tasks_completed) FILTER (WHERE activity_date <= as_of_date - 28) AS tasks_completed_previous_28d
    FROM bench.account_user_day
   CROSS JOIN as_of
   WHERE activity_date > (SELECT as_of_date FROM as_of) - 56
     AND activity_date <= (SELECT as_of_date FROM as_of)
   GROUP BY account_id
), figures AS (
  SELECT a.account_id,
         a.account_name,
         a.plan_tier,
         a.region,
         a.is_active,
         as_of_date,
         coalesce(seats, 0) AS seats,
         coalesce(activated_seats, 0) AS activated_seats,
         coalesce(active_users_7d, 0) AS active_users_7d,
         coalesce(active_users_28d, 0) AS active_users_28d,
         round(coalesce(active_users_28d, 0)::numeric / nullif(seats, 0), 4) AS seat_utilisation,
         coalesce(work_seconds_28d, 0) AS work_seconds_28d,
         coalesce(work_seconds_previous_28d, 0) AS work_seconds_previous_28d,
         coalesce(tasks_completed_28d, 0) AS tasks_completed_28d,
         coalesce(tasks_completed_previous_28d, 0) AS tasks_completed_previous_28d,
         (SELECT max(activity_date)
            FROM bench.account_user_day AS d
           WHERE d.account_id = a.account_id
             AND d.activity_date <= as_of_date) AS last_active_date,
         (a.created_at AT TIME ZONE 'UTC')::date AS created_on
    FROM dim_account AS a
   CROSS JOIN as_of
    LEFT JOIN seats USING (account_id)
    LEFT JOIN recent USING (account_id)
)
SELECT account_id,
       account_name,
       plan_tier,
       region,
       is_active,
       as_of_date,
       seats,
       activated_seats,
       active_users_7d,
       active_users_28d,
       seat_utilisation,
       work_seconds_28d,
       work_seconds_previous_28d,
       tasks_completed_28d,
       tasks_completed_previous_28d,
       last_active_date,
       CASE
         WHEN created_on > as_of_date - 28 THEN 'new'
         WHEN active_users_28d = 0 THEN 'dormant'
         WHEN active_users_7d = 0 OR seat_utilisation < 0.25 OR 2 * work_seconds_28d < work_seconds_previous_28d THEN 'at_risk'
         ELSE 'healthy'
       END AS health
  FROM figures
 ORDER BY account_id
