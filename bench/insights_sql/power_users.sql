WITH activity AS (
  SELECT user_id, activity_date FROM user_day WHERE activity_date <= current_date
), as_of AS (
  SELECT max(activity_date) AS day FROM activity
), power_user AS (
  SELECT user_id, count(*) AS active_days, max(activity_date) AS last_active_day
  FROM activity
  CROSS JOIN as_of
  WHERE activity_date > day - 28
  GROUP BY user_id
  HAVING count(*) >= 20
)
SELECT user_id, account_name, role, active_days, last_active_day
FROM power_user
JOIN dim_user USING (user_id)
JOIN dim_account USING (account_id)
ORDER BY active_days DESC, user_id
