-- Users whose settled activity may not be under the account that they have today: all
-- of them are in usage_strays, whatever is done to users and events, and however it is folded.
\set VERBOSITY terse
SET jit = off;
SET usage_analytics.background_fold = off;
SET DateStyle = 'ISO';
BEGIN;

-- Users who are missing; none, always.
CREATE FUNCTION pg_temp.missing() RETURNS TABLE ("user" bigint, account bigint, own_account bigint) LANGUAGE sql AS $$
SELECT bigint_from_id(activity.user_id),
       bigint_from_id(activity.account_id),
       bigint_from_id(dim_user.account_id)
  FROM user_activity AS activity
  LEFT JOIN dim_user
    ON dim_user.user_id = activity.user_id
 WHERE dim_user.account_id IS DISTINCT FROM activity.account_id
   AND activity.user_id NOT IN (SELECT user_id FROM usage_strays)
$$;
-- Those who are there, and whether verify_rollups() says the same of the others.
CREATE FUNCTION pg_temp.state(OUT strays bigint[], OUT missing bigint, OUT verified boolean) LANGUAGE sql AS $$
SELECT ARRAY(SELECT DISTINCT bigint_from_id(user_id) FROM usage_strays ORDER BY 1),
       (SELECT count(*) FROM pg_temp.missing()),
       NOT EXISTS (SELECT FROM verify_rollups()) AND NOT EXISTS (SELECT FROM pg_temp.missing())
$$;
CREATE FUNCTION pg_temp.events(users bigint[], accounts bigint[]) RETURNS void LANGUAGE sql AS $$
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
SELECT id_from_bigint("user"), id_from_bigint(account), 'app_open', '2026-01-05 12:00Z'
  FROM unnest(users, accounts) AS e ("user", account)
$$;

INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 4) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1), 'member' FROM generate_series(10, 39) AS n;

-- Who is active under the own account is none, who is active under another is one.
SELECT pg_temp.events('{10,11,12,13,13}', '{1,1,2,1,2}');
SELECT * FROM pg_temp.state();
SELECT usage_refresh();
SELECT * FROM pg_temp.state();
-- No new row, nothing to append
SELECT pg_temp.events('{10,12}', '{1,2}');
SELECT usage_refresh();
SELECT count(*) AS rows FROM usage_strays;

-- Users move: before any event, while events are pending, after they were folded; and back
SAVEPOINT moves;
UPDATE dim_user SET account_id = id_from_bigint(2) WHERE user_id = id_from_bigint(14);
SELECT pg_temp.events('{14,15,16}', '{2,1,1}');
UPDATE dim_user SET account_id = id_from_bigint(2) WHERE user_id = id_from_bigint(15);
SELECT usage_refresh();
UPDATE dim_user SET account_id = id_from_bigint(2) WHERE user_id = id_from_bigint(16);
SELECT * FROM pg_temp.state();
UPDATE dim_user SET account_id = id_from_bigint(1) WHERE user_id = id_from_bigint(16);
SELECT * FROM pg_temp.state();
-- What is not a move
UPDATE dim_user SET account_id = account_id, role = 'admin', created_at = created_at;
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(17), id_from_bigint(1), 'admin')
ON CONFLICT (user_id) DO UPDATE SET account_id = excluded.account_id, role = excluded.role;
SELECT * FROM pg_temp.state();
-- Many at once, by ON CONFLICT, by MERGE, by a trigger of the owner's, and rolled back
UPDATE dim_user SET account_id = id_from_bigint(3) WHERE user_id BETWEEN id_from_bigint(20) AND id_from_bigint(22);
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(3), 'member' FROM generate_series(23, 24) AS n
ON CONFLICT (user_id) DO UPDATE SET account_id = excluded.account_id;
MERGE INTO dim_user USING (VALUES (25, 'move'), (26, 'delete'), (40, 'add')) AS change (number, what) ON user_id = id_from_bigint(number)
 WHEN MATCHED AND what = 'move' THEN UPDATE SET account_id = id_from_bigint(3)
 WHEN MATCHED THEN DELETE
 WHEN NOT MATCHED THEN INSERT (user_id, account_id, role) VALUES (id_from_bigint(number), id_from_bigint(3), 'member');
CREATE FUNCTION pg_temp.redirect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.account_id := id_from_bigint(4); RETURN NEW; END $$;
CREATE TRIGGER redirect BEFORE UPDATE OF role ON dim_user FOR EACH ROW EXECUTE FUNCTION pg_temp.redirect();
UPDATE dim_user SET role = 'admin' WHERE user_id = id_from_bigint(27);
DROP TRIGGER redirect ON dim_user;
SAVEPOINT undone;
UPDATE dim_user SET account_id = id_from_bigint(3);
ROLLBACK TO undone;
SELECT * FROM pg_temp.state();
SELECT pg_temp.events(array_agg(n), array_agg(1)) FROM generate_series(10, 39) AS n WHERE n <> 26;
SELECT usage_refresh() > 0 AS folded;
SELECT * FROM pg_temp.state();
-- Made anew, these are just those who have to be there.
CREATE FUNCTION pg_temp.superfluous() RETURNS SETOF bigint LANGUAGE sql AS $$
SELECT bigint_from_id(user_id) FROM usage_strays
EXCEPT ALL
SELECT DISTINCT bigint_from_id(activity.user_id)
  FROM user_activity AS activity
  LEFT JOIN dim_user
    ON dim_user.user_id = activity.user_id
 WHERE dim_user.account_id IS DISTINCT FROM activity.account_id
ORDER BY 1
$$;
SELECT count(*) > 0 AS superfluous FROM pg_temp.superfluous();
SELECT rebuild_rollups() > 0 AS rebuilt;
SELECT * FROM pg_temp.state();
SELECT pg_temp.superfluous() AS superfluous;
-- Where raw events were purged, too
UPDATE dim_user SET account_id = id_from_bigint(1) WHERE user_id = id_from_bigint(20);
UPDATE dim_user SET account_id = id_from_bigint(2) WHERE user_id = id_from_bigint(30);
SELECT purge_events('2026-01-06') > 0 AS purged;
SELECT pg_temp.events('{31}', '{4}');
SELECT rebuild_rollups();
SELECT * FROM pg_temp.state();
SELECT pg_temp.superfluous() AS superfluous;
ROLLBACK TO moves;

-- Users are deleted and added again, with the foreign keys dropped, and events are
-- of users who were never there.
SAVEPOINT foreign_keys;
ALTER TABLE fct_event DROP CONSTRAINT fct_event_user_id_fkey;
DELETE FROM dim_user WHERE user_id IN (id_from_bigint(10), id_from_bigint(20));
SELECT * FROM pg_temp.state();
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(10), id_from_bigint(2), 'member'), (id_from_bigint(20), id_from_bigint(2), 'member');
SELECT pg_temp.events('{20,21,50}', '{1,1,1}');
SELECT * FROM pg_temp.state();
SELECT usage_refresh();
SELECT * FROM pg_temp.state();
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(50), id_from_bigint(1), 'member');
SELECT * FROM pg_temp.state();
-- Keys change, also two for each other.
ALTER TABLE dim_user DROP CONSTRAINT dim_user_pkey, ADD PRIMARY KEY (user_id) DEFERRABLE;
UPDATE dim_user SET user_id = CASE user_id WHEN id_from_bigint(11) THEN id_from_bigint(22) ELSE id_from_bigint(11) END, account_id = id_from_bigint(3)
 WHERE user_id IN (id_from_bigint(11), id_from_bigint(22));
UPDATE dim_user SET user_id = id_from_bigint(51) WHERE user_id = id_from_bigint(50);
SELECT * FROM pg_temp.state();
-- No user is left.
SAVEPOINT emptied;
DELETE FROM dim_user;
SELECT * FROM pg_temp.state();
ROLLBACK TO emptied;
TRUNCATE dim_user;
SELECT * FROM pg_temp.state();
SELECT pg_temp.events('{23}', '{1}');
SELECT usage_refresh();
SELECT * FROM pg_temp.state();
SELECT rebuild_rollups();
SELECT * FROM pg_temp.state();
-- No activity is left.
TRUNCATE fct_event;
SELECT * FROM pg_temp.state();
ROLLBACK TO foreign_keys;

-- They go with their activity.
SAVEPOINT gone;
DELETE FROM fct_event WHERE user_id = id_from_bigint(12);
SELECT * FROM pg_temp.state();
SELECT usage_refresh();
SELECT * FROM pg_temp.state();
SELECT pg_temp.events('{12}', '{2}');
SELECT usage_refresh();
SELECT * FROM pg_temp.state();
SELECT * FROM erase_user(id_from_bigint(12));
SELECT * FROM pg_temp.state();
ROLLBACK TO gone;

-- Folded by statements, too, and where there is no telling which user is where
SAVEPOINT statements;
CREATE FUNCTION pg_temp.as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER own BEFORE INSERT ON user_activity FOR EACH ROW EXECUTE FUNCTION pg_temp.as_it_is();
SELECT pg_temp.events('{14,15}', '{1,2}');
SELECT usage_refresh();
SELECT * FROM pg_temp.state();
ROLLBACK TO statements;
ALTER TABLE dim_user DROP CONSTRAINT dim_user_pkey CASCADE;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(14), id_from_bigint(n), 'member' FROM generate_series(1, 2) AS n;
SELECT pg_temp.events('{14,15}', '{1,1}');
SELECT usage_refresh();
SELECT * FROM pg_temp.state();
ROLLBACK TO statements;

-- Thousands of users, with an index of the owner's
CREATE INDEX own ON usage_strays (bigint_from_id(user_id));
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(1000 + n), id_from_bigint(1 + n % 2), 'member' FROM generate_series(1, 12000) AS n;
INSERT INTO fct_event (user_id, account_id, event_name, event_ts) SELECT user_id, id_from_bigint(1), 'app_open', '2026-01-05 12:00Z' FROM dim_user WHERE user_id > id_from_bigint(1000);
SELECT usage_refresh();
SELECT count(*) AS strays, count(DISTINCT user_id) AS users, bool_and(user_id IN (SELECT user_id FROM dim_user WHERE account_id <> id_from_bigint(1))) AS right FROM usage_strays WHERE user_id > id_from_bigint(1000);
UPDATE dim_user SET account_id = id_from_bigint(3) WHERE user_id > id_from_bigint(1000);
SET LOCAL enable_seqscan = off;
SELECT count(*) AS strays, count(DISTINCT user_id) AS users FROM usage_strays WHERE bigint_from_id(user_id) > 1000;
RESET enable_seqscan;
SELECT count(*) AS missing FROM pg_temp.missing();
ROLLBACK TO statements;

-- Whoever may change users needs no rights on it, and a search_path of their own is not ours.
CREATE ROLE usage_clerk;
GRANT SELECT, UPDATE, DELETE, TRUNCATE ON dim_user TO usage_clerk;
GRANT SELECT ON dim_account TO usage_clerk;
ALTER TABLE fct_event DROP CONSTRAINT fct_event_user_id_fkey;
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.usage_strays (user_id uuid);
-- An index of the owner's is kept right by the owner, and row security is not asked.
CREATE FUNCTION elsewhere.as_owner(uuid) RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF current_user = 'usage_clerk' THEN
    RAISE EXCEPTION 'this runs as the writer';
  END IF;
  RETURN $1;
END $$;
CREATE INDEX own ON usage_strays (elsewhere.as_owner(user_id));
ALTER TABLE usage_strays ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE usage_clerk;
SET LOCAL search_path = elsewhere, public;
UPDATE dim_user SET account_id = id_from_bigint(4) WHERE user_id = id_from_bigint(10);
DELETE FROM dim_user WHERE user_id = id_from_bigint(11);
SAVEPOINT denied;
SELECT count(*) FROM public.usage_strays;
ROLLBACK TO denied;
RESET ROLE;
SET LOCAL search_path = public;
SELECT * FROM pg_temp.state();
SET LOCAL ROLE usage_clerk;
SET LOCAL search_path = elsewhere, public;
TRUNCATE dim_user;
RESET ROLE;
SET LOCAL search_path = public;
SELECT * FROM pg_temp.state();
ROLLBACK TO statements;

-- Partitions of users: what is written to one itself, and what moves between them
SAVEPOINT partitions;
ALTER TABLE fct_event DROP CONSTRAINT fct_event_user_id_fkey;
CREATE TABLE users (LIKE dim_user INCLUDING DEFAULTS) PARTITION BY LIST (account_id);
CREATE TABLE users_1 PARTITION OF users FOR VALUES IN ('00000000-0000-8000-8000-000000000001');
CREATE TABLE users_others PARTITION OF users DEFAULT;
INSERT INTO users SELECT * FROM dim_user;
ALTER TABLE dim_user RENAME TO former_user;
ALTER TABLE users RENAME TO dim_user;
SELECT string_agg(statement, ';' ORDER BY step) AS triggers FROM usage_model_script() WHERE statement LIKE 'CREATE OR REPLACE TRIGGER usage_capture_strays%' \gset
:triggers;
UPDATE dim_user SET account_id = id_from_bigint(3) WHERE user_id = id_from_bigint(10);
DELETE FROM users_1 WHERE user_id = id_from_bigint(11);
SELECT ARRAY(SELECT DISTINCT bigint_from_id(user_id) FROM usage_strays ORDER BY 1) AS strays, (SELECT count(*) FROM pg_temp.missing()) AS missing;
ROLLBACK TO partitions;

-- What is missing is found, and put right.
DELETE FROM usage_strays WHERE user_id = id_from_bigint(12);
SELECT relation, bigint_from_id(account_id) AS account, bigint_from_id(user_id) AS "user", month, bigint_from_id(expected::uuid) AS expected, found FROM verify_rollups();
INSERT INTO usage_strays VALUES (id_from_bigint(10)), (id_from_bigint(99));
SELECT rebuild_rollups();
SELECT * FROM pg_temp.state();
-- For the owner, row security would hide some.
CREATE ROLE usage_stray_owner;
ALTER TABLE usage_strays ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_strays FORCE ROW LEVEL SECURITY;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO usage_stray_owner;
SET LOCAL ROLE usage_stray_owner;
SELECT * FROM verify_rollups();
ROLLBACK TO statements;

-- Where the table is not as it should be, or the trigger is another
SAVEPOINT failing;
ALTER TABLE usage_strays ADD note text;
UPDATE dim_user SET account_id = id_from_bigint(2);
ROLLBACK TO failing;
ALTER TABLE usage_strays RENAME TO gone;
UPDATE dim_user SET account_id = id_from_bigint(2);
ROLLBACK TO failing;
CREATE ROLE usage_clerk;
ALTER TABLE usage_strays OWNER TO usage_clerk;
DELETE FROM dim_user WHERE user_id = id_from_bigint(39);
ROLLBACK TO failing;
CREATE TRIGGER own BEFORE UPDATE ON dim_user FOR EACH ROW EXECUTE FUNCTION usage_capture_strays();
UPDATE dim_user SET role = 'admin';
ROLLBACK TO failing;
CREATE TRIGGER own AFTER DELETE ON dim_user FOR EACH STATEMENT EXECUTE FUNCTION usage_capture_strays();
DELETE FROM dim_user WHERE user_id = id_from_bigint(39);
ROLLBACK TO failing;
CREATE TRIGGER own AFTER UPDATE ON dim_account FOR EACH ROW EXECUTE FUNCTION usage_capture_strays();
UPDATE dim_account SET plan_tier = 'free';
ROLLBACK TO failing;
SELECT usage_capture_strays();
ROLLBACK;
