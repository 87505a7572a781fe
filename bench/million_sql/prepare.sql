-- Accounts, users and what a user does in a month, for a million users. Made up,
-- always the same. Runs in an empty database with the extension.
SET TimeZone = UTC;
SELECT setseed(0.25) \g /dev/null

-- A thousand months' worth of doing for each month, of four kinds of users.
CREATE TABLE bench_template AS
WITH day AS (
  SELECT number,
         day::date AS day,
         (ARRAY['desktop', 'web', 'mobile'])[1 + number % 3] AS source,
         CASE WHEN random() < 0.93 THEN random() * interval '1 minute' ELSE random() * random() * interval '6 days' END AS lag
    FROM generate_series(0, 999) AS number
   CROSS JOIN generate_series(timestamp '2025-01-01', '2025-12-31', '1 day') AS day
   WHERE random() < (ARRAY[0.85, 0.5, 0.25, 0.06])[1 + number % 4] * CASE WHEN extract(isodow FROM day) > 5 THEN 0.3 ELSE 1 END
), done AS (
  SELECT number,
         day,
         source,
         source || ' ' || lag_bucket(lag) AS lag,
         event_name,
         1 + floor(random() * times)::bigint AS events
    FROM day
   CROSS JOIN (VALUES ('app_open', 1, 4), ('dashboard_view', 0.4, 3), ('timer_start', 0.8, 5), ('timer_stop', 0.8, 5),
                      ('idle_detected', 0.2, 2), ('manual_time_added', 0.1, 1), ('task_created', 0.3, 2), ('task_completed', 0.25, 2))
           AS name (event_name, share, times)
   WHERE random() < share
)
SELECT date_trunc('month', day::timestamp)::date AS month,
       number,
       dayseries_map_agg(event_name, day, events) AS events,
       coalesce(dayseries_map_agg(event_name, day, events * (300 + floor(random() * 6000)::bigint))
                  FILTER (WHERE event_name IN ('timer_stop', 'manual_time_added')), '{}') AS seconds,
       dayseries_map_agg(source, day, events) AS sources,
       dayseries_map_agg(lag, day, events) AS lags
  FROM done
 GROUP BY 1, number;

ALTER TABLE bench_template ADD PRIMARY KEY (month, number);
ANALYZE bench_template;

-- Two in five are there from the first day, the others come by and by; half have
-- left after a year.
CREATE TABLE bench_user AS
SELECT number,
       md5('account ' || number / 25)::uuid AS account_id,
       md5('user ' || number)::uuid AS user_id,
       floor(random() * 4)::integer AS kind,
       first_day,
       first_day + floor(-ln(1 - random()) * 500)::integer AS last_day
  FROM (SELECT number,
               date '2025-01-01' + greatest(0, floor(random() * 608)::integer - 243) AS first_day
          FROM generate_series(0, :users - 1) AS number) AS born;

ALTER TABLE bench_user ADD PRIMARY KEY (number);
ANALYZE bench_user;

INSERT INTO dim_account (account_id, account_name, plan_tier, region, created_at)
SELECT md5('account ' || number)::uuid,
       'Account ' || number,
       (ARRAY['free', 'basic', 'pro', 'enterprise'])[1 + number % 4],
       (ARRAY['EMEA', 'NA', 'APAC', 'LATAM'])[1 + number / 4 % 4],
       '2024-06-01'
  FROM generate_series(0, (:users - 1) / 25) AS number;

INSERT INTO dim_user (user_id, account_id, role, created_at, activated_at)
SELECT user_id,
       account_id,
       (ARRAY['admin', 'member', 'member', 'manager'])[1 + number % 4],
       first_day - 1,
       first_day
  FROM bench_user;
