-- usage_changes(): worked out in memory where little is pending, and by a query
-- where much is. Both say the same, whatever is pending over whatever is settled,
-- for any parts. The query is what is checked against plain SQL elsewhere.
SET jit = off;
SET TimeZone = 'UTC';
SET usage_analytics.background_fold = off;
BEGIN;
SELECT setseed(0.17);

INSERT INTO dim_account (account_id, plan_tier)
SELECT id_from_bigint(n), 'pro' FROM generate_series(1, 4) AS n;
INSERT INTO dim_user (user_id, account_id, role)
SELECT id_from_bigint(10 + n), id_from_bigint(1 + n % 4), 'member' FROM generate_series(0, 19) AS n;

-- Some users under several accounts, most under one
CREATE FUNCTION pg_temp.add_events(number integer, first_day date, last_day date)
RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO fct_event (event_id, user_id, account_id, event_name, event_ts, duration_seconds, source)
  SELECT id_from_bigint((random() * 1e15)::bigint), id_from_bigint(10 + who),
         id_from_bigint(1 + CASE WHEN random() < 0.2 AND who < 8 THEN (random() * 3.99)::integer % 4 ELSE who % 4 END),
         (ARRAY['timer_stop', 'app_open', 'task_created'])[1 + (random() * 2.99)::integer % 3],
         first_day + (random() * (last_day - first_day))::integer + random() * interval '23 hours',
         nullif((random() * 5)::integer, 0), (ARRAY['web', 'api', NULL])[1 + (random() * 2.99)::integer % 3]
    FROM (SELECT (random() * 19.99)::integer % 20 AS who FROM generate_series(1, number)) AS picked
$$;

-- What one says and the other does not, for so many sets of parts
CREATE FUNCTION pg_temp.differences(source text, number integer)
RETURNS TABLE (with_parts text[], side text, said text)
LANGUAGE plpgsql
AS $$
DECLARE
  every CONSTANT text[] := '{months,days,accounts,totals,events,seconds,sources,lags,event_users,activity,periods,cohorts,sums}';
  chosen text[];
BEGIN
  FOR i IN 0 .. number LOOP
    SELECT coalesce(array_agg(part), '{}') INTO chosen FROM unnest(every) AS part WHERE i = 0 OR random() < 0.4;
    RETURN QUERY
    (SELECT chosen, 'in memory', row(changes.*)::text FROM usage_changes(chosen, source) AS changes
     EXCEPT ALL
     SELECT chosen, 'in memory', row(changes.*)::text FROM usage_changes_by_query(chosen, source) AS changes)
    UNION ALL
    (SELECT chosen, 'by query', row(changes.*)::text FROM usage_changes_by_query(chosen, source) AS changes
     EXCEPT ALL
     SELECT chosen, 'by query', row(changes.*)::text FROM usage_changes(chosen, source) AS changes);
  END LOOP;
END
$$;

CREATE TEMPORARY TABLE seen (round integer, pending bigint, changes bigint, negative bigint, shared bigint);
CREATE FUNCTION pg_temp.history(rounds integer)
RETURNS TABLE (round integer, with_parts text[], side text, said text)
LANGUAGE plpgsql
AS $$
BEGIN
  FOR i IN 1 .. rounds LOOP
    PERFORM pg_temp.add_events((random() * 30)::integer, '2026-01-20', '2026-03-10');
    IF random() < 0.5 THEN
      DELETE FROM fct_event WHERE random() < 0.3;
    END IF;
    IF random() < 0.3 THEN
      UPDATE fct_event SET event_ts = event_ts + interval '1 day' WHERE random() < 0.2;
    END IF;
    IF random() < 0.3 THEN
      UPDATE fct_event SET user_id = id_from_bigint(10 + (random() * 19)::integer) WHERE random() < 0.1;
    END IF;
    INSERT INTO seen
    SELECT i, (SELECT count(*) FROM usage_pending),
           (SELECT count(*) FROM usage_changes('{months,days,accounts,totals,sums,activity}')),
           (SELECT count(*) FROM usage_pending WHERE total(total_series(events)) < 0),
           (SELECT count(*) FROM user_activity WHERE shared);
    RETURN QUERY SELECT i, differences.* FROM pg_temp.differences('pending', 4) AS differences;
    RETURN QUERY SELECT i, differences.* FROM pg_temp.differences('outside totals', 1) AS differences;
    IF random() < 0.4 THEN
      PERFORM usage_refresh();
    END IF;
  END LOOP;
END
$$;
SELECT * FROM pg_temp.history(40);
-- There was something to be different about.
SELECT count(*) FILTER (WHERE changes > pending) > 20 AS much_changed,
       count(*) FILTER (WHERE negative > 0) > 5 AS less_than_before,
       count(*) FILTER (WHERE shared > 0) > 10 AS shared_users
  FROM seen;

-- All of a user goes; days at both ends of the calendar come
SELECT usage_refresh() >= 0 AS folded;
DELETE FROM fct_event WHERE user_id IN (id_from_bigint(12), id_from_bigint(13));
INSERT INTO fct_event (user_id, account_id, event_name, event_ts)
VALUES (id_from_bigint(14), id_from_bigint(1), 'app_open', '4713-12-01 BC'),
       (id_from_bigint(14), id_from_bigint(1), 'app_open', '294276-11-20'),
       (id_from_bigint(15), id_from_bigint(2), 'app_open', '294276-11-20');
SELECT * FROM pg_temp.differences('pending', 20);
SELECT usage_refresh() > 0 AS folded;
SELECT count(*) AS wrong FROM verify_rollups();

-- More than work_mem holds: by the query, and right
SELECT pg_temp.add_events(5000, '2024-01-01', '2026-03-10');
SET LOCAL work_mem = '64kB';
SELECT * FROM pg_temp.differences('pending', 1);
RESET work_mem;
SELECT * FROM pg_temp.differences('pending', 2);
SELECT usage_refresh() > 0 AS folded;
SELECT count(*) AS wrong FROM verify_rollups();

-- Nothing is pending; no such source; NULL
SELECT count(*) FROM usage_changes('{months,days,accounts,totals,sums}');
SELECT count(*) FROM usage_changes('{totals,sums}', 'nothing');
SELECT count(*) FROM usage_changes(NULL);
SELECT count(*) > 0 AS settled FROM usage_changes('{totals,sums}', 'settled');
ROLLBACK;

-- A change beyond bigint is an error, and the sums of several may go there and back
BEGIN;
INSERT INTO dim_account (account_id, plan_tier) VALUES (id_from_bigint(1), 'pro');
INSERT INTO dim_user (user_id, account_id, role) VALUES (id_from_bigint(11), id_from_bigint(1), 'member');
CREATE FUNCTION pg_temp.pend(seconds bigint[])
RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO usage_pending (account_id, user_id, month, events, seconds, sources, lags)
  SELECT id_from_bigint(1), id_from_bigint(11), '2026-01-01', '{}',
         dayseries_map('timer_stop', format('{2026-01-05:%s}', value)::dayseries), '{}', '{}'
    FROM unnest(seconds) AS value
$$;
SELECT pg_temp.pend('{9223372036854775807,9223372036854775807,-9223372036854775807}');
SELECT account_id IS NULL AS total, seconds FROM usage_changes('{months,accounts,totals,seconds}') ORDER BY user_id, account_id;
SELECT pg_temp.pend('{1}');
SELECT count(*) FROM usage_changes('{totals,seconds}');
ROLLBACK;
