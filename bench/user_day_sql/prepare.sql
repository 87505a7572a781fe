-- What someone would prepare in PostgreSQL who wants these questions answered
-- fast: the tables that DuckDB gets (see duckdb.mjs), with the indexes that fit.
CREATE TABLE bench.user_number AS
SELECT user_id,
       row_number() OVER (ORDER BY user_id)::integer AS user_no
  FROM dim_user;

CREATE TABLE bench.account_user_day AS
SELECT account_id,
       user_id,
       user_no,
       (event_ts AT TIME ZONE 'UTC')::date AS activity_date,
       count(*) AS events,
       coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0) AS work_seconds,
       count(*) FILTER (WHERE event_name = 'task_created') AS tasks_created,
       count(*) FILTER (WHERE event_name = 'task_completed') AS tasks_completed
  FROM fct_event
  JOIN bench.user_number USING (user_id)
 GROUP BY account_id, user_id, user_no, 4
 ORDER BY account_id, activity_date;

CREATE TABLE bench.user_day AS
SELECT DISTINCT user_no, activity_date
  FROM bench.account_user_day
 ORDER BY activity_date, user_no;

CREATE UNIQUE INDEX ON bench.account_user_day (account_id, activity_date, user_id);
CREATE INDEX ON bench.account_user_day (activity_date);
CREATE UNIQUE INDEX ON bench.user_day (user_no, activity_date);
CREATE INDEX ON bench.user_day (activity_date);
VACUUM ANALYZE bench.user_number, bench.account_user_day, bench.user_day;
