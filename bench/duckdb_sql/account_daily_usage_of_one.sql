SELECT
  account_id,
  activity_date,
  count(*) AS active_users,
  CAST(sum(events) AS BIGINT) AS events,
  CAST(coalesce(sum(work_seconds), 0) AS BIGINT) AS work_seconds,
  CAST(sum(tasks_created) AS BIGINT) AS tasks_created,
  CAST(sum(tasks_completed) AS BIGINT) AS tasks_completed
FROM account_user_day
WHERE account_id = :'account'
  AND activity_date > DATE :'last_day' - 30
GROUP BY account_id, activity_date
ORDER BY activity_date
