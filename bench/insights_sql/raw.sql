-- The prepared tables, worked out from raw events within the question itself.
account_user_day AS (
  SELECT
    account_id,
    user_id,
    user_id AS user_no,
    CAST(event_ts AS DATE) AS activity_date,
    count(*) AS events,
    count(*) FILTER (WHERE event_name IN ('task_created', 'task_completed')) AS output_events,
    coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0) AS work_seconds,
    count(*) FILTER (WHERE event_name = 'task_completed') AS tasks_completed
  FROM fct_event
  GROUP BY account_id, user_id, activity_date
),
user_day AS (
  SELECT
    user_id,
    user_id AS user_no,
    activity_date,
    sum(events) AS events,
    sum(output_events) AS output_events,
    sum(work_seconds) AS work_seconds,
    sum(tasks_completed) AS tasks_completed
  FROM account_user_day
  GROUP BY user_id, activity_date
)
