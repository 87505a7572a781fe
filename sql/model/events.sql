-- Views of raw events, one row an event or a task.

CREATE VIEW @extschema@.usage_events WITH (security_invoker = true) AS
SELECT event.event_id,
       event.user_id,
       event.account_id,
       event.task_id,
       event.event_ts,
       event.ingested_at,
       event.duration_seconds,
       event.event_name,
       event.source,
       @extschema@.event_category(event.event_name) AS event_category,
       @extschema@.event_day(event.event_ts) AS event_day,
       event.ingested_at - event.event_ts AS arrival_lag,
       account.account_name,
       account.plan_tier,
       account.region,
       dim_user.role,
       dim_user.country
  FROM @extschema@.fct_event AS event
  JOIN @extschema@.dim_account AS account
    ON account.account_id = event.account_id
  JOIN @extschema@.dim_user AS dim_user
    ON dim_user.user_id = event.user_id;

COMMENT ON VIEW @extschema@.usage_events IS 'Events with the attributes of their user and account: one row an event, for ad-hoc questions';
COMMENT ON COLUMN @extschema@.usage_events.event_id IS 'Key of the event';
COMMENT ON COLUMN @extschema@.usage_events.user_id IS 'User who did it';
COMMENT ON COLUMN @extschema@.usage_events.account_id IS 'Account of the user at the time';
COMMENT ON COLUMN @extschema@.usage_events.task_id IS 'Task it was about, if any';
COMMENT ON COLUMN @extschema@.usage_events.event_ts IS 'When it happened';
COMMENT ON COLUMN @extschema@.usage_events.ingested_at IS 'When it arrived';
COMMENT ON COLUMN @extschema@.usage_events.duration_seconds IS 'Seconds of work, if given';
COMMENT ON COLUMN @extschema@.usage_events.event_name IS 'What was done';
COMMENT ON COLUMN @extschema@.usage_events.source IS 'Client it came from';
COMMENT ON COLUMN @extschema@.usage_events.event_category IS 'Category of the event name; null for an unknown name';
COMMENT ON COLUMN @extschema@.usage_events.event_day IS 'Day it happened on, in the reporting time zone';
COMMENT ON COLUMN @extschema@.usage_events.arrival_lag IS 'Time from happening to arriving';
COMMENT ON COLUMN @extschema@.usage_events.account_name IS 'Name of the account';
COMMENT ON COLUMN @extschema@.usage_events.plan_tier IS 'Plan the account is on today';
COMMENT ON COLUMN @extschema@.usage_events.region IS 'Region of the account';
COMMENT ON COLUMN @extschema@.usage_events.role IS 'Role of the user today';
COMMENT ON COLUMN @extschema@.usage_events.country IS 'Country of the user';

CREATE VIEW @extschema@.work_sessions WITH (security_invoker = true) AS
SELECT event_id,
       account_id,
       user_id,
       event_ts - duration_seconds * interval '1 second' AS started_at,
       event_ts AS ended_at,
       duration_seconds::bigint AS duration_seconds,
       coalesce(duration_seconds > 8 * 3600, false) AS is_outlier,
       task_id,
       source
  FROM @extschema@.fct_event
 WHERE event_name = 'timer_stop';

COMMENT ON VIEW @extschema@.work_sessions IS 'Work sessions: one row a timer_stop event';
COMMENT ON COLUMN @extschema@.work_sessions.event_id IS 'Key of the timer_stop event';
COMMENT ON COLUMN @extschema@.work_sessions.account_id IS 'Account worked for';
COMMENT ON COLUMN @extschema@.work_sessions.user_id IS 'User who worked';
COMMENT ON COLUMN @extschema@.work_sessions.started_at IS 'ended_at less the duration; null where that is missing';
COMMENT ON COLUMN @extschema@.work_sessions.ended_at IS 'When the timer was stopped';
COMMENT ON COLUMN @extschema@.work_sessions.duration_seconds IS 'Session time in seconds; null where missing';
COMMENT ON COLUMN @extschema@.work_sessions.is_outlier IS 'Whether it lasted more than 8 hours';
COMMENT ON COLUMN @extschema@.work_sessions.task_id IS 'Task worked on, if any';
COMMENT ON COLUMN @extschema@.work_sessions.source IS 'Client it came from';

CREATE VIEW @extschema@.task_outputs WITH (security_invoker = true) AS
SELECT task_id,
       CASE WHEN created.task_id IS NOT NULL THEN created.account_id ELSE completed.account_id END AS account_id,
       CASE WHEN created.task_id IS NOT NULL THEN created.user_id ELSE completed.user_id END AS user_id,
       created.event_ts AS created_ts,
       completed.event_ts AS completed_ts,
       extract(epoch FROM completed.event_ts - created.event_ts)::bigint AS cycle_seconds
  FROM (SELECT DISTINCT ON (task_id)
               task_id,
               account_id,
               user_id,
               event_ts
          FROM @extschema@.fct_event
         WHERE event_name = 'task_created' AND task_id IS NOT NULL
         ORDER BY task_id, event_ts, event_id) AS created
  FULL JOIN (SELECT DISTINCT ON (task_id)
                    task_id,
                    account_id,
                    user_id,
                    event_ts
               FROM @extschema@.fct_event
              WHERE event_name = 'task_completed' AND task_id IS NOT NULL
              ORDER BY task_id, event_ts, event_id) AS completed
 USING (task_id);

COMMENT ON VIEW @extschema@.task_outputs IS 'Tasks with their first creation and first completion: one row a task';
COMMENT ON COLUMN @extschema@.task_outputs.task_id IS 'Key of the task';
COMMENT ON COLUMN @extschema@.task_outputs.account_id IS 'Account of the creation, else of the completion';
COMMENT ON COLUMN @extschema@.task_outputs.user_id IS 'User who created it, else who completed it';
COMMENT ON COLUMN @extschema@.task_outputs.created_ts IS 'Its first task_created; null where there is none';
COMMENT ON COLUMN @extschema@.task_outputs.completed_ts IS 'Its first task_completed; null where there is none';
COMMENT ON COLUMN @extschema@.task_outputs.cycle_seconds IS 'Seconds from the first creation to the first completion, rounded; null where either is missing, negative where the completion came first';
