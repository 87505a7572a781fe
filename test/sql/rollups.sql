-- Capture and fold: whatever a statement does to fct_event, the views say what
-- plain SQL over the events says, before and after a fold.
\set VERBOSITY terse
SET jit = off;
BEGIN;

-- What differs from plain SQL over the events; nothing, always.
CREATE FUNCTION pg_temp.differences()
RETURNS TABLE (what text, account_id uuid, user_id uuid, day date, events bigint, work_seconds bigint)
LANGUAGE sql
AS $$
  SELECT concat_ws(' ', 'verify_rollups:', relation, expected, 'but', found), account_id, user_id, month, NULL, NULL
    FROM verify_rollups()
  UNION ALL
  (SELECT 'only in the view', account_id, user_id, activity_date, events, work_seconds FROM user_daily_activity
    EXCEPT ALL
   SELECT 'only in the view', account_id, user_id, (event_ts AT TIME ZONE 'UTC')::date, count(*),
          coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0)
     FROM fct_event
    GROUP BY 2, 3, 4)
  UNION ALL
  (SELECT 'only in the events', account_id, user_id, (event_ts AT TIME ZONE 'UTC')::date, count(*),
          coalesce(sum(duration_seconds) FILTER (WHERE event_name = 'timer_stop'), 0)
     FROM fct_event
    GROUP BY 2, 3, 4
    EXCEPT ALL
   SELECT 'only in the events', account_id, user_id, activity_date, events, work_seconds FROM user_daily_activity)
$$;
CREATE FUNCTION pg_temp.pending() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM usage_pending';

INSERT INTO dim_account (account_id, plan_tier)
SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 3) AS n;
INSERT INTO dim_user (user_id, account_id, role)
SELECT id_from_bigint(10 + n), id_from_bigint(1 + n % 3), 'member' FROM generate_series(1, 9) AS n;

-- INSERT … SELECT, over months, users and accounts
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts, duration_seconds, source)
SELECT id_from_bigint(1000 + n), id_from_bigint(11 + n % 9), id_from_bigint(1 + n % 4 % 3),
       (ARRAY['timer_stop', 'app_open', 'own "event"'])[1 + n % 3], '2026-01-01'::timestamptz + n * interval '5 hours',
       nullif(n % 7, 0), (ARRAY['web', 'api', NULL])[1 + n % 3]
  FROM generate_series(1, 300) AS n;
SELECT * FROM pg_temp.differences();
SELECT pg_temp.pending() = usage_refresh() AS all_folded, pg_temp.pending();
SELECT * FROM pg_temp.differences();

-- No rows
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) SELECT user_id, account_id, event_name, event_ts FROM fct_event WHERE false;
UPDATE fct_event SET event_ts = event_ts WHERE false;
DELETE FROM fct_event WHERE false;
-- and what leaves all as it was
UPDATE fct_event SET event_ts = event_ts, event_id = event_id;
UPDATE fct_event SET ingested_at = now(), task_id = id_from_bigint(1);
SELECT pg_temp.pending();

-- Each column that counts
UPDATE fct_event SET event_ts = event_ts - interval '1 month' WHERE bigint_from_id(event_id) % 10 = 0;
UPDATE fct_event SET user_id = id_from_bigint(12) WHERE bigint_from_id(event_id) % 10 = 1;
UPDATE fct_event SET account_id = id_from_bigint(3) WHERE bigint_from_id(event_id) % 10 = 2;
UPDATE fct_event SET event_name = 'task_created' WHERE bigint_from_id(event_id) % 10 = 3;
UPDATE fct_event SET duration_seconds = 77 WHERE bigint_from_id(event_id) % 10 = 4;
UPDATE fct_event SET source = NULL WHERE bigint_from_id(event_id) % 10 = 5;
UPDATE fct_event SET ingested_at = event_ts + (bigint_from_id(event_id) % 100 - 30) * interval '17 minutes' WHERE bigint_from_id(event_id) % 10 = 6;
SELECT * FROM pg_temp.differences();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.differences();

-- Sent again
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(1250 + n), id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-05-01' FROM generate_series(1, 100) AS n
ON CONFLICT (event_id) DO NOTHING;
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(1300 + n), id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-05-02' FROM generate_series(1, 100) AS n
ON CONFLICT (event_id) DO UPDATE SET event_ts = excluded.event_ts, duration_seconds = 5;
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
VALUES (id_from_bigint(1301), id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-05-03')
ON CONFLICT (event_id) DO UPDATE SET event_ts = excluded.event_ts WHERE false;
SELECT * FROM pg_temp.differences();

-- All three in one statement, twice over
MERGE INTO fct_event AS event
USING generate_series(1200, 1450) AS n
   ON event.event_id = id_from_bigint(n)
 WHEN MATCHED AND n % 3 = 0 THEN DELETE
 WHEN MATCHED AND n % 3 = 1 THEN UPDATE SET user_id = id_from_bigint(13)
 WHEN NOT MATCHED THEN INSERT (event_id, user_id, account_id, event_name, event_ts)
      VALUES (id_from_bigint(n), id_from_bigint(14), id_from_bigint(2), 'app_open', '2026-06-01');
WITH first AS (
  INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
  VALUES (id_from_bigint(5001), id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-07-01') RETURNING 1
), second AS (
  INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts)
  VALUES (id_from_bigint(5002), id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-07-01') RETURNING 1
), changed AS (
  UPDATE fct_event SET event_ts = '2026-07-02' WHERE event_id = id_from_bigint(1010) RETURNING 1
)
DELETE FROM fct_event WHERE event_id IN (id_from_bigint(1011), id_from_bigint(1014));
SELECT * FROM pg_temp.differences();

-- COPY, and through a view
COPY fct_event (event_id, user_id, account_id, event_name, event_ts, duration_seconds) FROM stdin (FORMAT csv);
00000000-0000-8000-8000-0000000f0001,00000000-0000-8000-8000-00000000000b,00000000-0000-8000-8000-000000000001,timer_stop,2026-08-01 10:00+00,60
00000000-0000-8000-8000-0000000f0002,00000000-0000-8000-8000-00000000000b,00000000-0000-8000-8000-000000000001,timer_stop,2026-08-01 23:30-02,
\.
CREATE TEMPORARY VIEW opened AS SELECT user_id, account_id, event_ts, event_name FROM fct_event WHERE event_name = 'app_open';
INSERT INTO opened VALUES (id_from_bigint(15), id_from_bigint(1), '2026-08-03', 'app_open');
UPDATE opened SET event_ts = event_ts + interval '1 day' WHERE user_id = id_from_bigint(15);
SELECT * FROM pg_temp.differences();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.differences();

-- In functions and triggers; rolled back in part
SAVEPOINT whole;
CREATE FUNCTION pg_temp.again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM fct_event WHERE user_id = OLD.user_id AND event_ts = OLD.event_ts AND event_id <> OLD.event_id;
    RETURN OLD;
  END IF;
  INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (NEW.user_id, NEW.account_id, 'echo', NEW.event_ts + interval '1 day');
  RETURN NEW;
END $$;
CREATE TRIGGER again BEFORE INSERT ON fct_event FOR EACH ROW WHEN (NEW.event_name = 'app_open') EXECUTE FUNCTION pg_temp.again();
CREATE TRIGGER again_after AFTER DELETE ON fct_event FOR EACH ROW EXECUTE FUNCTION pg_temp.again();
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint(16), id_from_bigint(2), (ARRAY['app_open', 'other'])[1 + n % 2], '2026-09-01'::timestamptz + n / 2 * interval '1 day' FROM generate_series(1, 10) AS n;
SELECT count(*) FROM fct_event WHERE user_id = id_from_bigint(16) AND event_ts >= '2026-09-01';
SELECT * FROM pg_temp.differences();
DELETE FROM fct_event WHERE user_id = id_from_bigint(16) AND event_name = 'app_open';
SELECT * FROM pg_temp.differences();
DO $$
BEGIN
  BEGIN
    DELETE FROM fct_event WHERE user_id = id_from_bigint(12);
    PERFORM usage_refresh();
    RAISE division_by_zero;
  EXCEPTION WHEN division_by_zero THEN
    DELETE FROM fct_event WHERE user_id = id_from_bigint(13);
  END;
END $$;
SELECT * FROM pg_temp.differences();
SAVEPOINT part;
DELETE FROM fct_event;
SELECT usage_refresh() > 0 AS folded, count(*) FROM usage_rollup;
SELECT * FROM pg_temp.differences();
SELECT (SELECT count(*) FROM usage_rollup) AS rollup, (SELECT count(*) FROM user_activity) AS activity;
ROLLBACK TO part;
SELECT * FROM pg_temp.differences();
ROLLBACK TO whole;
SELECT * FROM pg_temp.differences();

-- More than fits in memory at once: parts that fold to the same
SAVEPOINT parts;
SELECT usage_refresh() IS NOT NULL AS folded;
SET LOCAL maintenance_work_mem = '1MB';
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(11 + n % 9), id_from_bigint(1 + n % 3), 'name ' || n % 5000, '2026-01-01'::timestamptz + n % 97 * interval '1 day', n % 60
  FROM generate_series(1, 30000) AS n;
SELECT count(*) > count(DISTINCT (account_id, user_id, month)) AS in_parts FROM usage_pending;
SELECT * FROM pg_temp.differences();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.differences();
ROLLBACK TO parts;

-- The last days there are, and the first
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
VALUES (id_from_bigint(11), id_from_bigint(1), 'app_open', '294276-12-31 23:59Z'), (id_from_bigint(11), id_from_bigint(1), 'app_open', '4714-12-01 BC');
SELECT * FROM pg_temp.differences();
SELECT usage_refresh();
SELECT * FROM pg_temp.differences();
SELECT count(*) FROM user_daily_activity WHERE activity_date > '200000-01-01';
DELETE FROM fct_event WHERE event_ts > '200000-01-01' OR event_ts < '1000-01-01';
SAVEPOINT failing;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'app_open', '4714-11-25 BC');
ROLLBACK TO failing;

-- An owner who drops constraints gets errors for what they stood for.
ALTER TABLE fct_event ALTER user_id DROP NOT NULL, ALTER account_id DROP NOT NULL, ALTER event_ts DROP NOT NULL, ALTER ingested_at DROP NOT NULL, ALTER event_name DROP NOT NULL,
  DROP CONSTRAINT fct_event_event_name_check, DROP CONSTRAINT fct_event_event_ts_check, DROP CONSTRAINT fct_event_ingested_at_check, DROP CONSTRAINT fct_event_source_check;
SAVEPOINT failing;
INSERT INTO fct_event (account_id, event_name, event_ts) VALUES (id_from_bigint(1), 'app_open', '2026-01-01');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, event_name, event_ts) VALUES (id_from_bigint(11), 'app_open', '2026-01-01');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_name) VALUES (id_from_bigint(11), id_from_bigint(1), 'app_open');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), '2026-01-01');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at) VALUES (id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-01-01', NULL);
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, ingested_at) VALUES (id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-01-01', 'infinity');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), '', '2026-01-01');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), repeat('x', 65536), '2026-01-01');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'app_open', 'infinity');
ROLLBACK TO failing;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, source) VALUES (id_from_bigint(11), id_from_bigint(1), repeat('x', 65535), '2026-01-01', 'fridge'), (id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-01-01', 'the fridge -7');
SELECT * FROM pg_temp.differences();
ROLLBACK TO failing;

-- Columns come and go, wherever they stand.
SET LOCAL client_min_messages = warning;
ALTER TABLE fct_event DROP COLUMN task_id CASCADE, ADD COLUMN own text DEFAULT 'x', ADD COLUMN half integer GENERATED ALWAYS AS (duration_seconds / 2) STORED;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds) VALUES (id_from_bigint(11), id_from_bigint(1), 'timer_stop', '2026-01-01', 10);
UPDATE fct_event SET duration_seconds = 20 WHERE half > 1;
SELECT * FROM pg_temp.differences();
ROLLBACK TO failing;

-- TRUNCATE, also from a dimension
SELECT usage_refresh() >= 0 AS folded;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'app_open', '2026-05-01');
TRUNCATE fct_event;
SELECT (SELECT count(*) FROM usage_rollup) AS rollup, (SELECT count(*) FROM user_activity) AS activity, pg_temp.pending();
ROLLBACK TO failing;
SELECT * FROM pg_temp.differences();
TRUNCATE dim_account CASCADE;
SELECT (SELECT count(*) FROM usage_rollup) AS rollup, (SELECT count(*) FROM user_activity) AS activity, pg_temp.pending();
ROLLBACK TO failing;

-- A foreign key that cascades, as an owner's own may
ALTER TABLE fct_event DROP CONSTRAINT fct_event_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES dim_user ON DELETE CASCADE ON UPDATE CASCADE;
DELETE FROM dim_user WHERE user_id IN (id_from_bigint(12), id_from_bigint(14));
UPDATE dim_user SET user_id = id_from_bigint(99) WHERE user_id = id_from_bigint(13);
SELECT * FROM pg_temp.differences();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.differences();

-- Starting over gives the same.
CREATE TEMPORARY TABLE before AS SELECT * FROM usage_rollup;
SELECT rebuild_rollups() = (SELECT count(*) FROM fct_event) AS all_counted;
SELECT * FROM pg_temp.differences();
TABLE before EXCEPT ALL TABLE usage_rollup;
TABLE usage_rollup EXCEPT ALL TABLE before;

-- A wrong rollup is found, and put right.
UPDATE usage_rollup SET events = events + events WHERE user_id = id_from_bigint(11) AND month = '2026-01-01';
DELETE FROM user_activity WHERE user_id = id_from_bigint(15);
UPDATE user_activity SET shared = NOT shared WHERE (account_id, user_id) = (SELECT account_id, user_id FROM user_activity ORDER BY 1, 2 LIMIT 1);
SELECT relation, count(*) > 0 AS found FROM verify_rollups() GROUP BY relation ORDER BY relation;
SELECT rebuild_rollups() > 0 AS rebuilt;
SELECT * FROM pg_temp.differences();
ROLLBACK;

-- Only fct_event and dim_user are captured.
CREATE TABLE own_event (LIKE fct_event);
CREATE TRIGGER own AFTER INSERT ON own_event REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION usage_capture();
INSERT INTO own_event SELECT * FROM fct_event;
DROP TRIGGER own ON own_event;
CREATE TRIGGER own AFTER DELETE ON own_event REFERENCING OLD TABLE AS old_users FOR EACH STATEMENT EXECUTE FUNCTION usage_capture_users();
DELETE FROM own_event;
DROP TABLE own_event;
BEGIN;
SAVEPOINT failing;
CREATE TRIGGER own BEFORE INSERT ON fct_event FOR EACH STATEMENT EXECUTE FUNCTION usage_capture();
INSERT INTO fct_event SELECT * FROM fct_event;
ROLLBACK TO failing;
CREATE TRIGGER own AFTER UPDATE ON fct_event FOR EACH STATEMENT EXECUTE FUNCTION usage_capture();
UPDATE fct_event SET source = NULL;
ROLLBACK TO failing;
CREATE TRIGGER own AFTER INSERT ON dim_user FOR EACH STATEMENT EXECUTE FUNCTION usage_capture_users();
INSERT INTO dim_user SELECT * FROM dim_user;
ROLLBACK TO failing;
SELECT usage_capture();
ROLLBACK;
