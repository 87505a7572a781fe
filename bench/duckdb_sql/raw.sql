-- The prepared tables, worked out from raw events within the question itself.
account_user_day AS (
  SELECT
    account_id,
    user_id,
    user_id AS user_no,
    CAST(event_ts AS DATE) AS activity_date,
    count(*) AS events,
    sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop') AS work_seconds,
    count(*) FILTER (WHERE event_name = 'task_created') AS tasks_created,
    count(*) FILTER (WHERE event_name = 'task_completed') AS tasks_completed
  FROM fct_event
  GROUP BY account_id, user_id, activity_date
),
user_day AS (
  SELECT DISTINCT
    user_id AS user_no,
    CAST(event_ts AS DATE) AS activity_date
  FROM fct_event
)
