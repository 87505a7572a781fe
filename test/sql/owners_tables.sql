-- What owners add to the rollups' tables works as in any table: a fold sees to it,
-- and settles the same.
SET usage_analytics.background_fold = off;
BEGIN;
INSERT INTO dim_account (account_id, plan_tier) SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 3) AS n;
INSERT INTO dim_user (user_id, account_id, role) SELECT id_from_bigint(n), id_from_bigint(1 + n % 3), 'member' FROM generate_series(11, 30) AS n;
SELECT setseed(0.5);

CREATE FUNCTION pg_temp.events(how_many integer) RETURNS void LANGUAGE sql AS $$
INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts, duration_seconds)
SELECT gen_random_uuid(),
       id_from_bigint(11 + floor(random() * 20)::integer),
       id_from_bigint(1 + floor(random() * 3)::integer),
       (ARRAY['timer_stop', 'app_open'])[1 + n % 2],
       timestamptz '2026-01-01Z' + random() * interval '90 days',
       n
  FROM generate_series(1, how_many) AS n;
$$;
-- Rows come, change and go.
CREATE FUNCTION pg_temp.history(OUT step text, OUT folded boolean, OUT differences bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 4 LOOP
    CASE i
      WHEN 1 THEN step := 'come'; PERFORM pg_temp.events(200);
      WHEN 2 THEN step := 'change'; PERFORM pg_temp.events(100);
      WHEN 3 THEN step := 'some go'; DELETE FROM fct_event WHERE user_id < id_from_bigint(20);
      WHEN 4 THEN step := 'all go'; DELETE FROM fct_event;
    END CASE;
    folded := usage_refresh() > 0;
    differences := (SELECT count(*) FROM verify_rollups());
    RETURN NEXT;
  END LOOP;
END $$;

-- As the tables are made
SAVEPOINT as_made;
SELECT * FROM pg_temp.history();
SELECT (SELECT count(*) FROM usage_rollup), (SELECT count(*) FROM user_activity), (SELECT count(*) FROM account_rollup), (SELECT count(*) FROM usage_totals);
ROLLBACK TO as_made;

-- With more columns, an index with an expression, a dropped column and a table that is laid out otherwise
SAVEPOINT columns;
ALTER TABLE usage_rollup ADD gone integer DEFAULT 1, ADD note text DEFAULT 'mine', ADD active_days integer GENERATED ALWAYS AS (cardinality(days(total_series(events)))) STORED;
ALTER TABLE usage_rollup DROP gone;
ALTER TABLE user_activity ADD gone integer NOT NULL DEFAULT 1;
ALTER TABLE user_activity DROP gone;
ALTER TABLE account_rollup RENAME dau TO moved;
ALTER TABLE account_rollup ADD dau dayseries NOT NULL DEFAULT '{}';
UPDATE account_rollup SET dau = moved;
ALTER TABLE account_rollup DROP moved CASCADE;
CREATE INDEX ON user_activity (cardinality(days));
SELECT pg_temp.events(200);
SELECT usage_refresh() > 0 AS folded;
SELECT pg_temp.events(100);
SELECT usage_refresh() > 0 AS folded;
SELECT count(*) > 0 AS there, bool_and(note = 'mine') AS by_default, bool_and(active_days = cardinality(days(total_series(events)))) AS generated FROM usage_rollup;
SELECT account_id, user_id FROM user_activity WHERE shared <> (user_id IN (SELECT user_id FROM user_activity GROUP BY user_id HAVING count(*) > 1));
SELECT account_id,
       day,
       dau,
       users
  FROM (SELECT account_id, active.day, active.value AS dau FROM account_rollup CROSS JOIN LATERAL unnest(dau) AS active) AS settled
  FULL JOIN (SELECT account_id, event_day(event_ts) AS day, count(DISTINCT user_id) AS users FROM fct_event GROUP BY 1, 2) AS account_users
 USING (account_id, day)
 WHERE dau IS DISTINCT FROM users;
ROLLBACK TO columns;

-- With keys in another order, beside indexes that do not find every row, or not just one
SAVEPOINT keys;
ALTER TABLE usage_rollup DROP CONSTRAINT usage_rollup_pkey;
CREATE INDEX ON usage_rollup USING hash (account_id);
CREATE INDEX ON usage_rollup (account_id, user_id, month) WHERE month < '2026-02-01';
CREATE INDEX ON usage_rollup (account_id, user_id, (month + 1));
CREATE INDEX ON usage_rollup (account_id, account_id, user_id);
CREATE UNIQUE INDEX ON usage_rollup (month, user_id, account_id);
ALTER TABLE account_rollup DROP CONSTRAINT account_rollup_pkey;
CREATE UNIQUE INDEX ON account_rollup (account_id, month) WHERE month < '2026-02-01';
CREATE UNIQUE INDEX ON account_rollup (account_id, month, (month + 1));
CREATE INDEX ON account_rollup (account_id, month);
CREATE UNIQUE INDEX ON account_rollup (month, account_id) INCLUDE (dau);
DROP INDEX user_activity_user_id_idx;
CREATE INDEX ON user_activity (user_id) WHERE account_id < id_from_bigint(2);
CREATE INDEX ON user_activity (user_id, shared);
SELECT * FROM pg_temp.history();
ROLLBACK TO keys;

-- With triggers: of rows, of statements and of their transition tables
SAVEPOINT triggers;
CREATE TABLE seen (relation text, what text, row_count bigint);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_LEVEL = 'ROW' THEN
    INSERT INTO public.seen VALUES (TG_TABLE_NAME, TG_WHEN || ' ' || TG_OP, 1);
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  INSERT INTO public.seen SELECT TG_TABLE_NAME, 'TABLE ' || TG_OP, count(*) FROM rows;
  RETURN NULL;
END $$;
DO $$
DECLARE
  relation text;
BEGIN
  FOREACH relation IN ARRAY '{usage_rollup,user_activity,account_rollup,usage_totals}'::text[] LOOP
    EXECUTE format('CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION see()', relation);
    EXECUTE format('CREATE TRIGGER b AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION see()', relation);
    EXECUTE format('CREATE TRIGGER c AFTER INSERT ON %I REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION see()', relation);
    EXECUTE format('CREATE TRIGGER d AFTER UPDATE ON %I REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION see()', relation);
    EXECUTE format('CREATE TRIGGER e AFTER DELETE ON %I REFERENCING OLD TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION see()', relation);
  END LOOP;
END $$;
SELECT * FROM pg_temp.history();
-- Each row is seen by all of them, and as many go as came.
SELECT relation,
       operation,
       min(row_count) > 0 AS seen,
       min(row_count) = max(row_count) AS by_all
  FROM (SELECT relation,
               split_part(what, ' ', 2) AS operation,
               split_part(what, ' ', 1) AS kind,
               sum(row_count) AS row_count
          FROM seen
         GROUP BY relation, what) AS sums
 GROUP BY relation, operation
HAVING count(*) = 3
 ORDER BY relation, operation;
SELECT relation,
       sum(row_count) FILTER (WHERE what = 'AFTER INSERT') = sum(row_count) FILTER (WHERE what = 'AFTER DELETE') AS come_and_gone
  FROM seen
 GROUP BY relation
 ORDER BY relation;
ROLLBACK TO triggers;

-- What they refuse, a fold cannot settle.
SAVEPOINT failing;
ALTER TABLE usage_rollup ADD CONSTRAINT few CHECK (cardinality(events) < 1);
SELECT pg_temp.events(10);
\set VERBOSITY terse
SELECT usage_refresh();
\set VERBOSITY default
ROLLBACK TO failing;
ALTER TABLE account_rollup DROP CONSTRAINT account_rollup_pkey;
SELECT pg_temp.events(10);
SELECT usage_refresh();
ROLLBACK TO failing;
ALTER TABLE usage_totals DROP lags CASCADE;
SELECT pg_temp.events(10);
SELECT usage_refresh();
ROLLBACK TO failing;

-- Row security that holds for the owner: what its policies let through is settled,
-- and what they hide is not lost.
CREATE ROLE rollups_owner;
DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO rollups_owner', relation);
  END LOOP;
END $$;
ALTER TABLE usage_rollup ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE account_rollup ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON usage_rollup USING (true);
CREATE POLICY everything ON account_rollup USING (true);
SELECT pg_temp.events(200);
SELECT usage_refresh() > 0 AS folded;
DELETE FROM fct_event WHERE user_id < id_from_bigint(20);
SELECT usage_refresh() > 0 AS folded;
SAVEPOINT hidden;
ALTER TABLE usage_rollup NO FORCE ROW LEVEL SECURITY;
ALTER TABLE account_rollup NO FORCE ROW LEVEL SECURITY;
SELECT * FROM verify_rollups();
ROLLBACK TO hidden;
ALTER POLICY everything ON account_rollup USING (account_id <> id_from_bigint(1)) WITH CHECK (true);
SELECT pg_temp.events(100);
SELECT usage_refresh();
ROLLBACK;
