SELECT account_id,
       activity_date,
       count(*) AS active_users,
       sum(events) AS events,
       sum(work_seconds) AS work_seconds,
       sum(tasks_created) AS tasks_created,
       sum(tasks_completed) AS tasks_completed
  FROM bench.account_user_day
 GROUP BY account_id, activity_date
 ORDER BY account_id, activity_date
