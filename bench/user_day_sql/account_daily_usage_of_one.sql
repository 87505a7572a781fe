SELECT account_id,
       activity_date,
       count(*) AS active_users,
       sum(events) AS events,
       sum(work_seconds) AS work_seconds,
       sum(tasks_created) AS tasks_created,
       sum(tasks_completed) AS tasks_completed
  FROM bench.account_user_day
 WHERE account_id = :'account'
   AND activity_date > date :'last_day' - 30
 GROUP BY account_id, activity_date
 ORDER BY activity_date
