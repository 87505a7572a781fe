-- What is doubtful in the raw events: one row a check, also where all is well.

CREATE VIEW @extschema@.data_quality WITH (security_invoker = true) AS
WITH created AS (
  SELECT task_id,
         min(event_ts) AS created_ts
    FROM @extschema@.fct_event
   WHERE event_name = 'task_created' AND task_id IS NOT NULL
   GROUP BY task_id
), checked AS (
  SELECT event.event_id,
         @extschema@.event_category(event.event_name) IS NULL AS unknown_event_name,
         event.event_name = 'timer_stop' AND event.duration_seconds IS NULL AS missing_duration,
         event.event_name = 'timer_stop' AND event.duration_seconds > 8 * 3600 AS outlying_duration,
         event.task_id IS NULL AND @extschema@.event_category(event.event_name) = 'output' AS output_without_task,
         event.event_name = 'task_completed' AND event.event_ts < created.created_ts AS completed_before_created,
         event.event_ts > now() AS future_event,
         event.ingested_at < event.event_ts AS arrived_before_it_happened,
         event.event_ts < dim_user.created_at AS before_user_existed,
         event.event_ts > dim_user.deactivated_at AS after_deactivation,
         event.account_id <> dim_user.account_id AS account_not_the_users
    FROM @extschema@.fct_event AS event
    JOIN @extschema@.dim_user AS dim_user
      ON dim_user.user_id = event.user_id
    LEFT JOIN created
      ON created.task_id = event.task_id AND event.event_name = 'task_completed'
), counted AS (
  SELECT count(*) AS all_events,
         count(*) FILTER (WHERE unknown_event_name) AS unknown_event_name,
         min(event_id::text) FILTER (WHERE unknown_event_name) AS unknown_event_name_example,
         count(*) FILTER (WHERE missing_duration) AS missing_duration,
         min(event_id::text) FILTER (WHERE missing_duration) AS missing_duration_example,
         count(*) FILTER (WHERE outlying_duration) AS outlying_duration,
         min(event_id::text) FILTER (WHERE outlying_duration) AS outlying_duration_example,
         count(*) FILTER (WHERE output_without_task) AS output_without_task,
         min(event_id::text) FILTER (WHERE output_without_task) AS output_without_task_example,
         count(*) FILTER (WHERE completed_before_created) AS completed_before_created,
         min(event_id::text) FILTER (WHERE completed_before_created) AS completed_before_created_example,
         count(*) FILTER (WHERE future_event) AS future_event,
         min(event_id::text) FILTER (WHERE future_event) AS future_event_example,
         count(*) FILTER (WHERE arrived_before_it_happened) AS arrived_before_it_happened,
         min(event_id::text) FILTER (WHERE arrived_before_it_happened) AS arrived_before_it_happened_example,
         count(*) FILTER (WHERE before_user_existed) AS before_user_existed,
         min(event_id::text) FILTER (WHERE before_user_existed) AS before_user_existed_example,
         count(*) FILTER (WHERE after_deactivation) AS after_deactivation,
         min(event_id::text) FILTER (WHERE after_deactivation) AS after_deactivation_example,
         count(*) FILTER (WHERE account_not_the_users) AS account_not_the_users,
         min(event_id::text) FILTER (WHERE account_not_the_users) AS account_not_the_users_example
    FROM checked
)
SELECT checks.check_name,
       checks.severity,
       checks.events,
       round(checks.events::numeric / nullif(counted.all_events, 0), 4) AS share,
       checks.example::uuid AS example_event_id,
       checks.description
  FROM counted
 CROSS JOIN LATERAL (VALUES
       ('unknown_event_name', 'warning', unknown_event_name, unknown_event_name_example,
        'The event name is not in event_taxonomy: counted as activity, in no category'),
       ('missing_duration', 'warning', missing_duration, missing_duration_example,
        'A timer_stop without duration_seconds: adds nothing to session time'),
       ('outlying_duration', 'warning', outlying_duration, outlying_duration_example,
        'A timer_stop of more than 8 hours: likely a timer left running'),
       ('output_without_task', 'warning', output_without_task, output_without_task_example,
        'An event of category output without task_id: counted as output, not in task_outputs'),
       ('completed_before_created', 'error', completed_before_created, completed_before_created_example,
        'A task_completed before the first task_created of its task'),
       ('future_event', 'error', future_event, future_event_example,
        'event_ts lies in the future: kept out of series until its day has come'),
       ('arrived_before_it_happened', 'error', arrived_before_it_happened, arrived_before_it_happened_example,
        'ingested_at is before event_ts: a clock is wrong'),
       ('before_user_existed', 'error', before_user_existed, before_user_existed_example,
        'event_ts is before the user''s created_at'),
       ('after_deactivation', 'error', after_deactivation, after_deactivation_example,
        'event_ts is after the user''s deactivated_at'),
       ('account_not_the_users', 'info', account_not_the_users, account_not_the_users_example,
        'The event''s account is not the user''s account of today: the user has moved, or the feed is wrong')
       ) AS checks (check_name, severity, events, example, description);

COMMENT ON VIEW @extschema@.data_quality IS 'Checks of the raw events: one row a check, also with 0 events';
COMMENT ON COLUMN @extschema@.data_quality.check_name IS 'Name of the check';
COMMENT ON COLUMN @extschema@.data_quality.severity IS 'error: cannot be right; warning: figures miss something; info: worth a look';
COMMENT ON COLUMN @extschema@.data_quality.events IS 'Number of events it finds';
COMMENT ON COLUMN @extschema@.data_quality.share IS 'Share of all events; null where there are none';
COMMENT ON COLUMN @extschema@.data_quality.example_event_id IS 'The first such event by its id; null where there is none';
COMMENT ON COLUMN @extschema@.data_quality.description IS 'What it finds, and what that means for the figures';
