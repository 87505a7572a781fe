WITH as_of AS (
  SELECT max(activity_date) AS as_of_date FROM user_day WHERE activity_date <= current_date
), seats AS (
  SELECT
    account_id,
    count(*) FILTER (WHERE is_active) AS seats,
    count(*) FILTER (WHERE is_active AND activated_at IS NOT NULL) AS activated_seats
  FROM dim_user
  GROUP BY account_id
), usage AS (
  SELECT
    account_id,
    count(DISTINCT user_no) FILTER (WHERE activity_date > as_of_date - 7) AS active_users_7d,
    count(DISTINCT user_no) FILTER (WHERE activity_date > as_of_date - 28) AS active_users_28d,
    sum(work_seconds) FILTER (WHERE activity_date > as_of_date - 28) AS work_seconds_28d,
    sum(work_seconds) FILTER (WHERE activity_date BETWEEN as_of_date - 55 AND as_of_date - 28) AS work_seconds_previous_28d,
    sum(tasks_completed) FILTER (WHERE activity_date > as_of_date - 28) AS tasks_completed_28d,
    sum(tasks_completed) FILTER (WHERE activity_date BETWEEN as_of_date - 55 AND as_of_date - 28) AS tasks_completed_previous_28d,
    max(activity_date) AS last_active_date
  FROM account_user_day, as_of
  WHERE activity_date <= as_of_date
  GROUP BY account_id
), figures AS (
  SELECT
    a.*,
    as_of_date,
    coalesce(seats, 0) AS seats,
    coalesce(activated_seats, 0) AS activated_seats,
    coalesce(active_users_7d, 0) AS active_users_7d,
    coalesce(active_users_28d, 0) AS active_users_28d,
    round(coalesce(active_users_28d, 0) / nullif(seats, 0), 4) AS seat_utilisation,
    CAST(coalesce(work_seconds_28d, 0) AS BIGINT) AS work_seconds_28d,
    CAST(coalesce(work_seconds_previous_28d, 0) AS BIGINT) AS work_seconds_previous_28d,
    CAST(coalesce(tasks_completed_28d, 0) AS BIGINT) AS tasks_completed_28d,
    CAST(coalesce(tasks_completed_previous_28d, 0) AS BIGINT) AS tasks_completed_previous_28d,
    last_active_date
  FROM dim_account AS a
  CROSS JOIN as_of
  LEFT JOIN seats USING (account_id)
  LEFT JOIN usage USING (account_id)
)
SELECT
  account_id,
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
    WHEN CAST(created_at AS DATE) > as_of_date - 28 THEN 'new'
    WHEN active_users_28d = 0 THEN 'dormant'
    WHEN active_users_7d = 0 OR seat_utilisation < 0.25 OR 2 * work_seconds_28d < work_seconds_previous_28d THEN 'at_risk'
    ELSE 'healthy'
  END AS health
FROM figures
ORDER BY account_id
