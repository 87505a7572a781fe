-- Random models and random changes to them, full of what real data has at its
-- edges. Everything follows from the seed and the reporting time zone, so a
-- failure can be repeated. Run by psql after reference.sql.
\if :{?model}
\else
  \set model public
\endif

-- One of 0 … sides - 1, always the same for the same seed, purpose and number.
CREATE FUNCTION reference.dice(seed integer, purpose text, number bigint, sides integer)
RETURNS integer
LANGUAGE sql IMMUTABLE
RETURN ('x' || substr(md5(seed::text || ' ' || purpose || ' ' || number::text), 1, 15))::bit(60)::bigint % sides;

-- One of the choices, in the same way.
CREATE FUNCTION reference.pick(seed integer, purpose text, number bigint, VARIADIC choices text[])
RETURNS text
LANGUAGE sql IMMUTABLE
RETURN choices[1 + reference.dice(seed, purpose, number, cardinality(choices))];

CREATE FUNCTION reference.key(seed integer, kind text, number bigint)
RETURNS uuid
LANGUAGE sql IMMUTABLE
RETURN md5(seed::text || ' ' || kind || ' ' || number::text)::uuid;

-- A day and a time near what matters: midnight, the hours of clock changes, any time.
CREATE FUNCTION reference.local_time(seed integer, number bigint)
RETURNS interval
LANGUAGE sql IMMUTABLE
RETURN CASE reference.dice(seed, 'time', number, 6)
         WHEN 0 THEN reference.pick(seed, 'midnight', number, '0', '1 microsecond', '1 second', '-1 microsecond', '-1 second', '-20 minutes')::interval
         WHEN 1 THEN reference.dice(seed, 'small hours', number, 4 * 3600) * interval '1 second'
         WHEN 2 THEN reference.dice(seed, 'fraction', number, 86400) * interval '1.000003 seconds'
         ELSE reference.dice(seed, 'working hours', number, 10 * 3600) * interval '1 second' + interval '8 hours'
       END;

CREATE FUNCTION reference.event_name(seed integer, number bigint)
RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
         WHEN reference.dice(seed, 'odd name', number, 12) = 0
         THEN reference.pick(seed, 'name', number, 'report_exported', 'my "event", {odd}', 'événement', ' app_open', 'App_Open', 'null', E'tab\tand \\', repeat('x', 200))
         ELSE reference.pick(seed, 'name', number, 'app_open', 'app_open', 'dashboard_view', 'timer_start', 'timer_stop', 'timer_stop', 'timer_stop', 'idle_detected',
                             'manual_time_added', 'task_created', 'task_created', 'task_completed', 'task_completed', 'invoice_sent')
       END;

CREATE FUNCTION reference.duration(seed integer, number bigint, event_name text)
RETURNS integer
LANGUAGE sql IMMUTABLE
RETURN CASE
         WHEN event_name = 'timer_stop' OR reference.dice(seed, 'stray duration', number, 8) = 0
         THEN CASE reference.dice(seed, 'duration', number, 12)
                WHEN 0 THEN NULL
                WHEN 1 THEN NULL
                WHEN 2 THEN 0
                WHEN 3 THEN 28800
                WHEN 4 THEN 28801
                WHEN 5 THEN 2147483647 - reference.dice(seed, 'huge', number, 3)
                ELSE reference.dice(seed, 'seconds', number, 7200)
              END
       END;

CREATE FUNCTION reference.lag(seed integer, number bigint)
RETURNS interval
LANGUAGE sql IMMUTABLE
RETURN CASE reference.dice(seed, 'lag', number, 10)
         WHEN 0 THEN reference.pick(seed, 'border', number, '0', '1 hour', '1 hour 1 microsecond', '24 hours', '24 hours 1 microsecond', '72 hours', '72 hours 1 second')::interval
         WHEN 1 THEN reference.dice(seed, 'hours', number, 200) * interval '1 hour'
         WHEN 2 THEN reference.dice(seed, 'weeks', number, 60) * interval '1 day'
         WHEN 3 THEN reference.dice(seed, 'early', number, 100) * interval '-1 minute'
         ELSE reference.dice(seed, 'usual', number, 3000) * interval '0.1 second'
       END;

-- Add accounts, users and events of the given number of days, the last of them
-- last_day (today unless given); some events come after it.
CREATE FUNCTION reference.random_model(seed integer, accounts integer, users integer, days integer, events integer, last_day date DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = :"model", pg_temp
AS $function$
DECLARE
  zone text := (SELECT time_zone FROM usage_settings);
BEGIN
  last_day := coalesce(last_day, (now() AT TIME ZONE zone)::date);

  INSERT INTO event_taxonomy VALUES ('invoice_sent', 'output'), ('never_sent', 'billing') ON CONFLICT DO NOTHING;

  INSERT INTO dim_account (account_id, account_name, plan_tier, created_at, region, is_active)
  SELECT reference.key(seed, 'account', k),
         CASE WHEN k % 5 > 0 THEN 'Account ' || k END,
         reference.pick(seed, 'plan', k, 'free', 'team', 'enterprise'),
         (last_day - reference.dice(seed, 'account age', k, days + 60))::timestamp AT TIME ZONE zone,
         reference.pick(seed, 'region', k, 'eu', 'us', NULL),
         k % 6 > 0
    FROM generate_series(1, accounts) AS k;

  -- The last account has no users of its own; the earlier an account, the more it has.
  INSERT INTO dim_user (user_id, account_id, role, country, created_at, activated_at, is_active, deactivated_at)
  SELECT reference.key(seed, 'user', k),
         reference.key(seed, 'account', 1 + least(reference.dice(seed, 'home', k, greatest(accounts - 1, 1)),
                                                  reference.dice(seed, 'other home', k, greatest(accounts - 1, 1)))),
         reference.pick(seed, 'role', k, 'member', 'member', 'manager', 'admin'),
         reference.pick(seed, 'country', k, 'DE', 'US', NULL),
         created_at,
         CASE WHEN k % 5 > 0 THEN created_at + reference.dice(seed, 'activation', k, 20) * interval '1 day' END,
         k % 4 > 0,
         CASE WHEN k % 4 = 0 AND k % 12 > 0 THEN created_at + reference.dice(seed, 'stay', k, days) * interval '1 day' END
    FROM generate_series(1, users) AS k
   CROSS JOIN LATERAL (SELECT (last_day - reference.dice(seed, 'user age', k, days) + interval '9 hours') AT TIME ZONE zone) AS u (created_at);

  -- Every ninth user does nothing; every fourth came from another account on some day.
  INSERT INTO fct_event (event_id, user_id, account_id, task_id, event_ts, ingested_at, duration_seconds, event_name, source)
  SELECT reference.key(seed, 'event', i),
         u.user_id,
         CASE
           WHEN reference.dice(seed, 'stray account', i, 30) = 0 THEN reference.key(seed, 'account', 1 + reference.dice(seed, 'any account', i, accounts))
           WHEN k % 4 = 1 AND days_ago > reference.dice(seed, 'move', k, days) THEN reference.key(seed, 'account', 1 + reference.dice(seed, 'former account', k, accounts))
           ELSE u.account_id
         END,
         CASE
           WHEN name IN ('task_created', 'task_completed', 'invoice_sent') AND reference.dice(seed, 'no task', i, 6) > 0
             OR reference.dice(seed, 'stray task', i, 5) = 0
           THEN reference.key(seed, 'task', reference.dice(seed, 'task', i, 1 + events / 6))
         END,
         event_ts,
         event_ts + reference.lag(seed, i),
         reference.duration(seed, i, name),
         name,
         reference.pick(seed, 'source', i, 'desktop', 'web', 'mobile', 'api', NULL)
    FROM generate_series(1, events) AS i
   CROSS JOIN LATERAL (SELECT 1 + least(reference.dice(seed, 'who', i, users), reference.dice(seed, 'who else', i, users))) AS a (anyone)
   CROSS JOIN LATERAL (SELECT CASE WHEN anyone % 9 = 0 THEN anyone - 1 ELSE anyone END) AS w (k)
   CROSS JOIN LATERAL (SELECT CASE
                                WHEN reference.dice(seed, 'future', i, 25) = 0 THEN -1 - reference.dice(seed, 'days ahead', i, 10)
                                ELSE reference.dice(seed, 'days ago', i, days)
                              END) AS d (some_day)
   -- Weeks off, so that users leave and come back.
   CROSS JOIN LATERAL (SELECT CASE
                                WHEN some_day > 0 AND reference.dice(seed, 'week off', k * 1000 + some_day / 7, 2) = 0 THEN greatest(some_day - 7 * (1 + k % 4), 0)
                                ELSE some_day
                              END) AS o (days_ago)
   CROSS JOIN LATERAL (SELECT (last_day - days_ago + reference.local_time(seed, i)) AT TIME ZONE zone, reference.event_name(seed, i)) AS e (event_ts, name)
    JOIN dim_user AS u ON u.user_id = reference.key(seed, 'user', k);
END
$function$;

-- Make n random changes, a statement each, and return the number of rows they
-- changed: events come, also in bulk and twice, move in time, between users
-- and accounts, change in any column, and go; now and then a user, an account or the
-- taxonomy changes. In sessions at the same time it can meet a deadlock, as anyone can.
CREATE FUNCTION reference.random_change(seed integer, n integer DEFAULT 1)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = :"model", pg_temp
AS $function$
DECLARE
  changed bigint := 0;
  rows_changed bigint;
  target uuid;
  many integer;
  other_user uuid;
  other_account uuid;
  shift interval;
BEGIN
  FOR i IN 1 .. n LOOP
    -- One of those there are, wherever in the key's range they lie.
    SELECT coalesce((SELECT event_id FROM fct_event WHERE event_id >= reference.key(seed, 'near', i) ORDER BY event_id LIMIT 1),
                    (SELECT event_id FROM fct_event ORDER BY event_id LIMIT 1)),
           coalesce((SELECT user_id FROM dim_user WHERE user_id >= reference.key(seed, 'near user', i) ORDER BY user_id LIMIT 1),
                    (SELECT user_id FROM dim_user ORDER BY user_id LIMIT 1)),
           coalesce((SELECT account_id FROM dim_account WHERE account_id >= reference.key(seed, 'near account', i) ORDER BY account_id LIMIT 1),
                    (SELECT account_id FROM dim_account ORDER BY account_id LIMIT 1)),
           1 + reference.dice(seed, 'how many', i, reference.pick(seed, 'how many at most', i, '2', '5', '60')::integer),
           reference.pick(seed, 'shift', i, '1 microsecond', '-1 microsecond', '2 hours', '-1 day', '1 day', '-7 days', '-1 month', '1 month', '-400 days')::interval
      INTO target, other_user, other_account, many, shift;

    CASE reference.dice(seed, 'change', i, 20)
      WHEN 0, 1, 2, 3 THEN
        -- A new event; the account is mostly the user's.
        INSERT INTO fct_event (event_id, user_id, account_id, task_id, event_ts, ingested_at, duration_seconds, event_name, source)
        SELECT reference.key(seed, 'new event', i),
               u.user_id,
               CASE reference.dice(seed, 'elsewhere', i, 8) WHEN 0 THEN other_account ELSE u.account_id END,
               CASE reference.dice(seed, 'with task', i, 2) WHEN 0 THEN reference.key(seed, 'new task', i / 4) END,
               event_ts,
               event_ts + reference.lag(seed, i),
               reference.duration(seed, i, name),
               name,
               reference.pick(seed, 'source', i, 'desktop', 'web', 'mobile', 'api', NULL)
          FROM dim_user AS u
         CROSS JOIN usage_settings AS s
         CROSS JOIN LATERAL (SELECT coalesce((SELECT event_ts FROM fct_event WHERE event_id = target), now())) AS other (moment)
         CROSS JOIN LATERAL (SELECT ((other.moment AT TIME ZONE s.time_zone)::date - reference.dice(seed, 'days before', i, 40) + 2 + reference.local_time(seed, i)) AT TIME ZONE s.time_zone,
                                    reference.event_name(seed, i)) AS e (event_ts, name)
         WHERE u.user_id = other_user;
      WHEN 4, 5 THEN
        -- Copies of others, at another time, in one statement.
        INSERT INTO fct_event (event_id, user_id, account_id, task_id, event_ts, ingested_at, duration_seconds, event_name, source)
        SELECT md5(seed || ' copy ' || i || ' ' || event_id)::uuid, user_id, account_id, task_id, event_ts + shift, ingested_at, duration_seconds, event_name, source
          FROM fct_event
         WHERE event_id >= target
         ORDER BY event_id
         LIMIT many;
      WHEN 6 THEN
        -- Sent again: those that are there stay as they are.
        INSERT INTO fct_event (event_id, user_id, account_id, event_ts, event_name, duration_seconds)
        SELECT CASE WHEN number % 3 = 0 THEN md5(seed || ' again ' || i || ' ' || event_id)::uuid ELSE event_id END, user_id, account_id, event_ts, 'timer_stop', 60
          FROM (SELECT *, row_number() OVER (ORDER BY event_id) AS number FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many) AS sent
        ON CONFLICT (event_id) DO NOTHING;
      WHEN 7 THEN
        INSERT INTO fct_event (event_id, user_id, account_id, event_ts, event_name, duration_seconds)
        SELECT CASE WHEN number % 3 = 0 THEN md5(seed || ' upsert ' || i || ' ' || event_id)::uuid ELSE event_id END, user_id, account_id, event_ts + shift, 'timer_stop', 60
          FROM (SELECT *, row_number() OVER (ORDER BY event_id) AS number FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many) AS sent
        ON CONFLICT (event_id) DO UPDATE SET event_ts = excluded.event_ts, event_name = excluded.event_name;
      WHEN 8 THEN
        -- Insert, update and delete in one statement.
        MERGE INTO fct_event AS e
        USING (SELECT *, row_number() OVER (ORDER BY event_id) AS number FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many) AS sent
           ON e.event_id = sent.event_id AND sent.number % 4 > 0
         WHEN MATCHED AND sent.number % 4 = 1 THEN DELETE
         WHEN MATCHED AND sent.number % 4 = 2 THEN DO NOTHING
         WHEN MATCHED THEN UPDATE SET user_id = other_user, event_ts = e.event_ts + shift
         WHEN NOT MATCHED THEN INSERT (event_id, user_id, account_id, event_ts, event_name)
              VALUES (md5(seed || ' merge ' || i || ' ' || sent.event_id)::uuid, sent.user_id, other_account, sent.event_ts, 'app_open');
      WHEN 9 THEN
        UPDATE fct_event SET event_ts = event_ts + shift WHERE event_id IN (SELECT event_id FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many);
      WHEN 10 THEN
        UPDATE fct_event SET user_id = other_user WHERE event_id IN (SELECT event_id FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many);
      WHEN 11 THEN
        UPDATE fct_event SET account_id = other_account WHERE event_id IN (SELECT event_id FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many);
      WHEN 12 THEN
        UPDATE fct_event
           SET event_name = reference.event_name(seed, i),
               duration_seconds = reference.duration(seed, i, 'timer_stop')
         WHERE event_id IN (SELECT event_id FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many);
      WHEN 13 THEN
        UPDATE fct_event
           SET event_id = md5(seed || ' renamed ' || i)::uuid,
               ingested_at = event_ts + reference.lag(seed, i),
               source = reference.pick(seed, 'source', i, 'desktop', 'web', 'mobile', 'api', NULL),
               task_id = reference.key(seed, 'new task', i / 4)
         WHERE event_id = target;
      WHEN 14 THEN
        -- Changes nothing, or no row at all.
        UPDATE fct_event SET event_ts = event_ts WHERE event_id = target AND i % 2 = 0;
      WHEN 15, 16 THEN
        DELETE FROM fct_event WHERE event_id IN (SELECT event_id FROM fct_event WHERE event_id >= target ORDER BY event_id LIMIT many);
      WHEN 17 THEN
        -- All that a user did about that time.
        DELETE FROM fct_event AS e
         USING fct_event AS one
         WHERE one.event_id = target
           AND e.user_id = one.user_id
           AND e.event_ts BETWEEN one.event_ts - interval '1 day' AND one.event_ts + interval '1 day';
      WHEN 18 THEN
        UPDATE dim_user
           SET account_id = other_account,
               role = reference.pick(seed, 'role', i, 'member', 'manager', 'admin')
         WHERE user_id = other_user;
      WHEN 19 THEN
        IF i % 2 = 0 THEN
          UPDATE dim_account SET plan_tier = reference.pick(seed, 'plan', i, 'free', 'team', 'enterprise'), is_active = NOT is_active WHERE account_id = other_account;
        ELSE
          UPDATE event_taxonomy SET event_category = reference.pick(seed, 'category', i, 'output', 'engagement', 'billing') WHERE event_name = 'invoice_sent';
        END IF;
    END CASE;
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    changed := changed + rows_changed;
  END LOOP;
  RETURN changed;
END
$function$;
