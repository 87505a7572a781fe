-- Purging keeps what the rollups say, erasing keeps nothing, and partitions of
-- fct_event count, whichever way they are written to.
\set VERBOSITY terse
SET jit = off;
BEGIN;
INSERT INTO dim_account (account_id, plan_tier)
SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 3) AS n;
INSERT INTO dim_user (user_id, account_id, role)
SELECT id_from_bigint(10 + n), id_from_bigint(1 + n % 3), 'member' FROM generate_series(1, 9) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds, source)
SELECT id_from_bigint(11 + n % 9), id_from_bigint(1 + n % 4 % 3), (ARRAY['timer_stop', 'app_open', 'own'])[1 + n % 3],
       '2026-01-01'::timestamptz + n * interval '5 hours', n % 7, (ARRAY['web', 'api', NULL])[1 + n % 3]
  FROM generate_series(1, 300) AS n;
SELECT usage_refresh() > 0 AS folded;

-- What the views of activity say, all together
CREATE FUNCTION pg_temp.activity()
RETURNS TABLE (what text, number bigint, hash text)
LANGUAGE sql
AS $$
  SELECT 'user_daily_activity', count(*), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM user_daily_activity AS v
  UNION ALL
  SELECT 'daily_active_users', count(*), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM daily_active_users AS v
  UNION ALL
  SELECT 'account_daily_usage', count(*), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM account_daily_usage AS v
  UNION ALL
  SELECT 'feature_adoption', count(*), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM feature_adoption AS v
  UNION ALL
  SELECT 'retention_weekly', count(*), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM retention_weekly AS v
  UNION ALL
  SELECT 'user_lifecycle_weekly', count(*), md5(string_agg(v::text, ',' ORDER BY v::text COLLATE "C")) FROM user_lifecycle_weekly AS v
$$;
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.activity();
CREATE FUNCTION pg_temp.unlike_before() RETURNS SETOF text LANGUAGE sql AS
  'SELECT what FROM (SELECT * FROM before EXCEPT SELECT * FROM pg_temp.activity()) AS d ORDER BY what';

-- Purged with nothing pending, and with something
SELECT purge_events('2026-02-01');
SELECT * FROM pg_temp.unlike_before();
UPDATE fct_event SET duration_seconds = duration_seconds + 60, event_ts = event_ts - interval '3 days' WHERE event_ts BETWEEN '2026-02-05' AND '2026-02-10';
TRUNCATE before;
INSERT INTO before SELECT * FROM pg_temp.activity();
SELECT purge_events('2026-02-12') > 0 AS purged, (SELECT count(*) > 0 FROM usage_pending) AS pending;
SELECT min(event_ts) >= '2026-02-12Z' AS gone FROM fct_event;
SELECT * FROM pg_temp.unlike_before();
SELECT * FROM verify_rollups();
SELECT purged_before, first_event_day FROM usage_status;
SELECT rebuild_rollups() = (SELECT count(*) FROM fct_event) AS all_counted;
SELECT * FROM pg_temp.unlike_before();
SELECT * FROM verify_rollups();
-- not twice, not earlier, and not what is to come
SELECT purge_events('2026-02-12'), purge_events('2026-01-01');
SELECT purged_before FROM usage_status;
SAVEPOINT failing;
SELECT purge_events('9999-12-31');
ROLLBACK TO failing;
SELECT purge_events(NULL);
ROLLBACK TO failing;
SELECT purge_events('-infinity');
ROLLBACK TO failing;
SELECT set_usage_time_zone('Asia/Tokyo');
ROLLBACK TO failing;

-- Late events of purged days count, change, go, and are purged in their turn.
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(900 + n), id_from_bigint(11), id_from_bigint(1), 'timer_stop', '2026-01-15 12:00Z', 60 FROM generate_series(1, 4) AS n;
SELECT activity_date, events, work_seconds FROM user_daily_activity
 WHERE user_id = id_from_bigint(11) AND account_id = id_from_bigint(1) AND activity_date BETWEEN '2026-01-13' AND '2026-01-17' ORDER BY 1;
DELETE FROM fct_event WHERE event_id = id_from_bigint(904);
UPDATE fct_event SET event_ts = '2026-03-01 12:00Z' WHERE event_id = id_from_bigint(903);
SELECT rebuild_rollups() > 0 AS rebuilt;
SELECT activity_date, events, work_seconds FROM user_daily_activity
 WHERE user_id = id_from_bigint(11) AND account_id = id_from_bigint(1) AND activity_date BETWEEN '2026-01-13' AND '2026-01-17' ORDER BY 1;
SELECT * FROM verify_rollups();
SELECT purge_events('2026-02-12');
SELECT activity_date, events, work_seconds FROM user_daily_activity
 WHERE user_id = id_from_bigint(11) AND account_id = id_from_bigint(1) AND activity_date BETWEEN '2026-01-13' AND '2026-01-17' ORDER BY 1;
SELECT rebuild_rollups() > 0 AS rebuilt;
SELECT * FROM verify_rollups();

-- What the owner's triggers do while events are purged is not part of the purge.
SAVEPOINT chain;
CREATE FUNCTION pg_temp.chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM public.fct_event WHERE event_ts >= '2026-03-02';
  RETURN OLD;
END $$;
CREATE TRIGGER chain AFTER DELETE ON fct_event FOR EACH ROW WHEN (OLD.event_ts < '2026-03-01') EXECUTE FUNCTION pg_temp.chain();
SELECT purge_events('2026-02-14') > 0 AS purged;
SELECT * FROM verify_rollups();
SELECT count(*) FROM user_daily_activity WHERE activity_date >= '2026-03-02';
ROLLBACK TO chain;

-- No trace of a person is left in any column of any table, purged months and
-- what is pending too.
CREATE FUNCTION pg_temp.traces(person uuid) RETURNS TABLE (relation name, traces bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR relation IN
    SELECT relname FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname
  LOOP
    EXECUTE format('SELECT count(*) FROM %I AS t WHERE t::text LIKE %L', relation, '%' || person || '%') INTO traces;
    IF traces > 0 THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;
UPDATE fct_event SET account_id = id_from_bigint(1), duration_seconds = 9 WHERE user_id = id_from_bigint(12);
SELECT relation, traces > 0 AS traces FROM pg_temp.traces(id_from_bigint(12)) ORDER BY relation COLLATE "C";
SELECT relation, removed_rows > 0 AS removed FROM erase_user(id_from_bigint(12));
SELECT * FROM pg_temp.traces(id_from_bigint(12));
SELECT * FROM erase_user(id_from_bigint(12));
SELECT * FROM verify_rollups();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.traces(id_from_bigint(12));
SAVEPOINT failing;
SELECT * FROM erase_user(NULL);
ROLLBACK TO failing;

-- So it is where the user's row is deleted, with raw events that are there …
SAVEPOINT cascade;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(13), id_from_bigint(1), 'timer_stop', '2026-01-15 12:00Z', 60 FROM generate_series(1, 4) AS n;
ALTER TABLE fct_event DROP CONSTRAINT fct_event_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES dim_user ON DELETE CASCADE;
DELETE FROM dim_user WHERE user_id IN (id_from_bigint(13), id_from_bigint(14));
SELECT * FROM usage_live_rollup WHERE user_id IN (id_from_bigint(13), id_from_bigint(14));
SELECT * FROM verify_rollups();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.traces(id_from_bigint(13));
SELECT * FROM pg_temp.traces(id_from_bigint(14));
ROLLBACK TO cascade;
-- … or purged.
SAVEPOINT purged;
SELECT purge_events('2026-04-01') > 0 AS purged;
INSERT INTO before SELECT 'user', count(*) FROM usage_live_rollup WHERE user_id = id_from_bigint(13);
SELECT number > 0 AS there FROM before WHERE what = 'user';
DELETE FROM dim_user WHERE user_id = id_from_bigint(13);
SELECT * FROM usage_live_rollup WHERE user_id = id_from_bigint(13);
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.traces(id_from_bigint(13));
SELECT * FROM verify_rollups();
ROLLBACK TO purged;

-- Where the key of a user's row changes, what was purged goes along: with no events
-- left, and with some, late ones of purged days among them, by a cascade; there and
-- back again leaves nothing.
SAVEPOINT renamed;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(13), id_from_bigint(1), 'timer_stop', '2026-01-15 12:00Z', 60 FROM generate_series(1, 4) AS n;
ALTER TABLE fct_event DROP CONSTRAINT fct_event_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES dim_user ON UPDATE CASCADE;
CREATE TEMPORARY TABLE of_person AS
SELECT account_id, activity_date, events, work_seconds FROM user_daily_activity WHERE user_id = id_from_bigint(13);
CREATE TEMPORARY TABLE of_all AS SELECT * FROM daily_active_users;
UPDATE dim_user SET user_id = id_from_bigint(113), role = 'admin' WHERE user_id = id_from_bigint(13);
CREATE FUNCTION pg_temp.moved() RETURNS TABLE (old_key bigint, person bigint, everybody bigint, wrong bigint) LANGUAGE sql AS $$
SELECT (SELECT count(*) FROM usage_live_rollup WHERE user_id = id_from_bigint(13)),
       (SELECT count(*) FROM ((SELECT * FROM of_person EXCEPT ALL SELECT account_id, activity_date, events, work_seconds FROM user_daily_activity WHERE user_id = id_from_bigint(113))
                              UNION ALL
                              (SELECT account_id, activity_date, events, work_seconds FROM user_daily_activity WHERE user_id = id_from_bigint(113) EXCEPT ALL SELECT * FROM of_person)) AS d),
       (SELECT count(*) FROM (SELECT * FROM of_all EXCEPT ALL SELECT * FROM daily_active_users) AS d),
       (SELECT count(*) FROM verify_rollups());
$$;
SELECT count(*) > 10 AS there FROM of_person;
SELECT * FROM pg_temp.moved();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.moved();
SELECT * FROM pg_temp.traces(id_from_bigint(13));
SELECT purge_events('2026-04-01') > 0 AS purged;
UPDATE dim_user SET user_id = id_from_bigint(CASE user_id WHEN id_from_bigint(113) THEN 213 ELSE 214 END)
 WHERE user_id IN (id_from_bigint(113), id_from_bigint(14));
UPDATE dim_user SET user_id = id_from_bigint(113) WHERE user_id = id_from_bigint(213);
SELECT * FROM pg_temp.moved();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.moved();
SELECT * FROM pg_temp.traces(id_from_bigint(14));
SELECT * FROM pg_temp.traces(id_from_bigint(213));
ROLLBACK TO renamed;

-- All events gone, all rollups stay.
SELECT purge_events(current_date) > 0 AS purged;
SELECT count(*) FROM fct_event;
SELECT count(*) > 0 AS still_there FROM daily_active_users;
SELECT * FROM verify_rollups();
SELECT rebuild_rollups();
SELECT count(*) > 0 AS still_there FROM daily_active_users;
ROLLBACK;

-- A policy does not hide rows from the owner where all have to be seen.
BEGIN;
ALTER TABLE fct_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON fct_event USING (event_name = 'own');
CREATE ROLE upkeep_owner;
DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO upkeep_owner', relation);
  END LOOP;
END $$;
SET LOCAL ROLE upkeep_owner;
SAVEPOINT failing;
SELECT * FROM verify_rollups();
ROLLBACK TO failing;
SELECT rebuild_rollups();
ROLLBACK TO failing;
SELECT purge_events('2026-01-01');
ROLLBACK TO failing;
SELECT * FROM erase_user(id_from_bigint(11));
ROLLBACK;

-- Partitions by month, adopted
BEGIN;
SET LOCAL client_min_messages = warning;
DROP TABLE fct_event CASCADE;
CREATE TABLE fct_event (
  event_id         uuid NOT NULL DEFAULT new_event_id(),
  user_id          uuid NOT NULL,
  account_id       uuid NOT NULL,
  task_id          uuid,
  event_ts         timestamptz NOT NULL,
  ingested_at      timestamptz NOT NULL DEFAULT now(),
  duration_seconds integer,
  event_name       text NOT NULL,
  source           text,
  PRIMARY KEY (event_id, event_ts)
) PARTITION BY RANGE (event_ts);
CREATE TABLE event_2026_01 PARTITION OF fct_event FOR VALUES FROM ('2026-01-01Z') TO ('2026-02-01Z');
CREATE TABLE event_2026_02 PARTITION OF fct_event FOR VALUES FROM ('2026-02-01Z') TO ('2026-03-01Z');
-- Its columns in another order
CREATE TABLE "event 2026\03" (source text, gone integer, event_name text NOT NULL, duration_seconds integer, ingested_at timestamptz NOT NULL DEFAULT now(),
  event_ts timestamptz NOT NULL, task_id uuid, account_id uuid NOT NULL, user_id uuid NOT NULL, event_id uuid NOT NULL DEFAULT new_event_id());
ALTER TABLE "event 2026\03" DROP COLUMN gone;
ALTER TABLE fct_event ATTACH PARTITION "event 2026\03" FOR VALUES FROM ('2026-03-01Z') TO ('2026-04-01Z');
CREATE TABLE event_late PARTITION OF fct_event FOR VALUES FROM ('2030-01-01Z') TO ('infinity');
CREATE TABLE event_other PARTITION OF fct_event DEFAULT;
SELECT create_usage_model();
SELECT rebuild_rollups();
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(11), id_from_bigint(1), 'member');

-- Through the parent, across partitions
INSERT INTO fct_event (user_id, account_id, event_name, event_ts, duration_seconds)
SELECT id_from_bigint(11), id_from_bigint(1), (ARRAY['timer_stop', 'own'])[1 + n % 2], '2026-01-01Z'::timestamptz + n * interval '1 day', n FROM generate_series(0, 99) AS n;
SELECT * FROM verify_rollups();
UPDATE fct_event SET event_ts = event_ts + interval '20 days', duration_seconds = duration_seconds + 1;
SELECT * FROM verify_rollups();
DELETE FROM fct_event WHERE extract(day FROM event_ts) = 25;
SELECT * FROM verify_rollups();
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM verify_rollups();

-- A partition by name: bypasses the triggers …
SAVEPOINT direct;
INSERT INTO "event 2026\03" (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'own', '2026-03-05Z');
SELECT relation, user_id, month FROM verify_rollups();
SELECT rebuild_rollups() > 0 AS rebuilt;
SELECT * FROM verify_rollups();
ROLLBACK TO direct;
-- … unless it has its own.
SELECT capture_partition('"event 2026\03"');
INSERT INTO "event 2026\03" (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'own', '2026-03-05Z');
UPDATE "event 2026\03" SET event_ts = event_ts + interval '1 minute', duration_seconds = 3;
DELETE FROM "event 2026\03" WHERE event_ts > '2026-03-20Z';
SELECT * FROM verify_rollups();
-- Nothing counts twice.
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) VALUES (id_from_bigint(11), id_from_bigint(1), 'own', '2026-03-06Z');
UPDATE fct_event SET event_ts = event_ts - interval '9 days';
SELECT * FROM verify_rollups();
SELECT capture_partition('"event 2026\03"');
SELECT count(*) FROM pg_trigger WHERE tgrelid = '"event 2026\03"'::regclass AND NOT tgisinternal;
SAVEPOINT failing;
SELECT capture_partition('dim_user');
ROLLBACK TO failing;
SELECT capture_partition('fct_event');
ROLLBACK TO failing;
TRUNCATE "event 2026\03";
ROLLBACK TO failing;
SELECT usage_refresh() > 0 AS folded;
TRUNCATE fct_event;
SELECT (SELECT count(*) FROM usage_rollup) AS rollup, (SELECT count(*) FROM user_activity) AS activity, (SELECT count(*) FROM usage_pending) AS pending;
ROLLBACK TO failing;

-- Attached and detached with its events: rebuilt
ALTER TABLE fct_event DETACH PARTITION event_2026_02;
SELECT count(*) > 0 AS differ FROM verify_rollups();
SELECT rebuild_rollups() > 0 AS rebuilt;
SELECT * FROM verify_rollups();
ALTER TABLE fct_event ATTACH PARTITION event_2026_02 FOR VALUES FROM ('2026-02-01Z') TO ('2026-03-01Z');
SELECT count(*) > 0 AS differ FROM verify_rollups();
SELECT rebuild_rollups() > 0 AS rebuilt;
SELECT * FROM verify_rollups();

-- Purged: whole partitions go, however dates are written.
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL TimeZone = 'Asia/Kolkata';
SELECT count(*) AS events_before, count(*) FILTER (WHERE event_ts >= '2026-03-01Z') AS to_stay FROM fct_event \gset
SELECT sum(events) AS activity_before FROM user_daily_activity \gset
SET LOCAL client_min_messages = notice;
SELECT purge_events('2026-03-01') = :events_before - :to_stay AS all_purged;
SELECT relid FROM pg_partition_tree('fct_event') WHERE isleaf ORDER BY relid::text COLLATE "C";
SELECT count(*) = :to_stay AS stay FROM fct_event;
SELECT sum(events) = :activity_before AS still_there FROM user_daily_activity;
SELECT * FROM verify_rollups();
SELECT rebuild_rollups() = :to_stay AS rebuilt;
SELECT sum(events) = :activity_before AS still_there FROM user_daily_activity;
ROLLBACK;

-- What takes long tells of every million rows, or of every tenth.
SELECT count(*) FROM generate_series(1, 2000000) AS n WHERE usage_tell('deleted', 0);
SELECT count(*) FROM generate_series(1, 2000000) AS n WHERE usage_tell('recounted', 20000000);
SELECT count(*) FROM generate_series(1, 2000000) AS n WHERE usage_tell('recounted', 20000001);
